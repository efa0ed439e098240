"""``git dvc diff --content``: as text, Markdown, JSON and a page."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.conftest import run_git

EVIL = "</script><img src=x onerror=alert(1)>\x1b[31m&\x07"


@pytest.fixture
def versions(project: Path, cli: Cli) -> Path:
    """Return a project with the tags v1 and v2."""
    data = project / "data"
    for version, label, number in (("v1", "dog", "0.5"), ("v2", EVIL, "0.25")):
        data.mkdir(exist_ok=True)
        quoted = label.replace('"', '""')
        (data / "t.csv").write_text(f'id,label,x\n1,cat,1\n2,"{quoted}",{number}\n')
        (data / "v1<b>.json").unlink(missing_ok=True)
        (data / f"{version}<b>.json").write_text('{"a|b": 1}')
        (data / "x.txt").write_text(f"one\n```\n{label}\n")
        cli("add", "-q", "data")
        run_git("commit", "-qm", version, cwd=project)
        run_git("tag", version, cwd=project)
    return project


def test_text(versions: Path, cli: Cli) -> None:
    said = cli("diff", "--content", "v1", "v2", "data/t.csv")
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines()[:4] == [
        "modified: data/t.csv (table, 31 bytes -> 73 bytes)",
        "    (rows are matched by column id)",
        "    1 row changed",
        "    changed:",
    ]
    assert re.search(r"~  2  x +0.5 +0.25\n", said.out)
    assert "\x1b" not in said.out and "\\x1b[31m" in said.out
    assert cli("diff", "--content", "v1..v2", "data/t.csv").out == said.out
    assert cli("diff", "--content", "v1", "--targets", "data/t.csv").out == said.out
    assert cli("diff", "--content").out == ""
    assert cli("-q", "diff", "--content", "v1").out == ""


def test_a_narrow_terminal_cuts_and_says_so(
    versions: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = ",".join(f"column{number}" for number in range(12))
    (versions / "data" / "wide.csv").write_text(f"id,{head}\n{'1' + ',123456789' * 12}\n")
    cli("add", "-q", "data")
    run_git("commit", "-qm", "wide", cwd=versions)
    with (versions / "data" / "wide.csv").open("a") as file:
        file.write("2" + ",1234567890" * 12 + "\n")
    monkeypatch.setenv("COLUMNS", "70")
    out = cli("diff", "--content", "--targets", "data/wide.csv").out
    assert "1 row added" in out
    assert "more columns" in out
    assert max(map(len, out.splitlines())) <= 75


def test_markdown(versions: Path, cli: Cli) -> None:
    out = cli("diff", "--content", "v1", "v2", "--md").out
    assert "### modified: `data/t.csv`\n" in out
    assert "| ~   | 2   | x      | 0.5 " in out
    outside = re.sub(r"(?ms)^````diff$.*?^````$", "", out)
    assert "<img" not in outside and "&lt;img" in outside
    assert "````diff\n@@" in out  # a fence in the text does not end ours
    assert "\x1b" not in out


def test_json(versions: Path, cli: Cli) -> None:
    found = json.loads(cli("diff", "--content", "v1", "v2", "--json").out)
    assert (found["a"], found["b"], found["more"], found["not in cache"]) == ("v1", "v2", 0, [])
    by_path = {one["path"]: one for one in found["files"]}
    table = by_path["data/t.csv"]
    assert table["kind"] == "table" and table["status"] == "modified"
    assert table["content"]["changed_rows"][0]["cells"]["label"]["new"] == EVIL
    assert by_path["data/v2<b>.json"]["old_path"] == "data/v1<b>.json"
    few = json.loads(cli("diff", "--content", "v1", "v2", "--json", "--max-files", "1").out)
    assert len(few["files"]) == 1 and few["more"] == 2


class Tags(HTMLParser):
    """Notes all elements and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs


def test_a_page_is_one_file_that_data_cannot_break_out_of(
    versions: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    pillow = pytest.importorskip("PIL.Image")
    pillow.new("RGB", (4, 4)).save(versions / "data" / f"{EVIL.replace('/', '')}.png")
    cli("add", "-q", "data")
    page = versions / "out" / "diff.html"
    said = cli("diff", "--content", "v1", "--html", str(page))
    assert said == (0, f"{page.as_uri()}\n", "")
    text = page.read_text()
    tags = Tags()
    tags.feed(text)
    assert "script" not in tags.tags and "img" in tags.tags
    assert not [name for name, _ in tags.attributes if name.startswith("on")]
    sources = [value or "" for name, value in tags.attributes if name in ("src", "href")]
    assert sources and all(re.match(r"#|data:image/png;base64,", one) for one in sources)
    assert "default-src &#x27;none&#x27;" in text or "default-src 'none'" in text
    assert "\x1b" not in text
    opened: list[str] = []

    def show(uri: str) -> bool:
        opened.append(uri)
        return True

    monkeypatch.setattr("webbrowser.open", show)
    said = cli("diff", "--content", "v1", "--open")
    assert said.code == 0
    assert opened == [said.out.strip()]
    assert opened[0].endswith("/.dvc/tmp/content.html")


def test_what_is_not_here_is_said(versions: Path, cli: Cli) -> None:
    import shutil

    shutil.rmtree(versions / ".dvc" / "cache")
    said = cli("diff", "--content", "v1", "v2")
    assert said.code == 1
    assert said.out == "data/ differs; the list of its files at v1 and v2 is not in the cache\n"
    assert said.err == "hint: bring what the cache lacks with --fetch\n"
    said = cli("diff", "--content", "v1", "v2", "--fetch")
    assert said.code == 1
    assert said.err.startswith("error: ") and "--fetch" not in said.err


def test_options_that_need_content(versions: Path, cli: Cli) -> None:
    for option in (["--html", "x"], ["--open"], ["--fetch"], ["--key", "a"], ["--most", "3"]):
        said = cli("diff", *option)
        assert (said.code, said.err.splitlines()[0]) == (
            129,
            f"error: {option[0]} needs --content",
        )


def test_what_differs_inside_has_hashes_of_its_own(versions: Path, cli: Cli) -> None:
    said = cli("diff", "--content", "--show-hash")
    assert (said.code, said.err) == (
        129,
        "error: --show-hash and --content cannot be used together\n",
    )


def test_paths_after_revisions(versions: Path, cli: Cli) -> None:
    assert (
        cli("diff", "v1", "v2", "data/t.csv").out
        == cli("diff", "v1", "v2", "--targets", "data/t.csv").out
    )
    (versions / "data" / "t.csv").unlink()
    assert "data/t.csv" in cli("diff", "data/t.csv").out
    said = cli("diff", "--content", "v1", "v2", "nosuch")
    assert (said.code, said.err) == (1, "error: nosuch is neither in v1 nor in v2\n")
