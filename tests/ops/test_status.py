"""One report of what is not saved, not recorded and not committed."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from git_dvc import hashing
from git_dvc.cli import opened
from git_dvc.errors import PartialDataError, UnknownTargetError
from git_dvc.formats import manifest as manifests
from git_dvc.formats.pointer import parse
from git_dvc.ops.add import add
from git_dvc.ops.checkout import checkout, follow
from git_dvc.ops.commit import commit
from git_dvc.ops.status import CLEAN, DELETED, MODIFIED, NEW, Status, status
from git_dvc.project import Project
from git_dvc.store.cache import Cache
from tests.conftest import GitRunner
from tests.ops.conftest import Opener, write
from tests.scene import git_dvc


@pytest.fixture
def committed(project: Project, run_git: GitRunner) -> Project:
    """Return a project with two files and a directory, committed."""
    write("f", "one\n")
    write("g", "same\n")
    for name in ("1", "2", "sub/3"):
        write(f"d/{name}", f"{name}\n")
    add(project, ["f", "g", "d"])
    run_git("add", "-A", cwd=project.root)
    run_git("commit", "-qm", "v1", cwd=project.root)
    return project


def kinds(report: Status) -> dict[str, str]:
    """Return how each output is."""
    return {state.item.relpath: state.kind for state in report.outs}


def test_all_is_well(committed: Project, reopen: Opener) -> None:
    report = status(reopen())
    assert report.is_clean
    assert kinds(report) == {"d": CLEAN, "f": CLEAN, "g": CLEAN}
    assert not (report.added or report.removed or report.changed)


def test_an_empty_project_tracks_nothing(project: Project) -> None:
    report = status(project)
    assert report.is_clean and not report.has_outputs


def test_data_against_pointers(committed: Project, reopen: Opener) -> None:
    write("f", "two\n")
    os.unlink("g")
    os.rename("d/1", "d/one")
    write("d/2", "changed\n")
    write("h.dvc", "outs:\n- path: h\n  hash: md5\n")
    write("h", "never recorded\n")
    report = status(reopen())
    assert not report.is_clean
    assert kinds(report) == {"d": MODIFIED, "f": MODIFIED, "g": DELETED, "h": NEW}
    difference = report.outs[0].difference
    assert difference is not None
    assert difference.renamed == [("1", "one")]
    assert difference.modified == ["2"]
    assert not (difference.added or difference.deleted)


def test_pointers_against_head(committed: Project, reopen: Opener) -> None:
    write("f", "two\n")
    write("new/1", "1\n")
    add(committed, ["f", "new"])
    os.unlink("g.dvc")
    report = status(reopen())
    assert report.is_clean, "what is not committed is recorded all the same"
    assert (report.added, report.changed, report.removed) == (["new/"], ["f"], ["g"])
    report = status(reopen(), ["new"])
    assert (report.added, report.changed, report.removed) == (["new/"], [], [])


def test_pointers_against_the_cache(committed: Project, reopen: Opener) -> None:
    out = committed.tracked.outs["d"].out.hash
    assert out is not None
    os.unlink(committed.cache().path("26ab0db90d72e28ad0ba1e22ee510510"))  # d/2
    os.unlink(committed.cache().path("5bbf5a52328e7439ae6e719dfe712200"))  # f
    absent = {state.item.relpath: state.absent for state in status(reopen()).outs}
    assert absent == {"d": ["2"], "f": [""], "g": []}
    os.unlink(committed.cache().path(out))
    report = status(reopen())
    assert not report.is_clean
    assert kinds(report)["d"] == CLEAN
    assert "" in report.outs[0].absent


def test_targets(committed: Project, reopen: Opener) -> None:
    write("d/2", "changed\n")
    write("f", "two\n")
    assert kinds(status(reopen(), ["d/2"])) == {"d": MODIFIED}
    assert kinds(status(reopen(), ["d/sub/3", "g.dvc"])) == {"d": CLEAN, "g": CLEAN}
    assert kinds(status(reopen(), ["."], recursive=True)).keys() == {"d", "f", "g"}
    with pytest.raises(UnknownTargetError, match="ff"):
        status(reopen(), ["ff"])


def test_one_broken_pointer_does_not_hide_the_rest(committed: Project, reopen: Opener) -> None:
    write("broken.dvc", "outs: [\n")
    write("f", "two\n")
    report = status(reopen())
    assert [problem.where for problem in report.problems] == ["broken.dvc"]
    assert not report.is_clean
    assert kinds(report)["f"] == MODIFIED
    assert status(reopen(), ["g"]).is_clean


def test_nothing_is_read_twice(
    committed: Project, reopen: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("d/2", "changed\n")
    os.utime("d/2", ns=(10**18, 10**18))
    assert not status(reopen()).is_clean
    write("f", "one\n")  # the same content in another file
    os.utime("f", ns=(10**18, 10**18))
    assert kinds(status(reopen())) == {"d": MODIFIED, "f": CLEAN, "g": CLEAN}
    read: list[str] = []
    real = Cache.hash_file

    def hash_file(self: Cache, folder: object, name: str, *rest: object) -> object:
        read.append(name)
        return real(self, folder, name, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Cache, "hash_file", hash_file)
    assert kinds(status(reopen())) == {"d": MODIFIED, "f": CLEAN, "g": CLEAN}
    assert read in ([], ["2"])


def test_it_writes_no_file_of_the_project(committed: Project, reopen: Opener) -> None:
    write("f", "two\n")
    before = {
        os.path.join(folder, name): os.stat(os.path.join(folder, name)).st_mtime_ns
        for folder, _, names in os.walk(".")
        for name in names
        if not folder.startswith("./.git")
    }
    status(reopen())
    after = {path: os.stat(path).st_mtime_ns for path in before}
    assert after == before


STAGES = """\
stages:
  train:
    cmd: cp in model && echo 1 >score.json
    deps:
    - in
    params:
    - lr
    outs:
    - model
    metrics:
    - score.json:
        cache: false
  report:
    cmd: cp model report
    deps:
    - model
    outs:
    - report
"""


@pytest.fixture
def pipeline(project: Project) -> Project:
    """Return a project whose two stages are up to date."""
    opened.never_tell(project.state_dir)
    write("dvc.yaml", STAGES)
    write("params.yaml", "lr: 1\n")
    write("in", "1")
    assert git_dvc("repro", cwd=".").returncode == 0
    return project


def told(*words: str, code: int = 0) -> str:
    done = git_dvc("status", *words, cwd=".")
    assert done.returncode == code, done.stderr
    return done.stdout


def test_stages_count(pipeline: Project) -> None:
    assert told("--json", "--exit-code") == "{}\n"
    write("params.yaml", "lr: 2\n")
    write("dvc.yaml", STAGES.replace("cp model report", "cp -f model report"))
    os.unlink("score.json")
    write("model", "by hand")
    found = json.loads(told("--json", "--exit-code", code=1))
    assert found == {
        "train": [
            {"changed deps": {"params.yaml": {"lr": "modified"}}},
            {"changed outs": {"model": "modified", "score.json": "deleted"}},
        ],
        "report": [{"changed deps": {"model": "modified"}}, "changed command"],
    }
    assert told("-q", code=1) == ""
    assert list(json.loads(told("--json", "report"))) == ["report"]
    assert list(json.loads(told("--json", "report", "-d"))) == ["train", "report"]
    assert list(json.loads(told("--json", "report/../score.json"))) == ["train"]


def test_the_reasons_are_said_in_short_or_in_full(pipeline: Project) -> None:
    write("params.yaml", "lr: 2\n")
    write("in", "2")
    assert "\n        train   parameter lr; dependency in\n" in told()
    assert told("--why").split("bring them up to date)\n")[1].splitlines() == [
        "        train",
        "            params.yaml: lr: 1 -> 2",
        "            dependency in: modified",
        "            then perhaps: 'report'",
    ]


def test_a_stage_that_never_ran_is_told(project: Project) -> None:
    write("dvc.yaml", STAGES)
    text = told()
    assert "        train    never ran\n        report   never ran\n" in text
    assert json.loads(told("--json", "train"))["train"][0] == {
        "changed deps": {"params.yaml": "deleted", "in": "deleted"}
    }


def test_one_bad_file_leaves_the_other_stages(pipeline: Project) -> None:
    write("sub/dvc.yaml", "stages: [\n")
    write("in", "2")
    text = told()
    assert "Files that cannot be used:\n        sub/dvc.yaml" in text
    assert "train   dependency in" in text


def test_to_look_does_not_hold_back_the_checkout_that_is_still_to_come(
    project: Project, reopen: Opener
) -> None:
    pointers = []
    for files in ({"a": "A", "c": "c"}, {"a": "a", "b": "b"}):
        shutil.rmtree("d", ignore_errors=True)
        for name, text in files.items():
            write(f"d/{name}", text)
        add(reopen(), ["d"])
        pointers.append(Path("d.dvc").read_bytes())
    for act in (checkout, follow):
        for pointer, names in ((pointers[0], {"a", "c"}), (pointers[1], {"a", "b"})):
            Path("d.dvc").write_bytes(pointer)
            for _ in range(2):
                assert kinds(status(reopen())) == {"d": MODIFIED}
            result = act(reopen())
            assert result.complete and result.modified == ["d/"]
            assert set(os.listdir("d")) == names and status(reopen()).outs[0].kind == CLEAN


def test_to_look_does_not_make_a_whole_of_a_part(project: Project, reopen: Opener) -> None:
    write("d/a", "a")
    write("d/b", "b")
    add(project, ["d"])
    value = hashing.of_bytes(b"b")
    shutil.rmtree("d")
    with Project.open() as again:
        again.state.save([], ["d"])  # as in a clone
        path = Path(again.cache().path(value))
    data = path.read_bytes()
    path.unlink()
    assert checkout(reopen()).missing == {"d/b": value}
    assert kinds(status(reopen())) == {"d": MODIFIED}
    before = Path("d.dvc").read_bytes()
    for record in (lambda: add(reopen(), ["d"]), lambda: commit(reopen())):
        with pytest.raises(PartialDataError):
            record()
    assert Path("d.dvc").read_bytes() == before
    write("d/n", "n")
    add(reopen(), ["d/n"])  # the rest of the list stays
    assert len(manifests.parse(reopen().cache().read_manifest_bytes(out_of("d.dvc")))) == 3
    path.write_bytes(data)
    assert follow(reopen()).complete and set(os.listdir("d")) == {"a", "b", "n"}
    Path("d/b").unlink()
    path.unlink()
    add(reopen(), ["d"])  # it was wholly there, so it was deleted
    Path("d.dvc").write_bytes(before)
    checkout(reopen())
    commit(reopen(), force=True)
    assert Path("d.dvc").read_bytes() != before


def out_of(path: str) -> str:
    return parse(Path(path).read_bytes()).outs[0].hash or ""
