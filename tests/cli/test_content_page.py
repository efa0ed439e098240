"""The page of ``diff --content`` in a real browser: whole, readable, and not fooled."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import browser
from tests.browser import Browser
from tests.cli.conftest import Cli
from tests.conftest import run_git
from tests.scene import write_tree

EVIL = "</style></script><script>alert('broke out')</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser.opened(tmp_path_factory.mktemp("browser")) as found:
        if found is None:
            if os.environ.get("GIT_DVC_REQUIRE_BROWSER", "") not in ("", "0"):
                pytest.fail("GIT_DVC_REQUIRE_BROWSER is set, but there is no Chromium")
            pytest.skip("no Chromium here")
        yield found


def png(width: int, height: int, level: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        body = name + data
        return len(data).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")

    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes((8, 0, 0, 0, 0))
    rows = zlib.compress(b"".join(b"\0" + bytes([level]) * width for _ in range(height)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.fixture
def changes(project: Path, cli: Cli) -> Path:
    """Return a page of two versions with files of several kinds."""
    for version in (1, 2):
        wide = ",".join(f"column{number}" for number in range(40))
        write_tree(
            project / "data",
            {
                "a.csv": f"id,{wide}\n1{f',{EVIL}{version}' * 40}\n",
                "b.txt": "x" * 300 + f"{version}\n{EVIL}\n",
                "c.png": png(8, 8, 100 * version),
                "d.png": png(1500, 20 * version, 90),
                f"{EVIL.replace('/', '')}{version}.json": f'{{"{EVIL[:9]}": {version}}}',
            },
        )
        cli("add", "-q", "data")
        run_git("commit", "-qm", f"{version}", cwd=project)
        run_git("tag", f"v{version}", cwd=project)
    said = cli("diff", "--content", "v1", "v2", "--html", "page.html")
    assert (said.code, said.err) == (0, "")
    return project / "page.html"


def test_the_page_is_whole_and_runs_nothing(page: Browser, changes: Path, tmp_path: Path) -> None:
    for width, dark in ((1280, False), (420, True)):
        page.open(changes, width=width, height=1500, dark=dark)
        page.picture(tmp_path / "page.png")
        assert page.run("document.title") == "Changes from v1 to v2"
        assert page.run("document.documentElement.scrollWidth <= innerWidth"), width
        loaded = "[...document.images].map(one => one.naturalWidth)"
        assert sorted(page.run(loaded))[:2] == [8, 8]
        assert 0 not in page.run(loaded)
        assert page.run("document.querySelectorAll('script').length") == 0
        back = page.run("getComputedStyle(document.body).backgroundColor")
        assert back == ("rgb(13, 17, 23)" if dark else "rgb(255, 255, 255)")
        assert page.said == []


def test_files_fold_and_the_list_leads_to_them(page: Browser, changes: Path) -> None:
    page.open(changes)
    count = page.run("document.querySelectorAll('details').length")
    assert count == page.run("document.querySelectorAll('nav li').length") == 5
    page.click("details summary")
    page.wait_for("document.querySelectorAll('details[open]').length === 4")
    page.click("nav li:last-child a")
    page.wait_for("location.hash === '#f4'")
    assert page.said == []
