"""Putting our Git hooks beside the user's own, and taking them out again.

What lies where is ``hooks/survey.py``'s to find out. Here is what is done about it:

* where the directory for hooks is this clone's own, our files go there. A hook of the user goes
  to ``<name>.before-git-dvc``, and ours runs it first; one of DVC goes to
  ``<name>.dvc-before-git-dvc`` and rests there: ours does its work;
* where it belongs to others (husky, a team, all repositories of a user), Git's config runs
  ours, from Git 2.54 on; an older Git needs a line in their scripts;
* beside lefthook and pre-commit.com ours joins in their own way, see ``hooks/joining.py``.

``uninstall`` puts back what was there.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Literal, NamedTuple

from git_dvc import fsutil
from git_dvc.errors import FormatError, GitDvcError, HookError, HooksPathError, quoted
from git_dvc.git.repo import Repository
from git_dvc.hooks import joining, scripts, survey
from git_dvc.hooks.scripts import NAMES, find_program, read
from git_dvc.hooks.survey import BEFORE, DVC_BEFORE, LEGACY, Ground, Hook, is_active, state

__all__ = [
    "NAMES",
    "find_program",
    "install",
    "is_active",
    "state",
    "uninstall",
    "use_pre_commit_tool",
]

How = Literal["nothing", "own", "file", "aside", "legacy", "line", "config", "lefthook"]


class Step(NamedTuple):
    """What is to be done about one hook.

    Attributes:
        hook: How it stands.
        how: "own" needs only the file that somebody's line runs already; "file" is written or
            brought up to date; "aside" also keeps a foreign hook, "legacy" does so beside
            pre-commit's; "line", "config" and "lefthook" have others run ours.
        path: The file to write: of ours, or the script that gets our line.
    """

    hook: Hook
    how: How
    path: str


# -- deciding -------------------------------------------------------------------------------------


def plan(here: Ground, hook: Hook) -> Step:
    """Return what is to be done so that Git runs a hook of ours."""
    name, path = hook.name, os.path.join(here.folder, hook.name)
    if hook.by == survey.CONFIG:
        return Step(hook, "config", here.by_config(name))
    if scripts.is_ours(hook.data) or (hook.by and hook.path == here.own(name)):
        is_own = hook.path == here.own(name)
        return Step(hook, "own" if is_own else "file", hook.path)
    if hook.by:
        return Step(hook, "nothing", hook.path)  # it calls us in words of its own
    if here.owner != "own" and here.knows_config:
        return Step(hook, "config", here.by_config(name))
    if here.owner == "husky" and hook.path == path:
        return Step(hook, "file", path)  # it has no wrapper for this one, and leaves ours alone
    if here.owner != "own":
        return Step(hook, "line", here.script(name))
    if hook.state == "absent":
        return Step(hook, "file", path)
    if hook.tool == survey.PRE_COMMIT:
        return Step(hook, "legacy", path + LEGACY)
    if hook.tool == survey.LEFTHOOK:
        how: How = "config" if here.knows_config else "lefthook"
        return Step(hook, how, here.by_config(name) if how == "config" else path)
    return Step(hook, "aside", path)


def _check(here: Ground, steps: Sequence[Step]) -> dict[str, bytes]:
    """Return the new text of every file of others, by path.

    Raises:
        HookError: Something could not be done; nothing was changed yet.
    """
    texts: dict[str, bytes] = {}
    refused: list[str] = []
    for step in steps:
        name = step.hook.name
        if step.how in ("aside", "legacy"):
            _check_aside(step)
        elif step.how == "line":
            text = None
            if not os.path.islink(step.path):
                text = joining.add_line(name, read(step.path))
            if text is None:
                shown = os.path.relpath(step.path, here.repo.top)
                refused += [f"  in {quoted(shown)}:", f"    {joining.line(name)}"]
            else:
                texts[step.path] = text
    if refused:
        raise HooksPathError(
            f"the hooks of this repository are {_whose(here)}, and a line of ours "
            "cannot be added by itself to a script that is no shell script or ends before it",
            details=refused,
            hint="add these lines where they are reached, and try again; nothing was changed",
        )
    joined = [step.hook.name for step in steps if step.how == "lefthook"]
    if joined:
        path, text = _join_lefthook(here.repo, joined)
        texts[path] = text
    return texts


def _whose(here: Ground) -> str:
    if here.owner == "husky":
        return "run by husky (core.hooksPath)"
    folder = quoted(os.path.relpath(here.folder, here.repo.top))
    if here.owner == "shared":
        return f"shared through Git, in {folder} (core.hooksPath)"
    return f"those of all your repositories, in {quoted(here.folder)} (core.hooksPath)"


def _check_aside(step: Step) -> None:
    """Refuse to set a hook aside where another one was set aside before."""
    name, source = step.hook.name, step.hook.path
    if step.how == "legacy":
        source += LEGACY
    target = os.path.join(os.path.dirname(source), name + _aside(step.hook))
    if os.path.lexists(source) and os.path.lexists(target):
        raise HookError(
            f"there is a {name} hook, and another one that was set aside before",
            details=[f"  {quoted(source)}", f"  {quoted(target)}"],
            hint="merge them into one of the two files, remove the other, and try again",
        )


def _aside(hook: Hook) -> str:
    return DVC_BEFORE if hook.is_dvc else BEFORE


def _join_lefthook(repo: Repository, names: Sequence[str]) -> tuple[str, bytes]:
    """Return lefthook's personal configuration, by path and with our commands in it.

    Raises:
        HookError: It cannot be edited; says what to add.
    """
    names_of_it = joining.LEFTHOOK_CONFIGS
    there = [one for one in names_of_it if os.path.lexists(os.path.join(repo.top, one))]
    local = next((one for one in there if "-local." in one), None)
    if local is None:
        main = there[0] if there else "lefthook.yml"
        local = main.partition("lefthook")[0] + "lefthook-local.yml"
    path = os.path.join(repo.top, local)
    try:
        if not local.endswith(("yml", "yaml")):
            raise FormatError("only YAML can be edited")
        if os.path.islink(path):
            raise FormatError("it is a symbolic link")
        return path, joining.join_lefthook(read(path) or b"", names)
    except FormatError as error:
        lines = joining.join_lefthook(b"", names).decode().splitlines()
        raise HookError(
            f"cannot edit {quoted(local)}: {error.what}",
            details=[f"  {one}" for one in lines],
            hint="add this to it, as its format wants it, and try again",
        ) from error


# -- installing -----------------------------------------------------------------------------------


def install(repo: Repository, program: str, force: bool = False) -> list[str]:
    """See to it that Git runs our hooks; harmless when it does already, repairs what is broken.

    Nothing is changed unless all of them can be installed.

    Args:
        repo: Its hooks directory may be shared with other work trees and repositories.
        program: Absolute path of ``git-dvc``.
        force: Write edited hooks anew (the edited text is kept beside them).

    Returns:
        What was done, a line each; empty when all was in place.

    Raises:
        HooksPathError: Scripts of others are to be edited by hand.
        HookError: A hook cannot be set aside, or files cannot be written.
    """
    here = survey.ground(repo)
    texts = {name: scripts.text_for(name, program) for name in NAMES}
    done = Done()
    try:
        _give_back_to_tools(here)
        steps = [plan(here, survey.look(here, name)) for name in NAMES]
        others = _check(here, steps)
        for step in steps:
            _prepare(here, step, texts[step.hook.name], force, done)
        for path, text in others.items():
            _write_others(here, path, text, done)
        for step in steps:
            if step.how == "config":
                _put_in_config(here, step.hook.name, done)
            elif survey.is_in_config(repo, step.hook.name):
                _take_out_of_config(here, step.hook.name)
    except OSError as error:
        raise _cannot_write(here.folder, error) from error
    return done.lines()


class Done:
    """What was done: hooks of which the same is to be said share a line."""

    def __init__(self) -> None:
        self._names: dict[str, list[str]] = {}
        self._others: list[str] = []

    def say(self, line: str) -> None:
        """Add a line of its own."""
        if line not in self._others:
            self._others.append(line)

    def note(self, verb: str, name: str) -> None:
        """Add a hook to the line of those that got the same treatment."""
        names = self._names.setdefault(verb, [])
        if name not in names:
            names.append(name)

    def lines(self) -> list[str]:
        """Return everything, the summary first."""
        return [
            f"{verb} the {len(names)} hooks of git-dvc"
            if len(names) == len(NAMES)
            else f"{verb} {', '.join(names)}"
            for verb, names in self._names.items()
        ] + self._others


def _give_back_to_tools(here: Ground) -> None:
    """Undo what an older git-dvc did: lefthook and pre-commit do not want to be set aside.

    pre-commit would run ours as the one that it replaced, and ours would run pre-commit.
    """
    for name in NAMES if here.owner == "own" else ():
        path = os.path.join(here.folder, name)
        aside = read(path + BEFORE)
        if aside and survey.tool_of(aside) and scripts.is_ours(read(path) or b""):
            os.replace(path + BEFORE, path)


def _prepare(here: Ground, step: Step, text: bytes, force: bool, done: Done) -> None:
    """Write the files of ours for one hook; a foreign one is set aside first."""
    name = step.hook.name
    own = here.own(name)
    if step.how == "aside":
        aside = step.path + _aside(step.hook)
        os.rename(step.path, aside)
        short = os.path.basename(aside)
        if step.hook.is_dvc:
            done.say(f"set DVC's {name} aside as {short}: git-dvc does its work")
        else:
            done.say(f"kept your {name} as {short}: it runs first")
    elif step.how == "legacy" and os.path.lexists(step.path):
        os.rename(step.path, step.path.removesuffix(LEGACY) + BEFORE)
    if step.how == "config":
        # Git's config runs ours: a file in the directory for hooks would be a second time.
        path = os.path.join(here.folder, name)
        for place in (path, path + LEGACY):
            _uninstall_one(name, place, path, Done())
        fsutil.remove_if_there(own)
    else:
        _write_own(name, own, text, force=True)
    if step.how in ("file", "aside", "legacy", "config"):
        _write_own(name, step.path, text, force=force, done=done)
    elif step.how == "own" and step.hook.state != "installed":
        done.note("installed" if step.hook.state == "absent" else "updated", name)
    old = os.path.join(here.folder, name + ".old")
    if step.hook.tool == survey.LEFTHOOK and scripts.is_ours(read(old) or b""):
        os.unlink(old)  # lefthook has pushed ours aside, and will not do so twice


def _write_own(name: str, path: str, text: bytes, *, force: bool, done: Done | None = None) -> None:
    """Bring one file of ours up to date, and note what was done."""
    done = done or Done()
    os.makedirs(os.path.dirname(path), exist_ok=True)
    data = read(path)
    if data is None or not scripts.is_ours(data):
        scripts.write(path, text)
        done.note("installed", name)
        return
    if data == text and scripts.can_run(path):
        return
    if scripts.is_edited(name, data):
        if not force:
            done.say(f"left {name} as it is: it was edited by hand (--force writes it anew)")
            return
        aside = _keep_copy(path)
        done.say(f"kept the edited {name} as {os.path.basename(aside)}")
    scripts.write(path, text)
    done.note("updated", name)


def _write_others(here: Ground, path: str, text: bytes, done: Done) -> None:
    """Write a script or a configuration of others, with ours in it."""
    repo = here.repo
    is_new = not os.path.lexists(path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    fsutil.atomic_write(path, text, os.path.join(repo.git_dir, "dvc", "tmp"))
    if is_new and "lefthook" not in os.path.basename(path):
        os.chmod(path, 0o777 & ~fsutil.umask())
    shown = os.path.relpath(path, repo.top).replace(os.sep, "/")
    if "lefthook" in os.path.basename(path):
        done.say(f"added git-dvc to {quoted(shown)}: lefthook runs it")
        if is_new and not repo.is_ignored([shown]):
            _exclude(repo, shown)
        return
    name = os.path.basename(path)
    done.note("installed", name)
    if here.owner == "everywhere":
        done.say(f"added a line to {quoted(path)}: it does nothing in other repositories")
    else:
        done.say(
            f"{'wrote' if is_new else 'added a line to'} {quoted(shown)}: commit it; "
            "it does nothing for those who do not use git-dvc"
        )


def _exclude(repo: Repository, relpath: str) -> None:
    """Keep a personal file out of Git's sight, in this clone alone."""
    path = os.path.join(repo.common_dir, "info", "exclude")
    data = read(path) or b""
    if data and not data.endswith(b"\n"):
        data += b"\n"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    tmp = os.path.join(repo.git_dir, "dvc", "tmp")
    fsutil.atomic_write(path, data + f"/{relpath}\n".encode(), tmp)


def _put_in_config(here: Ground, name: str, done: Done) -> None:
    """Have Git's config run ours. An event without a command is fatal for Git: that comes last."""
    repo, key, wanted = here.repo, f"hook.git-dvc-{name}", joining.command(name)
    if repo.config_get(f"{key}.command") != wanted:
        repo.config_set(f"{key}.command", wanted)
    if repo.config_all(f"{key}.event") != [name]:
        repo.config_set(f"{key}.event", name)
        done.note("installed", name)
        done.say(f"Git's config runs them, as the hooks directory is {_owner_words(here)}")


def _owner_words(here: Ground) -> str:
    words = {
        "own": "lefthook's",
        "husky": "husky's",
        "shared": "shared through Git",
        "everywhere": "that of all your repositories",
    }
    return words[here.owner]


def _take_out_of_config(here: Ground, name: str) -> None:
    for word in ("event", "command"):
        here.repo.config_set(f"hook.git-dvc-{name}.{word}", None)
    fsutil.remove_if_there(here.by_config(name))


def _keep_copy(path: str) -> str:
    """Give a file a second name that is free, and return it."""
    number = 0
    while True:
        aside = path + ".edited" + (f".{number}" if number else "")
        try:
            os.link(path, aside)
            return aside
        except FileExistsError:
            number += 1


def _cannot_write(folder: str, error: OSError) -> HookError:
    words = os.strerror(error.errno) if error.errno else str(error)
    return HookError(f"cannot write hooks in {quoted(folder)}: {words}")


# -- uninstalling ---------------------------------------------------------------------------------


def uninstall(repo: Repository) -> list[str]:
    """Take our hooks out and put back those that were there before.

    Hooks that are not ours are left alone; so is a set-aside hook whose place is taken, and
    our lines in scripts that are shared through Git, where they do nothing any more.

    Returns:
        What was done, a line each.

    Raises:
        HookError: Files cannot be removed.
    """
    here = survey.ground(repo)
    done = Done()
    try:
        for name in NAMES:
            if repo.config_get(f"hook.git-dvc-{name}.command") is not None:
                _take_out_of_config(here, name)
                done.note("removed", name)
            usual = os.path.join(here.folder, name)
            # The pre-commit tool renames hooks that it finds, and so does lefthook.
            for path in (usual, usual + LEGACY, usual + ".old"):
                _uninstall_one(name, path, usual, done)
            _remove_line(here, name, done)
            for path in (here.own(name), here.by_config(name)):
                fsutil.remove_if_there(path)
        _leave_lefthook(repo, done)
    except OSError as error:
        raise _cannot_write(here.folder, error) from error
    for folder in (joining.OWN, joining.BY_CONFIG):
        try:
            os.rmdir(os.path.join(repo.common_dir, *folder.split("/")))
        except OSError:
            pass  # never made, or somebody has put something there
    return done.lines()


def _uninstall_one(name: str, path: str, usual: str, done: Done) -> None:
    data = read(path)
    ours = data is not None and scripts.is_ours(data)
    if ours and data is not None:
        if scripts.is_edited(name, data):
            aside = _keep_copy(path)
            done.say(f"kept the edited {name} as {os.path.basename(aside)}")
        os.unlink(path)
        done.note("removed", name)
    for ending, whose in ((BEFORE, "your"), (DVC_BEFORE, "DVC's")):
        aside = usual + ending
        if not os.path.lexists(aside):
            continue
        if ours and not os.path.lexists(path):
            os.rename(aside, path)
            done.say(f"put back {whose} {name}")
        elif path == usual:
            done.say(f"left {os.path.basename(aside)}: there is another {name} in its place")


def _remove_line(here: Ground, name: str, done: Done) -> None:
    """Take our line out of a script, unless others have it, too."""
    path = here.script(name)
    data = read(path)
    if data is None or not joining.has_line(name, data):
        return
    relpath = os.path.relpath(path, here.repo.top).replace(os.sep, "/")
    if here.owner == "everywhere" or here.repo.tracked([relpath]):
        if os.path.lexists(here.own(name)):
            done.note("removed", name)
            done.say(f"left the line in {quoted(relpath)}: others use it, it does nothing here")
        return
    text = joining.remove_line(name, data)
    if text is None:
        os.unlink(path)
    else:
        fsutil.atomic_write(path, text, os.path.join(here.repo.git_dir, "dvc", "tmp"))
    done.note("removed", name)


def _leave_lefthook(repo: Repository, done: Done) -> None:
    for name in joining.LEFTHOOK_CONFIGS:
        path = os.path.join(repo.top, name)
        data = read(path) or b""
        if "-local.y" not in name or joining.OWN.encode() not in data or os.path.islink(path):
            continue
        try:
            text = joining.leave_lefthook(data)
        except GitDvcError:
            done.say(f"left {quoted(name)}: it cannot be edited; take git-dvc out by hand")
            continue
        if text is None:
            os.unlink(path)
        else:
            fsutil.atomic_write(path, text, os.path.join(repo.git_dir, "dvc", "tmp"))
        done.say(f"took git-dvc out of {quoted(name)}")


# -- the pre-commit tool --------------------------------------------------------------------------


def use_pre_commit_tool(repo: Repository, program: str = "") -> list[str]:
    """Add our hooks to ``.pre-commit-config.yaml``, for users of pre-commit.com.

    The rest of the file stays byte for byte. Hook files of ours that it can run are taken out,
    so that nothing runs twice; those it does not know are written where Git looks.

    Args:
        repo: The repository.
        program: Absolute path of ``git-dvc``, for the files.

    Returns:
        What was done, a line each, and what the user has to do now.

    Raises:
        HookError: The file cannot be edited; says what to add.
    """
    path = os.path.join(repo.top, joining.PRE_COMMIT_CONFIG)
    try:
        data = fsutil.read_bytes(path)
    except FileNotFoundError:
        data = b""
    except OSError as error:
        words = os.strerror(error.errno) if error.errno else str(error)
        raise HookError(f"cannot read {joining.PRE_COMMIT_CONFIG}: {words}") from error
    text = joining.join_pre_commit(data)
    here = survey.ground(repo)
    texts = {name: scripts.text_for(name, program) for name in NAMES} if program else {}
    done = Done()
    try:
        if text != data:
            fsutil.atomic_write(path, text, os.path.join(repo.git_dir, "dvc", "tmp"))
            done.say(f"added git-dvc to {joining.PRE_COMMIT_CONFIG}")
        for name in NAMES:
            usual = os.path.join(here.folder, name)
            if name in joining.PRE_COMMIT_TYPES:
                for place in (usual, usual + LEGACY):
                    _uninstall_one(name, place, usual, done)
            elif texts:
                step = plan(here, survey.look(here, name))
                _check(here, [step])
                _prepare(here, step, texts[name], False, done)
    except OSError as error:
        raise _cannot_write(here.folder, error) from error
    kinds = " ".join(f"--hook-type {name}" for name in joining.PRE_COMMIT_TYPES)
    return [*done.lines(), f"now run: pre-commit install {kinds}"]
