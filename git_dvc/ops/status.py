"""``git dvc status``: one coherent report of what is not saved, not recorded, not committed.

Three comparisons: the data on disk with its pointer files, the pointer files with those of
HEAD, and what the pointers name with what the cache has. Takes no lock and changes nothing
but our own state, where it notes the hashes of files it had to read.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from git_dvc import hashing
from git_dvc.errors import CorruptObjectError, FormatError, MissingObjectError
from git_dvc.formats import manifest as manifests
from git_dvc.formats.manifest import Manifest
from git_dvc.ops.select import Selected, select
from git_dvc.progress import NoProgress, Progress
from git_dvc.project import Project
from git_dvc.store.state import NEVER, THEIRS, Entry, Placed
from git_dvc.tracked import STAGES_FILE, Tracked, TrackedOut, collect, is_source
from git_dvc.workspace import changes
from git_dvc.workspace.apply import manifest_of
from git_dvc.workspace.changes import Difference
from git_dvc.workspace.scan import DIRECTORY, MISSING, OTHER, Scan, hash_dirty, scan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from git_dvc.ops.stage_status import Found, StageState

CLEAN, MODIFIED, DELETED, NEW = "clean", "modified", "deleted", "new"
NOTHING = Difference([], [], [], [])


class OutState:
    """How one output on disk compares with its pointer.

    Attributes:
        item: The output.
        kind: CLEAN, MODIFIED, DELETED (nothing is there) or NEW (no hash recorded yet).
        difference: What changed, by path inside the output ('' for a file); None where the
            recorded listing is not in the cache, so that only *that* it differs is known.
        absent: Paths inside it whose objects the cache lacks; '' is the manifest or file.
        problems: Path and reason of things on disk that cannot be tracked.
    """

    def __init__(
        self,
        item: TrackedOut,
        kind: str,
        difference: Difference | None,
        found: Scan,
        absent: list[str],
        recorded: Manifest | None = None,
    ) -> None:
        self.item = item
        self.kind = kind
        self.difference = difference
        self.absent = absent
        self.problems = found.problems
        self._found = found
        self._recorded = recorded
        self._current: Manifest | None = None

    @property
    def current(self) -> Manifest:
        """What is on disk: hash by path."""
        # Made when asked for: for most outputs of a large project nobody does.
        if self._current is None:
            self._current = self._found.manifest()
        return self._current

    @property
    def recorded(self) -> Manifest | None:
        """What the pointer names; None where the cache lacks the listing."""
        return self.current if self.kind == CLEAN else self._recorded

    @property
    def in_cache(self) -> bool:
        """Whether the cache has all that the pointer names."""
        return not self.absent


class Status(NamedTuple):
    """The report; paths are relative to the project, directories end in '/'.

    Attributes:
        outs: Every output that was asked about.
        added: Outputs that HEAD does not have.
        removed: Outputs that only HEAD has.
        changed: Outputs with another hash at HEAD.
        problems: Pointer files that cannot be used.
        has_outputs: Whether anything is tracked at all.
        unmerged: Pointer and lock files in conflict; what is in them counts for no other list.
        stages: The stages that were asked about.
        stopped: Outputs that are there only in part, and what kind of operation was bringing
            them when it was stopped.
    """

    outs: list[OutState]
    added: list[str]
    removed: list[str]
    changed: list[str]
    problems: list[FormatError]
    has_outputs: bool
    unmerged: list[str]
    stages: Sequence[StageState] = ()
    stopped: Mapping[str, str] = {}

    @property
    def is_clean(self) -> bool:
        """Whether data, pointers, cache and stages agree (whatever is committed)."""
        return (
            not (self.problems or self.unmerged)
            and all(state.kind == CLEAN and state.in_cache for state in self.outs)
            and not any(state.is_stale for state in self.stages)
        )


def status(
    project: Project,
    targets: Sequence[str] = (),
    *,
    recursive: bool = False,
    with_deps: bool = False,
    why: bool = False,
    progress: Progress | None = None,
) -> Status:
    """Compare data, pointers, HEAD and cache, and stages with what they last used.

    Args:
        project: The project.
        targets: What to look at; nothing means everything.
        recursive: Targets may be directories with outputs in them.
        with_deps: For stages: also what they depend on.
        why: Also say which stages would have to run because of a stale one.
        progress: Told of files that must be read.
    """
    watch = progress or NoProgress()
    found = None
    if project.has_stages:
        from git_dvc.ops import stage_status

        found = stage_status.find(project, targets, recursive=recursive, with_deps=with_deps)
    rest = targets if found is None else found.targets
    selected = []
    if rest or not targets:
        selected = select(project, rest, recursive=recursive, with_deps=with_deps)
    if found is not None and targets:
        selected = _with_outs(project, selected, found)
    states = [examine(project, chosen, watch) for chosen in selected]
    stages: list[StageState] = []
    if found is not None:
        whole = {
            state.item.relpath: state
            for state, chosen in zip(states, selected, strict=True)
            if not chosen.inner
        }
        stages = stage_status.states(project, found, whole, watch, why=why)
    now, head = against_head(project)
    wanted = {chosen.item.relpath for chosen in selected} if targets else None
    added, removed, changed = [], [], []
    for path, item in sorted(now.outs.items()):
        old = head.outs.get(path)
        if item.source in project.unmerged or (wanted is not None and path not in wanted):
            continue
        if old is None:
            added.append(item.shown)
        elif old.same_content != item.same_content:
            changed.append(item.shown)
    for path, item in sorted(head.outs.items()):
        if item.source in project.unmerged:
            continue
        if path not in now.outs and path not in now.uncached and wanted is None:
            removed.append(item.shown)
    tracked = project.tracked
    problems = [
        problem
        for problem in ([] if targets else _problems(tracked, found))
        if problem.where not in project.unmerged
    ]
    asked = {chosen.item.source for chosen in selected}
    unmerged = sorted(source for source in project.unmerged if not targets or source in asked)
    there_are = bool(tracked.outs or problems or unmerged or stages)
    dirty = {state.item.relpath for state in states if state.kind != CLEAN}
    stopped = {path: by.kind for path, by in project.stopped().items() if path in dirty}
    return Status(states, added, removed, changed, problems, there_are, unmerged, stages, stopped)


def _problems(tracked: Tracked, found: Found | None) -> list[FormatError]:
    """Return what is wrong with files, each said once."""
    every = [*tracked.problems, *(found.every.problems if found is not None else ())]
    return list({problem.message: problem for problem in every}.values())


def _with_outs(project: Project, selected: list[Selected], found: Found) -> list[Selected]:
    """Return also the outputs of the stages that were asked for."""
    stages = {(stage.lock_file, stage.name) for stage in found.chosen}
    chosen = {one.item.relpath: one for one in selected}
    for path, item in project.tracked.outs.items():
        if item.stage and (item.source, item.stage) in stages:
            chosen.setdefault(path, Selected(item))
    return [chosen[path] for path in sorted(chosen)]


# -- data against pointers ----------------------------------------------------------------


def examine(
    project: Project, chosen: Selected, progress: Progress, *, check_cache: bool = True
) -> OutState:
    """Return how one output on disk compares with its pointer.

    Files that must be read are hashed, and their hashes noted in the state.
    """
    item = chosen.item
    cache = project.cache(item.out.hash_name)
    value = item.out.hash
    record = project.state.placed(item.relpath)
    if record is None or record.algorithm != cache.algorithm.name:
        version = record.version if record is not None else 0
        record = Placed(item.relpath, algorithm=cache.algorithm.name, version=version)
    found = scan(project.root, item.relpath, record.entries, project.ignore)
    if (
        value is not None
        and record.hash == value
        and not found.dirty
        and not found.problems
        and found.kind != MISSING
        and len(found.entries) == len(record.entries)
    ):
        absent = _absent(project, item, found.manifest) if check_cache else []
        return OutState(item, CLEAN, NOTHING, found, absent)
    hash_dirty(project.root, item.relpath, found, cache, progress)
    current = found.manifest()
    recorded = _recorded(project, item, current, found)
    kind = _kind(item, found, recorded, current)
    difference = None
    if recorded is not None:
        difference = changes.difference(recorded, current)
        is_there = found.kind != MISSING or item.out.hash is None
        # What a command writes now, or was stopped as it did, is nothing to learn from.
        if is_there and not project.state.is_begun(item.relpath):
            _learn(project, item, record, found, recorded, current)
    absent = []
    if check_cache and item.out.hash is not None:
        absent = [""] if recorded is None else _absent(project, item, lambda: recorded or {})
    if chosen.inner:
        kind, difference, absent = _narrowed(kind, difference, absent, chosen)
    return OutState(item, kind, difference, found, absent, recorded)


def _recorded(
    project: Project, item: TrackedOut, current: Manifest, found: Scan
) -> Manifest | None:
    """Return what the pointer names; also when only the disk can tell."""
    value = item.out.hash
    if value is None:
        return {}
    cache = project.cache(item.out.hash_name)
    try:
        return manifest_of(value, cache)
    except (MissingObjectError, CorruptObjectError, FormatError):
        if found.kind == DIRECTORY and not found.problems:
            data = manifests.dump(current)
            if hashing.of_bytes(data, cache.algorithm) + hashing.DIR_SUFFIX == value:
                return current
        return None


def _kind(item: TrackedOut, found: Scan, recorded: Manifest | None, current: Manifest) -> str:
    if found.kind == MISSING:
        return DELETED
    if item.out.hash is None:
        return NEW
    same_shape = (found.kind == DIRECTORY) == item.is_dir and found.kind != OTHER
    return CLEAN if recorded == current and same_shape else MODIFIED


def _learn(
    project: Project,
    item: TrackedOut,
    record: Placed,
    found: Scan,
    recorded: Manifest,
    current: Manifest,
) -> None:
    """Note what was found, so that nothing is read twice.

    Files of the pointer that differ on disk are noted as tracked and not clean.
    """
    was_stored = bool(record.version)
    wanted = item.out.hash or ""
    if was_stored and record.hash != wanted and recorded != current:
        _learn_stats(project, record, found, recorded, current)
        return
    entries: dict[str, Entry] = {}
    for path, value in recorded.items():
        if current.get(path) == value:
            entries[path] = found.entries[path]
        else:
            known = record.entries.get(path)
            theirs = known is not None and known[2] == THEIRS
            entries[path] = (value, 0, THEIRS if theirs else NEVER, 0, 0, 0)
    if record.entries == entries and record.hash == wanted:
        return
    record.entries = entries
    record.hash = wanted
    record.pointer = item.source
    if was_stored:
        project.state.refresh(record)
    else:
        project.state.save([record])


def _learn_stats(
    project: Project, record: Placed, found: Scan, recorded: Manifest, current: Manifest
) -> None:
    """Note what was read, of an output whose data has not followed its pointer, or not wholly.

    What was put in place stays on record, or the checkout that is still to come would take what
    it should remove for files of the user's, and what it should bring for deleted by them.
    """
    entries = dict(record.entries)
    for path, known in record.entries.items():
        if known[2] != THEIRS and current.get(path) == known[0]:
            entries[path] = found.entries[path]
    if not record.hash:
        ready = (path for path, value in recorded.items() if current.get(path) == value)
        entries.update((path, found.entries[path]) for path in ready)
    if record.entries != entries:
        record.entries = entries
        project.state.refresh(record)


def _absent(project: Project, item: TrackedOut, recorded: Callable[[], Manifest]) -> list[str]:
    """Return the paths whose objects are not in the cache; '' for the manifest itself."""
    cache = project.cache(item.out.hash_name)
    value = item.out.hash
    if value is None:
        return []
    if not item.is_dir:
        return [] if cache.has(value) else [""]
    lacking = cache.lacks_of(value, recorded)
    absent = [path for path, hash_ in recorded().items() if hash_ in lacking] if lacking else []
    if not cache.has(value):
        absent.append("")
    return sorted(absent)


def _narrowed(
    kind: str, difference: Difference | None, absent: list[str], chosen: Selected
) -> tuple[str, Difference | None, list[str]]:
    """Return what was found as if only some paths inside the output existed."""
    if difference is not None:
        difference = Difference(
            [path for path in difference.added if chosen.wants(path)],
            [path for path in difference.deleted if chosen.wants(path)],
            [path for path in difference.modified if chosen.wants(path)],
            [pair for pair in difference.renamed if any(map(chosen.wants, pair))],
        )
    if kind == MODIFIED and difference is not None and not any(difference):
        kind = CLEAN
    return kind, difference, [path for path in absent if not path or chosen.wants(path)]


# -- pointers against HEAD ----------------------------------------------------------------


def against_head(project: Project, rev: str = "HEAD") -> tuple[Tracked, Tracked]:
    """Return what is tracked now and what was at HEAD, from files that differ between them.

    Outputs of pointer files that are the same, byte for byte, are in neither.
    """
    nothing = Tracked({}, {}, [], set())
    repo = project.repo
    if repo is None:
        return nothing, nothing
    blobs = _sources_at(project, rev)
    here = {path: _read_or_none(project, path) for path in _readable(project)}
    length = len(next(iter(blobs.values()), ""))
    changed = {
        path
        for path, data in here.items()
        if data is not None and (path not in blobs or _blob_id(data, length) != blobs[path])
    }
    there = {path for path in blobs if is_source(path)}
    gone = {path for path in there if here.get(path) is None}
    lost = {path for path in blobs if not is_source(path) and here.get(path) is None}
    if gone:
        # What a sparse checkout leaves out is no deletion.
        left_out = repo.left_out([project.git_path(path) for path in sorted(gone)])
        gone -= {project.own_path(path) for path in left_out}
    for path in changed | lost:
        if path.rpartition("/")[2] == STAGES_FILE:
            changed.add(path[: -len(STAGES_FILE)] + "dvc.lock")
    sources = {path for path in changed if is_source(path)}
    wanted = (sources | gone) & there
    yaml = {path for path in blobs if path.rpartition("/")[2] == STAGES_FILE}
    ids = [blobs[path] for path in sorted(wanted | (yaml if wanted else set()))]
    contents = repo.read_blobs(ids) if ids else {}

    def read(path: str) -> bytes | None:
        return contents.get(blobs.get(path, ""))

    return collect(sources, project.read), collect(wanted, read)


def _read_or_none(project: Project, path: str) -> bytes | None:
    try:
        return project.read(path)
    except FormatError:
        return None  # it is among the problems


def _readable(project: Project) -> Iterable[str]:
    """Yield the sources of the work tree that are plain files, and their dvc.yaml files."""
    for path in project.tracked_sources():
        full = project.path(path)
        if os.path.isfile(full) and not os.path.islink(full):
            yield path
            if path.endswith("dvc.lock"):
                stages = path[: -len("dvc.lock")] + STAGES_FILE
                if os.path.isfile(project.path(stages)):
                    yield stages


def _sources_at(project: Project, rev: str) -> dict[str, str]:
    """Return the blob of each pointer, lock and dvc.yaml file at a revision, by path."""
    repo = project.repo
    assert repo is not None  # noqa: S101 - the caller asked
    tree = f"{rev}:{project.prefix}" if project.prefix else rev
    result = repo.call(["ls-tree", "-r", "-z", "--full-tree", tree])
    if result.code != 0:
        return {}  # before the first commit
    found = {}
    nested: list[str] = []
    for line in result.out.split(b"\0"):
        if line.endswith((b".dvc", b"dvc.lock", b"dvc.yaml", b"Dvcfile", b"/.dvc/config")):
            about, _, name = line.partition(b"\t")
            path = os.fsdecode(name)
            if is_source(path) or path.rpartition("/")[2] == STAGES_FILE:
                mode, _, blob = about.split(b" ")
                if mode.startswith(b"100"):
                    found[path] = blob.decode()
            elif path.endswith("/.dvc/config"):
                nested.append(path[: -len(".dvc/config")])
    if nested:  # projects of their own
        found = {path: blob for path, blob in found.items() if not path.startswith(tuple(nested))}
    return found


def _blob_id(data: bytes, length: int) -> str:
    """Return the name Git has for a blob, in SHA-1 or SHA-256 by the length of its names."""
    import hashlib

    new = hashlib.sha256 if length == 64 else hashlib.sha1
    return new(b"blob %d\0" % len(data) + data).hexdigest()
