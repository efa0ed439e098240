"""``git dvc version``; the plain form skips Typer (``cli/quick.py``)."""

from __future__ import annotations

from git_dvc.cli import quick

EXAMPLES = """
git dvc version     # paste this into a bug report
git-dvc --version   # the number alone
"""


def version() -> int:
    """Show versions, what links the file system supports, the hooks and the cache."""
    return quick.version()
