"""A commit that moves a remote to another server does not take this clone's password along.

Where a remote is stands in a committed file; your password for it in one of your own. So the
server that it first went to is noted in Git's own directory, and nobody else gets it until you say
so. (SSH has its ``known_hosts``, the clouds sign; this is for what is sent as it is: HTTP, WebDAV.)
"""

from __future__ import annotations

import os
import re

from git_dvc.errors import RemoteError
from git_dvc.formats import config as configs
from git_dvc.ops.remote import without_password
from git_dvc.project import Project

_SCHEMES = ("http", "https", "webdav", "webdavs")
_ADDRESS = re.compile(r"(?:https?|webdavs?)://(?:[^/\\?#]*@)?([^/\\?#]*)", re.IGNORECASE)


def check(project: Project, name: str, url: str) -> None:
    """Make sure that a remote is where it was when its password was first used.

    Args:
        project: The project.
        name: The remote's name.
        url: Its address, from all levels of the config.

    Raises:
        RemoteError: It is elsewhere, by a file that others write; nothing was sent.
    """
    if project.repo is None or configs.url_scheme(url) not in _SCHEMES:
        return
    levels: dict[str, str] = {}
    for layer in project.config.layers:
        levels.update(dict.fromkeys(layer.values.get(("remote", name), {}), layer.level))
    secret = configs.SECRET_OPTIONS | configs.COMMAND_OPTIONS
    if levels.get("url") != "project" or not any(
        option in secret and level != "project" for option, level in levels.items()
    ):
        return
    here = _server(url)
    noted = os.path.join(project.repo.common_dir, "dvc", "remotes", "servers")
    known = _noted(noted).get(name)
    if known is None:
        try:
            os.makedirs(os.path.dirname(noted), exist_ok=True)
            with open(noted, "a", encoding="utf-8") as stream:
                stream.write(f"{here} {name}\n")
        except OSError:
            pass  # nobody can write here, so nobody pulls a commit here either
    elif known != here:
        shown = without_password(url)
        raise RemoteError(
            name,
            shown,
            f"the project's config has moved it from {known} to {here}; "
            "your password for it was not sent there",
            hint=f"if that is right: 'git dvc remote modify --local {name} url {shown}'",
        )


def _server(url: str) -> str:
    """Return the server of an address, in one spelling."""
    found = _ADDRESS.match(url)
    host = found[1].lower() if found else ""
    is_safe = configs.url_scheme(url) in ("https", "webdavs")
    return f"{'https' if is_safe else 'http'}://" + host.removesuffix(":443" if is_safe else ":80")


def _noted(path: str) -> dict[str, str]:
    """Return the servers by name of remote."""
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            lines = stream.read().splitlines()
    except OSError:
        return {}
    pairs = (line.partition(" ") for line in lines)
    return {name: server for server, mark, name in pairs if mark}
