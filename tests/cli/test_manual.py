"""The manual pages: up to date, well-formed, found by Git, and the same as ``-h``."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from git_dvc.cli import app, help, manual, settings
from tests import launcher
from tests.cli import terminal
from tests.cli.conftest import Cli

TOP = launcher.TOP
SHARE = Path(help.SHARE)
PAGES = SHARE / "man" / "man1"


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"no {program} here")


def test_the_pages_are_up_to_date() -> None:
    made = manual.files()
    there = {
        path.relative_to(SHARE).as_posix(): path.read_text()
        for path in [*PAGES.iterdir(), SHARE / manual.WORDS]
    }
    stale = sorted(name for name in {*made, *there} if made.get(name) != there.get(name))
    assert not stale, f"run '{manual.REGENERATE}' and commit what it writes"


def test_writing_again_changes_nothing_and_old_pages_go(tmp_path: Path) -> None:
    manual.write(str(tmp_path))
    old = tmp_path / "man" / "man1" / "git-dvc-gone.1"
    old.write_text("a command that is no more")
    assert manual.write(str(tmp_path)) == ["man/man1/git-dvc-gone.1"]
    assert not old.exists()
    assert manual.write(str(tmp_path)) == []


def rendered(page: str) -> str:
    done = subprocess.run(
        ["man", "-l", str(PAGES / page)],
        env={
            **os.environ,
            "MANWIDTH": "100",
            "MANPAGER": "cat",
            "PAGER": "cat",
            "LC_ALL": "C.UTF-8",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return re.sub(".\b", "", done.stdout)


@needs("man")
def test_the_page_says_all_there_is_to_say() -> None:
    text = rendered("git-dvc.1")
    heads = re.findall(r"^([A-Z][A-Z ]+)$", text, re.MULTILINE)
    assert heads == [
        "NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "COMMANDS", "CONFIGURATION", "HOOKS",
        "FILES", "ENVIRONMENT", "EXIT STATUS", "EXAMPLES", "SEE ALSO",
    ]  # fmt: skip
    flat = " ".join(text.split())
    for page in manual.pages():
        assert f"git dvc {page.entry.name}" in flat
        assert f"{page.name}(1)" in flat
        for option in page.options:
            assert option.shown in flat, f"{page.name} {option.shown}"
    for setting in settings.SETTINGS:
        assert f"{setting.name} = {setting.values}" in flat
    for name in ("GIT_DVC_SKIP", "NO_COLOR", "post-checkout", ".dvcignore"):
        assert name in flat


@needs("man")
@pytest.mark.parametrize("page", manual.pages(), ids=lambda page: page.name)
def test_the_page_of_a_command_has_all_that_its_help_has(page: manual.Page, cli: Cli) -> None:
    text = rendered(f"{page.name}.1")
    flat = " ".join(text.split())
    said = cli(*page.entry.name.split(" "), "-h").out
    usage = said.splitlines()[0].removeprefix("usage: ")
    assert usage in flat
    for line in said.partition("\nexamples:\n")[2].splitlines():
        assert line.strip() in text
    for option in page.options:
        assert option.shown in flat and option.text in flat
        assert all(name in said for name in option.names)


@needs("groff")
def test_groff_finds_nothing_wrong() -> None:
    pages = sorted(map(str, PAGES.iterdir()))
    done = subprocess.run(
        ["groff", "-man", "-ww", "-z", "-Tutf8", *pages], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""


@needs("mandoc")
def test_mandoc_finds_nothing_wrong_but_the_date_that_we_leave_out() -> None:
    for page in sorted(PAGES.iterdir()):
        done = subprocess.run(
            ["mandoc", "-T", "lint", "-W", "warning", str(page)],
            capture_output=True,
            text=True,
            check=False,
        )
        wrong = [line for line in done.stdout.splitlines() if "missing date" not in line]
        assert wrong == []


def test_what_roff_would_take_for_itself_is_text() -> None:
    assert manual._text(".dvc\\x 'a' -b `c` ü") == (
        "\\&.dvc\\ex \\(aqa\\(aq \\-b \\(gac\\(ga \\[u00FC]"
    )


@needs("man")
@pytest.mark.parametrize("arguments", [["dvc", "--help"], ["help", "dvc"], ["help", "git-dvc-add"]])
def test_git_finds_the_page_where_it_is_installed(arguments: list[str], tmp_path: Path) -> None:
    """As in a virtual environment: ``man`` looks in ``share/man`` beside ``bin``."""
    program = launcher.write(tmp_path / "bin")
    shutil.copytree(PAGES, tmp_path / "share" / "man" / "man1")
    env = {name: value for name, value in terminal.environment().items() if name != "MANPATH"}
    env["PATH"] = f"{program.parent}{os.pathsep}{env['PATH']}"
    done = subprocess.run(
        ["git", *arguments],
        env={**env, "MANPAGER": "cat", "GIT_PAGER": "cat"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    name = "GIT-DVC-ADD(1)" if arguments[1] == "git-dvc-add" else "GIT-DVC(1)"
    assert done.stdout.startswith(name)


# -- git dvc help ------------------------------------------------------------------------------


def test_help_of_a_command_is_its_page_and_an_alias_has_the_page_of_its_command() -> None:
    assert app._page_name([]) == "git-dvc"
    assert app._page_name(["cache", "dir"]) == "git-dvc-cache-dir"
    assert app._page_name(["mv"]) == "git-dvc-move"
    assert app._page_name(["no-such"]) is None
    assert app._page_name(["../../../../etc/passwd"]) is None


def on_terminal_with_man(tmp_path: Path, script: str, *arguments: str) -> str:
    program = launcher.write(tmp_path / "bin")
    man = tmp_path / "bin" / "man"
    man.write_text(f"#!/bin/sh\n{script}\n")
    man.chmod(0o755)
    env = terminal.environment()
    env["PATH"] = f"{program.parent}{os.pathsep}{env['PATH']}"
    return terminal.on_terminal([str(program), *arguments], cwd=tmp_path, env=env)[1]


def test_help_opens_the_page_on_a_terminal(tmp_path: Path) -> None:
    shown = on_terminal_with_man(tmp_path, 'echo "man: $1"', "help", "add")
    assert shown.strip() == f"man: {PAGES / 'git-dvc-add.1'}"


def test_help_without_a_working_man_prints_the_usage(tmp_path: Path) -> None:
    assert "usage: git dvc add " in on_terminal_with_man(tmp_path, "exit 16", "help", "add")


# -- settings ----------------------------------------------------------------------------------


def test_settings_are_the_same_in_code_readme_and_help(cli: Cli) -> None:
    readme = (TOP / "README.md").read_text()
    table = readme[readme.index("## Settings") : readme.index("## Coming from DVC")]
    told = set(re.findall(r"`git config (?:--add )?((?:dvc|color|pager)\.\w+(?:\.\w+)?)", table))
    names = [setting.name for setting in settings.SETTINGS]
    assert told == set(names), "README and git_dvc/cli/settings.py differ"
    said = cli("config", "-h").out
    assert all(name in said for name in names)


def test_every_entry_of_the_map_of_commands_has_a_page() -> None:
    listed = {entry.name for group in app.COMMANDS.values() for entry in group}
    assert {page.entry.name for page in manual.pages()} == listed
    assert {path.stem for path in PAGES.iterdir()} == {
        "git-dvc", *(page.name for page in manual.pages())
    }  # fmt: skip
