"""What staleness is decided by, of a project: its files, its cache, and what its stages record."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from git_dvc import hashing
from git_dvc.formats.pointer import Out
from git_dvc.ops.contents import Contents
from git_dvc.pipeline.graph import place
from git_dvc.pipeline.stage import Stage
from git_dvc.project import Project


class ProjectFacts:
    """The ``Facts`` of a work tree (``pipeline/staleness.py``).

    Args:
        project: The project.
        contents: What is known of its files.
        stages: All stages by address; looked at anew each time, as what they record changes.
    """

    def __init__(self, project: Project, contents: Contents, stages: Mapping[str, Stage]) -> None:
        self._project = project
        self._contents = contents
        self._stages = stages
        self._cached: set[tuple[str, str]] = set()
        self._makers: dict[str, tuple[str, str]] | None = None

    def hash_at(self, place: str, algorithm: str) -> str | None:
        """Return the hash of what is at a place, None if there is nothing."""
        found = self._contents.of(self._path(place), algorithm)
        return found.hash if found is not None else None

    def values(self, place: str) -> Any:
        """Return what is in a parameters file, None if there is none."""
        return self._contents.values(self._path(place))

    def in_cache(self, out: Out) -> bool:
        """Return whether the cache has all of an output."""
        value, name = out.hash, out.hash_name
        if value is None or name not in hashing.ALGORITHMS or (name, value) in self._cached:
            return True
        cache = self._project.cache(name)
        if not cache.has(value):
            return False
        if hashing.is_dir(value) and cache.lacks_of(value, lambda: cache.read_manifest(value)):
            return False
        self._cached.add((name, value))
        return True

    def recorded_at(self, place: str) -> str | None:
        """Return the hash that is recorded for an output, None if it is nobody's."""
        address, path = self._all_makers().get(place, ("", ""))
        recorded = self._stages[address].recorded if address else None
        if recorded is None:
            return None
        return next((out.hash for out in recorded.outs if out.path == path), None)

    def _all_makers(self) -> dict[str, tuple[str, str]]:
        if self._makers is None:
            self._makers = {
                place(stage, out): (address, out.path)
                for address, stage in self._stages.items()
                for out in stage.outs
            }
        return self._makers

    def _path(self, place: str) -> str:
        if place.startswith("../"):
            return os.path.normpath(os.path.join(self._project.root, place))
        return place
