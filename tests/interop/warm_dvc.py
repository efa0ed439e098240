"""Runs the original program many times, loaded once: for its own Python, not for ours.

Loading takes most of the time of its commands. So one process loads it and forks for each
command line, which then runs as ever: own directory, environment, streams and exit code.

Reads a line of JSON for each command from stdin, and answers with its exit code.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tempfile
import traceback
from typing import Any

WARM_UP = ("init -q", "add f", "status", "data status", "diff", "checkout", "move f g")


def load() -> Any:
    """Load the program and what its commands use, and return what runs a command line."""
    main = importlib.import_module("dvc.cli").main
    for name in used_by_commands(main):
        try:
            importlib.import_module(name)
        except ImportError:  # a name in sys.modules need not be a module that can be found
            pass
    return main


def used_by_commands(main: Any) -> list[str]:
    """Return the modules that commands load, as seen by a child that runs some."""
    with tempfile.TemporaryDirectory() as folder:
        names = os.path.join(folder, "names")
        child = os.fork()
        if child == 0:
            environment = {**os.environ, "DVC_NO_ANALYTICS": "1"}
            for kind in ("GLOBAL_CONFIG", "SYSTEM_CONFIG", "SITE_CACHE"):
                environment[f"DVC_{kind}_DIR"] = os.path.join(folder, kind)
            project = os.path.join(folder, "project")
            subprocess.run(["git", "init", "-q", project], check=True)
            with open(os.path.join(project, "f"), "w") as file:
                file.write("f")
            job = {"cwd": project, "env": environment, "out": os.devnull, "err": os.devnull}
            for line in WARM_UP:
                run(main, {**job, "args": line.split()})
            with open(names, "w") as file:
                json.dump(list(sys.modules), file)
            os._exit(0)
        os.waitpid(child, 0)
        with open(names) as file:
            return [str(name) for name in json.load(file)]


def run(main: Any, job: dict[str, Any]) -> int:
    """Be one command: never returns to the caller's work."""
    os.chdir(job["cwd"])
    os.environ.clear()
    os.environ.update(job["env"])
    for number, path in enumerate((os.devnull, job["out"], job["err"])):
        flags = os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        os.dup2(os.open(path, flags, 0o600), number)
    sys.argv = ["dvc", *job["args"]]
    try:
        return int(main(job["args"]) or 0)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1
    except BaseException:
        traceback.print_exc()
        return 1


def serve() -> None:
    """Run commands until stdin ends."""
    main = load()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            code = run(main, json.loads(line))
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code & 255)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


serve()
