"""Pictures of plots, drawn without a browser."""

from __future__ import annotations

import json
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from git_dvc.errors import MissingExtraError, PlotError
from git_dvc.ops import plot_files, plot_pictures, plots
from git_dvc.project import Project
from tests.scene import write_tree

DVC_YAML = """\
plots:
- a.csv: {template: simple, title: First}
- a.json: {template: confusion, x: x, y: y}
- b.csv: {template: scatter, x: x, y: y}
- p.png
"""


@pytest.fixture
def four(project: Project) -> plots.Plots:
    """Return the plots of a project that has four."""
    pairs = [{"x": one, "y": two} for one, two in ("ab", "aa", "bb")]
    files = {"a.csv": "x,y\n1,2\n2,3\n", "b.csv": "x,y\n1,2\n2,3\n", "a.json": json.dumps(pairs)}
    write_tree(project.root, {**files, "dvc.yaml": DVC_YAML, "p.png": b"\x89PNG no real one"})
    return plots.show()


def test_all_plots_are_in_one_picture_of_any_kind(four: plots.Plots, tmp_path: Path) -> None:
    pytest.importorskip("vl_convert")
    begins = {"svg": b"<svg xmlns", "png": b"\x89PNG", "pdf": b"%PDF"}
    for kind, begin in begins.items():
        path = tmp_path / "deep" / f"plots.{kind}"
        plot_pictures.write(four, plot_files.place(str(path)))
        assert path.read_bytes().startswith(begin)
    svg = (tmp_path / "deep" / "plots.svg").read_text()
    assert svg.count("<svg") == 5 and "data:image/png;base64," in svg and ">First<" in svg
    names = re.findall(r'\bid="([^"]+)"', svg)
    assert len(names) == len(set(names))
    assert set(re.findall(r"url\(#([^)]+)\)", svg)) <= set(names)


def test_a_template_loads_nothing_from_anywhere(project: Project, tmp_path: Path) -> None:
    pytest.importorskip("vl_convert")
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        for url in (f"http://127.0.0.1:{server.server_port}/x.json", "file:///etc/passwd"):
            own = {
                "data": {"values": "<DVC_METRIC_DATA>"},
                "layer": [{"data": {"url": url, "format": {"type": "csv"}}, "mark": "point"}],
            }
            write_tree(project.root, {"own.json": json.dumps(own), "a.csv": "x\n1\n"})
            found = plots.show(targets=["a.csv"], props={"template": "own.json"})
            try:
                plot_pictures.write(found, plot_files.place(str(tmp_path / "a.svg")))
                assert "root:" not in (tmp_path / "a.svg").read_text()
            except PlotError as problem:
                assert "cannot be drawn" in str(problem)
    finally:
        server.shutdown()
        server.server_close()
    assert asked == []


def test_without_the_package_it_is_said_which_one(
    four: plots.Plots, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(MissingExtraError, match="vl-convert-python") as failed:
        plot_pictures.write(four, plot_files.place(str(tmp_path / "a.png")))
    assert "pip install 'git-dvc[plots]'" in failed.value.hint
