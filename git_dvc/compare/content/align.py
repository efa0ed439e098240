"""Two sequences, aligned: what was kept, left out and put in, in time that is bounded.

Items that are unique on both sides are matched first, in their longest common order (Bram
Cohen's patience diff), which gives the differences that people would draw. Between those the
shortest script is looked for (Myers, "An O(ND) Difference Algorithm", 1986), as long as it is
short; a stretch that has little in common counts as replaced.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Sequence
from typing import NamedTuple

_MOST_EDITS = 800
_MOST_WORK = 3_000_000


class Span(NamedTuple):
    """``old[old_start:old_end]`` was replaced by ``new[new_start:new_end]``; one may be empty."""

    old_start: int
    old_end: int
    new_start: int
    new_end: int


def differences(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[Span]:
    """Return what differs, in order; the rest is equal."""
    numbers: dict[Hashable, int] = {}
    a = [numbers.setdefault(item, len(numbers)) for item in old]
    b = [numbers.setdefault(item, len(numbers)) for item in new]
    spans: list[Span] = []
    work = _MOST_WORK
    at_a = at_b = 0
    for next_a, next_b in [*_anchors(a, b), (len(a), len(b))]:
        work -= _gap(a, b, Span(at_a, next_a, at_b, next_b), spans, work)
        at_a, at_b = next_a + 1, next_b + 1
    return _joined(spans)


def _joined(spans: list[Span]) -> list[Span]:
    """Join spans that touch."""
    found: list[Span] = []
    for span in spans:
        last = found[-1] if found else None
        if last and last.old_end == span.old_start and last.new_end == span.new_start:
            found[-1] = Span(last.old_start, span.old_end, last.new_start, span.new_end)
        else:
            found.append(span)
    return found


def _anchors(a: list[int], b: list[int]) -> list[tuple[int, int]]:
    """Return pairs of items that each side has once, in the longest order that both have."""
    place_a, place_b = _once(a), _once(b)
    pairs = sorted((place, place_b[item]) for item, place in place_a.items() if item in place_b)
    ends: list[int] = []  # the smallest end, in b, of a run of each length
    last: list[int] = []  # which pair that is
    before: list[int] = []
    for number, (_, there) in enumerate(pairs):
        length = bisect_left(ends, there)
        before.append(last[length - 1] if length else -1)
        if length == len(ends):
            ends.append(there)
            last.append(number)
        else:
            ends[length], last[length] = there, number
    found = []
    number = last[-1] if last else -1
    while number >= 0:
        found.append(pairs[number])
        number = before[number]
    return found[::-1]


def _once(items: list[int]) -> dict[int, int]:
    places: dict[int, int] = {}
    for place, item in enumerate(items):
        places[item] = -1 if item in places else place
    return {item: place for item, place in places.items() if place >= 0}


def _gap(a: list[int], b: list[int], span: Span, spans: list[Span], work: int) -> int:
    """Add what differs in a stretch without anchors, and return what that cost."""
    start_a, end_a, start_b, end_b = span
    while start_a < end_a and start_b < end_b and a[start_a] == b[start_b]:
        start_a, start_b = start_a + 1, start_b + 1
    while start_a < end_a and start_b < end_b and a[end_a - 1] == b[end_b - 1]:
        end_a, end_b = end_a - 1, end_b - 1
    if start_a == end_a and start_b == end_b:
        return 0
    if start_a == end_a or start_b == end_b:
        spans.append(Span(start_a, end_a, start_b, end_b))
        return 0
    if not set(a[start_a:end_a]).isdisjoint(b[start_b:end_b]):
        found, cost = _shortest(a[start_a:end_a], b[start_b:end_b], work)
        if found is not None:
            spans += [
                Span(start_a + one[0], start_a + one[1], start_b + one[2], start_b + one[3])
                for one in found
            ]
            return cost
    else:
        cost = 0
    spans.append(Span(start_a, end_a, start_b, end_b))
    return cost


def _shortest(a: list[int], b: list[int], work: int) -> tuple[list[Span] | None, int]:
    """Return the shortest script, or None if it is not short, and what looking for it cost."""
    furthest = {1: 0}
    trace: list[dict[int, int]] = []
    cost = 0
    for edits in range(min(len(a) + len(b), _MOST_EDITS) + 1):
        trace.append(dict(furthest))
        cost += 2 * edits + 1
        if cost > work:
            return None, cost
        for diagonal in range(-edits, edits + 1, 2):
            down = diagonal == -edits or (
                diagonal != edits
                and furthest.get(diagonal - 1, -1) < furthest.get(diagonal + 1, -1)
            )
            x = furthest[diagonal + 1] if down else furthest[diagonal - 1] + 1
            y = x - diagonal
            while x < len(a) and y < len(b) and a[x] == b[y]:
                x, y = x + 1, y + 1
                cost += 1
            furthest[diagonal] = x
            if x >= len(a) and y >= len(b):
                return _script(trace, len(a), len(b)), cost
    return None, cost


def _script(trace: list[dict[int, int]], x: int, y: int) -> list[Span]:
    """Return the way through the traces, from its end."""
    spans: list[Span] = []
    for edits in range(len(trace) - 1, 0, -1):
        furthest = trace[edits]
        diagonal = x - y
        down = diagonal == -edits or (
            diagonal != edits and furthest.get(diagonal - 1, -1) < furthest.get(diagonal + 1, -1)
        )
        from_x = furthest[diagonal + 1] if down else furthest[diagonal - 1]
        from_y = from_x - (diagonal + 1 if down else diagonal - 1)
        to_x, to_y = (from_x, from_y + 1) if down else (from_x + 1, from_y)
        spans.append(Span(from_x, to_x, from_y, to_y))
        x, y = from_x, from_y
    return _joined(spans[::-1])
