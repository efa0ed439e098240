"""Stages under both programs: which are stale and why, which run and in which order."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.interop.harness import Pair, Tool, commit, start, text, write

TOP = """\
stages:
  last: {cmd: cat middle left sub/out > last, deps: [left, middle, sub/out], outs: [last]}
  middle: {cmd: cp first middle, deps: [first], outs: [middle]}
  first: {cmd: cp in first, deps: [in], params: [n], outs: [first]}
  left: {cmd: cp first left, deps: [first, data], outs: [left]}
  alone: {cmd: echo 1 > alone, outs: [alone]}
  each:
    foreach: [x, y]
    do: {cmd: "echo ${item} > each_${item}", deps: [first], outs: ["each_${item}"]}
"""
SUB = """\
stages:
  below: {cmd: cp ../middle out, deps: [../middle], outs: [out]}
  after: {cmd: cp ../last after, deps: [../last], outs: [after]}
"""


def ran(said: str) -> list[str]:
    """Return the stages that ran, or would run, in their order."""
    found = re.findall(r"^(?:Running stage|Stage) '([^']+)'(?::$| would run)", said, re.MULTILINE)
    return [name for name in found if not name.endswith(".dvc")]


def test_the_same_stages_are_chosen_in_the_same_order(git_repo: Path, dvc: Tool, gd: Tool) -> None:
    start(dvc)
    write("dvc.yaml", TOP)
    write("sub/dvc.yaml", SUB)
    write("in", "1\n")
    write("params.yaml", "n: 1\n")
    write("data", "d\n")
    dvc("add", "-q", "data")
    first = gd("repro", "-P")
    unchanged = re.findall("'(.*)' didn't change", dvc("repro", "-P", "--dry"))
    assert set(unchanged) == {*ran(first), "data.dvc"}
    assert text("last") == "1\nd\n1\n" or text("last") == "1\n1\n1\n"
    wrong = []
    for words in (
        (),
        ("last",),
        ("-P",),
        ("-p", "middle"),
        ("-p", "alone"),
        ("--downstream", "middle"),
        ("--downstream", "first", "left"),
        ("-R", "sub"),
        ("sub/dvc.yaml",),
        ("sub/dvc.yaml:below", "alone"),
        ("each",),
        ("each@y", "left"),
        ("--glob", "each@*"),
        ("-s", "last"),
        ("data.dvc",),
    ):
        expected, found = (ran(tool("repro", "--dry", "-f", *words)) for tool in (dvc, gd))
        # Where it looks at few of many stages, DVC's order of independent ones is that of a set.
        is_exact = words in ((), ("-P",), ("last",))
        if (found if is_exact else sorted(found)) != (expected if is_exact else sorted(expected)):
            wrong.append(f"{' '.join(words)}\n  dvc {expected}\n  gd  {found}")
    assert not wrong, "\n".join(wrong)
    assert ran(dvc("repro", "--dry", "-f", cwd="sub")) == ran(gd("repro", "--dry", "-f", cwd="sub"))


MANY = """\
stages:
  same: {cmd: cp a same, deps: [a], outs: [same]}
  dep: {cmd: cp b dep, deps: [b], outs: [dep]}
  gone: {cmd: cp c gone, deps: [c], outs: [gone]}
  directory: {cmd: cp -r dir copy, deps: [dir], outs: [copy]}
  params: {cmd: touch p, params: [x, y.z, q.json: [k, l], t.toml: ], outs: [p]}
  no_params: {cmd: touch np, params: [r.yaml: [k]], outs: [np]}
  command: {cmd: echo %s > cmd, outs: [cmd]}
  lines: {cmd: [echo 1, echo %s > lines], outs: [lines]}
  out: {cmd: cp a out, deps: [a], outs: [out]}
  no_out: {cmd: cp a no_out, deps: [a], outs: [no_out]}
  metric: {cmd: cp a m.json, deps: [a], metrics: [m.json: {cache: false}]}
  uncached: {cmd: echo uncached > u, outs: [u]}
  more: {cmd: cp a more, deps: [a%s], outs: [more]}
  always: {cmd: echo 1 > always, outs: [always], always_changed: true}
  called: {cmd: echo}
  frozen: {cmd: cp b frozen, deps: [b], outs: [frozen], frozen: true}
  frozen_out: {cmd: cp b frozen_out, deps: [b], outs: [frozen_out], frozen: true}
  down: {cmd: cp dep down, deps: [dep], outs: [down]}
"""


def test_the_same_differences_are_told(git_repo: Path, dvc: Tool, gd: Tool) -> None:
    start(gd)
    for name in "abc":
        write(name, f"{name}\n")
    write("dir/1", "1\n")
    write("params.yaml", "x: 1\ny: {z: [1, 2]}\n")
    write("q.json", '{"k": 1, "l": {"m": null}}')
    write("t.toml", "one = 1\ntwo = 2\n")
    write("r.yaml", "k: 1\n")
    write("dvc.yaml", MANY.replace(", frozen: true", "") % (1, 1, ""))
    assert gd.json("status") == dvc.json("status"), "nothing ran yet"
    gd("repro", "-q")
    write("dvc.yaml", MANY % (1, 1, ""))
    assert dvc.json("status") == gd.json("status")
    assert set(gd.json("status")) == {"always", "called"}

    write("b", "other\n")
    Path("c").unlink()
    write("dir/2", "2\n")
    write("params.yaml", "x: 2\ny: {}\n")
    write("q.json", '{"k": 1.0, "l": {"m": 0}}')
    write("t.toml", "two = 3\nthree = 3\n")
    Path("r.yaml").unlink()
    write("dvc.yaml", MANY % (2, 2, ", a2"))
    write("a2", "new\n")
    write("out", "by hand\n")
    Path("no_out").unlink()
    Path("m.json").unlink()
    write("frozen_out", "by hand\n")
    value = re.search(r"path: u\n.*\n\s+md5: (\w+)", text("dvc.lock"))
    assert value is not None
    Path(f".dvc/cache/files/md5/{value[1][:2]}/{value[1][2:]}").unlink()
    write("dvc.yaml", text("dvc.yaml") + "  fresh: {cmd: cp a fresh, deps: [a], outs: [fresh]}\n")
    expected = dvc.json("status")
    assert gd.json("status") == expected
    assert len(expected) == 16
    Path("sub").mkdir()
    assert gd.json("status", cwd="sub") == dvc.json("status", cwd="sub")
    assert gd.json("status", "dep", "out", "m.json") == dvc.json("status", "dep", "out", "m.json")
    assert gd.run("status", "-q").code == dvc.run("status", "-q").code == 1


FAILING = """\
stages:
  one: {cmd: echo one >> log; echo 1 > one, outs: [one]}
  bad: {cmd: echo bad >> log; echo half > bad; exit 3, deps: [one], outs: [bad]}
  needs: {cmd: echo needs >> log; cat bad > needs, deps: [bad], outs: [needs]}
  last: {cmd: echo last >> log; cat needs > last, deps: [needs], outs: [last]}
  other: {cmd: echo other >> log; echo 1 > other, deps: [one], outs: [other]}
  lazy: {cmd: echo lazy >> log, deps: [one], outs: [lazy]}
"""


@pytest.mark.parametrize("flags", [(), ("-k",), ("--ignore-errors",)])
def test_failing_stages_leave_the_same(
    git_repo: Path, tmp_path: Path, dvc: Tool, gd: Tool, flags: tuple[str, ...]
) -> None:
    start(dvc)
    write("dvc.yaml", FAILING)
    commit("one")
    shutil.copytree(git_repo, tmp_path / "twin")
    theirs = dvc.run("repro", *flags)
    ours = gd.run("repro", *flags, cwd=tmp_path / "twin")
    assert bool(theirs.code) == bool(ours.code)
    assert text(str(tmp_path / "twin" / "log")) == text("log")
    assert text(str(tmp_path / "twin" / "dvc.lock")) == text("dvc.lock")


def test_a_frozen_stage_does_not_run(git_repo: Path, pair: Pair) -> None:
    x, y = pair
    start(x)
    write("dvc.yaml", MANY.replace(", frozen: true", "") % (1, 1, ""))
    write("b", "1\n")
    x("repro", "dep", "frozen", "down")
    x("freeze", "dep")
    write("b", "2\n")
    said = y("repro", "down", "frozen")
    assert ran(said) == ["frozen"]
    assert (text("dep"), text("frozen")) == ("1\n", "2\n")
    y("unfreeze", "dep")
    assert ran(x("repro", "down")) == ["dep", "down"]
