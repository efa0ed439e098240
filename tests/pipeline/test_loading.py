"""Stages from files."""

from __future__ import annotations

from git_dvc.formats.stages import Flags
from git_dvc.pipeline import loading
from git_dvc.pipeline.loading import Stages
from git_dvc.pipeline.stage import Dep, Params, Stage, StageOut

MD5 = "3ecfad755fa825f7a17c5526ec44e651"

WHOLE = """\
stages:
  train:
    desc: trainer
    cmd: python3 train.py
    wdir: src
    deps:
    - ../in.csv
    - train.py
    - https://example.org/x
    params:
    - seed
    - conf.toml:
      - a.b
    - train.lr
    - model.py:
    outs:
    - model.bin
    - log.txt:
        cache: false
        persist: true
        remote: store
        push: false
        desc: what happened
    metrics:
    - scores.json:
        cache: false
    plots:
    - curve.csv:
        x: step
        cache: false
    frozen: true
    always_changed: true
    meta: {resources: {cpu: 2}}
"""
LOCK = f"""\
schema: '2.0'
stages:
  train:
    cmd: python3 train.py
    deps:
    - path: ../in.csv
      hash: md5
      md5: {MD5}
      size: 4
"""


def load(files: dict[str, str]) -> Stages:
    return loading.load(files, lambda path: files[path].encode() if path in files else None)


def only(files: dict[str, str]) -> Stage:
    found = load(files)
    assert not found.problems
    (stage,) = found.stages.values()
    return stage


def test_a_stage_has_everything_that_dvc_yaml_and_dvc_lock_say_of_it() -> None:
    stage = only({"sub/dvc.yaml": WHOLE, "sub/dvc.lock": LOCK})
    recorded = stage.recorded
    assert recorded is not None
    assert recorded.deps[0].hash == MD5
    assert stage._replace(recorded=None) == Stage(
        name="train",
        source="sub/dvc.yaml",
        wdir="sub/src",
        cmd=("python3 train.py",),
        deps=(
            Dep("../in.csv", "sub/in.csv"),
            Dep("train.py", "sub/src/train.py"),
            Dep("https://example.org/x", None),
        ),
        params=(
            Params("params.yaml", "sub/src/params.yaml", ("seed", "train.lr")),
            Params("conf.toml", "sub/src/conf.toml", ("a.b",)),
            Params("model.py", "sub/src/model.py", ()),
        ),
        outs=(
            StageOut("model.bin", "sub/src/model.bin", Flags()),
            StageOut("log.txt", "sub/src/log.txt", Flags(
                cache=False, persist=True, remote="store", push=False,
                notes={"desc": "what happened"},
            )),
            StageOut("scores.json", "sub/src/scores.json", Flags(cache=False, kind="metrics")),
            StageOut("curve.csv", "sub/src/curve.csv", Flags(
                cache=False, kind="plots", plots=({"x": "step"},),
            )),
        ),
        frozen=True,
        always_changed=True,
        desc="trainer",
        meta={"resources": {"cpu": 2}},
        written_cmd="python3 train.py",
    )  # fmt: skip


def test_a_text_is_run_by_lines_and_a_list_by_items() -> None:
    text = only({"dvc.yaml": "stages: {a: {cmd: 'one\n\n    two'}}"})
    assert text.cmd == ("one", "two")
    listed = only({"dvc.yaml": 'stages: {a: {cmd: ["one\\ntwo", three]}}'})
    assert listed.cmd == ("one\ntwo", "three")
    assert listed.written_cmd == ["one\ntwo", "three"]


def test_asking_for_a_file_and_for_a_key_of_it_asks_for_the_file() -> None:
    stage = only({"dvc.yaml": "stages: {a: {cmd: x, params: [k, {params.yaml: }, {c.json: [k]}]}}"})
    assert [(one.path, one.keys) for one in stage.params] == [
        ("params.yaml", ()), ("c.json", ("k",)),
    ]  # fmt: skip


def test_pointer_files_are_stages_and_imports_have_what_they_come_from() -> None:
    found = load({
        "data.dvc": f"outs:\n- md5: {MD5}\n  size: 4\n  hash: md5\n  path: data\n",
        "sub/x.dvc": f"frozen: true\ndeps:\n- path: ../src\n  md5: {MD5}\nouts:\n- path: x\n",
    })  # fmt: skip
    data, imported = found.stages.values()
    assert (data.address, data.is_data, data.outs[0].relpath) == ("data.dvc", True, "data")
    assert data.recorded is not None
    assert data.recorded.outs[0].hash == MD5
    assert imported.frozen
    assert imported.deps == (Dep("../src", "src"),)
    assert imported.outs[0].relpath == "sub/x"


def test_a_broken_file_is_a_problem_and_the_others_are_there() -> None:
    found = load({
        "a/dvc.yaml": "stages: {a: {cmd: x}}",
        "b/dvc.yaml": "stages: {a: {cmd: x, dep: [y]}}",
        "c/dvc.yaml": "stages: {a: {cmd: x}}",
        "c/dvc.lock": "schema: '1.0'\n",
        "d.dvc": "outs: 3",
    })  # fmt: skip
    assert list(found.stages) == ["a/dvc.yaml:a"]
    assert [problem.message for problem in found.problems] == [
        "b/dvc.yaml: stages.a.dep: unknown key (did you mean 'deps'?)",
        "c/dvc.lock: schema: expected '2.0', found '1.0'",
        "d.dvc: outs: expected a list, found 3",
    ]
    assert [path for path, problem in found.files.items() if problem] == [
        "b/dvc.yaml", "c/dvc.yaml", "d.dvc",
    ]  # fmt: skip


def test_a_stage_that_makes_something_outside_takes_only_itself_along() -> None:
    found = load({"dvc.yaml": "stages: {a: {cmd: x, outs: [../y]}, b: {cmd: x}}"})
    assert list(found.stages) == ["b"]
    assert "stages.a.outs[0]" in found.problems[0].message
    assert set(found.broken) == {"a"}
    assert found.files["dvc.yaml"] is found.broken["a"]
