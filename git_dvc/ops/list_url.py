"""``git dvc list-url``: what is at an address, without bringing it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from git_dvc.ops import outside
from git_dvc.project import Project


class Entry(NamedTuple):
    """A file or directory.

    Attributes:
        path: From the address; the address itself if that is a file.
        isdir: Whether it is a directory.
        size: In bytes; None for directories, and where it is unknown.
    """

    path: str
    isdir: bool
    size: int | None


def list_url(
    address: str,
    *,
    options: Mapping[str, str] | None = None,
    project: Project | None = None,
    recursive: bool = False,
    depth: int | None = None,
) -> list[Entry]:
    """Return what is at an address, sorted by path.

    Args:
        address: A path, a URL, or ``remote://NAME/PATH``.
        options: For the server.
        project: Whose remotes may be named.
        recursive: Also what is in its directories.
        depth: With ``recursive``: how many levels of them.

    Raises:
        MissingOriginError: Nothing is there.
        OriginError: It cannot be read.
    """
    origin = outside.origin(address, options, project=project)
    try:
        tree = origin.find(depth if recursive else 1)
    finally:
        origin.close()
    if not tree.is_dir:
        return [Entry(origin.where, False, tree.files[0].size_bytes)]
    found = [Entry(file.path, False, file.size_bytes) for file in tree.files]
    found += [Entry(folder, True, None) for folder in tree.folders]
    return sorted(found)
