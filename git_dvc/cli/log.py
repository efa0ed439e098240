"""``git dvc log``; the work is in ``ops/log.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from git_dvc.cli.console import console

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from git_dvc.ops.log import File, Version

EXAMPLES = """
git dvc log data                         # all commits that changed it
git dvc log --oneline -n 5 data/train    # a directory inside it
git dvc log -p data/train/cat.1.jpg      # one file, across renames
git dvc log v1.0..main                   # all data, in a range
git dvc log --all --since=2.weeks model.h5
"""


def log(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="rev|path",
            help="Revisions and ranges, then data paths, pointer files, or paths inside tracked "
            "directories; none means HEAD and all data.",
            show_default=False,
        ),
    ] = None,
    most: Annotated[
        int | None,
        typer.Option("-n", "--max-count", min=0, metavar="<number>", help="Show so many commits."),
    ] = None,
    oneline: Annotated[bool, typer.Option("--oneline", help="One line for each commit.")] = False,
    files: Annotated[
        bool, typer.Option("-p", "--files", help="List the files that changed, with their sizes.")
    ] = False,
    every: Annotated[
        bool, typer.Option("--all", help="Start from all branches and tags, not from HEAD.")
    ] = False,
    since: Annotated[
        str | None,
        typer.Option("--since", "--after", metavar="<date>", help="Commits after this."),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option("--until", "--before", metavar="<date>", help="Commits before this."),
    ] = None,
    author: Annotated[
        str | None, typer.Option("--author", metavar="<pattern>", help="Commits of this author.")
    ] = None,
    grep: Annotated[
        str | None, typer.Option("--grep", metavar="<pattern>", help="Messages that match.")
    ] = None,
    first_parent: Annotated[
        bool, typer.Option("--first-parent", help="Leave out what a merge brought in.")
    ] = False,
    follow: Annotated[
        bool,
        typer.Option("--follow/--no-follow", help="Go on with the old name of renamed data."),
    ] = True,
    reverse: Annotated[bool, typer.Option("--reverse", help="Oldest first.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, on one line.")] = False,
) -> None:
    """Show the history of data: which commits changed it, and what each of them changed."""
    import itertools

    from git_dvc.cli import opened, render
    from git_dvc.ops import log as op

    limits = {"--since": since, "--until": until, "--author": author, "--grep": grep}
    with opened.project() as project:
        revs, paths = op.split(project, words or [])
        request = op.Request(
            revs=revs,
            all_refs=every,
            limits=[f"{name}={value}" for name, value in limits.items() if value is not None],
            first_parent=first_parent,
            follow=follow,
            sizes=files or as_json,
        )
        found: Iterator[Version] = itertools.islice(op.log(project, paths, request), most)
        if reverse:
            found = iter(list(found)[::-1])
        if as_json:
            console.write(render.json_line([_as_json(version) for version in found]))
            return
        for number, version in enumerate(found):
            if not number:
                console.page()
            text = _one_line(version) if oneline else _entry(version)
            if files:
                text += _files(version, project.shown)
            console.write(text if oneline or not number else f"\n{text}")


# -- text ---------------------------------------------------------------------------------


def _one_line(version: Version) -> str:
    commit = version.commit
    refs = f" ({', '.join(commit.refs)})" if commit.refs else ""
    return (
        console.paint(commit.id[:8], "yellow")
        + console.paint(_safe(refs), "yellow")
        + f" {_safe(commit.subject)}  "
        + console.paint(f"[{summary(version)}]", "cyan")
        + "\n"
    )


def _entry(version: Version) -> str:
    commit = version.commit
    refs = f" ({', '.join(commit.refs)})" if commit.refs else ""
    lines = [console.paint(f"commit {commit.id}{_safe(refs)}", "yellow")]
    if len(commit.parents) > 1:
        lines.append("Merge: " + " ".join(parent[:8] for parent in commit.parents))
    lines.append(f"Author: {_safe(commit.author)} <{_safe(commit.email)}>")
    lines.append(f"Date:   {commit.date}")
    lines.append("")
    lines += [f"    {_safe(line)}".rstrip() for line in commit.message.strip("\n").split("\n")]
    lines += ["", "    " + console.paint(summary(version), "cyan")]
    return "\n".join(lines) + "\n"


def summary(version: Version) -> str:
    """Return ``3 added, 2 changed, 1 removed, +1.20 MiB``."""
    from git_dvc.terminal import human_size

    counts = (
        (version.added, "added"),
        (version.changed, "changed"),
        (version.renamed, "renamed"),
        (version.removed, "removed"),
    )
    parts = [f"{len(files)} {word}" for files, word in counts if files]
    if version.absent:
        if version.files_change:
            number = version.files_change
            parts.append(f"{number:+} file{'' if abs(number) == 1 else 's'}")
        parts.append("list of files not in the cache here")
    if version.size_change is not None and (version.size_change or not version.renamed):
        sign = "-" if version.size_change < 0 else "+"
        parts.append(sign + human_size(abs(version.size_change)))
    return ", ".join(parts)


def _files(version: Version, shown: Callable[[str], str]) -> str:
    """Return one line for each file, sorted by path."""
    from git_dvc.errors import quoted

    rows: list[tuple[str, str, str, str]] = []
    for file in version.added:
        rows.append((file.path, "added:", "green", _named(file, shown)))
    for file in version.removed:
        rows.append((file.path, "removed:", "red", _named(file, shown)))
    for old, new in version.changed:
        sizes = f"{_size(old)} -> {_size(new)}"
        rows.append((new.path, "changed:", "yellow", f"{quoted(shown(new.path))} ({sizes})"))
    for old, new in version.renamed:
        name = f"{quoted(shown(old.path))} -> {_named(new, shown)}"
        rows.append((new.path, "renamed:", "cyan", name))
    for path in version.absent:
        name = f"{quoted(shown(path))} (its list of files is not in the cache here)"
        rows.append((path, "unknown:", "red", name))
    lines = [
        console.paint(f"      {word:<9} {name}", style) for _, word, style, name in sorted(rows)
    ]
    return "".join(line + "\n" for line in lines)


def _named(file: File, shown: Callable[[str], str]) -> str:
    from git_dvc.errors import quoted

    return f"{quoted(shown(file.path))} ({_size(file)})"


def _size(file: File) -> str:
    from git_dvc.terminal import human_size

    return "size unknown" if file.size is None else human_size(file.size)


def _safe(text: str) -> str:
    """Return a line from a commit without control characters."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one == "\t" else "?" for one in text)


# -- JSON ---------------------------------------------------------------------------------


def _as_json(version: Version) -> dict[str, Any]:
    commit = version.commit

    def pair(old: File, new: File) -> dict[str, Any]:
        return {"old": old._asdict(), "new": new._asdict()}

    return {
        "commit": commit.id,
        "parents": list(commit.parents),
        "refs": list(commit.refs),
        "author": {"name": commit.author, "email": commit.email, "date": commit.date_iso},
        "message": commit.message.rstrip("\n"),
        "added": [file._asdict() for file in version.added],
        "removed": [file._asdict() for file in version.removed],
        "changed": [pair(*files) for files in version.changed],
        "renamed": [pair(*files) for files in version.renamed],
        "size_change": version.size_change,
        "not in cache": version.absent,
    }
