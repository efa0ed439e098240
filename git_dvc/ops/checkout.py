"""Making the workspace match the pointer files: ``checkout``, and what the hooks do.

Two ways in, one way of acting:

* ``checkout`` looks at the disk. It finds files that were changed, deleted or added by hand.
* ``follow`` is for hooks, right after Git moved the pointers. It compares them with what was
  last put in place and brings just the difference, without walking the data.

Both leave unsaved data alone and report it; what else there is to do is done.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from git_dvc import fsutil, hashing, relpaths
from git_dvc.errors import (
    BusyOutputError,
    CorruptObjectError,
    FormatError,
    GitDvcError,
    IncompleteCheckoutError,
    MissingObjectError,
    UnsafePathError,
    quoted,
)
from git_dvc.formats import manifest as manifests
from git_dvc.formats.manifest import Manifest
from git_dvc.fsutil import Folder, Folders, NotAFolderError
from git_dvc.ops.keeping import Keeper
from git_dvc.ops.select import Selected, select
from git_dvc.progress import NoProgress, Progress
from git_dvc.project import Project
from git_dvc.store.oplog import PLACE, OutChange, Side, Tree
from git_dvc.store.state import NEVER, By, Entry, Header, Placed, is_clean
from git_dvc.tracked import Tracked, TrackedOut, collect
from git_dvc.workspace import changes
from git_dvc.workspace.apply import OtherRecord, Outcome, Placer, manifest_of
from git_dvc.workspace.changes import Changes
from git_dvc.workspace.links import COPY, HARDLINK, REFLINK, SYMLINK, Linker
from git_dvc.workspace.scan import FILE, MISSING, Scan, hash_dirty, scan


class Result:
    """What a checkout did; paths are relative to the project.

    Attributes:
        added: Outputs that were absent; directories end in '/'.
        modified: Outputs that changed.
        deleted: Outputs that are no longer tracked and were removed.
        files_added: Number of files made where none was.
        files_modified: Number of files replaced.
        files_deleted: Number of files removed.
        kept: Files that hold unsaved data and were left as they are.
        missing: Hash, by path, of files and directories that the cache lacks.
        blocked: Reason, by path, of other things that could not be done.
        problems: Pointer files that cannot be used.
        relinked: Number of files whose link was made anew.
    """

    def __init__(self) -> None:
        self.added: list[str] = []
        self.modified: list[str] = []
        self.deleted: list[str] = []
        self.files_added = 0
        self.files_modified = 0
        self.files_deleted = 0
        self.kept: list[str] = []
        self.missing: dict[str, str] = {}
        self.blocked: dict[str, str] = {}
        self.problems: list[FormatError] = []
        self.relinked = 0

    @property
    def complete(self) -> bool:
        """Whether the workspace is now what the pointer files say."""
        return not (self.kept or self.missing or self.blocked or self.problems)

    def trouble(
        self, shown: Callable[[str], str], *, fetched: bool = False
    ) -> IncompleteCheckoutError | None:
        """Return the error that names what could not be done, or None.

        Args:
            shown: Turns a relpath into a path as the user sees it.
            fetched: Whether remotes were asked already.
        """
        if self.complete:
            return None
        return IncompleteCheckoutError(
            [shown(path) for path in self.kept],
            [shown(path) for path in self.missing],
            {shown(path): why for path, why in self.blocked.items()},
            self.problems,
            fetched=fetched,
        )

    @property
    def changed(self) -> bool:
        """Whether anything was done."""
        return bool(self.added or self.modified or self.deleted)


class _Plan(NamedTuple):
    """What is to be done to one output, and what is known of it.

    Attributes:
        change: Files to write and to delete.
        record: What was last put in place, without what is not there any more.
        found: What the disk has, if it was looked at.
        was_there: Whether there is anything.
        trust_cached: Whether files that we never placed may go if the cache has them.
        other: What else proves files to be saved.
        was: The record as it was before.
        undisturbed: Whether, as far as we know, just what ``was`` names is in place.
    """

    change: Changes
    record: Placed
    found: Scan | None
    was_there: bool
    trust_cached: bool
    other: OtherRecord | None = None
    was: Header | None = None
    undisturbed: bool = False


def checkout(
    project: Project,
    targets: Sequence[str] = (),
    *,
    force: bool = False,
    recursive: bool = False,
    with_deps: bool = False,
    relink: bool = False,
    allow_missing: bool = False,
    kind: str = "checkout",
    progress: Progress | None = None,
) -> Result:
    """Make outputs match their pointer files, looking at every file on disk.

    Args:
        project: The project.
        targets: What to check out; nothing means everything, and then outputs that are no
            longer tracked are removed, too.
        force: Discard unsaved data.
        recursive: Targets may be directories with outputs in them.
        with_deps: For stages: also what they depend on.
        relink: Make links anew with the current ``cache.type``.
        allow_missing: Do not report what the cache lacks.
        kind: What the operation log calls it.
        progress: Told of the work.
    """
    watch = progress or NoProgress()
    result = Result()
    with project.lock(watch), project.operation(kind):
        project.forget_tracked()
        selected = select(project, targets, recursive=recursive, with_deps=with_deps)
        check_not_busy(project, [chosen.item.relpath for chosen in selected])
        begun, headers = project.state.begun(), project.state.headers()
        with _Worker(project, watch, force, result, begun) as worker:
            worker.expect([one.item for one in selected], headers)
            if not targets:
                # Deletions first: an output may have become a directory around another one.
                result.problems.extend(project.tracked.problems)
                worker.drop_untracked(_placed_or_begun(headers, begun))
            for chosen in selected:
                worker.bring(chosen, full=True)
                if relink:
                    worker.relink(chosen)
    if allow_missing:
        result.missing.clear()
    return result


def place(
    project: Project,
    chosen: Sequence[Selected],
    progress: Progress,
    *,
    force: bool = False,
    types: Sequence[str] | None = None,
) -> Result:
    """Put outputs in place, for a command that holds the lock and records an operation.

    Args:
        project: The project, locked.
        chosen: The outputs.
        progress: Told of the work.
        force: Discard unsaved data.
        types: Link types instead of those in ``cache.type``.
    """
    result = Result()
    with _Worker(project, progress, force, result, project.state.begun(), types) as worker:
        worker.expect([one.item for one in chosen], project.state.headers())
        for one in chosen:
            worker.bring(one, full=True)
    return result


class Moves(NamedTuple):
    """The difference between the pointers and what was last put in place.

    Attributes:
        brought: Outputs to bring.
        dropped: Outputs that no pointer names any more, by path.
        tracked: All outputs.
        headers: What was last put in place.
        begun: What was begun and not finished.
    """

    brought: list[TrackedOut]
    dropped: dict[str, Header]
    tracked: Tracked
    headers: dict[str, Header]
    begun: dict[str, list[Header]]

    def __bool__(self) -> bool:
        return bool(self.brought or self.dropped)


def moves(project: Project, *, before: str | None = None, after: str | None = "HEAD") -> Moves:
    """Compare the pointers in the work tree with what was last put in place; change nothing.

    Args:
        project: The project.
        before: The commit that Git came from, if it made a switch.
        after: The commit it went to; None for what the index has.
    """
    headers = project.state.headers()
    begun = project.state.begun()
    sources = {header.pointer for header in headers.values()}
    tracked = collect(project.known_sources(sources), project.read)
    if before is not None:
        for relpath, header in _stale(project, before, after, tracked, headers).items():
            begun.setdefault(relpath, []).append(header)
    moved = [
        item
        for _, item in sorted(tracked.outs.items())
        if item.out.hash is not None
        and (item.relpath in begun or not _is_in_place(headers.get(item.relpath), item))
    ]
    gone = {
        relpath: header
        for relpath, header in _placed_or_begun(headers, begun).items()
        if relpath not in tracked.outs and relpath not in tracked.uncached
    }
    return Moves(moved, gone, tracked, headers, begun)


def follow(
    project: Project,
    progress: Progress | None = None,
    *,
    before: str | None = None,
    after: str | None = "HEAD",
) -> Result:
    """Bring the difference between the pointers and what was last put in place.

    For hooks: costs little when little moved.

    Args:
        project: The project.
        progress: Told of the work.
        before: The commit that Git came from, if it made a switch.
        after: The commit it went to; None for what the index has.
    """
    watch = progress or NoProgress()
    result = Result()
    found = moves(project, before=before, after=after)
    result.problems.extend(found.tracked.problems)
    if not found:
        return result
    with (
        project.lock(watch),
        project.operation("sync"),
        _Worker(project, watch, False, result, found.begun) as worker,
    ):
        check_not_busy(project, [item.relpath for item in found.brought])
        worker.expect(found.brought, found.headers)
        # Deletions first: an output may have become a directory around another one.
        worker.drop_untracked(found.dropped, found.tracked.broken)
        for item in found.brought:
            full = item.relpath not in found.headers or item.relpath in found.begun
            worker.bring(Selected(item), full=full)
    return result


def _placed_or_begun(
    headers: dict[str, Header], begun: dict[str, list[Header]]
) -> dict[str, Header]:
    return {**{relpath: found[-1] for relpath, found in begun.items()}, **headers}


def _stale(
    project: Project,
    before: str,
    after: str | None,
    tracked: Tracked,
    headers: dict[str, Header],
) -> dict[str, Header]:
    """Return what was there before of outputs that seem to be in place already.

    Git has just brought their pointers from another version, so our record must be older
    than that: another tool put that version there, or only the executable bit changed.
    """
    repo = project.repo
    outs = tracked.outs.values()
    placed = [item for item in outs if _is_in_place(headers.get(item.relpath), item)]
    if repo is None or not placed:
        return {}
    args = ["diff-tree", "-r", "-z", "--no-renames", before]
    if after is None:
        args = ["diff-index", "--cached", "-z", "--no-renames", before]
    done = repo.call([*args, *([after] if after else []), "--", *project.source_specs])
    if done.code != 0:
        return {}
    fields = done.out.split(b"\0")
    old: dict[str, str] = {}
    for about, name in zip(fields[0::2], fields[1::2], strict=False):
        old[project.own_path(os.fsdecode(name))] = about.split(b" ")[2].decode()
    wanted = {item.source for item in placed} & old.keys()
    if not wanted:
        return {}
    blobs = repo.read_blobs({old[path] for path in wanted if old[path].strip("0")})
    was = collect(wanted, lambda path: blobs.get(old[path]) if path in old else project.read(path))
    stale = {}
    for item in placed:
        other = was.outs.get(item.relpath)
        if item.source not in wanted:
            continue
        if other is None:
            stale[item.relpath] = Header(item.relpath, "", item.out.hash_name, item.source)
        elif other.same_content != item.same_content or other.out.isexec != item.out.isexec:
            value = other.out.hash or ""
            stale[item.relpath] = Header(item.relpath, value, other.out.hash_name, item.source)
    return stale


def _is_in_place(header: Header | None, item: TrackedOut) -> bool:
    return (
        header is not None
        and header.hash == item.out.hash
        and header.algorithm == item.out.hash_name
    )


def check_not_busy(project: Project, outputs: Sequence[str]) -> None:
    """Refuse to touch what a running stage of DVC reads or writes (formats.md section 1).

    Raises:
        BusyOutputError: Names them.
    """
    if not outputs or fsutil.lstat(f"{project.tmp_dir}/rwlock") is None:
        return
    from git_dvc.locking import rwlock_holders

    holders = rwlock_holders(project.tmp_dir, [project.path(path) for path in outputs])
    if holders:
        raise BusyOutputError(holders)


class _Worker:
    """Brings outputs in place and keeps the records; one for each command."""

    def __init__(
        self,
        project: Project,
        progress: Progress,
        force: bool,
        result: Result,
        begun: dict[str, list[Header]],
        types: Sequence[str] | None = None,
    ) -> None:
        self._project = project
        self._begun = begun
        self._types = types or project.link_types
        self._progress = progress
        self._force = force
        self._result = result
        self._records: list[Placed] = []
        self._forget: list[str] = []
        self._ahead: list[Header] = []
        self._noted: set[str] = set()
        self._used: set[str] = set()
        self._folders: Folders | None = None
        self._tmp: Folder | None = None
        self._keeper = Keeper.of(project, progress) if force else None

    def __enter__(self) -> _Worker:
        return self

    def __exit__(self, kind: type[BaseException] | None, *about: object) -> None:
        # Also after an error: what was done until then is true.
        self._project.state.save(self._records, self._forget)
        if kind is None:
            # What was begun earlier and could not be finished now is still half of something.
            saved = {*(record.relpath for record in self._records), *self._forget}
            self._project.state.settle(self._noted - self._begun.keys() - saved)
        for name in self._used:
            self._project.cache(name).flush()
        if self._folders is not None:
            self._folders.__exit__()

    def _placer(self, name: str) -> Placer:
        self._used.add(name)
        cache = self._project.cache(name)
        return Placer(
            self._project.root,
            cache,
            Linker(self._types, cache, self._open_tmp()),
            self._progress,
            force=self._force,
            keep=self._keeper,
        )

    def _open_tmp(self) -> Folder:
        if self._tmp is None:
            self._folders = Folders(self._project.root)
            tmp = open_work_tmp(self._project, self._folders)
            fsutil.clean_leftovers(tmp.path)
            self._tmp = tmp
        return self._tmp

    def expect(self, items: Sequence[TrackedOut], headers: Mapping[str, Header]) -> None:
        """Hear which outputs are to be brought, so that the first change notes them all.

        A process that dies on the way leaves those after it as they were: not what their
        pointers say any more, and no change of the user's either.
        """
        self._ahead = [
            Header(item.relpath, item.out.hash, item.out.hash_name, item.source)
            for item in items
            if item.out.hash is not None and not _is_in_place(headers.get(item.relpath), item)
        ]

    def _begin(self, header: Header) -> None:
        """Note what an output is about to become; called before its first file is touched."""
        fresh = {one.relpath: one for one in (*self._ahead, header)}
        self._ahead = []
        for relpath in self._noted & fresh.keys():
            del fresh[relpath]
        if fresh:
            recorder = self._project.recorder
            by = By(recorder.kind, recorder.id) if recorder is not None else By("checkout", "")
            self._project.state.begin(*fresh.values(), by=by)
            self._noted.update(fresh)

    # -- bringing ---------------------------------------------------------------------------

    def bring(self, chosen: Selected, *, full: bool) -> None:
        """Put one output in place.

        Args:
            chosen: The output, and which of its files.
            full: Look at the disk; else trust the record of the last time.
        """
        item = chosen.item
        value = item.out.hash
        if value is None:
            return
        cache = self._project.cache(item.out.hash_name)
        try:
            plan = self._plan(chosen, value, full)
        except (MissingObjectError, CorruptObjectError):
            self._result.missing[item.shown] = value
            return
        except UnsafePathError as problem:
            self._result.problems.append(FormatError(problem.what, item.source))
            return
        except FormatError as problem:
            self._result.blocked[item.shown] = problem.what
            return
        if plan is None:
            return
        record = plan.record
        before = dict(record.entries)
        header = Header(item.relpath, value, cache.algorithm.name, item.source)
        noted = self._note_intent(chosen, plan, header)
        self._begin(header)
        if self._keeper is not None and plan.found is not None:
            self._keeper.keep_all(item.relpath, plan.found, plan.change, cache)
        outcome = self._placer(item.out.hash_name).apply(
            item.relpath,
            record.entries,
            plan.change,
            saved_in=self._project.cache(record.algorithm),
            is_dir=item.is_dir,
            executable=item.out.isexec,
            trust_cached=plan.trust_cached,
            fresh=plan.found.entries if plan.found is not None else None,
            other=plan.other,
        )
        if plan.found is not None:
            # What could not be looked at may hold files that should have gone.
            told = {*outcome.kept, *outcome.blocked, *outcome.missing, *outcome.written}
            for path, why in plan.found.problems:
                if path not in told and chosen.wants(path):
                    outcome.blocked[path] = why
        whole = not chosen.inner and outcome.complete
        record.hash = value if whole else ""
        record.algorithm = cache.algorithm.name
        record.pointer = item.source
        self._records.append(record)
        if noted is not None:
            known = plan.found.entries if plan.found is not None else before
            self._note_outcome(noted, plan.change, known, outcome)
        self._report(item, outcome, plan, before)

    def _plan(self, chosen: Selected, value: str, full: bool) -> _Plan | None:
        """Decide what to do; None if all is in place and recorded so."""
        item = chosen.item
        cache = self._project.cache(item.out.hash_name)
        stored = self._record(item.relpath)
        record = stored or Placed(item.relpath)
        was = _header_of(stored)
        other = None
        if record.algorithm != cache.algorithm.name:
            # From a pointer of DVC 2 to one of DVC 3, or back: what is there is saved under
            # the name that the other algorithm gave it.
            if record.entries:
                other = OtherRecord(record.entries, self._project.cache(record.algorithm))
            record.entries = {}
            record.algorithm = cache.algorithm.name
            record.hash = ""
            full = True
        if not full:
            change = self._moved(record, value)
            there = bool(record.entries)
            return _Plan(change, record, None, there, False, None, was, bool(record.hash))
        found = scan(self._project.root, item.relpath, record.entries, self._project.ignore)
        if (
            record.hash == value
            and not found.dirty
            and not found.problems
            and len(found.entries) == len(record.entries)
            and found.kind != MISSING
            and not _bit_moved(item, found, record)
        ):
            return None
        undisturbed = (
            bool(record.hash)
            and not found.dirty
            and not found.problems
            and len(found.entries) == len(record.entries)
            and found.kind != MISSING
        )
        if record.hash == value:
            # What was wholly in place is this very listing: no need to read it again.
            target = {path: entry[0] for path, entry in record.entries.items()}
        else:
            target = manifest_of(value, cache)
        if self._project.link_types[0] == HARDLINK:
            cache.know(record.entries.values())
        hash_dirty(self._project.root, item.relpath, found, cache, self._progress)
        current = found.manifest()
        change = changes.between(current, target)
        if _bit_moved(item, found, record):
            change.write[""] = value
        for path, value_now in current.items():
            if target.get(path) == value_now:
                record.entries[path] = found.entries[path]
        # What was deleted by hand is forgotten; what could not be looked at is not.
        unseen = [path for path, _ in found.problems]
        if not current and not unseen:
            record.entries = {}
        for path in record.entries.keys() - current.keys():
            if not any(relpaths.inside(path, place) for place in unseen):
                del record.entries[path]
        if chosen.inner:
            change = Changes(
                {path: h for path, h in change.write.items() if chosen.wants(path)},
                frozenset(path for path in change.delete if chosen.wants(path)),
            )
        was_there = found.kind != MISSING
        trust_cached = stored is None or not stored.entries
        return _Plan(change, record, found, was_there, trust_cached, other, was, undisturbed)

    def _moved(self, record: Placed, value: str) -> Changes:
        """Return what differs between the record and a hash, by text where that is possible."""
        cache = self._project.cache(record.algorithm)
        if hashing.is_dir(value) and hashing.is_dir(record.hash):
            new = cache.read_manifest_bytes(value)
            try:
                old = cache.read_manifest_bytes(record.hash)
            except (MissingObjectError, CorruptObjectError):
                old = b""
            sides = manifests.changed_entries(old, new)
            if sides is not None:
                removed, added = sides
                # A path that stays and comes again would be listed twice.
                if not any(path in record.entries and path not in removed for path in added):
                    return Changes(added, frozenset(removed.keys() - added.keys()))
            target: Manifest = manifests.parse(new)
        else:
            target = manifest_of(value, cache)
        known = {path: entry[0] for path, entry in record.entries.items()}
        return changes.between(known, target)

    def _note_intent(self, chosen: Selected, plan: _Plan, header: Header) -> OutChange | None:
        """Record what is about to be done to an output, so that it can be taken back."""
        item, change = chosen.item, plan.change
        recorder = self._project.recorder
        if recorder is None or not recorder.is_open:
            return None
        if not (change.write or change.delete or (item.is_dir and not plan.was_there)):
            return None
        known = plan.found.entries if plan.found is not None else plan.record.entries
        was, algorithm = plan.was, header.algorithm
        after = Side(header.hash, algorithm, {}, item.out.isexec, header)
        had_bit = bool(known[""][5] & stat.S_IXUSR) if "" in known else False
        if plan.undisturbed and not chosen.inner and was is not None:
            before = Side(was.hash, was.algorithm, {}, had_bit, was)
        elif not plan.was_there and not chosen.inner:
            before = Side("", algorithm, {}, False, was)
        else:
            if plan.other is not None and was is not None:
                known, algorithm = dict(plan.other.entries), was.algorithm
            touched = change.write.keys() | change.delete
            old = {path: known[path][0] for path in touched & known.keys() if known[path][0]}
            before = Side(old, algorithm, {}, had_bit, was)
            left = header if not chosen.inner else header._replace(hash="")
            after = after._replace(tree=dict(change.write), header=left)
        noted = OutChange(item.relpath, PLACE, before, after)
        recorder.out(noted)
        return noted

    def _note_outcome(
        self, noted: OutChange, change: Changes, known: Mapping[str, Entry], outcome: Outcome
    ) -> None:
        """Correct what was recorded of an output, if it came otherwise."""
        recorder = self._project.recorder
        kept = self._keeper.of_output(noted.relpath) if self._keeper is not None else {}
        if recorder is None or (outcome.complete and not outcome.was and not kept):
            return
        old: dict[str, str] = {}
        for path in {*outcome.written, *outcome.deleted} - kept.keys():
            value = outcome.was.get(path)
            if value is None and path in known:
                value = known[path][0]
            if value:
                old[path] = value
        after = noted.after
        if not outcome.complete and after.header is not None:
            after = after._replace(header=after.header._replace(hash=""))
        written = {path: change.write[path] for path in outcome.written}
        recorder.out(
            noted._replace(
                before=noted.before._replace(tree=old), after=after._replace(tree=written)
            )
        )

    def _report(
        self, item: TrackedOut, outcome: Outcome, plan: _Plan, before: dict[str, Entry]
    ) -> None:
        result = self._result
        there = plan.found.entries if plan.found is not None else before
        replaced = sum(1 for path in outcome.written if path in there)
        result.files_modified += replaced
        result.files_added += len(outcome.written) - replaced
        result.files_deleted += len(outcome.deleted)
        is_made = item.is_dir and not plan.was_there and outcome.complete
        if outcome.written or outcome.deleted or is_made:
            (result.modified if plan.was_there else result.added).append(item.shown)
        self._note_trouble(item.relpath, outcome)

    def _note_trouble(self, relpath: str, outcome: Outcome) -> None:
        result = self._result
        result.kept += [_full(relpath, inner) for inner in outcome.kept]
        result.missing.update({_full(relpath, p): h for p, h in outcome.missing.items()})
        result.blocked.update({_full(relpath, p): why for p, why in outcome.blocked.items()})

    # -- dropping ---------------------------------------------------------------------------

    def drop_untracked(self, headers: dict[str, Header], broken: set[str] | None = None) -> None:
        """Remove outputs that were put in place and that no pointer names any more."""
        tracked = None if broken is not None else self._project.tracked
        unreadable = broken if tracked is None else tracked.broken
        for relpath, header in sorted(headers.items()):
            if unreadable and header.pointer in unreadable:
                continue
            if tracked is not None:
                if relpath in tracked.outs:
                    continue
                if relpath in tracked.uncached:
                    self._forget.append(relpath)
                    continue
            self._drop(relpath)

    def _record(self, relpath: str) -> Placed | None:
        """Return an output's record; with the files of versions that were begun, unread."""
        record = self._project.state.placed(relpath)
        for header in self._begun.get(relpath, ()):
            record = record or Placed(relpath, "", header.algorithm, header.pointer)
            record.hash = ""
            if not header.hash or record.algorithm != header.algorithm:
                continue
            try:
                files = manifest_of(header.hash, self._project.cache(header.algorithm))
            except (MissingObjectError, CorruptObjectError, FormatError):
                continue
            for path, value in files.items():
                record.entries.setdefault(path, (value, 0, NEVER, 0, 0, 0))
        return record

    def _drop(self, relpath: str) -> None:
        record = self._record(relpath)
        if record is None:
            self._forget.append(relpath)
            return
        listed = len(record.entries)
        for path in self._in_git(relpath):
            record.entries.pop(path, None)  # Git put its own file there
        shown = relpath + ("" if "" in record.entries else "/")
        before = dict(record.entries)
        noted = self._note_drop(record, whole=len(before) == listed)
        self._begin(Header(relpath, "", record.algorithm, record.pointer))
        outcome = self._placer(record.algorithm).apply(
            relpath,
            record.entries,
            Changes({}, frozenset(record.entries)),
            saved_in=self._project.cache(record.algorithm),
            is_dir=False,
            above=True,
        )
        # What was kept is the user's from now on: nothing tracks it.
        self._forget.append(relpath)
        if noted is not None:
            self._note_outcome(noted, Changes({}, frozenset(before)), before, outcome)
        if outcome.deleted:
            self._result.deleted.append(shown)
            self._result.files_deleted += len(outcome.deleted)
        self._note_trouble(relpath, outcome)

    def _note_drop(self, record: Placed, *, whole: bool) -> OutChange | None:
        """Record that an output is about to go."""
        recorder = self._project.recorder
        if recorder is None or not recorder.is_open or not record.entries:
            return None
        tree: Tree = record.hash if whole else ""
        tree = tree or {path: entry[0] for path, entry in record.entries.items()}
        known = record.entries.get("")
        had_bit = known is not None and bool(known[5] & stat.S_IXUSR)
        before = Side(tree, record.algorithm, {}, had_bit, _header_of(record))
        after = Side("" if isinstance(tree, str) else {}, record.algorithm)
        noted = OutChange(record.relpath, PLACE, before, after)
        recorder.out(noted)
        return noted

    def _in_git(self, relpath: str) -> list[str]:
        """Return the files at or below a path that Git itself tracks, as paths inside it."""
        repo = self._project.repo
        if repo is None:
            return []
        path = self._project.git_path(relpath)
        out = repo.run(["--literal-pathspecs", "ls-files", "-z", "--cached", "--", path])
        return [os.fsdecode(name)[len(path) + 1 :] for name in out.split(b"\0") if name]

    # -- relinking --------------------------------------------------------------------------

    def relink(self, chosen: Selected) -> None:
        """Make the links of an output anew where they are not of the wanted type."""
        item = chosen.item
        record = next((r for r in self._records if r.relpath == item.relpath), None)
        if record is None:
            record = self._project.state.placed(item.relpath)
            if record is None:
                return
            self._records.append(record)
        self._used.add(record.algorithm)
        self._result.relinked += relink_entries(
            self._project, record, self._open_tmp(), self._progress,
            executable=item.out.isexec, wants=chosen,
        )  # fmt: skip


def open_work_tmp(project: Project, folders: Folders) -> Folder:
    """Open the directory where files of the work tree are built.

    Raises:
        GitDvcError: There is a file or a link in its place.
    """
    try:
        tmp = folders.open(project.work_tmp, create=True)
    except NotAFolderError as problem:
        raise GitDvcError(
            f"not a directory of our own, nothing was changed: {quoted(problem.relpath)}",
            hint="remove what is there; git-dvc makes it anew",
        ) from None
    assert tmp is not None  # noqa: S101 - it was just made
    return tmp


def relink_entries(
    project: Project,
    record: Placed,
    tmp: Folder,
    progress: Progress,
    *,
    executable: bool = False,
    wants: Selected | None = None,
    types: Sequence[str] | None = None,
) -> int:
    """Replace files that have their recorded content by links of the wanted type.

    Only files whose content the cache has, and that have not changed, are touched.

    Returns:
        The number of files that were replaced.
    """
    cache = project.cache(record.algorithm)
    linker = Linker(types or project.link_types, cache, tmp)
    kind = (types or project.link_types)[0]
    cache.load_records(entry[0] for entry in record.entries.values())
    progress.start("Linking", len(record.entries))
    count = 0
    with Folders(project.root) as folders:
        for inner in sorted(record.entries):
            progress.advance(1)
            if wants is not None and not wants.wants(inner):
                continue
            entry = record.entries[inner]
            parent, _, name = _full(record.relpath, inner).rpartition("/")
            try:
                folder = folders.open(parent, create=False)
                if folder is None:
                    continue
                here = os.stat(folder.at(name), dir_fd=folder.fd, follow_symlinks=False)
                through = os.stat(folder.at(name), dir_fd=folder.fd)
                there = cache.trusted(entry[0])
                current = is_clean(entry, through) or (
                    # Written just before it was hashed: look again rather than leave it.
                    entry[2] == NEVER
                    and through.st_size == entry[1]
                    and cache.hash_file(folder, name)[0] == entry[0]
                )
            except (OSError, GitDvcError, NotAFolderError):
                continue
            is_link = stat.S_ISLNK(here.st_mode)
            same = (here.st_ino, here.st_dev) == (there.st_ino, there.st_dev)
            fine = {
                HARDLINK: same or executable or (not is_link and not here.st_size),
                SYMLINK: is_link or executable,
                COPY: not is_link and not same,
                REFLINK: False,
            }[kind]
            if fine or not current:
                continue
            record.entries[inner] = linker.place(
                entry[0], folder, name, progress, executable=executable, replace=True
            )
            count += 1
    progress.finish()
    return count


def _header_of(record: Placed | None) -> Header | None:
    if record is None:
        return None
    return Header(record.relpath, record.hash, record.algorithm, record.pointer)


def _bit_moved(item: TrackedOut, found: Scan, record: Placed) -> bool:
    """Return whether a file's executable bit is not the pointer's; what the user set stays."""
    entry = found.entries.get("")
    if item.is_dir or found.kind != FILE or entry is None:
        return False
    has = bool(entry[5] & stat.S_IXUSR)
    known = record.entries.get("")
    ours = known is not None and bool(known[5] & stat.S_IXUSR)
    return has != item.out.isexec and (item.out.isexec or ours)


def _full(relpath: str, inner: str) -> str:
    return relpaths.join(relpath, inner) if inner else relpath
