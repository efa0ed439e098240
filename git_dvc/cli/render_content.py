"""``diff --content`` as text and Markdown: one section a file, made of what any report has.

What files hold is shown without control characters: a cell could fool a terminal as a name can.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from git_dvc.cli.render import and_list, number_of, plain
from git_dvc.compare.content.report import (
    ADDED,
    CHANGED,
    REMOVED,
    Block,
    Fact,
    Lines,
    Report,
    Row,
    Table,
    shown,
)
from git_dvc.errors import quoted
from git_dvc.ops.content import FileChange, Found, Version
from git_dvc.terminal import human_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from git_dvc.cli.render import Paint, Shown

_STYLES = {ADDED: "green", REMOVED: "red", CHANGED: "yellow"}
_FILE_STYLES = {"added": "green", "deleted": "red", "modified": "yellow", "renamed": "cyan"}
_WIDEST_CELL = 40
_INDENT = "    "


def clean(text: str) -> str:
    """Return text on one line and without control characters."""
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text
    )


def name_of(change: FileChange, seen: Shown) -> str:
    """Return the path of a file, or both if it was renamed."""
    if change.old_path != change.path:
        return f"{quoted(seen(change.old_path))} -> {quoted(seen(change.path))}"
    return quoted(seen(change.path))


def facts_to_show(report: Report) -> list[tuple[str, str]]:
    """Return name and text of the facts that say something: what differs."""
    found = []
    for fact in report.facts:
        if fact.old != fact.new:
            found.append((clean(fact.name), _change(fact)))
    return found


def _change(fact: Fact) -> str:
    old, new = (None if one is None else clean(_number(one)) for one in fact[1:])
    if old is None or new is None:
        return old or new or ""
    text = f"{old} -> {new}"
    if type(fact.old) is int and type(fact.new) is int:
        text += f" ({fact.new - fact.old:+,})"
    return text


def _number(value: object) -> str:
    return f"{value:,}" if type(value) is int else shown(value)


def about(change: FileChange) -> str:
    """Return ``table, 1.20 KiB -> 1.30 KiB``."""
    sizes = [
        human_size(one.size_bytes)
        for one in (change.old, change.new)
        if isinstance(one, Version) and one.size_bytes is not None
    ]
    kind = [change.report.kind] if change.report is not None else []
    return ", ".join([*kind, " -> ".join(dict.fromkeys(sizes))] if sizes else kind)


def left_out(found: Found, seen: Shown) -> Iterator[str]:
    """Yield what to say of files that were not compared."""
    if found.more:
        yield (
            f"{number_of(found.more, 'more file')} differ{'s' if found.more == 1 else ''}, "
            "see 'git dvc diff'; --max-files looks into more"
        )
    for path, revs in found.missing.items():
        where = and_list([quoted(rev) for rev in revs])
        yield f"{quoted(seen(path))}/ differs; the list of its files at {where} is not in the cache"


# -- text -----------------------------------------------------------------------------------


def text(found: Found, seen: Shown = str, paint: Paint = plain, width: int = 120) -> str:
    """Return what differs inside files, for a terminal of some width."""
    sections = []
    for change in found.files:
        head = paint(f"{change.status}: {name_of(change, seen)}", _FILE_STYLES[change.status])
        more = about(change)
        lines = [head + (f" ({more})" if more else "")]
        lines += [_INDENT + line for line in _inside(change, paint, width - len(_INDENT))]
        sections.append("\n".join(lines) + "\n")
    rest = "".join(f"{line}\n" for line in left_out(found, seen))
    return "\n".join([*sections, *([rest] if rest else [])])


def _inside(change: FileChange, paint: Paint, width: int) -> Iterator[str]:
    if change.problem:
        yield paint(f"not compared: {clean(change.problem)}", "red")
    report = change.report
    if report is None:
        return
    for note in report.notes:
        yield paint(f"({clean(note)})", "dim")
    if report.summary:
        yield clean(report.summary)
    facts = facts_to_show(report)
    most = max((len(name) for name, _ in facts), default=0)
    for name, value in facts:
        yield f"{name:<{most}}  {value}"
    for block in report.blocks:
        yield from _block(block, paint, width)


def _block(block: Block, paint: Paint, width: int) -> Iterator[str]:
    if isinstance(block, Lines):
        for line in block.lines:
            style = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1])
            safe = "\t".join(map(clean, line.split("\t")))
            yield paint(safe, style) if style else safe
        if block.more:
            yield paint(f"... {number_of(block.more, 'more line')}", "dim")
    elif isinstance(block, Table):
        yield from _table(block, paint, width)


def _table(block: Table, paint: Paint, width: int) -> Iterator[str]:
    heads = tuple(_cut(clean(head)) for head in block.heads)
    rows = [tuple(map(clean, row.cells)) for row in block.rows]
    widths = [min(_WIDEST_CELL, max(map(len, column))) for column in zip(heads, *rows, strict=True)]
    # The last column has all the rest of the line.
    rest = max(_WIDEST_CELL, width - 2 - sum(size + 2 for size in widths[:-1]))
    widths[-1] = min(rest, max(len(row[-1]) for row in [heads, *rows]))
    rows = [tuple(map(_cut, cells, widths)) for cells in rows]
    kept = 0
    used = 2
    for size in widths:
        if kept and used + size > width - 4 and kept < len(heads) - 1:
            break
        used += size + 2
        kept += 1
    beyond = len(heads) - kept
    right = [all(map(_is_number, column)) for column in zip(*rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        places = [
            cell.rjust(size) if is_right else cell.ljust(size)
            for cell, size, is_right in zip(cells[:kept], widths, right, strict=False)
        ]
        return "  ".join(places).rstrip() + ("  ..." if beyond else "")

    if block.title:
        yield paint(f"{block.title}:", "bold")
    yield paint(f"  {line(heads)}", "dim")
    for row, cells in zip(block.rows, rows, strict=True):
        shown_row = f"{row.mark or ' '} {line(cells)}"
        yield paint(shown_row, _STYLES[row.mark]) if row.mark in _STYLES else shown_row
    if beyond:
        yield paint(f"... {number_of(beyond, 'more column')}", "dim")
    if block.more:
        yield paint(f"... {block.more:,} more", "dim")


def _cut(cell: str, most: int = _WIDEST_CELL) -> str:
    return cell if len(cell) <= most else cell[: max(0, most - 3)] + "..."


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "") or "0")
    except ValueError:
        return False
    return True


# -- Markdown -------------------------------------------------------------------------------


def markdown(found: Found, seen: Shown = str) -> str:
    """Return what differs inside files, for a review."""
    parts = []
    for change in found.files:
        lines = [f"### {change.status}: {_code(name_of(change, seen))}", ""]
        more = about(change)
        if more:
            lines += [_safe(more), ""]
        lines += _markdown_inside(change)
        parts.append("\n".join(lines).rstrip("\n") + "\n")
    parts += [f"{_safe(line)}\n" for line in left_out(found, seen)]
    return "\n".join(parts)


def _markdown_inside(change: FileChange) -> Iterator[str]:
    if change.problem:
        yield f"**not compared**: {_safe(change.problem)}"
        yield ""
    report = change.report
    if report is None:
        return
    for note in report.notes:
        yield f"*{_safe(note)}*"
        yield ""
    if report.summary:
        yield f"**{_safe(report.summary)}**"
        yield ""
    facts = facts_to_show(report)
    yield from (f"- {_safe(name)}: {_safe(value)}" for name, value in facts)
    if facts:
        yield ""
    for block in report.blocks:
        if isinstance(block, Lines):
            yield from _fenced(block.lines)
        elif isinstance(block, Table):
            yield from _markdown_table(block)
        if not isinstance(block, (Lines, Table)):
            continue
        if block.more:
            yield f"... {block.more:,} more"
            yield ""


def _fenced(lines: Sequence[str]) -> Iterator[str]:
    fence = "```"
    while any(fence in line for line in lines):
        fence += "`"
    yield f"{fence}diff"
    yield from ("\t".join(map(clean, line.split("\t"))) for line in lines)
    yield fence
    yield ""


def _markdown_table(block: Table) -> Iterator[str]:
    if block.title:
        yield f"{_safe(block.title)}:"
        yield ""
    rows: list[Row] = [Row("", block.heads), *block.rows]
    cells = [[row.mark, *(_cell(cell) for cell in row.cells)] for row in rows]
    widths = [max(3, *map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in cells]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    yield from lines
    yield ""


def _cell(cell: str) -> str:
    return _safe(shown(cell, 500)).replace("|", "\\|")


def _safe(words: str) -> str:
    """Return text that Markdown shows as it is: no tags, no links, no emphasis."""
    escapes: Callable[[str], str] = {
        "<": "&lt;", ">": "&gt;", "&": "&amp;", "[": "\\[", "]": "\\]", "`": "\\`", "*": "\\*",
        "\\": "\\\\",
    }.get  # type: ignore[assignment]  # fmt: skip
    return "".join(escapes(one) or one for one in clean(words).replace("->", "→"))


def _code(name: str) -> str:
    return f"`{name}`" if "`" not in name else _safe(name)
