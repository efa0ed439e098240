"""``git dvc undo``: take back what one operation did, from the operation log.

Git's files (pointers, ``.gitignore``, ``dvc.lock``, ``dvc.yaml``) get their former text and their
former place in the index, and the data becomes what was in place before, with what
``--force`` discarded. Each undo goes one operation further back; an undo is an operation
itself, so it can be taken back, too.

First everything is looked at: if something has changed since in a way that cannot be told
apart from what the operation did, nothing is touched. Each step can be done twice, and an
undo counts only once it is complete: killed anywhere, or stopped by unsaved data, the same
command goes on where it was.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import NamedTuple

from git_dvc import fsutil, relpaths
from git_dvc.errors import (
    CannotUndoError,
    CorruptObjectError,
    FormatError,
    IncompleteUndoError,
    MissingObjectError,
    NothingToUndoError,
    UnknownOperationError,
)
from git_dvc.formats.pointer import Out
from git_dvc.fsutil import Folders
from git_dvc.hashing import MD5
from git_dvc.hashing import is_dir as is_manifest
from git_dvc.ops.checkout import check_not_busy, open_work_tmp, relink_entries
from git_dvc.ops.keeping import Keeper
from git_dvc.ops.move import move_record, rename
from git_dvc.ops.select import Selected
from git_dvc.ops.unprotect import unprotect_output
from git_dvc.progress import NoProgress, Progress
from git_dvc.project import Project
from git_dvc.store import oplog
from git_dvc.store.oplog import MOVE, PLACE, RECORD, FileChange, Operation, OutChange, Side
from git_dvc.store.state import NEVER, THEIRS, By, Entry, Header, Placed
from git_dvc.tracked import TrackedOut, is_pointer
from git_dvc.workspace.apply import Outcome, Placer, manifest_of
from git_dvc.workspace.changes import Changes
from git_dvc.workspace.links import COPY, REFLINK, Linker

IGNORE_FILE = ".gitignore"
_FEWEST_DIGITS = 4


class Result:
    """What an undo did, or would do; paths relative to the project.

    Attributes:
        operation: What was taken back.
        redo: Whether that was itself an undo.
        restored: Git's files that got their former text.
        removed: Git's files that the operation had made.
        modified: Outputs whose data changed; directories end in '/'.
        added: Outputs whose data is there again.
        deleted: Outputs whose data is gone.
        brought_back: Files that ``--force`` had discarded.
        left_staged: Files whose place in the index was left, as it is not the operation's.
        differs: Outputs whose data is not what their pointer files say now.
        kept: Files that hold unsaved data and were left as they are.
        missing: Hash, by path, of what the cache lacks.
        blocked: Reason, by path, of what could not be done for another cause.
    """

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        self.redo = operation.kind == oplog.UNDO
        self.restored: list[str] = []
        self.removed: list[str] = []
        self.modified: list[str] = []
        self.added: list[str] = []
        self.deleted: list[str] = []
        self.brought_back: list[str] = []
        self.left_staged: list[str] = []
        self.differs: list[str] = []
        self.kept: list[str] = []
        self.missing: dict[str, str] = {}
        self.blocked: dict[str, str] = {}

    @property
    def complete(self) -> bool:
        """Whether all of the operation was taken back."""
        return not (self.kept or self.missing or self.blocked)

    def trouble(self, shown: Callable[[str], str]) -> IncompleteUndoError | None:
        """Return the error that names what could not be done, or None."""
        if self.complete:
            return None
        return IncompleteUndoError(
            self.operation.id,
            [shown(path) for path in self.kept],
            [shown(path) for path in self.missing],
            {shown(path): why for path, why in self.blocked.items()},
        )


class _File(NamedTuple):
    """One of Git's files: how it is and how it is to be."""

    change: FileChange
    now: bytes | None
    to: bytes | None


class _Out(NamedTuple):
    """One output: what leads back, as files to write, to delete, and to bring back."""

    back: OutChange
    here: dict[str, str]
    change: Changes
    kept: dict[str, str]


class _Plan(NamedTuple):
    files: list[_File]
    outs: list[_Out]


def undo(
    project: Project,
    name: str | None = None,
    *,
    redo: bool = False,
    force: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Result:
    """Take back an operation.

    Args:
        project: The project.
        name: Its id, or the first digits of it; None for the last one that still stands.
        redo: Take back the last undo instead.
        force: Also where something has changed since; unsaved data is discarded (and kept).
        dry_run: Only say what would be done.
        progress: Told of the work.

    Raises:
        NothingToUndoError: There is no such operation, or undo is turned off.
        UnknownOperationError: No operation, or several, have this id.
        CannotUndoError: Something has changed since; nothing was touched.
    """
    watch = progress or NoProgress()
    with project.lock(watch):
        project.forget_tracked()
        target = choose(project, name, redo=redo)
        plan = _plan(project, target, force)
        result = Result(target)
        _foresee(plan, result)
        if dry_run:
            return result
        check_not_busy(project, [out.back.relpath for out in plan.outs])
        kind = oplog.REDO if result.redo else oplog.UNDO
        with project.operation(kind, target.id) as recorder:
            try:
                _Undoing(project, force, watch, result).run(plan)
                recorder.finish(complete=result.complete)
                if result.complete:
                    _settle(project, target)
            except BaseException:
                recorder.finish(complete=False)
                raise
            finally:
                project.forget_tracked()
        _compare(project, plan, result)
    return result


def _settle(project: Project, target: Operation) -> None:
    """Forget what an operation that was stopped had still before it, as it is taken back."""
    stopped = project.state.stopped()
    project.state.settle(relpath for relpath, by in stopped.items() if by.id == target.id)


def choose(project: Project, name: str | None = None, *, redo: bool = False) -> Operation:
    """Return the operation that is to be taken back; errors as ``undo``."""
    if not project.oplog.days:
        raise NothingToUndoError("undo is turned off: dvc.undoDays is 0")
    operations = project.oplog.read()
    undone = oplog.undone_by(operations)
    if name is not None:
        target = _named(operations, name)
        if target.id in undone:
            raise NothingToUndoError(
                f"{target.id} is taken back already",
                f"do it again with 'git dvc undo {undone[target.id]}'",
            )
    else:
        standing = [one for one in operations if one.id not in undone]
        if redo:
            standing = [one for one in standing if one.kind == oplog.UNDO and one.finished]
        else:
            standing = [one for one in standing if not one.undoes]
        if not standing:
            raise NothingToUndoError(
                f"there is nothing to {'do again' if redo else 'undo'} in this work tree",
                "see what was done with 'git dvc op log'" if operations else "",
            )
        target = standing[-1]
    if target.damaged:
        raise CannotUndoError(target.id, [("its record", "damaged")], can_force=False)
    return target


def _named(operations: Sequence[Operation], name: str) -> Operation:
    found = [one for one in operations if one.id.startswith(name.lower())]
    if len(name) < _FEWEST_DIGITS or not found:
        raise UnknownOperationError(name)
    if len(found) > 1:
        raise UnknownOperationError(name, [one.id for one in found])
    return found[0]


# -- deciding ---------------------------------------------------------------------------------


def _plan(project: Project, target: Operation, force: bool) -> _Plan:
    """Return what is to be done, or raise if something has changed since."""
    problems: list[tuple[str, str]] = []
    plan = _Plan([], [])
    for change in target.files:
        now = project.read(change.relpath)
        to = change.before
        if now not in (change.before, change.after):
            if change.relpath.rpartition("/")[2] == IGNORE_FILE:
                to = _merged(now or b"", change)
            elif not force:
                problems.append((project.shown(change.relpath), "changed since"))
        plan.files.append(_File(change, now, to))
    recorded = {change.relpath for change in target.outs if change.act == RECORD}
    for done in _ordered(target.outs):
        back = done.inverse()
        together = done.act == PLACE and done.relpath in recorded
        why = "" if together else _why_not(project, back, force)
        if why:
            problems.append((project.shown(back.relpath), why))
            continue
        try:
            plan.outs.append(_plan_out(project, back))
        except (MissingObjectError, CorruptObjectError, FormatError):
            problems.append((project.shown(back.relpath), "the cache lacks its list of files"))
    if not force:
        problems += _lacking(project, plan)
    if problems:
        raise CannotUndoError(target.id, problems)
    return plan


def _ordered(outs: Sequence[OutChange]) -> list[OutChange]:
    """Return what is only recorded first: taking that back forgets what is known of the files."""
    return sorted(outs, key=lambda change: (change.act != RECORD, change.relpath))


def _why_not(project: Project, back: OutChange, force: bool) -> str:
    """Return why an output cannot be brought back; '' if it can."""
    if back.act == MOVE:
        here = fsutil.lstat(project.path(back.origin)) is not None
        there = fsutil.lstat(project.path(back.relpath)) is not None
        return "something is there" if here and there else ""
    if force or back.act not in (PLACE, RECORD):
        return ""
    known = project.state.header(back.relpath)
    left, former = back.before.header, back.after.header
    if _same(known, left) or _same(known, former):
        return ""
    partial = any(header is not None and not header.hash for header in (known, left))
    if back.act == PLACE and partial:
        return ""  # not whole: each file is judged by itself
    return "another version has been put in place since"


def _same(one: Header | None, other: Header | None) -> bool:
    if one is None or other is None:
        return one is other
    return (one.hash, one.algorithm) == (other.hash, other.algorithm)


def _plan_out(project: Project, back: OutChange) -> _Out:
    """Return what is to be written and deleted; errors as ``manifest_of``."""
    if back.act != PLACE:
        return _Out(back, {}, Changes({}, frozenset()), {})
    here = {**_files(project, back.before), **back.before.kept}
    there = _files(project, back.after)
    kept = back.after.kept
    other = back.before.algorithm != back.after.algorithm
    bit = back.before.executable != back.after.executable
    write = {
        path: value
        for path, value in there.items()
        if path not in kept and (other or here.get(path) != value or (bit and not path))
    }
    gone = here.keys() - there.keys() - kept.keys()
    return _Out(back, here, Changes(write, frozenset(gone)), dict(kept))


def _files(project: Project, side: Side) -> dict[str, str]:
    if isinstance(side.tree, dict):
        return dict(side.tree)
    return manifest_of(side.tree, project.cache(side.algorithm)) if side.tree else {}


def _lacking(project: Project, plan: _Plan) -> list[tuple[str, str]]:
    """Return the files whose former content the cache does not have any more."""
    found = []
    for out in plan.outs:
        parts = (
            (out.change.write, project.cache(out.back.after.algorithm)),
            (out.kept, project.cache(MD5.name)),
        )
        for files, cache in parts:
            lacking = cache.lacks(files.values())
            found += [
                (project.shown(_full(out.back.relpath, path)), "the cache lacks it")
                for path, value in files.items()
                if value in lacking
            ]
    return found


def _merged(now: bytes, change: FileChange) -> bytes | None:
    """Return a ``.gitignore`` that was edited since, without the operation's lines."""
    before = (change.before or b"").splitlines(keepends=True)
    after = (change.after or b"").splitlines(keepends=True)
    lines = [line for line in now.splitlines(keepends=True) if line in before or line not in after]
    lines += [line for line in before if line not in after and line not in lines]
    return b"".join(lines) or (None if change.before is None else b"")


def _foresee(plan: _Plan, result: Result) -> None:
    """Note what the plan will change, as far as that is known before."""
    for file in plan.files:
        if file.now != file.to:
            removes = file.to is None
            (result.removed if removes else result.restored).append(file.change.relpath)
    for out in plan.outs:
        back = out.back
        result.brought_back += [_full(back.relpath, path) for path in out.kept]
        slash = "/" if back.act == PLACE and "" not in {**out.here, **_wanted(out)} else ""
        if back.act == MOVE:
            result.added.append(back.relpath)
            result.deleted.append(back.origin)
        elif back.act == PLACE and (out.change.write or out.change.delete or out.kept):
            came = back.before.tree == "" and not back.before.kept
            went = back.after.tree == "" and not out.kept
            listed = result.added if came else result.deleted if went else result.modified
            listed.append(back.relpath + slash)


def _wanted(out: _Out) -> dict[str, str]:
    return {**out.change.write, **out.kept}


def _full(relpath: str, inner: str) -> str:
    return relpaths.join(relpath, inner) if inner else relpath


# -- acting -----------------------------------------------------------------------------------


class _Undoing:
    """Does what was decided; one for each undo."""

    def __init__(self, project: Project, force: bool, progress: Progress, result: Result) -> None:
        self._project = project
        self._force = force
        self._progress = progress
        self._result = result
        self._keeper = Keeper.of(project, progress) if force else None
        self._caches = {MD5.name}

    def run(self, plan: _Plan) -> None:
        """Note everything first, then do it: data between the two kinds of Git's files."""
        recorder = self._project.recorder
        assert recorder is not None  # noqa: S101 - the caller has begun an operation
        for file in plan.files:
            now = file.change.after if file.now == file.to else file.now
            self._project.note_file(file.change.relpath, now, file.to)
        for out in plan.outs:
            recorder.out(out.back)
        try:
            # Git must not see data for a moment that it is to ignore.
            early = [file for file in plan.files if _is_ignore(file) and file.to is not None]
            for file in early:
                self._write(file)
            for out in plan.outs:
                self._bring(out)
            for file in plan.files:
                if file not in early:
                    self._write(file)
            for out in plan.outs:
                _remove_empty(self._project, out.back.made)
        finally:
            for name in self._caches:
                self._project.cache(name).flush()
        _restore_index(self._project, plan.files, self._result)

    def _write(self, file: _File) -> None:
        path = self._project.path(file.change.relpath)
        if file.to == file.now:
            return
        if file.to is None:
            if fsutil.remove_if_there(path):
                fsutil.sync_folder(os.path.dirname(path))
            return
        os.makedirs(os.path.dirname(path), exist_ok=True)
        fsutil.atomic_write(path, file.to, os.path.join(self._project.tmp_dir, "git-dvc"))

    def _bring(self, out: _Out) -> None:
        back = out.back
        if back.act == PLACE:
            self._place(out)
        elif back.act == RECORD:
            self._record(back)
        elif back.act == MOVE:
            self._move(back)
        elif back.after.tree == "":
            self._relink(back)
        else:
            unprotect_output(self._project, _selected(back), self._progress)

    # -- data -------------------------------------------------------------------------------

    def _place(self, out: _Out) -> None:
        back, project = out.back, self._project
        stored = project.state.placed(back.relpath)
        record = stored or Placed(back.relpath)
        entries = record.entries if record.algorithm == back.before.algorithm else {}
        touched = out.change.write.keys() | out.change.delete | out.kept.keys()
        for path in touched & out.here.keys():
            known = entries.get(path)
            if known is None or known[2] == THEIRS:
                # What the operation left is its own: it may go as long as it is just that.
                entries[path] = (out.here[path], 0, NEVER, 0, 0, 0)
        tree = back.after.tree
        if isinstance(tree, dict):
            is_dir = "" not in ({**tree, **out.kept} or out.here)
        else:
            is_dir = is_manifest(tree)
        recorder = project.recorder
        assert recorder is not None  # noqa: S101 - the caller has begun an operation
        project.state.begin(
            Header(back.relpath, tree if isinstance(tree, str) else "", back.after.algorithm, ""),
            by=By(recorder.kind, recorder.id),
        )
        outcomes = [
            self._apply(back, entries, out.change, back.after.algorithm, is_dir=is_dir),
        ]
        if out.kept:
            change = Changes(out.kept, frozenset())
            one_file = "" in out.kept
            outcomes.append(
                self._apply(back, entries, change, MD5.name, is_dir=not one_file, free=True)
            )
        for outcome in outcomes:
            self._note(back.relpath, outcome)
        whole = all(outcome.complete for outcome in outcomes)
        header = back.after.header
        if whole:
            _remember(project, back.relpath, header, entries, out.kept)
        else:
            pointer = header.pointer if header is not None else record.pointer
            project.state.save(
                [Placed(back.relpath, "", back.after.algorithm, pointer, entries, record.version)]
            )

    def _apply(
        self,
        back: OutChange,
        entries: dict[str, Entry],
        change: Changes,
        algorithm: str,
        *,
        is_dir: bool,
        free: bool = False,
    ) -> Outcome:
        """Write and delete files; ``free`` ones are the user's own, so never links."""
        project = self._project
        self._caches.add(algorithm)
        cache = project.cache(algorithm)
        types = (REFLINK, COPY) if free else project.link_types
        with Folders(project.root) as folders:
            tmp = open_work_tmp(project, folders)
            placer = Placer(
                project.root,
                cache,
                Linker(types, cache, tmp),
                self._progress,
                force=self._force,
                keep=self._keeper,
            )
            return placer.apply(
                back.relpath,
                entries,
                change,
                saved_in=project.cache(back.before.algorithm),
                is_dir=is_dir,
                executable=back.after.executable,
                above=back.after.tree == "",
            )

    def _note(self, relpath: str, outcome: Outcome) -> None:
        result = self._result
        result.kept += [_full(relpath, path) for path in outcome.kept]
        result.missing.update({_full(relpath, p): h for p, h in outcome.missing.items()})
        result.blocked.update({_full(relpath, p): why for p, why in outcome.blocked.items()})

    def _record(self, back: OutChange) -> None:
        """Take back that an output was recorded: its data stays, free to edit where it differs."""
        project, header = self._project, back.after.header
        record = project.state.placed(back.relpath)
        former = _former(project, header)
        if record is not None and fsutil.lstat(project.path(back.relpath)) is not None:
            freed = {p for p, entry in record.entries.items() if former.get(p) != entry[0]}
            if freed:
                unprotect_output(project, _selected(back), self._progress, only=freed)
                record = project.state.placed(back.relpath)
        entries = record.entries if record is not None else {}
        _remember(project, back.relpath, header, entries, {})

    def _move(self, back: OutChange) -> None:
        project = self._project
        if fsutil.lstat(project.path(back.origin)) is not None:
            rename(project, back.origin, back.relpath)
        header = back.after.header
        move_record(project, back.origin, back.relpath, header.pointer if header else "")

    def _relink(self, back: OutChange) -> None:
        project = self._project
        record = project.state.placed(back.relpath)
        if record is None:
            return
        self._caches.add(record.algorithm)
        executable = record.entries[""][5] & 0o100 if "" in record.entries else 0
        with Folders(project.root) as folders:
            tmp = open_work_tmp(project, folders)
            relink_entries(project, record, tmp, self._progress, executable=bool(executable))
        project.state.save([record], settled=False)


def _remove_empty(project: Project, folders: Sequence[str]) -> None:
    """Remove directories, the innermost first, unless there is something in them."""
    for folder in folders:
        try:
            os.rmdir(project.path(folder))
        except OSError:
            break


def _is_ignore(file: _File) -> bool:
    return file.change.relpath.rpartition("/")[2] == IGNORE_FILE


def _selected(back: OutChange) -> Selected:
    header = back.after.header or back.before.header
    name = header.algorithm if header is not None else back.before.algorithm
    source = header.pointer if header is not None else ""
    out = Out(back.relpath.rpartition("/")[2], hash_name=name)
    return Selected(TrackedOut(back.relpath, out, source))


def _former(project: Project, header: Header | None) -> dict[str, str]:
    """Return the files of a version; none if that is not known."""
    if header is None or not header.hash:
        return {}
    try:
        return manifest_of(header.hash, project.cache(header.algorithm))
    except (MissingObjectError, CorruptObjectError, FormatError):
        return {}


def _remember(
    project: Project,
    relpath: str,
    header: Header | None,
    entries: dict[str, Entry],
    kept: dict[str, str],
) -> None:
    """Store what is in place as it was on record before the operation.

    What differs from the version on record is the user's own, though the cache has it: it
    is marked, so that a later switch leaves it as it would have without us.
    """
    if header is None:
        project.state.save([], [relpath])
        return
    found: dict[str, Entry] = {}
    if header.hash:
        for path, value in _former(project, header).items():
            entry = entries.get(path)
            if entry is None or entry[0] != value or path in kept:
                entry = (value, 0, THEIRS, 0, 0, 0)
            found[path] = entry
    else:
        found = {path: entry for path, entry in entries.items() if path not in kept}
    value = header.hash if found else ""
    project.state.save([Placed(relpath, value, header.algorithm, header.pointer, found)])


# -- Git --------------------------------------------------------------------------------------


def _restore_index(project: Project, files: Sequence[_File], result: Result) -> None:
    """Give Git's files the place in the index that they had, unless it is not ours any more."""
    repo = project.repo
    if repo is None or not files:
        return
    paths = {project.git_path(file.change.relpath): file for file in files}
    entries = repo.index_entries([f":(top,literal){path}" for path in paths])
    unmerged = {entry.path for entry in entries if entry.stage}
    now = {entry.path: (entry.mode, entry.blob) for entry in entries}
    wanted = [file.change.staged for file in files if file.change.staged is not None]
    blobs = repo.read_blobs([blob for _, blob in (*now.values(), *wanted)])
    staged: list[str] = []
    other: dict[str, tuple[str, str] | None] = {}
    for path, file in paths.items():
        want, here = file.change.staged, now.get(path)
        if here == want:
            continue
        content = blobs.get(here[1]) if here is not None else None
        former = blobs.get(want[1]) if want is not None else None
        if path in unmerged or content not in (file.change.after, file.now):
            result.left_staged.append(file.change.relpath)
        elif content != file.change.after or (former == file.to and file.to is not None):
            staged.append(path)  # by Git itself, which then knows the file to be unchanged
        elif want is None or former is not None:
            other[path] = want
        else:
            result.left_staged.append(file.change.relpath)
    if other:
        repo.set_index(other)
    if staged:
        repo.stage(staged)


def _compare(project: Project, plan: _Plan, result: Result) -> None:
    """Find the outputs whose data is not what the pointers say, as after undoing a switch."""
    if any(is_pointer(file.change.relpath) for file in plan.files):
        return
    for out in plan.outs:
        item = project.tracked.outs.get(out.back.relpath)
        header = project.state.header(out.back.relpath)
        if out.back.act != PLACE or item is None:
            continue
        same = header is not None and (header.hash, header.algorithm) == item.same_content
        if not same or out.kept:
            result.differs.append(item.shown)
