"""``status``, ``data status`` and ``diff``: the same answers from both programs."""

from __future__ import annotations

import os
from pathlib import Path

from tests.interop.harness import (
    Tool,
    commit,
    digest,
    git,
    in_order,
    object_path,
    remove,
    start,
    write,
)


def forget(home: Path) -> None:
    """Delete what DVC remembers of directories: its answers depend on it."""
    site = home / "dvc-site-cache"
    if site.exists():
        remove(str(site))


def test_reports_are_those_of_dvc(git_repo: Path, dvc: Tool, gd: Tool, isolated_home: Path) -> None:
    start(dvc)
    for name in ("same", "modified", "deleted", "renamed", "lost", "swapped", "off"):
        write(f"data/{name}.txt", f"{name} v1\n")
        dvc("add", "-q", f"data/{name}.txt")
    for name in ("same", "modified", "deleted", "renamed", "copied", "sub/deep", "sub/gone"):
        write(f"d/{name}", f"d/{name}\n")
    write("d/copy", "d/copied\n")
    write("lost_dir/sub/1", "1\n")
    write("lost_dir/2", "2\n")
    write("gone_dir/1", "gone 1\n")
    write("moved_dir/1", "moved 1\n")
    write("still/1", "still 1\n")
    dvc("add", "-q", "d", "lost_dir", "gone_dir", "moved_dir", "still")
    commit("v1")
    git("tag", "v1")

    # Committed: another version of some, one new, one removed, one renamed.
    write("data/modified.txt", "modified v2\n")
    write("data/new.txt", "new\n")
    write("d/modified", "d/modified v2\n")
    write("d/added", "added\n")
    os.rename("d/renamed", "d/sub/renamed")
    os.unlink("d/sub/gone")
    dvc("add", "-q", "data/modified.txt", "data/new.txt", "d")
    dvc("move", "-q", "data/renamed.txt", "data/other.txt")
    dvc("move", "-q", "moved_dir", "place_dir")
    dvc("remove", "-q", "--outs", "data/off.txt.dvc")
    commit("v2")
    git("tag", "-a", "-m", "two", "v2")

    # In the pointer files, and on disk alone.
    write("data/modified.txt", "modified v3\n")
    write("d/added", "added v3\n")
    dvc("add", "-q", "data/modified.txt", "d")
    write("staged.txt", "staged\n")
    dvc("add", "-q", "staged.txt")
    write("late.txt", "late\n")
    dvc("add", "-q", "--no-commit", "late.txt")
    dvc("remove", "-q", "gone_dir.dvc")
    write("data/swapped.txt", "swapped on disk\n")
    os.unlink("data/deleted.txt")
    os.unlink("d/deleted")
    os.rename("d/same", "d/sub/same")
    write("d/brand new", "brand new\n")
    write("d/modified", "d/modified on disk\n")
    remove(object_path(digest("lost v1\n")))
    remove(object_path(digest("d/copied\n")))
    listing = next(
        line.split()[-1]
        for line in Path("lost_dir.dvc").read_text().splitlines()
        if "md5:" in line and ".dir" in line
    )
    remove(object_path(listing))
    write("untracked.txt", "untracked\n")
    write("some/untracked", "untracked\n")

    checks: list[tuple[str, ...]] = [
        ("status",),
        ("data", "status"),
        ("data", "status", "--granular"),
        ("data", "status", "--granular", "--unchanged"),
        ("data", "status", "--unchanged", "--untracked-files"),
        ("data", "status", "--granular", "--unchanged", "d", "data/same.txt", "lost_dir"),
        ("diff",),
        ("diff", "--show-hash"),
        ("diff", "--show-hash", "v1"),
        ("diff", "--hide-missing", "v1"),
        ("diff", "--show-hash", "v1", "v2"),
        ("diff", "--show-hash", "HEAD", "HEAD~1"),
        ("diff", "v1", "v1"),
        ("diff", "v1", "v2", "--targets", "d/modified", "data/new.txt"),
    ]
    wrong = []
    for words in checks:
        forget(isolated_home)
        expected = dvc.json(*words)
        forget(isolated_home)
        found = gd.json(*words)
        if in_order(found) != in_order(expected):
            wrong.append(f"{' '.join(words)}\n  dvc {expected}\n  gd  {found}")
    assert not wrong, "\n".join(wrong)
