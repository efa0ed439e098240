"""``git dvc clone``: Git clones, then the data comes. Installing the hooks is the caller's.

``parse`` reads the command line as ``git clone`` does, as far as it must: which words are the
URL and the directory, and whether anything will be checked out. ``run`` starts Git on the
user's own terminal. ``bring`` gets what the checked-out version needs and puts it in place, in
the repository and in its submodules.

Where the data comes from, in this order: from a cache that is there already (``cache.dir`` on a
shared disk), from the cache of the repository that was cloned, if that is a directory of this
machine, and from the remotes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import NamedTuple

from git_dvc import hashing
from git_dvc.errors import CloneError, GitDvcError, MissingObjectError, UsageError, quoted
from git_dvc.fsutil import Folder
from git_dvc.git.repo import Repository, git_program
from git_dvc.ops import sync
from git_dvc.ops.fetch import fetch
from git_dvc.ops.wanted import EVERYTHING
from git_dvc.progress import NoProgress, Progress
from git_dvc.project import DVC_DIR, Project
from git_dvc.store.cache import REFLINK, Cache

# The options of 'git clone' whose value is a word of its own; all others have none, or '='.
_WITH_VALUE = (
    "--branch",
    "--bundle-uri",
    "--config",
    "--depth",
    "--filter",
    "--jobs",
    "--origin",
    "--ref-format",
    "--reference",
    "--reference-if-able",
    "--revision",
    "--separate-git-dir",
    "--server-option",
    "--shallow-exclude",
    "--shallow-since",
    "--template",
    "--upload-pack",
)
_SHORT_WITH_VALUE = "bcjou"
_WITHOUT_WORK_TREE = ("--bare", "--mirror")
_CONFIGS = ("--", f"{DVC_DIR}/config", f"*/{DVC_DIR}/config")


class Request(NamedTuple):
    """What is to be cloned.

    Attributes:
        options: For ``git clone``, as they were given.
        url: The repository.
        folder: Where the clone goes, as given or as Git would name it.
        checks_out: Whether there will be a work tree with files in it.
    """

    options: list[str]
    url: str
    folder: str
    checks_out: bool


def parse(words: Sequence[str]) -> Request:
    """Return what a command line asks for.

    Args:
        words: All words after ``git dvc clone``.

    Raises:
        UsageError: No URL, too many words, or a clone without a work tree.
    """
    options: list[str] = []
    names: list[str] = []
    checks_out = True
    rest = iter(words)
    for word in rest:
        if word == "--":
            names += rest
        elif word == "-" or not word.startswith("-"):
            names.append(word)
        else:
            options.append(word)
            full = _full_name(word)
            if full in _WITHOUT_WORK_TREE:
                raise UsageError(
                    f"{full}: a repository without a work tree has no place for data",
                    hint=f"use 'git clone {full}'",
                )
            letters = "" if word.startswith("--") else word[1:]
            checks_out = checks_out and full != "--no-checkout" and "n" not in _flags(letters)
            if full in _WITH_VALUE or _wants_more(letters):
                options += [value for value in (next(rest, None),) if value is not None]
    if not names:
        raise UsageError("you must specify a repository to clone")
    if len(names) > 2:
        raise UsageError("too many arguments: a repository and a directory are all there is")
    folder = names[1] if names[1:] else directory_of(names[0])
    if not folder:
        raise UsageError(
            f"cannot tell a directory from {quoted(names[0])}", hint="name one after it"
        )
    return Request(options, names[0], folder, checks_out)


def _full_name(word: str) -> str:
    """Return the option that a word is short for, as far as it matters here."""
    name, has_value, _ = word.partition("=")
    if not name.startswith("--") or has_value:
        return name
    known = (*_WITH_VALUE, *_WITHOUT_WORK_TREE, "--no-checkout")
    if name in known:
        return name
    found = [one for one in known if one.startswith(name)]
    return found[0] if len(found) == 1 else name


def _flags(letters: str) -> str:
    """Return those short options of one word that come before a value."""
    for number, letter in enumerate(letters):
        if letter in _SHORT_WITH_VALUE:
            return letters[:number]
    return letters


def _wants_more(letters: str) -> bool:
    """Return whether the value of the last short option of a word is the next word."""
    flags = _flags(letters)
    return len(letters) == len(flags) + 1


def directory_of(url: str) -> str:
    """Return the name that Git gives a clone: the last part of the URL without ``.git``."""
    text = url.rstrip("/ \t\n")
    text = re.sub(r"(?<=.)/+\.git$", "", text).rstrip("/")
    text = re.sub(r"^[a-z][a-z0-9+.-]*://(?:[^/@]*@)?", "", text, flags=re.IGNORECASE)
    name = re.split(r"[/:]", text)[-1] if not re.fullmatch(r"[^/]*:\d+", text) else text
    name = re.sub(r"\.(?:git|bundle)$", "", name)
    return re.sub(r"[\x00-\x20]+", " ", name).strip() if name not in (".", "..") else ""


# -- Git's part -----------------------------------------------------------------------------


def run(request: Request, extra: Sequence[str] = ()) -> str:
    """Run ``git clone`` on the user's terminal, and return the directory, absolute.

    Hooks of ours that the clone may get from a template stay quiet: we do their work.

    Raises:
        CloneError: Git failed, and has said why.
    """
    argv = [git_program(), "clone", *extra, *request.options, "--", request.url, request.folder]
    env = {**os.environ, "GIT_DVC_SKIP": "1"}
    import subprocess  # its streams are the user's

    code = subprocess.call(argv, env=env)
    if code != 0:
        raise CloneError(code)
    return os.path.abspath(request.folder)


def opened(folder: str) -> list[Repository]:
    """Return the repository that was cloned, and every submodule that came along."""
    top = Repository.discover(folder)
    if top is None:
        return []
    found = [top]
    if os.path.lexists(os.path.join(top.top, ".gitmodules")):
        words = ["submodule", "foreach", "--quiet", "--recursive", 'printf "%s\\0" "$PWD"']
        for path in os.fsdecode(top.run(words, check=False)).split("\0"):
            module = Repository.discover(path) if path else None
            if module is not None and module.top != top.top:
                found.append(module)
    return found


def has_project(repo: Repository) -> bool:
    """Return whether there is a project in what was checked out, or in HEAD if nothing was."""
    if os.path.isdir(os.path.join(repo.top, DVC_DIR)) or repo.run(["ls-files", "-z", *_CONFIGS]):
        return True
    result = repo.call(["ls-tree", "-r", "-z", "--name-only", "HEAD"])
    wanted = f"{DVC_DIR}/config"
    names = os.fsdecode(result.out).split("\0") if result.code == 0 else []
    return any(f"/{name}".endswith(f"/{wanted}") for name in names)


# -- the data -------------------------------------------------------------------------------


def bring(repo: Repository, progress: Progress | None = None) -> sync.Report:
    """Put the data of the checked-out version in place.

    Args:
        repo: The fresh clone.
        progress: Told of the work.

    Returns:
        What was done; its projects name what the cache lacks.
    """
    watch = progress or NoProgress()
    problems: list[GitDvcError] = []
    remotes = os.fsdecode(repo.run(["remote"])).split()
    source = repo.config_get(f"remote.{remotes[0]}.url") or "" if remotes else ""
    for project in projects(repo, problems):
        with project:
            try:
                take(project, source, watch)
                for moved in fetch(project, EVERYTHING, watch):
                    problems += moved.errors
            except GitDvcError as problem:
                problems.append(problem)
    report = sync.sync(repo, watch)
    return report._replace(problems=[*report.problems, *problems]) if problems else report


def projects(repo: Repository, problems: list[GitDvcError]) -> list[Project]:
    """Return the projects in a work tree; those that cannot be opened become problems."""
    names = os.fsdecode(repo.run(["ls-files", "-z", *_CONFIGS])).split("\0")[:-1]
    return sync.open_projects(repo, names, None, problems)


def take(project: Project, source: str, progress: Progress) -> None:
    """Get into the cache what it lacks of the checked-out version and the source's cache has.

    Args:
        project: A project of the clone.
        source: The URL that it was cloned from.
        progress: Told of the work.
    """
    origin = _origin(project, source)
    if origin is None:
        return
    with origin, project.lock(progress):
        if os.path.realpath(origin.cache_root) == os.path.realpath(project.cache_root):
            return
        for name, values in _needed(project).items():
            theirs, ours = origin.cache(name), project.cache(name)
            missing = _with_content(values, ours, theirs)
            ours.prepare(REFLINK, len(missing))
            progress.start("copying data", files=len(missing))
            try:
                for value in sorted(missing):
                    _take(value, theirs, ours, progress)
                    progress.advance(files=1)
            finally:
                progress.finish()
                ours.flush()


def _origin(project: Project, source: str) -> Project | None:
    """Return the project that this one was cloned from, if it is on this machine."""
    path = source.removeprefix("file://")
    if not os.path.isdir(path) or project.repo is None:
        return None
    if os.path.basename(os.path.normpath(path)) == ".git":
        path = os.path.dirname(os.path.normpath(path))
    try:
        repo = Repository.discover(path)
        if repo is None:
            return None  # bare: nobody works there, so there is no data
        root = os.path.join(repo.top, project.prefix) if project.prefix else repo.top
        return Project(root, repo) if os.path.isdir(os.path.join(root, DVC_DIR)) else None
    except GitDvcError:
        return None


def _needed(project: Project) -> dict[str, set[str]]:
    """Return the hashes that the pointers name, by hash algorithm."""
    needed: dict[str, set[str]] = {}
    for item in project.tracked.outs.values():
        if item.out.hash is not None:
            needed.setdefault(item.out.hash_name, set()).add(item.out.hash)
    return needed


def _with_content(values: set[str], ours: Cache, theirs: Cache) -> set[str]:
    """Return what our cache lacks of these objects and of the files in directories."""
    wanted = set(values)
    for value in values:
        if hashing.is_dir(value):
            for cache in (ours, theirs):
                try:
                    wanted.update(cache.read_manifest(value).values())
                    break
                except (GitDvcError, OSError):
                    continue  # what is missing is named when the data is put in place
    return ours.lacks(wanted)


def _take(value: str, theirs: Cache, ours: Cache, progress: Progress) -> None:
    """Copy one object; its content is hashed on the way and gets the name that it has."""
    try:
        if hashing.is_dir(value):
            ours.store_bytes(theirs.read_manifest_bytes(value), hashing.DIR_SUFFIX)
            return
        folder, name = os.path.split(theirs.path(value))
        if theirs.has(value):
            ours.store_file(Folder(folder, None), name, how=REFLINK, progress=progress)
    except MissingObjectError:
        pass  # it is named when the data is put in place
