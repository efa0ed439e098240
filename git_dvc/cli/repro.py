"""``git dvc repro``: what the command line says; the work is in ``ops/repro.py``."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from git_dvc.cli.console import console
from git_dvc.errors import GitDvcError, LeftOutError, UsageError, quoted
from git_dvc.terminal import human_time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from git_dvc.errors import GitDvcError
    from git_dvc.ops.repro import Asked, Plan, Result
    from git_dvc.pipeline.executors.base import Job
    from git_dvc.pipeline.runner import Running
    from git_dvc.pipeline.scheduler import Scheduler
    from git_dvc.pipeline.stage import Stage
    from git_dvc.pipeline.staleness import Reason
    from git_dvc.project import Project

EXAMPLES = """
git dvc repro                 # all that is stale in the dvc.yaml here
git dvc repro train           # one stage, and what it needs
git dvc repro --dry --why     # what would run, and why
git dvc repro -j 4            # four stages at once
git dvc repro --executor slurm -j 20
git dvc repro -P              # all stages of the project
git dvc repro -k              # go on with what does not need a stage that failed
git dvc repro -s -f train     # just this stage, stale or not
"""


def repro(
    targets: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="target",
            help="Stages, groups, dvc.yaml or pointer files; the dvc.yaml here if none is named.",
            show_default=False,
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("-f", "--force", help="Run stages that did not change, too.")
    ] = False,
    interactive: Annotated[
        bool, typer.Option("-i", "--interactive", help="Ask before each stage.")
    ] = False,
    single: Annotated[
        bool, typer.Option("-s", "--single-item", help="Only the targets, not what they need.")
    ] = False,
    pipeline: Annotated[
        bool,
        typer.Option("-p", "--pipeline", help="All stages that are connected with the targets."),
    ] = False,
    every: Annotated[
        bool, typer.Option("-P", "--all-pipelines", help="All stages of the project.")
    ] = False,
    recursive: Annotated[
        bool, typer.Option("-R", "--recursive", help="All stages in a directory.")
    ] = False,
    downstream: Annotated[
        bool, typer.Option("--downstream", help="The targets and the stages that need them.")
    ] = False,
    force_downstream: Annotated[
        bool,
        typer.Option("--force-downstream", help="Run also what needs a stage that has run."),
    ] = False,
    pull: Annotated[
        bool, typer.Option("--pull", help="Bring data that is missing from the remote.")
    ] = False,
    allow_missing: Annotated[
        bool,
        typer.Option("--allow-missing", help="Data that is missing counts as unchanged."),
    ] = False,
    dry: Annotated[
        bool, typer.Option("--dry", "--dry-run", help="Only tell what would be done.")
    ] = False,
    why: Annotated[bool, typer.Option("--why", help="Tell what made each stage stale.")] = False,
    keep_going: Annotated[
        bool,
        typer.Option("-k", "--keep-going", help="Go on with what does not need a failed stage."),
    ] = False,
    ignore_errors: Annotated[
        bool, typer.Option("--ignore-errors", help="Go on after a failed stage as if it had not.")
    ] = False,
    glob: Annotated[
        bool, typer.Option("--glob", help="Targets may have wildcards: 'train*'.")
    ] = False,
    no_commit: Annotated[
        bool, typer.Option("--no-commit", help="Record outputs without storing them in the cache.")
    ] = False,
    no_run_cache: Annotated[
        bool, typer.Option("--no-run-cache", help="Run even what was run before in the same way.")
    ] = False,
    jobs: Annotated[
        int, typer.Option("-j", "--jobs", metavar="n", min=1, help="How many stages run at once.")
    ] = 1,
    executor: Annotated[
        str,
        typer.Option(
            "--executor", metavar="name", help="Where stages run: local, slurm, dask, or a plug-in."
        ),
    ] = "local",
) -> int:
    """Run the stages that are stale, in their order, and record what they made.

    A stage is stale if its command, a parameter, something that it reads or something that it
    made is not as recorded in dvc.lock. Each is recorded as soon as it ends, so what a stopped
    run had finished is not run again.

    With -j, output goes to .dvc/tmp/logs alone. A stage takes one of the places, or as many as its
    'meta: {resources: {cpu: 2, gpu: 1, mem: 16G}}' says; of what is not cpu there is as much as
    'git config dvc.resources.gpu 2' says, or as this machine has.

    An executor runs the commands on other machines: as jobs of Slurm (options for sbatch are in
    'git config dvc.slurm.options'), or as tasks of Dask ('git config dvc.dask.scheduler'). These
    must share the file system with this one, with the project at the same path. git-dvc is not
    needed there: results are taken in here.
    """
    from git_dvc.cli import opened
    from git_dvc.ops import repro as op
    from git_dvc.pipeline.scheduler import IGNORE, KEEP_GOING, STOP

    if keep_going and ignore_errors:
        raise UsageError("--keep-going and --ignore-errors cannot be used together")
    asked = op.Asked(
        targets=targets or (),
        recursive=recursive,
        glob=glob,
        single=single and not (pipeline or every),
        pipeline=pipeline,
        every=every,
        downstream=downstream and not (pipeline or every),
        force=force,
        force_downstream=force_downstream,
        allow_missing=allow_missing,
        pull=pull,
        commit=not no_commit,
        run_cache=not no_run_cache,
        on_error=IGNORE if ignore_errors else KEEP_GOING if keep_going else STOP,
        jobs=1 if interactive else jobs,
        executor=executor,
        why=why,
    )
    with opened.project() as project:
        interactive = interactive or project.config.flag("core", "interactive")
        chosen = op.plan(project, asked)
        opened.tell_problems(chosen.problems)
        if dry:
            code = _dry(project, chosen, asked)
        else:
            watch = _Watch(project, asked, ask=interactive)
            result = op.repro(project, chosen, asked, watch, console.progress())
            code = _summary(project, asked, result)
        if every and chosen.problems and not ignore_errors:  # they were asked for, too
            raise LeftOutError([problem.message for problem in chosen.problems])
        return code


def _dry(project: Project, chosen: Plan, asked: Asked) -> int:
    """Tell what would be done; return the exit code."""
    from git_dvc.cli import render_pipeline as render
    from git_dvc.ops import repro as op
    from git_dvc.pipeline.forecast import UNCHANGED

    failing = changes = 0
    problems: list[GitDvcError] = []
    for step in op.forecast(project, chosen, asked, console.progress(), problems):
        if step.verdict == UNCHANGED:
            console.say(render.unchanged(step.stage, project.shown))
            continue
        changes += 1
        console.say(render.step(step, console.paint, project.shown, why=asked.why))
        if step.error is not None:
            failing += 1
            console.error(str(step.error))
    for problem in problems:
        console.warning(problem.message)
    if not changes:
        console.say("Data and pipelines are up to date.")
    return 1 if failing else 0


def _summary(project: Project, asked: Asked, result: Result) -> int:
    """Say what was done; return the exit code."""
    from git_dvc.cli import opened
    from git_dvc.cli import render_pipeline as render
    from git_dvc.errors import ReproFailedError
    from git_dvc.pipeline.scheduler import IGNORE, STOP

    for problem in result.not_pulled:
        console.warning(problem.message)
    if result.kept:
        console.note(render.kept([project.shown(path) for path in result.kept]))
    changed = [project.shown(path) for path in result.changed]
    opened.tell_how_to_stage(project, changed, staged=result.staged)
    if result.failed and asked.on_error == STOP:
        first, *others = result.failed.values()
        for error in others:  # they ran at the same time
            console.error(str(error))
        raise first
    console.say(render.summary(result))
    if result.failed and asked.on_error != IGNORE:
        raise ReproFailedError([*result.failed], [*result.skipped])
    return 0


class _Watch:
    """Tells what becomes of the stages; see ``Watcher`` in ``ops/repro.py``."""

    def __init__(self, project: Project, asked: Asked, *, ask: bool) -> None:
        from git_dvc.cli import render_pipeline as render
        from git_dvc.cli.board import Board

        self._asked = asked
        self._shown = project.shown
        self._ask = ask
        self._render = render
        self._board = Board(console, console.line)
        self._began: dict[str, float] = {}
        self._last = ""

    def _name(self, stage: Stage) -> str:
        return quoted(self._render.address(stage, self._shown))

    def unchanged(self, stage: Stage) -> None:
        """Hear that a stage has nothing to do."""
        console.say(self._render.unchanged(stage, self._shown))

    def frozen(self, stage: Stage) -> None:
        """Hear that what a stage depends on is not looked at."""
        console.warning(self._render.frozen(stage, self._shown))

    def wants(self, stage: Stage, why: Sequence[Reason]) -> bool:
        """Return whether a stage may run."""
        return not self._ask or console.ask(f"Run stage '{self._name(stage)}'?")

    def starts(self, stage: Stage, why: Sequence[Reason]) -> None:
        """Hear that a stage's commands start."""
        self._say(f"Running stage '{self._name(stage)}':", stage, why)

    def restored(self, stage: Stage, why: Sequence[Reason]) -> None:
        """Hear that a stage's results come from the cache."""
        name = self._render.name_of(stage, self._shown)
        self._say(f"{name} is cached - skipping run, checking out outputs", stage, why)

    def checked(self, stage: Stage, why: Sequence[Reason], put_back: Sequence[str]) -> None:
        """Hear that outputs were recorded, or these put back, without running anything."""
        self._say(self._render.checked(stage, why, put_back, self._shown), stage, why)

    def _say(self, line: str, stage: Stage, why: Sequence[Reason]) -> None:
        lines = [line]
        if self._asked.why:
            lines += self._render.reasons(why, stage, console.paint)
        console.say("\n".join(lines))
        console.stdout.flush()
        self._last = stage.address

    def recorded(self, stage: Stage, lock_file: str) -> None:
        """Hear that a stage's record was written."""
        console.debug(f"updated {lock_file}")

    def changed_meanwhile(self, stage: Stage, paths: Sequence[str]) -> None:
        """Hear that dependencies of a stage were changed while it ran."""
        from git_dvc.errors import path_lines

        head = f"these were changed while stage '{self._name(stage)}' ran, so it is stale again:"
        console.warning("\n".join([head, *path_lines(paths)]))

    def failed(self, stage: Stage, error: GitDvcError) -> None:
        """Hear that a stage has failed."""
        from git_dvc.pipeline.scheduler import STOP

        if self._asked.on_error != STOP:
            console.error(str(error))

    def stopping(self, addresses: Sequence[str]) -> None:
        """Hear that stages were asked to end, and take their time."""
        names = self._render.listed(addresses)
        console.note(f"waiting for {names} to end; Ctrl-C kills without waiting")

    def ran(self, stage: Stage) -> None:
        """Hear that a stage has run and its results are recorded."""
        began = self._began.pop(stage.address, None)
        if began is not None:
            spent = human_time(time.monotonic() - began)
            console.say(f"{self._render.name_of(stage, self._shown)} ran in {spent}")
            console.stdout.flush()

    def command(self, job: Job, line: str) -> None:
        """Hear that a command line starts."""
        if not job.attached:
            if self._last != job.address:  # another one has said something
                console.say(f"Stage '{quoted(job.address)}' goes on:")
            self._began.setdefault(job.address, time.monotonic())
            self._last = job.address
        console.say(f"> {self._render.shown_command(line)}")
        console.stdout.flush()

    def output(self, job: Job, data: bytes, *, error: bool) -> None:
        """Hear what a command writes."""
        console.clear_line()
        stream = console.stderr if error else console.stdout
        binary = getattr(stream, "buffer", None)
        if binary is not None:
            stream.flush()
            binary.write(data)
            binary.flush()
        else:
            stream.write(data.decode("utf-8", "replace"))

    def look(self, running: Sequence[Running], scheduler: Scheduler) -> None:
        """Hear now and then what runs."""
        self._board.look(running, scheduler)
