"""Stages as ``stage add`` writes them, and edits that leave all else as it was."""

from __future__ import annotations

import pytest

from git_dvc.errors import FormatError
from git_dvc.formats import stagetext
from git_dvc.formats.stages import Flags
from git_dvc.formats.stagetext import Definition, put

ALL = Definition(
    cmd='python train.py "a b"',
    wdir="sub",
    deps=["sub/../in2", "in", "./in3", "in"],
    params={"params.yaml": ["x", "lr"], "other.json": [], "o2.toml": ["b", "a"]},
    outs=[
        ("out/", Flags()),
        ("sub/u", Flags(cache=False)),
        ("p", Flags(persist=True)),
        ("pn", Flags(cache=False, persist=True)),
        ("m.json", Flags(kind="metrics")),
        ("m2.json", Flags(cache=False, kind="metrics")),
        ("pl.csv", Flags(kind="plots")),
        ("pl2.csv", Flags(cache=False, kind="plots")),
    ],
    always_changed=True,
    desc="hello",
)
# What DVC 3.67.1 wrote for the same.
WRITTEN = """\
stages:
  a:
    desc: hello
    cmd: python train.py "a b"
    wdir: sub
    deps:
    - ./in3
    - in
    - sub/../in2
    params:
    - lr
    - x
    - o2.toml:
      - a
      - b
    - other.json:
    outs:
    - out/
    - p:
        persist: true
    - pn:
        cache: false
        persist: true
    - sub/u:
        cache: false
    metrics:
    - m.json
    - m2.json:
        cache: false
    plots:
    - pl.csv
    - pl2.csv:
        cache: false
    always_changed: true
"""


def test_a_stage_is_written_as_dvc_writes_it() -> None:
    assert put(None, "a", ALL).decode() == WRITTEN
    assert put(b"", "a", ALL).decode() == WRITTEN


def test_another_stage_goes_to_the_end_and_nothing_else_moves() -> None:
    before = "# mine\nstages:   # all of them\n  a: {cmd: x}  # flow\n\nparams:\n- p.yaml\n"
    after = put(before.encode(), "b", Definition("echo 1")).decode()
    assert after == before.replace("# flow\n", "# flow\n  b:\n    cmd: echo 1\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("# only a comment", "# only a comment\nstages:\n  b:\n    cmd: y\n"),
        ("stages:\n", "stages:\n  b:\n    cmd: y\n"),
        ("stages: {}\n", "stages:\n  b:\n    cmd: y\n"),
        ("params: [p.yaml]\n", "params: [p.yaml]\nstages:\n  b:\n    cmd: y\n"),
        ("stages: {a: {cmd: x}}\n", "stages: {a: {cmd: x}, b: {cmd: y}}\n"),
        ("stages:\r\n  a:\r\n    cmd: x\r\n",
         "stages:\r\n  a:\r\n    cmd: x\r\n  b:\r\n    cmd: y\r\n"),
    ],
)  # fmt: skip
def test_a_stage_finds_its_place_in_any_file(before: str, after: str) -> None:
    assert put(before.encode(), "b", Definition("y")).decode() == after


def test_a_stage_that_is_replaced_keeps_comments_and_notes() -> None:
    before = """\
stages:
  train:
    desc: what it does
    # how
    cmd: python old.py   # slow
    deps:
    - a   # the first
    - b
    - c
    outs:
    - model:   # large
        remote: big
        desc: the model
    - gone
    frozen: true
    meta: {owner: me}
  next:
    cmd: x
"""
    new = Definition("python new.py", deps=["a", "c", "d"], outs=[("model", Flags(cache=False))])
    assert (
        put(before.encode(), "train", new).decode()
        == """\
stages:
  train:
    desc: what it does
    # how
    cmd: python new.py   # slow
    deps:
    - a   # the first
    - c
    - d
    outs:
    - model:
        desc: the model
        cache: false
        remote: big
    meta: {owner: me}
  next:
    cmd: x
"""
    )


@pytest.mark.parametrize("text", ["- a\n", "stages: [a]\n", "stages: {a: [\n", "<<<<<<< a\n"])
def test_a_file_that_is_not_in_order_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        put(text.encode(), "b", Definition("y"))


def test_freezing_adds_one_line_and_thawing_takes_it_out() -> None:
    before = (
        b"stages:\n  a:   # one\n    cmd: x ${y}\n  g:\n    foreach: [1]\n    do:\n      cmd: z\n"
    )
    frozen = stagetext.set_frozen(before, "a", True)
    assert frozen == before.replace(b"${y}\n", b"${y}\n    frozen: true\n")
    assert stagetext.set_frozen(frozen, "a", True) == frozen
    assert stagetext.set_frozen(frozen, "a", False) == before
    group = stagetext.set_frozen(before, "g", True)
    assert group == before + b"      frozen: true\n"
    with pytest.raises(FormatError, match="no such stage"):
        stagetext.set_frozen(before, "b", True)


def test_pointer_files_freeze_as_well() -> None:
    before = b"outs:\n- md5: b1946ac92492d2347c6235b4d2611184\n  hash: md5\n  path: d\n"
    frozen = stagetext.set_pointer_frozen(before, True)
    assert frozen == before + b"frozen: true\n"
    assert stagetext.set_pointer_frozen(frozen, False) == before
    assert stagetext.set_pointer_frozen(before + b"locked: true\n", False) == before


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["python train.py > log"], "python train.py > log"),
        (["python", "train.py", "a b", 'c"d e', ""], 'python train.py "a b" c"d e ""'),
    ],
)
def test_the_words_of_a_command_become_one_line(words: list[str], text: str) -> None:
    assert stagetext.command_line(words) == text


def test_parameters_are_named_by_file_and_key() -> None:
    given = ["lr,seed", "a:b.toml:x", "all.json:", "n", "top,in.toml:y,z,last.py:k", ""]
    assert stagetext.params_by_file(given) == {
        "params.yaml": ["lr", "seed", "n", "top"],
        "a:b.toml": ["x"],
        "all.json": [],
        "in.toml": ["y", "z"],
        "last.py": ["k"],
    }


@pytest.mark.parametrize("name", ["train", "a-b_c", "ünï", "two words"])
def test_names_of_stages(name: str) -> None:
    assert stagetext.is_name(name)


@pytest.mark.parametrize("name", ["", " ", "a@b", "a:b", "a.b", "a/b", "a\nb", "a${x}"])
def test_what_is_no_name_of_a_stage(name: str) -> None:
    assert not stagetext.is_name(name)
