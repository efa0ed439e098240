"""The diff driver: what ``git diff``, ``git log -p``, ``git show`` and ``git blame`` show of data.

Git calls ``git-dvc textconv FILE`` once for each side of a difference, and compares the two
texts. So the text of a pointer file is made to compare well, a line for each file of the
data, sorted by path, below a line that says how much it is altogether::

    images/  3 files, 51 bytes, md5 ffe11b7033f83bc0574078c7f5c8858b.dir
      2b60c2b4             17  train/cat.1.jpg
      e5a4ff5c             17  train/cat.2.jpg

A renamed file shows as a line that goes and one that comes with the same hash. The line of
the whole starts with a letter and those of the files do not: that makes Git name the output
in the header of a hunk, and ``git blame`` names the commit that brought each file.

``git diff`` waits for two of these, so a directory of 100,000 files is turned into text
without a step a file in Python, and without sizes, which would need one: the line of the whole
has their sum. The rule for that must be the same for both sides (``_with_sizes``), as each
line would differ otherwise.

Nothing is written here and nothing fails for what is in a file: Git dies if its driver does.
A file that is no pointer (conflict markers) is shown as it is.
"""

from __future__ import annotations

import _thread  # 'threading' costs as much as all the rest of a small file
import os
import sys

from git_dvc import fsutil, hashing
from git_dvc.errors import FormatError, GitDvcError, quoted
from git_dvc.formats import manifest, pointer
from git_dvc.git.repo import Repository
from git_dvc.tracked import LOCK_FILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from git_dvc.formats.lockfile import LockStage
    from git_dvc.formats.pointer import Out
    from git_dvc.project import Project
    from git_dvc.store.cache import Cache

FEW_FILES = 5_000
MANY_FILES = 20_000
"""Sizes of single files are shown up to here, see ``_with_sizes``."""

_CONTENT_KEYS = ("md5", "size", "nfiles", "hash", "isexec")
_IN_ONE_QUESTION = 10_000


def run(arguments: Sequence[str]) -> int:
    """Print one side of a difference as text and return the exit code.

    Args:
        arguments: The file, as Git gives it: a temporary one, or one of the work tree.
    """
    if len(arguments) != 1 or arguments[0] in ("-h", "--help"):
        sys.stderr.write("usage: git-dvc textconv <file>\n")
        return 0 if arguments in (["-h"], ["--help"]) else 129
    import gc

    gc.disable()
    try:
        with open(arguments[0], "rb") as stream:
            data = stream.read()
    except OSError as problem:
        sys.stderr.write(f"error: {quoted(arguments[0])}: {problem.strerror}\n")
        return 1
    try:
        shown = text(arguments[0], data)
    except Exception as problem:  # the file itself is always better than no difference at all
        shown = [data, _encoded(_note(f"git-dvc could not read this: {quoted(str(problem))}"))]
    try:
        out = sys.stdout.buffer
        for part in shown:
            out.write(part)
        out.flush()
    except BrokenPipeError:  # Git has seen enough; Python would complain of it at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def text(path: str, data: bytes) -> list[bytes]:
    """Return the text of a pointer or lock file, in pieces.

    Args:
        path: Where the file is. Its name is the pointer's, its directory need not be.
        data: Its content.
    """
    with _Lists(path) as lists:
        try:
            if os.path.basename(path) == LOCK_FILE or os.path.basename(path).endswith(
                "_" + LOCK_FILE  # Git before 2.38 puts its temporary names in front
            ):
                return _lock_text(data, lists)
            return _pointer_text(data, lists)
        except FormatError:
            return [data]


# -- pointer files ------------------------------------------------------------------------


def _pointer_text(data: bytes, lists: _Lists) -> list[bytes]:
    found = pointer.parse(data)
    parts = []
    for number, out in enumerate(found.outs):
        if number:
            parts.append(b"\n")
        parts += _out_text(out, lists)
    rest = b"" if pointer.is_plain(data) else _rest(data, keep_all=bool(found.deps))
    if rest.strip():
        parts += [b"\n", rest] if parts else [rest]
    return parts


def _rest(data: bytes, *, keep_all: bool) -> bytes:
    """Return what a pointer file has beside content: comments, ``desc``, ``deps``, ``wdir``.

    Args:
        data: The file.
        keep_all: Also its lines of content; those of ``deps`` stand nowhere else.
    """
    if keep_all:
        return data
    lines = []
    for line in data.splitlines(keepends=True):
        key = line.removeprefix(b"- ").strip().partition(b": ")[0].decode("ascii", "replace")
        if key not in _CONTENT_KEYS:
            lines.append(line)
    return b"".join(lines)


def _out_text(out: Out, lists: _Lists, indent: str = "", before: str = "") -> list[bytes]:
    """Return an output: a line for the whole, and for a directory one for each file in it."""
    is_dir = out.hash is not None and hashing.is_dir(out.hash)
    files: list[bytes] = []
    if is_dir and out.hash is not None:
        files = lists.of(out.hash, out.hash_name, f"{indent}  ")
    return [_encoded(f"{indent}{before}{_about(out)}\n"), *files]


def _about(out: Out) -> str:
    """Return ``data/  3 files, 51 bytes, md5 ffe1...``: all that is recorded of content."""
    facts = []
    name = out.path
    if out.hash is not None and hashing.is_dir(out.hash):
        name = name.rstrip("/") + "/"
    if out.nfiles is not None:
        facts.append(_number_of(out.nfiles, "file"))
    if out.size is not None:
        facts.append(_number_of(out.size, "byte"))
    if out.isexec:
        facts.append("executable")
    if out.hash is not None:
        facts.append(f"{out.hash_name} {quoted(out.hash)}")
    return f"{quoted(name)}  {', '.join(facts) or 'nothing recorded yet'}"


def _number_of(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def _encoded(line: str) -> bytes:
    return line.encode("utf-8", "backslashreplace")


def _note(what: str, indent: str = "") -> str:
    return f"{indent}({what})\n"


# -- dvc.lock -----------------------------------------------------------------------------


def _lock_text(data: bytes, lists: _Lists) -> list[bytes]:
    from git_dvc.formats import lockfile

    parts: list[bytes] = []
    for number, stage in enumerate(lockfile.parse(data).values()):
        if number:
            parts.append(b"\n")
        parts += _stage_text(stage, lists)
    return parts


def _stage_text(stage: LockStage, lists: _Lists) -> list[bytes]:
    lines = [f"stage {quoted(stage.name)}\n"]
    commands = stage.cmd if isinstance(stage.cmd, list) else [stage.cmd]
    for command in commands:
        lines += [f"  cmd    {_line(one)}\n" for one in str(command).splitlines()]
    lines += [f"  dep    {_about(dep)}\n" for dep in stage.deps]
    for file, params in stage.params.items():
        lines += [f"  param  {quoted(file)}: {line}\n" for line in _params(params)]
    parts = [_encoded(line) for line in lines]
    for out in stage.outs:
        parts += _out_text(out, lists, "  ", "out    ")
    return parts


def _params(params: Mapping[str, Any]) -> Iterator[str]:
    import json

    for key, value in params.items():
        shown = json.dumps(value, ensure_ascii=False, default=str)
        yield f"{_line(str(key))} = {_line(shown)}"


def _line(written: str) -> str:
    """Return text without control characters; unlike a path it may have quotes."""
    if written.isprintable():
        return written
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in written
    )


# -- directories --------------------------------------------------------------------------


class _Lists:
    """The files of directories, from the cache of whichever project has them.

    Git says neither which pointer a temporary file is from nor which project that is in. But
    a hash names the same content in every cache, so the first that has it will do.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._opened: list[Project] = []
        self._more = self._projects()

    def __enter__(self) -> _Lists:
        return self

    def __exit__(self, *_: object) -> None:
        for project in self._opened:
            project.close()

    def of(self, value: str, name: str, indent: str) -> list[bytes]:
        """Return the lines of a directory's files.

        Args:
            value: The directory's hash.
            name: Its algorithm.
            indent: What each line starts with.
        """
        if name not in hashing.ALGORITHMS:
            return []
        for project in self._all():
            cache = project.cache(name)
            try:
                data = fsutil.read_bytes(cache.path(value), manifest.MOST_BYTES)
            except (OSError, GitDvcError):
                continue
            with _Check(data, cache) as check:
                lines = self._lines(project, cache, data, indent)
            if check.value + hashing.DIR_SUFFIX != value:
                return [_note("the list of its files is damaged in the cache", indent).encode()]
            return lines
        return [_note("the list of its files is not in the cache here", indent).encode()]

    def _lines(self, project: Project, cache: Cache, data: bytes, indent: str) -> list[bytes]:
        with_sizes = self._with_sizes(project, data.count(b'"relpath": '))
        listed = manifest.plain_lines(data, b"" if with_sizes else indent.encode())
        if listed is not None and not with_sizes:
            return [listed]
        if listed is not None:
            rows = listed.decode("ascii").splitlines()
        else:
            try:
                files = manifest.parse(data)
            except FormatError as problem:
                return [_encoded(_note(f"the list of its files is not valid: {problem}", indent))]
            rows = [f"{value}  {quoted(path)}" for path, value in files.items()]
        if not with_sizes:
            return [_encoded("".join([f"{indent}{row}\n" for row in rows]))]
        sizes = _sizes(project, cache, {row[:32] for row in rows})
        shown = {value: f"{size:,}" for value, size in sizes.items()}
        lines = [f"{indent}{row[:8]}  {shown.get(row[:32], '-'):>13}  {row[34:]}\n" for row in rows]
        return [_encoded("".join(lines))]

    def _with_sizes(self, project: Project, count: int) -> bool:
        """Return whether to show sizes; the same for both sides of a difference.

        What both sides know is how large the directory in the work tree is. A directory with
        few files costs nothing, and next to a large one its lines do not matter.
        """
        if count <= FEW_FILES:
            return True
        if count > 3 * MANY_FILES:
            return False
        name = os.path.basename(self._path)
        return (project.state.most_files(name) or count) <= MANY_FILES

    def _all(self) -> Iterator[Project]:
        yield from self._opened
        for project in self._more:
            self._opened.append(project)
            yield project

    def _projects(self) -> Iterator[Project]:
        """Yield the projects of this work tree, the likely ones first."""
        from git_dvc.project import find_root  # a pointer to a single file does without

        here = os.getcwd()
        try:
            repo = Repository.discover(here)
        except GitDvcError:
            return
        if repo is None:
            return
        seen: set[str] = set()
        # A file of the work tree comes by its own path; GIT_PREFIX is where the user is.
        for place in (os.path.dirname(self._path), os.environ.get("GIT_PREFIX", ""), ""):
            if os.path.isabs(place):
                continue
            root = find_root(os.path.realpath(os.path.join(here, place)), repo.top)
            if root is not None:
                yield from _opened(repo, [root], seen)
        args = ["ls-files", "-z", "--", ":(top).dvc/config", ":(top)*/.dvc/config"]
        listed = repo.run(args, check=False).split(b"\0")
        roots = [os.path.dirname(os.path.dirname(os.fsdecode(name))) for name in listed if name]
        yield from _opened(repo, [os.path.join(repo.top, root) for root in roots], seen)


class _Check:
    """Hashes a manifest while its text is made: hashing leaves Python free for it.

    Attributes:
        value: The hash, once the ``with`` statement is over.
    """

    def __init__(self, data: bytes, cache: Cache) -> None:
        self._data = data
        self._cache = cache
        self._done = _thread.allocate_lock()
        self.value = ""

    def __enter__(self) -> _Check:
        self._done.acquire()
        _thread.start_new_thread(self._work, ())
        return self

    def _work(self) -> None:
        try:
            self.value = hashing.of_bytes(self._data, self._cache.algorithm)
        finally:
            self._done.release()

    def __exit__(self, *_: object) -> None:
        self._done.acquire()


def _opened(repo: Repository, roots: Iterable[str], seen: set[str]) -> Iterator[Project]:
    from git_dvc.project import DVC_DIR, Project

    for root in roots:
        root = os.path.normpath(root)
        if root not in seen and os.path.isdir(os.path.join(root, DVC_DIR)):
            seen.add(root)
            try:
                yield Project(root, repo)
            except GitDvcError:
                continue  # its config is broken; every command says so


def _sizes(project: Project, cache: Cache, values: set[str]) -> dict[str, int]:
    """Return the size of each file that is or was in the cache."""
    found: dict[str, int] = {}
    wanted = sorted(values)
    if len(wanted) > 1000:  # else it is quicker to look than to open the database
        for start in range(0, len(wanted), _IN_ONE_QUESTION):
            part = wanted[start : start + _IN_ONE_QUESTION]
            known = project.state.object_stats(cache.algorithm.name, part)
            found.update((value, stat[0]) for value, stat in known.items())
    unknown = []
    for value in wanted:
        if value not in found:
            size = cache.size(value)
            if size is None:
                unknown.append(value)
            else:
                found[value] = size
    if len(wanted) <= 1000 and unknown:
        known = project.state.object_stats(cache.algorithm.name, unknown)
        found.update((value, stat[0]) for value, stat in known.items())
    return found
