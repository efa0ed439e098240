"""git-dvc from Python: reading versioned data, parameters and metrics, of any repository.

::

    from git_dvc import api

    with api.open("data/train.csv", repo="https://host/registry.git", rev="v1.0") as file:
        header = file.readline()

    labels = api.read("labels.txt")                  # here, as it is in the work tree
    before = api.read("labels.txt", rev="HEAD~1")    # and as it was
    lr = api.params_show(rev="v1.0")["train"]["lr"]

Names and arguments are those of ``dvc.api``, so its users change the import. Everywhere

* ``repo`` is a directory, a bare clone or a Git URL; without it, the project around the current
  directory.
* ``rev`` is a branch, tag or commit. Without it, a directory is read as its work tree is, and a
  URL or bare clone at its HEAD.
* paths start at the top of the repository. Only when both are left out, a path that exists from
  the current directory means that.
* ``remote`` names the remote to take data from (instead of the default one), ``config`` is
  a mapping of sections and options or the path of a config file, ``remote_config`` has options
  for the remote.

Data that is in no work tree and no cache comes from the remote when it is read, and only what is
read: see ``git_dvc/ops/reading.py`` for what is kept and what is checked. What is not there
raises ``FileNotFoundError``; everything else is a ``git_dvc.errors.GitDvcError``.

``GitDvcFileSystem`` is the same as a file system for pandas, PyArrow, Dask and others; it needs
fsspec (``pip install 'git-dvc[fs]'``).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, Literal, TypedDict, overload

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from git_dvc.fs import GitDvcFileSystem
    from git_dvc.ops.reading import Reading

__all__ = [
    "GitDvcFileSystem",
    "artifacts_show",
    "exists",
    "get_url",
    "ls",
    "metrics_show",
    "open",
    "params_show",
    "read",
]

Repo = str | os.PathLike[str] | None
Config = Mapping[str, Any] | str | None
RemoteConfig = Mapping[str, Any] | None


class Artifact(TypedDict):
    """Where a version of a model or data set is: arguments for ``open`` and ``read``."""

    rev: str
    path: str


TextMode = Literal["r", "rt", "tr"]
BinaryMode = Literal["rb", "br"]


def __getattr__(name: str) -> Any:
    if name in ("GitDvcFileSystem", "DVCFileSystem"):
        from git_dvc.fs import GitDvcFileSystem

        return GitDvcFileSystem
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _reading(
    repo: Repo, rev: str | None, remote: str | None, config: Config, remote_config: RemoteConfig
) -> Reading:
    from git_dvc.ops.reading import Reading

    return Reading(repo, rev, remote=remote, config=config, remote_config=remote_config)


@overload
def open(
    path: str,
    repo: Repo = ...,
    rev: str | None = ...,
    remote: str | None = ...,
    mode: TextMode = ...,
    encoding: str | None = ...,
    config: Config = ...,
    remote_config: RemoteConfig = ...,
) -> AbstractContextManager[IO[str]]: ...


@overload
def open(
    path: str,
    repo: Repo = ...,
    rev: str | None = ...,
    remote: str | None = ...,
    *,
    mode: BinaryMode,
    encoding: str | None = ...,
    config: Config = ...,
    remote_config: RemoteConfig = ...,
) -> AbstractContextManager[IO[bytes]]: ...


def open(
    path: str,
    repo: Repo = None,
    rev: str | None = None,
    remote: str | None = None,
    mode: str = "r",
    encoding: str | None = None,
    config: Config = None,
    remote_config: RemoteConfig = None,
) -> AbstractContextManager[IO[Any]]:
    """Open a file of a repository, to be used in a ``with`` statement.

    Nothing is downloaded before it is read, and of a large file only what is read.

    Args:
        path: The file, tracked by Git or as data.
        repo: A directory or Git URL; by default the project around the current directory.
        rev: A revision.
        remote: Name of the remote to take data from.
        mode: ``r`` for text, ``rb`` for bytes.
        encoding: Of text; UTF-8 by default.
        config: Config for the repository.
        remote_config: Options for the remote.

    Returns:
        A context manager; its value is a file object that can seek.

    Raises:
        ValueError: A mode that is not for reading.
        FileNotFoundError: There is no such file.
        IsADirectoryError: It is a directory.
        GitDvcError: There is no such repository or revision, or the data cannot be had.
    """
    _check_mode(mode)
    return _Opened(_opened(path, (repo, rev, remote, config, remote_config), mode, encoding))


def _check_mode(mode: str) -> None:
    if set(mode) - set("rbt") or "r" not in mode or {"b", "t"} <= set(mode):
        raise ValueError(f"files can only be read: mode {mode!r}")


@contextmanager
def _opened(
    path: str, where: tuple[Any, ...], mode: str, encoding: str | None
) -> Iterator[IO[Any]]:
    import io

    with _reading(*where) as reading, reading.open(reading.relpath(os.fspath(path))) as file:
        if "b" in mode:
            yield file
        else:
            with io.TextIOWrapper(file, encoding=encoding or "utf-8") as text:
                yield text


class _Opened:
    """What ``open`` returns: says what is missing where somebody forgot ``with``."""

    def __init__(self, manager: AbstractContextManager[IO[Any]]) -> None:
        self._manager = manager

    def __enter__(self) -> IO[Any]:
        return self._manager.__enter__()

    def __exit__(self, *about: Any) -> bool | None:
        return self._manager.__exit__(*about)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError("git_dvc.api.open() is to be used in a 'with' statement")


@overload
def read(
    path: str,
    repo: Repo = ...,
    rev: str | None = ...,
    remote: str | None = ...,
    mode: TextMode = ...,
    encoding: str | None = ...,
    config: Config = ...,
    remote_config: RemoteConfig = ...,
) -> str: ...


@overload
def read(
    path: str,
    repo: Repo = ...,
    rev: str | None = ...,
    remote: str | None = ...,
    *,
    mode: BinaryMode,
    encoding: str | None = ...,
    config: Config = ...,
    remote_config: RemoteConfig = ...,
) -> bytes: ...


def read(
    path: str,
    repo: Repo = None,
    rev: str | None = None,
    remote: str | None = None,
    mode: str = "r",
    encoding: str | None = None,
    config: Config = None,
    remote_config: RemoteConfig = None,
) -> str | bytes:
    """Return all of a file; arguments and errors as ``open``."""
    _check_mode(mode)
    with _opened(path, (repo, rev, remote, config, remote_config), mode, encoding) as file:
        found: str | bytes = file.read()
        return found


def get_url(
    path: str,
    repo: Repo = None,
    rev: str | None = None,
    remote: str | None = None,
    config: Config = None,
    remote_config: RemoteConfig = None,
) -> str:
    """Return where tracked data is stored: the URL, or on this disk the path, of an object.

    Of a directory it is that of its manifest. Whether it is there is not looked at. Without a
    remote it is the object's path in the cache.

    Raises:
        FileNotFoundError: There is nothing at this path.
        FormatError: Git tracks it, so it is not stored as data.
        ConfigError: There is neither a remote nor a cache.
    """
    with _reading(repo, rev, remote, config, remote_config) as reading:
        return reading.source.location(reading.entry(reading.relpath(os.fspath(path))))


def exists(
    path: str,
    repo: Repo = None,
    rev: str | None = None,
    remote: str | None = None,
    config: Config = None,
    remote_config: RemoteConfig = None,
) -> bool:
    """Return whether a repository has a file or directory at a path, tracked by Git or as data.

    Whether its data is on the remote is not looked at.
    """
    with _reading(repo, rev, remote, config, remote_config) as reading:
        return reading.exists(reading.relpath(os.fspath(path)))


def ls(
    path: str = "",
    repo: Repo = None,
    rev: str | None = None,
    remote: str | None = None,
    config: Config = None,
    remote_config: RemoteConfig = None,
    *,
    recursive: bool = False,
    dvc_only: bool = False,
) -> list[dict[str, Any]]:
    """List a directory: what Git and what pointer files put there.

    Args:
        path: The directory, or a file; the top by default.
        repo: A directory or Git URL; by default the project around the current directory.
        rev: A revision.
        remote: Name of the remote for manifests that are not here.
        config: Config for the repository.
        remote_config: Options for the remote.
        recursive: All files below it instead of what is directly in it.
        dvc_only: Tracked data only, and the directories that lead to it.

    Returns:
        For each its ``path`` (relative to the directory that is listed), ``isdir``, ``isout``
        (tracked data), ``isexec``, ``size`` (None if it is not known here) and ``md5`` (or None).

    Raises:
        FileNotFoundError: There is nothing at this path.
    """
    with _reading(repo, rev, remote, config, remote_config) as reading:
        here = reading.entry(reading.relpath(os.fspath(path)))
        source, sizes = reading.source, reading.knows_sizes
        if recursive:
            found = [entry for entry in source.walk(here.path, sizes=sizes) if not entry.is_dir]
        else:
            found = source.children(here.path, sizes=sizes)
        start = len(here.path) + 1 if here.is_dir and here.path else 0
        return [
            {
                "path": entry.path[start:] if here.is_dir else entry.name,
                "isdir": entry.is_dir,
                "isout": entry.is_out,
                "isexec": entry.is_exec,
                "size": reading.size(entry),
                "md5": entry.hash,
            }
            for entry in found
            if not dvc_only or entry.is_out or (entry.is_dir and not entry.in_git)
        ]


def params_show(
    *targets: str,
    repo: Repo = None,
    stages: str | Iterable[str] | None = None,
    rev: str | None = None,
    deps: bool = False,
    config: Config = None,
) -> dict[str, Any]:
    """Return parameters.

    Args:
        *targets: Files to read them from; by default all that a ``dvc.yaml`` names and
            ``params.yaml``.
        repo: A directory or Git URL; by default the project around the current directory.
        stages: Only what these stages depend on: ``train``, or ``sub/dvc.yaml:train``.
        rev: A revision.
        deps: Only what some stage depends on.
        config: Config for the repository.

    Returns:
        The values by name. A name that several files have is ``file:name``.

    Raises:
        FileNotFoundError: There is no such file.
        FormatError: A file cannot be understood.
        UnknownStageError: There is no such stage.
    """
    from git_dvc.ops import show

    names = [stages] if isinstance(stages, str) else list(stages or ())
    with _reading(repo, rev, None, config, None) as reading:
        asked = [reading.relpath(os.fspath(target)) for target in targets]
        return _merged(reading, show.params(reading, asked, stages=names, deps=deps))


def metrics_show(
    *targets: str, repo: Repo = None, rev: str | None = None, config: Config = None
) -> dict[str, Any]:
    """Return metrics; arguments, result and errors as ``params_show``.

    Args:
        *targets: Files to read them from; by default all that a ``dvc.yaml`` names.
        repo: A directory or Git URL; by default the project around the current directory.
        rev: A revision.
        config: Config for the repository.
    """
    from git_dvc.ops import show

    with _reading(repo, rev, None, config, None) as reading:
        asked = [reading.relpath(os.fspath(target)) for target in targets]
        return _merged(reading, show.metrics(reading, asked))


def artifacts_show(
    name: str, version: str | None = None, stage: str | None = None, repo: Repo = None
) -> Artifact:
    """Return which commit a version of a model or data set is, and where it is there.

    ::

        found = artifacts_show("detector", stage="prod", repo=registry)
        with open(**found, repo=registry, mode="rb") as file: ...

    Args:
        name: As in ``dvc.yaml``; below the top with its directory: ``models:detector``.
        version: Which, by its Git tag (``detector@v1.2.0``); the newest one by default.
        stage: What is in this stage.
        repo: A directory or Git URL; by default the project around the current directory.

    Returns:
        ``rev`` and ``path``.

    Raises:
        ValueError: Both a version and a stage.
        UnknownArtifactError: There is no such artifact, version or stage.
    """
    from git_dvc.ops import artifacts

    if version and stage:
        raise ValueError("version and stage cannot be used together")
    url = os.getcwd() if repo is None else os.fspath(repo)
    found = artifacts.find(url, name, version, stage)
    with _reading(url, found.commit, None, None, None) as reading:
        return {"rev": found.commit, "path": artifacts.path_in(reading.source, found)}


def _merged(reading: Reading, by_file: dict[str, Any]) -> dict[str, Any]:
    """Return the values of all files as one mapping, the files named from where one stands."""
    import posixpath

    from git_dvc.compare import files

    here = reading.here()
    shown = {posixpath.relpath(path, here or "."): value for path, value in by_file.items()}
    return files.merged(shown)
