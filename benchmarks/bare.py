"""The least work an add with hard links can be: read each file, MD5 it, link it by its hash.

No checks, no state, no pointer file: a limit to compare with, not a tool. Run as
``python bare.py SOURCE CACHE``; CACHE must not exist.
"""

from __future__ import annotations

import hashlib
import os
import sys


def main(source: str, cache: str) -> None:
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


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
