"""``git dvc resolve``: what the command line says; the work is in ``ops/resolve.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from git_dvc.cli import options
from git_dvc.cli.console import console
from git_dvc.errors import UsageError, quoted

if TYPE_CHECKING:
    from git_dvc.ops.resolve import Open
    from git_dvc.project import Project

EXAMPLES = """
git dvc resolve                          # what is in conflict
git dvc resolve --ours images/cat.png    # one file: keep ours
git dvc resolve --theirs images         # all that is in conflict in there: theirs
git dvc resolve --union labels.csv       # the lines of both; of pictures, both files
git dvc resolve --merge images           # once more, now that the data is here
"""


def resolve(
    targets: options.Targets = None,
    ours: Annotated[bool, typer.Option("--ours", help="Keep our version.")] = False,
    theirs: Annotated[bool, typer.Option("--theirs", help="Take their version.")] = False,
    union: Annotated[
        bool, typer.Option("--union", help="Keep both: all lines of a text, else both files.")
    ] = False,
    merge: Annotated[
        bool, typer.Option("-m", "--merge", help="Merge again by file, forgetting all choices.")
    ] = False,
    everything: Annotated[
        bool, typer.Option("-a", "--all", help="Everything that is in conflict.")
    ] = False,
    show: Annotated[
        bool, typer.Option("-l", "--list", help="Only show what is in conflict (the default).")
    ] = False,
    as_json: options.Json = False,
) -> int:
    """End conflicts that a merge left in data.

    Choose for single files or for everything in a path. When nothing is open in a pointer
    file any more, it is staged, and Git goes on. During a rebase, 'ours' is what you rebase
    onto, and 'theirs' your own commit. Your own version is a way out, too: edit the file, then
    'git dvc add' it.
    """
    from git_dvc.cli import opened, render
    from git_dvc.ops import resolve as op

    flags = {"ours": ours, "theirs": theirs, "union": union, "merge": merge}
    chosen = [name for name, given in flags.items() if given]
    if len(chosen) > 1 or (chosen and show):
        raise UsageError("choose one of --ours, --theirs, --union, --merge and --list")
    if chosen and bool(targets) == everything:
        raise UsageError("name what to resolve, or say --all")
    with opened.project() as project:
        if not chosen:
            found = op.find_open(project)
            if as_json:
                console.write(render.json_line(_as_json(found)))
            else:
                _show(project, found)
            return 0
        result = op.resolve(
            project, targets or [], chosen[0], everything=everything, progress=console.progress()
        )
        if as_json:
            console.write(
                render.json_line(
                    {
                        "resolved": result.settled,
                        "staged": result.staged,
                        "open": _as_json(result.left),
                    }
                )
            )
        else:
            for key in result.settled:
                console.say(f"{quoted(project.shown(key))}: {chosen[0]}")
            for source in result.staged:
                console.say(f"resolved {quoted(project.shown(source))}, and staged it")
            if not (result.settled or result.staged or result.refused or result.left):
                console.say("nothing is in conflict")
            elif result.left:
                _show(project, result.left)
        for key, why in result.refused.items():
            console.error(f"error: {quoted(project.shown(key))}: {quoted(why)}")
        trouble = result.brought.trouble(project.shown)
        if trouble is not None:
            console.error(str(trouble))
        on = op.way_on(project.repo) if project.repo is not None and result.done else ""
        if on and not as_json:
            console.hint(f"all conflicts are resolved: go on with '{on}'")
        return 1 if result.refused or trouble is not None or (merge and result.left) else 0


def _as_json(found: list[Open]) -> dict[str, list[dict[str, str | None]]]:
    return {
        one.source: [
            {
                "path": conflict.key,
                "why": conflict.why,
                "kind": conflict.kind,
                "aside": conflict.aside or None,
                "ours": conflict.ours,
                "theirs": conflict.theirs,
            }
            for conflict in one.conflicts
        ]
        for one in found
    }


def _show(project: Project, found: list[Open]) -> None:
    from git_dvc.cli import render

    if not found:
        console.say("nothing is in conflict")
        return
    for one in found:
        chosen = f" ({len(one.choices)} chosen)" if one.choices else ""
        console.write(f"{quoted(project.shown(one.source))}:{chosen}")
        for line in render.conflict_lines(one, project.shown):
            console.write(f"  {line}")
    console.hint("choose with 'git dvc resolve --ours|--theirs|--union <path>'")
