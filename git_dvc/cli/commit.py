"""``git dvc commit``: what the command line says; the work is in ``ops/commit.py``."""

from __future__ import annotations

from typing import Annotated

import typer

from git_dvc.cli import options
from git_dvc.cli.console import console

EXAMPLES = """
git dvc commit                # all tracked data that changed
git dvc commit images.dvc     # one output
git dvc commit train          # what a stage has made, as made from what there is now
"""


def commit(
    targets: options.Targets = None,
    force: Annotated[
        bool,
        typer.Option(
            "-f",
            "--force",
            help="Record what all stages depend on, not only of those named, and data that is "
            "there in part.",
        ),
    ] = False,
    with_deps: options.WithDeps = False,
    recursive: options.Recursive = False,
    no_relink: Annotated[
        bool,
        typer.Option("--no-relink", help="Leave the files as they are, not linked to the cache."),
    ] = False,
) -> None:
    """Record the changes of data that is tracked already, without running anything."""
    from git_dvc.cli import opened, render
    from git_dvc.errors import quoted
    from git_dvc.ops import commit as op

    with opened.project() as project:
        result = op.commit(
            project,
            targets or [],
            force=force,
            with_deps=with_deps,
            recursive=recursive,
            relink=not no_relink,
            progress=console.progress(),
        )
        changed = [project.shown(path) for path in result.changed]
        console.say(render.stored(result.files, result.size_bytes, changed, staged=result.staged))
        for stage in result.stale:
            console.note(f"stage '{quoted(stage)}' is stale: what it was made from has changed")
        if result.stale:
            console.hint(
                "run it with 'git dvc repro'; or say that its results are right all the same:\n"
                f"git dvc commit {' '.join(quoted(stage) for stage in result.stale)}"
            )
        opened.tell_how_to_stage(project, changed, staged=result.staged)
        opened.tell_of_conflicts(project, result.in_conflict, result.leftover)
