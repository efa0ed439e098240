"""A port for a server that cannot be told to take any free one and say which."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable

_TRIES = 10
_PATIENCE_S = 60


def serving(
    start: Callable[[int], subprocess.Popen[bytes]], why: Callable[[], str] = lambda: ""
) -> tuple[subprocess.Popen[bytes], int]:
    """Start a server and return it with its port, once it answers there.

    Somebody else may take a port after it was found to be free: then the server ends, and
    another port is tried.

    Args:
        start: Starts the server on a port.
        why: Says what the server has said.
    """
    for _ in range(_TRIES):
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            port: int = found.getsockname()[1]
        server = start(port)
        until = time.monotonic() + _PATIENCE_S
        while server.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
            except OSError:
                assert time.monotonic() < until, f"the server does not answer\n{why()}"
                time.sleep(0.02)
                continue
            time.sleep(0.02)  # who answered may be another, and the server about to end
            if server.poll() is None:
                return server, port
        server.wait()
    raise AssertionError(f"the server ends at once\n{why()}")
