"""What a switch by real Git leaves behind: outputs that come, go, change kind, or cannot come.

The ways to make a switch, and the places to make it in, are ``test_real_git.py``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from git_dvc.ops.add import add
from git_dvc.project import Project
from tests import launcher
from tests.scene import check_objects, is_clean, leftovers, md5, read_tree, run, write_tree

V1 = {"data/train/cat.1.jpg": "cat 1\n", "data/train/dog.1.jpg": "dog 1\n", "model.h5": "model 1\n"}
MORE = {"data/train/cat.2.jpg": "cat 2\n", "data/train/dog.1.jpg": "dog 1b\n"}
DVCFILE = "cmd: cp in model\ndeps: [{path: in}]\nouts: [{path: model}]\n"
V2 = {**V1, **MORE, "model.h5": "model 2\n"}


class Work:
    """A work tree and what is done in it; Git and git-dvc are programs on PATH."""

    def __init__(self, top: Path) -> None:
        self.top = top

    def try_git(
        self, *args: str | Path, cwd: str | Path = ".", env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run Git and return how it ended."""
        return run("git", *args, cwd=self.top / cwd, env=env)

    def git(
        self, *args: str | Path, cwd: str | Path = ".", env: Mapping[str, str] | None = None
    ) -> str:
        """Run Git, which has to succeed and to say nothing of trouble; return its output."""
        done = self.try_git(*args, cwd=cwd, env=env)
        assert done.returncode == 0, f"git {args}: {done.returncode}\n{done.stdout}{done.stderr}"
        assert "error:" not in done.stderr and "git-dvc" not in done.stderr, done.stderr
        return done.stdout.rstrip("\n")

    def save(self, tag: str, files: Mapping[str, str], *targets: str) -> None:
        """Write files, add the targets, commit and tag; quickly, without programs of ours."""
        write_tree(self.top, files)
        with Project.open(str(self.top)) as project:
            add(project, [str(self.top / target) for target in targets])
        self.git("commit", "-qanm", tag)
        self.git("tag", tag)

    def has(self, files: Mapping[str, str]) -> bool:
        """Return whether the data and the model are exactly these files."""
        found = {f"data/{name}": data for name, data in read_tree(self.top / "data").items()}
        if (self.top / "model.h5").is_file():
            found["model.h5"] = (self.top / "model.h5").read_bytes()
        assert {name: data.decode() for name, data in found.items()} == dict(files)
        return True

    def text(self, name: str) -> str:
        return (self.top / name).read_text()

    def object(self, text: str) -> Path:
        """Return where the cache keeps a content."""
        value = md5(text.encode())
        return self.top / ".dvc/cache/files/md5" / value[:2] / value[2:]


@pytest.fixture
def bin_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put git-dvc on PATH."""
    folder = launcher.write(tmp_path / "bin").parent
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


@pytest.fixture
def empty(git_repo: Path, bin_dir: Path) -> Work:
    """A project with hooks and nothing else, in the first commit."""
    work = Work(git_repo)
    work.git("dvc", "init", "-q")
    work.git("commit", "-qnm", "init")
    work.git("tag", "empty")
    return work


@pytest.fixture
def work(empty: Work) -> Work:
    """Data and model in two versions, v1.0 and v2.0; the second is checked out."""
    empty.save("v1.0", V1, "data", "model.h5")
    empty.save("v2.0", {**MORE, "model.h5": "model 2\n"}, "data", "model.h5")
    return empty


def test_the_versioning_tutorial_without_a_single_checkout_of_ours(
    git_repo: Path, bin_dir: Path
) -> None:
    work = Work(git_repo)
    work.git("dvc", "init", "-q")
    write_tree(work.top, V1)
    work.git("dvc", "add", "-q", "data")
    work.git("dvc", "add", "-q", "model.h5")
    work.git("commit", "-m", "First model")
    work.git("tag", "-a", "v1.0", "-m", "model v1.0")
    write_tree(work.top, {**MORE, "model.h5": "model 2\n"})
    work.git("dvc", "add", "-q", "data", "model.h5")
    work.git("commit", "-am", "Second model")
    work.git("tag", "-a", "v2.0", "-m", "model v2.0")

    work.git("checkout", "v1.0")
    assert work.has(V1)
    assert is_clean(work.top)
    work.git("checkout", "main")
    assert work.has(V2)

    # One file at another version: the data goes, the model stays.
    work.git("checkout", "v1.0", "data.dvc")
    assert work.has({**V1, "model.h5": "model 2\n"})
    work.git("checkout", "HEAD", "--", "data.dvc")
    assert work.has(V2)
    assert work.git("status", "--porcelain") == ""
    check_objects(work.top / ".dvc/cache")
    assert not leftovers(work.top)


@pytest.mark.parametrize("kind", ["hardlink", "symlink"])
def test_links_follow_as_copies_do(empty: Work, kind: str) -> None:
    empty.git("dvc", "config", "--local", "cache.type", kind)
    empty.save("v1.0", V1, "data", "model.h5")
    empty.save("v2.0", {**MORE, "model.h5": "model 2\n"}, "data", "model.h5")
    for tag, files in (("v1.0", V1), ("v2.0", V2)):
        empty.git("checkout", "-q", tag)
        assert empty.has(files)
    check_objects(empty.top / ".dvc/cache")


# -- outputs that come and go -----------------------------------------------------------------


def test_the_old_version_goes_when_the_new_has_no_such_output(work: Work) -> None:
    work.git("checkout", "-q", "empty")
    assert work.has({})
    assert not (work.top / "data").exists()
    work.git("checkout", "-q", "v2.0")
    assert work.has(V2)


def test_what_was_changed_outlives_its_pointer(work: Work) -> None:
    mine = {"data/train/cat.1.jpg": "painted\n", "data/notes": "mine\n"}
    write_tree(work.top, mine)
    done = work.try_git("checkout", "-q", "empty")
    assert done.returncode == 1
    assert "  data/train/cat.1.jpg\n" in done.stderr
    assert work.has(mine)  # the rest is gone, the model, too


def test_a_file_becomes_a_directory_and_back(empty: Work) -> None:
    empty.save("file", {"thing": "a file\n"}, "thing")
    (empty.top / "thing").unlink()
    empty.save("folder", {"thing/a": "a\n", "thing/b/c": "c\n"}, "thing")
    empty.git("checkout", "-q", "file")
    assert empty.text("thing") == "a file\n"
    empty.git("checkout", "-q", "folder")
    assert read_tree(empty.top / "thing") == {"a": b"a\n", "b/c": b"c\n"}
    write_tree(empty.top, {"thing/b/new": "unsaved\n"})
    done = empty.try_git("checkout", "-q", "file")
    assert (done.returncode, empty.text("thing/b/new")) == (1, "unsaved\n")
    assert "thing" in done.stderr


def test_outputs_of_stages_follow_the_switch(empty: Work) -> None:
    def lock(text: str) -> str:
        return (
            "schema: '2.0'\nstages:\n  make:\n    cmd: make\n    outs:\n    - path: out.bin\n"
            f"      hash: md5\n      md5: {md5(text.encode())}\n      size: {len(text)}\n"
        )

    stages = "stages:\n  make:\n    cmd: make\n    outs:\n    - out.bin\n"
    write_tree(empty.top, {".gitignore": "/out.bin\n"})
    for number in ("1", "2"):
        # An object in the cache, and the lock file as a stage that ran would leave it.
        write_tree(empty.top, {"out.bin": number, "dvc.yaml": stages, "dvc.lock": lock(number)})
        write_tree(empty.object(number).parent, {empty.object(number).name: number})
        empty.git("add", "dvc.yaml", "dvc.lock", ".gitignore")
        empty.git("commit", "-qnm", number)
        empty.git("tag", f"v{number}")
    for number in ("1", "2"):
        empty.git("checkout", "-q", f"v{number}")
        assert empty.text("out.bin") == number


# -- what cannot be done ----------------------------------------------------------------------


def test_unsaved_work_stays_is_named_and_the_rest_is_done(work: Work) -> None:
    work.git("checkout", "-q", "v1.0")
    # An edit of a file that both versions have, and a new one in the way of the second.
    mine = {"data/train/dog.1.jpg": "my edit\n", "data/train/cat.2.jpg": "my cat\n"}
    write_tree(work.top, mine)
    done = work.try_git("checkout", "-q", "v2.0")
    assert done.returncode == 1
    assert "  data/train/cat.2.jpg\n  data/train/dog.1.jpg\n" in done.stderr
    assert "hint: " in done.stderr and "--force" in done.stderr
    assert work.has({**V2, **mine})
    assert work.git("describe", "--tags") == "v2.0"  # Git itself went there

    # The edit survives the way back, too; thrown away on demand.
    assert work.try_git("checkout", "-q", "v1.0").returncode == 1
    assert work.text("data/train/dog.1.jpg") == "my edit\n"
    work.git("dvc", "checkout", "-q", "--force")
    assert work.has(V1)


def test_a_file_nobody_saved_in_the_place_of_an_output_stays(work: Work) -> None:
    work.git("checkout", "-q", "empty")
    write_tree(work.top, {"model.h5": "by hand\n", "data": "a file, not a directory\n"})
    done = work.try_git("checkout", "-q", "v1.0")
    assert done.returncode == 1
    assert "model.h5" in done.stderr and "data" in done.stderr
    assert work.text("model.h5") == "by hand\n"
    assert work.text("data") == "a file, not a directory\n"


def test_missing_objects_are_named_and_what_is_there_stays(work: Work) -> None:
    work.object("model 1\n").unlink()
    work.object("dog 1\n").unlink()
    done = work.try_git("checkout", "-q", "v1.0")
    assert done.returncode == 1
    assert "model.h5" in done.stderr and "data/train/dog.1.jpg" in done.stderr
    # cat.2 is not in v1.0, and the cache has it; nothing else went.
    assert work.has({**V1, "model.h5": "model 2\n", "data/train/dog.1.jpg": "dog 1b\n"})
    work.git("checkout", "-q", "v2.0")
    assert work.has(V2)


def test_a_missing_manifest_leaves_the_directory_as_it_is(work: Work) -> None:
    for path in (work.top / ".dvc/cache/files/md5").glob("*/*.dir"):
        path.unlink()
    done = work.try_git("checkout", "-q", "v1.0")
    assert done.returncode == 1
    assert "data" in done.stderr
    assert work.has({**V2, "model.h5": "model 1\n"})


OUT = "outs:\n- md5: d8e8fca2dc0f896fd7cb4cb0031ba249\n  size: 5\n  hash: md5\n  path: "


@pytest.mark.parametrize(
    "broken",
    [
        "<<<<<<< HEAD\nouts:\n- md5: 1\n=======\nouts:\n- md5: 2\n>>>>>>> other\n",
        OUT + "../../outside\n",
        OUT + ".git/config\n",
    ],
    ids=["conflict", "outside", "in .git"],
)
def test_a_broken_pointer_does_not_stop_the_others(work: Work, broken: str) -> None:
    old = work.git("show", "v1.0:model.h5.dvc") + "\n"
    write_tree(work.top, {"data.dvc": broken, "model.h5.dvc": old})
    work.git("commit", "-aqnm", "broken")
    work.git("tag", "broken")
    work.git("checkout", "-qf", "v2.0")
    assert work.has(V2)
    config = work.text(".git/config")

    done = work.try_git("checkout", "-q", "broken")
    assert done.returncode == 1
    assert "data.dvc" in done.stderr
    assert work.has({**V2, "model.h5": "model 1\n"})
    assert work.text(".git/config") == config
    # Mended, and all goes on.
    work.git("checkout", "-q", "v1.0")
    assert work.has(V1)


# -- places and neighbours --------------------------------------------------------------------


def test_a_clone_with_template_hooks_succeeds_without_data(work: Work, tmp_path: Path) -> None:
    shutil.copytree(work.top / ".git/hooks", tmp_path / "template/hooks")
    there = tmp_path / "clone"
    template = f"--template={tmp_path}/template"
    done = work.try_git("clone", "-q", template, work.top, there)
    assert done.returncode == 0
    assert "data" in done.stderr and "model.h5" in done.stderr
    assert Work(there).has({})
    # With the data in reach, the next switch brings it.
    shutil.copytree(work.top / ".dvc/cache", there / ".dvc/cache", dirs_exist_ok=True)
    Work(there).git("checkout", "-q", "v1.0")
    assert Work(there).has(V1)


def test_a_linked_work_tree_records_into_the_shared_cache(work: Work, tmp_path: Path) -> None:
    work.git("worktree", "add", "-q", tmp_path / "linked", "v1.0")
    linked = Work(tmp_path / "linked")
    assert linked.has(V1) and work.has(V2)
    linked.save("v3.0", {"model.h5": "model 3\n"}, "model.h5")
    assert not (linked.top / ".dvc/cache").exists()
    work.git("checkout", "-q", "v3.0")
    assert work.has({**V1, "model.h5": "model 3\n"})


def test_a_git_directory_elsewhere_and_relative_paths(bin_dir: Path, tmp_path: Path) -> None:
    apart = Work(tmp_path / "apart")
    apart.top.mkdir()
    apart.git("init", "-q", "--separate-git-dir", tmp_path / "its.git")
    apart.git("dvc", "init", "-q")
    apart.save("v1.0", V1, "data", "model.h5")
    apart.save("v2.0", {**MORE, "model.h5": "model 2\n"}, "data", "model.h5")
    apart.git("checkout", "-q", "v1.0")
    assert apart.has(V1)
    there = {"GIT_DIR": "../its.git", "GIT_WORK_TREE": "."}
    apart.git("checkout", "-q", "v2.0", env=there)
    assert apart.has(V2)


def test_a_hook_that_was_there_keeps_running_and_its_exit_code_counts(
    git_repo: Path, bin_dir: Path
) -> None:
    work = Work(git_repo)
    hook = git_repo / ".git/hooks/post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text('#!/bin/sh\necho "$3" >>calls\nexit $(cat code)\n')
    hook.chmod(0o755)
    write_tree(git_repo, {"code": "0\n"})
    work.git("dvc", "init", "-q")
    work.save("v1.0", V1, "data", "model.h5")
    work.save("v2.0", {**MORE, "model.h5": "model 2\n"}, "data", "model.h5")
    work.git("checkout", "-q", "v1.0")
    write_tree(git_repo, {"code": "3\n"})
    # Git itself makes 1 of a switch's 3.
    assert work.try_git("checkout", "-q", "v2.0").returncode == 1
    assert work.has(V2)
    assert work.try_git("checkout", "-q", "HEAD", "--", "model.h5.dvc").returncode == 3
    assert work.text("calls") == "1\n1\n0\n"


def test_the_environment_passes_the_hook_by(work: Work) -> None:
    done = work.try_git("checkout", "-q", "v1.0", env={"GIT_DVC_SKIP": "1"})
    assert (done.returncode, done.stderr) == (0, "")
    assert work.has(V2)
    # The next one catches up.
    work.git("checkout", "-q", "v1.0", "--", ".")
    assert work.has(V1)


def test_a_program_that_has_gone_does_not_stop_git(
    work: Work, bin_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (bin_dir / "git-dvc").unlink()
    monkeypatch.setenv("PATH", os.environ["PATH"].partition(os.pathsep)[2])
    if shutil.which("git-dvc"):
        pytest.skip("another git-dvc is on PATH")
    done = work.try_git("checkout", "-q", "v1.0")
    assert done.returncode == 0
    assert "git dvc install" in done.stderr
    assert work.has(V2)


def test_a_stage_file_of_an_old_version_is_followed(empty: Work) -> None:
    for number in "12":
        write_tree(empty.top, {"sub/in": number, "sub/Dvcfile": DVCFILE})
        assert run("git-dvc", "repro", "sub/Dvcfile", cwd=empty.top).returncode == 0
        empty.git("add", "-A")
        empty.git("commit", "-qm", number)
    empty.git("checkout", "-q", "HEAD~1")
    assert empty.text("sub/model") == "1"
    empty.git("checkout", "-q", "-")
    assert empty.text("sub/model") == "2"
