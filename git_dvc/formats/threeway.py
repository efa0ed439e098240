"""Three-way merge of plain values, and writing the outcome into a text that stays as it was.

For the parts of pointer and lock files that are not data: flags, annotations, ``meta``. A
value that one side changed takes that change; mappings merge key by key, everything else as
a whole. Where both sides changed a value differently, ours stays and its place is named.

Pure: values in, values out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from git_dvc.formats.yamltext import Document

Place = tuple[str | int, ...]


class Missing:
    """The value of a key that is not there."""


MISSING = Missing()


def merge(base: Any, ours: Any, theirs: Any, at: Place = ()) -> tuple[Any, list[Place]]:
    """Return the merged value, and the places where the two sides do not agree.

    Args:
        base: What both started from; ``MISSING`` where nothing was.
        ours: Our value, or ``MISSING``.
        theirs: Their value, or ``MISSING``.
        at: Where the value stands.
    """
    if same(ours, theirs) or same(theirs, base):
        return ours, []
    if same(ours, base):
        return theirs, []
    if not (isinstance(ours, dict) and isinstance(theirs, dict)):
        return ours, [at]
    before = base if isinstance(base, dict) else {}
    merged: dict[Any, Any] = {}
    conflicts: list[Place] = []
    for key in (*ours, *(key for key in theirs if key not in ours)):
        was, mine, their = (side.get(key, MISSING) for side in (before, ours, theirs))
        value, found = merge(was, mine, their, (*at, key))
        conflicts += found
        if value is not MISSING:
            merged[key] = value
    return merged, conflicts


def same(one: Any, other: Any) -> bool:
    """Return whether two values are equal and of the same types: 1 is not true."""
    if isinstance(one, dict):
        return (
            isinstance(other, dict)
            and one.keys() == other.keys()
            and all(same(value, other[key]) for key, value in one.items())
        )
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and (one is other or one == other or (one != one))


def write(document: Document, wanted: dict[str, Any]) -> bytes:
    """Return an open document's text with the values that are wanted, all else as it is.

    Items of a list that are mappings with a ``path`` are told apart by it.

    Raises:
        FormatError: The text has a form that cannot be edited.
    """
    _edit(document, (), document.value, wanted)
    return document.dump()


def _edit(document: Document, at: Place, has: Any, wanted: Any) -> None:
    if same(has, wanted):
        return
    if isinstance(has, dict) and isinstance(wanted, dict) and (wanted or not at):
        for key in [key for key in has if key not in wanted]:
            document.delete((*at, key))
        for key, value in wanted.items():
            if key in has:
                _edit(document, (*at, key), has[key], value)
            else:
                document.set((*at, key), value)
    elif isinstance(has, list) and isinstance(wanted, list) and has and wanted:
        _edit_list(document, at, has, wanted)
    else:
        document.set(at, wanted)


def _edit_list(document: Document, at: Place, has: list[Any], wanted: list[Any]) -> None:
    names = [_name(item) for item in wanted]
    if not any(_name(item) in names for item in has):
        document.set(at, wanted)
        return
    for number in range(len(has) - 1, -1, -1):
        if _name(has[number]) not in names:
            document.delete((*at, number))
    left: Any = document.value
    for step in at:
        left = left[step]
    for number, item in enumerate(wanted):
        if number < len(left):
            _edit(document, (*at, number), left[number], item)
        else:
            document.append(at, item)


def _name(item: Any) -> Any:
    return item.get("path") if isinstance(item, dict) else repr(item)
