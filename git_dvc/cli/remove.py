"""``git dvc remove``; the work is in ``ops/remove.py``."""

from __future__ import annotations

from typing import Annotated

import typer

from git_dvc.cli.console import console

EXAMPLES = """
git dvc remove images.dvc          # the images stay, as ordinary files
git dvc remove --outs model.h5.dvc # the model goes, too
"""


def remove(
    targets: Annotated[
        list[str], typer.Argument(metavar="target", help="Pointer files or stages.")
    ],
    outs: Annotated[bool, typer.Option("--outs", help="Delete the data as well.")] = False,
    purge: Annotated[
        bool, typer.Option("-p", "--purge", help="The same as --outs, as older DVC had it.")
    ] = False,
) -> None:
    """Stop tracking data: delete its pointer file and its .gitignore line.

    Versions that are in the history stay in the cache.
    """
    from git_dvc.cli import opened, render
    from git_dvc.ops import remove as op

    with opened.project() as project:
        result = op.remove(project, targets, outs=outs, purge=purge, progress=console.progress())
        removed = [project.shown(path) for path in result.removed]
        console.say(render.removed(removed, result.deleted, with_data=outs or purge))
        changed = [project.shown(path) for path in result.changed]
        opened.tell_how_to_stage(project, changed, staged=result.staged)
