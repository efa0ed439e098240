"""A remote over HTTP whose server fails in every way: nothing wrong is stored, the work is done."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from git_dvc.errors import RemoteError
from git_dvc.progress import NoProgress
from git_dvc.remote import objects
from git_dvc.remote.base import Got
from git_dvc.remote.http import connect
from git_dvc.remote.objects import ObjectRemote
from git_dvc.store.cache import Cache
from tests.remote import webserver
from tests.remote.webserver import Fault, Site
from tests.scene import check_objects, md5

QUIET = NoProgress()
BIG = os.urandom(3_000_000)
SMALL = [f"content {number}".encode() for number in range(30)]


@pytest.fixture(scope="module")
def server() -> Iterator[Site]:
    with Site() as running:
        yield running


@pytest.fixture
def site(server: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    server.clear()
    server.files.clear()
    monkeypatch.setattr(objects, "FIRST_PAUSE_S", 0.001)
    monkeypatch.setenv("NETRC", os.devnull)
    monkeypatch.setenv("no_proxy", "*")
    return server


def fill(site: Site, *contents: bytes) -> list[str]:
    values = [md5(data) for data in contents]
    for value, data in zip(values, contents, strict=True):
        site.files[place(value)] = data
    return values


def place(value: str) -> str:
    return f"/data/files/md5/{value[:2]}/{value[2:]}"


def remote(site: Site, tmp_path: Path, **options: str) -> ObjectRemote:
    wire = connect(site.url, {"method": "put", "read_timeout": "5", **options})
    return ObjectRemote("store", wire, str(tmp_path / "memory"), jobs=4)


FAILING: list[Fault] = [
    webserver.status(500),
    webserver.status(503, {"Retry-After": "0"}),
    webserver.hang_up,
    webserver.status(429, {"Retry-After": "soon"}),
]


def test_everything_arrives_through_faults(site: Site, tmp_path: Path) -> None:
    values = fill(site, BIG, *SMALL)
    cache = Cache(str(tmp_path / "cache"))
    site.faults = [webserver.short_body(1_000_000), *FAILING * 5, webserver.short_body(3)]
    got = remote(site, tmp_path).get_all(cache, values, QUIET)
    assert got == Got([], [])
    assert sorted(check_objects(cache.root)) == sorted(values)
    assert site.faults == []


def test_wrong_bytes_are_fetched_again_and_never_stored(site: Site, tmp_path: Path) -> None:
    values = fill(site, BIG, *SMALL[:3])
    cache = Cache(str(tmp_path / "cache"))
    for number in range(4):  # large and small in turn
        site.faults = [webserver.wrong_body]
        assert (
            remote(site, tmp_path).get_all(cache, values[number : number + 1], QUIET).missing == []
        )
    assert sorted(check_objects(cache.root)) == sorted(values)
    other = Cache(str(tmp_path / "other"))
    site.always = [webserver.wrong_body]
    assert sorted(remote(site, tmp_path).get_all(other, values, QUIET).damaged) == sorted(values)
    assert check_objects(other.root) == {} and os.listdir(other.root + "/tmp") == []


def test_everything_is_sent_through_faults(site: Site, tmp_path: Path) -> None:
    cache = Cache(str(tmp_path / "cache"))
    values = [cache.store_bytes(data) for data in (BIG, *SMALL)]
    cache.flush()
    site.faults = [*FAILING * 5]
    sending = remote(site, tmp_path)
    assert sending.lacks("md5", values, cache.size) == set(values)
    site.faults = [*FAILING * 5]
    assert sending.put_all(cache, values, QUIET) == []
    assert {md5(data) for data in site.files.values()} == set(values)
    assert sending.lacks("md5", values, cache.size) == set()


def test_a_large_file_goes_on_where_the_last_run_stopped(site: Site, tmp_path: Path) -> None:
    values = fill(site, BIG)
    cache = Cache(str(tmp_path / "cache"))
    site.always = [webserver.status(500)]
    site.faults = []
    site.always = [lambda handler: _first_then_500(handler)]
    with pytest.raises(RemoteError, match="500 Internal Server Error"):
        remote(site, tmp_path).get_all(cache, values, QUIET)
    site.clear()
    assert remote(site, tmp_path).get_all(cache, values, QUIET) == Got([], [])
    (again,) = site.requests
    start = int(again.headers["Range"].removeprefix("bytes=").removesuffix("-"))
    assert 1_000_000 < start <= 2_500_000
    assert check_objects(cache.root) == {values[0]: BIG}


def _first_then_500(handler: webserver.Handler) -> bool | None:
    fault = webserver.status(500) if "Range" in handler.headers else webserver.short_body(2_500_000)
    return fault(handler)


def test_a_password_that_expires_under_way(site: Site, tmp_path: Path) -> None:
    values = fill(site, *SMALL)
    cache = Cache(str(tmp_path / "cache"))
    good = webserver.needs_basic("ada", "new")
    site.always = [lambda handler: len(site.requests) <= 10 or good(handler)]
    with pytest.raises(RemoteError, match="401 Unauthorized: the server does not accept") as caught:
        remote(site, tmp_path, user="ada", password="old").get_all(cache, values, QUIET)
    assert "old" not in str(caught.value)
    came = check_objects(cache.root)
    assert 0 < len(came) < len(values)
    site.requests.clear()
    site.always = [good]
    renewed = remote(site, tmp_path, user="ada", password="new")
    assert renewed.get_all(cache, [v for v in values if v not in came], QUIET) == Got([], [])
    assert sorted(check_objects(cache.root)) == sorted(values)


def test_hints_name_the_remote(site: Site, tmp_path: Path) -> None:
    site.always = [webserver.status(401)]
    with pytest.raises(RemoteError) as caught:
        remote(site, tmp_path).reach()
    assert "'git dvc remote modify --local store user ...'" in caught.value.hint
