"""The address of a remote reached by SSH: ``ssh://user:password@host:port/path``.

It may stand in a config that somebody else committed, and its parts end up in what the user's own
SSH configuration does with them (``ProxyCommand ... %h``). So a host and a user have to look like
one, as OpenSSH wants it, too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from git_dvc.errors import ConfigError, quoted

_HOST = re.compile(r"\w[\w.-]*|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]+(?:%\w+)?")
# What OpenSSH refuses in a user's name: it may end up in a command of the user's own config.
_BAD_USER = re.compile(r"""^-|\s-|['`";&<>|(){}\x00-\x1f\x7f]|\\$""")


class Address(NamedTuple):
    """Where a remote is.

    Attributes:
        host: A name, an IP address or an alias of the user's ``~/.ssh/config``.
        port: None: as the user's config says, else 22.
        user: None: as the user's config says, else the user's own name.
        password: None if there is none in the config.
        path: On the server; one that does not begin with '/' starts from the user's home.
    """

    host: str
    port: int | None
    user: str | None
    password: str | None
    path: str

    @property
    def server(self) -> str:
        """``user@host:port``, as far as it is known."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        user = f"{self.user}@" if self.user else ""
        return f"{user}{host}:{self.port}" if self.port else user + host


def parse(url: str, options: Mapping[str, str]) -> Address:
    """Return the address of a remote; its options win over what is in the url, as with DVC.

    Raises:
        ConfigError: Host, user or port cannot be used.
    """
    place, slash, path = url.partition("://")[2].partition("/")
    login, _, server = place.rpartition("@")
    user, _, password = login.partition(":")
    bracket = re.fullmatch(r"\[([^][]*)\](?::(.*))?", server)
    host, port = (bracket[1], bracket[2] or "") if bracket else server.partition(":")[::2]
    user = options.get("user") or user
    port = options.get("port") or port
    if not _HOST.fullmatch(host):
        raise ConfigError(f"{quoted(host[:100])!r} cannot be the name of a host")
    if user and _BAD_USER.search(user):
        raise ConfigError(f"{quoted(user[:100])!r} cannot be the name of a user on {host}")
    if port and not (port.strip().isdecimal() and 0 < int(port) < 65536):
        raise ConfigError(f"{quoted(port[:100])!r} cannot be a port of {host}")
    return Address(
        host,
        int(port) if port else None,
        user or None,
        options.get("password") or password or None,
        slash + path.rstrip("/") if path.strip("/") else slash,
    )
