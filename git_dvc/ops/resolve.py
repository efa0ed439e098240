"""Ending conflicts of pointer and lock files: ``git dvc resolve``.

Git itself keeps what a conflict is about: the three versions of an unmerged file stand in its
index as stages 1 (base), 2 (ours) and 3 (theirs), whatever the work tree has by now. So the merge
is made again from these with what was chosen, the file is written, the data follows, and when
nothing is open any more the file is staged, which is how Git sees that it is resolved. Choices
for some of a file's conflicts are noted in Git's directory until then, with the names of the
three versions, so that a note of another merge is never taken for this one's.

``git dvc add`` on data in conflict is a resolution, too: what is in the work tree (``Adding``).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from git_dvc import fsutil, relpaths
from git_dvc.errors import (
    CorruptObjectError,
    FormatError,
    GitDvcError,
    MissingObjectError,
    NotInConflictError,
    NotInGitError,
    UnbroughtDataError,
    UnsavedDataError,
    argument,
    quoted,
)
from git_dvc.formats import pointer
from git_dvc.formats.pointer import Out
from git_dvc.fsutil import Folders, NotAFolderError
from git_dvc.git.repo import Repository
from git_dvc.ops import checkout as checking_out
from git_dvc.ops import merge as merging_files
from git_dvc.ops.merge import FILE, OUTPUT, STAGE, VALUE, Conflict, Merged
from git_dvc.ops.record import ignore_in_git
from git_dvc.progress import NoProgress, Progress
from git_dvc.project import Project, find_root
from git_dvc.store.state import is_clean
from git_dvc.tracked import SUFFIX, TrackedOut, is_pointer, is_source
from git_dvc.workspace.apply import manifest_of
from git_dvc.workspace.merging import OURS, THEIRS, UNION, words

NOTES = "resolutions"
MERGE = "merge"
WHOLE = "whole"
"""Kind of a conflict about a whole pointer or lock file: one side deleted it, say."""

MOST_TEXT_BYTES = 64 * 1024 * 1024
_TEXT_LOOK_BYTES = 8000  # as far as Git looks for a NUL


class Case(NamedTuple):
    """One unmerged file.

    Attributes:
        source: The file, relative to the project.
        stages: Git's names of base, ours and theirs; '' where there is none.
        texts: Their content.
    """

    source: str
    stages: tuple[str, str, str]
    texts: tuple[bytes | None, bytes | None, bytes | None]


class Open(NamedTuple):
    """What is open about one unmerged file, and what was chosen already."""

    source: str
    conflicts: list[Conflict]
    choices: dict[str, str]


class Result:
    """What ``resolve`` did; paths relative to the project.

    Attributes:
        settled: Names of the conflicts that were decided.
        refused: Reason, by name, of those that cannot be decided this way.
        left: What is open in the files that were asked for.
        staged: Files that are resolved, and staged.
        done: Whether Git has no unmerged file any more.
        brought: What came of bringing the data.
    """

    def __init__(self) -> None:
        self.settled: list[str] = []
        self.refused: dict[str, str] = {}
        self.left: list[Open] = []
        self.staged: list[str] = []
        self.done = False
        self.brought = checking_out.Result()


# -- what is in conflict ------------------------------------------------------------------------


def unmerged(project: Project) -> list[Case]:
    """Return the pointer and lock files of a project that Git shows as unmerged."""
    repo = project.repo
    if repo is None:
        return []
    listed = repo.run(["ls-files", "-u", "-z", "--", *project.source_specs])
    found: dict[str, list[str]] = {}
    for line in listed.split(b"\0"):
        about, _, name = line.partition(b"\t")
        parts = about.split(b" ")
        if len(parts) != 3 or not parts[0].startswith(b"100"):
            continue
        source = project.own_path(os.fsdecode(name))
        if is_source(source) and _is_own(project, source):
            found.setdefault(source, ["", "", ""])[int(parts[2]) - 1] = parts[1].decode()
    if not found:
        return []
    blobs = repo.read_blobs(name for stages in found.values() for name in stages if name)
    return [
        Case(source, (base, ours, theirs), (blobs.get(base), blobs.get(ours), blobs.get(theirs)))
        for source, (base, ours, theirs) in sorted(found.items())
    ]


def _is_own(project: Project, source: str) -> bool:
    """Return whether a file is not that of another project inside this one."""
    place = os.path.dirname(project.path(source))
    while not os.path.isdir(place):
        place = os.path.dirname(place)
    return find_root(place, project.root) == project.root


def find_open(project: Project) -> list[Open]:
    """Return all that is open in a project."""
    notes = _Notes(project)
    found = []
    for case in unmerged(project):
        choices = notes.of(case)
        found.append(Open(case.source, merge(project, case, choices).conflicts, choices))
    return found


def merge(project: Project, case: Case, choices: Mapping[str, str]) -> Merged:
    """Merge an unmerged file again; the data is empty if the file is to go."""
    base, ours, theirs = case.texts
    choice = choices.get(case.source, "")
    why = ""
    if ours is not None and theirs is not None:
        try:
            return merging_files.merge(project, case.source, base, ours, theirs, choices, choice)
        except FormatError as problem:
            why = f"cannot be merged: {problem.what}"
    if not why:
        states = [None if text is None else "" for text in case.texts]
        why = "deleted on both sides" if states[1:] == [None, None] else words(*states)
    kept = {OURS: ours, THEIRS: theirs, UNION: ours or theirs}.get(choice)
    if choice:
        return Merged(kept or b"", [], [])
    return Merged(ours or theirs or b"", [Conflict(case.source, why, WHOLE)], [])


# -- resolving ----------------------------------------------------------------------------------


def resolve(
    project: Project,
    targets: Sequence[str],
    choice: str,
    *,
    everything: bool = False,
    progress: Progress | None = None,
) -> Result:
    """Decide conflicts, bring the data, and stage what is resolved.

    Args:
        project: The project.
        targets: As the user gave them: data paths, files inside tracked directories, pointer
            files, stages, or directories with any of these in them.
        choice: ``ours``, ``theirs``, ``union``; ``merge`` begins again, with nothing chosen.
        everything: All conflicts of the project.
        progress: Told of the work.

    Raises:
        NotInConflictError: A target is not in conflict.
        UnsavedDataError: A file in question holds data that is saved nowhere; nothing was done.
    """
    watch = progress or NoProgress()
    if project.repo is None:
        raise NotInGitError(project.root)
    result = Result()
    ready: list[Case] = []
    with project.lock(watch), project.operation("resolve"):
        project.forget_tracked()
        notes = _Notes(project)
        cases = unmerged(project)
        chosen = _select(project, cases, targets, everything)
        for case, found in chosen:
            _check_saved(project, case, found)
        for case, found in chosen:
            choices = {} if choice == MERGE else notes.of(case)
            for conflict in found if choice != MERGE else []:
                _decide(project, case, conflict, choice, choices, result)
            ready += _write(project, case, choices, notes, result)
        project.forget_tracked()
    result.brought = checking_out.follow(project, watch)
    # Last of all: killed before, the same command is what finishes it.
    with project.lock(watch):
        for case, found in chosen:
            _remove_asides(project, case, found)
        for case in ready:
            project.repo.stage([project.git_path(case.source)])
            result.staged.append(case.source)
            notes.set(case, {})
    result.done = not project.repo.run(["ls-files", "-u"])
    return result


def _select(
    project: Project, cases: Sequence[Case], targets: Sequence[str], everything: bool
) -> list[tuple[Case, list[Conflict]]]:
    """Return the files that targets name, with those of their conflicts that are meant."""
    every = [(case, merge(project, case, {}).conflicts) for case in cases]
    if everything:
        return every
    chosen: dict[str, dict[str, Conflict]] = {}
    for target in targets:
        relpath = project.relpath(target.rstrip("/") or target)
        hit = False
        for case, conflicts in every:
            names = _names(case)
            whole = relpaths.inside(case.source, relpath) or (relpath in names and len(names) == 1)
            found = [
                conflict
                for conflict in conflicts
                if whole or _means(project, case, conflict, relpath, target)
            ]
            if found or whole:
                hit = True
                known = chosen.setdefault(case.source, {})
                known.update({conflict.key: conflict for conflict in found})
        if not hit:
            raise NotInConflictError(target, [project.shown(case.source) for case in cases])
    return [
        (case, list(chosen[case.source].values())) for case, _ in every if case.source in chosen
    ]


def _names(case: Case) -> set[str]:
    """Return the outputs that any version of a pointer file names."""
    return {relpath for text in case.texts for relpath in _outs(text, case.source)}


def _outs(text: bytes | None, source: str) -> dict[str, Out]:
    """Return the outs of a pointer file by relpath; none of a file that cannot be read."""
    if text is None or not is_pointer(source):
        return {}
    try:
        parsed = pointer.parse(text)
        folder = relpaths.join(source.rpartition("/")[0], parsed.wdir)
        return {relpaths.resolve(folder, out.path): out for out in parsed.outs}
    except FormatError:
        return {}


def _means(project: Project, case: Case, conflict: Conflict, relpath: str, target: str) -> bool:
    """Return whether a target names a conflict."""
    paths = [path for path in (conflict.key, conflict.aside, conflict.output) if path]
    if any(relpaths.inside(path, relpath) for path in paths):
        return True
    if conflict.kind == FILE and conflict.ours is None and relpaths.inside(relpath, conflict.key):
        return True  # a file inside a directory that stands against a file
    if conflict.kind != STAGE:
        return False
    stage = conflict.key[len(case.source) + 1 :]
    made = project.tracked.outs.get(relpath)
    return target == stage or (
        made is not None and (made.source, made.stage) == (case.source, stage)
    )


def _decide(
    project: Project,
    case: Case,
    conflict: Conflict,
    choice: str,
    choices: dict[str, str],
    result: Result,
) -> None:
    """Note what was chosen for one conflict, or why that is impossible."""
    if choice == UNION:
        if conflict.kind in (VALUE, STAGE):
            result.refused[conflict.key] = "cannot be both: choose --ours or --theirs"
            return
        if conflict.kind == WHOLE and None not in case.texts[1:]:
            result.refused[conflict.key] = "cannot be united: choose --ours or --theirs"
            return
        value = _united(project, conflict)
        if value:
            choice = f"={value}"
        elif conflict.kind == OUTPUT and (conflict.aside or conflict.hint):
            why = _put_beside(project, case, conflict)
            if why:
                result.refused[conflict.key] = why
                return
    choices[conflict.key] = choice
    result.settled.append(conflict.key)


def _united(project: Project, conflict: Conflict) -> str:
    """Return the hash of both sides' lines, stored; '' if they are no text or not here."""
    repo = project.repo
    if repo is None or conflict.ours is None or conflict.theirs is None:
        return ""
    cache = project.cache(conflict.algorithm)
    texts = []
    for value in (conflict.ours, conflict.base, conflict.theirs):
        if value is None:
            texts.append(b"")
            continue
        try:
            size = cache.trusted(value).st_size
            data = fsutil.read_bytes(cache.path(value), MOST_TEXT_BYTES) if size else b""
        except (MissingObjectError, CorruptObjectError, GitDvcError):
            return ""
        if b"\0" in data[:_TEXT_LOOK_BYTES]:
            return ""
        texts.append(data)
    merged = repo.merge_texts(texts[0], texts[1], texts[2], union=True)
    if merged is None:
        return ""
    found = cache.store_bytes(merged)
    cache.flush()
    return found


def _put_beside(project: Project, case: Case, conflict: Conflict) -> str:
    """Give theirs a pointer file of its own; return why not, '' if that is done."""
    theirs = case.texts[2]
    if not conflict.aside or theirs is None or not is_pointer(case.source):
        return "cannot be both: choose --ours or --theirs"
    out = _outs(theirs, case.source).get(conflict.output)
    if out is None:
        return "theirs has no such output"
    name = conflict.aside.rpartition("/")[2]
    beside = conflict.aside + SUFFIX
    data = pointer.dump(out._replace(path=name))
    there = project.read(beside)
    if there is not None and there != data:
        return f"{quoted(beside)} is in the way"
    if there is None:
        fsutil.atomic_write(project.path(beside), data, _tmp(project))
    changed = [beside]
    ignored = ignore_in_git(project, conflict.aside, is_dir=False)
    if ignored:
        changed.append(ignored)
    assert project.repo is not None  # noqa: S101 - resolve asked
    project.repo.stage([project.git_path(path) for path in changed])
    return ""


def _write(
    project: Project, case: Case, choices: dict[str, str], notes: _Notes, result: Result
) -> list[Case]:
    """Write a file as it is merged by now; return it if nothing is open."""
    merged = merge(project, case, choices)
    place = project.path(case.source)
    notes.set(case, choices)
    if not merged.data:
        fsutil.remove_if_there(place)
    elif project.read(case.source) != merged.data:
        os.makedirs(os.path.dirname(place), exist_ok=True)
        fsutil.atomic_write(place, merged.data, _tmp(project))
    if merged.conflicts:
        result.left.append(Open(case.source, merged.conflicts, choices))
        return []
    return [case]


def _tmp(project: Project) -> str:
    return os.path.join(project.tmp_dir, "git-dvc")


def _remove_asides(project: Project, case: Case, conflicts: Iterable[Conflict]) -> None:
    """Remove what stands for theirs where another tool put it, and nothing names it any more."""
    kept = set()
    for relpath, out in _outs(project.read(case.source), case.source).items():
        kept.add(relpath)
        try:
            files = manifest_of(out.hash or "", project.cache(out.hash_name))
        except (MissingObjectError, CorruptObjectError, FormatError):
            return
        kept.update(relpaths.join(relpath, path) for path in files if path)
    with Folders(project.root) as folders:
        for conflict in conflicts:
            path, value = conflict.aside, conflict.theirs
            if not path or value is None or path in kept or project.read(path + SUFFIX):
                continue
            parent, _, name = path.rpartition("/")
            try:
                folder = folders.open(parent, create=False)
                if folder is None or fsutil.lstat(project.path(path)) is None:
                    continue
                cache = project.cache(conflict.algorithm)
                if cache.hash_file(folder, name)[0] == value and cache.has(value):
                    os.unlink(folder.at(name), dir_fd=folder.fd)
            except (OSError, GitDvcError, NotAFolderError):
                continue  # it is not theirs, or not ours to remove


# -- unsaved data -------------------------------------------------------------------------------


def _check_saved(project: Project, case: Case, conflicts: Iterable[Conflict]) -> None:
    """Refuse to decide about files that the user has changed since.

    Raises:
        UnsavedDataError: Names them.
    """
    unsaved = []
    with Folders(project.root) as folders:
        for conflict in conflicts:
            if conflict.kind not in (FILE, OUTPUT):
                continue
            for path in filter(None, (conflict.key, conflict.aside)):
                if not _is_saved(project, folders, conflict.output, path):
                    unsaved.append(path)
    if unsaved:
        first = argument(project.shown(unsaved[0]))
        raise UnsavedDataError(
            [project.shown(path) for path in unsaved],
            f"keep your version as the resolution with 'git dvc add {first}',\n"
            f"or discard it with 'git dvc checkout --force {first}', and resolve again",
        )


def _is_saved(project: Project, folders: Folders, output: str, path: str) -> bool:
    found = fsutil.lstat(project.path(path))
    if found is None or not stat.S_ISREG(found.st_mode):
        return True  # nothing, or what bringing the data never deletes unasked
    holder = output if relpaths.inside(path, output) else path
    record = project.state.placed(holder)
    entry = record.entries.get(path[len(holder) + 1 :]) if record is not None else None
    cache = project.cache(record.algorithm) if record is not None else project.cache()
    if entry is not None and is_clean(entry, found) and cache.has(entry[0]):
        return True
    parent, _, name = path.rpartition("/")
    try:
        folder = folders.open(parent, create=False)
        return folder is None or cache.has(cache.hash_file(folder, name)[0])
    except NotAFolderError:
        return True


# -- adding by hand -----------------------------------------------------------------------------


class Adding:
    """``git dvc add`` of data that is in conflict: what the work tree has is the resolution.

    Args:
        project: The project, locked.
        items: The outputs, and the paths inside them, that are about to be added.

    Raises:
        UnbroughtDataError: The merged data was not put in place, so to add what is there would
            undo what others did.
    """

    def __init__(self, project: Project, items: Iterable[tuple[TrackedOut, str]]) -> None:
        self._project = project
        self._inner: dict[str, list[str]] = {}
        listed = list(items)
        for item, inner in listed:
            self._inner.setdefault(item.source, []).append(
                relpaths.join(item.relpath, inner) if inner else ""
            )
        self._cases = [case for case in unmerged(project) if case.source in self._inner]
        self.held = {case.source for case in self._cases}
        """Files that are not to be staged: something about them is open."""
        self.resolved: set[str] = set()
        """Files that are to be staged even if adding did not change them."""
        self.leftover: list[str] = []
        """What still stands beside ours, and was recorded with it or left alone."""
        for item, _ in listed:
            if item.source in self.held:
                _check_brought(project, item)

    def finish(self) -> None:
        """Note what the new pointer files decide."""
        notes = _Notes(self._project) if self._cases else None
        for case in self._cases:
            assert notes is not None  # noqa: S101 - made for the first of them
            conflicts = merge(self._project, case, {}).conflicts
            if "" in self._inner[case.source]:
                self._finish_whole(case, conflicts)
                notes.set(case, {})
                self._done(case)
                continue
            choices = self._finish_some(case, conflicts, notes.of(case))
            if merge(self._project, case, choices).conflicts:
                notes.set(case, choices)
            else:
                notes.set(case, {})
                self._done(case)

    def _done(self, case: Case) -> None:
        self.held.discard(case.source)
        self.resolved.add(case.source)

    def _finish_whole(self, case: Case, conflicts: Iterable[Conflict]) -> None:
        asides = {conflict.aside: conflict for conflict in conflicts if conflict.aside}
        beside = {path for path, conflict in asides.items() if conflict.kind == OUTPUT}
        self.leftover += [
            path for path in asides if fsutil.lstat(self._project.path(path)) is not None
        ]
        text = self._project.read(case.source)
        if beside and text is not None:
            _drop_outs(self._project, case.source, text, beside)

    def _finish_some(
        self, case: Case, conflicts: Iterable[Conflict], known: dict[str, str]
    ) -> dict[str, str]:
        text = self._project.read(case.source)
        choices = dict(known)
        for conflict in conflicts:
            added = self._inner[case.source]
            if not any(
                relpaths.inside(conflict.key, path) or relpaths.inside(path, conflict.key)
                for path in added
            ):
                continue
            value = _recorded(self._project, text, case.source, conflict)
            if value is not None:
                choices[conflict.key] = f"={value}"
        return choices


def _recorded(project: Project, text: bytes | None, source: str, conflict: Conflict) -> str | None:
    """Return the hash that a pointer file has now for a file in conflict; '' for none."""
    for relpath, out in _outs(text, source).items():
        if out.hash is not None and relpath == conflict.output:
            files = manifest_of(out.hash, project.cache(out.hash_name))
            return files.get(conflict.key[len(relpath) + 1 :], "")
    return None


def _drop_outs(project: Project, source: str, text: bytes, relpaths_: set[str]) -> None:
    """Take outputs that stand for theirs out of a pointer file."""
    from git_dvc.formats import threeway, yamltext

    paths = {out.path for relpath, out in _outs(text, source).items() if relpath in relpaths_}
    document = yamltext.Document(text)
    value = dict(document.value)
    value["outs"] = [item for item in value.get("outs") or [] if item["path"] not in paths]
    fsutil.atomic_write(project.path(source), threeway.write(document, value), _tmp(project))


def _check_brought(project: Project, item: TrackedOut) -> None:
    out: Out = item.out
    if out.hash is None:
        return
    try:
        files = manifest_of(out.hash, project.cache(out.hash_name))
    except (MissingObjectError, CorruptObjectError, FormatError):
        return
    record = project.state.placed(item.relpath)
    entries = record.entries if record is not None else {}
    missing = []
    for path in files.keys() | entries.keys():
        entry = entries.get(path)
        full = relpaths.join(item.relpath, path) if path else item.relpath
        if entry is not None and entry[0] == files.get(path):
            continue
        there = fsutil.lstat(project.path(full)) is not None
        if (entry is None and not there) or (entry is not None and there):
            missing.append(project.shown(full))
    if missing:
        raise UnbroughtDataError(project.shown(item.relpath), missing)


# -- notes --------------------------------------------------------------------------------------


class _Notes:
    """What was chosen in merges that are not done, in Git's directory of this work tree."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._path = os.path.join(project.state_dir, NOTES)
        self._all: dict[str, dict[str, object]] = {}
        try:
            data = fsutil.read_bytes(self._path)
        except (OSError, GitDvcError):
            return
        import json

        try:
            found = json.loads(data)
        except (ValueError, RecursionError):
            return  # written by us alone; a broken one is as good as none
        if isinstance(found, dict):
            self._all = {k: v for k, v in found.items() if isinstance(v, dict)}

    def of(self, case: Case) -> dict[str, str]:
        """Return what was chosen in this very merge."""
        note = self._all.get(self._project.git_path(case.source), {})
        choices = note.get("choices")
        if note.get("stages") != list(case.stages) or not isinstance(choices, dict):
            return {}
        return {str(key): str(value) for key, value in choices.items()}

    def set(self, case: Case, choices: Mapping[str, str]) -> None:
        """Note what was chosen; nothing forgets the note."""
        import json

        key = self._project.git_path(case.source)
        if choices:
            self._all[key] = {"stages": list(case.stages), "choices": dict(choices)}
        elif self._all.pop(key, None) is None:
            return
        os.makedirs(os.path.dirname(self._path), exist_ok=True)
        data = json.dumps(self._all, sort_keys=True, indent=1).encode()
        fsutil.atomic_write(self._path, data, os.path.dirname(self._path))


def way_on(repo: Repository) -> str:
    """Return the command of Git that goes on when nothing is unmerged; '' if none is due."""
    for name, command in (
        ("rebase-merge", "git rebase --continue"),
        ("rebase-apply/applying", "git am --continue"),
        ("rebase-apply", "git rebase --continue"),
        ("CHERRY_PICK_HEAD", "git cherry-pick --continue"),
        ("REVERT_HEAD", "git revert --continue"),
        ("MERGE_HEAD", "git merge --continue"),
    ):
        if os.path.exists(os.path.join(repo.git_dir, name)):
            return command
    return ""
