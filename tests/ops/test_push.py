"""push, fetch and pull between clones and a folder, also together with the original program."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from git_dvc.cli.console import console
from tests import scene
from tests.conftest import run_git
from tests.ops.conftest import Dvc
from tests.scene import check_objects, hashes_of, is_clean, md5, read_tree, write_tree

Done = subprocess.CompletedProcess[str]


class Clone:
    """A clone of a project whose data is shared in a folder."""

    def __init__(self, top: Path, store: Path) -> None:
        self.top = top
        self.store = store
        self.cache = top / ".dvc" / "cache"

    def run(self, *args: str | Path, code: int = 0, cwd: str = "") -> Done:
        done = scene.git_dvc(*args, cwd=self.top / cwd)
        assert done.returncode == code, f"{args}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def save(self, files: dict[str, str], *targets: str, tag: str = "") -> None:
        write_tree(self.top, files)
        self.run("add", "-q", *targets)
        run_git("commit", "-qam", "data", cwd=self.top)
        if tag:
            run_git("tag", tag, cwd=self.top)

    def clone(self, name: str = "clone") -> Clone:
        place = self.top.parent / name
        run_git("clone", "-q", self.top, place, cwd=self.top)
        run_git("fetch", "-q", "--tags", cwd=place)
        return Clone(place, self.store)

    def data(self) -> dict[str, bytes]:
        found = read_tree(self.top)
        return {
            k: v for k, v in found.items() if not k.startswith((".", "store/")) and k[-4:] != ".dvc"
        }


@pytest.fixture
def one(git_repo: Path) -> Clone:
    made = Clone(git_repo, git_repo.parent / "store")
    made.run("init", "-q", "--no-hooks")
    made.run("remote", "add", "-d", "store", "../store")
    made.save({"data/a": "1", "data/sub/b": "22", "model": "old"}, "data", "model", tag="v1")
    made.save({"data/c": "333", "model": "new"}, "data", "model", tag="v2")
    return made


def plain(store: Path) -> set[str]:
    return {value for value in check_objects(store) if not value.endswith(".dir")}


def test_to_a_second_clone(one: Clone) -> None:
    said = one.run("push")
    assert said.stdout == "sent 4 files (9 bytes) to 'store'\n"
    assert plain(one.store) == hashes_of("1", "22", "333", "new")
    assert one.run("push").stdout == "nothing to send, all of it is there already\n"
    two = one.clone()
    said = two.run("pull")
    assert said.stdout == "A\tdata/\nA\tmodel\nfetched 4 files (9 bytes) from 'store'\n"
    assert two.data() == one.data() and is_clean(two.top)
    assert two.run("pull").stdout == "nothing to pull, all data is in place\n"
    assert two.run("fetch").stdout == "nothing to fetch, all of it is in the cache\n"


def test_fetch_leaves_the_workspace_alone(one: Clone) -> None:
    one.run("push")
    two = one.clone()
    assert two.run("fetch").stdout == "fetched 4 files (9 bytes) from 'store'\n"
    assert two.data() == {}
    shutil.rmtree(one.store)
    two.run("checkout")
    assert two.data() == one.data()


@pytest.mark.parametrize("scope", ["-T", "-A", "-a"])
def test_old_versions(one: Clone, scope: str) -> None:
    run_git("branch", "old", "v1", cwd=one.top)
    one.run("push", scope)
    assert plain(one.store) == hashes_of("1", "22", "333", "new", "old")
    two = one.clone()
    run_git("branch", "-q", "old", "v1", cwd=two.top)
    two.run("fetch", scope)
    shutil.rmtree(one.store)
    run_git("checkout", "-q", "v1", cwd=two.top)
    two.run("checkout")
    assert two.data() == {"data/a": b"1", "data/sub/b": b"22", "model": b"old"}


def test_an_old_revision_without_the_remote_in_its_config(one: Clone) -> None:
    """'-T' uses the remotes that are checked out now; DVC leaves this data out."""
    one.run("remote", "remove", "store")
    one.save({"late": "late"}, "late", tag="v0")
    one.run("remote", "add", "-d", "store", "../store")
    run_git("commit", "-qam", "remote", cwd=one.top)
    one.run("push", "-T")
    assert hashes_of("late") <= plain(one.store)


def test_an_old_revision_that_is_checked_out_without_a_remote(
    one: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_git("checkout", "-q", "-b", "young", "v1", cwd=one.top)
    one.run("remote", "remove", "store")
    one.save({"model": "without a remote"}, "model", tag="v0")
    run_git("checkout", "-q", "main", cwd=one.top)
    run_git("commit", "-q", "--allow-empty", "-am", "main is newer", cwd=one.top)
    one.run("push", "-A")
    two = one.clone()
    run_git("checkout", "-q", "v0", cwd=two.top)
    for command in ("pull", "fetch"):
        said = two.run(command, code=1)
        assert "no remote is the default one:\n  data/\n  model\n" in said.stderr
        assert "the config of 'main' has the remote 'store': use it with '-r store'" in said.stderr
    assert "'main' has the remote 'store'" in two.run("status", "-c", code=128).stderr
    two.run("fetch", "-r", "store", "data")
    monkeypatch.setattr(
        console, "ask", lambda question: "'store', the remote of 'main'" in question
    )
    two.run("pull", "model")
    assert two.data() == {"model": b"without a remote"}
    monkeypatch.undo()
    shutil.rmtree(two.cache)
    two.run("config", "--local", "core.remote", "store")
    two.run("pull")
    assert two.data() == {"data/a": b"1", "data/sub/b": b"22", "model": b"without a remote"}
    shutil.rmtree(one.store / "files" / "md5")
    (one.store / "files" / "md5").mkdir()
    two.run("push")
    assert two.run("status", "-c").stdout == "cache and remote 'store' are in sync\n"


def test_targets_and_parts_of_directories(one: Clone) -> None:
    one.run("push", "data/sub")
    assert set(check_objects(one.store)) == hashes_of("22"), (
        "the list of files waits for the others"
    )
    one.run("push", "model.dvc")
    assert plain(one.store) == hashes_of("22", "new")
    one.run("push", "b", cwd="data/sub")
    one.run("push")
    two = one.clone()
    assert "fetched 1 file (1 byte)" in two.run("pull", "data/a").stdout
    assert two.data() == {"data/a": b"1"} and plain(two.cache) == hashes_of("1")
    assert "not tracked: nothing" in two.run("pull", "nothing", code=1).stderr
    for command in ("push", "fetch", "pull"):
        assert "not tracked: data/x" in two.run(command, "data/x", "data/c", code=1).stderr
    assert "not tracked: data/x" in two.run("status", "-c", "data/x", code=1).stderr
    assert two.data() == {"data/a": b"1", "data/c": b"333"}, "the rest is done"
    (value,) = [value for value in check_objects(one.store) if value.endswith(".dir")]
    (one.store / "files/md5" / value[:2] / value[2:]).unlink()
    assert one.run("push").stdout == "sent 1 list of files to 'store'\n"
    assert "not tracked: nothing" in one.run("push", "nothing", "-T", code=1).stderr


def test_a_target_that_only_an_old_revision_has(one: Clone) -> None:
    one.save({"extra": "extra"}, "extra", tag="v3")
    one.run("remove", "-q", "extra.dvc")
    run_git("commit", "-qam", "no extra", cwd=one.top)
    one.run("push", "extra", code=1)
    one.run("push", "-T", "extra")
    assert plain(one.store) == hashes_of("extra")


def test_only_what_is_small_or_of_a_kind(one: Clone) -> None:
    one.run("push", "-A")
    two = one.clone()
    assert "fetched 1 file (3 bytes)" in two.run("fetch", "--max-size", "6").stdout
    assert plain(two.cache) == hashes_of("new")
    assert "nothing to fetch" in two.run("fetch", "--max-size", "3", "-T").stdout
    lock = "".join(
        f"    - path: {name}\n      hash: md5\n      md5: {md5(text)}\n"
        for name, text in {"made": b"333", "scores": b"1"}.items()
    )
    write_tree(two.top, {
        "dvc.yaml": "stages:\n  s:\n    cmd: s\n    outs: [made]\n    metrics: [scores]\n",
        "dvc.lock": f"schema: '2.0'\nstages:\n  s:\n    cmd: s\n    outs:\n{lock}",
    })  # fmt: skip
    two.run("fetch", "--type", "metrics")
    assert plain(two.cache) == hashes_of("new", "1")
    two.run("fetch", "--type", "nothing", code=129)


def test_wildcards(one: Clone) -> None:
    one.run("push", "--glob", "mod*")
    assert plain(one.store) == hashes_of("new")
    assert "not tracked" in one.run("push", "--glob", "nothing*", code=1).stderr


def test_another_remote_and_outputs_that_name_theirs(one: Clone) -> None:
    one.run("remote", "add", "backup", "../backup")
    path = one.top / "model.dvc"
    path.write_text(path.read_text() + "  remote: backup\n")
    one.run("push")
    assert plain(one.store) == hashes_of("1", "22", "333")
    assert plain(one.top.parent / "backup") == hashes_of("new")
    run_git("commit", "-qam", "two remotes", cwd=one.top)
    two = one.clone()
    two.run("pull")
    assert two.data() == one.data()
    one.run("remote", "add", "third", "../third")
    one.run("push", "-r", "third")
    assert plain(one.top.parent / "third") == hashes_of("1", "22", "333"), "the model has its own"


def test_data_that_is_nowhere_is_named(one: Clone) -> None:
    one.run("push")
    value = md5(b"333")
    os.unlink(one.store / "files" / "md5" / value[:2] / value[2:])
    two = one.clone()
    said = two.run("pull", code=1)
    assert "this data is neither in the cache nor on the remote 'store':\n  data/c\n" in said.stderr
    assert two.data() == {"data/a": b"1", "data/sub/b": b"22", "model": b"new"}
    said = two.run("push", code=1)
    assert "  data/c" in said.stderr
    assert two.run("fetch", "-T", code=1).stderr.count("data/c") == 1
    two.run("pull", "--allow-missing")
    one.run("push")
    two.run("pull")
    assert two.data() == one.data()


def test_a_directory_of_which_nothing_came_is_told_once(one: Clone) -> None:
    one.run("push")
    for text in (b"1", b"22", b"333"):
        value = md5(text)
        os.unlink(one.store / "files" / "md5" / value[:2] / value[2:])
    two = one.clone()
    said = two.run("pull", code=1)
    assert said.stdout == "A\tmodel\nfetched 1 file (3 bytes) from 'store'\n"
    assert said.stderr.count("data/a") == 1
    three = one.clone("three")
    one.store.rename(one.store.with_name("away"))
    said = three.run("pull", code=1)
    assert f"store: there is no folder {one.store}\n" in said.stderr
    assert said.stdout == "" and said.stderr.count("  data") == 1


def test_old_data_that_is_nowhere_is_named_with_its_commit(one: Clone) -> None:
    value = md5(b"old")
    os.unlink(one.cache / "files" / "md5" / value[:2] / value[2:])
    commit = run_git("rev-parse", "--short=7", "v1", cwd=one.top)
    said = one.run("push", "-T", code=1)
    assert f"  model (in {commit})" in said.stderr
    assert plain(one.store) == hashes_of("1", "22", "333", "new"), "everything else is sent"


def test_a_damaged_object_on_the_remote_is_not_taken(one: Clone) -> None:
    one.run("push")
    value = md5(b"new")
    path = one.store / "files" / "md5" / value[:2] / value[2:]
    path.chmod(0o644)
    path.write_bytes(b"bad")
    two = one.clone()
    said = two.run("pull", code=1)
    assert value in said.stderr and "damaged" in said.stderr
    assert said.stderr.count("  model") == 1, "it is not nowhere"
    assert path.read_bytes() == b"bad", "it is not ours to delete"
    assert plain(two.cache) == hashes_of("1", "22", "333")


def test_a_pull_can_be_taken_back(one: Clone) -> None:
    one.run("push")
    two = one.clone()
    two.run("pull")
    assert "git dvc pull" in two.run("op", "log").stdout
    two.run("undo")
    assert two.data() == {}
    two.run("undo", "--redo")
    assert two.data() == one.data()


def test_what_only_an_old_revision_has_is_pulled_into_the_cache(one: Clone) -> None:
    one.save({"extra": "extra"}, "extra", tag="v3")
    one.run("remove", "-q", "extra.dvc")
    run_git("commit", "-qam", "no extra", cwd=one.top)
    one.run("push", "-T")
    two = one.clone()
    assert two.run("pull", "-T", "extra", "model").stdout.startswith("A\tmodel\nfetched ")
    assert plain(two.cache) == hashes_of("extra", "old", "new")
    two.run("pull", "-T", "extra")
    two.run("pull", "extra", code=1)
    for command in ("push", "fetch", "pull"):
        said = two.run(command, "-T", "model", "nosuch", code=1)
        assert "not tracked: nosuch" in said.stderr, "that the other one is there does not help"


def test_what_is_here_is_sent_beside_what_only_an_old_revision_has(one: Clone) -> None:
    one.run("push", "-T")
    one.save({"extra": "extra"}, "extra", tag="v3")
    one.run("remove", "-q", "extra.dvc")
    run_git("commit", "-qam", "no extra", cwd=one.top)
    write_tree(one.top, {"model": "not committed"})
    one.run("add", "-q", "model")
    assert one.run("push", "-T", "model", "extra").stdout == "sent 2 files (18 bytes) to 'store'\n"


def test_data_that_is_never_sent(one: Clone) -> None:
    path = one.top / "model.dvc"
    path.write_text(path.read_text() + "  push: false\n")
    run_git("commit", "-qam", "stays", cwd=one.top)
    one.run("push")
    assert plain(one.store) == hashes_of("1", "22", "333")
    two = one.clone()
    two.run("fetch")
    said = two.run("pull", code=1)
    assert "  model\n" in said.stderr and "data" not in two.data()
    assert "'push: false' is only where it was made" in said.stderr
    assert "fetch it with 'git dvc pull'" not in said.stderr, "that was just done"
    shutil.rmtree(one.store / "files")
    shutil.copytree(one.cache / "files", one.store / "files")
    two.run("pull")
    assert two.data() == one.data(), "somebody had sent it before"


def test_unsaved_changes_survive_a_pull(one: Clone) -> None:
    one.run("push")
    two = one.clone()
    write_tree(two.top, {"model": "mine"})
    said = two.run("pull", code=1)
    assert "model" in said.stderr and two.data()["model"] == b"mine"
    two.run("pull", "--force")
    assert two.data() == one.data()


def test_without_a_remote(one: Clone) -> None:
    one.run("remote", "remove", "store")
    run_git("commit", "-qam", "no remote", cwd=one.top)
    said = one.run("push", code=128)
    assert "there is no default one" in said.stderr and "git dvc remote add -d" in said.stderr
    one.run("fetch")
    one.run("pull")
    two = one.clone()
    said = two.run("pull", code=1)
    assert "no remote is the default one" in said.stderr and "  model" in said.stderr
    assert "no such remote: other" in one.run("push", "-r", "other", code=128).stderr
    one.run("remote", "add", "-d", "cloud", "oss://host/x")
    assert "oss://" in one.run("push", code=1).stderr
    assert one.run("pull").stdout == "nothing to pull, all data is in place\n"


def test_dvc_2_data(one: Clone) -> None:
    value = md5(b"crlf\n")
    (one.top / "text").write_bytes(b"crlf\r\n")
    (one.top / "text.dvc").write_text(f"outs:\n- md5: {value}\n  size: 6\n  path: text\n")
    folder = one.cache / value[:2]
    folder.mkdir(parents=True)
    (folder / value[2:]).write_bytes(b"crlf\r\n")
    one.run("push", "text.dvc")
    assert (one.store / value[:2] / value[2:]).read_bytes() == b"crlf\r\n"
    shutil.rmtree(one.cache)
    (one.top / "text").unlink()
    one.run("pull", "text.dvc")
    assert (one.top / "text").read_bytes() == b"crlf\r\n"


def test_by_several_processes(one: Clone) -> None:
    one.save({f"many/{n}": str(n) for n in range(100)}, "many")
    one.run("push", "-j", "3")
    two = one.clone()
    two.run("pull", "-j", "3")
    assert two.data() == one.data() and is_clean(two.top)


def test_back_and_forth_with_the_original(one: Clone, dvc: Dvc) -> None:
    one.run("push")
    two = one.clone()
    dvc("pull", cwd=two.top)
    assert two.data() == one.data()
    write_tree(two.top, {"data/theirs": "of dvc"})
    for args in (("add", "data"), ("push",)):
        dvc(*args, cwd=two.top)
    run_git("commit", "-qam", "theirs", cwd=two.top)
    run_git("pull", "-q", two.top, "HEAD", cwd=one.top)
    one.run("pull")
    assert one.data() == two.data() and is_clean(one.top)
    assert one.run("push", "-A").returncode == 0
    assert "in sync" in dvc("status", "-c", "-A", cwd=one.top)


def test_a_clone_with_data_takes_it_from_the_remote(one: Clone) -> None:
    one.run("push")
    bare = one.top.parent / "bare.git"
    run_git("clone", "-q", "--bare", one.top, bare, cwd=one.top)
    place = one.top.parent / "deep"
    done = scene.git_dvc("clone", "-q", bare, place, cwd=one.top.parent)
    assert done.returncode == 0, done.stderr
    assert Clone(place, one.store).data() == one.data()
