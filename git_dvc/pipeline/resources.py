"""What a stage takes while it runs, as its ``meta`` says, and how much there is.

::

    train:
      cmd: python train.py
      meta:
        resources: {cpu: 4, gpu: 1, mem: 16G}

DVC ignores it. Names are free; ``cpu``, ``gpu`` and ``mem`` have a meaning for executors.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from git_dvc.errors import ConfigError, FormatError, quoted

SECTION = "dvc.resources."
"""Settings of Git's config that say how much there is: ``git config dvc.resources.gpu 2``."""

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGTP]?)(?:i?B)?", re.IGNORECASE)
_POWERS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4, "P": 5}


def of_stage(meta: Any) -> dict[str, float]:
    """Return what the ``meta`` of a stage asks for; sizes in bytes.

    Raises:
        FormatError: It is not a map of amounts.
    """
    asked = meta.get("resources") if isinstance(meta, dict) else None
    if asked is None:
        return {}
    if not isinstance(asked, dict):
        raise FormatError("meta.resources: a map is expected, such as {cpu: 2, gpu: 1}")
    found = {}
    for name, value in asked.items():
        amount = _amount(value)
        if amount is None:
            raise FormatError(
                f"meta.resources.{quoted(str(name))}: a number is expected, "
                f"or a size such as 16G, not {quoted(str(value))}"
            )
        if amount:
            found[str(name)] = amount
    return found


class Shares(NamedTuple):
    """What the scheduler is to count.

    Attributes:
        taken: What each stage takes.
        limits: How much there is, as far as that is known.
    """

    taken: dict[str, dict[str, float]]
    limits: dict[str, float]


def shares(
    asked: Mapping[str, Mapping[str, float]], option: Callable[[str], str | None], *, here: bool
) -> Shares:
    """Return what is counted: all that stages ask for on this machine, elsewhere what is limited.

    An engine with machines of its own counts by itself, so there ``-j`` is a number of stages,
    unless Git's config says how much of something is to be used.

    Args:
        asked: What each stage asks for.
        option: Gives a setting of Git's config.
        here: Whether stages run on this machine.

    Raises:
        ConfigError: A setting is no amount.
    """
    limits = {}
    for name in {"cpu"}.union(*asked.values()):
        said = option(SECTION + name) if re.fullmatch("[A-Za-z][A-Za-z0-9-]*", name) else None
        if said is not None:
            amount = _amount(said)
            if not amount:
                raise ConfigError(f"{SECTION}{name}: an amount is expected, not {quoted(said)}")
            limits[name] = amount
        elif here and name in _MACHINE and (there := _MACHINE[name]()):
            limits[name] = there
    taken = {
        address: {name: amount for name, amount in wanted.items() if here or name in limits}
        for address, wanted in asked.items()
    }
    return Shares(taken, limits)


def _amount(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return float(value) if 0 <= value < float("inf") else None
    match = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        return None
    power: int = _POWERS[match[2].upper()]
    return float(match[1]) * float(1024**power)


def _memory() -> float:
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, OSError, ValueError):
        return 0


def _gpus() -> float:
    """Return how many there are: those we may see, else those that NVIDIA's driver lists."""
    seen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if seen is not None:
        return len([name for name in seen.split(",") if name.strip() not in ("", "-1")])
    try:
        return len(os.listdir("/proc/driver/nvidia/gpus"))
    except OSError:
        return 0


_MACHINE: dict[str, Callable[[], float]] = {"mem": _memory, "gpu": _gpus}
