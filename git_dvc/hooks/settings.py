"""What Git is told about our drivers: settings of this clone, and ``.gitattributes``.

::

    diff.dvc.textconv = f() { ... '/opt/bin/git-dvc' textconv "$1" || cat "$1"; }; f
    merge.dvc.driver = f() { ... '/opt/bin/git-dvc' merge-driver "$@"; ... }; f %O %A %B %L %P
    merge.dvc.name = data by git-dvc
    filter.dvc.process = : git-dvc; ...

The attributes say which files, and are shared through Git; the settings say which program, and
are this clone's (or a user's: ``install --global``). Drivers of somebody else that are named
``dvc`` are left alone; only that of ``dvc install`` is set aside, as its hooks are. The filter and
its attributes are this clone's alone; what it is for is told in ``git/notice.py``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Literal, NamedTuple

from git_dvc import fsutil
from git_dvc.errors import GitDvcError, quoted
from git_dvc.git import gitattributes, notice
from git_dvc.git.repo import Repository
from git_dvc.hooks import scripts
from git_dvc.workspace.watch import Watch

SettingState = Literal["set", "missing", "outdated", "yours"]

TEXTCONV, DRIVER, NAME = "diff.dvc.textconv", "merge.dvc.driver", "merge.dvc.name"

BEFORE = "merge.dvc.beforeGitDvc"
"""Where DVC's own driver waits until ours goes; Git knows no such key and passes it by."""
TITLE = "data by git-dvc"

# Without our program (a virtual environment that was deleted) Git does what it does by itself:
# it shows the file as it is, and merges it by lines. Else it would die in the first case, and
# in the second leave our version alone, as if there were no other.
_TEXTCONV = 'f() {{ [ -x {0} ] && {0} textconv "$1" || cat "$1"; }}; f'
_MERGE = (
    'f() {{ if [ -x {0} ]; then {0} merge-driver "$@"; else (exit 127); fi; code=$?; '
    "case $code in 126 | 127) ;; *) return $code ;; esac; "
    "echo \"git-dvc: not found, merged by lines: run 'git dvc install' again\" >&2; "
    'git merge-file -L ours -L base -L theirs --marker-size="$4" "$2" "$1" "$3"; }}; '
    "f %O %A %B %L %P"
)
_OURS = re.compile(
    r"(?:f\(\) \{ (?:(?:if )?\[ -x )?)?"
    r"(?P<program>'.*?git-dvc(?:\.exe)?'|git[- ]dvc)(?: \].*)? (?:textconv|merge-driver\b).*"
)
_DVCS = "dvc git-hook merge-driver "


class Setting(NamedTuple):
    """One of the drivers: how it stands in Git's config, and its value there."""

    key: str
    state: SettingState
    value: str
    why: str = ""


def value_for(key: str, program: str) -> str:
    """Return what a driver is to be set to."""
    word = scripts.sh_quoted(program)
    # Git fills in what stands after a percent sign, in the driver of a merge only.
    return _MERGE.format(word.replace("%", "%%")) if key == DRIVER else _TEXTCONV.format(word)


def is_ours(value: str) -> bool:
    """Return whether a driver is one that we wrote."""
    return _OURS.fullmatch(value) is not None


def look(repo: Repository, program: str | None = None) -> list[Setting]:
    """Return how the drivers stand.

    Args:
        repo: The repository.
        program: What they are to start; None accepts any program that is there.
    """
    found = []
    for key in (TEXTCONV, DRIVER):
        values = repo.config_all(key)
        if key == TEXTCONV and repo.config_get("diff.dvc.command") is not None:
            theirs = repo.config_get("diff.dvc.command") or ""
            found.append(Setting("diff.dvc.command", "yours", theirs))
            continue
        if not values:
            found.append(Setting(key, "missing", "", "it is not set"))
            continue
        ours = _OURS.fullmatch(values[-1])
        if key == DRIVER and values[-1].startswith(_DVCS):
            found.append(Setting(key, "outdated", values[-1], "it is DVC's own"))
        elif ours is None:
            found.append(Setting(key, "yours", values[-1]))
        elif program is not None and values[-1] != value_for(key, program):
            found.append(Setting(key, "outdated", values[-1], "it starts another program"))
        elif program is None and not _starts(ours["program"], key):
            why = f"its program is gone: {ours['program']}"
            found.append(Setting(key, "outdated", values[-1], why))
        else:
            found.append(Setting(key, "set", values[-1]))
    return found


def _starts(word: str, key: str) -> bool:
    if not word.startswith("'"):
        return True  # somebody's own words, to be found on PATH
    path = word[1:-1].replace("'\\''", "'")
    return scripts.can_run(path.replace("%%", "%") if key == DRIVER else path)


def write(repo: Repository, program: str) -> list[str]:
    """Set the drivers in this clone's config; harmless when they are.

    Returns:
        What was done, a line each.
    """
    done: list[str] = []
    for setting in look(repo, program):
        if setting.state == "yours":
            done.append(
                f"left {setting.key} as it is: it is not ours ({quoted(setting.value)}); "
                "rename that driver to see and merge data"
            )
        elif setting.state != "set":
            theirs = _own_value(repo, setting.key) or ""
            if theirs.startswith(_DVCS):
                repo.config_set(BEFORE, theirs)
            repo.config_set(setting.key, value_for(setting.key, program))
            done.append(f"set {setting.key}" + " in place of DVC's" * theirs.startswith(_DVCS))
        ours = setting.key == DRIVER and setting.state != "yours"
        if ours and repo.config_get(NAME) is None:
            # A name without a driver is fatal for Git, so it comes second.
            repo.config_set(NAME, TITLE)
    return done + _write_notice(repo)


def remove(repo: Repository) -> list[str]:
    """Take our drivers out of this clone's config; those of others stay.

    Returns:
        What was done, a line each.
    """
    done = []
    for key in (TEXTCONV, DRIVER):
        value = _own_value(repo, key)
        if value is None or not is_ours(value):
            continue
        if key == DRIVER and _own_value(repo, NAME) == TITLE:
            repo.config_set(NAME, None)
        before = _own_value(repo, BEFORE) if key == DRIVER else None
        repo.config_set(key, before)
        done.append(f"unset {key}" if before is None else f"put back DVC's {key}")
        if before is not None:
            repo.config_set(BEFORE, None)
    return done + _remove_notice(repo)


def _own_value(repo: Repository, key: str) -> str | None:
    result = repo.call(["config", "--local", "-z", "--get", key])
    return os.fsdecode(result.out.rstrip(b"\0")) if result.code == 0 else None


# -- the filter -----------------------------------------------------------------------------------


def look_at_filter(repo: Repository) -> Setting:
    """Return how the filter stands by which Git tells that it writes pointer files."""
    value = repo.config_get(notice.KEY) or ""
    if value and not notice.is_ours(value):
        return Setting(notice.KEY, "yours", value)
    theirs = _filters_of_others(repo)
    if theirs:
        why = f"'{quoted(theirs[0])}' may be meant for pointer files, too"
        return Setting(notice.KEY, "outdated" if value else "yours", value, why)
    path = notice.attributes_file(repo)
    if os.path.islink(path) and not value:
        return Setting(notice.KEY, "yours", "", f"{quoted(path)} is a link")
    if not value:
        return Setting(notice.KEY, "missing", "", "it is not set")
    if value != notice.COMMAND:
        return Setting(notice.KEY, "outdated", value, "it is of another version")
    if not notice.told_by(repo, ()):
        return Setting(notice.KEY, "missing", value, "no attributes of this clone name it")
    return Setting(notice.KEY, "set", value)


def _write_notice(repo: Repository) -> list[str]:
    found = look_at_filter(repo)
    if found.state == "set":
        return []
    if found.state == "yours":
        why = found.why or f"it is not ours ({quoted(found.value)})"
        return [f"left {notice.KEY} as it is: {why}; each checkout takes a little longer"]
    if found.why.startswith("'"):
        return _remove_notice(repo)
    repo.config_set(notice.KEY, notice.COMMAND)
    _rewrite_attributes(repo, notice.add)
    return [f"set {notice.KEY}"]


def _remove_notice(repo: Repository) -> list[str]:
    done = []
    # The attributes go first: without the filter they do nothing, and hooks must not trust it.
    _rewrite_attributes(repo, notice.remove)
    value = _own_value(repo, notice.KEY)
    if value is not None and notice.is_ours(value):
        repo.config_set(notice.KEY, None)
        done.append(f"unset {notice.KEY}")
    return done


def _filters_of_others(repo: Repository) -> list[str]:
    specs = [f":(top){gitattributes.NAME}", f":(top,glob)**/{gitattributes.NAME}"]
    names = os.fsdecode(repo.run(["ls-files", "-z", "--", *specs])).split("\0")[:-1]
    found = notice.foreign(repo, {gitattributes.NAME, *names})
    # Those of the user and the machine: Git says what holds, unless ours hold already.
    words = os.fsdecode(repo.run(["check-attr", "-z", "filter", "--", "x.dvc"])).split("\0")
    if words[2] not in ("unspecified", "unset", gitattributes.DRIVER):
        found.append(f"filter={words[2]}")
    return found


def _rewrite_attributes(repo: Repository, change: Callable[[bytes], bytes]) -> None:
    """Change the attributes of this clone alone, and have the next hook look."""
    Watch(repo.top, repo.git_dir).forget()
    _rewrite(repo, notice.attributes_file(repo), change, follow=True)


# -- attributes -----------------------------------------------------------------------------------


def missing_attributes(repo: Repository) -> tuple[list[str], list[str]]:
    """Return the lines that ``.gitattributes`` lacks, and what the user has set otherwise."""
    return gitattributes.missing(repo.run(gitattributes.question(), check=False))


def write_attributes(repo: Repository, *, shared: bool = True) -> list[str]:
    """Add the missing lines to ``.gitattributes``, for everybody, or for this clone alone.

    Args:
        repo: The repository.
        shared: False leaves the work tree as it is and writes to ``info/attributes``. That is
            also done where ``.gitattributes`` cannot be written: a link, or outside of a
            sparse checkout.

    Returns:
        What was done, a line each.
    """
    lines, others = missing_attributes(repo)
    done = [f"left '{quoted(other)}' in {gitattributes.NAME} as it is" for other in others]
    if not lines:
        return done
    path = os.path.join(repo.top, gitattributes.NAME)
    local = notice.attributes_file(repo)
    if shared and _is_ours_to_write(repo, path):
        _rewrite(repo, path, lambda data: gitattributes.add(data, lines))
        done.append(
            f"added git-dvc's lines to {gitattributes.NAME}: commit it, "
            "so that Git shows and merges data for all"
        )
    else:
        _rewrite(repo, local, lambda data: gitattributes.add(data, lines))
        if shared:
            done.append(f"added git-dvc's lines to {quoted(local)}, for this clone alone")
    return done


def _is_ours_to_write(repo: Repository, path: str) -> bool:
    found = fsutil.lstat(path)
    if found is None:
        return not repo.tracked([gitattributes.NAME])
    return os.path.isfile(path) and not os.path.islink(path)


def _rewrite(
    repo: Repository, path: str, change: Callable[[bytes], bytes], *, follow: bool = False
) -> bool:
    """Change a file of attributes; return whether there was anything to change."""
    try:
        before = fsutil.read_bytes(path, follow=follow)
    except FileNotFoundError:
        before = b""
    except OSError as error:
        words = error.strerror or str(error)
        raise GitDvcError(f"cannot read {quoted(path)}: {words}") from error
    after = change(before)
    if after == before:
        return False
    if after.strip():
        os.makedirs(os.path.dirname(path), exist_ok=True)
        fsutil.atomic_write(path, after, os.path.join(repo.git_dir, "dvc", "tmp"))
    else:
        os.unlink(path)
    return True


def remove_attributes(repo: Repository) -> list[str]:
    """Take our lines out of this clone's own attributes.

    Those in ``.gitattributes`` are everybody's, and do nothing without the drivers.

    Returns:
        What was done, a line each.
    """
    lines = [
        " ".join([pattern, *chosen])
        for pattern in gitattributes.PATTERNS
        for chosen in (["diff=dvc", "merge=dvc"], ["diff=dvc"], ["merge=dvc"])
    ]
    path = notice.attributes_file(repo)
    if _rewrite(repo, path, lambda data: gitattributes.remove(data, lines), follow=True):
        return ["took git-dvc's lines out of this clone's attributes"]
    return []
