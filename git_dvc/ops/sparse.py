"""Keeping data safe when a directory leaves the sparse checkout.

In cone mode Git deletes such a directory with everything in it that is ignored, and data and
cache are ignored. It stops at a directory that holds a file it does not know, and it runs the
post-index-change hook just before. So the hook puts one tracked file back: ``.dvc/config``,
which saves the cache, and the pointer files of outputs that hold unsaved data. Git then says
that it left the directory, and we say why.

All other data outside of the cone goes as the pointer files have gone.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from git_dvc import fsutil
from git_dvc.git.repo import Repository
from git_dvc.progress import Progress
from git_dvc.project import DVC_DIR, Project
from git_dvc.store.state import Placed
from git_dvc.workspace.scan import MISSING, hash_dirty, scan


def keep_projects(repo: Repository, names: Iterable[str]) -> list[str]:
    """Put back the configuration of projects whose ``.dvc`` Git is about to delete.

    Args:
        repo: The repository.
        names: What the index has.

    Returns:
        The ``.dvc`` directories that were kept, from the top of the work tree.
    """
    kept = []
    for name in names:
        if not f"/{name}".endswith(f"/{DVC_DIR}/config"):
            continue
        folder = os.path.dirname(name)
        path = os.path.join(repo.top, folder)
        if os.path.lexists(os.path.join(repo.top, name)) or not os.path.isdir(path):
            continue
        if os.path.islink(path):
            continue
        left_out = repo.left_out([folder])
        if name in left_out:
            _put_back(repo, [path for path in left_out if os.path.dirname(path) == folder])
            kept.append(folder)
    return kept


def keep_unsaved(project: Project, absent: Iterable[str], progress: Progress) -> list[str]:
    """Put back pointer files that left the cone while their outputs hold unsaved data.

    Args:
        project: The project.
        absent: Its pointer and lock files that are not in the work tree, from its root.
        progress: Told of the files that must be read.

    Returns:
        The outputs with unsaved data, relative to the project.
    """
    repo = project.repo
    gone = set(absent)
    if repo is None or not gone:
        return []
    held = [header for header in project.state.headers().values() if header.pointer in gone]
    if not held:
        return []
    left_out = repo.left_out([project.git_path(header.pointer) for header in held])
    unsaved = [
        header
        for header in held
        if project.git_path(header.pointer) in left_out
        and _has_unsaved(project, header.relpath, progress)
    ]
    _put_back(repo, [project.git_path(header.pointer) for header in unsaved])
    return sorted(header.relpath for header in unsaved)


def _has_unsaved(project: Project, relpath: str, progress: Progress) -> bool:
    record = project.state.placed(relpath) or Placed(relpath)
    cache = project.cache(record.algorithm)
    found = scan(project.root, relpath, record.entries, project.ignore)
    if found.kind == MISSING:
        return False
    hash_dirty(project.root, relpath, found, cache, progress)
    values = found.manifest().values()
    return bool(found.problems) or not all(values) or bool(cache.lacks(values))


def _put_back(repo: Repository, paths: Iterable[str]) -> None:
    """Write files as the index has them, with the ignore file beside each.

    Git 2.39 only takes a file for one it does not know if it also finds the ignore file.
    """
    wanted = set(paths)
    beside = [os.path.join(os.path.dirname(path), ".gitignore") for path in wanted]
    for path in sorted(wanted | (repo.left_out(beside) if beside else set())):
        full = os.path.join(repo.top, path)
        folder = os.path.dirname(full)
        if os.path.lexists(full) or not os.path.isdir(folder) or _is_behind_link(repo.top, path):
            continue
        data = repo.run(["cat-file", "--filters", f":{path}"])
        fsutil.atomic_write(full, data, folder, durable=False)


def _is_behind_link(top: str, path: str) -> bool:
    place = os.path.dirname(path)
    while place:
        if os.path.islink(os.path.join(top, place)):
            return True
        place = os.path.dirname(place)
    return False
