"""``git dvc fsck``; the work is in ``ops/fsck.py`` and ``ops/remote_fsck.py``."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from git_dvc.cli import options
from git_dvc.cli.console import console
from git_dvc.errors import FormatError, UsageError, quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from git_dvc.ops.remote_fsck import RemoteResult
    from git_dvc.project import Project

EXAMPLES = """
git dvc fsck                         # read every object of the cache
git dvc fsck model.h5                # only what this needs
git dvc fsck --repair                # and bring back what is damaged or missing
git dvc fsck --remote --sample 5%    # read a twentieth of what the remote should have
git dvc fsck --remote --repair       # send again what is bad there
"""


def fsck(
    targets: options.Targets = None,
    on_remote: Annotated[
        bool, typer.Option("--remote", help="Check the remotes instead of the cache.")
    ] = False,
    remote: Annotated[
        str | None,
        typer.Option("-r", metavar="name", help="Check this remote instead of the default."),
    ] = None,
    sample: Annotated[
        str | None,
        typer.Option("--sample", metavar="share", help="Read only so much, at random: 5% or 0.05."),
    ] = None,
    repair: Annotated[
        bool,
        typer.Option("--repair", help="Replace what is bad by what other places have."),
    ] = False,
    all_commits: options.AllCommits = False,
    jobs: options.Jobs = None,
) -> int:
    """Check the objects of the cache against their hashes, and say who needs the bad ones.

    A damaged object is set aside. What the work tree needs and the cache lacks is named, too.
    --repair brings both back from files of this and other work trees that have the bytes, and
    from all remotes. With --remote, what work tree, branches and tags name is read from the
    remote; --repair sends again what is bad there. The exit code is 1 if anything is wrong.
    """
    from git_dvc.cli import opened, render
    from git_dvc.ops import fsck as op

    share = _share(sample) if sample is not None else 1.0
    if all_commits and not (on_remote or remote):
        raise UsageError("-A is for --remote: of the cache, every object is read")
    with opened.project() as project:
        names = list(targets or [])
        if on_remote and remote is None:
            remote = _taken_for_target(project, names)
        if on_remote or remote is not None:
            return _fsck_remotes(
                project, names, remote, share, repair=repair, commits=all_commits, jobs=jobs
            )
        result = op.fsck(
            project, names, share=share, repair=repair, jobs=jobs, progress=console.progress()
        )
        opened.tell_problems(result.problems)
        console.say(render.fsck(result, project.shown, console.paint))
        for trouble in result.trouble:
            console.warning(trouble.message)
        if result.bad and repair:
            console.hint(
                "what is left is in no remote and no work tree of this repository; where somebody\n"
                "still has the data, 'git dvc add <path>' stores it again"
            )
        elif result.bad:
            console.hint(
                "'git dvc fsck --repair' looks for it in work trees and remotes;\n"
                "where you still have the data, 'git dvc add <path>' stores it again"
            )
        if result.healed:
            console.hint("'git dvc status' says whether the data in the work tree is right, too")
    return 0 if result.is_good else 1


def _fsck_remotes(
    project: Project,
    targets: list[str],
    remote: str | None,
    share: float,
    *,
    repair: bool,
    commits: bool,
    jobs: int | None,
) -> int:
    from git_dvc.cli import opened
    from git_dvc.ops import remote_fsck as op
    from git_dvc.ops.wanted import Asked, Scope

    problems: list[FormatError] = []
    asked = Asked(targets, Scope(True, True, commits), remote=remote, jobs=jobs)
    progress = console.progress()
    found = op.check(
        project, asked, share=share, repair=repair, progress=progress, problems=problems
    )
    opened.tell_problems(problems)
    for one in found:
        _tell(one)
    if not found:
        console.say("nothing is to be on a remote")
    if any(one.bad for one in found):
        if repair:
            console.hint("nobody here has what is left; where somebody does, run 'git dvc push'")
        else:
            console.hint("'git dvc fsck --remote --repair' sends again what the cache has of it")
    return 1 if problems or any(one.bad for one in found) else 0


def _tell(one: RemoteResult) -> None:
    from git_dvc.cli import render

    where = f"{quoted(one.remote)}: "
    lines = [render.checked_objects(where, one.checked, one.size_bytes, one.skipped)]
    if one.sent:
        lines.append(f"replaced {render.number_of(len(one.sent), 'object')}")
    if one.needs:
        lines += ["", "Not right there, and needed by:"]
        lines += render.needs(one.needs, str, console.paint)
    if one.is_good:
        lines.append("all is well")
    console.say("\n".join(lines))
    for trouble in one.trouble:
        console.warning(trouble.message)


def _share(text: str) -> float:
    percent = text.endswith("%")
    try:
        value = float(text.removesuffix("%")) / (100 if percent else 1)
    except ValueError:
        value = -1
    if not 0 < value <= 1:
        raise UsageError(f"--sample: not a share as 5% or 0.05: {quoted(text)}")
    return value


def _taken_for_target(project: Project, targets: list[str]) -> str | None:
    """Return the remote in 'fsck --remote NAME', which looks like a target."""
    from git_dvc.ops import remotes

    if targets and targets[0].lower() in remotes.names(project) and not os.path.exists(targets[0]):
        return targets.pop(0)
    return None
