"""Every error that is meant for a user: what happened, where, what was left alone, what next.

An error is built from facts and worded here, in Git's manner: lower case, no full stop.
``str(error)`` is the whole message as it goes to stderr, with quoted paths. Anything that
is not a ``GitDvcError`` is a bug and keeps its traceback.

Exit codes are Git's: 1 for "differences" or "incomplete", 128 for "cannot work here",
129 for a wrong command line.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

MOST_PATHS = 20
"""Paths named in one message; the rest are counted."""


def quoted(text: str) -> str:
    """Return ``text`` safe for a terminal: control characters as escapes, in Git's style.

    A name read from a repository may hold escape sequences (CVE-2024-50349).
    """
    if text.isprintable() and '"' not in text:
        return text
    out = "".join(
        character
        if character.isprintable() and character not in '"\\'
        else character.encode("unicode_escape").decode("ascii")
        if character not in '"\\'
        else "\\" + character
        for character in text
    )
    return f'"{out}"'


def path_lines(paths: Iterable[str], most: int = MOST_PATHS) -> list[str]:
    """Return one indented line a path, sorted, with a count of those left out."""
    found = sorted(paths)
    lines = [f"  {quoted(path)}" for path in found[:most]]
    if len(found) > most:
        lines.append(f"  ... and {len(found) - most} more")
    return lines


class GitDvcError(Exception):
    """The base of all errors for users.

    Args:
        message: What happened, lower case, no full stop.
        details: More lines, already quoted and indented (see ``path_lines``).
        hint: What to do next; one line or several.
    """

    exit_code = 1

    def __init__(self, message: str, *, details: Sequence[str] = (), hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.details = list(details)
        self.hint = hint

    def __str__(self) -> str:
        lines = [f"error: {self.message}", *self.details]
        lines.extend(f"hint: {line}" for line in self.hint.splitlines())
        return "\n".join(lines)


class UsageError(GitDvcError):
    """The command line cannot be understood."""

    exit_code = 129


class NotAProjectError(GitDvcError):
    """There is no ``.dvc`` directory here or above."""

    exit_code = 128

    def __init__(self, start: str) -> None:
        super().__init__(
            f"not a git-dvc project (no .dvc directory in {quoted(start)} or above it)",
            hint="start one with 'git dvc init' at the top of a Git repository",
        )


class UnsafeRepositoryError(GitDvcError):
    """Git itself refuses this repository (safe.directory)."""

    exit_code = 128


class FormatError(GitDvcError):
    """Bytes read from a repository, a cache or a remote do not have their format.

    Args:
        what: ``field: what is wrong``, without the file's name.
        where: The file, once known.
    """

    def __init__(self, what: str, where: str = "") -> None:
        self.what = what
        self.where = where
        super().__init__(f"{quoted(where)}: {what}" if where else what)

    def at(self, where: str) -> FormatError:
        """Return the same error with the name of the file."""
        return type(self)(self.what, where)


class UnsafePathError(FormatError):
    """A path from the repository would leave its place (S1 to S6 of the threat model)."""


class ConfigError(FormatError):
    """A config file or value is not valid."""

    exit_code = 128
