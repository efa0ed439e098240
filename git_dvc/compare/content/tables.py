"""CSV and TSV: columns and rows.

The text is read line by line. Of a large file the beginning and the end that are the same in both
versions are skipped as bytes (``trimming.py``); it may be larger than memory.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from git_dvc.compare.content import rows, trimming
from git_dvc.compare.content.report import (
    ADDED,
    CHANGED,
    REMOVED,
    Block,
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
from git_dvc.compare.content.text import encoding_of
from git_dvc.errors import FormatError

_SUFFIXES = (".csv", ".tsv", ".csv.txt")
_LONGEST_LINE = 1024**2
_MOST_COLUMNS = 10_000
_CELLS_OF_A_ROW = 5
"""So many cells that changed are shown for each row that may be shown."""
_HEAD_BYTES = 64 * 1024
WHOLE_BYTES = 16 * 1024**2
"""Up to this size all rows are looked at."""


class _Dialect(NamedTuple):
    encoding: str
    delimiter: str


class Csv:
    """The handler for CSV and TSV."""

    kind = "table"

    def claims(self, name: str, head: bytes) -> bool:
        """Return whether a file is called so."""
        return name.lower().endswith(_SUFFIXES) and encoding_of(head) is not None

    def compare(self, old: Content | None, new: Content | None, options: Options) -> Report:
        """Return which columns and rows differ.

        Raises:
            FormatError: It cannot be read as a table.
        """
        try:
            before, after = (None if one is None else _Csv(one) for one in (old, new))
            if before is None or after is None:
                there = before or after
                assert there is not None  # noqa: S101 - one of them is
                count = sum(1 for _ in there.rows())
                return one_table(there.columns, count, is_new=before is None)
            found = _Pair(before, after).compare(options)
        except (csv.Error, UnicodeDecodeError) as problem:
            raise FormatError(f"not a valid table: {problem}") from None
        return found


class _Csv:
    """One version of a table.

    Attributes:
        has_head: Whether its first row names the columns.
        columns: Their names.
        head: The first row, as it stands there.
    """

    def __init__(self, content: Content) -> None:
        self.content = content
        with content.open() as file:
            head = file.read(_HEAD_BYTES)
        self.dialect = _dialect(content.name, head)
        first = next(self._cells(0, None), None) or ()
        self.has_head = not (first and all(map(_is_number, first)))
        self.head = first
        if self.has_head:
            self.columns = rows.unique_names(first)
        else:
            self.columns = tuple(str(number) for number in range(1, len(first) + 1))
        if len(first) > _MOST_COLUMNS:
            raise FormatError(f"more than {_MOST_COLUMNS:,} columns")

    def rows(
        self, start: int = 0, end: int | None = None, before: int = 0
    ) -> Iterator[rows.Numbered]:
        """Yield rows with their numbers, without the head.

        Args:
            start: Where to begin, in bytes.
            end: Where to stop.
            before: How many rows, the head among them, come before.
        """
        number = before - self.has_head
        skip = self.has_head and not before
        width = len(self.columns)
        for cells in self._cells(start, end):
            number += 1
            if len(cells) == width and not skip:
                yield number, tuple(cells)
            elif skip:
                skip = False
            elif len(cells) > width:
                raise FormatError(
                    f"row {number:,} has {len(cells):,} cells, and there are {width:,} columns"
                )
            else:
                yield number, (*cells, *([""] * (width - len(cells))))

    def _cells(self, start: int, end: int | None) -> Iterator[list[str]]:
        with self.content.open() as file:
            file.seek(start)
            reader = csv.reader(
                _lines(file, self.dialect.encoding, None if end is None else end - start),
                delimiter=self.dialect.delimiter,
                strict=False,
            )
            for cells in reader:
                if cells:  # an empty line is no row
                    yield cells


def _lines(file: Any, encoding: str, length: int | None) -> Iterator[str]:
    if encoding == "utf-16":
        file = io.TextIOWrapper(file, encoding, newline="")
        while line := file.readline(_LONGEST_LINE):
            if len(line) >= _LONGEST_LINE:
                raise FormatError("a line is too long for a table")
            yield line
        return
    left = length
    while left is None or left > 0:
        data = file.readline(_LONGEST_LINE if left is None else min(left, _LONGEST_LINE))
        if not data:
            return
        if len(data) >= _LONGEST_LINE:
            raise FormatError("a line is too long for a table")
        if left is not None:
            left -= len(data)
        text = data.decode(encoding)
        encoding = "utf-8"  # a mark is at the beginning only
        yield text


def _dialect(name: str, head: bytes) -> _Dialect:
    encoding = encoding_of(head[:4096])
    if encoding is None:
        raise FormatError("not text")
    if name.lower().endswith(".tsv"):
        return _Dialect(encoding, "\t")
    first = head.decode(encoding, "replace").partition("\n")[0]
    counts = {mark: first.count(mark) for mark in ",;\t|"}
    best = max(counts, key=lambda mark: counts[mark])
    return _Dialect(encoding, best if counts[best] else ",")


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


class _Pair:
    """Two versions, of which what is the same at both ends is skipped."""

    def __init__(self, old: _Csv, new: _Csv) -> None:
        self.old = old
        self.new = new

    def compare(self, options: Options) -> Report:
        """Return what differs."""
        old, new = self.old, self.new
        start = before = after = 0
        ends: tuple[int | None, int | None] = (None, None)
        large = max(one.content.size_bytes for one in (old, new)) > WHOLE_BYTES
        alike = old.head == new.head and old.dialect == new.dialect
        if large and alike and old.dialect.encoding != "utf-16":
            start, ends, before, after = self._middle()
        totals = [0, 0]

        def sheet(one: _Csv, side: int) -> rows.Sheet:
            def counted_rows() -> Iterator[rows.Numbered]:
                count = 0
                for row in one.rows(start, ends[side], before):
                    count += 1
                    yield row
                totals[side] = max(before - one.has_head, 0) + count + after

            size = (ends[side] or one.content.size_bytes) - start
            return rows.Sheet(one.columns, counted_rows, size)

        found = rows.compare(
            sheet(old, 0), sheet(new, 1), options.keys, options.most, whole=not large
        )
        return table_report(
            old.columns, new.columns, totals, found, options.most, has_head=new.has_head
        )

    def _middle(self) -> tuple[int, tuple[int, int], int, int]:
        """Return where the rows differ, and how many there are before and behind that."""
        old, new = self.old.content, self.new.content
        with old.open() as before, new.open() as after:
            cut = trimming.middle(before, old.size_bytes, after, new.size_bytes, stop=b'"')
        if cut.blank:  # an empty line is no row
            rows_before = sum(1 for _ in self.old._cells(0, cut.start))
            rows_after = sum(1 for _ in self.old._cells(cut.old_end, None))
            return cut.start, (cut.old_end, cut.new_end), rows_before, rows_after
        rows_after = cut.lines_after
        if cut.old_end < old.size_bytes:
            with old.open() as file:
                file.seek(old.size_bytes - 1)
                rows_after += file.read(1) != b"\n"
        return cut.start, (cut.old_end, cut.new_end), cut.lines_before, rows_after


# -- reports, of any kind of table ----------------------------------------------------------


def one_table(columns: Sequence[str], count: int, *, is_new: bool, kind: str = "table") -> Report:
    """Return what to say of a table that only one version has."""
    names = _names(columns)
    facts = [Fact("columns", *((None, names) if is_new else (names, None)))]
    summary = f"{counted(count, 'row')}, {counted(len(columns), 'column')}"
    return Report(kind, summary, facts, data={"rows": count, "columns": list(columns)})


def table_report(
    old_columns: Sequence[str],
    new_columns: Sequence[str],
    totals: Sequence[int],
    found: rows.Rows,
    most: int,
    *,
    has_head: bool = True,
    kind: str = "table",
    facts: Sequence[Fact] = (),
) -> Report:
    """Return what differs between two tables.

    Args:
        old_columns: Names of the columns.
        new_columns: Those of the new version.
        totals: How many rows there are in all.
        found: How the rows differ.
        most: How many rows to show.
        has_head: Whether the names are the table's own.
        kind: Of the report.
        facts: More of them.
    """
    added = [name for name in new_columns if name not in old_columns]
    removed = [name for name in old_columns if name not in new_columns]
    common = [name for name in new_columns if name in old_columns]
    moved = common != [name for name in old_columns if name in new_columns]
    parts = [
        changes("column", len(added), len(removed), 0),
        changes("row", found.added, found.removed, found.changed),
    ]
    if moved:
        parts.append("columns in another order")
    if found.reordered:
        parts.append("rows in another order")
    summary = "; ".join(part for part in parts if part) or "the same rows and columns"
    every = [Fact("rows", *totals), Fact("columns", len(old_columns), len(new_columns)), *facts]
    if added:
        every.append(Fact("columns added", None, _names(added)))
    if removed:
        every.append(Fact("columns removed", _names(removed), None))
    data: dict[str, Any] = {
        "rows": {
            "old": totals[0],
            "new": totals[1],
            "added": found.added,
            "removed": found.removed,
            "changed": found.changed,
            "reordered": found.reordered,
        },
        "columns": {
            "old": len(old_columns),
            "new": len(new_columns),
            "added": added,
            "removed": removed,
            "reordered": moved,
            "changed": dict(found.by_column),
        },
        "key": list(found.key) if found.key is not None else None,
        "added_rows": [_row_data(row, new_columns) for row in found.added_rows],
        "removed_rows": [_row_data(row, old_columns) for row in found.removed_rows],
        "changed_rows": [_changed_data(row, common, found.key) for row in found.changed_rows],
    }
    blocks = list(_blocks(old_columns, new_columns, common, found, most * _CELLS_OF_A_ROW))
    notes = []
    if found.key is not None and (found.changed or found.added or found.removed):
        what = "column" if len(found.key) == 1 else "columns"
        names = _names(found.key)
        notes.append(f"rows are matched by {what} {names}" if has_head else "")
    elif not found.matched:
        notes.append(
            "no column tells the rows apart, so one that changed counts as removed and added"
        )
    return Report(kind, summary, every, blocks, data, [note for note in notes if note])


def _names(names: Sequence[str], most: int = 12) -> str:
    some = ", ".join(shown(name, 40) or '""' for name in names[:most])
    return f"{some}, and {len(names) - most} more" if len(names) > most else some


def _row_data(row: rows.Numbered, columns: Sequence[str]) -> dict[str, Any]:
    return {"row": row[0], "cells": dict(zip(columns, row[1], strict=True))}


def _changed_data(
    row: rows.Changed, columns: Sequence[str], key: Sequence[str] | None
) -> dict[str, Any]:
    found: dict[str, Any] = {"row": {"old": row.old_number, "new": row.new_number}}
    if key is not None:
        found["key"] = {name: row.new[columns.index(name)] for name in key}
    found["cells"] = {
        name: {"old": before, "new": after}
        for name, before, after in zip(columns, row.old, row.new, strict=True)
        if before != after
    }
    return found


def _blocks(
    old_columns: Sequence[str],
    new_columns: Sequence[str],
    common: Sequence[str],
    found: rows.Rows,
    most_cells: int,
) -> Iterator[Block]:
    if found.changed_rows:
        heads = (*(found.key or ("row",)), "column", "old", "new")
        lines = []
        for row in found.changed_rows:
            named = (
                tuple(row.new[common.index(name)] for name in found.key)
                if found.key is not None
                else (str(row.new_number),)
            )
            for name, before, after in zip(common, row.old, row.new, strict=True):
                if before != after:
                    lines.append(Row(CHANGED, (*named, name, before, after)))
        more = found.by_column.total() - min(len(lines), most_cells)
        yield Table("changed", heads, lines[:most_cells], more)
    for title, mark, columns, count, some in (
        ("added", ADDED, new_columns, found.added, found.added_rows),
        ("removed", REMOVED, old_columns, found.removed, found.removed_rows),
    ):
        if some:
            lines = [Row(mark, (str(number), *cells)) for number, cells in some]
            yield Table(title, ("row", *columns), lines, count - len(some))
