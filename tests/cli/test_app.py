from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from git_dvc.cli import app
from tests.cli import terminal

NAMES = [name for entry in app.entries() for name in (entry.name, *entry.aliases)]


def test_git_dvc_alone_lists_every_command_by_what_it_is_for(tmp_path: Path) -> None:
    done = terminal.run(cwd=tmp_path)
    assert done.returncode == 1
    for title, listed in app.COMMANDS.items():
        assert title in done.stdout
        for entry in listed:
            assert f"   {entry.name} " in done.stdout
    assert not any(line.startswith("   hook ") for line in done.stdout.splitlines())


@pytest.mark.parametrize("arguments", [["-h"], ["--help"], ["help"]])
def test_the_help_of_all(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.run(arguments) == 0
    assert capsys.readouterr().out.startswith("usage: git dvc ")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_every_command_has_help_with_an_example(
    name: str, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.run([*name.split(" "), option]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"usage: git dvc {name}")
    examples = out.partition("\nexamples:\n")[2].splitlines()
    words = {name, *(entry.name for entry in app.entries() if name in entry.aliases)}
    assert any(word in line for line in examples for word in words)
    assert all(line.startswith("    ") for line in examples)
    assert "-q, --quiet" in out and "-v, --verbose" in out
    for line in out.splitlines():
        assert len(line) <= 90, line


@pytest.mark.parametrize("name", ["cache", "data"])
def test_a_group_alone_lists_its_commands(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run([name]) == 1
    assert "commands:" in capsys.readouterr().out
    assert app.run([name, "-h"]) == 0


def test_help_names_a_command_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["help", "cache", "dir"]) == 0
    assert capsys.readouterr().out.startswith("usage: git dvc cache dir ")


def test_a_mistyped_command_is_answered_with_the_most_similar(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert app.run(["chekout"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == (
        "git-dvc: 'chekout' is not a git-dvc command. See 'git dvc -h'.\n"
        "\n"
        "The most similar command is\n"
        "\tcheckout\n"
    )


def test_a_mistyped_word_of_a_group(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["cache", "migrat"]) == 1
    err = capsys.readouterr().err
    assert "'cache migrat' is not a git-dvc command. See 'git dvc cache -h'." in err
    assert err.endswith("\tcache migrate\n")


def test_a_word_like_nothing_gets_no_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["xyzzy"]) == 1
    assert "similar" not in capsys.readouterr().err


def test_escape_sequences_in_a_mistyped_command_are_shown_as_text(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert app.run(["\033[2Jx"]) == 1
    assert "\033" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message", "usage"),
    [
        (["add"], "error: missing argument 'target'", "git dvc add [<options>] <target>..."),
        (["add", "--fore", "x"], "error: no such option", "git dvc add "),
        (["--nonsense"], "error: no such option", "git dvc "),
        (["move", "a", "b", "c"], "error: got unexpected extra argument", "git dvc move "),
        (["data", "status", "--untracked-files=some"], "error: invalid value", "git dvc data st"),
    ],
)
def test_a_wrong_command_line_ends_with_129(
    arguments: list[str], message: str, usage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.run(arguments) == 129
    err = capsys.readouterr().err
    assert err.startswith(message)
    assert f"\nusage: {usage}" in err
    assert "\nhint: see 'git dvc" in err


def test_a_directory_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["-C", "/no/such/place", "root"]) == 129
    assert "error: cannot change to /no/such/place: No such file" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_the_version(option: str, tmp_path: Path) -> None:
    done = terminal.run(option, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "git-dvc 0.1.0\n")
    done = terminal.run("-q", option, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "git-dvc 0.1.0\n")


def test_only_the_module_of_the_command_is_imported(tmp_path: Path) -> None:
    listing = (
        "import sys; from git_dvc.cli import app; app.run(['add', '-h']);"
        "print([n for n in sys.modules if n.startswith('git_dvc.cli.')], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", listing],
        env=terminal.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(eval(done.stderr))
    assert "git_dvc.cli.add" in loaded
    assert not loaded & {f"git_dvc.cli.{name}" for name in ("checkout", "status", "render")}


def test_targets_may_be_many_after_one_option() -> None:
    command = app.load(next(e for e in app.entries() if e.name == "diff"), "diff")
    words = ["v1", "--targets", "a", "b", "--json", "--", "-x"]
    assert list(command._spelled_out(words)) == [
        "v1", "--targets", "a", "--targets", "b", "--json", "--", "-x",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "spelled_out"),
    [
        (["--untracked-files"], ["--untracked-files", "all"]),
        (["--untracked-files", "no"], ["--untracked-files", "no"]),
        (["--untracked-files=no"], ["--untracked-files=no"]),
        (["--untracked-files", "dir"], ["--untracked-files", "all", "dir"]),
    ],
)
def test_an_option_whose_value_may_be_left_out(words: list[str], spelled_out: list[str]) -> None:
    command = app.load(next(e for e in app.entries() if e.name == "data status"), "status")
    assert list(command._spelled_out(words)) == spelled_out
