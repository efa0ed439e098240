from __future__ import annotations

from git_dvc.pipeline.stage import Dep, Stage


def test_a_stage_of_the_top_dvc_yaml_goes_by_its_name() -> None:
    stage = Stage("train", "dvc.yaml")
    assert (stage.address, stage.lock_file) == ("train", "dvc.lock")


def test_one_of_another_dvc_yaml_is_named_with_the_file() -> None:
    stage = Stage("train@de", "sub/dvc.yaml")
    assert (stage.address, stage.lock_file) == ("sub/dvc.yaml:train@de", "sub/dvc.lock")


def test_a_pointer_file_is_a_stage_without_a_command() -> None:
    stage = Stage("", "data.csv.dvc")
    assert stage.address == "data.csv.dvc"
    assert stage.is_data
    assert not stage.is_callback


def test_a_command_that_names_nothing_runs_each_time() -> None:
    assert Stage("hello", "dvc.yaml", cmd=("echo",)).is_callback
    assert not Stage("read", "dvc.yaml", cmd=("cat x",), deps=(Dep("x", "x"),)).is_callback
