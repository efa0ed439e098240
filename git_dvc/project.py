"""An opened project: its root, configuration, cache, state and Git, put together once.

A project is a directory with ``.dvc`` in it. Its parts do not know it: they get what they
need (a root, a cache, a list of paths) and can be used without it.

Where things are:

* the cache: ``cache.dir``, else ``.dvc/cache`` of the *main* work tree, so that linked work
  trees share it;
* our own state: ``dvc/`` in Git's directory of this work tree, where no commit reaches it
  (``.dvc/tmp/git-dvc`` where there is no Git);
* settings that DVC does not know: Git's config, under ``dvc.``.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from git_dvc import fsutil, hashing, relpaths
from git_dvc.errors import (
    ConfigError,
    FormatError,
    GitDvcError,
    LinkedProjectError,
    NotAProjectError,
    OutsideProjectError,
)
from git_dvc.formats import config as configs
from git_dvc.formats.ignore import NAME as IGNORE_NAME
from git_dvc.formats.ignore import Ignore
from git_dvc.git.repo import POINTER_SPECS, Repository
from git_dvc.progress import NoProgress, Progress
from git_dvc.store.cache import Cache
from git_dvc.store.oplog import DEFAULT_DAYS, FileChange, OpLog, Recorder
from git_dvc.store.state import By, State
from git_dvc.tracked import LOCK_FILE, STAGE_FILES, Tracked, collect, is_pointer, is_source
from git_dvc.workspace import links

if TYPE_CHECKING:
    from git_dvc.locking import ProjectLock

DVC_DIR = ".dvc"
OWN_FILES = ("dvc.lock", "dvc.yaml", "Dvcfile", ".gitignore")
"""What our commands write for Git, beside pointer files."""
LEVELS = ("system", "global", "project", "local")


class Layer(NamedTuple):
    """One config file.

    Attributes:
        level: ``system``, ``global``, ``project`` or ``local``.
        path: The file; it need not exist.
        values: What it sets.
        problems: What in it was not understood.
    """

    level: str
    path: str
    values: configs.Values
    problems: tuple[configs.Problem, ...]


class Config:
    """The merged configuration; a later layer wins, option by option."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.layers = list(layers)

    def get(self, section: str, option: str) -> str | None:
        """Return an option's text, or None."""
        found = self.find((section,), option)
        return found[0] if found else None

    def find(self, section: configs.Section, option: str) -> tuple[str, Layer] | None:
        """Return an option's text and the layer that sets it."""
        for layer in reversed(self.layers):
            value = layer.values.get(section, {}).get(option)
            if value is not None:
                return value, layer
        return None

    def flag(self, section: str, option: str, default: bool = False) -> bool:
        """Return a true/false option."""
        value = self.get(section, option)
        return default if value is None else configs.as_bool(value)

    @property
    def problems(self) -> list[configs.Problem]:
        """Everything in the files that was not understood."""
        return [problem for layer in self.layers for problem in layer.problems]


def config_paths(root: str | None) -> list[tuple[str, str]]:
    """Return level and path of each config file, in the order they are merged."""
    paths = [
        ("system", os.path.join(_config_home("DVC_SYSTEM_CONFIG_DIR", user=False), "config")),
        ("global", os.path.join(_config_home("DVC_GLOBAL_CONFIG_DIR", user=True), "config")),
    ]
    if root is not None:
        paths.append(("project", os.path.join(root, DVC_DIR, "config")))
        paths.append(("local", os.path.join(root, DVC_DIR, "config.local")))
    return paths


def _config_home(variable: str, *, user: bool) -> str:
    import sys

    chosen = os.environ.get(variable)
    if chosen:
        return chosen
    if sys.platform == "darwin":
        base = os.path.expanduser("~") if user else "/"
        return os.path.join(base, "Library", "Application Support", "dvc")
    if os.name == "nt":
        base = os.environ.get("LOCALAPPDATA" if user else "PROGRAMDATA", os.path.expanduser("~"))
        return os.path.join(base, "iterative", "dvc")
    if user:
        home = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
        return os.path.join(home, "dvc")
    return os.path.join(os.environ.get("XDG_CONFIG_DIRS", "/etc/xdg").split(":")[0], "dvc")


def read_layer(level: str, path: str) -> Layer:
    """Read one config file; one that is not there sets nothing.

    Raises:
        ConfigError: It cannot be read, has conflict markers, or is not text. To go on without
            it could mean another cache.
    """
    own = level in ("system", "global", "local")
    try:
        data = fsutil.read_bytes(path, follow=own)
    except (FileNotFoundError, NotADirectoryError):
        return Layer(level, path, {}, ())
    except OSError as problem:
        if isinstance(problem, PermissionError) and level in ("system", "global"):
            return Layer(level, path, {}, ())
        why = "a symbolic link" if problem.errno == errno.ELOOP else str(problem.strerror).lower()
        raise ConfigError(f"cannot be read: {why}", path) from None
    try:
        parsed = configs.parse(data.decode("utf-8"), path)
    except UnicodeDecodeError:
        raise ConfigError("not valid UTF-8", path) from None
    return Layer(level, path, parsed.values, parsed.problems)


class Listing(NamedTuple):
    """The files of a work tree that say what is tracked; paths relative to the project.

    Attributes:
        sources: Pointer and lock files.
        ignores: ``.dvcignore`` files.
        unmerged: Sources of which Git's index has several versions: a merge is open there.
        stages: ``dvc.yaml`` files, and stage files of old versions.
    """

    sources: list[str]
    ignores: list[str]
    unmerged: frozenset[str] = frozenset()
    stages: tuple[str, ...] = ()


class Project:
    """One project in one work tree. ``close`` it, or use it in a ``with`` statement."""

    def __init__(self, root: str, repo: Repository | None) -> None:
        if os.path.islink(os.path.join(root, DVC_DIR)):
            # A commit may have put it there, to have our files written elsewhere (S7).
            raise LinkedProjectError(root)
        self.root = root
        layers = [read_layer(level, path) for level, path in config_paths(root)]
        self.main_root = _main_root(root, repo)
        if self.main_root != root and not os.path.exists(layers[-1].path):
            # config.local is not in Git, so a linked work tree has the main one's.
            layers[-1] = read_layer("local", os.path.join(self.main_root, DVC_DIR, "config.local"))
        self.config = Config(layers)
        if self.config.flag("core", "no_scm"):
            repo = None
        self.repo = repo
        self.prefix = ""
        if repo is not None and root != repo.top:
            self.prefix = os.path.relpath(root, repo.top).replace(os.sep, "/")
        self.state_dir = self._state_dir(repo.git_dir if repo else None)
        shared = self._state_dir(repo.common_dir if repo else None)
        mark = "-" + hashing.of_bytes(self.prefix.encode())[:8] if self.prefix else ""
        self.state = State(self.state_dir, shared, mark)
        self.oplog = OpLog(os.path.join(self.state_dir, f"operations{mark}"), self._undo_days)
        self.recorder: Recorder | None = None
        self._index: dict[str, tuple[str, str]] | None = None
        self._caches: dict[str, Cache] = {}
        self._tracked: Tracked | None = None
        self._listing: Listing | None = None
        self._ignore: Ignore | None = None

    def _state_dir(self, git_dir: str | None) -> str:
        if git_dir is None:
            return os.path.join(self.tmp_dir, "git-dvc")
        return os.path.join(git_dir, "dvc")

    @classmethod
    def open(cls, start: str | None = None) -> Project:
        """Return the project around a directory (the current one if None).

        Raises:
            NotAProjectError: There is none.
            UnsafeRepositoryError: Git refuses the repository.
            ConfigError: A config file cannot be read.
        """
        place = os.path.realpath(start or os.getcwd())
        repo = Repository.discover(place)
        root = find_root(place, repo.top if repo else None)
        if root is None:
            raise NotAProjectError(place)
        return cls(root, repo)

    def close(self) -> None:
        """Close what is open."""
        self.state.close()

    def __enter__(self) -> Project:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- places -----------------------------------------------------------------------------

    @property
    def tmp_dir(self) -> str:
        """The directory for temporary files and locks."""
        return os.path.join(self.root, DVC_DIR, "tmp")

    @property
    def work_tmp(self) -> str:
        """Relative path of the directory where files of the work tree are built."""
        return "/".join((DVC_DIR, "tmp", "git-dvc"))

    def path(self, relpath: str) -> str:
        """Return the absolute path of a relpath."""
        return os.path.join(self.root, *relpath.split("/")) if relpath else self.root

    def relpath(self, path: str) -> str:
        """Return a path that the user gave, relative to the project; '' is its root.

        Links on the way to it are resolved, the path itself is not.

        Raises:
            OutsideProjectError: It leads out of the project.
        """
        full = os.path.normpath(os.path.join(os.getcwd(), path))
        if full != self.root:
            full = os.path.join(os.path.realpath(os.path.dirname(full)), os.path.basename(full))
        if full == self.root:
            return ""
        if not full.startswith(self.root.rstrip(os.sep) + os.sep):
            raise OutsideProjectError(path, self.root)
        return os.path.relpath(full, self.root).replace(os.sep, "/")

    def shown(self, relpath: str) -> str:
        """Return a relpath as the user sees it from the current directory."""
        here = os.getcwd()
        slash = "/" if relpath.endswith("/") else ""
        if here == self.root:
            return relpath or "."
        if not (here + os.sep).startswith(self.root.rstrip(os.sep) + os.sep):
            return relpath or "."
        return os.path.relpath(self.path(relpath.rstrip("/")), here).replace(os.sep, "/") + slash

    def git_path(self, relpath: str) -> str:
        """Return a relpath as Git has it, from the top of the work tree."""
        return f"{self.prefix}/{relpath}" if self.prefix else relpath

    # -- parts ------------------------------------------------------------------------------

    @property
    def cache_root(self) -> str:
        """The cache directory, as an absolute path.

        A relative ``cache.dir`` starts at its config file; in a linked work tree at the main
        work tree's, so that all of them share one cache.
        """
        found = self.config.find(("cache",), "dir")
        if found is None:
            return os.path.join(self.main_root, DVC_DIR, "cache")
        value, layer = found
        base = os.path.dirname(layer.path)
        if base == os.path.join(self.root, DVC_DIR):
            base = os.path.join(self.main_root, DVC_DIR)
        return os.path.normpath(os.path.join(base, os.path.expanduser(value)))

    def cache(self, name: str = hashing.MD5.name) -> Cache:
        """Return the store of one hash algorithm."""
        if name not in self._caches:
            durable = self.repo is None or self.repo.config_bool("dvc.fsync", True)
            self._caches[name] = Cache(
                self.cache_root,
                hashing.ALGORITHMS[name],
                self.state,
                shared=self.config.get("cache", "shared") == "group",
                durable=durable,
            )
        return self._caches[name]

    @property
    def link_types(self) -> tuple[str, ...]:
        """``cache.type``, in order of preference."""
        text = self.config.get("cache", "type")
        if not text:
            return links.DEFAULT_TYPES
        return tuple(part.strip() for part in text.split(",") if part.strip())

    @property
    def autostage(self) -> bool:
        """Whether pointers and ignore files are staged; DVC's default is false, ours true."""
        return self.config.flag("core", "autostage", True)

    def lock(self, progress: Progress | None = None) -> ProjectLock:
        """Return the project's lock, DVC's own, to be held while something changes."""
        from git_dvc.locking import ProjectLock

        return ProjectLock(
            os.path.join(self.tmp_dir, "lock"),
            on_wait=(progress or NoProgress()).note,
            hardlink=self.config.flag("core", "hardlink_lock"),
        )

    def stopped(self) -> dict[str, By]:
        """Return outputs whose files were being written when a command was stopped.

        To be asked without the lock: nothing is stopped while somebody holds that.
        """
        found = self.state.stopped()
        return found if found and self.lock().is_free() else {}

    # -- what is done -----------------------------------------------------------------------

    def _undo_days(self) -> int:
        if self.repo is None:
            return DEFAULT_DAYS
        return self.repo.config_int("dvc.undoDays", DEFAULT_DAYS)

    def operation(self, kind: str, undoes: str = "") -> Recorder:
        """Record what is done in a ``with`` statement as one operation that can be taken back.

        Args:
            kind: ``add``, ``checkout``, ...
            undoes: The operation that this one takes back.
        """
        self._index = None
        self.recorder = self.oplog.begin(kind, undoes)
        return self.recorder

    def note_file(self, relpath: str, before: bytes | None, after: bytes | None) -> None:
        """Record that one of Git's files is about to change, with its entry in the index.

        Args:
            relpath: The file.
            before: What it holds; None if it is not there.
            after: What it is about to hold.
        """
        recorder = self.recorder
        if recorder is not None and recorder.is_open:
            index = self._index_entries().get(self.git_path(relpath))
            recorder.file(FileChange(relpath, before, after, index))

    def _index_entries(self) -> dict[str, tuple[str, str]]:
        """Return mode and blob of Git's files as they were when the operation began."""
        if self._index is None:
            self._index = {}
            if self.repo is not None:
                base = f":(top){escaped(self.prefix)}/" if self.prefix else ":(top)"
                names = ("*.dvc", *OWN_FILES, *(f"*/{name}" for name in OWN_FILES))
                found = self.repo.index_entries([base + name for name in names])
                self._index = {e.path: (e.mode, e.blob) for e in found if e.stage == 0}
        return self._index

    # -- what is tracked --------------------------------------------------------------------

    def listing(self, *, untracked: bool = True) -> Listing:
        """Return the pointer, lock and ignore files of the work tree.

        Args:
            untracked: Also those that Git does not know yet (and does not ignore).
        """
        if self.repo is None:
            return _walk_listing(self.root)
        base = f":(top){escaped(self.prefix)}/" if self.prefix else ":(top)"
        files = (LOCK_FILE, IGNORE_NAME, *STAGE_FILES)
        names = ("*.dvc", *files, *(f"*/{name}" for name in files), "*/.dvc/config")
        specs = [base + name for name in names]
        args = ["ls-files", "-z", "--cached"]
        if untracked:
            args += ["--others", "--exclude-standard"]
        out = self.repo.run([*args, "--", *specs])
        return self._listing_of(os.fsdecode(name) for name in out.split(b"\0") if name)

    def _listing_of(self, names: Iterable[str]) -> Listing:
        """Return the files of this project among those below it, by path from the top."""
        cut = len(self.prefix) + 1 if self.prefix else 0
        found: set[str] = set()
        twice: set[str] = set()  # Git lists each version of an unmerged file
        for name in names:
            (twice if name[cut:] in found else found).add(name[cut:])
        nested = tuple(
            path[: -len(".dvc/config")] for path in found if path.endswith("/.dvc/config")
        )
        own = [path for path in found if not (nested and path.startswith(nested))]
        own = [path for path in own if not path.startswith(".dvc/")]
        return Listing(
            sorted(path for path in own if is_source(path)),
            sorted(path for path in own if path.rpartition("/")[2] == IGNORE_NAME),
            frozenset(path for path in own if path in twice and is_source(path)),
            tuple(sorted(path for path in own if path.rpartition("/")[2] in STAGE_FILES)),
        )

    def take_index(self, names: Iterable[str]) -> None:
        """Take the files of ``listing`` from a list of all that Git's index has.

        For hooks, which need that list anyway.

        Args:
            names: By path from the top of the work tree.
        """
        base = f"{self.prefix}/" if self.prefix else ""
        ends = (".dvc", LOCK_FILE, IGNORE_NAME, ".dvc/config", *STAGE_FILES)
        self._listing = self._listing_of(
            name for name in names if name.endswith(ends) and name.startswith(base)
        )

    @property
    def source_specs(self) -> list[str]:
        """Git's pathspecs for the pointer and lock files of this project."""
        base = f":(top){escaped(self.prefix)}/" if self.prefix else ":(top)"
        return [base + name for name in POINTER_SPECS]

    def own_path(self, git_path: str) -> str:
        """Return a path from the top of the work tree relative to the project."""
        return git_path[len(self.prefix) + 1 :] if self.prefix else git_path

    def known_sources(self, more: Iterable[str]) -> list[str]:
        """Return the pointer and lock files in Git's index, and ``more``, ignored ones left out.

        For hooks: files that Git does not know yet are not looked for.
        """
        if self._listing is None:
            self._listing = self.listing(untracked=False)
        return self._without_ignored({*self._listing.sources, *more})

    def _listed(self) -> Listing:
        if self._listing is None:
            self._listing = self.listing()
        return self._listing

    def read(self, relpath: str) -> bytes | None:
        """Return a file of the work tree, or None if it is not there.

        Raises:
            FormatError: It is a link, a directory or not readable.
        """
        try:
            return fsutil.read_bytes(self.path(relpath))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as problem:
            why = (problem.strerror or str(problem)).lower()
            why = "a symbolic link" if problem.errno == errno.ELOOP else why
            raise FormatError(f"cannot be read: {why}", relpath) from None
        except GitDvcError as problem:
            raise FormatError(problem.message.partition(":")[0], relpath) from None

    @property
    def tracked(self) -> Tracked:
        """Everything that the pointer files in the work tree name."""
        if self._tracked is None:
            self._tracked = collect(self.tracked_sources(), self.read)
        return self._tracked

    @property
    def unmerged(self) -> frozenset[str]:
        """Pointer and lock files that a merge left in conflict."""
        return self._listed().unmerged

    def tracked_sources(self) -> list[str]:
        """Return the pointer and lock files of the work tree, ignored ones left out."""
        return self._without_ignored(self._listed().sources)

    @property
    def has_stages(self) -> bool:
        """Whether there are files that define stages, beside pointer files."""
        return bool(self._listed().stages)

    def stage_sources(self) -> list[str]:
        """Return the files of the work tree that define stages, ignored ones left out."""
        listed = self._listed()
        pointers = (path for path in listed.sources if is_pointer(path))
        return self._without_ignored([*listed.stages, *pointers])

    def _without_ignored(self, paths: Iterable[str]) -> list[str]:
        ignore = self.ignore
        if ignore.is_plain:
            return list(paths)
        return [path for path in paths if not ignore.match_file(path)]

    def forget_tracked(self) -> None:
        """Read the pointer files again next time: something changed them."""
        self._tracked = None
        self._listing = None
        self._ignore = None

    @property
    def ignore(self) -> Ignore:
        """The rules of all ``.dvcignore`` files."""
        if self._ignore is None:
            files = []
            for path in self._listed().ignores:
                try:
                    data = self.read(path)
                except FormatError:
                    if os.path.islink(self.path(path)):
                        continue  # Git ignores such files, too
                    raise
                if data is not None:
                    text = data.decode("utf-8", "replace")
                    files.append((path.rpartition("/")[0], text))
            self._ignore = Ignore(files)
        return self._ignore


def find_root(start: str, stop: str | None) -> str | None:
    """Return the directory with ``.dvc`` at or above ``start``, or None.

    Args:
        start: Absolute, links resolved.
        stop: Top of the Git work tree, which the search does not leave.
    """
    place = start
    while True:
        if os.path.isdir(os.path.join(place, DVC_DIR)):
            return place
        parent = os.path.dirname(place)
        if place in (stop, parent) or os.path.ismount(place):
            return None
        place = parent


def _main_root(root: str, repo: Repository | None) -> str:
    """Return this project's root in the main work tree; ``root`` itself if this is it."""
    if repo is None or repo.git_dir == repo.common_dir:
        return root
    top = repo.main_top()
    if top is None:
        return root
    main = os.path.normpath(os.path.join(top, os.path.relpath(root, repo.top)))
    return main if os.path.isdir(main) else root


def escaped(text: str) -> str:
    """Return text with the wildcards of Git's pathspecs escaped."""
    return "".join("\\" + character if character in "*?[\\" else character for character in text)


def _walk_listing(root: str) -> Listing:
    """Find the files of ``listing`` without Git."""
    sources, ignores, stages = [], [], []
    pending = [""]
    while pending:
        folder = pending.pop()
        folders = []
        here: set[str] = set()
        try:
            with os.scandir(os.path.join(root, folder)) as entries:
                for entry in entries:
                    relpath = relpaths.join(folder, entry.name)
                    if entry.is_dir(follow_symlinks=False):
                        if entry.name not in (".git", ".hg", DVC_DIR):
                            folders.append(relpath)
                    elif entry.name == IGNORE_NAME:
                        ignores.append(relpath)
                    elif entry.name in STAGE_FILES:
                        stages.append(relpath)
                    elif is_source(relpath):
                        sources.append(relpath)
                        here.add(relpath)
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            continue  # of other errors nobody may conclude that there are no pointers
        for relpath in folders:
            # A tracked directory holds data, not pointers, and may be very large.
            nested = os.path.isdir(os.path.join(root, relpath, DVC_DIR))
            if f"{relpath}.dvc" not in here and not nested:
                pending.append(relpath)
    return Listing(sorted(sources), sorted(ignores), stages=tuple(sorted(stages)))
