"""``git dvc import``: bring data from another repository and track where it came from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from git_dvc.errors import CannotImportError, UsageError, quoted
from git_dvc.formats import config as configs
from git_dvc.formats.imports import Dep, Repo
from git_dvc.formats.pointer import Out
from git_dvc.ops import imports, outside
from git_dvc.ops import record as recording
from git_dvc.ops.checkout import check_not_busy
from git_dvc.ops.import_url import check_public
from git_dvc.ops.imports import Content, Imported
from git_dvc.progress import NoProgress, Progress
from git_dvc.project import Project
from git_dvc.tracked import is_pointer


def import_data(
    project: Project,
    url: str,
    path: str,
    out: str | None = None,
    *,
    rev: str | None = None,
    config: str | None = None,
    remote: str | None = None,
    remote_config: Mapping[str, str] | None = None,
    execute: bool = True,
    download: bool = True,
    jobs: int | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> Imported:
    """Bring a file or directory of a repository and track it as an import.

    Args:
        project: The project.
        url: The repository: a path or a Git URL.
        path: In it; tracked by Git or as data.
        out: Where it is to go, or the directory it is to go into; here if None.
        rev: The branch, tag or commit to take it from, and to follow.
        config: A config file to merge with the repository's.
        remote: Name of the repository's remote to use.
        remote_config: Options for that remote.
        execute: Ask the repository; else only the pointer is written.
        download: Bring the data; else only which version it is, is recorded.
        jobs: How many files at a time.
        force: Replace what is there; it is kept for undo.
        progress: Told of the work.

    Raises:
        OccupiedError: Something is there already.
        GitDvcError: The repository or what is asked of it is not there; nothing was written.
    """
    watch = progress or NoProgress()
    check_public(url, remote_config)
    if is_pointer(path.rstrip("/")):
        raise CannotImportError(
            f"{quoted(path)} describes data, it is none",
            hint=f"name the data itself: '{quoted(path.rstrip('/').removesuffix('.dvc'))}'",
        )
    name = outside.landing_place(path, out)
    repo = Repo(_recorded(project, url), rev, None, *_choice(config, remote, remote_config))
    dep = Dep(path.strip("/") or path, {}, repo)
    item = imports.check_place(project, name, dep, force=force)
    if execute:
        with imports.open_source(project, repo, watch, rev) as source:
            if source.root and os.path.realpath(source.root) == os.path.realpath(project.root):
                raise CannotImportError("a project cannot import from itself")
            content = imports.bring_from(
                project, item, source, dep, watch, download=download, jobs=jobs
            )
    else:
        content = Content(Out(item.out.path), dep)
    with project.lock(watch), project.operation("import"):
        project.forget_tracked()
        item = imports.check_place(project, name, dep, force=force)
        check_not_busy(project, [item.relpath])
        changed = imports.record(project, item, content, executed=execute)
        staged = recording.stage(project, changed)
        placed = None
        if content.out.hash is not None:
            placed = imports.place(project, item, content.out, watch, force=force)
    return Imported(item.relpath, item.source, content, changed, staged, placed)


def _recorded(project: Project, url: str) -> str:
    """Return a repository's address as the pointer file is to have it.

    A relative path was typed in the current directory and starts at the project's top there.
    """
    if configs.url_scheme(url) or os.path.isabs(url) or not os.path.isdir(url):
        return url
    if os.getcwd() == project.root:
        return url
    return os.path.relpath(os.path.realpath(url), project.root).replace(os.sep, "/")


def _choice(
    config: str | None, remote: str | None, options: Mapping[str, str] | None
) -> tuple[str | dict[str, Any] | None, str | dict[str, Any] | None]:
    """Return ``config`` and ``remote`` of the pointer file, as DVC composes them.

    Raises:
        UsageError: A config file cannot be combined with both others.
    """
    if remote and options:
        if config:
            raise UsageError("--config cannot be used together with --remote and --remote-config")
        return {"core": {"remote": remote}, "remote": {remote: dict(options)}}, None
    return config, remote or (dict(options) if options else None)
