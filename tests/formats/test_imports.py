"""Pointer files of imports, against what the original program wrote."""

from __future__ import annotations

import pytest

from git_dvc.errors import FormatError
from git_dvc.formats import imports, pointer
from git_dvc.formats.imports import Dep, Repo
from git_dvc.formats.pointer import Out

FILE = b"""\
md5: 1b651f0e685aa65be6f0547a6d948221
frozen: true
deps:
- checksum: '315308250500195420684637339593888506189'
  size: 6
  hash: md5
  path: http://localhost:8765/f.txt
  fs_config:
    user: bob
outs:
- md5: b1946ac92492d2347c6235b4d2611184
  size: 6
  hash: md5
  path: h.txt
"""
DIRECTORY = b"""\
md5: ea6c8da18f9ba4c4b9ad2a6f8febaf13
frozen: true
deps:
- md5: b9c9c3e91f1370b77af1f7ee327cf198.dir
  size: 2
  nfiles: 2
  hash: md5
  path: s3://bucket/d
  fs_config:
    endpointurl: http://localhost:8766
outs:
- md5: b5f318018530f1e739dbb25def02de19.dir
  size: 2
  nfiles: 2
  hash: md5
  path: s3d
"""
NOT_DOWNLOADED = b"""\
md5: a8d3566f3505dcb8f240e484f4c4cb95
frozen: true
deps:
- md5: b5f318018530f1e739dbb25def02de19.dir
  size: 2
  nfiles: 2
  hash: md5
  path: ../ext/d
outs:
- hash: md5
  path: nd
"""
NOT_ASKED = b"""\
frozen: true
deps:
- hash: md5
  path: ../ext/d
outs:
- hash: md5
  path: ne
"""
OF_A_REPOSITORY = b"""\
md5: 8e3ddd0f571837d187ac33e8b5ed8e6e
frozen: true
deps:
- path: data.csv
  repo:
    url: /src/repo
    rev: v1
    rev_lock: ada2d8391655125b939df3884dd657bd4242efb2
outs:
- md5: 4f98f59e877ecb84ff75ef0fab45bac5
  size: 3
  hash: md5
  path: d1.csv
"""
SAMPLES = (FILE, DIRECTORY, NOT_DOWNLOADED, NOT_ASKED, OF_A_REPOSITORY)


def parts(data: bytes) -> tuple[Dep, Out]:
    found = pointer.parse(data)
    return imports.parse(found.deps[0]), found.outs[0]


@pytest.mark.parametrize("data", SAMPLES)
def test_what_dvc_wrote_is_written_byte_for_byte(data: bytes) -> None:
    dep, out = parts(data)
    assert imports.dump(dep, out, executed=data is not NOT_ASKED) == data
    if data is not NOT_ASKED:
        assert imports.update(data, dep, out) == data


def test_a_source_knows_its_content_by_whatever_name_it_has() -> None:
    assert parts(FILE)[0].hash == "315308250500195420684637339593888506189"
    assert parts(DIRECTORY)[0].hash == "b9c9c3e91f1370b77af1f7ee327cf198.dir"
    assert parts(NOT_ASKED)[0].hash is None


def test_an_update_keeps_comments_order_and_keys_it_does_not_know_of() -> None:
    data = OF_A_REPOSITORY.replace(b"frozen: true\n", b"frozen: true  # ask Ann first\n")
    data = data.replace(b"  size: 3\n", b"  size: 3\n  desc: all sales\n") + b"meta:\n  by: Ann\n"
    dep, out = parts(data)
    assert dep.repo is not None
    dep = dep._replace(repo=dep.repo._replace(rev="v2", rev_lock="b" * 40))
    new = imports.update(data, dep, out._replace(hash="0" * 32, size=4))
    assert new == (
        data.replace(b"rev: v1", b"rev: v2")
        .replace(b"ada2d8391655125b939df3884dd657bd4242efb2", b"b" * 40)
        .replace(b"4f98f59e877ecb84ff75ef0fab45bac5", b"'" + b"0" * 32 + b"'")
        .replace(b"size: 3", b"size: 4")
        .replace(b"8e3ddd0f571837d187ac33e8b5ed8e6e", pointer.parse(new).md5.encode())  # type: ignore[union-attr]
    )
    assert imports.update(new, *parts(new)) == new


def test_what_was_not_asked_for_is_completed() -> None:
    dep = parts(NOT_ASKED)[0]._replace(content={"md5": "1" * 31 + "a", "size": 1})
    new = imports.update(NOT_ASKED, dep, Out("ne", "2" * 31 + "b", size=1))
    assert parts(new) == (dep, Out("ne", "2" * 31 + "b", size=1))
    assert pointer.parse(new).md5 is not None


@pytest.mark.parametrize(
    "dep",
    [
        {"path": "a", "repo": {"url": "u", "rev_lock": "--upload-pack=x"}},
        {"path": "a", "repo": {"rev": "v1"}},
        {"path": "a", "repo": {"url": "u", "branch": "x"}},
        {"path": "a", "repo": {"url": ["u"]}},
        {"path": "a\nb"},
        {"path": "s3://b/k", "version_id": "1"},
        {"path": "q", "db": {"query": "select 1"}},
        {"path": "a", "fs_config": "x"},
    ],
)
def test_odd_sources_are_refused(dep: dict[str, object]) -> None:
    with pytest.raises(FormatError, match=r"deps\[0\]"):
        imports.parse(dep)


def test_a_repository_is_written_without_what_is_not_set() -> None:
    dep = Dep("data", {}, Repo("../src", None, None, None, {"profile": "x"}))
    assert dep.value() == {"path": "data", "repo": {"url": "../src", "remote": {"profile": "x"}}}
