"""The story of the tour: two versions of images and of a model, and the ways between them.

Every command is shown and really run, and every claim is checked by reading the files and
hashing them, not by asking git-dvc.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import tempfile
import time
from pathlib import Path

from git_dvc.cli.console import console
from git_dvc.errors import UsageError, quoted
from git_dvc.hooks.install import find_program
from git_dvc.tour import digits
from git_dvc.tour.stage import Snapshot, Stage, TourError

MODEL = "model.json"
METRICS = "metrics.json"
TRAINING = "training.csv"
STAGES = f"""\
metrics:
- {METRICS}
plots:
- {TRAINING}:
    x: epoch
    y: loss
    title: How the loss falls
"""
FIRST = 700
"""Training images of the first version."""


def play(directory: str | None) -> int:
    """Play the tour and return the exit code: 1 if anything was not as claimed.

    Args:
        directory: An empty or absent directory; None is a new temporary one. It stays.

    Raises:
        UsageError: The directory has something in it.
        TourError: A command failed.
    """
    started = time.monotonic()
    folder = _scratch(directory) / "digits"
    folder.mkdir()
    stage = Stage(folder)
    try:
        _tell(stage)
    except TourError:
        console.say("\n")
        raise
    return _end(stage, time.monotonic() - started)


def _scratch(directory: str | None) -> Path:
    """Return the empty directory to play in."""
    if directory is None:
        return Path(tempfile.mkdtemp(prefix="git-dvc-tour-")).resolve()
    folder = Path(directory).absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        empty = not os.listdir(folder)
    except OSError as problem:
        raise UsageError(f"cannot use {quoted(directory)}: {problem.strerror}") from problem
    if not empty:
        raise UsageError(
            f"{quoted(directory)} is not empty",
            hint="name a directory that does not exist, or none for a temporary one",
        )
    return folder.resolve()


def _tell(stage: Stage) -> None:
    images = digits.load()
    train, validation = images[: digits.TRAINING], images[digits.TRAINING :]
    _begin(stage, train[:FIRST] + validation)
    first = _train_first(stage)
    good = {"v1.0": _accuracy(stage)}
    second = _grow(stage, train[FIRST:])
    good["v2.0"] = _accuracy(stage)
    _switch(stage, first, second)
    _mix(stage, first, second)
    _keep_unsaved(stage, first, second, train[FIRST])
    _follow_everything(stage, first, second, train[FIRST])
    _merge_labels(stage, train[0], train[1])
    _undo(stage)
    _share(stage)
    _get(stage, first, second)
    good |= _automate(stage, train)
    _compare(stage, good)


def _begin(stage: Stage, images: list[digits.Digit]) -> None:
    stage.chapter("1. A repository, and images to version")
    stage.tell(f"in {stage.folder}")
    stage.run("git init -q")
    _keep_own(stage)
    stage.run("git dvc init")

    _copy(stage, images)
    shutil.copy(digits.HERE / "README.md", stage.folder / "data")
    stage.tell(f"{len(images):,} small images of handwritten digits appear in data/, such as this:")
    console.say(digits.drawing(images[3]))
    stage.run("git dvc add data")
    stage.run("cat data.dvc")

    stage.run("git ls-files")
    in_git = stage.output.split()
    tracked = [name for name in in_git if name.startswith("data/")]
    stage.check(
        "Git has the pointer file and not one of the images", "data.dvc" in in_git and not tracked
    )
    stored = stage.stored()
    there = set(stage.snapshot("data").values())
    stage.check(f"all {len(there):,} files are in the cache, byte for byte", there <= set(stored))
    stage.check(
        "the content of everything in the cache has the hash that is its name",
        all(name.removesuffix(".dir") == value for name, value in stored.items()),
    )


def _keep_own(stage: Stage) -> None:
    """See to it that hooks and cache stay here after the tour, under the user's settings."""
    from git_dvc.git.repo import git
    from git_dvc.project import config_paths, read_layer

    if git(["config", "--get", "core.hooksPath"], cwd=str(stage.folder)).code == 0:
        stage.tell("your own settings have the hooks elsewhere; here they are the repository's")
        stage.run(f"git config core.hooksPath '{stage.folder.as_posix()}/.git/hooks'")
    layers = [read_layer(level, path) for level, path in config_paths(None)]
    if any("dir" in layer.values.get(("cache",), {}) for layer in layers):
        stage.tell(
            "your own settings have a cache elsewhere; here .dvc/config.local overrules them"
        )
        (stage.folder / ".dvc").mkdir()
        (stage.folder / ".dvc" / "config.local").write_text("[cache]\n    dir = cache\n")


def _copy(stage: Stage, images: list[digits.Digit]) -> None:
    digits.write(stage.folder / "data", images)


def _train_first(stage: Stage) -> Snapshot:
    stage.chapter("2. A model, and version 1.0")
    shutil.copy(Path(__file__).with_name("train.py"), stage.folder)
    stage.tell("train.py is a softmax regression in plain Python")
    stage.run("python3 train.py")
    stage.run(f"git dvc add {MODEL}")
    stage.tell("code, metrics and losses are small text, so they go to Git itself;")
    stage.tell("dvc.yaml says which files are to be compared later")
    (stage.folder / "dvc.yaml").write_text(STAGES)
    stage.run(f"git add train.py {METRICS} {TRAINING} dvc.yaml")
    stage.run("git commit -q -m 'Train on the first 700 images'")
    stage.run("git tag v1.0")
    stage.run("git status --short")
    stage.check("Git sees nothing that is not committed", not stage.output)
    return _everything(stage)


def _everything(stage: Stage, at: str = ".") -> Snapshot:
    return stage.snapshot("data", MODEL, METRICS, at=at)


def _grow(stage: Stage, images: list[digits.Digit]) -> Snapshot:
    stage.chapter("3. More data, a better model, version 2.0")
    before = stage.stored()
    _copy(stage, images)
    stage.tell(f"{len(images)} more images appear in data/")
    stage.run("git dvc status")
    stage.run("python3 train.py")
    stage.run(f"git dvc add data {MODEL}")
    stage.run("git commit -q -a -m 'Train on all 1400 images'")
    stage.run("git tag v2.0")
    grown = len(stage.stored()) - len(before)
    # The new images, one list of all files, and the new model.
    stage.check(
        f"the cache grew by the {len(images)} new images, the list of files and the model alone",
        grown == len(images) + 2,
    )
    stage.run("git dvc diff v1.0 v2.0", most_lines=10)
    return _everything(stage)


def _switch(stage: Stage, first: Snapshot, second: Snapshot) -> None:
    stage.chapter("4. Back and forth, with 'git checkout' alone")
    stage.run("git checkout v1.0")
    now = _everything(stage)
    stage.check(f"all {len(now):,} files are byte for byte what v1.0 had", now == first)
    stage.run(f"cat {METRICS}")
    stage.run("git checkout main")
    now = _everything(stage)
    stage.check(f"all {len(now):,} files are byte for byte what v2.0 had", now == second)


def _mix(stage: Stage, first: Snapshot, second: Snapshot) -> None:
    stage.chapter("5. One thing at another version")
    stage.run(f"git checkout v1.0 -- {MODEL}.dvc")
    stage.check("the model is that of v1.0", stage.snapshot(MODEL) == _part(first, MODEL))
    stage.check("the images are those of v2.0", stage.snapshot("data") == _part(second, "data"))
    stage.run("git dvc status")
    stage.run(f"git checkout HEAD -- {MODEL}.dvc")
    stage.check("the model is that of v2.0 again", stage.snapshot(MODEL) == _part(second, MODEL))


def _part(snapshot: Snapshot, name: str) -> Snapshot:
    return {
        path: value
        for path, value in snapshot.items()
        if path == name or path.startswith(name + "/")
    }


def _keep_unsaved(stage: Stage, first: Snapshot, second: Snapshot, image: digits.Digit) -> None:
    stage.chapter("6. Work that is saved nowhere is never lost")
    edited = f"data/{image.relpath}"
    negative = bytes(16 - value for value in image.pixels)
    (stage.folder / edited).write_bytes(digits.PGM_HEADER + negative)
    mine = stage.snapshot(edited)
    stage.tell(f"an editor turns {edited} into its negative; v1.0 does not have this file")
    stage.run("git checkout v1.0", code=1)
    stage.check("the edited image is untouched", stage.snapshot(edited) == mine)
    stage.check(
        "everything else is byte for byte what v1.0 had", _everything(stage) == first | mine
    )
    stage.run("git checkout main", code=1)
    stage.check(
        "everything else is byte for byte what v2.0 had", _everything(stage) == second | mine
    )
    stage.tell("to keep it: git dvc add data; to throw it away:")
    stage.run("git dvc checkout --force data")
    stage.check("now all is what v2.0 had", _everything(stage) == second)
    stage.run("git dvc status")


def _follow_everything(
    stage: Stage, first: Snapshot, second: Snapshot, image: digits.Digit
) -> None:
    stage.chapter("7. Data follows every Git command")
    stage.run("git reset -q --hard v1.0")
    stage.check("reset: all is what v1.0 had", _everything(stage) == first)
    stage.run("git reset -q --hard v2.0")
    stage.check("and back: all is what v2.0 had", _everything(stage) == second)

    edited = f"data/{image.relpath}"
    (stage.folder / edited).unlink()  # may be a link to the cache
    (stage.folder / edited).write_bytes(digits.PGM_HEADER + bytes(64))
    mine = stage.snapshot(edited)
    stage.tell(f"{edited} is painted black, and recorded")
    stage.run("git dvc add data")
    stage.run("git stash")
    stage.check("stash: all is what v2.0 had", _everything(stage) == second)
    stage.run("git stash pop -q")
    stage.check("pop: the black image is back", _everything(stage) == second | mine)
    stage.run("git reset -q --hard")


def _merge_labels(stage: Stage, one: digits.Digit, other: digits.Digit) -> None:
    stage.chapter("8. Two people correct labels, and merge")
    stage.tell("the directory of an image is its label; Anna moves one, Ben moves another")
    stage.run("git switch -q -c anna")
    _relabel(stage, one, "6")
    stage.run("git dvc add data")
    stage.run("git commit -q -a -m 'That is a 6'")
    stage.run("git switch -q main")
    _relabel(stage, other, "1")
    stage.run("git dvc add data")
    stage.run("git commit -q -a -m 'That is a 1'")
    stage.run("git merge -q --no-edit anna")
    there = stage.snapshot("data")
    stage.check(
        "both corrections are in the merged data",
        _moved(one, "6") in there
        and _moved(other, "1") in there
        and f"data/{one.relpath}" not in there
        and f"data/{other.relpath}" not in there,
    )
    stage.run("git status --short")
    stage.check("and nothing is left to commit", not stage.output)
    stage.run("git diff -U0 v2.0 -- data.dvc")
    stage.run("git dvc log --oneline -n 4 data")


def _undo(stage: Stage) -> None:
    stage.chapter("9. And the way back from a mistake")
    before = _everything(stage)
    stage.run(f"git dvc remove --outs {MODEL}.dvc")
    stage.check("the model is gone, and untracked", not stage.snapshot(MODEL))
    stage.run("git dvc undo")
    stage.check("undo: all is as before", _everything(stage) == before)
    stage.run("git status --short")
    stage.check("for Git, too", not stage.output)
    stage.run("git dvc op log -n 3")


def _share(stage: Stage) -> None:
    stage.chapter("10. Share it: push, and a colleague clones")
    stage.tell("a remote is an object store, a server or, as here, a folder")
    stage.run("git dvc remote add -d store ../store")
    stage.run("git commit -q -a -m 'Say where the data is'")
    stage.run("git dvc push")
    stored = stage.stored("../store/files/md5")
    stage.check(
        "the content of everything in the store has the hash that is its name",
        bool(stored) and all(name.removesuffix(".dir") == value for name, value in stored.items()),
    )
    stage.run("git dvc clone . ../colleague")
    stage.check(
        "the colleague has the same files, byte for byte",
        _everything(stage, at="../colleague") == _everything(stage),
    )
    stage.run("git dvc push")


def _get(stage: Stage, first: Snapshot, second: Snapshot) -> None:
    stage.chapter("11. A registry: data without cloning it")
    stage.tell("any repository with data is one; a program elsewhere takes just what it needs")
    stage.run(f"git dvc get ../digits {MODEL} --rev v1.0 -o ../app/{MODEL}")
    stage.check(
        "the model is that of v1.0",
        stage.snapshot(MODEL, at="../app") == _part(first, MODEL),
    )
    stage.run("git dvc get ../digits data/validation --rev v2.0 -o ../app/data/validation")
    images = _part(second, "data/validation")
    stage.check(
        f"the {len(images)} images are those of v2.0, out of all of them",
        stage.snapshot("data", at="../app") == images,
    )


def _accuracy(stage: Stage) -> str:
    """Return how good the model that was just trained is."""
    metrics = json.loads((stage.folder / METRICS).read_text())
    return str(metrics["accuracy"])


def _automate(stage: Stage, images: list[digits.Digit]) -> dict[str, str]:
    """Let a pipeline make the model; return how good it was in each version."""
    stage.chapter("12. The model as a stage: run again what is stale, and nothing else")
    stage.run(f"git dvc remove {MODEL}.dvc")
    made = f"-o {MODEL} -M {METRICS} --plots-no-cache {TRAINING}"
    stage.run(f"git dvc stage add -n train -d train.py -d data {made} python3 train.py")
    stage.check(
        "what stood in dvc.yaml is still there", _text(stage, "dvc.yaml").startswith(STAGES)
    )
    stage.run("git dvc repro")
    stage.run("git commit -q -a -m 'Let a stage make the model'")
    stage.run("git tag v3.0")
    good = {"v3.0": _accuracy(stage)}
    third = _everything(stage)

    shifted = images[:: len(images) // 100]
    for image in shifted:
        name = f"{image.number:04}-lower.pgm"
        place = stage.folder / "data" / "train" / str(image.digit) / name
        place.write_bytes(digits.PGM_HEADER + bytes(8) + image.pixels[:-8])
    stage.tell(f"{len(shifted)} more images appear in data/, each a row lower than another one")
    stage.run("git dvc repro --dry --why")
    stage.check(
        "the images are named as what made the stage stale",
        "dependency data: modified" in stage.output,
    )
    stage.check("and nothing was run", stage.snapshot(MODEL) == _part(third, MODEL))
    stage.run("git dvc repro")
    stage.run("git commit -q -a -m 'Train on images that are not in the middle, too'")
    stage.run("git tag v4.0")
    good["v4.0"] = _accuracy(stage)
    fourth = _everything(stage)

    stage.run("git checkout v3.0")
    stage.check("images, model and metrics are those of v3.0", _everything(stage) == third)
    stage.run("git checkout main")
    stage.check("and those of v4.0 again", _everything(stage) == fourth)
    return good


def _text(stage: Stage, name: str) -> str:
    return (stage.folder / name).read_text(encoding="utf-8")


def _compare(stage: Stage, good: dict[str, str]) -> None:
    stage.chapter("13. Which version is better?")
    stage.run("git dvc metrics show -T")
    lines = [line.split() for line in stage.output.splitlines()]
    stage.check(
        "each tag has the accuracy that its model had, and nothing was checked out",
        all([rev, value] in [[line[0], line[-1]] for line in lines] for rev, value in good.items()),
    )
    stage.run("git dvc metrics diff v1.0 v2.0")
    stage.run("git dvc plots diff v1.0 v2.0 -o ../losses.html")
    page = stage.folder.parent / "losses.html"
    text = page.read_text(encoding="utf-8")
    stage.tell(f"look at it in a browser: {page}")
    stage.check(
        "it is one page that loads nothing from anywhere, with both versions in it",
        "v1.0" in text and "v2.0" in text and '<script src="http' not in text,
    )


def _moved(image: digits.Digit, label: str) -> str:
    folder, _, name = image.relpath.split("/")
    return f"data/{folder}/{label}/{name}"


def _relabel(stage: Stage, image: digits.Digit, label: str) -> None:
    stage.run(f"mv data/{image.relpath} {_moved(image, label)}")


def _end(stage: Stage, took_s: float) -> int:
    """Say how it went, where the repository lies and what to try; return the exit code."""
    console.say("\n")
    if stage.failed:
        console.error(
            f"error: {len(stage.failed)} of {stage.checked} claims are false:\n"
            + "\n".join(f"  {claim}" for claim in stage.failed)
            + f"\nhint: the repository is kept in {quoted(str(stage.folder))}"
        )
        return 1
    verdict = f"All {stage.checked} claims were checked and are true ({took_s:.1f} s)."
    console.say(console.paint(verdict, "green"))
    path = ""
    if shutil.which("git-dvc") is None:
        path = f'    export PATH="{os.path.dirname(find_program())}:$PATH"\n'
    console.say(_NEXT.format(path=path, folder=shlex.quote(str(stage.folder))))
    return 0


_NEXT = """
The repository is yours to play with:

{path}    cd {folder}
    git dvc status                       # what is not recorded
    rm -r data && git dvc checkout       # all of it comes back
    git worktree add ../v1 v1.0          # a second work tree, same cache
    git dvc -h                           # all commands

To begin with your own data, in any Git repository:

    git dvc init
    git dvc add <files and directories>
    git commit -m 'Add data'"""
