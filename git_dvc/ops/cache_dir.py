"""``git dvc cache dir``: show or choose where the cache is."""

from __future__ import annotations

from git_dvc.ops import config as configuring
from git_dvc.ops.config import Setting
from git_dvc.project import Project


def cache_dir(project: Project) -> str:
    """Return the cache directory in effect, as an absolute path; it need not exist yet."""
    return project.cache_root


def put(project: Project, value: str, level: str | None = None) -> Setting:
    """Choose another directory; data that is in the old one stays there.

    One that is chosen here and lies outside of the project is trusted from now on: a
    ``cache.dir`` that came with a commit is not (S8 of the threat model).

    Args:
        project: The project.
        value: A path from the current directory; stored relative to the config file.
        level: Which config file; the project's if None.
    """
    return configuring.put(project, "cache.dir", value, level)


def unset(project: Project, level: str | None = None) -> Setting:
    """Go back to what other levels say, or to ``.dvc/cache``.

    Raises:
        UnsetOptionError: That level does not set it.
    """
    return configuring.unset(project, "cache.dir", level)
