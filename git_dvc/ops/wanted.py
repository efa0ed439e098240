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
        stays: Whether it is never sent (``push: false``), so that nobody expects it on a remote.
    """

    path: str
    commit: str = ""
    inner: tuple[str, ...] = ()
    stays: bool = False


Wanted = dict[Object, list[Place]]
"""The outputs that each object is."""


class Scope(NamedTuple):
    """Which revisions count beside the work tree."""

    branches: bool = False
    tags: bool = False
    commits: bool = False


HERE = Scope()
"""The work tree alone."""


class Asked(NamedTuple):
    """What the user wants to be sent, brought or compared.

    Attributes:
        targets: Pointer files, stages or data paths; everything for none.
        scope: Revisions whose data counts, too.
        recursive: Targets may be directories with outputs in them.
        with_deps: For stages: also what they depend on.
        remote: The remote instead of the default one; None: the default one.
        jobs: How many at a time, at most.
        run_cache: Also the run cache: which run of a stage made what.
        max_size_bytes: Only outputs below this size.
        kind: Only ``metrics`` or ``plots``.
    """

    targets: Sequence[str] = ()
    scope: Scope = HERE
    recursive: bool = False
    with_deps: bool = False
    remote: str | None = None
    jobs: int | None = None
    run_cache: bool = False
    max_size_bytes: int | None = None
    kind: str = ""

    def means(self, item: TrackedOut) -> bool:
        """Return whether an output is of the size and kind that is wanted."""
        if self.max_size_bytes is not None and (item.out.size or 0) >= self.max_size_bytes:
            return False
        return not self.kind or item.kind == self.kind


EVERYTHING = Asked()
"""All data of the work tree."""


def by_remote(
    found: Iterable[tuple[Selected, str]],
    default: str | None,
    shown: Callable[[str], str],
    *,
    staying: bool = False,
) -> dict[str | None, Wanted]:
    """Return what is to be on each remote; None for data that has no remote.

    Left out are outputs of other repositories, which keep their data, and those whose hash is
    not known.

    Args:
        found: Outputs, with the commit that names them or ''.
        default: The remote of outputs that do not name one.
        shown: Turns a relpath into a path as it is shown.
        staying: Also outputs that are never sent (``push: false``).
    """
    wanted: dict[str | None, Wanted] = {}
    for chosen, commit in found:
        item = chosen.item
        stays = not item.out.push
        if item.out.hash is None or (stays and not staying) or item.from_repo:
            continue
        remote = item.out.remote.lower() if item.out.remote else default
        whole = (item.out.hash_name, item.out.hash)
        places = wanted.setdefault(remote, {}).setdefault(whole, [])
        places.append(Place(shown(item.relpath), commit, chosen.inner, stays))
    return wanted


def asked_for(
    project: Project, asked: Asked, problems: list[FormatError] | None = None
) -> Iterator[tuple[Selected, str]]:
    """Yield the outputs that the user means, and the newest commit that names each ('' if here).

    Args:
        project: The project.
        asked: What the user wants.
        problems: Gets the pointer files that cannot be used.

    Raises:
        UnknownTargetError: A target is tracked neither here nor in these revisions.
    """
    targets = asked.targets
    elsewhere = project.repo is not None and any(asked.scope)
    unknown = _unknown_here(project, asked) if elsewhere else {}
    here = [target for target in targets if target not in unknown]
    if here or not targets:
        for chosen in select(project, here, recursive=asked.recursive, with_deps=asked.with_deps):
            if asked.means(chosen.item):
                yield chosen, ""
        if problems is not None and not targets:
            problems += project.tracked.problems
    if project.repo is not None and elsewhere:
        paths = {target: project.relpath(target).rstrip("/") for target in targets}
        with Trees(project.repo) as trees:
            commits = _commits(project, trees, asked.scope)
            for item, commit in named.outs(trees, project, commits, problems=problems):
                for target in [one for one in unknown if _matched(item, [paths[one]], asked)]:
                    del unknown[target]
                found = _matched(item, paths.values(), asked) if paths else Selected(item)
                if found is not None and asked.means(item):
                    yield found, commit
    for error in unknown.values():
        raise error


def _unknown_here(project: Project, asked: Asked) -> dict[str, UnknownTargetError]:
    """Return the targets that mean nothing in the work tree, each with its error."""
    unknown = {}
    for target in asked.targets:
        try:
            select(project, [target], recursive=asked.recursive)
        except UnknownTargetError as error:
            unknown[target] = error
    return unknown


def _commits(project: Project, trees: Trees, scope: Scope) -> list[str]:
    repo = project.repo
    assert repo is not None  # noqa: S101 - the caller asked
    if scope.commits:
        return repo.run(["rev-list", "--all"]).decode("ascii").split()
    refs = [*(trees.branches() if scope.branches else ()), *(trees.tags() if scope.tags else ())]
    return list(dict.fromkeys(ref.commit for ref in refs))


def _matched(item: TrackedOut, paths: Iterable[str], asked: Asked) -> Selected | None:
    """Return an output of another revision as far as the targets mean it."""
    inner = []
    for path in paths:
        if path in (item.relpath, item.source) or (
            asked.recursive and relpaths.inside(item.relpath, path)
        ):
            return Selected(item)
        if item.is_dir and relpaths.inside(path, item.relpath):
            inner.append(path[len(item.relpath) + 1 :])
    return Selected(item, tuple(inner)) if inner else None
