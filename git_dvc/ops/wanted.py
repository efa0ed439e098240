"""Which data is to be on which remote: what the user asked for, as objects by remote.

Outputs come from the work tree's pointer files and from those of other revisions
(``named.py``). Each goes to the remote it names (``remote:``), else to the one that was chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from git_dvc import relpaths
from git_dvc.errors import FormatError, UnknownTargetError
from git_dvc.git.trees import Trees
from git_dvc.ops import named
from git_dvc.ops.select import Selected, select
from git_dvc.project import Project
from git_dvc.tracked import TrackedOut

Object = tuple[str, str]
"""Name of the hash algorithm, and hash."""


class Place(NamedTuple):
    """An output that is an object.

    Attributes:
        path: As it is shown.
        commit: The newest commit that names it; '' for the work tree.
        inner: Paths inside it that are wanted; empty for all of it.
    """

    path: str
    commit: str = ""
    inner: tuple[str, ...] = ()


Wanted = dict[Object, list[Place]]
"""The outputs that each object is."""


class Scope(NamedTuple):
    """Which revisions count beside the work tree."""

    branches: bool = False
    tags: bool = False
    commits: bool = False


HERE = Scope()
"""The work tree alone."""


def by_remote(
    found: Iterable[tuple[Selected, str]], default: str | None, shown: Callable[[str], str]
) -> dict[str | None, Wanted]:
    """Return what is to be on each remote; None for data that has no remote.

    Left out are outputs that stay here (``push: false``), those of other repositories, which
    keep their data, and those whose hash is not known.

    Args:
        found: Outputs, with the commit that names them or ''.
        default: The remote of outputs that do not name one.
        shown: Turns a relpath into a path as it is shown.
    """
    wanted: dict[str | None, Wanted] = {}
    for chosen, commit in found:
        item = chosen.item
        if item.out.hash is None or not item.out.push or item.from_repo:
            continue
        remote = item.out.remote.lower() if item.out.remote else default
        whole = (item.out.hash_name, item.out.hash)
        places = wanted.setdefault(remote, {}).setdefault(whole, [])
        places.append(Place(shown(item.relpath), commit, chosen.inner))
    return wanted


def asked_for(
    project: Project,
    targets: Sequence[str],
    scope: Scope = HERE,
    *,
    recursive: bool = False,
    problems: list[FormatError] | None = None,
) -> Iterator[tuple[Selected, str]]:
    """Yield the outputs that the user means, and the newest commit that names each ('' if here).

    Args:
        project: The project.
        targets: Pointer files, stages or data paths; everything for none.
        scope: Revisions to look at, too.
        recursive: Targets may be directories with outputs in them.
        problems: Gets the pointer files that cannot be used.

    Raises:
        UnknownTargetError: A target is tracked neither here nor in these revisions.
    """
    unknown: UnknownTargetError | None = None
    try:
        for chosen in select(project, targets, recursive=recursive):
            yield chosen, ""
        if problems is not None and not targets:
            problems += project.tracked.problems
    except UnknownTargetError as error:
        unknown = error
    if project.repo is not None and any(scope):
        paths = [project.relpath(target).rstrip("/") for target in targets]
        with Trees(project.repo) as trees:
            commits = _commits(project, trees, scope)
            for item, commit in named.outs(trees, project, commits, problems=problems):
                found = _matched(item, paths, recursive=recursive) if paths else Selected(item)
                if found is not None:
                    unknown = None
                    yield found, commit
    if unknown is not None:
        raise unknown


def _commits(project: Project, trees: Trees, scope: Scope) -> list[str]:
    repo = project.repo
    assert repo is not None  # noqa: S101 - the caller asked
    if scope.commits:
        return repo.run(["rev-list", "--all"]).decode("ascii").split()
    refs = [*(trees.branches() if scope.branches else ()), *(trees.tags() if scope.tags else ())]
    return list(dict.fromkeys(ref.commit for ref in refs))


def _matched(item: TrackedOut, paths: Sequence[str], *, recursive: bool) -> Selected | None:
    """Return an output of another revision as far as the targets mean it."""
    inner = []
    for path in paths:
        if path in (item.relpath, item.source) or (
            recursive and relpaths.inside(item.relpath, path)
        ):
            return Selected(item)
        if item.is_dir and relpaths.inside(path, item.relpath):
            inner.append(path[len(item.relpath) + 1 :])
    return Selected(item, tuple(inner)) if inner else None
