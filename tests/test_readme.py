"""README is run: every ``sh`` block in order, in one shell, and what is shown after it must appear.

A ``text`` block right after an ``sh`` block holds lines of its output, in their order; what
lies between them is left out. The two blocks for a fresh machine need the network and a
minute; they run in a clone, in tests marked slow.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests import launcher

TOP = Path(__file__).resolve().parents[1]
README = (TOP / "README.md").read_text()
BLOCK = re.compile(
    r"^(?:<!-- fresh machine: (?P<fresh>\w+) -->\n)?"
    r"```sh\n(?P<script>.*?)^```\n"
    r"(?:```text\n(?P<shown>.*?)^```\n)?",
    re.MULTILINE | re.DOTALL,
)
MARK = "=== block "


class Block(NamedTuple):
    """Commands for a shell, and lines of what they print."""

    fresh: str | None
    script: str
    shown: list[str]


def blocks() -> list[Block]:
    return [
        Block(found["fresh"], found["script"], (found["shown"] or "").splitlines())
        for found in BLOCK.finditer(README)
    ]


def fresh(name: str) -> str:
    (script,) = (block.script for block in blocks() if block.fresh == name)
    return script


def test_every_block_of_commands_does_what_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = launcher.write(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    told = [block for block in blocks() if block.fresh is None]
    assert len(told) >= 10
    script = "".join(f"echo '{MARK}{n}'\n{block.script}" for n, block in enumerate(told))
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    printed = re.split(rf"^{MARK}\d+\n", done.stdout, flags=re.MULTILINE)[1:]
    assert len(printed) == len(told)
    for block, output in zip(told, printed, strict=True):
        lines = iter(output.splitlines())
        missing = [line for line in block.shown if line not in lines]
        assert not missing, f"after\n{block.script}\nthere is no {missing} in\n{output}"


def test_readme_shows_no_commands_that_nobody_runs() -> None:
    fences = re.findall(r"^```(\w*)$", README, re.MULTILINE)
    assert set(fences) <= {"sh", "text", "python", ""}  # Python: in test_api.py
    assert fences.count("sh") == len(blocks())


def test_ci_runs_the_very_line_that_readme_shows() -> None:
    assert fresh("tests") in (TOP / ".ci" / "run").read_text().splitlines(keepends=True)


def test_every_command_is_in_the_table_and_only_those() -> None:
    from git_dvc.cli import app

    table = README[README.index("## Commands") : README.index("## Hooks")]
    rows = [line for line in table.splitlines() if line.startswith("| `git dvc ")]
    words = {
        re.split(r" [A-Z\[]", name.removeprefix("git dvc "))[0]
        for row in rows
        for name in re.findall(r"`([^`]+)`", row.split(" | ")[0])
    }
    shown = {entry.name for group in app.COMMANDS.values() for entry in group}
    assert words == shown


def test_settings_in_readme_exist() -> None:
    table = README[README.index("## Settings") : README.index("## Coming from DVC")]
    named = set(re.findall(r"`git config (?:--add )?(dvc\.\w+(?:\.[a-z]+)?)", table))
    source = "".join(path.read_text() for path in sorted((TOP / "git_dvc").rglob("*.py")))
    used = set(re.findall(r'"(dvc\.\w+(?:\.[a-z]+)?)\.?"', source))
    assert named == used - {*FILES}


FILES = ("dvc.yaml", "dvc.lock", "dvc.exe")


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\((?!http)([^)#]+)\)", README))))
def test_links_lead_somewhere(link: str) -> None:
    assert (TOP / link).exists()


# -- on a fresh machine ----------------------------------------------------------------------


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a copy of this checkout as a new user has it: what Git knows, and nothing else."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=TOP,
        capture_output=True,
        check=True,
    )
    folder = tmp_path / "git-dvc"
    for name in listed.stdout.decode().split("\0"):
        if name and (TOP / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((TOP / name).read_bytes())
            (folder / name).chmod((TOP / name).stat().st_mode)
    return folder


def run_fresh(script: str, folder: Path, **variables: str) -> str:
    # pip's own settings (an index, a proxy) are the machine's; those of this venv are not.
    path = [
        place
        for place in os.environ["PATH"].split(os.pathsep)
        if place != os.path.dirname(sys.executable) or sys.prefix == sys.base_prefix
    ]
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env={**kept, "PATH": os.pathsep.join(path), **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    if "CI" not in os.environ and "No matching distribution found" in done.stdout:
        pytest.skip("no packages are to be had here")
    assert done.returncode == 0, done.stdout[-5000:]
    return done.stdout


@pytest.mark.slow
def test_the_first_command_installs_and_plays_the_tour(checkout: Path) -> None:
    output = run_fresh(fresh("tour"), checkout)
    assert "claims were checked and are true" in output
    assert "✗" not in output


@pytest.mark.slow
@pytest.mark.skipif("GIT_DVC_TEST_IS_README" in os.environ, reason="it is what runs us (.ci/run)")
def test_the_second_command_installs_and_runs_the_checks(checkout: Path) -> None:
    # All checks, but only a few tests: all of them are what this test is one of.
    output = run_fresh(fresh("tests"), checkout, PYTEST_ADDOPTS="tests/tour tests/cli/test_app.py")
    assert "All checks passed!" in output  # ruff
    assert "Success: no issues found" in output  # mypy
    assert re.search(r"\d+ passed", output.splitlines()[-1])
