"""``clone``: the words of its command line, and what is there after it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from git_dvc.errors import UsageError
from git_dvc.ops.clone import directory_of, parse
from tests import launcher, scene
from tests.scene import check_objects, leftovers, write_tree

Done = subprocess.CompletedProcess[str]


# -- the command line -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "options", "url", "folder"),
    [
        ("../p", "", "../p", "p"),
        ("../p q", "", "../p", "q"),
        ("-b v1 --depth 1 p.git", "-b v1 --depth 1", "p.git", "p"),
        ("-bv1 p", "-bv1", "p", "p"),
        ("-qb v1 p", "-qb v1", "p", "p"),
        ("-lqc a.b=c p q", "-lqc a.b=c", "p", "q"),
        ("--branch=v1 --recurse-submodules p", "--branch=v1 --recurse-submodules", "p", "p"),
        ("--bran v1 --or up p", "--bran v1 --or up", "p", "p"),
        ("p q --no-tags", "--no-tags", "p", "q"),
        ("-o up -- -p q", "-o up", "-p", "q"),
        ("--reference ../r --filter blob:none p", "--reference ../r --filter blob:none", "p", "p"),
    ],
)
def test_words_are_read_as_git_reads_them(words: str, options: str, url: str, folder: str) -> None:
    found = parse(words.split())
    assert (" ".join(found.options), found.url, found.folder) == (options, url, folder)
    assert found.checks_out


@pytest.mark.parametrize("words", ["-n p", "--no-checkout p", "-qn p", "--no-check p"])
def test_a_clone_without_a_checkout_is_known(words: str) -> None:
    assert not parse(words.split()).checks_out


@pytest.mark.parametrize(
    "words", ["", "a b c", "--depth 1", "--bare p", "--mirror p", "--mirr p", "/"]
)
def test_what_cannot_be_meant_is_refused(words: str) -> None:
    with pytest.raises(UsageError):
        parse(words.split())


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/team/p.git",
        "https://example.com/team/p.git/",
        "https://user@example.com:8080/p",
        "git@example.com:team/p.git",
        "git@example.com:p.git",
        "host:p",
        "ssh://host/p/.git",
        "/srv/p",
        "../p/",
        "p/.git",
        "p.bundle",
        "file:///srv/p.git",
    ],
)
def test_the_directory_has_the_name_that_git_gives_it(url: str, tmp_path: Path) -> None:
    assert directory_of(url) == "p"


# -- real clones ----------------------------------------------------------------------------


class Scene:
    """A project ``p`` with two versions, and a place for clones of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program = launcher.write(folder / "bin")

    def run(self, *args: str | Path, cwd: str | Path = "") -> Done:
        path = f"{self.program.parent}{os.pathsep}{os.environ['PATH']}"
        return scene.run(*args, cwd=self.folder / cwd, env={"PATH": path})

    def ok(self, *args: str | Path, cwd: str | Path = "") -> Done:
        done = self.run(*args, cwd=cwd)
        assert done.returncode == 0, f"{args}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def clone(self, *args: str | Path, code: int = 0) -> Done:
        done = self.run(self.program, "clone", *args)
        assert done.returncode == code, f"{args}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def make(self, name: str, part: str = "") -> None:
        self.ok("git", "init", "-q", name)
        place = Path(name, part)
        init = ["init", "-q", "--no-hooks", *(["--subdir", part] if part else [])]
        self.ok(self.program, *init, cwd=name)
        for version in ("1", "2"):
            write_tree(self.folder / place, {"data/f": version, "data/same": "s", "m": version})
            self.ok(self.program, "add", "-q", "data", "m", cwd=place)
            self.ok("git", "add", "-A", cwd=name)
            self.ok("git", "commit", "-qm", version, cwd=name)
            self.ok("git", "tag", f"v{version}", cwd=name)

    def text(self, *parts: str) -> str:
        return self.folder.joinpath(*parts).read_text()

    def status(self, name: str) -> str:
        return self.ok("git", "status", "--porcelain", cwd=name).stdout


@pytest.fixture
def place(tmp_path: Path) -> Scene:
    made = Scene(tmp_path)
    made.make("p")
    return made


def test_data_and_hooks_come_along(place: Scene) -> None:
    said = place.clone("p", "q")
    assert "Cloning into 'q'..." in said.stderr, "Git's own words are shown"
    assert "brought 3 files of data to q" in said.stdout
    assert place.text("q", "data", "f") == place.text("q", "m") == "2"
    assert place.status("q") == ""
    assert len(check_objects(place.folder / "q" / ".dvc" / "cache")) == 3
    assert leftovers(place.folder / "q") == leftovers(place.folder / "p") == []
    assert place.ok(place.program, "doctor", cwd="q").returncode == 0
    assert place.ok(place.program, "status", cwd="q").stderr == ""
    # the hooks are at work
    done = place.run("git", "checkout", "-q", "v1", cwd="q")
    assert "this data is not in the cache" in done.stderr


def test_a_version_and_gits_options(place: Scene) -> None:
    url = f"file://{place.folder / 'p'}"
    place.clone("-q", "-b", "v1", "--depth", "1", "-o", "up", url, "old")
    assert place.text("old", "data", "f") == "1"
    assert place.ok("git", "rev-list", "--count", "HEAD", cwd="old").stdout == "1\n"
    assert place.ok("git", "remote", cwd="old").stdout == "up\n"


def test_quiet_is_quiet(place: Scene) -> None:
    for words in (["-q", "p", "a"], ["p", "b", "--quiet"], ["-qb", "v1", "p", "c"]):
        said = place.clone(*words)
        assert said.stdout == "" and "Cloning" not in said.stderr


def test_a_shared_cache_needs_no_copy(place: Scene) -> None:
    shutil.move(place.folder / "p" / ".dvc" / "cache", place.folder / "shared")
    place.ok(place.program, "config", "cache.dir", place.folder / "shared", cwd="p")
    place.ok("git", "commit", "-qam", "shared cache", cwd="p")
    place.ok("git", "clone", "-q", "--bare", "p", "bare.git")
    shutil.rmtree(place.folder / "p")
    done = place.run(place.program, "clone", "bare.git", "q")
    if "safeCacheDir" in done.stderr:  # a commit may not choose any directory by itself
        place.ok("git", "config", "--global", "--add", "dvc.safeCacheDir", place.folder / "shared")
        shutil.rmtree(place.folder / "q")
        place.clone("bare.git", "q")
    assert place.text("q", "data", "f") == "2"
    assert not (place.folder / "q" / ".dvc" / "cache").exists()


def test_data_that_is_nowhere_is_named_and_the_clone_stays(place: Scene) -> None:
    place.ok("git", "clone", "-q", "--bare", "p", "bare.git")
    said = place.clone("bare.git", "q", code=1)
    assert "q/data/" in said.stderr and "q/m" in said.stderr
    assert "get it with: git -C q dvc pull" in said.stderr
    assert place.status("q") == ""
    assert place.run(place.program, "doctor", cwd="q").returncode == 0
    # as the hint says
    shutil.copytree(
        place.folder / "p/.dvc/cache", place.folder / "q/.dvc/cache", dirs_exist_ok=True
    )
    place.ok(place.program, "sync", cwd="q")
    assert place.text("q", "data", "f") == "2"


def test_data_comes_from_the_remote(place: Scene) -> None:
    place.ok(place.program, "remote", "add", "-d", "store", place.folder / "store", cwd="p")
    place.ok("git", "commit", "-qam", "remote", cwd="p")
    place.ok(place.program, "push", cwd="p")
    place.ok("git", "clone", "-q", "--bare", "p", "bare.git")
    place.clone("bare.git", "q")
    assert place.text("q", "data", "f") == "2"
    assert place.status("q") == ""
    shutil.rmtree(place.folder / "store")
    said = place.clone("bare.git", "r", code=1)
    assert "r/data/" in said.stderr


def test_damaged_objects_of_the_source_are_not_taken(place: Scene) -> None:
    for path in (place.folder / "p" / ".dvc" / "cache" / "files").rglob("*"):
        if path.is_file() and path.read_bytes() == b"2":
            path.chmod(0o644)
            path.write_bytes(b"3")
    said = place.clone("p", "q", code=1)
    assert "data/f" in said.stderr
    assert place.text("q", "data", "same") == "s"
    check_objects(place.folder / "q" / ".dvc" / "cache")


def test_a_project_in_a_part_of_the_repository(place: Scene) -> None:
    place.make("mono", part="ml/cats")
    place.clone("mono", "q")
    assert place.text("q", "ml", "cats", "data", "f") == "2"


def test_submodules_get_their_data_and_hooks(place: Scene) -> None:
    place.ok("git", "init", "-q", "outer")
    place.ok("git", "submodule", "--quiet", "add", "../p", "sub/p", cwd="outer")
    place.ok("git", "commit", "-qm", "submodule", cwd="outer")
    said = place.clone("--recurse-submodules", "outer", "q")
    assert "no project" not in said.stderr
    assert (place.folder / "q" / ".git" / "modules" / "sub" / "p" / "hooks" / "post-merge").exists()
    assert place.text("q", "sub", "p", "data", "f") == "2"


def test_a_repository_without_a_project_is_a_plain_clone(place: Scene) -> None:
    place.ok("git", "init", "-q", "plain")
    place.ok("git", "commit", "-q", "--allow-empty", "-m", "x", cwd="plain")
    said = place.clone("plain", "q")
    assert "q holds no project of git-dvc, so this was a plain clone" in said.stderr
    assert not (place.folder / "q" / ".git" / "hooks" / "post-checkout").exists()
    place.ok("git", "init", "-q", "empty")
    place.clone("empty", "q2")


def test_without_a_checkout_the_hooks_are_there_for_the_first_one(place: Scene) -> None:
    said = place.clone("-n", "p", "q")
    assert "the data comes with your first 'git checkout'" in said.stderr
    assert (place.folder / "q" / ".git" / "hooks" / "post-checkout").exists()
    assert "this data is not in the cache" in place.run("git", "checkout", "main", cwd="q").stderr


def test_git_that_fails_is_our_failure(place: Scene) -> None:
    said = place.clone("nowhere", "q", code=128)
    assert "fatal: repository 'nowhere' does not exist" in said.stderr
    assert not (place.folder / "q").exists()
    (place.folder / "full").mkdir()
    write_tree(place.folder / "full", {"f": "mine"})
    place.clone("p", "full", code=128)
    assert place.text("full", "f") == "mine"


def test_hooks_that_cannot_be_installed_leave_the_clone_and_say_how_to_finish(
    place: Scene,
) -> None:
    (place.folder / "file").write_text("")
    place.ok("git", "config", "--global", "core.hooksPath", place.folder / "file" / "hooks")
    said = place.clone("p", "q")
    assert "warning: the hooks were not installed" in said.stderr
    assert "finish it with: git -C q dvc install" in said.stderr
    assert place.text("q", "data", "f") == "2"


def test_a_global_installation_does_not_do_it_twice(place: Scene) -> None:
    place.ok(place.program, "install", "--global")
    said = place.clone("p", "q")
    assert "this data is not in the cache" not in said.stderr
    assert place.text("q", "data", "f") == "2"
    assert place.status("q") == ""
