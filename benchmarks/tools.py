"""The tools that are compared, each in surroundings of its own.

A ``Tool`` knows which command does what; a ``Place`` is one repository of one tool, with its
own ``HOME`` and its own settings, so that nothing of the user's configuration is read or
changed and no tool meets what another left behind.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from typing import NamedTuple

from benchmarks.measure import Command

CHECKOUT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DVC_VERSION = "3.67.1"  # the release the bars were measured with

_GIT_CONFIG = """\
[user]
\tname = Benchmark
\temail = benchmark@example.com
[init]
\tdefaultBranch = main
[gc]
\tauto = 0
[maintenance]
\tauto = false
[advice]
\tdetachedHead = false
[commit]
\tgpgSign = false
"""


EMPTY_HOOKS = "git, empty hooks"
"""Plain Git with hooks that do nothing: what the machine takes to start ours at all."""

HOOKS = (
    *("post-checkout", "post-merge", "post-rewrite", "post-commit", "post-applypatch"),
    "post-index-change",
)


class Tool(NamedTuple):
    """One tool: ``name`` in tables, ``start`` to run it, ``programs`` is a directory for PATH.

    ``features`` says what it can do here beyond the ordinary: ``s3``.
    """

    name: str
    start: tuple[str, ...]
    programs: str | None = None
    features: frozenset[str] = frozenset()

    @property
    def tracks_pointers(self) -> bool:
        """Whether the tool has pointer files, a cache and a ``checkout`` of its own."""
        return self.name in ("git-dvc", "dvc")


class Place:
    """The repository of one tool: ``base`` holds it, its home and its saved state."""

    def __init__(self, tool: Tool, base: str) -> None:
        self.tool = tool
        self.base = base
        self.repo = os.path.join(base, "repo")
        self.cache = os.path.join(self.repo, ".dvc", "cache", "files", "md5")
        self.home = os.path.join(base, "home")
        self.env = _environment(self.home, tool.programs)

    def path(self, relpath: str) -> str:
        return os.path.join(self.repo, relpath)

    def git(self, *args: str) -> Command:
        return Command(["git", *args], self.repo, self.env)

    def own(self, *args: str) -> Command:
        """Return the command that runs the tool itself."""
        return Command([*self.tool.start, *args], self.repo, self.env)

    def do(self, command: Command) -> str:
        """Run a command that is not timed; return its output."""
        done = subprocess.run(
            command.argv,
            cwd=command.cwd,
            env=command.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            shown = " ".join(command.argv)
            raise SetUpFailed(f"{shown}\n  in {command.cwd}:\n{done.stdout}{done.stderr}"[-1500:])
        return done.stdout

    # What differs between the tools.

    def set_up(self, link: str | None = None, track: str | None = None) -> None:
        """Make an empty repository with the tool and its hooks in it, and commit that.

        Args:
            link: How data gets from the cache into the work tree: ``hardlink`` or ``copy``.
            track: The pattern that git-lfs has to track; the others need none.
        """
        os.makedirs(self.repo)
        os.makedirs(self.home)
        with open(os.path.join(self.home, ".gitconfig"), "w") as file:
            file.write(_GIT_CONFIG)
        self.do(self.git("init", "-q"))
        if self.tool.tracks_pointers:
            self.do(self.own("init", "-q"))
            if link is not None:
                with open(self.path(".dvc/config"), "a") as file:
                    file.write(f"[cache]\n    type = {link}\n")
        if self.tool.name == EMPTY_HOOKS:
            for name in HOOKS:
                path = self.path(f".git/hooks/{name}")
                with open(path, "w") as file:
                    file.write("#!/bin/sh\nexit 0\n")
                os.chmod(path, 0o755)
        if self.tool.name == "dvc":  # git-dvc's init has installed its hooks
            self.do(self.own("install"))
        if self.tool.name == "git-lfs":
            self.do(self.git("lfs", "install", "--local"))
            if track is not None:
                self.do(self.git("lfs", "track", track))
        self.commit("start")

    def add(self, *targets: str) -> Command:
        """Return the command that tracks data, or takes up its changes."""
        if self.tool.tracks_pointers:
            return self.own("add", "-q", *targets)
        return self.git("add", "--", *targets)

    def status(self) -> Command:
        return self.own("status")

    def switch(self, rev: str) -> Command:
        """Return the command that switches the branch or tag; data follows by the hooks."""
        return self.git("checkout", "-q", rev)

    def commit(self, tag: str) -> None:
        self.do(self.git("add", "-A"))
        # The checks of pre-commit hooks are no part of any row.
        self.do(self.git("commit", "-q", "--allow-empty", "--no-verify", "-m", tag))
        self.do(self.git("tag", tag))

    def pointer_hash(self, relpath: str) -> str:
        """Return the hash in a pointer file."""
        with open(self.path(relpath + ".dvc"), encoding="utf-8") as file:
            found = re.search(r"^- md5: (\S+)$", file.read(), re.MULTILINE)
        return found[1] if found else "none"

    # A saved state: all but the data and the cache, which a step may change.

    def save(self, data: str) -> None:
        """Remember the repository, the home and the tool's own state, without the data."""
        saved = os.path.join(self.base, "saved")
        shutil.rmtree(saved, ignore_errors=True)
        skipped = {self.path(data), self.path(".dvc/cache")}

        def skip(folder: str, names: list[str]) -> list[str]:
            return [name for name in names if os.path.join(folder, name) in skipped]

        for name in ("repo", "home"):
            shutil.copytree(f"{self.base}/{name}", f"{saved}/{name}", symlinks=True, ignore=skip)

    def restore(self, data: str) -> None:
        """Go back to the saved state: the data stays (made writable), the cache is emptied."""
        for name in os.listdir(self.repo):
            if name != data:
                remove(self.path(name))
        remove(self.home)
        for name in ("repo", "home"):
            shutil.copytree(
                f"{self.base}/saved/{name}",
                f"{self.base}/{name}",
                symlinks=True,
                dirs_exist_ok=True,
            )
        make_writable(self.path(data))


class SetUpFailed(Exception):
    """A repository could not be prepared; the text has the command and its output."""


def remove(path: str) -> None:
    """Delete a file or a directory, if it is there."""
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)


def make_writable(top: str) -> None:
    """Give the owner write permission on ``top`` and all files below it."""
    paths = (os.path.join(folder, name) for folder, _, names in os.walk(top) for name in names)
    for path in paths if os.path.isdir(top) else [top]:
        mode = os.lstat(path).st_mode
        if not mode & stat.S_IWUSR:
            os.chmod(path, mode | stat.S_IWUSR)


def _environment(home: str, programs: str | None) -> dict[str, str]:
    """Return an environment without the user's settings of Git and DVC."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GIT_", "DVC_", "XDG_", "PYTHON", "LC_", "AWS_")) and name != "LANG"
    }
    path = os.environ.get("PATH", os.defpath)
    return kept | {
        "HOME": home,
        "PATH": f"{programs}{os.pathsep}{path}" if programs else path,
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "DVC_NO_ANALYTICS": "1",
        "DVC_GLOBAL_CONFIG_DIR": os.path.join(home, "dvc-global"),
        "DVC_SYSTEM_CONFIG_DIR": os.path.join(home, "dvc-system"),
        "DVC_SITE_CACHE_DIR": os.path.join(home, "dvc-site"),
    }


def find(
    wanted: list[str], work: str, *, git_dvc: str | None, dvc: str | None, install_dvc: bool
) -> tuple[list[Tool], list[str]]:
    """Return the tools that run here and, for each that does not, a line that says why.

    Args:
        wanted: Names: ``git-dvc``, ``dvc``, ``git-lfs``, ``limit`` (here: plain ``git``, and
            with hooks that do nothing).
        work: A directory for launchers, and for dvc if it is to be installed.
        git_dvc: A program to run instead of this checkout's ``bin/git-dvc``.
        dvc: The real dvc; by default the one on PATH.
        install_dvc: Install dvc into a virtual environment of its own below ``work``.
    """
    found: list[Tool] = []
    missing: list[str] = []
    names = [
        one for name in wanted for one in (("git", EMPTY_HOOKS) if name == "limit" else (name,))
    ]
    for name in names:
        if name == "git-dvc":
            programs = os.path.join(work, "programs", "git-dvc")
            _git_dvc_launcher(programs, git_dvc)
            tool = Tool(name, ("git", "dvc"), programs)
        elif name == "dvc":
            path = _install_dvc(work) if install_dvc else dvc or shutil.which("dvc")
            if path is None:
                missing.append("dvc: not on PATH (--dvc PATH or --install-dvc)")
                continue
            programs = os.path.join(work, "programs", "dvc")
            _link_program(programs, "dvc", path)  # for its hooks, which look on PATH
            tool = Tool(name, ("dvc",), programs)
        elif name == "git-lfs":
            tool = Tool(name, ("git", "lfs"))
        else:
            tool = Tool(name, ("git",))
        problem = _problem(tool, work)
        if problem is None:
            tool = tool._replace(features=_features(tool, work))
            found.append(tool)
            if name == "dvc" and not tool.features:
                missing.append("dvc with S3: pip install 'dvc[s3]' beside it (or --install-dvc)")
        else:
            missing.append(f"{name}: {problem}")
    return found, missing


def version(tool: Tool, work: str) -> str:
    """Return the first line of what the tool says about its version."""
    place = Place(tool, work)
    return place.do(place.own("--version")._replace(cwd=work)).partition("\n")[0]


def _features(tool: Tool, work: str) -> frozenset[str]:
    if tool.name == "dvc":
        place = Place(tool, work)
        report = place.do(place.own("version")._replace(cwd=work))
        return frozenset({"s3"} if re.search(r"^\s*s3 ", report, re.MULTILINE) else ())
    return frozenset({"s3"} if tool.name == "git-dvc" else ())


def _problem(tool: Tool, work: str) -> str | None:
    try:
        version(tool, work)
    except (SetUpFailed, OSError) as error:
        return "does not run: " + str(error).strip().rpartition("\n")[2]
    return None


def _git_dvc_launcher(programs: str, given: str | None) -> None:
    """Put a ``git-dvc`` into ``programs``: the one given, or this checkout's.

    The checkout's launcher says ``env python3`` and expects an installed package; here it gets
    this interpreter and the checkout, as an install would have written it.
    """
    if given is not None:
        _link_program(programs, "git-dvc", given)
        return
    os.makedirs(programs)
    with open(os.path.join(CHECKOUT, "bin", "git-dvc")) as file:
        found, _, code = file.read().partition("import sys\n")
    assert found == "#!/usr/bin/env python3\n", "bin/git-dvc no longer starts as expected here"
    launcher = os.path.join(programs, "git-dvc")
    with open(launcher, "w") as file:
        file.write(f"#!{sys.executable}\nimport sys\n\nsys.path.insert(0, {CHECKOUT!r})\n{code}")
    os.chmod(launcher, 0o755)


def _link_program(programs: str, name: str, path: str) -> None:
    os.makedirs(programs)
    os.symlink(os.path.abspath(path), os.path.join(programs, name))


def _install_dvc(work: str) -> str:
    venv = os.path.join(work, "dvc-venv")
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    pip = os.path.join(venv, "bin", "pip")
    subprocess.run([pip, "install", "-q", f"dvc[s3]=={DVC_VERSION}"], check=True)
    return os.path.join(venv, "bin", "dvc")
