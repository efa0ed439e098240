"""The watch: what the shell must see has moved, and what it need not start Python for."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from git_dvc.workspace import watch
from git_dvc.workspace.watch import Watch

SHELLS = [shell for shell in ("dash", "bash", "sh") if any(
    os.access(os.path.join(folder, shell), os.X_OK) for folder in os.get_exec_path()
)]  # fmt: skip

Seen = tuple[bool, bool]


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """A work tree with pointers in two directories, and code."""
    for name in ("data/a.dvc", "data/code.py", "models/it's $(x).dvc", "dvc.lock", "code/x.py"):
        write(tmp_path / name)
    (tmp_path / ".git/info").mkdir(parents=True)
    (tmp_path / ".git/info/attributes").write_text("")
    return tmp_path


def write(path: Path) -> None:
    """Write a file as Git does: the new one replaces the old."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_text("text\n")


def look(top: Path, *, told: bool = True) -> bool:
    made = Watch(str(top), str(top / ".git"))
    made.begin()
    sights = watch.look(str(top), ["", "data", "models", "sparse"])
    told_by = str(top / ".git/info/attributes") if told else ""
    return made.finish(sights, ["data/code.py"], told_by=told_by)


def ask(top: Path, shell: str = "sh") -> Seen:
    """Return what ``near`` and ``far`` say: whether nothing moved."""
    code = "set -u; state=.git/dvc; . .git/dvc/watch; near; echo $?; far; echo $?"
    done = subprocess.run([shell, "-c", code], cwd=top, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    near, far = done.stdout.split()
    return near == "0", far == "0"


def mark(top: Path, process: int) -> Path:
    """Leave the mark of a Git command."""
    path = top / f".git/dvc/moved.{process}"
    path.touch()
    return path


def pause() -> None:
    time.sleep(0.03)


@pytest.mark.parametrize("shell", SHELLS)
def test_nothing_moved(top: Path, shell: str) -> None:
    assert look(top)
    assert ask(top, shell) == (True, True)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("moved", "expected"),
    [
        pytest.param(lambda top: write(top / "data/a.dvc"), False, id="changed"),
        pytest.param(lambda top: (top / "data/a.dvc").unlink(), False, id="gone"),
        pytest.param(lambda top: write(top / "data/b.dvc"), False, id="came"),
        pytest.param(lambda top: write(top / "data/.b.dvc"), False, id="hidden came"),
        pytest.param(lambda top: write(top / "dvc.lock"), False, id="lock"),
        pytest.param(lambda top: write(top / "models/it's $(x).dvc"), False, id="odd name"),
        pytest.param(lambda top: write(top / "sparse/c.dvc"), False, id="cone grew"),
        pytest.param(lambda top: write(top / "data/code.py"), True, id="code beside"),
        pytest.param(lambda top: (top / "data/code.py").unlink(), False, id="a needed file"),
        pytest.param(lambda top: write(top / "code/x.py"), True, id="code elsewhere"),
    ],
)
def test_what_near_sees(
    top: Path, shell: str, moved: Callable[[Path], None], expected: bool
) -> None:
    assert look(top)
    moved(top)
    near, _ = ask(top, shell)
    assert near == expected


@pytest.mark.parametrize("shell", SHELLS)
def test_a_mark_of_git_makes_the_hook_look(top: Path, shell: str) -> None:
    assert look(top)
    mark(top, os.getpid())
    assert ask(top, shell) == (True, False)


@pytest.mark.parametrize("shell", SHELLS)
def test_where_git_cannot_tell_the_hook_looks(top: Path, shell: str) -> None:
    assert look(top, told=False)
    assert ask(top, shell) == (True, False)


def test_changed_attributes_may_mean_that_git_no_longer_tells(top: Path) -> None:
    assert look(top)
    (top / ".git/info/attributes").write_text("* !filter\n")
    assert ask(top)[0] is False
    assert look(top)
    (top / ".git/info/attributes").unlink()
    assert ask(top)[0] is False


def test_a_look_takes_away_the_marks_of_commands_that_have_ended(top: Path) -> None:
    assert look(top)
    ended = subprocess.Popen(["true"])
    ended.wait()
    old = mark(top, os.getpid())
    gone = [mark(top, ended.pid), top / ".git/dvc/moved.odd"]
    gone[1].touch()
    assert look(top)
    assert old.exists() and not any(path.exists() for path in gone)
    assert ask(top)[1] is False, "this command may still write"
    then = time.time() - 2 * 24 * 3600
    os.utime(old, (then, then))
    assert look(top)
    assert not old.exists(), "the number is another's by now"
    assert ask(top) == (True, True)


def stamp_ns(top: Path) -> int:
    return (top / ".git/dvc" / (top / ".git/dvc/turn").read_text().split()[0]).stat().st_mtime_ns


@pytest.mark.parametrize("shell", SHELLS)
def test_code_beside_pointers_does_not_pile_up(top: Path, shell: str) -> None:
    """What one look passed the second next one does not look into: the stamp moves on."""
    assert look(top)
    for _ in range(3):
        pause()
        write(top / "data/code.py")
        assert ask(top, shell) == (True, True)
    for _ in range(2):
        pause()
        assert ask(top, shell) == (True, True)
    assert stamp_ns(top) > (top / "data").stat().st_mtime_ns
    write(top / "data/new.dvc")
    assert ask(top, shell)[0] is False
    assert ask(top, shell)[0] is False, "what was found is found until Python looks"


@pytest.mark.parametrize("shell", SHELLS)
def test_every_pointer_is_seen_however_looks_and_writes_follow_each_other(
    top: Path, shell: str
) -> None:
    """Without a pause anywhere: the clock of the file system may stand still meanwhile."""
    assert look(top)
    for number in range(60):
        write(top / f"{('data', 'models')[number % 2]}/f{number}.py")
        assert ask(top, shell) == (True, True)
        if number % 4 == 3:
            write(top / "data/a.dvc")
            assert ask(top, shell)[0] is False
            pause()  # what is as old as the stamp is looked at once more
            assert look(top)


@pytest.mark.parametrize("shell", SHELLS)
def test_a_state_that_cannot_be_written_makes_the_hook_look(top: Path, shell: str) -> None:
    assert look(top)
    write(top / "data/code.py")
    (top / ".git/dvc" / (top / ".git/dvc/turn").read_text().split()[2]).unlink()
    (top / ".git/dvc" / (top / ".git/dvc/turn").read_text().split()[2]).mkdir()
    assert ask(top, shell)[0] is False
    (top / ".git/dvc/turn").write_text("")
    assert ask(top, shell)[0] is False


def test_a_write_right_after_the_look_is_seen_and_one_right_before_is_no_news(top: Path) -> None:
    for _ in range(25):
        write(top / "data/a.dvc")
        assert look(top)
        assert ask(top) == (True, True)
        write(top / "data/a.dvc")
        assert ask(top)[0] is False


def test_a_clock_of_seconds_means_no_watch(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_touch", lambda path: 1_700_000_000_000_000_000)
    assert not look(top)
    assert not (top / ".git/dvc/watch").exists()


def test_a_line_break_in_a_name_means_no_watch(top: Path) -> None:
    write(top / "data/a\nb.dvc")
    assert not look(top)


def test_a_disk_that_cannot_be_written_means_no_watch(
    top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str, *args: object, **kwargs: object) -> None:
        raise OSError(30, "Read-only file system", path)

    monkeypatch.setattr(os, "makedirs", refuse)
    assert not look(top)


def test_looking_begins_without_a_watch(top: Path) -> None:
    assert look(top)
    made = Watch(str(top), str(top / ".git"))
    made.begin()
    assert not (top / ".git/dvc/watch").exists()
    assert {path.name for path in (top / ".git/dvc").glob("stamp*")} == set(watch.STAMPS)


def test_the_note_for_later(top: Path) -> None:
    made = Watch(str(top), str(top / ".git"))
    assert not made.is_pending()
    made.clear_pending()
    made.mark_pending()
    made.mark_pending()
    assert made.is_pending()
    made.clear_pending()
    assert not made.is_pending()


def test_stats_tell_what_was_replaced(top: Path) -> None:
    paths = ["data/a.dvc", "none"]
    before = watch.stats(str(top), paths)
    assert before["none"] is None
    pause()
    write(top / "data/a.dvc")
    assert watch.stats(str(top), paths) != before
