"""Signing requests to S3: version 4 of Amazon's signature, without the body.

The body is not part of what is signed (``UNSIGNED-PAYLOAD``): TLS guards it on the way, and a
``Content-MD5`` lets the server check it. ``obstore`` signs its own requests; it has no calls for
the parts of an upload, which is what this is for, and ``botocore``, which has, is 15 MB.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from threading import Lock
from typing import Any
from urllib.parse import quote, urlencode

_UNSIGNED = "UNSIGNED-PAYLOAD"
_ALGORITHM = "AWS4-HMAC-SHA256"
_EARLY = timedelta(minutes=1)


def query(**words: str) -> str:
    """Return a query in the one order and spelling that a signature knows."""
    return urlencode(sorted(words.items()), quote_via=quote, safe="-_.~")


class Signer:
    """Makes the headers of requests that say who we are; an ``Identity`` of ``web.py``.

    Args:
        host: As the header ``Host`` has it.
        region: Of the bucket.
        credentials: Returns ``access_key_id``, ``secret_access_key``, ``token`` and
            ``expires_at``, the last two may be None; called again when they expire.
    """

    def __init__(self, host: str, region: str, credentials: Callable[[], dict[str, Any]]) -> None:
        self._host = host
        self._region = region
        self._credentials = credentials
        self._keys: dict[str, Any] = {}
        self._lock = Lock()

    def headers(self, method: str, target: str) -> dict[str, str]:
        """Return the headers for one request.

        Args:
            method: ``GET``, ...
            target: Path and query, as sent; the query as ``query`` makes it.
        """
        now = datetime.now(timezone.utc)
        return signed(method, target, self._host, self._region, self._known(now), now)

    def learn(self, challenges: object, sent: object) -> bool:
        """Return False: a refusal says nothing that would help."""
        return False

    def _known(self, now: datetime) -> dict[str, Any]:
        with self._lock:
            until = self._keys.get("expires_at")
            if not self._keys or (until is not None and until < now + _EARLY):
                self._keys = self._credentials()
            return self._keys


def signed(
    method: str, target: str, host: str, region: str, keys: dict[str, Any], now: datetime
) -> dict[str, str]:
    """Return the headers of a signed request (Signature Version 4, "Create a signed request")."""
    moment = now.strftime("%Y%m%dT%H%M%SZ")
    headers = {"host": host, "x-amz-content-sha256": _UNSIGNED, "x-amz-date": moment}
    if keys.get("token"):
        headers["x-amz-security-token"] = keys["token"]
    names = ";".join(headers)
    path, _, words = target.partition("?")
    canonical = "\n".join(
        (method, path, words, *(f"{name}:{value}" for name, value in headers.items()))
    )
    canonical += f"\n\n{names}\n{_UNSIGNED}"
    scope = f"{moment[:8]}/{region}/s3/aws4_request"
    what = f"{_ALGORITHM}\n{moment}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{keys['secret_access_key']}".encode()
    for word in scope.split("/"):
        key = _mac(key, word)
    del headers["host"]  # it goes with every request
    return headers | {
        "Authorization": f"{_ALGORITHM} Credential={keys['access_key_id']}/{scope}, "
        f"SignedHeaders={names}, Signature={_mac(key, what).hex()}"
    }


def _mac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), sha256).digest()
