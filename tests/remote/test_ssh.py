"""SSH: how we get in, whom we trust, and what happens when the way or the server fails.

That a healthy server keeps files is in ``contract``.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from git_dvc.progress import NoProgress
from git_dvc.remote import kinds, objects, secrets
from git_dvc.remote.base import Got
from git_dvc.remote.wire import AbsentError, RefusedError, UnsteadyError, Wire
from git_dvc.store.cache import Cache
from tests.remote import odd_server, sshd
from tests.remote.odd_server import Cutter, OddServer
from tests.remote.patience import soon
from tests.remote.sshd import USER, Sshd
from tests.scene import check_objects


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with sshd.running(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OddServer]:
    with odd_server.running(tmp_path_factory.mktemp("odd")) as server:
        yield server


@pytest.fixture
def ssh(isolated_home: Path, server: Sshd, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a ``~/.ssh`` that gets in, to be changed."""
    folder = isolated_home / ".ssh"
    folder.mkdir(mode=0o700)
    for name in ("id_ed25519", "known_hosts"):
        (folder / name).write_bytes((server.home / ".ssh" / name).read_bytes())
        (folder / name).chmod(0o600)
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    return folder


@pytest.fixture
def wires() -> Iterator[list[Wire]]:
    opened: list[Wire] = []
    yield opened
    for wire in opened:
        wire.close()
    secrets.let_ask(None)


@pytest.fixture
def connect(ssh: Path, server: Sshd, wires: list[Wire], tmp_path: Path) -> Connect:
    return Connect(server, wires, tmp_path / "data")


class Connect:
    """Connects to a folder on the server."""

    def __init__(self, server: Sshd, wires: list[Wire], folder: Path) -> None:
        self.server = server
        self.folder = folder
        self._wires = wires

    def __call__(self, url: str = "", **options: str) -> Wire:
        wire = kinds.connect(url or self.server.url(self.folder), options, "store")
        self._wires.append(wire)
        return wire


def works(wire: Wire) -> bool:
    wire.reach()
    wire.write("k", [b"data"], 4)
    return b"".join(wire.read("k")) == b"data"


# -- whom we trust ----------------------------------------------------------------------------


def test_a_host_key_that_is_not_known_is_refused(connect: Connect, ssh: Path) -> None:
    port = connect.server.port
    wire = connect()
    for line in ("", "# nobody\nbroken line\n", f"other {connect.server.host_key}"):
        (ssh / "known_hosts").write_text(line)
        with pytest.raises(RefusedError, match=r"is not known: ssh-ed25519 SHA256:") as caught:
            wire.reach()
        assert f"'ssh -p {port} {USER}@127.0.0.1'" in caught.value.hint
        assert (ssh / "known_hosts").read_text() == line, "nothing is added"
    (ssh / "config").write_text("UserKnownHostsFile none\nStrictHostKeyChecking no\n")
    with pytest.raises(RefusedError, match="is not known"):
        wire.reach()
    (ssh / "config").unlink()
    (ssh / "known_hosts").write_text(f"[127.0.0.1]:{port} {connect.server.host_key}")
    assert works(wire), "the same client, once the key is there"


def test_a_host_key_that_changed_is_refused(connect: Connect, ssh: Path, tmp_path: Path) -> None:
    port = connect.server.port
    name = f"[127.0.0.1]:{port}"
    for kind in ("ed25519", "ecdsa"):  # the server has no key of the second kind
        sshd.make_key(tmp_path / kind, kind=kind)
        (ssh / "known_hosts").write_text(f"{name} {(tmp_path / f'{kind}.pub').read_text()}")
        with pytest.raises(RefusedError, match="is not the one in known_hosts") as caught:
            connect().reach()
        assert f"ssh-keygen -R '{name}'" in caught.value.hint
    own = connect.server.host_key
    (ssh / "known_hosts").write_text(f"{name} {own}@revoked {name} {own}")
    with pytest.raises(RefusedError, match="revoked"):
        connect().reach()


def test_hashed_names_and_aliases_are_found(connect: Connect, ssh: Path) -> None:
    subprocess.run(
        ["ssh-keygen", "-q", "-H", "-f", str(ssh / "known_hosts")], check=True, capture_output=True
    )
    (ssh / "known_hosts.old").unlink()
    assert "127.0.0.1" not in (ssh / "known_hosts").read_text()
    assert works(connect())


# -- how we get in ----------------------------------------------------------------------------


def test_the_users_own_configuration(connect: Connect, ssh: Path) -> None:
    port = connect.server.port
    (ssh / "id_ed25519").rename(ssh / "special")
    (ssh / "config").write_text(
        f"Host there inner\n  HostName 127.0.0.1\n  Port {port}\n  User {USER}\n"
        "  IdentityFile ~/.ssh/special\n"
        "Host inner\n  ProxyJump there\n"
        "Host circle\n  ProxyJump circle2\nHost circle2\n  ProxyJump circle\n"
    )
    assert works(connect(f"ssh://there{connect.folder}"))
    assert works(connect(f"ssh://inner{connect.folder}")), "over another host"
    with pytest.raises(RefusedError, match="circle"):
        connect("ssh://circle/x").reach()
    (ssh / "config").write_text("Port abc\n")
    with pytest.raises(RefusedError, match=r"~/\.ssh/config: .*line 1"):
        connect().reach()


def test_the_option_keyfile(connect: Connect, ssh: Path, tmp_path: Path) -> None:
    (ssh / "id_ed25519").rename(tmp_path / "key")
    with pytest.raises(RefusedError, match="permission denied: no key was accepted") as caught:
        connect().reach()
    assert "'keyfile'" in caught.value.hint
    assert works(connect(keyfile=str(tmp_path / "key")))
    sshd.make_key(tmp_path / "wrong")
    with pytest.raises(RefusedError, match="wrong' was not accepted"):
        connect(keyfile=str(tmp_path / "wrong")).reach()
    with pytest.raises(RefusedError, match=r"the key .*/none. cannot be read: no such file"):
        connect(keyfile=str(tmp_path / "none")).reach()


def test_the_agent(
    connect: Connect, ssh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tempfile.TemporaryDirectory(dir="/tmp")  # a socket's path must be short
    door = f"{folder.name}/agent"
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", door], stdout=subprocess.DEVNULL)
    try:
        monkeypatch.setenv("SSH_AUTH_SOCK", door)
        while not os.path.exists(door):
            assert agent.poll() is None
            time.sleep(0.01)
        for number in range(7):
            sshd.make_key(tmp_path / f"other{number}")
            subprocess.run(["ssh-add", "-q", str(tmp_path / f"other{number}")], check=True)
        (ssh / "id_ed25519").rename(tmp_path / "key")
        with pytest.raises(RefusedError, match="Too many authentication failures") as caught:
            connect().reach()
        assert "'keyfile'" in caught.value.hint
        assert works(connect(keyfile=str(tmp_path / "key"))), "before all that the agent has"
        subprocess.run(["ssh-add", "-q", "-D"], check=True)
        subprocess.run(["ssh-add", "-q", str(tmp_path / "key")], check=True)
        assert works(connect())
        with pytest.raises(RefusedError, match="permission denied"):
            connect(allow_agent="false").reach()
    finally:
        agent.terminate()
        agent.wait()
        folder.cleanup()


def test_keys_with_a_passphrase(connect: Connect, ssh: Path) -> None:
    key = ssh / "id_ed25519"
    subprocess.run(
        ["ssh-keygen", "-q", "-p", "-a", "1", "-N", "open it", "-f", str(key)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    with pytest.raises(RefusedError, match="has a passphrase") as caught:
        connect().reach()
    assert f"ssh-add {key}" in caught.value.hint
    assert works(connect(passphrase="open it"))
    with pytest.raises(RefusedError):
        connect(passphrase="wrong").reach()
    with pytest.raises(RefusedError, match="no terminal to ask for the passphrase"):
        connect(ask_passphrase="true").reach()
    asked: list[str] = []
    answers = iter(["wrong", "open it", "open it"])

    def asker(question: str) -> str:
        asked.append(question)
        return next(answers)

    secrets.let_ask(asker)
    wire = connect()
    assert works(wire)
    assert asked == [f"Enter the passphrase for key '{key}': "] * 2, "as ssh does"
    assert works(connect(ask_passphrase="true", keyfile=str(key)))
    assert len(asked) == 3


@pytest.mark.parametrize("kind", ["password", "code"])
def test_passwords(
    kind: str, connect: Connect, ssh: Path, odd: OddServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    (ssh / "known_hosts").write_text(odd.host_key)
    (ssh / "id_ed25519").unlink()
    monkeypatch.setattr(odd.door, "password", "sesame")
    monkeypatch.setattr(odd.door, "kind", kind)
    url = f"ssh://ada@127.0.0.1:{odd.port}{connect.folder}"
    with pytest.raises(RefusedError, match="permission denied") as caught:
        connect(url).reach()
    asked: list[str] = []

    def asker(question: str) -> str:
        asked.append(question)
        return "123456" if "Code" in question else "sesame"

    if kind == "code":
        secrets.let_ask(asker)
        assert works(connect(url))
        assert asked == [
            "(ada@127.0.0.1) two steps Password: ",
            "(ada@127.0.0.1) two steps Code: ",
        ]
        return
    with pytest.raises(RefusedError, match="the password was not accepted") as caught:
        connect(url, password="wrong secret").reach()
    assert "wrong secret" not in str(caught.value) + caught.value.hint
    wire = connect(url.replace("ada@", "ada:sesame@"))
    assert works(wire)
    assert "sesame" not in wire.where
    assert works(connect(url, password="sesame"))
    with pytest.raises(RefusedError, match="no terminal"):
        connect(url, ask_password="true").reach()
    secrets.let_ask(asker)
    assert works(connect(url, ask_password="true"))
    assert works(connect(url, ask_password="true"))
    assert asked == [f"Enter the password for host 'ada@127.0.0.1:{odd.port}': "]


# -- trouble ----------------------------------------------------------------------------------


def test_nobody_listens(connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RefusedError, match="connection refused") as caught:
        connect("ssh://127.0.0.1:1/x").reach()
    assert "is the server up" in caught.value.hint
    codes: list[int] = []

    def resolve(*_: object, **__: object) -> None:
        raise socket.gaierror(codes[-1], "says the name server")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    for code, words in (
        (socket.EAI_NONAME, "no such host"),
        (socket.EAI_AGAIN, "no answer from the name server"),
    ):
        codes.append(code)
        with pytest.raises(RefusedError, match=words):
            connect("ssh://no-such-host.invalid/x").reach()


def test_a_connection_that_breaks_is_made_again(
    connect: Connect, ssh: Path, tmp_path: Path
) -> None:
    cutter = Cutter(connect.server.port)
    try:
        (ssh / "known_hosts").write_text(f"[127.0.0.1]:{cutter.port} {connect.server.host_key}")
        wire = connect(f"ssh://{USER}@127.0.0.1:{cutter.port}{connect.folder}")
        data = os.urandom(6_000_000)
        pieces = [data[at : at + 1_000_000] for at in range(0, len(data), 1_000_000)]
        cutter.limits = [3_000_000, 20_000]
        with pytest.raises(UnsteadyError):
            wire.write("big", iter(pieces), len(data))
        with pytest.raises(UnsteadyError):
            wire.write("small", [data[:40_000]], 40_000)
        assert cutter.cut == 2
        for key in ("big", "small"):
            with pytest.raises(AbsentError):
                wire.look(key)
        wire.write("big", iter(pieces), len(data))
        wire.close()
        cutter.limits = [3_000_000]
        got = b""
        with pytest.raises(UnsteadyError):
            for piece in wire.read("big"):
                got += piece
        assert 0 < len(got) < len(data)
        got += b"".join(wire.read("big", len(got)))
        assert got == data, "what came before was right, and the rest follows"
    finally:
        cutter.stop()


def test_a_push_goes_on_where_the_connection_broke(
    connect: Connect, ssh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objects, "FIRST_PAUSE_S", 0.01)
    cutter = Cutter(connect.server.port)
    try:
        (ssh / "known_hosts").write_text(f"[127.0.0.1]:{cutter.port} {connect.server.host_key}")
        url = f"ssh://{USER}@127.0.0.1:{cutter.port}{connect.folder}"
        cache = Cache(str(tmp_path / "cache"))
        values = [cache.store_bytes(os.urandom(50_000)) for _ in range(40)]
        values.append(cache.store_bytes(os.urandom(6_000_000)))
        cache.flush()
        cutter.limits = [400_000, 3_000_000, 1_000_000]
        remote = objects.ObjectRemote("far", connect(url), str(tmp_path / "memory"))
        assert remote.put_all(cache, values, NoProgress()) == []
        assert cutter.cut == 3
        assert sorted(check_objects(connect.folder)) == sorted(values)
        remote.close()
        cutter.limits = [400_000, 3_000_000, 1_000_000]
        other = Cache(str(tmp_path / "other"))
        assert remote.get_all(other, values, NoProgress()) == Got([], [])
        assert cutter.cut == 6
        assert sorted(check_objects(other.root)) == sorted(values)
    finally:
        cutter.stop()


def test_a_server_that_falls_silent(
    connect: Connect, ssh: Path, odd: OddServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    (ssh / "known_hosts").write_text(odd.host_key)
    wire = connect(f"ssh://127.0.0.1:{odd.port}{connect.folder}", timeout="1")
    soon(lambda: wire.write("k", [b"x"], 1))
    goes_on = threading.Event()

    def trouble(name: str) -> None:
        if name == "read":
            goes_on.wait(20)

    monkeypatch.setattr(odd.files, "trouble", staticmethod(trouble))
    with pytest.raises(UnsteadyError, match="did not answer for 1 seconds"):
        list(wire.read("k"))
    goes_on.set()
    assert b"".join(soon(lambda: [*wire.read("k")])) == b"x"


def test_a_full_disk_is_said(
    connect: Connect, ssh: Path, odd: OddServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    (ssh / "known_hosts").write_text(odd.host_key)
    wire = connect(f"ssh://127.0.0.1:{odd.port}{connect.folder}")

    def trouble(name: str) -> None:
        if name == "write":
            raise OSError(28, "Failure")

    monkeypatch.setattr(odd.files, "trouble", staticmethod(trouble))
    monkeypatch.setattr(odd.files, "free_blocks", 0)
    for size in (10, 5_000_000):
        with pytest.raises(RefusedError, match="the server's disk is full"):
            wire.write("k", [b"x" * size], size)
    monkeypatch.setattr(odd.files, "free_blocks", 7)
    with pytest.raises(RefusedError, match="could not write"):
        wire.write("k", [b"x"], 1)
    monkeypatch.setattr(odd.files, "trouble", staticmethod(lambda name: None))
    assert list(wire.listing("")) == [], "nothing half is left"
    assert works(wire)


def test_a_server_that_cannot_rename_over(
    connect: Connect, ssh: Path, odd: OddServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    (ssh / "known_hosts").write_text(odd.host_key)
    wire = connect(f"ssh://127.0.0.1:{odd.port}{connect.folder}")

    def trouble(name: str) -> None:
        if name == "posix_rename":
            raise odd_server.UNSUPPORTED

    monkeypatch.setattr(odd.files, "trouble", staticmethod(trouble))
    for text in (b"one", b"two"):
        wire.write("a/k", [text], 3)
        assert b"".join(wire.read("a/k")) == text


def test_a_server_for_reading_only(connect: Connect, ssh: Path, tmp_path: Path) -> None:
    connect.folder.mkdir()
    (connect.folder / "k").write_bytes(b"data")
    with sshd.running(
        tmp_path / "other", "Subsystem sftp internal-sftp -R", "MaxSessions 1"
    ) as one:
        (ssh / "known_hosts").write_text(f"[127.0.0.1]:{one.port} {one.host_key}")
        key = str(one.home / ".ssh/id_ed25519")
        wire = connect(one.url(connect.folder), keyfile=key)
        wire.reach()
        assert b"".join(wire.read("k")) == b"data"
        with pytest.raises(RefusedError, match="permission denied"):
            wire.write("x", [b"x"], 1)
        with pytest.raises(RefusedError, match="permission denied"):
            wire.delete("k")


def test_a_server_without_sftp(connect: Connect, ssh: Path, tmp_path: Path) -> None:
    with sshd.running(tmp_path / "other", "Subsystem sftp /bin/false") as one:
        (ssh / "known_hosts").write_text(f"[127.0.0.1]:{one.port} {one.host_key}")
        with pytest.raises((RefusedError, UnsteadyError)):
            connect(one.url("/x"), keyfile=str(one.home / ".ssh/id_ed25519")).reach()


def test_what_is_no_file_is_left_out(connect: Connect) -> None:
    wire = connect()
    wire.write("a/file", [b"x"], 1)
    outside = connect.folder.parent / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"s")
    (connect.folder / "a/link").symlink_to("file")
    (connect.folder / "a/folder").symlink_to(outside)
    (connect.folder / "a/circle").symlink_to(connect.folder)
    os.mkfifo(connect.folder / "a/pipe")
    (connect.folder / "a" / os.fsdecode(b"\xff")).write_bytes(b"y")
    assert sorted(found.key for found in wire.listing("")) == [
        "a/file",
        "a/" + os.fsdecode(b"\xff"),
    ]
    with pytest.raises(AbsentError):
        wire.look("a")
    file = connect.folder / "a/file"
    with pytest.raises(RefusedError, match="not a directory"):
        connect(connect.server.url(file)).reach()
    assert connect(connect.server.url("/")).look(str(file).lstrip("/")).size_bytes == 1


def test_many_calls_make_the_same_folders(connect: Connect) -> None:
    for turn in range(4):
        wire = connect(connect.server.url(connect.folder / f"new{turn}/deep"))

        def put(number: int, wire: Wire = wire) -> None:
            wire.write(f"a/b/{number % 5}/{number}", [b"x"], 1)

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(put, range(48)))
        assert len(list(wire.listing("a/b/"))) == 48


def test_what_killed_uploads_left_is_taken_away(connect: Connect) -> None:
    tmp = connect.folder / "tmp"
    tmp.mkdir(parents=True)
    long_ago = time.time() - 2 * 24 * 3600
    for name, is_old in (("a" * 24, True), ("b" * 24, False), ("of-another", True)):
        (tmp / name).write_bytes(b"x")
        if is_old:
            os.utime(tmp / name, (long_ago, long_ago))
    assert works(connect())
    assert sorted(os.listdir(tmp)) == ["b" * 24, "of-another"]


def test_folders_that_were_taken_away_are_made_again(connect: Connect) -> None:
    wire = connect()
    wire.write("a/b/c", [b"x"], 1)
    shutil.rmtree(connect.folder)
    wire.write("a/b/c", [b"y"], 1)
    assert works(wire)
