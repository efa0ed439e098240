"""``git dvc move``; the work is in ``ops/move.py``."""

from __future__ import annotations

from typing import Annotated

import typer

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
    from git_dvc.ops import move as op
    from git_dvc.project import Project

    op.move(Project.open(), source, destination)
