"""``git dvc params``; the work is in ``ops/versions.py`` and ``compare/params.py``."""

from __future__ import annotations

from typing import Annotated

import typer

from git_dvc.cli import comparing, version_options

EXAMPLES = {
    "show": """
git dvc params show                     # of the workspace
git dvc params show --deps              # only what stages depend on
git dvc params show --stages train      # only what this stage depends on
git dvc params show -T                  # of all tags
git dvc params show --rev v1.0 --json
""",
    "diff": """
git dvc params diff                     # HEAD and the workspace
git dvc params diff v1.0 v2.0           # two tags
git dvc params diff v1.0 v2.0 v3.0      # three of them side by side
git dvc params diff main --deps --md    # what stages depend on, for a pull request
""",
}
MANY_VALUES = ("--rev", "--targets", "--stages")
Deps = Annotated[bool, typer.Option("--deps", help="Only parameters that stages depend on.")]


def show(
    targets: version_options.Files = None,
    rev: version_options.Rev = None,
    all_branches: version_options.AllBranches = False,
    all_tags: version_options.AllTags = False,
    all_commits: version_options.AllCommits = False,
    stages: Annotated[
        list[str] | None,
        typer.Option("--stages", metavar="<stage>...", help="Only what these stages depend on."),
    ] = None,
    deps: Deps = False,
    as_json: version_options.Json = False,
    as_markdown: version_options.Markdown = False,
    as_csv: version_options.Csv = False,
    precision: version_options.Precision = None,
    no_path: version_options.NoPath = False,
    fetch: version_options.Fetch = False,
) -> int:
    """Show parameters: of the workspace, or of any versions, without checking them out."""
    form = comparing.Form(as_json, as_markdown, as_csv, precision, no_path).check()
    revs = tuple(rev or ()), all_branches, all_tags, all_commits
    return comparing.show_params(
        targets or (), revs, form, stages=stages or (), deps=deps, fetch=fetch
    )


def diff(
    revs: version_options.Revs = None,
    targets: version_options.Targets = None,
    unchanged: version_options.All = False,
    deps: Deps = False,
    as_json: version_options.Json = False,
    as_markdown: version_options.Markdown = False,
    as_csv: version_options.Csv = False,
    no_path: version_options.NoPath = False,
    fetch: version_options.Fetch = False,
) -> int:
    """Show which parameters differ between revisions, or a revision and the workspace."""
    form = comparing.Form(as_json, as_markdown, as_csv, None, no_path).check()
    return comparing.diff_params(
        revs or (), form, targets=targets or (), unchanged=unchanged, deps=deps, fetch=fetch
    )
