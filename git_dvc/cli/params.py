"""``git dvc params``; the work is in ``ops/versions.py`` and ``compare/params.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from git_dvc.cli import comparing

if TYPE_CHECKING:
    from git_dvc.cli.tables import Table

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
_NONE = "no parameters: there is no params.yaml, and dvc.yaml names no other file"

Deps = Annotated[bool, typer.Option("--deps", help="Only parameters that stages depend on.")]


def show(
    targets: comparing.Files = None,
    rev: comparing.Rev = None,
    all_branches: comparing.AllBranches = False,
    all_tags: comparing.AllTags = False,
    all_commits: comparing.AllCommits = False,
    stages: Annotated[
        list[str] | None,
        typer.Option("--stages", metavar="<stage>...", help="Only what these stages depend on."),
    ] = None,
    deps: Deps = False,
    as_json: comparing.Json = False,
    as_markdown: comparing.Markdown = False,
    as_csv: comparing.Csv = False,
    precision: comparing.Precision = None,
    no_path: comparing.NoPath = False,
    fetch: comparing.Fetch = False,
) -> int:
    """Show parameters: of the workspace, or of any versions, without checking them out."""
    from git_dvc.cli import render_compare
    from git_dvc.ops import versions

    form = comparing.Form(as_json, as_markdown, as_csv, precision, no_path).check()
    digits = form.precision
    asked = versions.Asked(tuple(rev or ()), all_branches, all_tags, all_commits)
    with comparing.Opened() as opened:

        def table(found: list[versions.Version]) -> Table | None:
            if asked.is_plain:
                return render_compare.values_table(
                    found[0], opened.shown, title="Param", precision=digits, no_path=no_path
                )
            return render_compare.versions_table(
                found,
                opened.shown,
                precision=digits,
                refs=None if as_csv else opened.versions.refs(),
                no_path=no_path,
            )

        look = versions.params(
            opened.relpaths(targets), stages=stages or (), deps=deps, here=opened.here
        )
        return comparing.show(opened, asked, look, form, fetch=fetch, table=table, none=_NONE)


def diff(
    revs: comparing.Revs = None,
    targets: comparing.Targets = None,
    unchanged: comparing.All = False,
    deps: Deps = False,
    as_json: comparing.Json = False,
    as_markdown: comparing.Markdown = False,
    as_csv: comparing.Csv = False,
    no_path: comparing.NoPath = False,
    fetch: comparing.Fetch = False,
) -> int:
    """Show which parameters differ between revisions, or a revision and the workspace."""
    from git_dvc.ops import versions

    form = comparing.Form(as_json, as_markdown, as_csv, None, no_path).check()
    with comparing.Opened() as opened:
        look = versions.params(opened.relpaths(targets), deps=deps, here=opened.here)
        return comparing.diff(
            opened,
            revs or (),
            look,
            form,
            title="Param",
            unchanged=unchanged,
            fetch=fetch,
            with_change=False,
        )
