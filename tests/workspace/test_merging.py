"""Merging listings of files, against a merge that is written down path by path."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from git_dvc import relpaths
from git_dvc.workspace import merging
from git_dvc.workspace.merging import Conflict, Merge

Files = dict[str, str]

PATHS = st.sampled_from(
    ["a", "A", "a/b", "a/b/c", "a/d", "b", "b~theirs", "b~theirs_1", "b~theirs/x", "c", "d/e", "d"]
)


@st.composite
def listings(draw: st.DrawFn) -> Files:
    """Return a listing in which nothing is both a file and a directory."""
    found: Files = {}
    for path in draw(st.lists(PATHS, max_size=8)):
        folders = {*relpaths.parents(found)}
        if path in folders or any(folder in found for folder in relpaths.parents([path])):
            continue
        found[path] = draw(st.sampled_from("0123"))
    return found


@st.composite
def versions(draw: st.DrawFn) -> tuple[Files, Files, Files]:
    """Return a base and two versions, which keep much of it."""
    base = draw(listings())
    sides = []
    for _ in range(2):
        side = {path: value for path, value in base.items() if draw(st.integers(0, 3))}
        for path, value in draw(listings()).items():
            clash = path in relpaths.parents(side) or relpaths.parents([path]) & side.keys()
            if not clash:
                side[path] = value
        sides.append(side)
    return base, sides[0], sides[1]


def merged(base: Files, ours: Files, theirs: Files, **choices: str) -> Merge:
    return merging.merge(ours, *merging.changes_from(base, theirs), choices)


def expected(base: Files, ours: Files, theirs: Files) -> tuple[Files, set[str]]:
    """Return the plain three-way merge of each path by itself, and the paths in conflict."""
    files, disputed = {}, set()
    for path in {*base, *ours, *theirs}:
        b, o, t = base.get(path), ours.get(path), theirs.get(path)
        if o == t or t == b:
            value = o
        elif o == b:
            value = t
        else:
            value = o
            disputed.add(path)
        if value is not None:
            files[path] = value
    return files, disputed


def under(path: str, roots: set[str]) -> bool:
    return any(path == root or path.startswith(root + "/") for root in roots)


@given(versions())
def test_every_path_merges_as_it_would_alone(sides: tuple[Files, Files, Files]) -> None:
    base, ours, theirs = sides
    found = merged(base, ours, theirs)
    files, disputed = expected(base, ours, theirs)
    asides = {conflict.aside for conflict in found.conflicts if conflict.aside}
    clashes = {conflict.path for conflict in found.conflicts if conflict.clash}

    def plain(listing: Files) -> Files:
        return {p: v for p, v in listing.items() if not under(p, clashes) and not under(p, asides)}

    assert plain(found.files) == plain(files)
    told = {conflict.path for conflict in found.conflicts}
    assert {path for path in disputed if not under(path, clashes)} == told - clashes
    # A clash is told exactly where the two, merged alone, would not fit beside each other.
    alone = {**files, **{p: theirs[p] for p in disputed if p not in ours and p in theirs}}
    assert clashes == {p for p in alone if p in relpaths.parents(alone)}


@example(({"b": "1", "b~theirs": "0"}, {}, {"b": "0", "b~theirs": "0"}))
@given(versions())
def test_the_result_is_a_listing_and_loses_nothing(sides: tuple[Files, Files, Files]) -> None:
    base, ours, theirs = sides
    found = merged(base, ours, theirs)
    relpaths.check_tree(found.files)
    for path, value in ours.items():  # ours keeps its place unless theirs alone changed it
        assert found.files.get(path) == value or base.get(path) == value
    for path, value in theirs.items():
        if base.get(path) == value:
            continue
        places = [path]
        for conflict in found.conflicts:
            if under(path, {conflict.path}) and conflict.aside:
                places.append(conflict.aside + path[len(conflict.path) :])
        assert value in [found.files.get(place) for place in places]
    # A name that they left alone and we removed is free.
    theirs_own = [path for path, value in theirs.items() if base.get(path) != value]
    taken = {path.casefold() for path in (*ours, *theirs_own)}
    asides = [conflict.aside.casefold() for conflict in found.conflicts if conflict.aside]
    assert len(set(asides)) == len(asides) and not taken & set(asides)
    now = {path: value for path, value in ours.items() if path not in found.deleted}
    assert {**now, **found.written} == found.files
    assert all(ours.get(path) != value for path, value in found.written.items())


@given(versions())
def test_the_other_way_round_the_same_conflicts(sides: tuple[Files, Files, Files]) -> None:
    base, ours, theirs = sides
    one, other = merged(base, ours, theirs), merged(base, theirs, ours)
    assert [c.path for c in one.conflicts] == [c.path for c in other.conflicts]
    if not one.conflicts:
        assert one.files == other.files


@given(versions(), st.sampled_from(["ours", "theirs", "union", "base"]), st.data())
def test_choices_settle_one_conflict_each(
    sides: tuple[Files, Files, Files], choice: str, data: st.DataObject
) -> None:
    base, ours, theirs = sides
    before = merged(base, ours, theirs)
    if not before.conflicts:
        return
    chosen = data.draw(st.sampled_from(before.conflicts))
    after = merging.merge(ours, *merging.changes_from(base, theirs), {chosen.path: choice})
    assert after.conflicts == [c for c in before.conflicts if c.path != chosen.path]
    relpaths.check_tree(after.files)
    if choice in ("ours", "theirs") and not chosen.clash:
        wanted = chosen.ours if choice == "ours" else chosen.theirs
        assert after.files.get(chosen.path) == wanted
    if choice in ("ours", "theirs", "base"):
        assert not any(under(path, {chosen.aside}) for path in after.files if chosen.aside)
    rest = (chosen.path, chosen.aside or chosen.path)
    same = {p: v for p, v in after.files.items() if not under(p, set(rest))}
    assert same == {p: v for p, v in before.files.items() if not under(p, set(rest))}


@given(versions())
def test_one_choice_for_all_leaves_no_conflict(sides: tuple[Files, Files, Files]) -> None:
    base, ours, theirs = sides
    for choice in ("ours", "theirs", "union", "base"):
        found = merging.merge(ours, *merging.changes_from(base, theirs), default=choice)
        assert found.conflicts == []
        relpaths.check_tree(found.files)


@given(listings(), listings())
def test_what_only_one_side_changed_is_taken(base: Files, changed: Files) -> None:
    assert merged(base, base, changed).files == changed
    assert merged(base, changed, base).files == changed
    assert merged(base, changed, changed) == Merge(changed, [], {}, frozenset())


def test_both_sides_of_a_conflict_stand_beside_each_other() -> None:
    base = {"a": "1", "b": "1", "c": "1", "d": "1", "e": "1"}
    ours = {"a": "2", "b": "1", "c": "3", "e": "5", "n": "1"}
    theirs = {"a": "1", "b": "4", "c": "5", "d": "6", "n": "2"}
    found = merged(base, ours, theirs)
    assert found.files == {
        "a": "2",
        "b": "4",
        "c": "3",
        "c~theirs": "5",
        "d~theirs": "6",
        "e": "5",
        "n": "1",
        "n~theirs": "2",
    }
    assert found.conflicts == [
        Conflict("c", "1", "3", "5", "c~theirs"),
        Conflict("d", "1", None, "6", "d~theirs"),
        Conflict("e", "1", "5", None, ""),
        Conflict("n", None, "1", "2", "n~theirs"),
    ]
    assert [conflict.why for conflict in found.conflicts] == [
        "changed on both sides",
        "deleted by ours, changed by theirs",
        "changed by ours, deleted by theirs",
        "added on both sides",
    ]


@pytest.mark.parametrize(
    ("ours", "theirs", "files"),
    [
        ({"x": "1"}, {"x/a": "2", "x/b": "3"}, {"x": "1", "x~theirs/a": "2", "x~theirs/b": "3"}),
        ({"x/a": "2", "x/b": "3"}, {"x": "1"}, {"x/a": "2", "x/b": "3", "x~theirs": "1"}),
        ({"x/y": "2"}, {"x/y/z": "3"}, {"x/y": "2", "x/y~theirs/z": "3"}),
    ],
)
def test_a_file_against_a_directory(ours: Files, theirs: Files, files: Files) -> None:
    found = merged({}, ours, theirs)
    assert found.files == files
    assert [conflict.clash for conflict in found.conflicts] == [True]
    root = found.conflicts[0].path
    assert merged({}, ours, theirs, **{root: "ours"}).files == ours
    assert merged({}, ours, theirs, **{root: "theirs"}).files == theirs
    assert merged({}, ours, theirs, **{root: "union"}).files == files


def test_a_taken_name_is_passed_over() -> None:
    base = {"x": "1", "x~theirs": "7"}
    ours = {**base, "x": "2"}
    theirs = {**base, "x": "3", "X~Theirs_1": "8"}
    assert merged(base, ours, theirs).files["x~theirs_2"] == "3"


def test_a_long_name_stays_one_that_the_disk_takes() -> None:
    name = "ü" * 127
    found = merged({}, {name: "1"}, {name: "2"})
    aside = found.conflicts[0].aside
    assert len(aside.encode()) <= 255 and aside.endswith("~theirs")
    relpaths.check_all(found.files)


def test_a_content_of_ones_own_settles_a_conflict_too() -> None:
    assert merged({}, {"x": "1"}, {"x": "2"}, x="=3").files == {"x": "3"}
    assert merged({}, {"x": "1"}, {"x": "2"}, x="=").files == {}
    assert merged({}, {"x": "1"}, {"x/y": "2"}, x="=3").files == {"x": "3"}
