"""The Git repository around a project: where it lies, its index and its settings.

::

    repo = Repository.discover(os.getcwd())     # None outside of a work tree
    repo.top, repo.git_dir, repo.common_dir     # absolute, symlinks resolved
    repo.pointer_paths(untracked=True)          # ["data.dvc", "sub/dvc.lock", ...]

Hooks run on every ``git checkout``, so the usual repository is found by hand and Git is
started with ``os.posix_spawn``: ``import subprocess`` alone costs ten times a call of Git.
Whatever is out of the ordinary (``GIT_DIR`` and friends, a foreign owner, ``core.worktree``,
ceilings) is not guessed at: Git is asked, and its refusal is ours.

The index is read and written by Git only: it knows every index format and extension, and
staging through a library drops the cache tree. Objects of named revisions are read in
``git/trees.py``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from git_dvc import fsutil
from git_dvc.errors import GitDvcError, GitError, GitMissingError, UnsafeRepositoryError

POINTER_SPECS = ("*.dvc", "dvc.lock", "*/dvc.lock", "Dvcfile", "*/Dvcfile")
"""Git pathspecs, without magic, for all files that point at data."""

_LOCATION_ENV = ("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR")
# With one of these set, what is found depends on rules that Git keeps to itself.
_ASK_ENV = (
    *_LOCATION_ENV,
    "GIT_CEILING_DIRECTORIES",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
    "GIT_OBJECT_DIRECTORY",
    "GIT_TEST_ASSUME_DIFFERENT_OWNER",
)
# What a user's 'git --literal-pathspecs ...' hands on to its hooks would change our meaning.
_PATHSPEC_ENV = (
    "GIT_LITERAL_PATHSPECS",
    "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
)
# core.worktree or core.bare in some spelling, or a repository format we have not heard of.
# Too many matches only cost a call of Git.
_UNUSUAL_CONFIG = re.compile(
    rb"^[^#;\n]*\b(?:worktree\b|bare\b(?!\s*=\s*false)|repositoryformatversion\s*=\s*[^01\s])",
    re.IGNORECASE | re.MULTILINE,
)
_GLOB_CHARACTERS = re.compile(r"([\\*?\[])")
_SIGPIPE, _SIGXFSZ = 13, 25  # the ``signal`` module costs more than it is worth here
_ARGV_BYTES = 100_000  # of paths in one command line; the limit is 128 KiB somewhere
_INDEX_LOCK_TRIES = 20
_INDEX_LOCK_PAUSE_S = 0.1
_TRUE = frozenset(("true", "yes", "on"))
_FALSE = frozenset(("false", "no", "off", ""))
_UNITS = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


class Result(NamedTuple):
    """What a call of Git left behind; ``code`` is negative when a signal ended it."""

    code: int
    out: bytes
    err: bytes


class IndexEntry(NamedTuple):
    """One line of the index; ``stage`` is 0 but in a conflict."""

    path: str
    mode: str
    blob: str
    stage: int


# -- starting git ---------------------------------------------------------------------------

_git_program: str | None = None


def git_program() -> str:
    """Return the absolute path of ``git``.

    Only absolute entries of PATH count: a program must never come out of the directory
    we happen to stand in.

    Raises:
        GitMissingError: There is none.
    """
    global _git_program
    if _git_program is None:
        names = ("git.exe", "git.cmd") if os.name == "nt" else ("git",)
        for folder in os.get_exec_path():
            if not os.path.isabs(folder):
                continue
            for name in names:
                found = os.path.join(folder, name)
                if os.access(found, os.X_OK) and os.path.isfile(found):
                    _git_program = found
                    return found
        raise GitMissingError()
    return _git_program


def spawn(argv: Sequence[str], env: Mapping[str, str], input: bytes = b"") -> Result:
    """Run a program to its end, feeding and draining its pipes together.

    Args:
        argv: The program by absolute path, and its arguments.
        env: The whole environment.
        input: Standard input; none at all when empty.
    """
    if not hasattr(os, "posix_spawn"):
        import subprocess

        done = subprocess.run(argv, env=dict(env), input=input, capture_output=True, check=False)
        return Result(done.returncode, done.stdout, done.stderr)

    import select

    opened: set[int] = set()

    def pipe() -> tuple[int, int]:
        ends = os.pipe()
        opened.update(ends)
        return ends

    def close(fd: int) -> None:
        opened.discard(fd)
        os.close(fd)

    pid = 0
    try:
        out_r, out_w = pipe()
        err_r, err_w = pipe()
        in_r, in_w = pipe() if input else (os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC), -1)
        opened.add(in_r)
        pid = os.posix_spawn(
            argv[0],
            list(argv),
            dict(env),
            file_actions=[
                (os.POSIX_SPAWN_DUP2, in_r, 0),
                (os.POSIX_SPAWN_DUP2, out_w, 1),
                (os.POSIX_SPAWN_DUP2, err_w, 2),
            ],
            # Python ignores these two; a child that inherits that never stops at a closed pipe.
            setsigdef=(_SIGPIPE, _SIGXFSZ),
        )
        for fd in (in_r, out_w, err_w):
            close(fd)

        chunks: dict[int, list[bytes]] = {out_r: [], err_r: []}
        reading = {out_r, err_r}
        poll = select.poll()
        for fd in reading:
            poll.register(fd, select.POLLIN)
        rest = memoryview(input)
        if input:
            os.set_blocking(in_w, False)
            poll.register(in_w, select.POLLOUT)
        while reading or rest:
            for fd, _event in poll.poll():
                if fd in reading:
                    chunk = os.read(fd, 1 << 16)
                    if chunk:
                        chunks[fd].append(chunk)
                    else:
                        poll.unregister(fd)
                        reading.discard(fd)
                elif fd == in_w:
                    try:
                        rest = rest[os.write(fd, rest[: 1 << 16]) :]
                    except BlockingIOError:
                        continue
                    except BrokenPipeError:  # it has read all it wants
                        rest = memoryview(b"")
                    if not rest:
                        poll.unregister(fd)
                        close(fd)
        _, status = os.waitpid(pid, 0)
        pid = 0
        code = os.waitstatus_to_exitcode(status)
        return Result(code, b"".join(chunks[out_r]), b"".join(chunks[err_r]))
    finally:
        for fd in opened:
            os.close(fd)
        if pid:  # interrupted: leave no child behind
            os.kill(pid, 15)
            os.waitpid(pid, 0)


def git(
    args: Sequence[str],
    *,
    cwd: str,
    input: bytes = b"",
    writes: bool = False,
    env: Mapping[str, str | None] | None = None,
) -> Result:
    """Run Git in a directory, whatever its exit code.

    Our own hooks stay quiet in it (``GIT_DVC_HOOK``), and unless it ``writes`` it does not
    refresh the index as a side effect (``GIT_OPTIONAL_LOCKS``).

    Args:
        args: Arguments after ``git``.
        cwd: Absolute; handed over as ``-C``.
        env: Variables to set, or to remove when None, on top of the process's own.
    """
    full = dict(os.environ)
    for name in _PATHSPEC_ENV:
        full.pop(name, None)
    full["GIT_DVC_HOOK"] = "1"
    if not writes:
        full["GIT_OPTIONAL_LOCKS"] = "0"
    for name, value in (env or {}).items():
        if value is None:
            full.pop(name, None)
        else:
            full[name] = value
    return spawn([git_program(), "-C", cwd, *args], full, input)


# -- finding the repository -----------------------------------------------------------------


class Repository:
    """One work tree of a Git repository.

    Attributes:
        top: Top directory of the work tree.
        git_dir: ``.git``, or ``.git/worktrees/NAME`` in a linked work tree.
        common_dir: Where objects, refs and config lie; differs from ``git_dir`` in a
            linked work tree only.
    """

    __slots__ = ("_config", "common_dir", "git_dir", "top")

    def __init__(self, top: str, git_dir: str, common_dir: str) -> None:
        self.top = top
        self.git_dir = git_dir
        self.common_dir = common_dir
        self._config: dict[str, list[str | None]] | None = None

    def __repr__(self) -> str:
        return f"Repository({self.top!r}, {self.git_dir!r}, {self.common_dir!r})"

    @classmethod
    def discover(cls, start: str) -> Repository | None:
        """Return the repository whose work tree holds the directory ``start``, as Git sees it.

        Returns:
            None outside of any repository, in a bare one, and inside a ``.git`` directory.

        Raises:
            UnsafeRepositoryError: Git refuses it, as it belongs to somebody else.
            GitError: Git finds it broken.
        """
        start = os.path.realpath(start)
        if os.name == "nt" or any(name in os.environ for name in _ASK_ENV):
            return _ask(start)
        place = _walk_up(start)
        if place is _ASK_GIT:
            return _ask(start)
        return cls(*place) if place else None

    @classmethod
    def bare(cls, folder: str) -> Repository | None:
        """Return a repository without a work tree that is in this directory, as Git sees it.

        Its ``top`` is the directory itself; only what reads objects and refs works.

        Raises:
            UnsafeRepositoryError: Git refuses it, as it belongs to somebody else.
        """
        folder = os.path.realpath(folder)
        env: dict[str, str | None] = dict.fromkeys(_LOCATION_ENV)
        env.update({"LC_ALL": "C", "LANGUAGE": None})
        result = git(
            ["rev-parse", "--is-bare-repository", "--absolute-git-dir"], cwd=folder, env=env
        )
        words = result.err.decode("utf-8", "replace")
        if "dubious ownership" in words or "unsafe repository" in words:
            raise UnsafeRepositoryError(words)
        answer, _, place = os.fsdecode(result.out).removesuffix("\n").partition("\n")
        if result.code != 0 or answer != "true":
            return None
        place = os.path.realpath(place)
        return cls(place, place, place)

    # -- running git here ----------------------------------------------------------------

    def call(
        self,
        args: Sequence[str],
        *,
        cwd: str | None = None,
        input: bytes = b"",
        writes: bool = False,
        env: Mapping[str, str | None] | None = None,
    ) -> Result:
        """Run Git in this repository and return its exit code and output.

        Args:
            args: Arguments after ``git``; paths of users belong behind ``--`` and
                ``--literal-pathspecs``.
            cwd: Directory, ``top`` if not given.
            input: Bytes for its standard input.
            writes: Whether it may change the index as a side effect.
            env: Variables to set (or remove, when None) for this call.
        """
        changed: dict[str, str | None] = {}
        if any(name in os.environ for name in _LOCATION_ENV):
            # They may be relative to where the user stands, or speak of another repository.
            changed = {
                "GIT_DIR": self.git_dir,
                "GIT_WORK_TREE": self.top,
                "GIT_COMMON_DIR": None if self.common_dir == self.git_dir else self.common_dir,
            }
        changed.update(env or {})
        return git(args, cwd=cwd or self.top, input=input, writes=writes, env=changed)

    def run(
        self,
        args: Sequence[str],
        *,
        cwd: str | None = None,
        input: bytes = b"",
        check: bool = True,
        writes: bool = False,
        env: Mapping[str, str | None] | None = None,
    ) -> bytes:
        """Run Git in this repository and return its standard output; see ``call``.

        Raises:
            GitError: It failed, and ``check`` is true.
        """
        result = self.call(args, cwd=cwd, input=input, writes=writes, env=env)
        if check and result.code != 0:
            raise GitError(args, result.code, result.err)
        return result.out

    # -- the index -----------------------------------------------------------------------

    def pointer_paths(self, prefix: str = "", *, untracked: bool = False) -> list[str]:
        """Return the pointer and lock files in the index, by path from the top.

        Files that are gone from the work tree but not from the index are in the list.

        Args:
            prefix: Only those below this directory (from the top, with ``/``).
            untracked: Also those that are not in the index and not ignored.
        """
        args = ["ls-files", "-z", "--cached"]
        if untracked:
            args += ["--others", "--exclude-standard"]
        base = _GLOB_CHARACTERS.sub(r"\\\1", prefix.strip("/"))
        base = f":(top){base}/" if base else ":(top)"
        args += ["--", *(base + spec for spec in POINTER_SPECS)]
        paths = dict.fromkeys(_names(self.run(args)))
        return [
            path
            for path in paths
            if not path.endswith("/") and path != ".dvc" and not path.endswith("/.dvc")
        ]

    def index_entries(self, pathspecs: Sequence[str] = ()) -> list[IndexEntry]:
        """Return the entries of the index that match Git pathspecs, all of them for none.

        ``GIT_INDEX_FILE`` is honoured, so that a pre-commit hook sees what is committed.
        """
        entries = []
        for line in _names(self.run(["ls-files", "-s", "-z", "--", *pathspecs])):
            about, path = line.split("\t", 1)
            mode, blob, stage = about.split(" ")
            entries.append(IndexEntry(path, mode, blob, int(stage)))
        return entries

    def tracked(self, paths: Iterable[str]) -> set[str]:
        """Return those paths that are in the index, or are directories with something in it.

        Args:
            paths: From the top, with ``/``; need not exist.
        """
        wanted = {path.rstrip("/"): path for path in paths}
        found: set[str] = set()
        for chunk in _chunks(wanted):
            args = ["--literal-pathspecs", "ls-files", "-z", "--cached", "--", *chunk]
            for name in _names(self.run(args)):
                while name and name not in found:
                    if name in wanted:
                        found.add(name)
                    name = name.rpartition("/")[0]
        return {wanted[name] for name in found}

    def left_out(self, paths: Sequence[str]) -> set[str]:
        """Return the files at or below these paths that a sparse checkout leaves out.

        Args:
            paths: From the top, with ``/``.
        """
        found: set[str] = set()
        for chunk in _chunks(paths):
            args = ["--literal-pathspecs", "ls-files", "-t", "-z", "--cached", "--", *chunk]
            found.update(line[2:] for line in _names(self.run(args)) if line.startswith("S "))
        return found

    def is_ignored(self, paths: Iterable[str]) -> set[str]:
        """Return those paths that Git ignores; what is in the index is never ignored.

        Args:
            paths: From the top, with ``/``, or absolute. A trailing ``/`` says that the
                path is (to be) a directory.
        """
        wanted = list(paths)
        if not wanted:
            return set()
        args = ["check-ignore", "-z", "--stdin"]
        result = self.call(args, input=_nul(wanted))
        if result.code not in (0, 1):
            raise GitError(args, result.code, result.err)
        return set(_names(result.out))

    def stage(self, paths: Iterable[str]) -> None:
        """Put files into the index as they are now; those that are gone leave it.

        Ignored files are not forced in: Git's refusal is raised, the others are staged.

        Args:
            paths: From the top, with ``/``, or absolute.

        Raises:
            GitError: Git refused; with a hint if another process keeps the index locked.
        """
        there: list[str] = []
        gone: list[str] = []
        for path in dict.fromkeys(paths):
            (there if os.path.lexists(os.path.join(self.top, path)) else gone).append(path)
        if gone:
            # Unlike 'git rm --cached' it does not mind paths that were never in the index.
            self._write_index(["update-index", "--force-remove", "-z", "--stdin"], _nul(gone))
        if not there:
            return
        env = {"GIT_LITERAL_PATHSPECS": "1"}
        args = ["add", "--pathspec-from-file=-", "--pathspec-file-nul"]
        if self.config_bool("core.sparseCheckout", False):
            args.append("--sparse")  # also what is outside of the cone, and here all the same
        try:
            self._write_index(args, _nul(there), env)
        except GitError as error:
            if error.code != 129:  # Git before 2.25 does not know the options
                raise
            for chunk in _chunks(there):
                self._write_index(["add", "--", *chunk], b"", env)

    def set_index(self, entries: Mapping[str, tuple[str, str] | None]) -> None:
        """Give files the entry in the index that they had; the work tree is not looked at.

        Args:
            entries: Mode and blob by path from the top; None to take the file out.

        Raises:
            GitError: Git refused.
        """
        gone = [path for path, entry in entries.items() if entry is None]
        if gone:
            self._write_index(["update-index", "--force-remove", "-z", "--stdin"], _nul(gone))
        lines = [
            f"{entry[0]} {entry[1]}\t".encode("ascii") + os.fsencode(path) + b"\0"
            for path, entry in entries.items()
            if entry is not None
        ]
        if lines:
            self._write_index(["update-index", "-z", "--index-info"], b"".join(lines))

    def _write_index(
        self, args: list[str], input: bytes, env: Mapping[str, str | None] | None = None
    ) -> None:
        """Run a command that writes the index; wait a little for whoever holds its lock.

        Editors run ``git status`` in the background and hold it for an instant.
        """
        for left in range(_INDEX_LOCK_TRIES, -1, -1):
            result = self.call(args, input=input, writes=True, env=env)
            if result.code == 0:
                return
            error = GitError(args, result.code, result.err)
            if not (error.index_is_locked and left):
                raise error
            import time

            time.sleep(_INDEX_LOCK_PAUSE_S)

    # -- objects, without a library --------------------------------------------------------

    def head(self) -> str | None:
        """Return the commit that is checked out, None before the first one."""
        result = self.call(["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])
        return result.out.decode().strip() or None

    def read_blobs(self, blobs: Iterable[str]) -> dict[str, bytes]:
        """Return the content of objects by hex name; those that do not exist are left out.

        A partial clone fetches what it lacks.
        """
        wanted = list(dict.fromkeys(blobs))
        if not wanted:
            return {}
        data = self.run(["cat-file", "--batch"], input="".join(f"{b}\n" for b in wanted).encode())
        found: dict[str, bytes] = {}
        at = 0
        for blob in wanted:
            end = data.index(b"\n", at)
            header = data[at:end].split(b" ")
            at = end + 1
            if len(header) == 3:
                size = int(header[2])
                found[blob] = data[at : at + size]
                at += size + 1
        return found

    def merge_texts(
        self, ours: bytes, base: bytes, theirs: bytes, *, union: bool = False
    ) -> bytes | None:
        """Return three texts merged by line, as ``git merge-file`` does.

        Args:
            ours: Our text.
            base: What both started from.
            theirs: Their text.
            union: Where both changed the same lines, take both versions.

        Returns:
            None if they conflict, or are no texts.
        """
        folder = os.path.join(self.git_dir, "dvc")
        os.makedirs(folder, exist_ok=True)
        paths = []
        try:
            for data in (ours, base, theirs):
                paths.append(os.path.join(folder, f"merge.{fsutil.temporary_name()}"))
                fd = os.open(paths[-1], fsutil.CREATE_FLAGS, 0o600)
                try:
                    fsutil.write_all(fd, data)
                finally:
                    os.close(fd)
            done = self.call(["merge-file", "-p", *(["--union"] if union else []), *paths])
        finally:
            for path in paths:
                fsutil.remove_if_there(path)
        return done.out if done.code == 0 else None

    # -- settings --------------------------------------------------------------------------

    def config_get(self, key: str, default: str | None = None) -> str | None:
        """Return a setting as Git sees it here, from all its files; the last one wins.

        All settings are read in one call, once. A key without ``=`` is the string "true".
        """
        values = self.config_all(key)
        return values[-1] if values else default

    def config_all(self, key: str) -> list[str]:
        """Return all values of a setting, least important first."""
        if self._config is None:
            found: dict[str, list[str | None]] = {}
            for line in _names(self.run(["config", "--list", "-z"])):
                name, mark, value = line.partition("\n")
                found.setdefault(name, []).append(value if mark else None)
            self._config = found
        values = self._config.get(_config_key(key), [])
        return ["true" if value is None else value for value in values]

    def config_bool(self, key: str, default: bool = False) -> bool:
        """Return a yes-or-no setting, in all spellings that Git knows.

        Raises:
            GitDvcError: The value is none of them.
        """
        text = self.config_get(key)
        if text is None:
            return default
        low = text.strip().lower()
        if low in _TRUE:
            return True
        if low in _FALSE:
            return False
        return self.config_int(key) != 0

    def config_int(self, key: str, default: int = 0) -> int:
        """Return a number; ``k``, ``m`` and ``g`` are powers of 1024.

        Raises:
            GitDvcError: The value is not a number.
        """
        text = self.config_get(key)
        if text is None:
            return default
        low = text.strip().lower()
        unit = _UNITS.get(low[-1:], 1)
        try:
            return int(low[:-1] if unit > 1 else low) * unit
        except ValueError:
            raise GitDvcError(
                f"git config {key}: {text!a} is not a valid value",
                hint=f"change it with 'git config {key} VALUE'",
            ) from None

    def config_set(self, key: str, value: str | None, *, scope: str = "local") -> None:
        """Write a setting, or remove it when ``value`` is None.

        Args:
            key: Such as ``dvc.preCommit``.
            value: Without line breaks or NUL: Git loses some of them when it reads again.
            scope: "local", "global", "system" or "worktree".
        """
        if value is None:
            args = ["config", f"--{scope}", "--unset-all", key]
            result = self.call(args, writes=True)
            if result.code not in (0, 5):  # 5: it was not there
                raise GitError(args, result.code, result.err)
        else:
            if any(character in value for character in "\r\n\0"):
                raise GitDvcError(f"git config {key}: a value must be one line")
            self.run(["config", f"--{scope}", key, value], writes=True)
        self._config = None

    # -- places ----------------------------------------------------------------------------

    def main_top(self) -> str | None:
        """Return the top of the main work tree; None if it is bare or cannot be known."""
        if self.git_dir == self.common_dir:
            return self.top
        config = os.path.join(self.common_dir, "config")
        listed = self.run(["config", "--file", config, "--list", "-z"], check=False)
        settings = dict(line.partition("\n")[::2] for line in _names(listed))
        if settings.get("core.worktree"):
            return os.path.realpath(os.path.join(self.common_dir, settings["core.worktree"]))
        if settings.get("core.bare", "false").lower() not in _FALSE:
            return None
        top, name = os.path.split(self.common_dir)
        return top if name == ".git" else None

    def hooks_dir(self) -> str:
        """Return the directory where Git looks for hooks, which need not exist."""
        out = self.run(["rev-parse", "--git-path", "hooks"])
        return os.path.normpath(os.path.join(self.top, os.fsdecode(out.removesuffix(b"\n"))))

    def version(self) -> tuple[int, ...]:
        """Return Git's version, such as ``(2, 39, 5)``."""
        return git_version()


def git_version() -> tuple[int, ...]:
    """Return the version of the Git on PATH, such as ``(2, 39, 5)``."""
    words = git(["version"], cwd=os.path.abspath(os.sep)).out.split()
    found = re.match(rb"\d+(?:\.\d+)*", words[2]) if len(words) > 2 else None
    return tuple(int(part) for part in found.group().split(b".")) if found else ()


# What _walk_up answers when only Git can tell.
_ASK_GIT = ("", "", "")


def _walk_up(start: str) -> tuple[str, str, str] | None:
    """Return (top, git_dir, common_dir) of the plain repository around a real path.

    Follows Git's ``setup_git_directory_gently_1``: ``.git`` as a file or a directory, then
    the directory itself as a bare repository, then its parent, not beyond a mount point.
    """
    folder = start
    device = -1
    while True:
        try:
            status = os.stat(folder)
        except OSError:
            return _ASK_GIT
        if device == -1:
            device = status.st_dev
        elif status.st_dev != device:
            return None
        dot_git = os.path.join(folder, ".git")
        try:
            if os.path.isdir(dot_git):
                git_dir = os.path.realpath(dot_git)
                common_dir = _common_dir(git_dir)
                if common_dir:
                    return _checked(folder, dot_git, git_dir, common_dir)
            elif os.path.lexists(dot_git):
                with open(dot_git, "rb") as file:
                    text = file.read(1 << 16)
                if not text.startswith(b"gitdir: "):
                    return _ASK_GIT
                target = os.fsdecode(text[8:].rstrip(b"\r\n"))
                git_dir = os.path.realpath(os.path.join(folder, target))
                common_dir = _common_dir(git_dir)
                if not common_dir:
                    return _ASK_GIT
                return _checked(folder, dot_git, git_dir, common_dir)
            if os.path.lexists(os.path.join(folder, "HEAD")) and _common_dir(folder):
                return None
        except OSError:
            return _ASK_GIT
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def _common_dir(git_dir: str) -> str | None:
    """Return the directory shared by all work trees; None if this is no Git directory."""
    try:
        with open(os.path.join(git_dir, "HEAD"), "rb") as file:
            head = file.read(64)
    except FileNotFoundError:
        # HEAD may be a symlink to a branch that has no commit yet.
        if not os.path.islink(os.path.join(git_dir, "HEAD")):
            return None
        head = b"ref:"
    except NotADirectoryError:
        return None
    if not (head.startswith(b"ref:") or re.match(rb"[0-9a-f]{40}", head)):
        return None
    try:
        with open(os.path.join(git_dir, "commondir"), "rb") as file:
            shared = os.fsdecode(file.read().rstrip(b"\r\n"))
        common_dir = os.path.realpath(os.path.join(git_dir, shared))
    except FileNotFoundError:
        common_dir = git_dir
    for name in ("objects", "refs"):
        if not os.path.isdir(os.path.join(common_dir, name)):
            return None
    return common_dir


def _checked(top: str, dot_git: str, git_dir: str, common_dir: str) -> tuple[str, str, str] | None:
    """Return the place if it is ours and nothing in its config moves the work tree."""
    uid = os.geteuid()
    allowed = {uid}
    if uid == 0 and os.environ.get("SUDO_UID", "").isdigit():
        allowed.add(int(os.environ["SUDO_UID"]))
    for path in (top, dot_git, git_dir):
        if os.lstat(path).st_uid not in allowed:
            return _ASK_GIT
    text = _read_or_empty(os.path.join(common_dir, "config"))
    if b"worktreeconfig" in text.lower():
        text += b"\n" + _read_or_empty(os.path.join(git_dir, "config.worktree"))
    if _UNUSUAL_CONFIG.search(text):
        return _ASK_GIT
    return top, git_dir, common_dir


def _read_or_empty(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""


def _ask(start: str) -> Repository | None:
    """Return the repository that Git itself finds from a directory."""
    env: dict[str, str | None] = {"LC_ALL": "C", "LANGUAGE": None}
    for name in _LOCATION_ENV:
        if name in os.environ:  # relative ones are relative to where we stand
            env[name] = os.path.abspath(os.environ[name])
    found = []
    for question in ("--show-toplevel", "--absolute-git-dir", "--git-common-dir"):
        args = ["rev-parse", question]
        result = git(args, cwd=start, env=env)
        if result.code != 0:
            words = result.err.decode("utf-8", "replace")
            if "dubious ownership" in words or "unsafe repository" in words:
                raise UnsafeRepositoryError(words)
            if "not a git repository (or any" in words or "must be run in a work tree" in words:
                return None
            raise GitError(args, result.code, result.err)
        found.append(os.fsdecode(result.out.removesuffix(b"\n")))
    top, git_dir, common_dir = found
    common_dir = os.path.realpath(os.path.join(start, common_dir))
    return Repository(os.path.realpath(top), os.path.realpath(git_dir), common_dir)


# -- lists of names ---------------------------------------------------------------------------


def _names(data: bytes) -> list[str]:
    return [os.fsdecode(name) for name in data.split(b"\0") if name]


def _nul(paths: Iterable[str]) -> bytes:
    return b"".join(os.fsencode(path) + b"\0" for path in paths)


def _chunks(paths: Iterable[str]) -> Iterator[list[str]]:
    """Yield the paths in lists that fit on a command line."""
    chunk: list[str] = []
    size = 0
    for path in paths:
        size += len(os.fsencode(path)) + 9
        if chunk and size > _ARGV_BYTES:
            yield chunk
            chunk, size = [], len(os.fsencode(path)) + 9
        chunk.append(path)
    if chunk:
        yield chunk


def _config_key(key: str) -> str:
    """Return the key as Git lists it: only the middle part is case-sensitive."""
    section, _, rest = key.partition(".")
    middle, dot, name = rest.rpartition(".")
    return f"{section.lower()}.{middle}{dot}{name.lower()}"
