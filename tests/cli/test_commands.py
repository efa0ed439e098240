"""Each command from its words to what it prints; what it does is tested in ``tests/ops``."""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.cli import terminal
from tests.cli.conftest import Cli
from tests.conftest import GitRunner


@pytest.fixture
def data(project: Path, cli: Cli, run_git: GitRunner) -> Path:
    """Return a project whose one commit tracks a directory and a file."""
    (project / "images").mkdir()
    for name in ("a", "b", "c"):
        (project / "images" / name).write_text(name)
    (project / "model").write_text("weights")
    assert cli("add", "images", "model").code == 0
    run_git("commit", "-qm", "first", cwd=project)
    return project


# -- init, install -----------------------------------------------------------------------


def test_init_says_where_and_what_next(git_repo: Path, cli: Cli) -> None:
    said = cli("init", "--no-hooks")
    assert said.code == 0
    assert said.out == f"Initialized git-dvc project in {git_repo}\n"
    assert said.err.startswith("hint: track data with 'git dvc add <path>...'")


def test_init_installs_the_hooks(git_repo: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("git_dvc.hooks.install.find_program", lambda: "/opt/git-dvc")
    said = cli("init")
    assert said.code == 0
    assert said.out.splitlines()[1:] == ["installed the 8 hooks of git-dvc"]
    assert (git_repo / ".git/hooks/post-checkout").exists()
    assert cli("install").out == "the hooks are in place already\n"
    assert cli("uninstall").out.splitlines() == [
        "removed the 8 hooks of git-dvc",
        "unset diff.dvc.textconv",
        "unset merge.dvc.driver",
        "unset filter.dvc.process",
    ]
    assert cli("uninstall").out == "there are no hooks of git-dvc here\n"


def test_init_without_a_program_on_path_still_makes_the_project(
    git_repo: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    from git_dvc.errors import HookError

    def fail() -> str:
        raise HookError("git-dvc not found on PATH", hint="install it")

    monkeypatch.setattr("git_dvc.hooks.install.find_program", fail)
    said = cli("init")
    assert said.code == 0
    assert "warning: the hooks were not installed: git-dvc not found on PATH\n" in said.err
    assert (git_repo / ".dvc/config").exists()


def test_init_twice_is_an_error(project: Path, cli: Cli) -> None:
    said = cli("init")
    assert said.code == 1
    assert said.err.startswith("error: there is a project in ")


def test_outside_of_git(tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli("install").code == 128
    assert cli("init").code == 1
    for command in ("status", "root", "checkout"):
        said = cli(command)
        assert said.code == 128
        assert said.err.startswith("error: not a git-dvc project (no .dvc directory in ")


def test_a_clone_without_hooks_is_told_once(
    data: Path, tmp_path: Path, cli: Cli, run_git: GitRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = tmp_path / "clone"
    run_git("clone", "-q", data, clone, cwd=tmp_path)
    monkeypatch.chdir(clone)
    assert "'git dvc install'" not in cli("status", "-q").err
    assert "install them with 'git dvc install'" in cli("status").err
    assert cli("status").err == ""


# -- add, commit, checkout ---------------------------------------------------------------


def test_add_says_what_was_stored_and_staged(project: Path, cli: Cli) -> None:
    (project / "model").write_text("weights")
    assert cli("add", "model").out == "stored 1 file (7 bytes); staged .gitignore and model.dvc\n"
    assert cli("add", "model").out.endswith("; staged model.dvc\n")
    assert cli("add", "-q", "model").out == ""


def test_add_without_autostage_says_what_to_stage(project: Path, cli: Cli) -> None:
    cli("config", "core.autostage", "false")
    (project / "model").write_text("weights")
    said = cli("add", "model")
    assert said.out == "stored 1 file (7 bytes); wrote .gitignore and model.dvc\n"
    assert "hint: stage them with 'git add .gitignore model.dvc',\n" in said.err


def test_a_mistyped_path_is_answered_with_one_that_is_there(data: Path, cli: Cli) -> None:
    (data / "labels.csv").write_text("x")
    said = cli("add", "lables.csv")
    assert said.code == 1
    assert said.err == (
        "error: no such file or directory: lables.csv\nhint: did you mean 'labels.csv'?\n"
    )
    said = cli("checkout", "imags")
    assert said.code == 1
    assert "hint: did you mean 'images'" in said.err


def test_checkout_lists_what_it_changed(data: Path, cli: Cli) -> None:
    (data / "model").unlink()
    (data / "images" / "a").unlink()
    assert cli("checkout").out == "M\timages/\nA\tmodel\n"
    assert cli("checkout").out == ""
    assert cli("checkout", "--summary").out == "No changes.\n"
    (data / "images" / "a").unlink()
    (data / "images" / "b").unlink()
    assert cli("checkout", "--summary").out == "2 files added\n"


def test_checkout_from_a_subdirectory(
    data: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    (data / "model").unlink()
    (data / "sub").mkdir()
    monkeypatch.chdir(data / "sub")
    assert cli("checkout", "../model").out == "A\t../model\n"


def test_checkout_keeps_unsaved_changes_and_says_so(data: Path, cli: Cli) -> None:
    (data / "images" / "new").write_text("mine")
    (data / "model").unlink()
    said = cli("checkout")
    assert said.code == 1
    assert said.out == "A\tmodel\n"
    assert "  images/new\n" in said.err and "--force" in said.err
    assert (data / "images" / "new").read_text() == "mine"
    assert cli("checkout", "--force").code == 0
    assert not (data / "images" / "new").exists()


def test_commit_records_changes(data: Path, cli: Cli) -> None:
    (data / "model").write_text("better weights")
    assert cli("commit", "model").out == "stored 1 file (14 bytes); staged model.dvc\n"
    assert "staged" not in cli("commit", "model").out


# -- status ------------------------------------------------------------------------------


def test_status_of_a_new_project(project: Path, cli: Cli) -> None:
    assert cli("status").out == (
        'no data is tracked yet (use "git dvc add <path>..." to track some)\n'
    )
    assert cli("status", "--json").out == "{}\n"


def test_status_when_all_is_well(data: Path, cli: Cli) -> None:
    assert cli("status").out == "nothing to add, all data is in the cache\n"
    assert cli("status", "-q").code == 0
    assert cli("status", "--exit-code").code == 0


def test_status_tells_what_to_do(data: Path, cli: Cli, run_git: GitRunner) -> None:
    (data / "images" / "a").write_text("changed")
    (data / "images" / "new").write_text("new")
    (data / "images" / "b").unlink()
    (data / "other").write_text("other")
    cli("add", "other")
    (data / "model").unlink()
    assert cli("status").out == (
        "Changes to be committed to Git:\n"
        '  (use "git commit" to record the pointer files)\n'
        "        new:        other\n"
        "\n"
        "Changes not added:\n"
        '  (use "git dvc add <path>..." to record them)\n'
        '  (use "git dvc checkout -f <path>..." to discard them)\n'
        "        modified:   images/ (1 modified, 1 new, 1 deleted)\n"
        "        deleted:    model\n"
    )
    assert cli("status").code == 0
    assert cli("status", "-q") == (1, "", "")
    assert cli("status", "--exit-code", "model").code == 1
    assert json.loads(cli("status", "--json").out) == {
        "images.dvc": [{"changed outs": {"images": "modified"}}],
        "model.dvc": [{"changed outs": {"model": "deleted"}}],
    }


def test_status_says_how_data_comes_back(data: Path, cli: Cli) -> None:
    (data / "model").unlink()
    assert cli("status").out == (
        "Changes not added:\n"
        '  (use "git dvc checkout <path>..." to bring them back)\n'
        '  (use "git dvc remove <pointer file>..." to stop tracking them)\n'
        "        deleted:    model\n"
    )
    shutil.rmtree(data / ".dvc" / "cache")
    shutil.rmtree(data / "images")
    assert cli("status").out == (  # as in a fresh clone
        "Not in the cache:\n"
        '  (use "git dvc pull <path>..." to bring it from a remote)\n'
        '  (use "git dvc add <path>..." where the data is still there)\n'
        "        images/ (its list of files)\n"
        "        model\n"
    )


def test_status_of_what_the_cache_lacks(data: Path, cli: Cli) -> None:
    objects = data / ".dvc" / "cache" / "files" / "md5"
    for found in sorted(objects.glob("*/*")):
        if found.suffix == "" and found.read_bytes() in (b"a", b"weights"):
            found.unlink()
    said = cli("status")
    assert "Not in the cache:\n" in said.out
    assert "        images/ (1 of 3 files)\n" in said.out
    assert "        model\n" in said.out
    assert json.loads(cli("status", "--json").out)["model.dvc"] == [
        {"changed outs": {"model": "not in cache"}}
    ]


@pytest.mark.parametrize(
    ("more", "coloured"),
    [
        ({}, True),
        ({"NO_COLOR": "1"}, False),
        ({"GIT_CONFIG_PARAMETERS": "'color.ui=false'"}, False),
    ],
)
def test_status_on_a_terminal_is_coloured(
    more: dict[str, str], coloured: bool, data: Path, cli: Cli
) -> None:
    (data / "model").write_text("x")
    cli("add", "model")
    (data / "images" / "a").unlink()
    _, shown = terminal.on_terminal(
        [sys.executable, "-m", "git_dvc", "status"], cwd=data, env=terminal.environment(**more)
    )
    assert ("\033[32mmodified:   model\033[m" in shown) is coloured
    assert ("\033[31mmodified:   images/ (1 deleted)\033[m" in shown) is coloured
    assert ("\033" in shown) is coloured


def test_add_on_a_terminal_shows_progress_and_cleans_up(project: Path) -> None:
    slow = (
        "import sys, time\n"
        "from git_dvc import terminal, __main__\n"
        "terminal.SHOW_AFTER_S = terminal.REDRAW_EVERY_S = 0\n"
        "sys.argv[1:] = ['add', 'images']\n"
        "sys.exit(__main__.main())\n"
    )
    (project / "images").mkdir()
    for number in range(50):
        (project / "images" / str(number)).write_text(str(number))
    code, shown = terminal.on_terminal([sys.executable, "-c", slow], cwd=project)
    assert code == 0
    assert "/50)" in shown
    assert shown.split("\033[K")[-1].startswith("stored 50 files (90 bytes); staged ")


def test_status_json_is_seen_from_here(
    data: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    (data / "model").write_text("x")
    (data / "sub").mkdir()
    monkeypatch.chdir(data / "sub")
    assert json.loads(cli("status", "--json").out) == {
        "../model.dvc": [{"changed outs": {"../model": "modified"}}]
    }


def test_status_of_a_stage(data: Path, cli: Cli) -> None:
    (data / "dvc.yaml").write_text("stages:\n  s:\n    cmd: x\n    outs: [o]\n")
    (data / "dvc.lock").write_text(
        "schema: '2.0'\nstages:\n  s:\n    cmd: x\n    outs:\n    - path: o\n"
        "      hash: md5\n      md5: 0cc175b9c0f1b6a831c399e269772661\n      size: 1\n"
    )
    (data / "o").write_text("changed")
    assert json.loads(cli("status", "--json").out) == {"s": [{"changed outs": {"o": "modified"}}]}
    assert '(use "git dvc commit <path>..." to record them)' in cli("status").out


# -- remove, move, unprotect -------------------------------------------------------------


@pytest.mark.parametrize("command", ["remove", "rm"])
def test_remove_keeps_the_data(command: str, data: Path, cli: Cli) -> None:
    assert cli(command, "model.dvc").out == "removed model.dvc; the data stays\n"
    assert (data / "model").exists()


@pytest.mark.parametrize("option", ["--outs", "-p"])
def test_remove_with_the_data(option: str, data: Path, cli: Cli) -> None:
    assert cli("remove", option, "images.dvc").out == "removed images.dvc and 3 files\n"
    assert not (data / "images").exists()


def test_unprotect_says_how_many(data: Path, cli: Cli) -> None:
    assert cli("unprotect", "model").code == 0


def test_move_renames_the_pointer_too(data: Path, cli: Cli) -> None:
    assert cli("move", "model", "weights").out == (
        "moved model to weights; weights.dvc names it now\n"
    )
    assert cli("mv", "weights", "images").code == 1


# -- data status, diff -------------------------------------------------------------------


def test_data_status_as_text_is_seen_from_here_and_as_json_from_the_root(
    data: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    (data / "images" / "a").write_text("changed")
    (data / "sub").mkdir()
    monkeypatch.chdir(data / "sub")
    assert cli("data", "status", "--granular").out == (
        "Changes not added:\n"
        '  (use "git dvc add <path>..." to record them)\n'
        '  (use "git dvc checkout -f <path>..." to discard them)\n'
        "        modified:   ../images/\n"
        "        modified:   ../images/a\n"
    )
    assert json.loads(cli("data", "status", "--json").out) == {
        "uncommitted": {"modified": ["images/"]}
    }


def test_data_status_flags(data: Path, cli: Cli) -> None:
    assert cli("data", "status").out == "No changes.\n"
    assert cli("data", "status", "--json").out == "{}\n"
    (data / "stray").write_text("x")
    assert "        stray\n" in cli("data", "status", "--untracked-files").out
    assert cli("data", "status", "--untracked-files=no").out == "No changes.\n"
    assert json.loads(cli("data", "status", "--unchanged", "--json").out) == {
        "unchanged": ["images/", "model"]
    }
    assert json.loads(cli("data", "status", "model", "--unchanged", "--json").out) == {
        "unchanged": ["model"]
    }


def test_diff_of_revisions_and_the_workspace(data: Path, cli: Cli, run_git: GitRunner) -> None:
    assert cli("diff") == (0, "", "")
    assert cli("diff", "--json").out == "{}\n"
    (data / "images" / "new").write_text("new")
    (data / "images" / "a").rename(data / "images" / "z")
    text = (
        "Added:\n    images/new\n\n"
        "Renamed:\n    images/a -> images/z\n\n"
        "Modified:\n    images/\n\n"
        "files summary: 1 added, 1 renamed\n"
    )
    assert cli("diff").out == text
    assert cli("diff", "--targets", "model").out == ""
    cli("add", "images")
    run_git("commit", "-qm", "second", cwd=data)
    assert cli("diff", "HEAD^", "HEAD").out == text
    assert cli("diff", "HEAD^", "HEAD", "--md").out.startswith("| Status   | Path ")
    report = json.loads(cli("diff", "HEAD^", "HEAD", "--json", "--show-hash").out)
    assert report["added"] == [{"path": "images/new", "hash": "22af645d1859cb5ca6da0c484f1f37ea"}]
    assert "not in cache" not in report


def test_diff_of_a_revision_that_is_not_there(data: Path, cli: Cli) -> None:
    said = cli("diff", "nosuch")
    assert said.code == 128
    assert said.err.startswith("error: unknown revision: nosuch\nhint: ")


# -- config, cache dir, check-ignore -----------------------------------------------------


def test_config_sets_shows_lists_and_unsets(project: Path, cli: Cli) -> None:
    assert cli("config", "core.autostage", "false") == (0, "", "")
    assert cli("config", "--local", "cache.dir", "/data").code == 0
    assert cli("config", "core.autostage").out == "false\n"
    assert cli("config", "-l").out == "core.autostage=false\ncache.dir=/data\n"
    assert cli("config", "-l", "--local", "--show-origin").out == (
        ".dvc/config.local\tcache.dir=/data\n"
    )
    assert cli("config", "--show-origin", "core.autostage").out == ".dvc/config\tfalse\n"
    assert cli("config", "-u", "core.autostage").code == 0
    said = cli("config", "core.autostage")
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("error: core.autostage is not set\n")


def test_config_of_the_user_needs_no_project(
    tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli("config", "--global", "core.autostage", "true").code == 0
    assert cli("config", "-l").out == "core.autostage=true\n"
    assert cli("config", "core.autostage", "true").code == 128


def test_config_lists_no_passwords(project: Path, cli: Cli) -> None:
    cli("config", "--local", "remote.store.url", "https://example.com")
    cli("config", "--local", "remote.store.password", "hunter2")
    assert "hunter2" not in cli("config", "-l").out
    assert cli("config", "remote.store.password").out == "hunter2\n"


@pytest.mark.parametrize(
    "arguments",
    [[], ["-l", "core.remote"], ["-u", "core.remote", "x"], ["--local", "--global", "core.remote"]],
    ids=" ".join,
)
def test_config_refuses_what_makes_no_sense(arguments: list[str], project: Path, cli: Cli) -> None:
    assert cli("config", *arguments).code == 129


def test_config_knows_whose_options_are_whose(project: Path, cli: Cli) -> None:
    said = cli("config", "preCommit", "warn")
    assert said.code == 128
    assert "'git config dvc.preCommit'" in said.err


def test_cache_dir_is_shown_set_and_unset(project: Path, tmp_path: Path, cli: Cli) -> None:
    assert cli("cache", "dir").out == f"{project}/.dvc/cache\n"
    assert cli("cache", "dir", str(tmp_path / "store")).code == 0
    assert cli("cache", "dir").out == f"{tmp_path}/store\n"
    assert cli("cache", "dir", "-u").code == 0
    assert cli("cache", "dir").out == f"{project}/.dvc/cache\n"
    assert cli("cache", "dir", "-u").code == 1


def test_check_ignore(project: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / ".dvcignore").write_text("*.log\n!keep.log\n")
    assert cli("check-ignore", "a.log", "b") == (0, "a.log\n", "")
    assert cli("check-ignore", "b", "keep.log") == (1, "", "")
    assert cli("check-ignore", "-d", "-n", "a.log", "b", "keep.log").out == (
        ".dvcignore:1:*.log\ta.log\n::\tb\n.dvcignore:2:!keep.log\tkeep.log\n"
    )
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"b\n\xff.log\n")))
    assert cli("check-ignore", "--stdin") == (0, '"\\udcff.log"\n', "")
    for wrong in ([], ["-n", "b"], ["--stdin", "b"]):
        assert cli("check-ignore", *wrong).code == 129


# -- cache migrate -----------------------------------------------------------------------


def test_cache_migrate(data: Path, cli: Cli) -> None:
    assert cli("cache", "migrate").out == "there is nothing in the layout of DVC 2\n"
    old = data / ".dvc" / "cache" / "0c"
    old.mkdir()
    (old / "c175b9c0f1b6a831c399e269772661").write_text("a")
    (data / "old.dvc").write_text(
        "outs:\n- md5: 0cc175b9c0f1b6a831c399e269772661\n  size: 1\n  path: old\n"
    )
    told = "would migrate 1 object to the layout of DVC 3\nwould rewrite old.dvc\n"
    assert cli("cache", "migrate", "--dvc-files", "--dry").out == told
    assert cli("cache", "migrate", "--dvc-files").out == (
        "migrated 1 object to the layout of DVC 3\nrewrote old.dvc\n"
    )
    assert "hash: md5" in (data / "old.dvc").read_text()


def test_cache_migrate_says_what_it_could_not_do(data: Path, cli: Cli) -> None:
    (data / "old.dvc").write_text(
        "outs:\n- md5: 0cc175b9c0f1b6a831c399e269772661\n  size: 1\n  path: old\n"
    )
    said = cli("cache", "migrate", "--dvc-files")
    assert said.code == 1
    assert "left as they are:\n        old\n" in said.out


# -- fsck --------------------------------------------------------------------------------


def test_fsck_of_a_good_cache(data: Path, cli: Cli) -> None:
    said = cli("fsck")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("checked 5 objects (") and said.out.endswith("all is well\n")


def test_fsck_names_who_needs_a_damaged_or_missing_object(data: Path, cli: Cli) -> None:
    objects = data / ".dvc" / "cache" / "files" / "md5"
    for found in sorted(objects.glob("*/*")):
        content = found.read_bytes()
        if content == b"weights":
            found.chmod(0o644)
            found.write_bytes(b"rotten!")
        if content == b"a":
            found.unlink()
    said = cli("fsck")
    assert said.code == 1
    assert "Damaged objects, set aside:\n" in said.out
    assert "        missing:   images/a (work tree, HEAD, main)\n" in said.out
    assert "        damaged:   model (work tree, HEAD, main)\n" in said.out
    assert "hint: where you still have the data, 'git dvc add <path>' stores it again" in said.err


# -- root, version -----------------------------------------------------------------------


def test_root_is_the_way_up(data: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cli("root").out == ".\n"
    monkeypatch.chdir(data / "images")
    assert cli("root").out == "..\n"
    assert cli("-C", "..", "root").out == ".\n"
    monkeypatch.chdir(data / "images")
    assert cli("root", "-v").out == "..\n"


@pytest.mark.parametrize("command", ["version", "doctor"])
def test_version_tells_what_a_bug_report_needs(command: str, data: Path, cli: Cli) -> None:
    said = cli(command)
    assert said.code == (0 if command == "version" else 1)
    lines = dict(line.split(": ", 1) for line in said.out.splitlines() if ": " in line)
    assert said.out.startswith("git-dvc 0.1.0\npython 3.")
    assert lines["project"].startswith(str(data))
    assert lines["kind"] == "Git repository"
    assert lines["cache"].startswith(str(data / ".dvc" / "cache"))
    assert "copy yes" in lines["links"]
    assert lines["hooks"] == "absent"
    assert lines["config"] == f"{data / '.dvc' / 'config'} (project)"


def test_version_outside_of_a_project_and_leaves_no_trace(
    tmp_path: Path, project: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sorted(str(path) for path in project.rglob("*"))
    assert cli("version").code == 0
    assert sorted(str(path) for path in project.rglob("*")) == before
    monkeypatch.chdir(tmp_path)
    assert cli("version").out.endswith("project: none here\n")


def test_unreadable_lines_of_a_config_file_are_named(data: Path, cli: Cli) -> None:
    with open(data / ".dvc" / "config", "a") as config:
        config.write("[core]\n    nonsense = 1\n")
    said = cli("status")
    assert said.code == 0
    assert said.err.startswith("warning: ") and "nonsense" in said.err
    assert cli("status", "-q").err == ""


def test_names_with_escapes_are_quoted(data: Path, cli: Cli) -> None:
    name = "x\033[2Jy"
    (data / name).write_text("1")
    said = cli("add", name)
    assert said.code == 0 and "\033" not in said.out
    os.unlink(data / name)
    said = cli("checkout")
    assert "\033" not in said.out and said.out.startswith("A\t")
