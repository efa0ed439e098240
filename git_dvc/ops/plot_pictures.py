"""A picture of plots: SVG, PNG or PDF, drawn by vl-convert, which the extra ``plots`` brings."""

from __future__ import annotations

import os
import re
from typing import Any, NamedTuple

from git_dvc.compare.plots import page
from git_dvc.compare.plots.figures import Figure
from git_dvc.errors import MissingExtraError, PlotError, quoted
from git_dvc.ops import plot_files
from git_dvc.ops.plot_files import Place
from git_dvc.ops.plots import Plots

_VEGA_LITE = "5.20"
"""The version nearest to the one in ``share/vega`` that vl-convert has."""
_WIDTH, _GAP, _LINE = 420, 28, 22
_IMAGE_WIDTH, _IMAGE_HEIGHT = 300, 225
_PIXELS_PER_UNIT = 2.0
_ROOT = re.compile(r"<svg\b[^>]*>")
_OWN_NAMES = re.compile(r'(\bid="|url\(#|href="#)((?:clip|gradient|pattern)\w*)')


class _Block(NamedTuple):
    """A part of the picture."""

    svg: str
    width: float
    height: float


def write(plots: Plots, where: Place) -> None:
    """Write all figures into one picture, of the kind that its suffix says.

    Raises:
        MissingExtraError: vl-convert is not installed.
        PlotError: A figure cannot be drawn, or the file not written.
    """
    try:
        import vl_convert
    except ImportError:
        raise MissingExtraError("a picture", "vl-convert-python", "plots") from None
    blocks = []
    specs = plot_files.specs(plots)
    for number, figure in enumerate(plots.drawn()):
        if figure.is_image:
            blocks.append(_images(figure))
            continue
        spec = specs[figure.name]
        if spec.get("width") == "container":
            spec = {**spec, "width": _WIDTH}
            spec.pop("autosize", None)
        try:
            drawn = vl_convert.vegalite_to_svg(
                page.finite(spec), vl_version=_VEGA_LITE, allowed_base_urls=[]
            )
        except ValueError as problem:
            why = quoted(str(problem).strip().splitlines()[0])
            raise PlotError(f"{quoted(figure.name)} cannot be drawn: {why}") from None
        blocks.append(_block(drawn, f"p{number}-"))
    svg = _together(blocks)
    kind = os.path.splitext(where.name)[1].lower()
    if kind == ".png":
        data = vl_convert.svg_to_png(svg, scale=_PIXELS_PER_UNIT)
    elif kind == ".pdf":
        data = vl_convert.svg_to_pdf(svg)
    else:
        data = svg.encode("utf-8")
    plot_files.write(where, data)


def _block(svg: str, prefix: str) -> _Block:
    """Return a chart, with its names made its own: several charts share the picture."""
    root = _ROOT.search(svg)
    if root is None:
        raise PlotError("what was drawn is no SVG")
    size: dict[str, Any] = dict(re.findall(r'\b(width|height)="([\d.]+)', root[0]))
    named = _OWN_NAMES.sub(lambda match: f"{match[1]}{prefix}{match[2]}", svg)
    return _Block(named, float(size.get("width", _WIDTH)), float(size.get("height", _WIDTH)))


def _images(figure: Figure) -> _Block:
    parts = [_text(0, 15, figure.title, bold=True)]
    for place, picture in enumerate(figure.pictures):
        x, y = place * (_IMAGE_WIDTH + 12), 2 * _LINE
        parts.append(_text(x, y - 7, picture.rev))
        parts.append(
            f'<image x="{x}" y="{y}" width="{_IMAGE_WIDTH}" height="{_IMAGE_HEIGHT}" '
            f'preserveAspectRatio="xMinYMin meet" href="{page.data_url(picture)}"/>'
        )
    width = len(figure.pictures) * (_IMAGE_WIDTH + 12)
    height = _IMAGE_HEIGHT + 2 * _LINE
    head = f'<svg width="{width}" height="{height}">'
    return _Block(f"{head}{''.join(parts)}</svg>", width, height)


def _text(x: float, y: float, text: str, *, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x}" y="{y}" font-family="sans-serif" font-size="13"{weight}>'
        f"{page.escape(text)}</text>"
    )


def _together(blocks: list[_Block]) -> str:
    """Return one SVG: two charts side by side, whatever is wider in a row of its own."""
    placed: list[str] = []
    widest = max((block.width for block in blocks), default=0)
    limit = max(widest, 2 * (_WIDTH + 140) + _GAP) if len(blocks) > 1 else widest
    x = y = float(_GAP)
    row = right = 0.0
    for block in blocks:
        if x > _GAP and x + block.width > limit + _GAP:
            x, y, row = float(_GAP), y + row + _GAP, 0.0
        placed.append(block.svg.replace("<svg", f'<svg x="{x:g}" y="{y:g}"', 1))
        right = max(right, x + block.width)
        x += block.width + _GAP
        row = max(row, block.height)
    width, height = right + _GAP, y + row + _GAP
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="{width:g}" height="{height:g}" viewBox="0 0 {width:g} {height:g}">'
        f'<rect width="100%" height="100%" fill="white"/>{"".join(placed)}</svg>'
    )
