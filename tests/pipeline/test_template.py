"""``${...}``, ``foreach`` and ``matrix``; what DVC makes of the same is in tests/interop."""

from __future__ import annotations

import textwrap

import pytest

from git_dvc.errors import FormatError
from git_dvc.formats import definitions, yamltext
from git_dvc.pipeline import loading, template
from git_dvc.pipeline.loading import Stages
from git_dvc.pipeline.template import Parsing

PARAMS = """\
lr: 0.1
deep: true
none: null
n: 3
name: a b
langs: [de, fr]
models:
  small: {layers: [1, 2]}
  large: {layers: [3]}
flags: {a: 1, on: true, off: false, names: [x, y z], inner: {q: "it's"}}
"""


def load(
    text: str,
    params: str = PARAMS,
    files: dict[str, str] | None = None,
    parsing: Parsing = Parsing(),  # noqa: B008 - it cannot change
) -> Stages:
    every = {"dvc.yaml": textwrap.dedent(text), "params.yaml": params, **(files or {})}
    return loading.load(
        every, lambda path: every[path].encode() if path in every else None, parsing=parsing
    )


def cmd(written: str, parsing: Parsing = Parsing()) -> str:  # noqa: B008 - likewise
    found = load(yamltext.dump({"stages": {"s": {"cmd": written}}}), parsing=parsing)
    if found.problems:
        raise found.problems[0]
    return found.stages["s"].cmd[0]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("x ${lr} ${deep} ${none}", "x 0.1 true None"),
        ("${ name }", "a b"),
        ("x ${langs[0]} ${langs[-1]} ${models.small.layers[1]}", "x de fr 2"),
        ("x ${models[small][layers].0}", "x 1"),
        (r"x \${HOME} ${n}", "x ${HOME} 3"),
        ("x ${n", "x ${n"),
        ("x $n $(y)", "x $n $(y)"),
        ("x ${flags}", "x --a 1 --on --names x 'y z' --inner.q 'it'\"'\"'s'"),
    ],
)
def test_a_text_takes_values_in(written: str, expected: str) -> None:
    assert cmd(written) == expected


def test_config_says_how_truth_values_and_lists_become_options() -> None:
    found = cmd("x ${flags}", parsing=Parsing("boolean_optional", "append"))
    assert "--on --no-off --names x --names 'y z'" in found


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("x ${nam}", "stages.s.cmd: there is no 'nam' (did you mean 'name'?)"),
        ("x ${nowhere}", "stages.s.cmd: there is no 'nowhere' in params.yaml"),
        ("x ${n.m}", "stages.s.cmd: there is no 'n.m': 'n' is 3"),
        ("x ${models.tiny}", "there is no 'models.tiny': 'models' has 'small', 'large'"),
        ("x ${langs[2]}", "stages.s.cmd: there is no 'langs[2]': 'langs' is a list of 2"),
        ("x ${langs}", "stages.s.cmd: '${langs}' is a list, which cannot stand here"),
        ("${flags}", "stages.s.cmd: '${flags}' is a mapping; it makes options, and needs a"),
        ("x ${}", "stages.s.cmd: '${}' is not like '${a.b[0]}'"),
        ("x ${a.}", "stages.s.cmd: '${a.}' is not like"),
        ("${n}", "stages.s.cmd: expected text or a list of texts, found 3"),
    ],
)
def test_what_cannot_be_resolved_says_where_and_why(written: str, message: str) -> None:
    with pytest.raises(FormatError) as caught:
        cmd(written)
    assert caught.value.where == "dvc.yaml"
    assert message in caught.value.what


def test_values_keep_their_type_where_they_stand_alone() -> None:
    found = load("stages: {s: {cmd: x, meta: {cpu: '${n}', all: ['${deep}', 'a ${n}']}}}")
    assert found.stages["s"].meta == {"cpu": 3, "all": [True, "a 3"]}


def test_it_may_stand_in_every_text_of_a_stage() -> None:
    (stage,) = load("""\
        stages:
          s:
            cmd: [x, '${name}']
            wdir: 'd${n}'
            desc: '${n}'
            deps: ['in${n}']
            params: ['m.${n}', {'${langs[0]}.json': ['${n}.a']}]
            outs: [{'out${n}': {remote: 'r${n}'}}]
            metrics: ['${langs[1]}']
            plots: [{p: {x: '${langs[0]}'}}]
        """).stages.values()
    assert (stage.cmd, stage.wdir, stage.desc) == (("x", "a b"), "d3", "3")
    assert [dep.relpath for dep in stage.deps] == ["d3/in3"]
    assert [(one.relpath, one.keys) for one in stage.params] == [
        ("d3/params.yaml", ("m.3",)), ("d3/de.json", ("3.a",)),
    ]  # fmt: skip
    assert [(out.path, out.flags.remote) for out in stage.outs] == [
        ("out3", "r3"), ("fr", None), ("p", None),
    ]  # fmt: skip
    assert stage.outs[2].flags.plots == ({"x": "de"},)


def test_vars_add_files_parts_of_files_and_mappings() -> None:
    found = load(
        """\
        vars:
        - more.json
        - part.toml:a
        - part.toml:b
        - models: {tiny: {layers: [0]}}
        stages:
          s:
            wdir: sub
            vars: [own.yaml, {w: 5}]
            cmd: x ${q} ${a} ${b} ${models.tiny.layers[0]} ${models.small.layers[0]} ${o} ${w}
        """,
        files={
            "more.json": '{"q": 1}',
            "part.toml": "a = 2\nb = 3\nlr = 4\n",
            "sub/own.yaml": "o: 6\n",
        },
    )
    (stage,) = found.stages.values()
    assert stage.cmd == ("x 1 2 3 0 1 6 5",)
    assert {one.relpath: one.keys for one in stage.variables} == {
        "more.json": ("q",),
        "part.toml": ("a", "b"),
        "params.yaml": ("models.small.layers.0",),
        "sub/own.yaml": ("o",),
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("vars: [{a: 1}, {a: 1}]", "vars[1]: 'a' of 'vars[1]' is in 'vars[0]' already"),
        ("vars: [{models: {small: 1}}]", "'models.small' of 'vars[0]' is in 'params.yaml'"),
        ("vars: [none.yaml]", "vars[0]: there is no file 'none.yaml'"),
        ("vars: ['params.yaml:n']", "vars[0]: 'params.yaml:n': all of this file is loaded"),
        ("vars: ['v.yaml:a', v.yaml]", "vars[1]: 'v.yaml': a part of this is loaded already"),
        ("vars: ['v.yaml:b']", "vars[0]: there is no 'b' in 'v.yaml'"),
        ("vars: ['${n}.yaml']", "vars[0]: '${...}' cannot be used here"),
        ("vars: [../x.yaml]", "vars[0]: path with an empty, '.' or '..' part"),
    ],
)
def test_vars_that_cannot_be_used_are_a_problem_of_the_file(text: str, message: str) -> None:
    found = load(text + "\nstages: {s: {cmd: x}}", files={"v.yaml": "a: 1"})
    assert message in found.problems[0].message
    assert not found.stages


def test_vars_of_one_stage_are_not_those_of_another() -> None:
    found = load("""\
        vars: [{a: 1}]
        stages:
          s: {vars: [{b: 2}], cmd: 'x ${b}'}
          t: {cmd: 'x ${b}'}
          u: {vars: [{a: 2}], cmd: x}
        """)
    assert list(found.stages) == ["s"]
    assert ["there is no 'b'" in found.problems[0].what, "'a' of" in found.problems[1].what] == [
        True, True,
    ]  # fmt: skip


def test_foreach_makes_a_stage_of_each_item() -> None:
    found = load("""\
        stages:
          plain: {foreach: [us, true, 3], do: {cmd: 'x ${item}'}}
          maps:
            foreach: [{a: 1}, {a: 2}]
            do: {cmd: 'x ${item.a}'}
          named:
            foreach: ${models}
            do: {cmd: 'x ${item.layers[0]}', outs: ['${key}.txt']}
        """)
    assert {name: stage.cmd[0] for name, stage in found.stages.items()} == {
        "plain@us": "x us",
        "plain@true": "x true",
        "plain@3": "x 3",
        "maps@0": "x 1",
        "maps@1": "x 2",
        "named@small": "x 1",
        "named@large": "x 3",
    }
    assert found.groups["named"] == ("named@small", "named@large")
    assert found.stages["named@large"].group == "named"
    assert found.stages["named@large"].outs[0].path == "large.txt"
    assert found.stages["named@large"].variables[0].keys == ("models.large.layers.0",)


def test_a_matrix_makes_a_stage_of_each_combination() -> None:
    found = load("""\
        stages:
          s:
            matrix: {lang: '${langs}', m: [1, {x: 2}]}
            cmd: x ${item.lang} ${item.m} ${key}
            deps: [d]
        """)
    assert {name: stage.cmd[0] for name, stage in found.stages.items()} == {
        "s@de-1": "x de 1 de-1",
        "s@de-m1": "x de --x 2 de-m1",
        "s@fr-1": "x fr 1 fr-1",
        "s@fr-m1": "x fr --x 2 fr-m1",
    }


def test_a_group_that_cannot_be_made_is_a_problem_and_its_neighbours_are_there() -> None:
    found = load("""\
        stages:
          a: {foreach: '${nowhere}', do: {cmd: x}}
          b: {foreach: abc, do: {cmd: x}}
          c: {foreach: [1, 2], do: {cmd: 'x ${key}'}}
          d: {foreach: [1], do: {vars: [{item: 2}], cmd: 'x ${item}'}}
          e: {matrix: {m: x}, cmd: x}
          f: {cmd: x}
        """)
    assert list(found.stages) == ["f"]
    assert set(found.broken) == {"a", "b", "c@1", "c@2", "c", "d@1", "d", "e"}
    whats = [problem.what for problem in found.problems]
    assert whats[1] == "stages.b.foreach: expected a list or a mapping, found 'abc'"
    assert whats[4] == "stages.'d@1'.vars[0]: 'item' stands for what the stage is generated from"


def test_lists_at_the_top_are_resolved_when_they_are_asked_for() -> None:
    found = load("""\
        metrics: ['${langs[0]}.json']
        params: ['${nowhere}']
        plots: [{'${langs[1]}': {x: '${name}', y: {a.csv: ['${name}']}}}]
        artifacts: {'${langs[0]}': {path: 'm${n}'}}
        stages: {s: {cmd: x}}
        """)
    assert not found.problems
    content = found.contents["dvc.yaml"]
    assert content.section("metrics") == ["de.json"]
    assert content.section("plots") == [{"fr": {"x": "a b", "y": {"a.csv": ["a b"]}}}]
    assert content.section("artifacts") == {"de": {"path": "m3"}}
    assert content.section("datasets") is None
    with pytest.raises(FormatError, match=r"params\[0\]: there is no 'nowhere'"):
        content.section("params")


def test_without_any_expression_params_yaml_is_not_even_read() -> None:
    found = load("stages: {s: {cmd: x}}", params="[")
    assert not found.problems
    assert "params.yaml" in load("stages: {s: {cmd: 'x ${n}'}}", params="[").problems[0].message


# --- what a hostile file could do


def test_the_number_of_generated_stages_is_limited() -> None:
    ten = "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]"
    axes = ", ".join(f"a{number}: {ten}" for number in range(9))
    found = load(f"stages: {{s: {{matrix: {{{axes}}}, cmd: x}}}}")
    assert found.problems[0].what == "stages.s.matrix: makes more than 10,000 stages"


def test_the_text_that_expressions_make_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(template, "MOST_CHARACTERS", 1024**2)
    text = "stages: {s: {cmd: 'x " + "${big}" * 20_000 + "'}}"
    found = load(text, params=f"big: {'x' * 60_000}\n")
    assert "makes more than 1 MiB of text" in found.problems[0].what


def test_a_long_expression_is_refused_at_once() -> None:
    found = load("stages: {s: {cmd: 'x ${a" + " " * 500_000 + "[}'}}")
    assert "is not like" in found.problems[0].what


@pytest.mark.parametrize("deep", ["json", "yaml"])
def test_deep_nesting_is_an_error_not_a_crash(deep: str) -> None:
    value = "[" * 900 + "]" * 900 if deep == "json" else "[" * 60 + "]" * 60
    text = f"vars: [v.{deep}]\nplots: ['${{a}}']\nstages: {{s: {{cmd: 'x ${{a}}'}}}}"
    found = load(text, files={f"v.{deep}": f'{{"a": {value}}}'})
    assert len(found.problems) == 1
    with pytest.raises(FormatError):
        found.contents["dvc.yaml"].section("plots")


def test_the_check_knows_every_key_of_a_stage() -> None:
    """A key that may stand in ``dvc.yaml`` and is not looked at here would get lost."""
    assert set(definitions._STAGE) == {
        "cmd", "wdir", "deps", "params", "vars", "outs", "metrics", "plots", "frozen",
        "always_changed", "desc", "meta", "matrix",
    }  # fmt: skip
