"""``git dvc diff``: which data differs between two revisions, or a revision and the workspace.

Nothing is checked out: pointer files come from Git's objects, listings of directories from
the cache. Of two revisions only the pointer files that differ are read, and the workspace is
not looked at. The shape of the answer is DVC's.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, NoReturn

from git_dvc.errors import (
    FormatError,
    GitDvcError,
    NotInGitError,
    UnknownRevisionError,
    UnknownTargetError,
)
from git_dvc.formats.manifest import Manifest
from git_dvc.git.trees import Trees
from git_dvc.ops import compare
from git_dvc.ops.compare import Comparison, Entry, Version
from git_dvc.ops.select import Selected, select
from git_dvc.ops.status import OutState, against_head, examine
from git_dvc.progress import NoProgress, Progress
from git_dvc.project import Project
from git_dvc.tracked import LOCK_FILE, STAGES_FILE, Tracked, collect, is_source


class Diff(NamedTuple):
    """The report.

    Attributes:
        found: How the new version differs from the old one, file by file.
        not_in_cache: What the old version names and the cache lacks; None if it was not
            asked for, or two revisions were compared.
        problems: Pointer files that cannot be used.
        unlisted: Directories that differ and of which it is not known in what, because the list
            of their files is not in the cache: those of the old version, those of the new one.
    """

    found: Comparison
    not_in_cache: list[Entry] | None
    problems: list[FormatError]
    unlisted: tuple[list[Entry], list[Entry]] = ([], [])

    def to_json(
        self, shown: Callable[[str], str] = str, *, show_hash: bool = False
    ) -> dict[str, list[dict[str, Any]]]:
        """Return the report in the shape of DVC's JSON; ``{}`` if nothing differs.

        Args:
            shown: Turns a path of the project into the one to print.
            show_hash: Give each entry its ``hash``.
        """

        def one(entry: Entry) -> dict[str, Any]:
            found: dict[str, Any] = {"path": shown(entry.shown)}
            return {**found, "hash": entry.hash} if show_hash else found

        report: dict[str, list[dict[str, Any]]] = {
            "added": [one(entry) for entry in self.found.added],
            "deleted": [one(entry) for entry in self.found.deleted],
            "modified": [],
            "renamed": [],
        }
        for change in self.found.modified:
            entry = one(change.old)
            if show_hash:
                entry["hash"] = {"old": change.old.hash, "new": change.new.hash}
            report["modified"].append(entry)
        for change in self.found.renamed:
            entry = one(change.old)
            entry["path"] = {"old": shown(change.old.shown), "new": shown(change.new.shown)}
            report["renamed"].append(entry)
        if self.not_in_cache is not None:
            report["not in cache"] = [one(entry) for entry in self.not_in_cache]
        return report if any(report.values()) else {}


def diff(
    project: Project,
    a_rev: str = "HEAD",
    b_rev: str | None = None,
    *,
    targets: Sequence[str] = (),
    hide_missing: bool = False,
    progress: Progress | None = None,
    others: list[str] | None = None,
) -> Diff:
    """Compare two versions of the tracked data.

    Args:
        project: The project.
        a_rev: The old one: anything that Git resolves to a commit.
        b_rev: The new one; None for the workspace.
        targets: Limit the answer to these; nothing means everything.
        hide_missing: Do not ask the cache for what the old version needs.
        progress: Told of files that must be read.
        others: Gets the targets that are tracked in neither version.

    Raises:
        NotInGitError: There are no revisions here.
        UnknownRevisionError: A revision names no commit.
        UnknownTargetError: A target is tracked in neither version, and ``others`` is None.
    """
    if project.repo is None:
        raise NotInGitError(project.root)
    with Trees(project.repo) as trees:
        old_commit = trees.resolve(a_rev)
        if old_commit is None and a_rev == "HEAD":
            return Diff(Comparison([], [], [], [], [], []), None, [])  # before the first commit
        commits = [old_commit if old_commit else _unknown(trees, a_rev)]
        if b_rev is not None:
            commits.append(trees.resolve(b_rev) or _unknown(trees, b_rev))
        if b_rev is None:
            return _with_workspace(
                project, commits[0], targets, hide_missing, progress or NoProgress(), others
            )
        old, new = _two_revisions(project, trees, commits[0], commits[1], whole=bool(targets))
    roots = compare.roots(project, targets, (old, new), others=others)
    wanted = roots.wanted if roots.paths or not targets else _nothing
    sides = compare.recorded(project, old.outs), compare.recorded(project, new.outs)
    unlisted: tuple[list[Entry], list[Entry]] = ([], [])
    found = compare.compare(
        *(_noting(side, into, roots) for side, into in zip(sides, unlisted, strict=True)),
        granular=True,
        wanted=wanted,
    )
    return Diff(found, None, [*old.problems, *new.problems], unlisted)


def _noting(version: Version, into: list[Entry], roots: compare.Roots) -> Version:
    """Return a version that notes which listings it does not have when it is asked."""

    def listing(path: str) -> Manifest | None:
        files = version.listing(path)
        if files is None and roots.touch(path):
            into.append(version.outs[path])
        return files

    return version._replace(listing=listing)


def split(project: Project, words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Tell revisions from paths: ``git dvc diff v1.0 v2.0 data``.

    As in Git, revisions come first, and ``v1.0..v2.0`` are two. A path that is called like a
    revision is one: ``./v1.0`` is not.

    Raises:
        NotInGitError: There are no revisions here.
        UnknownRevisionError: A word is neither a revision nor a path.
    """
    if project.repo is None:
        raise NotInGitError(project.root)
    revs: list[str] = []
    with Trees(project.repo) as trees:
        for number, word in enumerate(words):
            old, dots, new = word.partition("..")
            both = [old or "HEAD", new or "HEAD"]
            if word == "HEAD" or trees.resolve(word) is not None:
                revs.append(word)
            elif not revs and dots and new[:1] != "." and all(map(trees.resolve, both)):
                revs += both
            elif _is_path(project, trees, word, revs):
                return revs, list(words[number:])
            else:
                _unknown(trees, word)
            if len(revs) == 2:
                return revs, list(words[number + 1 :])
    return revs, []


def _is_path(project: Project, trees: Trees, word: str, revs: Sequence[str]) -> bool:
    """Return whether a word is a path or target, here or at one of some revisions."""
    if os.path.lexists(word):
        return True
    try:
        select(project, [word], recursive=True)
        return True
    except UnknownTargetError:
        path = project.relpath(word.rstrip("/") or word)
    except GitDvcError:
        return False
    for rev in revs:
        commit = trees.resolve(rev)
        whole = project.git_path(path)
        around = [whole, *(folder[:-1] for folder in _around(whole))]
        if commit and (
            trees.blob_at(commit, whole)
            or trees.tree_at(commit, whole)
            or any(trees.blob_at(commit, f"{place}.dvc") for place in around)
        ):
            return True
    return False


def _nothing(path: str) -> bool:
    return False


def _unknown(trees: Trees, rev: str) -> NoReturn:
    raise UnknownRevisionError(rev, [ref.name for ref in (*trees.branches(), *trees.tags())])


# -- a revision and the workspace -----------------------------------------------------------


def _with_workspace(
    project: Project,
    commit: str,
    targets: Sequence[str],
    hide_missing: bool,
    progress: Progress,
    others: list[str] | None,
) -> Diff:
    now, then = against_head(project, commit)
    tracked = project.tracked
    outs = {path: item for path, item in tracked.outs.items() if path not in now.outs}
    same = set(outs)
    outs.update(then.outs)
    same -= then.outs.keys()
    versions = (tracked._replace(outs=outs), tracked)
    roots = compare.roots(project, targets, versions, others=others)
    if targets and not roots.paths:
        return Diff(Comparison([], [], [], [], [], []), None, [])
    wanted = roots.wanted
    states: dict[str, OutState] = {
        path: examine(
            project,
            Selected(tracked.outs[path]),
            progress,
            check_cache=path in same and not hide_missing,
        )
        for path in sorted(tracked.outs)
        if roots.touch(path)
    }
    old = compare.recorded(project, outs)
    known: dict[str, Manifest | None] = {
        path: states[path].recorded for path in same if path in states
    }

    def listing(path: str) -> Manifest | None:
        if path not in known:
            known[path] = old.listing(path)
        return known[path]

    unlisted: list[Entry] = []
    found = compare.compare(
        _noting(old._replace(listing=listing), unlisted, roots),
        compare.on_disk(states),
        granular=True,
        wanted=wanted,
    )
    missing = None
    if not hide_missing:
        missing = _absent(project, old.outs, listing, states, same)
        missing = sorted(entry for entry in missing if wanted is None or wanted(entry.path))
    problems = [] if targets else [*tracked.problems, *then.problems]
    return Diff(found, missing, problems, (unlisted, []))


def _absent(
    project: Project,
    outs: dict[str, Entry],
    listing: compare.Listing,
    states: dict[str, OutState],
    same: set[str],
) -> list[Entry]:
    found = []
    for path, entry in outs.items():
        if path not in same:
            found += compare.absent(project, entry, listing(path) if entry.is_dir else None)
        elif path in states:
            state = states[path]
            if "" in state.absent:
                found.append(entry)
            elif state.recorded is not None:
                found += [
                    Entry(f"{path}/{name}", state.recorded[name], entry.hash_name, False)
                    for name in state.absent
                ]
    return found


# -- two revisions --------------------------------------------------------------------------


def _two_revisions(
    project: Project, trees: Trees, old: str, new: str, *, whole: bool
) -> tuple[Tracked, Tracked]:
    """Return what is tracked at two commits.

    Args:
        project: The project.
        trees: The repository.
        old: A commit.
        new: Another one.
        whole: All of it; else only outputs of pointer files that differ.
    """
    base = f"{project.prefix}/" if project.prefix else ""

    def want(path: str) -> bool:
        name = path[path.rfind("/") + 1 :]
        return path.startswith(base) and (is_source(path) or name == STAGES_FILE)

    commits = (old, new)
    sides: list[dict[str, str]]
    if whole:
        sides = [trees.files(commit, want) for commit in commits]
    else:
        changed = trees.changed(old, new, want) if old != new else {}
        # A stage's output needs both of its files, and only one may have changed.
        folders = {path[: path.rfind("/") + 1] for path in changed if not path.endswith(".dvc")}
        pairs = {folder + name for folder in folders for name in (LOCK_FILE, STAGES_FILE)}
        sides = [{}, {}]
        if pairs:
            sides = [trees.files(commit, lambda path: path in pairs) for commit in commits]
        for path, change in changed.items():
            for side, blob in zip(sides, change, strict=True):
                if blob is not None:
                    side[path] = blob
    found = []
    for commit, side in zip(commits, sides, strict=True):
        nested = _nested(project, commit, side, base)
        own = {path[len(base) :]: blob for path, blob in side.items() if not _is_in(path, nested)}
        found.append(_tracked(trees, own))
    return found[0], found[1]


def _nested(project: Project, commit: str, paths: Iterable[str], base: str) -> set[str]:
    """Return those directories around some paths that are projects of their own."""
    assert project.repo is not None  # noqa: S101 - there are commits
    folders = sorted({folder for path in paths for folder in _around(path) if folder > base})
    if not folders:
        return set()
    asked = "".join(f"{commit}:{folder}.dvc/config\n" for folder in folders if "\n" not in folder)
    args = ["cat-file", "--batch-check=%(objecttype)"]
    answers = project.repo.run(args, input=os.fsencode(asked)).split(b"\n")[:-1]
    folders = [folder for folder in folders if "\n" not in folder]
    return {folder for folder, answer in zip(folders, answers, strict=True) if answer == b"blob"}


def _around(path: str) -> Iterator[str]:
    """Yield the directories around a path, each with '/' at its end."""
    at = path.find("/")
    while at >= 0:
        yield path[: at + 1]
        at = path.find("/", at + 1)


def _is_in(path: str, folders: set[str]) -> bool:
    return bool(folders) and any(folder in folders for folder in _around(path))


def _tracked(trees: Trees, blobs: dict[str, str]) -> Tracked:
    """Return what the pointer and lock files among some blobs name."""
    contents = trees.blobs(blobs.values())

    def read(path: str) -> bytes | None:
        return contents.get(blobs.get(path, ""))

    return collect([path for path in blobs if is_source(path)], read)
