"""``git dvc freeze`` and ``unfreeze``; the work is in ``ops/freeze.py``."""

from __future__ import annotations

from typing import Annotated

import typer

from git_dvc.cli.console import console
from git_dvc.errors import quoted

EXAMPLES = {
    "freeze": """
git dvc freeze train           # it stays as it is, whatever changes before it
git dvc freeze data.csv.dvc    # an import that keeps its version
""",
    "unfreeze": """
git dvc unfreeze train
""",
}

Targets = Annotated[
    list[str],
    typer.Argument(metavar="target", help="Stages or pointer files.", show_default=False),
]


def freeze(targets: Targets) -> None:
    """Keep stages from running again when what they read has changed.

    An import that is frozen keeps its version.
    """
    _set(targets, frozen=True)


def unfreeze(targets: Targets) -> None:
    """Let stages run again when what they read has changed."""
    _set(targets, frozen=False)


def _set(targets: list[str], *, frozen: bool) -> None:
    from git_dvc.cli import opened, render
    from git_dvc.ops import freeze as op

    with opened.project() as project:
        done = op.freeze(project, targets, frozen=frozen, progress=console.progress())
        changed = [project.shown(path) for path in done.written]
        if done.changed:
            verb = "froze" if frozen else "unfroze"
            said = f"{verb} {render.and_list([*map(quoted, done.changed)])}"
            if done.staged:
                said += f"; staged {render.and_list([*map(quoted, changed)])}"
            console.say(said)
        if done.already:
            names = render.and_list([*map(quoted, done.already)])
            console.say(f"{'frozen' if frozen else 'not frozen'} already: {names}")
        opened.tell_how_to_stage(project, changed, staged=done.staged)
