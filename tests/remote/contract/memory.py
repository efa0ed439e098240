"""fsspec's own driver for files in memory: what every other driver is used like."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from git_dvc.remote import kinds
from git_dvc.remote.wire import Wire


@contextmanager
def fsspec_memory(top: Path) -> Iterator[Callable[[str], Wire]]:
    yield lambda name: kinds.connect(f"memory:/{top}/{name}", {}, "store")
