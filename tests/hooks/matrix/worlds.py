"""Repositories to run Git commands in: one with our hooks, and its twin, which has Git alone.

A *world* is a folder with a repository, the remote that it was cloned from, and patches::

    repo/          main, at 'coded'; the project is the top or a folder below it
    remote.git/    its main is one version further: 'v3'
    patches/       topic as mail
    linked/        in some: a linked work tree, and the one that is worked in

History, oldest first, and what each version has::

    empty          no data yet
    v1             data/ (a, b, gone, sub/c), model, far/blob, and out of a stage
    v2             data/a, model and out changed, data/gone away, data/new there
    coded          no pointer moved; main is here
    v3             everything changed once more
    topic          from v1, three commits: other comes; other changes, and code; more/ comes
    clash          from v1: data/a and model changed in another way than in v2
    apart          from v1: a file more in data/

Worlds are copied from a template that is built once, which takes some milliseconds.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from git_dvc.errors import FormatError
from git_dvc.formats import lockfile, manifest, pointer
from git_dvc.formats.lockfile import LockStage
from git_dvc.formats.pointer import Out
from git_dvc.ops.add import add
from git_dvc.ops.checkout import checkout
from git_dvc.ops.init import init
from git_dvc.project import Project
from tests import launcher, warm
from tests.scene import Tree, md5, objects, write_tree

CONFLICTS = "*.dvc diff=dvc merge=dvc\ndvc.lock diff=dvc merge=dvc\n"
STAGES = "stages:\n  train:\n    cmd: python train.py\n    outs:\n    - out\n"
PLACES = ("data", "model", "out", "far", "other", "more", "model~theirs")
"""Everything that some version tracks."""

UNSAVED = {"data/a": b"edited", "data/mine": b"new", "model": b"edited"}


MATRIX = os.environ.get("GIT_DVC_TEST_MATRIX", "")
"""'all' runs everything in every combination, which takes ten times as long."""


class Done(NamedTuple):
    """How a line ended."""

    code: int
    out: str
    err: str


def run(
    line: str, cwd: str | os.PathLike[str], env: Mapping[str, str] | None = None, *, ok: bool = True
) -> Done:
    """Run one line of shell."""
    done = subprocess.run(
        ["/bin/sh", "-c", line],
        cwd=cwd,
        env={**os.environ, "GIT_EDITOR": "true", **(env or {})},
        capture_output=True,
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=120,
    )
    result = Done(done.returncode, done.stdout.decode(), done.stderr.decode("utf-8", "replace"))
    assert not ok or result.code == 0, f"{line}: {result}"
    return result


def use_other_git(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the Git that GIT_DVC_TEST_GIT names, or the usual one where none is named."""
    named = os.environ.get("GIT_DVC_TEST_GIT")
    if named:
        monkeypatch.setenv("PATH", f"{os.path.dirname(named)}{os.pathsep}{os.environ['PATH']}")


# -- what a work tree should hold ----------------------------------------------------------


def sources(project: Path) -> Iterator[str]:
    """Yield the pointer and lock files of a project, as Git left them on disk."""
    for folder, folders, names in os.walk(project):
        folders[:] = [name for name in folders if name not in (".git", ".dvc")]
        for name in names:
            if name.endswith(".dvc") or name == "dvc.lock":
                yield os.path.relpath(os.path.join(folder, name), project)


class Wanted(NamedTuple):
    """What the pointers of a work tree say.

    Attributes:
        files: Content by path.
        unclear: Outputs that no readable pointer tells of.
    """

    files: Tree
    unclear: set[str]


def wanted(project: Path, library: Mapping[str, bytes]) -> Wanted:
    """Read the pointers, in the plainest way.

    Args:
        project: The project.
        library: The cache: content by hash.
    """
    files: Tree = {}
    unclear: set[str] = set()
    for source in sources(project):
        folder = source.rpartition("/")[0]
        data = (project / source).read_bytes()
        try:
            if source.endswith(".dvc"):
                outs = pointer.parse(data).outs
            else:
                outs = tuple(o for stage in lockfile.parse(data).values() for o in stage.outs)
        except FormatError:
            unclear.add(source.removesuffix(".dvc").replace("dvc.lock", "out"))
            continue
        for out in outs:
            path = os.path.normpath(os.path.join(folder, out.path))
            assert out.hash is not None
            if out.hash.endswith(".dir"):
                for inner, value in manifest.parse(library[out.hash]).items():
                    files[f"{path}/{inner}"] = library[value]
            else:
                files[path] = library[out.hash]
    return Wanted(files, unclear)


def inside(path: str, places: set[str]) -> bool:
    """Return whether a path is one of these places or below it."""
    return any(path == place or path.startswith(place + "/") for place in places)


# -- the worlds -----------------------------------------------------------------------------


class World:
    """One repository and how to work in it.

    Attributes:
        folder: The world.
        top: Top of the work tree.
        project: The project in it.
        cwd: Where commands are typed.
        log: Where the program notes that it was started; only with hooks.
    """

    def __init__(self, folder: Path, layout: Layout, program: Path) -> None:
        self.folder = folder
        self.top = folder / ("linked" if layout.linked else "repo")
        self.project = self.top / layout.prefix
        self.cwd = self.top / layout.cwd
        self.log = folder / "log"
        self.env = {
            "PATH": f"{program}{os.pathsep}{os.environ['PATH']}",
            "W": str(folder),
            "T": str(self.top),
            "P": str(self.project),
            "LOG": str(self.log),
        }

    def run(self, line: str, *, ok: bool = True) -> Done:
        """Run a line of shell where the user stands."""
        return run(line, self.cwd, self.env, ok=ok)

    def state(self) -> list[str]:
        """Return what Git says of the work tree.

        Without the data itself, which the twin lacks: it shows where a version's '.gitignore'
        does not name what an earlier one left.
        """
        lines = run("git status --porcelain -uall", self.top, self.env).out.splitlines()
        below = self.project.relative_to(self.top)
        data = tuple(f"?? {(below / place).as_posix()}" for place in PLACES)
        return [line for line in lines if not line.startswith(data) or line.endswith(".dvc")]

    def library(self) -> dict[str, bytes]:
        """Return everything that the cache has, by hash."""
        below = self.project.relative_to(self.top)
        cache = self.folder / "repo" / below / ".dvc" / "cache"
        return {name: Path(path).read_bytes() for name, path in objects(cache)}

    def data(self) -> Tree:
        """Return all files that are where data is or may be; links are read through."""
        found = {}
        for place in PLACES:
            path = self.project / place
            if path.is_file():
                found[place] = path.read_bytes()
            for folder, _, names in os.walk(path):
                for name in names:
                    file = Path(folder, name)
                    if name not in ("keep", "blob.dvc", ".gitignore"):
                        found[file.relative_to(self.project).as_posix()] = file.read_bytes()
        return found

    def wanted(self) -> Wanted:
        """Return what the pointers say now."""
        return wanted(self.project, self.library())

    def check(self, unsaved: Mapping[str, bytes] = {}) -> None:
        """Assert that data is what the pointers say, but for unsaved files, which are intact."""
        say = self.wanted()
        found = self.data()
        lost = {path for path, data in unsaved.items() if found.get(path) != data}
        assert not lost, f"lost: {lost}"
        clear = {path: data for path, data in found.items() if not inside(path, say.unclear)}
        kept = {path: data for path, data in unsaved.items() if not inside(path, say.unclear)}
        assert clear == {**say.files, **kept}

    def starts(self) -> list[str]:
        """Return which hooks started the program, and if it moved data; then forget them."""
        if not self.log.exists():
            return []
        lines = self.log.read_text().splitlines()
        self.log.unlink()
        return lines


class Layout(NamedTuple):
    """Where in a repository the project is, and where the user stands.

    Attributes:
        prefix: The project, from the top.
        cwd: The user, from the top.
        linked: Whether it is a linked work tree.
        link_type: ``cache.type``.
    """

    prefix: str = ""
    cwd: str = ""
    linked: bool = False
    link_type: str = ""


class Template:
    """What worlds are copied from."""

    def __init__(self, folder: Path, layout: Layout) -> None:
        self.folder = folder
        self.layout = layout
        self.program = _write_program(folder / "bin", layout.prefix)
        self._repo = folder / "ours" / "repo"
        self._project = self._repo / layout.prefix
        self._build()
        world = World(folder / "ours", layout, self.program)
        world.check()
        shutil.copytree(folder / "ours", folder / "twin", symlinks=True, ignore=_data)
        # Once through a checkout, so that the hooks have looked around.
        world.run("git dvc install && git dvc checkout -q && git checkout -q")
        assert world.state() == World(folder / "twin", layout, self.program).state() == []
        world.starts()

    def world(self, place: Path, *, twin: bool = False) -> World:
        """Copy a world: with hooks and data, or the twin, which has neither."""
        kind = "twin" if twin else "ours"
        place.parent.mkdir(parents=True, exist_ok=True)
        # Faster than Python's, and keeps hard links.
        subprocess.run(["cp", "-a", self.folder / kind, place], check=True)
        if self.layout.linked:
            _relink(place)
        world = World(place, self.layout, self.program)
        # The copies have other inodes.
        quiet = "-c core.hooksPath=/dev/null -c filter.dvc.process="
        run(f"git {quiet} update-index -q --refresh", world.top)
        return world

    # -- building ---------------------------------------------------------------------------

    def _git(self, line: str) -> str:
        return run(f"git {line}", self._repo).out.strip()

    def _build(self) -> None:
        self._repo.mkdir(parents=True)
        self._git("init -q -b main --template=")
        self._git("config dvc.fsync false && git config core.fsync none")
        init(str(self._project), subdir=bool(self.layout.prefix))
        if self.layout.link_type:
            with (self._project / ".dvc" / "config").open("a") as stream:
                stream.write(f"[cache]\n    type = {self.layout.link_type}\n")
        write_tree(self._repo, {".gitattributes": CONFLICTS, "code/code.py": "0\n"})
        write_tree(self._project, {"dvc.yaml": STAGES, ".gitignore": "/out\n", "far/keep": ""})
        self._save("empty", {}, None)
        first = {"a": "1", "b": "1", "gone": "1", "sub/c": "1"}
        self._save("v1", {"data": first, "model": "m1", "far/blob": "f1"}, "o1")
        second = {"a": "2", "b": "1", "new": "2", "sub/c": "1"}
        self._save("v2", {"data": second, "model": "m2"}, "o2")
        write_tree(self._repo, {"code/code.py": "1\n"})
        self._save("coded", {}, None)
        third = {"a": "3", "new": "2", "sub/d": "3"}
        self._save("v3", {"data": third, "model": "m3", "far/blob": "f3"}, "o3")
        self._go("-b topic v1")
        self._save("t1", {"other": "1"}, None)
        write_tree(self._repo, {"code/topic.py": "1\n"})
        self._save("t2", {"other": "2"}, None)
        self._save("t3", {"more": {"x": "1", "y/z": "1"}}, None)
        self._go("-b clash v1")
        self._save("c1", {"data": {**first, "a": "c"}, "model": "mc"}, None)
        self._go("-b apart v1")
        self._save("a1", {"data": {**first, "apart": "1"}}, None)
        self._go("main")

        self._git("clone -q --bare . ../remote.git")
        self._git("config remote.origin.url ../remote.git")
        self._git("config remote.origin.fetch '+refs/heads/*:refs/remotes/origin/*'")
        self._git("fetch -q")
        self._git("branch -q --set-upstream-to=origin/main main")
        self._git("format-patch -q -o ../patches v1..topic")
        self._git("format-patch -q -o ../clashes v1..clash")
        self._go("-B main coded")
        self._git("repack -q -a -d")  # fewer files to copy
        if self.layout.linked:
            self._git("checkout -q --detach")
            self._git("worktree add -q ../linked main")
            _relink(self.folder / "ours")
            with Project.open(str(self._repo / ".." / "linked" / self.layout.prefix)) as project:
                checkout(project)

    def _go(self, where: str) -> None:
        """Switch; data follows."""
        self._git(f"checkout -q {where}")
        with Project.open(str(self._project)) as project:
            assert checkout(project).complete

    def _save(self, tag: str, data: Mapping[str, str | Mapping[str, str]], out: str | None) -> None:
        """Commit data, and what else changed."""
        with Project.open(str(self._project)) as project:
            for name, content in data.items():
                files = {name: content} if isinstance(content, str) else {
                    f"{name}/{path}": text for path, text in content.items()
                }  # fmt: skip
                shutil.rmtree(self._project / name, ignore_errors=True)
                write_tree(self._project, files)
            add(project, [str(self._project / name) for name in data])
        if out is not None:
            self._save_output(out.encode())
        self._git("add -A")
        self._git(f"commit -qm {tag}")
        self._git(f"tag {tag}")

    def _save_output(self, content: bytes) -> None:
        """Make what 'dvc repro' would leave behind."""
        value = md5(content)
        stage = LockStage("train", "python train.py", (Out("out", value, size=len(content)),))
        write_tree(self._project, {"dvc.lock": lockfile.dump([stage]), "out": content})
        object_ = self._project / ".dvc" / "cache" / "files" / "md5" / value[:2] / value[2:]
        object_.parent.mkdir(exist_ok=True)
        object_.write_bytes(content)
        object_.chmod(0o444)


PROGRAM = """\
#!{python}
import os
import sys

sys.path.insert(0, {top!r})

def look():
    found = []
    for place in {places!r}:
        for folder, _, names in os.walk(place):
            for path in sorted(os.path.join(folder, name) for name in names):
                seen = os.stat(path)
                found.append((path, seen.st_ino, seen.st_mtime_ns))
    return found

log = os.environ.get("LOG", "/dev/null")
before = look() if sys.argv[1:2] == ["hook"] else None
from git_dvc.__main__ import main
try:
    code = main()
finally:
    if before is not None:
        did = "worked" if look() != before else "looked"
        with open(log, "a") as stream:
            print(did, *sys.argv[2:], file=stream)
sys.exit(code)
"""


def _write_program(folder: Path, prefix: str) -> Path:
    """Write a ``git-dvc`` that notes in the file $LOG which hook ran it, and if data moved."""
    folder.mkdir()
    places = [os.path.join(prefix, place) for place in PLACES]
    text = PROGRAM.format(python=sys.executable, top=str(launcher.TOP), places=places)
    real = folder / "lib" / "git-dvc"
    real.parent.mkdir()
    real.write_text(text)
    real.chmod(0o755)
    warm.write(folder / "git-dvc", real)
    return folder


def _data(folder: str, names: list[str]) -> list[str]:
    """Return what Git does not know: the data and the cache."""
    found = [name for name in names if name in ("cache", "tmp") and folder.endswith("/.dvc")]
    if os.path.isdir(os.path.join(folder, ".dvc")):
        found += [name for name in PLACES if name in names]
        found.remove("far")
    if folder.endswith("/far"):
        found.append("blob")
    return found


def _relink(folder: Path) -> None:
    """Make a linked work tree and its repository know each other in this place."""
    inside = folder / "repo" / ".git" / "worktrees" / "linked"
    (folder / "linked" / ".git").write_text(f"gitdir: {inside}\n")
    (inside / "gitdir").write_text(f"{folder / 'linked' / '.git'}\n")
