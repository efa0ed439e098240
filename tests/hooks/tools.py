"""The real husky, lefthook and pre-commit for the tests, installed once by their own clients.

They go to pytest's cache directory and are found there the next time; ``GIT_DVC_TEST_TOOLS``
names another one. Where one cannot be installed (no npm, no network) its tests are skipped,
unless ``GIT_DVC_REQUIRE_TOOLS`` is set, as in CI.

CI has this program install them before the tests, and tries again where the network fails::

    python3 tests/hooks/tools.py DIRECTORY

What it has to give up is not tried again by each test that would use it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NPM = {"husky": "husky@9", "lefthook": "lefthook@2"}
PYPI = {"pre-commit": "pre-commit>=4"}
_PATIENCE_S = 120
_TRIES = 3


def find(name: str, cache: Path) -> Path:
    """Return the program, installed if need be; skip the test if that cannot be."""
    import pytest
    from filelock import FileLock

    folder = Path(os.environ.get("GIT_DVC_TEST_TOOLS") or cache)
    folder.mkdir(parents=True, exist_ok=True)
    program = _place(name, folder)
    with FileLock(folder / f"{name}.lock"):
        if not program.exists():
            known = _reason(name, folder)
            why = known.read_text() if known.exists() else _install(name, folder)
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


def main(folder: Path) -> int:
    """Install all of them, and return 1 if one was not to be had."""
    folder.mkdir(parents=True, exist_ok=True)
    names = (*NPM, *PYPI)
    for name in names:
        _reason(name, folder).write_text("there was no time left")
    for name in names:
        for _ in range(_TRIES):
            _reason(name, folder).write_text(_install(name, folder))
            if _place(name, folder).exists():
                break
        else:
            print(f"{name} cannot be installed here: {_reason(name, folder).read_text()}")
    return int(not all(_place(name, folder).exists() for name in names))


def _reason(name: str, folder: Path) -> Path:
    """Return where it is written why one is not there."""
    return folder / f"{name}.why"


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
