"""Hash algorithms, DVC 2's among them, and the one door for hashes from a repository."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_dvc import hashing
from git_dvc.errors import FormatError

CHUNK = hashing.DOS2UNIX_CHUNK_BYTES
TEXT = bytes(range(32, 127)) + b"\n\r\t\f\b"


def dvc2_md5(data: bytes) -> str:
    """DVC's own definition, written out (dvc_data/hashfile/hash.py, istextfile.py)."""
    md5 = hashlib.md5()
    for start in range(0, len(data), CHUNK):
        chunk = data[start : start + CHUNK]
        block = chunk[:512]
        nontext = len(block.translate(None, TEXT))
        is_text = b"\0" not in block and nontext / len(block) <= 0.30
        md5.update(chunk.replace(b"\r\n", b"\n") if is_text else chunk)
    return md5.hexdigest()


PIECES = st.sampled_from([b"\r\n", b"\r", b"\n", b"text", b"\0", b"\xff" * 200, b"a" * 600, b""])


@given(st.lists(PIECES, max_size=8), st.integers(1, 700))
def test_dos2unix_is_dvc_2s_definition_however_the_bytes_arrive(
    pieces: list[bytes], step: int
) -> None:
    data = b"".join(pieces)
    hasher = hashing.Dos2UnixMd5()
    for start in range(0, len(data), step):
        hasher.update(memoryview(data)[start : start + step])
    assert hasher.hexdigest() == dvc2_md5(data)
    assert hasher.hexdigest() == dvc2_md5(data), "asking twice changes nothing"


@pytest.mark.parametrize(
    "data",
    [
        b"a" * (CHUNK - 1) + b"\r\n" + b"b\r\n",  # a line break that a chunk border splits
        b"\0" + b"x\r\n" * CHUNK,  # first chunk binary, the others text
        b"x\r\n" * (CHUNK // 3 + 1) + b"\0" * CHUNK + b"\r\n",
        b"y" * (2 * CHUNK),
        (b"\x80" * 153 + b"a" * 359) + b"\r\n" * 9,  # just text: 29.9 % of 512
        (b"\x80" * 154 + b"a" * 358) + b"\r\n" * 9,  # just not
    ],
    ids=["split", "binary first", "binary later", "even", "29.9 %", "30.1 %"],
)
def test_dos2unix_at_its_borders(data: bytes) -> None:
    hasher = hashing.Dos2UnixMd5()
    for start in range(0, len(data), 300_000):
        hasher.update(data[start : start + 300_000])
    assert hasher.hexdigest() == dvc2_md5(data)


def test_each_algorithm_hashes_as_its_name_says() -> None:
    assert hashing.of_bytes(b"hello\n") == "b1946ac92492d2347c6235b4d2611184"
    assert hashing.of_bytes(b"hello\r\n") == hashlib.md5(b"hello\r\n").hexdigest()
    assert hashing.of_bytes(b"hello\r\n", hashing.MD5_DOS2UNIX) == hashing.of_bytes(b"hello\n")
    assert hashing.of_bytes(b"", hashing.XXH128) == "99aa06d3014798d86001c324468d497f"
    assert set(hashing.ALGORITHMS) == {"md5", "md5-dos2unix", "xxh128"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a" * 32, "a" * 32),
        ("A1" * 16, "a1" * 16),
        ("0" * 32 + ".dir", "0" * 32 + ".dir"),
        (12345678901234567890123456789012, "12345678901234567890123456789012"),
    ],
)
def test_a_hash_passes(text: object, value: str) -> None:
    assert hashing.parse(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "", None, True, 1, 1.5, b"a" * 32, ["a" * 32], "a" * 31, "a" * 33, "../" + "a" * 29,
        "a" * 32 + "\n", "a" * 32 + ".dirx", "a" * 32 + "/..", "\u0661" * 32, "a" * 32 + ".dir.dir",
        "a" * 30 + "\0a", " " + "a" * 32, -12345678901234567890123456789012,
    ],
)  # fmt: skip
def test_nothing_else_becomes_a_cache_path(text: object) -> None:
    with pytest.raises(FormatError) as caught:
        hashing.parse(text)
    assert str(caught.value).isprintable()


def test_a_huge_number_is_refused_and_not_a_crash() -> None:
    with pytest.raises(FormatError):
        hashing.parse(10**5000)


def test_only_directories_end_in_dir() -> None:
    assert hashing.is_dir("a" * 32 + ".dir") and not hashing.is_dir("a" * 32)
