"""YAML in the form that programs write, read without the help of PyYAML.

Files of ours are nearly all like this, block style without anything special::

    # a comment
    stages:
      train:
        cmd: python3 train.py --lr 0.1
          --epochs 3
        deps:
        - 'in put.csv'
        - path: x

Line by line that takes a tenth of the time of a real parser, which need not even be loaded.
Whatever is not in this form for sure is left to ``yamltext``; ``parse`` asks both.
"""

from __future__ import annotations

import re
from typing import Any

from git_dvc.errors import FormatError
from git_dvc.formats.yamlscalars import MOST_BYTES, resolve

_MOST_LINES = 250_000
_MOST_DEPTH = 40

_SHARED_BYTES = 16 * 1024
_MOST_SHARED = 4
_shared: list[tuple[bytes, int, Any]] = []

_NOT_PLAIN: Any = object()
"""What only the real parser can tell."""

# --- block style, line by line

# Plain text of one line. Its first character is no mark of YAML's, and in it is no ': ' or ' #'.
_REST = r"[^:#]*(?:(?::(?=[^ ])|(?<=[^ ])#)[^:#]*)*"
_TEXT = rf"(?:[\w./$(+~;<=\\^)]|-(?=[\w.-])){_REST}"
_SINGLE = r"'(?:[^']|'')*'"
_DOUBLE = r'"[^"\\]*"'
_LINE = re.compile(
    rf"( *)(?:(-) +)?(?:({_TEXT}|{_SINGLE}):(?: +|$))?({_TEXT}|{_SINGLE}|{_DOUBLE}|\[\]|\{{\}})?"
)
_MORE = re.compile(rf" *([^ #:]{_REST})")
"""Goes on with the plain text of the line before."""


def _plain(text: str) -> Any:
    """Return the value of a text in this form, else ``_NOT_PLAIN``."""
    lines = text.split("\n")
    if len(lines) > _MOST_LINES or not text.replace("\n", "").isprintable():
        return _NOT_PLAIN
    root: list[Any] = []
    # Open collections: their column, and the key that waits for its value.
    stack: list[list[Any]] = [[-1, root, None]]
    last: tuple[int, Any, Any, str] | None = None  # plain text that may go on: column, place
    keys: dict[str, Any] = {}
    for line in lines:
        is_commented = False
        if "#" in line:
            if line.lstrip(" ")[0] == "#":
                last = None  # text that goes on after this would not be simple
                continue
            at = line.find(" #")
            if at >= 0:
                if "'" in line or '"' in line:
                    return _NOT_PLAIN
                line = line[:at].rstrip(" ")
                is_commented = True
        match = _LINE.fullmatch(line)
        column = match.end(1) if match is not None else len(line) - len(line.lstrip(" "))
        if column == len(line):
            last = None
            continue
        if last is not None and column > last[0]:
            more = _MORE.fullmatch(line)
            is_mark = line[column : column + 2] in ("- ", "? ", "-", "?")
            if more is None or is_mark or is_commented or line[-1] in " :":
                return _NOT_PLAIN
            above, holder, at, before = last
            whole = f"{before} {more[1]}"
            holder[at] = resolve(whole)
            last = above, holder, at, whole
            continue
        if match is None or (column == 0 and line.startswith(("---", "..."))):
            return _NOT_PLAIN
        _, dash, key, value = match.groups()
        if value is not None and value[-1] in " :":
            return _NOT_PLAIN
        while column < stack[-1][0] or (
            column == stack[-1][0] and dash is None and type(stack[-1][1]) is list
        ):
            stack.pop()
        top = stack[-1]
        if dash is not None:
            if type(top[1]) is not list or column != top[0]:
                if not _open(stack, [], column):
                    return _NOT_PLAIN
                top = stack[-1]
            items = top[1]
            if key is None:
                if value is None:
                    return _NOT_PLAIN
                items.append(None)
                holder, at = items, len(items) - 1
            else:
                holder = {}
                items.append(holder)
                column = match.start(3)
                stack.append([column, holder, None])
                if len(stack) > _MOST_DEPTH:
                    return _NOT_PLAIN
        elif key is None:
            return _NOT_PLAIN
        else:
            if type(top[1]) is not dict or column != top[0]:
                if not _open(stack, {}, column):
                    return _NOT_PLAIN
                top = stack[-1]
            holder = top[1]
            top[2] = None
        if key is not None:
            if key in keys:
                at = keys[key]
            else:
                at = keys[key] = _key(key)
                if at is _NOT_PLAIN:
                    return _NOT_PLAIN
            if at in holder:
                return _NOT_PLAIN
            holder[at] = None
            if value is None:
                stack[-1][2] = (at,)
        last = None
        if value is None:
            continue
        first = value[0]
        if first == "'":
            holder[at] = value[1:-1].replace("''", "'")
        elif first == '"':
            holder[at] = value[1:-1]
        elif first == "[":
            holder[at] = []
        elif first == "{":
            holder[at] = {}
        else:
            holder[at] = resolve(value)
            if not is_commented:
                last = column, holder, at, value
    return root[0] if root else None


def _open(stack: list[list[Any]], new: Any, column: int) -> bool:
    """Open a collection; return False where none can be."""
    above, holder, key = stack[-1]
    if above == -1:
        if holder or column:
            return False
        holder.append(new)
    elif type(holder) is dict and key is not None:
        # A list may stand in the column of its key.
        if column < above or (column == above and type(new) is dict):
            return False
        holder[key[0]] = new
        stack[-1][2] = None
    else:
        return False
    stack.append([column, new, None])
    return len(stack) <= _MOST_DEPTH


def _key(text: str) -> Any:
    if text[0] == "'":
        return text[1:-1].replace("''", "'")
    if len(text) > 200 or text[-1] == " " or text == "<<" or "\\" in text:
        return _NOT_PLAIN
    return resolve(text)


def parse(data: bytes | str, *, max_bytes: int = MOST_BYTES) -> Any:
    """Return the value of a YAML 1.2 document; as ``yamltext.parse``, and mostly much quicker."""
    if len(data) <= max_bytes:
        try:
            found = _plain(data.decode("utf-8") if isinstance(data, bytes) else data)
        except (UnicodeError, FormatError):
            found = _NOT_PLAIN
        if found is not _NOT_PLAIN:
            return found
    from git_dvc.formats import yamltext

    return yamltext.parse(data, max_bytes=max_bytes)


def parse_shared(data: bytes, *, max_bytes: int = MOST_BYTES) -> Any:
    """Return the same, for callers that never change it.

    One command looks at a large ``dvc.yaml`` or ``dvc.lock`` in several ways, for data and for
    stages; the last few of them are remembered.
    """
    if len(data) < _SHARED_BYTES:
        return parse(data, max_bytes=max_bytes)
    for known, limit, value in _shared:
        if limit == max_bytes and known == data:
            return value
    value = parse(data, max_bytes=max_bytes)
    _shared.insert(0, (data, max_bytes, value))
    del _shared[_MOST_SHARED:]
    return value
