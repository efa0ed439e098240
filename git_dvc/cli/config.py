"""``git dvc config``; the work is in ``ops/config.py``."""

from __future__ import annotations

from typing import Annotated

import typer

from git_dvc.cli import options

EXAMPLES = """
git dvc config core.autostage               # show one
git dvc config cache.type hardlink,copy     # set one in .dvc/config
git dvc config --local cache.dir /mnt/cache # for this clone only
git dvc config -u cache.type                # unset
git dvc config -l --show-origin             # all, and where they come from
"""


def config(
    name: Annotated[str | None, typer.Argument(metavar="name", help="'section.option'.")] = None,
    value: Annotated[
        str | None, typer.Argument(metavar="value", help="The new value; without it: show.")
    ] = None,
    unset: Annotated[bool, typer.Option("-u", "--unset", help="Remove the option.")] = False,
    list_all: Annotated[bool, typer.Option("-l", "--list", help="Show all options.")] = False,
    show_origin: Annotated[
        bool, typer.Option("--show-origin", help="Show the file each value comes from.")
    ] = False,
    of_user: options.GlobalLevel = False,
    of_system: options.SystemLevel = False,
    of_project: options.ProjectLevel = False,
    of_clone: options.LocalLevel = False,
) -> None:
    """Get and set options of .dvc/config and the files it is combined with."""
    raise NotImplementedError
