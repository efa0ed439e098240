"""Nested values, text, images, bytes; and handlers of other packages."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import struct
import sys
import zlib
from collections.abc import Callable
from importlib import metadata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from git_dvc.compare.content import align, images, kinds, nested, packed, text
from git_dvc.compare.content.report import (
    Content,
    Fact,
    Lines,
    Options,
    Pictures,
    Report,
    Table,
)
from git_dvc.errors import FormatError
from tests.compare.contents import compared, file

# -- keys -------------------------------------------------------------------------------------


def dumped(value: Any) -> str:
    return json.dumps(value)


def test_keys_at_any_depth() -> None:
    old = {"train": {"lr": 0.1, "old": 1}, "boxes": [{"id": 7, "l": "cat"}, {"id": 8, "l": "x"}]}
    new = {"train": {"lr": 0.01}, "boxes": [{"id": 8, "l": "x"}, {"id": 7, "l": "dog"}], "a.b": 1}
    found = compared("x.json", dumped(old), dumped(new))
    assert found.kind == "keys"
    assert found.summary == "1 key added, 1 removed, 2 changed"
    assert found.data["changed"] == {
        "train.lr": {"old": 0.1, "new": 0.01},
        "boxes[id=7].l": {"old": "cat", "new": "dog"},
    }
    assert found.data["added"] == {'["a.b"]': 1}
    assert found.data["removed"] == {"train.old": 1}


@pytest.mark.parametrize(
    ("name", "old", "new", "changed"),
    [
        ("x.yaml", "a: 1e-3\nb: yes\n", "a: 1e-4 # less\nb: yes\n", ["a"]),
        ("x.toml", "[a]\nb = 1\n", "[a]\nb = 2\n", ["a.b"]),
        ("x.json", "[1, 2, 3]", "[1, 9, 3]", ["[1]"]),
        ("x.json", "[1, 2, 3]", "[0, 1, 2, 3]", ["[0]"]),
        ("x.json", '{"a": 1}', '{"a": 1.0}', []),
        ("x.json", '{"a": 1}', '{"a": true}', ["a"]),
        ("x.json", '{"a": NaN}', '{"a": NaN}', []),
        ("x.json", '{"a": [1]}', '{"a": {"b": 1}}', ["a"]),
        ("x.json", "3", "4", ["(all of it)"]),
    ],
)
def test_what_counts_as_a_change(name: str, old: str, new: str, changed: list[str]) -> None:
    found = compared(name, old, new)
    assert found.kind == "keys"
    blocks = [block for block in found.blocks if isinstance(block, Table)]
    assert [row.cells[0] for block in blocks for row in block.rows] == changed
    if not changed:
        assert found.summary == "the same values, written differently"


def test_dates_of_toml_become_text() -> None:
    found = compared("x.toml", "a = 2020-01-01\n", "a = 2020-01-02\nb = [2020-01-01]\n")
    assert found.data["changed"] == {"a": {"old": "2020-01-01", "new": "2020-01-02"}}
    assert found.data["added"] == {"b": ["2020-01-01"]}
    block = found.blocks[0]
    assert isinstance(block, Table)
    assert block.rows[0].cells == ("a", '"2020-01-01"', '"2020-01-02"')


def test_lines_of_json_are_the_items_of_a_list() -> None:
    old = '{"id": 1, "label": "cat"}\n{"id": 2, "label": "dog"}\n'
    new = '{"id": 2, "label": "wolf"}\n\n{"id": 3}\n'
    found = compared("labels.jsonl", old, new)
    assert (found.kind, found.summary) == ("keys", "1 key added, 1 removed, 1 changed")
    assert found.data["changed"] == {"[id=2].label": {"old": "dog", "new": "wolf"}}
    assert compared("a.ndjson", "1\n2\n", "1\n3\n").data["changed"] == {"[1]": {"old": 2, "new": 3}}
    broken = compared("a.jsonl", "1\n", "1\n{\n")
    assert broken.kind == "text"
    assert "not valid JSON lines: line 2: not valid JSON" in broken.notes[0]


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".BZ2", bz2.compress)])
def test_what_is_compressed_is_compared_as_what_is_in_it(
    suffix: str, pack: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = (b"id,n\n1,2\n2,3\n", b"id,n\n1,2\n2,4\n")
    found = compared(f"a.csv{suffix}", pack(old), pack(new))
    assert (found.kind, found.summary) == ("table", "1 row changed")
    assert compared(f"a.csv{suffix}", None, pack(new)).kind == "table"
    assert compared(f"a.json{suffix}", pack(b"[1]"), pack(b"[2]")).kind == "keys"
    again = pack(old[:5]) + pack(old[5:])
    assert compared(f"a.csv{suffix}", pack(old), again).summary == (
        "the same content, compressed differently"
    )
    for damaged in (pack(new)[:-3], pack(new)[:14] + b"\xff\x00\xff" + pack(new)[17:]):
        found = compared(f"a.csv{suffix}", pack(old), damaged)
        assert found.kind == "binary" and "cannot be unpacked: " in found.notes[0]
    twice = compared(f"a{suffix}{suffix}", pack(pack(old)), pack(pack(new)))
    assert twice.kind == "binary"
    monkeypatch.setattr(packed, "MOST_BYTES", 10)
    found = compared(f"a.csv{suffix}", pack(old), pack(new))
    assert found.kind == "binary" and found.notes[0].startswith("unpacks to more than")


def test_what_cannot_be_understood_is_compared_as_text() -> None:
    found = compared("x.json", "{}", '{"a": ')
    assert found.kind == "text"
    assert "not valid JSON" in found.notes[0]
    deep = compared("x.json", "[" * 100_000, "{}")
    assert deep.kind == "text" and deep.notes
    yaml = compared("x.yaml", "a: &a [1]\n" + "b: [*a, *a]\n" * 2000, "a: 1\n")
    assert yaml.kind == "text" and yaml.notes
    huge = compared("x.json", '{"a": ' + "1" * 10_000 + "}", "{}")
    assert huge.kind == "text" and huge.notes


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from("ab"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner),
    max_leaves=8,
)


@given(VALUES, VALUES)
@settings(max_examples=50, deadline=None)
def test_there_is_a_difference_exactly_if_the_values_differ(old: Any, new: Any) -> None:
    found = list(nested.differences(old, new))
    assert bool(found) == (json.dumps(old, sort_keys=True) != json.dumps(new, sort_keys=True))


# -- text -------------------------------------------------------------------------------------


def lines_of(found: Report) -> list[str]:
    return [line for block in found.blocks if isinstance(block, Lines) for line in block.lines]


def test_lines() -> None:
    old = [f"line {n}" for n in range(40)]
    new = [*old[:10], "inserted", *old[10:30], *old[31:]]
    found = compared("a.txt", "\n".join(old) + "\n", "\n".join(new))
    assert found.kind == "text"
    assert found.summary == "1 line added, 1 removed"
    assert lines_of(found) == [
        "@@ -8,6 +8,7 @@", " line 7", " line 8", " line 9", "+inserted",
        " line 10", " line 11", " line 12",
        "@@ -28,7 +29,6 @@", " line 27", " line 28", " line 29", "-line 30",
        " line 31", " line 32", " line 33",
    ]  # fmt: skip
    assert ("ends with a line end", "yes", "no") in found.facts
    assert found.data["diff"] == lines_of(found)


@pytest.mark.parametrize(
    ("old", "new", "summary"),
    [
        (b"a\nb\n", b"a\r\nb\r\n", "only line ends differ"),
        (b"a\n", b"\xef\xbb\xbfa\n", "the same lines"),
        ("é\n".encode("utf-16"), "é\nb\n".encode("utf-16"), "1 line added"),
        (b"", b"a\n", "1 line added"),
        (b"a", None, "1 line"),
    ],
)
def test_ends_and_encodings(old: bytes, new: bytes | None, summary: str) -> None:
    assert compared("README", old, new).summary == summary


def test_only_so_many_lines_are_shown() -> None:
    found = compared("a.txt", "".join(f"{n}\n" for n in range(100)), "x\n", most=5)
    assert found.summary == "1 line added, 100 removed"
    block = found.blocks[0]
    assert isinstance(block, Lines)
    assert (len(block.lines), block.more) == (11, 91)
    long = compared("a.txt", "x" * 10_000, "y" * 10_000)
    assert max(map(len, lines_of(long))) < 500


def test_of_a_large_text_only_what_differs_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [f"line {n}" for n in range(2_000)]
    old = "\n".join(lines)
    lines[1_000] = "changed"
    monkeypatch.setattr(text, "WHOLE_BYTES", 2_000)
    found = compared("a.txt", old, "\n".join(lines))
    assert lines_of(found) == ["@@ -1001 +1001 @@", "-line 1000", "+changed"]
    assert compared("a.txt", old, "x" + "\n".join(lines)[1:]).kind == "binary"


@given(
    st.lists(st.sampled_from("abcd"), max_size=25), st.lists(st.sampled_from("abcd"), max_size=25)
)
@settings(max_examples=50, deadline=None)
def test_what_is_outside_of_differences_is_equal(old: list[str], new: list[str]) -> None:
    spans = align.differences(old, new)
    at_old = at_new = 0
    for span in [*spans, align.Span(len(old), len(old), len(new), len(new))]:
        assert old[at_old : span.old_start] == new[at_new : span.new_start]
        assert span.old_start >= at_old and span.new_start >= at_new
        at_old, at_new = span.old_end, span.new_end
    assert bool(spans) == (old != new)


def test_sequences_without_anything_in_common_take_no_time() -> None:
    old, new = [n % 7 for n in range(20_000)], [n % 11 for n in range(20_000)]
    assert align.differences(old, new)


# -- images -----------------------------------------------------------------------------------


def png(width: int, height: int) -> bytes:
    """Return the beginning of a PNG that says it is so large."""
    body = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + body
    return (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    )


@pytest.fixture
def pillow() -> Any:
    return pytest.importorskip("PIL.Image")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF"])
def test_size_is_read_without_a_library(kind: str, pillow: Any) -> None:
    out = io.BytesIO()
    pillow.new("RGB", (37, 21), (9, 99, 200)).save(out, kind)
    found = compared(f"a.{kind.lower()}", None, out.getvalue())
    assert found.kind == "image"
    assert found.data["new"]["width"] == 37 and found.data["new"]["height"] == 21
    assert kind in found.summary.upper()


def test_pixels(pillow: Any) -> None:
    def image(*dots: tuple[int, int], mode: str = "RGB", size: tuple[int, int] = (8, 6)) -> bytes:
        made = pillow.new(mode, size)
        for dot in dots:
            made.putpixel(dot, (0, 50, 0) if mode == "RGB" else 50)
        out = io.BytesIO()
        made.save(out, "PNG", compress_level=len(dots) % 9)
        return out.getvalue()

    found = compared("a.png", image((1, 1)), image((1, 1), (2, 3), (4, 3)), pictures=True)
    assert found.summary.startswith("2 of 48 pixels changed (4.2 %), by up to 50 of 255")
    assert found.data["pixels"] == {
        "changed": 2, "total": 48, "max_difference": 50, "mean_difference": 2.0833,
        "box": [2, 3, 5, 4],
    }  # fmt: skip
    block = found.blocks[0]
    assert isinstance(block, Pictures)
    assert [one.title for one in block.pictures] == ["old", "new", "difference"]
    with pillow.open(io.BytesIO(block.pictures[2].data)) as shown:
        assert shown.getpixel((2, 3)) == 255 and shown.getpixel((0, 0)) == 0
    grey = compared("a.png", image(), image(mode="L"))
    assert grey.summary == "the same pixels"
    assert ("colours", "RGB", "grey") in grey.facts
    larger = compared("a.png", image(), image(size=(9, 6)))
    assert larger.summary == "another size"
    assert ("pixels", "8 x 6", "9 x 6") in larger.facts


@pytest.mark.parametrize(("mode", "low", "high"), [("I;16", 300, 1000), ("F", 0.5, 2.5)])
def test_pixels_that_no_screen_shows(mode: str, low: float, high: float, pillow: Any) -> None:
    def mask(value: float) -> bytes:
        made = pillow.new(mode, (4, 3))
        made.putpixel((1, 1), value)
        out = io.BytesIO()
        made.save(out, "TIFF")
        return out.getvalue()

    found = compared("mask.tif", mask(low), mask(high))
    assert found.summary == f"1 of 12 pixels changed (8.3 %), by up to {high - low:g}"
    grey = io.BytesIO()
    pillow.new("L", (4, 3)).save(grey, "TIFF")
    assert compared("mask.tif", mask(low), grey.getvalue()).summary == "other kinds of pixels"


def test_of_a_film_the_first_frames_are_compared(pillow: Any) -> None:
    def film(*levels: int) -> bytes:
        frames = [pillow.new("L", (4, 3), level) for level in levels]
        out = io.BytesIO()
        frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
        return out.getvalue()

    found = compared("a.gif", film(10, 20), film(10, 20, 30))
    assert found.notes == ["only the first frames are compared"]
    assert ("frames", 2, 3) in found.facts


def test_damage_is_not_for_the_terminal(pillow: Any, capfd: pytest.CaptureFixture[str]) -> None:
    out = io.BytesIO()
    pillow.new("RGB", (20, 10)).save(out, "TIFF")
    for at in range(100, len(out.getvalue()), 7):
        broken = bytearray(out.getvalue())
        broken[at] ^= 0xFF
        assert compared("a.tiff", out.getvalue(), bytes(broken)).kind in ("image", "binary")
    assert capfd.readouterr() == ("", "")


def test_an_image_that_promises_too_many_pixels_is_not_unpacked(pillow: Any) -> None:
    found = compared("a.png", png(60_000, 60_000), png(10, 10))
    assert found.kind == "image"
    assert found.notes == ["pixels of images this large (over 40,000,000) are not compared"]
    broken = compared("a.png", png(10, 10) + b"junk", png(10, 11))
    assert "cannot be read" in broken.notes[0]


def test_without_pillow_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    found = compared("a.png", png(10, 10), png(20, 10))
    assert found.summary == "another size"
    assert "git-dvc[images]" in found.notes[0]


@given(st.sampled_from([b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"GIF89a", b"RIFF0000WEBP"]),
       st.binary(max_size=60))  # fmt: skip
@settings(max_examples=50, deadline=None)
def test_any_bytes_behind_a_mark_are_an_image_of_some_size(mark: bytes, rest: bytes) -> None:
    found = compared("a", None, mark + rest)
    assert found.kind == "image" or not images.Image().claims("a", mark + rest)


# -- bytes, and other packages ----------------------------------------------------------------


@given(st.binary(max_size=40), st.binary(max_size=40))
@settings(max_examples=50, deadline=None)
def test_the_first_byte_that_differs(old: bytes, new: bytes) -> None:
    found = compared("a.bin", b"\0" + old, b"\0" + new).data
    same = [a == b for a, b in zip(b"\0" + old, b"\0" + new, strict=False)]
    assert found["same_bytes"] == sum(same)
    if old != new:
        assert found["first_difference"] == (same.index(False) if False in same else len(same))


def test_bytes_in_words() -> None:
    assert compared("a.bin", b"\0a", b"\0b").summary == "1 byte changed, at 1"
    assert compared("a.bin", b"\0abc", b"\0bbd").summary == "2 bytes changed, the first at 1"
    assert compared("a.bin", b"\0a", b"\0ab").summary == "the first 2 bytes are the same"


class Loud:
    """A handler of another package."""

    kind = "loud"

    def claims(self, name: str, head: bytes) -> bool:
        return name.endswith(".loud")

    def compare(self, old: Content | None, new: Content | None, options: Options) -> Report:
        if old is not None and old.size_bytes > 5:
            raise FormatError("too loud")
        if old is not None and old.size_bytes > 3:
            raise KeyError("a bug")
        return Report(self.kind, "louder", [Fact("volume", 1, 2)])


def test_another_package_adds_a_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    class Point:
        def __init__(self, name: str, handler: object) -> None:
            self.name = name
            self.value = f"package:{name}"
            self._handler = handler

        def load(self) -> object:
            if self._handler is None:
                raise ImportError("no such module")
            return self._handler

    monkeypatch.setattr(
        metadata,
        "entry_points",
        lambda *, group: (
            [Point("loud", Loud), Point("gone", None)] if group == "git_dvc.contents" else []
        ),
    )
    every = kinds.Kinds()

    def kind_of(data: bytes) -> tuple[str, list[str]]:
        found = every.compare(file("a.loud", data), file("a.loud", b"b"), Options())
        return found.kind, list(found.notes)

    assert kind_of(b"a") == ("loud", [])
    assert kind_of(b"a" * 6) == ("text", ["too loud"])
    assert kind_of(b"a" * 4) == ("text", ["loud: KeyError: 'a bug'"])
    assert every.problems == ["'gone' of package:gone does not load: no such module"]
