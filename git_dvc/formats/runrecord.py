"""A record of the run cache: what one run of a stage used and made.

It stands at ``runs/<key[:2]>/<key>/<value>`` in a cache and on a remote, as one stage of a lock
file without its name::

    cmd: python3 train.py
    deps:
    - path: in.csv
      hash: md5
      md5: 3ecfad755fa825f7a17c5526ec44e651
      size: 4
    outs:
    - path: model.bin
      hash: md5
      md5: b8b3cf01881bda3535438769b0eeb56a
      size: 43

``value`` is the SHA-256 of all this as JSON with sorted keys, without ``size`` and ``nfiles``;
``key`` the same with the outs reduced to their paths. So a record proves its own name.
"""

from __future__ import annotations

import re
from typing import Any

from git_dvc.errors import FormatError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from git_dvc.formats.lockfile import LockStage

FOLDER = "runs"
MOST_BYTES = 16 * 1024**2

_PATH = re.compile(r"([0-9a-f]{2})/(\1[0-9a-f]{62})/([0-9a-f]{64})")
_NOT_HASHED = ("size", "nfiles")


def is_path(path: str) -> bool:
    """Return whether this is where a record may stand, below ``runs``."""
    return _PATH.fullmatch(path) is not None


def parse(path: str, data: bytes) -> LockStage:
    """Return a record, checked against its path.

    Raises:
        FormatError: It is not a record, or not the one that should be there.
    """
    from git_dvc.formats import lockfile, plainyaml

    value = plainyaml.parse(data, max_bytes=MOST_BYTES)
    stage = lockfile.stage_from(f"{FOLDER}/{path}", value)
    found = _PATH.fullmatch(path)
    if found is None or path_of(value) != path:
        raise FormatError("is not what its name says", f"{FOLDER}/{path}")
    return stage


def path_of(value: dict[str, Any]) -> str:
    """Return where a record belongs, below ``runs``."""
    paths = [out["path"] for out in value.get("outs", ())]
    return f"{folder_of(value, paths)}/{_digest(_without_sizes(value))}"


def folder_of(value: dict[str, Any], out_paths: list[str]) -> str:
    """Return the folder of all records of runs that used the same, below ``runs``.

    Args:
        value: A record; what it made does not count.
        out_paths: The paths of what it made, in the record's order.
    """
    key = _digest({**_without_sizes(value), "outs": out_paths})
    return f"{key[:2]}/{key}"


def dump(value: dict[str, Any]) -> bytes:
    """Return a record as DVC writes it."""
    from git_dvc.formats import yamltext

    return yamltext.dump(value).encode()


def _without_sizes(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_sizes(v) for k, v in value.items() if k not in _NOT_HASHED}
    if isinstance(value, list):
        return [_without_sizes(item) for item in value]
    return value


def _digest(value: object) -> str:
    import hashlib
    import json

    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
