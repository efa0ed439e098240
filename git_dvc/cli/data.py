"""``git dvc data status``; the work is in ``ops/data_status.py``."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import typer

from git_dvc.cli import options
from git_dvc.cli.console import console
from git_dvc.errors import UsageError

EXAMPLES = """
git dvc data status                     # HEAD, pointer files and workspace
git dvc data status --granular          # file by file inside directories
git dvc data status --untracked-files   # and what neither Git nor git-dvc knows
git dvc data status --not-in-remote     # and what was not pushed yet
git dvc data status --json
"""


class Untracked(str, Enum):
    """Values of ``--untracked-files``."""

    NO = "no"
    ALL = "all"


OPTIONAL_VALUES = {"--untracked-files": ("all", ("no", "all"))}


def status(
    targets: options.Targets = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, on one line.")] = False,
    granular: Annotated[
        bool, typer.Option("--granular", help="Show files inside directories.")
    ] = False,
    unchanged: Annotated[
        bool, typer.Option("--unchanged", help="Show what did not change, too.")
    ] = False,
    untracked_files: Annotated[
        Untracked,
        typer.Option(
            "--untracked-files",
            metavar="[no|all]",
            help="Show files that nothing tracks; without a value: all.",
            show_default=False,
        ),
    ] = Untracked.NO,
    not_in_remote: Annotated[
        bool, typer.Option("--not-in-remote", help="Show what the remote lacks, too.")
    ] = False,
    remote: options.Remote = None,
    no_remote_refresh: Annotated[
        bool,
        typer.Option(
            "--no-remote-refresh", help="Do not ask the remote: go by what it was seen to have."
        ),
    ] = False,
) -> None:
    """Show how the data differs between HEAD, the pointer files and the workspace."""
    from git_dvc.cli import opened, render
    from git_dvc.ops import data_status as op

    if (remote or no_remote_refresh) and not not_in_remote:
        raise UsageError("--remote and --no-remote-refresh are for --not-in-remote")
    with opened.project() as project:
        report = op.data_status(
            project,
            targets or [],
            granular=granular,
            unchanged=unchanged,
            untracked=untracked_files is Untracked.ALL,
            not_in_remote=not_in_remote,
            remote=remote,
            refresh=not no_remote_refresh,
            progress=console.progress(),
        )
        opened.tell_problems(report.problems)
        if as_json:
            console.write(render.json_line(report.to_json()))
        else:
            console.say(render.data_status(report.to_json(project.shown), console.paint))
