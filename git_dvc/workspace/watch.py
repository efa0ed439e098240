"""The watch: how a hook sees in a millisecond that no pointer file has moved.

Git runs hooks all the time, and nearly always nothing of ours has moved. Starting Python, or
any Git command that reads a large index, to find that out would be felt. So every look at
the pointer files leaves two small shell scripts and a time stamp in Git's own directory
(``.git/dvc``), and the hooks of later commands ask these:

* ``near``: no pointer file that was known has changed, gone, or come beside a known one. A
  few calls of ``test``: Git replaces files, so a pointer that moved moved its directory's mtime.
* ``far``: nor has Git written or taken in one anywhere else: it has told so itself, by a mark
  (``git/notice.py``). Where Git cannot tell, ``far`` never says so, and the hook starts Python.
* ``marked``: whether there is such a mark.

All err on one side only: what they cannot tell makes the hook start Python.

Why the stamp can be trusted: it is made *before* the look, and the look begins once the
file system's clock has moved on. What was written up to the stamp is therefore seen by the
look, and what is written after the look has a later mtime, whatever the grain of the clock.

A ``near`` that had to look at files and found nothing was a look, too, so the stamp moves on:
otherwise a directory with both pointers and code in it would be looked into each time. The shell
cannot wait for the clock, so it goes by what the look before it touched: three stamps take
turns, and ``turn`` says which is the stamp, which was touched by the last look, and which the
next look may touch. (Two Git commands at the very same time could make it a look too new; then
the next look, or ``git dvc status``, sees what came between.)

Why marks can be trusted: one is there before the first pointer file is written. A look takes
away those of commands that had ended before; one of a command that runs may mean what is still
to come.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from git_dvc import fsutil
from git_dvc.git.notice import MARK
from git_dvc.tracked import is_source

STAMPS = ("stamp.0", "stamp.1", "stamp.2")
TURN, NEAR, FILES, PENDING = "turn", "watch", "watch.files", "pending"

_TRIES = 100
_PAUSE_S = 0.0005
_MOST_MARK_AGE_S = 24 * 3600.0
"""By then the number of the process has become another's."""

_NEAR = """\
# Written by git-dvc at every look; safe to delete.
near() {{
    read -r stamp last free 2>/dev/null <"$state/turn" || return 1
    stamp=$state/$stamp{others}
    for folder in {folders}; do
        if [ ! "$stamp" -nt "$folder" ] || [ ! -d "$folder" ]; then
            true 2>/dev/null >"$state/$free" || return 1
            . "$state/watch.files" || return 1
            [ ! "$state/$free" -nt "$state/$last" ] ||
                echo "$last $free ${{stamp##*/}}" >"$state/turn"
            return 0
        fi
    done
}}
marked() {{
    for mark in "$state"/moved.*; do
        [ ! -e "$mark" ] || return 0
    done
    return 1
}}
far() {{
    {far}
}}
"""
_TOLD, _NOT_TOLD = "! marked", "return 1"

_FILES = """\
# Written by git-dvc at every look; safe to delete.
same() {
    [ -d "$1" ] || return 1
    [ ! "$stamp" -nt "$1" ] || return 0
    folder=$1
    shift
    left=$#
    for name do
        [ -e "$folder/$name" ] && [ "$stamp" -nt "$folder/$name" ] || return 1
    done
    for path in "$folder"/*.dvc "$folder"/.*.dvc "$folder"/dvc.lock "$folder"/Dvcfile; do
        [ ! -e "$path" ] || left=$((left - 1))
    done
    [ "$left" = 0 ]
}
"""

Seen = tuple[int, int, int]


class Sight(NamedTuple):
    """What lies in a directory that may hold pointer files.

    Attributes:
        folder: From the top of the work tree, '' for the top.
        names: Of what looks like a pointer or lock file; sorted. None if there is no directory.
    """

    folder: str
    names: list[str] | None


class Watch:
    """The watch of one work tree.

    Args:
        top: Top of the work tree.
        git_dir: Git's directory of this work tree.
    """

    def __init__(self, top: str, git_dir: str) -> None:
        self._top = top
        self._state = os.path.join(git_dir, "dvc")
        self._ready = False

    def begin(self) -> None:
        """Make the stamp; what is looked at from now on is covered by it.

        Without a stamp (a read-only disk, a file system with a clock of seconds) there is no
        watch, and hooks look each time.
        """
        self.forget()
        paths = [os.path.join(self._state, name) for name in STAMPS]
        probe = os.path.join(self._state, f"stamp.{os.getpid()}")
        try:
            os.makedirs(self._state, exist_ok=True)
            self._clear_marks()
            made = max([_touch(path) for path in paths])
            if not made % 1_000_000_000:
                return
            for path in paths:
                os.utime(path, ns=(made, made))
            self._write(TURN, " ".join(STAMPS) + "\n")
            try:
                for _ in range(_TRIES):
                    if _touch(probe) > made:
                        self._ready = True
                        return
                    time.sleep(_PAUSE_S)
            finally:
                os.unlink(probe)
        except OSError:
            return

    def _clear_marks(self) -> None:
        """Take away the marks of Git commands that have ended."""
        for name in os.listdir(self._state):
            if not name.startswith(MARK):
                continue
            path = os.path.join(self._state, name)
            number = name[len(MARK) :]
            try:
                if time.time() - os.lstat(path).st_mtime < _MOST_MARK_AGE_S and _runs(number):
                    continue
                os.unlink(path)
            except FileNotFoundError:
                pass  # by its own command

    def forget(self) -> None:
        """Make the next hook look."""
        self._ready = False
        for name in (NEAR, FILES):
            try:
                os.unlink(os.path.join(self._state, name))
            except OSError:
                pass

    def finish(
        self,
        sights: Sequence[Sight],
        needed: Iterable[str] = (),
        *,
        told_by: str = "",
    ) -> bool:
        """Write the scripts; return whether there is a watch now.

        Args:
            sights: The directories with pointer files, as seen since ``begin``.
            needed: Other files whose going is news, from the top.
            told_by: The file with the attributes by which Git leaves a mark when it writes a
                pointer file, absolute; '' if it does not.
        """
        there = [path for path in needed if os.path.lexists(os.path.join(self._top, path))]
        said = [*(sight.folder for sight in sights), *there]
        said += [name for sight in sights for name in sight.names or ()]
        if not self._ready or any("\n" in name for name in said):
            return False
        if told_by:
            told_by = '"$state"/' + _quoted(os.path.relpath(told_by, self._state))
        scripts = {FILES: _files_script(sights), NEAR: _near_script(sights, there, told_by)}
        try:
            for name, text in scripts.items():
                self._write(name, text)
        except OSError:
            self.forget()
            return False
        return True

    def _write(self, name: str, text: str) -> None:
        path = os.path.join(self._state, name)
        fsutil.atomic_write(path, os.fsencode(text), self._state, durable=False)

    # -- what is left for later --------------------------------------------------------------

    def is_pending(self) -> bool:
        """Return whether a hook left its work for later."""
        return os.path.lexists(os.path.join(self._state, PENDING))

    def mark_pending(self) -> None:
        """Leave the work to the next hook, or to ``git dvc sync``; failing is no error."""
        try:
            os.makedirs(self._state, exist_ok=True)
            with open(os.path.join(self._state, PENDING), "ab"):
                pass
        except OSError:
            pass

    def clear_pending(self) -> None:
        """Nothing is left to do."""
        try:
            os.unlink(os.path.join(self._state, PENDING))
        except OSError:
            pass


def look(top: str, folders: Iterable[str]) -> list[Sight]:
    """Return what looks like a pointer or lock file in these directories.

    Args:
        top: Top of the work tree.
        folders: Relative to it.
    """
    return [Sight(folder, _names(os.path.join(top, folder))) for folder in sorted(set(folders))]


def stats(top: str, paths: Iterable[str]) -> dict[str, Seen | None]:
    """Return what tells whether these files were replaced or written to since; None if absent."""
    found: dict[str, Seen | None] = {}
    for path in paths:
        try:
            seen = os.lstat(os.path.join(top, path))
            found[path] = (seen.st_mtime_ns, seen.st_size, seen.st_ino)
        except OSError:
            found[path] = None
    return found


def _names(folder: str) -> list[str] | None:
    try:
        if not stat.S_ISDIR(os.lstat(folder).st_mode):
            return None
        return sorted(filter(is_source, os.listdir(folder)))
    except OSError:
        return None


def _touch(path: str) -> int:
    """Give a file, made if missing, the file system's time of now; return that in ns."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        os.utime(fd if os.utime in os.supports_fd else path)
        return os.fstat(fd).st_mtime_ns
    finally:
        os.close(fd)


def _runs(number: str) -> bool:
    """Return whether a process with this number runs."""
    if os.name == "nt" or not number.isdecimal() or not 0 < int(number) < 1 << 31:
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # somebody else's
    return True


def _near_script(sights: Sequence[Sight], needed: Sequence[str], told_by: str) -> str:
    absent = [_at(sight.folder) for sight in sights if sight.names is None]
    return _NEAR.format(
        folders=" ".join(_at(sight.folder) for sight in sights if sight.names is not None),
        others="".join(
            [f"\n    [ ! -e {path} ] || return 1" for path in absent]
            + [f"\n    [ -e {_at(path)} ] || return 1" for path in needed]
            + [f'\n    [ "$stamp" -nt {path} ] || return 1' for path in [told_by] if path]
        ),
        far=_TOLD if told_by else _NOT_TOLD,
    )


def _files_script(sights: Sequence[Sight]) -> str:
    lines = []
    for sight in sights:
        if sight.names is None:
            lines.append(f"[ ! -e {_at(sight.folder)} ] &&\n")
        else:
            words = [_at(sight.folder), *map(_quoted, sight.names)]
            lines.append(f"same {' '.join(words)} &&\n")
    return _FILES + "".join(lines) + ":\n"


def _here(path: str) -> str:
    """Return a path so that no program takes it for an option, as ``find`` will show it."""
    return f"./{path}" if path else "."


def _at(path: str) -> str:
    return _quoted(_here(path))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
