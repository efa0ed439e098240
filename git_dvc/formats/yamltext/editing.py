"""Changing single values of a YAML text and nothing else, byte for byte."""

from __future__ import annotations

import re
from typing import Any

from git_dvc.errors import FormatError
from git_dvc.formats.yamlscalars import MOST_BYTES
from git_dvc.formats.yamltext.reading import (
    Node,
    compose,
    decode,
    is_merge,
    parse,
    value_of,
)
from git_dvc.formats.yamltext.writing import block, entry, inline

Step = str | int
Path = tuple[Step, ...]


class Document:
    """A YAML text whose values can be changed one by one, with all else left as it is.

    Args:
        data: The text; also its line endings and byte order mark stay.

    Raises:
        FormatError: Not valid, and from every method: the text has a form in which that
            place cannot be edited.
    """

    def __init__(self, data: bytes, *, max_bytes: int = MOST_BYTES) -> None:
        self._text = decode(data, max_bytes)
        self._mark = data.startswith(b"\xef\xbb\xbf")
        self._newline = "\r\n" if "\r\n" in self._text else "\n"
        self._pending: list[tuple[int, int, str]] = []
        self._max_bytes = max_bytes
        self._root = compose(self._text)
        self._stale = False
        self.value: Any = None if self._root is None else _copied(value_of(self._root))

    def set(self, path: Path, value: Any) -> None:
        """Give the place at ``path`` a value; a missing key goes to the end of its mapping."""
        if not path:
            raise FormatError("cannot replace the whole document")
        holder = _follow(self.value, path[:-1])
        if isinstance(holder, dict) and path[-1] not in holder:
            self._flush()
            self._insert(self._find(path[:-1]), path[-1], value)
            holder[path[-1]] = _copied(value)
            self._stale = True
            return
        node = self._find(path)
        plain = node.kind == "scalar" and not node.block and not isinstance(value, (dict, list))
        if plain and value is not None and node.end > node.start:
            self._pending.append((node.start, node.end, self._inline(node, value)))
            holder[path[-1]] = value
            return
        self._flush()
        self._replace(path, value)
        holder[path[-1]] = _copied(value)
        self._stale = True

    def delete(self, path: Path) -> None:
        """Take out a key with its value, or an item of a list."""
        if not path:
            raise FormatError("cannot delete the whole document")
        self._flush()
        parent = self._find(path[:-1])
        holder = _follow(self.value, path[:-1])
        if len(parent.items) == 1:
            self._splice(self._start_of(parent), parent.end, "[]" if parent.kind == "seq" else "{}")
        elif parent.flow:
            self._delete_flow(parent, self._position(parent, path[-1]))
        else:
            self._delete_block(parent, self._position(parent, path[-1]))
        del holder[path[-1]]
        self._stale = True

    def append(self, path: Path, value: Any) -> None:
        """Add an item to the end of a list."""
        self._flush()
        node = self._find(path)
        holder = _follow(self.value, path)
        if node.kind != "seq":
            raise FormatError(f"line {node.line}: not a list")
        if node.flow:
            self._add_flow(node, inline(value, column=0, indent=0, flow=True, fold=False))
        else:
            lines = list(block([value], self._column_of_dash(node)))
            self._add_lines(node.end, lines)
        holder.append(_copied(value))
        self._stale = True

    def dump(self) -> bytes:
        """Return the text with all changes.

        Raises:
            FormatError: It would not be read back as ``value``; nothing is written then.
        """
        self._flush()
        data = ("\ufeff" * self._mark + self._text).encode()
        if not _same(parse(data, max_bytes=self._max_bytes * 2), self.value):
            raise FormatError("has a form that cannot be edited")
        return data

    # Finding places.

    def _find(self, path: Path) -> Node:
        node = self._tree()
        for step in path:
            while node is not None and node.kind == "alias":
                raise FormatError(f"line {node.line}: an alias cannot be edited")
            if node is None:
                break
            item = node.items[self._position(node, step)]
            node = item[1] if node.kind == "map" else item
        if node is None or node.kind == "alias":
            raise FormatError("an empty place or an alias cannot be edited")
        return node

    def _position(self, node: Node, step: Step) -> int:
        if node.kind == "seq" and isinstance(step, int) and step < len(node.items):
            return step
        if node.kind == "map":
            for number, (key, _) in enumerate(node.items):
                if value_of(key) == step and not (is_merge(key) and step == "<<"):
                    return number
        raise FormatError(f"line {node.line}: there is no {str(step)[:60]!r} to edit")

    def _start_of(self, node: Node) -> int:
        """Return where a value starts, after its anchor or tag, which stay."""
        match = re.compile(r"(?:[&!][^\s]*[ \t]+)+").match(self._text, node.start)
        return match.end() if match and match.end() < node.end else node.start

    def _indent_of(self, node: Node) -> int:
        """Return the column where the lines of an open value must continue."""
        line_start = self._line_start(node.start)
        text = self._text[line_start : node.start]
        match = re.match(r"(?: |- )*", text)
        return len(match[0]) if match else 0

    def _line_start(self, position: int) -> int:
        return self._text.rfind("\n", 0, position) + 1

    def _line_end(self, position: int) -> int:
        """Return the position after the line break that ends this line."""
        end = self._text.find("\n", position)
        return len(self._text) if end == -1 else end + 1

    def _column_of_dash(self, node: Node) -> int:
        first = node.items[0]
        return self._dash_of(first) - self._line_start(self._dash_of(first))

    def _dash_of(self, item: Node) -> int:
        at = item.start - 1
        while at >= 0 and self._text[at] in " \t\r\n":
            at -= 1
        if at < 0 or self._text[at] != "-":
            raise FormatError(f"line {item.line}: has a form that cannot be edited")
        return at

    def _key_start(self, key: Node) -> int:
        """Return where an entry of a block mapping starts: at its key, or at ``?`` before it."""
        before = self._text[self._line_start(key.start) : key.start].rstrip(" ")
        if before.endswith("?") and not before[:-1].strip(" -"):
            return self._line_start(key.start) + len(before) - 1
        return key.start

    # Changing the text.

    def _splice(self, start: int, end: int, text: str) -> None:
        self._text = self._text[:start] + text + self._text[end:]

    def _flush(self) -> None:
        if self._pending:
            # By place: a later change of the same place wins.
            changes = {start: (end, text) for start, end, text in self._pending}
            parts, last = [], 0
            for start in sorted(changes):
                end, text = changes[start]
                parts += [self._text[last:start], text]
                last = end
            self._text = "".join([*parts, self._text[last:]])
            self._pending = []
            self._stale = True

    def _tree(self) -> Node | None:
        if self._stale:
            self._root = compose(self._text)
            self._stale = False
        return self._root

    def _inline(self, node: Node, value: Any) -> str:
        start = self._start_of(node)
        kept = self._text[node.start : start]
        column = start - self._line_start(start)
        indent = self._indent_of(node) + 2
        text = inline(value, column=column, indent=indent, flow=self._in_flow(node))
        if isinstance(value, str) and self._text[start] in "'\"":
            text = self._requoted(self._text[start], value, text)
        return kept + text.replace("\n", self._newline)

    @staticmethod
    def _requoted(quote: str, value: str, text: str) -> str:
        """Keep the quotes that the author chose, where they can hold the value."""
        if text != value:
            return text
        if quote == "'":
            return f"'{value}'"
        return f'"{value}"' if not set('"\\') & set(value) else text

    def _in_flow(self, node: Node) -> bool:
        root = self._tree()
        pending = [root] if root else []
        while pending:
            found = pending.pop()
            if found.flow and found.start < node.start < found.end:
                return True
            for item in found.items:
                child = item[1] if found.kind == "map" else item
                if child.items and child.start <= node.start <= child.end:
                    pending.append(child)
        return False

    def _insert(self, node: Node, key: Step, value: Any) -> None:
        if node.kind != "map":
            raise FormatError(f"line {node.line}: not a mapping")
        if node.flow:
            name = inline(key, column=0, indent=0, flow=True, fold=False)
            text = inline(value, column=0, indent=0, flow=True, fold=False)
            self._add_flow(node, f"{name}: {text}")
            return
        start = self._key_start(node.items[0][0])
        column = start - self._line_start(start)
        self._add_lines(node.end, list(entry(key, value, column)))

    def _add_lines(self, after: int, lines: list[str]) -> None:
        text = self._newline.join("\n".join(lines).split("\n"))
        if after == 0 or self._text[after - 1] == "\n":
            at = after
        else:
            at = self._line_end(after)
            if at == len(self._text) and not self._text.endswith("\n"):
                self._splice(at, at, self._newline + text)
                return
        self._splice(at, at, text + self._newline)

    def _add_flow(self, node: Node, text: str) -> None:
        if node.items:
            last = node.items[-1]
            at = (last[1] if node.kind == "map" else last).end
            if node.kind == "map":
                at = max(at, last[0].end)
            self._splice(at, at, f", {text}")
        else:
            at = self._text.index("{" if node.kind == "map" else "[", node.start) + 1
            self._splice(at, at, text)

    def _replace(self, path: Path, value: Any) -> None:
        node = self._find(path)
        start = self._start_of(node)
        if isinstance(value, (dict, list)) and value and not self._in_flow(node) and len(path):
            self._replace_by_lines(path, node, value)
            return
        column = start - self._line_start(start)
        flow = self._in_flow(node)
        text = inline(value, column=column, indent=self._indent_of(node) + 2, flow=flow)
        text = text.replace("\n", self._newline)
        end = node.end
        if node.block or (node.kind != "scalar" and not node.flow):
            ends_line = end > 0 and self._text[end - 1] == "\n"
            # A collection starts on the line after its key: pull it up.
            while start > 0 and self._text[start - 1] in " \t\r\n":
                start -= 1
            self._splice(start, end, f" {text}" + (self._newline if ends_line else ""))
            return
        if end == start and text and self._text[start - 1 : start] not in (" ", "\t", ""):
            text = " " + text
        self._splice(start, end, text)

    def _replace_by_lines(self, path: Path, node: Node, value: Any) -> None:
        parent = self._find(path[:-1])
        number = self._position(parent, path[-1])
        if parent.kind == "map":
            start = self._key_start(parent.items[number][0])
            column = start - self._line_start(start)
            lines = list(entry(path[-1], value, column))
            lines[0] = lines[0][column:]
        else:
            item = parent.items[number]
            start = self._dash_of(item)
            column = start - self._line_start(start)
            lines = list(block([value], column))
            lines[0] = lines[0][column:]
        end = max(node.end, start)
        text = self._newline.join("\n".join(lines).split("\n"))
        if end > 0 and self._text[end - 1] == "\n":
            text += self._newline
        self._splice(start, end, text)

    def _delete_flow(self, parent: Node, number: int) -> None:
        def ends(at: int) -> tuple[int, int]:
            item = parent.items[at]
            if parent.kind == "map":
                return item[0].start, max(item[0].end, item[1].end)
            return item.start, item.end

        start, end = ends(number)
        if number + 1 < len(parent.items):
            end = ends(number + 1)[0]
        elif number > 0:
            start = ends(number - 1)[1]
        self._splice(start, end, "")

    def _delete_block(self, parent: Node, number: int) -> None:
        item = parent.items[number]
        if parent.kind == "map":
            start, end = self._key_start(item[0]), max(item[0].end, item[1].end)
        else:
            start, end = self._dash_of(item), item.end
        if not (end > start and self._text[end - 1] == "\n"):
            end = self._line_end(end)
        line_start = self._line_start(start)
        before = self._text[line_start:start]
        if not before.strip():
            self._splice(line_start, end, "")
            return
        # `- key: value`: the dash stays and what follows moves up to it.
        if number + 1 == len(parent.items):
            raise FormatError(f"line {parent.line}: has a form that cannot be edited")
        following = parent.items[number + 1]
        begin = self._key_start(following[0]) if parent.kind == "map" else self._dash_of(following)
        if not self._text[end:begin].strip():
            self._splice(start, begin, "")
        else:  # comments in between stay on their own lines
            kept = line_start + len(before.rstrip())
            self._splice(kept, end, self._newline)


def _follow(value: Any, path: Path) -> Any:
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            raise FormatError(f"there is no {str(step)[:60]!r} to edit") from None
    return value


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_copied(item) for item in value]
    return value


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, dict):
        return (
            isinstance(b, dict)
            and a.keys() == b.keys()
            and all(_same(item, b[key]) for key, item in a.items())
        )
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(map(_same, a, b))
    return type(a) is type(b) and (a == b or (a != a and b != b))
