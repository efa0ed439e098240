"""An undo dies at each of its steps: the same command finishes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from git_dvc.ops.checkout import checkout
from git_dvc.ops.undo import undo
from git_dvc.project import Project
from tests.faults.ground import put, start
from tests.faults.seam import walk
from tests.faults.test_calls import DIE, V1, V2, do_add
from tests.scene import check_objects, read_tree

pytestmark = pytest.mark.usefixtures("place")


def do_undo() -> None:
    with Project.open() as project:
        undo(project)


def force() -> None:
    with Project.open() as project:
        checkout(project, force=True)


@DIE
@pytest.mark.parametrize("kind", ["copy", "hardlink"])
def test_undo_of_a_second_add(kind: str, die: bool) -> None:
    pointers: list[bytes] = []

    def prepare() -> None:
        start(kind)
        put(V1)
        do_add()
        pointers[:] = [Path("data.dvc").read_bytes()]
        put(V2)
        do_add()

    for outcome in walk(prepare, do_undo, die=die, step=3):
        assert read_tree("data") == V2, outcome
        if outcome.died or outcome.error:
            with Project.open() as project:
                if len(project.oplog.read()) > 2 and project.oplog.read()[-1].finished:
                    continue  # only what comes after the undo itself failed
            do_undo()
        assert read_tree("data") == V2, outcome
        assert Path("data.dvc").read_bytes() == pointers[0], outcome


@DIE
@pytest.mark.parametrize("kind", ["copy", "hardlink"])
def test_what_force_discards_is_kept_whenever_it_stops(kind: str, die: bool) -> None:
    def prepare() -> None:
        start(kind)
        put(V1)
        do_add()
        os.unlink("data/a")
        Path("data/a").write_bytes(b"unsaved")

    for outcome in walk(prepare, force, die=die, step=2):
        saved = {*check_objects(".dvc/cache").values(), *read_tree("data").values()}
        assert b"unsaved" in saved, outcome
        if read_tree("data").get("a") != b"unsaved":
            do_undo()
            assert read_tree("data")["a"] == b"unsaved", outcome


@DIE
def test_bringing_back_what_force_discarded(die: bool) -> None:
    def prepare() -> None:
        start("copy")
        put(V1)
        do_add()
        os.unlink("data/a")
        Path("data/a").write_bytes(b"unsaved")
        Path("data/mine").write_bytes(b"mine")
        force()

    wanted = {**V1, "a": b"unsaved", "mine": b"mine"}
    for outcome in walk(prepare, do_undo, die=die, step=3):
        for data in wanted.values():
            assert data in {*check_objects(".dvc/cache").values()}, outcome
        with Project.open() as project:
            done = project.oplog.read()[-1]
        if not (done.undoes and done.finished):
            do_undo()
        assert read_tree("data") == wanted, outcome
