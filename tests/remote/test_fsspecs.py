"""Kinds of remote that go through fsspec: what is said, and what drivers get wrong.

That they keep files is in ``contract``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from git_dvc.errors import ConfigError, MissingClientError
from git_dvc.remote import kinds
from git_dvc.remote.wire import AbsentError, UnsteadyError
from tests.remote import hdfsserver


@pytest.mark.parametrize(
    ("url", "module", "said"),
    [
        ("gdrive://folder/x", "pydrive2", "pip install 'git-dvc[gdrive]'"),
        ("oss://bucket/x", "ossfs", "pip install 'git-dvc[oss]'"),
        ("hdfs://user@host:8020/x", "pyarrow", "pip install 'git-dvc[hdfs]'"),
        ("webhdfs://user@host/x", "requests", "pip install 'git-dvc[webhdfs]'"),
        ("ssh://host/x", "asyncssh", "pip install 'git-dvc[ssh]'"),
        ("smb://user:secret@host/x", "smbclient", 'fsspec says: SMB requires "smbprotocol"'),
        ("nosuch://x/y", "", "is nosuch:// spelled as it should be?"),
    ],
)
def test_a_missing_driver_is_named_with_the_command(
    url: str, module: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if module:
        monkeypatch.setitem(sys.modules, module, None)
        monkeypatch.setitem(sys.modules, f"{module}.fs", None)
    for name in (
        "fsspec.implementations.arrow",
        "fsspec.implementations.webhdfs",
        "git_dvc.remote.ssh",
        "git_dvc.remote.ssh_login",
    ):
        monkeypatch.delitem(sys.modules, name, raising=False)
    with pytest.raises(MissingClientError) as caught:
        kinds.connect(url, {}, "store")
    assert said in caught.value.hint
    assert "secret" not in str(caught.value)


def test_without_fsspec_it_is_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    monkeypatch.delitem(sys.modules, "git_dvc.remote.fsspecs", raising=False)
    with pytest.raises(MissingClientError, match="fsspec") as caught:
        kinds.connect("ftp://host/x", {}, "store")
    assert caught.value.hint == "install it: pip install fsspec"


def test_webhdfs_takes_dvcs_options(tmp_path: Path) -> None:
    with hdfsserver.serving(tmp_path) as server:
        url = f"webhdfs://ada@127.0.0.1:{server.port}/store"
        wire = kinds.connect(url, {"user": "bob"}, "store")
        wire.reach()
        wire.write("files/md5/00/x", [b"one", b"two"], 6)
        assert set(server.users) >= {"bob"}
        assert "ada" not in server.users
        assert (tmp_path / "store/files/md5/00/x").read_bytes() == b"onetwo"
        (tmp_path / "store/files/link").symlink_to(tmp_path)
        assert [found.key for found in wire.listing("files/")] == ["files/md5/00/x"]
        server.renames = False
        with pytest.raises((UnsteadyError, AbsentError)):
            wire.write("files/md5/00/y", [b"data"], 4)
        assert [found.key for found in wire.listing("")] == ["files/md5/00/x"]
        wire.close()
    with pytest.raises(ConfigError, match="must not set"):
        kinds.connect("webhdfs://h/x", {"user": "ada", "token": "t"}, "store")
    with pytest.raises(UnsteadyError, match="the server failed") as caught:
        kinds.connect("webhdfs://127.0.0.1:1/x", {"token": "s3cret"}, "store").reach()
    assert "s3cret" not in str(caught.value)
