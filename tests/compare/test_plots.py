"""Figures: what is drawn of the files of one version or several, and with which Vega-Lite."""

from __future__ import annotations

import json
from typing import Any

import pytest

from git_dvc.compare.plots import drawing, figures, page, rows, templates
from git_dvc.compare.plots.figures import Definition, Figure, Version
from git_dvc.errors import FormatError, PlotError

TEMPLATE = templates.BUILT_IN["simple"]


def figure_of(
    files: dict[str, Any], definition: Definition | None = None, *revs: str, **props: Any
) -> Figure:
    """Return the one figure of versions that all have the same files."""
    one = definition or Definition(next(iter(files)), props)
    versions = [Version(rev, [one], files, {}) for rev in revs or ("workspace",)]
    (found,) = figures.figures(versions)
    return found


def column(figure: Figure, name: str) -> list[Any]:
    return [point.get(name) for point in figure.points]


# -- rows ----------------------------------------------------------------------------------


def test_a_table_has_a_row_for_each_line() -> None:
    assert rows.parse("a.csv", b"x,y\n1,2\n\n3\n") == [{"x": "1", "y": "2"}, {"x": "3", "y": None}]
    assert rows.parse("a.tsv", b"1\t2\n3\t4\n", header=False) == [
        {"0": "1", "1": "2"},
        {"0": "3", "1": "4"},
    ]


def test_lists_anywhere_in_a_file_stand_side_by_side() -> None:
    content = rows.parse("a.json", b'{"a": {"l": [{"x": 1}, {"x": 2}]}, "b": [{"y": 3}], "c": 4}')
    assert rows.rows(content) == [{"x": 1, "y": 3}, {"x": 2}]


def test_rows_that_are_not_alike_are_drawn_where_nothing_else_is() -> None:
    assert rows.rows([{"a": 1}, {"a": 2, "b": 3}]) == [{"a": 1}, {"a": 2, "b": 3}]


@pytest.mark.parametrize("path", ["model.bin", "notes.txt", "noend"])
def test_other_files_are_no_plots(path: str) -> None:
    with pytest.raises(FormatError, match="no plot"):
        rows.parse(path, b"")


def test_bytes_are_no_table() -> None:
    with pytest.raises(FormatError, match="not a table of text"):
        rows.parse("a.csv", b"x\n\xff\xfe\n")


# -- points --------------------------------------------------------------------------------


def test_the_last_column_is_drawn_over_the_number_of_the_row() -> None:
    figure = figure_of({"a.json": [{"loss": 3, "acc": 1}, {"loss": 2, "acc": 5}]})
    assert (figure.props["x"], figure.props["y"]) == ("step", "acc")
    assert column(figure, "step") == [0, 1]


def test_a_column_named_step_is_not_overwritten() -> None:
    figure = figure_of({"a.json": [{"step": 10, "acc": 1}, {"step": 20, "acc": 5}]}, y="acc")
    assert column(figure, "step") == [10, 20]
    drawn = figure_of({"a.json": [{"step": 10}, {"step": 30}]})
    assert (drawn.props["x"], drawn.props["y"], drawn.props["x_label"]) == ("row", "step", "row")


def test_fields_that_have_names_of_ours_are_drawn_all_the_same() -> None:
    figure = figure_of({"a.json": [{"rev": 7, "filename": 1}]}, x="rev", y="filename")
    assert column(figure, "rev") == ["workspace"]
    assert (figure.props["x_label"], figure.props["y_label"]) == ("rev", "filename")
    assert [column(figure, figure.props[axis]) for axis in "xy"] == [[7], [1]]


def test_several_files_and_fields_share_a_figure() -> None:
    files = {"p/a.json": [{"s": 1, "l": 2, "m": 0}], "p/b.json": [{"s": 5, "l": 4, "m": 0}]}
    both = Definition("both", {"x": "s", "y": {"p/a.json": ["l", "m"], "p/b.json": "l"}})
    figure = figure_of(files, both, "v1", "v2")
    assert figure.series == [("a.json", "l"), ("a.json", "m"), ("b.json", "l")]
    assert figure.revs == ["v1", "v2"]
    assert column(figure, "dvc_inferred_y_value") == [2, 0, 4] * 2
    assert figures.label(figure.series[1], figure.varied) == "a.json::m"


def test_a_field_that_is_not_there_is_said_of_the_version_that_lacks_it() -> None:
    one = Definition("a.json", {"y": "acc"})
    old = Version("v1", [one], {"a.json": [{"loss": 1}]}, {})
    new = Version("v2", [one], {"a.json": [{"acc": 1}]}, {})
    (figure,) = figures.figures([old, new])
    (trouble,) = figure.troubles
    assert (trouble.rev, figure.revs) == ("v1", ["v2"])
    assert "no field 'acc' in a.json, which has 'loss'" in str(trouble.problem)


def test_series_of_different_lengths_are_not_put_together() -> None:
    files = {"a.json": [{"x": 1}], "b.json": [{"y": 1}, {"y": 2}]}
    figure = figure_of(files, Definition("n", {"x": {"a.json": "x"}, "y": {"b.json": "y"}}))
    assert "has 1 values and 'y' of b.json 2" in str(figure.troubles[0].problem)


def test_the_first_version_says_what_a_figure_looks_like() -> None:
    data = {"a.json": [{"x": 1, "y": 2}]}
    versions = [
        Version(rev, [Definition("a.json", {"title": title, "x": "x"})], data, {})
        for rev, title in (("v1", "One"), ("v2", "Two"))
    ]
    assert figures.figures(versions)[0].title == "One"


def test_plots_of_one_name_in_two_files_are_told_apart() -> None:
    definitions = [Definition("a.json", {}, "dvc.yaml"), Definition("a.json", {}, "sub/dvc.yaml")]
    found = figures.figures([Version("workspace", definitions, {"a.json": [{"x": 1}]}, {})])
    assert [one.name for one in found] == ["dvc.yaml::a.json", "sub/dvc.yaml::a.json"]


# -- specifications --------------------------------------------------------------------------


@pytest.mark.parametrize("name", templates.BUILT_IN)
def test_every_template_is_filled_whole(name: str) -> None:
    figure = figure_of({"a.json": [{"x": 1, "y": 2}]}, None, "v1", "v2", x="x", y=["x", "y"])
    for made in (
        figures.spec(figure, templates.BUILT_IN[name]),
        page.drawable(figure, templates.BUILT_IN[name], figure.revs),
    ):
        assert "<DVC_METRIC" not in json.dumps(made)
        assert len(made["data"]["values"]) == 4


def test_what_is_put_into_a_template_is_not_looked_through() -> None:
    figure = figure_of({"a.json": [{"x": "<DVC_METRIC_TITLE>", "y": 2}]}, title="<DVC_METRIC_X>")
    made = figures.spec(figure, templates.BUILT_IN["simple"])
    assert made["data"]["values"][0]["x"] == "<DVC_METRIC_TITLE>"
    assert made["title"]["text"] == "<DVC_METRIC_X>"


def test_a_template_of_ones_own_has_a_place_for_the_data() -> None:
    own = templates.parse(
        b'{"data": {"values": "<DVC_METRIC_DATA>"}, "t": "of <DVC_METRIC_TITLE>"}', "own.json"
    )
    assert figures.spec(figure_of({"a.json": [{"y": 2}]}), own)["t"] == "of a.json"
    for data in (b"{}", b"[]", b"{", b"[" * 100_000):
        with pytest.raises(FormatError, match=r"own\.json"):
            templates.parse(data, "own.json")


def test_texts_become_numbers_where_an_axis_takes_numbers() -> None:
    table = [{"e": text, "n": text} for text in ("1", " 2.5 ", "", "nan", "1e3", "x", "1_0")]
    figure = figure_of({"a.csv": table}, x="e", y="n", template="simple")
    made = page.drawable(figure, templates.BUILT_IN["simple"], figure.revs)
    numbers = [1, 2.5, None, None, 1000.0, None, None]
    assert [point["e"] for point in made["data"]["values"]] == numbers
    bars = page.drawable(figure, templates.BUILT_IN["bar_horizontal"], figure.revs)
    assert [point["e"] for point in bars["data"]["values"]] == numbers
    assert [point["n"] for point in bars["data"]["values"]] == [row["n"] for row in table]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "2", "", "nan"], "quantitative"),
        (["2024-01-01", "2024-02-01T10:00:00Z"], "temporal"),
        (["vgg", "resnet"], "ordinal"),
        ([1, 2], "quantitative"),
    ],
)
def test_lines_go_over_numbers_dates_or_names(values: list[Any], kind: str) -> None:
    figure = figure_of({"a.json": [{"x": value, "y": 1} for value in values]}, x="x", y="y")
    made = page.drawable(figure, templates.BUILT_IN["linear"], figure.revs)
    assert made["encoding"]["x"]["type"] == kind
    assert ("layer" in made) == (kind == "quantitative")
    if kind != "quantitative":
        assert [point["x"] for point in made["data"]["values"]] == values


def test_a_long_curve_is_drawn_by_its_peaks() -> None:
    rows_ = [{"x": n, "y": 9 if n == 12345 else n % 3} for n in range(20_000)]
    figure = figure_of({"a.json": rows_}, None, "v1", "v2", x="x", y="y")
    made = page.drawable(figure, templates.BUILT_IN["linear"], figure.revs)
    values = made["data"]["values"]
    assert len(values) <= 4000 and {"x": 12345, "y": 9, "rev": "v2"} in values
    assert "layer" not in made  # smoothing that many takes a browser minutes
    assert len(figures.spec(figure, templates.BUILT_IN["linear"])["data"]["values"]) == 40_000
    specs = {figure.name: made}
    text = page.page([figure], specs, PARTS, heading="h", revs=["v1", "v2"])
    assert f"{len(values):,} of 40,000 points" in text


def test_a_version_has_the_same_colour_in_every_figure() -> None:
    figure = figure_of({"a.json": [{"y": 2}]}, None, "v2")
    made = page.drawable(figure, templates.BUILT_IN["simple"], ["v1", "v2"])
    assert made["encoding"]["color"]["scale"]["range"] == [figures.COLOURS[1]]
    assert "legend" not in made["encoding"]["color"]
    many = [f"v{number}" for number in range(20)]
    made = page.drawable(figure_of({"a.json": [{"y": 2}]}, None, *many), TEMPLATE, many)
    assert made["encoding"]["color"]["legend"]["orient"] == "bottom"
    assert len(set(figures.colours(many, many)["scale"]["range"])) == 20


# -- the page --------------------------------------------------------------------------------

PARTS = page.Parts(
    "{policy}|{title}|{heading}{summary}{revs}{cards}{troubles}{hint}{licences}{scripts}",
    "",
    "own()",
    ("library()\n//# sourceMappingURL=x.map\n",),
    "a licence",
)


def test_nothing_from_a_repository_breaks_out_of_the_page() -> None:
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&{cards}\u2028"
    figure = figure_of({f"{evil}.json": [{evil: evil, "y": 1}]}, None, evil, title=evil)
    problem = figures.Trouble(evil, "", PlotError(evil))
    specs = {figure.name: page.drawable(figure, templates.BUILT_IN["simple"], [evil])}
    text = page.page(
        [figure._replace(troubles=[problem])],
        specs,
        PARTS,
        heading=evil,
        revs=[evil, "v2"],
        troubles=[problem],
        problems={figure.name: PlotError(evil)},
    )
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert text.count("</script>") == 3  # one of data, two of ours
    shown = text.split('<script type="application/json">')[1].split("</script>")[0]
    assert json.loads(shown)["data"]["values"][0][evil] == evil


def test_only_scripts_of_ours_run_in_the_page_and_nothing_is_loaded() -> None:
    text = page.page([], {}, PARTS, heading="h", revs=["workspace"])
    policy = text.split("|")[0]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert policy.count("'sha256-") == 2
    assert "unsafe-eval" not in policy
    assert "sourceMappingURL" not in text
    assert "h: plots of the workspace" in text


def test_what_json_has_no_number_for_is_null() -> None:
    assert page.script_json({"a": [float("nan"), float("inf"), 1.5]}) == '{"a":[null,null,1.5]}'


def test_images_are_in_the_page_and_equal_ones_are_said_to_be() -> None:
    versions = [
        Version(rev, [Definition("i/a.png", {})], {"i/a.png": b"\x89PNG"}, {}) for rev in "ab"
    ]
    text = page.page(figures.figures(versions), {}, PARTS, heading="h", revs=["a", "b"])
    assert text.count('src="data:image/png;base64,iVBORw=="') == 2
    assert text.count("the same as in a") == 1


# -- the terminal ----------------------------------------------------------------------------


def look(*, coloured: bool = False, unicode: bool = True) -> drawing.Look:
    return drawing.Look(
        60, lambda text, style: f"<{text}>" if coloured else text, coloured, unicode
    )


def test_a_chart_in_the_terminal_has_its_range_and_a_mark_for_each_version() -> None:
    data = {"a.json": [{"x": number, "y": number * number} for number in range(11)]}
    figure = figure_of(data, None, "v1", "v2", x="x", y="y", template="simple")
    lines = drawing.draw(figure, look(unicode=False)).splitlines()
    assert lines[0] == "a.json"
    assert lines[1].startswith("100 |") and lines[1].rstrip().endswith("o")
    assert lines[15].startswith("  0 |o")
    assert lines[17].split() == ["0", "x", "10"]
    assert lines[18].split() == ["*", "v1", "o", "v2"]
    assert all(line.isascii() and len(line) <= 60 for line in lines)


def test_colours_and_braille_are_used_where_there_are_some() -> None:
    text = drawing.draw(figure_of({"a.json": [{"y": 1}, {"y": 2}]}), look(coloured=True))
    assert any(0x2800 < ord(one.strip("<>")[:1] or " ") < 0x2900 for one in text.split())


def test_bars_and_matrices_in_the_terminal() -> None:
    bars = {"a.json": [{"n": "low", "v": 1}, {"n": "high", "v": 4}]}
    figure = figure_of(bars, x="v", y="n", template="bar_horizontal_sorted")
    lines = drawing.draw(figure, look(unicode=False)).splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["high", "low"]
    assert lines[1].count("#") / lines[2].count("#") == pytest.approx(4, rel=0.1)
    matrix = {"a.json": [{"is": one, "said": two} for one, two in ("ab", "aa", "bb", "bb")]}
    figure = figure_of(matrix, x="is", y="said", template="confusion")
    rows_ = [line.split() for line in drawing.draw(figure, look()).splitlines()]
    assert rows_[2:] == [["workspace", "a", "b"], ["a", "1", "0"], ["b", "1", "2"]]


@pytest.mark.parametrize("values", [[5, 5], [1e300, -1e300], [1e-12, 2e-12], [0], [2**80, 2**81]])
def test_any_range_can_be_drawn(values: list[float]) -> None:
    figure = figure_of({"a.json": [{"y": value} for value in values]}, template="scatter")
    assert "*" in drawing.draw(figure, look())


def test_no_name_sends_anything_to_the_terminal_but_text() -> None:
    evil = "\x1b]0;owned\x07"
    figure = figure_of({f"{evil}.json": [{evil: 1}]}, None, evil, title=evil)
    assert "\x1b" not in drawing.draw(figure, look())
