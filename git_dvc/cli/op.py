"""``git dvc op log``: what git-dvc did in this work tree, and what can be taken back."""

from __future__ import annotations

from typing import Annotated

import typer

from git_dvc.cli import options
from git_dvc.cli.console import console

EXAMPLES = """
git dvc op log          # newest first
git dvc op log -n 3     # the last three
git dvc op log --json
"""


def log(
    count: Annotated[
        int | None,
        typer.Option("-n", "--max-count", min=0, help="At most so many.", show_default=False),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """List what git-dvc did to the data in this work tree, newest first.

    'git dvc undo ID' takes one of them back.
    """
    from git_dvc.cli import opened, render
    from git_dvc.store.oplog import undone_by

    with opened.project() as project:
        operations = project.oplog.read()
        undone = undone_by(operations)
        chosen = operations[::-1][:count]
        if as_json:
            listed = [render.operation_json(one, undone, project.shown) for one in chosen]
            console.write(render.json_line(listed))
        elif operations:
            console.write(render.operations(chosen, undone, project.shown, console.paint))
        else:
            console.say("nothing is on record in this work tree yet")
