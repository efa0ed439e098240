"""``git dvc list``; the work is in ``ops/listing.py``."""

from __future__ import annotations

from typing import Annotated

import typer

from git_dvc.cli import options
from git_dvc.cli.console import console
from git_dvc.errors import UsageError

EXAMPLES = """
git dvc list ../registry                        # the top directory
git dvc list ../registry data -R --size         # all files below one
git dvc list https://host/registry.git --rev v1.0 --dvc-only -R
git dvc list ../registry --tree -L 2            # as a tree, two levels deep
"""
MANY_VALUES = ("--remote-config",)


def listing(
    url: options.SourceUrl,
    path: Annotated[
        str | None, typer.Argument(metavar="what", help="A directory in it, or a file.")
    ] = None,
    recursive: Annotated[
        bool, typer.Option("-R", "--recursive", help="All files below, in one list.")
    ] = False,
    tree: Annotated[
        bool, typer.Option("-T", "--tree", help="Everything below, as a tree.")
    ] = False,
    level: Annotated[
        int | None,
        typer.Option("-L", "--level", metavar="n", min=0, help="With -R or -T: only so deep."),
    ] = None,
    dvc_only: Annotated[
        bool, typer.Option("--dvc-only", help="Only data that pointer files track.")
    ] = False,
    as_json: options.Json = False,
    rev: options.Rev = None,
    size: Annotated[bool, typer.Option("--size", help="Show sizes.")] = False,
    show_hash: Annotated[bool, typer.Option("--show-hash", help="Show hashes of data.")] = False,
    config: options.SourceConfig = None,
    remote: options.SourceRemote = None,
    remote_config: options.RemoteConfig = None,
) -> int:
    """List what a repository has: files in Git, and the data that pointer files track.

    The repository is a directory of this machine or a Git URL; nothing of it is cloned but
    what the list needs.
    """
    from git_dvc.cli import render
    from git_dvc.ops import listing as op
    from git_dvc.ops.source import Source

    if tree and as_json:
        raise UsageError("--tree and --json cannot be used together")
    with Source.open(
        url,
        rev,
        config=config,
        remote=remote,
        remote_config=options.pairs(remote_config, "--remote-config"),
        progress=console.progress(),
    ) as source:
        if tree:
            found = op.tree(source, path or "", depth=level, data_only=dvc_only, sizes=size)
        else:
            found = op.listing(
                source,
                path or "",
                recursive=recursive,
                depth=level,
                data_only=dvc_only,
                sizes=size or as_json,
            )
    if as_json:
        console.write(render.json_line([op.as_json(one) for one in found.found]))
    else:
        if len(found.found) > 1:
            console.page()
        lines = render.listing(
            found.found, tree=tree, size=size, show_hash=show_hash, paint=console.paint
        )
        console.write(lines)
    for problem in found.problems:
        console.error(str(problem))
    return 1 if found.problems else 0
