"""``git dvc remote ...``: where data is shared; the work is in ``ops/remote.py``."""

from __future__ import annotations

from typing import Annotated

import typer

from git_dvc.cli import options
from git_dvc.cli.console import console
from git_dvc.errors import UsageError, quoted

EXAMPLES = {
    "add": """
git dvc remote add -d store /mnt/nas/data   # a folder; 'git push' sends data there
git dvc remote add backup ../backup         # a path, as seen from here
git dvc remote add --local mine ~/data      # for this clone only
""",
    "listing": """
git dvc remote list
""",
    "default": """
git dvc remote default         # which one it is
git dvc remote default store   # choose one
git dvc remote default -u      # none
""",
    "modify": """
git dvc remote modify store url /mnt/new/data
git dvc remote modify --local store password secret   # a secret stays in this clone
git dvc remote modify -u store jobs                    # take an option out
""",
    "rename": """
git dvc remote rename store nas
""",
    "remove": """
git dvc remote remove store   # its data stays where it is
""",
}

Name = Annotated[str, typer.Argument(metavar="name", help="The remote.", show_default=False)]
Unset = Annotated[bool, typer.Option("-u", "--unset", help="Take it out.")]


def add(
    name: Name,
    url: Annotated[str, typer.Argument(metavar="url", help="A path or a URL.", show_default=False)],
    default: Annotated[
        bool, typer.Option("-d", "--default", help="Make it the default remote.")
    ] = False,
    force: Annotated[bool, typer.Option("-f", "--force", help="Replace one of this name.")] = False,
    of_user: options.GlobalLevel = False,
    of_system: options.SystemLevel = False,
    of_project: options.ProjectLevel = False,
    of_clone: options.LocalLevel = False,
) -> None:
    """Add a remote."""
    level = options.level(
        of_user=of_user, of_system=of_system, of_project=of_project, of_clone=of_clone
    )
    from git_dvc.cli import opened
    from git_dvc.ops import remote as op

    with opened.project_if_any() as project:
        added = op.add(project, name, url, level, default=default, force=force)
        if default:
            console.say(f"'{quoted(name.lower())}' is the default remote now")
        for note in added.notes:
            console.hint(note)


def listing(
    of_user: options.GlobalLevel = False,
    of_system: options.SystemLevel = False,
    of_project: options.ProjectLevel = False,
    of_clone: options.LocalLevel = False,
) -> None:
    """List the remotes: name, address, which one is the default."""
    level = options.level(
        of_user=of_user, of_system=of_system, of_project=of_project, of_clone=of_clone
    )
    from git_dvc.cli import opened
    from git_dvc.ops import remote as op

    with opened.project_if_any() as project:
        for one in op.listing(project, level):
            mark = "\t(default)" if one.is_default else ""
            console.write(f"{quoted(one.name)}\t{quoted(one.where)}{mark}")


def default(
    name: Annotated[
        str | None, typer.Argument(metavar="name", help="Choose it; without a name: show.")
    ] = None,
    unset: Unset = False,
    of_user: options.GlobalLevel = False,
    of_system: options.SystemLevel = False,
    of_project: options.ProjectLevel = False,
    of_clone: options.LocalLevel = False,
) -> int:
    """Show or choose the default remote."""
    level = options.level(
        of_user=of_user, of_system=of_system, of_project=of_project, of_clone=of_clone
    )
    if unset and name is not None:
        raise UsageError("--unset takes no name")
    from git_dvc.cli import opened
    from git_dvc.ops import remote as op

    with opened.project_if_any() as project:
        if name is not None or unset:
            op.put_default(project, name, level)
            return 0
        chosen = op.default_of(project, level)
        if chosen is None:
            console.note("no remote is the default one")
            return 1
        console.write(quoted(chosen))
        return 0


def modify(
    name: Name,
    option: Annotated[
        str, typer.Argument(metavar="option", help="Which option.", show_default=False)
    ],
    value: Annotated[
        str | None, typer.Argument(metavar="value", help="Its new value.", show_default=False)
    ] = None,
    unset: Unset = False,
    of_user: options.GlobalLevel = False,
    of_system: options.SystemLevel = False,
    of_project: options.ProjectLevel = False,
    of_clone: options.LocalLevel = False,
) -> None:
    """Change an option of a remote."""
    level = options.level(
        of_user=of_user, of_system=of_system, of_project=of_project, of_clone=of_clone
    )
    if unset == (value is not None):
        raise UsageError("give a value, or --unset" if not unset else "--unset takes no value")
    from git_dvc.cli import opened
    from git_dvc.ops import remote as op

    with opened.project_if_any() as project:
        for note in op.modify(project, name, option, value, level).notes:
            console.hint(note)


def rename(
    name: Name,
    new: Annotated[
        str, typer.Argument(metavar="new-name", help="Its new name.", show_default=False)
    ],
    of_user: options.GlobalLevel = False,
    of_system: options.SystemLevel = False,
    of_project: options.ProjectLevel = False,
    of_clone: options.LocalLevel = False,
) -> None:
    """Rename a remote, with its options in all config files of the project."""
    level = options.level(
        of_user=of_user, of_system=of_system, of_project=of_project, of_clone=of_clone
    )
    from git_dvc.cli import opened
    from git_dvc.ops import remote as op

    with opened.project_if_any() as project:
        left = op.rename(project, name, new, level)
        if left and project is not None:
            names = ", ".join(quoted(project.shown(path)) for path in left)
            console.warning(f"outputs still name the remote '{quoted(name)}': {names}")


def remove(
    name: Name,
    of_user: options.GlobalLevel = False,
    of_system: options.SystemLevel = False,
    of_project: options.ProjectLevel = False,
    of_clone: options.LocalLevel = False,
) -> None:
    """Forget a remote; its data stays where it is."""
    level = options.level(
        of_user=of_user, of_system=of_system, of_project=of_project, of_clone=of_clone
    )
    from git_dvc.cli import opened
    from git_dvc.ops import remote as op

    with opened.project_if_any() as project:
        op.remove(project, name, level)
