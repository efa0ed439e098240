"""One process at a time, DVC's processes included; and nothing is left when one is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from git_dvc import locking
from git_dvc.errors import GitDvcError, LockTimeoutError
from git_dvc.locking import ProjectLock, process_exists, rwlock_holders
from tests.interop.harness import WarmDvc, original

ROOT = Path(locking.__file__).parents[1]
pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX locks")

OURS = """
from git_dvc.locking import ProjectLock
lock = ProjectLock(sys.argv[1], hardlink={hardlink})
lock.acquire()
"""
DVCS = """
from dvc.lock import make_lock
lock = make_lock(sys.argv[1], tmp_dir=sys.argv[2], hardlink_lock={hardlink})
lock.lock()
"""


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / ".dvc" / "tmp" / "lock")


@contextmanager
def held(
    python: str | Path, code: str, path: str, end: str = ""
) -> Iterator[subprocess.Popen[str]]:
    """Let another process take the lock and keep it, and do something when it is told to."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    program = (
        f"import sys\n{code}\nprint('held', flush=True)\nsys.stdin.read(1)\n{end}\nsys.stdin.read()"
    )
    with subprocess.Popen(
        [python, "-c", program, path, os.path.dirname(path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == "held\n"
            yield child
        finally:
            child.kill()


def let_go(child: subprocess.Popen[str]) -> None:
    """Tell a process of ``held`` to release the lock; it lives on."""
    assert child.stdin is not None
    child.stdin.write(".")
    child.stdin.flush()


@pytest.fixture
def dvc_python(real_dvc: Path) -> Path:
    python = real_dvc.parent / "python"
    if not python.exists():
        pytest.skip("dvc is not in a virtual environment")
    return python


def test_the_file_names_its_owner_and_stays(path: str) -> None:
    with ProjectLock(path):
        assert Path(path).read_text() == f" {os.getpid()}\n"
    assert Path(path).read_text() == f" {os.getpid()}\n"
    Path(path).write_text(" 12345678901234567890\n")
    with ProjectLock(path):
        assert Path(path).read_text() == f" {os.getpid()}\n"


def test_release_without_the_lock_does_nothing(path: str) -> None:
    for hardlink in (False, True):
        lock = ProjectLock(path, hardlink=hardlink)
        lock.release()
        with lock:
            pass
        lock.release()


@pytest.mark.parametrize("hardlink", [False, True])
def test_only_one_has_it(path: str, hardlink: bool) -> None:
    with ProjectLock(path, hardlink=hardlink):
        other = ProjectLock(path, hardlink=hardlink, timeout_s=0.1)
        with pytest.raises(LockTimeoutError, match=f"process {os.getpid()} keeps"):
            other.acquire()
    with other:
        pass
    left = [name for name in os.listdir(os.path.dirname(path)) if name != "lock"]
    assert left == []


@pytest.mark.parametrize("hardlink", [False, True])
def test_waiting_is_said_once_and_ends(
    path: str, hardlink: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locking, "NOTICE_AFTER_S", 0.1)
    said: list[str] = []
    code = OURS.format(hardlink=hardlink)
    with held(sys.executable, code, path, "lock.release()") as child:

        def on_wait(line: str) -> None:
            said.append(line)
            threading.Timer(0.3, let_go, [child]).start()  # time to say it again

        with ProjectLock(path, hardlink=hardlink, on_wait=on_wait, timeout_s=60):
            pass
        (line,) = said
        assert f"process {child.pid}" in line and "tmp/lock" in line


@pytest.mark.parametrize("hardlink", [False, True])
def test_a_killed_owner_does_not_block(path: str, hardlink: bool) -> None:
    with held(sys.executable, OURS.format(hardlink=hardlink), path) as child:
        child.send_signal(signal.SIGKILL)
        child.wait()
        with ProjectLock(path, hardlink=hardlink, timeout_s=5):
            pass
    left = [name for name in os.listdir(os.path.dirname(path)) if name != "lock"]
    assert left == []


def test_a_lock_file_that_was_removed_meanwhile_guards_nothing(path: str) -> None:
    first = ProjectLock(path)
    first.acquire()
    os.unlink(path)
    with ProjectLock(path, timeout_s=0.1):
        pass
    first.release()


def test_left_over_of_the_other_kind_of_lock_is_removed(path: str) -> None:
    with ProjectLock(path), pytest.raises(LockTimeoutError):
        ProjectLock(path, hardlink=True, timeout_s=0.1).acquire()
    with ProjectLock(path, hardlink=True, timeout_s=1):
        assert os.lstat(path).st_nlink == 2
    assert not os.path.exists(path)


def test_claim_of_another_host_counts_until_its_time_is_over(path: str) -> None:
    Path(path).parent.mkdir(parents=True)
    Path(path).write_text(f"{path}|elsewhere.example|1|77")
    future = time.time() + 1000
    os.utime(path, (future, future))
    with pytest.raises(LockTimeoutError, match=r"process 1 on elsewhere\.example"):
        ProjectLock(path, hardlink=True, timeout_s=0.1).acquire()


def test_links_are_not_followed(path: str, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    Path(path).parent.mkdir(parents=True)
    Path(path).symlink_to(victim)
    with pytest.raises(GitDvcError, match="cannot lock"):
        ProjectLock(path).acquire()
    assert victim.read_text() == "precious"
    os.unlink(path)
    os.rmdir(os.path.dirname(path))
    (tmp_path / "elsewhere").mkdir()
    os.symlink(tmp_path / "elsewhere", os.path.dirname(path))
    with pytest.raises(GitDvcError, match="link"):
        ProjectLock(path).acquire()


def test_children_do_not_inherit_it(path: str) -> None:
    with ProjectLock(path):
        child = subprocess.Popen(["sleep", "60"], close_fds=False)
    try:
        with ProjectLock(path, timeout_s=0.2):
            pass
    finally:
        child.kill()
        child.wait()


@pytest.mark.parametrize("hardlink", ["0", "1"])
def test_processes_take_turns(path: str, tmp_path: Path, hardlink: str) -> None:
    counter = tmp_path / "counter"
    counter.write_text("0")
    code = (
        "import sys; from git_dvc.locking import ProjectLock\n"
        "for _ in range(10):\n"
        "    with ProjectLock(sys.argv[1], hardlink=sys.argv[3] == '1'):\n"
        "        n = int(open(sys.argv[2]).read()); open(sys.argv[2], 'w').write(str(n + 1))\n"
    )
    children = [
        subprocess.Popen([sys.executable, "-c", code, path, counter, hardlink], cwd=ROOT)
        for _ in range(4)
    ]
    assert [child.wait(60) for child in children] == [0] * 4
    assert counter.read_text() == "40"


# -- side by side with dvc ------------------------------------------------------------------


@pytest.mark.interop
@pytest.mark.parametrize("hardlink", [False, True])
def test_dvc_waits_for_us_and_gives_up(
    git_repo: Path, real_dvc: Path, warm_dvc: WarmDvc | None, hardlink: bool
) -> None:
    dvc = original(real_dvc, warm_dvc)
    dvc("init", "-q")
    if hardlink:
        config = git_repo / ".dvc" / "config"
        config.write_text("[core]\n    hardlink_lock = true\n")
        (git_repo / ".dvc" / "tmp" / "lock").unlink(missing_ok=True)
    (git_repo / "data").write_text("1")
    with ProjectLock(str(git_repo / ".dvc/tmp/lock"), hardlink=hardlink):
        assert "Unable to acquire lock" in dvc.fails("add", "data").err
    dvc("add", "-q", "data")


@pytest.mark.interop
@pytest.mark.parametrize("hardlink", [False, True])
def test_we_wait_for_dvc_and_go_on(dvc_python: Path, path: str, hardlink: bool) -> None:
    with held(dvc_python, DVCS.format(hardlink=hardlink), path, "lock.unlock()") as child:
        with pytest.raises(LockTimeoutError):
            ProjectLock(path, timeout_s=0.1, hardlink=hardlink).acquire()
        threading.Timer(0.1, let_go, [child]).start()
        with ProjectLock(path, timeout_s=60, hardlink=hardlink):
            pass


# -- rwlock ---------------------------------------------------------------------------------


def note(folder: Path, **kinds: object) -> None:
    (folder / "rwlock").write_text(json.dumps(kinds))


def test_live_entries_that_overlap_are_returned(tmp_path: Path) -> None:
    pid = os.getppid()
    entry = {"pid": pid, "cmd": "dvc repro"}
    note(
        tmp_path,
        write={"/p/out": entry, "/p/other": entry},
        read={"/p/in/a": [entry, {"pid": os.getpid(), "cmd": "ours"}]},
    )
    assert rwlock_holders(str(tmp_path), ["/p/out/deep"]) == [("/p/out", pid, "dvc repro")]
    assert rwlock_holders(str(tmp_path), ["/p/in"]) == [("/p/in/a", pid, "dvc repro")]
    assert rwlock_holders(str(tmp_path), ["/p/outer", "/p/inn"]) == []
    assert len(rwlock_holders(str(tmp_path), ["/"])) == 3


def test_dead_processes_do_not_count(tmp_path: Path) -> None:
    child = subprocess.Popen(["true"])
    child.wait()
    note(tmp_path, write={"/p": {"pid": child.pid, "cmd": "x"}})
    assert rwlock_holders(str(tmp_path), ["/p"]) == []
    assert not process_exists(child.pid)
    assert process_exists(os.getpid())
    assert not process_exists(10**30)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "{",
        "[]",
        "nonsense",
        '{"write": 1}',
        '{"write": {"/p": 1}}',
        '{"write": {"/p": {"pid": "1"}}}',
        '{"read": {"/p": [[]]}}',
        "[" * 100_000,
    ],
)
def test_a_file_that_is_not_understood_holds_nobody_back(tmp_path: Path, text: str) -> None:
    (tmp_path / "rwlock").write_text(text)
    assert rwlock_holders(str(tmp_path), ["/p"]) == []
    assert rwlock_holders(str(tmp_path / "nosuch"), ["/p"]) == []
