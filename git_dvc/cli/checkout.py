"""``git dvc checkout``: what the command line says; the work is in ``ops/checkout.py``."""

from __future__ import annotations

from typing import Annotated

import typer

from git_dvc.cli import options
from git_dvc.cli.console import console

EXAMPLES = """
git dvc checkout                  # everything; the hooks do this after 'git checkout'
git dvc checkout images.dvc       # one output
git dvc checkout images/cat.png   # one file of a tracked directory
git dvc checkout -f model.h5      # throw away your changes of it
"""


def checkout(
    targets: options.Targets = None,
    summary: Annotated[
        bool, typer.Option("--summary", help="Count the files instead of listing outputs.")
    ] = False,
    with_deps: options.WithDeps = False,
    recursive: options.Recursive = False,
    force: options.Force = False,
    relink: Annotated[
        bool, typer.Option("--relink", help="Make all links to the cache anew.")
    ] = False,
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Accept that the cache lacks some data.")
    ] = False,
) -> None:
    """Make the data match the pointer files.

    Data that is changed and not saved stays as it is and is named, unless --force is given.
    """
    from git_dvc.cli import opened, render
    from git_dvc.ops import checkout as op

    with opened.project() as project:
        result = op.checkout(
            project,
            targets or [],
            force=force,
            recursive=recursive,
            with_deps=with_deps,
            relink=relink,
            allow_missing=allow_missing,
            progress=console.progress(),
        )
        if summary:
            console.say(
                render.file_counts(
                    {
                        "modified": result.files_modified,
                        "added": result.files_added,
                        "deleted": result.files_deleted,
                    }
                )
            )
        else:
            console.say(render.checkout_result(result, project.shown, console.paint))
        if relink:
            console.say(f"relinked {render.number_of(result.relinked, 'file')}")
        trouble = result.trouble(project.shown)
        if trouble is not None:
            raise trouble
