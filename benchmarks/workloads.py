"""The data the benchmarks run on, and digests of what a tool left behind.

Contents are random but seeded by what they stand for, so every tool gets the same bytes, every
run has the same hashes, and no two files are equal.
"""

from __future__ import annotations

import hashlib
import os
import random
from collections.abc import Iterator
from typing import NamedTuple

KIB, MIB = 1024, 1024 * 1024


class Size(NamedTuple):
    """How large the workloads are."""

    many_files: int  # of 4 KiB, in 100 directories
    many_changed: int  # of them, in "after 100 files changed"
    images: tuple[int, int]  # of about 24 KiB, at v1 and at v2
    big_bytes: int
    code_files: int
    code_pointers: int
    shared_files: int  # of 4 KiB, to be pushed and pulled
    history: tuple[int, int, int]  # commits, files in each, of them new in each
    stages: tuple[int, int, int]  # in a chain, independent ones, ones that need a processor
    tags: int  # of versions of metrics and parameters


SIZES = {
    "full": Size(
        100_000,
        100,
        (1800, 2800),
        4096 * MIB,
        50_000,
        1000,
        20_000,
        (200, 20_000, 100),
        (100, 1000, 16),
        1000,
    ),
    "small": Size(
        5_000, 100, (360, 560), 64 * MIB, 2_500, 50, 1000, (20, 2000, 20), (20, 100, 8), 100
    ),
    "tiny": Size(
        200, 10, (20, 30), 1 * MIB, 50, 5, 100, (3, 30, 3), (4, 10, 2), 6
    ),  # to test this script
}


def random_bytes(size: int, *seed: object) -> bytes:
    """Return ``size`` random bytes that depend on ``seed`` alone."""
    return random.Random(repr(seed)).randbytes(size)


def write(path: str, content: bytes) -> None:
    """Put a new file at ``path``, the way editors do: links to the old one stay as they are."""
    part = path + ".part"
    with open(part, "wb") as file:
        file.write(content)
    os.replace(part, path)


def many_path(number: int) -> str:
    return f"{number % 100:03d}/{number // 100:05d}.bin"


def make_many(top: str, files: int) -> None:
    """Write that many files of 4 KiB into 100 directories."""
    for directory in range(100):
        os.makedirs(f"{top}/{directory:03d}")
    for number in range(files):
        with open(f"{top}/{many_path(number)}", "wb") as file:
            file.write(random_bytes(4096, "many", number))


def change_many(top: str, size: Size, version: object, shift: int = 0) -> None:
    """Give ``size.many_changed`` files, spread over the directories, the content of a version.

    Another ``shift``, below ten, is for other files.
    """
    step = size.many_files // size.many_changed
    for number in range(size.many_changed):
        # 7 is no divisor of 100: neighbours fall into different directories.
        place = number * step + (number * 7 + shift) % step
        write(f"{top}/{many_path(place)}", random_bytes(4096, "change", version, number))


def make_images(top: str, first: int, end: int) -> None:
    """Write the images ``first`` to ``end``, of 20 to 28 KiB, into ten class directories."""
    for number in range(first, end):
        folder = f"{top}/class{number % 10}"
        os.makedirs(folder, exist_ok=True)
        length = random.Random(number).randrange(20 * KIB, 28 * KIB)
        with open(f"{folder}/{number:05d}.png", "wb") as file:
            file.write(random_bytes(length, "image", number))


def make_big(path: str, size: Size, version: int) -> None:
    """Write one big file; no two blocks of it, and of its versions, are equal."""
    block = bytearray(random_bytes(MIB, "big"))  # small: see measure.py on peak memory
    part = path + ".part"
    with open(part, "wb") as file:
        for number in range(size.big_bytes // len(block)):
            block[:16] = version.to_bytes(8, "big") + number.to_bytes(8, "big")
            file.write(block)
    os.replace(part, path)


def make_code(top: str, size: Size) -> None:
    """Write small source files, fifty to a directory."""
    for number in range(size.code_files):
        folder = f"{top}/src/p{number // 2500:02d}/m{number // 50 % 50:02d}"
        if number % 50 == 0:
            os.makedirs(folder)
        with open(f"{folder}/f{number:05d}.py", "w") as file:
            file.write(f"def function_{number}(value):\n    return value + {number}\n" * 4)


def change_code(top: str, size: Size) -> None:
    """Change twenty of the source files."""
    for number in range(0, size.code_files, max(1, size.code_files // 20)):
        path = f"{top}/src/p{number // 2500:02d}/m{number // 50 % 50:02d}/f{number:05d}.py"
        write(path, b"# changed\n")


def digest_tree(top: str) -> str:
    """Digest the paths and contents of all files below ``top`` (or of one file)."""
    whole = hashlib.sha1(usedforsecurity=False)
    buffer = memoryview(bytearray(MIB))
    for path in _files(top):
        one = hashlib.sha1(usedforsecurity=False)
        with open(path, "rb", buffering=0) as file:
            while size := file.readinto(buffer):
                one.update(buffer[:size])
        whole.update(f"{os.path.relpath(path, top)}\0{one.hexdigest()}\n".encode())
    return whole.hexdigest()


def digest_names(cache: str) -> str:
    """Digest the names and sizes of the objects in a cache (``files/md5``), not their contents."""
    whole = hashlib.sha1(usedforsecurity=False)
    for path in _files(cache):
        whole.update(f"{os.path.relpath(path, cache)} {os.lstat(path).st_size}\n".encode())
    return whole.hexdigest()


def read_through(top: str) -> None:
    """Read all files below ``top`` once, so that the page cache has what it can hold of them."""
    buffer = bytearray(MIB)
    for path in _files(top):
        with open(path, "rb", buffering=0) as file:
            while file.readinto(buffer):
                pass


def _files(top: str) -> Iterator[str]:
    """Yield the files below ``top`` in a fixed order (``top`` itself if it is a file)."""
    if os.path.isfile(top):
        yield top
    for folder, folders, names in os.walk(top):
        folders.sort()
        for name in sorted(names):
            yield os.path.join(folder, name)
