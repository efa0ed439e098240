"""Every call to the disk fails once, or is the last: nothing is lost, and again is enough.

The projects here have no Git, which makes a run take milliseconds; ``git checkout`` is then
a pointer file that is replaced.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from git_dvc.ops import checkout as op
from git_dvc.ops.add import add
from git_dvc.ops.checkout import Result
from git_dvc.project import Project
from tests.faults.ground import put, start
from tests.faults.seam import Outcome, walk
from tests.scene import Tree, check_objects, is_clean, leftovers, md5, read_tree, write_tree

BIG = b"0123456789abcdef" * 200  # more than is read in one piece, see `place`
V1: dict[str, bytes] = {"a": b"one", "same": b"same", "d/x": b"x", "gone/y": b"y", "empty": b"",
                        "big": BIG}  # fmt: skip
V2: dict[str, bytes] = {"a": b"two", "same": b"same", "d/x": b"xx", "d/new": b"n", "empty": b"",
                        "big": BIG[::-1]}  # fmt: skip
UNSAVED = b"never added"
TYPES = ["copy", "hardlink", "symlink"]
DIE = pytest.mark.parametrize("die", [True, False], ids=["die", "fail"])
pytestmark = pytest.mark.usefixtures("place")


def do_add() -> None:
    with Project.open() as project:
        add(project, ["data"])


def do_checkout() -> Result:
    with Project.open() as project:
        return op.checkout(project)


def do_follow() -> Result:
    with Project.open() as project:
        return op.follow(project)


def saved(files: Tree) -> set[bytes]:
    """Return the contents that are in the work tree or in the cache, checking the cache."""
    return {*check_objects(".dvc/cache").values(), *read_tree("data").values()}


def check_add(before: Tree, outcome: Outcome) -> None:
    about = str(outcome)
    assert set(before.values()) <= saved(before), about
    assert read_tree("data") == before, about
    if outcome.error and "unlink" not in outcome.where:
        assert leftovers(".") == [], about
    if not outcome.error and not outcome.died:
        assert is_clean("."), f"it said that all was well: {about}"
    if Path("data.dvc").exists():
        listing = Path("data.dvc").read_text().split("md5: ")[1].split("\n")[0]
        assert listing in check_objects(".dvc/cache"), f"a pointer to nowhere: {about}"
    do_add()
    assert read_tree("data") == before, about
    assert is_clean("."), about
    assert {md5(data) for data in before.values()} <= check_objects(".dvc/cache").keys()


@DIE
@pytest.mark.parametrize("kind", TYPES)
def test_add(kind: str, die: bool) -> None:
    def prepare() -> None:
        start(kind)
        put(V1)

    runs = 0
    for outcome in walk(prepare, do_add, die=die):
        check_add(V1, outcome)
        runs += 1
    assert runs > 30


@DIE
@pytest.mark.parametrize("kind", TYPES)
def test_add_of_a_second_version(kind: str, die: bool) -> None:
    def prepare() -> None:
        start(kind)
        put(V1)
        do_add()
        for name in V1.keys() - V2.keys():
            os.unlink(f"data/{name}")
        write_tree("data", {name: data for name, data in V2.items() if V1.get(name) != data})

    for outcome in walk(prepare, do_add, die=die, step=2):
        assert {*V1.values(), *V2.values()} <= saved(V2), outcome
        check_add(V2, outcome)


def two_versions(kind: str) -> tuple[bytes, bytes]:
    """Record two versions, with V1 in place; return their pointer files."""
    start(kind)
    pointers = []
    for files in (V2, V1):
        put(files)
        do_add()
        pointers.append(Path("data.dvc").read_bytes())
    return pointers[1], pointers[0]


def go(pointer: bytes) -> None:
    Path("data.dvc").write_bytes(pointer)


COMMANDS = pytest.mark.parametrize("command", [do_checkout, do_follow], ids=["checkout", "follow"])


@DIE
@COMMANDS
@pytest.mark.parametrize("kind", TYPES)
def test_switch(kind: str, command: Callable[[], Result], die: bool) -> None:
    versions: list[bytes] = []
    dirty = {**V1, "a": UNSAVED}

    def prepare() -> None:
        versions[:] = two_versions(kind)
        os.unlink("data/a")
        write_tree("data", {"a": UNSAVED})
        go(versions[1])

    results: list[Result] = []

    def run() -> None:
        results.append(command())

    for outcome in walk(prepare, run, die=die):
        about = str(outcome)
        objects = check_objects(".dvc/cache")
        assert {*V1.values(), *V2.values()} <= set(objects.values()), about
        now = read_tree("data")
        assert now["a"] == UNSAVED, about
        for name, data in now.items():
            assert data in (dirty.get(name), V2.get(name)), f"{name} is neither: {about}"
        for name in V1.keys() & V2.keys():
            assert name in now, f"{name} vanished: {about}"
        if outcome.error and "unlink" not in outcome.where:
            assert leftovers(".") == [], about
        if not die and not outcome.error and results[-1].kept == ["data/a"]:
            told = results[-1]
            if not (told.missing or told.blocked):
                assert now == {**V2, "a": UNSAVED}, f"it said that all was well: {about}"
        if outcome.number % 2:
            # Back where it came from, as 'git checkout -' would.
            go(versions[0])
            result = command()
            assert set(result.kept) <= {"data/a"} and not result.missing, about
            assert read_tree("data") == dirty, about
        else:
            result = command()
            assert result.kept == ["data/a"], about
            assert not (result.missing or result.blocked or result.problems), about
            assert read_tree("data") == {**V2, "a": UNSAVED}, about
        with Project.open() as project:
            assert op.checkout(project, force=True).complete, about
        assert is_clean("."), about


@DIE
@pytest.mark.parametrize("command", [do_checkout, do_follow], ids=["checkout", "follow"])
def test_data_that_appears_and_goes(command: Callable[[], Result], die: bool) -> None:
    """First nothing is there, then a version dies on its way in, then it is not wanted."""
    versions: list[bytes] = []

    def prepare() -> None:
        versions[:] = two_versions("copy")
        os.unlink("data.dvc")
        assert command().deleted == ["data/"] and not os.path.exists("data")
        go(versions[1])

    for outcome in walk(prepare, command, die=die, step=2):
        about = str(outcome)
        check_objects(".dvc/cache")
        os.unlink("data.dvc")
        assert command().complete, about
        assert not os.path.exists("data"), f"a version that nothing names is left: {about}"
        go(versions[0])
        assert command().complete and read_tree("data") == V1, about
        assert is_clean("."), about


@DIE
@pytest.mark.parametrize("new", TYPES)
@pytest.mark.parametrize("old", ["copy", "hardlink"])
def test_relink(old: str, new: str, die: bool) -> None:
    if old == new:
        return

    def prepare() -> None:
        start(old)
        put(V1)
        do_add()
        text = Path(".dvc/config").read_text()
        Path(".dvc/config").write_text(text.replace(f"type = {old}", f"type = {new}"))

    def relink() -> None:
        with Project.open() as project:
            op.checkout(project, relink=True)

    for outcome in walk(prepare, relink, die=die, step=3):
        check_objects(".dvc/cache")
        assert read_tree("data") == V1, outcome
        relink()
        assert read_tree("data") == V1 and is_clean("."), outcome
        assert os.path.islink("data/a") == (new == "symlink"), outcome
