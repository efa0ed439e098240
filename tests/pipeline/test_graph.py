"""The graph of stages: who needs whom, in which order they run, and what can be no graph."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from git_dvc.errors import CyclicPipelineError, OverlappingOutsError
from git_dvc.formats.stages import Flags
from git_dvc.pipeline import graph as graphs
from git_dvc.pipeline.stage import Dep, Params, Stage, StageOut


def stage(name: str, deps: str = "", outs: str = "", **more: Any) -> Stage:
    found = Stage(
        name,
        "dvc.yaml",
        cmd=("true",),
        deps=tuple(Dep(path, path) for path in deps.split()),
        outs=tuple(StageOut(path, path, Flags()) for path in outs.split()),
    )
    return found._replace(**more)


DIAMOND = [
    stage("top", "left right"),
    stage("left", "base", "left"),
    stage("right", "base", "right"),
    stage("bottom", "", "base"),
    stage("alone"),
]


def test_a_stage_runs_after_those_that_make_what_it_reads() -> None:
    graph = graphs.build(DIAMOND)
    assert graph.needs["top"] == ("left", "right")
    assert graph.feeds["bottom"] == ("left", "right")
    assert graph.ordered() == ["bottom", "left", "right", "top", "alone"]


def test_what_is_needed_runs_in_the_order_in_which_it_is_named() -> None:
    graph = graphs.build([*DIAMOND[1:], stage("top", "right left")])
    assert graph.ordered({"top", "left", "right", "bottom"}) == ["bottom", "left", "right", "top"]
    assert graphs.build([stage("top", "right left"), *DIAMOND[1:]]).ordered()[:4] == [
        "bottom",
        "right",
        "left",
        "top",
    ]


def test_a_part_of_the_graph() -> None:
    graph = graphs.build(DIAMOND)
    assert graph.upstream(["left"]) == {"bottom", "left"}
    assert graph.downstream(["left"]) == {"left", "top"}
    assert graph.pipelines(["left"]) == {"top", "left", "right", "bottom"}
    assert graph.ordered(graph.downstream(["left", "right"])) == ["left", "right", "top"]


def test_a_frozen_stage_needs_nothing() -> None:
    graph = graphs.build(DIAMOND).without({"left"})
    assert graph.upstream(["left"]) == {"left"}
    assert graph.feeds["bottom"] == ("right",)


def test_paths_inside_and_around_outputs_count() -> None:
    graph = graphs.build(
        [
            stage("maker", "", "data/clean data/raw/b other"),
            stage("inner", "data/clean/train.csv"),
            stage("outer", "data"),
            stage("near", "data/cleaner dat data/raw/bb"),
            stage("all", "", params=(Params("other", "other", ()),)),
            stage("top", "."),
        ]
    )
    needing = [name for name, found in graph.needs.items() if found]
    assert needing == ["inner", "outer", "all", "top"]


def test_a_path_outside_of_the_project_is_one_path_however_it_is_written() -> None:
    flags = Flags(cache=False)
    graph = graphs.build(
        [
            stage("a", outs="", wdir="sub").
            _replace(outs=(StageOut("../../far/x", None, flags), StageOut("/abs/y", None, flags),
                           StageOut("s3://bucket/z", None, flags))),
            stage("b")._replace(deps=(Dep("../far/x", None),)),
            stage("c")._replace(deps=(Dep("/abs/./y", None),)),
            stage("d")._replace(deps=(Dep("s3://bucket/z/part", None),)),
        ]
    )  # fmt: skip
    assert graph.feeds["a"] == ("b", "c", "d")


def test_data_of_another_repository_is_made_by_nobody_here() -> None:
    imported = Stage("", "x.dvc", deps=(Dep("base", None),), outs=(StageOut("x", "x", Flags()),))
    assert graphs.build([*DIAMOND, imported]).needs["x.dvc"] == ()


def test_a_stage_that_reads_what_it_makes() -> None:
    with pytest.raises(CyclicPipelineError, match="stage 'a' depends on x/y, which it makes"):
        graphs.build([stage("a", "x", "x/y")])


def test_a_circle_is_told_step_by_step() -> None:
    with pytest.raises(CyclicPipelineError) as caught:
        graphs.build([stage("a", "3", "1"), stage("b", "1", "2"), stage("c", "2", "3"), *DIAMOND])
    assert sorted(caught.value.details) == [
        "  a needs 3, which c makes",
        "  b needs 1, which a makes",
        "  c needs 2, which b makes",
    ]


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ("x", "x", "x is made twice: by a and by b"),
        ("x/y/z", "x", "x/y/z, which a makes, lies inside of x, which b makes"),
        ("x", "x/y", "x/y, which b makes, lies inside of x, which a makes"),
    ],
)
def test_no_path_is_made_by_two(one: str, other: str, said: str) -> None:
    with pytest.raises(OverlappingOutsError) as caught:
        graphs.build([stage("a", "", one), stage("b", "", other)])
    assert caught.value.message == said


def test_no_stage_is_defined_inside_of_what_one_makes() -> None:
    with pytest.raises(OverlappingOutsError, match=r"sub/dvc\.yaml defines stages, but lies"):
        graphs.build([stage("a", "", "sub"), Stage("b", "sub/dvc.yaml", cmd=("true",))])


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # on a busy machine
@given(st.lists(st.sets(st.integers(0, 11), max_size=4), min_size=1, max_size=12))
def test_every_order_has_what_is_needed_first(edges: list[set[int]]) -> None:
    stages = [
        stage(f"s{n}", " ".join(f"o{need}" for need in sorted(needs) if need < n), f"o{n}")
        for n, needs in enumerate(edges)
    ]
    graph = graphs.build(reversed(stages))
    order = graph.ordered()
    assert sorted(order) == sorted(graph.stages)
    for count, address in enumerate(order):
        assert set(graph.needs[address]) <= set(order[:count])
    for address in order:
        part = graph.upstream([address])
        assert [one for one in graph.ordered(part) if one in part][-1] == address


def test_thousands_of_stages_take_no_time() -> None:
    chain = [stage(f"c{n}", f"o/{n - 1}", f"o/{n}") for n in range(3000)]
    wide = [stage(f"w{n}", "o", f"p/{n}") for n in range(5)]
    before = time.process_time()
    assert len(graphs.build([*reversed(chain), *wide]).ordered()) == 3005
    assert time.process_time() - before < 2  # 0.1 where nothing else runs
