"""A client for web servers: what HTTP remotes and WebDAV remotes have in common.

One ``Web`` talks to one remote. Its connections are kept and shared by all threads; proxies come
from the environment (``https_proxy``, ``no_proxy``), certificates from the system or the options
``ssl_verify``, ``cert_path`` and ``key_path``. This is the door of urllib3.

* *Redirects* are followed for what reads, from http(s) to http(s) only. Who we are
  (``webauth.py``) is said to the remote's own origin and to nobody else. What is written is sent
  once, so a redirect of that is an error that names the new address.
* *Nothing is decoded*: bytes are asked for, and taken, as they are stored.
* *What went wrong* becomes one of the three errors of ``wire.py``, by ``webanswer.py``.
"""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import quote, unquote, urljoin
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import HTTPError, InsecureRequestWarning, LocationParseError
from urllib3.util import Timeout, Url, make_headers, parse_url

from git_dvc import __version__
from git_dvc.errors import ConfigError, quoted
from git_dvc.remote.webanswer import Answer, broken, reason
from git_dvc.remote.webauth import Auth, Identity
from git_dvc.remote.wire import RefusedError, UnsteadyError

_MOST_HOPS = 10
_MOST_TRIES = 3
_KEPT_CONNECTIONS = 64
_DISK_BYTES_PER_S = 10_000_000
_REDIRECTS = (301, 302, 303, 307, 308)
_READS = ("GET", "HEAD")
_HEADERS = {"User-Agent": f"git-dvc/{__version__}", "Accept-Encoding": "identity"}


class Origin(NamedTuple):
    """What one server is to a browser, and to us when it comes to passwords."""

    scheme: str
    host: str
    port: int


class Web:
    """A client of one remote.

    Args:
        url: Its address: ``http`` or ``https``.
        options: Its options.
        connect_s: How long connecting may take.
        read_s: How long the server may be silent.
        auth: Who we are, if neither the address nor an option says so.

    Attributes:
        where: The address without user, password and query.
        auth: Who we are.

    Raises:
        ConfigError: The address or an option cannot be used.
    """

    def __init__(
        self,
        url: str,
        options: Mapping[str, str],
        *,
        connect_s: float,
        read_s: float,
        auth: Identity | None = None,
    ) -> None:
        address = _parsed(url)
        self._base = address._replace(auth=None, path=(address.path or "").rstrip("/"))
        self._origin = origin(address)
        self.where = shown(self._base)
        user, _, password = (address.auth or "").partition(":")
        self.auth: Identity = auth or Auth(
            options,
            self._origin.host,
            unquote(user) if user else None,
            unquote(password) if password else None,
            timeout_s=read_s,
        )
        self._connect_s, self._read_s = connect_s, read_s
        self._options = options
        self._tls: ssl.SSLContext | None = None
        if self._origin.scheme == "https":
            self._tls = tls_context(options)
        self._proxies = {key: value for key, value in getproxies().items() if value}
        self._managers: dict[str, urllib3.PoolManager] = {}

    def url(self, key: str) -> str:
        """Return the address of a key; a query of the remote's address comes last."""
        path = f"{self._base.path}/{quote(key, safe='/~')}"
        return self._base._replace(path=path).url

    def path(self, key: str) -> str:
        """Return the decoded path of a key on the server."""
        return f"{unquote(self._base.path or '')}/{key}"

    def close(self) -> None:
        """Close all connections."""
        for manager in self._managers.values():
            manager.clear()

    # -- one request ----------------------------------------------------------------------

    def ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        size_bytes: int = 0,
    ) -> Answer:
        """Send a request, go where it leads, and return the last answer, whatever it says.

        Args:
            method: ``GET``, ...
            url: As of ``url``.
            headers: Beside those that say who we are.
            body: Sent again wherever the request goes.
            size_bytes: Of what the server has to do something with before it can answer.

        Raises:
            WireError: There was no answer, or one that leads nowhere.
        """
        for _ in range(_MOST_HOPS):
            answer = self._ask(method, url, headers or {}, body, size_bytes)
            location = answer.headers.get("Location")
            if answer.status not in _REDIRECTS or not location:
                return answer
            answer.done()
            target = redirected(url, location)
            if method not in _READS:
                raise _elsewhere(target)
            url = target.url
        raise RefusedError(f"more than {_MOST_HOPS} redirects")

    def _ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        size_bytes: int,
    ) -> Answer:
        for tries in range(1, _MOST_TRIES + 1):
            who = self._who(method, url)
            answer = self._send(method, url, headers, who, body, size_bytes)
            if answer.status != 401 or not self._is_own(url) or tries == _MOST_TRIES:
                break
            if not self.auth.learn(answer.headers.getlist("WWW-Authenticate"), who):
                break
            answer.done()
        return answer

    def upload(self, method: str, url: str, pieces: Iterable[bytes], size_bytes: int) -> Answer:
        """Send a body once, piece by piece, and return the answer, whatever it says.

        Raises:
            UnsteadyError: Another try may succeed, also as we know only now who to say we are.
            RefusedError: The server wants it elsewhere.
        """
        who = self._who(method, url)
        headers = {"Content-Length": str(size_bytes), "Content-Type": "application/octet-stream"}
        answer = self._send(method, url, headers, who, _Body(pieces, size_bytes), size_bytes)
        location = answer.headers.get("Location")
        if answer.status in _REDIRECTS and location:
            answer.done()
            raise _elsewhere(redirected(url, location))
        challenges = answer.headers.getlist("WWW-Authenticate")
        if answer.status == 401 and self.auth.learn(challenges, who):
            answer.done()
            raise UnsteadyError("the server asks again who we are")
        return answer

    def _is_own(self, url: str) -> bool:
        return origin(parse_url(url)) == self._origin

    def _who(self, method: str, url: str) -> dict[str, str]:
        if not self._is_own(url):
            return {}
        return self.auth.headers(method, parse_url(url).request_uri)

    def _send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        who: Mapping[str, str],
        body: bytes | _Body | None,
        size_bytes: int,
    ) -> Answer:
        # A server may answer only when all is on its disk, or copied there.
        silence_s = self._read_s + size_bytes / _DISK_BYTES_PER_S
        try:
            response = self._manager(url).urlopen(
                method,
                url,
                body=body,
                headers={**_HEADERS, **headers, **who},
                redirect=False,
                retries=False,
                preload_content=False,
                decode_content=False,
                timeout=Timeout(connect=self._connect_s, read=silence_s),
            )
        except _StoppedError as stop:
            raise stop.problem from None
        except (HTTPError, OSError, ValueError) as problem:
            raise broken(problem, parse_url(url).host or "") from None
        return Answer(response, has_said_who=bool(who))

    def _manager(self, url: str) -> urllib3.PoolManager:
        """Return what keeps the connections for an address: straight, or by a proxy."""
        address = parse_url(url)
        scheme, host = address.scheme or "", address.host or ""
        proxy = self._proxies.get(scheme) or self._proxies.get("all") or ""
        if proxy and proxy_bypass(address.netloc or host):
            proxy = ""
        key = f"{scheme} {proxy}"
        if key not in self._managers:
            self._managers[key] = self._made(scheme, proxy)
        return self._managers[key]

    def _made(self, scheme: str, proxy: str) -> urllib3.PoolManager:
        if scheme == "https" and self._tls is None:
            self._tls = tls_context(self._options)
        context = self._tls if scheme == "https" else None
        if not proxy:
            return urllib3.PoolManager(maxsize=_KEPT_CONNECTIONS, ssl_context=context)
        address = parse_url(proxy if "://" in proxy else f"http://{proxy}")
        if address.scheme not in ("http", "https"):
            raise RefusedError(f"a proxy of kind {quoted(address.scheme or '')} cannot be used")
        headers = make_headers(proxy_basic_auth=unquote(address.auth)) if address.auth else None
        return urllib3.ProxyManager(
            address._replace(auth=None).url,
            maxsize=_KEPT_CONNECTIONS,
            proxy_headers=headers,
            ssl_context=context,
        )

    # -- a whole file ---------------------------------------------------------------------

    def delete(self, keys: Iterable[str]) -> None:
        """Take files away; one that is gone already is no error."""
        for key in keys:
            answer = self.ask("DELETE", self.url(key))
            if not answer.is_good and answer.status not in (404, 410):
                raise answer.failure()
            answer.done()

    def read(self, key: str, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Yield bytes of a file; see ``Wire.read``."""
        if length is not None and length <= 0:
            return
        headers = {}
        if offset or length is not None:
            last = "" if length is None else str(offset + length - 1)
            headers["Range"] = f"bytes={offset}-{last}"
        answer = self.ask("GET", self.url(key), headers)
        skip = 0
        if answer.status == 416:
            answer.done()
            return  # nothing from there on
        if answer.status == 206:
            found = re.match(r"bytes\s+(\d{1,18})-", answer.headers.get("Content-Range", ""))
            if "Range" not in headers or found is None or int(found[1]) != offset:
                answer.close()
                raise UnsteadyError("the server sent another part of the file than was asked for")
        elif answer.status == 200:
            skip = offset  # it does not know ranges
        else:
            raise answer.failure()
        left = length
        for piece in answer.pieces():
            if skip >= len(piece):
                skip -= len(piece)
                continue
            part = piece[skip:] if skip else piece
            skip = 0
            if left is not None:
                part = part[:left]
                left -= len(part)
            yield part
            if left == 0:
                return


class _StoppedError(Exception):
    """What was to be sent could not be had: nothing that urllib3 takes for a server's doing."""

    def __init__(self, problem: BaseException) -> None:
        super().__init__()
        self.problem = problem


class _Body:
    """A request's body, of exactly the size that was announced."""

    def __init__(self, pieces: Iterable[bytes], size_bytes: int) -> None:
        self._pieces = pieces
        self._left = size_bytes

    def __iter__(self) -> Iterator[bytes]:
        try:
            for piece in self._pieces:
                self._left -= len(piece)
                if self._left < 0:
                    break
                yield piece
            if self._left != 0:
                raise UnsteadyError("the file changed while it was sent")
        except GeneratorExit:
            raise
        except BaseException as problem:
            raise _StoppedError(problem) from problem


# -- addresses ----------------------------------------------------------------------------


def _parsed(url: str) -> Url:
    try:
        if re.search(r"[\x00-\x1f\x7f\\]", url):
            raise ValueError
        address = parse_url(url)
        _ = origin(address)
    except (LocationParseError, ValueError):
        raise ConfigError("url: cannot be understood") from None
    if not address.host or " " in address.host:
        raise ConfigError("url: names no host")
    return address


def origin(address: Url) -> Origin:
    """Return scheme, host and port."""
    scheme = address.scheme or ""
    return Origin(
        scheme, (address.host or "").strip("[]"), address.port or (443 if scheme == "https" else 80)
    )


def shown(address: Url) -> str:
    """Return an address without user, password and query, which may be a secret."""
    return address._replace(auth=None, query=None, fragment=None).url


def parent(url: str) -> str:
    """Return the address of the folder that a file or folder is in; its own at the top."""
    address = parse_url(url)
    above, _, _ = (address.path or "").rstrip("/").rpartition("/")
    return address._replace(path=f"{above}/").url


def redirected(url: str, location: str) -> Url:
    """Return where an answer sends us.

    Raises:
        RefusedError: That is no web address (CVE-2018-10857: ``file://``).
    """
    try:
        # A server's header is Latin-1 to Python, and may be UTF-8.
        text = quote(location.encode("latin-1", "replace"), safe="/:?#[]@!$&'()*+,;=%~")
        target = parse_url(urljoin(url, text))
        if target.scheme in ("http", "https") and target.host:
            return target._replace(auth=None, fragment=None)
    except (LocationParseError, ValueError):
        pass
    raise RefusedError(f"the server redirects to what is no web address: {quoted(location[:200])}")


def _elsewhere(target: Url) -> RefusedError:
    return RefusedError(
        f"the server sends this to another address: {quoted(shown(target))}",
        "if that is right, make it the url of the remote: 'git dvc remote modify NAME url ...'",
    )


# -- TLS ----------------------------------------------------------------------------------


def tls_context(options: Mapping[str, str]) -> ssl.SSLContext:
    """Return what certificates to trust and to show.

    Raises:
        ConfigError: A file that an option names cannot be used.
    """
    verify = options.get("ssl_verify", "true")
    is_path = verify.lower() not in ("true", "false")
    try:
        path = os.path.expanduser(verify) if is_path else None
        is_folder = path is not None and os.path.isdir(path)
        context = ssl.create_default_context(
            cafile=None if is_folder else path, capath=path if is_folder else None
        )
    except (OSError, ssl.SSLError) as problem:
        raise ConfigError(f"ssl_verify: {quoted(verify)}: {reason(problem)}") from None
    if verify.lower() == "false":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        urllib3.disable_warnings(InsecureRequestWarning)  # the user has chosen it
    certificate = options.get("cert_path")
    if certificate:
        try:
            # Without a password OpenSSL would ask for one at the terminal.
            context.load_cert_chain(certificate, options.get("key_path"), password=lambda: "")
        except (OSError, ssl.SSLError) as problem:
            raise ConfigError(f"cert_path: {quoted(certificate)}: {reason(problem)}") from None
    return context
