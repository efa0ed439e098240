"""Objects of revisions come out the same whether dulwich or Git has to read them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from git_dvc.errors import FormatError, GitError
from git_dvc.git import trees as trees_module
from git_dvc.git.repo import Repository
from git_dvc.git.trees import Change, Ref, Trees, is_pointer

Git = Callable[..., str]


def opened(top: Path) -> Repository:
    repo = Repository.discover(str(top))
    assert repo is not None
    return repo


def commit(top: Path, run_git: Git, files: dict[str, str | None]) -> str:
    for name, text in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if text is None:
            path.unlink()
        else:
            path.write_text(text)
    run_git("add", "-A", cwd=top)
    run_git("commit", "-qm", "change", cwd=top)
    return run_git("rev-parse", "HEAD", cwd=top)


def fill(top: Path, run_git: Git) -> tuple[str, str]:
    one = commit(
        top,
        run_git,
        {
            "a.dvc": "a1\n",
            "sub/deep/b.dvc": "b1\n",
            "dvc.lock": "l1\n",
            "src/x.py": "x\n",
            "sub/dvc.lock": "l2\n",
            ".dvc/config": "c\n",
            "same/s.dvc": "s\n",
        },
    )
    run_git("tag", "-m", "first", "v1.0", cwd=top)
    run_git("tag", "-m", "again", "v1.0-nested", "v1.0", cwd=top)
    run_git("tag", "light", cwd=top)
    two = commit(
        top,
        run_git,
        {
            "a.dvc": "a2\n",
            "dvc.lock": None,
            "sub/deep/b.dvc": None,
            "new.dvc": "n\n",
            "src/x.py": "y\n",
        },
    )
    return one, two


@pytest.fixture(params=["loose", "packed"])
def filled(request: pytest.FixtureRequest, git_repo: Path, run_git: Git) -> tuple[Path, str, str]:
    one, two = fill(git_repo, run_git)
    if request.param == "packed":
        run_git("gc", "-q", cwd=git_repo)
        assert (git_repo / ".git" / "packed-refs").exists()
    return git_repo, one, two


@pytest.fixture(params=["dulwich", "git"])
def trees(
    request: pytest.FixtureRequest, filled: tuple[Path, str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Trees]:
    if request.param == "git":
        monkeypatch.setenv("GIT_ALTERNATE_OBJECT_DIRECTORIES", "/nonexistent")
    with Trees(opened(filled[0])) as found:
        yield found


def test_names_of_pointers() -> None:
    assert is_pointer("a.dvc") and is_pointer("x/a.dvc") and is_pointer("x/dvc.lock")
    assert not is_pointer(".dvc") and not is_pointer("x/.dvc") and not is_pointer("xdvc.lock")


def test_resolve_agrees_with_git(trees: Trees, filled: tuple[Path, str, str], run_git: Git) -> None:
    top, one, two = filled
    run_git("branch", "feature/x", one, cwd=top)
    run_git("update-ref", "refs/remotes/origin/main", one, cwd=top)
    for rev in (
        "main",
        "HEAD",
        "v1.0",
        "v1.0-nested",
        "light",
        "feature/x",
        "origin/main",
        one,
        one[:8],
        "HEAD~1",
        "v1.0^{commit}",
        "tags/v1.0",
        "refs/heads/main",
        "heads/main",
        "@",
        "main@{0}",
        two,
    ):
        assert trees.resolve(rev) == run_git("rev-parse", rev + "^{commit}", cwd=top), rev
    assert trees.resolve(":/change") == run_git("rev-parse", ":/change", cwd=top)


@pytest.mark.parametrize(
    "rev",
    [
        "nosuch",
        "",
        "-x",
        "--all",
        "a\0b",
        "main:a.dvc",
        "v1.0..main",
        "0" * 40,
        "^main",
        ":/nosuch",
        "config",
        "refs/heads",
        "heads",
    ],
)
def test_what_is_no_commit_resolves_to_none(trees: Trees, rev: str) -> None:
    assert trees.resolve(rev) is None


def test_a_tag_wins_over_a_branch_of_its_name(filled: tuple[Path, str, str], run_git: Git) -> None:
    top, one, _ = filled
    run_git("branch", "light", "main", cwd=top)
    with Trees(opened(top)) as trees:
        assert trees.resolve("light") == one


def test_tags_and_branches(trees: Trees, filled: tuple[Path, str, str], run_git: Git) -> None:
    top, one, two = filled
    run_git("tag", "a-blob", "main:a.dvc", cwd=top)
    assert trees.tags() == [Ref("light", one), Ref("v1.0", one), Ref("v1.0-nested", one)]
    assert trees.branches() == [Ref("main", two)]
    assert trees.branches(remote=True) == []


def test_pointers_and_their_content(trees: Trees) -> None:
    assert trees.pointer_blobs("v1.0") == {
        "a.dvc": b"a1\n",
        "dvc.lock": b"l1\n",
        "same/s.dvc": b"s\n",
        "sub/deep/b.dvc": b"b1\n",
        "sub/dvc.lock": b"l2\n",
    }
    assert list(trees.pointer_blobs("main")) == ["a.dvc", "new.dvc", "same/s.dvc", "sub/dvc.lock"]


def test_files_by_choice(trees: Trees) -> None:
    found = trees.files("v1.0", lambda path: path.startswith("src/"))
    assert list(found) == ["src/x.py"]
    assert trees.blob(found["src/x.py"]) == b"x\n"
    with pytest.raises(GitError, match="unknown revision 'nosuch'"):
        trees.files("nosuch", is_pointer)


def test_what_differs(trees: Trees) -> None:
    old, new = trees.pointers("v1.0"), trees.pointers("main")
    assert trees.changed("v1.0", "main", is_pointer) == {
        "a.dvc": Change(old["a.dvc"], new["a.dvc"]),
        "dvc.lock": Change(old["dvc.lock"], None),
        "new.dvc": Change(None, new["new.dvc"]),
        "sub/deep/b.dvc": Change(old["sub/deep/b.dvc"], None),
    }
    assert trees.changed("main", "main", is_pointer) == {}


def test_links_and_submodules_are_no_files(git_repo: Path, run_git: Git, tmp_path: Path) -> None:
    head = commit(git_repo, run_git, {"a.dvc": "1\n", "dir/b.dvc": "1\n"})
    (git_repo / "a.dvc").unlink()
    (git_repo / "a.dvc").symlink_to("elsewhere")
    run_git("update-index", "--add", "--cacheinfo", f"160000,{head},sub.dvc", cwd=git_repo)
    run_git("add", "a.dvc", cwd=git_repo)
    run_git("commit", "-qm", "odd", cwd=git_repo)
    with Trees(opened(git_repo)) as trees:
        assert (
            list(trees.pointers("HEAD")) == list(trees.files("HEAD", is_pointer)) == ["dir/b.dvc"]
        )
        old = trees.pointers("HEAD~1")["a.dvc"]
        assert trees.changed("HEAD~1", "HEAD", is_pointer) == {"a.dvc": Change(old, None)}


def test_a_file_that_became_a_directory(git_repo: Path, run_git: Git) -> None:
    commit(git_repo, run_git, {"x.dvc": "1\n"})
    commit(git_repo, run_git, {"x.dvc": None})
    commit(git_repo, run_git, {"x.dvc/y.dvc": "2\n"})
    with Trees(opened(git_repo)) as trees:
        assert list(trees.changed("HEAD~2", "HEAD", is_pointer)) == ["x.dvc", "x.dvc/y.dvc"]


def test_names_that_are_no_utf8(git_repo: Path, run_git: Git) -> None:
    name = os.fsdecode(b"\xff\n.dvc")
    try:
        commit(git_repo, run_git, {name: "1\n"})
    except OSError:
        pytest.skip("this file system wants UTF-8")
    with Trees(opened(git_repo)) as trees:
        assert list(trees.pointers("HEAD")) == [name]


def test_linked_worktree(filled: tuple[Path, str, str], run_git: Git, tmp_path: Path) -> None:
    top, one, two = filled
    run_git("worktree", "add", "-q", "--detach", tmp_path / "linked", "v1.0", cwd=top)
    with Trees(opened(tmp_path / "linked")) as trees:
        assert trees.resolve("HEAD") == one
        assert trees.resolve("main") == two
        assert trees.pointer_blobs("HEAD")["a.dvc"] == b"a1\n"


def test_objects_borrowed_from_another_repository(
    filled: tuple[Path, str, str], run_git: Git, tmp_path: Path
) -> None:
    run_git("clone", "-q", "--shared", filled[0], tmp_path / "clone", cwd=tmp_path)
    with Trees(opened(tmp_path / "clone")) as trees:
        assert trees.pointer_blobs("v1.0")["a.dvc"] == b"a1\n"


def test_a_partial_clone_fetches_what_it_lacks(
    filled: tuple[Path, str, str], run_git: Git, tmp_path: Path
) -> None:
    top = filled[0]
    run_git("config", "uploadpack.allowFilter", "true", cwd=top)
    run_git("config", "uploadpack.allowAnySHA1InWant", "true", cwd=top)
    for kind in ("blob:none", "tree:0"):
        clone = tmp_path / kind.replace(":", "-")
        run_git("clone", "-q", "--no-checkout", f"--filter={kind}", f"file://{top}", clone, cwd=top)
        with Trees(opened(clone)) as trees:
            assert trees.pointer_blobs("v1.0")["sub/deep/b.dvc"] == b"b1\n"
            found = trees.pointers("origin/main")
            assert trees.blob(found["new.dvc"]) == b"n\n"


def test_sha256(tmp_path: Path, run_git: Git) -> None:
    top = tmp_path / "repo"
    top.mkdir()
    run_git("init", "-q", "--object-format=sha256", cwd=top, check=False)
    if not (top / ".git").exists():
        pytest.skip("this git has no SHA-256")
    one, two = fill(top, run_git)
    with Trees(opened(top)) as trees:
        assert (trees.resolve("v1.0"), trees.resolve("main")) == (one, two) and len(one) == 64
        assert trees.pointer_blobs("v1.0")["sub/deep/b.dvc"] == b"b1\n"
        assert "a.dvc" in trees.changed("v1.0", "main", is_pointer)
        assert Ref("v1.0-nested", one) in trees.tags()


def test_shallow_clone(filled: tuple[Path, str, str], run_git: Git, tmp_path: Path) -> None:
    run_git("clone", "-q", "--depth=1", f"file://{filled[0]}", tmp_path / "clone", cwd=tmp_path)
    with Trees(opened(tmp_path / "clone")) as trees:
        assert trees.pointer_blobs("HEAD")["a.dvc"] == b"a2\n"
        assert trees.resolve("HEAD~1") is None


def test_a_missing_object_is_said(git_repo: Path, run_git: Git) -> None:
    commit(git_repo, run_git, {"a.dvc": "1\n"})
    blob = run_git("rev-parse", "HEAD:a.dvc", cwd=git_repo)
    (git_repo / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    with Trees(opened(git_repo)) as trees:
        with pytest.raises(GitError, match=blob):
            trees.pointer_blobs("HEAD")
        with pytest.raises(GitError):
            trees.blob(blob)


def test_a_new_pack_is_seen(filled: tuple[Path, str, str], run_git: Git) -> None:
    top = filled[0]
    with Trees(opened(top)) as trees:
        trees.pointers("main")
        commit(top, run_git, {"later.dvc": "9\n"})
        run_git("gc", "-q", cwd=top)
        assert trees.pointer_blobs("HEAD")["later.dvc"] == b"9\n"


def test_a_tree_without_end_is_refused(
    git_repo: Path, monkeypatch: pytest.MonkeyPatch, run_git: Git
) -> None:
    commit(git_repo, run_git, {"a/b/c/d/e.dvc": "1\n"})
    monkeypatch.setattr(trees_module, "_MOST_DEPTH", 3)
    with Trees(opened(git_repo)) as trees:
        for read in (trees.pointers, lambda rev: trees.files(rev, is_pointer)):
            with pytest.raises(FormatError, match="directories inside each other"):
                read("HEAD")
    monkeypatch.setattr(trees_module, "_MOST_DEPTH", 99)
    monkeypatch.setattr(trees_module, "_MOST_POINTERS", 0)
    with Trees(opened(git_repo)) as trees, pytest.raises(FormatError, match="pointer files"):
        trees.pointers("HEAD")


def test_nothing_is_left_open_at_exit(filled: tuple[Path, str, str]) -> None:
    code = (
        "from git_dvc.git.repo import Repository; from git_dvc.git.trees import Trees\n"
        f"with Trees(Repository.discover({str(filled[0])!r})) as t: t.pointer_blobs('main')\n"
    )
    root = Path(trees_module.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=root, capture_output=True, check=True
    )
    assert done.stderr == b""


def test_dulwich_is_loaded_when_an_object_is_read_and_not_before() -> None:
    code = "import sys, git_dvc.git.trees; sys.exit('dulwich' in sys.modules)"
    root = Path(trees_module.__file__).parents[2]
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True)
