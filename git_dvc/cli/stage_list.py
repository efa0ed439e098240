"""``git dvc stage list``; the work is in ``ops/stage_list.py``."""

from __future__ import annotations

from typing import Annotated

import typer

from git_dvc.cli import quick

EXAMPLES = """
git dvc stage list               # those of the dvc.yaml here
git dvc stage list --all         # all of the project, and its pointer files
git dvc stage list models/dvc.yaml
"""


def listing(
    targets: Annotated[
        list[str] | None,
        typer.Argument(metavar="target", help="Stages, dvc.yaml or pointer files; directories."),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All stages and pointer files of the project.")
    ] = False,
    recursive: Annotated[
        bool, typer.Option("-R", "--recursive", help="All below the directories that are named.")
    ] = False,
    name_only: Annotated[
        bool, typer.Option("--name-only", "--names-only", help="Without descriptions.")
    ] = False,
    fail: Annotated[
        bool,
        typer.Option("--fail", help="Stop at a file that cannot be used; else it is left out."),
    ] = False,
) -> int:
    """List stages, each with its description or with what it makes."""
    return quick.stage_list(
        targets or [], everything=everything, recursive=recursive, name_only=name_only, fail=fail
    )
