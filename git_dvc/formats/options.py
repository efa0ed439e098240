"""DVC's config options: which there are, what their values may be.

DVC refuses to start over an option or a value that is not in its schema, so what git-dvc
writes is checked here first. ``config.py`` reads and writes the files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from git_dvc.errors import ConfigError

Section = tuple[str, ...]
"""``("core",)`` or ``("remote", "store")``."""

# What a value may be: a kind, or a tuple of the allowed words.
Kind = str | tuple[str, ...]
TEXT, BOOL, LOWER, COUNT, INT, NUMBER, LINKS = (
    "text", "bool", "lower", "count", "int", "number", "links"
)  # fmt: skip
BOOL_OR_TEXT = "bool or text"

LINK_TYPES = ("reflink", "hardlink", "symlink", "copy")

_EXPECTED = {
    TEXT: "text",
    BOOL: "true or false",
    LOWER: "a name",
    COUNT: "a whole number from 1",
    INT: "a whole number",
    NUMBER: "a number that is not negative",
    LINKS: "a comma-separated list of " + ", ".join(LINK_TYPES),
    BOOL_OR_TEXT: "true, false or a path",
}


def _all(kind: Kind, names: str) -> dict[str, Kind]:
    return dict.fromkeys(names.split(), kind)


_REMOTE_COMMON = {
    **_all(TEXT, "url"),
    **_all(COUNT, "jobs checksum_jobs"),
    **_all(BOOL, "worktree version_aware no_traverse verify"),
}
_LOCAL: dict[str, Kind] = {
    "type": LINKS,
    "shared": ("group",),
    **_all(BOOL, "protected slow_link_warning verify"),
}
_HTTP: dict[str, Kind] = {
    "auth": ("basic", "digest", "custom"),
    "ssl_verify": BOOL_OR_TEXT,
    "ask_password": BOOL,
    **_all(TEXT, "custom_auth_header user password method"),
    **_all(NUMBER, "connect_timeout read_timeout"),
}
_WEBDAV: dict[str, Kind] = {
    "ssl_verify": BOOL_OR_TEXT,
    "ask_password": BOOL,
    "timeout": INT,
    **_all(TEXT, "user password token bearer_token_command custom_auth_header cert_path key_path"),
}

REMOTE_OPTIONS: dict[str, dict[str, Kind]] = {
    "": {**_LOCAL, **_REMOTE_COMMON},
    "s3": {
        "ssl_verify": BOOL_OR_TEXT,
        **_all(BOOL, "listobjects use_ssl allow_anonymous_login cache_regions"),
        **_all(INT, "read_timeout connect_timeout"),
        **_all(
            TEXT,
            "region profile credentialpath configpath endpointurl access_key_id "
            "secret_access_key session_token sse sse_kms_key_id sse_customer_algorithm "
            "sse_customer_key acl grant_read grant_read_acp grant_write_acp grant_full_control",
        ),
        **_REMOTE_COMMON,
    },
    "gs": {
        "allow_anonymous_login": BOOL,
        **_all(TEXT, "projectname credentialpath endpointurl"),
        **_REMOTE_COMMON,
    },
    "ssh": {
        "type": LINKS,
        **_all(INT, "port timeout max_sessions"),
        **_all(TEXT, "user password passphrase keyfile"),
        **_all(BOOL, "ask_password ask_passphrase gss_auth allow_agent"),
        **_REMOTE_COMMON,
    },
    "hdfs": {"replication": INT, **_all(TEXT, "user kerb_ticket"), **_REMOTE_COMMON},
    "webhdfs": {
        "ssl_verify": BOOL_OR_TEXT,
        **_all(BOOL, "kerberos use_https"),
        **_all(TEXT, "kerberos_principal proxy_to token user password data_proxy_target"),
        **_REMOTE_COMMON,
    },
    "azure": {
        **_all(
            TEXT,
            "connection_string sas_token account_name account_key tenant_id client_id "
            "client_secret",
        ),
        **_all(
            BOOL,
            "allow_anonymous_login exclude_environment_credential "
            "exclude_visual_studio_code_credential exclude_shared_token_cache_credential "
            "exclude_managed_identity_credential",
        ),
        **_all(INT, "timeout read_timeout connection_timeout"),
        **_REMOTE_COMMON,
    },
    "oss": {**_all(TEXT, "oss_key_id oss_key_secret oss_endpoint"), **_REMOTE_COMMON},
    "gdrive": {
        **_all(
            TEXT,
            "profile gdrive_client_id gdrive_client_secret gdrive_user_credentials_file "
            "gdrive_service_account_user_email gdrive_service_account_json_file_path",
        ),
        **_all(BOOL, "gdrive_use_service_account gdrive_trash_only gdrive_acknowledge_abuse"),
        **_REMOTE_COMMON,
    },
    "http": {**_HTTP, **_REMOTE_COMMON},
    "https": {**_HTTP, **_REMOTE_COMMON},
    "webdav": {**_WEBDAV, **_REMOTE_COMMON},
    "webdavs": {**_WEBDAV, **_REMOTE_COMMON},
}
"""Options of a remote, by the scheme of its url; ``""`` is a local path."""

_ANY_REMOTE: dict[str, Kind] = {
    option: kind for options in REMOTE_OPTIONS.values() for option, kind in options.items()
}

OPTIONS: dict[str, dict[str, Kind]] = {
    "core": {
        "checksum_jobs": COUNT,
        "site_cache_dir": TEXT,
        **_all(LOWER, "remote machine"),
        **_all(
            BOOL,
            "interactive analytics hardlink_lock no_scm autostage experiments check_update",
        ),
    },
    "cache": {**_all(TEXT, "dir local s3 gs hdfs webhdfs ssh azure"), **_LOCAL},
    "remote": _ANY_REMOTE,
    "state": {"dir": TEXT, "row_limit": COUNT, "row_cleanup_quota": INT},
    "index": {"dir": TEXT},
    "machine": {
        "cloud": ("aws", "azure"),
        "region": ("us-west", "us-east", "eu-west", "eu-north"),
        "spot": BOOL,
        "spot_price": NUMBER,
        "instance_hdd_size": INT,
        **_all(LOWER, "instance_type instance_gpu"),
        **_all(TEXT, "image ssh_private startup_script setup_script"),
    },
    "feature": {"machine": BOOL},
    "plots": {"auto_open": BOOL, **_all(TEXT, "html_template out_dir")},
    "exp": {
        "auto_push": BOOL,
        **_all(TEXT, "git_remote code data models metrics params plots live"),
    },
    "parsing": {"bool": ("store_true", "boolean_optional"), "list": ("nargs", "append")},
    "hydra": {"enabled": BOOL, **_all(TEXT, "config_dir config_module config_name plugins_path")},
    "studio": {"offline": BOOL, **_all(TEXT, "token url repo_url")},
    "db": _all(TEXT, "url username password"),
}
"""Options by section; sections with names (``remote "x"``) by their first word."""

NAMED = ("remote", "machine", "db")

PATH_OPTIONS = frozenset(
    {
        ("cache", "dir"),
        *(
            ("remote", option)
            for option in (
                "url", "gdrive_user_credentials_file", "gdrive_service_account_json_file_path",
                "credentialpath", "configpath", "keyfile", "cert_path", "key_path",
            )
        ),
        ("machine", "startup_script"),
        ("machine", "setup_script"),
    }
)  # fmt: skip
"""Options stored relative to their config file, as (first word of section, option)."""

SECRET_OPTIONS = frozenset(
    _all(
        TEXT,
        "password passphrase secret_access_key session_token access_key_id sas_token account_key "
        "connection_string client_secret token custom_auth_header oss_key_secret "
        "sse_customer_key gdrive_client_secret",
    )
)
"""Options whose values are not to be shown or committed without a warning."""


COMMAND_OPTIONS = frozenset({"bearer_token_command"})
"""Options that name a command to run: never taken from a file that others have committed."""


def validate(section: Section, option: str, value: str, where: str = "") -> str:
    """Return the value in its normal spelling (words lower-cased, the rest unchanged).

    Args:
        section: ``("core",)`` or ``("remote", "store")``.
        option: Lower-case name.
        value: As the user gave it.
        where: The file, for the message.

    Raises:
        ConfigError: The section or option does not exist, or the value is not of its kind.
    """
    known = OPTIONS.get(section[0])
    if known is None or (section[0] in NAMED) != (len(section) == 2):
        raise ConfigError(f"{title(section)}: no such section", where)
    kind = known.get(option)
    if kind is None:
        if section[0] == "feature":
            return value
        raise ConfigError(f"{name_of(section, option)}: no such option", where)
    if not _fits(kind, value):
        expected = "one of " + ", ".join(kind) if isinstance(kind, tuple) else _EXPECTED[kind]
        raise ConfigError(
            f"{name_of(section, option)}: expected {expected}, found {value[:100]!r}", where
        )
    return value.lower() if kind in (LOWER, BOOL) or isinstance(kind, tuple) else value


def _fits(kind: Kind, value: str) -> bool:
    if isinstance(kind, tuple):
        return value.lower() in kind
    if kind == BOOL:
        return value.lower() in ("true", "false")
    if kind == LINKS:
        return all(word.strip() in LINK_TYPES for word in value.split(","))
    if kind in (COUNT, INT):
        found = re.fullmatch(r"\s*[+-]?[0-9]{1,18}\s*", value)
        return found is not None and (kind == INT or int(value) >= 1)
    if kind == NUMBER:
        return re.fullmatch(r"\s*\+?(?:[0-9]{1,18}\.?[0-9]*|\.[0-9]+)\s*", value) is not None
    return True


def check_remote(name: str, options: Mapping[str, str]) -> list[str]:
    """Return what is wrong with a remote once all layers are merged, one line each."""
    section = ("remote", name)
    url = options.get("url")
    if url is None:
        return [f"{title(section)}: has no url"]
    scheme = url_scheme(url)
    known = REMOTE_OPTIONS.get(scheme)
    if scheme == "remote":
        known = _ANY_REMOTE
    if known is None:
        return [f"{name_of(section, 'url')}: no support for {scheme}:// urls"]
    if scheme and not url[len(scheme) + 3 :].strip("/"):
        return [f"{name_of(section, 'url')}: names nothing: {url}"]
    kind = f"{scheme}:// urls" if scheme else "local paths"
    wrong = [
        f"{name_of(section, option)}: no such option for {kind}"
        for option in options
        if option not in known
    ]
    if scheme == "ssh":
        from git_dvc.formats import sshurl

        try:
            sshurl.parse(url, options)
        except ConfigError as problem:
            wrong.append(f"{'.'.join(section)}: {problem.what}")
    return wrong


def url_scheme(url: str) -> str:
    """Return the lower-case scheme of a remote's url, ``""`` for a local path."""
    match = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", url)
    return match[1].lower() if match else ""


def name_of(section: Section, option: str) -> str:
    """Return ``remote.store.url``."""
    return ".".join((*section, option))


def title(section: Section) -> str:
    """Return a section's heading as DVC writes it, without the brackets."""
    return section[0] if len(section) == 1 else f'{section[0]} "{section[1]}"'
