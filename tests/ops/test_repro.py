"""``repro`` over real files and commands: what runs, what is recorded, what is said."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from git_dvc.cli import opened
from git_dvc.cli.console import Console
from git_dvc.project import Project
from git_dvc.store.state import By, Header
from tests.ops.conftest import git, write
from tests.scene import git_dvc

COPIES = """\
stages:
  two:
    cmd: cp one two && echo two >>log
    deps:
    - one
    outs:
    - two
  one:
    cmd: cp in one && echo one >>log
    deps:
    - in
    outs:
    - one
  other:
    cmd: cp in other && echo other >>log
    deps:
    - in
    outs:
    - other
"""


@pytest.fixture
def copies(project: Project) -> Path:
    write("dvc.yaml", COPIES)
    write("in", "1")
    opened.never_tell(project.state_dir)
    return Path(project.root)


def repro(*args: str, code: int = 0) -> str:
    """Run ``git dvc repro`` here and return what it printed."""
    done = git_dvc("repro", *args, cwd=".")
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def ran() -> str:
    """Return which stages have run since this was asked last."""
    log = Path("log")
    text = log.read_text() if log.exists() else ""
    log.unlink(missing_ok=True)
    return " ".join(text.split())


def test_stale_stages_run_in_their_order_and_only_once(copies: Path) -> None:
    said = repro()
    assert ran() == "one two other"
    assert "Running stage 'one':\n> cp in one && echo one >>log\n" in said
    assert said.endswith("stages: 3 ran\n")
    said = repro()
    assert ran() == ""
    assert said.splitlines() == [
        "Stage 'one' didn't change, skipping",
        "Stage 'two' didn't change, skipping",
        "Stage 'other' didn't change, skipping",
        "Data and pipelines are up to date.",
    ]


def test_only_what_follows_from_a_change_runs(copies: Path) -> None:
    repro()
    ran()
    write("in", "2")
    write("other", "2")
    assert "stages: 3 ran\n" in repro()
    assert ran() == "one two other"
    write("dvc.yaml", COPIES.replace("cp one two", "cp -f one two"))
    assert "stages: 1 ran, 2 unchanged\n" in repro()
    assert ran() == "two"


def test_what_was_made_before_is_not_made_again(copies: Path) -> None:
    repro()
    ran()
    write("other", "by hand")
    said = repro()
    assert "Stage 'other' is cached - skipping run, checking out outputs" in said
    assert "stages: 1 restored from the cache, 2 unchanged\n" in said
    assert "  other\nhint: get them back with 'git dvc undo'" in said
    write("in", "2")
    repro()
    assert ran() == "one two other"
    write("in", "1")
    repro()
    assert ran() == ""
    assert Path("two").read_text() == "1"
    write("in", "2")
    repro("--no-run-cache")
    assert ran() == "one two other"
    Path("two").unlink()
    repro("--no-run-cache")
    assert ran() == "two", "it was asked for anew"


def test_a_failed_stage_leaves_its_outputs_as_they_were(copies: Path) -> None:
    repro()
    before = Path("dvc.lock").read_text()
    write("dvc.yaml", COPIES.replace("cp in one", "test ! -e one && false"))
    repro(code=1)
    assert Path("one").read_text() == "1"
    assert Path("dvc.lock").read_text() == before


def test_pull_brings_what_is_missing_and_nothing_else(copies: Path) -> None:
    write("dvc.yaml", COPIES.replace("    deps:\n    - in\n", "    deps:\n    - in\n    - code\n"))
    write("code", "x")
    for words in (["add", "in"], ["remote", "add", "-d", "store", "../store"]):
        assert git_dvc(*words, cwd=".").returncode == 0
    repro()
    write("in", "22")
    repro("-P")
    ran()
    assert git_dvc("push", "--run-cache", cwd=".").returncode == 0
    shutil.rmtree(".dvc/cache")
    for name in ("in", "one", "two", "other"):
        Path(name).unlink()
    repro("--pull", "two")
    assert ran() == ""
    assert Path("two").read_text() == "22"
    assert not Path("other").exists()
    assert Path("in").exists(), "it is a pointer's, and was asked for with what needs it"
    write("dvc.yaml", Path("dvc.yaml").read_text())
    repro("--pull", "other")
    assert ran() == ""
    write("code", "y")
    Path("in").unlink()
    repro("--pull", "-s", "one")
    assert ran() == "one"
    assert Path("in").read_text() == "22"


def test_a_dry_run_with_pull_asks_the_remote(copies: Path, tmp_path: Path) -> None:
    for words in (["add", "in"], ["remote", "add", "-d", "store", "../store"]):
        assert git_dvc(*words, cwd=".").returncode == 0
    repro()
    ran()
    assert git_dvc("push", cwd=".").returncode == 0
    shutil.rmtree(".dvc/cache")
    for name in ("in", "one", "two", "other"):
        Path(name).unlink()
    assert repro("--dry", "--pull").endswith("Data and pipelines are up to date.\n")
    assert not Path("in").exists() and not Path(".dvc/cache").exists(), "nothing was brought"
    write("dvc.yaml", COPIES.replace("cp one two", "cp -f one two"))
    assert repro("--dry", "--pull").splitlines()[:4] == [
        "'in.dvc' didn't change, skipping",
        "Stage 'one' didn't change, skipping",
        "Stage 'two' would run:",
        "> cp -f one two && echo two >>log",
    ]
    shutil.rmtree("../store/files/md5")
    Path("../store/files/md5").mkdir()
    said = repro("--dry", "--pull", code=1)
    assert "data of 'in.dvc' is neither in place nor in the cache" in said
    assert "Stage 'one' would run:" in said
    shutil.rmtree("../store")
    assert "warning: remote 'store' cannot be used" in repro("--dry", "--pull", code=1)


def test_a_part_of_a_directory_is_never_recorded_in_place_of_all_of_it(copies: Path) -> None:
    write("dvc.yaml", COPIES.replace("    - in\n", "    - in/a\n").replace("cp in", "cp in/a"))
    Path("in").unlink()
    write("in/a", "1")
    write("in/b", "2")
    for words in (["add", "in"], ["remote", "add", "-d", "store", "../store"], ["push"]):
        assert git_dvc(*words, cwd=".").returncode == 0
    pointer = Path("in.dvc").read_bytes()
    shutil.rmtree(".dvc/cache")
    Path("in/b").unlink()
    hidden = Path("../hidden")
    Path("../store").rename(hidden)
    for words in (["--dry"], [], ["--pull"]):
        said = repro(*words, "-P", code=1)
        assert "error: data of 'in.dvc' is not as recorded, and the cache lacks" in said
        assert Path("in.dvc").read_bytes() == pointer and ran() == ""
    hidden.rename("../store")
    repro("--pull")
    assert Path("in/b").read_text() == "2" and Path("in.dvc").read_bytes() == pointer
    assert ran() == "one two other"
    shutil.rmtree(".dvc/cache")
    write("in/b", "3")
    assert "git dvc commit --force in'" in repro(code=1)
    assert git_dvc("commit", "--force", "in", cwd=".").returncode == 0
    assert "didn't change" in repro("in.dvc")


def test_a_checkout_that_was_stopped_is_to_be_finished_before_anything_runs(copies: Path) -> None:
    write("dvc.yaml", COPIES.replace("    - in\n", "    - in/a\n").replace("cp in", "cp in/a"))
    Path("in").unlink()
    write("in/a", "1")
    assert git_dvc("add", "in", cwd=".").returncode == 0
    repro()
    ran()
    pointer = Path("in.dvc").read_bytes()
    write("in/a", "2")
    with Project.open() as project:
        project.state.begin(Header("in", "", "md5", "in.dvc"), by=By("pull", "12345678"))
    for words in ([], ["--dry"], ["one"], ["-s", "other"], ["-f"]):
        said = repro(*words, code=1)
        assert "there only in part" in said and "  in/ (git dvc pull)\n" in said
        assert "nothing was run; finish it with 'git dvc checkout in'" in said
        assert git_dvc("commit", "one", cwd=".").returncode == 1, "it would be made from that"
    assert Path("in.dvc").read_bytes() == pointer and ran() == ""
    said = git_dvc("status", cwd=".").stdout
    assert "There only in part" in said and "        in/ (git dvc pull)\n" in said
    assert "Changes not added" not in said
    repro("two", "-s")
    write("in/a", "1")
    repro()
    assert "There only in part" not in git_dvc("status", cwd=".").stdout


def test_a_run_that_was_stopped_as_it_put_data_back_does_it_again(copies: Path) -> None:
    write("dvc.yaml", COPIES.replace("    - in\n", "    - in/a\n").replace("cp in", "cp in/a"))
    Path("in").unlink()
    write("in/a", "1")
    write("in/b", "1")
    assert git_dvc("add", "in", cwd=".").returncode == 0
    repro("-P")
    pointer = Path("in.dvc").read_bytes()
    Path("in/b").unlink()
    with Project.open() as project:
        project.state.begin(Header("in", "", "md5", "in.dvc"), by=By("repro", "12345678"))
    assert "finish it with 'git dvc checkout in'" in repro("-s", "one", code=1)
    repro("-P")
    assert Path("in/b").read_text() == "1" and Path("in.dvc").read_bytes() == pointer
    with Project.open() as project:
        assert not project.stopped()


def test_a_dry_run_says_what_and_why_and_does_nothing(copies: Path) -> None:
    assert repro("--dry", "--why").splitlines() == [
        "Stage 'one' would run:",
        "    it has never run",
        "> cp in one && echo one >>log",
        "Stage 'two' would run:",
        "    it has never run",
        "    one: 'one' makes it anew",
        "> cp one two && echo two >>log",
        "Stage 'other' would run:",
        "    it has never run",
        "> cp in other && echo other >>log",
    ]
    assert not (copies / "dvc.lock").exists()
    repro()
    write("dvc.yaml", COPIES.replace("cp in one &&", "cp -f in one &&"))
    assert repro("--dry", "--why", "two").splitlines() == [
        "Stage 'one' would run:",
        "    command: cp in one && echo one >>log",
        "          -> cp -f in one && echo one >>log",
        "> cp -f in one && echo one >>log",
        "Stage 'two' would run, unless 'one' makes the same again:",
        "    one: 'one' makes it anew",
        "> cp one two && echo two >>log",
    ]


def test_a_failed_stage_ends_the_run_and_keeps_what_was_done(copies: Path) -> None:
    write("dvc.yaml", COPIES.replace("cp one two", "echo oops >&2; false"))
    said = repro(code=1)
    assert "oops" in said
    assert "error: stage 'two' failed: its command exited with 1" in said
    assert ran() == "one"
    write("dvc.yaml", COPIES)
    repro()
    assert ran() == "two other"


def test_the_targets_choose(copies: Path) -> None:
    repro("-s", "other")
    assert ran() == "other"
    repro("--downstream", "one")
    assert ran() == "one two"
    write("in", "2")
    repro("two")
    assert ran() == "one two"
    repro("-p", "one")
    assert ran() == ""
    repro("-P")
    assert ran() == "other"
    repro("-f", "-s", "two")
    assert ran() == "two"
    repro("--glob", "-f", "t*")
    assert ran() == "one two"


def test_outputs_that_are_here_need_no_run_to_be_in_the_cache_again(copies: Path) -> None:
    assert git_dvc("add", "in", cwd=".").returncode == 0
    write("dvc.yaml", COPIES.replace("cp one two", "echo two >two"))
    repro()
    ran()
    for place in (copies / ".dvc/cache/files", copies / ".dvc/cache/runs"):
        shutil.rmtree(place)
    assert "Stage 'two' would not run, but put what it made into the cache again" in repro("--dry")
    assert "stages: " not in repro("--no-commit"), "nothing is to be put there"
    said = repro()
    assert "'in.dvc': its data is in the cache again\n" in said
    assert "stages: 2 recorded, 2 unchanged\n" in said
    assert ran() == ""
    assert git_dvc("status", "-q", cwd=".").returncode == 0


def test_data_of_pointer_files_is_put_back_or_recorded(copies: Path) -> None:
    assert git_dvc("add", "in", cwd=".").returncode == 0
    repro()
    Path("in").unlink()
    assert "'in.dvc' would get its data back from the cache\n" in repro("--dry")
    assert repro().startswith("'in.dvc': put back in\nStage 'one' didn't change")
    ran()
    write("in", "2")
    assert repro("one").startswith("'in.dvc': recorded what is there now\nRunning stage 'one':")
    assert ran() == "one"
    Path("in").unlink()
    shutil.rmtree(copies / ".dvc/cache/files")
    for words in (["--dry"], []):
        assert "data of 'in.dvc' is neither in place nor in the cache:\n  in\n" in repro(
            *words, code=1
        )
    assert ran() == ""
    assert "didn't change" in repro("--allow-missing", "one")


def test_many_pointer_files_are_recorded_in_one_operation_and_each_is_read_by_itself(
    copies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"data-{number}" for number in range(12)]
    for name in names:
        write(name, "1")
    assert git_dvc("add", "in", *names, cwd=".").returncode == 0
    repro("-P")
    git("add", "-A")
    before = (copies / "data-7.dvc").read_bytes()
    for name in ("in", *names):
        write(name, "2")
    reads: list[str] = []
    read = Project.read

    def counted(self: Project, relpath: str) -> bytes | None:
        reads.append(relpath)
        return read(self, relpath)

    with monkeypatch.context() as patch:
        patch.setattr(Project, "read", counted)
        assert "stages: 3 ran, 13 recorded\n" in repro("-P")
    assert max(reads.count(f"{name}.dvc") for name in names) <= 8, "not again for each of them"
    assert git("diff", "--name-only").split() == ["log"], "the rest is staged"
    assert git_dvc("undo", cwd=".").returncode == 0
    assert (copies / "data-7.dvc").read_bytes() == before
    assert Path("data-7").read_text() == "2", "the data stays, as after the undo of an 'add'"
    for name in names:
        Path(name).unlink()
    git_dvc("undo", "--redo", cwd=".")
    assert "'data-7.dvc': put back data-7\n" in repro("-P")
    assert Path("data-7").read_text() == "2"


def test_data_that_is_not_to_be_stored_is_only_noted(copies: Path) -> None:
    assert git_dvc("add", "in", cwd=".").returncode == 0
    write("in", "new")
    repro("--no-commit", "one")
    assert "size: 3" in (copies / "in.dvc").read_text()
    assert "in" in git_dvc("status", cwd=".").stdout
    found = [path for path in (copies / ".dvc/cache/files").rglob("*") if path.is_file()]
    assert [path.read_text() for path in found] == ["1"]


def test_nothing_is_made_from_data_whose_pointer_file_is_broken(copies: Path) -> None:
    assert git_dvc("add", "in", cwd=".").returncode == 0
    write("in.dvc", "<<<<<<< ours\nouts:\n=======\n")
    for words in ([], ["two"], ["--dry"]):
        said = repro(*words, code=1)
        assert "error: stage 'one' cannot run: in.dvc: has merge conflict markers\n" in said
        assert "nothing was run" in said
    assert ran() == ""
    write("else.dvc", (copies / "in.dvc").read_text())
    git_dvc("checkout", "-q", cwd=".")
    (copies / "in.dvc").unlink()
    assert "warning: left out else.dvc" in repro()
    assert ran() == "one two other"


def test_whoever_asks_for_all_is_told_that_it_was_not_all(copies: Path) -> None:
    write("sub/dvc.yaml", "stages:\n  bad:\n    cmd: echo ${nowhere}\n")
    repro("dvc.yaml")
    assert ran() == "one two other", "that was asked for"
    write("in", "2")
    for words in (["--dry"], ["-q"], []):
        said = repro("-P", *words, code=1)
        assert "error: these cannot be used and were left out" in said
        assert "  sub/dvc.yaml: stages.bad.cmd: there is no 'nowhere'" in said
    assert ran() == "one two other"
    repro("-P", "--ignore-errors")


def test_a_stage_that_is_not_there_has_nothing_to_do_with_one_that_is_bad(copies: Path) -> None:
    bad = "  bad:\n    cmd: echo ${nowhere}\n"
    write("dvc.yaml", f"{COPIES}  many:\n    foreach: [a]\n    do:\n      cmd: echo\n{bad}")
    assert "error: there is no stage none\n" in repro("none", code=1)
    said = repro("many@b", code=1)
    assert "error: there is no stage many@b\nhint: did you mean 'many@a'" in said
    assert "there is no 'nowhere'" in repro("bad", code=1)
    write("dvc.yaml", "stages: [")
    assert "not valid YAML" in repro("none", code=1)


def test_a_dry_run_names_what_is_missing_as_seen_from_here(copies: Path) -> None:
    definition = "stages:\n  a:\n    cmd: x\n    wdir: inner\n    deps: [in]\n    params: [lr]\n"
    write("sub/dvc.yaml", definition)
    Path("sub/inner").mkdir()
    Path("here").mkdir()
    done = git_dvc("repro", "--dry", "-P", cwd="here")
    assert "dependencies are missing:\n  ../sub/inner/in\n" in done.stderr
    write("sub/inner/in", "1")
    done = git_dvc("repro", "--dry", "sub/dvc.yaml", cwd=".")
    assert "  sub/inner/params.yaml: no such file\n" in done.stderr


def test_what_a_frozen_stage_reads_does_not_matter(copies: Path) -> None:
    write(
        "dvc.yaml", COPIES.replace("    deps:\n    - one\n", "    frozen: true\n    deps: [one]\n")
    )
    write("two", "given")
    said = repro("-P")
    assert ran() == "one other"
    assert "warning: stage 'two' is frozen" in said and "Stage 'two': recorded what is" in said
    write("in", "2")
    repro("two")
    assert ran() == "", "it needs nothing, so nothing is run for it"
    repro("-f", "two")
    assert ran() == ""


def test_going_on_after_a_failure(copies: Path) -> None:
    write("dvc.yaml", COPIES.replace("cp in one", "echo x >one; exit 3"))
    said = repro("-k", code=1)
    assert ran() == "other"
    assert "error: stage 'one' failed: its command exited with 3\n" in said
    assert "stages: 1 ran, 1 failed, 1 not run\n" in said
    assert "error: 1 stage failed:\n  one\nnot run, as they need one of these:\n  two\n" in said
    said = repro("--ignore-errors")
    assert ran() == "two"
    assert "stages: 1 ran, 1 unchanged, 1 failed\n" in said
    assert "cannot be used together" in repro("-k", "--ignore-errors", code=129)


def test_what_follows_may_be_forced(copies: Path) -> None:
    repro()
    ran()
    write("dvc.yaml", COPIES.replace("cp in one", "cp -f in one"))
    assert "Stage 'two' would run:\n    asked for by force" in repro(
        "--force-downstream", "--dry", "--why"
    )
    repro("--force-downstream")
    assert ran() == "one two"


def test_nothing_runs_that_nobody_agreed_to(copies: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def ask(self: Console, question: str) -> bool:
        asked.append(question)
        return len(asked) < 2

    monkeypatch.setattr(Console, "ask", ask)
    assert "error: stage 'two' was not run, as nobody said yes" in repro("-i", code=1)
    assert asked == ["Run stage 'one'?", "Run stage 'two'?"]
    assert ran() == "one"


def test_an_import_that_is_not_frozen_follows_its_source(copies: Path) -> None:
    write("../source", "1")
    assert git_dvc("import-url", "../source", "got", cwd=".").returncode == 0
    write("dvc.yaml", COPIES.replace("    - in\n", "    - got\n").replace("cp in", "cp got"))
    repro()
    ran()
    write("../source", "22")
    assert "didn't change" in repro("one") and ran() == "", "imports are frozen at first"
    assert git_dvc("unfreeze", "got.dvc", cwd=".").returncode == 0
    assert "'got.dvc': brought a newer version\n" in repro("one")
    assert ran() == "one"
    assert Path("one").read_text() == "22"


def test_stages_are_named_from_where_one_stands(copies: Path) -> None:
    repro()
    Path("sub").mkdir()
    done = git_dvc("repro", "../dvc.yaml:one", cwd="sub")
    assert done.stdout.startswith("Stage '../dvc.yaml:one' didn't change")
    done = git_dvc("repro", cwd="sub")
    assert done.returncode == 1
    assert "run them all with 'git dvc repro -P'" in done.stderr


def test_a_dry_run_knows_what_would_be_restored(copies: Path) -> None:
    repro()
    write("in", "2")
    repro()
    write("in", "1")
    assert repro("--dry").splitlines() == [
        f"Stage '{name}' is cached - skipping run, checking out outputs"
        for name in ("one", "two", "other")
    ]
    assert Path("one").read_text() == "2"
