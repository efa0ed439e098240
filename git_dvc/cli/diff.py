"""``git dvc diff``; the work is in ``ops/diff.py``."""

from __future__ import annotations

from typing import Annotated

import typer

from git_dvc.cli.console import console

EXAMPLES = """
git dvc diff                        # HEAD and the workspace
git dvc diff v1.0 v2.0              # two tags
git dvc diff v1.0 --targets images  # one directory
git dvc diff HEAD^ HEAD --md        # for a pull request
"""
MANY_VALUES = ("--targets",)


def diff(
    a_rev: Annotated[
        str, typer.Argument(metavar="rev", help="The old one; default HEAD.", show_default=False)
    ] = "HEAD",
    b_rev: Annotated[
        str | None,
        typer.Argument(metavar="rev", help="The new one; default the workspace."),
    ] = None,
    targets: Annotated[
        list[str] | None,
        typer.Option("--targets", metavar="<path>...", help="Only these data paths."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, on one line.")] = False,
    show_hash: Annotated[bool, typer.Option("--show-hash", help="Show the hashes.")] = False,
    as_markdown: Annotated[bool, typer.Option("--md", help="Print a Markdown table.")] = False,
    hide_missing: Annotated[
        bool, typer.Option("--hide-missing", help="Leave out what the cache lacks.")
    ] = False,
) -> None:
    """Show which data differs between two revisions, or a revision and the workspace."""
    from git_dvc.cli import opened, render
    from git_dvc.ops import diff as op

    with opened.project() as project:
        report = op.diff(
            project,
            a_rev,
            b_rev,
            targets=targets or [],
            hide_missing=hide_missing,
            progress=console.progress(),
        )
        opened.tell_problems(report.problems)
        shown = report.to_json(project.shown, show_hash=show_hash)
        if any(shown.values()) and not as_json:
            console.page()
        if as_json:
            console.write(render.json_line(report.to_json(show_hash=show_hash)))
        elif as_markdown:
            console.write(render.diff_markdown(shown, show_hash=show_hash))
        else:
            console.say(render.diff(shown, console.paint))
