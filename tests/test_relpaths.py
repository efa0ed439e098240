"""The one door for untrusted paths: what it refuses, and that the fast check agrees."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from git_dvc import relpaths
from git_dvc.errors import UnsafePathError

# Git's own list: t1014-read-tree-confusing.sh, t0060-path-utils.sh, utf8.c, path.c.
DOT_GIT = [
    ".git", ".GIT", ".Git", ".giT", "git~1", "GIT~1", "gIt~1", "git~1.", "git~1 ", "git~1:x",
    ".git.", ".git..", ".git ", ".git . .", ".git. .", ".git...", ".git::$INDEX_ALLOCATION",
    ".git:stream", ".GIT.::$DATA", ".git .:a", ".git:\n",
    ".g\u200cit", ".gi\u200dt", "\u200e.git", ".git\u200f", ".\u202agit", ".g\u202bit",
    ".gi\u202ct", ".git\u202d", "\u202e.git", ".\u206agit", ".g\u206bit", ".gi\u206ct",
    ".git\u206d", "\u206e.git", ".\u206fgit", ".g\ufeffit", ".G\u200cI\u200dT", "g\u200cit~1",
]  # fmt: skip
HOSTILE = [
    "", ".", "..", "/", "/etc/passwd", "../x", "a/../../x", "a/..", "./a", "a/.", "a/./b", "a//b",
    "a/", "//a", "C:", "C:x", "c:/x", "z:\\x", "a\\b", "..\\x", "\\\\host\\share", "a\0b", "\0",
    ".dvc", ".DVC/config", "a/.dvc/tmp", "\ud800", "a/\udfff" + "x" * 70, "\udcff", "x" * 256,
    "é" * 128, "a/" + "x" * 256 + "/b", "\ud800" * 70,
]  # fmt: skip
FINE = [
    "a", "a/b", "a b", " a", "a ", "-rf", "*", "?", "[a]", "a\nb", "\n", "~", "~root", "$HOME",
    ".gitignore", ".gitattributes", ".github/x", "x.git", "git", "git~2", ".git_x", "..a", "...",
    "a..b", ".dvcignore", "x.dvc", "é/ü", "日本", "\x1b[31m", "'", '"', "ab:c", "aux", "x" * 255,
    "é" * 127, "/".join(["d" * 200] * 20), ".g\u0131t", "\u0130", "a\u0301", "\U0001f600", "\x7f",
]  # fmt: skip


@pytest.mark.parametrize("name", DOT_GIT)
@pytest.mark.parametrize("where", ["{}", "{}/hooks/x", "a/{}", "a/b/{}/c"])
def test_what_git_keeps_for_itself_is_refused_at_any_depth(name: str, where: str) -> None:
    path = where.format(name)
    for check in (relpaths.check, lambda p: relpaths.check_all(["ok", p])):
        with pytest.raises(UnsafePathError):
            check(path)


@pytest.mark.parametrize("path", HOSTILE)
def test_hostile_paths_are_refused_with_one_short_line(path: str) -> None:
    for check in (relpaths.check, lambda p: relpaths.check_all(["ok", p])):
        with pytest.raises(UnsafePathError) as caught:
            check(path)
        text = str(caught.value)
        assert len(text) < 1000 and "\n" not in text and text.isprintable()


@pytest.mark.parametrize("path", FINE)
def test_odd_but_harmless_paths_pass(path: str) -> None:
    assert relpaths.check(path) is path
    relpaths.check_all([path, "other/file"])


PIECES = st.sampled_from(
    [*DOT_GIT, *HOSTILE, *FINE, "/", "\\", ".", "..", ":", "~1", "\n", "\n\n", "/.", "./", "A:",
     "é:", "ª:x", "\u0131", "\u212a", "\u017f", ".dvc\u200c", "x" * 63, "x" * 64, "é" * 63]
)  # fmt: skip
ANY_TEXT = st.text(
    st.one_of(
        st.sampled_from(list("ab.gitGIT~1:/\\\n\0 \u200c\u0131\u0130\ufeffdvcDVC")),
        st.characters(),
        st.characters(categories=["Cs"]),
    ),
    max_size=12,
)
PATHS = st.one_of(
    ANY_TEXT, PIECES, st.lists(st.one_of(PIECES, ANY_TEXT), max_size=4).map("/".join),
    st.lists(PIECES, max_size=3).map("".join),
)  # fmt: skip


def refused(path: str) -> bool:
    try:
        relpaths.check(path)
    except UnsafePathError:
        return True
    return False


@given(st.sets(PATHS, max_size=4))
@example({".g\u0131t"})
@example({"é:x"})
@example({"\ud800" * 70})
@example({"a\n../b"})
def test_the_fast_check_refuses_exactly_what_the_slow_one_does(paths: set[str]) -> None:
    clash = any(f"{one}/" in f"{other}/" and other.startswith(one + "/")
                for one in paths for other in paths)  # fmt: skip
    expected = any(map(refused, paths)) or clash
    try:
        relpaths.check_all(paths)
    except UnsafePathError:
        assert expected
    else:
        assert not expected


def test_a_path_that_is_both_file_and_directory_is_refused() -> None:
    for paths in (["a", "a/b"], ["x/y/z", "x"], ["a/b/c/d", "b", "a/b"]):
        with pytest.raises(UnsafePathError, match="both a file and a directory"):
            relpaths.check_all(paths)
    relpaths.check_all(["a", "a.b", "a-b/c", "ab"])


def test_no_paths_at_all_are_fine() -> None:
    relpaths.check_all([])


@pytest.mark.parametrize(
    ("folder", "path", "result"),
    [
        ("", "a", "a"),
        ("", "./a", "a"),
        ("sub", "a", "sub/a"),
        ("sub/deep", "../a", "sub/a"),
        ("sub", "../a", "a"),
        ("sub", "a/../b", "sub/b"),
    ],
)
def test_an_output_may_climb_inside_its_project(folder: str, path: str, result: str) -> None:
    assert relpaths.resolve(folder, path) == result


@pytest.mark.parametrize(
    ("folder", "path"),
    [
        ("", ".."), ("", "../a"), ("sub", "../../a"), ("", "."), ("sub", ".."), ("", "/a"),
        ("sub", ".git"), ("sub", "../.git/x"), ("", "a/../.git"), ("", "C:x"), ("", "a\0"),
        ("", "a\\..\\b"), ("", ""), ("sub/.git", "a"), ("a", "../.dvc/config"),
    ],
)  # fmt: skip
def test_an_output_does_not_leave_its_project(folder: str, path: str) -> None:
    with pytest.raises(UnsafePathError):
        relpaths.resolve(folder, path)


@given(ANY_TEXT, PATHS)
def test_whatever_is_resolved_is_safe(folder: str, path: str) -> None:
    try:
        found = relpaths.resolve(folder, path)
    except UnsafePathError:
        return
    assert relpaths.check(found) == found


def test_parents_are_every_directory_above() -> None:
    assert relpaths.parents(["a/b/c", "a/d", "e"]) == {"a", "a/b"}


def test_inside_compares_whole_components() -> None:
    assert relpaths.inside("a/b", "a") and relpaths.inside("a", "a") and relpaths.inside("a", "")
    assert not relpaths.inside("ab", "a") and not relpaths.inside("a", "a/b")


PARTS = st.sampled_from([
    "a", "-x", "_", "a.b", "a.", ".a", "..", ".", "", ".git", "x.git", "git~1", ".dvc", "a b", "é",
    "C:", "a\\b", "\0", "9", "x" * 300,
])  # fmt: skip
PATHS = st.lists(PARTS, max_size=4).map("/".join)


@given(PATHS, PATHS)
def test_the_short_way_to_resolve_leads_where_the_long_one_does(folder: str, path: str) -> None:
    def outcome(resolve: Callable[[], str]) -> str:
        try:
            return resolve()
        except UnsafePathError as problem:
            return f"error: {problem.message}"

    short = outcome(lambda: relpaths.resolve(folder, path))
    assert short == outcome(lambda: relpaths._resolved(folder, path, "path"))
