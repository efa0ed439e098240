"""``git dvc get-url``; the work is in ``ops/get_url.py``."""

from __future__ import annotations

from typing import Annotated

import typer

from git_dvc.cli import options
from git_dvc.cli.console import console

EXAMPLES = """
git dvc get-url https://example.com/table.csv      # into ./table.csv
git dvc get-url s3://bucket/images data/           # into data/images
git dvc get-url s3://bucket/images --fs-config profile=work region=eu-west-1
git dvc get-url remote://store/raw/set.zip         # below the remote 'store'
"""
MANY_VALUES = ("--fs-config",)


def get_url(
    url: Annotated[str, typer.Argument(metavar="url", help="A path, a URL, remote://NAME/PATH.")],
    out: Annotated[
        str | None,
        typer.Argument(metavar="path", help="Where it is to go; here if there is none."),
    ] = None,
    jobs: options.Jobs = None,
    force: Annotated[
        bool, typer.Option("-f", "--force", help="Replace files that are there.")
    ] = False,
    fs_config: options.FsConfig = None,
) -> None:
    """Copy a file or directory from anywhere, without tracking it.

    No project is needed. The copy gets its name when it is whole. To track it and to know
    where it came from, use 'git dvc import-url'.
    """
    from git_dvc.cli import opened, render
    from git_dvc.ops import get_url as op

    with opened.project_if_any() as project:
        got = op.get_url(
            url,
            out,
            options=options.pairs(fs_config, "--fs-config"),
            project=project,
            jobs=jobs,
            force=force,
            progress=console.progress(),
        )
    console.say(render.copied(got.path, got.files, got.size_bytes))
