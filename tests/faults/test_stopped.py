"""A checkout that is killed anywhere: its half is known as one, and nobody records it."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from git_dvc.errors import StoppedCheckoutError
from git_dvc.ops import checkout as placing
from git_dvc.ops import undo
from git_dvc.ops.add import add
from git_dvc.ops.checkout import Result
from git_dvc.ops.commit import commit
from git_dvc.ops.move import move
from git_dvc.project import Project
from git_dvc.store.state import By, Header, State
from tests.faults.ground import start
from tests.faults.seam import DIED, in_a_fork, walk
from tests.scene import Tree, is_clean, look, read_tree, write_tree

V1: Tree = {"one/a": b"a", "one/b": b"b", "two/x": b"x", "file": b"1", "gone/y": b"y"}
V2: Tree = {"one/a": b"A", "one/c": b"c", "two/x": b"X", "file": b"2", "new/z": b"z"}
OUTS = ("one", "two", "file", "gone", "new")
pytestmark = pytest.mark.usefixtures("place")


def data() -> Tree:
    return {name: text for name, text in read_tree(".").items() if name.split("/")[0] in OUTS}


def pointers() -> Tree:
    return {name: text for name, text in read_tree(".").items() if name.endswith(".dvc")}


def go(wanted: Tree) -> None:
    """What Git does to the pointer files."""
    for name in pointers().keys() - wanted.keys():
        os.unlink(name)
    write_tree(".", wanted)


def do_checkout() -> Result:
    with Project.open() as project:
        return placing.checkout(project)


def do_follow() -> Result:
    with Project.open() as project:
        return placing.follow(project)


def do_commit() -> None:
    with Project.open() as project:
        commit(project)


def stopped() -> set[str]:
    with Project.open() as project:
        return set(project.stopped())


def two_versions() -> tuple[Tree, Tree]:
    """Record two versions, with the first in place; return their pointer files."""
    start("hardlink")
    found = []
    for files in (V2, V1):
        for name in data().keys() - files.keys():
            os.unlink(name)
        write_tree(".", files)
        with Project.open() as project:
            add(project, sorted({name.split("/")[0] for name in files}))
        found.append({p: t for p, t in pointers().items() if any(
            name.split("/")[0] + ".dvc" == p for name in files)})  # fmt: skip
        go(found[-1])
        do_checkout()
    return found[1], found[0]


@pytest.mark.parametrize("command", [do_checkout, do_follow], ids=["checkout", "follow"])
def test_a_half_is_known_as_one_and_is_never_recorded(command: Callable[[], Result]) -> None:
    old, new = two_versions()
    assert data() == V1 and is_clean(".")
    seen: set[str] = set()

    def prepare() -> None:
        go(old)
        do_checkout()
        assert data() == V1 and not stopped()
        go(new)

    for outcome in walk(prepare, command, die=True):
        about = str(outcome)
        found = data()
        halves = stopped()
        seen |= halves
        report = look(".")
        dirty = {state.item.relpath for state in report.outs if state.kind != "clean"}
        assert report.stopped.keys() == halves & dirty, about
        if found != V1 and found != V2:
            assert report.stopped.keys() == dirty, about
        if report.stopped:
            with pytest.raises(StoppedCheckoutError):
                do_commit()
            for name in filter(os.path.exists, report.stopped):
                with Project.open() as project, pytest.raises(StoppedCheckoutError):
                    add(project, [name])
                with Project.open() as project, pytest.raises(StoppedCheckoutError):
                    move(project, name, "elsewhere")
            assert pointers() == new and data() == found, about
        if outcome.number % 3 == 0:  # back where it came from
            go(old)
            assert command().complete and data() == V1, about
        elif outcome.number % 3 == 1:
            with Project.open() as project:
                operations = project.oplog.read()
                if operations and not operations[-1].finished:
                    assert undo.undo(project).complete, about
                    assert data() == V1, about
        else:
            assert command().complete and data() == V2, about
        assert not stopped() or data() == V1, about
        do_checkout()
        assert is_clean(".") and not stopped(), about
    assert seen >= {"one", "two", "file", "gone", "new"}


def half() -> None:
    """Die between the note and the first file."""
    real = State.begin

    def begin(self: State, *headers: Header, by: By | None = None) -> None:
        real(self, *headers, by=by)
        os._exit(DIED)

    def work() -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(State, "begin", begin)
            do_checkout()

    assert in_a_fork(work)[0] == DIED


def test_what_is_there_is_recorded_where_that_is_meant() -> None:
    _, new = two_versions()
    go(new)
    half()
    assert stopped() == {"one", "two", "file", "gone", "new"}
    with Project.open() as project:
        add(project, ["one"], force=True)
    assert stopped() == {"two", "file", "gone", "new"}
    write_tree(".", {"new/z": b"mine"})
    with Project.open() as project:
        commit(project, force=True)
    assert stopped() == {"gone"}
    assert do_checkout().complete and not stopped()
    assert data() == {**{n: t for n, t in V1.items() if n != "gone/y"}, "new/z": b"mine"}


def test_a_checkout_that_is_still_at_work_was_not_stopped() -> None:
    _, new = two_versions()
    go(new)
    half()
    with Project.open() as project, project.lock():
        assert not stopped() and not look(".").stopped
    assert stopped() and look(".").stopped.keys() == {"one", "two", "file", "new"}
