"""Sharing data over web servers, as a user does it: WebDAV to write, plain HTTP to read."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from git_dvc.ops.moved_remotes import _server
from tests import scene
from tests.conftest import run_git
from tests.remote import davserver
from tests.remote.davserver import Dav
from tests.remote.webserver import Site
from tests.scene import check_objects, is_clean, read_tree, write_tree

PASSWORD = "s3cret&ü"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dav]:
    with davserver.serving(tmp_path_factory.mktemp("dav"), {"ada": PASSWORD}) as dav:
        yield dav


@pytest.fixture
def dav(server: Dav, monkeypatch: pytest.MonkeyPatch) -> Dav:
    server.clear()
    shutil.rmtree(server.top)
    server.top.mkdir()
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setenv("NETRC", os.devnull)
    return server


def run(top: Path, *args: str, code: int = 0) -> str:
    done = scene.git_dvc(*args, cwd=top)
    said = done.stdout + done.stderr
    assert done.returncode == code, f"{args}: {done.returncode}\n{said}"
    assert PASSWORD not in said
    return said


@pytest.fixture
def one(git_repo: Path, dav: Dav) -> Path:
    run(git_repo, "init", "-q", "--no-hooks")
    write_tree(git_repo, {f"data/{n}": f"file {n}" for n in range(20)})
    write_tree(git_repo, {"model": os.urandom(2_000_000)})
    run(git_repo, "add", "-q", "data", "model")
    url = f"webdav://{dav.url[len('http://') :]}/team/store"
    run(git_repo, "remote", "add", "-d", "team", url)
    run(git_repo, "remote", "modify", "team", "user", "ada")
    run_git("add", "-A", cwd=git_repo)
    run_git("commit", "-qm", "data", cwd=git_repo)
    return git_repo


def test_written_by_webdav_and_read_by_http(one: Path, dav: Dav) -> None:
    said = run(one, "push", code=1)
    assert "remote 'team' cannot be used: 401 Unauthorized" in said
    assert "'git dvc remote modify --local team user ...'" in said
    run(one, "remote", "modify", "--local", "team", "password", PASSWORD)
    assert "sent 21 files (1.91 MiB) to 'team'" in run(one, "push")
    assert len(check_objects(dav.top / "team/store")) == 22
    dav.requests.clear()
    assert "nothing to send" in run(one, "push")
    assert len(dav.requests) < 6, dav.requests

    # A colleague without a password, from the web server that shows the same folder.
    two = one.parent / "two"
    run_git("clone", "-q", one, two, cwd=one)
    with Site() as site:
        site.writable = False
        for name, data in read_tree(dav.top).items():
            site.files[f"/data/{name}"] = data
        (broken,) = (name for name in site.files if site.files[name] == b"file 7")
        whole = site.files.pop(broken)
        run(two, "remote", "add", "--local", "web", f"{site.url}/team/store")
        said = run(two, "pull", "-r", "web", code=1)
        assert "data/7" in said and "neither in the cache nor on the remote 'web'" in said
        site.files[broken] = b"fuse 7"
        said = run(two, "fetch", "-r", "web", code=1)
        assert "data/7" in said
        site.files[broken] = whole
        run(two, "pull", "-r", "web")
        assert is_clean(two)
        assert read_tree(two / "data") == read_tree(one / "data")
        # Nobody takes what is new here.
        write_tree(two, {"data/new": "new"})
        run(two, "add", "-q", "data")
        said = run(two, "push", "-r", "web", code=1)
        assert "405: the server takes no files by POST" in said
        assert "'git dvc remote modify web method put'" in said
    assert PASSWORD not in (one / ".dvc/config").read_text()


def test_a_command_for_tokens_is_the_users_own(one: Path, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    command = f"touch {mark}"
    run(one, "remote", "modify", "team", "bearer_token_command", command)
    said = run(one, "push", code=128)
    assert "remote.team.bearer_token_command: a command that others have committed" in said
    assert "git dvc config --unset remote.team.bearer_token_command" in said
    assert not mark.exists()
    run(one, "config", "--unset", "remote.team.bearer_token_command")
    run(one, "config", "--local", "remote.team.bearer_token_command", command)
    assert "bearer_token_command printed no token" in run(one, "push", code=1)
    assert mark.exists()


def test_a_commit_that_moves_a_remote_does_not_get_the_password(one: Path) -> None:
    run(one, "remote", "modify", "--local", "team", "password", PASSWORD)
    run(one, "push")
    with Site() as other:
        url = f"http://{other.host}/team/store"
        run(one, "remote", "modify", "team", "url", url)
        said = run(one, "push", code=1)
        assert "the project's config has moved it from http://127.0.0.1" in said
        assert f"'git dvc remote modify --local team url {url}'" in said
        assert other.requests == []
        run(one, "remote", "modify", "--local", "team", "url", url)
        run(one, "push")
        assert other.requests[0].headers["Authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://host/a", "webdavs://ada@HOST:443/b?x", True),
        ("http://host/a", "http://host:80", True),
        ("http://host/a", "https://host/a", False),
        ("http://host/a", "http://host:8080/a", False),
        ("http://host/a", "http://host.evil/a", False),
        ("http://host/a", "http://host@evil/a", False),
        ("http://host/a", "http://evil?@host/a", False),
        ("http://host/a", "http://evil\\@host/a", False),
    ],
)
def test_which_addresses_are_one_server(one: str, other: str, same: bool) -> None:
    assert (_server(one) == _server(other)) is same


def test_a_password_in_a_url_is_not_shown_and_not_committed_unnoticed(one: Path) -> None:
    url = f"https://ada:{PASSWORD}@host/data?signature=x"
    said = run(one, "remote", "add", "web", url)
    assert "this file is committed, with the password in the url" in said
    assert "'git dvc config --local remote.web.password ...'" in said
    assert run(one, "remote", "add", "--local", "mine", url) == ""
    assert "web\thttps://host/data\nmine\thttps://host/data\n" in run(one, "remote", "list")
    assert "committed" in run(one, "remote", "modify", "team", "url", url)
    assert run(one, "remote", "modify", "team", "url", "https://ada@host/data") == ""


def test_options_that_cannot_be_used(one: Path) -> None:
    words = {
        "url = http:///x": "url: names no host",
        "ssl_verify = /no/such/file": "ssl_verify: /no/such/file: no such file",
        "method = delete": "method: expected put or post",
        "auth = custom": "auth: custom needs the option custom_auth_header",
    }
    run(one, "remote", "modify", "team", "url", "https://127.0.0.1:1/x")
    for line, expected in words.items():
        (one / ".dvc/config.local").write_text(f'[remote "team"]\n{line}\n')
        assert f"remote 'team': {expected}" in run(one, "push", code=128)
