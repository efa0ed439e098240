from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_dvc.compare import files, metrics, values
from git_dvc.errors import FormatError

PYTHON = b"""\
lr: float = 0.1
bool = True
computed = lr * 2
one, two = 1, 2
a = b = 3
import os
class Train:
    epochs = 3
    sizes = {"x": [1, (2, 3)]}
    later: int
    def __init__(self, x):
        self.layers = {1, 2}
        self.x = x
        local = 5
        x.y = 6
    def other(self):
        self.no = 1
"""


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("p.yaml", b"a: 1e-3\nb: [yes, ~]\n", {"a": 0.001, "b": ["yes", None]}),
        ("p.YML", b"", {}),
        ("p", b"a: 1", {"a": 1}),
        ("p.json", b'{"a": [1, null]}', {"a": [1, None]}),
        ("p.json", b" \n", {}),
        ("p.toml", b"[a]\nb = 1\n", {"a": {"b": 1}}),
        (
            "p.py",
            PYTHON,
            {
                "lr": 0.1,
                "bool": True,
                "Train": {"epochs": 3, "sizes": {"x": [1, (2, 3)]}, "layers": {1, 2}},
            },
        ),
    ],
)
def test_the_suffix_says_how_a_file_is_read(name: str, text: bytes, value: object) -> None:
    assert values.parse(name, text) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("p.json", b"{"),
        ("p.json", b"[" * 100_000),
        ("p.json", b'"\xff"'),
        ("p.toml", b"a = "),
        ("p.toml", b"\xff"),
        ("p.py", b"a ="),
        ("p.py", b"a = \0"),
        ("p.py", b"a = " + b"(" * 5000 + b")" * 5000),
        ("p.yaml", b"a: [1"),
    ],
)
def test_what_cannot_be_understood_is_an_error_with_the_file(name: str, text: bytes) -> None:
    with pytest.raises(FormatError) as caught:
        values.parse(name, text)
    assert caught.value.where == name


# What dvc 3.67 gives (dpath.search).
@pytest.mark.parametrize(
    ("value", "paths", "found"),
    [
        ({"a": [1, 2, 3]}, ["a.1"], {"a": [None, 2]}),
        ({"a": {"b": {"x": 1}, "c": {"x": 2}}}, ["a.*.x"], {"a": {"b": {"x": 1}, "c": {"x": 2}}}),
        ({"a": {"b": {"x": 1}}, "y": 2}, ["**.x"], {"a": {"b": {"x": 1}}}),
        ({"a": 1}, ["b"], {}),
        ({1: {"b": 2}}, ["1.b"], {1: {"b": 2}}),
        ({"a": 1}, ["a.b"], {}),
        ({"a": {"x": 1, "y": 2}, "b": 3}, ["a.x", "b", "a.x"], {"a": {"x": 1}, "b": 3}),
        ({"a": {"x": 1, "y": 2}}, ["a.x", "a"], {"a": {"x": 1, "y": 2}}),
    ],
)
def test_dotted_paths_pick_parts(value: object, paths: list[str], found: object) -> None:
    assert values.picked(value, paths) == found


NESTED = st.recursive(
    st.integers() | st.none(), lambda below: st.dictionaries(st.sampled_from("abc"), below)
)


@given(st.dictionaries(st.sampled_from("abc"), NESTED))
def test_all_keys_together_pick_everything(value: dict[str, Any]) -> None:
    assert values.picked(value, ["a", "b", "c"]) == value
    assert values.picked(value, ["**"]) == value


def test_metrics_are_numbers_and_texts() -> None:
    value = {"acc": 0.5, "l": [1], "n": None, "b": True, "in": {"t": "x", "no": []}, "e": {}}
    assert metrics.numbers(value) == {"acc": 0.5, "b": True, "in": {"t": "x"}}


def test_a_key_that_several_files_have_names_its_file() -> None:
    by_file: dict[str, Any] = {"a.json": {"x": 1, "y": 2}, "b.json": {"x": 3}, "n.json": 4}
    assert files.merged(by_file) == {"a.json:x": 1, "y": 2, "b.json:x": 3, "n.json": 4}
