"""A project in a Git repository, and how tests read its state."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from git_dvc.ops.init import init
from git_dvc.project import Project

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
def dvc(real_dvc: Path) -> Dvc:
    """Run the original program here and return what it printed; fail if it fails."""

    def run(*args: str) -> str:
        done = subprocess.run(
            [real_dvc, *args], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
        )
        assert done.returncode == 0, f"dvc {args}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    return run


def write(path: str, text: str) -> str:
    """Write a file, with its directories, and return its path."""
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    Path(path).write_bytes(text.encode())
    return path
