"""Stages as text: lists of them, and their graph as boxes, DOT or Mermaid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from git_dvc.errors import quoted
from git_dvc.ops.dag import Dag
from git_dvc.pipeline import layout

MOST_TEXT = 80
"""Columns of a description."""


def stages(rows: Sequence[tuple[str, str]]) -> str:
    """Return a line for each stage: its name and what it is.

    Args:
        rows: Name and description, which may be ''.
    """
    shown = [(quoted(name), _cut(quoted(about))) for name, about in rows]
    wide = max((layout.columns(name) for name, _ in shown), default=0)
    return "\n".join(
        f"{name}{' ' * (wide - layout.columns(name))}  {about}".rstrip() if about else name
        for name, about in shown
    )


def _cut(text: str) -> str:
    return text if len(text) <= MOST_TEXT else text[: MOST_TEXT - 1] + "…"


def drawing(found: Dag, width: int) -> str:
    """Return a graph as boxes and lines, or with a line for each node."""
    label = {node: quoted(node) for node in found.nodes}
    needs = {label[node]: [label[one] for one in needed] for node, needed in found.needs.items()}
    return layout.draw([label[node] for node in found.nodes], needs, width)


def dot(found: Dag) -> str:
    """Return a graph for Graphviz, from what is made to what needs it."""
    name = {node: _dot_name(node) for node in found.nodes}
    nodes = [f"{name[node]};" for node in found.nodes]
    edges = [f"{name[need]} -> {name[node]};" for need, node in found.edges]
    return "\n".join(["strict digraph {", *nodes, *edges, "}"])


def _dot_name(node: str) -> str:
    return '"' + _plain(node).replace("\\", "\\\\").replace('"', '\\"') + '"'


def mermaid(found: Dag, *, markdown: bool = False) -> str:
    """Return a graph for Mermaid, as GitHub and GitLab show it in a Markdown file.

    Args:
        found: The graph.
        markdown: In a fenced block.
    """
    lines = ["flowchart TD"]
    ids: dict[str, str] = {}
    for part in layout.components(found.nodes, found.needs):
        for node in sorted(part):
            ids[node] = f"node{len(ids) + 1}"
            lines.append(f'\t{ids[node]}["{_mermaid_text(node)}"]')
        inside = [edge for edge in found.edges if edge[1] in part]
        lines += [f"\t{ids[need]}-->{ids[node]}" for need, node in sorted(inside)]
    return "\n".join(["```mermaid", *lines, "```"] if markdown else lines)


def _mermaid_text(node: str) -> str:
    escapes: Mapping[str, str] = {'"': "#quot;", "#": "#35;", "<": "#lt;", ">": "#gt;", "`": "#96;"}
    return "".join(escapes.get(one, one) for one in _plain(node))


def _plain(text: str) -> str:
    """Return text without what could move a terminal's cursor or end a line."""
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text
    )
