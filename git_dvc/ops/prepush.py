"""What the pre-push hook looks for: commits whose data nobody could fetch.

``new_commits`` says which commits Git is about to send, ``examine`` what data they name and what
of it the data remotes lack. Nothing is changed before ``push.send``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from git_dvc.errors import (
    FormatError,
    GitDvcError,
    MissingClientError,
    RemoteError,
    UnknownRemoteError,
)
from git_dvc.formats import config as configs
from git_dvc.git.repo import Repository
from git_dvc.git.trees import Trees
from git_dvc.ops import named, push, remotes
from git_dvc.ops import wanted as wanting
from git_dvc.ops.select import Selected
from git_dvc.ops.wanted import Object, Wanted
from git_dvc.progress import Progress
from git_dvc.project import DVC_DIR, Project
from git_dvc.remote.base import Memory, Remote


class Update(NamedTuple):
    """One line that Git gives the hook: a ref of ours goes to a ref over there.

    Attributes:
        local: The object's hash here, '' if the ref is to be deleted.
        remote: What the ref is there now, '' if it is new.
    """

    local: str
    remote: str


def parse(text: str) -> list[Update]:
    """Return the updates in what Git writes to the hook, ``lref lsha rref rsha`` a line."""
    found = []
    for line in text.splitlines():
        words = line.split(" ")
        if len(words) >= 4:
            # A local ref may be any expression, '(delete)' or 'HEAD~1 ' too: count from behind.
            local, remote = words[-3], words[-1]
            found.append(Update(local if local.strip("0") else "", remote.strip("0") and remote))
    return found


def new_commits(repo: Repository, name: str, url: str, updates: Sequence[Update]) -> list[str]:
    """Return the commits that a push sends, newest first.

    Left out is what the other side has for all we know: what its refs are now, and what the
    branches are that we track of it.

    Args:
        repo: The repository.
        name: The remote's name, or its url if it has none.
        url: Where it is.
        updates: What Git is about to do.
    """
    wanted = [update.local for update in updates if update.local]
    if not wanted:
        return []
    lines = [*wanted, *(f"^{update.remote}" for update in updates if update.remote)]
    args = ["rev-list", "--ignore-missing", "--stdin"]
    tracked = [name] if name != url else _names_of(repo, url)
    if tracked:
        args += ["--not", *(f"--remotes={remote}" for remote in tracked)]
    out = repo.run(args, input="".join(f"{line}\n" for line in lines).encode("ascii"))
    return out.decode("ascii").split()


def _names_of(repo: Repository, url: str) -> list[str]:
    """Return the names that Git's config has for a url that was pushed to directly."""
    out = repo.run(["config", "-z", "--get-regexp", r"^remote\..*\.(push)?url$"], check=False)
    found = set()
    for line in out.split(b"\0"):
        key, _, value = os.fsdecode(line).partition("\n")
        if value == url:
            found.add(key[len("remote.") : key.rindex(".")])
    return sorted(found)


def take_config(repo: Repository, project: Project, commits: Sequence[str]) -> None:
    """Give a project whose config is not checked out that of the commits to be pushed.

    ``git push origin main`` is typed on other branches, too, on one without any data perhaps.
    """
    number = [layer.level for layer in project.config.layers].index("project")
    layer = project.config.layers[number]
    if os.path.lexists(layer.path):
        return
    with Trees(repo) as trees:
        for commit in commits:
            blob = trees.blob_at(commit, project.git_path(f"{DVC_DIR}/config"))
            if blob is not None:
                text = trees.blob(blob).decode("utf-8", "replace")
                parsed = configs.parse(text, layer.path)
                fresh = layer._replace(values=parsed.values, problems=parsed.problems)
                project.config.layers[number] = fresh
                return


class Check(NamedTuple):
    """What one data remote lacks."""

    project: Project
    remote: Remote
    look: push.Look


class Unchecked(NamedTuple):
    """A remote that cannot be talked to, and the data that nobody warned of yet."""

    error: MissingClientError
    memory: Memory
    fresh: list[Object]


class Findings:
    """What is to be done before a push, and what is in its way.

    Attributes:
        checks: Remotes that could be asked.
        unchecked: Remotes of kinds that git-dvc cannot talk to.
        trouble: Why other remotes could not be asked, though they must have the data.
        homeless: Paths of outputs that have no remote, in projects that have some.
        problems: Pointer files that cannot be used.
    """

    def __init__(self) -> None:
        self.checks: list[Check] = []
        self.unchecked: list[Unchecked] = []
        self.trouble: list[GitDvcError] = []
        self.homeless: list[str] = []
        self.problems: list[FormatError] = []


def examine(
    repo: Repository, projects: Sequence[Project], commits: Sequence[str], progress: Progress
) -> Findings:
    """Return what the data remotes lack of what commits name.

    Args:
        repo: The repository.
        projects: Every project in its work tree; their present config says which remotes
            there are.
        commits: Newest first.
        progress: Told of the work.
    """
    findings = Findings()
    others = [project.prefix for project in projects]
    with Trees(repo) as trees:
        for project in projects:
            take_config(repo, project, commits)
            default = remotes.default(project)
            if default is None and not remotes.names(project):
                continue
            found = named.outs(trees, project, commits, others=others, problems=findings.problems)
            chosen = ((Selected(item), commit) for item, commit in found)
            wanted = wanting.by_remote(chosen, default, project.git_path)
            for name in sorted(wanted, key=lambda name: name or ""):
                _examine_remote(project, name, wanted[name], findings, progress)
    return findings


def _examine_remote(
    project: Project, name: str | None, wanted: Wanted, findings: Findings, progress: Progress
) -> None:
    if name is None:
        findings.homeless += _paths(wanted)
        return
    try:
        remote = remotes.closed(project, name)
    except MissingClientError as error:
        memory = Memory(remotes.memory_folder(project, remotes.about(project, name)), "told")
        fresh = [whole for whole in wanted if whole not in memory.seen]
        if fresh:
            findings.unchecked.append(Unchecked(error, memory, fresh))
        return
    except UnknownRemoteError as error:
        paths = _paths(wanted)
        findings.trouble.append(UnknownRemoteError(name, remotes.names(project), paths))
        findings.trouble[-1].exit_code = error.exit_code
        return
    except GitDvcError as error:
        findings.trouble.append(error)
        return
    try:
        remote.reach()
        look = push.look(project, remote, wanted, progress)
    except RemoteError as error:
        # Away from the drive, what it was seen to have is enough to go on.
        if not wanted.keys() <= remote.memory.seen:
            findings.trouble.append(error)
        return
    findings.checks.append(Check(project, remote, look))


def _paths(wanted: Wanted) -> list[str]:
    return sorted({place.path for places in wanted.values() for place in places})


def carry_out(findings: Findings, progress: Progress) -> Iterator[tuple[Remote, int, int]]:
    """Send what is lacking and yield remote, number of files and bytes of each that got some.

    Raises:
        RemoteError: A remote failed; what was sent before stays.
        CorruptObjectError: An object in the cache is damaged, so it was not sent.
    """
    for check in findings.checks:
        sent = push.send(check.project, check.remote, check.look, progress)
        if sent.files or any(plan.manifests for plan in check.look.plans.values()):
            yield check.remote, sent.files, sent.size_bytes
        if sent.damaged:
            raise push.damaged_objects(check.project, check.look, sent.damaged)
