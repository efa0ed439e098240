"""Pointer files: the small YAML file ``data.csv.dvc`` that Git keeps in place of the data.

DVC 3 writes this, byte for byte, for a file and for a directory::

    outs:
    - md5: b1946ac92492d2347c6235b4d2611184
      size: 6
      hash: md5
      path: data.txt

    outs:
    - md5: ce6186eb8ee626871848d02fa9528398.dir
      size: 7
      nfiles: 4
      hash: md5
      path: dir

``hash: md5`` marks the hash as DVC 3's; without it ``md5`` is DVC 2's dos2unix hash. A
pointer may also have several outs, comments, annotations, ``wdir`` and, for imports, ``deps``.

Hooks read up to a thousand pointers, so the form above is read by regular expressions and
only what differs from it goes to ``yamltext``. Paths are returned as written: where they
lead is ``relpaths.resolve``'s business. ``tests/formats/samples/pointer/`` has files that
DVC wrote.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from git_dvc import hashing
from git_dvc.errors import FormatError

if TYPE_CHECKING:
    from git_dvc.formats import yamltext

MOST_BYTES = 16 * 1024 * 1024

DOS2UNIX = hashing.MD5_DOS2UNIX.name
"""Name of the hash of an out that has no ``hash:`` key."""


class Out(NamedTuple):
    """One output of a pointer file or of a stage in ``dvc.lock``.

    Attributes:
        path: As written: relative to the pointer's ``wdir``, absolute, or a URL.
        hash: Lower-case hex, with ``.dir`` for directories; None while unknown. For
            ``etag`` and ``checksum`` it is a cloud's text and must never become a path.
        hash_name: ``md5`` is DVC 3's; ``md5-dos2unix`` is meant when there is no ``hash:``
            key; anything else is as written.
        size: Bytes, for a directory of all files in it; None if not recorded.
        nfiles: Number of files in a directory; None if not recorded.
        isexec: Whether the file was executable when it was added.
        cache: False if the content is not to be stored.
        persist: True if a stage's run must not delete it first.
        push: False if the content stays on this machine.
        remote: The only remote it goes to, or None.
        versioned: Whether it lives in a cloud's versioned store (``cloud``, ``files`` or
            ``version_id``), which git-dvc leaves alone.
    """

    path: str
    hash: str | None = None
    hash_name: str = "md5"
    size: int | None = None
    nfiles: int | None = None
    isexec: bool = False
    cache: bool = True
    persist: bool = False
    push: bool = True
    remote: str | None = None
    versioned: bool = False


class Pointer(NamedTuple):
    """A pointer file.

    Attributes:
        outs: In the order of the file.
        wdir: As written; ``.`` if absent.
        deps: Sources of an import, as plain mappings (keys checked, values not).
        frozen: Whether an import stays at its recorded revision.
        md5: Hash of the definition, written for imports and stages only.
        cmd: Of a stage file that an old version wrote, the command; else None.
        always_changed: Whether that runs each time.
        desc: What people say of it.
        meta: What programs say of it.
        kinds: What its outs are: ``outs``, ``metrics`` or ``plots``.
    """

    outs: tuple[Out, ...]
    wdir: str = "."
    deps: tuple[dict[str, Any], ...] = ()
    frozen: bool = False
    md5: str | None = None
    cmd: str | None = None
    always_changed: bool = False
    desc: str | None = None
    meta: Any = None
    kinds: tuple[str, ...] = ()


# --- the plain form ---------------------------------------------------------------------

_LINE = re.compile(r"(- |  )(md5|size|nfiles|isexec|hash|path): (.+)")
_HASH = re.compile(r"(?!\d+(?:e\d+)?$)[0-9a-f]{32}(?:\.dir)?|'[0-9a-f]{32}(?:\.dir)?'")
_COUNT = re.compile(r"0|[1-9][0-9]{0,17}")
_WORD = re.compile(r"[\w./][\w./+@%=,()~^ -]*")
_NOT_NUMBER = re.compile(r"[g-mp-suvwyG-MP-SUVWY]")
_NOT_TEXT = re.compile(r"(?:true|false|null|\.inf|\.nan|y|n|yes|no|on|off)", re.IGNORECASE)
_QUOTED = re.compile(r"'((?:[^']|'')+)'")
_CONFLICT = re.compile(rb"^(?:<{7}|={7}|>{7}|\|{7})(?: |\r?$)", re.MULTILINE)


def is_plain_text(text: str) -> bool:
    """Return whether YAML surely reads ``text`` back as this string without quotes.

    False means only that the full rules must decide.
    """
    return (
        _WORD.fullmatch(text) is not None
        # A letter in front, or one that no number or date has.
        and (text[0].isalpha() or _NOT_NUMBER.search(text) is not None)
        and text[-1] != " "
        and text.isprintable()
        and _NOT_TEXT.fullmatch(text) is None
    )


def _plain(text: str) -> tuple[Out, ...] | None:
    """Return the outs of a file in exactly the form that DVC writes, else None."""
    lines = text.split("\n")
    if lines[0] != "outs:" or lines.pop():
        return None
    outs: list[Out] = []
    found: dict[str, str] = {}
    for line in lines[1:]:
        match = _LINE.fullmatch(line)
        if match is None:
            return None
        start, key, value = match.groups()
        if start == "- ":
            if found and not _plain_out(found, outs):
                return None
            found = {}
        elif not found:
            return None
        if key in found:
            return None
        found[key] = value
    return tuple(outs) if found and _plain_out(found, outs) else None


def _plain_out(found: Mapping[str, str], outs: list[Out]) -> bool:
    path = found.get("path", "")
    if not is_plain_text(path):
        quoted = _QUOTED.fullmatch(path)
        if quoted is None or not quoted[1].isprintable():
            return False
        path = quoted[1].replace("''", "'")
    value = found.get("md5")
    if value is not None:
        if _HASH.fullmatch(value) is None:
            return False
        value = value.strip("'")
    size, nfiles = found.get("size"), found.get("nfiles")
    for count in (size, nfiles):
        if count is not None and _COUNT.fullmatch(count) is None:
            return False
    if found.get("hash", "md5") != "md5" or found.get("isexec", "true") != "true":
        return False
    outs.append(
        Out(
            path=path,
            hash=value,
            hash_name="md5" if "hash" in found else DOS2UNIX,
            size=None if size is None else int(size),
            nfiles=None if nfiles is None else int(nfiles),
            isexec="isexec" in found,
        )
    )
    return True


# --- reading ----------------------------------------------------------------------------


def parse(data: bytes) -> Pointer:
    """Return the pointer that ``data`` holds.

    Raises:
        FormatError: ``field: what``; the caller adds the file's name.
    """
    if len(data) > MOST_BYTES:
        raise FormatError(f"larger than {MOST_BYTES} bytes")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError(f"not UTF-8 text (byte {error.start})") from None
    outs = _plain(text)
    if outs is not None:
        return Pointer(outs)
    check_conflicts(data)

    from git_dvc.formats import plainyaml

    return from_value(plainyaml.parse(text))


def is_plain(data: bytes) -> bool:
    """Return whether a pointer file has nothing but outputs in the form that DVC writes."""
    return _plain(data.decode("utf-8", "replace")) is not None


def check_conflicts(data: bytes) -> None:
    """Refuse a file that Git left with both sides of a merge in it."""
    if _CONFLICT.search(data):
        raise FormatError("has merge conflict markers")


def from_value(value: object) -> Pointer:
    """Return the pointer that a YAML document means.

    Raises:
        FormatError: An unknown key or a wrong type, as ``field: what``.
    """
    if value is None:
        return Pointer(())
    is_stage = isinstance(value, dict) and value.get("cmd") is not None
    top = mapping(value, "", POINTER_KEYS | {"cmd"} if is_stage else POINTER_KEYS)
    outs = top.get("outs")
    deps = top.get("deps")
    locked = flag(top, "locked", "", default=False)
    md5 = top.get("md5")
    if md5 is not None and md5 != "":
        md5 = hashing.parse(md5)
    out_keys = OUT_KEYS | {"metric", "plot"} if is_stage else OUT_KEYS
    return Pointer(
        outs=tuple(
            out_from(item, f"outs[{number}]", out_keys)
            for number, item in enumerate(sequence(outs, "outs"))
        ),
        wdir=_optional_text(top, "wdir", "") or ".",
        deps=tuple(
            mapping(item, f"deps[{number}]", DEP_KEYS | {"params"} if is_stage else DEP_KEYS)
            for number, item in enumerate(sequence(deps, "deps"))
        ),
        frozen=flag(top, "frozen", "", default=locked),
        md5=md5 or None,
        cmd=_optional_text(top, "cmd", ""),
        always_changed=flag(top, "always_changed", "", default=False),
        desc=_optional_text(top, "desc", ""),
        meta=top.get("meta"),
        kinds=tuple(_kind(item) for item in outs) if is_stage and outs else (),
    )


def _kind(out: Mapping[str, Any]) -> str:
    return "metrics" if out.get("metric") else "plots" if out.get("plot") else "outs"


POINTER_KEYS = frozenset(
    {"md5", "wdir", "deps", "outs", "locked", "frozen", "meta", "always_changed", "desc"}
)
_ENTRY_KEYS = frozenset(
    {"md5", "etag", "checksum", "size", "nfiles", "isexec", "version_id", "path", "cloud"}
    | {"hash", "files", *(set(hashing.ALGORITHMS) - {DOS2UNIX})}
)
OUT_KEYS = _ENTRY_KEYS | frozenset(
    {"persist", "cache", "remote", "push", "fs_config", "desc", "type", "labels", "meta"}
)
DEP_KEYS = _ENTRY_KEYS | frozenset({"persist", "repo", "db", "fs_config"})


def out_from(value: object, field: str, keys: frozenset[str]) -> Out:
    """Return the output that a mapping describes; shared with ``dvc.lock``.

    Args:
        value: What YAML gave.
        field: Where it stands, for messages: ``outs[0]``.
        keys: The keys that may occur.

    Raises:
        FormatError: An unknown key or a wrong type.
    """
    found = mapping(value, field, keys)
    path = found.get("path")
    if not isinstance(path, str) or not path:
        raise FormatError(f"{field}.path: expected text, found {shown(path)}")
    hash_name, hash_value = _hash_of(found, field)
    cloud = found.get("cloud")
    if cloud is not None and not isinstance(cloud, dict):
        raise FormatError(f"{field}.cloud: expected a mapping, found {shown(cloud)}")
    sequence(found.get("files"), f"{field}.files")
    return Out(
        path=path,
        hash=hash_value,
        hash_name=hash_name,
        size=_count(found, "size", field),
        nfiles=_count(found, "nfiles", field),
        isexec=flag(found, "isexec", field, default=False),
        cache=flag(found, "cache", field, default=True),
        persist=flag(found, "persist", field, default=False),
        push=flag(found, "push", field, default=True),
        remote=_optional_text(found, "remote", field),
        versioned=bool(found.keys() & {"cloud", "files", "version_id"}),
    )


def _hash_of(found: Mapping[str, Any], field: str) -> tuple[str, str | None]:
    name = _optional_text(found, "hash", field)
    key = name if name in hashing.ALGORITHMS and name != DOS2UNIX else "md5"
    value = found.get(key)
    if value is not None and value != "":
        return name or DOS2UNIX, hashing.parse(value, field=f"{field}.{key}")
    for cloud_key in ("etag", "checksum"):
        text = found.get(cloud_key)
        if isinstance(text, bool) or not isinstance(text, (str, int, type(None))):
            raise FormatError(f"{field}.{cloud_key}: expected text, found {shown(text)}")
        if text is not None and text != "":
            return cloud_key, str(text)
    return name or DOS2UNIX, None


def mapping(value: object, field: str, keys: frozenset[str]) -> dict[str, Any]:
    """Return ``value`` if it is a mapping with no other keys than ``keys``."""
    if not isinstance(value, dict):
        place = f"{field}: " if field else ""
        raise FormatError(f"{place}expected a mapping, found {shown(value)}")
    for key in value:
        if key not in keys:
            place = f"{field}." if field else ""
            raise FormatError(f"{place}{shown_key(key)}: unknown key")
    return value


def sequence(value: object, field: str) -> list[Any]:
    """Return ``value`` if it is a list, the empty list for null."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise FormatError(f"{field}: expected a list, found {shown(value)}")
    return value


def flag(found: Mapping[str, Any], key: str, field: str, *, default: bool) -> bool:
    """Return ``found[key]`` if it is a truth value."""
    value = found.get(key, default)
    if not isinstance(value, bool):
        raise FormatError(f"{_at(field, key)}: expected true or false, found {shown(value)}")
    return value


def _count(found: Mapping[str, Any], key: str, field: str) -> int | None:
    value = found.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 63:
        raise FormatError(f"{_at(field, key)}: expected a whole number, found {shown(value)}")
    return value


def _optional_text(found: Mapping[str, Any], key: str, field: str) -> str | None:
    value = found.get(key)
    if value is not None and not isinstance(value, str):
        raise FormatError(f"{_at(field, key)}: expected text, found {shown(value)}")
    return value


def _at(field: str, key: str) -> str:
    return f"{field}.{key}" if field else key


def shown(value: object) -> str:
    """Return a value's kind, and for short scalars the value, for a message."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, str):
        return repr(value[:60])
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value) if abs(value) < 10**20 else "a huge number"
    return repr(value)[:60]


def shown_key(key: object) -> str:
    """Return a key for a message: bare if it is an ordinary word."""
    return key if isinstance(key, str) and key.isidentifier() and len(key) < 60 else shown(key)


# --- writing ----------------------------------------------------------------------------


def content_keys(out: Out) -> dict[str, Any]:
    """Return what an out records about its content, in DVC's order for pointer files."""
    found: dict[str, Any] = {}
    if out.hash is not None:
        found[hash_key(out)] = out.hash
    if out.size is not None:
        found["size"] = out.size
    if out.nfiles is not None:
        found["nfiles"] = out.nfiles
    if out.isexec:
        found["isexec"] = True
    if out.hash_name not in (DOS2UNIX, "etag", "checksum"):
        found["hash"] = out.hash_name
    return found


def hash_key(out: Out) -> str:
    """Return the key that holds an out's hash."""
    if out.hash_name in hashing.ALGORITHMS and out.hash_name != DOS2UNIX:
        return out.hash_name
    return out.hash_name if out.hash_name in ("etag", "checksum") else "md5"


def dump(out: Out) -> bytes:
    """Return a new pointer file for one out, as DVC writes it."""
    lines = ["outs:"]
    found = content_keys(out) | {"path": out.path}
    if not out.cache:
        found["cache"] = False
    if out.persist:
        found["persist"] = True
    if out.remote is not None:
        found["remote"] = out.remote
    if not out.push:
        found["push"] = False
    start = "- "
    for key, value in found.items():
        lines.append(f"{start}{key}: {_scalar(value, len(key) + 4)}")
        start = "  "
    return ("\n".join(lines) + "\n").encode()


def _scalar(value: object, column: int) -> str:
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    text = str(value)
    if _HASH.fullmatch(text) or (is_plain_text(text) and column + len(text) <= 80):
        return text

    from git_dvc.formats import yamltext

    return yamltext.scalar(text, column=column, indent=4)


def update(data: bytes, path: str, out: Out) -> bytes:
    """Return ``data`` with new content recorded for one out; all else byte for byte.

    Hash, size, nfiles and isexec become those of ``out``: keys keep their places, new ones
    go to the end of that out, those with nothing to say go away. Other fields of ``out``
    are not written.

    Args:
        data: The pointer file as it is.
        path: Which out: its path as written in the file.
        out: The new content.

    Raises:
        FormatError: The file is not valid or has no such out.
    """
    old = parse(data)
    number = next((n for n, known in enumerate(old.outs) if known.path == path), None)
    if number is None:
        raise FormatError(f"outs: no out with the path {shown(path)}")
    before = old.outs[number]
    if len(old.outs) == 1 and _same_keys(before, out) and dump(before) == data:
        return dump(out._replace(path=path, cache=True, persist=False, push=True, remote=None))

    from git_dvc.formats import yamltext

    document = yamltext.Document(data)
    set_content(document, ("outs", number), out)
    return document.dump()


def _same_keys(before: Out, after: Out) -> bool:
    return content_keys(before).keys() == content_keys(after).keys() and before[6:] == Out("")[6:]


def set_content(document: yamltext.Document, at: tuple[str | int, ...], out: Out) -> None:
    """Write an out's content into an open document; shared with ``dvc.lock``."""
    set_keys(document, at, content_keys(out))


def set_keys(
    document: yamltext.Document, at: tuple[str | int, ...], wanted: dict[str, Any]
) -> None:
    """Make these the keys that tell of content, in a mapping of an open document."""
    has: Any = document.value
    for step in at:
        has = has[step]
    unwanted = CONTENT_KEYS - wanted.keys()
    # Between DVC 2's and 3's hash only the marker changes, so `md5` is edited in place.
    for key in [key for key in has if key in unwanted]:
        document.delete((*at, key))
    for key, value in wanted.items():
        if key not in has or has[key] != value or type(has[key]) is not type(value):
            document.set((*at, key), value)


CONTENT_KEYS = frozenset({"md5", "etag", "checksum", "size", "nfiles", "isexec", "hash"}) | (
    set(hashing.ALGORITHMS) - {DOS2UNIX}
)
