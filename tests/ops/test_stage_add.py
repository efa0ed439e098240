"""Writing stages, freezing them, and the graph and the list of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from git_dvc.errors import (
    CannotAddStageError,
    CyclicPipelineError,
    FormatError,
    OutsideProjectError,
    OverlappingOutsError,
    StageExistsError,
    UnknownStageError,
)
from git_dvc.formats.stages import Flags
from git_dvc.ops import add as adding
from git_dvc.ops import dag as graphing
from git_dvc.ops import freeze as freezing
from git_dvc.ops import stage_add, stage_list, undo
from git_dvc.ops.stage_add import Wanted
from git_dvc.project import Project
from tests.ops.conftest import git, write

TRAIN = Wanted(
    "train",
    "python train.py",
    deps=["data"],
    params={"params.yaml": ["lr"]},
    outs=[("model", Flags()), ("scores.json", Flags(cache=False, kind="metrics"))],
)


def text(path: str) -> str:
    return Path(path).read_text()


def test_a_stage_is_written_and_what_it_makes_is_ignored(project: Project) -> None:
    done = stage_add.add(project, TRAIN)
    assert text("dvc.yaml") == (
        "stages:\n  train:\n    cmd: python train.py\n    deps:\n    - data\n"
        "    params:\n    - lr\n    outs:\n    - model\n"
        "    metrics:\n    - scores.json:\n        cache: false\n"
    )
    assert text(".gitignore").splitlines()[-1] == "/model"
    assert "scores" not in text(".gitignore")
    assert (done.stage, done.source, done.replaced, done.staged) == (
        "train",
        "dvc.yaml",
        False,
        True,
    )
    assert set(done.changed) == {"dvc.yaml", ".gitignore"}
    assert git("diff", "--name-only", "--cached").split() == [
        *(".dvc/.gitignore", ".dvc/config", ".dvcignore", ".gitattributes", ".gitignore"),
        "dvc.yaml",
    ]


def test_a_name_that_is_taken_is_kept_unless_forced(project: Project) -> None:
    stage_add.add(project, TRAIN)
    before = text("dvc.yaml")
    with pytest.raises(StageExistsError, match=r"'train' in dvc\.yaml already"):
        stage_add.add(project, TRAIN._replace(cmd="other"))
    assert text("dvc.yaml") == before
    assert stage_add.add(project, TRAIN).changed == [], "it is there already"
    assert stage_add.add(project, TRAIN._replace(cmd="other"), force=True).replaced
    assert text("dvc.yaml") == before.replace("python train.py", "other")
    assert stage_add.add(project, TRAIN._replace(cmd="other"), force=True).changed == []


def test_the_stage_goes_beside_the_user_and_runs_in_wdir(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.makedirs("sub/inner")
    monkeypatch.chdir("sub")
    inside = os.path.join(project.root, "data.csv")
    done = stage_add.add(project, Wanted("a", "x", wdir="inner", deps=[inside, "in"]))
    assert done.stage == "sub/dvc.yaml:a"
    assert text("dvc.yaml") == (
        "stages:\n  a:\n    cmd: x\n    wdir: inner\n    deps:\n    - ../../data.csv\n    - in\n"
    )
    with pytest.raises(OutsideProjectError):
        stage_add.add(project, Wanted("b", "x", wdir="../.."))
    with pytest.raises(CannotAddStageError, match="no such directory: nope"):
        stage_add.add(project, Wanted("b", "x", wdir="nope"))


@pytest.mark.parametrize(
    ("wanted", "error", "words"),
    [
        (Wanted("a@b", "x"), CannotAddStageError, "cannot be called 'a@b'"),
        (Wanted("a", " "), CannotAddStageError, "no command"),
        (Wanted("a", "x", deps=["d", "d"]), CannotAddStageError, "d is named twice"),
        (Wanted("a", "x", deps=["d"], outs=[("d", Flags())]), CannotAddStageError, "both"),
        (
            Wanted("a", "x", deps=["d/in"], outs=[("d", Flags())]),
            CyclicPipelineError,
            "which it makes itself",
        ),
        (Wanted("a", "x", outs=[("/tmp/out", Flags())]), CannotAddStageError, "outside of the"),
        (Wanted("a", "x", outs=[("../out", Flags())]), FormatError, "out"),
        (Wanted("a", "x", outs=[(".git/hooks/post-checkout", Flags())]), FormatError, ".git"),
        (Wanted("a", "x", outs=[("code.py", Flags())]), CannotAddStageError, "Git tracks code.py"),
        (Wanted("a", "x", outs=[("raw", Flags())]), CannotAddStageError, "tracked by raw.dvc"),
        *(
            (Wanted("a", "x", outs=[(name, Flags(cache=False))]), CannotAddStageError, "keeps")
            for name in ("dvc.yaml", "sub/dvc.lock", ".gitignore", "new.dvc")
        ),
        (Wanted("a", "x", outs=[("model", Flags())]), OverlappingOutsError, "model is made twice"),
        (Wanted("a", "x", outs=[("model/a", Flags())]), OverlappingOutsError, "inside of model"),
        (
            Wanted("a", "x", deps=["model"], outs=[("data", Flags())]),
            CyclicPipelineError,
            "need each other in a circle",
        ),
    ],
)  # fmt: skip
def test_what_could_never_run_is_refused_with_nothing_written(
    project: Project, wanted: Wanted, error: type[Exception], words: str
) -> None:
    write("code.py", "pass")
    git("add", "code.py")
    write("raw", "data")
    adding.add(project, ["raw"])
    stage_add.add(project, TRAIN)
    before = text("dvc.yaml"), text(".gitignore")
    with pytest.raises(error, match=words):
        stage_add.add(project, wanted)
    assert (text("dvc.yaml"), text(".gitignore")) == before


def test_outputs_outside_are_left_to_their_owner(project: Project) -> None:
    outs = [("/tmp/out", Flags(cache=False)), ("code.py", Flags(cache=False))]
    write("code.py", "pass")
    git("add", "code.py")
    stage_add.add(project, Wanted("a", "x", outs=outs))
    assert "- /tmp/out:" in text("dvc.yaml")


def test_a_broken_file_elsewhere_does_not_stop_it(project: Project) -> None:
    write("sub/dvc.yaml", "stages: [\n")
    write("loop/dvc.yaml", "stages:\n  a: {cmd: x, deps: [o], outs: [o]}\n")
    assert stage_add.add(project, TRAIN).changed
    write("dvc.yaml", "stages: [\n")
    with pytest.raises(FormatError, match=r"dvc\.yaml: "):
        stage_add.add(project, TRAIN)
    assert text("dvc.yaml") == "stages: [\n"


def test_a_file_that_nobody_would_see_is_not_written(project: Project) -> None:
    write(".gitignore", "dvc.yaml\n")
    with pytest.raises(CannotAddStageError, match=r"Git ignores dvc\.yaml"):
        stage_add.add(project, TRAIN)
    os.unlink(".gitignore")
    write(".dvcignore", "dvc.yaml\n")
    with pytest.raises(CannotAddStageError, match=r"a \.dvcignore pattern excludes dvc\.yaml"):
        stage_add.add(project, TRAIN)
    assert not os.path.exists("dvc.yaml")


def test_undo_takes_a_stage_back(project: Project) -> None:
    stage_add.add(project, TRAIN)
    before = text("dvc.yaml")
    stage_add.add(project, Wanted("b", "x", outs=[("out", Flags())]))
    undo.undo(project)
    assert text("dvc.yaml") == before
    assert "/out" not in text(".gitignore")


# -- freeze ------------------------------------------------------------------------------------

GROUPS = """\
stages:
  each:   # of them
    cmd: echo
    outs: [a, b]
  all:
    cmd: cat a b
    deps: [a, b]
"""


def test_stages_and_pointer_files_freeze(project: Project) -> None:
    write("raw", "data")
    adding.add(project, ["raw"])
    write("dvc.yaml", GROUPS)
    done = freezing.freeze(project, ["all", "raw.dvc"])
    assert done.changed == ["all", "raw.dvc"]
    assert text("dvc.yaml") == GROUPS + "    frozen: true\n"
    assert text("raw.dvc").endswith("frozen: true\n")
    again = freezing.freeze(project, ["all"])
    assert (again.changed, again.already, again.written) == ([], ["all"], [])
    assert freezing.freeze(project, ["all", "raw.dvc"], frozen=False).changed == ["all", "raw.dvc"]
    assert text("dvc.yaml") == GROUPS
    assert "frozen" not in text("raw.dvc")


def test_one_unknown_target_freezes_nothing(project: Project) -> None:
    write("dvc.yaml", GROUPS)
    with pytest.raises(UnknownStageError, match="there is no stage al"):
        freezing.freeze(project, ["all", "al"])
    assert text("dvc.yaml") == GROUPS


# -- looking -----------------------------------------------------------------------------------

STAGES = """\
stages:
  a: {cmd: x, deps: [data], outs: [a.out]}
  b: {cmd: x, deps: [a.out], metrics: [b.json], plots: [p.csv]}
  c: {cmd: x, desc: "\\n hello \\nworld"}
  d: {cmd: x, deps: [a.out], params: [lr]}
"""


@pytest.fixture
def pipeline(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    write("data", "1")
    adding.add(project, ["data"])
    write("dvc.yaml", STAGES)
    write("sub/dvc.yaml", "stages:\n  e: {cmd: x, deps: [../b.json], outs: [out]}\n")
    project.forget_tracked()
    return project


def test_stages_are_described_by_what_they_make(pipeline: Project) -> None:
    found = stage_list.listed(pipeline)
    assert {stage.name: stage_list.description(stage) for stage in found.stages} == {
        "a": "Outputs a.out",
        "b": "Reports b.json, p.csv",
        "c": "hello",
        "d": "Depends on a.out, params.yaml",
    }
    everything = stage_list.listed(pipeline, everything=True).stages
    assert {stage.address for stage in everything} == {*"abcd", "data.dvc", "sub/dvc.yaml:e"}
    below = stage_list.listed(pipeline, ["sub"], recursive=True).stages
    assert [stage.address for stage in below] == ["sub/dvc.yaml:e"]
    with pytest.raises(UnknownStageError):
        stage_list.listed(pipeline, ["nosuch"])


def test_bad_files_are_told_of_and_left_out(pipeline: Project) -> None:
    write("sub/dvc.yaml", "stages: [\n")
    pipeline.forget_tracked()
    found = stage_list.listed(pipeline, everything=True)
    assert len(found.stages) == 5
    assert [problem.where for problem in found.problems] == ["sub/dvc.yaml"]
    write("dvcx/dvc.yaml", "stages: [\n")
    pipeline.forget_tracked()
    assert stage_list.listed(pipeline).problems == []
    with pytest.raises(FormatError, match=r"dvcx/dvc\.yaml"):
        stage_list.listed(pipeline, fail=True)


def test_the_graph_leads_from_what_is_made_to_what_needs_it(pipeline: Project) -> None:
    found = graphing.dag(pipeline)
    assert set(found.edges) == {
        ("data.dvc", "a"),
        ("a", "b"),
        ("a", "d"),
        ("b", "sub/dvc.yaml:e"),
    }
    assert set(found.nodes) == {"data.dvc", *"abcd", "sub/dvc.yaml:e"}
    place = {node: number for number, node in enumerate(found.nodes)}
    assert all(place[need] < place[node] for need, node in found.edges)


@pytest.mark.parametrize("target", ["b", "b.json", "dvc.yaml:b"])
def test_a_target_is_shown_with_what_it_needs(pipeline: Project, target: str) -> None:
    assert graphing.dag(pipeline, target).nodes == ["data.dvc", "a", "b"]
    everything = graphing.dag(pipeline, target, full=True).nodes
    assert set(everything) == {"data.dvc", "a", "b", "d", "sub/dvc.yaml:e"}
    assert graphing.dag(pipeline, target, outs=True).nodes == ["data", "a.out", "b.json", "p.csv"]


def test_the_graph_is_named_as_seen_from_here(
    pipeline: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("sub")
    found = graphing.dag(pipeline, "e")
    assert found.nodes == ["../data.dvc", "../dvc.yaml:a", "../dvc.yaml:b", "e"]
    outs = graphing.dag(pipeline, "e", outs=True)
    assert outs.edges[-2:] == [("../a.out", "../p.csv"), ("../b.json", "out")]
    with pytest.raises(UnknownStageError):
        graphing.dag(pipeline, "nosuch")
    monkeypatch.chdir("..")
    assert graphing.dag(pipeline, "sub").nodes[-1] == "sub/dvc.yaml:e"
    with pytest.raises(UnknownStageError) as caught:
        graphing.dag(pipeline, "e")
    assert caught.value.hint == "did you mean 'sub/dvc.yaml:e'?"
