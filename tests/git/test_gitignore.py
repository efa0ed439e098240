"""The ignore lines must mean to Git exactly the one name they were made for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from git_dvc.errors import UnsafePathError
from git_dvc.git import gitignore
from git_dvc.git.repo import Repository

NAMES = st.text(
    st.sampled_from("ab[]!*#?\\ /.ü-^{}").filter(lambda c: c != "/"), min_size=1, max_size=8
).filter(lambda name: name not in (".", "..", ".git"))


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("data.csv", "/data.csv"),
        ("x[1].txt", r"/x\[1\].txt"),
        ("#h", r"/\#h"),
        ("!a*?", r"/\!a\*\?"),
        ("two words", "/two words"),
        ("end  ", r"/end\ \ "),
        (r"back\slash", r"/back\\slash"),
        ("ü", "/ü"),
    ],
)
def test_lines(name: str, line: str) -> None:
    assert gitignore.add("", name) == line + "\n"


@pytest.mark.parametrize("name", ["a\nb", "a\r", "\0", "", "a/b"])
def test_names_that_cannot_be_written_are_refused(name: str) -> None:
    with pytest.raises(UnsafePathError):
        gitignore.add("", name)


def test_adding_twice_changes_nothing() -> None:
    once = gitignore.add("# mine\n*.tmp\n", "data")
    assert once == "# mine\n*.tmp\n/data\n"
    assert gitignore.add(once, "data") == once


def test_a_missing_line_end_is_repaired() -> None:
    assert gitignore.add("*.tmp", "data") == "*.tmp\n/data\n"
    assert gitignore.add("/data", "data") == "/data"


def test_line_ends_of_windows_are_kept() -> None:
    assert gitignore.add("*.tmp\r\n", "data") == "*.tmp\r\n/data\r\n"
    assert gitignore.add("/data\r\nx\r\n", "data") == "/data\r\nx\r\n"
    assert gitignore.remove("a\r\n/data\r\n", "data") == "a\r\n"


def test_a_line_that_a_later_one_may_undo_is_added_again() -> None:
    assert gitignore.add("/data\n!data\n", "data") == "/data\n!data\n/data\n"
    assert gitignore.add("!x\n/data\n", "data") == "!x\n/data\n"


def test_removing() -> None:
    assert gitignore.remove("/data\n", "data") is None
    assert gitignore.remove("", "data") is None
    assert gitignore.remove("a\n/data\n\n/data \nb", "data") == "a\n\nb"
    assert gitignore.remove("/database\ndata\n/data/\n", "data") == "/database\ndata\n/data/\n"


def test_removing_finds_all_spellings() -> None:
    text = "keep\n/x\\[1\\].txt\n/x[1].txt\n"
    assert gitignore.remove(text, "x[1].txt") == "keep\n"
    assert gitignore.remove("/a\\\\b\n/a\\b\nk\n", "a\\b") == "k\n"


def test_spaces_at_the_end_are_part_of_a_name() -> None:
    text = gitignore.add(gitignore.add("", "a"), "a ")
    assert text == "/a\n/a\\ \n"
    assert gitignore.add(text, "a ") == text
    assert gitignore.remove(text, "a ") == "/a\n"
    assert gitignore.remove(text, "a") == "/a\\ \n"


@given(NAMES, st.lists(NAMES, max_size=4))
def test_removing_undoes_adding(name: str, others: list[str]) -> None:
    text = ""
    for other in others:
        if other != name:
            text = gitignore.add(text, other)
    if name in others or any(gitignore.remove(text, name) != text for _ in (text,) if text):
        return  # a spelling of one name can be the line of another
    assert gitignore.remove(gitignore.add(text, name), name) == (text or None)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(NAMES, min_size=2, max_size=6, unique=True))
def test_git_ignores_this_name_and_no_other(git_repo: Path, names: list[str]) -> None:
    name = names[0]
    repo = Repository.discover(str(git_repo))
    assert repo is not None
    (git_repo / ".gitignore").write_text(gitignore.add("", name))
    assert repo.is_ignored(["./" + each for each in names]) == {"./" + name}


def test_data_in_a_subdirectory(git_repo: Path, run_git: Callable[..., str]) -> None:
    (git_repo / "sub" / "sub").mkdir(parents=True)
    (git_repo / "sub" / ".gitignore").write_text(gitignore.add("", "data"))
    repo = Repository.discover(str(git_repo))
    assert repo is not None
    assert repo.is_ignored(["data", "sub/data", "sub/sub/data"]) == {"sub/data"}
