"""Our hooks live beside the user's own, end at once when nothing moved, and leave no trace."""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from git_dvc.errors import HookError
from git_dvc.git.repo import Repository
from git_dvc.hooks import install as hooks
from git_dvc.hooks.install import NAMES
from git_dvc.hooks.joining import PRE_COMMIT_TYPES

Git = Callable[..., str]
ZEROS = "0" * 40
MISSING = {
    f"git-dvc: not found, {what}: run 'git dvc install' again"
    for what in ("the commit was not checked", "data was left as it is")
}


@pytest.fixture
def repo(git_repo: Path) -> Repository:
    return opened(git_repo)


def opened(top: Path) -> Repository:
    found = Repository.discover(str(top))
    assert found is not None
    return found


class Program:
    """Stands in for git-dvc: writes down how it was called, and exits as it is told."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "it's a bin" / "git-dvc"
        self.log = folder / "calls"
        self.path.parent.mkdir()
        self.exits(0)

    def exits(self, code: int) -> None:
        log = shlex.quote(str(self.log))
        self.path.write_text(
            f'#!/bin/sh\necho "$@" guard=$GIT_DVC_HOOK pwd="$PWD" >>{log}\nexit {code}\n'
        )
        self.path.chmod(0o755)

    def calls(self) -> list[str]:
        """Return the command lines since the last time it was asked."""
        if not self.log.exists():
            return []
        lines = self.log.read_text().splitlines()
        self.log.unlink()
        return lines

    def named(self, name: str) -> list[str]:
        """Return the command lines of one hook, and forget the others."""
        calls = (call.split(" guard")[0] for call in self.calls())
        return [call for call in calls if call.startswith(f"hook {name}")]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


def commit(top: Path, run_git: Git, name: str, text: str) -> str:
    (top / name).parent.mkdir(parents=True, exist_ok=True)
    (top / name).write_text(text)
    run_git("add", name, cwd=top)
    run_git("commit", "-qm", name, cwd=top)
    return run_git("rev-parse", "HEAD", cwd=top)


@pytest.fixture
def versions(git_repo: Path, run_git: Git) -> None:
    """Two versions of data, v1 and v2, and a commit ``code`` after v2 that moves no data."""
    for number in (1, 2):
        commit(git_repo, run_git, "sub/data.dvc", f"{number}\n")
        run_git("tag", f"v{number}", cwd=git_repo)
    commit(git_repo, run_git, "code.py", "1\n")


def put_hook(repo: Repository, name: str, text: str, mode: int = 0o755) -> Path:
    path = Path(repo.hooks_dir()) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def hook_files(repo: Repository) -> list[str]:
    folder = Path(repo.hooks_dir())
    return sorted(name.name for name in folder.iterdir() if not name.name.endswith(".sample"))


def git_code(*args: str, cwd: Path, env: dict[str, str] | None = None) -> tuple[int, str]:
    done = subprocess.run(
        ["git", *args],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **(env or {})},
    )
    return done.returncode, done.stderr


# -- installing -----------------------------------------------------------------------------


def test_install_and_uninstall_leave_no_trace(repo: Repository, program: Program) -> None:
    assert hooks.state(repo) == dict.fromkeys(NAMES, "absent")
    assert not hooks.is_active(repo)
    assert hooks.install(repo, str(program.path)) == ["installed the 8 hooks of git-dvc"]
    assert hooks.state(repo) == dict.fromkeys(NAMES, "installed")
    assert hooks.is_active(repo)
    for name in NAMES:
        mode = os.stat(Path(repo.hooks_dir()) / name).st_mode
        assert stat.S_IMODE(mode) == 0o755 & ~_umask()
    assert hook_files(repo) == sorted(NAMES)
    assert hooks.install(repo, str(program.path)) == []
    assert hooks.uninstall(repo) == ["removed the 8 hooks of git-dvc"]
    assert hook_files(repo) == []
    assert not (Path(repo.git_dir) / "dvc" / "hooks").exists()
    assert hooks.uninstall(repo) == []


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_another_program_is_written_in_place(repo: Repository, program: Program) -> None:
    hooks.install(repo, "/gone/git-dvc")
    assert hooks.state(repo) == dict.fromkeys(NAMES, "outdated")
    assert hooks.is_active(repo)
    assert hooks.install(repo, str(program.path)) == ["updated the 8 hooks of git-dvc"]
    assert hooks.state(repo) == dict.fromkeys(NAMES, "installed")


def test_another_version_is_upgraded(repo: Repository, program: Program) -> None:
    for name in ("post-checkout", "pre-commit"):  # all that version 1 had
        put_hook(repo, name, "#!/bin/sh\n# git-dvc hook v1\nold\n")
    assert hooks.state(repo)["post-checkout"] == "outdated"
    assert hooks.state(repo)["pre-push"] == "absent"
    assert not hooks.is_active(repo)
    done = hooks.install(repo, str(program.path))
    assert done[0] == "updated post-checkout, pre-commit"
    assert done[1].startswith("installed post-merge, ")
    assert hooks.state(repo) == dict.fromkeys(NAMES, "installed")


def test_a_hook_that_lost_its_mode_gets_it_back(repo: Repository, program: Program) -> None:
    hooks.install(repo, str(program.path))
    (Path(repo.hooks_dir()) / "pre-commit").chmod(0o644)
    assert hooks.state(repo)["pre-commit"] == "not executable"
    assert not hooks.is_active(repo)
    assert hooks.install(repo, str(program.path)) == ["updated pre-commit"]
    assert hooks.state(repo)["pre-commit"] == "installed"


def test_a_hook_edited_by_hand_is_kept(repo: Repository, program: Program) -> None:
    hooks.install(repo, str(program.path))
    path = Path(repo.hooks_dir()) / "pre-commit"
    path.write_text(path.read_text() + "# mine\n")
    assert hooks.state(repo)["pre-commit"] == "edited"
    (line,) = hooks.install(repo, str(program.path))
    assert "left pre-commit" in line
    assert path.read_text().endswith("# mine\n")
    done = hooks.install(repo, str(program.path), force=True)
    assert done == ["updated pre-commit", "kept the edited pre-commit as pre-commit.edited"]
    assert (path.parent / "pre-commit.edited").read_text().endswith("# mine\n")
    path.write_text(path.read_text() + "# mine too\n")
    hooks.uninstall(repo)
    assert (path.parent / "pre-commit.edited.1").read_text().endswith("# mine too\n")
    assert not path.exists()


def test_a_foreign_hook_is_set_aside_and_put_back(repo: Repository, program: Program) -> None:
    theirs = put_hook(repo, "pre-commit", "#!/bin/sh\nexit 0\n", 0o700)
    assert hooks.state(repo)["pre-commit"] == "foreign"
    done = hooks.install(repo, str(program.path))
    assert "kept your pre-commit as pre-commit.before-git-dvc: it runs first" in done
    aside = theirs.with_name("pre-commit.before-git-dvc")
    assert aside.read_text() == "#!/bin/sh\nexit 0\n"
    assert stat.S_IMODE(aside.stat().st_mode) == 0o700
    assert hooks.install(repo, str(program.path)) == []
    assert "put back your pre-commit" in hooks.uninstall(repo)
    assert theirs.read_text() == "#!/bin/sh\nexit 0\n"
    assert hook_files(repo) == ["pre-commit"]


def test_a_hook_that_is_a_link_stays_one(
    repo: Repository, program: Program, tmp_path: Path
) -> None:
    (tmp_path / "target").write_text("#!/bin/sh\nexit 3\n")
    (tmp_path / "target").chmod(0o755)
    link = Path(repo.hooks_dir()) / "pre-commit"
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(tmp_path / "target")
    hooks.install(repo, str(program.path))
    assert (tmp_path / "target").read_text() == "#!/bin/sh\nexit 3\n"
    assert not link.is_symlink()
    assert git_code("commit", "--allow-empty", "-m", "x", cwd=Path(repo.top))[0] != 0
    hooks.uninstall(repo)
    assert link.is_symlink()


def test_two_foreign_hooks_for_one_place_are_an_error_and_nothing_changes(
    repo: Repository, program: Program
) -> None:
    put_hook(repo, "pre-commit", "#!/bin/sh\n")
    put_hook(repo, "pre-commit.before-git-dvc", "#!/bin/sh\n# other\n")
    before = hook_files(repo)
    with pytest.raises(HookError, match="another one that was set aside"):
        hooks.install(repo, str(program.path))
    assert hook_files(repo) == before


def test_uninstall_leaves_foreign_hooks_alone(repo: Repository, program: Program) -> None:
    put_hook(repo, "pre-commit", "#!/bin/sh\n# first\n")
    hooks.install(repo, str(program.path))
    put_hook(repo, "pre-commit", "#!/bin/sh\n# second\n")
    assert hooks.state(repo)["pre-commit"] == "foreign"
    done = hooks.uninstall(repo)
    assert "left pre-commit.before-git-dvc: there is another pre-commit in its place" in done
    assert hook_files(repo) == ["pre-commit", "pre-commit.before-git-dvc"]


def test_hooks_of_dvc_rest_while_ours_are_there(repo: Repository, program: Program) -> None:
    theirs = ["post-checkout", "pre-commit", "pre-push"]
    for name in theirs:
        put_hook(repo, name, f"#!/usr/bin/sh\nexec dvc git-hook {name} $@\n")
    done = hooks.install(repo, str(program.path))
    assert done[1].startswith("set DVC's post-checkout aside")
    assert hook_files(repo) == sorted([*NAMES, *(f"{n}.dvc-before-git-dvc" for n in theirs)])
    code, words = git_code("commit", "--allow-empty", "-m", "x", cwd=Path(repo.top))
    assert (code, words) == (0, "")
    assert program.named("pre-commit") == ["hook pre-commit"]
    hooks.uninstall(repo)
    assert hook_files(repo) == theirs
    assert "dvc git-hook" in (Path(repo.hooks_dir()) / "pre-commit").read_text()


def test_a_hook_that_calls_dvc_among_other_things_is_the_users(
    repo: Repository, program: Program
) -> None:
    put_hook(repo, "pre-commit", "#!/bin/sh\nmake lint\nexec dvc git-hook pre-commit $@\n")
    assert "kept your pre-commit" in " ".join(hooks.install(repo, str(program.path)))


def test_a_foreign_hook_that_calls_us_is_enough(repo: Repository, program: Program) -> None:
    put_hook(repo, "pre-commit", '#!/bin/sh\ngit-dvc hook pre-commit "$@"\n')
    assert hooks.state(repo)["pre-commit"] == "installed"
    (done,) = hooks.install(repo, str(program.path))
    assert done.startswith("installed post-checkout, ") and "pre-commit" not in done


# -- where Git looks ------------------------------------------------------------------------


def test_linked_worktree_and_submodule(
    repo: Repository, program: Program, tmp_path: Path, run_git: Git
) -> None:
    top = Path(repo.top)
    commit(top, run_git, "f", "1")
    run_git("worktree", "add", "-q", tmp_path / "linked", cwd=top)
    hooks.install(opened(tmp_path / "linked"), str(program.path))
    assert hook_files(repo) == sorted(NAMES)

    other = tmp_path / "other"
    run_git("init", "-q", other, cwd=tmp_path)
    commit(other, run_git, "f", "1")
    run_git("submodule", "--quiet", "add", other, "lib", cwd=top)
    hooks.install(opened(top / "lib"), str(program.path))
    assert (top / ".git" / "modules" / "lib" / "hooks" / "post-checkout").exists()


def test_hooks_path_outside_of_the_work_tree(
    repo: Repository, program: Program, tmp_path: Path, run_git: Git
) -> None:
    run_git("config", "core.hooksPath", tmp_path / "my-hooks", cwd=repo.top)
    hooks.install(repo, str(program.path))
    assert sorted(os.listdir(tmp_path / "my-hooks")) == sorted(NAMES)
    assert hooks.state(repo) == dict.fromkeys(NAMES, "installed")


def test_untracked_hooks_directory_in_the_work_tree_is_the_users_own(
    repo: Repository, program: Program, run_git: Git
) -> None:
    run_git("config", "core.hooksPath", ".githooks", cwd=repo.top)
    assert hooks.install(repo, str(program.path)) == ["installed the 8 hooks of git-dvc"]
    assert sorted(os.listdir(Path(repo.top) / ".githooks")) == sorted(NAMES)


def test_a_directory_that_cannot_be_made_is_said(
    repo: Repository, program: Program, run_git: Git, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    run_git("config", "core.hooksPath", tmp_path / "file" / "hooks", cwd=repo.top)
    with pytest.raises(HookError, match="cannot write hooks"):
        hooks.install(repo, str(program.path))


def test_find_program_is_absolute(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", [str(program.path), "install"])
    assert hooks.find_program() == str(program.path)
    monkeypatch.setattr("sys.argv", ["-c"])
    monkeypatch.setattr("sys.executable", str(program.path.parent / "python"))
    assert hooks.find_program() == str(program.path)
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    monkeypatch.setenv("PATH", str(program.path.parent))
    assert hooks.find_program() == str(program.path)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(HookError, match="not found on PATH"):
        hooks.find_program()


# -- running --------------------------------------------------------------------------------


@pytest.mark.usefixtures("versions")
def test_the_program_gets_the_hooks_arguments_at_the_top_of_the_work_tree(
    repo: Repository, program: Program, run_git: Git
) -> None:
    hooks.install(repo, str(program.path))
    run_git("checkout", "-q", "v1", cwd=Path(repo.top) / "sub")
    assert f"hook post-index-change 1 0 guard=1 pwd={repo.top}" in program.calls()
    head = run_git("rev-parse", "HEAD", cwd=repo.top)
    run_git("restore", "-q", "--source=v2", "data.dvc", cwd=Path(repo.top) / "sub")
    assert f"hook post-checkout {head} {head} 0 guard=1 pwd={repo.top}" in program.calls()


@pytest.mark.usefixtures("versions")
def test_exit_codes(repo: Repository, program: Program, run_git: Git, tmp_path: Path) -> None:
    top = Path(repo.top)
    hooks.install(repo, str(program.path))
    program.exits(1)
    assert git_code("checkout", "-q", "v1", cwd=top)[0] == 1
    assert run_git("describe", "--tags", cwd=top) == "v1"
    assert git_code("worktree", "add", "-q", str(tmp_path / "linked"), cwd=top)[0] == 0
    assert [ZEROS in call for call in program.named("post-checkout")] == [True]
    assert git_code("commit", "--allow-empty", "-m", "x", cwd=top)[0] == 1


@pytest.mark.usefixtures("versions")
@pytest.mark.parametrize("name", ["GIT_DVC_HOOK", "GIT_DVC_SKIP"])
def test_guards_pass_ours_by_but_not_the_users(
    repo: Repository, program: Program, name: str, tmp_path: Path
) -> None:
    log = tmp_path / "theirs"
    for each in NAMES:
        put_hook(repo, each, f"#!/bin/sh\necho $0 >>{log}\n")
    hooks.install(repo, str(program.path))
    git_code("checkout", "-q", "v1", cwd=Path(repo.top), env={name: "1"})
    git_code("commit", "--allow-empty", "-m", "x", cwd=Path(repo.top), env={name: "1"})
    assert program.calls() == []
    ran = {Path(line).name.partition(".")[0] for line in log.read_text().splitlines()}
    assert ran == {"post-checkout", "post-index-change", "pre-commit", "post-commit"}


@pytest.mark.usefixtures("versions")
def test_the_users_post_checkout_runs_first_with_its_arguments(
    repo: Repository, program: Program, run_git: Git
) -> None:
    top = Path(repo.top)
    put_hook(repo, "post-checkout", f'#!/bin/sh\necho theirs "$@" >>"{program.log}"\nexit 3\n')
    hooks.install(repo, str(program.path))
    # 'restore' hands the hook's own code through
    assert git_code("restore", "--source=v1", "--", "sub/data.dvc", cwd=top)[0] == 3
    theirs, ours = (call for call in program.calls() if "post-index-change" not in call)
    head = run_git("rev-parse", "HEAD", cwd=top)
    assert theirs == f"theirs {head} {head} 0"
    assert ours.startswith("hook post-checkout")
    program.exits(4)
    assert git_code("restore", "--source=v2", "--", "sub/data.dvc", cwd=top)[0] == 4


def test_the_users_pre_commit_stops_the_commit_alone(repo: Repository, program: Program) -> None:
    put_hook(repo, "pre-commit", "#!/bin/sh\nexit 5\n")
    hooks.install(repo, str(program.path))
    assert git_code("commit", "--allow-empty", "-m", "x", cwd=Path(repo.top))[0] == 1
    assert program.named("pre-commit") == []


def test_a_set_aside_hook_that_is_not_executable_does_not_run(
    repo: Repository, program: Program
) -> None:
    put_hook(repo, "pre-commit", "#!/bin/sh\nexit 5\n", 0o644)
    hooks.install(repo, str(program.path))
    assert git_code("commit", "--allow-empty", "-m", "x", cwd=Path(repo.top))[0] == 0
    assert len(program.named("pre-commit")) == 1


@pytest.mark.usefixtures("versions")
@pytest.mark.parametrize("how", ["gone", "broken interpreter"])
def test_a_program_that_is_missing_is_said_in_one_line_and_stops_nothing(
    repo: Repository, program: Program, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = Path(repo.top)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    hooks.install(repo, str(program.path))
    if how == "gone":
        program.path.unlink()
    else:
        program.path.write_text("#!/gone/python\n")
    code, words = git_code("checkout", "-q", "v1", cwd=top)
    assert code == 0
    assert "git dvc install" in words
    code, words = git_code("commit", "-q", "--allow-empty", "-m", "x", cwd=top)
    assert code == 0
    assert "git dvc install" in words
    if how == "gone":
        assert set(words.splitlines()) <= MISSING


@pytest.mark.usefixtures("versions")
def test_a_moved_program_is_found_on_path(repo: Repository, program: Program, run_git: Git) -> None:
    hooks.install(repo, "/gone/git-dvc")
    path = f"{program.path.parent}:{os.environ['PATH']}"
    assert git_code("checkout", "-q", "v1", cwd=Path(repo.top), env={"PATH": path})[0] == 0
    assert program.calls()


@pytest.mark.usefixtures("versions")
def test_a_program_in_the_work_tree_is_not_picked_up_by_a_relative_path(
    repo: Repository, tmp_path: Path
) -> None:
    hooks.install(repo, "/gone/git-dvc")
    planted = Path(repo.top) / "git-dvc"
    planted.write_text(f"#!/bin/sh\ntouch {tmp_path}/pwned\n")
    planted.chmod(0o755)
    git_code("checkout", "-q", "v1", cwd=Path(repo.top), env={"PATH": f".:{os.environ['PATH']}"})
    assert not (tmp_path / "pwned").exists()


@pytest.mark.usefixtures("versions")
def test_a_client_with_a_short_path_runs_the_program_all_the_same(
    repo: Repository, program: Program
) -> None:
    hooks.install(repo, str(program.path))
    bare = {"PATH": "/usr/bin:/bin", "HOME": os.environ["HOME"]}
    bare["GIT_CONFIG_GLOBAL"] = os.environ["GIT_CONFIG_GLOBAL"]
    args = ["git", "checkout", "-q", "v1"]
    done = subprocess.run(args, cwd=repo.top, env=bare, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert program.calls()
    # an environment that was moved: said, with what to type, and Git goes on
    program.path.parent.rename(program.path.parent.with_name("moved"))
    args = ["git", "checkout", "-q", "v2"]
    done = subprocess.run(args, cwd=repo.top, env=bare, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert set(done.stderr.splitlines()) <= MISSING and done.stderr


# -- the pre-commit tool ----------------------------------------------------------------------


def config_of(repo: Repository) -> Path:
    return Path(repo.top) / ".pre-commit-config.yaml"


def test_pre_commit_config_is_made(repo: Repository, program: Program) -> None:
    hooks.install(repo, str(program.path))
    done = hooks.use_pre_commit_tool(repo)
    assert "added git-dvc to .pre-commit-config.yaml" in done
    assert done[0].startswith("removed post-checkout, ")
    assert done[-1].startswith("now run: pre-commit install --hook-type post-checkout")
    config = yaml.safe_load(config_of(repo).read_text())
    assert [hook["id"] for hook in config["repos"][0]["hooks"]] == [
        f"git-dvc-{name}" for name in PRE_COMMIT_TYPES
    ]
    assert hook_files(repo) == ["post-applypatch", "post-index-change", "pre-push"]
    once = config_of(repo).read_text()
    assert hooks.use_pre_commit_tool(repo) == [done[-1]]
    assert config_of(repo).read_text() == once


@pytest.mark.parametrize(
    "text",
    [
        "repos:\n- repo: https://x\n  rev: v1\n  hooks:\n  - id: a\n",
        "# top\ndefault_stages: [pre-commit]\nrepos:  # all\n  - repo: https://x\n    rev: v1\n"
        "    hooks:\n      - id: a  # keep\n\n# end\nfail_fast: true\n",
        "repos:\r\n- repo: https://x\r\n  rev: v1\r\n  hooks:\r\n  - id: a\r\n",
        "repos:\n- repo: https://x\n  rev: v1\n  hooks: [{id: a}]",
        "repos: []\n",
        "fail_fast: true\n",
        "repos: [{repo: 'https://x', rev: v1, hooks: [{id: a}]}]\n",
        "# only a remark\n",
    ],
)
def test_pre_commit_config_keeps_what_it_holds(repo: Repository, text: str) -> None:
    config_of(repo).write_bytes(text.encode())
    hooks.use_pre_commit_tool(repo)
    after = config_of(repo).read_bytes().decode()
    before_value, after_value = yaml.safe_load(text) or {}, yaml.safe_load(after)
    added = after_value["repos"].pop()
    assert after_value == {"repos": [], **before_value}
    assert [hook["stages"] for hook in added["hooks"]] == [[name] for name in PRE_COMMIT_TYPES]
    rest = [line for line in text.splitlines() if line.strip() and not line.startswith("repos: [")]
    kept = iter(after.splitlines())
    assert all(line in kept for line in rest), "lines were changed or moved"


@pytest.mark.parametrize("text", ["- a\n", "repos: {a: 1}\n", "repos: [\n", "a: 1\na: 2\n", "\x00"])
def test_pre_commit_config_that_is_not_understood_is_left(repo: Repository, text: str) -> None:
    config_of(repo).write_text(text)
    with pytest.raises(HookError, match=r"cannot edit \.pre-commit-config\.yaml") as caught:
        hooks.use_pre_commit_tool(repo)
    assert "git-dvc-post-checkout" in str(caught.value)
    assert config_of(repo).read_text() == text


def test_pre_commit_config_that_is_a_link_is_left(repo: Repository, tmp_path: Path) -> None:
    (tmp_path / "target").write_text("repos: []\n")
    config_of(repo).symlink_to(tmp_path / "target")
    with pytest.raises(HookError):
        hooks.use_pre_commit_tool(repo)
    assert (tmp_path / "target").read_text() == "repos: []\n"


def test_ours_stays_active_when_the_pre_commit_tool_takes_its_place(
    repo: Repository, program: Program
) -> None:
    put_hook(repo, "pre-commit", "#!/bin/sh\nexit 5\n")
    hooks.install(repo, str(program.path))
    for name in NAMES:
        ours = Path(repo.hooks_dir()) / name
        ours.rename(ours.with_name(name + ".legacy"))
        put_hook(
            repo,
            name,
            "#!/bin/sh\n# File generated by pre-commit: https://pre-commit.com\n"
            'exec "$0.legacy" "$@"\n',
        )
    assert hooks.state(repo) == dict.fromkeys(NAMES, "installed")
    assert hooks.install(repo, str(program.path)) == []
    # what was before ours still runs, through two hands
    assert git_code("commit", "--allow-empty", "-m", "x", cwd=Path(repo.top))[0] == 1
    assert program.named("pre-commit") == []
    hooks.uninstall(repo)
    assert hook_files(repo) == sorted([*NAMES, "pre-commit.legacy"])
    assert (Path(repo.hooks_dir()) / "pre-commit.legacy").read_text() == "#!/bin/sh\nexit 5\n"


def test_configured_in_the_pre_commit_tool_counts_as_installed(
    repo: Repository, program: Program
) -> None:
    hooks.use_pre_commit_tool(repo, str(program.path))
    assert not hooks.is_active(repo)
    for name in PRE_COMMIT_TYPES:
        put_hook(repo, name, "#!/bin/sh\n# File generated by pre-commit: https://pre-commit.com\n")
    assert hooks.is_active(repo)


# -- cost -----------------------------------------------------------------------------------


@pytest.mark.parametrize("shell", ["sh", "dash", "bash", "busybox"])
def test_the_hooks_are_plain_shell(shell: str) -> None:
    folder = Path(hooks.__file__).parents[2] / "hooks"
    for name in (*NAMES, "after-clone"):
        args = [shell, "sh", "-n"] if shell == "busybox" else [shell, "-n"]
        try:
            subprocess.run([*args, folder / name], check=True)
        except FileNotFoundError:
            pytest.skip(f"no {shell} here")
        assert os.access(folder / name, os.X_OK)
