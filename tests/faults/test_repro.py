"""kill -9 of ``repro``: nothing cached is wrong, and the next one runs what had not finished.

30 places by default, spread over all the calls that change something, first one stage at a time
and then two; ``GIT_DVC_TEST_FAULTS=all`` tries every one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from git_dvc.formats import lockfile
from git_dvc.locking import rwlock_holders
from tests.faults import ground, seam
from tests.scene import Tree, check_objects, git_dvc, leftovers, md5, write_tree

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks are POSIX's")

PLACES = 30

PIPELINE = """\
stages:
  a:
    cmd:
    - echo a >>log
    - cat in >a.out
    deps: [in]
    outs: [a.out]
  b:
    cmd: echo b >>log; mkdir b.out; cat a.out in >b.out/1; echo 2 >b.out/2
    deps: [a.out, in]
    outs: [b.out]
  c:
    cmd: echo c >>log; cat in >c.json; echo c >c.out
    deps: [in]
    outs: [c.out]
    metrics: [{c.json: {cache: false}}]
  d:
    cmd: echo d >>log; cat b.out/1 c.out >d.out
    deps: [b.out, c.out]
    outs: [{d.out: {persist: true}}]
"""

MADE: Tree = {
    "a.out": b"new\n",
    "b.out/1": b"new\nnew\n",
    "b.out/2": b"2\n",
    "c.json": b"new\n",
    "c.out": b"c\n",
    "d.out": b"new\nnew\nc\n",
}


@pytest.fixture
def prepare(place: Path, tmp_path: Path) -> Callable[[], None]:
    """Return what makes the pipeline, with outputs of an earlier version in place and cached."""
    ground.start("hardlink")
    write_tree(".", {"dvc.yaml": PIPELINE, "in": "old\n"})
    repro()
    write_tree(".", {"in": "new\n"})
    for name in ("log", "d.out"):
        os.unlink(name)
    kept = tmp_path / "kept"
    subprocess.run(["cp", "-a", ".", kept], check=True)

    def again() -> None:
        for path in place.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        subprocess.run(["cp", "-a", f"{kept}/.", "."], check=True)

    return again


def repro(*args: str) -> None:
    done = git_dvc("repro", "-q", *args, cwd=".")
    assert done.returncode == 0, done.stderr


def ran() -> list[str]:
    """Return which stages have run since this was asked last."""
    log = Path("log")
    names = log.read_text().split() if log.exists() else []
    log.unlink(missing_ok=True)
    return names


def finished() -> set[str]:
    """Return the stages that the lock file has as of now, and see that it tells the truth."""
    data = Path("dvc.lock").read_bytes()
    found = set()
    cached = check_objects(".dvc/cache")
    for name, stage in lockfile.parse(data).items():
        for out in stage.outs:
            assert out.path == "c.json" or out.hash in cached, (name, out.path)
        if any(dep.path == "in" and dep.hash == md5(b"new\n") for dep in stage.deps):
            found.add(name)
    return found


def wait_for_keeper() -> None:
    """Wait until the keeper of a killed run has ended the stages."""
    until = time.monotonic() + 60
    while rwlock_holders(".dvc/tmp", ["/"]):
        assert time.monotonic() < until
        time.sleep(0.01)


def check(wanted: bytes, what: str) -> None:
    """See that all is right after a kill, and that the next run finishes the work."""
    before = finished()
    ran()
    repro()
    again = ran()
    assert not before.intersection(again), f"{what}: {again} ran again"
    assert len(again) == len(set(again)), what
    assert Path("dvc.lock").read_bytes() == wanted, what
    for name, data in MADE.items():
        assert Path(name).read_bytes() == data, (what, name)
    check_objects(".dvc/cache")
    assert all(name.startswith(".dvc/") for name in leftovers(".")), what  # they go with time
    repro()
    assert ran() == [], what


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_kill_anywhere_loses_nothing_that_was_finished(
    prepare: Callable[[], None], jobs: str
) -> None:
    prepare()
    faults = seam.Faults(1 << 60, None)  # see how many places there are
    with faults:
        repro("-j", jobs)
    expected = Path("dvc.lock").read_bytes()
    step = 1 if seam.ALL else max(faults.count // (PLACES // 2), 1)
    kills = 0
    for outcome in seam.walk(
        prepare, lambda: repro("-j", jobs), die=True, start=1 + step // 2, step=step
    ):
        wait_for_keeper()
        kills += outcome.died
        check(expected, f"call {outcome.number} of {faults.count} with -j {jobs}")
    assert kills >= PLACES // 2 - 1


def test_a_kill_while_commands_run_ends_them(prepare: Callable[[], None]) -> None:
    text = PIPELINE.replace(
        "echo b >>log;", "echo b >>log; test -e kill && rm kill && kill -9 $PPID && sleep 60;"
    )
    write_tree(".", {"dvc.yaml": text, "kill": ""})
    code, said = seam.in_a_fork(lambda: repro("-j", "2"))
    assert code == -9, said
    wait_for_keeper()
    assert finished() >= {"a"} and "b" not in finished()
    ran()
    repro()
    assert "a" not in ran()
