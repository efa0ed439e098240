"""``git dvc doctor``: what the command line says; the looking is in ``hooks/doctor.py``."""

from __future__ import annotations

from typing import Annotated

import typer

from git_dvc.cli.console import console

EXAMPLES = """
git dvc doctor          # what is wrong here, and what to type
git dvc install         # repairs most of it
git dvc doctor --json   # for scripts
"""


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON, for programs.")] = False,
) -> int:
    """Find out what keeps data from following Git: hooks, settings, attributes.

    Shows all that 'git dvc version' does, then what was checked, and for everything that
    is wrong what to type. The exit code is 1 if anything is.
    """
    import os

    from git_dvc.cli import render
    from git_dvc.git.repo import Repository
    from git_dvc.hooks import doctor as hooks
    from git_dvc.hooks import survey
    from git_dvc.ops import version as op

    repo = Repository.discover(os.getcwd())
    report = op.report(survey.state)
    checks = hooks.examine(repo) if repo is not None and report.here is not None else []
    if as_json:
        console.write(render.json_line(render.doctor_json(report, checks)))
    else:
        console.write(render.version(report))
        if checks:
            console.write("\n" + render.doctor(checks, console.paint))
    return int(any(not check.ok for check in checks))
