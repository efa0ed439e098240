"""``git dvc status``: its full command line; plain forms skip Typer (``cli/quick.py``)."""

from __future__ import annotations

from typing import Annotated

import typer

from git_dvc.cli import options, quick

EXAMPLES = """
git dvc status                # all of the project
git dvc status images.dvc     # one output
git dvc status -q || git dvc add images   # exit code 1: something is not recorded
git dvc status --json
"""


def status(
    targets: options.Targets = None,
    as_json: options.Json = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 if something is not recorded.")
    ] = False,
    with_deps: options.WithDeps = False,
    recursive: options.Recursive = False,
) -> int:
    """Show what is not recorded, what the cache lacks, and what is not committed to Git.

    With -q nothing is printed, and the exit code tells: 1 if data differs from the pointer
    files or is missing.
    """
    return quick.status(
        targets or [],
        as_json=as_json,
        exit_code=exit_code,
        with_deps=with_deps,
        recursive=recursive,
    )
