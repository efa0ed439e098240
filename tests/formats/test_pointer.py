"""Tests for pointer files; ``samples/pointer`` has files that DVC wrote."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_dvc.errors import FormatError
from git_dvc.formats import pointer, yamltext
from git_dvc.formats.pointer import Out, Pointer

SAMPLES = Path(__file__).parent / "samples" / "pointer"
NAMES: dict[str, str] = json.loads((SAMPLES / "names.json").read_text())
REWRITES: dict[str, dict[str, str]] = json.loads((SAMPLES / "rewrites.json").read_text())

MD5 = "b1946ac92492d2347c6235b4d2611184"
PLAIN = f"outs:\n- md5: {MD5}\n  size: 6\n  hash: md5\n  path: data.txt\n"

HASHES = st.builds(
    lambda number, suffix: f"{number:032x}{suffix}",
    st.one_of(st.integers(0, 16**32 - 1), st.integers(0, 9).map(lambda n: int("1" * 31 + str(n)))),
    st.sampled_from(["", ".dir"]),
)
PATHS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30),
    st.text("ab01e.-_ #:'\"~/\\", min_size=1, max_size=100),
)
OUTS = st.builds(
    Out,
    path=PATHS,
    hash=st.none() | HASHES,
    hash_name=st.sampled_from(["md5", "md5-dos2unix", "xxh128"]),
    size=st.none() | st.integers(0, 2**63 - 1),
    nfiles=st.none() | st.integers(0, 10**9),
    isexec=st.booleans(),
    cache=st.booleans(),
    persist=st.booleans(),
    push=st.booleans(),
    remote=st.none() | PATHS,
    versioned=st.just(False),
)


@pytest.mark.parametrize("name", NAMES)
def test_a_pointer_for_any_name_is_what_dvc_writes(name: str) -> None:
    text = NAMES[name]
    (out,) = pointer.parse(text.encode()).outs
    assert out == Out(name, "9dd4e461268c8034f5c8564e155c67a6", size=1)
    assert pointer.dump(out).decode() == text


@pytest.mark.parametrize(
    ("file", "out"),
    [
        ("dir", Out("dir", "ed6eeca16b842a2bb644fcbb6519f1da.dir", size=3, nfiles=2)),
        ("tool", Out("tool", "3e2b31c72181b87149ff995e7202c0e3", size=10, isexec=True)),
        ("emptydir", Out("emptydir", "d751713988987e9331980363e24189ce.dir", size=0, nfiles=0)),
        ("emptyfile", Out("emptyfile", "d41d8cd98f00b204e9800998ecf8427e", size=0)),
    ],
)
def test_what_dvc_wrote_is_read_and_written(file: str, out: Out) -> None:
    data = (SAMPLES / f"{file}.dvc").read_bytes()
    assert pointer.parse(data) == Pointer((out,))
    assert pointer.dump(out) == data


@given(OUTS)
def test_an_out_is_read_back(out: Out) -> None:
    assert pointer.parse(pointer.dump(out)).outs == (out,)


@given(OUTS, st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_the_quick_way_and_the_full_way_read_the_same(out: Out, newline: str, two: bool) -> None:
    data = pointer.dump(out)
    if two:
        data += pointer.dump(out._replace(path="x")).removeprefix(b"outs:\n")
    data = data.replace(b"\n", newline.encode())
    assert pointer.parse(data) == pointer.from_value(yamltext.parse(data))


@given(st.text("outs:\n- md5: 0123456789abcdef path: '\"#~.ehx", max_size=60), st.booleans())
def test_any_text_is_read_the_same_both_ways(tail: str, after_path: bool) -> None:
    text = f"outs:\n- path: {tail}\n" if after_path else f"outs:\n- path: p\n  {tail}\n"

    def result(read: object) -> object:
        try:
            return read(text.encode())  # type: ignore[operator]
        except FormatError:
            return None

    assert result(pointer.parse) == result(lambda data: pointer.from_value(yamltext.parse(data)))


@given(
    st.one_of(
        st.binary(max_size=80),
        st.binary(max_size=20).map(lambda data: PLAIN.encode()[:40] + data),
    )
)
def test_any_bytes_give_a_pointer_or_a_format_error(data: bytes) -> None:
    try:
        pointer.parse(data)
    except FormatError:
        pass


def test_the_plain_form_is_read_without_a_yaml_parser() -> None:
    code = (
        "import sys; from git_dvc.formats import pointer;"
        "outs = pointer.parse(sys.stdin.buffer.read()).outs; pointer.dump(outs[0]);"
        "print(len(outs), 'yaml' in sys.modules)"
    )
    two = PLAIN + PLAIN.removeprefix("outs:\n").replace("data.txt", "'it''s # 2'")
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=two.encode(),
        capture_output=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout.split() == [b"2", b"False"]


def test_all_keys_are_read() -> None:
    found = pointer.parse(
        f"""\
wdir: ..
frozen: true
md5: {MD5}
desc: text
meta: {{a: 1}}
deps:
- path: data.csv
  repo: {{url: /src/repo, rev_lock: abc}}
outs:
- md5: {MD5.upper()}.dir
  path: d
  size: 1
  nfiles: 2
  isexec: false
  cache: false
  persist: true
  push: false
  remote: store
  desc: d
  type: t
  labels: [a]
  meta: [1]
- {{path: s3://b/k, etag: AbC, cloud: {{s3: {{version_id: v}}}}}}
""".encode()
    )
    assert found.wdir == ".."
    assert found.frozen
    assert found.md5 == MD5
    assert found.deps == ({"path": "data.csv", "repo": {"url": "/src/repo", "rev_lock": "abc"}},)
    first, second = found.outs
    assert first == Out(
        "d", MD5 + ".dir", "md5-dos2unix", 1, 2, False, False, True, False, "store", False
    )
    assert (second.hash, second.hash_name, second.versioned) == ("AbC", "etag", True)


@pytest.mark.parametrize(
    ("lines", "hash_name", "value"),
    [
        (f"md5: {MD5}", "md5-dos2unix", MD5),
        (f"md5: {MD5}\n  hash: md5", "md5", MD5),
        ("md5: ''\n  hash: md5", "md5", None),
        ("md5:\n  hash: md5", "md5", None),
        ("hash: md5", "md5", None),
        (f"xxh128: {MD5}\n  hash: xxh128", "xxh128", MD5),
        (f"md5: {MD5}\n  hash: sha9", "sha9", MD5),
        (f"md5: {'1' * 32}", "md5-dos2unix", "1" * 32),
        ("checksum: abc", "checksum", "abc"),
        ("etag: '\"Q\"'", "etag", '"Q"'),
    ],
)
def test_the_name_of_the_hash_follows_from_the_keys(
    lines: str, hash_name: str, value: str | None
) -> None:
    (out,) = pointer.parse(f"outs:\n- path: p\n  {lines}\n".encode()).outs
    assert (out.hash_name, out.hash) == (hash_name, value)


@pytest.mark.parametrize("text", ["", "# nothing\n", "outs:\n", "outs: []\n", "deps:\nouts:\n"])
def test_a_pointer_may_be_empty(text: str) -> None:
    assert pointer.parse(text.encode()).outs == ()


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("cmds: run\n" + PLAIN, "cmds: unknown key"),
        (PLAIN + "  metric: true\n", "outs[0].metric: unknown key"),
        (PLAIN.replace("path: data.txt", "cache: true"), "outs[0].path: expected text, found n"),
        (PLAIN.replace("data.txt", "5"), "outs[0].path: expected text, found 5"),
        (PLAIN.replace("size: 6", "size: -6"), "outs[0].size: expected a whole number, found -6"),
        (PLAIN.replace("size: 6", "size: true"), "outs[0].size: expected a whole number"),
        (PLAIN.replace("size: 6", "size: '6'"), "outs[0].size: expected a whole number"),
        (PLAIN.replace("size: 6", "nfiles: 1.5"), "outs[0].nfiles: expected a whole number"),
        (PLAIN.replace("size: 6", f"size: {9**30}"), "found a huge number"),
        (PLAIN.replace("size: 6", "isexec: 1"), "outs[0].isexec: expected true or false, found 1"),
        (PLAIN.replace(MD5, "../../etc/passwd"), "outs[0].md5: not a hash"),
        (PLAIN.replace(MD5, MD5 + "0"), "outs[0].md5: not a hash"),
        (PLAIN.replace(MD5, "1e5"), "outs[0].md5: not a hash"),
        (PLAIN.replace("hash: md5", "hash: 5"), "outs[0].hash: expected text, found 5"),
        (PLAIN.replace("size: 6", "md5: ''"), "line 3: key 'md5' occurs twice"),
        ("outs: {a: b}\n", "outs: expected a list, found a mapping"),
        ("outs:\n- text\n", "outs[0]: expected a mapping, found 'text'"),
        ("- outs\n", "expected a mapping, found a list"),
        ("wdir: 5\n", "wdir: expected text, found 5"),
        ("frozen: 'yes'\n", "frozen: expected true or false, found 'yes'"),
        ("deps: [{path: p, cache: true}]\n", "deps[0].cache: unknown key"),
        ("outs: [{path: p, etag: [1]}]\n", "outs[0].etag: expected text, found a list"),
        ("outs: [{path: p, files: 1}]\n", "outs[0].files: expected a list, found 1"),
        ("md5: zz\n", "md5: not a hash"),
        ("5: a\n", "5: unknown key"),
        (
            f"<<<<<<< HEAD\n{PLAIN}=======\n{PLAIN}>>>>>>> other\n",
            "has merge conflict markers",
        ),
        (PLAIN.replace("  size: 6", "<<<<<<< a\r\n  size: 6"), "has merge conflict markers"),
    ],
)
def test_a_pointer_that_is_wrong_is_refused_with_the_field(text: str, what: str) -> None:
    with pytest.raises(FormatError) as caught:
        pointer.parse(text.encode())
    assert caught.value.what.startswith(what) or caught.value.what.endswith(what)


def test_bytes_that_are_not_text_are_refused() -> None:
    for data in (b"\x80", b"\x00\x01", PLAIN.encode("utf-16"), b"a" * (pointer.MOST_BYTES + 1)):
        with pytest.raises(FormatError):
            pointer.parse(data)


# Rewriting.

# What DVC changes beside the values, and we leave as the author wrote it.
KEPT = {
    "comments": ("desc: some text", "desc: 'some text'"),
    "flow2": ("push: \n    false", "push: false"),
    "oldsize": ("  desc: x", "  cache: true\n  desc: x"),
    "crlf": ("\n", "\r\n"),
    "quoted": (
        "- md5: f16c67ccc02749c460515cbcb8bfc88d\n  size: 15\n  hash: md5\n  path: quoted",
        "- md5: 'f16c67ccc02749c460515cbcb8bfc88d'\n  size: 15\n  hash: \"md5\"\n  path: 'quoted'",
    ),
    "wide": ("- ", "    -   "),
}


@pytest.mark.parametrize("name", REWRITES)
def test_a_rewrite_is_dvcs_without_its_changes_to_the_style(name: str) -> None:
    before, after = REWRITES[name]["before"], REWRITES[name]["after"]
    (new,) = pointer.parse(after.encode()).outs
    got = pointer.update(before.encode(), name, new).decode()
    if name == "wide":
        after = after.replace("\n  ", "\n        ")
    if name in KEPT:
        after = after.replace(*KEPT[name])
    assert got == after


@given(OUTS, OUTS, st.sampled_from(["\n", "\r\n"]), st.sampled_from(["", "# end\n"]))
def test_an_update_records_the_content_and_leaves_the_rest(
    old: Out, new: Out, newline: str, tail: str
) -> None:
    text = pointer.dump(old) + tail.encode()
    other = pointer.dump(Out(old.path + "x", size=1)).removeprefix(b"outs:\n")
    data = (text + other).replace(b"\n", newline.encode())
    outs = pointer.parse(data).outs
    got = pointer.parse(pointer.update(data, old.path, new)).outs
    assert got[1:] == outs[1:]
    assert got[0] == old._replace(
        hash=new.hash, hash_name=new.hash_name, size=new.size, nfiles=new.nfiles, isexec=new.isexec
    )


def test_the_same_content_leaves_every_byte() -> None:
    for sample in REWRITES.values():
        data = sample["before"].encode()
        (out,) = pointer.parse(data).outs
        assert pointer.update(data, out.path, out) == data


def test_a_file_that_becomes_a_directory_gets_nfiles_and_loses_isexec() -> None:
    old = f"outs:\n- md5: {MD5}\n  size: 6 # bytes\n  isexec: true\n  hash: md5\n  path: d\n"
    new = pointer.update(old.encode(), "d", Out("d", MD5 + ".dir", size=2, nfiles=3)).decode()
    assert new == (
        f"outs:\n- md5: {MD5}.dir\n  size: 2 # bytes\n  hash: md5\n  path: d\n  nfiles: 3\n"
    )


def test_a_size_that_is_not_known_goes_away() -> None:
    new = pointer.update(PLAIN.encode(), "data.txt", Out("data.txt", MD5))
    assert new.decode() == PLAIN.replace("  size: 6\n", "")


def test_another_algorithm_replaces_the_hash() -> None:
    new = pointer.update(PLAIN.encode(), "data.txt", Out("data.txt", MD5, "xxh128", 6))
    assert new.decode() == (
        f"outs:\n- size: 6\n  hash: xxh128\n  path: data.txt\n  xxh128: {MD5}\n"
    )


def test_an_out_that_is_not_there_is_an_error() -> None:
    with pytest.raises(FormatError) as caught:
        pointer.update(PLAIN.encode(), "other", Out("other"))
    assert caught.value.what == "outs: no out with the path 'other'"
