"""``git dvc metrics``; the work is in ``ops/versions.py`` and ``compare/metrics.py``."""

from __future__ import annotations

from typing import Annotated

import typer

from git_dvc.cli import comparing, version_options

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


def show(
    targets: version_options.Files = None,
    rev: version_options.Rev = None,
    all_branches: version_options.AllBranches = False,
    all_tags: version_options.AllTags = False,
    all_commits: version_options.AllCommits = False,
    all_rows: Annotated[
        bool, typer.Option("--all-rows", help="Of CSV and TSV files every row, not just the last.")
    ] = False,
    as_json: version_options.Json = False,
    as_markdown: version_options.Markdown = False,
    as_csv: version_options.Csv = False,
    precision: version_options.Precision = None,
    no_path: version_options.NoPath = False,
    recursive: version_options.Recursive = False,
    fetch: version_options.Fetch = False,
) -> int:
    """Show metrics: of the workspace, or of any versions, without checking them out.

    Metrics are numbers and texts in JSON, YAML, TOML and Python files, and the last row of CSV
    and TSV files.
    """
    form = comparing.Form(as_json, as_markdown, as_csv, precision, no_path).check()
    revs = tuple(rev or ()), all_branches, all_tags, all_commits
    return comparing.show_metrics(targets or (), revs, form, all_rows=all_rows, fetch=fetch)


def diff(
    revs: version_options.Revs = None,
    targets: version_options.Targets = None,
    unchanged: version_options.All = False,
    as_json: version_options.Json = False,
    as_markdown: version_options.Markdown = False,
    as_csv: version_options.Csv = False,
    precision: version_options.Precision = None,
    no_path: version_options.NoPath = False,
    recursive: version_options.Recursive = False,
    fetch: version_options.Fetch = False,
) -> int:
    """Show which metrics differ between revisions, or a revision and the workspace."""
    form = comparing.Form(as_json, as_markdown, as_csv, precision, no_path).check()
    return comparing.diff_metrics(
        revs or (), form, targets=targets or (), unchanged=unchanged, fetch=fetch
    )
