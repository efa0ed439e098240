"""``git dvc install --global``: future clones of projects get our hooks by themselves.

Git copies no hooks with ``git clone``. So one small hook of ours is put where every clone comes
by: in the global config, from Git 2.54 on, else in the template that Git copies into new
repositories. It is a ``post-checkout`` that acts only on a fresh clone with a project in it
(``hooks/after-clone``): it runs ``git dvc install`` there. In all other repositories it ends in
the shell. The drivers for ``git diff`` and ``git merge`` go to the global config as well; only
files whose attributes ask for them ever meet them.

A template of the user is extended. Where there is none, one is made from Git's own.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from git_dvc import fsutil
from git_dvc.errors import GitError, HookError, quoted
from git_dvc.git.repo import git, git_version
from git_dvc.hooks import scripts, settings
from git_dvc.hooks.survey import BEFORE

_CONFIG_SINCE = (2, 54)
_KEY = "hook.git-dvc-clone"
_HOOK = "post-checkout"
# What 'git init' makes that does not come from its template.
_NOT_TEMPLATE = ("HEAD", "config", "objects", "refs", "reftable")


class Places(NamedTuple):
    """Where the hook for fresh clones goes.

    Attributes:
        by_config: Git's global config runs it.
        template: ``init.templateDir`` as it is set, expanded; '' if it is not.
        hook: The file of ours.
    """

    by_config: bool
    template: str
    hook: str


def install(program: str) -> list[str]:
    """Set up future clones; harmless when that is done.

    Args:
        program: Absolute path of ``git-dvc``.

    Returns:
        What was done, a line each.

    Raises:
        HookError: Files cannot be written.
    """
    here = _places()
    text = scripts.text_for(scripts.AFTER_CLONE, program)
    done: list[str] = []
    try:
        if here.by_config:
            if _write(here.hook, text):
                done.append(f"wrote {quoted(here.hook)}")
            # Should the file go, no Git command is to fail for that.
            command = f'h={scripts.sh_quoted(here.hook)}; [ ! -x "$h" ] || exec "$h"'
            done += _set(f"{_KEY}.command", command)
            done += _set(f"{_KEY}.event", _HOOK)
            done += _leave_template(here)
        else:
            done += _install_in_template(here, text)
    except OSError as error:
        raise _cannot_write(here.hook, error) from error
    for key in (settings.TEXTCONV, settings.DRIVER):
        value = _get(key)
        if value is None or settings.is_ours(value):
            done += _set(key, settings.value_for(key, program))
            if key == settings.DRIVER and _get(settings.NAME) is None:
                _set(settings.NAME, settings.TITLE)
        else:
            done.append(f"left {key} as it is: it is not ours ({quoted(value)})")
    return done


def uninstall() -> list[str]:
    """Leave future clones alone; those that were set up keep their hooks.

    Returns:
        What was done, a line each.

    Raises:
        HookError: Files cannot be removed.
    """
    here = _places()
    done: list[str] = []
    try:
        # An event without a command is fatal for Git, and so is a name without a driver.
        for key in (f"{_KEY}.event", f"{_KEY}.command"):
            done += _unset(key)
        if fsutil.remove_if_there(_own_hook()):
            done.append(f"removed {quoted(_own_hook())}")
        done += _leave_template(here)
    except OSError as error:
        raise _cannot_write(here.hook, error) from error
    for key in (settings.TEXTCONV, settings.DRIVER):
        value = _get(key)
        if value is not None and settings.is_ours(value):
            if key == settings.DRIVER and _get(settings.NAME) == settings.TITLE:
                _unset(settings.NAME)
            done += _unset(key)
    return done


def state() -> str:
    """Return how future clones are set up, in words; '' if they are not."""
    here = _places()
    if here.by_config:
        found = scripts.read(here.hook) if _get(f"{_KEY}.event") == _HOOK else None
    else:
        found = scripts.read(here.hook) if here.template else None
    if found is None or not scripts.is_ours(found):
        return ""
    if not scripts.can_run(here.hook):
        return f"broken: {quoted(here.hook)} is not executable"
    program = scripts.program_of(found)
    if not scripts.can_run(program):
        return f"broken: their program is gone: {quoted(program)}"
    return "set up by Git's config" if here.by_config else f"set up by {quoted(here.template)}"


# -- places ---------------------------------------------------------------------------------------


def _places() -> Places:
    template = _get("init.templateDir", "--type=path") or ""
    if git_version() >= _CONFIG_SINCE:
        return Places(True, template, _own_hook())
    folder = template or os.path.join(_data_dir(), "template")
    return Places(False, template, os.path.join(folder, "hooks", _HOOK))


def _data_dir() -> str:
    """Return where files of ours that belong to a user are kept."""
    base = os.environ.get("XDG_DATA_HOME", "")
    if not os.path.isabs(base):
        base = os.path.join(os.path.expanduser("~"), ".local", "share")
    return os.path.join(base, "git-dvc")


def _own_hook() -> str:
    return os.path.join(_data_dir(), "hooks", _HOOK)


# -- the template ---------------------------------------------------------------------------------


def _install_in_template(here: Places, text: bytes) -> list[str]:
    done = []
    if not here.template:
        folder = os.path.dirname(os.path.dirname(here.hook))
        _copy_gits_own(folder)
        done += _set("init.templateDir", folder)
    data = scripts.read(here.hook)
    if data is not None and not scripts.is_ours(data):
        aside = here.hook + BEFORE
        if os.path.lexists(aside):
            raise HookError(
                f"there is a {_HOOK} hook in the template, and another one that was set aside",
                details=[f"  {quoted(here.hook)}", f"  {quoted(aside)}"],
                hint="merge them into one of the two files, remove the other, and try again",
            )
        os.rename(here.hook, aside)
        done.append(f"kept your {_HOOK} as {os.path.basename(aside)}: it runs first")
    if _write(here.hook, text):
        done.append(f"wrote {quoted(here.hook)}")
    return done


def _copy_gits_own(folder: str) -> None:
    """Make a template that has what Git's own has: ``info/exclude``, sample hooks."""
    import shutil
    import tempfile

    with tempfile.TemporaryDirectory() as scratch:
        _run(["init", "--quiet", "--bare", scratch])
        for name in os.listdir(scratch):
            source, target = os.path.join(scratch, name), os.path.join(folder, name)
            if name in _NOT_TEMPLATE:
                continue
            if os.path.isdir(source):
                shutil.copytree(source, target, dirs_exist_ok=True)
            else:
                os.makedirs(folder, exist_ok=True)
                shutil.copy2(source, target)
    os.makedirs(os.path.join(folder, "hooks"), exist_ok=True)


def _leave_template(here: Places) -> list[str]:
    """Take our hook out of the template; one that we made goes altogether."""
    import shutil

    done: list[str] = []
    made = os.path.join(_data_dir(), "template")
    if here.template == made:
        done += _unset("init.templateDir")
    if os.path.isdir(made):
        shutil.rmtree(made)
        done.append(f"removed {quoted(made)}")
    if not here.template or here.template == made:
        return done
    hook = os.path.join(here.template, "hooks", _HOOK)
    if scripts.is_ours(scripts.read(hook) or b""):
        os.unlink(hook)
        done.append(f"removed {quoted(hook)}")
        if os.path.lexists(hook + BEFORE):
            os.rename(hook + BEFORE, hook)
            done.append(f"put back your {_HOOK}")
    return done


def _write(path: str, text: bytes) -> bool:
    """Write our hook unless it is there already; return whether it was written."""
    if scripts.read(path) == text and scripts.can_run(path):
        return False
    os.makedirs(os.path.dirname(path), exist_ok=True)
    scripts.write(path, text)
    return True


def _cannot_write(path: str, error: OSError) -> HookError:
    words = os.strerror(error.errno) if error.errno else str(error)
    return HookError(f"cannot write {quoted(error.filename or path)}: {words}")


# -- the global config ----------------------------------------------------------------------------


def _run(args: list[str], *, codes: tuple[int, ...] = (0,)) -> str | None:
    env = {"GIT_DIR": None, "GIT_WORK_TREE": None, "GIT_TEMPLATE_DIR": None}
    result = git(args, cwd=os.path.abspath(os.sep), writes=True, env=env)
    if result.code not in codes:
        raise GitError(args, result.code, result.err)
    return os.fsdecode(result.out.rstrip(b"\0")) if result.code == 0 else None


def _get(key: str, *options: str) -> str | None:
    return _run(["config", "--global", "-z", *options, "--get", key], codes=(0, 1))


def _set(key: str, value: str) -> list[str]:
    if _get(key) == value:
        return []
    _run(["config", "--global", "--replace-all", key, value])
    return [f"set {key} for all your repositories"]


def _unset(key: str) -> list[str]:
    if _get(key) is None:
        return []
    _run(["config", "--global", "--unset-all", key])
    return [f"unset {key} for all your repositories"]
