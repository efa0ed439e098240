"""The protocol of a wire: a client for one kind of server, which knows nothing of hashes.

To a wire, a remote is files by *key*, a path with ``/`` below the remote's address
(``files/md5/b1/946ac9...``). What every remote does alike (layout, hashing on the way, order,
trying again, many at a time) is ``objects.py``; a wire moves bytes and says what went wrong, in
the three ways that matter. So a new kind of server is one small module, found by ``kinds.py``.

What every wire keeps to:

* ``write`` is *all or nothing*: a key has all the bytes, or what it had before. A server that
  cannot do that by itself gets the bytes under a temporary key (``TEMPORARY``), renamed at last.
* Bytes are streamed: no wire holds a file in memory.
* Several threads may use one wire at a time.
* No password ends up in a message.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol

TEMPORARY = "tmp/"
"""Keys of what is being written, where a server cannot write all or nothing."""


class Found(NamedTuple):
    """A file on the server.

    Attributes:
        key: Below the remote's address.
        size_bytes: Its size; None if the server does not say.
        mtime_s: When it was written, in seconds since the epoch; None if the server does not say.
        etag: What the server calls this content; '' if it does not say.
    """

    key: str
    size_bytes: int | None
    mtime_s: float | None = None
    etag: str = ""


class WireError(Exception):
    """Something went wrong on the way; ``str`` is one line for a user, without secrets."""


class AbsentError(WireError):
    """There is no file of this key."""


class RefusedError(WireError):
    """The server says no, and would again: no permission, no such bucket, a bad option.

    Attributes:
        hint: What to do about it; '' if nobody knows.
    """

    def __init__(self, why: str, hint: str = "") -> None:
        super().__init__(why)
        self.hint = hint


class UnsteadyError(WireError):
    """Worth another try: the server is busy or failed, the connection broke.

    Attributes:
        after_s: How long the server wants us to wait, in seconds; 0 if it does not say.
    """

    def __init__(self, why: str, after_s: float = 0) -> None:
        super().__init__(why)
        self.after_s = after_s


class Wire(Protocol):
    """A client of one server. Each call is one try; ``objects.py`` tries again.

    Attributes:
        where: The address as it may be shown.
        can_list: Whether ``listing`` works; plain HTTP cannot.
        jobs: How many calls at a time suit this server, if the user does not say.
        deletes: How many files one ``delete`` may take away: as many as one request can.
    """

    where: str
    can_list: bool
    jobs: int
    deletes: int

    def reach(self) -> None:
        """Make sure that the server answers and lets us in.

        Raises:
            RefusedError: It does not, and says why.
            UnsteadyError: It cannot now.
        """

    def look(self, key: str) -> Found:
        """Return what is known of one file.

        Raises:
            AbsentError: There is none.
        """

    def listing(self, prefix: str) -> Iterator[Found]:
        """Yield all files whose key begins with ``prefix``, which is '' or ends in '/'.

        Nothing there is no error. What is no plain file (a link, a directory) is left out.
        """

    def read(self, key: str, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Yield the bytes of a file from an offset on, in pieces of some ten to some 1,000 KB.

        From the end of the file on there are none.

        Raises:
            AbsentError: There is no such file.
            UnsteadyError: The connection broke; what was yielded before is right.
        """

    def write(self, key: str, pieces: Iterable[bytes], size_bytes: int) -> None:
        """Give a key this content; if ``pieces`` raises, the key stays as it was, and so do we.

        Args:
            key: Where to; directories are made as needed.
            pieces: The bytes; taken once.
            size_bytes: How many there will be.
        """

    def delete(self, *keys: str) -> None:
        """Take files away; that there is none is no error.

        If one cannot be deleted, some others may be gone all the same.
        """

    def close(self) -> None:
        """Hang up."""
