"""A project in a Git repository, and how tests read its state."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from git_dvc.ops import add, remote
from git_dvc.ops.init import init
from git_dvc.project import Project
from tests.conftest import run_git
from tests.interop.harness import WarmDvc, original
from tests.scene import write_tree

Opener = Callable[[], Project]
Dvc = Callable[..., str]


@pytest.fixture
def project(git_repo: Path) -> Iterator[Project]:
    """Return an empty project at the top of an empty repository, and stand in it."""
    init(".")
    with Project.open() as opened:
        yield opened


@pytest.fixture
def reopen(project: Project) -> Iterator[Opener]:
    """Return a function that opens the project anew, as the next command would."""
    opened: list[Project] = []

    def reopen() -> Project:
        opened.append(Project.open(project.root))
        return opened[-1]

    yield reopen
    for one in opened:
        one.close()


@pytest.fixture
def dvc(real_dvc: Path, warm_dvc: WarmDvc | None) -> Dvc:
    """Run the original program here and return what it printed; fail if it fails."""
    tool = original(real_dvc, warm_dvc)

    def run(*args: str, cwd: Path | None = None) -> str:
        return tool(*args, cwd=cwd).strip()

    return run


def write(path: str, text: str) -> str:
    """Write a file, with its directories, and return its path."""
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    Path(path).write_bytes(text.encode())
    return path


# -- a repository to read from -----------------------------------------------------------------

FIRST = {"data/a": "a1", "data/sub/b": "b1", "model": "m1", "code/x.py": "x", "code/big": "B"}
SECOND = {"data/a": "a2 longer", "data/new": "n2"}


@pytest.fixture
def registry(git_repo: Path, tmp_path: Path) -> Path:
    """A project with two versions, a folder as its remote, a project inside, and links."""
    init(".")
    write_tree(git_repo, FIRST)
    os.symlink("code/x.py", "link")
    os.symlink("../../../secret", "out")
    Path("code/x.py").chmod(0o755)
    with Project.open() as project:
        add.add(project, ["data", "model", "code/big"])
        remote.add(project, "store", str(tmp_path / "store"), default=True)
        git("add", "-A")
        git("commit", "-qm", "1")
        git("tag", "v1")
    write_tree(git_repo, SECOND)
    os.mkdir("inner")
    init("inner", subdir=True)
    write_tree(git_repo, {"inner/own": "own", "inner/plain": "plain"})
    with Project.open("inner") as inner:
        os.chdir("inner")
        add.add(inner, ["own"])
        os.chdir(git_repo)
    with Project.open() as project:
        add.add(project, ["data"])
        git("add", "-A")
        git("commit", "-qm", "2")
    return git_repo


def git(*words: str | Path) -> str:
    return str(run_git(*words, cwd=Path.cwd()))
