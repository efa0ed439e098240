"""Asking a server from a process that was forked off one that had asked before."""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Callable, Iterator

import pytest

from git_dvc.remote import far, kinds
from git_dvc.remote.far import FarWire
from git_dvc.remote.wire import AbsentError, Found, RefusedError, UnsteadyError, Wire
from tests.remote.contract.clouds import OPTIONS, S3Server

CONTENT = bytes(range(256)) * 4096


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    server = S3Server()
    server.make_bucket("bucket")
    yield server
    server.close()


@pytest.fixture
def wire(server: S3Server) -> Wire:
    """A client that this process has used."""
    wire = connected(server)
    wire.write("files/one", [CONTENT], len(CONTENT))
    return wire


def connected(server: S3Server) -> Wire:
    return kinds.connect("s3://bucket/data", {**OPTIONS, "endpointurl": server.url})


def in_a_fork(check: Callable[[], None]) -> int:
    """Run a check in a child and return its exit code; one that hangs is killed."""
    child = os.fork()
    if child == 0:
        signal.alarm(30)
        try:
            check()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_fork_reads_by_another_process(wire: Wire, server: S3Server) -> None:
    def check() -> None:
        there = connected(server)
        assert isinstance(there, FarWire)
        there.reach()
        assert b"".join(there.read("files/one")) == CONTENT
        assert b"".join(there.read("files/one", 255, 2)) == CONTENT[255:257]
        assert there.look("files/one").size_bytes == len(CONTENT)
        assert [found.key for found in there.listing("files/")] == ["files/one"]
        with pytest.raises(AbsentError):
            there.look("nope")
        with pytest.raises(AbsentError):
            list(there.read("nope"))
        assert isinstance(there.look("files/one"), Found)  # it still answers
        assert there.where == wire.where
        there.close()

    assert not isinstance(wire, FarWire)
    assert in_a_fork(check) == 0
    assert b"".join(wire.read("files/one")) == CONTENT


def test_the_other_process_only_reads_and_what_goes_wrong_is_said(server: S3Server) -> None:
    wire = FarWire("s3://bucket/data", {**OPTIONS, "endpointurl": server.url}, "s3://bucket/data")
    with pytest.raises(RefusedError, match="only read"):
        wire.write("x", [b""], 0)
    with pytest.raises(RefusedError, match="only read"):
        wire.delete("x")
    absent = FarWire("s3://other", {**OPTIONS, "endpointurl": server.url}, "s3://other")
    with pytest.raises(RefusedError, match="bucket") as caught:
        absent.reach()
    assert caught.value.hint
    bad = FarWire("nope://x", {}, "nope://x")
    with pytest.raises(RefusedError, match="nope"):
        bad.reach()
    for one in (wire, absent, bad):
        one.close()


def test_who_stops_reading_or_dies_leaves_no_trouble(
    wire: Wire, server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(far, "EAGER_BYTES", 10)
    there = FarWire("s3://bucket/data", {**OPTIONS, "endpointurl": server.url}, wire.where)
    pieces = there.read("files/one")
    assert next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    assert b"".join(there.read("files/one", 0, 20)) == CONTENT[:20]
    (helper,) = there._free
    helper._process.kill()
    helper._process.wait()
    with pytest.raises(UnsteadyError, match="has ended"):
        list(there.read("files/one"))
    assert b"".join(there.read("files/one")) == CONTENT  # by a new one
    there.close()
    assert there._free == []
