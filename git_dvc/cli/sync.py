"""``git dvc sync``: what the hooks do, by hand; the work is in ``ops/sync.py``."""

from __future__ import annotations

import os
from functools import partial
from typing import Annotated

import typer

from git_dvc.cli import options, render
from git_dvc.cli.console import console
from git_dvc.errors import IncompleteCheckoutError, NotAProjectError

EXAMPLES = """
git dvc sync                                      # bring what a hook left for later
git dvc sync -n                                   # only say what that would be
git config dvc.autoSync false && git dvc sync     # data follows when you say so
"""


def sync(
    dry_run: Annotated[
        bool, typer.Option("-n", "--dry-run", help="Only say what would be done.")
    ] = False,
    as_json: options.Json = False,
) -> int:
    """Bring the data to where Git took the pointer files, as the hooks do.

    Compares the pointer files of the whole work tree with what was last put in place and
    brings the difference; 'git dvc checkout' looks at the data itself. Data that is changed
    and not saved stays as it is and is named.
    """
    from git_dvc.git.repo import Repository
    from git_dvc.ops import sync as op

    here = os.getcwd()
    repo = Repository.discover(here)
    if repo is None:
        raise NotAProjectError(here)

    def shown(prefix: str, relpath: str) -> str:
        slash = "/" if relpath.endswith("/") else ""
        full = os.path.join(repo.top, prefix, relpath.rstrip("/"))
        return os.path.relpath(full, os.path.realpath(here)).replace(os.sep, "/") + slash

    changes: dict[str, list[str]] = {"modified": [], "added": [], "deleted": []}
    if dry_run:
        for prefix, found in op.plan(repo):
            for item in found.brought:
                kind = "modified" if item.relpath in found.headers else "added"
                changes[kind].append(shown(prefix, item.shown))
            changes["deleted"] += [shown(prefix, path) for path in found.dropped]
        _print(changes, as_json)
        return 0
    report = op.sync(repo, console.progress())
    troubles: list[IncompleteCheckoutError] = []
    for one in report.projects:
        for kind in changes:
            changes[kind] += [shown(one.prefix, path) for path in getattr(one.result, kind)]
        trouble = one.result.trouble(partial(shown, one.prefix))
        if trouble is not None:
            troubles.append(trouble)
    _print(changes, as_json)
    if not report.changed and report.complete and not as_json:
        console.say("Data is as the pointer files say.")
    for problem in [*report.kept, *report.problems, *troubles]:
        console.error(str(problem))
    return 0 if report.complete else 1


def _print(changes: dict[str, list[str]], as_json: bool) -> None:
    if as_json:
        console.write(render.json_line({kind: sorted(paths) for kind, paths in changes.items()}))
    else:
        console.say(render.checkout_lines(changes, console.paint))
