"""Stages with every ``${...}`` resolved: a command, what it depends on and what it makes.

A stage comes from a ``dvc.yaml`` (``stages.train``, or one of those that ``foreach`` and
``matrix`` generate), from a single-stage file that an old version wrote (``Dvcfile``), or from a
pointer file, which is a stage without a command. Paths are kept both as written, which is what
``dvc.lock`` records, and relative to the project, which is what a graph is made of.

This module only holds the values. Reading the files is ``ops/stages.py``, resolving ``${...}``
``pipeline/template.py``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from git_dvc.formats.stages import Flags
from git_dvc.tracked import LOCK_FILE, STAGES_FILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from git_dvc.formats.lockfile import LockStage


class Dep(NamedTuple):
    """A file or directory that a stage reads.

    Attributes:
        path: As written, relative to the stage's directory.
        relpath: Relative to the project; None for what lies outside of it, or at a URL.
    """

    path: str
    relpath: str | None


class Params(NamedTuple):
    """Parameters that a stage depends on, of one file.

    Attributes:
        path: The file as written, relative to the stage's directory.
        relpath: The file relative to the project; None if it lies outside.
        keys: Dotted keys; none for all of the file.
    """

    path: str
    relpath: str | None
    keys: tuple[str, ...]


class StageOut(NamedTuple):
    """A file or directory that a stage makes.

    Attributes:
        path: As written, relative to the stage's directory.
        relpath: Relative to the project; None for what lies outside of it, or at a URL.
        flags: How it is treated.
    """

    path: str
    relpath: str | None
    flags: Flags


class Stage(NamedTuple):
    """One stage.

    Attributes:
        name: As in ``dvc.lock``, ``train`` or ``train@key``; '' for a pointer or stage file.
        source: The ``dvc.yaml``, stage file or pointer, relative to the project.
        wdir: Where the command runs, relative to the project; '' is its top.
        cmd: The command lines, each run by a shell of its own; none for a pointer file.
        deps: What it reads.
        params: The parameters that it depends on.
        outs: What it makes: outs, metrics and plots in the order of the file.
        frozen: Whether it is not run when what it depends on has changed.
        always_changed: Whether it runs each time.
        desc: What people say of it.
        meta: What programs say of it; never looked at but for ``resources``.
        written_cmd: The command as ``dvc.lock`` records it: text, or a list of texts.
        recorded: What it last used and made; None if it never ran.
        group: Name of the definition that generated it; '' for a plain stage.
        variables: What ``${...}`` in it stands for, as far as files have it; not recorded in
            ``dvc.lock``, where the command with the values is.
    """

    name: str
    source: str
    wdir: str = ""
    cmd: tuple[str, ...] = ()
    deps: tuple[Dep, ...] = ()
    params: tuple[Params, ...] = ()
    outs: tuple[StageOut, ...] = ()
    frozen: bool = False
    always_changed: bool = False
    desc: str | None = None
    meta: Any = None
    written_cmd: str | list[str] | None = None
    recorded: LockStage | None = None
    group: str = ""
    variables: tuple[Params, ...] = ()

    @property
    def address(self) -> str:
        """The name that people use: ``train``, ``sub/dvc.yaml:train``, ``data.csv.dvc``."""
        if not self.name:
            return self.source
        return self.name if self.source == STAGES_FILE else f"{self.source}:{self.name}"

    @property
    def lock_file(self) -> str:
        """Where its record is: the lock file beside its ``dvc.yaml``, or the stage file itself."""
        if not self.name:
            return self.source
        folder = self.source.rpartition("/")[0]
        return f"{folder}/{LOCK_FILE}" if folder else LOCK_FILE

    @property
    def is_data(self) -> bool:
        """Whether it is a pointer file: data that somebody added or imported."""
        return not self.cmd

    @property
    def is_callback(self) -> bool:
        """Whether it has nothing to compare, and so runs each time."""
        return bool(self.cmd) and not (self.deps or self.params or self.outs)
