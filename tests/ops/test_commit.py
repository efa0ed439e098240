from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from git_dvc import hashing
from git_dvc.errors import NotRecordedError, UnknownTargetError
from git_dvc.formats import lockfile, pointer
from git_dvc.ops.add import add
from git_dvc.ops.commit import commit
from git_dvc.project import Project
from tests.ops.conftest import Dvc, Opener, write


def out_of(path: str) -> pointer.Out:
    return pointer.parse(Path(path).read_bytes()).outs[0]


def md5(text: str) -> str:
    return hashing.of_bytes(text.encode())


def staged() -> set[str]:
    out = subprocess.run(["git", "diff", "--cached", "--name-only"], capture_output=True, text=True)
    return set(out.stdout.split())


def test_a_changed_file_is_recorded_and_staged(project: Project) -> None:
    write("f", "one")
    add(project, ["f"])
    write("f", "two!")
    subprocess.run(["git", "commit", "-qm", "x"], check=True)
    result = commit(project, [])
    assert out_of("f.dvc").hash == md5("two!")
    assert out_of("f.dvc").size == 4
    assert project.cache().has(md5("two!"))
    assert result.recorded == ["f"]
    assert result.changed == ["f.dvc"]
    assert staged() == {"f.dvc"}


def test_nothing_changed_writes_nothing(project: Project) -> None:
    write("d/a", "a")
    add(project, ["d"])
    before = os.stat("d.dvc")
    result = commit(project, [])
    assert not result.recorded
    assert not result.changed
    assert os.stat("d.dvc").st_mtime_ns == before.st_mtime_ns


def test_data_added_without_commit_is_stored(project: Project, reopen: Opener) -> None:
    write("d/a", "a")
    write("d/s/b", "bb")
    add(project, ["d"], commit=False)
    value = out_of("d.dvc").hash
    assert value is not None
    assert not project.cache().has(value)
    result = commit(reopen(), ["d.dvc"])
    assert out_of("d.dvc").hash == value
    assert result.files == 2
    assert project.cache().read_manifest(value) == {"a": md5("a"), "s/b": md5("bb")}
    assert not project.cache().lacks([md5("a"), md5("bb")])


def test_a_path_inside_a_directory_is_recorded_alone(project: Project) -> None:
    write("d/a", "a")
    write("d/b", "b")
    add(project, ["d"])
    write("d/a", "a2")
    write("d/b", "b2")
    commit(project, ["d/a"])
    value = out_of("d.dvc").hash
    assert value is not None
    assert project.cache().read_manifest(value) == {"a": md5("a2"), "b": md5("b")}
    assert Path("d/b").read_text() == "b2"


def test_two_paths_inside_a_directory(project: Project) -> None:
    for name in "abc":
        write(f"d/{name}", name)
    add(project, ["d"])
    for name in "abc":
        write(f"d/{name}", name * 2)
    result = commit(project, ["d/a", "d/b"])
    value = out_of("d.dvc").hash
    assert value is not None
    assert project.cache().read_manifest(value) == {"a": md5("aa"), "b": md5("bb"), "c": md5("c")}
    assert result.files == 2


def test_a_path_inside_a_directory_never_stored_stores_all_that_is_listed(
    project: Project, reopen: Opener
) -> None:
    write("d/a", "a")
    write("d/b", "b")
    add(project, ["d"], commit=False)
    commit(reopen(), ["d/a"])
    assert not project.cache().lacks([md5("a"), md5("b")])


def test_listed_files_that_were_never_stored_are_stored_with_the_one_named(
    project: Project, reopen: Opener
) -> None:
    write("d/a", "a")
    add(project, ["d"])
    write("d/b", "b")
    # The listing is stored, its file 'b' is not: what DVC leaves after 'commit dir/file'.
    value = project.cache().store_bytes(
        b'[{"md5": "%s", "relpath": "a"}, {"md5": "%s", "relpath": "b"}]'
        % (md5("a").encode(), md5("b").encode()),
        ".dir",
    )
    project.cache().flush()
    write("d.dvc", f"outs:\n- md5: {value}\n  hash: md5\n  path: d\n")
    write("d/a", "a2")
    commit(reopen(), ["d/a"])
    assert not project.cache().lacks([md5("a2"), md5("b")])


def test_a_missing_output_is_named_and_the_others_are_recorded(project: Project) -> None:
    write("f", "f")
    write("g", "g")
    add(project, ["f", "g"])
    os.unlink("f")
    write("g", "g2")
    with pytest.raises(NotRecordedError, match="could not be recorded") as caught:
        commit(project, [])
    assert caught.value.details == ["  f: no such file or directory"]
    assert out_of("g.dvc").hash == md5("g2")
    assert staged() >= {"g.dvc"}


def test_a_broken_pointer_does_not_stop_the_others(project: Project) -> None:
    write("f", "f")
    add(project, ["f"])
    write("f", "f2")
    write("broken.dvc", "outs: 3\n")
    with pytest.raises(NotRecordedError) as caught:
        commit(project, [])
    assert "broken.dvc" in caught.value.details[0]
    assert out_of("f.dvc").hash == md5("f2")


def test_an_unknown_target_changes_nothing(project: Project) -> None:
    write("f", "f")
    add(project, ["f"])
    write("f", "f2")
    with pytest.raises(UnknownTargetError):
        commit(project, ["f", "nosuch"])
    assert out_of("f.dvc").hash == md5("f")


def test_comments_and_foreign_keys_of_a_pointer_stay(project: Project) -> None:
    write("f", "f")
    add(project, ["f"])
    Path("f.dvc").write_text("# mine\n" + Path("f.dvc").read_text() + "  desc: hello\n")
    write("f", "f2")
    commit(project, [])
    text = Path("f.dvc").read_text()
    assert text.startswith("# mine\n")
    assert "desc: hello" in text
    assert md5("f2") in text


STAGES = """\
stages:
  make:
    cmd: make it
    outs:
    - model
    metrics:
    - scores.json:
        cache: false
"""
LOCK = """\
schema: '2.0'
stages:
  make:
    cmd: make it
    outs:
    - path: model
      hash: md5
      md5: abcdefabcdefabcdefabcdefabcdefab
      size: 1
    - path: scores.json
      hash: md5
      md5: abcdefabcdefabcdefabcdefabcdefab
      size: 1
"""


@pytest.mark.parametrize("targets", [[], ["make"], ["dvc.yaml"]])
def test_outputs_of_stages_are_recorded_in_the_lock_file(
    project: Project, targets: list[str]
) -> None:
    write("dvc.yaml", STAGES)
    write("dvc.lock", LOCK)
    write("model", "weights")
    write("scores.json", "{}")
    commit(project, targets)
    text = Path("dvc.lock").read_text()
    assert md5("weights") in text
    assert md5("{}") in text
    assert project.cache().has(md5("weights"))
    assert not project.cache().has(md5("{}"))
    assert not [path for path in project.state.headers() if path == "scores.json"]


@pytest.mark.interop
def test_dvc_is_content_with_what_was_recorded(project: Project, dvc: Dvc) -> None:
    write("src", "data")
    dvc("import-url", "src", "imported")
    write("d/a", "a")
    add(project, ["d"], commit=False)
    dvc("stage", "add", "-n", "make", "-o", "made", "--run", "echo hi > made")
    write("imported", "changed here")
    write("made", "changed too")
    commit(project, [])
    assert dvc("status", "--json", "d.dvc", "make") == "{}"
    assert "changed checksum" not in dvc("status", "imported.dvc")


# -- stages -----------------------------------------------------------------------------------

STAGE = """\
stages:
  copy:
    cmd: cp a b
    deps: [a]
    params: [x]
    outs: [b]
    metrics: [m.json: {cache: false}]
"""


def locked() -> lockfile.LockStage:
    return lockfile.parse(Path("dvc.lock").read_bytes())["copy"]


@pytest.fixture
def ran(project: Project) -> Project:
    """A project with a stage that somebody ran by hand, and that was recorded."""
    for path, text in {"a": "1", "b": "1", "m.json": "{}", "params.yaml": "x: 1\n"}.items():
        write(path, text)
    write("dvc.yaml", STAGE)
    commit(project, ["copy"])
    return project


def test_a_stage_that_never_ran_is_recorded_as_it_is(ran: Project) -> None:
    assert [dep.hash for dep in locked().deps] == [md5("1")]
    assert locked().params == {"params.yaml": {"x": 1}}
    assert {out.path: out.hash for out in locked().outs} == {"b": md5("1"), "m.json": md5("{}")}
    assert ran.cache().has(md5("1"))
    assert Path(".gitignore").read_text() == "/b\n"
    before = Path("dvc.lock").read_bytes()
    assert not commit(ran, ["copy"]).stages
    assert Path("dvc.lock").read_bytes() == before


def test_only_who_says_so_makes_a_stale_stage_count_as_run(ran: Project) -> None:
    write("a", "2")
    write("b", "by hand")
    assert commit(ran).stale == ["copy"]
    assert locked().deps[0].hash == md5("1"), "a run that never was must not be recorded"
    assert locked().outs[0].hash == md5("by hand")
    write("dvc.yaml", STAGE.replace("outs:", "frozen: true\n    outs:"))
    write("b", "by hand, too")
    assert commit(ran).stale == [], "a frozen stage is to stay as it is"
    write("dvc.yaml", STAGE)
    assert commit(ran, ["b"]).stages == []
    assert locked().deps[0].hash == md5("1")
    write("params.yaml", "x: 2\n")
    assert commit(ran, force=True).stages == ["copy"]
    assert locked().deps[0].hash == md5("2")
    assert locked().params == {"params.yaml": {"x": 2}}
    assert commit(ran).stale == []


def test_with_deps_also_the_stages_before_are_recorded(ran: Project) -> None:
    write("dvc.yaml", STAGE + "  next:\n    cmd: cp b c\n    deps: [b]\n    outs: [c]\n")
    write("c", "1")
    write("b", "new")
    assert commit(ran, ["next"], with_deps=True).stages == ["copy", "next"]
    write("b", "newer")
    assert commit(ran, ["next"]).stages == ["next"]
    assert locked().outs[0].hash == md5("new")


def test_a_stage_without_its_outputs_is_told_and_the_others_recorded(ran: Project) -> None:
    write("dvc.yaml", STAGE + "  next:\n    cmd: cp b c\n    deps: [b]\n    outs: [c]\n")
    write("a", "2")
    with pytest.raises(NotRecordedError) as caught:
        commit(ran, ["next", "copy"])
    assert caught.value.details == ["  next: outputs are not there: c"]
    assert locked().deps[0].hash == md5("2")
    with pytest.raises(UnknownTargetError):
        commit(ran, ["nxt"])
