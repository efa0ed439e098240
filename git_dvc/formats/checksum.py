"""The ``md5`` at the top of an import's pointer file: the hash of the file's own definition.

DVC writes it for pointers with ``deps`` only, and calls the file changed when it does not
fit, so whoever edits such a pointer writes it anew. It is the MD5 of the mapping as JSON
(``sort_keys``, default separators, ASCII), without what does not define anything: texts for
people, flags, sizes.
"""

from __future__ import annotations

from typing import Any

from git_dvc import hashing
from git_dvc.formats import pointer

_TOP = frozenset({"md5", "meta", "desc"})
_ANYWHERE = frozenset(
    {
        *("desc", "type", "labels", "meta", "locked", "frozen"),
        *("metric", "persist", "isexec", "size", "nfiles"),
    }
)


def of(definition: dict[str, Any]) -> str:
    """Return the checksum of a pointer file that was read as a mapping."""
    import json

    chosen = {
        key: value
        for key, value in definition.items()
        if key not in _TOP and not (key == "wdir" and value == ".")
    }
    return hashing.of_bytes(json.dumps(_without(chosen), sort_keys=True).encode())


def _without(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without(item) for key, item in value.items() if key not in _ANYWHERE}
    if isinstance(value, list):
        return [_without(item) for item in value]
    return value


def refresh(data: bytes) -> bytes:
    """Return a pointer file with its checksum made right; one without stays as it is.

    Raises:
        FormatError: Not a pointer file.
    """
    found = pointer.parse(data)
    if found.md5 is None:
        return data
    from git_dvc.formats import yamltext

    document = yamltext.Document(data)
    value = of(document.value)
    if value == found.md5:
        return data
    document.set(("md5",), value)
    return document.dump()
