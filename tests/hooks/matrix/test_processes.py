"""What the hooks cost where no pointer moved, counted in processes rather than milliseconds.

Nothing is started but the hooks' own shells.
"""

from __future__ import annotations

import os
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests.hooks.matrix.worlds import Layout, Template, World, run

CODE = "echo 2 >code/code.py"
LOCAL = "echo 1 >code/local.py && git add code/local.py && git commit -qm local"
COMMANDS = [
    # Set-up, and the command.
    ("true", "git checkout -q v2"),
    ("true", "git checkout -q -b new"),
    (CODE, "git add code/code.py"),
    (CODE, "git status -s"),
    (CODE, "git checkout -q -- code/code.py"),
    (CODE, "git reset -q --hard"),
    ("true", "git reset -q --hard v2"),
    (CODE, "git stash -q"),
    (f"{CODE} && git stash -q", "git stash pop -q"),
    ("git checkout -q v2", "git merge -q main"),
    (f"git checkout -q -b new v2 && {LOCAL} && {LOCAL} --allow-empty", "git rebase -q main"),
    (f"git checkout -q -b new v2 && {LOCAL}", "git cherry-pick main"),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return Template(tmp_path_factory.mktemp("template"), Layout())


def started(world: World, line: str) -> Counter[str]:
    """Run a line and return how often each program was started, Git's own children included."""
    log = world.folder / "trace"
    world.run(f"strace -f -qq -s 999 -e trace=execve -e signal=none -o {log} {line}")
    found = re.findall(r'execve\("([^"]+)", .*= 0$', log.read_text(), re.MULTILINE)
    return Counter(Path(path).name for path in found)


def age(world: World) -> None:
    """Have Git know the pointer files for unchanged: what is as young as the index, it reads."""
    for path in world.top.rglob("*"):
        if (path.name.endswith(".dvc") and path.is_file()) or path.name == "dvc.lock":
            os.utime(path, (1_600_000_000, 1_600_000_000))
    quiet = "-c core.hooksPath=/dev/null -c filter.dvc.process="
    run(f"git {quiet} update-index -q --refresh || true", world.top)


@pytest.mark.skipif(not shutil.which("strace"), reason="no strace here")
@pytest.mark.parametrize(("first", "line"), COMMANDS, ids=lambda value: str(value))
def test_no_process_where_no_pointer_moved(
    made: Template, first: str, line: str, tmp_path: Path
) -> None:
    ours, twin = made.world(tmp_path / "ours"), made.world(tmp_path / "twin", twin=True)
    for world in (ours, twin):
        world.run(first)
        age(world)
    ours.starts()
    alone, with_hooks = started(twin, line), started(ours, line)
    assert not ours.starts(), "Python was started"
    hooks = {name for name in with_hooks if (ours.folder / "repo/.git/hooks" / name).exists()}
    assert hooks or "status" in line
    assert not {name for name in with_hooks - alone if name not in hooks}
