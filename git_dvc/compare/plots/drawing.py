"""Figures drawn with characters, for a terminal: lines, points, bars, matrices.

Braille has eight dots a character, so a chart of 70 by 15 characters has 140 by 60 points. Where
there is no colour to tell versions apart, each is drawn with a letter of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from git_dvc.compare.plots import figures
from git_dvc.compare.plots.figures import Figure
from git_dvc.compare.plots.page import number
from git_dvc.errors import quoted

Paint = Callable[[str, str], str]

_STYLES = ("cyan", "yellow", "green", "red", "bold", "dim")
_MARKS = "*o+x#@%&=~"
_HEIGHT = 15
_FEWEST_COLUMNS = 40
_MOST_COLUMNS = 110
_MOST_BARS = 40
_MOST_CLASSES = 16
# The dots of a Braille character, by row and column.
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))


class Look(NamedTuple):
    """What the terminal can show.

    Attributes:
        columns: How wide it is.
        paint: Gives a text a style.
        coloured: Whether colours are seen.
        unicode: Whether it has more than ASCII.
    """

    columns: int
    paint: Paint
    coloured: bool = False
    unicode: bool = True


class _Curve(NamedTuple):
    name: str
    points: list[tuple[float, float]]


def draw(figure: Figure, look: Look) -> str:
    """Return a figure as lines of text."""
    width = max(_FEWEST_COLUMNS, min(look.columns, _MOST_COLUMNS))
    lines = [look.paint(quoted(figure.title), "bold")]
    if figure.title != figure.name:
        lines[0] += f"  {quoted(figure.name)}"
    if figure.is_image:
        lines += _images(figure)
    elif figure.template.startswith("bar_"):
        lines += _bars(figure, look, width)
    elif figure.template.startswith("confusion"):
        lines += _matrices(figure, look)
    else:
        lines += _chart(figure, look, width)
    return "\n".join(lines)


# --- lines and points


def _chart(figure: Figure, look: Look, width: int) -> list[str]:
    curves = _curves(figure)
    points = [point for curve in curves for point in curve.points]
    if not points:
        return ["  (no numbers to draw)"]
    joined = not figure.template.startswith("scatter")
    low_x, high_x = _range([x for x, _ in points])
    low_y, high_y = _range([y for _, y in points])
    ticks = _labels(low_y, high_y)
    margin = max(len(tick) for tick in ticks)
    columns = width - margin - 3
    canvas = _Canvas(columns, _HEIGHT, look)
    for place, curve in enumerate(curves):
        spots = [
            ((x - low_x) / (high_x - low_x), (y - low_y) / (high_y - low_y))
            for x, y in curve.points
        ]
        canvas.add(place, spots, joined=joined)
    bar, corner, line = ("│", "└", "─") if look.unicode else ("|", "+", "-")
    lines = []
    for row, text in enumerate(canvas.rows()):
        tick = {0: ticks[2], _HEIGHT // 2: ticks[1], _HEIGHT - 1: ticks[0]}.get(row, "")
        lines.append(f"{tick:>{margin}} {bar}{text}".rstrip())
    lines.append(f"{'':{margin}} {corner}{line * columns}")
    left, _, right = _labels(low_x, high_x)
    name = quoted(str(figure.props.get("x_label") or ""))
    room = columns - len(left) - len(right)
    middle = name[: max(room - 2, 0)].center(room)
    lines.append(f"{'':{margin}}  {left}{middle}{right}")
    legend = [canvas.sample(place) + " " + quoted(curve.name) for place, curve in enumerate(curves)]
    lines.append(f"{'':{margin}}  " + "   ".join(legend))
    return lines


def _curves(figure: Figure) -> list[_Curve]:
    """Return what is drawn: one curve for each series of each version."""
    x, y = str(figure.props.get("x")), str(figure.props.get("y"))
    found: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for point in figure.points:
        series = (str(point.get("filename", "")), str(point.get("field", "")))
        name = figures.label(series, figure.varied) if figure.varied else ""
        curve = found.setdefault((str(point.get("rev")), name), [])
        across, up = _value(point.get(x)), _value(point.get(y))
        if across is None:
            across = float(len(curve)) if _is_text(point.get(x)) else None
        if across is not None and up is not None:
            curve.append((across, up))
    several = len(figure.revs) > 1
    return [
        _Curve(
            f"{rev} {name}".strip() if several or not name else name,
            points if figure.template.startswith("scatter") else sorted(points),
        )
        for (rev, name), points in found.items()
    ]


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _value(value: Any) -> float | None:
    if isinstance(value, str):
        value = number(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    if high - low > 0 and math.isfinite(high - low):
        return low, high
    return (low - 0.5, high + 0.5) if low == high and abs(low) < 2**50 else (low, low + 1.0)


def _labels(low: float, high: float) -> list[str]:
    """Return both ends of an axis and its middle, with as many digits as tell them apart."""
    size = max(abs(low), abs(high))
    digits = max(0, 3 - math.floor(math.log10(high - low))) if high > low else 3
    if size >= 1e7 or digits > 9:
        return [f"{value:.4g}" for value in (low, (low + high) / 2, high)]
    texts = [f"{value:.{min(digits, 6)}f}" for value in (low, (low + high) / 2, high)]
    if all("." in text for text in texts):
        texts = [text.rstrip("0").rstrip(".") for text in texts]
    return texts


class _Canvas:
    """Characters to draw on."""

    def __init__(self, columns: int, rows: int, look: Look) -> None:
        self._columns, self._rows, self._look = columns, rows, look
        self._braille = look.unicode and look.coloured
        self._across, self._up = (2, 4) if self._braille else (1, 1)
        self._cells: dict[tuple[int, int], tuple[int, int]] = {}

    def add(self, place: int, spots: Sequence[tuple[float, float]], *, joined: bool) -> None:
        """Draw a curve; spots are between 0 and 1."""
        width, height = self._columns * self._across - 1, self._rows * self._up - 1
        pixels = [(round(x * width), round((1 - y) * height)) for x, y in spots]
        for number_, (x, y) in enumerate(pixels):
            self._dot(place, x, y)
            if joined and number_:
                self._line(place, pixels[number_ - 1], (x, y))

    def _line(self, place: int, start: tuple[int, int], end: tuple[int, int]) -> None:
        steps = max(abs(end[0] - start[0]), abs(end[1] - start[1]))
        for step in range(1, steps):
            x = start[0] + (end[0] - start[0]) * step / steps
            y = start[1] + (end[1] - start[1]) * step / steps
            self._dot(place, round(x), round(y))

    def _dot(self, place: int, x: int, y: int) -> None:
        cell = (y // self._up, x // self._across)
        bits = self._cells.get(cell, (0, 0))[1]
        if self._braille:
            bits |= _DOTS[y % 4][x % 2]
        self._cells[cell] = (place, bits)

    def rows(self) -> list[str]:
        """Return the lines from top to bottom."""
        return ["".join(self._cell(row, column) for column in range(self._columns))
                for row in range(self._rows)]  # fmt: skip

    def _cell(self, row: int, column: int) -> str:
        if (row, column) not in self._cells:
            return " "
        place, bits = self._cells[row, column]
        if self._braille:
            return self._look.paint(chr(0x2800 + bits), _STYLES[place % len(_STYLES)])
        return _MARKS[place % len(_MARKS)]

    def sample(self, place: int) -> str:
        """Return what a curve looks like."""
        if self._braille:
            return self._look.paint("━━", _STYLES[place % len(_STYLES)])
        return _MARKS[place % len(_MARKS)]


# --- bars


def _bars(figure: Figure, look: Look, width: int) -> list[str]:
    x, y = str(figure.props.get("x")), str(figure.props.get("y"))
    found: dict[str, dict[str, float]] = {}
    for point in figure.points:
        value = _value(point.get(x))
        if value is not None:
            found.setdefault(str(point.get(y)), {})[str(point.get("rev"))] = value
    names = list(found)
    if figure.template == "bar_horizontal_sorted":
        names.sort(key=lambda name: -sum(found[name].values()))
    if not names:
        return ["  (no numbers to draw)"]
    most = max((abs(value) for each in found.values() for value in each.values()), default=1) or 1
    margin = min(max(len(quoted(name)) for name in names), 30)
    room = max(10, width - margin - 14 - max(len(quoted(rev)) for rev in figure.revs))
    block = "█" if look.unicode else "#"
    lines = []
    for name in names[:_MOST_BARS]:
        label = quoted(name)
        label = (
            label if len(label) <= margin else label[: margin - 1] + ("…" if look.unicode else "~")
        )
        for place, rev in enumerate(figure.revs):
            if rev not in found[name]:
                continue
            value = found[name][rev]
            length = round(abs(value) / most * room)
            bar = look.paint(block * length, _STYLES[place % len(_STYLES)])
            which = f" {quoted(rev)}" if len(figure.revs) > 1 else ""
            lines.append(f"  {label:>{margin}} {bar} {value:.5g}{which}")
            label = ""
    if len(names) > _MOST_BARS:
        lines.append(f"  ... and {len(names) - _MOST_BARS} more")
    return lines


# --- matrices


def _matrices(figure: Figure, look: Look) -> list[str]:
    x, y = str(figure.props.get("x")), str(figure.props.get("y"))
    across = sorted({str(point.get(x)) for point in figure.points})
    down = sorted({str(point.get(y)) for point in figure.points})
    if len(across) > _MOST_CLASSES or len(down) > _MOST_CLASSES:
        return [f"  ({len(down)} by {len(across)}: too many classes for a terminal)"]
    counts: dict[tuple[str, str, str], int] = {}
    for point in figure.points:
        key = (str(point.get("rev")), str(point.get(y)), str(point.get(x)))
        counts[key] = counts.get(key, 0) + 1
    shares = figure.template == "confusion_normalized"
    lines = [
        f"  {quoted(str(figure.props.get('y_label')))} (down) by "
        f"{quoted(str(figure.props.get('x_label')))} (across)"
    ]
    for place, rev in enumerate(figure.revs):
        table = [[f"{rev}", *across]]
        for name in down:
            row = [counts.get((rev, name, other), 0) for other in across]
            total = sum(row) or 1
            table.append([name, *(f"{one / total:.2f}" if shares else str(one) for one in row)])
        widths = [max(len(quoted(row[column])) for row in table) for column in range(len(table[0]))]
        for line, cells in enumerate(table):
            texts = [quoted(cell).rjust(size) for cell, size in zip(cells, widths, strict=True)]
            if line == 0:
                texts[0] = look.paint(texts[0], _STYLES[place % len(_STYLES)])
            lines.append("  " + "  ".join(texts))
    return lines


# --- images


def _images(figure: Figure) -> list[str]:
    lines = []
    seen: dict[bytes, str] = {}
    for picture in figure.pictures:
        same = seen.setdefault(picture.data, picture.rev)
        note = f", the same as in {quoted(same)}" if same != picture.rev else ""
        lines.append(f"  {quoted(picture.rev)}: an image of {len(picture.data):,} bytes{note}")
    return lines
