"""Text: which lines were added and removed."""

from __future__ import annotations

import codecs
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from git_dvc.compare.content import align, trimming
from git_dvc.compare.content.report import (
    Content,
    Fact,
    Lines,
    Options,
    Report,
    changes,
    counted,
)
from git_dvc.errors import FormatError

WHOLE_BYTES = 16 * 1024**2
"""Files up to this size are compared as a whole; of larger ones only what lies between the
lines that are the same at both ends."""
_MOST_LINES = 400_000
_LINES_AROUND = 3
_LONGEST_LINE = 400
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"),
         (codecs.BOM_UTF16_BE, "utf-16"))  # fmt: skip


def encoding_of(head: bytes) -> str | None:
    """Return how text is encoded, by its first bytes; None for what is no text."""
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    if b"\0" in head:
        return None
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        decoder.decode(head)
    except UnicodeDecodeError:
        return None
    return "utf-8"


class _Text(NamedTuple):
    lines: list[str]
    ends: str
    ended: bool
    encoding: str


_NOTHING = _Text([], "", True, "")


class Text:
    """The handler for text."""

    kind = "text"

    def claims(self, name: str, head: bytes) -> bool:
        """Return whether the first bytes are text."""
        return encoding_of(head) is not None

    def compare(self, old: Content | None, new: Content | None, options: Options) -> Report:
        """Return which lines differ.

        Raises:
            FormatError: It is no text, or too much of it differs.
        """
        sides = [one for one in (old, new) if one is not None]
        skipped = 0
        if all(one.size_bytes <= WHOLE_BYTES for one in sides):
            before, after = (_NOTHING if one is None else _read(one) for one in (old, new))
        elif old is None or new is None:
            raise FormatError("too large to be read as text")
        else:
            before, after, skipped = _read_middle(old, new)
        return _compared(before, after, skipped, options, old is not None, new is not None)


def _compared(
    before: _Text, after: _Text, skipped: int, options: Options, has_old: bool, has_new: bool
) -> Report:
    if not (has_old and has_new):
        there = before if has_old else after
        count = len(there.lines)
        return Report("text", counted(count, "line"), data={"lines": count})
    facts = _facts(before, after, skipped)
    spans = align.differences(before.lines, after.lines)
    added = sum(span.new_end - span.new_start for span in spans)
    removed = sum(span.old_end - span.old_start for span in spans)
    lines = list(_unified(before.lines, after.lines, spans, skipped))
    shown, more = _few(lines, options.most * 2)
    data = {
        "added": added,
        "removed": removed,
        "diff": shown,
        "left_out": more,
    }
    summary = changes("line", added, removed, 0)
    if not summary:
        summary = "the same lines" if before.ends == after.ends else "only line ends differ"
        return Report("text", summary, facts, data=data)
    return Report("text", summary, facts, [Lines(shown, more)], data)


def _facts(before: _Text, after: _Text, skipped: int) -> list[Fact]:
    facts = [] if skipped else [Fact("lines", len(before.lines), len(after.lines))]
    facts.append(Fact("encoding", before.encoding, after.encoding))
    if before.ends and after.ends:
        facts.append(Fact("line ends", before.ends, after.ends))
    facts.append(Fact("ends with a line end", _yes(before.ended), _yes(after.ended)))
    return facts


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _read(content: Content) -> _Text:
    with content.open() as file:
        return _decoded(file.read(WHOLE_BYTES + 1))


def _decoded(data: bytes) -> _Text:
    encoding = encoding_of(data[:4096]) or "utf-8"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as problem:
        raise FormatError(f"not text: byte {problem.start:,} is not {encoding}") from None
    if not text:
        return _Text([], "", True, encoding)
    ended = text.endswith("\n")
    lines = (text[:-1] if ended else text).split("\n")
    if len(lines) > _MOST_LINES:
        raise FormatError(f"more than {_MOST_LINES:,} lines differ")
    with_return = sum(line.endswith("\r") for line in lines)
    ends = "LF"
    if with_return and with_return >= len(lines) - (not ended):
        ends = "CRLF"
        lines = [line.removesuffix("\r") for line in lines]
    elif with_return:
        ends = "LF and CRLF"
    return _Text(lines, ends if ended or len(lines) > 1 else "", ended, encoding)


def _read_middle(old: Content, new: Content) -> tuple[_Text, _Text, int]:
    """Return what is between the lines that are the same, and how many of these come before."""
    with old.open() as before, new.open() as after:
        found = trimming.middle(before, old.size_bytes, after, new.size_bytes)
        sides = []
        for file, end in ((before, found.old_end), (after, found.new_end)):
            if end - found.start > WHOLE_BYTES:
                raise FormatError(f"more than {WHOLE_BYTES // 1024**2} MiB of its lines differ")
            file.seek(found.start)
            sides.append(_decoded(file.read(end - found.start)))
    return sides[0], sides[1], found.lines_before


def _unified(
    old: Sequence[str], new: Sequence[str], spans: Sequence[align.Span], skipped: int
) -> Iterator[str]:
    """Yield the lines of a unified diff, without its head."""
    hunks: list[list[align.Span]] = []
    for span in spans:
        near = hunks and span.old_start - hunks[-1][-1].old_end <= 2 * _LINES_AROUND
        if near:
            hunks[-1].append(span)
        else:
            hunks.append([span])
    for hunk in hunks:
        first, last = hunk[0], hunk[-1]
        before = min(_LINES_AROUND, first.old_start, first.new_start)
        after = min(_LINES_AROUND, len(old) - last.old_end, len(new) - last.new_end)
        old_at, new_at = first.old_start - before, first.new_start - before
        yield (
            f"@@ -{_range(old_at + skipped, last.old_end + after + skipped)}"
            f" +{_range(new_at + skipped, last.new_end + after + skipped)} @@"
        )
        at = old_at
        for span in hunk:
            yield from (f" {_cut(line)}" for line in old[at : span.old_start])
            yield from (f"-{_cut(line)}" for line in old[span.old_start : span.old_end])
            yield from (f"+{_cut(line)}" for line in new[span.new_start : span.new_end])
            at = span.old_end
        yield from (f" {_cut(line)}" for line in old[at : last.old_end + after])


def _range(start: int, end: int) -> str:
    count = end - start
    return f"{start + 1 if count else start},{count}" if count != 1 else f"{start + 1}"


def _cut(line: str) -> str:
    return line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]}..."


def _few(lines: Sequence[str], most: int) -> tuple[list[str], int]:
    """Return the lines up to ``most`` that differ, and how many that do are left out."""
    shown: list[str] = []
    differing = 0
    for line in lines:
        if line[0] in "+-":
            if differing >= most:
                break
            differing += 1
        shown.append(line)
    rest = Counter(line[0] for line in lines[len(shown) :])
    more = rest["+"] + rest["-"]
    while more and shown and shown[-1][0] in "@ ":
        shown.pop()  # what would have led to the next one
    return shown, more
