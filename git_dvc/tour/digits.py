"""The tour's data set: 1,797 real images of handwritten digits, and writing them as files.

The images lie in ``data/digits.csv.gz``, with their licence in ``data/README.md``: a row
has 64 brightnesses 0 to 16 (8 x 8 pixels, row by row) and then the digit. The rows of one
writer stand together, so they are dealt out like cards: every part has digits of all
writers. The first 1,400 are for training, the last 397 for validation.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent / "data"
TRAINING = 1400
"""Images for training; the rest is for validation."""

STEP = 7
"""Every seventh row in turn; 1,797 is no multiple of it, so each row comes once."""

PGM_HEADER = b"P5\n8 8\n16\n"


class Digit(NamedTuple):
    """One image: its place after dealing out, 64 brightnesses, and the digit it shows."""

    number: int
    pixels: bytes
    digit: int

    @property
    def relpath(self) -> str:
        """Its file: ``train/7/0042.pgm`` or ``validation/7/1500.pgm``."""
        part = "train" if self.number < TRAINING else "validation"
        return f"{part}/{self.digit}/{self.number:04}.pgm"


def load() -> list[Digit]:
    """Return all images: 1,400 for training, then 397 for validation."""
    rows = gzip.decompress((HERE / "digits.csv.gz").read_bytes()).split()
    dealt = (rows[number * STEP % len(rows)].split(b",") for number in range(len(rows)))
    values = (bytes(map(int, row)) for row in dealt)
    return [Digit(number, row[:64], row[64]) for number, row in enumerate(values)]


def write(folder: Path, digits: list[Digit]) -> None:
    """Write each image as a PGM file of 74 bytes below ``folder``."""
    for parent in {(folder / digit.relpath).parent for digit in digits}:
        parent.mkdir(parents=True, exist_ok=True)
    for digit in digits:
        (folder / digit.relpath).write_bytes(PGM_HEADER + digit.pixels)


def drawing(digit: Digit) -> str:
    """Return the image as eight lines of text, two characters a pixel."""
    shades = " .:-=+*%@"
    rows = (digit.pixels[start : start + 8] for start in range(0, 64, 8))
    return "\n".join("".join(shades[value // 2] * 2 for value in row).rstrip() for row in rows)
