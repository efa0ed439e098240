"""Deciding what to do, on values alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from git_dvc.workspace import changes

MANIFESTS = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("012").map(lambda c: c * 32))


@given(MANIFESTS, MANIFESTS)
def test_applying_the_changes_gives_the_new_manifest(
    old: dict[str, str], new: dict[str, str]
) -> None:
    change = changes.between(old, new)
    kept = {path: value for path, value in old.items() if path not in change.delete}
    assert kept | change.write == new


@given(MANIFESTS, MANIFESTS)
def test_the_changes_are_the_smallest(old: dict[str, str], new: dict[str, str]) -> None:
    change = changes.between(old, new)
    assert all(old.get(path) != value for path, value in change.write.items())
    assert change.delete <= old.keys() and not change.delete & change.write.keys()


def test_nothing_changes_between_equal_manifests() -> None:
    assert changes.between({"a": "0"}, {"a": "0"}) == changes.Changes({}, frozenset())


@given(MANIFESTS, MANIFESTS)
def test_a_difference_accounts_for_every_path_once(
    old: dict[str, str], new: dict[str, str]
) -> None:
    found = changes.difference(old, new)
    gone = sorted(found.deleted + [source for source, _ in found.renamed])
    come = sorted(found.added + [target for _, target in found.renamed])
    assert gone == sorted(old.keys() - new.keys())
    assert come == sorted(new.keys() - old.keys())
    assert found.modified == sorted(p for p in old.keys() & new.keys() if old[p] != new[p])
    assert all(old[source] == new[target] for source, target in found.renamed)
    for paths in (found.added, found.deleted, found.modified, found.renamed):
        assert paths == sorted(paths)
    left = {old[path] for path in found.deleted} & {new[path] for path in found.added}
    assert not left, "a rename was missed"


def test_renames_are_paired_in_order_and_can_be_left_out() -> None:
    old, new = {"a": "0", "b": "0", "c": "1"}, {"x": "0", "y": "0", "z": "0", "c": "2"}
    found = changes.difference(old, new)
    assert found.renamed == [("a", "x"), ("b", "y")]
    assert (found.added, found.deleted, found.modified) == (["z"], [], ["c"])
    plain = changes.difference(old, new, renames=False)
    assert plain.renamed == []
    assert (plain.added, plain.deleted) == (["x", "y", "z"], ["a", "b"])
