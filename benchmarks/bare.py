"""The least work a step can be, in bare loops: limits to compare with, not tools.

``python bare.py link SOURCE CACHE`` is an add with hard links: read each file, MD5 it, link it by
its hash. ``python bare.py write FILE COPY`` is a push or pull of one big file: read it once, MD5
it meanwhile, write it once, and wait for the disk. What they make must not exist.

No checks, no state, no pointer file.
"""

from __future__ import annotations

import hashlib
import os
import sys


def link(source: str, cache: str) -> None:
    """Link each file below ``source`` into ``cache``, by its hash."""
    for shard in range(256):
        os.makedirs(f"{cache}/{shard:02x}")
    buffer = memoryview(bytearray(256 * 1024))
    for top, _, names in os.walk(source):
        for name in names:
            path = f"{top}/{name}"
            digest = hashlib.md5(usedforsecurity=False)
            file = os.open(path, os.O_RDONLY)
            while size := os.readv(file, [buffer]):
                digest.update(buffer[:size])
            os.close(file)
            value = digest.hexdigest()
            try:
                os.link(path, f"{cache}/{value[:2]}/{value[2:]}")
            except FileExistsError:  # equal contents
                pass


def write(source: str, target: str) -> None:
    """Copy one file and hash it on the way."""
    buffer = memoryview(bytearray(1024 * 1024))
    digest = hashlib.md5(usedforsecurity=False)
    with open(source, "rb", buffering=0) as reader, open(target, "xb", buffering=0) as writer:
        while size := reader.readinto(buffer):
            digest.update(buffer[:size])
            writer.write(buffer[:size])
        os.fsync(writer.fileno())
    print(digest.hexdigest())


if __name__ == "__main__":
    {"link": link, "write": write}[sys.argv[1]](sys.argv[2], sys.argv[3])
