"""``gc``: the same objects survive in cache and remote, whoever collects."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.interop.harness import Tool, commit, digest, git, objects, remove, start, write

SCOPES = (
    ("-A",),
    ("-a", "-T"),
    ("--rev", "topic", "-n", "2"),
    ("-a", "-n", "2", "-c"),
    ("-w", "-c"),
)
BARE = ("--no-keep", "--prune=now")


def version(tool: Tool, text: str) -> None:
    write("f", f"f {text}\n")
    write("d/only", f"d {text}\n")
    write("d/sub/same", "same\n")
    tool("add", "-q", "f", "d")
    commit(text)


@pytest.fixture
def history(git_repo: Path, dvc: Tool, gd: Tool, tmp_path: Path) -> Path:
    """Make a project with commits of both programs, a run cache, both layouts, and a remote."""
    start(gd)
    version(dvc, "one")
    git("tag", "v1")
    version(gd, "two")
    version(gd, "three")
    git("checkout", "-q", "-b", "topic", "HEAD~1")
    version(gd, "four")
    version(gd, "five")
    git("checkout", "-q", "main")
    gd("checkout", "-q")
    write("dvc.yaml", "stages:\n  s:\n    cmd: cp f out; cp f m\n    deps: [f]\n    outs: [out]\n"
                      "    metrics:\n    - m:\n        cache: false\n")  # fmt: skip
    dvc("repro", "-q")
    commit("stage")
    old = digest("old\n")
    write(f".dvc/cache/{old[:2]}/{old[2:]}", "old\n")
    write("old.dvc", f"outs:\n- md5: {old}\n  size: 4\n  path: old\n")
    write("old", "old\n")
    git("add", "-f", "old.dvc")
    commit("layout of DVC 2")
    gone = digest("gone\n")
    write(f".dvc/cache/{gone[:2]}/{gone[2:]}", "gone\n")
    gd("remote", "add", "-q", "-d", "store", "../store")
    commit("remote")
    gd("push", "-q", "-A")
    write("f", "not committed\n")
    gd("add", "-q", "f")
    return git_repo


def survivors(project: Path) -> tuple[set[str], set[str], set[str]]:
    """Return what is in cache, remote and run cache."""
    runs = {str(p.relative_to(project)) for p in (project / ".dvc/cache/runs").rglob("*")}
    cache, store = objects(f"{project}/.dvc/cache"), objects(f"{project}/../store")
    return {n for n in cache if "." not in n[:3]}, set(store), runs


def test_exactly_the_same_survives(history: Path, dvc: Tool, gd: Tool, tmp_path: Path) -> None:
    def collected(tool: Tool, scope: tuple[str, ...]) -> tuple[set[str], set[str], set[str]]:
        place = tmp_path / "copy"
        place.mkdir()
        shutil.copytree(history, place / "repo", symlinks=True)
        shutil.copytree(history.parent / "store", place / "store")
        tool("gc", *scope, "-f", *(BARE if tool is gd else ()), cwd=place / "repo")
        found = survivors(place / "repo")
        remove(str(place))
        return found

    before = survivors(history)
    assert before[2], "there is a run cache"
    sizes = []
    for scope in SCOPES:
        expected = collected(dvc, scope)
        assert collected(gd, scope) == expected, scope
        assert expected[2] == before[2]
        sizes.append((len(expected[0]), len(expected[1])))
    assert len(set(sizes)) == 4, sizes

    # By default nothing goes that anybody could miss.
    gd("gc", "-w", "-f")
    assert survivors(history) == before
    gd("gc", "-f", "--prune=now")
    gone = digest("gone\n")
    assert before[0] - survivors(history)[0] == {f"{gone[:2]}/{gone[2:]}"}
