"""OpenSSH's server on loopback, for tests: its own keys, its own user directory, no password.

It runs as whoever runs the tests and lets in that user alone, by a key made here. ``HOME`` of
the tests gets a ``.ssh`` with that key and the server's host key.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import ports

PROGRAM = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def _me() -> str:
    """Return who we are to a server on this machine, whatever the environment says."""
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError):
        return "nobody"


USER = _me()


class Sshd:
    """A server that runs until ``stop``.

    Args:
        folder: For its keys and its log.
        options: More lines of ``sshd_config``.

    Attributes:
        home: A home directory with ``.ssh`` that gets in.
        port: Where it listens.
    """

    def __init__(self, folder: Path, *options: str) -> None:
        assert PROGRAM is not None, "OpenSSH's server is not installed"
        self.folder = folder
        self.home = folder / "home"
        ssh = self.home / ".ssh"
        ssh.mkdir(parents=True, mode=0o700)
        for path in (folder / "host_key", ssh / "id_ed25519"):
            make_key(path)
        (folder / "authorized_keys").write_bytes((ssh / "id_ed25519.pub").read_bytes())
        config = folder / "sshd_config"
        config.write_text(
            "ListenAddress 127.0.0.1\n"
            f"HostKey {folder}/host_key\n"
            f"AuthorizedKeysFile {folder}/authorized_keys\n"
            "PidFile none\n"
            "StrictModes no\n"
            "UsePAM no\n"
            "PermitRootLogin yes\n"
            "PasswordAuthentication no\n"
            "KbdInteractiveAuthentication no\n"
            + (
                ""
                if any("Subsystem" in line for line in options)
                else "Subsystem sftp internal-sftp\n"
            )
            + "".join(f"{line}\n" for line in options)
        )
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", exist_ok=True)
        command = [PROGRAM, "-D", "-e", "-f", str(config), "-p"]
        log = folder / "log"

        def start(port: int) -> subprocess.Popen[bytes]:
            with log.open("ab") as stream:
                return subprocess.Popen([*command, str(port)], stderr=stream)

        self._process, self.port = ports.serving(start, lambda: log.read_text())
        self.host_key = (folder / "host_key.pub").read_text()
        self.known_hosts = ssh / "known_hosts"
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {self.host_key}")

    def url(self, path: Path | str) -> str:
        """Return the address of a folder."""
        return f"ssh://{USER}@127.0.0.1:{self.port}{path}"

    def stop(self) -> None:
        """Stop listening; connections that are open go on."""
        self._process.terminate()
        self._process.wait()


@contextmanager
def running(folder: Path, *options: str) -> Iterator[Sshd]:
    """Run a server for a while; without the program the test is skipped, except in CI."""
    if PROGRAM is None:
        if os.environ.get("GIT_DVC_REQUIRE_SSHD", "") not in ("", "0"):
            pytest.fail("GIT_DVC_REQUIRE_SSHD is set, but there is no sshd")
        pytest.skip("no sshd here")
    server = Sshd(folder, *options)
    try:
        yield server
    finally:
        server.stop()


def make_key(path: Path, *, kind: str = "ed25519") -> None:
    """Write a key pair."""
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(path)], check=True)
