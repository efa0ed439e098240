"""How our hooks stand in a clone: what lies where Git looks, whose it is, and who runs ours.

``ground`` finds out whose the place is, ``look`` how one hook stands there. Nothing is written
here; ``hooks/install.py`` does that.

Ours run in one of these ways, told in ``Hook.by``:

* Git runs a file of ours in the directory for hooks; a hook that was there is kept beside it
  and runs first;
* Git's config runs it (from Git 2.54 on), however the directory is used;
* somebody else runs it: husky, lefthook, pre-commit.com, or a script with our line in it.
"""

from __future__ import annotations

import os
import re
from typing import Literal, NamedTuple

from git_dvc.errors import quoted
from git_dvc.git.repo import Repository
from git_dvc.hooks import joining, scripts
from git_dvc.hooks.scripts import NAMES, read

State = Literal[
    "installed", "absent", "foreign", "outdated", "edited", "not executable", "switched off"
]
Owner = Literal["own", "husky", "shared", "everywhere"]

GIT, CONFIG, HUSKY = "Git", "Git's config", "husky"
LEFTHOOK, PRE_COMMIT, SCRIPT = "lefthook", "pre-commit", "another hook"

BEFORE = ".before-git-dvc"
DVC_BEFORE = ".dvc-before-git-dvc"
LEGACY = ".legacy"
"""Where pre-commit.com puts the hook that it finds, and runs it first."""

_CONFIG_SINCE = (2, 54)
_DVC_HOOK = re.compile(rb"\s*(?:#[^\n]*\n\s*)*exec dvc git-hook [\w-]+ [^\n;&|]*\s*")
_CALLS_US = re.compile(rb"^[^#\n]*\bgit[- ]dvc['\"]? hook ", re.MULTILINE)


class Ground(NamedTuple):
    """Whose the place for hooks is.

    Attributes:
        repo: The repository.
        folder: Where Git looks for hooks; need not exist.
        owner: "own" if we may write there, "husky", "shared" with a team through Git, or
            "everywhere": other repositories of this user look there, too.
    """

    repo: Repository
    folder: str
    owner: Owner

    def own(self, name: str) -> str:
        """Return where the file lies that lines in others' hooks run."""
        return os.path.join(self.repo.common_dir, *joining.OWN.split("/"), name)

    def by_config(self, name: str) -> str:
        """Return where the file lies that Git's config runs."""
        return os.path.join(self.repo.common_dir, *joining.BY_CONFIG.split("/"), name)

    def script(self, name: str) -> str:
        """Return the script that people edit for a hook: with husky not the one Git runs."""
        folder = os.path.dirname(self.folder) if self.owner == "husky" else self.folder
        return os.path.join(folder, name)

    @property
    def knows_config(self) -> bool:
        """Whether this Git runs hooks that its config names."""
        return self.repo.version() >= _CONFIG_SINCE


class Hook(NamedTuple):
    """How one of our hooks stands.

    Attributes:
        name: Git's name of it.
        state: "installed" includes being run by somebody else's hook. "edited" is a hook of
            ours whose text was changed by hand, "outdated" one of another version or whose
            program has gone.
        runs: Whether Git gets to ours at all, in any version.
        by: Who runs it; '' for none.
        path: The file of ours, or what lies in its place.
        data: Its content.
        why: What is wrong, in words.
    """

    name: str
    state: State
    runs: bool
    by: str
    path: str
    data: bytes = b""
    why: str = ""

    @property
    def is_dvc(self) -> bool:
        """Whether it is a hook that the original wrote."""
        return self.state == "foreign" and _DVC_HOOK.fullmatch(self.data) is not None

    @property
    def tool(self) -> str:
        """Who wrote the hook that lies there, as far as it is known; '' for anybody else."""
        return tool_of(self.data)


def tool_of(data: bytes) -> str:
    """Return which tool wrote a hook, '' for none that is known."""
    if joining.PRE_COMMIT in data:
        return PRE_COMMIT
    return LEFTHOOK if joining.LEFTHOOK.search(data) else ""


def state(repo: Repository) -> dict[str, State]:
    """Return how each of our hooks stands, by name."""
    return {name: hook.state for name, hook in look_at_all(repo).items()}


def is_active(repo: Repository) -> bool:
    """Return whether Git runs all our hooks, in any version.

    Cheaper than ``state``, for the one-time notice in clones that lack them.
    """
    here = ground(repo)
    return all(look(here, name, compare=False).runs for name in NAMES)


def look_at_all(repo: Repository) -> dict[str, Hook]:
    """Return how each of our hooks stands, by name, with all that is known."""
    here = ground(repo)
    return {name: look(here, name) for name in NAMES}


# -- whose the place is ---------------------------------------------------------------------------


def ground(repo: Repository) -> Ground:
    """Return whose the place for hooks is."""
    folder = repo.hooks_dir()
    return Ground(repo, folder, _owner(repo, folder))


def _owner(repo: Repository, folder: str) -> Owner:
    if os.path.basename(folder) == "_":
        beside = os.path.basename(os.path.dirname(folder)) == ".husky"
        if beside or b"husky" in (read(os.path.join(folder, "h")) or b""):
            return "husky"
    real = os.path.realpath(folder)
    if any(_is_below(real, outside) for outside in (repo.git_dir, repo.common_dir)):
        return "own"
    if _is_below(real, repo.top):
        relpath = os.path.relpath(real, repo.top).replace(os.sep, "/")
        return "shared" if repo.tracked([relpath]) else "own"
    if repo.config_get("core.hooksPath") is None:
        return "own"
    words = repo.run(["config", "--show-scope", "--get", "core.hooksPath"], check=False)
    return "everywhere" if words.split(b"\t")[0] in (b"global", b"system") else "own"


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


# -- one hook -------------------------------------------------------------------------------------


def look(here: Ground, name: str, *, compare: bool = True) -> Hook:
    """Return how one hook stands.

    Args:
        here: Whose the place is.
        name: Git's name of the hook.
        compare: Also tell a hook that was edited by hand, or whose program has gone.
    """
    if is_in_config(here.repo, name) and here.knows_config:
        found = _judge(name, here.by_config(name), CONFIG, compare)
        if not here.repo.config_bool(f"hook.git-dvc-{name}.enabled", True):
            why = f"hook.git-dvc-{name}.enabled is false"
            return found._replace(state="switched off", runs=False, why=why)
        return found
    path = os.path.join(here.folder, name)
    data = read(path)
    if data is not None and scripts.is_ours(data):
        return _judge(name, path, GIT, compare)
    if here.owner == "husky":
        return _look_at_husky(here, name, data, compare)
    if data is None:
        return Hook(name, "absent", False, "", path)
    found = _look_at_foreign(here, name, path, data, compare)
    if found.by and not scripts.can_run(path):
        why = f"{quoted(path)} is not executable"
        return found._replace(state="not executable", runs=False, why=why)
    return found


def is_in_config(repo: Repository, name: str) -> bool:
    """Return whether Git's config names our hook, for a Git that reads it."""
    key = f"hook.git-dvc-{name}"
    there = repo.config_get(f"{key}.command") or ""
    return f"{joining.BY_CONFIG}/{name}" in there and name in repo.config_all(f"{key}.event")


def _judge(name: str, path: str, by: str, compare: bool) -> Hook:
    """Return how a file stands that is to be a hook of ours."""
    data = read(path)
    if data is None or not scripts.is_ours(data):
        why = f"{by} would run {quoted(path)}, which is not there"
        return Hook(name, "absent", False, by, path, data or b"", why)
    if not scripts.can_run(path):
        why = f"{quoted(path)} is not executable"
        return Hook(name, "not executable", False, by, path, data, why)
    if compare:
        shipped = scripts.version_of(scripts.template(name))
        version = scripts.version_of(data)
        if version != shipped:
            why = f"it is of version {version}, and this git-dvc has {shipped}"
            return Hook(name, "outdated", True, by, path, data, why)
        if scripts.is_edited(name, data):
            return Hook(name, "edited", True, by, path, data, "its text was changed by hand")
        program = scripts.program_of(data)
        if not scripts.can_run(program):
            why = f"its program is gone: {quoted(program)}"
            return Hook(name, "outdated", True, by, path, data, why)
    return Hook(name, "installed", True, by, path, data)


def _look_at_husky(here: Ground, name: str, wrapper: bytes | None, compare: bool) -> Hook:
    """Return how a hook stands that husky would run: its wrapper starts a script of the team."""
    if wrapper is None:
        why = "husky has no wrapper for it"
        return Hook(name, "absent", False, "", os.path.join(here.folder, name), why=why)
    path = here.script(name)
    data = read(path)
    if data is None:
        return Hook(name, "absent", False, "", path)
    if joining.has_line(name, data):
        return _judge(name, here.own(name), HUSKY, compare)
    if _CALLS_US.search(data):
        return Hook(name, "installed", True, HUSKY, path, data)
    why = f"{quoted(path)} does not run it"
    return Hook(name, "foreign", False, "", path, data, why)


def _look_at_foreign(here: Ground, name: str, path: str, data: bytes, compare: bool) -> Hook:
    """Return how a hook that is not ours stands: it may run ours all the same."""
    top = here.repo.top
    if joining.has_line(name, data):
        return _judge(name, here.own(name), SCRIPT, compare)
    if _CALLS_US.search(data):
        return Hook(name, "installed", True, SCRIPT, path, data)
    tool = tool_of(data)
    if tool == PRE_COMMIT:
        legacy = read(path + LEGACY)
        if legacy is not None and scripts.is_ours(legacy):
            return _judge(name, path + LEGACY, PRE_COMMIT, compare)
        config = read(os.path.join(top, joining.PRE_COMMIT_CONFIG)) or b""
        if f"git-dvc-{name}".encode() in config:
            return Hook(name, "installed", True, PRE_COMMIT, path, data)
    elif tool == LEFTHOOK:
        for config_name in joining.LEFTHOOK_CONFIGS:
            if joining.has_line(name, read(os.path.join(top, config_name)) or b""):
                return _judge(name, here.own(name), LEFTHOOK, compare)
    whose = f"a hook of {tool}" if tool else "a hook that is not ours"
    return Hook(name, "foreign", False, "", path, data, f"there is {whose}")
