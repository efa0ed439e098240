"""Where values are read: the files of one version, in a work tree or at a commit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from git_dvc.compare import values
from git_dvc.errors import GitDvcError

Problems = dict[str, Exception]
"""What went wrong, by file."""

Parse = Callable[[str, bytes], Any]
"""Returns the value of a file, by its path and what it holds; see ``values.parse``."""


class Files(Protocol):
    """Files by path relative to the project; some are data, and may have to come from a remote."""

    def exists(self, path: str) -> bool:
        """Return whether there is a file."""

    def read(self, path: str) -> bytes:
        """Return what a file holds.

        Raises:
            FileNotFoundError: There is none.
            GitDvcError: It cannot be had.
        """

    def parsed(self, path: str, parse: Parse) -> Any:
        """Return the value of a file; errors as ``read`` and ``parse``.

        Nobody may change it: other versions may have the same.
        """

    def below(self, path: str) -> list[str]:
        """Return the files in a directory; of a file, or of nothing, the path itself."""


def read_all(
    files: Files,
    paths: Sequence[str],
    problems: Problems | None,
    parse: Parse = values.parse,
) -> Iterator[tuple[str, Any]]:
    """Yield files with their values, those in directories one by one.

    Raises:
        FileNotFoundError: One is not there, and ``problems`` is None.
        GitDvcError: One cannot be read or understood, and ``problems`` is None.
    """
    every: dict[str, None] = {}
    for listed in paths:
        try:
            every |= dict.fromkeys(files.below(listed))
        except (GitDvcError, OSError) as problem:
            if problems is None:
                raise
            problems[listed] = problem
    for path in every:
        try:
            value = files.parsed(path, parse)
        except (GitDvcError, OSError) as problem:
            if problems is None:
                raise
            problems[path] = problem
            continue
        yield path, value


def merged(by_file: dict[str, Any]) -> dict[str, Any]:
    """Return the values of several files as one mapping.

    A key that more than one file has gets the file before it: ``train.json:loss``. A file that
    is no mapping has its path as the key.
    """
    mappings = {
        path: value if isinstance(value, dict) else {path: value} for path, value in by_file.items()
    }
    count: dict[Any, int] = {}
    for value in mappings.values():
        for key in value:
            count[key] = count.get(key, 0) + 1
    return {
        (key if count[key] == 1 else f"{path}:{key}"): item
        for path, value in mappings.items()
        for key, item in value.items()
    }
