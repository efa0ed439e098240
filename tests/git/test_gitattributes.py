"""The lines in ``.gitattributes``: added once, at the end, and never over the user's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from git_dvc.git import gitattributes
from git_dvc.git.repo import Repository

Git = Callable[..., str]
BOTH = ["*.dvc diff=dvc merge=dvc", "dvc.lock diff=dvc merge=dvc"]


def ask(top: Path) -> tuple[list[str], list[str]]:
    repo = Repository.discover(str(top))
    assert repo is not None
    return gitattributes.missing(repo.run(gitattributes.question()))


@pytest.mark.parametrize(
    ("text", "lines", "others"),
    [
        ("", BOTH, []),
        ("* text=auto\n", BOTH, []),
        ("\n".join(BOTH), [], []),
        ("* diff=dvc merge=dvc\n", [], []),
        ("*.dvc merge=dvc\n", ["*.dvc diff=dvc", BOTH[1]], []),
        ("*.dvc merge=ours -diff\n", [BOTH[1]], ["*.dvc -diff", "*.dvc merge=ours"]),
        ("*.lock binary\n", [BOTH[0]], ["dvc.lock -diff", "dvc.lock -merge"]),
        ("*.dvc diff\n", ["*.dvc merge=dvc", BOTH[1]], ["*.dvc diff"]),
    ],
)
def test_git_is_asked_what_holds(
    git_repo: Path, text: str, lines: list[str], others: list[str]
) -> None:
    (git_repo / ".gitattributes").write_text(text)
    assert ask(git_repo) == (lines, others)
    (git_repo / ".gitattributes").write_bytes(gitattributes.add(text.encode(), lines))
    assert ask(git_repo) == ([], others)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"", b"x\n"),
        (b"a", b"a\nx\n"),
        (b"a\n\n", b"a\n\nx\n"),
        (b"a\r\nb\r\n", b"a\r\nb\r\nx\r\n"),
        (b"\xff\n", b"\xff\nx\n"),
    ],
)
def test_lines_are_added_in_the_files_own_way(before: bytes, after: bytes) -> None:
    assert gitattributes.add(before, ["x"]) == after
    assert gitattributes.remove(after, ["x"]).rstrip(b"\r\n") == before.rstrip(b"\r\n")
