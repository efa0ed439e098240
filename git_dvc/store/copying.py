"""Copying a large file while it is hashed, reading it once.

Hashing and writing take about the same time, so the writing is done by a second thread:
``hashlib`` and ``write`` both let other threads run. Two buffers go back and forth.
"""

from __future__ import annotations

import os

from git_dvc import fsutil
from git_dvc.hashing import Hasher
from git_dvc.progress import Progress

CHUNK_BYTES = 1024 * 1024
SYNC_EVERY_BYTES = 256 * 1024**2
"""The disk is kept busy while we hash, instead of all at once in the final fsync."""


def copy(source: int, target: int, hasher: Hasher, progress: Progress, *, durable: bool) -> int:
    """Copy one open file to another and hash the bytes written; return their number.

    Raises:
        OSError: Reading or writing failed; the target is incomplete.
    """
    from queue import SimpleQueue
    from threading import Thread

    free: SimpleQueue[bytearray] = SimpleQueue()
    full: SimpleQueue[tuple[bytearray, int] | None] = SimpleQueue()
    failures: list[OSError] = []
    for _ in range(4):
        free.put(bytearray(CHUNK_BYTES))

    # A third thread waits for the disk, or the two others would wait with it.
    due: SimpleQueue[bool] = SimpleQueue()

    def sync() -> None:
        while due.get():
            try:
                os.fsync(target)
            except OSError as problem:
                failures.append(problem)

    def write() -> None:
        unsynced = 0
        while (item := full.get()) is not None:
            buffer, count = item
            if not failures:
                try:
                    fsutil.write_all(target, memoryview(buffer)[:count])
                    unsynced += count
                    if durable and unsynced >= SYNC_EVERY_BYTES:
                        due.put(True)
                        unsynced = 0
                except OSError as problem:
                    failures.append(problem)
            free.put(buffer)

    threads = [Thread(target=write, daemon=True), Thread(target=sync, daemon=True)]
    for thread in threads:
        thread.start()
    total = 0
    try:
        while not failures:
            buffer = free.get()
            count = fsutil.read_into(source, buffer)
            if not count:
                break
            hasher.update(memoryview(buffer)[:count])
            # Hashed before it is handed over: the writer gives the buffer back for reuse.
            full.put((buffer, count))
            total += count
            progress.advance(0, count)
    finally:
        full.put(None)
        threads[0].join()
        due.put(False)
        threads[1].join()
    if failures:
        raise failures[0]
    return total
