"""What the quick ways in must not load: each of these costs more than Python's own start."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli import terminal
from tests.cli.conftest import Cli
from tests.conftest import run_git

SLOW = {
    "typer",
    "rich",
    "yaml",
    "dulwich",
    "filelock",
    "subprocess",
    "inspect",
    "pathspec",
    "asyncio",
    "importlib.metadata",
}
PROGRAM = """
import sys
sys.argv[1:] = {arguments!r}
from git_dvc.__main__ import main
code = main()
print("MODULES", *sys.modules)
sys.exit(code)
"""


def loaded_by(arguments: list[str], cwd: Path) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(arguments=arguments)],
        cwd=cwd,
        env=terminal.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.rpartition("MODULES ")[2].split())


@pytest.mark.parametrize(
    "arguments",
    [["--version"], ["-V"], ["version"], ["root"], ["status"], ["status", "-q"]],
    ids=" ".join,
)
def test_quick_commands_load_nothing_slow(arguments: list[str], project: Path, cli: Cli) -> None:
    (project / "model").write_text("weights")
    cli("add", "-q", "model")
    assert not loaded_by(arguments, project) & SLOW


def test_getting_a_file_loads_no_reader_of_command_lines(project: Path, cli: Cli) -> None:
    (project / "data").mkdir()
    (project / "data" / "one").write_text("1")
    cli("add", "-q", "data")
    found = loaded_by(["get", "-q", ".", "data/one", "-o", "copy"], project)
    assert (project / "copy").read_text() == "1"
    assert not found & {"typer", "rich", "inspect", "click"}


def test_comparing_versions_loads_no_reader_of_command_lines(project: Path, cli: Cli) -> None:
    (project / "params.yaml").write_text("lr: 1\n")
    run_git("add", "-A", cwd=project)
    run_git("commit", "-qm", "1", cwd=project)
    for words in (["params", "diff", "HEAD", "HEAD"], ["metrics", "show", "params.yaml", "-a"]):
        found = loaded_by(words, project)
        assert "git_dvc.ops.versions" in found
        assert not found & {"typer", "rich", "click"}


def test_looking_at_stages_loads_no_reader_of_command_lines(project: Path, cli: Cli) -> None:
    cli("stage", "add", "-q", "-n", "train", "-o", "model", "train")
    for words in (["dag", "--full"], ["stage", "list", "--all"]):
        found = loaded_by(words, project)
        assert "git_dvc.pipeline.loading" in found
        assert not found & (SLOW - {"inspect", "subprocess"})


@pytest.mark.parametrize(
    "more",
    [["-o"], ["--rev"], ["third"], ["--remote-config", "a"], ["-x"]],
    ids=" ".join,
)
def test_get_with_a_wrong_command_line_is_answered_with_the_usage(
    more: list[str], project: Path, cli: Cli
) -> None:
    done = cli("get", ".", "data", *more)
    assert done.code == 129
    assert not (project / "copy").exists()


def test_the_version_alone_loads_next_to_nothing(tmp_path: Path) -> None:
    ours = {name for name in loaded_by(["--version"], tmp_path) if name.startswith("git_dvc")}
    assert ours == {"git_dvc", "git_dvc.__main__"}


def test_status_with_other_options_goes_to_typer_and_says_the_same(project: Path, cli: Cli) -> None:
    (project / "model").write_text("weights")
    cli("add", "model")
    (project / "model").write_text("other")
    assert cli("status", "--json") == cli("--wait-for-lock", "status", "--json")
    assert cli("status", "-q").code == cli("status", "-q", "-R").code == 1
