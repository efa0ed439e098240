"""``git dvc check-ignore``: which paths ``.dvcignore`` hides, and which pattern says so."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from git_dvc.errors import OutsideProjectError
from git_dvc.formats.ignore import Match
from git_dvc.project import Project


class Answer(NamedTuple):
    """What is said of one path.

    Attributes:
        target: As the user gave it.
        match: The pattern that decides; None if no pattern matches. ``str(match)`` is
            ``file:line:pattern``, as DVC prints it.
        ignored: Whether the path is hidden; a match with ``!`` says that it is not.
    """

    target: str
    match: Match | None
    ignored: bool


def check_ignore(project: Project, targets: Iterable[str]) -> Iterator[Answer]:
    """Yield the verdict on each path, which need not exist; one at a time, as they come.

    A path that ends in ``/`` is a directory; else the disk tells. Outside of the project
    nothing is ignored.
    """
    for target in targets:
        try:
            relpath = project.relpath(target.rstrip("/") or target)
        except OutsideProjectError:
            yield Answer(target, None, False)
            continue
        path = project.path(relpath)
        is_dir = target.endswith("/") or (os.path.isdir(path) and not os.path.islink(path))
        match = project.ignore.why(relpath, is_dir=is_dir) if relpath else None
        yield Answer(target, match, match is not None and match.ignored)
