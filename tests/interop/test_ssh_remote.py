"""A remote on an SSH server: what one program sends, the other fetches."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.interop.harness import Tool, commit, git, remove, start, tree, write
from tests.interop.test_web_remotes import needs
from tests.remote import sshd
from tests.scene import check_objects


def test_there_and_back(
    dvc: Tool,
    gd: Tool,
    git_repo: Path,
    isolated_home: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    needs("dvc_ssh")
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    top = tmp_path_factory.mktemp("sshd")
    with sshd.running(top) as server:
        (isolated_home / ".ssh").symlink_to(server.home / ".ssh")
        start(gd)
        for number in range(5):
            write(f"d/{number} ü", f"{number}\n")
        write("big", os.urandom(1_500_000).hex())
        gd("add", "d", "big")
        gd("remote", "add", "-d", "far", server.url(top / "store"))
        commit("one")
        gd("push")
        git("clone", "-q", ".", "../two")
        monkeypatch.chdir("../two")
        dvc("pull")
        assert dvc.is_clean()
        write("d/new", "by the other\n")
        dvc("add", "d")
        git("commit", "-qam", "two")
        dvc("push")
        here = tree("d", "big")
        monkeypatch.chdir(git_repo)
        git("pull", "-q", "../two", "HEAD")
        remove(".dvc/cache", "d", "big")
        gd("pull")
        assert tree("d", "big") == here
        assert gd.is_clean()
        assert gd("push") == "nothing to send, all of it is there already"
        assert len(check_objects(top / "store")) == 9
        assert os.listdir(top / "store/tmp") == []
        server.known_hosts.write_text("")
        said = gd.fails("push").err
        assert "remote 'far' cannot be used: the host key of [127.0.0.1]:" in said
        assert f"accept it once with 'ssh -p {server.port} {sshd.USER}@127.0.0.1'" in said
