"""The settings of git-dvc in Git's own config, as ``-h``, the manual and completion show them.

They are read where they matter, with ``repo.config_get`` and its like; this is only what is
told of them. A test compares this list with README's and with what the source reads. Options
that DVC knows, too, are in ``.dvc/config`` and in ``formats/options.py``.
"""

from __future__ import annotations

from typing import NamedTuple


class Setting(NamedTuple):
    """One setting; the meaning is a sentence without its full stop."""

    name: str
    values: str
    default: str
    meaning: str


SETTINGS = (
    Setting(
        "dvc.autoSync",
        "true|false|ask",
        "true",
        "Whether data follows what Git does: at once, only by 'git dvc sync', or after a question",
    ),
    Setting(
        "dvc.preCommit",
        "warn|block|off",
        "",
        "What the hook pre-commit does. Unset, it refuses commits that lose data and warns of the "
        "rest; 'warn' never refuses, 'block' also refuses if data has changed, 'off' looks at "
        "nothing",
    ),
    Setting(
        "dvc.prePush",
        "block|warn|off",
        "block",
        "What the hook pre-push does when a pushed version would lack data in the remote: stop the "
        "push, warn, or nothing",
    ),
    Setting(
        "dvc.undoDays",
        "<days>",
        "14",
        "How many days 'git dvc undo' can take an operation back, and what --force discarded is "
        "kept; 0 turns both off",
    ),
    Setting(
        "dvc.maxFileSize",
        "<size>",
        "50m",
        "The largest file that may enter Git itself; k, m and g are understood, 0 turns it off",
    ),
    Setting(
        "dvc.gcGraceDays",
        "<days>",
        "14",
        "How old data must be before 'git dvc gc' deletes it; 0 spares nothing for its age",
    ),
    Setting(
        "dvc.fsync",
        "true|false",
        "true",
        "Whether to wait until data is safe on the disk; 'false' is quicker, and safe unless the "
        "power fails",
    ),
    Setting(
        "dvc.safeCacheDir",
        "<path>",
        "",
        "A cache outside the project, chosen by a commit, that you trust; may be given many times",
    ),
    Setting(
        "dvc.resources.NAME",
        "<amount>",
        "",
        "How much there is of what stages take that run at once ('meta: {resources: {gpu: 1}}'): "
        "gpu, mem (64G) or any name. Unset, what this machine is known to have",
    ),
    Setting(
        "dvc.slurm.options",
        "<options>",
        "",
        "What sbatch is told by 'repro --executor slurm', such as --partition=long --time=2:00:00",
    ),
    Setting(
        "dvc.dask.scheduler",
        "<address>",
        "",
        "Where the cluster of 'repro --executor dask' is, such as tcp://head:8786",
    ),
    Setting(
        "color.dvc",
        "always|auto|never",
        "color.ui",
        "Colours; the environment variable NO_COLOR turns them off",
    ),
    Setting(
        "pager.dvc",
        "true|false|<command>",
        "",
        "The pager: unset, Git's own for long results; 'true' for all commands, 'false' for none",
    ),
)


def help_rows() -> list[tuple[str, str]]:
    """Return the settings as the two columns that ``-h`` shows."""
    return [
        (name, f"{meaning} ({values}{f'; default {default}' if default else ''}).")
        for name, values, default, meaning in SETTINGS
    ]
