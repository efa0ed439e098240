"""``git dvc remote add``, ``remove``, ``rename``, ``default``: the remotes in the config files.

All that a change touches is checked together before anything is written: with a remote that has
options but no url DVC refuses every command. So ``remove`` and ``rename`` work on the project's
file and this clone's ``config.local`` at once, where secrets of the same remote often are.
Reading remotes is ``remotes.py``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import NamedTuple

from git_dvc.errors import ConfigError, UnknownRemoteError, quoted
from git_dvc.formats import config as configs
from git_dvc.ops import config as settings
from git_dvc.ops.config import Change
from git_dvc.project import Layer, Project

_NAME = re.compile(r"[^\W_][\w.+@ -]*")
_CORE = ("core",)


class Listed(NamedTuple):
    """A remote as it is listed: name, address without passwords, whether it is the default."""

    name: str
    where: str
    is_default: bool


def listing(project: Project | None, level: str | None = None) -> list[Listed]:
    """Return the remotes of one level, or of all merged, in the order they are first named.

    Args:
        project: The project; None outside of one.
        level: Look at this level only.
    """
    layers = settings.layers_of(project)
    chosen = [settings.layer_of(project, level)] if level else layers
    found: dict[str, str] = {}
    for layer in chosen:
        for section in layer.values:
            if section[0] == "remote" and len(section) == 2 and "url" in layer.values[section]:
                url = settings.get(project, f"remote.{section[1]}.url", layer.level).value
                found[section[1]] = without_password(url)
    default = default_of(project)
    return [Listed(name, where, name == default) for name, where in found.items()]


def without_password(url: str) -> str:
    """Return an address as it may be shown: without password, and without the query of the web."""
    head, mark, rest = url.partition("://")
    if not mark:
        return url
    if head.lower() in ("http", "https", "webdav", "webdavs"):
        rest = rest.partition("?")[0]  # it may be a signature
    host, slash, path = rest.partition("/")
    return f"{head}://{host.rpartition('@')[2]}{slash}{path}"


def local_path(url: str) -> str:
    """Return the folder of a ``file://`` address, and any other one as it is."""
    if not url.lower().startswith("file://"):
        return url
    from urllib.parse import unquote

    return os.path.normpath(unquote(url[len("file://") :].removeprefix("localhost")))


def default_of(project: Project | None, level: str | None = None) -> str | None:
    """Return the default remote's name, or None."""
    chosen = [settings.layer_of(project, level)] if level else settings.layers_of(project)
    for layer in reversed(chosen):
        name = layer.values.get(_CORE, {}).get("remote")
        if name:
            return name.lower()
    return None


def add(
    project: Project | None,
    name: str,
    url: str,
    level: str | None = None,
    *,
    default: bool = False,
    force: bool = False,
) -> settings.Setting:
    """Add a remote.

    Args:
        project: The project; None outside of one.
        name: Its name, lower-cased as DVC does.
        url: Its address. A path is meant from the current directory; it is stored relative to
            the config file.
        level: Which config file; the project's if None.
        default: Make it the default remote.
        force: Replace one of this name.

    Returns:
        The url as it was written.

    Raises:
        ConfigError: It exists already, or name or url cannot be used; nothing was written.
    """
    name = _checked(name)
    layer = settings.layer_of(project, level)
    section = ("remote", name)
    if section in layer.values and not force:
        problem = ConfigError(f"remote {quoted(name)} exists already", layer.path)
        problem.hint = "nothing was written; -f replaces it, 'git dvc remote modify' changes it"
        raise problem
    if not url.strip():
        raise ConfigError(f"remote.{name}.url: expected a path or a URL")
    stored = settings.stored_path(local_path(url), layer.path)  # DVC does not know file://

    def change(text: str) -> str:
        text = configs.edit(configs.remove_section(text, section), section, "url", stored)
        return configs.edit(text, _CORE, "remote", name) if default else text

    settings.rewrite(project, [(layer, change)])
    notes = settings.notes_of(section, "url", stored, layer)
    return settings.Setting(f"remote.{name}.url", stored, layer.level, layer.path, tuple(notes))


def remove(project: Project | None, name: str, level: str | None = None) -> None:
    """Forget a remote, and that it is the default one. Its data stays where it is.

    Args:
        project: The project; None outside of one.
        name: Its name.
        level: Only in this config file; in the project's and the clone's if None.

    Raises:
        UnknownRemoteError: It is not there.
        ConfigError: What is left would not be valid; nothing was written.
    """
    section, layers = _found(project, name, level)

    def change(text: str) -> str:
        text = configs.remove_section(text, section)
        if configs.parse(text).values.get(_CORE, {}).get("remote") == section[1]:
            text = configs.edit(text, _CORE, "remote", None)
        return text

    settings.rewrite(project, _only_needed(layers, change, section))


def rename(project: Project | None, name: str, new: str, level: str | None = None) -> list[str]:
    """Give a remote another name, with all its options.

    Args:
        project: The project; None outside of one.
        name: Its name.
        new: The new one.
        level: Only in this config file; in the project's and the clone's if None.

    Returns:
        Pointer files and lock files whose outputs still name the old one.

    Raises:
        UnknownRemoteError: It is not there.
        ConfigError: The new name is taken or cannot be used; nothing was written.
    """
    new = _checked(new)
    section, layers = _found(project, name, level)
    target = ("remote", new)
    if any(target in layer.values for layer in settings.layers_of(project)):
        raise ConfigError(f"remote {quoted(new)} exists already; nothing was written")

    def change(text: str) -> str:
        text = configs.rename_section(text, section, target)
        if configs.parse(text).values.get(_CORE, {}).get("remote") == section[1]:
            text = configs.edit(text, _CORE, "remote", new)
        return text

    settings.rewrite(project, _only_needed(layers, change, section))
    if project is None:
        return []
    outs = project.tracked.outs.values()
    return sorted({item.source for item in outs if (item.out.remote or "").lower() == section[1]})


def put_default(project: Project | None, name: str | None, level: str | None = None) -> None:
    """Choose the default remote, or none.

    Raises:
        UnknownRemoteError: There is none of this name; nothing was written.
        UnsetOptionError: None is to be chosen, and that file chooses none.
    """
    if name is None:
        settings.unset(project, "core.remote", level)
        return
    _found(project, name, None, everywhere=True)
    settings.put(project, "core.remote", name.lower(), level)


def modify(
    project: Project | None, name: str, option: str, value: str | None, level: str | None = None
) -> settings.Setting:
    """Set an option of a remote, or take it out if ``value`` is None.

    Raises:
        UnknownRemoteError: There is none of this name.
        ConfigError: No such option for this kind of remote; nothing was written.
    """
    _found(project, name, None, everywhere=True)
    full = f"remote.{name.lower()}.{option}"
    if value is None:
        return settings.unset(project, full, level)
    return settings.put(project, full, value, level)


def _checked(name: str) -> str:
    low = name.strip().lower()
    if not _NAME.fullmatch(low):
        raise ConfigError(f"{name[:100]!r} cannot be the name of a remote; nothing was written")
    return low


def _found(
    project: Project | None, name: str, level: str | None, *, everywhere: bool = False
) -> tuple[configs.Section, list[Layer]]:
    """Return a remote's section and the files in question, of which one at least has it."""
    section = ("remote", name.strip().lower())
    layers = list(settings.layers_of(project))
    if level:
        layers = [settings.layer_of(project, level)]
    elif not everywhere:
        levels = ("project", "local") if project is not None else ("global",)
        layers = [layer for layer in layers if layer.level in levels]
    if not any(section in layer.values for layer in layers):
        known = [one.name for one in listing(project)]
        raise UnknownRemoteError(section[1], known)
    return section, layers


def _only_needed(
    layers: Sequence[Layer], change: Change, section: configs.Section
) -> list[tuple[Layer, Change]]:
    return [
        (layer, change)
        for layer in layers
        if section in layer.values or layer.values.get(_CORE, {}).get("remote") == section[1]
    ]
