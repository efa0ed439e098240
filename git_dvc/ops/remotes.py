"""The remotes of a project: which there are, and opening one.

``core.remote`` names the default one. A remote's options are merged from all config files; a
relative ``url`` starts at the config file that it stands in, ``remote://other/sub`` is a folder
inside another remote.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from git_dvc import hashing
from git_dvc.errors import (
    ConfigError,
    RemoteError,
    UnknownRemoteError,
    quoted,
)
from git_dvc.formats import config as configs
from git_dvc.ops import branch_config, moved_remotes
from git_dvc.ops import config as settings
from git_dvc.ops.branch_config import Branch
from git_dvc.ops.remote import local_path, without_password
from git_dvc.project import Project
from git_dvc.remote.base import Remote
from git_dvc.remote.local import LocalRemote

_MOST_HOPS = 8


class About(NamedTuple):
    """One remote as the config has it.

    Attributes:
        name: Its name.
        url: Its address; a local path is absolute. May hold a password.
        options: All its options; paths are absolute.
    """

    name: str
    url: str
    options: dict[str, str]

    @property
    def scheme(self) -> str:
        """``s3``, ``ssh``, ...; '' for a folder."""
        scheme = configs.url_scheme(self.url)
        return "" if scheme == "file" else scheme

    @property
    def where(self) -> str:
        """The address as it may be shown."""
        return without_password(self.url)


def names(project: Project) -> list[str]:
    """Return the names of all remotes, sorted."""
    return sorted(
        {
            section[1]
            for layer in project.config.layers
            for section in layer.values
            if section[0] == "remote" and len(section) == 2
        }
    )


def default(project: Project) -> str | None:
    """Return the name of the default remote, or None."""
    name = project.config.get("core", "remote")
    return name.lower() if name else None


def about(project: Project, name: str) -> About:
    """Return one remote; if the checked-out config has none of this name, that of the branch.

    Raises:
        UnknownRemoteError: There is none of this name.
        ConfigError: It has no url, or a circular one.
    """
    try:
        return _about(project, name.lower(), 0)
    except UnknownRemoteError:
        if not branch_config.lend(project, name.lower()):
            raise
    return _about(project, name.lower(), 0)


def _about(project: Project, name: str, hops: int) -> About:
    section = ("remote", name)
    options: dict[str, str] = {}
    for layer in project.config.layers:
        for option, value in layer.values.get(section, {}).items():
            if option in configs.COMMAND_OPTIONS and layer.level == "project":
                raise _committed_command(configs.name_of(section, option), layer.path)
            options[option] = settings.resolved(project, layer, section, option, value)
    if not options:
        raise UnknownRemoteError(name, names(project))
    if "url" not in options or not options["url"]:
        problem = ConfigError(f"remote.{name}: has no url")
        problem.hint = f"set it with 'git dvc remote modify {name} url URL'"
        raise problem
    url = options["url"]
    if configs.url_scheme(url) == "remote":
        if hops >= _MOST_HOPS:
            raise ConfigError(f"remote.{name}.url: leads around in a circle: {url}")
        other, _, sub = url[len("remote://") :].partition("/")
        base = _about(project, other.lower(), hops + 1)
        options = {**base.options, **options}
        url = f"{base.url.rstrip('/')}/{sub}" if sub else base.url
    return About(name, local_path(url), options)


def _committed_command(name: str, path: str) -> ConfigError:
    problem = ConfigError(f"{name}: a command that others have committed is never run", path)
    problem.hint = (
        f"if it is right, take it over: 'git dvc config --local {name} ...',\n"
        f"and take it out there: 'git dvc config --unset {name}'"
    )
    return problem


def opened(project: Project, name: str | None = None) -> Remote:
    """Return a remote, ready to be used.

    Args:
        project: The project.
        name: Its name; the default one if None.

    Raises:
        UnknownRemoteError: There is none of this name.
        MissingClientError: The library for this kind of remote is not installed.
        RemoteError: It cannot be used now.
    """
    remote = closed(project, name)
    remote.reach()
    return remote


def closed(project: Project, name: str | None = None) -> Remote:
    """Return a remote that nobody has tried to reach yet; errors as ``opened``."""
    chosen = name or default(project)
    if chosen is None:
        raise no_default(project)
    found = about(project, chosen)
    if found.scheme:
        return _on_server(project, found)
    root = os.path.normpath(found.url)
    if project.repo is not None and _is_inside(root, project.repo):
        # A commit chose it: nothing of ours is ever written there (S3).
        raise RemoteError(found.name, root, "it is inside of Git's own directory")
    durable = project.repo is None or project.repo.config_bool("dvc.fsync", True)
    return LocalRemote(
        found.name,
        root,
        memory_folder(project, found),
        shared=found.options.get("shared") == "group",
        durable=durable,
    )


def _on_server(project: Project, found: About) -> Remote:
    from git_dvc.remote import kinds
    from git_dvc.remote.objects import ObjectRemote

    for option in ("worktree", "version_aware"):
        if found.options.get(option, "").lower() == "true":
            error = ConfigError(f"remote.{found.name}.{option}: git-dvc keeps objects by hash only")
            error.hint = "nothing was read or written; use the original dvc for this remote"
            raise error
    moved_remotes.check(project, found.name, found.url)
    wire = kinds.connect(found.url, found.options, found.name)
    jobs = found.options.get("jobs")
    return ObjectRemote(
        found.name, wire, memory_folder(project, found), jobs=int(jobs) if jobs else None
    )


def _is_inside(root: str, repo: object) -> bool:
    place = os.path.realpath(root) + os.sep
    folders = (getattr(repo, "git_dir", ""), getattr(repo, "common_dir", ""))
    return any(folder and place.startswith(folder + os.sep) for folder in folders)


def memory_folder(project: Project, found: About) -> str:
    """Return where this clone keeps what it knows of a remote, by its address."""
    if project.repo is None:
        base = os.path.join(project.tmp_dir, "git-dvc")
    else:
        base = os.path.join(project.repo.common_dir, "dvc")
    return os.path.join(base, "remotes", hashing.of_bytes(found.url.encode())[:16])


def no_default(project: Project) -> ConfigError:
    """Return the error for a project without a default remote."""
    known = names(project)
    problem = ConfigError("no remote was named, and there is no default one")
    offered = branch_config.find(project)
    if known:
        listed = ", ".join(known)
        problem.hint = f"there are: {listed}; choose with 'git dvc remote default {known[0]}'"
    elif offered is not None:
        problem.hint = offer(offered)
    else:
        problem.hint = "add one with 'git dvc remote add -d NAME URL'"
    return problem


def offer(branch: Branch) -> str:
    """Return how to use the default remote of a branch."""
    name = quoted(branch.default or "")
    return (
        f"the config of '{quoted(branch.name)}' has the remote '{name}': use it with '-r {name}',\n"
        f"or here for good: 'git dvc config --local core.remote {name}'"
    )
