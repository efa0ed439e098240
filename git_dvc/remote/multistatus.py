"""What a WebDAV server says of its files: the XML of a 207 answer (RFC 4918, 14.16).

    <D:multistatus xmlns:D="DAV:"><D:response>
        <D:href>/data/files/md5/b1/946ac9...</D:href>
        <D:propstat><D:prop>
            <D:resourcetype/><D:getcontentlength>6</D:getcontentlength>
            <D:getlastmodified>Sun, 22 Nov 2026 10:00:00 GMT</D:getlastmodified>
            <D:getetag>"1-6"</D:getetag>
        </D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>
    </D:response>...</D:multistatus>

It is read as it comes, however long the list: one response at a time is in memory. Document
types, and with them entities, are refused: nothing of WebDAV has them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from urllib.parse import unquote, urlsplit
from xml.parsers import expat

from git_dvc.remote.webanswer import modified
from git_dvc.remote.wire import UnsteadyError

_MOST_TEXT = 16 * 1024
_FIELDS = ("href", "getcontentlength", "getlastmodified", "getetag", "status")

WHAT_TO_ASK = (
    b'<?xml version="1.0" encoding="utf-8"?><D:propfind xmlns:D="DAV:"><D:prop>'
    b"<D:resourcetype/><D:getcontentlength/><D:getlastmodified/><D:getetag/>"
    b"</D:prop></D:propfind>"
)
"""The body of a PROPFIND."""


class Resource(NamedTuple):
    """A file or a folder.

    Attributes:
        path: On the server, decoded, without a slash at its end.
        is_folder: Whether it is one.
        size_bytes: None if the server does not say.
        mtime_s: None if the server does not say.
        etag: '' if the server does not say.
    """

    path: str
    is_folder: bool
    size_bytes: int | None
    mtime_s: float | None
    etag: str


def read(pieces: Iterable[bytes]) -> Iterator[Resource]:
    """Yield what an answer names, from its bytes.

    Raises:
        UnsteadyError: It is no such answer, or it was cut off.
    """
    reader = _Reader()
    try:
        for piece in pieces:
            reader.parser.Parse(piece, False)
            yield from reader.take()
        reader.parser.Parse(b"", True)
    except (expat.ExpatError, ValueError):
        raise UnsteadyError("the server's list of files cannot be understood") from None
    yield from reader.take()


class _Reader:
    """Collects resources while expat reads."""

    def __init__(self) -> None:
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text_came
        self.parser.StartDoctypeDeclHandler = self._refuse
        self._found: list[Resource] = []
        self._path: list[str] = []
        self._text: list[str] = []
        self._length = 0
        self._good: dict[str, str] = {}
        self._part: dict[str, str] = {}

    def take(self) -> list[Resource]:
        """Return what has come since this was asked."""
        found, self._found = self._found, []
        return found

    def _refuse(self, *_: object) -> None:
        raise ValueError("a document type")

    def _start(self, name: str, _: object) -> None:
        word = name.removeprefix("DAV: ")
        if not self._path and word != "multistatus":
            raise ValueError("not a multistatus")
        self._path.append(word)
        self._text.clear()
        self._length = 0
        if word == "response":
            self._good = {}
        elif word == "propstat":
            self._part = {}
        elif word == "collection" and "resourcetype" in self._path:
            self._part["collection"] = "yes"

    def _text_came(self, text: str) -> None:
        self._length += len(text)
        if self._length > _MOST_TEXT:
            raise ValueError("too long a text")
        self._text.append(text)

    def _end(self, name: str) -> None:
        word = self._path.pop()
        inside = "propstat" in self._path
        if word in _FIELDS:
            # An ill-behaved server may have hrefs inside of properties; those are not its name.
            if inside:
                self._part.setdefault(word, "".join(self._text).strip())
            elif word != "href" or self._path[-1:] == ["response"]:
                self._good.setdefault(word, "".join(self._text).strip())
        elif word == "propstat" and re.search(r" 2\d\d\b", " " + self._part.get("status", "200")):
            self._part.pop("href", None)
            self._part.pop("status", None)
            self._good.update(self._part)
        elif word == "response" and re.search(r" 2\d\d\b", " " + self._good.get("status", "200")):
            self._found.append(_resource(self._good))
        self._text.clear()


def _resource(values: dict[str, str]) -> Resource:
    size = values.get("getcontentlength", "")
    return Resource(
        unquote(urlsplit(values.get("href", "")).path).rstrip("/"),
        "collection" in values,
        int(size) if re.fullmatch(r"[0-9]{1,18}", size) else None,
        modified(values.get("getlastmodified", "")),
        values.get("getetag", ""),
    )
