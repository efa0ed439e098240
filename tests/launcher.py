"""``git-dvc`` as a program for tests, as an installed one is: on PATH, so that ``git dvc`` works.

The checkout's ``bin/git-dvc`` starts whatever ``python3`` is on PATH; this one starts the Python
that runs the tests, with the package of this checkout.
"""

from __future__ import annotations

import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]


def write(folder: Path) -> Path:
    """Write the program into a directory, which is made if missing, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "git-dvc"
    program.write_text(
        f"#!{sys.executable}\n"
        "import sys\n\n"
        f"sys.path.insert(0, {str(TOP)!r})\n"
        "from git_dvc.__main__ import main\n\n"
        "sys.exit(main())\n"
    )
    program.chmod(0o755)
    return program
