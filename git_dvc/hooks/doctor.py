"""What ``git dvc doctor`` looks at: every hook and setting, who runs it, and what is wrong.

Nothing is changed. ``hooks/survey.py`` and ``hooks/settings.py`` find out; here it is put in
words, with what to type for each thing that is not right.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

from git_dvc.errors import GitDvcError, quoted
from git_dvc.git import gitattributes
from git_dvc.git.repo import Repository
from git_dvc.hooks import everywhere, settings, survey
from git_dvc.hooks.scripts import NAMES
from git_dvc.hooks.survey import Ground, Hook

INSTALL = "git dvc install"


class Check(NamedTuple):
    """One thing that was looked at.

    Attributes:
        what: Such as "post-checkout" or "merge.dvc.driver".
        ok: Whether it is as it should be.
        how: How it stands, in words.
        repair: What to type if it is not.
    """

    what: str
    ok: bool
    how: str
    repair: str = ""


def examine(repo: Repository) -> list[Check]:
    """Return everything that was looked at, in the order in which it is shown."""
    here = survey.ground(repo)
    found = [_place(here)]
    found += [_hook(survey.look(here, name)) for name in NAMES]
    found += _settings(repo)
    found += _attributes(repo)
    found += _switches(repo)
    try:
        words = everywhere.state()
    except GitDvcError as problem:
        words = f"broken: {problem.message}"
    broken = words.startswith("broken")
    how = words or "not set up ('git dvc install --global' does that)"
    found.append(Check("future clones", not broken, how, "git dvc install --global" * broken))
    return found


def _place(here: Ground) -> Check:
    folder = os.path.relpath(here.folder, here.repo.top)
    if folder.startswith(os.pardir):
        folder = here.folder
    whose = {
        "own": "this clone's own",
        "husky": "husky's",
        "shared": "shared through Git",
        "everywhere": "that of all your repositories",
    }
    return Check("hooks directory", True, f"{quoted(folder)}, {whose[here.owner]}")


def _hook(hook: Hook) -> Check:
    if hook.state == "installed":
        return Check(hook.name, True, f"installed, run by {hook.by}")
    how = f"{hook.state}: {hook.why}" if hook.why else hook.state
    if hook.state == "edited":
        # It runs; whether that is meant, its owner knows.
        return Check(hook.name, True, f"{how} ('{INSTALL} --force' writes it anew)")
    if hook.state == "switched off":
        return Check(hook.name, False, how, f"git config --unset {hook.why.split(' ')[0]}")
    return Check(hook.name, False, how, INSTALL)


def _settings(repo: Repository) -> Iterator[Check]:
    for setting in settings.look(repo):
        if setting.state == "set":
            yield Check(setting.key, True, setting.value)
        elif setting.state == "yours":
            how = f"not ours: {quoted(setting.value)}"
            repair = f"git config --rename-section {_rename(setting.key)}"
            yield Check(setting.key, False, how, repair)
        else:
            yield Check(setting.key, False, f"{setting.state}: {setting.why}", INSTALL)
    told = settings.look_at_filter(repo)
    if told.state == "set":
        yield Check(told.key, True, "Git tells when it writes pointer files")
    elif told.state == "yours":
        # A choice of the user: said, but nothing to repair.
        how = told.why or f"not ours: {quoted(told.value)}"
        yield Check(told.key, True, f"{how}; so the hooks look at each checkout")
    else:
        yield Check(told.key, False, f"{told.state}: {told.why}", INSTALL)


def _rename(key: str) -> str:
    section = key.rpartition(".")[0]
    return f"{section} {section.partition('.')[0]}.mine"


def _attributes(repo: Repository) -> Iterator[Check]:
    lines, others = settings.missing_attributes(repo)
    name = gitattributes.NAME
    if lines:
        words = " and ".join(f"'{line}'" for line in lines)
        yield Check(name, False, f"lacks {words}", INSTALL)
    if others:
        # A choice of the user: said, but nothing to repair.
        words = " and ".join(f"'{quoted(other)}'" for other in others)
        yield Check(name, True, f"has {words} instead of ours")
    if not lines and not others:
        yield Check(name, True, "pointer files are shown and merged as data")


def _switches(repo: Repository) -> Iterator[Check]:
    """Tell what is turned off by a setting: on purpose, or forgotten."""
    for key, off in (("dvc.autoSync", "false"), ("dvc.preCommit", "off"), ("dvc.prePush", "off")):
        value = (repo.config_get(key) or "").lower()
        if value in (off, "false", "no", "off", "0"):
            yield Check(key, True, f"is {value}: that part of the hooks is turned off")
    for name in ("GIT_DVC_SKIP", "GIT_DVC_HOOK"):
        if os.environ.get(name):
            yield Check(name, False, "is set, so no hook of ours does anything", f"unset {name}")
