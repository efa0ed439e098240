"""What running stages read and write, noted where others see it: ``.dvc/tmp/rwlock``.

The project's lock is free while commands run, so that other commands work meanwhile. These
notes keep them, and DVC, away from the files of the running stages. The format is DVC's::

    {"write": {"/p/model": {"pid": 42, "cmd": "git dvc repro train"}},
     "read": {"/p/data": [{"pid": 42, "cmd": "git dvc repro train"}]}}

A note holds as long as the process in it lives, which is the run's keeper. ``rwlock.lock``
is held while the file changes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from git_dvc import fsutil
from git_dvc.errors import BusyOutputError
from git_dvc.locking import ProjectLock, overlap, process_exists, runs_around
from git_dvc.pipeline.keeper import KILL_AFTER_S, Keeper

FILE = "rwlock"
GUARD = "rwlock.lock"

WAIT_S = KILL_AFTER_S + 2
"""How long somebody else's note is waited for: the stages of a killed run end in this time."""

_PAUSE_S = 0.05
_MOST_BYTES = 64 * 1024**2

Info = dict[str, Any]
Notes = dict[str, dict[str, list[Info]]]


class Claims:
    """The notes of one run. ``close`` them, or use them in a ``with`` statement.

    Args:
        tmp_dir: ``.dvc/tmp``.
        hardlink: The kind of lock, see ``locking.py``.
    """

    def __init__(self, tmp_dir: str, *, hardlink: bool = False) -> None:
        self._tmp_dir = tmp_dir
        self._hardlink = hardlink
        self._taken: dict[str, tuple[Info, list[str], list[str]]] = {}
        self.keeper = Keeper(self._forget_all)

    def __enter__(self) -> Claims:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def take(self, address: str, reads: Iterable[str], writes: Iterable[str]) -> None:
        """Note what a stage is about to read and write, as absolute paths.

        Raises:
            BusyOutputError: A running stage of somebody else writes what this one reads, or
                reads or writes what this one writes.
        """
        info = {"pid": self.keeper.pid, "cmd": f"git dvc repro {address}"}
        reading, writing = sorted(set(reads)), sorted(set(writes))
        until = time.monotonic() + WAIT_S
        while True:
            with self._edit() as notes:
                blockers = [
                    *_blockers(notes["write"], [*reading, *writing], self.keeper.pid),
                    *_blockers(notes["read"], writing, self.keeper.pid),
                ]
                if not blockers:
                    for path in reading:
                        notes["read"].setdefault(path, []).append(info)
                    for path in writing:
                        notes["write"][path] = [info]
                    self._taken[address] = (info, reading, writing)
                    return
            if time.monotonic() > until:
                raise BusyOutputError(blockers)
            time.sleep(_PAUSE_S)

    def drop(self, address: str) -> None:
        """Take the notes of a stage back; does nothing if there are none."""
        info, reading, writing = self._taken.pop(address, (None, [], []))
        if info is None:
            return
        with self._edit() as notes:
            for kind, paths in (("read", reading), ("write", writing)):
                for path in paths:
                    left = [one for one in notes[kind].get(path, []) if one != info]
                    if left:
                        notes[kind][path] = left
                    else:
                        notes[kind].pop(path, None)

    def close(self) -> None:
        """Take all notes back, and end the keeper."""
        try:
            for address in list(self._taken):
                self.drop(address)
        finally:
            self.keeper.close()

    def _forget_all(self) -> None:
        """Drop what the dying keeper of a killed run has noted."""
        with self._edit() as notes:
            for by_path in notes.values():
                for path, infos in list(by_path.items()):
                    by_path[path] = [one for one in infos if one["pid"] != os.getpid()]

    @contextmanager
    def _edit(self) -> Iterator[Notes]:
        """Give the notes of processes that live, and write them back if they have changed."""
        import json

        os.makedirs(self._tmp_dir, exist_ok=True)
        path = os.path.join(self._tmp_dir, FILE)
        with ProjectLock(os.path.join(self._tmp_dir, GUARD), hardlink=self._hardlink):
            try:
                old: Any = json.loads(fsutil.read_bytes(path, _MOST_BYTES))
            except (FileNotFoundError, ValueError, RecursionError):
                old = {}
            notes = _living(old)
            yield notes
            new: dict[str, Any] = {}
            if writes := {path: infos[0] for path, infos in notes["write"].items() if infos}:
                new["write"] = writes
            if reads := {path: infos for path, infos in notes["read"].items() if infos}:
                new["read"] = reads
            if new != old:
                fsutil.atomic_write(path, json.dumps(new).encode(), self._tmp_dir, durable=False)


def _living(old: Any) -> Notes:
    notes: Notes = {"write": {}, "read": {}}
    for kind, found in notes.items():
        by_path = old.get(kind) if isinstance(old, dict) else None
        for path, infos in by_path.items() if isinstance(by_path, dict) else ():
            known = [
                info
                for info in (infos if isinstance(infos, list) else [infos])
                if isinstance(info, dict)
                and isinstance(info.get("pid"), int)
                and isinstance(info.get("cmd"), str)
                and process_exists(info["pid"])
            ]
            if known:
                found[path] = known
    return notes


def _blockers(
    by_path: dict[str, list[Info]], wanted: list[str], own: int
) -> list[tuple[str, int, str]]:
    around = {own, *runs_around()}
    return [
        (path, info["pid"], info["cmd"])
        for path, infos in by_path.items()
        if any(overlap(path, other) for other in wanted)
        for info in infos
        if info["pid"] not in around
    ]
