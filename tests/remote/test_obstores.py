"""Object stores: what their errors mean for us, and how we log in."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from git_dvc import parallel
from git_dvc.errors import ConfigError, RemoteError
from git_dvc.progress import NoProgress, Progress
from git_dvc.remote import aws, kinds, objects, obstores
from git_dvc.remote.base import Got
from git_dvc.remote.objects import TRIES, ObjectRemote
from git_dvc.remote.wire import AbsentError, RefusedError, UnsteadyError, Wire, WireError
from git_dvc.store.cache import SMALL_BYTES, Cache
from tests.remote.contract.clouds import OPTIONS, Answer, S3Server, refusal
from tests.remote.patience import soon
from tests.scene import check_objects

QUIET = NoProgress()


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    server = S3Server()
    server.make_bucket("bucket")
    yield server
    server.close()


@pytest.fixture(autouse=True)
def nothing_of_this_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server: S3Server
) -> None:
    for name in list(os.environ):
        if name.startswith(("AWS_", "GOOGLE_", "AZURE_", "STORAGE_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(objects, "FIRST_PAUSE_S", 0.001)
    server.fault = lambda environ: None
    server.requests.clear()


@pytest.fixture
def wire(server: S3Server, tmp_path: Path) -> Wire:
    return connected(server, tmp_path.name)


@pytest.fixture
def remote(wire: Wire, tmp_path: Path) -> ObjectRemote:
    return ObjectRemote("store", wire, str(tmp_path / "memory"))


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(str(tmp_path / "cache"))


def connected(server: S3Server, folder: str, **options: str) -> Wire:
    return kinds.connect(f"s3://bucket/{folder}", {**OPTIONS, "endpointurl": server.url, **options})


def stored(cache: Cache, *contents: bytes) -> list[str]:
    found = [cache.store_bytes(data) for data in contents]
    cache.flush()
    return found


def once(answer: Answer, method: str, times: int = 1) -> Callable[[dict[str, Any]], Answer | None]:
    """Return a fault: the first requests of a method are answered wrongly."""
    left = times

    def fault(environ: dict[str, Any]) -> Answer | None:
        nonlocal left
        if environ["REQUEST_METHOD"] != method or not left:
            return None
        left -= 1
        return answer

    return fault


CALLS: dict[str, Callable[[Wire], object]] = {
    "reach": lambda wire: wire.reach(),
    "look": lambda wire: wire.look("a"),
    "listing": lambda wire: list(wire.listing("")),
    "read": lambda wire: list(wire.read("a")),
    "write": lambda wire: wire.write("a", [b"x"], 1),
}


# -- what goes wrong ----------------------------------------------------------------------------


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "answer",
    [
        Answer("500 Internal Server Error"),
        refusal("503 Slow Down", "SlowDown"),
        refusal("400 Bad Request", "RequestTimeout"),
        Answer("429 Too Many Requests"),
    ],
    ids=lambda answer: answer.status,
)
def test_what_may_work_the_next_time(
    server: S3Server, wire: Wire, call: str, answer: Answer
) -> None:
    server.fault = lambda environ: answer
    if call == "look" and answer.body.startswith(b"<Error><Code>RequestT"):
        return  # the answer to HEAD has no body
    with pytest.raises(UnsteadyError) as caught:
        CALLS[call](wire)
    assert answer.status[:3] in str(caught.value)
    assert server.requests.total() == 1, "one call is one try"


@pytest.mark.parametrize("call", ["reach", "listing", "read", "write"])
@pytest.mark.parametrize(
    ("answer", "says", "do"),
    [
        (refusal("400 Bad Request", "ExpiredToken"), "credentials have expired", "new ones"),
        (refusal("403 Forbidden", "AccessDenied"), "no permission", "ask whoever owns"),
        (refusal("403 Forbidden", "InvalidAccessKeyId"), "does not accept the cred", "which ones"),
        (refusal("403 Forbidden", "RequestTimeTooSkewed"), "clock of this machine", "set it"),
        (refusal("404 Not Found", "NoSuchBucket"), "there is no bucket 'bucket'", "create it"),
        (refusal("301 Moved", "PermanentRedirect"), "in another region", "region REGION"),
        (refusal("400 Bad Request", "InvalidRequest"), "400 InvalidRequest: Says S3.", ""),
    ],
    ids=lambda value: value if isinstance(value, str) and "4" in value else None,
)
def test_what_is_refused_says_what_to_do(
    server: S3Server, wire: Wire, call: str, answer: Answer, says: str, do: str
) -> None:
    server.fault = lambda environ: answer
    with pytest.raises(RefusedError, match=says) as caught:
        CALLS[call](wire)
    assert do in caught.value.hint


def test_a_look_at_what_may_not_be_seen(server: S3Server, wire: Wire) -> None:
    server.fault = lambda environ: Answer("403 Forbidden")
    with pytest.raises(RefusedError, match="no permission"):
        wire.look("a")


def test_a_body_that_breaks_off_goes_on(
    server: S3Server, wire: Wire, remote: ObjectRemote, cache: Cache, tmp_path: Path
) -> None:
    small, large = os.urandom(100_000), os.urandom(3 * SMALL_BYTES)
    values = stored(cache, small, large)
    remote.put_all(cache, values, QUIET)
    for value, data in zip(values, (small, large), strict=True):
        other = Cache(str(tmp_path / value))
        server.requests.clear()
        cut = len(data) * 2 // 3
        server.fault = once(Answer("200 OK", data[:cut], len(data)), "GET")
        assert remote.get_all(other, [value], QUIET) == Got([], [])
        assert check_objects(other.root) == {value: data}
        assert server.requests == {"GET": 2}


def test_wrong_bytes_are_never_stored(
    server: S3Server, remote: ObjectRemote, cache: Cache, tmp_path: Path
) -> None:
    (value,) = stored(cache, b"right")
    remote.put_all(cache, [value], QUIET)
    other = Cache(str(tmp_path / "other"))
    server.fault = once(Answer("200 OK", b"wrong"), "GET", 2)
    assert remote.get_all(other, [value], QUIET) == Got([], [value])
    assert check_objects(other.root) == {}
    assert remote.get_all(other, [value], QUIET) == Got([], [])


def test_a_server_that_does_not_answer(server: S3Server, tmp_path: Path) -> None:
    end = threading.Event()
    wire = connected(server, tmp_path.name, read_timeout="1")
    server.fault = once(Answer("200 OK", after=end), "PUT")
    with pytest.raises(UnsteadyError):
        wire.write("a", [b"data"], 4)
    end.set()
    soon(lambda: wire.write("a", [b"data"], 4))
    assert b"".join(soon(lambda: [*wire.read("a")])) == b"data"
    nobody = connected(server, "x", endpointurl="http://127.0.0.1:1")
    with pytest.raises(UnsteadyError, match="onnect"):
        nobody.reach()


def test_credentials_that_expire_in_the_middle(
    server: S3Server, remote: ObjectRemote, cache: Cache
) -> None:
    values = stored(cache, *(f"content {n}".encode() for n in range(60)))
    answer = refusal("400 Bad Request", "ExpiredToken")
    server.fault = lambda environ: answer if server.requests["PUT"] > 20 else None
    with pytest.raises(RemoteError, match="credentials have expired") as caught:
        remote.put_all(cache, values, QUIET)
    assert "goes on where it was" in caught.value.hint
    assert server.requests["PUT"] < 20 + 2 * TRIES + 2 * obstores.JOBS
    server.fault = lambda environ: None
    lacking = remote.lacks("md5", values, cache.size)
    assert len(lacking) == 40
    remote.put_all(cache, sorted(lacking), QUIET)
    assert remote.lacks("md5", values, cache.size) == set()


def test_a_large_file_that_is_damaged_leaves_nothing_behind(
    server: S3Server, remote: ObjectRemote, wire: Wire, cache: Cache
) -> None:
    """The multipart upload is given up: no object, and no parts that somebody pays for."""
    (value,) = stored(cache, os.urandom(obstores.SINGLE_BYTES * 2 + 5))
    os.chmod(cache.path(value), 0o644)
    with open(cache.path(value), "r+b") as stream:
        stream.write(b"#####")
    assert remote.put_all(cache, [value], QUIET) == [value]
    assert server.requests["POST uploads"] == 1
    assert server.requests["POST uploadId"] == 0, "it was never put together"
    assert list(wire.listing("")) == []
    with urlopen(f"{server.url}/bucket?uploads") as answer:
        assert b"<UploadId>" not in answer.read()


def test_a_part_that_fails_is_sent_again_by_itself(
    server: S3Server, remote: ObjectRemote, wire: Wire, cache: Cache
) -> None:
    data = os.urandom(obstores.SINGLE_BYTES * 2 + 5)
    (value,) = stored(cache, data)
    server.fault = lambda environ: (
        Answer("500 Internal Server Error")
        if server.requests["PUT partNumber"] == 2 and environ["REQUEST_METHOD"] == "PUT"
        else None
    )
    assert remote.put_all(cache, [value], QUIET) == []
    assert server.requests["PUT partNumber"] == 4 and server.requests["POST uploads"] == 1
    assert b"".join(remote.read("md5", value)) == data


def test_a_very_large_file_is_fetched_by_ranges(
    server: S3Server, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(obstores, "WIDE_BYTES", 4 * SMALL_BYTES)
    monkeypatch.setattr(obstores, "RANGE_BYTES", SMALL_BYTES)
    data = os.urandom(5 * SMALL_BYTES + 17)
    wire.write("a", [data], len(data))
    server.requests.clear()
    assert b"".join(wire.read("a")) == data
    assert server.requests == {"GET": 1 + 6}
    assert b"".join(wire.read("a", 5)) == data[5:]
    assert b"".join(wire.read("a", 7, 4 * SMALL_BYTES)) == data[7 : 7 + 4 * SMALL_BYTES]
    one, two = wire.read("a"), wire.read("a")
    assert next(one) == data[:SMALL_BYTES]
    assert b"".join(two) == data, "one at a time, the next goes as one stream"
    wire.write("a", [b"."] * len(data), len(data))
    with pytest.raises(UnsteadyError, match="replaced while it was read"):
        list(one)
    server.fault = lambda environ: (
        Answer("500 Internal Server Error") if server.requests.total() == 4 else None
    )
    server.requests.clear()
    got: list[bytes] = []
    with pytest.raises(UnsteadyError):
        got.extend(wire.read("a"))
    server.fault = lambda environ: None


def test_odd_keys(wire: Wire) -> None:
    """Data that is imported has any name."""
    for key in ("a b/c#d", "100%", "é/ü?x=1", "a+b", "~x"):
        wire.write(key, [key.encode()], len(key.encode()))
        assert b"".join(wire.read(key)) == key.encode()
    with pytest.raises(RefusedError, match="cannot ask for such a name"):
        wire.look("a//b")


def test_nothing_forks_once_the_client_runs(wire: Wire) -> None:
    """It has threads of its own, of which a fork would have only the locks."""

    def work(part: int, watch: Progress) -> bytes:
        return str(os.getpid()).encode()

    assert len(set(parallel.run([1, 2], work, QUIET))) == 2
    wire.reach()
    assert set(parallel.run([1, 2], work, QUIET)) == {str(os.getpid()).encode()}


# -- requests -----------------------------------------------------------------------------------


def test_requests_for_each_object(
    server: S3Server, remote: ObjectRemote, cache: Cache, tmp_path: Path
) -> None:
    """At most 1.05 in all, with every check; a second push costs two or three."""
    values = stored(cache, *(f"content {n}".encode() for n in range(120)))
    remote.reach()
    remote.put_all(cache, sorted(remote.lacks("md5", values, cache.size)), QUIET)
    assert server.requests.total() <= 1.05 * len(values)
    server.requests.clear()
    remote.reach()
    assert remote.lacks("md5", values, cache.size) == set()
    assert server.requests.total() <= 3
    server.requests.clear()
    remote.reach()
    remote.get_all(Cache(str(tmp_path / "other")), values, QUIET)
    assert server.requests.total() <= 1.05 * len(values)


def test_many_objects_are_deleted_with_few_requests(
    server: S3Server, remote: ObjectRemote, cache: Cache
) -> None:
    values = stored(cache, *(f"content {n}".encode() for n in range(120)))
    folder = cache.store_bytes(b"[]", ".dir")
    cache.publish()
    remote.put_all(cache, [*values, folder], QUIET)
    server.requests.clear()
    assert remote.delete("md5", [*values[20:], folder, "0" * 32], QUIET) == 102
    assert dict(server.requests) == {"POST delete": 2}, "the list of files on its own, before"
    assert {found.value for found in remote.stored("md5")} == set(values[:20])


def test_objects_that_may_not_be_deleted(
    server: S3Server, remote: ObjectRemote, cache: Cache, tmp_path: Path
) -> None:
    """S3 says yes to the request then, and no to each file."""
    values = stored(cache, b"one", b"two")
    remote.put_all(cache, values, QUIET)
    error = "<Code>AccessDenied</Code><Message>Access Denied</Message>"
    error += f"<Key>{tmp_path.name}/files/md5/{values[0][:2]}/{values[0][2:]}</Key>"
    refused = Answer("200 OK", f"<DeleteResult><Error>{error}</Error></DeleteResult>".encode())
    server.fault = lambda environ: refused if environ["REQUEST_METHOD"] == "POST" else None
    server.requests.clear()
    with pytest.raises(RemoteError, match=r"no permission \(403 AccessDenied: Access Denied\)"):
        remote.delete("md5", values, QUIET)
    assert server.requests.total() == 1


# -- logging in ---------------------------------------------------------------------------------


def keys_of(found: aws.Found) -> tuple[str, str, str | None]:
    assert found.credentials is not None
    got = found.credentials()
    return got["access_key_id"], got["secret_access_key"], got["token"]


def test_where_credentials_of_s3_come_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert aws.login({}) == aws.Found("", "", False, None)
    folder = tmp_path / ".aws"
    folder.mkdir()
    (folder / "config").write_text(
        "[default]\nregion = eu-west-1\n"
        "[profile team]\nregion = eu-north-1\nendpoint_url = http://minio:9000\n"
        "s3 =\n    addressing_style = virtual\n"
        "[profile tool]\ncredential_process = "
        'echo \'{"AccessKeyId": "p1", "SecretAccessKey": "p2", "SessionToken": "p3",'
        ' "Expiration": "2999-01-01T00:00:00Z"}\'\n'
    )
    (folder / "credentials").write_text(
        "[default]\naws_access_key_id = d1\naws_secret_access_key = d2\n"
        "[team]\naws_access_key_id = t1\naws_secret_access_key = t2\naws_session_token = t3\n"
    )
    found = aws.login({})
    assert (found.region, keys_of(found)) == ("eu-west-1", ("d1", "d2", None))
    found = aws.login({"profile": "team"})
    assert (found.region, found.endpoint, found.virtual) == (
        "eu-north-1",
        "http://minio:9000",
        True,
    )
    assert keys_of(found) == ("t1", "t2", "t3")
    assert keys_of(aws.login({"profile": "tool"})) == ("p1", "p2", "p3")
    monkeypatch.setenv("AWS_PROFILE", "team")
    assert keys_of(aws.login({})) == ("t1", "t2", "t3")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "e1")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "e2")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "e3")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    found = aws.login({})
    assert (found.region, keys_of(found)) == ("us-west-2", ("e1", "e2", "e3"))
    assert keys_of(aws.login({"profile": "team"})) == ("t1", "t2", "t3"), "named in the remote"
    options = {"access_key_id": "o1", "secret_access_key": "o2", "region": "x", "endpointurl": "y"}
    found = aws.login(options)
    assert keys_of(found) == ("o1", "o2", None), "a token of the environment is not theirs"
    assert (found.region, found.endpoint) == ("x", "y")
    assert aws.login(options, anonymous=True).credentials is None
    with pytest.raises(RefusedError, match="no profile 'nobody'"):
        aws.login({"profile": "nobody"})


def test_files_named_by_the_remote(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("[me]\naws_access_key_id = a\naws_secret_access_key = b%c\n")
    assert keys_of(aws.login({"profile": "me", "credentialpath": str(keys)})) == ("a", "b%c", None)
    keys.write_text("no section")
    with pytest.raises(RefusedError, match="keys cannot be read"):
        aws.login({"credentialpath": str(keys)})


def test_a_profile_that_assumes_a_role_needs_botocore(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: S3Server
) -> None:
    config = tmp_path / "config"
    config.write_text(
        "[profile base]\naws_access_key_id = a\naws_secret_access_key = b\n"
        "[profile role]\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile = base\n"
        "region = us-east-1\n"
    )
    options = {"profile": "role"}
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", server.url)
    key, secret, token = keys_of(aws.login(options))
    assert key and secret and token
    monkeypatch.setitem(__import__("sys").modules, "botocore.session", None)
    with pytest.raises(RefusedError, match="needs the Python package 'botocore'") as caught:
        aws.login(options)
    assert "pip install 'git-dvc[s3]'" in caught.value.hint


def test_a_process_that_gives_no_credentials(
    server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    config.write_text("[default]\ncredential_process = false\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    wire = kinds.connect("s3://bucket", {"endpointurl": server.url, "region": "x"})
    with pytest.raises(WireError, match="credential_process"):
        wire.reach()


@pytest.mark.parametrize("line", ["credential_process = touch /tmp/x", "role_arn = arn:x"])
def test_no_program_is_run_that_came_with_a_clone(tmp_path: Path, line: str) -> None:
    config = tmp_path / "config"
    config.write_text(f"[default]\n{line}\n")
    with pytest.raises(RefusedError, match="is not followed in a file") as caught:
        aws.login({"configpath": str(config)})
    assert "AWS_CONFIG_FILE" in caught.value.hint


def test_tokens_of_this_machine_go_to_no_server_that_a_commit_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a key, requests are signed; a token is given away."""
    with pytest.raises(RefusedError, match=r"not sent to evil\.example"):
        obstores._gs("b", {"endpointurl": "https://evil.example/googleapis.com"})
    assert obstores._gs("b", {"endpointurl": "https://storage.p.googleapis.com"})
    monkeypatch.setenv("AZURE_STORAGE_SAS_TOKEN", "sig=1")
    for text in ("AccountName=a;BlobEndpoint=https://evil.example/", "EndpointSuffix=evil.example"):
        with pytest.raises(RefusedError, match=r"not sent to .*evil\.example"):
            obstores._azure("c", {"connection_string": text, "account_name": "a"})
    anonymous = {"connection_string": text, "account_name": "a", "allow_anonymous_login": "true"}
    assert "sas_key" not in obstores._azure("c", anonymous).config
    own = {"connection_string": "AccountName=a;BlobEndpoint=https://mine.example/"}
    assert obstores._azure("c", {**own, "sas_token": "mine"}).config["sas_key"] == "mine"
    assert obstores._azure("c", {"connection_string": "AccountName=a"}).config["sas_key"] == "sig=1"


def test_the_region_of_a_bucket_is_asked_for(
    server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert aws.region_of("bucket", "http://minio") == aws.DEFAULT_REGION
    monkeypatch.setattr(aws, "_GLOBAL", server.url)
    assert aws.region_of("bucket", "") == aws.DEFAULT_REGION
    monkeypatch.setattr(aws, "_GLOBAL", "http://127.0.0.1:1")
    assert aws.region_of("bucket", "") == aws.DEFAULT_REGION


def test_options_of_s3(server: S3Server, tmp_path: Path) -> None:
    login = obstores._s3("b", {**OPTIONS, "endpointurl": "h:9000", "use_ssl": "false"})
    assert login.config["endpoint"] == "http://h:9000" and login.client["allow_http"]
    login = obstores._s3(
        "b", {**OPTIONS, "sse": "aws:kms", "sse_kms_key_id": "k", "ssl_verify": "false"}
    )
    assert login.config["server_side_encryption"] == "aws:kms"
    assert login.config["sse_kms_key_id"] == "k"
    assert login.client["allow_invalid_certificates"]
    with pytest.raises(RefusedError, match="exclude each other"):
        obstores._s3("b", {**OPTIONS, "sse_kms_key_id": "k", "sse_customer_key": "c"})
    bundle = tmp_path / "ca.pem"
    with pytest.raises(RefusedError, match="No such file"):
        obstores._s3("b", {**OPTIONS, "ssl_verify": str(bundle)})
    with pytest.raises(ConfigError, match="names no bucket"):
        kinds.connect("s3:///x", OPTIONS)
    wire = connected(server, tmp_path.name, acl="bucket-owner-full-control")
    assert list(wire.listing("")) == [], "reading needs no rights of our own"
    with pytest.raises(RefusedError, match=r"\(option acl\)"):
        wire.write("a", [b"x"], 1)


def test_options_of_gs_and_azure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert obstores._gs("b", {"credentialpath": "/x.json"}).config == {
        "application_credentials": "/x.json"
    }
    assert obstores._gs("b", {"allow_anonymous_login": "true"}).config == {"skip_signature": True}
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RefusedError, match="no storage account"):
        obstores._azure("c", {})
    text = "AccountName=acc;AccountKey=a2V5==;BlobEndpoint=http://h:1/acc"
    login = obstores._azure("c", {"connection_string": text})
    assert login.config == {
        "account_name": "acc",
        "account_key": "a2V5==",
        "endpoint": "http://h:1/acc",
    }
    assert login.client["allow_http"]
    text = "DefaultEndpointsProtocol=https;AccountName=acc;EndpointSuffix=core.x;"
    text += "SharedAccessSignature=sv=1&sig=2"
    login = obstores._azure("c", {"connection_string": text})
    assert login.config["endpoint"] == "https://acc.blob.core.x"
    assert login.config["sas_key"] == "sv=1&sig=2"
    (tmp_path / ".azure").mkdir()
    (tmp_path / ".azure" / "config").write_text("[storage]\naccount = mine\nkey = k\n")
    assert obstores._azure("c", {}).config == {"account_name": "mine", "account_key": "k"}
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT", "env")
    assert obstores._azure("c", {}).config["account_name"] == "env"
    (tmp_path / ".azure" / "config").unlink()
    assert obstores._azure("c", {}).config == {"account_name": "env"}
    (tmp_path / "az").write_text("#!/bin/sh\n")
    (tmp_path / "az").chmod(0o755)
    assert obstores._azure("c", {}).config["use_azure_cli"]
    anonymous = obstores._azure("c", {"allow_anonymous_login": "true"}).config
    assert anonymous == {"account_name": "env", "skip_signature": True}


def test_no_secret_is_in_a_message() -> None:
    problem = Exception(
        "Generic MicrosoftAzure error: Error performing GET https://a.blob/c?sv=1&sig=SECRET in 1ms"
        "\n\nDebug source:\n uri: https://a.blob/c?sig=SECRET"
    )
    assert "SECRET" not in str(obstores._translation(problem, "c"))
    assert kinds.connect("s3://user:SECRET@bucket/x", OPTIONS).where == "s3://bucket/x"
    assert not isinstance(obstores._translation(problem, "c"), AbsentError)
