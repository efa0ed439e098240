"""Finding a repository must agree with Git, and running Git must neither hang nor lie."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from git_dvc.errors import GitDvcError, GitError, GitMissingError, UnsafeRepositoryError
from git_dvc.git import repo as repo_module
from git_dvc.git.repo import IndexEntry, Repository, git_version

Git = Callable[..., str]


def as_git_says(start: Path) -> tuple[str, str, str] | None:
    """Return what ``git rev-parse`` answers in a directory."""
    done = subprocess.run(
        [
            "git",
            "rev-parse",
            "--path-format=absolute",
            "--show-toplevel",
            "--git-dir",
            "--git-common-dir",
        ],
        cwd=start,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        return None
    top, git_dir, common_dir = done.stdout.splitlines()
    return os.path.realpath(top), os.path.realpath(git_dir), os.path.realpath(common_dir)


def as_we_say(start: Path) -> tuple[str, str, str] | None:
    found = Repository.discover(str(start))
    return (found.top, found.git_dir, found.common_dir) if found else None


@pytest.fixture
def never_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail when the hand-written search gives up and starts Git."""

    def refuse(start: str) -> None:
        raise AssertionError(f"asked git about {start}")

    monkeypatch.setattr(repo_module, "_ask", refuse)


def commit(top: Path, run_git: Git, name: str = "f", text: str = "1\n") -> str:
    (top / name).parent.mkdir(parents=True, exist_ok=True)
    (top / name).write_text(text)
    run_git("add", name, cwd=top)
    run_git("commit", "-qm", name, cwd=top)
    return run_git("rev-parse", "HEAD", cwd=top)


# -- discover -------------------------------------------------------------------------------


@pytest.mark.usefixtures("never_asks")
def test_plain_repository_and_its_subdirectory(git_repo: Path) -> None:
    (git_repo / "a" / "b").mkdir(parents=True)
    for start in (git_repo, git_repo / "a" / "b"):
        assert (
            as_we_say(start)
            == as_git_says(start)
            == (
                str(git_repo),
                str(git_repo / ".git"),
                str(git_repo / ".git"),
            )
        )


@pytest.mark.usefixtures("never_asks")
def test_a_link_to_the_repository_leads_to_the_real_place(git_repo: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(git_repo)
    assert as_we_say(tmp_path / "link") == as_git_says(tmp_path / "link")


@pytest.mark.usefixtures("never_asks")
def test_linked_worktree_with_absolute_paths(git_repo: Path, tmp_path: Path, run_git: Git) -> None:
    commit(git_repo, run_git)
    linked = tmp_path / "linked"
    run_git("worktree", "add", "-q", linked, cwd=git_repo)
    (linked / "sub").mkdir()
    for start in (linked, linked / "sub"):
        found = as_we_say(start)
        assert found == as_git_says(start)
        assert found is not None and found[2] == str(git_repo / ".git")


@pytest.mark.usefixtures("never_asks")
def test_linked_worktree_with_relative_paths(git_repo: Path, tmp_path: Path, run_git: Git) -> None:
    commit(git_repo, run_git)
    linked = tmp_path / "linked"
    run_git("worktree", "add", "-q", linked, cwd=git_repo)
    (linked / ".git").write_text("gitdir: ../repo/.git/worktrees/linked\n")
    assert as_we_say(linked) == as_git_says(linked)


def test_submodule(git_repo: Path, tmp_path: Path, run_git: Git) -> None:
    other = tmp_path / "other"
    run_git("init", "-q", other, cwd=tmp_path)
    commit(other, run_git)
    run_git("submodule", "--quiet", "add", other, "lib/other", cwd=git_repo)
    found = as_we_say(git_repo / "lib" / "other")
    assert found == as_git_says(git_repo / "lib" / "other")
    assert found is not None and found[0] == str(git_repo / "lib" / "other")


@pytest.mark.usefixtures("never_asks")
def test_separate_git_dir(tmp_path: Path, run_git: Git) -> None:
    run_git(
        "init", "-q", "--separate-git-dir", tmp_path / "data.git", tmp_path / "work", cwd=tmp_path
    )
    assert as_we_say(tmp_path / "work") == as_git_says(tmp_path / "work")


@pytest.mark.usefixtures("never_asks")
def test_git_directory_that_is_a_link(tmp_path: Path, git_repo: Path) -> None:
    (git_repo / ".git").rename(tmp_path / "moved")
    (git_repo / ".git").symlink_to(tmp_path / "moved")
    assert as_we_say(git_repo) == as_git_says(git_repo)


def test_core_worktree_moves_the_top(git_repo: Path, tmp_path: Path, run_git: Git) -> None:
    (tmp_path / "elsewhere").mkdir()
    run_git("config", "core.worktree", "../../elsewhere", cwd=git_repo)
    assert as_we_say(git_repo) == as_git_says(git_repo)


@pytest.mark.usefixtures("never_asks")
def test_sparse_checkout_settings_of_a_worktree_need_no_call(git_repo: Path, run_git: Git) -> None:
    commit(git_repo, run_git)
    run_git("sparse-checkout", "set", "a", cwd=git_repo)
    assert as_we_say(git_repo) == as_git_says(git_repo)


@pytest.mark.usefixtures("never_asks")
def test_bare_repository_has_no_work_tree(tmp_path: Path, run_git: Git) -> None:
    run_git("init", "-q", "--bare", tmp_path / "bare.git", cwd=tmp_path)
    assert as_we_say(tmp_path / "bare.git") is None
    assert as_we_say(tmp_path / "bare.git" / "refs") is None


def test_git_directory_of_a_bare_config_has_no_work_tree(git_repo: Path, run_git: Git) -> None:
    run_git("config", "core.bare", "true", cwd=git_repo)
    assert as_we_say(git_repo) is None
    assert as_git_says(git_repo) is None


def test_worktree_of_a_bare_repository(tmp_path: Path, git_repo: Path, run_git: Git) -> None:
    commit(git_repo, run_git)
    bare = tmp_path / "bare.git"
    run_git("clone", "-q", "--bare", git_repo, bare, cwd=tmp_path)
    run_git("worktree", "add", "-q", tmp_path / "work", cwd=bare)
    assert as_we_say(tmp_path / "work") == as_git_says(tmp_path / "work")
    found = Repository.discover(str(tmp_path / "work"))
    assert found is not None and found.main_top() is None


@pytest.mark.usefixtures("never_asks")
def test_inside_the_git_directory_is_no_work_tree(git_repo: Path) -> None:
    assert as_we_say(git_repo / ".git" / "objects") is None
    assert as_git_says(git_repo / ".git" / "objects") is None


@pytest.mark.usefixtures("never_asks")
def test_a_git_directory_that_is_none_is_passed_over(git_repo: Path) -> None:
    (git_repo / "sub" / ".git").mkdir(parents=True)
    assert as_we_say(git_repo / "sub") == as_git_says(git_repo / "sub")
    (git_repo / "sub" / ".git" / "HEAD").write_text("rubbish\n")
    assert as_we_say(git_repo / "sub") == as_git_says(git_repo / "sub")


@pytest.mark.usefixtures("never_asks")
def test_outside_of_any_repository(tmp_path: Path) -> None:
    assert as_we_say(tmp_path) is None


def test_a_broken_git_file_is_an_error_in_gits_words(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: nowhere\n")
    with pytest.raises(GitError, match="not a git repository"):
        Repository.discover(str(tmp_path))


def test_git_dir_and_work_tree_from_the_environment(
    git_repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_git: Git
) -> None:
    work = tmp_path / "work"
    (work / "sub").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_DIR", "repo/.git")
    monkeypatch.setenv("GIT_WORK_TREE", "work")
    expected = (str(work), str(git_repo / ".git"), str(git_repo / ".git"))
    assert as_we_say(tmp_path) == as_git_says(tmp_path) == expected
    assert as_we_say(work / "sub") == expected
    found = Repository.discover(str(work / "sub"))
    assert found is not None
    (work / "sub" / "f").write_text("1")
    found.stage(["sub/f"])
    assert found.tracked(["sub/f"]) == {"sub/f"}


def test_only_git_dir_makes_the_start_the_top_as_in_git(
    git_repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(git_repo / ".git"))
    (tmp_path / "x").mkdir()
    monkeypatch.chdir(tmp_path / "x")
    assert as_we_say(tmp_path / "x") == as_git_says(tmp_path / "x")


def test_ceilings_are_honoured(git_repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (git_repo / "a" / "b").mkdir(parents=True)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(git_repo / "a"))
    assert as_git_says(git_repo / "a" / "b") is None
    assert as_we_say(git_repo / "a" / "b") is None


def test_names_with_line_breaks_and_spaces(tmp_path: Path, run_git: Git) -> None:
    top = tmp_path / "a b\nc"
    top.mkdir()
    run_git("init", "-q", cwd=top)
    found = Repository.discover(str(top))
    assert found is not None and found.top == str(top)
    run_git("config", "core.worktree", top, cwd=top)
    assert as_we_say(top) == (str(top), str(top / ".git"), str(top / ".git"))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
def test_a_repository_of_somebody_else_is_refused_in_gits_words(
    git_repo: Path, run_git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.chown(git_repo, 65534, -1)
    with pytest.raises(UnsafeRepositoryError, match="dubious ownership") as caught:
        Repository.discover(str(git_repo))
    assert "safe.directory" in str(caught.value)
    assert caught.value.exit_code == 128

    monkeypatch.setenv("SUDO_UID", "65534")
    assert as_we_say(git_repo) == as_git_says(git_repo) is not None
    monkeypatch.delenv("SUDO_UID")

    run_git("config", "--global", "safe.directory", git_repo, cwd="/")
    assert as_we_say(git_repo) == as_git_says(git_repo) is not None


# -- running --------------------------------------------------------------------------------


@pytest.fixture
def repo(git_repo: Path) -> Repository:
    found = Repository.discover(str(git_repo))
    assert found is not None
    return found


def test_large_input_and_output_together_do_not_hang(repo: Repository) -> None:
    lines = b"".join(b"%040d\n" % number for number in range(60_000))
    out = repo.run(["cat-file", "--batch"], input=lines)
    assert out.count(b"missing\n") == 60_000


def test_input_that_is_not_read_does_not_hang_or_fail(repo: Repository) -> None:
    assert repo.run(["version"], input=b"x" * 1_000_000).startswith(b"git version")


def test_failure_carries_gits_words_and_code(repo: Repository) -> None:
    with pytest.raises(GitError, match="git rev-parse: Needed a single revision") as caught:
        repo.run(["rev-parse", "--verify", "nosuch"])
    assert caught.value.code == caught.value.exit_code == 128
    assert repo.run(["rev-parse", "--verify", "nosuch"], check=False) == b""


def test_gits_words_cannot_steer_the_terminal(repo: Repository) -> None:
    with pytest.raises(GitError) as caught:
        repo.run(["rev-parse", "--verify", "--end-of-options", "\x1b[31mred"])
        repo.run(["show", "\x1b[31mred"])
    assert "\x1b" not in str(caught.value)


def test_git_that_is_not_there_is_said(
    repo: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(repo_module, "_git_program", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitMissingError, match="git not found on PATH"):
        repo.run(["version"])


def test_git_from_the_current_directory_is_never_run(
    repo: Repository, monkeypatch: pytest.MonkeyPatch, git_repo: Path
) -> None:
    fake = git_repo / "git"
    fake.write_text("#!/bin/sh\necho fake\n")
    fake.chmod(0o755)
    monkeypatch.setattr(repo_module, "_git_program", None)
    monkeypatch.setenv("PATH", f":.:{os.environ['PATH']}")
    assert repo.run(["version"]).startswith(b"git version")


def test_children_know_that_we_are_running(repo: Repository, git_repo: Path) -> None:
    args = ["-c", "alias.show-env=!env", "show-env"]
    read = repo.run(args).decode().splitlines()
    assert "GIT_DVC_HOOK=1" in read and "GIT_OPTIONAL_LOCKS=0" in read
    written = repo.run(args, writes=True).decode().splitlines()
    assert "GIT_DVC_HOOK=1" in written and "GIT_OPTIONAL_LOCKS=0" not in written


def test_no_descriptors_and_no_children_are_left(repo: Repository) -> None:
    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("needs /proc")
    # In a process of its own: those of the tests have servers, and more, among their children.
    code = (
        "import os; from git_dvc.git.repo import Repository;"
        f"repo = Repository.discover({repo.top!r});"
        "before = os.listdir('/proc/self/fd');"
        "[(repo.run(['version'], input=b'x'), repo.call(['nosuch-command'])) for _ in range(5)];"
        "print(len(os.listdir('/proc/self/fd')) - len(before)); os.waitpid(-1, os.WNOHANG)"
    )
    root = str(Path(repo_module.__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "0\n" and "ChildProcessError" in done.stderr


def test_importing_it_loads_nothing_slow() -> None:
    slow = {"subprocess", "dataclasses", "inspect", "json", "yaml", "dulwich", "typer", "pathlib"}
    code = (
        "import sys; from git_dvc.git.repo import Repository;"
        "Repository.discover('.').run(['version']); print(*sys.modules)"
    )
    root = Path(repo_module.__file__).parents[2]
    out = subprocess.run(
        [sys.executable, "-S", "-c", code], cwd=root, capture_output=True, text=True, check=True
    ).stdout
    assert not slow & set(out.split())


# -- the index ------------------------------------------------------------------------------


def test_pointer_paths(repo: Repository, git_repo: Path, run_git: Git) -> None:
    for name in (
        "a.dvc",
        "sub/b.dvc",
        "dvc.lock",
        "sub/dvc.lock",
        "xdvc.lock",
        "a.dvc.txt",
        "s[1]/c.dvc",
        "s1/d.dvc",
        "ü\n.dvc",
        ".dvc/config",
        "sub/.dvc/config",
    ):
        (git_repo / name).parent.mkdir(parents=True, exist_ok=True)
        (git_repo / name).write_text("x")
    run_git("add", ".", cwd=git_repo)
    (git_repo / "new.dvc").write_text("x")
    (git_repo / "ignored.dvc").write_text("x")
    (git_repo / ".gitignore").write_text("/ignored.dvc\n")
    (git_repo / "a.dvc").unlink()
    tracked = [
        "a.dvc",
        "dvc.lock",
        "s1/d.dvc",
        "s[1]/c.dvc",
        "sub/b.dvc",
        "sub/dvc.lock",
        "ü\n.dvc",
    ]
    assert sorted(repo.pointer_paths()) == tracked
    assert sorted(repo.pointer_paths(untracked=True)) == sorted([*tracked, "new.dvc"])
    assert repo.pointer_paths("s[1]") == ["s[1]/c.dvc"]
    assert sorted(repo.pointer_paths("sub/")) == ["sub/b.dvc", "sub/dvc.lock"]
    assert repo.pointer_paths("nosuch") == []


def test_pathspec_settings_of_the_user_do_not_matter(
    repo: Repository, git_repo: Path, run_git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(git_repo, run_git, "a.dvc")
    monkeypatch.setenv("GIT_LITERAL_PATHSPECS", "1")
    assert repo.pointer_paths() == ["a.dvc"]


def test_a_conflicted_pointer_is_listed_once(
    repo: Repository, git_repo: Path, run_git: Git
) -> None:
    commit(git_repo, run_git, "a.dvc", "base\n")
    run_git("checkout", "-qb", "side", cwd=git_repo)
    commit(git_repo, run_git, "a.dvc", "side\n")
    run_git("checkout", "-q", "main", cwd=git_repo)
    commit(git_repo, run_git, "a.dvc", "main\n")
    run_git("merge", "side", cwd=git_repo, check=False)
    assert repo.pointer_paths() == ["a.dvc"]
    assert [entry.stage for entry in repo.index_entries(["*.dvc"])] == [1, 2, 3]


def test_index_entries_follow_git_index_file(
    repo: Repository, git_repo: Path, run_git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(git_repo, run_git, "a.dvc", "1\n")
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/other-index")
    (git_repo / "a.dvc").write_text("2\n")
    run_git("add", "a.dvc", cwd=git_repo)
    (entry,) = repo.index_entries(["*.dvc"])
    assert entry == IndexEntry("a.dvc", "100644", entry.blob, 0)
    assert repo.read_blobs([entry.blob, "0" * 40]) == {entry.blob: b"2\n"}


def test_tracked_and_ignored(repo: Repository, git_repo: Path, run_git: Git) -> None:
    commit(git_repo, run_git, "d/e/f*")
    (git_repo / ".gitignore").write_text("/out\n/dir/\n")
    assert repo.tracked(["d", "d/e/", "d/e/f*", "d/e/fx", "x", ":(top)", "out"]) == {
        "d",
        "d/e/",
        "d/e/f*",
    }
    assert repo.tracked([]) == set()
    assert repo.is_ignored(["out", "out/x", "dir", "dir/", "d/e/f*", "new"]) == {
        "out",
        "out/x",
        "dir/",
    }
    assert repo.is_ignored([]) == set()


def test_many_paths_fit(repo: Repository, git_repo: Path, run_git: Git) -> None:
    names = [f"{'d' * 100}/{number:05}" for number in range(3000)]
    (git_repo / ("d" * 100)).mkdir()
    for name in names:
        (git_repo / name).write_text("")
    repo.stage(names)
    assert repo.tracked(names) == set(names)


def test_stage_adds_changes_and_removes(repo: Repository, git_repo: Path, run_git: Git) -> None:
    for name in ("gone", "changed", "kept"):
        commit(git_repo, run_git, name)
    (git_repo / "gone").unlink()
    (git_repo / "changed").write_text("2\n")
    (git_repo / "*").write_text("3\n")
    (git_repo / "other").write_text("not asked for\n")
    repo.stage(["gone", "changed", "*", "never-was", str(git_repo / "kept")])
    status = run_git("status", "--porcelain", cwd=git_repo).splitlines()
    assert status == ["A  *", "M  changed", "D  gone", "?? other"]


def test_stage_with_a_git_that_cannot_read_paths_from_a_file(
    repo: Repository, git_repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "git"
    old.write_text(
        '#!/bin/sh\ncase "$*" in *--pathspec-from-file*) exit 129 ;; esac\n'
        f'exec {repo_module.git_program()} "$@"\n'
    )
    old.chmod(0o755)
    monkeypatch.setattr(repo_module, "_git_program", str(old))
    for name in ("-n", "*", "plain"):
        (git_repo / name).write_text("1")
    repo.stage(["-n", "*"])
    assert repo.tracked(["-n", "*", "plain"]) == {"-n", "*"}


def test_stage_does_not_force_ignored_files(repo: Repository, git_repo: Path, run_git: Git) -> None:
    (git_repo / ".gitignore").write_text("/out\n")
    (git_repo / "out").write_text("x")
    with pytest.raises(GitError, match="ignored"):
        repo.stage(["out", ".gitignore"])
    assert run_git("ls-files", cwd=git_repo) == ".gitignore"


def test_stage_waits_for_the_index_lock(repo: Repository, git_repo: Path) -> None:
    (git_repo / "f").write_text("1")
    lock = git_repo / ".git" / "index.lock"
    lock.write_text("")
    timer = threading.Timer(0.2, lock.unlink)
    timer.start()
    repo.stage(["f"])
    timer.join()
    assert repo.tracked(["f"]) == {"f"}


def test_stage_names_the_way_out_of_a_left_over_lock(
    repo: Repository, git_repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repo_module, "_INDEX_LOCK_TRIES", 1)
    (git_repo / "f").write_text("1")
    (git_repo / ".git" / "index.lock").write_text("")
    with pytest.raises(GitError) as caught:
        repo.stage(["f"])
    assert "another git process" in caught.value.hint


def test_a_lock_that_cannot_be_made_is_nobody_else_s() -> None:
    said = b"fatal: Unable to create '/w/.git/index.lock': Permission denied"
    assert GitError(["add"], 128, said).hint == ""


# -- settings and places --------------------------------------------------------------------


def test_settings(repo: Repository, git_repo: Path, run_git: Git) -> None:
    run_git("config", "--global", "dvc.maxFileSize", "5m", cwd=git_repo)
    run_git("config", "dvc.PreCommit", "block", cwd=git_repo)
    run_git("config", "branch.Fix-It.note", "one\ntwo", cwd=git_repo)
    run_git("config", "dvc.on", "yes", cwd=git_repo)
    with (git_repo / ".git" / "config").open("a") as file:
        file.write("[dvc]\n\tbareword\n\toff = 0\n\todd = maybe\n\tempty =\n")
    assert repo.config_get("dvc.preCommit") == "block"
    assert repo.config_get("DVC.precommit") == "block"
    assert repo.config_get("dvc.nosuch") is None
    assert repo.config_get("dvc.nosuch", "x") == "x"
    assert repo.config_get("branch.Fix-It.Note") == "one\ntwo"
    assert repo.config_int("dvc.maxFileSize") == 5 << 20
    assert repo.config_int("dvc.nosuch", 7) == 7
    assert repo.config_bool("dvc.on") and repo.config_bool("dvc.bareword")
    assert not repo.config_bool("dvc.off") and not repo.config_bool("dvc.empty", True)
    assert repo.config_bool("dvc.nosuch", True)
    with pytest.raises(GitDvcError, match=r"dvc\.odd"):
        repo.config_bool("dvc.odd")


def test_writing_settings(repo: Repository, run_git: Git, git_repo: Path) -> None:
    repo.config_set("dvc.preCommit", "off")
    assert repo.config_get("dvc.precommit") == run_git("config", "dvc.precommit", cwd=git_repo)
    repo.config_set("dvc.precommit", None)
    repo.config_set("dvc.precommit", None)
    assert repo.config_get("dvc.precommit") is None
    repo.config_set("dvc.precommit", "warn", scope="global")
    assert run_git("config", "--global", "dvc.precommit", cwd=git_repo) == "warn"
    with pytest.raises(GitDvcError, match="one line"):
        repo.config_set("dvc.precommit", "a\r")


def test_places(repo: Repository, git_repo: Path, tmp_path: Path, run_git: Git) -> None:
    assert repo.head() is None
    head = commit(git_repo, run_git)
    assert repo.head() == head
    assert repo.main_top() == str(git_repo)
    assert repo.hooks_dir() == str(git_repo / ".git" / "hooks")
    linked = tmp_path / "linked"
    run_git("worktree", "add", "-q", linked, cwd=git_repo)
    other = Repository.discover(str(linked))
    assert other is not None
    assert other.main_top() == str(git_repo)
    assert other.hooks_dir() == str(git_repo / ".git" / "hooks")
    run_git("config", "core.hooksPath", "my/hooks", cwd=git_repo)
    assert repo.hooks_dir() == str(git_repo / "my" / "hooks")
    assert other.hooks_dir() == str(linked / "my" / "hooks")
    assert repo.version() == git_version() >= (2, 0)
