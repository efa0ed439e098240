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
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, cast

NAME = ".dvcignore"

BUILT_IN = (".hg/", ".git/", ".git", ".dvc/")

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


class _Rule(NamedTuple):
    ignored: bool
    only_dirs: bool
    regex: re.Pattern[str]
    match: Match


class Ignore:
    """The ignore patterns of a project.

    Args:
        files: Directory (relpath, ``""`` for the project's root) and text of each ignore
            file, in any order. One in an ignored directory has no effect.
    """

    def __init__(self, files: Iterable[tuple[str, str]] = ()) -> None:
        # By directory, shallow ones first; within one, last pattern first.
        self._rules: dict[str, list[_Rule]] = {}
        self._dirs: dict[str, bool] = {"": False}
        self.problems: list[str] = []
        for folder, text in sorted(files, key=lambda item: (item[0].count("/"), item[0])):
            lines = [line.strip() for line in re.split(r"\r\n|\r|\n", text)]
            found = [
                (number, line)
                for number, line in enumerate(lines, 1)
                if line and not line.startswith("#")
            ]
            folder = "" if folder == "." else folder
            if found and not self.match_dir(folder):
                self._add(folder, found)

    def _add(self, folder: str, lines: list[tuple[int, str]]) -> None:
        to_regex = _translator()
        file = f"{folder}/{NAME}" if folder else NAME
        rules: list[_Rule] = []
        for number, line in lines:
            try:
                regex, ignored = to_regex(line)
                if regex is None or ignored is None:
                    continue
                compiled = re.compile(regex)
            except (ValueError, re.error):
                self.problems.append(f"{file}:{number}: not a pattern: {line[:60]!r}")
                continue
            match = Match(file, number, line, ignored)
            rules.append(_Rule(ignored, line.endswith("/"), compiled, match))
        rules.reverse()
        self._rules[folder] = rules
        self._dirs = {"": False}

    @property
    def is_plain(self) -> bool:
        """Whether only the built-in patterns exist."""
        return not self._rules

    def match_file(self, relpath: str) -> bool:
        """Return whether a file (or link) is ignored."""
        parent, _, name = relpath.rpartition("/")
        if parent and self.match_dir(parent):
            return True
        if not self._rules:
            return name == ".git"
        found = self._decide(relpath, is_dir=False)
        return found is not None and found.ignored

    def match_dir(self, relpath: str) -> bool:
        """Return whether a directory is ignored, and so everything in it."""
        known = self._dirs.get(relpath)
        if known is None:
            parent = relpath.rpartition("/")[0]
            if parent and self.match_dir(parent):
                known = True
            else:
                found = self._decide(relpath, is_dir=True)
                known = found is not None and found.ignored
            self._dirs[relpath] = known
        return known

    def why(self, relpath: str, *, is_dir: bool = False) -> Match | None:
        """Return the pattern that decided about a path or the directory it is in.

        It may be one that re-includes the path. None if no pattern matches.
        """
        parts = relpath.split("/")
        for count in range(1, len(parts)):
            found = self._decide("/".join(parts[:count]), is_dir=True)
            if found is not None and found.ignored:
                return found
        return self._decide(relpath, is_dir=is_dir)

    def _decide(self, relpath: str, *, is_dir: bool) -> Match | None:
        """Return the last pattern that matches this very path."""
        folder = relpath
        while self._rules and folder:
            folder = folder.rpartition("/")[0]
            rules = self._rules.get(folder)
            if rules:
                below = relpath[len(folder) + 1 :] if folder else relpath
                for rule in rules:
                    if rule.only_dirs and not is_dir:
                        continue
                    if rule.regex.match(below) or (is_dir and rule.regex.match(below + "/")):
                        return rule.match
        return _built_in(relpath, is_dir)


def _built_in(relpath: str, is_dir: bool) -> Match | None:
    if "." not in relpath:
        return None
    # A pattern with a slash at its end speaks of directories only, and like any pattern
    # also of what is below: that counts where a later pattern let the directory in.
    parts = relpath.split("/")
    for name, pattern in ((".dvc", ".dvc/"), (".git", ".git"), (".hg", ".hg/")):
        if name in parts and (is_dir or pattern == name):
            return Match("", 0, pattern, True)
    return None


def _translator() -> Callable[[str], tuple[str | None, bool | None]]:
    """Return what turns a pattern into a regular expression and whether it ignores."""
    import importlib

    try:
        module = importlib.import_module("pathspec.patterns.gitignore.spec")
        pattern: Any = module.GitIgnoreSpecPattern
    except ImportError:  # pathspec before 1.0
        pattern = importlib.import_module("pathspec.patterns").GitWildMatchPattern
    return cast("Callable[[str], tuple[str | None, bool | None]]", pattern.pattern_to_regex)
