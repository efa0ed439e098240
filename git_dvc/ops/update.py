"""``git dvc update``: bring the newest version of what was imported."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from contextlib import ExitStack

from git_dvc.errors import (
    CannotImportError,
    GitDvcError,
    UnknownTargetError,
    UnsavedDataError,
    UsageError,
    argument,
    quoted,
)
from git_dvc.formats.imports import Dep, Repo
from git_dvc.ops import imports, refetch, to_remote
from git_dvc.ops import record as recording
from git_dvc.ops.checkout import check_not_busy
from git_dvc.ops.imports import Content, Imported
from git_dvc.ops.select import Selected, select
from git_dvc.ops.source import Source
from git_dvc.ops.status import CLEAN, DELETED, examine
from git_dvc.progress import NoProgress, Progress
from git_dvc.project import Project
from git_dvc.tracked import TrackedOut


def update(
    project: Project,
    targets: Sequence[str],
    *,
    rev: str | None = None,
    recursive: bool = False,
    download: bool = True,
    to: str | None = None,
    jobs: int | None = None,
    force: bool = False,
    progress: Progress | None = None,
    errors: list[GitDvcError] | None = None,
) -> list[Imported]:
    """Ask the sources of imports, bring what is new and put it in place.

    Args:
        project: The project.
        targets: Pointer files or data paths.
        rev: For imports from repositories: follow this revision from now on.
        recursive: Targets may be directories with imports in them.
        download: Bring the data; else only which version it is, is recorded.
        to: Send it to this remote ('' is the default one) and keep none of it here.
        jobs: How many files at a time.
        force: Replace data that was changed here; it is kept for undo.
        progress: Told of the work.
        errors: Gets what is wrong with one source, so that the others are asked all the same.

    Returns:
        What was done, one for each import that could be asked.

    Raises:
        UnknownTargetError: A target is no import.
        UnsavedDataError: Data was changed here and not saved; nothing was changed.
        GitDvcError: A source cannot be used, if ``errors`` is None; nothing was changed.
    """
    watch = progress or NoProgress()
    items = _chosen(project, targets, recursive)
    deps = [imports.dep_of(item) for item in items]
    if rev is not None:
        other = next((i for i, d in zip(items, deps, strict=True) if d.repo is None), None)
        if other is not None:
            shown = quoted(project.shown(other.source))
            raise UsageError(f"--rev: {shown} is not from a repository and has no revisions")
    if to is not None and any(dep.repo for dep in deps):
        raise UsageError("--to-remote: data of other repositories stays with them")
    differing = _differing(project, items, watch, force=force) if to is None else set()
    brought: list[tuple[TrackedOut, Content | None]] = []
    with ExitStack() as stack:
        opened: dict[str, Source] = {}

        def open_source(repo: Repo) -> Source:
            """Open a repository, once for all imports from it."""
            key = str(repo._replace(rev_lock=None))
            if key not in opened:
                source = imports.open_source(project, repo, watch, repo.rev)
                opened[key] = stack.enter_context(source)
            return opened[key]

        for item, dep in zip(items, deps, strict=True):
            try:
                if dep.repo is None:
                    content = _of_address(
                        project, item, dep, watch, download=download, to=to, jobs=jobs
                    )
                else:
                    repo = dep.repo._replace(rev=rev or dep.repo.rev)
                    content = _of_repository(
                        project, item, dep, repo, open_source, watch, download=download, jobs=jobs
                    )
                brought.append((item, content))
            except GitDvcError as problem:
                if errors is None:
                    raise
                errors.append(problem)
    if not download:
        differing.clear()
    return _take(project, brought, watch, "update", differing, force=force, place=to is None)


def complete(
    project: Project,
    items: Sequence[TrackedOut],
    progress: Progress,
    jobs: int | None = None,
) -> tuple[list[Imported], list[GitDvcError]]:
    """Bring the data of imports that were recorded without it, at the version that was recorded.

    Args:
        project: The project.
        items: Imports without a hash.
        progress: Told of the work.
        jobs: How many files at a time.

    Returns:
        What was done, and what went wrong.
    """
    brought = []
    errors = []
    for item in items:
        try:
            brought.append((item, _recorded(project, item, imports.dep_of(item), progress, jobs)))
        except GitDvcError as problem:
            errors.append(problem)
    return _take(project, brought, progress, "pull"), errors


def _recorded(
    project: Project, item: TrackedOut, dep: Dep, progress: Progress, jobs: int | None
) -> Content:
    if dep.repo is not None:
        rev = dep.repo.rev_lock or dep.repo.rev
        with imports.open_source(project, dep.repo, progress, rev) as source:
            return imports.bring_from(project, item, source, dep, progress, jobs=jobs)
    origin = imports.origin_of(project, item, dep)
    try:
        content = imports.bring(project, item, origin, dep, progress, jobs=jobs)
    finally:
        origin.close()
    if dep.hash is not None and content.dep.hash != dep.hash:
        raise CannotImportError(
            f"{quoted(origin.where)} has changed since {quoted(project.shown(item.source))} "
            "recorded it",
            hint="bring what it is now with "
            f"'git dvc update {argument(project.shown(item.source))}'",
        )
    return content


def _chosen(project: Project, targets: Sequence[str], recursive: bool) -> list[TrackedOut]:
    found = [chosen.item for chosen in select(project, targets, recursive=recursive)]
    imported = [item for item in found if item.origin is not None]
    if not recursive and len(imported) < len(found):
        other = next(item for item in found if item.origin is None)
        raise CannotImportError(
            f"not an import: {quoted(project.shown(other.source))}",
            hint="only data that 'git dvc import' or 'import-url' brought has a source to ask",
        )
    if not imported:
        raise UnknownTargetError(targets[0])
    return imported


def _differing(
    project: Project, items: Sequence[TrackedOut], progress: Progress, *, force: bool
) -> set[str]:
    """Return the outputs that are not what their pointers say: changed here, or never put there.

    Raises:
        UnsavedDataError: What was changed is nowhere else, and ``force`` is not given.
    """
    differing = set()
    unsaved = []
    for item in items:
        state = examine(project, Selected(item), progress, check_cache=False)
        if state.kind == CLEAN:
            continue
        if item.out.hash is not None:
            differing.add(item.relpath)
        if state.kind == DELETED:
            continue
        lacking = project.cache(item.out.hash_name).lacks(state.current.values())
        unsaved += [
            project.shown(f"{item.relpath}/{path}" if path else item.relpath)
            for path, value in state.current.items()
            if value in lacking
        ]
    if unsaved and not force:
        raise UnsavedDataError(unsaved, "save them elsewhere, or replace them with --force")
    return differing


def _of_address(
    project: Project,
    item: TrackedOut,
    dep: Dep,
    progress: Progress,
    *,
    download: bool,
    to: str | None,
    jobs: int | None,
) -> Content | None:
    """Bring the newest version of an address; None if it is the one that is recorded."""
    is_complete = _is_complete(project, item, download)
    if to is not None:
        is_complete = item.out.hash is not None
    origin = imports.origin_of(project, item, dep)
    try:
        if not imports.has_changed(origin, dep) and is_complete:
            return None
        if to is not None:
            content = to_remote.bring(project, item, origin, dep, to, progress, jobs)
        else:
            content = imports.bring(
                project, item, origin, dep, progress, download=download, jobs=jobs
            )
    finally:
        origin.close()
    same = content.dep.hash is not None and content.dep.hash == dep.hash
    return None if same and is_complete else content


def _of_repository(
    project: Project,
    item: TrackedOut,
    dep: Dep,
    repo: Repo,
    open_source: Callable[[Repo], Source],
    progress: Progress,
    *,
    download: bool,
    jobs: int | None,
) -> Content | None:
    """Bring the newest version of a repository; None if it is the one that is recorded."""
    source = open_source(repo)
    same = repo == dep.repo and source.commit == repo.rev_lock
    if same and _is_complete(project, item, download):
        return None
    dep = dep._replace(repo=repo)
    return imports.bring_from(project, item, source, dep, progress, download=download, jobs=jobs)


def _is_complete(project: Project, item: TrackedOut, download: bool) -> bool:
    """Return whether the data of the version that is recorded is here, if it is asked for."""
    return not download or not (item.out.hash is None or refetch.lacks(project, item))


def _take(
    project: Project,
    brought: Sequence[tuple[TrackedOut, Content | None]],
    progress: Progress,
    kind: str,
    differing: Set[str] = frozenset(),
    *,
    force: bool = False,
    place: bool = True,
) -> list[Imported]:
    """Record new versions and put them in place, in one operation.

    Args:
        project: The project.
        brought: Imports, with a new version or None.
        progress: Told of the work.
        kind: What the operation log calls it.
        differing: Outputs that are to be put in place also without a new version; an update that
            was killed may have left them.
        force: Discard unsaved data.
        place: Put anything in place at all.
    """
    due = {item.relpath for item, content in brought if content or item.relpath in differing}
    if not due:
        return [Imported(item.relpath, item.source) for item, _ in brought]
    with project.lock(progress), project.operation(kind):
        project.forget_tracked()
        check_not_busy(project, sorted(due))
        changed = {
            item.relpath: imports.record(project, item, content, fresh=False)
            for item, content in brought
            if content is not None
        }
        staged = recording.stage(project, [path for paths in changed.values() for path in paths])
        done = []
        for item, content in brought:
            placed = None
            out = content.out if content is not None else item.out
            if place and item.relpath in due and out.hash is not None:
                placed = imports.place(project, item, out, progress, force=force)
            paths = changed.get(item.relpath, ())
            done.append(Imported(item.relpath, item.source, content, paths, staged, placed))
    return done
