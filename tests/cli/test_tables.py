from __future__ import annotations

from git_dvc.cli import tables
from git_dvc.cli.tables import Table


def test_points_stand_below_each_other() -> None:
    table = Table(
        ["Rev", "acc", "note", "n"], [["v1", "0.5", "x", "7"], ["v10", "10.25", None, None]]
    )
    assert tables.columns(table) == (
        "Rev    acc  note  n\n"
        "v1    0.5   x     7\n"
        "v10  10.25  -     -\n"
    )  # fmt: skip


def test_a_wide_table_goes_on_below() -> None:
    table = Table(["Rev", "first", "second", "third"], [["v1", "1", "2", "3"]])
    assert tables.columns(table, 18) == (
        "Rev  first  second\n"
        "v1       1       2\n"
        "\n"
        "Rev  third\n"
        "v1       3\n"
    )  # fmt: skip
    assert max(map(len, tables.columns(table, 5).splitlines())) == 11


def test_nothing_from_a_file_fools_a_terminal_or_a_table() -> None:
    table = Table(["Path"], [["\033[2J|<b>\n"], ["x" * 100], ["日本"]])
    lines = tables.columns(table).splitlines()
    assert lines[1] == '"\\x1b[2J|<b>\\n"'
    assert lines[2] == "x" * 77 + "..."
    assert '| "\\x1b[2J\\|&lt;b>\\n"' in tables.markdown(table)
    assert tables.csv_text(table).splitlines()[-1] == "日本"


def test_colours_say_what_is_a_head_and_what_a_change() -> None:
    table = Table(["Key", "Change"], [["a", "+1"], ["b", None]], signed=1)
    painted = tables.columns(table, paint=lambda text, style: f"<{style}:{text}>")
    assert painted == (
        "<bold:Key>  <bold:Change>\n"
        "a        <cyan:+1>\n"
        "b         -\n"
    )  # fmt: skip


def test_markdown_and_csv() -> None:
    table = Table(["Rev", "acc"], [["v1", "0.5"], ["v2", None]])
    assert tables.markdown(table) == (
        "| Rev | acc |\n"
        "|-----|----:|\n"
        "| v1  | 0.5 |\n"
        "| v2  |   - |\n"
    )  # fmt: skip
    assert tables.csv_text(table) == "Rev,acc\nv1,0.5\nv2,\n"
