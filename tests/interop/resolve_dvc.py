"""Resolves ``dvc.yaml`` texts with the original program: for its own Python, not for ours.

Reads a line of JSON for each, ``{"files": {path: text}, "parsing": {...}}``, and answers with
``{"refused": why}`` or with stages, what each took from files, and what stands at the top. A
stage that cannot be resolved is ``null``.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import sys
import tempfile
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

TOP = ("artifacts", "metrics", "params", "plots", "datasets")


def tried(make: Callable[..., Any], *args: Any) -> Any:
    try:
        return make(*args)
    except Exception:
        return None


def resolved(case: dict[str, Any], folder: str) -> dict[str, Any]:
    parsing = importlib.import_module("dvc.parsing")
    schema = importlib.import_module("dvc.schema").COMPILED_MULTI_STAGE_SCHEMA
    parse_yaml = importlib.import_module("dvc.utils.serialize").parse_yaml
    local = importlib.import_module("dvc.fs").LocalFileSystem()
    for path, text in case["files"].items():
        os.makedirs(os.path.dirname(os.path.join(folder, path)), exist_ok=True)
        with open(os.path.join(folder, path), "w") as file:
            file.write(text)
    os.chdir(folder)
    repo = SimpleNamespace(fs=local, config={"parsing": case.get("parsing", {})})
    try:
        content = schema(parse_yaml(case["files"]["dvc.yaml"], "dvc.yaml"))
        resolver = parsing.DataResolver(repo, folder, content)
        names = list(resolver.get_keys())
    except Exception as problem:
        return {"refused": str(problem)}
    stages = {name: tried(resolver.resolve_one, name) for name in names}
    stages = {name: found and found[name] for name, found in stages.items()}
    used = {
        name: {os.path.relpath(path, folder): sorted(keys) for path, keys in files.items()}
        for name, files in resolver.tracked_vars.items()
    }
    top = {key: tried(getattr(resolver, f"resolve_{key}")) for key in TOP}
    return {"stages": stages, "used": used, "top": top}


def main() -> None:
    logging.disable(logging.CRITICAL)
    for line in sys.stdin:
        with tempfile.TemporaryDirectory() as folder:
            answer = resolved(json.loads(line), os.path.realpath(folder))
            os.chdir("/")
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
