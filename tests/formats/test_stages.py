"""Tests for ``dvc.yaml``; the sample is one that DVC ran, ``dvc.lock`` beside it what it wrote."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_dvc.errors import FormatError
from git_dvc.formats import lockfile, stages
from git_dvc.formats.stages import Flags

SAMPLES = Path(__file__).parent / "samples"
DATA = (SAMPLES / "stages" / "dvc.yaml").read_bytes()
LOCK = lockfile.parse((SAMPLES / "lockfile" / "dvc.lock").read_bytes())
FILE = stages.parse(DATA)


def test_every_out_that_dvc_recorded_is_found() -> None:
    for name, stage in LOCK.items():
        for out in stage.outs:
            assert FILE.out_flags(name, out.path) is not None, (name, out.path)


def test_flags_are_those_of_the_definition() -> None:
    assert FILE.out_flags("train", "model.bin") == Flags()
    assert FILE.out_flags("train", "outd") == Flags(persist=True, push=False, remote="store")
    assert FILE.out_flags("train", "metrics.json") == Flags(cache=False, kind="metrics")
    assert FILE.out_flags("train", "plot.csv") == Flags(cache=False, kind="plots")
    assert FILE.out_flags("each@de", "o/de.txt") == Flags(push=False)
    assert FILE.out_flags("grid@a-n1", "g-a-a-n1.txt") == Flags(push=False)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("train", "other"),
        ("none", "model.bin"),
        ("train@x", "model.bin"),
        ("each", "o/de.txt"),
        ("each@de", "o/en.txt"),
        ("bykey@k1", "k2-1.out"),
    ],
)
def test_an_out_that_is_not_defined_has_no_flags(name: str, path: str) -> None:
    assert FILE.out_flags(name, path) is None


def test_wdir_and_frozen() -> None:
    assert (FILE.wdir("train"), FILE.wdir("sub"), FILE.wdir("bykey@k2")) == (".", "w", "w")
    assert FILE.wdir("none") is None
    assert [name for name in LOCK if FILE.frozen(name)] == ["sub"]


def test_templates_match_anything_and_the_most_exact_wins() -> None:
    found = stages.parse(
        rb"""
stages:
  s:
    wdir: ${where}/x
    cmd: c
    outs:
    - ${a}
    - d/${a}/${b}.bin: {cache: false}
    - d/exact.bin: {push: false}
    - \${literal}: {persist: true}
    - ./dot/../p: {remote: r}
"""
    )
    assert found.wdir("s") is None
    assert found.out_flags("s", "whatever") == Flags()
    assert found.out_flags("s", "d/1/2.bin") == Flags(cache=False)
    assert found.out_flags("s", "d/exact.bin") == Flags(push=False)
    assert found.out_flags("s", "${literal}") == Flags(persist=True)
    assert found.out_flags("s", "p") == Flags(remote="r")


def test_the_key_of_a_generated_stage_fills_its_templates() -> None:
    found = stages.parse(
        b"""
stages:
  l: {foreach: [a/b, c], do: {cmd: x, wdir: "${ item }", outs: ["${item}.o"]}}
  n: {foreach: [{p: 1}], do: {cmd: x, wdir: "${item.p}", outs: ["${item.p}.o"]}}
  e: {foreach: "${list}", do: {cmd: x, outs: ["${item}.o"]}}
"""
    )
    assert found.wdir("l@a/b") == "a/b"
    assert found.out_flags("l@c", "c.o") == Flags()
    assert found.out_flags("l@c", "d.o") is None
    assert found.wdir("n@0") is None
    assert found.out_flags("n@0", "1.o") == Flags()
    assert found.out_flags("e@z", "z.o") == Flags()


def test_matching_takes_linear_time() -> None:
    outs = "${a}x" * 2000 + "y"
    found = stages.parse(f"stages: {{s: {{cmd: c, outs: ['{outs}']}}}}".encode())
    assert found.out_flags("s", "x" * 20000) is None


@given(
    st.lists(st.text("ab/", max_size=3), min_size=1, max_size=4),
    st.text("ab/", max_size=3),
)
def test_a_template_matches_what_it_can_become(pieces: list[str], inner: str) -> None:
    text = "s" + "${x}".join(pieces) + "e"
    found = stages.parse(f"stages: {{s: {{cmd: c, outs: ['{text}']}}}}".encode())
    assert found.out_flags("s", "s" + inner.join(pieces) + "e") == Flags()


@pytest.mark.parametrize("text", ["", "# c\n", "vars: [a]\n", "stages:\n", "stages: {}\n"])
def test_a_file_may_define_no_stages(text: str) -> None:
    assert stages.parse(text.encode()).definitions == {}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("- a\n", "file: expected a mapping, found a list"),
        ("stages: [a]\n", "stages: expected a mapping, found a list"),
        ("stages: {1: {cmd: x}}\n", "stages: expected a name, found 1"),
        ("stages: {a: x}\n", "stages.a: expected a mapping, found 'x'"),
        ("stages: {a: {foreach: [1]}}\n", "stages.a.do: expected a mapping, found nothing"),
        ("stages: {a: {outs: x}}\n", "stages.a.outs: expected a list, found 'x'"),
        ("stages: {a: {outs: [1]}}\n", "stages.a.outs[0]: expected a mapping, found 1"),
        ("stages: {a: {outs: [{1: {}}]}}\n", "stages.a.outs[0]: expected a path, found 1"),
        ("stages: {a: {outs: [{p: {cache: 1}}]}}\n", "stages.a.outs[0].cache: expected true"),
        ("stages: {a: {outs: [{p: {remote: 1}}]}}\n", "stages.a.outs[0].remote: expected text"),
        ("stages: {a: {wdir: 1}}\n", "stages.a.wdir: expected text, found 1"),
        ("stages: {a: {frozen: no}}\n", "stages.a.frozen: expected true or false, found 'no'"),
        ("<<<<<<< HEAD\n", "has merge conflict markers"),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_the_field(text: str, what: str) -> None:
    with pytest.raises(FormatError) as caught:
        stages.parse(text.encode())
    assert caught.value.what.startswith(what)


@given(st.binary(max_size=60))
def test_any_bytes_give_definitions_or_a_format_error(tail: bytes) -> None:
    for data in (tail, b"stages:\n  a:\n    outs: " + tail):
        try:
            stages.parse(data)
        except FormatError:
            pass


def test_a_removed_stage_leaves_the_rest() -> None:
    text = DATA.decode()
    start, end = text.index("  sub:"), text.index("  each:")
    got = stages.remove_stage(DATA, "sub")
    assert got is not None
    assert got.decode() == text[:start] + text[end:]
    assert stages.remove_stage(DATA, "none") == DATA
    group = stages.remove_stage(DATA, "each")
    assert group is not None
    assert b"  each:" not in group


def test_the_last_stage_takes_the_file_with_it_unless_there_is_more() -> None:
    assert stages.remove_stage(b"stages:\n  a:\n    cmd: x\n", "a") is None
    text = b"# c\nstages:\n  a:\n    cmd: x\nplots:\n- p\n"
    assert stages.remove_stage(text, "a") == b"# c\nplots:\n- p\n"


def test_one_of_a_generated_group_has_no_text_to_remove() -> None:
    with pytest.raises(FormatError):
        stages.remove_stage(DATA, "each@de")


def test_the_path_of_an_out_is_changed() -> None:
    got = stages.set_out_path(DATA, "train", "model.bin", "m #2.bin").decode()
    assert got == DATA.decode().replace("- model.bin", "- 'm #2.bin'")
    got = stages.set_out_path(DATA, "train", "outd", "e").decode()
    assert got == DATA.decode().replace("- outd:", "- e:")
    with pytest.raises(FormatError):
        stages.set_out_path(DATA, "train", "none", "e")
    with pytest.raises(FormatError):
        stages.set_out_path(DATA, "each@de", "o/de.txt", "e")
