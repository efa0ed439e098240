"""Notes of what running stages read and write."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from git_dvc.errors import BusyOutputError
from git_dvc.locking import rwlock_holders
from git_dvc.pipeline import claims as module
from git_dvc.pipeline.claims import Claims


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAIT_S", 0)


def noted(place: Path) -> object:
    return json.loads((place / "rwlock").read_text())


def test_a_stage_is_noted_as_dvc_does_it_until_it_has_ended(tmp_path: Path) -> None:
    with Claims(str(tmp_path)) as claims:
        claims.take("train", ["/p/data"], ["/p/model"])
        info = {"pid": claims.keeper.pid, "cmd": "git dvc repro train"}
        assert noted(tmp_path) == {"write": {"/p/model": info}, "read": {"/p/data": [info]}}
        assert rwlock_holders(str(tmp_path), ["/p/model/x"]) == [("/p/model", *info.values())]
        claims.drop("train")
        assert noted(tmp_path) == {}


def test_what_somebody_else_writes_is_busy_and_what_they_read_is_for_reading(
    tmp_path: Path,
) -> None:
    with Claims(str(tmp_path)) as one, Claims(str(tmp_path)) as two:
        one.take("a", ["/p/in"], ["/p/out"])
        two.take("b", ["/p/in"], ["/p/other"])
        for reads, writes in (["/p/out/x"], []), ([], ["/p/out"]), ([], ["/p/in"]):
            with pytest.raises(BusyOutputError, match="in use by a running stage"):
                two.take("c", reads, writes)
        one.close()
        two.take("c", ["/p/out"], ["/p/x"])


def test_a_run_does_not_stand_in_its_own_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Claims(str(tmp_path)) as outer:
        outer.take("a", ["/p/in"], ["/p/out"])
        outer.take("b", ["/p/out"], ["/p/in"])
        monkeypatch.setenv("GIT_DVC_RUN", outer.keeper.begin())  # as inside of a stage
        assert rwlock_holders(str(tmp_path), ["/p/out"]) == []
        with Claims(str(tmp_path)) as inner:
            inner.take("c", [], ["/p/out/part"])
            assert inner.keeper.begin().split(":")[0].startswith(f"{outer.keeper.pid}.")


def test_notes_of_the_dead_and_nonsense_hold_nobody_back(tmp_path: Path) -> None:
    gone = os.posix_spawn("/bin/true", ["true"], {})
    os.waitpid(gone, 0)
    for text in (
        json.dumps({"write": {"/p/out": {"pid": gone, "cmd": "dvc repro"}}}),
        json.dumps({"write": {"/p/out": {"pid": "1", "cmd": 3}}, "read": [], "x": 1}),
        "{",
        "[]",
        "",
    ):
        (tmp_path / "rwlock").write_text(text)
        with Claims(str(tmp_path)) as claims:
            claims.take("a", [], ["/p/out"])
        assert noted(tmp_path) == {}


def test_notes_of_others_stay(tmp_path: Path) -> None:
    others = {"read": {"/q/in": [{"pid": os.getpid(), "cmd": "dvc repro"}]}}
    (tmp_path / "rwlock").write_text(json.dumps(others))
    with Claims(str(tmp_path)) as claims:
        claims.take("a", ["/q/in"], ["/p/out"])
    assert noted(tmp_path) == others


def test_one_who_has_ended_and_whom_nobody_asked_is_not_there(tmp_path: Path) -> None:
    if not os.path.isdir("/proc/self"):
        pytest.skip("only Linux tells")
    zombie = os.posix_spawn("/bin/true", ["true"], {})
    os.waitid(os.P_PID, zombie, os.WEXITED | os.WNOWAIT)
    text = json.dumps({"write": {"/p/out": {"pid": zombie, "cmd": "dvc repro"}}})
    (tmp_path / "rwlock").write_text(text)
    assert rwlock_holders(str(tmp_path), ["/p/out"]) == []
    os.waitpid(zombie, 0)
