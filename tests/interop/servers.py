"""What the tests of remotes on servers share, whatever the server speaks."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.interop.conftest import NAMED_DVC
from tests.interop.harness import Tool, commit, git, python_of, remove, start, tree, write


def needs(module: str) -> None:
    """Skip where the original does not have what talks to a kind of server."""
    python = python_of(NAMED_DVC) if NAMED_DVC else None
    found = python and subprocess.run([python, "-c", f"import {module}"], capture_output=True)
    if not found or found.returncode != 0:
        pytest.skip(f"the original has no {module} here")


def there_and_back(
    dvc: Tool, gd: Tool, top: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Assert that what one program sends the other fetches: two clones, one remote ``far``.

    Args:
        dvc: The original.
        gd: Ours.
        top: An empty repository; its clone is made beside it, as ``two``.
        url: The remote's address.
        monkeypatch: Of the test; in the end it stands in ``top``.
    """
    monkeypatch.chdir(top)
    start(gd)
    for number in range(5):
        write(f"d/{number} ü", f"{number}\n")
    write("big", os.urandom(1_500_000).hex())
    gd("add", "d", "big")
    gd("remote", "add", "-d", "far", url)
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
    monkeypatch.chdir(top)
    git("pull", "-q", "../two", "HEAD")
    remove(".dvc/cache", "d", "big")
    gd("pull")
    assert tree("d", "big") == here
    assert gd.is_clean()
    assert gd("push") == "nothing to send, all of it is there already"
