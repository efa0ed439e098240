"""``git dvc resolve`` and ``git dvc add`` on data in conflict, under real Git."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from git_dvc.ops import resolve
from git_dvc.project import Project
from tests import launcher, scene
from tests.conflicts import BASE, Work, apart
from tests.faults import seam
from tests.scene import read_tree, write_tree

OURS = {"images/a": "ours\n", "images/b": None, "images/c": "c\nours\n", "images/d/e": "1\n"}
THEIRS = {"images/a": "theirs\n", "images/b": "changed\n", "images/c": "c\ntheirs\n"}
REST = {"d/e": "1\n", "d/f": "d/f\n"}
KEYS = ["images/a", "images/b", "images/c"]


@pytest.fixture
def work(git_repo: Path, tmp_path: Path) -> Work:
    made = Work(git_repo, launcher.write(tmp_path / "bin"))
    made.save("base", {**BASE, "model": "m\n"})
    made.git("branch", "side")
    return made


@pytest.fixture
def torn(work: Work) -> Work:
    """Return a project in the middle of a merge, with three conflicts and the data in place."""
    apart(work, OURS, THEIRS)
    work.git("merge", "-q", "side", code=1)
    work.dvc("sync", "-q")
    assert set(files(work)) == {"a", "a~theirs", "b~theirs", "c", "c~theirs", "d/e", "d/f"}
    return work


def files(work: Work) -> dict[str, str]:
    return {name: text.decode() for name, text in read_tree(work.root / "images").items()}


def listed(work: Work) -> dict[str, list[str]]:
    found = json.loads(work.dvc("resolve", "--json"))
    return {source: [one["path"] for one in conflicts] for source, conflicts in found.items()}


@pytest.mark.parametrize(
    ("choice", "result"),
    [
        ("--ours", {"a": "ours\n", "c": "c\nours\n"}),
        ("--theirs", {"a": "theirs\n", "b": "changed\n", "c": "c\ntheirs\n"}),
        ("--union", {"a": "ours\ntheirs\n", "b": "changed\n", "c": "c\nours\ntheirs\n"}),
    ],
)
def test_one_choice_for_a_directory(torn: Work, choice: str, result: dict[str, str]) -> None:
    torn.dvc("resolve", choice, "images")
    assert "resolved images.dvc, and staged it" in torn.said
    assert "go on with 'git merge --continue'" in torn.said
    assert files(torn) == {**REST, **result} and torn.is_right()
    assert torn.unmerged() == []
    torn.git("commit", "-qm", "merged")
    assert torn.git("status", "--porcelain") == "" and files(torn) == {**REST, **result}


def test_file_by_file(torn: Work) -> None:
    assert listed(torn) == {"images.dvc": KEYS}
    torn.dvc("resolve", "--theirs", "images/a")
    assert torn.unmerged() == ["images.dvc"] and listed(torn) == {"images.dvc": KEYS[1:]}
    assert files(torn)["a"] == "theirs\n" and "a~theirs" not in files(torn)
    torn.dvc("resolve", "--ours", "images/b~theirs")  # by the other name
    torn.dvc("resolve", "--ours", "images/a")  # thought better of it
    assert torn.unmerged() == ["images.dvc"]
    torn.dvc("resolve", "--union", "images/c")
    assert torn.unmerged() == []
    assert files(torn) == {**REST, "a": "ours\n", "c": "c\nours\ntheirs\n"} and torn.is_right()


def test_what_is_in_conflict_is_listed(torn: Work) -> None:
    out = torn.dvc("resolve")
    assert out.splitlines() == [
        "images.dvc:",
        "  images/a: changed on both sides (theirs is images/a~theirs)",
        "  images/b: deleted by ours, changed by theirs (theirs is images/b~theirs)",
        "  images/c: changed on both sides (theirs is images/c~theirs)",
    ]
    status = torn.dvc("status").splitlines()
    assert status[0] == "Data in conflict:" and status[2].split() == out.splitlines()[1].split()
    assert len(status) == 5, "the conflict alone, and nothing 'to be committed'"
    torn.dvc("status", "--exit-code", code=1)
    torn.dvc("resolve", "--all", "--ours")
    assert torn.dvc("resolve", "--list") == "nothing is in conflict\n"
    assert "in conflict" not in torn.dvc("status")
    torn.dvc("status", "--exit-code")
    torn.dvc("resolve", "--all", "--ours")
    assert "nothing is in conflict" in torn.said


def test_wrong_calls(torn: Work) -> None:
    torn.dvc("resolve", "--ours", code=129)
    torn.dvc("resolve", "--ours", "--theirs", "images", code=129)
    torn.dvc("resolve", "--ours", "--all", "images", code=129)
    torn.dvc("resolve", "--ours", "model", code=1)
    assert "not in conflict: model" in torn.said
    assert torn.unmerged() == ["images.dvc"]


def test_an_edit_of_ones_own_is_not_thrown_away(torn: Work) -> None:
    write_tree(torn.root, {"images/a": "mine\n"})
    before = (torn.root / "images.dvc").read_bytes()
    torn.dvc("resolve", "--theirs", "images", code=1)
    assert "images/a" in torn.said and "git dvc add images/a" in torn.said
    assert (torn.root / "images.dvc").read_bytes() == before
    torn.dvc("add", "images/a")
    assert "more in it is in conflict" in torn.said
    assert listed(torn) == {"images.dvc": KEYS[1:]}
    torn.dvc("resolve", "--theirs", "images/b", "images/c")
    assert torn.unmerged() == []
    assert files(torn) == {**REST, "a": "mine\n", "b": "changed\n", "c": "c\ntheirs\n"}
    assert torn.is_right()


def test_adding_the_directory_resolves_it_and_names_what_is_left(torn: Work) -> None:
    write_tree(torn.root, {"images/a": "mine\n"})
    (torn.root / "images/a~theirs").unlink()
    torn.dvc("add", "images")
    assert "images/b~theirs" in torn.said and "images/a~theirs" not in torn.said
    assert torn.unmerged() == [] and torn.is_right()
    assert files(torn)["a"] == "mine\n"


def test_recording_everything_leaves_conflicts_open(torn: Work) -> None:
    write_tree(torn.root, {"images/a": "mine\n", "model": "new\n"})
    torn.dvc("commit", code=1)
    assert "images.dvc: is in conflict" in torn.said and torn.unmerged() == ["images.dvc"]
    assert torn.out("model.dvc").size == 4
    torn.dvc("commit", "images")
    assert torn.unmerged() == [] and files(torn)["a"] == "mine\n" and torn.is_right()


def test_killed_anywhere_the_same_command_finishes(torn: Work) -> None:
    def prepare() -> None:
        torn.git("checkout", "-q", "-m", "images.dvc")  # in conflict again
        torn.dvc("sync", "-q")
        assert torn.unmerged() == ["images.dvc"]

    def command() -> None:
        with Project.open() as project:
            resolve.resolve(project, ["images"], "theirs")

    died = 0
    for outcome in seam.walk(prepare, command, die=True, step=7):
        if torn.unmerged():
            command()
        died += outcome.died
        torn.dvc("sync", "-q")
        assert files(torn) == {**REST, "a": "theirs\n", "b": "changed\n", "c": "c\ntheirs\n"}
        assert torn.unmerged() == [] and scene.is_clean(torn.root)
    assert died


def test_adding_before_the_merged_data_came_is_refused(work: Work) -> None:
    apart(work, OURS, {**THEIRS, "images/new": "n\n"})
    work.git("merge", "-q", "side", code=1)
    before = (work.root / "images.dvc").read_bytes()
    work.dvc("add", "images", code=1)
    assert "images/new" in work.said and "git dvc sync" in work.said
    assert (work.root / "images.dvc").read_bytes() == before
    work.dvc("sync", "-q")
    work.dvc("add", "images")
    assert work.unmerged() == [] and files(work)["new"] == "n\n"


@pytest.mark.parametrize(
    ("choice", "result"),
    [("--ours", b"ours\n"), ("--theirs", b"theirs\n"), ("--union", b"ours\ntheirs\n")],
)
def test_a_single_file(work: Work, choice: str, result: bytes) -> None:
    apart(work, {"model": "ours\n"}, {"model": "theirs\n"})
    work.git("merge", "-q", "side", code=1)
    work.dvc("sync", "-q")
    assert (work.root / "model~theirs").exists()
    work.dvc("resolve", choice, "model")
    assert (work.root / "model").read_bytes() == result
    assert not (work.root / "model~theirs").exists()
    assert work.out("model.dvc").size == len(result)
    work.git("commit", "-qm", "merged")
    assert work.git("status", "--porcelain") == "" and work.is_right()


def test_both_of_two_binary_files_are_kept_under_two_names(work: Work) -> None:
    apart(
        work,
        {"model": "o\0", "images/a": "o\0"},
        {"model": "t\0", "images/a": "t\0"},
    )
    work.git("merge", "-q", "side", code=1)
    work.dvc("resolve", "--union", "--all")
    assert work.unmerged() == []
    work.git("commit", "-qm", "merged")
    assert work.git("status", "--porcelain") == "" and work.is_right()
    for name in ("model", "images/a"):
        assert (work.root / name).read_text() == "o\0"
        assert (work.root / f"{name}~theirs").read_text() == "t\0"
    assert work.out("model~theirs.dvc").path == "model~theirs"


def test_adding_a_single_file_resolves_it(work: Work) -> None:
    apart(work, {"model": "ours\n"}, {"model": "theirs\n"})
    work.git("merge", "-q", "side", code=1)
    work.dvc("sync", "-q")
    write_tree(work.root, {"model": "mine\n"})
    work.dvc("add", "model")
    assert "model~theirs" in work.said and work.unmerged() == []
    assert (work.root / "model.dvc").read_text().count("path:") == 1


def test_a_pointer_that_one_side_deleted(work: Work) -> None:
    work.git("checkout", "-q", "side")
    work.dvc("remove", "-q", "model.dvc")
    work.git("commit", "-qam", "no model")
    work.switch("main")
    work.save("ours", {"model": "ours\n"})
    for choice, there in (("--ours", True), ("--theirs", False)):
        work.git("merge", "-q", "side", code=1)
        assert "changed by ours, deleted by theirs" in work.dvc("resolve")
        work.dvc("resolve", choice, "model.dvc")
        assert work.unmerged() == []
        assert (work.root / "model.dvc").exists() is there
        work.git("reset", "-q", "--hard")
        work.dvc("sync", "-q")


def test_merging_again_when_the_data_has_come(work: Work) -> None:
    apart(work, {"images/a": "ours\n"}, {"images/c": "theirs\n"})
    value = work.git("show", "side:images.dvc").split()[3]
    lost = work.root / ".dvc/cache/files/md5" / value[:2] / value[2:]
    lost.rename(lost.parent / "away")
    work.git("merge", "-q", "side", code=1)
    work.dvc("resolve", "--merge", "images", code=1)
    assert "cannot be merged by file: not in the cache" in work.said
    (lost.parent / "away").rename(lost)
    work.dvc("resolve", "--merge", "images")
    assert work.unmerged() == [] and work.is_right()
    assert (files(work)["a"], files(work)["c"]) == ("ours\n", "theirs\n")


def test_a_merge_that_git_made_alone(work: Work) -> None:
    apart(work, {"images/a": "ours\n"}, {"images/c": "theirs\n"})
    work.git("config", "--remove-section", "merge.dvc")
    work.git("merge", "-q", "side", code=1)
    assert "<<<<<<<" in (work.root / "images.dvc").read_text()
    assert listed(work) == {"images.dvc": []}
    work.dvc("resolve", "--merge", "images")
    assert work.unmerged() == [] and work.is_right()
    assert (files(work)["a"], files(work)["c"]) == ("ours\n", "theirs\n")


@pytest.mark.parametrize("how", ["rebase", "cherry-pick", "revert", "stash"])
def test_in_every_way_that_git_merges(work: Work, how: str) -> None:
    if how == "stash":
        write_tree(work.root, {"images/a": "theirs\n"})
        work.dvc("add", "-q", "images")
        work.git("stash", "-q")
        work.dvc("sync", "-q")
        work.save("ours", {"images/a": "ours\n"})
        work.git("stash", "pop", "-q", code=1)
    elif how == "revert":
        work.save("one", {"images/a": "one\n"})
        work.save("two", {"images/a": "two\n"})
        work.git("revert", "--no-edit", "HEAD~1", code=1)
    else:
        apart(work, {"images/a": "ours\n"}, {"images/a": "theirs\n"})
        work.git(*{"rebase": ["rebase", "-q", "side"]}.get(how, ["cherry-pick", "side"]), code=1)
    theirs = {"rebase": "ours\n", "revert": "a\n"}.get(how, "theirs\n")
    work.dvc("resolve", "--theirs", "images")
    if how != "stash":
        assert f"go on with 'git {how} --continue'" in work.said
    assert work.unmerged() == [] and files(work)["a"] == theirs
    if how != "stash":
        work.git("-c", "core.editor=true", how, "--continue")
    assert files(work)["a"] == theirs and work.is_right()


LOCK = """\
schema: '2.0'
stages:
  one:
    cmd: make one
    outs:
    - path: one
      hash: md5
      md5: {one}
      size: 2
  two:
    cmd: make two
    outs:
    - path: two
      hash: md5
      md5: {two}
      size: 2
"""


def locked(one: str, two: str) -> str:
    return LOCK.format(one=one * 32, two=two * 32)


def test_a_lock_file_merges_by_stage(work: Work) -> None:
    def save(name: str, text: str) -> None:
        write_tree(work.root, {"dvc.lock": text})
        work.git("add", "dvc.lock")
        work.git("commit", "-qm", name)

    write_tree(work.root, {"dvc.yaml": "stages:\n  one:\n    cmd: make one\n    outs: [one]\n"
                                       "  two:\n    cmd: make two\n    outs: [two]\n"})  # fmt: skip
    work.git("add", "dvc.yaml")
    save("base", locked("a", "a"))
    work.git("branch", "-f", "side")
    work.git("checkout", "-q", "side")
    save("theirs", locked("a", "b"))
    work.git("checkout", "-q", "main")
    save("ours", locked("c", "a"))
    work.git("merge", "-q", "side", "-m", "merged")
    assert (work.root / "dvc.lock").read_text() == locked("c", "b")
    save("again", locked("d", "d"))
    work.git("checkout", "-q", "side")
    save("theirs", locked("e", "b"))
    work.git("checkout", "-q", "main")
    work.git("merge", "-q", "side", code=1)
    assert "dvc.lock:one: run on both sides, with different outcomes" in work.said
    assert (work.root / "dvc.lock").read_text() == locked("d", "d")
    work.dvc("resolve", "--union", "one", code=1)
    assert "cannot be both" in work.said and work.unmerged() == ["dvc.lock"]
    work.dvc("resolve", "--theirs", "one", code=1)  # done; its data is nowhere, which is told
    assert work.unmerged() == []
    assert (work.root / "dvc.lock").read_text() == locked("e", "d")
