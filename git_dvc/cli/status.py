"""``git dvc status``: its full command line; plain forms skip Typer (``cli/quick.py``)."""

from __future__ import annotations

from typing import Annotated

import typer

from git_dvc.cli import options, quick
from git_dvc.cli.console import console
from git_dvc.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from git_dvc.ops.wanted import Asked

EXAMPLES = """
git dvc status                # all of the project
git dvc status images.dvc     # one output
git dvc status -q || git dvc add images   # exit code 1: something is not recorded
git dvc status --json
git dvc status --why          # what made each stage stale, and what would run
git dvc status -c             # what the remote lacks, or has and the cache lacks
git dvc status -c -a -T       # and of all branches and tags
"""


def status(
    targets: options.Targets = None,
    as_json: options.Json = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 if something is not recorded.")
    ] = False,
    with_deps: options.WithDeps = False,
    recursive: options.Recursive = False,
    why: Annotated[
        bool, typer.Option("--why", help="Tell what made each stage stale, and what follows.")
    ] = False,
    cloud: Annotated[
        bool, typer.Option("-c", "--cloud", help="Compare the cache with the remote instead.")
    ] = False,
    remote: options.Remote = None,
    jobs: options.Jobs = None,
    all_branches: options.AllBranches = False,
    all_tags: options.AllTags = False,
    all_commits: options.AllCommits = False,
    updates: Annotated[
        bool | None,
        typer.Option(
            "--updates/--no-updates",
            help="Also ask servers for newer versions of imports; ask nobody.",
            show_default=False,
        ),
    ] = None,
) -> int:
    """Show what is not recorded, what the cache lacks, and what is not committed to Git.

    With -q nothing is printed, and the exit code tells: 1 if data differs from the pointer
    files or is missing; with -c (or -r) 1 if cache and remote differ. Repositories on this
    machine that data was imported from are asked for newer versions, others with --updates.
    """
    if cloud or remote:
        from git_dvc.ops.wanted import Asked, Scope

        scope = Scope(all_branches, all_tags, all_commits)
        asked = Asked(targets or [], scope, recursive, with_deps, remote, jobs)
        return _cloud(asked, as_json=as_json, exit_code=exit_code)
    if jobs or all_branches or all_tags or all_commits:
        raise UsageError("--jobs, --all-branches, --all-tags and --all-commits are for --cloud")
    return quick.status(
        targets or [],
        as_json=as_json,
        exit_code=exit_code,
        with_deps=with_deps,
        recursive=recursive,
        updates=updates,
        why=why,
    )


def _cloud(asked: Asked, *, as_json: bool, exit_code: bool) -> int:
    """Compare the cache with the remotes; return the exit code."""
    from git_dvc.cli import opened, render
    from git_dvc.ops import cloud_status as op

    with opened.project() as project:
        report = op.cloud_status(project, asked, console.progress())
    opened.tell_problems(report.problems)
    if as_json:
        console.say(render.json_line(report.to_json()))
    else:
        console.say(render.cloud_status(report, console.paint))
    return 1 if (exit_code or console.quiet) and not report.is_clean else 0
