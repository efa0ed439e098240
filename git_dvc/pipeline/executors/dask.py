"""Stages as tasks of a Dask cluster that is there already.

::

    git config dvc.dask.scheduler tcp://head:8786

Resources of a stage ask for workers that have them (``dask worker --resources gpu=2``); ``cpu``
and ``mem`` do so only if some worker says how much it has. ``-j`` says how many tasks
are there at once. The project must be at the same path on the workers, on a file system that they
share with this machine; git-dvc need not be installed there.
"""

from __future__ import annotations

import os
import re
import time
from typing import Any

from git_dvc import parallel
from git_dvc.errors import CannotRunStageError, ExecutorError
from git_dvc.pipeline.executors import errand
from git_dvc.pipeline.executors import script as scripts
from git_dvc.pipeline.executors.base import Ended, Job, Settings

SCHEDULER = "dvc.dask.scheduler"

_ADDRESS = re.compile(r"([a-z]+://)?[^\s/]+:\d+")
_CONNECT_S = 10
_NAP_S = 0.1
_SOFT = ("cpu", "mem")


class DaskExecutor:
    """Submits scripts to a cluster."""

    def __init__(self, settings: Settings) -> None:
        _ = settings.keeper.pid  # Dask runs threads, and the keeper is forked
        parallel.stay_in_one_process()
        self._settings = settings
        self._client = _connect(settings)
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._writing, False)
        os.set_blocking(self._reading, False)

    def start(self, job: Job) -> DaskHandle:
        """Submit a job, and return at once.

        Raises:
            CannotRunStageError: No worker has what the stage needs, or the cluster is gone.
        """
        return DaskHandle(job, self._settings, self._client, self._somebody_ended)

    def _somebody_ended(self, _: Any) -> None:
        try:
            os.write(self._writing, b".")
        except OSError:
            pass

    def wait(self, timeout_s: float, wake: int = -1) -> None:
        """Return when a job may have ended, or after a time."""
        if os.name == "nt":
            time.sleep(min(timeout_s, _NAP_S))
            return
        import select

        reads = [self._reading, *([wake] if wake >= 0 else [])]
        select.select(reads, [], [], timeout_s)
        try:
            os.read(self._reading, 4096)
        except BlockingIOError:
            pass

    def pause(self, *, resumed: bool = False) -> None:
        """Do nothing: the jobs are not on this terminal."""

    def resized(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Leave the cluster."""
        self._client.close(timeout=5)
        os.close(self._reading)
        os.close(self._writing)


def _connect(settings: Settings) -> Any:
    try:
        import cloudpickle
        import dask
        from distributed import Client
    except ImportError:
        raise ExecutorError(
            "dask",
            "it needs the Python package 'distributed'",
            hint="install it: pip install 'git-dvc[dask]'",
        ) from None
    address = settings.option(SCHEDULER) or dask.config.get("scheduler-address", None)
    if not address:
        raise ExecutorError(
            "dask",
            "it is not known where the scheduler is",
            hint=f"say it: git config {SCHEDULER} tcp://HOST:8786",
        )
    if not _ADDRESS.fullmatch(address):
        raise ExecutorError(
            "dask", f"{SCHEDULER}: not an address such as tcp://HOST:8786: {address}"
        )
    cloudpickle.register_pickle_by_value(errand)
    client: Any = Client  # it has no types
    try:
        return client(address, timeout=_CONNECT_S, set_as_default=False, name="git-dvc")
    except (OSError, ValueError) as problem:
        raise ExecutorError("dask", f"no scheduler answers at {address}: {problem}") from problem


class DaskHandle:
    """One task."""

    def __init__(self, job: Job, settings: Settings, client: Any, ended: Any) -> None:
        self._job = job
        self._keeper = settings.keeper
        self._ended: Ended | None = None
        wanted = _wanted(job, client)
        self._token = self._keeper.begin()
        self._script = scripts.write(job, self._token)
        self._started = f"{self._script.path}.started"
        _remove(self._started)
        self._keeper.command(self._token, ["touch", self._script.stop], self._started)
        for line in job.cmd:
            settings.listener.command(job, line)
        self._future = client.submit(
            errand.run,
            self._script.path,
            self._script.stop,
            self._started,
            key=f"dvc-{job.address}-{self._token}",
            pure=False,
            retries=0,
            resources=wanted,
        )
        self._future.add_done_callback(ended)

    def poll(self) -> Ended | None:
        """Return how it ended, or None while it waits or runs."""
        if self._ended is None and self._future.done():
            self._keeper.end(self._token)
            self._ended = self._how_it_ended()
            self._script.remove()
            _remove(self._started)
        return self._ended

    def _how_it_ended(self) -> Ended:
        status = self._future.status
        try:
            code = int(self._future.result(timeout=_CONNECT_S)) if status == "finished" else 1
            why = "its worker was lost" if code else ""
        except Exception as problem:
            code, why = 1, f"{type(problem).__name__}: {problem}"
        else:
            if status != "finished":
                why = f"the task was {status}: {self._future.exception(timeout=_CONNECT_S)}"
        found = scripts.how_it_ended(
            self._job, self._script, wait_s=scripts.VISIBLE_IN_S if not code else 0
        )
        if found is None or (code and not found.code):
            return Ended(code or 1, why=why)
        return found

    def stop(self, number: int) -> None:
        """Ask the worker to end the script."""
        try:
            with open(self._script.stop, "w"):
                pass
        except OSError:
            pass
        if not os.path.exists(self._started):
            self._future.cancel()


def _wanted(job: Job, client: Any) -> dict[str, float]:
    """Return the resources that a worker must have.

    Raises:
        CannotRunStageError: None has them, so the task would wait for ever.
    """
    if not job.resources:
        return {}
    try:
        workers = client.scheduler_info(n_workers=-1)["workers"].values()
    except TypeError:  # older ones always tell of all
        workers = client.scheduler_info()["workers"].values()
    there: dict[str, tuple[str, float]] = {}
    for worker in workers:
        for name, amount in worker.get("resources", {}).items():
            if amount > there.get(name.lower(), ("", 0))[1]:
                there[name.lower()] = (name, amount)
    wanted = {}
    for name, amount in job.resources.items():
        known, most = there.get(name.lower(), ("", 0))
        if known and most >= amount:
            wanted[known] = amount
        elif name not in _SOFT:
            raise CannotRunStageError(
                job.address,
                f"no worker of the Dask cluster has {amount:g} {name}",
                hint=f"start some with 'dask worker --resources {name}={amount:g} ...'",
            )
    return wanted


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass
