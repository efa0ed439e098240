"""What the pre-commit hook looks for: commits that would lose or leak data.

Everything is read from the index that is being committed (Git may use a temporary one for
``commit -a`` and ``commit FILE``), not from the work tree. Nothing is changed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from functools import cache
from typing import NamedTuple

from git_dvc.errors import CorruptObjectError, FormatError, MissingObjectError
from git_dvc.git.repo import Repository
from git_dvc.ops.select import Selected
from git_dvc.ops.status import CLEAN, against_head, examine
from git_dvc.progress import Progress
from git_dvc.project import Project, escaped
from git_dvc.tracked import STAGE_FILES, Tracked, TrackedOut, collect, is_source
from git_dvc.workspace.apply import manifest_of

DEFAULT_MOST_BYTES = 50 * 1024**2


class Findings(NamedTuple):
    """What is wrong with a commit; paths from the top of the work tree.

    Attributes:
        stopped: Outputs that are there only in part: what was bringing them was stopped.
        differs: Outputs whose data on disk is not what the commit's pointers say.
        nowhere: Outputs that the commit names for the first time and that exist nowhere.
        unfetched: Outputs whose data is not here, but which the history knows.
        large: Size, by path, of files that are too large for Git.
        tracked: Pointer, by path, of files that a pointer tracks and Git is about to, too.
        problems: Pointer files that cannot be used.
    """

    stopped: list[str]
    differs: list[str]
    nowhere: list[str]
    unfetched: list[str]
    large: dict[str, int]
    tracked: dict[str, str]
    problems: list[FormatError]


class _Staged(NamedTuple):
    """A file that the commit adds or changes."""

    path: str
    blob: str
    mode: str


def check(
    repo: Repository, projects: Sequence[Project], most_bytes: int, progress: Progress
) -> Findings:
    """Return what is wrong with the commit that is about to be made.

    Args:
        repo: The repository.
        projects: Every project in its work tree.
        most_bytes: Largest file for Git; 0 for no limit.
        progress: Told of files that must be read.
    """
    findings = Findings([], [], [], [], {}, {}, [])
    staged = _staged(repo)
    if most_bytes:
        sizes = _sizes(repo, {file.blob for file in staged})
        for file in staged:
            if sizes.get(file.blob, 0) > most_bytes:
                findings.large[file.path] = sizes[file.blob]
    for project in projects:
        _check_project(repo, project, staged, findings, progress)
    return findings


def _check_project(
    repo: Repository,
    project: Project,
    staged: Sequence[_Staged],
    findings: Findings,
    progress: Progress,
) -> None:
    tracked = _tracked_in_index(repo, project)
    findings.problems.extend(tracked.problems)
    start = project.prefix + "/" if project.prefix else ""
    fresh = {}
    for file in staged:
        if not file.path.startswith(start):
            continue
        relpath = file.path[len(start) :]
        if is_source(relpath):
            fresh[relpath] = file.blob
            continue
        holder = tracked.holder(relpath)
        if holder is not None:
            findings.tracked[file.path] = project.git_path(holder.source)
            findings.large.pop(file.path, None)
    stopped = project.stopped()
    head = cache(lambda: against_head(project)[1])
    for _, item in sorted(tracked.outs.items()):
        if item.out.hash is None:
            continue
        shown = project.git_path(item.shown)
        state = examine(project, Selected(item), progress, check_cache=False)
        if state.kind != CLEAN and _was_here(project, item):
            found = findings.stopped if item.relpath in stopped else findings.differs
            found.append(shown)
        lacking = _lacking(project, item) if item.source in fresh and not item.imported else None
        if lacking:
            if _known_to_history(repo, fresh[item.source]) or lacking <= _at(head(), project, item):
                findings.unfetched.append(shown)
            else:
                findings.nowhere.append(shown)


def _was_here(project: Project, item: TrackedOut) -> bool:
    """Return whether an output was ever put in place: a clone without data did not change it."""
    return os.path.lexists(project.path(item.relpath)) or (
        project.state.placed(item.relpath) is not None
    )


def _lacking(project: Project, item: TrackedOut) -> set[str]:
    """Return the hashes of an output, or of files of it, that the cache lacks."""
    cache = project.cache(item.out.hash_name)
    value = item.out.hash
    if value is None:
        return set()
    try:
        return set(cache.lacks(manifest_of(value, cache).values()))
    except (MissingObjectError, CorruptObjectError, FormatError):
        return {value}


def _at(head: Tracked, project: Project, item: TrackedOut) -> set[str]:
    """Return the hashes of what an output is at HEAD: others have that, if anybody has.

    One file of a directory can be recorded where the rest of it was never brought.
    """
    old = head.outs.get(item.relpath)
    if old is None or old.out.hash is None or old.out.hash_name != item.out.hash_name:
        return set()
    try:
        return set(manifest_of(old.out.hash, project.cache(old.out.hash_name)).values())
    except (MissingObjectError, CorruptObjectError, FormatError):
        return set()


def _known_to_history(repo: Repository, blob: str) -> bool:
    args = ["log", "--all", "-1", "--format=%H", f"--find-object={blob}"]
    result = repo.call(args)
    return result.code == 0 and bool(result.out.strip())


def _staged(repo: Repository) -> list[_Staged]:
    """Return the files that differ between HEAD and the index, without deletions."""
    head = repo.head()
    if head is None:
        return [
            _Staged(entry.path, entry.blob, entry.mode)
            for entry in repo.index_entries()
            if entry.stage == 0 and entry.mode.startswith("100")
        ]
    out = repo.run(["diff-index", "--cached", "-z", "--no-renames", "--diff-filter=d", head])
    fields = out.split(b"\0")
    found = []
    for about, name in zip(fields[0::2], fields[1::2], strict=False):
        _, mode, _, blob, _ = about.decode().split(" ")
        if mode.startswith("100"):
            found.append(_Staged(os.fsdecode(name), blob, mode))
    return found


def _sizes(repo: Repository, blobs: Iterable[str]) -> dict[str, int]:
    wanted = sorted(blobs)
    if not wanted:
        return {}
    args = ["cat-file", "--batch-check=%(objectname) %(objectsize)"]
    out = repo.run(args, input="".join(f"{blob}\n" for blob in wanted).encode())
    sizes = {}
    for line in out.decode().splitlines():
        blob, _, size = line.partition(" ")
        if size.isdigit():
            sizes[blob] = int(size)
    return sizes


def _tracked_in_index(repo: Repository, project: Project) -> Tracked:
    """Return what the pointers in the index name; the blobs are read through dulwich."""
    base = project.prefix + "/" if project.prefix else ""
    place = escaped(base)
    names = ("*.dvc", "dvc.lock", *STAGE_FILES)
    specs = [f":(top,glob){place}**/{name}" for name in names]
    blobs = {
        entry.path[len(base) :]: entry.blob
        for entry in repo.index_entries(specs)
        if entry.stage == 0 and entry.mode.startswith("100")
    }
    nested = {
        os.path.relpath(path, project.root).replace(os.sep, "/") + "/"
        for path in _nested_roots(project, blobs)
    }
    if nested:
        blobs = {p: b for p, b in blobs.items() if not p.startswith(tuple(nested))}
    if not blobs:
        return Tracked({}, {}, [], set())
    from git_dvc.git.trees import Trees

    with Trees(repo) as trees:

        def read(path: str) -> bytes | None:
            return trees.blob(blobs[path]) if path in blobs else None

        return collect([path for path in blobs if is_source(path)], read)


def _nested_roots(project: Project, paths: Iterable[str]) -> set[str]:
    """Return the roots of projects inside this one, above any of the paths."""
    folders: set[str] = set()
    for path in paths:
        folder = path.rpartition("/")[0]
        while folder and folder not in folders:
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    return {
        project.path(folder)
        for folder in folders
        if os.path.isdir(os.path.join(project.path(folder), ".dvc"))
    }
