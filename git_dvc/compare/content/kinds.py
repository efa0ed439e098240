"""Which kind of file is read by which handler, and what to do when one cannot.

A handler is a small thing with a name and two methods (``Handler``). Those of this package are
in ``BUILT_IN``. Another package adds its own by an entry point, which names a handler or a class
of one without arguments; it is asked before ours::

    [project.entry-points."git_dvc.contents"]
    hdf5 = "my_package.hdf5:Hdf5"

What is compressed is unpacked first (``packed.py``) and then goes to whoever claims what was in it.
A file that a handler claims and cannot read goes to the next one that claims it, with a note; the
last one takes any bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Protocol

from git_dvc.compare.content.packed import Packed
from git_dvc.compare.content.report import Content, Options, Report
from git_dvc.errors import FormatError

GROUP = "git_dvc.contents"
BUILT_IN = (
    "npy:Npy",
    "npy:Npz",
    "images:Image",
    "parquet:Parquet",
    "safetensors:Safetensors",
    "tables:Csv",
    "nested:Nested",
    "text:Text",
    "binary:Binary",
)
_HEAD_BYTES = 4096


class Handler(Protocol):
    """Compares files of one kind.

    Attributes:
        kind: Its name, as it is shown.
    """

    kind: str

    def claims(self, name: str, head: bytes) -> bool:
        """Return whether a file is of this kind, by its name and its first 4,096 bytes."""

    def compare(self, old: Content | None, new: Content | None, options: Options) -> Report:
        """Return what differs; None: that version does not have the file.

        Raises:
            FormatError: It cannot be read so.
        """


class Kinds:
    """The handlers, each loaded when it is first asked."""

    def __init__(self) -> None:
        self._found: list[Handler] | None = None
        self.problems: list[str] = []

    def all(self) -> Sequence[Handler]:
        """Return all handlers, in the order in which they are asked."""
        if self._found is None:
            self._found = [*self._others(), Packed(self.compare), *map(_built_in, BUILT_IN)]
        return self._found

    def _others(self) -> Iterator[Handler]:
        from importlib.metadata import entry_points

        for point in sorted(entry_points(group=GROUP), key=lambda one: one.name):
            try:
                handler = point.load()
                yield handler() if isinstance(handler, type) else handler
            except Exception as problem:  # not ours, and no reason to show nothing
                self.problems.append(f"'{point.name}' of {point.value} does not load: {problem}")

    def compare(self, old: Content | None, new: Content | None, options: Options) -> Report:
        """Return what differs inside a file."""
        heads = [(one.name, _head(one)) for one in (old, new) if one is not None]
        notes: list[str] = []
        for handler in self.all():
            try:
                if not all(handler.claims(name, head) for name, head in heads):
                    continue
                report = handler.compare(old, new, options)
            except FormatError as problem:
                notes.append(problem.what)
                continue
            except (MemoryError, RecursionError):
                notes.append(f"too large to be read as {handler.kind}")
                continue
            except Exception as problem:
                if type(handler).__module__.startswith("git_dvc."):
                    raise
                notes.append(f"{handler.kind}: {type(problem).__name__}: {problem}")
                continue
            return report._replace(notes=[*notes, *report.notes])
        raise AssertionError("the last handler takes everything")


def _built_in(where: str) -> Handler:
    module, _, name = where.partition(":")
    handler: Handler = getattr(import_module(f"git_dvc.compare.content.{module}"), name)()
    return handler


def _head(content: Content) -> bytes:
    with content.open() as file:
        return file.read(_HEAD_BYTES)
