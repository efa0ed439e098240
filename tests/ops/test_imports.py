"""import, update, and what pull, push and status do with data of other repositories."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from git_dvc.errors import (
    CannotImportError,
    GitDvcError,
    MirrorError,
    NotASourceError,
    OccupiedError,
    UnknownPathError,
    UnsavedDataError,
    UsageError,
)
from git_dvc.formats import imports as formats
from git_dvc.formats import pointer
from git_dvc.formats.imports import Dep
from git_dvc.ops import to_remote, updates
from git_dvc.ops.import_data import import_data
from git_dvc.ops.import_url import import_url
from git_dvc.ops.pull import pull
from git_dvc.ops.push import Moved, push
from git_dvc.ops.undo import undo
from git_dvc.ops.update import update
from git_dvc.ops.wanted import HERE, Asked, Scope
from git_dvc.progress import NoProgress
from git_dvc.project import Project
from tests.conftest import run_git
from tests.ops.test_import_url import die_at
from tests.scene import check_objects, git_dvc, is_clean, md5, read_tree, write_tree

V1 = {"a": b"1", "sub/b": b"2"}
V2 = {"a": b"11", "sub/b": b"2"}


class Registry:
    """Another project: its data is in its own cache."""

    def __init__(self, top: Path) -> None:
        self.top = top
        run_git("init", "-q", top, cwd=top.parent)
        self("init", "-q", "--no-hooks")
        write_tree(top, {"code/x.py": "pass", "readme": "hello"})
        self.save({"data/a": "1", "data/sub/b": "2"}, "v1")
        self.save({"data/a": "11"}, "v2")

    def __call__(self, *words: str) -> None:
        done = git_dvc(*words, cwd=self.top)
        assert done.returncode == 0, done.stderr

    def save(self, files: dict[str, str], tag: str) -> str:
        write_tree(self.top, files)
        self("add", "-q", "data")
        run_git("add", "-A", cwd=self.top)
        run_git("commit", "-qm", tag, cwd=self.top)
        run_git("tag", tag, cwd=self.top)
        return self.commit("HEAD")

    def commit(self, rev: str) -> str:
        return run_git("rev-parse", rev, cwd=self.top)


@pytest.fixture
def registry(tmp_path: Path, project: Project) -> Registry:
    return Registry(tmp_path / "registry")


def dep_of(source: str) -> Dep:
    return formats.parse(pointer.parse(Path(source).read_bytes()).deps[0])


def pulled(*targets: str, scope: Scope = HERE) -> list[Moved]:
    """Pull as the next command would."""
    with Project.open() as again:
        return pull(again, Asked(targets, scope)).moved


def lose(project: Project, *names: str) -> None:
    """Delete data, and all of the cache."""
    shutil.rmtree(project.cache_root, ignore_errors=True)
    for name in names:
        if Path(name).is_dir():
            shutil.rmtree(name)
        else:
            Path(name).unlink(missing_ok=True)


# -- import ------------------------------------------------------------------------------


def test_tracked_data_and_files_of_git_whole_and_in_part(
    project: Project, registry: Registry
) -> None:
    import_data(project, "../registry", "data", rev="v1")
    import_data(project, "../registry", "data/sub/b")
    import_data(project, "../registry", "code")
    done = import_data(project, "../registry", "readme", "deep/er/")
    assert (done.relpath, done.staged) == ("deep/er/readme", True)
    assert read_tree("data") == V1 and read_tree("code") == {"x.py": b"pass"}
    assert Path("b").read_bytes() == b"2" and Path("deep/er/readme").read_text() == "hello"
    repo = dep_of("data.dvc").repo
    assert repo is not None
    assert repo.value() == {"url": "../registry", "rev": "v1", "rev_lock": registry.commit("v1")}
    assert "rev:" not in Path("code.dvc").read_text()
    assert is_clean(".")
    with pytest.raises(OccupiedError):
        import_data(project, "../registry", "data")
    for path, url in (("nosuch", "../registry"), ("data/nosuch", "../registry")):
        with pytest.raises(UnknownPathError):
            import_data(project, url, path)
    with pytest.raises(CannotImportError, match="describes data"):
        import_data(project, "../registry", "data.dvc")
    with pytest.raises(NotASourceError):
        import_data(project, "../nosuch", "data", "x")
    with pytest.raises(GitDvcError, match="v9"):
        import_data(project, "../registry", "data", "x", rev="v9")
    with pytest.raises(CannotImportError, match=r'cannot name this source: "data\\nx"'):
        import_data(project, "../registry", "data\nx", "x")
    with pytest.raises(CannotImportError, match="cannot import from itself"):
        run_git("commit", "-qm", "x", cwd=".")
        import_data(project, ".", "data", "x")


def test_a_dirty_source_gives_what_it_has_committed(project: Project, registry: Registry) -> None:
    write_tree(registry.top, {"readme": "draft"})
    import_data(project, "../registry", "readme")
    assert Path("readme").read_text() == "hello"


def test_undo_takes_an_import_and_an_update_back(project: Project, registry: Registry) -> None:
    import_data(project, "../registry", "data", rev="v1")
    text = Path("data.dvc").read_text()
    update(project, ["data.dvc"], rev="v2")
    assert read_tree("data") == V2
    undo(project)
    assert read_tree("data") == V1 and Path("data.dvc").read_text() == text
    undo(project)
    assert not Path("data").exists() and not Path("data.dvc").exists()


def test_options_for_its_remote_are_written_as_dvc_does(
    project: Project, registry: Registry
) -> None:
    options = {"endpointurl": "http://x"}
    for remote, given, expected in (
        ("up", None, {"remote": "up"}),
        (None, options, {"remote": options}),
        ("up", options, {"config": {"core": {"remote": "up"}, "remote": {"up": options}}}),
    ):
        import_data(
            project, "../registry", "data", "x", remote=remote, remote_config=given, execute=False,
            force=True,
        )  # fmt: skip
        repo = dep_of("x.dvc").repo
        assert repo is not None and repo.value() == {"url": "../registry", **expected}
    with pytest.raises(CannotImportError, match="secret"):
        import_data(project, "../registry", "data", "y", remote_config={"password": "hunter2"})
    with pytest.raises(UsageError):
        import_data(
            project, "../registry", "data", "y", config="c", remote="up", remote_config=options
        )


# -- update ------------------------------------------------------------------------------


def test_update_follows_the_revision(project: Project, registry: Registry) -> None:
    import_data(project, "../registry", "data", rev="main")
    import_data(project, "../registry", "data", "pinned", rev="v1")
    assert [one.content for one in update(project, ["data.dvc", "pinned.dvc"])] == [None, None]
    commit = registry.save({"data/a": "111", "data/new": "n"}, "v3")
    done = update(project, ["data", "pinned.dvc"])
    assert [one.content is None for one in done] == [False, True]
    assert read_tree("data") == {"a": b"111", "new": b"n", "sub/b": b"2"}
    assert read_tree("pinned") == V1
    repo = dep_of("data.dvc").repo
    assert repo is not None and (repo.rev, repo.rev_lock) == ("main", commit)
    update(project, ["pinned"], rev="v2")
    assert read_tree("pinned") == V2
    assert is_clean(".")


def test_update_asks_servers_paths_and_whole_directories(
    project: Project, registry: Registry, tmp_path: Path
) -> None:
    write_tree(tmp_path / "ext", {"f": "1", "d/x": "1"})
    import_url(project, "../ext/f", "in/f")
    import_url(project, "../ext/d", "in/d")
    import_data(project, "../registry", "readme", "in/readme")
    assert not any(one.content for one in update(project, ["in"], recursive=True))
    write_tree(tmp_path / "ext", {"f": "22", "d/y": "2"})
    done = update(project, ["in"], recursive=True)
    assert [one.relpath for one in done if one.content] == ["in/d", "in/f"]
    assert read_tree("in/d") == {"x": b"1", "y": b"2"} and Path("in/f").read_text() == "22"
    assert dep_of("in/f.dvc").hash == md5(b"22")
    with pytest.raises(UsageError, match="no revisions"):
        update(project, ["in/f"], rev="v1")
    assert is_clean(".")


def test_data_changed_here_stops_an_update(project: Project, registry: Registry) -> None:
    import_data(project, "../registry", "data", rev="v1")
    write_tree(".", {"data/a": "mine"})
    text = Path("data.dvc").read_text()
    with pytest.raises(UnsavedDataError, match="data/a"):
        update(project, ["data"], rev="v2")
    assert Path("data/a").read_text() == "mine" and Path("data.dvc").read_text() == text
    update(project, ["data"], rev="v2", force=True)
    assert read_tree("data") == V2
    undo(project)
    assert Path("data/a").read_text() == "mine"


def test_one_source_that_fails_does_not_keep_the_others_from_updating(
    project: Project, registry: Registry, tmp_path: Path
) -> None:
    write_tree(tmp_path / "ext", {"f": "1"})
    import_url(project, "../ext/f")
    import_data(project, "../registry", "data", rev="v1")
    (tmp_path / "ext/f").unlink()
    said = git_dvc("update", "f", "data", cwd=".")
    assert (said.returncode, said.stdout) == (1, "data: nothing new\n")
    assert "nothing is there: ../ext/f" in said.stderr
    write_tree(tmp_path / "ext", {"f": "22"})
    update(project, ["f"])
    update(project, ["data"], rev="v2")
    undo(project)  # both together are one operation
    write_tree(tmp_path / "ext", {"f": "333"})
    registry.save({"data/a": "9"}, "v3")
    texts = [Path(name).read_text() for name in ("f.dvc", "data.dvc")]
    git_dvc("update", "--rev", "v3", "data", cwd=".")
    git_dvc("undo", cwd=".")
    assert [Path(name).read_text() for name in ("f.dvc", "data.dvc")] == texts


def test_an_update_that_was_killed_is_finished_by_the_same_command(
    project: Project, registry: Registry
) -> None:
    import_data(project, "../registry", "data", rev="v1")
    for stop in range(1, 60):
        child = os.fork()
        if child == 0:
            die_at(stop)
            update(Project.open(), ["data"], rev="v2")
            os._exit(0)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        with Project.open() as again:
            update(again, ["data"], rev="v2")
            assert read_tree("data") == V2 and is_clean(".")
            update(again, ["data"], rev="v1")
        if code == 0:
            break
    assert stop > 5


def test_only_imports_can_be_updated(project: Project, registry: Registry) -> None:
    write_tree(".", {"own": "x"})
    git_dvc("add", "own", cwd=".")
    project.forget_tracked()
    with pytest.raises(CannotImportError, match=r"not an import: own\.dvc"):
        update(project, ["own.dvc"])
    with pytest.raises(GitDvcError, match="nosuch"):
        update(project, ["nosuch.dvc"])


def test_without_data_only_the_version_is_recorded(project: Project, registry: Registry) -> None:
    import_data(project, "../registry", "data", rev="v1", download=False)
    import_data(project, "../registry", "data", "later", execute=False)
    update(project, ["data"], rev="v2", download=False)
    repo = dep_of("data.dvc").repo
    assert repo is not None and repo.rev_lock == registry.commit("v2")
    assert check_objects(project.cache_root) == {} and not Path("data").exists()
    update(project, ["later"])
    assert read_tree("later") == V2
    # Nothing proves what it should be, so a pull of everything does not go and fetch it.
    done = pull(project)
    assert (done.completed, done.bare) == ([], ["data"]) and not Path("data").exists()
    done = pull(project, Asked(["data"]))
    assert [one.relpath for one in done.completed] == ["data"] and read_tree("data") == V2
    assert is_clean(".")


def test_pull_takes_the_version_that_was_recorded(project: Project, registry: Registry) -> None:
    import_data(project, "../registry", "data", rev="main", download=False)
    registry.save({"data/a": "111"}, "v3")
    pull(project, Asked(["data"]))
    assert read_tree("data") == V2


# -- push, fetch, pull, status -----------------------------------------------------------


def test_pull_brings_imports_from_where_they_are(
    project: Project, registry: Registry, tmp_path: Path
) -> None:
    write_tree(tmp_path / "ext", {"f": "1", "d/x": "1"})
    write_tree(".", {"own": "x"})
    git_dvc("remote", "add", "-d", "store", "../store", cwd=".")
    git_dvc("add", "own", cwd=".")
    with Project.open() as project:
        import_url(project, "../ext/f")
        import_url(project, "../ext/d")
        import_data(project, "../registry", "data", rev="v1")
        run_git("commit", "-qam", "v1", cwd=".")
        update(project, ["data"], rev="v2")
        [sent] = push(project, Asked())
        stored = check_objects(tmp_path / "store")
        # What came from an address is sent like all data, and what is another project's not.
        assert {md5(b"1"), md5(b"x")} <= stored.keys() and md5(b"11") not in stored
        assert sent.files == 2  # 'f' and 'd/x' have one content
        lose(project, "data", "f", "d", "own")
        assert not any(one.missing or one.errors for one in pulled())
        assert read_tree("data") == V2 and Path("f").read_text() == "1"
        # Also without the remote, if the source still has the same; and of older commits.
        shutil.rmtree(tmp_path / "store")
        (tmp_path / "store/files/md5").mkdir(parents=True)
        lose(project, "data", "f", "d")
        write_tree(tmp_path / "ext", {"d/x": "changed"})
        done = pulled(scope=Scope(commits=True))
        assert {path for one in done for path, _ in one.missing} == {"own", "d/"}
        assert Path("f").read_text() == "1" and md5(b"1") in check_objects(project.cache_root)
        assert read_tree("data") == V2


def test_to_a_remote_without_keeping_anything_here(
    project: Project, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(to_remote, "_PART_FILES", 2)
    write_tree(tmp_path / "ext", {"f": "1", "d/x": "1", "d/y": "2", "d/z": "3"})
    for name in ("store", "other"):
        git_dvc("remote", "add", "-d", name, f"../{name}", cwd=".")
    said = git_dvc("import-url", "--to-remote", "-r", "store", "../ext/d", cwd=".")
    assert said.stdout == "imported ../ext/d: 3 files (3 bytes); staged .gitignore and d.dvc\n"
    assert not Path("d").exists() and check_objects(project.cache_root) == {}
    assert {md5(b"1"), md5(b"2"), md5(b"3")} < check_objects(tmp_path / "store").keys()
    git_dvc("import-url", "--to-remote", "../ext/f", cwd=".")
    assert check_objects(tmp_path / "other") == {md5(b"1"): b"1"}
    assert not list(Path(".dvc/tmp/git-dvc/to-remote").iterdir())
    write_tree(tmp_path / "ext", {"d/z": "33"})
    git_dvc("update", "--to-remote", "-r", "store", "d.dvc", cwd=".")
    assert md5(b"33") in check_objects(tmp_path / "store")
    assert git_dvc("pull", "-r", "store", cwd=".").returncode == 0
    assert read_tree("d") == {"x": b"1", "y": b"2", "z": b"33"} and is_clean(".")
    import_data(project, "../registry", "data")
    project.forget_tracked()
    for words in (
        ["update", "--to-remote", "data"],
        ["update", "-r", "store", "d"],
        ["import-url", "--to-remote", "--no-exec", "../ext/f", "g"],
    ):
        assert git_dvc(*words, cwd=".").returncode == 129


def test_pull_of_a_part_brings_only_that(project: Project, registry: Registry) -> None:
    import_data(project, "../registry", "data")
    lose(project, "data")
    pulled("data/sub")
    assert read_tree("data") == {"sub/b": b"2"}
    assert md5(b"11") not in check_objects(project.cache_root)


def test_a_source_that_is_gone_or_has_lost_its_data_is_told(
    project: Project, registry: Registry
) -> None:
    import_data(project, "../registry", "data")
    lose(project, "data")
    away = registry.top.rename(registry.top.with_name("away"))
    [moved] = pulled()
    assert [type(problem) for problem in moved.errors] == [NotASourceError]
    assert "  data/" in str(moved.errors[0])
    away.rename(registry.top)
    shutil.rmtree(registry.top / ".dvc/cache")
    [moved] = pulled()
    assert [path for path, _ in moved.missing] == ["data/"]


def test_a_repository_without_commits(project: Project, tmp_path: Path) -> None:
    run_git("init", "-q", tmp_path / "fresh", cwd=tmp_path)
    with pytest.raises(MirrorError, match=r"cannot read \.\./fresh: it has no commits yet"):
        import_data(project, "../fresh", "data")


def test_status_tells_of_updates_and_asks_only_when_it_may(
    project: Project, registry: Registry
) -> None:
    import_data(project, "../registry", "data", rev="main")
    import_data(project, "../registry", "data", "pinned", rev="v1")
    items = list(project.tracked.outs.values())
    assert updates.available(project, items, NoProgress()) == ([], [])
    registry.save({"data/a": "111"}, "v3")
    said = git_dvc("status", "--json", cwd=".")
    line = '{"data.dvc": [{"changed deps": {"data (../registry)": "update available"}}]}\n'
    assert said.stdout == line
    assert "data/ from data (../registry)" in git_dvc("status", cwd=".").stdout
    assert git_dvc("status", "--no-updates", "--json", cwd=".").stdout == "{}\n"
    # A server is asked only when told so.
    text = Path("data.dvc").read_text()
    Path("data.dvc").write_text(text.replace("url: ../registry", "url: git://127.0.0.1:1/x"))
    for flags in ([], ["--no-updates"], ["-q"], ["--json"]):
        assert "127.0.0.1" not in git_dvc("status", *flags, cwd=".").stderr
    assert "127.0.0.1" in git_dvc("status", "--updates", cwd=".").stderr
    assert "127.0.0.1" in git_dvc("status", "--updates", "data", cwd=".").stderr
    Path("data.dvc").write_text(text)
    registry.top.rename(registry.top.with_name("away"))
    warned = git_dvc("status", cwd=".").stderr
    assert warned.count("warning: cannot tell whether") == 1, "two revisions of one repository"
    for flag in ("-q", "--no-updates"):
        assert git_dvc("status", flag, cwd=".").stderr == ""


def test_the_commands(project: Project, registry: Registry) -> None:
    said = git_dvc("import", "../registry", "data", "--rev", "v1", cwd=".")
    assert said.stdout == (
        "imported data (../registry): 2 files (2 bytes); staged .gitignore and data.dvc\n"
    )
    assert git_dvc("update", "data.dvc", cwd=".").stdout == "data: nothing new\n"
    said = git_dvc("update", "data", "--rev", "v2", cwd=".")
    assert said.stdout == "imported data: 2 files (3 bytes); staged data.dvc\n"
    assert git_dvc("import", "../registry", "data", cwd=".").returncode == 1
    both = git_dvc("import", "../registry", "data", "--no-exec", "--no-download", cwd=".")
    assert both.returncode == 129
    said = git_dvc("import-url", "--version-aware", "s3://b/k", cwd=".")
    assert (said.returncode, "not supported" in said.stderr) == (1, True)
    assert git_dvc("import-url", "../registry/readme", "--no-download", cwd=".").stdout == (
        "imported ../registry/readme: no data yet; staged .gitignore and readme.dvc\n"
    )
    assert "Imports without their data" in git_dvc("status", cwd=".").stdout
    assert "name them to bring it" in git_dvc("pull", cwd=".").stderr
    assert git_dvc("pull", "readme", cwd=".").stdout.startswith("imported readme: 1 file (5 bytes)")
    assert git_dvc("list-url", "../registry/code", "--size", cwd=".").stdout == "4 bytes  x.py\n"
    assert git_dvc("list-url", "-T", "../registry/code", cwd=".").stdout == (
        "../registry/code\n└── x.py\n"
    )
    said = git_dvc("get-url", "../registry/code", "c", cwd=".")
    assert said.stdout == "copied 1 file (4 bytes) to c\n"
