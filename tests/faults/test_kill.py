"""kill -9 at random moments of real processes, and two processes at once.

100 kills by default; ``GIT_DVC_TEST_KILLS`` sets another number, ``GIT_DVC_TEST_SEED`` repeats
a run (the seed is in the message of a failure; in CI it is always the same one).
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from git_dvc.project import Project
from tests import scene
from tests.scene import Tree, check_objects, is_clean, md5, read_tree, write_tree

KILLS = int(os.environ.get("GIT_DVC_TEST_KILLS", "100"))
SEED = int(
    os.environ.get("GIT_DVC_TEST_SEED", "1" if "CI" in os.environ else str(time.time_ns() % 2**32))
)
FILES = 300
KINDS = ["copy", "hardlink"]

ADD = "from git_dvc.ops.add import add; add(project, ['data'])"
CHECKOUT = "from git_dvc.ops.checkout import checkout; result = checkout(project)"
FOLLOW = "from git_dvc.ops.checkout import follow; result = follow(project)"
CODE = """
result = None
with Project.open() as project:
    os.write(ready, b"."); os.read(go, 1)
    {}
os._exit(0 if result is None or result.complete else 1)
"""


class Process:
    """A command in a fork of its own, without the time that starting Python takes.

    Args:
        what: Its code; it waits before that begins.
    """

    def __init__(self, what: str) -> None:
        is_ready, ready = os.pipe()
        go, self._go = os.pipe()
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process
        self._pid = os.fork()
        self._code: int | None = None
        if self._pid == 0:
            try:
                os.dup2(self._said.fileno(), 1)
                os.dup2(self._said.fileno(), 2)
                os.close(self._go)
                exec(CODE.format(what), {"Project": Project, "os": os, "ready": ready, "go": go})
            except BaseException:
                os.write(2, traceback.format_exc().encode())
            finally:
                os._exit(99)
        os.close(ready)
        os.close(go)
        begun = os.read(is_ready, 1)
        os.close(is_ready)
        assert begun, self.end()

    def go(self) -> None:
        """Let it begin."""
        os.write(self._go, b".")

    def kill(self) -> bool:
        """Kill it; return whether it was still at work."""
        os.kill(self._pid, signal.SIGKILL)
        return self.end()[0] == -signal.SIGKILL

    def end(self) -> tuple[int, str]:
        """Wait for its end; return the exit code and what it said."""
        if self._code is None:
            _, status = os.waitpid(self._pid, 0)
            self._code = os.waitstatus_to_exitcode(status)
            os.close(self._go)
        self._said.seek(0)
        return self._code, self._said.read().decode()


@pytest.fixture
def here(git_repo: Path) -> Iterator[Path]:
    """Return a project in a repository, in the current directory."""
    assert scene.run(sys.executable, "-m", "git_dvc", "init", "-q", "--no-hooks",
                     cwd=git_repo, env={"PYTHONPATH": str(scene.TOP)}).returncode == 0  # fmt: skip
    yield git_repo


def version(number: int) -> Tree:
    chance = random.Random(number)
    names = [f"{n % 7}/{n:03}" for n in range(FILES) if n % 5 != number]
    shared = random.Random(99)
    return {
        name: (shared if shared.random() < 0.5 else chance).randbytes(chance.randrange(3000))
        for name in names
    }


def ended(*processes: Process) -> None:
    """Let commands run to their ends, which must be good ones."""
    for process in processes:
        process.go()
    for process in processes:
        code, said = process.end()
        assert code == 0, said


def finish(what: str) -> float:
    """Run a command to its end, which must be a good one; return the seconds it took."""
    process = Process(what)
    began = time.monotonic()
    ended(process)
    return time.monotonic() - began


def killed(what: str, after_s: float) -> bool:
    """Start a command and kill it; return whether it was still at work."""
    process = Process(what)
    process.go()
    time.sleep(after_s)
    return process.kill()


def put(files: Tree) -> None:
    for name in read_tree("data"):
        if name not in files:
            os.unlink(f"data/{name}")
    now = read_tree("data")
    write_tree("data", {name: data for name, data in files.items() if now.get(name) != data})


def test_kills_during_add_and_checkout_lose_nothing(here: Path) -> None:
    print(f"GIT_DVC_TEST_SEED={SEED}")
    chance = random.Random(SEED)
    done = hits = 0
    # On a machine that gets slower and faster meanwhile, a kill may come when all is done.
    while done < KILLS or (hits < KILLS // 4 and done < 4 * KILLS):
        for old in ("data", ".dvc/cache"):
            shutil.rmtree(old, ignore_errors=True)
        Path("data.dvc").unlink(missing_ok=True)
        kind = KINDS[(done // 10) % 2]
        Path(".dvc/config.local").write_text(f"[cache]\n    type = {kind}\n")
        versions = [version(chance.randrange(10**6)) for _ in range(2)]
        pointers = []
        for files in versions:
            put(files)
            took = 0.15
            for _ in range(2):
                hits += killed(ADD, chance.uniform(0, took))
                done += 1
                assert read_tree("data") == files
                check_objects(".dvc/cache")
            took = finish(ADD)
            assert read_tree("data") == files and is_clean(".")
            pointers.append(Path("data.dvc").read_bytes())
        unsaved = sorted(versions[0].keys() & versions[1].keys())[chance.randrange(100)]
        current = 1
        took = 0.1
        for turn in range(6):
            write_tree("data", {unsaved: b"not saved"})
            target = turn % 2
            Path("data.dvc").write_bytes(pointers[target])
            what = (CHECKOUT, FOLLOW)[chance.randrange(2)]
            hits += killed(what, chance.uniform(0, took))
            done += 1
            found = read_tree("data")
            assert found.pop(unsaved) == b"not saved"
            for name, data in found.items():
                assert data in (versions[current].get(name), versions[target].get(name)), name
            objects = check_objects(".dvc/cache")
            for files in versions:
                assert {md5(data) for data in files.values()} <= objects.keys()
            if turn % 3 == 2:  # back where it came from, by the hook
                target = current
                Path("data.dvc").write_bytes(pointers[target])
                what = FOLLOW
            os.unlink(f"data/{unsaved}")
            began = time.monotonic()
            assert exit_code(what) in (0, 1)
            took = time.monotonic() - began
            if unsaved not in read_tree("data"):
                finish(CHECKOUT)  # a file that the user deleted is not the hook's to bring back
            assert read_tree("data") == versions[target], f"seed {SEED}"
            assert is_clean(".")
            current = target
    assert hits >= done // 4, f"only {hits} of {done} kills came in time"


def exit_code(what: str) -> int:
    process = Process(what)
    process.go()
    return process.end()[0]


@pytest.mark.parametrize("kind", KINDS)
def test_two_adds_at_once(here: Path, kind: str) -> None:
    Path(".dvc/config.local").write_text(f"[cache]\n    type = {kind}\n")
    files = version(1)
    write_tree("data", files)
    write_tree("more", files)
    ended(Process(ADD), Process(ADD.replace("data", "more")))
    assert read_tree("data") == read_tree("more") == files and is_clean(".")
    assert Path(".gitignore").read_text().split() == ["/data", "/more"] or (
        sorted(Path(".gitignore").read_text().split()) == ["/data", "/more"]
    )
    staged = scene.run("git", "diff", "--cached", "--name-only", cwd=here).stdout.split()
    assert {".gitignore", "data.dvc", "more.dvc"} <= set(staged)


@pytest.mark.parametrize("kind", KINDS)
def test_two_checkouts_at_once(here: Path, kind: str) -> None:
    Path(".dvc/config.local").write_text(f"[cache]\n    type = {kind}\n")
    pointers = []
    for number in (1, 2):
        put(version(number))
        finish(ADD)
        pointers.append(Path("data.dvc").read_bytes())
    Path("data.dvc").write_bytes(pointers[0])
    ended(Process(CHECKOUT), Process(FOLLOW), Process(CHECKOUT))
    assert read_tree("data") == version(1) and is_clean(".")


def test_two_projects_fill_one_cache_at_once(here: Path, tmp_path: Path) -> None:
    """No lock is shared between them: right names alone must do."""
    places = [here, tmp_path / "second"]
    scene.run("git", "init", "-q", places[1], cwd=tmp_path)
    shared = tmp_path / "shared cache"
    for place in places:
        if place != here:
            scene.run(sys.executable, "-m", "git_dvc", "init", "-q", "--no-hooks",
                      cwd=place, env={"PYTHONPATH": str(scene.TOP)})  # fmt: skip
        text = f"[cache]\n    type = hardlink\n    dir = {shared}\n"
        (place / ".dvc/config.local").write_text(text)
        write_tree(place / "data", version(3))
    processes = []
    for place in places:
        os.chdir(place)
        processes.append(Process(ADD))
    ended(*processes)
    check_objects(shared)
    for place in places:
        assert read_tree(place / "data") == version(3) and is_clean(place)
    assert not os.listdir(shared / "tmp")
