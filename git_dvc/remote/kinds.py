"""Which kinds of remote there are, by the scheme of their address.

Each kind is a module of this package with one function, ``connect``; it is imported when such a
remote is used, and it alone imports the client library that it needs. A scheme that is in no
module goes to fsspec, whose drivers the user installs.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import NamedTuple

from git_dvc.errors import ConfigError, MissingClientError, quoted
from git_dvc.formats.config import url_scheme
from git_dvc.remote.wire import Wire


class Kind(NamedTuple):
    """How to talk to the remotes of one scheme.

    Attributes:
        module: In this package.
        extra: What installs its library, as in ``pip install 'git-dvc[ssh]'``; '' if it comes
            with git-dvc.
    """

    module: str
    extra: str = ""


KINDS: dict[str, Kind] = {
    **dict.fromkeys(("s3", "gs", "azure"), Kind("obstores")),
    "ssh": Kind("ssh", "ssh"),
    "http": Kind("http"),
    "https": Kind("http"),
    "webdav": Kind("webdav"),
    "webdavs": Kind("webdav"),
    "gdrive": Kind("fsspecs", "gdrive"),
    "oss": Kind("fsspecs", "oss"),
    "hdfs": Kind("fsspecs", "hdfs"),
    "webhdfs": Kind("fsspecs", "webhdfs"),
}
"""By scheme."""


def connect(url: str, options: Mapping[str, str], name: str = "") -> Wire:
    """Return a client for the server of an address; nobody is asked anything yet.

    Args:
        url: The address, with its scheme.
        options: The remote's options, as in the config; those that are paths are absolute.
        name: The remote's name, for messages.

    Raises:
        MissingClientError: The library for this scheme is not installed.
        ConfigError: An option cannot be used.
    """
    scheme = url_scheme(url)
    kind = KINDS.get(scheme, Kind("fsspecs"))
    try:
        module = import_module(f"git_dvc.remote.{kind.module}")
        wire: Wire = module.connect(url, options)
    except ConfigError as problem:
        at = f"remote '{quoted(name)}': " if name else ""
        error = ConfigError(at + problem.what)
        error.hint = problem.hint
        raise error from None
    except ModuleNotFoundError as problem:
        library = problem.name or ""
        if library == f"git_dvc.remote.{kind.module}":
            library = ""  # this release does not come with it
        elif library.startswith("git_dvc"):
            raise
        raise MissingClientError(name or url, scheme, library, kind.extra) from None
    return wire
