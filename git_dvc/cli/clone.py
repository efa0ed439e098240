"""``git dvc clone``: what the command line says; the work is in ``ops/clone.py``."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from git_dvc.cli.console import console
from git_dvc.errors import GitDvcError, quoted

if TYPE_CHECKING:
    from git_dvc.git.repo import Repository
    from git_dvc.ops.sync import Report

EXAMPLES = """
git dvc clone https://example.com/cats-and-dogs.git
git dvc clone -b v1.0 --depth 1 ../cats-and-dogs old-cats
git dvc clone --recurse-submodules git@example.com:team/everything.git
"""

# All options are Git's.
CONTEXT_SETTINGS = {"ignore_unknown_options": True, "allow_interspersed_args": False}


def clone(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="repository",
            help="What to clone, and where to if not to a directory of its name; "
            "before these, all options of 'git clone'.",
            show_default=False,
        ),
    ],
) -> int:
    """Clone a repository, install the hooks, and bring the data of the checked-out version.

    Git clones, with its own options and progress. Data comes from the cache if that is shared,
    from the repository that is cloned if that is on this machine, and from the remotes. What
    is nowhere is named, and the clone stays.
    """
    from git_dvc.ops import clone as op

    request = op.parse(words)
    console.quiet = console.quiet or not {"-q", "--quiet"}.isdisjoint(request.options)
    extra = ["--quiet"] * console.quiet + ["--verbose"] * console.verbosity
    folder = op.run(request, extra)
    repos = op.opened(folder)
    with_data = [repo for repo in repos if op.has_project(repo)]
    for repo in with_data:
        _set_up(repo)
    if not with_data:
        console.hint(
            f"{quoted(request.folder)} holds no project of git-dvc, so this was a plain clone;\n"
            "start one there with 'git dvc init'"
        )
        return 0
    if not request.checks_out:
        console.hint("nothing was checked out; the data comes with your first 'git checkout'")
        return 0
    whole = [_bring(repo) for repo in with_data]
    return int(not all(whole))


def _set_up(repo: Repository) -> None:
    """Install the hooks and settings; what fails is said, with what to type."""
    from git_dvc.cli import opened
    from git_dvc.hooks import install, settings

    where = os.path.relpath(repo.top)
    try:
        program = install.find_program()
        for line in install.install(repo, program):
            console.say(line)
        settings.write(repo, program)
        settings.write_attributes(repo, shared=False)
    except (GitDvcError, OSError) as problem:
        why = str(problem).removeprefix("error: ")
        console.warning(f"the hooks were not installed: {why}")
        console.hint(f"the clone stays; finish it with: git -C {_typed(where)} dvc install")
    opened.never_tell(os.path.join(repo.git_dir, "dvc"))


def _bring(repo: Repository) -> bool:
    """Put the data of one repository in place; return whether all of it could be."""
    from git_dvc.cli import render
    from git_dvc.ops import clone as op

    where = os.path.relpath(repo.top)
    try:
        report = op.bring(repo, console.progress())
    except (GitDvcError, OSError) as problem:
        console.error(str(problem) if isinstance(problem, GitDvcError) else f"error: {problem}")
        console.hint(f"the clone stays; bring its data with: git -C {_typed(where)} dvc pull")
        return False
    files = sum(one.result.files_added for one in report.projects)
    if files:
        console.say(f"brought {render.number_of(files, 'file')} of data to {quoted(where)}")
    if not report.complete:
        _tell(report, where)
    return report.complete


def _tell(report: Report, where: str) -> None:
    for problem in report.problems:
        console.error(str(problem))
    for one in report.projects:
        folder = os.path.join(where, one.prefix) if one.prefix else where
        trouble = one.result.trouble(partial(os.path.join, folder))
        if trouble is not None:
            console.error(str(trouble))
    console.hint(
        "all else is done: the clone is there, and its hooks;\n"
        f"once the data is to be had, get it with: git -C {_typed(where)} dvc pull"
    )


def _typed(path: str) -> str:
    """Return a path as one would type it in a shell."""
    import shlex

    return shlex.quote(path) if path.isprintable() else quoted(path)
