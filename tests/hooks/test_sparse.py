"""Sparse checkout: data outside of the cone goes, and nothing that is needed goes with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import launcher
from tests.scene import run, write_tree


class Work:
    def __init__(self, top: Path, tool: Path) -> None:
        self.top = top
        self.tool = tool

    def git(self, *args: str, code: int = 0) -> str:
        done = run("git", *args, cwd=self.top)
        assert done.returncode == code and "Traceback" not in done.stderr, done.stderr
        return done.stdout + done.stderr

    def dvc(self, *args: str, code: int = 0) -> str:
        done = run(self.tool, *args, cwd=self.top)
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr


@pytest.fixture
def work(git_repo: Path, tmp_path: Path) -> Work:
    made = Work(git_repo, launcher.write(tmp_path / "bin"))
    made.dvc("init", "-q")
    write_tree(git_repo, {"one/d/a": "1", "two/f": "2", "code/x.py": "x", "top": "t"})
    made.dvc("add", "-q", "one/d", "two/f", "top")
    made.git("add", "-A")
    made.git("commit", "-qm", "all")
    return made


def files(work: Work) -> list[str]:
    wanted = ("one/d/a", "two/f", "top", "one/d.dvc", "two/f.dvc", ".dvc/config")
    return [name for name in wanted if (work.top / name).exists()]


def test_data_outside_of_the_cone_goes_and_comes_back(work: Work) -> None:
    said = work.git("sparse-checkout", "set", "--cone", ".dvc", "one")
    assert said == ""
    assert files(work) == ["one/d/a", "top", "one/d.dvc", ".dvc/config"]
    assert work.git("status", "--porcelain") == ""
    work.git("sparse-checkout", "add", "two")
    assert "two/f" in files(work)
    work.git("sparse-checkout", "set", ".dvc")
    assert files(work) == ["top", ".dvc/config"]
    work.git("sparse-checkout", "disable")
    assert len(files(work)) == 6


def test_what_is_left_out_is_no_deletion(work: Work) -> None:
    work.git("sparse-checkout", "set", "--no-cone", "/*", "!/two/")
    assert "two/f" not in files(work)
    assert "two" not in work.dvc("status")
    assert work.dvc("data", "status").strip() == "No changes."
    assert work.dvc("diff").strip() in ("", "No changes.")
    write_tree(work.top, {"code/x.py": "y"})
    assert work.git("commit", "-qam", "code") == ""


def test_the_cache_is_not_deleted_with_its_directory(work: Work) -> None:
    said = work.git("sparse-checkout", "set", "--cone", "one")
    assert "git sparse-checkout add .dvc" in said and "  .dvc\n" in said
    assert (work.top / ".dvc/cache/files/md5").is_dir() and ".dvc/config" in files(work)
    assert work.git("status", "--porcelain") == ""
    work.git("sparse-checkout", "disable")
    assert len(files(work)) == 6
    assert work.dvc("fsck").strip()


def test_unsaved_data_is_not_deleted_with_its_directory(work: Work) -> None:
    write_tree(work.top, {"one/d/new": "mine"})
    said = work.git("sparse-checkout", "set", "--cone", ".dvc", "two")
    assert "  one/d\n" in said and "'git dvc add'" in said
    assert (work.top / "one/d/new").read_text() == "mine"
    assert (work.top / "one/d/a").read_text() == "1"
    assert (work.top / "one/d.dvc").exists()
    # Exactly what it says ends it.
    work.dvc("add", "-q", "one/d")
    work.git("add", "--sparse", "one/d.dvc")
    work.git("commit", "-qm", "saved")
    work.git("sparse-checkout", "reapply")
    assert not (work.top / "one/d").exists()
    work.git("sparse-checkout", "disable")
    assert (work.top / "one/d/new").read_text() == "mine"
