"""``git dvc data status``: HEAD, pointer files and workspace, path by path.

Two comparisons: HEAD's pointer files with those of the work tree (*committed*, in DVC's
words: ready for ``git commit``), and the pointer files with what is on disk (*uncommitted*).
The shape of the answer is DVC's. Takes no lock and changes nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from git_dvc import relpaths
from git_dvc.errors import FormatError
from git_dvc.formats.manifest import Manifest
from git_dvc.ops import cloud_status, compare
from git_dvc.ops.compare import Comparison, Entry
from git_dvc.ops.select import Selected
from git_dvc.ops.status import OutState, against_head, examine
from git_dvc.progress import NoProgress, Progress
from git_dvc.project import Project
from git_dvc.tracked import TrackedOut


class DataStatus(NamedTuple):
    """The report.

    Attributes:
        not_in_cache: What the pointer files name and the cache lacks.
        not_in_remote: What they name and the remotes lack, if asked for.
        committed: The pointer files against HEAD's.
        uncommitted: What is on disk against the pointer files.
        untracked: Files that neither Git nor a pointer file tracks, if asked for.
        unchanged: What is the same in HEAD, pointer files and on disk, if asked for.
        problems: Pointer files that cannot be used.
    """

    not_in_cache: list[Entry]
    not_in_remote: list[Entry]
    committed: Comparison
    uncommitted: Comparison
    untracked: list[str]
    unchanged: list[Entry]
    problems: list[FormatError]

    def to_json(self, shown: Callable[[str], str] = str) -> dict[str, Any]:
        """Return the report in the shape of DVC's JSON; ``{}`` if there is nothing to say.

        Args:
            shown: Turns a path of the project into the one to print.
        """
        report = {
            "not_in_cache": [shown(entry.shown) for entry in self.not_in_cache],
            "not_in_remote": [shown(entry.shown) for entry in self.not_in_remote],
            "committed": _changes(self.committed, shown),
            "uncommitted": _changes(self.uncommitted, shown),
            "untracked": [shown(path) for path in self.untracked],
            "unchanged": [shown(entry.shown) for entry in self.unchanged],
        }
        return {section: content for section, content in report.items() if content}


def _changes(found: Comparison, shown: Callable[[str], str]) -> dict[str, list[Any]]:
    changes: dict[str, list[Any]] = {
        # A file that became a directory is shown as the directory, as in DVC.
        "modified": [shown(change.new.shown) for change in found.modified],
        "added": [shown(entry.shown) for entry in found.added],
        "deleted": [shown(entry.shown) for entry in found.deleted],
        "renamed": [
            {"old": shown(change.old.shown), "new": shown(change.new.shown)}
            for change in found.renamed
        ],
        "unknown": [shown(entry.shown) for entry in found.unknown],
    }
    return {state: paths for state, paths in changes.items() if paths}


def data_status(
    project: Project,
    targets: Sequence[str] = (),
    *,
    granular: bool = False,
    unchanged: bool = False,
    untracked: bool = False,
    not_in_remote: bool = False,
    remote: str | None = None,
    refresh: bool = True,
    progress: Progress | None = None,
) -> DataStatus:
    """Compare HEAD, pointer files and workspace.

    Args:
        project: The project.
        targets: Outputs, pointer files, stages, paths inside directories or directories
            with outputs in them; nothing means everything.
        granular: Also the files inside directories. A target inside a directory is always
            looked at.
        unchanged: Also what is the same everywhere.
        untracked: Also files that nothing tracks.
        not_in_remote: Also what the remotes lack.
        remote: Name of the one to look at; None for those that the data goes to.
        refresh: Ask them; else go by what they were seen to have.
        progress: Told of files that must be read.

    Raises:
        UnknownTargetError: A target is neither tracked here nor at HEAD.
        RemoteError: A remote cannot be used.
    """
    watch = progress or NoProgress()
    now, head = against_head(project)
    tracked = project.tracked
    roots = compare.roots(project, targets, (tracked, head), files=untracked)
    wanted = roots.wanted
    granular = granular or roots.has_inner
    states: dict[str, OutState] = {
        path: examine(project, Selected(tracked.outs[path]), watch)
        for path in sorted(tracked.outs)
        if roots.touch(path)
    }

    def listing(path: str) -> Manifest | None:
        # A listing that only the disk could tell is not known: 'unknown' as in DVC.
        return None if "" in states[path].absent else states[path].recorded

    index = compare.recorded(project, {path: states[path].item for path in states})
    uncommitted = compare.compare(
        index._replace(listing=listing),
        compare.on_disk(states),
        granular=granular,
        unchanged=unchanged,
        unknown=True,
        wanted=wanted,
    )
    committed = compare.compare(
        compare.recorded(project, head.outs),
        compare.recorded(project, now.outs),
        granular=granular,
        unchanged=unchanged,
        unknown=True,
        wanted=wanted,
    )
    unsent: list[Entry] = []
    if not_in_remote:
        items = [state.item for state in states.values()]
        lacking = cloud_status.lacking(project, items, remote, refresh=refresh, progress=watch)
        unsent = _entries(items, lacking, granular)
    return DataStatus(
        [entry for entry in _absent(states, granular) if wanted is None or wanted(entry.path)],
        [entry for entry in unsent if wanted is None or wanted(entry.path)],
        committed,
        uncommitted,
        _untracked(project, roots.paths) if untracked else [],
        _same_everywhere(uncommitted, committed, now.outs),
        [] if targets else list(tracked.problems),
    )


def _absent(states: dict[str, OutState], granular: bool) -> list[Entry]:
    """Return what the cache lacks; of a directory without its listing only itself."""
    found = []
    for path, state in states.items():
        out = state.item.out
        if "" in state.absent:
            found.append(Entry(path, out.hash or "", out.hash_name, state.item.is_dir))
        elif granular and state.recorded is not None:
            found += [
                Entry(f"{path}/{name}", state.recorded[name], out.hash_name, False)
                for name in state.absent
            ]
    return sorted(found)


def _entries(items: Iterable[TrackedOut], paths: set[str], granular: bool) -> list[Entry]:
    """Return outputs that are among paths, or around some, and when granular also the latter."""
    found = []
    for item in items:
        inside = sorted(path for path in paths if relpaths.inside(path, item.relpath))
        if inside:
            name = item.out.hash_name
            found.append(Entry(item.relpath, item.out.hash or "", name, item.is_dir))
            if granular:
                found += [Entry(path, "", name, False) for path in inside if path != item.relpath]
    return found


def _same_everywhere(
    uncommitted: Comparison, committed: Comparison, changed: dict[str, TrackedOut]
) -> list[Entry]:
    """Return what is unchanged on both sides; HEAD was compared in changed outputs only."""
    if not changed:
        return uncommitted.unchanged
    same = set(committed.unchanged)

    def is_same(entry: Entry) -> bool:
        if entry in same:
            return True
        path = entry.path
        while path:
            if path in changed:
                return False
            path = path.rpartition("/")[0]
        return True

    return [entry for entry in uncommitted.unchanged if is_same(entry)]


def _untracked(project: Project, roots: Sequence[str]) -> list[str]:
    """Return the files that Git neither tracks nor ignores."""
    if project.repo is None:
        return []
    top = f":(top,literal){project.prefix}" if project.prefix else ":(top)"
    base = f"{project.prefix}/" if project.prefix else ""
    specs = [f":(top,literal){base}{root}" for root in roots] or [top]
    args = ["ls-files", "-z", "--others", "--exclude-standard", "--full-name", "--", *specs]
    out = project.repo.run(args)
    return sorted(os.fsdecode(name)[len(base) :] for name in out.split(b"\0") if name)
