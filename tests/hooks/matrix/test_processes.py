"""What the hooks cost where no pointer moved, counted in processes rather than milliseconds.

Python is never started. Beside the hooks' own shells there is Git's comparison of the two commits
of a switch, and one 'find' where a directory with files of Git's has changed.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests.hooks.matrix.worlds import Layout, Template, World

CODE = "echo 2 >code/code.py"
LOCAL = "echo 1 >code/local.py && git add code/local.py && git commit -qm local"
COMMANDS = [
    # Set-up, the command, how many processes it may start, hooks aside.
    ("true", "git checkout -q v2", 1),
    ("true", "git checkout -q -b new", 0),
    (CODE, "git add code/code.py", 0),
    (CODE, "git status -s", 0),
    (CODE, "git checkout -q -- code/code.py", 1),
    (CODE, "git reset -q --hard", 1),
    (CODE, "git stash -q", 1),
    (f"{CODE} && git stash -q", "git stash pop -q", 1),
    ("git checkout -q v2", "git merge -q main", 1),
    (f"git checkout -q -b new v2 && {LOCAL} && {LOCAL} --allow-empty", "git rebase -q main", 3),
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


@pytest.mark.skipif(not shutil.which("strace"), reason="no strace here")
@pytest.mark.parametrize(("first", "line", "most"), COMMANDS, ids=lambda value: str(value))
def test_few_processes_where_no_pointer_moved(
    made: Template, first: str, line: str, most: int, tmp_path: Path
) -> None:
    ours, twin = made.world(tmp_path / "ours"), made.world(tmp_path / "twin", twin=True)
    for world in (ours, twin):
        world.run(first)
    ours.starts()
    alone, with_hooks = started(twin, line), started(ours, line)
    assert not ours.starts(), "Python was started"
    hooks = {name for name in with_hooks if (ours.folder / "repo/.git/hooks" / name).exists()}
    assert hooks or not most
    more = with_hooks - alone
    others = {name: count for name, count in more.items() if name not in hooks}
    assert sum(others.values()) <= most, others
