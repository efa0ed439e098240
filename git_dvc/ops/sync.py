"""Bringing data where Git took the pointers, in every project of a work tree.

What the hooks do, and ``git dvc sync`` by hand. The work tree's pointer files are the truth:
never HEAD, which is still the old commit in some hooks, nor the index, which is another one
after ``git stash pop``. They are compared with what was last put in place.

Git passes through other versions in a rebase, ``am`` or a range of cherry-picks. Data does not
follow each step: ``is_passing_through`` says whether Git will go on by itself, and then only
a note is left, which the last hook finds.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from git_dvc.errors import GitDvcError, KeptOutsideError
from git_dvc.git import notice
from git_dvc.git.repo import POINTER_SPECS, Repository
from git_dvc.ops import sparse
from git_dvc.ops.checkout import Moves, Result, follow, moves
from git_dvc.progress import NoProgress, Progress
from git_dvc.project import DVC_DIR, Project
from git_dvc.tracked import is_source
from git_dvc.workspace import watch
from git_dvc.workspace.watch import Watch

_CONFIG = f"{DVC_DIR}/config"
_COMMAND = re.compile(rb"^[ \t]*([a-z-]+)\b", re.MULTILINE)
_NO_STEP = frozenset((b"drop", b"d", b"noop"))
_STOPS_AFTER = frozenset((b"edit", b"e"))
_USES_DATA = frozenset((b"break", b"b", b"exec", b"x"))
_MOST_BYTES = 1 << 20


class Synced(NamedTuple):
    """What was done in one project.

    Attributes:
        prefix: The project, from the top of the work tree; '' for the top.
        result: What its outputs came to.
    """

    prefix: str
    result: Result

    def shown(self, relpath: str) -> str:
        """Return a path of the project from the top of the work tree."""
        return f"{self.prefix}/{relpath}" if self.prefix else relpath


class Report(NamedTuple):
    """What was done in a work tree.

    Attributes:
        projects: Each project in it, in the order of their paths.
        problems: What kept a project from being opened or done.
        kept: Why something outside of a sparse checkout is still there.
    """

    projects: list[Synced]
    problems: list[GitDvcError]
    kept: list[GitDvcError]

    @property
    def complete(self) -> bool:
        """Whether all data is now what the pointers say."""
        return not self.problems and all(one.result.complete for one in self.projects)

    @property
    def changed(self) -> bool:
        """Whether anything was done."""
        return any(one.result.changed for one in self.projects)


def sync(
    repo: Repository,
    progress: Progress | None = None,
    *,
    before: str | None = None,
    after: str | None = "HEAD",
) -> Report:
    """Bring the data of all projects in a work tree where its pointers are.

    Args:
        repo: The repository.
        progress: Told of the work.
        before: The commit that Git came from, if it made a switch.
        after: The commit it went to; None for what the index has.
    """
    looking = _Look(repo)
    report = Report([], [], [])
    kept = sparse.keep_projects(repo, looking.names)
    if kept:
        report.kept.append(KeptOutsideError(kept, is_cache=True))
    for project in looking.projects(before, report.problems):
        with project:
            try:
                absent = looking.at(project)
                unsaved = sparse.keep_unsaved(project, absent, progress or NoProgress())
                if unsaved:
                    paths = [project.git_path(path) for path in unsaved]
                    report.kept.append(KeptOutsideError(paths))
                result = follow(project, progress or NoProgress(), before=before, after=after)
            except GitDvcError as problem:  # the other projects have nothing to do with it
                report.problems.append(problem)
                continue
            looking.worked = looking.worked or result.changed or not result.complete
            report.projects.append(Synced(project.prefix, result))
    for one in report.projects:
        _leave_conflicts_to_git(repo, one)
    looking.finish()
    if not report.problems:
        looking.watch.clear_pending()
    return report


def plan(repo: Repository) -> list[tuple[str, Moves]]:
    """Return what ``sync`` would bring and drop, by the projects' paths from the top.

    Raises:
        GitDvcError: A project cannot be opened.
    """
    found = []
    problems: list[GitDvcError] = []
    for project in open_projects(repo, _index(repo), None, problems):
        with project:
            found.append((project.prefix, moves(project)))
    if problems:
        raise problems[0]
    return found


def skip(repo: Repository) -> None:
    """Look at the pointers, but bring nothing: hooks are quiet until they move again."""
    looking = _Look(repo)
    for project in looking.projects(None, []):
        with project:
            looking.at(project)
    looking.finish()


def _leave_conflicts_to_git(repo: Repository, one: Synced) -> None:
    """Say nothing of pointer files with conflict markers: Git has said it."""
    if not one.result.problems:
        return
    listed = repo.run(["ls-files", "-u", "-z"], check=False).split(b"\0")
    conflicts = {os.fsdecode(line.partition(b"\t")[2]) for line in listed}
    one.result.problems = [
        problem
        for problem in one.result.problems
        if not problem.where or one.shown(problem.where.partition(":")[0]) not in conflicts
    ]


# -- what there is ------------------------------------------------------------------------


def _index(repo: Repository) -> list[str]:
    """Return all paths in the index."""
    return os.fsdecode(repo.run(["ls-files", "-z"])).split("\0")[:-1]


def open_projects(
    repo: Repository,
    names: Iterable[str],
    before: str | None,
    problems: list[GitDvcError],
) -> list[Project]:
    """Open every project in a work tree; those that cannot be opened become problems.

    Args:
        repo: The repository.
        names: What the index has.
        before: The commit that a switch came from: a project that only it has still has
            data in place.
        problems: Gets the errors.
    """
    configs = [name for name in names if name.endswith(_CONFIG)]
    if before is not None:
        specs = ["--", f":(top){_CONFIG}", f":(top)*/{_CONFIG}"]
        args = ["diff-index", "--cached", "-z", "--name-only", "--diff-filter=D", before, *specs]
        configs += os.fsdecode(repo.run(args, check=False)).split("\0")[:-1]
    roots = {
        os.path.normpath(os.path.join(repo.top, path, "..", ".."))
        for path in configs
        if f"/{path}".endswith(f"/{_CONFIG}")
    }
    if os.path.isdir(os.path.join(repo.top, DVC_DIR)):
        roots.add(repo.top)
    projects: list[Project] = []
    for root in sorted(roots):
        if os.path.isdir(os.path.join(root, DVC_DIR)):
            try:
                projects.append(Project(root, repo))
            except GitDvcError as problem:
                problems.append(problem)
    return [project for project in projects if project.repo is not None]


class _Look:
    """One look at all pointer files of a work tree, and the watch that it leaves behind."""

    def __init__(self, repo: Repository) -> None:
        self._repo = repo
        self.watch = Watch(repo.top, repo.git_dir)
        self.watch.begin()
        self.names = _index(repo)
        self._sources = {name for name in self.names if is_source(name)}
        self._seen: dict[str, watch.Seen | None] = {}
        self.worked = False

    def projects(self, before: str | None, problems: list[GitDvcError]) -> list[Project]:
        """Open the projects."""
        return open_projects(self._repo, self.names, before, problems)

    def at(self, project: Project) -> list[str]:
        """Include a project, whose pointer files are read after this; return the absent ones."""
        project.take_index(self.names)
        sources = {project.git_path(path.pointer) for path in project.state.headers().values()}
        sources |= {name for name in self._sources if name.startswith(project.git_path(""))}
        self._seen.update(watch.stats(self._repo.top, sources))
        self._sources |= sources
        return [project.own_path(path) for path in sources if self._seen[path] is None]

    def finish(self) -> None:
        """Leave a watch, unless a pointer file changed while we worked."""
        if self.worked:
            # What we put in place moved the times of directories with pointers in them.
            self.watch.begin()
            if watch.stats(self._repo.top, self._seen) != self._seen:
                return
        sights = watch.look(self._repo.top, {name.rpartition("/")[0] for name in self._sources})
        self.watch.finish(
            sights,
            [name for name in self.names if f"/{name}".endswith(f"/{_CONFIG}")],
            told_by=notice.told_by(self._repo, self.names),
        )


# -- on the way ---------------------------------------------------------------------------


def is_passing_through(repo: Repository, hook: str, arguments: Sequence[str] = ()) -> bool:
    """Return whether Git is at a step of something longer and will go on without the user.

    Not so where it stops: at a conflict, an ``edit`` or ``break`` of a rebase, before an
    ``exec``, at the last step, and when it went back (``--abort``). Each step of a bisect is
    one where the user looks.

    Args:
        repo: The repository.
        hook: The hook that asks.
        arguments: What Git gave it.
    """
    if hook == "post-rewrite" and arguments[:1] == ["rebase"]:
        return False  # the end of it
    steps = _steps(repo)
    if not steps:
        return False
    if hook == "post-applypatch" and not _next_patch_applies(repo):
        return False
    if repo.run(["ls-files", "-u", "-z"], check=False):
        return False
    return not _went_back(repo)


def _steps(repo: Repository) -> Sequence[bytes] | None:
    """Return what is still to come before Git stops, or None if it is in no such thing."""
    place = repo.git_dir
    if os.path.isdir(os.path.join(place, "rebase-merge")):
        done = _commands(os.path.join(place, "rebase-merge", "done"))
        if done and done[-1] in _STOPS_AFTER:
            return []
        todo = _commands(os.path.join(place, "rebase-merge", "git-rebase-todo"))
        return [] if todo and todo[0] in _USES_DATA else todo
    if os.path.isdir(os.path.join(place, "rebase-apply")):
        step = _number(os.path.join(place, "rebase-apply", "next"))
        last = _number(os.path.join(place, "rebase-apply", "last"))
        return [b"pick"] * max(last - step, 0) if _applies(repo, step + 1) else []
    if os.path.isdir(os.path.join(place, "sequencer")):
        # Unlike a rebase's, this list still has the step that is being done.
        return _commands(os.path.join(place, "sequencer", "todo"))[1:]
    if _starts_to_apply(place):
        return [b"pick"]
    return None


def _applies(repo: Repository, step: int) -> bool:
    """Return whether Git will be able to apply a patch: where it is not, no hook tells us."""
    patch = os.path.join(repo.git_dir, "rebase-apply", f"{step:04}")
    if not os.path.exists(patch):
        return True
    return repo.call(["apply", "--check", "--cached", patch]).code == 0


def _commands(path: str) -> list[bytes]:
    return [word for word in _COMMAND.findall(_read(path)) if word not in _NO_STEP]


def _number(path: str) -> int:
    try:
        return int(_read(path))
    except ValueError:
        return 0


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as stream:
            return stream.read(_MOST_BYTES)
    except OSError:
        return b""


def _starts_to_apply(git_dir: str) -> bool:
    """Return whether ``git rebase --apply`` has just gone to where it starts.

    Only its line in the log of HEAD tells at this point.
    """
    try:
        with open(os.path.join(git_dir, "logs", "HEAD"), "rb") as stream:
            stream.seek(max(stream.seek(0, os.SEEK_END) - 4096, 0))
            last = stream.read().rstrip(b"\n").rpartition(b"\n")[2]
    except OSError:
        return False
    return b" (start): checkout " in last or b"\trebase: checkout " in last


def _next_patch_applies(repo: Repository) -> bool:
    """Return whether ``git am`` will get on with the next patch: where it stops runs no hook."""
    place = os.path.join(repo.git_dir, "rebase-apply")
    patch = os.path.join(place, f"{_number(os.path.join(place, 'next')) + 1:04d}")
    if not os.path.isfile(patch):
        return True
    return repo.call(["apply", "--check", "--cached", patch]).code == 0


def _went_back(repo: Repository) -> bool:
    """Return whether the pointers are those from before it all began."""
    start = "ORIG_HEAD"
    for name in ("rebase-merge/orig-head", "rebase-apply/orig-head", "sequencer/head"):
        found = _read(os.path.join(repo.git_dir, name)).strip()
        if found:
            start = found.decode("ascii", "replace")
            break
    args = ["diff-index", "--cached", "--quiet", start, "--"]
    return repo.call([*args, *POINTER_SPECS]).code == 0
