"""``git dvc undo`` and ``git dvc op log`` from their words to what they print."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Cli


def test_undo_says_what_it_took_back(project: Path, cli: Cli) -> None:
    (project / "model").write_text("weights")
    cli("add", "model")
    said = cli("undo", "-n")
    assert said.code == 0
    assert said.out.startswith("would take back ") and (project / "model.dvc").exists()
    said = cli("undo")
    lines = said.out.splitlines()
    assert lines[0].startswith("took back ") and lines[0].endswith(": git dvc add model")
    assert lines[1:] == ["D\t.gitignore", "D\tmodel.dvc"]
    said = cli("undo", "--redo")
    assert said.out.startswith("did again ") and (project / "model.dvc").exists()


def test_an_empty_log(project: Path, cli: Cli) -> None:
    said = cli("undo")
    assert (said.code, said.err) == (1, "error: there is nothing to undo in this work tree\n")
    assert cli("op", "log").out == "nothing is on record in this work tree yet\n"
    assert json.loads(cli("op", "log", "--json").out) == []


def test_the_log_is_listed(project: Path, cli: Cli) -> None:
    for name in ("a", "b"):
        (project / name).write_text(name)
        cli("add", name)
    cli("undo")
    lines = cli("op", "log", "-n", "2").out.splitlines()
    assert "git dvc undo (undo of " in lines[0]
    assert "git dvc add b (taken back by " in lines[2]
    assert len(lines) == 4
    found = json.loads(cli("op", "log", "--json").out)
    assert [one["kind"] for one in found] == ["undo", "add", "add"]
    assert found[1]["undone_by"] == found[0]["id"] and found[2]["undone_by"] is None
    assert found[1]["files"] == [".gitignore", "b.dvc"]


def test_redo_takes_no_id(project: Path, cli: Cli) -> None:
    assert cli("undo", "--redo", "abcd1234").code == 129
