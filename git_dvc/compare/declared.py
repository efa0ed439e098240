"""What a ``dvc.yaml`` says of parameters and metrics.

::

    vars:
    - vars.yaml                # what ${...} takes from there counts as a parameter, too
    params:
    - extra.yaml               # a file of parameters that no stage depends on
    metrics:
    - eval/live.json           # likewise
    stages:
      train:
        cmd: python3 train.py ${seed}
        params:
        - lr                   # of params.yaml
        - conf.toml:           # all of it
        - model.py:
          - Train.epochs
        metrics:
        - scores.json:
            cache: false

Where a generated stage (``foreach``, ``matrix``) or a ``${...}`` leaves open what is meant,
``dvc.lock`` tells, if the stage has been run.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection, Iterator
from typing import Any

from git_dvc import relpaths
from git_dvc.errors import FormatError
from git_dvc.formats import lockfile, plainyaml, pointer
from git_dvc.formats import stages as definitions
from git_dvc.tracked import LOCK_FILE

DEFAULT_FILE = "params.yaml"

_TEMPLATE = re.compile(r"(?<!\\)\$\{\s*([^}]*?)\s*\}")

Tracked = tuple[str, tuple[str, ...]]
"""A file relative to the project, and the dotted keys in it; none for all of it."""


class Stages:
    """One ``dvc.yaml`` and the ``dvc.lock`` beside it.

    Args:
        path: Of the ``dvc.yaml``, relative to the project.
        data: What it holds.
        lock: Returns what the lock file holds, or None; called only if it is needed.

    Raises:
        FormatError: One of them cannot be used; the lock file when it is needed.

    Attributes:
        asked_lock: Whether the lock file was needed.
    """

    def __init__(self, path: str, data: bytes, lock: Callable[[], bytes | None]) -> None:
        self.path = path
        self.asked_lock = False
        self._folder = path.rpartition("/")[0]
        self._lock = lock
        self._runs: dict[str, lockfile.LockStage] | None = None
        try:
            self._defined = definitions.parse(data)
            value = plainyaml.parse(data)
        except FormatError as problem:
            raise problem if problem.where else problem.at(path) from None
        self._value: dict[Any, Any] = value if isinstance(value, dict) else {}

    @property
    def _recorded(self) -> dict[str, lockfile.LockStage]:
        if self._runs is None:
            self.asked_lock = True
            data = self._lock()
            try:
                self._runs = lockfile.parse(data) if data else {}
            except FormatError as problem:
                raise problem.at(relpaths.join(self._folder, LOCK_FILE)) from None
        return self._runs

    def names(self) -> list[str]:
        """Return the names as they are written: of stages, and of groups."""
        return list(self._defined.definitions)

    def has(self, stage: str) -> bool:
        """Return whether there is a stage, or a group of generated ones, of this name."""
        return stage in self._defined.definitions or self._defined.definition(stage) is not None

    def params(self, only: Collection[str] | None = None) -> Iterator[Tracked]:
        """Yield the parameters that stages depend on.

        Args:
            only: Names of stages, or of groups; None for all of them.
        """
        for name, definition in self._defined.definitions.items():
            chosen = None
            if only is not None and name not in only:
                chosen = {stage for stage in only if self._defined.definition(stage) == definition}
                if not chosen:
                    continue
            entries = list(self._declared(name))
            open_ones = any("${" in text for file, keys in entries for text in (file, *keys))
            if open_ones:
                entries = [
                    entry
                    for entry in entries
                    if not any("${" in one for one in (entry[0], *entry[1]))
                ]
                entries += self._recorded_params(definition, chosen)
            folder = self._place(definition.wdir)
            if folder is None:
                continue
            for file, keys in entries:
                path = self._resolved(folder, file)
                if path is not None:
                    yield path, keys

    def _declared(self, name: str) -> Iterator[Tracked]:
        stage = self._value["stages"][name]
        stage = stage.get("do", stage)
        field = f"stages.{pointer.shown_key(name)}.params"
        plain = []
        for item in pointer.sequence(stage.get("params"), field):
            if isinstance(item, dict):
                for file, keys in item.items():
                    texts = pointer.sequence(keys, f"{field}.{pointer.shown_key(file)}")
                    yield str(file), tuple(str(key) for key in texts)
            else:
                plain.append(str(item))
        if plain:
            yield DEFAULT_FILE, tuple(plain)

    def _recorded_params(
        self, definition: definitions.Definition, chosen: Collection[str] | None
    ) -> Iterator[Tracked]:
        for name, stage in self._recorded.items():
            if self._defined.definition(name) != definition:
                continue
            if chosen is None or name in chosen:
                for file, values in stage.params.items():
                    yield file, tuple(values)

    def top_params(self) -> Iterator[str]:
        """Yield the files that the list ``params`` at the top names."""
        return self._top("params")

    def top_metrics(self) -> Iterator[str]:
        """Yield the files and directories that the list ``metrics`` at the top names."""
        return self._top("metrics")

    def _top(self, key: str) -> Iterator[str]:
        for item in pointer.sequence(self._value.get(key), key):
            if isinstance(item, str):
                path = self._resolved(self._folder, item)
                if path is not None:
                    yield path

    def metrics_of_stages(self) -> Iterator[str]:
        """Yield the outputs of stages that are metrics."""
        for name, definition in self._defined.definitions.items():
            folder = self._place(definition.wdir)
            paths = [path for path, flags in definition.outs if flags.kind == "metrics"]
            if definition.group or any("${" in path for path in paths) or folder is None:
                yield from self._recorded_metrics(name)
                continue
            for path in paths:
                resolved = self._resolved(folder, path)
                if resolved is not None:
                    yield resolved

    def _recorded_metrics(self, defined: str) -> Iterator[str]:
        for name, stage in self._recorded.items():
            definition = self._defined.definition(name)
            folder = self._place(self._defined.wdir(name) or "${}")
            if definition is None or definition.name != defined or folder is None:
                continue
            for out in stage.outs:
                flags = self._defined.out_flags(name, out.path)
                path = self._resolved(folder, out.path)
                if flags is not None and flags.kind == "metrics" and path is not None:
                    yield path

    def variables(self) -> dict[str, tuple[str, ...]]:
        """Return the files that ``${...}`` is looked up in, with what may be used of them.

        The keys are what the stages use by ``${...}``; generated stages are left out.
        """
        used = []
        for name, definition in self._defined.definitions.items():
            if not definition.group:
                used += [
                    match for text in _texts(self._value["stages"][name])
                    for match in _TEMPLATE.findall(text)
                ]  # fmt: skip
        files = [DEFAULT_FILE]
        for item in pointer.sequence(self._value.get("vars"), "vars"):
            if isinstance(item, str):
                files.append(item.partition(":")[0])
        paths = [self._resolved(self._folder, file) for file in files]
        return {path: tuple(dict.fromkeys(used)) for path in paths if path is not None and used}

    def _place(self, wdir: str) -> str | None:
        """Return the directory of a stage; None if it cannot be known, or is not in the project."""
        if wdir in (".", ""):
            return self._folder
        joined = posixpath.normpath(posixpath.join(self._folder or ".", wdir))
        return "" if joined == "." else self._resolved(self._folder, wdir)

    def _resolved(self, folder: str, path: str) -> str | None:
        if "${" in path or "://" in path:
            return None
        try:
            return relpaths.resolve(folder, path)
        except FormatError:
            return None  # outside of the project


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(key)
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
