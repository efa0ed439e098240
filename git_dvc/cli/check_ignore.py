"""``git dvc check-ignore``; the work is in ``ops/check_ignore.py``."""

from __future__ import annotations

from typing import Annotated

import typer

EXAMPLES = """
git dvc check-ignore images/.DS_Store      # prints it, if a pattern hides it
git dvc check-ignore -d images/*           # which pattern, of which file and line
find . -type f | git dvc check-ignore --stdin
"""


def check_ignore(
    targets: Annotated[
        list[str] | None, typer.Argument(metavar="path", help="Paths to check.")
    ] = None,
    details: Annotated[
        bool, typer.Option("-d", "--details", help="Show the pattern that decides.")
    ] = False,
    non_matching: Annotated[
        bool,
        typer.Option("-n", "--non-matching", help="With -d: show also paths without a pattern."),
    ] = False,
    from_stdin: Annotated[
        bool, typer.Option("--stdin", help="Read paths from stdin, one a line.")
    ] = False,
) -> int:
    """Tell which paths .dvcignore hides. The exit code is 1 if it hides none."""
    raise NotImplementedError
