"""The quick reader of plain YAML: it never says anything but what the real parser says."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from git_dvc.errors import FormatError
from git_dvc.formats import plainyaml, yamltext

PLAIN = """\
# written by a program
stages:
  train@de:
    cmd: python3 train.py --lr 0.1 --name 'x y'
      --epochs 3
      and more
    deps:
    - in put.csv
    - 'it''s'
    - path: ../x   # why
      size: 12
      md5: '12345678901234567890123456789012'

    params:
      params.yaml:
        lr: 1e-05
        deep: true
        none:
        list:
          - 1
          - []
    outs: {}
'quoted: key': "a: b"
http://x: -1
"""


def test_what_programs_write_is_read_without_the_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = yamltext.parse(PLAIN)
    monkeypatch.setattr(yamltext, "parse", lambda *_, **__: pytest.fail("asked the parser"))
    found = plainyaml.parse(PLAIN.encode())
    assert repr(found) == repr(expected)
    assert found["stages"]["train@de"]["deps"][2] == {
        "path": "../x", "size": 12, "md5": "12345678901234567890123456789012",
    }  # fmt: skip
    assert plainyaml.parse(b"") is None
    assert plainyaml.parse(b"- a\n- b: 1\n  c: 2\n") == ["a", {"b": 1, "c": 2}]


PIECES = st.sampled_from([
    "a", "b", "a:", "b:", "a: ", "a: 1", "b: x y", "- ", "- a", "- a: 1", "- a:", "-", "--x", "-1",
    ": ", ":", " :", "#", " # c", "# c", "'a'", "'a': 1", "'it''s'", "'", '"a"', '"a\\n"', "[]",
    "{}", "[a]", "{a: 1}", "|", ">-", "&x", "*x", "!!str", "? a", "<<", "<<: 1", "~", "null", "0x1",
    "1e3", "...", "---", "%YAML", "@", "é", "\t", "\r", "\x85", "\ufeff", "a:b", "a#b", ",", "!",
    "=", "k " * 3, "1_000", "2020-01-01", "1:30", ".inf", "$(x)", "${x}", "\\", "",
])  # fmt: skip
LINES = st.builds(
    lambda indent, pieces, end: " " * indent + "".join(pieces) + end,
    st.integers(0, 6),
    st.lists(PIECES, max_size=3),
    st.sampled_from(["", "", "", " ", "  "]),
)


@given(st.lists(LINES, max_size=7).map("\n".join))
@example("a: b\n  c\n")
@example("a: b\n\n  c\n")
@example("a: b\n  - c\n")
@example("a: b # x\n  c\n")
@example("a:\n- b\nc: d\n")
@example("a:\n - b\n c: d\n")
@example("- a: b\n c\n")
@example("a: 1\na: 2\n")
@example("1: a\n1.0: b\n")
@example("a: 'x'\n  y\n")
@example("a: x\n  -\n")
@example("a:\n  b: 1\n c: 2\n")
@example("a:\n  - b\n - c\n")
def test_it_says_what_the_parser_says_or_nothing(text: str) -> None:
    found = plainyaml._plain(text)
    if found is not plainyaml._NOT_PLAIN:
        try:
            expected = yamltext.parse(text)
        except FormatError as problem:
            pytest.fail(f"{text!r} is {found!r}, and should be refused: {problem}")
        assert repr(found) == repr(expected), text


@given(st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=100)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
))  # fmt: skip
def test_what_we_write_is_read_back(value: object) -> None:
    text = yamltext.dump({"k": value})
    assert repr(plainyaml.parse(text)) == repr(yamltext.parse(text))


@pytest.mark.parametrize(
    "text",
    [
        "a: x" + " " * 1_000_000 + ": y",
        "- " + " " * 1_000_000 + ": y",
        "a" * 1_000_000 + "\n",
        "a: " + "x#" * 500_000 + " #\n" * 1_000,
        "\n".join("  " * depth + "a:" for depth in range(2_000)),
    ],
)
def test_no_text_takes_long_or_crashes(text: str) -> None:
    plainyaml._plain(text)


def test_a_large_text_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    large = b"k: " + b"x" * 20_000
    found = plainyaml.parse_shared(large)
    monkeypatch.setattr(plainyaml, "parse", lambda *_, **__: pytest.fail("read it again"))
    assert plainyaml.parse_shared(bytes(large)) is found
