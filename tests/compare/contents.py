"""Files in memory for tests of what compares their content."""

from __future__ import annotations

import io
from typing import Any, BinaryIO, NamedTuple

from git_dvc.compare.content.kinds import Kinds
from git_dvc.compare.content.report import Content, Options, Report

KINDS = Kinds()


class File(NamedTuple):
    """One version of a file."""

    name: str
    data: bytes

    @property
    def size_bytes(self) -> int:
        return len(self.data)

    def open(self) -> BinaryIO:
        return io.BytesIO(self.data)


def file(name: str, data: bytes | str | None) -> Content | None:
    if data is None:
        return None
    return File(name, data.encode() if isinstance(data, str) else data)


def compared(
    name: str,
    old: bytes | str | None,
    new: bytes | str | None,
    **options: Any,
) -> Report:
    """Return what whichever handler takes them says of two versions."""
    return KINDS.compare(file(name, old), file(name, new), Options(**options))
