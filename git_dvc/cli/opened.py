"""Opening the project of a command, with the two things a person should hear about it.

Those are: lines of a config file that were not understood, and, once in a clone, that the
hooks are missing, which do not come along with ``git clone``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from git_dvc.cli.console import console
from git_dvc.errors import FormatError, NotAProjectError, quoted
from git_dvc.project import Project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from git_dvc.ops.imports import Imported

_TOLD = "hooks-notice"


def project() -> Project:
    """Return the project around the current directory; to be used in a ``with`` statement.

    Raises:
        NotAProjectError: There is none.
    """
    found = Project.open()
    console.debug(f"project {quoted(found.root)}, cache {quoted(found.cache_root)}")
    for problem in found.config.problems:
        console.warning(str(problem))
    if not console.quiet:
        _tell_about_hooks(found)
    return found


@contextmanager
def project_if_any() -> Iterator[Project | None]:
    """Give the project around the current directory, or None where there is none."""
    try:
        found = project()
    except NotAProjectError:
        yield None
        return
    with found:
        yield found


def _tell_about_hooks(found: Project) -> None:
    """Say how to get the hooks, the first time that a clone without them is used."""
    repo = found.repo
    mark = os.path.join(found.state_dir, _TOLD)
    if repo is None or os.path.exists(mark) or "GIT_DVC_HOOK" in os.environ:
        return
    from git_dvc.hooks import install

    if not install.is_active(repo):
        console.hint(
            "this clone has no git-dvc hooks, so data does not follow 'git checkout';\n"
            "install them with 'git dvc install' (this is said only once)"
        )
    never_tell(found.state_dir)


def never_tell(state_dir: str) -> None:
    """Note that the user knows about the hooks."""
    try:
        os.makedirs(state_dir, exist_ok=True)
        with open(os.path.join(state_dir, _TOLD), "ab"):
            pass
    except OSError:
        pass  # a clone that is read-only is told every time


def tell_problems(problems: Sequence[FormatError]) -> None:
    """Warn of pointer files that could not be used."""
    for problem in problems:
        console.warning(f"left out {problem.message}")


def tell_how_to_stage(found: Project, changed: Sequence[str], *, staged: bool) -> None:
    """Say which 'git add' is due, where files for Git were written and not staged.

    Args:
        found: The project.
        changed: The files, as the user sees them.
        staged: Whether they were staged.
    """
    if found.repo is not None and changed and not staged:
        from git_dvc.cli import render

        console.hint(render.how_to_stage(changed))


def tell_import(found: Project, done: Imported, name: str) -> int:
    """Say what an import did, and return the exit code.

    Args:
        found: The project.
        done: What was done.
        name: What the data is to be called: where it is from, or where it is.
    """
    from git_dvc.cli import render

    changed = [found.shown(path) for path in done.changed]
    console.say(render.imported(done, name, changed))
    tell_how_to_stage(found, changed, staged=done.staged)
    trouble = done.placed.trouble(found.shown) if done.placed is not None else None
    if trouble is not None:
        console.error(str(trouble))
    return 1 if trouble is not None else 0


def tell_of_conflicts(found: Project, held: Sequence[str], leftover: Sequence[str]) -> None:
    """Say what is left of a merge's conflicts after an 'add'.

    Args:
        found: The project.
        held: Pointer files in which more is in conflict.
        leftover: What stands beside ours and was kept.
    """
    for source in held:
        console.warning(
            f"{quoted(found.shown(source))} was not staged: more in it is in conflict;\n"
            "see what with 'git dvc resolve --list'"
        )
    if leftover:
        from git_dvc.errors import path_lines

        lines = "\n".join(path_lines([found.shown(path) for path in leftover]))
        console.warning(
            f"these were put here by the merge and are still there:\n{lines}\n"
            "delete them if you are done with them, and add again"
        )
