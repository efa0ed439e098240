"""State: what is known of files without reading them (path -> hash), and what was put in place.

Three kinds of records, in small SQLite databases that git-dvc alone uses:

* *Placed* outputs, for each work tree: for every tracked output the hash that was last put
  in place, and for each of its files an *entry*: hash, size, times, inode, mode. A file
  whose ``lstat`` equals its entry is clean: it need not be read to know its hash.
* *Objects* that were verified, for each cache: size, mtime and inode by hash. An object
  that still looks the same need not be read again before it is linked.
* What stages depend on and nobody tracks, as it was *seen* last. It has entries like an output,
  but git-dvc did not put it there, so nothing is ever removed for it.

A plain file notes what was *begun*: the versions on their way to an output whose record
is not written yet, and which command was bringing them. It is what a process that died leaves,
so that the next one takes neither the old record for true nor a half for a change of the user's.

All are a cache of facts: deleting them is safe, and every command works without them; the
next one reads every file once. They live in Git's own directory, where no commit reaches
them, because a forged record would make us take changed data for saved.

A file can be rewritten within one tick of the clock without its mtime moving, so an entry
made in the tick of that mtime is never trusted (Git calls such entries racy:
Documentation/technical/racy-git.txt). ``entry_of`` writes -1 for the mtime then.
"""

from __future__ import annotations

import os
import struct
from array import array
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import sqlite3

Entry = tuple[str, int, int, int, int, int]
"""Hash, size in bytes, mtime and ctime in ns (mtime -1: not to be trusted), inode, mode."""

ObjectStat = tuple[int, int, int]
"""Size in bytes, mtime in ns, inode of a verified object."""

NEVER = -1
THEIRS = -2
"""An mtime: the user's own content is there, to be taken for unsaved even if the cache has it."""
CLOCK_GRAIN_NS = 20_000_000
COARSE_GRAIN_NS = 2_000_000_000
_MAGIC = b"GDP1"
_SCHEMA = 2


def entry_of(value: str, found: os.stat_result, before_ns: int) -> Entry:
    """Return the entry of a file whose hash was taken after ``before_ns``.

    Args:
        value: The hash.
        found: Its stat, the same before and after hashing.
        before_ns: The clock just before hashing began.
    """
    mtime = found.st_mtime_ns
    grain = CLOCK_GRAIN_NS if mtime % 1_000_000_000 else COARSE_GRAIN_NS
    if mtime + grain > before_ns:
        mtime = NEVER
    return (value, found.st_size, mtime, found.st_ctime_ns, found.st_ino, found.st_mode)


def is_clean(entry: Entry, found: os.stat_result) -> bool:
    """Return whether a file is still what its entry says, without reading it.

    The ctime of a hard link moves whenever another name of the same file comes or goes (a
    second work tree, a switch of versions), so it counts for files with one name only. What
    is changed through a hard link to the cache is still in the cache, hence never lost.
    """
    return (
        entry[1] == found.st_size
        and entry[2] == found.st_mtime_ns
        and entry[4] == found.st_ino
        and (entry[3] == found.st_ctime_ns or found.st_nlink > 1)
    )


class Header(NamedTuple):
    """What is known of one placed output without its files.

    Attributes:
        relpath: The output, relative to the project.
        hash: The hash wholly in place; '' if something of it is missing or differs.
        algorithm: Name of the hash algorithm.
        pointer: The pointer or lock file that names it, relative to the project.
    """

    relpath: str
    hash: str
    algorithm: str
    pointer: str


class By(NamedTuple):
    """The operation that writes the files of an output.

    Attributes:
        kind: ``checkout``, ``sync``, ``pull``, ...
        id: As the operation log names it.
    """

    kind: str
    id: str


class Placed:
    """One output as it was last put in place or found.

    ``entries`` is by path inside the output; a single file has the one key ''.
    """

    __slots__ = ("algorithm", "entries", "hash", "pointer", "relpath", "version")

    def __init__(
        self,
        relpath: str,
        value: str = "",
        algorithm: str = "md5",
        pointer: str = "",
        entries: dict[str, Entry] | None = None,
        version: int = 0,
    ) -> None:
        self.relpath = relpath
        self.hash = value
        self.algorithm = algorithm
        self.pointer = pointer
        self.entries = {} if entries is None else entries
        self.version = version


def pack(entries: dict[str, Entry]) -> bytes:
    """Return entries as bytes; see ``unpack``."""
    names = "\0".join(entries).encode("utf-8", "surrogateescape")
    parts = [struct.pack("<4sQQ", _MAGIC, len(entries), len(names)), names]
    if entries:
        hashes, *numbers = zip(*entries.values(), strict=True)
        parts.append(bytes.fromhex("".join(hashes)))
        for index, column in enumerate(numbers):
            parts.append(array("q" if index < 3 else "Q", column).tobytes())
    return b"".join(parts)


def unpack(blob: bytes) -> dict[str, Entry]:
    """Return the entries in ``blob``.

    Layout: magic, count, length of names; names joined by NUL; 16 bytes of hash each; then
    five columns of 8-byte integers in this machine's order: sizes, mtimes, ctimes, inodes,
    modes. Whole columns are read at the speed of memory: 100,000 files take some 50 ms.

    Raises:
        ValueError: Not such a blob.
    """
    if not isinstance(blob, bytes) or len(blob) < 20:
        raise ValueError("short record")
    magic, count, names_bytes = struct.unpack_from("<4sQQ", blob)
    start = 20 + names_bytes
    if magic != _MAGIC or len(blob) != start + count * 56:
        raise ValueError("damaged record")
    if not count:
        return {}
    names = blob[20:start].decode("utf-8", "surrogateescape").split("\0")
    text = blob[start : start + 16 * count].hex()
    hashes = [text[i : i + 32] for i in range(0, 32 * count, 32)]
    columns = []
    for index in range(5):
        column = array("q" if index < 3 else "Q")
        offset = start + count * (16 + 8 * index)
        column.frombytes(blob[offset : offset + 8 * count])
        columns.append(column.tolist())
    return dict(zip(names, zip(hashes, *columns, strict=True), strict=True))


class _Database:
    """A SQLite file that may vanish, be locked or be damaged without anyone noticing."""

    def __init__(self, path: str, schema: str) -> None:
        self._path = path
        self._schema = schema
        self._connection: sqlite3.Connection | None = None
        self._broken = False

    def _connect(self, *, create: bool) -> sqlite3.Connection | None:
        if self._connection is not None:
            return self._connection
        if self._broken or (not create and not os.path.exists(self._path)):
            return None
        import sqlite3

        try:
            os.makedirs(os.path.dirname(self._path), exist_ok=True)
            connection = sqlite3.connect(self._path, timeout=5, isolation_level=None)
            # The content is a cache: a power cut may cost it, so nothing waits for the disk.
            connection.execute("PRAGMA synchronous=OFF")
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version != _SCHEMA:
                connection.execute("PRAGMA page_size=16384")
                connection.executescript(self._schema)
                connection.execute(f"PRAGMA user_version={_SCHEMA}")
        except (OSError, sqlite3.Error) as problem:
            self._give_up(problem)
            return None
        self._connection = connection
        return connection

    def _give_up(self, problem: Exception) -> None:
        """Stop using the file; remove it if its content is damaged."""
        import sqlite3

        self.close()
        self._broken = True
        damaged = isinstance(problem, sqlite3.DatabaseError) and not isinstance(
            problem, (sqlite3.OperationalError, sqlite3.ProgrammingError)
        )
        if damaged:
            for suffix in ("", "-journal"):
                try:
                    os.unlink(self._path + suffix)
                except OSError:
                    pass

    def read(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        connection = self._connect(create=False)
        if connection is None:
            return []
        import sqlite3

        try:
            return connection.execute(sql, values).fetchall()
        except sqlite3.Error as problem:
            self._give_up(problem)
            return []

    def write(self, work: Iterable[tuple[str, Iterable[Sequence[Any]]]]) -> bool:
        """Run statements in one transaction; return False if they could not be stored."""
        connection = self._connect(create=True)
        if connection is None:
            return False
        import sqlite3

        try:
            connection.execute("BEGIN IMMEDIATE")
            try:
                for sql, rows in work:
                    connection.executemany(sql, rows)
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
        except sqlite3.Error as problem:
            self._give_up(problem)
            return False
        return True

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


_PLACED = """
DROP TABLE IF EXISTS placed;
CREATE TABLE placed (
    relpath TEXT PRIMARY KEY, version INTEGER, hash TEXT, algorithm TEXT, pointer TEXT, files BLOB
);
"""
_SEEN = """
DROP TABLE IF EXISTS seen;
CREATE TABLE seen (
    path TEXT, algorithm TEXT, hash TEXT, files BLOB, PRIMARY KEY (path, algorithm)
) WITHOUT ROWID;
"""
_SMALL_RECORD_BYTES = 1024
_OBJECTS = """
DROP TABLE IF EXISTS objects;
DROP TABLE IF EXISTS whole;
CREATE TABLE whole (hash TEXT PRIMARY KEY, seen TEXT);
CREATE TABLE objects (
    hash BLOB PRIMARY KEY, size INTEGER, mtime_ns INTEGER, inode INTEGER
) WITHOUT ROWID;
"""
_IN_ONE_QUERY = 500


def _seen_of(row: Sequence[Any]) -> Placed | None:
    path, algorithm, value, blob = row
    try:
        return Placed(path, value, algorithm, entries=unpack(blob))
    except ValueError:
        return None


class State:
    """The records of one project in one work tree, and those of its cache.

    Args:
        folder: Directory of this work tree's records.
        shared: Directory of the records that all work trees of the repository share.
        prefix: Tells apart several projects in one work tree.
    """

    def __init__(self, folder: str, shared: str, prefix: str = "") -> None:
        self._placed = _Database(os.path.join(folder, f"placed{prefix}.db"), _PLACED)
        self._seen = _Database(os.path.join(folder, f"seen{prefix}.db"), _SEEN)
        self._begun = os.path.join(folder, f"begun{prefix}")
        self._last_read: tuple[Any, dict[str, list[tuple[Header, str]]]] = None, {}
        self._shared = shared
        self._objects: dict[str, _Database] = {}

    def close(self) -> None:
        """Close the databases."""
        for database in (self._placed, self._seen, *self._objects.values()):
            database.close()

    def headers(self) -> dict[str, Header]:
        """Return every placed output, without its files, by path."""
        rows = self._placed.read("SELECT relpath, hash, algorithm, pointer FROM placed")
        return {row[0]: Header(*row) for row in rows}

    def header(self, relpath: str) -> Header | None:
        """Return one placed output without its files, or None."""
        rows = self._placed.read(
            "SELECT relpath, hash, algorithm, pointer FROM placed WHERE relpath = ?", (relpath,)
        )
        return Header(*rows[0]) if rows else None

    def placed(self, relpath: str) -> Placed | None:
        """Return the record of one output, or None."""
        rows = self._placed.read(
            "SELECT hash, algorithm, pointer, files, version FROM placed WHERE relpath = ?",
            (relpath,),
        )
        if not rows:
            return None
        value, algorithm, pointer, blob, version = rows[0]
        try:
            entries = unpack(blob)
        except ValueError:
            return None
        return Placed(relpath, value, algorithm, pointer, entries, version)

    def most_files(self, pointer_name: str) -> int:
        """Return how many files the largest output has that was placed by such a pointer.

        Args:
            pointer_name: Its base name; there may be something in front of it.
        """
        # The count stands at the start of the record; SQLite does not read the rest.
        rows = self._placed.read("SELECT pointer, substr(files, 5, 8) FROM placed")
        return max(
            (
                int.from_bytes(count, "little")
                for pointer, count in rows
                if pointer_name.endswith(pointer[pointer.rfind("/") + 1 :])
            ),
            default=0,
        )

    def begin(self, *headers: Header, by: By | None = None) -> None:
        """Note that outputs are about to become these versions; failing is no error.

        One line each: relpath and pointer in hex, as they may hold anything.

        Args:
            headers: The versions; a hash of '' is none.
            by: The operation that writes the files, if until it ends they are neither what
                they were nor what they shall be; None if they stay as they are.
        """
        who = f"{by.kind}/{by.id}" if by is not None else ""
        lines = []
        for header in headers:
            names = [text.encode("utf-8", "surrogateescape").hex() for text in header[::3]]
            lines.append(f"{names[0]} {header.hash} {header.algorithm} {names[1]} {who}\n")
        self._last_read = None, {}
        try:
            os.makedirs(os.path.dirname(self._begun), exist_ok=True)
            with open(self._begun, "ab") as stream:
                stream.write("".join(lines).encode("ascii"))
        except OSError:
            pass

    def begun(self) -> dict[str, list[Header]]:
        """Return the versions that were begun and not recorded, by output."""
        return {relpath: [header for header, _ in found] for relpath, found in self._read().items()}

    def is_begun(self, relpath: str) -> bool:
        """Return whether a version of this output was begun and not recorded."""
        return relpath in self._read()

    def stopped(self) -> dict[str, By]:
        """Return which operation was writing the files of outputs last.

        It was stopped, unless it is still at work: then it holds the project's lock.
        """
        last = {relpath: found[-1][1] for relpath, found in self._read().items()}
        return {relpath: By(*by.split("/", 1)) for relpath, by in last.items() if "/" in by}

    def _read(self) -> dict[str, list[tuple[Header, str]]]:
        """Return what was begun and by whom, by output; asked for each of many, so read once."""
        try:
            seen = os.stat(self._begun)
            stamp = seen.st_ino, seen.st_mtime_ns, seen.st_size
        except OSError:
            return {}
        if self._last_read[0] != stamp:
            self._last_read = stamp, self._parsed_begun()
        return self._last_read[1]

    def _parsed_begun(self) -> dict[str, list[tuple[Header, str]]]:
        found: dict[str, list[tuple[Header, str]]] = {}
        for line in self._begun_lines():
            try:
                relpath, value, algorithm, pointer, by = line.decode("ascii").split(" ")
                names = [bytes.fromhex(name).decode("utf-8", "surrogateescape")
                         for name in (relpath, pointer)]  # fmt: skip
            except ValueError:
                continue  # cut off by a full disk
            header = Header(names[0], value, algorithm, names[1])
            found.setdefault(header.relpath, []).append((header, by))
        return found

    def _begun_lines(self) -> list[bytes]:
        try:
            with open(self._begun, "rb") as stream:
                return stream.read().splitlines()
        except OSError:
            return []

    def settle(self, relpaths: Iterable[str]) -> None:
        """Forget that these outputs were begun: their records tell the truth again."""
        lines = self._begun_lines()
        if not lines:
            return  # as nearly always
        done = {path.encode("utf-8", "surrogateescape").hex().encode() for path in relpaths}
        left = [line for line in lines if line.partition(b" ")[0] not in done]
        self._last_read = None, {}
        try:
            if left:
                with open(f"{self._begun}.new", "wb") as stream:
                    stream.write(b"".join(line + b"\n" for line in left))
                os.replace(f"{self._begun}.new", self._begun)
            else:
                os.unlink(self._begun)
        except OSError:
            pass

    def save(
        self, records: Sequence[Placed], forget: Sequence[str] = (), *, settled: bool = True
    ) -> None:
        """Store records, and remove those of outputs that are gone; failing is no error.

        Args:
            records: What is to be stored.
            forget: Outputs that are gone.
            settled: Whether what was begun with these outputs counts as finished then.
        """
        rows = [
            (r.relpath, r.version + 1, r.hash, r.algorithm, r.pointer, pack(r.entries))
            for r in records
        ]
        gone = [(relpath,) for relpath in forget]
        if not (rows or gone):
            return
        stored = self._placed.write(
            [
                ("DELETE FROM placed WHERE relpath = ?", gone),
                ("INSERT OR REPLACE INTO placed VALUES (?, ?, ?, ?, ?, ?)", rows),
            ]
        )
        if stored and settled:
            self.settle([*(record.relpath for record in records), *forget])

    def refresh(self, record: Placed) -> None:
        """Store what a command that only looked has learned, unless somebody was quicker."""
        self._placed.write(
            [
                (
                    "UPDATE placed SET files = ?, hash = ?, version = version + 1 "
                    "WHERE relpath = ? AND version = ?",
                    [(pack(record.entries), record.hash, record.relpath, record.version)],
                )
            ]
        )

    def seen(self, path: str, algorithm: str) -> Placed | None:
        """Return what is remembered of a file or directory that is no output, or None."""
        rows = self._seen.read(
            "SELECT path, algorithm, hash, files FROM seen WHERE path = ? AND algorithm = ?",
            (path, algorithm),
        )
        return _seen_of(rows[0]) if rows else None

    def all_small_seen(self) -> dict[tuple[str, str], Placed]:
        """Return all of that which is small, by path and algorithm: one query for many files."""
        rows = self._seen.read(
            "SELECT path, algorithm, hash, files FROM seen WHERE length(files) <= ?",
            (_SMALL_RECORD_BYTES,),
        )
        found = ((row[:2], _seen_of(row)) for row in rows)
        return {key: record for key, record in found if record is not None}

    def save_seen(self, records: Iterable[Placed]) -> None:
        """Store what files and directories that are no outputs hold; failing is no error."""
        rows = [(r.relpath, r.algorithm, r.hash, pack(r.entries)) for r in records]
        if rows:
            self._seen.write([("INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?)", rows)])

    def _objects_of(self, algorithm: str) -> _Database:
        if algorithm not in self._objects:
            path = os.path.join(self._shared, f"objects-{algorithm}.db")
            self._objects[algorithm] = _Database(path, _OBJECTS)
        return self._objects[algorithm]

    def object_stats(self, algorithm: str, hashes: Sequence[str]) -> dict[str, ObjectStat]:
        """Return what is remembered of these objects, by hash; unknown ones are left out."""
        database = self._objects_of(algorithm)
        columns = "SELECT hash, size, mtime_ns, inode FROM objects"
        rows: list[Any] = []
        if len(hashes) > 20_000:
            wanted = set(hashes)
            return {
                row[0].hex(): row[1:] for row in database.read(columns) if row[0].hex() in wanted
            }
        for start in range(0, len(hashes), _IN_ONE_QUERY):
            part = [bytes.fromhex(value) for value in hashes[start : start + _IN_ONE_QUERY]]
            marks = ",".join("?" * len(part))
            rows += database.read(f"{columns} WHERE hash IN ({marks})", part)
        return {row[0].hex(): row[1:] for row in rows}

    def whole_at(self, algorithm: str, value: str) -> str:
        """Return what the cache looked like when it had all of a directory; '' if unknown."""
        database = self._objects_of(algorithm)
        rows = database.read("SELECT seen FROM whole WHERE hash = ?", (value,))
        return str(rows[0][0]) if rows else ""

    def remember_whole(self, algorithm: str, value: str, seen: str) -> None:
        """Note that the cache had all of a directory when it looked like ``seen``."""
        self.remember_wholes(algorithm, [value], seen)

    def remember_wholes(self, algorithm: str, values: Iterable[str], seen: str) -> None:
        """Note that the store had all of several directories when it looked like ``seen``."""
        rows = [(value, seen) for value in values]
        self._objects_of(algorithm).write([("INSERT OR REPLACE INTO whole VALUES (?, ?)", rows)])

    def forget_wholes(self, algorithm: str) -> None:
        """Forget which directories the store had all of."""
        self._objects_of(algorithm).write([("DELETE FROM whole", [()])])

    def remember_objects(self, algorithm: str, stats: dict[str, ObjectStat]) -> None:
        """Store that these objects were verified just now."""
        if stats:
            self._objects_of(algorithm).write(
                [
                    (
                        "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?)",
                        [(bytes.fromhex(value), *stats[value]) for value in sorted(stats)],
                    )
                ]
            )
