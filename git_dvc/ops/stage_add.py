"""``git dvc stage add``: write a stage into the ``dvc.yaml`` of the current directory.

``git dvc run -f Dvcfile`` writes a file of an old version instead (``formats/stagefile.py``).

What is to be written is read back first, together with all other stages: a stage that could never
run, as it makes what another one makes or needs itself in a circle, is refused with nothing
written. Lines of ``.gitignore`` come before the stage that they are for: stopped anywhere, the
same command finishes.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from git_dvc import fsutil
from git_dvc.errors import (
    CannotAddStageError,
    CyclicPipelineError,
    FormatError,
    OverlappingOutsError,
    StageExistsError,
    UnsafePathError,
    quoted,
)
from git_dvc.formats import stagetext
from git_dvc.formats.stages import Flags
from git_dvc.formats.stagetext import Definition
from git_dvc.ops import record as recording
from git_dvc.pipeline import graph, loading
from git_dvc.pipeline.loading import Stages
from git_dvc.pipeline.stage import Stage
from git_dvc.progress import NoProgress, Progress
from git_dvc.project import Project
from git_dvc.tracked import OLD_STAGE_FILE, STAGES_FILE, is_own, is_pointer


class Wanted(NamedTuple):
    """A stage as the command line describes it; paths relative to ``wdir``.

    Attributes:
        name: Of the stage.
        cmd: The command line.
        wdir: Where it is to run, from the current directory; '' is that itself.
        deps: What it reads.
        params: Keys by file; none for all of the file.
        outs: What it makes, and how that is treated.
        always_changed: Whether it runs each time.
        desc: What people say of it.
    """

    name: str
    cmd: str
    wdir: str = ""
    deps: Sequence[str] = ()
    params: Mapping[str, Sequence[str]] = {}
    outs: Sequence[tuple[str, Flags]] = ()
    always_changed: bool = False
    desc: str | None = None


class Result(NamedTuple):
    """What was written; paths relative to the project.

    Attributes:
        stage: Its address.
        source: The ``dvc.yaml``.
        replaced: Whether one of that name was there before.
        changed: Files for Git that were written.
        staged: Whether that was staged.
        problem: Why it cannot run yet: a ``${...}`` that has no value so far.
    """

    stage: str
    source: str
    replaced: bool
    changed: list[str]
    staged: bool
    problem: FormatError | None = None


def add(
    project: Project,
    wanted: Wanted,
    *,
    file: str = "",
    force: bool = False,
    progress: Progress | None = None,
) -> Result:
    """Write a stage.

    Args:
        project: The project.
        wanted: The stage.
        file: A ``Dvcfile`` to write it to; '' for the ``dvc.yaml`` here.
        force: It may take the place of one of the same name.
        progress: Told of the wait for the lock.

    Raises:
        CannotAddStageError: It could not be used, or its file must not be written.
        StageExistsError: There is another one of that name.
        OverlappingOutsError: It makes what another one makes.
        CyclicPipelineError: It would need itself.
        FormatError: The ``dvc.yaml`` cannot be read or edited. (In all cases nothing changed.)
    """
    _check_words(wanted)
    watch = progress or NoProgress()
    changed: list[str] = []
    staged = False
    with project.lock(watch), project.operation("stage add"):
        project.forget_tracked()
        source = project.relpath(file or STAGES_FILE)
        definition = _definition(project, wanted, source)
        before = _readable(project, source)
        address = source if file else loading.address(source, wanted.name)
        try:
            if file:
                after, replaced = _stage_file(project, source, before, definition), bool(before)
            else:
                replaced = _is_there(before, wanted.name)
                after = stagetext.put(before, wanted.name, definition)
        except FormatError as error:
            raise error if error.where else error.at(source) from None
        if replaced and not force and after != before:
            raise StageExistsError("" if file else wanted.name, project.shown(source))
        found = _reread(project, source, after)
        stage = found.stages.get(address)
        if stage is not None:
            _check_outs(project, stage, found)
            _check_graph(found, address)
        else:
            problem = found.broken.get(address) or found.files.get(source)
            if problem is not None and (
                address not in found.broken or isinstance(problem, UnsafePathError)
            ):
                raise problem
        try:
            for path in _to_ignore(stage) if stage is not None else ():
                edited = _ignore(project, path)
                if edited:
                    changed.append(edited)
            if after != before:
                changed.append(source)
                project.note_file(source, before, after)
                tmp = os.path.join(project.tmp_dir, "git-dvc")
                fsutil.atomic_write(project.path(source), after, tmp)
        finally:
            if after == before:  # perhaps by a run that was killed before it came to this
                staged = recording.stage(project, [*changed, source])
            elif changed:
                staged = recording.stage(project, dict.fromkeys(changed))
            project.forget_tracked()
    written = list(dict.fromkeys(changed))
    return Result(address, source, replaced, written, staged, found.broken.get(address))


# -- what the command line says ---------------------------------------------------------------


def _check_words(wanted: Wanted) -> None:
    if not stagetext.is_name(wanted.name):
        raise CannotAddStageError(
            f"a stage cannot be called '{quoted(wanted.name)}'",
            "use letters, digits, '-' and '_'",
        )
    if not wanted.cmd.strip():
        raise CannotAddStageError(
            "there is no command to run",
            "give it after the options: 'git dvc stage add -n train -d data python train.py'",
        )
    outs = [path for path, _ in wanted.outs]
    both = [*wanted.deps, *outs]
    twice = next((path for path in both if both.count(path) > 1), None)
    if twice is not None:
        how = "both as a dependency and as an output" if twice in outs else "twice"
        if outs.count(twice) > 1:
            how = "twice as an output"
        raise CannotAddStageError(f"{quoted(twice)} is named {how}")
    if "" in both:
        raise CannotAddStageError("a path is empty")


def _definition(project: Project, wanted: Wanted, source: str) -> Definition:
    """Return the stage with its paths as they stand in the file."""
    base = os.path.normpath(os.path.join(os.getcwd(), wanted.wdir))
    if not os.path.isdir(base):
        raise CannotAddStageError(
            f"no such directory: {quoted(wanted.wdir)}", "make it, or leave out -w"
        )
    relpath = project.relpath(wanted.wdir or ".")  # refuses what is outside
    wdir = posixpath.relpath(relpath or ".", source.rpartition("/")[0] or ".")

    def as_written(path: str) -> str:
        path = path.replace(os.sep, "/")
        if not os.path.isabs(path):
            return path
        top = project.root.rstrip(os.sep) + os.sep
        return os.path.relpath(path, base).replace(os.sep, "/") if path.startswith(top) else path

    return Definition(
        cmd=wanted.cmd,
        wdir="" if wdir == "." else wdir,
        deps=[as_written(path) for path in wanted.deps],
        params={as_written(path): keys for path, keys in wanted.params.items()},
        outs=[(as_written(path), flags) for path, flags in wanted.outs],
        always_changed=wanted.always_changed,
        desc=wanted.desc,
    )


# -- what is there ----------------------------------------------------------------------------


def _readable(project: Project, source: str) -> bytes | None:
    """Return what is in a file, refusing one that nobody would see."""
    shown = quoted(project.shown(source))
    folder = source.rpartition("/")[0]
    if not os.path.isdir(project.path(folder)):
        raise CannotAddStageError(f"no such directory: {quoted(project.shown(folder))}", "make it")
    if project.ignore.match_file(source):
        raise CannotAddStageError(
            f"a .dvcignore pattern excludes {shown}",
            f"see which with 'git dvc check-ignore -d {shown}'",
        )
    repo = project.repo
    if repo is not None and repo.is_ignored([project.git_path(source)]):
        raise CannotAddStageError(
            f"Git ignores {shown}", f"see why with 'git check-ignore -v {shown}'"
        )
    return project.read(source)


def _stage_file(project: Project, source: str, before: bytes | None, new: Definition) -> bytes:
    """Return a stage file; the one that is there if it says the same."""
    from git_dvc.formats import stagefile

    data = stagefile.dump(
        new.cmd if isinstance(new.cmd, str) else "\n".join(new.cmd),
        wdir=new.wdir,
        deps=new.deps,
        params=new.params,
        outs=new.outs,
        always_changed=new.always_changed,
        desc=new.desc,
    )
    if before is not None:
        defined = [_reread(project, source, text).stages.get(source) for text in (before, data)]
        plain = [one and one._replace(recorded=None, frozen=False) for one in defined]
        if plain[0] == plain[1]:
            return before
    return data


def _is_there(data: bytes | None, name: str) -> bool:
    from git_dvc.formats import yamltext

    value: Any = yamltext.parse(data) if data is not None else None
    stages = value.get("stages") if isinstance(value, dict) else None
    return isinstance(stages, dict) and name in stages


def _reread(project: Project, source: str, data: bytes) -> Stages:
    """Return all stages as they will be."""

    def read(path: str) -> bytes | None:
        return data if path == source else project.read(path)

    return loading.load({*project.stage_sources(), source}, read, root=project.root)


def _check_outs(project: Project, stage: Stage, found: Stages) -> None:
    pointers = {
        out.relpath: one.source
        for one in found.stages.values()
        if one.is_data
        for out in one.outs
        if out.relpath is not None
    }
    for out in stage.outs:
        shown = quoted(out.path)
        if out.relpath is None:
            if out.flags.cache:
                raise CannotAddStageError(
                    f"{shown} is outside of the project, so its content cannot be kept",
                    "use -O instead of -o: it is written, and git-dvc keeps no copy of it",
                )
            continue
        if is_own(out.relpath) or is_pointer(out.relpath):
            raise CannotAddStageError(
                f"{shown} cannot be made by a stage: git-dvc keeps there what it knows",
                "choose another name",
            )
        if out.relpath in pointers:
            pointer = quoted(project.shown(pointers[out.relpath]))
            raise CannotAddStageError(
                f"{shown} is tracked by {pointer}",
                f"let the stage have it: 'git dvc remove {pointer}', then add the stage again; "
                "the data stays",
            )
        repo = project.repo
        if out.flags.cache and repo is not None and repo.tracked([project.git_path(out.relpath)]):
            here = quoted(project.shown(out.relpath))
            raise CannotAddStageError(
                f"Git tracks {shown} itself",
                f"stop that with 'git rm -r --cached {here}', or leave it to Git with -O or -M",
            )


def _check_graph(found: Stages, address: str) -> None:
    """Refuse a stage that breaks the graph; what was broken before is no reason."""
    try:
        graph.build(found.stages.values())
    except (OverlappingOutsError, CyclicPipelineError):
        others = [stage for one, stage in found.stages.items() if one != address]
        try:
            graph.build(others)
        except (OverlappingOutsError, CyclicPipelineError):
            return
        raise


# -- what Git is not to see -------------------------------------------------------------------


def _to_ignore(stage: Stage) -> list[str]:
    return [out.relpath for out in stage.outs if out.flags.cache and out.relpath]


def _ignore(project: Project, relpath: str) -> str | None:
    """Make Git ignore an output; where its directory is not there yet, the run does that."""
    path = project.path(relpath)
    if not os.path.isdir(os.path.dirname(path)):
        return None
    return recording.ignore_in_git(project, relpath, is_dir=os.path.isdir(path))


STAGE_FILE = OLD_STAGE_FILE


def of_options(given: Mapping[str, Sequence[str]]) -> list[tuple[str, Flags]]:
    """Return outs from the options that name them.

    Args:
        given: Paths by option: ``outs``, ``outs_no_cache``, ``metrics``, ...
    """
    return [(path, OUT_OPTIONS[name]) for name, paths in given.items() for path in paths]


OUT_OPTIONS: dict[str, Flags] = {
    "outs": Flags(),
    "outs_no_cache": Flags(cache=False),
    "outs_persist": Flags(persist=True),
    "outs_persist_no_cache": Flags(cache=False, persist=True),
    "metrics": Flags(kind="metrics"),
    "metrics_no_cache": Flags(cache=False, kind="metrics"),
    "plots": Flags(kind="plots"),
    "plots_no_cache": Flags(cache=False, kind="plots"),
}
"""What each option for outputs means."""
