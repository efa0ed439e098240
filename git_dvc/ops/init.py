"""``git dvc init``: make a directory a project. Installing the hooks is the caller's."""

from __future__ import annotations

import os
import stat
from typing import NamedTuple

from git_dvc import fsutil
from git_dvc.errors import GitDvcError, InitError, quoted
from git_dvc.formats.ignore import DEFAULT_TEXT, NAME
from git_dvc.git import gitattributes
from git_dvc.git.repo import Repository
from git_dvc.project import DVC_DIR

GITIGNORE = "/config.local\n/tmp\n/cache\n"
NO_SCM_CONFIG = "[core]\n    no_scm = True\n"


class Result(NamedTuple):
    """What was made.

    Attributes:
        root: The project's root, absolute.
        repo: Its Git repository, or None.
        staged: Files that were staged, relative to the root.
    """

    root: str
    repo: Repository | None
    staged: list[str]


def init(
    path: str = ".", *, no_scm: bool = False, subdir: bool = False, force: bool = False
) -> Result:
    """Make the directory ``path`` a project; it is made if missing.

    Args:
        path: The directory.
        no_scm: Work without Git.
        subdir: Allow a directory below the top of a Git repository.
        force: Start over: configuration and state of an old project go, its cache stays
            (DVC deletes it, and with it perhaps the only copy of the data).

    Raises:
        InitError: Not possible here; nothing was changed.
    """
    if no_scm and subdir:
        raise InitError("--no-scm and --subdir exclude each other")
    root = os.path.realpath(path)
    start = root
    while not os.path.isdir(start):
        if os.path.lexists(start):
            raise InitError(f"not a directory: {quoted(path if start == root else start)}")
        start = os.path.dirname(start)
    repo = None if no_scm else Repository.discover(start)
    _check(root, repo, no_scm=no_scm, subdir=subdir, force=force)
    os.makedirs(root, exist_ok=True)
    dvc = os.path.join(root, DVC_DIR)
    tmp = os.path.join(dvc, "tmp")
    if force:
        for name in ("config", "config.local"):
            fsutil.remove_if_there(os.path.join(dvc, name))
    os.makedirs(tmp, exist_ok=True)
    scratch = os.path.join(tmp, "git-dvc")
    ours = [f"{DVC_DIR}/config"]
    config = NO_SCM_CONFIG if no_scm else ""
    if repo is not None:
        # First, so that a kill right here leaves nothing that Git would pick up.
        _write(dvc, ".gitignore", GITIGNORE, scratch)
        ours.append(f"{DVC_DIR}/.gitignore")
    if fsutil.lstat(os.path.join(root, NAME)) is None:
        _write(root, NAME, DEFAULT_TEXT, scratch)
        ours.append(NAME)
    _write(dvc, "config", config, scratch)
    with open(os.path.join(tmp, "btime"), "ab"):
        pass
    if repo is not None:
        repo.stage([os.path.join(root, name) for name in ours])
        ours += _stage_attributes(repo, root, scratch)
    return Result(root, repo, ours if repo is not None else [])


def _stage_attributes(repo: Repository, root: str, scratch: str) -> list[str]:
    """Have Git show and merge pointer files by our drivers; what cannot be written is left out.

    Changes of the user in the same file are not staged along: the lines wait for a commit.
    """
    lines, _ = gitattributes.missing(repo.run(gitattributes.question(), check=False))
    path = os.path.join(repo.top, gitattributes.NAME)
    found = fsutil.lstat(path)
    if not lines or (found is not None and not stat.S_ISREG(found.st_mode)):
        return []
    name = gitattributes.NAME
    was_clean = repo.call(["diff-files", "--quiet", "--", name]).code == 0
    if found is None:
        was_clean = not repo.tracked([name])  # else it is outside of a sparse checkout
    if not was_clean or repo.is_ignored([name]):
        return []
    data = fsutil.read_bytes(path) if found is not None else b""
    fsutil.atomic_write(path, gitattributes.add(data, lines), scratch)
    if found is not None and not repo.tracked([name]):
        return []
    repo.stage([name])
    return [os.path.relpath(path, root).replace(os.sep, "/")]


def _write(folder: str, name: str, text: str, scratch: str) -> None:
    fsutil.atomic_write(os.path.join(folder, name), text.encode(), scratch)


def _check(root: str, repo: Repository | None, *, no_scm: bool, subdir: bool, force: bool) -> None:
    dvc = fsutil.lstat(os.path.join(root, DVC_DIR))
    if dvc is not None and not stat.S_ISDIR(dvc.st_mode):
        raise InitError(f"{quoted(os.path.join(root, DVC_DIR))} is not a directory")
    if dvc is not None and not force and _is_project(root):
        raise InitError(
            f"there is a project in {quoted(root)} already",
            hint="'git dvc install' puts the hooks in place; "
            "'git dvc init -f' starts the configuration over (the cache stays)",
        )
    if no_scm:
        return
    if repo is None:
        raise InitError(
            f"not in a Git work tree: {quoted(root)}",
            hint="run 'git init' first, or use --no-scm to work without Git",
        )
    if root != repo.top and not subdir:
        raise InitError(
            f"{quoted(root)} is not the top of its Git repository ({quoted(repo.top)})",
            hint="start there, or use --subdir for a project of its own here",
        )
    ours = [f"{DVC_DIR}/", f"{DVC_DIR}/config", f"{DVC_DIR}/.gitignore"]
    if not os.path.lexists(os.path.join(root, NAME)):
        ours.append(NAME)
    paths = {os.path.join(root, name): name.rstrip("/") for name in ours}
    try:
        ignored = repo.is_ignored(paths)
    except GitDvcError:
        ignored = set()
    for path, name in paths.items():
        if path in ignored:
            raise InitError(
                f"Git ignores {quoted(os.path.join(root, name))}",
                hint=f"see why with 'git check-ignore -v {name}'",
            )


def _is_project(root: str) -> bool:
    return os.path.exists(os.path.join(root, DVC_DIR, "config"))
