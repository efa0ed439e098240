"""Where a user of an alias stands: ``git config alias.keep '!git dvc add'``.

Git runs such an alias at the top of the work tree and tells in ``GIT_PREFIX`` from where it
was called. Git's own commands read their paths from the top even so, and hooks, ``rebase
--exec`` and ``bisect run`` have the same variable; so a path that is there, seen from the top,
is meant. Only one that is not there is looked for where the user stands.
"""

from __future__ import annotations

import os


def prefix() -> str:
    """Return the directory that the user stands in, from here, or '' if it is here."""
    found = os.environ.get("GIT_PREFIX", "")
    if not found or "GIT_DVC_HOOK" in os.environ or not os.path.lexists(".git"):
        return ""
    inside = not os.path.isabs(found) and not os.path.normpath(found).startswith(os.pardir)
    return found if inside and os.path.isdir(found) else ""


def seen_from_here(path: str, prefix: str) -> str:
    """Return a path of the command line as it is, or with the prefix if only that exists."""
    if os.path.isabs(path) or _is_there(path):
        return path
    beside = os.path.join(prefix, path)
    return beside if _is_there(beside) else path


def _is_there(path: str) -> bool:
    """Return whether a path exists, or a pointer file names it or a directory around it."""
    if os.path.lexists(path):
        return True
    path = path.rstrip("/")
    while path and path not in (os.curdir, os.pardir):
        if os.path.isfile(f"{path}.dvc"):
            return True
        path = os.path.dirname(path)
    return False
