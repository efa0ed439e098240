"""``git dvc run``, as old tutorials have it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from git_dvc.cli.run import rewrite
from tests.cli.conftest import Cli
from tests.conftest import GitRunner
from tests.scene import write_tree


@pytest.fixture
def data(project: Path) -> Path:
    """Return a project with something to read."""
    write_tree(project, {"in": "1\n"})
    return project


def test_run_with_a_name_is_a_stage_and_a_run(data: Path, cli: Cli) -> None:
    said = cli("run", "-n", "copy", "-d", "in", "-o", "out", "cp", "in", "out")
    assert said.code == 0
    assert said.out.startswith("added stage 'copy' in dvc.yaml; staged .gitignore and dvc.yaml\n")
    assert (data / "out").read_text() == "1\n"
    assert "cmd: cp in out" in (data / "dvc.lock").read_text()
    assert cli("run", "-n", "copy", "-o", "out", "false").code == 1  # the name is taken
    assert cli("run", "-n", "copy", "-f", "-o", "out", "echo 2 > out").code == 0
    assert (data / "out").read_text() == "2\n"
    assert cli("run", "-n", "bad", "false").code == 1


def test_stage_add_can_run_what_it_wrote_and_nothing_else(data: Path, cli: Cli) -> None:
    cli("stage", "add", "-n", "first", "-o", "a", "echo 1 > a")
    (data / "b").write_text("b")
    assert cli("stage", "add", "--run", "-n", "second", "-d", "b", "-o", "c", "cp b c").code == 0
    assert (data / "c").exists() and not (data / "a").exists()


def test_without_a_name_the_first_output_gives_it(data: Path, cli: Cli) -> None:
    said = cli("run", "--no-exec", "-o", "models/big model.h5", "-M", "m.json", "train")
    assert said.out.startswith("added stage 'big-model' in dvc.yaml")
    assert not (data / "dvc.lock").exists()
    said = cli("run", "echo", "hi")
    assert (said.code, said.out) == (129, "")
    assert "hint: name it with -n" in said.err


@pytest.mark.parametrize(
    ("file", "why", "proposed"),
    [
        ("model.h5.dvc", "DVC 3 refuses the whole repository if a command stands in", "model"),
        ("train.stage", "a stage file is called 'Dvcfile', not train.stage", "train"),
    ],
)
def test_a_file_that_nobody_could_read_is_refused(
    data: Path, cli: Cli, file: str, why: str, proposed: str
) -> None:
    said = cli("run", "-f", file, "-d", "in", "-o", "out", "cp in out")
    assert said.code == 129
    assert why in said.err
    assert f"'git dvc run -n {proposed} ...'" in said.err
    assert sorted(path.name for path in data.iterdir() if path.name[0] != ".") == ["in"]


def test_the_old_form_writes_a_stage_file_that_all_commands_know(
    data: Path, cli: Cli, run_git: GitRunner
) -> None:
    words = ("run", "-f", "Dvcfile", "-d", "in", "-M", "metrics.yaml", "-o", "model.h5")
    said = cli(*words, "cp in model.h5; echo acc: 1 > metrics.yaml")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("wrote the stage in Dvcfile; staged .gitignore and Dvcfile\n")
    written = (data / "Dvcfile").read_text()
    assert "cmd: 'cp in model.h5; echo acc: 1 > metrics.yaml'\n" in written
    assert "md5: b026324c6904b2a9cb4b88d6d61c81d1" in written
    assert not (data / "dvc.yaml").exists() and not (data / "dvc.lock").exists()
    assert "/model.h5" in (data / ".gitignore").read_text().split()

    # The same again has nothing to do; another stage does not take its place unasked.
    said = cli(*words, "cp in model.h5; echo acc: 1 > metrics.yaml")
    assert "didn't change, skipping" in said.out
    assert (data / "Dvcfile").read_text() == written
    said = cli(*words, "echo 2 > model.h5; echo acc: 1 > metrics.yaml")
    assert said.code == 1
    assert said.err.startswith("error: there is another stage in Dvcfile already\nhint: ")
    assert (data / "Dvcfile").read_text() == written

    assert '"Dvcfile";' in cli("dag", "--dot").out
    assert "metrics.yaml" in cli("metrics", "show").out
    for target in ("Dvcfile", "model.h5"):
        said = cli("move", target, "other")
        assert said.code == 1
        assert "stage" in said.err
    assert cli("repro").out.startswith("Stage 'Dvcfile' didn't change, skipping\n")
    run_git("add", "-A", cwd=data)
    run_git("commit", "-qm", "1", cwd=data)
    (data / "model.h5").unlink()
    assert cli("checkout").out == "A\tmodel.h5\n"
    (data / "in").write_text("2\n")
    assert "Dvcfile" in json.loads(cli("status", "--json").out)
    assert cli("repro").code == 0
    assert (data / "model.h5").read_text() == "2\n"
    run_git("commit", "-qam", "2", cwd=data)
    run_git("checkout", "-q", "HEAD~", cwd=data)
    assert cli("checkout").code == 0
    assert (data / "model.h5").read_text() == "1\n"
    assert "metrics.yaml" in cli("metrics", "show", "-T", "-a").out
    cli("remote", "add", "-d", "store", "../store")
    assert cli("push").code == 0
    assert {path.name for path in (data / "../store").rglob("*") if path.is_file()} >= {
        "26324c6904b2a9cb4b88d6d61c81d1"
    }
    assert cli("freeze", "Dvcfile").out.startswith("froze Dvcfile")


def test_a_stage_file_elsewhere_runs_where_the_user_stands(data: Path, cli: Cli) -> None:
    words = ("run", "-f", "sub/Dvcfile", "-d", "in", "-o", "out", "cp in out")
    said = cli(*words)
    assert (said.code, said.err) == (1, "error: no such directory: sub\nhint: make it\n")
    assert not (data / ".gitignore").exists()
    (data / "sub").mkdir()
    assert cli(*words).code == 0
    assert (data / "out").read_text() == "1\n"
    assert "wdir: ..\n" in (data / "sub" / "Dvcfile").read_text()
    (data / "in").write_text("2\n")
    assert cli("repro", "sub/Dvcfile").code == 0
    assert (data / "out").read_text() == "2\n"


def test_a_stage_has_a_name_or_a_file(data: Path, cli: Cli) -> None:
    said = cli("run", "-f", "Dvcfile", "-n", "x", "-o", "out", "cp in out")
    assert said.code == 129
    assert "not both" in said.err


@pytest.mark.parametrize(
    ("words", "means"),
    [
        ("-f Dvcfile -d a cmd -f x", "--file Dvcfile -d a cmd -f x"),
        ("-d -f -f Dvcfile cmd", "-d -f --file Dvcfile cmd"),
        ("-n a -f cmd x", "-n a --force cmd x"),
        ("--name=a -f cmd", "--name=a --force cmd"),
        ("-na -o out -f cmd", "-na -o out --force cmd"),
        ("-f -n a cmd", "--force -n a cmd"),
        ("--no-exec -f Dvcfile cmd", "--no-exec --file Dvcfile cmd"),
        ("-- cmd -f", "-- cmd -f"),
    ],
)
def test_f_is_a_file_or_means_force(words: str, means: str) -> None:
    assert rewrite(words.split()) == means.split()
