"""What a Dask worker does: run a script, and end it when it is asked to.

It is sent to the worker as it stands, so that git-dvc need not be installed there: it uses
nothing but the standard library, and all of that inside of the function.
"""

from __future__ import annotations


def run(script: str, stop: str, started: str) -> int:
    """Run a script until it ends, or until somebody makes the file ``stop``.

    Args:
        script: The script.
        stop: The file that asks for its end.
        started: A file that is there while the script runs. So it never runs twice: Dask
            tries again when a worker dies, and a stage must not start on half of its outputs.

    Returns:
        The exit code; negative for a signal.
    """
    import os
    import signal
    import subprocess
    import time

    try:
        os.close(os.open(started, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return 1
    process = subprocess.Popen(["/bin/sh", script], start_new_session=True)
    asked = 0.0
    while True:
        try:
            code = process.wait(0.1)
            os.unlink(started)
            return code
        except subprocess.TimeoutExpired:
            pass
        if os.path.exists(stop):
            now = time.monotonic()
            asked = asked or now
            late = now - asked > 5
            os.killpg(process.pid, signal.SIGKILL if late else signal.SIGTERM)
