"""Two programs on the same projects: ``gd`` is git-dvc's command line, ``dvc`` the original.

The original is found through GIT_DVC_TEST_DVC or PATH. Without it these tests are skipped,
unless GIT_DVC_REQUIRE_DVC=1 says that they must run (as in CI). Its commands are slow, so a
test here is one repository with many claims.

Both run with a home, Git identity and DVC directories of their own (``tests/conftest.py``)
and with nothing on stdin, so questions are answered with no.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests import launcher
from tests.interop.harness import Pair, Tool, WarmDvc, original

REQUIRED = os.environ.get("GIT_DVC_REQUIRE_DVC", "") not in ("", "0")
NAMED_DVC = os.environ.get("GIT_DVC_TEST_DVC") or shutil.which("dvc")


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Mark everything in this directory."""
    for item in items:
        if Path(item.path).parent == Path(__file__).parent:
            item.add_marker(pytest.mark.interop)


@pytest.fixture
def dvc(warm_dvc: WarmDvc | None) -> Tool:
    """Return the original."""
    if not NAMED_DVC:
        if REQUIRED:
            pytest.fail("GIT_DVC_REQUIRE_DVC is set, but there is no dvc (GIT_DVC_TEST_DVC, PATH)")
        pytest.skip("no dvc here (set GIT_DVC_TEST_DVC)")
    return original(NAMED_DVC, warm_dvc)


@pytest.fixture
def gd(isolated_home: Path, monkeypatch: pytest.MonkeyPatch) -> Tool:
    """Return git-dvc, and put it on PATH, where hooks look for it."""
    programs = isolated_home / "bin"
    program = launcher.write(programs)
    if NAMED_DVC:
        (programs / "dvc").symlink_to(Path(NAMED_DVC).resolve())
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    return Tool("gd", [str(program)])


@pytest.fixture(params=["dvc-gd", "gd-dvc"])
def pair(request: pytest.FixtureRequest, dvc: Tool, gd: Tool) -> Pair:
    """Return both programs, in both directions."""
    return Pair(dvc, gd) if request.param == "dvc-gd" else Pair(gd, dvc)
