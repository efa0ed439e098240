"""The rows of the table: each step, how it is judged, and its bars.

To add a row, append a ``Row`` to ``ROWS``; nothing else has to change. Bars are the ones of the
project's plan, for the full size, with real dvc 3.67.1 and the same link type.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from typing import NamedTuple

from benchmarks import s3, tools, workloads
from benchmarks.measure import Command
from benchmarks.scenes import Remote, Scene, SharedImages, Tagged, Working
from benchmarks.tools import Place

# A turn counts the runs of one row: 0, 1, 2, ...
Prepare = Callable[[Scene, Place, int], None]
LimitStep = Callable[[Scene], Command]

PEAK_BAR_BYTES = 200_000_000
BOTH = ("git-dvc", "dvc")


class Bar(NamedTuple):
    """git-dvc may take at most ``most`` times what ``against`` takes (or ``most`` seconds more)."""

    against: str
    most: float
    extra_seconds: bool = False


class Limit(NamedTuple):
    """What the machine allows: a bare command that does the indispensable part of the step."""

    name: str
    step: LimitStep
    leaves: bool = False  # writes below scene.scratch; deleted before and after
    needs: str = "sh"  # the program it needs; without it the limit is left out
    before: Callable[[Scene], None] | None = None


class Row(NamedTuple):
    """One step of one workload.

    ``metric`` is what the bars judge: ``wall``, ``cpu`` (user and system) or ``user`` (CPU in
    user mode: for steps that copy many small files, where neither the wall time nor the system's
    share can be repeated; their system calls are counted instead).
    """

    name: str
    title: str
    scene: str
    link: str | None
    state: str
    step: Callable[[Scene, Place, int], Command]
    metric: str = "wall"
    tools: tuple[str, ...] = BOTH
    limits: tuple[Limit, ...] = ()
    bars: tuple[Bar, ...] = ()
    before: Prepare | None = None
    after: Prepare | None = None
    repeat: int = 1  # runs in a round, of which the median counts
    warm_up: bool = False  # one round more, first, that does not count
    reads_only: bool = False  # the tools change nothing: results are compared once, at the end
    files: Callable[[workloads.Size], int] = lambda size: 0  # how many, for calls_per_file
    calls_per_file: tuple[tuple[str, float], ...] = ()  # bars on system calls
    read_bytes_per_byte: float | None = None  # bar on bytes read, by the bytes of the big file
    written_bytes_per_byte: float | None = None
    requests_per_file: float | None = None  # bar on requests to the scene's server
    needs: str | None = None  # ``s3``: a client and a server for that


def _add(scene: Scene, place: Place, turn: int) -> Command:
    return place.add(scene.data)


def _checkout(scene: Scene, place: Place, turn: int) -> Command:
    return place.own("checkout")


def _status(scene: Scene, place: Place, turn: int) -> Command:
    return place.status()


def _version(scene: Scene, place: Place, turn: int) -> Command:
    return place.own("--version")


def _switch(scene: Scene, place: Place, turn: int) -> Command:
    return place.switch("v1" if turn % 2 == 0 else "v2")


def _forget(scene: Scene, place: Place, turn: int) -> None:
    """Go back to the state before the first add."""
    place.restore(scene.data)


def _change(scene: Scene, place: Place, turn: int) -> None:
    scene.change(place, f"turn {turn}")


def _commit(scene: Scene, place: Place, turn: int) -> None:
    place.commit(f"turn-{turn}")


def _delete_data(scene: Scene, place: Place, turn: int) -> None:
    tools.remove(place.path(scene.data))


def _warm(scene: Scene, place: Place, turn: int) -> None:
    """Read what the step will read: whether it is still in memory is no merit of a tool."""
    workloads.read_through(place.path(scene.data))
    workloads.read_through(place.cache)


def _plain(scene: Scene, *argv: str) -> Command:
    return Command(list(argv), scene.base, dict(os.environ) | {"LC_ALL": "C.UTF-8"})


def _copied(scene: Scene) -> str:
    return os.path.join(scene.scratch, "copy")


_HERE = os.path.dirname(os.path.abspath(__file__))

READ_MD5_LINK = Limit(
    "read+md5+link",
    lambda scene: _plain(
        scene, sys.executable, f"{_HERE}/bare.py", "link", scene.source, _copied(scene)
    ),
    leaves=True,
)
READ_MD5_WRITE = Limit(
    "read+md5+write",
    lambda scene: _plain(
        scene, sys.executable, f"{_HERE}/bare.py", "write", scene.source, _copied(scene)
    ),
    leaves=True,
)
FIND = Limit(
    "find -printf",
    lambda scene: _plain(scene, "find", scene.source, "-printf", r"%i %s %T@ %C@ %m %p\n"),
    needs="find" if sys.platform == "linux" else "GNU find",
)
CP_RL = Limit(
    "cp -rl", lambda scene: _plain(scene, "cp", "-rl", scene.source, _copied(scene)), leaves=True
)
CP_R = Limit(
    "cp -r", lambda scene: _plain(scene, "cp", "-r", scene.source, _copied(scene)), leaves=True
)
CP = Limit("cp", lambda scene: _plain(scene, "cp", scene.source, _copied(scene)), leaves=True)
MD5SUM = Limit("md5sum", lambda scene: _plain(scene, "md5sum", scene.source), needs="md5sum")
XXH128SUM = Limit(
    "xxh128sum", lambda scene: _plain(scene, "xxh128sum", scene.source), needs="xxh128sum"
)
TRUE = Limit("true", lambda scene: _plain(scene, "true"))


def _git_dvc(scene: Scene) -> Place | None:
    return next((place for place in scene.places if place.tool.name == "git-dvc"), None)


def _plain_switch(rev: str) -> LimitStep:
    """Return ``git checkout`` in git-dvc's own repository: what other commands are held to."""

    def step(scene: Scene) -> Command:
        place = _git_dvc(scene)
        return place.switch(rev) if place else _plain(scene, "true")

    return step


TO_V1 = Limit("git checkout", _plain_switch("v1"))
TO_V2 = Limit("git checkout", _plain_switch("v2"))


def _go(rev: str) -> Prepare:
    def go(scene: Scene, place: Place, turn: int) -> None:
        place.do(place.git("reset", "-q", "--hard"))
        place.do(place.switch(rev))

    return go


def _run(*args: str) -> Callable[[Scene, Place, int], Command]:
    return lambda scene, place, turn: place.git(*args)


def _stash_v1(scene: Scene, place: Place, turn: int) -> None:
    """Stand at v2, with the data of v1 in the stash."""
    _go("v2")(scene, place, turn)
    place.do(place.git("checkout", "-q", "v1", "--", scene.data + ".dvc"))
    place.do(place.git("stash", "push", "-q"))


def _behind(scene: Scene, place: Place, turn: int) -> None:
    _go("v1")(scene, place, turn)
    place.do(place.git("checkout", "-q", "-B", "behind"))


def _edit_code(scene: Scene, place: Place, turn: int) -> None:
    with open(place.path("src/p00/m00/f00001.py"), "a") as file:
        file.write("# edited\n")


def _drop_stash(scene: Scene, place: Place, turn: int) -> None:
    place.do(place.git("stash", "drop", "-q"))


def _two_commits(scene: Scene, place: Place, turn: int) -> None:
    """Stand on two commits after v1, to be rebased onto v2."""
    place.do(place.git("checkout", "-q", "-B", "side", "v1"))
    for name in ("one", "two"):
        workloads.write(place.path(f"{name}.py"), f"# {turn}\n".encode())
        place.do(place.git("add", f"{name}.py"))
        place.do(place.git("commit", "-q", "--no-verify", "-m", name))


def _other_side(scene: Scene, place: Place, turn: int) -> None:
    """Make a commit after v1 that changes other files than v2 does."""
    if place.do(place.git("tag", "--list", "side")):
        return
    _go("v1")(scene, place, turn)
    workloads.change_many(place.path(scene.data), scene.size, "side", shift=3)
    place.do(place.add(scene.data))
    place.commit("side")
    place.do(place.switch("v2"))


def _remote(scene: Scene) -> Remote:
    assert isinstance(scene, Remote)
    return scene


def _push(scene: Scene, place: Place, turn: int) -> Command:
    return _remote(scene).push(place)


def _pull(scene: Scene, place: Place, turn: int) -> Command:
    return _remote(scene).pull(place)


def _empty_remote(scene: Scene, place: Place, turn: int) -> None:
    _remote(scene).empty(place)


def _empty_big_remote(scene: Scene, place: Place, turn: int) -> None:
    _remote(scene).empty(place)
    workloads.read_through(place.cache)


def _full_remote(scene: Scene, place: Place, turn: int) -> None:
    _remote(scene).filled(place)


def _fresh_clone(scene: Scene, place: Place, turn: int) -> None:
    """Fill the remote if need be; its files are in memory for both tools."""
    _remote(scene).filled(place)
    _remote(scene).clone(place)
    workloads.read_through(_remote(scene).folder(place))


def _no_clone(scene: Scene, place: Place, turn: int) -> None:
    tools.remove(_remote(scene).cloned(place))


def _get(scene: Scene, place: Place, turn: int) -> Command:
    path = f"{scene.data}/{workloads.many_path(scene.size.many_files // 2)}"
    argv = place.own("get", "-q", place.repo, path, "-o", place.path(_GOT)).argv
    return Command(argv, place.base, place.env)


def _got_nothing(scene: Scene, place: Place, turn: int) -> None:
    tools.remove(place.path(_GOT))


def _gc(scene: Scene, place: Place, turn: int) -> Command:
    return place.own("gc", "--all-commits", "--dry", "--force", "-q")


_GOT = "../got.bin"


def _s3(scene: Scene) -> SharedImages:
    assert isinstance(scene, SharedImages)
    return scene


def _rclone(scene: Scene, source: str, target: str) -> Command:
    plain = _plain(scene, "rclone", "copy", "--quiet", source, target)
    own = {name: text for name, text in plain.env.items() if not name.startswith("AWS_")}
    return plain._replace(env=own | _s3(scene).server.environment())


def _in_bucket(scene: Scene) -> str:
    return f":s3:{_s3(scene).bucket(None)}/files"


def _empty_bucket(scene: Scene) -> None:
    server = _s3(scene).server
    server.reset([_s3(scene).bucket(None), *(_s3(scene).bucket(one) for one in scene.places)])


def _full_bucket(scene: Scene) -> None:
    if not _s3(scene).server.objects(_s3(scene).bucket(None)):
        fill = _rclone_push(scene)
        subprocess.run(fill.argv, env=fill.env, check=True)


def _rclone_push(scene: Scene) -> Command:
    return _rclone(scene, scene.source, _in_bucket(scene))


RCLONE_PUSH = Limit("rclone", _rclone_push, needs="rclone", before=_empty_bucket)
RCLONE_PULL = Limit(
    "rclone",
    lambda scene: _rclone(scene, _in_bucket(scene), _copied(scene)),
    leaves=True,
    needs="rclone",
    before=_full_bucket,
)


def _own(*args: str) -> Callable[[Scene, Place, int], Command]:
    return lambda scene, place, turn: place.own(*args)


def _forced(*args: str) -> Callable[[Scene, Place, int], Command]:
    return _own("repro", "-q", "-f", *args)


def _one_by_one(scene: Scene) -> Command:
    assert isinstance(scene, Working)
    return _plain(scene, "sh", "-c", "; ".join([scene.command] * scene.count))


def _between_ends(what: str) -> Callable[[Scene, Place, int], Command]:
    def step(scene: Scene, place: Place, turn: int) -> Command:
        assert isinstance(scene, Tagged)
        return place.own(what, "diff", *scene.ends)

    return step


def _plots(scene: Scene, place: Place, turn: int) -> Command:
    revs = [f"t{scene.size.tags - 1 - number:04d}" for number in range(5)]
    return place.own("plots", "diff", *revs, "-o", "../plots")


ONE_BY_ONE = Limit("one by one", _one_by_one)
PYTHON = Limit("python", lambda scene: _plain(scene, sys.executable, "-I", "-c", "pass"))

ROWS: tuple[Row, ...] = (
    Row(
        "add-hardlink",
        "many files: add, hardlink",
        *("many", "hardlink", "fresh"),
        step=_add,
        limits=(READ_MD5_LINK,),
        bars=(Bar("dvc", 0.25), Bar("read+md5+link", 2.5)),
        after=_forget,
    ),
    Row(
        "add-copy",
        "many files: add, copy",
        *("many", "copy", "fresh"),
        step=_add,
        metric="user",
        limits=(CP_R,),
        bars=(Bar("dvc", 0.35),),
        after=_forget,
        files=lambda size: size.many_files,
        # Opened once to read and once to write.
        calls_per_file=(("open", 2.1), ("read", 1.1), ("write", 1.1), ("rename", 1.1)),
    ),
    Row(
        "status",
        "many files: status, nothing changed",
        *("many", "hardlink", "tagged"),
        step=_status,
        tools=(*BOTH, "git"),
        limits=(FIND,),
        bars=(Bar("dvc", 0.15), Bar("find -printf", 3.0)),
        warm_up=True,
        reads_only=True,
    ),
    Row(
        "add-changed",
        "many files: add after 100 changed",
        *("many", "hardlink", "tagged"),
        step=_add,
        bars=(Bar("dvc", 0.15),),
        before=_change,
        after=_commit,
    ),
    Row(
        "switch-changed",
        "many files: git checkout, 100 differ",
        *("many", "hardlink", "tagged"),
        step=_switch,
        tools=(*BOTH, "git-lfs"),
        bars=(Bar("dvc", 0.10), Bar("git-lfs", 1.0)),
        repeat=2,
        warm_up=True,
    ),
    Row(
        "checkout-nothing",
        "many files: checkout, nothing to do",
        *("many", "hardlink", "tagged"),
        step=_checkout,
        bars=(Bar("dvc", 0.12),),
        warm_up=True,
        reads_only=True,
    ),
    Row(
        "checkout-hardlink",
        "many files: full checkout, hardlink",
        *("many", "hardlink", "tagged"),
        step=_checkout,
        limits=(CP_RL,),
        bars=(Bar("dvc", 0.45), Bar("cp -rl", 2.0)),
        before=_delete_data,
    ),
    Row(
        "checkout-copy",
        "many files: full checkout, copy",
        *("many", "copy", "tagged"),
        step=_checkout,
        metric="user",
        limits=(CP_R,),
        bars=(Bar("dvc", 0.35),),
        before=_delete_data,
        files=lambda size: size.many_files,
    ),
    Row(
        "images-switch",
        "images: git checkout v1, v2, hardlink",
        *("images", "hardlink", "tagged"),
        step=_switch,
        metric="cpu",
        tools=(*BOTH, "git-lfs"),
        bars=(Bar("dvc", 0.25),),
        repeat=2,
        warm_up=True,
    ),
    Row(
        "big-add-hardlink",
        "big file: add, hardlink",
        *("big", "hardlink", "fresh"),
        step=_add,
        limits=(MD5SUM, XXH128SUM),
        bars=(Bar("dvc", 0.95), Bar("md5sum", 1.1)),
        before=lambda scene, place, turn: workloads.read_through(place.path(scene.data)),
        after=_forget,
    ),
    Row(
        "big-add-copy",
        "big file: add, copy",
        *("big", "copy", "fresh"),
        step=_add,
        limits=(MD5SUM, CP),
        bars=(Bar("dvc", 0.55),),
        before=lambda scene, place, turn: workloads.read_through(place.path(scene.data)),
        after=_forget,
        read_bytes_per_byte=1.05,  # one read: hashed while it is written
    ),
    Row(
        "big-switch",
        "big file: git checkout v1, v2, copy",
        *("big", "copy", "tagged"),
        step=_switch,
        limits=(CP,),
        bars=(Bar("dvc", 0.6), Bar("cp", 1.3)),
        before=_warm,
        repeat=2,
    ),
    Row(
        "version",
        "--version",
        *("empty", None, "fresh"),
        step=_version,
        limits=(PYTHON,),
        bars=(Bar("dvc", 0.45),),
        repeat=5,
        warm_up=True,
        reads_only=True,
    ),
    Row(
        "status-empty",
        "status, empty project",
        *("empty", None, "fresh"),
        step=_status,
        tools=(*BOTH, "git"),
        limits=(PYTHON,),
        bars=(Bar("dvc", 0.25),),
        repeat=5,
        warm_up=True,
        reads_only=True,
    ),
    Row(
        "code-checkout",
        "code only: git checkout, hooks installed",
        *("code", "hardlink", "tagged"),
        step=_switch,
        tools=(*BOTH, "git-lfs", "git", tools.EMPTY_HOOKS),
        bars=(Bar("git", 0.005, extra_seconds=True),),
        repeat=10,
        warm_up=True,
    ),
    Row(
        "code-stash",
        "code only: git stash push, hooks installed",
        *("code", "hardlink", "tagged"),
        step=_run("stash", "push", "-q"),
        tools=("git-dvc", "git", tools.EMPTY_HOOKS),
        bars=(Bar("git", 0.015, extra_seconds=True),),
        before=_edit_code,
        after=_drop_stash,
        repeat=10,
        warm_up=True,
    ),
    Row(
        "code-rebase",
        "code only: git rebase of two commits, hooks installed",
        *("code", "hardlink", "tagged"),
        step=_run("rebase", "-q", "v2"),
        tools=("git-dvc", "git", tools.EMPTY_HOOKS),
        bars=(Bar("git", 0.015, extra_seconds=True),),
        before=_two_commits,
        repeat=10,
        warm_up=True,
    ),
    Row(
        "code-reset",
        "code only: git reset --hard, hooks installed",
        *("code", "hardlink", "tagged"),
        step=lambda scene, place, turn: place.git(
            "reset", "-q", "--hard", "v1" if turn % 2 == 0 else "v2"
        ),
        tools=("git-dvc", "git", tools.EMPTY_HOOKS),
        bars=(Bar("git", 0.002, extra_seconds=True),),
        repeat=10,
        warm_up=True,
    ),
    Row(
        "code-add",
        "code only: git add, hooks installed",
        *("code", "hardlink", "tagged"),
        step=_run("add", "src/p00/m00/f00001.py"),
        tools=("git-dvc", "git", tools.EMPTY_HOOKS),
        bars=(Bar("git", 0.002, extra_seconds=True),),
        before=_edit_code,
        repeat=10,
        warm_up=True,
    ),
    Row(
        "reset-changed",
        "many files: git reset --hard, 100 differ",
        *("many", "hardlink", "tagged"),
        step=_run("reset", "-q", "--hard", "v1"),
        tools=("git-dvc",),
        limits=(TO_V2,),
        bars=(Bar("git checkout", 1.2),),
        before=_go("v2"),
        repeat=3,
        warm_up=True,
    ),
    Row(
        "stash-pop-changed",
        "many files: git stash pop, 100 differ",
        *("many", "hardlink", "tagged"),
        step=_run("stash", "pop", "-q"),
        tools=("git-dvc",),
        limits=(TO_V2,),
        bars=(Bar("git checkout", 1.2),),
        before=_stash_v1,
        after=_go("v1"),
        repeat=3,
        warm_up=True,
    ),
    Row(
        "pull-changed",
        "many files: git pull, 100 differ",
        *("many", "hardlink", "tagged"),
        step=_run("pull", "-q", "--ff-only", ".", "v2"),
        tools=("git-dvc",),
        limits=(TO_V1,),
        bars=(Bar("git checkout", 1.2),),
        before=_behind,
        repeat=3,
        warm_up=True,
    ),
    Row(
        "textconv",
        "many files: git diff of two versions, 100 differ",
        *("many", "hardlink", "tagged"),
        step=_run("diff", "v1", "v2", "--", "data.dvc"),
        tools=("git-dvc",),
        limits=(TRUE,),
        bars=(Bar("true", 0.5, extra_seconds=True),),
        repeat=3,
        warm_up=True,
        reads_only=True,
    ),
    Row(
        "merge-driver",
        "many files: merge of two sides with 100 changes each",
        *("many", "hardlink", "tagged"),
        step=_run("merge-tree", "--write-tree", "v2", "side"),
        tools=("git-dvc",),
        limits=(TRUE,),
        bars=(Bar("true", 1.5, extra_seconds=True),),
        before=_other_side,
        repeat=3,
        warm_up=True,
        reads_only=True,
    ),
    Row(
        "get-one",
        "many files: get of one of them from another repository",
        *("many", "hardlink", "tagged"),
        step=_get,
        bars=(Bar("dvc", 0.2),),
        before=_got_nothing,
        after=_got_nothing,
        repeat=3,
        warm_up=True,
    ),
    Row(
        "push",
        "shared files: push to a folder",
        *("shared", "hardlink", "tagged"),
        step=_push,
        metric="user",
        limits=(CP_R,),
        bars=(Bar("dvc", 0.35),),
        before=_empty_remote,
        files=lambda size: size.shared_files,
    ),
    Row(
        "push-again",
        "shared files: push, nothing to send",
        *("shared", "hardlink", "tagged"),
        step=_push,
        bars=(Bar("dvc", 0.15),),
        before=_full_remote,
        warm_up=True,
    ),
    Row(
        "pull-hardlink",
        "shared files: pull into a fresh clone, hardlink",
        *("shared", "hardlink", "tagged"),
        step=_pull,
        metric="user",
        limits=(CP_R,),
        bars=(Bar("dvc", 0.4),),
        before=_fresh_clone,
        after=_no_clone,
        files=lambda size: size.shared_files,
    ),
    Row(
        "pull-copy",
        "shared files: pull into a fresh clone, copy",
        *("shared", "copy", "tagged"),
        step=_pull,
        metric="user",
        limits=(CP_R,),
        bars=(Bar("dvc", 0.4),),
        before=_fresh_clone,
        after=_no_clone,
        files=lambda size: size.shared_files,
    ),
    Row(
        "s3-push",
        "images: push to an S3 server on loopback",
        *("shared-images", "hardlink", "tagged"),
        step=_push,
        metric="cpu",
        limits=(RCLONE_PUSH,),
        bars=(Bar("dvc", 0.5),),
        before=_empty_remote,
        files=lambda size: size.images[0] + 1,
        requests_per_file=1.05,
        needs="s3",
    ),
    Row(
        "s3-pull",
        "images: pull from an S3 server on loopback",
        *("shared-images", "hardlink", "tagged"),
        step=_pull,
        metric="cpu",
        limits=(RCLONE_PULL,),
        bars=(Bar("dvc", 0.5),),
        before=_fresh_clone,
        after=_no_clone,
        files=lambda size: size.images[0] + 1,
        requests_per_file=1.05,
        needs="s3",
    ),
    Row(
        "big-push",
        "big file: push to a folder",
        *("shared-big", "hardlink", "tagged"),
        step=_push,
        limits=(READ_MD5_WRITE, CP),
        bars=(Bar("read+md5+write", 1.2),),
        before=_empty_big_remote,
        read_bytes_per_byte=1.2,
        written_bytes_per_byte=1.2,
    ),
    Row(
        "big-pull",
        "big file: pull into a fresh clone, hardlink",
        *("shared-big", "hardlink", "tagged"),
        step=_pull,
        limits=(READ_MD5_WRITE, CP),
        bars=(Bar("read+md5+write", 1.2),),
        before=_fresh_clone,
        after=_no_clone,
        read_bytes_per_byte=1.2,
        written_bytes_per_byte=1.2,
    ),
    Row(
        "gc-dry",
        "history: gc --all-commits --dry",
        *("history", None, "fresh"),
        step=_gc,
        bars=(Bar("dvc", 0.2),),
        warm_up=True,
        reads_only=True,
    ),
    Row(
        "repro-chain",
        "a chain of stages: repro, nothing to do",
        *("chain", None, "tagged"),
        step=_own("repro"),
        metric="cpu",
        bars=(Bar("dvc", 0.2),),
        warm_up=True,
        reads_only=True,
    ),
    Row(
        "repro-nothing",
        "independent stages: repro, nothing to do",
        *("stages", None, "tagged"),
        step=_own("repro"),
        metric="cpu",
        bars=(Bar("dvc", 0.1),),
        warm_up=True,
        reads_only=True,
    ),
    Row(
        "stages-status",
        "independent stages: status",
        *("stages", None, "tagged"),
        step=_status,
        metric="cpu",
        bars=(Bar("dvc", 0.1),),
        warm_up=True,
        reads_only=True,
    ),
    Row(
        "stages-dag",
        "independent stages: dag",
        *("stages", None, "tagged"),
        step=_own("dag", "--dot"),
        metric="cpu",
        bars=(Bar("dvc", 0.1),),
        reads_only=True,
    ),
    Row(
        "stages-list",
        "independent stages: stage list",
        *("stages", None, "tagged"),
        step=_own("stage", "list"),
        metric="cpu",
        bars=(Bar("dvc", 0.1),),
        reads_only=True,
    ),
    Row(
        "repro-true",
        "stages that do nothing: repro --force",
        *("trivial", None, "tagged"),
        step=_forced(),
        bars=(Bar("dvc", 0.1),),
        warm_up=True,
    ),
    Row(
        "repro-parallel",
        "stages that need a processor: repro -j 2",
        *("working", None, "tagged"),
        step=_forced("-j", "2"),
        tools=("git-dvc",),
        limits=(ONE_BY_ONE,),
        bars=(Bar("one by one", 1 / 1.8),),
    ),
    Row(
        "metrics-tags",
        "many tags: metrics show --all-tags",
        *("tags", None, "fresh"),
        step=_own("metrics", "show", "-T"),
        metric="cpu",
        bars=(Bar("dvc", 0.05),),
        reads_only=True,
    ),
    Row(
        "metrics-diff",
        "many tags: metrics diff of two",
        *("tags", None, "fresh"),
        step=_between_ends("metrics"),
        bars=(Bar("dvc", 0.3),),
        warm_up=True,
        reads_only=True,
    ),
    Row(
        "params-diff",
        "many tags: params diff of two",
        *("tags", None, "fresh"),
        step=_between_ends("params"),
        bars=(Bar("dvc", 0.3),),
        warm_up=True,
        reads_only=True,
    ),
    Row(
        "plots-diff",
        "20 plots over 5 revisions",
        *("tags", None, "fresh"),
        step=_plots,
        bars=(Bar("dvc", 0.5),),
        warm_up=True,
        reads_only=True,
    ),
)


def missing(row: Row) -> str | None:
    """Return why a row cannot be run here at all, or None."""
    if row.needs == "s3" and not s3.is_there():
        return "no S3 server: pip install 'moto[s3,server]'"
    return None


def available(limit: Limit) -> bool:
    return shutil.which(limit.needs) is not None
