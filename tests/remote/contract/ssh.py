"""OpenSSH's server on loopback for the contract suite."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from git_dvc.remote import kinds
from git_dvc.remote.wire import Wire
from tests.remote import sshd


@contextmanager
def ssh(top: Path) -> Iterator[Callable[[str], Wire]]:
    with sshd.running(top) as server, pytest.MonkeyPatch.context() as patch:

        def connect(name: str) -> Wire:
            patch.setenv("HOME", str(server.home))
            patch.delenv("SSH_AUTH_SOCK", raising=False)
            return kinds.connect(server.url(top / "data" / name), {}, "store")

        yield connect
