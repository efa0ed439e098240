"""Directory manifests; ``samples/manifest`` has objects that DVC wrote, named by their hash."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_dvc import hashing, relpaths
from git_dvc.errors import FormatError
from git_dvc.formats import manifest
from git_dvc.formats.manifest import Manifest

SAMPLES = sorted((Path(__file__).parent / "samples" / "manifest").glob("*.json"))
A, B = "a" * 32, "b" * 32

HASHES = st.integers(0, 16**32 - 1).map(lambda number: f"{number:032x}")
NAMES = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8),
    st.text('ab/. -{}[],:"\n\x7f\té', min_size=1, max_size=8),
)


def is_safe(paths: list[str]) -> bool:
    try:
        relpaths.check_all(paths)
    except FormatError:
        return False
    return True


MANIFESTS = st.dictionaries(NAMES, HASHES, max_size=6).filter(lambda m: is_safe(list(m)))


def as_dvc(files: Manifest) -> bytes:
    listing = [{"md5": files[path], "relpath": path} for path in sorted(files)]
    return json.dumps(listing, sort_keys=True).encode()


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name.partition("-")[0])
def test_what_dvc_wrote_is_read_and_written_to_the_byte(sample: Path) -> None:
    data = sample.read_bytes()
    value = sample.name.partition("-")[2].removesuffix(".json")
    assert hashing.of_bytes(data) + hashing.DIR_SUFFIX == value
    files = manifest.parse(data)
    assert files == {entry["relpath"]: entry["md5"] for entry in json.loads(data)}
    assert manifest.dump(files) == data


def test_the_samples_are_there() -> None:
    assert len(SAMPLES) == 4


def test_the_empty_manifest_has_the_hash_everybody_knows() -> None:
    assert hashing.of_bytes(manifest.dump({})) + ".dir" == manifest.EMPTY_DIR_HASH
    assert manifest.parse(b"[]") == {}


def test_bytes_do_not_depend_on_the_order_files_were_found() -> None:
    files = {"a.txt": A, "b.txt": B, "B": A, "a/x": B}
    assert manifest.dump(files) == manifest.dump(dict(reversed(files.items())))


@given(MANIFESTS)
def test_a_dump_has_the_bytes_of_json_and_reads_back(files: Manifest) -> None:
    data = manifest.dump(files)
    assert data == as_dvc(files)
    assert manifest.parse(data) == files


@given(MANIFESTS)
def test_another_layout_of_the_same_list_reads_the_same(files: Manifest) -> None:
    listing = [{"relpath": path, "md5": value} for path, value in files.items()]
    assert manifest.parse(json.dumps(listing, indent=1).encode()) == files


def test_the_key_of_another_algorithm_is_read() -> None:
    files = {"x": A, "é": B}
    assert manifest.parse(manifest.dump(files, key="xxh128")) == files


BAD = {
    "not JSON": b"[{",
    "empty": b"",
    "binary": b"\x80\x02\xff",
    "a map": b"{}",
    "a number in the list": b"[1]",
    "no path": f'[{{"md5": "{A}"}}]'.encode(),
    "no hash": b'[{"relpath": "a"}]',
    "a path that is a list": f'[{{"md5": "{A}", "relpath": ["a"]}}]'.encode(),
    "a hash that is null": b'[{"md5": null, "relpath": "a"}]',
    "a hash that climbs": b'[{"md5": "../../../../../../etc/passwd12345", "relpath": "a"}]',
    "a hash that is short": b'[{"md5": "abcd", "relpath": "a"}]',
    "a directory": f'[{{"md5": "{A}.dir", "relpath": "a"}}]'.encode(),
    "twice the same, plain": manifest.dump({"a": A})[:-1] + b", " + manifest.dump({"a": B})[1:],
    "twice the same, spaced": (
        f'[{{"md5":"{A}","relpath":"a"}},{{"md5":"{A}","relpath":"a"}}]'.encode()
    ),
    "file and directory": manifest.dump({"a": A, "a/b": B}),
    "separators that are none": manifest.dump({"a": A, "b": B}).replace(b"}, {", b"}xy{"),
    "a comma too early": b"[, " + manifest.dump({"a": A, "b": B})[1:].replace(b"}, {", b"}{"),
    "deep": b"[" * 100_000,
    "huge number": b'[{"md5": ' + b"9" * 5000 + b', "relpath": "a"}]',
    **{
        f"path {path!r}": as_dvc({"ok": A, path: B})
        for path in ("../x", "/x", "a/../../x", "", ".", "a//b", ".git/hooks/x", "a/.GIT", "git~1",
                     ".g\u200cit/x", ".git::$INDEX_ALLOCATION", "a\\b", "C:x", "a\0", "\ud800",
                     "x" * 256, ".dvc/config", "a/", "\ud800" * 80)
    },
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_manifest_is_one_short_error(name: str) -> None:
    with pytest.raises(FormatError) as caught:
        manifest.parse(BAD[name])
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 1000


@given(st.binary(max_size=200))
def test_any_bytes_are_a_manifest_or_an_error(data: bytes) -> None:
    try:
        files = manifest.parse(data)
    except FormatError:
        return
    assert manifest.parse(manifest.dump(files)) == files


@given(MANIFESTS, st.data())
def test_damage_is_never_read_as_something_json_does_not_say(
    files: Manifest, data: st.DataObject
) -> None:
    text = bytearray(manifest.dump(files))
    text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = manifest.parse(bytes(text))
    except FormatError:
        return
    assert found == {entry["relpath"]: entry["md5"].lower() for entry in json.loads(text)}


def by_parsing(old: bytes, new: bytes) -> tuple[Manifest, Manifest]:
    before, after = manifest.parse(old), manifest.parse(new)
    removed = {path: value for path, value in before.items() if after.get(path) != value}
    added = {path: value for path, value in after.items() if before.get(path) != value}
    return removed, added


@given(MANIFESTS, MANIFESTS, MANIFESTS)
def test_changed_entries_are_those_of_parsing_both(
    shared: Manifest, one: Manifest, other: Manifest
) -> None:
    old, new = {**shared, **one}, {**shared, **other}
    if not (is_safe(list(old)) and is_safe(list(new))):
        return
    texts = manifest.dump(old), manifest.dump(new)
    found = manifest.changed_entries(*texts)
    if found is not None:
        assert found == by_parsing(*texts)


def test_changed_entries_of_plain_manifests_are_found_without_parsing() -> None:
    old = manifest.dump({f"{n}.png": f"{n:032x}" for n in range(50)})
    new = manifest.dump({f"{n}.png": f"{n + n % 7 // 6:032x}" for n in range(3, 53)})
    assert manifest.changed_entries(old, new) == by_parsing(old, new)


@pytest.mark.parametrize("path", ["../x", ".git/x", "a\\\\b", "C:x", "x" * 256])
def test_changed_entries_are_checked_too(path: str) -> None:
    old = manifest.dump({"a": A, "b": B})
    new = manifest.dump({"a": A, "b": A, path: B})
    with pytest.raises(FormatError):
        if manifest.changed_entries(old, new) is None:
            manifest.parse(new)


def test_a_path_that_is_listed_twice_is_refused_also_among_the_changed() -> None:
    old = manifest.dump({"a": A})
    for extra in ({"x": A}, {"a": A}):
        twice = manifest.dump({"a": A})[:-1] + b", " + manifest.dump(extra)[1:]
        twice = twice[:-1] + b", " + manifest.dump({next(iter(extra)): B})[1:]
        with pytest.raises(FormatError):
            if manifest.changed_entries(old, twice) is None:
                manifest.parse(twice)
            elif "a" in extra:
                # A path that stays and comes again: for the caller, who has the old paths.
                raise FormatError("told apart by ops/checkout.py")


def test_changed_entries_give_up_where_the_layout_is_not_plain() -> None:
    plain, spaced = manifest.dump({"a": A}), b'[ {"relpath": "a", "md5": "' + A.encode() + b'"} ]'
    for old, new in ((plain, spaced), (spaced, plain), (b"[]", plain), (b"", plain)):
        assert manifest.changed_entries(old, new) is None
    assert manifest.changed_entries(plain, manifest.dump({"é": A})) is None


def test_size_and_count() -> None:
    assert manifest.size_and_count({"a": A, "b": B}, {"a": 3, "b": 4, "c": 9}) == (7, 2)


@given(MANIFESTS)
def test_the_numbers_of_a_manifest_are_those_of_all_its_hashes(files: Manifest) -> None:
    expected = sorted(int(value[:16], 16) for value in files.values())
    assert sorted(manifest.numbers(manifest.dump(files))) == expected
    listing = [{"relpath": name, "md5": value} for name, value in files.items()]
    assert sorted(manifest.numbers(json.dumps(listing, indent=1).encode())) == expected


def test_an_entry_of_another_form_is_not_overlooked() -> None:
    value = "ab" * 16
    # Eight names that end in a backslash hide the eight quotation marks of the last entry.
    plain = [f'{{"md5": "{value}", "relpath": "{n}\\\\"}}' for n in range(8)]
    data = "[" + ", ".join([*plain, f'{{"relpath": "z", "md5": "{"cd" * 16}"}}']) + "]"
    with pytest.raises(FormatError):
        manifest.numbers(data.encode())
    late = f'[{{"md5": "{value}", "relpath": "a"}}, {{"relpath": "z", "md5": "{"cd" * 16}"}}]'
    assert manifest.numbers(late.encode()) == [int("ab" * 8, 16), int("cd" * 8, 16)]
