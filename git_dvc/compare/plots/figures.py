"""Figures: one plot with the data of all the versions that are compared in it.

A definition says which fields of which files are drawn over which::

    accuracy:                      # a name, or the file itself
      x: {train.csv: step}         # or just ``step``; the number of the row if there is none
      y: {train.csv: acc, test.csv: [acc, top5]}
      template: linear

From it come *points*: the rows of the files one after another, each with the version it is from
(``rev``), and where several series share a plot with its file and field. What they are called,
and the specification that follows, are DVC's: its extension for VS Code reads them.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from git_dvc.compare.plots import rows as tables
from git_dvc.compare.plots import templates
from git_dvc.compare.plots.rows import Row
from git_dvc.errors import GitDvcError, PlotError

INDEX = "step"
SIZE = 300
_REV, _FILE, _FIELD = "rev", "filename", "field"
_JOIN = "::"
_X_VALUE, _Y_VALUE = "dvc_inferred_x_value", "dvc_inferred_y_value"
_RESERVED = (_REV, _FILE, _FIELD, f"{_FILE}{_JOIN}{_FIELD}")

COLOURS = ("#945dd6", "#13adc7", "#f46837", "#48bb78", "#4299e1", "#ed8936", "#f56565")
MANY_COLOURS = (
    *COLOURS, "#b7791f", "#2c7a7b", "#d53f8c", "#718096", "#9ae6b4", "#2b6cb0", "#fbb6ce",
    "#744210", "#00b5d8", "#c53030", "#b794f4", "#276749", "#f6e05e",
)  # fmt: skip
"""For pages that compare many versions; the first ones are DVC's."""
_RANGES: dict[str, Sequence[Any]] = {
    "color": COLOURS,
    "stroke_dash": [[1, 0], [8, 8], [8, 4], [4, 4], [4, 2], [2, 1], [1, 1]],
    "shape": ["circle", "square", "triangle", "diamond"],
}
_SPLIT_OPTIONAL = (
    "color", "plot_height", "plot_width", "shape", "stroke_dash", "tooltip", "zoom_and_pan",
)  # fmt: skip
_OPTIONAL = (
    *_SPLIT_OPTIONAL, "column", "row", "group_by", "group_by_x", "group_by_y", "pivot_field",
)  # fmt: skip
_SPLIT = (*_SPLIT_OPTIONAL, "data", "title", "x_label", "y_label")

Props = dict[str, Any]
Series = tuple[str, str]
"""A file and a field in it."""


class Definition(NamedTuple):
    """What one version says of a plot.

    Attributes:
        id: Its name, or the file that it shows.
        props: ``x``, ``y``, ``template``, ``title``, ``x_label``, ``y_label``.
        config: The ``dvc.yaml`` that has it in its list ``plots``; '' for a stage's output, or
            a file that was asked for.
        file: What it shows where that is not its id: a stage can say of one of its outputs how
            it looks several times.
    """

    id: str
    props: Props
    config: str = ""
    file: str = ""

    @property
    def shows(self) -> str:
        """The file that it shows unless ``y`` names others."""
        return self.file or self.id

    @property
    def files(self) -> list[str]:
        """The files that it takes its data from."""
        x, y = self.props.get("x"), self.props.get("y")
        found = list(y) if isinstance(y, dict) else [self.shows]
        found += list(x)[:1] if isinstance(x, dict) else []
        return list(dict.fromkeys(found))


class Version(NamedTuple):
    """What is known of the plots of one version.

    Attributes:
        rev: What it is called.
        definitions: Its plots, in order.
        contents: What their files hold: parsed, or the bytes of an image.
        errors: Files that cannot be had or understood.
        problem: Why there is nothing else; None if there is.
    """

    rev: str
    definitions: list[Definition]
    contents: dict[str, Any]
    errors: dict[str, Exception]
    problem: Exception | None = None


class Picture(NamedTuple):
    """An image of one version."""

    rev: str
    path: str
    data: bytes


class Trouble(NamedTuple):
    """Why a version is missing in a figure; ``file`` is '' if it is not about one."""

    rev: str
    file: str
    problem: Exception


class Figure(NamedTuple):
    """A plot with the data of every version.

    Attributes:
        name: What the plot is called.
        props: What it looks like; ``x`` and ``y`` are fields of the points.
        revs: The versions that are in it.
        points: The data.
        series: The files and fields that are drawn.
        pictures: The images, if it shows a file that is one.
        is_image: Whether it does.
        troubles: What is missing.
    """

    name: str
    props: Props
    revs: list[str]
    points: list[Row]
    series: list[Series]
    pictures: list[Picture]
    is_image: bool
    troubles: list[Trouble]

    @property
    def template(self) -> str:
        """The name of its template."""
        return str(self.props.get("template") or templates.DEFAULT)

    @property
    def title(self) -> str:
        """What stands above it."""
        return str(self.props.get("title") or self.name)

    @property
    def varied(self) -> list[str]:
        """In what its series differ: ``filename``, ``field``, both or nothing."""
        return [
            name
            for place, name in enumerate((_FILE, _FIELD))
            if len({one[place] for one in self.series}) > 1
        ]


def figures(versions: Sequence[Version]) -> list[Figure]:
    """Return the plots of several versions, each plot with all of them."""
    groups: dict[str, list[tuple[Version, Definition]]] = {}
    for version in versions:
        for name, definition in _named(version.definitions):
            groups.setdefault(name, []).append((version, definition))
    return [_figure(name, group) for name, group in groups.items()]


def _named(definitions: Sequence[Definition]) -> Iterator[tuple[str, Definition]]:
    """Yield definitions by name: with its ``dvc.yaml`` where several have the same."""
    configs: dict[str, set[str]] = {}
    for definition in definitions:
        configs.setdefault(definition.id, set()).add(definition.config)
    for definition in definitions:
        several = len(configs[definition.id]) > 1 and definition.config
        yield f"{definition.config}{_JOIN}{definition.id}" if several else definition.id, definition


def _figure(name: str, group: Sequence[tuple[Version, Definition]]) -> Figure:
    props: Props = {}
    for _, definition in group:
        props = {**definition.props, **props}  # the first version says what it looks like
    shown = group[0][1].shows
    is_image = tables.is_image(shown) and not isinstance(props.get("y"), dict)
    troubles: list[Trouble] = []
    pictures: list[Picture] = []
    points: list[Row] = []
    revs: list[str] = []
    found: Props = {}
    series: list[Series] = []
    for version, definition in group:
        files = definition.files
        lost = [file for file in files if file in version.errors]
        troubles += [Trouble(version.rev, file, version.errors[file]) for file in lost]
        contents = {file: version.contents[file] for file in files if file in version.contents}
        if is_image:
            pictures += [Picture(version.rev, file, data) for file, data in contents.items()]
            continue
        try:
            new, its_props, its_series = _points(definition.shows, contents, props, version.rev)
        except GitDvcError as problem:
            if not lost:
                troubles.append(Trouble(version.rev, "", problem))
            continue
        if new:
            revs.append(version.rev)
            found, series = found or its_props, series or its_series
            points += new
    if is_image:
        revs = list(dict.fromkeys(picture.rev for picture in pictures))
    return Figure(name, {**props, **found}, revs, points, series, pictures, is_image, troubles)


# --- points


def _points(
    name: str, contents: Mapping[str, Any], props: Props, rev: str
) -> tuple[list[Row], Props, list[Series]]:
    """Return the points of one version, how they are to be drawn, and of which series they are.

    Raises:
        PlotError: A field is missing, or series do not fit together.
    """
    by_file = {file: tables.rows(content) for file, content in contents.items()}
    ys = _ys(name, props, contents)
    xs = _xs(name, props, ys)
    for file, field in (*ys, *xs):
        _check_field(by_file, file, field)
    if len(xs) > 1 and len(xs) != len(ys):
        raise PlotError(f"{len(xs)} fields for x and {len(ys)} for y do not fit together")
    fields = {field for _, field in ys}
    files = {file for file, _ in ys}
    y_name = _Y_VALUE if len(fields) > 1 else _own(next(iter(fields), None))
    x_fields = {field for _, field in xs} or {_index(fields)}
    x_name = _X_VALUE if len(x_fields) > 1 else _own(next(iter(x_fields)))
    start = len(posixpath.commonpath(files)) if len(files) > 1 else 0
    points: list[Row] = []
    for number, (file, field) in enumerate(ys):
        drawn = [dict(row) for row in by_file.get(file, ())]
        if y_name != field:
            _copy(drawn, drawn, field, y_name)
        if xs:
            x_file, x_field = xs[number] if len(xs) > 1 else xs[0]
            others = drawn if x_file == file else by_file.get(x_file, [])
            if len(others) != len(drawn):
                raise PlotError(
                    f"'{x_field}' of {x_file} has {len(others)} values and '{field}' of {file} "
                    f"{len(drawn)}: they cannot be drawn over each other"
                )
            _copy(drawn, others, x_field, x_name)
        elif x_name and not all(x_name in row for row in drawn):
            for place, row in enumerate(drawn):
                row[x_name] = place
        short = file[start:].strip("/")
        for row in drawn:
            row.update({_REV: rev, _FILE: short, _FIELD: field})
        points += drawn
    series = [(file[start:].strip("/"), field) for file, field in ys]
    found = {
        "x": x_name,
        "y": y_name,
        "x_label": props.get("x_label") or _label(x_fields, "x"),
        "y_label": props.get("y_label") or _label(fields, "y"),
    }
    return points, found, series


def _label(fields: set[str], several: str) -> str:
    return next(iter(fields)) if len(fields) == 1 else several


def _ys(name: str, props: Props, contents: Mapping[str, Any]) -> list[Series]:
    y = props.get("y")
    if y is None:
        field = tables.last_column(contents.get(name))
        return [] if field is None else [(name, field)]
    return list(_series(y if isinstance(y, dict) else {name: y}))


def _xs(name: str, props: Props, ys: Sequence[Series]) -> list[Series]:
    x = props.get("x")
    if x is None:
        return []
    if isinstance(x, dict):
        return list(_series(x))
    # One field for all: it is looked for in each file.
    return [(file, x) for file, _ in ys] if isinstance(props.get("y"), dict) else [(name, x)]


def _series(axis: Mapping[str, Any]) -> Iterator[Series]:
    for file, fields in axis.items():
        for field in fields if isinstance(fields, list) else [fields]:
            yield file, str(field)


def _check_field(by_file: Mapping[str, list[Row]], file: str, field: str) -> None:
    found = by_file.get(file)
    if found and not any(field in row for row in found):
        known = ", ".join(f"'{name}'" for name in list(found[0])[:20])
        raise PlotError(f"there is no field '{field}' in {file}, which has {known}")


def _index(drawn: set[str]) -> str:
    """Return what the number of a row is called: ``step``, if that is no column to be drawn.

    A column of this name that every row has is not overwritten: it is what x should be.
    """
    return "row" if INDEX in drawn else INDEX


def _own(field: str | None) -> str | None:
    """Return where a point has the value of a field, whose name may be one of ours."""
    return f"{field}_" if field in _RESERVED else field


def _copy(target: list[Row], source: list[Row], field: str, name: str | None) -> None:
    for row, other in zip(target, source, strict=True):
        if name is not None and field in other:
            row[name] = other[field]


# --- specifications


def spec(
    figure: Figure, template: templates.Spec, given: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the Vega-Lite specification of a figure; ``{}`` for one without data.

    Args:
        figure: What is drawn.
        template: The template.
        given: Other values for some of the optional anchors, by name.
    """
    return split_spec(figure, template, (), given)[0]


def split_spec(
    figure: Figure,
    template: templates.Spec,
    apart: Sequence[str] = _SPLIT,
    given: Mapping[str, Any] | None = None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a specification in two parts: without some of the anchors' values, and these.

    Args:
        figure: What is drawn.
        template: The template.
        apart: The anchors that stay.
        given: As for ``spec``.

    Returns:
        The specification, and the values by anchor.
    """
    if not figure.points:
        return {}, {}
    known = templates.anchors(template)
    optional = [name for name in _OPTIONAL if name in known]
    values, points = _values(figure, optional)
    values.update({name: value for name, value in (given or {}).items() if name in optional})
    values["data"] = points
    values["title"] = figure.title
    values.update({name: figure.props[name] for name in ("x_label", "y_label")})
    for name in ("x", "y"):
        if figure.props.get(name) is not None:
            values[name] = _escaped(str(figure.props[name]))
    apart = [name for name in apart if name in values]
    kept = {f"<DVC_METRIC_{name.upper()}>": values.pop(name) for name in apart}
    for name in optional:
        if name not in apart:
            values.setdefault(name, {})
    filled: dict[str, Any] = templates.fill(template, values)
    return filled, kept


def _escaped(field: str) -> str:
    """Return a field's name as Vega takes it: a dot is otherwise the way into a mapping."""
    return re.sub(r"[.\[\]\\'\"]", r"\\\g<0>", field)


def _values(figure: Figure, optional: Sequence[str]) -> tuple[dict[str, Any], list[Row]]:
    """Return what the optional anchors become, and the points with the fields they speak of."""
    if not optional:
        return {}, figure.points
    x, y = (
        None if figure.props.get(axis) is None else _escaped(str(figure.props[axis]))
        for axis in ("x", "y")
    )
    values: dict[str, Any] = {
        "color": colours(figure.revs),
        "zoom_and_pan": {"name": "grid", "select": "interval", "bind": "scales"},
        "plot_width": SIZE,
        "plot_height": SIZE,
    }
    tooltip = [{"field": _REV}, {"field": x}, {"field": y}]
    varied = figure.varied
    groups = [_REV]
    pivot = f"datum.{_REV}"
    if varied:
        joined = _JOIN.join(varied)
        domain = sorted({label(one, varied) for one in figure.series})
        values["row"] = values["column"] = {"field": joined, "sort": []}
        values["stroke_dash"] = _mapping("stroke_dash", joined, domain)
        values["shape"] = _mapping("shape", joined, domain)
        tooltip.append({"field": joined})
        groups.append(joined)
        pivot = f" + '{_JOIN}' + ".join(f"datum.{name}" for name in (_REV, *varied))
    values.update(tooltip=tooltip, pivot_field=pivot, group_by=groups)
    values.update(group_by_x=[*groups, x], group_by_y=[*groups, y])
    points = [_marked(point, varied) for point in figure.points]
    return {name: values[name] for name in values if name in optional}, points


def label(series: Series, varied: Sequence[str]) -> str:
    """Return what tells a series from the others of a figure: its file, its field, or both."""
    named = dict(zip((_FILE, _FIELD), series, strict=True))
    return _JOIN.join(named[name] for name in varied)


def _marked(point: Row, varied: Sequence[str]) -> Row:
    """Return a point with what tells its series from the others, and nothing else of ours."""
    point = dict(point)
    if len(varied) == 2:
        point[_JOIN.join(varied)] = _JOIN.join(str(point[name]) for name in varied)
    for name in (_FILE, _FIELD):
        if len(varied) == 2 or name not in varied:
            point.pop(name, None)
    return point


def colours(revs: Sequence[str], every: Sequence[str] = ()) -> dict[str, Any]:
    """Return the colours of versions; ``every``: of how many these are some."""
    found = _mapping("color", _REV, revs)
    if every:
        colour_of = {rev: colour(place) for place, rev in enumerate(every)}
        found["scale"]["range"] = [colour_of[rev] for rev in revs]
    return found


def colour(place: int) -> str:
    """Return the colour of a version by its place among all that are compared."""
    return MANY_COLOURS[place % len(MANY_COLOURS)]


def _mapping(kind: str, field: str, domain: Sequence[str]) -> dict[str, Any]:
    known = _RANGES[kind]
    chosen = [known[number % len(known)] for number in range(len(domain))]
    legend = {"legend": {"symbolFillColor": "transparent", "symbolStrokeColor": "grey"}}
    return {
        "field": field,
        "scale": {"domain": list(domain), "range": chosen},
        **({} if kind == "color" else legend),
    }
