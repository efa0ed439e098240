"""What may stand in a ``dvc.yaml``; that DVC says the same is in tests/interop."""

from __future__ import annotations

import pytest

from git_dvc.errors import FormatError
from git_dvc.formats import definitions, yamltext


def check(text: str) -> str:
    """Return what is wrong; '' if nothing is."""
    try:
        definitions.check(yamltext.parse(text))
    except FormatError as problem:
        return problem.what
    return ""


VALID = [
    "",
    "stages: {}",
    "stages: {s: {cmd: [a, b], wdir: d, deps: [a], desc: x, meta: [1], frozen: true}}",
    "stages: {s: {cmd: x, params: [a, {f.json: [b]}, {g.py: }], vars: [f, {a: 1}]}}",
    "stages: {s: {cmd: x, outs: [a, {b: {cache: false, persist: true, remote: r, push: false}}]}}",
    "stages: {s: {cmd: x, metrics: [{a: {desc: d, type: t, labels: [l], meta: 1}}]}}",
    "stages: {s: {cmd: x, plots: [{a: {x: b, header: true}}, {c: [{y: d}, {cache: false}]}]}}",
    "stages: {s: {foreach: {a: 1}, do: {cmd: x}}, t: {matrix: {a: [1], b: '${c}'}, cmd: x}}",
    "plots: [a, {b: }, {c: {x: {f: g}, y: {f: [g, h], i: j}, title: t}}]",
    "artifacts: {a: {path: b, type: t, labels: [l], desc: d, meta: {}}}",
    "params: [a]\nmetrics: [b]\nvars: [c, {d: 1}]\ndatasets: [{name: a}]",
]
INVALID = [
    ("stage: {}", "stage: unknown key (did you mean 'stages'?)"),
    ("stages:", "stages: expected a mapping, found nothing"),
    ("stages: {s: {}}", "stages.s.cmd: missing"),
    ("stages: {1: {cmd: x}}", "stages: expected text as a key, found 1"),
    ("stages: {s: {cmd: [1]}}", "stages.s.cmd[0]: expected text, found 1"),
    ("stages: {s: {cmd: ' '}}", "stages.s.cmd: empty"),
    ("stages: {s: {cmd: x, deps: a}}", "stages.s.deps: expected a list, found 'a'"),
    ("stages: {s: {cmd: x, wdir: }}", "stages.s.wdir: expected text, found nothing"),
    ("stages: {s: {cmd: x, frozen: yes}}", "stages.s.frozen: expected true or false, found 'yes'"),
    ("stages: {s: {cmd: x, outs: [{a: {cach: true}}]}}",
     "stages.s.outs[0].a.cach: unknown key (did you mean 'cache'?)"),
    ("stages: {s: {cmd: x, outs: [{a: }]}}", "stages.s.outs[0].a: expected a mapping"),
    ("stages: {s: {cmd: x, params: [{a: b}]}}", "stages.s.params[0].a: expected a list, found 'b'"),
    ("stages: {s: {cmd: x, vars: [1]}}", "stages.s.vars[0]: expected a file or a mapping"),
    ("stages: {s: {do: {cmd: x}}}", "stages.s.foreach: missing, 'foreach' and 'do' go together"),
    ("stages: {s: {foreach: [], do: {cmd: x}, deps: []}}", "stages.s.deps: only 'foreach' and"),
    ("stages: {s: {foreach: 1, do: {cmd: x}}}", "stages.s.foreach: expected a list, a mapping or"),
    ("stages: {s: {matrix: {a: 1}, cmd: x}}", "stages.s.matrix.a: expected a list or ${...}"),
    ("plots: [{a: {header: true}}]", "plots[0].a.header: unknown key"),
    ("plots: [{a: {y: [1]}}]", "plots[0].a.y[0]: expected text, found 1"),
    ("artifacts: {a: {}}", "artifacts.a.path: missing"),
    ("[1]", "expected a mapping, found a list"),
]  # fmt: skip


@pytest.mark.parametrize("text", VALID)
def test_every_key_of_dvc_is_known(text: str) -> None:
    assert check(text) == ""


@pytest.mark.parametrize(("text", "what"), INVALID)
def test_what_may_not_be_there_is_named(text: str, what: str) -> None:
    assert check(text).startswith(what)
