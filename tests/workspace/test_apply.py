"""Putting an output in place: what is written and deleted, and what is never harmed."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from git_dvc import parallel
from git_dvc.fsutil import Folders
from git_dvc.progress import NoProgress
from git_dvc.store.cache import Cache
from git_dvc.store.state import Entry
from git_dvc.workspace import apply as applying
from git_dvc.workspace.apply import Outcome, Placer
from git_dvc.workspace.changes import Changes, between
from git_dvc.workspace.links import COPY, HARDLINK, SYMLINK, Linker
from tests.scene import md5, read_tree

TYPES = [COPY, HARDLINK, SYMLINK]
V1 = {"a": "one\n", "same": "same\n", "gone/deep/x": "x\n", "empty": ""}
V2 = {"a": "two\n", "same": "same\n", "new/y": "y\n", "empty": ""}


class Scene:
    """A project with one output, ``data`` unless said, and what is known of it."""

    def __init__(self, top: Path) -> None:
        self.root = top / "project"
        (self.root / "tmp").mkdir(parents=True)
        self.cache = Cache(str(top / "cache"), durable=False)
        self.entries: dict[str, Entry] = {}
        self.types: Sequence[str] = (COPY,)

    def store(self, files: Mapping[str, str]) -> dict[str, str]:
        """Store contents; return a manifest."""
        wanted = {path: self.cache.store_bytes(text.encode()) for path, text in files.items()}
        self.cache.publish()
        return wanted

    def apply(
        self,
        change: Changes,
        relpath: str = "data",
        *,
        is_dir: bool = True,
        force: bool = False,
        executable: bool = False,
        trust_cached: bool = False,
        above: bool = False,
    ) -> Outcome:
        with Folders(str(self.root)) as tmps:
            tmp = tmps.open("tmp", create=True)
            assert tmp is not None
            linker = Linker(self.types, self.cache, tmp)
            placer = Placer(str(self.root), self.cache, linker, NoProgress(), force=force)
            outcome = placer.apply(
                relpath,
                self.entries,
                change,
                saved_in=self.cache,
                is_dir=is_dir,
                executable=executable,
                trust_cached=trust_cached,
                above=above,
            )
        assert not os.listdir(self.root / "tmp"), "a temporary file was left"
        return outcome

    def bring(self, files: Mapping[str, str], *, force: bool = False) -> Outcome:
        """Bring a directory from what is recorded to other files."""
        old = {path: entry[0] for path, entry in self.entries.items()}
        return self.apply(between(old, self.store(files)), force=force)

    def bring_file(self, text: str, *, executable: bool = False, force: bool = False) -> Outcome:
        """Bring an output that is a file."""
        wanted = self.store({"": text})
        return self.apply(
            Changes(wanted, frozenset()), is_dir=False, executable=executable, force=force
        )

    @property
    def data(self) -> Path:
        return self.root / "data"

    def tree(self) -> dict[str, str]:
        return {path: data.decode() for path, data in read_tree(self.data).items()}

    def folders(self) -> set[str]:
        return {
            os.path.relpath(os.path.join(folder, name), self.data)
            for folder, names, _ in os.walk(self.data)
            for name in names
        }


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def edit(path: Path, text: str) -> None:
    """Change a file as most programs do: a new one under the old name."""
    path.unlink()
    path.write_text(text)


# -- what is done -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", TYPES)
def test_a_directory_goes_from_one_version_to_another(scene: Scene, kind: str) -> None:
    scene.types = (kind,)
    first = scene.bring(V1)
    assert sorted(first.written) == sorted(V1)
    assert scene.tree() == V1
    second = scene.bring(V2)
    assert second.complete
    assert scene.tree() == V2
    assert sorted(second.written) == ["a", "new/y"]
    assert second.deleted == ["gone/deep/x"]
    assert {path: entry[0] for path, entry in second.entries.items()} == scene.store(V2)
    assert scene.folders() == {"new"}, "directories that were emptied go"


@pytest.mark.parametrize("kind", TYPES)
def test_a_file_goes_from_one_version_to_another(scene: Scene, kind: str) -> None:
    scene.types = (kind,)
    for text in ("one\n", "two\n", "", "one\n"):
        assert scene.bring_file(text).written == [""]
        assert scene.data.read_text() == text
        assert scene.entries[""][0] == md5(text.encode())


def test_what_is_in_place_already_is_left_alone(scene: Scene) -> None:
    scene.bring(V1)
    before = {path: (scene.data / path).stat().st_ino for path in V1}
    outcome = scene.apply(Changes(scene.store(V1), frozenset()))
    assert outcome.complete
    assert outcome.written == []
    scene.entries.clear()
    outcome = scene.apply(Changes(scene.store(V1), frozenset()))
    assert outcome.complete, "equal files without a record are found equal"
    assert outcome.written == []
    assert set(scene.entries) == set(V1)
    assert {path: (scene.data / path).stat().st_ino for path in V1} == before


@pytest.mark.parametrize("kind", TYPES)
def test_the_executable_bit_comes_and_goes(scene: Scene, kind: str) -> None:
    scene.types = (kind,)
    for executable in (True, False, True):
        scene.bring_file("run\n", executable=executable)
        assert bool(scene.data.stat().st_mode & stat.S_IXUSR) == executable
        assert stat.S_IMODE(os.stat(scene.cache.path(md5(b"run\n"))).st_mode) == 0o444
    assert scene.bring_file("run\n", executable=True).written == []


def test_an_empty_directory_is_made(scene: Scene) -> None:
    assert scene.bring({}).complete
    assert scene.data.is_dir()


def test_outputs_deep_in_the_project_get_their_directories(scene: Scene) -> None:
    outcome = scene.apply(Changes(scene.store({"x": "x\n"}), frozenset()), "deep/er/data")
    assert outcome.written == ["x"]
    assert (scene.root / "deep/er/data/x").read_text() == "x\n"
    scene.apply(Changes({}, frozenset({"x"})), "deep/er/data", is_dir=False)
    assert not (scene.root / "deep/er/data").exists()
    assert (scene.root / "deep/er").is_dir(), "nothing above an output is removed"


# -- files become directories and back --------------------------------------------------------


@pytest.mark.parametrize("kind", TYPES)
def test_files_and_directories_change_places(scene: Scene, kind: str) -> None:
    scene.types = (kind,)
    one = {"x": "file\n", "y/a/b": "deep\n", "z": "z\n"}
    two = {"x/inside": "file\n", "y": "flat\n", "z": "z\n"}
    for files in (one, two, one):
        assert scene.bring(files).complete
        assert scene.tree() == files


@pytest.mark.parametrize("kind", TYPES)
def test_an_output_changes_from_a_directory_to_a_file_and_back(scene: Scene, kind: str) -> None:
    scene.types = (kind,)
    scene.bring(V1)
    outcome = scene.apply(Changes(scene.store({"": "flat\n"}), frozenset(V1)), is_dir=False)
    assert outcome.complete
    assert scene.data.read_text() == "flat\n"
    outcome = scene.apply(Changes(scene.store(V2), frozenset({""})))
    assert outcome.complete
    assert scene.tree() == V2


def test_a_directory_with_strangers_does_not_become_a_file(scene: Scene) -> None:
    scene.bring({"x/a": "a\n"})
    (scene.data / "x/mine").write_text("mine\n")
    outcome = scene.bring({"x": "file\n"})
    assert outcome.blocked == {"x": "a directory is in the way"}
    assert scene.tree() == {"x/mine": "mine\n"}


def test_a_changed_file_does_not_become_a_directory(scene: Scene) -> None:
    scene.bring({"x": "file\n"})
    edit(scene.data / "x", "mine\n")
    outcome = scene.bring({"x/a": "a\n", "y": "y\n"})
    assert outcome.kept == ["x"]
    assert list(outcome.blocked) == ["x/a"]
    assert scene.tree() == {"x": "mine\n", "y": "y\n"}


def test_the_users_empty_directories_stay(scene: Scene) -> None:
    scene.bring(V1)
    (scene.data / "gone/deep/mine").mkdir()
    (scene.data / "mine").mkdir()
    assert scene.bring(V2).complete
    assert scene.folders() == {"gone", "gone/deep", "gone/deep/mine", "mine", "new"}


def test_directories_around_an_output_go_only_with_it_and_if_it_filled_them(scene: Scene) -> None:
    def drop(relpath: str, *, above: bool = True) -> list[str]:
        scene.apply(Changes({}, frozenset([""])), relpath, is_dir=False, above=above)
        scene.entries.clear()
        return sorted(str(path.relative_to(scene.root)) for path in scene.root.rglob("*"))

    def bring(relpath: str) -> None:
        scene.apply(Changes(scene.store({"": "x\n"}), frozenset()), relpath, is_dir=False)

    bring("a/b/x")
    assert drop("a/b/x", above=False) == ["a", "a/b", "tmp"]
    bring("a/b/x")
    assert drop("a/b/x") == ["tmp"]
    bring("a/b/x")
    (scene.root / "a/mine").write_text("mine\n")
    assert drop("a/b/x") == ["a", "a/mine", "tmp"]
    # Deleted by hand, and what was around it left.
    bring("a/b/x")
    (scene.root / "a/b/x").unlink()
    assert drop("a/b/x") == ["a", "a/b", "a/mine", "tmp"]


def test_the_directory_where_the_user_is_stays(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    for told in (False, True):
        scene.bring({"in/a": "a\n"})
        monkeypatch.chdir(scene.root if told else scene.data / "in")
        monkeypatch.setenv("GIT_PREFIX", "data/in/" if told else "")
        assert scene.bring({}).complete
        assert scene.folders() == {"in"}


# -- unsaved data -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("force", [False, True])
def test_changed_files_stay_unless_forced(scene: Scene, kind: str, force: bool) -> None:
    scene.types = (kind,)
    scene.bring(V1)
    edit(scene.data / "a", "mine\n")
    edit(scene.data / "gone/deep/x", "mine\n")
    outcome = scene.bring(V2, force=force)
    if force:
        assert outcome.complete
        assert scene.tree() == V2
    else:
        assert sorted(outcome.kept) == ["a", "gone/deep/x"]
        assert scene.tree() == {**V2, "a": "mine\n", "gone/deep/x": "mine\n"}
        assert not {"a", "gone/deep/x"} & outcome.entries.keys()


@pytest.mark.parametrize("force", [False, True])
def test_a_changed_output_file_stays_unless_forced(scene: Scene, force: bool) -> None:
    scene.bring_file("one\n")
    edit(scene.data, "mine\n")
    outcome = scene.bring_file("two\n", force=force)
    assert outcome.kept == ([] if force else [""])
    assert scene.data.read_text() == ("two\n" if force else "mine\n")


@pytest.mark.parametrize("trust", [False, True])
def test_files_never_placed_go_only_if_that_is_allowed_and_they_are_saved(
    scene: Scene, trust: bool
) -> None:
    scene.data.mkdir()
    scene.store({"x": "saved\n"})
    (scene.data / "a").write_text("saved\n")
    (scene.data / "b").write_text("unsaved\n")
    wanted = scene.store({"a": "new a\n", "b": "new b\n"})
    outcome = scene.apply(Changes(wanted, frozenset()), trust_cached=trust)
    assert outcome.kept == (["b"] if trust else ["a", "b"])
    assert scene.tree() == {"a": "new a\n" if trust else "saved\n", "b": "unsaved\n"}


def test_strangers_stay(scene: Scene) -> None:
    scene.bring(V1)
    (scene.data / "mine").write_text("mine\n")
    (scene.data / "gone/mine").write_text("mine\n")
    scene.bring(V2)
    assert scene.tree() == {**V2, "mine": "mine\n", "gone/mine": "mine\n"}


@pytest.mark.parametrize("delete", [True, False])
def test_the_last_copy_of_something_stays(scene: Scene, delete: bool) -> None:
    scene.bring({"a": "one\n"})
    os.unlink(scene.cache.path(md5(b"one\n")))
    outcome = scene.bring({} if delete else {"a": "two\n"})
    assert outcome.kept == ["a"]
    assert scene.tree() == {"a": "one\n"}


def test_a_file_edited_back_to_something_saved_may_go(scene: Scene) -> None:
    scene.bring(V1)
    edit(scene.data / "a", "same\n")
    assert scene.bring(V2).complete
    assert scene.tree() == V2


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("kind", ["fifo", "folder"])
def test_what_is_no_file_is_not_replaced_even_by_force(
    scene: Scene, kind: str, force: bool
) -> None:
    scene.bring(V1)
    path = scene.data / "a"
    path.unlink()
    (os.mkfifo if kind == "fifo" else os.mkdir)(path)
    outcome = scene.bring(V2, force=force)
    assert not outcome.complete
    assert stat.S_IFMT(path.lstat().st_mode) == (stat.S_IFIFO if kind == "fifo" else stat.S_IFDIR)
    assert (scene.data / "new/y").exists()


# -- links that lead elsewhere ----------------------------------------------------------------


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("trap", ["data", "data/d", "data/d/e", "deep", "deep/er"])
def test_nothing_is_written_or_deleted_through_a_link(
    scene: Scene, tmp_path: Path, trap: str, force: bool
) -> None:
    relpath = "deep/er/data" if trap.startswith("deep") else "data"
    inner = ["old", "d/old", "d/e/old"]
    scene.apply(Changes(scene.store(dict.fromkeys(inner, "one\n")), frozenset()), relpath)
    outside = tmp_path / "outside"
    os.rename(scene.root / trap, outside)
    (scene.root / trap).symlink_to(outside)
    before = read_tree(outside)
    wanted = scene.store({"d/e/new": "new\n", "d/new": "new\n", "d/e/f/new": "new\n"})
    outcome = scene.apply(Changes(wanted, frozenset(inner)), relpath, force=force)
    assert read_tree(outside) == before
    assert (scene.root / trap).is_symlink()
    assert outcome.blocked
    assert all("link is in the way at " + trap in why for why in outcome.blocked.values())


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("saved", [False, True])
def test_a_link_in_the_place_of_a_file_goes_only_if_its_content_is_saved(
    scene: Scene, tmp_path: Path, saved: bool, force: bool
) -> None:
    scene.bring(V1)
    target = tmp_path / "target"
    target.write_text("one\n" if saved else "mine\n")
    (scene.data / "a").unlink()
    (scene.data / "a").symlink_to(target)
    outcome = scene.bring(V2, force=force)
    # A link is something that the user made: what it shows being saved is not enough.
    assert outcome.kept == ([] if force else ["a"])
    assert (scene.data / "a").is_symlink() is not force
    assert target.read_text() == ("one\n" if saved else "mine\n")


def test_many_files_are_not_written_through_a_link_either(scene: Scene, tmp_path: Path) -> None:
    scene.types = (HARDLINK,)
    wanted = scene.store({f"d/{number}": f"{number}\n" for number in range(40)})
    (tmp_path / "outside").mkdir()
    scene.data.mkdir()
    (scene.data / "d").symlink_to(tmp_path / "outside")
    outcome = scene.apply(Changes(wanted, frozenset()))
    assert len(outcome.blocked) == 40
    assert not list((tmp_path / "outside").iterdir())


# -- objects that are not there ---------------------------------------------------------------


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("damaged", [False, True])
def test_without_the_object_what_is_there_stays_and_the_rest_is_done(
    scene: Scene, kind: str, damaged: bool
) -> None:
    scene.types = (kind,)
    scene.bring(V1)
    wanted = scene.store(V2)
    for text in ("two\n", "y\n"):
        path = scene.cache.path(md5(text.encode()))
        os.unlink(path)
        if damaged:
            Path(path).write_text("bad\n")
            os.chmod(path, 0o444)
    scene.cache = Cache(scene.cache.root, durable=False)
    old = {path: entry[0] for path, entry in scene.entries.items()}
    outcome = scene.apply(between(old, wanted))
    assert outcome.missing == {"a": md5(b"two\n"), "new/y": md5(b"y\n")}
    assert outcome.deleted == ["gone/deep/x"]
    assert scene.tree() == {"a": "one\n", "same": "same\n", "empty": ""}
    assert outcome.entries["a"][0] == md5(b"one\n")


def test_stopped_and_called_again_it_finishes(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.bring(V1)
    old = {path: entry[0] for path, entry in scene.entries.items()}
    known = dict(scene.entries)
    change = between(old, scene.store(V2))
    plain = Linker.place
    calls: list[int] = []

    def place(self: Linker, *args: object, **options: object) -> Entry:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return plain(self, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Linker, "place", place)
    with pytest.raises(KeyboardInterrupt):
        scene.apply(change)
    scene.entries = known  # nothing of it was recorded
    outcome = scene.apply(change)
    assert outcome.complete
    assert scene.tree() == V2


# -- many files -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("count", [1, 3])
def test_many_files_in_several_processes_come_out_like_one_by_one(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, kind: str, count: int
) -> None:
    scene.types = (kind,)
    files = {f"{number % 5}/ü {number}": f"{number % 30}\n" for number in range(50)}
    wanted = scene.store({**files, "empty": "", "bad": "bad\n", "taken": "ours\n"})
    for value in wanted.values():
        os.utime(scene.cache.path(value), (1_000_000_000, 1_000_000_001))
        scene.cache.trusted(value)
    scene.cache._known.update(scene.cache._verified)
    os.unlink(scene.cache.path(wanted["bad"]))
    scene.data.mkdir()
    (scene.data / "taken").write_text("theirs\n")
    monkeypatch.setattr(parallel, "processes", lambda files: count)
    placed: list[str] = []
    plain = Linker.place

    def place(self: Linker, value: str, *args: object, **options: object) -> Entry:
        placed.append(value)
        return plain(self, value, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Linker, "place", place)
    many = scene.apply(Changes(wanted, frozenset()))
    assert sorted(many.written) == sorted([*files, "empty"])
    assert many.kept == ["taken"]
    assert many.missing == {"bad": wanted["bad"]}
    assert scene.tree() == {**files, "empty": "", "taken": "theirs\n"}
    assert len(placed) == (2 if kind == HARDLINK else 52), "the quick loop did its part"

    # The same, one by one.
    first = dict(scene.entries)
    for path in [*files, "empty"]:
        (scene.data / path).unlink()
    scene.entries.clear()
    monkeypatch.setattr(applying, "MANY_FILES", 10**9)
    slow = scene.apply(Changes(wanted, frozenset()))
    assert sorted(slow.written) == sorted(many.written)
    assert {path: entry[:2] for path, entry in slow.entries.items()} == {
        path: entry[:2] for path, entry in first.items()
    }
