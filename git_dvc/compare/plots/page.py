"""The page that shows figures: one HTML file with all that it needs, the scripts too.

What it shows comes from anybody's repository. So names are escaped, data stands in the page as
JSON without a single ``<``, and the page's own policy lets no script run but those that we put
there, lets none make code from text, and lets nothing be loaded from anywhere.
"""

from __future__ import annotations

import math
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from git_dvc.compare.plots import figures, rows, templates
from git_dvc.compare.plots.figures import Figure, Picture, Trouble
from git_dvc.errors import FormatError, GitDvcError, quoted

_FEW_CLASSES = 12
_IN_A_ROW = 3
"""So many matrices stand beside each other, where the page does not know better."""
_MOST_NAMED = 5
"""So many versions are named in the title."""
_MOST_BESIDE, _LONGEST_BESIDE = 8, 16
"""So many versions, with names so long, stand beside a chart."""
_MOST_POINTS = 2000
"""So many points of one curve are drawn; a screen has not more across."""
_MOST_SMOOTH = 5000
"""Of more points a smooth curve takes a browser minutes."""
_WITH_LINES = ("linear", "simple", "smooth")
_NO_NUMBERS = ("nan", "inf", "-inf", "none", "null", "na", "n/a")
_DATE = re.compile(r"\d{4}-\d\d(-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?)?")

Where = Callable[[Picture], str]
"""Returns what ``src`` of an image is."""


class Parts(NamedTuple):
    """What the page is made of: our files, and the scripts of others.

    Attributes:
        html: The page, with ``{names}`` of what goes where.
        style: Its style sheet.
        script: Its script.
        libraries: The scripts that draw.
        licences: The licences of these.
    """

    html: str
    style: str
    script: str
    libraries: tuple[str, ...]
    licences: str


# --- specifications that are to be drawn


def drawable(figure: Figure, template: templates.Spec, revs: Sequence[str]) -> dict[str, Any]:
    """Return the specification of a figure as it is drawn: as wide as its place, and of numbers.

    A version has the same colour in all figures: the one of its place in ``revs``.

    What a table holds is text: ``0.5`` is made a number where an axis takes numbers, and what is
    no number is left out there, rather than drawn as zero.
    """
    built_in = templates.BUILT_IN.get(figure.template) is template
    if built_in and figure.template in _WITH_LINES:
        kind = _kind(figure)
        if kind != "quantitative":
            template = _with_kind(templates.BUILT_IN["simple"], kind)
        elif len(figure.points) > _MOST_SMOOTH:
            template = templates.BUILT_IN["simple"]
    fields = {
        name: str(figure.props[name])
        for name in ("x", "y")
        if figure.props.get(name) is not None and not _is_of_names(template, name)
    }
    points = [_with_numbers(point, fields.values()) for point in figure.points]
    count = len(points)
    if built_in and figure.template in _WITH_LINES:
        points = _thinned(points, *(str(figure.props.get(axis)) for axis in ("x", "y")))
    figure = figure._replace(points=points)
    given = {"zoom_and_pan": _zoom(list(fields)), "color": _colours(figure.revs, revs)}
    spec = _without_empty(figures.spec(figure, template, {**given, "plot_width": "container"}))
    if _is_faceted(spec):
        spec = _without_empty(figures.spec(figure, template, given))
    elif spec.get("width") == "container":
        spec.setdefault("autosize", {"type": "fit-x", "contains": "padding"})
    if len(points) < count:
        spec["usermeta"] = {"drawn": len(points), "rows": count}
    return _dressed(spec, figure) if built_in else spec


def _thinned(points: list[dict[str, Any]], x: str, y: str) -> list[dict[str, Any]]:
    """Return so many points of each curve as can be told apart, the peaks among them."""
    curves: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for point in points:
        key = tuple(point.get(name) for name in ("rev", "filename", "field"))
        curves.setdefault(key, []).append(point)
    found = []
    for curve in curves.values():
        known = [
            point for point in curve
            if isinstance(point.get(x), (int, float)) and isinstance(point.get(y), (int, float))
        ]  # fmt: skip
        if len(known) <= _MOST_POINTS:
            found += curve
            continue
        known.sort(key=lambda point: float(point[x]))
        step = 2 * len(known) / _MOST_POINTS
        for number_ in range(_MOST_POINTS // 2):
            some = known[int(number_ * step) : int((number_ + 1) * step)]
            ends = {id(end): end for end in (min(some, key=_by(y)), max(some, key=_by(y)))}
            found += sorted(ends.values(), key=_by(x))
    return found


def _by(field: str) -> Callable[[dict[str, Any]], float]:
    return lambda point: float(point[field])


def _kind(figure: Figure) -> str:
    """Return what x is: ``quantitative``, ``temporal`` for dates, ``ordinal`` for names."""
    x = str(figure.props.get("x"))
    values = {value for point in figure.points if isinstance(value := point.get(x), str)}
    texts = [text for text in values if text.strip() and number(text) is None]
    if len([text for text in texts if text.strip().lower() not in _NO_NUMBERS]) * 2 <= len(values):
        return "quantitative"
    return "temporal" if all(_DATE.fullmatch(text.strip()) for text in texts) else "ordinal"


def _with_kind(template: templates.Spec, kind: str) -> templates.Spec:
    """Return a template whose x is not of numbers; what is named stays in the order of rows."""
    encoding = template["encoding"]
    sort = {"sort": None} if kind == "ordinal" else {}
    x = {**encoding["x"], "type": kind, **sort}
    return {**template, "encoding": {**encoding, "x": x}}


def _colours(revs: Sequence[str], every: Sequence[str]) -> dict[str, Any]:
    """Return the colours of versions; many, or long names, stand below the chart."""
    found = figures.colours(revs, every)
    longest = max(map(len, revs), default=0)
    if len(revs) > _MOST_BESIDE or longest > _LONGEST_BESIDE:
        found["legend"] = {"orient": "bottom", "columns": max(1, 60 // (longest + 6))}
    return found


def _zoom(axes: Sequence[str]) -> dict[str, Any]:
    """Return how a chart is moved: along the axes that have numbers.

    The wheel alone scrolls the page; with Ctrl, or two fingers, it zooms.
    """
    select = {"type": "interval", "encodings": list(axes), "zoom": "wheel![event.ctrlKey]"}
    return {"name": "grid", "select": select, "bind": "scales"} if axes else {"name": "grid"}


def _dressed(spec: dict[str, Any], figure: Figure) -> dict[str, Any]:
    """Return a built-in template's chart with what makes it easier to read."""
    template = figure.template
    if template.startswith("confusion") and set(spec["facet"]) == {"column"}:
        # As many as there is room for, then the next row.
        spec = {**spec, "facet": spec["facet"]["column"], "columns": _IN_A_ROW}
    if template in _WITH_LINES:
        lines = {
            "symbolType": "stroke",
            "symbolOpacity": 1,
            "symbolStrokeWidth": 2.5,
            "symbolSize": 400,
        }
        return {**spec, "config": {"legend": lines}}
    if template == "confusion" and _is_small(figure):
        numbers = [{**spec["params"][0], "value": True}]
        return {**spec, "params": numbers}
    if template == "scatter":
        # A point at the edge is whole.
        encoding = {
            name: {**channel, "scale": {"padding": 8}} if name in ("x", "y") else channel
            for name, channel in spec["encoding"].items()
        }
        return {**spec, "encoding": encoding}
    return spec


def _is_small(figure: Figure) -> bool:
    """Return whether a matrix has so few cells that numbers fit into them."""
    return all(
        len({str(point.get(figure.props[axis])) for point in figure.points}) <= _FEW_CLASSES
        for axis in ("x", "y")
    )


def without_title(spec: dict[str, Any], figure: Figure) -> dict[str, Any]:
    """Return a specification without its title, if that is the figure's: it stands elsewhere."""
    title = spec.get("title")
    text = title.get("text") if isinstance(title, dict) else title
    return {key: value for key, value in spec.items() if key != "title" or text != figure.title}


def _is_of_names(template: Any, axis: str) -> bool:
    """Return whether a template takes an axis for names, not numbers."""
    if isinstance(template, list):
        return any(_is_of_names(item, axis) for item in template)
    if not isinstance(template, dict):
        return False
    if template.get("field") == f"<DVC_METRIC_{axis.upper()}>":
        kind = template.get("type", "nominal")
        if kind != "quantitative" and "aggregate" not in template:
            return True
    return any(_is_of_names(item, axis) for item in template.values())


def _with_numbers(point: Mapping[str, Any], fields: Iterable[str]) -> dict[str, Any]:
    found = dict(point)
    for field in fields:
        if isinstance(found.get(field), str):
            found[field] = number(found[field])
    return found


def number(text: str) -> int | float | None:
    """Return the number that a text is, or None."""
    try:
        value = float(text)
    except ValueError:
        return None
    if not math.isfinite(value) or "_" in text:
        return None
    return int(text) if len(text) < 16 and text.strip().lstrip("+-").isdecimal() else value


def _without_empty(spec: Any) -> Any:
    """Return a specification without the channels that nothing was put into."""
    if isinstance(spec, list):
        return [_without_empty(item) for item in spec]
    if not isinstance(spec, dict):
        return spec
    found = {
        key: value if key == "values" else _without_empty(value) for key, value in spec.items()
    }
    return {key: value for key, value in found.items() if value != {}}


def _is_faceted(spec: Mapping[str, Any]) -> bool:
    """Return whether there are several charts, each with a size of its own."""
    encoding = spec.get("encoding")
    several = ("facet", "concat", "hconcat", "vconcat", "repeat")
    return any(name in spec for name in several) or (
        isinstance(encoding, dict) and any(name in encoding for name in ("row", "column", "facet"))
    )


# --- the page


def page(
    figures_: Sequence[Figure],
    specs: Mapping[str, dict[str, Any]],
    parts: Parts,
    *,
    heading: str,
    revs: Sequence[str],
    troubles: Sequence[Trouble] = (),
    problems: Mapping[str, GitDvcError] | None = None,
    where: Where | None = None,
) -> str:
    """Return the page.

    Args:
        figures_: What is shown; charts come first, then images by their numbers.
        specs: How they are drawn, by name.
        parts: What the page is made of.
        heading: What it is of.
        revs: The versions in it.
        troubles: What is wrong with whole versions.
        problems: Why a figure cannot be drawn, by its name.
        where: Where an image is that is too large for the page; '' if it is to be in the page.
    """
    scripts = [*(_plain(library) for library in parts.libraries), parts.script]
    cards = [
        _card(place, figure, specs, (problems or {}).get(figure.name), where)
        for place, figure in enumerate(sorted(figures_, key=_order))
    ]
    shown = [_title_of(rev) for rev in revs]
    summary = " and ".join(filter(None, [", ".join(shown[:-1]), *shown[-1:]]))
    if len(shown) > _MOST_NAMED:
        summary = f"{len(shown)} versions"
    hashes = " ".join(f"'sha256-{_digest(script)}'" for script in scripts)
    values = {
        "policy": f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; "
        "img-src 'self' file: data: blob:; base-uri 'none'; form-action 'none'",
        "title": escape(f"{heading}: plots of {summary}"),
        "style": parts.style,
        "heading": escape(heading),
        "summary": escape(f"Plots of {summary}"),
        "revs": "\n".join(_chips(revs)) if len(revs) > 1 else "",
        "cards": "\n".join(cards),
        "troubles": _list_of(troubles, "troubles"),
        "hint": "Drag a chart to move it, Ctrl and the wheel zoom, a double click brings it back. "
        if specs
        else "",
        "licences": parts.licences.replace("</", "< /"),
        "scripts": "\n".join(f"<script>{script}</script>" for script in scripts),
    }
    return filled(parts.html, values)


def custom(
    html: str,
    figures_: Sequence[Figure],
    specs: Mapping[str, dict[str, Any]],
    parts: Parts,
    where: Where | None = None,
) -> str:
    """Return somebody's own page, with ``{scripts}`` and ``{plot_divs}`` filled in as DVC does.

    Raises:
        FormatError: It has no place for the plots.
    """
    if "{plot_divs}" not in html:
        raise FormatError("has no {plot_divs}, where the plots go")
    divs = []
    for place, figure in enumerate(sorted(figures_, key=_order)):
        if figure.is_image:
            divs.append(f"<div><p>{escape(figure.name)}</p>{_pictures(figure, where)}</div>")
        elif figure.name in specs:
            # Not every page gives a chart a place that has a width.
            spec = {**specs[figure.name]}
            if spec.get("width") == "container":
                spec.update(width=figures.SIZE)
                spec.pop("autosize", None)
            divs.append(
                f'<div id="plot-{place}"><script>vegaEmbed("#plot-{place}", '
                f"{script_json(spec)});</script></div>"
            )
    libraries = "\n".join(f"<script>{_plain(one)}</script>" for one in parts.libraries)
    return filled(html, {"scripts": libraries, "plot_divs": "\n".join(divs), "refresh_tag": ""})


def filled(html: str, values: Mapping[str, str]) -> str:
    """Return a page with its ``{names}`` replaced, all at once: a value is not looked through."""
    names = "|".join(values)
    return re.sub(r"\{(" + names + r")\}", lambda match: values[match[1]], html)


def escape(text: str) -> str:
    """Return text for a page, which no value of an attribute ends at either."""
    import html

    return html.escape("".join(one if one.isprintable() else "\ufffd" for one in text))


def escape_lines(text: str) -> str:
    """Return text of several lines for a page."""
    return "<br>".join(escape(line) for line in text.splitlines())


def script_json(value: Any) -> str:
    """Return JSON that may stand in a script: nothing in it ends that."""
    import json

    try:
        text = json.dumps(value, allow_nan=False, separators=(",", ":"), default=str)
    except ValueError:
        text = json.dumps(finite(value), allow_nan=False, separators=(",", ":"), default=str)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def finite(value: Any) -> Any:
    """Return a value with null for what JSON has no number for."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    return value


def _plain(script: str) -> str:
    """Return a script without the note on where its source is, which a browser would look for."""
    return re.sub(r"\n//# sourceMappingURL=\S+\s*$", "\n", script)


def _digest(script: str) -> str:
    import base64
    import hashlib

    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _order(figure: Figure) -> tuple[bool, str, int, str]:
    """Charts as they are, then images: of those in one directory 2.png before 10.png."""
    if not figure.is_image:
        return (False, "", 0, "")
    folder, name = posixpath.split(figure.name)
    stem = posixpath.splitext(name)[0]
    return (True, folder, int(stem) if stem.isdecimal() and len(stem) < 19 else -1, name)


def _title_of(rev: str) -> str:
    return "the workspace" if rev == "workspace" else rev


def _chips(revs: Sequence[str]) -> Iterator[str]:
    for place, rev in enumerate(revs):
        colour = figures.colour(place)
        yield (
            f'<button type="button" data-chip="{escape(rev)}" aria-pressed="true" '
            f'title="Show or hide">'
            f'<i style="background:{colour}"></i>{escape(rev)}</button>'
        )


def _card(
    place: int,
    figure: Figure,
    specs: Mapping[str, dict[str, Any]],
    problem: GitDvcError | None,
    where: Where | None,
) -> str:
    spec = specs.get(figure.name)
    inside = ""
    button = ""
    if figure.is_image:
        inside = f'<div class="images">{_pictures(figure, where)}</div>'
    elif spec:
        data = script_json(without_title(spec, figure))
        inside = (
            '<div class="frame"><div class="chart"></div></div>'
            f'<script type="application/json">{data}</script>'
        )
        button = (
            '<button class="enlarge" type="button" aria-pressed="false" title="Larger, or smaller">'
            '<span aria-hidden="true">&#10530;</span></button>'
        )
    elif problem is None and not figure.troubles:
        inside = '<p class="trouble">There is nothing in it to draw.</p>'
    if problem is not None:
        inside += f'<p class="trouble">{escape_lines(said(problem))}</p>'
    wide = " wide" if len(figure.pictures) > 2 or (spec and _is_faceted(spec)) else ""
    return (
        f'<section class="card{wide}" id="plot-{place}" data-name="{escape(figure.name)}">'
        f'<div class="top"><div><h2>{escape(figure.title)}</h2>'
        f'<p class="what">{escape(_about(figure, spec))}</p></div>{button}</div>'
        f"{inside}{_list_of(figure.troubles, '')}</section>"
    )


def _about(figure: Figure, spec: Mapping[str, Any] | None) -> str:
    """Return the small line below a title: the name, if that is another, and what is drawn."""
    parts = [figure.name] if figure.title != figure.name else []
    if not figure.is_image and figure.series:
        drawn = list(dict.fromkeys(field for _, field in figure.series))
        axes = f"{', '.join(drawn)} over {figure.props.get('x_label')}"
        parts.append(axes if figure.template in ("linear", "simple", "smooth") else figure.template)
    thinned = (spec or {}).get("usermeta")
    if isinstance(thinned, dict) and "drawn" in thinned and "rows" in thinned:
        parts.append(f"{thinned['drawn']:,} of {thinned['rows']:,} points, with all peaks")
    return " \u00b7 ".join(parts)


def _pictures(figure: Figure, where: Where | None) -> str:
    found = []
    seen: dict[bytes, str] = {}
    for picture in figure.pictures:
        same = seen.setdefault(picture.data, picture.rev)
        note = f"<span>the same as in {escape(same)}</span>" if same != picture.rev else ""
        source = (where(picture) if where is not None else "") or data_url(picture)
        alt = escape(f"{picture.path} \u00b7 {picture.rev}")
        found.append(
            f'<figure data-rev="{escape(picture.rev)}">'
            f'<figcaption>{escape(picture.rev)}<span class="pixels"></span>{note}</figcaption>'
            f'<img src="{escape(source)}" alt="{alt}" title="{alt}"></figure>'
        )
    return "".join(found)


def data_url(picture: Picture) -> str:
    """Return an image as an address that has all of it."""
    import base64

    kind = rows.IMAGES[rows.suffix(picture.path)]
    return f"data:{kind};base64,{base64.b64encode(picture.data).decode()}"


def _list_of(troubles: Sequence[Trouble], name: str) -> str:
    lines = "".join(
        f'<p class="trouble">{escape(", ".join(revs))}: {escape_lines(said(problem))}</p>'
        for revs, problem in grouped(troubles)
    )
    return f'<div class="{name}">{lines}</div>' if lines and name else lines


def grouped(troubles: Sequence[Trouble]) -> list[tuple[list[str], Exception]]:
    """Return what is wrong, each thing once with all versions of which it is true."""
    found: dict[str, tuple[list[str], Exception]] = {}
    for one in troubles:
        revs, _ = found.setdefault(said(one.problem), ([], one.problem))
        if one.rev not in revs:
            revs.append(one.rev)
    return list(found.values())


def said(problem: Exception) -> str:
    """Return what a problem says, in words for a page."""
    if isinstance(problem, GitDvcError):
        return problem.message
    if isinstance(problem, OSError) and problem.strerror:
        name = f"{quoted(str(problem.filename))}: " if problem.filename else ""
        return f"{name}{problem.strerror.lower()}"
    return str(problem)
