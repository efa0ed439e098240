"""What ``dvc.yaml`` may say and means, ours beside the original's, on files of all kinds."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from git_dvc.errors import FormatError
from git_dvc.formats import definitions, yamltext
from git_dvc.pipeline.template import Parsing, Template
from tests.formats.test_definitions import INVALID, VALID
from tests.interop.conftest import NAMED_DVC
from tests.interop.harness import python_of
from tests.interop.resolve_dvc import TOP

Ask = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    """Return a function that asks the original what a ``dvc.yaml`` means."""
    python = python_of(NAMED_DVC) if NAMED_DVC else None
    if python is None:
        pytest.skip("no dvc here that is a script of a Python")
    process = subprocess.Popen(
        [python, str(Path(__file__).with_name("resolve_dvc.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd="/",
    )
    assert process.stdin is not None and process.stdout is not None

    def ask(case: dict[str, Any]) -> dict[str, Any]:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(json.dumps(case) + "\n")
        process.stdin.flush()
        found: dict[str, Any] = json.loads(process.stdout.readline())
        return found

    yield ask
    process.stdin.close()
    process.wait(60)


def ours(case: dict[str, Any]) -> dict[str, Any]:
    """Return the same of our code."""
    files: dict[str, str] = case["files"]

    def values(path: str) -> Any:
        return (yamltext.parse(files[path]) or {}) if path in files else None

    try:
        content = definitions.check(yamltext.parse(files["dvc.yaml"]))
        template = Template(content, "", values, Parsing(**case.get("parsing", {})))
        made = list(template.stages())
    except FormatError as problem:
        return {"refused": problem.message}

    def section(key: str) -> Any:
        try:
            found = template.section(key)
        except FormatError:
            return None
        return ({} if key == "artifacts" else []) if found is None else found

    return {
        "stages": {one.name: one.definition for one in made},
        "groups": {one.name for one in made if one.problem and not one.group},
        "used": {
            one.name: {path: sorted(keys) for path, keys in one.used.items()}
            for one in made
            if one.definition is not None
        },
        "top": {key: section(key) for key in TOP},
    }


def assert_same(case: dict[str, Any], ask: Ask) -> None:
    theirs, mine = ask(case), json.loads(json.dumps(ours(case), default=sorted))
    if "refused" in theirs:
        # Where the original gives up on all of the file, we may give up on a part of it.
        assert "refused" in mine or None in mine["stages"].values(), (case, theirs, mine)
        return
    assert "refused" not in mine, (case, theirs, mine)
    expected = {
        # A command that is no text fails when it runs; here it is an error of its own.
        name: None if stage is None or isinstance(stage["cmd"], dict) else stage
        for name, stage in theirs["stages"].items()
    }
    for name in mine["groups"]:
        members = [one for one in expected if one == name or one.startswith(f"{name}@")]
        assert not any(expected.pop(one) for one in members), (case, theirs, mine)
        del mine["stages"][name]
    for stage in expected.values():
        if stage is not None and "desc" in stage:
            desc = stage["desc"]
            stage["desc"] = str(desc).lower() if isinstance(desc, bool) else str(desc)
    assert mine["stages"] == expected, (case, theirs)
    assert mine["top"] == theirs["top"], case
    if None not in theirs["stages"].values():  # else it notes what the failed one used, too
        assert mine["used"] == theirs["used"], case


# --- random files

NAMES = st.sampled_from(["a", "b", "c d", "lr", "item"])
SCALARS = st.one_of(
    st.booleans(),
    st.none(),
    st.integers(-5, 50),
    st.sampled_from([0.1, 1e-05, 3.0, 1e20]),
    st.sampled_from(["x", "y z", "it's", "a,b", "$q", "0", "true"]),
)
NESTED = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=6,
)
STEPS = st.sampled_from([".a", ".b", "[0]", "[1]", "[-1]", ".lr", " . c d", "[a]", ".0", ".1"])
EXPRESSIONS = st.builds(
    lambda name, steps: "${" + name + "".join(steps) + "}",
    st.sampled_from(["a", "b", "c d", "lr", "item", "key", " a ", "", "."]),
    st.lists(STEPS, max_size=2),
)
TEXTS = st.lists(
    st.one_of(EXPRESSIONS, st.sampled_from(["x", " ", "\\", "\\${a}", "${", "}", "$", "-"])),
    min_size=1,
    max_size=3,
).map("".join)
WORDS = st.one_of(TEXTS, st.sampled_from(["p", "q"]))


@st.composite
def stages(draw: st.DrawFn) -> dict[str, Any]:
    lines = TEXTS.map(lambda text: f"run {text}")
    found: dict[str, Any] = {"cmd": draw(st.one_of(lines, st.lists(lines, min_size=1)))}
    if draw(st.booleans()):
        found["deps"] = draw(st.lists(WORDS, max_size=2))
    if draw(st.booleans()):
        flagged = st.builds(lambda path, desc: {path: {"desc": desc}}, WORDS, WORDS)
        found["outs"] = draw(st.lists(st.one_of(WORDS, flagged), max_size=2))
    if draw(st.integers(0, 3)) == 0:
        found["meta"] = {"m": draw(WORDS), draw(WORDS): [draw(WORDS)]}
        found["desc"] = draw(WORDS)
    if draw(st.integers(0, 3)) == 0:
        found["vars"] = draw(VARS)
    return found


VARS = st.lists(
    st.one_of(
        st.dictionaries(NAMES, NESTED, max_size=2),
        st.sampled_from(
            ["v.yaml", "v.yaml:a", "v.yaml:b,lr", "./v.yaml", "params.yaml", "no.yaml"]
        ),
    ),
    max_size=2,
)
EACH = st.one_of(
    EXPRESSIONS,
    st.lists(st.one_of(WORDS, SCALARS, st.just({"a": "${a}", "b": [1, "${b}"]})), max_size=3),
    st.dictionaries(st.sampled_from(["k1", "k2", 3]), st.one_of(WORDS, NESTED), max_size=2),
)
AXES = st.dictionaries(
    st.sampled_from(["a", "m"]),
    st.one_of(EXPRESSIONS, st.lists(st.one_of(WORDS, SCALARS, st.just({"a": 1})), max_size=2)),
    min_size=1,
    max_size=2,
)
DEFINITIONS = st.one_of(
    stages(),
    st.builds(lambda each, do: {"foreach": each, "do": do}, EACH, stages()),
    st.builds(lambda axes, stage: {"matrix": axes, **stage}, AXES, stages()),
)


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    content: dict[str, Any] = {
        "stages": draw(st.dictionaries(st.sampled_from(["s", "t"]), DEFINITIONS, min_size=1))
    }
    if draw(st.booleans()):
        content["vars"] = draw(VARS)
    if draw(st.booleans()):
        content |= {
            "metrics": draw(st.lists(WORDS, max_size=2)),
            "plots": draw(st.lists(st.builds(lambda x: {"p": {"x": x}}, WORDS), max_size=1)),
            "artifacts": {draw(st.sampled_from(["m", "x${a}"])): {"path": draw(WORDS)}},
        }
    files = {"dvc.yaml": content, "v.yaml": draw(st.dictionaries(NAMES, NESTED, max_size=3))}
    if draw(st.integers(0, 4)):
        files["params.yaml"] = draw(st.dictionaries(NAMES, NESTED, max_size=4))
    parsing = {"bool": "boolean_optional", "list": "append"} if draw(st.booleans()) else {}
    return {"files": {name: json.dumps(one) for name, one in files.items()}, "parsing": parsing}


@given(case=cases())
@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_random_files_mean_what_they_mean_to_dvc(ask: Ask, case: dict[str, Any]) -> None:
    assert_same(case, ask)


def test_dvc_takes_and_refuses_the_same_keys(ask: Ask) -> None:
    def refuses(text: str) -> bool:
        files = {"dvc.yaml": text, "params.yaml": "c: [1]", "c": "", "f": ""}
        return "refused" in ask({"files": files})

    assert [text for text in VALID if refuses(text)] == []
    # It takes commands that cannot be run, and keys that cannot be looked up.
    later = ("cmd: [1]", "cmd: ' '", "params: [{a: b}]")
    wrong = [text for text, _ in INVALID if not any(part in text for part in later)]
    assert [text for text in wrong if not refuses(text)] == []
