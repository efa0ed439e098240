"""``git dvc dag``; the work is in ``ops/dag.py``."""

from __future__ import annotations

from typing import Annotated

import typer

from git_dvc.cli import quick
from git_dvc.errors import UsageError

EXAMPLES = """
git dvc dag                    # all stages; what is made stands above what needs it
git dvc dag train              # one stage and what it needs
git dvc dag --md > docs/pipeline.md
"""


def dag(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="target", help="A stage, pointer file or output: with all it needs."
        ),
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="All that hangs together with the target.")
    ] = False,
    outs: Annotated[
        bool, typer.Option("-o", "--outs", help="What stages make, instead of the stages.")
    ] = False,
    collapse: Annotated[
        bool,
        typer.Option(
            "--collapse-foreach-matrix", help="One box for all the stages of a foreach or matrix."
        ),
    ] = False,
    dot: Annotated[bool, typer.Option("--dot", help="Print it for Graphviz.")] = False,
    mermaid: Annotated[bool, typer.Option("--mermaid", help="Print it for Mermaid.")] = False,
    markdown: Annotated[
        bool, typer.Option("--md", help="Print it for Mermaid, in a block of Markdown.")
    ] = False,
) -> int:
    """Draw the stages and which of them needs which.

    A few stages are boxes. More than fit the terminal are a line each, with lanes that lead from
    what makes something to what needs it.
    """
    if outs and collapse:
        raise UsageError("--outs and --collapse-foreach-matrix exclude each other")
    return quick.dag(
        target or "",
        full=full,
        outs=outs,
        collapse=collapse,
        form="dot" if dot else "md" if markdown else "mermaid" if mermaid else "",
    )
