"""The text of plots in ``dvc.yaml``: how one looks is changed, the rest stays byte for byte.

::

    stages:
      train:
        plots:
        - loss.csv:           # an output, with its flags
            cache: false
            x: step
            y: loss
    plots:
    - both: {x: step, y: {loss.csv: [loss, val]}}     # or in the list at the top

An output or metric becomes a plot when it gets a look: it moves to the list ``plots``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from git_dvc.errors import FormatError
from git_dvc.formats import pointer

_LISTS = ("plots", "outs", "metrics")


def change(
    data: bytes,
    stage: str,
    name: str,
    props: Mapping[str, Any],
    unset: Sequence[str] = (),
) -> bytes:
    """Return a ``dvc.yaml`` with the look of one plot changed.

    Args:
        data: The file.
        stage: The stage that makes it; '' for the list at the top.
        name: Its path or name, as it stands there.
        props: What to set.
        unset: What to take away.

    Raises:
        FormatError: There is no such plot, it lacks what is to be taken away, or the file has a
            form in which it cannot be edited.
    """
    from git_dvc.formats import yamltext

    document = yamltext.Document(data)
    holder: tuple[str, ...] = ("stages", stage) if stage else ()
    lists = _LISTS if stage else ("plots",)
    for kind in lists:
        for number, item in enumerate(_value(document.value, (*holder, kind)) or ()):
            if item == name or (isinstance(item, dict) and name in item):
                place = (*holder, kind, number)
                look = _look(item, name, place)
                changed = _changed(look, props, unset, name)
                if kind == "plots":
                    _edit(document, place, item, name, changed)
                else:
                    _move(document, holder, kind, number, name, changed)
                return document.dump()
    field = f"stages.{pointer.shown_key(stage)}" if stage else "plots"
    raise FormatError(
        f"{field}: '{name[:60]}' does not stand there as it is; change the file by hand"
    )


def _value(value: Any, path: Sequence[str]) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _look(item: Any, name: str, place: Sequence[Any]) -> dict[str, Any]:
    found = item[name] if isinstance(item, dict) else None
    if found is not None and not isinstance(found, dict):
        field = ".".join(str(step) for step in place)
        raise FormatError(f"{field}: has several looks; change the file by hand")
    return dict(found or {})


def _changed(
    look: dict[str, Any], props: Mapping[str, Any], unset: Sequence[str], name: str
) -> dict[str, Any]:
    missing = [key for key in unset if key not in look]
    if missing:
        raise FormatError(f"plot '{name[:60]}' has no {', '.join(missing)} that could be unset")
    kept = {key: value for key, value in look.items() if key not in unset}
    return {**kept, **props}


def _edit(
    document: Any, place: tuple[Any, ...], item: Any, name: str, changed: dict[str, Any]
) -> None:
    look = item[name] if isinstance(item, dict) else None
    if not changed:
        if isinstance(item, dict):
            document.set(place, name)
        return
    if not look:
        document.set(place, {name: changed})
        return
    gone = [key for key in look if key not in changed]
    for key, value in changed.items():
        if key not in look or look[key] != value:
            document.set((*place, name, key), value)
    for key in gone:
        document.delete((*place, name, key))


def _move(
    document: Any,
    holder: tuple[str, ...],
    kind: str,
    number: int,
    name: str,
    changed: dict[str, Any],
) -> None:
    """Take an output out of its list, and put it at the end of the plots."""
    entry: Any = {name: changed} if changed else name
    if _value(document.value, (*holder, "plots")):
        document.append((*holder, "plots"), entry)
    else:
        document.set((*holder, "plots"), [entry])
    if len(_value(document.value, (*holder, kind))) == 1:
        document.delete((*holder, kind))
    else:
        document.delete((*holder, kind, number))
