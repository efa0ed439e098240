"""The hook files that Git runs: which there are, their text, and the program they start.

They are the small ``sh`` files of the top-level folder ``hooks/``; installing copies them with
the path of the program filled in. Their second line, ``# git-dvc hook v3``, marks them as ours
and tells their version, which goes up with every change of their text.

Hooks that belong to others get one line of ours, or nothing: see ``hooks/joining.py``.
"""

from __future__ import annotations

import os
import re
import stat
import sys

from git_dvc import fsutil
from git_dvc.errors import HookError, quoted

NAMES = (
    "post-checkout",
    "post-merge",
    "post-rewrite",
    "post-commit",
    "post-applypatch",
    "post-index-change",
    "pre-commit",
    "pre-push",
)
"""The hooks we install, as Git calls them."""

AFTER_CLONE = "after-clone"
"""The file that sets up fresh clones (``install --global``); as a hook it is a post-checkout."""

_MARKER = re.compile(rb"^# git-dvc hook v(\d+)\r?$", re.MULTILINE)
_PLACEHOLDER = b"'@GIT_DVC@'"
_PROGRAM_LINE = re.compile(rb"^program=.*$", re.MULTILINE)
_MOST_BYTES = 1 << 20


def is_ours(data: bytes) -> bool:
    """Return whether a file is a hook of ours, in any version."""
    return _MARKER.search(data) is not None


def version_of(data: bytes) -> int:
    """Return the version of a hook of ours, -1 for another file."""
    found = _MARKER.search(data)
    return int(found.group(1)) if found else -1


def is_edited(name: str, data: bytes) -> bool:
    """Return whether somebody changed the text of a hook of ours of today's version."""
    try:
        shipped = template(name)
    except HookError:
        return False
    if version_of(data) != version_of(shipped):
        return False  # the text of another version is not known here
    return _without_program(data) != _without_program(shipped)


def program_of(data: bytes) -> str:
    """Return the program that a hook of ours starts; '' if it names none."""
    found = _PROGRAM_LINE.search(data)
    if found is None:
        return ""
    text = found.group().removeprefix(b"program=").removeprefix(b"'").removesuffix(b"'")
    return os.fsdecode(text.replace(b"'\\''", b"'"))


def can_run(path: str) -> bool:
    """Return whether a file is there and executable."""
    return bool(path) and os.path.isfile(path) and (os.name == "nt" or os.access(path, os.X_OK))


def read(path: str) -> bytes | None:
    """Return the beginning of a hook, through links as Git would run it; None if not there."""
    try:
        fd = os.open(path, fsutil.READ_FLAGS)
    except FileNotFoundError:
        return b"" if os.path.islink(path) else None
    except NotADirectoryError:
        return None
    except OSError:
        return b""  # something is there that is not ours to touch
    try:
        return os.read(fd, _MOST_BYTES) if stat.S_ISREG(os.fstat(fd).st_mode) else b""
    finally:
        os.close(fd)


def write(path: str, text: bytes, mode: int = 0o755) -> None:
    """Put a file in its place in one step, executable for whoever may read it."""
    temporary = f"{path}.{fsutil.temporary_name()}.tmp"
    fd = os.open(temporary, fsutil.CREATE_FLAGS, mode)
    try:
        fsutil.write_all(fd, text)
        os.fsync(fd)
    except BaseException:
        os.unlink(temporary)
        raise
    finally:
        os.close(fd)
    os.replace(temporary, path)


# -- the text -----------------------------------------------------------------------------------


def template(name: str) -> bytes:
    """Return the text of a hook as it is shipped.

    Raises:
        HookError: The installation is not complete.
    """
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    above = os.path.dirname(package)
    for folder in _template_folders(above):
        data = read(os.path.join(folder, name))
        if data and is_ours(data):
            return data.replace(b"\r\n", b"\n")
    raise HookError(
        f"the file of the {name} hook is missing from this installation of git-dvc",
        hint="install git-dvc again",
    )


def _template_folders(above: str) -> list[str]:
    import site
    import sysconfig

    share = os.path.join("share", "git-dvc", "hooks")
    return [
        os.path.join(above, "hooks"),  # a source tree, or an editable installation
        os.path.join(sysconfig.get_path("data"), share),
        os.path.join(site.getuserbase(), share),
        os.path.join(above, share),  # pip install --target
    ]


def text_for(name: str, program: str) -> bytes:
    """Return the text of a hook that starts ``program``."""
    return template(name).replace(_PLACEHOLDER, os.fsencode(sh_quoted(program)))


def _without_program(data: bytes) -> bytes:
    return _PROGRAM_LINE.sub(b"program=", data.replace(b"\r\n", b"\n"), count=1)


def sh_quoted(program: str) -> str:
    """Return a path as one word for ``sh``, whatever is in it.

    Raises:
        HookError: It has a line break in it, which hooks and settings cannot hold.
    """
    if any(character in program for character in "\n\r\0"):
        raise HookError(f"a hook cannot name this program: {quoted(program)}")
    if os.name == "nt":
        program = program.replace("\\", "/")
    return "'" + program.replace("'", "'\\''") + "'"


# -- the program --------------------------------------------------------------------------------


def find_program() -> str:
    """Return the absolute path of the ``git-dvc`` that is running, for the hooks to call.

    Raises:
        HookError: It runs in some other way and none is on PATH.
    """
    import shutil

    names = ("git-dvc", "git-dvc.exe")
    beside = os.path.dirname(sys.executable) if sys.executable else ""
    for path in (sys.argv[0], *(os.path.join(beside, name) for name in names)):
        if os.path.basename(path) in names and os.sep in path:
            path = os.path.abspath(path)
            if can_run(path):
                return path
    found = shutil.which("git-dvc")
    if found and os.path.isabs(found):
        return found
    raise HookError(
        "git-dvc not found on PATH, so no hook could call it",
        hint="install it with 'pip install git-dvc' or 'pipx install git-dvc'",
    )
