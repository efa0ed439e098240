"""Bringing the data of imports again from where it came from, if the cache lacks it.

Data of another repository is never on this project's remotes, so that repository is asked, at the
commit that was recorded. What came from an address is on the remotes like all data; its source is
asked when it is not, and believed only if it still has the very same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from git_dvc import hashing, relpaths
from git_dvc.errors import (
    CorruptObjectError,
    FormatError,
    GitDvcError,
    MissingObjectError,
    NowhereError,
    path_lines,
    quoted,
)
from git_dvc.formats.imports import Dep, Repo
from git_dvc.ops import imports
from git_dvc.ops.push import Moved
from git_dvc.ops.remote import without_password
from git_dvc.ops.select import Selected
from git_dvc.ops.source import Brought, Source
from git_dvc.progress import Progress
from git_dvc.project import Project
from git_dvc.tracked import TrackedOut

Wanted = tuple[Selected, str, Dep]
"""An import, the commit that names it or '', and its source."""


def from_repositories(
    project: Project,
    found: Iterable[tuple[Selected, str]],
    progress: Progress,
    jobs: int | None = None,
) -> list[Moved]:
    """Bring what was imported from other repositories and is not in the cache.

    Args:
        project: The project.
        found: Outputs, with the commit that names them or ''; others than such imports are
            left out.
        progress: Told of the work.
        jobs: How many files at a time.

    Returns:
        What came from each repository.
    """
    groups: dict[str, tuple[Repo, list[Wanted]]] = {}
    seen: set[tuple[str | None, str, tuple[str, ...]]] = set()
    moved = []
    for chosen, commit in found:
        item = chosen.item
        if not item.from_repo or item.out.hash is None or not _lacks(project, chosen):
            continue
        try:
            dep = imports.dep_of(item)
        except FormatError as problem:
            moved.append(Moved(item.source, 0, 0, [], [problem]))
            continue
        assert dep.repo is not None  # noqa: S101 - from_repo says so
        mark = (item.out.hash, f"{dep.repo}{dep.path}", chosen.inner)
        if mark not in seen:
            seen.add(mark)
            groups.setdefault(str(dep.repo[2:]) + dep.repo.url, (dep.repo, []))[1].append(
                (chosen, commit, dep)
            )
    for repo, wanted in groups.values():
        moved.append(_from_repository(project, repo, wanted, progress, jobs))
    return moved


def _from_repository(
    project: Project, repo: Repo, wanted: Sequence[Wanted], progress: Progress, jobs: int | None
) -> Moved:
    where = without_password(repo.url)
    files = size_bytes = 0
    missing: list[tuple[str, str]] = []
    errors: list[GitDvcError] = []
    progress.start(f"Fetching from {where}")
    try:
        with imports.open_source(project, repo, progress, repo.rev_lock or repo.rev) as source:
            for chosen, commit, dep in wanted:
                try:
                    count, size = _bring(project, source, chosen, dep, progress, jobs)
                    files += count
                    size_bytes += size
                except NowhereError:
                    missing.append((project.shown(chosen.item.shown), commit))
                except GitDvcError as problem:
                    errors.append(problem)
    except GitDvcError as problem:
        names = [project.shown(chosen.item.shown) for chosen, _, _ in wanted]
        problem.details += ["these imports were not brought:", *path_lines(names)]
        errors.append(problem)
    finally:
        progress.finish()
    return Moved(where, files, size_bytes, missing, errors)


def _bring(
    project: Project,
    source: Source,
    chosen: Selected,
    dep: Dep,
    progress: Progress,
    jobs: int | None,
) -> tuple[int, int]:
    """Bring one import, or the paths in it that are wanted; return number and size of files."""
    item = chosen.item
    entry = source.entry(dep.path)
    cache = project.cache(item.out.hash_name)
    if not chosen.inner or not entry.is_dir or entry.hash != item.out.hash:
        brought = source.bring(dep.path, cache, progress, jobs)
        if brought.hash != item.out.hash:
            raise GitDvcError(
                f"{quoted(source.where)} has something else at {quoted(dep.path)} than "
                f"{quoted(project.shown(item.source))} says",
                hint=f"bring what it has now with 'git dvc update "
                f"{quoted(project.shown(item.source))}'",
            )
        return _count(brought), brought.size_bytes
    source.fetch([entry], project.cache, progress, jobs)
    files = size_bytes = 0
    for inner in chosen.inner:
        part = source.bring(relpaths.join(dep.path, inner), cache, progress, jobs)
        files += _count(part)
        size_bytes += part.size_bytes
    return files, size_bytes


def _count(brought: Brought) -> int:
    return 1 if brought.nfiles is None else brought.nfiles


def lacks(project: Project, item: TrackedOut) -> bool:
    """Return whether the cache lacks anything of an output."""
    return _lacks(project, Selected(item))


def _lacks(project: Project, chosen: Selected) -> bool:
    """Return whether the cache lacks anything that is wanted of an output."""
    item = chosen.item
    value = item.out.hash
    if value is None:
        return False
    cache = project.cache(item.out.hash_name)
    if not hashing.is_dir(value):
        return not cache.has(value)
    try:
        listing = cache.read_manifest(value)
    except (MissingObjectError, CorruptObjectError, FormatError):
        return True
    return bool(cache.lacks(member for path, member in listing.items() if chosen.wants(path)))


def from_addresses(
    project: Project,
    found: Iterable[tuple[Selected, str]],
    moved: Sequence[Moved],
    progress: Progress,
    jobs: int | None = None,
) -> list[Moved]:
    """Bring from their addresses what no remote had, of data that 'import-url' brought.

    Args:
        project: The project.
        found: Outputs, with the commit that names them or ''.
        moved: What came from the remotes, and what did not.
        progress: Told of the work.
        jobs: How many files at a time.

    Returns:
        ``moved`` without what is there now, and what came from each address.
    """
    lost = [path for one in moved for path, _ in one.missing]
    if not lost:
        return list(moved)
    more = []
    back: list[str] = []
    for chosen, commit in found:
        item = chosen.item
        shown = project.shown(item.relpath)
        if item.origin is None or item.from_repo or item.out.hash is None:
            continue
        if not any(relpaths.inside(path.rstrip("/"), shown) for path in lost):
            continue
        one = _from_address(project, chosen, commit, progress, jobs)
        if not _lacks(project, chosen):
            back.append(shown)
        if one is not None:
            more.append(one)
    rest = [
        one._replace(
            missing=[
                (path, commit)
                for path, commit in one.missing
                if not any(relpaths.inside(path.rstrip("/"), shown) for shown in back)
            ]
        )
        for one in moved
    ]
    return [*rest, *more]


def _from_address(
    project: Project, chosen: Selected, commit: str, progress: Progress, jobs: int | None
) -> Moved | None:
    if not _lacks(project, chosen):
        return None  # another commit's import had the same
    item = chosen.item
    where = item.source
    try:
        dep = imports.dep_of(item)
        where = without_password(dep.path)
        origin = imports.origin_of(project, item, dep)
        try:
            if dep.hash is not None and imports.is_known_to_differ(origin, dep):
                return None  # an older version than what is there now
            content = imports.bring(project, item, origin, dep, progress, jobs=jobs)
        finally:
            origin.close()
    except GitDvcError as problem:
        return Moved(where, 0, 0, [], [problem])
    if content.out.hash != item.out.hash:
        return None
    return Moved(where, content.files, content.size_bytes, [], [])
