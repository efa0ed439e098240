"""The map of the code, kept true: which module may import which, and who may import what.

The map is in README, "How it works inside". It is read here from the imports themselves,
those inside functions too, because an import that hides in a function is an import.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

TOP = Path(__file__).resolve().parents[1]
PACKAGE = TOP / "git_dvc"

ROWS = (
    ("errors", "progress", "relpaths"),
    ("fsutil", "hashing", "locking", "parallel", "formats"),
    ("store", "git"),
    ("workspace", "remote", "pipeline", "compare", "tracked"),
    ("project",),
    ("ops",),
    ("hooks", "cli", "api", "fs", "terminal", "tour", "__main__"),
)
"""A module imports from its own row and those above. A package stands for all its modules."""

DOORS = {
    "dulwich": "git/trees.py",
    "yaml": "formats/yamltext",
    "xxhash": "hashing.py",
    "filelock": "locking.py",
    "pathspec": "formats/ignore.py",
    "sqlite3": "store/state.py",
    "tomli": "compare/values.py",
    "asyncssh": "remote/ssh",
    "ossfs": "remote/fsspecs.py",
    "pydrive2": "remote/fsspecs.py",
    "urllib3": "remote/web",
    "obstore": "remote/obstores.py",
    "botocore": "remote/aws.py",
    "distributed": "pipeline/executors/dask.py",
    "dask": "pipeline/executors/dask.py",
    "cloudpickle": "pipeline/executors/dask.py",
    "vl_convert": "ops/plot_pictures.py",
    "numpy": "compare/content/numbers.py",
    "PIL": "compare/content/images.py",
    "pyarrow": "compare/content/parquet.py",
}
"""Each dependency comes in through one door, a module or a package; Typer's is ``cli/``."""

TALKERS = (
    "cli/",
    "hooks/entry.py",
    "hooks/merge_driver.py",
    "hooks/prepush.py",
    "hooks/textconv.py",
    "terminal.py",
    "tour/",
    "__main__.py",
)
"""Only these write to the terminal or read the command line."""


class Import(NamedTuple):
    """One imported module, and the line; ``lazy`` if it stands inside a function."""

    name: str
    line: int
    lazy: bool


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def shown(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


@cache
def imports(path: Path) -> tuple[Import, ...]:
    return tuple(_imports(tree(path), lazy=False))


def _imports(node: ast.AST, *, lazy: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue  # types alone: nothing is imported
        if isinstance(child, ast.Import):
            for name in child.names:
                yield Import(name.name, child.lineno, lazy)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, "imports are absolute here"
            assert child.module is not None
            for name in child.names:
                full = f"{child.module}.{name.name}"
                is_module = child.module.startswith("git_dvc") and file_of(full) is not None
                yield Import(full if is_module else child.module, child.lineno, lazy)
        else:
            inside = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
            yield from _imports(child, lazy=lazy or inside)


def file_of(module: str) -> Path | None:
    """Return the file of a module of ours, or None if that is no module."""
    place = TOP.joinpath(*module.split("."))
    for path in (place.with_suffix(".py"), place / "__init__.py"):
        if path.exists():
            return path
    return None


def ours(path: Path) -> Iterator[tuple[Import, Path]]:
    for found in imports(path):
        if found.name.split(".")[0] == "git_dvc":
            target = file_of(found.name)
            assert target is not None, f"{shown(path)}:{found.line}: no module {found.name}"
            yield found, target


def row(path: Path) -> int:
    first = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if first == "__init__":
        return 0
    found = [number for number, names in enumerate(ROWS, start=1) if first in names]
    assert found, f"{shown(path)} is not on the map: give it a row"
    return found[0]


def test_every_module_has_a_row() -> None:
    assert all(row(path) >= 0 for path in modules())


def test_imports_point_up_the_map() -> None:
    wrong = [
        f"{shown(path)}:{found.line} (row {row(path)}) imports {found.name} (row {row(target)})"
        for path in modules()
        for found, target in ours(path)
        if row(target) > row(path)
    ]
    assert not wrong, "\n".join(wrong)


def test_there_are_no_import_cycles() -> None:
    graph = {path: {target for _, target in ours(path)} - {path} for path in modules()}
    finished: set[Path] = set()

    def visit(path: Path, way: tuple[Path, ...]) -> None:
        assert path not in way, " -> ".join(shown(one) for one in (*way, path))
        if path not in finished:
            for target in sorted(graph[path]):
                visit(target, (*way, path))
            finished.add(path)

    for path in graph:
        visit(path, ())


@pytest.mark.parametrize("dependency", DOORS)
def test_each_dependency_has_one_door(dependency: str) -> None:
    users = {
        shown(path)
        for path in modules()
        if any(found.name.split(".")[0] == dependency for found in imports(path))
    }
    assert all(path.startswith(DOORS[dependency]) for path in users), users


def test_other_packages_come_in_through_the_command_line_alone() -> None:
    known = {*sys.stdlib_module_names, *DOORS, "git_dvc"}
    strangers = {
        (shown(path), found.name.split(".")[0])
        for path in modules()
        for found in imports(path)
        if found.name.split(".")[0] not in known
    }
    # fsspec is a door of ours (fs.py), and one to its drivers (remote/fsspecs.py).
    ways: dict[str, str | tuple[str, ...]]
    ways = {"typer": "cli/", "fsspec": ("fs.py", "remote/fsspecs.py")}
    assert {name for _, name in strangers} <= ways.keys()
    assert all(path.startswith(ways[name]) for path, name in strangers), strangers


def test_slow_packages_are_never_imported_with_a_module() -> None:
    """Outside their own doors they wait inside functions until they are needed."""
    slow = {"subprocess", "json", "dulwich", "yaml", "filelock", "typer", "inspect", "dataclasses"}
    free = ("cli/", "tour/", "formats/yamltext")
    wrong = [
        f"{shown(path)}:{found.line} imports {found.name}"
        for path in modules()
        if not shown(path).startswith(free)
        for found in imports(path)
        if found.name.split(".")[0] in slow and not found.lazy
    ]
    assert not wrong, "\n".join(wrong)


def test_formats_never_touch_the_disk() -> None:
    wrong = [
        f"{shown(path)}:{node.lineno}"
        for path in sorted((PACKAGE / "formats").glob("*.py"))
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and (
            (isinstance(node.func, ast.Name) and node.func.id == "open")
            or ast.unparse(node.func).startswith(
                ("os.open", "os.stat", "os.lstat", "os.path.exists")
            )
        )
    ]
    assert not wrong
    reached = {
        (shown(path), found.name)
        for path in sorted((PACKAGE / "formats").glob("*.py"))
        for found in imports(path)
        if found.name in ("pathlib", "shutil", "tempfile", "git_dvc.fsutil", "subprocess")
    }
    assert not reached


def test_only_the_last_row_talks_to_the_user() -> None:
    talk = ("sys.argv", "sys.stdout", "sys.stderr", "sys.stdin")
    wrong = [
        f"{shown(path)}:{node.lineno}: {ast.unparse(node)}"
        for path in modules()
        if not shown(path).startswith((*TALKERS, "hooks/scripts.py"))
        for node in ast.walk(tree(path))
        if (isinstance(node, ast.Attribute) and ast.unparse(node) in talk)
        or (isinstance(node, ast.Call) and ast.unparse(node.func) in ("print", "input"))
    ]
    assert not wrong, "\n".join(wrong)


def test_yaml_is_read_by_our_own_loader_only() -> None:
    """Every other loader can build Python objects or grow without limit."""
    source = "".join(path.read_text() for path in modules())
    for name in ("yaml.load(", "yaml.unsafe_load", "yaml.full_load", "UnsafeLoader", "FullLoader"):
        assert name not in source


def test_the_package_itself_imports_nothing() -> None:
    assert imports(PACKAGE / "__init__.py") == ()


def test_the_map_in_readme_names_every_module() -> None:
    text = (TOP / "README.md").read_text()
    inside = text[text.index("## How it works inside") :]
    # The packages whose modules are all alike, one for each command, stand there as one line.
    alike = ("cli", "ops", "tour")
    named = {path.relative_to(PACKAGE).parts[:2] for path in modules()}
    names = {parts[-1] for parts in named if parts[0] not in alike} - {"__init__.py"}
    missing = [name for name in sorted(names) if name.removesuffix(".py") not in inside]
    assert not missing


def test_tests_mirror_the_package() -> None:
    packages = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    folders = {path.name for path in (TOP / "tests").iterdir() if path.is_dir()}
    assert packages <= folders, f"no tests for {sorted(packages - folders)}"
