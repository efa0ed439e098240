"""Every Git command that moves the work tree, with our hooks, beside Git alone.

Each row of the table is run twice with the same lines: in a repository with our hooks, and in
its twin without them. After each line

* the data is what the pointers in the work tree say, and what no pointer names is gone;
* unsaved files are as they were, and are named if a pointer moved over them;
* ``git status`` and the exit code are those of Git alone;
* no hook failed;

and over all lines data was moved only as often as it had to.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import NamedTuple

import pytest
from _pytest.mark import ParameterSet

from tests.hooks.matrix.worlds import (
    MATRIX,
    UNSAVED,
    Done,
    Layout,
    Template,
    World,
    inside,
    use_other_git,
)
from tests.scene import write_tree


class Row(NamedTuple):
    """One line or some of the table.

    Attributes:
        name: What is done.
        lines: Shell; '!' says that Git itself fails. $T is the top of the work tree, $P the
            project, $W the world.
        syncs: How often the hooks may move data in all lines together; 0 also says that they
            never start Python.
        dirty: Whether it makes sense with unsaved files, too.
    """

    name: str
    lines: str
    syncs: int = 1
    dirty: bool = True


THEIRS = "git checkout --theirs -- $P/data.dvc $P/model.dvc && git add $P/data.dvc $P/model.dvc"
OURS = "git checkout --ours -- $P/data.dvc $P/model.dvc && git add $P/data.dvc $P/model.dvc"
THERE = "test ! -d $P/data || grep -q $(md5sum <$P/other | cut -c1-32) $P/other.dvc"
CODE = "echo 2 >$T/code/code.py"
LOCAL = "echo 1 >$T/code/local.py && git add $T/code/local.py && git commit -qm local"

TABLE = [
    # -- switching
    Row("checkout a tag", "git checkout -q v1"),
    Row("checkout there and back", "git checkout -q v1\ngit checkout -q -", 2),
    Row("checkout --detach", "git checkout -q --detach v1"),
    Row("checkout -b", "git checkout -q -b new v1"),
    Row("checkout -B", "git checkout -q -B main v1"),
    Row("checkout --orphan", "git checkout -q --orphan new v1"),
    Row("checkout -m", f"{CODE}\ngit checkout -q -m v1"),
    Row("checkout -f", f"{CODE}\ngit checkout -qf v1"),
    Row("checkout before all data", "git checkout -q empty\ngit checkout -q main", 2),
    Row("checkout to where data comes", "git checkout -q topic\ngit checkout -q v1", 2),
    Row("checkout refused", f"{CODE}\n! git checkout -q empty", 0),
    Row("switch", "git branch old v1\ngit switch -q old\ngit switch -q -", 2),
    Row("switch --detach", "git switch -q --detach v1"),
    Row("switch -c", "git switch -q -c new v1"),
    Row(
        "switch --discard-changes",
        "git rm -q $P/data.dvc\ngit switch -q --discard-changes -d v1",
        2,
    ),
    # -- single pointers
    Row("checkout REV -- pointer", "git checkout -q v1 -- $P/data.dvc"),
    Row("checkout REV -- folder", "git checkout -q v1 -- $P"),
    Row("checkout --no-overlay", "git checkout -q --no-overlay empty -- $P"),
    Row("checkout HEAD -- back", "git checkout -q v1 -- $P\ngit checkout -q HEAD -- $P", 2),
    Row("checkout -- lost pointer", "rm $P/data.dvc && git checkout -q -- $P/data.dvc", 1),
    Row("restore --source", "git restore --source=v1 -- $P/data.dvc\ngit restore $P/data.dvc", 2),
    Row("restore --staged", "git restore --source=v1 --staged -- $P/data.dvc", 0),
    Row(
        "restore both",
        "git restore --source=v1 --staged --worktree -- $P/data.dvc $P/dvc.lock\n"
        "git restore --staged --worktree -- $P/data.dvc $P/dvc.lock",
        2,
    ),
    Row("restore all", "git restore --source=empty --staged --worktree -- $P"),
    # -- reset
    Row("reset --hard", "git reset -q --hard v1"),
    Row("reset --hard, no data before", "git reset -q --hard empty\ngit reset -q --hard coded", 2),
    Row("reset --hard of changes", "git checkout -q v1 -- $P\ngit reset -q --hard", 2),
    Row("reset --keep", "git reset -q --keep v1"),
    Row("reset --merge", "git reset -q --merge v1"),
    Row("reset --mixed", "git reset -q --mixed v1\ngit reset -q --hard", 2),
    Row("reset --soft", "git reset -q --soft v1\ngit reset -q --hard", 1),
    Row(
        "reset of one pointer", "git reset -q v1 -- $P/data.dvc\ngit checkout -q -- $P/data.dvc", 1
    ),
    # -- merge
    Row("merge, fast-forward", "git checkout -q -b old v1\ngit merge -q main", 2),
    Row("merge", "git merge -q --no-edit topic"),
    Row("merge --no-ff", "git checkout -q -b old v1\ngit merge -q --no-ff --no-edit main", 2),
    Row("merge --squash", "git merge -q --squash topic\ngit commit -qm squashed", 2),
    Row("merge --no-commit", "git merge -q --no-commit topic\ngit commit -q --no-edit", 2),
    Row("merge -s ours", "git merge -q -s ours --no-edit clash", 0),
    Row("merge -X theirs", "git merge -q -X theirs --no-edit topic"),
    Row(
        "merge, conflict, continue",
        f"! git merge -q clash\n{THEIRS}\ngit merge --continue",
        2,
    ),
    Row("merge, conflict, ours", f"! git merge -q clash\n{OURS}\ngit commit -q --no-edit", 2),
    Row("merge --abort", "! git merge -q clash\ngit merge --abort", 2),
    Row("merge, conflict, reset", "! git merge -q clash\ngit reset -q --hard", 2),
    # -- pull
    Row("pull --ff-only", "git pull -q --ff-only"),
    Row("pull --no-rebase", f"{LOCAL}\ngit pull -q --no-rebase --no-edit"),
    Row("pull --rebase", f"{LOCAL}\ngit pull -q --rebase"),
    Row("pull --rebase, fast-forward", "git pull -q --rebase"),
    Row("pull --rebase --autostash", f"{CODE}\ngit pull -q --rebase --autostash"),
    # -- rebase
    Row("rebase", "git checkout -q topic\ngit rebase -q main", 2),
    Row("rebase --merge", "git checkout -q topic\ngit rebase -q --merge main", 2),
    # No hook can tell that this goes on from where it starts; likewise after 'squash'.
    Row("rebase --apply", "git checkout -q topic\ngit rebase -q --apply main", 3),
    Row("rebase BRANCH", "git rebase -q main topic"),
    Row("rebase, fast-forward", "git checkout -q -b old v1\ngit rebase -q main", 2),
    Row(
        "rebase to where data comes",
        f"git checkout -q -b new empty\n{LOCAL}\ngit rebase -q main",
        2,
    ),
    Row("rebase --onto", "git rebase -q --onto v2 v1 topic"),
    Row("rebase, nothing to do", f"{LOCAL}\ngit rebase -q v2", 0),
    Row(
        "rebase, conflict, continue",
        f"git checkout -q clash\n! git rebase -q main\n{THEIRS}\ngit rebase --continue",
        4,
    ),
    Row(
        "rebase --apply, conflict, continue",
        f"git checkout -q clash\n! git rebase -q --apply main\n{THEIRS}\ngit rebase --continue",
        4,
    ),
    Row("rebase --skip", "git checkout -q clash\n! git rebase -q main\ngit rebase --skip", 3),
    Row("rebase --abort", "git checkout -q clash\n! git rebase -q main\ngit rebase --abort", 3),
    Row(
        "rebase --apply --abort",
        "git checkout -q clash\n! git rebase -q --apply main\ngit rebase --abort",
        4,
    ),
    Row("rebase --quit", "git checkout -q clash\n! git rebase -q main\ngit rebase --quit", 3),
    Row(
        "rebase -i, drop",
        "GIT_SEQUENCE_EDITOR='sed -i -e 1s/pick/drop/' git rebase -qi v1",
        1,
    ),
    Row(
        "rebase -i, drop the last",
        "git checkout -q topic\nGIT_SEQUENCE_EDITOR='sed -i -e 3s/pick/drop/' git rebase -qi v1",
        2,
    ),
    Row(
        "rebase -i, edit",
        "git checkout -q topic\n"
        "GIT_SEQUENCE_EDITOR='sed -i -e 2s/pick/edit/' git rebase -qi v1\n"
        "git rebase --continue",
        3,
    ),
    Row(
        "rebase -i, break",
        "git checkout -q topic\n"
        "GIT_SEQUENCE_EDITOR='sed -i -e 1abreak' git rebase -qi main\n"
        "git rebase --continue",
        3,
    ),
    Row(
        "rebase -i, squash",
        "git checkout -q topic\n"
        "GIT_SEQUENCE_EDITOR='sed -i -e 2s/pick/squash/' git rebase -qi main",
        3,
    ),
    Row("rebase --exec", f"git checkout -q topic\ngit rebase -q --exec '{THERE}' main", 4),
    Row("rebase --autostash", f"git checkout -q topic\n{CODE}\ngit rebase -q --autostash main", 2),
    Row(
        "rebase --autostash of a pointer",
        "git checkout -q topic\ngit checkout -q t1 -- $P/other.dvc\ngit rebase -q --autostash main",
        4,
    ),
    # -- cherry-pick and revert
    Row("cherry-pick", "git cherry-pick t1"),
    Row("cherry-pick a range", "git cherry-pick v1..topic"),
    Row("cherry-pick -n", "git cherry-pick -n t1\ngit commit -qm picked"),
    Row(
        "cherry-pick, conflict, continue",
        f"! git cherry-pick clash\n{THEIRS}\ngit cherry-pick --continue",
        2,
    ),
    Row("cherry-pick --abort", "! git cherry-pick clash\ngit cherry-pick --abort", 2),
    Row("cherry-pick --abort late", "! git cherry-pick t1 clash\ngit cherry-pick --abort", 2),
    Row("cherry-pick --skip", "! git cherry-pick clash t1\ngit cherry-pick --skip", 2),
    Row("cherry-pick --quit", "! git cherry-pick clash\ngit cherry-pick --quit", 1),
    Row("revert", "git revert --no-edit v2"),
    Row("revert -n", "git revert -n v2\ngit revert --abort", 2),
    Row("revert a range", "git revert --no-edit v1..coded"),
    Row("revert, conflict, abort", "! git revert --no-edit v1\ngit revert --abort", 2),
    # -- stash
    Row("stash, pop", "git checkout -q v1 -- $P\ngit stash push -q\ngit stash pop -q", 3),
    Row(
        "stash, pop --index", "git checkout -q v1 -- $P\ngit stash -q\ngit stash pop -q --index", 3
    ),
    Row("stash, apply", "git restore -s v1 $P/data.dvc\ngit stash -q\ngit stash apply -q", 3),
    Row(
        "stash of pointers that went",
        "git rm -q $P/*.dvc $P/dvc.lock\ngit stash -q\ngit stash pop -q",
        4,
        dirty=False,
    ),
    Row(
        "stash of data just added",
        "echo new >$P/data/b && git dvc add -q $P/data\ngit stash -q\ngit stash pop -q",
        2,
        dirty=False,
    ),
    Row(
        "stash of a new pointer",
        "echo new >$P/other && git dvc add -q $P/other\ngit stash -q\ngit stash pop -q",
        2,
        dirty=False,
    ),
    Row(
        "stash -u",
        "git checkout -q v1 -- $P/data.dvc\necho >$T/new.py && git stash -q -u\ngit stash pop -q",
        3,
    ),
    Row(
        "stash --keep-index",
        "git checkout -q v1 -- $P/data.dvc && git restore -s v3 $P/model.dvc\n"
        "git stash -q --keep-index\ngit reset -q --hard\ngit stash pop -q",
        6,
    ),
    Row("stash push -- path", "git checkout -q v1 -- $P\ngit stash push -q -- $P/data.dvc", 2),
    Row("stash --staged", "git checkout -q v1 -- $P\ngit stash push -q --staged", 2),
    Row("stash branch", "git checkout -q v1 -- $P\ngit stash -q\ngit stash branch new", 3),
    Row(
        "stash, pop with conflict",
        "git checkout -q v1 -- $P\ngit stash -q\ngit checkout -q clash\n! git stash pop -q",
        4,
    ),
    # -- am
    Row("am", "git am -q $W/patches/*"),
    Row("am -3", "git am -q -3 $W/patches/*"),
    Row("am, conflict, abort", "! git am -q $W/patches/* $W/clashes/*\ngit am --abort", 2),
    Row("am, conflict, skip", "! git am -q $W/clashes/* $W/patches/*\ngit am --skip", 1),
    Row(
        "am -3, conflict, continue", f"! git am -q -3 $W/clashes/*\n{THEIRS}\ngit am --continue", 3
    ),
    # -- bisect
    Row(
        "bisect",
        # Not below the top, which Git 2.39 refuses.
        "git -C $T bisect start -q\ngit -C $T bisect bad v3\ngit -C $T bisect good empty\n"
        "git -C $T bisect good\ngit -C $T bisect reset",
        3,
    ),
    Row(
        "bisect run",
        "git bisect start v3 empty\ngit bisect run test -f $P/data/gone\ngit bisect reset",
        5,
    ),
    # -- plumbing, sparse checkout
    Row(
        "read-tree -mu",
        "git update-index -q --refresh && git read-tree -mu HEAD v1\ngit read-tree --reset -u HEAD",
        2,
    ),
    Row(
        "sparse checkout, cone",
        "git -C $T sparse-checkout set --cone .dvc proj/.dvc code\ngit checkout -q v1\n"
        "git -C $T sparse-checkout add far proj/far\ngit -C $T sparse-checkout disable",
        4,
    ),
    Row(
        "sparse checkout, patterns",
        "git -C $T sparse-checkout set --no-cone '/*' '!far/'\ngit checkout -q v1\n"
        "git reset -q --hard v3\ngit -C $T sparse-checkout disable",
        4,
    ),
    # -- commit
    Row("commit -a", "git restore -s v1 $P/data.dvc\ngit commit -qam old", 1),
    Row("commit FILE", "git restore -s v1 $P/data.dvc\ngit commit -qm old $P/data.dvc", 1),
    Row("commit FILE, other staged", "git checkout -q v1 -- $P\ngit commit -qm old $P/data.dvc", 1),
    Row("commit --amend", "git checkout -q v1 -- $P\ngit commit -q --amend --no-edit", 1),
    Row(
        "commit of data just added",
        "echo new >$P/data/b && git dvc add -q $P/data\ngit commit -qm new\ngit checkout -q HEAD~",
        2,
        dirty=False,
    ),
    Row("rm of a pointer", "git rm -q $P/data.dvc\ngit commit -qm away\ngit checkout -q HEAD~", 2),
    # -- no pointer moves
    Row("commit of code", f"{CODE}\ngit commit -qam code", 0),
    Row("checkout of code", "git checkout -q v2\ngit checkout -q main", 0),
    Row("reset --hard of code", f"{CODE}\ngit reset -q --hard\ngit reset -q --hard HEAD~", 0),
    Row("stash of code", f"{CODE}\ngit stash -q\ngit stash pop -q", 0),
    Row(
        "rebase of code",
        f"git checkout -q -b new v2\n{LOCAL}\n{LOCAL} --allow-empty\ngit rebase -q main",
        0,
    ),
]

LAYOUTS = {
    "plain": Layout(),
    "below": Layout(prefix="proj", cwd="proj"),
    "linked": Layout(linked=True, cwd="code"),
}

_templates: dict[Layout, Template] = {}


def template(tmp_path_factory: pytest.TempPathFactory, layout: Layout) -> Template:
    """Return the template for a layout, which is built once."""
    if layout not in _templates:
        _templates[layout] = Template(tmp_path_factory.mktemp("template"), layout)
    return _templates[layout]


def play(row: Row, ours: World, twin: World, *, dirty: bool, counts: bool) -> None:
    """Run a row in both worlds, with all checks."""
    unsaved = UNSAVED if dirty else {}
    write_tree(ours.project, unsaved)
    before: dict[str, bytes | None] = {**ours.wanted().files}
    worked = 0
    started: list[str] = []
    in_the_way: set[str] = set()
    for text in row.lines.splitlines():
        fails, line = text.startswith("! "), text.removeprefix("! ")
        here, there = ours.run(line, ok=False), _alone(line, ours, twin)
        told = f"{line}\n{here}\nGit alone: {there}"
        assert (there.code != 0) == fails, told
        starts = ours.starts()
        worked += sum(1 for start in starts if start.startswith("worked"))
        started += [start for start in starts if " pre-commit" not in start]
        say = ours.wanted()
        # A pointer with conflict markers says nothing new.
        after = {
            path: (before if inside(path, say.unclear) else say.files).get(path) for path in unsaved
        }
        moved = {
            path
            for path, data in unsaved.items()
            if before.get(path) != after[path] != data and path != "data/mine"
        }
        before = after
        assert "Traceback" not in here.err, told
        try:
            ours.check(unsaved)
        except AssertionError as problem:
            raise AssertionError(f"{told}\nhooks: {starts}\n{problem}") from None
        assert {path for path in moved if path in here.err} == moved, told
        in_the_way |= moved
        if in_the_way:
            assert here.code in (there.code, 1), told
        else:
            assert here.code == there.code, told
            assert "error:" not in here.err or "error:" in there.err, told
        assert ours.state() == twin.state(), told
    if counts:
        assert worked <= row.syncs, started
        assert row.syncs or not started


def _alone(line: str, ours: World, twin: World) -> Done:
    if "git dvc" not in line:
        return twin.run(line, ok=False)
    # What our command wrote is given to Git as it is.
    for name in _changed(ours):
        target = twin.top / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ours.top / name).read_bytes())
    return twin.run("git add -A")


def _changed(ours: World) -> list[str]:
    """Return what Git sees as changed."""
    return [line[3:] for line in ours.state()]


def _cases() -> list[ParameterSet]:
    """Return which rows to run where.

    There are two ways to run a row: as plainly as possible, and with all that makes it harder
    at once, in one layout or another. Rows take turns, for the sake of time; with
    GIT_DVC_TEST_MATRIX=both each is run in both ways, with =all in all combinations.
    """
    cases = []
    for number, row in enumerate(TABLE):
        if MATRIX == "all":
            runs = list(itertools.product(("git", "other git"), LAYOUTS, ("clean", "dirty")))
        else:
            layout = list(LAYOUTS)[1 + number % (len(LAYOUTS) - 1)]
            runs = [("git", "plain", "clean"), ("other git", layout, "dirty")]
            if MATRIX != "both":
                runs = [runs[number % 2]]
        for git, layout, way in runs:
            way = way if row.dirty else "clean"
            cases.append(
                pytest.param(row, git, layout, way, id=f"{row.name} ({git}, {layout}, {way})")
            )
    return list({case.id: case for case in cases}.values())


@pytest.mark.parametrize(("row", "git", "layout", "way"), _cases())
def test_data_follows(
    row: Row,
    git: str,
    layout: str,
    way: str,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = template(tmp_path_factory, LAYOUTS[layout])
    if git != "git":
        use_other_git(monkeypatch)
    ours, twin = made.world(tmp_path / "ours"), made.world(tmp_path / "twin", twin=True)
    play(row, ours, twin, dirty=way == "dirty", counts=layout == "plain" and way == "clean")
