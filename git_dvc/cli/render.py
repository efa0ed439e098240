"""Results as text or JSON: pure functions from values to what is printed.

Reports come in the shape of DVC's JSON, so that one value makes both outputs::

    {"modified": ["d/"], "renamed": [{"old": "d/2", "new": "d/two"}]}

A path that ends in ``/`` is a directory. Names are quoted where they could fool a
terminal; JSON has them as they are. ``paint`` colours, or does nothing in a pipe.

This module is on the way of ``git dvc status``, so its imports are few.
"""

from __future__ import annotations

import os

from git_dvc.errors import MOST_PATHS, path_lines, quoted
from git_dvc.terminal import human_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from git_dvc.hooks.doctor import Check
    from git_dvc.ops import cache_migrate as migration
    from git_dvc.ops import fsck as checking
    from git_dvc.ops import undo as undoing
    from git_dvc.ops.checkout import Result as CheckoutResult
    from git_dvc.ops.cloud_status import CloudStatus
    from git_dvc.ops.imports import Imported
    from git_dvc.ops.listing import Listed
    from git_dvc.ops.push import Moved
    from git_dvc.ops.resolve import Open
    from git_dvc.ops.status import OutState, Status
    from git_dvc.ops.updates import Update
    from git_dvc.ops.version import Place, Report
    from git_dvc.store.oplog import Operation, OutChange
    from git_dvc.tracked import TrackedOut

    Paint = Callable[[str, str], str]
    Shown = Callable[[str], str]

_INDENT = " " * 8
MOST_NAMES = 8
"""Names in one sentence; the rest are counted."""


def plain(text: str, style: str) -> str:
    """Paint nothing."""
    return text


def from_here(path: str, here: str | None = None) -> str:
    """Return an absolute path as seen from the current directory, keeping a last ``/``."""
    seen = os.path.relpath(path, here or os.getcwd())
    return seen + os.sep if path.endswith(("/", os.sep)) else seen


def json_line(value: object) -> str:
    """Return a value as one line of JSON, as DVC prints it."""
    import json

    return json.dumps(value)


def number_of(count: int, noun: str) -> str:
    """Return ``1 file`` or ``2 files``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def and_list(parts: Sequence[str]) -> str:
    """Return ``a, b and c``."""
    return " and ".join(part for part in (", ".join(parts[:-1]), *parts[-1:]) if part)


# -- add, commit -------------------------------------------------------------------------


def stored(
    files: int,
    size_bytes: int,
    changed: Sequence[str],
    *,
    staged: bool,
    done: Moved | None = None,
) -> str:
    """Return what ``add`` or ``commit`` did, in one line.

    Args:
        files: Number of files that entered the cache.
        size_bytes: Their size.
        changed: Pointer and ignore files that were written.
        staged: Whether they were staged.
        done: What went to a remote instead of the cache.
    """
    what = "nothing new to store"
    if done is not None:
        what = moved("sent", "to", done)
    elif files:
        what = f"stored {number_of(files, 'file')} ({human_size(size_bytes)})"
    if not changed:
        return what
    changed = list(dict.fromkeys(changed))
    names = [quoted(path) for path in changed[:MOST_NAMES]]
    if len(changed) > MOST_NAMES:
        names.append(f"{len(changed) - MOST_NAMES} more")
    return f"{what}; {'staged' if staged else 'wrote'} {and_list(names)}"


def how_to_stage(changed: Sequence[str]) -> str:
    """Return the command that stages what was written."""
    changed = list(dict.fromkeys(changed))
    names = " ".join(quoted(path) for path in changed[:MOST_NAMES])
    more = " ..." if len(changed) > MOST_NAMES else ""
    return (
        f"stage them with 'git add {names}{more}',\n"
        "or let git-dvc do it: 'git dvc config core.autostage true'"
    )


def removed(sources: Sequence[str], files: int, *, with_data: bool) -> str:
    """Return what ``remove`` did, in one line.

    Args:
        sources: Pointer files and stages.
        files: Number of data files that were deleted.
        with_data: Whether the data was to go, too.
    """
    line = f"removed {and_list([quoted(source) for source in sources])}"
    return f"{line} and {number_of(files, 'file')}" if with_data else f"{line}; the data stays"


# -- get, list ---------------------------------------------------------------------------


def got(out: str, files: int, size_bytes: int) -> str:
    """Return what ``get`` copied, in one line."""
    return f"{quoted(out)}: {number_of(files, 'file')} ({human_size(size_bytes)})"


def left_out(paths: Sequence[str]) -> str:
    """Return which links were not copied."""
    lines = "\n".join(path_lines(paths))
    return f"left out links that lead nowhere, or out of the repository:\n{lines}"


def listing(
    found: Sequence[Listed], *, tree: bool, size: bool, show_hash: bool, paint: Paint
) -> str:
    """Return a listing, one name a line.

    Args:
        found: What there is; for a tree each directory before what is in it.
        tree: Whether to draw lines to the names.
        size: Show sizes.
        show_hash: Show hashes.
        paint: Colours.
    """
    stems = _stems([one.level for one in found]) if tree else [""] * len(found)
    rows = []
    for stem, one in zip(stems, found, strict=True):
        entry = one.entry
        style = "cyan" if entry.is_dir else "bold" if entry.is_out else "green"
        plain_file = not entry.is_dir and not entry.is_out and not entry.is_exec
        name = quoted(one.name)
        row = [stem + (name if plain_file else paint(name, style))]
        if show_hash:
            row.insert(0, (entry.hash or "-").ljust(36))
        if size:
            known = entry.size_bytes is not None and (entry.is_out or not entry.is_dir)
            row.insert(0, (human_size(entry.size_bytes or 0) if known else "-").rjust(9))
        rows.append("  ".join(row))
    return "\n".join(rows)


def _stems(levels: Sequence[int]) -> list[str]:
    """Return the lines of a tree that lead to each name, from how deep it is."""
    stems = []
    last: dict[int, bool] = {}
    ends = []
    for level in reversed(levels):
        ends.append(not last.get(level, False))
        last[level] = True
        for deeper in [one for one in last if one > level]:
            del last[deeper]
    open_at: list[bool] = []
    for level, end in zip(levels, reversed(ends), strict=True):
        if level == 0:
            stems.append("")
            open_at = []
            continue
        del open_at[level - 1 :]
        stems.append(
            "".join("│   " if more else "    " for more in open_at) + ("└── " if end else "├── ")
        )
        open_at.append(not end)
    return stems


# -- push, fetch -------------------------------------------------------------------------


def moved(verb: str, word: str, done: Moved) -> str:
    """Return what went to or came from a remote, in one line."""
    what = f"{number_of(done.files, 'file')} ({human_size(done.size_bytes)})"
    if not done.files and done.manifests:
        noun = "list of files" if done.manifests == 1 else "lists of files"
        what = f"{done.manifests} {noun}"
    return f"{verb} {what} {word} '{quoted(done.remote)}'"


# -- data of others ----------------------------------------------------------------------


def copied(path: str, files: int, size_bytes: int) -> str:
    """Return what was copied, in one line."""
    return f"copied {number_of(files, 'file')} ({human_size(size_bytes)}) to {quoted(path)}"


def imported(done: Imported, name: str, changed: Sequence[str]) -> str:
    """Return what an import or an update did, in one line.

    Args:
        done: What was done.
        name: What the data is to be called: where it is from, or where it is.
        changed: Pointer and ignore files that were written, as the user sees them.
    """
    content = done.content
    if content is None:
        return f"{quoted(name)}: nothing new"
    what = f"imported {quoted(name)}: "
    if content.out.hash is None:
        what += "no data yet"
    else:
        count = 1 if content.out.nfiles is None else content.out.nfiles
        what += number_of(count, "file")
        if content.out.size is not None:
            what += f" ({human_size(content.out.size)})"
    names = and_list([quoted(path) for path in dict.fromkeys(changed)])
    return f"{what}; {'staged' if done.staged else 'wrote'} {names}"


def paths(found: Sequence[tuple[str, bool, int | None]], *, sizes: bool = False) -> str:
    """Return one line a path; directories have no size.

    Args:
        found: Path, whether it is a directory, and size in bytes, in the order of the lines.
        sizes: Show sizes in front.
    """
    return "\n".join(_with_sizes([(quoted(path), size) for path, _, size in found], sizes))


def tree(top: str, found: Sequence[tuple[str, bool, int | None]], *, sizes: bool = False) -> str:
    """Return paths as a tree, directories in their places.

    Args:
        top: What stands at the root.
        found: As for ``paths``; directories that only hold others need not be there.
        sizes: Show sizes in front.
    """
    inside: dict[str, dict[str, int | None]] = {}
    for path, _, size in found:
        parent, _, name = path.rpartition("/")
        inside.setdefault(parent, {})[name] = size
        while parent:
            parent, _, name = parent.rpartition("/")
            inside.setdefault(parent, {}).setdefault(name, None)
    lines = [(quoted(top), None), *_branches(inside, "", "")]
    return "\n".join(_with_sizes(lines, sizes))


def _branches(
    inside: Mapping[str, Mapping[str, int | None]], folder: str, indent: str
) -> Iterator[tuple[str, int | None]]:
    names = sorted(inside.get(folder, {}))
    for name in names:
        is_last = name == names[-1]
        yield f"{indent}{'└── ' if is_last else '├── '}{quoted(name)}", inside[folder][name]
        path = f"{folder}/{name}" if folder else name
        yield from _branches(inside, path, f"{indent}{'    ' if is_last else '│   '}")


def _with_sizes(lines: Sequence[tuple[str, int | None]], sizes: bool) -> list[str]:
    if not sizes:
        return [text for text, _ in lines]
    shown = ["" if size is None else human_size(size) for _, size in lines]
    width = max(map(len, shown), default=0)
    return [f"{size:>{width}}  {text}" for size, (text, _) in zip(shown, lines, strict=True)]


# -- checkout ----------------------------------------------------------------------------

_LETTERS = (("modified", "M", "yellow"), ("added", "A", "green"), ("deleted", "D", "red"))


def checkout_lines(changes: Mapping[str, Sequence[str]], paint: Paint = plain) -> str:
    """Return a line for each output: ``M``, ``A`` or ``D``, a tab, the path.

    Args:
        changes: Paths by "modified", "added" and "deleted".
        paint: Colours the letter.
    """
    lines = []
    for state, letter, style in _LETTERS:
        paths = changes.get(state, ())
        for path in sorted(paths, key=lambda path: (not path.endswith("/"), path)):
            lines.append(f"{paint(letter, style)}\t{quoted(path)}")
    return "\n".join(lines)


def checkout_result(result: CheckoutResult, shown: Shown, paint: Paint = plain) -> str:
    """Return the outputs that a checkout moved, as ``checkout_lines`` does."""
    changes = {
        "modified": [shown(path) for path in result.modified],
        "added": [shown(path) for path in result.added],
        "deleted": [shown(path) for path in result.deleted],
    }
    return checkout_lines(changes, paint)


def file_counts(counts: Mapping[str, int]) -> str:
    """Return ``2 files added and 1 file deleted``, or that nothing changed."""
    parts = [
        f"{number_of(counts[state], 'file')} {state}"
        for state, _, _ in _LETTERS
        if counts.get(state)
    ]
    return and_list(parts) or "No changes."


# -- status ------------------------------------------------------------------------------


def conflict_lines(one: Open, shown: Shown) -> list[str]:
    """Return a line for each conflict of a pointer or lock file, also if all are decided."""
    lines = []
    for conflict in one.conflicts:
        beside = f" (theirs is {quoted(shown(conflict.aside))})" if conflict.aside else ""
        lines.append(f"{quoted(shown(conflict.key))}: {quoted(conflict.why)}{beside}")
    return lines or ["nothing is open: 'git dvc resolve --merge' finishes it"]


def status(
    report: Status,
    shown: Shown,
    paint: Paint = plain,
    newer: Sequence[Update] = (),
    conflicts: Sequence[Open] = (),
    *,
    why: bool = False,
) -> str:
    """Return the report of ``status`` as text, in the order of work: add, repair, commit.

    Args:
        report: What was found.
        shown: Makes a project's path the one that the user sees from here.
        paint: Colours the entries.
        newer: Imports that have a newer version.
        conflicts: What is open in the unmerged files.
        why: Say of each stage exactly what made it stale, and what follows.
    """
    bare = [state for state in report.outs if _is_bare(state)]
    absent = [state for state in report.outs if not state.in_cache]
    changed = [
        state
        for state in report.outs
        if state.kind != "clean"
        and state not in bare
        and state.item.relpath not in report.stopped
        and (state.kind != "deleted" or state.in_cache)  # not brought yet, more than deleted
    ]
    committed = {"modified": report.changed, "added": report.added, "deleted": report.removed}
    sections = [
        _section(
            "Data in conflict",
            ['use "git dvc resolve --ours|--theirs|--union <path>..." to choose'],
            [line for one in conflicts for line in conflict_lines(one, shown)],
            "red",
            paint,
        ),
        _section(
            "Changes to be committed to Git",
            ['use "git commit" to record the pointer files'],
            _change_lines({word: map(shown, paths) for word, paths in committed.items()}),
            "green",
            paint,
        ),
        _section(
            "There only in part, as the command that was bringing it was stopped",
            ['use "git dvc checkout <path>..." to finish'],
            [
                f"{quoted(shown(state.item.shown))} (git dvc {quoted(report.stopped[path])})"
                for state in report.outs
                if (path := state.item.relpath) in report.stopped
            ],
            "red",
            paint,
        ),
        _section(
            "Changes not added",
            _ways_out(changed),
            [_changed_line(state, shown) for state in changed],
            "red",
            paint,
        ),
        _stale_stages(report, shown, paint, why=why),
        _section(
            "Not in the cache",
            _ABSENT_HINTS,
            [_absent_line(state, shown) for state in absent],
            "red",
            paint,
        ),
        _section(
            "Imports without their data",
            ['use "git dvc pull <path>..." to bring it'],
            [quoted(shown(state.item.relpath)) for state in bare],
            "red",
            paint,
        ),
        _section(
            "Imports with a newer version",
            ['use "git dvc update <path>..." to bring it'],
            [f"{quoted(shown(one.item.shown))} from {quoted(one.name)}" for one in newer],
            "yellow",
            paint,
        ),
        _section(
            "Files that cannot be used",
            [],
            [quoted(problem.message) for problem in report.problems],
            "red",
            paint,
        ),
        _section(
            "Cannot be tracked",
            ["remove them, or list them in .dvcignore"],
            [
                f"{quoted(shown(state.item.relpath + '/' + path))}: {why}"
                for state in report.outs
                for path, why in state.problems
            ],
            "red",
            paint,
        ),
    ]
    text = "\n".join(section for section in sections if section)
    if text:
        return text
    if not report.has_outputs:
        return 'no data is tracked yet (use "git dvc add <path>..." to track some)\n'
    return "nothing to add, all data is in the cache\n"


def _stale_stages(report: Status, shown: Shown, paint: Paint, *, why: bool) -> str:
    stale = [one for one in report.stages if one.is_stale]
    if not stale:
        return ""
    from git_dvc.cli import render_pipeline

    hints = ['use "git dvc repro" to bring them up to date']
    if not why:
        hints.append('use "git dvc status --why" to see all reasons')
    lines = render_pipeline.stale(stale, shown, why=why)
    return _section("Stages that are stale", hints, lines, "red", paint)


_KIND_WORDS = {"modified": "modified:", "deleted": "deleted:", "new": "new:"}


_ABSENT_HINTS = (
    'use "git dvc pull <path>..." to bring it from a remote',
    'use "git dvc add <path>..." where the data is still there',
)


def _ways_out(changed: Sequence[OutState]) -> list[str]:
    """Return what can be done about data that differs from its pointers."""
    if changed and all(state.kind == "deleted" for state in changed):
        return [
            'use "git dvc checkout <path>..." to bring them back',
            'use "git dvc remove <pointer file>..." to stop tracking them',
        ]
    verb = "commit" if any(state.item.stage for state in changed) else "add"
    hints = [f'use "git dvc {verb} <path>..." to record them']
    if any(state.kind != "new" for state in changed):
        hints.append('use "git dvc checkout -f <path>..." to discard them')
    return hints


def _is_bare(state: OutState) -> bool:
    """Return whether this is an import whose data nobody has asked for yet."""
    return state.kind == "deleted" and state.item.imported and state.item.out.hash is None


def _changed_line(state: OutState, shown: Shown) -> str:
    line = f"{_KIND_WORDS[state.kind]:<12}{quoted(shown(state.item.shown))}"
    difference = state.difference
    if not state.item.is_dir or state.kind != "modified" or difference is None:
        return line
    counts = [
        f"{len(paths)} {word}"
        for paths, word in (
            (difference.modified, "modified"),
            (difference.added, "new"),
            (difference.deleted, "deleted"),
            (difference.renamed, "renamed"),
        )
        if paths
    ]
    return f"{line} ({', '.join(counts)})" if counts else line


def _absent_line(state: OutState, shown: Shown) -> str:
    line = quoted(shown(state.item.shown))
    files = [path for path in state.absent if path]
    if not state.item.is_dir:
        return line
    if not files:
        return f"{line} (its list of files)"
    total = len(state.recorded) if state.recorded else 0
    return f"{line} ({len(files)} of {number_of(total, 'file')})" if total else line


def status_json(report: Status, shown: Shown, newer: Sequence[Update] = ()) -> dict[str, list[Any]]:
    """Return the report of ``status`` in the shape of DVC's JSON; ``{}`` if all is well."""
    deps = {one.item.relpath: {one.name: "update available"} for one in newer}
    stages = {(one.stage.lock_file, one.stage.name) for one in report.stages}
    found: dict[str, dict[str, dict[str, str]]] = {}
    for state in report.outs:
        if state.item.stage and (state.item.source, state.item.stage) in stages:
            continue
        word = state.kind if state.in_cache else "not in cache"
        parts = found.setdefault(_stage_key(state.item, shown), {})
        if state.item.relpath in deps:
            parts["changed deps"] = deps[state.item.relpath]
        if word != "clean":
            parts.setdefault("changed outs", {})[shown(state.item.relpath)] = word
    told: dict[str, list[Any]] = {
        key: [{what: values} for what, values in parts.items()]
        for key, parts in found.items()
        if parts
    }
    stale = [one for one in report.stages if one.is_stale]
    if stale:
        from git_dvc.cli import render_pipeline

        told.update(render_pipeline.stale_json(stale, shown))
    return told


def _stage_key(item: TrackedOut, shown: Shown) -> str:
    """Return what DVC calls the stage of an output: its pointer, or the stage's address."""
    if not item.stage:
        return shown(item.source)
    stages = shown(item.source.removesuffix("dvc.lock") + "dvc.yaml")
    return item.stage if stages == "dvc.yaml" else f"{stages}:{item.stage}"


# -- status -c ---------------------------------------------------------------------------


def cloud_status(report: CloudStatus, paint: Paint = plain) -> str:
    """Return ``status -c`` as text: a section for each remote and state."""
    sections = []
    for remote in report.remotes:
        name = f"the remote '{quoted(remote)}'"
        for state, title, hint, style in (
            ("new", f"Not on {name}", 'use "git dvc push" to send it', "green"),
            ("deleted", f"Only on {name}", 'use "git dvc fetch" to bring it', "yellow"),
            ("missing", f"Neither in the cache nor on {name}", "", "red"),
        ):
            lines = [
                quoted(one.path) + (f" (in {one.commit[:7]})" if one.commit else "")
                for one in report.differences
                if (one.remote, one.state) == (remote, state)
            ]
            sections.append(_section(title, [hint] if hint else [], lines, style, paint))
    text = "\n".join(section for section in sections if section)
    if text or report.problems:
        return text
    names = [f"'{quoted(remote)}'" for remote in report.remotes]
    noun = "remote" if len(names) == 1 else "remotes"
    return f"cache and {noun} {and_list(names)} are in sync\n"


# -- data status -------------------------------------------------------------------------

_WORDS = {
    "modified": "modified:",
    "added": "new:",
    "deleted": "deleted:",
    "renamed": "renamed:",
    "unknown": "unknown:",
}


def _change_lines(changes: Mapping[str, Iterable[Any]]) -> list[str]:
    """Return ``modified:   data/`` for each change, by path."""
    found = []
    for state, paths in changes.items():
        for path in paths:
            if isinstance(path, dict):
                old, new = path["old"], path["new"]
                found.append((old, f"{_WORDS[state]:<12}{quoted(old)} -> {quoted(new)}"))
            else:
                found.append((path, f"{_WORDS.get(state, state + ':'):<12}{quoted(path)}"))
    return [line for _, line in sorted(found)]


def _section(
    title: str, hints: Sequence[str], lines: Sequence[str], style: str, paint: Paint
) -> str:
    if not lines:
        return ""
    shown = [f"{title}:", *(f"  ({hint})" for hint in hints)]
    shown.extend(_INDENT + paint(line, style) for line in lines)
    return "\n".join(shown) + "\n"


def data_status(report: Mapping[str, Any], paint: Paint = plain) -> str:
    """Return ``data status`` as text.

    Args:
        report: Its JSON; sections that are missing or empty are left out.
        paint: Colours the entries.
    """
    sections = [
        _section(
            "Not in the cache",
            _ABSENT_HINTS,
            [quoted(path) for path in report.get("not_in_cache", ())],
            "red",
            paint,
        ),
        _section(
            "Not on the remote",
            ['use "git dvc push <path>..." to send it'],
            [quoted(path) for path in report.get("not_in_remote", ())],
            "red",
            paint,
        ),
        _section(
            "Changes to be committed to Git",
            ['use "git commit" to record the pointer files'],
            _change_lines(report.get("committed", {})),
            "green",
            paint,
        ),
        _section(
            "Changes not added",
            [
                'use "git dvc add <path>..." to record them',
                'use "git dvc checkout -f <path>..." to discard them',
            ],
            _change_lines(report.get("uncommitted", {})),
            "yellow",
            paint,
        ),
        _section(
            "Untracked files",
            ['use "git add <file>..." or "git dvc add <path>..." to track them'],
            [quoted(path) for path in report.get("untracked", ())],
            "cyan",
            paint,
        ),
        _section(
            "Unchanged",
            [],
            [quoted(path) for path in report.get("unchanged", ())],
            "dim",
            paint,
        ),
    ]
    return "\n".join(section for section in sections if section) or "No changes.\n"


# -- diff --------------------------------------------------------------------------------

_DIFF_STATES = (
    ("added", "green"),
    ("deleted", "red"),
    ("renamed", "green"),
    ("modified", "yellow"),
    ("not in cache", "yellow"),
)


def _diff_path(entry: Mapping[str, Any]) -> str:
    path = entry["path"]
    if isinstance(path, str):
        return quoted(path)
    return f"{quoted(path['old'])} -> {quoted(path['new'])}"


def _short_hash(entry: Mapping[str, Any]) -> str:
    value = entry.get("hash") or ""
    if isinstance(value, str):
        return value[:8]
    return f"{value['old'][:8]}..{value['new'][:8]}"


def diff(report: Mapping[str, Any], paint: Paint = plain) -> str:
    """Return ``diff`` as text: a section for each kind of change, and a summary.

    Args:
        report: Its JSON; entries with a ``hash`` show eight digits of it.
        paint: Colours the titles.
    """
    sections, counts = [], []
    for state, style in _DIFF_STATES:
        entries = report.get(state) or ()
        if not entries:
            continue
        lines = [f"{paint(state.capitalize(), style)}:"]
        for entry in entries:
            digits = _short_hash(entry)
            lines.append(f"    {digits + '  ' if digits else ''}{_diff_path(entry)}")
        sections.append("\n".join(lines) + "\n")
        files = [entry for entry in entries if not _diff_path(entry).endswith("/")]
        if files:
            counts.append(f"{len(files)} {state}")
    if counts:
        sections.append(f"files summary: {', '.join(counts)}\n")
    return "\n".join(sections)


def diff_markdown(report: Mapping[str, Any], *, show_hash: bool = False) -> str:
    """Return ``diff --md``: one table."""
    heads = ["Status", "Hash", "Path"] if show_hash else ["Status", "Path"]
    rows = []
    for state, _ in _DIFF_STATES:
        for entry in report.get(state) or ():
            path = _diff_path(entry)
            rows.append([state, _short_hash(entry), path] if show_hash else [state, path])
    return markdown_table(heads, rows)


def markdown_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown with its columns aligned."""
    cells = [list(heads), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    lines = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in cells]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines) + "\n"


# -- fsck --------------------------------------------------------------------------------


def fsck(result: checking.Result, shown: Shown, paint: Paint = plain) -> str:
    """Return what ``fsck`` found, with every path that needs something that is not right."""
    lines = [checked_objects("", result.checked, result.size_bytes, result.skipped)]
    if result.damaged:
        lines += ["", "Damaged objects, set aside:"]
        lines += [
            f"{_INDENT}{paint(value, 'red')} -> {quoted(place)}"
            for (_, value), place in sorted(result.damaged.items())
        ]
    if result.unreadable:
        lines += ["", "Objects that cannot be read:"]
        lines += [
            f"{_INDENT}{quoted(path)}: {why}" for path, why in sorted(result.unreadable.items())
        ]
    if result.healed:
        lines += ["", "Repaired:"]
        healed = sorted(result.healed.items())
        lines += [
            f"{_INDENT}{paint(value, 'green')} <- {quoted(source)}"
            for (_, value), source in healed[:MOST_PATHS]
        ]
        if len(healed) > MOST_PATHS:
            lines.append(f"{_INDENT}... and {len(healed) - MOST_PATHS} more")
    if result.needs:
        lines += ["", "Needed by:", *needs(result.needs, shown, paint)]
    elif result.bad:
        lines += ["", "No pointer file of the work tree, of a branch or of a tag needs them."]
    if result.is_good:
        lines.append("all is well")
    return "\n".join(lines) + "\n"


def checked_objects(where: str, count: int, size_bytes: int, skipped: int) -> str:
    """Return how much was read, and what a sample left out."""
    text = f"{where}checked {number_of(count, 'object')} ({human_size(size_bytes)})"
    return f"{text}, left out {skipped}" if skipped else text


def needs(found: Iterable[checking.Need], shown: Shown, paint: Paint = plain) -> list[str]:
    """Return a line for each path that needs what is not right."""
    return [
        f"{_INDENT}{paint(f'{need.state}:'.ljust(11), 'red')}{quoted(shown(need.path))}"
        f" ({_revs(need.revs)})"
        for need in found
    ]


def _revs(revs: Sequence[str]) -> str:
    names = [quoted(rev) for rev in revs[:MOST_NAMES]]
    if len(revs) > MOST_NAMES:
        names.append(f"{len(revs) - MOST_NAMES} more")
    return ", ".join(names)


# -- cache migrate -----------------------------------------------------------------------


def migrated(result: migration.Result, shown: Shown, *, dry: bool = False) -> str:
    """Return what ``cache migrate`` did, or would do."""
    verb = "would migrate" if dry else "migrated"
    lines = [f"{verb} {number_of(result.objects, 'object')} to the layout of DVC 3"]
    if not result.objects and not result.pointers and result.is_complete:
        lines = ["there is nothing in the layout of DVC 2"]
    verb = "would rewrite" if dry else "rewrote"
    lines += [f"{verb} {quoted(shown(path))}" for path in result.pointers]
    troubles = (
        (
            "Damaged objects, set aside",
            [f"{value} -> {quoted(place)}" for value, place in sorted(result.damaged.items())],
        ),
        (
            "Objects that cannot be read",
            [f"{quoted(path)}: {why}" for path, why in sorted(result.unreadable.items())],
        ),
        ("Directories of which the cache lacks files, left as they are", result.incomplete),
        (
            "Not in the cache, so their pointer files were left as they are",
            [quoted(shown(path)) for path in result.skipped],
        ),
    )
    for title, listed in troubles:
        if listed:
            lines += ["", f"{title}:", *(_INDENT + line for line in listed)]
    return "\n".join(lines) + "\n"


# -- version -----------------------------------------------------------------------------


def version(report: Report) -> str:
    """Return the report of ``version``: a line for each fact, fit for a bug report."""
    lines = [
        f"git-dvc {report.program}",
        f"python {report.python} on {report.system}",
        f"git {report.git}",
    ]
    here = report.here
    if here is None:
        lines.append("project: none here")
        return "\n".join(lines) + "\n"
    lines.append(f"project: {_place(here.work_tree)}")
    lines.append(f"kind: {quoted(here.kind)}")
    lines.append(f"cache: {_place(here.cache)}")
    if here.links:
        works = ", ".join(f"{kind} {'yes' if ok else 'no'}" for kind, ok in here.links.items())
        used = next((kind for kind in here.chosen if here.links.get(kind)), "none of them")
        lines.append(f"links: {works} (cache.type = {','.join(here.chosen)}: {used} is used)")
    else:
        lines.append("links: unknown (cannot write here)")
    if here.hooks:
        lines.append(f"hooks: {_hooks(here.hooks)}")
    for level, path in here.configs.items():
        lines.append(f"config: {quoted(path)} ({level})")
    return "\n".join(lines) + "\n"


def _hooks(states: Mapping[str, str]) -> str:
    """Return ``installed``, or the hooks by how they stand."""
    by_state: dict[str, list[str]] = {}
    for name, how in states.items():
        by_state.setdefault(how, []).append(name)
    if len(by_state) == 1:
        return next(iter(by_state))
    return "; ".join(f"{', '.join(names)} {how}" for how, names in by_state.items())


def doctor(checks: Sequence[Check], paint: Paint) -> str:
    """Return what ``doctor`` looked at, a line each, and below it what to type."""
    longest = max(len(check.what) for check in checks)
    lines = []
    for check in checks:
        mark = "ok" if check.ok else "NO"
        word = paint(mark, "green" if check.ok else "red")
        lines.append(f"{word}  {check.what.ljust(longest)}  {check.how}")
    needed = dict.fromkeys(check.repair for check in checks if not check.ok)
    # What makes way for ours comes before ours.
    repairs = sorted(needed, key=lambda repair: repair.startswith("git dvc install"))
    if repairs:
        lines += ["", "to repair this, type:", *(f"    {repair}" for repair in repairs)]
    else:
        lines += ["", "all is well: data follows Git here"]
    return "\n".join(lines) + "\n"


def doctor_json(report: Report, checks: Sequence[Check]) -> dict[str, Any]:
    """Return what ``doctor --json`` writes."""
    here = report.here
    return {
        "git-dvc": report.program,
        "python": report.python,
        "system": report.system,
        "git": report.git,
        "project": here.work_tree.path if here is not None else None,
        "cache": here.cache.path if here is not None else None,
        "links": dict(here.links) if here is not None else {},
        "hooks": dict(here.hooks) if here is not None else {},
        "checks": [check._asdict() for check in checks],
    }


def _place(place: Place) -> str:
    return quoted(place.path) + (f" ({place.file_system})" if place.file_system else "")


# -- undo, op log ------------------------------------------------------------------------


def undone(result: undoing.Result, shown: Shown, paint: Paint = plain, *, dry: bool = False) -> str:
    """Return what ``undo`` did, or would do."""
    words = "did again" if result.redo else "took back"
    if dry:
        words = "would do again" if result.redo else "would take back"
    lines = [f"{words} {result.operation.id}: {quoted(result.operation.command)}"]
    changes = {
        "modified": [shown(path) for path in (*result.restored, *result.modified)],
        "added": [shown(path) for path in result.added],
        "deleted": [shown(path) for path in (*result.removed, *result.deleted)],
    }
    lines += checkout_lines(changes, paint).splitlines()
    if result.brought_back:
        verb = "would bring back" if dry else "brought back"
        count = number_of(len(result.brought_back), "file")
        lines.append(f"{verb} {count} that --force had discarded")
    if result.left_staged:
        names = and_list([quoted(shown(path)) for path in result.left_staged[:MOST_NAMES]])
        lines.append(f"left as staged, for it is not what was staged then: {names}")
    return "\n".join(lines) + "\n"


def undone_json(result: undoing.Result, shown: Shown) -> dict[str, Any]:
    """Return what ``undo`` did as values for JSON."""
    listed = ("restored", "removed", "modified", "added", "deleted", "brought_back", "differs")
    return {
        "operation": result.operation.id,
        "redo": result.redo,
        **{name: [shown(path) for path in getattr(result, name)] for name in listed},
        "kept": [shown(path) for path in result.kept],
        "missing": {shown(path): value for path, value in result.missing.items()},
        "blocked": {shown(path): why for path, why in result.blocked.items()},
    }


_ACTS = {"place": "data of", "record": "recorded", "move": "moved", "unprotect": "unprotected"}


def operations(
    listed: Sequence[Operation], undone: Mapping[str, str], shown: Shown, paint: Paint = plain
) -> str:
    """Return operations as text: a line for each, and what it touched below."""
    import time

    lines = []
    for one in listed:
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(one.time_s))
        marks = _marks(one, undone)
        mark = f" ({', '.join(marks)})" if marks else ""
        command = paint(quoted(one.command), "dim") if one.id in undone else quoted(one.command)
        lines.append(f"{paint(one.id, 'yellow')}  {when}  {command}{mark}")
        touched = [_touched(change, shown) for change in one.outs]
        touched += [quoted(shown(change.relpath)) for change in one.files]
        if len(touched) > MOST_NAMES:
            touched[MOST_NAMES:] = [f"{len(touched) - MOST_NAMES} more"]
        lines.append(f"{_INDENT}{', '.join(touched)}")
    return "\n".join(lines) + "\n"


def _marks(one: Operation, undone: Mapping[str, str]) -> list[str]:
    marks = []
    if one.undoes:
        marks.append(f"{'redo' if one.kind == 'redo' else 'undo'} of {one.undoes}")
    if one.id in undone:
        marks.append(f"taken back by {undone[one.id]}")
    if not one.finished:
        marks.append("not finished")
    if one.damaged:
        marks.append("record damaged")
    return marks


def _touched(change: OutChange, shown: Shown) -> str:
    text = f"{_ACTS[change.act]} {quoted(shown(change.relpath))}"
    if change.origin:
        text = f"moved {quoted(shown(change.origin))} to {quoted(shown(change.relpath))}"
    if change.before.kept:
        text += f" ({number_of(len(change.before.kept), 'discarded file')} kept)"
    return text


def operation_json(one: Operation, undone: Mapping[str, str], shown: Shown) -> dict[str, Any]:
    """Return an operation as values for JSON."""
    from datetime import datetime, timezone

    return {
        "id": one.id,
        "time": datetime.fromtimestamp(one.time_s, timezone.utc).isoformat(timespec="seconds"),
        "kind": one.kind,
        "command": one.command,
        "undoes": one.undoes or None,
        "undone_by": undone.get(one.id),
        "finished": one.finished,
        "outputs": [
            {
                "path": shown(change.relpath),
                "act": change.act,
                **({"from": shown(change.origin)} if change.origin else {}),
                "kept": sorted(change.before.kept),
            }
            for change in one.outs
        ],
        "files": [shown(change.relpath) for change in one.files],
    }
