"""``git-dvc`` as a program for tests, as an installed one is: on PATH, so that ``git dvc`` works.

The checkout's ``bin/git-dvc`` starts whatever ``python3`` is on PATH; this one runs the Python
that runs the tests, with the package of this checkout.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests import warm

TOP = Path(__file__).resolve().parents[1]


def write(folder: Path, *, real: bool = False) -> Path:
    """Write the program into a directory, which is made if missing, and return its path.

    Args:
        folder: Where to.
        real: A Python of its own for each start, as an installed one has. Else all share one
            that has loaded the modules (``warm.py``), which is ten times as quick.
    """
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "git-dvc"
    real_one = program if real or sys.platform == "win32" else folder / "lib" / "git-dvc"
    real_one.parent.mkdir(exist_ok=True)
    real_one.write_text(
        f"#!{sys.executable}\n"
        "import sys\n\n"
        f"sys.path.insert(0, {str(TOP)!r})\n"
        "from git_dvc.__main__ import main\n\n"
        "sys.exit(main())\n"
    )
    real_one.chmod(0o755)
    if real_one != program:
        warm.write(program, real_one)
    return program
