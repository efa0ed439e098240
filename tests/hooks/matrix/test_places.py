"""Work trees that a Git command makes: linked ones, clones, submodules; and all kinds of links."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.hooks.matrix.worlds import Layout, Template, World, run, use_other_git, wanted
from tests.scene import read_tree


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return Template(tmp_path_factory.mktemp("template"), Layout())


@pytest.fixture(params=["git", "other git"])
def world(
    request: pytest.FixtureRequest,
    made: Template,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> World:
    if request.param != "git":
        use_other_git(monkeypatch)
    return made.world(tmp_path / "world")


def holds(world: World, top: Path) -> bool:
    """Return whether a work tree has the data that its pointers name."""
    say = wanted(top, world.library()).files
    found = {f"data/{path}": data for path, data in read_tree(top / "data").items()}
    found["model"] = (top / "model").read_bytes()
    return found == {path: say[path] for path in say if path.startswith(("data/", "model"))}


def test_a_new_work_tree_has_its_data_at_once(world: World) -> None:
    done = world.run("git worktree add -q ../tree v1")
    assert "error" not in done.err and holds(world, world.folder / "tree")
    world.check()
    world.run("git -C ../tree checkout -q v3 && git -C ../tree reset -q --hard v2")
    assert holds(world, world.folder / "tree")
    assert run("git status --porcelain", world.folder / "tree").out == ""
    world.check()


def test_a_clone_has_hooks(world: World) -> None:
    world.run("git config dvc.fsync false && git dvc clone . ../clone", ok=False)
    clone = World(world.folder, Layout(), world.folder)
    clone.top = world.folder / "clone"
    cache = f"{world.top}/.dvc/cache"
    env = {"PATH": world.env["PATH"]}
    run(f"git dvc cache dir --local {cache} && git dvc checkout -q", clone.top, env)
    assert holds(world, clone.top)
    run("git reset -q --hard origin/topic", clone.top, env)
    assert holds(world, clone.top)
    assert run("git status --porcelain -uno", clone.top, env).out == ""


def test_submodules_follow_what_is_above_them(world: World) -> None:
    outer = world.folder / "outer"
    outer.mkdir()
    env = {"PATH": world.env["PATH"]}
    run("git init -q && git submodule --quiet add ../repo mod", outer, env)
    inside = outer / "mod"
    run("git dvc install", inside, env)
    run(f"git dvc cache dir --local {world.top}/.dvc/cache && git dvc checkout -q", inside, env)
    for version in ("v1", "v3"):
        run(f"git checkout -q {version}", inside, env)
        run(f"git add mod && git commit -qm {version} && git tag {version}", outer, env)
    run("git checkout -q v1 && git submodule --quiet update", outer, env)
    assert holds(world, inside) and (inside / "model").read_text() == "m1"
    run("git checkout -q --recurse-submodules v3", outer, env)
    assert holds(world, inside) and (inside / "model").read_text() == "m3"
    run("git reset -q --hard --recurse-submodules v1", outer, env)
    assert holds(world, inside) and (inside / "model").read_text() == "m1"
    assert run("git status --porcelain", outer, env).out == ""


@pytest.mark.parametrize("kind", ["hardlink", "symlink", "copy"])
def test_links_of_every_kind(
    kind: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    template = Template(tmp_path_factory.mktemp("template"), Layout(link_type=kind))
    world = template.world(tmp_path / "world")
    run("git dvc checkout -q --relink", world.top, world.env)
    for line in ("git reset -q --hard v1", "git checkout -q v3 -- .", "git stash -q"):
        world.run(line)
        world.check()
    path = world.project / "data" / "a"
    assert path.is_symlink() == (kind == "symlink")
    assert (os.stat(path).st_nlink > 1) == (kind == "hardlink")
