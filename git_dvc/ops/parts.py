"""The projects inside a repository that is only read: what they track, and where objects are.

A ``Part`` is a ``Project`` that stands on a view (``views.py``) instead of a work tree. Its config
is that of the repository, merged with the user's own. Neither gets into the other's way: what
would run something here is never taken from a repository that is only read, and a password for
a remote of the user's is not for some other place that a stranger gave the same name.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from git_dvc import hashing, relpaths
from git_dvc.errors import ConfigError, MirrorError, RemoteError
from git_dvc.formats import config as configs
from git_dvc.formats.manifest import Manifest
from git_dvc.ops import remotes
from git_dvc.ops.views import CONFIG, View, WorkView
from git_dvc.project import Config, Layer, Listing, Project, config_paths, read_layer
from git_dvc.remote.base import Remote
from git_dvc.store.cache import Cache
from git_dvc.tracked import TrackedOut

MD5 = hashing.MD5.name
_UNSAFE_OPTIONS = frozenset(("bearer_token_command",))
"""Options that run something: never taken from a repository that is only read."""


class Part(Project):
    """A project in a source: what it tracks, and where its objects are. Nothing is written.

    Args:
        view: The files of the repository.
        root: Top of the repository if it is on this machine, else ''.
        where: Its address, as it may be shown.
        prefix: Its place there.
        listing: Its pointer, lock and ignore files.
        is_project: Whether it is a project; else the top of a plain Git repository.
        tip: Returns the newest version of the repository, if an old one is read.
    """

    def __init__(
        self,
        view: View,
        root: str,
        where: str,
        prefix: str,
        listing: Listing,
        *,
        is_project: bool,
        tip: Callable[[], View] | None = None,
    ) -> None:
        # A Project that stands on a view: what a work tree would have is left out.
        self.prefix = prefix
        self.is_project = is_project
        self.repo = None
        self.root = os.path.join(root, *prefix.split("/")) if root else where
        self.main_root = self.root
        self._is_here = bool(root)
        self._tip = tip
        self._view = view
        self._listing = listing
        self._tracked = None
        self._ignore = None
        self._caches: dict[str, Cache] = {}
        self._remotes: dict[str, Remote] = {}
        self._folders: dict[str, dict[str, TrackedOut | None]] | None = None
        mark = hashing.of_bytes(f"{where}#{prefix}".encode())[:16]
        self._tmp = os.path.join(cache_home(), "sources", mark)
        self.config = Config(self._layers())

    @property
    def tmp_dir(self) -> str:
        """A directory of the user's, never one of the source."""
        return self._tmp

    def close(self) -> None:
        """Hang up."""
        for remote in self._remotes.values():
            remote.close()

    def _layers(self) -> list[Layer]:
        place = os.path.join(self.root, ".dvc", "config")
        own = parsed_layer(self._view.read(relpaths.join(self.prefix, CONFIG)), place)
        layers = [read_layer(level, path) for level, path in config_paths(None)]
        if not self._is_here:
            layers = [without_strangers(layer, own) for layer in layers]
        layers.append(own)
        if self._tip is not None and self.is_project and not Config(layers).get("core", "remote"):
            layers += self._since(self._tip, place)
        if self._is_here and self.is_project and not isinstance(self._view, WorkView):
            # What was added since, and this machine's own options, count for old revisions, too.
            layers.append(safe(read_layer("project", place)))
        if self._is_here:
            layers.append(read_layer("local", f"{place}.local"))
        return layers

    def _since(self, tip: Callable[[], View], place: str) -> list[Layer]:
        """Return the newest config: a remote that was added since has what was pushed since.

        Of old revisions, too. Who is offline goes on without.
        """
        try:
            return [parsed_layer(tip().read(relpaths.join(self.prefix, CONFIG)), place)]
        except MirrorError:
            return []

    def inner(self, path: str) -> str:
        """Return a path of the source relative to this project."""
        return path[len(self.prefix) + 1 :] if self.prefix else path

    def read(self, relpath: str) -> bytes | None:
        """Return a small file of the view."""
        return self._view.read(relpaths.join(self.prefix, relpath))

    def ignores(self, relpath: str, *, is_dir: bool) -> bool:
        """Return whether ``.dvcignore`` hides a path."""
        if self.ignore.is_plain or not relpath:
            return False
        return self.ignore.match_dir(relpath) if is_dir else self.ignore.match_file(relpath)

    def below(self, folder: str) -> Iterator[tuple[str, TrackedOut | None]]:
        """Yield the outputs in a directory by name; None for directories with some in them."""
        if self._folders is None:
            self._folders = {}
            for path, out in self.tracked.outs.items():
                parent, _, name = path.rpartition("/")
                self._folders.setdefault(parent, {})[name] = out
                while parent:
                    parent, _, name = parent.rpartition("/")
                    self._folders.setdefault(parent, {}).setdefault(name, None)
        return iter(self._folders.get(folder, {}).items())

    # -- objects ------------------------------------------------------------------------------

    def cache(self, name: str = MD5) -> Cache:
        """Return the cache of one hash algorithm; nothing in it is touched."""
        if name not in self._caches:
            self._caches[name] = ReadOnlyCache(self.cache_root, hashing.ALGORITHMS[name])
        return self._caches[name]

    def cached(self, name: str, value: str) -> str | None:
        """Return where an object is in the cache, or None."""
        cache = self.cache(name)
        return cache.path(value) if cache.has(value) else None

    def _remote_name(self, out: TrackedOut | None) -> str | None:
        if out is not None and out.out.remote:
            return out.out.remote.lower()
        return remotes.default(self)

    def has_remote(self, out: TrackedOut | None) -> bool:
        """Return whether there is a remote for an output."""
        return self._remote_name(out) is not None

    def remotes_for(self, out: TrackedOut | None) -> Iterator[Remote]:
        """Yield the remotes that should have an output, ready to be used.

        Raises:
            RemoteError: One cannot be used.
        """
        name = self._remote_name(out)
        if name is None:
            return
        if name not in self._remotes:
            self._refuse_relative(name)
            self._remotes[name] = remotes.opened(self, name)
        yield self._remotes[name]

    def _refuse_relative(self, name: str) -> None:
        """Refuse a remote that is a folder beside a repository on another machine."""
        if self._is_here:
            return
        for layer in reversed(self.config.layers):
            url = layer.values.get(("remote", name), {}).get("url")
            if url is None:
                continue
            if layer.level == "project" and not configs.url_scheme(url) and not os.path.isabs(url):
                raise RemoteError(
                    name,
                    url,
                    "it is a folder beside the original repository, out of reach from here",
                    hint="name another place for its data with --remote-config url=...",
                )
            return

    def location(self, out: TrackedOut, name: str, value: str) -> str:
        """Return where an object is stored."""
        chosen = self._remote_name(out)
        folder = hashing.ALGORITHMS[name].folder
        if chosen is None:
            if not os.path.isdir(self.cache_root):
                raise remotes.no_default(self)
            return self.cache(name).path(value)
        base = remotes.about(self, chosen).where.rstrip("/")
        return "/".join(filter(None, (base, folder, value[:2], value[2:])))


class ReadOnlyCache(Cache):
    """A cache of somebody else: damaged objects are not used, and stay where they are."""

    def quarantine(self, value: str) -> str:
        """Leave a damaged object as it is."""
        return self.path(value)


class Inside:
    """What is in a directory that is data, by folder."""

    def __init__(self, listing: Manifest) -> None:
        self.listing = listing
        self._folders: dict[str, dict[str, str | None]] = {"": {}}
        for path, value in listing.items():
            parent, _, name = path.rpartition("/")
            self._made(parent)[name] = value

    def _made(self, folder: str) -> dict[str, str | None]:
        known = self._folders.get(folder)
        if known is None:
            known = self._folders[folder] = {}
            parent, _, name = folder.rpartition("/")
            self._made(parent)[name] = None
        return known

    def has_folder(self, inner: str) -> bool:
        """Return whether there is such a directory."""
        return inner in self._folders

    def members(self, inner: str) -> Iterator[tuple[str, str | None]]:
        """Yield name and hash of what is in a directory; None for directories."""
        return iter(self._folders.get(inner, {}).items())


def cache_home() -> str:
    """Return the directory where git-dvc keeps what it has of other repositories."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):
        base = os.path.expanduser("~/.cache")
    return os.path.join(base, "git-dvc")


def parsed_layer(data: bytes | None, place: str) -> Layer:
    try:
        parsed = configs.parse((data or b"").decode("utf-8"), place)
    except UnicodeDecodeError:
        raise ConfigError("not valid UTF-8", place) from None
    return safe(Layer("project", place, parsed.values, parsed.problems))


def safe(layer: Layer) -> Layer:
    """Return a config of the source without the options that would run something here."""
    values = {
        section: {name: text for name, text in options.items() if name not in _UNSAFE_OPTIONS}
        for section, options in layer.values.items()
    }
    return layer._replace(values=values)


def without_strangers(layer: Layer, theirs: Layer) -> Layer:
    """Return a config of the user's without remotes of the same name that are others.

    Options of the user's remote 'store', a password among them, are not for every repository
    that calls some place of its own 'store'.
    """
    values = {
        section: options
        for section, options in layer.values.items()
        if section[0] != "remote"
        or "url" not in options
        or theirs.values.get(section, {}).get("url") in (None, options["url"])
    }
    return layer._replace(values=values)


def without_unsafe(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options, or sections of them, without those that would run something here."""
    return {
        name: without_unsafe(value) if isinstance(value, Mapping) else value
        for name, value in options.items()
        if name not in _UNSAFE_OPTIONS
    }


def given_layer(config: str | Mapping[str, Any] | None) -> list[Layer]:
    """Return a config that the user gave for a source."""
    if not config:
        return []
    if isinstance(config, str):
        path = os.path.abspath(config)
        if not os.path.isfile(path):
            raise ConfigError("no such file", config)
        return [read_layer("local", path)]
    values: configs.Values = {}
    for section, options in config.items():
        if section == "remote":
            for name, own in options.items():
                values[("remote", name.lower())] = {key: str(text) for key, text in own.items()}
        else:
            values[(section,)] = {key: str(text) for key, text in options.items()}
    return [Layer("local", os.path.join(os.getcwd(), "config"), values, ())]


def chosen_layer(remote: str | None) -> list[Layer]:
    if not remote:
        return []
    values: configs.Values = {("core",): {"remote": remote}}
    return [Layer("local", os.path.join(os.getcwd(), "config"), values, ())]
