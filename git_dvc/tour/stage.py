"""Where the tour plays: a scratch directory, commands that are shown and run, claims checked.

Commands run as a user would type them, with the ``git`` on PATH and this very ``git-dvc``,
but without the user's settings: what the tour shows is the same everywhere, and nothing of
it reaches the user's own caches.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import subprocess
import sys
from pathlib import Path

from git_dvc.cli.console import console
from git_dvc.errors import GitDvcError, quoted
from git_dvc.hooks.install import find_program
from git_dvc.tour.digits import HERE

Snapshot = dict[str, str]
"""The MD5 of each file, by its path in the scratch directory."""


class TourError(GitDvcError):
    """The tour cannot be played, or a command did not end as it should."""


def environment(folder: Path) -> dict[str, str]:
    """Return the environment of the tour's commands: without settings from elsewhere.

    Args:
        folder: The scratch directory.
    """
    own = ("GIT_", "DVC_", "PRE_COMMIT")
    kept = ("GIT_EXEC_PATH", "GIT_SSL")
    found = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(own) or name.startswith(kept)
    }
    # 'git dvc' finds git-dvc on PATH, and a virtual environment need not be on it.
    places = [os.path.dirname(find_program()), os.path.dirname(sys.executable)]
    found["PATH"] = os.pathsep.join([*places, os.environ.get("PATH", os.defpath)])
    nowhere = str(folder / ".git" / "no-such-directory")
    return found | {
        "GIT_CONFIG_GLOBAL": str(HERE / "gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "DVC_GLOBAL_CONFIG_DIR": nowhere,
        "DVC_SYSTEM_CONFIG_DIR": nowhere,
        "DVC_NO_ANALYTICS": "1",
    }


class Stage:
    """The scratch directory, and what was run, claimed and found there.

    Attributes:
        folder: The scratch directory.
        failed: The claims that turned out false.
        checked: How many claims were checked.
        output: What the last command printed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.failed: list[str] = []
        self.checked = 0
        self.output = ""
        self._environment = environment(folder)
        encoding = console.stdout.encoding or "ascii"
        self._marks = ("ok:", "FALSE:")
        if encoding.lower().replace("-", "").startswith("utf"):
            self._marks = ("✓", "✗")

    def chapter(self, title: str) -> None:
        """Print a heading."""
        console.say("\n" + console.paint(title, "bold"))

    def tell(self, text: str) -> None:
        """Print what happens, between commands."""
        console.say("\n".join(console.paint(f"# {line}", "dim") for line in text.splitlines()))

    def run(self, line: str, *, code: int = 0, most_lines: int = 24) -> None:
        """Show a command, run it, and show its output.

        Args:
            line: As a user would type it; ``python3`` is the Python that runs the tour.
            code: How it must end.
            most_lines: Output beyond that is counted, not shown.

        Raises:
            TourError: It ended otherwise, or could not be started.
        """
        console.say(console.paint(f"$ {line}", "cyan"))
        console.stdout.flush()
        words = shlex.split(line)
        if words[0] == "python3":
            words[0] = sys.executable
        try:
            done = subprocess.run(
                words,
                cwd=self.folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=False,
            )
        except OSError as problem:
            raise TourError(f"cannot run {words[0]}: {problem.strerror}") from problem
        self.output = done.stdout.decode("utf-8", "replace").replace("\r\n", "\n")
        shown = self.output.splitlines()
        if len(shown) > most_lines:
            left_out = len(shown) - most_lines + 1
            shown[most_lines - 2 : -1] = [f"... {left_out} lines more ..."]
        console.say("\n".join(shown))
        if done.returncode != code:
            if console.quiet:
                console.error(self.output)
            raise TourError(
                f"'{line}' ended with {done.returncode} instead of {code}",
                hint=f"look at what it left in {quoted(str(self.folder))}",
            )

    def check(self, claim: str, holds: bool) -> None:
        """Print a claim with a mark that says whether it is true."""
        self.checked += 1
        mark, style = (self._marks[0], "green") if holds else (self._marks[1], "red")
        line = console.paint(f"{mark} {claim}", style)
        if holds:
            console.say(line)
        else:
            self.failed.append(claim)
            console.write(line)

    def snapshot(self, *names: str, at: str = ".") -> Snapshot:
        """Return the MD5 of every file that is there now, read anew.

        Args:
            names: Files and directories; a missing one has no entry.
            at: The directory that they are in, from the scratch directory.
        """
        found: Snapshot = {}
        base = self.folder / at
        for name in names:
            place = base / name
            files = sorted(place.rglob("*")) if place.is_dir() else [place]
            for path in files:
                if path.is_file():
                    relpath = path.relative_to(base).as_posix()
                    found[relpath] = hashlib.md5(path.read_bytes()).hexdigest()
        return found

    def stored(self, at: str = ".dvc/cache/files/md5") -> dict[str, str]:
        """Return the objects of the cache: the name of each, and the MD5 of its content.

        Args:
            at: Where they are, from the scratch directory.
        """
        cache = self.folder / at
        return {
            path.parent.name + path.name: hashlib.md5(path.read_bytes()).hexdigest()
            for path in cache.glob("??/*")
        }
