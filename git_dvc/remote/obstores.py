"""Object stores: ``s3://``, ``gs://`` and ``azure://``, by the native client ``obstore``.

What each needs to log in comes from DVC's options, then from where its own tools look:

* S3: the environment (``AWS_*``), a profile of ``~/.aws`` (``aws.py``), web identity, container and
  machine roles.
* GCS: ``GOOGLE_APPLICATION_CREDENTIALS``, what ``gcloud auth application-default login`` left, the
  machine's account.
* Azure: a connection string, key or SAS token (``AZURE_STORAGE_*``, ``~/.azure/config``), a service
  principal, ``az login``, the machine's identity.

One write is one request, or for a large file a multipart upload, which the store puts together at
the end; if the stream of its bytes fails, the upload is given up and its parts are removed. One of
a very large file to S3 goes on where it ended (``s3parts.py``), where we know the credentials.
Small calls from a few threads cost less of the processor than one event loop (measured).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import cache, partial
from threading import Lock, Semaphore
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import obstore
from obstore import exceptions

from git_dvc import parallel
from git_dvc.errors import ConfigError, quoted
from git_dvc.formats.config import url_scheme
from git_dvc.remote import aws, elements
from git_dvc.remote.crew import ahead
from git_dvc.remote.wire import AbsentError, Found, RefusedError, UnsteadyError, Wire, WireError

if TYPE_CHECKING:
    from git_dvc.remote.s3parts import Parts

JOBS = 16
DELETES = {"s3": 1000, "azure": 256, "gs": 1}
"""How many files one request takes away, as each of these services documents."""
SINGLE_BYTES = 6 * 1024**2
"""Up to this size a file is written with one request; S3 takes no parts below 5 MiB."""
RESUMED_BYTES = 48 * 1024**2
"""From this size on the upload of a file is worth going on with, where that can be done."""
MOST_PARTS = 9_000
PARTS_AT_ONCE = 3
LARGE_AT_ONCE = 3
"""How many files of more than a megabyte are written at once: what bounds the memory."""
SMALL_BYTES = 1024**2
PIECE_BYTES = 1024**2
WIDE_BYTES = 48 * 1024**2
"""From this size on a file is fetched by several ranges at once."""
RANGE_BYTES = 8 * 1024**2
RANGES_AT_ONCE = 4
WIDE_AT_ONCE = 1
"""How many files are fetched so at once; many files together fill the line anyway."""
PAGE = 1000

CONNECT_TIMEOUT_S = 10
READ_TIMEOUT_S = 60
_RIGHTS = ("acl", "grant_read", "grant_read_acp", "grant_write_acp", "grant_full_control")
"""Options of S3 for the rights of each object, which the client cannot send."""
_UNSTEADY = (408, 425, 429, 500, 502, 503, 504, 509)
_UNSTEADY_CODES = ("RequestTimeout", "SlowDown", "InternalError", "ServerBusy", "OperationTimedOut")
_EXPIRED = ("ExpiredToken", "TokenRefreshRequired", "ExpiredTokenException")
_NO_BUCKET = ("NoSuchBucket", "ContainerNotFound")
_UNKNOWN_KEY = ("InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "AuthFailure")

_MACHINE = ("//169.254.169.254/", "//metadata.google.internal/", "//[fd00:ec2::254]/")
"""Where a machine in a cloud learns its credentials: asked if nothing else has any."""


class Login(NamedTuple):
    """How to make the client of one store.

    Attributes:
        kind: ``S3Store``, ``GCSStore`` or ``AzureStore``.
        config: Its settings, as ``obstore`` names them.
        client: Settings of HTTP.
        credentials: Returns credentials; None to let the client find them.
        unwritable: The option that keeps us from writing; '' if none does.
        parts: Makes what sends very large files, for a folder; None if the client does that, too.
    """

    kind: str
    config: dict[str, Any]
    client: dict[str, Any]
    credentials: Callable[[], dict[str, Any]] | None = None
    unwritable: str = ""
    parts: Callable[[str], Parts] | None = None


_used_by = 0
"""The process that the client's threads are in; a fork of it has none."""


def connect(url: str, options: Mapping[str, str]) -> Wire:
    """Return a client; see ``kinds.connect``."""
    scheme = url_scheme(url)
    bucket, _, path = url[len(scheme) + 3 :].partition("/")
    bucket = bucket.rpartition("@")[2]
    if not bucket:
        raise ConfigError(f"{quoted(url)}: names no bucket")
    make = {"s3": _s3, "gs": _gs, "azure": _azure}[scheme]
    if _used_by not in (0, os.getpid()):
        from git_dvc.remote.far import FarWire

        return FarWire(url, options, f"{scheme}://{bucket}/{path}".rstrip("/"))
    return ObjectStoreWire(scheme, bucket, path.strip("/"), lambda: make(bucket, options))


class ObjectStoreWire:
    """A bucket, or a folder in it; see ``Wire`` for its methods.

    Args:
        scheme: ``s3``, ``gs`` or ``azure``.
        bucket: Its name.
        path: Of the folder; '' for all of the bucket.
        login: Says how to log in; called once, when the store is first used.
    """

    can_list = True
    jobs = JOBS

    def __init__(self, scheme: str, bucket: str, path: str, login: Callable[[], Login]) -> None:
        self.where = f"{scheme}://{bucket}/{path}".rstrip("/")
        self.deletes = DELETES[scheme]
        self._bucket = bucket
        self._path = path
        self._login = login
        self._lock = Lock()
        self._stores: tuple[Any, Any] | None = None
        self._unwritable = ""
        self._parts: Callable[[str], Parts] | None = None
        self._large = Semaphore(LARGE_AT_ONCE)
        self._wide = Semaphore(WIDE_AT_ONCE)

    @property
    def _store(self) -> Any:
        """The client for one try at a time."""
        return self._made()[0]

    @property
    def _patient(self) -> Any:
        """The client that tries a part again by itself: one of a thousand must not end all."""
        return self._made()[1]

    def _made(self) -> tuple[Any, Any]:
        global _used_by
        with self._lock:
            if self._stores is None:
                parallel.stay_in_one_process()
                _used_by = os.getpid()
                login = self._login()
                self._stores = self._make(login, 0), self._make(login, 6)
                self._unwritable = login.unwritable
                self._parts = login.parts and cache(login.parts)
            return self._stores

    def _make(self, login: Login, retries: int) -> Any:
        from obstore import store

        more = {"credential_provider": login.credentials} if login.credentials else {}
        try:
            return getattr(store, login.kind)(
                self._bucket,
                prefix=self._path or None,
                config=login.config,
                client_options=login.client,
                retry_config={"max_retries": retries, "retry_timeout": timedelta(minutes=10)},
                **more,
            )
        except (exceptions.BaseError, ValueError) as problem:
            raise RefusedError(_first_line(problem)) from None

    def reach(self) -> None:
        """Make sure that the bucket is there and lets us look."""
        with self._translated():
            next(iter(obstore.list(self._store, "files/md5/00", chunk_size=1)), None)

    def look(self, key: str) -> Found:
        """Return what is known of one file."""
        with self._translated():
            # Up to 0.11 obstore's head tells the path from the bucket on.
            return _found(obstore.head(self._store, key))._replace(key=key)

    def listing(self, prefix: str) -> Iterator[Found]:
        """Yield all files whose key begins with a prefix."""
        with self._translated():
            for page in obstore.list(self._store, prefix or None, chunk_size=PAGE):
                for meta in page:
                    yield _found(meta)

    def read(self, key: str, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Yield the bytes of a file from an offset on."""
        if length == 0:
            return
        options: dict[str, Any] = {}
        if length is not None:
            options["range"] = (offset, offset + length)
        elif offset:
            options["range"] = {"offset": offset}
        try:
            with self._translated():
                got = obstore.get(self._store, key, options=options or None)  # type: ignore[arg-type]
                first, end = got.range
                if end - first <= SMALL_BYTES:
                    yield bytes(got.bytes())
                elif end - first >= WIDE_BYTES and self._wide.acquire(blocking=False):
                    try:
                        yield from self._read_wide(key, first, end, got.meta["e_tag"])
                    finally:
                        self._wide.release()
                else:
                    for piece in got.stream(min_chunk_size=PIECE_BYTES):
                        yield bytes(piece)
        except _BehindEndError:
            return

    def _read_wide(self, key: str, first: int, end: int, etag: str | None) -> Iterator[bytes]:
        """Yield a long part of a file, some ranges ahead: one stream of a cloud is slow."""

        def fetch(start: int) -> bytes:
            options: dict[str, Any] = {"range": (start, min(start + RANGE_BYTES, end))}
            if etag:
                options["if_match"] = etag  # never bytes of two contents
            with self._translated():
                got = obstore.get(self._store, key, options=options)  # type: ignore[arg-type]
                return bytes(got.bytes())

        yield from ahead(range(first, end, RANGE_BYTES), fetch, RANGES_AT_ONCE)

    def write(self, key: str, pieces: Iterable[bytes], size_bytes: int) -> None:
        """Give a key this content."""
        self._made()
        if self._unwritable:
            raise RefusedError(
                f"objects cannot be given rights of their own here (option {self._unwritable})",
                "take the option out and let the bucket own its objects; "
                "or push with the original dvc",
            )
        if size_bytes <= SMALL_BYTES:
            self._write_whole(key, pieces)
            return
        with self._large:
            if size_bytes <= SINGLE_BYTES:
                self._write_whole(key, pieces)
                return
            if size_bytes >= RESUMED_BYTES and self._parts is not None:
                self._parts(f"{self._path}/".lstrip("/")).write(key, pieces, size_bytes)
                return
            part = max(SINGLE_BYTES, -(-size_bytes // MOST_PARTS))
            at_once = max(1, min(PARTS_AT_ONCE, PARTS_AT_ONCE * SINGLE_BYTES // part))
            with self._translated():
                obstore.put(
                    self._patient,
                    key,
                    iter(pieces),
                    use_multipart=True,
                    chunk_size=part,
                    max_concurrency=at_once,
                )

    def _write_whole(self, key: str, pieces: Iterable[bytes]) -> None:
        data = b"".join(pieces)
        with self._translated():
            obstore.put(self._store, key, data, use_multipart=False)

    def delete(self, *keys: str) -> None:
        """Take files away."""
        try:
            with self._translated():
                obstore.delete(self._store, keys)
        except AbsentError:
            if len(keys) > 1:  # it may have stopped at the one that is not there
                for key in keys:
                    self.delete(key)

    def close(self) -> None:
        """Do nothing: connections that are not used end by themselves."""

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (FileNotFoundError, exceptions.BaseError) as problem:
            raise _translation(problem, self._bucket) from None
        except ValueError as problem:
            if "parse path" not in str(problem):
                raise
            raise RefusedError(f"the client cannot ask for such a name: {problem}") from None


class _BehindEndError(WireError):
    """There are no bytes from this offset on."""


def _found(meta: Mapping[str, Any]) -> Found:
    etag = (meta.get("e_tag") or "").strip('"')
    return Found(meta["path"], meta["size"], meta["last_modified"].timestamp(), etag)


# -- errors -----------------------------------------------------------------------------------


def _first_line(problem: Exception) -> str:
    """Return what is wrong, without what a URL or a dump may hold of secrets."""
    text = re.split(r"\n\s*Debug source", str(problem))[0].strip()
    lines = [line for line in text.splitlines() if line.strip()]
    first = re.sub(r"\?\S*", "", lines[0] if lines else type(problem).__name__)
    return re.sub(r"^Generic \w+ error: ", "", first)[:300]


def _translation(problem: Exception, bucket: str) -> WireError:
    """Return an error of the client as one that says what it means for us."""
    text = str(problem)
    match = re.search(r"status code: (\d{3})", text)
    status = int(match[1]) if match else 0
    if any(word in text for word in _MACHINE):
        return RefusedError(
            "no credentials were found",
            "log in, or set them with 'git dvc remote modify --local NAME OPTION VALUE'",
        )
    if status == 404 and isinstance(problem, exceptions.GenericError):
        return _no_bucket(bucket)
    if isinstance(problem, FileNotFoundError) and elements.first(text, "Code") not in _NO_BUCKET:
        return AbsentError(_first_line(problem))
    if isinstance(problem, exceptions.PreconditionError):
        return UnsteadyError("the file was replaced while it was read")
    refusal = _refusal(status, text, bucket)
    return refusal or _without_answer(problem, text)


def _no_bucket(bucket: str) -> RefusedError:
    return RefusedError(
        f"there is no bucket '{quoted(bucket)}'", "create it, or mend the remote's url"
    )


def _refusal(status: int, text: str, bucket: str) -> WireError | None:
    """Return the error for an answer by its status and its text; None if it has no status."""
    code, message = elements.first(text, "Code"), elements.first(text, "Message").partition("\n")[0]
    one = re.search(r"DeleteObjects request failed for key .*: (.*) \(code: (\w+)\)", text)
    if one:  # the request was good, but not for each file that it names
        message, code = one[1], one[2]
        status = 403 if code == "AccessDenied" else 400
    said = f"{status} {code}".strip() + (f": {message}" if message else "")
    if code in _NO_BUCKET:
        return _no_bucket(bucket)
    if status == 416:
        return _BehindEndError()
    if code in _EXPIRED or ("expired" in message.lower() and status in (400, 401, 403)):
        return RefusedError(
            f"the credentials have expired ({said})",
            "get new ones (log in again), then run the command again: it goes on where it was",
        )
    if code == "RequestTimeTooSkewed":
        return RefusedError(f"the clock of this machine is wrong ({said})", "set it")
    if status in _UNSTEADY or code in _UNSTEADY_CODES:
        return UnsteadyError(f"the server says {said}")
    if status == 401 or code in _UNKNOWN_KEY:
        return RefusedError(
            f"the server does not accept the credentials ({said})",
            "see which ones are used: the remote's options, the environment, the profile",
        )
    if status == 403:
        return RefusedError(
            f"no permission ({said})",
            "these credentials may not do this here: ask whoever owns the bucket",
        )
    redirected = "redirect without LOCATION" in text
    if redirected or code in ("PermanentRedirect", "AuthorizationHeaderMalformed"):
        return RefusedError(
            f"the bucket seems to be in another region ({said or 'redirected'})",
            "set it with 'git dvc remote modify NAME region REGION'",
        )
    return RefusedError(f"the server says {said}") if status else None


def _without_answer(problem: Exception, text: str) -> WireError:
    if "CertificateUnknown" in text or "invalid peer certificate" in text:
        return RefusedError(
            "the server's certificate is not trusted",
            "name its authority with 'git dvc remote modify NAME ssl_verify FILE'",
        )
    if "redential" in text:
        return RefusedError(f"logging in failed: {_first_line(problem)}")
    match = re.search(r"Error performing \w+ (\w+://[^/\s?]+)", text)
    host = match[1] if match else "the server"
    if "InvalidContentType" in text:
        return RefusedError(
            f"{host} does not speak TLS", "is it http:// that the option endpointurl should say?"
        )
    if "kind: Timeout" in text or "TimedOut" in text:
        return UnsteadyError(f"{host} did not answer in time")
    match = re.search(r'(?:message|error): "([^"]+)"', text)
    if "kind: Connect" in text:
        return UnsteadyError(f"cannot connect to {host}" + (f": {match[1]}" if match else ""))
    if match or "Http(" in text:
        return UnsteadyError(f"the connection to {host} broke")
    return UnsteadyError(_first_line(problem))


# -- logging in -------------------------------------------------------------------------------


def _timeouts_s(options: Mapping[str, str]) -> tuple[str, str]:
    connect_s = options.get("connect_timeout") or options.get("connection_timeout")
    read_s = options.get("read_timeout") or options.get("timeout")
    return connect_s or str(CONNECT_TIMEOUT_S), read_s or str(READ_TIMEOUT_S)


def _trusts_all(options: Mapping[str, str]) -> bool:
    return options.get("ssl_verify", "").lower() == "false"


def _bundle(options: Mapping[str, str]) -> str:
    """Return the path of the certificates to trust; '' for the system's."""
    verify = options.get("ssl_verify", "")
    is_path = verify.lower() not in ("", "true", "false")
    path = verify if is_path else os.environ.get("AWS_CA_BUNDLE", "")
    return os.path.abspath(os.path.expanduser(path)) if path else ""


def _client(options: Mapping[str, str], endpoint: str) -> dict[str, Any]:
    """Return the settings of HTTP."""
    connect_s, read_s = _timeouts_s(options)
    client: dict[str, Any] = {
        "connect_timeout": f"{connect_s}s",
        "read_timeout": f"{read_s}s",
        "timeout": "7days",  # of a whole request; a large file takes its time
        "user_agent": "git-dvc",
    }
    if endpoint.lower().startswith("http://"):
        client["allow_http"] = True
    if _trusts_all(options):
        client["allow_invalid_certificates"] = True
    bundle = _bundle(options)
    if bundle:
        try:
            with open(bundle, "rb") as stream:
                client["root_certificate"] = stream.read(16 * 1024**2)
        except OSError as problem:
            raise RefusedError(f"ssl_verify: {bundle}: {problem.strerror}") from None
    return client


def _is_true(options: Mapping[str, str], name: str) -> bool:
    return options.get(name, "").lower() == "true"


def _s3(bucket: str, options: Mapping[str, str]) -> Login:
    anonymous = _is_true(options, "allow_anonymous_login")
    found = aws.login(options, anonymous=anonymous)
    endpoint = found.endpoint
    if endpoint and "://" not in endpoint:
        plain = options.get("use_ssl", "true").lower() == "false"
        endpoint = f"{'http' if plain else 'https'}://{endpoint}"
    config: dict[str, Any] = {"region": found.region or aws.region_of(bucket, endpoint)}
    if endpoint:
        config["endpoint"] = endpoint
        if found.virtual:
            config["virtual_hosted_style_request"] = True
            config["endpoint"] = endpoint.replace("://", f"://{bucket}.", 1)
    if anonymous:
        config["skip_signature"] = True
    encryption = _encryption(options)
    rights = next((name for name in _RIGHTS if options.get(name)), "")
    parts = None
    if found.credentials and not encryption:  # what is encrypted has no MD5 to compare
        address = config.get("endpoint") or f"https://s3.{config['region']}.amazonaws.com"
        if not found.virtual or not endpoint:
            address = f"{address.rstrip('/')}/{bucket}"
        parts = partial(_parts_of, address, config["region"], found.credentials, bucket, options)
    config |= encryption
    return Login("S3Store", config, _client(options, endpoint), found.credentials, rights, parts)


def _parts_of(
    address: str,
    region: str,
    credentials: Callable[[], dict[str, Any]],
    bucket: str,
    options: Mapping[str, str],
    folder: str,
) -> Parts:
    """Return what sends very large files to a folder of the bucket at an address."""
    from git_dvc.remote.s3parts import Parts
    from git_dvc.remote.sigv4 import Signer
    from git_dvc.remote.web import Web

    where = urlsplit(address)
    host = where.netloc.lower().removesuffix(":443" if where.scheme == "https" else ":80")
    connect_s, read_s = _timeouts_s(options)
    verify = "false" if _trusts_all(options) else _bundle(options)
    web = Web(
        address,
        {"ssl_verify": verify} if verify else {},
        connect_s=float(connect_s),
        read_s=float(read_s),
        auth=Signer(host, region, credentials),
    )

    def failure(status: int, text: str) -> WireError:
        return _refusal(status, text, bucket) or UnsteadyError(_first_line(ValueError(text)))

    return Parts(web, folder, failure)


def _encryption(options: Mapping[str, str]) -> dict[str, Any]:
    config: dict[str, Any] = {}
    if options.get("sse_customer_key"):
        if options.get("sse_kms_key_id"):
            raise RefusedError("sse_kms_key_id and sse_customer_key exclude each other")
        config["server_side_encryption"] = "sse-c"
        config["sse_customer_key_base64"] = options["sse_customer_key"]
    elif options.get("sse") or options.get("sse_kms_key_id"):
        config["server_side_encryption"] = options.get("sse") or "aws:kms"
        if options.get("sse_kms_key_id"):
            config["sse_kms_key_id"] = options["sse_kms_key_id"]
    return config


def _gs(bucket: str, options: Mapping[str, str]) -> Login:
    emulator = os.environ.get("STORAGE_EMULATOR_HOST", "")
    endpoint = options.get("endpointurl", "") or emulator
    if endpoint and "://" not in endpoint:
        endpoint = f"http://{endpoint}"
    config: dict[str, Any] = {"base_url": endpoint} if endpoint else {}
    if emulator and not options.get("endpointurl"):
        config["bearer_token"] = "emulator"  # noqa: S105 - it wants any
    elif _is_true(options, "allow_anonymous_login"):
        config["skip_signature"] = True
    elif options.get("credentialpath"):
        config["application_credentials"] = options["credentialpath"]
    elif endpoint and not _is_host_of(endpoint, "googleapis.com"):
        raise _not_there(endpoint, "name the ones that are meant with the option credentialpath")
    return Login("GCSStore", config, _client(options, endpoint))


def _is_host_of(endpoint: str, *domains: str) -> bool:
    host = (urlsplit(endpoint).hostname or "").lower()
    return any(host == domain or host.endswith(f".{domain}") for domain in domains)


def _is_azure(endpoint: str) -> bool:
    return _is_host_of(
        endpoint, "core.windows.net", "core.chinacloudapi.cn", "core.usgovcloudapi.net"
    )


def _not_there(endpoint: str, do: str) -> RefusedError:
    """Return the error for a token of this machine that would go to whoever a commit names."""
    return RefusedError(
        f"the credentials of this machine are not sent to {urlsplit(endpoint).hostname}",
        f"{do}; or set allow_anonymous_login",
    )


def _azure(bucket: str, options: Mapping[str, str]) -> Login:
    given = {**_azure_defaults(), **options}
    parts = _parts(given.get("connection_string", ""))
    config: dict[str, Any] = {}
    account = given.get("account_name") or parts.get("accountname", "")
    if not account and not parts:
        raise RefusedError(
            "no storage account is named",
            "set account_name or connection_string of the remote, or AZURE_STORAGE_ACCOUNT",
        )
    endpoint = parts.get("blobendpoint", "")
    client = _client(options, endpoint)
    if parts.get("usedevelopmentstorage", "").lower() == "true":
        config["use_emulator"] = True
        client["allow_http"] = True
        account = account or "devstoreaccount1"
    elif endpoint:
        config["endpoint"] = endpoint.rstrip("/")
    elif parts.get("endpointsuffix"):
        protocol = parts.get("defaultendpointsprotocol", "https")
        endpoint = f"{protocol}://{account}.blob.{parts['endpointsuffix']}"
        config["endpoint"] = endpoint
        client = _client(options, endpoint)
    config["account_name"] = account
    strange = bool(endpoint and options.get("connection_string")) and not _is_azure(endpoint)
    secrets = _azure_secrets(options if strange else given, parts)
    config |= secrets
    if not secrets and _is_true(options, "allow_anonymous_login"):
        config["skip_signature"] = True
    elif not secrets and strange:
        raise _not_there(endpoint, "name the ones that are meant: account_key or sas_token")
    elif not secrets and _has_az_login():
        config["use_azure_cli"] = True
    return Login("AzureStore", config, client)


def _azure_secrets(given: Mapping[str, str], parts: Mapping[str, str]) -> dict[str, str]:
    wanted = {
        "account_key": given.get("account_key") or parts.get("accountkey", ""),
        "sas_key": given.get("sas_token") or parts.get("sharedaccesssignature", ""),
        **{name: given.get(name, "") for name in ("tenant_id", "client_id", "client_secret")},
    }
    return {name: value for name, value in wanted.items() if value}


def _azure_defaults() -> dict[str, str]:
    """Return what the tools of Azure are set to: ``~/.azure/config``, then the environment."""
    from configparser import ConfigParser, Error

    folder = os.environ.get("AZURE_CONFIG_DIR") or os.path.expanduser("~/.azure")
    parser = ConfigParser(interpolation=None)
    try:
        parser.read(os.path.join(folder, "config"))
    except (Error, OSError, UnicodeDecodeError):
        pass  # another program's file
    found: dict[str, str] = {}
    for option, theirs in (
        ("connection_string", "connection_string"),
        ("account_name", "account"),
        ("account_key", "key"),
        ("sas_token", "sas_token"),
    ):
        stored = parser.get("storage", theirs, fallback="")
        value = os.environ.get(f"AZURE_STORAGE_{theirs.upper()}") or stored
        if value:
            found[option] = value
    return found


def _parts(connection_string: str) -> dict[str, str]:
    """Return the parts of an Azure connection string, by lower-case name."""
    parts: dict[str, str] = {}
    for part in connection_string.split(";"):
        name, mark, value = part.strip().partition("=")
        if mark:
            parts[name.lower()] = value
    return parts


def _has_az_login() -> bool:
    """Return whether a person logged in with ``az login``, and nothing else is set up."""
    from shutil import which

    others = ("AZURE_CLIENT_SECRET", "AZURE_FEDERATED_TOKEN_FILE", "IDENTITY_ENDPOINT")
    return which("az") is not None and not any(os.environ.get(name) for name in others)
