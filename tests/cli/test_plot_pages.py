"""The page of plots in a real browser: drawn, clicked through, and not fooled."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import browser
from tests.browser import Browser
from tests.cli.conftest import Cli
from tests.conftest import run_git
from tests.scene import write_tree

GIF = b"GIF89a\x03\x00\x02\x00\x80\x00\x00\xff\x00\x00\x00\x00\x00,\x00\x00\x00\x00\x03\x00\x02"
GIF += b"\x00\x00\x02\x03\x84o\x05\x00;"
EVIL = "</script><script>alert('broke out')</script><img src=x onerror=alert(1)>"
DVC_YAML = """\
plots:
- losses: {x: epoch, y: {log.csv: [train, test]}, title: Both losses}
- log.csv: {x: epoch, y: train, template: simple}
- matrix: {template: confusion, x: actual, y: {cm.json: predicted}}
- cm.json: {template: confusion_normalized, x: actual, y: predicted}
- bars.json: {template: bar_horizontal_sorted, x: value, y: name}
- log.tsv: {template: scatter, x: epoch, y: test}
- spread.csv: {template: scatter_jitter, x: epoch, y: test}
- pictures
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser.opened(tmp_path_factory.mktemp("browser")) as found:
        if found is None:
            if os.environ.get("GIT_DVC_REQUIRE_BROWSER", "") not in ("", "0"):
                pytest.fail("GIT_DVC_REQUIRE_BROWSER is set, but there is no Chromium")
            pytest.skip("no Chromium here")
        yield found


@pytest.fixture
def plots(project: Path, cli: Cli) -> Path:
    """Return a page of two versions with a plot of every kind."""
    write_tree(project, {"dvc.yaml": DVC_YAML})
    for version, value in (("v1", 1.0), ("v2", 2.0)):
        rows = [(n, round(value / (n + 1), 3), round(2 / (n + value), 3)) for n in range(1, 9)]
        for end, mark in (("csv", ","), ("tsv", "\t")):
            table = "".join(mark.join(map(str, row)) + "\n" for row in rows)
            text = mark.join(("epoch", "train", "test")) + f"\n{table}9{mark}{mark}nan\n"
            write_tree(project, {f"log.{end}": text, f"spread.{end}": text})
        pairs = [("cat", "dog"), ("cat", "cat"), ("dog", "dog")] * 3
        write_tree(
            project,
            {
                "cm.json": json.dumps([{"actual": a, "predicted": b} for a, b in pairs]),
                "bars.json": json.dumps([{"name": name, "value": value} for name in "ab"]),
                "pictures/one.gif": GIF,
            },
        )
        run_git("add", ".", cwd=project)
        run_git("commit", "-qm", version, cwd=project)
        run_git("tag", version, cwd=project)
    said = cli("plots", "diff", "v1", "v2", "--out", "page.html")
    assert (said.code, said.err) == (0, "")
    return project / "page.html"


def all_drawn(page: Browser) -> None:
    page.wait_for(
        "document.querySelectorAll('.chart').length === "
        "document.querySelectorAll('[data-drawn=yes] svg.marks').length"
    )


def test_every_plot_is_drawn_whole_without_a_word_in_the_console(
    page: Browser, plots: Path
) -> None:
    for width in (1280, 420):
        page.open(plots, width=width, height=4000)
        all_drawn(page)
        assert page.run("document.title") == "repo: plots of v1 and v2"
        assert page.run("document.querySelectorAll('svg.marks').length") == 7
        assert page.run("document.documentElement.scrollWidth <= innerWidth")
        cut = "[...document.querySelectorAll('.frame')].filter(f => f.scrollWidth > f.clientWidth)"
        assert page.run(f"{cut}.length") <= (0 if width == 1280 else 2)
        assert page.run("document.querySelector('.pixels').textContent") == "3 \u00d7 2"
        assert page.said == []


def test_clicked_through(page: Browser, plots: Path) -> None:
    page.open(plots, height=4000)
    all_drawn(page)
    lines = "document.querySelectorAll('#plot-1 .mark-line path').length"
    assert page.run(lines) == 2
    # One version less, in charts and images.
    page.click("[data-chip=v1]")
    page.wait_for(f"{lines} === 1")
    assert page.run("document.querySelectorAll('figure:not([hidden])').length") == 1
    page.click("[data-chip=v1]")
    page.wait_for(f"{lines} === 2")
    # Larger, and back.
    wide = "document.querySelector('#plot-1 svg.marks').getBoundingClientRect().width"
    before = page.run(wide)
    page.click("#plot-1 .enlarge")
    page.wait_for(f"{wide} > {before} * 1.5")
    page.click("#plot-1 .enlarge")
    page.wait_for(f"{wide} === {before}")
    # Found by name.
    page.type("#find", "matrix")
    page.wait_for("document.querySelectorAll('.card:not([hidden])').length === 1")
    page.type("#find", "nosuch")
    page.wait_for("!document.querySelector('#none').hidden")
    page.type("#find", "both loss")
    page.wait_for("document.querySelectorAll('.card:not([hidden])').length === 1")
    # The slider of the template, and an image at its full size.
    page.run(
        "const s = document.querySelector('#plot-0 input[type=range]');"
        "s.value = 0.9; s.dispatchEvent(new Event('input'));"
    )
    page.type("#find", "gif")
    page.click("figure img")
    page.wait_for("document.querySelector('dialog').open")
    page.click("dialog button")
    page.wait_for("!document.querySelector('dialog').open")
    assert page.said == []


def test_dark_is_dark_and_remembered(page: Browser, plots: Path) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    axis = "document.querySelector('#plot-1 .role-axis-label text').getAttribute('fill')"
    page.open(plots, dark=True)
    page.wait_for("document.querySelector('#plot-1 .role-axis-label text')")
    assert (page.run(ground), page.run(axis)) == ("rgb(20, 23, 28)", "#d5dae2")
    page.click("#theme")
    page.wait_for(f"{axis} === '#30363f'")
    assert page.run(ground) == "rgb(245, 246, 248)"
    page.open(plots, dark=True)
    assert page.run("document.documentElement.dataset.theme") == "light"
    page.run("localStorage.clear()")
    assert page.said == []


def test_what_comes_from_a_repository_runs_nothing(page: Browser, project: Path, cli: Cli) -> None:
    rows = [{"step": 0, EVIL: 1, "label": EVIL}, {"step": 1, EVIL: 2, "label": EVIL}]
    own: dict[str, Any] = {
        "data": {"values": "<DVC_METRIC_DATA>"},
        "transform": [{"calculate": "alert('an expression')", "as": "z"}],
        "mark": {"type": "point", "href": "javascript:alert(2)"},
        "encoding": {
            "x": {"field": "step", "type": "quantitative"},
            "href": {"value": "javascript:alert(3)"},
            "url": {"value": "https://example.invalid/pixel.png"},
        },
    }
    fetching: dict[str, Any] = {
        "data": {"values": "<DVC_METRIC_DATA>"},
        "mark": "point",
        "datasets": {},
    }
    fetching["layer"] = [{"data": {"url": "https://example.invalid/data.json"}, "mark": "point"}]
    plots = {"evil.json": {"x": "step", "y": EVIL, "title": EVIL, "x_label": EVIL}}
    write_tree(
        project,
        {
            "evil.json": json.dumps(rows),
            ".dvc/plots/own.json": json.dumps(own),
            ".dvc/plots/fetching.json": json.dumps(fetching),
            "own.csv": "step\n1\n",
            "fetching.csv": "step\n1\n",
            f"{EVIL.replace('/', '_')}.svg": f"<svg xmlns='http://www.w3.org/2000/svg'>{EVIL}</svg>",
            "dvc.yaml": json.dumps({"plots": [
                plots,
                {"own.csv": {"template": "own", "title": "${x}"[1:]}},
                {"fetching.csv": {"template": "fetching"}},
                f"{EVIL.replace('/', '_')}.svg",
            ]}),
        },
    )  # fmt: skip
    assert cli("plots", "show", "--out", "page.html").code == 0
    page.open(project / "page.html", height=4000)
    page.wait_for("document.querySelectorAll('[data-drawn]').length === 3")
    page.wait_for("document.querySelector('#plot-0 svg.marks')")
    assert page.run("document.querySelectorAll('img[src=x]').length") == 0
    assert page.run("document.querySelectorAll('a[href^=\"javascript\"]').length") == 0
    assert not [line for line in page.said if line.startswith(("dialog", "exception"))]
    assert page.run("document.querySelector('#plot-0 h2').textContent") == EVIL
    # No expression calls what is not Vega's, and nothing was asked of any server.
    assert (
        page.run("performance.getEntriesByType('resource').filter(e => e.transferSize).length") == 0
    )
