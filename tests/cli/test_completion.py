"""Completion: the answers themselves, and what bash, zsh and fish make of them."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from git_dvc.cli import app, complete
from git_dvc.cli.help import SHARE
from tests import launcher
from tests.cli import terminal
from tests.cli.conftest import Cli
from tests.cli.test_start_up import SLOW, loaded_by
from tests.conftest import run_git

SCRIPTS = Path(SHARE) / "completion"
HOSTILE = "we ird$(touch PWNED);`touch PWNED`'\"&|x"
GIT_COMPLETION = [
    Path("/usr/share/bash-completion/completions/git"),
    Path("/usr/local/share/bash-completion/completions/git"),
    Path("/usr/share/git/completion/git-completion.bash"),
]


@pytest.fixture
def data(project: Path, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project with tracked, new and hostile names, and ``git dvc`` on PATH."""
    program = launcher.write(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    for name in ("images/cat.png", "images/dog.png", "model", "raw/new.csv", "src/main.py"):
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text(name)
    (project / HOSTILE).write_text("hostile")
    cli("add", "-q", "images", "model", HOSTILE)
    run_git("add", "src", cwd=project)
    (project / "src" / "new.bin").write_text("new")
    run_git("commit", "-q", "-m", "one", cwd=project)
    run_git("tag", "v1.0", cwd=project)
    run_git("branch", "feature/x", cwd=project)
    return project


def ask(*words: str) -> list[str]:
    """Return the answers for the words after ``git dvc``, the last one being completed."""
    here = os.getcwd()
    try:
        return [line.split("\t")[1] for line in complete.lines(list(words))]
    finally:
        os.chdir(here)


# -- the answers -------------------------------------------------------------------------------


def test_the_first_word_is_a_command() -> None:
    listed = {entry.name.split(" ")[0] for group in app.COMMANDS.values() for entry in group}
    assert listed | {"help"} <= set(ask(""))
    assert ask("chec") == ["checkout", "check-ignore"]
    assert ask("cache", "") == ["migrate", "dir"]
    assert ask("-q", "-C", ".", "unp") == ["unprotect"]
    assert ask("help", "cach") == ["cache"]
    assert ask("no-such-command", "") == []
    assert "-C" in ask("-")


def test_stages_are_offered_by_name(data: Path) -> None:
    (data / "dvc.yaml").write_text(
        "stages:\n  train: {cmd: x}\n  each:\n    foreach: [a]\n    do: {cmd: x}\n"
    )
    offered = ask("repro", "")
    assert offered[:3] == ["each", "train", "each@a"]
    assert "model.dvc" in offered and "model" not in offered
    assert ask("freeze", "tr") == ["train"]
    assert ask("repro", "train", "tr") == []
    assert ask("checkout", "") == ["each", "train", "each@a", *ask("unprotect", "")]
    (data / "dvc.yaml").write_text("stages: [\n")
    assert "model.dvc" in ask("repro", "")


def test_plots_and_their_templates(data: Path) -> None:
    (data / "dvc.yaml").write_text("plots:\n- raw/new.csv\n- both: {y: {raw/new.csv: a}}\n")
    (data / ".dvc/plots").mkdir()
    (data / ".dvc/plots/mine.json").write_text("{}")
    assert ask("plots", "show", "bo") == ["both"]
    assert ask("plots", "show", "raw") == ["raw/new.csv", "raw/"]
    assert ask("plots", "diff", "v1.0", "--targets", "bo") == ["both"]
    assert ask("plots", "diff", "v1") == ["v1.0"]
    assert ask("plots", "show", "-t", "sc") == ["scatter", "scatter_jitter"]
    assert ask("plots", "templates", "mi") == ["mine"]


def test_options_and_their_values() -> None:
    assert ask("add", "--no-") == ["--no-commit", "--no-relink"]
    assert ask("add", "--no-commit", "--no-") == ["--no-relink"]
    assert ask("add", "-o") == ["-o"]
    assert ask("data", "status", "--untracked-files=") == [
        "--untracked-files=no",
        "--untracked-files=all",
    ]
    assert ask("data", "status", "--untracked-files", "a") == ["all"]
    assert ask("completion", "") == ["bash", "zsh", "fish"]


def test_every_option_of_every_command_is_offered() -> None:
    for entry in app.entries():
        if entry in app.HIDDEN:
            continue
        command = app.load(entry, entry.name)
        offered = ask(*entry.name.split(" "), "--")
        for parameter in command.params:
            if parameter.param_type_name == "option" and not parameter.hidden:
                longest = [name for name in parameter.opts if name.startswith("--")]
                assert not longest or {*longest} & {*offered}, f"{entry.name} {longest}"


def test_targets_are_tracked_data_and_pointer_files(data: Path) -> None:
    tracked = ["images/", "images.dvc", "model", "model.dvc", HOSTILE, f"{HOSTILE}.dvc"]
    assert sorted(ask("checkout", "")) == sorted(tracked)
    assert ask("checkout", "im") == ["images/", "images.dvc"]
    assert ask("checkout", "images/") == ["images/cat.png", "images/dog.png"]
    assert ask("checkout", "--force", "images/cat.png", "images/") == ["images/dog.png"]
    assert ask("checkout", "--", "mod") == ["model", "model.dvc"]
    assert ask("remove", "../") == ask("status", "/etc/") == []


def test_data_that_is_gone_is_offered_too(data: Path) -> None:
    (data / "model").unlink()
    assert ask("checkout", "mod") == ["model", "model.dvc"]


def test_targets_are_seen_from_where_one_stands(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(data / "src")
    assert ask("checkout", "../mo") == ["../model", "../model.dvc"]
    assert ask("checkout", "") == []
    assert ask("add", "") == ["new.bin"]
    assert ask("-C", "..", "checkout", "mo") == ["model", "model.dvc"]
    assert ask("checkout", str(data / "mo")) == [str(data / "model"), str(data / "model.dvc")]


def test_add_is_offered_what_is_new_and_what_may_have_changed(data: Path) -> None:
    assert sorted(ask("add", "")) == sorted(["images/", "model", "raw/", "src/", HOSTILE])
    assert ask("add", "src/") == ["src/new.bin"]
    assert ask("add", "raw/") == ["raw/new.csv"]
    assert ask("add", "images/d") == ["images/dog.png"]
    assert ask("add", "--out", "ra") == ["raw/"]


def test_revisions(data: Path) -> None:
    assert ask("diff", "") == ["HEAD", "feature/x", "main", "v1.0"]
    assert ask("diff", "v1.0", "fe") == ["feature/x"]
    assert ask("diff", "v1.0", "HEAD", "im") == ["images/", "images.dvc"]
    assert ask("diff", "--targets", "model", "im") == ["images/", "images.dvc"]
    assert ask("diff", "--targets", "model", "--js") == ["--json"]


def test_settings_and_their_values(project: Path) -> None:
    assert ask("config", "cache.t") == ["cache.type"]
    assert ask("config", "core.autostage", "") == ["true", "false"]
    assert ask("config", "cache.type", "hardlink,c") == ["hardlink,copy"]
    assert ask("config", "--local", "cache.shared", "") == ["group"]


def test_names_that_no_line_can_hold_are_left_out(data: Path) -> None:
    for name in (
        "line\nbreak",
        "tab\tbed",
        "esc\033[2J",
        b"latin-\xe9".decode("utf-8", "surrogateescape"),
    ):
        (data / name).write_text("x")
    found = ask("add", "")
    assert not any(set("\n\t\033") & set(name) for name in found)
    assert os.fsdecode(b"latin-\xe9") in found


@pytest.mark.parametrize("words", [["checkout", ""], ["add", ""], ["diff", ""]])
def test_outside_of_a_repository_nothing_is_said(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    assert ask(*words) == []


def test_a_broken_repository_is_no_reason_to_print_an_error(data: Path) -> None:
    (data / ".git" / "index").write_bytes(b"no index")
    assert ask("checkout", "") == []
    assert ask("-C", "no-such-folder", "checkout", "") == []


def test_it_changes_nothing_and_loads_nothing_slow(data: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in data.rglob("*")}
    for words in (["checkout", ""], ["add", ""], ["diff", ""], [""]):
        assert not loaded_by(["complete", "--", *words], data) & SLOW
    assert {path: path.stat().st_mtime_ns for path in data.rglob("*")} == before


# -- the shells --------------------------------------------------------------------------------


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_printed(shell: str, cli: Cli) -> None:
    names = {"bash": "git-dvc", "zsh": "_git-dvc", "fish": "git-dvc.fish"}
    assert cli("completion", shell).out == (SCRIPTS / names[shell]).read_text()


def test_an_unknown_shell(cli: Cli) -> None:
    assert cli("completion", "tcsh").code == 129


def shell(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"no {name} here")
    return found


BASH = """
. '{git}'
eval "$(git dvc completion bash)"
typed() {{
    COMP_LINE=$1 COMP_POINT=${{#1}} COMP_WORDS=("${{@:2}}") COMP_CWORD=$(($# - 2)) COMPREPLY=()
    __git_wrap__git_main 2>/dev/null
    printf '<%s>' "${{COMPREPLY[@]}}"
    echo
}}
typed 'git dvc chec' git dvc chec
typed 'git dvc diff v' git dvc diff v
typed 'git dvc data status --untracked-files=a' git dvc data status --untracked-files = a
typed 'git -C src dvc add n' git -C src dvc add n
typed 'git dvc checkout we' git dvc checkout we
typed 'git dvc checkout we\\ ird' git dvc checkout 'we\\ ird'
"""


def test_bash_through_the_completion_of_git(data: Path) -> None:
    there = [path for path in GIT_COMPLETION if path.exists()]
    if not there:
        pytest.skip("no bash completion of Git here")
    done = subprocess.run(
        [shell("bash"), "--norc", "-c", BASH.format(git=there[0])],
        cwd=data,
        env=terminal.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == [
        "<checkout ><check-ignore >",
        "<v1.0 >",
        "<all >",
        "<new.bin>",
        f"<{HOSTILE}><{HOSTILE}.dvc>",
        f"<{HOSTILE}><{HOSTILE}.dvc>",
    ]
    assert not (data / "PWNED").exists()


def on_keys(argv: list[str], start: str, keys: str, cwd: Path) -> str:
    """Type into an interactive shell; the line is printed by its own ``echo``, with TAB's work."""
    import pty

    pid, keyboard = pty.fork()
    if pid == 0:
        os.chdir(cwd)
        os.execve(argv[0], argv, {**terminal.environment(), "PS1": "> ", "COLUMNS": "200"})
    shown = b""

    def until(mark: bytes) -> None:
        nonlocal shown
        shown = b""
        end = time.monotonic() + 30
        while mark not in shown and time.monotonic() < end:
            ready, _, _ = select.select([keyboard], [], [], 0.2)
            if ready:
                try:
                    shown += os.read(keyboard, 65536)
                except OSError:
                    return

    try:
        os.write(keyboard, f"{start}\necho rea''dy\n".encode())
        until(b"ready\r\n")
        os.write(keyboard, f"{keys}\t".encode())
        # The shell reads these when it is done with TAB: to the start, before it an 'echo'.
        os.write(keyboard, b" ||\x01printf '<%s>' \x05 echo; echo do''ne\n")
        until(b"done\r\n")
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        os.close(keyboard)
    return shown.decode()


def test_bash_quotes_what_it_inserts(data: Path) -> None:
    """A name from a repository, typed by TAB, must stay a name."""
    there = [path for path in GIT_COMPLETION if path.exists()]
    if not there:
        pytest.skip("no bash completion of Git here")
    (data / f"{HOSTILE}.dvc").unlink()
    run_git("rm", "-q", "--cached", f"{HOSTILE}.dvc", cwd=data)
    start = f". {there[0]}; . '{SCRIPTS / 'git-dvc'}'; bind 'set enable-bracketed-paste off'"
    shown = on_keys([shell("bash"), "--norc"], start, "git dvc add we", data)
    assert f"<git><dvc><add><{HOSTILE}>" in shown
    assert not (data / "PWNED").exists()


@pytest.mark.parametrize(
    ("keys", "inserted"),
    [
        ("git dvc unp", "<git><dvc><unprotect>"),
        ("git dvc diff v", "<git><dvc><diff><v1.0>"),
        ("git dvc add sr", "<git><dvc><add><src>"),
        ("git dvc add we", f"<git><dvc><add><{HOSTILE}>"),
    ],
)
def test_zsh_through_the_completion_of_git(keys: str, inserted: str, data: Path) -> None:
    start = f"fpath=('{SCRIPTS}' $fpath); autoload -Uz compinit; compinit -u -D"
    shown = on_keys([shell("zsh"), "-f"], start, keys, data)
    assert inserted in shown
    assert not (data / "PWNED").exists()


def test_zsh_with_the_script_from_the_command(data: Path) -> None:
    start = "autoload -Uz compinit; compinit -u -D; source <(git dvc completion zsh)"
    shown = on_keys([shell("zsh"), "-f"], start, "git dvc unp", data)
    assert "<git><dvc><unprotect>" in shown


FISH = """
git dvc completion fish | source
for line in 'git dvc chec' 'git-dvc chec' 'git dvc diff v' 'git dvc checkout we' \\
    'git -C src dvc add n'
    complete -C $line
    echo
end
"""


def test_fish_through_the_completion_of_git(data: Path) -> None:
    done = subprocess.run(
        [shell("fish"), "-c", FISH],
        cwd=data,
        env=terminal.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    of_command = sorted(f"{name}\t{summary(name)}" for name in ("checkout", "check-ignore"))
    found = [sorted(part.splitlines()) for part in done.stdout.split("\n\n")]
    assert found[0] == found[1] == of_command
    assert found[2] == ["v1.0\ttag"]
    assert found[3] == [f"{HOSTILE}\ttracked", f"{HOSTILE}.dvc\tpointer file"]
    assert found[4] == ["new.bin\tuntracked"]
    assert not (data / "PWNED").exists()


def summary(name: str) -> str:
    return next(entry.summary for entry in app.entries() if entry.name == name)
