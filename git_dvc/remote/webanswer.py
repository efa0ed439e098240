"""Answers of a web server, and what they mean to a wire.

==========================================  =================================================
404, 410                                    absent
403 of S3 and the like, to the public       absent: so they hide what is not there
408, 423, 425, 429, 5xx but those below     unsteady; ``Retry-After`` says for how long
401, 403, 405, 501, 505, 507 and the rest   refused
no answer, a broken one, a short body       unsteady
no such host, a certificate not trusted     refused
==========================================  =================================================
"""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from email.utils import mktime_tz, parsedate_tz
from http import HTTPStatus
from time import time

from urllib3 import BaseHTTPResponse
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
    ReadTimeoutError,
)
from urllib3.exceptions import SSLError as TlsError

from git_dvc.errors import quoted
from git_dvc.remote.wire import AbsentError, RefusedError, UnsteadyError, WireError

PIECE_BYTES = 256 * 1024
_DRAIN_BYTES = 64 * 1024
_MOST_WAIT_S = 3600.0
_REASONS = {
    405: "the server does not allow this",
    407: "the proxy wants a user and a password",
    413: "the file is too large for the server",
    501: "the server cannot do this",
    507: "no space left on the server",
}


class NobodyError(UnsteadyError):
    """Nobody listens at the server's port: odd if it just did, hopeless if it never did."""

    def at_first(self) -> RefusedError:
        """Return the error of a server that was not heard of yet."""
        return RefusedError(str(self), "is the server running, and is the url right?")


class Answer:
    """An answer, whose body is still to come: take its ``pieces``, or say that it is ``done``.

    Args:
        response: Of urllib3.
        has_said_who: Whether the request said who we are.
    """

    def __init__(self, response: BaseHTTPResponse, *, has_said_who: bool = False) -> None:
        self._response = response
        self._has_said_who = has_said_who
        self.status = response.status
        self.headers = response.headers

    @property
    def is_good(self) -> bool:
        """Whether it says that all went well."""
        return 200 <= self.status < 300

    def pieces(self) -> Iterator[bytes]:
        """Yield the body as it comes; if it is not taken to the end, the connection is closed."""
        is_whole = False
        try:
            yield from self._response.stream(PIECE_BYTES, decode_content=False)
            is_whole = True
        except (HTTPError, OSError, ValueError) as problem:
            raise broken(problem, "") from None
        finally:
            if is_whole:
                self._response.release_conn()
            else:
                self._response.close()

    def done(self) -> None:
        """Forget the body. A short one is read, so that the connection can be used again."""
        left = _DRAIN_BYTES
        if (getattr(self._response, "length_remaining", None) or 0) > left:
            self.close()
            return
        try:
            for piece in self._response.stream(_DRAIN_BYTES, decode_content=False):
                left -= len(piece)
                if left < 0:
                    self.close()
                    return
        except (HTTPError, OSError, ValueError):
            self.close()
            return
        self._response.release_conn()

    def close(self) -> None:
        """Forget the body, and the connection."""
        self._response.close()

    def failure(self) -> WireError:
        """Return the error for an answer that is no success, and forget its body."""
        self.done()
        status = self.status
        try:
            words = f"{status} {HTTPStatus(status).phrase}"
        except ValueError:
            words = str(status)
        if status in (404, 410) or (status == 403 and self._hides_what_is_missing()):
            return AbsentError(words)
        if status in (408, 423, 425, 429) or (status >= 500 and status not in (501, 505, 507)):
            return UnsteadyError(f"the server answers {words}", waits(self.headers))
        if status == 401 and self._has_said_who:
            return RefusedError(
                f"{words}: the server does not accept this user and password",
                "if they are right: the option 'auth' says how the server wants them",
            )
        if status == 401:
            return RefusedError(
                f"{words}: the server wants a user and a password",
                "set them with 'git dvc remote modify --local NAME user ...' (and password), "
                "or in ~/.netrc",
            )
        if status == 403:
            who = "this user" if self._has_said_who else "the public, and no user was named"
            return RefusedError(f"{words}: no permission for {who}")
        return RefusedError(f"{words}: {_REASONS[status]}" if status in _REASONS else words)

    def _hides_what_is_missing(self) -> bool:
        """Return whether this is S3 or Google's storage, read by the public.

        They answer 403 for a file that is not there to who may not list the bucket.
        """
        names = ("x-amz-request-id", "x-guploader-uploadid")
        return not self._has_said_who and any(name in self.headers for name in names)


def waits(headers: Mapping[str, str]) -> float:
    """Return for how many seconds the server wants to be left alone, by ``Retry-After``."""
    text = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d{1,9}", text):
        return min(float(text), _MOST_WAIT_S)
    moment = modified(text)
    return 0.0 if moment is None else max(0.0, min(moment - time(), _MOST_WAIT_S))


def modified(text: str) -> float | None:
    """Return a date of HTTP in seconds since the epoch, or None."""
    try:
        found = parsedate_tz(text)
        return None if found is None else float(mktime_tz(found))
    except (ValueError, OverflowError, IndexError):
        return None


def broken(problem: BaseException, host: str) -> WireError:
    """Return the error for a request without an answer."""
    at = f" {quoted(host)}" if host else " the server"
    if isinstance(problem, NameResolutionError):
        cause = problem.__cause__
        if isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_AGAIN:
            return UnsteadyError(f"cannot find{at}: no answer from the name server")
        return RefusedError(f"cannot find{at}: no such host")
    if isinstance(problem, ProxyError):
        return UnsteadyError(f"cannot reach{at} by the proxy: {reason(problem)}")
    if isinstance(problem, (TlsError, ssl.SSLError)):
        words = reason(problem)
        if "CERTIFICATE_VERIFY_FAILED" in str(problem) or "doesn't match" in str(problem):
            return RefusedError(
                f"the certificate of{at} is not trusted: {words}",
                "to trust those of a file: 'git dvc remote modify NAME ssl_verify FILE'",
            )
        if "EOF" in str(problem):
            return UnsteadyError(f"the secure connection to{at} broke")
        hint = "is it http:// there, not https://?" if "WRONG_VERSION" in str(problem) else ""
        return RefusedError(f"no secure connection to{at}: {words}", hint)
    if isinstance(problem, NewConnectionError):
        why = f"cannot reach{at}: {reason(problem)}"
        return NobodyError(why) if "refused" in why else UnsteadyError(why)
    if isinstance(problem, ConnectTimeoutError):
        return UnsteadyError(f"cannot reach{at}: no answer in time")
    if isinstance(problem, (ReadTimeoutError, TimeoutError)):
        return UnsteadyError("the server was silent for too long")
    return UnsteadyError(f"the connection to{at} broke: {reason(problem)}")


def reason(problem: BaseException) -> str:
    """Return the innermost cause in the system's words."""
    seen: BaseException | None = problem
    for _ in range(8):
        nested = getattr(seen, "original_error", None) or getattr(seen, "reason", None)
        inner = nested if isinstance(nested, BaseException) else None
        if inner is None and seen is not None:
            inner = next((one for one in seen.args if isinstance(one, BaseException)), None)
            inner = inner or seen.__cause__ or seen.__context__
        if inner is None:
            break
        seen = inner
    if isinstance(seen, ssl.SSLCertVerificationError):
        return quoted(seen.verify_message)
    if isinstance(seen, ssl.SSLError):
        return quoted((seen.reason or "").replace("_", " ").lower() or "TLS")
    if isinstance(seen, OSError) and seen.strerror:
        return quoted(seen.strerror.lower())
    return quoted(str(seen)[:200])
