"""``git dvc stage add``; the work is in ``ops/stage_add.py``."""

from __future__ import annotations

from typing import Annotated

import typer

from git_dvc.cli.console import console
from git_dvc.errors import quoted

EXAMPLES = """
git dvc stage add -n train -d train.py -d data -o model.h5 python train.py
git dvc stage add -n clean -d raw.csv -o clean.csv 'sort raw.csv | uniq > clean.csv'
git dvc stage add -n test -p lr -d model.h5 -M scores.json python test.py
git dvc repro                  # runs what is not up to date
"""
CONTEXT_SETTINGS = {"allow_interspersed_args": False}

TYPE_CHECKING = False
if TYPE_CHECKING:
    from git_dvc.ops.stage_add import Wanted

Name = Annotated[
    str,
    typer.Option("-n", "--name", metavar="<name>", help="What it is called.", show_default=False),
]
Deps = Annotated[
    list[str] | None,
    typer.Option("-d", "--deps", metavar="<path>", help="A file or directory that it reads."),
]
Params = Annotated[
    list[str] | None,
    typer.Option(
        "-p",
        "--params",
        metavar="<keys>",
        help="Parameters that it reads: 'lr,train.seed' of params.yaml, 'file:lr,seed', or "
        "'file:' for all of a file.",
    ),
]
Outs = Annotated[
    list[str] | None,
    typer.Option("-o", "--outs", metavar="<path>", help="A file or directory that it makes."),
]
OutsNoCache = Annotated[
    list[str] | None,
    typer.Option(
        "-O",
        "--outs-no-cache",
        metavar="<path>",
        help="The same, but left to Git or to nobody: git-dvc keeps no copy.",
    ),
]
OutsPersist = Annotated[
    list[str] | None,
    typer.Option(
        "--outs-persist",
        metavar="<path>",
        help="An output that is not removed before a run, which goes on with it.",
    ),
]
OutsPersistNoCache = Annotated[
    list[str] | None,
    typer.Option("--outs-persist-no-cache", metavar="<path>", help="Both of these."),
]
Metrics = Annotated[
    list[str] | None,
    typer.Option("-m", "--metrics", metavar="<path>", help="A file with metrics that it makes."),
]
MetricsNoCache = Annotated[
    list[str] | None,
    typer.Option(
        "-M", "--metrics-no-cache", metavar="<path>", help="The same, small enough for Git."
    ),
]
Plots = Annotated[
    list[str] | None,
    typer.Option("--plots", metavar="<path>", help="A file to plot that it makes."),
]
PlotsNoCache = Annotated[
    list[str] | None,
    typer.Option("--plots-no-cache", metavar="<path>", help="The same, small enough for Git."),
]
Wdir = Annotated[
    str | None,
    typer.Option(
        "-w",
        "--wdir",
        metavar="<dir>",
        help="The directory that it runs in, where its paths start, too.",
    ),
]
AlwaysChanged = Annotated[
    bool, typer.Option("--always-changed", help="Run it each time, whether needed or not.")
]
Desc = Annotated[
    str | None, typer.Option("--desc", metavar="<text>", help="What it is, for people.")
]
Words = Annotated[
    list[str], typer.Argument(metavar="command", help="What it runs.", show_default=False)
]


def add(
    command: Words,
    name: Name,
    deps: Deps = None,
    params: Params = None,
    outs: Outs = None,
    outs_no_cache: OutsNoCache = None,
    outs_persist: OutsPersist = None,
    outs_persist_no_cache: OutsPersistNoCache = None,
    metrics: Metrics = None,
    metrics_no_cache: MetricsNoCache = None,
    plots: Plots = None,
    plots_no_cache: PlotsNoCache = None,
    wdir: Wdir = None,
    always_changed: AlwaysChanged = False,
    desc: Desc = None,
    force: Annotated[
        bool, typer.Option("-f", "--force", help="Replace a stage of this name.")
    ] = False,
    run: Annotated[
        bool, typer.Option("--run", help="Run it at once, but nothing that it needs.")
    ] = False,
) -> int:
    """Write a stage into the dvc.yaml here: a command, what it reads and what it makes.

    Nothing runs without --run: 'git dvc repro' does that.
    """
    from git_dvc.formats import stagetext
    from git_dvc.ops import stage_add as op

    given = {
        "outs": outs,
        "outs_no_cache": outs_no_cache,
        "outs_persist": outs_persist,
        "outs_persist_no_cache": outs_persist_no_cache,
        "metrics": metrics,
        "metrics_no_cache": metrics_no_cache,
        "plots": plots,
        "plots_no_cache": plots_no_cache,
    }
    wanted = op.Wanted(
        name=name,
        cmd=stagetext.command_line(command),
        wdir=wdir or "",
        deps=deps or [],
        params=stagetext.params_by_file(params or []),
        outs=op.of_options({key: paths or [] for key, paths in given.items()}),
        always_changed=always_changed,
        desc=desc,
    )
    written(wanted, force=force)
    return running(name) if run else 0


def written(wanted: Wanted, *, force: bool, file: str = "") -> None:
    """Write a stage and say so.

    Args:
        wanted: The stage.
        force: It may take the place of another one.
        file: A ``Dvcfile`` to write it to; '' for the ``dvc.yaml`` here.
    """
    from git_dvc.cli import opened, render
    from git_dvc.ops import stage_add as op

    with opened.project() as project:
        done = op.add(project, wanted, file=file, force=force, progress=console.progress())
        changed = [project.shown(path) for path in done.changed]
        place = quoted(project.shown(done.source))
        if file:
            said = f"{'wrote' if changed else 'nothing to change in'} the stage in {place}"
        else:
            verb = "replaced" if done.replaced else "added"
            if not changed:
                verb = "nothing to change in"
            said = f"{verb} stage '{quoted(wanted.name)}' in {place}"
        if done.staged and changed:
            said += f"; staged {render.and_list([quoted(path) for path in changed])}"
        console.say(said)
        if done.problem is not None:
            console.warning(f"it cannot run yet: {done.problem.message}")
        opened.tell_how_to_stage(project, changed, staged=done.staged)


def running(target: str, *, commit: bool = True, run_cache: bool = True) -> int:
    """Run a stage that was written just now, but nothing that it needs."""
    from git_dvc.cli import repro

    return repro.repro([target], single=True, no_commit=not commit, no_run_cache=not run_cache)
