"""The remotes of the current branch, for a checked-out revision that lacks them.

The config is versioned, so an old revision may be from before a remote was added. What is meant is
the branch that was left for it: the one that HEAD was on before, its own and its upstream, the
default branch of ``origin``, and then whichever has the newest commit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from git_dvc.formats import config as configs
from git_dvc.git.repo import Repository
from git_dvc.git.trees import Trees
from git_dvc.project import DVC_DIR, Layer, Project

_MOST_BRANCHES = 50


class Branch(NamedTuple):
    """A branch whose config names remotes.

    Attributes:
        name: As Git shows it.
        layer: Its ``.dvc/config``, as if it stood in the work tree.
        default: The remote that is its default one; None if none is.
    """

    name: str
    layer: Layer
    default: str | None


def find(project: Project, remote: str | None = None) -> Branch | None:
    """Return the first branch that has a default remote, or one of a given name."""
    if project.repo is None:
        return None
    path = project.git_path(f"{DVC_DIR}/config")
    number = _number(project)
    seen = set()
    with Trees(project.repo) as trees:
        for name in _candidates(project.repo):
            commit = trees.resolve(name)
            blob = trees.blob_at(commit, path) if commit else None
            if blob is None or blob in seen:
                continue
            seen.add(blob)
            text = trees.blob(blob).decode("utf-8", "replace")
            place = project.config.layers[number].path
            parsed = configs.parse(text, place)
            layer = Layer("project", place, parsed.values, parsed.problems)
            default = parsed.values.get(("core",), {}).get("remote")
            wanted = remote or default
            if wanted and ("remote", wanted.lower()) in parsed.values:
                return Branch(name, layer, default.lower() if default else None)
    return None


def lend(project: Project, remote: str) -> bool:
    """Let a project use a remote of the branch's config; return whether there is one.

    What the checked-out config and the user's own say of it goes first.
    """
    found = find(project, remote)
    if found is None:
        return False
    # With it may come 'remote://' bases, but no default remote.
    values = {section: v for section, v in found.layer.values.items() if section[0] == "remote"}
    project.config.layers.insert(_number(project), found.layer._replace(values=values))
    return True


def _number(project: Project) -> int:
    return [layer.level for layer in project.config.layers].index("project")


def _candidates(repo: Repository) -> Iterator[str]:
    """Yield names of branches, the likeliest first; some come twice."""
    for rev in ("@{-1}", "HEAD", "@{upstream}", "origin/HEAD"):
        result = repo.call(["rev-parse", "--abbrev-ref", "--verify", "--quiet", rev])
        name = result.out.decode("utf-8", "replace").strip()
        if result.code == 0 and name and not name.startswith("-"):
            yield name
    args = ["for-each-ref", "--sort=-committerdate", f"--count={_MOST_BRANCHES}"]
    out = repo.run([*args, "--format=%(refname:short)", "refs/heads", "refs/remotes"])
    yield from out.decode("utf-8", "replace").split("\n")[:-1]
