"""``git dvc log`` as it looks."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.conftest import run_git
from tests.scene import md5, write_tree


@pytest.fixture
def story(project: Path, cli: Cli) -> Path:
    """Two versions of a directory, the first with a tag."""
    for tag, files in (
        ("first", {"d/a": "1", "d/b": "22"}),
        ("second", {"d/b": "4444", "d/moved": "1", "d/new": "x" * 2048}),
    ):
        for path in Path("d").glob("*"):
            path.unlink()
        write_tree(project, files)
        assert cli("add", "-q", "d").code == 0
        run_git("commit", "-qam", f"{tag}\n\nWhy it is so.", cwd=project)
        run_git("tag", tag, cwd=project)
    return project


def head(name: str = "HEAD") -> str:
    return run_git("rev-parse", name, cwd=".")


def test_a_commit_looks_as_in_git_log(story: Path, cli: Cli) -> None:
    said = cli("log", "d")
    assert said.code == 0
    assert said.out == (
        f"commit {head()} (HEAD -> main, tag: second)\n"
        "Author: A U Thor <author@example.com>\n"
        "Date:   Thu Apr 7 22:13:13 2005 +0200\n"
        "\n"
        "    second\n"
        "\n"
        "    Why it is so.\n"
        "\n"
        "    1 added, 1 changed, 1 renamed, +2.00 KiB\n"
        "\n"
        f"commit {head('first')} (tag: first)\n"
        "Author: A U Thor <author@example.com>\n"
        "Date:   Thu Apr 7 22:13:13 2005 +0200\n"
        "\n"
        "    first\n"
        "\n"
        "    Why it is so.\n"
        "\n"
        "    2 added, +3 bytes\n"
    )


def test_one_line_each_with_files(story: Path, cli: Cli) -> None:
    os.chdir("d")
    assert cli("log", "--oneline", "-p", "-n", "1", ".").out == (
        f"{head()[:8]} (HEAD -> main, tag: second) second  "
        "[1 added, 1 changed, 1 renamed, +2.00 KiB]\n"
        "      changed:  b (2 bytes -> 4 bytes)\n"
        "      renamed:  a -> moved (1 byte)\n"
        "      added:    new (2.00 KiB)\n"
    )


def test_json_has_everything(story: Path, cli: Cli) -> None:
    second, first = json.loads(cli("log", "--json", "d").out)
    assert second["commit"] == head()
    assert second["parents"] == [head("first")]
    assert second["author"]["date"] == "2005-04-07T22:13:13+02:00"
    assert second["message"] == "second\n\nWhy it is so."
    assert second["added"] == [{"path": "d/new", "hash": md5(b"x" * 2048), "size": 2048}]
    assert second["changed"] == [
        {
            "old": {"path": "d/b", "hash": md5(b"22"), "size": 2},
            "new": {"path": "d/b", "hash": md5(b"4444"), "size": 4},
        }
    ]
    assert second["size_change"] == 2050
    assert first["refs"] == ["tag: first"]
    assert json.loads(cli("log", "--json", "-n", "0", "d").out) == []


def test_options_of_git_log(story: Path, cli: Cli) -> None:
    def commits(*arguments: str) -> list[str]:
        return [line[:8] for line in cli("log", "--oneline", *arguments).out.splitlines()]

    one, two = head("first")[:8], head()[:8]
    assert commits("d") == [two, one]
    assert commits("--reverse", "d") == [one, two]
    assert commits("first..main", "--", "d") == [two]
    assert commits("first") == [one]
    assert commits("--max-count", "1") == [two]
    assert commits("--since", "2006-01-01", "d") == []
    assert commits("--after", "2004-01-01", "--before", "2006-01-01", "d") == [two, one]
    assert commits("--grep", "first", "d") == [one]
    assert commits("--author", "Thor") == [two, one]
    assert commits("--all", "d/a") == [two, one]
    assert commits("--no-follow", "d/moved") == [two]
    assert commits("--first-parent") == [two, one]


def test_a_path_that_never_was_is_named(story: Path, cli: Cli) -> None:
    said = cli("log", "d/mover")
    assert said.code == 1
    assert said.err == ("error: no commit here tracks d/mover\nhint: did you mean 'd/moved'?\n")


def test_a_list_that_is_not_in_the_cache_is_said(story: Path, cli: Cli) -> None:
    value = Path("d.dvc").read_text().split()[3]
    Path(".dvc", "cache", "files", "md5", value[:2], value[2:]).unlink()
    said = cli("log", "--oneline", "-p", "-n1", "d")
    assert said.code == 0
    assert said.out.splitlines() == [
        f"{head()[:8]} (HEAD -> main, tag: second) second  "
        "[+1 file, list of files not in the cache here, +2.00 KiB]",
        "      unknown:  d (its list of files is not in the cache here)",
    ]


def test_a_message_cannot_reach_the_terminal(story: Path, cli: Cli) -> None:
    Path("d/b").unlink()
    Path("d/b\x1b[2J").write_text("x")
    assert cli("add", "-q", "d").code == 0
    run_git("commit", "-qam", "evil \x1b[2J", "--author", "\x1b]0;x <a@b>", cwd=story)
    for arguments in (("-p",), ("-p", "--oneline"), ("--json",)):
        assert "\x1b" not in cli("log", *arguments).out
