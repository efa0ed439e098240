from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from git_dvc.cli import failures
from git_dvc.errors import GitDvcError, NotAProjectError, UsageError
from tests.cli import terminal


def raising(error: BaseException) -> Callable[[], int]:
    def run() -> int:
        raise error

    return run


def test_an_error_is_printed_once_with_its_code(capsys: pytest.CaptureFixture[str]) -> None:
    error = GitDvcError("these files changed", details=["  a"], hint="do this\nor that")
    assert failures.exit_code_of(raising(error)) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "error: these files changed\n  a\nhint: do this\nhint: or that\n"


@pytest.mark.parametrize(
    ("error", "code"), [(NotAProjectError("/x"), 128), (UsageError("bad"), 129)]
)
def test_the_error_chooses_the_exit_code(error: GitDvcError, code: int) -> None:
    assert failures.exit_code_of(raising(error)) == code


def test_ctrl_c(capsys: pytest.CaptureFixture[str]) -> None:
    assert failures.exit_code_of(raising(KeyboardInterrupt())) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_a_full_disk_is_one_clear_line(capsys: pytest.CaptureFixture[str]) -> None:
    error = OSError(errno.ENOSPC, "No space left on device", "/data/cache/x")
    assert failures.exit_code_of(raising(error)) == 128
    err = capsys.readouterr().err
    assert err.startswith("error: /data/cache/x: No space left on device\nhint: free some space")


def test_a_directory_that_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "d").mkdir()
    monkeypatch.chdir(tmp_path / "d")
    (tmp_path / "d").rmdir()
    assert failures.exit_code_of(lambda: len(os.getcwd())) == 128
    assert capsys.readouterr().err.startswith("error: the current directory is gone\n")


def test_both_names_of_a_failed_link_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    error = OSError(errno.EACCES, "Permission denied", "a", None, "b")
    assert failures.exit_code_of(raising(error)) == 128
    assert capsys.readouterr().err == "error: a -> b: Permission denied\n"


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("/w/.dvc/cache/tmp/16500.18ea6e6477caff46.1",), "/w/.dvc/cache/tmp"),
        (("/w/.git-dvc.d3d6ac54e46e12b8.tmp",), "/w"),
        (("/w/.dvc/tmp/git-dvc/18005.18ea6e66bdda7cd4.1", None, "/w/a.dvc"), "/w/a.dvc"),
    ],
)
def test_temporary_names_are_not_shown(
    names: tuple[str | None, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    failures.exit_code_of(raising(OSError(errno.EACCES, "Permission denied", *names)))
    assert capsys.readouterr().err == f"error: {said}: cannot be written: Permission denied\n"


@pytest.mark.parametrize("error", [ValueError("a bug"), FileNotFoundError(2, "gone", "x")])
def test_a_bug_keeps_its_traceback(error: Exception) -> None:
    with pytest.raises(type(error)):
        failures.exit_code_of(raising(error))


def in_a_process(code: str, tmp_path: Path, stdout: int) -> tuple[int, str]:
    program = (
        "import sys; from git_dvc.cli import failures\n"
        "from git_dvc.cli.console import console\n"
        f"{code}\n"
        "sys.exit(failures.exit_code_of(work))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=terminal.environment(),
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


PRINT = "def work():\n    console.write('x' * 100)\n    return 0"


def test_a_closed_pipe_ends_silently_with_141(tmp_path: Path) -> None:
    import os

    reader, writer = os.pipe()
    os.close(reader)
    assert in_a_process(PRINT, tmp_path, writer) == (141, "")
    os.close(writer)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_behind_stdout_is_noticed(tmp_path: Path) -> None:
    with open("/dev/full", "w") as full:
        code, err = in_a_process(PRINT, tmp_path, full.fileno())
    assert code == 128
    assert err.startswith("error: No space left on device\n")
    assert "Traceback" not in err


def test_verbose_twice_shows_where_an_error_came_from(tmp_path: Path) -> None:
    code = (
        "from git_dvc.errors import GitDvcError\n"
        "console.verbosity = 2\n"
        "def work():\n    raise GitDvcError('oops')"
    )
    _, err = in_a_process(code, tmp_path, subprocess.DEVNULL)
    assert err.startswith("error: oops\n") and "Traceback" in err
