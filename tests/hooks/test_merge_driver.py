"""The merge driver under real Git: merge, rebase, cherry-pick, revert, stash pop, am."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from git_dvc.formats import pointer
from tests import launcher, scene
from tests.conflicts import BASE, Work, apart
from tests.scene import write_tree


@pytest.fixture
def work(git_repo: Path, tmp_path: Path) -> Work:
    """Return a project with a directory and a file, and the branches main and side."""
    made = Work(git_repo, launcher.write(tmp_path / "bin"))
    made.save("base", {**BASE, "model": "m\n"})
    made.git("branch", "side")
    return made


OURS = {"images/a": "ours\n", "images/new": "n\n", "images/b": None}
THEIRS = {"images/c": "theirs\n", "images/d/g": "g\n", "images/d/f": None}
MERGED = {"a": "ours\n", "c": "theirs\n", "d/e": "d/e\n", "d/g": "g\n", "new": "n\n"}


def test_changes_of_different_files_merge(work: Work) -> None:
    apart(work, OURS, THEIRS)
    work.git("merge", "-q", "side", "-m", "merged")
    assert "merged images.dvc: 2 files from theirs, 1 deleted by theirs" in work.said
    assert work.data() == MERGED and work.is_right()
    assert work.git("status", "--porcelain") == ""


@pytest.mark.parametrize("backend", ["--merge", "--apply"])
def test_rebase(work: Work, backend: str) -> None:
    apart(work, OURS, THEIRS)
    work.save("more", {"images/d/e": "more\n"})
    work.git("rebase", "-q", backend, "side")
    assert work.data() == {**MERGED, "d/e": "more\n"} and work.is_right()


def test_cherry_pick_and_revert(work: Work) -> None:
    apart(work, OURS, THEIRS)
    work.git("cherry-pick", "side")
    assert work.data() == MERGED and work.is_right()
    work.git("revert", "--no-edit", "HEAD~1")  # our own change, from under theirs
    assert work.data() == {
        "a": "a\n", "b": "b\n", "c": "theirs\n", "d/e": "d/e\n", "d/g": "g\n"
    }  # fmt: skip
    assert work.is_right()


def test_stash_pop(work: Work) -> None:
    write_tree(work.root, {"images/a": "stashed\n"})
    work.dvc("add", "-q", "images")
    work.git("stash", "-q")
    work.dvc("checkout", "-q")
    work.save("ours", {"images/b": "ours\n"})
    work.git("stash", "pop", "-q")
    assert work.data()["a"] == "stashed\n" and work.data()["b"] == "ours\n"
    assert work.unmerged() == [] and work.is_right()


def test_am_three_way(work: Work) -> None:
    apart(work, OURS, THEIRS)
    patch = work.git("format-patch", "--full-index", "--stdout", "side~1..side")
    (work.top.parent / "patch").write_text(patch)
    work.git("am", "-q", "-3", work.top.parent / "patch")
    assert work.data() == MERGED and work.is_right()


def test_a_conflict_keeps_ours_and_puts_theirs_beside_it(work: Work) -> None:
    apart(
        work,
        {"images/a": "ours\n", "images/b": None, "images/d/e": "1\n"},
        {"images/a": "theirs\n", "images/b": "changed\n", "images/c": "theirs\n"},
    )
    work.git("merge", "-q", "side", code=1)
    assert "merged images.dvc: 1 file from theirs" in work.said
    assert "images/a: changed on both sides; theirs is images/a~theirs" in work.said
    assert "images/b: deleted by ours, changed by theirs; theirs is images/b~theirs" in work.said
    assert "git dvc resolve --ours|--theirs|--union images" in work.said
    assert work.unmerged() == ["images.dvc"]
    assert work.data() == {
        "a": "ours\n", "a~theirs": "theirs\n", "b~theirs": "changed\n", "c": "theirs\n",
        "d/e": "1\n", "d/f": "d/f\n",
    }  # fmt: skip
    assert work.is_right()
    work.git("merge", "--abort")
    assert work.data() == {"a": "ours\n", "c": "c\n", "d/e": "1\n", "d/f": "d/f\n"}
    assert work.is_right()


def test_a_single_file_in_conflict(work: Work) -> None:
    apart(work, {"model": "ours\n"}, {"model": "theirs\n"})
    work.git("merge", "-q", "side", code=1)
    assert "model: changed on both sides; theirs is model~theirs" in work.said
    work.dvc("checkout", "-q")
    assert (work.root / "model").read_text() == "ours\n"
    assert (work.root / "model~theirs").read_text() == "theirs\n"
    work.git("merge", "--abort")
    work.dvc("checkout", "-q")
    assert not (work.root / "model~theirs").exists()


def test_a_conflict_stops_a_rebase_once_for_each_commit(work: Work) -> None:
    apart(work, {"images/a": "ours\n"}, {"images/a": "theirs\n"})
    work.git("rebase", "-q", "side", code=1)
    assert "in a rebase 'ours' is what you rebase onto" in work.said
    assert work.data()["a"] == "theirs\n" and work.data()["a~theirs"] == "ours\n"
    work.git("checkout", "--theirs", "images.dvc")
    work.git("add", "images.dvc")
    work.git("-c", "core.editor=true", "rebase", "--continue")
    assert work.data() == {**{name[7:]: text for name, text in BASE.items()}, "a": "ours\n"}


def test_both_sides_add_the_same_directory(git_repo: Path, tmp_path: Path) -> None:
    work = Work(git_repo, launcher.write(tmp_path / "bin"))
    work.git("add", "-A")
    work.git("commit", "-qm", "start")
    work.git("branch", "side")
    work.save("ours", {"images/a": "a\n", "images/b": "b\n"})
    work.git("checkout", "-q", "side")
    work.dvc("checkout", "-q")
    work.save("theirs", {"images/b": "b\n", "images/c": "c\n"})
    work.git("merge", "-q", "main", "-m", "merged")
    assert work.data() == {"a": "a\n", "b": "b\n", "c": "c\n"} and work.is_right()


def test_a_criss_cross_of_merges(work: Work) -> None:
    apart(work, {"images/a": "ours\n", "images/b": "1\n"}, {"images/a": "theirs\n"})
    work.git("branch", "ours")
    work.git("merge", "-q", "side", code=1)
    work.git("checkout", "--ours", "images.dvc")
    work.git("commit", "-qam", "took ours")
    work.switch("side")
    work.git("merge", "-q", "ours", code=1)
    work.git("checkout", "--ours", "images.dvc")
    work.git("commit", "-qam", "took theirs")
    work.dvc("checkout", "-q")
    work.save("later", {"images/c": "later\n"})
    work.switch("main")
    work.git("merge", "-q", "side", code=1)
    # The base is made up from two; of what was in conflict there it has the oldest version.
    assert work.said.count("CONFLICT (data): images/a:") == 1
    files = work.data()
    assert (files["a"], files["a~theirs"], files["c"]) == ("ours\n", "theirs\n", "later\n")
    assert [name for name in files if "~" in name] == ["a~theirs"]
    assert work.is_right()


def test_a_project_below_the_top(git_repo: Path, tmp_path: Path) -> None:
    work = Work(git_repo, launcher.write(tmp_path / "bin"), "sub")
    work.save("base", BASE)
    work.git("branch", "side")
    apart(work, {"images/a": "ours\n", "images/b": "1\n"}, {"images/a": "theirs\n"})
    work.git("merge", "-q", "side", code=1)
    assert "sub/images/a: changed on both sides; theirs is sub/images/a~theirs" in work.said
    assert work.data()["a~theirs"] == "theirs\n" and work.is_right()


def test_a_manifest_that_the_cache_lacks(work: Work) -> None:
    apart(work, OURS, THEIRS)
    value = pointer.parse(work.git("show", "side:images.dvc").encode()).outs[0].hash
    assert value is not None
    lost = work.root / ".dvc/cache/files/md5" / value[:2] / value[2:]
    lost.rename(lost.parent / "away")
    before = (work.root / "images.dvc").read_bytes()
    work.git("merge", "-q", "side", code=1)
    assert f"not in the cache: object {value}" in work.said
    assert "git dvc resolve --merge images" in work.said
    assert (work.root / "images.dvc").read_bytes() == before
    assert work.unmerged() == ["images.dvc"] and work.data()["a"] == "ours\n"


def test_files_that_nobody_fetched_do_not_stand_in_the_way(work: Work) -> None:
    apart(work, OURS, THEIRS)
    digest = scene.md5(b"theirs\n")
    (work.root / ".dvc/cache/files/md5" / digest[:2] / digest[2:]).unlink()
    work.git("merge", "-q", "side", "-m", "merged")
    out = work.out()
    assert (out.size, out.nfiles) == (sum(map(len, MERGED.values())), len(MERGED))


def test_what_stands_around_the_data_merges_too(work: Work) -> None:
    work.git("checkout", "-q", "side")
    text = (work.root / "images.dvc").read_text()
    (work.root / "images.dvc").write_text(f"# who to ask: them\n{text}desc: all images\n")
    write_tree(work.root, {"images/c": "theirs\n"})
    work.dvc("add", "-q", "images")
    work.git("commit", "-qam", "theirs")
    work.switch("main")
    text = (work.root / "images.dvc").read_text()
    (work.root / "images.dvc").write_text(f"{text}  # ours\n  push: false\nmeta:\n  mine: 1\n")
    write_tree(work.root, {"images/a": "ours\n"})
    work.dvc("add", "-q", "images")
    work.git("commit", "-qam", "ours")
    work.git("merge", "-q", "side", "-m", "merged")
    assert work.data()["a"] == "ours\n" and work.data()["c"] == "theirs\n" and work.is_right()
    out = work.out()
    assert not out.push
    lines = (work.root / "images.dvc").read_text().splitlines()
    assert {"  # ours", "desc: all images", "  mine: 1"} <= set(lines)


def test_a_flag_changed_on_both_sides_is_a_conflict(work: Work) -> None:
    for branch in ("side", "main"):
        work.git("checkout", "-q", branch)
        text = (work.root / "images.dvc").read_text()
        (work.root / "images.dvc").write_text(f"{text}desc: {branch}\n")
        work.git("commit", "-qam", branch)
    work.git("merge", "-q", "side", code=1)
    assert "images.dvc:desc: changed on both sides" in work.said
    assert (work.root / "images.dvc").read_text().endswith("desc: main\n")


def test_a_file_against_a_directory(work: Work) -> None:
    work.git("checkout", "-q", "side")
    (work.root / "model").unlink()
    work.save("theirs", {"model/w": "theirs\n"})
    work.switch("main")
    work.save("ours", {"model": "ours\n"})
    work.git("merge", "-q", "side", code=1)
    assert "model: a file on one side, a directory on the other; theirs is model~th" in work.said
    work.dvc("checkout", "-q")
    assert (work.root / "model").read_text() == "ours\n"
    assert (work.root / "model~theirs" / "w").read_text() == "theirs\n"


def test_a_pointer_that_cannot_be_read_is_merged_by_lines(work: Work) -> None:
    apart(work, {"images/a": "ours\n"}, {"images/c": "theirs\n"})
    (work.root / "images.dvc").write_text("outs: nonsense\n")
    work.git("commit", "-qam", "broken")
    work.git("merge", "-q", "side", code=1)
    assert "merged as plain text" in work.said
    assert "<<<<<<< ours" in (work.root / "images.dvc").read_text()


def test_told_to_stay_out_of_it_git_merges_by_lines(work: Work) -> None:
    apart(work, OURS, THEIRS)
    work.git("merge", "-q", "side", code=1, GIT_DVC_SKIP="1")
    assert "<<<<<<< ours" in (work.root / "images.dvc").read_text()


def test_a_merge_that_git_only_tries_touches_nothing(work: Work) -> None:
    apart(work, {"model": "ours\n"}, {"model": "theirs\n"})
    done = scene.run("git", "merge-tree", "--write-tree", "main", "side", cwd=work.top)
    if "usage" in done.stderr:
        pytest.skip("this Git has no 'merge-tree --write-tree'")
    assert done.returncode == 1
    assert work.git("status", "--porcelain") == "" and work.data("model") == {}
    assert not (work.root / "model~theirs").exists()


@pytest.mark.parametrize("arguments", [[], ["a", "b"], ["no", "such", "files", "7", "x.dvc"]])
def test_a_call_by_hand_never_stops_git_halfway(work: Work, arguments: list[str]) -> None:
    done = scene.run(work.program, "merge-driver", *arguments, cwd=work.top)
    assert done.returncode == 1 and "Traceback" not in done.stderr


def test_a_second_run_gives_the_same_bytes(work: Work) -> None:
    apart(work, OURS, {**THEIRS, "images/a": "other\n"})
    results = []
    for _ in range(2):
        names = []
        for number, rev in enumerate(("side~1", "main", "side")):
            names.append(work.top / f".merge_file_{number}")
            names[-1].write_text(work.git("show", f"{rev}:images.dvc"))
        done = scene.run(work.program, "merge-driver", *names, "7", "images.dvc", cwd=work.top)
        assert done.returncode == 1
        results.append(names[1].read_bytes())
        for name in names:
            os.unlink(name)
    assert results[0] == results[1]


def test_a_merge_loads_no_yaml_and_no_command_line(work: Work) -> None:
    apart(work, OURS, THEIRS)
    names = [work.top / name for name in ("O", "A", "B")]
    for name, rev in zip(names, ("side~1", "main", "side"), strict=True):
        name.write_text(work.git("show", f"{rev}:images.dvc"))
    code = (
        "import sys\n"
        f"sys.path.insert(0, {str(launcher.TOP)!r})\n"
        "from git_dvc.hooks import merge_driver\n"
        f"code = merge_driver.run({[*map(str, names), '7', 'images.dvc']!r})\n"
        "print(code, *sys.modules)\n"
    )
    done = scene.run(sys.executable, "-c", code, cwd=work.top)
    first, *loaded = done.stdout.split()
    assert first == "0", done.stderr
    assert not {"yaml", "typer", "dulwich", "filelock", "subprocess", "inspect"} & set(loaded)
