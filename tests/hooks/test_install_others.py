"""husky, lefthook, pre-commit and shared directories: their hooks keep running, and so do ours.

With the real tools (``tests/hooks/tools.py``), under the Git of the machine and, if one is named
in GIT_DVC_TEST_GIT, under a newer one that runs hooks from its config.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import launcher, scene
from tests.hooks import tools
from tests.scene import write_tree

Done = subprocess.CompletedProcess[str]
LINE = re.compile(r'^h=\$\{GIT_DIR:-\.git\}; .*/dvc/hooks/[a-z-]+; .* "\$h" "\$@"$', re.MULTILINE)


def _version(git: str) -> tuple[int, ...]:
    words = subprocess.run([git, "version"], capture_output=True, text=True, check=True).stdout
    return tuple(int(part) for part in re.findall(r"\d+", words)[:2])


NEWER = os.environ.get("GIT_DVC_TEST_GIT", "")
GITS = ["git"] + ([NEWER] if NEWER else [])


class Scene:
    """A project with two versions, v1 and v2, and the tools of others in it."""

    def __init__(self, top: Path, program: Path, git: str) -> None:
        self.top = top
        self.program = program
        self.by_config = _version(git) >= (2, 54)
        self.log = top.parent / "log"
        self.calls: Path = top.parent / "ours"
        self.path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
        if git != "git":
            self.path = f"{Path(git).parent}{os.pathsep}{self.path}"

    def run(self, *args: str | Path, **env: str) -> Done:
        return scene.run(*args, cwd=self.top, env={"PATH": self.path, **env})

    def ok(self, *args: str | Path, **env: str) -> Done:
        done = self.run(*args, **env)
        assert done.returncode == 0, f"{args}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def install(self, *args: str) -> str:
        return self.ok(self.program, "install", *args).stdout

    def uninstall(self) -> str:
        return self.ok(self.program, "uninstall").stdout

    def hooks(self) -> dict[str, dict[str, Any]]:
        """Return what doctor says of each thing that it looks at."""
        said = json.loads(self.run(self.program, "doctor", "--json").stdout)
        return {check["what"]: check for check in said["checks"]}

    def runners(self) -> dict[str, str]:
        """Return who runs each of our hooks that runs."""
        return {
            name: check["how"].partition("run by ")[2]
            for name, check in self.hooks().items()
            if name.startswith(("post-", "pre-")) and check["ok"]
        }

    def theirs(self) -> list[str]:
        """Return what the hooks of the others have noted since the last time."""
        text = self.log.read_text() if self.log.exists() else ""
        self.log.unlink(missing_ok=True)
        return text.split()

    def data(self) -> str:
        return (self.top / "data" / "f").read_text()

    def check_that_all_follows(self) -> None:
        """Assert that data follows by every way that needs another hook."""
        self.theirs()
        for command in (
            ["checkout", "-q", "v1"],  # post-checkout
            ["reset", "-q", "--hard", "v2"],  # post-index-change alone
            ["checkout", "-q", "v1", "--", "data.dvc"],
        ):
            self.ok("git", *command)
            assert self.data() == ("2" if "v2" in command else "1"), command
        self.ok("git", "checkout", "-qf", "main")
        assert self.data() == "2"
        # pre-commit
        write_tree(self.top, {"gone.dvc": f"outs:\n- md5: {'d' * 32}\n  size: 1\n  path: gone\n"})
        self.ok("git", "add", "gone.dvc")
        done = self.run("git", "commit", "-qm", "names data that exists nowhere")
        assert done.returncode == 1, done.stderr
        assert "exists nowhere" in done.stderr + done.stdout
        self.ok("git", "rm", "-qf", "gone.dvc")


@pytest.fixture(params=GITS, ids=["git", "newer"][: len(GITS)])
def work(request: pytest.FixtureRequest, git_repo: Path, tmp_path: Path) -> Scene:
    made = Scene(git_repo, launcher.write(tmp_path / "bin"), request.param)
    made.ok(made.program, "init", "-q", "--no-hooks")
    for version in ("1", "2"):
        write_tree(git_repo, {"data/f": version})
        made.ok(made.program, "add", "-q", "data")
        made.ok("git", "commit", "-qm", version)
        made.ok("git", "tag", f"v{version}")
    return made


@pytest.fixture
def old(work: Scene) -> Scene:
    """Return the scene where Git cannot run hooks from its config."""
    if work.by_config:
        pytest.skip("this Git runs hooks from its config")
    return work


def cache(request: pytest.FixtureRequest) -> Path:
    kept = getattr(request.config, "cache", None)  # not with -p no:cacheprovider
    if kept is not None:
        return Path(kept.mkdir("hook-tools"))
    temporary: Path = request.getfixturevalue("tmp_path_factory").getbasetemp()
    return temporary / "hook-tools"


@pytest.fixture(scope="session")
def husky(request: pytest.FixtureRequest) -> Path:
    return tools.find("husky", cache(request))


@pytest.fixture(scope="session")
def lefthook(request: pytest.FixtureRequest) -> Path:
    return tools.find("lefthook", cache(request))


@pytest.fixture(scope="session")
def pre_commit(request: pytest.FixtureRequest) -> Path:
    return tools.find("pre-commit", cache(request))


# -- husky ----------------------------------------------------------------------------------


@pytest.fixture
def with_husky(work: Scene, husky: Path) -> Scene:
    log = work.log
    write_tree(
        work.top,
        {
            ".husky/pre-commit": f'echo "husky:pre-commit" >>"{log}"\n',
            ".husky/post-checkout": f'echo "husky:post-checkout" >>"{log}"\n',
        },
    )
    work.ok(husky)
    work.ok("git", "add", ".husky")
    work.ok("git", "commit", "-qm", "husky")
    work.ok("git", "checkout", "-qB", "main")
    work.ok("git", "tag", "-f", "v2")
    assert "husky:pre-commit" in work.theirs()
    return work


def test_husky_runs_its_hooks_and_ours(with_husky: Scene, husky: Path) -> None:
    work = with_husky
    said = work.install()
    if work.by_config:
        assert "Git's config runs them, as the hooks directory is husky's" in said
        assert work.ok("git", "status", "--porcelain", ".husky").stdout == ""
        assert set(work.runners().values()) == {"Git's config"}
    else:
        assert "added a line to .husky/pre-commit: commit it" in said
        assert "wrote .husky/post-merge: commit it" in said
        assert work.runners()["post-index-change"] == "Git"  # husky has no wrapper for it
        assert work.runners()["post-checkout"] == "husky"
        work.ok("git", "add", ".husky")
        work.ok("git", "commit", "-qm", "git-dvc in husky", "--no-verify")
        work.ok("git", "tag", "-f", "v2")
    assert len(work.runners()) == 8
    assert work.install() == "the hooks are in place already\n"
    work.ok(husky)  # what 'npm install' does
    assert len(work.runners()) == 8
    work.check_that_all_follows()
    assert set(work.theirs()) == {"husky:pre-commit", "husky:post-checkout"}


def test_a_script_of_husky_keeps_its_text_and_gets_one_line(
    old: Scene, husky: Path, with_husky: Scene
) -> None:
    before = (old.top / ".husky" / "pre-commit").read_text()
    old.install()
    after = (old.top / ".husky" / "pre-commit").read_text()
    assert after.startswith(before)
    assert len(LINE.findall(after)) == 1
    assert str(old.program) not in after, "a shared file names no program of this machine"


def test_a_colleague_without_git_dvc_is_not_bothered_by_the_line(
    old: Scene, husky: Path, with_husky: Scene, tmp_path: Path
) -> None:
    old.install()
    old.ok("git", "add", ".husky")
    old.ok("git", "commit", "-qm", "git-dvc in husky", "--no-verify")
    old.ok("git", "clone", "-q", old.top, tmp_path / "clone")
    theirs = Scene(tmp_path / "clone", Path("/nowhere/git-dvc"), "git")
    theirs.ok(husky)
    assert theirs.ok("git", "commit", "-q", "--allow-empty", "-m", "x").stderr == ""
    assert theirs.ok("git", "checkout", "-q", "v1").stderr == ""
    # one who has it needs the files of ours, and gets no second line
    theirs = Scene(tmp_path / "clone", old.program, "git")
    theirs.ok("git", "checkout", "-q", "main")
    assert "post-checkout" not in theirs.runners()
    assert "installed" in theirs.install()
    assert len(theirs.runners()) == 8
    assert theirs.ok("git", "status", "--porcelain").stdout == ""


def test_uninstall_leaves_husky_as_it_was(with_husky: Scene) -> None:
    work = with_husky
    before = scene.read_tree(work.top / ".husky")
    work.install()
    work.uninstall()
    assert work.runners() == {}
    lines = [work.top / ".husky" / "pre-commit", work.top / ".husky" / "post-checkout"]
    if not work.by_config:
        # both are in Git, so the line may be others'; it does nothing here any more
        for path in lines:
            path.write_text(LINE.sub("", path.read_text()).replace(REMARK, "").rstrip("\n") + "\n")
    assert scene.read_tree(work.top / ".husky") == before
    work.ok("git", "checkout", "-q", "v1", "--", "data.dvc")
    assert "husky:post-checkout" in work.theirs()
    assert work.data() == "2", "ours is gone"


REMARK = "# The data of git-dvc follows; this does nothing for those who do not use it.\n"


@pytest.mark.parametrize(
    "text",
    [
        "#!/usr/bin/env python3\nprint(1)\n",
        "#!/usr/bin/env node\nconsole.log(1)\n",
        "npm test\nexit 0\n",
        "exec npm test\n",
        "npm test \\\n",
        "\x7fELF\0\0",
    ],
)
def test_a_script_that_would_not_reach_our_line_is_left_and_said(
    old: Scene, husky: Path, with_husky: Scene, text: str
) -> None:
    write_tree(old.top, {".husky/pre-commit": text})
    before = scene.read_tree(old.top)
    done = old.run(old.program, "install")
    assert done.returncode == 1
    assert "in .husky/pre-commit:" in done.stderr
    assert LINE.search("\n".join(line.strip() for line in done.stderr.splitlines()))
    assert "nothing was changed" in done.stderr
    after = scene.read_tree(old.top)
    assert {name for name in after if after[name] != before.get(name)} == set()
    # the user follows the hint
    line = next(one.strip() for one in done.stderr.splitlines() if "dvc/hooks/pre-commit" in one)
    write_tree(old.top, {".husky/pre-commit": f"{line}\n" + ("" if text[0] == "#" else text)})
    old.install()
    assert len(old.runners()) == 8


def test_a_linked_script_is_not_written_through(
    old: Scene, husky: Path, with_husky: Scene, tmp_path: Path
) -> None:
    (tmp_path / "victim").write_text("npm test\n")
    (old.top / ".husky" / "pre-commit").unlink()
    (old.top / ".husky" / "pre-commit").symlink_to(tmp_path / "victim")
    assert old.run(old.program, "install").returncode == 1
    assert (tmp_path / "victim").read_text() == "npm test\n"


# -- lefthook -------------------------------------------------------------------------------

LEFTHOOK = """\
# ours
pre-commit:
  commands:
    lint:
      run: echo lefthook:pre-commit >>"{log}"
post-checkout:
  jobs:
    - name: note
      run: echo lefthook:post-checkout >>"{log}"
"""


@pytest.fixture
def with_lefthook(work: Scene, lefthook: Path) -> Scene:
    write_tree(work.top, {"lefthook.yml": LEFTHOOK.format(log=work.log)})
    work.path = f"{lefthook.parent}{os.pathsep}{work.path}"
    work.ok("git", "add", "lefthook.yml")
    work.ok("git", "commit", "-qm", "lefthook")
    work.ok("git", "tag", "-f", "v2")
    work.ok(lefthook, "install")
    return work


def test_lefthook_runs_its_hooks_and_ours(with_lefthook: Scene, lefthook: Path) -> None:
    work = with_lefthook
    said = work.install()
    other = "Git's config" if work.by_config else "lefthook"
    if not work.by_config:
        assert "added git-dvc to lefthook-local.yml: lefthook runs it" in said
    assert work.runners()["pre-commit"] == work.runners()["post-checkout"] == other
    assert work.runners()["post-index-change"] == "Git"
    assert len(work.runners()) == 8
    assert work.ok("git", "status", "--porcelain").stdout == ""
    assert work.install() == "the hooks are in place already\n"
    work.ok(lefthook, "install", "--force")
    assert len(work.runners()) == 8
    work.check_that_all_follows()
    assert set(work.theirs()) == {"lefthook:pre-commit", "lefthook:post-checkout"}
    work.uninstall()
    assert not (work.top / "lefthook-local.yml").exists()
    work.ok("git", "checkout", "-q", "v1")
    assert (work.data(), work.theirs()) == ("2", [])  # v1 has no lefthook.yml
    work.ok("git", "checkout", "-q", "main")
    assert work.theirs() == ["lefthook:post-checkout"]


def test_lefthook_that_comes_later_is_joined_by_the_next_install(
    with_lefthook: Scene, lefthook: Path
) -> None:
    work = with_lefthook
    hooks = work.top / ".git" / "hooks"
    for name in ("pre-commit", "post-checkout"):
        (hooks / name).unlink()
    work.install()
    work.ok(lefthook, "install")
    assert (hooks / "pre-commit.old").exists(), "lefthook pushes others aside"
    checks = work.hooks()
    assert not checks["pre-commit"]["ok"]
    assert checks["pre-commit"]["how"] == "foreign: there is a hook of lefthook"
    assert checks["pre-commit"]["repair"] == "git dvc install"
    work.install()
    assert len(work.runners()) == 8
    assert not (hooks / "pre-commit.old").exists()
    work.ok(lefthook, "install", "--force")
    work.check_that_all_follows()


def test_a_personal_configuration_of_lefthook_keeps_what_it_has(
    old: Scene, with_lefthook: Scene
) -> None:
    text = "# mine\npre-commit:\n  commands:\n    spell:\n      run: 'true'\noutput: false\n"
    write_tree(old.top, {"lefthook-local.yml": text})
    old.install()
    now = (old.top / "lefthook-local.yml").read_text()
    value = yaml.safe_load(now)
    assert set(value["pre-commit"]["commands"]) == {"spell", "git-dvc"}
    assert value["output"] is False
    assert now.startswith("# mine\npre-commit:\n  commands:\n    spell:\n      run: 'true'\n")
    old.uninstall()
    assert yaml.safe_load((old.top / "lefthook-local.yml").read_text()) == yaml.safe_load(text)


def test_what_cannot_be_edited_for_lefthook_is_said(old: Scene, with_lefthook: Scene) -> None:
    write_tree(old.top, {"lefthook-local.toml": "[pre-commit]\n"})
    done = old.run(old.program, "install")
    assert done.returncode == 1
    assert "cannot edit lefthook-local.toml: only YAML can be edited" in done.stderr
    assert "git-dvc:" in done.stderr and "/dvc/hooks/pre-commit" in done.stderr
    assert old.runners() == {}


# -- the pre-commit framework ---------------------------------------------------------------

PRE_COMMIT = """\
repos:
- repo: local
  hooks:
  - id: note
    name: note
    entry: sh -c 'echo pre-commit:$PRE_COMMIT_HOOK >>"{log}"'
    language: system
    always_run: true
    pass_filenames: false
    stages: [pre-commit, post-checkout]
"""
KINDS = ("--hook-type", "pre-commit", "--hook-type", "post-checkout")


@pytest.fixture
def with_pre_commit(work: Scene, pre_commit: Path) -> Scene:
    text = PRE_COMMIT.format(log=work.log).replace("$PRE_COMMIT_HOOK", "hook")
    write_tree(work.top, {".pre-commit-config.yaml": text})
    work.ok("git", "add", ".pre-commit-config.yaml")
    work.ok("git", "commit", "-qm", "pre-commit")
    work.ok("git", "tag", "-f", "v2")
    work.ok("git", "tag", "-f", "v1", "v2~1")
    return work


@pytest.mark.parametrize("first", ["theirs", "ours"])
def test_pre_commit_runs_its_hooks_and_ours(
    with_pre_commit: Scene, pre_commit: Path, first: str
) -> None:
    work = with_pre_commit
    theirs = (pre_commit, "install", "--allow-missing-config", *KINDS)
    if first == "theirs":
        work.ok(*theirs)
        work.install()
    else:
        work.install()
        work.ok(*theirs)
    assert work.install() == "the hooks are in place already\n"
    assert work.runners()["pre-commit"] == work.runners()["post-checkout"] == "pre-commit"
    assert work.runners()["post-index-change"] == "Git"
    assert len(work.runners()) == 8
    work.ok(*theirs)  # again: ours must not run theirs that runs ours
    work.ok("git", "checkout", "-q", "v1~1")
    assert work.data() == "1"
    work.ok("git", "reset", "-q", "--hard", "v2")
    assert work.data() == "2"
    work.theirs()
    work.ok("git", "commit", "-q", "--allow-empty", "-m", "x")
    assert work.theirs() == ["pre-commit:hook"]
    work.uninstall()
    work.ok("git", "commit", "-q", "--allow-empty", "-m", "x")
    assert work.theirs() == ["pre-commit:hook"]
    assert work.runners() == {}


def test_a_hook_before_pre_commit_still_runs(with_pre_commit: Scene, pre_commit: Path) -> None:
    work = with_pre_commit
    mine = work.top / ".git" / "hooks" / "pre-commit"
    mine.parent.mkdir(exist_ok=True)
    mine.write_text(f'#!/bin/sh\necho mine >>"{work.log}"\n')
    mine.chmod(0o755)
    work.ok(pre_commit, "install", *KINDS)
    work.install()
    work.theirs()
    work.ok("git", "commit", "-q", "--allow-empty", "-m", "x")
    assert work.theirs() == ["mine", "pre-commit:hook"]
    work.uninstall()
    work.ok("git", "commit", "-q", "--allow-empty", "-m", "x")
    assert work.theirs() == ["mine", "pre-commit:hook"]


def test_what_an_older_git_dvc_did_to_pre_commit_is_put_right(
    with_pre_commit: Scene, pre_commit: Path
) -> None:
    """It chained to pre-commit, which chained to it: the commit after that failed."""
    work = with_pre_commit
    work.ok(pre_commit, "install", *KINDS)
    hook = work.top / ".git" / "hooks" / "pre-commit"
    hook.rename(hook.with_name("pre-commit.before-git-dvc"))
    hook.write_text('#!/bin/sh\n# git-dvc hook v1\n"$0.before-git-dvc" "$@"\n')
    hook.chmod(0o755)
    work.install()
    assert not hook.with_name("pre-commit.before-git-dvc").exists()
    assert work.runners()["pre-commit"] == "pre-commit"
    work.ok(pre_commit, "install", *KINDS)
    work.theirs()
    work.ok("git", "commit", "-q", "--allow-empty", "-m", "x")
    assert work.theirs() == ["pre-commit:hook"]


def test_its_own_configuration_runs_ours(with_pre_commit: Scene, pre_commit: Path) -> None:
    work = with_pre_commit
    said = work.install("--use-pre-commit-tool")
    command = next(line for line in said.splitlines() if line.startswith("now run: "))
    assert "post-rewrite" in command and "post-index-change" not in command
    work.ok(pre_commit, *command.split()[3:])
    assert len(work.runners()) == 8
    assert work.runners()["post-merge"] == "pre-commit"
    assert work.runners()["post-index-change"] == "Git"
    work.ok("git", "add", "-A")
    work.ok("git", "commit", "-qm", "shared")
    work.ok("git", "tag", "-f", "v2")
    work.theirs()
    work.ok("git", "reset", "-q", "--hard", "v2~2")
    assert work.data() == "2"
    work.ok("git", "reset", "-q", "--hard", "v2")
    work.ok("git", "commit", "-q", "--allow-empty", "-m", "x")
    assert "pre-commit:hook" in work.theirs()


# -- core.hooksPath ---------------------------------------------------------------------------


def test_a_directory_shared_through_git_is_joined(work: Scene) -> None:
    write_tree(work.top, {".githooks/post-checkout": f'#!/bin/bash\necho team >>"{work.log}"\n'})
    (work.top / ".githooks" / "post-checkout").chmod(0o755)
    work.ok("git", "add", ".githooks")
    work.ok("git", "commit", "-qm", "team's hooks")
    work.ok("git", "tag", "-f", "v2")
    work.ok("git", "config", "core.hooksPath", ".githooks")
    said = work.install()
    if work.by_config:
        assert "Git's config runs them" in said
        assert os.listdir(work.top / ".githooks") == ["post-checkout"]
    else:
        assert "added a line to .githooks/post-checkout: commit it" in said
        assert os.access(work.top / ".githooks" / "post-merge", os.X_OK)
        work.ok("git", "add", ".githooks")
        work.ok("git", "commit", "-qm", "git-dvc, too", "--no-verify")
        work.ok("git", "tag", "-f", "v2")
    assert len(work.runners()) == 8
    assert work.install() == "the hooks are in place already\n"
    work.theirs()
    work.ok("git", "checkout", "-q", "--detach")
    work.ok("git", "checkout", "-q", "v1", "--", "data.dvc")
    assert work.data() == "1"
    work.ok("git", "reset", "-q", "--hard", "v2")
    assert work.data() == "2"
    assert work.theirs() == ["team", "team"]
    work.uninstall()
    work.ok("git", "checkout", "-q", "v1", "--", "data.dvc")
    assert work.data() == "2"


def test_a_directory_of_all_repositories_is_joined_and_harmless_elsewhere(
    work: Scene, tmp_path: Path
) -> None:
    folder = tmp_path / "my hooks"
    write_tree(folder, {"post-checkout": f'#!/bin/sh\necho mine >>"{work.log}"\n'})
    (folder / "post-checkout").chmod(0o755)
    work.ok("git", "config", "--global", "core.hooksPath", folder)
    said = work.install()
    if work.by_config:
        assert os.listdir(folder) == ["post-checkout"]
    else:
        assert "it does nothing in other repositories" in said
    assert len(work.runners()) == 8
    work.theirs()
    work.ok("git", "checkout", "-q", "v1")
    assert (work.data(), work.theirs()) == ("1", ["mine"])
    work.ok("git", "reset", "-q", "--hard", "v2")
    assert work.data() == "2"
    work.ok("git", "worktree", "add", "-q", tmp_path / "linked", "v1")
    assert (tmp_path / "linked" / "data" / "f").read_text() == "1"
    # another repository
    other = tmp_path / "other"
    work.ok("git", "init", "-q", other)
    done = scene.run("git", "commit", "-q", "--allow-empty", "-m", "x", cwd=other)
    assert (done.returncode, done.stderr) == (0, "")
    done = scene.run("git", "checkout", "-q", "-b", "b", cwd=other)
    assert (done.returncode, done.stderr) == (0, "")
    assert not (other / ".git" / "dvc").exists()


# -- hooks from Git's config --------------------------------------------------------------------


@pytest.fixture
def new(work: Scene) -> Scene:
    """Return the scene where Git runs hooks from its config."""
    if not work.by_config:
        pytest.skip("this Git does not run hooks from its config")
    return work


def test_a_line_of_the_team_and_the_config_do_not_run_ours_twice(
    new: Scene, husky: Path, with_husky: Scene
) -> None:
    new.install()
    count = new.top.parent / "count"
    program = new.top.parent / "counting" / "git-dvc"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$2" >>"{count}"\nexec "{new.program}" "$@"\n')
    program.chmod(0o755)
    new.ok(program, "install")
    for path in (new.top / ".git" / "dvc" / "config-hooks").iterdir():
        path.write_text(path.read_text().replace(str(new.program), str(program)))
    from git_dvc.hooks import joining

    with (new.top / ".husky" / "pre-commit").open("a") as script:
        script.write(joining.line("pre-commit") + "\n")
    new.ok("git", "commit", "-q", "--allow-empty", "-m", "x")
    assert count.read_text().split().count("pre-commit") == 1


def test_the_config_survives_a_move_of_the_repository(
    new: Scene, husky: Path, with_husky: Scene, tmp_path: Path
) -> None:
    new.install()
    shutil.move(new.top, tmp_path / "moved")
    new.top = tmp_path / "moved"
    new.ok("git", "config", "core.hooksPath", ".husky/_")
    assert len(new.runners()) == 8
    new.ok("git", "checkout", "-q", "v1")
    assert new.data() == "1"


def test_files_that_went_missing_stop_no_git_command_and_are_repaired(
    new: Scene, husky: Path, with_husky: Scene
) -> None:
    new.install()
    shutil.rmtree(new.top / ".git" / "dvc" / "config-hooks")
    new.ok("git", "checkout", "-q", "v1")
    assert new.data() == "2"
    checks = new.hooks()
    assert checks["post-checkout"]["how"].startswith("absent: Git's config would run ")
    new.install()
    assert len(new.runners()) == 8


def test_a_hook_that_is_switched_off_is_said(new: Scene, husky: Path, with_husky: Scene) -> None:
    new.install()
    new.ok("git", "config", "hook.git-dvc-pre-commit.enabled", "false")
    check = new.hooks()["pre-commit"]
    assert not check["ok"]
    assert check["how"] == "switched off: hook.git-dvc-pre-commit.enabled is false"
    new.ok("sh", "-c", check["repair"])
    assert len(new.runners()) == 8


def test_uninstall_takes_everything_out_of_the_config(
    new: Scene, husky: Path, with_husky: Scene
) -> None:
    before = new.ok("git", "config", "--local", "--list").stdout
    new.install()
    new.uninstall()
    assert new.ok("git", "config", "--local", "--list").stdout == before
    assert not (new.top / ".git" / "dvc" / "config-hooks").exists()


if sys.platform == "win32":
    pytest.skip("sh hooks are tested where sh is", allow_module_level=True)
