"""Files of arrays: shapes, types, and how many values differ, whatever the format is."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

from git_dvc.compare.content import numbers
from git_dvc.compare.content.numbers import Dtype
from git_dvc.compare.content.report import (
    ADDED,
    CHANGED,
    REMOVED,
    Fact,
    Options,
    Report,
    Row,
    Table,
    changes,
    counted,
)
from git_dvc.errors import FormatError

Opened = AbstractContextManager[numbers.Read]


class Stored(NamedTuple):
    """One array as a file has it.

    Attributes:
        dtype: The type of its values.
        shape: How many there are along each axis.
        by_column: Whether the first axis is the one that moves quickest (Fortran's order).
        open: Gives what reads its bytes, from the first.
    """

    dtype: Dtype
    shape: tuple[int, ...]
    by_column: bool
    open: Callable[[], Opened]

    @property
    def length(self) -> int:
        """How many values there are."""
        return math.prod(self.shape)

    def shown(self) -> str:
        """Return ``float32 (64, 3)``."""
        return f"{self.dtype.name} {shape(self.shape)}"


def shape(sizes: Sequence[int]) -> str:
    """Return ``(64, 3)``."""
    return f"({', '.join(map(str, sizes))}{',' if len(sizes) == 1 else ''})"


def one(arrays: Mapping[str, Stored], kind: str, noun: str) -> Report:
    """Return what to say of a file that only one version has."""
    rows = [Row("", (name, each.dtype.name, shape(each.shape))) for name, each in arrays.items()]
    values = sum(each.length for each in arrays.values())
    data = {
        "arrays": {
            name: {"dtype": each.dtype.name, "shape": list(each.shape)}
            for name, each in arrays.items()
        }
    }
    summary = f"{counted(len(arrays), noun)}, {counted(values, 'value')}"
    if list(arrays) == [""]:
        summary = arrays[""].shown()
        return Report(kind, summary, data=data)
    few = Table("", ("name", "type", "shape"), rows[:20], max(0, len(rows) - 20))
    return Report(kind, summary, blocks=[few], data=data)


class _Change(NamedTuple):
    name: str
    mark: str
    old: Stored | None
    new: Stored | None
    values: numbers.Changes | None
    why: str = ""


def compare(
    old: Mapping[str, Stored],
    new: Mapping[str, Stored],
    options: Options,
    kind: str,
    noun: str,
    facts: Sequence[Fact] = (),
) -> Report:
    """Return how two files of arrays differ.

    Args:
        old: The arrays by name; one without a name is alone.
        new: Those of the new version.
        options: How much to show.
        kind: Of the report.
        noun: What an array is called.
        facts: More of them.

    Raises:
        FormatError: A file ends too early.
    """
    found: list[_Change] = []
    for name, before in old.items():
        if name not in new:
            found.append(_Change(name, REMOVED, before, None, None))
    for name, after in new.items():
        was = old.get(name)
        if was is None:
            found.append(_Change(name, ADDED, None, after, None))
            continue
        change = _changed(name, was, after)
        if change is not None:
            found.append(change)
    if set(old) == set(new) == {""}:
        return _single(found, old[""], new[""], kind, facts)
    counts = [sum(change.mark == mark for change in found) for mark in (ADDED, REMOVED, CHANGED)]
    few = [
        change
        for mark in (CHANGED, ADDED, REMOVED)
        for change in [one for one in found if one.mark == mark][: options.most]
    ]
    rows = [
        Row(
            change.mark, (change.name, _both(change, _type), _both(change, _shape), _values(change))
        )
        for change in few
    ]
    data = {
        "added": {one.name: _facts_of(one.new) for one in few if one.mark == ADDED},
        "removed": {one.name: _facts_of(one.old) for one in few if one.mark == REMOVED},
        "changed": {one.name: _data(one) for one in few if one.mark == CHANGED},
        "counts": dict(zip(("added", "removed", "changed"), counts, strict=True)),
    }
    every = [Fact(f"{noun}s", len(old), len(new)), *facts]
    every.append(Fact("values", *(sum(a.length for a in side.values()) for side in (old, new))))
    summary = changes(noun, *counts) or f"the same {noun}s"
    blocks = [Table("", ("name", "type", "shape", "values"), rows, len(found) - len(few))]
    return Report(kind, summary, every, blocks if rows else [], data)


def _single(
    found: Sequence[_Change], old: Stored, new: Stored, kind: str, facts: Sequence[Fact]
) -> Report:
    every = [
        Fact("type", old.dtype.name, new.dtype.name),
        Fact("shape", shape(old.shape), shape(new.shape)),
        *facts,
    ]
    if not found:
        return Report(kind, "the same values", every, data={"changed": {}})
    return Report(kind, _values(found[0]), every, data={"changed": _data(found[0])})


def _changed(name: str, old: Stored, new: Stored) -> _Change | None:
    if old.shape != new.shape:
        return _Change(name, CHANGED, old, new, None, "another shape")
    if old.by_column != new.by_column and sum(size > 1 for size in old.shape) > 1:
        return _Change(name, CHANGED, old, new, None, "stored in another order of axes")
    try:
        with old.open() as before, new.open() as after:
            values = numbers.compare(before, after, old.length, old.dtype, new.dtype)
    except EOFError:
        raise FormatError(f"the values of '{name}' end too early" if name else
                          "the values end too early") from None  # fmt: skip
    if not values.changed and values.compared == old.length and old.dtype == new.dtype:
        return None
    return _Change(name, CHANGED, old, new, values)


def _both(change: _Change, what: Callable[[Stored], str]) -> str:
    sides = [what(side) for side in (change.old, change.new) if side is not None]
    return " -> ".join(dict.fromkeys(sides))


def _type(stored: Stored) -> str:
    return stored.dtype.name


def _shape(stored: Stored) -> str:
    return shape(stored.shape)


def _values(change: _Change) -> str:
    values = change.values
    if values is None:
        return change.why
    assert change.new is not None  # noqa: S101 - it is in both
    if not values.changed:
        return "the same values"
    least = "at least " if values.compared < change.new.length else ""
    share = 100 * values.changed / max(values.compared, 1)
    noun = counted(values.changed, "value")
    text = f"{least}{noun} changed ({_percent(share)})"
    if values.most is not None:
        text += f", by up to {values.most:.4g}, {values.mean:.4g} on average"
    return text


def _percent(share: float) -> str:
    if share >= 99.95 and share < 100:
        return ">99.9 %"
    return f"{share:.0f} %" if share >= 10 or share == int(share) else f"{share:.2g} %"


def _facts_of(stored: Stored | None) -> dict[str, Any]:
    assert stored is not None  # noqa: S101 - its side has it
    return {"dtype": stored.dtype.name, "shape": list(stored.shape)}


def _data(change: _Change) -> dict[str, Any]:
    found: dict[str, Any] = {"old": _facts_of(change.old), "new": _facts_of(change.new)}
    values = change.values
    if values is None:
        return {**found, "values": None, "why": change.why}
    found["values"] = {
        "changed": values.changed,
        "compared": values.compared,
        "max_difference": _number(values.most),
        "mean_difference": _number(values.mean),
    }
    return found


def _number(value: float | None) -> float | str | None:
    """Return a number as JSON can hold it."""
    return value if value is None or math.isfinite(value) else str(value)
