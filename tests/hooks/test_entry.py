"""What the hooks say and how they end: commits of every kind, settings, and broken places."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from git_dvc.__main__ import main
from git_dvc.git.repo import Repository
from git_dvc.hooks import entry, install, merge_driver, settings
from git_dvc.ops.add import add
from git_dvc.ops.init import init
from git_dvc.project import Project
from tests import launcher
from tests.scene import run, write_tree

Git = Callable[..., str]
NOWHERE = "outs:\n- md5: d8e8fca2dc0f896fd7cb4cb0031ba249\n  size: 5\n  hash: md5\n  path: lost\n"
ZEROS = "0" * 40


@pytest.fixture(autouse=True)
def this_process_goes_on(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Undo what a hook does to its process, as it ends right after."""
    import gc

    monkeypatch.setenv("GIT_DVC_HOOK", "")
    yield
    gc.enable()


class Said(NamedTuple):
    code: int
    err: str


Hook = Callable[..., Said]


@pytest.fixture
def hook(capsys: pytest.CaptureFixture[str]) -> Hook:
    """Run a hook in this process."""

    def call(name: str, *arguments: str) -> Said:
        capsys.readouterr()
        code = entry.run(name, arguments)
        said = capsys.readouterr()
        assert said.out == ""
        return Said(code, said.err)

    return call


@pytest.fixture
def project(git_repo: Path) -> Path:
    """An empty project without hooks."""
    init(".")
    return git_repo


@pytest.fixture
def hooked(project: Path, tmp_path: Path, run_git: Git) -> Path:
    """A project with hooks that work, and ``f`` and ``d`` in its first commit."""
    repo = Repository.discover(".")
    assert repo is not None
    write_tree(".", {"f": "one\n", "d/a": "a\n"})
    save("f", "d")
    run_git("commit", "-qm", "data", cwd=".")
    program = str(launcher.write(tmp_path / "bin"))
    install.install(repo, program)
    settings.write(repo, program)
    return project


def save(*targets: str) -> None:
    with Project.open() as opened:
        add(opened, targets)


def commit(*args: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return run("git", "commit", "-q", "-m", "message", *args, cwd=".", env=env)


def stage_nowhere(run_git: Git) -> None:
    write_tree(".", {"lost.dvc": NOWHERE})
    run_git("add", "lost.dvc", cwd=".")


# -- commits through real Git -----------------------------------------------------------------


def test_a_good_commit_is_made_in_silence(hooked: Path) -> None:
    write_tree(".", {"f": "two\n"})
    save("f")
    done = commit()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_forgotten_data_is_a_warning(hooked: Path, run_git: Git) -> None:
    write_tree(".", {"f": "two\n", "d/new": "n\n", "code.py": "1\n"})
    run_git("add", "code.py", cwd=".")
    done = commit()
    assert done.returncode == 0
    assert done.stderr == (
        "warning: data here is not what the pointer files in this commit say:\n"
        "  d/\n  f\n"
        "hint: record it with: git dvc add 'd'\n"
    )
    assert run_git("log", "--format=%s", "-1", cwd=".") == "message"


def test_data_that_exists_nowhere_stops_the_commit(hooked: Path, run_git: Git) -> None:
    stage_nowhere(run_git)
    done = commit()
    assert done.returncode == 1
    assert "error: the commit names data that exists nowhere:\n  lost\nhint: " in done.stderr
    assert "nothing was committed" in done.stderr
    assert run_git("log", "--format=%s", cwd=".") == "data"
    assert commit("--no-verify").returncode == 0


def test_a_large_file_stops_the_commit_until_it_is_data(
    hooked: Path, run_git: Git, tmp_path: Path
) -> None:
    run_git("config", "dvc.maxFileSize", "2k", cwd=".")
    write_tree(".", {"a b.bin": b"x" * 3000})
    run_git("add", "a b.bin", cwd=".")
    done = commit()
    assert done.returncode == 1
    assert "  a b.bin (" in done.stderr

    # Exactly what it says mends it.
    lines = [line.removeprefix("hint:   ") for line in done.stderr.splitlines()]
    fix = [line for line in lines if line.startswith(("git rm", "git dvc add"))]
    assert len(fix) == 2
    path = {"PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    for line in fix:
        assert run("sh", "-c", line, cwd=".", env=path).returncode == 0
    assert commit().returncode == 0
    assert run_git("ls-files", "a b*", cwd=".") == "a b.bin.dvc"

    write_tree(".", {"other.bin": b"x" * 3000})
    run_git("add", "other.bin", cwd=".")
    assert commit().returncode == 1
    run_git("config", "dvc.maxFileSize", "0", cwd=".")
    assert commit().returncode == 0


def test_a_tracked_path_that_enters_git_stops_the_commit(hooked: Path, run_git: Git) -> None:
    run_git("add", "-f", "d/a", cwd=".")
    done = commit()
    assert done.returncode == 1
    assert "  d/a\n" in done.stderr
    fix = done.stderr.partition("leave them out with: ")[2].splitlines()[0]
    subprocess.run(["sh", "-c", fix], check=True, capture_output=True)
    assert Path("d/a").read_text() == "a\n"
    done = commit("--allow-empty")
    assert (done.returncode, done.stderr) == (0, "")


def test_commit_all_looks_at_what_it_takes(hooked: Path, run_git: Git) -> None:
    # The pointer was changed by hand and never staged: -a takes it.
    write_tree(".", {"f.dvc": NOWHERE.replace("lost", "f")})
    done = commit("-a")
    assert done.returncode == 1
    assert "exists nowhere:\n  f\n" in done.stderr
    write_tree(".", {"code.py": "1\n"})
    run_git("add", "code.py", cwd=".")
    done = commit()  # without -a it is not in the commit
    assert done.returncode == 0, done.stderr


def test_commit_of_one_file_looks_at_that_file(hooked: Path, run_git: Git) -> None:
    write_tree(".", {"f": "two\n", "code.py": "1\n"})
    save("f")
    stage_nowhere(run_git)
    run_git("add", "code.py", cwd=".")
    # Neither the broken pointer nor that of f is in it; so f is not what the commit says.
    done = commit("code.py")
    assert done.returncode == 0
    assert "pointer files in this commit say:\n  f\n" in done.stderr
    done = commit("f.dvc")
    assert (done.returncode, done.stderr) == (0, "")
    assert commit("lost.dvc").returncode == 1
    assert run_git("status", "--porcelain", cwd=".") == "A  lost.dvc"


def test_amend(hooked: Path, run_git: Git) -> None:
    write_tree(".", {"f": "two\n"})
    save("f")
    assert commit().returncode == 0
    done = commit("--amend")
    assert (done.returncode, done.stderr) == (0, "")
    stage_nowhere(run_git)
    assert commit("--amend").returncode == 1


def test_the_first_commit(project: Path, tmp_path: Path, run_git: Git) -> None:
    repo = Repository.discover(".")
    assert repo is not None
    install.install(repo, str(launcher.write(tmp_path / "bin")))
    write_tree(".", {"f": "one\n"})
    save("f")
    stage_nowhere(run_git)
    done = commit()
    assert done.returncode == 1
    assert "  lost\n" in done.stderr
    run_git("rm", "-q", "--cached", "lost.dvc", cwd=".")
    done = commit()
    assert (done.returncode, done.stderr) == (0, "")


def test_concluding_a_merge(hooked: Path, run_git: Git) -> None:
    run_git("checkout", "-qb", "side", cwd=".")
    write_tree(".", {"f": "side\n"})
    save("f")
    assert commit().returncode == 0
    run_git("checkout", "-q", "main", cwd=".")
    write_tree(".", {"f": "main\n"})
    save("f")
    assert commit().returncode == 0
    assert run("git", "merge", "-q", "side", cwd=".").returncode == 1
    # Git has written conflict markers into the pointer; the data is one of the sides.
    run_git("checkout", "--theirs", "f.dvc", cwd=".")
    run_git("add", "f.dvc", cwd=".")
    done = run("git", "commit", "-q", "--no-edit", cwd=".")
    assert done.returncode == 0, done.stderr
    assert run_git("rev-list", "--merges", "--count", "HEAD", cwd=".") == "1"


def test_a_linked_work_tree(hooked: Path, run_git: Git, tmp_path: Path,
                            monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    run_git("worktree", "add", "-q", tmp_path / "linked", cwd=".")
    monkeypatch.chdir(tmp_path / "linked")
    write_tree(".", {"f": "two\n"})
    save("f")
    done = commit()
    assert (done.returncode, done.stderr) == (0, "")
    stage_nowhere(run_git)
    assert commit().returncode == 1


def test_from_a_subdirectory(hooked: Path, run_git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tree(".", {"code/x.py": "1\n", "f": "two\n"})
    run_git("add", "code", cwd=".")
    monkeypatch.chdir("code")
    done = commit()
    assert done.returncode == 0
    assert "  f\n" in done.stderr


def test_the_environment_passes_it_by(hooked: Path, run_git: Git) -> None:
    stage_nowhere(run_git)
    done = commit(env={"GIT_DVC_SKIP": "1"})
    assert (done.returncode, done.stderr) == (0, "")


# -- settings ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "changed", "nowhere"),
    [(None, 0, 1), ("warn", 0, 0), ("block", 1, 1), ("BLOCK", 1, 1), ("off", 0, 0)],
)
def test_how_strict_it_is(
    project: Path, run_git: Git, hook: Hook, mode: str | None, changed: int, nowhere: int
) -> None:
    if mode:
        run_git("config", "dvc.preCommit", mode, cwd=".")
    write_tree(".", {"f": "one\n"})
    save("f")
    write_tree(".", {"f": "two\n"})
    said = hook("pre-commit")
    assert said.code == changed
    assert said.err.startswith("" if mode == "off" else "error: " if changed else "warning: ")
    assert bool(said.err) == (mode != "off")

    save("f")
    stage_nowhere(run_git)
    said = hook("pre-commit")
    assert said.code == nowhere
    assert ("nothing was committed" in said.err) == bool(nowhere)
    assert bool(said.err) == (mode != "off")


def test_a_size_that_is_no_number(project: Path, run_git: Git, hook: Hook) -> None:
    run_git("config", "dvc.maxFileSize", "lots", cwd=".")
    said = hook("pre-commit")
    assert said.code == 1
    assert "dvc.maxFileSize" in said.err and "Traceback" not in said.err


def test_names_that_a_terminal_would_obey(project: Path, run_git: Git, hook: Hook) -> None:
    name = "a\x1b[31mb"
    run_git("config", "dvc.maxFileSize", "1k", cwd=".")
    write_tree(".", {name: b"x" * 2000, f"{name} 2": "data\n", f"{name} 3": "data\n"})
    save(f"{name} 2", f"{name} 3")
    write_tree(".", {f"{name} 3": "changed\n"})
    run_git("add", "-f", name, f"{name} 2", cwd=".")
    said = hook("pre-commit")
    assert said.code == 1
    assert "\x1b" not in said.err and said.err.count("\\x1b[31mb") == 7


def test_a_command_in_a_hint_can_be_pasted(project: Path, run_git: Git, hook: Hook) -> None:
    run_git("config", "dvc.maxFileSize", "1k", cwd=".")
    write_tree(".", {"it's.bin": b"x" * 2000})
    run_git("add", "it's.bin", cwd=".")
    lines = [line.removeprefix("hint:   ") for line in hook("pre-commit").err.splitlines()]
    (fix,) = [line for line in lines if line.startswith("git rm")]
    subprocess.run(["sh", "-c", fix], check=True, capture_output=True)
    assert run_git("ls-files", "it*", cwd=".") == ""


def test_a_broken_pointer_is_a_warning_and_the_others_are_checked(
    project: Path, run_git: Git, hook: Hook
) -> None:
    write_tree(".", {"bad.dvc": "<<<<<<< HEAD\nouts: []\n"})
    run_git("add", "bad.dvc", cwd=".")
    said = hook("pre-commit")
    assert said.code == 0
    assert "warning: these pointer files cannot be used:" in said.err and "bad.dvc" in said.err
    stage_nowhere(run_git)
    assert hook("pre-commit").code == 1


# -- ends of all kinds ------------------------------------------------------------------------


def test_outside_of_projects_there_is_nothing_to_do(
    git_repo: Path, tmp_path: Path, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert hook("pre-commit") == Said(0, "")
    assert hook("post-checkout", "1" * 40, "2" * 40, "1") == Said(0, "")
    monkeypatch.chdir(tmp_path)
    assert hook("pre-commit") == Said(0, "")
    assert hook("post-checkout", "1" * 40, "2" * 40, "1") == Said(0, "")


@pytest.mark.parametrize(("way", "code"), [("hook", 130), ("merge-driver", 1)])
def test_an_interruption_while_it_starts_is_one_line(
    way: str, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(entry, "run", interrupted)
    monkeypatch.setattr(merge_driver, "run", interrupted)
    monkeypatch.setattr(sys, "argv", ["git-dvc", way, "post-checkout"])
    assert main() == code
    finish = "; run 'git dvc sync' to finish" if way == "hook" else ""
    assert capsys.readouterr().err == f"git-dvc: interrupted{finish}\n"


def test_a_hook_of_a_later_version_lets_git_go_on(project: Path, hook: Hook) -> None:
    said = hook("post-coffee")
    assert said.code == 0
    assert "git dvc install" in said.err


def test_trouble_after_a_clone_does_not_stop_it(project: Path, run_git: Git, hook: Hook) -> None:
    stage_nowhere(run_git)
    run_git("commit", "-qm", "lost", cwd=".")
    head = run_git("rev-parse", "HEAD", cwd=".")
    fresh = hook("post-checkout", ZEROS, head, "1")
    switch = hook("post-checkout", head, head, "1")
    assert (fresh.code, switch.code) == (0, 1)
    assert fresh.err == switch.err and "  lost\n" in fresh.err


def test_the_pre_commit_tool_says_it_in_the_environment(
    project: Path, run_git: Git, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage_nowhere(run_git)
    run_git("commit", "-qm", "lost", cwd=".")
    monkeypatch.setenv("PRE_COMMIT_FROM_REF", ZEROS)
    assert hook("post-checkout").code == 0
    monkeypatch.setenv("PRE_COMMIT_FROM_REF", "1" * 40)
    assert hook("post-checkout").code == 1


STEPS = {
    "rebase-merge/git-rebase-todo": "pick 1234567 next\n",
    "rebase-merge/done": "pick 7654321 this\n",
    "rebase-apply/next": "1\n",
    "rebase-apply/last": "2\n",
    "sequencer/todo": "pick 7654321 this\npick 1234567 next\n",
}


def halfway(folder: str, **changed: str) -> None:
    """Be at a step of a rebase and the like that Git will go on from by itself."""
    write_tree(".git", {name: text for name, text in STEPS.items() if name.startswith(folder)})
    write_tree(".git", {f"{folder}/{name}": text for name, text in changed.items()})


PENDING = Path(".git/dvc/pending")


@pytest.mark.parametrize("folder", ["rebase-merge", "rebase-apply", "sequencer"])
def test_on_the_way_it_only_leaves_a_note(
    project: Path, run_git: Git, hook: Hook, folder: str
) -> None:
    stage_nowhere(run_git)
    halfway(folder)
    assert hook("post-index-change", "1", "0") == Said(0, "")
    assert PENDING.exists()
    # The next one does it all, and takes the note away.
    shutil.rmtree(Path(".git", folder))
    assert "  lost\n" in hook("post-index-change", "0", "0").err
    assert not PENDING.exists()


@pytest.mark.parametrize(
    ("folder", "changed"),
    [
        ("rebase-merge", {"git-rebase-todo": ""}),
        ("rebase-merge", {"git-rebase-todo": "# nothing\ndrop 1234567 gone\nnoop\n"}),
        ("rebase-merge", {"git-rebase-todo": "break\npick 1234567 next\n"}),
        ("rebase-merge", {"git-rebase-todo": "exec make\npick 1234567 next\n"}),
        ("rebase-merge", {"done": "pick 1 one\nedit 7654321 this\n"}),
        ("rebase-apply", {"next": "2\n"}),
        ("rebase-apply", {"next": "?\n", "last": "?\n"}),
        ("sequencer", {"todo": "revert 7654321 this\n"}),
    ],
)
def test_where_git_stops_data_follows(
    project: Path, run_git: Git, hook: Hook, folder: str, changed: dict[str, str]
) -> None:
    stage_nowhere(run_git)
    halfway(folder, **changed)
    assert "  lost\n" in hook("post-index-change", "1", "0").err
    assert not PENDING.exists()


def test_going_back_data_follows(project: Path, run_git: Git, hook: Hook) -> None:
    run_git("commit", "-q", "--allow-empty", "-m", "begin", cwd=".")
    halfway("rebase-merge", **{"orig-head": run_git("rev-parse", "HEAD", cwd=".")})
    stage_nowhere(run_git)
    assert hook("post-index-change", "1", "0") == Said(0, "")
    run_git("commit", "-qm", "lost", cwd=".")
    write_tree(".git/rebase-merge", {"orig-head": run_git("rev-parse", "HEAD", cwd=".")})
    assert "  lost\n" in hook("post-index-change", "1", "0").err


def test_conflict_markers_are_left_to_git(project: Path, run_git: Git, hook: Hook) -> None:
    blob = run_git("hash-object", "-w", "--stdin", cwd=".", input="x\n").strip()
    lines = "".join(f"100644 {blob} {stage}\tlost.dvc\n" for stage in (1, 2, 3))
    run_git("update-index", "--index-info", cwd=".", input=lines)
    write_tree(".", {"lost.dvc": "<<<<<<< ours\n" + NOWHERE})
    halfway("rebase-merge")
    assert hook("post-index-change", "1", "0") == Said(0, "")
    assert not PENDING.exists()  # a stop for the user
    shutil.rmtree(".git/rebase-merge")
    run_git("rm", "-q", "--cached", "lost.dvc", cwd=".")
    write_tree(".", {"lost.dvc": "<<<<<<< ours\n" + NOWHERE})
    run_git("add", "lost.dvc", cwd=".")
    assert "lost.dvc" in hook("post-index-change", "1", "0").err


def test_directories_that_a_switch_emptied_go_as_those_of_git_do(
    hooked: Path, run_git: Git
) -> None:
    write_tree(".", {"a/b/model": "m\n", "c/d/code.py": "1\n", "e/data/x": "x\n"})
    save("a/b/model", "e/data")
    run_git("add", ".", cwd=".")
    run_git("commit", "-qm", "more", cwd=".")
    done = run("git", "checkout", "-q", "HEAD~1", cwd="a/b")
    assert (done.returncode, done.stderr) == (0, "")
    folders = sorted(path.name for path in Path().iterdir() if path.is_dir())
    assert folders == [".dvc", ".git", "a", "d"]
    assert os.listdir("a") == ["b"], "where the user is stays, as with Git"
    assert os.listdir("a/b") == []
    run_git("checkout", "-q", "-", cwd=".")
    assert Path("a/b/model").read_text() == "m\n"
    assert Path("e/data/x").read_text() == "x\n"


def test_auto_sync_can_be_turned_off(hooked: Path, run_git: Git, hook: Hook) -> None:
    write_tree(".", {"f": "two\n"})
    save("f")
    run_git("commit", "-qm", "two", cwd=".")
    run_git("config", "dvc.autoSync", "false", cwd=".")
    done = run("git", "reset", "-q", "--hard", "HEAD~1", cwd=".")
    assert done.returncode == 0
    assert done.stderr == (
        "git-dvc: the data of 1 pointer not as the pointer files say; 'git dvc sync' brings it\n"
    )
    assert Path("f").read_text() == "two\n"
    # It is said once, not at every command.
    assert run("git", "reset", "-q", "--hard", cwd=".").stderr == ""


def test_without_a_terminal_asking_is_telling(hooked: Path, run_git: Git) -> None:
    write_tree(".", {"f": "two\n"})
    save("f")
    run_git("commit", "-qm", "two", cwd=".")
    run_git("config", "dvc.autoSync", "ask", cwd=".")
    done = subprocess.run(
        ["git", "reset", "-q", "--hard", "HEAD~1"],
        start_new_session=True, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "'git dvc sync' brings it" in done.stderr
    assert Path("f").read_text() == "two\n"


def test_a_broken_configuration_is_said_without_a_traceback(project: Path, hook: Hook) -> None:
    write_tree(".", {"f": "one\n"})
    save("f")
    write_tree(".dvc", {"config": "<<<<<<< HEAD\n[core]\n=======\n"})
    for name in ("pre-commit", "post-checkout"):
        said = hook(name, "1" * 40, "2" * 40, "1")
        assert said.code == 1
        assert "Traceback" not in said.err and ".dvc/config" in said.err


def test_the_way_in_loads_little(project: Path, hooked: Path) -> None:
    code = (
        "import sys; from git_dvc.hooks import entry; "
        f"print(entry.run('post-checkout', ['{ZEROS}', '{'1' * 40}', '1'])); "
        "print(*sys.modules)"
    )
    done = run(sys.executable, "-c", code, cwd=".", env={"PYTHONPATH": str(launcher.TOP)})
    first, _, modules = done.stdout.partition("\n")
    assert first == "0", done.stderr
    heavy = {"typer", "click", "rich", "yaml", "dulwich", "filelock", "git_dvc.cli"}
    assert not heavy & set(modules.split())


def test_one_broken_project_does_not_stop_the_others(
    project: Path, run_git: Git, hook: Hook
) -> None:
    init("sub", subdir=True)
    for number in ("1", "2"):
        write_tree(".", {"f": number})
        save("f")
        run_git("commit", "-qm", number, cwd=".")
    write_tree("sub/.dvc", {"config": "<<<<<<< HEAD\n"})
    run_git("checkout", "-q", "HEAD~", cwd=".")
    said = hook("post-checkout", "1" * 40, "2" * 40, "1")
    assert said.code == 1
    assert "sub/.dvc/config" in said.err
    assert Path("f").read_text() == "1"
    write_tree(".", {"f": "3"})
    said = hook("pre-commit")
    assert said.code == 1
    assert "sub/.dvc/config" in said.err and "  f\n" in said.err
