"""Which objects are sent, in which order, and what is nowhere."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from git_dvc.remote.transfer import plan

FILES = st.sets(st.sampled_from([f"{n:032x}" for n in range(8)]))
MANIFESTS = st.dictionaries(
    st.sampled_from([f"{n:032x}.dir" for n in range(4)]), st.none() | FILES, max_size=4
)


def all_of(files: set[str], folders: dict[str, set[str] | None]) -> set[str]:
    return files | {v for members in folders.values() for v in members or ()} | folders.keys()


@given(FILES, MANIFESTS, st.data())
def test_sending_what_is_planned_leaves_only_what_is_missing(
    files: set[str], folders: dict[str, set[str] | None], data: st.DataObject
) -> None:
    wanted = all_of(files, folders)
    here = data.draw(st.sets(st.sampled_from(sorted(wanted)))) if wanted else set()
    here -= {value for value, members in folders.items() if members is None}
    there = data.draw(st.sets(st.sampled_from(sorted(wanted)))) if wanted else set()
    found = plan(wanted - folders.keys(), folders, wanted - there, wanted - here)
    assert not set(found.files) & folders.keys()
    assert set(found.files) | set(found.manifests) <= here - there
    assert set(found.missing) == wanted - here - there
    # Step by step, as if stopped anywhere: a manifest that we put there is whole.
    now = set(there)
    for value in [*found.files, *found.manifests]:
        now.add(value)
        members = folders.get(value)
        assert members is None or members <= now
    assert wanted - now == set(found.missing) | set(found.held_back)
    for value in found.held_back:
        members = folders[value]
        assert members is None or members & set(found.missing)


def test_a_manifest_that_cannot_be_read_is_not_sent() -> None:
    found = plan(["a"], {"b.dir": None}, ["a", "b.dir"], ["b.dir"])
    assert (found.files, found.manifests, found.missing) == (["a"], [], ["b.dir"])


def test_nothing_to_do() -> None:
    assert plan(["a"], {"b.dir": {"a"}}, [], []).is_done
    assert not plan(["a"], {}, ["a"], ["a"]).is_done
