"""``git dvc init``: what the command line says; the work is in ``ops/init.py``."""

from __future__ import annotations

from typing import Annotated

import typer

from git_dvc.cli import options
from git_dvc.cli.console import console

EXAMPLES = """
git dvc init                 # in the top directory of a Git repository
git dvc init --subdir        # a project of its own in a part of the repository
git dvc init --no-scm data   # without Git, in ./data
"""


def init(
    path: Annotated[
        str, typer.Argument(metavar="dir", help="Where; made if missing.", show_default=False)
    ] = ".",
    no_scm: Annotated[bool, typer.Option("--no-scm", help="Work without Git.")] = False,
    subdir: Annotated[
        bool, typer.Option("--subdir", help="Allow a directory below the top of the repository.")
    ] = False,
    force: options.Force = False,
    no_hooks: Annotated[
        bool, typer.Option("--no-hooks", help="Leave Git's hooks as they are.")
    ] = False,
) -> None:
    """Make this Git repository a git-dvc project.

    Creates .dvc and .dvcignore, stages them, and puts the Git hooks in place, so that the
    data follows every checkout.
    """
    from git_dvc.cli import render
    from git_dvc.ops import init as op

    result = op.init(path, no_scm=no_scm, subdir=subdir, force=force, hooks=not no_hooks)
    console.say(render.init(result))
