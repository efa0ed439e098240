"""Directory manifests: the sorted list of files that makes up a tracked directory.

A manifest is stored in the cache as a small JSON array, next to the files it names::

    [{"md5": "acbd18db4cc2f85cedef654fccc4a4d8", "relpath": "a/foo.txt"}, ...]

The bytes are those of Python's ``json.dumps(..., sort_keys=True)``: separators ``", "`` and
``": "``, non-ASCII escaped, no newline at the end. Entries are sorted by the whole
``relpath`` by code point, and paths use ``/`` on every platform. The manifest's hash is the
MD5 of exactly these bytes with ``.dir`` appended, so equal directories have equal hashes on
every machine. The byte layout is DVC 3's; DVC 2 has the same with its own hashes inside.

In Python a manifest is ``dict[relpath, hash]``. Every path and hash in it was checked
(``relpaths``, ``hashing``): a manifest comes from a stranger until then.

This module only turns manifests into bytes and back. Walking a directory is
``workspace/scan.py``; storing the bytes is ``store/cache.py``.
"""

from __future__ import annotations

import re
import struct

from git_dvc import hashing, relpaths
from git_dvc.errors import FormatError

Manifest = dict[str, str]

EMPTY_DIR_HASH = "d751713988987e9331980363e24189ce.dir"
MOST_BYTES = 4 * 1024**3

_ENTRY = re.compile(rb'\{"md5": "([0-9a-f]{32})", "relpath": "([^"\\\x00-\x1f\x80-\xff]+)"\}')
_MEMBER = re.compile(rb'\{"md5": "([0-9a-f]{16})[0-9a-f]{16}", "relpath": "')
_HASH = re.compile(r"[0-9a-f]{32}")
_BETWEEN, _INSIDE = b'"}, {"md5": "', b'", "relpath": "'
_CONTROL = bytes(byte for byte in range(32) if byte != 10) + b"\x7f"
_PLAIN_NAME = re.compile(r'[^"\\\x00-\x1f\x7f-\U0010ffff]*')


def dump(manifest: Manifest, key: str = "md5") -> bytes:
    """Return the bytes of a manifest, DVC's to the byte.

    Args:
        manifest: Hash by path.
        key: Name of the hash field; ``md5`` in everything that DVC reads.
    """
    if not manifest:
        return b"[]"
    joined = "".join(manifest)
    if _PLAIN_NAME.fullmatch(joined):
        parts = [
            f'{{"{key}": "{manifest[name]}", "relpath": "{name}"}}' for name in sorted(manifest)
        ]
    else:
        from json import dumps

        parts = [
            f'{{"{key}": "{manifest[name]}", "relpath": {dumps(name)}}}'
            for name in sorted(manifest)
        ]
    return ("[" + ", ".join(parts) + "]").encode("ascii")


def parse(data: bytes) -> Manifest:
    """Return the manifest in ``data``; any JSON layout of the same list is accepted.

    Raises:
        FormatError: Not a manifest, or a path or hash in it is not safe.
    """
    if len(data) > MOST_BYTES:
        raise FormatError("manifest: too large")
    found = _ENTRY.findall(data)
    manifest: Manifest
    # The plain form has 60 bytes an entry beside its name, two of them between entries.
    expected = sum(len(name) for _, name in found) + 60 * len(found) if found else 2
    if (
        len(data) == expected
        and data[:1] == b"["
        and data[-1:] == b"]"
        and data.count(b'"}, {"') == max(len(found) - 1, 0)
    ):
        names = b"\n".join([name for _, name in found]).decode("ascii").split("\n") if found else []
        hashes = b"\n".join([value for value, _ in found]).decode("ascii").split("\n")
        manifest = dict(zip(names, hashes, strict=False)) if found else {}
        count = len(found)
    else:
        manifest, count = _parse_json(data)
    if len(manifest) != count:
        raise FormatError("manifest: a path is listed twice")
    relpaths.check_all(manifest, field="manifest: relpath")
    return manifest


def plain_lines(data: bytes, indent: bytes = b"") -> bytes | None:
    """Return a manifest as text, one line ``<hash>  <path>`` for each file, to look at only.

    Nothing is checked but that the text can be shown, so this is several times faster than
    ``parse``: no step is taken for a single file.

    Returns:
        The lines; None if the manifest is not in the plain form: parse it then.
    """
    if not (data.startswith(b'[{"md5": "') and data.endswith(b'"}]') and data.isascii()):
        return None
    rows = data[10:-3].replace(_INSIDE, b"  ")
    lines = rows.replace(_BETWEEN, b"\n" + indent)
    inside, off = divmod(len(data) - 13 - len(rows), len(_INSIDE) - 2)
    # A quotation mark or backslash left over is part of a name, or of some other form.
    if off or b'"' in lines or b"\\" in lines or lines.count(b"\n") + 1 != inside:
        return None
    if len(lines.translate(None, _CONTROL)) != len(lines):
        return None
    return indent + lines + b"\n"


def numbers(data: bytes) -> list[int]:
    """Return the first 64 bits of each hash in a manifest, to mark what it names.

    In the form that DVC writes, the names are not looked at: a garbage collection reads every
    version of every directory.

    Raises:
        FormatError: The manifest has another form and is not valid.
    """
    found = _MEMBER.findall(data)
    # An entry has eight quotation marks. One in a name has a backslash before it; one behind a
    # name that ends in a backslash has two.
    plain = data.count(b'"') - data.count(b'\\"')
    if plain != 8 * len(found) or b'\\\\"' in data or not data.startswith(b"["):
        found = [value[:16].encode("ascii") for value in parse(data).values()]
    packed = bytes.fromhex(b"".join(found).decode("ascii"))
    return list(struct.unpack(f">{len(found)}Q", packed))


def find(data: bytes, path: str) -> str | None:
    """Return the hash of one file, or None if it is not in the manifest.

    In the form that DVC writes the file's name is looked for as it stands: the history of
    one file does not need the other hundred thousand.

    Raises:
        FormatError: The manifest has another form and is not valid.
    """
    if data.startswith(b'[{"md5": "'):
        from json import dumps

        at = data.find(f'", "relpath": {dumps(path)}}}'.encode("ascii"))
        value = data[max(at - 32, 0) : at].decode("ascii", "replace") if at > 0 else ""
        if at < 0 or _HASH.fullmatch(value):
            return value or None
    return parse(data).get(path)


def _parse_json(data: bytes) -> tuple[Manifest, int]:
    import json

    try:
        listing = json.loads(data)
    except (ValueError, RecursionError):
        raise FormatError("manifest: not valid JSON") from None
    if not isinstance(listing, list):
        raise FormatError("manifest: not a list")
    manifest: Manifest = {}
    for entry in listing:
        if not isinstance(entry, dict) or not isinstance(entry.get("relpath"), str):
            raise FormatError("manifest: an entry has no relpath")
        value = next((entry[name] for name in ("md5", "xxh128") if name in entry), None)
        value = hashing.parse(value, field="manifest: hash")
        if hashing.is_dir(value):
            raise FormatError("manifest: an entry is a directory")
        manifest[entry["relpath"]] = value
    return manifest, len(listing)


def changed_entries(old: bytes, new: bytes) -> tuple[Manifest, Manifest] | None:
    """Return the entries that only ``old`` and only ``new`` has, without parsing the rest.

    Two versions of a large directory mostly share their entries; comparing the entries as
    text is several times faster than parsing both. The caller must have checked ``old``
    before (it is what is in place); entries that only ``new`` has are checked here, and the
    caller's writes refuse a path that is a file here and a directory there.

    Returns:
        The removed and the added entries; a path in both changed its hash. None if either
        manifest is not in the plain form: parse both then.
    """
    if not (old.startswith(b'[{"') and new.startswith(b'[{"')):
        return None
    if not (old.endswith(b'"}]') and new.endswith(b'"}]')):
        return None
    before = set(old[2:-2].split(b"}, {"))
    fresh = new[2:-2].split(b"}, {")
    after = set(fresh)
    if len(after) != len(fresh):
        raise FormatError("manifest: a path is listed twice")
    removed = before - after
    added = after - before
    sides = []
    for part in (removed, added):
        side: Manifest = {}
        for text in part:
            match = _ENTRY.fullmatch(b"{" + text + b"}")
            if match is None:
                return None
            side[match[2].decode("ascii")] = match[1].decode("ascii")
        if len(side) != len(part):
            raise FormatError("manifest: a path is listed twice")
        sides.append(side)
    relpaths.check_all(sides[1], field="manifest: relpath")
    return sides[0], sides[1]


def size_and_count(manifest: Manifest, sizes: dict[str, int]) -> tuple[int, int]:
    """Return total bytes and number of files, given each file's size by path."""
    return sum(sizes[name] for name in manifest), len(manifest)
