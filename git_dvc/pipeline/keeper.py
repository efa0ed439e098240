"""The keeper: a process that ends running stages when ``repro`` was killed.

A program that is killed with SIGKILL cannot stop what it started, and a stage that goes on
alone would write its outputs while the next ``repro`` runs it again. So with the first stage a
small process is forked that is told of each one, by pipe. If the pipe closes without a word, it
ends the stages and then itself. Its number stands in the claims (``claims.py``): they hold for
as long as something of the run is alive.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence

from git_dvc.locking import RUN_VARIABLE

KILL_AFTER_S = 5.0
"""How long a stage may take to end after SIGTERM."""

_LOOK_EVERY_S = 0.02
_MOST_FDS = 1024
_ARGUMENT = "\0"


class Keeper:
    """Keeps watch over the stages of one run; the process starts with the first one.

    Args:
        last: Called in the keeper's process when the stages of a killed run have ended.
    """

    def __init__(self, last: Callable[[], None] | None = None) -> None:
        self._last = last
        self._pid = 0
        self._fd = -1
        self._count = 0

    @property
    def pid(self) -> int:
        """The number of the keeper's process."""
        if not self._pid:
            self._start()
        return self._pid

    def begin(self) -> str:
        """Announce a stage, and return the value of ``RUN_VARIABLE`` for it."""
        self._count += 1
        token = f"{self.pid}.{self._count}"
        self._tell("begin", token)
        around = os.environ.get(RUN_VARIABLE)
        return f"{around}:{token}" if around else token

    def group(self, token: str, pid: int) -> None:
        """Tell the process group of a stage."""
        self._tell("group", _own(token), str(pid))

    def command(self, token: str, words: Sequence[str], gone: str) -> None:
        """Tell the command that ends a stage which runs elsewhere.

        Args:
            token: The stage.
            words: The program and its arguments.
            gone: When the stage has ended, this file is not there, or, if it is a number,
                no process of this group.
        """
        self._tell("command", _own(token), gone, *words)

    def end(self, token: str) -> None:
        """Tell that a stage has ended."""
        self._tell("end", _own(token))

    def close(self) -> None:
        """End the keeper; no stage runs any more."""
        if self._fd < 0:
            return
        self._tell("bye")
        os.close(self._fd)
        self._fd = -1
        try:
            os.waitpid(self._pid, 0)
        except ChildProcessError:
            pass

    def _start(self) -> None:
        if not hasattr(os, "fork"):
            self._pid = os.getpid()
            return
        reading, self._fd = os.pipe()
        self._pid = os.fork()
        if self._pid:
            os.close(reading)
            return
        try:
            _keep(reading, self._last)
        finally:
            os._exit(0)

    def _tell(self, *words: str) -> None:
        if self._fd < 0:
            return
        try:
            os.write(self._fd, (_ARGUMENT.join(words) + "\n").encode())
        except OSError:
            pass  # somebody killed the keeper: stages run all the same


def _own(token: str) -> str:
    return token.rpartition(":")[2]


def _keep(fd: int, last: Callable[[], None] | None) -> None:
    """Be the keeper."""
    os.setsid()  # Ctrl-C is not for us
    os.chdir("/")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.set_wakeup_fd(-1)
    os.closerange(0, fd)  # locks and pipes of the one that we watch
    os.closerange(fd + 1, max(os.sysconf("SC_OPEN_MAX"), _MOST_FDS))
    _rename()
    stages: dict[str, list[str]] = {}
    text = b""
    while data := os.read(fd, 65536):
        text += data
        *lines, text = text.split(b"\n")
        for line in lines:
            kind, *words = os.fsdecode(line).split(_ARGUMENT)
            if kind == "bye":
                return
            if kind == "end":
                stages.pop(words[0], None)
            elif kind == "begin":
                stages[words[0]] = []
            else:
                stages[words[0]] = [kind, *words[1:]]
    _end(stages)
    if last is not None and stages:
        last()


def _rename() -> None:
    """Take another name, so that ``pkill git-dvc`` does not mean us."""
    try:
        with open("/proc/self/comm", "w") as stream:
            stream.write("dvc-keeper")
    except OSError:
        pass


def _end(stages: dict[str, list[str]]) -> None:
    """End what still runs of the stages."""
    groups = {int(words[1]) for words in stages.values() if words[:1] == ["group"]}
    far = []
    for token, words in stages.items():
        if not words:
            groups |= _groups_of(token)
        elif words[0] == "command":
            far.append(words[1])
            try:
                os.posix_spawnp(words[2], words[2:], os.environ)
            except OSError:
                pass
    until = time.monotonic() + KILL_AFTER_S
    end_groups(groups)
    while time.monotonic() < until and any(not _is_gone(name) for name in far):
        time.sleep(_LOOK_EVERY_S)
    end_groups({int(name) for name in far if name.isdigit()}, grace_s=0)


def _is_gone(name: str) -> bool:
    return group_has_ended(int(name)) if name.isdigit() else not os.path.lexists(name)


def end_groups(groups: set[int], *, grace_s: float = KILL_AFTER_S) -> None:
    """End process groups: kindly, and after a while by force."""
    for number, wait_s in ((signal.SIGTERM, grace_s), (signal.SIGKILL, 1.0)):
        for group in groups:
            signal_group(group, number)
        until = time.monotonic() + wait_s
        while groups := {group for group in groups if not group_has_ended(group)}:
            if time.monotonic() > until:
                break
            time.sleep(_LOOK_EVERY_S)


def signal_group(group: int, number: int) -> bool:
    """Send a signal to a process group; return whether it is there."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    except PermissionError:  # all that is left of it is another user's, or on macOS a zombie
        return False
    return True


def group_has_ended(group: int) -> bool:
    """Return whether no process of a group runs any more.

    One that has ended may stay in the table of processes for ever, as in many a container.
    """
    if not signal_group(group, 0):
        return True
    if not os.path.isdir("/proc/self"):
        return False
    mark = str(group)
    for pid in _processes():
        try:
            with open(f"/proc/{pid}/stat") as stream:
                state, _, its_group, *_ = stream.read().rpartition(")")[2].split()
        except OSError:
            continue
        if its_group == mark and state != "Z":
            return False
    return True


def _processes() -> Iterator[int]:
    """Return the numbers of all processes, on Linux."""
    for name in os.listdir("/proc") if os.path.isdir("/proc/self") else ():
        if name.isdigit():
            yield int(name)


def _groups_of(token: str) -> set[int]:
    """Return the groups of processes that were started for a stage of which we heard no number.

    There is but a moment between starting a stage and telling us; Linux shows who has our
    variable.
    """
    found = set()
    mark = f"{RUN_VARIABLE}=".encode()
    for pid in _processes():
        try:
            with open(f"/proc/{pid}/environ", "rb") as stream:
                values = stream.read().split(b"\0")
            for value in values:
                if value.startswith(mark) and token.encode() in value[len(mark) :].split(b":"):
                    found.add(os.getpgid(pid))
        except OSError:
            continue
    return found
