"""Every other kind of server, through the fsspec driver that the user has for it.

Google Drive, Aliyun OSS, HDFS and WebHDFS are DVC's own kinds, with DVC's options; any other
scheme (``ftp``, ``smb``, ``hf``, ...) goes to whatever fsspec knows under this name. That is slower
than a client of our own, and as safe: a file is written under a temporary name and moved.
"""

from __future__ import annotations

import os
import re
from _thread import RLock
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

import fsspec  # type: ignore[import-untyped]
from fsspec.asyn import AsyncFileSystem  # type: ignore[import-untyped]
from fsspec.registry import known_implementations  # type: ignore[import-untyped]

from git_dvc.errors import ConfigError, MissingClientError, quoted
from git_dvc.formats.config import SECRET_OPTIONS, as_bool, url_scheme
from git_dvc.remote import secrets
from git_dvc.remote.wire import (
    TEMPORARY,
    AbsentError,
    Found,
    RefusedError,
    UnsteadyError,
    WireError,
)

_TIMEOUT_S = 60
_PIECE_BYTES = 1024 * 1024
_FULL = (28, 122)  # ENOSPC, EDQUOT
_SHAREABLE = ("gdrive", "hdfs", "memory", "webhdfs")
"""Drivers that several threads may use, beside those that are asynchronous inside."""

Options = Mapping[str, str]


class _Driver(NamedTuple):
    """A file system of fsspec, and where in it the remote is."""

    files: Any
    root: str


def connect(url: str, options: Options) -> FsspecWire:
    """Return a client for a server; see ``kinds.connect``."""
    scheme = url_scheme(url)
    make = _KNOWN.get(scheme, _any)
    try:
        driver = make(url, options)
    except ImportError as problem:
        if scheme in _KNOWN and isinstance(problem, ModuleNotFoundError):
            raise  # 'kinds' knows what to install
        raise _missing(url, scheme, problem) from None
    except (ConfigError, WireError):
        raise
    except Exception as problem:
        raise ConfigError(_redacted(f"{scheme}://: {problem}", options)) from None
    return FsspecWire(driver, url, options)


def _missing(url: str, scheme: str, problem: ImportError) -> MissingClientError:
    """Return the error for a driver that is not there, in fsspec's words."""
    cause: BaseException | None = problem
    while cause is not None and not isinstance(cause, ModuleNotFoundError):
        cause = cause.__cause__ or cause.__context__
    library = problem.name if cause is None else cause.name
    error = MissingClientError(_shown(url), scheme, f"{scheme}fs" if library is None else library)
    words = known_implementations.get(scheme, {}).get("err")
    error.hint = f"fsspec says: {words}" if words else error.hint
    return error


def _shown(url: str) -> str:
    """Return an address without its password."""
    head, _, rest = url.partition("://")
    place, slash, path = rest.partition("/")
    return f"{head}://{place.rpartition('@')[2]}{slash}{path}"


# -- DVC's options, for each driver -----------------------------------------------------------


def _gdrive(url: str, options: Options) -> _Driver:
    from pydrive2.fs import GDriveFileSystem

    root = url.partition("://")[2].rstrip("/")
    service = _flag(options, "gdrive_use_service_account")
    file = "service_account_json_file_path" if service else "user_credentials_file"
    credentials = os.environ.get("GDRIVE_CREDENTIALS_DATA")
    account, secret = options.get("gdrive_client_id"), options.get("gdrive_client_secret")
    if service and not (options.get(f"gdrive_{file}") or credentials):
        raise ConfigError("gdrive_use_service_account needs gdrive_service_account_json_file_path")
    if not service and not (account and secret):
        error = ConfigError("gdrive_client_id and gdrive_client_secret are to be set")
        error.hint = "make them in Google Cloud's console: Google lets in no client without"
        raise error
    files = GDriveFileSystem(
        root,
        client_id=account,
        client_secret=secret,
        use_service_account=service,
        client_user_email=options.get("gdrive_service_account_user_email"),
        client_json_file_path=options.get(f"gdrive_{file}"),
        client_json=credentials,
        profile=options.get("profile"),
        trash_only=_flag(options, "gdrive_trash_only"),
        acknowledge_abuse=_flag(options, "gdrive_acknowledge_abuse"),
    )
    return _Driver(files, root)


def _oss(url: str, options: Options) -> _Driver:
    from ossfs import OSSFileSystem

    files = OSSFileSystem(
        key=options.get("oss_key_id") or os.environ.get("OSS_ACCESS_KEY_ID"),
        secret=options.get("oss_key_secret") or os.environ.get("OSS_ACCESS_KEY_SECRET"),
        endpoint=options.get("oss_endpoint") or os.environ.get("OSS_ENDPOINT"),
        use_listings_cache=False,
        skip_instance_cache=True,
    )
    return _Driver(files, url.partition("://")[2].rstrip("/"))


def _hdfs(url: str, options: Options) -> _Driver:
    from fsspec.implementations.arrow import HadoopFileSystem  # type: ignore[import-untyped]

    found = HadoopFileSystem._get_kwargs_from_urls(url)
    for option in ("user", "kerb_ticket"):
        if options.get(option):
            found[option] = options[option]
    if options.get("replication"):
        found["replication"] = int(options["replication"])
    return _Driver(HadoopFileSystem(**found, skip_instance_cache=True), _path_of(url))


def _webhdfs(url: str, options: Options) -> _Driver:
    from fsspec.implementations.webhdfs import WebHDFS  # type: ignore[import-untyped]

    found: dict[str, Any] = dict(WebHDFS._get_kwargs_from_urls(url))
    found.update({name: options[name] for name in ("user", "token", "proxy_to") if name in options})
    server = f"{found.get('host', '')}:{found.get('port', 50070)}"
    password = secrets.password(options, f"host '{server}'")
    if password is not None:
        found["password"] = password
    https = _flag(options, "use_https")
    if options.get("kerberos_principal"):
        found["kerb_kwargs"] = {"principal": options["kerberos_principal"]}
    if options.get("data_proxy_target"):
        source = f"{'https' if https else 'http'}://{server}/webhdfs/v1"
        found["data_proxy"] = {source: options["data_proxy_target"]}
    kerberos = _flag(options, "kerberos")
    try:
        files = WebHDFS(**found, kerberos=kerberos, use_https=https, skip_instance_cache=True)
    except ModuleNotFoundError as problem:
        if not kerberos:
            raise
        error = ConfigError(f"kerberos needs the Python package '{problem.name}'")
        error.hint = "install it: pip install requests-kerberos"
        raise error from None
    verify = options.get("ssl_verify", "true")
    files.session.request = partial(files.session.request, timeout=_TIMEOUT_S)
    files.session.verify = as_bool(verify) if verify.lower() in ("true", "false") else verify
    return _Driver(files, _path_of(url))


def _any(url: str, options: Options) -> _Driver:
    scheme = url_scheme(url)
    try:
        fsspec.get_filesystem_class(scheme)
    except ValueError:
        raise ModuleNotFoundError(scheme, name="") from None
    files, root = fsspec.url_to_fs(url, use_listings_cache=False, skip_instance_cache=True)
    return _Driver(files, root)


_KNOWN: dict[str, Callable[[str, Options], _Driver]] = {
    "gdrive": _gdrive,
    "oss": _oss,
    "hdfs": _hdfs,
    "webhdfs": _webhdfs,
}


def _flag(options: Options, name: str) -> bool:
    return as_bool(options.get(name) or "false")


def _path_of(url: str) -> str:
    return "/" + url.partition("://")[2].partition("/")[2].strip("/")


# -- the wire ---------------------------------------------------------------------------------


class FsspecWire:
    """Files of a driver; see ``Wire`` for its methods.

    Args:
        driver: Which.
        url: The address.
        options: The remote's options.
    """

    can_list = True
    deletes = 1

    def __init__(self, driver: _Driver, url: str, options: Options) -> None:
        self._files, self._root = driver.files, driver.root.rstrip("/")
        self.where = _shown(url)
        self._options = options
        is_shareable = url_scheme(url) in _SHAREABLE or isinstance(driver.files, AsyncFileSystem)
        self.jobs = 8 if is_shareable else 1
        self._lock = None if is_shareable else RLock()
        self._made: set[str] = set()

    def _path(self, key: str) -> str:
        return f"{self._root}/{key}" if key else self._root or "/"

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say in a wire's words what goes wrong inside; one at a time if the driver needs it."""
        if self._lock is not None:
            self._lock.acquire()
        try:
            yield
        except WireError:
            raise
        except (FileNotFoundError, NotADirectoryError):
            raise AbsentError("no such file") from None
        except PermissionError as problem:
            raise RefusedError(self._words("permission denied", problem)) from None
        except (ValueError, NotImplementedError) as problem:
            raise RefusedError(self._words("the driver failed", problem)) from None
        except OSError as problem:
            if problem.errno in _FULL:
                raise RefusedError("the server's disk is full") from None
            raise UnsteadyError(self._words("the server failed", problem)) from None
        except Exception as problem:  # each driver has its own
            raise UnsteadyError(self._words("the server failed", problem)) from None
        finally:
            if self._lock is not None:
                self._lock.release()

    def _words(self, what: str, problem: Exception) -> str:
        lines = str(problem).splitlines() or [type(problem).__name__]
        return f"{what}: {_redacted(lines[0], self._options)}"

    def reach(self) -> None:
        """Make sure that the server answers and lets us in."""
        try:
            with self._told():
                self._files.info(self._path(""))
        except AbsentError:
            return  # it is made when something is written

    def look(self, key: str) -> Found:
        """Return what is known of one file."""
        with self._told():
            found = self._files.info(self._path(key))
        if found.get("type") != "file":
            raise AbsentError(f"not a file: {quoted(key)}")
        return _found(key, found)

    def listing(self, prefix: str) -> Iterator[Found]:
        """Yield all files whose key begins with ``prefix``."""
        top = self._path(prefix).rstrip("/")
        head = self._path("").rstrip("/") + "/"
        todo = [top]
        while todo:
            folder = todo.pop()
            try:
                with self._told():
                    self._files.invalidate_cache()
                    entries = self._files.ls(folder or "/", detail=True)
            except AbsentError:
                continue
            for found in entries:
                name = str(self._files._strip_protocol(found["name"]))
                if not name.startswith(head) and f"/{name}".startswith(head):
                    name = f"/{name}"
                key = name.removeprefix(head)
                if not name.startswith(head) or name.rstrip("/") == folder or _is_odd(key):
                    continue
                if found.get("islink") or found.get("type") not in ("file", "directory"):
                    continue
                if found["type"] == "directory":
                    todo.append(name.rstrip("/"))
                else:
                    yield _found(key, found)

    def read(self, key: str, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Yield the bytes of a file from an offset on."""
        with self._told():
            size = int(self._files.info(self._path(key))["size"])
            end = size if length is None else min(size, offset + length)
            if offset >= end:
                return
            stream = self._files.open(self._path(key), "rb")
        try:
            while offset < end:
                with self._told():
                    stream.seek(offset)
                    piece = bytes(stream.read(min(_PIECE_BYTES, end - offset)))
                if not piece:
                    raise UnsteadyError("the server sent less than there is")
                yield piece
                offset += len(piece)
        finally:
            with self._told():
                stream.close()

    def write(self, key: str, pieces: Iterable[bytes], size_bytes: int) -> None:
        """Give a key this content, under a temporary name first."""
        temporary = self._path(TEMPORARY + os.urandom(12).hex())
        path = self._path(key)
        for folder in {os.path.dirname(temporary), os.path.dirname(path)} - self._made:
            with self._told():
                self._files.makedirs(folder, exist_ok=True)
            self._made.add(folder)
        try:
            with self._told():
                stream = self._files.open(temporary, "wb")
            try:
                for piece in pieces:
                    with self._told():
                        stream.write(piece)
            finally:
                with self._told():
                    stream.close()
            with self._told():
                if self._files.exists(path):
                    self._files.rm_file(path)
                self._files.mv(temporary, path)
                # Some drivers (WebHDFS) say nothing if it did not work.
                if int(self._files.info(path)["size"]) != size_bytes:
                    raise UnsteadyError("the server did not keep what it was sent")
        except BaseException:
            self._made.clear()
            try:
                with self._told():
                    self._files.rm_file(temporary)
            except WireError:
                pass  # it has no name of an object
            raise

    def delete(self, *keys: str) -> None:
        """Take files away; that there is none is no error."""
        for key in keys:
            try:
                with self._told():
                    self._files.rm_file(self._path(key))
            except AbsentError:
                continue

    def close(self) -> None:
        """Hang up: drivers do so by themselves."""


def _found(key: str, found: Mapping[str, Any]) -> Found:
    size, written = found.get("size"), None
    for name in ("mtime", "LastModified", "last_modified", "modified", "modificationTime"):
        value = found.get(name)
        if hasattr(value, "timestamp"):
            written = float(value.timestamp())  # type: ignore[union-attr]
        elif isinstance(value, (int, float)):
            written = value / 1000 if name == "modificationTime" else float(value)
        if written is not None:
            break
    etag = found.get("ETag") or found.get("etag") or ""
    return Found(key, None if size is None else int(size), written, str(etag).strip('"'))


def _is_odd(key: str) -> bool:
    """Return whether a server named a file in a way that leads somewhere else."""
    return any(part in ("", ".", "..") for part in key.rstrip("/").split("/"))


def _redacted(text: str, options: Options) -> str:
    for option in SECRET_OPTIONS:
        secret = re.escape(options.get(option) or "")
        if secret:
            # A short one is a part of many words.
            text = re.sub(secret if len(secret) > 3 else rf"\b{secret}\b", "***", text)
    return text[:300]
