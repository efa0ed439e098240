from __future__ import annotations

import errno
import http.server
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from git_dvc import hashing
from git_dvc.errors import (
    CannotTrackError,
    FormatError,
    IgnoredRecordError,
    MissingDependencyError,
    MissingOutputError,
    MissingParametersError,
    OutputInGitError,
    OwnFileOutputError,
)
from git_dvc.formats import lockfile
from git_dvc.formats.lockfile import LockStage
from git_dvc.ops import remote, stage_run
from git_dvc.ops.add import add
from git_dvc.ops.checkout import follow
from git_dvc.ops.commit import commit
from git_dvc.ops.push import push
from git_dvc.ops.stage_pull import RemotePuller
from git_dvc.ops.stage_run import Made, Puller, Saver
from git_dvc.ops.stages import choose, load
from git_dvc.ops.status import status
from git_dvc.ops.undo import undo
from git_dvc.ops.wanted import Asked
from git_dvc.pipeline.stage import Stage
from git_dvc.project import Project
from tests.ops.conftest import Opener, git, write
from tests.scene import git_dvc

COPY = """\
stages:
  copy:
    cmd: cp a b
    deps:
    - a
    outs:
    - b
"""


def md5(text: str) -> str:
    return hashing.of_bytes(text.encode())


def stage_of(project: Project, name: str) -> Stage:
    return choose(load(project), [name])[0]


def run(project: Project, name: str = "copy", command: Callable[[], object] | None = None) -> Made:
    """Run a stage as repro does: the lock is free while the command runs."""
    saver = Saver(project)
    stage = stage_of(project, name)
    with project.lock():
        inputs = saver.inputs(stage)
        saver.prepare(stage)
    try:
        if command is not None:
            command()
        else:
            for line in stage.cmd:
                subprocess.run(line, shell=True, check=True, cwd=project.path(stage.wdir))
        with project.lock():
            made = saver.collect(stage, inputs)
            saver.record(stage, made)
    except Exception:
        with project.lock():
            saver.put_back(stage)
        raise
    finally:
        with project.lock():
            saver.finish()
    return made


def restored(project: Project, name: str = "copy", pull: Puller | None = None) -> bool:
    """Return whether a stage's results came from the run cache."""
    saver = Saver(project)
    stage = stage_of(project, name)
    with project.lock():
        made = saver.restore(stage, saver.inputs(stage), pull=pull)
        if made is not None:
            saver.record(stage, made)
        saver.finish()
    return made is not None


def locked(path: str = "dvc.lock") -> dict[str, LockStage]:
    return lockfile.parse(Path(path).read_bytes())


def test_outputs_are_cached_and_recorded_with_what_they_were_made_from(project: Project) -> None:
    write("a", "one")
    write("dvc.yaml", COPY)
    run(project)
    (dep,), (out,) = locked()["copy"].deps, locked()["copy"].outs
    assert (dep.hash, dep.size, out.hash) == (md5("one"), 3, md5("one"))
    assert project.cache().has(md5("one"))
    assert Path(".gitignore").read_text() == "/b\n"
    status = subprocess.run(["git", "status", "--short"], capture_output=True, text=True)
    assert "A  dvc.lock" in status.stdout.splitlines()


def test_a_result_that_was_changed_by_hand_is_saved_before_it_goes(project: Project) -> None:
    write("a", "one")
    write("dvc.yaml", COPY)
    run(project)
    write("b", "by hand")
    write("a", "two")
    run(project)
    assert Path("b").read_text() == "two"
    assert project.cache().has(md5("by hand"))
    undo(project)
    assert Path("b").read_text() == "by hand"
    assert locked()["copy"].outs[0].hash == md5("one")


def test_undo_leaves_to_git_what_git_versions(project: Project) -> None:
    write("a", "1")
    definition = COPY.replace("cp a b", "cp a b && cp a m && mkdir -p d/e/f && cp a d/e/g")
    write("dvc.yaml", definition.replace("    - b", "    - b\n    - d\n    - m: {cache: false}"))
    run(project)
    before = Path("dvc.lock").read_bytes()
    write("a", "2")
    run(project, command=lambda: [write(name, "2") for name in ("b", "m", "d/g")])
    assert not Path("d/e").exists(), "empty directories of the last run are no part of this one"
    undo(project)
    assert [Path(name).read_text() for name in ("b", "d/e/g", "m")] == ["1", "1", "2"]
    assert Path("dvc.lock").read_bytes() == before


def test_what_is_no_file_is_in_the_way(project: Project) -> None:
    write("a", "1")
    write("dvc.yaml", COPY)
    os.mkfifo("b")
    with pytest.raises(CannotTrackError) as caught:
        run(project)
    assert caught.value.details == ["  b: fifo"]
    os.unlink("b")
    os.mkdir("elsewhere")
    write("elsewhere/mine", "x")
    os.symlink("elsewhere", "b")
    with pytest.raises(CannotTrackError):
        run(project)
    assert Path("b/mine").read_text() == "x"
    write("dvc.yaml", COPY.replace("- b\n", "- b/out\n"))
    with pytest.raises(CannotTrackError) as caught:
        run(project)
    assert caught.value.details == ["  b/out: reached through a symbolic link"]


def test_what_was_there_before_the_stage_is_saved_too(project: Project) -> None:
    write("a", "one")
    write("b", "mine")
    write("dvc.yaml", COPY)
    run(project)
    assert project.cache().has(md5("mine"))


def test_a_dependency_changed_while_it_was_used_is_recorded_as_it_was(project: Project) -> None:
    write("a", "one")
    write("dvc.yaml", COPY)

    def command() -> None:
        write("b", "one")
        write("a", "edited meanwhile")

    made = run(project, command=command)
    assert made.changed == ("a",)
    assert locked()["copy"].deps[0].hash == md5("one")


def test_files_that_a_command_leaves_in_a_dependency_belong_to_it(project: Project) -> None:
    write("src/a.py", "one")
    write("src/__pycache__/a.pyc", "old")
    write("dvc.yaml", COPY.replace("- a\n", "- src\n"))

    def command() -> None:
        write("b", "made")
        write("src/__pycache__/a.pyc", "new")
        write("src/log", "new")

    made = run(project, command=command)
    assert not made.changed
    assert made.lock.deps[0].nfiles == 3
    saver = Saver(project)
    assert saver.inputs(stage_of(project, "copy")).deps == made.lock.deps


@pytest.mark.parametrize(
    ("flags", "before_run"),
    [("persist: true", "old"), ("cache: false", None), ("persist: true, cache: false", "old")],
)
def test_only_outputs_that_persist_are_there_when_the_command_runs(
    project: Project, flags: str, before_run: str | None
) -> None:
    write("a", "one")
    write("dvc.yaml", COPY.replace("- b\n", f"- b: {{{flags}}}\n"))
    write("b", "old")
    seen = []

    def command() -> None:
        seen.append(Path("b").read_text() if Path("b").exists() else None)
        write("b", "new")

    run(project, command=command)
    assert seen == [before_run]
    assert locked()["copy"].outs[0].hash == md5("new")
    assert project.cache().has(md5("new")) == ("cache" not in flags)


def test_links_that_persist_are_private_while_the_command_runs(
    project: Project, reopen: Opener
) -> None:
    write(".dvc/config.local", "[cache]\n    type = hardlink\n")
    project = reopen()
    write("a", "one")
    write("dvc.yaml", COPY.replace("- b\n", "- b: {persist: true}\n"))
    append = "stages: {copy: {cmd: x, deps: [a], outs: [b: {persist: true}]}}"
    write("dvc.yaml", append)
    write("b", "1")

    def command() -> None:
        with open("b", "a") as stream:
            stream.write("2")

    run(project, command=command)
    assert Path("b").stat().st_nlink == 2
    run(project, command=command)
    assert Path("b").read_text() == "122"
    assert Path(project.cache().path(md5("12"))).read_text() == "12"


def test_a_command_that_makes_less_leaves_the_record_alone(project: Project) -> None:
    write("a", "one")
    write("dvc.yaml", COPY)
    run(project)
    before = Path("dvc.lock").read_bytes()
    write("a", "two")
    with pytest.raises(MissingOutputError):
        run(project, command=lambda: None)
    assert Path("dvc.lock").read_bytes() == before
    assert Path("b").read_text() == "one", "it is there as before"
    with pytest.raises(ZeroDivisionError):
        run(project, command=lambda: write("b", "half") and 1 / 0)
    assert Path("b").read_text() == "half", "what was made so far can be looked at"


def test_what_is_missing_is_told_before_anything_goes(project: Project) -> None:
    write("b", "old")
    write("dvc.yaml", COPY)
    with pytest.raises(MissingDependencyError):
        run(project)
    write("a", "one")
    write("params.yaml", "x: 1\n")
    write("dvc.yaml", COPY.replace("    outs", "    params: [x, y.z, p.json: [k]]\n    outs"))
    with pytest.raises(MissingParametersError) as caught:
        run(project)
    assert caught.value.details == ["  p.json: no such file", "  params.yaml: y.z"]
    assert Path("b").read_text() == "old"


def test_an_output_that_git_versions_is_refused(project: Project) -> None:
    write("a", "one")
    write("b", "in git")
    write("dvc.yaml", COPY)
    subprocess.run(["git", "add", "b"], check=True)
    with pytest.raises(OutputInGitError):
        run(project)
    assert Path("b").read_text() == "in git"


@pytest.mark.parametrize("name", ["dvc.yaml", "dvc.lock", "sub/.gitignore", "Dvcfile"])
def test_no_run_makes_room_for_a_file_that_says_what_is_tracked(
    project: Project, name: str
) -> None:
    write("a", "one")
    write("sub/.gitignore", "x")
    definition = f"{COPY}    - {name}:\n        cache: false\n"
    write("dvc.yaml", definition)
    with pytest.raises(OwnFileOutputError, match="files that git-dvc itself needs"):
        run(project)
    assert Path("dvc.yaml").read_text() == definition
    assert Path("sub/.gitignore").read_text() == "x"


def test_a_record_that_git_ignores_is_refused_before_the_run(project: Project) -> None:
    write("a", "1")
    write("dvc.yaml", COPY)
    write(".gitignore", "*.lock\n")
    with pytest.raises(IgnoredRecordError):
        run(project)
    assert not Path("b").exists()


def test_positions_and_other_records_stay_as_they_are(project: Project) -> None:
    every = "".join(COPY[8:].replace("copy", n).replace("- b", f"- {n}") for n in ("z", "y", "x"))
    write("dvc.yaml", "stages:\n" + every)
    write("a", "one")
    for name in ("z", "y", "x"):
        run(project, name, partial(write, name, name))
    assert list(locked()) == ["z", "y", "x"]
    before = Path("dvc.lock").read_text()
    run(project, "y", lambda: write("y", "other"))
    assert Path("dvc.lock").read_text() == before.replace(md5("y"), md5("other")).replace(
        f"{md5('other')}\n      size: 1", f"{md5('other')}\n      size: 5"
    )
    commented = Path("dvc.lock").read_text().replace("stages:", "# machine\nstages:")
    write("dvc.lock", commented)
    run(project, "y", lambda: write("y", "third"))
    assert Path("dvc.lock").read_text() == commented.replace(md5("other"), md5("third"))


def test_a_large_output_is_not_read_again(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage_run, "_LARGE_BYTES", 1)
    write("a", "1")
    write("dvc.yaml", COPY)
    run(project, command=lambda: write("b", "just written"))
    placed = project.state.placed("b")
    assert placed is not None
    assert placed.entries[""][2] == os.stat("b").st_mtime_ns


def test_every_kind_of_parameter_is_recorded_and_known_again(project: Project) -> None:
    write("a", "1")
    write("p.py", "T = (1, 2)\nS = {2, 1}\nB = b'x'\nC = 1j\n")
    write("p.toml", "day = 2026-01-02\nat = 10:00:00\n")
    write("p.yaml", "labels: {0: cat, 1: dog}\nday: 2026-01-02\nnone:\n")
    whole = "    params: [p.py: , p.toml: , p.yaml: ]\n    outs"
    write("dvc.yaml", COPY.replace("    outs", whole))
    run(project)
    assert locked()["copy"].params == {
        "p.py": {"T": [1, 2], "S": [1, 2], "B": "b'x'", "C": "1j"},
        "p.toml": {"day": "2026-01-02", "at": "10:00:00"},
        "p.yaml": {"labels": {0: "cat", 1: "dog"}, "day": "2026-01-02", "none": None},
    }
    assert Saver(project).used_the_same(stage_of(project, "copy"))
    assert git_dvc("repro", cwd=".").stdout.startswith("Stage 'copy' didn't change")
    write("p.yaml", "1: one\nb: two\n")
    with pytest.raises(FormatError):
        run(project)


# -- the run cache ----------------------------------------------------------------------------


def test_a_run_seen_before_is_restored_with_all_that_it_made(project: Project) -> None:
    definition = COPY + "    metrics:\n    - m.json: {cache: false}\n"
    write("dvc.yaml", definition.replace("cp a b", "cp a b && cp a m.json"))
    write("a", "1")
    run(project)
    first = Path("dvc.lock").read_bytes()
    write("a", "2")
    assert not restored(project)
    run(project)
    write("a", "1")
    write("b", "by hand")
    assert restored(project)
    assert (Path("b").read_text(), Path("m.json").read_text()) == ("1", "1")
    assert Path("dvc.lock").read_bytes() == first
    assert project.cache().has(md5("by hand"))
    assert not os.path.islink("m.json")
    assert os.stat("m.json").st_nlink == 1
    undo(project)
    assert Path("b").read_text() == "by hand"


def test_of_two_runs_that_used_the_same_the_newest_counts_whose_data_is_there(
    project: Project,
) -> None:
    write("a", "1")
    write("dvc.yaml", COPY)
    run(project, command=lambda: write("b", "first"))
    run(project, command=lambda: write("b", "second"))
    os.unlink("b")
    os.unlink("dvc.lock")
    assert restored(project)
    assert Path("b").read_text() == "second"
    os.unlink(project.cache().path(md5("second")))
    os.unlink("b")
    assert restored(project)
    assert Path("b").read_text() == "first"


def test_a_record_that_is_not_what_its_name_says_is_not_used(project: Project) -> None:
    write("a", "1")
    write("dvc.yaml", COPY)
    run(project)
    (record,) = Path(".dvc/cache/runs").rglob("*/*/*")
    record.write_bytes(record.read_bytes().replace(b"path: b", b"path: c"))
    os.unlink("b")
    os.unlink("dvc.lock")
    assert not restored(project)


@pytest.mark.parametrize(
    "change",
    [
        ("- b\n", "- b: {persist: true}\n"),
        ("- b\n", "- b: {cache: false}\n"),
        ("    deps", "    always_changed: true\n    deps"),
    ],
)
def test_runs_that_cannot_be_known_again_get_no_record(
    project: Project, change: tuple[str, str]
) -> None:
    write("a", "1")
    write("dvc.yaml", COPY.replace(*change))
    run(project)
    assert not Path(".dvc/cache/runs").exists()


def test_just_what_is_missing_comes_from_a_remote(project: Project, reopen: Opener) -> None:
    write("dvc.yaml", COPY)
    write("a", "1")
    add(project, ["a"])
    for text in ("1", "2"):
        write("a", text)
        commit(project, ["a"])
        run(project)
    remote.add(project, "store", os.path.abspath("../store"), default=True)
    project = reopen()
    push(project, Asked(run_cache=True))
    shutil.rmtree(".dvc/cache")
    for name in ("a", "b", "dvc.lock"):
        os.unlink(name)
    project = reopen()
    puller = RemotePuller(project)
    assert puller.deps(stage_of(project, "copy")) == ["a"]
    assert Path("a").read_text() == "2"
    assert restored(project, pull=puller)
    assert Path("b").read_text() == "2"
    assert not project.cache().has(md5("1"))
    puller.close()
    assert not puller.problems


def test_a_remote_that_cannot_be_used_is_told_once(project: Project, reopen: Opener) -> None:
    write("dvc.yaml", COPY)
    write("a", "1")
    remote.add(project, "store", "http://127.0.0.1:1/nothing", default=True)
    project = reopen()
    puller = RemotePuller(project)
    assert not restored(project, pull=puller)
    assert not restored(project, pull=puller)
    assert len(puller.problems) == 1


# -- dependencies elsewhere -------------------------------------------------------------------


@pytest.fixture
def server() -> Iterator[list[str]]:
    """A server of one file; the list has its address and the ETag that it gives."""
    about = ["", '"v1"']

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(200)
            self.send_header("ETag", about[1])
            self.send_header("Content-Length", "5")
            self.end_headers()

        do_GET = do_HEAD

        def log_message(self, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as serving:
        about[0] = f"http://127.0.0.1:{serving.server_port}/f"
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield about
        serving.shutdown()


def test_dependencies_outside_of_the_project_count(project: Project, server: list[str]) -> None:
    write("../outside", "one")
    os.mkdir("../far")
    os.symlink("../far", "link")
    write("../far/x", "behind a link")
    url = server[0]
    write("dvc.yaml", COPY.replace("- a\n", f"- {url}\n    - ../outside\n    - link/x\n"))
    run(project, command=lambda: write("b", ""))
    deps = {dep.path: dep for dep in locked()["copy"].deps}
    assert deps["../outside"].hash == md5("one")
    assert deps["link/x"].hash == md5("behind a link")
    assert (deps[url].hash_name, deps[url].hash, deps[url].size) == ("checksum", '"v1"', 5)
    assert "      hash: md5\n      checksum: '\"v1\"'\n" in Path("dvc.lock").read_text()
    assert Saver(project).used_the_same(stage_of(project, "copy"))
    server[1] = '"v2"'
    assert not Saver(project).used_the_same(stage_of(project, "copy"))
    assert not Path(".dvc/cache/runs").exists(), "what a server has may change without a trace"


def test_only_the_folder_of_a_dependency_outside_is_opened(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those above it may be for passing through only, as the one of all homes often is."""
    write("../outside/folder/x", "1")
    write("../outside/file", "2")
    write("dvc.yaml", COPY.replace("- a\n", "- ../outside/folder\n    - ../outside/file\n"))
    real = os.open

    def refusing(path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if path == "/" or (dir_fd is None and Path.cwd().parent.is_relative_to(path)):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return real(path, flags, mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", refusing)
    run(project, command=lambda: write("b", ""))
    assert {dep.path for dep in locked()["copy"].deps} == {"../outside/folder", "../outside/file"}


# -- stage files of old versions ---------------------------------------------------------------

DVCFILE = """\
# the old way
cmd: cp a b; cp a m
deps:
- path: a
outs:
- path: b
- path: m
  cache: false
  metric: true
"""


def test_a_stage_file_holds_its_own_record(project: Project, reopen: Opener) -> None:
    write("a", "1")
    write("Dvcfile", DVCFILE)
    run(project, "Dvcfile")
    first = Path("Dvcfile").read_text()
    assert first.startswith("# the old way\ncmd: cp a b; cp a m\n")
    assert f"- path: b\n  md5: {md5('1')}\n  size: 1\n  hash: md5\n" in first
    assert not Path("dvc.lock").exists()
    git("add", "-A")
    git("commit", "-qm", "1")
    project = reopen()
    assert not [*status(project).added, *status(project).changed], "HEAD names its outputs"
    write("a", "22")
    run(project, "Dvcfile")
    git("commit", "-qam", "2")
    project = reopen()
    before = Path("Dvcfile").read_text()
    write("a", "333")
    run(project, "Dvcfile")
    undo(project)
    assert Path("Dvcfile").read_text() == before
    assert Path("b").read_text() == "22"
    git("checkout", "-q", "HEAD~", "--", "a", "Dvcfile", "m")
    assert follow(reopen()).modified == ["b"]
    assert Path("b").read_text() == "1"
