"""Which objects are to be sent, and sending them.

``plan`` is pure: from what is wanted, what the target lacks and what the source lacks follows
what goes, in which order, and what is nowhere. A directory's manifest goes only if all its files
are there or go before it, so that a manifest on a remote always means the whole directory.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from git_dvc.progress import NoProgress, Progress
from git_dvc.remote.base import Remote
from git_dvc.store.cache import Cache


class Plan(NamedTuple):
    """What is to be done for the objects of one hash algorithm; each list is sorted.

    Attributes:
        files: Objects to send first.
        manifests: Manifests to send once the files are there.
        missing: Objects that neither side has.
        held_back: Manifests that could be sent, but not all of whose files exist.
    """

    files: list[str]
    manifests: list[str]
    missing: list[str]
    held_back: list[str]

    @property
    def is_done(self) -> bool:
        """Whether there is nothing to send and nothing missing."""
        return not (self.files or self.manifests or self.missing)


def plan(
    files: Collection[str],
    directories: Mapping[str, Collection[str] | None],
    target_lacks: Collection[str],
    source_lacks: Collection[str],
) -> Plan:
    """Return what has to be sent so that the target has everything.

    Args:
        files: Wanted objects that are files, also those of the directories.
        directories: By wanted manifest its files; None where they cannot be known.
        target_lacks: Of all these, what the target does not have.
        source_lacks: Of all these, what the source does not have.
    """
    lacking = set(target_lacks)
    missing = lacking & set(source_lacks)
    to_send = lacking - missing
    held_back = set()
    manifests = set()
    for value in directories.keys() & to_send:
        # Without missing files nothing needs to be looked up: manifests may be large.
        members = directories[value] if missing else ()
        if members is None or not missing.isdisjoint(members):
            held_back.add(value)
        else:
            manifests.add(value)
    return Plan(
        files=sorted(to_send.intersection(files) - directories.keys()),
        manifests=sorted(manifests),
        missing=sorted(missing),
        held_back=sorted(held_back),
    )


class Sent(NamedTuple):
    """What was sent.

    Attributes:
        files: Number of files, without manifests.
        size_bytes: Their size.
        damaged: Objects whose content in the cache is not what their name says; not sent.
    """

    files: int
    size_bytes: int
    damaged: list[str]


def send(
    source: Cache, target: Remote, todo: Plan, progress: Progress, jobs: int | None = None
) -> Sent:
    """Send what is planned: files, then manifests.

    Whatever stops it, what has its name by then is whole, and the next run goes on there.

    Args:
        source: Where the objects are.
        target: Where they go.
        todo: What to send.
        progress: Told of files and bytes.
        jobs: How many at a time, at most; None to leave it to the remote.

    Raises:
        RemoteError: The remote failed; what was sent before stays.
    """
    sizes = {value: source.size(value) or 0 for value in todo.files}
    progress.start(f"Sending to {target.name}", len(sizes), sum(sizes.values()))
    try:
        bad = set(target.put_all(source, todo.files, progress, jobs)) if todo.files else set()
        manifests = _whole(source, todo.manifests, bad) if bad else todo.manifests
        if manifests:
            bad.update(target.put_all(source, manifests, NoProgress(), jobs))
    finally:
        progress.finish()
    done = [value for value in todo.files if value not in bad]
    return Sent(len(done), sum(sizes[value] for value in done), sorted(bad))


def _whole(source: Cache, manifests: Sequence[str], bad: Collection[str]) -> list[str]:
    """Return the manifests none of whose files is damaged."""
    return [
        value
        for value in manifests
        if source.has(value) and not set(bad).intersection(source.read_manifest(value).values())
    ]
