"""``git dvc install`` and ``uninstall``; the work is in ``hooks/install.py``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from git_dvc.cli.console import console
from git_dvc.errors import NotInGitError

if TYPE_CHECKING:
    from git_dvc.git.repo import Repository

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
    from git_dvc.hooks import install as hooks

    repo = _repository()
    if use_pre_commit_tool:
        done = hooks.use_pre_commit_tool(repo)
    else:
        done = hooks.install(repo, hooks.find_program(), force)
    console.say("\n".join(done) or "the hooks are in place already")


def uninstall() -> None:
    """Take the Git hooks out again and put back what was there before."""
    from git_dvc.hooks import install as hooks

    console.say("\n".join(hooks.uninstall(_repository())) or "there are no hooks of git-dvc here")


def _repository() -> Repository:
    from git_dvc.git.repo import Repository

    repo = Repository.discover(os.getcwd())
    if repo is None:
        raise NotInGitError(os.getcwd())
    return repo
