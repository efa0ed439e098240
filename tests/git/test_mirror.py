"""Cached clones of Git URLs, from real servers: Git's own, and a mere web server."""

from __future__ import annotations

import functools
import http.server
import os
import threading
from pathlib import Path

import pytest

from git_dvc.errors import MirrorError, UnknownRevisionError, UnsafeUrlError
from git_dvc.git.mirror import Mirror, check_url, is_url
from git_dvc.git.trees import Trees
from tests.conftest import run_git


@pytest.mark.parametrize(
    "url",
    [
        "https://host/a/b.git",
        "http://user:pw@host:8080/a",
        "ssh://git@host:22/~/a",
        "git+ssh://host/a",
        "git://host/a",
        "git@host:a/b.git",
        "host:a",
        "[::1]:a/b",
    ],
)
def test_addresses_of_repositories_are_known(url: str) -> None:
    assert is_url(url)
    assert check_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "ext::sh -c touch% /tmp/x",
        "ext::sh",
        "fd::17",
        "host::a",
        "file:///etc",
        "s3://bucket/a",
        "--upload-pack=touch /tmp/x",
        "-oProxyCommand=x:a",
        "ssh://-oProxyCommand=touch/a",
        "ssh://-oProxyCommand=x@host/a",
        "ssh://user@-oProxyCommand=x/a",
        "git@-oProxyCommand=x:a",
        "host:-a",
        "https:///a",
        "https://host/a\nb",
        "https://host/\x1b[31m",
    ],
)
def test_what_could_run_or_read_something_else_is_refused(url: str) -> None:
    with pytest.raises(UnsafeUrlError) as caught:
        check_url(url)
    assert "\x1b" not in str(caught.value)


class Origin:
    """A repository on the server, and the clones of it."""

    def __init__(self, top: Path, base: str, name: str, clones: Path) -> None:
        self.folder = top / name
        self.url = f"{base}/{name}"
        self.clones = clones
        self.folder.mkdir()
        self.git("init", "-q", "-b", "trunk")
        self.git("config", "uploadpack.allowFilter", "true")
        self.heads = [self.commit({"a": "a1", "sub/b": "b"}, "v1"), self.commit({"a": "a2"}, "v2")]

    def git(self, *words: str) -> str:
        return run_git(*words, cwd=self.folder)

    def commit(self, files: dict[str, str], tag: str = "") -> str:
        for name, text in files.items():
            (self.folder / name).parent.mkdir(exist_ok=True)
            (self.folder / name).write_text(text)
        self.git("add", "-A")
        self.git("commit", "-qm", "change")
        if tag:
            self.git("tag", "-a", "-m", tag, tag)
        return self.git("rev-parse", "HEAD")

    def mirror(self) -> Mirror:
        return Mirror.at(self.url, str(self.clones))


@pytest.fixture
def origin(git_server: tuple[Path, str], request: pytest.FixtureRequest, tmp_path: Path) -> Origin:
    return Origin(*git_server, request.node.name, tmp_path / "clones")


def present(mirror: Mirror) -> list[str]:
    words = ["cat-file", "--batch-all-objects", "--batch-check=%(objecttype)"]
    return sorted(run_git(*words, cwd=mirror.repo.top).split())


def content(mirror: Mirror, commit: str) -> dict[str, bytes]:
    with Trees(mirror.repo) as trees:
        blobs = trees.files(commit, lambda path: True)
        mirror.bring(trees, blobs.values())
        assert not trees.lacks(blobs.values())
        return {path: trees.blob(blob) for path, blob in blobs.items()}


def test_only_what_is_needed_comes(origin: Origin) -> None:
    mirror = origin.mirror()
    assert mirror.commit() == origin.heads[1]
    # One commit of two, its trees, and no file.
    assert present(mirror) == ["commit", "tree", "tree"]
    assert content(mirror, origin.heads[1]) == {"a": b"a2", "sub/b": b"b"}
    assert present(mirror).count("blob") == 2


def test_branches_and_tags_are_looked_up_each_time(origin: Origin) -> None:
    assert origin.mirror().commit("trunk") == origin.heads[1]
    assert origin.mirror().commit("v1") == origin.heads[0]
    newer = origin.commit({"a": "a3"}, "v3")
    mirror = origin.mirror()
    assert mirror.commit("trunk") == mirror.commit() == mirror.commit("origin/trunk") == newer
    assert mirror.commit("refs/heads/trunk") == newer
    origin.git("tag", "-f", "-a", "-m", "moved", "v1")
    assert mirror.commit("v1") == newer
    assert set(mirror.tags("v*")) == {"v1", "v2", "v3"}
    assert len(os.listdir(origin.clones)) == 2, "one clone and its lock"


def test_a_full_hash_that_is_here_needs_no_server(origin: Origin, tmp_path: Path) -> None:
    old = origin.heads[0]
    assert origin.mirror().commit(old) == old
    content(origin.mirror(), old)
    origin.folder.rename(tmp_path / "gone")
    assert origin.mirror().commit(old) == old
    assert content(origin.mirror(), old)["a"] == b"a1"
    with pytest.raises(MirrorError):
        origin.mirror().commit("trunk")


def test_whatever_git_resolves_is_a_revision(origin: Origin) -> None:
    mirror = origin.mirror()
    mirror.commit()
    for rev in ("HEAD~1", "v2~1", origin.heads[0][:9], "trunk^"):
        assert origin.mirror().commit(rev) == origin.heads[0], rev
    with pytest.raises(UnknownRevisionError) as caught:
        mirror.commit("trnk")
    assert "did you mean 'trunk'" in caught.value.hint
    for rev in ("--upload-pack=x", "0" * 40, "a\nb"):
        with pytest.raises(UnknownRevisionError):
            mirror.commit(rev)


def test_a_clone_that_was_killed_is_finished(origin: Origin) -> None:
    mirror = origin.mirror()
    mirror.commit("v1")
    lock = Path(mirror.repo.top, "shallow.lock")
    lock.write_text("")
    os.utime(lock, (1, 1))
    assert mirror.commit() == origin.heads[1]
    assert not lock.exists()


def test_a_server_that_can_do_less_is_asked_for_more(
    origin: Origin, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    bare = tmp_path / "web" / "plain.git"
    run_git("clone", "-q", "--bare", str(origin.folder), str(bare), cwd=tmp_path)
    run_git("update-server-info", cwd=bare)
    kind = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(bare.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://user:secret@127.0.0.1:{server.server_port}/plain.git"
        mirror = Mirror.at(url, str(tmp_path / "clones"))
        assert content(mirror, mirror.commit("v1"))["a"] == b"a1"
        assert mirror.commit() == origin.heads[1]
        with pytest.raises(MirrorError) as caught:
            Mirror.at(url.replace("plain", "nosuch"), str(tmp_path / "clones")).commit()
        server.shutdown()
    assert "secret" not in str(caught.value)
    assert "secret" not in mirror.where
    for folder, _, names in os.walk(tmp_path / "clones"):
        for name in names:
            assert b"secret" not in Path(folder, name).read_bytes(), name


def test_an_empty_repository_and_no_repository_are_told_apart(origin: Origin) -> None:
    empty = origin.folder.parent / "empty"
    run_git("init", "-q", str(empty), cwd=origin.folder)
    base = origin.url.rpartition("/")[0]
    with pytest.raises(MirrorError, match="no commits yet"):
        Mirror.at(f"{base}/empty", str(origin.clones)).commit()
    with pytest.raises(MirrorError, match=r"not exported|not found|no such"):
        Mirror.at(f"{base}/nosuch", str(origin.clones)).commit()
