"""``git dvc commit``: what the command line says; the work is in ``ops/commit.py``."""

from __future__ import annotations

from typing import Annotated

import typer

from git_dvc.cli import options
from git_dvc.cli.console import console

EXAMPLES = """
git dvc commit                # all tracked data that changed
git dvc commit -f images.dvc  # one output, without being asked
"""


def commit(
    targets: options.Targets = None,
    force: Annotated[
        bool, typer.Option("-f", "--force", help="Do not ask before recording changes.")
    ] = False,
    with_deps: options.WithDeps = False,
    recursive: options.Recursive = False,
    no_relink: Annotated[
        bool,
        typer.Option("--no-relink", help="Leave the files as they are, not linked to the cache."),
    ] = False,
) -> None:
    """Record the changes of data that is tracked already, without running anything."""
    from git_dvc.cli import render
    from git_dvc.ops import commit as op
    from git_dvc.project import Project

    project = Project.open()
    result = op.commit(
        project,
        targets or [],
        force=force,
        with_deps=with_deps,
        recursive=recursive,
        relink=not no_relink,
    )
    console.say(render.commit(result))
