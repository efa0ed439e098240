"""Targets: every way to name tracked data, and what is said of names that fit nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from git_dvc.errors import FormatError, OutsideProjectError, UnknownTargetError
from git_dvc.ops.select import Selected, select
from git_dvc.project import Project
from git_dvc.tracked import collect
from tests.scene import write_tree

HASH = "a" * 32
STAGES = """\
stages:
  make:
    cmd: run
    outs:
    - made
    - logs:
        cache: false
  use:
    cmd: use
    outs:
    - used
  each:
    foreach: [1, 2]
    do:
      cmd: run ${item}
      outs:
      - out/${item}
"""
LOCK = f"""\
schema: '2.0'
stages:
  make:
    cmd: run
    deps:
    - path: data/a
      md5: {HASH}
    - path: ../outside
      md5: {HASH}
    outs:
    - path: made
      hash: md5
      md5: {HASH}.dir
    - path: logs
      hash: md5
      md5: {HASH}
  use:
    cmd: use
    deps:
    - path: logs
      md5: {HASH}
    outs:
    - path: used
      hash: md5
      md5: {HASH}
  each@1:
    cmd: run 1
    deps:
    - path: used
      md5: {HASH}
    outs:
    - path: out/1
      hash: md5
      md5: {HASH}
  each@2:
    cmd: run 2
    outs:
    - path: out/2
      hash: md5
      md5: {HASH}
"""


def dvc_file(*outs: str) -> str:
    return "outs:\n" + "".join(
        f"- md5: {HASH}{'.dir' * out.endswith('/')}\n  hash: md5\n  path: {out.strip('/')}\n"
        for out in outs
    )


@pytest.fixture
def opened(project: Project) -> Iterator[Project]:
    """Return a project with pointer files and stages, at its top and below."""
    write_tree(project.root, {
        "data.dvc": dvc_file("data/"),
        "x.csv.dvc": dvc_file("x.csv"),
        "two.dvc": dvc_file("one", "other"),
        "sub/deep/y.dvc": dvc_file("y"),
        "dvc.yaml": STAGES, "dvc.lock": LOCK,
        "sub/dvc.yaml": STAGES, "sub/dvc.lock": LOCK,
        "metrics.dvc": f"outs:\n- md5: {HASH}\n  hash: md5\n  path: metrics\n  cache: false\n",
    })  # fmt: skip
    yield project


def names(
    project: Project, *targets: str, recursive: bool = False, with_deps: bool = False
) -> list[str]:
    """Return the outputs chosen, with the paths inside in brackets."""
    return [
        found.item.relpath + (f"[{','.join(found.inner)}]" if found.inner else "")
        for found in select(project, targets, recursive=recursive, with_deps=with_deps)
    ]


STAGE_OUTS = ["made", "out/1", "out/2", "used"]
SUB_OUTS = [f"sub/{name}" for name in STAGE_OUTS]
ALL = sorted(["data", "x.csv", "one", "other", "sub/deep/y", *STAGE_OUTS, *SUB_OUTS])


@pytest.mark.parametrize(
    ("target", "chosen"),
    [
        ("data", ["data"]),
        ("data/", ["data"]),
        ("./data", ["data"]),
        ("data.dvc", ["data"]),
        ("data/a/b", ["data[a/b]"]),
        ("data/a/", ["data[a]"]),
        ("two.dvc", ["one", "other"]),
        ("one", ["one"]),
        ("sub/deep/y", ["sub/deep/y"]),
        ("sub/deep/y.dvc", ["sub/deep/y"]),
        ("dvc.lock", STAGE_OUTS),
        ("dvc.yaml", STAGE_OUTS),
        ("sub/dvc.yaml", SUB_OUTS),
        ("make", ["made"]),
        ("made", ["made"]),
        ("made/x", ["made[x]"]),
        ("each", ["out/1", "out/2"]),
        ("each@2", ["out/2"]),
        ("dvc.yaml:make", ["made"]),
        ("sub/dvc.yaml:make", ["sub/made"]),
        ("sub/dvc.yaml:each@1", ["sub/out/1"]),
        ("metrics.dvc", []),
        ("metrics", []),
        ("logs", []),
    ],
)
def test_each_way_to_name_data(opened: Project, target: str, chosen: list[str]) -> None:
    assert names(opened, target) == chosen


@pytest.mark.parametrize("target", ["data/a", "x.csv.dvc", "sub/dvc.yaml:make", "dvc.lock"])
def test_absolute_paths_name_the_same(opened: Project, target: str) -> None:
    assert names(opened, os.path.join(opened.root, target)) == names(opened, target)


@pytest.mark.parametrize(
    ("target", "chosen"),
    [
        ("data", ["data"]),
        ("made", ["data", "made"]),
        ("make", ["data", "made"]),
        ("logs", ["data"]),
        ("used", ["data", "used"]),
        ("each@1", ["data", "out/1", "used"]),
        ("each", ["data", "out/1", "out/2", "used"]),
        ("sub/out/1", ["sub/out/1", "sub/used"]),
    ],
)
def test_with_what_it_was_made_from(opened: Project, target: str, chosen: list[str]) -> None:
    """Also over 'logs', whose content is not kept."""
    assert names(opened, target, with_deps=True) == chosen


def test_no_target_means_everything(opened: Project) -> None:
    assert names(opened) == ALL


def test_targets_are_named_from_where_one_stands(
    opened: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("sub")
    assert names(opened, "make") == ["sub/made"]
    assert names(opened, "deep/y", "../data/a") == ["data[a]", "sub/deep/y"]
    assert names(opened, "../dvc.yaml:make") == ["made"]


def test_recursive_takes_all_below(opened: Project) -> None:
    assert names(opened, "sub", recursive=True) == sorted(["sub/deep/y", *SUB_OUTS])
    assert names(opened, ".", recursive=True) == ALL
    with pytest.raises(UnknownTargetError) as caught:
        names(opened, "sub")
    assert "add -R to mean everything in sub" in caught.value.hint


def test_several_targets_join(opened: Project) -> None:
    assert names(opened, "x.csv", "data", "x.csv.dvc") == ["data", "x.csv"]
    assert names(opened, "data/b", "data/a") == ["data[b,a]"]
    assert names(opened, "data/b", "data") == ["data"]
    assert names(opened, "data", "data/b") == ["data"]


def test_an_unknown_name_gets_a_guess(opened: Project) -> None:
    with pytest.raises(UnknownTargetError) as caught:
        names(opened, "x.cvs")
    assert str(caught.value).startswith("error: not tracked: x.cvs\nhint: did you mean 'x.csv'")
    with pytest.raises(UnknownTargetError) as caught:
        names(opened, "quite different")
    assert caught.value.hint == "track it with 'git dvc add'"


@pytest.mark.parametrize("target", ["dvc.yaml:nothing", "nothing/dvc.yaml", "nothing.dvc", "ake"])
def test_what_names_nothing(opened: Project, target: str) -> None:
    with pytest.raises(UnknownTargetError, match="not tracked"):
        names(opened, target)


def test_what_lies_outside(opened: Project) -> None:
    with pytest.raises(OutsideProjectError):
        names(opened, "../x")


def test_a_broken_pointer_says_why(opened: Project) -> None:
    Path("data.dvc").write_text("outs: 3\n")
    opened.forget_tracked()
    with pytest.raises(FormatError) as caught:
        names(opened, "data.dvc")
    assert caught.value.where == "data.dvc"
    assert names(opened, "x.csv") == ["x.csv"]


@pytest.mark.parametrize("target", ["dvc.lock", "dvc.yaml"])
def test_a_broken_dvc_yaml_says_why(opened: Project, target: str) -> None:
    Path("dvc.yaml").write_text("stages: 3\n")
    opened.forget_tracked()
    with pytest.raises(FormatError) as caught:
        names(opened, target)
    assert caught.value.where == "dvc.yaml"


def test_another_version_may_be_asked(opened: Project) -> None:
    other = collect(["old.dvc"], lambda path: dvc_file("old/").encode())
    found = select(opened, ["old/a"], tracked=other)
    assert [(one.item.relpath, one.inner) for one in found] == [("old", ("a",))]
    with pytest.raises(UnknownTargetError):
        select(opened, ["data"], tracked=other)


def test_what_was_asked_for_inside(opened: Project) -> None:
    (found,) = select(opened, ["data/a", "data/d/e"])
    wanted = {path: found.wants(path) for path in ("a", "a/x", "ab", "d", "d/e", "d/e/f", "")}
    assert [path for path, yes in wanted.items() if yes] == ["a", "a/x", "d/e", "d/e/f"]
    assert Selected(found.item).wants("anything")
