"""What tests of two programs on one project use: the programs, and the state of a project."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.conftest import run_git


class Done(NamedTuple):
    """What a run left: exit code and streams."""

    code: int
    out: str
    err: str


class Tool:
    """One of the two programs.

    Attributes:
        name: ``dvc`` or ``gd``.
    """

    def __init__(self, name: str, command: Sequence[str]) -> None:
        self.name = name
        self._command = list(command)

    @property
    def path(self) -> str:
        """Where the program is."""
        return self._command[0]

    def __repr__(self) -> str:
        return self.name

    def run(self, *args: str, cwd: str | os.PathLike[str] | None = None) -> Done:
        """Run it and return how that went."""
        done = self._run(list(args), os.path.abspath(cwd or "."))
        assert "Traceback (most recent call last)" not in done.err, done.err
        return done

    def _run(self, args: Sequence[str], cwd: str) -> Done:
        done = subprocess.run(
            [*self._command, *args],
            cwd=cwd,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def __call__(self, *args: str, cwd: str | os.PathLike[str] | None = None) -> str:
        """Run it, check that it succeeds, and return what it printed."""
        done = self.run(*args, cwd=cwd)
        assert done.code == 0, f"{self} {' '.join(args)}: {done.code}\n{done.out}{done.err}"
        return done.out.rstrip("\n")

    def fails(self, *args: str, cwd: str | os.PathLike[str] | None = None) -> Done:
        """Run it and check that it does not succeed."""
        done = self.run(*args, cwd=cwd)
        assert done.code != 0, f"{self} {' '.join(args)} succeeded\n{done.out}{done.err}"
        return done

    def json(self, *args: str, cwd: str | os.PathLike[str] | None = None) -> Any:
        """Run it with ``--json`` and return what it answered, lists sorted."""
        text = self(*args, "--json", cwd=cwd)
        return in_order(json.loads(text))

    def is_clean(self, cwd: str | os.PathLike[str] | None = None) -> bool:
        """Return whether it finds data, pointers and cache in agreement."""
        status = self.json("status", cwd=cwd)
        if status != {}:
            print(f"{self} status: {status}")
            return False
        found = self.json("data", "status", cwd=cwd)
        if "uncommitted" in found or "not_in_cache" in found:
            print(f"{self} data status: {found}")
            return False
        return True


class WarmDvc:
    """A process that has the original program loaded (``warm_dvc.py``); close it at the end."""

    def __init__(self, python: str, folder: Path) -> None:
        self._out = folder / "out"
        self._err = folder / "err"
        self._process = subprocess.Popen(
            [python, str(Path(__file__).with_name("warm_dvc.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=folder,
        )

    def run(self, args: Sequence[str], cwd: str) -> Done:
        """Run a command line there, in the environment that is ours now."""
        process = self._process
        assert process.stdin is not None and process.stdout is not None
        job = {
            "args": list(args),
            "cwd": cwd,
            "env": {**os.environ, "PWD": cwd},
            "out": str(self._out),
            "err": str(self._err),
        }
        process.stdin.write(json.dumps(job) + "\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        assert answer, "the process that runs dvc has ended"
        return Done(int(answer), self._out.read_text(), self._err.read_text())

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)


class WarmTool(Tool):
    """The original program, run by a process that has it loaded."""

    def __init__(self, command: Sequence[str], warm: WarmDvc) -> None:
        super().__init__("dvc", command)
        self._warm = warm

    def _run(self, args: Sequence[str], cwd: str) -> Done:
        return self._warm.run(args, cwd)


def original(program: str | os.PathLike[str], warm: WarmDvc | None) -> Tool:
    """Return the original program, run by a process that has it loaded if there is one."""
    command = [os.fspath(program)]
    return Tool("dvc", command) if warm is None else WarmTool(command, warm)


def python_of(program: str) -> str | None:
    """Return the Python that runs a script, or None if it is not one."""
    with open(os.path.realpath(program), "rb") as file:
        first = file.readline().decode(errors="replace").strip()
    python = first.removeprefix("#!")
    is_python = first.startswith("#!") and "python" in python and os.path.exists(python)
    return python if is_python else None


def in_order(value: Any) -> Any:
    """Return a value with all its lists sorted: DVC's order is partly arbitrary."""
    if isinstance(value, dict):
        return {key: in_order(item) for key, item in value.items()}
    if isinstance(value, list):
        return sorted(map(in_order, value), key=lambda item: json.dumps(item, sort_keys=True))
    return value


class Pair(NamedTuple):
    """Who does it, and who looks at it."""

    x: Tool
    y: Tool


# -- the state of a project -----------------------------------------------------------------


def start(tool: Tool, *flags: str) -> None:
    """Start a project here with a program, hooks left out."""
    tool("init", "-q", *(["--no-hooks"] if tool.name == "gd" else []), *flags)


def git(*args: str, cwd: str | os.PathLike[str] = ".", check: bool = True) -> str:
    """Run Git here."""
    return run_git(*args, cwd=cwd, check=check)


def commit(message: str) -> None:
    """Commit everything."""
    git("add", "-A")
    git("commit", "-q", "-m", message)


def write(path: str, content: str | bytes) -> str:
    """Write a file, with its directories, and return its path.

    A link to the cache is replaced, not written through.
    """
    place = Path(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.is_symlink() or place.exists():
        place.unlink()
    place.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def text(path: str) -> str:
    """Return a file as text, line ends as they are."""
    return Path(path).read_bytes().decode()


def mode(path: str) -> int:
    """Return the permission bits."""
    return stat.S_IMODE(os.stat(path).st_mode)


def remove(*paths: str) -> None:
    """Delete files and directories."""
    for path in paths:
        if os.path.isdir(path) and not os.path.islink(path):
            for folder, _, _ in os.walk(path):
                os.chmod(folder, 0o755)
            shutil.rmtree(path)
        else:
            os.unlink(path)


def object_path(value: str, cache: str = ".dvc/cache") -> str:
    """Return where the object of a hash is."""
    return f"{cache}/files/md5/{value[:2]}/{value[2:]}"


def objects(cache: str = ".dvc/cache") -> dict[str, bytes]:
    """Return all objects of both layouts, by path inside the cache."""
    found = {}
    for folder, _, names in os.walk(cache):
        for name in names:
            place = os.path.join(folder, name)
            relpath = os.path.relpath(place, cache)
            parts = relpath.split(os.sep)
            if parts[:2] == ["files", "md5"] or len(parts) == 2:
                found[relpath.replace(os.sep, "/")] = Path(place).read_bytes()
    return found


def tree(*paths: str) -> dict[str, str]:
    """Return the content of all files below some paths (or at them)."""
    found = {}
    for path in paths:
        if os.path.isfile(path):
            found[path] = text(path)
        for folder, _, names in os.walk(path):
            for name in names:
                place = os.path.join(folder, name)
                found[place.replace(os.sep, "/")] = text(place)
    return found


def digest(content: str) -> str:
    """Return the MD5 of a text."""
    return hashlib.md5(content.encode()).hexdigest()
