"""Tests for reading, writing and editing YAML; ``samples/yamltext`` is what DVC wrote and read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_dvc.errors import FormatError
from git_dvc.formats import yamltext

SAMPLES = Path(__file__).parent / "samples" / "yamltext"
DUMPS = json.loads((SAMPLES / "dumps.json").read_text())
READS = json.loads((SAMPLES / "reads.json").read_text())

# What DVC reads and we refuse, or the other way round.
OURS = {
    "k: =\n": {"k": "="},
    "{[a]: 1}\n": None,
}

TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.text("ab :#-'\"\n\\,[]{}?&*!|>%@01e.~", max_size=12),
    st.lists(st.sampled_from(["word", "it's", "a: b", "  ", "#", "long" * 10]), max_size=40).map(
        " ".join
    ),
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), TEXTS)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=12,
)


@pytest.mark.parametrize("sample", DUMPS, ids=range(len(DUMPS)))
def test_values_are_written_as_dvc_writes_them(sample: dict[str, Any]) -> None:
    assert yamltext.dump(sample["value"]) == sample["text"]
    assert yamltext.parse(sample["text"]) == sample["value"]


@pytest.mark.parametrize(("text", "kind", "shown"), READS)
def test_texts_are_read_as_dvc_reads_them(text: str, kind: str, shown: str) -> None:
    if text in OURS:
        kind = "error" if OURS[text] is None else "other"
        shown = repr(OURS[text])
    if kind == "error":
        with pytest.raises(FormatError):
            yamltext.parse(text)
        return
    value = yamltext.parse(text)
    if kind != "other" and text.startswith("k: "):
        value = value["k"]
    # Where `<<` puts its keys differs; nothing depends on it.
    assert repr(value) == shown or (isinstance(value, dict) and "<<" in text)


@given(VALUES)
def test_a_value_is_read_back(value: Any) -> None:
    assert yamltext.parse(yamltext.dump(value)) == value


@given(VALUES)
def test_a_value_in_flow_style_is_read_back(value: Any) -> None:
    text = yamltext.inline(value, column=0, indent=0, flow=True, fold=False)
    assert yamltext.parse(f"[{text}]") == [value]


@given(st.one_of(st.binary(max_size=60), TEXTS.map(str.encode)))
def test_any_bytes_give_a_value_or_a_format_error(data: bytes) -> None:
    try:
        yamltext.parse(data)
    except FormatError:
        pass


def bomb() -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    for level in range(1, 12):
        inner = ", ".join([f"*a{level - 1}"] * 9)
        lines.append(f"a{level}: &a{level} [{inner}]")
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (bomb(), "line 7: more than 1000000 values"),
        ("[" * 65 + "]" * 65, "nested deeper than 64"),
        ("\n".join(f"a{n}: &a{n} [{f'*a{n - 1}' if n else ''}]" for n in range(80)), "deeper"),
        ("a: &a 1\nb: [" + "*a, " * 1001 + "]", "more than 1000 aliases"),
        ("a: &a [*a]", "line 1: alias 'a' names nothing, or itself"),
        ("a: *b", "names nothing"),
        ("a: 1\nb: 2\na: 3", "line 3: key 'a' occurs twice"),
        ("a: !!python/object/apply:os.system [x]", "is not supported"),
        ("a: !!binary aGk=", "is not supported"),
        ("a: !!int x", "not a int: 'x'"),
        ("a: " + "1" * 1001, "more than 1000 digits"),
        ("a: 1\n---\nb: 1", "more than one document"),
        ("%YAML 1.1\n---\na: 1", "only YAML 1.2"),
        ("a: [1", "not valid YAML"),
        ("a: \x00", "not valid YAML"),
        ("? [a]\n: 1", "a key must be a single value"),
        ("a: {<<: 1}", "'<<' needs a mapping"),
        (b"\xff\xfe", "not UTF-8 text (byte 0)"),
        ("\ud800", "not UTF-8 text"),
        ("a" * (16 * 1024 * 1024 + 1), "larger than 16777216 bytes"),
    ],
    ids=lambda text: text[:20] if isinstance(text, str) else repr(text),
)
def test_a_text_beyond_the_limits_is_refused(text: bytes | str, what: str) -> None:
    with pytest.raises(FormatError) as caught:
        yamltext.parse(text)
    assert what in caught.value.what


# Editing.


def edited(text: str, *steps: tuple[Any, ...]) -> str:
    document = yamltext.Document(text.encode())
    for step in steps:
        getattr(document, step[0])(*step[1:])
    return document.dump().decode()


BLOCK = """\
# top
a: 1  # one
b:
  - x   # the x
  - {p: 1, q: [2, 3]}
  # about the last
  - k: v
    # inner
    l: w
c: |
  literal
  text
d: 'quoted'
e:
# end
"""


@pytest.mark.parametrize(
    ("steps", "old", "new"),
    [
        ([("set", ("a",), 2)], "a: 1  # one", "a: 2  # one"),
        ([("set", ("a",), "yes: no")], "a: 1 ", "a: 'yes: no' "),
        ([("set", ("b", 0), "y")], "- x   #", "- y   #"),
        ([("set", ("b", 1, "p"), "a, b")], "{p: 1,", "{p: 'a, b',"),
        ([("set", ("b", 1, "r"), True)], "q: [2, 3]}", "q: [2, 3], r: true}"),
        ([("append", ("b", 1, "q"), 4)], "[2, 3]", "[2, 3, 4]"),
        ([("set", ("b", 2, "m"), 9)], "    l: w\n", "    l: w\n    m: 9\n"),
        ([("set", ("d",), "other")], "'quoted'", "'other'"),
        ([("set", ("e",), 5)], "e:\n", "e: 5\n"),
        ([("set", ("c",), "short")], "c: |\n  literal\n  text\n", "c: short\n"),
        ([("set", ("f",), [1])], "e:\n# end\n", "e:\nf:\n- 1\n# end\n"),
        ([("append", ("b",), "z")], "    l: w\n", "    l: w\n  - z\n"),
        ([("delete", ("a",))], "a: 1  # one\n", ""),
        ([("delete", ("b", 0))], "  - x   # the x\n", ""),
        ([("delete", ("b", 1, "p"))], "{p: 1, q", "{q"),
        ([("delete", ("b", 1, "q"))], "{p: 1, q: [2, 3]}", "{p: 1}"),
        ([("delete", ("b", 1, "q", 1))], "[2, 3]", "[2]"),
        ([("delete", ("b", 2, "l"))], "    l: w\n", ""),
        ([("delete", ("b", 2, "k"))], "  - k: v\n    # inner\n", "  -\n    # inner\n"),
        ([("delete", ("c",))], "c: |\n  literal\n  text\n", ""),
        ([("delete", ("b",))], BLOCK[BLOCK.index("b:") : BLOCK.index("c:")], ""),
        (
            [("set", ("a",), 7), ("delete", ("d",)), ("set", ("b", 2, "k"), None)],
            None,
            BLOCK.replace("a: 1", "a: 7").replace("d: 'quoted'\n", "").replace("k: v", "k:"),
        ),
    ],
    ids=str,
)
def test_an_edit_changes_one_place(steps: list[Any], old: str | None, new: str) -> None:
    wanted = new if old is None else BLOCK.replace(old, new, 1)
    got = edited(BLOCK, *steps)
    assert got.replace("k: \n", "k:\n") == wanted
    crlf = edited(BLOCK.replace("\n", "\r\n"), *steps)
    assert crlf.replace("k: \r\n", "k:\r\n") == wanted.replace("\n", "\r\n")


def test_the_only_entry_leaves_an_empty_collection() -> None:
    assert edited("a:\n  b: 1\n", ("delete", ("a", "b"))).split() == ["a:", "{}"]
    assert edited("a: [1]\n", ("delete", ("a", 0))) == "a: []\n"
    assert edited("a: {}\n", ("set", ("a", "k"), 1)) == "a: {k: 1}\n"


def test_a_file_without_a_last_line_break_gets_the_new_key_on_its_own_line() -> None:
    assert edited("a: 1", ("set", ("b",), 2)) == "a: 1\nb: 2"


def test_the_byte_order_mark_stays() -> None:
    document = yamltext.Document(b"\xef\xbb\xbfa: \xc3\xa9\n")
    document.set(("a",), "ü")
    assert document.dump() == "\ufeffa: ü\n".encode()


def test_an_alias_is_not_edited() -> None:
    document = yamltext.Document(b"a: &a {k: 1}\nb: *a\n")
    with pytest.raises(FormatError):
        document.set(("b", "k"), 2)


def test_an_anchor_stays_at_its_value() -> None:
    assert edited("a: &a 1\nb: 2\n", ("set", ("a",), 5)) == "a: &a 5\nb: 2\n"


@given(st.dictionaries(TEXTS, VALUES, min_size=1, max_size=4), TEXTS, VALUES, st.data())
def test_edits_of_what_we_wrote_give_what_they_say(
    value: dict[str, Any], key: str, new: Any, data: st.DataObject
) -> None:
    target = data.draw(st.sampled_from([*value, key]))
    document = yamltext.Document(yamltext.dump(value).encode())
    document.set((target,), new)
    assert yamltext.parse(document.dump()) == {**value, target: new}
    gone = data.draw(st.sampled_from(list(document.value)))
    document.delete((gone,))
    left = {k: v for k, v in {**value, target: new}.items() if k != gone}
    assert yamltext.parse(document.dump()) == left


@given(st.text("ab:-# \n[]{},&*'\"|>?!", max_size=40), SCALARS)
def test_editing_any_text_works_or_is_a_format_error(text: str, new: Any) -> None:
    try:
        document = yamltext.Document(text.encode())
        steps = document.value
        path: list[Any] = []
        while isinstance(steps, (dict, list)) and steps:
            step = next(iter(steps)) if isinstance(steps, dict) else 0
            path.append(step)
            steps = steps[step]
        document.set(tuple(path), new)
        data = document.dump()
    except FormatError:
        return
    assert yamltext.parse(data) == document.value
