"""The wire over HTTP: against a real server on loopback, and what servers do wrong."""

from __future__ import annotations

import base64
import errno
import hashlib
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from git_dvc.errors import ConfigError
from git_dvc.remote import secrets, webdav
from git_dvc.remote.http import HttpWire, connect
from git_dvc.remote.wire import AbsentError, RefusedError, UnsteadyError, Wire, WireError
from tests.remote import webserver
from tests.remote.patience import soon
from tests.remote.webserver import NeedsDigest, Site

BIG = bytes(range(256)) * 8192  # 2 MB


@pytest.fixture(scope="module")
def server() -> Iterator[Site]:
    with Site() as running:
        yield running


@pytest.fixture(scope="module")
def other() -> Iterator[Site]:
    with Site() as running:
        yield running


@pytest.fixture
def site(server: Site, other: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Site:
    for one in (server, other):
        one.clear()
        one.files.clear()
        one.files.update({"/data/a": b"hello", "/data/big": BIG, "/data/empty": b""})
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    return server


def client(url: str, **options: str) -> HttpWire:
    return connect(url, {"read_timeout": "5", **options})


def content(wire: Wire, key: str, offset: int = 0, length: int | None = None) -> bytes:
    return b"".join(wire.read(key, offset, length))


# -- reading, with whatever a server knows ------------------------------------------------


@pytest.mark.parametrize("knows_ranges", [True, False])
def test_any_part_of_a_file_can_be_read(site: Site, knows_ranges: bool) -> None:
    site.knows_ranges = knows_ranges
    wire = client(site.url)
    assert content(wire, "big") == BIG
    assert content(wire, "big", 1_000_001) == BIG[1_000_001:]
    assert content(wire, "big", 300_000, 500_000) == BIG[300_000:800_000]
    assert (
        content(wire, "big", 5, 0) == content(wire, "empty") == content(wire, "empty", 0, 9) == b""
    )
    assert content(wire, "big", len(BIG)) == content(wire, "big", len(BIG) + 7, 4) == b""
    wire.close()


def test_what_is_known_of_a_file(site: Site) -> None:
    wire = client(site.url)
    found = wire.look("big")
    assert (found.key, found.size_bytes, found.mtime_s) == ("big", len(BIG), 1795341600.0)
    assert found.etag == f'"{hashlib.md5(BIG).hexdigest()}"'
    # Of a server that does not know HEAD, and of one that does not say how long a file is.
    site.always = [webserver.only("HEAD", webserver.status(405))]
    assert wire.look("big").size_bytes == len(BIG)
    assert wire.look("empty").size_bytes == 0
    site.knows_ranges = False
    assert wire.look("big").size_bytes == len(BIG)
    with pytest.raises(AbsentError):
        wire.look("nothing")
    site.always = [webserver.only("HEAD", webserver.status(403))]
    assert client(f"{site.url}?signature=x").look("big").size_bytes == len(BIG)
    with pytest.raises(RefusedError, match="403"):
        wire.look("big")
    with pytest.raises(RefusedError, match="cannot list"):
        wire.listing("")


def test_connections_are_kept_for_all_threads(site: Site) -> None:
    wire = client(site.url)
    wire.reach()
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(lambda _: content(wire, "a"), range(40))) == {b"hello"}
    with pytest.raises(AbsentError):
        wire.look("nothing")
    wire.look("big")
    assert wire.look("a").size_bytes == 5
    assert len({request.port for request in site.requests}) <= 4
    assert {request.headers["Accept-Encoding"] for request in site.requests} == {"identity"}
    wire.close()


def test_a_reader_that_stops_early_does_not_spoil_the_connection(site: Site) -> None:
    wire = client(site.url)
    pieces = wire.read("big")
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    assert content(wire, "a") == b"hello"


def test_names_and_queries_are_kept_in_order(site: Site) -> None:
    site.files["/data/with space/ü?#%.txt"] = b"odd"
    wire = client(f"{site.url}/with space/?sig=a%2Fb&x=1")
    assert content(wire, "ü?#%.txt") == b"odd"
    assert site.requests[-1].path == "/data/with%20space/%C3%BC%3F%23%25.txt?sig=a%2Fb&x=1"
    assert wire.where == f"{site.url}/with%20space", "a query may be a secret"


# -- writing ------------------------------------------------------------------------------


@pytest.mark.parametrize(("option", "method"), [("", "POST"), ("PUT", "PUT"), ("post", "POST")])
def test_files_are_sent_as_the_server_wants_them(site: Site, option: str, method: str) -> None:
    wire = client(site.url, **({"method": option} if option else {}))
    wire.write("sub/b", iter([b"one ", b"", b"two"]), 7)
    wire.write("empty", [], 0)
    assert (site.files["/data/sub/b"], site.files["/data/empty"]) == (b"one two", b"")
    assert site.methods() == [method, method]
    assert site.requests[0].headers["Content-Length"] == "7"
    wire.delete("sub/b")
    wire.delete("sub/b")
    assert "/data/sub/b" not in site.files


def test_a_server_that_only_reads_says_so(site: Site) -> None:
    site.writable = False
    with pytest.raises(RefusedError, match="405: the server takes no files by POST") as caught:
        client(site.url).write("b", [b"x"], 1)
    assert "git dvc remote modify NAME method put" in caught.value.hint


class _GoneError(OSError):
    pass


@pytest.mark.parametrize("problem", [_GoneError(errno.EPIPE, "x"), ValueError(), BrokenPipeError()])
def test_a_file_that_cannot_be_read_to_the_end_is_not_stored(
    site: Site, problem: Exception
) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"half"
        raise problem

    wire = client(site.url)
    with pytest.raises(type(problem)):
        wire.write("a", pieces(), 1000)
    for wrong in ([b"x" * 999], [b"x" * 1001]):
        with pytest.raises(WireError, match="changed while it was sent"):
            wire.write("a", wrong, 1000)
    assert content(wire, "a") == b"hello"


def test_an_upload_is_not_sent_on_to_another_address(site: Site, other: Site) -> None:
    site.always = [webserver.redirect(other.url + "/b?token=secret", 307)]
    with pytest.raises(RefusedError, match=f"another address: {other.url}/b$") as caught:
        client(site.url).write("b", [b"x"], 1)
    assert "secret" not in str(caught.value)
    with pytest.raises(RefusedError, match="another address"):
        client(site.url).delete("a")
    assert other.requests == []


# -- what goes wrong ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (404, AbsentError, "404 Not Found"),
        (410, AbsentError, "410 Gone"),
        (400, RefusedError, "400 Bad Request"),
        (401, RefusedError, "401 Unauthorized: the server wants a user and a password"),
        (403, RefusedError, "403 Forbidden: no permission for the public"),
        (407, RefusedError, "407 Proxy Authentication Required: the proxy wants"),
        (413, RefusedError, "too large"),
        (501, RefusedError, "501"),
        (507, RefusedError, "507 Insufficient Storage: no space left"),
        (408, UnsteadyError, "408 Request Timeout"),
        (429, UnsteadyError, "429 Too Many Requests"),
        (500, UnsteadyError, "500 Internal Server Error"),
        (503, UnsteadyError, "503 Service Unavailable"),
        (599, UnsteadyError, "599"),
    ],
)
def test_each_status_is_one_of_three_errors(
    site: Site, code: int, kind: type[WireError], words: str
) -> None:
    site.always = [webserver.status(code, {"X-Words": "\x1b[31m"}, b"<secret>")]
    wire = client(site.url)
    calls: list[Callable[[], object]] = [
        lambda: content(wire, "a"),
        lambda: wire.write("b", [b"x"], 1),
    ]
    if code not in (400, 501):
        calls.append(lambda: wire.look("a"))
    for call in calls:
        with pytest.raises(kind, match=words) as caught:
            call()
        assert type(caught.value) is kind
    if kind is UnsteadyError:
        with pytest.raises(UnsteadyError):
            wire.reach()


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("7", 7, 7),
        ("99999999", 3600, 3600),
        ("Sun, 22 Nov 2099 10:00:00 GMT", 3600, 3600),
        ("Sun, 22 Nov 2020 10:00:00 GMT", 0, 0),
        ("soon", 0, 0),
        ("-5", 0, 0),
    ],
)
def test_how_long_a_server_wants_to_be_left_alone(
    site: Site, text: str, least: float, most: float
) -> None:
    site.faults = [webserver.status(503, {"Retry-After": text})]
    with pytest.raises(UnsteadyError) as caught:
        client(site.url).look("a")
    assert least <= caught.value.after_s <= most


def test_a_short_body_is_noticed_after_what_was_right(site: Site) -> None:
    site.always = [webserver.short_body(700_000)]
    wire = client(site.url)
    for offset in (0, 100):
        came = b""
        with pytest.raises(UnsteadyError, match="broke"):
            for piece in wire.read("big", offset):
                came += piece
        assert came == BIG[offset : offset + len(came)]
        assert len(came) > 400_000


def test_the_wrong_part_of_a_file_is_not_taken(site: Site) -> None:
    wire = client(site.url)
    for said in ("bytes 6-9/10", "bytes */10", "", "octets 5-9/10"):
        site.faults = [webserver.status(206, {"Content-Range": said}, b"12345")]
        with pytest.raises(UnsteadyError, match="another part"):
            content(wire, "a", 5)
    site.faults = [webserver.status(206, {"Content-Range": "bytes 0-4/5"}, b"hello")]
    with pytest.raises(UnsteadyError, match="another part"):
        content(wire, "a")


def test_silence_and_hanging_up(site: Site) -> None:
    end = threading.Event()
    site.faults = [webserver.silence(end)]
    wire = client(site.url, read_timeout="0.2", connect_timeout="1")
    with pytest.raises(UnsteadyError, match="silent for too long"):
        wire.look("a")
    end.set()
    assert soon(lambda: wire.look("a")).size_bytes == 5
    site.faults = [webserver.hang_up]
    wire = client(site.url)
    with pytest.raises(UnsteadyError, match=r"the connection to 127.0.0.1 broke"):
        wire.look("a")
    assert wire.look("a").size_bytes == 5


def test_a_server_may_take_its_time_over_a_large_file(site: Site) -> None:
    site.always = [webserver.pause(0.4)]
    wire = client(site.url, read_timeout="0.2")
    with pytest.raises(UnsteadyError, match="silent"):
        wire.write("small", [b"x"], 1)
    soon(lambda: wire.write("b", [b"x" * 5_000_000], 5_000_000))
    assert len(site.files["/data/b"]) == 5_000_000


def test_a_server_that_is_not_there(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:  # nobody else gets the port, and nobody listens
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        wire = client(f"http://127.0.0.1:{port}/x")
        with pytest.raises(UnsteadyError, match=r"cannot reach 127.0.0.1: connection refused"):
            wire.look("a")
        for first in (wire, webdav.connect(f"webdav://127.0.0.1:{port}/x", {})):
            with pytest.raises(RefusedError, match="connection refused") as caught:
                first.reach()
            assert "is the server running" in caught.value.hint
    said = socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    def resolve(*_: Any, **__: Any) -> None:
        raise said

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(RefusedError, match=r"cannot find nowhere.invalid: no such host"):
        client("http://nowhere.invalid/x").reach()
    said = socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
    with pytest.raises(UnsteadyError, match="no answer from the name server"):
        client("http://nowhere.invalid/x").reach()


def test_a_folder_need_not_be_shown_to_be_used(site: Site) -> None:
    wire = client(site.url)
    for code in (403, 404, 405, 501):
        site.faults = [webserver.status(code)]
        wire.reach()


def test_a_public_bucket_says_no_for_what_is_not_there(site: Site) -> None:
    site.always = [webserver.status(403, {"x-amz-request-id": "7"})]
    with pytest.raises(AbsentError):
        client(site.url).look("a")
    with pytest.raises(RefusedError, match="no permission for this user"):
        client(site.url, user="ada", password="x").look("a")


# -- redirects ----------------------------------------------------------------------------


def test_reading_goes_where_it_is_sent_without_the_password(site: Site, other: Site) -> None:
    wire = client(site.url, auth="basic", user="ada", password="secret")
    site.faults = [webserver.redirect("/data/b"), webserver.redirect(f"{other.url}/a", 308)]
    assert content(wire, "a", 1) == b"ello"
    assert [request.path for request in site.requests] == ["/data/a", "/data/b"]
    assert all("Authorization" in request.headers for request in site.requests)
    (led,) = other.requests
    assert "Authorization" not in led.headers and led.headers["Range"] == "bytes=1-"
    # Nor does another server get it by asking for it.
    site.faults = [webserver.redirect(f"{other.url}/a")]
    other.always = [webserver.needs_basic("ada", "secret")]
    with pytest.raises(RefusedError, match="401"):
        wire.look("a")
    custom = client(site.url, auth="custom", custom_auth_header="X-Key", password="secret")
    site.faults = [webserver.redirect(f"{other.url}/a")]
    other.always = []
    custom.look("a")
    assert site.requests[-1].headers["X-Key"] == "secret"
    assert all("secret" not in str(request.headers) for request in other.requests)


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://127.0.0.1/a", "gopher://x/", "http://[::1"]
)
def test_redirects_lead_to_web_addresses_only(site: Site, target: str) -> None:
    site.always = [webserver.redirect(target)]
    wire = client(site.url)
    for call in (lambda: content(wire, "a"), lambda: wire.look("a"), wire.reach):
        with pytest.raises(RefusedError, match="redirects to what is no web address"):
            call()


def test_redirects_in_a_circle_end(site: Site) -> None:
    site.always = [webserver.redirect(f"{site.url}/a")]
    with pytest.raises(RefusedError, match="more than 10 redirects"):
        content(client(site.url), "a")


# -- who we are ---------------------------------------------------------------------------


def test_basic_from_options_address_and_netrc(site: Site, tmp_path: Path) -> None:
    site.always = [webserver.needs_basic("ada", "s3cret:ü")]
    given = {"user": "ada", "password": "s3cret:ü"}
    at = site.url.replace("//", "//ada:s3cret%3A%C3%BC@")
    (tmp_path / "netrc").write_text("machine other login x password y\n")
    for wire in (
        client(site.url, auth="basic", **given),
        client(site.url, **given),
        client(at),
        client(at.replace("s3cret%3A%C3%BC", "wrong"), password="s3cret:ü"),
    ):
        wire.reach()
        assert content(wire, "a") == b"hello"
        wire.write("b", [b"x"], 1)
        assert "ada" not in wire.where and "s3cret" not in wire.where
    assert len(site.requests) == 12, "who we are is said at once"
    with pytest.raises(RefusedError, match="401 Unauthorized: the server wants a user"):
        client(site.url).reach()
    # In ASCII: before 3.11 Python reads no more than that there.
    site.always = [webserver.needs_basic("ada", "s3cret:x")]
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login ada password s3cret:x\n")
    assert content(client(site.url), "a") == b"hello"
    with pytest.raises(RefusedError, match="wants a user"):
        client(site.url, user="bob").look("a")
    with pytest.raises(RefusedError, match="does not accept this user") as caught:
        client(site.url, user="ada", password="wrong").look("a")
    assert "wrong" not in str(caught.value)


@pytest.mark.parametrize("algorithm", ["MD5", "MD5-sess", "SHA-256", "SHA-256-sess"])
def test_digest(site: Site, algorithm: str) -> None:
    guard = NeedsDigest('a d"a', "secret", algorithm, most=3)
    site.always = [guard]
    wire = client(f"{site.url}?q=1", auth="digest", user='a d"a', password="secret")
    guard.user = 'a d\\"a'  # as its simple reading of headers has it
    guard.is_right = _right_user(guard)  # type: ignore[method-assign]
    wire.reach()
    for number in range(8):
        assert content(wire, "a") == b"hello"
        _again(lambda n=number: wire.write(f"b{n}", [b"x"], 1))
    assert site.files["/data/b7"] == b"x"
    assert all("Basic" not in str(request.headers) for request in site.requests)


def _right_user(guard: NeedsDigest) -> Any:
    def is_right(method: str, path: str, found: dict[str, str]) -> bool:
        # The header is read with a simple pattern, which a quote in a name ends too early.
        checked = NeedsDigest('a d"a', guard.password, guard.algorithm)
        return checked.is_right(method, path, found)

    return is_right


def _again(call: Any) -> None:
    try:
        call()
    except UnsteadyError as problem:
        assert "asks again who we are" in str(problem)
        call()


def test_digest_is_learned_from_the_server(site: Site) -> None:
    site.always = [NeedsDigest("ada", "secret")]
    wire = client(site.url, user="ada", password="secret")
    assert content(wire, "a") == b"hello"
    assert content(wire, "a") == b"hello"
    assert site.methods() == ["GET"] * 3
    for options in ({"password": "wrong"}, {"password": "secret", "auth": "basic"}):
        with pytest.raises(RefusedError, match="does not accept"):
            client(site.url, user="ada", **options).look("a")
    site.always = [NeedsDigest("ada", "secret", algorithm="ROT-13")]
    with pytest.raises(RefusedError, match="401"):
        client(site.url, user="ada", password="secret", auth="digest").look("a")


def test_a_header_of_ones_own(site: Site) -> None:
    site.always = [webserver.needs_header("X-Api-Key", "tok/en")]
    options = {"auth": "custom", "custom_auth_header": "X-Api-Key"}
    assert content(client(site.url, password="tok/en", **options), "a") == b"hello"
    with pytest.raises(RefusedError, match="auth = custom needs a password"):
        client(site.url, **options).reach()
    with pytest.raises(RefusedError, match="line break"):
        client(site.url, password="a\r\nX: y", **options).reach()
    with pytest.raises(ConfigError, match="not the name of a header"):
        client(site.url, auth="custom", custom_auth_header="X: y\r\nZ", password="x")
    with pytest.raises(ConfigError, match="needs the option custom_auth_header"):
        client(site.url, auth="custom", password="x")


def test_a_password_that_is_typed(site: Site) -> None:
    site.always = [webserver.needs_basic("ada", "typed")]
    asked: list[str] = []
    secrets.let_ask(lambda question: asked.append(question) or "typed")  # type: ignore[func-returns-value]
    try:
        wire = client(site.url, auth="basic", user="ada", ask_password="true")
        assert asked == [], "nothing is asked before it is needed"
        with ThreadPoolExecutor(4) as pool:
            assert set(pool.map(lambda _: content(wire, "a"), range(8))) == {b"hello"}
        assert asked == ["Enter the password for host '127.0.0.1', user 'ada': "]
    finally:
        secrets.let_ask(None)
    with pytest.raises(RefusedError, match="no terminal"):
        client(site.url, user="ada", ask_password="true").reach()


# -- options ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "options", "words"),
    [
        ("http://", {}, "url"),
        ("http://a b/x", {}, "url"),
        ("http://host:99999999/x", {}, "url"),
        ("http://host/a\nb", {}, "url"),
        ("http://host\\@evil/a", {}, "url"),
        ("http://host/x", {"method": "delete"}, "method"),
        ("https://host/x", {"ssl_verify": "/no/such/file"}, "ssl_verify"),
    ],
)
def test_what_cannot_be_used_is_refused_before_anything_is_asked(
    url: str, options: dict[str, str], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        connect(url, options)


def test_proxies_of_the_environment(
    site: Site, other: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://pat:pw@{other.host}")
    other.files["http://data.example/data/a"] = b"by proxy"
    wire = client("http://data.example/data")
    assert content(wire, "a") == b"by proxy"
    pair = base64.b64encode(b"pat:pw").decode()
    assert other.requests[-1].headers["Proxy-Authorization"] == f"Basic {pair}"
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert content(client(site.url), "a") == b"hello"
    monkeypatch.setenv("http_proxy", "socks5://127.0.0.1:1")
    with pytest.raises(RefusedError, match="proxy of kind socks5"):
        client("http://data.example/data").reach()
