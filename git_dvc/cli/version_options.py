"""Options that ``metrics`` and ``params`` have in common, worded once; see ``comparing.py``."""

from __future__ import annotations

from typing import Annotated

import typer

Revs = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="rev",
        help="Two revisions or more (also v1.0..v2.0), 'workspace' among them; one alone is "
        "compared with the workspace, and none means HEAD and the workspace.",
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
