"""Run one command and say what it cost.

Wall time is taken around the child alone. CPU time and peak memory are the kernel's own
figures for the child and everything it waited for (``wait4``), so ``git checkout`` includes
its hooks. On Linux the bytes and calls of reading and writing come from ``/proc/PID/io`` of
the ended child, just before it is reaped, and cost the child nothing.

The peak of a child starts from the peak of this process (Linux carries it over ``exec``), so
this process stays small and peaks under about 25 MB say nothing.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from typing import NamedTuple


class Command(NamedTuple):
    """What to run, where, and with which environment."""

    argv: list[str]
    cwd: str
    env: dict[str, str]


class Usage(NamedTuple):
    """What one run cost; the read and write figures are None where ``/proc`` has no io."""

    wall_s: float
    user_s: float
    sys_s: float
    peak_bytes: int
    read_bytes: int | None
    read_calls: int | None
    written_bytes: int | None
    write_calls: int | None

    @property
    def cpu_s(self) -> float:
        return self.user_s + self.sys_s


class CommandFailed(Exception):
    """A command that had to succeed did not."""

    def __init__(self, command: Command, code: int, output: str) -> None:
        super().__init__(
            f"{' '.join(command.argv)}\n  in {command.cwd}\n  exited with {code}:\n{output}"
        )


def run(command: Command, log_path: str) -> Usage:
    """Run ``command``, its stderr kept in ``log_path``; raise CommandFailed unless it exits 0."""
    with open(log_path, "wb") as log:
        start = time.perf_counter()
        child = subprocess.Popen(
            command.argv,
            cwd=command.cwd,
            env=command.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
        counts: dict[str, int] = {}
        if sys.platform == "linux":
            os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
            wall_s = time.perf_counter() - start
            counts = _io_counts(child.pid)
            _, status, used = os.wait4(child.pid, 0)
        else:
            _, status, used = os.wait4(child.pid, 0)
            wall_s = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        with open(log_path, errors="replace") as log_text:
            raise CommandFailed(command, child.returncode, log_text.read()[-1500:])
    return Usage(
        wall_s,
        used.ru_utime,
        used.ru_stime,
        used.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
        counts.get("rchar"),
        counts.get("syscr"),
        counts.get("wchar"),
        counts.get("syscw"),
    )


def _io_counts(pid: int) -> dict[str, int]:
    try:
        with open(f"/proc/{pid}/io") as file:
            return {key: int(value) for key, value in (line.split(": ") for line in file)}
    except OSError:
        return {}


# What strace calls the ways to do one thing.
_KINDS = {
    "open": {"open", "openat", "openat2", "creat"},
    "read": {"read", "pread64", "readv", "preadv", "preadv2"},
    "write": {"write", "pwrite64", "writev", "pwritev", "copy_file_range", "sendfile"},
    "rename": {"rename", "renameat", "renameat2"},
    "link": {"link", "linkat"},
    "stat": {"stat", "lstat", "fstat", "newfstatat", "statx"},
    "chmod": {"chmod", "fchmod", "fchmodat"},
    "utime": {"utime", "utimes", "utimensat", "futimesat"},
    "unlink": {"unlink", "unlinkat"},
}

# "  42.4    0.016743         697        24         3 futex": the errors column may be empty.
_STRACE_LINE = re.compile(r"\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$")


def system_calls(command: Command, scratch: str) -> dict[str, int]:
    """Run ``command`` under strace and count its system calls by kind, and in total."""
    counted = os.path.join(scratch, "strace.txt")
    traced = command._replace(argv=["strace", "-c", "-f", "-o", counted, *command.argv])
    run(traced, os.path.join(scratch, "strace.log"))
    with open(counted) as file:
        return parse_strace(file.read())


def parse_strace(table: str) -> dict[str, int]:
    """Sum the table of ``strace -c`` by kind of call; ``total`` is the sum of all."""
    kind_of = {name: kind for kind, names in _KINDS.items() for name in names}
    counts = dict.fromkeys((*_KINDS, "total"), 0)
    for line in table.splitlines():
        found = _STRACE_LINE.match(line)
        if found is None or found[2] == "total":
            continue
        counts["total"] += int(found[1])
        if found[2] in kind_of:
            counts[kind_of[found[2]]] += int(found[1])
    return counts
