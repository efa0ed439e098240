"""The watch: how a hook sees in a millisecond that no pointer file has moved.

Git runs hooks all the time, and nearly always nothing of ours has moved. Starting Python, or
any Git command that reads a large index, to find that out would be felt. So every look at
the pointer files leaves two small shell scripts and a time stamp in Git's own directory
(``.git/dvc``), and the hooks of later commands ask these:

* ``near``: no pointer file that was known has changed, gone, or come beside a known one. A
  few calls of ``test``: Git replaces files, so a pointer that moved moved its directory's mtime.
* ``far``: nor has one come anywhere else. Looks at all directories with files of Git's, with
  the one process ``find`` where they are many.

Both err on one side only: what they cannot tell makes the hook start Python.

Why the stamp can be trusted: it is made *before* the look, and the look begins once the
file system's clock has moved on. What was written up to the stamp is therefore seen by the
look, and what is written after the look has a later mtime, whatever the grain of the clock.

A ``far`` that found nothing was a look, too, so the stamp moves on: otherwise all directories
in which code ever changed would be looked into again each time. The shell cannot wait for the
clock, so it goes by what the look before it touched: three stamps take turns, and ``turn`` says
which is the stamp, which was touched by the last look, and which the next look may touch. (Two
Git commands at the very same time could make it a look too new; then the next look, or ``git
dvc status``, sees what came between.)
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from git_dvc import fsutil
from git_dvc.tracked import is_source

STAMPS = ("stamp.0", "stamp.1", "stamp.2")
TURN, NEAR, FILES, PENDING = "turn", "watch", "watch.files", "pending"
_IN_THE_SHELL = 1500
"""So many directories are looked at by the shell itself; starting ``find`` costs as much."""

_AT_ONCE = 4000
_TRIES = 100
_PAUSE_S = 0.0005

_NEAR = """\
# Written by git-dvc at every look; safe to delete.
near() {{
    read -r stamp last free 2>/dev/null <"$state/turn" || return 1
    stamp=$state/$stamp{others}
    for folder in {folders}; do
        if [ ! "$stamp" -nt "$folder" ] || [ ! -d "$folder" ]; then
            . "$state/watch.files"
            return
        fi
    done
}}
far() {{
    true 2>/dev/null >"$state/$free" || return 1
    changed=
    newline='
'
{look}
    [ -z "$changed" ] || nothing_new || return 1
    [ ! "$state/$free" -nt "$state/$last" ] || echo "$last $free ${{stamp##*/}}" >"$state/turn"
}}
nothing_new() {{
    old_ifs=$IFS
    IFS=$newline
    set -f
    # Unquoted: a line each. No name in here has a line break.
    # The time comes last: most files need no stat then.
    set -- $(find $changed -mindepth 1 -maxdepth 1 ! -name .git ! -name .dvc \\
        \\( -type d -o -name '*.dvc' -o -name dvc.lock -o -name Dvcfile \\) \\
        -newer "$stamp" 2>/dev/null)
    set +f
    IFS=$old_ifs
    for path do
        case "$newline$changed$newline$outputs$newline" in
        *"$newline$path$newline"*) ;;
        *) return 1 ;;
        esac
    done
}}
outputs={outputs}
"""

_LOOK_IN_SHELL = """\
    for folder in {folders}; do
        [ "$stamp" -nt "$folder" ] || changed=$changed$newline$folder
    done"""

_LOOK_WITH_FIND = """\
    set -- {folders}
    changed=$changed$newline$(find "$@" -maxdepth 0 -newer "$stamp" 2>/dev/null)
    [ "$changed" != "$newline" ] || changed="""

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
        folders: Iterable[str],
        sights: Sequence[Sight],
        outputs: Iterable[str],
        needed: Iterable[str] = (),
    ) -> bool:
        """Write the scripts; return whether there is a watch now.

        Args:
            folders: All directories with files of Git's, from the top.
            sights: Those with pointer files, as seen since ``begin``.
            outputs: Tracked outputs, from the top: changes in them are no news.
            needed: Other files whose going is news, from the top.
        """
        there = [path for path in needed if os.path.lexists(os.path.join(self._top, path))]
        known = {sight.folder for sight in sights}
        everywhere = sorted({*folders, *(s.folder for s in sights if s.names is not None)})
        said = [*everywhere, *outputs, *there, *(name for s in sights for name in s.names or ())]
        if not self._ready or any("\n" in name for name in said):
            return False
        scripts = {
            FILES: _files_script(sights),
            NEAR: _near_script(sights, everywhere, sorted(set(outputs) - known), there),
        }
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


def _near_script(
    sights: Sequence[Sight],
    folders: Sequence[str],
    outputs: Sequence[str],
    needed: Sequence[str],
) -> str:
    absent = [_at(sight.folder) for sight in sights if sight.names is None]
    looks = [
        (_LOOK_IN_SHELL if len(folders) <= _IN_THE_SHELL else _LOOK_WITH_FIND).format(
            folders=" ".join(map(_at, folders[start : start + _AT_ONCE]))
        )
        for start in range(0, len(folders), _AT_ONCE)
    ]
    return _NEAR.format(
        folders=" ".join(_at(sight.folder) for sight in sights if sight.names is not None),
        others="".join(
            [f"\n    [ ! -e {path} ] || return 1" for path in absent]
            + [f"\n    [ -e {_at(path)} ] || return 1" for path in needed]
        ),
        look="\n".join(looks),
        outputs=_quoted("\n".join(_here(path) for path in outputs)),
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
