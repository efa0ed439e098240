"""``artifacts get``: a model by its name and version, from a directory and by a Git URL."""

from __future__ import annotations

from pathlib import Path

import pytest

from git_dvc.errors import UnknownArtifactError
from git_dvc.ops import add, artifacts
from git_dvc.ops.source import Source
from git_dvc.project import Project
from tests.conftest import run_git
from tests.ops.conftest import git
from tests.scene import write_tree


def test_a_model_is_found_by_version_and_stage(
    project: Project, git_server: tuple[Path, str]
) -> None:
    defined = "artifacts:\n  net:\n    path: {}\n    type: model\n"
    write_tree(".", {"dvc.yaml": defined.format("net.pkl"), "net.pkl": "one"})
    write_tree(".", {"sub/dvc.yaml": defined.format("deep/net.pkl"), "sub/deep/net.pkl": "deep"})
    add.add(project, ["net.pkl", "sub/deep/net.pkl"])
    git("add", "-A")
    git("commit", "-qm", "1")
    git("tag", "-a", "-m", "1", "net@v1.9.0")
    git("tag", "-a", "-m", "2", "net#prod#1")
    git("tag", "-a", "-m", "3", "sub=net@v0.1.0")
    git("rm", "-q", "--cached", "net.pkl.dvc")
    git("mv", "dvc.yaml", "old.yaml")
    write_tree(".", {"dvc.yaml": defined.format("renamed.pkl"), "renamed.pkl": "two"})
    add.add(project, ["renamed.pkl"])
    git("add", "-A")
    git("commit", "-qm", "2")
    git("tag", "-a", "-m", "4", "net@v1.10.0")
    git("tag", "net@v2.0.0-rc.1!#7")
    top, base = git_server
    run_git("clone", "-q", "--bare", project.root, top / "models.git", cwd=top)
    run_git("config", "uploadpack.allowFilter", "true", cwd=top / "models.git")
    for url in (project.root, f"{base}/models.git"):

        def path(name: str, version: str | None = None, stage: str | None = None) -> str:
            found = artifacts.find(url, name, version, stage)  # noqa: B023
            with Source.open(url, found.commit) as source:  # noqa: B023
                return artifacts.path_in(source, found)

        assert path("net") == path("net", "latest") == "renamed.pkl"
        assert path("net", "v1.9.0") == path("net", "1.9.0") == "net.pkl"
        assert path("net", stage="prod") == "net.pkl"
        assert path("sub:net") == path("sub/dvc.yaml:net") == "sub/deep/net.pkl"
        with pytest.raises(UnknownArtifactError, match="no version 3") as caught:
            path("net", "3")
        assert caught.value.hint == "there are: v1.9.0, v1.10.0"
        with pytest.raises(UnknownArtifactError, match="stage 'dev'"):
            path("net", stage="dev")
        with pytest.raises(UnknownArtifactError, match="no tag"):
            path("other")
