"""The pre-push hook under real Git: data goes first, and what nobody could fetch is not pushed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import scene
from tests.conftest import run_git
from tests.scene import TOP, check_objects, hashes_of, md5, write_tree

Done = subprocess.CompletedProcess[str]


class Work:
    """A repository with a Git remote ``origin``, the hook, and a folder for data."""

    def __init__(self, top: Path, tool: Path) -> None:
        self.top = top
        self.tool = tool
        self.base = top.parent
        self.bare = self.base / "origin.git"
        self.store = self.base / "store"
        run_git("init", "-q", "--bare", self.bare, cwd=top)
        self.ok("remote", "add", "origin", str(self.bare))
        self.dvc("init", "-q", "--no-hooks")
        self.hook(top)

    def hook(self, top: Path) -> None:
        path = Path(run_git("rev-parse", "--git-path", "hooks/pre-push", cwd=top))
        path = top / path
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\nexec '{self.tool}' hook pre-push \"$@\"\n")
        path.chmod(0o755)

    def git(self, *args: str | Path, cwd: Path | None = None, **env: str) -> Done:
        return scene.run("git", *args, cwd=cwd or self.top, env=env)

    def ok(self, *args: str | Path, cwd: Path | None = None, **env: str) -> str:
        done = self.git(*args, cwd=cwd, **env)
        assert done.returncode == 0, f"git {args}: {done.stderr}"
        return done.stderr

    def dvc(self, *args: str | Path, code: int = 0) -> Done:
        done = scene.run(self.tool, *args, cwd=self.top)
        assert done.returncode == code, f"git dvc {args}: {done.returncode}: {done.stderr}"
        return done

    def remote(self, name: str = "store", folder: Path | None = None) -> None:
        self.dvc("config", f"remote.{name}.url", folder or self.store)
        self.dvc("config", "core.remote", name)
        self.ok("commit", "-qam", "remote")

    def save(self, message: str, files: dict[str, str], *targets: str) -> str:
        write_tree(self.top, files)
        if targets:
            self.dvc("add", "-q", *targets)
        self.ok("add", "-A")
        self.ok("commit", "-qm", message)
        return run_git("rev-parse", "HEAD", cwd=self.top)

    def pushed(self, ref: str = "main") -> str:
        return run_git("rev-parse", "--verify", "-q", ref, cwd=self.bare, check=False)

    def head(self) -> str:
        return run_git("rev-parse", "HEAD", cwd=self.top)

    def sent(self, store: Path | None = None) -> set[str]:
        return set(check_objects(store or self.store))

    def forget(self, data: str) -> None:
        """Take an object out of the cache."""
        value = md5(data.encode())
        path = self.top / ".dvc" / "cache" / "files" / "md5" / value[:2] / value[2:]
        path.unlink()


@pytest.fixture
def work(git_repo: Path, tool: Path) -> Work:
    made = Work(git_repo, tool)
    made.save("data", {"data/a": "1", "data/b": "2", "model": "m"}, "data", "model")
    return made


def folders(found: set[str]) -> set[str]:
    return {value for value in found if value.endswith(".dir")}


def test_data_goes_before_the_commits(work: Work) -> None:
    work.remote()
    told = work.ok("push", "origin", "main")
    assert "git-dvc: sent 3 files (3 bytes) to 'store'" in told
    assert work.pushed() == work.head()
    found = work.sent()
    assert found - folders(found) == hashes_of("1", "2", "m") and len(folders(found)) == 1
    for _, path in scene.objects(work.store):
        assert os.stat(path).st_mode & 0o777 == 0o444
    assert os.listdir(work.store / "tmp") == []


def test_only_what_is_new_goes(work: Work) -> None:
    work.remote()
    work.ok("push", "origin", "main")
    work.save("code", {"code.py": "1"})
    assert "git-dvc" not in work.ok("push", "origin", "main")
    work.save("more", {"data/c": "three"}, "data")
    assert "sent 1 file (5 bytes)" in work.ok("push", "origin", "main")
    assert work.sent() >= hashes_of("1", "2", "m", "three")


def test_nothing_is_said_without_a_data_remote(work: Work) -> None:
    assert "git-dvc" not in work.ok("push", "origin", "main")
    assert work.pushed() == work.head()
    assert not (work.top / ".git" / "dvc" / "remotes").exists()


def test_data_that_is_nowhere_stops_the_push(work: Work) -> None:
    work.remote()
    commit = work.save("lost", {"data/c": "lost", "other": "o"}, "data", "other")
    work.forget("lost")
    done = work.git("push", "origin", "main")
    assert done.returncode == 1
    assert f"  data/c (in {commit[:7]})" in done.stderr
    assert "neither in the cache nor on the remote 'store'" in done.stderr
    assert "nothing was pushed" in done.stderr and "--no-verify" in done.stderr
    assert "Traceback" not in done.stderr
    assert work.pushed() == ""
    assert not work.store.exists(), "what would not be pushed is not sent either"
    write_tree(work.top, {"data/c": "lost "})
    write_tree(work.top, {"data/c": "lost"})
    work.dvc("commit", "-q")
    work.ok("push", "origin", "main")
    assert work.pushed() == work.head()
    assert work.sent() >= hashes_of("lost", "o")


def test_a_lost_single_file_is_named_with_its_commit(work: Work) -> None:
    work.remote()
    lost = work.save("lost", {"model": "gone"}, "model")
    work.save("found", {"model": "new"}, "model")
    work.forget("gone")
    done = work.git("push", "origin", "main")
    assert done.returncode == 1 and f"  model (in {lost[:7]})" in done.stderr


def test_a_lost_manifest_stops_the_push_unless_the_remote_has_it(work: Work) -> None:
    work.remote()
    cache = work.top / ".dvc" / "cache"
    name = next(value for value in check_objects(cache) if value.endswith(".dir"))
    manifest = cache / "files" / "md5" / name[:2] / name[2:]
    kept = manifest.read_bytes()
    manifest.unlink()
    done = work.git("push", "origin", "main")
    assert done.returncode == 1 and "  data/ (in " in done.stderr
    manifest.write_bytes(kept)
    work.ok("push", "origin", "main")
    work.save("code", {"code.py": "1"})
    shutil.rmtree(cache)
    work.ok("push", "origin", "main")
    assert work.pushed() == work.head()


def test_warn_sends_what_there_is_and_lets_the_push_go_on(work: Work) -> None:
    work.remote()
    work.save("lost", {"data/c": "lost"}, "data")
    work.forget("lost")
    work.ok("config", "dvc.prePush", "warn")
    told = work.ok("push", "origin", "main")
    assert "warning: this data is neither" in told and "data/c" in told
    assert "nothing was pushed" not in told and "error:" not in told
    assert work.pushed() == work.head()
    found = work.sent()
    assert found - folders(found) == hashes_of("1", "2", "m")
    assert len(folders(found)) == 1, "the manifest of the directory that is not whole stays"


@pytest.mark.parametrize("how", ["off", "no-verify", "skip"])
def test_ways_around_it(work: Work, how: str) -> None:
    work.remote()
    work.forget("m")
    if how == "off":
        work.ok("config", "dvc.prePush", "off")
        told = work.ok("push", "origin", "main")
    elif how == "skip":
        told = work.ok("push", "origin", "main", GIT_DVC_SKIP="1")
    else:
        told = work.ok("push", "--no-verify", "origin", "main")
    assert "git-dvc" not in told
    assert work.pushed() == work.head() and not work.store.exists()


def test_old_versions_go_too(work: Work) -> None:
    work.remote()
    work.save("two", {"model": "m2"}, "model")
    work.save("three", {"model": "m3"}, "model")
    work.ok("push", "origin", "main")
    assert work.sent() >= hashes_of("m", "m2", "m3")


def test_tags_deletes_forced_and_mirror_pushes(work: Work) -> None:
    work.remote()
    work.ok("push", "origin", "main")
    work.ok("checkout", "-qb", "side")
    work.save("side", {"model": "side"}, "model")
    work.ok("tag", "-a", "-m", "tagged", "v1")
    work.ok("push", "origin", "v1")
    assert work.sent() >= hashes_of("side")
    work.ok("push", "origin", ":v1")
    work.ok("reset", "-q", "--hard", "HEAD~1")
    work.save("other", {"model": "forced"}, "model")
    work.ok("push", "-f", "origin", "side")
    assert work.sent() >= hashes_of("forced")
    work.save("mirrored", {"model": "mirrored"}, "model")
    work.ok("push", "--mirror", str(work.bare))
    assert work.sent() >= hashes_of("mirrored")
    blob = run_git("hash-object", "-w", "model.dvc", cwd=work.top)
    work.ok("tag", "blob", blob)
    work.ok("push", "origin", "blob")


def test_a_forced_push_over_commits_that_are_not_here(work: Work) -> None:
    work.remote()
    work.ok("push", "origin", "main")
    other = work.base / "other"
    work.ok("clone", "-q", work.bare, other)
    write_tree(other, {"code": "x"})
    work.ok("add", "-A", cwd=other)
    work.ok("commit", "-qm", "theirs", cwd=other)
    work.ok("push", "-q", "origin", "main", cwd=other)
    work.save("ours", {"model": "ours"}, "model")
    work.ok("push", "-f", "origin", "main")
    assert work.pushed() == work.head() and work.sent() >= hashes_of("ours")


def test_a_shallow_clone_pushes_what_it_has(work: Work) -> None:
    work.remote()
    work.save("two", {"model": "m2"}, "model")
    work.ok("push", "origin", "main")
    clone = work.base / "shallow"
    work.ok("clone", "-q", "--depth=1", f"file://{work.bare}", clone)
    work.hook(clone)
    write_tree(clone, {"code.py": "1"})
    work.ok("add", "code.py", cwd=clone)
    work.ok("commit", "-qm", "code", cwd=clone)
    work.ok("push", "origin", "main", cwd=clone)
    assert work.pushed() == run_git("rev-parse", "HEAD", cwd=clone)


def test_a_partial_clone_fetches_the_pointers_it_lacks(work: Work) -> None:
    work.remote()
    work.ok("push", "origin", "main")
    work.ok("config", "uploadpack.allowFilter", "true", cwd=work.bare)
    clone = work.base / "partial"
    work.ok("clone", "-q", "--filter=blob:none", f"file://{work.bare}", clone)
    work.hook(clone)
    other = work.base / "other.git"
    run_git("init", "-q", "--bare", other, cwd=clone)
    work.ok("push", str(other), "main", cwd=clone)
    assert run_git("rev-parse", "main", cwd=other) == work.pushed()


def test_several_projects_and_a_subdirectory(work: Work) -> None:
    work.remote()
    sub = work.top / "sub"
    sub.mkdir()
    for args in (
        ("init", "-q", "--subdir", "--no-hooks"),
        ("config", "remote.inner.url", str(work.base / "inner")),
        ("config", "core.remote", "inner"),
    ):
        done = scene.run(work.tool, *args, cwd=sub)
        assert done.returncode == 0, done.stderr
    write_tree(sub, {"d": "inner"})
    assert scene.run(work.tool, "add", "-q", "d", cwd=sub).returncode == 0
    work.ok("commit", "-qm", "sub")
    done = work.git("push", "origin", "main", cwd=sub)
    assert done.returncode == 0, done.stderr
    assert work.sent() >= hashes_of("m", "1", "2") and "inner" not in str(work.sent())
    assert work.sent(work.base / "inner") == hashes_of("inner")
    assert not work.sent() & hashes_of("inner")


def test_flags_of_outputs_are_honoured(work: Work) -> None:
    work.remote()
    work.dvc("config", "remote.other.url", work.base / "second")
    files = {"secret": "stays", "large": "elsewhere", "metric": "small"}
    write_tree(work.top, files)
    work.dvc("add", "-q", *files)
    for name, flag in {
        "secret": "push: false",
        "large": "remote: other",
        "metric": "cache: false",
    }.items():
        path = work.top / f"{name}.dvc"
        path.write_text(path.read_text() + f"  {flag}\n")
    work.ok("add", "-A")
    work.ok("commit", "-qm", "flags")
    work.ok("push", "origin", "main")
    assert not work.sent() & hashes_of("stays", "elsewhere", "small")
    assert work.sent(work.base / "second") == hashes_of("elsewhere")


def test_outputs_of_stages(work: Work) -> None:
    work.remote()
    write_tree(
        work.top,
        {
            "dvc.yaml": "stages:\n  train:\n    cmd: train\n    outs:\n    - out\n"
            "    - local:\n        push: false\n"
            "    metrics:\n    - m.json:\n        cache: false\n",
            "dvc.lock": "schema: '2.0'\nstages:\n  train:\n    cmd: train\n    outs:\n"
            + "".join(
                f"    - path: {name}\n      hash: md5\n      md5: {md5(text.encode())}\n"
                f"      size: {len(text)}\n"
                for name, text in {"out": "made", "local": "here", "m.json": "{}"}.items()
            ),
        },
    )
    write_tree(work.top, {"x": "made"})
    work.dvc("add", "-q", "x")  # puts the object there
    work.ok("rm", "-q", "--cached", "x.dvc")
    (work.top / "x.dvc").unlink()
    work.ok("add", "dvc.yaml", "dvc.lock")
    work.ok("commit", "-qm", "stage")
    work.ok("push", "origin", "main")
    assert work.sent() >= hashes_of("made") and not work.sent() & hashes_of("here", "{}")


def test_data_imported_from_another_repository_stays_there(work: Work) -> None:
    work.remote()
    write_tree(
        work.top,
        {
            "imp.dvc": "frozen: true\ndeps:\n- path: d\n  repo:\n    url: /x\n    rev_lock: abc\n"
            f"outs:\n- md5: {md5(b'theirs')}\n  size: 6\n  hash: md5\n  path: imp\n"
        },
    )
    work.ok("add", "imp.dvc")
    work.ok("commit", "-qm", "import")
    work.ok("push", "origin", "main")
    assert not work.sent() & hashes_of("theirs")


def test_remotes_that_it_cannot_talk_to_are_told_of_once(work: Work) -> None:
    work.dvc("config", "remote.cloud.url", "oss://user:word@bucket/path")
    work.dvc("config", "core.remote", "cloud")
    work.ok("commit", "-qam", "remote")
    told = work.ok("push", "origin", "main")
    assert "warning: remote 'cloud' cannot be used: oss:// needs " in told
    assert "was not checked" in told and "word" not in told
    work.save("code", {"code": "1"})
    assert "git-dvc" not in work.ok("push", "origin", "main")
    work.save("data", {"model": "m2"}, "model")
    assert "warning: remote 'cloud'" in work.ok("push", "origin", "main")


def test_a_remote_that_is_not_configured_stops_the_push(work: Work) -> None:
    work.remote()
    work.dvc("config", "core.remote", "nowhere")
    work.ok("commit", "-qam", "wrong")
    done = work.git("push", "origin", "main")
    assert done.returncode == 1
    assert "error: no such remote: nowhere" in done.stderr and "there are: store" in done.stderr


def test_remotes_without_a_default_are_pointed_out(work: Work) -> None:
    work.dvc("config", "remote.store.url", work.store)
    work.ok("commit", "-qam", "remote")
    told = work.ok("push", "origin", "main")
    assert "warning: no remote is the default one" in told and "  model" in told


def test_a_drive_that_is_not_mounted(work: Work) -> None:
    """What was seen there is enough to push code; new data stops the push, and no folder comes."""
    work.remote()
    work.ok("push", "origin", "main")
    work.store.rename(work.base / "away")
    work.save("code", {"code": "1"})
    assert "git-dvc" not in work.ok("push", "origin", "main")
    work.save("data", {"model": "m2"}, "model")
    for _ in range(2):
        done = work.git("push", "origin", "main")
        assert done.returncode == 1 and "is its drive mounted?" in done.stderr
        assert not list(work.store.glob("*"))
        work.store.mkdir(exist_ok=True)  # the second time: an empty mount point
    work.store.rmdir()
    (work.base / "away").rename(work.store)
    work.ok("push", "origin", "main")
    assert work.sent() >= hashes_of("m", "m2")


def test_what_others_took_away_is_sent_again(work: Work) -> None:
    work.remote()
    work.ok("push", "origin", "main")
    for name, path in list(scene.objects(work.store)):
        if name in hashes_of("1", "m"):
            os.chmod(path, 0o644)
            if name in hashes_of("1"):
                os.unlink(path)
            else:
                Path(path).write_bytes(b"")
    work.save("code", {"code": "1"})
    work.ok("push", "origin", "main")
    assert work.sent() >= hashes_of("1", "2", "m")


def test_a_folder_that_cannot_be_written(work: Work) -> None:
    if os.geteuid() == 0:
        work.store.write_text("a file")
    else:
        work.store.mkdir(mode=0o555)
    work.remote()
    done = work.git("push", "origin", "main")
    assert done.returncode == 1 and "remote 'store' cannot be used" in done.stderr
    assert work.pushed() == "" and "Traceback" not in done.stderr


def test_a_remote_inside_of_git_is_refused(work: Work) -> None:
    work.remote(folder=work.top / ".git" / "hooks")
    done = work.git("push", "origin", "main")
    assert done.returncode == 1 and "inside of Git's own directory" in done.stderr


def test_a_damaged_object_is_not_sent(work: Work) -> None:
    work.remote()
    value = md5(b"m")
    path = work.top / ".dvc" / "cache" / "files" / "md5" / value[:2] / value[2:]
    path.chmod(0o644)
    path.write_bytes(b"x")
    done = work.git("push", "origin", "main")
    assert done.returncode == 1 and "damaged" in done.stderr
    assert value not in work.sent()


def test_two_at_once(work: Work) -> None:
    work.remote()
    work.save("many", {f"many/{n}": str(n) for n in range(300)}, "many")
    line = f"refs/heads/main {work.head()} refs/heads/main {'0' * 40}\n"
    running = [
        subprocess.Popen(
            [work.tool, "hook", "pre-push", "origin", str(work.bare)],
            cwd=work.top,
            stdin=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in running:
        assert process.stdin is not None
        process.stdin.write(line)
        process.stdin.close()
    assert [process.wait(60) for process in running] == [0, 0, 0]
    assert len(work.sent()) == 300 + 3 + 2 - 2  # the files '1' and '2' are in both
    assert os.listdir(work.store / "tmp") == []


KILLED = """
import os, sys
sys.path.insert(0, {top!r})
from git_dvc import fsutil
from git_dvc.store import cache
count = 0
def dying(real):
    def call(*args, **kwargs):
        global count
        count += 1
        if count == {at}:
            os.kill(os.getpid(), 9)
        return real(*args, **kwargs)
    return call
cache.fsutil.write_all = dying(cache.fsutil.write_all)
cache.os.replace = dying(os.replace)
from git_dvc.__main__ import main
sys.argv = ["git-dvc", *sys.argv[1:]]
sys.exit(main())
"""


@pytest.mark.parametrize("at", [1, 2, 4, 5, 6, 8, 9, 10, 11])
def test_killed_while_sending(work: Work, tmp_path: Path, at: int) -> None:
    work.remote()
    work.save("more", {f"data/{n}": f"content {n}" for n in range(2)}, "data")
    script = tmp_path / "killed.py"
    script.write_text(KILLED.format(top=str(TOP), at=at))
    good = work.tool
    bad = tmp_path / "bad"
    bad.write_text(f"#!/bin/sh\nexec '{sys.executable}' '{script}' \"$@\"\n")
    bad.chmod(0o755)
    work.tool = bad
    work.hook(work.top)
    done = work.git("push", "origin", "main")
    work.tool = good
    work.hook(work.top)
    assert done.returncode != 0 and work.pushed() == ""
    found = work.sent() if work.store.exists() else set()
    assert not folders(found) or found >= hashes_of("content 0", "content 1")
    work.ok("push", "origin", "main")
    assert work.sent() >= hashes_of("content 0", "content 1", "1", "2", "m")
    assert work.pushed() == work.head()


def test_the_original_program_pulls_what_was_sent(work: Work, real_dvc: Path) -> None:
    work.remote()
    work.save("more", {"data/sub/c": "", "data/é": "e"}, "data")
    work.ok("push", "origin", "main")
    clone = work.base / "clone"
    work.ok("clone", "-q", work.bare, clone)
    done = scene.run(real_dvc, "pull", cwd=clone)
    assert done.returncode == 0, done.stderr
    assert scene.read_tree(clone / "data") == scene.read_tree(work.top / "data")
    assert (clone / "model").read_text() == "m"
    done = scene.run(real_dvc, "status", "-c", cwd=clone)
    assert "in sync" in done.stdout, done.stdout


def test_the_hook_that_install_writes(work: Work) -> None:
    """Another hook of the user's runs before it and gets Git's lines, too."""
    work.remote()
    hook = work.top / ".git" / "hooks" / "pre-push"
    hook.write_text("#!/bin/sh\necho \"theirs: $1 $(cut -d' ' -f3)\" >&2\n")
    hook.chmod(0o755)
    path = f"{work.tool.parent}{os.pathsep}{os.environ['PATH']}"
    done = scene.run(work.tool, "install", cwd=work.top, env={"PATH": path})
    assert done.returncode == 0, done.stderr
    work.ok("add", "-A")
    work.ok("commit", "-qm", "installed", "--allow-empty")
    told = work.ok("push", "origin", "main")
    assert "theirs: origin refs/heads/main" in told and "sent 3 files" in told
    assert work.sent() >= hashes_of("1", "2", "m") and work.pushed() == work.head()
    hook.with_name("pre-push.before-git-dvc").write_text("#!/bin/sh\nexit 3\n")
    work.save("more", {"model": "m2"}, "model")
    assert work.git("push", "origin", "main").returncode == 1
    assert not work.sent() & hashes_of("m2")


def test_from_a_branch_without_a_project(work: Work) -> None:
    work.remote()
    work.ok("checkout", "-q", "--orphan", "pages")
    work.ok("rm", "-rqf", ".")
    assert not (work.top / ".dvc" / "config").exists()
    write_tree(work.top, {"index.html": "x"})
    work.ok("add", "index.html")
    work.ok("commit", "-qm", "page")
    assert "sent 3 files" in work.ok("push", "origin", "main", "pages")
    assert work.sent() >= hashes_of("1", "2", "m")


def test_refs_of_any_name(work: Work) -> None:
    work.remote()
    name = os.fsdecode(b"refs/heads/a\xff\xc3\xa9")
    work.ok("update-ref", name, "HEAD")
    assert "sent 3 files" in work.ok("push", "-q", "origin", name)


def test_ctrl_c_stops_the_push_and_leaves_the_remote_good(work: Work, tmp_path: Path) -> None:
    work.remote()
    work.save("many", {f"many/{n}": f"content {n}" for n in range(20)}, "many")
    script = tmp_path / "interrupted.py"
    heeded = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
    code = KILLED.format(top=str(TOP), at=9).replace("os.getpid(), 9", "os.getpid(), 2")
    script.write_text(heeded + code)  # a test run in the background ignores it
    hook = work.top / ".git" / "hooks" / "pre-push"
    before = hook.read_text()
    hook.write_text(f"#!/bin/sh\nexec '{sys.executable}' '{script}' hook pre-push \"$@\"\n")
    done = work.git("push", "origin", "main")
    assert done.returncode != 0 and "interrupted, nothing was pushed" in done.stderr
    assert "Traceback" not in done.stderr and work.pushed() == ""
    assert os.listdir(work.store / "tmp") == [] and not folders(work.sent())
    hook.write_text(before)
    work.ok("push", "origin", "main")
    assert len(work.sent() - folders(work.sent())) == 23


def test_what_the_other_side_has_is_not_looked_at_again(work: Work) -> None:
    """A new branch has no old value over there, but its first commits are there all the same."""
    work.remote()
    work.save("lost", {"model": "lost"}, "model")
    work.forget("lost")
    work.save("found", {"model": "new"}, "model")
    work.ok("push", "--no-verify", "origin", "main")
    work.ok("checkout", "-qb", "side")
    work.save("code", {"code": "1"})
    assert "sent 3 files" in work.ok("push", "origin", "side")
    work.save("code", {"code": "2"})
    work.ok("push", str(work.bare), "side:by-url")
    assert work.git("push", str(work.base / "nowhere"), "main").returncode != 0
