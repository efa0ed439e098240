"""How to log in to S3: what the files in ``~/.aws`` say, as Amazon's own tools read them.

The order is theirs: the remote's options, the environment, the profile; what none of them has
(web identity, container and machine roles) the client finds by itself. A profile that assumes a
role or uses single sign-on needs ``botocore``, which ``pip install 'git-dvc[s3]'`` brings.

A profile may name a program to run. The option ``configpath`` may stand in a config that came with
a clone, so no program is run that a file named there asks for.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from configparser import ConfigParser, Error
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

from git_dvc.errors import quoted
from git_dvc.remote.wire import RefusedError

_BY_BOTOCORE = ("role_arn", "sso_session", "sso_start_url", "web_identity_token_file")
_PROGRAM = "credential_process"
_REFRESH = timedelta(minutes=15)
DEFAULT_REGION = "us-east-1"
_GLOBAL = "https://s3.amazonaws.com"


class Found(NamedTuple):
    """What was found.

    Attributes:
        region: '' if nothing says.
        endpoint: Address of the server; '' for Amazon's.
        virtual: The bucket's name is part of the host's.
        credentials: Returns credentials as ``obstore`` wants them; None if there are none here.
    """

    region: str
    endpoint: str
    virtual: bool
    credentials: Callable[[], dict[str, Any]] | None


def login(options: Mapping[str, str], *, anonymous: bool = False) -> Found:
    """Return how to log in.

    Args:
        options: The remote's.
        anonymous: Without credentials.

    Raises:
        RefusedError: The profile is not there, or cannot be used.
    """
    env = os.environ
    given = options.get("profile", "")
    name = given or env.get("AWS_PROFILE") or env.get("AWS_DEFAULT_PROFILE") or "default"
    settings_path = env.get("AWS_CONFIG_FILE") or options.get("configpath") or "~/.aws/config"
    keys_path = (
        env.get("AWS_SHARED_CREDENTIALS_FILE")
        or options.get("credentialpath")
        or "~/.aws/credentials"
    )
    settings = _section(settings_path, name if name == "default" else f"profile {name}")
    keys = _section(keys_path, name)
    if settings is None and keys is None and name != "default":
        raise RefusedError(
            f"there is no profile '{quoted(name)}' in {quoted(settings_path)} "
            f"or {quoted(keys_path)}",
            "see which there are with 'aws configure list-profiles'",
        )
    profile = {**(settings or {}), **(keys or {})}
    region = (
        options.get("region")
        or env.get("AWS_REGION")
        or env.get("AWS_DEFAULT_REGION")
        or profile.get("region", "")
    )
    endpoint = (
        options.get("endpointurl")
        or env.get("AWS_ENDPOINT_URL_S3")
        or env.get("AWS_ENDPOINT_URL")
        or profile.get("endpoint_url", "")
    )
    virtual = "addressing_style" in profile.get("s3", "") and "virtual" in profile["s3"]
    found = None if anonymous else _credentials(options, profile, given, name)
    return Found(region, endpoint, virtual, found)


def _section(path: str, name: str) -> dict[str, str] | None:
    parser = ConfigParser(interpolation=None, strict=False)
    try:
        parser.read(os.path.expanduser(path), encoding="utf-8")
    except (Error, OSError, UnicodeDecodeError) as problem:
        raise RefusedError(f"{quoted(path)} cannot be read: {type(problem).__name__}") from None
    return dict(parser[name]) if parser.has_section(name) else None


def _credentials(
    options: Mapping[str, str], profile: Mapping[str, str], given: str, name: str
) -> Callable[[], dict[str, Any]] | None:
    env = os.environ
    if options.get("access_key_id") and options.get("secret_access_key"):
        return _fixed(
            options["access_key_id"], options["secret_access_key"], options.get("session_token")
        )
    # A profile that the remote names wins over the environment, one that AWS_PROFILE names not.
    if not given and env.get("AWS_ACCESS_KEY_ID") and env.get("AWS_SECRET_ACCESS_KEY"):
        return _fixed(
            env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], env.get("AWS_SESSION_TOKEN")
        )
    asks = [option for option in (*_BY_BOTOCORE, _PROGRAM) if profile.get(option)]
    if asks and _is_named_here(options):
        raise RefusedError(
            f"'{asks[0]}' is not followed in a file that the remote's own options name",
            "anybody who commits could have named it; if it is yours, say so with "
            "AWS_CONFIG_FILE in your environment",
        )
    if any(profile.get(option) for option in _BY_BOTOCORE):
        return _by_botocore(name)
    if profile.get("aws_access_key_id") and profile.get("aws_secret_access_key"):
        return _fixed(
            profile["aws_access_key_id"],
            profile["aws_secret_access_key"],
            profile.get("aws_session_token"),
        )
    if profile.get(_PROGRAM):
        command = profile[_PROGRAM]
        return lambda: _by_process(command)
    return None


def _is_named_here(options: Mapping[str, str]) -> bool:
    """Return whether a file with profiles is the choice of the remote's options."""
    return bool(
        (options.get("configpath") and not os.environ.get("AWS_CONFIG_FILE"))
        or (options.get("credentialpath") and not os.environ.get("AWS_SHARED_CREDENTIALS_FILE"))
    )


def _fixed(key: str, secret: str, token: str | None) -> Callable[[], dict[str, Any]]:
    return lambda: {
        "access_key_id": key,
        "secret_access_key": secret,
        "token": token or None,
        "expires_at": None,
    }


def _by_process(command: str) -> dict[str, Any]:
    """Return what the program prints that a profile names (``credential_process``)."""
    import json
    import shlex
    import subprocess

    try:
        done = subprocess.run(shlex.split(command), capture_output=True, timeout=120, check=True)
        told = json.loads(done.stdout)
        until = told.get("Expiration")
        return {
            "access_key_id": told["AccessKeyId"],
            "secret_access_key": told["SecretAccessKey"],
            "token": told.get("SessionToken"),
            "expires_at": datetime.fromisoformat(until.replace("Z", "+00:00")) if until else None,
        }
    except (OSError, ValueError, KeyError, TypeError, subprocess.SubprocessError) as problem:
        kind = type(problem).__name__
        raise RuntimeError(f"credential_process gave no credentials: {kind}") from None


def _by_botocore(name: str) -> Callable[[], dict[str, Any]]:
    try:
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.session import Session
    except ModuleNotFoundError:
        raise RefusedError(
            f"the profile '{quoted(name)}' assumes a role or uses single sign-on, "
            "which needs the Python package 'botocore'",
            "install it: pip install 'git-dvc[s3]'",
        ) from None
    session = Session(profile=name)
    try:
        found = session.get_credentials()
        if found is not None:
            found.get_frozen_credentials()
    except (BotoCoreError, ClientError) as problem:
        raise RefusedError(
            f"logging in with the profile '{quoted(name)}' failed: {problem}",
            f"log in again, such as with 'aws sso login --profile {quoted(name)}'",
        ) from None
    if found is None:
        raise RefusedError(f"the profile '{quoted(name)}' has no credentials")

    def fresh() -> dict[str, Any]:
        frozen = found.get_frozen_credentials()
        return {
            "access_key_id": frozen.access_key,
            "secret_access_key": frozen.secret_key,
            "token": frozen.token,
            "expires_at": datetime.now(timezone.utc) + _REFRESH,
        }

    return fresh


def region_of(bucket: str, endpoint: str) -> str:
    """Return the region that Amazon has a bucket in, by asking; a default for other servers."""
    if endpoint:
        return DEFAULT_REGION
    from urllib.error import HTTPError
    from urllib.parse import quote
    from urllib.request import Request, urlopen

    request = Request(f"{_GLOBAL}/{quote(bucket, safe='')}", method="HEAD")  # noqa: S310
    try:
        with urlopen(request, timeout=10) as answer:  # noqa: S310
            found = answer.headers
    except HTTPError as problem:
        found = problem.headers  # the region stands there also for those who may not look
    except (OSError, ValueError):
        return DEFAULT_REGION
    return found.get("x-amz-bucket-region") or DEFAULT_REGION
