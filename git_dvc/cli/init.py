"""``git dvc init``: what the command line says; the work is in ``ops/init.py``."""

from __future__ import annotations

from typing import Annotated

import typer

from git_dvc.cli import options
from git_dvc.cli.console import console
from git_dvc.errors import HookError, quoted

EXAMPLES = """
git dvc init                 # in the top directory of a Git repository
git dvc init --subdir        # a project of its own in a part of the repository
git dvc init --no-scm data   # without Git, in ./data
"""


def init(
    path: Annotated[
        str, typer.Argument(metavar="dir", help="Where; made if missing.", show_default=False)
    ] = ".",
    no_scm: Annotated[bool, typer.Option("--no-scm", help="Work without Git.")] = False,
    subdir: Annotated[
        bool, typer.Option("--subdir", help="Allow a directory below the top of the repository.")
    ] = False,
    force: options.Force = False,
    no_hooks: Annotated[
        bool, typer.Option("--no-hooks", help="Leave Git's hooks as they are.")
    ] = False,
) -> None:
    """Make this Git repository a git-dvc project.

    Creates .dvc, .dvcignore and the lines in .gitattributes, stages them, and puts the Git
    hooks in place, so that the data follows every Git command.
    """
    from git_dvc.cli import opened
    from git_dvc.hooks import install, settings
    from git_dvc.ops import init as op
    from git_dvc.project import Project

    result = op.init(path, no_scm=no_scm, subdir=subdir, force=force)
    console.say(f"Initialized git-dvc project in {quoted(result.root)}")
    if result.repo is not None:
        with Project(result.root, result.repo) as project:
            opened.never_tell(project.state_dir)
        if not no_hooks:
            try:
                program = install.find_program()
                for line in install.install(result.repo, program):
                    console.say(line)
                settings.write(result.repo, program)
            except HookError as error:
                why = str(error).removeprefix("error: ")
                console.warning(f"the hooks were not installed: {why}")
    console.hint("track data with 'git dvc add <path>...', then record it with 'git commit'")
