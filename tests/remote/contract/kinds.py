"""The kinds of server that the contract suite runs against.

A kind starts a real server (or a folder) once for a module of tests, and says how to connect to
an empty place on it. A new kind of wire adds one line to ``KINDS`` and a module beside this one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from git_dvc.remote import http, webdav
from git_dvc.remote.wire import Wire
from tests.remote import davserver
from tests.remote.contract.azure import azure
from tests.remote.contract.clouds import gs, s3
from tests.remote.contract.folder import FolderWire
from tests.remote.contract.fsspecs import memory, webhdfs
from tests.remote.contract.ssh import ssh
from tests.remote.webserver import Site

Connect = Callable[[str], Wire]
"""Returns a client for a place of this name below the server's top, which starts empty."""

Kind = Callable[[Path], AbstractContextManager[Connect]]
"""Starts a server that may keep its files in a folder, and stops it."""


@contextmanager
def folder(top: Path) -> Iterator[Connect]:
    yield lambda name: FolderWire(top / name)


@contextmanager
def web(top: Path) -> Iterator[Connect]:
    with Site() as site:
        yield lambda name: http.connect(f"{site.url}/{name}", {"method": "PUT"})


@contextmanager
def dav(top: Path) -> Iterator[Connect]:
    with davserver.serving(top) as server:
        url = server.url.replace("http:", "webdav:")
        yield lambda name: webdav.connect(f"{url}/{name}", {})


KINDS: dict[str, Kind] = {
    "folder": folder,
    "s3": s3,
    "gs": gs,
    "azure": azure,
    "ssh": ssh,
    "http": web,
    "webdav": dav,
    "memory": memory,
    "webhdfs": webhdfs,
}
