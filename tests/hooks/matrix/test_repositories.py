"""Repositories of every kind that Git can make: data is added, followed and compared in each.

One short story is played in all of them, with every step checked. What Git stores differently
(refs, the index, objects that are elsewhere) must not matter, and what cannot work says so in
one message.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from _pytest.mark import ParameterSet

from tests import launcher
from tests.hooks.matrix.worlds import MATRIX, Done, run, use_other_git
from tests.scene import read_tree, write_tree

V1 = {"data/a": b"1", "data/b": b"1", "model": b"m1"}
V2 = {"data/a": b"2", "data/c": b"2", "model": b"m2"}
V3 = {"data/a": b"3", "data/c": b"2", "model": b"m2"}


class Place:
    """A work tree, and how commands are run in it.

    Attributes:
        top: The work tree.
        env: What is set in the environment.
    """

    def __init__(self, top: Path, program: Path, env: dict[str, str] | None = None) -> None:
        self.top = top
        self.env = {"PATH": f"{program}{os.pathsep}{os.environ['PATH']}", **(env or {})}

    def run(self, line: str, code: int = 0) -> Done:
        """Run a line, which has to end with this exit code and without a traceback."""
        done = run(line, self.top, self.env, ok=False)
        assert done.code == code, f"{line}: {done}"
        assert "Traceback" not in done.err, done.err
        return done

    def write(self, files: dict[str, bytes]) -> None:
        """Make the data exactly this."""
        run("rm -rf data model", self.top)
        write_tree(self.top, files)

    def data(self) -> dict[str, bytes]:
        found = {f"data/{name}": data for name, data in read_tree(self.top / "data").items()}
        model = self.top / "model"
        return {**found, "model": model.read_bytes()} if model.exists() else found

    def start(self) -> None:
        """Two versions, committed and tagged; the data is that of the second."""
        self.run("git config dvc.fsync false && git dvc init -q")
        for version, files in (("v1", V1), ("v2", V2)):
            self.write(files)
            self.run("git dvc add -q data model")
            self.run(f"git add -A && git commit -qm {version} && git tag {version}")

    def follow(self) -> None:
        """Switches, a reset, a stash, and views: data is there, and what Git shows is clean."""
        self.run("git checkout -q v1")
        assert self.data() == V1
        self.run("git reset -q --hard v2")
        assert self.data() == V2
        assert self.run("git status --porcelain").out == ""
        assert self.run("git dvc status -q").out == ""
        told = self.run("git dvc diff v1 v2").out
        assert "data/b" in told and "data/c" in told and "model" in told
        self.write(V3)
        assert "data" in self.run("git dvc status").out
        self.run("git dvc add -q data")
        self.run("git stash -q")
        assert self.data() == V2
        self.run("git stash pop -q")
        assert self.data() == V3
        assert "data/a" in self.run("git dvc diff v2").out
        self.run("git reset -q --hard")
        assert self.data() == V2


Make = Callable[[Path, Path], Place]


class Kind(NamedTuple):
    """A kind of repository.

    Attributes:
        name: What it is.
        make: Makes one in an empty folder, at version 2, with hooks.
        newest: Whether it needs a newer Git than 2.39, or differs there.
    """

    name: str
    make: Make
    newest: bool = False


def _with(*lines: str, init: str = "", after: bool = False) -> Make:
    """Return how to make a repository in which these lines were run first, or last."""

    def make(folder: Path, program: Path) -> Place:
        top = folder / "repo"
        top.mkdir()
        place = Place(top, program)
        place.run(f"git init -q {init}")
        for line in () if after else lines:
            place.run(line)
        place.start()
        for line in lines if after else ():
            place.run(line)
        return place

    return make


def _clone(options: str, *lines: str) -> Make:
    """Return how to make a clone that shares the cache of the repository it came from."""

    def make(folder: Path, program: Path) -> Place:
        origin = _with()(folder, program)
        origin.run("git config uploadpack.allowFilter true")
        origin.run(f"git clone -q {options} file://{origin.top} ../clone")
        place = Place(folder / "clone", program)
        for line in lines:
            place.run(line)
        place.run("git config dvc.fsync false && git dvc install -q")
        place.run(f"git dvc cache dir --local {origin.top}/.dvc/cache && git dvc checkout -q")
        return place

    return make


def _git_dir_apart(folder: Path, program: Path) -> Place:
    (folder / "repo").mkdir()
    place = Place(folder / "repo", program)
    place.run("git init -q --separate-git-dir ../elsewhere.git")
    place.start()
    return place


def _core_worktree(folder: Path, program: Path) -> Place:
    """The work tree has no '.git': the repository names it, and the environment names that."""
    (folder / "tree").mkdir()
    bare = folder / "store.git"
    run(f"git init -q {bare} --bare", folder)
    run(f"git -C {bare} config core.bare false", folder)
    run(f"git -C {bare} config core.worktree {folder}/tree", folder)
    place = Place(folder / "tree", program, {"GIT_DIR": str(bare)})
    place.start()
    return place


def _git_dir_and_work_tree(folder: Path, program: Path) -> Place:
    (folder / "tree").mkdir()
    run("git init -q --bare store.git && git -C store.git config core.bare false", folder)
    env = {"GIT_DIR": str(folder / "store.git"), "GIT_WORK_TREE": str(folder / "tree")}
    place = Place(folder / "tree", program, env)
    place.start()
    return place


def _bare_with_work_trees(folder: Path, program: Path) -> Place:
    """All work trees are linked ones; there is no main one to share the cache of."""
    origin = _with()(folder, program)
    origin.run("git clone -q --bare . ../bare.git && git -C ../bare.git worktree add -q ../tree")
    place = Place(folder / "tree", program)
    place.run("git config dvc.fsync false && git dvc install -q")
    place.run(f"git dvc cache dir --local {origin.top}/.dvc/cache && git dvc checkout -q")
    return place


def _fsmonitor(folder: Path, program: Path) -> Place:
    """A monitor that says that anything may have changed."""
    script = folder / "monitor"
    script.write_text("#!/bin/sh\nprintf 'token\\0/\\0'\n")
    script.chmod(0o755)
    return _with(f"git config core.fsmonitor {script}")(folder, program)


KINDS = [
    Kind("as usual", _with(), True),
    Kind("sha256", _with(init="--object-format=sha256"), True),
    Kind("reftable", _with(init="--ref-format=reftable"), True),
    Kind("index v4", _with("git config index.version 4")),
    Kind("index v4, later", _with("git update-index --index-version 4", after=True)),
    Kind("index without hash", _with("git config index.skipHash true")),
    Kind("split index", _with("git config core.splitIndex true")),
    Kind("untracked cache", _with("git config core.untrackedCache true")),
    Kind("fsmonitor", _fsmonitor, True),
    Kind("manyFiles", _with("git config feature.manyFiles true"), True),
    Kind("experimental", _with("git config feature.experimental true")),
    Kind(
        "sparse index",
        _with("git sparse-checkout set --cone --sparse-index .dvc data", after=True),
        True,
    ),
    Kind(
        "packed",
        _with("git gc -q --prune=now && git commit-graph write --reachable", after=True),
    ),
    Kind("alternates", _clone("--shared")),
    Kind("partial clone", _clone("--filter=blob:none"), True),
    Kind("treeless clone", _clone("--filter=tree:0")),
    Kind("work tree config", _with("git config extensions.worktreeConfig true")),
    Kind("Git's directory apart", _git_dir_apart),
    Kind("core.worktree", _core_worktree),
    Kind("GIT_DIR and GIT_WORK_TREE", _git_dir_and_work_tree),
    Kind("bare with work trees", _bare_with_work_trees),
]


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bin")
    launcher.write(folder)
    return folder


def _cases() -> list[ParameterSet]:
    """Return each kind with the usual Git, and those that differ in a newer one with it, too."""
    cases = [pytest.param(kind, "git", id=kind.name) for kind in KINDS]
    newer = [kind for kind in KINDS if kind.newest or MATRIX == "all"]
    return cases + [pytest.param(kind, "other", id=f"{kind.name}, other Git") for kind in newer]


@pytest.mark.parametrize(("kind", "git"), _cases())
def test_data_follows_in_every_kind_of_repository(
    kind: Kind, git: str, tmp_path: Path, program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if git != "git":
        use_other_git(monkeypatch)
    if (
        kind.name == "reftable"
        and run("git init -h", tmp_path, ok=False).out.count("ref-format") < 1
    ):
        pytest.skip("this Git has no reftable")
    kind.make(tmp_path, program).follow()


def test_a_shallow_clone_says_which_version_it_lacks(tmp_path: Path, program: Path) -> None:
    place = _clone("--depth=1")(tmp_path, program)
    assert place.data() == V2
    done = place.run("git dvc diff v1 v2", 128)
    assert "v1" in done.err and done.err.count("\n") <= 3
