"""What each Git hook does; the way in for ``git-dvc hook NAME ARGS``.

Runs on every ``git checkout`` that moved a pointer and on every commit, so it loads only
what it uses and never the command line. A hook opens no connection and runs no command from
the repository. Whatever it cannot do it says on stderr, as Git shows a hook's output there.
"""

from __future__ import annotations

import os
import sys

from git_dvc.errors import FETCH_HINT, GitDvcError, path_lines, quoted
from git_dvc.git.repo import Repository
from git_dvc.store import oplog
from git_dvc.workspace.watch import Watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from git_dvc.ops.precommit import Findings
    from git_dvc.progress import Progress


_FOLLOWING = frozenset(
    (
        "post-checkout",
        "post-merge",
        "post-rewrite",
        "post-commit",
        "post-applypatch",
        "post-index-change",
    )
)


def run(name: str, arguments: Sequence[str]) -> int:
    """Run one hook and return its exit code.

    Args:
        name: Git's name of the hook.
        arguments: What Git gave it.
    """
    import gc

    gc.disable()  # a short life with a hundred thousand small tuples: collecting is waste
    if os.environ.get("GIT_DVC_SKIP"):
        return 0  # the sh files look, too; husky and the pre-commit tool start us directly
    os.environ["GIT_DVC_HOOK"] = "1"
    try:
        if name in _FOLLOWING:
            return _follow(name, list(arguments))
        if name == "pre-commit":
            return _pre_commit(list(arguments))
        if name == "pre-push":
            from git_dvc.hooks import prepush

            return prepush.run(arguments)
    except GitDvcError as problem:
        _say(f"git-dvc: the {name} hook could not do its work")
        _say(str(problem))
        return 1
    except OSError as problem:
        _say(f"git-dvc: the {name} hook could not do its work")
        where = f": {problem.filename}" if problem.filename else ""
        _say(f"error: {problem.strerror or problem}{where}")
        _say("hint: then run 'git dvc sync'; nothing that was not saved was touched")
        return 1
    except KeyboardInterrupt:
        _say("git-dvc: interrupted; run 'git dvc sync' to finish")
        return 130
    _say(f"git-dvc: no such hook: {name}; run 'git dvc install' again")
    return 0


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


def _progress() -> Progress:
    if sys.stderr.isatty():
        # The one thing a hook takes from the command line: how a terminal is drawn on.
        from git_dvc.cli.console import console

        return console.progress()
    from git_dvc.progress import NoProgress

    return NoProgress()


# -- data follows -------------------------------------------------------------------------


def _follow(name: str, arguments: list[str]) -> int:
    """Bring the data where Git took the pointers; the exit code counts for a switch only.

    What Git says in the arguments only helps to know more (the commit it came from): the
    pointers in the work tree decide.
    """
    from git_dvc.ops import sync

    repo = Repository.discover(os.getcwd())
    if repo is None:
        return 0
    before, after, fresh = _where_from(name, arguments)
    if sync.is_passing_through(repo, name, arguments):
        Watch(repo.top, repo.git_dir).mark_pending()
        return 0
    if not _is_wanted(repo):
        return 0
    oplog.set_command(f"the {name} hook")
    report = sync.sync(repo, _progress(), before=before, after=after)
    for problem in [*report.kept, *report.problems]:
        _say(str(problem))
    for one in report.projects:
        trouble = one.result.trouble(one.shown)
        if trouble is not None:
            _say(str(trouble))
    return 0 if fresh or report.complete else 1


def _where_from(name: str, arguments: list[str]) -> tuple[str | None, str | None, bool]:
    """Return the commits that Git came from and went to, and whether this is a new work tree.

    They are for records that are older than what is there (another tool brought it). None
    for where it went means: what the index has.
    """
    if name == "post-index-change":
        # HEAD is still the old commit here; without a first commit there is none.
        return ("HEAD" if arguments[:1] == ["1"] else None), None, False
    if name != "post-checkout":
        return None, None, False
    # The pre-commit tool gives the arguments in the environment.
    old = arguments[0] if arguments else os.environ.get("PRE_COMMIT_FROM_REF", "")
    kind = arguments[2] if arguments[2:] else os.environ.get("PRE_COMMIT_CHECKOUT_TYPE")
    fresh = bool(old) and not old.strip("0")
    return (old if kind == "1" and old and not fresh else None), "HEAD", fresh


def _is_wanted(repo: Repository) -> bool:
    """Return whether ``dvc.autoSync`` lets data follow now: true, false or ask."""
    mode = (repo.config_get("dvc.autoSync") or "true").lower()
    if mode == "ask":
        from git_dvc.ops import sync

        found = sync.plan(repo)
        count = sum(len(one.brought) + len(one.dropped) for _, one in found)
        if not count:
            return True  # which finds that there is nothing to do, and remembers that
        wanted = _ask(f"git-dvc: bring {_outputs(count)} to this version? [Y/n] ")
        if wanted is not None:
            if not wanted:
                sync.skip(repo)
                _say("git-dvc: left the data as it is; 'git dvc sync' brings it")
            return wanted
        mode = "false"
    if mode not in ("false", "no", "off", "0"):
        return True
    from git_dvc.ops import sync

    count = sum(len(one.brought) + len(one.dropped) for _, one in sync.plan(repo))
    sync.skip(repo)
    if count:
        _say(f"git-dvc: {_outputs(count)} not as the pointer files say; 'git dvc sync' brings it")
    return False


def _outputs(count: int) -> str:
    return "the data of 1 pointer" if count == 1 else f"the data of {count} pointers"


def _ask(question: str) -> bool | None:
    """Ask at the terminal, as a hook has no standard input; None if there is no terminal."""
    try:
        with open("/dev/tty", "r+b", buffering=0) as terminal:
            terminal.write(question.encode())
            answer = b""
            while not answer.endswith(b"\n"):
                chunk = terminal.read(1024)
                if not chunk:
                    return None
                answer += chunk
    except OSError:
        return None
    return answer.strip().lower() in (b"", b"y", b"yes")


# -- pre-commit ---------------------------------------------------------------------------


def _pre_commit(arguments: list[str]) -> int:
    """Warn of or refuse a commit that would lose data, or put data into Git."""
    from git_dvc.ops import precommit
    from git_dvc.ops.sync import open_projects

    repo = Repository.discover(os.getcwd())
    if repo is None:
        return 0
    mode = (repo.config_get("dvc.preCommit") or "").lower()
    if mode in ("off", "false", "no"):
        return 0
    problems: list[GitDvcError] = []
    specs = ["--", ":(top).dvc/config", ":(top)*/.dvc/config"]
    names = os.fsdecode(repo.run(["ls-files", "-z", *specs])).split("\0")[:-1]
    projects = open_projects(repo, names, None, problems)
    for problem in problems:
        _say(str(problem))
    code = 1 if problems else 0
    if not projects:
        return code
    most = repo.config_int("dvc.maxFileSize", precommit.DEFAULT_MOST_BYTES)
    try:
        findings = precommit.check(repo, projects, most, _progress())
    finally:
        for project in projects:
            project.close()
    return _judge(findings, mode) or code


def _judge(findings: Findings, mode: str) -> int:
    """Print what was found; return 1 if the commit is to be refused.

    ``dvc.preCommit``: ``warn`` only warns, ``block`` also refuses when data differs.
    """
    refused = False
    for refuses, title, paths, hint in _messages(findings):
        if not paths:
            continue
        stops = mode != "warn" and (refuses or mode == "block")
        refused = refused or stops
        _say(f"{'error' if stops else 'warning'}: {title}")
        _say("\n".join(path_lines(paths)))
        _say("\n".join(f"hint: {line}" for line in hint.splitlines()))
    if refused:
        _say("nothing was committed; 'git commit --no-verify' skips this check once")
    return int(refused)


def _messages(findings: Findings) -> list[tuple[bool, str, list[str], str]]:
    first = next(iter(sorted(findings.differs)), "").rstrip("/")
    large = [f"{path} ({_megabytes(size)})" for path, size in sorted(findings.large.items())]
    biggest = next(iter(sorted(findings.large)), "")
    leaked = sorted(findings.tracked)
    return [
        (
            True,
            "the commit names data that exists nowhere:",
            findings.nowhere,
            "store it with 'git dvc add' or 'git dvc commit' first",
        ),
        (
            True,
            "these files are too large for Git:",
            large,
            "track them as data instead:\n"
            f"  git rm --cached {_typed(biggest)}\n"
            f"  git dvc add {_typed(biggest)}\n"
            "or raise the limit with 'git config dvc.maxFileSize SIZE' (0 turns it off)",
        ),
        (
            True,
            "these files are tracked as data, but Git is about to take them, too:",
            leaked,
            f"leave them out with: git rm -r --cached {_typed(leaked[0] if leaked else '')}",
        ),
        (
            False,
            "data is there only in part, as the command that was bringing it was stopped:",
            findings.stopped,
            "finish it with 'git dvc checkout', and test before you commit",
        ),
        (
            False,
            "data here is not what the pointer files in this commit say:",
            findings.differs,
            f"record it with: git dvc add {_typed(first)}",
        ),
        (
            False,
            "the commit names data that is not in the cache here:",
            findings.unfetched,
            FETCH_HINT,
        ),
        (
            False,
            "these pointer files cannot be used:",
            [problem.message for problem in findings.problems],
            "mend them before others check them out",
        ),
    ]


def _typed(path: str) -> str:
    """Return a path as one would type it in a shell; one that could act on the terminal quoted."""
    return "'" + path.replace("'", "'\\''") + "'" if path.isprintable() else quoted(path)


def _megabytes(size: int) -> str:
    return f"{size / 1024**2:.1f} MiB"
