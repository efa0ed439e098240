"""Large files sent to S3 in parts, so that an upload that ended goes on where it stopped.

S3 keeps the parts of an upload until it is completed or given up, also after the client was
killed, and lists them with the MD5 of each (Amazon S3 API, "Multipart upload"). So the next try,
in this run or in another, reads the file again, compares, and sends what is not there. Whoever
pushes the same object may go on with it; what is there by other means (another size of part,
encrypted under a key) is sent again. Each part goes with its MD5, which the server checks.

An upload is given up when the file turns out to be damaged; after other failures it stays, and one
that nobody has gone on with is ended with the next large file.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta, timezone
from hashlib import md5
from html import escape, unescape
from threading import Semaphore
from time import sleep
from typing import NamedTuple

from git_dvc.remote import elements
from git_dvc.remote.crew import StoppedError, ahead
from git_dvc.remote.sigv4 import query
from git_dvc.remote.web import Web
from git_dvc.remote.webanswer import Answer
from git_dvc.remote.wire import RefusedError, UnsteadyError, WireError

PART_BYTES = 6 * 1024**2
MOST_PARTS = 9_000
AT_ONCE = 3
PAUSES_S = (0.2, 0.5, 1.0, 2.0, 4.0)
"""Before a part is tried again; then the whole upload is, with longer ones."""

_LEFT_OVER = timedelta(days=14)
_OBJECT = re.compile(r"(?:.*/)?[0-9a-f]{2}/[0-9a-f]{14,}(?:\.dir)?")
"""The key of an object, below whatever: what else lies in a bucket is not ours."""
_MOST_ANSWER = 4 * 1024**2
_SEE_OFF_S = 60.0


class _EndedError(UnsteadyError):
    """There is no such upload any more: another one is to begin."""


class _Part(NamedTuple):
    size_bytes: int
    md5: str


class _Upload(NamedTuple):
    began: str  # in a form that sorts
    id: str
    key: str


class Parts:
    """Sends large files to one folder of a bucket.

    Args:
        web: A client that signs; its address is the bucket's.
        folder: Ends in '/', or ''.
        failure: Returns the error for an answer, of its status and body.
    """

    def __init__(self, web: Web, folder: str, failure: Callable[[int, str], WireError]) -> None:
        self._web = web
        self._folder = folder
        self._failure = failure
        self._is_tidy = False

    def write(self, key: str, pieces: Iterable[bytes], size_bytes: int) -> None:
        """Give a key below the folder this content; see ``Wire.write``."""
        key = self._folder + key
        self._tidy(key)
        upload, there = self._begun(key)
        if not upload:
            upload, there = self._begin(key), {}
        source = _Source(pieces, max(PART_BYTES, -(-size_bytes // MOST_PARTS)))
        busy = Semaphore(AT_ONCE)

        def send(numbered: tuple[int, bytes]) -> str:
            number, data = numbered
            with busy:
                digest = md5(data, usedforsecurity=False)
                if there.get(number) == _Part(len(data), digest.hexdigest()):
                    return digest.hexdigest()
                return self._send(key, upload, number, data, digest.digest())

        try:
            etags = list(ahead(source, send, AT_ONCE))
        except BaseException:
            if source.has_failed:
                for _ in range(AT_ONCE):  # a part that arrives later would stay
                    busy.acquire(timeout=_SEE_OFF_S)
                self._give_up(key, upload)
            raise
        self._complete(key, upload, etags, size_bytes)

    # -- one request ------------------------------------------------------------------------

    def _ask(
        self,
        method: str,
        key: str,
        words: str,
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
        size_bytes: int = 0,
    ) -> tuple[Answer, str]:
        """Return an answer that says yes, and its body."""
        url = self._web.url(key) + f"?{words}"
        answer = self._web.ask(method, url, headers, body, size_bytes)
        got, size = [], 0
        for piece in answer.pieces():
            got.append(piece)
            size += len(piece)
            if size > _MOST_ANSWER:
                raise UnsteadyError("the server's answer is too long")
        text = b"".join(got).decode("utf-8", "replace")
        # What takes long is answered 200 before it is known how it ends.
        if answer.is_good and not (method == "POST" and "<Error>" in text):
            return answer, text
        if _value(text, "Code") == "NoSuchUpload":
            raise _EndedError("the upload was ended by somebody else")
        raise self._failure(500 if answer.is_good else answer.status, text)

    def _begun(self, key: str) -> tuple[str, dict[int, _Part]]:
        """Return the newest upload to a key that has not ended, and its parts; '' if none."""
        try:
            found = [upload for upload in self._uploads(key) if upload.key == key]
            if not found:
                return "", {}
            newest = max(found).id
            return newest, dict(self._parts(key, newest))
        except RefusedError:
            return "", {}  # who may write need not be allowed to list

    def _uploads(self, prefix: str) -> list[_Upload]:
        """Return those that have not ended, a thousand at most."""
        _, text = self._ask("GET", "", query(uploads="", prefix=prefix))
        return [
            _Upload(*(_value(one, name) for name in ("Initiated", "UploadId", "Key")))
            for one in elements.every(text, "Upload")
        ]

    def _tidy(self, but: str) -> None:
        """End, once, uploads of long ago."""
        was_tidy, self._is_tidy = self._is_tidy, True
        if was_tidy:
            return
        old = datetime.now(timezone.utc) - _LEFT_OVER
        try:
            for upload in self._uploads(self._folder):
                began = datetime.fromisoformat(upload.began.replace("Z", "+00:00"))
                if began < old and upload.key != but and _OBJECT.fullmatch(upload.key):
                    self._give_up(upload.key, upload.id)
        except (WireError, ValueError, TypeError):
            pass  # it will be tried the next time

    def _parts(self, key: str, upload: str) -> Iterator[tuple[int, _Part]]:
        after = "0"
        while after:
            words = {"uploadId": upload, "part-number-marker": after}
            _, text = self._ask("GET", key, query(**words))
            for one in elements.every(text, "Part"):
                number, size = _value(one, "PartNumber"), _value(one, "Size")
                if number.isdecimal() and size.isdecimal():
                    yield int(number), _Part(int(size), _value(one, "ETag").strip('"'))
            last = after
            after = _value(text, "NextPartNumberMarker")
            if _value(text, "IsTruncated") != "true" or after == last:
                return

    def _begin(self, key: str) -> str:
        _, text = self._ask("POST", key, query(uploads=""), body=b"")
        upload = _value(text, "UploadId")
        if not upload:
            raise UnsteadyError("the server does not say which upload it has begun")
        return upload

    def _send(self, key: str, upload: str, number: int, data: bytes, digest: bytes) -> str:
        words = query(partNumber=str(number), uploadId=upload)
        headers = {"Content-MD5": b64encode(digest).decode()}
        for pause_s in (*PAUSES_S, None):
            try:
                answer, _ = self._ask("PUT", key, words, headers, data, len(data))
                return answer.headers.get("ETag", "").strip('"')
            except UnsteadyError as problem:
                if pause_s is None or isinstance(problem, _EndedError):
                    raise
                sleep(max(pause_s, min(problem.after_s, PAUSES_S[-1])))
        raise AssertionError  # the last try returns or raises

    def _complete(self, key: str, upload: str, etags: list[str], size_bytes: int) -> None:
        listed = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>&quot;{escape(etag)}&quot;</ETag></Part>"
            for number, etag in enumerate(etags, 1)
        )
        body = f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>".encode()
        headers = {"Content-Type": "application/xml"}
        self._ask("POST", key, query(uploadId=upload), headers, body, size_bytes)

    def _give_up(self, key: str, upload: str) -> None:
        try:
            self._ask("DELETE", key, query(uploadId=upload))
        except WireError:
            pass  # what went wrong before is what counts


class _Source:
    """The parts of a file, numbered from 1.

    Attributes:
        has_failed: Whether the bytes are not what they should be.
    """

    def __init__(self, pieces: Iterable[bytes], part_bytes: int) -> None:
        self._pieces = pieces
        self._part_bytes = part_bytes
        self.has_failed = False

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        number, size, part = 1, 0, list[bytes]()
        try:
            for piece in self._pieces:
                while size + len(piece) > self._part_bytes:
                    rest = self._part_bytes - size
                    yield number, b"".join((*part, piece[:rest]))
                    number, size, part, piece = number + 1, 0, [], piece[rest:]
                part.append(piece)
                size += len(piece)
        except (StoppedError, KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException:
            self.has_failed = True
            raise
        yield number, b"".join(part)


def _value(text: str, name: str) -> str:
    return unescape(elements.first(text, name))
