"""The real husky, lefthook and pre-commit for the tests, installed once by their own clients.

They go to pytest's cache directory and are found there the next time; ``GIT_DVC_TEST_TOOLS``
names another one. Where one cannot be installed (no npm, no network) its tests are skipped,
unless ``GIT_DVC_REQUIRE_TOOLS`` is set, as in CI.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

NPM = {"husky": "husky@9", "lefthook": "lefthook@2"}
PYPI = {"pre-commit": "pre-commit>=4"}
_PATIENCE_S = 240


def find(name: str, cache: Path) -> Path:
    """Return the program, installed if need be; skip the test if that cannot be."""
    folder = Path(os.environ.get("GIT_DVC_TEST_TOOLS") or cache)
    folder.mkdir(parents=True, exist_ok=True)
    program = _place(name, folder)
    with FileLock(folder / f"{name}.lock"):
        if not program.exists():
            why = _install(name, folder)
            if not program.exists():
                if os.environ.get("GIT_DVC_REQUIRE_TOOLS"):
                    pytest.fail(f"GIT_DVC_REQUIRE_TOOLS is set, but {name} is not to be had: {why}")
                pytest.skip(f"{name} cannot be installed here: {why}")
    return program


def _place(name: str, folder: Path) -> Path:
    if name in NPM:
        return folder / name / "node_modules" / ".bin" / name
    return folder / name / "bin" / name


def _install(name: str, folder: Path) -> str:
    """Install one of them, and return what went wrong, if anything did."""
    place = folder / name
    place.mkdir(exist_ok=True)
    if name in NPM:
        npm = shutil.which("npm")
        if npm is None:
            return "no npm"
        (place / "package.json").write_text("{}")
        # Its scripts would install lefthook's hooks in whatever repository the tests stand in.
        options = ["--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
        options += ["--prefix", str(place)]
        steps = [[npm, "install", *options, NPM[name]]]
    else:
        pip = [str(place / "bin" / "python"), "-m", "pip"]
        quiet = ["--quiet", "--disable-pip-version-check"]
        steps = [
            [sys.executable, "-m", "venv", str(place)],
            [*pip, "install", *quiet, PYPI[name]],
        ]
    for step in steps:
        try:
            done = subprocess.run(
                step, cwd=place, capture_output=True, text=True, timeout=_PATIENCE_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as problem:
            return str(problem)
        if done.returncode != 0:
            return (done.stderr or done.stdout).strip()[-500:]
    return ""
