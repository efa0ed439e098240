"""What differs between the values of two versions or more, key by key.

::

    {"train": {"lr": 0.1}, "layers": [1]}      {"train.lr": {"old": 0.1, "new": 0.2, "diff": 0.1},
    {"train": {"lr": 0.2}, "layers": [1, 2]}    "layers": {"old": "[1]", "new": "[1, 2]"}}

Nested keys are joined by dots, lists compared as text, and a difference is given where both are
numbers: the shape of DVC's JSON. With more than two versions ``old`` is the first and ``new``
the last, and ``values`` has all of them by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Change = dict[str, Any]
ByFile = Mapping[str, Any]

_NOT_THERE: Any = object()


def flat(value: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return a nested mapping as one; empty mappings are left out."""
    return dict(_flat("", value, top=True))


def _flat(prefix: Any, value: Mapping[Any, Any], *, top: bool = False) -> Iterator[tuple[Any, Any]]:
    for key, item in value.items():
        name = key if top else f"{prefix}.{key}"
        if isinstance(item, Mapping):
            yield from _flat(name, item)
        else:
            yield name, str(item) if isinstance(item, list) else item


def between(
    versions: Sequence[tuple[str, ByFile]], *, unchanged: bool = False
) -> dict[str, dict[Any, Change]]:
    """Return what differs, by file and key.

    Args:
        versions: Two or more versions by name: their values by file.
        unchanged: Also what is the same in all of them.
    """
    found: dict[str, dict[Any, Change]] = {}
    for path in sorted({path for _, values in versions for path in values}):
        by_key = _by_key([values.get(path, _NOT_THERE) for _, values in versions])
        names = [name for name, _ in versions]
        changes = {
            key: _change(names, values)
            for key, values in by_key.items()
            if unchanged or any(not _same(values[0], other) for other in values[1:])
        }
        if changes:
            found[path] = changes
    return found


def _by_key(values: Sequence[Any]) -> dict[Any, list[Any]]:
    """Return the values of each key in all versions; None where it is not there."""
    keyed = [_keyed(value) for value in values]
    if all(list(one) in ([], [""]) for one in keyed):
        lists = [one.get("") for one in keyed]
        if all(isinstance(item, list) and len(item) == 1 for item in lists):
            return {"": [item[0] for item in lists if item]}
    names = sorted(dict.fromkeys(key for one in keyed for key in one), key=str)
    return {name: [one.get(name) for one in keyed] for name in names}


def _keyed(value: Any) -> dict[Any, Any]:
    if value is _NOT_THERE:
        return {}
    if isinstance(value, Mapping):
        return flat(value)
    return {"": _parsed(value)}


def _parsed(value: Any) -> Any:
    """Return what a file that is one text means: DVC reads it as JSON if it can be."""
    if not isinstance(value, str):
        return value
    import json

    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return value
    return value if isinstance(found, dict) else found


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) or (one != one and other != other)  # not a number, twice


def _change(names: Sequence[str], values: Sequence[Any]) -> Change:
    old, new = values[0], values[-1]
    change: Change = {"old": old, "new": new}
    if isinstance(old, (int, float)) and isinstance(new, (int, float)):
        try:
            change["diff"] = new - old
        except OverflowError:
            pass  # an integer that no float can hold
    if len(values) > 2:
        change["values"] = dict(zip(names, values, strict=True))
    return change
