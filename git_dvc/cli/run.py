"""``git dvc run``: the command of old tutorials, in both of its forms.

* DVC 1 and 2: ``run -n train -d data -o model CMD`` is ``stage add`` and a run; ``-f`` is
  ``--force`` there.
* DVC 0.x: ``run -f Dvcfile -d data -o model CMD`` writes a file with this one stage; ``-f`` has a
  value there. DVC 3 does not look at that file, and refuses the repository for a stage in one
  that ends in ``.dvc``.

Without either the stage goes into ``dvc.yaml`` under a name made from its first output.
"""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from typing import Annotated

import typer

from git_dvc.cli import stage_add
from git_dvc.cli.stage_add import (
    AlwaysChanged,
    Deps,
    Desc,
    Metrics,
    MetricsNoCache,
    Outs,
    OutsNoCache,
    OutsPersist,
    OutsPersistNoCache,
    Params,
    Plots,
    PlotsNoCache,
    Wdir,
    Words,
)
from git_dvc.errors import UsageError, quoted

EXAMPLES = """
git dvc run -n train -d train.py -d data -o model.h5 python train.py
git dvc run -f Dvcfile -d train.py -d data -M metrics.csv -o model.h5 python train.py
"""
CONTEXT_SETTINGS = {"allow_interspersed_args": False}

_FLAGS = ("--force", "--no-exec", "--no-commit", "--no-run-cache", "--always-changed", "-q", "-v")


def rewrite(words: Sequence[str]) -> list[str]:
    """Return the command line with ``-f`` as ``--force`` or ``--file``, whichever it is.

    It is the file's only if no name was given before it and a word follows that is no option.
    """
    found = list(words)
    named = False
    number = 0
    while number < len(found) and found[number].startswith("-") and found[number] != "--":
        word = found[number]
        named = named or word.startswith(("-n", "--name"))
        if word == "-f":
            following = found[number + 1] if number + 1 < len(found) else "-"
            forced = named or following.startswith("-")
            found[number] = word = "--force" if forced else "--file"
        flag = word in _FLAGS or word in _OLD_FLAGS or "=" in word
        number += 1 if flag or (len(word) > 2 and not word.startswith("--")) else 2
    return found


_OLD_FLAGS = ("--single-stage", "--overwrite-dvcfile", "--ignore-build-cache", "-y", "--yes")


def run(
    command: Words,
    name: Annotated[
        str | None, typer.Option("-n", "--name", metavar="<name>", help="What it is called.")
    ] = None,
    file: Annotated[
        str | None,
        typer.Option(
            "-f",
            "--file",
            metavar="<file>",
            help="A 'Dvcfile' for this one stage, as DVC 0.x had it; DVC 3 does not look at it.",
        ),
    ] = None,
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
        bool,
        typer.Option("--force", help="Replace a stage of this name; after -n also '-f'."),
    ] = False,
    no_exec: Annotated[
        bool, typer.Option("--no-exec", help="Write it, and do not run it.")
    ] = False,
    no_commit: Annotated[
        bool, typer.Option("--no-commit", help="Record outputs without storing them in the cache.")
    ] = False,
    no_run_cache: Annotated[
        bool,
        typer.Option(
            "--no-run-cache",
            "--ignore-build-cache",
            help="Run it even if it was run before in the same way.",
        ),
    ] = False,
    single_stage: Annotated[bool, typer.Option("--single-stage", hidden=True)] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite-dvcfile", "-y", "--yes", hidden=True)
    ] = False,
) -> int:
    """Write a stage and run it, as old tutorials have it; today these are 'stage add' and 'repro'.

    Without a name or a file it is called like the first thing that it makes.
    """
    from git_dvc.formats import stagetext
    from git_dvc.ops import stage_add as op

    made = {
        "outs": outs or [],
        "outs_no_cache": outs_no_cache or [],
        "metrics": metrics or [],
        "metrics_no_cache": metrics_no_cache or [],
        "plots": plots or [],
        "plots_no_cache": plots_no_cache or [],
        "outs_persist": outs_persist or [],
        "outs_persist_no_cache": outs_persist_no_cache or [],
    }
    paths = [path for listed in made.values() for path in listed]
    if single_stage and file is None:
        file = op.STAGE_FILE
    if file is not None:
        _check_file(file, name, paths)
    called = name or (op.STAGE_FILE if file is not None else _name_of(paths))
    wanted = op.Wanted(
        name=called,
        cmd=stagetext.command_line(command),
        wdir=wdir or "",
        deps=deps or [],
        params=stagetext.params_by_file(params or []),
        outs=op.of_options(made),
        always_changed=always_changed,
        desc=desc,
    )
    stage_add.written(wanted, force=force or overwrite, file=file or "")
    if no_exec:
        return 0
    return stage_add.running(file or called, commit=not no_commit, run_cache=not no_run_cache)


def _check_file(file: str, name: str | None, outs: Sequence[str]) -> None:
    from git_dvc.ops import stage_add as op

    if name is not None:
        raise UsageError("a stage has a name (-n) or a file of its own (-f), not both")
    base = posixpath.basename(file)
    if base == op.STAGE_FILE:
        return
    if base.endswith(".dvc"):
        why = f"DVC 3 refuses the whole repository if a command stands in {quoted(base)}"
        proposed = _clean(base.removesuffix(".dvc")) or _clean(next(iter(outs), "")) or "NAME"
    else:
        why = f"a stage file is called '{op.STAGE_FILE}', not {quoted(base)}"
        proposed = _clean(base) or "NAME"
    raise UsageError(why, hint=f"give the stage a name instead: 'git dvc run -n {proposed} ...'")


def _name_of(outs: Sequence[str]) -> str:
    found = next((name for name in map(_clean, outs) if name), "")
    if not found:
        raise UsageError(
            "the stage makes nothing that it could be called by", hint="name it with -n"
        )
    return found


def _clean(path: str) -> str:
    """Return a name for a stage from a path: ``models/big model.h5`` gives ``big-model``."""
    from git_dvc.formats import stagetext

    stem = posixpath.basename(path.rstrip("/")).partition(".")[0]
    name = "".join(
        "-" if one in stagetext.NOT_IN_NAMES or one.isspace() else one for one in stem
    ).strip("-")
    return name if stagetext.is_name(name) else ""
