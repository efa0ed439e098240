"""Tables: in columns for people, as Markdown for reviews, as CSV for programs.

In columns, numbers stand with their points below each other, and a table that is wider than the
terminal is cut into pieces that each begin with the same first columns.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from typing import NamedTuple

from git_dvc.errors import quoted

Paint = Callable[[str, str], str]

ABSENT = "-"
_GAP = "  "
_LONGEST = 80
"""A longer cell is cut, in columns."""


class Table(NamedTuple):
    """Rows of text.

    Attributes:
        heads: Names of the columns.
        rows: Their cells; None for what is not there.
        keys: So many columns at the left say what a row is.
        signed: A column whose cells are coloured, or None.
        alike: Whether the cells of a column mean the same, so that points of numbers go below
            each other.
    """

    heads: Sequence[str]
    rows: Sequence[Sequence[str | None]]
    keys: int = 1
    signed: int | None = None
    alike: bool = True


def _plain(text: str, style: str) -> str:
    return text


def columns(table: Table, width: int | None = None, paint: Paint = _plain) -> str:
    """Return a table in columns.

    Args:
        table: The table.
        width: Of the terminal; None for any.
        paint: Colours.
    """
    count = len(table.heads)
    cells = [[_cell(row[number]) for row in table.rows] for number in range(count)]
    shown = [
        _aligned(column) if table.alike and number >= table.keys else column
        for number, column in enumerate(cells)
    ]
    right = [number >= table.keys and _is_numeric(cells[number]) for number in range(count)]
    heads = [_cell(head) for head in table.heads]
    widths = [max([_width(heads[number]), *map(_width, shown[number])]) for number in range(count)]
    pieces = []
    for chosen in _pieces(widths, table.keys, width):
        lines = []
        for row in range(-1, len(table.rows)):
            parts = []
            for number in chosen:
                text = heads[number] if row < 0 else shown[number][row]
                pad = " " * (widths[number] - _width(text))
                style = "bold" if row < 0 else "cyan" if number == table.signed else ""
                painted = paint(text, style) if style and text.strip(" -") else text
                parts.append(pad + painted if right[number] else painted + pad)
            lines.append(_GAP.join(parts).rstrip())
        pieces.append("".join(f"{line}\n" for line in lines))
    return "\n".join(pieces)


def fits(table: Table, width: int | None) -> bool:
    """Return whether a table in columns is not wider than the terminal."""
    return width is None or max(map(_width, columns(table).splitlines())) <= width


def _pieces(widths: Sequence[int], keys: int, width: int | None) -> list[list[int]]:
    """Return which columns stand side by side, piece by piece."""
    always = list(range(keys))
    base = sum(widths[:keys]) + len(_GAP) * keys
    pieces: list[list[int]] = []
    used = 0
    for number in range(keys, len(widths)):
        needs = widths[number] + len(_GAP)
        if not pieces or (width is not None and used + needs - len(_GAP) > width):
            pieces.append(list(always))
            used = base
        pieces[-1].append(number)
        used += needs
    return pieces or [always]


def _cell(text: str | None) -> str:
    """Return a cell in one line, without what could fool a terminal."""
    if text is None:
        return ABSENT
    if not text.isprintable():
        text = quoted(text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _is_numeric(cells: Sequence[str]) -> bool:
    """Return whether numbers are most of what is there."""
    given = [cell for cell in cells if cell != ABSENT]
    return bool(given) and 2 * sum(map(_is_number, given)) > len(given)


def _aligned(cells: Sequence[str]) -> list[str]:
    """Return cells with the points of numbers below each other, to be put to the right."""
    if not _is_numeric(cells):
        return list(cells)
    after = [
        len(cell) - cell.index(".") if "." in cell and _is_number(cell) else 0 for cell in cells
    ]
    most = max(after)
    return [
        cell + " " * (most - n) if cell != ABSENT else cell
        for cell, n in zip(cells, after, strict=True)
    ]


def _width(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1
        for one in text
    )


def csv_text(table: Table) -> str:
    """Return a table as CSV; what is not there is empty."""
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.heads)
    writer.writerows([["" if cell is None else cell for cell in row] for row in table.rows])
    return text.getvalue()


def markdown(table: Table) -> str:
    """Return a table in Markdown, numbers to the right, and an empty line after it."""
    count = len(table.heads)
    rows = [[_in_markdown(cell) for cell in row] for row in (table.heads, *table.rows)]
    right = [
        number >= table.keys and _is_numeric([row[number] for row in rows[1:]])
        for number in range(count)
    ]
    widths = [max(_width(row[number]) for row in rows) for number in range(count)]
    lines = []
    for row in rows:
        pads = [" " * (widths[number] - _width(row[number])) for number in range(count)]
        parts = [
            pad + cell if is_right else cell + pad
            for cell, pad, is_right in zip(row, pads, right, strict=True)
        ]
        lines.append("| " + " | ".join(parts) + " |")
    rule = [
        "-" * (size + 1) + (":" if is_right else "-")
        for size, is_right in zip(widths, right, strict=True)
    ]
    lines.insert(1, "|" + "|".join(rule) + "|")
    return "\n".join(lines) + "\n"


def _in_markdown(text: str | None) -> str:
    """Return a cell that stays in its place."""
    if text is None:
        return ABSENT
    if not text.isprintable():
        text = quoted(text)
    return text.replace("|", "\\|").replace("<", "&lt;")
