"""What ``metrics`` and ``params`` have in common: which versions, which form of output.

The work is in ``ops/versions.py``, the words in ``render_compare.py``.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from git_dvc.cli.console import console
from git_dvc.errors import UsageError

if TYPE_CHECKING:
    from git_dvc.cli.tables import Table
    from git_dvc.ops.reading import Reading
    from git_dvc.ops.versions import Asked, Look, Version, Versions, Where

Revs = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="rev",
        help="Two revisions or more, 'workspace' among them; one alone is compared with the "
        "workspace, and none means HEAD and the workspace.",
        show_default=False,
    ),
]
Rev = Annotated[
    list[str] | None,
    typer.Option(
        "--rev",
        metavar="<rev>...",
        help="These revisions: branches, tags, commits, ranges like v1.0..main, 'workspace'.",
    ),
]
Targets = Annotated[
    list[str] | None,
    typer.Option("--targets", metavar="<path>...", help="These files, whatever dvc.yaml says."),
]
Files = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="path",
        help="Files to read, or directories of them, whatever dvc.yaml says of them.",
        show_default=False,
    ),
]
AllBranches = Annotated[bool, typer.Option("-a", "--all-branches", help="All local branches.")]
AllTags = Annotated[bool, typer.Option("-T", "--all-tags", help="All tags.")]
AllCommits = Annotated[bool, typer.Option("-A", "--all-commits", help="All commits.")]
Recursive = Annotated[
    bool,
    typer.Option("-R", "--recursive", help="Directories mean all files in them; they always do."),
]
All = Annotated[bool, typer.Option("--all", help="Show what is the same, too.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, on one line.")]
Markdown = Annotated[bool, typer.Option("--md", help="Print a Markdown table.")]
Csv = Annotated[bool, typer.Option("--csv", help="Print CSV, numbers with all their digits.")]
NoPath = Annotated[bool, typer.Option("--no-path", help="Leave out the column of files.")]
Precision = Annotated[
    int | None,
    typer.Option(
        "--precision",
        metavar="<n>",
        min=0,
        max=17,
        help="Round numbers in tables to so many digits after the point; 5 by default.",
        show_default=False,
    ),
]
Fetch = Annotated[bool, typer.Option("--fetch", help="Bring what the cache lacks from the remote.")]


class Form(NamedTuple):
    """How a result is printed."""

    as_json: bool
    as_markdown: bool
    as_csv: bool
    precision: int | None
    no_path: bool

    def check(self) -> Form:
        """Return it.

        Raises:
            UsageError: More than one form was chosen.
        """
        if self.as_json + self.as_markdown + self.as_csv > 1:
            raise UsageError("only one of --json, --md and --csv can be used")
        return self

    @property
    def digits(self) -> int | None:
        """Digits after the point; None for all."""
        from git_dvc.cli.render_compare import PRECISION

        if self.precision is None and self.as_csv:
            return None
        return PRECISION if self.precision is None else self.precision


class Opened:
    """The project that one stands in, and its versions; to be used in a ``with`` statement."""

    def __enter__(self) -> Opened:
        from git_dvc.ops.reading import Reading
        from git_dvc.ops.versions import Versions

        self.reading: Reading = Reading(progress=console.progress())
        self.versions: Versions = Versions(self.reading)
        return self

    def __exit__(self, *_: object) -> None:
        self.versions.close()
        self.reading.close()

    @property
    def here(self) -> str:
        """The current directory, relative to the project."""
        return self.reading.here()

    def shown(self, relpath: str) -> str:
        """Return a path as the user sees it."""
        return posixpath.relpath(relpath, self.here) if self.here else relpath

    def relpaths(self, targets: Sequence[str] | None) -> list[str]:
        """Return paths as the user gives them relative to the project.

        Raises:
            UsageError: One leads out of the project.
        """
        return [self._relpath(target) for target in targets or ()]

    def _relpath(self, target: str) -> str:
        text = target.replace(os.sep, "/")
        if os.path.isabs(target):
            text = os.path.relpath(os.path.realpath(target), self.reading.source.root)
            found = posixpath.normpath(text.replace(os.sep, "/"))
        else:
            found = posixpath.normpath(posixpath.join(self.here, text))
        if found == ".." or found.startswith("../"):
            raise UsageError(f"outside of the project: {target}")
        return "" if found == "." else found


def show(
    opened: Opened,
    asked: Asked,
    look: Look,
    form: Form,
    *,
    fetch: bool,
    table: Callable[[list[Version]], Table | None],
    none: str,
) -> int:
    """Print versions, and return the exit code.

    Args:
        opened: The project.
        asked: Which versions.
        look: What to look for in them.
        form: How to print them.
        fetch: Bring what the cache lacks.
        table: Makes the table.
        none: What to say if there is nothing.
    """
    from git_dvc.cli import render, render_compare

    found = opened.versions.look(opened.versions.named(asked), look, fetch=fetch)
    found = _without_workspace(opened.versions, asked, found)
    if form.as_json:
        console.write(render.json_line(render_compare.versions_json(found, opened.shown)))
    else:
        _print(table(found), form)
    return _tell(opened, found, none)


def _without_workspace(versions: Versions, asked: Asked, found: list[Version]) -> list[Version]:
    """Leave out the work tree if it is as its branch, as DVC does."""
    if len(found) < 2 or found[0].commit is not None or "workspace" in asked.revs:
        return found
    here = found[0]
    same = [one for one in found[1:] if one.values == here.values and not one.problems]
    if not same or here.problems or here.broken:
        return found
    branch = versions.active_branch()
    return found[1:] if any(one.name == branch for one in same) else found


def diff(
    opened: Opened,
    revs: Sequence[str],
    look: Look,
    form: Form,
    *,
    title: str,
    unchanged: bool,
    fetch: bool,
    with_change: bool = True,
) -> int:
    """Print what differs between versions, and return the exit code.

    Args:
        opened: The project.
        revs: Their names, as the user gave them.
        look: What to look for in them.
        form: How to print it.
        title: What the keys are.
        unchanged: Also what is the same.
        fetch: Bring what the cache lacks.
        with_change: With the difference of numbers.
    """
    from git_dvc.cli import render, render_compare
    from git_dvc.compare import differences

    if not revs and not opened.versions.has_commits:
        console.note("there is no commit yet to compare with")
        if form.as_json:
            console.write("{}")
        return 0
    where = _compared(opened.versions, revs)
    found = opened.versions.look(where, look, fetch=fetch)
    named = [(version.name, version.values) for version in found]
    changes = differences.between(named, unchanged=unchanged)
    if form.as_json:
        console.write(render.json_line(render_compare.differences_json(changes, opened.shown)))
    else:
        table = render_compare.differences_table(
            changes,
            [version.name for version in found],
            opened.shown,
            title=title,
            precision=form.digits,
            no_path=form.no_path,
            with_change=with_change,
        )
        _print(table, form)
    return _tell(opened, _without_expected(found), "")


def _compared(versions: Versions, revs: Sequence[str]) -> list[Where]:
    names = list(revs) or ["HEAD"]
    if len(names) == 1:
        names.append("workspace")
    return [versions.one(name) for name in names]


def _without_expected(found: list[Version]) -> list[Version]:
    """Leave out that a file is missing where another version has it: that is the difference."""
    there = {path for version in found for path in version.values}
    return [
        version._replace(
            problems={
                path: problem
                for path, problem in version.problems.items()
                if not (isinstance(problem, FileNotFoundError) and path in there)
            }
        )
        for version in found
    ]


def _print(table: Table | None, form: Form) -> None:
    from git_dvc.cli import tables

    if table is None:
        return
    if form.as_csv:
        console.write(tables.csv_text(table))
    elif form.as_markdown:
        console.write(tables.markdown(table))
    else:
        width = console.width()
        console.page()
        console.write(tables.columns(table, width, console.paint))


def _tell(opened: Opened, found: Sequence[Version], none: str) -> int:
    """Warn of what could not be read; return 1 if that is all there was."""
    from git_dvc.cli import render_compare

    lines = render_compare.problems(found, opened.shown)
    for line in lines:
        console.warning(line)
    if any(version.values for version in found):
        return 0
    if not lines and none:
        console.note(none)
    return 1 if lines else 0
