"""Plots: the same figures, specifications and templates from both programs."""

from __future__ import annotations

import json
import os
from typing import Any

from tests.interop.harness import Tool, commit, git, start, write

DVC_YAML = """\
vars:
- folder: eval
plots:
- ${folder}/roc.json: {x: fpr, y: tpr, title: ROC, template: simple}
- two fields:
    x: step
    y: {loss.csv: [loss, acc]}
    y_label: value
- two files:
    x: {loss.csv: step}
    y: {loss.csv: loss, eval/more.csv: loss}
    template: scatter
- confusion:
    template: confusion
    x: actual
    y: {eval/cm.json: predicted}
- eval/imp.json: {x: value, y: name, template: bar_horizontal_sorted}
- eval/img
- own.json: {template: mine}
- lost.csv
stages:
  train:
    cmd: echo
    plots:
    - loss.csv: {cache: false, x: step, y: loss, title: Loss}
    - nohead.csv: {cache: false, header: false, template: smooth}
"""
OWN = {
    "data": {"values": "<DVC_METRIC_DATA>"},
    "mark": "line",
    "title": "<DVC_METRIC_TITLE>!",
    "encoding": {"y": {"field": "<DVC_METRIC_Y>"}},
}


def make(value: float) -> None:
    rows = [{"fpr": n / 4, "tpr": value * n / 4, "dotted.name": n} for n in range(4)]
    write("eval/roc.json", json.dumps({"roc": rows, "auc": value}))
    table = "".join(f"{n},{value / (n + 1)},{value}\n" for n in range(5))
    write("loss.csv", f"step,loss,acc\n{table}")
    write("eval/more.csv", f"step,loss\n{table.replace(f',{value}', '')}")
    write("nohead.csv", f"1,{value}\n2,{value}\n")
    pairs = [("cat", "dog"), ("cat", "cat"), ("dog", "dog")]
    write("eval/cm.json", json.dumps([{"actual": a, "predicted": b} for a, b in pairs]))
    write("eval/imp.json", json.dumps([{"name": "a", "value": value}]))
    write("eval/img/a.png", f"picture {value}")
    write("own.json", json.dumps([{"a": 1, "b": value}]))
    write("sub/dvc.yaml", "plots: [loss.csv]\n")
    write("sub/loss.csv", f"n,loss\n0,{value}\n")


def shown(found: dict[str, Any]) -> dict[str, Any]:
    """Return an answer without what is different by intention: words of errors, order of keys."""
    for plots in found["data"].values():
        for plot in plots:
            if "url" in plot:
                with open(plot["url"]) as file:
                    plot["content"] = file.read()
                plot["url"] = os.path.basename(plot["url"])
    errors = [(one["name"], one["rev"], one["source"]) for one in found.get("errors", [])]
    return {"data": found["data"], "errors": sorted(errors)}


def test_plots_are_those_of_dvc(git_repo: Any, dvc: Tool, gd: Tool) -> None:
    start(dvc)
    write("dvc.yaml", DVC_YAML)
    write(".dvc/plots/mine.json", json.dumps(OWN))
    for version, value in (("v1", 0.5), ("v2", 0.75)):
        make(value)
        commit(version)
        git("tag", version)
    make(1.0)
    for words in (
        ("diff", "v1", "v2", "--split"),
        ("diff", "v1"),
        ("show",),
        ("show", "two", "eval/more.csv", "-x", "step"),
    ):
        theirs, ours = (
            shown(json.loads(tool("plots", *words, "--json", "-o", f"../{tool}")))
            for tool in (dvc, gd)
        )
        assert list(ours["data"]) == list(theirs["data"]), words
        for name, plot in theirs["data"].items():
            assert ours["data"][name] == plot, (words, name)
        assert ours["errors"] == theirs["errors"], words
    vega = [json.loads(tool("plots", "show", "confusion", "--show-vega")) for tool in (dvc, gd)]
    assert vega[0] == vega[1]
    for name in dvc("plots", "templates").split():
        made = [json.loads(tool("plots", "templates", name)) for tool in (dvc, gd)]
        assert made[0] == made[1], name
