"""``git dvc push``, ``fetch`` and ``pull``; the work is in ``ops/``, by the same names."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, NamedTuple

import typer

from git_dvc.cli import options
from git_dvc.cli.console import console
from git_dvc.errors import argument, quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from git_dvc.errors import FormatError, GitDvcError
    from git_dvc.ops.push import Moved
    from git_dvc.ops.wanted import Asked
    from git_dvc.project import Project

EXAMPLES = {
    "push": """
git dvc push              # the data that is checked out; 'git push' sends it, too
git dvc push -a -T        # and what all branches and tags name
git dvc push -r backup    # to another remote than the default
""",
    "fetch": """
git dvc fetch             # into the cache; 'git dvc checkout' puts it in place
git dvc fetch -A          # for working offline: the data of every commit
git dvc fetch images      # of one output
""",
    "pull": """
git dvc pull              # after a clone or 'git pull': data into cache and workspace
git dvc pull images/cats  # a part of a tracked directory
git dvc pull -r backup    # from another remote than the default
""",
}


class Kind(str, Enum):
    """Values of ``--type``."""

    METRICS = "metrics"
    PLOTS = "plots"


RunCache = Annotated[
    bool,
    typer.Option(
        "--run-cache/--no-run-cache",
        help="Also the run cache: which stage made what.",
        show_default=False,
    ),
]


def push(
    targets: options.Targets = None,
    remote: options.Remote = None,
    jobs: options.Jobs = None,
    all_branches: options.AllBranches = False,
    all_tags: options.AllTags = False,
    all_commits: options.AllCommits = False,
    with_deps: options.WithDeps = False,
    recursive: options.Recursive = False,
    run_cache: RunCache = False,
    glob: Annotated[
        bool, typer.Option("--glob", help="Targets are patterns with '*', '?' and '[...]'.")
    ] = False,
) -> int:
    """Send data to a remote.

    Only what the remote lacks is sent, checked on the way. A directory's list of files goes
    after its files.
    """
    from git_dvc.cli import opened
    from git_dvc.ops import push as op
    from git_dvc.ops.wanted import Asked, Scope

    problems: list[FormatError] = []
    with opened.project() as project:
        names = op.matching(project, targets or []) if glob else targets or []
        scope = Scope(all_branches, all_tags, all_commits)
        asked = Asked(names, scope, recursive, with_deps, remote, jobs, run_cache)
        done = op.push(project, asked, console.progress(), problems)
    return _tell(done, problems, "sent", "to", "nothing to send, all of it is there already")


def fetch(
    targets: options.Targets = None,
    remote: options.Remote = None,
    jobs: options.Jobs = None,
    all_branches: options.AllBranches = False,
    all_tags: options.AllTags = False,
    all_commits: options.AllCommits = False,
    with_deps: options.WithDeps = False,
    recursive: options.Recursive = False,
    run_cache: RunCache = False,
    max_size: Annotated[
        int | None,
        typer.Option("--max-size", metavar="bytes", min=0, help="Only outputs below this size."),
    ] = None,
    kind: Annotated[
        Kind | None, typer.Option("--type", help="Only outputs that stages make as such.")
    ] = None,
) -> int:
    """Bring data from a remote into the cache; the workspace stays as it is.

    Every object is checked while it is stored.
    """
    from git_dvc.cli import opened
    from git_dvc.ops import fetch as op
    from git_dvc.ops.wanted import Asked, Scope

    problems: list[FormatError] = []
    scope = Scope(all_branches, all_tags, all_commits)
    asked = Asked(targets or [], scope, recursive, with_deps, remote, jobs, run_cache)
    asked = asked._replace(max_size_bytes=max_size, kind=kind.value if kind else "")
    with opened.project() as project:
        done = op.fetch(project, asked, console.progress(), problems)
        offered = _offered(project, done)
        if offered.accepted:
            problems.clear()
            asked = asked._replace(remote=offered.remote)
            done = op.fetch(project, asked, console.progress(), problems)
    nothing = "nothing to fetch, all of it is in the cache"
    return _tell(done, problems, "fetched", "from", nothing, offered.hint)


def pull(
    targets: options.Targets = None,
    remote: options.Remote = None,
    jobs: options.Jobs = None,
    all_branches: options.AllBranches = False,
    all_tags: options.AllTags = False,
    all_commits: options.AllCommits = False,
    with_deps: options.WithDeps = False,
    recursive: options.Recursive = False,
    run_cache: RunCache = False,
    force: options.Force = False,
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Accept that some data is nowhere.")
    ] = False,
) -> int:
    """Bring data from a remote and put it in place: fetch, then checkout.

    Data that is changed and not saved stays as it is and is named, unless --force is given.
    """
    from git_dvc.cli import opened, render
    from git_dvc.ops import pull as op
    from git_dvc.ops.wanted import Asked, Scope

    problems: list[FormatError] = []
    scope = Scope(all_branches, all_tags, all_commits)
    asked = Asked(targets or [], scope, recursive, with_deps, remote, jobs, run_cache)
    with opened.project() as project:

        def bring(asked: Asked) -> op.Pulled:
            problems.clear()
            watch = console.progress()
            return op.pull(
                project, asked, watch, problems, force=force, allow_missing=allow_missing
            )

        done = bring(asked)
        completed = done.completed
        for one in completed:
            opened.tell_import(project, one, project.shown(one.relpath))
        offered = _offered(project, done.moved)
        if offered.accepted:
            done = bring(asked._replace(remote=offered.remote))
        console.say(render.checkout_result(done.placed, project.shown, console.paint))
        trouble = done.placed.trouble(project.shown, fetched=True)
        nothing = "nothing to pull, all data is in place"
        if done.placed.changed or completed or trouble is not None:
            nothing = ""
        code = _tell(done.moved, problems, "fetched", "from", nothing, offered.hint)
        if trouble is not None:
            console.error(str(trouble))
        if done.bare:
            names = render.and_list([quoted(project.shown(path)) for path in done.bare[:5]])
            more = f" and {len(done.bare) - 5} more" if len(done.bare) > 5 else ""
            console.hint(
                f"imports without their data: {names}{more}; name them to bring it:\n"
                f"'git dvc pull {argument(project.shown(done.bare[0]))}'"
            )
        return 1 if code or trouble is not None else 0


class _Offered(NamedTuple):
    """A remote that only the current branch's config has.

    Attributes:
        remote: Its name; '' if there is none.
        hint: How to use it.
        accepted: Whether the user, asked on a terminal, wants that.
    """

    remote: str = ""
    hint: str = ""
    accepted: bool = False


def _offered(project: Project, done: Sequence[Moved]) -> _Offered:
    """Offer the branch's remote for data that has none in an old revision."""
    if not any(moved.missing and not moved.remote for moved in done):
        return _Offered()
    from git_dvc.ops import branch_config, remotes

    found = branch_config.find(project)
    if found is None or found.default is None:
        return _Offered()
    name, branch = quoted(found.default), quoted(found.name)
    question = f"no remote here; take the data from '{name}', the remote of '{branch}'?"
    return _Offered(found.default, remotes.offer(found), console.ask(question))


def _tell(
    done: Sequence[Moved],
    problems: Sequence[FormatError],
    verb: str,
    word: str,
    nothing: str,
    offer: str = "",
) -> int:
    """Say what was moved and what is nowhere; return the exit code."""
    from git_dvc.cli import opened, render
    from git_dvc.errors import NoRemoteError, UnfetchableError

    errors: list[GitDvcError] = []
    for moved in done:
        if moved.files or moved.manifests:
            console.say(render.moved(verb, word, moved))
        missing = [place for place in moved.missing if place[0] not in moved.damaged]
        if missing and moved.remote:
            errors.append(UnfetchableError(missing, moved.remote))
        elif missing:
            errors.append(NoRemoteError(missing, offer))
        errors += moved.errors
    opened.tell_problems(problems)
    for error in errors:
        console.error(str(error))
    if not errors and nothing and not any(moved.files or moved.manifests for moved in done):
        console.say(nothing)
    return 1 if errors or problems else 0
