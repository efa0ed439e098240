"""A project without Git, to be broken again and again: made in milliseconds."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from git_dvc.ops.init import init
from tests.scene import Tree, write_tree


def start(kind: str) -> None:
    """Begin with an empty project in the current directory."""
    here = Path.cwd()
    for path in here.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    init(".", no_scm=True)
    with open(".dvc/config", "a") as config:
        config.write(f"[cache]\n    type = {kind}\n")


def put(files: Tree) -> None:
    """Make ``data`` hold these files, as written a while ago."""
    shutil.rmtree("data", ignore_errors=True)
    write_tree("data", files)
    past = time.time_ns() - 3_000_000_001
    for name in files:
        os.utime(f"data/{name}", ns=(past, past))
