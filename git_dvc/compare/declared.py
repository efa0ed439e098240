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

Each ``${...}`` is resolved, and ``foreach`` and ``matrix`` make their stages. What cannot be
resolved is a problem of its own and does not stop the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from git_dvc import relpaths
from git_dvc.errors import FormatError
from git_dvc.pipeline import loading
from git_dvc.pipeline.stage import Stage
from git_dvc.pipeline.template import Parsing
from git_dvc.tracked import OLD_STAGE_FILE

DEFAULT_FILE = "params.yaml"

Tracked = tuple[str, tuple[str, ...]]
"""A file relative to the project, and the dotted keys in it; none for all of it."""

_Used = Mapping[str, tuple[str, ...]]


class Stages:
    """One ``dvc.yaml``, or a stage file of an old version.

    Args:
        path: Of the file, relative to the project.
        data: What it holds.
        values: Returns what a file holds that ``${...}`` is looked up in, None if it is not there.

    Raises:
        FormatError: It cannot be used.

    Attributes:
        problems: What in it cannot be resolved, and is left out.
    """

    def __init__(self, path: str, data: bytes, values: Callable[[str], Any]) -> None:
        self.path = path
        self.problems: list[FormatError] = []
        self._folder = path.rpartition("/")[0]
        self._stages: list[tuple[Stage, _Used]] = []
        self._tops: dict[str, list[str]] = {"params": [], "metrics": []}
        if path.rpartition("/")[2] == OLD_STAGE_FILE:
            try:
                self._stages.append((loading.of_pointer(path, data), {}))
            except FormatError as problem:
                raise problem if problem.where else problem.at(path) from None
            return
        try:
            content = loading.Content(path, data, values, Parsing())
        except FormatError as problem:
            raise problem if problem.where else problem.at(path) from None
        try:
            for one in content.stages():
                try:
                    if one.problem is not None:
                        raise one.problem
                    self._stages.append((loading.build(one, path), one.used))
                except FormatError as problem:
                    self._add_problem(problem)
        except FormatError as problem:
            self._add_problem(problem)
        for key, found in self._tops.items():
            try:
                found += self._top(content.section(key))
            except FormatError as problem:
                self._add_problem(problem)

    def _add_problem(self, problem: FormatError) -> None:
        problem = problem if problem.where else problem.at(self.path)
        if str(problem) not in map(str, self.problems):
            self.problems.append(problem)

    def _top(self, listed: Any) -> Iterator[str]:
        """Yield the files and directories of a list at the top that are in the project."""
        for item in listed if isinstance(listed, list) else ():
            if not isinstance(item, str) or "://" in item:
                continue
            try:
                yield relpaths.resolve(self._folder, item)
            except FormatError:
                continue  # outside of the project

    def names(self) -> list[str]:
        """Return the names of stages, and of groups of generated ones."""
        found = [name for stage, _ in self._stages for name in (stage.group, stage.name)]
        return list(dict.fromkeys(filter(None, found)))

    def has(self, stage: str) -> bool:
        """Return whether there is a stage, or a group of generated ones, of this name."""
        return stage in self.names()

    def params(self, only: Collection[str] | None = None) -> Iterator[Tracked]:
        """Yield the parameters that stages depend on.

        Args:
            only: Names of stages, or of groups; None for all of them.
        """
        for stage, _ in self._stages:
            if only is None or stage.name in only or stage.group in only:
                for one in stage.params:
                    if one.relpath is not None:
                        yield one.relpath, one.keys

    def top_params(self) -> list[str]:
        """Return the files that the list ``params`` at the top names."""
        return self._tops["params"]

    def top_metrics(self) -> list[str]:
        """Return the files and directories that the list ``metrics`` at the top names."""
        return self._tops["metrics"]

    def metrics_of_stages(self) -> Iterator[str]:
        """Yield the outputs of stages that are metrics."""
        for stage, _ in self._stages:
            for out in stage.outs:
                if out.flags.kind == "metrics" and out.relpath is not None:
                    yield out.relpath

    def variables(self) -> dict[str, tuple[str, ...]]:
        """Return what stages take by ``${...}``: dotted keys by file."""
        found: dict[str, dict[str, None]] = {}
        for _, used in self._stages:
            for path, keys in used.items():
                found.setdefault(path, {}).update(dict.fromkeys(keys))
        return {path: tuple(keys) for path, keys in found.items()}
