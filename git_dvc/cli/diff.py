"""``git dvc diff``; the work is in ``ops/diff.py``, with ``--content`` in ``ops/content.py``."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from git_dvc.cli import prefix
from git_dvc.cli.console import console
from git_dvc.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from git_dvc.ops.content import Found
    from git_dvc.project import Project

EXAMPLES = """
git dvc diff                        # HEAD and the workspace
git dvc diff v1.0 v2.0              # two tags
git dvc diff v1.0 v2.0 images       # one directory
git dvc diff HEAD^ HEAD --md        # for a pull request
git dvc diff --content v1.0 v2.0 labels.csv   # which rows and columns
git dvc diff --content HEAD images --html diff.html   # pictures side by side
"""
MANY_VALUES = ("--targets",)
_PAGE = "content.html"


def diff(
    a_rev: Annotated[
        str | None,
        typer.Argument(metavar="rev", help="The old one; default HEAD.", show_default=False),
    ] = None,
    b_rev: Annotated[
        str | None,
        typer.Argument(metavar="rev", help="The new one; default the workspace."),
    ] = None,
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="path",
            help="Only these data paths; with --content any files and directories.",
            show_default=False,
        ),
    ] = None,
    targets: Annotated[
        list[str] | None,
        typer.Option("--targets", metavar="<path>...", help="Only these data paths."),
    ] = None,
    content: Annotated[
        bool,
        typer.Option("--content", help="Show what changed inside: rows, keys, lines, pixels."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, on one line.")] = False,
    show_hash: Annotated[bool, typer.Option("--show-hash", help="Show the hashes.")] = False,
    as_markdown: Annotated[bool, typer.Option("--md", help="Print a Markdown table.")] = False,
    hide_missing: Annotated[
        bool, typer.Option("--hide-missing", help="Leave out what the cache lacks.")
    ] = False,
    page: Annotated[
        str | None,
        typer.Option("--html", metavar="<file>", help="With --content: write a page."),
    ] = None,
    open_page: Annotated[
        bool, typer.Option("--open", help="With --content: show the page in the browser.")
    ] = False,
    fetch: Annotated[
        bool,
        typer.Option("--fetch", help="With --content: bring what the cache lacks."),
    ] = False,
    keys: Annotated[
        list[str] | None,
        typer.Option(
            "--key", metavar="<column>", help="With --content: match the rows of tables by this."
        ),
    ] = None,
    most: Annotated[
        int | None,
        typer.Option(
            "--most",
            min=0,
            metavar="<n>",
            help="With --content: name so many rows, keys or lines of each kind, not 20; 0: all.",
        ),
    ] = None,
    most_files: Annotated[
        int | None,
        typer.Option(
            "--max-files",
            min=1,
            metavar="<n>",
            help="With --content: look into so many files, not 100.",
        ),
    ] = None,
) -> int:
    """Show which data differs between two revisions, or a revision and the workspace.

    With --content also what differs inside the files, and inside files of Git's that are named:
    rows and columns of CSV, TSV and Parquet, keys of JSON, YAML and TOML, lines of text, size
    and pixels of images, shapes and values of .npy, .npz and safetensors.
    """
    from git_dvc.cli import opened, render
    from git_dvc.ops import diff as op

    only = {
        "--html": page,
        "--open": open_page,
        "--fetch": fetch,
        "--key": keys,
        "--most": most is not None,
        "--max-files": most_files,
    }
    for name, given in only.items():
        if given and not content:
            raise UsageError(f"{name} needs --content")
    for name, given in (("--show-hash", show_hash), ("--hide-missing", hide_missing)):
        if given and content:
            raise UsageError(f"{name} and --content cannot be used together")
    with opened.project() as project:
        revs, named = op.split(project, [word for word in (a_rev, b_rev) if word is not None])
        folder = prefix.prefix()
        every = [prefix.seen_from_here(word, folder) for word in named]
        every += [*(paths or []), *(targets or [])]
        old, new = (revs[0] if revs else "HEAD"), (revs[1] if revs[1:] else None)
        if content:
            from git_dvc.compare.content.report import Options
            from git_dvc.ops import content as inside

            to_page = bool(page or open_page)
            if most is None:
                most = 1000 if as_json else 200 if to_page else 20
            options = Options(most or sys.maxsize, tuple(keys or ()), pictures=to_page)
            asked = inside.Asked(old, new, every, options, fetch, most_files or inside.MOST_FILES)
            found = inside.compare(project, asked, console.progress())
            sides = (old, new or "workspace")
            opened.tell_problems(found.problems)
            if to_page:
                _write_page(project, found, sides, page, open_page)
            if as_json:
                console.write(render.json_line({"a": old, "b": new, **inside.to_json(found)}))
            elif as_markdown or not to_page:
                _say(project, found, as_markdown)
            for problem in found.failed:
                console.error(str(problem))
            if found.lacks and not fetch:
                console.hint("bring what the cache lacks with --fetch")
            return 0 if found.is_whole else 1
        report = op.diff(
            project,
            old,
            new,
            targets=every,
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
    return 0


def _say(project: Project, found: Found, as_markdown: bool) -> None:
    from git_dvc.cli import render_content

    if found.files or found.missing:
        console.page()
    if as_markdown:
        console.write(render_content.markdown(found, project.shown))
    else:
        width = shutil.get_terminal_size((120, 24)).columns
        console.say(render_content.text(found, project.shown, console.paint, width))


def _write_page(
    project: Project, found: Found, sides: Sequence[str], page: str | None, show: bool
) -> None:
    from git_dvc import fsutil
    from git_dvc.cli import content_page

    path = os.path.abspath(page or os.path.join(project.tmp_dir, _PAGE))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    text = content_page.page(found, sides, project.shown)
    fsutil.atomic_write(path, text.encode("utf-8", "backslashreplace"), os.path.dirname(path))
    uri = Path(path).as_uri()
    console.say(uri)
    if show:
        import webbrowser

        if not webbrowser.open(uri):
            console.warning("no browser was found to show it")
