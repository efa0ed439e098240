from __future__ import annotations

import json
import os
import shutil
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))  # benchmarks are not installed

from benchmarks import measure, report, rows, run, runner, s3, workloads
from benchmarks.measure import Command, Usage

DVC = os.environ.get("GIT_DVC_TEST_DVC") or shutil.which("dvc")
TINY = workloads.SIZES["tiny"]


def usage(seconds: float, **others: Any) -> Usage:
    return Usage(seconds, seconds, 0.0, 1_000_000, 0, 0, 0, 0)._replace(**others)


def row(name: str) -> rows.Row:
    return next(row for row in rows.ROWS if row.name == name)


def test_every_row_has_its_own_name_and_bars_against_what_it_runs() -> None:
    assert len({row.name for row in rows.ROWS}) == len(rows.ROWS)
    for one in rows.ROWS:
        contestants = {*one.tools, *(limit.name for limit in one.limits)}
        assert {bar.against for bar in one.bars} <= contestants


def test_limits_alone_run_on_every_workload(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report_file = tmp_path / "report.json"
    options = f"--size tiny --rounds 1 --tools limit --work {tmp_path}/work --json {report_file}"
    assert run.main(options.split()) == 0
    assert "read+md5+link" in capsys.readouterr().out
    measured = json.loads(report_file.read_text())
    possible = [one.name for one in rows.ROWS if rows.missing(one) is None]
    assert [one["name"] for one in measured["rows"]] == possible
    assert os.listdir(tmp_path / "work") == []


def test_what_is_pushed_and_pulled_is_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = f"--size tiny --rounds 1 --tools git-dvc --no-strace --work {tmp_path}"
    chosen = ["push", "pull-hardlink", "s3-push", "get-one", "gc-dry"]
    assert run.main([*options.split(), "--only", *chosen]) == 0
    assert "FAILED" not in capsys.readouterr().out
    with pytest.raises(runner.Unequal, match="remote"):
        runner._compare(row("push"), {"git-dvc": {"remote": "a"}, "dvc": {"remote": "b"}})


def test_requests_are_counted_for_each_object() -> None:
    asked = runner.Result(row("s3-push"), {"git-dvc": [[usage(1.0)]]}, {}, {"git-dvc": [42]})
    found = {verdict.what: verdict for verdict in report.verdicts(asked, TINY)}
    assert found["requests a file"].value == 2.0
    assert found["requests a file"].holds is False
    assert "requests a file, git-dvc: 2.00" in report.table([asked], TINY)


@pytest.mark.skipif(not s3.is_there(), reason="needs moto")
def test_the_s3_server_counts_what_others_ask_it(tmp_path: Path) -> None:
    server = s3.Server()
    try:
        server.reset(["bucket"])
        with urllib.request.urlopen(f"{server.address}/bucket?list-type=2") as answer:
            assert answer.status == 200
        assert (server.requests(), server.objects("bucket")) == (1, [])
    finally:
        server.close()


@pytest.mark.interop
@pytest.mark.skipif(DVC is None, reason="needs the real dvc")
def test_equal_tools_are_found_equal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stand_in = tmp_path / "git-dvc"
    stand_in.write_text(f'#!/bin/sh\nexec {DVC} "$@"\n')
    stand_in.chmod(0o755)
    options = f"--size tiny --rounds 1 --tools git-dvc,dvc --work {tmp_path} --dvc {DVC}"
    options += f" --git-dvc {stand_in} --only add-hardlink"
    assert run.main(options.split()) == 0
    assert "x dvc" in capsys.readouterr().out


def test_a_tool_that_fails_is_reported_and_the_run_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "git-dvc"
    broken.write_text('#!/bin/sh\n[ "$1" = --version ] && exit\necho no such thing >&2\nexit 1\n')
    broken.chmod(0o755)
    options = f"--size tiny --tools git-dvc --only version --work {tmp_path} --git-dvc {broken}"
    assert run.main(options.split()) == 1
    out = capsys.readouterr().out
    assert "FAILED" in out
    assert "no such thing" in out


def test_different_results_are_an_error() -> None:
    with pytest.raises(runner.Unequal, match="pointer"):
        runner._compare(row("status"), {"git-dvc": {"pointer": "a"}, "dvc": {"pointer": "b"}})
    runner._compare(row("status"), {"git-dvc": {"pointer": "a"}, "git-lfs": {"work tree": "b"}})


def test_a_ratio_is_the_median_of_the_ratios_of_the_rounds() -> None:
    ours, theirs = [1.0, 30.0, 1.0], [10.0, 100.0, 20.0]
    result = runner.Result(
        row("add-changed"),
        {"git-dvc": [[usage(s)] for s in ours], "dvc": [[usage(s)] for s in theirs]},
        {},
        {},
    )
    assert report.ratios(result, "dvc") == pytest.approx([0.1, 0.3, 0.05])
    bar, memory = report.verdicts(result, TINY)
    assert bar.value == pytest.approx(0.1) and bar.holds is True
    assert (memory.value, memory.holds) == (1.0, True)
    assert "ok" in report.table([result], TINY)


def test_a_missed_bar_is_shown_and_an_unmeasured_one_is_not_taken_for_met() -> None:
    slow = runner.Result(
        row("code-checkout"), {"git-dvc": [[usage(0.2)]], "git": [[usage(0.1)]]}, {}, {}
    )
    (extra, _) = report.verdicts(slow, TINY)
    assert extra.value == pytest.approx(100) and extra.holds is False
    assert "MISS" in report.table([slow], TINY)
    alone = slow._replace(rounds={"git-dvc": [[usage(0.2)]]})
    assert report.verdicts(alone, TINY)[0].holds is None


def test_a_second_reading_of_the_big_file_is_seen() -> None:
    twice = usage(1.0, read_bytes=2 * TINY.big_bytes)
    result = runner.Result(row("big-add-copy"), {"git-dvc": [[twice]]}, {}, {})
    found = {verdict.what: verdict.holds for verdict in report.verdicts(result, TINY)}
    assert found["bytes read a byte"] is False


def test_the_table_of_strace_is_summed_by_kind() -> None:
    table = """\
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 60.00    0.016743         697        24           openat
 20.47    0.008077           1         6         5 open
  7.19    0.002838           1        32           futex
------ ----------- ----------- --------- --------- ----------------
100.00    0.039467           2        62         5 total
"""
    counts = measure.parse_strace(table)
    assert (counts["open"], counts["rename"], counts["total"]) == (30, 0, 62)


def test_a_command_is_measured_and_a_failing_one_is_an_error(tmp_path: Path) -> None:
    program = Command(["sh", "-c", "cat big > copy"], str(tmp_path), dict(os.environ))
    (tmp_path / "big").write_bytes(bytes(300_000))
    used = measure.run(program, str(tmp_path / "log"))
    assert used.wall_s > 0
    if used.read_bytes is not None:
        assert used.read_bytes >= 300_000
    failing = program._replace(argv=["sh", "-c", "echo why >&2; exit 3"])
    with pytest.raises(measure.CommandFailed, match="exited with 3:\nwhy"):
        measure.run(failing, str(tmp_path / "log"))


def test_contents_do_not_change_from_run_to_run(tmp_path: Path) -> None:
    for name in ("a", "b"):
        workloads.make_many(str(tmp_path / name), TINY.many_files)
        workloads.change_many(str(tmp_path / name), TINY, 2)
    assert workloads.digest_tree(str(tmp_path / "a")) == workloads.digest_tree(str(tmp_path / "b"))
    assert sum(len(files) for _, _, files in os.walk(tmp_path / "a")) == TINY.many_files


def test_a_version_changes_the_number_of_files_it_says(tmp_path: Path) -> None:
    top = tmp_path / "many"
    workloads.make_many(str(top), TINY.many_files)
    before = {path: path.stat().st_ino for path in top.rglob("*.bin")}
    workloads.change_many(str(top), TINY, 2)
    changed = [path for path, inode in before.items() if path.stat().st_ino != inode]
    assert len(changed) == TINY.many_changed
