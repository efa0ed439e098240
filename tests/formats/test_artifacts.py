"""Names, versions and stages of artifacts, as tags have them."""

from __future__ import annotations

import pytest

from git_dvc.errors import FormatError
from git_dvc.formats import artifacts


@pytest.mark.parametrize(
    ("text", "folder", "name"),
    [
        ("model", "", "model"),
        ("a/b:big-model", "a/b", "big-model"),
        ("a/dvc.yaml:model", "a", "model"),
        ("dvc.yaml:model", "", "model"),
        ("./a/:model", "a", "model"),
    ],
)
def test_names_are_read_as_users_write_them(text: str, folder: str, name: str) -> None:
    assert artifacts.parse_name(text) == (folder, name)


@pytest.mark.parametrize("text", ["", "-x", "a b", "../x:m", ".git:m", "m@v1.0.0", "a:b:c"])
def test_what_cannot_be_a_name_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        artifacts.parse_name(text)


def test_versions_are_in_their_own_order() -> None:
    ordered = ["v0.9.0", "v1.0.0-alpha", "v1.0.0-alpha.1", "v1.0.0-beta.2", "v1.0.0-beta.11"]
    ordered += ["v1.0.0-rc.1", "v1.0.0", "v1.2.0", "v1.10.0", "v2.0.0"]
    tags = {f"m@{version}": version for version in sorted(ordered)}
    assert list(artifacts.tagged(artifacts.parse_name("m"), tags).versions) == ordered


def test_the_last_word_on_a_version_or_stage_counts() -> None:
    tags = {
        "m@v1.0.0": "a",
        "m@v2.0.0": "b",
        "m@v2.0.0!#5": "b",
        "m#prod#1": "a",
        "m#prod#6": "b",
        "m#dev#2": "a",
        "m#dev!#3": "a",
        "other@v9.0.0": "x",
        "m@deprecated": "x",
        "m@vnext": "x",
        "sub=m@v3.0.0": "c",
        "m-x@v4.0.0": "x",
    }
    found = artifacts.tagged(artifacts.parse_name("m"), tags)
    assert found == ({"v1.0.0": "a"}, {"prod": "b"})
    below = artifacts.tagged(artifacts.parse_name("sub:m"), tags)
    assert below == ({"v3.0.0": "c"}, {})


def test_where_an_artifact_is_stands_in_the_definitions() -> None:
    found = {"artifacts": {"m": {"path": "models/m.pkl", "type": "model"}, "n": {"type": "x"}}}
    assert artifacts.path_of(found, "m") == "models/m.pkl"
    assert artifacts.path_of(found, "x") is None
    assert artifacts.path_of(None, "m") is None
    with pytest.raises(FormatError, match="has no path"):
        artifacts.path_of(found, "n")
