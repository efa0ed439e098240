"""``git dvc root``; the plain form skips Typer (``cli/quick.py``)."""

from __future__ import annotations

from git_dvc.cli import quick

EXAMPLES = """
git dvc root            # '.', '..', '../..': the way up from here
cd "$(git dvc root)"
"""


def root() -> int:
    """Show the way from here to the top of the project."""
    return quick.root()
