"""The pre-push hook: the data goes before the commits that name it.

``git config dvc.prePush``: ``block`` stops a push that would leave data behind that nobody could
fetch, ``warn`` only says so, ``off`` looks at nothing. In a repository without a data remote the
hook says nothing. It is the one hook that talks to a remote, as the user has just asked for a
push; ``git push --no-verify`` goes without it.
"""

from __future__ import annotations

import os
import sys

from git_dvc.errors import GitDvcError, UnfetchableError, path_lines, quoted
from git_dvc.git.repo import Repository
from git_dvc.terminal import human_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from git_dvc.ops.prepush import Findings
    from git_dvc.progress import Progress
    from git_dvc.project import Project

_OFF = ("off", "false", "no", "0")
_WAYS = (
    "'git push --no-verify' pushes all the same, once;\n"
    "'git config dvc.prePush warn' lets every push go on"
)


def run(arguments: Sequence[str]) -> int:
    """Send what the push needs and return the hook's exit code.

    Args:
        arguments: Name and url of the Git remote; Git's lines come on standard input.
    """
    from git_dvc.ops import prepush
    from git_dvc.remote import secrets

    secrets.let_ask(_ask)
    repo = Repository.discover(os.getcwd())
    mode = (repo.config_get("dvc.prePush") or "block").lower() if repo is not None else "off"
    if repo is None or mode in _OFF:
        return 0
    stops = mode != "warn"
    # A ref may have any name, but the hashes are text.
    lines = sys.stdin.buffer.read() if sys.stdin is not None else b""
    updates = prepush.parse(lines.decode("ascii", "surrogateescape"))
    name, url = (*arguments, "", "")[:2]
    projects: list[Project] = []
    try:
        commits = prepush.new_commits(repo, name, url, updates)
        if not commits:
            return 0
        projects = _projects(repo)
        progress = _progress()
        findings = prepush.examine(repo, projects, commits, progress)
        return _act(findings, progress, stops=stops)
    except GitDvcError as problem:
        return _tell([problem], stops=stops)
    except OSError as problem:
        where = f": {quoted(os.fsdecode(problem.filename))}" if problem.filename else ""
        return _tell([GitDvcError(f"{problem.strerror or problem}{where}")], stops=stops)
    except KeyboardInterrupt:
        _say("git-dvc: interrupted, nothing was pushed; the next push goes on where this stopped")
        return 130
    finally:
        for project in projects:
            project.close()


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


def _ask(question: str) -> str | None:
    from git_dvc.cli.console import console

    return console.ask_secret(question)


def _progress() -> Progress:
    if sys.stderr.isatty():
        # As the other hooks: how a terminal is drawn on comes from the command line.
        from git_dvc.cli.console import console

        return console.progress()
    from git_dvc.progress import NoProgress

    return NoProgress()


def _projects(repo: Repository) -> list[Project]:
    """Return every project in the work tree."""
    from git_dvc.project import DVC_DIR, Project

    listed = repo.run(["ls-files", "-z", "--", ":(top).dvc/config", ":(top)*/.dvc/config"])
    paths = [os.fsdecode(name) for name in listed.split(b"\0") if name]
    roots = {os.path.normpath(os.path.join(repo.top, path, "..", "..")) for path in paths}
    roots.add(repo.top)
    projects = [
        Project(root, repo) for root in sorted(roots) if os.path.isdir(os.path.join(root, DVC_DIR))
    ]
    return [project for project in projects if project.repo is not None]


def _act(findings: Findings, progress: Progress, *, stops: bool) -> int:
    """Send the data and say what is wrong; return the exit code."""
    from git_dvc.ops import prepush

    for remote in findings.unchecked:
        _warn(remote.error, "it was not checked whether the data of this push is there")
        remote.memory.add(remote.fresh)
    if findings.homeless:
        _say("warning: no remote is the default one, so the data of this push stays here:")
        _say("\n".join(path_lines(findings.homeless)))
        _say("hint: choose one with 'git dvc remote default NAME'")
    if findings.problems:
        _say("warning: these pointer files cannot be read, so their data was not checked:")
        _say("\n".join(path_lines([problem.message for problem in findings.problems])))
    errors: list[GitDvcError] = list(findings.trouble)
    errors += [
        UnfetchableError(check.look.missing, check.remote.name)
        for check in findings.checks
        if check.look.missing
    ]
    if errors and stops:
        return _tell(errors, stops=True)
    for where, files, size_bytes in prepush.carry_out(findings, progress):
        noun = "file" if files == 1 else "files"
        _say(f"git-dvc: sent {files} {noun} ({human_size(size_bytes)}) to '{quoted(where.name)}'")
    return _tell(errors, stops=False)


def _warn(error: GitDvcError, what: str) -> None:
    _say(str(error).replace("error:", "warning:", 1).replace("\nhint:", f"\n{what}\nhint:", 1))


def _tell(errors: Sequence[GitDvcError], *, stops: bool) -> int:
    """Print why a push is stopped, or what it leaves behind; return the exit code."""
    for error in errors:
        text = str(error)
        _say(text if stops else text.replace("error:", "warning:", 1))
    if errors and stops:
        _say("nothing was pushed")
        _say("\n".join(f"hint: {line}" for line in _WAYS.splitlines()))
    return 1 if errors and stops else 0
