"""``git dvc tour``: plays the whole story; the story is in ``git_dvc/tour``."""

from __future__ import annotations

from typing import Annotated

import typer

EXAMPLES = """
git dvc tour          # in a new temporary directory
git dvc tour ~/tour   # there
"""


def tour(
    directory: Annotated[
        str | None,
        typer.Argument(metavar="dir", help="A directory that does not exist or is empty."),
    ] = None,
) -> int:
    """Play the whole story in a scratch repository: real images, a real model, two versions.

    Prints every command and its output, checks what it claims, and takes a few seconds.
    """
    from git_dvc.tour.play import play

    return play(directory)
