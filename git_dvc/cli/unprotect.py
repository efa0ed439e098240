"""``git dvc unprotect``; the work is in ``ops/unprotect.py``."""

from __future__ import annotations

from typing import Annotated

import typer

from git_dvc.cli.console import console

EXAMPLES = """
git dvc unprotect labels.csv   # now edit it; 'git dvc add labels.csv' records it
"""


def unprotect(
    targets: Annotated[
        list[str], typer.Argument(metavar="target", help="Tracked files and directories.")
    ],
) -> None:
    """Make linked data safe to edit in place: replace links to the cache by copies."""
    from git_dvc.cli import opened, render
    from git_dvc.ops import unprotect as op

    with opened.project() as project:
        files = op.unprotect(project, targets, progress=console.progress())
        console.say(
            f"{render.number_of(files, 'file')} replaced by a copy of its own"
            if files
            else "nothing here is linked to the cache"
        )
