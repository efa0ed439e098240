"""The lock file ``dvc.lock``: what each stage of the ``dvc.yaml`` beside it last used and made.

DVC writes it and nobody edits it by hand::

    schema: '2.0'
    stages:
      train:
        cmd: python3 train.py
        deps:
        - path: in.csv
          hash: md5
          md5: 3ecfad755fa825f7a17c5526ec44e651
          size: 4
        params:
          params.yaml:
            seed: 42
        outs:
        - path: model.bin
          hash: md5
          md5: b8b3cf01881bda3535438769b0eeb56a
          size: 43

The outs are tracked data like those of pointer files. Which of them are cached, and the
directory that paths start from, stand in ``dvc.yaml`` only (``stages.py``). A generated
stage has its full name here: ``train@de``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from git_dvc.errors import FormatError
from git_dvc.formats import plainyaml, pointer
from git_dvc.formats.pointer import Out

SCHEMA = "2.0"

_TOP_KEYS = frozenset({"schema", "stages", "datasets"})
_STAGE_KEYS = frozenset({"cmd", "deps", "params", "outs"})
_ENTRY_KEYS = pointer.OUT_KEYS - frozenset(
    {"persist", "cache", "remote", "push", "fs_config", "desc", "type", "labels", "meta"}
) | frozenset({"dataset"})


class LockStage(NamedTuple):
    """One stage's record.

    Attributes:
        name: As in ``dvc.yaml``, with ``@key`` for a generated one.
        cmd: The command after interpolation: text, or a list of texts.
        outs: Content and paths only: the flags are not recorded here.
        deps: Likewise.
        params: By file, then by dotted key.
    """

    name: str
    cmd: str | list[Any]
    outs: tuple[Out, ...] = ()
    deps: tuple[Out, ...] = ()
    params: Mapping[str, Mapping[str, Any]] = {}


def parse(data: bytes, *, max_bytes: int = pointer.MOST_BYTES) -> dict[str, LockStage]:
    """Return the stages by name, in the order of the file.

    Raises:
        FormatError: ``field: what is wrong``.
    """
    pointer.check_conflicts(data)
    top = pointer.mapping(plainyaml.parse_shared(data, max_bytes=max_bytes), "", _TOP_KEYS)
    if top.get("schema") != SCHEMA:
        raise FormatError(f"schema: expected '{SCHEMA}', found {pointer.shown(top.get('schema'))}")
    stages = top.get("stages")
    if stages is None:
        return {}
    if not isinstance(stages, dict):
        raise FormatError(f"stages: expected a mapping, found {pointer.shown(stages)}")
    return {name: stage_from(name, value) for name, value in stages.items()}


def stage_from(name: object, value: object) -> LockStage:
    """Return one stage from its value under ``stages``; errors as ``parse``."""
    if not isinstance(name, str):
        raise FormatError(f"stages: expected a name, found {pointer.shown(name)}")
    field = f"stages.{pointer.shown_key(name)}"
    found = pointer.mapping(value, field, _STAGE_KEYS)
    cmd = found.get("cmd")
    if not isinstance(cmd, (str, list)):
        raise FormatError(f"{field}.cmd: expected text or a list, found {pointer.shown(cmd)}")
    return LockStage(
        name=name,
        cmd=cmd,
        outs=_entries(found, "outs", field),
        deps=_entries(found, "deps", field),
        params=_params(found.get("params"), f"{field}.params"),
    )


def _entries(found: Mapping[str, Any], key: str, field: str) -> tuple[Out, ...]:
    return tuple(
        pointer.out_from(item, f"{field}.{key}[{number}]", _ENTRY_KEYS)
        for number, item in enumerate(pointer.sequence(found.get(key), f"{field}.{key}"))
    )


def _params(value: object, field: str) -> dict[str, dict[str, Any]]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise FormatError(f"{field}: expected a mapping, found {pointer.shown(value)}")
    for name, params in value.items():
        if not isinstance(name, str) or not isinstance(params, dict):
            raise FormatError(f"{field}: expected mappings by file name")
    return value


def entry(out: Out) -> dict[str, Any]:
    """Return an out or a dep as DVC records it here, keys in DVC's order."""
    found = pointer.content_keys(out)
    first: dict[str, Any] = {"path": out.path}
    if out.hash_name in ("etag", "checksum"):
        first["hash"] = "md5"  # DVC's mark of its own version, whatever the server's name is for it
    elif "hash" in found:
        first["hash"] = found.pop("hash")
    return first | found


def dump(stages: Iterable[LockStage]) -> bytes:
    """Return a new lock file, as DVC writes it."""
    from git_dvc.formats import yamltext

    top: dict[str, Any] = {"schema": SCHEMA}
    found = {stage.name: stage_value(stage) for stage in stages}
    if found:
        top["stages"] = found
    return yamltext.dump(top).encode()


def stage_value(stage: LockStage) -> dict[str, Any]:
    """Return a stage as a mapping in DVC's order: lists sorted by path, empty ones left out."""
    found: dict[str, Any] = {"cmd": stage.cmd}
    if stage.deps:
        found["deps"] = [entry(dep) for dep in sorted(stage.deps, key=lambda dep: dep.path)]
    if stage.params:
        files = sorted(stage.params, key=lambda name: (name != "params.yaml", name))
        found["params"] = {
            name: {key: stage.params[name][key] for key in sorted(stage.params[name])}
            for name in files
        }
    if stage.outs:
        found["outs"] = [entry(out) for out in sorted(stage.outs, key=lambda out: out.path)]
    return found


def update(data: bytes, stage: str, path: str, out: Out) -> bytes:
    """Return ``data`` with new content recorded for one out; all else byte for byte.

    Args:
        data: The lock file as it is.
        stage: The stage's name.
        path: Which out: its path as written.
        out: The new content; other fields than hash, size, nfiles and isexec are not used.

    Raises:
        FormatError: The file is not valid or has no such out.
    """
    return update_all(data, {(stage, path): out})


def update_all(data: bytes, outs: Mapping[tuple[str, str], Out]) -> bytes:
    """Return ``data`` with new content for several outs, by (stage, path), read once."""
    from git_dvc.formats import yamltext

    stages = parse(data)
    places = {}
    for name, path in outs:
        known = stages.get(name)
        numbers = [n for n, found in enumerate(known.outs) if found.path == path] if known else []
        if not numbers:
            raise FormatError(
                f"stages.{pointer.shown_key(name)}: no out with the path {pointer.shown(path)}"
            )
        places[name, path] = numbers[0]
    if dump(stages.values()) == data:  # as DVC wrote it: much the quicker way
        for (name, path), out in outs.items():
            found = list(stages[name].outs)
            found[places[name, path]] = out._replace(path=path)
            stages[name] = stages[name]._replace(outs=tuple(found))
        return dump(stages.values())
    document = yamltext.Document(data)
    for (name, path), out in outs.items():
        at = ("stages", name, "outs", places[name, path])
        pointer.set_content(document, at, out)
    return document.dump()


def set_stage(data: bytes | None, stage: LockStage) -> bytes:
    """Return ``data`` with one stage's record replaced, or added at the end.

    Args:
        data: The lock file as it is; None if there is none yet.
        stage: The new record.
    """
    if data is None:
        return dump([stage])
    from git_dvc.formats import yamltext

    known = parse(data)
    document = yamltext.Document(data)
    if known or isinstance(document.value.get("stages"), dict):
        document.set(("stages", stage.name), stage_value(stage))
    else:
        document.set(("stages",), {stage.name: stage_value(stage)})
    return document.dump()


class LockText:
    """A lock file that gets one record after another, each without reading all the others anew.

    Args:
        data: The file as it is; None if there is none yet.

    Raises:
        FormatError: It cannot be understood.

    Attributes:
        data: The file as it is to be.
    """

    def __init__(self, data: bytes | None) -> None:
        self.data = data
        self._parts: dict[str, str] | None = {}
        self._added: dict[str, int] = {}
        if data is not None:
            self._parts = {stage.name: _part(stage) for stage in parse(data).values()}
            if self._joined() != data:  # comments, or another hand than DVC's
                self._parts = None

    def set(self, stage: LockStage, rank: int = 0) -> None:
        """Replace a stage's record, or add it at the end.

        Args:
            stage: The record.
            rank: A new record stands before those that were added here with a higher one.
        """
        if self._parts is None:
            self.data = set_stage(self.data, stage)
            return
        if stage.name not in self._parts:
            self._make_room(stage.name, rank)
        self._parts[stage.name] = _part(stage)
        self.data = self._joined()

    def _make_room(self, name: str, rank: int) -> None:
        parts = self._parts or {}
        later = [other for other in parts if self._added.get(other, rank) > rank]
        self._added[name] = rank
        parts[name] = ""
        for other in later:
            parts[other] = parts.pop(other)

    def _joined(self) -> bytes:
        parts = "".join((self._parts or {}).values())
        stages = f"stages:\n{parts}" if parts else ""
        return f"schema: '{SCHEMA}'\n{stages}".encode()


def _part(stage: LockStage) -> str:
    """Return the lines of a stage."""
    from git_dvc.formats.yamltext import writing

    return "".join(f"{line}\n" for line in writing.entry(stage.name, stage_value(stage), 2))


def remove_stage(data: bytes, stage: str) -> bytes | None:
    """Return ``data`` without a stage; None if nothing is left and the file should go.

    A stage that is not there changes nothing.
    """
    from git_dvc.formats import yamltext

    stages = parse(data)
    if stage not in stages:
        return data
    if len(stages) == 1:
        return None
    document = yamltext.Document(data)
    document.delete(("stages", stage))
    return document.dump()
