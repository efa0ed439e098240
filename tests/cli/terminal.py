"""Runs ``git-dvc`` as a person does: as a process, in a pipe or on a pseudo-terminal."""

from __future__ import annotations

import os
import select
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

HERE = Path(__file__).resolve()
SOURCE = HERE.parents[2]


def environment(**more: str) -> dict[str, str]:
    """Return the environment of the test, with this source and a terminal that can colour."""
    plain = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    return plain | {"PYTHONPATH": str(SOURCE), "TERM": "xterm"} | more


def run(
    *arguments: str, cwd: Path, env: Mapping[str, str] | None = None, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run ``git-dvc`` in pipes."""
    return subprocess.run(
        [sys.executable, "-m", "git_dvc", *arguments],
        cwd=cwd,
        env=env or environment(),
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def on_terminal(
    command: list[str],
    *,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    columns: int = 80,
    keys: str = "",
    replies: Sequence[tuple[str, str]] = (),
) -> tuple[int, str]:
    """Run a command on a pseudo-terminal and return its exit code and all it showed.

    Args:
        command: What to run.
        cwd: Where.
        env: Its environment.
        columns: How wide the terminal is.
        keys: Typed at once.
        replies: Pairs of what to wait for and what to type then.
    """
    import fcntl
    import pty
    import termios

    pid, terminal = pty.fork()
    if pid == 0:  # the child: a session of its own with the terminal
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        os.chdir(cwd)
        os.execve(command[0], command, dict(env or environment()))
    if keys:
        os.write(terminal, keys.encode())
    shown = b""
    left = [*replies]
    seen = 0
    while True:
        ready, _, _ = select.select([terminal], [], [], 60)
        if not ready:
            os.kill(pid, 9)
            break
        try:
            chunk = os.read(terminal, 4096)
        except OSError:  # Linux says EIO when the last writer is gone
            break
        if not chunk:
            break
        shown += chunk
        if left and left[0][0].encode() in shown[seen:]:
            seen = len(shown)
            os.write(terminal, left.pop(0)[1].encode())
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), shown.decode()
