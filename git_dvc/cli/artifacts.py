"""``git dvc artifacts get``; the work is in ``ops/artifacts.py`` and ``ops/get.py``."""

from __future__ import annotations

from typing import Annotated

import typer

from git_dvc.cli import options
from git_dvc.cli.console import console
from git_dvc.errors import UsageError

EXAMPLES = """
git dvc artifacts get ../registry detector                     # the newest version
git dvc artifacts get ../registry detector --rev v1.2.0 -o old.pkl
git dvc artifacts get https://host/registry.git models:detector --stage prod
"""
MANY_VALUES = ("--remote-config",)


def get(
    url: options.SourceUrl,
    name: Annotated[
        str,
        typer.Argument(
            metavar="name", help="As in dvc.yaml; below the top with its directory: models:name."
        ),
    ],
    rev: Annotated[
        str | None, typer.Option("--rev", metavar="version", help="Not the newest: this one.")
    ] = None,
    stage: Annotated[
        str | None, typer.Option("--stage", metavar="stage", help="What is in this stage.")
    ] = None,
    out: options.Out = None,
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
    """Copy a model or data set by its name and version.

    Versions and stages are Git tags such as name@v1.2.0 and name#prod#1, which the tool GTO
    makes; where the data is, 'artifacts:' in dvc.yaml says.
    """
    from git_dvc.cli import render
    from git_dvc.ops import artifacts as op
    from git_dvc.ops import get as getting
    from git_dvc.ops.source import Source

    if rev and stage:
        raise UsageError("--rev and --stage cannot be used together")
    progress = console.progress()
    found = op.find(url, name, rev, stage, progress)
    with Source.open(
        url,
        found.commit,
        config=config,
        remote=remote,
        remote_config=options.pairs(remote_config, "--remote-config"),
        progress=progress,
    ) as source:
        path = op.path_in(source, found)
        if show_url:
            console.write(getting.show_url(source, path))
            return 0
        done = getting.get(source, path, out, force=force, jobs=jobs, progress=progress)
    console.say(f"{found.label}: {render.got(done.out, done.files, done.size_bytes)}")
    if done.left_out:
        console.warning(render.left_out(done.left_out))
    return 1 if done.left_out else 0
