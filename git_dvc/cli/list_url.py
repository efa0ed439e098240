"""``git dvc list-url``; the work is in ``ops/list_url.py``."""

from __future__ import annotations

from typing import Annotated

import typer

from git_dvc.cli import options
from git_dvc.cli.console import console
from git_dvc.errors import UsageError

EXAMPLES = """
git dvc list-url s3://bucket/data                 # one level
git dvc list-url -R --size s3://bucket/data       # all files, with their sizes
git dvc list-url -T -L 2 /mnt/archive             # as a tree of two levels
"""
MANY_VALUES = ("--fs-config",)


def list_url(
    url: Annotated[str, typer.Argument(metavar="url", help="A path, a URL, remote://NAME/PATH.")],
    recursive: Annotated[
        bool, typer.Option("-R", "--recursive", help="List the files of all directories.")
    ] = False,
    tree: Annotated[bool, typer.Option("-T", "--tree", help="Show directories as a tree.")] = False,
    level: Annotated[
        int | None,
        typer.Option("-L", "--level", metavar="n", min=1, help="Go down so many levels only."),
    ] = None,
    size: Annotated[bool, typer.Option("--size", help="Show sizes.")] = False,
    as_json: options.Json = False,
    fs_config: options.FsConfig = None,
) -> None:
    """List what is at an address, without bringing it."""
    from git_dvc.cli import opened, render
    from git_dvc.ops import list_url as op

    if tree and as_json:
        raise UsageError("--tree and --json cannot be used together")
    with opened.project_if_any() as project:
        found = op.list_url(
            url,
            options=options.pairs(fs_config, "--fs-config"),
            project=project,
            recursive=recursive or tree,
            depth=level,
        )
    if as_json:
        console.write(render.json_line([entry._asdict() for entry in found]))
        return
    shown = [(entry.path, entry.isdir, entry.size) for entry in found]
    console.write(render.tree(url, shown, sizes=size) if tree else render.paths(shown, sizes=size))
