"""What ``metrics`` and ``params`` have in common: which versions, which form of output.

The work is in ``ops/versions.py``, the words in ``render_compare.py``. The options are in
``version_options.py``: plain command lines get here without Typer (``quick.py``).
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from git_dvc.cli.console import console
from git_dvc.errors import NotASourceError, NotInGitError, UsageError, quoted

if TYPE_CHECKING:
    from git_dvc.cli.tables import Table
    from git_dvc.ops.reading import Reading
    from git_dvc.ops.versions import Asked, Look, Version, Versions, Where

_NO_METRICS = (
    "no metrics: dvc.yaml names none here ('metrics:' of a stage, or at its top);\n"
    "any file can be shown by its path"
)
_NO_PARAMS = "no parameters: there is no params.yaml, and dvc.yaml names no other file"


class Form(NamedTuple):
    """How a result is printed."""

    as_json: bool = False
    as_markdown: bool = False
    as_csv: bool = False
    precision: int | None = None
    no_path: bool = False

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

        progress = console.progress()
        try:
            self.reading: Reading = Reading(progress=progress)
        except NotASourceError:
            raise NotInGitError(os.getcwd()) from None
        self.versions: Versions = Versions(self.reading, progress)
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
            if self.here and not self.reading.exists(found) and self.reading.exists(text):
                found = posixpath.normpath(text)  # from the top, as DVC reads it
        if found == ".." or found.startswith("../"):
            raise UsageError(f"outside of the project: {target}")
        return "" if found == "." else found


def show_metrics(
    targets: Sequence[str],
    revs: tuple[Sequence[str], bool, bool, bool],
    form: Form,
    *,
    all_rows: bool = False,
    fetch: bool = False,
) -> int:
    """Show metrics; see ``cli/metrics.py``.

    Args:
        targets: Files, as the user gave them.
        revs: Revisions, and whether all branches, tags and commits are meant.
        form: How to print them.
        all_rows: Of tables every row.
        fetch: Bring what the cache lacks.

    Returns:
        1 if nothing could be read, else 0.
    """
    from git_dvc.cli import render_compare, tables
    from git_dvc.ops import versions

    asked = versions.Asked(*revs)
    with Opened() as opened:

        def table(found: list[Version]) -> Table | None:
            across = render_compare.versions_table(
                found,
                opened.shown,
                precision=form.digits,
                refs=opened.versions.refs() if asked.commits and not form.as_csv else None,
                no_path=form.no_path,
            )
            if all_rows or not asked.is_plain or form.as_csv or form.as_markdown:
                return across
            if across is None or tables.fits(across, console.width()):
                return across
            return render_compare.values_table(
                found[0],
                opened.shown,
                title="Metric",
                precision=form.digits,
                no_path=form.no_path,
            )

        look = versions.metrics(opened.relpaths(targets), all_rows=all_rows)
        return _show(opened, asked, look, form, fetch=fetch, table=table, none=_NO_METRICS)


def diff_metrics(
    revs: Sequence[str],
    form: Form,
    *,
    targets: Sequence[str] = (),
    unchanged: bool = False,
    fetch: bool = False,
) -> int:
    """Compare metrics; see ``cli/metrics.py`` and ``show_metrics``."""
    from git_dvc.ops import versions

    with Opened() as opened:
        look = versions.metrics(opened.relpaths(targets))
        return _diff(opened, revs, look, form, title="Metric", unchanged=unchanged, fetch=fetch)


def show_params(
    targets: Sequence[str],
    revs: tuple[Sequence[str], bool, bool, bool],
    form: Form,
    *,
    stages: Sequence[str] = (),
    deps: bool = False,
    fetch: bool = False,
) -> int:
    """Show parameters; see ``cli/params.py`` and ``show_metrics``."""
    from git_dvc.cli import render_compare
    from git_dvc.ops import versions

    asked = versions.Asked(*revs)
    with Opened() as opened:

        def table(found: list[Version]) -> Table | None:
            if asked.is_plain:
                return render_compare.values_table(
                    found[0],
                    opened.shown,
                    title="Param",
                    precision=form.precision,
                    no_path=form.no_path,
                )
            return render_compare.versions_table(
                found,
                opened.shown,
                precision=form.precision,
                refs=opened.versions.refs() if asked.commits and not form.as_csv else None,
                no_path=form.no_path,
            )

        paths = opened.relpaths(targets)
        look = versions.params(paths, stages=stages, deps=deps, here=opened.here)
        return _show(opened, asked, look, form, fetch=fetch, table=table, none=_NO_PARAMS)


def diff_params(
    revs: Sequence[str],
    form: Form,
    *,
    targets: Sequence[str] = (),
    unchanged: bool = False,
    deps: bool = False,
    fetch: bool = False,
) -> int:
    """Compare parameters; see ``cli/params.py`` and ``show_metrics``."""
    from git_dvc.ops import versions

    with Opened() as opened:
        look = versions.params(opened.relpaths(targets), deps=deps, here=opened.here)
        return _diff(
            opened,
            revs,
            look,
            form,
            title="Param",
            unchanged=unchanged,
            fetch=fetch,
            is_metrics=False,
        )


def _show(
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

    where = opened.versions.named(asked)
    if not where and not form.as_json:
        named = f" in {quoted(' '.join(asked.revs))}" if asked.revs else ""
        console.note(f"there are no commits{named}")
        return 0
    found = opened.versions.look(where, look, fetch=fetch)
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


def _diff(
    opened: Opened,
    revs: Sequence[str],
    look: Look,
    form: Form,
    *,
    title: str,
    unchanged: bool,
    fetch: bool,
    is_metrics: bool = True,
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
        is_metrics: Numbers are rounded, and their difference is shown.
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
            precision=form.digits if is_metrics else None,
            no_path=form.no_path,
            with_change=is_metrics,
            with_sign=not form.as_csv,
        )
        _print(table, form)
    return _tell(opened, _without_expected(found), "")


def _compared(versions: Versions, revs: Sequence[str]) -> list[Where]:
    names = list(revs) or ["HEAD"]
    if len(names) == 1 and ".." in names[0].strip("."):  # as 'git diff v1.0..v2.0'
        old, _, new = names[0].partition("..")
        names = [old or "HEAD", new or "HEAD"]
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
