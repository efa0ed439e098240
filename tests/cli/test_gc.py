from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from git_dvc import hashing
from git_dvc.cli.console import console
from tests import scene
from tests.cli.conftest import Cli


def git(*args: str) -> str:
    return subprocess.run(["git", *args], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def history(git_repo: Path, cli: Cli) -> Path:
    """Make a project with three versions of a directory and a file."""
    cli("init", "-q", "--no-hooks")
    for text in ("one", "two", "three"):
        scene.write_tree(".", {"d/a": f"a {text}", "d/b": f"b {text}", "f": f"f {text}"})
        cli("add", "-q", "d", "f")
        git("add", "-A")
        git("commit", "-qm", text)
    return git_repo


def count() -> int:
    return len(scene.check_objects(".dvc/cache"))


def test_what_goes_is_said_before_it_goes(history: Path, cli: Cli) -> None:
    said = cli("gc")
    assert (said.code, count()) == (0, 12)
    assert "every commit" in said.out and "Nothing is to be deleted" in said.out
    said = cli("gc", "-w", "-f")
    assert (said.code, count()) == (0, 12)
    assert "undo:" in said.out or "reflog:" in said.out

    bare: tuple[str, ...] = ("gc", "-w", "--no-keep")
    said = cli(*bare, "-f")
    assert "young:" in said.out and "written after" in said.out
    bare += ("--prune=now",)
    first, second = git("rev-parse", "--short=7", "HEAD~1"), git("rev-parse", "--short=7", "HEAD~2")
    dry = cli(*bare, "--dry", "-v")
    assert (dry.code, count()) == (0, 12)
    assert "8 objects" in dry.out
    assert f"d/ in {first} and 1 other version: 4 files (20 bytes)" in dry.out
    assert f"f in {first} and 1 other version: 2 files" in dry.out
    assert second not in dry.out
    value = hashing.of_bytes(b"f one")
    assert os.path.join(".dvc/cache/files/md5", value[:2], value[2:]) in dry.out

    # Nobody can be asked here, so nothing happens without -f.
    said = cli(*bare)
    assert (said.code, count()) == (1, 12)
    assert "nothing was deleted" in said.err and "--force" in said.err
    said = cli(*bare, "-f", "-q")
    assert (said.code, said.out, said.err, count()) == (0, "", "", 4)
    said = cli(*bare, "-f")
    assert said.code == 0 and "Nothing is to be deleted" in said.out


def test_damaged_objects_are_counted_apart(history: Path, cli: Cli) -> None:
    corrupt = Path(".dvc/cache/corrupt", hashing.of_bytes(b"f one") + ".1790000000")
    corrupt.parent.mkdir()
    corrupt.write_bytes(b"damaged")
    assert "damaged" not in cli("gc", "--dry").out
    said = cli("gc", "--prune=now", "-f", "-v")
    assert "To be deleted of what was set aside as damaged: 1 object (7 bytes)" in said.out
    assert str(corrupt) in said.out and "deleted 1 object (7 bytes)" in said.out
    assert (said.code, count(), corrupt.exists()) == (0, 12, False)


def test_a_question_on_a_terminal(history: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [False, True]
    monkeypatch.setattr(console, "ask", lambda question: answers.pop(0))
    few = ("gc", "-w", "--no-keep", "index,reflog", "--prune", "now")
    assert "undo:" in cli(*few, "--dry").out
    bare = ("gc", "-w", "--no-keep", "all", "--prune", "now")
    assert cli(*bare).code == 1
    assert count() == 12
    said = cli(*bare)
    assert (said.code, count()) == (0, 4)
    assert "deleted 8 objects" in said.out


def test_what_cannot_be_deleted_is_named(
    history: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.unlink

    def unlink(path: str, **options: int) -> None:
        if str(path).endswith(".dir"):
            raise PermissionError(13, "Permission denied")
        real(path, **options)

    monkeypatch.setattr(os, "unlink", unlink)
    said = cli("gc", "-w", "--no-keep", "--prune=now", "-f")
    assert said.code == 1
    assert "permission denied" in said.err
    assert count() == 12, "files of directories whose lists stay must stay"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["-c"], "-w, -a"),
        (["-w", "-r", "store"], "-c or --not-in-remote"),
        (["-w", "-c", "--not-in-remote"], "cannot be used together"),
        (["-w", "-n", "2"], "--rev or -a"),
        (["--prune=bogus"], "bogus"),
        (["--date", "yesterday"], "yesterday"),
        (["--no-keep=refs"], "refs"),
    ],
)
def test_wrong_command_lines(history: Path, cli: Cli, words: list[str], why: str) -> None:
    said = cli("gc", *words)
    assert said.code == 129
    assert why in said.err
    assert count() == 12


def test_options_of_git_and_dvc(history: Path, cli: Cli, tmp_path: Path) -> None:
    assert cli("remote", "add", "-q", "-d", "store", str(tmp_path / "store")).code == 0
    assert cli("push", "-q", "-A").code == 0
    said = cli("gc", "-w", "-c", "--no-keep", "--prune=now", "--dry")
    assert "'store'" in said.out and "fetch --all" in said.err
    said = cli("gc", "-w", "-c", "--no-keep", "--prune=now", "-f", "-p", ".")
    assert said.code == 0
    assert len(scene.check_objects(tmp_path / "store")) == count() == 4
    said = cli("gc", "--not-in-remote", "-f")
    assert (said.code, count()) == (0, 0), "what was dropped on purpose is not looked for"
    assert cli("pull", "-q").code == 0
    assert cli("status", "-q").code == 0
