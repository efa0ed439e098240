"""Stages elsewhere: a stand-in for Slurm, and a Dask cluster on this machine."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from git_dvc.errors import ExecutorError, InterruptedRunError, UsageError
from git_dvc.ops.init import init
from git_dvc.pipeline.executors import kinds, script
from git_dvc.pipeline.executors.base import Job, Settings
from git_dvc.pipeline.executors.local import LocalExecutor
from git_dvc.pipeline.executors.slurm import arguments
from git_dvc.pipeline.keeper import Keeper
from git_dvc.pipeline.scheduler import Task
from git_dvc.tour import digits, train
from tests.faults import seam
from tests.pipeline.shop import Shop
from tests.pipeline.test_stopping import ended, forked, stopped, until
from tests.scene import git_dvc, run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="scripts are for POSIX's shell")

SBATCH = """\
#!/bin/sh
echo "$*" >>"$FAKE_SLURM/calls"
test -e "$FAKE_SLURM/down" && { echo 'sbatch: error: no such partition' >&2; exit 1; }
for word; do
    case $word in --output=*) out=${word#--output=};; esac
done
echo $$
setsid sh "$word" >>"$out" 2>&1 &
echo $! >"$FAKE_SLURM/$$"
wait $!
"""

SCANCEL = """\
#!/bin/sh
echo "cancel $*" >>"$FAKE_SLURM/calls"
kill -s TERM -- "-$(cat "$FAKE_SLURM/$1")"
"""


class SlurmShop(Shop):
    executor = "slurm"


class DaskShop(Shop):
    executor = "dask"


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put programs on PATH that do what Slurm's do, on this machine."""
    place = tmp_path / "slurm"
    place.mkdir()
    for name, text in (("sbatch", SBATCH), ("scancel", SCANCEL)):
        (place / name).write_text(text)
        (place / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{place}:{os.environ['PATH']}")
    monkeypatch.setenv("FAKE_SLURM", str(place))
    return place


def both(shop: Shop) -> None:
    """Run stages that show all an executor has to do."""
    place = shop.place
    (place / "sub dir").mkdir(exist_ok=True)
    shop.commands = {
        "a": [
            "echo $DVC_STAGE in $(pwd) >>out",
            "x='it''s'; echo \"$x\" >>out; echo shown; exit 0",
        ],
        "b": ["cat out >copy", "echo 'to stderr' >&2; exit 7", "touch late"],
        "c": ["kill -9 $$"],
    }
    outcome = shop.run(Task("a"), Task("b", ("a",)), Task("c"), on_error="keep-going")
    assert outcome.done == ["a"]
    assert (place / "out").read_text() == f"a in {place}\nits\n"
    assert (place / "copy").exists() and not (place / "late").exists()
    assert shop.log("a").endswith("; exit 0\nshown\n")
    assert "to stderr\n" in shop.log("b")
    assert "exited with 7" in str(outcome.failed["b"])
    assert "  echo 'to stderr' >&2; exit 7" in str(outcome.failed["b"])
    assert "exited with 137" in str(outcome.failed["c"])
    assert sorted(os.listdir(place / "tmp" / "logs")) == ["a.log", "b.log", "c.log"]


def test_slurm_runs_stages_as_batch_jobs(tmp_path: Path, slurm: Path) -> None:
    shop = SlurmShop(tmp_path, {}, jobs=2)
    shop.options = {"dvc.slurm.options": "--partition='a b' --time=2:00:00"}
    both(shop)
    calls = (slurm / "calls").read_text().splitlines()
    assert len(calls) == 3
    assert "--wait --parsable --job-name=dvc-a " in calls[0]
    assert " --partition=a b --time=2:00:00 " in calls[0]


def test_slurm_is_told_what_a_stage_takes() -> None:
    resources = {"cpu": 1.5, "gpu": 1, "mem": 1.5 * 1024**3, "matlab": 2}
    job = Job("sub/dvc.yaml:x", ("true",), "/p", {}, "/p/logs/x.log", resources)
    wanted = ["--cpus-per-task=2", "--gpus=1", "--mem=1536M", "--licenses=matlab:2"]
    assert arguments(job)[-4:] == wanted


def test_a_job_that_slurm_does_not_take_fails_with_its_words(tmp_path: Path, slurm: Path) -> None:
    (slurm / "down").touch()
    outcome = SlurmShop(tmp_path, {"a": ["true"]}).run(Task("a"))
    assert "no such partition" in str(outcome.failed["a"])


def test_ctrl_c_cancels_batch_jobs(tmp_path: Path, slurm: Path) -> None:
    shop = SlurmShop(tmp_path, {"a": ["touch on; sleep 60", "touch late"]})
    pid = forked(stopped(shop, Task("a")))
    until((tmp_path / "on").exists)
    os.kill(pid, signal.SIGINT)
    assert ended(pid) == 130
    assert "cancel " in (slurm / "calls").read_text()
    assert not (tmp_path / "late").exists()


def test_batch_jobs_of_a_killed_run_are_cancelled(
    tmp_path: Path, slurm: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = SlurmShop(tmp_path, {"a": ["touch on; sleep 60"]})
    told = Keeper.command

    def command(self: Keeper, *about: Any) -> None:
        told(self, *about)
        (tmp_path / "told").touch()

    monkeypatch.setattr(Keeper, "command", command)
    pid = forked(stopped(shop, Task("a")))
    until((tmp_path / "on").exists)
    until((tmp_path / "told").exists)
    os.kill(pid, signal.SIGKILL)
    ended(pid)
    until(lambda: "cancel " in (slurm / "calls").read_text())


def test_slurm_is_missed_where_it_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ExecutorError, match="sbatch was not found"):
        SlurmShop(tmp_path, {}).run()


CLUSTER = """\
import sys
from distributed import LocalCluster

if __name__ == "__main__":
    with LocalCluster(
        n_workers=1,
        threads_per_worker=2,
        processes=False,
        dashboard_address=None,
        protocol="tcp://",
        resources={"GPU": 1},
    ) as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a Dask cluster, which knows nothing of git-dvc, and return its address."""
    pytest.importorskip("distributed")
    program = [sys.executable, "-I", "-c", CLUSTER]
    with subprocess.Popen(
        program,
        cwd=tmp_path_factory.mktemp("dask"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        address = process.stdout.readline().strip()
        assert address.startswith("tcp://")
        yield address
        process.stdin.close()


def test_dask_runs_stages_as_tasks(tmp_path: Path, cluster: str) -> None:
    """In a fork, as Dask's client leaves threads behind."""

    def work() -> None:
        shop = DaskShop(tmp_path, {}, jobs=2)
        shop.options = {"dvc.dask.scheduler": cluster}
        both(shop)
        shop.commands = {"d": ["true"], "e": ["true"], "f": ["touch on; sleep 60"]}
        shop.resources = {"d": {"gpu": 1, "cpu": 4}, "e": {"gpu": 2}}
        outcome = shop.run(Task("d"), Task("e"), on_error="keep-going")
        assert outcome.done == ["d"]
        assert "no worker of the Dask cluster has 2 gpu" in str(outcome.failed["e"])

        def look(*_: object) -> None:
            if (tmp_path / "on").exists() and shop.heard[-1:] != ["asked"]:
                shop.heard.append("asked")
                os.kill(os.getpid(), signal.SIGINT)

        shop.look = look  # type: ignore[assignment,method-assign]
        with pytest.raises(InterruptedRunError, match="these stages were stopped"):
            shop.run(Task("f"))
        assert sorted(os.listdir(tmp_path / "tmp" / "logs"))[-1] == "f.log"

    code, said = seam.in_a_fork(work)
    assert code == 0, said


def tour(executor: str) -> None:
    """Let the tour's model be made elsewhere; then nothing is left to do."""
    shutil.copy(train.__file__, "train.py")
    digits.write(Path("data"), digits.load()[::20])
    made = ["-o", "model.json", "-M", "metrics.json", "--plots-no-cache", "training.csv"]
    for words in (
        ["add", "-q", "data"],
        ["stage", "add", "-n", "train", "-d", "train.py", "-d", "data", *made, "python3 train.py"],
        ["stage", "add", "-n", "count", "-d", "model.json", "-o", "size", "wc model.json >size"],
    ):
        done = git_dvc(*words, cwd=".")
        assert done.returncode == 0, done.stderr
    done = git_dvc("repro", "--executor", executor, "-j", "2", cwd=".")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("stages: 2 ran, 1 unchanged\n"), done.stdout
    assert '"images": 70' in Path("metrics.json").read_text()
    assert "\ntrained on 70 images, " in Path(".dvc/tmp/logs/train.log").read_text()
    again = git_dvc("repro", cwd=".")
    assert again.stdout.endswith("Data and pipelines are up to date.\n"), again.stdout
    recorded = Path("dvc.lock").read_bytes()
    forced = git_dvc("repro", "-f", "--no-run-cache", cwd=".")
    assert "\ntrained on 70 images, " in forced.stdout
    assert Path("dvc.lock").read_bytes() == recorded


def test_repro_on_slurm(git_repo: Path, slurm: Path) -> None:
    init(".")
    tour("slurm")
    assert len((slurm / "calls").read_text().splitlines()) == 2


def test_repro_on_dask(git_repo: Path, cluster: str) -> None:
    init(".")
    assert run("git", "config", "dvc.dask.scheduler", cluster, cwd=".").returncode == 0
    code, said = seam.in_a_fork(lambda: tour("dask"))
    assert code == 0, said


def test_dask_says_what_it_lacks(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    with pytest.raises(ExecutorError, match="not known where the scheduler is") as caught:
        DaskShop(tmp_path, {}).run()
    assert "git config dvc.dask.scheduler" in caught.value.hint
    shop = DaskShop(tmp_path, {})
    shop.options = {"dvc.dask.scheduler": "head"}
    with pytest.raises(ExecutorError, match=r"not an address such as tcp://HOST:8786: head"):
        shop.run()


def test_a_script_that_does_not_get_to_its_end_says_nothing(tmp_path: Path) -> None:
    job = Job("a", ("true",), str(tmp_path), {}, str(tmp_path / "a.log"))
    files = script.write(job, "1.1")
    assert script.how_it_ended(job, files, wait_s=0) is None
    for nonsense in ("", "x y", "9 1"):
        Path(files.ended).write_text(nonsense)
        assert script.how_it_ended(job, files, wait_s=0) is None
    files.remove()
    assert not list(tmp_path.iterdir()) or [p.name for p in tmp_path.iterdir()] == ["a.log"]


def test_other_packages_bring_executors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = metadata.EntryPoint(
        "mine", "git_dvc.pipeline.executors.local:LocalExecutor", kinds.GROUP
    )
    monkeypatch.setattr(metadata, "entry_points", lambda *, group: [entry])
    shop = Shop(tmp_path, {})
    settings = Settings(str(tmp_path), str(tmp_path), 1, shop, Keeper())
    assert isinstance(kinds.open_executor("mine", settings), LocalExecutor)
    with pytest.raises(UsageError, match="no such executor: pbs") as caught:
        kinds.open_executor("pbs", settings)
    assert caught.value.hint == "there are: local, slurm, dask, mine"
