"""The notice: how Git tells that it writes or takes in a pointer file, wherever that is.

Git hands each file that it writes, or hashes to take it in, to the *filter* that attributes name
for it, and starts that filter at the first one. Ours changes nothing. It leaves an empty file,
the *mark* ``.git/dvc/moved.PID`` with the process number of that Git command, and says "abort",
with which Git goes on without it, silently. So a hook knows without looking at a single directory
whether there may be a pointer file that the last look has not seen; a command that handles none
starts nothing (gitattributes(5), "Long Running Filter Process")::

    filter.dvc.process = : git-dvc; ...        in the config of the clone
    *.dvc filter=dvc                           in its .git/info/attributes

Both are of this clone alone and come and go with the hooks. A filter of somebody else that may
be meant for pointer files, too (``* filter=git-crypt``), is not to be put aside by ours: then
there is no notice, and the hooks look.

Git also hashes files only to see whether they changed, above all those that were written in the
same second as its index. Where the command cannot take a new file in (``status``, ``checkout``,
...), that leaves no mark.

The mark is taken away by the filter itself, when the command ends, if a hook of the same command
has looked meanwhile; else by the next look (``workspace/watch.py``).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from git_dvc import fsutil
from git_dvc.git import gitattributes
from git_dvc.git.repo import Repository

KEY = "filter.dvc.process"
MARK = "moved."
"""How the names of marks begin; then follows the number of the process."""

_OURS = ": git-dvc; "
_NO_ADDERS = (
    *("status", "diff", "log", "show", "blame", "grep", "describe", "checkout", "switch"),
    *("restore", "reset", "stash", "merge", "rebase", "pull", "cherry-pick", "revert", "commit"),
)
COMMAND = _OURS + (
    # Where the state of this work tree is; as in the hooks.
    "dir=${GIT_DIR:-.git}; "
    '[ -d "$dir" ] || { read -r _ dir <.git; } 2>/dev/null; '
    '[ -d "$dir/dvc" ] || dir=$(git rev-parse --git-dir); '
    f'mark() {{ true 2>/dev/null >"$dir/dvc/{MARK}$PPID" || rm -f "$dir/dvc/watch"; }}; '
    # Which command is it? Its words come without what parts them, and maybe with Git's path.
    'is=; if [ -r "/proc/$PPID/cmdline" ]; then IFS= read -r is <"/proc/$PPID/cmdline"; '
    "case $is in /usr/bin/git*) is=${is#/usr/bin/} ;; "
    '/*) is=git${is#"$(readlink "/proc/$PPID/exe")"} ;; esac; '
    'else is=$(ps -o args= -p "$PPID" | tr -d " "); fi 2>/dev/null; '
    # 'git stash' and others build an index of their own, which is not the user's.
    "case ${GIT_INDEX_FILE-index} in index | */index) case $is in "
    + " | ".join(f"git{name}*" for name in _NO_ADDERS)
    + ") ;; *) mark ;; esac ;; esac; "
    # Git greets, and is told that we want to see what it writes.
    r"printf '0016git-filter-server\n000eversion=2\n00000016capability=smudge\n0000'; "
    "while read -r line; do case $line in *command=smudge) mark; "
    r"printf '0011status=abort\n0000'; "
    "cat >/dev/null ;; esac; done; "
    # Git ends. "seen" has the number of the command whose hook looked last.
    f'if read -r pid _ <"$dir/dvc/seen" && [ "$pid" = "$PPID" ]; '
    f'then rm -f "$dir/dvc/{MARK}$PPID"; fi 2>/dev/null'
)
LINES = ("*.dvc filter=dvc", "dvc.lock filter=dvc", "Dvcfile filter=dvc")

_MOST_BYTES = 1 << 20
_OTHER_SUFFIX = re.compile(r"\*?[^*?\[\]\\]*\.(?!(?:dvc|lock)$)\w+")
_OTHER_NAME = re.compile(r"(?!Dvcfile$)[^*?\[\]\\.]+")


def is_ours(value: str) -> bool:
    """Return whether a filter is one that we wrote, in any version."""
    return value.startswith(_OURS)


def attributes_file(repo: Repository) -> str:
    """Return the path of the attributes of this clone alone."""
    return os.path.join(repo.common_dir, "info", "attributes")


def told_by(repo: Repository, names: Iterable[str]) -> str:
    """Return the attributes by which each pointer file that Git writes here leaves a mark.

    Args:
        repo: The repository.
        names: What the index has; files of attributes among it are read.

    Returns:
        Their file, absolute; '' if marks do not tell all.
    """
    if repo.config_get(KEY) != COMMAND:
        return ""
    path = attributes_file(repo)
    return path if _has_last_word(_text(path)) and not foreign(repo, names) else ""


def foreign(repo: Repository, names: Iterable[str]) -> list[str]:
    """Return lines of attributes with filters of others that may be meant for pointer files."""
    found = _foreign_lines(_text(attributes_file(repo)))
    for name in names:
        if name.rpartition("/")[2] == gitattributes.NAME:
            found += _foreign_lines(_text(os.path.join(repo.top, name)))
    return found


def add(data: bytes) -> bytes:
    """Return a file of attributes with our lines at its end, where nothing below undoes them."""
    if _has_last_word(data.decode("utf-8", "replace")):
        return data
    return gitattributes.add(remove(data), LINES)


def remove(data: bytes) -> bytes:
    """Return a file of attributes without our lines."""
    return gitattributes.remove(data, LINES)


def _has_last_word(text: str) -> bool:
    """Return whether our lines are in a text, and nothing below says otherwise."""
    lines = [line.strip() for line in text.splitlines()]
    if any(line not in lines for line in LINES):
        return False
    below = lines[min(lines.index(line) for line in LINES) :]
    return all(line in LINES for line in below if "filter" in line and line[:1] != "#")


def _foreign_lines(text: str) -> list[str]:
    """Return the lines that set a filter for files whose names leave open if they are pointers.

    ``*.psd``, ``.env`` and ``/keys/Makefile`` do not; ``*``, ``secret/**`` and ``*.dvc`` do.
    """
    found = []
    for line in text.splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if not any(word.startswith("filter=") and word != "filter=dvc" for word in words[1:]):
            continue
        name = words[0].rpartition("/")[2]
        is_macro = words[0].startswith("[attr]")
        if is_macro or not (_OTHER_SUFFIX.fullmatch(name) or _OTHER_NAME.fullmatch(name)):
            found.append(line.strip())
    return found


def _text(path: str) -> str:
    try:
        fd = os.open(path, fsutil.READ_FLAGS)
    except OSError:
        return ""
    try:
        return os.read(fd, _MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
    finally:
        os.close(fd)
