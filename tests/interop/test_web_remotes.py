"""Remotes on web servers: what one program sends, the other fetches."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.interop.harness import Tool
from tests.interop.servers import needs, there_and_back
from tests.remote import davserver
from tests.remote.webserver import Site


@contextmanager
def http(top: Path) -> Iterator[str]:
    with Site() as site:
        yield f"{site.url}/store"


@contextmanager
def webdav(top: Path) -> Iterator[str]:
    with davserver.serving(top) as dav:
        yield dav.url.replace("http:", "webdav:") + "/store"


@pytest.mark.parametrize("kind", [http, webdav])
def test_there_and_back(
    dvc: Tool,
    gd: Tool,
    git_repo: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    kind: object,
) -> None:
    if kind is webdav:
        needs("dvc_webdav")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("NETRC", os.devnull)
    with (http if kind is http else webdav)(tmp_path_factory.mktemp("store")) as url:
        there_and_back(dvc, gd, git_repo, url, monkeypatch)
