"""What ``git dvc plots`` prints."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from git_dvc.errors import quoted

if TYPE_CHECKING:
    from git_dvc.compare.plots.drawing import Paint
    from git_dvc.ops.plots import Listed, Plots


def troubles(found: Plots) -> list[tuple[str, Exception]]:
    """Return what is missing, each thing once with the versions that it is missing in."""
    from git_dvc.compare.plots import page

    every = [*found.troubles, *(one for figure in found.figures for one in figure.troubles)]
    known = [(", ".join(revs), problem) for revs, problem in page.grouped(every)]
    templates = {str(problem): problem for problem in found.problems.values()}
    return known + [(", ".join(found.revs), problem) for problem in templates.values()]


def drawings(found: Plots, columns: int, paint: Paint, coloured: bool) -> str:
    """Return all figures, drawn with characters."""
    from git_dvc.compare.plots import drawing

    unicode = (sys.stdout.encoding or "").lower().replace("-", "") in ("utf8", "utf16")
    look = drawing.Look(columns, paint, coloured, unicode)
    return "\n\n".join(drawing.draw(figure, look) for figure in found.drawn())


_HEADINGS = ("Name", "Template", "X", "Y", "Files", "From")


def listed(found: Listed, paint: Paint) -> str:
    """Return the plots as a table."""
    several = len(found.revs) > 1
    rows = [
        (row.rev, row.name, row.template, row.x, row.y, ", ".join(row.files), row.where)
        for row in found.rows
    ]
    table = [[quoted(cell) or "-" for cell in row[not several :]] for row in rows]
    headings = ["Revision", *_HEADINGS][not several :]
    if not table:
        return ""
    widths = [
        max(len(row[column]) for row in [headings, *table]) for column in range(len(headings))
    ]
    lines = [
        "  ".join(cell.ljust(size) for cell, size in zip(row, widths, strict=True)).rstrip()
        for row in [headings, *table]
    ]
    return "\n".join([paint(lines[0], "bold"), *lines[1:]])


def listed_json(found: Listed) -> dict[str, list[dict[str, Any]]]:
    """Return the plots by version."""
    shown: dict[str, list[dict[str, Any]]] = {rev: [] for rev in found.revs}
    for row in found.rows:
        shown[row.rev].append(
            {"name": row.name, "files": row.files, "from": row.where or None, **row.props}
        )
    return shown
