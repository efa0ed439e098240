from __future__ import annotations

from git_dvc.cli import render

DATA_STATUS = {
    "not_in_cache": ["d/"],
    "committed": {"modified": ["data.txt"], "added": ["y"], "deleted": ["x"]},
    "uncommitted": {
        "modified": ["d/"],
        "added": ["d/4"],
        "renamed": [{"old": "d/2", "new": "d/two"}],
        "deleted": ["d/1"],
    },
    "untracked": ["unt"],
}
DIFF = {
    "added": [{"path": "d/4", "hash": "d41d8cd98f00b204e9800998ecf8427e"}],
    "deleted": [{"path": "d/1", "hash": "b026324c6904b2a9cb4b88d6d61c81d1"}],
    "modified": [
        {"path": "d/", "hash": {"old": "12f4b7d54a32e588.dir", "new": "255e40d8b41eb441.dir"}},
        {"path": "data.txt", "hash": {"old": "6137cde4893c59f7", "new": "ec1ed3a5117582b0"}},
    ],
    "renamed": [{"path": {"old": "d/2", "new": "d/two"}, "hash": "26ab0db90d72e28ad0ba"}],
    "not in cache": [],
}


def marked(text: str, style: str) -> str:
    return f"<{style}>{text}</>"


def test_data_status_looks_like_git_status() -> None:
    assert render.data_status(DATA_STATUS) == (
        "Not in the cache:\n"
        '  (use "git dvc pull <path>..." to bring it from a remote)\n'
        '  (use "git dvc add <path>..." where the data is still there)\n'
        "        d/\n"
        "\n"
        "Changes to be committed to Git:\n"
        '  (use "git commit" to record the pointer files)\n'
        "        modified:   data.txt\n"
        "        deleted:    x\n"
        "        new:        y\n"
        "\n"
        "Changes not added:\n"
        '  (use "git dvc add <path>..." to record them)\n'
        '  (use "git dvc checkout -f <path>..." to discard them)\n'
        "        modified:   d/\n"
        "        deleted:    d/1\n"
        "        renamed:    d/2 -> d/two\n"
        "        new:        d/4\n"
        "\n"
        "Untracked files:\n"
        '  (use "git add <file>..." or "git dvc add <path>..." to track them)\n'
        "        unt\n"
    )


def test_data_status_of_nothing() -> None:
    assert render.data_status({}) == "No changes.\n"
    assert render.data_status({"committed": {}, "untracked": []}) == "No changes.\n"


def test_entries_are_coloured_by_section() -> None:
    text = render.data_status({"committed": {"added": ["y"]}}, marked)
    assert "        <green>new:        y</>\n" in text


def test_diff_is_as_dvc_prints_it() -> None:
    assert render.diff(DIFF) == (
        "Added:\n"
        "    d41d8cd9  d/4\n"
        "\n"
        "Deleted:\n"
        "    b026324c  d/1\n"
        "\n"
        "Renamed:\n"
        "    26ab0db9  d/2 -> d/two\n"
        "\n"
        "Modified:\n"
        "    12f4b7d5..255e40d8  d/\n"
        "    6137cde4..ec1ed3a5  data.txt\n"
        "\n"
        "files summary: 1 added, 1 deleted, 1 renamed, 1 modified\n"
    )


def test_diff_without_hashes_and_of_nothing() -> None:
    assert render.diff({"added": [{"path": "a"}]}) == ("Added:\n    a\n\nfiles summary: 1 added\n")
    assert render.diff({"added": [], "modified": []}) == ""


def test_directories_are_not_counted() -> None:
    assert "summary" not in render.diff({"modified": [{"path": "d/"}]})


def test_diff_as_markdown() -> None:
    assert render.diff_markdown(DIFF, show_hash=True) == (
        "| Status   | Hash               | Path         |\n"
        "|----------|--------------------|--------------|\n"
        "| added    | d41d8cd9           | d/4          |\n"
        "| deleted  | b026324c           | d/1          |\n"
        "| renamed  | 26ab0db9           | d/2 -> d/two |\n"
        "| modified | 12f4b7d5..255e40d8 | d/           |\n"
        "| modified | 6137cde4..ec1ed3a5 | data.txt     |\n"
    )
    assert render.diff_markdown({}) == "| Status | Path |\n|--------|------|\n"


def test_checkout_lists_outputs_directories_first() -> None:
    changes = {"added": ["tool.bin"], "modified": ["a.txt", "dir/"], "deleted": ["old"]}
    assert render.checkout_lines(changes) == "M\tdir/\nM\ta.txt\nA\ttool.bin\nD\told"
    assert render.checkout_lines({}) == ""
    assert render.checkout_lines({"deleted": ["x"]}, marked) == "<red>D</>\tx"


def test_checkout_summary_counts_files() -> None:
    assert render.file_counts({"modified": 1}) == "1 file modified"
    assert render.file_counts({"added": 2, "deleted": 1}) == "2 files added and 1 file deleted"
    assert render.file_counts({"modified": 3, "added": 2, "deleted": 1}) == (
        "3 files modified, 2 files added and 1 file deleted"
    )
    assert render.file_counts({"modified": 0}) == "No changes."


def test_names_cannot_fool_the_terminal() -> None:
    assert "\033" not in render.checkout_lines({"added": ["\033[2Jx"]})
    assert "\033" not in render.data_status({"untracked": ["\033[2Jx"]})
    assert "\033" not in render.diff({"added": [{"path": "\033[2Jx"}]})


def test_a_path_is_shown_from_where_the_user_stands() -> None:
    assert render.from_here("/p/data/x", "/p/data") == "x"
    assert render.from_here("/p/dir/", "/p/data") == "../dir/"
