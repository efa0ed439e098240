"""A seam at the calls that reach the disk: fail or die at call number N.

``Faults`` stands in for functions of ``os`` while a command runs. It counts their calls;
at the chosen one it raises an ``OSError``, or ends the process as ``kill -9`` would (the
command runs in a fork then). ``walk`` repeats a command for N = 1, 2, ... until one run
gets through without meeting its fault, and gives each outcome to a checker.
"""

from __future__ import annotations

import builtins
import errno
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, NamedTuple

from git_dvc import fsutil
from git_dvc.errors import GitDvcError

WRITING = (
    "link", "symlink", "replace", "rename", "write", "fsync", "unlink", "rmdir", "mkdir",
    "fchmod", "chmod", "utime", "copy_file_range",
)  # fmt: skip
CALLS = ("open", *WRITING, "read", "readv", "readlink", "lstat", "stat", "fstat", "scandir")
DIED = 77
ALL = os.environ.get("GIT_DVC_TEST_FAULTS") == "all"
"""Try every error at every call; by default the errors take turns."""


class Outcome(NamedTuple):
    """How one run of a command ended.

    Attributes:
        number: The call that was to fail.
        where: That call and its first argument; '' if there were fewer calls.
        error: What the command raised, as text; '' if nothing.
        died: Whether the process was ended.
    """

    number: int
    where: str
    error: str
    died: bool


class Faults:
    """Counts calls, and fails at one of them.

    Only calls that change something count where the process is to die: between the others
    nothing differs for those who come after.
    """

    def __init__(self, number: int, code: int | None) -> None:
        self.number = number
        self.code = code
        self.count = 0
        self.where = ""
        self._old: list[tuple[Any, str, Any]] = []

    def __enter__(self) -> Faults:
        for name in CALLS if self.code is not None else ("open", *WRITING):
            if hasattr(os, name):
                self._patch(os, name)
        self._patch(fsutil, "sync_filesystem")
        self._patch(fsutil, "reflink")
        self._patch(builtins, "open")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for place, name, real in reversed(self._old):
            os.supports_fd.discard(getattr(place, name))
            setattr(place, name, real)

    def _patch(self, place: Any, name: str) -> None:
        real = getattr(place, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            if self.code is None and name == "open" and not _creates(*args[1:2]):
                return real(*args, **kwargs)
            self.count += 1
            if self.count == self.number:
                self.where = f"{name}({args[0] if args else ''!r})"
                self._fail()
            return real(*args, **kwargs)

        self._old.append((place, name, real))
        if real in os.supports_fd:
            os.supports_fd.add(call)
        setattr(place, name, call)

    def _fail(self) -> None:
        if self.code is None:
            os._exit(DIED)
        raise OSError(self.code, os.strerror(self.code), self.where)


def _creates(how: int | str = "r") -> bool:
    return bool(how & os.O_CREAT) if isinstance(how, int) else how[0] != "r"


def in_a_fork(work: Callable[[], object]) -> tuple[int, str]:
    """Run something in a fork; return its exit code and what it said with code 1."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        code = 3
        try:
            os.close(reading)
            try:
                work()
                code = 0
            except BaseException:
                os.write(writing, traceback.format_exc().encode()[-60_000:])
                code = 1
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        said = stream.read().decode()
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), said


def walk(
    prepare: Callable[[], None],
    command: Callable[[], object],
    *,
    die: bool,
    start: int = 1,
    step: int = 1,
) -> Iterator[Outcome]:
    """Yield the outcome for N = start, start + step, ... until no call is left to fail.

    Args:
        prepare: Puts everything as it was before.
        command: What is to be interrupted.
        die: End the process instead of raising an error.
        start: First N.
        step: Distance of the next.
    """
    codes = [errno.ENOSPC, errno.EIO, errno.EMFILE]
    number = start
    while True:
        for code in [None] if die else codes if ALL else [codes[number % len(codes)]]:
            prepare()
            outcome = _run(command, number, code)
            yield outcome
        if not outcome.where and not outcome.died:
            return
        number += step


def _run(command: Callable[[], object], number: int, code: int | None) -> Outcome:
    faults = Faults(number, code)
    if code is None:

        def run() -> None:
            with faults:
                command()

        ended, said = in_a_fork(run)
        assert ended in (0, DIED), f"call {number}: {said}"
        return Outcome(number, "", "", ended == DIED)
    error = ""
    with faults:
        try:
            command()
        except (OSError, GitDvcError) as problem:
            error = str(problem) or type(problem).__name__
        except Exception:
            sys.stderr.write(f"after {faults.where}, error {errno.errorcode[code]}:\n")
            raise
    return Outcome(number, faults.where, error, False)
