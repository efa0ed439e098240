"""All outputs tracked in a work tree or at a revision: pointer files in, outputs out.

Pure but for the ``read`` function that is passed in: the same code reads a work tree, the
index and any commit. A file that cannot be understood becomes a problem of its own and
does not stop the others.

Outputs of ``dvc.lock`` count as tracked data like those of pointer files; which of them are
cached stands in the ``dvc.yaml`` beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from git_dvc import hashing, relpaths
from git_dvc.errors import FormatError
from git_dvc.formats import pointer
from git_dvc.formats.pointer import Out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from git_dvc.formats import stages

LOCK_FILE = "dvc.lock"
STAGES_FILE = "dvc.yaml"
OLD_STAGE_FILE = "Dvcfile"
STAGE_FILES = (STAGES_FILE, OLD_STAGE_FILE)
SUFFIX = ".dvc"
OWN_NAMES = frozenset({LOCK_FILE, *STAGE_FILES, ".gitignore", ".dvcignore"})
"""Files that say what is tracked: what makes room for a stage must never be one of them."""


class TrackedOut(NamedTuple):
    """One output: where it is, what it should hold, and who says so.

    Attributes:
        relpath: Path relative to the project.
        out: As recorded; for a stage's output with the flags of its ``dvc.yaml``.
        source: The pointer or lock file, relative to the project.
        stage: Name of the stage in a lock file, else ''.
        imported: Whether a pointer with ``deps`` names it (``import``, ``import-url``).
        alone: Whether it is its pointer's only output.
        from_repo: Whether it was imported from another repository, which keeps its data.
        deps: Paths in the project that it was made from, relative to the project.
        origin: Of an import: the directory that its source's path starts at, and the source as
            the pointer has it.
        kind: ``outs``, ``metrics`` or ``plots``: the list of its stage that it stands in.
    """

    relpath: str
    out: Out
    source: str
    stage: str = ""
    imported: bool = False
    alone: bool = True
    from_repo: bool = False
    deps: tuple[str, ...] = ()
    origin: tuple[str, dict[str, Any]] | None = None
    kind: str = "outs"

    @property
    def is_dir(self) -> bool:
        """Whether a directory is recorded."""
        return self.out.hash is not None and hashing.is_dir(self.out.hash)

    @property
    def shown(self) -> str:
        """The path as it is shown: directories end in '/'."""
        return self.relpath + "/" if self.is_dir else self.relpath

    @property
    def stage_key(self) -> str:
        """The name ``status --json`` has for it: ``data.dvc`` or a stage's address."""
        if not self.stage:
            return self.source
        folder = self.source.rpartition("/")[0]
        return f"{folder}/{STAGES_FILE}:{self.stage}" if folder else self.stage

    @property
    def same_content(self) -> tuple[str | None, str]:
        """What must agree for two records to mean the same bytes."""
        return self.out.hash, self.out.hash_name


class Tracked(NamedTuple):
    """Everything tracked in one version.

    Attributes:
        outs: Outputs whose content git-dvc keeps, by path.
        uncached: Outputs recorded with ``cache: false``, by path.
        problems: Files, or outputs in them, that cannot be used.
        broken: The files that these problems are in.
        unplaced: Outputs of stages whose ``wdir`` cannot be resolved from what is at hand: their
            content is known, not their place; ``relpath`` holds the ``wdir`` as it is written.
    """

    outs: dict[str, TrackedOut]
    uncached: dict[str, TrackedOut]
    problems: list[FormatError]
    broken: set[str]
    unplaced: tuple[TrackedOut, ...] = ()

    def holder(self, relpath: str) -> TrackedOut | None:
        """Return the output that is ``relpath`` or a directory around it."""
        path = relpath
        while path:
            found = self.outs.get(path)
            if found is not None:
                return found
            path = path.rpartition("/")[0]
        return None

    def below(self, folder: str) -> list[TrackedOut]:
        """Return the outputs inside a directory, or at it, sorted."""
        return [self.outs[path] for path in sorted(self.outs) if relpaths.inside(path, folder)]


def is_pointer(path: str) -> bool:
    """Return whether a path is that of a pointer file, or of a stage file of an old version."""
    name = path.rpartition("/")[2]
    return (name.endswith(SUFFIX) and name != SUFFIX) or name == OLD_STAGE_FILE


def is_source(path: str) -> bool:
    """Return whether a path is that of a pointer or lock file."""
    return is_pointer(path) or path.rpartition("/")[2] == LOCK_FILE


def is_own(path: str) -> bool:
    """Return whether a path is that of a file that says what is tracked, pointer files aside."""
    return path.rpartition("/")[2] in OWN_NAMES


def collect(paths: Iterable[str], read: Callable[[str], bytes | None]) -> Tracked:
    """Return all outputs that these pointer and lock files name.

    Args:
        paths: Relative to the project.
        read: Returns a file's bytes, or None if it is not there (such a file is skipped).
    """
    unplaced: list[TrackedOut] = []
    tracked = Tracked({}, {}, [], set())
    for path in sorted(set(paths)):
        try:
            data = read(path)
            if data is None:
                continue
            if is_pointer(path):
                found = _from_pointer(path, data)
            else:
                found = _from_lock(path, data, read, unplaced)
        except FormatError as problem:
            tracked.problems.append(problem if problem.where else problem.at(path))
            tracked.broken.add(path)
            continue
        for item in found:
            if isinstance(item, FormatError):
                tracked.problems.append(item)
                tracked.broken.add(path)
            else:
                _add(tracked, item)
    _refuse_nested(tracked)
    return tracked._replace(unplaced=tuple(unplaced))


def _add(tracked: Tracked, item: TrackedOut) -> None:
    other = tracked.outs.get(item.relpath) or tracked.uncached.get(item.relpath)
    if other is not None:
        _refuse(tracked, item, f"{item.relpath}: {other.source} tracks it already")
        return
    (tracked.outs if item.out.cache else tracked.uncached)[item.relpath] = item


def _refuse_nested(tracked: Tracked) -> None:
    for path, item in list(tracked.outs.items()):
        parent = path.rpartition("/")[0]
        outer = tracked.holder(parent) if parent else None
        if outer is not None:
            del tracked.outs[path]
            _refuse(tracked, item, f"{path}: inside {outer.relpath}, which {outer.source} tracks")


def _refuse(tracked: Tracked, item: TrackedOut, why: str) -> None:
    tracked.problems.append(FormatError(why, item.source))
    tracked.broken.add(item.source)


def _from_pointer(path: str, data: bytes) -> list[TrackedOut | FormatError]:
    found = pointer.parse(data)
    folder = path.rpartition("/")[0]
    folder = relpaths.resolve_folder(folder, found.wdir)
    alone = len(found.outs) == 1
    is_import = bool(found.deps) and found.cmd is None
    return _outs(
        path,
        folder,
        found.outs,
        imported=is_import,
        alone=alone,
        from_repo=any("repo" in dep for dep in found.deps),
        deps=_deps(folder, (dep.get("path") for dep in found.deps if "repo" not in dep)),
        origin=(folder, found.deps[0]) if is_import and alone and len(found.deps) == 1 else None,
        kinds={out.path: kind for out, kind in zip(found.outs, found.kinds, strict=False)},
    )


def _from_lock(
    path: str, data: bytes, read: Callable[[str], bytes | None], unplaced: list[TrackedOut]
) -> list[TrackedOut | FormatError]:
    from git_dvc.formats import lockfile, stages

    recorded = lockfile.parse(data)
    folder = path.rpartition("/")[0]
    definitions = read(relpaths.join(folder, STAGES_FILE))
    if definitions is None:
        return []  # DVC, too, ignores a lock file that lost its dvc.yaml
    try:
        defined = stages.parse(definitions)
    except FormatError as problem:
        raise problem.at(relpaths.join(folder, STAGES_FILE)) from None
    found: list[TrackedOut | FormatError] = []
    resolved: dict[str, stages.Definition] | None = None
    for name, stage in recorded.items():
        definition = defined.definition(name)
        if definition is None:
            continue  # a stage that was removed from dvc.yaml
        look = defined
        if any(defined.is_open(name, out.path) for out in stage.outs):
            if resolved is None:
                resolved = _resolved(folder, definitions, read)
            if name in resolved:
                definition = resolved[name]
                look = stages.StagesFile(resolved)
        wdir = look.wdir(name)
        place = relpaths.resolve_folder(folder, wdir) if wdir is not None else definition.wdir
        outs = []
        kinds = {}
        for out in stage.outs:
            flags = look.out_flags(name, out.path)
            if flags is None:
                continue
            kinds[out.path] = flags.kind
            outs.append(
                out._replace(
                    cache=flags.cache, persist=flags.persist, push=flags.push, remote=flags.remote
                )
            )
        if wdir is None:
            unplaced += [
                TrackedOut(relpaths.join(place, out.path), out, path, name, kind=kinds[out.path])
                for out in outs
                if not out.versioned and out.cache and out.hash_name in hashing.ALGORITHMS
            ]
            continue
        deps = _deps(place, (dep.path for dep in stage.deps))
        found += _outs(path, place, outs, stage=name, deps=deps, kinds=kinds)
    return found


def _resolved(
    folder: str, data: bytes, read: Callable[[str], bytes | None]
) -> dict[str, stages.Definition]:
    """Return the stages of a ``dvc.yaml`` that can be resolved, without any ``${...}``."""
    from git_dvc.compare import values
    from git_dvc.formats import definitions, plainyaml, stages
    from git_dvc.pipeline.template import Template

    def lookup(path: str) -> Any:
        found = read(path)
        return None if found is None else values.parse(path, found)

    try:
        content = definitions.check(plainyaml.parse_shared(data))
        each = [one for one in Template(content, folder, lookup).stages() if one.definition]
        named = {one.name: one.definition for one in each}
        return stages.of_value({"stages": named}).definitions
    except FormatError:
        return {}


def _deps(folder: str, paths: Iterable[object]) -> tuple[str, ...]:
    """Return the paths among dependencies that lie in the project, relative to it."""
    found = []
    for path in paths:
        if isinstance(path, str) and not _is_external(path):
            try:
                found.append(relpaths.resolve(folder, path))
            except FormatError:
                continue  # outside of the project: nothing of ours
    return tuple(found)


def _outs(
    source: str,
    folder: str,
    outs: Iterable[Out],
    *,
    stage: str = "",
    imported: bool = False,
    alone: bool = True,
    from_repo: bool = False,
    deps: tuple[str, ...] = (),
    origin: tuple[str, dict[str, Any]] | None = None,
    kinds: Mapping[str, str] | None = None,
) -> list[TrackedOut | FormatError]:
    found: list[TrackedOut | FormatError] = []
    for out in outs:
        if out.versioned or out.hash_name not in hashing.ALGORITHMS or _is_external(out.path):
            continue
        try:
            relpath = relpaths.resolve(folder, out.path)
        except FormatError as problem:
            found.append(problem.at(source))
            continue
        kind = (kinds or {}).get(out.path, "outs")
        found.append(
            TrackedOut(relpath, out, source, stage, imported, alone, from_repo, deps, origin, kind)
        )
    return found


def _is_external(path: str) -> bool:
    """Return whether an output lies outside of any project (a URL or an absolute path)."""
    return path.startswith("/") or "://" in path
