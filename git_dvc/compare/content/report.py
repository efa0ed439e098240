"""What differs inside one file, as values that any kind of file can fill and any view can show.

A handler (``kinds.py``) gets two versions of a file and returns a ``Report``::

    Report(
        "table",
        "1 row added, 1 changed",
        facts=[Fact("rows", 1000, 1001)],
        blocks=[Table("changed cells", ("id", "column", "old", "new"), (...), more=0)],
        data={"rows": {"old": 1000, "new": 1001}, "added": 1, ...},
    )

Facts and blocks are for people: text, Markdown and HTML are made of them, so a handler needs to
know nothing of these. ``data`` is for programs, and goes into JSON as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, BinaryIO, NamedTuple, Protocol

ADDED, REMOVED, CHANGED = "+", "-", "~"


class Content(Protocol):
    """One version of a file.

    Attributes:
        name: Its path; the suffix may say what it is.
        size_bytes: Its size.
    """

    @property
    def name(self) -> str: ...

    @property
    def size_bytes(self) -> int: ...

    def open(self) -> BinaryIO:
        """Open it for reading, at its beginning; it can be sought in."""


class Options(NamedTuple):
    """What the user wants to see.

    Attributes:
        most: Rows, keys or lines to name, of each kind of change; what is beyond is counted.
        keys: Columns that tell the rows of a table apart; chosen by their names if empty.
        pictures: Whether images are to be shown, not only described.
    """

    most: int = 20
    keys: tuple[str, ...] = ()
    pictures: bool = False


class Fact(NamedTuple):
    """Something that each version has one of, such as its number of rows; None: it has none."""

    name: str
    old: object
    new: object


class Row(NamedTuple):
    """A row of a block, marked with what became of it: ADDED, REMOVED or CHANGED."""

    mark: str
    cells: tuple[str, ...]


class Table(NamedTuple):
    """Rows that differ; ``more`` of them are not shown."""

    title: str
    heads: tuple[str, ...]
    rows: Sequence[Row]
    more: int = 0


class Lines(NamedTuple):
    """Lines of text as in a unified diff; ``more`` of those that differ are not shown."""

    lines: Sequence[str]
    more: int = 0


class Picture(NamedTuple):
    """An image that a browser can show.

    Attributes:
        title: What it is: ``old``, ``new`` or ``difference``.
        mime: Its kind, for the browser.
        data: The file.
        width: In pixels, if known.
    """

    title: str
    mime: str
    data: bytes
    width: int = 0


class Pictures(NamedTuple):
    """Images to be shown side by side."""

    pictures: Sequence[Picture]


Block = Table | Lines | Pictures


class Report(NamedTuple):
    """What differs inside a file.

    Attributes:
        kind: What the file was read as: ``table``, ``text``, ...
        summary: What differs, in some words; '' if there is nothing to say.
        facts: What both have one of; shown are those that differ, and those of a file that
            only one version has.
        blocks: The details.
        data: The same for a program: values that JSON can hold.
        notes: What the reader should know, such as why the file was not read as its name says.
    """

    kind: str
    summary: str
    facts: Sequence[Fact] = ()
    blocks: Sequence[Block] = ()
    data: dict[str, Any] = {}  # noqa: RUF012 - never changed
    notes: Sequence[str] = ()


def counted(count: int, noun: str, plural: str = "") -> str:
    """Return ``1 row`` or ``1,200 rows``."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def changes(noun: str, added: int, removed: int, changed: int) -> str:
    """Return ``3 rows added, 1 removed``; '' for no change."""
    parts = [
        (count, word)
        for count, word in ((added, "added"), (removed, "removed"), (changed, "changed"))
        if count
    ]
    words = [
        f"{counted(count, noun)} {word}" if not number else f"{count:,} {word}"
        for number, (count, word) in enumerate(parts)
    ]
    return ", ".join(words)


def shown(value: object, most: int = 200) -> str:
    """Return a value as people write it, on one line and not too long."""
    import json

    if isinstance(value, str):
        text = value
    else:
        try:
            text = json.dumps(value, ensure_ascii=False, default=str)
        except (ValueError, RecursionError):
            text = "..."
    return text if len(text) <= most else text[: most - 3] + "..."
