"""The history of data: which commits changed it, and what each of them changed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from git_dvc.errors import NeverTrackedError, NotInGitError, UnknownRevisionError
from git_dvc.formats import manifest
from git_dvc.ops import log as op
from git_dvc.ops.add import add
from git_dvc.ops.log import Request, Version, log
from git_dvc.ops.move import move
from git_dvc.project import Project
from tests.conftest import run_git
from tests.ops.conftest import Opener, write
from tests.scene import md5


class History:
    """A project that grows by commits; ``of`` asks it as the next command would."""

    def __init__(self, project: Project, reopen: Opener) -> None:
        self.root = Path(project.root)
        self.open = reopen

    def save(self, message: str, files: dict[str, str | None], *targets: str) -> None:
        for path, text in files.items():
            if os.path.lexists(path):
                os.unlink(path)
            if text is not None:
                write(path, text)
        if targets:
            add(self.open(), list(targets))
        self.commit(message)

    def commit(self, message: str) -> None:
        run_git("add", "-A", cwd=self.root)
        run_git("commit", "-qm", message, cwd=self.root)

    def of(self, *paths: str, revs: tuple[str, ...] = (), **more: object) -> list[Version]:
        return list(log(self.open(), paths, Request(revs=revs, sizes=True, **more)))  # type: ignore[arg-type]

    def subjects(self, *paths: str, revs: tuple[str, ...] = (), **more: object) -> list[str]:
        return [version.commit.subject for version in self.of(*paths, revs=revs, **more)]


@pytest.fixture
def history(project: Project, reopen: Opener) -> History:
    """Four commits of data, and two of other things."""
    made = History(project, reopen)
    made.save("one", {"d/a": "1", "d/b": "22", "d/sub/c": "333"}, "d")
    made.save("model", {"model": "m"}, "model")
    made.save("code", {"code.py": "pass"})
    made.save("two", {"d/a": None, "d/b": "2222", "d/moved": "1", "d/new": "n"}, "d")
    made.save("three", {"d/sub/c": None, "model": "mm"}, "d", "model")
    made.save("more code", {"code.py": "more"})
    return made


def paths(version: Version) -> dict[str, list[str]]:
    return {
        "added": [file.path for file in version.added],
        "removed": [file.path for file in version.removed],
        "changed": [new.path for _, new in version.changed],
        "renamed": [f"{old.path} {new.path}" for old, new in version.renamed],
    }


def test_a_directory_has_the_commits_that_changed_it(history: History) -> None:
    three, two, one = history.of("d")
    assert [version.commit.subject for version in (three, two, one)] == ["three", "two", "one"]
    assert paths(one)["added"] == ["d/a", "d/b", "d/sub/c"]
    assert paths(two) == {
        "added": ["d/new"],
        "removed": [],
        "changed": ["d/b"],
        "renamed": ["d/a d/moved"],
    }
    assert paths(three)["removed"] == ["d/sub/c"]
    assert [version.size_change for version in (one, two, three)] == [6, 3, -3]


def test_sizes_are_those_of_the_files(history: History) -> None:
    ((old, new),) = history.of("d")[1].changed
    assert (old.size, new.size) == (2, 4)
    assert (old.hash, new.hash) == (md5(b"22"), md5(b"2222"))


def test_all_data_without_a_path(history: History) -> None:
    assert history.subjects() == ["three", "two", "model", "one"]
    assert paths(history.of()[0]) == {
        "added": [],
        "removed": ["d/sub/c"],
        "changed": ["model"],
        "renamed": [],
    }


@pytest.mark.parametrize("target", ["model", "model.dvc", "./model"])
def test_a_file_and_its_pointer_are_the_same(history: History, target: str) -> None:
    assert history.subjects(target) == ["three", "model"]
    assert [version.size_change for version in history.of(target)] == [1, 1]


def test_one_file_in_a_directory(history: History) -> None:
    assert history.subjects("d/b") == ["two", "one"]
    two, one = history.of("d/b")
    assert paths(two) == {"added": [], "removed": [], "changed": ["d/b"], "renamed": []}
    assert (two.size_change, one.size_change) == (2, 2)
    assert history.subjects("d/new") == ["two"]


def test_a_directory_in_a_directory(history: History) -> None:
    three, one = history.of("d/sub")
    assert paths(one)["added"] == ["d/sub/c"]
    assert paths(three)["removed"] == ["d/sub/c"]
    assert three.size_change == -3


def test_a_file_is_followed_to_its_old_name(history: History) -> None:
    two, one = history.of("d/moved")
    assert paths(two)["renamed"] == ["d/a d/moved"]
    assert two.size_change == 0
    assert paths(one)["added"] == ["d/a"]
    assert history.subjects("d/moved", follow=False) == ["two"]


def test_a_file_that_is_gone_still_has_a_history(history: History) -> None:
    assert history.subjects("d/a") == ["two", "one"]
    assert history.subjects("d/sub/c") == ["three", "one"]


def test_moved_data_is_followed(history: History) -> None:
    move(history.open(), "d", "images")
    history.commit("move")
    write("images/last", "l")
    history.save("last", {}, "images")
    assert history.subjects("images") == ["last", "move", "three", "two", "one"]
    assert history.subjects("images/b") == ["move", "two", "one"]
    assert paths(history.of("images")[1])["renamed"] == [
        "d/b images/b",
        "d/moved images/moved",
        "d/new images/new",
    ]
    assert history.subjects("images", follow=False) == ["last", "move"]
    assert history.subjects("d") == ["move", "three", "two", "one"]


def test_a_directory_around_data(history: History) -> None:
    history.save("deep", {"some/deep/data": "x"}, "some/deep/data")
    history.save("deeper", {"some/deep/data": "y"}, "some/deep/data")
    assert history.subjects("some") == ["deeper", "deep"]
    assert history.subjects("some/deep", "model") == ["deeper", "deep", "three", "model"]


def test_ranges_limits_and_branches(history: History) -> None:
    run_git("tag", "v1", "HEAD~3", cwd=history.root)
    assert history.subjects("d", revs=("v1..main",)) == ["three", "two"]
    assert history.subjects("d", revs=("v1",)) == ["one"]
    assert history.subjects("d", revs=("^v1",)) == ["three", "two"]
    assert history.subjects("d", limits=("--grep=two",)) == ["two"]
    assert history.subjects("d", limits=("--author=nobody",)) == []
    run_git("checkout", "-q", "-b", "side", "v1", cwd=history.root)
    history.save("side", {"d/b": "side"}, "d")
    run_git("checkout", "-q", "main", cwd=history.root)
    assert "side" not in history.subjects("d")
    assert "side" in history.subjects("d", all_refs=True)


def test_a_merge_is_shown_only_if_it_made_something_new(history: History) -> None:
    run_git("checkout", "-q", "-b", "side", "HEAD~1", cwd=history.root)
    history.save("side", {"model": "side"}, "model")
    run_git("checkout", "-q", "main", cwd=history.root)
    history.save("main", {"d/b": "main"}, "d")
    run_git("merge", "-q", "-m", "merge", "side", cwd=history.root)
    assert sorted(history.subjects()[:2]) == ["main", "side"]
    run_git("checkout", "-q", "-b", "other", "HEAD^", cwd=history.root)
    history.save("theirs", {"d/theirs": "t"}, "d")
    run_git("checkout", "-q", "main", cwd=history.root)
    run_git("merge", "-q", "--no-commit", "-s", "ours", "other", cwd=history.root)
    history.save("evil", {"d/theirs": "t", "d/own": "o"}, "d")
    version = history.of("d")[0]
    assert version.commit.subject == "evil"
    assert len(version.commit.parents) == 2
    assert paths(version)["added"] == ["d/own", "d/theirs"]
    assert history.subjects("d/theirs") == ["theirs"]


def test_what_the_cache_lacks_is_said_by_commit(history: History) -> None:
    with history.open() as project:
        value = project.tracked.outs["d"].out.hash
        assert value is not None
        Path(project.cache().path(value)).unlink()
    three, two, one = history.of("d")
    assert three.absent == ["d"]
    assert (three.files_change, three.size_change) == (-1, -3)
    assert (two.absent, one.absent) == ([], [])
    inner = history.of("d/b")
    assert [(version.commit.subject, version.absent) for version in inner] == [
        ("three", ["d/b"]),
        ("two", []),
        ("one", []),
    ]
    assert inner[0].size_change is None


def test_a_size_that_nobody_knows_is_none(history: History) -> None:
    with history.open() as project:
        shutil.rmtree(project.state_dir)
        Path(project.cache().path(md5(b"22"))).unlink()
    ((old, new),) = history.of("d")[1].changed
    assert (old.size, new.size) == (None, 4)
    assert history.of("d/b")[0].size_change is None
    assert history.of("d")[1].size_change == 3  # the pointers know


def test_a_path_that_never_was_is_an_error_with_what_was_meant(history: History) -> None:
    for wrong, meant in (("modle", "model"), ("d/mover", "d/moved"), ("d.dv", "d.dvc")):
        with pytest.raises(NeverTrackedError) as caught:
            history.of(wrong)
        assert f"no commit here tracks {wrong}" in str(caught.value)
        assert f"'{meant}'" in caught.value.hint
    with pytest.raises(NeverTrackedError):
        history.of("code.py")


def test_a_known_path_without_such_commits_is_no_error(history: History) -> None:
    write("fresh", "x")
    add(history.open(), ["fresh"])
    assert history.of("fresh") == []
    assert history.of("d/a", revs=("HEAD^..HEAD",)) == []
    assert history.of("d", limits=("--until=1999-01-01",)) == []


def test_a_wrong_revision_is_an_error(history: History) -> None:
    with pytest.raises(UnknownRevisionError):
        history.of("d", revs=("nowhere",))


def test_before_the_first_commit_there_is_nothing(project: Project) -> None:
    assert list(log(project, [])) == []
    write("f", "x")
    add(project, ["f"])
    assert list(log(project, ["f"])) == []


def test_a_project_without_git_has_no_history(tmp_path: Path) -> None:
    (tmp_path / ".dvc").mkdir()
    with Project(str(tmp_path), None) as project, pytest.raises(NotInGitError):
        list(log(project, []))


LOCK = """\
schema: '2.0'
stages:
  prepare:
    cmd: make prepared
    outs:
    - path: prepared
      hash: md5
      md5: {prepared}
      size: 1
  train:
    cmd: make models
    outs:
    - path: models
      hash: md5
      md5: {models}
      size: {size}
"""
STAGES = """\
stages:
  prepare:
    cmd: x
    outs: [prepared]
  train:
    cmd: x
    outs: [models]
"""


def test_outputs_of_a_lock_file(project: Project, reopen: Opener) -> None:
    history = History(project, reopen)
    hashes = [md5(text) for text in (b"1", b"2", b"3")]

    def locked(prepared: int, models: int, size: int) -> dict[str, str | None]:
        text = LOCK.format(prepared=hashes[prepared], models=hashes[models], size=size)
        return {"dvc.lock": text, "dvc.yaml": STAGES}

    history.save("one", locked(0, 0, 10))
    history.save("other stage", locked(1, 0, 10))
    history.save("two", locked(1, 2, 15))
    assert history.subjects("models") == ["two", "one"]
    assert history.of("models")[0].size_change == 5
    assert history.subjects("prepared") == ["other stage", "one"]
    assert history.subjects("dvc.lock") == ["two", "other stage", "one"]


def test_a_pointer_of_any_name_is_found(project: Project, reopen: Opener) -> None:
    history = History(project, reopen)
    pointer = f"wdir: ..\nouts:\n- md5: {md5(b'1')}\n  size: 1\n  hash: md5\n  path: data\n"
    history.save("one", {"pointers/other.dvc": pointer})
    history.save("two", {"pointers/other.dvc": pointer.replace(md5(b"1"), md5(b"2"))})
    assert history.subjects("data") == ["two", "one"]
    history.save("gone", {"pointers/other.dvc": None})
    assert history.subjects("data") == ["gone", "two", "one"]


def test_a_broken_pointer_in_the_past_counts_as_none(history: History) -> None:
    text = Path("d.dvc").read_text()
    history.save("broken", {"d.dvc": "<<<<<<< x\n"})
    history.save("mended", {"d.dvc": text})
    assert history.subjects("d")[:3] == ["mended", "broken", "three"]


def test_a_project_in_a_subdirectory(git_repo: Path, reopen: None = None) -> None:
    from git_dvc.ops.init import init

    (git_repo / "s p").mkdir()
    os.chdir(git_repo / "s p")
    init(".", subdir=True)
    for text in ("1", "22"):
        write("d/[x]", text)
        with Project.open() as project:
            add(project, ["d"])
        run_git("add", "-A", cwd=git_repo)
        run_git("commit", "-qm", text, cwd=git_repo)
    with Project.open() as project:
        assert [version.commit.subject for version in log(project, ["d/[x]"])] == ["22", "1"]
        assert [version.commit.subject for version in log(project, [])] == ["22", "1"]


def test_revisions_come_before_paths(history: History) -> None:
    project = history.open()
    run_git("tag", "v1", cwd=history.root)
    run_git("branch", "model", cwd=history.root)
    assert op.split(project, ["v1", "d"]) == (["v1"], ["d"])
    assert op.split(project, ["v1..main", "^v1", "d/b", "v1"]) == (
        ["v1..main", "^v1"],
        ["d/b", "v1"],
    )
    assert op.split(project, ["model"]) == ([], ["model"])
    assert op.split(project, ["refs/heads/model"]) == (["refs/heads/model"], [])
    assert op.split(project, ["d/gone"]) == ([], ["d/gone"])
    assert op.split(project, ["nothing"]) == ([], ["nothing"])
    assert op.split(project, []) == ([], [])


def test_only_commits_that_touch_the_pointer_are_read(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        history.save(f"code {number}", {"code.py": str(number)})
    seen: set[str] = set()
    outs = op._History.outs

    def noted(self: op._History, commit: str) -> op.Outs:
        seen.add(commit)
        return outs(self, commit)

    monkeypatch.setattr(op._History, "outs", noted)
    assert len(history.of("d")) == 3
    assert len(seen) <= 6  # each of them and its parent


def test_one_file_is_looked_up_and_not_listed(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifest, "changed_entries", None)
    history_of_b = log(history.open(), ["d/b"], Request(follow=False))
    assert next(history_of_b).commit.subject == "two"
