"""The text of stages in ``dvc.yaml``: new ones, changed ones, the rest byte for byte as it was.

``stage add`` writes what DVC writes for the same command line: keys in this order, paths
sorted, the keys of ``params.yaml`` first::

    stages:
      train:
        desc: what people say of it
        cmd: python train.py
        wdir: src
        deps:
        - data.csv
        params:
        - lr
        - other.toml:
          - seed
        outs:
        - model.bin
        - log:
            cache: false
            persist: true
        metrics:
        - scores.json:
            cache: false
        always_changed: true

What a ``dvc.yaml`` means is ``formats/stages.py``.
"""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from git_dvc.errors import FormatError
from git_dvc.formats import pointer
from git_dvc.formats.stages import Flags

PARAMS_FILE = "params.yaml"
NOT_IN_NAMES = frozenset(string.punctuation) - {"-", "_"}
"""What cannot stand in a stage's name: ``@`` and ``:`` have a meaning in targets, as others may."""

_OUT_LISTS = ("outs", "metrics", "plots")
_NOTES = ("desc", "type", "labels", "meta")
_KEPT = (*_NOTES, "remote", "push")
"""Flags of an out that no option of ``stage add`` sets; they outlive ``--force``."""


class Definition(NamedTuple):
    """A stage to be written; paths as they stand there, relative to its ``wdir``.

    Attributes:
        cmd: The command line, or several.
        wdir: Where it runs, relative to the file; '' for the file's own directory.
        deps: What it reads.
        params: Keys by file; none for all of the file.
        outs: What it makes, and how that is treated.
        always_changed: Whether it runs each time.
        desc: What people say of it.
    """

    cmd: str | Sequence[str]
    wdir: str = ""
    deps: Sequence[str] = ()
    params: Mapping[str, Sequence[str]] = {}
    outs: Sequence[tuple[str, Flags]] = ()
    always_changed: bool = False
    desc: str | None = None


def is_name(name: str) -> bool:
    """Return whether a stage can be called this."""
    return bool(name.strip()) and name.isprintable() and not NOT_IN_NAMES & set(name)


def value(stage: Definition, old: object = None) -> dict[str, Any]:
    """Return a stage as it stands in ``dvc.yaml``.

    Args:
        stage: What it is to be.
        old: The value it takes the place of: notes in it that no option sets are kept.
    """
    before: Mapping[str, Any] = old if isinstance(old, dict) else {}
    found = {
        "desc": stage.desc or before.get("desc"),
        "cmd": stage.cmd if isinstance(stage.cmd, str) else list(stage.cmd),
        "wdir": stage.wdir,
        "deps": sorted(set(stage.deps)),
        "params": _params(stage.params),
        **_outs(stage.outs, before),
        "always_changed": stage.always_changed,
        "meta": before.get("meta"),
    }
    return {key: item for key, item in found.items() if item}


def _params(params: Mapping[str, Sequence[str]]) -> list[Any]:
    found: list[Any] = []
    for path in sorted(params):
        keys = sorted(set(params[path]))
        if keys and path == PARAMS_FILE:
            found = [*keys, *found]
        else:
            found.append({path: keys or None})
    return found


def _outs(outs: Sequence[tuple[str, Flags]], before: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, list[Any]] = {kind: [] for kind in _OUT_LISTS}
    known = _old_flags(before)
    for path, flags in sorted(outs, key=lambda out: out[0]):
        kept = {key: item for key, item in known.get(path, {}).items() if key in _KEPT}
        written: dict[str, Any] = {key: kept[key] for key in _NOTES if key in kept}
        if not flags.cache:
            written["cache"] = False
        if flags.persist:
            written["persist"] = True
        if kept.get("remote"):
            written["remote"] = kept["remote"]
        if kept.get("push") is False:
            written["push"] = False
        found[flags.kind].append({path: written} if written else path)
    return dict(found)


def _old_flags(before: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the flags of a stage's outs, by path; whatever is not in order has none."""
    found: dict[str, dict[str, Any]] = {}
    for kind in _OUT_LISTS:
        listed = before.get(kind)
        for item in listed if isinstance(listed, list) else ():
            for path, flags in item.items() if isinstance(item, dict) else ():
                one = flags[0] if isinstance(flags, list) and flags else flags
                if isinstance(path, str) and isinstance(one, dict):
                    found[path] = one
    return found


def put(data: bytes | None, name: str, stage: Definition) -> bytes:
    """Return a ``dvc.yaml`` with a stage in it, in the place of one of the same name.

    Args:
        data: The file; None if there is none.
        name: Of the stage.
        stage: What it is to be.

    Raises:
        FormatError: The file cannot be read, or has a form in which it cannot be edited.
    """
    from git_dvc.formats import yamltext

    if data is None or not data.strip():
        return yamltext.dump({"stages": {name: value(stage)}}).encode()
    pointer.check_conflicts(data)
    document = yamltext.Document(data)
    if document.value is None:  # comments alone
        end = b"" if data.endswith(b"\n") else b"\n"
        return data + end + yamltext.dump({"stages": {name: value(stage)}}).encode()
    if not isinstance(document.value, dict):
        raise FormatError(f"file: expected a mapping, found {pointer.shown(document.value)}")
    stages = document.value.get("stages")
    if stages is not None and not isinstance(stages, dict):
        raise FormatError(f"stages: expected a mapping, found {pointer.shown(stages)}")
    if not stages:
        document.set(("stages",), {name: value(stage)})
    elif isinstance(stages.get(name), dict):
        _edit(document, ("stages", name), stages[name], value(stage, stages[name]))
    else:
        document.set(("stages", name), value(stage))
    return document.dump()


def _edit(document: Any, path: tuple[Any, ...], old: dict[str, Any], new: dict[str, Any]) -> None:
    """Turn one mapping into another; what is equal in both is not touched."""
    # The new keys first: a mapping that lost all its keys would have another form.
    for key, item in new.items():
        before = old.get(key)
        if isinstance(item, list) and isinstance(before, list) and item and before:
            _edit_list(document, (*path, key), before, item)
        elif key not in old or before != item or type(before) is not type(item):
            document.set((*path, key), item)
    for key in [key for key in old if key not in new]:
        document.delete((*path, key))


def _edit_list(document: Any, path: tuple[Any, ...], old: list[Any], new: list[Any]) -> None:
    """Turn one list into another; items that stay keep their comments where that is possible."""
    if old == new:
        return
    staying = [item for item in old if item in new]
    if staying and staying == new[: len(staying)]:
        for number in range(len(old) - 1, -1, -1):
            if old[number] not in new:
                document.delete((*path, number))
        for item in new[len(staying) :]:
            document.append(path, item)
    else:
        document.set(path, new)


def set_frozen(data: bytes, name: str, frozen: bool) -> bytes:
    """Return a ``dvc.yaml`` with a stage frozen or not, all else byte for byte.

    A template is frozen with all stages that it makes.

    Args:
        data: The file.
        name: As it stands under ``stages``.
        frozen: What it is to be.

    Raises:
        FormatError: There is no such stage, or the file cannot be edited.
    """
    from git_dvc.formats import yamltext

    document = yamltext.Document(data)
    path: tuple[str, ...] = ("stages", name)
    stage: Any = document.value
    for key in path:
        stage = stage.get(key) if isinstance(stage, dict) else None
    if isinstance(stage, dict) and isinstance(stage.get("do"), dict):
        path, stage = (*path, "do"), stage["do"]
    if not isinstance(stage, dict):
        raise FormatError(f"stages.{pointer.shown_key(name)}: there is no such stage")
    if bool(stage.get("frozen")) == frozen:
        return data
    if frozen:
        document.set((*path, "frozen"), True)
    else:
        document.delete((*path, "frozen"))
    return document.dump()


def set_pointer_frozen(data: bytes, frozen: bool) -> bytes:
    """Return a pointer file frozen or not, all else byte for byte.

    Raises:
        FormatError: It cannot be read or edited.
    """
    from git_dvc.formats import yamltext

    if pointer.parse(data).frozen == frozen:
        return data
    document = yamltext.Document(data)
    if frozen:
        document.set(("frozen",), True)
    for key in () if frozen else ("frozen", "locked"):  # 'locked' is what DVC 0.x called it
        if key in document.value:
            document.delete((key,))
    return document.dump()


def command_line(words: Sequence[str]) -> str:
    """Return the words of a command as the text that ``cmd`` holds, quoted as DVC does.

    A word with a space in it gets double quotes, unless it has some itself; a single word is the
    whole command line.
    """
    if len(words) == 1:
        return words[0]
    return " ".join(
        '""' if not word else f'"{word}"' if " " in word and '"' not in word else word
        for word in words
    )


def params_by_file(given: Sequence[str]) -> dict[str, list[str]]:
    """Return the keys that ``-p`` names, by file: ``lr,seed``, ``other.toml:lr``, ``all.json:``.

    A file's keys follow it: ``lr,other.toml:seed,size`` is one key of ``params.yaml`` and two of
    the other file, where DVC looks for a file ``lr,other.toml``.
    """
    found: dict[str, list[str]] = {}
    for text in given:
        path = PARAMS_FILE
        for word in text.split(","):
            file, colon, key = word.rpartition(":")
            path = file.strip() or PARAMS_FILE if colon else path
            listed = found.setdefault(path, []) if colon or key.strip() else []
            if key.strip():
                listed.append(key.strip())
    return found
