"""Plot templates: Vega-Lite with anchors, which the data and names of a plot take the place of.

::

    {
        "data": {"values": "<DVC_METRIC_DATA>"},
        "title": "<DVC_METRIC_TITLE>",
        "mark": "line",
        "encoding": {
            "x": {"field": "<DVC_METRIC_X>", "type": "quantitative"},
            "y": {"field": "<DVC_METRIC_Y>", "type": "quantitative"},
            "color": {"field": "rev"}
        }
    }

A text that is an anchor becomes the value, of whatever type; inside a longer text only texts are
put in. The built-in ones have DVC's names and make the specifications that DVC's make. A project
may have its own, in ``.dvc/plots/NAME.json`` or anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from git_dvc.errors import FormatError

DEFAULT = "linear"
MOST_BYTES = 16 * 1024**2
_ANCHOR = re.compile(r"<DVC_METRIC_([A-Z_]+)>")

Spec = dict[str, Any]


def _of(name: str) -> str:
    return f"<DVC_METRIC_{name.upper()}>"


def anchors(template: Any) -> set[str]:
    """Return the names of the anchors that stand alone in a template, in lower case."""
    if isinstance(template, dict):
        return {name for value in template.values() for name in anchors(value)}
    if isinstance(template, list):
        return {name for value in template for name in anchors(value)}
    match = _ANCHOR.fullmatch(template) if isinstance(template, str) else None
    return {match[1].lower()} if match else set()


def fill(template: Any, values: Mapping[str, Any]) -> Any:
    """Return a template with its anchors replaced; those that have no value stay.

    What is put in is not looked through again, so data that has an anchor's name stays data.
    """
    if isinstance(template, dict):
        return {key: fill(value, values) for key, value in template.items()}
    if isinstance(template, list):
        return [fill(value, values) for value in template]
    if not isinstance(template, str) or "<DVC_METRIC_" not in template:
        return template
    match = _ANCHOR.fullmatch(template)
    if match and match[1].lower() in values:
        return values[match[1].lower()]

    def put(found: re.Match[str]) -> str:
        value = values.get(found[1].lower())
        return value if isinstance(value, str) else found[0]

    return _ANCHOR.sub(put, template)


def parse(data: bytes, where: str) -> Spec:
    """Return a template of a project.

    Raises:
        FormatError: It is not JSON, or no template.
    """
    import json

    if len(data) > MOST_BYTES:
        raise FormatError(f"larger than {MOST_BYTES // 1024**2} MiB", where)
    try:
        value = json.loads(data)
        found = anchors(value)
    except ValueError as problem:
        raise FormatError(f"not valid JSON: {problem}", where) from None
    except RecursionError:
        raise FormatError("nested too deeply", where) from None
    if not isinstance(value, dict):
        raise FormatError("expected a mapping", where)
    if "data" not in found:
        raise FormatError(f'has no place for the data: "{_of("data")}"', where)
    return value


# --- the built-in ones


def _axis(name: str, kind: str | None = "quantitative", **more: Any) -> Spec:
    """Return how an axis is encoded."""
    typed = {"type": kind} if kind else {}
    return {"field": _of(name), **typed, "title": _of(f"{name}_label"), **more}


def _base(*, sized: bool = True) -> Spec:
    size = {"width": _of("plot_width"), "height": _of("plot_height")} if sized else {}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "data": {"values": _of("data")},
        "title": {"text": _of("title"), "anchor": "middle"},
        **size,
    }


def _close(name: str) -> Spec:
    """Return an axis that need not start at zero."""
    return _axis(name, scale={"zero": False})


def _zoom() -> Spec:
    return {"params": [_of("zoom_and_pan")]}


_REVISION = {"field": "rev", "type": "nominal"}
_BY_DATA = {"tooltip": {"content": "data"}}


def _simple() -> Spec:
    return {
        **_base(),
        **_zoom(),
        "mark": {"type": "line", **_BY_DATA},
        "encoding": {
            "x": _axis("x"),
            "y": _close("y"),
            "color": _of("color"),
            "strokeDash": _of("stroke_dash"),
            "tooltip": _of("tooltip"),
        },
    }


def _smooth() -> Spec:
    """Return lines with a slider that smoothes them, their ends, and a rule below the mouse."""
    slider = {"input": "range", "min": 0.001, "max": 1, "step": 0.001}
    hover = {
        "type": "point",
        "fields": [_of("x")],
        "nearest": True,
        "on": "mouseover",
        "clear": "mouseout",
    }
    below_mouse = {"param": "hover", "empty": False}
    smoothed = {
        "layer": [
            {**_zoom(), "mark": "line"},
            {"transform": [{"filter": below_mouse}], "mark": "point"},
        ],
        "encoding": {"y": _close("y"), "color": _REVISION},
        "transform": [
            {
                "loess": _of("y"),
                "on": _of("x"),
                "groupby": _of("group_by"),
                "bandwidth": {"signal": "smooth"},
            }
        ],
    }
    as_it_is = {
        "mark": {"type": "line", "opacity": 0.2},
        "encoding": {"x": _axis("x"), "y": _close("y"), "color": _REVISION},
    }
    ends = {
        "mark": {"type": "circle", "size": 10},
        "encoding": {
            "x": {"aggregate": "max", **_axis("x")},
            "y": {"aggregate": {"argmax": _of("x")}, **_close("y")},
            "color": _REVISION,
        },
    }
    rule = {
        "transform": [
            {"calculate": _of("pivot_field"), "as": "pivot_field"},
            {"pivot": "pivot_field", "op": "mean", "value": _of("y"), "groupby": [_of("x")]},
        ],
        "mark": {"type": "rule", **_BY_DATA, "stroke": "grey"},
        "encoding": {"opacity": {"condition": {"value": 0.3, **below_mouse}, "value": 0}},
        "params": [{"name": "hover", "select": hover}],
    }
    return {
        **_base(),
        "params": [{"name": "smooth", "value": 0.001, "bind": slider}],
        "encoding": {
            "x": _axis("x"),
            "color": _of("color"),
            "strokeDash": _of("stroke_dash"),
        },
        "layer": [smoothed, as_it_is, ends, rule],
    }


def _scatter() -> Spec:
    return {
        **_base(),
        "mark": {"type": "point", **_BY_DATA},
        **_zoom(),
        "encoding": {
            "x": _axis("x"),
            "y": _axis("y"),
            "color": _of("color"),
            "shape": _of("shape"),
            "tooltip": _of("tooltip"),
        },
    }


def _scatter_jitter() -> Spec:
    return {
        **_base(),
        "transform": [
            {"calculate": "random()", "as": "randomX"},
            {"calculate": "random()", "as": "randomY"},
        ],
        "mark": {"type": "point", **_BY_DATA},
        "encoding": {
            "x": _axis("x", None),
            "y": _axis("y", None),
            "color": _of("color"),
            "shape": _of("shape"),
            "tooltip": _of("tooltip"),
            "xOffset": {"field": "randomX", "type": "quantitative"},
            "yOffset": {"field": "randomY", "type": "quantitative"},
        },
    }


def _bars(*, by_length: bool) -> Spec:
    order = {"sort": "-x"} if by_length else {}
    return {
        **_base(),
        "mark": {"type": "bar"},
        **_zoom(),
        "encoding": {
            "x": _close("x"),
            "y": _axis("y", "nominal", **order),
            "yOffset": {"field": "rev", "sort": []},
            "color": _of("color"),
            "column": _of("column"),
        },
    }


def _confusion(*, normalized: bool) -> Spec:
    """Return how often each pair of x and y occurs; normalized, which part of all those of y."""
    value = "percent_of_y" if normalized else "xy_count"
    share = "percent_of_y" if normalized else "percent_of_max"
    whole = "sum_y" if normalized else "max_count"
    scale: Spec = {"domain": [0, 1]} if normalized else {"domainMin": 0, "nice": True}

    def fill_in(key: str, groups: Any) -> Spec:
        return {"impute": "xy_count", "groupby": groups, "key": _of(key), "value": 0}

    count = {
        "aggregate": [{"op": "count", "as": "xy_count"}],
        "groupby": [_of("y"), _of("x")],
    }
    total = {
        "joinaggregate": [{"op": "sum" if normalized else "max", "field": "xy_count", "as": whole}],
        "groupby": [_of("y")] if normalized else [],
    }
    shown = {} if normalized else {"param": "showValues"}
    text = {"condition": {**shown, "field": "xy_count", "type": "quantitative"}}
    number = {"field": value, "type": "quantitative", **({"format": ".2f"} if normalized else {})}
    chosen = {
        "type": "single",
        "on": "mouseover",
        "encodings": ["x", "y"],
        "empty": "none",
        "clear": "mouseout",
    }
    cells = {
        "mark": "rect",
        "width": _of("plot_width"),
        "height": _of("plot_height"),
        "encoding": {
            "color": {"field": value, "type": "quantitative", "title": "", "scale": scale}
        },
    }
    hints = {
        "selection": {"label": chosen},
        "mark": "rect",
        "encoding": {
            "tooltip": [
                {"field": _of("x"), "type": "nominal"},
                {"field": _of("y"), "type": "nominal"},
                number,
            ],
            "opacity": {"condition": {"selection": "label", "value": 1}, "value": 0},
        },
    }
    marked = {
        "transform": [{"filter": {"selection": "label"}}],
        "layer": [{"mark": {"type": "rect", "color": "lightpink"}}],
    }
    colour = {"condition": {"test": f"datum.{share} > 0.5", "value": "white"}, "value": "black"}
    words = {
        "mark": "text",
        "encoding": {**({} if normalized else {"text": text}), "color": colour},
    }
    switch = {"params": [{"name": "showValues", "bind": {"input": "checkbox"}}]}
    return {
        **_base(sized=False),
        "facet": {"column": {"field": "rev", "sort": []}, "row": _of("row")},
        **({} if normalized else switch),
        "spec": {
            "transform": [
                count,
                fill_in("x", ["rev", _of("y")] if normalized else _of("group_by_y")),
                fill_in("y", _of("group_by_x")),
                total,
                {"calculate": f"datum.xy_count / datum.{whole}", "as": share},
            ],
            "encoding": {
                "x": _axis("x", "nominal", sort="ascending"),
                "y": _axis("y", "nominal", sort="ascending"),
            },
            "layer": [cells, hints, marked, words],
        },
    }


BUILT_IN: dict[str, Spec] = {
    "simple": _simple(),
    "linear": _smooth(),
    "confusion": _confusion(normalized=False),
    "confusion_normalized": _confusion(normalized=True),
    "scatter": _scatter(),
    "scatter_jitter": _scatter_jitter(),
    "smooth": _smooth(),
    "bar_horizontal_sorted": _bars(by_length=True),
    "bar_horizontal": _bars(by_length=False),
}
