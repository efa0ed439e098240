"""Remotes on web servers: what one program sends, the other fetches."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.interop.conftest import NAMED_DVC
from tests.interop.harness import Tool, commit, git, python_of, remove, start, tree, write
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


def needs(module: str) -> None:
    """Skip where the original does not have what talks to a kind of server."""
    python = python_of(NAMED_DVC) if NAMED_DVC else None
    found = python and subprocess.run([python, "-c", f"import {module}"], capture_output=True)
    if not found or found.returncode != 0:
        pytest.skip(f"the original has no {module} here")


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
    monkeypatch.chdir(git_repo)
    with (http if kind is http else webdav)(tmp_path_factory.mktemp("store")) as url:
        start(gd)
        for number in range(5):
            write(f"d/{number} ü", f"{number}\n")
        write("big", b"0123456789abcdef" * 100_000)
        gd("add", "d", "big")
        gd("remote", "add", "-d", "web", url)
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
