"""``git dvc install`` and ``uninstall``; the work is in ``ops/install.py``."""

from __future__ import annotations

from typing import Annotated

import typer

from git_dvc.cli.console import console

EXAMPLES = {
    "install": """
git dvc install                        # in every new clone, once
git dvc install --use-pre-commit-tool  # for users of pre-commit.com
""",
    "uninstall": """
git dvc uninstall       # the hooks that were there before come back
""",
}


def install(
    use_pre_commit_tool: Annotated[
        bool,
        typer.Option(
            "--use-pre-commit-tool", help="Add the hooks to .pre-commit-config.yaml instead."
        ),
    ] = False,
    force: Annotated[
        bool, typer.Option("-f", "--force", help="Write the hooks anew where ours were edited.")
    ] = False,
) -> None:
    """Put the Git hooks in place, so that the data follows every checkout.

    A hook that is there already is kept and runs first. Running this twice is harmless.
    """
    from git_dvc.cli import render
    from git_dvc.ops import install as op

    console.say(render.install(op.install(use_pre_commit_tool=use_pre_commit_tool, force=force)))


def uninstall() -> None:
    """Take the Git hooks out again and put back what was there before."""
    from git_dvc.cli import render
    from git_dvc.ops import install as op

    console.say(render.uninstall(op.uninstall()))
