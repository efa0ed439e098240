"""Rows from CSV and TSV files: what a training run wrote line by line.

::

    epoch,accuracy,loss         [{"epoch": 0, "accuracy": 0.71, "loss": 0.93},
    0,0.71,0.93                  {"epoch": 1, "accuracy": 0.84, "loss": 0.55}]
    1,0.84,0.55

The first line has the names of the columns; if all of it are numbers, there are no names, and
the columns are called ``0``, ``1``, ... Cells that are empty are left out, those that look like
numbers are numbers. A ``.csv`` that has semicolons and no commas in its first line is read as
the spreadsheets of half the world write it.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Any

from git_dvc.errors import FormatError

SUFFIXES = (".csv", ".tsv")
MOST_BYTES = 64 * 1024**2
_MOST_DIGITS = 400
_MOST_COLUMNS = 10_000

Row = dict[str, Any]


def is_table(path: str) -> bool:
    """Return whether a file holds rows, by its suffix."""
    return posixpath.splitext(path)[1].lower() in SUFFIXES


def rows(path: str, data: bytes) -> list[Row]:
    """Return all rows of a file.

    Args:
        path: For its suffix, and for messages.
        data: What the file holds.

    Raises:
        FormatError: It cannot be understood.
    """
    names: list[str] | None = None
    found = []
    for cells in _lines(path, data):
        if names is None:
            if any(_number(cell) is None for cell in cells):
                names = _unique(cells)
                continue
            names = [str(number) for number in range(len(cells))]
        found.append(_row(names, cells))
    return found


def last_row(path: str, data: bytes) -> Row:
    """Return the last row of a file, ``{}`` if there is none; errors as ``rows``.

    Only the first and the last line are looked at where no quoted cell could span several.
    """
    if len(data) <= MOST_BYTES and b'"' not in data:
        lines = data.replace(b"\r", b"\n").strip(b"\n")
        found = rows(path, lines.partition(b"\n")[0] + b"\n" + lines.rpartition(b"\n")[2])
        if found and b"\n" in lines:
            return found[-1]
    found = rows(path, data)
    return found[-1] if found else {}


def _lines(path: str, data: bytes) -> Iterator[list[str]]:
    """Yield the lines that are not empty, as cells."""
    import csv
    import io

    if len(data) > MOST_BYTES:
        raise FormatError(f"larger than {MOST_BYTES // 1024**2} MiB", path)
    suffix = posixpath.splitext(path)[1].lower()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FormatError("not valid UTF-8", path) from None
    delimiter = "\t" if suffix == ".tsv" else ","
    first = text.lstrip("\r\n").partition("\n")[0]
    if delimiter == "," and "," not in first and ";" in first:
        delimiter = ";"
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    try:
        for cells in reader:
            if len(cells) > _MOST_COLUMNS:
                raise FormatError(f"line {reader.line_num}: more than {_MOST_COLUMNS} cells", path)
            if any(cell.strip() for cell in cells):
                yield cells
    except csv.Error as problem:
        raise FormatError(f"line {reader.line_num}: {problem}", path) from None


def _unique(cells: list[str]) -> list[str]:
    """Return the names of columns; a second ``loss`` is ``loss_2``."""
    names: dict[str, None] = {}
    for number, cell in enumerate(cells):
        name = wanted = cell.strip() or str(number)
        count = 1
        while name in names:
            count += 1
            name = f"{wanted}_{count}"
        names[name] = None
    return list(names)


def _row(names: list[str], cells: list[str]) -> Row:
    found: Row = {}
    for number, cell in enumerate(cells):
        text = cell.strip()
        if text:
            value = _number(text)
            name = names[number] if number < len(names) else str(number)
            found[name] = text if value is None else value
    return found


def _number(cell: str) -> int | float | None:
    """Return the number that a cell is, or None."""
    if len(cell) > _MOST_DIGITS or "_" in cell:
        return None
    for kind in (int, float):
        try:
            return kind(cell)
        except ValueError:
            continue
    return None
