"""The stat cache: packing, the racy rule, and files that vanish, lock or rot."""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_dvc.store import state as states
from git_dvc.store.state import NEVER, Entry, Placed, State, entry_of, is_clean

A, B = "a" * 32, "b" * 32
SIGNED = st.integers(-(2**63), 2**63 - 1)
UNSIGNED = st.integers(0, 2**64 - 1)
ENTRIES = st.tuples(
    st.integers(0, 16**32 - 1).map(lambda n: f"{n:032x}"),
    SIGNED,
    SIGNED,
    SIGNED,
    UNSIGNED,
    UNSIGNED,
)
NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1) | (
    st.binary(min_size=1, max_size=6)
    .filter(lambda raw: b"\0" not in raw)
    .map(lambda raw: raw.decode("utf-8", "surrogateescape"))
)


@given(st.dictionaries(NAMES, ENTRIES, max_size=5) | st.builds(lambda e: {"": e}, ENTRIES))
def test_what_is_packed_is_unpacked(entries: dict[str, Entry]) -> None:
    assert states.unpack(states.pack(entries)) == entries


@given(st.dictionaries(NAMES, ENTRIES, min_size=1, max_size=3), st.data())
def test_a_cut_record_is_an_error(entries: dict[str, Entry], data: st.DataObject) -> None:
    blob = states.pack(entries)
    cut = data.draw(st.integers(0, len(blob) - 1))
    for damaged in (blob[:cut], blob + b"x", b"", b"XXXX" + blob[4:]):
        with pytest.raises(ValueError, match="record"):
            states.unpack(damaged)


@given(st.binary(max_size=100))
def test_any_bytes_are_a_record_or_a_value_error(blob: bytes) -> None:
    try:
        states.unpack(blob)
    except ValueError:
        pass


# -- the racy rule ------------------------------------------------------------------------


def old_file(path: Path, text: str = "x", age_s: float = 10) -> Path:
    path.write_text(text)
    past = time.time_ns() - int(age_s * 1e9)
    past += not past % 1_000_000_000
    os.utime(path, ns=(past, past))
    return path


def test_a_file_that_rests_is_clean(tmp_path: Path) -> None:
    path = old_file(tmp_path / "f")
    entry = entry_of(A, os.lstat(path), time.time_ns())
    assert is_clean(entry, os.lstat(path))


def test_a_file_written_in_the_tick_it_was_hashed_in_is_not_trusted(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_text("one")
    found = os.lstat(path)
    entry = entry_of(A, found, found.st_mtime_ns)
    assert entry[2] == NEVER and not is_clean(entry, found)


def test_whole_seconds_mean_a_coarse_clock(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_text("one")
    second = int(time.time() - 100) * 1_000_000_000
    os.utime(path, ns=(second, second))
    found = os.lstat(path)
    assert entry_of(A, found, second + 1_900_000_000)[2] == NEVER
    assert entry_of(A, found, second + 2_100_000_000)[2] == second


def test_a_file_from_the_future_is_not_trusted(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_text("one")
    later = time.time_ns() + 3600 * 10**9
    os.utime(path, ns=(later, later))
    assert entry_of(A, os.lstat(path), time.time_ns())[2] == NEVER


def test_each_kind_of_change_is_seen(tmp_path: Path) -> None:
    path = old_file(tmp_path / "f", "one")
    entry = entry_of(A, os.lstat(path), time.time_ns())
    mtime = os.lstat(path).st_mtime_ns

    path.write_text("two")
    assert not is_clean(entry, os.lstat(path))
    os.utime(path, ns=(mtime, mtime))
    assert not is_clean(entry, os.lstat(path)), "a restored mtime is caught by the ctime"

    old_file(path, "longer")
    os.utime(path, ns=(mtime, mtime))
    assert not is_clean(entry, os.lstat(path))

    other = old_file(tmp_path / "g", "two")
    os.utime(other, ns=(mtime, mtime))
    os.replace(other, path)
    assert not is_clean(entry, os.lstat(path)), "another inode"


def test_a_hard_link_that_comes_or_goes_elsewhere_does_not_dirty_a_file(tmp_path: Path) -> None:
    path = old_file(tmp_path / "f")
    os.link(path, tmp_path / "object")
    entry = entry_of(A, os.lstat(path), time.time_ns())
    os.link(path, tmp_path / "elsewhere")
    assert is_clean(entry, os.lstat(path))


# -- the databases --------------------------------------------------------------------------


def opened(folder: Path) -> State:
    return State(str(folder / "own"), str(folder / "shared"))


def placed(relpath: str = "data", **entries: Entry) -> Placed:
    return Placed(relpath, A, "md5", relpath + ".dvc", dict(entries))


ENTRY: Entry = (A, 1, 2, 3, 4, 5)


def test_records_are_kept_and_forgotten(tmp_path: Path) -> None:
    state = opened(tmp_path)
    assert state.headers() == {} and state.placed("data") is None
    state.save([placed(x=ENTRY), placed("é")])
    state.close()
    state = opened(tmp_path)
    assert set(state.headers()) == {"data", "é"}
    assert state.headers()["data"] == ("data", A, "md5", "data.dvc")
    found = state.placed("data")
    assert found is not None and found.entries == {"x": ENTRY} and found.hash == A
    state.save([], ["data"])
    assert set(opened(tmp_path).headers()) == {"é"}


def test_looking_makes_no_file(tmp_path: Path) -> None:
    state = opened(tmp_path)
    state.headers()
    state.object_stats("md5", [A])
    state.close()
    assert not list(tmp_path.iterdir())


def test_what_a_reader_learned_gives_way_to_what_a_writer_did(tmp_path: Path) -> None:
    state, other = opened(tmp_path), opened(tmp_path)
    state.save([placed(x=ENTRY)])
    seen = state.placed("data")
    assert seen is not None
    newer = other.placed("data")
    assert newer is not None
    newer.hash = B
    other.save([newer])
    seen.entries = {}
    state.refresh(seen)
    kept = opened(tmp_path).placed("data")
    assert kept is not None and kept.hash == B and kept.entries == {"x": ENTRY}


def test_refresh_stores_what_was_learned(tmp_path: Path) -> None:
    state = opened(tmp_path)
    state.save([placed(x=ENTRY)])
    seen = state.placed("data")
    assert seen is not None
    seen.entries = {"y": ENTRY}
    state.refresh(seen)
    kept = opened(tmp_path).placed("data")
    assert kept is not None and kept.entries == {"y": ENTRY}


@pytest.mark.parametrize("count", [1, 700, 20_500])
def test_objects_are_remembered(tmp_path: Path, count: int) -> None:
    state = opened(tmp_path)
    stats = {f"{n:032x}": (n, n + 1, n + 2) for n in range(count)}
    state.remember_objects("md5", stats)
    found = opened(tmp_path).object_stats("md5", [*stats, B])
    assert found == stats
    assert opened(tmp_path).object_stats("xxh128", [A]) == {}


DAMAGE = {
    "not a database": b"these are not the bytes of a database" * 50,
    "empty": b"",
    "cut": None,
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_database_is_made_anew(tmp_path: Path, name: str) -> None:
    state = opened(tmp_path)
    state.save([placed(x=ENTRY)])
    state.remember_objects("md5", {A: (1, 2, 3)})
    state.close()
    files = [tmp_path / "own" / "placed.db", tmp_path / "shared" / "objects-md5.db"]
    for path in files:
        damage = DAMAGE[name]
        path.write_bytes(path.read_bytes()[:5000] if damage is None else damage)
    state = opened(tmp_path)
    assert state.placed("data") is None and state.headers() == {}
    assert state.object_stats("md5", [A]) == {}
    state.close()
    for _ in range(2):  # the first may only find the damage
        state = opened(tmp_path)
        state.save([placed(x=ENTRY)])
        state.remember_objects("md5", {A: (1, 2, 3)})
        state.close()
    state = opened(tmp_path)
    assert set(state.headers()) == {"data"} and state.object_stats("md5", [A]) == {A: (1, 2, 3)}


def test_a_damaged_record_is_no_record(tmp_path: Path) -> None:
    state = opened(tmp_path)
    state.save([placed(x=ENTRY)])
    state.close()
    for blob in (b"junk", None, 5, "text"):
        database = sqlite3.connect(tmp_path / "own" / "placed.db")
        database.execute("UPDATE placed SET files = ?", (blob,))
        database.commit()
        database.close()
        assert opened(tmp_path).placed("data") is None


def test_another_schema_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    database = sqlite3.connect(tmp_path / "own" / "placed.db")
    database.execute("CREATE TABLE placed (other TEXT)")
    database.execute("PRAGMA user_version = 77")
    database.commit()
    database.close()
    state = opened(tmp_path)
    state.save([placed(x=ENTRY)])
    assert set(opened(tmp_path).headers()) == {"data"}


def test_where_nothing_can_be_written_work_goes_on(tmp_path: Path) -> None:
    (tmp_path / "own").write_text("a file where the directory should be")
    (tmp_path / "shared").write_text("likewise")
    state = opened(tmp_path)
    state.save([placed(x=ENTRY)])
    state.remember_objects("md5", {A: (1, 2, 3)})
    assert state.headers() == {} and state.object_stats("md5", [A]) == {}


def test_a_database_that_another_process_keeps_locked_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(tmp_path).save([placed(x=ENTRY)])
    holder = sqlite3.connect(tmp_path / "own" / "placed.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda path, **kw: connect(path, **{**kw, "timeout": 0})
    )
    state = opened(tmp_path)
    assert state.headers() == {} and state.placed("data") is None
    state.save([placed("other")])
    holder.execute("ROLLBACK")
    assert set(opened(tmp_path).headers()) == {"data"}, "locked is not damaged: it stays"


# -- what was begun -------------------------------------------------------------------------

NAMED = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)


def begin(state: State, relpath: str, value: str = A) -> None:
    state.begin(states.Header(relpath, value, "md5", relpath + ".dvc"))


def test_what_was_begun_is_known_until_its_record_is_stored(tmp_path: Path) -> None:
    state = opened(tmp_path)
    assert state.begun() == {}
    for relpath, value in (("data", A), ("data", B), ("a b\n", A)):
        begin(state, relpath, value)
    found = opened(tmp_path).begun()
    assert [header.hash for header in found["data"]] == [A, B]
    assert found["a b\n"] == [("a b\n", A, "md5", "a b\n.dvc")]
    state.save([placed("data")])
    assert opened(tmp_path).begun().keys() == {"a b\n"}
    state.save([], ["a b\n"])
    assert state.begun() == {} and not (tmp_path / "own" / "begun").exists()


def test_what_was_begun_stays_while_the_record_cannot_be_stored(tmp_path: Path) -> None:
    state = opened(tmp_path)
    begin(state, "data")
    (tmp_path / "own" / "placed.db").mkdir()
    state.save([placed("data")])
    assert state.begun().keys() == {"data"}


def test_a_line_that_a_full_disk_cut_is_passed_over(tmp_path: Path) -> None:
    state = opened(tmp_path)
    begin(state, "data")
    path = tmp_path / "own" / "begun"
    path.write_bytes(path.read_bytes() + b"zz not hex\n\xff\n" + path.read_bytes()[:9])
    assert state.begun().keys() == {"data"}


@given(NAMED)
def test_any_name_can_be_begun(tmp_path_factory: pytest.TempPathFactory, relpath: str) -> None:
    state = opened(tmp_path_factory.mktemp("s"))
    begin(state, relpath)
    assert state.begun().keys() == {relpath}
