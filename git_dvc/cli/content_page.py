"""``diff --content --html``: the same as a page, with images side by side.

One file that needs nothing else: no script, no font, no network. What it shows comes from
anybody's data, so all of it is escaped, and the page forbids its own scripts as well.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from html import escape

from git_dvc.cli.render_content import about, clean, facts_to_show, left_out, name_of
from git_dvc.compare.content.report import (
    Block,
    Lines,
    Pictures,
    Report,
    Row,
    Table,
    shown,
)
from git_dvc.ops.content import FileChange, Found

TYPE_CHECKING = False
if TYPE_CHECKING:
    from git_dvc.cli.render import Shown

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_SMALL_PIXELS = 256
"""Images that are not this wide are shown larger than they are."""
_MARKS = {"+": "added", "-": "removed", "~": "changed", "@": "place"}

_STYLE = """
:root { color-scheme: light dark; --back: #fff; --text: #1f2328; --dim: #59636e; --line: #d1d9e0;
  --box: #f6f8fa; --added: #dafbe1; --removed: #ffebe9; --changed: #fff8c5; --link: #0969da; }
@media (prefers-color-scheme: dark) {
  :root { --back: #0d1117; --text: #e6edf3; --dim: #9198a1; --line: #3d444d; --box: #151b23;
    --added: #12361f; --removed: #4c1d1d; --changed: #3b2e0a; --link: #58a6ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem; max-width: 90rem; background: var(--back);
  color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; }
a { color: var(--link); text-decoration: none; } a:hover { text-decoration: underline; }
p { margin: .4rem 0; } .dim, caption { color: var(--dim); }
nav ol { columns: 26rem; padding-left: 1.5rem; }
nav li { break-inside: avoid; overflow-wrap: anywhere; }
details { border: 1px solid var(--line); border-radius: 8px; margin: 1rem 0; overflow: hidden; }
summary { background: var(--box); padding: .6rem .9rem; cursor: pointer; overflow-wrap: anywhere; }
summary b { font-weight: 600; }
details > div { padding: .5rem .9rem .9rem; }
.badge { display: inline-block; border-radius: 1em; padding: 0 .6em; font-size: .85em;
  border: 1px solid var(--line); margin-right: .4em; }
.added { background: var(--added); } .removed, .deleted { background: var(--removed); }
.changed, .modified { background: var(--changed); }
.error { background: var(--removed); padding: .3rem .6rem; border-radius: 6px; }
.scroll { overflow-x: auto; max-width: 100%; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9em; }
caption { text-align: left; padding: .3rem 0; font-weight: 600; }
th, td { border: 1px solid var(--line); padding: .15rem .5rem; text-align: left;
  vertical-align: top; max-width: 40rem; overflow-wrap: anywhere; }
th { background: var(--box); position: sticky; top: 0; }
td.number { text-align: right; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: .4rem 0; }
dt { color: var(--dim); } dd { margin: 0; overflow-wrap: anywhere; }
pre { margin: .4rem 0; font: 13px/1.45 ui-monospace, monospace; border: 1px solid var(--line);
  border-radius: 6px; overflow-x: auto; }
pre span { display: block; padding: 0 .6rem; min-width: max-content; min-height: 1.45em; }
pre .place { background: var(--box); color: var(--dim); }
.pictures { display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-start; }
figure { margin: 0; flex: 1 1 16rem; max-width: 100%; min-width: 0; }
figcaption { color: var(--dim); padding-bottom: .2rem; }
img { display: block; max-width: 100%; border: 1px solid var(--line); background:
  repeating-conic-gradient(#bbb 0 25%, #eee 0 50%) 0 0/16px 16px; }
img.small { width: 16rem; image-rendering: pixelated; }
"""


def page(found: Found, sides: Sequence[str], seen: Shown = str) -> str:
    """Return the page.

    Args:
        found: What differs.
        sides: The two versions, as they are called.
        seen: Turns a path of the project into the one to show.
    """
    old, new = (_text(side) for side in sides)
    title = f"Changes from {old} to {new}"
    body = [f"<h1>{title}</h1>", f'<p class="dim">{_counts(found)}</p>']
    if len(found.files) > 1:
        body.append("<nav><ol>")
        for number, change in enumerate(found.files):
            summary = change.report.summary if change.report is not None else ""
            body.append(
                f'<li><a href="#f{number}">{_text(name_of(change, seen))}</a> '
                f'<span class="dim">{_text(summary)}</span></li>'
            )
        body.append("</ol></nav>")
    for number, change in enumerate(found.files):
        body.append(f'<details open id="f{number}"><summary>{_head(change, seen)}</summary><div>')
        body += _inside(change, sides)
        body.append("</div></details>")
    body += [f'<p class="error">{_text(line)}</p>' for line in left_out(found, seen)]
    content = "\n".join(body)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style></head>\n<body>\n{content}\n"
        "</body></html>\n"
    )


def _text(words: str) -> str:
    return escape(clean(words))


def _counts(found: Found) -> str:
    counts: dict[str, int] = {}
    for change in found.files:
        counts[change.status] = counts.get(change.status, 0) + 1
    return ", ".join(f"{count:,} {status}" for status, count in counts.items()) or "no differences"


def _head(change: FileChange, seen: Shown) -> str:
    more = about(change)
    return (
        f'<span class="badge {change.status}">{change.status}</span>'
        f"<b>{_text(name_of(change, seen))}</b> "
        f'<span class="dim">{_text(more)}</span>'
    )


def _inside(change: FileChange, sides: Sequence[str]) -> Iterator[str]:
    if change.problem:
        yield f'<p class="error">not compared: {_text(change.problem)}</p>'
    report = change.report
    if report is not None:
        yield from _report(report, sides)


def _report(report: Report, sides: Sequence[str]) -> Iterator[str]:
    if report.summary:
        yield f"<p>{_text(report.summary)}</p>"
    yield from (f'<p class="dim">{_text(note)}</p>' for note in report.notes)
    facts = facts_to_show(report)
    if facts:
        rows = "".join(f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>" for name, value in facts)
        yield f"<dl>{rows}</dl>"
    for block in report.blocks:
        yield from _block(block, sides)


def _block(block: Block, sides: Sequence[str]) -> Iterator[str]:
    if isinstance(block, Pictures):
        names = {"old": sides[0], "new": sides[1]}
        yield '<div class="pictures">'
        for picture in block.pictures:
            name = _text(names.get(picture.title, picture.title))
            data = base64.b64encode(picture.data).decode("ascii")
            small = ' class="small"' if 0 < picture.width < _SMALL_PIXELS else ""
            source = f"data:{escape(picture.mime)};base64,{data}"
            yield f'<figure><figcaption>{name}</figcaption><img{small} alt="{name}" src="{source}">'
            yield "</figure>"
        yield "</div>"
        return
    if isinstance(block, Lines):
        spans = "".join(
            f'<span class="{_MARKS.get(line[:1], "")}">{_line(line)}</span>' for line in block.lines
        )
        yield f"<pre>{spans}</pre>"
    elif isinstance(block, Table):
        yield from _table(block)
    if block.more:
        yield f'<p class="dim">... {block.more:,} more</p>'


def _line(line: str) -> str:
    return "\t".join(_text(part) for part in line.split("\t"))


def _table(block: Table) -> Iterator[str]:
    yield '<div class="scroll"><table>'
    if block.title:
        yield f"<caption>{_text(block.title)}</caption>"
    yield "<tr>" + "".join(f"<th>{_text(head)}</th>" for head in block.heads) + "</tr>"
    yield from (_row(row) for row in block.rows)
    yield "</table></div>"


def _row(row: Row) -> str:
    cells = "".join(f"<td{_align(cell)}>{_text(shown(cell, 500))}</td>" for cell in row.cells)
    return f'<tr class="{_MARKS.get(row.mark, "")}">{cells}</tr>'


def _align(cell: str) -> str:
    try:
        float(cell.replace(",", ""))
    except ValueError:
        return ""
    return ' class="number"'
