"""``git dvc import``; the work is in ``ops/import_data.py``."""

from __future__ import annotations

from typing import Annotated

import typer

from git_dvc.cli import options
from git_dvc.cli.console import console
from git_dvc.errors import UsageError

EXAMPLES = """
git dvc import ../registry images/cats              # then: git commit -m 'Add cats'
git dvc import https://host/registry.git model.h5 --rev v1.2
git dvc import git@host:team/registry.git data/2024 -o data/
git dvc import --no-download ../registry images     # the pointer now, data later
"""
MANY_VALUES = ("--remote-config",)


def import_data(
    url: options.SourceUrl,
    path: Annotated[
        str, typer.Argument(metavar="what", help="A file or directory in it, of Git or data.")
    ],
    out: options.Out = None,
    rev: Annotated[
        str | None,
        typer.Option("--rev", metavar="rev", help="The branch, tag or commit to follow."),
    ] = None,
    no_exec: options.NoExec = False,
    no_download: options.NoDownload = False,
    jobs: options.Jobs = None,
    force: options.ForceImport = False,
    config: options.SourceConfig = None,
    remote: options.SourceRemote = None,
    remote_config: options.RemoteConfig = None,
) -> int:
    """Bring data from another repository and track which version it is.

    The pointer file names the repository and the commit, so that 'git dvc update' brings a newer
    version, and 'git dvc pull' the same one again. The data stays with its repository: 'git dvc
    push' leaves it out.
    """
    from git_dvc.cli import opened
    from git_dvc.ops import import_data as op

    if no_exec and no_download:
        raise UsageError("--no-exec and --no-download cannot be used together")
    with opened.project() as project:
        done = op.import_data(
            project,
            url,
            path,
            out,
            rev=rev,
            config=config,
            remote=remote,
            remote_config=options.pairs(remote_config, "--remote-config"),
            execute=not no_exec,
            download=not no_download,
            jobs=jobs,
            force=force,
            progress=console.progress(),
        )
        return opened.tell_import(project, done, f"{path} ({url})")
