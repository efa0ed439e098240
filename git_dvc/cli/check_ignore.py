"""``git dvc check-ignore``; the work is in ``ops/check_ignore.py``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Annotated

import typer

from git_dvc.cli.console import console
from git_dvc.errors import UsageError, quoted

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
    if from_stdin and targets:
        raise UsageError("--stdin takes no paths")
    if not from_stdin and not targets:
        raise UsageError("name paths, or give them with --stdin")
    if non_matching and not details:
        raise UsageError("--non-matching goes with --details")

    from git_dvc.cli import opened
    from git_dvc.ops import check_ignore as op

    paths = _lines_of_stdin() if from_stdin else targets or []
    found = False
    with opened.project() as project:
        for answer in op.check_ignore(project, paths):
            found = found or answer.ignored
            if details and (answer.match is not None or non_matching):
                pattern = "::" if answer.match is None else str(answer.match)
                console.say(f"{quoted(pattern)}\t{quoted(answer.target)}")
            elif answer.ignored:
                console.say(quoted(answer.target))
            if from_stdin:
                console.stdout.flush()
    return 0 if found else 1


def _lines_of_stdin() -> Iterator[str]:
    """Yield paths as they come; names need not be valid text."""
    for line in sys.stdin.buffer:
        yield os.fsdecode(line.rstrip(b"\n"))
