"""The least that a caller of ``runner.run`` does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from git_dvc.errors import GitDvcError
from git_dvc.pipeline import runner
from git_dvc.pipeline.executors.base import Ended, Job, Settings, log_path
from git_dvc.pipeline.executors.kinds import open_executor
from git_dvc.pipeline.keeper import Keeper
from git_dvc.pipeline.scheduler import Scheduler, Task


class Shop:
    """The least that a caller of ``runner.run`` does; remembers all it hears."""

    executor = "local"

    def __init__(self, place: Path, commands: dict[str, Sequence[str]], jobs: int = 1) -> None:
        self.place = place
        self.commands = commands
        self.jobs = jobs
        self.heard: list[str] = []
        self.shown = b""
        self.cwd = ""
        self.grace_s: float | None = None
        self.keeper = Keeper()
        self.options: dict[str, str] = {}
        self.resources: dict[str, dict[str, float]] = {}

    def begin(self, address: str) -> Job | None:
        self.heard.append(f"begin {address}")
        cmd = tuple(self.commands[address])
        if not cmd:
            return None
        env = {"DVC_STAGE": address, "DVC_ROOT": str(self.place)}
        log = log_path(str(self.place / "tmp"), address)
        return Job(
            address,
            cmd,
            str(self.place / self.cwd),
            env,
            log,
            self.resources.get(address, {}),
            self.jobs == 1,
        )

    def finish(self, address: str, ended: Ended) -> None:
        self.heard.append(f"finish {address}")

    def failed(self, address: str, error: GitDvcError) -> None:
        self.heard.append(f"failed {address}")

    def stopping(self, addresses: Sequence[str]) -> None:
        self.heard.append(f"stopping {' '.join(addresses)}")

    def stopped(self, address: str) -> None:
        self.heard.append(f"stopped {address}")

    def look(self, running: Sequence[runner.Running], scheduler: Scheduler) -> None:
        assert running

    def command(self, job: Job, line: str) -> None:
        self.heard.append(f"> {line}")

    def output(self, job: Job, data: bytes, *, error: bool) -> None:
        self.shown += data

    def run(self, *tasks: Task, on_error: str = "fail") -> runner.Outcome:
        tmp = str(self.place / "tmp")
        settings = Settings(str(self.place), tmp, self.jobs, self, self.keeper, self.options.get)
        executor = open_executor(self.executor, settings)
        try:
            scheduler = Scheduler(tasks, jobs=self.jobs, on_error=on_error)
            return runner.run(scheduler, executor, self, grace_s=self.grace_s)
        finally:
            executor.close()
            self.keeper.close()
            self.keeper = Keeper()

    def log(self, address: str) -> str:
        return Path(log_path(str(self.place / "tmp"), address)).read_text()
