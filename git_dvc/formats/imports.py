"""Pointer files of imports: data with a source, which the pointer names beside the data.

``git dvc import-url`` and ``git dvc import`` write this, key by key as DVC does (formats.md section
2.4)::

    md5: 657c69cc16ee88baa97192710940765e
    frozen: true
    deps:
    - md5: c6566f64461986ffe46c913e76644b70
      size: 7
      hash: md5
      path: ../set/README.md
    outs:
    - md5: c6566f64461986ffe46c913e76644b70
      size: 7
      hash: md5
      path: README.md

    deps:
    - path: data.csv
      repo:
        url: https://example.com/registry.git
        rev: v1
        rev_lock: ada2d8391655125b939df3884dd657bd4242efb2

The ``md5`` at the top is ``checksum.py``'s. An import without data yet (``--no-download``) has an
output without a hash, one of which nothing was asked (``--no-exec``) also no ``md5`` and no
``rev_lock``. A server's file is known by its ``etag`` or ``checksum`` instead of an MD5.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from git_dvc.errors import FormatError
from git_dvc.formats import checksum, pointer
from git_dvc.formats.pointer import Out

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_REPO_KEYS = frozenset({"url", "rev", "rev_lock", "config", "remote"})


class Repo(NamedTuple):
    """The repository that an import comes from.

    Attributes:
        url: A path or Git URL, as written.
        rev: The branch, tag or commit that it follows; None for the default branch.
        rev_lock: The commit that the data was taken from; None before the first time.
        config: A config file, or a config as a mapping, to merge with the repository's own.
        remote: The name of its remote to use, or options for its default one.
    """

    url: str
    rev: str | None = None
    rev_lock: str | None = None
    config: str | dict[str, Any] | None = None
    remote: str | dict[str, Any] | None = None

    def value(self) -> dict[str, Any]:
        """Return it as the pointer file has it."""
        return {key: value for key, value in self._asdict().items() if value}


class Dep(NamedTuple):
    """The source of an import.

    Attributes:
        path: An address or a path from the pointer's place; inside of ``repo``, if there is one.
        content: What is recorded of its content: hash, size, nfiles, isexec.
        repo: The repository that it is in, or None.
        fs_config: Options for the server.
    """

    path: str
    content: dict[str, Any]
    repo: Repo | None = None
    fs_config: dict[str, str] | None = None

    @property
    def hash(self) -> str | None:
        """The source's own name for its content, whatever its kind; None if unknown."""
        for key in ("md5", "etag", "checksum"):
            if self.content.get(key):
                return str(self.content[key])
        return None

    def value(self) -> dict[str, Any]:
        """Return it as the pointer file has it."""
        if self.repo is not None:
            return {"path": self.path, "repo": self.repo.value()}
        found = {**self.content, "hash": "md5", "path": self.path}
        if self.fs_config:
            found["fs_config"] = dict(self.fs_config)
        return found


def parse(found: Mapping[str, Any], field: str = "deps[0]") -> Dep:
    """Return the source that a mapping in a pointer file describes.

    Args:
        found: One of ``Pointer.deps``.
        field: Where it stands, for messages.

    Raises:
        FormatError: A wrong type or an unknown key.
    """
    if "db" in found:
        raise FormatError(f"{field}.db: imports from databases are not supported")
    path = found.get("path")
    if not isinstance(path, str) or not path or _is_odd(path):
        raise FormatError(f"{field}.path: expected text, found {pointer.shown(path)}")
    repo = found.get("repo")
    if repo is not None:
        return Dep(path, {}, _repo(repo, f"{field}.repo"))
    out = pointer.out_from(found, field, pointer.DEP_KEYS)
    if out.versioned:
        raise FormatError(f"{field}: imports of one version in a cloud are not supported")
    content = {key: found[key] for key in found if key in pointer.CONTENT_KEYS and key != "hash"}
    options = found.get("fs_config")
    if options is None:
        return Dep(path, content)
    if not isinstance(options, dict):
        raise FormatError(f"{field}.fs_config: expected a mapping, found {pointer.shown(options)}")
    return Dep(path, content, None, {str(key): _text(value) for key, value in options.items()})


def _repo(value: object, field: str) -> Repo:
    found = pointer.mapping(value, field, _REPO_KEYS)
    for key in ("url", "rev", "rev_lock"):
        text = found.get(key)
        if text is not None and (not isinstance(text, str) or _is_odd(text)):
            raise FormatError(f"{field}.{key}: expected text, found {pointer.shown(text)}")
    if not found.get("url"):
        raise FormatError(f"{field}.url: missing")
    for key in ("config", "remote"):
        if not isinstance(found.get(key), (str, dict, type(None))):
            raise FormatError(f"{field}.{key}: expected text or a mapping")
    lock = found.get("rev_lock") or None
    if lock is not None and _COMMIT.fullmatch(lock) is None:
        raise FormatError(f"{field}.rev_lock: expected a commit, found {pointer.shown(lock)}")
    return Repo(
        found["url"], found.get("rev") or None, lock, found.get("config"), found.get("remote")
    )


def _is_odd(text: str) -> bool:
    """Return whether a text has line breaks or NUL in it (S13)."""
    return any(character in text for character in "\n\r\0")


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def dump(dep: Dep, out: Out, *, executed: bool = True) -> bytes:
    """Return a new pointer file for an import, as DVC writes it.

    Args:
        dep: The source.
        out: The output; without a hash if its data was not asked for.
        executed: Whether the source was asked at all.
    """
    from git_dvc.formats import yamltext

    value: dict[str, Any] = {"frozen": True, "deps": [dep.value()], "outs": [_out_value(out)]}
    if executed:
        value = {"md5": checksum.of(value), **value}
    return yamltext.dump(value).encode()


def _out_value(out: Out) -> dict[str, Any]:
    found = {**pointer.content_keys(out), "path": out.path}
    if out.remote is not None:
        found["remote"] = out.remote
    if not out.push:
        found["push"] = False
    return found


def update(data: bytes, dep: Dep, out: Out) -> bytes:
    """Return a pointer file with another version recorded; all else stays byte for byte.

    Args:
        data: The pointer file as it is, with one source and one output.
        dep: What to record of the source: its content, or revision and commit.
        out: The content of the output.

    Raises:
        FormatError: It is no import, or cannot be edited.
    """
    from git_dvc.formats import yamltext

    old = pointer.parse(data)
    if len(old.deps) != 1 or len(old.outs) != 1:
        raise FormatError("not an import: expected one dep and one out")
    document = yamltext.Document(data)
    if dep.repo is not None:
        known = document.value["deps"][0]["repo"]
        for key in ("rev", "rev_lock"):
            text = getattr(dep.repo, key)
            if text is not None and known.get(key) != text:
                document.set(("deps", 0, "repo", key), text)
    else:
        wanted = {**dep.content, "hash": "md5"}
        pointer.set_keys(document, ("deps", 0), wanted)
    pointer.set_content(document, ("outs", 0), out)
    value = checksum.of(document.value)
    if document.value.get("md5") != value:
        document.set(("md5",), value)
    return document.dump()
