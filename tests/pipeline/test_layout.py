"""Drawings of graphs: what one sees is the graph, and it stays small."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_dvc.pipeline import layout

Needs = dict[str, list[str]]
Place = tuple[int, int]
CHAIN: Needs = {"a": [], "b": ["a"], "c": ["b"]}
FAN: Needs = {
    "prepare": [],
    "train@1": ["prepare"],
    "train@2": ["prepare"],
    "train@3": ["prepare"],
    "collect": ["train@1", "train@2", "train@3"],
}


@st.composite
def graphs(draw: st.DrawFn) -> Needs:
    count = draw(st.integers(1, 9))
    needs: Needs = {}
    for number in range(count):
        known = list(needs)
        name = "s" * draw(st.integers(1, 6)) + str(number)
        needs[name] = (
            draw(st.lists(st.sampled_from(known), max_size=3, unique=True)) if known else []
        )
    return needs


def edges(needs: Needs) -> set[tuple[str, str]]:
    return {(need, node) for node, found in needs.items() for need in found}


# -- reading drawings back -------------------------------------------------------------------


def read_lanes(lines: Sequence[str]) -> set[tuple[str, str]]:
    """Follow the lanes as an eye does."""
    found = set()
    open_: dict[int, str] = {}
    for line in lines:
        match = re.fullmatch(r"([*|+' -]+?) +(\S+)", line)
        assert match, line
        cells, node = match[1], match[2]
        marker = cells.index("*")
        assert cells.count("*") == 1
        following = {}
        for column, cell in enumerate(cells):
            if cell in "+'" or (cell == "*" and column in open_):
                found.add((open_[column], node))
            if cell in "+|":
                following[column] = open_[column]
        following[marker] = node
        open_ = following
    return found


def read_boxes(lines: Sequence[str], nodes: Sequence[str]) -> set[tuple[str, str]]:
    """Follow the lines from box to box."""
    wide = max(map(len, lines)) + 2
    grid = [" " * wide, *(f" {line}".ljust(wide) for line in lines), " " * wide]
    inside: dict[Place, str] = {}
    for number, line in enumerate(grid):
        for match in re.finditer(r"\| +(s+\d+) +\|", line):
            for row in (number - 1, number, number + 1):
                for column in range(*match.span()):
                    inside[row, column] = match[1]
    assert sorted({*inside.values()}) == sorted(nodes)
    found = set()
    for (row, column), node in inside.items():
        below = (row + 1, column)
        if below not in inside and grid[row + 1][column] in "|+":
            found |= {(node, end) for end in _ends(grid, inside, below)}
    return found


def _ends(
    grid: Sequence[str], inside: dict[tuple[int, int], str], start: tuple[int, int]
) -> set[str]:
    ends = set()
    todo = [(start, (1, 0))]
    seen = set()
    while todo:
        step = todo.pop()
        if step in seen:
            continue
        seen.add(step)
        (row, column), (down, right) = step
        if (row, column) in inside:
            if down == 1:
                ends.add(inside[row, column])
            continue
        cell = grid[row][column]
        if cell == "+":
            ways = [(1, 0), (-1, 0), (0, 1), (0, -1)]
            ways.remove((-down, -right))
        elif cell == ("-" if right else "|") or (cell == "|" and right):
            ways = [(down, right)]
        else:
            continue
        todo += [((row + y, column + x), (y, x)) for y, x in ways]
    return ends


@given(graphs())
def test_lanes_show_the_graph(needs: Needs) -> None:
    for part in layout.components(list(needs), needs):
        shown = read_lanes(layout.lanes(part, needs))
        assert shown == {edge for edge in edges(needs) if edge[1] in part}


@given(graphs())
def test_boxes_show_the_graph(needs: Needs) -> None:
    for part in layout.components(list(needs), needs):
        shown = read_boxes(layout.boxes(part, needs), part)
        assert shown == {edge for edge in edges(needs) if edge[1] in part}


# -- what it looks like ----------------------------------------------------------------------


def test_a_chain_is_a_straight_line() -> None:
    assert layout.draw(list(CHAIN), CHAIN, 80).splitlines() == [
        *("+---+", "| a |", "+---+", "  |"),
        *("+---+", "| b |", "+---+", "  |"),
        *("+---+", "| c |", "+---+"),
    ]


def test_boxes_stand_in_layers() -> None:
    assert layout.draw(list(FAN), FAN, 80) == (
        """\
              +---------+
              | prepare |
              +---------+
                   |
     +-------------+-------------+
     |             |             |
+---------+   +---------+   +---------+
| train@1 |   | train@2 |   | train@3 |
+---------+   +---------+   +---------+
     |             |             |
     +-----------+ | +-----------+
                 | | |
              +---------+
              | collect |
              +---------+"""
    )


def test_what_is_too_wide_has_a_line_for_each_node() -> None:
    assert layout.draw(list(FAN), FAN, 38) == (
        """\
*      prepare
+-*    train@1
+-|-*  train@2
* | |  train@3
*-'-'  collect"""
    )


def test_a_hundred_stages_stay_readable() -> None:
    needs: Needs = {"prepare": []}
    needs |= {f"train@{number}": ["prepare"] for number in range(100)}
    needs |= {f"evaluate@{number}": [f"train@{number}"] for number in range(100)}
    ordered = ["prepare"]
    for number in range(100):
        ordered += [f"train@{number}", f"evaluate@{number}"]
    lines = layout.draw(ordered, needs, 80).splitlines()
    assert len(lines) == 201
    assert max(map(len, lines)) < 30
    chain: Needs = {"0": [], **{str(number): [str(number - 1)] for number in range(1, 100)}}
    assert layout.draw(list(chain), chain, 80).splitlines()[98:] == ["*  98", "*  99"]


def test_single_boxes_stand_beside_each_other() -> None:
    nodes = ["a.dvc", "b.dvc", "c.dvc"]
    assert layout.draw(nodes, {}, 20).splitlines() == [
        "+-------+  +-------+",
        "| a.dvc |  | b.dvc |",
        "+-------+  +-------+",
        "+-------+",
        "| c.dvc |",
        "+-------+",
    ]


def test_wide_characters_keep_the_boxes_straight() -> None:
    assert layout.boxes(["数据"], {}) == ["+------+", "| 数据 |", "+------+"]


@pytest.mark.parametrize("draw", [layout.boxes, layout.lanes])
def test_a_circle_of_collapsed_groups_is_drawn_as_well(draw: object) -> None:
    assert callable(draw)
    assert draw(["a", "b"], {"a": ["b"], "b": ["a"]})
    assert draw(["a"], {"a": ["a"]})


def test_nothing_to_draw() -> None:
    assert layout.draw([], {}, 80) == ""
