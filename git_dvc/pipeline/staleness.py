"""Why a stage has to run: what differs from what it last used and made.

A stage is stale if its command, something that it reads or something that it made is not as its
lock file says. The answer is a list of reasons, each exact: which path, which parameter, what it
was and what it is::

    Reason(PARAM, "params.yaml", MODIFIED, key="train.lr", before=0.1, after=0.2)

Cheap things are looked at first, and reasons come one by one, so that who only asks whether there
is any does not wait for the hash of a large output.

``forecast.py`` goes on from here: what would follow in a whole plan. Pure: what is on the disk
comes from ``Facts``, which ``ops/facts.py`` knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, Protocol

from git_dvc import relpaths
from git_dvc.compare import values
from git_dvc.formats.pointer import Out
from git_dvc.pipeline.graph import place
from git_dvc.pipeline.stage import Params, Stage

NEVER_RAN = "never ran"
COMMAND = "command"
ALWAYS = "always"
DEP = "dep"
PARAM = "param"
OUT = "out"
UPSTREAM = "upstream"
FORCED = "forced"
"""Kinds of reasons."""

NEW = "new"
MODIFIED = "modified"
DELETED = "deleted"
NOT_IN_CACHE = "not in cache"
"""How a thing differs; the last two may mean no more than that data is not here."""

_NOTHING: Mapping[str, str] = {}


class Reason(NamedTuple):
    """One thing for which a stage is stale.

    Attributes:
        kind: ``COMMAND``, ``DEP``, ``PARAM``, ``OUT``, ...
        path: Of a dep, params file or out, as its stage has it.
        how: ``MODIFIED``, ``DELETED``, ``NEW``, ``NOT_IN_CACHE``, or ''.
        key: The parameter; '' if it is the file as a whole.
        before: The recorded command, value or hash.
        after: What it is now.
        place: The path as the graph has it (``graph.place``).
        by: For ``UPSTREAM``: the stage that makes the path anew.
    """

    kind: str
    path: str = ""
    how: str = ""
    key: str = ""
    before: Any = None
    after: Any = None
    place: str = ""
    by: str = ""


class Facts(Protocol):
    """What is there now. Places are those of ``graph.place``."""

    def hash_at(self, place: str, algorithm: str) -> str | None:
        """Return the hash of a file or directory, None if there is nothing.

        Raises:
            GitDvcError: It cannot be read.
        """

    def values(self, place: str) -> Any:
        """Return what is in a parameters file, None if there is none.

        Raises:
            GitDvcError: It cannot be read or understood.
        """

    def in_cache(self, out: Out) -> bool:
        """Return whether the cache has all of an output."""

    def recorded_at(self, place: str) -> str | None:
        """Return the hash that a stage or pointer file records for an output, None if none does."""


def reasons(
    stage: Stage,
    facts: Facts,
    *,
    allow_missing: bool = False,
    pending: Mapping[str, str] = _NOTHING,
) -> Iterator[Reason]:
    """Yield why a stage is stale.

    Args:
        stage: The stage, or a pointer file.
        facts: What is there.
        allow_missing: Data that is not there counts as unchanged, if what makes it still records
            what the stage used.
        pending: Places that are made anew before the stage, and by which stage: it does not
            matter what is there now.

    Raises:
        GitDvcError: Something cannot be read.
    """
    recorded = stage.recorded
    if stage.cmd and not stage.frozen:
        if stage.is_callback or stage.always_changed:
            yield Reason(ALWAYS)
        elif recorded is None:
            yield Reason(NEVER_RAN)
    if stage.cmd and recorded is not None and recorded.cmd != stage.written_cmd:
        yield Reason(COMMAND, "", MODIFIED, before=recorded.cmd, after=stage.written_cmd)
    if not stage.frozen:
        yield from _params(stage, facts, pending)
        yield from _deps(stage, facts, allow_missing, pending)
    yield from _outs(stage, facts, allow_missing)


def _params(stage: Stage, facts: Facts, pending: Mapping[str, str]) -> Iterator[Reason]:
    for params in stage.params:
        where = place(stage, params)
        by = _maker(where, pending)
        if by:
            yield Reason(UPSTREAM, params.path, place=where, by=by)
            continue
        now = facts.values(where)
        known = stage.recorded.params.get(params.path) if stage.recorded else None
        if now is None or known is None:
            yield Reason(PARAM, params.path, DELETED if now is None else NEW, place=where)
        else:
            yield from _changed_keys(params, now, known, where)


def _changed_keys(
    params: Params, now: Any, known: Mapping[str, Any], where: str
) -> Iterator[Reason]:
    found = picked(now, params.keys)
    for key in params.keys or dict.fromkeys([*found, *known]):
        before, after = known.get(key), found.get(key)
        if key not in found:
            how = DELETED
        elif key not in known:
            how = NEW
        elif is_same(before, after):
            continue
        else:
            how = MODIFIED
        yield Reason(PARAM, params.path, how, key, before, after, where)


def _deps(
    stage: Stage, facts: Facts, allow_missing: bool, pending: Mapping[str, str]
) -> Iterator[Reason]:
    recorded = {out.path: out for out in stage.recorded.deps} if stage.recorded else {}
    for dep in stage.deps:
        if stage.is_data and dep.relpath is None:
            continue  # of another repository, or at an address: 'update' asks there
        where = place(stage, dep)
        by = _maker(where, pending)
        if by:
            yield Reason(UPSTREAM, dep.path, place=where, by=by)
            continue
        known = recorded.get(dep.path)
        before = known.hash if known else None
        now = facts.hash_at(where, known.hash_name if known else "md5")
        how = MODIFIED
        if now is None:
            how = DELETED
            if allow_missing:
                made = facts.recorded_at(where)
                if made is None or made == before:
                    continue
                how = MODIFIED
        elif now == before:
            continue
        yield Reason(DEP, dep.path, how, before=before, after=now, place=where)


def _outs(stage: Stage, facts: Facts, allow_missing: bool) -> Iterator[Reason]:
    recorded = {out.path: out for out in stage.recorded.outs} if stage.recorded else {}
    for out in stage.outs:
        where = place(stage, out)
        known = recorded.get(out.path)
        before = known.hash if known else None
        if known is not None and before and out.flags.cache and not facts.in_cache(known):
            how, now = NOT_IN_CACHE, None
        else:
            now = facts.hash_at(where, known.hash_name if known else "md5")
            how = DELETED if now is None else MODIFIED
        if (now is None and not allow_missing) or (now is not None and now != before):
            yield Reason(OUT, out.path, how, before=before, after=now, place=where)


def _maker(where: str, pending: Mapping[str, str]) -> str:
    for path, by in pending.items():
        if relpaths.inside(where, path) or relpaths.inside(path, where):
            return by
    return ""


def picked(value: Any, keys: Iterable[str]) -> dict[str, Any]:
    """Return of a file's values those with some dotted keys, by key; the top ones for no keys.

    A key that is not there is left out.
    """
    wanted = list(keys)
    if not wanted:
        return dict(value) if isinstance(value, dict) else {}
    found = {key: values.lookup(value, key) for key in wanted}
    return {key: item for key, (is_there, item) in found.items() if is_there}


def is_same(one: Any, other: Any) -> bool:
    """Return whether two values mean the same to a stage: a tuple is a list, nan is nan."""
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(is_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(is_same(one[key], other[key]) for key in one)
    return bool(one == other or (one != one and other != other))
