from __future__ import annotations

import os
from collections.abc import Iterable

import pytest

from git_dvc.ops.check_ignore import check_ignore
from git_dvc.project import Project
from tests.ops.conftest import Dvc, write


@pytest.fixture(autouse=True)
def patterns(project: Project) -> None:
    write(".dvcignore", "*.tmp\n!keep.tmp\n/d2/\n")
    write("sub/.dvcignore", "x*\n")
    for path in ("a.tmp", "keep.tmp", "d2/q", "sub/x1"):
        write(path, "")


def verdicts(project: Project, targets: Iterable[str]) -> list[tuple[str, str, bool]]:
    found = check_ignore(project, targets)
    return [(answer.target, str(answer.match or "::"), answer.ignored) for answer in found]


def test_the_last_pattern_that_matches_decides(project: Project) -> None:
    assert verdicts(project, ["a.tmp", "keep.tmp", "plain", "d2", "d2/q", "sub/x1", "x1"]) == [
        ("a.tmp", ".dvcignore:1:*.tmp", True),
        ("keep.tmp", ".dvcignore:2:!keep.tmp", False),
        ("plain", "::", False),
        ("d2", ".dvcignore:3:/d2/", True),
        ("d2/q", ".dvcignore:3:/d2/", True),
        ("sub/x1", "sub/.dvcignore:1:x*", True),
        ("x1", "::", False),
    ]


def test_paths_that_do_not_exist_or_lie_outside(project: Project) -> None:
    assert verdicts(project, ["nosuch.tmp", "../out.tmp", ".", ".git"]) == [
        ("nosuch.tmp", ".dvcignore:1:*.tmp", True),
        ("../out.tmp", "::", False),
        (".", "::", False),
        (".git", ":.git", True),
    ]


def test_from_a_subdirectory(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("sub")
    assert verdicts(project, ["x1", "../a.tmp"]) == [
        ("x1", "sub/.dvcignore:1:x*", True),
        ("../a.tmp", ".dvcignore:1:*.tmp", True),
    ]


@pytest.mark.interop
def test_dvc_gives_the_same_verdicts(project: Project, dvc: Dvc) -> None:
    targets = ["a.tmp", "keep.tmp", "plain", "d2", "d2/q", "sub/x1", "x1", "../out", ".git"]
    mine = [f"{match}\t{target}" for target, match, _ in verdicts(project, targets)]
    assert dvc("check-ignore", "-d", "-n", *targets).split(os.linesep) == mine
