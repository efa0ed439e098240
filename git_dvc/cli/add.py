"""``git dvc add``: what the command line says; the work is in ``ops/add.py``."""

from __future__ import annotations

from typing import Annotated

import typer

from git_dvc.cli.console import console
from git_dvc.errors import UsageError

EXAMPLES = """
git dvc add images model.h5          # then: git commit -m 'Add data'
git dvc add images/new.png           # one more file in a tracked directory
git dvc add --glob 'raw/*.csv'       # one pointer file for each match
git dvc add ~/Downloads/set.zip -o set.zip   # copy it here first
git dvc add /mnt/nas/big --to-remote -o big  # to the remote, and not onto this disk
"""


def add(
    targets: Annotated[list[str], typer.Argument(metavar="target", help="Files and directories.")],
    glob: Annotated[
        bool, typer.Option("--glob", help="Read targets as patterns: *, ?, [a-z], **.")
    ] = False,
    no_commit: Annotated[
        bool, typer.Option("--no-commit", help="Write the pointer only; the cache comes later.")
    ] = False,
    out: Annotated[
        str | None,
        typer.Option("-o", "--out", metavar="<path>", help="Copy the target here and add it."),
    ] = None,
    to_remote: Annotated[
        bool,
        typer.Option("--to-remote", help="Send the data to a remote and keep none of it here."),
    ] = False,
    remote: Annotated[
        str | None,
        typer.Option("-r", "--remote", metavar="<name>", help="The remote for --to-remote."),
    ] = None,
    remote_jobs: Annotated[
        int | None,
        typer.Option(
            "--remote-jobs", metavar="<n>", min=1, help="How many files at a time go there."
        ),
    ] = None,
    force: Annotated[
        bool,
        typer.Option(
            "-f", "--force", help="Overwrite what is at --out; add data that is there in part."
        ),
    ] = False,
    no_relink: Annotated[
        bool,
        typer.Option("--no-relink", help="Leave the files as they are, not linked to the cache."),
    ] = False,
) -> None:
    """Put files or directories under version control.

    The data goes to the cache; a small pointer file and a .gitignore line are written and
    staged. It replaces 'git add' for data: commit next.
    """
    from git_dvc.cli import opened, render
    from git_dvc.ops import add as op

    if to_remote:
        if glob or no_commit or len(targets) != 1:
            raise UsageError("--to-remote takes one target, without --glob and --no-commit")
        _to_remote(targets[0], out, remote, remote_jobs, force)
        return
    if remote or remote_jobs:
        raise UsageError("--remote and --remote-jobs are for --to-remote")
    with opened.project() as project:
        result = op.add(
            project,
            targets,
            glob=glob,
            commit=not no_commit,
            out=out,
            force=force,
            relink=not no_relink,
            progress=console.progress(),
        )
        changed = [project.shown(path) for path in result.changed]
        console.say(render.stored(result.files, result.size_bytes, changed, staged=result.staged))
        opened.tell_how_to_stage(project, changed, staged=result.staged)
        opened.tell_of_conflicts(project, result.in_conflict, result.leftover)


def _to_remote(
    address: str, out: str | None, remote: str | None, jobs: int | None, force: bool
) -> None:
    """Send the data, and write its pointer file."""
    from git_dvc.cli import opened, render
    from git_dvc.ops.add_to_remote import add_to_remote

    with opened.project() as project:
        watch = console.progress()
        result, sent = add_to_remote(
            project, address, out=out, remote=remote, jobs=jobs, force=force, progress=watch
        )
        changed = [project.shown(path) for path in result.changed]
        console.say(render.stored(0, 0, changed, staged=result.staged, done=sent))
        opened.tell_how_to_stage(project, changed, staged=result.staged)
