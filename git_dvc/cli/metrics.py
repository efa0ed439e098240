"""``git dvc metrics``; the work is in ``ops/versions.py`` and ``compare/metrics.py``."""

from __future__ import annotations

from typing import Annotated

import typer

from git_dvc.cli import comparing

EXAMPLES = {
    "show": """
git dvc metrics show                         # of the workspace
git dvc metrics show -T                      # of all tags, and of the workspace
git dvc metrics show --rev v1.0 main         # of these revisions
git dvc metrics show --rev v1.0..main --csv  # of a range, for a spreadsheet
git dvc metrics show metrics.csv --all-rows  # every epoch of a training
""",
    "diff": """
git dvc metrics diff                         # HEAD and the workspace
git dvc metrics diff v1.0 v2.0               # two tags
git dvc metrics diff v1.0 v2.0 v3.0          # three of them side by side
git dvc metrics diff main --md               # for a pull request
git dvc metrics diff --targets scores.json   # a file that dvc.yaml does not name
""",
}
MANY_VALUES = ("--rev", "--targets")
_NONE = (
    "no metrics: dvc.yaml names none here ('metrics:' of a stage, or at its top);\n"
    "any file can be shown by its path"
)


def show(
    targets: comparing.Files = None,
    rev: comparing.Rev = None,
    all_branches: comparing.AllBranches = False,
    all_tags: comparing.AllTags = False,
    all_commits: comparing.AllCommits = False,
    all_rows: Annotated[
        bool, typer.Option("--all-rows", help="Of CSV and TSV files every row, not just the last.")
    ] = False,
    as_json: comparing.Json = False,
    as_markdown: comparing.Markdown = False,
    as_csv: comparing.Csv = False,
    precision: comparing.Precision = None,
    no_path: comparing.NoPath = False,
    recursive: comparing.Recursive = False,
    fetch: comparing.Fetch = False,
) -> int:
    """Show metrics: of the workspace, or of any versions, without checking them out.

    Metrics are numbers and texts in JSON, YAML, TOML and Python files, and the last row of CSV
    and TSV files.
    """
    from git_dvc.cli import render_compare
    from git_dvc.ops import versions

    form = comparing.Form(as_json, as_markdown, as_csv, precision, no_path).check()
    asked = versions.Asked(tuple(rev or ()), all_branches, all_tags, all_commits)
    with comparing.Opened() as opened:
        look = versions.metrics(opened.relpaths(targets), all_rows=all_rows)
        return comparing.show(
            opened,
            asked,
            look,
            form,
            fetch=fetch,
            table=lambda found: render_compare.versions_table(
                found,
                opened.shown,
                precision=form.digits,
                refs=None if as_csv or asked.is_plain else opened.versions.refs(),
                no_path=no_path,
            ),
            none=_NONE,
        )


def diff(
    revs: comparing.Revs = None,
    targets: comparing.Targets = None,
    unchanged: comparing.All = False,
    as_json: comparing.Json = False,
    as_markdown: comparing.Markdown = False,
    as_csv: comparing.Csv = False,
    precision: comparing.Precision = None,
    no_path: comparing.NoPath = False,
    recursive: comparing.Recursive = False,
    fetch: comparing.Fetch = False,
) -> int:
    """Show which metrics differ between revisions, or a revision and the workspace."""
    from git_dvc.ops import versions

    form = comparing.Form(as_json, as_markdown, as_csv, precision, no_path).check()
    with comparing.Opened() as opened:
        return comparing.diff(
            opened,
            revs or (),
            versions.metrics(opened.relpaths(targets)),
            form,
            title="Metric",
            unchanged=unchanged,
            fetch=fetch,
        )
