"""Whether repositories have newer versions of what was imported from them.

``git dvc status`` asks repositories on this machine, and servers only when told to
(``--updates``): a pointer file of somebody else must not make it talk to anyone. Hooks never ask,
and that nobody answers changes nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from git_dvc.errors import FormatError, GitDvcError
from git_dvc.formats.imports import Repo
from git_dvc.ops import imports
from git_dvc.ops.remote import without_password
from git_dvc.progress import Progress
from git_dvc.project import Project
from git_dvc.tracked import TrackedOut


class Update(NamedTuple):
    """An import that its source has a newer commit for.

    Attributes:
        item: The output.
        name: The source as DVC shows it: ``data.csv (https://host/repo.git)``.
    """

    item: TrackedOut
    name: str


def available(
    project: Project, items: Iterable[TrackedOut], progress: Progress, *, servers: bool = False
) -> tuple[list[Update], list[GitDvcError]]:
    """Ask the repositories of imports for the revisions that these follow.

    Args:
        project: The project.
        items: Outputs; others than imports from repositories are left out.
        progress: Told of what takes time.
        servers: Ask over the network, too.

    Returns:
        Those with something newer, and why repositories could not be asked.
    """
    newest: dict[tuple[str, str | None], str | None] = {}
    found: list[Update] = []
    errors: list[GitDvcError] = []
    for item in items:
        if not item.from_repo:
            continue
        try:
            dep = imports.dep_of(item)
        except FormatError:
            continue  # told by who needs it
        repo = dep.repo
        if repo is None or repo.rev_lock is None:
            continue
        if not servers and not imports.is_here(project, repo):
            continue
        asked = (repo.url, repo.rev)
        if asked not in newest:
            try:
                newest[asked] = _newest(project, repo, progress)
            except GitDvcError as problem:
                newest[asked] = None
                errors.append(problem)
        if newest[asked] not in (None, repo.rev_lock):
            found.append(Update(item, f"{dep.path} ({without_password(repo.url)})"))
    return found, errors


def _newest(project: Project, repo: Repo, progress: Progress) -> str:
    progress.start(f"Asking {without_password(repo.url)}")
    try:
        with imports.open_source(project, repo, progress, repo.rev) as source:
            return source.commit
    finally:
        progress.finish()
