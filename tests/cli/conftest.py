"""A command line that runs in this process, and a project to run it in."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from git_dvc import __main__ as front_door
from git_dvc.cli.console import console


class Said(NamedTuple):
    """What one command line left behind."""

    code: int
    out: str
    err: str


Cli = Callable[..., Said]


@pytest.fixture(autouse=True)
def fresh_console() -> Iterator[None]:
    """Give every test a console that nobody has made quiet."""
    console.quiet = False
    console.verbosity = 0
    console._colour = None
    yield
    console.quiet = False
    console.verbosity = 0
    gc.enable()  # the front door turns it off: a command is short-lived, the tests are not


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Run ``git-dvc`` with arguments."""

    def run(*arguments: str) -> Said:
        console.quiet = False
        console.verbosity = 0
        capsys.readouterr()
        monkeypatch.setattr("sys.argv", ["git-dvc", *arguments])
        code = front_door.main()
        captured = capsys.readouterr()
        return Said(code, captured.out, captured.err)

    return run


@pytest.fixture
def project(git_repo: Path, cli: Cli) -> Path:
    """Return a project with nothing in it, and stand there."""
    assert cli("init", "-q", "--no-hooks").code == 0
    return git_repo
