from __future__ import annotations

from typing import Any

import pytest

from git_dvc.errors import ConfigError, FormatError
from git_dvc.pipeline import resources


def test_meta_says_what_a_stage_takes() -> None:
    meta: Any = {"resources": {"cpu": 2, "gpu": 0.5, "mem": "1.5G", "licence": 0}, "by": "me"}
    assert resources.of_stage(meta) == {"cpu": 2, "gpu": 0.5, "mem": 1.5 * 1024**3}
    assert resources.of_stage({"mem": "512 MiB"}) == {}
    assert resources.of_stage({"resources": {"mem": "512 MiB"}}) == {"mem": 512 * 1024**2}
    others: list[Any] = [None, "text", []]
    assert [resources.of_stage(other) for other in others] == [{}] * 3


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ([1], "meta.resources"),
        ({"cpu": "many"}, "meta.resources.cpu"),
        ({"cpu": -1}, "meta.resources.cpu"),
        ({"cpu": True}, "meta.resources.cpu"),
        ({"\x1b": float("nan")}, r'meta.resources."\\x1b"'),
        ({"cpu": float("inf")}, "meta.resources.cpu"),
    ],
)
def test_anything_else_is_an_error_that_names_the_place(value: Any, where: str) -> None:
    with pytest.raises(FormatError, match=where):
        resources.of_stage({"resources": value})


def test_on_this_machine_all_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,3")
    settings = {"dvc.resources.disk": "4"}
    asked = {"a": {"gpu": 1.0, "disk": 1.0}, "b": {"mem": 5.0, "x_y": 1.0}, "c": {}}
    taken, limits = resources.shares(asked, settings.get, here=True)
    assert taken == asked
    assert limits.pop("mem") > 1024**2
    assert limits == {"gpu": 2, "disk": 4}


def test_elsewhere_only_what_git_config_limits() -> None:
    settings = {"dvc.resources.gpu": "3"}
    asked = {"a": {"cpu": 8.0, "gpu": 1.0}, "b": {}}
    taken, limits = resources.shares(asked, settings.get, here=False)
    assert taken == {"a": {"gpu": 1}, "b": {}}
    assert limits == {"gpu": 3}


def test_a_limit_that_is_no_amount_is_an_error() -> None:
    with pytest.raises(ConfigError, match=r"dvc\.resources\.cpu"):
        resources.shares({}, {"dvc.resources.cpu": "lots"}.get, here=True)
