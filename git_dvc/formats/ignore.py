"""Ignore files: ``.dvcignore``, with the syntax of ``.gitignore``.

Patterns hold for the directory of their file and below; deeper files come after shallower
ones and the last match decides. Four built-in patterns come before all: ``.hg/``,
``.git/``, ``.git`` and ``.dvc/``. What lies in an ignored directory is ignored whatever
later patterns say.

DVC matches by pathspec, so git-dvc does too: the two must agree, since an ignored file is
left out of a directory's hash. Where pathspec and Git differ, DVC's verdict counts:
``tests/formats/samples/ignore/`` has verdicts that DVC gave. Importing pathspec takes
longer than most commands, so it waits until there is a pattern to match.

Reading the files, and skipping nested projects, is ``workspace/scan.py``'s work.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple, cast

NAME = ".dvcignore"
DEFAULT_TEXT = (
    "# Add patterns of files dvc should ignore, which could improve\n"
    "# the performance. Learn more at\n"
    "# https://dvc.org/doc/user-guide/dvcignore\n"
)
"""What ``init`` writes."""


class Match(NamedTuple):
    """The pattern that decided about a path.

    Attributes:
        file: The ignore file's relpath; empty for a built-in pattern.
        line: From 1; 0 for a built-in pattern.
        pattern: As written, without spaces around it.
        ignored: False if the pattern re-includes the path (``!...``).
    """

    file: str
    line: int
    pattern: str
    ignored: bool

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.pattern}" if self.file else f":{self.pattern}"


class _Pattern(NamedTuple):
    regex: str
    ignored: bool
    only_dirs: bool
    match: Match


class _Group(NamedTuple):
    """Patterns that follow each other and say the same, as one regular expression.

    Of several that match, the first is the one that DVC names as the reason.
    """

    ignored: bool
    only_dirs: bool
    regex: re.Pattern[str]
    patterns: tuple[_Pattern, ...]


_BUILT_IN = [
    _Pattern(r"^(?:.+/)?\.hg/", True, True, Match("", 0, ".hg/", True)),
    _Pattern(r"^(?:.+/)?\.git/", True, True, Match("", 0, ".git/", True)),
    _Pattern(r"^(?:.+/)?\.git(?:/|$)", True, False, Match("", 0, ".git", True)),
    _Pattern(r"^(?:.+/)?\.dvc/", True, True, Match("", 0, ".dvc/", True)),
]


class Ignore:
    """The ignore patterns of a project.

    Args:
        files: Directory (relpath, ``""`` for the project's root) and text of each ignore
            file, in any order. One in an ignored directory has no effect.

    Attributes:
        problems: A line for each pattern that cannot be used.
    """

    def __init__(self, files: Iterable[tuple[str, str]] = ()) -> None:
        self.problems: list[str] = []
        self._patterns: dict[str, list[_Pattern]] = {}
        self._forget()
        for folder, text in sorted(files, key=lambda item: (item[0].count("/"), item[0])):
            lines = [line.strip() for line in re.split(r"\r\n|\r|\n", text)]
            found = [
                (number, line)
                for number, line in enumerate(lines, 1)
                if line and not line.startswith("#")
            ]
            folder = "" if folder == "." else folder
            if found and not self.match_file(f"{folder}/{NAME}" if folder else NAME):
                self._add(folder, found)

    def _forget(self) -> None:
        self._insides: dict[str, bool] = {"": False}
        self._scopes: dict[str, list[_Group]] = {}

    def _add(self, folder: str, lines: list[tuple[int, str]]) -> None:
        to_regex = _translator()
        file = f"{folder}/{NAME}" if folder else NAME
        patterns: list[_Pattern] = []
        for number, line in lines:
            try:
                pattern = line
                regex, ignored = to_regex(line)
                if regex is not None and folder:
                    pattern = _below(folder, line)
                    regex, ignored = to_regex(pattern)
                if regex is None or ignored is None:
                    continue
                regex = _linear(regex, f"{len(self._patterns)}_{number}_")
                _compiled(regex)
            except (ValueError, re.error):
                self.problems.append(f"{file}:{number}: not a pattern: {line[:60]!r}")
                continue
            match = Match(file, number, line, ignored)
            patterns.append(_Pattern(regex, ignored, pattern.endswith("/"), match))
        self._patterns[folder] = patterns
        self._forget()

    @property
    def is_plain(self) -> bool:
        """Whether only the built-in patterns exist."""
        return not self._patterns

    def match_file(self, relpath: str) -> bool:
        """Return whether a file (or link) is ignored."""
        parent, _, name = relpath.rpartition("/")
        if parent and self._closed(parent):
            return True
        if not self._patterns:
            return name == ".git"
        found = self._decide(relpath, parent, is_dir=False)
        return found is not None and found.ignored

    def match_dir(self, relpath: str) -> bool:
        """Return whether a directory is ignored, and so everything in it."""
        parent = relpath.rpartition("/")[0]
        if parent and self._closed(parent):
            return True
        found = self._decide(relpath, parent, is_dir=True)
        return found is not None and found.ignored

    def _closed(self, folder: str) -> bool:
        """Return whether all that lies in a directory is ignored.

        That is so if it or one above it is ignored, or by ``**`` in its own file, which as
        DVC sees it matches the directory too.
        """
        pending = []
        known = self._insides.get(folder)
        while known is None:
            pending.append(folder)
            folder = folder.rpartition("/")[0]
            known = self._insides.get(folder)
        for folder in reversed(pending):
            for scope in (folder.rpartition("/")[0], folder):
                if not known and (scope != folder or folder in self._patterns):
                    found = self._decide(folder, scope, is_dir=True)
                    known = found is not None and found.ignored
            self._insides[folder] = known
        return known

    def why(self, relpath: str, *, is_dir: bool = False) -> Match | None:
        """Return the pattern that decided about a path or the directory it is in.

        It may be one that re-includes the path. None if no pattern matches.
        """
        parts = relpath.split("/")
        folder = "/".join(parts[:-1])
        for count in range(1, len(parts) + 1):
            part = "/".join(parts[:count])
            last = count == len(parts)
            group = self._decide(part, folder, is_dir=is_dir or not last)
            if group is not None and (last or group.ignored):
                for path in (part, part + "/"):
                    for pattern in group.patterns:
                        if _compiled(pattern.regex).match(path):
                            return pattern.match
        return None

    def _decide(self, relpath: str, folder: str, *, is_dir: bool) -> _Group | None:
        """Return what decides about this very path: the last group with a match.

        ``folder`` is where it lies, or a directory further down whose patterns count too.
        """
        for group in self._scope(folder):
            if group.only_dirs and not is_dir:
                continue
            if group.regex.match(relpath) or (is_dir and group.regex.match(relpath + "/")):
                return group
        return None

    def _scope(self, folder: str) -> list[_Group]:
        """Return the patterns that hold for what lies in a directory, last group first."""
        known = self._scopes.get(folder)
        if known is None:
            parts = folder.split("/") if folder else []
            folders = ["", *("/".join(parts[:count]) for count in range(1, len(parts) + 1))]
            having = [part for part in folders if part in self._patterns]
            last = having[-1] if having else ""
            known = self._scopes.get(last)
            if known is None:
                known = self._scopes[last] = _grouped(
                    _BUILT_IN + [found for part in having for found in self._patterns[part]]
                )
            self._scopes[folder] = known
        return known


def _compiled(regex: str) -> re.Pattern[str]:
    with warnings.catch_warnings():
        # Of a class with a bracket in it: what it may mean in some later Python.
        warnings.simplefilter("ignore", FutureWarning)
        return re.compile(regex)


def _grouped(patterns: list[_Pattern]) -> list[_Group]:
    """Return the patterns in groups, last one first. One that re-includes stays alone."""
    groups = []
    keys = (
        (found.ignored, found.only_dirs, 0 if found.ignored else number)
        for number, found in enumerate(patterns)
    )
    for (ignored, only_dirs, _), pairs in groupby(zip(keys, patterns, strict=True), itemgetter(0)):
        together = tuple(pattern for _, pattern in pairs)
        regex = _compiled("|".join(pattern.regex for pattern in together))
        groups.append(_Group(ignored, only_dirs, regex, together))
    groups.reverse()
    return groups


def _below(folder: str, pattern: str) -> str:
    """Return a pattern of ``folder``'s file as it would stand in the root's.

    As DVC does it, which therefore reads ``[`` or ``*`` in the folder's name as part of
    the pattern.
    """
    # DVC leaves out the first slash unless there is a "!"; pathspec cares in odd cases.
    sign, rule = ("!/", pattern[1:]) if pattern.startswith("!") else ("", pattern)
    anchored = "/" in rule[:-1] and not rule.startswith("**/")
    rule = rule.removeprefix("/" if anchored else "**/")
    rule = rule.removeprefix("\\")
    return f"{sign}{folder}/{rule}" if anchored else f"{sign}{folder}/**/{rule}"


# What pathspec makes of `*` and of `/**`.
_STAR, _GAP = "[^/]*", "(?:/.+)?"
_MOST_WILD = 3


def _linear(regex: str, name: str) -> str:
    """Return the same regular expression, made so that it cannot take forever.

    ``*a*a*a*a*b`` tries every way to share out a name among its stars, and ignore files
    come with a clone. Where another wildcard follows, the first place that fits is as good
    as any later one, so the search need not come back to it.

    Args:
        regex: As pathspec writes it.
        name: For groups that need one; no other pattern has it.

    Raises:
        ValueError: It has many wildcards and a form that cannot be made safe.
    """
    regex = re.sub(r"\(\?P<\w+>", "(?:", regex)
    if re.search(r"\[\^(?!/\])", regex):
        # A class such as [!x] can match a slash in pathspec: what is above does not hold.
        if regex.count("*") + regex.count("+") > _MOST_WILD:
            raise ValueError("too many wildcards")
        return regex
    number = 0

    def once(inner: str) -> str:
        # (?>...) exists from Python 3.11; a group in a look-ahead is never come back to.
        nonlocal number
        number += 1
        group = f"g{name}{number}"
        return f"(?=(?P<{group}>{inner}))(?P={group})"

    parts = []
    for part in regex.split(_GAP):
        head, *pieces = [piece for n, piece in enumerate(part.split(_STAR)) if piece or n == 0]
        if part.endswith(_STAR):
            pieces.append("")
        middle = "".join(once(f"[^/]*?{piece}") for piece in pieces[:-1])
        parts.append(head + middle + (_STAR + pieces[-1] if pieces else ""))
    first, *rest = parts
    middle = "".join(once(f"(?:/.+?)??{part}(?=/)") for part in rest[:-1])
    return first + middle + (_GAP + rest[-1] if rest else "")


def _translator() -> Callable[[str], tuple[str | None, bool | None]]:
    """Return what turns a pattern into a regular expression and whether it ignores."""
    import importlib

    try:
        module = importlib.import_module("pathspec.patterns.gitignore.spec")
        pattern: Any = module.GitIgnoreSpecPattern
    except ImportError:  # pathspec before 1.0
        pattern = importlib.import_module("pathspec.patterns").GitWildMatchPattern
    return cast("Callable[[str], tuple[str | None, bool | None]]", pattern.pattern_to_regex)
