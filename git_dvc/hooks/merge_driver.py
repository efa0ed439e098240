"""The merge driver: what Git runs for a pointer or lock file that both sides changed.

Git's config has ``merge.dvc.driver = git-dvc merge-driver %O %A %B %L %P`` and the work tree's
``.gitattributes`` says ``*.dvc merge=dvc``. The arguments are three temporary files (base, ours,
theirs; the result goes to ours), the length of conflict markers, and the path. The exit code is
0 for a clean merge, 1 for a conflict, and never more: Git would stop halfway.

The merge itself is ``ops/merge.py``. Data is not moved here, as Git merges some things just to
look (``merge-tree``), or to stop after all: the hooks bring the merged data when Git is done.
Whatever goes wrong, ours stays a valid file, or Git's own merge by lines is left.
"""

from __future__ import annotations

import os
import sys

from git_dvc import fsutil
from git_dvc.errors import MOST_PATHS, FormatError, GitDvcError, argument, quoted
from git_dvc.git.repo import Repository, git

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from git_dvc.ops.merge import Conflict, Merged
    from git_dvc.project import Project

_MARKER = 7
"""Git's usual length of conflict markers; longer ones mean a base that Git makes up."""

CONFLICT = 1


def run(arguments: Sequence[str]) -> int:
    """Merge one file.

    Args:
        arguments: ``%O %A %B %L %P``.
    """
    import gc

    gc.disable()
    if len(arguments) != 5:
        _say("usage: git-dvc merge-driver %O %A %B %L %P   (Git runs this)")
        return CONFLICT
    base, ours, theirs, marker, path = arguments
    try:
        if os.environ.get("GIT_DVC_SKIP"):
            return _by_line(base, ours, theirs, marker)
        os.environ["GIT_DVC_HOOK"] = "1"
        return _merge(base, ours, theirs, marker, path)
    except GitDvcError as problem:
        _say(f"git-dvc: {quoted(path)} could not be merged; ours was left in place")
        _say(str(problem))
        _say(f"hint: then run 'git dvc resolve --merge {argument(path)}'")
    except OSError as problem:
        where = f": {problem.filename}" if problem.filename else ""
        _say(f"git-dvc: {quoted(path)} could not be merged; ours was left in place")
        _say(f"error: {problem.strerror or problem}{where}")
    except KeyboardInterrupt:
        _say(f"git-dvc: interrupted; ours was left in {quoted(path)}")
    except Exception:
        # A bug: it keeps its traceback, and the user our version.
        import traceback

        traceback.print_exc()
        _say(f"git-dvc: {quoted(path)} could not be merged; ours was left in place")
    return CONFLICT


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


def _merge(base: str, ours: str, theirs: str, marker: str, path: str) -> int:
    from git_dvc.project import Project

    repo = Repository.discover(os.getcwd())
    root = _project_root(repo, path) if repo is not None else None
    if repo is None or root is None:
        return _by_line(base, ours, theirs, marker)
    with Project(root, repo) as project:
        if project.repo is None:  # core.no_scm
            return _by_line(base, ours, theirs, marker)
        source = project.own_path(path)
        made_up = _is_made_up(repo, marker, path)
        try:
            merged = _merge_here(project, source, base, ours, theirs, made_up)
        except FormatError as problem:
            if not made_up:
                _say(f"git-dvc: {quoted(path)}: {problem.what}; merged as plain text")
            return _by_line(base, ours, theirs, marker)
        tmp_dir = os.path.join(project.tmp_dir, "git-dvc")
        fsutil.atomic_write(os.path.abspath(ours), merged.data, tmp_dir, durable=False)
        if made_up:
            return 0
        _tell(project, source, merged)
        return CONFLICT if merged.conflicts else 0


def _merge_here(
    project: Project, source: str, base: str, ours: str, theirs: str, made_up: bool
) -> Merged:
    from git_dvc.ops import merge as op
    from git_dvc.workspace.merging import BASE

    was, mine, their = (fsutil.read_bytes(os.path.abspath(p)) for p in (base, ours, theirs))
    return op.merge(project, source, was, mine, their, default=BASE if made_up else "")


def _project_root(repo: Repository, path: str) -> str | None:
    """Return the project that a path of the work tree is in; its directory may not exist yet."""
    from git_dvc.project import find_root

    place = os.path.dirname(os.path.join(repo.top, path))
    while not os.path.isdir(place) and place != repo.top:
        place = os.path.dirname(place)
    return find_root(place, repo.top)


def _is_made_up(repo: Repository, marker: str, path: str) -> bool:
    """Return whether Git merges two bases into one here, which nobody is going to look at.

    Its markers are longer then. So they are where an attribute says so.
    """
    if not marker.isdigit() or int(marker) <= _MARKER:
        return False
    out = repo.run(["check-attr", "-z", "conflict-marker-size", "--", path], check=False)
    usual = out.split(b"\0")[2:3]
    return not (usual and usual[0].isdigit() and int(marker) <= int(usual[0]))


def _by_line(base: str, ours: str, theirs: str, marker: str) -> int:
    """Merge as Git does without us: by lines, with conflict markers in the file."""
    size = [f"--marker-size={marker}"] if marker.isdigit() else []
    labels = ["-L", "ours", "-L", "base", "-L", "theirs"]
    done = git(["merge-file", "-p", *size, *labels, ours, base, theirs], cwd=os.getcwd())
    if not 0 <= done.code < 128:
        return CONFLICT
    place = os.path.abspath(ours)
    fsutil.atomic_write(place, done.out, os.path.dirname(place), durable=False)
    return CONFLICT if done.code else 0


# -- telling ------------------------------------------------------------------------------------


def _tell(project: Project, source: str, merged: Merged) -> None:
    name = quoted(project.git_path(source))
    files = sum(found.written for found in merged.taken)
    gone = sum(found.deleted for found in merged.taken)
    parts = []
    if files:
        parts.append(f"{files} file{'s' if files != 1 else ''} from theirs")
    if gone:
        parts.append(f"{gone} deleted by theirs")
    if parts or not merged.conflicts:
        _say(f"merged {name}: {', '.join(parts)}" if parts else f"merged {name}")
    for conflict in merged.conflicts[:MOST_PATHS]:
        beside = ""
        if conflict.aside:
            beside = f"; theirs is {quoted(project.git_path(conflict.aside))}"
        _say(f"CONFLICT (data): {quoted(project.git_path(conflict.key))}: {conflict.why}{beside}")
    if len(merged.conflicts) > MOST_PATHS:
        _say(f"  ... and {len(merged.conflicts) - MOST_PATHS} more: git dvc resolve --list")
    for hint in dict.fromkeys(found.hint for found in merged.conflicts if found.hint):
        _say("\n".join(f"hint: {line}" for line in hint.splitlines()))
    for target in dict.fromkeys(_target(source, found) for found in merged.conflicts):
        place = quoted(project.git_path(target))
        _say(f"hint: choose with 'git dvc resolve --ours|--theirs|--union {place}'")
    if merged.conflicts and project.repo is not None and _is_rebasing(project.repo):
        _say("hint: in a rebase 'ours' is what you rebase onto, and 'theirs' your own commit")


def _target(source: str, conflict: Conflict) -> str:
    return conflict.output or source


def _is_rebasing(repo: Repository) -> bool:
    names = ("rebase-merge", "rebase-apply/rebasing")
    return any(os.path.exists(os.path.join(repo.git_dir, name)) for name in names)
