"""What happens around the run of a stage: what it uses is noted, its outputs make room, and what
it made is saved and recorded.

For each stage in this order, the project being locked, but not while the command runs::

    inputs = saver.inputs(stage)               # what it is about to use; is all of it there?
    made = saver.restore(stage, inputs)        # the results of an earlier run, if it was the same
    if made is None:
        saver.prepare(stage)                   # outputs go, or become private copies (persist)
        ...                                    # the command
        made = saver.collect(stage, inputs)    # outputs into the cache
    saver.record(stage, made)                  # dvc.lock, and the run cache

How outputs go and come back is ``ops/stage_outs.py``. What a stage used is looked at *before* the
command runs and again after it: a file that was changed meanwhile is recorded as it was before,
so that the stage counts as stale. (DVC records what it finds afterwards, and takes results for
good that were made from something else.)
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Protocol

from git_dvc import fsutil, hashing
from git_dvc.errors import (
    GitDvcError,
    MissingDependencyError,
    MissingOutputError,
    MissingParametersError,
)
from git_dvc.formats import manifest as manifests
from git_dvc.formats.lockfile import LockStage, LockText
from git_dvc.formats.pointer import Out
from git_dvc.formats.stagefile import StageText
from git_dvc.hashing import MD5
from git_dvc.ops import record as recording
from git_dvc.ops.checkout import check_not_busy
from git_dvc.ops.contents import Content, Contents
from git_dvc.ops.record import Recorded
from git_dvc.ops.stage_outs import StageOuts, named, recorded, tracked
from git_dvc.pipeline import runcache
from git_dvc.pipeline.runcache import RunCache
from git_dvc.pipeline.stage import Stage, StageOut
from git_dvc.progress import NoProgress, Progress
from git_dvc.project import Project
from git_dvc.store.cache import COPY as CACHE_COPY
from git_dvc.store.state import CLOCK_GRAIN_NS, Header
from git_dvc.tracked import TrackedOut
from git_dvc.workspace.scan import DIRECTORY

_LARGE_BYTES = 16 * 1024**2


class Inputs(NamedTuple):
    """What a stage is about to use.

    Attributes:
        deps: Its dependencies, paths as written.
        params: Values by file and dotted key.
    """

    deps: tuple[Out, ...]
    params: dict[str, dict[str, Any]]


class Made(NamedTuple):
    """What a stage has made, ready to be recorded.

    Attributes:
        lock: Its record.
        outs: Its cached outputs, with what is to be remembered of their files.
        changed: Dependencies and parameter files that were changed while it ran.
    """

    lock: LockStage
    outs: tuple[Recorded, ...] = ()
    changed: tuple[str, ...] = ()


class Puller(Protocol):
    """Brings what a cache lacks from a remote (``ops/stage_pull.py``)."""

    def outs(self, items: Sequence[TrackedOut]) -> None:
        """Bring the data of outputs into the cache, as far as a remote has it."""

    def records(self, folder: str) -> None:
        """Bring records of the run cache in one folder below ``runs``."""


class Saver:
    """Does this for the stages of one run; ``finish`` it.

    Args:
        project: The project.
        progress: Told of the work.
        contents: What is known of files; shared with whoever decides what is stale.
        commit: Store outputs in the cache; else only their hashes are recorded.
        relink: Replace outputs by links where ``cache.type`` says so.
        stages: Those that may run, in their order, which is that of new records, too. Git is
            asked about all of them when the first one does.

    """

    def __init__(
        self,
        project: Project,
        progress: Progress | None = None,
        *,
        contents: Contents | None = None,
        commit: bool = True,
        relink: bool = True,
        stages: Iterable[Stage] = (),
    ) -> None:
        self._project = project
        self._progress = progress or NoProgress()
        self.contents = contents or Contents(project, self._progress)
        self._commit = commit
        every = list(stages)
        self._outs = StageOuts(project, self._progress, self.contents, every)
        self._rank = {(one.lock_file, one.name): n for n, one in enumerate(every)}
        self._relink = relink
        self._locks: dict[str, LockText | StageText] = {}
        self._before: dict[str, bytes | None] = {}
        self._inputs: dict[str, dict[str, Content]] = {}
        self._checked_cache = False
        self._written: list[str] = []

    @property
    def kept(self) -> list[str]:
        """Files, by path relative to the project, that were saved before they went."""
        return self._outs.kept

    @property
    def written(self) -> list[str]:
        """Files that Git should know of: lock files, ``.gitignore`` files."""
        return [*self._outs.written, *self._written]

    # -- before -----------------------------------------------------------------------------

    def check(self, stage: Stage) -> None:
        """Refuse a stage whose outputs cannot be cached where they are.

        Raises:
            OutputInGitError: Git versions an output that is to be cached.
            OutsideOutputError: One is outside of the project.
        """
        self._outs.check(stage)

    def inputs(self, stage: Stage) -> Inputs:
        """Return what a stage is about to use.

        Raises:
            MissingDependencyError: Some of it is not there.
            MissingParametersError: Likewise.
            UnreadableDependencyError: Some of it cannot be read.
            FormatError: A parameters file cannot be understood.
        """
        looked: dict[str, Content] = {}
        lacking = []
        deps = []
        for dep in stage.deps:
            place = self._place(stage, dep.path, dep.relpath)
            old = recorded(stage, dep.path, outs=False)
            found = self._as_recorded(place, old)
            if found is None:
                lacking.append(self._shown(place))
                continue
            looked[place] = found
            deps.append(found.out._replace(path=dep.path))
        if lacking:
            raise MissingDependencyError(stage.address, lacking)
        self._inputs[stage.address] = looked
        return Inputs(tuple(deps), self.params(stage))

    def used_the_same(self, stage: Stage) -> bool:
        """Return whether a stage's record is of a run that used what there is now."""
        try:
            used = self._used(stage, self.inputs(stage))
        except GitDvcError:
            return False
        return stage.recorded is not None and _used_the_same(stage.recorded, used)

    def params(self, stage: Stage) -> dict[str, dict[str, Any]]:
        """Return the values of a stage's parameters; errors as ``inputs``."""
        from git_dvc.compare import values

        found: dict[str, dict[str, Any]] = {}
        missing: dict[str, Sequence[str] | None] = {}
        for one in stage.params:
            place = self._place(stage, one.path, one.relpath)
            value = self.contents.values(place)
            if value is None:
                missing[self._shown(place)] = None
                continue
            known = found.setdefault(one.path, {})
            if not one.keys:
                known.update(value if isinstance(value, dict) else {})
                continue
            absent = []
            for key in one.keys:
                there, item = values.lookup(value, key)
                if there:
                    known[key] = item
                else:
                    absent.append(key)
            if absent:
                missing[self._shown(place)] = absent
        if missing:
            raise MissingParametersError(stage.address, missing)
        return found

    def prepare(self, stage: Stage) -> None:
        """Make room for a stage's outputs: remove them, or unprotect those with ``persist``.

        Files whose content only the disk has are put into the cache first; ``kept`` names them.

        Raises:
            OutputInGitError: Git versions an output that is to be cached; nothing was changed.
            CannotTrackError: Something in an output cannot be saved; it stays as it is.
            OSError: The disk is full or fails.
        """
        self._outs.check(stage)
        if not self._checked_cache:
            recording.check_cache_is_ours(self._project)
            self._checked_cache = True
        for out in stage.outs:
            if out.relpath is None:
                continue  # of others' places only the command itself removes something
            if out.flags.persist:
                self._outs.unprotect(stage, out)
            else:
                self._outs.remove(stage, out)
        self.contents.forget(out.relpath for out in stage.outs if out.relpath is not None)

    # -- instead ----------------------------------------------------------------------------

    def restore(
        self,
        stage: Stage,
        inputs: Inputs,
        *,
        run_cache: bool = True,
        pull: Puller | None = None,
    ) -> Made | None:
        """Put the results of an earlier run that used the same in place, if the cache has them.

        What is in their way goes as in ``prepare``. The results are still to be recorded.

        Args:
            stage: The stage.
            inputs: What it is about to use.
            run_cache: Look at all earlier runs; else only at the one that is recorded now.
            pull: Brings what the cache lacks from a remote.

        Returns:
            What to record; None if the stage has to run.
        """
        found = self.earlier(stage, inputs, run_cache=run_cache, pull=pull)
        if found is None:
            return None
        self._outs.check(stage)
        self._put_in_place(stage, found)
        return Made(self._used(stage, inputs)._replace(outs=found.outs))

    def earlier(
        self,
        stage: Stage,
        inputs: Inputs,
        *,
        run_cache: bool = True,
        pull: Puller | None = None,
    ) -> LockStage | None:
        """Return the record of an earlier run that used the same, if the cache has its results.

        Arguments as of ``restore``; nothing is put in place.
        """
        if not runcache.is_known_again(stage):
            return None
        used = self._used(stage, inputs)
        paths = [out.path for out in stage.outs]

        def is_whole(record: LockStage) -> bool:
            if pull is not None:
                pull.outs([tracked(stage, out, named(record, out.path)) for out in stage.outs])
            return self._outs.has_all(record.outs)

        if pull is not None and run_cache:
            pull.records(runcache.place_of(used, paths))
        found = None
        was = stage.recorded
        if was is not None and _used_the_same(was, used) and _makes(was, paths) and is_whole(was):
            found = was
        elif run_cache:
            found = self._run_cache.find(used, paths, is_whole)
        if found is None or not _makes(found, paths):
            return None
        return found._replace(outs=tuple(one for path in paths if (one := named(found, path))))

    def _used(self, stage: Stage, inputs: Inputs) -> LockStage:
        """Return a stage's record without what it makes."""
        cmd = stage.written_cmd if stage.written_cmd is not None else list(stage.cmd)
        return LockStage(stage.name, cmd, (), inputs.deps, inputs.params)

    @property
    def _run_cache(self) -> RunCache:
        project = self._project
        durable = project.repo is None or project.repo.config_bool("dvc.fsync", True)
        return RunCache(project.cache_root, durable=durable)

    def _put_in_place(self, stage: Stage, record: LockStage) -> None:
        self._outs.recorder()
        for out in stage.outs:
            relpath = out.relpath or ""
            content = named(record, out.path) or Out(out.path)
            if not self._outs.holds(relpath, content):
                self._outs.remove(stage, out)
                self._outs.bring(stage, out, content)
            if out.flags.cache:
                self._outs.ignore(relpath)
        self.contents.forget(out.relpath for out in stage.outs if out.relpath is not None)

    # -- after ------------------------------------------------------------------------------

    def collect(self, stage: Stage, inputs: Inputs) -> Made:
        """Save what a stage has made; return it ready to be recorded.

        Raises:
            MissingOutputError: The command did not make all that it should.
            CannotTrackError: Something in an output cannot be tracked.
            ChangingFileError: A file is still being written to.
            OSError: The disk is full or fails; nothing was recorded.
        """
        missing = [
            self._shown(place)
            for out in stage.outs
            if "://" not in (place := self._place(stage, out.path, out.relpath))
            and fsutil.lstat(self._full(place)) is None
        ]
        if missing:
            raise MissingOutputError(stage.address, missing)
        deps, params, changed = self._after(stage, inputs)
        self._let_settle(stage)
        outs: list[Out] = []
        stored: list[Recorded] = []
        for out in stage.outs:
            old = recorded(stage, out.path)
            if out.relpath is None or not out.flags.cache:
                outs.append(self._uncached(stage, out, old))
                continue
            base = old if old is not None else Out(out.path)
            done = recording.store_output(
                self._project,
                out.relpath,
                self._progress,
                old=base._replace(cache=True, persist=False, push=True, remote=None),
                commit=self._commit,
                relink=self._relink,
            )
            self._outs.ignore(out.relpath)
            outs.append(done.out._replace(path=out.path))
            stored.append(done)
        lock = self._used(stage, Inputs(deps, params))._replace(outs=tuple(outs))
        if self._commit and runcache.is_kept(stage):
            self._store_uncached(stage)
        return Made(lock, tuple(stored), changed)

    def _let_settle(self, stage: Stage) -> None:
        """Wait for the clock to go on where a large file was written last.

        What is hashed within the tick of its last change has to be read once more the next time.
        """
        for out in stage.outs:
            found = fsutil.lstat(self._full(out.relpath)) if out.relpath else None
            if found is not None and found.st_size >= _LARGE_BYTES:
                since_ns = time.time_ns() - found.st_mtime_ns
                if 0 <= since_ns <= CLOCK_GRAIN_NS:
                    time.sleep((CLOCK_GRAIN_NS - since_ns) / 1e9 + 0.001)

    def _store_uncached(self, stage: Stage) -> None:
        """Store metrics and plots that Git versions, for the run cache; they stay as they are."""
        for out in stage.outs:
            if out.flags.cache or out.relpath is None:
                continue
            cache = self._project.cache(MD5.name)
            found = recording.look(self._project, out.relpath, None)
            recording.store_files(
                self._project, out.relpath, found, cache, CACHE_COPY, self._progress
            )
            if found.kind == DIRECTORY:
                cache.store_bytes(manifests.dump(found.manifest()), hashing.DIR_SUFFIX)
            cache.flush()

    def _after(
        self, stage: Stage, inputs: Inputs
    ) -> tuple[tuple[Out, ...], dict[str, dict[str, Any]], tuple[str, ...]]:
        """Return deps and params as they are to be recorded, and what was changed meanwhile."""
        looked = self._inputs.pop(stage.address, {})
        places = {dep.path: self._place(stage, dep.path, dep.relpath) for dep in stage.deps}
        places.update((one.path, self._place(stage, one.path, one.relpath)) for one in stage.params)
        self.contents.forget(places.values())
        changed = []
        deps = []
        for before in inputs.deps:
            place = places[before.path]
            found = self._as_recorded(place, before)
            now = found.out if found is not None else None
            if now is not None and now.hash == before.hash:
                deps.append(now._replace(path=before.path))
            elif found is not None and place in looked and _only_added(looked[place], found):
                deps.append(found.out._replace(path=before.path))
            else:
                changed.append(self._shown(place))
                deps.append(before)
        try:
            params = self.params(stage)
        except GitDvcError:
            params = {}
        for path in inputs.params:
            if params.get(path) != inputs.params[path]:
                changed.append(self._shown(places[path]))
        return tuple(deps), inputs.params, tuple(changed)

    def _uncached(self, stage: Stage, out: StageOut, old: Out | None) -> Out:
        place = self._place(stage, out.path, out.relpath)
        self.contents.forget([place])
        found = self._as_recorded(place, old)
        if found is None:
            raise MissingOutputError(stage.address, [self._shown(place)])
        return found.out._replace(path=out.path)

    def record(self, stage: Stage, made: Made) -> bool:
        """Write a stage's record into its lock file; return whether that changed.

        Raises:
            FormatError: The lock file cannot be understood; it stays as it is.
            OSError: The disk is full or fails.
        """
        project, source = self._project, stage.lock_file
        done = []
        for one in made.outs:
            header = Header(one.relpath, one.out.hash or "", one.out.hash_name, source)
            one.record.pointer = source
            one.record.algorithm = one.out.hash_name
            self._outs.note(one.relpath, one.out, source)
            project.state.begin(header)
            done.append(one.record)
        if self._commit and runcache.is_kept(stage):
            self._run_cache.save(made.lock)
        changed = self._write_lock(source, made.lock)
        project.state.save(done)
        self.contents.forget(out.relpath for out in stage.outs if out.relpath is not None)
        self.contents.save()
        return changed

    def _write_lock(self, source: str, lock: LockStage) -> bool:
        project = self._project
        before = project.read(source)
        text = self._locks.get(source)
        if text is None or text.data != before:
            # Somebody else has written it meanwhile, or it is the first time.
            text = self._locks[source] = LockText(before) if lock.name else StageText(before)
        if isinstance(text, LockText):
            text.set(lock, self._rank.get((source, lock.name), 0))
        else:
            text.set(lock)
        data = text.data
        if data == before or data is None:
            return False
        if source not in self._before:
            self._outs.recorder()
            self._before[source] = before
            project.note_file(source, before, data)
        fsutil.atomic_write(project.path(source), data, os.path.join(project.tmp_dir, "git-dvc"))
        if source not in self._written:
            self._written.append(source)
        return True

    def note_for_undo(self) -> None:
        """Let what is recorded now, the project being locked, be undone together with the run."""
        self._outs.recorder()

    def take_over(self, written: Iterable[str]) -> None:
        """Count files as written by this run: ``finish`` puts them into Git's index, too."""
        self._written += [path for path in written if path not in self._written]

    def bring(self, stage: Stage, gone: Sequence[str]) -> None:
        """Put outputs that are not there in place, as their record has them.

        Raises:
            BusyOutputError: A running stage uses them; nothing was changed.
            GitDvcError: Some could not be put there, or not all of them.
        """
        check_not_busy(self._project, gone)
        for out in stage.outs:
            content = recorded(stage, out.path)
            if out.relpath in gone and content is not None:
                self._outs.bring(stage, out, content)
        self.contents.forget(gone)

    def put_back(self, stage: Stage) -> None:
        """Bring back the outputs of a stage that failed, as its record has them.

        What the command has made of them stays: somebody will want to look at it.
        """
        self._outs.put_back(stage)

    def finish(self) -> bool:
        """Put changed files into Git's index if that is wanted; return whether it was done.

        To be called with the project locked, at the end or when something went wrong.
        """
        project = self._project
        for source, before in self._before.items():
            project.note_file(source, before, project.read(source))
        self._before = {}
        self.contents.save()
        project.forget_tracked()
        self._outs.finish()
        there = [path for path in self.written if fsutil.lstat(project.path(path)) is not None]
        return recording.stage(project, sorted(there)) if there else False

    # -- places -----------------------------------------------------------------------------

    def _place(self, stage: Stage, path: str, relpath: str | None) -> str:
        """Return where something is: relative to the project; absolute, or a URL, outside of it."""
        if relpath is not None:
            return relpath
        if "://" in path:
            return path
        return os.path.normpath(os.path.join(self._project.path(stage.wdir), path))

    def _full(self, place: str) -> str:
        return place if os.path.isabs(place) else self._project.path(place)

    def _shown(self, place: str) -> str:
        outside = os.path.isabs(place) or "://" in place
        return place if outside else self._project.shown(place)

    def _as_recorded(self, place: str, old: Out | None) -> Content | None:
        """Return what a place holds; unchanged records of DVC 2 stay as they are."""
        if old is not None and old.hash_name != MD5.name and old.hash_name in hashing.ALGORITHMS:
            found = self.contents.look(place, old.hash_name)
            if found is None or found.out.hash == old.hash:
                return found
        return self.contents.look(place)


def _makes(record: LockStage, paths: Sequence[str]) -> bool:
    """Return whether a run made all of these."""
    return set(paths) <= {out.path for out in record.outs}


def _used_the_same(record: LockStage, used: LockStage) -> bool:
    """Return whether a recorded run used the same as one that is about to start."""
    return (
        record.cmd == used.cmd
        and {dep.path: (dep.hash, dep.hash_name) for dep in record.deps}
        == {dep.path: (dep.hash, dep.hash_name) for dep in used.deps}
        and {path: dict(some) for path, some in record.params.items()} == used.params
    )


def _only_added(before: Content, after: Content) -> bool:
    """Return whether a directory has just got files, or other bytecode of the same programs.

    Commands leave such things beside what they read (``src/__pycache__``); DVC records them.
    """
    for path, entry in before.entries.items():
        now = after.entries.get(path)
        if (now is None or now[0] != entry[0]) and "__pycache__" not in path.split("/"):
            return False
    return "" not in before.entries and "" not in after.entries
