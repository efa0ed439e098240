"""Writing YAML as DVC does: ruamel.yaml's choice of quotes and of places to fold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from git_dvc.formats.yamlscalars import needs_quotes
from git_dvc.formats.yamltext.reading import parse

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
        return "\n".join(block(value, 0)) + "\n"
    return inline(value, column=0, indent=0) + "\n"


def block(value: Any, indent: int) -> Iterator[str]:
    """Yield the lines of a non-empty collection; the first one starts at ``indent``."""
    pad = " " * indent
    if isinstance(value, list):
        for item in value:
            if isinstance(item, (dict, list)) and item:
                lines = block(item, indent + 2)
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
            lines = block(value, indent + 2)
            yield f"{pad}: {next(lines)[indent + 2 :]}"
            yield from lines
        else:
            text = inline(value, column=indent + 2, indent=indent + 2)
            yield f"{pad}: {text}" if value is not None else f"{pad}:"
        return
    if isinstance(value, (dict, list)) and value:
        yield f"{pad}{name}:"
        yield from block(value, indent if isinstance(value, list) else indent + 2)
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
    if not special and not needs_quotes(text) and _allows_plain(text, flow):
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
