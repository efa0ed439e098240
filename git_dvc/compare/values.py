"""Nested values from files: parameters and metrics, as mappings, lists, numbers and text.

The suffix of a file says what it is, as in DVC: ``.json``, ``.toml``, ``.py``, anything else is
YAML. A Python file is parsed and never run: what counts is ``name = <literal>`` at its top level
and in classes (and ``self.name = <literal>`` in ``__init__``), the class being a mapping::

    lr = 0.1
    class Train:              # {"lr": 0.1, "Train": {"epochs": 3, "layers": [1, 2]}}
        epochs = 3
        def __init__(self):
            self.layers = [1, 2]

The text may come from anybody, so its size is limited, and what no parser of ours takes is a
``FormatError``.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Any

from git_dvc.errors import FormatError

MOST_BYTES = 64 * 1024**2

_NOTHING: Any = object()
Segments = tuple[str, ...]


def parse(path: str, data: bytes) -> Any:
    """Return the value of a file; an empty one is ``{}``.

    Args:
        path: For its suffix, and for messages.
        data: What the file holds.

    Raises:
        FormatError: It cannot be understood.
    """
    if len(data) > MOST_BYTES:
        raise FormatError(f"larger than {MOST_BYTES // 1024**2} MiB", path)
    suffix = posixpath.splitext(path)[1].lower()
    try:
        if suffix == ".json":
            value = _json(data)
        elif suffix == ".toml":
            value = _toml(data)
        elif suffix == ".py":
            value = _python(data)
        else:
            value = _yaml(data)
    except FormatError as problem:
        raise problem if problem.where else problem.at(path) from None
    except (SyntaxError, ValueError) as problem:
        raise FormatError(f"not valid {suffix[1:].upper()}: {problem}", path) from None
    except (RecursionError, MemoryError):
        raise FormatError("nested too deeply", path) from None
    return {} if value is None else value


def _json(data: bytes) -> Any:
    import json

    return json.loads(data) if data.strip() else None


def _toml(data: bytes) -> Any:
    import sys

    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib  # type: ignore[import-not-found,unused-ignore]
    return tomllib.loads(data.decode("utf-8"))


def _yaml(data: bytes) -> Any:
    from git_dvc.formats import plainyaml

    return plainyaml.parse(data, max_bytes=MOST_BYTES)


def _python(data: bytes) -> Any:
    import ast

    def assigned(body: Iterable[ast.stmt], *, own: bool) -> Iterator[tuple[str, Any]]:
        for line in body:
            if isinstance(line, ast.ClassDef):
                yield line.name, dict(assigned(line.body, own=False))
            elif isinstance(line, ast.FunctionDef) and line.name == "__init__":
                yield from assigned(line.body, own=True)
            elif isinstance(line, ast.Assign) and len(line.targets) == 1:
                yield from literal(line.targets[0], line.value, own=own)
            elif isinstance(line, ast.AnnAssign) and line.value is not None:
                yield from literal(line.target, line.value, own=own)

    def literal(target: ast.expr, value: ast.expr, *, own: bool) -> Iterator[tuple[str, Any]]:
        if isinstance(target, ast.Name) and not own:
            name = target.id
        elif (
            isinstance(target, ast.Attribute)
            and isinstance(target.value, ast.Name)
            and target.value.id == "self"
        ):
            name = target.attr
        else:
            return
        try:
            found = ast.literal_eval(value)
        except (ValueError, TypeError):
            return  # computed, so only running it would tell
        yield name, found

    return dict(assigned(ast.parse(data).body, own=False))


def lookup(value: Any, path: str) -> tuple[bool, Any]:
    """Return whether a nested value has what a dotted path names, and that."""
    for name in path.split("."):
        if isinstance(value, dict):
            if name in value:
                value = value[name]
                continue
            # A number or truth value may be a key, too.
            same = [key for key in value if not isinstance(key, str) and str(key) == name]
            if not same:
                return False, None
            value = value[same[0]]
        elif isinstance(value, (list, tuple)) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        else:
            return False, None
    return True, value


def picked(value: Any, paths: Iterable[str]) -> Any:
    """Return of a nested value only what some dotted paths name; ``{}`` for nothing.

    ``train.lr`` names ``{"train": {"lr": ...}}``, ``layers.1`` the second item of a list, the
    ones before it becoming None; ``*`` stands for any one key, ``**`` for any number of them.
    """
    found = _picked(value, [tuple(path.split(".")) for path in dict.fromkeys(paths)])
    return {} if found is _NOTHING else found


def _picked(value: Any, paths: list[Segments]) -> Any:
    if () in paths:
        return value
    if isinstance(value, dict):
        below = {key: _below(str(key), item, paths) for key, item in value.items()}
        some = {key: item for key, item in below.items() if item is not _NOTHING}
        return some or _NOTHING
    if isinstance(value, (list, tuple)):
        items = [_below(str(number), item, paths) for number, item in enumerate(value)]
        while items and items[-1] is _NOTHING:
            items.pop()
        return [None if item is _NOTHING else item for item in items] or _NOTHING
    return _NOTHING


def _below(name: str, value: Any, paths: list[Segments]) -> Any:
    rests = list(dict.fromkeys(rest for path in paths for rest in _rests(path, name)))
    return _picked(value, rests) if rests else _NOTHING


def _rests(path: Segments, name: str) -> Iterator[Segments]:
    """Yield what may follow of a path after a key that it matches."""
    if path[0] == "**":
        yield path
        if len(path) == 1:
            yield ()
        else:
            yield from _rests(path[1:], name)
    elif fnmatchcase(name, path[0]):
        yield path[1:]
