"""``repro --pull``: bring from remotes just what a stage lacks.

That is data it depends on and that is not there, the results of the run that is recorded, and
records of the run cache of runs that used the same, with what they made. A remote that cannot be
used is told once, and the stage runs instead.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from git_dvc import hashing, relpaths
from git_dvc.errors import ConfigError, GitDvcError, RemoteError
from git_dvc.formats import runrecord
from git_dvc.ops import remotes, run_cache, wanted
from git_dvc.ops.fetch import fetch_from, lost
from git_dvc.ops.pull import pull
from git_dvc.ops.select import Selected
from git_dvc.ops.wanted import Asked
from git_dvc.pipeline.stage import Stage
from git_dvc.progress import NoProgress, Progress
from git_dvc.project import Project
from git_dvc.remote.base import Remote
from git_dvc.tracked import TrackedOut


class RemotePuller:
    """Brings data for one run of ``repro``; ``close`` it.

    Args:
        project: The project.
        progress: Told of the work.
        jobs: How many transfers at a time, at most.

    Attributes:
        problems: What could not be brought, and why.
    """

    def __init__(
        self, project: Project, progress: Progress | None = None, jobs: int | None = None
    ) -> None:
        self._project = project
        self._progress = progress or NoProgress()
        self._jobs = jobs
        self._runs: dict[str, list[str]] | None = None
        self._remote: Remote | None = None
        self.problems: list[GitDvcError] = []

    def close(self) -> None:
        """Hang up."""
        if self._remote is not None:
            self._remote.close()
            self._remote = None

    def deps(self, stage: Stage) -> list[str]:
        """Bring tracked data that a stage depends on and that is not there; as ``bring``."""
        return self.bring(dep.relpath for dep in stage.deps if dep.relpath is not None)

    def bring(self, paths: Iterable[str], parts: Iterable[str] = ()) -> list[str]:
        """Bring tracked data at, in or around paths where nothing is, and put it in place.

        The project must not be locked.

        Args:
            paths: Relative to the project.
            parts: Directories of which something may be there, and not all.

        Returns:
            Paths, relative to the project, where something was put.
        """
        project = self._project
        gone = [path for path in paths if not os.path.lexists(project.path(path))]
        gone += parts
        if not gone:
            return []
        project.forget_tracked()
        targets = {
            path if relpaths.inside(path, dep) else dep
            for dep in gone
            for path in project.tracked.outs
            if relpaths.inside(dep, path) or relpaths.inside(path, dep)
        }
        if not targets:
            return []
        full = [project.path(path) for path in sorted(targets)]
        try:
            done = pull(project, Asked(full, jobs=self._jobs), self._progress)
        except (RemoteError, ConfigError) as problem:
            self._note(problem)
            return []
        for moved in done.moved:
            self.problems += moved.errors
        return sorted(targets)

    def outs(self, items: Sequence[TrackedOut]) -> None:
        """Bring the data of outputs into the cache, as far as a remote has it."""
        project = self._project
        every = wanted.by_remote(
            [(Selected(item), "") for item in items],
            remotes.default(project),
            project.shown,
            staying=True,
        )
        for name, some in every.items():
            if name is None:
                continue
            try:
                moved = fetch_from(project, name, some, self._progress, self._jobs)
            except (RemoteError, ConfigError) as problem:
                self._note(problem)
                continue
            self.problems += moved.errors

    def records(self, folder: str) -> None:
        """Bring records of the run cache in one folder below ``runs``, and their data."""
        project = self._project
        found = run_cache.Records()
        try:
            paths = self._all_runs().get(folder, [])
            top = os.path.join(project.cache_root, runrecord.FOLDER)
            for path in paths:
                if self._remote is not None and not os.path.exists(os.path.join(top, path)):
                    run_cache.take(found, path, self._remote.read_run_record(path), self.problems)
            if not found.wanted or self._remote is None:
                return
            name = self._remote.name
            moved = fetch_from(project, name, found.wanted, self._progress, self._jobs)
        except (RemoteError, ConfigError) as problem:
            self._note(problem)
            return
        self.problems += moved.errors
        for path, data in found.whole(lost(project, found.wanted)):
            run_cache.store(project, path, data)

    def _all_runs(self) -> dict[str, list[str]]:
        """Return the records of the default remote by folder, listed once."""
        if self._runs is None:
            self._runs = {}
            if remotes.default(self._project) is not None:
                self._remote = remotes.opened(self._project)
                for path in self._remote.run_records():
                    if runrecord.is_path(path):
                        self._runs.setdefault(path.rpartition("/")[0], []).append(path)
        return self._runs

    def _note(self, problem: GitDvcError) -> None:
        if str(problem) not in map(str, self.problems):
            self.problems.append(problem)


class RemoteLook:
    """What a run with ``--pull`` would find on remotes: they are asked, and nothing is brought.

    Args:
        project: The project.
        stages: Those that may run.
        progress: Told of the work.

    Attributes:
        problems: Why remotes could not be asked.
    """

    def __init__(self, project: Project, stages: Iterable[Stage], progress: Progress) -> None:
        self._project = project
        self.problems: list[GitDvcError] = []
        outs = project.tracked.outs
        places = {place for stage in stages for place in self._missing(stage)}
        asked = {path: outs[path] for place in places for path in self._around(place)}
        unknown = [one for one in asked.values() if not self._is_cached(one)]
        self._lost: set[str] = set()
        if unknown:
            from git_dvc.ops import cloud_status

            try:
                self._lost = cloud_status.lacking(
                    project, unknown, None, refresh=True, progress=progress
                )
            except GitDvcError as problem:
                self.problems.append(problem)
                self._lost = {one.relpath for one in unknown}

    def has_missing(self, stage: Stage) -> bool:
        """Return whether something of a stage is not there, and all of that would be brought."""
        missing = self._missing(stage)
        found = [self._around(place) for place in missing]
        return bool(missing) and all(
            paths and not any(self._is_lost(path) for path in paths) for paths in found
        )

    def _is_lost(self, path: str) -> bool:
        return any(relpaths.inside(one, path) for one in self._lost)

    def _missing(self, stage: Stage) -> list[str]:
        places = [dep.relpath for dep in stage.deps if dep.relpath]
        places += [out.relpath for out in stage.outs if out.relpath]
        return [place for place in places if not os.path.lexists(self._project.path(place))]

    def _around(self, place: str) -> list[str]:
        """Return the tracked data at, in or around a path."""
        outs = self._project.tracked.outs
        return [
            path for path in outs if relpaths.inside(place, path) or relpaths.inside(path, place)
        ]

    def _is_cached(self, item: TrackedOut) -> bool:
        value, name = item.out.hash, item.out.hash_name
        if value is None:
            return False
        cache = self._project.cache(name)
        if not cache.has(value):
            return False
        return not hashing.is_dir(value) or not cache.lacks(
            set(cache.read_manifest(value).values())
        )
