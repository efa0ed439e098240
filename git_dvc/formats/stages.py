"""Stage definitions in ``dvc.yaml``, as far as tracked data needs them.

``dvc.lock`` records what a stage made; how each output is treated stands here::

    stages:
      train:
        cmd: python3 train.py
        wdir: src
        outs:
        - model.bin
        - log.txt:
            cache: false
        metrics:
        - scores.json:
            cache: false

A definition with ``foreach`` or ``matrix`` makes stages named ``train@key``, and any text
may hold ``${...}``. Resolving these is the pipeline's business (``pipeline/template.py``);
here ``${...}`` matches anything, except where the key of the generated name already says
what it stands for.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from git_dvc.errors import FormatError
from git_dvc.formats import plainyaml, pointer

_TEMPLATE = re.compile(r"(\\)?\$\{([^}]*)\}")
_OUT_LISTS = ("outs", "metrics", "plots")


class Flags(NamedTuple):
    """How a stage's output is treated.

    Attributes:
        cache: Whether its content is stored.
        persist: Whether it stays in place when the stage runs again.
        remote: The only remote it goes to, or None.
        push: Whether it is ever pushed.
        kind: ``outs``, ``metrics`` or ``plots``: the list it stands in.
        plots: Of a plot, how it is drawn: ``x``, ``y``, ``template``, ...; several for several
            curves. Filled in by ``pipeline/loading.py`` alone, as is ``notes``.
        notes: ``desc``, ``type``, ``labels`` and ``meta``; None if it has none of these.
    """

    cache: bool = True
    persist: bool = False
    remote: str | None = None
    push: bool = True
    kind: str = "outs"
    plots: tuple[dict[str, Any], ...] = ()
    notes: dict[str, Any] | None = None


class Definition(NamedTuple):
    """One entry under ``stages``.

    Attributes:
        name: As written.
        group: Whether it makes stages named ``name@key``.
        item: Whether ``${item}`` is that key: a ``foreach`` over plain values.
        key: Whether ``${key}`` is that key: a ``foreach`` over a mapping.
        wdir: As written; ``.`` if absent.
        frozen: Whether it is never run again by itself.
        outs: Paths as written, with their flags.
    """

    name: str
    group: bool
    item: bool
    key: bool
    wdir: str
    frozen: bool
    outs: tuple[tuple[str, Flags], ...]


class StagesFile(NamedTuple):
    """A ``dvc.yaml``; stages are asked for by their names in ``dvc.lock``."""

    definitions: dict[str, Definition]

    def definition(self, stage: str) -> Definition | None:
        """Return what defines a stage (``train`` or ``train@key``), or None."""
        plain = self.definitions.get(stage)
        if plain is not None and not plain.group:
            return plain
        name, at, _ = stage.partition("@")
        found = self.definitions.get(name)
        return found if found is not None and found.group and at else None

    def out_flags(self, stage: str, path: str) -> Flags | None:
        """Return how the out that ``dvc.lock`` records under ``path`` is treated.

        None if ``dvc.yaml`` has no such stage or the stage no such out.
        """
        found = self.definition(stage)
        if found is None:
            return None
        best: tuple[int, Flags] | None = None
        for written, flags in found.outs:
            pieces = _pieces(written, found, stage)
            if len(pieces) == 1:
                if posixpath.normpath(pieces[0]) == posixpath.normpath(path):
                    return flags
            elif _matches(pieces, path):
                known = sum(map(len, pieces))
                if best is None or known > best[0]:
                    best = known, flags
        return best[1] if best else None

    def is_open(self, stage: str, path: str) -> bool:
        """Return whether only resolving templates tells where and what an out is."""
        found = self.definition(stage)
        if found is None:
            return False
        if len(_pieces(found.wdir, found, stage)) > 1:
            return True
        kinds = set()
        for written, flags in found.outs:
            pieces = _pieces(written, found, stage)
            if len(pieces) == 1:
                if posixpath.normpath(pieces[0]) == posixpath.normpath(path):
                    return False
            elif _matches(pieces, path):
                kinds.add(flags[:5])
        return len(kinds) > 1

    def wdir(self, stage: str) -> str | None:
        """Return the directory that a stage's paths start from, relative to ``dvc.yaml``.

        None if there is no such stage, or if it depends on a template that only the
        pipeline can resolve.
        """
        found = self.definition(stage)
        if found is None:
            return None
        pieces = _pieces(found.wdir, found, stage)
        return pieces[0] if len(pieces) == 1 else None

    def frozen(self, stage: str) -> bool:
        """Return whether a stage is frozen; False if there is no such stage."""
        found = self.definition(stage)
        return found is not None and found.frozen


def _pieces(text: str, found: Definition, stage: str) -> list[str]:
    """Return the text between the templates that could be anything."""
    key = stage.partition("@")[2]
    pieces = [""]
    last = 0
    for match in _TEMPLATE.finditer(text):
        pieces[-1] += text[last : match.start()]
        last = match.end()
        expression = match[2].strip()
        if match[1]:
            pieces[-1] += match[0][1:]
        elif (expression == "item" and found.item) or (expression == "key" and found.key):
            pieces[-1] += key
        else:
            pieces.append("")
    pieces[-1] += text[last:]
    return pieces


def _matches(pieces: list[str], path: str) -> bool:
    """Return whether ``path`` is the pieces with anything in between, in linear time."""
    first, *middle, last = pieces
    if not path.startswith(first) or len(path) < len(first) + len(last):
        return False
    at, end = len(first), len(path) - len(last)
    for piece in middle:
        at = path.find(piece, at, end)
        if at == -1:
            return False
        at += len(piece)
    return path.endswith(last)


def parse(data: bytes) -> StagesFile:
    """Return the stage definitions of a ``dvc.yaml``.

    Keys that do not concern tracked data are not looked at.

    Raises:
        FormatError: ``field: what is wrong``.
    """
    pointer.check_conflicts(data)
    return of_value(plainyaml.parse_shared(data))


def of_value(value: object) -> StagesFile:
    """Return the stage definitions of what a ``dvc.yaml`` holds; errors as ``parse``."""
    if value is None:
        return StagesFile({})
    stages = _mapping(value, "file").get("stages")
    if stages is None:
        return StagesFile({})
    found = {}
    for name, stage in _mapping(stages, "stages").items():
        if not isinstance(name, str):
            raise FormatError(f"stages: expected a name, found {pointer.shown(name)}")
        found[name] = _definition(name, stage)
    return StagesFile(found)


def _mapping(value: object, field: str) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise FormatError(f"{field}: expected a mapping, found {pointer.shown(value)}")
    return value


def _definition(name: str, value: object) -> Definition:
    field = f"stages.{pointer.shown_key(name)}"
    stage = _mapping(value, field)
    items = stage.get("foreach")
    if "foreach" in stage or "do" in stage:
        stage = _mapping(stage.get("do"), f"{field}.do")
    wdir = stage.get("wdir", ".")
    if not isinstance(wdir, str):
        raise FormatError(f"{field}.wdir: expected text, found {pointer.shown(wdir)}")
    return Definition(
        name=name,
        group=items is not None or "matrix" in stage,
        item=isinstance(items, list) and not any(isinstance(item, (list, dict)) for item in items),
        key=isinstance(items, dict),
        wdir=wdir,
        frozen=pointer.flag(stage, "frozen", field, default=False),
        outs=tuple(
            found
            for kind in _OUT_LISTS
            for number, item in enumerate(pointer.sequence(stage.get(kind), f"{field}.{kind}"))
            for found in _outs(item, kind, f"{field}.{kind}[{number}]")
        ),
    )


def _outs(item: object, kind: str, field: str) -> Iterator[tuple[str, Flags]]:
    if isinstance(item, str):
        yield item, Flags(kind=kind)
        return
    for path, value in _mapping(item, field).items():
        if not isinstance(path, str):
            raise FormatError(f"{field}: expected a path, found {pointer.shown(path)}")
        # A plot may have a list of property mappings; only the first can hold flags.
        flags = value[0] if kind == "plots" and isinstance(value, list) and value else value
        yield path, _flags({} if flags is None else _mapping(flags, field), kind, field)


def _flags(found: dict[Any, Any], kind: str, field: str) -> Flags:
    remote = found.get("remote")
    if remote is not None and not isinstance(remote, str):
        raise FormatError(f"{field}.remote: expected text, found {pointer.shown(remote)}")
    return Flags(
        cache=pointer.flag(found, "cache", field, default=True),
        persist=pointer.flag(found, "persist", field, default=False),
        remote=remote,
        push=pointer.flag(found, "push", field, default=True),
        kind=kind,
    )


def remove_stage(data: bytes, name: str) -> bytes | None:
    """Return ``data`` without a stage, all else byte for byte.

    None if no stage is left and there is nothing else in the file: it should go then. A
    stage that is not there changes nothing.

    Raises:
        FormatError: The file is not valid, or ``name`` is one of a generated group, which
            has no text of its own.
    """
    found = parse(data)
    definition = found.definition(name) or found.definitions.get(name)
    if definition is None:
        return data
    if definition.name != name:
        raise FormatError(f"stages.{definition.name}: makes several stages, {name!r} is one")
    from git_dvc.formats import yamltext

    document = yamltext.Document(data)
    if len(found.definitions) > 1:
        document.delete(("stages", name))
    elif len(document.value) > 1:
        document.delete(("stages",))
    else:
        return None
    return document.dump()


def set_out_path(data: bytes, stage: str, old: str, new: str) -> bytes:
    """Return ``data`` with the path of one of a stage's outs changed.

    Raises:
        FormatError: No such stage or out.
    """
    from git_dvc.formats import yamltext

    document = yamltext.Document(data)
    definition = parse(data).definition(stage)
    if definition is not None and not definition.group:
        value = document.value["stages"][stage]
        for kind in _OUT_LISTS:
            for number, item in enumerate(value.get(kind) or []):
                at = ("stages", stage, kind, number)
                if item == old:
                    document.set(at, new)
                    return document.dump()
                if isinstance(item, dict) and old in item:
                    document.set(at, {new if key == old else key: v for key, v in item.items()})
                    return document.dump()
    raise FormatError(f"stages.{pointer.shown_key(stage)}: no out with the path {old[:60]!r}")
