"""Which data commits name: the outputs in the pointer and lock files of many revisions.

A pointer that many commits share is read once, so the cost grows with the number of versions of
pointers, not with commits times pointers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from git_dvc import relpaths
from git_dvc.errors import FormatError
from git_dvc.git.trees import Trees
from git_dvc.project import Project
from git_dvc.tracked import STAGES_FILE, TrackedOut, collect, is_pointer


def outs(
    trees: Trees,
    project: Project,
    commits: Iterable[str],
    *,
    others: Sequence[str] = (),
    problems: list[FormatError] | None = None,
    texts: Callable[[str, bytes, str], None] | None = None,
    hidden: bool = False,
) -> Iterator[tuple[TrackedOut, str]]:
    """Yield every output that commits name, each version once, and the first commit that does.

    Args:
        trees: Git's objects.
        project: Whose pointer files count.
        commits: In the order in which they are to be named.
        others: Prefixes of projects in the same work tree; what is inside them is theirs.
        problems: Gets the pointer files that cannot be used, with their commit.
        texts: Told of path, content and commit of each file that is read.
        hidden: Also pointer files that ``.dvcignore`` hides in the work tree of today.
    """
    prefix = project.prefix + "/" if project.prefix else ""
    inner = tuple(f"{other}/" for other in others if f"{other}/".startswith(prefix) and other)
    inner = tuple(folder for folder in inner if folder != prefix)
    everything = hidden or project.ignore.is_plain
    read: set[tuple[str, str]] = set()
    read_locks: set[tuple[str, str, str]] = set()
    for commit in commits:
        fresh = trees.pointers(commit).items() - read
        mine = sorted(
            (path[len(prefix) :], blob)
            for path, blob in fresh
            if path.startswith(prefix)
            and not (inner and path.startswith(inner))
            and (everything or not project.ignore.match_file(path[len(prefix) :]))
        )
        content = trees.blobs(blob for _, blob in mine)
        for path, blob in mine:
            files = {path: content[blob]}
            if texts is not None:
                texts(path, content[blob], commit)
            if not is_pointer(path):
                beside = relpaths.join(path.rpartition("/")[0], STAGES_FILE)
                stages = trees.blob_at(commit, prefix + beside)
                if stages is None or (path, blob, stages) in read_locks:
                    continue
                read_locks.add((path, blob, stages))
                files[beside] = trees.blob(stages)
            found = collect([path], files.get)
            if problems is not None:
                problems += [_at(problem, commit) for problem in found.problems]
            for item in (*found.outs.values(), *found.unplaced):
                yield item, commit
        # Which outputs of a lock file are cached stands in another file, so look again.
        read.update(pair for pair in fresh if is_pointer(pair[0]))


def _at(problem: FormatError, commit: str) -> FormatError:
    return FormatError(problem.what, f"{commit[:7]}:{problem.where}")
