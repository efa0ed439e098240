"""What a garbage collection must keep: everything that names data, by the reason that it counts.

The *scope* is what the user asks for: the work tree, and commits. The *keepers* are what a
person would be sorry to lose without having been asked: what is staged, linked work trees, the
stash, the reflog, the operation log, and commits that are nowhere else.

Nothing here guesses: whatever cannot be read is an error, and then nothing is deleted.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from git_dvc import fsutil, hashing
from git_dvc.errors import FormatError, GitDvcError, GitError, UnknownRevisionError
from git_dvc.git.repo import IndexEntry, Repository, git
from git_dvc.git.trees import Trees
from git_dvc.ops import named
from git_dvc.ops.sync import open_projects
from git_dvc.project import DVC_DIR, Project, escaped
from git_dvc.store.oplog import DEFAULT_DAYS, OpLog
from git_dvc.tracked import STAGE_FILES, STAGES_FILE, Tracked, collect, is_pointer
from git_dvc.workspace import links

SCOPE = "scope"
INDEX, WORKTREES, STASH = "index", "worktrees", "stash"
REFLOG, UNDO, UNPUSHED = "reflog", "undo", "unpushed"
OTHERS = "branches"
KEEPERS = (INDEX, WORKTREES, STASH, REFLOG, UNDO, UNPUSHED, OTHERS)
"""Reasons beside the scope, in the order in which they are looked at."""

# What an operation of Git that is under way, or was just done, goes back to.
_SPECIAL_HEADS = (
    "ORIG_HEAD",
    "MERGE_HEAD",
    "CHERRY_PICK_HEAD",
    "REVERT_HEAD",
    "REBASE_HEAD",
    "BISECT_HEAD",
    "AUTO_MERGE",
)
_EXPERIMENTS_ASIDE = ("refs/exps/exec/", "refs/exps/stash", "refs/exps/celery/")
_LOG = ("-c", "log.showSignature=false", "log", "-g")
_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_ANY_HASH = re.compile(rb"\b[0-9a-f]{32}(?:\.dir)?\b")
# Outputs that git-dvc itself does not handle, but whose objects may be here.
_FOREIGN = re.compile(rb"\b(?:version_id|cloud|files):|\bpath: *['\"]?(?:/|[a-zA-Z0-9+]+://)")


class Scope(NamedTuple):
    """Which commits count, beside the work tree.

    Attributes:
        branches: The tips of all branches.
        tags: All tags.
        commits: Every commit that a branch, a tag or a branch of a Git remote leads to.
        experiments: Those of DVC.
        revs: These.
        number: So many commits back from each of ``revs`` and of the branches.
        since_s: All that are not older than this, in seconds since the epoch.
    """

    branches: bool = False
    tags: bool = False
    commits: bool = False
    experiments: bool = False
    revs: tuple[str, ...] = ()
    number: int = 1
    since_s: float | None = None


class Place(NamedTuple):
    """Where data is named.

    Attributes:
        path: As it is shown.
        commit: The commit; '' for none.
        remote: The remote of this data, if it names one.
        sure: Whether the list of a directory must be known; not so for our own records.
    """

    path: str
    commit: str = ""
    remote: str = ""
    sure: bool = True


Keep = Callable[[str, str, str, Place], None]
"""Called with the reason, the name of the hash algorithm, a hash and where it is named."""


class WorkTree(NamedTuple):
    """One work tree of the repository that is not ours, as far as it is there.

    Attributes:
        top: Its top directory; '' if it is not there (an unmounted drive).
        git_dir: What Git knows of it.
    """

    top: str
    git_dir: str


def other_work_trees(repo: Repository) -> list[WorkTree]:
    """Return the main and all linked work trees but this one."""
    found = []
    if repo.git_dir != repo.common_dir:
        top = repo.main_top() or ""
        found.append(WorkTree(top if os.path.isdir(top) else "", repo.common_dir))
    folder = os.path.join(repo.common_dir, "worktrees")
    try:
        names = sorted(os.listdir(folder))
    except FileNotFoundError:
        names = []
    for name in names:
        git_dir = os.path.join(folder, name)
        if os.path.realpath(git_dir) == repo.git_dir or not os.path.isdir(git_dir):
            continue
        text = os.fsdecode(fsutil.read_bytes(os.path.join(git_dir, "gitdir"))).rstrip("\r\n")
        top = os.path.dirname(os.path.join(git_dir, text))
        is_there = os.path.lexists(os.path.join(top, ".git"))
        found.append(WorkTree(os.path.realpath(top) if is_there else "", git_dir))
    return found


def same_project(project: Project, tree: WorkTree) -> Project | None:
    """Return the project as it is in another work tree, or None if it is not there."""
    repo = project.repo
    if not tree.top or repo is None:
        return None
    root = os.path.join(tree.top, project.prefix) if project.prefix else tree.top
    if not os.path.isdir(os.path.join(root, DVC_DIR)):
        return None
    return Project(root, Repository(tree.top, tree.git_dir, repo.common_dir))


def neighbours(project: Project) -> list[Project]:
    """Return the other projects in this work tree that use the same cache.

    Raises:
        GitDvcError: One cannot be opened, so what it uses cannot be known.
    """
    if project.repo is None:
        return []
    problems: list[GitDvcError] = []
    specs = [":(top).dvc/config", ":(top)*/.dvc/config"]
    names = os.fsdecode(project.repo.run(["ls-files", "-z", "--", *specs])).split("\0")[:-1]
    found = []
    for other in open_projects(project.repo, names, None, problems):
        same = os.path.realpath(other.cache_root) == os.path.realpath(project.cache_root)
        if other.root != project.root and same:
            found.append(other)
        else:
            other.close()
    if problems:
        for other in found:
            other.close()
        raise problems[0]
    return found


class References:
    """Everything that names data of one project; each thing is told to ``keep`` once.

    Args:
        project: The project, in our work tree.
        trees: The work trees beside ours, with the project in them.
        keep: Told of the data.
        git_objects: Reads commits; None without Git.
        problems: Gets the pointer files in commits that cannot be used.
    """

    def __init__(
        self,
        project: Project,
        trees: Sequence[tuple[WorkTree, Project | None]],
        keep: Keep,
        git_objects: Trees | None,
        problems: list[FormatError],
    ) -> None:
        self._project = project
        self._work_trees = trees
        self._keep = keep
        self._trees = git_objects
        self._problems = problems
        self.kept: dict[str, None] = {}
        """The commits that count, so far."""

    def tell(self, scope: Scope, keepers: Iterable[str]) -> None:
        """Go through the scope and the keepers.

        Args:
            scope: The commits that were asked for.
            keepers: Of ``KEEPERS``.

        Raises:
            GitDvcError: Something cannot be read.
        """
        wanted = set(keepers)
        self._work_tree(self._project, SCOPE)
        if links.SYMLINK in self._project.link_types:
            # The files in the work tree are in the cache, and nowhere else.
            self._in_place(self._project, SCOPE)
        repo = self._project.repo
        if repo is None or self._trees is None:
            if UNDO in wanted:
                self._undo(self._project.oplog)
            return
        check_refs(repo)
        self._commits(scope_commits(repo, self._trees, scope), SCOPE)
        if INDEX in wanted:
            self._index(repo.git_dir, INDEX)
            heads = [repo.head(), *_special_heads(repo.git_dir)]
            self._commits(filter(None, heads), INDEX)
        if WORKTREES in wanted:
            self._in_place(self._project, WORKTREES)
            for tree, other in self._work_trees:
                self._other_work_tree(tree, other)
        stashed = _stash(repo)
        if STASH in wanted:
            self._commits(stashed, STASH)
        if REFLOG in wanted:
            aside = set() if STASH in wanted else set(stashed)
            logged = _reflog(repo)
            self._commits((commit for commit in logged if commit not in aside), REFLOG)
            if scope.commits and logged:
                every = _rev_list(repo, ["--reflog"])
                self._commits((commit for commit in every if commit not in aside), REFLOG)
        if UNDO in wanted:
            self._undo(self._project.oplog)
            for tree, other in self._work_trees:
                self._undo(other.oplog if other is not None else self._oplog_of(tree))
        if UNPUSHED in wanted:
            refs = ["--exclude=refs/stash", "--exclude=refs/remotes/*", "--all"]
            self._commits(_rev_list(repo, [*refs, "--not", "--remotes"]), UNPUSHED)
        if OTHERS in wanted:
            self._commits(_tips(repo, ["refs/remotes/"]), OTHERS)

    # -- each of them -----------------------------------------------------------------------

    def _work_tree(self, project: Project, reason: str) -> None:
        tracked = project.tracked
        if tracked.problems:
            raise tracked.problems[0]
        self._outputs(tracked, reason, project.shown, "")
        for source in project.tracked_sources():
            self._foreign(project.read(source) or b"", reason, Place(project.shown(source)))

    def _outputs(
        self, tracked: Tracked, reason: str, shown: Callable[[str], str], commit: str
    ) -> None:
        for item in (*tracked.outs.values(), *tracked.unplaced):
            if item.out.hash is not None:
                place = Place(shown(item.shown), commit, item.out.remote or "")
                self._keep(reason, item.out.hash_name, item.out.hash, place)

    def _foreign(self, text: bytes, reason: str, place: Place) -> None:
        """Keep all that a pointer file names which has outputs that are not ours to read."""
        if _FOREIGN.search(text):
            for value in set(_ANY_HASH.findall(text)):
                for name in hashing.ALGORITHMS:
                    self._keep(reason, name, value.decode("ascii"), place._replace(sure=False))

    def _in_place(self, project: Project, reason: str) -> None:
        """Keep what the files in a work tree are known to hold, whatever the pointers say."""
        for header in project.state.headers().values():
            place = Place(project.shown(header.relpath), sure=False)
            self._hash(reason, header.algorithm, header.hash, place)
            known = header.algorithm in hashing.ALGORITHMS
            if known and header.hash and project.cache(header.algorithm).has(header.hash):
                continue  # that is all that is there, or lists it
            record = project.state.placed(header.relpath)
            for entry in record.entries.values() if record is not None else ():
                self._hash(reason, header.algorithm, entry[0], place)
        for begun in project.state.begun().values():
            for header in begun:
                self._hash(reason, header.algorithm, header.hash, Place(header.relpath, sure=False))

    def _hash(self, reason: str, algorithm: str, value: str, place: Place) -> None:
        """Keep what our own records name; a record without a hash names nothing."""
        if algorithm in hashing.ALGORITHMS:
            try:
                self._keep(reason, algorithm, hashing.parse(value), place)
            except FormatError:
                return

    def _commits(self, commits: Iterable[str], reason: str) -> None:
        assert self._trees is not None  # noqa: S101 - the caller asked
        fresh = [commit for commit in dict.fromkeys(commits) if commit not in self.kept]
        self.kept.update(dict.fromkeys(fresh))
        project = self._project

        def text(path: str, data: bytes, commit: str) -> None:
            self._foreign(data, reason, Place(project.shown(path), commit))

        found = named.outs(
            self._trees, project, fresh, problems=self._problems, texts=text, hidden=True
        )
        for item, commit in found:
            if item.out.hash is not None:
                place = Place(project.shown(item.shown), commit, item.out.remote or "")
                self._keep(reason, item.out.hash_name, item.out.hash, place)

    def _index(self, git_dir: str, reason: str) -> None:
        """Keep what is staged, also all sides of a conflict."""
        assert self._trees is not None  # noqa: S101 - the caller asked
        project = self._project
        by_stage: dict[int, dict[str, str]] = {}
        for entry in _index_entries(project, git_dir):
            if entry.mode.startswith("100"):
                by_stage.setdefault(entry.stage, {})[project.own_path(entry.path)] = entry.blob
        for files in by_stage.values():
            sources = [path for path in files if not path.endswith(STAGES_FILE)]
            content = self._trees.blobs(files.values())
            for path in sources:
                if is_pointer(path):
                    self._foreign(content[files[path]], reason, Place(project.shown(path)))

            def read(path: str, files: dict[str, str] = files) -> bytes | None:
                return content[files[path]] if path in files else None  # noqa: B023

            for path in sources:  # one by one: sides of a conflict may name the same output
                found = collect([path], read)
                self._problems += [problem.at(f":{path}") for problem in found.problems]
                self._outputs(found, reason, project.shown, "")

    def _other_work_tree(self, tree: WorkTree, other: Project | None) -> None:
        heads = [_commit_of(tree.git_dir, "HEAD"), *_special_heads(tree.git_dir)]
        self._commits(filter(None, heads), WORKTREES)
        self._index(tree.git_dir, WORKTREES)
        if other is not None:
            try:
                self._work_tree(other, WORKTREES)
            except FormatError as problem:
                raise FormatError(problem.what, other.path(problem.where)) from problem
            self._in_place(other, WORKTREES)

    def _undo(self, log: OpLog) -> None:
        place = Place("what 'git dvc undo' can bring back", sure=False)
        for name, values in log.kept_hashes().items():
            for value in values:
                self._keep(UNDO, name, value, place)
        for operation in log.read():
            for change in operation.files:
                for text in (change.before, change.after):
                    if text is not None and is_pointer(change.relpath):
                        found = collect([change.relpath], {change.relpath: text}.get)
                        self._outputs(found, UNDO, lambda path: place.path, "")

    def _oplog_of(self, tree: WorkTree) -> OpLog:
        """Return the log of a work tree that is not there."""
        path = os.path.join(tree.git_dir, "dvc", os.path.basename(self._project.oplog.path))
        repo = self._project.repo
        days = repo.config_int("dvc.undoDays", DEFAULT_DAYS) if repo else DEFAULT_DAYS
        return OpLog(path, lambda: days)


# -- commits --------------------------------------------------------------------------------


def check_refs(repo: Repository) -> None:
    """Make sure that every ref can be read.

    Raises:
        GitError: One cannot; Git itself goes on without it, with a warning.
    """
    args = ["for-each-ref", "--format=%(objecttype)"]
    result = repo.call(args, env={"LC_ALL": "C"})
    if result.code != 0 or b"ignoring" in result.err:
        raise GitError(args, result.code or 128, result.err)


def is_shallow(repo: Repository) -> bool:
    """Return whether this clone has only a part of the history."""
    return repo.run(["rev-parse", "--is-shallow-repository"]).strip() == b"true"


def scope_commits(repo: Repository, trees: Trees, scope: Scope) -> list[str]:
    """Return the commits of a scope.

    Raises:
        UnknownRevisionError: One of its revisions names no commit.
    """
    found: list[str] = []
    roots: list[str] = []
    for rev in scope.revs:
        commit = trees.resolve(rev)
        if commit is None:
            known = [ref.name for ref in [*trees.branches(), *trees.tags()]]
            raise UnknownRevisionError(rev, known)
        roots.append(commit)
    if scope.branches:
        roots += _tips(repo, ["refs/heads/"])
    for root in dict.fromkeys(roots):
        back = ["--first-parent", f"--max-count={scope.number}"]
        found += _rev_list(repo, [*back, root]) if scope.number > 1 else [root]
    if scope.tags:
        found += _tips(repo, ["refs/tags/"])
    if scope.experiments:
        found += _tips(repo, ["refs/exps/"], aside=_EXPERIMENTS_ASIDE)
    every = ["--branches", "--tags", "--remotes"]
    head = repo.head()
    if head is not None:
        every.append("HEAD")
    elif not _tips(repo, ["refs/heads/", "refs/tags/", "refs/remotes/"]):
        return list(dict.fromkeys(found))  # before the first commit
    if scope.since_s is not None:
        for line in _lines(repo, ["rev-list", "--timestamp", *every]):
            time_s, _, commit = line.partition(" ")
            if int(time_s) >= scope.since_s:
                found.append(commit)
    if scope.commits:
        found += _rev_list(repo, every)
    return list(dict.fromkeys(found))


def every_commit(repo: Repository) -> list[str]:
    """Return all commits that anything in the repository leads to, newest first."""
    return _rev_list(repo, ["--date-order", "--all", "--reflog"])


def _tips(repo: Repository, prefixes: Sequence[str], aside: tuple[str, ...] = ()) -> list[str]:
    fields = "%(refname) %(objecttype) %(objectname) %(*objecttype) %(*objectname)"
    found = []
    for line in _lines(repo, ["for-each-ref", f"--format={fields}", *prefixes]):
        name, *rest = line.split(" ")
        if name.startswith(aside) and aside:
            continue
        kinds, values = rest[::2], rest[1::2]
        if "tag" in kinds[1:]:  # a tag of a tag: Git before 2.45 peels once
            commit = _commit_of(repo.git_dir, name)
            found += [commit] if commit else []
        else:
            pairs = zip(kinds, values, strict=False)
            found += [value for kind, value in pairs if kind == "commit"]
    return found


def _stash(repo: Repository) -> list[str]:
    """Return the commits of all stashes: the work tree, the index and the untracked files."""
    if _commit_of(repo.git_dir, "refs/stash") is None:
        return []
    found: list[str] = []
    for line in _lines(repo, [*_LOG, "--format=%H %P", "refs/stash", "--"]):
        commit, _, parents = line.partition(" ")
        found += [commit, *parents.split(" ")[1:]]
    return found


def _reflog(repo: Repository) -> list[str]:
    """Return what all refs, and HEAD in each work tree, were lately."""
    return list(dict.fromkeys(_lines(repo, [*_LOG, "--format=%H", "--all", "--"])))


def _rev_list(repo: Repository, args: Sequence[str]) -> list[str]:
    return _lines(repo, ["rev-list", *args])


def _lines(repo: Repository, args: list[str]) -> list[str]:
    return os.fsdecode(repo.run(args)).splitlines()


def _commit_of(git_dir: str, name: str) -> str | None:
    args = [f"--git-dir={git_dir}", "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}"]
    return git(args, cwd=git_dir).out.decode("ascii", "replace").strip() or None


def _special_heads(git_dir: str) -> Iterator[str]:
    """Yield the commits that an operation under way goes back to."""
    for name in _SPECIAL_HEADS:
        try:
            data = fsutil.read_bytes(os.path.join(git_dir, name))
        except FileNotFoundError:
            continue
        for line in data.decode("ascii", "replace").split("\n"):
            word = line.partition("\t")[0].strip()
            commit = _commit_of(git_dir, word) if _ID.fullmatch(word) else None
            if commit is not None:
                yield commit


def _index_entries(project: Project, git_dir: str) -> list[IndexEntry]:
    """Return the pointer and lock files that one work tree has staged."""
    base = f":(top){escaped(project.prefix)}/" if project.prefix else ":(top)"
    files = ("dvc.lock", *STAGE_FILES)
    names = ("*.dvc", *files, *(f"*/{name}" for name in files))
    args = [f"--git-dir={git_dir}", f"--work-tree={git_dir}", "ls-files", "-s", "-z", "--"]
    args += [base + name for name in names]
    result = git(args, cwd=git_dir)
    if result.code != 0:
        raise GitError(args, result.code, result.err)
    found = []
    for line in result.out.split(b"\0")[:-1]:
        about, _, path = os.fsdecode(line).partition("\t")
        mode, blob, stage = about.split(" ")
        found.append(IndexEntry(path, mode, blob, int(stage)))
    return found
