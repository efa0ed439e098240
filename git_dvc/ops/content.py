"""``git dvc diff --content``: what changed inside files, between two versions of them.

Which files differ is told by ``ops/diff.py`` for data, and by Git for its own files. Each version
is then opened where it is, an object of the cache, a blob of Git or a file of the work tree, and
handed to ``compare/content/``. Nothing is checked out. What the cache lacks is named, and fetched
if that is asked for: only the files that are compared.
"""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, BinaryIO, NamedTuple

from git_dvc import fsutil, hashing
from git_dvc.compare.content.kinds import Kinds
from git_dvc.compare.content.report import Content, Options, Pictures, Report
from git_dvc.errors import (
    FormatError,
    GitDvcError,
    InNeitherError,
    MissingObjectError,
    UncomparedError,
    UnfetchedError,
)
from git_dvc.git.repo import Repository
from git_dvc.git.trees import Trees
from git_dvc.ops import diff as differing
from git_dvc.ops.compare import Entry
from git_dvc.ops.source import Source
from git_dvc.progress import NoProgress, Progress
from git_dvc.project import DVC_DIR, Project
from git_dvc.tracked import is_source

ADDED, DELETED, MODIFIED, RENAMED = "added", "deleted", "modified", "renamed"
MOST_FILES = 100
MOST_PICTURE_BYTES = 128 * 1024**2
"""Images of all files together; behind it they are described and not shown."""
_BUFFER_BYTES = 256 * 1024
_OWN_NAMES = frozenset((".gitignore", ".dvcignore", ".gitattributes"))


class Version(NamedTuple):
    """What is known of one version of a file without looking into it.

    Attributes:
        size_bytes: Its size; None if it is not here.
        hash: As recorded or found; '' for a file of Git's.
    """

    size_bytes: int | None
    hash: str


class FileChange(NamedTuple):
    """How one file differs.

    Attributes:
        path: Relative to the project; of a deleted file where it was.
        old_path: Where it was before it was renamed, else the same.
        status: ADDED, DELETED, MODIFIED or RENAMED.
        old: The old version; None if there is none.
        new: The new one.
        report: What differs inside; None if that is not known, or nothing does.
        problem: Why it is not known.
    """

    path: str
    old_path: str
    status: str
    old: Version | None
    new: Version | None
    report: Report | None
    problem: str = ""


class Asked(NamedTuple):
    """What to compare, and how.

    Attributes:
        a_rev: The old version: anything that Git resolves to a commit.
        b_rev: The new one; None for the work tree.
        targets: Files and directories; all data for none.
        options: How much of each file to show.
        fetch: Bring what the cache lacks from its remote.
        most_files: How many files to look into.
    """

    a_rev: str = "HEAD"
    b_rev: str | None = None
    targets: Sequence[str] = ()
    options: Options = Options()
    fetch: bool = False
    most_files: int = MOST_FILES


class Found(NamedTuple):
    """The answer.

    Attributes:
        files: What differs, by path; those that were compared.
        more: How many other files differ.
        missing: Directories whose list of files is not here, so that all that is known of them
            is that they differ; with the revisions of these lists.
        problems: Pointer files and handlers that cannot be used.
        failed: Why something could not be fetched.
        lacks: Whether the cache lacks something that was needed.
    """

    files: list[FileChange]
    more: int
    missing: dict[str, list[str]]
    problems: list[FormatError]
    failed: Sequence[GitDvcError] = ()
    lacks: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether all that was asked for was compared."""
        return not (self.missing or any(one.problem for one in self.files))


def compare(project: Project, asked: Asked, progress: Progress | None = None) -> Found:
    """Compare two versions of files, and look inside.

    Raises:
        NotInGitError: There are no revisions here.
        UnknownRevisionError: A revision names no commit.
        InNeitherError: A target is in neither version.
    """
    watch = progress or NoProgress()
    others: list[str] = []

    def look() -> differing.Diff:
        others.clear()
        return differing.diff(
            project,
            asked.a_rev,
            asked.b_rev,
            targets=asked.targets,
            hide_missing=True,
            progress=watch,
            others=others,
        )

    found = look()
    assert project.repo is not None  # noqa: S101 - else there was an error
    with _Sides(project, asked, watch) as sides:
        if asked.fetch and any(found.unlisted):
            sides.fetch((place, one) for place in (0, 1) for one in found.unlisted[place])
            found = look()
        pairs = dict(_pairs(found))
        for path, pair in sides.of_git(asked.targets, others).items():
            pairs[path] = _joined(pairs.get(path), pair)
        wanted = sorted(pairs)[: asked.most_files]
        if asked.fetch:
            sides.fetch(
                (place, entry)
                for path in wanted
                for place, entry in enumerate(pairs[path][1:])
                if isinstance(entry, Entry) and pairs[path][0] != RENAMED
            )
        kinds = Kinds()
        shown_bytes = 0
        options = asked.options
        watch.start("Comparing", len(wanted))
        files = []
        try:
            for path in wanted:
                change = _changed(sides, kinds, path, pairs[path], options)
                files.append(_noted(change) if options != asked.options else change)
                shown_bytes += _picture_bytes(files[-1].report)
                if shown_bytes > MOST_PICTURE_BYTES:
                    options = options._replace(pictures=False)
                watch.advance(1)
        finally:
            watch.finish()
    missing: dict[str, list[str]] = {}
    for rev, side in zip((asked.a_rev, asked.b_rev or ""), found.unlisted, strict=True):
        for entry in side:
            missing.setdefault(entry.path, []).append(rev)
    return Found(
        files,
        len(pairs) - len(wanted),
        dict(sorted(missing.items())),
        [*found.problems, *(FormatError(problem, "plug-in") for problem in kinds.problems)],
        sides.failed,
        sides.lacks or bool(missing),
    )


Thing = Entry | str | None
"""One version of a file: tracked data, a path of Git's, or nothing."""
Pair = tuple[str, Thing, Thing]
"""Status, old version, new version."""


def _pairs(found: differing.Diff) -> Iterator[tuple[str, Pair]]:
    """Yield the files of tracked data that differ, by path."""
    for entry in found.found.added:
        if not entry.is_dir:
            yield entry.path, (ADDED, None, entry)
    for entry in found.found.deleted:
        if not entry.is_dir:
            yield entry.path, (DELETED, entry, None)
    for change in found.found.modified:
        old, new = (None if side.is_dir else side for side in change)
        if old is not None or new is not None:
            status = MODIFIED if old and new else ADDED if new else DELETED
            yield change.new.path, (status, old, new)
    for change in found.found.renamed:
        if not change.new.is_dir:
            yield change.new.path, (RENAMED, change.old, change.new)


def _joined(data: Pair | None, git: Pair) -> Pair:
    """Return the pair of a path that was Git's in one version and is data in the other."""
    if data is None:
        return git
    old, new = (one if one is not None else two for one, two in zip(data[1:], git[1:], strict=True))
    return (MODIFIED if old and new else ADDED if new else DELETED), old, new


def _changed(sides: _Sides, kinds: Kinds, path: str, pair: Pair, options: Options) -> FileChange:
    status, old, new = pair
    was = old.path if isinstance(old, Entry) else path
    if status == RENAMED:  # what is in it is the same
        versions = [_version(thing, sides.size(thing)) for thing in (old, new)]
        return FileChange(path, was, status, versions[0], versions[1], None)
    contents: list[Content | None] = []
    problems = []
    for place, thing in enumerate((old, new)):
        try:
            contents.append(None if thing is None else sides.opened(place, thing))
        except (GitDvcError, OSError) as problem:
            contents.append(None)
            problems.append(_why(problem))
    versions = [
        _version(thing, None if content is None else content.size_bytes)
        for thing, content in zip((old, new), contents, strict=True)
    ]
    report = None
    if not problems:
        try:
            report = kinds.compare(contents[0], contents[1], options)
        except (GitDvcError, OSError) as problem:
            problems.append(_why(problem))
    why = "; ".join(dict.fromkeys(problems))
    return FileChange(path, was, status, versions[0], versions[1], report, why)


def _noted(change: FileChange) -> FileChange:
    """Return an image that is not shown, with the reason."""
    report = change.report
    if report is None or report.kind != "image":
        return change
    note = "it is not shown: the page would be too large; name fewer files"
    return change._replace(report=report._replace(notes=[*report.notes, note]))


def _picture_bytes(report: Report | None) -> int:
    blocks = report.blocks if report is not None else ()
    pictures = (one for block in blocks if isinstance(block, Pictures) for one in block.pictures)
    return sum(len(picture.data) for picture in pictures)


def _why(problem: GitDvcError | OSError) -> str:
    if isinstance(problem, OSError):
        return f"cannot be read: {(problem.strerror or str(problem)).lower()}"
    return problem.message


def _version(thing: Thing, size_bytes: int | None) -> Version | None:
    if thing is None:
        return None
    return Version(size_bytes, thing.hash if isinstance(thing, Entry) else "")


# -- where the content is -------------------------------------------------------------------


class _File(NamedTuple):
    """A file on this disk; progress is told what is read of it."""

    name: str
    size_bytes: int
    descriptor: Callable[[], int]
    progress: Progress

    def open(self) -> BinaryIO:
        """Open it."""
        return io.BufferedReader(_Watched(self.descriptor(), self.progress), _BUFFER_BYTES)


class _Watched(io.FileIO):
    def __init__(self, fd: int, progress: Progress) -> None:
        super().__init__(fd, "rb")
        self._progress = progress

    def readinto(self, buffer: Any) -> int:
        count = super().readinto(buffer) or 0
        self._progress.advance(0, count)
        return count


class _Bytes(NamedTuple):
    """A file in memory, as Git's are."""

    name: str
    data: bytes

    @property
    def size_bytes(self) -> int:
        """Its size."""
        return len(self.data)

    def open(self) -> BinaryIO:
        """Open it."""
        return io.BytesIO(self.data)


class _Sides:
    """The two versions: 0 is the old one, 1 the new one.

    Attributes:
        lacks: Whether the cache lacks something that was asked for.
        failed: Why something could not be fetched.
    """

    def __init__(self, project: Project, asked: Asked, progress: Progress) -> None:
        assert project.repo is not None  # noqa: S101 - the caller's part
        self._project = project
        self._repo: Repository = project.repo
        self._revs = (asked.a_rev, asked.b_rev)
        self._progress = progress
        self._fetches = asked.fetch
        self._trees = Trees(project.repo)
        self._commits = [None if rev is None else self._trees.resolve(rev) for rev in self._revs]
        self.failed: list[GitDvcError] = []
        self.lacks = False

    def __enter__(self) -> _Sides:
        return self

    def __exit__(self, *_: object) -> None:
        self._trees.close()

    def _is_work_tree(self, place: int) -> bool:
        return self._revs[place] is None

    def size(self, thing: Thing) -> int | None:
        """Return the size of tracked data, if the cache has it."""
        if not isinstance(thing, Entry):
            return None
        return self._project.cache(thing.hash_name).size(thing.hash)

    def opened(self, place: int, thing: Entry | str) -> Content:
        """Return a version of a file.

        Raises:
            UncomparedError: The cache lacks it.
            FormatError: It is no file, or a link out of the project.
        """
        if self._is_work_tree(place):
            return self._in_work_tree(thing if isinstance(thing, str) else thing.path)
        if isinstance(thing, str):
            commit = self._commits[place]
            blob = commit and self._trees.blob_at(commit, self._project.git_path(thing))
            assert blob  # noqa: S101 - it was found before
            return _Bytes(thing, self._trees.blob(blob))
        cache = self._project.cache(thing.hash_name)

        def descriptor() -> int:
            return cache.open_object(thing.hash)

        try:
            fd = descriptor()
        except MissingObjectError:
            self.lacks = True
            raise UncomparedError(
                self._revs[place] or "", self.failed, asked=self._fetches
            ) from None
        try:
            return _File(thing.path, os.fstat(fd).st_size, descriptor, self._progress)
        finally:
            os.close(fd)

    def _in_work_tree(self, path: str) -> Content:
        project = self._project
        real = os.path.realpath(project.path(path))
        tops = (project.root, os.path.realpath(project.cache_root))
        if not any((real + os.sep).startswith(top.rstrip(os.sep) + os.sep) for top in tops):
            raise FormatError("a link that leads out of the project")

        def descriptor() -> int:
            fd = os.open(real, fsutil.READ_FLAGS)
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                os.close(fd)
                raise FormatError("not a regular file")
            return fd

        fd = descriptor()
        try:
            return _File(path, os.fstat(fd).st_size, descriptor, self._progress)
        finally:
            os.close(fd)

    # -- files of Git's ---------------------------------------------------------------------

    def of_git(self, targets: Sequence[str], others: Sequence[str]) -> dict[str, Pair]:
        """Return the files of Git's at and below targets that differ, by path.

        Args:
            targets: As the user gave them.
            others: Those of them that are not data.

        Raises:
            InNeitherError: One of these is in neither version.
        """
        found: dict[str, Pair] = {}
        for target in targets:
            path = self._project.relpath(target.rstrip("/") or target)
            there = [self._has(place, path) for place in (0, 1)]
            if is_source(path) and target not in others:
                continue  # what it describes is compared
            if any(kind == "file" for kind in there):
                self._note(found, path, [kind == "file" for kind in there])
            elif any(there):
                for name in self._differing(path):
                    self._note(found, name, [self._has(place, name) == "file" for place in (0, 1)])
            elif target in others:
                known = self._known()
                raise InNeitherError(
                    target,
                    [rev or "the work tree" for rev in self._revs],
                    () if target in known else known,  # another version has it
                )
        return found

    def _note(self, found: dict[str, Pair], path: str, there: Sequence[bool]) -> None:
        old, new = (path if has else None for has in there)
        if old is None and new is None:
            return
        if old is not None and new is not None and self._same(path):
            return
        found[path] = (MODIFIED if old and new else ADDED if new else DELETED, old, new)

    def _same(self, path: str) -> bool:
        def digest(place: int) -> str:
            with self.opened(place, path).open() as file:
                hasher = hashing.MD5.new()
                while piece := file.read(1024 * 1024):
                    hasher.update(piece)
                return hasher.hexdigest()

        try:
            return digest(0) == digest(1)
        except (GitDvcError, OSError):
            return False

    def _has(self, place: int, path: str) -> str:
        """Return what of Git's, or in the work tree, a path is: 'file', 'dir' or ''."""
        if self._is_work_tree(place):
            full = self._project.path(path)
            if self._project.tracked.holder(path) is not None:
                return ""
            if os.path.isdir(full):
                return "dir"
            return "file" if os.path.lexists(full) else ""
        commit = self._commits[place]
        if commit is None:
            return ""
        git_path = self._project.git_path(path)
        if path and self._trees.blob_at(commit, git_path):
            return "file"
        top = git_path if path else self._project.prefix
        return "dir" if self._trees.tree_at(commit, top) else ""

    def _differing(self, folder: str) -> list[str]:
        """Return the files of Git's in a directory that differ."""
        commits = [commit for commit in self._commits if commit is not None]
        if not commits:
            return []
        args = ["diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--no-textconv"]
        args += ["--no-relative", "--ignore-submodules"]
        top = self._project.git_path(folder) if folder else self._project.prefix
        spec = [f":(top,literal){top}"] if top else [":(top)"]
        listed = self._repo.run([*args, *commits, "--", *spec]).split(b"\0")
        prefix = f"{self._project.prefix}/" if self._project.prefix else ""
        names = [os.fsdecode(name).removeprefix(prefix) for name in listed if name]
        return [
            name
            for name in names
            if not is_source(name)
            and name.rpartition("/")[2] not in _OWN_NAMES
            and DVC_DIR not in name.split("/")
        ]

    def _known(self) -> list[str]:
        """Return what could have been meant where nothing is of a name."""
        shown = self._project.shown
        git = os.fsdecode(self._repo.run(["ls-files", "-z"], cwd=self._project.root))
        return [*map(shown, self._project.tracked.outs), *map(shown, git.split("\0")[:-1])]

    # -- what the cache lacks ---------------------------------------------------------------

    def fetch(self, wanted: Iterable[tuple[int, Entry]]) -> None:
        """Bring into the cache what it lacks; what cannot be had is noticed later."""
        lacking: dict[int, dict[str, Entry]] = {}
        for place, entry in wanted:
            if self._is_work_tree(place):
                continue
            if not self._project.cache(entry.hash_name).has(entry.hash):
                lacking.setdefault(place, {})[entry.path] = entry
        for place, entries in lacking.items():
            try:
                with Source.open(
                    self._project.root, self._revs[place], progress=self._progress
                ) as source:
                    found = [source.entry(path) for path in entries]
                    nowhere = source.fetch(found, self._project.cache, self._progress)
                    if nowhere:
                        part = source.parts[nowhere[0].project]
                        self.failed.append(
                            UnfetchedError(
                                self._revs[place] or "",
                                [self._project.shown(one.path) for one in nowhere],
                                has_remote=part.has_remote(nowhere[0].out),
                            )
                        )
            except GitDvcError as problem:
                self.failed.append(problem)
        for name in {entry.hash_name for some in lacking.values() for entry in some.values()}:
            self._project.cache(name).flush()


def to_json(found: Found, shown: Callable[[str], str] = str) -> dict[str, Any]:
    """Return the answer for a program."""

    def version(one: Version | None) -> dict[str, Any] | None:
        return None if one is None else {"size": one.size_bytes, "hash": one.hash or None}

    def entry(one: FileChange) -> dict[str, Any]:
        report = one.report
        return {
            "path": shown(one.path),
            **({"old_path": shown(one.old_path)} if one.old_path != one.path else {}),
            "status": one.status,
            "old": version(one.old),
            "new": version(one.new),
            "kind": report.kind if report is not None else None,
            "summary": report.summary if report is not None else None,
            "facts": {
                fact.name: {"old": fact.old, "new": fact.new}
                for fact in (report.facts if report is not None else ())
            },
            "content": report.data if report is not None else None,
            "notes": list(report.notes) if report is not None else [],
            "error": one.problem or None,
        }

    return {
        "files": [entry(one) for one in found.files],
        "more": found.more,
        "not in cache": [shown(path) + "/" for path in found.missing],
    }
