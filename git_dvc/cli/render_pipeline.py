"""What is said of stages: why they are stale, what becomes of them.

As everywhere, what came from a repository is quoted before it is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from git_dvc.errors import path_lines, quoted
from git_dvc.pipeline.forecast import CHECKED, FAILS, MAY_RUN, RESTORED, RUNS, Step
from git_dvc.pipeline.stage import Stage
from git_dvc.pipeline.staleness import (
    ALWAYS,
    COMMAND,
    DELETED,
    DEP,
    FORCED,
    NEVER_RAN,
    NEW,
    NOT_IN_CACHE,
    OUT,
    PARAM,
    UPSTREAM,
    Reason,
)
from git_dvc.tracked import STAGES_FILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from git_dvc.ops.repro import Result
    from git_dvc.ops.stage_status import StageState

Paint = Callable[[str, str], str]
Shown = Callable[[str], str]

_INDENT = "    "
_LONGEST_VALUE = 60
_MOST_REASONS = 20
_WIDEST_NAME = 40


def plain(text: str, style: str) -> str:
    """Return text without colour."""
    return text


def same(path: str) -> str:
    """Return a path as it is seen from the top of the project."""
    return path


def name_of(stage: Stage, shown: Shown = same) -> str:
    """Return how a stage is called in a sentence: ``Stage 'train'``, ``'data.dvc'``."""
    name = f"'{quoted(address(stage, shown))}'"
    return name if stage.is_data else f"Stage {name}"


def frozen(stage: Stage, shown: Shown = same) -> str:
    """Return the warning that goes with each look at a frozen stage."""
    name = quoted(address(stage, shown))
    return f"stage '{name}' is frozen: what it depends on is not looked at"


def unchanged(stage: Stage, shown: Shown = same) -> str:
    """Return the line for a stage that has nothing to do, which is DVC's."""
    return f"{name_of(stage, shown)} didn't change, skipping"


def checked(
    stage: Stage, why: Sequence[Reason], put_back: Sequence[str], shown: Shown = same
) -> str:
    """Return the line for a stage that did not have to run: what was done with its outputs."""
    name = name_of(stage, shown)
    if put_back:
        return f"{name}: put back {', '.join(quoted(shown(path)) for path in put_back)}"
    if not why:
        return f"{name}: brought a newer version"
    if all(reason.how == NOT_IN_CACHE for reason in why):
        return f"{name}: {'its data' if stage.is_data else 'what it made'} is in the cache again"
    return f"{name}: recorded what is there now"


def step(found: Step, paint: Paint = plain, shown: Shown = same, *, why: bool = False) -> str:
    """Return the lines for what would become of a stage."""
    stage = found.stage
    if found.verdict == RESTORED:
        head = "is cached - skipping run, checking out outputs"
    elif found.verdict == CHECKED:
        head = "would be recorded as it is"
        if all(reason.how == DELETED for reason in found.reasons):
            head = "would get its data back from the cache"
        elif all(reason.how == NOT_IN_CACHE for reason in found.reasons):
            head = "would not run, but put what it made into the cache again"
            if stage.is_data:
                head = "would get its data into the cache again"
    elif found.verdict == MAY_RUN:
        makers = dict.fromkeys(r.by for r in found.reasons if r.kind == UPSTREAM)
        verb = "makes" if len(makers) == 1 else "make"
        head = f"would run, unless {listed([*makers])} {verb} the same again:"
    else:
        head = "would fail:" if found.error is not None else "would run:"
    lines = [f"{name_of(stage, shown)} {head}"]
    if why:
        lines += reasons(found.reasons, stage, paint)
    if found.verdict in (RUNS, MAY_RUN, FAILS):
        lines += commands(stage)
    return "\n".join(lines)


def commands(stage: Stage) -> list[str]:
    """Return the lines for a stage's commands."""
    return [f"> {shown_command(line)}" for line in stage.cmd]


def shown_command(line: str) -> str:
    """Return a command line that does nothing to the terminal that it is shown on."""
    return "".join(
        one if one.isprintable() or one in "\n\t" else one.encode("unicode_escape").decode("ascii")
        for one in line
    )


def reasons(found: Iterable[Reason], stage: Stage, paint: Paint = plain) -> list[str]:
    """Return an indented line, sometimes more, for each reason."""
    every = list(found)
    if any(reason.kind == NEVER_RAN for reason in every):
        # All that it reads and makes is new then; only what others make is worth a line.
        every = [reason for reason in every if reason.kind not in (DEP, PARAM, OUT)
                 or (reason.how == DELETED and reason.kind != OUT)]  # fmt: skip
    lines = [_INDENT + line for reason in every[:_MOST_REASONS] for line in _said(reason, stage)]
    if len(every) > _MOST_REASONS:
        lines.append(f"{_INDENT}... and {len(every) - _MOST_REASONS} more")
    return [paint(line, "yellow") for line in lines]


def _said(reason: Reason, stage: Stage) -> list[str]:
    path = quoted(reason.path)
    if reason.kind == NEVER_RAN:
        return ["it has never run"]
    if reason.kind == FORCED:
        return ["asked for by force"]
    if reason.kind == ALWAYS:
        if stage.always_changed:
            return ["it runs each time: always_changed"]
        return ["it runs each time: it names nothing that it reads or makes"]
    if reason.kind == COMMAND:
        return _commands(reason.before, reason.after)
    if reason.kind == UPSTREAM:
        return [f"{path}: '{quoted(reason.by)}' makes it anew"]
    if reason.kind == PARAM:
        return [_param(reason, path)]
    if reason.kind == DEP and reason.before is None and reason.how != DELETED:
        return [f"dependency {path}: new"]
    return [f"{'dependency' if reason.kind == DEP else 'output'} {path}: {reason.how}"]


def _param(reason: Reason, path: str) -> str:
    if not reason.key:
        return f"{path}: {'no such file' if reason.how == DELETED else 'new'}"
    where = f"{path}: {quoted(reason.key)}"
    if reason.how == DELETED:
        return f"{where} is gone, was {value(reason.before)}" if reason.before is not None else (
            f"{where} is missing"
        )  # fmt: skip
    if reason.how == NEW:
        return f"{where} is new: {value(reason.after)}"
    return f"{where}: {value(reason.before)} -> {value(reason.after)}"


def value(found: Any) -> str:
    """Return a parameter's value in short, as JSON has it."""
    import json

    text = quoted(json.dumps(found, ensure_ascii=False, default=str)).replace('\\"', '"')
    if text[:2] == '""':
        text = text[1:-1]
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 3] + "..."


def _commands(before: Any, after: Any) -> list[str]:
    old, new = _lines(before), _lines(after)
    if len(old) == len(new) == 1:
        return [f"command: {old[0]}", f"      -> {new[0]}"]
    from difflib import ndiff

    changed = [line for line in ndiff(old, new) if line[:2] in ("- ", "+ ")]
    rest = len(changed) - _MOST_REASONS
    return [
        "command:",
        *(_INDENT + line for line in changed[:_MOST_REASONS]),
        *([f"{_INDENT}... and {rest} more lines"] if rest > 0 else []),
    ]


def _lines(cmd: Any) -> list[str]:
    texts = cmd if isinstance(cmd, list) else [cmd]
    return [shown_command(line) for text in texts for line in str(text).splitlines()]


def stale(found: Iterable[StageState], shown: Shown, *, why: bool = False) -> list[str]:
    """Return a line for each stale stage, with ``why`` one for each reason and what follows."""
    every = list(found)
    names = [quoted(address(one.stage, shown)) for one in every]
    lines = []
    width = min(max(map(len, names)), _WIDEST_NAME)
    for name, one in zip(names, every, strict=True):
        if not why:
            lines.append(f"{name:<{width}}   {_brief(one)}")
            continue
        lines.append(name)
        lines += reasons(one.reasons, one.stage)
        if one.error is not None:
            lines += [_INDENT + line for line in (one.error.message, *one.error.details)]
        if one.follows:
            lines.append(f"{_INDENT}then perhaps: {listed(one.follows)}")
    return lines


def _brief(found: StageState) -> str:
    """Return in a few words what is different about a stage."""
    if found.error is not None:
        details = [line.strip() for line in found.error.details]
        return f"{found.error.message} {'; '.join(details)}".strip()
    kinds = {reason.kind for reason in found.reasons}
    if NEVER_RAN in kinds:
        return "never ran"
    parts = []
    if ALWAYS in kinds:
        parts.append("runs each time")
    if COMMAND in kinds:
        parts.append("command")
    for kind, one, many in (
        (PARAM, "parameter", "parameters"),
        (DEP, "dependency", "dependencies"),
        (OUT, "output", "outputs"),
    ):
        named = [quoted(r.key or r.path) for r in found.reasons if r.kind == kind]
        if named:
            rest = f" and {len(named) - 3} more" if len(named) > 3 else ""
            parts.append(f"{one if len(named) == 1 else many} {', '.join(named[:3])}{rest}")
    return "; ".join(parts)


def stale_json(found: Iterable[StageState], shown: Shown) -> dict[str, list[Any]]:
    """Return stale stages in the shape of DVC's ``status --json``."""
    told: dict[str, list[Any]] = {}
    for one in found:
        deps: dict[str, Any] = {}
        outs: dict[str, str] = {}
        for reason in one.reasons:
            where = _shown_place(reason, shown)
            if reason.kind == PARAM and reason.key:
                deps.setdefault(where, {})[reason.key] = reason.how
            elif reason.kind in (DEP, PARAM):
                deps[where] = reason.how
            elif reason.kind == OUT:
                outs[where] = reason.how
        kinds = {reason.kind for reason in one.reasons}
        parts: list[Any] = [{"changed deps": deps}] if deps else []
        if outs:
            parts.append({"changed outs": outs})
        if ALWAYS in kinds:
            parts.append("always changed")
        if COMMAND in kinds:
            parts.append("changed command")
        if one.error is not None:
            parts.append({"error": one.error.message})
        told[address(one.stage, shown)] = parts
    return told


def _shown_place(reason: Reason, shown: Shown) -> str:
    where = reason.place
    return where if where.startswith("/") or "://" in where else shown(where)


def address(stage: Stage, shown: Shown) -> str:
    """Return how a stage is called where the user stands."""
    source = shown(stage.source)
    if not stage.name:
        return source
    return stage.name if source == STAGES_FILE else f"{source}:{stage.name}"


def listed(names: Sequence[str], most: int = 6) -> str:
    """Return ``'a', 'b' and 3 more``."""
    shown = [f"'{quoted(name)}'" for name in names[:most]]
    if len(names) > most:
        return f"{', '.join(shown)} and {len(names) - most} more"
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]])) if shown else ""


def kept(paths: Sequence[str]) -> str:
    """Return the note on files that were saved before a stage replaced them."""
    lines = "\n".join(path_lines(paths))
    return (
        f"these had changes that were saved before they were replaced:\n{lines}\n"
        "hint: get them back with 'git dvc undo'"
    )


def summary(result: Result) -> str:
    """Return what a run has done, in a line."""
    if result.is_nothing:
        return "Data and pipelines are up to date."
    counts = [
        (len(result.ran), "ran"),
        (len(result.restored), "restored from the cache"),
        (len(result.checked), "recorded"),
        (len(result.unchanged), "unchanged"),
        (len(result.failed), "failed"),
        (len(result.skipped) + len(result.not_started), "not run"),
    ]
    said = [f"{count} {what}" for count, what in counts if count]
    return "stages: " + ", ".join(said)
