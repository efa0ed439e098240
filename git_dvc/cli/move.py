"""``git dvc move``; the work is in ``ops/move.py``."""

from __future__ import annotations

from typing import Annotated

import typer

from git_dvc.cli.console import console
from git_dvc.errors import quoted

EXAMPLES = """
git dvc move images pictures   # images.dvc becomes pictures.dvc
git dvc mv model.h5 models/    # into a directory
"""


def move(
    source: Annotated[str, typer.Argument(metavar="from", help="Tracked data.")],
    destination: Annotated[
        str, typer.Argument(metavar="to", help="The new name, or a directory to move into.")
    ],
) -> None:
    """Rename tracked data together with its pointer file and its .gitignore line."""
    from git_dvc.cli import opened
    from git_dvc.ops import move as op

    with opened.project() as project:
        result = op.move(project, source, destination, progress=console.progress())
        old, new = (quoted(project.shown(path)) for path in (result.source, result.destination))
        console.say(f"moved {old} to {new}; {quoted(project.shown(result.pointer))} names it now")
        changed = [project.shown(path) for path in result.changed]
        opened.tell_how_to_stage(project, changed, staged=result.staged)
