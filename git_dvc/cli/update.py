"""``git dvc update``; the work is in ``ops/update.py``."""

from __future__ import annotations

from typing import Annotated

import typer

from git_dvc.cli import options
from git_dvc.cli.console import console
from git_dvc.errors import GitDvcError, UsageError

EXAMPLES = """
git dvc update table.csv.dvc            # what its source has now
git dvc update -R data                  # all imports below data/
git dvc update model.h5 --rev v2        # follow another revision from now on
git dvc update --no-download big.dvc    # only record which version it is
"""


def update(
    targets: Annotated[
        list[str], typer.Argument(metavar="target", help="Pointer files or paths of imports.")
    ],
    rev: Annotated[
        str | None,
        typer.Option("--rev", metavar="rev", help="Follow this branch, tag or commit."),
    ] = None,
    recursive: options.Recursive = False,
    no_download: options.NoDownload = False,
    to_remote: options.ToRemote = False,
    remote: options.Remote = None,
    jobs: options.Jobs = None,
    force: options.ForceImport = False,
) -> int:
    """Bring the newest version of imported data.

    The source is asked: a server by what it says of the version, a repository for the commit of
    the revision that is followed. Data that was changed here and not saved stops it.
    """
    from git_dvc.cli import opened
    from git_dvc.ops import update as op

    if to_remote and no_download:
        raise UsageError("--to-remote cannot be used together with --no-download")
    if remote and not to_remote:
        raise UsageError("--remote says where --to-remote sends the data")

    errors: list[GitDvcError] = []
    with opened.project() as project:
        done = op.update(
            project,
            targets,
            rev=rev,
            recursive=recursive,
            download=not no_download,
            to=(remote or "") if to_remote else None,
            jobs=jobs,
            force=force,
            progress=console.progress(),
            errors=errors,
        )
        codes = [opened.tell_import(project, one, project.shown(one.relpath)) for one in done]
    for problem in errors:
        console.error(str(problem))
    return max([*codes, 1 if errors else 0])
