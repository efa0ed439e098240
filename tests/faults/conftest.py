"""Where the tests that make the disk fail stand."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Stand in an empty directory, in memory if possible: a real disk takes its time to sync."""
    monkeypatch.setattr("git_dvc.store.cache.SMALL_BYTES", 1024)
    monkeypatch.setattr("git_dvc.workspace.links.SMALL_BYTES", 1024)
    memory = Path("/dev/shm")
    folder = tempfile.mkdtemp(dir=memory if os.access(memory, os.W_OK) else tmp_path)
    monkeypatch.chdir(folder)
    yield Path(folder)
    shutil.rmtree(folder)
