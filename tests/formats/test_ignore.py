"""Tests for ``.dvcignore``; ``samples/ignore/verdicts.json`` is what DVC said of each path."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_dvc.formats.ignore import Ignore, Match

SAMPLES: dict[str, Any] = json.loads(
    (Path(__file__).parent / "samples" / "ignore" / "verdicts.json").read_text()
)


@pytest.mark.parametrize("name", SAMPLES)
def test_verdicts_and_reasons_are_dvcs(name: str) -> None:
    ignore = Ignore(SAMPLES[name]["files"].items())
    for relpath, is_dir, ignored, reason in SAMPLES[name]["verdicts"]:
        found = ignore.match_dir(relpath) if is_dir else ignore.match_file(relpath)
        assert found == ignored, relpath
        why = ignore.why(relpath, is_dir=is_dir)
        assert (str(why) if why else None) == reason, relpath


def test_the_reason_has_file_line_and_pattern() -> None:
    ignore = Ignore([("", "# c\n\n*.tmp\n"), ("sub", "  !a.tmp  \n")])
    assert ignore.why("x.tmp") == Match(".dvcignore", 3, "*.tmp", True)
    assert ignore.why("sub/a.tmp") == Match("sub/.dvcignore", 1, "!a.tmp", False)
    assert ignore.why("x") is None


def test_without_patterns_only_the_built_in_ones_count() -> None:
    ignore = Ignore([("", "# only a comment\n\n")])
    ignored = [".git", "a/.git", ".git/config"]
    assert all(map(ignore.match_file, ignored))
    assert all(map(ignore.match_dir, [".git", ".dvc", "a/.hg", ".dvc/tmp"]))
    assert not any(map(ignore.match_file, ["a", ".dvc", ".hg", ".gitx", "a.dvc"]))


def test_no_pattern_means_no_import_of_pathspec() -> None:
    code = (
        "import sys; from git_dvc.formats.ignore import Ignore;"
        "Ignore([('', '# c')]).match_file('a/b'); print('pathspec' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, cwd=Path(__file__).parents[2]
    )
    assert done.stdout.split() == [b"False"]


def test_a_pattern_that_is_none_is_reported_and_the_others_count() -> None:
    ignore = Ignore([("d", "*.tmp\nx\\\n!\n")])
    assert ignore.match_file("d/a.tmp")
    assert ignore.problems == ["d/.dvcignore:2: not a pattern: 'x\\\\'"] + [
        problem for problem in ignore.problems[1:] if ":3:" in problem
    ]


def test_an_ignore_file_in_an_ignored_directory_has_no_effect() -> None:
    ignore = Ignore([("a/b", "!*\n"), ("", "a/\n"), ("c", "x\n")])
    assert ignore.match_file("a/b/f")
    assert ignore.match_file("c/x")


@pytest.mark.parametrize("pattern", ["*a" * 40 + "*b", "**/a/" * 30 + "b", "*[!c]" * 9, "a*" * 9])
def test_a_pattern_made_to_be_slow_is_not(pattern: str) -> None:
    ignore = Ignore([("", pattern + "\n")])
    started = time.process_time()
    for path in ("a" * 250, "a/" * 100 + "c", "a/b/" * 50 + "c"):
        ignore.match_file(path)
    assert time.process_time() - started < 2
    assert ignore.problems == (
        [".dvcignore:1: not a pattern: '" + pattern + "'"] if "!" in pattern else []
    )


@given(
    st.lists(
        st.tuples(st.sampled_from(["", "a", "a/b"]), st.text("ab*/!?[]\\# \n.-^", max_size=12)),
        max_size=3,
        unique_by=lambda item: item[0],
    ),
    st.lists(st.sampled_from(["a", "b", "ab", ".git", "-"]), min_size=1, max_size=4),
)
def test_any_patterns_give_a_verdict_that_its_reason_explains(
    files: list[tuple[str, str]], parts: list[str]
) -> None:
    ignore = Ignore(files)
    relpath = "/".join(parts)
    for is_dir in (False, True):
        why = ignore.why(relpath, is_dir=is_dir)
        verdict = ignore.match_dir(relpath) if is_dir else ignore.match_file(relpath)
        assert verdict == (why is not None and why.ignored)
    if ignore.match_dir(relpath):
        assert ignore.match_file(relpath + "/x")
