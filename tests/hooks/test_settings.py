"""The drivers in Git's config, and the attributes: set once, the user's own are left alone."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from git_dvc.git import notice
from git_dvc.git.repo import Repository
from git_dvc.hooks import settings
from tests.conftest import run_git as git
from tests.scene import run

Git = Callable[..., str]
LINES = "*.dvc diff=dvc merge=dvc\ndvc.lock diff=dvc merge=dvc\n"


@pytest.fixture
def program(tmp_path: Path) -> str:
    path = tmp_path / "it's 100% a bin" / "git-dvc"
    path.parent.mkdir()
    path.write_text('#!/bin/sh\necho "$@"\ncase $1 in merge-driver) echo done >"$3";; esac\n')
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def repo(git_repo: Path) -> Repository:
    return opened(git_repo)


def opened(top: Path) -> Repository:
    found = Repository.discover(str(top))
    assert found is not None
    return found


def local(top: str) -> str:
    return git("config", "--local", "--list", cwd=top)


def test_git_really_runs_the_drivers(repo: Repository, program: str) -> None:
    top = Path(repo.top)
    settings.write(repo, program)
    settings.write_attributes(repo)
    for branch in ("base", "ours", "theirs"):
        if branch != "base":
            git("checkout", "-q", "-b", branch, "main", cwd=top)
        (top / "x.dvc").write_text(f"{branch}\n")
        git("add", "-A", cwd=top)
        git("commit", "-qm", branch, cwd=top)
    assert "+textconv " in git("diff", "main", "ours", cwd=top)
    git("merge", "-q", "ours", cwd=top)
    assert (top / "x.dvc").read_text() == "done\n"


def test_without_the_program_git_does_what_it_does_by_itself(
    repo: Repository, program: str
) -> None:
    top = Path(repo.top)
    settings.write(repo, program)
    settings.write_attributes(repo)
    text = "outs:\n- md5: {}\n  size: 1\n  nfiles: 1\n  hash: md5\n  path: {}\n"
    versions = {"base": ("0", "x"), "ours": ("1", "x"), "theirs": ("0", "y"), "other": ("2", "x")}
    for branch, (value, path) in versions.items():
        git("checkout", "-q", "-b", branch, *["base"] * (branch != "base"), cwd=top)
        (top / "x.dvc").write_text(text.format(value, path))
        git("add", "-A", cwd=top)
        git("commit", "-qm", branch, cwd=top)
    for gone in (True, False):
        git("checkout", "-q", "--detach", "ours", cwd=top)
        if gone:
            os.rename(program, f"{program}.gone")
        else:  # the Python that it names was deleted
            Path(program).write_text("#!/nowhere/python\n")
            os.chmod(program, 0o755)
        done = run("git", "merge", "-q", "--no-edit", "theirs", cwd=top)
        line = "git-dvc: not found, merged by lines: run 'git dvc install' again\n"
        assert done.returncode == 0 and done.stderr.endswith(line)
        assert (top / "x.dvc").read_text() == text.format("1", "y")
        done = run("git", "merge", "other", cwd=top)
        assert done.returncode == 1
        assert "<<<<<<< ours\n- md5: 1\n=======\n- md5: 2\n>>>>>>>" in (top / "x.dvc").read_text()
        git("merge", "--abort", cwd=top)
        shown = run("git", "diff", "base", "other", cwd=top)
        assert "-- md5: 0\n+- md5: 2\n" in shown.stdout
        assert not gone or shown.stderr == ""


def test_the_merge_driver_of_dvc_is_set_aside_and_put_back(repo: Repository, program: str) -> None:
    theirs = "dvc git-hook merge-driver --ancestor %O --our %A --their %B "
    git("config", "merge.dvc.name", "DVC merge driver", cwd=repo.top)
    git("config", "merge.dvc.driver", theirs, cwd=repo.top)
    before = local(repo.top)
    assert settings.look(repo)[1].why == "it is DVC's own"
    assert "set merge.dvc.driver in place of DVC's" in settings.write(repo, program)
    assert [one.state for one in settings.look(repo)] == ["set", "set"]
    assert settings.write(repo, program) == []
    assert "put back DVC's merge.dvc.driver" in settings.remove(repo)
    assert local(repo.top) == before


def test_settings_are_made_once_and_taken_out(repo: Repository, program: str) -> None:
    before = local(repo.top)
    keys = ["diff.dvc.textconv", "merge.dvc.driver", "filter.dvc.process"]
    assert settings.write(repo, program) == [f"set {key}" for key in keys]
    assert settings.write(repo, program) == []
    assert [one.state for one in settings.look(repo)] == ["set", "set"]
    assert repo.config_get("merge.dvc.name")
    assert settings.look_at_filter(repo).state == "set"
    assert settings.remove(repo) == [f"unset {key}" for key in keys]
    assert settings.look_at_filter(repo).state == "missing"
    assert not Path(repo.common_dir, "info", "attributes").exists()
    assert local(repo.top) == before
    assert settings.remove(repo) == []


def test_a_program_that_moved_is_told_and_set_anew(
    repo: Repository, program: str, tmp_path: Path
) -> None:
    settings.write(repo, str(tmp_path / "gone" / "git-dvc"))
    states = settings.look(repo)
    assert [one.state for one in states] == ["outdated", "outdated"]
    assert "its program is gone" in states[0].why
    drivers = ["set diff.dvc.textconv", "set merge.dvc.driver"]
    assert settings.write(repo, program) == drivers
    assert [one.state for one in settings.look(repo)] == ["set", "set"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("diff.dvc.textconv", "cat"),
        ("diff.dvc.command", "my-diff"),
        ("merge.dvc.driver", "my-merge %A"),
    ],
)
def test_a_driver_of_the_user_is_left_and_said(
    repo: Repository, program: str, key: str, value: str
) -> None:
    git("config", key, value, cwd=repo.top)
    done = settings.write(repo, program)
    assert f"left {key} as it is: it is not ours ({value})" in "\n".join(done)
    assert git("config", key, cwd=repo.top) == value
    settings.remove(repo)
    assert git("config", key, cwd=repo.top) == value


def test_attributes_of_this_clone_come_last_and_go_again(repo: Repository, program: str) -> None:
    info = Path(repo.common_dir, "info", "attributes")
    info.parent.mkdir(exist_ok=True)
    mine = "*.psd filter=lfs\n*.dvc filter=dvc\n*.dvc !filter"
    info.write_text(mine)
    assert "set filter.dvc.process" in settings.write(repo, program)
    assert info.read_text() == "*.psd filter=lfs\n*.dvc !filter\n" + "".join(
        f"{line}\n" for line in notice.LINES
    )
    info.write_text(info.read_text() + "*.dvc -filter\n")
    assert settings.look_at_filter(repo).why == "no attributes of this clone name it"
    assert settings.write(repo, program) == ["set filter.dvc.process"]
    settings.remove(repo)
    assert info.read_text() == "*.psd filter=lfs\n*.dvc !filter\n*.dvc -filter\n"


@pytest.mark.parametrize("where", [".gitattributes", "sub/.gitattributes", "user", "filter"])
def test_a_filter_of_others_for_pointer_files_is_left_alone(
    repo: Repository, program: str, where: str, tmp_path: Path
) -> None:
    settings.write(repo, program)
    top = Path(repo.top)
    if where == "filter":
        settings.remove(repo)
        git("config", "filter.dvc.process", "my-filter", cwd=top)
    elif where == "user":
        settings.remove(repo)
        (tmp_path / "attributes").write_text("* filter=mine\n")
        git("config", "core.attributesFile", str(tmp_path / "attributes"), cwd=top)
    else:
        (top / where).parent.mkdir(exist_ok=True)
        (top / where).write_text("# mine\nsecret/** filter=git-crypt diff=git-crypt\n")
        git("add", "-A", cwd=top)
        assert notice.told_by(repo, [where]) == ""
        done = settings.write(opened(top), program)
        assert done == ["unset filter.dvc.process"]
    repo = opened(top)
    (line,) = [text for text in settings.write(repo, program) if notice.KEY in text]
    assert line.startswith(f"left {notice.KEY} as it is: ")
    assert settings.look_at_filter(repo).state == "yours"
    assert notice.told_by(repo, []) == ""
    assert "filter=dvc" not in git("check-attr", "filter", "--", "x.dvc", cwd=top)


def test_a_link_in_the_place_of_this_clones_attributes_is_left(
    repo: Repository, program: str, tmp_path: Path
) -> None:
    (tmp_path / "mine").write_text("*.png binary\n")
    info = Path(repo.common_dir, "info", "attributes")
    info.parent.mkdir(exist_ok=True)
    info.symlink_to(tmp_path / "mine")
    done = settings.write(repo, program)
    assert done[2:] == [
        f"left {notice.KEY} as it is: {info} is a link; each checkout takes a little longer"
    ]
    assert settings.look_at_filter(repo).state == "yours"
    settings.remove(repo)
    assert info.is_symlink() and info.read_text() == "*.png binary\n"


def test_words_of_the_users_own_that_start_us_are_fine(repo: Repository) -> None:
    git("config", "diff.dvc.textconv", "git dvc textconv", cwd=repo.top)
    git("config", "merge.dvc.driver", "git-dvc merge-driver %O %A %B %L %P", cwd=repo.top)
    assert [one.state for one in settings.look(repo)] == ["set", "set"]


def test_attributes_are_added_once(repo: Repository) -> None:
    path = Path(repo.top, ".gitattributes")
    path.write_bytes(b"* text=auto\r\n*.png binary\r\n")
    (line,) = settings.write_attributes(repo)
    assert "commit it" in line
    assert (
        path.read_bytes()
        == b"* text=auto\r\n*.png binary\r\n" + LINES.replace("\n", "\r\n").encode()
    )
    assert settings.write_attributes(repo) == []


def test_attributes_of_the_user_are_left_and_said(repo: Repository) -> None:
    path = Path(repo.top, ".gitattributes")
    path.write_text("*.dvc -diff merge=dvc\ndvc.lock merge=dvc diff=dvc\n")
    assert settings.write_attributes(repo) == ["left '*.dvc -diff' in .gitattributes as it is"]
    assert path.read_text() == "*.dvc -diff merge=dvc\ndvc.lock merge=dvc diff=dvc\n"


def test_a_linked_file_is_not_written_through(repo: Repository, tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("theirs\n")
    Path(repo.top, ".gitattributes").symlink_to(tmp_path / "victim")
    (line,) = settings.write_attributes(repo)
    assert "for this clone alone" in line
    assert (tmp_path / "victim").read_text() == "theirs\n"
    assert settings.missing_attributes(repo) == ([], [])


def test_a_file_outside_of_a_sparse_checkout_is_not_made(repo: Repository) -> None:
    top = repo.top
    Path(top, ".gitattributes").write_text("*.png binary\n")
    git("add", "-A", cwd=top)
    git("commit", "-qm", "x", cwd=top)
    git("update-index", "--skip-worktree", ".gitattributes", cwd=top)
    os.unlink(Path(top, ".gitattributes"))
    settings.write_attributes(repo)
    assert not Path(top, ".gitattributes").exists()
    assert settings.missing_attributes(repo) == ([], [])


def test_a_fresh_clone_keeps_a_clean_work_tree(repo: Repository) -> None:
    info = Path(repo.common_dir, "info", "attributes")
    info.parent.mkdir(exist_ok=True)
    info.write_text("*.png binary\n")
    assert settings.write_attributes(repo, shared=False) == []
    assert git("status", "--porcelain", cwd=repo.top) == ""
    assert settings.missing_attributes(repo) == ([], [])
    assert len(settings.remove_attributes(repo)) == 1
    assert info.read_text() == "*.png binary\n"
    info.unlink()
    settings.write_attributes(repo, shared=False)
    settings.remove_attributes(repo)
    assert not info.exists()
    assert settings.remove_attributes(repo) == []
