"""Data outside of the project: from what the user typed to an origin, and bringing its files.

An address is a path, a URL, or ``remote://NAME/PATH``, a path below one of the project's remotes,
with that remote's options.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from git_dvc import relpaths
from git_dvc.errors import CannotImportError, ConfigError, FormatError, UsageError, quoted
from git_dvc.formats import config as configs
from git_dvc.formats.options import REMOTE_OPTIONS
from git_dvc.ops import moved_remotes, remotes
from git_dvc.ops.remote import local_path, without_password
from git_dvc.project import Project
from git_dvc.remote import origin as origins
from git_dvc.remote.origin import LocalOrigin, Origin, Tree

_THROUGH_REMOTE = "remote"
_GIVEN = "given"


def origin(
    address: str,
    options: Mapping[str, str] | None = None,
    *,
    project: Project | None = None,
    base: str = "",
) -> Origin:
    """Return the origin at an address; nobody is asked anything yet.

    Args:
        address: A path, a URL, or ``remote://NAME/PATH``.
        options: For the server, as those of a remote; before the remote's own.
        project: Whose remotes may be named.
        base: Where relative paths start; the current directory if ''.

    Raises:
        UnknownRemoteError: There is no such remote.
        MissingClientError: The library for this scheme is not installed.
        ConfigError: An option cannot be used.
    """
    given = {name.lower(): value for name, value in (options or {}).items()}
    url = address
    scheme = configs.url_scheme(address)
    if scheme == _THROUGH_REMOTE:
        name, _, rest = address[len("remote://") :].partition("/")
        if project is None:
            raise UsageError(f"{quoted(address)} names a remote, and there is no project here")
        found = remotes.about(project, name)
        if found.scheme:
            moved_remotes.check(project, found.name, found.url)
        given = {**found.options, **given}
        given.pop("url", None)
        url = f"{found.url.rstrip('/')}/{rest}" if rest else found.url
        scheme = found.scheme
    if scheme in ("", "file"):
        path = local_path(url)
        if not base or url is not address:  # a '~' in a pointer file is nobody's home
            path = os.path.expanduser(path)
        return LocalOrigin(os.path.normpath(os.path.join(base or os.getcwd(), path)), address)
    given = _checked(scheme, url, given)
    return origins.connect(url, given, shown(address))


def shown(address: str) -> str:
    """Return an address without its password and its query, which may be a secret, too."""
    found = without_password(address)
    return found.partition("?")[0] if configs.url_scheme(found) in ("http", "https") else found


def _checked(scheme: str, url: str, given: Mapping[str, str]) -> dict[str, str]:
    """Return options in their normal spelling.

    Raises:
        ConfigError: There is no such option, or it cannot have this value.
    """
    checked = {}
    for option, value in given.items():
        try:
            checked[option] = configs.validate(("remote", _GIVEN), option, value)
        except ConfigError as problem:
            raise ConfigError(problem.what.removeprefix(f"remote.{_GIVEN}.")) from None
    if scheme in REMOTE_OPTIONS:
        for line in configs.check_remote(_GIVEN, {**checked, "url": url}):
            raise ConfigError(line.removeprefix(f"remote.{_GIVEN}."))
    return checked


def name_of(address: str) -> str:
    """Return the last part of an address: what its data is called here.

    Raises:
        UsageError: It has none.
    """
    scheme = configs.url_scheme(address)
    path = address
    if scheme:
        from urllib.parse import urlsplit

        path = urlsplit(address).path
    name = os.path.basename(os.path.normpath(path)) if path else ""
    if name in ("", ".", "..", os.sep):
        raise UsageError(f"{quoted(shown(address))} has no name: say where it is to go")
    return name


def landing_place(address: str, out: str | None) -> str:
    """Return where the data of an address goes: ``out``, or into it if that is a directory."""
    if not out:
        return name_of(address)
    if os.path.isdir(out) or out.endswith(os.sep):
        return os.path.join(out, name_of(address))
    return out


def check_names(where: str, tree: Tree) -> None:
    """Refuse a server's files whose names could leave their directory (S2).

    Raises:
        CannotImportError: A name is unsafe, or is both a file and a directory.
    """
    if not tree.is_dir:
        return
    try:
        relpaths.check_all([file.path for file in tree.files])
    except FormatError as problem:
        raise CannotImportError(f"{quoted(where)} cannot be brought: {problem.what}") from None
