"""push and pull that are killed, or meet a full disk, at one call after another.

Nothing wrong ever has a name on the remote or in the cache, no list of files is on the remote
before its files, and the same command again completes the work without doing it twice.
"""

from __future__ import annotations

import errno
import os
import shutil
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from git_dvc import fsutil
from git_dvc.errors import GitDvcError
from git_dvc.formats import manifest
from git_dvc.ops.add import add
from git_dvc.ops.pull import pull
from git_dvc.ops.push import push
from git_dvc.project import Project
from tests.faults.ground import put, start
from tests.faults.seam import Outcome, walk
from tests.scene import Tree, check_objects, git_dvc, is_clean, objects, read_tree

pytestmark = pytest.mark.usefixtures("place")

FILES: Tree = {f"{number % 3}/{number}": f"content {number}".encode() for number in range(6)}
FILES["big"] = b"0123456789abcdef" * 200  # more than is read in one piece
STORE = "store"


def do_push() -> None:
    with Project.open() as project:
        for moved in push(project):
            assert not moved.missing and not moved.errors, moved


def do_pull() -> None:
    with Project.open() as project:
        done = pull(project)
        for moved in done.moved:
            assert not moved.missing and not moved.errors, moved
        trouble = done.placed.trouble(str)
        if trouble is not None:
            raise trouble


def begin(kind: str = "copy", files: Tree = FILES) -> None:
    start(kind)
    with open(".dvc/config", "a") as config:
        config.write(f"[core]\n    remote = x\n['remote \"x\"']\n    url = {Path.cwd()}/store\n")
    put(files)
    with Project.open() as project:
        add(project, ["data"])


def check_store() -> dict[str, bytes]:
    """Assert that what is on the remote is right, and that no manifest is there too early."""
    found = check_objects(STORE)
    for value, data in found.items():
        if value.endswith(".dir"):
            assert set(manifest.parse(data).values()) <= found.keys(), "a list before its files"
    return found


def inodes(place: str) -> dict[str, int]:
    return {name: os.lstat(path).st_ino for name, path in objects(place)}


def outcomes(
    prepare: Callable[[], None], command: Callable[[], object], *, die: bool, step: int
) -> list[Outcome]:
    """Go through the calls, checking after each; return how the runs ended."""
    ended = []
    for outcome in walk(prepare, command, die=die, step=step):
        ended.append(outcome)
        about = str(outcome)
        check_store()
        check_objects(".dvc/cache")
        for name, data in read_tree("data").items():
            assert data == FILES[name], about
        if outcome.error:
            assert "Traceback" not in outcome.error
        before = inodes(STORE), inodes(".dvc/cache")
        command()
        for old, place in zip(before, (STORE, ".dvc/cache"), strict=True):
            now = inodes(place)
            assert old.items() <= now.items(), f"done a second time: {about}"
        assert check_store().keys() == check_objects(".dvc/cache").keys(), about
        assert read_tree("data") == FILES and is_clean("."), about
    return ended


@pytest.mark.parametrize("die", [True, False], ids=["die", "fail"])
def test_push(die: bool) -> None:
    begin()

    def prepare() -> None:
        shutil.rmtree(STORE, ignore_errors=True)
        shutil.rmtree(".dvc/tmp/git-dvc/remotes", ignore_errors=True)

    ended = outcomes(prepare, do_push, die=die, step=1 if die else 5)
    if die:
        assert sum(one.died for one in ended) >= 50


@pytest.mark.parametrize("die", [True, False], ids=["die", "fail"])
@pytest.mark.parametrize("kind", ["copy", "hardlink"])
def test_pull(kind: str, die: bool) -> None:
    begin(kind)
    do_push()

    def prepare() -> None:
        for place in (".dvc/cache", "data", ".dvc/tmp"):
            shutil.rmtree(place, ignore_errors=True)

    ended = outcomes(prepare, do_pull, die=die, step=2 if die else 7)
    if die:
        assert sum(one.died for one in ended) >= 25, "with both kinds 50"


def at_once(*works: Callable[[], object]) -> list[int]:
    """Do several things at a time, each in a process; return their exit codes."""
    children = []
    for work in works:
        pid = os.fork()
        if not pid:
            code = 1
            try:
                work()
                code = 0
            except GitDvcError:
                code = 2
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(code)
        children.append(pid)
    return [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]


def inside(folder: str, work: Callable[[], object]) -> Callable[[], None]:
    def run() -> None:
        os.chdir(folder)
        work()

    return run


def test_two_pushers_and_two_pullers_at_once() -> None:
    files = {f"{number % 7}/{number}": f"number {number}".encode() for number in range(300)}
    begin(files=files)
    for name in ("one", "two"):
        Path(name).mkdir()
        for part in (".dvc", "data.dvc"):
            copy = shutil.copytree if part == ".dvc" else shutil.copy
            copy(part, f"{name}/{part}")
    assert at_once(inside("one", do_push), inside("two", do_push)) == [0, 0]
    assert check_store().keys() == check_objects("one/.dvc/cache").keys()
    assert not os.listdir(f"{STORE}/tmp")

    shutil.rmtree("one/.dvc/cache")
    assert at_once(inside("one", do_pull), inside("one", do_pull)) == [0, 0]
    assert read_tree("one/data") == files and is_clean("one")
    assert not os.listdir("one/.dvc/cache/tmp")

    shutil.rmtree("two/data", ignore_errors=True)
    shutil.rmtree("one/.dvc/cache")
    shutil.rmtree(STORE)
    Path(STORE, "files/md5").mkdir(parents=True)
    pushed, pulled = at_once(inside("two", do_push), inside("one", do_pull))
    assert pushed == 0 and pulled in (0, 1, 2), "it may find only a part there"
    check_store()
    do_everything = inside("one", do_pull)
    assert at_once(do_everything) == [0]
    assert read_tree("one/data") == files and is_clean("one")


def test_a_full_disk_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    begin()
    do_push()
    for place in (".dvc/cache", "data"):
        shutil.rmtree(place)

    def full(fd: int, data: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(fsutil, "write_all", full)
        said = git_dvc("pull", cwd=".")
    assert said.returncode == 128 and "no space left on device" in said.stderr.lower()
    assert "Traceback" not in said.stderr
    do_pull()
    assert read_tree("data") == FILES
