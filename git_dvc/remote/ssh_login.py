"""Getting in by SSH: the address, the user's own configuration, host keys, keys and passwords.

As ``ssh`` would, and as DVC's options say (``port``, ``user``, ``password``, ``keyfile``, ...):
``~/.ssh/config`` is followed (HostName, User, Port, IdentityFile, ProxyJump, ProxyCommand and what
else asyncssh knows), the agent is asked, and so is the user, if there is a terminal.

A server's host key must be in ``known_hosts``. DVC connects to whoever answers; we do not, and
say how to add the key. What is done with the connection is ``ssh.py``.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import cast

import asyncssh

from git_dvc.errors import ConfigError, quoted
from git_dvc.formats.sshurl import Address, parse
from git_dvc.remote.wire import RefusedError

Ask = Callable[[str], Awaitable["str | None"]]
"""Shows the user a question; None if nobody is there to answer."""

_MOST_HOPS = 8
_MOST_TRIES = 3
_CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com",
            "aes128-ctr", "aes192-ctr", "aes256-ctr")  # fmt: skip
_USER_CONFIG = "~/.ssh/config"
_SYSTEM_CONFIG = "/etc/ssh/ssh_config"
_USER_KNOWN = ("~/.ssh/known_hosts", "~/.ssh/known_hosts2")
_SYSTEM_KNOWN = ("/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2")
_DEFAULT_KEYS = ("id_ed25519", "id_ecdsa", "id_rsa", "id_ed25519_sk", "id_ecdsa_sk", "id_dsa")
_DEFAULT_PORT = 22


class Login:
    """How to get into one server.

    Args:
        address: Which.
        options: The remote's options.
        timeout_s: How long to wait for a connection.
    """

    def __init__(self, address: Address, options: Mapping[str, str], timeout_s: float) -> None:
        self.address = address
        self.keyfile = os.path.expanduser(options.get("keyfile") or "")
        self._allow_agent = options.get("allow_agent", "true").lower() == "true"
        self._gss = options.get("gss_auth", "").lower() == "true"
        self._timeout_s = timeout_s
        self.password: str | None = address.password
        self.passphrase: str | None = options.get("passphrase")

    async def connect(self, ask: Ask) -> list[asyncssh.SSHClientConnection]:
        """Return a connection, after those it goes through.

        Raises:
            RefusedError: The host key is not known, or we are not let in.
            OSError, asyncssh.Error: The server cannot be reached.
        """
        opened: list[asyncssh.SSHClientConnection] = []
        try:
            await self._connect(self.address, ask, opened, is_last=True)
        except BaseException:
            for connection in reversed(opened):
                connection.abort()
            raise
        return opened

    async def _connect(
        self,
        address: Address,
        ask: Ask,
        opened: list[asyncssh.SSHClientConnection],
        through: asyncssh.SSHClientConnection | None = None,
        *,
        is_last: bool = False,
        depth: int = 0,
    ) -> asyncssh.SSHClientConnection:
        if depth > _MOST_HOPS:
            raise RefusedError(f"{_USER_CONFIG}: ProxyJump leads around in a circle")
        found = self._configured(address)
        if through is None and isinstance(found.tunnel, str):
            for hop in map(_hop, found.tunnel.split(",")):
                if hop.host != address.host:  # 'Host *' may name the jump host for itself, too
                    through = await self._connect(hop, ask, opened, through, depth=depth + 1)
        known = _Known(found)
        own = self if is_last else None
        client = _Client(address, found, known, ask, own)
        try:
            options = self._options(found, known, is_last=is_last)
        except OSError as problem:
            why = (problem.strerror or str(problem)).lower()
            name = quoted(os.fsdecode(problem.filename or ""))
            raise RefusedError(f"the key '{name}' cannot be read: {why}") from None
        except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as problem:
            raise RefusedError(f"a key cannot be used: {problem}") from None
        try:
            try:
                connection = await _opened(address, options, client, through)
            except (asyncssh.ConnectionLost, asyncssh.KeyExchangeFailed, ConnectionResetError):
                if not known.has_any:
                    raise
                # A server without a key of the kind that is known hangs up: see what it has.
                connection = await _opened(
                    address, options, client, through, server_host_key_algs="default"
                )
        except asyncssh.HostKeyNotVerifiable as problem:
            raise known.trouble(address, problem.reason) from None
        except asyncssh.KeyExchangeFailed as problem:
            raise RefusedError(problem.reason) from None
        except asyncssh.PermissionDenied:
            raise client.refusal from None
        except asyncssh.DisconnectError as problem:
            if "authentication failures" not in problem.reason:
                raise
            raise RefusedError(
                f"the server took none of the first keys: {problem.reason}",
                "name the right key in the remote's option 'keyfile'",
            ) from None
        except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as problem:
            raise RefusedError(f"a key cannot be used: {problem}") from None
        opened.append(connection)
        return connection

    def _configured(self, address: Address) -> asyncssh.SSHClientConnectionOptions:
        """Return what the user's and the system's config say of a host; no key is loaded."""
        paths = [os.path.expanduser(_USER_CONFIG), _SYSTEM_CONFIG]
        here = [path for path in paths if os.path.isfile(path) and os.access(path, os.R_OK)]
        while True:
            try:
                return asyncssh.SSHClientConnectionOptions(
                    host=address.host,
                    port=address.port or (),
                    username=address.user or (),
                    config=here or None,
                    client_keys=None,
                    known_hosts=None,
                )
            except (ValueError, OSError, asyncssh.Error) as problem:
                # What an administrator wrote for OpenSSH may be more than asyncssh understands.
                if here[-1:] != [_SYSTEM_CONFIG]:
                    raise RefusedError(f"{_USER_CONFIG}: {problem}") from None
                here.pop()

    def _needs_agent(self, *, is_last: bool) -> bool:
        if not self._allow_agent or not is_last or not self.keyfile:
            return self._allow_agent
        try:
            asyncssh.read_private_key(self.keyfile, self.passphrase)
        except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError, OSError):
            return True  # the agent may have it unlocked
        # It would offer its own keys first, and a server takes few wrong ones.
        return False

    def _options(
        self,
        found: asyncssh.SSHClientConnectionOptions,
        known: _Known,
        *,
        is_last: bool,
    ) -> asyncssh.SSHClientConnectionOptions:
        config = found.config
        ways: list[str] = []
        if is_last:  # DVC's rule: what the config gives is what is tried
            ways += ["publickey"] if self.keyfile or self.passphrase is not None else []
            ways += ["keyboard-interactive", "password"] if self.password is not None else []
            ways = ["gssapi-keyex", "gssapi-with-mic", *ways] if self._gss and ways else ways
        ciphers = [] if config.get("Ciphers") else [*_CIPHERS]
        return asyncssh.SSHClientConnectionOptions(
            options=found,
            known_hosts=known.match,
            client_keys=[self.keyfile] if self.keyfile and is_last else (),
            passphrase=self.passphrase if is_last else None,
            ignore_encrypted=True,
            password=self.password if is_last else None,
            preferred_auth=ways or (),
            agent_path=() if self._needs_agent(is_last=is_last) else None,
            agent_forwarding=False,
            gss_auth=self._gss if is_last else (),
            gss_kex=self._gss if is_last else (),
            encryption_algs=ciphers or (),
            # It would stop the loop, and data seldom gets smaller.
            compression_algs=() if config.get("Compression") else None,
            command=None,
            connect_timeout=self._timeout_s,
            login_timeout=None,  # a person may be typing; ssh.py watches
            keepalive_interval=config.get("ServerAliveInterval", 15),
            keepalive_count_max=config.get("ServerAliveCountMax", 3),
        )


async def _opened(
    address: Address,
    options: asyncssh.SSHClientConnectionOptions,
    client: _Client,
    through: asyncssh.SSHClientConnection | None,
    **more: object,
) -> asyncssh.SSHClientConnection:
    return await asyncssh.connect(
        address.host,
        address.port or (),
        options=options,
        client_factory=lambda: client,
        tunnel=through,
        **more,
    )


def _hop(text: str) -> Address:
    """Return one host of a ProxyJump."""
    try:
        return parse(text if "://" in text else f"ssh://{text.strip()}", {})
    except ConfigError as problem:
        raise RefusedError(f"{_USER_CONFIG}: ProxyJump: {problem.what}") from None


class _Known:
    """The host keys that the user trusts for one host.

    Args:
        found: What the config says of it.
    """

    def __init__(self, found: asyncssh.SSHClientConnectionOptions) -> None:
        config = found.config
        # 'none' is an empty list; asyncssh takes that to mean that any key will do.
        own = config.get("UserKnownHostsFile")
        shared = config.get("GlobalKnownHostsFile")
        self.user_files = [*_USER_KNOWN] if own is None else _texts(own)
        self._files = [*self.user_files, *([*_SYSTEM_KNOWN] if shared is None else _texts(shared))]
        self._keys: asyncssh.SSHKnownHosts | None = None
        self._alias = found.host_key_alias or found.host
        self._port = found.port
        self.shown: asyncssh.SSHKey | None = None

    def match(self, host: str, addr: str, port: int | None) -> Sequence[Sequence[object]]:
        """Return what is known of a server, as asyncssh wants it."""
        if self._keys is None:
            self._keys = asyncssh.import_known_hosts("")
            for path in self._files:
                for line in _lines(path):
                    try:
                        self._keys.load(line)
                    except ValueError:
                        continue  # one broken line must not lock the user out
        return self._keys.match(host, addr, port)

    @property
    def has_any(self) -> bool:
        """Whether a key is known for the host."""
        port = None if self._port == _DEFAULT_PORT else self._port
        keys, authorities = self.match(self._alias, "", port)[:2]
        return bool(keys or authorities)

    def trouble(self, address: Address, reason: str) -> RefusedError:
        """Return why the server's key is not accepted, and what to do about it."""
        shown = ""
        if self.shown is not None:
            shown = f": {self.shown.get_algorithm()} {self.shown.get_fingerprint()}"
        name = f"[{self._alias}]:{self._port}" if self._port != _DEFAULT_PORT else self._alias
        if "revoked" in reason:
            return RefusedError(f"the host key of {name} was revoked in known_hosts{shown}")
        if self.has_any:
            return RefusedError(
                f"the host key of {name} is not the one in known_hosts{shown}",
                "either the server was set up anew, or somebody stands between you and it; if its\n"
                f"new key is right, forget the old one with \"ssh-keygen -R '{name}'\"",
            )
        target = f"{address.user}@{address.host}" if address.user else address.host
        flag = f"-p {address.port} " if address.port else ""
        return RefusedError(
            f"the host key of {name} is not known{shown}",
            f"compare and accept it once with 'ssh {flag}{target}'",
        )


class _Client(asyncssh.SSHClient):
    """Answers what a server wants to know before it lets us in."""

    def __init__(
        self,
        address: Address,
        found: asyncssh.SSHClientConnectionOptions,
        known: _Known,
        ask: Ask,
        login: Login | None,
    ) -> None:
        self._address = address
        self._found = found
        self._known = known
        self._ask = ask
        self._tried: list[str] = []
        self._asked = False
        self._locked: list[str] | None = None
        self._keyfile = login.keyfile if login else ""
        self._has_password = login is not None and login.password is not None

    @property
    def _who(self) -> str:
        return f"{self._found.username}@{self._address.host}"

    def validate_host_public_key(
        self, host: str, addr: str, port: int, key: asyncssh.SSHKey
    ) -> bool:
        """Note the key that is not known; never accept it."""
        self._known.shown = key
        return False

    def _encrypted(self) -> list[str]:
        """Return the private keys that need a passphrase."""
        names = _texts(self._found.config.get("IdentityFile") or ())
        paths = [self._keyfile] if self._keyfile else names
        locked = []
        for path in paths or [os.path.join("~", ".ssh", name) for name in _DEFAULT_KEYS]:
            path = os.path.expanduser(path)
            try:
                asyncssh.read_private_key(path)
            except asyncssh.KeyImportError as problem:
                if str(problem).startswith("Passphrase"):
                    locked.append(path)
            except (OSError, ValueError):
                continue
        return locked

    async def public_key_auth_requested(self) -> asyncssh.SSHKey | None:
        """Return a key that the user unlocks, once those at hand were not enough."""
        if self._locked is None:
            self._locked = self._encrypted()
        while self._locked:
            path = self._locked.pop(0)
            for _ in range(_MOST_TRIES):
                typed = await self._ask(f"Enter the passphrase for key '{quoted(path)}': ")
                if not typed:
                    self._tried.append(path)
                    break
                try:
                    return asyncssh.read_private_key(path, passphrase=typed)
                except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError):
                    continue
        return None

    async def password_auth_requested(self) -> str | None:
        """Return a password, typed by the user; asked for once."""
        if self._asked or self._has_password:
            return None
        self._asked = True
        return await self._ask(f"Enter the password for {quoted(self._who)}: ")

    def kbdint_auth_requested(self) -> str | None:
        """Let asyncssh answer with the password that is in the config, else ask the user."""
        if self._has_password:
            return cast("str", NotImplemented)  # asyncssh's word for "with the password"
        return None if self._asked else ""

    async def kbdint_challenge_received(
        self, name: str, instructions: str, lang: str, prompts: Sequence[tuple[str, bool]]
    ) -> list[str] | None:
        """Return the user's answers to a server's questions: a password, a one-time code."""
        answers = []
        for prompt, _ in prompts:
            self._asked = True
            words = " ".join(filter(None, (instructions.strip(), prompt.strip())))
            typed = await self._ask(f"({quoted(self._who)}) {quoted(words[:300])} ")
            if typed is None:
                return None
            answers.append(typed)
        return answers

    @property
    def refusal(self) -> RefusedError:
        """Why we were not let in, as far as we know."""
        words = f"{quoted(self._who)}: permission denied"
        if self._tried:
            key = quoted(self._tried[0])
            return RefusedError(
                f"{words}; the key '{key}' has a passphrase",
                f"unlock it with 'ssh-add {key}', or set the remote's option 'ask_passphrase'",
            )
        if self._has_password:
            return RefusedError(f"{words}: the password was not accepted")
        if self._keyfile:
            return RefusedError(f"{words}: the key '{quoted(self._keyfile)}' was not accepted")
        return RefusedError(
            f"{words}: no key was accepted",
            f"does 'ssh {quoted(self._who)}' work? Options of the remote are 'user', 'port',\n"
            "'keyfile' and 'ask_password'",
        )


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, (list, tuple)) else [str(value)]


def _lines(path: str) -> list[str]:
    try:
        with open(os.path.expanduser(path), encoding="utf-8", errors="replace") as stream:
            return stream.read().splitlines()
    except OSError:
        return []
