"""JSON, YAML and TOML: which keys were added, removed and changed, at any depth.

A file of JSON lines is a list with an item for each line.

Items of lists are matched by their place if the lists are equally long, by a name that each of
them has (``id``, ``name``) if there is one, else as lines of text are::

    train.lr            0.1 -> 0.01
    boxes[id=7].label   "cat" -> "dog"
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from git_dvc.compare import values
from git_dvc.compare.content import align
from git_dvc.compare.content.report import (
    ADDED,
    CHANGED,
    REMOVED,
    Content,
    Fact,
    Options,
    Report,
    Row,
    Table,
    changes,
    counted,
    shown,
)
from git_dvc.errors import FormatError

_LINES = (".jsonl", ".ndjson")
_SUFFIXES = {
    ".json": "JSON", ".yaml": "YAML", ".yml": "YAML", ".toml": "TOML",
    **dict.fromkeys(_LINES, "JSON lines"),
}  # fmt: skip
_PLAIN_KEY = re.compile(r"[\w\- /@:+%]+", re.ASCII)
_IDS = ("id", "_id", "uuid", "key", "name", "path", "file")
_MOST_ALIGNED = 20_000
_ABSENT: Any = object()


class Change(NamedTuple):
    """A key whose value differs; ``_ABSENT`` on the side that lacks it."""

    path: str
    old: Any
    new: Any

    @property
    def mark(self) -> str:
        """What became of it."""
        if self.old is _ABSENT:
            return ADDED
        return REMOVED if self.new is _ABSENT else CHANGED


class Nested:
    """The handler for files of nested values."""

    kind = "keys"

    def claims(self, name: str, head: bytes) -> bool:
        """Return whether a file is called so."""
        return name.lower().endswith(tuple(_SUFFIXES)) and b"\0" not in head

    def compare(self, old: Content | None, new: Content | None, options: Options) -> Report:
        """Return which keys differ.

        Raises:
            FormatError: A version cannot be understood.
        """
        before, after = (_ABSENT if one is None else _read(one) for one in (old, new))
        if before is _ABSENT or after is _ABSENT:
            value = after if before is _ABSENT else before
            return Report(self.kind, _extent(value), [], data={"type": _type(value)})
        try:
            return _compared(before, after, options)
        except RecursionError:
            raise FormatError("nested too deeply") from None


def _compared(before: Any, after: Any, options: Options) -> Report:
    counts = {ADDED: 0, REMOVED: 0, CHANGED: 0}
    kept: list[Change] = []
    kinds: dict[str, int] = dict(counts)
    for change in differences(before, after):
        counts[change.mark] += 1
        if kinds[change.mark] < options.most:
            kinds[change.mark] += 1
            kept.append(change)
    data: dict[str, Any] = {
        "added": {one.path: _plain(one.new) for one in kept if one.mark == ADDED},
        "removed": {one.path: _plain(one.old) for one in kept if one.mark == REMOVED},
        "changed": {
            one.path: {"old": _plain(one.old), "new": _plain(one.new)}
            for one in kept
            if one.mark == CHANGED
        },
        "counts": {
            "added": counts[ADDED],
            "removed": counts[REMOVED],
            "changed": counts[CHANGED],
        },
    }
    summary = changes("key", counts[ADDED], counts[REMOVED], counts[CHANGED])
    facts = [Fact("content", _extent(before), _extent(after))]
    if not summary:
        return Report("keys", "the same values, written differently", facts, data=data)
    lines = [
        Row(one.mark, (shown(one.path) or "(all of it)", _cell(one.old), _cell(one.new)))
        for one in kept
    ]
    more = sum(counts.values()) - len(kept)
    return Report("keys", summary, facts, [Table("", ("key", "old", "new"), lines, more)], data)


def _read(content: Content) -> Any:
    if content.size_bytes > values.MOST_BYTES:
        raise FormatError(f"larger than {values.MOST_BYTES // 1024**2} MiB")
    with content.open() as file:
        data = file.read(values.MOST_BYTES + 1)
    try:
        if content.name.lower().endswith(_LINES):
            return _items(data)
        return values.parse(content.name, data)
    except FormatError as problem:
        kind = next(k for s, k in _SUFFIXES.items() if content.name.lower().endswith(s))
        what = problem.what
        raise FormatError(what if kind in what else f"not valid {kind}: {what}") from None


def _items(data: bytes) -> list[Any]:
    found = []
    for number, line in enumerate(data.splitlines(), start=1):
        if line.strip():  # an empty line is no item
            try:
                found.append(values.parse("line.json", line))
            except FormatError as problem:
                raise FormatError(f"line {number}: {problem.what}") from None
    return found


def _cell(value: Any) -> str:
    if value is _ABSENT:
        return ""
    import json

    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else shown(value)


def _plain(value: Any) -> Any:
    """Return a value as JSON can hold it: the dates of TOML become text."""
    import json

    try:
        json.dumps(value)
    except TypeError:
        return json.loads(json.dumps(value, default=str, skipkeys=True))
    return value


def _type(value: Any) -> str:
    if isinstance(value, dict):
        return "mapping"
    return "list" if isinstance(value, list) else "value"


def _extent(value: Any) -> str:
    if isinstance(value, dict):
        return counted(len(value), "key")
    return counted(len(value), "item") if isinstance(value, list) else shown(value, 60)


def differences(old: Any, new: Any) -> Iterator[Change]:
    """Yield what differs between two nested values, in the order of the new one.

    What one side alone has is one change, however much is in it.
    """
    pending: list[Iterator[Change]] = [iter((Change("", old, new),))]
    while pending:
        change = next(pending[-1], None)
        if change is None:
            pending.pop()
        elif change.mark != CHANGED:
            yield change
        elif isinstance(change.old, dict) and isinstance(change.new, dict):
            pending.append(_of_mappings(change))
        elif isinstance(change.old, list) and isinstance(change.new, list):
            pending.append(_of_lists(change))
        elif not _same(change.old, change.new):
            yield change


def _same(old: Any, new: Any) -> bool:
    if isinstance(old, bool) != isinstance(new, bool):
        return False  # True == 1
    if isinstance(old, float) and isinstance(new, float) and old != old and new != new:
        return True  # neither is a number
    if isinstance(old, (dict, list)) or isinstance(new, (dict, list)):
        return False
    return bool(old == new) and isinstance(old, str) == isinstance(new, str)


def _of_mappings(at: Change) -> Iterator[Change]:
    for key in at.old:
        if key not in at.new:
            yield Change(_joined(at.path, key), at.old[key], _ABSENT)
    for key, value in at.new.items():
        yield Change(_joined(at.path, key), at.old.get(key, _ABSENT), value)


def _joined(path: str, key: Any) -> str:
    text = key if isinstance(key, str) else shown(key, 60)
    if not _PLAIN_KEY.fullmatch(text):
        import json

        return f"{path}[{json.dumps(text, ensure_ascii=False)}]"
    return f"{path}.{text}" if path else text


def _of_lists(at: Change) -> Iterator[Change]:
    old, new = at.old, at.new
    name = _name_of_items(old, new)
    if name is not None:
        before = {item[name]: item for item in old}
        after = {item[name]: item for item in new}
        for value in before:
            if value not in after:
                yield Change(f"{at.path}[{name}={shown(value, 60)}]", before[value], _ABSENT)
        for value, item in after.items():
            path = f"{at.path}[{name}={shown(value, 60)}]"
            yield Change(path, before.get(value, _ABSENT), item)
        return
    if len(old) == len(new) or max(len(old), len(new)) > _MOST_ALIGNED:
        for place in range(max(len(old), len(new))):
            yield Change(
                f"{at.path}[{place}]",
                old[place] if place < len(old) else _ABSENT,
                new[place] if place < len(new) else _ABSENT,
            )
        return
    for span in align.differences([_key(item) for item in old], [_key(item) for item in new]):
        pairs = min(span.old_end - span.old_start, span.new_end - span.new_start)
        for step in range(pairs):
            place = span.new_start + step
            yield Change(f"{at.path}[{place}]", old[span.old_start + step], new[place])
        for place in range(span.old_start + pairs, span.old_end):
            yield Change(f"{at.path}[{place}]", old[place], _ABSENT)
        for place in range(span.new_start + pairs, span.new_end):
            yield Change(f"{at.path}[{place}]", _ABSENT, new[place])


def _name_of_items(old: list[Any], new: list[Any]) -> str | None:
    """Return the key by which the items of two lists can be told apart."""
    if not (old and new):
        return None
    for name in _IDS:
        if all(_has_one_each(items, name) for items in (old, new)):
            return name
    return None


def _has_one_each(items: list[Any], name: str) -> bool:
    seen = set()
    for item in items:
        value = item.get(name) if isinstance(item, dict) else None
        if not isinstance(value, (str, int)) or isinstance(value, bool) or value in seen:
            return False
        seen.add(value)
    return True


def _key(item: Any) -> str:
    import json

    try:
        return json.dumps(item, sort_keys=True, default=str)
    except TypeError:  # keys of several kinds
        return json.dumps(item, default=str)
