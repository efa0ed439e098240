from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from git_dvc.errors import CannotAddError, UnsetOptionError
from git_dvc.ops import cache_dir
from git_dvc.ops.add import add
from git_dvc.project import Project
from tests.ops.conftest import Dvc, Opener, write


def safe() -> list[str]:
    out = subprocess.run(
        ["git", "config", "--get-all", "dvc.safeCacheDir"], capture_output=True, text=True
    )
    return out.stdout.splitlines()


def test_it_is_in_the_project_unless_chosen(project: Project, tmp_path: Path) -> None:
    assert cache_dir.cache_dir(project) == os.path.join(project.root, ".dvc", "cache")
    cache_dir.put(project, "../cache")
    assert cache_dir.cache_dir(project) == str(tmp_path / "cache")
    assert "dir = ../../cache" in Path(".dvc/config").read_text()
    cache_dir.unset(project)
    assert cache_dir.cache_dir(project) == os.path.join(project.root, ".dvc", "cache")
    with pytest.raises(UnsetOptionError):
        cache_dir.unset(project)


def test_choosing_one_outside_is_agreeing_to_it(
    project: Project, reopen: Opener, tmp_path: Path
) -> None:
    write("f", "f")
    write(".dvc/config", "[cache]\n    dir = ../../cache\n")
    with pytest.raises(CannotAddError):
        add(reopen(), ["f"])
    cache_dir.put(reopen(), "../cache")
    cache_dir.put(reopen(), "../cache")
    assert safe() == [str(tmp_path / "cache")]
    cache_dir.put(reopen(), "../other")
    assert safe() == [str(tmp_path / "cache"), str(tmp_path / "other")]
    add(reopen(), ["f"])
    assert (tmp_path / "other" / "files" / "md5").is_dir()


def test_one_inside_or_for_this_clone_only_needs_no_trust(project: Project) -> None:
    cache_dir.put(project, "inside")
    cache_dir.put(project, "../cache", "local")
    assert safe() == []


def test_data_in_the_old_place_is_pointed_out(project: Project) -> None:
    write("f", "f")
    add(project, ["f"])
    notes = cache_dir.put(project, "../cache").notes
    assert os.path.join(project.root, ".dvc", "cache") in notes[0]


@pytest.mark.interop
def test_dvc_finds_the_same_directory(project: Project, dvc: Dvc) -> None:
    os.mkdir("sub")
    cache_dir.put(project, "sub/../../cache")
    assert dvc("cache", "dir") == cache_dir.cache_dir(project)
