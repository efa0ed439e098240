"""Telling a web server who we are: basic, digest (RFC 7616), bearer token, a header of one's own.

User and password come from the remote's options, else from its address, else from ``~/.netrc``
(only an entry for that very host). What the option ``auth`` leaves open, the server decides: a
known password goes with every request as *basic*, unless the server asks for *digest*. With
``auth = digest`` the password itself is never sent.

No credential goes to another server than the remote's: ``web.py`` asks here only for requests
to the remote's own origin.
"""

from __future__ import annotations

import base64
import os
import re
import secrets as randomness
from _thread import allocate_lock
from collections.abc import Callable, Iterable, Mapping
from hashlib import md5, sha256
from typing import Protocol

from git_dvc.errors import ConfigError
from git_dvc.remote import secrets
from git_dvc.remote.wire import RefusedError

_MOST_CHALLENGE = 4096
_HASHES = {"MD5": md5, "SHA-256": sha256}
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_TOKEN = re.compile(
    r"""[\s,]*(?:
        ([\w!#$%&'*+.^`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))   # key=value
        |([\w!#$%&'*+.^`|~-]+)(?:\s+[\w+/.~-]+=*(?=\s*(?:,|$)))?         # scheme [token68]
    )""",
    re.VERBOSE,
)


class Identity(Protocol):
    """Says to one server who we are; see ``Auth`` for its methods."""

    def headers(self, method: str, target: str) -> dict[str, str]:
        """Return the headers for one request."""

    def learn(self, challenges: Iterable[str], sent: Mapping[str, str]) -> bool:
        """Take note of a 401 and return whether the same request may now succeed."""


class Auth:
    """Makes the headers of requests to one server, and learns from its refusals.

    Args:
        options: The remote's options.
        host: Of the remote's address.
        user: In the remote's address; None if there is none.
        password: In the remote's address; None if there is none.
        timeout_s: For ``bearer_token_command``.

    Raises:
        ConfigError: The options do not fit together.
    """

    def __init__(
        self,
        options: Mapping[str, str],
        host: str,
        user: str | None = None,
        password: str | None = None,
        timeout_s: float = 30,
    ) -> None:
        self._options = options
        self._host = host
        self._user = options.get("user", user)
        self._given_password = password
        self._password: str | None = None
        self._is_complete = False
        self._timeout_s = timeout_s
        self._scheme = options.get("auth", "")
        self._header = options.get("custom_auth_header", "")
        self._token = options.get("token", "")
        self._command = options.get("bearer_token_command", "")
        self._challenge: dict[str, str] = {}
        self._count = 0
        self._lock = allocate_lock()
        if self._scheme == "custom" and not self._header:
            raise ConfigError("auth: custom needs the option custom_auth_header, too")
        if self._command or self._token:
            self._scheme = "bearer"
        elif self._header and not self._scheme and self._user is None:
            self._scheme = "custom"
        if self._header and not _HEADER_NAME.fullmatch(self._header):
            raise ConfigError("custom_auth_header: not the name of a header")

    def headers(self, method: str, target: str) -> dict[str, str]:
        """Return the headers for one request.

        Args:
            method: ``GET``, ...
            target: Path and query, as sent.

        Raises:
            RefusedError: What is needed cannot be had.
        """
        self._complete()
        if self._scheme == "bearer":
            return {"Authorization": f"Bearer {self._bearer()}"}
        if self._password is None:
            return {}
        if self._scheme == "custom":
            # As bytes of UTF-8: headers are Latin-1 to Python.
            return {self._header: self._password.encode().decode("latin-1")}
        if self._scheme == "digest":
            return {"Authorization": self._digest(method, target)} if self._challenge else {}
        pair = f"{self._user or ''}:{self._password}".encode()
        return {"Authorization": "Basic " + base64.b64encode(pair).decode()}

    def learn(self, challenges: Iterable[str], sent: Mapping[str, str]) -> bool:
        """Take note of a 401 and return whether the same request may now succeed.

        Args:
            challenges: The answer's ``WWW-Authenticate`` headers.
            sent: What ``headers`` had said for that request.
        """
        said = sent.get("Authorization", "")
        with self._lock:
            if self._scheme == "bearer":
                # A token from a command may have expired; one from the config stays as it is.
                if self._command and said == f"Bearer {self._token}":
                    self._token = ""
                return bool(self._command)
            if self._password is None or self._scheme in ("custom", "basic"):
                return False
            offered = parse_challenges(challenges)
            if not self._scheme and any(scheme == "basic" for scheme, _ in offered):
                return False  # it had the password
            for scheme, values in offered:
                if scheme == "digest" and _can_answer(values):
                    known = f'nonce="{_escaped(self._challenge.get("nonce", ""))}"'
                    is_stale = values.get("stale", "").lower() == "true"
                    is_new = not said.startswith("Digest ") or known not in said
                    if is_stale or is_new:
                        self._challenge, self._scheme, self._count = values, "digest", 0
                    return is_stale or is_new
            return False

    def _complete(self) -> None:
        """Find user and password, once; asking for it may take a while."""
        if self._is_complete:
            return
        with self._lock:
            if self._is_complete:
                return
            if self._scheme != "bearer":
                self._find()
            self._is_complete = True

    def _find(self) -> None:
        who = f"host '{self._host}'"
        if self._user is not None or self._scheme == "custom":
            who += f", user '{self._user or self._header}'"
        found = self._options.get("password")
        if found is None:
            found = self._given_password
        if found is None and self._scheme != "custom":
            self._user, found = _from_netrc(self._host, self._user)
        if found is None:
            found = secrets.password(self._options, who)
        if found is None and self._scheme:
            raise RefusedError(
                f"auth = {self._scheme} needs a password",
                "set it with 'git dvc remote modify --local NAME password ...', "
                "or let it be asked for: 'git dvc remote modify NAME ask_password true'",
            )
        if found is not None and self._scheme in ("basic", "digest") and self._user is None:
            raise RefusedError(
                f"auth = {self._scheme} needs a user",
                "set it with 'git dvc remote modify --local NAME user ...'",
            )
        if found is not None and self._scheme == "custom" and re.search(r"[\r\n\0]", found):
            raise RefusedError("the password has a line break, so it cannot be a header")
        self._password = found

    # -- bearer ---------------------------------------------------------------------------

    def _bearer(self) -> str:
        if not self._command:
            return self._token
        with self._lock:
            if not self._token:
                self._token = _run(self._command, self._timeout_s)
            return self._token

    # -- digest ---------------------------------------------------------------------------

    def _digest(self, method: str, target: str) -> str:
        with self._lock:
            self._count += 1
            count, asked = f"{self._count:08x}", self._challenge
        return answer(
            asked,
            self._user or "",
            self._password or "",
            method,
            target,
            count,
            randomness.token_hex(16),
        )


def parse_challenges(headers: Iterable[str]) -> list[tuple[str, dict[str, str]]]:
    """Return what ``WWW-Authenticate`` headers offer: schemes in lower case, and parameters."""
    found: list[tuple[str, dict[str, str]]] = []
    for header in headers:
        for match in _TOKEN.finditer(header[:_MOST_CHALLENGE]):
            key, quoted_value, plain, scheme = match.groups()
            if scheme:
                found.append((scheme.lower(), {}))
            elif found:
                value = plain if quoted_value is None else re.sub(r"\\(.)", r"\1", quoted_value)
                found[-1][1][key.lower()] = value
    return found


def _can_answer(asked: Mapping[str, str]) -> bool:
    base = asked.get("algorithm", "MD5").upper().removesuffix("-SESS")
    qops = [word.strip().lower() for word in asked.get("qop", "auth").split(",")]
    return base in _HASHES and "auth" in qops and bool(asked.get("nonce"))


def answer(
    asked: Mapping[str, str],
    user: str,
    password: str,
    method: str,
    target: str,
    count: str,
    nonce: str,
) -> str:
    """Return the ``Authorization`` header that answers a digest challenge.

    Args:
        asked: The challenge's parameters.
        user: Whose password it is.
        password: It itself; only hashes of it are in the result.
        method: ``GET``, ...
        target: Path and query of the request.
        count: How many requests were made with this challenge, 8 hex digits.
        nonce: Something random of ours.
    """
    name = asked.get("algorithm", "MD5")
    make: Callable[[bytes], object] = _HASHES[name.upper().removesuffix("-SESS")]

    def hashed(*parts: str) -> str:
        return str(make(":".join(parts).encode()).hexdigest())  # type: ignore[attr-defined]

    realm, theirs = asked.get("realm", ""), asked["nonce"]
    secret = hashed(user, realm, password)
    if name.upper().endswith("-SESS"):
        secret = hashed(secret, theirs, nonce)
    what = hashed(method, target)
    values = {"username": user, "realm": realm, "nonce": theirs, "uri": target}
    if "qop" in asked:
        values["response"] = hashed(secret, theirs, count, nonce, "auth", what)
    else:
        values["response"] = hashed(secret, theirs, what)
    if "opaque" in asked:
        values["opaque"] = asked["opaque"]
    if "qop" in asked or name.upper().endswith("-SESS"):
        values["cnonce"] = nonce
    text = ", ".join(f'{key}="{_escaped(value)}"' for key, value in values.items())
    if "algorithm" in asked:
        text += f", algorithm={name}"
    if "qop" in asked:
        text += f", qop=auth, nc={count}"
    return "Digest " + text


def _escaped(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return re.sub(r"[\r\n\0]", "", escaped).encode().decode("latin-1")


def _from_netrc(host: str, user: str | None) -> tuple[str | None, str | None]:
    """Return user and password of the entry for this host in the user's netrc file."""
    import netrc

    names = [os.environ["NETRC"]] if os.environ.get("NETRC") else ["~/.netrc", "~/_netrc"]
    for name in names:
        try:
            entry = netrc.netrc(os.path.expanduser(name)).hosts.get(host)
        except (OSError, netrc.NetrcParseError, UnicodeError):
            continue
        if entry is not None and user in (None, entry[0]):
            return entry[0], entry[2]
    return user, None


def _run(command: str, timeout_s: float) -> str:
    """Return what a command that the user has configured prints: a token."""
    import shlex
    import subprocess

    try:
        words = shlex.split(command)
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout_s, check=False
        )
    except (OSError, ValueError, subprocess.TimeoutExpired) as problem:
        why = getattr(problem, "strerror", None) or type(problem).__name__
        raise RefusedError(f"bearer_token_command failed: {why}") from None
    token = done.stdout.decode("utf-8", "replace").strip()
    if done.returncode != 0:
        raise RefusedError(f"bearer_token_command failed with exit code {done.returncode}")
    if not token or re.search(r"[^\x21-\x7e]", token):
        raise RefusedError("bearer_token_command printed no token")
    return token
