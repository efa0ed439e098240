"""``git dvc artifacts get``: which commit a version of an artifact is, and where it is there."""

from __future__ import annotations

from typing import NamedTuple

from git_dvc import relpaths
from git_dvc.errors import FormatError, UnknownArtifactError
from git_dvc.formats import artifacts as formats
from git_dvc.formats import yamltext
from git_dvc.ops.source import Source, tags_at
from git_dvc.progress import Progress
from git_dvc.tracked import STAGES_FILE


class Found(NamedTuple):
    """A version of an artifact.

    Attributes:
        name: As tags call it.
        label: The version or stage that was chosen.
        commit: The commit that has it.
    """

    name: formats.Name
    label: str
    commit: str


def find(
    url: str,
    name: str,
    version: str | None = None,
    stage: str | None = None,
    progress: Progress | None = None,
) -> Found:
    """Return the commit of a version of an artifact.

    Args:
        url: The repository.
        name: ``name``, or ``directory:name`` for one defined in a ``dvc.yaml`` below the top.
        version: Which; with or without 'v'. The newest one if None.
        stage: What is in this stage, such as ``prod``.
        progress: Told of what takes time.

    Raises:
        UnknownArtifactError: There is no such artifact, version or stage.
    """
    wanted = formats.parse_name(name)
    known = formats.tagged(wanted, tags_at(url, f"{wanted.in_tags}[@#]*", progress))
    if stage:
        if stage not in known.stages:
            raise UnknownArtifactError(name, f"nothing is in stage '{stage}'", list(known.stages))
        return Found(wanted, stage, known.stages[stage])
    if not known.versions:
        raise UnknownArtifactError(name, "no tag gives it a version", ())
    if version is None or version == "latest":
        version = list(known.versions)[-1]
    chosen = version if version in known.versions else f"v{version}"
    if chosen not in known.versions:
        raise UnknownArtifactError(name, f"it has no version {version}", list(known.versions))
    return Found(wanted, chosen, known.versions[chosen])


def path_in(source: Source, found: Found) -> str:
    """Return where an artifact is in the repository.

    Raises:
        UnknownArtifactError: No ``dvc.yaml`` there defines it.
        FormatError: The definition cannot be used.
    """
    where = relpaths.join(found.name.folder, STAGES_FILE)
    data = source.read(where) if source.exists(where) else b""
    try:
        path = formats.path_of(yamltext.parse(data.decode("utf-8")), found.name.name)
    except UnicodeDecodeError:
        raise FormatError("not valid UTF-8", where) from None
    except FormatError as problem:
        raise problem if problem.where else problem.at(where) from None
    if path is None:
        full = f"{found.name.folder}:{found.name.name}" if found.name.folder else found.name.name
        raise UnknownArtifactError(full, f"{where} does not define it at {found.label}", ())
    return relpaths.resolve(found.name.folder, path)
