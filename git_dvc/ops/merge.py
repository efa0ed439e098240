"""Merging three versions of a pointer file or of a ``dvc.lock``; data merges file by file.

Ours is the text that stays: comments, order and foreign keys are kept, and what theirs changed
is taken over. A directory that both sides changed is merged by its manifests
(``workspace/merging.py``); the merged manifest is in the cache, durable, before anything names
it. Where the sides do not agree the result is a valid file all the same, with ours in place:

* a file of a directory: theirs beside it, in the same manifest;
* an output of its own: theirs beside it, as a second output of the pointer file;
* a flag, a note, an import, a stage: ours alone.

Each such place is a ``Conflict`` with a key. Merging again with a choice for a key gives the
same result with that place settled; ``ops/resolve.py`` works that way.

Nothing is written but objects of the cache.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from git_dvc import hashing, relpaths
from git_dvc.errors import (
    FETCH_HINT,
    CorruptObjectError,
    FormatError,
    GitDvcError,
    MissingObjectError,
    UnsafePathError,
    argument,
)
from git_dvc.formats import checksum, lockfile, pointer, threeway
from git_dvc.formats import manifest as manifests
from git_dvc.formats.manifest import Manifest
from git_dvc.formats.pointer import Out
from git_dvc.formats.threeway import MISSING
from git_dvc.ops.record import check_cache_is_ours
from git_dvc.project import Project
from git_dvc.store.cache import Cache
from git_dvc.tracked import is_pointer
from git_dvc.workspace import merging
from git_dvc.workspace.merging import BASE, OURS, THEIRS, UNION, aside_name, words

FILE, OUTPUT, VALUE, STAGE = "file", "output", "value", "stage"


class Conflict(NamedTuple):
    """One place on which the two sides do not agree.

    Attributes:
        key: Its name: ``images/a.png``, ``images.dvc:desc``, ``dvc.lock:train``.
        why: What happened, in words.
        kind: FILE in a directory, OUTPUT as a whole, VALUE of a pointer file, or STAGE.
        output: The output's relpath; '' for a value or a stage.
        aside: Relpath where theirs stands; '' if nowhere.
        base: Hash of the content both started from, if it is that of a file.
        ours: Likewise ours.
        theirs: Likewise theirs.
        algorithm: That of the hashes.
        hint: What to do, if that is not to choose.
    """

    key: str
    why: str
    kind: str
    output: str = ""
    aside: str = ""
    base: str | None = None
    ours: str | None = None
    theirs: str | None = None
    algorithm: str = hashing.MD5.name
    hint: str = ""

    @property
    def is_content(self) -> bool:
        """Whether two files stand against each other, whose lines could be united."""
        return self.ours is not None and self.theirs is not None


class Taken(NamedTuple):
    """What one output took over from theirs: files written and deleted."""

    output: str
    written: int
    deleted: int


class Merged(NamedTuple):
    """The outcome.

    Attributes:
        data: The merged file.
        conflicts: What is to be decided.
        taken: What was merged by file.
    """

    data: bytes
    conflicts: list[Conflict]
    taken: list[Taken]


def merge(
    project: Project,
    source: str,
    base: bytes | None,
    ours: bytes,
    theirs: bytes,
    choices: Mapping[str, str] | None = None,
    default: str = "",
) -> Merged:
    """Merge three versions of a pointer or lock file.

    Args:
        project: The project.
        source: The file, relative to the project.
        base: What both sides started from; None or empty if there was no file.
        ours: Our version.
        theirs: Their version.
        choices: What was chosen, by key, or by relpath for a whole output
            (``workspace/merging.py`` has the words).
        default: Chosen for everything else; '' leaves conflicts.

    Raises:
        FormatError: Ours or theirs cannot be understood, or has a form that cannot be edited.
        CannotAddError: The cache is one that a commit chose and the user did not agree to.
        OSError: The disk is full or fails.
    """
    job = _Job(project, source, choices or {}, default)
    work = _merge_pointer if is_pointer(source) else _merge_lock
    data = work(job, base or None, ours, theirs)
    for cache in job.caches:
        cache.flush()
    return Merged(data, job.conflicts, job.taken)


class _Job:
    """What the steps of one merge share."""

    def __init__(
        self, project: Project, source: str, choices: Mapping[str, str], default: str
    ) -> None:
        self.project = project
        self.source = source
        self.choices = choices
        self.default = default
        self.folder = source.rpartition("/")[0]
        self.conflicts: list[Conflict] = []
        self.taken: list[Taken] = []
        self.caches: list[Cache] = []

    def choose(self, conflict: Conflict) -> str:
        """Return what was chosen for a conflict; '' notes it as open."""
        choice = self.choices.get(conflict.key, self.default)
        if not choice:
            self.conflicts.append(conflict)
        return choice

    def relpath(self, path: str) -> str:
        """Return an output's path as a key: relative to the project where it has one."""
        try:
            return relpaths.resolve(self.folder, path)
        except FormatError:
            return path


# -- pointer files ------------------------------------------------------------------------------


def _merge_pointer(job: _Job, base: bytes | None, ours: bytes, theirs: bytes) -> bytes:
    mine, their = pointer.parse(ours), pointer.parse(theirs)
    try:
        before = pointer.parse(base) if base is not None else None
    except FormatError:
        before = base = None  # what a failed merge left, say: both sides added it, then
    if mine.wdir not in (".", ""):
        job.folder = relpaths.join(job.folder, mine.wdir)
    plain = [_only_plain(data, found) for data, found in ((ours, mine), (theirs, their))]
    old = _only_plain(base, before) if base is not None and before is not None else None
    one, other = plain
    if one and other and one.path == other.path and (old or before is None):
        if old is not None and old.path != one.path:
            old = None
        out, aside = _merge_content(job, old, one, other, {one.path})
        data = pointer.dump(out)
        return data if aside is None else data + pointer.dump(aside)[len(b"outs:\n") :]
    return _merge_values(job, base, ours, theirs)


def _only_plain(data: bytes, found: pointer.Pointer) -> Out | None:
    """Return the one out of a pointer file that says nothing but what DVC writes itself."""
    if len(found.outs) != 1 or found.outs[0][6:] != Out("")[6:]:
        return None
    return found.outs[0] if pointer.dump(found.outs[0]) == data else None


def _merge_values(job: _Job, base: bytes | None, ours: bytes, theirs: bytes) -> bytes:
    """Merge pointer files that say more than the usual."""
    from git_dvc.formats import yamltext

    sides = [_mapping(text) for text in (base or b"", ours, theirs)]
    wanted = _merge_frames(job, [_frame(side) for side in sides])
    deps = [side.get("deps") or [] for side in sides]
    outs = [side.get("outs") or [] for side in sides]
    if threeway.same(deps[1], deps[2]):
        wanted_deps, wanted_outs = deps[1], _merge_outs(job, *outs)
    else:
        number = _side_of_import(job, deps, outs, base is not None)
        wanted_deps, wanted_outs = deps[number], outs[number]
    if wanted_deps or "deps" in sides[1]:
        wanted["deps"] = wanted_deps
    if wanted_outs or "outs" in sides[1]:
        wanted["outs"] = wanted_outs
    if "md5" in sides[1] or (wanted_deps and "md5" in sides[2]):
        wanted["md5"] = sides[1].get("md5") or sides[2].get("md5")
    text = _text_of_both(job, base, ours, theirs)
    try:
        data = threeway.write(yamltext.Document(text), wanted)
    except FormatError:
        data = threeway.write(yamltext.Document(ours), wanted)
    return checksum.refresh(data)


def _mapping(data: bytes) -> dict[str, Any]:
    from git_dvc.formats import yamltext

    value = yamltext.parse(data) if data else None
    return value if isinstance(value, dict) else {}


def _frame(side: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in side.items() if key not in ("outs", "deps", "md5")}


def _merge_frames(job: _Job, sides: Sequence[dict[str, Any]], name: str = "") -> dict[str, Any]:
    """Merge what is not data, asking what was chosen where the sides do not agree."""
    base, ours, theirs = sides
    merged: dict[str, Any]
    merged, places = threeway.merge(base, ours, theirs)
    for place in places:
        key = ".".join(map(str, place))
        choice = job.choose(Conflict(f"{job.source}:{name}{key}", "changed on both sides", VALUE))
        if choice == THEIRS:
            merged = _with(merged, place, theirs)
    return merged


def _with(value: Any, place: threeway.Place, other: Any) -> Any:
    """Return a value with one place of it taken from another."""
    if not place:
        return other
    key, rest = place[0], place[1:]
    changed = dict(value)
    if key not in other:
        changed.pop(key, None)
    else:
        changed[key] = _with(changed.get(key), rest, other[key])
    return changed


def _side_of_import(job: _Job, deps: Sequence[Any], outs: Sequence[Any], has_base: bool) -> int:
    """Return whose version of an import to take: its data belongs to its source's revision."""
    base, ours, theirs = zip(deps, outs, strict=True)
    if has_base and threeway.same(list(theirs), list(base)):
        return 1
    if has_base and threeway.same(list(ours), list(base)):
        return 2
    choice = job.choose(
        Conflict(f"{job.source}:deps", "imported anew on both sides, from different sources or "
                 "revisions", VALUE)
    )  # fmt: skip
    return {THEIRS: 2, BASE: 0 if has_base else 1}.get(choice, 1)


def _text_of_both(job: _Job, base: bytes | None, ours: bytes, theirs: bytes) -> bytes:
    """Return our text with what theirs changed in comments and layout, if that is possible.

    Both other versions are given our content first, so that only the rest can differ.
    """
    if base is None:
        return ours
    neutral = [_with_content_of(ours, text) for text in (base, theirs)]
    if neutral[0] == neutral[1]:
        return ours
    if neutral[0] == ours:
        return neutral[1]
    repo = job.project.repo
    merged = repo.merge_texts(ours, neutral[0], neutral[1]) if repo is not None else None
    return ours if merged is None else merged


def _with_content_of(ours: bytes, text: bytes) -> bytes:
    try:
        known = {out.path for out in pointer.parse(text).outs}
        for out in pointer.parse(ours).outs:
            if out.path in known:
                text = pointer.update(text, out.path, out)
    except FormatError:
        pass  # it has a form that cannot be edited: compared as it is
    return text


# -- outputs ------------------------------------------------------------------------------------


def _merge_outs(
    job: _Job, base: list[Any], ours: list[Any], theirs: list[Any]
) -> list[dict[str, Any]]:
    sides = [{item["path"]: item for item in side} for side in (base, ours, theirs)]
    before, mine, their = sides
    taken = {path for side in sides for path in side}
    merged: list[dict[str, Any]] = []
    for path in (*mine, *(path for path in their if path not in mine)):
        found = (before.get(path), mine.get(path), their.get(path))
        merged += _merge_out(job, path, found, taken)
    return merged


def _merge_out(
    job: _Job,
    path: str,
    sides: Sequence[dict[str, Any] | None],
    taken: set[str],
) -> list[dict[str, Any]]:
    """Return what becomes of one out: none, one, or two where theirs stands aside."""
    base, ours, theirs = sides
    if ours is None or theirs is None:
        return _merge_half(job, path, base, ours, theirs, taken)
    if threeway.same(ours, theirs):
        return [ours]
    field = f"outs: {path}"
    old = None if base is None else pointer.out_from(base, field, pointer.OUT_KEYS)
    mine = pointer.out_from(ours, field, pointer.OUT_KEYS)
    their = pointer.out_from(theirs, field, pointer.OUT_KEYS)
    if mine.versioned or their.versioned:
        merged, places = threeway.merge(base, ours, theirs) if base else (ours, [()])
        if not places and isinstance(merged, dict):
            return [merged]
        key = job.relpath(path)
        choice = job.choose(Conflict(key, words("", "", ""), OUTPUT, key))
        return [theirs if choice == THEIRS else ours]
    out, aside = _merge_content(job, old, mine, their, taken)
    frames = [
        {key: value for key, value in (side or {}).items() if key not in pointer.CONTENT_KEYS}
        for side in (base, ours, theirs)
    ]
    rest = _merge_frames(job, frames, f"{path}.")
    found = [pointer.content_keys(out) | rest]
    if aside is not None:
        found.append(_aside_item(aside))
    return found


def _merge_half(
    job: _Job,
    path: str,
    base: dict[str, Any] | None,
    ours: dict[str, Any] | None,
    theirs: dict[str, Any] | None,
    taken: set[str],
) -> list[dict[str, Any]]:
    """Return what becomes of an out that one side does not have."""
    there = ours if ours is not None else theirs
    assert there is not None  # noqa: S101 - one of the two sides named it
    if base is None:
        return [there]  # that side added it
    if threeway.same(there, base):
        return []  # the other side removed it
    out = pointer.out_from(there, f"outs: {path}", pointer.OUT_KEYS)
    key = job.relpath(path)
    aside = ""
    if theirs is not None:
        aside = aside_name(path, {name.casefold() for name in taken})
        taken.add(aside)
    mine, their = (None if side is None else out.hash for side in (ours, theirs))
    conflict = Conflict(
        key, words("", mine, their), OUTPUT, key, job.relpath(aside) if aside else ""
    )
    choice = job.choose(conflict)
    if choice == OURS or (choice == "" and theirs is None):
        return [there] if ours is not None else []
    if choice == THEIRS:
        return [there] if theirs is not None else []
    if choice == BASE:
        return [base]
    if choice == UNION or choice.startswith("="):
        return [there]
    return [_aside_item(out._replace(path=aside))]


def _aside_item(out: Out) -> dict[str, Any]:
    return {**pointer.content_keys(out), "path": out.path}


def _merge_content(
    job: _Job, base: Out | None, ours: Out, theirs: Out, taken: set[str]
) -> tuple[Out, Out | None]:
    """Merge what two outs of the same path say of their content.

    Returns:
        The merged out, with our flags, and theirs under another name if both are to be kept.
    """
    bit = _merge_bit(base, ours, theirs)
    if _agree(ours, theirs):
        size = theirs.size if ours.size is None else ours.size
        nfiles = theirs.nfiles if ours.nfiles is None else ours.nfiles
        return ours._replace(size=size, nfiles=nfiles, isexec=bit), None
    if base is not None and _agree(theirs, base):
        return ours._replace(isexec=bit), None
    if base is not None and _agree(ours, base):
        job.taken.append(Taken(job.relpath(ours.path), 1, 0))
        return _content_of(ours, theirs)._replace(isexec=bit), None
    relpath = job.relpath(ours.path)
    why, hint = _why_whole(base, ours, theirs)
    if not why:
        try:
            return _merge_directory(job, relpath, base, ours, theirs), None
        except (MissingObjectError, CorruptObjectError) as problem:
            why = f"cannot be merged by file: {problem.message}"
            hint = f"{FETCH_HINT}\nthen run 'git dvc resolve --merge {argument(relpath)}'"
        except FormatError as problem:
            why = f"cannot be merged by file: {problem.what}"
    return _choose_whole(job, base, ours, theirs, taken, why, hint)


def _why_whole(base: Out | None, ours: Out, theirs: Out) -> tuple[str, str]:
    """Return why two outs cannot be merged by file, and what to do; '' if they can."""
    dirs = [out.hash is not None and hashing.is_dir(out.hash) for out in (ours, theirs)]
    if dirs[0] != dirs[1]:
        return "a file on one side, a directory on the other", ""
    if ours.hash is None or theirs.hash is None:
        return "one side has no hash", ""
    if ours.hash_name != theirs.hash_name:
        words_ = "has other hashes (DVC 2 and 3)" if dirs[0] else "changed on both sides"
        hint = "bring both versions to one form with 'git dvc cache migrate --dvc-files'"
        return words_, hint if dirs[0] else ""
    if not dirs[0] or ours.hash_name not in hashing.ALGORITHMS:
        return words(base and base.hash, ours.hash, theirs.hash), ""
    return "", ""


def _choose_whole(
    job: _Job,
    base: Out | None,
    ours: Out,
    theirs: Out,
    taken: set[str],
    why: str,
    hint: str,
) -> tuple[Out, Out | None]:
    relpath = job.relpath(ours.path)
    files = [out is not None and out.hash is not None and not hashing.is_dir(out.hash)
             for out in (base, ours, theirs)]  # fmt: skip
    algorithm = ours.hash_name
    # Two directories need too much room beside each other, and what cannot be read no place.
    place = ""
    if theirs.hash_name in hashing.ALGORITHMS and (files[1] or files[2]):
        place = aside_name(ours.path, {name.casefold() for name in taken})
        taken.add(place)
    both = files[1] and files[2] and ours.hash_name == theirs.hash_name
    same_base = base is not None and files[0] and base.hash_name == algorithm
    conflict = Conflict(
        relpath,
        why,
        OUTPUT,
        relpath,
        job.relpath(place) if place else "",
        base=base.hash if both and same_base and base is not None else None,
        ours=ours.hash if both else None,
        theirs=theirs.hash if both else None,
        algorithm=algorithm,
        hint=hint,
    )
    choice = job.choose(conflict)
    if choice == THEIRS:
        return _content_of(ours, theirs), None
    if choice == BASE and base is not None:
        return _content_of(ours, base), None
    if choice.startswith("=") and len(choice) > 1:
        size = job.project.cache(algorithm).size(choice[1:])
        return ours._replace(hash=choice[1:], size=size, nfiles=None), None
    if choice or not place:
        return ours, None
    return ours, _content_of(Out(place), theirs)


def _content_of(out: Out, other: Out) -> Out:
    return out._replace(
        hash=other.hash,
        hash_name=other.hash_name,
        size=other.size,
        nfiles=other.nfiles,
        isexec=other.isexec,
    )


def _agree(one: Out, other: Out) -> bool:
    return (one.hash, one.hash_name) == (other.hash, other.hash_name)


def _merge_bit(base: Out | None, ours: Out, theirs: Out) -> bool:
    if base is not None and ours.isexec == base.isexec:
        return theirs.isexec
    return ours.isexec


# -- directories --------------------------------------------------------------------------------


def _merge_directory(
    job: _Job,
    relpath: str,
    base: Out | None,
    ours: Out,
    theirs: Out,
    *,
    only_clean: bool = False,
) -> Out:
    """Merge two versions of a directory by their manifests and store the merged one.

    Raises:
        MissingObjectError: The cache lacks a manifest.
        CorruptObjectError: One is damaged.
        FormatError: One is not a manifest, or an unsafe one; or, if ``only_clean``, the two
            do not agree.
    """
    assert ours.hash is not None and theirs.hash is not None  # noqa: S101 - both are directories
    cache = job.project.cache(ours.hash_name)
    listing = cache.read_manifest(ours.hash)
    removed, added = _their_changes(job.project, base, theirs, listing)
    below = relpath + "/"
    chosen = {
        key[len(below) :]: choice for key, choice in job.choices.items() if key.startswith(below)
    }
    default = "" if only_clean else job.choices.get(relpath, job.default)
    result = merging.merge(listing, removed, added, {} if only_clean else chosen, default)
    if only_clean and result.conflicts:
        raise FormatError(f"{result.conflicts[0].path}: {result.conflicts[0].why}")
    relpaths.check_all(result.written, field="manifest: relpath")
    asides = 0
    for found in result.conflicts:
        file_here = not found.clash
        job.conflicts.append(
            Conflict(
                below + found.path,
                found.why,
                FILE,
                relpath,
                below + found.aside if found.aside else "",
                base=found.base if file_here else None,
                ours=found.ours if file_here else None,
                theirs=found.theirs if file_here else None,
                algorithm=ours.hash_name,
            )
        )
        asides += sum(relpaths.inside(path, found.aside) for path in result.written)
    written = len(result.written) - asides
    if written or result.deleted:
        job.taken.append(Taken(relpath, written, len(result.deleted)))
    if not result.written and not result.deleted:
        return ours
    check_cache_is_ours(job.project)
    value = cache.store_bytes(manifests.dump(result.files), hashing.DIR_SUFFIX)
    job.caches.append(cache)
    if value == theirs.hash and theirs.size is not None:
        size: int | None = theirs.size
    else:
        size = _size(cache, base, ours, theirs, listing, removed, added, result)
    return ours._replace(hash=value, size=size, nfiles=len(result.files))


def _their_changes(
    project: Project, base: Out | None, theirs: Out, ours: Manifest
) -> tuple[Manifest, Manifest]:
    """Return the entries that theirs took from and brought to the base."""
    assert theirs.hash is not None  # noqa: S101 - it is a directory
    new = project.cache(theirs.hash_name).read_manifest_bytes(theirs.hash)
    old = b"[]"
    known = base is not None and base.hash_name in hashing.ALGORITHMS
    if known and base is not None and base.hash is not None and hashing.is_dir(base.hash):
        # The entries of DVC 2 and 3 differ for text with CRLF only, and then nothing is
        # taken for unchanged that is not.
        old = project.cache(base.hash_name).read_manifest_bytes(base.hash)
    sides = manifests.changed_entries(old, new)
    # A path that theirs lists twice, once as the base has it, shows as added alone.
    if sides is None or any(
        path not in sides[0] and ours.get(path, value) != value for path, value in sides[1].items()
    ):
        sides = merging.changes_from(manifests.parse(old), manifests.parse(new))
    return sides


def _size(
    cache: Cache,
    base: Out | None,
    ours: Out,
    theirs: Out,
    listing: Manifest,
    removed: Manifest,
    added: Manifest,
    result: merging.Merge,
) -> int | None:
    """Return the bytes of all files in a merged directory; None if that cannot be known.

    Objects that are here have their sizes. Of files that nobody fetched yet the recorded
    totals tell, if nothing but theirs' own changes was applied to ours.
    """
    total: int | None = 0
    if ours.size is None:
        come, gone = list(result.files.values()), []
    else:
        total = ours.size
        come = list(result.written.values())
        gone = [listing[p] for p in (*result.written, *result.deleted) if p in listing]
    for values, sign in ((come, 1), (gone, -1)):
        for value in values:
            size = cache.size(value)
            if size is None or total is None:
                total = None
                break
            total += sign * size
    if total is not None:
        return max(total, 0)
    whole = result.written == added and all(
        listing.get(path) == value for path, value in removed.items()
    )
    fresh = whole and not any(path in listing and path not in removed for path in added)
    sizes = (ours.size, theirs.size, base.size if base is not None else 0)
    if not fresh or result.conflicts or None in sizes:
        return None
    mine, their, before = (size or 0 for size in sizes)
    return max(mine + their - before, 0)


# -- lock files ---------------------------------------------------------------------------------


def _merge_lock(job: _Job, base: bytes | None, ours: bytes, theirs: bytes) -> bytes:
    from git_dvc.formats import yamltext

    for text in (ours, theirs):
        lockfile.parse(text)
    try:
        lockfile.parse(base or b"")
    except FormatError:
        base = None
    values = [_mapping(text) for text in (base or b"", ours, theirs)]
    frames = [{k: v for k, v in side.items() if k != "stages"} for side in values]
    wanted = _merge_frames(job, frames)
    before, mine, their = (side.get("stages") or {} for side in values)
    stages = {}
    for name in (*mine, *(name for name in their if name not in mine)):
        sides = [side.get(name, MISSING) for side in (before, mine, their)]
        found = _merge_stage(job, name, *sides)
        if found is not MISSING:
            stages[name] = found
    if stages or "stages" in values[1]:
        wanted["stages"] = stages
    if yamltext.dump(values[1]).encode() == ours:  # as DVC wrote it: so is the result
        order = [key for key in (*values[1], *wanted) if key in wanted]
        return yamltext.dump({key: wanted[key] for key in order}).encode()
    return threeway.write(yamltext.Document(ours), wanted)


def _merge_stage(job: _Job, name: str, base: Any, ours: Any, theirs: Any) -> Any:
    """Return what becomes of one stage's record, or MISSING."""
    if threeway.same(ours, theirs) or threeway.same(theirs, base):
        return ours
    if threeway.same(ours, base):
        return theirs
    if isinstance(ours, dict) and isinstance(theirs, dict):
        merged = _merge_stage_outs(job, base if isinstance(base, dict) else {}, ours, theirs)
        if merged is not None:
            return merged
    key = f"{job.source}:{name}"
    states = [None if side is MISSING else "" for side in (base, ours, theirs)]
    why = words(*states) if None in states else "run on both sides, with different outcomes"
    choice = job.choose(Conflict(key, why, STAGE))
    return {THEIRS: theirs, BASE: base}.get(choice, ours)


def _merge_stage_outs(
    job: _Job, base: dict[str, Any], ours: dict[str, Any], theirs: dict[str, Any]
) -> dict[str, Any] | None:
    """Merge two records of one run's directories, as stages that only add files have them.

    None unless both ran the same command on the same data, and no file differs.
    """
    rest = [{key: v for key, v in side.items() if key != "outs"} for side in (ours, theirs)]
    lists = [side.get("outs") or [] for side in (base, ours, theirs)]
    before, mine, their = ({item["path"]: item for item in side} for side in lists)
    if not threeway.same(*rest) or mine.keys() != their.keys():
        return None
    outs = []
    known = len(job.taken)
    for path, item in mine.items():
        if threeway.same(item, their[path]):
            outs.append(item)
            continue
        one, other = (
            pointer.out_from(side[path], f"outs: {path}", pointer.OUT_KEYS)
            for side in (mine, their)
        )
        found = before.get(path)
        old = pointer.out_from(found, f"outs: {path}", pointer.OUT_KEYS) if found else None
        if old is None or any(_why_whole(old, *pair)[0] for pair in ((one, other), (old, one))):
            del job.taken[known:]
            return None
        try:
            merged = _merge_directory(job, job.relpath(path), old, one, other, only_clean=True)
        except (GitDvcError, UnsafePathError):
            del job.taken[known:]
            return None
        outs.append(lockfile.entry(merged))
    return {**ours, "outs": outs}
