"""The notice: a mark for each Git command that writes or takes in a pointer file, and no other."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from git_dvc.git import notice
from git_dvc.git.repo import Repository
from git_dvc.tracked import is_source
from tests.conftest import run_git as git

POINTERS = ("a.dvc", "deep/er/b.dvc", "deep/dvc.lock", "sub/Dvcfile")
PROGRAMS = [name for name in (os.environ.get("GIT_DVC_TEST_GIT"),) if name]


@pytest.fixture(params=["git", *PROGRAMS], ids=["git", *("other git" for _ in PROGRAMS)])
def work(request: pytest.FixtureRequest, git_repo: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with versions v1 and v2 of pointers, and v3 with other code."""
    if request.param != "git":
        folder = os.path.dirname(request.param)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    for version in ("v1", "v2"):
        for name in POINTERS:
            write(git_repo / name, f"{version} {name}\n" * 10)
        write(git_repo / "code.py", "code\n")
        commit(git_repo, version)
    write(git_repo / "code.py", "changed\n")
    commit(git_repo, "v3")
    repo = Repository.discover(str(git_repo))
    assert repo is not None
    repo.config_set(notice.KEY, notice.COMMAND)
    info = git_repo / ".git/info/attributes"
    info.parent.mkdir(exist_ok=True)
    info.write_bytes(notice.add(b""))
    (git_repo / ".git/dvc").mkdir()
    age(git_repo)
    return git_repo


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def commit(top: Path, tag: str) -> None:
    git("add", "-A", cwd=top)
    git("commit", "-qm", tag, cwd=top)
    git("tag", tag, cwd=top)


def age(top: Path) -> None:
    """Have the index know all files for unchanged without reading them."""
    then = 1_600_000_000
    for name in ("code.py", *POINTERS):
        if (top / name).exists():
            os.utime(top / name, (then, then))
    git("update-index", "-q", "--refresh", cwd=top)
    for path in (top / ".git/dvc").iterdir():
        path.unlink()


def marks(top: Path) -> int:
    return len(list((top / ".git/dvc").glob("moved.*")))


@pytest.mark.parametrize(
    ("line", "cwd", "expected"),
    [
        ("checkout v2", "deep", 0),  # which has the pointer files of v3
        ("checkout v1 -- sub/Dvcfile", ".", 1),
        ("reset --hard v1", "deep", 1),
        ("restore --source=v1 deep", ".", 1),
    ],
)
def test_git_tells_that_it_writes_pointer_files(
    work: Path, line: str, cwd: str, expected: int
) -> None:
    before = git("rev-parse", "HEAD:deep/dvc.lock", cwd=work)
    done = subprocess.run(
        ["git", *line.split()], cwd=work / cwd, capture_output=True, text=True, check=True
    )
    assert "error" not in done.stderr and "filter" not in done.stderr
    assert marks(work) == expected
    if line == "reset --hard v1":
        assert git("rev-parse", "HEAD:deep/dvc.lock", cwd=work) != before
        assert (work / "deep/er/b.dvc").read_text() == "v1 deep/er/b.dvc\n" * 10
        assert git("status", "--porcelain", cwd=work) == ""


def test_code_leaves_no_mark_and_starts_nothing(work: Path, tmp_path: Path) -> None:
    git("config", notice.KEY, f"echo x >>{tmp_path}/started; {notice.COMMAND}", cwd=work)
    for line in ("checkout -q v2", "checkout -q v3", "reset -q --hard v2", "status", "add -A"):
        git(*line.split(), cwd=work)
    write(work / "code.py", "mine\n")
    git("stash", cwd=work)
    git("stash", "pop", cwd=work)
    assert marks(work) == 0
    assert not (tmp_path / "started").exists()
    git("checkout", "-q", "-f", "v1", cwd=work)
    assert (tmp_path / "started").read_text() == "x\n", "once a command"


def test_a_new_pointer_file_that_is_added_leaves_a_mark(work: Path) -> None:
    write(work / "new/place/x.dvc", "new\n")
    git("add", "-A", cwd=work)
    assert marks(work) == 1
    assert git("cat-file", "-p", ":new/place/x.dvc", cwd=work) == "new"


@pytest.mark.skipif(not os.path.exists("/proc/self/cmdline"), reason="no /proc here")
def test_comparing_pointer_files_leaves_no_mark(work: Path, request: pytest.FixtureRequest) -> None:
    if "other git" in request.node.name:
        pytest.skip("it may have any path, and then each may take files in")
    commands = ("status --short", "diff --stat", "checkout -q v2", "commit -qam x --allow-empty")
    for line in commands:
        for name in POINTERS:
            os.utime(work / name)
        git(*line.split(), cwd=work)
    assert marks(work) == 0
    assert git("status", "--porcelain", cwd=work) == ""


def test_content_goes_through_as_it_is(work: Path) -> None:
    """Also what fills every pipe, what is empty, and what is no text."""
    contents = {
        "deep/dvc.lock": b"0123456789abcde\n" * 100_000,
        "a.dvc": b"",
        "b.dvc": bytes(range(256)) * 1000 + b"\ncommand=smudge\n",
    }
    for name, data in contents.items():
        (work / name).write_bytes(data)
    commit(work, "v4")
    git("checkout", "-q", "v1", cwd=work)
    git("checkout", "-q", "v4", cwd=work)
    assert {name: (work / name).read_bytes() for name in contents} == contents
    assert git("status", "--porcelain", cwd=work) == ""


def test_a_command_that_was_looked_after_takes_its_mark_away(work: Path) -> None:
    hook = work / ".git/hooks/post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text('#!/bin/sh\necho "$PPID 0" >.git/dvc/seen\n')
    hook.chmod(0o755)
    git("checkout", "-q", "v1", cwd=work)
    assert marks(work) == 0
    hook.unlink()
    git("checkout", "-q", "v2", cwd=work)
    assert marks(work) == 1


def test_a_mark_that_cannot_be_left_takes_the_watch_away(work: Path) -> None:
    state = work / ".git/dvc"
    (state / "watch").write_text("")
    done = subprocess.run(
        ["sh", "-c", 'mkdir ".git/dvc/moved.$$"; exec git checkout -q v1'],
        cwd=work, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stderr == ""
    assert not (state / "watch").exists()


def test_a_linked_work_tree_has_its_own_marks(work: Path, tmp_path: Path) -> None:
    git("worktree", "add", "-q", str(tmp_path / "linked"), "v1", cwd=work)
    age(work)
    state = work / ".git/worktrees/linked/dvc"
    state.mkdir(exist_ok=True)
    git("checkout", "-q", "--detach", "v2", cwd=tmp_path / "linked")
    assert len(list(state.glob("moved.*"))) == 1
    assert marks(work) == 0


def test_without_a_state_git_works_as_ever(work: Path) -> None:
    (work / ".git/dvc").rmdir()
    done = subprocess.run(
        ["git", "checkout", "-q", "v1"], cwd=work, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert not (work / ".git/dvc").exists()


# -- whose the files are ----------------------------------------------------------------------


def test_the_lines_are_for_all_pointer_files(work: Path) -> None:
    names = [*POINTERS, "x/.dvc", "dvc.yaml", "code.py", "x.dvc.py", ".dvc/config"]
    words = git("check-attr", "filter", "--", *names, cwd=work).splitlines()
    told = {line.partition(":")[0] for line in words if line.endswith("filter: dvc")}
    assert told - {"x/.dvc"} == {name for name in names if is_source(name)}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        *((name, True) for name in ("*", "**", "secret/**", "secret/*", "*.dvc", "x.dvc", "d*")),
        *((name, True) for name in ("*c", "dvc.lock", "*.lock", "Dvcfile", "*.[dx]vc", "*.d?c")),
        *((name, True) for name in ("[attr]secret", "a*", "*.*", "data.*")),
        *((name, False) for name in ("*.psd", "/data/*.csv", ".env", "keys/Makefile", "*.tar.gz")),
    ],
)
def test_which_filters_of_others_may_be_for_pointer_files(
    work: Path, pattern: str, expected: bool
) -> None:
    repo = Repository.discover(str(work))
    assert repo is not None
    assert notice.told_by(repo, []) == str(work / ".git/info/attributes")
    text = f"*.x filter\n# {pattern} filter=a\n{pattern} text\n{pattern} -filter\n"
    (work / ".gitattributes").write_text(text)
    assert notice.foreign(repo, [".gitattributes"]) == []
    (work / ".gitattributes").write_text(f"{text}{pattern}  text filter=mine\n")
    line = f"{pattern}  text filter=mine"
    assert notice.foreign(repo, [".gitattributes"]) == [line] * expected
    assert bool(notice.told_by(repo, ["code.py", ".gitattributes"])) is not expected
