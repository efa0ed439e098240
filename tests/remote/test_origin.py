"""Data at an address: a file or a directory, on this machine or a server."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from git_dvc.errors import MissingOriginError, OriginError
from git_dvc.remote import origin
from git_dvc.remote.origin import LocalOrigin, Origin, WireOrigin, split_url
from git_dvc.remote.wire import Found, RefusedError, UnsteadyError
from tests.remote.contract.folder import FolderWire
from tests.scene import write_tree

Opener = Callable[[str], Origin]


class EtagWire(FolderWire):
    """A wire whose server has etags, as S3 has."""

    def _found(self, key: str) -> Found:
        return super()._found(key)._replace(etag=self.etag(key))

    def etag(self, key: str) -> str:
        return hashlib.md5((self.top / key).read_bytes()).hexdigest()


@pytest.fixture
def top(tmp_path: Path) -> Path:
    write_tree(tmp_path, {"d/a": "1", "d/sub/b": "2", "d/sub/deep/c": "3", "f.txt": "hello\n"})
    return tmp_path


@pytest.fixture(params=["local", "wire"])
def at(request: pytest.FixtureRequest, top: Path, monkeypatch: pytest.MonkeyPatch) -> Opener:
    monkeypatch.setattr(origin, "FIRST_PAUSE_S", 0)
    if request.param == "local":
        return lambda name: LocalOrigin(str(top / name))
    return lambda name: WireOrigin(EtagWire(top), name, f"s3://bucket/{name}")


def read(pieces: Iterator[bytes]) -> bytes:
    return b"".join(pieces)


def test_a_file_and_a_directory_are_told_apart(at: Opener) -> None:
    tree = at("f.txt").find()
    assert (tree.is_dir, tree.size_bytes, [file.path for file in tree.files]) == (False, 6, [""])
    tree = at("d").find()
    paths = [file.path for file in tree.files]
    assert (tree.is_dir, tree.size_bytes, paths) == (True, 3, ["a", "sub/b", "sub/deep/c"])
    assert read(at("f.txt").read("")) == b"hello\n"
    assert read(at("d").read("sub/b")) == b"2"


def test_one_level_has_its_directories(at: Opener) -> None:
    one, two = at("d").find(1), at("d").find(2)
    assert ([file.path for file in one.files], one.folders) == (["a"], ["sub"])
    assert ([file.path for file in two.files], two.folders) == (["a", "sub/b"], ["sub/deep"])


def test_nothing_there(at: Opener) -> None:
    with pytest.raises(MissingOriginError):
        at("nosuch").find()
    with pytest.raises((MissingOriginError, OriginError)):
        read(at("nosuch").read(""))


def test_the_checksum_of_a_server_is_what_dvc_records(top: Path) -> None:
    write_tree(top / "e", {"a": "1", "sub/b": "2"})
    wire = EtagWire(top)
    assert WireOrigin(wire, "f.txt", "").find().checksum() == {
        "etag": "b1946ac92492d2347c6235b4d2611184"
    }
    # As dvc 3.67 with S3 has it.
    assert WireOrigin(wire, "e", "").find().checksum() == {
        "md5": "b9c9c3e91f1370b77af1f7ee327cf198.dir"
    }
    assert WireOrigin(FolderWire(top), "f.txt", "").find().checksum() == {}


def test_a_read_that_breaks_off_goes_on_where_it_was(
    top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(origin, "FIRST_PAUSE_S", 0)
    (top / "big").write_bytes(os.urandom(300_000))
    wire = EtagWire(top)
    broken = []

    def fault(name: str, key: str, at: int) -> None:
        if name == "reading" and at and at not in broken:
            broken.append(at)
            raise UnsteadyError("the line broke")

    wire.fault = fault
    found = WireOrigin(wire, "big", "")
    found.find()
    assert read(found.read("")) == (top / "big").read_bytes()
    assert len(broken) == 4


def test_a_file_that_changes_meanwhile_is_refused(
    top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(origin, "FIRST_PAUSE_S", 0)
    (top / "big").write_bytes(bytes(300_000))
    wire = EtagWire(top)
    found = WireOrigin(wire, "big", "s3://bucket/big")
    found.find()

    def fault(name: str, key: str, at: int) -> None:
        if name == "reading" and at:
            (top / "big").write_bytes(os.urandom(300_000))
            wire.fault = lambda name, key, at: None
            raise UnsteadyError("the line broke")

    wire.fault = fault
    with pytest.raises(OriginError, match="it changed while it was read"):
        read(found.read(""))


def test_trying_again_ends_and_a_refusal_ends_at_once(
    top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(origin, "FIRST_PAUSE_S", 0)
    wire = EtagWire(top)

    def busy(name: str, key: str, at: int) -> None:
        raise UnsteadyError("busy")

    def refuse(name: str, key: str, at: int) -> None:
        raise RefusedError("no such bucket", "is it spelled right?")

    wire.fault = busy
    with pytest.raises(OriginError, match="busy"):
        WireOrigin(wire, "f.txt", "").find()
    assert wire.calls["look"] == origin.TRIES
    wire.fault = refuse
    with pytest.raises(OriginError, match="no such bucket") as caught:
        WireOrigin(wire, "f.txt", "").find()
    assert caught.value.hint == "is it spelled right?"
    assert wire.calls["look"] == origin.TRIES + 1


def test_links_and_odd_files_are_named(top: Path) -> None:
    (top / "d" / "link").symlink_to("a")
    assert len(LocalOrigin(str(top / "d")).find().files) == 4
    (top / "d" / "folder").symlink_to("sub")
    with pytest.raises(OriginError, match="a link to a directory"):
        LocalOrigin(str(top / "d")).find()
    os.mkfifo(top / "fifo")
    with pytest.raises(OriginError, match="neither a file nor a directory"):
        LocalOrigin(str(top / "fifo")).find()


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("s3://bucket/a/b.csv", ("s3://bucket/a", "b.csv")),
        ("s3://bucket/a/", ("s3://bucket", "a")),
        ("s3://bucket", ("s3://bucket", "")),
        ("s3://bucket/", ("s3://bucket/", "")),
        ("ssh://me@host:22/abs/x", ("ssh://me@host:22/abs", "x")),
        ("ssh://host/x", ("ssh://host", "x")),
        ("https://host/a%20b/c%20d.csv?raw=1#top", ("https://host/a%20b?raw=1", "c d.csv")),
        ("https://host/x?a=/b", ("https://host?a=/b", "x")),
        ("ssh://host/a%20b?", ("ssh://host", "a%20b?")),
        ("https://host/a/b%20c.csv?sig=a/b#top", ("https://host/a?sig=a/b", "b c.csv")),
        ("webdavs://host", ("webdavs://host", "")),
        ("http://host/?x", ("http://host/?x", "")),
    ],
)
def test_an_address_is_a_directory_and_a_name(url: str, parts: tuple[str, str]) -> None:
    assert split_url(url) == parts
