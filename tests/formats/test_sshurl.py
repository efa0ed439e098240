from __future__ import annotations

import pytest

from git_dvc.errors import ConfigError
from git_dvc.formats.options import check_remote
from git_dvc.formats.sshurl import Address, parse


def test_addresses_are_read_as_dvc_reads_them() -> None:
    assert parse("ssh://ada:pw@host.org:2222/a/b/", {}) == Address(
        "host.org", 2222, "ada", "pw", "/a/b"
    )
    assert parse("ssh://host/", {}) == Address("host", None, None, None, "/")
    assert parse("ssh://host", {}).path == ""
    assert parse("ssh://[::1]:22/a", {})[:2] == ("::1", 22)
    options = {"user": "bob", "port": "23", "password": "x"}
    assert parse("ssh://ada:pw@h:22/p", options) == Address("h", 23, "bob", "x", "/p")
    assert parse("ssh://h/p", {"user": r"DOMAIN\ada"}).user == r"DOMAIN\ada"


@pytest.mark.parametrize(
    "url",
    [
        "ssh://-oProxyCommand=touch%20x/p",
        "ssh://-oProxyCommand=touch x@host/p",
        "ssh://ada@-host/p",
        "ssh://$(touch x)/p",
        "ssh://a;b@host/p",
        "ssh://`x`@host/p",
        "ssh://host\n/p",
        "ssh:///p",
        "ssh://host:http/p",
        "ssh://host:99999/p",
    ],
)
def test_addresses_that_could_be_commands_are_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="cannot be"):
        parse(url, {})


def test_they_are_checked_before_they_are_written() -> None:
    assert check_remote("r", {"url": "ssh://ada@host:22/p", "port": "23"}) == []
    assert check_remote("r", {"url": "ssh://-oProxyCommand=x/p"}) == [
        "remote.r: '-oProxyCommand=x' cannot be the name of a host"
    ]
    assert check_remote("r", {"url": "ssh://host/p", "port": "70000"}) == [
        "remote.r: '70000' cannot be a port of host"
    ]
