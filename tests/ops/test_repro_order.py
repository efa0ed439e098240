"""Whatever the graph and however many at once: each stale stage runs once, after what it needs."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.scene import git_dvc

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the commands are for sh")


class Node(NamedTuple):
    """A stage: which ones it reads, and whether it makes the same from whatever it reads."""

    reads: frozenset[int]
    is_constant: bool


@st.composite
def graphs(draw: st.DrawFn) -> list[Node]:
    nodes = []
    for number in range(draw(st.integers(2, 6))):
        reads = draw(st.sets(st.integers(0, number - 1), max_size=2)) if number else set()
        nodes.append(Node(frozenset(reads), draw(st.integers(0, 3)) == 0))
    return nodes


def definition(nodes: list[Node], order: list[int]) -> str:
    lines = ["stages:"]
    for number in order:
        files = [f"s{number}", *(f"o{need}" for need in sorted(nodes[number].reads))]
        make = "echo" if nodes[number].is_constant else "cat " + " ".join(files)
        lines += [
            f"  n{number}:",
            f'    cmd: echo "b {number}" >>log && {make} >o{number} && echo "e {number}" >>log',
            f"    deps: [{', '.join(files)}]",
            f"    outs: [o{number}]",
        ]
    return "\n".join(lines) + "\n"


def stale_after(nodes: list[Node], changed: set[int]) -> set[int]:
    """Return what runs when some sources have changed."""
    differ: set[int] = set()
    runs = set()
    for number, node in enumerate(nodes):
        if number in changed or node.reads & differ:
            runs.add(number)
            if not node.is_constant:
                differ.add(number)
    return runs


def run(place: Path, jobs: int) -> list[tuple[str, int]]:
    """Run all stages and return what began and ended, in that order."""
    log = place / "log"
    log.unlink(missing_ok=True)
    done = git_dvc("repro", "-q", "-j", str(jobs), cwd=place)
    assert done.returncode == 0, done.stderr
    lines = log.read_text().splitlines() if log.exists() else []
    return [(line[0], int(line[2:])) for line in lines]


@settings(max_examples=10, deadline=None)
@given(graphs(), st.integers(2, 4), st.data())
def test_each_stale_stage_runs_once_after_what_it_needs(
    nodes: list[Node], jobs: int, data: st.DataObject
) -> None:
    order = data.draw(st.permutations(range(len(nodes))))
    rounds = [set(range(len(nodes)))]
    rounds.append(data.draw(st.sets(st.integers(0, len(nodes) - 1), max_size=2)))
    with tempfile.TemporaryDirectory() as top:
        place, twin = Path(top, "many"), Path(top, "one")
        place.mkdir()
        assert git_dvc("init", "-q", "--no-scm", cwd=place).returncode == 0
        (place / "dvc.yaml").write_text(definition(nodes, order))
        shutil.copytree(place, twin)
        for count, changed in enumerate(rounds):
            for number in changed:
                for one in (place, twin):
                    (one / f"s{number}").write_text(f"{count} of {number}\n")
            events = run(place, jobs)
            began = [number for what, number in events if what == "b"]
            assert sorted(began) == sorted(stale_after(nodes, changed))
            for position, (what, number) in enumerate(events):
                for need in nodes[number].reads & set(began) if what == "b" else ():
                    assert ("e", need) in events[:position]
            assert sorted(run(twin, 1)) == sorted(events)
            assert (place / "dvc.lock").read_text() == (twin / "dvc.lock").read_text()
