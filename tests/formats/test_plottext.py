"""Changing how plots look in ``dvc.yaml``, with everything else as it was."""

from __future__ import annotations

from typing import Any

import pytest

from git_dvc.errors import FormatError
from git_dvc.formats import plottext

TEXT = b"""\
# first of all
stages:
  train:
    cmd: train
    outs:
    - model   # kept
    - out.csv:
        cache: false
    metrics: [m.csv]
    plots:
    - b.csv
    - a.csv:    # mine
        cache: false
        y: loss   # lost
    - c.csv:
      - x: a
      - x: b
plots:
- both: {x: step, y: {a.csv: l}}
- dir
"""


def changed(old: str, new: str) -> bytes:
    assert old.encode() in TEXT
    return TEXT.replace(old.encode(), new.encode(), 1)


@pytest.mark.parametrize(
    ("stage", "name", "props", "unset", "old", "new"),
    [
        ("train", "b.csv", {"x": "q"}, [], "- b.csv\n", "- b.csv:\n        x: q\n"),
        ("train", "b.csv", {}, [], "", ""),
        ("train", "a.csv", {"y": "acc"}, [], "y: loss ", "y: acc "),
        ("train", "a.csv", {"title": "A: b"}, ["y"],
         "        y: loss   # lost\n", "        title: 'A: b'\n"),
        ("", "both", {"x": "epoch"}, [], "x: step", "x: epoch"),
        ("", "both", {"title": "T"}, [], "{a.csv: l}}", "{a.csv: l}, title: T}"),
        ("", "dir", {"template": "simple"}, [], "- dir\n", "- dir:\n    template: simple\n"),
    ],
)  # fmt: skip
def test_one_look_is_changed(
    stage: str, name: str, props: dict[str, Any], unset: list[str], old: str, new: str
) -> None:
    assert plottext.change(TEXT, stage, name, props, unset) == changed(old, new)


def test_an_output_becomes_a_plot_with_its_flags() -> None:
    moved = plottext.change(TEXT, "train", "out.csv", {"y": "k"})
    assert b"    - model   # kept\n    metrics: [m.csv]\n" in moved
    assert b"    - out.csv:\n        cache: false\n        y: k\nplots:\n" in moved
    last = plottext.change(TEXT, "train", "m.csv", {})
    assert b"metrics" not in last and b"\n    - m.csv\nplots:\n" in last
    alone = plottext.change(b"stages:\n  a:\n    cmd: x\n    outs: [o]\n", "a", "o", {"y": "k"})
    assert alone == b"stages:\n  a:\n    cmd: x\n    plots:\n    - o:\n        y: k\n"


def test_a_plot_without_a_look_is_a_plain_path() -> None:
    given = b"stages:\n  a:\n    cmd: x\n    plots:\n    - o:\n        y: k\n"
    plain = b"stages:\n  a:\n    cmd: x\n    plots:\n    - o\n"
    assert plottext.change(given, "a", "o", {}, ["y"]) == plain


@pytest.mark.parametrize(
    ("stage", "name", "unset", "message"),
    [
        ("train", "a.csv", ["x"], "has no x that could be unset"),
        ("train", "nosuch", [], "stages.train: 'nosuch' does not stand there"),
        ("", "nosuch", [], "plots: 'nosuch' does not stand there"),
        ("train", "c.csv", [], "has several looks"),
    ],
)
def test_what_cannot_be_changed(stage: str, name: str, unset: list[str], message: str) -> None:
    with pytest.raises(FormatError, match=message):
        plottext.change(TEXT, stage, name, {}, unset)
