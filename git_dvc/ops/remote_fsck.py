"""``git dvc fsck --remote``: read the objects that a remote should have, and hash them.

Checked is what the work tree, branches and tags name. Every list of files is read, as nobody
would know the files without it; of the files all, or a sample: a random share finds decay that
spreads, at a fraction of the traffic. Nothing on the remote is changed, but with ``repair``:
then what is bad there is replaced by what the cache has, files before lists.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence

from git_dvc import hashing, relpaths
from git_dvc.errors import FormatError, GitDvcError, MissingObjectError
from git_dvc.formats import manifest as manifests
from git_dvc.formats.manifest import Manifest
from git_dvc.ops import push, remotes
from git_dvc.ops import repair as repairing
from git_dvc.ops.fsck import DAMAGED, MISSING, Need
from git_dvc.ops.wanted import Asked, Object, Place, Wanted
from git_dvc.progress import NoProgress, Progress
from git_dvc.project import Project
from git_dvc.remote import transfer
from git_dvc.remote.base import Remote
from git_dvc.remote.crew import Stop, each

JOBS = 8
_HERE = "work tree"
_RIGHT, _WRONG, _ABSENT = 1, 2, 3


class RemoteResult:
    """What one remote has of what it should have.

    Attributes:
        remote: Its name.
        checked: Number of objects that were read.
        size_bytes: Their size.
        skipped: Number of files that the sample left out.
        damaged: Objects with another content than their name says.
        missing: Objects that are not there.
        sent: Of these, what was replaced.
        needs: Tracked paths that need what is bad and was not replaced.
        trouble: Why something could not be repaired.
    """

    def __init__(self, remote: str) -> None:
        self.remote = remote
        self.checked = 0
        self.size_bytes = 0
        self.skipped = 0
        self.damaged: set[Object] = set()
        self.missing: set[Object] = set()
        self.sent: set[Object] = set()
        self.needs: list[Need] = []
        self.trouble: list[GitDvcError] = []

    @property
    def bad(self) -> set[Object]:
        """What is damaged or missing, and was not replaced."""
        return (self.damaged | self.missing) - self.sent

    @property
    def is_good(self) -> bool:
        """Whether nothing is wrong any more."""
        return not self.bad


def check(
    project: Project,
    asked: Asked,
    *,
    share: float = 1.0,
    repair: bool = False,
    progress: Progress | None = None,
    problems: list[FormatError] | None = None,
) -> list[RemoteResult]:
    """Check the remotes that data goes to.

    Args:
        project: The project.
        asked: Which data; with a remote, only that one.
        share: Of the files, from 0 to 1; at random.
        repair: Replace what is bad by what the cache has, after bringing that together.
        progress: Told of the work.
        problems: Gets the pointer files that cannot be used.

    Raises:
        UnknownTargetError: A target names nothing that is tracked.
        RemoteError: A remote does not answer.
    """
    watch = progress or NoProgress()
    found = []
    for name, wanted in push.destinations(project, asked, problems):
        remote = remotes.opened(project, name)
        try:
            one = _Check(project, remote, wanted, watch, asked.jobs or JOBS)
            one.read(share)
            if repair and one.result.bad:
                one.repair()
            one.name_needs()
            found.append(one.result)
        finally:
            remote.close()
    return found


class _Check:
    """The check of one remote."""

    def __init__(
        self, project: Project, remote: Remote, wanted: Wanted, progress: Progress, jobs: int
    ) -> None:
        self._project = project
        self._remote = remote
        self._wanted = wanted
        self._progress = progress
        self._jobs = jobs
        self._lists: dict[Object, Manifest | None] = {}
        self._unlisted: set[Object] = set()
        self.result = RemoteResult(remote.name)

    def read(self, share: float) -> None:
        """Read lists of files, then files."""
        for name in sorted({algorithm for algorithm, _ in self._wanted}):
            mine = push.of_algorithm(self._wanted, name)
            folders = [value for value in mine if hashing.is_dir(value)]
            self._progress.start(f"Checking lists on {self._remote.name}", len(folders))
            self._read_all(name, folders)
            self._progress.finish()
            files = {value for value in mine if not hashing.is_dir(value)}
            for value in folders:
                listing = self._listing(name, value, mine[value])
                files.update(() if listing is None else listing.values())
                if listing is None:
                    self._unlisted.add((name, value))
            # What is not there is found by asking, not by reading, and in no sample left out.
            lacking = self._remote.lacks(name, files, self._project.cache(name).size)
            chosen = sorted(
                value
                for value in files
                if value in lacking or share >= 1 or random.random() < share  # noqa: S311
            )
            self.result.skipped += len(files) - len(chosen)
            self._progress.start(f"Checking {self._remote.name}", len(chosen))
            self._read_all(name, chosen)
            self._progress.finish()
            if self.result.bad:
                # Forget what was seen whole there, or the next push would not look.
                self._remote.delete(name, (), NoProgress())

    def _read_all(self, name: str, values: Sequence[str]) -> None:
        algorithm = hashing.ALGORITHMS[name]

        def work(value: str, stop: Stop) -> tuple[int, int]:
            hasher = algorithm.new()
            size = 0
            try:
                for piece in self._remote.read(name, value):
                    stop.check()
                    hasher.update(piece)
                    size += len(piece)
            except MissingObjectError:
                return _ABSENT, 0
            right = hasher.hexdigest() == value.removesuffix(hashing.DIR_SUFFIX)
            return (_RIGHT if right else _WRONG), size

        for value, (state, size) in each(values, work, self._jobs):
            self._progress.advance(1, size)
            if state == _ABSENT:
                self.result.missing.add((name, value))
                continue
            self.result.checked += 1
            self.result.size_bytes += size
            if state == _WRONG:
                self.result.damaged.add((name, value))

    def _listing(self, name: str, value: str, places: Sequence[Place]) -> Manifest | None:
        """Return what is wanted of a directory, by the remote's list or by the cache's."""
        listing = self._whole(name, value)
        if listing is None or not all(place.inner for place in places):
            return listing
        inner = [path for place in places for path in place.inner]
        return {
            path: member
            for path, member in listing.items()
            if any(relpaths.inside(path, one) for one in inner)
        }

    def _whole(self, name: str, value: str) -> Manifest | None:
        whole = (name, value)
        try:
            return self._project.cache(name).read_manifest(value)
        except (GitDvcError, OSError):
            pass
        if whole not in self._lists:
            self._lists[whole] = None
            if whole not in self.result.bad:
                data = b"".join(self._remote.read(name, value))
                digest = hashing.of_bytes(data, hashing.ALGORITHMS[name])
                try:
                    if digest + hashing.DIR_SUFFIX == value:
                        self._lists[whole] = manifests.parse(data)
                except FormatError:
                    self.result.damaged.add(whole)
        return self._lists[whole]

    # -- repairing --------------------------------------------------------------------------

    def repair(self) -> None:
        """Send what is bad there, as far as it can be had."""
        for name in sorted({algorithm for algorithm, _ in self.result.bad}):
            bad = {value for algorithm, value in self.result.bad if algorithm == name}
            damaged = self._send(name, bad)
            if not damaged:
                continue
            for value in damaged:  # here, too: perhaps a work tree has it
                self._project.cache(name).quarantine(value)
            self._send(name, {value for algorithm, value in self.result.bad if algorithm == name})

    def _send(self, name: str, bad: set[str]) -> list[str]:
        """Send what can be had of some objects; return what turned out to be damaged here."""
        cache = self._project.cache(name)
        for folders in (True, False):  # a list that comes back says which files there are
            lacking = {(name, v) for v in cache.lacks(bad) if hashing.is_dir(v) == folders}
            avoid = (self._remote.name,)
            healed = repairing.heal(
                self._project, lacking, self._progress, avoid=avoid, jobs=self._jobs
            )
            self.result.trouble += healed.trouble
            if folders:
                bad = bad | self._read_unlisted(name)
        files = {value for value in bad if not hashing.is_dir(value)}
        members = {value: self._members(name, value) for value in bad - files}
        todo = transfer.plan(files, members, bad, cache.lacks(bad))
        sent = transfer.send(cache, self._remote, todo, self._progress, self._jobs)
        gone = {*todo.files, *todo.manifests}.difference(sent.damaged)
        gone -= self._remote.lacks(name, gone, cache.size)  # lists that were held back
        self.result.sent |= {(name, value) for value in gone}
        return sent.damaged

    def _read_unlisted(self, name: str) -> set[str]:
        """Read the files of directories whose lists are known only now; return what is bad."""
        files: set[str] = set()
        for algorithm, value in list(self._unlisted):
            members = self._members(name, value) if algorithm == name else None
            if members is not None:
                self._unlisted.discard((algorithm, value))
                files.update(members)
        before = self.result.bad
        self._read_all(name, sorted(files))
        return {value for _, value in self.result.bad - before}

    def _members(self, name: str, value: str) -> Collection[str] | None:
        """Return the files of a directory, None if they cannot be known."""
        listing = self._whole(name, value)
        return None if listing is None else listing.values()

    # -- who needs it -----------------------------------------------------------------------

    def name_needs(self) -> None:
        """Note which tracked paths need what is still bad."""
        bad = self.result.bad
        found: dict[tuple[str, Object], dict[str, None]] = {}
        for (name, value), places in self._wanted.items() if bad else ():
            inner = [("", value)] if (name, value) in bad else []
            if hashing.is_dir(value):
                listing = self._listing(name, value, places) or {}
                inner += [(path, one) for path, one in listing.items() if (name, one) in bad]
            for place in places:
                for path, member in inner:
                    shown = relpaths.join(place.path, path) if path else place.path
                    if not path and hashing.is_dir(value):
                        shown += "/"
                    rev = place.commit[:7] or _HERE
                    found.setdefault((shown, (name, member)), {})[rev] = None
        self.result.needs = [
            Need(path, whole[1], whole[0], DAMAGED if whole in self.result.damaged else MISSING,
                 tuple(revs))
            for (path, whole), revs in sorted(found.items())
        ]  # fmt: skip
