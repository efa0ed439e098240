"""``git dvc fsck``; the work is in ``ops/fsck.py``."""

from __future__ import annotations

from git_dvc.cli import options
from git_dvc.cli.console import console

EXAMPLES = """
git dvc fsck             # read every object of the cache
git dvc fsck model.h5    # only what this needs
"""


def fsck(targets: options.Targets = None) -> int:
    """Check the objects of the cache against their hashes, and say who needs the bad ones.

    A damaged object is set aside, so that it can be added or fetched again. What the work
    tree needs and the cache lacks is named, too. The exit code is 1 if anything is wrong.
    """
    from git_dvc.cli import opened, render
    from git_dvc.ops import fsck as op

    with opened.project() as project:
        result = op.fsck(project, targets or [], progress=console.progress())
        opened.tell_problems(result.problems)
        console.say(render.fsck(result, project.shown, console.paint))
        if result.damaged or result.missing:
            console.hint(
                "where you still have the data, 'git dvc add <path>' stores it again;\n"
                "'git dvc checkout' then restores what is missing in the work tree"
            )
    return 0 if result.is_good else 1
