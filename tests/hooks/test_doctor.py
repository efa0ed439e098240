"""``git dvc doctor``: whatever is wrong is found, and what it says to type puts it right."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests import launcher, scene

Done = subprocess.CompletedProcess[str]


class Scene:
    """A project with hooks, and a doctor."""

    def __init__(self, top: Path, program: Path) -> None:
        self.top = top
        self.program = program
        self.path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"

    def run(self, *args: str | Path) -> Done:
        return scene.run(*args, cwd=self.top, env={"PATH": self.path})

    def ok(self, *args: str | Path) -> str:
        done = self.run(*args)
        assert done.returncode == 0, f"{args}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def wrong(self) -> dict[str, str]:
        """Return what doctor finds wrong, in its words."""
        done = self.run(self.program, "doctor", "--json")
        said: dict[str, Any] = json.loads(done.stdout)
        found = {check["what"]: check["how"] for check in said["checks"] if not check["ok"]}
        assert done.returncode == int(bool(found)), done.stderr
        return found

    def repair(self) -> None:
        """Type what doctor says."""
        text = self.run(self.program, "doctor").stdout
        _, _, commands = text.partition("to repair this, type:\n")
        assert commands, text
        for command in commands.splitlines():
            self.ok("sh", "-c", command.strip())


@pytest.fixture
def place(git_repo: Path, tmp_path: Path) -> Scene:
    made = Scene(git_repo, launcher.write(tmp_path / "bin"))
    made.ok(made.program, "init", "-q")
    assert made.wrong() == {}
    return made


def test_a_healthy_clone(place: Scene) -> None:
    text = place.ok(place.program, "doctor")
    assert "\nok  post-checkout       installed, run by Git\n" in text
    assert "\nok  filter.dvc.process  Git tells when it writes pointer files\n" in text
    assert text.endswith("all is well: data follows Git here\n")
    assert text.startswith(place.ok(place.program, "version"))


def hook(place: Scene, name: str) -> Path:
    return place.top / ".git" / "hooks" / name


@pytest.mark.parametrize("harm", ["gone", "mode", "old", "program", "foreign"])
def test_a_hook(place: Scene, harm: str) -> None:
    path = hook(place, "post-merge")
    text = path.read_text()
    if harm == "gone":
        path.unlink()
    elif harm == "mode":
        path.chmod(0o644)
    elif harm == "old":
        path.write_text("#!/bin/sh\n# git-dvc hook v1\n")
    elif harm == "program":
        path.write_text(text.replace(str(place.program), "/gone/git-dvc"))
    else:
        path.write_text("#!/bin/sh\nexit 0\n")
    words = {
        "gone": "absent",
        "mode": f"not executable: {path} is not executable",
        "old": "outdated: it is of version 1, and this git-dvc has 4",
        "program": "outdated: its program is gone: /gone/git-dvc",
        "foreign": "foreign: there is a hook that is not ours",
    }
    assert place.wrong() == {"post-merge": words[harm]}
    place.repair()
    assert place.wrong() == {}


def test_the_filter(place: Scene) -> None:
    attributes = place.top / ".git" / "info" / "attributes"
    attributes.unlink()
    words = "missing: no attributes of this clone name it"
    assert place.wrong() == {"filter.dvc.process": words}
    place.repair()
    assert place.wrong() == {}
    place.ok("git", "config", "filter.dvc.process", "mine")
    assert place.wrong() == {}
    assert "filter.dvc.process  not ours: mine; so the hooks look at each checkout\n" in place.ok(
        place.program, "doctor"
    )


def test_a_program_that_moved(place: Scene, tmp_path: Path) -> None:
    moved = launcher.write(tmp_path / "moved")
    place.program.unlink()
    place.program = moved
    place.path = f"{moved.parent}{os.pathsep}{os.environ['PATH']}"
    found = place.wrong()
    assert {"post-checkout", "pre-push", "diff.dvc.textconv", "merge.dvc.driver"} <= found.keys()
    assert all("program is gone" in words for words in found.values())
    place.repair()
    assert place.wrong() == {}


def test_settings_and_attributes(place: Scene) -> None:
    place.ok("git", "config", "--unset", "diff.dvc.textconv")
    (place.top / ".gitattributes").write_text("*.dvc diff=dvc merge=dvc\n")
    assert place.wrong() == {
        "diff.dvc.textconv": "missing: it is not set",
        ".gitattributes": "lacks 'dvc.lock diff=dvc merge=dvc'",
    }
    place.repair()
    assert place.wrong() == {}


def test_a_driver_of_the_user(place: Scene) -> None:
    place.ok("git", "config", "merge.dvc.driver", "my-merge %A")
    place.ok("git", "config", "--unset", "diff.dvc.textconv")
    assert place.wrong()["merge.dvc.driver"] == "not ours: my-merge %A"
    place.repair()
    assert place.wrong() == {}
    assert place.ok("git", "config", "merge.mine.driver") == "my-merge %A\n"


def test_choices_of_the_user_are_told_and_are_not_wrong(place: Scene) -> None:
    place.ok("git", "config", "dvc.autoSync", "false")
    (place.top / ".gitattributes").write_text("*.dvc merge=ours diff=dvc\ndvc.lock -diff -merge\n")
    path = hook(place, "pre-commit")
    path.write_text(path.read_text() + "# mine\n")
    assert place.wrong() == {}
    text = place.ok(place.program, "doctor")
    assert "is false: that part of the hooks is turned off" in text
    assert "has '*.dvc merge=ours'" in text
    assert "edited: its text was changed by hand ('git dvc install --force' writes it anew)" in text


def test_a_variable_that_turns_everything_off(place: Scene) -> None:
    done = scene.run(place.program, "doctor", cwd=place.top, env={"GIT_DVC_SKIP": "1"})
    assert done.returncode == 1
    assert "unset GIT_DVC_SKIP" in done.stdout


def test_outside_of_a_project(place: Scene, tmp_path: Path) -> None:
    place.top = tmp_path
    text = place.ok(place.program, "doctor")
    assert text.endswith("project: none here\n")
    assert json.loads(place.ok(place.program, "doctor", "--json"))["checks"] == []
