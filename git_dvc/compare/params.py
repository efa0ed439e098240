"""Parameters: which files hold them, and their values."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from git_dvc.compare import values
from git_dvc.compare.declared import DEFAULT_FILE, Stages
from git_dvc.compare.files import Files, Problems, read_all
from git_dvc.errors import FormatError


def show(
    every: Sequence[Stages],
    files: Files,
    targets: Sequence[str] = (),
    *,
    stages: Mapping[str, Collection[str] | None] | None = None,
    deps: bool = False,
    problems: Problems | None = None,
) -> dict[str, Any]:
    """Return the parameters of one version, by file.

    Args:
        every: The ``dvc.yaml`` files.
        files: Where to read.
        targets: Files to read, whatever is said of them elsewhere; those of the project for none.
        stages: Only what these stages depend on: names by ``dvc.yaml``, None for all of it.
        deps: Only what stages depend on.
        problems: Gets the files that cannot be read, which are left out then.

    Raises:
        FileNotFoundError: A file is not there, and ``problems`` is None.
        FormatError: A file cannot be understood, and ``problems`` is None.
    """
    wanted: list[tuple[str, tuple[str, ...]]] = [(target, ()) for target in targets]
    if not targets or stages:
        for one in every:
            if stages is None:
                wanted += one.params()
            elif one.path in stages:
                wanted += one.params(stages[one.path])
    is_all = not (targets or stages)
    if is_all and not deps:
        wanted += [(path, ()) for one in every for path in one.top_params()]
        if files.exists(DEFAULT_FILE):
            wanted.append((DEFAULT_FILE, ()))
    keys = _merged(wanted)
    found = {
        path: values.picked(value, keys[listed]) if keys[listed] else value
        for listed in keys
        for path, value in read_all(files, [listed], problems)
    }
    if is_all:
        for path, used in _variables(every, files, found.keys()).items():
            found[path] = used
    return found


def _merged(wanted: Iterable[tuple[str, tuple[str, ...]]]) -> dict[str, list[str]]:
    """Return the keys of each file; none where all of it is wanted somewhere."""
    pairs = list(wanted)
    whole = {path for path, keys in pairs if not keys}
    found: dict[str, list[str]] = {}
    for path, keys in pairs:
        found.setdefault(path, []).extend(() if path in whole else keys)
    return found


def _variables(
    every: Iterable[Stages], files: Files, known: Collection[str]
) -> dict[str, dict[str, Any]]:
    """Return what stages use by ``${...}`` from files that are not shown anyhow."""
    found: dict[str, dict[str, Any]] = {}
    for one in every:
        for path, used in one.variables().items():
            if path in known or not files.exists(path):
                continue
            try:
                value = files.parsed(path, values.parse)
            except (FormatError, OSError):
                continue
            for expression in used:
                item = _at(value, expression)
                if item is not None and not isinstance(item, (dict, list)):
                    found.setdefault(path, {})[expression] = item
    return found


def _at(value: Any, expression: str) -> Any:
    for name in expression.replace("[", ".").replace("]", "").split("."):
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    return value
