"""Metrics: which files hold them, and which of their values count.

A file holds metrics if a stage has it under ``metrics``, or if it stands, as a file or a
directory, in the list ``metrics`` at the top of a ``dvc.yaml``. Of a CSV or TSV file it is the
last row that counts: the last epoch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from git_dvc.compare import tabular, values
from git_dvc.compare.declared import Stages
from git_dvc.compare.files import Files, Problems, read_all


def show(
    every: Sequence[Stages],
    files: Files,
    targets: Sequence[str] = (),
    *,
    all_rows: bool = False,
    problems: Problems | None = None,
) -> dict[str, Any]:
    """Return the metrics of one version, by file.

    Args:
        every: The ``dvc.yaml`` files.
        files: Where to read.
        targets: Files to read, whatever is said of them elsewhere; those of the project for none.
        all_rows: Of tables all rows, as a list, instead of the last one.
        problems: Gets the files that cannot be read, which are left out then.

    Raises:
        FileNotFoundError: A file is not there, and ``problems`` is None.
        FormatError: A file cannot be understood, and ``problems`` is None.
    """
    paths = list(targets)
    if not targets:
        paths += [path for one in every for path in one.metrics_of_stages()]
        paths += [path for one in every for path in one.top_metrics()]
    unique = list(dict.fromkeys(paths))
    found = read_all(files, unique, problems, _every_row if all_rows else _last_row)
    return {
        path: value if isinstance(value, list) and tabular.is_table(path) else numbers(value) or {}
        for path, value in found
    }


def _last_row(path: str, data: bytes) -> Any:
    return tabular.last_row(path, data) if tabular.is_table(path) else values.parse(path, data)


def _every_row(path: str, data: bytes) -> Any:
    return tabular.rows(path, data) if tabular.is_table(path) else values.parse(path, data)


def numbers(value: Any) -> Any:
    """Return the numbers and texts of a nested value; lists and empty mappings are left out."""
    if isinstance(value, (int, float, str)):
        return value
    if not isinstance(value, dict):
        return None
    below = {key: numbers(item) for key, item in value.items()}
    return {key: item for key, item in below.items() if item is not None and item != {}}
