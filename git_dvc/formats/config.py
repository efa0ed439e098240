"""Config files: ``.dvc/config``, ``.dvc/config.local`` and the user's and system's own.

DVC writes them with ConfigObj, an INI dialect::

    [core]
        remote = store
    [cache]
        type = "hardlink,symlink"
    ['remote "store"']
        url = ../../store

``[remote "store"]`` is read too. Names of sections, remotes and options are lower-cased.
A section is a tuple here: ``("core",)`` or ``("remote", "store")``. Values stay text, as
written but without quotes; an unquoted list ``a, b`` is the text ``a,b``.

Reading is tolerant option by option, because one bad line must not stop every command:
``parse`` returns what is good as ``values`` and the rest as ``problems``. Options that are
not in DVC's schema are in both: kept, and reported. Writing is strict: ``validate`` and
``edit`` raise, so git-dvc never writes what DVC would refuse to read. Which options there
are is in ``options.py``.

Layers are merged, and paths resolved, by ``project.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from git_dvc.errors import ConfigError
from git_dvc.formats.options import (
    COMMAND_OPTIONS,
    NAMED,
    OPTIONS,
    PATH_OPTIONS,
    SECRET_OPTIONS,
    Section,
    check_remote,
    name_of,
    title,
    url_scheme,
    validate,
)

__all__ = [
    "COMMAND_OPTIONS",
    "NAMED",
    "OPTIONS",
    "PATH_OPTIONS",
    "SECRET_OPTIONS",
    "Parsed",
    "Problem",
    "Section",
    "Values",
    "as_bool",
    "check_remote",
    "edit",
    "name_of",
    "parse",
    "remove_section",
    "rename_section",
    "split_name",
    "title",
    "url_scheme",
    "validate",
]

Values = dict[Section, dict[str, str]]

INDENT = "    "
MOST_CHARACTERS = 1024 * 1024


def as_bool(text: str) -> bool:
    """Return the truth value of an option that ``parse`` or ``validate`` let through.

    Raises:
        ConfigError: Neither ``true`` nor ``false``.
    """
    word = text.lower()
    if word not in ("true", "false"):
        raise ConfigError(f"expected true or false, found {text[:100]!r}")
    return word == "true"


def split_name(name: str) -> tuple[Section, str]:
    """Return section and option of ``core.remote`` or ``remote.store.url``.

    Raises:
        ConfigError: Not of that form.
    """
    first, _, rest = name.partition(".")
    first = first.strip().lower()
    if first in NAMED:
        middle, _, option = rest.rpartition(".")
        section: Section = (first, middle.strip().lower())
    else:
        section, option = (first,), rest
    if not all(section) or not option.strip():
        raise ConfigError(
            f"{name!r} is not the name of an option (section.option or remote.name.option)"
        )
    return section, option.strip().lower()


# --- lines ------------------------------------------------------------------------------


class _Line(NamedTuple):
    """One line, or the lines of one triple-quoted value.

    ``kind`` is ``section``, ``option``, ``blank`` (also comments) or ``bad``; ``what`` is the
    trouble of a bad one. ``section`` is None inside a heading that cannot be used.
    """

    kind: str
    number: int
    text: str
    section: Section | None = None
    option: str = ""
    value: str = ""
    head: str = ""
    tail: str = ""
    what: str = ""


_NAMED = re.compile(r'\s*(remote|machine|db)\s*"(.*)"\s*', re.DOTALL)
_CONFLICT = re.compile(r"^(?:<{7}|={7}|>{7}|\|{7})(?: |\r?$)", re.MULTILINE)
_SPACE = re.compile(r"\s*")
_TRIPLE = ('"""', "'''")


def _lines(text: str) -> Iterator[_Line]:
    # The text may be a stranger's: every step here takes linear time.
    raw = text.splitlines(keepends=True)
    section: Section | None = ()
    number = 0
    while number < len(raw):
        first = number
        line = raw[number]
        number += 1
        body = line.rstrip("\r\n")
        if number == 1:
            body = body.removeprefix("\ufeff")
        stripped = body.strip()
        if not stripped or stripped.startswith("#"):
            yield _Line("blank", number, line, section)
            continue
        if stripped.startswith("["):
            section, trouble = _heading(stripped)
            yield _Line("bad" if trouble else "section", number, line, section, what=trouble)
            continue
        name, head = _name(body)
        if not name:
            yield _Line("bad", number, line, section, what="neither a section nor an option")
            continue
        option = name.lower()
        rest = body[len(head) :]
        if rest.startswith(_TRIPLE):
            quote, lines = rest[:3], [rest[3:]]
            while (end := _closing(quote, lines[-1])) == -1 and number < len(raw):
                lines.append(raw[number].rstrip("\r\n"))
                number += 1
            line = "".join(raw[first:number])
            found = None
            if end != -1:
                tail = lines[-1][end + 3 :]
                found = "\n".join([*lines[:-1], lines[-1][:end]]), tail
        else:
            found = _value(rest)
        if found is None:
            what = f"{option}: quotes do not match"
            yield _Line("bad", first + 1, line, section, what=what)
        else:
            yield _Line("option", first + 1, line, section, option, found[0], head, found[1])


def _skip(text: str, position: int) -> int:
    """Return the position after any white space."""
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _heading(text: str) -> tuple[Section | None, str]:
    """Return the section of ``[name]``, or None and what is wrong with it."""
    inner = text[1:].lstrip()
    if inner.startswith("["):
        return None, "sections do not nest"
    if inner[:1] in ("'", '"'):
        end = inner.find(inner[0], 1)
        name, rest = inner[1:end], inner[end + 1 :].lstrip()
    else:
        end = inner.find("]")
        name, rest = inner[:end].rstrip(), inner[end:]
    after = rest[1:].lstrip()
    if end == -1 or not name.strip() or rest[:1] != "]" or (after and after[0] != "#"):
        return None, "not a section heading"
    match = _NAMED.fullmatch(name.lower())
    return ((match[1], match[2]) if match else (name.lower().strip(),)), ""


def _name(body: str) -> tuple[str, str]:
    """Return an option's name and all that stands before its value; no name if malformed."""
    start = len(body) - len(body.lstrip())
    if body[start] in "'\"":
        end = body.find(body[start], start + 1)
        name, after = body[start + 1 : end], end + 1
        equals = _skip(body, after)
        if end == -1 or body[equals : equals + 1] != "=":
            return "", ""
    else:
        equals = body.find("=", start)
        name = body[start:equals].rstrip()
        if equals == -1:
            return "", ""
    return name, body[: _skip(body, equals + 1)]


def _closing(quote: str, line: str) -> int:
    """Return where a triple quote ends a value in this line, -1 if it does not."""
    end = line.find(quote)
    while end != -1:
        after = _skip(line, end + 3)
        if after == len(line) or line[after] == "#":
            return end
        end = line.find(quote, end + 1)
    return -1


def _value(text: str) -> tuple[str, str] | None:
    """Return a value (a list joined by commas) and what follows it, None if malformed."""
    items: list[str] = []
    position = 0
    while True:
        position = _skip(text, position)
        if position < len(text) and text[position] in "'\"":
            end = text.find(text[position], position + 1)
            if end == -1:
                return None
            items.append(text[position + 1 : end])
            position = end + 1
        else:
            end = position
            while end < len(text) and text[end] not in ",#":
                end += 1
            item = text[position:end].rstrip()
            if item:
                items.append(item)
            position += len(item)
        after = _skip(text, position)
        if after == len(text) or text[after] == "#":
            return ",".join(items), text[position:]
        if text[after] != ",":
            return None
        position = after + 1


# --- reading ----------------------------------------------------------------------------


class Problem(NamedTuple):
    """Something in a config file that was not understood, and so left out or only kept.

    Attributes:
        line: From 1.
        what: ``option: what is wrong``.
        where: The file.
    """

    line: int
    what: str
    where: str

    def __str__(self) -> str:
        return f"{self.where}:{self.line}: {self.what}" if self.where else self.what


class Parsed(NamedTuple):
    """A config file: what it sets, and what is wrong with it."""

    values: Values
    problems: tuple[Problem, ...] = ()


def parse(text: str, where: str = "") -> Parsed:
    """Return the options that ``text`` sets and everything that is wrong with it.

    A value that is not of its option's kind is left out of ``values``; an option or section
    that DVC does not know is kept. Both are reported.

    Raises:
        ConfigError: The file has merge conflict markers (neither side may win silently), or
            is too large to be a config file.
    """
    if len(text) > MOST_CHARACTERS:
        raise ConfigError(f"larger than {MOST_CHARACTERS} characters", where)
    if _CONFLICT.search(text):
        raise ConfigError("has merge conflict markers", where)
    values: Values = {}
    problems: list[Problem] = []
    for line in _lines(text):
        trouble = ""
        if line.kind == "bad":
            trouble = line.what
        elif line.kind == "section" and line.section is not None:
            if line.section in values:
                trouble = f"{title(line.section)}: section occurs twice"
            elif not _is_known(line.section):
                trouble = f"{title(line.section)}: no such section"
            values.setdefault(line.section, {})
        elif line.kind == "option":
            trouble = _take(line, values)
        if trouble:
            problems.append(Problem(line.number, trouble, where))
    return Parsed({key: found for key, found in values.items() if found}, tuple(problems))


def _is_known(section: Section) -> bool:
    return section[0] in OPTIONS and (section[0] in NAMED) == (len(section) == 2)


def _take(line: _Line, values: Values) -> str:
    """Add one option to ``values``; return what is wrong with it."""
    section = line.section
    if section is None:
        return ""  # the heading above is reported already
    if not section:
        return f"{line.option}: option before the first section"
    found = values[section]
    value, trouble = line.value, ""
    if line.option in found:
        trouble = f"{name_of(section, line.option)}: set twice, the last one counts"
    if _is_known(section):
        try:
            value = validate(section, line.option, line.value)
        except ConfigError as error:
            if line.option in OPTIONS[section[0]]:
                return error.what
            trouble = error.what
    found[line.option] = value
    return trouble


# --- writing ----------------------------------------------------------------------------


def edit(text: str, section: Section, option: str, value: str | None) -> str:
    """Return ``text`` with one option set, or taken out if ``value`` is None.

    Comments, order and spelling of everything else stay. A section that becomes empty
    goes, as when DVC rewrites the file.

    Raises:
        ConfigError: The value or name cannot be written so that DVC reads it back.
    """
    lines = list(_lines(text))
    mine = [n for n, line in enumerate(lines) if line.kind == "option" and line.section == section]
    same = [n for n in mine if lines[n].option == option]
    out = [line.text for line in lines]
    if value is None:
        for n in same:
            out[n] = ""
        return _without_empty(lines, out, section)
    newline = "\r\n" if "\r\n" in text else "\n"
    if same:
        line = lines[same[-1]]
        ending = line.text[len(line.text.rstrip("\r\n")) :] or newline
        out[same[-1]] = f"{line.head}{_quoted(value)}{line.tail}{ending}"
        for n in same[:-1]:
            out[n] = ""
        return "".join(out)
    indent = INDENT
    if mine:
        at = mine[-1]
        head = lines[at].head
        indent = head[: len(head) - len(head.lstrip())]
    else:
        at = max(
            (
                n
                for n, line in enumerate(lines)
                if line.kind == "section" and line.section == section
            ),
            default=-1,
        )
    added = f"{indent}{_quoted_name(option)} = {_quoted(value)}{newline}"
    if at == -1:
        added = f"[{_quoted_name(title(section))}]{newline}{added}"
        at = len(out) - 1
    if out and at >= 0 and not out[at].endswith(("\r", "\n")):
        out[at] += newline
    out.insert(at + 1, added)
    return "".join(out)


def remove_section(text: str, section: Section) -> str:
    """Return ``text`` without a section, its options and the comments between them."""
    lines = list(_lines(text))
    out = [line.text for line in lines]
    last = -1
    for n, line in enumerate(lines):
        if line.section != section:
            continue
        if line.kind == "section":
            last = n
        elif line.kind == "blank":
            continue  # comments after the last option belong to what comes next
        for between in range(max(last, 0), n + 1):
            out[between] = ""
        last = n
    return "".join(out)


def rename_section(text: str, section: Section, new: Section) -> str:
    """Return ``text`` with a section's heading changed and nothing else.

    Raises:
        ConfigError: The new name cannot be written.
    """
    heading = f"[{_quoted_name(title(new))}]"
    out = []
    for line in _lines(text):
        changed = line.text
        if line.kind == "section" and line.section == section:
            comment = re.search(r"\]\s*(\s#.*)$", line.text.rstrip("\r\n"))
            ending = line.text[len(line.text.rstrip("\r\n")) :]
            changed = heading + (comment[1] if comment else "") + ending
        out.append(changed)
    return "".join(out)


def _without_empty(lines: list[_Line], out: list[str], section: Section) -> str:
    """Return the text, without the section's heading if only blank lines are left in it."""
    mine = [n for n, line in enumerate(lines) if line.section == section]
    if all(lines[n].kind == "section" or not out[n].strip() for n in mine):
        for n in mine:
            out[n] = ""
    return "".join(out)


def _quoted(value: str) -> str:
    """Return a value as ConfigObj writes it."""
    if not value:
        return '""'
    if not _is_writable(value) or re.search(r"%\([^)]*\)s", value):
        raise ConfigError(f"DVC could not read this value back: {value[:100]!r}")
    if "'" in value and '"' in value:
        quote = "'''" if "'''" not in value else '"""'
        if quote in value:
            raise ConfigError(f"DVC could not read this value back: {value[:100]!r}")
        return f"{quote}{value}{quote}"
    if value[0] in " \t'\"" or value[-1] in " \t'\"" or "," in value or "#" in value:
        return f"'{value}'" if '"' in value else f'"{value}"'
    return value


def _quoted_name(name: str) -> str:
    if not name or not _is_writable(name) or "'" in name or set("[]=#%") & set(name):
        raise ConfigError(f"DVC could not read this name back: {name[:100]!r}")
    if name[0] in ' "' or name[-1] in ' "' or "," in name:
        return f"'{name}'" if '"' in name else f'"{name}"'
    return name


def _is_writable(text: str) -> bool:
    # DVC writes its config as ASCII and fails on the whole file otherwise, but reads UTF-8.
    return text.replace("\t", " ").isprintable() and len(text.splitlines()) == 1
