"""``git dvc gc``; the work is in ``ops/gc.py``."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from git_dvc.cli import options
from git_dvc.cli.console import console
from git_dvc.cli.render import and_list, number_of
from git_dvc.errors import (
    MOST_PATHS,
    GitDvcError,
    NotDeletedError,
    UsageError,
    path_lines,
    quoted,
)
from git_dvc.terminal import human_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from git_dvc.ops.gc import Kept, Plan, Request, Sweep
    from git_dvc.project import Project

EXAMPLES = """
git dvc gc --dry              # what is in no commit, and how much it takes
git dvc gc                    # delete that
git dvc gc -a -T              # keep the tips of branches and tags, not all history
git dvc gc -w -c              # clean the default remote, too
git dvc gc --not-in-remote    # make room: what the remote has can be fetched again
git dvc gc -w --no-keep --prune=now -f    # what 'dvc gc -w -f' does
"""

_INDENT = " " * 8
ALL = "all"
_KEEPERS = ("index", "worktrees", "stash", "reflog", "undo", "unpushed", "branches")
OPTIONAL_VALUES = {"--no-keep": (ALL, (ALL, *_KEEPERS))}
MANY_VALUES = ("-p", "--projects")
TABLES = {
    "kept beside what is asked for, unless --no-keep names it": (
        ("index", "what HEAD has, what is staged, what a merge or rebase under way goes back to"),
        ("worktrees", "what other work trees have checked out or in place"),
        ("stash", "every stash"),
        ("reflog", "what branches and HEAD were lately"),
        ("undo", "what 'git dvc undo' can bring back"),
        ("unpushed", "commits that no branch of a Git remote has"),
        ("branches", "the tips of branches of Git remotes; only when a data remote is cleaned"),
    )
}


def gc(
    workspace: Annotated[
        bool, typer.Option("-w", "--workspace", help="Keep the work tree only.")
    ] = False,
    all_branches: Annotated[
        bool, typer.Option("-a", "--all-branches", help="Keep the tips of all branches.")
    ] = False,
    all_tags: Annotated[bool, typer.Option("-T", "--all-tags", help="Keep all tags.")] = False,
    all_commits: Annotated[
        bool, typer.Option("-A", "--all-commits", help="Keep every commit (the default).")
    ] = False,
    revs: Annotated[
        list[str] | None,
        typer.Option("--rev", metavar="<commit>", help="Keep this commit; many times."),
    ] = None,
    number: Annotated[
        int | None,
        typer.Option(
            "-n", "--num", metavar="<number>", min=1, help="Keep so many commits of each of them."
        ),
    ] = None,
    date: Annotated[
        str | None,
        typer.Option("--date", metavar="<yyyy-mm-dd>", help="Keep commits since that day."),
    ] = None,
    all_experiments: Annotated[
        bool, typer.Option("--all-experiments", help="Keep DVC's experiments.")
    ] = False,
    no_keep: Annotated[
        list[str] | None,
        typer.Option(
            "--no-keep",
            metavar="<what>",
            help="Do not keep that beside it, all of it without a value.",
        ),
    ] = None,
    prune: Annotated[
        str | None,
        typer.Option(
            "--prune",
            metavar="<date>",
            help="Delete what is older than that: 'now', '3.days.ago'; else two weeks.",
        ),
    ] = None,
    cloud: Annotated[
        bool, typer.Option("-c", "--cloud", help="Clean the remote, too; needs one of the above.")
    ] = False,
    remote: options.Remote = None,
    not_in_remote: Annotated[
        bool,
        typer.Option("--not-in-remote", help="Delete also what the remote has, however young."),
    ] = False,
    skip_failed: Annotated[
        bool, typer.Option("--skip-failed", help="Do without what commits name unreadably.")
    ] = False,
    projects: Annotated[
        list[str] | None,
        typer.Option(
            "-p", "--projects", metavar="<path>", help="Keep what these projects need as well."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("-f", "--force", help="Do not ask.")] = False,
    dry: Annotated[
        bool, typer.Option("--dry", "--dry-run", help="Only say what would be deleted.")
    ] = False,
    jobs: options.Jobs = None,
) -> int:
    """Delete data that nothing needs from the cache, and with -c from the remote.

    The work tree is always kept, and what is younger than two weeks ('git config
    dvc.gcGraceDays'). Damaged objects that were set aside go when nothing needs them any more.
    Before anything is deleted, you see how much it is and which paths at which commits would
    lose data. If anything that names data cannot be read, nothing is deleted.
    """
    from git_dvc.cli import opened
    from git_dvc.ops import gc as op
    from git_dvc.ops.keepers import Scope

    commits = bool(all_branches or all_tags or revs or date or all_experiments)
    if cloud and not (workspace or commits or all_commits):
        raise UsageError("-c needs to know what is kept: -w, -a, -T, -A, --rev or --date")
    if cloud and not_in_remote:
        raise UsageError("-c and --not-in-remote cannot be used together")
    if remote and not (cloud or not_in_remote):
        raise UsageError("-r names the remote for -c or --not-in-remote: give one of them")
    if number and not (revs or all_branches):
        raise UsageError("-n counts commits of --rev or -a: give one of them")
    with opened.project() as project:
        scope = Scope(
            branches=all_branches,
            tags=all_tags,
            commits=project.repo is not None and (all_commits or not (workspace or commits)),
            experiments=all_experiments,
            revs=tuple(revs or ()),
            number=number or 1,
            since_s=_day(date) if date else None,
        )
        request = op.Request(
            scope=scope,
            drop=_dropped(no_keep or []),
            cutoff_s=_expiry(project, prune) if prune else None,
            remotes=cloud,
            remote=remote,
            not_in_remote=not_in_remote,
            skip_failed=skip_failed,
            projects=tuple(projects or ()),
            jobs=jobs,
        )
        with op.collecting(project, request, progress=console.progress(), dry=dry) as found:
            plan = found.plan()
            console.say(_summary(plan, request))
            for line in _warnings(plan, request):
                console.warning(line)
            for where, path in plan.paths(project) if console.verbosity else ():
                console.say(f"{where}: {path}" if where else path)
            if dry or plan.is_empty:
                return 0
            if not force and not console.ask("Delete that for good?"):
                raise _Declined()
            failed = {}
            for one in found.carry_out(plan):
                amount = _amount(one.objects, one.size_bytes)
                console.say(f"deleted {amount} from {_where(one.name)}")
                failed.update(one.failed)
        if failed:
            raise NotDeletedError(failed)
    return 0


# -- text ---------------------------------------------------------------------------------


def _summary(plan: Plan, request: Request) -> str:
    """Return what stays for which reason, what goes, and who would miss it."""
    lines = [f"keeping what is named by {_scope(request)}"]
    if plan.damaged:
        amount = _amount(len(plan.damaged), sum(one.size_bytes for one in plan.damaged))
        lines += ["", f"To be deleted of what was set aside as damaged: {amount}"]
    for sweep in plan.sweeps:
        count, size_bytes = sweep.total()
        lines.append("")
        if sweep.kept:
            lines.append(f"Beside that, {_where(sweep.name)} keeps:")
            for kept in sweep.kept:
                amount = _amount(kept.objects, kept.size_bytes)
                lines.append(f"{_INDENT}{f'{kept.reason}:'.ljust(11)}{amount}{_why(kept, plan)}")
        if not count:
            lines.append(f"Nothing is to be deleted from {_where(sweep.name)}.")
            continue
        amount = console.paint(_amount(count, size_bytes), "red")
        lines.append(f"To be deleted from {_where(sweep.name)}: {amount}")
        lines += _losses(sweep)
    return "\n".join(lines) + "\n"


def _scope(request: Request) -> str:
    scope = request.scope
    names = ["the work tree"]
    last = f"the last {scope.number} commits of " if scope.number > 1 else ""
    if scope.commits:
        names.append("every commit")
    if scope.branches and not scope.commits:
        names.append(f"{last}all branches")
    if scope.tags and not scope.commits:
        names.append("all tags")
    names += [last + quoted(rev) for rev in scope.revs]
    if scope.since_s is not None:
        names.append(f"commits since {time.strftime('%Y-%m-%d', time.localtime(scope.since_s))}")
    if scope.experiments:
        names.append("all experiments")
    if request.projects:
        names.append("the same of " + and_list([quoted(path) for path in request.projects]))
    return and_list(names)


def _why(kept: Kept, plan: Plan) -> str:
    if kept.reason != "young":
        return ""
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(plan.cutoff_s))
    return f", written after {when}"


def _losses(sweep: Sweep) -> list[str]:
    lines = []
    for loss in sweep.losses[:MOST_PATHS]:
        path = quoted(loss.path)
        where = f"in {loss.commit[:7]}"
        if loss.versions > 1:
            where += f" and {number_of(loss.versions - 1, 'other version')}"
        what = f"{number_of(loss.files, 'file')} ({human_size(loss.size_bytes)})"
        lines.append(f"{_INDENT}{path} {where}: {what if loss.files else 'its list of files'}")
    more = len(sweep.losses) - MOST_PATHS
    if more > 0:
        lines.append(f"{_INDENT}... and {number_of(more, 'other path')}")
    count, size_bytes = sweep.unnamed
    if count:
        what = f"{number_of(count, 'file')} ({human_size(size_bytes)})"
        lines.append(f"{_INDENT}in no commit: {what}")
    return lines


def _warnings(plan: Plan, request: Request) -> Iterator[str]:
    if plan.left_out:
        lines = "\n".join(path_lines(plan.left_out))
        yield f"left out, so what these name is not kept:\n{lines}"
    if plan.unlisted:
        places = {f"{place.path} in {place.commit[:7]}" for place in plan.unlisted if place.commit}
        places |= {place.path for place in plan.unlisted if not place.commit}
        lines = "\n".join(path_lines(places))
        yield f"these directories are not here, so nothing of them can be kept:\n{lines}"
    if plan.is_empty:
        return
    if plan.shared and not request.projects:
        yield (
            "the cache lies outside of this project;\n"
            "if other projects use it, too, name them with -p, or they lose their data"
        )
    if request.remotes:
        yield (
            "others may use the remote: only what this clone knows of counts;\n"
            "'git fetch --all --tags' first, and let nobody push meanwhile"
        )


def _amount(objects: int, size_bytes: int) -> str:
    return f"{number_of(objects, 'object')} ({human_size(size_bytes)})"


def _where(name: str) -> str:
    return f"'{quoted(name)}'" if name else "the cache"


class _Declined(GitDvcError):
    """The user did not say yes, or could not be asked."""

    def __init__(self) -> None:
        super().__init__(
            "nothing was deleted", hint="where nobody can be asked, --force says yes beforehand"
        )


def _dropped(words: list[str]) -> frozenset[str]:
    names = {name for word in words for name in word.split(",")}
    for name in names - {ALL, *_KEEPERS}:
        raise UsageError(f"--no-keep: not one of {', '.join((ALL, *_KEEPERS))}: {quoted(name)}")
    return frozenset(_KEEPERS if ALL in names else names)


def _day(text: str) -> float:
    import datetime

    try:
        return datetime.datetime.strptime(text, "%Y-%m-%d").timestamp()
    except ValueError:
        raise UsageError(f"--date: not a day as 2026-12-31: {quoted(text)}") from None


def _expiry(project: Project, text: str) -> float:
    """Return a point in time as Git understands it, in seconds since the epoch."""
    from git_dvc.git.repo import git

    args = ["-c", f"gc.pruneExpire={text}", "config", "--type=expiry-date", "gc.pruneExpire"]
    answer = git(args, cwd=project.root)
    if answer.code != 0:
        raise UsageError(f"--prune: not a date that Git knows: {quoted(text)}")
    return float(answer.out)
