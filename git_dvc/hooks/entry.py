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

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from git_dvc.ops.precommit import Findings
    from git_dvc.progress import Progress
    from git_dvc.project import Project


_REBASING = ("rebase-merge", "rebase-apply")


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
    hooks = {"post-checkout": _post_checkout, "pre-commit": _pre_commit}
    if name not in hooks:
        _say(f"git-dvc: no such hook: {name}; run 'git dvc install' again")
        return 0
    try:
        return hooks[name](list(arguments))
    except GitDvcError as problem:
        _say(f"git-dvc: the {name} hook could not do its work")
        _say(str(problem))
        return 1
    except OSError as problem:
        _say(f"git-dvc: the {name} hook could not do its work")
        where = f": {problem.filename}" if problem.filename else ""
        _say(f"error: {problem.strerror or problem}{where}")
        _say("hint: then run 'git dvc checkout'; nothing that was not saved was touched")
        return 1
    except KeyboardInterrupt:
        _say("git-dvc: interrupted; run 'git dvc checkout' to finish")
        return 130


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


def _progress() -> Progress:
    if sys.stderr.isatty():
        # The one thing a hook takes from the command line: how a terminal is drawn on.
        from git_dvc.cli.console import console

        return console.progress()
    from git_dvc.progress import NoProgress

    return NoProgress()


def _projects(repo: Repository, before: str | None = None) -> tuple[list[Project], int]:
    """Return every project in the work tree, and 1 if one cannot be opened (which is said).

    Args:
        repo: The repository.
        before: The commit that a switch came from: a project that only it has still has
            data in place.
    """
    from git_dvc.project import DVC_DIR, Project

    specs = ["--", ":(top).dvc/config", ":(top)*/.dvc/config"]
    listed = repo.run(["ls-files", "-z", *specs])
    if before is not None:
        args = ["diff-tree", "-r", "-z", "--name-only", "--diff-filter=D", before, "HEAD"]
        listed += repo.run([*args, *specs], check=False)
    paths = [os.fsdecode(name) for name in listed.split(b"\0") if name]
    roots = {os.path.normpath(os.path.join(repo.top, path, "..", "..")) for path in paths}
    if os.path.isdir(os.path.join(repo.top, DVC_DIR)):
        roots.add(repo.top)
    projects: list[Project] = []
    code = 0
    for root in sorted(roots):
        if os.path.isdir(os.path.join(root, DVC_DIR)):
            try:
                projects.append(Project(root, repo))
            except GitDvcError as problem:
                _say(str(problem))
                code = 1
    return [project for project in projects if project.repo is not None], code


# -- post-checkout ------------------------------------------------------------------------


def _post_checkout(arguments: list[str]) -> int:
    """Bring the data where Git took the pointers.

    The arguments are the old commit, the new one, and 1 for a switch or 0 for single files;
    the pre-commit tool gives them in the environment instead.
    """
    from git_dvc.ops.checkout import follow
    from git_dvc.ops.record import mark_pending

    repo = Repository.discover(os.getcwd())
    if repo is None:
        return 0
    old = arguments[0] if arguments else os.environ.get("PRE_COMMIT_FROM_REF", "")
    fresh = bool(old) and not old.strip("0")  # a clone or a new work tree: no switch to stop
    if any(os.path.isdir(os.path.join(repo.git_dir, name)) for name in _REBASING):
        # A rebase passes through other versions: the next hook or command catches up.
        mark_pending(repo.git_dir)
        return 0
    kind = arguments[2] if arguments[2:] else os.environ.get("PRE_COMMIT_CHECKOUT_TYPE")
    before = old if kind == "1" and old and not fresh else None
    projects, code = _projects(repo, before)
    for project in projects:
        with project:
            try:
                result = follow(project, _progress(), before=before)
            except GitDvcError as problem:  # the other projects have nothing to do with it
                _say(str(problem))
                code = 1
                continue
            trouble = result.trouble(project.git_path)
            if trouble is not None:
                _say(str(trouble))
                code = 1
            _forget_pending(project)
    return 0 if fresh else code


def _forget_pending(project: Project) -> None:
    """Remove the mark that makes the next hook look, if pointers are as committed."""
    mark = os.path.join(project.state_dir, "pending")
    repo = project.repo
    if repo is None or not os.path.exists(mark):
        return
    args = ["diff-index", "--quiet", "HEAD", "--", "*.dvc", "dvc.lock", ":(glob)**/dvc.lock"]
    if repo.call(args).code == 0:
        try:
            os.unlink(mark)
        except OSError:
            pass


# -- pre-commit ---------------------------------------------------------------------------


def _pre_commit(arguments: list[str]) -> int:
    """Warn of or refuse a commit that would lose data, or put data into Git."""
    from git_dvc.ops import precommit

    repo = Repository.discover(os.getcwd())
    if repo is None:
        return 0
    mode = (repo.config_get("dvc.preCommit") or "").lower()
    if mode in ("off", "false", "no"):
        return 0
    projects, code = _projects(repo)
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
            "data has changed since its pointer file was written, and is not in this commit:",
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
