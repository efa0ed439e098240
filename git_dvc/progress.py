"""Progress: how work tells what it has done, and one listener that does not listen.

Only the command line draws (``cli/console.py``); everything below it calls this protocol.
"""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Counts files and bytes of one phase of work at a time."""

    def start(self, label: str, files: int | None = None, size_bytes: int | None = None) -> None:
        """Begin a phase; totals are None where they are not known."""

    def advance(self, files: int = 0, size_bytes: int = 0) -> None:
        """Add what was done since the last call."""

    def finish(self) -> None:
        """End the phase."""

    def note(self, message: str) -> None:
        """Tell the user one line now, such as what is being waited for."""


class NoProgress:
    """Progress that nobody watches."""

    def start(self, label: str, files: int | None = None, size_bytes: int | None = None) -> None:
        """Do nothing."""

    def advance(self, files: int = 0, size_bytes: int = 0) -> None:
        """Do nothing."""

    def finish(self) -> None:
        """Do nothing."""

    def note(self, message: str) -> None:
        """Do nothing."""
