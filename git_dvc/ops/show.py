"""The parameters and metrics of a project at a revision, by file."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from git_dvc import relpaths
from git_dvc.compare import metrics as metric_values
from git_dvc.compare import params as param_values
from git_dvc.compare import values
from git_dvc.compare.declared import Stages
from git_dvc.compare.files import Files, Parse, Problems
from git_dvc.errors import FormatError, GitDvcError, UnknownStageError
from git_dvc.ops.reading import Reading
from git_dvc.tracked import STAGE_FILES, STAGES_FILE


class SourceFiles:
    """The files of a source; see ``Files`` in ``compare/files.py``."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def exists(self, path: str) -> bool:
        """Return whether there is a file."""
        source = self._reading.source
        return source.exists(path) and not source.entry(path).is_dir

    def read(self, path: str) -> bytes:
        """Return what a file holds."""
        return self._reading.read(self._reading.entry(path))

    def parsed(self, path: str, parse: Parse) -> Any:
        """Return the value of a file."""
        return parse(path, self.read(path))

    def below(self, path: str) -> list[str]:
        """Return the files in a directory."""
        source = self._reading.source
        if not source.exists(path) or not source.entry(path).is_dir:
            return [path]
        found = list(source.files(path))
        self._reading.get_ready(found)
        return [entry.path for entry in found]


def stages_files(reading: Reading, broken: list[GitDvcError] | None = None) -> list[Stages]:
    """Return all ``dvc.yaml`` of the project at the top of a source.

    Args:
        reading: What to read.
        broken: Gets the errors of those that cannot be used, which are left out then.

    Raises:
        FormatError: One of them cannot be used, and ``broken`` is None.
    """
    source = reading.source
    top = source.parts[""]
    others = [prefix for prefix in source.parts if prefix]
    lookup = values_of(SourceFiles(reading))
    found = []
    for path in (path for name in STAGE_FILES for path in source.named(name)):
        if any(relpaths.inside(path, other) for other in others):
            continue
        if top.ignores(path, is_dir=False):
            continue
        try:
            data = top.read(path)
            if data is None:
                continue
            one = Stages(path, data, lookup)
            if one.problems and broken is None:
                raise one.problems[0]
        except FormatError as problem:
            if broken is None:
                raise
            broken.append(problem)
        else:
            found.append(one)
            if broken is not None:
                broken += one.problems
    return found


def values_of(files: Files) -> Callable[[str], Any]:
    """Return what reads files of values, and returns None for those that are not there."""

    def lookup(path: str) -> Any:
        try:
            return files.parsed(path, values.parse)
        except FileNotFoundError:
            return None

    return lookup


def params(
    reading: Reading,
    targets: Sequence[str] = (),
    *,
    stages: Iterable[str] = (),
    deps: bool = False,
    problems: Problems | None = None,
) -> dict[str, Any]:
    """Return parameters by file.

    Args:
        reading: What to read.
        targets: Files, relative to the top; those of the project for none.
        stages: Only what these depend on: ``train``, ``sub/dvc.yaml:train`` or ``sub/dvc.yaml``.
        deps: Only what stages depend on.
        problems: Gets the files that cannot be read, which are left out then.

    Raises:
        FileNotFoundError: A file is not there, and ``problems`` is None.
        FormatError: A file cannot be understood.
        UnknownStageError: There is no such stage.
    """
    every = stages_files(reading)
    return param_values.show(
        every,
        SourceFiles(reading),
        targets,
        stages=chosen(every, stages, reading.here()),
        deps=deps,
        problems=problems,
    )


def metrics(
    reading: Reading, targets: Sequence[str] = (), *, problems: Problems | None = None
) -> dict[str, Any]:
    """Return metrics by file; arguments and errors as ``params``."""
    every = [] if targets else stages_files(reading)
    return metric_values.show(every, SourceFiles(reading), targets, problems=problems)


def chosen(
    every: Sequence[Stages], addresses: Iterable[str], here: str
) -> dict[str, set[str] | None] | None:
    """Return the stages that addresses name, by ``dvc.yaml``; None stands for all of them."""
    by_path = {one.path: one for one in every}
    found: dict[str, set[str] | None] = {}
    for address in addresses:
        file, colon, name = address.rpartition(":")
        if not colon and address.endswith((".yaml", ".yml")):
            file, name = address, ""
        path = posixpath.normpath(posixpath.join(here, file or STAGES_FILE))
        one = by_path.get(path)
        if one is None or (name and not one.has(name)):
            known = [f"{one.path}:{stage}" for one in every for stage in one.names()]
            raise UnknownStageError(address, known)
        if not name:
            found[path] = None
        elif found.get(path, set()) is not None:
            names = found.setdefault(path, set())
            if names is not None:
                names.add(name)
    return found or None
