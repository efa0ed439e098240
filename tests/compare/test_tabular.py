from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_dvc.compare import metrics, tabular
from git_dvc.errors import FormatError


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("m.csv", "epoch,acc\n0,0.5\n1,0.75\n", {"epoch": 1, "acc": 0.75}),
        ("m.csv", "\ufeffepoch, acc\r\n0, 1e-3\r\n\r\n", {"epoch": 0, "acc": 0.001}),
        ("m.CSV", 'a,note\n1,"two\nlines"\n2,"x, y"\n', {"a": 2, "note": "x, y"}),
        ("m.tsv", "a\tb,c\n1\t\n2\tx\n", {"a": 2, "b,c": "x"}),
        ("m.csv", "a;b\n1;2,5\n", {"a": 1, "b": "2,5"}),
        ("m.csv", "1,2\n3,4\n", {"0": 3, "1": 4}),
        ("m.csv", "1,2", {"0": 1, "1": 2}),
        ("m.csv", "a,a,,a_2\n1,2,3,4,5\n", {"a": 1, "a_2": 2, "2": 3, "a_2_2": 4, "4": 5}),
        ("m.csv", "a,b\n1,\n,,\n", {"a": 1}),
        ("m.csv", "a,b\n", {}),
        ("m.csv", "", {}),
    ],
)
def test_the_last_row_of_a_table(name: str, text: str, expected: dict[str, object]) -> None:
    data = text.encode()
    assert tabular.is_table(name)
    assert tabular.last_row(name, data) == expected
    assert (tabular.rows(name, data) or [{}])[-1] == expected


CELLS = st.lists(st.sampled_from(["a", "1", "2.5", "", " x", '"', "é\n"]), min_size=1, max_size=3)


@given(st.lists(CELLS, max_size=5), st.sampled_from(["\n", "\r\n"]))
def test_the_last_row_is_that_of_all_rows(lines: list[list[str]], end: str) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator=end).writerows(lines)
    data = text.getvalue().encode()
    assert tabular.last_row("m.csv", data) == (tabular.rows("m.csv", data) or [{}])[-1]


def test_what_is_no_table_is_said() -> None:
    with pytest.raises(FormatError, match=r"m\.csv: not valid UTF-8"):
        tabular.rows("m.csv", b"a,b\n\xff,1\n")
    with pytest.raises(FormatError, match="line 1: more than"):
        tabular.rows("m.csv", b"1," * 20_000)
    with pytest.raises(FormatError, match="line 2: field larger"):
        tabular.rows("m.csv", b"a,b\n" + b"x" * 200_000)
    with pytest.raises(FormatError, match="larger than 64 MiB"):
        tabular.last_row("m.csv", b"x" * (64 * 1024**2 + 1))
    assert tabular.rows("m.csv", b"a\n" + b"9" * 5000 + b"\n") == [{"a": "9" * 5000}]
    assert not tabular.is_table("m.json")


def test_metrics_are_numbers_and_texts() -> None:
    value = {"a": 1, "l": [1], "n": None, "d": {"e": {}, "f": True}, "s": "x", "z": 0}
    assert metrics.numbers(value) == {"a": 1, "d": {"f": True}, "s": "x", "z": 0}
