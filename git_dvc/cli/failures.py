"""The one place where an error becomes lines on stderr and an exit code.

A ``GitDvcError`` prints itself. What the system refuses (disk full, no permission) is one
clear line. A closed pipe and Ctrl-C end as Git's commands do. Anything else is a bug and
keeps its traceback.
"""

from __future__ import annotations

import errno
import os
import re
import sys

from git_dvc.cli.console import console
from git_dvc.errors import GitDvcError, quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

INTERRUPTED = 130
BROKEN_PIPE = 141
SYSTEM_ERROR = 128

_OURS = re.compile(r"\.git-dvc\..*\.tmp|\d+\.[0-9a-f]+\.\d+")
"""Names of temporary files."""

_SYSTEM_HINTS = {
    errno.ENOSPC: "free some space and run the same command again: it goes on where it stopped",
    errno.EDQUOT: "your disk quota is used up; free some space and run the same command again",
    errno.EROFS: "the file system is mounted read-only",
    errno.EACCES: "",
    errno.EPERM: "",
    errno.EIO: "the disk or network drive reported a failure",
    errno.EMFILE: "raise the limit on open files with 'ulimit -n'",
    errno.ENFILE: "",
    errno.ENAMETOOLONG: "",
    errno.ESTALE: "",
    errno.EBUSY: "",
    errno.ELOOP: "",
    errno.ETIMEDOUT: "",
}


def exit_code_of(run: Callable[[], int]) -> int:
    """Run a command and return its exit code, with its error printed if it fails."""
    try:
        return _exit_code_of(run)
    finally:
        console.finish_paging()


def _exit_code_of(run: Callable[[], int]) -> int:
    try:
        code = run()
        console.close()
        return code
    except GitDvcError as error:
        _print(error)
        return error.exit_code
    except KeyboardInterrupt:
        console.error("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        _let_go_of_stdout()
        return BROKEN_PIPE
    except OSError as error:
        if error.errno == errno.ENOENT and _stands_nowhere():
            _print(GitDvcError("the current directory is gone", hint="go to one that is there"))
            return SYSTEM_ERROR
        if error.errno not in _SYSTEM_HINTS:
            console.clear_line()
            raise
        _print(_described(error))
        _let_go_of_stdout()
        return SYSTEM_ERROR
    except BaseException:
        console.clear_line()
        raise


def _stands_nowhere() -> bool:
    try:
        os.getcwd()
    except FileNotFoundError:
        return True
    return False


def _print(error: GitDvcError) -> None:
    styles = {"error": "red", "hint": "yellow"}
    lines = []
    for line in str(error).split("\n"):
        style = styles.get(line.partition(":")[0])
        lines.append(console.paint(line, style, console.stderr) if style else line)
    console.error("\n".join(lines))
    if console.verbosity > 1:
        import traceback

        console.error("".join(traceback.format_exception(error)))


def _described(error: OSError) -> GitDvcError:
    reason = error.strerror or os.strerror(error.errno or 0)
    paths = [os.fsdecode(name) for name in (error.filename, error.filename2) if name]
    # What is written under a name of our own first tells nobody anything.
    named = [quoted(path) for path in paths if not _OURS.fullmatch(os.path.basename(path))]
    if len(named) < len(paths):
        named = named or [quoted(os.path.dirname(paths[0]))]
        reason = f"cannot be written: {reason}"
    message = f"{' -> '.join(named)}: {reason}" if named else reason
    return GitDvcError(message, hint=_SYSTEM_HINTS.get(error.errno or 0, ""))


def _let_go_of_stdout() -> None:
    """Keep Python from flushing into a stream that is closed or full when it exits."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        pass
