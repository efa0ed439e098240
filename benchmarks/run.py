#!/usr/bin/env python3
"""Measure git-dvc against real dvc, git-lfs and what the machine allows (see README.md)."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from benchmarks import report, runner, tools, workloads
from benchmarks.rows import ROWS, Row
from benchmarks.scenes import SCENES

TOOLS = ("git-dvc", "dvc", "git-lfs", "limit")


def main(argv: list[str] | None = None) -> int:
    """Run the benchmarks; return 1 if a tool failed or two results differ (not for a bar)."""
    options = _parser().parse_args(argv)
    chosen = tuple(row for row in ROWS if not options.only or row.name in options.only)
    size = workloads.SIZES[options.size]
    if options.work is not None:
        os.makedirs(options.work, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that it cleans up, too
    work = tempfile.mkdtemp(prefix="git-dvc-benchmark-", dir=options.work)
    results: list[runner.Result | runner.Failure] = []
    try:
        _check_space(chosen, size, work)
        found, missing = tools.find(
            options.tools,
            work,
            git_dvc=options.git_dvc,
            dvc=options.dvc,
            install_dvc=options.install_dvc,
        )
        versions = {tool.name: tools.version(tool, work) for tool in found}
        for line in missing:
            print(f"left out: {line}", file=sys.stderr)
        plan = runner.Plan(
            chosen,
            tuple(found),
            "limit" in options.tools,
            size,
            options.rounds,
            options.strace,
            work,
            options.keep,
        )
        try:
            for result in runner.run(plan):
                results.append(result)
        except KeyboardInterrupt:
            print("interrupted: what follows is what was done", file=sys.stderr)
    finally:
        if options.keep:
            print(f"kept: {work}", file=sys.stderr)
        else:
            shutil.rmtree(work, ignore_errors=True)
    results.sort(key=lambda result: ROWS.index(result.row))
    about: dict[str, object] = {
        "size": options.size,
        "rounds": options.rounds,
        "versions": versions,
        "left_out": missing,
    }
    shown = "; ".join(f"{name}: {text}" for name, text in versions.items())
    print(f"size {options.size}, rounds {options.rounds}; {shown}\n")
    if options.size != "full":
        print("The bars are meant for the full size: here, starting up weighs too much.\n")
    print(report.table(results, size))
    if options.json is not None:
        with open(options.json, "w") as file:
            json.dump(report.as_json(results, size, about), file, indent=1)
            file.write("\n")
    return int(any(isinstance(result, runner.Failure) for result in results))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=sorted(workloads.SIZES), default="full")
    parser.add_argument(
        "--only", nargs="+", metavar="NAME", choices=[row.name for row in ROWS], help="these rows"
    )
    parser.add_argument("--rounds", type=_positive, default=3)
    parser.add_argument("--json", metavar="FILE", help="write all measurements there")
    parser.add_argument("--tools", type=_tools, default=list(TOOLS), help=",".join(TOOLS))
    parser.add_argument("--work", metavar="DIR", help="where to work (a new directory inside)")
    parser.add_argument("--keep", action="store_true", help="delete nothing at the end")
    parser.add_argument("--git-dvc", metavar="PATH", help="this program, not the checkout's")
    parser.add_argument("--dvc", metavar="PATH", help="the real dvc (default: on PATH)")
    parser.add_argument("--install-dvc", action="store_true", help="install it for this run")
    parser.add_argument(
        "--no-strace", dest="strace", action="store_false", help="do not count system calls"
    )
    return parser


def _positive(text: str) -> int:
    if int(text) < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return int(text)


def _tools(text: str) -> list[str]:
    names = text.split(",")
    unknown = set(names) - set(TOOLS)
    if unknown:
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(sorted(unknown))}")
    return names


def _check_space(chosen: tuple[Row, ...], size: workloads.Size, work: str) -> None:
    """Stop before the disk is full: half of a benchmark is of no use."""
    need = max((SCENES[row.scene].disk_bytes(size) for row in chosen), default=0)
    free = shutil.disk_usage(work).free
    if free < need * 1.1:
        sys.exit(f"{work}: {need / 1e9:.1f} GB needed, {free / 1e9:.1f} GB free (--work DIR)")


if __name__ == "__main__":
    sys.exit(main())
