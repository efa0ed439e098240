"""Pointer and lock files in, outputs and problems out; no disk is touched."""

from __future__ import annotations

import pytest

from git_dvc.tracked import Tracked, TrackedOut, collect, is_pointer, is_source

HASH = "a" * 32


def dvc_file(*outs: str, wdir: str = "", more: str = "") -> str:
    head = f"wdir: {wdir}\n" if wdir else ""
    return head + "outs:\n" + "".join(
        f"- md5: {HASH}\n  hash: md5\n  path: {out}\n{more}" for out in outs
    )  # fmt: skip


def read(files: dict[str, str]) -> Tracked:
    """Return what these files track."""

    def content(path: str) -> bytes | None:
        return files[path].encode() if path in files else None

    return collect([path for path in files if is_source(path)], content)


def problems(found: Tracked) -> list[str]:
    return [f"{problem.where}: {problem.what}" for problem in found.problems]


# -- pointer files ----------------------------------------------------------------------------


def test_an_output_lies_beside_its_pointer() -> None:
    found = read({"x.dvc": dvc_file("x"), "sub/deep/y.dvc": dvc_file("y")})
    assert list(found.outs) == ["sub/deep/y", "x"]
    item = found.outs["sub/deep/y"]
    assert (item.source, item.stage) == ("sub/deep/y.dvc", "")
    assert item.alone
    assert not item.imported
    assert item.out.hash == HASH
    assert item.same_content == (HASH, "md5")
    assert not found.problems


@pytest.mark.parametrize(
    ("source", "wdir", "path", "relpath"),
    [
        ("sub/x.dvc", "..", "x", "x"),
        ("x.dvc", "sub/deep", "x", "sub/deep/x"),
        ("sub/x.dvc", "../other", "a/x", "other/a/x"),
        ("sub/x.dvc", ".", "x", "sub/x"),
        ("sub/x.dvc", "", "../other/x", "other/x"),
        ("x.dvc", "sub/..", "x", "x"),
    ],
)
def test_wdir_and_path_lead_anywhere_inside(
    source: str, wdir: str, path: str, relpath: str
) -> None:
    found = read({source: dvc_file(path, wdir=wdir)})
    assert list(found.outs) == [relpath]
    assert not found.problems


@pytest.mark.parametrize(
    ("wdir", "path"),
    [("..", "x"), ("", "../x"), ("sub/../..", "x"), ("", "a/../../x"), ("", ".git/x"), ("", ".")],
)
def test_nothing_leads_out_of_the_project(wdir: str, path: str) -> None:
    found = read({"x.dvc": dvc_file(path, wdir=wdir), "good.dvc": dvc_file("good")})
    assert list(found.outs) == ["good"]
    assert len(found.problems) == 1
    assert found.problems[0].where == "x.dvc"
    assert found.broken == {"x.dvc"}


def test_a_pointer_may_have_several_outputs() -> None:
    found = read({"x.dvc": dvc_file("a", "b")})
    assert sorted(found.outs) == ["a", "b"]
    assert not found.outs["a"].alone


def test_imports_are_known() -> None:
    text = f"frozen: true\ndeps:\n- md5: {HASH}\n  path: /else/where\n" + dvc_file("x")
    assert read({"x.dvc": text}).outs["x"].imported


def test_what_is_not_cached_is_kept_apart() -> None:
    found = read({"x.dvc": dvc_file("x", more="  cache: false\n")})
    assert (list(found.outs), list(found.uncached)) == ([], ["x"])


@pytest.mark.parametrize("path", ["/abs/x", "s3://bucket/x", "https://host/x"])
def test_what_lies_outside_of_any_project_is_skipped(path: str) -> None:
    found = read({"x.dvc": dvc_file(path), "good.dvc": dvc_file("good")})
    assert list(found.outs) == ["good"]
    assert not found.problems


def test_algorithms_we_do_not_have_are_skipped() -> None:
    text = "outs:\n- etag: abc\n  hash: etag\n  path: x\n"
    found = read({"x.dvc": text})
    assert not found.outs


def test_old_pointers_say_so() -> None:
    found = read({"x.dvc": f"outs:\n- md5: {HASH}\n  path: x\n"})
    assert found.outs["x"].same_content == (HASH, "md5-dos2unix")


def test_files_that_vanished_are_skipped() -> None:
    found = collect(["x.dvc", "dvc.lock"], lambda path: None)
    assert found == Tracked({}, {}, [], set())


# -- clashes ----------------------------------------------------------------------------------


def test_two_pointers_for_one_output_are_a_problem() -> None:
    found = read({"a.dvc": dvc_file("x"), "b.dvc": dvc_file("x"), "y.dvc": dvc_file("y")})
    assert found.outs["x"].source == "a.dvc"
    assert problems(found) == ["b.dvc: x: a.dvc tracks it already"]
    assert found.broken == {"b.dvc"}
    assert "y" in found.outs


def test_one_cached_and_one_not_clash_too() -> None:
    found = read({"a.dvc": dvc_file("x", more="  cache: false\n"), "b.dvc": dvc_file("x")})
    assert problems(found) == ["b.dvc: x: a.dvc tracks it already"]
    assert not found.outs


def test_an_output_inside_another_is_a_problem() -> None:
    found = read({"a.dvc": dvc_file("data"), "data/d/x.dvc": dvc_file("x")})
    assert list(found.outs) == ["data"]
    assert problems(found) == ["data/d/x.dvc: data/d/x: inside data, which a.dvc tracks"]


def test_a_broken_file_does_not_stop_the_others() -> None:
    found = read({"a.dvc": "outs: 3\n", "b.dvc": dvc_file("b"), "c.dvc": "<<<<<<< HEAD\n"})
    assert list(found.outs) == ["b"]
    assert found.broken == {"a.dvc", "c.dvc"}
    assert [problem.where for problem in found.problems] == ["a.dvc", "c.dvc"]


# -- lock files -------------------------------------------------------------------------------

STAGES = """\
stages:
  make:
    cmd: run
    outs:
    - made
    - kept:
        persist: true
        push: false
        remote: store
    metrics:
    - m.json:
        cache: false
  moved:
    cmd: run
    wdir: other
    outs:
    - x
"""


def lock(**stages: list[str]) -> str:
    text = "schema: '2.0'\nstages:\n"
    for name, outs in stages.items():
        text += f"  {name}:\n    cmd: run\n    outs:\n"
        for out in outs:
            text += f"    - path: {out}\n      hash: md5\n      md5: {HASH}\n"
    return text


def test_outputs_of_stages_are_tracked_with_their_flags() -> None:
    found = read(
        {
            "sub/dvc.yaml": STAGES,
            "sub/dvc.lock": lock(make=["made", "kept", "m.json"], moved=["x"]),
        }
    )
    assert list(found.outs) == ["sub/made", "sub/kept", "sub/other/x"]
    assert list(found.uncached) == ["sub/m.json"]
    kept = found.outs["sub/kept"].out
    assert (kept.persist, kept.push, kept.remote) == (True, False, "store")
    assert found.outs["sub/made"].stage_key == "sub/dvc.yaml:make"
    assert found.outs["sub/made"].source == "sub/dvc.lock"


def test_at_the_top_a_stage_is_its_name() -> None:
    found = read({"dvc.yaml": STAGES, "dvc.lock": lock(make=["made"]), "x.dvc": dvc_file("x")})
    assert found.outs["made"].stage_key == "make"
    assert found.outs["x"].stage_key == "x.dvc"


def test_what_dvc_yaml_no_longer_has_is_not_tracked() -> None:
    found = read({"dvc.yaml": STAGES, "dvc.lock": lock(make=["made", "old"], gone=["y"])})
    assert list(found.outs) == ["made"]
    assert not found.problems


def test_a_lock_file_without_its_dvc_yaml_tracks_nothing() -> None:
    assert read({"dvc.lock": lock(make=["made"])}) == Tracked({}, {}, [], set())


def test_a_broken_dvc_yaml_is_named() -> None:
    found = read({"dvc.yaml": "stages: 3\n", "dvc.lock": lock(make=["made"])})
    assert [problem.where for problem in found.problems] == ["dvc.yaml"]
    assert found.broken == {"dvc.lock"}


def test_a_stage_and_a_pointer_clash() -> None:
    found = read({"dvc.yaml": STAGES, "dvc.lock": lock(make=["made"]), "x.dvc": dvc_file("made")})
    assert problems(found) == ["x.dvc: made: dvc.lock tracks it already"]


# -- asking -----------------------------------------------------------------------------------


def test_who_holds_a_path_and_what_lies_below() -> None:
    found = read(
        {"data.dvc": dvc_file("data"), "a/b/x.dvc": dvc_file("x"), "a.dvc": dvc_file("ab")}
    )

    def holder(path: str) -> str | None:
        item = found.holder(path)
        return item.relpath if item else None

    asked = ["data", "data/d/e", "datas", "a/b", "a/b/x", ""]
    assert [holder(path) for path in asked] == ["data", "data", None, None, "a/b/x", None]
    assert [item.relpath for item in found.below("a")] == ["a/b/x"]
    assert [item.relpath for item in found.below("")] == ["a/b/x", "ab", "data"]
    assert [item.relpath for item in found.below("data")] == ["data"]


def test_directories_are_shown_with_a_slash() -> None:
    text = dvc_file("data").replace(HASH, HASH + ".dir")
    item = read({"data.dvc": text}).outs["data"]
    assert item.is_dir
    assert item.shown == "data/"
    plain = read({"x.dvc": dvc_file("x")}).outs["x"]
    assert isinstance(plain, TrackedOut)
    assert (plain.is_dir, plain.shown) == (False, "x")


def test_which_names_are_sources() -> None:
    pointers = ("x.dvc", "a/x.dvc", ".dvc", "a/.dvc", "x.dvc.txt")
    assert [path for path in pointers if is_pointer(path)] == ["x.dvc", "a/x.dvc"]
    locks = ("dvc.lock", "a/dvc.lock", "dvc.yaml", "xdvc.lock")
    assert [path for path in locks if is_source(path)] == ["dvc.lock", "a/dvc.lock"]


# -- stages with templates --------------------------------------------------------------------

TEMPLATED = """\
stages:
  train:
    foreach: ${models}
    do:
      cmd: x
      wdir: ${item.dir}
      outs:
      - ${item.file}
      metrics:
      - ${item.log}:
          cache: false
"""
MODELS = "models:\n  a: {dir: one, file: m.bin, log: log.json}\n  b: {dir: .., file: q, log: r}\n"


def test_where_and_what_outputs_of_templates_are_is_resolved() -> None:
    files = {
        "sub/dvc.yaml": TEMPLATED,
        "sub/dvc.lock": lock(**{"train@a": ["m.bin", "log.json"], "train@b": ["q", "r"]}),
        "sub/params.yaml": MODELS,
    }
    found = read(files)
    assert list(found.outs) == ["sub/one/m.bin", "q"]
    assert list(found.uncached) == ["sub/one/log.json", "r"]
    assert found.uncached["r"].kind == "metrics"
    assert not found.unplaced


def test_content_whose_place_cannot_be_resolved_is_known_all_the_same() -> None:
    """Collecting garbage must keep it, though nobody can say where it belongs."""
    found = read({"dvc.yaml": TEMPLATED, "dvc.lock": lock(**{"train@a": ["m.bin"]})})
    assert not found.outs
    assert [(item.relpath, item.out.hash) for item in found.unplaced] == [
        ("${item.dir}/m.bin", HASH)
    ]


def test_a_template_that_the_name_resolves_needs_no_file() -> None:
    found = read({
        "dvc.yaml": "stages: {s: {foreach: [a, b], do: {cmd: x, wdir: '${item}', outs: [m]}}}",
        "dvc.lock": lock(**{"s@a": ["m"]}),
        "params.yaml": "[",
    })  # fmt: skip
    assert list(found.outs) == ["a/m"]


def test_old_stage_files_track_their_outputs() -> None:
    found = read({
        "Dvcfile": f"cmd: x\ndeps: [{{path: i}}]\nouts:\n- {{path: m, md5: {HASH}}}\n"
        f"- {{path: s.json, md5: {HASH}, cache: false, metric: true}}\n"
    })  # fmt: skip
    item = found.outs["m"]
    assert (item.source, item.stage, item.imported, item.deps) == ("Dvcfile", "", False, ("i",))
    assert found.uncached["s.json"].kind == "metrics"
