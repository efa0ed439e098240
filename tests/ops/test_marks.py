from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from git_dvc.ops.marks import UNMARKED, YOUNG, Inventory, Listed, number_of
from git_dvc.remote.base import Stored

HASHES = st.text("0123456789abcdef", min_size=32, max_size=32)


@given(st.sets(HASHES, max_size=40), st.sets(HASHES, max_size=40), st.data())
def test_what_is_named_stays_and_all_else_goes(
    there: set[str], absent: set[str], data: st.DataObject
) -> None:
    found = data.draw(st.permutations(sorted(there)))
    named = data.draw(st.sets(st.sampled_from(sorted(there)))) if there else set()
    inventory = Inventory((Stored(value, 3, 0.0) for value in found), 1.0)
    inventory.mark([number_of(value) for value in named | absent], 1)
    prefixes = {value[:16] for value in named | absent}
    stays = {value for value in there if value[:16] in prefixes}
    assert set(inventory.marked()) == stays
    assert set(inventory.values(UNMARKED)) == there - stays
    assert inventory.total(UNMARKED) == (len(there - stays), 3 * len(there - stays))
    assert all(inventory.mark_of(value) == (1 if value in stays else 0) for value in there)
    assert all(inventory.mark_of(value) is None for value in absent - there)


def test_objects_that_begin_alike_stay_together() -> None:
    one, two = "ab" * 8 + "0" * 16, "ab" * 8 + "f" * 16
    inventory = Inventory([Stored(two, 1, 0.0), Stored(one, 1, 0.0)], 1.0)
    inventory.mark([number_of(one)], 1)
    assert sorted(inventory.marked()) == [one, two]


def test_one_version_after_the_other() -> None:
    values = [f"{number:032x}"[::-1] for number in range(300)]
    inventory = Inventory([Stored(value, 1, 0.0) for value in values], 1.0)
    for start in (0, 10, 20):
        inventory.mark([number_of(value) for value in values[start : start + 200]], 1)
    assert inventory.total(UNMARKED)[0] == 80
    assert inventory.claim([number_of(value) for value in values[:250]]) == (30, 30)
    assert inventory.claim([number_of(value) for value in values]) == (50, 50)
    assert inventory.claimed() == (80, 80)


def test_age_counts_only_where_nothing_names_an_object() -> None:
    listed = Listed("md5", [
        Stored("1" * 32, 1, 5.0), Stored("2" * 32, 2, 15.0), Stored("3" * 32, 4, None),
        Stored("4" * 32 + ".dir", 8, 15.0),
    ], 10.0)  # fmt: skip
    assert listed.total(UNMARKED) == (1, 1)
    assert listed.total(YOUNG) == (3, 14)
    listed.files.mark([number_of("2" * 32)], 1)
    assert list(listed.files.marked()) == ["2" * 32]
    assert list(listed.values(YOUNG)) == ["4" * 32 + ".dir", "3" * 32]
    bold = Listed("md5", [Stored("3" * 32, 4, None)], 10.0, timeless=False)
    assert bold.total(UNMARKED) == (1, 4)
