"""The stages of a work tree, and those that a user names."""

from __future__ import annotations

import pytest

from git_dvc.errors import FormatError, UnknownStageError
from git_dvc.ops import stages
from git_dvc.pipeline import loading
from git_dvc.pipeline.loading import Stages
from git_dvc.project import Project
from tests.ops.conftest import Opener, write

FILES = {
    "dvc.yaml": "stages: {prepare: {cmd: x, outs: [clean]}, train: {cmd: x}, train2: {cmd: x}}",
    "sub/dvc.yaml": "stages: {train: {cmd: x, outs: [model]}}",
    "sub/deep/dvc.yaml": "stages: {test: {cmd: x}}",
    "bad/dvc.yaml": "stages: {train: {}}",
    "data.dvc": "outs: [{path: data}]",
}


def every() -> Stages:
    return loading.load(
        FILES, lambda path: FILES[path].encode() if path in FILES else None, root="/top"
    )


def named(*targets: str, folder: str = "", recursive: bool = False, glob: bool = False) -> str:
    found = stages.choose(every(), targets, folder=folder, recursive=recursive, glob=glob)
    return " ".join(stage.address for stage in found)


def test_they_are_found_in_the_work_tree_also_where_git_does_not_know_them(
    project: Project,
) -> None:
    write("dvc.yaml", FILES["dvc.yaml"])
    write("sub/dvc.yaml", FILES["sub/dvc.yaml"])
    write("old/dvc.yaml", FILES["sub/dvc.yaml"])
    write("data.dvc", FILES["data.dvc"])
    write(".dvcignore", "old\n")
    found = stages.load(project)
    assert list(found.stages) == ["data.dvc", "prepare", "train", "train2", "sub/dvc.yaml:train"]


def test_config_says_how_mappings_become_options(project: Project, reopen: Opener) -> None:
    write("dvc.yaml", "stages: {s: {cmd: 'x ${f}'}}")
    write("params.yaml", "f: {a: false, b: [1, 2]}")
    assert stages.load(project).stages["s"].cmd == ("x --b 1 2",)
    with open(".dvc/config", "a") as config:
        config.write("[parsing]\n    bool = boolean_optional\n    list = append\n")
    assert stages.load(reopen()).stages["s"].cmd == ("x --no-a --b 1 --b 2",)


@pytest.mark.parametrize(
    ("target", "folder", "expected"),
    [
        ("train", "", "train"),
        ("train", "sub", "sub/dvc.yaml:train"),
        ("dvc.yaml", "", "prepare train train2"),
        ("sub/dvc.yaml", "", "sub/dvc.yaml:train"),
        ("./sub/../sub/dvc.yaml:train", "", "sub/dvc.yaml:train"),
        ("../dvc.yaml:prepare", "sub", "prepare"),
        ("/top/sub/dvc.yaml:train", "sub/deep", "sub/dvc.yaml:train"),
        (":train", "sub", "sub/dvc.yaml:train"),
        ("data.dvc", "", "data.dvc"),
        ("../data.dvc", "sub", "data.dvc"),
    ],
)
def test_a_target_is_a_name_a_file_or_both(target: str, folder: str, expected: str) -> None:
    assert named(target, folder=folder) == expected


def test_no_target_means_all_and_several_name_each_stage_once() -> None:
    assert named().split() == list(every().stages)
    assert named("train", "dvc.yaml", "train") == "train prepare train2"


def test_a_directory_is_a_target_with_recursive_only() -> None:
    assert named("sub", recursive=True).split() == ["sub/deep/dvc.yaml:test", "sub/dvc.yaml:train"]
    with pytest.raises(UnknownStageError) as caught:
        named("sub")
    assert "-R" in str(caught.value.hint)


def test_a_pattern_matches_names_of_one_file() -> None:
    assert named("tr*", glob=True) == "train train2"
    assert named("sub/dvc.yaml:t*", glob=True) == "sub/dvc.yaml:train"
    with pytest.raises(UnknownStageError):
        named("tr*")


@pytest.mark.parametrize(
    ("target", "hint"),
    [
        ("tran", "did you mean 'train'"),
        ("sub/dvc.yaml:trian", "did you mean 'sub/dvc.yaml:train'"),
        ("clean", "'prepare' makes that"),
        ("sub/model/x", "'sub/dvc.yaml:train' makes that"),
        ("sub/dvc.lock:train", "'sub/dvc.yaml:train'"),
        ("../elsewhere/dvc.yaml:x", "stages stand in"),
    ],
)
def test_a_target_that_names_nothing_is_an_error_with_a_hint(target: str, hint: str) -> None:
    with pytest.raises(UnknownStageError) as caught:
        named(target)
    assert hint in str(caught.value.hint)


def test_what_is_in_a_broken_file_says_what_is_wrong_with_it() -> None:
    for target in ("bad/dvc.yaml", "bad/dvc.yaml:train"):
        with pytest.raises(FormatError, match=r"bad/dvc.yaml: stages.train.cmd: missing"):
            named(target)
