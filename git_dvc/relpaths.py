"""Paths from a repository: the one door through which untrusted text becomes a path.

A ``relpath`` is a ``str`` with ``/``, relative to a project, a directory output or a work
tree. ``check`` refuses whatever could leave its place or mean something else on another
system: absolute paths, ``..``, drive letters, backslashes, NUL, and every spelling of
``.git`` that Git refuses (CVE-2014-9390, CVE-2019-1352 and 1353). ``check_all`` gives the
same verdict for a whole manifest at the speed of a few substring searches.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection

from git_dvc.errors import UnsafePathError

MOST_COMPONENT_BYTES = 255

# What HFS+ ignores in names (Git's is_hfs_dotgit, utf8.c: next_hfs_char).
_HFS_IGNORED = re.compile("[\u200c\u200d\u200e\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
# ASCII: without it, "i" would also match the Turkish dotless one, which Git lets pass.
_NTFS_DOTGIT = re.compile(r"(?:\.git|git~1)[ .]*(?::.*)?", re.IGNORECASE | re.DOTALL | re.ASCII)
_RESERVED = frozenset({".dvc"})

# If none of these stand in "\n" + "/".join... text, no component can be dangerous.
_SUSPECTS = ("\\", "\0", "//", "/\n", "\n/", "/./", "/../", "\n./", "\n../", "/.\n", "/..\n",
             "\n.\n", "\n..\n", "\n\n", "git~")  # fmt: skip


# Parts that begin with a letter, digit, '_' or '-': no '..', no '.git', nothing to think about.
_PLAIN = re.compile(r"[a-zA-Z0-9_-][a-zA-Z0-9_.-]*(?:/[a-zA-Z0-9_-][a-zA-Z0-9_.-]*)*")
_MOST_PLAIN = 200


def _is_dot_git(component: str) -> bool:
    return bool(_NTFS_DOTGIT.fullmatch(_HFS_IGNORED.sub("", component)))


def check(relpath: str, *, field: str = "path") -> str:
    """Return ``relpath`` unchanged if it is safe below any directory, or raise.

    Raises:
        UnsafePathError: With the reason.
    """
    reason = _why_unsafe(relpath)
    if reason:
        raise UnsafePathError(f"{field}: {reason}: {relpath[:200]!r}")
    return relpath


def _why_unsafe(relpath: str) -> str:
    if not relpath:
        return "empty path"
    if "\0" in relpath:
        return "path with a NUL byte"
    if "\\" in relpath:
        return "path with a backslash"
    if relpath.startswith("/") or (len(relpath) > 1 and relpath[1] == ":" and relpath[0].isalpha()):
        return "absolute path"
    if not _encodes(relpath):
        return "path that is not valid UTF-8"
    for component in relpath.split("/"):
        if component in ("", ".", ".."):
            return "path with an empty, '.' or '..' part"
        if len(component) > 63 and len(os_bytes(component)) > MOST_COMPONENT_BYTES:
            return "path part longer than 255 bytes"
        if _is_dot_git(component):
            return "path that Git keeps for itself"
        if component.casefold() in _RESERVED:
            return "path inside a .dvc directory"
    return ""


def os_bytes(text: str) -> bytes:
    """Return a name as the bytes the disk has, also for names that are not UTF-8."""
    return text.encode("utf-8", "surrogateescape")


def check_all(relpaths: Collection[str], *, field: str = "relpath") -> None:
    """Check every path of a manifest, and the paths against each other.

    Raises:
        UnsafePathError: A path is unsafe, or one is both a file and a directory.
    """
    if not relpaths:
        return
    joined = "\n" + "\n".join(relpaths) + "\n"
    folded = joined.casefold() if not joined.isascii() else joined.lower()
    plain = (
        not any(suspect in folded for suspect in _SUSPECTS)
        and ".git" not in folded
        and ".dvc" not in folded
        and not re.search(r"\n.:", joined)
        and (folded.isascii() or not _HFS_IGNORED.search(joined))
        and joined.count("\n") == len(relpaths) + 1
        and (max(map(len, relpaths)) < 64 or max(map(len, re.split("[/\n]", joined))) < 64)
        and _encodes(joined)
    )
    if not plain:
        for relpath in relpaths:
            check(relpath, field=field)
    check_tree(relpaths, field=field)


def _encodes(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def check_tree(relpaths: Collection[str], *, field: str = "relpath") -> None:
    """Refuse a listing in which a path is both a file and a directory.

    Raises:
        UnsafePathError: With that path.
    """
    files = relpaths if isinstance(relpaths, (set, frozenset, dict)) else set(relpaths)
    for folder in parents(relpaths):
        if folder in files:
            raise UnsafePathError(f"{field}: both a file and a directory: {folder[:200]!r}")


def parents(relpaths: Collection[str]) -> set[str]:
    """Return every directory that the paths need, without the top."""
    found: set[str] = set()
    pending = {relpath.rpartition("/")[0] for relpath in relpaths}
    pending.discard("")
    while pending:
        found |= pending
        pending = {folder.rpartition("/")[0] for folder in pending} - found
        pending.discard("")
    return found


def join(folder: str, relpath: str) -> str:
    """Return ``relpath`` as seen from the parent of ``folder`` ('' and '.' are the top)."""
    return relpath if folder in ("", ".") else f"{folder}/{relpath}"


def resolve(folder: str, path: str, *, field: str = "path") -> str:
    """Return an output's path, which may hold ``..``, relative to the project.

    ``path`` and ``wdir`` of a pointer may climb (``wdir: ..``) as long as the result stays
    inside the project.

    Args:
        folder: Where the pointer file (with its ``wdir``) stands, relative to the project.
        path: As written.
        field: For the message.

    Raises:
        UnsafePathError: The result is outside the project or unsafe in itself.
    """
    if len(path) < _MOST_PLAIN and _PLAIN.fullmatch(path):
        if not folder:
            return path
        if len(folder) < _MOST_PLAIN and _PLAIN.fullmatch(folder):
            return f"{folder}/{path}"
    return _resolved(folder, path, field)


def _resolved(folder: str, path: str, field: str) -> str:
    if "\0" in path or "\\" in path or path.startswith("/") or not path:
        return check(path, field=field)
    joined = posixpath.normpath(posixpath.join(folder or ".", path))
    return check(joined, field=field)


def resolve_folder(folder: str, wdir: str, *, field: str = "wdir") -> str:
    """Return a ``wdir`` relative to the project; '' is the project itself.

    Arguments and errors as ``resolve``.
    """
    if wdir in (".", ""):
        return folder
    joined = posixpath.normpath(posixpath.join(folder or ".", wdir))
    return "" if joined == "." else resolve(folder, wdir, field=field)


def inside(relpath: str, folder: str) -> bool:
    """Return whether ``relpath`` is ``folder`` or lies below it."""
    return folder in ("", ".") or relpath == folder or relpath.startswith(folder + "/")
