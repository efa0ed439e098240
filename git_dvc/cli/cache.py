"""``git dvc cache dir`` and ``cache migrate``; the work is in ``ops/``."""

from __future__ import annotations

from typing import Annotated

import typer

from git_dvc.cli import options
from git_dvc.cli.console import console
from git_dvc.errors import UsageError

EXAMPLES = {
    "directory": """
git dvc cache dir                      # where it is
git dvc cache dir --local /mnt/cache   # another place, for this clone
git dvc cache dir -u                   # back to .dvc/cache
""",
    "migrate": """
git dvc cache migrate --dry         # what would happen
git dvc cache migrate --dvc-files   # move the objects and rewrite the pointer files
""",
}


def directory(
    value: Annotated[
        str | None, typer.Argument(metavar="path", help="The new place; without it: show.")
    ] = None,
    unset: Annotated[bool, typer.Option("-u", "--unset", help="Go back to .dvc/cache.")] = False,
    of_user: options.GlobalLevel = False,
    of_system: options.SystemLevel = False,
    of_project: options.ProjectLevel = False,
    of_clone: options.LocalLevel = False,
) -> None:
    """Show or set where the cache is."""
    level = options.level(
        of_user=of_user, of_system=of_system, of_project=of_project, of_clone=of_clone
    )
    if unset and value is not None:
        raise UsageError("--unset takes no value")

    from git_dvc.cli import opened
    from git_dvc.ops import cache_dir as op

    with opened.project() as project:
        if unset:
            op.unset(project, level)
        elif value is None:
            console.write(op.cache_dir(project))
        else:
            for note in op.put(project, value, level).notes:
                console.hint(note)


def migrate(
    dvc_files: Annotated[
        bool, typer.Option("--dvc-files", help="Rewrite pointer and lock files, too.")
    ] = False,
    dry: Annotated[
        bool, typer.Option("--dry", "--dry-run", help="Only show what would be done.")
    ] = False,
) -> int:
    """Bring the cache of DVC 2 to the layout of DVC 3.

    Nothing is copied, and old revisions still find their data. With --dvc-files the pointer
    files are translated, too; DVC 2 cannot read them any more.
    """
    from git_dvc.cli import opened, render
    from git_dvc.ops import cache_migrate as op

    with opened.project() as project:
        result = op.cache_migrate(
            project, dvc_files=dvc_files, dry=dry, progress=console.progress()
        )
        console.say(render.migrated(result, project.shown, dry=dry))
        opened.tell_how_to_stage(
            project,
            [] if dry else [project.shown(path) for path in result.pointers],
            staged=result.staged,
        )
    return 0 if result.is_complete else 1
