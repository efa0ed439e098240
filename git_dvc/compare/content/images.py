"""Images: format, size, and which pixels differ.

Format and size are read from the first bytes, without a library. Pixels are compared where Pillow
is installed (``pip install 'git-dvc[images]'``), and only of images that are not too large: a file
of some kilobytes can promise more pixels than any memory holds.
"""

from __future__ import annotations

import io
import math
import struct
import sys
from typing import Any, NamedTuple

from git_dvc.compare.content import numbers
from git_dvc.compare.content.numbers import Dtype
from git_dvc.compare.content.report import (
    Block,
    Content,
    Fact,
    Options,
    Picture,
    Pictures,
    Report,
)
from git_dvc.errors import FormatError

MOST_PIXELS = 40_000_000
_MOST_SHOWN_BYTES = 16 * 1024**2
_HEAD_BYTES = 256 * 1024

_MIMES = {
    "PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "BMP": "image/bmp",
    "WebP": "image/webp",
}  # fmt: skip


class Size(NamedTuple):
    """What the first bytes of an image say."""

    format: str
    width: int
    height: int

    @property
    def pixels(self) -> str:
        """Return ``640 x 480``."""
        return f"{self.width} x {self.height}" if self.width and self.height else "unknown"


class Image:
    """The handler for images."""

    kind = "image"

    def claims(self, name: str, head: bytes) -> bool:
        """Return whether a file begins as an image."""
        return bool(_format(head))

    def compare(self, old: Content | None, new: Content | None, options: Options) -> Report:
        """Return how format, size and pixels differ.

        Raises:
            FormatError: It is no image.
        """
        sides = (old, new)
        sizes = [None if one is None else size_of(one) for one in sides]
        facts = [
            Fact("format", *(one and one.format for one in sizes)),
            Fact("pixels", *(one and one.pixels for one in sizes)),
        ]
        pictures = [
            Picture(title, _MIMES[size.format], _bytes(one), size.width)
            for title, one, size in zip(("old", "new"), sides, sizes, strict=True)
            if options.pictures
            and one is not None
            and size is not None
            and size.format in _MIMES
            and one.size_bytes <= _MOST_SHOWN_BYTES
        ]
        data: dict[str, Any] = {
            side: size and {"format": size.format, "width": size.width, "height": size.height}
            for side, size in zip(("old", "new"), sizes, strict=True)
        }
        if old is None or new is None:
            there = sizes[0] or sizes[1]
            assert there is not None  # noqa: S101 - one of them is
            blocks: list[Block] = [Pictures(pictures)] if pictures else []
            return Report(self.kind, f"{there.format}, {there.pixels}", (), blocks, data)
        assert sizes[0] is not None and sizes[1] is not None  # noqa: S101 - read above
        pixels, notes = _pixels(old, new, sizes[0], sizes[1], options)
        summary = "another size" if sizes[0][1:] != sizes[1][1:] else "other bytes"
        if pixels is not None:
            data["pixels"] = pixels.data
            facts += pixels.facts
            summary = pixels.summary or summary
            if pixels.picture is not None and len(pictures) == 2:
                pictures.append(pixels.picture)
        return Report(
            self.kind, summary, facts, [Pictures(pictures)] if pictures else [], data, notes
        )


def _bytes(content: Content) -> bytes:
    with content.open() as file:
        return file.read(_MOST_SHOWN_BYTES)


# -- the first bytes --------------------------------------------------------------------------


def size_of(content: Content) -> Size:
    """Return what the first bytes of an image say of it.

    Raises:
        FormatError: It is no image.
    """
    with content.open() as file:
        head = file.read(_HEAD_BYTES)
    kind = _format(head)
    if not kind:
        raise FormatError("not an image")
    try:
        width, height = _SIZES[kind](head)
    except (struct.error, IndexError):
        width = height = 0
    return Size(kind, width, height)


def _format(head: bytes) -> str:
    for mark, kind in (
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"\xff\xd8\xff", "JPEG"),
        (b"GIF87a", "GIF"),
        (b"GIF89a", "GIF"),
        (b"II*\0", "TIFF"),
        (b"MM\0*", "TIFF"),
    ):
        if head.startswith(mark):
            return kind
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WebP"
    if head.startswith(b"BM") and len(head) >= 26 and head[6:10] == b"\0\0\0\0":
        return "BMP"
    return ""


def _png(head: bytes) -> tuple[int, int]:
    return struct.unpack(">II", head[16:24])


def _gif(head: bytes) -> tuple[int, int]:
    return struct.unpack("<HH", head[6:10])


def _bmp(head: bytes) -> tuple[int, int]:
    width, height = struct.unpack("<ii", head[18:26])
    return width, abs(height)  # negative: the rows are upside down


def _jpeg(head: bytes) -> tuple[int, int]:
    at = 2
    while head[at] == 0xFF:
        kind = head[at + 1]
        if kind == 0xFF:
            at += 1
            continue
        # The frame has the size; these four of the row are no frames.
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", head[at + 5 : at + 9])
            return width, height
        at += 2 + struct.unpack(">H", head[at + 2 : at + 4])[0]
    return 0, 0


def _webp(head: bytes) -> tuple[int, int]:
    kind = head[12:16]
    if kind == b"VP8 ":
        width, height = struct.unpack("<HH", head[26:30])
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L":
        (bits,) = struct.unpack("<I", head[21:25])
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width = int.from_bytes(head[24:27], "little") + 1
    return width, int.from_bytes(head[27:30], "little") + 1


def _tiff(head: bytes) -> tuple[int, int]:
    order = "<" if head.startswith(b"II") else ">"
    (at,) = struct.unpack(f"{order}I", head[4:8])
    (count,) = struct.unpack(f"{order}H", head[at : at + 2])
    found = {}
    for number in range(count):
        entry = head[at + 2 + 12 * number : at + 14 + 12 * number]
        tag, kind, _ = struct.unpack(f"{order}HHI", entry[:8])
        form, length = ("H", 2) if kind == 3 else ("I", 4)
        found[tag] = struct.unpack(f"{order}{form}", entry[8 : 8 + length])[0]
    return found.get(256, 0), found.get(257, 0)


_SIZES = {"PNG": _png, "GIF": _gif, "BMP": _bmp, "JPEG": _jpeg, "WebP": _webp, "TIFF": _tiff}


# -- pixels -----------------------------------------------------------------------------------


class _Found(NamedTuple):
    summary: str
    facts: list[Fact]
    data: dict[str, Any]
    picture: Picture | None


_WIDE = {
    "I;16": Dtype("uint16", 2, "u"),
    "I;16B": Dtype("uint16", 2, "u", True),
    "I": Dtype("int32", 4, "i", sys.byteorder == "big"),
    "F": Dtype("float32", 4, "f", sys.byteorder == "big"),
}
"""Kinds of pixels that hold more than a screen shows."""


class _TooLargeError(Exception):
    """There are too many pixels."""


def _pixels(
    old: Content, new: Content, old_size: Size, new_size: Size, options: Options
) -> tuple[_Found | None, list[str]]:
    """Return how the pixels differ, if that can be told, and notes."""
    try:
        import PIL.Image
    except ImportError:
        return None, ["pixels are compared where Pillow is: pip install 'git-dvc[images]'"]
    import logging
    import warnings

    # What it finds wrong with an image is not for the terminal.
    logging.getLogger("PIL").addHandler(logging.NullHandler())
    formats = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF")
    try:
        if max(one.width * one.height for one in (old_size, new_size)) > MOST_PIXELS:
            raise _TooLargeError
        with (
            warnings.catch_warnings(),
            old.open() as old_file,
            new.open() as new_file,
        ):
            warnings.simplefilter("ignore")
            with (
                PIL.Image.open(old_file, formats=formats) as before,
                PIL.Image.open(new_file, formats=formats) as after,
            ):
                return _opened_pixels(before, after, options)
    except _TooLargeError:
        return None, [f"pixels of images this large (over {MOST_PIXELS:,}) are not compared"]
    except Exception as problem:  # Pillow's own for each kind of damage
        return None, [f"its pixels cannot be read: {problem}"]


def _opened_pixels(before: Any, after: Any, options: Options) -> tuple[_Found, list[str]]:
    if max(one.width * one.height for one in (before, after)) > MOST_PIXELS:
        raise _TooLargeError  # the file says two things
    frames = [getattr(one, "n_frames", 1) for one in (before, after)]
    facts = [
        Fact("colours", _colours(before), _colours(after)),
        Fact("frames", *frames),
    ]
    notes = ["only the first frames are compared"] if max(frames) > 1 else []
    if before.size != after.size:
        return _Found("", facts, {"changed": None}, None), notes
    if before.mode in _WIDE or after.mode in _WIDE:
        if before.mode != after.mode:
            return _Found("other kinds of pixels", facts, {"changed": None}, None), notes
        return _wide_pixels(before, after, facts), notes
    return _shown_pixels(before.convert("RGBA"), after.convert("RGBA"), facts, options), notes


def _wide_pixels(before: Any, after: Any, facts: list[Fact]) -> _Found:
    """Return how pixels differ that no screen shows as they are, as masks and depths have them."""
    kind = _WIDE[before.mode]
    total = before.width * before.height
    found = numbers.compare(
        io.BytesIO(before.tobytes()).read, io.BytesIO(after.tobytes()).read, total, kind, kind
    )
    data = {"changed": found.changed, "total": total}
    if not found.changed:
        return _Found("the same pixels", facts, data, None)
    share = 100 * found.changed / total
    summary = f"{found.changed:,} of {total:,} pixels changed ({share:.2g} %)"
    if found.most is not None and math.isfinite(found.most):
        data["max_difference"] = found.most
        summary += f", by up to {found.most:g}"
    return _Found(summary, facts, data, None)


def _shown_pixels(first: Any, second: Any, facts: list[Fact], options: Options) -> _Found:
    from PIL import ImageChops

    strongest: Any = None
    for band in ImageChops.difference(first, second).split():
        strongest = band if strongest is None else ImageChops.lighter(strongest, band)
    counts = strongest.histogram()
    total = first.width * first.height
    changed = total - counts[0]
    data: dict[str, Any] = {"changed": changed, "total": total}
    if not changed:
        return _Found("the same pixels", facts, data, None)
    most = max(value for value, count in enumerate(counts) if count)
    mean = sum(value * count for value, count in enumerate(counts)) / total
    box = strongest.getbbox()
    data.update(max_difference=most, mean_difference=round(mean, 4), box=list(box))
    share = 100 * changed / total
    summary = f"{changed:,} of {total:,} pixels changed ({share:.2g} %), by up to {most} of 255"
    if (box[2] - box[0]) * (box[3] - box[1]) < total:
        summary += f", all within ({box[0]}, {box[1]}) and ({box[2]}, {box[3]})"
    picture = None
    if options.pictures:
        # A weak difference would not be seen: the strongest becomes white.
        shown = strongest.point([min(255, value * 255 // most) for value in range(256)])
        out = io.BytesIO()
        shown.save(out, "PNG")
        picture = Picture("difference", "image/png", out.getvalue(), first.width)
    return _Found(summary, facts, data, picture)


def _colours(image: Any) -> str:
    names = {"1": "black and white", "L": "grey", "P": "palette", "RGB": "RGB", "RGBA": "RGBA"}
    return names.get(image.mode, str(image.mode))
