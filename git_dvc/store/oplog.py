r"""The operation log: what our commands did to a work tree, so that undo can take it back.

One file for each project in a work tree, in Git's own directory, where no commit reaches it.
It is only ever appended to, a line of JSON at a time, just *before* the step that the line
tells of. An operation that was killed therefore stands there with all that it may have done;
it only lacks its last line. One id joins the lines of an operation::

    {"op": "8f3a2b1c", "v": 1, "time": 1764000000, "kind": "add", "command": "git dvc add data"}
    {"op": "8f3a2b1c", "file": ".gitignore", "before": null, "after": "/data\n", "index": null}
    {"op": "8f3a2b1c", "out": "data", "act": "record", "before": {...}, "after": {...}}
    {"op": "8f3a2b1c", "kept": "data", "files": {"a.png": "<md5>"}}
    {"op": "8f3a2b1c", "end": true}

* ``file``: a small file of Git's (a pointer, ``dvc.lock``, ``dvc.yaml``, ``.gitignore``): its
  whole text before and after, and its entry in the index before.
* ``out``: an output, as two *sides*: what was in place before and after. A side that is a
  whole version is one hash, whatever its size; only where a part was touched there is a list.
  A second line for the same output takes the place of the first.
* ``kept``: unsaved files that ``--force`` discarded, and where the cache has them now.

A line that was cut off, or that is not what it should be, spoils its operation alone.
Operations older than ``dvc.undoDays`` are dropped when a new one begins, and with 0 nothing is
written at all. What the log names must survive a garbage collection: ``kept_hashes``.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from git_dvc import fsutil, hashing, relpaths
from git_dvc.errors import FormatError, GitDvcError
from git_dvc.store.state import Header

DEFAULT_DAYS = 14
MOST_BYTES = 64 * 1024**2
PLACE, RECORD, MOVE, UNPROTECT = "place", "record", "move", "unprotect"
"""What happened to an output: files written or deleted; only recorded; renamed; unlinked."""

UNDO, REDO, REPRO = "undo", "redo", "repro"
_VERSION = 1
_OWN_NAMES = ("dvc.lock", "dvc.yaml", "Dvcfile", ".gitignore")
_DAY_S = 24 * 3600
_LONG_TEXT = 4096
_MOST_TEXT = 64 * 1024**2

_command = ""


def set_command(words: str) -> None:
    """Say what was typed, or which hook runs: operations are listed by it."""
    global _command
    _command = words


Tree = str | dict[str, str]
"""Files in place: '' for nothing, the hash of a whole version, or a list of single files."""


class Side(NamedTuple):
    """One output before or after an operation.

    Attributes:
        tree: What was in place, as far as the operation touched it.
        algorithm: The hash algorithm of ``tree``.
        kept: Files whose unsaved content was discarded, by MD5; they come on top of ``tree``.
        executable: Whether a file output had its executable bit.
        header: The record of what was last put in place, None if there was none.
    """

    tree: Tree = ""
    algorithm: str = hashing.MD5.name
    kept: dict[str, str] = {}  # noqa: RUF012 - never changed in place
    executable: bool = False
    header: Header | None = None


class OutChange(NamedTuple):
    """What an operation did to one output.

    Attributes:
        relpath: The output.
        act: PLACE, RECORD, MOVE or UNPROTECT.
        before: How it was.
        after: How it was left.
        origin: For MOVE: where it came from.
        made: For MOVE: directories that were made on the way.
    """

    relpath: str
    act: str
    before: Side
    after: Side
    origin: str = ""
    made: tuple[str, ...] = ()

    def inverse(self) -> OutChange:
        """Return what takes this back."""
        relpath, origin = (self.origin, self.relpath) if self.origin else (self.relpath, "")
        return OutChange(relpath, self.act, self.after, self.before, origin, self.made)


class FileChange(NamedTuple):
    """What an operation did to one of Git's files.

    Attributes:
        relpath: The file, relative to the project.
        before: Its content, None if it was not there.
        after: The same afterwards.
        staged: Mode and blob in the index before; None if it was not in it.
    """

    relpath: str
    before: bytes | None
    after: bytes | None
    staged: tuple[str, str] | None


class Operation(NamedTuple):
    """One operation as the log has it.

    Attributes:
        id: Eight hex digits.
        time_s: When it began.
        kind: ``add``, ``checkout``, ``sync``, ``undo``, ...
        command: As it was typed.
        undoes: The operation that an undo or a redo takes back.
        files: Changes of Git's files.
        outs: Changes of outputs.
        finished: False if it was killed, or has not taken back all that it should.
        damaged: Whether a line of it cannot be understood.
    """

    id: str
    time_s: float
    kind: str
    command: str
    undoes: str
    files: list[FileChange]
    outs: list[OutChange]
    finished: bool
    damaged: bool


def undone_by(operations: Iterable[Operation]) -> dict[str, str]:
    """Return which operation took back which; one that was itself taken back does not count."""
    found: dict[str, str] = {}
    for operation in reversed(list(operations)):
        if operation.undoes and operation.finished and operation.id not in found:
            found.setdefault(operation.undoes, operation.id)
    return found


class OpLog:
    """The log of one project in one work tree.

    Args:
        path: Its file.
        days: Returns ``dvc.undoDays``; asked when it is needed.
    """

    def __init__(self, path: str, days: Callable[[], int]) -> None:
        self.path = path
        self._ask_days = days
        self._days: int | None = None

    @property
    def days(self) -> int:
        """For how long operations can be taken back; 0 turns undo off."""
        if self._days is None:
            self._days = max(self._ask_days(), 0)
        return self._days

    def begin(self, kind: str, undoes: str = "") -> Recorder:
        """Return a recorder for a new operation; nothing is written until something happens."""
        return Recorder(self, kind, undoes)

    def read(self) -> list[Operation]:
        """Return the operations that did something, oldest first.

        Raises:
            GitDvcError: The log is not a plain file, or far too large.
        """
        horizon = time.time() - self.days * _DAY_S
        groups: dict[str, _Group] = {}
        for line in self._lines():
            values = _parsed(line)
            if values is None:
                continue
            name = str(values["op"])
            if "v" in values:
                groups[name] = _Group(values)
            elif name in groups:
                groups[name].take(values)
        found = [group.operation(name) for name, group in groups.items()]
        return [one for one in found if (one.files or one.outs) and one.time_s >= horizon]

    def kept_hashes(self) -> dict[str, set[str]]:
        """Return all that a garbage collection must leave, by hash algorithm.

        Hashes that end in ``.dir`` stand for all that they list.
        """
        found: dict[str, set[str]] = {}
        for operation in self.read():
            for change in operation.outs:
                for side in (change.before, change.after):
                    named = found.setdefault(side.algorithm, set())
                    if isinstance(side.tree, dict):
                        named.update(side.tree.values())
                    elif side.tree:
                        named.add(side.tree)
                    if side.header is not None and side.header.hash:
                        found.setdefault(side.header.algorithm, set()).add(side.header.hash)
                    found.setdefault(hashing.MD5.name, set()).update(side.kept.values())
        return {name: values for name, values in found.items() if values}

    def _lines(self) -> list[bytes]:
        try:
            return fsutil.read_bytes(self.path, 2 * MOST_BYTES).split(b"\n")
        except (FileNotFoundError, NotADirectoryError):
            return []

    def trim(self) -> None:
        """Drop what is too old, or too much."""
        try:
            with open(self.path, "rb") as stream:
                first = _parsed(stream.readline(_LONG_TEXT).rstrip(b"\n")) or {}
                size = stream.seek(0, os.SEEK_END)
        except OSError:
            return
        began = first.get("time", 0) if "v" in first else 0
        # A day more, or each command of a day would write the whole file again.
        if began > time.time() - (self.days + 1) * _DAY_S and size < MOST_BYTES:
            return
        horizon = time.time() - self.days * _DAY_S
        parts: dict[str, list[bytes]] = {}
        try:
            lines = self._lines()
        except GitDvcError:
            lines = []
        for line in lines:
            values = _parsed(line)
            if values is None:
                continue
            if "v" in values and values["time"] >= horizon:
                parts[values["op"]] = []
            if values["op"] in parts:
                parts[values["op"]].append(line + b"\n")
        kept: list[bytes] = []
        left = MOST_BYTES // 2
        for part in reversed(list(parts.values())):
            text = b"".join(part)
            left -= len(text)
            if left < 0:
                break
            kept.append(text)
        fsutil.atomic_write(self.path, b"".join(reversed(kept)), os.path.dirname(self.path))


class Recorder:
    """Writes down one operation as it goes; a context manager.

    That the log cannot be written stops nothing, but for unsaved data that is about to be
    discarded.

    Attributes:
        id: The operation's id.
    """

    def __init__(self, log: OpLog, kind: str, undoes: str) -> None:
        self.id = os.urandom(4).hex()
        self.kind = kind
        self._log = log
        self._first = {
            "op": self.id,
            "v": _VERSION,
            "time": round(time.time(), 3),
            "kind": kind,
            "command": _command or f"git dvc {kind}",
        }
        if undoes:
            self._first["undoes"] = undoes
        self._fd = -1
        self._done = False
        self._failed: OSError | None = None

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *about: object) -> None:
        # Also after an error: what was noted until then may have been done.
        self.finish()

    @property
    def is_open(self) -> bool:
        """Whether the operation goes on, and undo is wanted at all."""
        return not self._done and self._log.days > 0

    def file(self, change: FileChange) -> None:
        """Note that one of Git's files is about to change."""
        self._note(
            {
                "file": change.relpath,
                "before": _text(change.before),
                "after": _text(change.after),
                "index": change.staged,
            }
        )

    def out(self, change: OutChange) -> None:
        """Note that an output is about to change, or what really came of it."""
        values: dict[str, Any] = {
            "out": change.relpath,
            "act": change.act,
            "before": _side(change.before),
            "after": _side(change.after),
        }
        if change.origin:
            values.update({"from": change.origin, "made": change.made})
        self._note(values)

    def kept(self, relpath: str, files: Mapping[str, str]) -> None:
        """Note that these files are about to be discarded, and that the cache has them.

        Raises:
            OSError: That could not be noted: they must stay.
        """
        self._note({"kept": relpath, "files": dict(files)})
        if self._failed is not None:
            raise self._failed
        if self._fd >= 0:
            os.fsync(self._fd)

    def finish(self, *, complete: bool = True) -> None:
        """Note that all is done."""
        if self._fd >= 0:
            if complete:
                self._note({"end": True})
            os.close(self._fd)
            self._fd = -1
        self._done = True

    def _note(self, values: dict[str, Any]) -> None:
        if self._failed is not None or not self.is_open:
            return
        try:
            if self._fd < 0:
                self._fd = self._open()
                fsutil.write_all(self._fd, _line(self._first))
            fsutil.write_all(self._fd, _line({"op": self.id, **values}))
        except OSError as problem:
            self._failed = problem  # what follows must not be glued to half a line

    def _open(self) -> int:
        self._log.trim()
        path = self._log.path
        os.makedirs(os.path.dirname(path), exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | fsutil.O_NOFOLLOW | fsutil.O_CLOEXEC
        fd = os.open(path, flags | fsutil.O_BINARY, 0o600)
        try:
            size = os.lseek(fd, 0, os.SEEK_END)
            if size:
                os.lseek(fd, size - 1, os.SEEK_SET)
                if os.read(fd, 1) != b"\n":
                    fsutil.write_all(fd, b"\n")  # somebody was killed within a line
        except BaseException:
            os.close(fd)
            raise
        return fd


# -- values to lines ----------------------------------------------------------------------------


def _line(values: dict[str, Any]) -> bytes:
    import json

    # ASCII: names that are not UTF-8 stand in it as lone surrogates, and come back the same.
    return json.dumps(values, separators=(",", ":")).encode("ascii") + b"\n"


def _text(data: bytes | None) -> str | list[str] | None:
    if data is None or len(data) <= _LONG_TEXT:
        return None if data is None else data.decode("utf-8", "surrogateescape")
    import binascii
    import zlib

    return ["zlib", binascii.b2a_base64(zlib.compress(data), newline=False).decode("ascii")]


def _side(side: Side) -> dict[str, Any]:
    values: dict[str, Any] = {"tree": side.tree, "algorithm": side.algorithm}
    if side.kept:
        values["kept"] = side.kept
    if side.executable:
        values["executable"] = True
    if side.header is not None:
        values["header"] = [side.header.hash, side.header.algorithm, side.header.pointer]
    return values


# -- lines to values ----------------------------------------------------------------------------


def _parsed(line: bytes) -> dict[str, Any] | None:
    """Return a line's values if it is a line of ours, with an id and, for the first, a time."""
    import json

    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(values, dict) or not _is_id(values.get("op")):
        return None
    if "v" in values and not (
        values["v"] == _VERSION
        and isinstance(values.get("time"), (int, float))
        and isinstance(values.get("kind"), str)
        and isinstance(values.get("command"), str)
    ):
        return None
    return values


def _is_id(text: object) -> bool:
    return isinstance(text, str) and len(text) == 8 and set(text) <= set("0123456789abcdef")


class _Group:
    """The lines of one operation."""

    def __init__(self, first: dict[str, Any]) -> None:
        self._first = first
        self._files: dict[str, FileChange] = {}
        self._outs: dict[tuple[str, str], OutChange] = {}
        self._kept: dict[str, dict[str, str]] = {}
        self._finished = False
        self._damaged = False

    def take(self, values: dict[str, Any]) -> None:
        """Add a line."""
        try:
            if "file" in values:
                self._take_file(_file_change(values))
            elif "out" in values:
                change = _out_change(values)
                self._outs[change.relpath, change.act] = change
            elif "kept" in values:
                files = _listing(values["files"])
                self._kept.setdefault(_path(values["kept"]), {}).update(files)
            elif "end" in values:
                self._finished = True
        except (FormatError, KeyError, TypeError, ValueError):
            self._damaged = True

    def _take_file(self, change: FileChange) -> None:
        """Add a change; of a file that changed twice the first and the last text count."""
        earlier = self._files.get(change.relpath)
        if earlier is not None:
            change = earlier._replace(after=change.after)
        self._files[change.relpath] = change

    def operation(self, name: str) -> Operation:
        """Return the operation."""
        outs = dict(self._outs)
        for relpath, files in self._kept.items():
            known = outs.get((relpath, PLACE)) or OutChange(relpath, PLACE, Side({}), Side({}))
            before = known.before._replace(kept={**known.before.kept, **files})
            outs[relpath, PLACE] = known._replace(before=before)
        first = self._first
        undoes = first.get("undoes", "")
        return Operation(
            name,
            float(first["time"]),
            first["kind"],
            first["command"],
            undoes if _is_id(undoes) else "",
            [c for c in self._files.values() if c.before != c.after],
            [c for c in outs.values() if c.act != PLACE or _did_something(c)],
            self._finished,
            self._damaged,
        )


def _did_something(change: OutChange) -> bool:
    empty: Tree = {}
    touched = not (change.before.tree == change.after.tree == empty)
    return bool(touched or change.before.kept or change.after.kept)


def _path(text: object) -> str:
    if not isinstance(text, str):
        raise FormatError("path: not a text")
    return relpaths.check(text)


def _file_change(values: dict[str, Any]) -> FileChange:
    relpath = _path(values["file"])
    name = relpath.rpartition("/")[2]
    if not (name.endswith(".dvc") or name in _OWN_NAMES):
        raise FormatError(f"file: not one of ours: {relpath[:200]!r}")
    index = values["index"]
    if index is not None:
        mode, blob = index
        if mode not in ("100644", "100755", "120000") or not _is_blob(blob):
            raise FormatError("index: not an entry")
        index = (mode, blob)
    return FileChange(relpath, _bytes(values["before"]), _bytes(values["after"]), index)


def _is_blob(text: object) -> bool:
    return isinstance(text, str) and len(text) in (40, 64) and set(text) <= set("0123456789abcdef")


def _bytes(value: Any) -> bytes | None:
    if value is None:
        return None
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    import binascii
    import zlib

    how, text = value
    if how != "zlib":
        raise FormatError("text: unknown form")
    try:
        stream = zlib.decompressobj()
        data = stream.decompress(binascii.a2b_base64(text), _MOST_TEXT)
        if not stream.eof:
            raise FormatError("text: cut off, or far too large")
        return data
    except (zlib.error, binascii.Error):
        raise FormatError("text: damaged") from None


def _out_change(values: dict[str, Any]) -> OutChange:
    act = values["act"]
    if act not in (PLACE, RECORD, MOVE, UNPROTECT):
        raise FormatError("act: unknown")
    relpath = _path(values["out"])
    origin = _path(values["from"]) if act == MOVE else ""
    made = tuple(_path(path) for path in values.get("made", ()))
    before = _side_of(values["before"], origin or relpath)
    return OutChange(relpath, act, before, _side_of(values["after"], relpath), origin, made)


def _side_of(values: dict[str, Any], relpath: str) -> Side:
    tree = values["tree"]
    if isinstance(tree, dict):
        tree = _listing(tree)
    elif tree != "":
        tree = hashing.parse(tree)
    header = None
    if values.get("header") is not None:
        value, algorithm, pointer = values["header"]
        value = hashing.parse(value) if value else ""
        header = Header(relpath, value, _algorithm(algorithm), _path(pointer) if pointer else "")
    return Side(
        tree,
        _algorithm(values["algorithm"]),
        _listing(values.get("kept", {})),
        values.get("executable") is True,
        header,
    )


def _algorithm(name: object) -> str:
    if not isinstance(name, str) or name not in hashing.ALGORITHMS:
        raise FormatError("algorithm: unknown")
    return name


def _listing(values: object) -> dict[str, str]:
    """Return files and their hashes; '' alone is a file output itself."""
    if not isinstance(values, dict):
        raise FormatError("files: not a list of files")
    found = {path: hashing.parse(value) for path, value in values.items()}
    if any(hashing.is_dir(value) for value in found.values()):
        raise FormatError("files: a directory")
    if set(found) != {""}:
        relpaths.check_all(found)
    return found
