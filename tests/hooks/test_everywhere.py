"""``install --global``: clones of projects get hooks, all other repositories are left alone."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests import launcher, scene
from tests.scene import write_tree

NEWER = os.environ.get("GIT_DVC_TEST_GIT", "")
GITS = ["git"] + ([NEWER] if NEWER else [])
Done = subprocess.CompletedProcess[str]


class Scene:
    """Projects to clone, and a user with a global config."""

    def __init__(self, folder: Path, git: str, home: Path) -> None:
        self.folder = folder
        self.home = home
        self.program = launcher.write(folder / "bin")
        self.path = f"{self.program.parent}{os.pathsep}{os.environ['PATH']}"
        if git != "git":
            self.path = f"{Path(git).parent}{os.pathsep}{self.path}"
        words = subprocess.run([git, "version"], capture_output=True, text=True, check=True).stdout
        self.by_config = [int(part) for part in re.findall(r"\d+", words)[:2]] >= [2, 54]
        self.data = home / ".local" / "share" / "git-dvc"

    def run(self, *args: str | Path, cwd: str | Path = "", **env: str) -> Done:
        return scene.run(*args, cwd=self.folder / cwd, env={"PATH": self.path, **env})

    def ok(self, *args: str | Path, cwd: str | Path = "", **env: str) -> Done:
        done = self.run(*args, cwd=cwd, **env)
        assert done.returncode == 0, f"{args}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def install(self) -> str:
        return self.ok(self.program, "install", "--global").stdout

    def uninstall(self) -> str:
        return self.ok(self.program, "uninstall", "--global").stdout

    def config(self) -> str:
        return (self.home / ".gitconfig").read_text()

    def hooks_of(self, clone: str) -> int:
        """Return how many hooks of ours a clone has."""
        folder = self.folder / clone / ".git" / "hooks"
        texts = [path.read_text() for path in folder.iterdir()] if folder.is_dir() else []
        return sum(bool(re.search(r"^# git-dvc hook v[1-9]\d*$", text, re.M)) for text in texts)

    def make_project(self, name: str, part: str = "") -> None:
        self.ok("git", "init", "-q", name)
        place = Path(name, part)
        args = ["init", "-q", "--no-hooks", *(["--subdir", part] if part else [])]
        self.ok(self.program, *args, cwd=name)
        write_tree(self.folder / place, {"data/f": "1"})
        self.ok(self.program, "add", "-q", "data", cwd=place)
        self.ok("git", "add", "-A", cwd=name)
        self.ok("git", "commit", "-qm", "1", cwd=name)


@pytest.fixture(params=GITS, ids=["git", "newer"][: len(GITS)])
def user(request: pytest.FixtureRequest, tmp_path: Path, isolated_home: Path) -> Scene:
    return Scene(tmp_path, request.param, isolated_home)


def test_a_clone_of_a_project_gets_its_hooks_and_stays_clean(user: Scene) -> None:
    user.make_project("p")
    user.make_project("q", part="deep/er")
    said = user.install()
    where = user.data / "hooks" if user.by_config else user.data / "template" / "hooks"
    assert f"wrote {where / 'post-checkout'}" in said
    assert user.install() == "future clones are set up already\n"
    for name in ("p", "q"):
        done = user.ok("git", "clone", "-q", name, f"{name}-clone")
        assert "this data is not in the cache" in done.stderr
        assert user.hooks_of(f"{name}-clone") == 8
        assert user.ok("git", "status", "--porcelain", cwd=f"{name}-clone").stdout == ""
    checks = user.ok(user.program, "doctor", cwd="p-clone").stdout
    assert "all is well" in checks and "future clones       set up by" in checks
    assert user.install() == "future clones are set up already\n"


def test_other_repositories_are_left_alone(user: Scene) -> None:
    user.ok("git", "init", "-q", "plain")
    write_tree(user.folder / "plain", {"f.dvc": "no project\n", "dvc.yaml": ""})
    user.ok("git", "add", "-A", cwd="plain")
    user.ok("git", "commit", "-qm", "x", cwd="plain")
    user.install()
    # a program that is started would leave a trace
    user.program.write_text(f"#!/bin/sh\ntouch '{user.folder}/started'\n")
    user.ok("git", "clone", "-q", "plain", "clone")
    for command in (["checkout", "-qb", "x"], ["reset", "-q", "--hard"], ["stash", "-q"]):
        user.ok("git", *command, cwd="clone")
    assert not (user.folder / "started").exists()
    assert user.hooks_of("clone") == 0
    assert not (user.folder / "clone" / ".git" / "dvc").exists()


def test_a_clone_that_wants_no_hooks_is_not_given_them_again(user: Scene) -> None:
    user.make_project("p")
    user.install()
    user.ok("git", "clone", "-q", "p", "clone")
    user.ok(user.program, "uninstall", cwd="clone")
    user.ok("git", "worktree", "add", "-q", "../linked", cwd="clone")
    user.ok("git", "checkout", "-q", "--detach", cwd="clone")
    assert user.hooks_of("clone") == 0


def test_init_takes_the_place_of_what_the_template_brought(user: Scene) -> None:
    user.install()
    user.ok("git", "init", "-q", "new")
    user.ok(user.program, "init", "-q", cwd="new")
    assert user.hooks_of("new") == 8
    assert (user.folder / "new" / ".git" / "info" / "exclude").exists(), "Git's own template"


def test_uninstall_leaves_no_trace(user: Scene) -> None:
    before = user.config()
    user.install()
    assert user.config() != before
    said = user.uninstall()
    assert "unset diff.dvc.textconv for all your repositories" in said
    assert user.config() == before
    assert not [path for path in user.data.rglob("*") if path.is_file()]
    assert user.uninstall() == "future clones were not set up\n"


def test_a_template_of_the_user_is_extended_and_put_back(user: Scene) -> None:
    theirs = user.folder / "my template"
    log = user.folder / "log"
    write_tree(theirs, {"hooks/post-checkout": f'#!/bin/sh\necho mine >>"{log}"\n', "note": "x"})
    (theirs / "hooks" / "post-checkout").chmod(0o755)
    user.ok("git", "config", "--global", "init.templateDir", theirs)
    before = scene.read_tree(theirs)
    user.make_project("p")
    user.install()
    log.unlink(missing_ok=True)
    # A Git that lies somewhere else may be told its template by the environment.
    user.ok("git", "clone", "-q", "--template", theirs, "p", "clone")
    assert user.hooks_of("clone") == 8
    assert log.read_text() == "mine\n"
    assert (user.folder / "clone" / ".git" / "note").exists()
    user.ok("git", "checkout", "-q", "--detach", cwd="clone")
    assert log.read_text() == "mine\nmine\n", "the user's hook is kept in the clone, too"
    user.uninstall()
    assert scene.read_tree(theirs) == before
    assert user.ok("git", "config", "init.templateDir").stdout.strip() == str(theirs)


def test_a_program_that_moved_is_said_and_the_clone_is_made(user: Scene) -> None:
    user.make_project("p")
    user.install()
    user.program.rename(user.folder / "moved")
    user.path = "/usr/bin:/bin" if not user.by_config else f"{Path(NEWER).parent}:/usr/bin:/bin"
    done = user.ok("git", "clone", "-q", "p", "clone")
    assert "run 'git dvc install --global' again" in done.stderr
    assert (user.folder / "clone" / "data.dvc").exists()


def test_a_file_that_went_missing_stops_no_git_command(user: Scene) -> None:
    user.make_project("p")
    user.install()
    for path in user.data.rglob("post-checkout"):
        path.unlink()
    done = user.ok("git", "clone", "-q", "p", "clone")
    assert done.stderr == ""


def test_drivers_of_the_user_are_left(user: Scene) -> None:
    user.ok("git", "config", "--global", "diff.dvc.textconv", "cat")
    assert "left diff.dvc.textconv as it is: it is not ours (cat)" in user.install()
    user.uninstall()
    assert user.ok("git", "config", "--global", "diff.dvc.textconv").stdout == "cat\n"
