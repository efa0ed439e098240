"""Tests for config files; ``samples/config/dvc.json`` has what DVC's ConfigObj wrote and read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_dvc.errors import ConfigError
from git_dvc.formats import config

SAMPLE: dict[str, Any] = json.loads(
    (Path(__file__).parent / "samples" / "config" / "dvc.json").read_text()
)
STEPS = SAMPLE["written"]

CORE = ("core",)
STORE = ("remote", "store")

TEXT = """\
# head
[core]
    # which
    remote = store  # the one
    autostage = true

# the store
['remote "store"']
    url = ../../store
    jobs = 4

# another
[remote "Other"]
  url=x
"""


def lines(text: str) -> dict[str, list[str]]:
    """Return a config file's lines by section heading; the order of sections is free."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line.startswith("["):
            found[line] = current = []
        elif line:
            current.append(line)
    return found


@pytest.mark.parametrize("count", range(1, len(STEPS) + 1))
def test_options_are_written_as_dvc_writes_them(count: int) -> None:
    text = ""
    for section, option, value, _ in STEPS[:count]:
        text = config.edit(text, tuple(section), option, value)
    assert lines(text) == lines(STEPS[count - 1][3])


def test_what_dvc_wrote_is_read() -> None:
    values = config.parse(STEPS[-1][3]).values
    for section, option, value, _ in STEPS:
        assert values[tuple(section)][option] == value


def test_the_whole_dialect_is_read_as_dvc_reads_it() -> None:
    parsed = config.parse(SAMPLE["odd"], "f")
    read = SAMPLE["odd_read"]
    assert {name: parsed.values["remote", name] for name in read["remote"]} == read["remote"]
    assert parsed.values["core",] == {
        **read["core"],
        "remote": "store",
        "autostage": "true",
    }
    assert parsed.values["cache",] == {"type": "reflink,hardlink,copy", "dir": "a # b"}
    assert [str(problem) for problem in parsed.problems] == [
        "f:10: cache.shared: expected one of group, found ''",
        "f:11: remote 'x': no such section",
    ]


def test_the_byte_order_mark_and_crlf_are_read() -> None:
    parsed = config.parse("\ufeff[core]\r\n    remote = x\r\n")
    assert parsed == config.Parsed({CORE: {"remote": "x"}})


@pytest.mark.parametrize(
    ("text", "problem", "values"),
    [
        ("x = 1\n[core]\nremote = a", "1: x: option before the first section", {"remote": "a"}),
        ("[core]\nremote = a\njunk\n", "3: neither a section nor an option", {"remote": "a"}),
        ("[core\nremote = a\n[core]\n", "1: not a section heading", {}),
        ("[core]\n[[x]]\nremote = b\n", "2: sections do not nest", {}),
        ("[core]\nremote = 'a\nautostage = true", "2: remote: quotes", {"autostage": "true"}),
        ("[core]\nremote = a\nremote = b\n", "3: core.remote: set twice", {"remote": "b"}),
        ("[core]\nremote = a\n[core]\nautostage=true", "3: core: section occurs twice",
         {"remote": "a", "autostage": "true"}),
        ("[core]\nnew_thing = 1\n", "2: core.new_thing: no such option", {"new_thing": "1"}),
        ("[core]\nautostage = yes\nremote = a\n", "2: core.autostage: expected true or false, "
         "found 'yes'", {"remote": "a"}),
        ("[core]\nchecksum_jobs = 0\n", "2: core.checksum_jobs: expected a whole number", {}),
        ("[core]\nremote = '''a\nb\n", "2: remote: quotes do not match", {}),
    ],
)  # fmt: skip
def test_a_bad_line_does_not_spoil_the_others(
    text: str, problem: str, values: dict[str, str]
) -> None:
    parsed = config.parse(text, "c")
    assert str(parsed.problems[0]).startswith(f"c:{problem}")
    assert parsed.values.get(CORE, {}) == values


def test_merge_conflicts_are_not_read_past() -> None:
    text = "[core]\n<<<<<<< HEAD\nremote = a\n=======\nremote = b\n>>>>>>> x\n"
    with pytest.raises(ConfigError) as caught:
        config.parse(text, "f")
    assert str(caught.value) == "error: f: has merge conflict markers"


def test_setting_an_option_leaves_the_rest() -> None:
    assert config.edit(TEXT, CORE, "remote", "other") == TEXT.replace("= store", "= other")
    assert config.edit(TEXT, ("remote", "other"), "url", "a, b") == TEXT.replace(
        "url=x", 'url="a, b"'
    )
    assert config.edit(TEXT, CORE, "analytics", "false") == TEXT.replace(
        "autostage = true\n", "autostage = true\n    analytics = false\n"
    )
    assert config.edit(TEXT, ("remote", "other"), "jobs", "2") == TEXT + "  jobs = 2\n"
    assert config.edit(TEXT, ("cache",), "dir", "/c") == TEXT + "[cache]\n    dir = /c\n"


def test_crlf_and_a_missing_last_line_break_are_kept() -> None:
    text = "[core]\r\n    remote = a"
    assert config.edit(text, CORE, "remote", "b") == "[core]\r\n    remote = b\r\n"
    assert config.edit(text, CORE, "autostage", "true") == (
        "[core]\r\n    remote = a\r\n    autostage = true\r\n"
    )


def test_unsetting_an_option_leaves_the_rest() -> None:
    assert config.edit(TEXT, STORE, "jobs", None) == TEXT.replace("    jobs = 4\n", "")
    assert config.edit(TEXT, STORE, "none", None) == TEXT
    text = "[core]\n    remote = a\n[cache]\n    dir = b\n"
    assert config.edit(text, CORE, "remote", None) == "[cache]\n    dir = b\n"


def test_an_option_that_is_set_twice_is_set_once_afterwards() -> None:
    text = "[core]\nremote = a\nremote = b\n"
    assert config.edit(text, CORE, "remote", "c") == "[core]\nremote = c\n"
    assert config.edit(text, CORE, "remote", None) == ""


def test_a_section_is_removed_with_its_comments_but_not_those_of_the_next() -> None:
    start, end = TEXT.index("['remote"), TEXT.index("\n# another")
    assert config.remove_section(TEXT, STORE) == TEXT[:start] + TEXT[end:]
    assert config.remove_section(TEXT, ("remote", "none")) == TEXT


def test_a_section_is_renamed() -> None:
    got = config.rename_section(TEXT, ("remote", "other"), ("remote", "new"))
    assert got == TEXT.replace('[remote "Other"]', "['remote \"new\"']")
    assert config.parse(got).values["remote", "new"] == {"url": "x"}


@pytest.mark.parametrize("value", ["a\nb", "\x00", "'''\"\"\"", "%(x)s", "a\u2028b"])
def test_a_value_that_dvc_could_not_read_is_not_written(value: str) -> None:
    with pytest.raises(ConfigError):
        config.edit("", STORE, "url", value)


@pytest.mark.parametrize("name", ["it's", "a]b", "a\nb", ""])
def test_a_remote_that_dvc_could_not_read_is_not_written(name: str) -> None:
    if name:
        with pytest.raises(ConfigError):
            config.edit("", ("remote", name), "url", "x")
    with pytest.raises(ConfigError):
        config.edit("", CORE, name, "x")


VALUES = st.text(
    st.characters(exclude_categories=["C", "Zl", "Zp", "Zs"]) | st.sampled_from(" \t,#'\"=[]%"),
    max_size=12,
)
NAMES = st.text("abcxyz0-_. é", min_size=1, max_size=8).filter(lambda name: name == name.strip())


@given(st.lists(st.tuples(NAMES, st.sampled_from(["url", "user", "region"]), VALUES), max_size=6))
def test_what_is_set_is_read_back(steps: list[tuple[str, str, str]]) -> None:
    text = ""
    wanted: config.Values = {}
    for name, option, value in steps:
        section: config.Section = ("remote", name.lower())
        try:
            text = config.edit(text, section, option, value)
        except ConfigError:
            continue
        wanted.setdefault(section, {})[option] = value
    assert config.parse(text) == config.Parsed(wanted)
    for section in wanted:
        assert config.parse(config.remove_section(text, section)).values == {
            key: found for key, found in wanted.items() if key != section
        }


@given(st.text("[]'\"#= \n\r\tabcremote,", max_size=60))
def test_any_text_is_read_and_can_be_edited(text: str) -> None:
    for whole in (text, "[core]\n" + text):
        parsed = config.parse(whole)
        edited = config.edit(whole, CORE, "remote", "x")
        if config.parse(edited).values.get(CORE, {}).get("remote") != "x":
            # Only where an open triple quote swallows the rest.
            assert "quotes do not match" in str(parsed.problems)


# The schema.


@pytest.mark.parametrize(
    ("section", "option", "value", "wanted"),
    [
        (CORE, "remote", "Store", "store"),
        (CORE, "autostage", "TRUE", "true"),
        (("cache",), "type", "reflink, copy", "reflink, copy"),
        (("cache",), "shared", "Group", "group"),
        (STORE, "url", "S3://X", "S3://X"),
        (STORE, "jobs", "8", "8"),
        (STORE, "read_timeout", "1.5", "1.5"),
        (STORE, "ssl_verify", "/etc/ca.pem", "/etc/ca.pem"),
        (("feature",), "anything", "1", "1"),
        (("db", "x"), "url", "u", "u"),
    ],
)
def test_a_good_value_is_returned_in_its_normal_spelling(
    section: config.Section, option: str, value: str, wanted: str
) -> None:
    assert config.validate(section, option, value) == wanted


@pytest.mark.parametrize(
    ("section", "option", "value", "what"),
    [
        (("nope",), "x", "1", "nope: no such section"),
        (("remote",), "url", "1", "remote: no such section"),
        (("core", "x"), "remote", "1", 'core "x": no such section'),
        (CORE, "nope", "1", "core.nope: no such option"),
        (STORE, "nope", "1", "remote.store.nope: no such option"),
        (CORE, "autostage", "1", "core.autostage: expected true or false, found '1'"),
        (("cache",), "type", "link", "cache.type: expected a comma-separated list of reflink, "
         "hardlink, symlink, copy, found 'link'"),
        (("cache",), "shared", "all", "cache.shared: expected one of group, found 'all'"),
        (STORE, "jobs", "0", "remote.store.jobs: expected a whole number from 1, found '0'"),
        (STORE, "jobs", "9" * 5000, "remote.store.jobs: expected a whole number from 1, found "),
        (STORE, "port", "x", "remote.store.port: expected a whole number, found 'x'"),
        (STORE, "read_timeout", "-1", "remote.store.read_timeout: expected a number that is"),
    ],
)  # fmt: skip
def test_a_bad_value_is_refused_with_what_was_expected(
    section: config.Section, option: str, value: str, what: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        config.validate(section, option, value, "f")
    assert caught.value.what.startswith(what)
    assert str(caught.value).startswith("error: f: ")


@pytest.mark.parametrize(
    ("options", "problems"),
    [
        ({"url": "/x", "jobs": "1", "type": "copy"}, []),
        ({"url": "s3://b", "region": "r"}, []),
        ({"url": "remote://other/sub", "region": "r"}, []),
        ({"user": "u"}, ['remote "r": has no url']),
        ({"url": "s3://"}, ["remote.r.url: names nothing: s3://"]),
        ({"url": "foo://x"}, ["remote.r.url: no support for foo:// urls"]),
        ({"url": "/x", "region": "r"}, ["remote.r.region: no such option for local paths"]),
        ({"url": "s3://b", "keyfile": "k"}, ["remote.r.keyfile: no such option for s3:// urls"]),
    ],
)
def test_a_remote_is_checked_as_a_whole(options: dict[str, str], problems: list[str]) -> None:
    assert config.check_remote("r", options) == problems


@pytest.mark.parametrize(
    ("url", "scheme"),
    [("/a", ""), ("C:\\a", ""), ("C:/a", ""), ("S3://b/p", "s3"), ("../a://", ""), ("~/x", "")],
)
def test_the_scheme_of_a_url(url: str, scheme: str) -> None:
    assert config.url_scheme(url) == scheme


def test_names_of_options_are_split() -> None:
    assert config.split_name("Core.Remote") == (CORE, "remote")
    assert config.split_name("remote.My.Store.URL") == (("remote", "my.store"), "url")
    for name in ("core", "core.", ".x", "remote.url", "", "remote..url"):
        with pytest.raises(ConfigError):
            config.split_name(name)


def test_only_true_and_false_are_truth_values() -> None:
    assert (config.as_bool("True"), config.as_bool("FALSE")) == (True, False)
    with pytest.raises(ConfigError):
        config.as_bool("yes")
