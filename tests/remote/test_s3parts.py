"""Uploads to S3 that go on where they stopped."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from git_dvc.errors import RemoteError
from git_dvc.progress import NoProgress
from git_dvc.remote import kinds, objects, obstores, s3parts, sigv4
from git_dvc.remote.objects import ObjectRemote
from git_dvc.remote.wire import Wire
from git_dvc.store.cache import Cache
from tests.remote.contract.clouds import OPTIONS, Answer, S3Server, refusal

QUIET = NoProgress()
PART = 5 * 1024**2
"""S3 takes no smaller ones."""
DATA = os.urandom(4 * PART + 7)


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    server = S3Server()
    server.make_bucket("parts")
    yield server
    server.close()


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server: S3Server) -> None:
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(objects, "FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(s3parts, "PAUSES_S", (0.001,))
    monkeypatch.setattr(s3parts, "PART_BYTES", PART)
    monkeypatch.setattr(obstores, "RESUMED_BYTES", 2 * PART)
    server.fault = lambda environ: None
    server.requests.clear()


@pytest.fixture
def wire(server: S3Server, tmp_path: Path) -> Wire:
    return connected(server, tmp_path.name)


@pytest.fixture
def remote(wire: Wire, tmp_path: Path) -> ObjectRemote:
    return ObjectRemote("store", wire, str(tmp_path / "memory"))


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(str(tmp_path / "cache"))


def connected(server: S3Server, folder: str, **options: str) -> Wire:
    return kinds.connect(f"s3://parts/{folder}", {**OPTIONS, "endpointurl": server.url, **options})


def stored(cache: Cache, data: bytes) -> str:
    value = cache.store_bytes(data)
    cache.flush()
    return value


def is_part(environ: dict[str, Any], *numbers: int) -> bool:
    match = re.search(r"partNumber=(\d+)", environ["QUERY_STRING"])
    return match is not None and (not numbers or int(match[1]) in numbers)


def said(url: str, method: str, data: bytes = b"") -> str:
    headers = {"Content-Type": "application/octet-stream", "Content-Length": str(len(data))}
    with urlopen(Request(url, data, headers, method=method)) as answer:
        text: str = answer.read().decode()
    return text


def uploads(server: S3Server, folder: str) -> list[str]:
    """Return the keys of those that have not ended, below a folder."""
    keys = re.findall("<Upload>.*?<Key>([^<]+)<", said(f"{server.url}/parts?uploads", "GET"))
    return sorted(key for key in keys if key.startswith(f"{folder}/"))


def test_what_is_there_of_an_upload_that_failed_is_not_sent_again(
    server: S3Server, remote: ObjectRemote, cache: Cache, tmp_path: Path
) -> None:
    value = stored(cache, DATA)
    server.fault = lambda environ: (
        refusal("403 Forbidden", "ExpiredToken") if is_part(environ, 4, 5) else None
    )
    with pytest.raises(RemoteError, match="credentials have expired") as caught:
        remote.put_all(cache, [value], QUIET)
    assert "goes on where it was" in caught.value.hint
    sent = server.requests["PUT partNumber"]
    server.fault = lambda environ: None
    assert remote.put_all(cache, [value], QUIET) == []
    assert server.requests["PUT partNumber"] == sent + 2
    assert server.requests["POST uploads"] == 1, "it is the same upload"
    assert b"".join(remote.read("md5", value)) == DATA
    assert uploads(server, tmp_path.name) == []


KILLED = """
import sys
from git_dvc.remote import kinds, objects, obstores, s3parts
s3parts.PART_BYTES, obstores.RESUMED_BYTES = int(sys.argv[1]), 0
url, endpoint, path = sys.argv[2:]
wire = kinds.connect(url, {"endpointurl": endpoint, **%r})
data = open(path, "rb").read()
wire.write("key", [data], len(data))
"""


def test_an_upload_that_was_killed_goes_on(
    server: S3Server, wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").write_bytes(DATA)
    arrived, never = threading.Event(), threading.Event()

    def fault(environ: dict[str, Any]) -> Answer | None:
        if is_part(environ, 4):
            arrived.set()
        return Answer("200 OK", after=never) if is_part(environ, 4, 5) else None

    server.fault = fault
    words = [str(PART), f"s3://parts/{tmp_path.name}", server.url, str(tmp_path / "data")]
    child = subprocess.Popen([sys.executable, "-c", KILLED % OPTIONS, *words])
    assert arrived.wait(60)
    # Part 4 begins when part 1 has been taken in; 2 and 3 may be on their way.
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    server.fault = lambda environ: None
    server.requests.clear()
    never.set()
    monkeypatch.setattr(obstores, "RESUMED_BYTES", 0)
    wire.write("key", [DATA], len(DATA))
    assert server.requests["POST uploads"] == 0
    assert 2 <= server.requests["PUT partNumber"] <= 4
    assert b"".join(wire.read("key")) == DATA


def test_parts_that_are_not_ours_are_sent_again(server: S3Server, wire: Wire) -> None:
    """An upload to the same key may be somebody else's, and have anything in it."""
    key = "key"
    place = f"{server.url}/parts/{wire.where.rpartition('/')[2]}/{key}"
    (upload,) = re.findall("<UploadId>([^<]+)<", said(f"{place}?uploads", "POST"))
    for number, data in ((1, DATA[:PART]), (2, b"x" * PART), (3, DATA[:5]), (9, b"more")):
        said(f"{place}?partNumber={number}&uploadId={upload}", "PUT", data)
    server.requests.clear()
    wire.write(key, [DATA], len(DATA))
    assert b"".join(wire.read(key)) == DATA
    assert server.requests["PUT partNumber"] == 4, "all but the first"
    assert server.requests["POST uploads"] == 0


def test_an_upload_that_somebody_ends_begins_again(
    server: S3Server, remote: ObjectRemote, cache: Cache
) -> None:
    value = stored(cache, DATA)
    ended = threading.Event()

    def fault(environ: dict[str, Any]) -> Answer | None:
        if is_part(environ, 3) and not ended.is_set():
            ended.set()
            return refusal("404 Not Found", "NoSuchUpload")
        return None

    server.fault = fault
    assert remote.put_all(cache, [value], QUIET) == []
    assert b"".join(remote.read("md5", value)) == DATA
    assert server.requests["GET prefix"] == 3, "old ones once, this one at each try"


def test_a_damaged_file_leaves_no_parts(
    server: S3Server, remote: ObjectRemote, wire: Wire, cache: Cache, tmp_path: Path
) -> None:
    value = stored(cache, DATA)
    os.chmod(cache.path(value), 0o644)
    with open(cache.path(value), "r+b") as stream:
        stream.write(b"#####")
    assert remote.put_all(cache, [value], QUIET) == [value]
    assert server.requests["POST uploads"] == 1 and server.requests["DELETE uploadId"] == 1
    assert list(wire.listing("")) == [] and uploads(server, tmp_path.name) == []


def test_a_part_that_fails_is_sent_again_by_itself(
    server: S3Server, remote: ObjectRemote, cache: Cache
) -> None:
    value = stored(cache, DATA)
    server.fault = lambda environ: (
        Answer("503 Slow Down")
        if is_part(environ) and server.requests["PUT partNumber"] == 2
        else None
    )
    assert remote.put_all(cache, [value], QUIET) == []
    assert server.requests["PUT partNumber"] == 6
    assert server.requests["POST uploads"] == server.requests["POST uploadId"] == 1
    assert b"".join(remote.read("md5", value)) == DATA


def test_an_end_that_fails_after_it_was_answered(
    server: S3Server, remote: ObjectRemote, cache: Cache
) -> None:
    """The answer to what takes long begins with 200 whatever comes of it."""
    value = stored(cache, DATA)
    failed = threading.Event()

    def fault(environ: dict[str, Any]) -> Answer | None:
        words = environ["QUERY_STRING"]
        if environ["REQUEST_METHOD"] == "POST" and "uploadId" in words and not failed.is_set():
            failed.set()
            return refusal("200 OK", "InternalError")
        return None

    server.fault = fault
    assert remote.put_all(cache, [value], QUIET) == []
    assert failed.is_set() and server.requests["PUT partNumber"] == 5
    assert b"".join(remote.read("md5", value)) == DATA


def test_who_may_write_need_not_be_allowed_to_list(
    server: S3Server, remote: ObjectRemote, cache: Cache
) -> None:
    value = stored(cache, DATA)
    server.fault = lambda environ: (
        refusal("403 Forbidden", "AccessDenied")
        if environ["REQUEST_METHOD"] == "GET" and "uploads" in environ["QUERY_STRING"]
        else None
    )
    assert remote.put_all(cache, [value], QUIET) == []
    assert b"".join(remote.read("md5", value)) == DATA


def test_uploads_that_nobody_goes_on_with_end(
    server: S3Server, wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3parts, "_LEFT_OVER", timedelta(hours=-1))
    here, name = tmp_path.name, "b1/946ac92492d2347c6235b4d2611184"
    for key in (f"{here}/files/md5/{name}", f"{here}/somebody", f"{here}2/{name}"):
        said(f"{server.url}/parts/{key}?uploads", "POST")
    wire.write("one", [DATA], len(DATA))
    assert uploads(server, here) == [f"{here}/somebody"]
    assert uploads(server, f"{here}2") == [f"{here}2/{name}"]
    wire.write("two", [DATA], len(DATA))
    assert server.requests["DELETE uploadId"] == 1


def test_what_no_md5_can_tell_is_left_to_the_client(server: S3Server, tmp_path: Path) -> None:
    wire = connected(server, tmp_path.name, sse="AES256")
    wire.write("key", [DATA], len(DATA))
    assert server.requests["GET prefix"] == server.requests["GET uploads"] == 0
    assert b"".join(wire.read("key")) == DATA


# -- signatures ---------------------------------------------------------------------------------


class _Theirs(S3SigV4Auth):  # type: ignore[misc]
    def payload(self, request: AWSRequest) -> str:
        return "UNSIGNED-PAYLOAD"


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=10)


@given(
    st.sampled_from(["GET", "PUT", "POST", "DELETE"]),
    st.dictionaries(st.sampled_from(["prefix", "uploads", "uploadId", "partNumber"]), WORDS),
    st.sampled_from(["/bucket/files/md5/b1/946ac9", "/bucket/", "/a%20b/%C3%A9~x"]),
    st.sampled_from(["", "token/+="]),
)
def test_the_signature_is_amazons(
    method: str, words: dict[str, str], path: str, token: str
) -> None:
    host, region = "127.0.0.1:9000", "eu-west-3"
    request = AWSRequest(method=method, url=f"http://{host}{path}", params=words or None)
    if words:
        request.url += "?" + sigv4.query(**words)
        request.params = {}
    _Theirs(Credentials("ID", "SECRET", token or None), "s3", region).add_auth(request)
    stamp = request.context["timestamp"]
    now = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    keys = {"access_key_id": "ID", "secret_access_key": "SECRET", "token": token or None}
    target = request.url.removeprefix(f"http://{host}")
    ours = sigv4.signed(method, target, host, region, keys, now)
    assert ours["Authorization"] == request.headers["Authorization"]
    assert ours.get("x-amz-security-token", "") == token


def test_keys_are_asked_for_again_when_they_expire() -> None:
    asked = 0
    lasts = timedelta(hours=1)

    def credentials() -> dict[str, Any]:
        nonlocal asked
        asked += 1
        until = datetime.now(timezone.utc) + lasts
        return {"access_key_id": "a", "secret_access_key": "b", "token": None, "expires_at": until}

    signer = sigv4.Signer("h", "r", credentials)
    signer.headers("GET", "/")
    signer.headers("GET", "/")
    assert asked == 1
    lasts = timedelta(seconds=30)
    other = sigv4.Signer("h", "r", credentials)
    other.headers("GET", "/")
    other.headers("GET", "/")
    assert asked == 3


def test_the_host_is_signed_as_it_is_sent() -> None:
    """A port that goes without saying is not in the header."""
    made = []

    class Spy(sigv4.Signer):
        def __init__(self, host: str, *others: Any) -> None:
            super().__init__(host, *others)
            made.append(host)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sigv4, "Signer", Spy)
        for endpoint in ("https://S3.Example.com:443", "http://example.com:80", "http://h:9000"):
            login = obstores._s3("bucket", {**OPTIONS, "endpointurl": endpoint})
            assert login.parts is not None
            login.parts("")
    assert made == ["s3.example.com", "example.com", "h:9000"]
