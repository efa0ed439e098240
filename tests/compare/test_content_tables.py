"""Tables: which rows and columns differ, also in files that are larger than memory shall be."""

from __future__ import annotations

import csv
import io
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from git_dvc.compare.content import rows, tables, trimming
from git_dvc.compare.content.report import Table
from git_dvc.errors import FormatError
from tests.compare.contents import compared

CELL = st.text("ab,\n\" ;'", max_size=3)
ROW = st.tuples(CELL, st.sampled_from("xyz"))


def text(*lines: str) -> str:
    return "".join(f"{line}\n" for line in lines)


def written(rows_: list[tuple[str, ...]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows_)
    return out.getvalue()


def test_rows_are_matched_by_a_column_that_is_called_like_a_key() -> None:
    old = text("name,id,label", "a,1,cat", "b,2,dog", "c,3,cat")
    new = text("name,id,label", "a,1,cat", "b,2,bird", "d,4,cat")
    found = compared("labels.csv", old, new)
    assert found.kind == "table"
    assert found.summary == "1 row added, 1 removed, 1 changed"
    assert found.data["key"] == ["id"]
    assert found.data["changed_rows"] == [
        {"row": {"old": 2, "new": 2}, "key": {"id": "2"},
         "cells": {"label": {"old": "dog", "new": "bird"}}}
    ]  # fmt: skip
    assert found.data["added_rows"] == [
        {"row": 3, "cells": {"name": "d", "id": "4", "label": "cat"}}
    ]
    assert found.data["rows"]["old"] == found.data["rows"]["new"] == 3
    assert found.notes == ["rows are matched by column id"]
    assert [block.title for block in found.blocks if isinstance(block, Table)] == [
        "changed",
        "added",
        "removed",
    ]


def test_the_user_says_which_columns_are_the_key() -> None:
    old = text("day,place,value", "1,x,5", "1,y,6", "2,x,7")
    new = text("day,place,value", "2,x,8", "1,x,5", "1,y,6")
    found = compared("t.csv", old, new, keys=("day", "place"))
    assert found.summary == "1 row changed; rows in another order"
    assert found.data["changed_rows"][0]["key"] == {"day": "2", "place": "x"}
    # A key that does not tell them apart is said, and the file shown as text.
    other = compared("t.csv", old, new, keys=("day",))
    assert other.kind == "text"
    assert other.notes == ["'day' does not tell the rows apart: two have the same"]
    assert "no column 'nosuch'" in compared("t.csv", old, new, keys=("nosuch",)).notes[0]


def test_columns_that_come_go_and_move() -> None:
    old = text("id,a,b", "1,x,y", "2,x,y")
    new = text("id,b,c", "1,y,3", "2,Y,3")
    found = compared("t.csv", old, new)
    assert found.summary == "1 column added, 1 removed; 1 row changed"
    assert found.data["columns"]["added"] == ["c"]
    assert found.data["columns"]["changed"] == {"b": 1}
    moved = compared("t.csv", text("id,a", "1,x"), text("a,id", "x,1"))
    assert moved.summary == "columns in another order"


def test_without_a_key_rows_are_matched_by_their_order() -> None:
    old = text("w,h,kind", "1,1,a", "2,2,a", "2,2,a", "3,3,b")
    new = text("w,h,kind", "1,1,a", "2,2,a", "2,9,a", "3,3,b", "3,3,b")
    found = compared("t.csv", old, new)
    assert found.summary == "1 row added, 1 changed"
    assert found.data["changed_rows"][0]["cells"] == {"h": {"old": "2", "new": "9"}}
    assert found.data["key"] is None


@pytest.mark.parametrize(
    ("name", "old", "new", "summary"),
    [
        ("t.tsv", "a\tb\n1\t2\n", "a\tb\n1\t3\n", "1 row changed"),
        ("t.csv", "a;b\n1,5;2\n", "a;b\n1,5;3\n", "1 row changed"),
        ("t.csv", "\ufeffa,b\n1,2\n", "a,b\n1,2\n", "the same rows and columns"),
        ("t.csv", "a,b\r\n1,2\r\n", "a,b\n1,2", "the same rows and columns"),
        ("t.csv", "1,2\n3,4\n", "1,2\n3,5\n", "1 row changed"),  # no head
        ("t.csv", "a,b\n1\n", "a,b\n1,\n\n", "the same rows and columns"),
        ("t.csv", "", "a,b\n1,2\n", "2 columns added; 1 row added"),
        ("t.csv", 'a,b\n1,"x\ny"\n2,z\n', 'a,b\n1,"x\ny"\n2,w\n', "1 row changed"),
    ],
)
def test_dialects(name: str, old: str, new: str, summary: str) -> None:
    assert compared(name, old, new).summary == summary


def test_a_table_that_is_new() -> None:
    found = compared("t.csv", None, text("a,b", "1,2", "3,4"))
    assert found.summary == "2 rows, 2 columns"
    assert found.data == {"rows": 2, "columns": ["a", "b"]}
    gone = compared("t.csv", text("a,b"), None)
    assert gone.summary == "0 rows, 2 columns"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("a,b\n" + "x" * 2_000_000, "too long"),
        ("a,b\n1,2,3\n", "row 1 has 3 cells"),
        ('a,b\n"' + "x,\n" * 100_000, "not a valid table: field larger"),
        (",".join(map(str, range(20_000))) + "\n", "10,000 columns"),
    ],
)
def test_what_is_no_table_is_compared_as_text(data: str, why: str) -> None:
    found = compared("t.csv", "a,b\n1,2\n", data)
    assert found.kind == "text"
    assert why in found.notes[0]


def test_only_so_many_rows_are_named_and_all_are_counted() -> None:
    old = text("id,v", *(f"{n},{n}" for n in range(50)))
    new = text("id,v", *(f"{n},{n + 1}" for n in range(50)))
    found = compared("t.csv", old, new, most=3)
    assert found.data["rows"]["changed"] == 50
    assert [row["key"]["id"] for row in found.data["changed_rows"]] == ["0", "1", "2"]
    block = found.blocks[0]
    assert isinstance(block, Table) and (len(block.rows), block.more) == (3, 47)


def test_of_a_row_with_many_columns_only_so_many_cells_are_shown() -> None:
    head = ",".join(f"c{number}" for number in range(50))
    found = compared(
        "t.csv", text(f"id,{head}", "1" + ",1" * 50), text(f"id,{head}", "1" + ",2" * 50), most=2
    )
    block = found.blocks[0]
    assert isinstance(block, Table) and (len(block.rows), block.more) == (10, 40)
    assert len(found.data["changed_rows"][0]["cells"]) == 50


# -- the same answer, whatever the way --------------------------------------------------------


def counts(found: rows.Rows) -> tuple[int, int, int]:
    return found.added, found.removed, found.changed


def sheet(cells: Sequence[tuple[str, ...]], columns: tuple[str, ...] = ("id", "v")) -> rows.Sheet:
    return rows.Sheet(columns, lambda: iter(list(enumerate(cells, start=1))), 1000)


@given(
    st.dictionaries(st.integers(0, 30).map(str), st.sampled_from("xyz"), max_size=20),
    st.dictionaries(st.integers(0, 30).map(str), st.sampled_from("xyz"), max_size=20),
    st.integers(1, 30),
    st.sampled_from([0, 400]),
)
@settings(max_examples=25, deadline=None)
def test_rows_sorted_into_files_give_the_same_answer(
    old: dict[str, str], new: dict[str, str], most: int, most_text: int
) -> None:
    a, b = sheet(list(old.items())), sheet(list(new.items()))
    in_memory = rows.compare(a, b, ("id",), most)
    on_disk = rows.compare(a, b, ("id",), most, most_text=most_text)
    assert on_disk._replace(reordered=None) == in_memory._replace(reordered=None)
    assert counts(in_memory) == (
        len(new.keys() - old.keys()),
        len(old.keys() - new.keys()),
        sum(old[key] != new[key] for key in old.keys() & new.keys()),
    )


def test_of_a_large_table_only_rows_that_differ_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    old = [(str(n), "x") for n in range(500)]
    new = [("new", "x"), *old[:200], ("200", "y"), *old[201:400], *old[401:]]
    monkeypatch.setattr(rows, "_apart", None)  # nothing goes to the disk
    found = rows.compare(sheet(old), sheet(new), most_text=2_000, whole=False)
    assert counts(found) == (1, 1, 1)
    assert found.changed_rows == [rows.Changed(201, 202, ("200", "x"), ("200", "y"))]
    without = rows.compare(
        sheet(old, ("a", "b")), sheet(new, ("a", "b")), most_text=2_000, whole=False
    )
    assert counts(without) == (2, 2, 0) and not without.matched


def test_rows_on_disk_without_a_key_are_counted() -> None:
    old, new = [("x", "1")] * 3 + [("y", "1")], [("x", "1")] * 2 + [("z", "1")] * 2
    found = rows.compare(sheet(old), sheet(new), most_text=0)
    assert not found.matched and found.key is None
    assert counts(found) == (2, 2, 0)
    assert found.added_rows == [(3, ("z", "1")), (4, ("z", "1"))]
    assert {row for _, row in found.removed_rows} == {("x", "1"), ("y", "1")}
    with pytest.raises(FormatError, match="does not tell"):
        rows.compare(sheet(old), sheet(new), ("id",), most_text=0)


@given(st.lists(ROW, max_size=12), st.lists(ROW, max_size=12))
@settings(max_examples=40, deadline=None)
def test_what_is_skipped_at_both_ends_changes_no_number(
    old: list[tuple[str, ...]], new: list[tuple[str, ...]]
) -> None:
    head = [("c", "d")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "WHOLE_BYTES", 0)
        found = compared("t.csv", written(head + old), written(head + new))
    if found.kind != "table":
        return
    data = found.data["rows"]
    # The reader takes a line without anything for no row.
    assert data["old"] == len(list(csv.reader(io.StringIO(written(old), newline=""))))
    assert data["new"] - data["old"] == data["added"] - data["removed"]
    if Counter(old) == Counter(new) and old == new:
        assert found.summary == "the same rows and columns"


def test_a_change_in_the_middle_of_a_large_file_reads_only_what_is_around_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tables, "WHOLE_BYTES", 1000)
    lines = [f"{n},{n * n}" for n in range(20_000)]
    old = text("id,v", *lines)
    lines[15_000] = "15000,0.5"
    lines[16_000] = "16000,0.5"
    parsed = 0
    real = csv.reader

    def reader(*args: Any, **options: Any) -> Iterator[list[str]]:
        nonlocal parsed
        for row in real(*args, **options):
            parsed += 1
            yield row

    monkeypatch.setattr(csv, "reader", reader)
    found = compared("t.csv", old, text("id,v", *lines))
    assert found.summary == "2 rows changed"
    assert found.data["rows"]["old"] == found.data["rows"]["new"] == 20_000
    assert found.data["changed_rows"][1]["row"] == {"old": 16_001, "new": 16_001}
    assert parsed < 2_100


@given(
    st.binary(max_size=60), st.binary(max_size=60), st.binary(max_size=60), st.binary(max_size=8)
)
@settings(max_examples=50, deadline=None)
def test_trimming_keeps_whole_lines(start: bytes, one: bytes, end: bytes, two: bytes) -> None:
    old, new = start + one + end, start + two + end
    found = trimming.middle(io.BytesIO(old), len(old), io.BytesIO(new), len(new), stop=b'"')
    assert old[: found.start] == new[: found.start]
    assert old[found.old_end :] == new[found.new_end :]
    assert found.start <= min(found.old_end, found.new_end)
    for data, at in ((old, found.start), (old, found.old_end), (new, found.new_end)):
        assert at in (0, len(data)) or data[at - 1 : at] == b"\n"
    assert b'"' not in old[: found.start] + old[found.old_end :]
    assert found.lines_before == old.count(b"\n", 0, found.start)
    assert found.lines_after == old.count(b"\n", found.old_end)


# -- Parquet ----------------------------------------------------------------------------------


def test_parquet(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    import pyarrow.parquet as parquet

    def data(**columns: list[Any]) -> bytes:
        out = io.BytesIO()
        parquet.write_table(pyarrow.table(columns), out)
        return out.getvalue()

    old = data(id=[1, 2, 3], x=[0.5, None, 2.0])
    new = data(id=[1, 2, 4], x=[0.5, 1.5, 2.0], y=["a", "b", "c"])
    found = compared("t.parquet", old, new)
    assert found.kind == "parquet"
    assert found.summary == "1 column added; 1 row added, 1 removed, 1 changed"
    assert found.data["changed_rows"][0]["cells"] == {"x": {"old": "", "new": "1.5"}}
    other = compared("t.parquet", old, data(id=["1", "2", "3"], x=[0.5, None, 2.0]))
    assert ("type of id", "int64", "string") in other.facts
    assert compared("t.parquet", None, new).summary == "3 rows, 3 columns"
    broken = compared("t.parquet", old, old[:40])
    assert broken.kind == "binary" and "not valid Parquet" in broken.notes[0]


def test_without_pyarrow_parquet_is_bytes_and_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    found = compared("t.parquet", b"PAR1" + b"\0" * 90, b"PAR1" + b"\1" * 90)
    assert found.kind == "binary"
    assert found.notes == ["Parquet is read where PyArrow is: pip install 'git-dvc[parquet]'"]


def test_nothing_is_left_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(rows, "MOST_TEXT", 100)
    old, new = (text("id,v", *(f"{n},{n * k}" for n in range(200))) for k in (1, 2))
    assert compared("t.csv", old, new).data["rows"]["changed"] == 199
    assert list(tmp_path.iterdir()) == []
