"""Two of fsspec's drivers, as all others are used: files in memory, and WebHDFS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from git_dvc.remote import kinds
from git_dvc.remote.wire import Wire
from tests.remote import hdfsserver


@contextmanager
def memory(top: Path) -> Iterator[Callable[[str], Wire]]:
    yield lambda name: kinds.connect(f"memory:/{top}/{name}", {}, "store")


@contextmanager
def webhdfs(top: Path) -> Iterator[Callable[[str], Wire]]:
    with hdfsserver.serving(top) as server:
        url = f"webhdfs://127.0.0.1:{server.port}"
        yield lambda name: kinds.connect(f"{url}/{name}", {"user": "ada"}, "store")
