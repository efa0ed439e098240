"""``git dvc get``; the work is in ``ops/get.py``."""

from __future__ import annotations

from typing import Annotated

import typer

from git_dvc.cli import options

EXAMPLES = """
git dvc get ../registry images/cats                 # into ./cats
git dvc get https://host/registry.git model.h5 --rev v1.0 -o old.h5
git dvc get ../registry model.h5 --show-url         # only say where it is stored
"""
MANY_VALUES = ("--remote-config",)


def get(
    url: options.SourceUrl,
    path: Annotated[
        str, typer.Argument(metavar="what", help="A file or directory in the repository.")
    ],
    out: options.Out = None,
    rev: options.Rev = None,
    show_url: Annotated[
        bool,
        typer.Option("--show-url", help="Print where the data is stored, and fetch nothing."),
    ] = False,
    jobs: options.Jobs = None,
    force: Annotated[
        bool, typer.Option("-f", "--force", help="Replace files that are in the way.")
    ] = False,
    config: options.SourceConfig = None,
    remote: options.SourceRemote = None,
    remote_config: options.RemoteConfig = None,
) -> int:
    """Copy data or other files from a repository, without cloning it.

    Takes what pointer files track as well as what is in Git; of a large directory one file
    without the rest. Everything is checked on the way, and there is all of it or nothing.
    """
    from git_dvc.cli import quick

    return quick.get(
        url,
        path,
        out=out,
        rev=rev,
        show_url=show_url,
        jobs=jobs,
        force=force,
        config=config,
        remote=remote,
        remote_config=options.pairs(remote_config, "--remote-config"),
    )
