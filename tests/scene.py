"""What tests of data on disk share: trees as values, and the promises that always hold."""

from __future__ import annotations

import contextlib
import gc
import hashlib
import io
import os
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from git_dvc.__main__ import main
from git_dvc.cli.console import console
from git_dvc.hashing import Dos2UnixMd5
from git_dvc.ops.status import Status, status
from git_dvc.project import Project

TOP = Path(__file__).parent.parent
Tree = dict[str, bytes]


def md5(data: bytes) -> str:
    return hashlib.md5(data).hexdigest()


def hashes_of(*texts: str) -> set[str]:
    return {md5(text.encode()) for text in texts}


def write_tree(place: str | Path, files: Mapping[str, bytes | str]) -> None:
    """Write files by relative path, with their directories; old ones are replaced, not edited."""
    for name, data in files.items():
        path = Path(place) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)


def read_tree(place: str | Path) -> Tree:
    """Return the content of every file below a directory; links are read through."""
    found = {}
    for folder, _, names in os.walk(place):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                with open(path, "rb") as stream:
                    found[os.path.relpath(path, place)] = stream.read()
    return found


def objects(cache: str | Path) -> Iterator[tuple[str, str]]:
    """Yield name and path of everything that stands under an object's final name."""
    for top, length in ((os.path.join(cache, "files", "md5"), 2), (os.fspath(cache), 2)):
        for shard in sorted(os.listdir(top)) if os.path.isdir(top) else []:
            folder = os.path.join(top, shard)
            if len(shard) == length and os.path.isdir(folder):
                for name in sorted(os.listdir(folder)):
                    yield shard + name, os.path.join(folder, name)


def check_objects(cache: str | Path) -> dict[str, bytes]:
    """Assert that each object is what its name says, and return all of them by hash."""
    found = {}
    for name, path in objects(cache):
        mode = os.lstat(path).st_mode
        assert stat.S_ISREG(mode), f"{path} is not a file"
        with open(path, "rb") as stream:
            data = stream.read()
        value = name.removesuffix(".dir")
        if value != md5(data):
            old = Dos2UnixMd5()
            old.update(data)
            assert value == old.hexdigest(), f"{path} is damaged"
        found[name] = data
    return found


def leftovers(root: str | Path) -> list[str]:
    """Return temporary files that somebody left in a project."""
    found = []
    for folder in (".dvc/tmp/git-dvc", ".dvc/cache/tmp"):
        place = os.path.join(root, folder)
        names = os.listdir(place) if os.path.isdir(place) else []
        found += [f"{folder}/{name}" for name in names if name[0].isdigit()]
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in (".git", ".dvc")]
        found += [os.path.join(folder, name) for name in names if name.endswith(".tmp")]
    return found


def look(root: str | Path) -> Status:
    """Return the status as the next command would see it, from scratch."""
    with Project.open(str(root)) as project:
        return status(project)


def is_clean(root: str | Path) -> bool:
    return look(root).is_clean


def run(
    *args: str | Path, cwd: str | Path, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program and return how it ended; nothing is raised."""
    return subprocess.run(
        [os.fspath(arg) for arg in args],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=120,
    )


def git_dvc(*args: str | Path, cwd: str | Path) -> subprocess.CompletedProcess[str]:
    """Run ``git-dvc`` in this process, in another directory, and return how it ended.

    Much quicker than a program, as all is loaded already.
    """
    words = ["git-dvc", *(str(arg) for arg in args)]
    out, err = io.StringIO(), io.StringIO()
    old = os.getcwd(), sys.argv, console.quiet, console.verbosity
    os.chdir(cwd)
    sys.argv, console.quiet, console.verbosity = words, False, 0
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main()
    finally:
        os.chdir(old[0])
        sys.argv, console.quiet, console.verbosity = old[1:]
        gc.enable()
    return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())
