"""Aliases that start with '!': Git runs them at the top and tells where the user stands."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from git_dvc.cli import prefix
from tests import launcher
from tests.cli.conftest import Cli
from tests.conftest import run_git


@pytest.fixture
def sub(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a sub-directory with a file, and ``git dvc`` on PATH."""
    program = launcher.write(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    for command in ("add", "status", "checkout", "remove", "diff"):
        run_git("config", f"alias.d{command}", f"!git dvc {command}", cwd=project)
    folder = project / "sub"
    folder.mkdir()
    (folder / "model").write_text("weights")
    return folder


def test_targets_of_an_alias_are_found_where_the_user_stands(sub: Path) -> None:
    run_git("dadd", "model", cwd=sub)
    assert (sub / "model.dvc").exists()
    run_git("commit", "-q", "-m", "model", cwd=sub)
    (sub / "model").unlink()
    assert "deleted" in run_git("dstatus", "model", cwd=sub)
    run_git("dcheckout", "model", cwd=sub)
    assert (sub / "model").read_text() == "weights"
    (sub / "model").write_text("other")
    assert "sub/model" in run_git("ddiff", "HEAD", "--targets", "model", cwd=sub)
    run_git("dremove", "model.dvc", cwd=sub)
    assert not (sub / "model.dvc").exists()


def test_what_is_there_from_the_top_is_meant_as_by_git_itself(sub: Path, project: Path) -> None:
    (project / "model").write_text("at the top")
    run_git("dadd", "model", cwd=sub)
    assert (project / "model.dvc").exists() and not (sub / "model.dvc").exists()
    (project / "other").write_text("o")
    (sub / "other").write_text("o")
    run_git("config", "alias.keep", '!f() { git dvc add "$GIT_PREFIX$1"; }; f', cwd=project)
    run_git("keep", "other", cwd=sub)
    assert (sub / "other.dvc").exists() and not (project / "other.dvc").exists()


def test_an_alias_without_a_shell_and_dash_c_need_no_prefix(sub: Path, project: Path) -> None:
    run_git("config", "alias.plain", "dvc add", cwd=project)
    run_git("plain", "model", cwd=sub)
    assert (sub / "model.dvc").exists()


@pytest.mark.parametrize("value", ["", "../", "/tmp/", "no-such-folder/"])
def test_a_prefix_that_leads_nowhere_is_none(
    value: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_PREFIX", value)
    assert prefix.prefix() == ""


def test_below_the_top_the_user_stands_here(sub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in an alias that begins with ``cd "$GIT_PREFIX"``."""
    monkeypatch.setenv("GIT_PREFIX", "sub/")
    assert prefix.prefix() == "sub/"
    monkeypatch.chdir(sub)
    assert prefix.prefix() == ""


def test_a_target_that_is_nowhere_is_named_as_it_was_given(
    sub: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_PREFIX", "sub/")
    said = cli("add", "no-such-file")
    assert said.code != 0 and "no-such-file" in said.err and "sub/no-such" not in said.err
