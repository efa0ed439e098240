"""Parameters and metrics as tables and as JSON; pure functions, as in ``render.py``.

JSON is DVC's. Of one or many versions::

    {"v1": {"data": {"metrics.json": {"data": {"acc": 0.9}}}},
     "v2": {"data": {"metrics.json": {"error": {"type": "FileNotFoundError", "msg": "..."}}}}}

and of two that are compared::

    {"metrics.json": {"acc": {"old": 0.9, "new": 0.95, "diff": 0.05}}}
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from git_dvc.cli.tables import Table
from git_dvc.compare.differences import Change, flat

if TYPE_CHECKING:
    from git_dvc.ops.versions import Version

Shown = Callable[[str], str]

PRECISION = 5
MOST_REVS = 4
"""Revisions that are named in one warning; the rest are counted."""
_SHORT = 7


# -- JSON ---------------------------------------------------------------------------------------


def versions_json(versions: Iterable[Version], shown: Shown) -> dict[str, Any]:
    """Return versions as ``metrics show --json`` has them."""
    return {version.name: _version_json(version, shown) for version in versions}


def _version_json(version: Version, shown: Shown) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if version.broken:
        found["error"] = _error_json(version.broken[0])
    data: dict[str, Any] = {
        shown(path): {"data": jsonable(value)} for path, value in version.values.items()
    }
    data |= {
        shown(path): {"error": _error_json(problem)} for path, problem in version.problems.items()
    }
    if data or not version.broken:
        found["data"] = data
    return found


def _error_json(problem: Exception) -> dict[str, str]:
    return {"type": type(problem).__name__, "msg": _words(problem, str)}


def jsonable(value: Any) -> Any:
    """Return a value as JSON can hold it: dates and the like as text, sets as lists."""
    if isinstance(value, Mapping):
        return {_json_key(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [jsonable(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return [jsonable(item) for item in sorted(value, key=repr)]
    if value is None or isinstance(value, (bool, float, str)):
        return value
    return value if isinstance(value, int) and _is_short(value) else text_of(value)


def _json_key(key: Any) -> Any:
    return key if key is None or isinstance(key, (str, bool, int, float)) else str(key)


def _is_short(number: int) -> bool:
    """Return whether Python prints a number at all: above 4,300 digits it refuses to."""
    return number.bit_length() < 10_000


def differences_json(found: Mapping[str, Mapping[Any, Change]], shown: Shown) -> dict[str, Any]:
    """Return differences as ``metrics diff --json`` has them."""
    return {shown(path): jsonable(changes) for path, changes in found.items()}


# -- cells --------------------------------------------------------------------------------------


def text_of(value: Any, precision: int | None = None) -> str:
    """Return a value as text; with a precision, floats with so many digits after the point.

    One that would be rounded to nothing keeps so many digits that count.
    """
    if isinstance(value, float) and precision is not None:
        rounded = round(value, precision)
        return f"{value:.{max(precision, 1)}g}" if value and not rounded else str(rounded)
    if isinstance(value, int) and not isinstance(value, bool) and not _is_short(value):
        return hex(value)
    try:
        return str(value)
    except ValueError:  # a number of very many digits somewhere in it
        return repr(type(value))


def _signed(value: Any, precision: int | None) -> str | None:
    if value is None:
        return None
    text = text_of(value, precision)
    return text if text.startswith("-") or text in ("0", "0.0", "nan") else f"+{text}"


def _cell(value: Any, precision: int | None) -> str | None:
    return None if value is None else text_of(value, precision)


# -- tables -------------------------------------------------------------------------------------


def versions_table(
    versions: Sequence[Version],
    shown: Shown,
    *,
    precision: int | None = PRECISION,
    refs: Mapping[str, Sequence[str]] | None = None,
    no_path: bool = False,
) -> Table | None:
    """Return a table with a row for each file of each version, and a column for each key.

    Args:
        versions: The versions.
        shown: Turns a relpath into a path as it is shown.
        precision: Digits after the point; None for all.
        refs: Names by commit, to say what full hashes are; None leaves them as they are.
        no_path: Without the column of paths.

    Returns:
        The table, or None if there is nothing to show.
    """
    with_revs = [version.name for version in versions] != [""]
    with_rows = False
    names: dict[Any, None] = {}
    lines: list[tuple[str, str, str | None, dict[Any, Any]]] = []
    for version in versions:
        rev = revision(version, refs)
        for path in [*version.values, *version.problems]:
            value = version.values.get(path, {})
            every = value if isinstance(value, list) else [value]
            with_rows = with_rows or isinstance(value, list)
            for number, row in enumerate(every):
                keyed = flat(row) if isinstance(row, Mapping) else {"": row}
                names |= dict.fromkeys(keyed)
                count = str(number) if isinstance(value, list) else None
                lines.append((rev, shown(path), count, keyed))
    if not lines:
        return None
    heads = [str(name) or "Value" for name in names]
    rows = [[_cell(keyed.get(name), precision) for name in names] for *_, keyed in lines]
    at_left: list[tuple[str, list[str | None]]] = []
    if with_revs:
        at_left.append(("Revision", [rev for rev, *_ in lines]))
    if not no_path:
        at_left.append(("Path", [path for _, path, *_ in lines]))
    if with_rows:
        at_left.append(("Row", [count for _, _, count, _ in lines]))
    return Table(
        [*(head for head, _ in at_left), *heads],
        [[*(cells[number] for _, cells in at_left), *row] for number, row in enumerate(rows)],
        keys=len(at_left),
    )


def values_table(
    version: Version, shown: Shown, *, title: str, precision: int | None, no_path: bool = False
) -> Table | None:
    """Return a table with a row for each key of one version; None if there is none."""
    rows = [
        [*([] if no_path else [shown(path)]), str(key), _cell(value, precision)]
        for path, values in version.values.items()
        for key, value in (flat(values) if isinstance(values, Mapping) else {"": values}).items()
    ]
    heads = [*([] if no_path else ["Path"]), title, "Value"]
    return Table(heads, rows, keys=len(heads) - 1, alike=False) if rows else None


def differences_table(
    found: Mapping[str, Mapping[Any, Change]],
    names: Sequence[str],
    shown: Shown,
    *,
    title: str,
    precision: int | None = PRECISION,
    no_path: bool = False,
    with_change: bool = True,
    with_sign: bool = True,
) -> Table | None:
    """Return a table with a row for each key that differs; None if there is none.

    Args:
        found: What ``compare/differences.py`` found.
        names: Of the versions, in their order.
        shown: Turns a relpath into a path as it is shown.
        title: What the keys are.
        precision: Digits after the point; None for all.
        no_path: Without the column of paths.
        with_change: With the difference between the first and the last version.
        with_sign: With a ``+`` before what grew.
    """
    written = _signed if with_sign else _cell
    rows = []
    for path, changes in found.items():
        for key, change in changes.items():
            values = change.get("values")
            every = [change["old"], change["new"]] if values is None else list(values.values())
            rows.append(
                [
                    *([] if no_path else [shown(path)]),
                    str(key),
                    *(_cell(value, precision) for value in every),
                    *([written(change.get("diff"), precision)] if with_change else []),
                ]
            )
    heads = [*([] if no_path else ["Path"]), title, *names, *(["Change"] if with_change else [])]
    keys = 1 if no_path else 2
    signed = len(heads) - 1 if with_change else None
    return Table(heads, rows, keys=keys, signed=signed, alike=False) if rows else None


def revision(version: Version, refs: Mapping[str, Sequence[str]] | None) -> str:
    """Return the name of a version; a full hash is cut, and says which refs it is."""
    name = version.name
    if refs is None or version.commit is None or name != version.commit:
        return name
    known = refs.get(name, ())
    return f"{name[:_SHORT]} ({', '.join(known)})" if known else name[:_SHORT]


# -- problems -----------------------------------------------------------------------------------


def problems(versions: Sequence[Version], shown: Shown) -> list[str]:
    """Return what could not be read: each problem once, with the revisions that have it."""
    found: dict[str, list[str]] = {}
    for version in versions:
        name = version.name if version.name != version.commit else version.name[:_SHORT]
        every = [*version.broken, *version.problems.values()]
        for problem in every:
            found.setdefault(_words(problem, shown), []).append(name)
    lines = []
    for words, names in found.items():
        more = len(names) - MOST_REVS
        some = ", ".join(names[:MOST_REVS]) + (f" and {more} more" if more > 0 else "")
        lines.append(f"{some}: {words}" if any(names) else words)
    return lines


def _words(problem: Exception, shown: Shown) -> str:
    from git_dvc.errors import FormatError, GitDvcError, NotFetchedError, quoted

    if isinstance(problem, FileNotFoundError) and shown is not str:
        return f"{quoted(shown(str(problem.filename)))}: no such file"
    if isinstance(problem, FormatError) and problem.where and shown is not str:
        return f"{quoted(shown(problem.where))}: {problem.what}"
    if isinstance(problem, NotFetchedError) and problem.hint:
        return f"{quoted(shown(problem.path))}: {problem.what}; {problem.hint}"
    return problem.message if isinstance(problem, GitDvcError) else str(problem)
