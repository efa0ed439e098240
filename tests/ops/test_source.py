"""Reading from another repository: what there is, and its bytes, whatever they are kept in."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from git_dvc.errors import (
    FormatError,
    GitDvcError,
    NotASourceError,
    NowhereError,
    RemoteError,
    UnknownPathError,
    UnknownRevisionError,
    UnsafeUrlError,
)
from git_dvc.ops import config, push, remote, remotes
from git_dvc.ops.import_data import import_data
from git_dvc.ops.init import init
from git_dvc.ops.source import Source
from git_dvc.ops.wanted import Asked, Scope
from git_dvc.project import Project
from git_dvc.store.cache import Cache
from tests.conftest import run_git
from tests.ops.conftest import git
from tests.scene import check_objects, md5, read_tree, write_tree


def paths(source: Source, path: str = "") -> list[str]:
    return [entry.path + "/" * entry.is_dir for entry in source.walk(path)]


def whole(source: Source, path: str = "") -> dict[str, bytes]:
    files = list(source.files(path))
    lost = source.lost_links(files)
    return {e.path: b"".join(source.content(e)) for e in files if e.path not in lost}


@pytest.fixture(params=["work tree", "commit", "bare"])
def tip(request: pytest.FixtureRequest, registry: Path, tmp_path: Path) -> Iterator[Source]:
    """The newest version, in each way to have it."""
    if request.param == "bare":
        with Project.open() as project:
            push.push(project)
        git("clone", "-q", "--bare", ".", tmp_path / "bare.git")
        where, rev = tmp_path / "bare.git", None
    else:
        where, rev = registry, "HEAD" if request.param == "commit" else None
    with Source.open(str(where), rev) as source:
        yield source


def test_data_and_what_git_has_are_one_tree(tip: Source) -> None:
    head = git("rev-parse", "HEAD").strip()
    assert (tip.commit, tip.is_project) == (head, True)
    assert paths(tip, "data") == ["data/a", "data/new", "data/sub/", "data/sub/b"]
    assert paths(tip, "code") == ["code/.gitignore", "code/big", "code/big.dvc", "code/x.py"]
    top = [entry.path for entry in tip.children()]
    assert {"data", "data.dvc", "model", "link", "inner"} <= {*top}
    assert not {".git", ".dvc"} & {*top}
    assert top == sorted(top)
    one, folder = tip.entry("./data/a"), tip.entry("data/")
    assert (one.is_out, one.hash, one.is_dir) == (True, md5(b"a2 longer"), False)
    assert (folder.is_dir, folder.is_out, folder.nfiles) == (True, True, 3)
    assert tip.entry("code").is_out is False
    assert tip.read("data/sub/b") == b"b1"
    assert (tip.read("code/big"), tip.read("link")) == (b"B", b"x")


def test_a_project_inside_has_its_own_data(registry: Path) -> None:
    for rev in (None, "HEAD"):
        with Source.open(str(registry), rev) as source:
            assert whole(source, "inner")["inner/own"] == b"own"
            assert source.read("inner/plain") == b"plain"
        with Source.open(str(registry / "inner"), rev) as source:
            assert source.read("own") == b"own"


def test_an_old_version_is_read_as_it_was(registry: Path) -> None:
    with Source.open(str(registry), "v1") as source:
        assert whole(source, "data") == {"data/a": b"a1", "data/sub/b": b"b1"}
        assert not source.exists("inner")
        assert source.entry("code/x.py").is_exec


def test_recorded_data_is_read_and_not_what_somebody_edited(registry: Path) -> None:
    write_tree(registry, {"data/a": "edited"})
    with Source.open(str(registry)) as source:
        assert source.read("data/a") == b"a2 longer"


def test_what_is_not_there_is_said(registry: Path, tmp_path: Path) -> None:
    with Source.open(str(registry), "v1") as source:
        for path in ("nosuch", "data/nosuch", ".dvc", ".git/config", "model/x"):
            with pytest.raises(UnknownPathError):
                source.entry(path)
        with pytest.raises(UnknownPathError, match="at v1") as caught:
            source.entry("modle")
        assert "did you mean 'model'" in caught.value.hint
        with pytest.raises(FormatError, match="leads out"):
            source.entry("../x")
    with pytest.raises(UnknownRevisionError) as unknown:
        Source.open(str(registry), "nosuch")
    assert f"'git ls-remote {registry}'" in unknown.value.hint, "it is another repository's"
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotASourceError):
        Source.open(str(tmp_path / "empty"))


def test_no_link_leads_out(registry: Path) -> None:
    for rev in (None, "HEAD"):
        with Source.open(str(registry), rev) as source:
            assert source.lost_links(source.files()) == {"out"}


def test_nothing_is_written_to_the_source(registry: Path, tmp_path: Path) -> None:
    damaged = registry / ".dvc/cache/files/md5" / md5(b"m1")[:2] / md5(b"m1")[2:]
    damaged.chmod(0o644)
    damaged.write_bytes(b"XX")
    before = {str(p): p.lstat().st_mtime_ns for p in registry.rglob("*")}
    cache = Cache(str(tmp_path / "mine"))
    with Source.open(str(registry), "HEAD") as source:
        with pytest.raises(NowhereError, match="does not have it"):
            source.bring("", cache)
        got = source.bring("data", cache)
    assert (got.nfiles, got.size_bytes) == (3, 13)
    assert {str(p): p.lstat().st_mtime_ns for p in registry.rglob("*")} == before
    assert damaged.read_bytes() == b"XX"
    check_objects(tmp_path / "mine")


def test_objects_come_from_the_remote_where_the_cache_lacks_them(
    registry: Path, tmp_path: Path
) -> None:
    with Project.open() as project:
        push.push(project)
    shutil.rmtree(registry / ".dvc/cache")
    cache = Cache(str(tmp_path / "mine"))
    with Source.open(str(registry), "HEAD") as source:
        assert source.read("data/new") == b"n2"
        brought = source.bring("data/sub", cache)
        assert brought.nfiles == 1
        # One file of a directory is all that comes.
        assert set(check_objects(tmp_path / "mine")) == {brought.hash, md5(b"b1")}
        assert source.location(source.entry("model")).startswith(f"{tmp_path}/store/files/md5/")
    other = tmp_path / "other"
    shutil.move(tmp_path / "store", other)
    for options in ({"remote_config": {"url": str(other)}}, {"remote": {"url": str(other)}}):
        with Source.open(str(registry), "HEAD", **options) as source:  # type: ignore[arg-type]
            assert source.read("data/sub/b") == b"b1"


def test_what_is_no_output_by_itself_becomes_one(registry: Path, tmp_path: Path) -> None:
    cache = Cache(str(tmp_path / "mine"))
    with Source.open(str(registry), "v1") as source:
        code = source.bring("code", cache)
        assert source.bring("code/x.py", cache).is_exec
        top = source.bring(".", cache)
        assert top.left_out == ("out",)
    assert set(cache.read_manifest(code.hash)) == {".gitignore", "big", "x.py"}
    assert cache.read_manifest(top.hash)["data/a"] == md5(b"a1")


def test_a_plain_git_repository_has_what_git_has(git_repo: Path) -> None:
    write_tree(git_repo, {"d/f": "1", "g": "2"})
    git("add", "-A")
    git("commit", "-qm", "1")
    for rev in (None, "HEAD"):
        with Source.open(str(git_repo), rev) as source:
            assert not source.is_project
            assert whole(source) == {"d/f": b"1", "g": b"2"} == read_tree_without_git(git_repo)


def read_tree_without_git(top: Path) -> dict[str, bytes]:
    return {name: data for name, data in read_tree(top).items() if not name.startswith(".git/")}


# -- by a Git URL -----------------------------------------------------------------------------


@pytest.fixture
def address(registry: Path, git_server: tuple[Path, str]) -> str:
    """The URL of the registry, whose data is on its remote only."""
    with Project.open() as project:
        push.push(project)
    top, base = git_server
    name = f"{registry.parent.name}.git"
    git("config", "uploadpack.allowFilter", "true")
    git("clone", "-q", "--bare", ".", top / name)
    run_git("config", "uploadpack.allowFilter", "true", cwd=top / name)
    shutil.rmtree(registry / ".dvc/cache")
    return f"{base}/{name}"


def test_a_git_url_is_read_like_a_directory(address: str, tmp_path: Path) -> None:
    with Source.open(address) as source:
        assert source.commit == git("rev-parse", "HEAD")
        assert whole(source, "data") == {
            "data/a": b"a2 longer",
            "data/new": b"n2",
            "data/sub/b": b"b1",
        }
        assert source.read("link") == b"x"
        assert source.entry("code/x.py").size_bytes == 1
        sizes = {entry.path: entry.size_bytes for entry in source.children(sizes=True)}
        assert sizes["link"] == 9
        assert source.bring("code", Cache(str(tmp_path / "mine"))).nfiles == 3
    with Source.open(address, "v1") as source:
        assert not source.exists("inner")
        with pytest.raises(NowhereError):  # of v1 nothing was pushed
            source.read("data/a")


def test_an_old_revision_uses_the_remote_that_was_added_since(
    registry: Path, git_server: tuple[Path, str]
) -> None:
    with Project.open() as project:
        push.push(project, Asked(scope=Scope(tags=True)))
        store = remotes.about(project, "store").url
        remote.remove(project, "store")
        git("commit", "-qam", "no remote yet")
        git("tag", "bare")
        remote.add(project, "store", store, default=True)
        git("commit", "-qam", "a remote")
    top, base = git_server
    git("clone", "-q", "--bare", ".", top / "since.git")
    shutil.rmtree(registry / ".dvc/cache")
    for address in (str(registry), str(top / "since.git"), f"{base}/since.git"):
        with Source.open(address, "bare") as source:
            assert source.read("model") == b"m1", address


def test_a_remote_beside_another_machines_repository_is_out_of_reach(
    address: str, registry: Path, tmp_path: Path, git_server: tuple[Path, str]
) -> None:
    with Project.open() as project:
        remote.add(project, "store", "../store", default=True, force=True)
    git("commit", "-qam", "relative")
    git("push", "-q", git_server[0] / address.rpartition("/")[2], "main")
    with Source.open(address) as source:
        assert source.entry("model").size_bytes == 2
        with pytest.raises(RemoteError, match="out of reach") as caught:
            source.read("model")
        assert "--remote-config" in caught.value.hint
    with Source.open(address, remote_config={"url": str(tmp_path / "store")}) as source:
        assert source.read("model") == b"m1"


def test_a_stranger_gets_no_secret_and_runs_nothing(
    registry: Path, address: str, git_server: tuple[Path, str], tmp_path: Path
) -> None:
    mine = {"url": "https://mine/", "password": "secret", "user": "me"}
    for option, value in mine.items():
        config.put(None, f"remote.store.{option}", value, "global")
    with Project.open() as project:
        config.put(project, "remote.other.url", "webdav://x/", "project")
        config.put(project, "remote.other.bearer_token_command", "touch ran", "project")
    git("commit", "-qam", "options")
    git("push", "-q", git_server[0] / address.rpartition("/")[2], "main")
    with Source.open(address) as source:
        part = source.parts[""]
        assert remotes.about(part, "store").options == {"url": str(tmp_path / "store")}
        assert remotes.about(part, "other").options == {"url": "webdav://x/"}


@pytest.mark.parametrize("url", ["ext::sh -c true", "file://nosuch", "-x", "nosuch", "s3://b/x"])
def test_only_repositories_are_opened(url: str) -> None:
    with pytest.raises((NotASourceError, UnsafeUrlError)):
        Source.open(url)


def test_data_that_was_imported_comes_from_where_it_was_imported(
    registry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where that has imported it itself."""
    places = [registry]
    for name in ("second", "third"):
        place = tmp_path / name
        git("init", "-q", place)
        monkeypatch.chdir(place)
        init(".")
        with Project.open() as project:
            import_data(project, str(places[-1]), "data")
            import_data(project, str(places[-1]), "code" if name == "second" else "copy", "copy")
        git("add", "-A")
        git("commit", "-qm", "1")
        places.append(place)
    for place in places[1:]:
        shutil.rmtree(place / ".dvc/cache")
        shutil.rmtree(place / "data")
    cache = Cache(str(tmp_path / "mine"))
    with Source.open(str(places[-1]), "HEAD") as source:
        assert source.bring("data", cache).nfiles == 3
        assert whole(source, "data")["data/new"] == b"n2"
        assert source.read("copy/x.py") == b"x"
        assert source.read("copy/big") == b"B"
    shutil.rmtree(registry)
    with Source.open(str(places[-1]), "HEAD") as source, pytest.raises(GitDvcError):
        source.read("data/a")
