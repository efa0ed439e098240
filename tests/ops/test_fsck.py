from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from git_dvc import hashing
from git_dvc.errors import UnknownTargetError
from git_dvc.ops.add import add
from git_dvc.ops.fsck import DAMAGED, MISSING, Need, fsck
from git_dvc.project import Project
from tests.ops.conftest import Opener, write


def md5(text: str) -> str:
    return hashing.of_bytes(text.encode())


def commit_all(tag: str) -> None:
    subprocess.run(["git", "add", "."], check=True)
    subprocess.run(["git", "commit", "-qm", tag], check=True)
    subprocess.run(["git", "tag", tag], check=True)


def damage(project: Project, value: str) -> None:
    path = project.cache().path(value)
    os.chmod(path, 0o644)
    Path(path).write_bytes(b"flipped")


def test_all_is_well(project: Project) -> None:
    write("d/a", "a")
    write("f", "f")
    add(project, ["d", "f"])
    result = fsck(project)
    assert result.is_good
    assert result.checked == 3
    assert result.needs == []


def test_a_damaged_file_is_set_aside_and_all_who_need_it_are_named(
    project: Project, reopen: Opener
) -> None:
    write("d/a", "one")
    write("d/b", "b")
    add(project, ["d"])
    commit_all("v1")
    write("d/a", "two")
    add(reopen(), ["d"])
    commit_all("v2")
    damage(project, md5("one"))
    damage(project, md5("b"))
    result = fsck(reopen())
    assert not result.is_good
    assert set(result.damaged) == {("md5", md5("one")), ("md5", md5("b"))}
    for place in result.damaged.values():
        assert Path(place).read_bytes() == b"flipped"
        assert os.path.basename(os.path.dirname(place)) == "corrupt"
    assert not project.cache().has(md5("one"))
    assert result.needs == [
        Need("d/a", md5("one"), "md5", DAMAGED, ("v1",)),
        Need("d/b", md5("b"), "md5", DAMAGED, ("work tree", "HEAD", "main", "v2", "v1")),
    ]


def test_what_was_damaged_and_is_gone_is_missing_the_next_time(
    project: Project, reopen: Opener
) -> None:
    write("f", "f")
    add(project, ["f"])
    damage(project, md5("f"))
    fsck(reopen())
    result = fsck(reopen())
    assert not result.is_good
    assert result.missing == {("md5", md5("f"))}
    assert result.needs == [Need("f", md5("f"), "md5", MISSING, ("work tree",))]


def test_a_damaged_listing(project: Project, reopen: Opener) -> None:
    write("d/a", "a")
    add(project, ["d"])
    commit_all("v1")
    value = project.tracked.outs["d"].out.hash
    assert value is not None
    damage(project, value)
    result = fsck(reopen())
    assert [need.path for need in result.needs] == ["d/"]
    assert result.needs[0].revs == ("work tree", "HEAD", "main", "v1")


def test_a_missing_member_of_a_directory(project: Project, reopen: Opener) -> None:
    write("d/s/a", "a")
    write("d/b", "b")
    add(project, ["d"])
    os.unlink(project.cache().path(md5("a")))
    result = fsck(reopen())
    assert result.needs == [Need("d/s/a", md5("a"), "md5", MISSING, ("work tree",))]


def test_objects_of_dvc_2_are_checked_by_their_own_hash(project: Project, reopen: Opener) -> None:
    value = hashing.of_bytes(b"a\r\n", hashing.MD5_DOS2UNIX)
    path = write(f".dvc/cache/{value[:2]}/{value[2:]}", "a\r\n")
    write("f.dvc", f"outs:\n- md5: {value}\n  size: 3\n  path: f\n")
    assert fsck(reopen()).is_good
    Path(path).chmod(0o644)
    Path(path).write_text("b\r\n")
    result = fsck(reopen())
    assert result.needs == [Need("f", value, "md5-dos2unix", DAMAGED, ("work tree",))]


def test_targets_limit_what_is_read(project: Project, reopen: Opener) -> None:
    write("d/a", "a")
    write("f", "f")
    add(project, ["d", "f"])
    damage(project, md5("f"))
    assert fsck(reopen(), ["d"]).is_good
    assert fsck(reopen(), ["d"]).checked == 2
    assert fsck(reopen(), ["d/a"]).checked == 2
    assert not fsck(reopen(), ["f.dvc"]).is_good
    with pytest.raises(UnknownTargetError):
        fsck(reopen(), ["nosuch"])


def test_what_is_not_a_file_is_named(project: Project, reopen: Opener) -> None:
    write("f", "f")
    add(project, ["f"])
    path = project.cache().path(md5("f"))
    os.unlink(path)
    os.symlink("/etc/hosts", path)
    result = fsck(reopen())
    assert list(result.unreadable) == [path]
    assert not result.is_good


def test_stages_of_old_versions_are_searched(project: Project, reopen: Opener) -> None:
    write("p/dvc.yaml", "stages:\n  s:\n    cmd: x\n    outs: [m]\n")
    write("p/dvc.lock", f"schema: '2.0'\nstages:\n  s:\n    cmd: x\n    outs:\n    - path: m\n"
                        f"      hash: md5\n      md5: {md5('m')}\n      size: 1\n")  # fmt: skip
    project.cache().store_bytes(b"m")
    project.cache().flush()
    commit_all("v1")
    subprocess.run(["git", "rm", "-q", "p/dvc.yaml", "p/dvc.lock"], check=True)
    commit_all("v2")
    damage(project, md5("m"))
    assert fsck(reopen()).needs == [Need("p/m", md5("m"), "md5", DAMAGED, ("v1",))]
