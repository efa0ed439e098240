"""The remotes in the config files: what is written, and that DVC reads the same."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from git_dvc.errors import ConfigError, GitDvcError, MissingClientError, UnknownRemoteError
from git_dvc.ops import remote as op
from git_dvc.ops import remotes
from git_dvc.project import Project
from tests import scene
from tests.conftest import run_git


@pytest.fixture
def top(git_repo: Path, tool: Path) -> Path:
    assert scene.run(tool, "init", "-q", "--no-hooks", cwd=git_repo).returncode == 0
    run_git("commit", "-qm", "init", cwd=git_repo)
    return git_repo


def config(top: Path, name: str = "config") -> str:
    path = top / ".dvc" / name
    return path.read_text() if path.exists() else ""


def test_add_writes_what_dvc_writes_and_stages_it(
    top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (top / "sub").mkdir()
    monkeypatch.chdir(top / "sub")
    with Project.open() as project:
        op.add(project, "Store", "../../store", default=True)
        op.add(project, "cloud", "s3://bucket/x")
    assert config(top) == (
        "['remote \"store\"']\n    url = ../../store\n[core]\n    remote = store\n"
        "['remote \"cloud\"']\n    url = s3://bucket/x\n"
    )
    assert run_git("diff", "--cached", "--name-only", cwd=top) == ".dvc/config"
    with Project.open() as project:
        assert remotes.about(project, "store").url == str(top.parent / "store")
        assert [tuple(one) for one in op.listing(project)] == [
            ("store", str(top.parent / "store"), True),
            ("cloud", "s3://bucket/x", False),
        ]


def test_what_cannot_be_added_leaves_the_file_alone(top: Path) -> None:
    with Project.open() as project:
        op.add(project, "store", "../store")
        before = config(top)
        for name, url in (
            ("store", "../other"),
            ("x", "gopher://y"),
            ("x", " "),
            ('a"b', "../x"),
            ("a]b", "../x"),
            ("", "../x"),
            ("-x", "../x"),
            ("x", "a\nb"),
        ):
            with pytest.raises(ConfigError):
                op.add(project, name, url)
            assert config(top) == before
        op.modify(project, "store", "jobs", "3")
        op.add(project, "store", "../other", force=True)
        assert remotes.about(project, "store").options == {"url": str(top.parent / "other")}


def test_remove_takes_the_secrets_and_the_default_along(top: Path) -> None:
    with Project.open() as project:
        op.add(project, "store", "https://x/y", default=True)
        op.modify(project, "store", "password", "secret", "local")
        with pytest.raises(ConfigError, match="has no url"):
            op.remove(project, "store", "project")
        assert "store" in config(top)
        op.remove(project, "STORE")
        assert config(top) == "" and config(top, "config.local") == ""
        assert op.listing(project) == [] and op.default_of(project) is None
        with pytest.raises(UnknownRemoteError):
            op.remove(project, "store")


def test_rename_keeps_options_everywhere_and_names_outputs(top: Path) -> None:
    (top / "x.dvc").write_text(
        f"outs:\n- md5: {'a' * 32}\n  size: 1\n  hash: md5\n  path: x\n  remote: store\n"
    )
    with Project.open() as project:
        op.add(project, "store", "https://x/y", default=True)
        op.add(project, "other", "../z")
        op.modify(project, "store", "password", "secret", "local")
        with pytest.raises(ConfigError, match="exists already"):
            op.rename(project, "store", "other")
        assert op.rename(project, "store", "new") == ["x.dvc"]
        assert remotes.about(project, "new").options["password"] == "secret"
        assert op.default_of(project) == "new"
        assert "store" not in config(top) + config(top, "config.local")


def test_default(top: Path) -> None:
    with Project.open() as project:
        assert op.default_of(project) is None
        with pytest.raises(UnknownRemoteError):
            op.put_default(project, "nothing")
        op.add(project, "store", "../store")
        op.put_default(project, "STORE")
        assert op.default_of(project) == "store"
        op.put_default(project, None)
        assert op.default_of(project) is None


def test_urls(top: Path, tmp_path: Path) -> None:
    with Project.open() as project:
        op.add(project, "base", str(tmp_path / "base"))
        op.add(project, "sub", "remote://base/in/it")
        op.add(project, "typed", f"file://{tmp_path}/with%20space")
        assert f"url = {tmp_path}/with space\n" in config(top), "DVC does not know file://"
        op.add(project, "home", "~/data")
        op.add(project, "circle", "remote://circle/x")
        op.add(project, "cloud", "oss://user:secret@bucket/path")
    with open(top / ".dvc" / "config", "a") as stream:
        stream.write(f'[remote "file"]\n    url = file://{tmp_path}/with%20space\n')
    with Project.open() as project:
        assert remotes.about(project, "sub").url == str(tmp_path / "base/in/it")
        assert remotes.closed(project, "file").where == str(tmp_path / "with space")
        assert remotes.about(project, "home").url == os.path.expanduser("~/data")
        with pytest.raises(ConfigError, match="circle"):
            remotes.about(project, "circle")
        with pytest.raises(MissingClientError) as caught:
            remotes.opened(project, "cloud")
        assert "secret" not in str(caught.value)
        assert "secret" not in str(op.listing(project))
        with pytest.raises(GitDvcError, match="no default"):
            remotes.opened(project)


def test_a_linked_work_tree_uses_the_folder_of_the_main_one(top: Path) -> None:
    with Project.open() as project:
        op.add(project, "store", "../store", default=True)
    run_git("commit", "-qm", "remote", cwd=top)
    linked = top.parent / "deep" / "linked"
    run_git("worktree", "add", "-q", linked, cwd=top)
    with Project.open(str(linked)) as project:
        assert remotes.about(project, "store").url == str(top.parent / "store")


def test_the_command_line(top: Path, tool: Path) -> None:
    def said(*args: str, code: int = 0) -> str:
        done = scene.run(tool, "remote", *args, cwd=top)
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr

    assert said("default", code=1) == "no remote is the default one\n"
    assert said("add", "-d", "store", "../store") == "'store' is the default remote now\n"
    assert "exists already" in said("add", "store", "../other", code=128)
    said("add", "--local", "mine", "/data")
    assert said("list") == f"store\t{top.parent}/store\t(default)\nmine\t/data\n"
    assert said("list", "--local") == "mine\t/data\n"
    said("modify", "store", "jobs", "4")
    assert "expected a whole number" in said("modify", "store", "jobs", "many", code=128)
    said("modify", "-u", "store", "jobs")
    assert "give a value" in said("modify", "store", "jobs", code=129)
    said("rename", "store", "nas")
    assert said("default") == "nas\n"
    said("remove", "nas")
    said("rm", "mine")
    assert said("list") == ""
    assert "usage: git dvc remote" in said("-h")


def test_dvc_reads_the_same(top: Path, real_dvc: Path, tool: Path) -> None:
    for args in (
        ("add", "-d", "store", "../store"),
        ("add", "--local", "mine", "/data"),
        ("modify", "--local", "store", "jobs", "3"),
        ("rename", "store", "nas"),
    ):
        done = scene.run(tool, "remote", *args, cwd=top)
        assert done.returncode == 0, done.stderr
    done = scene.run(real_dvc, "remote", "list", cwd=top, env={"COLUMNS": "1000"})
    words = f"nas {top.parent}/store (default) mine /data"
    assert sorted(done.stdout.split()) == sorted(words.split())
    assert scene.run(real_dvc, "remote", "default", cwd=top).stdout == "nas\n"
