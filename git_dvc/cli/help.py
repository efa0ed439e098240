"""``git dvc help [COMMAND]``: the manual page, for a person on a terminal.

``git dvc --help`` and ``git help dvc`` never reach this program: Git runs ``man``, which
finds the page only where the installation is on its path. This way the page that came with
the package is opened, wherever that lies. Without a terminal or without ``man`` the answer
is that of ``-h``.
"""

from __future__ import annotations

import os

from git_dvc.cli.console import console
from git_dvc.terminal import is_terminal

SHARE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "share")


def opened(page: str | None) -> bool:
    """Show a manual page, if there is someone to read it, and tell whether it was shown.

    Args:
        page: Its name without the section; None if there is no such command.
    """
    path = os.path.join(SHARE, "man", "man1", f"{page}.1")
    if page is None or not is_terminal(console.stdout) or not os.path.exists(path):
        return False
    console.stdout.flush()
    import subprocess

    try:
        return subprocess.run(["man", path], check=False).returncode == 0
    except OSError:
        return False
