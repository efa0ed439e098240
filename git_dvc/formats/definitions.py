"""``dvc.yaml`` whole: which keys there are, and what may stand under each.

::

    vars:
    - vars.yaml
    - name: trial
    stages:
      train:
        desc: what people say of it
        cmd: python3 train.py
        wdir: src
        deps: [in.csv]
        params:
        - lr                      # of params.yaml
        - conf.toml: [a.b, c]
        - model.py:               # all of it
        outs:
        - model.bin
        - log.txt: {cache: false, persist: true, remote: store, push: false}
        metrics:
        - scores.json: {cache: false}
        plots:
        - curve.csv: {x: step, y: loss}
        frozen: true
        always_changed: true
        meta: {resources: {cpu: 2}}
      each:
        foreach: [a, b]           # or a mapping, or ${...}
        do: {cmd: "echo ${item}"}
      grid:
        matrix: {model: [a, b], seed: [1, 2]}
        cmd: echo ${item.model} ${item.seed}
    params: [other.yaml]
    metrics: [live/metrics.json]
    plots:
    - curve.csv
    - both: {x: step, y: {a.csv: loss, b.csv: loss}}
    artifacts:
      detector: {path: model.bin, type: model, labels: [a]}
    datasets: []

As strict as DVC 3.67, which refuses the whole repository over an unknown key. Texts may hold
``${...}``: they are checked before ``pipeline/template.py`` resolves these, and a stage again
after. Tracked data is read with less care, by ``stages.py``: a mistake in a plot should not keep
anybody from data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from git_dvc.errors import FormatError
from git_dvc.formats.pointer import shown, shown_key

STAGE_NAME_EXCLUDES = "!\"#$%&'()*+,./:;<=>?@[\\]^`{|}~"
"""What the name of a new stage must not have; of ASCII's marks only '-' and '_' may."""

PLOT_PROPS = ("template", "x", "y", "x_label", "y_label", "title", "header")
NOTES = ("desc", "type", "labels", "meta")

_Check = Callable[[Any, str], None]


def check(value: Any) -> dict[str, Any]:
    """Return the content of a ``dvc.yaml``, with nothing in it that may not be there.

    Raises:
        FormatError: ``field: what is wrong``.
    """
    if value is None:
        return {}
    _keys(value, "", _TOP)
    return dict(value)


def check_stage(value: Any, field: str) -> dict[str, Any]:
    """Return one stage without ``foreach``; errors as ``check``."""
    _keys(value, field, _STAGE)
    if "cmd" not in value:
        raise FormatError(f"{field}.cmd: missing")
    return value  # type: ignore[no-any-return]


def _at(field: str, key: object) -> str:
    return f"{field}.{shown_key(key)}" if field else shown_key(key)


def _mapping(value: Any, field: str) -> Any:
    if not isinstance(value, dict):
        place = f"{field}: " if field else ""
        raise FormatError(f"{place}expected a mapping, found {shown(value)}")
    return value


def _keys(value: Any, field: str, checks: dict[str, _Check]) -> None:
    for key, item in _mapping(value, field).items():
        known = checks.get(key) if isinstance(key, str) else None
        if known is None:
            raise FormatError(f"{_at(field, key)}: unknown key{_meant(key, checks)}")
        known(item, f"{field}.{key}" if field else key)


def _meant(key: object, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(key, list(known), 1, 0.7) if isinstance(key, str) else []
    return f" (did you mean '{close[0]}'?)" if close else ""


def _anything(value: Any, field: str) -> None:
    pass


def _text(value: Any, field: str) -> None:
    if not isinstance(value, str):
        raise FormatError(f"{field}: expected text, found {shown(value)}")


def _truth(value: Any, field: str) -> None:
    if not isinstance(value, bool):
        raise FormatError(f"{field}: expected true or false, found {shown(value)}")


def _list(value: Any, field: str) -> list[Any]:
    if not isinstance(value, list):
        raise FormatError(f"{field}: expected a list, found {shown(value)}")
    return value


def _texts(value: Any, field: str) -> None:
    for number, item in enumerate(_list(value, field)):
        if not isinstance(item, str):
            raise FormatError(f"{field}[{number}]: expected text, found {shown(item)}")


def _by_name(value: Any, field: str, check_item: _Check) -> None:
    for name, item in _mapping(value, field).items():
        if not isinstance(name, str):
            raise FormatError(f"{field}: expected text as a key, found {shown(name)}")
        check_item(item, _at(field, name))


# --- stages


def _cmd(value: Any, field: str) -> None:
    if isinstance(value, list):
        _texts(value, field)
    elif not isinstance(value, str):
        raise FormatError(f"{field}: expected text or a list of texts, found {shown(value)}")
    if not value or (isinstance(value, str) and not value.strip()):
        raise FormatError(f"{field}: empty")


def _vars(value: Any, field: str) -> None:
    for number, item in enumerate(_list(value, field)):
        if not isinstance(item, (str, dict)):
            raise FormatError(
                f"{field}[{number}]: expected a file or a mapping, found {shown(item)}"
            )


def _params(value: Any, field: str) -> None:
    for number, item in enumerate(_list(value, field)):
        if isinstance(item, dict):
            for file, keys in item.items():
                at = f"{field}[{number}].{shown_key(file)}"
                _text(file, at)
                if keys:  # nothing, or an empty list: all of the file
                    _texts(keys, at)
        elif not isinstance(item, str):
            raise FormatError(
                f"{field}[{number}]: expected a key, or a mapping from file to keys, "
                f"found {shown(item)}"
            )


def _outs(value: Any, field: str) -> None:
    for number, item in enumerate(_list(value, field)):
        if isinstance(item, str):
            continue
        at = f"{field}[{number}]"
        if not isinstance(item, dict):
            raise FormatError(f"{at}: expected a path, or a path with flags, found {shown(item)}")
        _by_name(item, at, _flags)


def _flags(value: Any, field: str) -> None:
    _keys(value, field, _OUT_FLAGS)


def _stage_plots(value: Any, field: str) -> None:
    for number, item in enumerate(_list(value, field)):
        if isinstance(item, str):
            continue
        at = f"{field}[{number}]"
        if not isinstance(item, dict):
            raise FormatError(f"{at}: expected a path, or a path with flags, found {shown(item)}")
        _by_name(item, at, _plot_flags)


def _plot_flags(value: Any, field: str) -> None:
    if isinstance(value, list):
        for number, item in enumerate(value):
            _keys(item, f"{field}[{number}]", _PLOT_FLAGS)
    else:
        _keys(value, field, _PLOT_FLAGS)


def _matrix(value: Any, field: str) -> None:
    _by_name(value, field, _axis)


def _axis(value: Any, field: str) -> None:
    if not isinstance(value, (str, list)):
        raise FormatError(f"{field}: expected a list or ${{...}}, found {shown(value)}")


def _definition(value: Any, field: str) -> None:
    if not isinstance(value, dict) or not ("foreach" in value or "do" in value):
        check_stage(value, field)
        return
    for key in ("foreach", "do"):
        if key not in value:
            raise FormatError(f"{field}.{key}: missing, 'foreach' and 'do' go together")
    for key in value:
        if key not in ("foreach", "do"):
            raise FormatError(f"{_at(field, key)}: only 'foreach' and 'do' may be here")
    if not isinstance(value["foreach"], (dict, list, str)):
        raise FormatError(
            f"{field}.foreach: expected a list, a mapping or ${{...}}, "
            f"found {shown(value['foreach'])}"
        )
    check_stage(value["do"], f"{field}.do")


# --- what stands at the top


def _stages(value: Any, field: str) -> None:
    _by_name(value, field, _definition)


def _top_plots(value: Any, field: str) -> None:
    for number, item in enumerate(_list(value, field)):
        at = f"{field}[{number}]"
        if isinstance(item, str):
            continue
        if not isinstance(item, dict):
            raise FormatError(f"{at}: expected a path, or a definition, found {shown(item)}")
        _by_name(item, at, _plot)


def _plot(value: Any, field: str) -> None:
    if value is not None:
        _keys(value, field, _PLOT)


def _x_axis(value: Any, field: str) -> None:
    if not isinstance(value, str):
        _by_name(value, field, _text)


def _y_axis(value: Any, field: str) -> None:
    if isinstance(value, dict):
        _by_name(value, field, _text_or_texts)
    else:
        _text_or_texts(value, field)


def _text_or_texts(value: Any, field: str) -> None:
    if not isinstance(value, str):
        _texts(value, field)


def _artifacts(value: Any, field: str) -> None:
    _by_name(value, field, _artifact)


def _artifact(value: Any, field: str) -> None:
    _keys(value, field, _ARTIFACT)
    if "path" not in value:
        raise FormatError(f"{field}.path: missing")


_ANNOTATIONS: dict[str, _Check] = {
    "desc": _text,
    "type": _text,
    "labels": _texts,
    "meta": _anything,
}
_OUT_FLAGS: dict[str, _Check] = {
    **_ANNOTATIONS,
    "cache": _truth,
    "persist": _truth,
    "checkpoint": _truth,
    "remote": _text,
    "push": _truth,
}
_PLOT_FLAGS: dict[str, _Check] = {
    **_OUT_FLAGS,
    **dict.fromkeys(PLOT_PROPS[:-1], _text),
    "header": _truth,
}
_STAGE: dict[str, _Check] = {
    "matrix": _matrix,
    "cmd": _cmd,
    "wdir": _text,
    "deps": _texts,
    "params": _params,
    "vars": _vars,
    "frozen": _truth,
    "meta": _anything,
    "desc": _text,
    "always_changed": _truth,
    "outs": _outs,
    "metrics": _outs,
    "plots": _stage_plots,
}
_PLOT: dict[str, _Check] = {
    "x": _x_axis,
    "y": _y_axis,
    "x_label": _text,
    "y_label": _text,
    "title": _text,
    "template": _text,
}
_ARTIFACT: dict[str, _Check] = {"path": _text, **_ANNOTATIONS}
_TOP: dict[str, _Check] = {
    "datasets": _anything,
    "plots": _top_plots,
    "stages": _stages,
    "vars": _vars,
    "params": _texts,
    "metrics": _texts,
    "artifacts": _artifacts,
}
