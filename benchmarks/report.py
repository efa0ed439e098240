"""Judge what was measured, print the table, and write it all as JSON.

A ratio is the median of the ratios of the rounds: in each round the tools ran in turn, so a
machine that gets slower meanwhile does not favour one of them.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from benchmarks.measure import Usage
from benchmarks.rows import PEAK_BAR_BYTES, Row
from benchmarks.runner import Failure, Result
from benchmarks.workloads import Size

OURS = "git-dvc"


class Verdict(NamedTuple):
    """One bar and how git-dvc stands to it; ``value`` is None when nothing was measured."""

    what: str
    value: float | None
    most: float
    unit: str = ""

    @property
    def holds(self) -> bool | None:
        return None if self.value is None else self.value <= self.most


def metric(usage: Usage, name: str) -> float:
    """Return wall, cpu or user seconds."""
    values = {"wall": usage.wall_s, "cpu": usage.cpu_s, "user": usage.user_s}
    return values[name]


def rounds(result: Result, who: str, name: str) -> list[float]:
    """Return one number a round: the median of its runs."""
    return [median(metric(usage, name) for usage in runs) for runs in result.rounds.get(who, [])]


def ratios(result: Result, other: str) -> list[float]:
    """Return, for each round, what git-dvc took as a multiple of what ``other`` took."""
    ours = rounds(result, OURS, result.row.metric)
    theirs = rounds(result, other, result.row.metric)
    # A CPU time may be 0: the kernel counts it in ticks on some machines.
    return [one / max(two, 1e-6) for one, two in zip(ours, theirs, strict=False)]


def peak_bytes(result: Result, who: str) -> int:
    return max((run.peak_bytes for runs in result.rounds.get(who, []) for run in runs), default=0)


def verdicts(result: Result, size: Size) -> list[Verdict]:
    """Return every bar of the row, those against tools and limits in the order of the row."""
    row = result.row
    ours = rounds(result, OURS, row.metric)
    found: list[Verdict] = []
    for bar in row.bars:
        if bar.extra_seconds:
            theirs = rounds(result, bar.against, row.metric)
            extra = [(one - two) * 1000 for one, two in zip(ours, theirs, strict=False)]
            value = median(extra) if extra else None
            found.append(Verdict(f"more than {bar.against}", value, bar.most * 1000, " ms"))
        else:
            times = ratios(result, bar.against)
            value = median(times) if times else None
            found.append(Verdict(f"x {bar.against}", value, bar.most))
    for kind, most in row.calls_per_file:
        counts = result.calls.get(OURS)
        calls = counts[kind] / row.files(size) if counts else None
        found.append(Verdict(f"{kind} calls a file", calls, most))
    runs = [run for each in result.rounds.get(OURS, []) for run in each]
    moved = (
        ("bytes read a byte", row.read_bytes_per_byte, [run.read_bytes for run in runs]),
        ("bytes written a byte", row.written_bytes_per_byte, [run.written_bytes for run in runs]),
    )
    for what, bar_on_it, counted in moved:
        if bar_on_it is not None:
            known = [count for count in counted if count is not None]
            times_size = median(known) / size.big_bytes if known else None
            found.append(Verdict(what, times_size, bar_on_it))
    if row.requests_per_file is not None:
        asked = result.requests.get(OURS)
        requests = median(asked) / row.files(size) if asked else None
        found.append(Verdict("requests a file", requests, row.requests_per_file))
    peak = peak_bytes(result, OURS) / 1e6 if ours else None
    found.append(Verdict("peak memory", peak, PEAK_BAR_BYTES / 1e6, " MB"))
    return found


def table(results: Sequence[Result | Failure], size: Size) -> str:
    """Return the report: for each row its tools and limits, then its bars."""
    lines: list[str] = []
    told: set[str] = set()
    for result in results:
        if isinstance(result, Failure):
            # What ends a scene fails all the rows that were left of it.
            problem = "as above" if result.problem in told else result.problem
            told.add(result.problem)
            lines += [f"{result.row.title}  [{result.row.name}]", f"  FAILED: {problem}", ""]
        else:
            lines += [*_block(result, size), ""]
    return "\n".join(lines)


def _block(result: Result, size: Size) -> list[str]:
    row = result.row
    lines = [
        f"{row.title}  [{row.name}, judged by {row.metric}]",
        f"  {'':<15}{'wall':>10}{'CPU':>10}{'user CPU':>10}{'peak':>9}{'spread':>8}"
        f"{'git-dvc is':>14}",
    ]
    for who in result.rounds:
        values = rounds(result, who, row.metric)
        spread = (max(values) - min(values)) / max(median(values), 1e-6)
        times = ratios(result, who) if who != OURS else []
        against = f"x {median(times):.2f}" if times else ""
        lines.append(
            f"  {who:<15}"
            + "".join(
                f"{_seconds(median(rounds(result, who, name))):>10}"
                for name in ("wall", "cpu", "user")
            )
            + f"{peak_bytes(result, who) / 1e6:>6.0f} MB{spread:>8.0%}{against:>14}"
        )
    for who, counts in result.calls.items():
        files = max(row.files(size), 1)
        kinds = ", ".join(
            f"{kind} {count / files:.2f}" for kind, count in counts.items() if count / files >= 0.01
        )
        lines.append(f"  calls a file, {who}: {kinds}")
    for who, asked in result.requests.items():
        lines.append(f"  requests a file, {who}: {median(asked) / row.files(size):.2f}")
    for verdict in verdicts(result, size) if OURS in result.rounds else []:
        lines.append("  " + _sentence(verdict))
    return lines


def _sentence(verdict: Verdict) -> str:
    most = f"bar {verdict.most:g}{verdict.unit}"
    if verdict.value is None:
        return f"   -   {verdict.what}: not measured ({most})"
    word = " ok  " if verdict.holds else " MISS"
    return f"{word}  {verdict.what}: {verdict.value:.2f}{verdict.unit} ({most})"


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value >= 10 else f"{value:.3f} s"


def as_json(results: Sequence[Result | Failure], size: Size, about: dict[str, object]) -> object:
    """Return everything measured, with the bars and what they came to."""
    return {
        "about": about,
        "machine": {
            "system": platform.platform(),
            "processor": _processor(),
            "cpus": os.cpu_count(),
            "python": platform.python_version(),
        },
        "size": size._asdict(),
        "rows": [
            _failed(result) if isinstance(result, Failure) else _measured(result, size)
            for result in results
        ],
    }


def _about(row: Row) -> dict[str, object]:
    return {"name": row.name, "title": row.title, "metric": row.metric, "link": row.link}


def _failed(failure: Failure) -> dict[str, object]:
    return _about(failure.row) | {"failed": failure.problem}


def _measured(result: Result, size: Size) -> dict[str, object]:
    return _about(result.row) | {
        "rounds": {
            who: [[run._asdict() for run in runs] for runs in each]
            for who, each in result.rounds.items()
        },
        "median": {
            who: {name: median(rounds(result, who, name)) for name in ("wall", "cpu", "user")}
            | {"peak_bytes": peak_bytes(result, who)}
            for who in result.rounds
        },
        "system_calls": result.calls,
        "requests": result.requests,
        "bars": [
            verdict._asdict() | {"holds": verdict.holds} for verdict in verdicts(result, size)
        ],
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(": ")[1].strip() for line in file if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor()
