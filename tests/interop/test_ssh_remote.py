"""A remote on an SSH server: what one program sends, the other fetches."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.interop.harness import Tool
from tests.interop.servers import needs, there_and_back
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
        there_and_back(dvc, gd, git_repo, server.url(top / "store"), monkeypatch)
        assert len(check_objects(top / "store")) == 9
        assert os.listdir(top / "store/tmp") == []
        server.known_hosts.write_text("")
        said = gd.fails("push").err
        assert "remote 'far' cannot be used: the host key of [127.0.0.1]:" in said
        assert f"accept it once with 'ssh -p {server.port} {sshd.USER}@127.0.0.1'" in said
