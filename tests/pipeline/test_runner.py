"""Plans that run on this machine, with real commands."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from git_dvc.errors import StageFailedError
from git_dvc.pipeline.executors import local
from git_dvc.pipeline.executors.base import log_path
from git_dvc.pipeline.scheduler import KEEP_GOING, Task
from tests.pipeline.shop import Shop


def test_the_lines_of_a_stage_run_one_after_another_each_in_a_shell_of_its_own(
    tmp_path: Path,
) -> None:
    shop = Shop(tmp_path, {"a": ["x=1; echo $DVC_STAGE >> out", "echo ${x:-none} >> out"]})
    outcome = shop.run(Task("a"))
    assert outcome.done == ["a"]
    assert (tmp_path / "out").read_text() == "a\nnone\n"


def test_what_a_stage_writes_is_shown_and_kept(tmp_path: Path) -> None:
    shop = Shop(tmp_path, {"a": ["echo one; echo two >&2", "seq 20000"]})
    shop.run(Task("a"))
    assert shop.shown.startswith(b"one\ntwo\n1\n2\n") and shop.shown.endswith(b"\n20000\n")
    log = shop.log("a")
    assert log.startswith("> echo one; echo two >&2\none\ntwo\n> seq 20000\n1\n")
    assert log.endswith("\n20000\n")


def test_stages_that_run_at_once_write_to_their_logs_alone(tmp_path: Path) -> None:
    wait = "while ! test -e {}; do sleep 0.01; done"
    shop = Shop(
        tmp_path,
        {"a": ["touch a", wait.format("b"), "echo A"], "b": ["touch b", wait.format("a")]},
        jobs=2,
    )
    assert sorted(shop.run(Task("a"), Task("b")).done) == ["a", "b"]
    assert shop.shown == b""
    assert shop.log("a").endswith("> echo A\nA\n")


def test_the_first_line_that_fails_is_the_last(tmp_path: Path) -> None:
    shop = Shop(tmp_path, {"a": ["true", "exit 3", "touch late"], "b": ["true"]})
    outcome = shop.run(Task("a"), Task("b"))
    error = outcome.failed["a"]
    assert isinstance(error, StageFailedError)
    assert "exited with 3" in str(error) and "  exit 3" in str(error)
    assert outcome.not_started == ["b"]
    assert not (tmp_path / "late").exists()
    assert shop.heard == ["begin a", "> true", "> exit 3", "failed a"]


def test_keep_going_runs_what_does_not_need_the_failed_one(tmp_path: Path) -> None:
    shop = Shop(tmp_path, {"a": ["false"], "b": ["true"], "c": ["true"]})
    outcome = shop.run(Task("a"), Task("b", ("a",)), Task("c"), on_error=KEEP_GOING)
    assert (outcome.done, list(outcome.failed), outcome.skipped) == (["c"], ["a"], {"b": "a"})


def test_a_stage_with_nothing_to_do_lets_the_next_one_start(tmp_path: Path) -> None:
    shop = Shop(tmp_path, {"a": [], "b": ["true"]})
    assert shop.run(Task("a"), Task("b", ("a",))).done == ["a", "b"]


def test_what_cannot_start_is_an_error_of_that_stage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHELL", "/no/such/shell")
    outcome = Shop(tmp_path, {"a": ["true"]}).run(Task("a"))
    assert "cannot run stage 'a': /no/such/shell: No such file" in str(outcome.failed["a"])
    shop = Shop(tmp_path, {"a": ["true"]})
    shop.cwd = "gone"
    monkeypatch.chdir(tmp_path)
    assert "its directory is not there: gone" in str(shop.run(Task("a")).failed["a"])


def test_of_a_log_the_end_is_shown_to_those_who_have_not_seen_it(tmp_path: Path) -> None:
    shop = Shop(tmp_path, {"a": ["echo x", "seq 30; printf '\\033[2J'; exit 1"]}, jobs=2)
    lines = str(shop.run(Task("a")).failed["a"]).splitlines()
    at = lines.index("it ended with:")
    assert lines[at + 1 : at + 4] == ["  22", "  23", "  24"]
    assert "\\x1b[2J" in lines[at + 10]
    shop = Shop(tmp_path, {"a": ["echo x", "exit 1"]}, jobs=2)
    assert "it ended with" not in str(shop.run(Task("a")).failed["a"])


def test_a_shell_reads_none_of_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = tmp_path / "said"
    for version, options in (("4.0.1", "--no-config -c"), ("3.2.9", "-c")):
        shell = tmp_path / version / "fish"
        shell.parent.mkdir()
        shell.write_text(
            f"#!/bin/sh\ntest $1 = --version && echo fish, version {version} || echo $* >{said}\n"
        )
        shell.chmod(0o755)
        monkeypatch.setenv("SHELL", str(shell))
        monkeypatch.setattr(local, "_SHELL_OPTIONS", {})
        Shop(tmp_path, {"a": ["true"]}).run(Task("a"))
        assert said.read_text() == f"{options} true\n"


def test_a_signal_is_named(tmp_path: Path) -> None:
    outcome = Shop(tmp_path, {"a": ["kill -9 $$"]}).run(Task("a"))
    assert "was ended by signal 9" in str(outcome.failed["a"])


def test_logs_have_names_that_any_file_system_takes() -> None:
    assert log_path("t", "train@de") == os.path.join("t", "logs", "train@de.log")
    one, two = log_path("t", "a/dvc.yaml:b"), log_path("t", "a_dvc.yaml:b")
    assert one != two
    assert os.path.basename(one).startswith("a_dvc.yaml_b-")
