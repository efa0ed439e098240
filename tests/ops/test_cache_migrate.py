from __future__ import annotations

import os
from pathlib import Path

import pytest

from git_dvc import hashing
from git_dvc.formats import manifest, pointer
from git_dvc.ops.cache_migrate import cache_migrate
from git_dvc.ops.checkout import checkout
from git_dvc.ops.fsck import fsck
from git_dvc.ops.status import status
from git_dvc.project import Project
from tests.ops.conftest import Dvc, Opener, write

OLD = hashing.MD5_DOS2UNIX


def old_object(data: bytes, suffix: str = "") -> str:
    value = hashing.of_bytes(data, OLD) + suffix
    path = Path(f".dvc/cache/{value[:2]}/{value[2:]}")
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.write_bytes(data)
        path.chmod(0o444)
    return value


@pytest.fixture
def legacy(project: Project) -> dict[str, str]:
    """A project as DVC 2 left it: a file, and two directories (one without CRLF)."""
    values = {}
    for name, files in {
        "d": {"a": b"a\r\nb\r\n", "s/b": b"bin\0\r\n"},
        "e": {"x": b"plain"},
    }.items():
        listing = {path: old_object(data) for path, data in files.items()}
        values[name] = old_object(manifest.dump(listing), ".dir")
        for path, data in files.items():
            write(f"{name}/{path}", "")
            Path(f"{name}/{path}").write_bytes(data)
        size = sum(map(len, files.values()))
        write(
            f"{name}.dvc",
            f"# old\nouts:\n- md5: {values[name]}\n  size: {size}\n  nfiles: {len(files)}\n"
            f"  path: {name}\n",
        )
    values["f"] = old_object(b"1\r\n2\r\n")
    Path("f").write_bytes(b"1\r\n2\r\n")
    write("f.dvc", f"outs:\n- md5: {values['f']}\n  size: 6\n  path: f\n")
    write(".gitignore", "/d\n/e\n/f\n")
    return values


def test_objects_get_their_new_names_as_second_names(
    legacy: dict[str, str], reopen: Opener
) -> None:
    project = reopen()
    result = cache_migrate(project)
    assert result.is_complete
    assert result.objects == 6
    new = project.cache().path(hashing.of_bytes(b"1\r\n2\r\n"))
    assert os.path.samefile(new, project.cache(OLD.name).path(legacy["f"]))
    assert os.stat(new).st_mode & 0o777 == 0o444
    assert os.path.samefile(
        project.cache().path(legacy["e"]), project.cache(OLD.name).path(legacy["e"])
    )
    assert fsck(reopen()).is_good
    assert status(reopen()).is_clean
    assert "hash:" not in Path("f.dvc").read_text()


def test_pointers_are_translated_on_request(legacy: dict[str, str], reopen: Opener) -> None:
    assert status(reopen()).is_clean
    result = cache_migrate(reopen(), dvc_files=True)
    assert result.pointers == ["d.dvc", "e.dvc", "f.dvc"]
    assert Path("f.dvc").read_text() == (
        f"outs:\n- md5: {hashing.of_bytes(Path('f').read_bytes())}\n  size: 6\n  path: f\n"
        "  hash: md5\n"
    )
    out = pointer.parse(Path("d.dvc").read_bytes()).outs[0]
    assert (out.hash_name, out.size, out.nfiles) == ("md5", 12, 2)
    assert Path("d.dvc").read_text().startswith("# old\n")
    project = reopen()
    assert out.hash is not None
    assert project.cache().read_manifest(out.hash) == {
        path: hashing.of_bytes((Path("d") / path).read_bytes()) for path in ("a", "s/b")
    }
    assert status(project).is_clean
    assert fsck(project).is_good
    assert not checkout(reopen()).changed


def test_changed_data_stays_changed(legacy: dict[str, str], reopen: Opener) -> None:
    Path("f").write_bytes(b"mine")
    cache_migrate(reopen(), dvc_files=True)
    assert pointer.parse(Path("f.dvc").read_bytes()).outs[0].hash == hashing.of_bytes(b"1\r\n2\r\n")
    assert Path("f").read_bytes() == b"mine"
    assert not status(reopen()).is_clean


def test_a_dry_run_changes_nothing(legacy: dict[str, str], reopen: Opener) -> None:
    result = cache_migrate(reopen(), dvc_files=True, dry=True)
    assert (result.objects, result.pointers) == (6, ["d.dvc", "e.dvc", "f.dvc"])
    assert not os.path.exists(".dvc/cache/files")
    assert "hash:" not in Path("f.dvc").read_text()


def test_the_second_time_is_harmless(legacy: dict[str, str], reopen: Opener) -> None:
    cache_migrate(reopen(), dvc_files=True)
    before = Path("d.dvc").read_bytes()
    again = cache_migrate(reopen(), dvc_files=True)
    assert again.objects == 6
    assert again.pointers == []
    assert Path("d.dvc").read_bytes() == before
    assert not os.listdir(".dvc/cache/tmp")


def test_an_object_that_is_there_already_is_shared(legacy: dict[str, str], reopen: Opener) -> None:
    project = reopen()
    project.cache().store_bytes(b"1\r\n2\r\n")
    project.cache().flush()
    cache_migrate(reopen())
    new = project.cache().path(hashing.of_bytes(b"1\r\n2\r\n"))
    assert os.path.samefile(new, project.cache(OLD.name).path(legacy["f"]))


def test_damaged_and_missing_objects_are_named_and_the_rest_is_done(
    legacy: dict[str, str], reopen: Opener
) -> None:
    project = reopen()
    path = project.cache(OLD.name).path(hashing.of_bytes(b"plain", OLD))
    os.chmod(path, 0o644)
    Path(path).write_bytes(b"flip")
    os.unlink(project.cache(OLD.name).path(legacy["f"]))
    result = cache_migrate(project, dvc_files=True)
    assert list(result.damaged) == [hashing.of_bytes(b"plain", OLD)]
    assert result.incomplete == [legacy["e"]]
    assert result.skipped == ["e/", "f"]
    assert result.pointers == ["d.dvc"]


@pytest.mark.interop
@pytest.mark.parametrize("kind", ["copy", "hardlink"])
def test_dvc_finds_nothing_changed(
    legacy: dict[str, str], reopen: Opener, dvc: Dvc, kind: str
) -> None:
    write(".dvc/config", f"[cache]\n    type = {kind}\n")
    write("dvc.yaml", "stages:\n  s:\n    cmd: cp f m\n    deps:\n    - f\n    outs:\n    - m\n")
    write("dvc.lock", "schema: '2.0'\nstages:\n  s:\n    cmd: cp f m\n    deps:\n    - path: f\n"
          f"      md5: {legacy['f']}\n      size: 6\n    outs:\n    - path: m\n"
          f"      md5: {legacy['f']}\n      size: 6\n")  # fmt: skip
    Path("m").write_bytes(b"1\r\n2\r\n")
    assert dvc("status", "--json") == "{}"
    cache_migrate(reopen())
    assert dvc("status", "--json") == "{}"
    result = cache_migrate(reopen(), dvc_files=True)
    assert "dvc.lock" in result.pointers
    assert dvc("status", "--json") == "{}"
    for name in ("d", "f", "m"):
        os.rename(name, f"{name}.away")
    dvc("checkout")
    assert Path("d/a").read_bytes() == b"a\r\nb\r\n"
    assert Path("m").read_bytes() == b"1\r\n2\r\n"


@pytest.mark.interop
def test_what_dvc_migrated_is_clean_here(legacy: dict[str, str], reopen: Opener, dvc: Dvc) -> None:
    dvc("cache", "migrate", "--dvc-files")
    assert status(reopen()).is_clean
    assert fsck(reopen()).is_good
    assert cache_migrate(reopen(), dvc_files=True).pointers == []
