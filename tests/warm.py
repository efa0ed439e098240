"""Runs ``git-dvc`` many times, loaded once: the tests start it some thousand times.

Most of a short command's time goes into starting Python and loading modules, again and again.
So one process for all tests of a worker loads them, and forks for each command line, which then
runs as ever: own arguments, environment, directory, streams and exit code. What is about the
start itself, signals, limits or the process tree takes the real program (``launcher.py``).

The program that stands in for ``git-dvc`` is ``CLIENT``: it hands its streams over a socket and
waits. If there is nobody at the other end, it becomes the real program.
"""

from __future__ import annotations

import atexit
import importlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]

CLIENT = """\
#!{python} -ISE
import _socket
import os
import sys

wire = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
try:
    wire.connect({address!r})
except OSError:
    os.execv({real!r}, [{real!r}, *sys.argv[1:]])
umask = os.umask(0)
os.umask(umask)
words = [os.fsencode(word) for word in ({real!r}, __file__, *sys.argv[1:])]
env = [name + b"=" + value for name, value in os.environb.items()]
parts = [b"%d %d %d" % (umask, len(words), len(env)), *words, *env]
data = b"".join(b"%d:" % len(part) + part for part in parts)
here = os.open(".", os.O_RDONLY)
streams = b""
for fd in (0, 1, 2, here):
    try:
        os.fstat(fd)
    except OSError:
        fd = os.open(os.devnull, os.O_RDWR)
    streams += fd.to_bytes(4, sys.byteorder)
rights = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)]
wire.sendmsg([b"%20d" % len(data)], rights)
wire.sendall(data)
answer = b""
while True:
    piece = wire.recv(64)
    if not piece:
        break
    answer += piece
os._exit(int(answer or b"139"))
"""

_STREAMS = 4
_LAST_FD = 200
"""The socket is closed last of all: who sees its end finds no file or lock still open."""

_server: tuple[int, str] | None = None


def address() -> str:
    """Return where the server of this process listens; started when it is first asked for."""
    global _server
    if _server is None or _server[0] != os.getpid():
        short = None if len(tempfile.gettempdir()) < 60 else "/tmp"  # a socket's path is, too
        place = os.path.join(tempfile.mkdtemp(prefix="git-dvc-warm-", dir=short), "socket")
        server = subprocess.Popen(
            [sys.executable, __file__, place],
            stdin=subprocess.PIPE,
            cwd="/",
            start_new_session=True,
        )
        while not os.path.exists(place) and server.poll() is None:
            time.sleep(0.01)

        def stop() -> None:
            assert server.stdin is not None
            server.stdin.close()
            server.wait()

        atexit.register(stop)
        _server = os.getpid(), place
    return _server[1]


def load() -> None:
    """Load all but the command line's own modules, which look at the streams they start with."""
    for path in sorted((TOP / "git_dvc").rglob("*.py")):
        name = ".".join(path.relative_to(TOP).with_suffix("").parts).removesuffix(".__init__")
        if not name.startswith(("git_dvc.cli", "git_dvc.terminal", "git_dvc.tour")):
            try:
                importlib.import_module(name)
            except ImportError:  # of a library that is not here
                pass
    for name in ("typer", "typer.core", "yaml", "filelock", "sqlite3", "shlex", "email.message"):
        importlib.import_module(name)


def serve(place: str) -> None:
    """Run command lines until stdin ends."""
    sys.path.insert(0, str(TOP))
    load()
    import select

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the children
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
        door.bind(place + ".new")
        door.listen(64)
        os.rename(place + ".new", place)
        while True:
            ready, _, _ = select.select([door.fileno(), 0], [], [])
            if 0 in ready:
                break
            wire, _ = door.accept()
            if os.fork() == 0:
                door.close()
                _be(wire)
            wire.close()
    os.unlink(place)
    os.rmdir(os.path.dirname(place))


def _be(wire: socket.socket) -> None:
    """Be one command; never returns."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    head, rights, _, _ = socket.recv_fds(wire, 20, _STREAMS)
    data = b""
    while len(data) < int(head):
        data += wire.recv(int(head) - len(data))
    parts = []
    at = 0
    while at < len(data):
        colon = data.index(b":", at)
        size = int(data[at:colon])
        parts.append(data[colon + 1 : colon + 1 + size])
        at = colon + 1 + size
    umask, words, _ = (int(number) for number in parts[0].split())
    os.fchdir(rights[3])
    for number in range(3):
        os.dup2(rights[number], number)
    for fd in rights:
        os.close(fd)
    os.dup2(wire.fileno(), _LAST_FD, inheritable=False)
    wire.close()
    os.umask(umask)
    os.environb.clear()
    for entry in parts[1 + words :]:
        variable, _, value = entry.partition(b"=")
        os.environb[variable] = value
    time.tzset()
    sys.argv = [os.fsdecode(word) for word in parts[1 : 1 + words]]
    for name, fd in (("stdin", 0), ("stdout", 1), ("stderr", 2)):
        _renew(name, fd)
    code = _run(sys.argv.pop(0))
    os.write(_LAST_FD, str(code & 255).encode())
    os._exit(0)


def _renew(name: str, fd: int) -> None:
    """Give Python a stream of this process, coded as the one it started with."""
    old = getattr(sys, name)
    stream = open(  # noqa: SIM115 - as long as the process
        fd, "r" if fd == 0 else "w", encoding=old.encoding, errors=old.errors, closefd=False
    )
    if fd != 0:
        stream.reconfigure(line_buffering=fd == 2 or stream.isatty())
    setattr(sys, name, stream)
    setattr(sys, f"__{name}__", stream)


def _run(program: str) -> int:
    """Run a program, which ends by ``sys.exit``, and return its exit code."""
    code = 1
    try:
        try:
            with open(program) as stream:
                text = stream.read()
            exec(compile(text, program, "exec"), {"__name__": "__main__", "__file__": program})
        except SystemExit as stop:
            if isinstance(stop.code, str):
                print(stop.code, file=sys.stderr)
            elif stop.code is not None:
                code = stop.code
            else:
                code = 0
        except BaseException:
            traceback.print_exc()
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        pass
    except BaseException:
        code = 120
    return code


def write(program: Path, real: Path) -> None:
    """Write the program that has the server run the real one, a Python script."""
    program.write_text(CLIENT.format(python=sys.executable, address=address(), real=str(real)))
    program.chmod(0o755)


if __name__ == "__main__":
    serve(sys.argv[1])
