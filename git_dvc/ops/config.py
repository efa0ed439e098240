"""``git dvc config``: read and write the options that DVC shares with git-dvc.

What is written is checked first, the file by itself and merged with the other levels: DVC
refuses to run at all with an option it does not know, and so does everybody who pulls it.
Settings of git-dvc alone are Git's (``git config dvc.preCommit``); naming one here says so.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from git_dvc import fsutil
from git_dvc.errors import ConfigError, NotAProjectError, UnsetOptionError, quoted
from git_dvc.formats import config as configs
from git_dvc.project import DVC_DIR, Layer, Project, config_paths, read_layer

OURS = {
    name.lower(): name
    for name in (
        "maxFileSize",
        "preCommit",
        "prePush",
        "fsync",
        "autoSync",
        "safeCacheDir",
        "gcGraceDays",
    )
}
"""Settings that live in Git's config, by lower-case name."""

_CACHE_DIR = (("cache",), "dir")
_PASSWORD = re.compile(r"[^/]+://[^/@]*:[^/@]+@")


Change = Callable[[str], str]
"""Turns the text of a config file into the new one."""


class Setting(NamedTuple):
    """An option that is set somewhere.

    Attributes:
        name: ``core.remote`` or ``remote.store.url``.
        value: Its text; when shown, paths are absolute, when written, as the file has it.
        level: ``system``, ``global``, ``project`` or ``local``.
        path: The file it is in.
        notes: What a person should know after writing it, one line each.
    """

    name: str
    value: str
    level: str
    path: str
    notes: tuple[str, ...] = ()

    @property
    def is_secret(self) -> bool:
        """Whether the value is a password or the like."""
        return self.name.rpartition(".")[2] in configs.SECRET_OPTIONS


def get(project: Project | None, name: str, level: str | None = None) -> Setting:
    """Return an option as it is in effect, or as one level has it.

    Args:
        project: The project; None outside of one, where only the user's and the system's
            files count.
        name: ``section.option``.
        level: Look at this level only.

    Raises:
        UnsetOptionError: It is not set.
        ConfigError: There is no such option.
    """
    section, option = _split(name)
    for layer in reversed(_chosen(project, level)):
        value = layer.values.get(section, {}).get(option)
        if value is not None:
            shown = resolved(project, layer, section, option, value)
            return Setting(configs.name_of(section, option), shown, layer.level, layer.path)
    if option not in configs.OPTIONS.get(section[0], {}) and section[0] != "feature":
        raise ConfigError(f"{configs.name_of(section, option)}: no such option")
    where = layer_of(project, level).path if level else ""
    raise UnsetOptionError(configs.name_of(section, option), where)


def listing(project: Project | None, level: str | None = None) -> list[Setting]:
    """Return everything that is set: system, global, project, local; paths are absolute."""
    return [
        Setting(
            configs.name_of(section, option),
            resolved(project, layer, section, option, value),
            layer.level,
            layer.path,
        )
        for layer in _chosen(project, level)
        for section, options in layer.values.items()
        for option, value in options.items()
    ]


def put(project: Project | None, name: str, value: str, level: str | None = None) -> Setting:
    """Set an option.

    Args:
        project: The project; None outside of one.
        name: ``section.option``.
        value: Its value. A path is meant from the current directory; it is stored relative
            to the config file.
        level: Where; the project's file if None.

    Returns:
        What was written.

    Raises:
        ConfigError: No such option, not a value for it, or the merged configuration would
            not be valid; nothing was written.
        NotAProjectError: The level needs a project.
    """
    section, option = _split(name)
    layer = layer_of(project, level)
    value = configs.validate(section, option, value)
    if (section[0], option) in configs.PATH_OPTIONS:
        if not value.strip():
            raise ConfigError(f"{configs.name_of(section, option)}: expected a path")
        value = stored_path(value, layer.path)
    notes = notes_of(section, option, value, layer)
    if project is not None and (section, option) == _CACHE_DIR:
        notes += _moved_cache(project, layer, value)
    _write(project, layer, section, option, value)
    if project is not None and (section, option) == _CACHE_DIR and layer.level == "project":
        notes += _trust(project)
    return Setting(configs.name_of(section, option), value, layer.level, layer.path, tuple(notes))


def unset(project: Project | None, name: str, level: str | None = None) -> Setting:
    """Take an option out of a config file and return what it was.

    Raises:
        UnsetOptionError: That file does not set it.
        ConfigError: The merged configuration would not be valid; nothing was written.
        NotAProjectError: The level needs a project.
    """
    section, option = _split(name)
    layer = layer_of(project, level)
    value = layer.values.get(section, {}).get(option)
    if value is None and not _mentions(layer, section, option):
        raise UnsetOptionError(configs.name_of(section, option), layer.path)
    _write(project, layer, section, option, None)
    return Setting(configs.name_of(section, option), value or "", layer.level, layer.path)


# -- names and levels -------------------------------------------------------------------------


def _split(name: str) -> tuple[configs.Section, str]:
    first, _, last = name.rpartition(".")
    ours = OURS.get(last.lower())
    if ours is not None or first.lower() == "dvc":
        option = ours or last
        error = ConfigError(f"{quoted(name)} is not an option that DVC shares")
        error.hint = (
            f"settings of git-dvc alone are in Git's config: 'git config dvc.{quoted(option)}'"
        )
        raise error
    return configs.split_name(name)


def layers_of(project: Project | None) -> Sequence[Layer]:
    """Return all config files, in the order in which they are merged."""
    if project is not None:
        return project.config.layers
    return [read_layer(level, path) for level, path in config_paths(None)]


def _chosen(project: Project | None, level: str | None) -> Sequence[Layer]:
    return [layer_of(project, level)] if level else layers_of(project)


def layer_of(project: Project | None, level: str | None) -> Layer:
    """Return one level's file; the project's if None.

    Raises:
        NotAProjectError: There is no such level outside of a project.
    """
    for layer in layers_of(project):
        if layer.level == (level or "project"):
            return layer
    raise NotAProjectError(os.getcwd())


def _mentions(layer: Layer, section: configs.Section, option: str) -> bool:
    """Return whether a file sets an option to something that was not understood."""
    name = configs.name_of(section, option)
    return any(problem.what.startswith(f"{name}: ") for problem in layer.problems)


# -- paths ------------------------------------------------------------------------------------


def _is_verbatim(value: str) -> bool:
    return os.path.isabs(value) or value.startswith("~") or "://" in value


def stored_path(value: str, path: str) -> str:
    """Return a path that the user gave as the config file at ``path`` has it."""
    if _is_verbatim(value):
        return value
    return os.path.relpath(value, os.path.dirname(path)).replace(os.sep, "/")


def resolved(
    project: Project | None, layer: Layer, section: configs.Section, option: str, value: str
) -> str:
    """Return a value as it is meant: a path starts at the config file that it stands in."""
    if (section[0], option) not in configs.PATH_OPTIONS or "://" in value:
        return value
    base = os.path.dirname(layer.path)
    if project is not None and base == os.path.join(project.root, DVC_DIR):
        # In a linked work tree the project's paths start from the main one.
        base = os.path.join(project.main_root, DVC_DIR)
    return os.path.normpath(os.path.join(base, os.path.expanduser(value)))


# -- writing ----------------------------------------------------------------------------------


def _write(
    project: Project | None,
    layer: Layer,
    section: configs.Section,
    option: str,
    value: str | None,
) -> None:
    def change(text: str) -> str:
        after = configs.edit(text, section, option, value)
        if configs.parse(after, layer.path).values.get(section, {}).get(option) != value:
            raise ConfigError(f"{configs.name_of(section, option)}: cannot be written", layer.path)
        return after

    rewrite(project, [(layer, change)])


def rewrite(project: Project | None, changes: Sequence[tuple[Layer, Change]]) -> None:
    """Change one or more config files; all are checked before the first is written.

    Args:
        project: The project; None outside of one.
        changes: Files, and what turns the text of each into the new one.

    Raises:
        ConfigError: A file would not be valid, or all of them together would make a remote
            unusable, with which DVC refuses every command; nothing was written.
    """
    inside = any(layer.level in ("project", "local") for layer, _ in changes)
    if project is None or not inside:
        _rewrite(project, changes)
        return
    with project.lock():
        _rewrite(project, changes)
        own = os.path.join(project.root, DVC_DIR, "config")
        if any(layer.path == own for layer, _ in changes):
            from git_dvc.ops import record as recording  # all of checkout; most only read a config

            recording.stage(project, [f"{DVC_DIR}/config"])


def _rewrite(project: Project | None, changes: Sequence[tuple[Layer, Change]]) -> None:
    layers = list(layers_of(project))
    old = _trouble(layers)
    ready = []
    for layer, change in changes:
        try:
            before = fsutil.read_bytes(layer.path)
        except FileNotFoundError:
            before = b""
        try:
            after = change(before.decode("utf-8"))
        except UnicodeDecodeError:
            raise ConfigError("not valid UTF-8", layer.path) from None
        parsed = configs.parse(after, layer.path)
        fresh = layer._replace(values=parsed.values, problems=parsed.problems)
        layers[[one.level for one in layers].index(layer.level)] = fresh
        ready.append((fresh, before, after.encode()))
    new = [what for what in _trouble(layers) if what not in old]
    if new:
        error = ConfigError(new[0], changes[-1][0].path)
        error.hint = "nothing was written"
        if "has no url" in new[0]:
            name = new[0].partition('"')[2].partition('"')[0]
            error.hint += f"; give it a url first: 'git dvc config remote.{name}.url'"
        raise error
    for fresh, before, data in ready:
        if data != before or not before:
            folder = os.path.dirname(fresh.path)
            os.makedirs(folder, exist_ok=True)
            tmp = os.path.join(project.tmp_dir, "git-dvc") if project is not None else folder
            fsutil.atomic_write(fresh.path, data, tmp)
        if project is not None:
            number = [one.level for one in project.config.layers].index(fresh.level)
            project.config.layers[number] = fresh


def _trouble(layers: Sequence[Layer]) -> list[str]:
    """Return what is wrong with the remotes once all layers are merged."""
    merged: dict[str, dict[str, str]] = {}
    for layer in layers:
        for section, options in layer.values.items():
            if section[0] == "remote" and len(section) == 2:
                merged.setdefault(section[1], {}).update(options)
    return [what for name in sorted(merged) for what in configs.check_remote(name, merged[name])]


# -- what else there is to know ---------------------------------------------------------------


def notes_of(section: configs.Section, option: str, value: str, layer: Layer) -> list[str]:
    """Return what a person should know after an option was written."""
    if (section, option) == (("cache",), "type"):
        return ["links that exist stay as they are; 'git dvc checkout --relink' makes them anew"]
    if option in configs.SECRET_OPTIONS and layer.level == "project":
        name = configs.name_of(section, option)
        return [
            f"this file is committed, with the secret in it; to keep it here, run "
            f"'git dvc config -u {name}', then 'git dvc config --local {name} ...'"
        ]
    if option == "url" and layer.level == "project" and _PASSWORD.match(value):
        name = configs.name_of(section, "password")
        return [
            "this file is committed, with the password in the url; take it out there, and run "
            f"'git dvc config --local {name} ...'"
        ]
    return []


def _moved_cache(project: Project, layer: Layer, value: str) -> list[str]:
    old = project.cache_root
    new = resolved(project, layer, *_CACHE_DIR, value)
    if new == old or not os.path.isdir(os.path.join(old, "files")):
        return []
    return [f"what is in {quoted(old)} stays there; move it by hand if it is to be used"]


def _trust(project: Project) -> list[str]:
    """Note in Git's config that a cache outside of the project is the user's own choice."""
    root = project.config.find(*_CACHE_DIR)
    place = project.cache_root
    inside = (place + os.sep).startswith((project.main_root + os.sep, project.root + os.sep))
    if root is None or inside or project.repo is None:
        return []
    key = "dvc.safeCacheDir"
    known = project.repo.config_all(key)
    if place in known:
        return []
    if known:
        project.repo.run(["config", "--local", "--add", key, place], writes=True)
    else:
        project.repo.config_set(key, place)
    return [f"others who clone this must agree to it: 'git config --add {key} {quoted(place)}'"]
