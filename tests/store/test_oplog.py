"""The operation log survives kills, age and whatever somebody writes into it."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from git_dvc.store.oplog import PLACE, FileChange, OpLog, OutChange, Side, undone_by
from git_dvc.store.state import Header

H1, H2 = "1" * 32, "2" * 32 + ".dir"


def log_at(tmp_path: Path, days: int = 14) -> OpLog:
    return OpLog(str(tmp_path / "dvc" / "operations"), lambda: days)


def note(log: OpLog, name: str = "x.dvc", undoes: str = "") -> str:
    with log.begin("add", undoes) as recorder:
        recorder.file(FileChange(name, None, b"\xff text", ("100644", "a" * 40)))
    return recorder.id


def test_what_is_written_is_read(tmp_path: Path) -> None:
    log = log_at(tmp_path)
    header = Header("d", H2, "md5", "d.dvc")
    change = OutChange("d", PLACE, Side(H2, "md5", {}, False, header), Side({"a/b": H1}))
    file = FileChange("x.dvc", None, b"\xff" * 9000, None)
    with log.begin("checkout") as recorder:
        recorder.file(file)
        recorder.out(change)
        recorder.kept("d", {"ü": H1})
    (found,) = log.read()
    assert found.files == [file] and found.finished and not found.damaged
    assert found.outs == [change._replace(before=change.before._replace(kept={"ü": H1}))]
    assert log.kept_hashes() == {"md5": {H1, H2}}


def test_nothing_done_writes_nothing(tmp_path: Path) -> None:
    log = log_at(tmp_path)
    with log.begin("sync"):
        pass
    assert not (tmp_path / "dvc").exists() and log.read() == []


def test_a_torn_line_spoils_nothing_else(tmp_path: Path) -> None:
    log = log_at(tmp_path)
    note(log, "a.dvc")
    with open(log.path, "ab") as stream:
        stream.write(b'{"op":"12345678","v":1,"ti')
    note(log, "b.dvc")
    assert [one.files[0].relpath for one in log.read()] == ["a.dvc", "b.dvc"]


def test_an_operation_that_was_killed_is_not_finished(tmp_path: Path) -> None:
    log = log_at(tmp_path)
    recorder = log.begin("add")
    recorder.file(FileChange("a.dvc", None, b"a", None))
    assert [one.finished for one in log.read()] == [False]


@pytest.mark.parametrize(
    "line",
    [
        {"file": "../x.dvc", "before": None, "after": "x", "index": None},
        {"file": ".git/config.dvc", "before": None, "after": "x", "index": None},
        {"file": "run.sh", "before": None, "after": "x", "index": None},
        {"file": "a.dvc", "before": ["zlib", "%"], "after": "x", "index": None},
        {"file": "a.dvc", "before": None, "after": "x", "index": ["160000", "a" * 40]},
        {"out": "d", "act": "place", "before": {"tree": "../x", "algorithm": "md5"}, "after": {}},
        {"out": "d", "act": "rm", "before": {}, "after": {}},
        {"kept": "d", "files": {"../x": H1}},
        {"kept": "d", "files": {"x": "../../x"}},
        {"kept": 7, "files": []},
    ],
)
def test_hostile_lines_spoil_their_operation_alone(tmp_path: Path, line: object) -> None:
    log = log_at(tmp_path)
    good = note(log, "a.dvc")
    bad = note(log, "b.dvc")
    with open(log.path, "a") as stream:
        stream.write(json.dumps({"op": bad, **line}) + "\n")  # type: ignore[dict-item]
        stream.write("[" * 100_000 + "\n")
    assert {one.id: one.damaged for one in log.read()} == {good: False, bad: True}


def test_what_is_too_old_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = log_at(tmp_path, days=2)
    note(log, "a.dvc")
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 4 * 24 * 3600)
    assert log.read() == []
    note(log, "b.dvc")
    assert b"a.dvc" not in Path(log.path).read_bytes()
    assert [one.files[0].relpath for one in log.read()] == ["b.dvc"]


def test_a_log_that_grew_too_large_loses_its_oldest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("git_dvc.store.oplog.MOST_BYTES", 2000)
    log = log_at(tmp_path)
    names = [f"{number}.dvc" for number in range(40)]
    for name in names:
        note(log, name)
    assert Path(log.path).stat().st_size < 4000
    left = [one.files[0].relpath for one in log.read()]
    assert left and left == names[-len(left) :]


def test_an_undo_that_was_taken_back_does_not_count(tmp_path: Path) -> None:
    log = log_at(tmp_path)
    first = note(log)
    second = note(log, undoes=first)
    assert undone_by(log.read()) == {first: second}
    third = note(log, undoes=second)
    assert undone_by(log.read()) == {second: third}
