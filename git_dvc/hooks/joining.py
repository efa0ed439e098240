"""How ours get into hooks that belong to others: one line of ``sh``, or an entry in a list.

A hook that is shared with a team or with other repositories must not name a program of this
machine. So the line only looks for a file of ours inside this very clone and runs that::

    h=${GIT_DIR:-.git}; [ -d "$h/hooks" ] || h=$(git rev-parse --git-common-dir); ...

In the clone of somebody who does not use git-dvc there is no such file, and nothing happens.

* husky runs the files in ``.husky/``; a directory in ``core.hooksPath`` may hold scripts of a
  team: both get the line, at the end.
* lefthook writes the hooks that its configuration names and pushes others aside. Its personal
  ``lefthook-local.yml`` gets a command of ours.
* pre-commit.com runs what lies beside its own file as ``<name>.legacy``: ours goes there. Or
  its configuration names us, for all who use it (``install --use-pre-commit-tool``).

Text in, text out; the disk is the caller's.
"""

from __future__ import annotations

import re

from git_dvc.errors import FormatError, HookError
from git_dvc.hooks.scripts import NAMES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

OWN = "dvc/hooks"
"""Where ours lie for the lines of others, below the directory that all work trees share."""

BY_CONFIG = "dvc/config-hooks"
"""Where they lie when Git's config runs them: apart, so that no line runs them again."""

_FIND = (
    'h=${GIT_DIR:-.git}; [ -d "$h/hooks" ] || h=$(git rev-parse --git-common-dir); '
    'h=$h/%s/%s; [ ! -x "$h" ] || %s"$h"'
)
_REMARK = "# The data of git-dvc follows; this does nothing for those who do not use it.\n"
_SHELLS = re.compile(rb"#![^\n]*\b(?:ba|da|k|z|a)?sh\b")
_ENDS_BEFORE_US = re.compile(r"(?:exec|exit|return)\b")


def line(name: str) -> str:
    """Return the line of ours for a hook that is a shell script."""
    return _FIND % (OWN, name, "") + ' "$@"'


def command(name: str) -> str:
    """Return what Git's config runs; Git adds the arguments."""
    return _FIND % (BY_CONFIG, name, "exec ")


def has_line(name: str, data: bytes) -> bool:
    """Return whether a script runs our file of this clone."""
    wanted = f"{OWN}/{name}".encode()
    return any(wanted in one and not one.lstrip().startswith(b"#") for one in data.splitlines())


def add_line(name: str, data: bytes | None) -> bytes | None:
    """Return a script with our line at its end, or None if that would not be reached.

    Args:
        name: Git's name of the hook.
        data: The script as it is; None makes a new one.
    """
    if data is None:
        return ("#!/bin/sh\n" + _REMARK + line(name) + "\n").encode()
    if data.startswith(b"#!") and not _SHELLS.match(data):
        return None
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    if "\0" in text or _never_gets_there(text):
        return None
    end = "\r\n" if text.endswith("\r\n") else "\n"
    if text and not text.endswith("\n"):
        text += end
    return (text + _REMARK + line(name) + "\n").encode()


def _never_gets_there(text: str) -> bool:
    """Return whether the last command of a script leaves it, as far as one can see."""
    for one in reversed(text.splitlines()):
        word = one.strip()
        if word and not word.startswith("#"):
            return word.endswith("\\") or (
                not one[:1].isspace() and _ENDS_BEFORE_US.match(word) is not None
            )
    return False


def remove_line(name: str, data: bytes) -> bytes | None:
    """Return a script without our line; None if nothing but ours was in it."""
    kept = [
        one
        for one in data.decode("utf-8", "surrogateescape").splitlines(keepends=True)
        if one.strip() not in (_REMARK.strip(), line(name))
    ]
    if all(not one.strip() or one.startswith("#!") for one in kept):
        return None
    return "".join(kept).encode("utf-8", "surrogateescape")


# -- lefthook -----------------------------------------------------------------------------------

LEFTHOOK = re.compile(rb"\bcall_lefthook\b")
"""What every hook that lefthook writes has in it."""

LEFTHOOK_CONFIGS = tuple(
    f"{folder}{dot}lefthook{local}.{ending}"
    for folder, dot in (("", ""), ("", "."), (".config/", ""))
    for local in ("-local", "")
    for ending in ("yml", "yaml", "json", "jsonc", "toml")
)
"""Its configuration: the personal files are those with ``-local``."""


def lefthook_command(name: str) -> dict[str, Any]:
    """Return our command as lefthook's configuration has it."""
    script = line(name).removesuffix(' "$@"') + " {0}"
    entry: dict[str, Any] = {"run": script}
    if name in ("pre-push", "post-rewrite"):
        entry["use_stdin"] = True
    return entry


def join_lefthook(data: bytes, names: Sequence[str]) -> bytes:
    """Return the text of lefthook's configuration with our commands.

    Raises:
        FormatError: It is not what lefthook could read.
    """
    from git_dvc.formats import yamltext

    value = yamltext.parse(data) if data.strip() else None
    if value is None:
        entries = {name: {"commands": {"git-dvc": lefthook_command(name)}} for name in names}
        return data + yamltext.dump(entries).encode()
    document = yamltext.Document(data)
    for name in names:
        hooks = document.value
        if not isinstance(hooks, dict):
            raise FormatError("not a mapping")
        entry = lefthook_command(name)
        if not isinstance(hooks.get(name), dict):
            document.set((name,), {"commands": {"git-dvc": entry}})
        elif not isinstance(hooks[name].get("commands"), dict):
            document.set((name, "commands"), {"git-dvc": entry})
        else:
            document.set((name, "commands", "git-dvc"), entry)
    return document.dump()


def leave_lefthook(data: bytes) -> bytes | None:
    """Return the text of lefthook's configuration without our commands; None if it is empty.

    Raises:
        FormatError: It is not what lefthook could read.
    """
    from git_dvc.formats import yamltext

    value = yamltext.parse(data) if data.strip() else None
    if not isinstance(value, dict):
        return data
    document = yamltext.Document(data)
    for name in NAMES:
        hook = value.get(name)
        if not isinstance(hook, dict):
            continue
        commands = hook.get("commands")
        if not isinstance(commands, dict) or "git-dvc" not in commands:
            continue
        if len(commands) > 1:
            document.delete((name, "commands", "git-dvc"))
        elif len(hook) > 1:
            document.delete((name, "commands"))
        elif len(document.value) > 1:
            document.delete((name,))
        else:
            return None
    return document.dump()


# -- the pre-commit tool --------------------------------------------------------------------------

PRE_COMMIT = b"File generated by pre-commit"
"""What every hook that pre-commit.com writes has in it."""

PRE_COMMIT_CONFIG = ".pre-commit-config.yaml"

PRE_COMMIT_TYPES = tuple(
    name for name in NAMES if name not in ("post-index-change", "post-applypatch", "pre-push")
)
"""Those of our hooks that it can run; the others lie beside its own as files.

Two it does not know, and a pre-push learns from it of one of the pushed branches only.
"""


def pre_commit_entry(name: str) -> dict[str, object]:
    """Return one of our hooks as its configuration has it."""
    return {
        "id": f"git-dvc-{name}",
        "name": f"git-dvc {name}",
        "entry": f"git-dvc hook {name}",
        "language": "system",
        "always_run": True,
        "pass_filenames": False,
        "require_serial": True,
        "verbose": True,  # otherwise warnings of a hook that succeeds are not shown
        "stages": [name],
    }


def join_pre_commit(data: bytes) -> bytes:
    """Return the text of ``.pre-commit-config.yaml`` with our hooks; the rest byte for byte.

    Raises:
        HookError: It cannot be edited; says what to add.
    """
    from git_dvc.formats import yamltext

    block = {"repo": "local", "hooks": [pre_commit_entry(name) for name in PRE_COMMIT_TYPES]}
    try:
        config = yamltext.parse(data) if data.strip() else None
        missing = _missing_entries(config)
        if not missing:
            return data
        if config is None:
            data += b"" if data.endswith(b"\n") or not data else b"\n"
            return data + yamltext.dump({"repos": [block]}).encode()
        document = yamltext.Document(data)
        repos = document.value.get("repos")
        if isinstance(repos, list) and repos:
            document.append(("repos",), {**block, "hooks": missing})
        else:
            document.set(("repos",), [{**block, "hooks": missing}])
        return document.dump()
    except FormatError as error:
        lines = yamltext.dump({"repos": [block]}).splitlines()
        raise HookError(
            f"cannot edit {PRE_COMMIT_CONFIG}: {error.what}",
            details=[f"  {one}" for one in lines],
            hint="add these lines to it",
        ) from error


def _missing_entries(config: object) -> list[dict[str, object]]:
    """Return those of our entries that a configuration does not have."""
    if config is None:
        config = {}
    if not isinstance(config, dict) or not isinstance(config.get("repos") or [], list):
        raise FormatError("not a mapping with a list of repos")
    ids = set()
    for repo in config.get("repos") or []:
        hooks = repo.get("hooks") if isinstance(repo, dict) else None
        for hook in hooks if isinstance(hooks, list) else []:
            if isinstance(hook, dict):
                ids.add(str(hook.get("id")))
    return [
        entry for name in PRE_COMMIT_TYPES if (entry := pre_commit_entry(name))["id"] not in ids
    ]
