"""``git dvc stage list``: the stages there are, each with a line of what it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from git_dvc.errors import FormatError
from git_dvc.ops import stages as finding
from git_dvc.pipeline.stage import Stage, StageOut
from git_dvc.project import Project
from git_dvc.tracked import LOCK_FILE, STAGES_FILE


class Listed(NamedTuple):
    """Stages, and files that could not be used.

    Attributes:
        stages: In the order of the files.
        problems: What was left out.
    """

    stages: list[Stage]
    problems: list[FormatError]


def listed(
    project: Project,
    targets: Sequence[str] = (),
    *,
    everything: bool = False,
    recursive: bool = False,
    fail: bool = False,
) -> Listed:
    """Return stages.

    Args:
        project: The project.
        targets: As ``choose`` has them; the ``dvc.yaml`` of the current directory for none.
        everything: All stages and pointer files of the project instead.
        recursive: Targets may be directories; the current one for none.
        fail: A file that cannot be used is an error.

    Raises:
        UnknownStageError: A target names nothing.
        FormatError: A file cannot be used, with ``fail``.
    """
    stages = finding.load(project)
    if fail and stages.problems:
        raise stages.problems[0]
    folder = project.relpath(".")
    if everything:
        return Listed(list(stages.stages.values()), stages.problems)
    if not targets and not recursive:
        source = f"{folder}/{STAGES_FILE}" if folder else STAGES_FILE
        own = (source, source.removesuffix(STAGES_FILE) + LOCK_FILE)
        here = [problem for problem in stages.problems if problem.where in own]
        return Listed(stages.of_file(source), here)
    chosen: dict[str, Stage] = {}
    for target in targets or ["."]:
        try:
            found = finding.choose(stages, [target], folder=folder, recursive=recursive)
        except FormatError:
            continue  # told with the other problems
        chosen |= {stage.address: stage for stage in found}
    return Listed(list(chosen.values()), stages.problems)


def description(stage: Stage) -> str:
    """Return a line that says what a stage is: people's words, else what it makes or reads."""
    for line in (stage.desc or "").splitlines():
        if line.strip():
            return line.strip()
    reads = [*(dep.path for dep in stage.deps), *(file.path for file in stage.params)]
    outs = [out for out in stage.outs if out.flags.kind == "outs"]
    reports = [out for out in stage.outs if out.flags.kind != "outs"]
    if stage.outs:
        parts = (_named("Outputs", outs), _named("Reports", reports))
        return "; ".join(part for part in parts if part)
    return f"Depends on {', '.join(reads)}" if reads else "No outputs or dependencies"


def _named(word: str, outs: Sequence[StageOut]) -> str:
    return f"{word} {', '.join(out.path for out in outs)}" if outs else ""
