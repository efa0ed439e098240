"""``git dvc hook``: the name alone; ``__main__`` sends real calls straight to ``hooks/``."""

from __future__ import annotations

from typing import Annotated

import typer

EXAMPLES = """
git dvc hook post-checkout "$1" "$2" "$3"   # the line in .git/hooks/post-checkout
"""


def hook(
    name: Annotated[str, typer.Argument(metavar="name", help="The Git hook's name.")],
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="arg", help="What Git gave it.")
    ] = None,
) -> int:
    """Do the work of a Git hook; Git's hooks call this."""
    from git_dvc.hooks import entry

    return entry.run(name, arguments or [])
