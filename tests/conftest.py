"""What every test gets: a home of its own, and Git that gives the same commits each time."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from git_dvc import parallel
from tests import launcher, ports

if TYPE_CHECKING:
    from tests.interop.harness import WarmDvc

GitRunner = Callable[..., str]

OURS = ("GIT_DVC_TEST_DVC", "GIT_DVC_TEST_GIT")
"""Settings of the tests: the original ``dvc``, and a second Git to test with."""

THEIRS = (
    *("GIT_", "DVC_", "XDG_", "PRE_COMMIT", "AWS_", "AZURE_", "GOOGLE_", "SLURM_"),
    *("COLUMNS", "LINES", "FORCE_COLOR", "CLICOLOR", "PAGER", "LESS", "EDITOR", "VISUAL", "EMAIL"),
    *("NETRC", "SSH_AUTH_SOCK", "CDPATH", "BASH_ENV"),
)
"""How settings begin that whoever runs the tests may have, for programs that the tests run."""

# Servers of the tests are on this machine, whatever proxy leads to others. Set for all, as some
# are asked by fixtures that come before ``isolated_home``.
os.environ["no_proxy"] = os.environ["NO_PROXY"] = "127.0.0.1,localhost"

# No test is timed, and a busy machine is slow to make examples. (In CI hypothesis does so itself.)
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
if "CI" not in os.environ:
    settings.load_profile("patient")

# A shell starts what goes to its background with these ignored, and so would be each program that
# a test asks to stop: it would never end.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGQUIT) is signal.SIG_IGN:
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)

GIT_CONFIG = """\
[user]
\tname = A U Thor
\temail = author@example.com
[init]
\tdefaultBranch = main
[core]
\tautocrlf = false
[protocol "file"]
\tallow = always
[advice]
\tdetachedHead = false
"""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show why a test failed that passed when it was run again: it may be a defect, too."""
    again = terminalreporter.stats.get("rerun", [])
    if again:
        terminalreporter.section("failed at first")
    for report in again:
        terminalreporter.write_line(f"{report.nodeid}\n{report.longreprtext}\n")


@pytest.fixture(scope="session")
def tool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return ``git-dvc`` as a program."""
    return launcher.write(tmp_path_factory.mktemp("bin"))


@pytest.fixture(autouse=True)
def may_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget that a test before this one used a library with threads of its own."""
    monkeypatch.setattr(parallel, "_may_fork", True)


@pytest.fixture(autouse=True)
def isolated_home(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Keep the settings of whoever runs the tests out of them, and the other way round."""
    os.umask(0o022)
    home = tmp_path_factory.mktemp("home")
    config = home / ".gitconfig"
    config.write_text(GIT_CONFIG)
    for name in list(os.environ):
        if name.startswith(THEIRS) and name not in OURS:
            monkeypatch.delenv(name)
    for name, value in {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "GIT_CONFIG_GLOBAL": str(config),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_DATE": "2005-04-07T22:13:13+0200",
        "GIT_COMMITTER_DATE": "2005-04-07T22:13:13+0200",
        "GIT_TERMINAL_PROMPT": "0",
        "DVC_NO_ANALYTICS": "1",
        "DVC_GLOBAL_CONFIG_DIR": str(home / "dvc-global"),
        "DVC_SYSTEM_CONFIG_DIR": str(home / "dvc-system"),
        "DVC_SITE_CACHE_DIR": str(home / "dvc-site-cache"),
        "LC_ALL": "C.UTF-8",
        "LANGUAGE": "",
        "NO_COLOR": "1",
    }.items():
        monkeypatch.setenv(name, value)
    return home


def run_git(
    *args: str | os.PathLike[str],
    cwd: str | os.PathLike[str],
    check: bool = True,
    input: str | None = None,
) -> str:
    """Run Git and return what it printed, without the last line break."""
    done = subprocess.run(
        ["git", *(os.fspath(arg) for arg in args)],
        cwd=cwd,
        input=input,
        capture_output=True,
        text=True,
        check=False,
    )
    if check and done.returncode != 0:
        raise AssertionError(f"git {args}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout.rstrip("\n")


@pytest.fixture(name="run_git")
def run_git_fixture() -> GitRunner:
    """Give tests ``run_git`` without an import."""
    return run_git


@pytest.fixture
def git_repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty repository on branch ``main``, and stand in it."""
    top = tmp_path / "repo"
    top.mkdir()
    run_git("init", "-q", cwd=top)
    monkeypatch.chdir(top)
    return top


@pytest.fixture(scope="session")
def real_dvc() -> Path:
    """Return the original ``dvc`` program, or skip: GIT_DVC_TEST_DVC names it, else PATH."""
    named = os.environ.get("GIT_DVC_TEST_DVC") or shutil.which("dvc")
    if not named:
        pytest.skip("no dvc here (set GIT_DVC_TEST_DVC)")
    return Path(named)


@pytest.fixture(scope="session")
def warm_dvc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarmDvc | None]:
    """Start the original once for all tests, if it is a script of a Python that we find."""
    from tests.interop.harness import WarmDvc, python_of

    named = os.environ.get("GIT_DVC_TEST_DVC") or shutil.which("dvc")
    python = python_of(named) if named else None
    if python is None or not hasattr(os, "fork") or sys.platform == "darwin":
        yield None
        return
    warm = WarmDvc(python, tmp_path_factory.mktemp("dvc"))
    yield warm
    warm.close()


@pytest.fixture(scope="session")
def git_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A directory whose repositories Git's own daemon serves, and its address."""
    top = tmp_path_factory.mktemp("served")
    words = ["git", "daemon", "--reuseaddr", "--export-all", f"--base-path={top}"]

    def start(port: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen([*words, "--listen=127.0.0.1", f"--port={port}", str(top)])

    daemon, port = ports.serving(start)
    try:
        yield top, f"git://127.0.0.1:{port}"
    finally:
        daemon.terminate()
        daemon.wait()
