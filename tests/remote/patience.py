"""Patience with servers on a busy machine, for tests of clients that have next to none."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from git_dvc.remote.wire import UnsteadyError

Result = TypeVar("Result")


def soon(call: Callable[[], Result]) -> Result:
    """Return what a call returns that may work the next time, as a remote would try it again."""
    for _ in range(20):
        try:
            return call()
        except UnsteadyError:
            continue
    return call()
