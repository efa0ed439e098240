"""The rows of a file that is plotted: mappings, all alike, from CSV, TSV, JSON, YAML or TOML.

A table has a row for each line. Everything else may be nested, and the lists of mappings in it
are what counts; several of them stand side by side: ``{"a": [{"x": 1}], "b": [{"y": 2}]}`` is the
one row ``{"x": 1, "y": 2}``.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Any

from git_dvc.compare import values
from git_dvc.errors import FormatError

IMAGES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".svg": "image/svg+xml",
}
"""Files that are shown as they are, with what a browser calls them."""

MOST_ROWS = 1_000_000
_TABLES = {".csv": ",", ".tsv": "\t"}
_OTHERS = (".json", ".yaml", ".yml", ".toml", ".py")
_DEEPEST = 64

Row = dict[str, Any]


def suffix(path: str) -> str:
    """Return the suffix of a path in lower case."""
    return posixpath.splitext(path)[1].lower()


def is_image(path: str) -> bool:
    """Return whether a file is a picture, by its name."""
    return suffix(path) in IMAGES


def is_for_plots(path: str) -> bool:
    """Return whether a file in a directory of plots is one, by its name."""
    return suffix(path) in (*IMAGES, *_TABLES, ".json", ".yaml", ".yml")


def parse(path: str, data: bytes, *, header: bool = True) -> Any:
    """Return what a file holds.

    Args:
        path: For its suffix, and for messages.
        data: Its content.
        header: Whether the first line of a table has the names of its columns, which are
            called 0, 1, 2, ... else.

    Raises:
        FormatError: It cannot be understood.
    """
    kind = suffix(path)
    if kind in _TABLES:
        return _table(path, data, _TABLES[kind], header)
    if kind not in _OTHERS:
        raise FormatError(
            "is no plot: it takes CSV, TSV, JSON, YAML, TOML, Python, or an image "
            "(png, jpg, gif, svg)",
            path,
        )
    return values.parse(path, data)


def _table(path: str, data: bytes, delimiter: str, header: bool) -> list[Row]:
    import csv
    import io

    if len(data) > values.MOST_BYTES:
        raise FormatError(f"larger than {values.MOST_BYTES // 1024**2} MiB", path)
    try:
        lines = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=delimiter)
        names: list[str] | None = None
        found: list[Row] = []
        for line in lines:
            if not line:
                continue
            if names is None:
                names = line if header else [str(number) for number in range(len(line))]
                if header:
                    continue
            row: Row = dict(zip(names, line, strict=False))
            for name in names[len(line) :]:
                row[name] = None
            found.append(row)
            if len(found) > MOST_ROWS:
                raise FormatError(f"more than {MOST_ROWS} rows", path)
    except (csv.Error, UnicodeDecodeError) as problem:
        raise FormatError(f"not a table of text: {problem}", path) from None
    return found


def rows(content: Any) -> list[Row]:
    """Return the rows in what a file holds, as new mappings."""
    lists = [found for found in _lists(content) if _are_rows(found)]
    alike = [found for found in lists if _are_alike(found)]
    merged: list[Row] = []
    for found in alike or lists[:1]:
        for number, row in enumerate(found):
            if number == len(merged):
                merged.append({})
            merged[number].update((str(name), value) for name, value in row.items())
    return merged


def last_column(content: Any) -> str | None:
    """Return the name of the last value of a row, which is drawn if nothing else is said."""
    for found in _lists(content):
        if _are_rows(found):
            return str(list(found[0])[-1]) if found[0] else None
    return None


def _are_rows(found: list[Any]) -> bool:
    return bool(found) and all(isinstance(row, dict) for row in found)


def _are_alike(found: list[Row]) -> bool:
    names = found[0].keys()
    return all(row.keys() <= names for row in found)


def _lists(content: Any, depth: int = 0) -> Iterator[list[Any]]:
    if isinstance(content, list):
        yield content
    elif isinstance(content, dict) and depth < _DEEPEST:
        for value in content.values():
            if isinstance(value, (dict, list)):
                yield from _lists(value, depth + 1)
