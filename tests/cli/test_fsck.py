from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from git_dvc import hashing
from tests.cli.conftest import Cli

A, F = hashing.of_bytes(b"content of a"), hashing.of_bytes(b"content of f")


@pytest.fixture
def store(git_repo: Path, cli: Cli, tmp_path: Path) -> Path:
    """Track a directory and a file, and push them."""
    Path("d").mkdir()
    Path("d/a").write_text("content of a")
    Path("f").write_text("content of f")
    assert cli("init", "-q", "--no-hooks").code == 0
    assert cli("add", "-q", "d", "f").code == 0
    assert cli("remote", "add", "-q", "-d", "store", str(tmp_path / "store")).code == 0
    subprocess.run(["git", "add", "-A"], check=True)
    subprocess.run(["git", "commit", "-qm", "one"], check=True)
    assert cli("push", "-q").code == 0
    return tmp_path / "store"


def spoil(value: str, place: str | Path) -> None:
    path = Path(place, "files/md5", value[:2], value[2:])
    path.chmod(0o644)
    path.write_text("x" * len("content of a"))


def test_the_cache_is_repaired(store: Path, cli: Cli) -> None:
    spoil(A, ".dvc/cache")
    said = cli("fsck")
    assert said.code == 1
    assert "git dvc fsck --repair" in said.err
    spoil(F, ".dvc/cache")
    Path("f").unlink()
    said = cli("fsck", "--repair")
    assert said.code == 0, said
    assert f"{A} <- d/a" in said.out
    assert f"{F} <- remote 'store'" in said.out and "all is well" in said.out
    assert cli("fsck").out.endswith("all is well\n")
    spoil(F, ".dvc/cache")
    spoil(F, store)
    said = cli("fsck", "--repair")
    assert said.code == 1
    assert "damaged:   f (work tree, HEAD, main)" in said.out
    assert "git dvc add" in said.err


def test_remotes_are_checked_and_repaired(store: Path, cli: Cli) -> None:
    said = cli("fsck", "--remote")
    assert (said.code, said.err) == (0, "")
    assert said.out == "store: checked 3 objects (85 bytes)\nall is well\n"
    spoil(A, store)
    for words in (["--remote"], ["--remote", "store"], ["-r", "store"], ["--remote", "-A", "d"]):
        said = cli("fsck", *words)
        assert said.code == 1, words
        assert "damaged:   d/a (work tree, " in said.out
    said = cli("fsck", "--remote", "--sample", "1%", "f")
    assert said.code == 0
    assert said.out in ("store: checked 0 objects (0 bytes), left out 1\nall is well\n",
                        "store: checked 1 object (12 bytes)\nall is well\n")  # fmt: skip
    said = cli("fsck", "--remote", "--repair")
    assert said.code == 0 and "replaced 1 object" in said.out
    assert cli("fsck", "--remote").code == 0


@pytest.mark.parametrize("words", [["--sample", "5"], ["--sample=x"], ["--sample", "0"], ["-A"]])
def test_wrong_command_lines(store: Path, cli: Cli, words: list[str]) -> None:
    assert cli("fsck", *words).code == 129
