"""Artifacts: models and data sets that have a name, versions and stages.

Where one is, stands in a ``dvc.yaml``; its versions are Git tags, as GTO writes them::

    artifacts:
      detector:
        path: models/detector.pkl
        type: model

    detector@v1.2.0              this commit has version 1.2.0
    detector@v1.2.0!             no, it has not
    detector#prod#3              the third thing that happened: this commit is in production
    detector#prod!#4             and it is not any more
    models=detector@v1.2.0       the same for models/dvc.yaml; a user writes models:detector
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from git_dvc import relpaths
from git_dvc.errors import FormatError

_NAME = r"[a-zA-Z0-9](?:[a-zA-Z0-9/_-]*[a-zA-Z0-9])?"
_FOLDER = r"[a-zA-Z0-9_./-]+"
_FULL = re.compile(f"(?:({_FOLDER}):)?({_NAME})")
_VERSION = re.compile(
    r"v?(0|[1-9]\d{0,17})\.(0|[1-9]\d{0,17})\.(0|[1-9]\d{0,17})"
    r"(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?"
)
_TAG = re.compile(rf"((?:{_FOLDER}=)?{_NAME})(?:@(v[^!#]+)|#({_NAME}))(!?)(?:#(\d{{1,18}}))?")


class Name(NamedTuple):
    """What a user calls an artifact.

    Attributes:
        folder: The directory whose ``dvc.yaml`` has it; '' for the top.
        name: Its name there.
    """

    folder: str
    name: str

    @property
    def in_tags(self) -> str:
        """How tags begin that are about it."""
        return f"{self.folder}={self.name}" if self.folder else self.name


def parse_name(text: str) -> Name:
    """Return what ``name``, ``folder:name`` or ``folder/dvc.yaml:name`` means.

    Raises:
        FormatError: It is none of these.
    """
    match = _FULL.fullmatch(text)
    if match is None:
        raise FormatError("not a name of an artifact: expected NAME or DIRECTORY:NAME", text)
    folder = match[1] or ""
    if posixpath.basename(folder) == "dvc.yaml":
        folder = posixpath.dirname(folder)
    folder = posixpath.normpath(folder) if folder else ""
    return Name("" if folder == "." else relpaths.check(folder) if folder else "", match[2])


def order(version: str) -> tuple[Any, ...] | None:
    """Return what versions are compared by (semver.org, 11); None if it is no version."""
    match = _VERSION.fullmatch(version)
    if match is None:
        return None
    parts = tuple(int(match[number]) for number in (1, 2, 3))
    if match[4] is None:
        return (*parts, 1, ())
    words = tuple(
        (0, int(word), "") if word.isdigit() and len(word) < 19 else (1, 0, word)
        for word in match[4].split(".")
    )
    return (*parts, 0, words)


class Tags(NamedTuple):
    """What tags say of one artifact.

    Attributes:
        versions: Commit by version, the newest last.
        stages: Commit by stage.
    """

    versions: dict[str, str]
    stages: dict[str, str]


def tagged(name: Name, tags: Mapping[str, str]) -> Tags:
    """Return the versions of an artifact, and what is in which stage.

    Args:
        name: The artifact.
        tags: Commit by name of all tags.
    """
    events: dict[tuple[str, str], list[tuple[int, bool, str]]] = {}
    for tag, commit in tags.items():
        match = _TAG.fullmatch(tag)
        if match is None or match[1] != name.in_tags:
            continue
        version, stage, cancel, count = match[2], match[3], match[4], match[5]
        if version is not None and order(version) is None:
            continue
        key = ("version", version) if version else ("stage", stage)
        events.setdefault(key, []).append((int(count or 0), bool(cancel), commit))
    found: dict[str, dict[str, str]] = {"version": {}, "stage": {}}
    for (kind, what), happened in events.items():
        _, cancelled, commit = max(happened)
        if not cancelled:
            found[kind][what] = commit
    versions = sorted(found["version"], key=lambda one: order(one) or ())
    return Tags({one: found["version"][one] for one in versions}, found["stage"])


def path_of(definitions: Any, name: str) -> str | None:
    """Return where an artifact is, relative to its ``dvc.yaml``; None if it is not defined.

    Args:
        definitions: The content of the ``dvc.yaml``.
        name: Of the artifact.

    Raises:
        FormatError: The definition cannot be used.
    """
    listed = definitions.get("artifacts") if isinstance(definitions, Mapping) else None
    entry = listed.get(name) if isinstance(listed, Mapping) else None
    if entry is None:
        return None
    path = entry.get("path") if isinstance(entry, Mapping) else None
    if not isinstance(path, str) or not path:
        raise FormatError(f"artifacts: {name}: has no path")
    return path
