"""Certificates: whom we trust, and what we show."""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from git_dvc.errors import ConfigError
from git_dvc.remote import http, webdav
from git_dvc.remote.wire import RefusedError, UnsteadyError
from tests.remote import webserver
from tests.remote.webserver import Site

AUTHORITY = trustme.CA()


@pytest.fixture(scope="module")
def context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture(scope="module")
def server(context: ssl.SSLContext) -> Iterator[Site]:
    with Site(context) as running:
        running.files["/data/a"] = b"hello"
        yield running


@pytest.fixture
def trusted(tmp_path: Path) -> str:
    AUTHORITY.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return str(tmp_path / "ca.pem")


def test_only_trusted_servers_are_talked_to(server: Site, trusted: str) -> None:
    server.requests.clear()
    with pytest.raises(RefusedError, match=r"certificate of 127.0.0.1 is not trusted"):
        http.connect(server.url, {"user": "ada", "password": "secret"}).reach()
    assert server.requests == []
    assert b"".join(http.connect(server.url, {"ssl_verify": trusted}).read("a")) == b"hello"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        wire = http.connect(server.url, {"ssl_verify": "False"})
        assert b"".join(wire.read("a")) == b"hello"
    named = server.url.replace("127.0.0.1", "localhost")
    with pytest.raises(RefusedError, match="is not trusted"):
        http.connect(named, {"ssl_verify": trusted}).reach()


def test_a_redirect_to_a_server_that_is_not_trusted(server: Site, trusted: str) -> None:
    with Site() as plain:
        plain.always = [webserver.redirect(f"{server.url}/a")]
        with pytest.raises(RefusedError, match="is not trusted"):
            http.connect(plain.url, {}).look("a")
        assert http.connect(plain.url, {"ssl_verify": trusted}).look("a").size_bytes == 5


def test_plain_http_where_https_is_expected() -> None:
    with Site() as plain, pytest.raises((RefusedError, UnsteadyError), match="secure connection"):
        http.connect(plain.url.replace("http:", "https:"), {}).reach()


def test_a_certificate_of_the_user(trusted: str, tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED
    AUTHORITY.configure_trust(context)
    AUTHORITY.issue_cert("127.0.0.1").configure_cert(context)
    mine = AUTHORITY.issue_cert("ada@example.org")
    both, cert, key = (str(tmp_path / name) for name in ("both.pem", "cert.pem", "key.pem"))
    mine.private_key_and_cert_chain_pem.write_to_path(both)
    mine.cert_chain_pems[0].write_to_path(cert)
    mine.private_key_pem.write_to_path(key)
    with Site(context) as server:
        server.files["/data/a"] = b"hello"
        url = server.url.replace("https:", "webdavs:")
        for options in ({"cert_path": both}, {"cert_path": cert, "key_path": key}):
            wire = webdav.connect(url, {"ssl_verify": trusted, **options})
            assert b"".join(wire.read("a")) == b"hello"
        with pytest.raises((RefusedError, UnsteadyError)):
            b"".join(webdav.connect(url, {"ssl_verify": trusted}).read("a"))
        for options in ({"cert_path": "/no/such"}, {"cert_path": cert, "key_path": trusted}):
            with pytest.raises(ConfigError, match="cert_path"):
                webdav.connect(url, {"ssl_verify": trusted, **options})
