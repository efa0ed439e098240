"""All stages of a project, from its files: ``dvc.yaml`` with ``dvc.lock``, pointer files.

Pure but for the ``read`` function that is passed in: the same code reads a work tree and any
commit. What cannot be understood becomes a problem of its own and does not stop the others: a
file that breaks a rule of the format takes its stages with it, a stage whose ``${...}`` cannot
be resolved only itself.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from git_dvc import relpaths
from git_dvc.errors import FormatError
from git_dvc.formats import definitions, lockfile, plainyaml, pointer, stagefile
from git_dvc.formats.lockfile import LockStage
from git_dvc.formats.pointer import Out, shown_key
from git_dvc.formats.stages import Flags
from git_dvc.pipeline.stage import Dep, Params, Stage, StageOut
from git_dvc.pipeline.template import DEFAULT_PARAMS, Parsing, Resolved, Template, Values
from git_dvc.tracked import LOCK_FILE, STAGES_FILE, is_pointer

Read = Callable[[str], bytes | None]


class Content:
    """A ``dvc.yaml``, checked.

    Args:
        path: Relative to the project.
        data: What it holds.
        values: Reads files of values, by path relative to the project; None for no file.
        parsing: How mappings become options in commands.

    Raises:
        FormatError: ``field: what is wrong``.
    """

    def __init__(self, path: str, data: bytes, values: Values, parsing: Parsing) -> None:
        self.path = path
        self.folder = path.rpartition("/")[0]
        self.value = parse(data)
        self._is_plain = b"${" not in data
        self._values = values
        self._parsing = parsing
        self._template: Template | None = None

    def _opened(self) -> Template:
        if self._template is None:
            self._template = Template(self.value, self.folder, self._values, self._parsing)
        return self._template

    def stages(self) -> Iterator[Resolved]:
        """Yield the stages without any ``${...}``.

        Raises:
            FormatError: What ``${...}`` is looked up in cannot be used.
        """
        listed = self.value.get("stages", {})
        if self._is_plain and "vars" not in self.value:
            special = ("foreach", "matrix", "vars")
            if not any(key in one for one in listed.values() for key in special):
                return (Resolved(name, "", one) for name, one in listed.items())
        return self._opened().stages()

    def section(self, key: str) -> Any:
        """Return ``params``, ``metrics``, ``plots``, ``artifacts`` or ``datasets``; None if absent.

        Raises:
            FormatError: It cannot be resolved.
        """
        try:
            value = self.value.get(key)
            if value is None or self._is_plain:
                return value
            value = self._opened().section(key)
            return definitions.check({key: value})[key]
        except FormatError as problem:
            raise problem if problem.where else problem.at(self.path) from None


class Stages(NamedTuple):
    """Every stage of a project.

    Attributes:
        stages: By address, in the order of the files' names and of each file.
        problems: What cannot be used: files, stages.
        groups: By address of a definition that generates stages, the addresses of these.
        broken: What is wrong with a stage that cannot be used, by its address.
        files: Every file that was read, with the first thing that is wrong in it.
        contents: Every ``dvc.yaml`` that is one, for what stands at its top.
        root: The project's directory, where targets that are absolute paths start.
    """

    stages: dict[str, Stage]
    problems: list[FormatError]
    groups: dict[str, tuple[str, ...]]
    broken: dict[str, FormatError]
    files: dict[str, FormatError | None]
    contents: dict[str, Content]
    root: str = ""

    def of_file(self, source: str) -> list[Stage]:
        """Return the stages of a file, in its order."""
        return [stage for stage in self.stages.values() if stage.source == source]

    def makers(self) -> dict[str, Stage]:
        """Return the stages by the path of what they make, relative to the project."""
        return {
            out.relpath: stage
            for stage in self.stages.values()
            for out in stage.outs
            if out.relpath is not None
        }


def load(
    paths: Iterable[str],
    read: Read,
    *,
    parsing: Parsing = Parsing(),  # noqa: B008 - it cannot change
    root: str = "",
) -> Stages:
    """Return the stages that these files define.

    Args:
        paths: ``dvc.yaml`` and pointer files, relative to the project; others are passed over.
        read: Returns a file's bytes, or None if it is not there.
        parsing: How mappings become options in commands.
        root: See ``Stages``.
    """
    found = Stages({}, [], {}, {}, {}, {}, root)
    values = _Values(read)
    for path in sorted(set(paths)):
        try:
            data = read(path)
            if data is None:
                continue
            found.files[path] = None
            if is_pointer(path):
                found.stages[path] = of_pointer(path, data)
            elif path.rpartition("/")[2] == STAGES_FILE:
                content = Content(path, data, values, parsing)
                found.contents[path] = content
                _add_file(found, content, read)
        except FormatError as problem:
            _add_problem(found, path, problem)
    return found


def address(source: str, name: str) -> str:
    """Return the name that people use for a stage of a ``dvc.yaml``."""
    return name if source == STAGES_FILE else f"{source}:{name}"


def _add_problem(found: Stages, source: str, problem: FormatError, *names: str) -> None:
    problem = problem if problem.where else problem.at(source)
    found.problems.append(problem)
    if found.files.get(source) is None:
        found.files[source] = problem
    for name in filter(None, names):
        found.broken.setdefault(address(source, name), problem)


# --- dvc.yaml


class _Values:
    """Files of values, each read once."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._known: dict[str, Any] = {}

    def __call__(self, path: str) -> Any:
        if path not in self._known:
            from git_dvc.compare import values

            data = self._read(path)
            self._known[path] = None if data is None else values.parse(path, data)
        return self._known[path]


def _add_file(found: Stages, content: Content, read: Read) -> None:
    path = content.path
    lock = relpaths.join(content.folder, LOCK_FILE)
    recorded: dict[str, LockStage] = {}
    try:
        locked = read(lock)
        if locked is not None:
            recorded = lockfile.parse(locked)
    except FormatError as problem:
        raise problem if problem.where else problem.at(lock) from None
    groups: dict[str, list[str]] = {}
    for one in content.stages():
        try:
            if one.problem is not None:
                raise one.problem
            stage = build(one, path, recorded.get(one.name))
        except FormatError as problem:
            _add_problem(found, path, problem, one.name)
            if one.group:
                found.broken.setdefault(
                    address(path, one.group), found.broken[address(path, one.name)]
                )
        else:
            found.stages[stage.address] = stage
            if one.group:
                groups.setdefault(address(path, one.group), []).append(stage.address)
    found.groups.update((name, tuple(each)) for name, each in groups.items())


def parse(data: bytes) -> dict[str, Any]:
    """Return the content of a ``dvc.yaml``, checked.

    Raises:
        FormatError: ``field: what is wrong``.
    """
    pointer.check_conflicts(data)
    return definitions.check(plainyaml.parse_shared(data))


def build(one: Resolved, source: str, recorded: LockStage | None = None) -> Stage:
    """Return a stage.

    Args:
        one: As it is defined.
        source: The ``dvc.yaml``, relative to the project.
        recorded: What it last used and made.

    Raises:
        FormatError: Something is not what it may be, or a path leads where it must not.
    """
    folder = source.rpartition("/")[0]
    field = f"stages.{shown_key(one.name)}"
    definition = definitions.check_stage(one.definition, field)
    wdir = relpaths.resolve_folder(folder, definition.get("wdir", "."), field=f"{field}.wdir")
    cmd = definition["cmd"]
    return Stage(
        name=one.name,
        source=source,
        wdir=wdir,
        cmd=command_lines(cmd),
        deps=tuple(
            Dep(path, _inside(wdir, path)) for path in dict.fromkeys(definition.get("deps", ()))
        ),
        params=tuple(
            Params(file, _inside(wdir, file), keys)
            for file, keys in _params(definition.get("params", ())).items()
        ),
        outs=tuple(_outs(definition, wdir, field)),
        frozen=definition.get("frozen", False),
        always_changed=definition.get("always_changed", False),
        desc=definition.get("desc"),
        meta=definition.get("meta"),
        written_cmd=cmd,
        recorded=recorded,
        group=one.group,
        variables=tuple(
            Params(posixpath.relpath(path, folder or "."), path, keys)
            for path, keys in one.used.items()
        ),
    )


def command_lines(cmd: str | list[str]) -> tuple[str, ...]:
    """Return what is run one after the other: items of a list whole, a text by lines."""
    lines = cmd if isinstance(cmd, list) else cmd.splitlines()
    return tuple(line for line in lines if line.strip())


def is_external(path: str) -> bool:
    """Return whether a path is absolute, or a URL."""
    return path.startswith("/") or "://" in path


def _inside(folder: str, path: str) -> str | None:
    """Return a path that a stage reads, relative to the project; None if it lies outside."""
    if is_external(path):
        return None
    try:
        return relpaths.resolve(folder, path)
    except FormatError:
        is_top = posixpath.normpath(posixpath.join(folder or ".", path)) == "."
        return "" if is_top else None


def _params(listed: Iterable[str | dict[str, list[str] | None]]) -> dict[str, tuple[str, ...]]:
    """Return the keys by file; none where all of the file was asked for somewhere."""
    files: dict[str, dict[str, None] | None] = {}
    for item in listed:
        wanted = item.items() if isinstance(item, dict) else [(DEFAULT_PARAMS, [item])]
        for file, keys in wanted:
            before = files.setdefault(file, {})
            if not keys:
                files[file] = None
            elif before is not None:
                before.update(dict.fromkeys(keys))
    return {file: tuple(keys or ()) for file, keys in files.items()}


def _outs(definition: Mapping[str, Any], wdir: str, field: str) -> Iterator[StageOut]:
    for kind in ("outs", "metrics", "plots"):
        for number, item in enumerate(definition.get(kind, ())):
            at = f"{field}.{kind}[{number}]"
            flagged = item.items() if isinstance(item, dict) else [(item, {})]
            for path, flags in flagged:
                relpath = None if is_external(path) else relpaths.resolve(wdir, path, field=at)
                yield StageOut(path, relpath, _flags(flags, kind))


def _flags(found: Any, kind: str) -> Flags:
    plots: tuple[dict[str, Any], ...] = ()
    if kind == "plots":
        each = found if isinstance(found, list) else [found]
        props = [{k: v for k, v in one.items() if k in definitions.PLOT_PROPS} for one in each]
        plots = tuple(one for one in props if one)
        found = {key: value for one in each for key, value in one.items()}
    return Flags(
        cache=found.get("cache", True),
        persist=found.get("persist", False),
        remote=found.get("remote"),
        push=found.get("push", True),
        kind=kind,
        plots=plots,
        notes={key: found[key] for key in definitions.NOTES if key in found} or None,
    )


# --- pointer files


def of_pointer(path: str, data: bytes) -> Stage:
    """Return the stage that a pointer file or a stage file of an old version is.

    Raises:
        FormatError: It cannot be used.
    """
    found = pointer.parse(data)
    wdir = relpaths.resolve_folder(path.rpartition("/")[0], found.wdir)
    deps, params = [], []
    recorded: dict[str, Mapping[str, Any]] = {}
    for number, dep in enumerate(found.deps):
        at = dep.get("path")
        if not isinstance(at, str) or not at:
            raise FormatError(f"deps[{number}].path: expected text, found {pointer.shown(at)}")
        if "params" in dep:
            keys = dep["params"] or ()
            params.append(Params(at, _inside(wdir, at), tuple(map(str, keys))))
            if isinstance(keys, dict):
                recorded[at] = keys
        else:
            deps.append(Dep(at, None if "repo" in dep else _inside(wdir, at)))
    kinds = found.kinds or ("outs",) * len(found.outs)
    lines = [(dep, number) for number, dep in enumerate(found.deps) if "params" not in dep]
    record: LockStage | None = LockStage(
        name="",
        cmd=found.cmd or "",
        outs=found.outs,
        deps=tuple(_dep(dep, number) for dep, number in lines),
        params=recorded,
    )
    if found.cmd is not None and record is not None:
        record = stagefile.as_recorded(data, found, record)
    return Stage(
        name="",
        source=path,
        wdir=wdir,
        cmd=command_lines(found.cmd or ""),
        deps=tuple(deps),
        params=tuple(params),
        outs=tuple(
            _pointer_out(out, kind, wdir, number)
            for number, (out, kind) in enumerate(zip(found.outs, kinds, strict=True))
        ),
        frozen=found.frozen,
        always_changed=found.always_changed,
        desc=found.desc,
        meta=found.meta,
        written_cmd=found.cmd,
        recorded=record,
    )


def _dep(value: Mapping[str, Any], number: int) -> Out:
    found = {key: item for key, item in value.items() if key not in ("repo", "db", "fs_config")}
    return pointer.out_from(found, f"deps[{number}]", pointer.DEP_KEYS)


def _pointer_out(out: Out, kind: str, wdir: str, number: int) -> StageOut:
    at = f"outs[{number}].path"
    relpath = None if is_external(out.path) else relpaths.resolve(wdir, out.path, field=at)
    flags = Flags(out.cache, out.persist, out.remote, out.push, kind)
    return StageOut(out.path, relpath, flags)
