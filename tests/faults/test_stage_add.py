"""Writing a stage: every call to the disk fails once, or is the last. The file is never half."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from git_dvc.formats.stages import Flags
from git_dvc.ops import stage_add
from git_dvc.ops.init import init
from git_dvc.ops.stage_add import Wanted
from git_dvc.project import Project
from tests.faults.seam import walk
from tests.scene import leftovers

STAGES = b"# how it is made\nstages:\n  one:   # the first\n    cmd: echo\n"
NEW = b"  two:\n    cmd: cp in out\n    deps:\n    - in\n    outs:\n    - out\n"
WANTED = Wanted("two", "cp in out", deps=["in"], outs=[("out", Flags())])


def run() -> stage_add.Result:
    with Project.open() as project:
        return stage_add.add(project, WANTED)


@pytest.mark.parametrize("die", [True, False], ids=["die", "fail"])
def test_a_stage_is_written_or_not_and_the_same_command_goes_on(place: Path, die: bool) -> None:
    origin = Path("origin")
    subprocess.run(["git", "init", "-q", origin], check=True)
    init(str(origin))
    (origin / "dvc.yaml").write_bytes(STAGES)
    (origin / ".gitignore").write_bytes(b"/mine\n")
    subprocess.run(["git", "add", "-A"], cwd=origin, check=True)
    here = Path("here")
    here.mkdir()

    def prepare() -> None:
        shutil.rmtree(place / "here")
        shutil.copytree(place / "origin", place / "here")

    def command() -> None:
        os.chdir(place / "here")
        try:
            run()
        finally:
            os.chdir(place)

    runs = 0
    for outcome in walk(prepare, command, die=die):
        about = str(outcome)
        written = (here / "dvc.yaml").read_bytes()
        assert written in (STAGES, STAGES + NEW), about
        ignored = (here / ".gitignore").read_bytes()
        assert ignored in (b"/mine\n", b"/mine\n/out\n"), about
        if outcome.died or outcome.error:  # what is left out without either, 'repro' does
            assert written == STAGES or ignored.endswith(b"/out\n"), f"Git would see it: {about}"
        if outcome.error and "unlink" not in outcome.where:
            assert leftovers(here) == [], about
        command()
        assert (here / "dvc.yaml").read_bytes() == STAGES + NEW, about
        assert (here / ".gitignore").read_bytes() == b"/mine\n/out\n", about
        done = subprocess.run(
            ["git", "diff", "--name-only"], cwd=here, check=True, capture_output=True
        )
        assert done.stdout in (b"", b".gitignore\n"), f"not staged: {about}"
        runs += 1
    assert runs > 5
