"""``git dvc undo``; the work is in ``ops/undo.py``."""

from __future__ import annotations

from typing import Annotated

import typer

from git_dvc.cli import options
from git_dvc.cli.console import console

EXAMPLES = """
git dvc undo               # take back the last add, checkout, commit, remove, ...
git dvc undo               # and the one before it
git dvc undo --redo        # do the last one again
git dvc op log             # what there is to take back
git dvc undo 8f3a2b1c      # take back that one
"""


def undo(
    operation: Annotated[
        str | None,
        typer.Argument(metavar="id", help="An operation of 'git dvc op log'; else the last one."),
    ] = None,
    redo: Annotated[
        bool, typer.Option("--redo", help="Take back the last undo: do it again.")
    ] = False,
    force: Annotated[
        bool,
        typer.Option(
            "-f", "--force", help="Also where something changed since; what goes can be undone."
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("-n", "--dry-run", help="Only say what would be done.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Take back the last operation: pointer files, .gitignore, the index and the data.

    Each undo goes one operation further back. What --force discarded comes back, too, for as
    long as it is kept: 'git config dvc.undoDays' (14). Unsaved data is left as it is.
    """
    from git_dvc.cli import opened, render
    from git_dvc.errors import UsageError
    from git_dvc.ops import undo as op

    if redo and operation is not None:
        raise UsageError("--redo takes no operation: give the id of the undo alone")
    with opened.project() as project:
        result = op.undo(
            project,
            operation,
            redo=redo,
            force=force,
            dry_run=dry_run,
            progress=console.progress(),
        )
        if as_json:
            console.write(render.json_line(render.undone_json(result, project.shown)))
        else:
            console.say(render.undone(result, project.shown, console.paint, dry=dry_run))
            if result.differs and not dry_run:
                console.hint(
                    "the data is not what the pointer files say now;\n"
                    "'git dvc checkout' brings it there again"
                )
        trouble = result.trouble(project.shown)
        if trouble is not None:
            raise trouble
