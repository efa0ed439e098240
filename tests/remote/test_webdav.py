"""The wire over WebDAV: against a real server on loopback, and what servers do wrong."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from git_dvc.errors import ConfigError
from git_dvc.remote import multistatus
from git_dvc.remote.webdav import WebdavWire, connect
from git_dvc.remote.wire import AbsentError, RefusedError, UnsteadyError
from tests.remote import davserver
from tests.remote.davserver import Dav, answers


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dav]:
    with davserver.serving(tmp_path_factory.mktemp("dav")) as dav:
        yield dav


@pytest.fixture
def dav(server: Dav, monkeypatch: pytest.MonkeyPatch) -> Dav:
    server.clear()
    shutil.rmtree(server.top)
    server.top.mkdir()
    monkeypatch.setenv("NETRC", os.devnull)
    for name in ("http_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    return server


def client(dav: Dav, path: str = "/store", **options: str) -> WebdavWire:
    return connect("webdav" + dav.url[len("http") :] + path, {"timeout": "5", **options})


def put(wire: WebdavWire, key: str, data: bytes) -> None:
    wire.write(key, [data], len(data))


def test_folders_are_made_as_needed_above_the_remote_too(dav: Dav) -> None:
    wire = client(dav, "/team/data/store/")
    wire.reach()
    put(wire, "files/md5/b1/one", b"1")
    assert (dav.top / "team/data/store/files/md5/b1/one").read_bytes() == b"1"
    assert os.listdir(dav.top / "team/data/store/tmp") == []
    dav.clear()
    put(wire, "files/md5/b1/two", b"2")
    assert [one.split()[0] for one in dav.requests] == ["PUT", "MOVE"]
    # A folder that was taken away is made again, whatever the server answers.
    shutil.rmtree(dav.top / "team/data/store/files")
    dav.faults = [lambda environ, start: None, answers("500 Oops", method="MOVE")]
    put(wire, "files/md5/b1/three", b"3")
    shutil.rmtree(dav.top / "team")
    with pytest.raises(UnsteadyError, match="the folder for uploads was taken away"):
        put(wire, "files/md5/b1/four", b"4")
    put(wire, "files/md5/b1/four", b"4")
    assert wire.look("files/md5/b1/four").size_bytes == 1


@pytest.mark.parametrize("status", ["403 Forbidden", "500 Internal Server Error"])
def test_a_folder_that_another_made_meanwhile_will_do(dav: Dav, status: str) -> None:
    dav.always = [answers(status, method="MKCOL")]
    with pytest.raises((RefusedError, UnsteadyError), match=status):
        put(client(dav), "files/a", b"x")
    (dav.top / "store/tmp").mkdir(parents=True)
    (dav.top / "store/files").mkdir()
    put(client(dav), "files/a", b"x")
    assert (dav.top / "store/files/a").read_bytes() == b"x"


def test_what_is_listed_has_keys_below_the_remote(dav: Dav) -> None:
    wire = client(dav, "/with space & ü")
    names = ["a", "files/x", "files/md5/00/1", "files/md5/00/%41", "files/md5/ü&/<2>"]
    for name in names:
        put(wire, name, name.encode())
    assert wire.where.startswith("webdav://127.0.0.1")
    found = {one.key: one for one in wire.listing("")}
    assert sorted(found) == sorted(names)
    assert found["a"].size_bytes == 1
    assert found["a"].mtime_s == int((dav.top / "with space & ü/a").stat().st_mtime)
    assert found["a"].etag
    assert sorted(one.key for one in wire.listing("files/md5/")) == sorted(names[2:])
    assert wire.look("files/md5/ü&/<2>") == found["files/md5/ü&/<2>"]
    for key in ("files/md5", "nothing", "a/nothing"):
        with pytest.raises(AbsentError):
            wire.look(key)
    listing = wire.listing("")
    next(listing)
    listing.close()  # type: ignore[attr-defined]


def test_many_folders_are_listed_without_asking_twice(dav: Dav) -> None:
    for number in range(40):
        folder = dav.top / f"store/files/md5/{number:02x}"
        folder.mkdir(parents=True)
        (folder / "x").write_bytes(b"x")
    wire = client(dav)
    assert len(list(wire.listing("files/md5/"))) == 40
    assert len(dav.requests) == len(set(dav.requests)) == 41


def test_an_upload_that_breaks_leaves_what_was_there(dav: Dav) -> None:
    wire = client(dav)
    put(wire, "a", b"old")

    def pieces() -> Iterator[bytes]:
        yield b"x" * 100_000
        raise KeyError("broken")

    with pytest.raises(KeyError):
        wire.write("a", pieces(), 200_000)
    shutil.rmtree(dav.top / "store/tmp")  # the server may notice late, and leave something
    (dav.top / "store/tmp").mkdir()
    for status in ("500 Oops", "503 Later", "507 Full", "423 Locked", "403 No"):
        for method in ("PUT", "MOVE"):
            dav.always = [answers(status, method=method)]
            with pytest.raises((UnsteadyError, RefusedError)):
                put(wire, "a", b"new")
    dav.always = [answers("207 Multi-Status", b"<x/>", method="MOVE")]
    with pytest.raises(UnsteadyError, match="could not rename"):
        put(wire, "a", b"new")
    dav.always = []
    assert b"".join(wire.read("a")) == b"old"
    assert os.listdir(dav.top / "store/tmp") == []
    put(wire, "a", b"new")
    assert b"".join(wire.read("a")) == b"new"


def test_what_a_killed_push_left_is_taken_away_after_a_week(dav: Dav) -> None:
    left = dav.top / "store/tmp"
    left.mkdir(parents=True)
    for name, age_days in {"old": 8, "new": 6}.items():
        (left / name).write_bytes(b"half")
        then = time.time() - age_days * 24 * 3600
        os.utime(left / name, (then, then))
    wire = client(dav)
    put(wire, "a", b"x")
    assert os.listdir(left) == ["new"]
    put(wire, "b", b"x")
    assert sum(one.startswith("PROPFIND") for one in dav.requests) == 1


def test_servers_that_are_no_webdav_servers(dav: Dav) -> None:
    for status in ("200 OK", "405 Method Not Allowed", "501 Not Implemented"):
        dav.always = [answers(status, b"<html>", method="PROPFIND")]
        with pytest.raises(RefusedError, match="does not speak WebDAV"):
            client(dav).reach()
    dav.always = [answers("301 Moved", headers={"Location": "https://new.example/dav?x=secret"})]
    with pytest.raises(RefusedError, match=r"another address: https://new.example/dav$"):
        client(dav).reach()
    dav.always = [answers("409 Conflict", method="MKCOL")]
    with pytest.raises(RefusedError, match="409 Conflict"):
        put(client(dav), "a", b"x")


RESPONSE = b"""<?xml version='1.0'?>
<D:multistatus xmlns:D='DAV:' xmlns:x='urn:x'>
<D:response><D:href>%s/</D:href><D:propstat><D:prop><D:resourcetype><D:collection/></D:resourcetype>
</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>
<D:response><D:href>%s/good</D:href>
<D:propstat><D:prop><D:resourcetype/><x:href>/etc/passwd</x:href><D:getcontentlength>7</D:getcontentlength>
</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>
<D:propstat><D:prop><D:getetag>no</D:getetag><D:getcontentlength>9</D:getcontentlength></D:prop>
<D:status>HTTP/1.1 404 Not Found</D:status></D:propstat></D:response>
<D:response><D:href>%s/gone</D:href><D:status>HTTP/1.1 404 Not Found</D:status></D:response>
%s
</D:multistatus>"""


@pytest.mark.parametrize(
    "top", [b"/store/files", b"http://inner.example:81/store/files", b"/files"]
)
@pytest.mark.parametrize(
    "more", [b"", b"/store/files/../x", b"/store/files/a/b", b"/other", b"%2e%2e"]
)
def test_only_what_is_in_the_folder_is_believed_to_be_there(
    dav: Dav, top: bytes, more: bytes
) -> None:
    extra = b"<D:response><D:href>%s</D:href></D:response>" % more
    dav.always = [answers("207 Multi-Status", RESPONSE % (top, top, top, extra))]
    (found,) = client(dav).listing("files/")
    assert found == ("files/good", 7, None, "")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html></html>",
        RESPONSE[:300],
        b"<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><D:multistatus xmlns:D='DAV:'/>",
        b"<D:multistatus xmlns:D='DAV:'><D:response><D:href>" + b"x" * 20_000,
    ],
)
def test_what_is_no_list_is_no_empty_folder(dav: Dav, body: bytes) -> None:
    dav.always = [answers("207 Multi-Status", body)]
    with pytest.raises(UnsteadyError, match="cannot be understood"):
        list(client(dav).listing("files/"))
    with pytest.raises(UnsteadyError):
        client(dav).look("a")


def test_a_long_list_is_read_as_it_comes() -> None:
    one = (
        "<d:response><d:href>/a%20{0}</d:href><d:propstat><d:prop><d:getcontentlength>{0}"
        "</d:getcontentlength></d:prop></d:propstat></d:response>"
    )

    def pieces() -> Iterator[bytes]:
        yield b"<d:multistatus xmlns:d='DAV:'>"
        for number in range(3000):
            text = one.format(number).encode()
            yield text[:50]
            yield text[50:]
        yield b"</d:multistatus>"

    found = list(multistatus.read(pieces()))
    assert [(item.path, item.size_bytes) for item in found] == [
        (f"/a {number}", number) for number in range(3000)
    ]


@pytest.mark.parametrize("scheme", ["basic", "digest"])
def test_user_and_password(tmp_path: Path, scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETRC", os.devnull)
    with davserver.serving(tmp_path, {"ada": "s3cret"}, scheme) as dav:
        wire = client(dav, user="ada", password="s3cret")
        wire.reach()
        put(wire, "a", b"x")
        assert wire.look("a").size_bytes == 1
        for options in ({}, {"user": "ada", "password": "wrong"}):
            with pytest.raises(RefusedError, match="401 Unauthorized"):
                client(dav, **options).reach()


def test_tokens(dav: Dav, tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text("1")
    good = ["Bearer fixed"]

    def guard(environ: object, start: davserver.Start) -> list[bytes] | None:
        if environ.get("HTTP_AUTHORIZATION") in good:  # type: ignore[attr-defined]
            return None
        return answers("401 Unauthorized", headers={"WWW-Authenticate": "Bearer"})(environ, start)  # type: ignore[arg-type]

    dav.always = [guard]
    put(client(dav, token="fixed"), "a", b"x")
    with pytest.raises(RefusedError, match="does not accept this user"):
        client(dav, token="other").reach()
    # A command is run once, and again when its token has expired.
    script = "import sys,os; p=sys.argv[1]; n=open(p).read(); print('t'+n); open(p,'a').write('1')"
    command = f'{sys.executable} -c "{script}" {tokens}'
    good[:] = ["Bearer t1"]
    wire = client(dav, bearer_token_command=command)
    wire.reach()
    put(wire, "a", b"y")
    good[:] = ["Bearer t11"]
    assert b"".join(wire.read("a")) == b"y"
    assert tokens.read_text() == "111"
    good[:] = []
    with pytest.raises(RefusedError, match="401"):
        wire.look("a")
    for wrong, words in {
        "false": "exit code 1",
        "true": "printed no token",
        "/no/such/program": "No such file",
        "'": "failed",
    }.items():
        with pytest.raises(RefusedError, match=words):
            client(dav, bearer_token_command=wrong).reach()


def test_a_header_of_ones_own(dav: Dav) -> None:
    seen: list[str] = []
    dav.always = [lambda environ, start: seen.append(environ.get("HTTP_X_KEY", "-"))]
    client(dav, custom_auth_header="X-Key", password="secret").reach()
    assert seen == ["secret"]
    with pytest.raises(ConfigError, match="header"):
        client(dav, custom_auth_header="X Key", password="secret")
