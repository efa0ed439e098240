"""The hooks under real Git: data follows every way to move pointers, and commits are checked."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from git_dvc.git.repo import Repository
from git_dvc.hooks import install as hooks
from git_dvc.hooks import settings
from tests import launcher, scene
from tests.scene import is_clean, md5, read_tree, write_tree

Done = subprocess.CompletedProcess[str]


@pytest.fixture(scope="session")
def tool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return launcher.write(tmp_path_factory.mktemp("bin"))


class Work:
    """A repository with hooks, driven by real programs."""

    def __init__(self, top: Path, tool: Path) -> None:
        self.top = top
        self.tool = tool

    def git(self, *args: str | Path, cwd: str | Path = "", **env: str) -> Done:
        return scene.run("git", *args, cwd=self.top / cwd, env=env)

    def ok(self, *args: str | Path, cwd: str | Path = "", **env: str) -> str:
        done = self.git(*args, cwd=cwd, **env)
        assert done.returncode == 0, f"git {args}: {done.stderr}"
        return done.stderr

    def dvc(self, *args: str | Path, cwd: str | Path = "", code: int = 0) -> Done:
        done = scene.run(self.tool, *args, cwd=self.top / cwd)
        assert done.returncode == code, f"git dvc {args}: {done.returncode}: {done.stderr}"
        return done

    def install(self, program: Path | None = None) -> None:
        repo = Repository.discover(str(self.top))
        assert repo is not None
        hooks.install(repo, str(program or self.tool))
        settings.write(repo, str(program or self.tool))

    def save(self, tag: str, files: dict[str, str], *targets: str) -> None:
        write_tree(self.top, files)
        self.dvc("add", "-q", *targets)
        self.ok("add", "-A")
        self.ok("commit", "-qm", tag)
        self.ok("tag", tag)

    def data(self) -> dict[str, str]:
        return {name: data.decode() for name, data in read_tree(self.top / "data").items()}

    def is_clean(self) -> bool:
        return is_clean(self.top)


V1 = {"data/a": "1", "data/b": "1", "data/gone": "1", "model": "m1"}
V2 = {"data/a": "2", "data/b": "1", "data/new": "2", "model": "m2"}


def inner(files: dict[str, str]) -> dict[str, str]:
    return {name[5:]: text for name, text in files.items() if name.startswith("data/")}


@pytest.fixture
def work(git_repo: Path, tool: Path) -> Work:
    """Two versions of a directory and a file, then a commit of code alone; v2 in place."""
    made = Work(git_repo, tool)
    made.dvc("init", "-q", "--no-hooks")
    made.save("v1", {**V1, "code.py": "1"}, "data", "model")
    (git_repo / "data" / "gone").unlink()
    made.save("v2", V2, "data", "model")
    write_tree(git_repo, {"code.py": "2"})
    made.ok("commit", "-qam", "code")
    made.install()
    return made


# -- switching ------------------------------------------------------------------------------


def test_branches_and_tags_both_ways(work: Work) -> None:
    work.ok("branch", "old", "v1")
    for rev, files in (("v1", V1), ("main", V2), ("old", V1), ("v2", V2), ("-", V1)):
        work.ok("checkout", "-q", rev)
        assert work.data() == inner(files), rev
        assert (work.top / "model").read_text() == files["model"]
        assert work.is_clean()
    work.ok("switch", "-q", "main")
    assert work.data() == inner(V2)
    work.ok("checkout", "-q", "--detach", "v1")
    assert work.data() == inner(V1)
    work.ok("checkout", "-q", "-b", "fresh", "v2")
    assert work.data() == inner(V2)


def test_one_pointer_alone(work: Work) -> None:
    work.ok("checkout", "v1", "--", "data.dvc")
    assert work.data() == inner(V1)
    assert (work.top / "model").read_text() == "m2"
    work.ok("checkout", "HEAD", "--", "data.dvc")
    assert work.data() == inner(V2)
    # Git has no hook for this one; the next command sees the difference.
    work.ok("restore", "--source=v1", "--", "model.dvc")
    work.dvc("checkout", "-q")
    assert (work.top / "model").read_text() == "m1"


def test_a_forced_checkout_with_a_staged_pointer(work: Work) -> None:
    write_tree(work.top, {"data/a": "3"})
    work.dvc("add", "-q", "data")
    assert work.data()["a"] == "3"
    work.ok("checkout", "-qf")
    assert work.data() == inner(V2), "the pointer went back, the data followed"
    work.ok("checkout", "-qf", "main")
    assert work.is_clean()


def test_a_dirty_file_stays_and_stops_the_line(work: Work) -> None:
    write_tree(work.top, {"data/a": "mine", "data/own": "mine"})
    done = work.git("checkout", "-q", "v1")
    assert done.returncode == 1
    assert "data/a" in done.stderr and "hint:" in done.stderr
    assert "Traceback" not in done.stderr
    assert work.data() == {**inner(V1), "a": "mine", "own": "mine"}
    assert (work.top / "model").read_text() == "m1"
    done = work.git("checkout", "-q", "main")
    assert done.returncode == 1 and work.data() == {**inner(V2), "a": "mine", "own": "mine"}
    work.dvc("checkout", "-qf")
    assert work.data() == inner(V2)


def test_a_missing_object_stops_the_line_and_the_rest_is_there(work: Work) -> None:
    path = work.top / ".dvc/cache/files/md5" / md5(b"m1")[:2] / md5(b"m1")[2:]
    path.unlink()
    done = work.git("checkout", "-q", "v1")
    assert done.returncode == 1 and "model" in done.stderr and "dvc pull" in done.stderr
    assert work.data() == inner(V1) and (work.top / "model").read_text() == "m2"


def test_a_subdirectory_and_git_c(work: Work, tmp_path: Path) -> None:
    (work.top / "sub").mkdir()
    work.ok("checkout", "-q", "v1", cwd="sub")
    assert work.data() == inner(V1)
    work.ok("-C", work.top, "checkout", "-q", "v2", cwd=tmp_path)
    assert work.data() == inner(V2)
    work.ok("-C", "data", "checkout", "-q", "v1")
    assert work.data() == inner(V1)


def test_git_dir_and_git_work_tree(work: Work, tmp_path: Path) -> None:
    env = {"GIT_DIR": str(work.top / ".git"), "GIT_WORK_TREE": str(work.top)}
    work.ok("checkout", "-q", "v1", cwd=tmp_path, **env)
    assert work.data() == inner(V1)
    work.ok("--git-dir=.git", "--work-tree=.", "checkout", "-q", "v2")
    assert work.data() == inner(V2)
    work.ok("--git-dir", work.top / ".git", "checkout", "-q", "v1")
    assert work.data() == inner(V1)


def test_linked_work_trees_share_the_cache(work: Work, tmp_path: Path) -> None:
    other = tmp_path / "other tree"
    work.ok("worktree", "add", "-q", other, "v1")
    assert {n: t.decode() for n, t in read_tree(other / "data").items()} == inner(V1)
    assert not (other / ".dvc" / "cache").exists()
    assert work.data() == inner(V2), "the main one stays"
    work.ok("-C", other, "checkout", "-q", "v2")
    assert (other / "model").read_text() == "m2" and is_clean(other)
    write_tree(other, {"model": "m3"})
    work.dvc("add", "-q", "model", cwd=other)
    assert (work.top / ".dvc/cache/files/md5" / md5(b"m3")[:2] / md5(b"m3")[2:]).exists()
    work.ok("-C", other, "commit", "-qam", "m3")
    work.ok("-C", other, "tag", "v3")
    work.ok("checkout", "-q", "v3")
    assert (work.top / "model").read_text() == "m3"


def test_clone_and_worktree_add_succeed_without_data(work: Work, tmp_path: Path) -> None:
    for path in (work.top / ".dvc/cache/files/md5").rglob("*"):
        if path.is_file():
            path.chmod(0o644)
            path.unlink()
    done = work.git("worktree", "add", "-q", tmp_path / "bare", "v1")
    assert done.returncode == 0 and "not in the cache" in done.stderr
    template = tmp_path / "template"
    (template / "hooks").mkdir(parents=True)
    for name in hooks.NAMES:
        text = (work.top / ".git/hooks" / name).read_bytes()
        (template / "hooks" / name).write_bytes(text)
        (template / "hooks" / name).chmod(0o755)
    done = work.git("clone", "-q", f"--template={template}", work.top, tmp_path / "clone")
    assert done.returncode == 0 and "not in the cache" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_submodule(work: Work, tmp_path: Path) -> None:
    outer = tmp_path / "outer"
    outer.mkdir()
    subprocess.run(["git", "init", "-q", outer], check=True)
    above = Work(outer, work.tool)
    above.ok("submodule", "--quiet", "add", work.top, "mod")
    inside = Work(outer / "mod", work.tool)
    assert (outer / "mod" / ".git").is_file()
    inside.dvc("cache", "dir", "--local", work.top / ".dvc" / "cache")
    inside.install()
    inside.ok("checkout", "-q", "v1")
    assert inside.data() == inner(V1)
    inside.ok("checkout", "-q", "main")
    assert inside.data() == inner(V2)


def test_projects_below_the_top(git_repo: Path, tool: Path) -> None:
    work = Work(git_repo, tool)
    projects = ["one", "two [x]", "deep/three"]
    for name in projects:
        (git_repo / name).mkdir(parents=True)
        work.dvc("init", "-q", "--subdir", "--no-hooks", cwd=name)
    work.install()
    for version in ("v1", "v2"):
        for name in projects:
            write_tree(git_repo / name, {"data/x": version + name})
            work.dvc("add", "-q", "data", cwd=name)
        work.ok("commit", "-qam", version)
        work.ok("tag", version)
    for version in ("v1", "v2", "v1"):
        work.ok("checkout", "-q", version)
        for name in projects:
            assert (git_repo / name / "data" / "x").read_text() == version + name
            assert is_clean(git_repo / name)
    write_tree(git_repo / "one", {"data/x": "mine"})
    done = work.git("checkout", "-q", "v2", cwd="deep")
    assert done.returncode == 1 and "one/data/x" in done.stderr
    assert (git_repo / "deep/three/data/x").read_text() == "v2deep/three"
    write_tree(git_repo, {"two [x]/data/x": "changed"})
    done = work.git("commit", "--allow-empty", "-qm", "x")
    assert "two [x]/data" in done.stderr


def test_one_broken_project_does_not_stop_the_others(git_repo: Path, tool: Path) -> None:
    work = Work(git_repo, tool)
    for name in ("a", "b"):
        (git_repo / name).mkdir()
        work.dvc("init", "-q", "--subdir", "--no-hooks", cwd=name)
    work.install()
    for version in ("v1", "v2"):
        for name in ("a", "b"):
            write_tree(git_repo / name, {"f": version})
            work.dvc("add", "-q", "f", cwd=name)
        work.ok("commit", "-qam", version)
        work.ok("tag", version)
    write_tree(git_repo, {"a/.dvc/config.local": "<<<<<<< ours\n"})
    done = work.git("checkout", "-q", "v1")
    assert done.returncode == 1 and "config.local" in done.stderr
    assert "Traceback" not in done.stderr
    assert (git_repo / "b" / "f").read_text() == "v1"


def test_merge_rebase_and_stash_end_in_the_right_data(work: Work) -> None:
    work.ok("checkout", "-q", "-b", "side", "v1")
    write_tree(work.top, {"other.py": "x"})
    work.ok("add", "other.py")
    work.ok("commit", "-qm", "side")
    assert work.data() == inner(V1)
    work.ok("rebase", "-q", "main")
    assert work.data() == inner(V2) and work.is_clean()
    work.ok("checkout", "-q", "v1")
    assert work.data() == inner(V1)


def test_nothing_starts_when_no_pointer_moved(work: Work, tmp_path: Path) -> None:
    log = tmp_path / "started"
    fake = tmp_path / "git-dvc"
    fake.write_text(
        f'#!/bin/sh\necho "$@" >>{shlex.quote(str(log))}\nexec {shlex.quote(str(work.tool))} "$@"\n'
    )
    fake.chmod(0o755)
    work.install(fake)
    work.ok("checkout", "-q", "HEAD")  # after an 'add' the hook looks once in any case
    log.unlink()
    work.ok("checkout", "-q", "v2")  # only code.py differs
    work.ok("checkout", "-q", "main")
    assert not log.exists()
    work.ok("checkout", "-q", "v1")
    assert log.read_text().splitlines() == ["hook post-index-change 1 0"]
    assert work.data() == inner(V1)


def test_the_hook_loads_no_command_line(work: Work) -> None:
    code = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "from git_dvc.hooks import entry\n"
        "code = entry.run('post-checkout', sys.argv[1:])\n"
        "slow = {'typer', 'click', 'rich', 'yaml', 'dulwich', 'subprocess', 'pathlib', 'inspect'}\n"
        "print(code, sorted(slow & (set(sys.modules) - before)))\n"
    )
    old = scene.run("git", "rev-parse", "HEAD", cwd=work.top).stdout.strip()
    work.ok("checkout", "-q", "v1", GIT_DVC_SKIP="1")
    new = scene.run("git", "rev-parse", "HEAD", cwd=work.top).stdout.strip()
    done = scene.run(
        sys.executable, "-c", code, old, new, "1",
        cwd=work.top, env={"PYTHONPATH": str(scene.TOP)},
    )  # fmt: skip
    assert done.stdout.strip() == "0 []", done.stdout + done.stderr
    assert work.data() == inner(V1)


# -- committing -----------------------------------------------------------------------------


def commit(work: Work, *args: str) -> Done:
    return work.git("commit", "-qm", "x", *args)


def test_data_that_changed_and_was_not_added_is_a_warning(work: Work) -> None:
    write_tree(work.top, {"data/a": "3", "code.py": "3"})
    done = commit(work, "-a")
    assert done.returncode == 0
    assert done.stderr.startswith("warning:") and "git dvc add 'data'" in done.stderr
    work.dvc("add", "-q", "data")
    done = commit(work)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_pointer_to_nowhere_is_refused(work: Work) -> None:
    write_tree(work.top, {"fresh": "f"})
    work.dvc("add", "-q", "--no-commit", "fresh")
    done = commit(work)
    assert done.returncode == 1 and "fresh" in done.stderr and "--no-verify" in done.stderr
    work.dvc("commit", "-q", "fresh")
    assert commit(work).returncode == 0


def test_a_file_too_large_for_git_is_refused(work: Work) -> None:
    work.ok("config", "dvc.maxFileSize", "1k")
    write_tree(work.top, {"it's big.bin": "x" * 1025, "small.bin": "x" * 1024})
    work.ok("add", "it's big.bin", "small.bin")
    done = commit(work)
    assert done.returncode == 1 and "it's big.bin" in done.stderr and "small" not in done.stderr
    work.ok("config", "dvc.maxFileSize", "0")
    assert commit(work).returncode == 0


def test_tracked_data_does_not_enter_git(work: Work) -> None:
    work.ok("add", "-f", "data/a", "model")
    done = commit(work)
    assert done.returncode == 1 and "data/a" in done.stderr and "model" in done.stderr
    assert "git rm -r --cached" in done.stderr
    work.ok("rm", "-rq", "--cached", "data", "model")
    assert commit(work, "--allow-empty").returncode == 0


@pytest.mark.parametrize("way", ["-a", "FILE", "--amend", "--only", "--include"])
def test_every_way_to_commit_is_looked_at(work: Work, way: str) -> None:
    """Git hands over a temporary index for some of these."""
    write_tree(work.top, {"data/a": "3", "code.py": "4"})
    work.dvc("add", "-q", "--no-commit", "data")
    if way == "-a":
        done = commit(work, "-a")
    elif way == "FILE":
        done = commit(work, "data.dvc")
    elif way == "--amend":
        done = work.git("commit", "-q", "--amend", "--no-edit")
    else:
        done = commit(work, way, "data.dvc")
    assert done.returncode == 1 and "exists nowhere" in done.stderr, done.stderr
    if way == "FILE":
        assert commit(work, "code.py").returncode == 0 or "data" in done.stderr


def test_the_first_commit_is_looked_at(git_repo: Path, tool: Path) -> None:
    work = Work(git_repo, tool)
    work.dvc("init", "-q", "--no-hooks")
    work.install()
    write_tree(git_repo, {"f": "1"})
    work.dvc("add", "-q", "--no-commit", "f")
    assert commit(work).returncode == 1
    work.dvc("commit", "-q", "f")
    assert commit(work).returncode == 0


def test_a_merge_of_versions_that_are_not_here_is_a_warning(work: Work) -> None:
    work.ok("checkout", "-q", "-b", "side", "v2")
    work.save("side1", {"extra": "e"}, "extra")
    work.ok("checkout", "-q", "main")
    path = work.top / ".dvc/cache/files/md5" / md5(b"e")[:2] / md5(b"e")[2:]
    path.unlink()
    write_tree(work.top, {"third": "t"})
    work.ok("add", "third")
    work.ok("commit", "-qm", "third")
    done = work.git("merge", "-q", "--no-ff", "--no-commit", "side")
    done = work.git("commit", "-qm", "merge")
    assert done.returncode == 0 and "warning:" in done.stderr and "extra" in done.stderr


@pytest.mark.parametrize(
    ("mode", "differs", "nowhere"),
    [("warn", 0, 0), ("block", 1, 1), ("off", 0, 0), ("WARN", 0, 0), ("", 0, 1)],
)
def test_the_mode_says_what_stops_a_commit(
    work: Work, mode: str, differs: int, nowhere: int
) -> None:
    work.ok("config", "dvc.preCommit", mode)
    write_tree(work.top, {"data/a": "3", "code.py": "9"})
    done = commit(work, "code.py")
    assert done.returncode == differs
    assert bool(done.stderr) == (mode != "off")
    work.dvc("add", "-q", "--no-commit", "data")
    assert commit(work, "data.dvc").returncode == nowhere


def test_broken_pointers_are_named_and_do_not_stop_a_commit(work: Work) -> None:
    (work.top / "bad.dvc").write_text("outs:\n- md5: ../../x\n  path: ../../y\n")
    work.ok("add", "-f", "bad.dvc")
    done = commit(work)
    assert done.returncode == 0 and "bad.dvc" in done.stderr and "Traceback" not in done.stderr


def test_a_project_that_the_new_version_lacks_takes_its_data_along(
    git_repo: Path, tool: Path
) -> None:
    work = Work(git_repo, tool)
    work.ok("commit", "-q", "--allow-empty", "-m", "before")
    work.ok("tag", "before")
    (git_repo / "sub").mkdir()
    work.dvc("init", "-q", "--subdir", cwd="sub")
    write_tree(git_repo / "sub", {"data/x": "x", "data/y": "y"})
    work.dvc("add", "-q", "data", cwd="sub")
    work.ok("commit", "-qm", "v1")
    work.ok("tag", "v1")
    work.ok("checkout", "-q", "before")
    assert not (git_repo / "sub" / "data").exists()
    work.ok("checkout", "-q", "v1")
    assert (git_repo / "sub" / "data" / "y").read_text() == "y"
    write_tree(git_repo / "sub", {"data/x": "unsaved"})
    done = work.git("checkout", "-q", "before")
    assert done.returncode == 1 and "sub/data/x" in done.stderr
    assert (git_repo / "sub" / "data" / "x").read_text() == "unsaved"
    assert not (git_repo / "sub" / "data" / "y").exists()


def test_commit_from_a_subdirectory_and_a_linked_work_tree(work: Work, tmp_path: Path) -> None:
    other = tmp_path / "other"
    work.ok("worktree", "add", "-q", "-b", "else", other, "v2")
    write_tree(other, {"data/a": "5", "sub/code.py": ""})
    work.ok("-C", other, "add", "sub/code.py")
    done = work.git("commit", "-qm", "x", cwd=other / "sub")
    assert done.returncode == 0 and "data" in done.stderr
    write_tree(other, {"fresh": "f"})
    work.dvc("add", "-q", "--no-commit", "fresh", cwd=other)
    assert work.git("commit", "-qm", "x", cwd=other / "sub").returncode == 1


def test_hostile_names_in_what_is_committed(work: Work) -> None:
    name = "x\x1b[31m\ny'"
    write_tree(work.top, {name: "z"})
    work.ok("config", "dvc.maxFileSize", "1")
    write_tree(work.top, {name: "zz"})
    work.ok("add", name)
    done = commit(work)
    assert done.returncode == 1 and "\x1b" not in done.stderr
