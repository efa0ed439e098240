"""Which executors there are: ours, and those of installed packages by entry point."""

from __future__ import annotations

from collections.abc import Callable

from git_dvc.errors import UsageError, quoted
from git_dvc.pipeline.executors.base import Executor, Settings

GROUP = "git_dvc.executors"
LOCAL, SLURM, DASK = OURS = ("local", "slurm", "dask")


def open_executor(name: str, settings: Settings) -> Executor:
    """Return the executor of a name.

    Raises:
        UsageError: There is none of this name.
        ExecutorError: It cannot be used here.
    """
    if name == LOCAL:
        from git_dvc.pipeline.executors.local import LocalExecutor

        return LocalExecutor(settings)
    if name == SLURM:
        from git_dvc.pipeline.executors.slurm import SlurmExecutor

        return SlurmExecutor(settings)
    if name == DASK:
        from git_dvc.pipeline.executors.dask import DaskExecutor

        return DaskExecutor(settings)
    from importlib import metadata

    found = {entry.name: entry for entry in metadata.entry_points(group=GROUP)}
    if name not in found:
        known = ", ".join((*OURS, *sorted(set(found) - set(OURS))))
        raise UsageError(f"no such executor: {quoted(name)}", hint=f"there are: {quoted(known)}")
    kind: Callable[[Settings], Executor] = found[name].load()
    return kind(settings)
