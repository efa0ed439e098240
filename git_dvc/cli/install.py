"""``git dvc install`` and ``uninstall``; the work is in ``hooks/``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from git_dvc.cli.console import console
from git_dvc.errors import NotInGitError, UsageError

if TYPE_CHECKING:
    from git_dvc.git.repo import Repository

EXAMPLES = {
    "install": """
git dvc install                        # in every new clone, once; and to repair
git dvc install --global               # for all clones that you will make
git dvc install --use-pre-commit-tool  # for users of pre-commit.com
""",
    "uninstall": """
git dvc uninstall            # the hooks that were there before come back
git dvc uninstall --global   # leave future clones alone
""",
}


def install(
    everywhere: Annotated[
        bool, typer.Option("--global", help="Set up all future clones of projects instead.")
    ] = False,
    use_pre_commit_tool: Annotated[
        bool,
        typer.Option(
            "--use-pre-commit-tool", help="Add the hooks to .pre-commit-config.yaml instead."
        ),
    ] = False,
    force: Annotated[
        bool, typer.Option("-f", "--force", help="Write the hooks anew where ours were edited.")
    ] = False,
    fresh_clone: Annotated[bool, typer.Option("--fresh-clone", hidden=True)] = False,
) -> None:
    """Put the Git hooks in place, so that the data follows every Git command.

    Also tells Git how to show and merge data: settings, and lines in .gitattributes.
    A hook that is there already is kept and runs first. Running this twice is harmless,
    and repairs what 'git dvc doctor' found.
    """
    from git_dvc.hooks import everywhere as globally
    from git_dvc.hooks import install as hooks
    from git_dvc.hooks import settings

    if everywhere:
        if use_pre_commit_tool:
            raise UsageError("--global and --use-pre-commit-tool exclude each other")
        done = globally.install(hooks.find_program())
        console.say("\n".join(done) or "future clones are set up already")
        return
    repo = _repository()
    program = hooks.find_program()
    if use_pre_commit_tool:
        done = hooks.use_pre_commit_tool(repo, program)
    else:
        done = hooks.install(repo, program, force)
    done += settings.write(repo, program)
    # A clone that is a second old is not to have changes that its user did not make.
    done += settings.write_attributes(repo, shared=not fresh_clone)
    console.say("\n".join(done) or "the hooks are in place already")


def uninstall(
    everywhere: Annotated[
        bool, typer.Option("--global", help="Leave future clones alone instead.")
    ] = False,
) -> None:
    """Take the Git hooks and settings out again, and put back what was there before.

    Lines in files that are shared through Git stay: without the rest they do nothing.
    """
    from git_dvc.hooks import everywhere as globally
    from git_dvc.hooks import install as hooks
    from git_dvc.hooks import settings

    if everywhere:
        done = globally.uninstall()
        console.say("\n".join(done) or "future clones were not set up")
        return
    repo = _repository()
    done = hooks.uninstall(repo) + settings.remove(repo) + settings.remove_attributes(repo)
    console.say("\n".join(done) or "there are no hooks of git-dvc here")


def _repository() -> Repository:
    from git_dvc.git.repo import Repository

    repo = Repository.discover(os.getcwd())
    if repo is None:
        raise NotInGitError(os.getcwd())
    return repo
