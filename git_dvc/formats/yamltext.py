"""How git-dvc reads, writes and edits YAML; the only door to PyYAML.

DVC reads and writes YAML 1.2 with ruamel.yaml. PyYAML knows only 1.1, so just its parser is
used here (events, from libyaml where it is there), and what plain text means is decided
by the rules below: ``yes`` is text, ``1e-3`` a number, ``0o17`` is 15. A date stays text.

Three things are offered:

* ``parse`` gives plain values. The text may come from anybody, so size, depth, aliases and
  the number of values after expanding aliases are limited (pyyaml #235), tags other than
  the core ones are refused, and so are repeated keys.
* ``dump`` writes values as DVC does: block style, dashes under their key, long text folded
  near column 80. ``tests/formats/samples/yamltext/`` has what DVC wrote.
* ``Document`` changes single values of a text and leaves every other byte as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from git_dvc.errors import FormatError

try:
    from yaml import CSafeLoader as _Loader
except ImportError:  # PyYAML without libyaml: the same events, ten times slower
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]

MOST_BYTES = 16 * 1024 * 1024
MOST_DEPTH = 64
MOST_ALIASES = 1_000
MOST_NODES = 1_000_000
MOST_DIGITS = 1_000

Step = str | int
Path = tuple[Step, ...]

# --- what plain text means (YAML 1.2 as ruamel.yaml reads it) ----------------------------

_INT = re.compile(r"[-+]?0b[0-1_]+|[-+]?0o?[0-7_]+|[-+]?[0-9_]+|[-+]?0x[0-9a-fA-F_]+")
_FLOAT = re.compile(
    r"[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+"
    r"|[-+]?\.[0-9_]+(?:[eE][-+][0-9]+)?"
)
_DATE = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?"
    r"(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?"
)
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_NUMBER_START = frozenset("+-.0123456789")


def resolve(text: str) -> Any:
    """Return what unquoted text means: None, a bool, an int, a float or the text itself."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMBER_START:
        return text
    if _INT.fullmatch(text):
        return _int(text)
    if _FLOAT.fullmatch(text):
        digits = text.replace("_", "")
        return float(digits) if digits.strip("+-") not in ("", ".") else text
    return text


def _int(text: str) -> Any:
    digits = text.replace("_", "")
    sign = -1 if digits[0] == "-" else 1
    digits = digits.lstrip("+-")
    if len(digits) > MOST_DIGITS:
        raise FormatError(f"a number with more than {MOST_DIGITS} digits")
    base = {"0b": 2, "0o": 8, "0x": 16}.get(digits[:2], 10)
    digits = digits if base == 10 else digits[2:]
    return sign * int(digits, base) if digits else text


def _needs_quotes(text: str) -> bool:
    """Return whether plain ``text`` would not be read back as text, by DVC or by us."""
    if not isinstance(resolve(text), str) or text in ("=", "<<"):
        return True
    if text[0] not in _NUMBER_START:
        return False
    return bool(_DATE.fullmatch(text) or _INT.fullmatch(text) or _FLOAT.fullmatch(text))


# --- reading ----------------------------------------------------------------------------


class _Node:
    """One value in a text, with its place there in characters.

    ``items`` holds the nodes of a sequence, the (key, value) pairs of a mapping; ``value``
    the value of a scalar. ``end`` is where the content ends: comments that follow it are
    not part of it. An alias has ``target``.
    """

    __slots__ = ("block", "end", "flow", "height", "items", "kind", "line", "start", "target",
                 "value", "weight")  # fmt: skip

    def __init__(self, kind: str, event: Any) -> None:
        mark = event.start_mark
        self.kind = kind
        self.start: int = mark.index
        self.end: int = event.end_mark.index
        self.line: int = mark.line + 1
        self.flow = False
        self.block = False  # a literal or folded scalar: its end is the start of a line
        self.items: list[Any] = []
        self.value: Any = None
        self.target: _Node | None = None
        self.weight = 1  # values in it and below, with aliases expanded
        self.height = 0  # levels of collections in it, likewise


_TAG_PREFIX = "tag:yaml.org,2002:"
_SCALAR_TAGS = frozenset({"str", "int", "float", "bool", "null"})


def _scalar_value(event: Any) -> Any:
    tag = event.tag
    if tag is None or tag == "!":
        # `implicit` is (plain without a tag, quoted without a tag).
        return resolve(event.value) if event.implicit[0] and tag is None else event.value
    name = tag.removeprefix(_TAG_PREFIX)
    if name not in _SCALAR_TAGS:
        raise FormatError(f"tag {tag[:60]!r} is not supported")
    if name == "str":
        return event.value
    value = resolve(event.value)
    kinds: dict[str, tuple[type, ...]] = {
        "int": (int,),
        "float": (int, float),
        "bool": (bool,),
        "null": (type(None),),
    }
    if not isinstance(value, kinds[name]) or (isinstance(value, bool) and name != "bool"):
        raise FormatError(f"not a {name}: {event.value[:60]!r}")
    return float(str(value)) if name == "float" else value


def _decode(data: bytes | str, max_bytes: int) -> str:
    if len(data) > max_bytes:
        raise FormatError(f"larger than {max_bytes} bytes")
    if isinstance(data, str):
        text = data
        try:
            text.encode()
        except UnicodeEncodeError:
            raise FormatError("not UTF-8 text") from None
    else:
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise FormatError(f"not UTF-8 text (byte {error.start})") from None
    return text.removeprefix("\ufeff")


def _compose(text: str) -> _Node | None:
    """Return the tree of the one document in ``text``, within the limits.

    Raises:
        FormatError: With the line.
    """
    try:
        return _Composer(text).run()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or error.context or "not valid"
        place = f"line {mark.line + 1}: " if mark else ""
        raise FormatError(f"{place}not valid YAML: {problem}") from None
    except yaml.YAMLError as error:
        raise FormatError(f"not valid YAML: {str(error).splitlines()[0]}") from None
    except (ValueError, UnicodeError, OverflowError) as error:
        # libyaml's wrapper lets some escapes through, such as "\ud800" in quotes.
        raise FormatError(f"not valid YAML: {error}") from None


class _Composer:
    def __init__(self, text: str) -> None:
        self.text = text
        self.anchors: dict[str, _Node] = {}
        self.aliases = 0
        self.nodes = 0
        self.root: _Node | None = None
        # Open collections, each with the key that waits for its value and the name it gets.
        self.stack: list[tuple[_Node, str | None]] = []
        self.keys: list[_Node | None] = []

    def run(self) -> _Node | None:
        documents = 0
        event: Any = None
        try:
            for event in yaml.parse(self.text, Loader=_Loader):
                if isinstance(event, yaml.ScalarEvent):
                    node = _Node("scalar", event)
                    node.value = _scalar_value(event)
                    node.block = event.style in ("|", ">")
                    self.add(node, event.anchor)
                elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
                    self.open(event)
                elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
                    self.close(event)
                elif isinstance(event, yaml.AliasEvent):
                    self.add(self.alias(event), None)
                elif isinstance(event, yaml.DocumentStartEvent):
                    documents += 1
                    if documents > 1:
                        raise FormatError("more than one document")
                    if event.version not in (None, (1, 2)):
                        raise FormatError("only YAML 1.2 is supported")
        except FormatError as error:
            if event is None or error.what.startswith("line "):
                raise
            raise FormatError(f"line {event.start_mark.line + 1}: {error.what}") from None
        return self.root

    def add(self, node: _Node, anchor: str | None) -> None:
        self.nodes += node.weight
        if self.nodes > MOST_NODES:
            raise FormatError(f"more than {MOST_NODES} values")
        if len(self.stack) + node.height > MOST_DEPTH:
            raise FormatError(f"nested deeper than {MOST_DEPTH}")
        if anchor is not None:
            self.anchors[anchor] = node
        if not self.stack:
            self.root = node
            return
        parent = self.stack[-1][0]
        parent.height = max(parent.height, node.height + 1)
        if parent.kind == "seq":
            parent.items.append(node)
        elif self.keys[-1] is None:
            if node.kind not in ("scalar", "alias") or isinstance(_value(node), (dict, list)):
                raise FormatError("a key must be a single value")
            self.keys[-1] = node
        else:
            parent.items.append((self.keys[-1], node))
            self.keys[-1] = None

    def open(self, event: Any) -> None:
        kind = "map" if isinstance(event, yaml.MappingStartEvent) else "seq"
        if event.tag not in (None, "!", _TAG_PREFIX + kind):
            raise FormatError(f"tag {event.tag[:60]!r} is not supported")
        if len(self.stack) >= MOST_DEPTH:
            raise FormatError(f"nested deeper than {MOST_DEPTH}")
        node = _Node(kind, event)
        node.flow = bool(event.flow_style)
        node.weight = self.nodes  # until it closes: the count where it began
        node.height = 1
        if event.anchor is not None:
            self.anchors.pop(event.anchor, None)
        self.stack.append((node, event.anchor))
        self.keys.append(None)

    def close(self, event: Any) -> None:
        node, anchor = self.stack.pop()
        self.keys.pop()
        inside = self.nodes - node.weight
        if node.flow:
            node.end = event.end_mark.index
        elif node.items:
            last = node.items[-1]
            node.end = (last[1] if node.kind == "map" else last).end
            if node.kind == "map" and node.end < last[0].end:
                node.end = last[0].end
        if node.kind == "map":
            _check_keys(node)
        node.weight = 1
        self.add(node, None)
        node.weight = inside + 1
        if anchor is not None:
            self.anchors[anchor] = node

    def alias(self, event: Any) -> _Node:
        self.aliases += 1
        if self.aliases > MOST_ALIASES:
            raise FormatError(f"more than {MOST_ALIASES} aliases")
        target = self.anchors.get(event.anchor)
        if target is None:
            raise FormatError(f"alias {event.anchor[:60]!r} names nothing, or itself")
        node = _Node("alias", event)
        node.target = target
        node.weight = target.weight
        node.height = target.height
        return node


def _check_keys(node: _Node) -> None:
    seen = set()
    for key, value in node.items:
        name = _value(key)
        if name == "<<" and _is_merge(key):
            if not all(isinstance(found, dict) for found in _merged(value)):
                raise FormatError(f"line {key.line}: '<<' needs a mapping")
            name = _MERGE
        if name in seen:
            raise FormatError(f"line {key.line}: key {str(name)[:60]!r} occurs twice")
        seen.add(name)


_MERGE = object()


def _is_merge(key: _Node) -> bool:
    return key.kind == "scalar" and key.end - key.start == 2  # quoted, it is longer


def _merged(value: _Node) -> list[Any]:
    found = _value(value)
    return found if isinstance(found, list) else [found]


def _value(node: _Node) -> Any:
    if node.kind == "scalar":
        return node.value
    if node.kind == "alias":
        return _value(node.target) if node.target else None
    if node.value is not None:
        return node.value
    if node.kind == "seq":
        node.value = [_value(item) for item in node.items]
        return node.value
    found: dict[Any, Any] = {}
    merged: list[Any] = []
    for key, value in node.items:
        if key.value == "<<" and _is_merge(key):
            merged = _merged(value)
        else:
            found[_value(key)] = _value(value)
    for other in merged:
        for key, value in other.items():
            found.setdefault(key, value)
    node.value = found
    return found


def parse(data: bytes | str, *, max_bytes: int = MOST_BYTES) -> Any:
    """Return the value of a YAML 1.2 document; None for an empty one.

    Aliased collections appear as the same object in several places: do not change them.

    Args:
        data: UTF-8 bytes, or text.
        max_bytes: The largest size to look at.

    Raises:
        FormatError: ``line 3: what is wrong``.
    """
    root = _compose(_decode(data, max_bytes))
    return None if root is None else _value(root)


# --- writing ----------------------------------------------------------------------------

WIDTH = 80
NEVER = 1 << 60
_LONGEST_KEY = 123
_BREAKS = "\n\x85\u2028\u2029"
_SPACES = " \t\r\0" + _BREAKS


def dump(value: Any) -> str:
    """Return ``value`` as DVC writes it.

    Args:
        value: Mappings, lists, text, numbers, truth values, None.
    """
    if isinstance(value, (dict, list)) and value:
        return "\n".join(_block(value, 0)) + "\n"
    return inline(value, column=0, indent=0) + "\n"


def _block(value: Any, indent: int) -> Iterator[str]:
    """Yield the lines of a non-empty collection; the first one starts at ``indent``."""
    pad = " " * indent
    if isinstance(value, list):
        for item in value:
            if isinstance(item, (dict, list)) and item:
                lines = _block(item, indent + 2)
                yield f"{pad}- {next(lines)[indent + 2 :]}"
                yield from lines
            else:
                yield f"{pad}- {inline(item, column=indent + 2, indent=indent + 2)}"
        return
    for key, item in value.items():
        yield from entry(key, item, indent)


def entry(key: Any, value: Any, indent: int) -> Iterator[str]:
    """Yield the lines of one entry of a block mapping whose keys stand at ``indent``."""
    pad = " " * indent
    name = _key(key, indent)
    if len(str(key)) >= _LONGEST_KEY or "\n" in str(key):
        # Too long for one line's key: `? key` and `: value`.
        yield f"{pad}? {inline(key, column=indent + 2, indent=indent + 2)}"
        if isinstance(value, (dict, list)) and value:
            lines = _block(value, indent + 2)
            yield f"{pad}: {next(lines)[indent + 2 :]}"
            yield from lines
        else:
            text = inline(value, column=indent + 2, indent=indent + 2)
            yield f"{pad}: {text}" if value is not None else f"{pad}:"
        return
    if isinstance(value, (dict, list)) and value:
        yield f"{pad}{name}:"
        yield from _block(value, indent if isinstance(value, list) else indent + 2)
    elif value is None:
        yield f"{pad}{name}:"
    else:
        start = f"{pad}{name}: "
        yield start + inline(value, column=len(start), indent=indent + 2)


def _key(key: Any, indent: int) -> str:
    if key is None:
        return "null"
    return inline(key, column=indent, indent=indent + 2, fold=False)


def inline(value: Any, *, column: int, indent: int, flow: bool = False, fold: bool = True) -> str:
    """Return a scalar, or a collection in flow style.

    Args:
        value: What to write.
        column: Where the text will start, from 0.
        indent: Where its continuation lines start.
        flow: Whether it stands inside ``[...]`` or ``{...}``.
        fold: Whether long text may be broken.
    """
    if isinstance(value, str):
        return scalar(value, column=column, indent=indent, flow=flow, fold=fold)
    if value is None:
        return "null" if flow else ""
    if isinstance(value, (bool, int, float)):
        text = _number(value)
        return _fold_plain(text, column, indent, WIDTH) if fold else text
    if isinstance(value, list):
        items = [inline(item, column=0, indent=0, flow=True, fold=False) for item in value]
        return f"[{', '.join(items)}]"
    if isinstance(value, dict):
        items = [
            f"{inline(key, column=0, indent=0, flow=True, fold=False)}: "
            f"{inline(item, column=0, indent=0, flow=True, fold=False)}"
            for key, item in value.items()
        ]
        return f"{{{', '.join(items)}}}"
    raise TypeError(f"cannot write {type(value).__name__} as YAML")


def _number(value: float) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if value != value:
        return ".nan"
    if value in (float("inf"), float("-inf")):
        return ".inf" if value > 0 else "-.inf"
    return repr(value).lower()


def scalar(text: str, *, column: int, indent: int, flow: bool = False, fold: bool = True) -> str:
    """Return text plain if YAML reads it back, else quoted, folded as DVC folds it."""
    if not text:
        return "''"
    special = any(not _is_printable(character) for character in text)
    if not special and not _needs_quotes(text) and _allows_plain(text, flow):
        write = _fold_plain
    elif special or "'" in text or "\n" in text or "\x85" in text:
        write = _double_quoted
    else:
        write = _single_quoted
    if fold:
        folded = write(text, column, indent, WIDTH)
        # ruamel.yaml folds some texts so that they read back changed; we do not.
        if "\n" not in folded or parse(folded) == text:
            return folded
    return write(text, column, indent, NEVER)


def _is_printable(character: str) -> bool:
    return (
        " " <= character <= "~"
        or character == "\n"
        or (
            character >= "\xa0"
            and not "\ud800" <= character <= "\udfff"
            and character not in "\ufeff\ufffe\uffff\u2028\u2029"
        )
    )


def _allows_plain(text: str, flow: bool) -> bool:
    if text[0] in " \n" or text[-1] in " \n" or "\n" in text:
        return False
    if text.startswith(("---", "...")) or text[0] in "#,[]{}&*!|>'\"%@`":
        return False
    if text[0] in "?:-" and (len(text) == 1 or text[1] in _SPACES):
        return False
    if text[-1] == ":" or re.search(r":\s|\s#", text):
        return False
    # Inside brackets PyYAML's parser is stricter than YAML 1.2.
    return not (flow and re.search(r"[,\[\]{}?:]", text))


def _fold_plain(text: str, column: int, indent: int, width: int) -> str:
    if column + len(text) <= width:
        return text
    out: list[str] = []
    pad = "\n" + " " * indent
    for match in re.finditer(r"[^ ]+|( +)", text):
        part = match[0]
        if match[1]:
            if len(part) == 1 and column >= width:
                out.append(pad)
                column = indent
                continue
        elif column + len(part) > width and column > indent:
            # A long word gets a line of its own; the space before it stays where it was.
            out.append(pad)
            column = indent
        out.append(part)
        column += len(part)
    return "".join(out)


def _single_quoted(text: str, column: int, indent: int, width: int) -> str:
    out = ["'"]
    column += 1
    for match in re.finditer(r"[^ ]+|( +)", text):
        part = match[0]
        inner = match.start() != 0 and match.end() != len(text)
        if match[1] and len(part) == 1 and column > width and inner:
            out.append("\n" + " " * indent)
            column = indent
            continue
        out.append(part)
        column += len(part)
    return "".join([*out, "'"])


_ESCAPES = {
    "\0": "0", "\x07": "a", "\x08": "b", "\x09": "t", "\x0a": "n", "\x0b": "v", "\x0c": "f",
    "\x0d": "r", "\x1b": "e", '"': '"', "\\": "\\", "\x85": "N", "\xa0": "_",
    "\u2028": "L", "\u2029": "P",
}  # fmt: skip


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return "\\" + _ESCAPES[character]
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"


def _double_quoted(text: str, column: int, indent: int, width: int) -> str:
    """Quote and fold as ruamel.yaml does, whose choice of places this repeats."""
    out = ['"']
    column += 1
    start = 0
    for end in range(len(text) + 1):
        character = text[end] if end < len(text) else None
        if character is None or character in '"\\' or not _is_quotable(character):
            out.append(text[start:end])
            column += end - start
            start = end
            if character is not None:
                out.append(_escaped(character))
                column += len(out[-1])
                start = end + 1
        if (
            0 < end < len(text) - 1
            and (character == " " or start >= end)
            and column + (end - start) > width
        ):
            backslash = _breaks_need_backslash(text, start, end)
            out.append(text[start:end] + "\\" * backslash)
            start = max(start, end)
            out.append("\n" + " " * indent)
            column = indent
            if text[start] == " ":
                if backslash:
                    out.append("\\")
                    column += 1
                else:
                    start += 1  # the line break reads as this space
    return "".join([*out, '"'])


def _is_quotable(character: str) -> bool:
    return " " <= character <= "~" or (character >= "\xa0" and _is_printable(character))


def _breaks_need_backslash(text: str, start: int, end: int) -> bool:
    space = text.find(" ", end)
    if space == -1 or space + 1 >= len(text):
        return True
    newline = text.find("\n", end, space)
    if newline != -1:
        space = newline
    after = text[space + 1]
    if text[space] == "\n" and after != " ":
        return True
    word = text[end:space]
    return (
        '"' in word
        or "'" in word
        or after in " \n"
        or text[end - 1 : end + 1] == "  "
        or start == end
    )


# --- editing ----------------------------------------------------------------------------


class Document:
    """A YAML text whose values can be changed one by one, with all else left as it is.

    Args:
        data: The text; also its line endings and byte order mark stay.

    Raises:
        FormatError: Not valid, and from every method: the text has a form in which that
            place cannot be edited.
    """

    def __init__(self, data: bytes, *, max_bytes: int = MOST_BYTES) -> None:
        self._text = _decode(data, max_bytes)
        self._mark = data.startswith(b"\xef\xbb\xbf")
        self._newline = "\r\n" if "\r\n" in self._text else "\n"
        self._pending: list[tuple[int, int, str]] = []
        self._max_bytes = max_bytes
        self._root = _compose(self._text)
        self._stale = False
        self.value: Any = None if self._root is None else _copied(_value(self._root))

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
            lines = list(_block([value], self._column_of_dash(node)))
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

    def _find(self, path: Path) -> _Node:
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

    def _position(self, node: _Node, step: Step) -> int:
        if node.kind == "seq" and isinstance(step, int) and step < len(node.items):
            return step
        if node.kind == "map":
            for number, (key, _) in enumerate(node.items):
                if _value(key) == step and not (_is_merge(key) and step == "<<"):
                    return number
        raise FormatError(f"line {node.line}: there is no {str(step)[:60]!r} to edit")

    def _start_of(self, node: _Node) -> int:
        """Return where a value starts, after its anchor or tag, which stay."""
        match = re.compile(r"(?:[&!][^\s]*[ \t]+)+").match(self._text, node.start)
        return match.end() if match and match.end() < node.end else node.start

    def _indent_of(self, node: _Node) -> int:
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

    def _column_of_dash(self, node: _Node) -> int:
        first = node.items[0]
        return self._dash_of(first) - self._line_start(self._dash_of(first))

    def _dash_of(self, item: _Node) -> int:
        at = item.start - 1
        while at >= 0 and self._text[at] in " \t\r\n":
            at -= 1
        if at < 0 or self._text[at] != "-":
            raise FormatError(f"line {item.line}: has a form that cannot be edited")
        return at

    def _key_start(self, key: _Node) -> int:
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

    def _tree(self) -> _Node | None:
        if self._stale:
            self._root = _compose(self._text)
            self._stale = False
        return self._root

    def _inline(self, node: _Node, value: Any) -> str:
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

    def _in_flow(self, node: _Node) -> bool:
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

    def _insert(self, node: _Node, key: Step, value: Any) -> None:
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

    def _add_flow(self, node: _Node, text: str) -> None:
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

    def _replace_by_lines(self, path: Path, node: _Node, value: Any) -> None:
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
            lines = list(_block([value], column))
            lines[0] = lines[0][column:]
        end = max(node.end, start)
        text = self._newline.join("\n".join(lines).split("\n"))
        if end > 0 and self._text[end - 1] == "\n":
            text += self._newline
        self._splice(start, end, text)

    def _delete_flow(self, parent: _Node, number: int) -> None:
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

    def _delete_block(self, parent: _Node, number: int) -> None:
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
