"""The outputs of a stage in the work tree: they go before it runs, and come back if it fails.

What goes is saved first if only the disk has it: a result that somebody changed by hand is in
the cache then, and ``git dvc undo`` brings it back. Only what a stage itself made and nobody is to
store (``cache: false``) goes for good.
"""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Iterable, Sequence

from git_dvc import fsutil, hashing
from git_dvc.errors import (
    CannotTrackError,
    GitDvcError,
    IgnoredRecordError,
    OutputInGitError,
    OutsideOutputError,
    OwnFileOutputError,
    UnreadableDependencyError,
)
from git_dvc.formats.lockfile import LockStage
from git_dvc.formats.pointer import Out
from git_dvc.fsutil import Folders
from git_dvc.git import gitignore
from git_dvc.hashing import MD5
from git_dvc.ops import record as recording
from git_dvc.ops.checkout import open_work_tmp, place
from git_dvc.ops.contents import Contents
from git_dvc.ops.keeping import Keeper
from git_dvc.ops.select import Selected
from git_dvc.ops.unprotect import unprotect_output
from git_dvc.pipeline.stage import Stage, StageOut
from git_dvc.progress import Progress
from git_dvc.project import Project
from git_dvc.store.oplog import PLACE, REPRO, OutChange, Recorder, Side
from git_dvc.store.state import Header, Placed
from git_dvc.tracked import TrackedOut, is_own
from git_dvc.workspace.apply import Outcome, Placer
from git_dvc.workspace.changes import Changes
from git_dvc.workspace.links import COPY, REFLINK, Linker
from git_dvc.workspace.scan import DIRECTORY, MISSING, OTHER, Scan, hash_dirty, scan

_BEHIND = "reached through a symbolic link"


class StageOuts:
    """Moves the outputs of the stages of one run.

    Args:
        project: The project.
        progress: Told of the work.
        contents: What is known of files.
        stages: Those that may run: Git is asked about all of them when the first one does.

    Attributes:
        kept: Files, by path relative to the project, that were saved before they went.
        written: ``.gitignore`` files that were changed.
    """

    def __init__(
        self,
        project: Project,
        progress: Progress,
        contents: Contents,
        stages: Iterable[Stage] = (),
    ) -> None:
        self._project = project
        self._progress = progress
        self._contents = contents
        self._others = list(stages)
        self._gone: dict[str, Side] = {}
        self._in_git: dict[str, bool] = {}
        self._ignored: set[str] = set()
        self._own: Recorder | None = None
        self.kept: list[str] = []
        self.written: list[str] = []

    def check(self, stage: Stage) -> None:
        """Refuse a stage whose outputs cannot be cached where they are.

        Raises:
            OutputInGitError: Git versions an output that is to be cached.
            OutsideOutputError: One is outside of the project.
            IgnoredRecordError: Git ignores the file that it is to be recorded in.
            CannotTrackError: One is reached through a symbolic link.
            OwnFileOutputError: One is a ``dvc.yaml``, or another file of ours.
        """
        own = [out.relpath for out in stage.outs if out.relpath and is_own(out.relpath)]
        if own:
            raise OwnFileOutputError(stage.address, [self._project.shown(path) for path in own])
        cached = [out for out in stage.outs if out.flags.cache]
        outside = [out.path for out in cached if out.relpath is None]
        if outside:
            raise OutsideOutputError(stage.address, outside)
        behind = {
            out.relpath: _BEHIND for out in cached if out.relpath and self._is_far(out.relpath)
        }
        if behind:
            raise self._in_the_way(stage, "", behind)
        unknown = any(out.relpath not in self._in_git for out in cached)
        if unknown or stage.lock_file not in self._in_git:
            self._ask_git([stage, *self._others])
            self._others = []
        if stage.lock_file in self._ignored:
            raise IgnoredRecordError(stage.address, self._project.shown(stage.lock_file))
        found = [out.relpath for out in cached if out.relpath and self._in_git[out.relpath]]
        if found:
            raise OutputInGitError(stage.address, [self._project.shown(path) for path in found])

    def _ask_git(self, stages: Sequence[Stage]) -> None:
        """Ask Git which outputs it versions, and which it ignores already."""
        project = self._project
        paths = {
            out.relpath: project.git_path(out.relpath)
            for stage in stages
            for out in stage.outs
            if not stage.is_data
            and out.relpath is not None
            and out.flags.cache
            and not self._is_far(out.relpath)
        }
        records = {stage.lock_file for stage in stages if not stage.is_data}
        paths.update((path, project.git_path(path)) for path in sorted(records))
        self._in_git.update(dict.fromkeys(paths, False))
        if not paths or project.repo is None:
            return
        tracked = project.repo.tracked(paths.values())
        names = list(paths.values())
        folders = [f"{name}/" for path, name in paths.items() if not self._is_link(path)]
        ignored = project.repo.is_ignored([*names, *folders])
        for path, name in paths.items():
            self._in_git[path] = name in tracked
            if name in ignored or f"{name}/" in ignored:
                self._ignored.add(path)

    def _is_far(self, relpath: str) -> bool:
        """Return whether a path is reached through a symbolic link."""
        folder = os.path.dirname(self._project.path(relpath))
        return os.path.realpath(folder) != folder

    def _is_link(self, relpath: str) -> bool:
        return os.path.islink(self._project.path(relpath))

    def remove(self, stage: Stage, out: StageOut) -> None:
        """Remove an output, having saved what only the disk has.

        Raises:
            CannotTrackError: Something in it cannot be saved; it stays as it is.
            OSError: The disk is full or fails.
        """
        project, relpath = self._project, out.relpath or ""
        old = recorded(stage, out.path)
        name = old.hash_name if old is not None else MD5.name
        cache = project.cache(name if name in hashing.ALGORITHMS else MD5.name)
        stored = project.state.placed(relpath)
        record = Placed(relpath, algorithm=cache.algorithm.name)
        if stored is not None and stored.algorithm == cache.algorithm.name:
            record = stored
        found = scan(project.root, relpath, record.entries, project.ignore)
        if found.kind == MISSING:
            return
        if found.kind == OTHER or found.problems:
            raise self._in_the_way(stage, relpath, dict(found.problems))
        is_whole = bool(record.hash) and not found.dirty
        is_whole = is_whole and len(found.entries) == len(record.entries)
        hash_dirty(project.root, relpath, found, cache, self._progress)
        keeper: Keeper | None = Keeper(project, self.recorder(), self._progress)
        if not out.flags.cache and old is not None and self._is_recorded(relpath, old):
            keeper = None
        was = None
        if stored is not None:
            was = Header(relpath, stored.hash, stored.algorithm, stored.pointer)
        tree = {path: entry[0] for path, entry in found.entries.items()}
        known = found.entries.get("")
        had_bit = known is not None and bool(known[5] & stat.S_IXUSR)
        self._gone[relpath] = Side(
            record.hash if is_whole else tree, cache.algorithm.name, {}, had_bit, was
        )
        if out.flags.cache and self.recorder().is_open:
            # Others are Git's to bring back, or nobody's.
            self.recorder().out(OutChange(relpath, PLACE, self._gone[relpath], Side("")))
        project.state.begin(Header(relpath, "", cache.algorithm.name, stage.lock_file))
        record.entries = dict(found.entries)
        outcome = self._delete(record, found, keeper)
        if keeper is not None:
            self.kept += sorted(_full(relpath, inner) for inner in keeper.of_output(relpath))
        project.state.save([], [relpath])
        trouble = {**outcome.blocked, **dict.fromkeys(outcome.kept, "it could not be saved")}
        if trouble:
            raise self._in_the_way(stage, relpath, trouble)
        if found.kind == DIRECTORY:
            _remove_empty(project.path(relpath))

    def _delete(self, record: Placed, found: Scan, keeper: Keeper | None) -> Outcome:
        project = self._project
        cache = project.cache(record.algorithm)
        every = Changes({}, frozenset(found.entries))
        if keeper is not None:
            keeper.keep_all(record.relpath, found, every, cache)
        with Folders(project.root) as folders:
            tmp = open_work_tmp(project, folders)
            linker = Linker(project.link_types, cache, tmp)
            placer = Placer(project.root, cache, linker, self._progress, force=True, keep=keeper)
            outcome = placer.apply(
                record.relpath,
                record.entries,
                every,
                saved_in=cache,
                is_dir=False,
                trust_cached=True,
                fresh=found.entries,
            )
        cache.flush()
        return outcome

    def unprotect(self, stage: Stage, out: StageOut) -> None:
        """Make an output that persists private and writable."""
        if out.flags.cache:
            unprotect_output(self._project, Selected(tracked(stage, out)), self._progress)

    def _is_recorded(self, relpath: str, old: Out) -> bool:
        self._contents.forget([relpath])
        found = self._contents.of(relpath, old.hash_name)
        return found is not None and found.hash == old.hash

    def has_all(self, outs: Iterable[Out]) -> bool:
        """Return whether the cache has all of some outputs."""
        for out in outs:
            if out.hash is None or out.hash_name not in hashing.ALGORITHMS:
                return False
            cache = self._project.cache(out.hash_name)
            if not cache.has(out.hash):
                return False
            if hashing.is_dir(out.hash):
                try:
                    listing = cache.read_manifest(out.hash)
                except GitDvcError:
                    return False
                if cache.lacks(set(listing.values())):
                    return False
        return True

    def holds(self, relpath: str, out: Out) -> bool:
        """Return whether an output has the right content already."""
        self._contents.forget([relpath])
        try:
            found = self._contents.of(relpath, out.hash_name)
        except UnreadableDependencyError:
            return False
        return found is not None and (found.hash, found.isexec) == (out.hash, out.isexec)

    def put_back(self, stage: Stage) -> None:
        """Bring back the outputs of a stage that failed, as its record has them.

        What the command has made of them stays: somebody will want to look at it. What cannot be
        brought back is missing then, as a record that nothing is changed of says.
        """
        for out in stage.outs:
            old = recorded(stage, out.path)
            relpath = out.relpath
            if old is None or relpath is None or relpath not in self._gone:
                continue
            if fsutil.lstat(self._project.path(relpath)) is None and self.has_all([old]):
                self.recorder()
                try:
                    self.bring(stage, out, old)
                except (GitDvcError, OSError):
                    continue  # what made the stage fail is what matters
                self._contents.forget([relpath])

    def bring(self, stage: Stage, out: StageOut, content: Out) -> None:
        """Put an output that is not there in place."""
        item = tracked(stage, out, content)
        # A file that Git versions is an ordinary one, never a link to the cache.
        types = None if out.flags.cache else (REFLINK, COPY)
        done = place(self._project, [Selected(item)], self._progress, types=types)
        trouble = done.trouble(self._project.shown)
        if trouble is not None:
            raise trouble
        if out.flags.cache:
            self.note(item.relpath, item.out, stage.lock_file)
            return
        self._gone.pop(item.relpath, None)
        self._project.state.save([], [item.relpath])
        if self.recorder().is_open:
            # To bring back what Git versions is Git's; what was changed by hand is noted as kept.
            self.recorder().out(OutChange(item.relpath, PLACE, Side({}), Side({})))

    def ignore(self, relpath: str) -> None:
        """Make Git ignore an output, unless it does."""
        if self._project.repo is None or relpath in self._ignored:
            return
        self.recorder()
        changed = recording.edit_gitignore(self._project, relpath, gitignore.add)
        self._ignored.add(relpath)
        if changed is not None and changed not in self.written:
            self.written.append(changed)

    def note(self, relpath: str, out: Out, source: str) -> None:
        """Record for undo which version of an output there was, and which there is now."""
        recorder = self.recorder()
        if not recorder.is_open:
            return
        value, name = out.hash or "", out.hash_name
        before = self._gone.pop(relpath, None) or Side("", name)
        after = Side(value, name, {}, out.isexec, Header(relpath, value, name, source))
        recorder.out(OutChange(relpath, PLACE, before, after))

    def recorder(self) -> Recorder:
        """Return what notes this run for undo: the caller's operation, or one of our own."""
        if self._own is None:
            recorder = self._project.recorder
            if recorder is not None and recorder.is_open:
                return recorder
            self._own = self._project.operation(REPRO)
        # Another command may have come in between.
        self._project.recorder = self._own
        return self._own

    def finish(self) -> None:
        """End what notes this run for undo."""
        if self._own is not None:
            self._own.finish()

    def _in_the_way(self, stage: Stage, relpath: str, problems: dict[str, str]) -> CannotTrackError:
        shown = self._project.shown
        error = CannotTrackError([(shown(_full(relpath, p)), why) for p, why in problems.items()])
        error.message = f"these are in the way of stage '{stage.address}', so it was not run:"
        error.hint = "they were left as they are; move them away"
        return error


def named(record: LockStage, path: str) -> Out | None:
    """Return what a record has of an output."""
    return next((out for out in record.outs if out.path == path), None)


def recorded(stage: Stage, path: str, *, outs: bool = True) -> Out | None:
    """Return what the lock file has of one of a stage's paths."""
    if stage.recorded is None:
        return None
    known = stage.recorded.outs if outs else stage.recorded.deps
    return next((one for one in known if one.path == path), None)


def tracked(stage: Stage, out: StageOut, content: Out | None = None) -> TrackedOut:
    """Return a stage's output as tracked data."""
    base = content or recorded(stage, out.path) or Out(out.path)
    flags = out.flags
    whole = base._replace(
        cache=flags.cache, persist=flags.persist, push=flags.push, remote=flags.remote
    )
    return TrackedOut(out.relpath or "", whole, stage.lock_file, stage.name, kind=flags.kind)


def _full(relpath: str, inner: str) -> str:
    return posixpath.join(relpath, inner) if relpath and inner else relpath or inner


def _remove_empty(path: str) -> None:
    """Remove a directory of which only empty directories are left, links not followed."""
    if os.path.realpath(path) != path:
        return
    for folder, _, _ in os.walk(path, topdown=False):
        try:
            os.rmdir(folder)
        except OSError:
            continue  # something is in it, which is not the stage's
