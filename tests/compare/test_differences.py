from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from git_dvc.compare import differences


def between(old: Any, new: Any, *, unchanged: bool = False) -> Any:
    versions = [("old", {"f": old}), ("new", {"f": new})]
    return differences.between(versions, unchanged=unchanged).get("f", {})


def test_nested_keys_lists_and_kinds() -> None:
    old = {"a": {"b": 1, "c": [1, 2]}, "gone": None, "was": "x", "t": True, "e": {}}
    new = {"a": {"b": 3, "c": [1]}, "came": 0.5, "was": 2, "t": False, "e": {}}
    assert between(old, new) == {
        "a.b": {"old": 1, "new": 3, "diff": 2},
        "a.c": {"old": "[1, 2]", "new": "[1]"},
        "came": {"old": None, "new": 0.5},
        "was": {"old": "x", "new": 2},
        "t": {"old": True, "new": False, "diff": -1},
    }
    assert between(old, old) == {}
    assert set(between(old, old, unchanged=True)) == {"a.b", "a.c", "gone", "was", "t"}


def test_files_that_hold_one_value() -> None:
    assert between(0.5, 0.75) == {"": {"old": 0.5, "new": 0.75, "diff": 0.25}}
    assert between("0.5", "0.75") == {"": {"old": 0.5, "new": 0.75, "diff": 0.25}}
    assert between("x", "y") == {"": {"old": "x", "new": "y"}}
    assert between([1], [2]) == {"": {"old": 1, "new": 2, "diff": 1}}
    assert between({}, 0.5) == {"": {"old": None, "new": 0.5}}
    assert between({"a": 1}, 2) == {
        "": {"old": None, "new": 2},
        "a": {"old": 1, "new": None},
    }
    assert between("[" * 10_000, "x")[""]["new"] == "x"


def test_odd_numbers() -> None:
    nan = float("nan")
    assert between({"a": nan}, {"a": nan}) == {}
    assert "diff" not in between({"a": 10**400}, {"a": 0.5})["a"]


def test_a_file_that_one_version_lacks_and_more_than_two_versions() -> None:
    versions = [
        ("one", {"f": {"a": 1}}),
        ("two", {"f": {"a": 2}, "g": {"b": 1}}),
        ("three", {"f": {"a": 1}}),
    ]
    assert differences.between(versions) == {
        "f": {"a": {"old": 1, "new": 1, "diff": 0, "values": {"one": 1, "two": 2, "three": 1}}},
        "g": {"b": {"old": None, "new": None, "values": {"one": None, "two": 1, "three": None}}},
    }


SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["", "1", "[1]"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab."), inner),
    max_leaves=5,
)


@given(VALUES, VALUES)
def test_all_values_can_be_compared(old: Any, new: Any) -> None:
    assert between(old, old) == {}
    turned = {key: (one["new"], one["old"]) for key, one in between(new, old).items()}
    assert repr({key: (one["old"], one["new"]) for key, one in between(old, new).items()}) == repr(
        turned
    )
