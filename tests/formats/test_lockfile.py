"""Tests for ``dvc.lock``; ``samples/lockfile/dvc.lock`` is what ``dvc repro`` wrote."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from git_dvc.errors import FormatError
from git_dvc.formats import lockfile
from git_dvc.formats.lockfile import LockStage
from git_dvc.formats.pointer import Out

DATA = (Path(__file__).parent / "samples" / "lockfile" / "dvc.lock").read_bytes()
MD5 = "b1946ac92492d2347c6235b4d2611184"
HEAD = "schema: '2.0'\n"


def test_what_dvc_wrote_is_read_and_written() -> None:
    stages = lockfile.parse(DATA)
    assert list(stages)[:4] == ["train", "sub", "each@de", "each@en"]
    train = stages["train"]
    assert train.deps == (Out("in.csv", "372e25f23b5a8ae33c7ba203412ace30", size=2),)
    assert train.params["params.yaml"] == {"seed": 42, "train.lr": 1e-05}
    assert train.outs[2] == Out("outd", "49c131b120da38a600f8349b2b172444.dir", size=1, nfiles=1)
    assert stages["sub"].cmd == ["printf a > 'odd #1.txt'", "printf b > tool; chmod +x tool"]
    assert stages["sub"].outs[1].isexec
    assert lockfile.dump(stages.values()) == DATA


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
OUTS = st.lists(
    st.builds(
        Out,
        path=TEXTS,
        hash=st.none() | st.just(MD5),
        hash_name=st.sampled_from(["md5", "md5-dos2unix"]),
        size=st.none() | st.integers(0, 10**12),
        nfiles=st.none() | st.integers(0, 99),
        isexec=st.booleans(),
        cache=st.just(True),
        persist=st.just(False),
        push=st.just(True),
        remote=st.none(),
        versioned=st.just(False),
    ),
    max_size=3,
    unique_by=lambda out: out.path,
).map(lambda outs: tuple(sorted(outs, key=lambda out: out.path)))
SCALARS = st.none() | st.booleans() | st.integers() | TEXTS
STAGES = st.builds(
    LockStage,
    name=TEXTS,
    cmd=TEXTS | st.lists(TEXTS, min_size=1, max_size=2),
    outs=OUTS,
    deps=OUTS,
    params=st.dictionaries(
        TEXTS, st.dictionaries(TEXTS, SCALARS | st.lists(SCALARS), max_size=3), max_size=2
    ),
)


@given(st.lists(STAGES, max_size=3, unique_by=lambda stage: stage.name))
def test_stages_are_read_back(stages: list[LockStage]) -> None:
    assert lockfile.parse(lockfile.dump(stages)) == {stage.name: stage for stage in stages}


@given(st.binary(max_size=60))
def test_any_bytes_give_stages_or_a_format_error(tail: bytes) -> None:
    for data in (tail, HEAD.encode() + tail, HEAD.encode() + b"stages:\n  a:\n    " + tail):
        try:
            lockfile.parse(data)
        except FormatError:
            pass


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "expected a mapping, found nothing"),
        ("a:\n  cmd: x\n", "a: unknown key"),
        ("stages: {}\n", "schema: expected '2.0', found nothing"),
        ("schema: 2.0\n", "schema: expected '2.0', found 2.0"),
        (HEAD + "stages: []\n", "stages: expected a mapping, found a list"),
        (HEAD + "stages: {a: 1}\n", "stages.a: expected a mapping, found 1"),
        (HEAD + "stages: {1: {cmd: x}}\n", "stages: expected a name, found 1"),
        (HEAD + "stages: {a: {}}\n", "stages.a.cmd: expected text or a list, found nothing"),
        (HEAD + "stages: {a: {cmd: x, wdir: b}}\n", "stages.a.wdir: unknown key"),
        (
            HEAD + "stages: {a: {cmd: x, outs: [{path: p, md5: ..}]}}\n",
            "stages.a.outs[0].md5: not a hash: '..'",
        ),
        (
            HEAD + "stages: {a: {cmd: x, outs: [{path: p, cache: true}]}}\n",
            "stages.a.outs[0].cache: unknown key",
        ),
        (HEAD + "stages: {a: {cmd: x, params: {f: 1}}}\n", "stages.a.params: expected mappings"),
        (f"<<<<<<< HEAD\n{HEAD}=======\n>>>>>>> b\n", "has merge conflict markers"),
    ],
)
def test_a_lock_file_that_is_wrong_is_refused_with_the_field(text: str, what: str) -> None:
    with pytest.raises(FormatError) as caught:
        lockfile.parse(text.encode())
    assert caught.value.what.startswith(what)


def test_a_lock_file_may_have_no_stages() -> None:
    assert lockfile.parse(HEAD.encode()) == {}
    assert lockfile.dump([]) == HEAD.encode()


def test_an_update_changes_the_lines_of_one_out() -> None:
    out = Out("outd", MD5 + ".dir", size=8, nfiles=2)
    got = lockfile.update(DATA, "train", "outd", out).decode()
    old = "      md5: 49c131b120da38a600f8349b2b172444.dir\n      size: 1\n      nfiles: 1\n"
    new = f"      md5: {MD5}.dir\n      size: 8\n      nfiles: 2\n"
    assert got == DATA.decode().replace(old, new, 1)


def test_several_outs_are_updated_at_once() -> None:
    got = lockfile.update_all(
        DATA,
        {
            ("sub", "tool"): Out("tool", MD5, size=1),
            ("each@de", "o/de.txt"): Out("o/de.txt", MD5, size=3, isexec=True),
        },
    )
    stages = lockfile.parse(got)
    assert stages["sub"].outs[1] == Out("tool", MD5, size=1)
    assert stages["each@de"].outs[0] == Out("o/de.txt", MD5, size=3, isexec=True)
    assert lockfile.dump(stages.values()) == got


def test_an_update_of_a_file_that_was_edited_leaves_the_edits() -> None:
    text = b"# mine\n" + DATA.replace(b"  sub:\n", b"  sub: # two\n")
    out = Out("tool", MD5 + ".dir", size=1, nfiles=0)
    got = lockfile.update(text, "sub", "tool", out)
    old = b"      md5: 92eb5ffee6ae2fec3ad71c777531578f\n      size: 1\n      isexec: true\n"
    new = f"      md5: {MD5}.dir\n      size: 1\n      nfiles: 0\n".encode()
    assert got == text.replace(old, new)


def test_an_update_of_an_old_entry_marks_the_new_hash() -> None:
    text = HEAD + f"stages:\n  a:\n    cmd: x\n    outs:\n    - path: p\n      md5: {MD5}\n"
    got = lockfile.update(text.encode(), "a", "p", Out("p", MD5, size=2)).decode()
    assert got == text.replace("      md5", "      hash: md5\n      md5") + "      size: 2\n"


def test_an_out_that_is_not_there_is_an_error() -> None:
    for stage, path in (("train", "none"), ("none", "outd")):
        with pytest.raises(FormatError):
            lockfile.update(DATA, stage, path, Out(path))


def test_a_stage_is_replaced_in_its_place_or_added_at_the_end() -> None:
    stages = lockfile.parse(DATA)
    changed = stages["sub"]._replace(cmd="other", deps=())
    got = lockfile.set_stage(DATA, changed)
    assert got == lockfile.dump({**stages, "sub": changed}.values())
    added = LockStage("new", "x", outs=(Out("p", MD5, size=1),))
    assert lockfile.set_stage(DATA, added) == lockfile.dump([*stages.values(), added])
    assert lockfile.set_stage(None, added) == lockfile.dump([added])
    assert lockfile.set_stage(HEAD.encode(), added) == lockfile.dump([added])


def test_a_removed_stage_leaves_the_rest() -> None:
    stages = lockfile.parse(DATA)
    for name in stages:
        left = [stage for stage in stages.values() if stage.name != name]
        assert lockfile.remove_stage(DATA, name) == lockfile.dump(left)
    assert lockfile.remove_stage(DATA, "none") == DATA
    assert lockfile.remove_stage(lockfile.dump([stages["sub"]]), "sub") is None


@settings(max_examples=20, deadline=None)
@given(st.lists(STAGES, max_size=2), st.lists(STAGES, min_size=1, max_size=2), st.booleans())
def test_records_set_one_after_another_are_those_of_a_whole_file(
    old: list[LockStage], new: list[LockStage], commented: bool
) -> None:
    known = {stage.name: stage for stage in old}
    data = lockfile.dump(known.values()) if old else None
    if data is not None and commented:
        data = b"# machine\n" + data
    text = lockfile.LockText(data)
    for stage in new:
        text.set(stage)
        known[stage.name] = stage
    assert text.data is not None
    whole = lockfile.dump(known.values())
    if data is None or not commented:
        assert text.data == whole
    assert lockfile.parse(text.data) == lockfile.parse(whole)


def test_new_records_stand_in_the_order_of_their_ranks() -> None:
    text = lockfile.LockText(lockfile.dump([LockStage("old", "true"), LockStage("z", "true")]))
    for name, rank in (("c", 3), ("a", 1), ("z", 2), ("b", 2), ("d", 4)):
        text.set(LockStage(name, "true"), rank)
    assert list(lockfile.parse(text.data or b"")) == ["old", "z", "a", "b", "c", "d"]
