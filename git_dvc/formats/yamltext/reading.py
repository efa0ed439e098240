"""Reading YAML 1.2: events from PyYAML, everything else decided here.

A text becomes a tree of ``Node``, which remembers where each value stands, and the tree
becomes plain values. The editor (``editing.py``) works on the same tree.
"""

from __future__ import annotations

from typing import Any

import yaml

from git_dvc.errors import FormatError
from git_dvc.formats.yamlscalars import MOST_BYTES, resolve

try:
    from yaml import CSafeLoader as _Loader
except ImportError:  # PyYAML without libyaml: the same events, ten times slower
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]

MOST_DEPTH = 64
MOST_ALIASES = 1_000
MOST_NODES = 1_000_000
# --- the tree


class Node:
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
        self.target: Node | None = None
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


def decode(data: bytes | str, max_bytes: int) -> str:
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


def compose(text: str) -> Node | None:
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
        self.anchors: dict[str, Node] = {}
        self.aliases = 0
        self.nodes = 0
        self.root: Node | None = None
        # Open collections, each with the key that waits for its value and the name it gets.
        self.stack: list[tuple[Node, str | None]] = []
        self.keys: list[Node | None] = []

    def run(self) -> Node | None:
        documents = 0
        event: Any = None
        try:
            for event in yaml.parse(self.text, Loader=_Loader):
                if isinstance(event, yaml.ScalarEvent):
                    node = Node("scalar", event)
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

    def add(self, node: Node, anchor: str | None) -> None:
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
            if node.kind not in ("scalar", "alias") or isinstance(value_of(node), (dict, list)):
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
        node = Node(kind, event)
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

    def alias(self, event: Any) -> Node:
        self.aliases += 1
        if self.aliases > MOST_ALIASES:
            raise FormatError(f"more than {MOST_ALIASES} aliases")
        target = self.anchors.get(event.anchor)
        if target is None:
            raise FormatError(f"alias {event.anchor[:60]!r} names nothing, or itself")
        node = Node("alias", event)
        node.target = target
        node.weight = target.weight
        node.height = target.height
        return node


def _check_keys(node: Node) -> None:
    seen = set()
    for key, value in node.items:
        name = value_of(key)
        if name == "<<" and is_merge(key):
            if not all(isinstance(found, dict) for found in _merged(value)):
                raise FormatError(f"line {key.line}: '<<' needs a mapping")
            name = _MERGE
        if name in seen:
            raise FormatError(f"line {key.line}: key {str(name)[:60]!r} occurs twice")
        seen.add(name)


_MERGE = object()


def is_merge(key: Node) -> bool:
    return key.kind == "scalar" and key.end - key.start == 2  # quoted, it is longer


def _merged(value: Node) -> list[Any]:
    found = value_of(value)
    return found if isinstance(found, list) else [found]


def value_of(node: Node) -> Any:
    if node.kind == "scalar":
        return node.value
    if node.kind == "alias":
        return value_of(node.target) if node.target else None
    if node.value is not None:
        return node.value
    if node.kind == "seq":
        node.value = [value_of(item) for item in node.items]
        return node.value
    found: dict[Any, Any] = {}
    merged: list[Any] = []
    for key, value in node.items:
        if key.value == "<<" and is_merge(key):
            merged = _merged(value)
        else:
            found[value_of(key)] = value_of(value)
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
    root = compose(decode(data, max_bytes))
    return None if root is None else value_of(root)
