from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from git_dvc import hashing
from git_dvc.errors import CannotCollectError, UnknownRevisionError
from git_dvc.locking import ProjectLock
from git_dvc.ops import remote as remote_ops
from git_dvc.ops import remotes, wanted
from git_dvc.ops.add import add
from git_dvc.ops.gc import Done, Plan, Request, collecting
from git_dvc.ops.keepers import KEEPERS, Scope
from git_dvc.ops.push import push
from git_dvc.ops.wanted import Asked
from git_dvc.progress import NoProgress
from git_dvc.project import Project
from tests import scene
from tests.ops.conftest import write

NOW = 2.0**60
NOTHING_ELSE = frozenset(KEEPERS)
BARE = Request(drop=NOTHING_ELSE, cutoff_s=NOW)


def git(*args: str, cwd: str | Path = ".") -> str:
    done = subprocess.run(["git", *args], cwd=cwd, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def gc(request: Request = BARE, *, dry: bool = False, root: str | Path = ".") -> list[Done]:
    with Project.open(str(root)) as project, collecting(project, request, dry=dry) as found:
        plan = found.plan()
        return [] if dry else list(found.carry_out(plan))


def look(request: Request = BARE) -> Plan:
    with Project.open() as project, collecting(project, request, dry=True) as found:
        return found.plan()


def add_here(*paths: str, cwd: str | Path = ".") -> None:
    with Project.open(str(cwd)) as project:
        add(project, [os.path.join(project.root, path) for path in paths])


def version(text: str, *, commit: bool = True) -> str:
    """Give ``d`` and ``f`` a new version, and return the content that only it has."""
    write("d/only", f"d {text}")
    write("f", f"f {text}")
    add_here("d", "f")
    if commit:
        git("add", "-A")
        git("commit", "-qm", text)
    return text


def has(text: str, cache: str = ".dvc/cache") -> bool:
    """Return whether a version is there; never a part of it."""
    objects = set(scene.check_objects(cache))
    listing = hashing.of_bytes(f"d {text}".encode())
    lists = [v for v in objects if v.endswith(".dir")]
    named = [v for v in lists if listing in Path(cache, "files/md5", v[:2], v[2:]).read_text()]
    found = {listing in objects, bool(named), hashing.of_bytes(f"f {text}".encode()) in objects}
    assert len(found) == 1, f"half of {text} is there"
    return found.pop()


def whole(cache: str = ".dvc/cache") -> None:
    """Assert that every list of files has all its files."""
    objects = scene.check_objects(cache)
    for value, data in objects.items():
        if value.endswith(".dir"):
            for entry in data.decode().split('"md5": "')[1:]:
                assert entry[:32] in objects


@pytest.fixture
def origin(project: Project, tmp_path: Path) -> Path:
    """Give the repository a Git remote."""
    write("d/same", "same")
    bare = tmp_path / "origin.git"
    git("init", "-q", "--bare", str(bare))
    git("remote", "add", "origin", str(bare))
    return bare


def test_the_scopes(origin: Path) -> None:
    texts = ["one", "two", "three", "four"]
    for number, text in enumerate(texts):
        version(text)
        git("tag", f"v{number}") if number != 1 else None
    git("branch", "old", "HEAD~1")

    def left(**scope: Any) -> list[str]:
        plan = look(BARE._replace(scope=Scope(**scope)))
        gone = set(dict.fromkeys(value for _, value in plan.sweeps[0].objects()))
        return [t for t in texts if hashing.of_bytes(f"f {t}".encode()) not in gone]

    assert left() == ["four"]
    assert left(branches=True) == ["three", "four"]
    assert left(branches=True, number=2) == ["two", "three", "four"]
    assert left(tags=True) == ["one", "three", "four"]
    assert left(revs=("v0",)) == ["one", "four"]
    assert left(revs=("v2",), number=2) == ["two", "three", "four"]
    assert left(since_s=0) == texts
    assert left(since_s=time.time() + 9) == ["four"]
    assert left(commits=True) == texts
    with pytest.raises(UnknownRevisionError):
        left(revs=("nosuch",))
    plan = look()
    assert [(loss.path, loss.versions, loss.files) for loss in plan.sweeps[0].losses] == [
        ("d/", 3, 3),
        ("f", 3, 3),
    ]
    assert plan.sweeps[0].losses[0].commit == git("rev-parse", "HEAD~1")
    assert plan.sweeps[0].unnamed == (0, 0)
    assert gc()[0].objects == 9
    assert [text for text in texts if has(text)] == ["four"]
    assert gc() == []
    # What was dropped on purpose does not stop the next one, whatever it keeps.
    assert gc(BARE._replace(scope=Scope(commits=True))) == []


def test_what_stages_made_is_kept_also_where_it_cannot_be_told_to_which_place(
    origin: Path,
) -> None:
    version("one")
    value = hashing.of_bytes(b"f one")
    made = Path(".dvc/cache/files/md5", value[:2], value[2:])
    write("dvc.yaml", "stages: {s: {foreach: [{d: a}], do: {cmd: x, wdir: '${p}', outs: [o]}}}")
    write("dvc.lock", "schema: '2.0'\nstages:\n  s@0:\n    cmd: x\n    outs:\n"
          f"    - path: o\n      hash: md5\n      md5: {value}\n")  # fmt: skip
    git("add", "-A")
    git("commit", "-qm", "a stage")
    version("two")
    gc()
    assert made.exists()
    git("rm", "-q", "dvc.yaml", "dvc.lock")
    git("commit", "-qm", "without it")
    gc()
    assert not made.exists()


def test_what_is_kept_beside_the_scope(origin: Path, tmp_path: Path) -> None:
    version("pushed")
    git("push", "-q", "origin", "main")
    version("unpushed")
    git("checkout", "-q", "-b", "topic")
    git("reset", "-q", "--hard", "HEAD~1")
    git("reflog", "expire", "--expire=now", "--all")
    linked = tmp_path / "linked"
    git("worktree", "add", "-q", "--detach", str(linked))
    write(str(linked / "f"), "f linked")
    write(str(linked / "d/only"), "d linked")
    add_here("d", "f", cwd=linked)
    version("reset")
    git("reset", "-q", "--hard", "HEAD~1")
    version("stashed", commit=False)
    git("add", "-A")
    git("stash")
    version("replaced", commit=False)
    version("staged", commit=False)
    git("add", "d.dvc", "f.dvc")
    git("config", "core.excludesFile", os.devnull)
    Path(".dvc/config.local").write_text("[core]\n    autostage = false\n")
    version("here", commit=False)

    def kept(*reasons: str) -> set[str]:
        plan = look(BARE._replace(drop=NOTHING_ELSE.difference(reasons)))
        gone = {value for _, value in plan.sweeps[0].objects()}
        return {t for t in everything if hashing.of_bytes(f"f {t}".encode()) not in gone} - {"here"}

    everything = {"here", "pushed", "unpushed", "linked", "reset", "stashed", "staged", "replaced"}
    before = scene.check_objects(".dvc/cache")
    assert gc(Request(cutoff_s=NOW)) == []
    assert kept() == set()
    assert kept("index") == {"staged", "pushed"}, "what HEAD has, too"
    assert kept("worktrees") == {"linked", "pushed"}
    assert kept("stash") == {"stashed"}
    assert kept("reflog") == {"reset", "pushed"}
    assert kept("unpushed") == {"unpushed"}
    assert kept("undo") == everything - {"here"}
    # A linked work tree that is not there, as on a drive that is not mounted.
    linked.rename(tmp_path / "away")
    assert kept("worktrees") == {"linked", "pushed"}
    assert kept("undo") == everything - {"here"}
    assert scene.check_objects(".dvc/cache") == before
    gc()
    assert [text for text in everything if has(text)] == ["here"]
    assert gc(Request(cutoff_s=NOW)) == []


def test_nothing_is_deleted_if_something_cannot_be_read(origin: Path) -> None:
    version("one")
    version("two")
    version("three")
    everything = Scope(commits=True)
    before = scene.check_objects(".dvc/cache")
    one = Path("d.dvc").read_bytes()

    def refuses(request: Request = BARE) -> str:
        with pytest.raises(CannotCollectError) as caught:
            gc(request)
        return str(caught.value)

    Path("d.dvc").write_bytes(b"<<<<<<< ours\n" + one)
    assert "d.dvc" in refuses()
    assert "d.dvc" in refuses(BARE._replace(skip_failed=True)), "the work tree always counts"
    Path("d.dvc").write_text("outs:\n- md5: ../../x\n  path: d\n")
    assert "d.dvc" in refuses()
    Path("d.dvc").write_bytes(one)

    # A list of files: gone, or damaged, or found damaged by somebody else before.
    listing = next(v for v in before if v.endswith(".dir") and hashing.of_bytes(b"d one") in
                   before[v].decode())  # fmt: skip
    place = Path(".dvc/cache/files/md5", listing[:2], listing[2:])
    kept = place.read_bytes()
    place.unlink()
    assert "d/ (in" in refuses(BARE._replace(scope=everything))
    assert "d/ (in" in refuses(BARE._replace(scope=Scope(revs=("HEAD~2",))))
    # Keepers have nothing there to keep, and say so.
    plan = look(Request(cutoff_s=NOW))
    assert [place.path for place in plan.unlisted] == ["d/"]
    place.write_bytes(b"[]")
    for _ in range(2):
        assert listing in refuses(BARE._replace(scope=everything))
        assert listing in refuses(Request(cutoff_s=NOW))
    place.write_bytes(kept)
    place.chmod(0o444)

    # A pointer file in a commit of the scope.
    Path("f.dvc").rename("f.away")
    Path("f.dvc").write_text("outs: nonsense\n")
    git("commit", "-qam", "broken")
    Path("f.away").rename("f.dvc")
    git("commit", "-qam", "mended")
    assert "f.dvc" in refuses(BARE._replace(scope=everything))
    assert "f.dvc" in refuses(BARE._replace(drop=frozenset({"undo"})))
    assert look(BARE._replace(scope=everything, skip_failed=True)).left_out

    # A ref, as Git has it after a crash.
    Path(".git/refs/heads/bad").write_text("")
    with pytest.raises(Exception, match="bad"):
        gc()
    Path(".git/refs/heads/bad").unlink()
    assert scene.check_objects(".dvc/cache") == before
    assert gc(), "nothing else was in the way"


def test_a_list_of_files_comes_from_the_remote(origin: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    remote_ops.add(Project.open(), "store", str(store), default=True)
    version("one")
    version("two")
    version("three")
    with Project.open() as project:
        push(project, everywhere())
    for value in scene.check_objects(".dvc/cache"):
        if value.endswith(".dir"):
            Path(".dvc/cache/files/md5", value[:2], value[2:]).unlink()
    request = BARE._replace(scope=Scope(revs=("HEAD~1",)))
    dry = look(request)
    assert not [v for v in scene.check_objects(".dvc/cache") if v.endswith(".dir")]
    gc(request)
    assert [t for t in ("two", "three") if has(t)] == ["two", "three"]
    assert hashing.of_bytes(b"d one") not in scene.check_objects(".dvc/cache")
    assert dry.sweeps[0].total()[0] == 2


def everywhere() -> Asked:
    """Return the request for the data of all commits."""
    return Asked(scope=wanted.Scope(commits=True))


def test_objects_younger_than_the_grace_period_stay(origin: Path) -> None:
    version("old")
    time.sleep(0.05)
    cutoff_s = time.time()
    time.sleep(0.05)
    # A young list names an old file, too.
    write("d/young", "d young")
    add_here("d")
    git("add", "-A")
    git("commit", "-qm", "young")
    git("rm", "-qf", "d.dvc", "f.dvc")
    git("commit", "-qm", "none")
    request = BARE._replace(cutoff_s=cutoff_s)
    plan = look(request)
    assert [(kept.reason, kept.objects) for kept in plan.sweeps[0].kept] == [("young", 4)]
    assert gc(Request(drop=NOTHING_ELSE)) == [], "two weeks"
    assert gc(request)[0].objects == 2, "the old list, and f"
    whole()
    git("config", "dvc.gcGraceDays", "0")
    assert gc(Request(drop=NOTHING_ELSE))[0].objects == 4
    assert scene.check_objects(".dvc/cache") == {}


def test_damaged_objects_go_when_nothing_needs_them(origin: Path) -> None:
    """Once the data is whole again, or no version names it, and not before the grace time."""
    version("one")
    version("two")
    folder = Path(".dvc/cache/corrupt")

    def set_aside(data: bytes, *, days: int = 20) -> str:
        """Put something there as if it had been found some days ago."""
        then = time.time() - days * 24 * 3600
        folder.mkdir(exist_ok=True)
        path = folder / f"{hashing.of_bytes(data)}.{int(then)}"
        path.write_bytes(b"damaged")
        os.utime(path, (then, then))
        return path.name

    healed, unknown, strange = set_aside(b"f one"), set_aside(b"never added"), "notes.txt"
    Path(folder, strange).write_text("")
    lost = set_aside(b"d one")
    value = hashing.of_bytes(b"d one")
    Path(".dvc/cache/files/md5", value[:2], value[2:]).unlink()

    def left(request: Request) -> set[str]:
        return {*(one.name for one in folder.iterdir())} - {strange} if gc(request) else set()

    # Their ctime cannot be set back, so the grace time is over when it is now.
    assert look(BARE._replace(cutoff_s=None)).damaged == []
    assert {os.path.basename(one.path) for one in look(BARE).damaged} == {healed, unknown, lost}
    assert left(BARE._replace(scope=Scope(commits=True))) == {lost}
    assert left(BARE) == set()
    assert [one.name for one in folder.iterdir()] == [strange]
    assert look(BARE).is_empty


def test_killed_at_any_deletion_a_list_still_means_a_whole_directory(origin: Path) -> None:
    for text in ("one", "two", "three"):
        version(text)
    real = os.unlink
    stops = 0
    while True:
        left = stops % 3 + 1

        def unlink(path: Any, **options: Any) -> None:
            nonlocal left
            if "/cache/files/" in str(path):
                left -= 1
                if left < 0:
                    raise KeyboardInterrupt
            real(path, **options)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "unlink", unlink)
            try:
                gc()
                break
            except KeyboardInterrupt:
                stops += 1
        whole()
    assert stops == 2
    assert [text for text in ("one", "two", "three") if has(text)] == ["three"]


def test_it_waits_for_whoever_works_in_another_work_tree(
    origin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version("one")
    git("worktree", "add", "-q", str(tmp_path / "linked"))
    (tmp_path / "linked/.dvc/tmp").mkdir(exist_ok=True)
    git("clone", "-q", ".", str(tmp_path / "clone"))
    busy = ProjectLock(str(tmp_path / "linked/.dvc/tmp/lock"))
    told: list[str] = []

    class Watch(NoProgress):
        def note(self, message: str) -> None:
            told.append(message)
            busy.release()

    monkeypatch.setattr("git_dvc.locking.NOTICE_AFTER_S", 0.0)
    request = BARE._replace(projects=(str(tmp_path / "clone"), str(tmp_path / "linked")))
    with busy, Project.open() as project, collecting(project, request, progress=Watch()):
        assert len(told) == 1
        for root in (".", tmp_path / "linked", tmp_path / "clone"):
            path = os.path.join(root, ".dvc/tmp/lock")
            with pytest.raises(Exception, match="lock"):
                ProjectLock(path, timeout_s=0).acquire()


def test_other_projects_and_a_cache_that_a_commit_chose(origin: Path, tmp_path: Path) -> None:
    version("mine")
    other = tmp_path / "other"
    git("clone", "-q", ".", str(other))
    shared = tmp_path / "shared"
    os.rename(".dvc/cache", shared)
    for root in (Path(), other):
        (root / ".dvc/config.local").write_text(f"[cache]\n    dir = {shared}\n")
    write(str(other / "f"), "f theirs")
    write(str(other / "d/only"), "d theirs")
    add_here("d", "f", cwd=other)
    assert look().shared
    assert gc(BARE._replace(projects=(str(other),))) == []
    gc()
    assert has("mine", str(shared)) and not has("theirs", str(shared))
    os.rename(".dvc/config.local", ".dvc/config")
    with pytest.raises(CannotCollectError, match="safeCacheDir"):
        gc()
    git("config", "--add", "dvc.safeCacheDir", str(shared))
    assert gc() == []


def test_projects_in_one_repository_that_share_a_cache(origin: Path) -> None:
    version("outer")
    os.makedirs("sub/.dvc")
    Path("sub/.dvc/config").write_text("[cache]\n    dir = ../../.dvc/cache\n")
    write("sub/g", "f inner")
    add_here("g", cwd="sub")
    git("add", "-A")
    git("commit", "-qm", "inner")
    Path(".dvcignore").write_text("sub\n")
    assert gc() == []


def test_links_to_the_cache_keep_what_they_lead_to(origin: Path) -> None:
    Path(".dvc/config.local").write_text("[cache]\n    type = symlink\n")
    version("linked")
    assert os.path.islink("f")
    version_of = Path("f.dvc").read_text()
    Path("f.dvc").write_text(version_of.replace(hashing.of_bytes(b"f linked"), "a1" * 16))
    gc()
    assert Path("f").read_text() == "f linked"


def test_what_git_dvc_does_not_read_itself_is_kept(origin: Path) -> None:
    with Project.open() as project:
        value = project.cache().store_bytes(b"in a cloud")
        more = project.cache().store_bytes(b"outside")
        project.cache().flush()
    write("c.dvc", f"outs:\n- path: c\n  files:\n  - relpath: x\n    md5: {value}\n    size: 10\n"
                   "    cloud:\n      s3:\n        version_id: '1'\n        etag: x\n")  # fmt: skip
    write("o.dvc", f"outs:\n- path: /data/o\n  hash: md5\n  md5: {more}\n  size: 7\n")
    assert gc() == []
    git("add", "-A")
    git("commit", "-qm", "c")
    git("rm", "-qf", "c.dvc", "o.dvc")
    assert gc(BARE._replace(scope=Scope(revs=("HEAD",)))) == []
    assert gc()[0].objects == 2


# -- remotes ----------------------------------------------------------------------------------


@pytest.fixture
def store(origin: Path, tmp_path: Path) -> Path:
    """Give the project a remote with three versions, two of them also with the Git remote."""
    with Project.open() as project:
        remote_ops.add(project, "store", str(tmp_path / "store"), default=True)
    for text in ("one", "two", "three"):
        version(text)
        if text == "two":
            git("push", "-q", "origin", "main:theirs")
            git("fetch", "-q", "origin")
    with Project.open() as project:
        push(project, everywhere())
    return tmp_path / "store"


def test_a_remote_is_cleaned_like_the_cache(store: Path) -> None:
    cache = ".dvc/cache"
    kept = BARE._replace(remotes=True, drop=NOTHING_ELSE - {"branches"})
    assert [one.name for one in gc(kept)] == ["", "store"]
    for place in (cache, str(store)):
        whole(place)
        assert [t for t in ("one", "two", "three") if has(t, place)] == ["two", "three"]
    gc(BARE._replace(remotes=True))
    assert [t for t in ("one", "two", "three") if has(t, str(store))] == ["three"]
    with Project.open() as project:
        remote = remotes.closed(project)
        assert {value for _, value in remote.memory.seen} == {
            item.out.hash for item in project.tracked.outs.values()
        }
        remote.close()
    version("four")
    with Project.open() as project:
        push(project)
    whole(str(store))


def test_a_remote_keeps_what_lists_name_that_only_it_has(store: Path) -> None:
    for value in scene.check_objects(".dvc/cache"):
        Path(".dvc/cache/files/md5", value[:2], value[2:]).unlink()
    gc(BARE._replace(remotes=True, drop=NOTHING_ELSE - {"branches"}))
    whole(str(store))
    assert [t for t in ("one", "two", "three") if has(t, str(store))] == ["two", "three"]


def test_young_objects_of_a_remote_stay(store: Path) -> None:
    old = time.time() - 20 * 24 * 3600
    one = hashing.of_bytes(b"d one")
    for value in scene.check_objects(store):
        path = store / "files/md5" / value[:2] / value[2:]
        if value == one or not value.endswith(".dir"):
            os.utime(path, (old, old))
    git("checkout", "-q", "--orphan", "empty")
    git("rm", "-qrf", "--ignore-unmatch", "d.dvc", "f.dvc")
    gc(Request(drop=NOTHING_ELSE, remotes=True))
    whole(str(store))
    left = scene.check_objects(store)
    assert sum(value.endswith(".dir") for value in left) == 3
    assert hashing.of_bytes(b"f one") not in left


def test_a_remote_that_does_not_answer_stops_it_all(store: Path) -> None:
    os.rename(store, f"{store}.away")
    before = scene.check_objects(".dvc/cache")
    with pytest.raises(Exception, match="store"):
        gc(BARE._replace(remotes=True))
    assert scene.check_objects(".dvc/cache") == before


def test_a_shallow_clone_cleans_no_remote(store: Path, tmp_path: Path) -> None:
    with Project.open() as project:
        cache = project.cache_root
    clone = tmp_path / "clone"
    git("clone", "-q", "--depth", "1", f"file://{os.getcwd()}", str(clone))
    (clone / ".dvc/config.local").write_text(
        f"[core]\n    remote = store\n['remote \"store\"']\n    url = {store}\n"
        f"[cache]\n    dir = {cache}\n"
    )
    before = scene.check_objects(store)
    with pytest.raises(CannotCollectError, match="shallow"):
        gc(BARE._replace(scope=Scope(commits=True), remotes=True), root=clone)
    assert scene.check_objects(store) == before


def test_before_the_first_commit(origin: Path) -> None:
    write("f", "f")
    add_here("f")
    for scope in (Scope(), Scope(commits=True), Scope(branches=True, tags=True, since_s=0)):
        assert gc(Request(scope, cutoff_s=NOW)) == []
        assert gc(BARE._replace(scope=scope)) == []


def test_room_is_made_by_dropping_what_the_remote_has(store: Path) -> None:
    version("four")
    two = hashing.of_bytes(b"d two")
    (store / "files/md5" / two[:2] / two[2:]).unlink()
    request = BARE._replace(scope=Scope(commits=True), not_in_remote=True, cutoff_s=None)
    gc(request)
    whole()
    texts = ("one", "two", "three", "four")
    left = scene.check_objects(".dvc/cache")
    assert [t for t in texts if hashing.of_bytes(f"d {t}".encode()) in left] == ["two", "four"]
    assert [t for t in texts if hashing.of_bytes(f"f {t}".encode()) in left] == ["four"]
