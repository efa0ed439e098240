"""Adding data of any name, and paths inside tracked directories: recorded exactly, or refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from git_dvc.errors import CannotAddError, CannotTrackError, ChangingFileError, GitDvcError
from git_dvc.formats import pointer
from git_dvc.ops.add import Result, add
from git_dvc.project import Project
from git_dvc.store.cache import Cache
from tests.conftest import run_git
from tests.scene import check_objects, is_clean, leftovers, md5, objects, read_tree, write_tree

FILES = {"a": "a\n", "d/b": "b\n", "d/e/c": "c\n"}


@pytest.fixture(autouse=True)
def quick(project: Project) -> None:
    """Stand in an empty project that does not wait for the disk."""
    run_git("config", "dvc.fsync", "false", cwd=project.root)
    Path(".dvc/config.local").write_text("[cache]\n    type = hardlink\n")


def put(*targets: str, **options: object) -> Result:
    """Add as one command does."""
    with Project.open() as project:
        return add(project, targets, **options)  # type: ignore[arg-type]


def out_of(path: str) -> pointer.Out:
    return pointer.parse(Path(path).read_bytes()).outs[0]


def listing(path: str) -> dict[str, str]:
    """Return the listing that a pointer names."""
    value = out_of(path).hash
    assert value is not None
    with Project.open() as project:
        return project.cache().read_manifest(value)


def hashes(files: dict[str, str]) -> dict[str, str]:
    return {path: md5(text.encode()) for path, text in files.items()}


def everything() -> dict[str, object]:
    """Return all that a refused command must leave as it is."""
    ours = {
        path: (data, os.stat(path).st_mode)
        for path, data in read_tree(".").items()
        if not path.startswith((".git/", ".dvc/tmp/"))
    }
    return {**ours, "the index": run_git("ls-files", "-s", cwd=".")}


def refuse(kind: type[GitDvcError], *targets: str, match: str, **options: object) -> GitDvcError:
    """Assert that adding fails with this message and has written nothing."""
    before = everything()
    with pytest.raises(kind) as caught:
        put(*targets, **options)
    assert match in str(caught.value)
    str(caught.value).encode()
    assert everything() == before
    assert leftovers(".") == []
    return caught.value


# -- names ------------------------------------------------------------------------------------

NAMES = [
    "x[1].txt", "#h", "!n", "a b", " lead", "trail ", "q?.txt", "star*", "ü.txt", "日本語",
    "u\u0308", "-dash", "quote'\"", "colon: x", "%41", "{x}", "tab\there", "\x1b[31m", "@", "~",
    "a" * 251, "x.dvc.bak", "null", "1e3", "CON",
]  # fmt: skip


def test_odd_names_of_outputs_survive() -> None:
    write_tree(".", {name: name for name in NAMES})
    put(*NAMES)
    for name in NAMES:
        assert out_of(f"{name}.dvc").hash == md5(name.encode())
        assert out_of(f"{name}.dvc").path == name
    assert is_clean(".")
    others = run_git("ls-files", "-z", "--others", "--exclude-standard", cwd=".")
    assert others == "", "Git ignores the data, and pointers are staged"


def test_odd_names_inside_survive() -> None:
    names = [*NAMES, "line\nbreak", "a" * 255, "d/" * 20 + "x"]
    write_tree("data", {name: name for name in names})
    put("data")
    assert listing("data.dvc") == {name: md5(name.encode()) for name in names}
    assert is_clean(".")


def test_brackets_are_a_pattern_only_if_asked_for() -> None:
    write_tree(".", {"x[1].txt": "1\n", "x1.txt": "2\n"})
    assert put("x[1].txt").pointers == ["x[1].txt.dvc"]
    assert put("x[1].txt", glob=True).pointers == ["x1.txt.dvc"]


@pytest.mark.parametrize("name", ["line\nbreak", "ret\rurn", "back\\slash"])
def test_names_that_cannot_be_recorded_are_refused_before_anything_is_stored(name: str) -> None:
    write_tree(".", {name: "1\n", "fine": "2\n"})
    refuse(CannotAddError, "fine", name, match="")


@pytest.mark.parametrize("name", ["back\\slash", "git~1", ".GIT", ".DVC", ".g\u200cit"])
def test_names_that_git_refuses_are_refused_inside(name: str) -> None:
    write_tree("data", {f"{name}/x": "1\n", "fine": "2\n"})
    refuse(CannotTrackError, "data", match="nothing was added")


def test_a_name_that_leaves_no_room_for_the_pointers_is_refused() -> None:
    write_tree(".", {"a" * 252: "1\n", "ü" * 126: "1\n", "fine": "2\n"})
    for name in ("a" * 252, "ü" * 126):
        refuse(CannotAddError, "fine", name, match="the name is too long to put '.dvc' after it")


@pytest.mark.parametrize("inside", [True, False])
def test_a_name_that_is_not_utf_8_is_refused(inside: bool) -> None:
    Path("data").mkdir()
    name = os.fsdecode(b"data/\xff")
    Path(name).write_text("1\n")
    error = refuse(GitDvcError, "data" if inside else name, match="\\udcff")
    assert isinstance(error, (CannotTrackError, CannotAddError))


# -- inside tracked directories ---------------------------------------------------------------


@pytest.fixture
def tracked() -> dict[str, str]:
    write_tree("data", FILES)
    put("data")
    return hashes(FILES)


def test_files_inside_are_recorded_and_the_rest_stays_as_it_was(tracked: dict[str, str]) -> None:
    write_tree("data", {"a": "edited\n", "d/b": "edited too\n", "d/new": "new\n"})
    put("data/d/new", "data/a")
    assert listing("data.dvc") == {**tracked, "a": md5(b"edited\n"), "d/new": md5(b"new\n")}
    assert out_of("data.dvc").nfiles == 4
    assert not is_clean("."), "the other edit is still to be added"
    put("data/d/b")
    assert out_of("data.dvc").size == len("edited\nedited too\nc\nnew\n")
    assert is_clean(".")


def test_a_directory_inside_is_recorded_whole(tracked: dict[str, str]) -> None:
    write_tree("data", {"d/new": "new\n", "a": "edited\n"})
    os.unlink("data/d/b")
    put("data/d")
    expected = {**tracked, "d/new": md5(b"new\n")}
    del expected["d/b"]
    assert listing("data.dvc") == expected


@pytest.mark.parametrize("inner", ["a", "d", "d/e/c"])
def test_a_path_that_is_gone_leaves_the_listing(tracked: dict[str, str], inner: str) -> None:
    os.rename(f"data/{inner}", "gone")
    put(f"data/{inner}")
    left = {p: v for p, v in tracked.items() if p != inner and not p.startswith(inner + "/")}
    assert listing("data.dvc") == left
    assert out_of("data.dvc").nfiles == len(left)


def test_a_file_that_became_a_directory_inside(tracked: dict[str, str]) -> None:
    os.unlink("data/a")
    write_tree("data", {"a/deep": "deep\n"})
    put("data/a")
    new = {**tracked, "a/deep": md5(b"deep\n")}
    del new["a"]
    assert listing("data.dvc") == new


def test_inside_a_directory_that_only_the_cache_has(tracked: dict[str, str]) -> None:
    for path in FILES:
        os.unlink(f"data/{path}")
    with Project.open() as project:
        project.state.save([], ["data"])
    write_tree("data", {"new": "new\n"})
    put("data/new")
    assert listing("data.dvc") == {**tracked, "new": md5(b"new\n")}
    assert out_of("data.dvc").size == len("a\nb\nc\nnew\n")


# -- several ----------------------------------------------------------------------------------


def test_when_the_second_fails_while_it_is_read_the_first_is_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_tree(".", {"x": "1\n", "y": "2\n", "z": "3\n"})
    plain = Cache.store_file

    def store_file(self: Cache, folder: object, name: str, **options: object) -> object:
        if name == "y":
            raise ChangingFileError("y")
        return plain(self, folder, name, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Cache, "store_file", store_file)
    with pytest.raises(ChangingFileError):
        put("x", "y", "z")
    assert out_of("x.dvc").hash == md5(b"1\n")
    assert not os.path.exists("y.dvc")
    assert Path(".gitignore").read_text() == "/x\n"
    assert "x.dvc" in run_git("diff", "--cached", "--name-only", cwd=".").split()
    assert set(check_objects(".dvc/cache")) == {md5(b"1\n")}
    assert leftovers(".") == []


@pytest.mark.parametrize("why", ["a cache already", "chosen here", "inside the project"])
def test_a_cache_that_may_be_written_to_unasked(tmp_path: Path, why: str) -> None:
    place = tmp_path / "elsewhere"
    if why == "a cache already":
        (place / "files/md5").mkdir(parents=True)
    elif why == "inside the project":
        place = Path("own").absolute()
    name = "config.local" if why == "chosen here" else "config"
    Path(".dvc", name).write_text(f"[cache]\n    dir = {place}\n")
    write_tree(".", {"x": "1\n"})
    put("x")
    assert [value for value, _ in objects(place)] == [md5(b"1\n")]
