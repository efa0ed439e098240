"""``git dvc version``: the program, the machine, and what works in this project.

Everything here is found by trying: link types by making links, the file systems from the
kernel's list of mounts. A project that is read-only or broken still gets a report.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import NamedTuple

from git_dvc import __version__, fsutil
from git_dvc.errors import GitDvcError
from git_dvc.git.repo import Repository, git_version
from git_dvc.project import Project
from git_dvc.workspace import links


class Place(NamedTuple):
    """A directory and where it is mounted.

    Attributes:
        path: Absolute.
        file_system: Such as ``ext4 on /dev/vda``; '' where it cannot be known.
    """

    path: str
    file_system: str


class Here(NamedTuple):
    """What is true of one project.

    Attributes:
        work_tree: Its root.
        kind: How it is kept: ``Git repository``, ``linked work tree of PATH``, ...
        cache: The cache directory, which need not exist yet.
        links: Whether each link type works between the two; empty if it cannot be tried.
        chosen: ``cache.type``.
        hooks: State of each Git hook; empty without Git.
        configs: Config files that exist, by level.
    """

    work_tree: Place
    kind: str
    cache: Place
    links: dict[str, bool]
    chosen: tuple[str, ...]
    hooks: dict[str, str]
    configs: dict[str, str]


class Report(NamedTuple):
    """Versions of the program and what it runs on; ``here`` is None outside of a project."""

    program: str
    python: str
    system: str
    git: str
    here: Here | None


def report(hook_states: Callable[[Repository], Mapping[str, str]]) -> Report:
    """Return what can be told from the current directory.

    Args:
        hook_states: Tells how each hook stands; ``hooks/`` knows, and this module does not
            know ``hooks/``.
    """
    try:
        git = ".".join(map(str, git_version())) or "unknown"
    except GitDvcError as problem:
        git = problem.message
    system = os.uname() if hasattr(os, "uname") else None
    return Report(
        __version__,
        ".".join(map(str, sys.version_info[:3])),
        f"{system.sysname} {system.release} {system.machine}" if system else sys.platform,
        git,
        _here(hook_states),
    )


def _here(hook_states: Callable[[Repository], Mapping[str, str]]) -> Here | None:
    try:
        project = Project.open()
    except GitDvcError:
        return None
    with project:
        hooks: dict[str, str] = {}
        if project.repo is not None:
            hooks.update(hook_states(project.repo))
        return Here(
            Place(project.root, _file_system(project.root)),
            _kind(project),
            Place(project.cache_root, _file_system(project.cache_root)),
            _links(project),
            project.link_types,
            hooks,
            {
                layer.level: layer.path
                for layer in project.config.layers
                if os.path.exists(layer.path)
            },
        )


def _kind(project: Project) -> str:
    repo = project.repo
    if repo is None:
        return "without Git"
    kind = "Git repository"
    if repo.git_dir != repo.common_dir:
        kind = "submodule" if "modules" in repo.git_dir.split(os.sep) else "linked work tree"
        main = repo.main_top()
        if main is not None:
            kind = f"{kind} of {main}"
    return f"{kind}, in {project.prefix}" if project.prefix else kind


def _links(project: Project) -> dict[str, bool]:
    """Try the link types in temporary directories; nothing if those cannot be made."""
    cache = os.path.join(project.cache_root, "tmp")
    work = os.path.join(project.root, *project.work_tmp.split("/"))
    made = []
    try:
        for folder in (project.cache_root, cache, work):
            if fsutil.lstat(folder) is None:
                os.makedirs(folder)
                made.append(folder)
        return links.supported(cache, work)
    except OSError:
        return {}
    finally:
        for folder in reversed(made):
            try:
                os.rmdir(folder)
            except OSError:
                pass


def _file_system(path: str) -> str:
    """Return kind and device of the mount that holds a path, as far as Linux tells."""
    place = os.path.realpath(path)
    best = ("", "")
    try:
        with open("/proc/self/mountinfo", "rb") as stream:
            lines = os.fsdecode(stream.read()).splitlines()
    except OSError:
        return ""
    for line in lines:
        about, _, rest = line.partition(" - ")
        words, kinds = about.split(" "), rest.split(" ")
        if len(words) < 5 or len(kinds) < 2:
            continue
        mount = words[4].encode().decode("unicode_escape") if "\\" in words[4] else words[4]
        if (place + "/").startswith(mount.rstrip("/") + "/") and len(mount) >= len(best[0]):
            best = (mount, f"{kinds[0]} on {kinds[1]}")
    return best[1]
