from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from git_dvc.errors import ConfigError, GitDvcError, NotAProjectError, UnsetOptionError
from git_dvc.ops import config
from git_dvc.project import Project
from tests.ops.conftest import Dvc, Opener, write


def test_set_get_and_unset(project: Project, reopen: Opener) -> None:
    config.put(project, "Core.Remote", "Store")
    assert Path(".dvc/config").read_text() == "[core]\n    remote = store\n"
    found = config.get(reopen(), "core.remote")
    assert (found.value, found.level, found.path) == (
        "store",
        "project",
        os.path.join(project.root, ".dvc", "config"),
    )
    out = subprocess.run(["git", "diff", "--cached", "--name-only"], capture_output=True, text=True)
    assert ".dvc/config" in out.stdout
    config.unset(reopen(), "core.remote")
    assert Path(".dvc/config").read_text() == ""


def test_a_later_level_wins_and_each_can_be_asked(project: Project) -> None:
    config.put(project, "cache.type", "copy", "global")
    config.put(project, "cache.type", "hardlink", "local")
    assert config.get(project, "cache.type").value == "hardlink"
    assert config.get(project, "cache.type", "global").value == "copy"
    with pytest.raises(UnsetOptionError):
        config.get(project, "cache.type", "project")
    assert [(s.level, s.value) for s in config.listing(project)] == [
        ("global", "copy"),
        ("local", "hardlink"),
    ]
    assert Path(".dvc/config.local").exists()
    assert Path(".dvc/config").read_text() == ""


def test_what_is_not_set_is_an_error(project: Project) -> None:
    with pytest.raises(UnsetOptionError) as caught:
        config.get(project, "core.remote")
    assert caught.value.exit_code == 1
    with pytest.raises(UnsetOptionError):
        config.unset(project, "core.remote")
    with pytest.raises(ConfigError, match="no such option"):
        config.get(project, "core.nosuch")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("core.nosuch", "1"),
        ("nosuch.option", "1"),
        ("core.autostage", "maybe"),
        ("cache.type", "hardlink,magic"),
        ("core.checksum_jobs", "0"),
        ("cache.dir", ""),
        ("plain", "1"),
        ("remote.store.verify", "true"),
    ],
)
def test_what_dvc_would_refuse_is_not_written(project: Project, name: str, value: str) -> None:
    with pytest.raises(ConfigError):
        config.put(project, name, value)
    assert Path(".dvc/config").read_text() == ""


def test_a_remote_keeps_its_url_while_it_has_options(project: Project) -> None:
    config.put(project, "remote.store.url", "s3://bucket")
    config.put(project, "remote.store.region", "eu", "local")
    with pytest.raises(ConfigError, match="url"):
        config.unset(project, "remote.store.url")
    with pytest.raises(ConfigError, match="no such option"):
        config.put(project, "remote.store.keyfile", "x")
    assert config.get(project, "remote.store.url").value == "s3://bucket"


@pytest.mark.parametrize("name", ["dvc.maxFileSize", "core.maxfilesize", "dvc.other", "fsync"])
def test_settings_of_git_are_said_to_be_git_s(project: Project, name: str) -> None:
    with pytest.raises(GitDvcError) as caught:
        config.put(project, name, "1")
    assert "git config dvc." in caught.value.hint


def test_paths_are_stored_relative_to_the_file_and_shown_absolute(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkdir("sub")
    monkeypatch.chdir("sub")
    config.put(project, "remote.store.url", "../../store")
    assert "url = ../../store" in Path("../.dvc/config").read_text()
    config.put(project, "remote.here.url", "data")
    assert "url = ../sub/data" in Path("../.dvc/config").read_text()
    shown = config.get(project, "remote.here.url").value
    assert shown == os.path.join(project.root, "sub", "data")
    for verbatim in ("/abs/path", "~/there", "ssh://host/path"):
        config.put(project, "remote.here.url", verbatim)
        assert f"url = {verbatim}\n" in Path("../.dvc/config").read_text()


def test_comments_and_order_stay(project: Project, reopen: Opener) -> None:
    write(".dvc/config", "# top\n[core]\n    remote = a  # mine\n[cache]\n    type = copy\n")
    config.put(reopen(), "core.remote", "b")
    assert Path(".dvc/config").read_text() == (
        "# top\n[core]\n    remote = b  # mine\n[cache]\n    type = copy\n"
    )


def test_the_new_value_of_autostage_counts_for_the_change_itself(project: Project) -> None:
    subprocess.run(["git", "commit", "-qm", "x"], check=True)
    config.put(project, "core.autostage", "false")
    out = subprocess.run(["git", "diff", "--cached", "--name-only"], capture_output=True, text=True)
    assert out.stdout == ""


def test_a_value_that_was_not_understood_can_be_unset(project: Project, reopen: Opener) -> None:
    write(".dvc/config", "[core]\n    autostage = perhaps\n")
    config.unset(reopen(), "core.autostage")
    assert Path(".dvc/config").read_text() == ""


def test_the_user_s_own_file_needs_no_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config.put(None, "core.remote", "mine", "global")
    assert config.get(None, "core.remote").value == "mine"
    config.unset(None, "core.remote", "global")
    with pytest.raises(NotAProjectError):
        config.put(None, "core.remote", "mine")


def test_a_secret_in_a_committed_file_is_pointed_out(project: Project) -> None:
    config.put(project, "remote.w.url", "webdav://host/x")
    assert config.put(project, "remote.w.password", "p").notes
    assert not config.put(project, "remote.w.password", "p", "local").notes


@pytest.mark.interop
def test_dvc_reads_the_same_values(project: Project, dvc: Dvc) -> None:
    config.put(project, "remote.store.url", "../store")
    config.put(project, "core.remote", "store")
    config.put(project, "cache.type", "hardlink,symlink")
    config.put(project, "core.checksum_jobs", "3", "local")
    for setting in config.listing(project):
        if not setting.name.endswith("url"):
            assert dvc("config", setting.name) == setting.value
    assert dvc("config", "remote.store.url") == config.get(project, "remote.store.url").value
    assert dvc("config", "-l") == "\n".join(f"{s.name}={s.value}" for s in config.listing(project))
