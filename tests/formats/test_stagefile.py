"""Stage files of old versions."""

from __future__ import annotations

import pytest

from git_dvc.errors import FormatError
from git_dvc.formats import pointer, stagefile, yamltext
from git_dvc.formats.lockfile import LockStage
from git_dvc.formats.pointer import Out
from git_dvc.formats.stages import Flags
from git_dvc.pipeline import loading
from git_dvc.pipeline.stage import Dep, Params, Stage, StageOut

A, B = "3ecfad755fa825f7a17c5526ec44e651", "b8b3cf01881bda3535438769b0eeb56a"

OLD = f"""\
md5: 0c6c6a8d13bf9b5f8bcbd1ed0b4ce9e5
cmd: python train.py   # the model
wdir: src
deps:
- md5: {A}
  path: ../in
- path: params.yaml
  params:
    lr: 0.1
outs:
- cache: true
  md5: {B}
  metric: false
  path: model.h5
  persist: false
- cache: false
  metric:
    type: json
  path: scores.json
"""
RECORD = LockStage(
    "",
    "python train.py",
    (Out("model.h5", A, size=3), Out("scores.json", B, size=4)),
    (Out("../in", B, size=5),),
    {"params.yaml": {"lr": 0.2}},
)


def load(text: str | bytes, name: str = "Dvcfile") -> Stage:
    data = text.encode() if isinstance(text, str) else text
    found = loading.load([name], {name: data}.get)
    assert not found.problems
    return found.stages[name]


@pytest.mark.parametrize("name", ["Dvcfile", "train.dvc"])
def test_it_is_a_stage_of_its_own(name: str) -> None:
    stage = load(OLD, name)
    assert (stage.name, stage.address, stage.lock_file, stage.is_data) == ("", name, name, False)
    assert (stage.cmd, stage.wdir) == (("python train.py",), "src")
    assert stage.deps == (Dep("../in", "in"),)
    assert stage.params == (Params("params.yaml", "src/params.yaml", ("lr",)),)
    assert stage.outs == (
        StageOut("model.h5", "src/model.h5", Flags()),
        StageOut("scores.json", "src/scores.json", Flags(cache=False, kind="metrics")),
    )
    assert stage.recorded is not None
    assert [out.hash for out in stage.recorded.outs] == [B, None]
    assert stage.recorded.params == {"params.yaml": {"lr": 0.1}}


def test_a_run_is_recorded_in_the_file_itself_and_all_else_stays() -> None:
    text = stagefile.StageText(OLD.encode())
    text.set(RECORD)
    assert text.data is not None
    assert b"   # the model\n" in text.data
    stage = load(text.data)
    assert stage.recorded is not None
    assert [(out.hash, out.hash_name) for out in stage.recorded.outs] == [(A, "md5"), (B, "md5")]
    assert stage.recorded.deps[0].hash == B
    assert stage.recorded.params == {"params.yaml": {"lr": 0.2}}
    before = text.data
    text.set(RECORD)
    assert text.data == before


def test_a_command_that_was_changed_after_the_run_is_not_what_was_run() -> None:
    text = stagefile.StageText(OLD.encode())
    text.set(RECORD)
    assert text.data is not None
    assert (load(text.data).recorded or RECORD).cmd == "python train.py"
    changed = load(text.data.replace(b"train.py", b"other.py"))
    assert changed.cmd == ("python other.py",)
    assert changed.recorded is not None
    assert changed.recorded.cmd == ""


def test_a_new_one_has_not_been_run() -> None:
    data = stagefile.dump(
        "python train.py",
        deps=["in"],
        params={"params.yaml": ["lr"]},
        outs=[("model", Flags()), ("m.csv", Flags(cache=False, persist=True, kind="metrics"))],
    )
    assert yamltext.parse(data) == {
        "cmd": "python train.py",
        "deps": [{"path": "in"}, {"path": "params.yaml", "params": ["lr"]}],
        "outs": [
            {"path": "model"},
            {"path": "m.csv", "cache": False, "metric": True, "persist": True},
        ],
    }
    stage = load(data)
    assert stage.recorded is None
    assert stage.params[0].keys == ("lr",)
    assert stage.outs[1].flags == Flags(cache=False, persist=True, kind="metrics")


def test_without_a_command_its_keys_are_unknown_as_ever() -> None:
    for text in ("outs: [{path: a, metric: true}]", "deps: [{path: a, params: {}}]", "cmd: "):
        with pytest.raises(FormatError, match="unknown key"):
            pointer.parse(text.encode())
