"""``git dvc config``; the work is in ``ops/config.py``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from git_dvc.cli import options, settings
from git_dvc.cli.console import console
from git_dvc.errors import UsageError

if TYPE_CHECKING:
    from git_dvc.ops.config import Setting

EXAMPLES = """
git dvc config core.autostage               # show one
git dvc config cache.type hardlink,copy     # set one in .dvc/config
git dvc config --local cache.dir /mnt/cache # for this clone only
git dvc config -u cache.type                # unset
git dvc config -l --show-origin             # all, and where they come from
"""
TABLES = {"settings in Git's config, set with 'git config'": settings.help_rows()}


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
    """Get and set options of .dvc/config and the files it is combined with.

    Settings of git-dvc alone are in Git's config; they are listed below.
    """
    level = options.level(
        of_user=of_user, of_system=of_system, of_project=of_project, of_clone=of_clone
    )
    if list_all and (name is not None or unset):
        raise UsageError("--list takes neither a name nor --unset")
    if name is None and not list_all:
        raise UsageError("name an option, or list them with -l", hint="see 'git dvc config -h'")
    if unset and value is not None:
        raise UsageError("--unset takes no value")

    from git_dvc.cli import opened
    from git_dvc.ops import config as op

    with opened.project_if_any() as project:
        if name is None:
            for setting in op.listing(project, level):
                shown = "***" if setting.is_secret else setting.value
                console.write(_origin(setting, show_origin) + f"{setting.name}={shown}")
        elif unset:
            op.unset(project, name, level)
        elif value is None:
            setting = op.get(project, name, level)
            console.write(_origin(setting, show_origin) + setting.value)
        else:
            for note in op.put(project, name, value, level).notes:
                console.hint(note)


def _origin(setting: Setting, wanted: bool) -> str:
    return f"{os.path.relpath(setting.path)}\t" if wanted else ""
