"""The diff driver under real Git: every view says which files, and Git never fails by it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from git_dvc.formats import manifest
from git_dvc.git.repo import Repository
from git_dvc.hooks import settings, textconv
from git_dvc.project import Project
from git_dvc.store.state import State
from tests import launcher, scene
from tests.conftest import run_git
from tests.scene import md5, write_tree

ONE = {"data/kept": "1", "data/gone": "to go", "data/old name": "named", "data/sub/edited": "x"}
TWO = {
    "data/kept": "1",
    "data/new": "it is new",
    "data/other name": "named",
    "data/sub/edited": "xyz",
}
H = {text: md5(text.encode())[:8] for text in {*ONE.values(), *TWO.values()}}


@pytest.fixture(scope="session")
def tool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return launcher.write(tmp_path_factory.mktemp("bin"))


def driver(program: Path) -> str:
    return settings.value_for(settings.TEXTCONV, str(program))


class Work:
    """A repository with the diff driver, driven by real programs."""

    def __init__(self, top: Path, tool: Path) -> None:
        self.top = top
        self.tool = tool
        run_git("config", "diff.dvc.textconv", driver(tool), cwd=top)
        (top / ".gitattributes").write_text("*.dvc diff=dvc\ndvc.lock diff=dvc\n")

    def save(self, files: dict[str, str], *targets: str, cwd: str = "") -> None:
        for target in targets:
            subprocess.run(["rm", "-rf", self.top / cwd / target], check=True)
        write_tree(self.top / cwd, files)
        done = scene.run(self.tool, "add", "-q", *targets, cwd=self.top / cwd)
        assert done.returncode == 0, done.stderr

    def commit(self, name: str) -> None:
        run_git("add", "-A", cwd=self.top)
        run_git("commit", "-qm", name, cwd=self.top)

    def lines(self, *args: str, cwd: str = "") -> list[str]:
        """Return the changed lines of a difference, without their numbers of blanks."""
        shown = run_git(*args, cwd=self.top / cwd)
        return [
            " ".join(line.split())
            for line in shown.splitlines()
            if line[:1] in ("+", "-") and line[:3] not in ("+++", "---")
        ]


@pytest.fixture
def work(git_repo: Path, tool: Path) -> Work:
    made = Work(git_repo, tool)
    assert scene.run(tool, "init", "-q", "--no-hooks", cwd=git_repo).returncode == 0
    run_git("config", "diff.dvc.textconv", driver(tool), cwd=git_repo)
    return made


def whole(top: Path, pointer: str = "data.dvc") -> str:
    """Return the line of the whole that the pointer in the work tree gets."""
    shown = run_git("show", f"HEAD:{pointer}", "--textconv", cwd=top).splitlines()[0]
    return " ".join(shown.split())


CHANGES = [
    f"- {H['to go']} 5 gone",
    f"+ {H['it is new']} 9 new",
    f"- {H['named']} 5 old name",
    f"+ {H['named']} 5 other name",
    f"- {H['x']} 1 sub/edited",
    f"+ {H['xyz']} 3 sub/edited",
]


def of_files(lines: list[str]) -> list[str]:
    return sorted(line for line in lines if "data/" not in line)


@pytest.mark.parametrize(
    "view",
    [
        ("diff", "HEAD^", "HEAD"),
        ("show",),
        ("log", "-p", "-1"),
        ("log", "-p", "-1", "--", "data.dvc"),
        ("diff", "-R", "HEAD", "HEAD^"),
    ],
)
def test_git_names_the_files_that_changed_and_their_bytes(
    work: Work, view: tuple[str, ...]
) -> None:
    work.save(ONE, "data")
    work.commit("one")
    work.save(TWO, "data")
    work.commit("two")
    assert of_files(work.lines(*view)) == sorted(CHANGES)


def test_the_line_of_the_whole_counts_files_and_bytes(work: Work) -> None:
    work.save(ONE, "data")
    work.commit("one")
    work.save(TWO, "data")
    whole_lines = [line for line in work.lines("diff", "HEAD") if "data/" in line]
    assert [line.partition(", md5")[0] for line in whole_lines] == [
        "-data/ 4 files, 12 bytes",
        "+data/ 4 files, 18 bytes",
    ]


def test_the_work_tree_and_the_index_are_sides_too(work: Work) -> None:
    work.save(ONE, "data")
    work.commit("one")
    work.save(TWO, "data")  # 'add' stages
    assert of_files(work.lines("diff", "--cached")) == sorted(CHANGES)
    run_git("reset", "-q", cwd=work.top)
    assert of_files(work.lines("diff")) == sorted(CHANGES)


def test_a_stash_shows_what_is_in_it(work: Work) -> None:
    work.save(ONE, "data")
    work.commit("one")
    work.save(TWO, "data")
    run_git("stash", "push", "-q", cwd=work.top)
    # Git leaves diff drivers out here unless it is asked; 'git diff' needs no option.
    assert of_files(work.lines("stash", "show", "-p", "--textconv")) == sorted(CHANGES)
    assert of_files(work.lines("diff", "HEAD", "stash@{0}")) == sorted(CHANGES)


def test_a_merge_shows_both_of_its_sides(work: Work) -> None:
    work.save(ONE, "data")
    work.commit("one")
    run_git("checkout", "-q", "-b", "side", cwd=work.top)
    work.save({**ONE, "data/theirs": "t"}, "data")
    work.commit("side")
    run_git("checkout", "-q", "main", cwd=work.top)
    work.save({**ONE, "data/ours": "o"}, "data")
    work.commit("main")
    run_git("merge", "-q", "--no-commit", "-s", "ours", "side", cwd=work.top)
    work.save({**ONE, "data/ours": "o", "data/theirs": "t"}, "data")
    work.commit("merge")
    shown = run_git("show", "--cc", cwd=work.top)
    assert f" +  {md5(b'o')[:8]}              1  ours" in shown.splitlines()
    assert f"+   {md5(b't')[:8]}              1  theirs" in shown.splitlines()


def test_blame_names_the_commit_that_brought_a_file(work: Work) -> None:
    work.save(ONE, "data")
    work.commit("one")
    work.save(TWO, "data")
    work.commit("two")
    shown = run_git("blame", "-s", "data.dvc", cwd=work.top).splitlines()
    old = run_git("rev-parse", "--short=7", "HEAD^", cwd=work.top)
    by_file = {line.split(") ")[1].split(maxsplit=2)[2]: line.lstrip("^")[:7] for line in shown[1:]}
    assert [name for name, commit in by_file.items() if commit == old] == ["kept"]
    assert set(by_file) == {name[5:] for name in TWO}


def test_grep_finds_a_file_of_the_data_by_name(work: Work) -> None:
    work.save(ONE, "data")
    work.commit("one")
    assert "sub/edited" in run_git(
        "grep", "--textconv", "edited", "HEAD", "--", "*.dvc", cwd=work.top
    )


def test_a_hunk_is_headed_by_the_output(work: Work) -> None:
    files = {f"data/{number:03}": str(number) for number in range(50)}
    work.save(files, "data")
    work.commit("one")
    work.save({**files, "data/040": "changed"}, "data")
    heads = [
        line for line in run_git("diff", "HEAD", cwd=work.top).splitlines() if line[:2] == "@@"
    ]
    assert heads[1].partition(" @@ ")[2].startswith("data/  50 files, ")


def test_a_single_file_is_one_line(work: Work) -> None:
    work.save({"model": "1"}, "model")
    work.commit("one")
    work.save({"model": "twelve bytes"}, "model")
    assert work.lines("diff", "HEAD") == [
        f"-model 1 byte, md5 {md5(b'1')}",
        f"+model 12 bytes, md5 {md5(b'twelve bytes')}",
    ]


def test_data_that_goes_or_comes_is_listed_whole(work: Work) -> None:
    work.save(ONE, "data")
    work.commit("one")
    assert len([line for line in work.lines("show") if H["x"] in line]) == 1
    run_git("rm", "-q", "data.dvc", cwd=work.top)
    assert f"- {H['x']} 1 sub/edited" in work.lines("diff", "--cached")


def test_a_project_in_a_subdirectory_is_found_from_anywhere(
    git_repo: Path, tool: Path, tmp_path: Path
) -> None:
    work = Work(git_repo, tool)
    (git_repo / "deep" / "er").mkdir(parents=True)
    init = scene.run(tool, "init", "-q", "--subdir", "--no-hooks", cwd=git_repo / "deep")
    assert init.returncode == 0, init.stderr
    run_git("config", "diff.dvc.textconv", driver(tool), cwd=git_repo)
    work.save(ONE, "data", cwd="deep")
    work.commit("one")
    work.save(TWO, "data", cwd="deep")
    work.commit("two")
    for cwd in ("", "deep", "deep/er"):
        assert of_files(work.lines("diff", "HEAD^", "HEAD", cwd=cwd)) == sorted(CHANGES)
    run_git("worktree", "add", "-q", tmp_path / "linked", cwd=git_repo)
    linked = Work(tmp_path / "linked", tool)
    assert of_files(linked.lines("diff", "HEAD^", "HEAD")) == sorted(CHANGES)


def test_it_works_with_git_dir_and_in_a_bare_clone(work: Work, tmp_path: Path) -> None:
    work.save(ONE, "data")
    work.commit("one")
    work.save(TWO, "data")
    work.commit("two")
    named = ("--git-dir", f"{work.top}/.git", "--work-tree", str(work.top))
    assert of_files(work.lines(*named, "diff", "HEAD^", "HEAD")) == sorted(CHANGES)
    run_git("clone", "-q", "--bare", work.top, tmp_path / "bare", cwd=tmp_path)
    bare = tmp_path / "bare"
    run_git("config", "diff.dvc.textconv", driver(work.tool), cwd=bare)
    (bare / "info").mkdir(exist_ok=True)
    (bare / "info" / "attributes").write_text("*.dvc diff=dvc\n")
    shown = run_git("diff", "HEAD^", "HEAD", cwd=bare)
    assert "+data/  4 files, 18 bytes" in shown
    assert "(the list of its files is not in the cache here)" in shown


def test_what_the_cache_lacks_is_said_and_nothing_fails(work: Work) -> None:
    work.save(ONE, "data")
    work.commit("one")
    with Project.open(str(work.top)) as project:
        value = run_git("show", "--no-textconv", "HEAD:data.dvc", cwd=work.top).split()[3]
        Path(project.cache().path(value)).unlink()
    shown = work.lines("show", "HEAD", "--", "data.dvc")
    assert shown == [
        f"+data/ 4 files, 12 bytes, md5 {value}",
        "+ (the list of its files is not in the cache here)",
    ]


def test_a_damaged_list_is_not_shown_and_not_touched(work: Work) -> None:
    work.save(ONE, "data")
    work.commit("one")
    value = run_git("show", "HEAD:data.dvc", cwd=work.top).split()[3]
    with Project.open(str(work.top)) as project:
        place = Path(project.cache().path(value))
    place.chmod(0o644)
    place.write_bytes(place.read_bytes().replace(b"kept", b"kepT"))
    shown = work.lines("show", "HEAD", "--", "data.dvc")
    assert shown[1:] == ["+ (the list of its files is damaged in the cache)"]
    assert b"kepT" in place.read_bytes()


def test_a_conflict_is_shown_as_it_is(work: Work) -> None:
    text = "outs:\n<<<<<<< ours\n- md5: 1\n=======\n- md5: 2\n>>>>>>> theirs\n  path: data\n"
    (work.top / "data.dvc").write_text(text)
    run_git("add", "data.dvc", cwd=work.top)
    assert [
        line[1:]
        for line in run_git("diff", "--cached", "--", "data.dvc", cwd=work.top).splitlines()[6:]
    ] == (text.splitlines())


@pytest.mark.parametrize(
    "data", [b"\xff\xfe\x00", b"", b"outs: [[[", b"outs:\n- path: 3\n", b"x" * 100]
)
def test_what_is_no_pointer_is_shown_as_it_is(work: Work, tmp_path: Path, data: bytes) -> None:
    for name in ("data.dvc", "dvc.lock"):
        (tmp_path / name).write_bytes(data)
        done = subprocess.run(
            [work.tool, "textconv", tmp_path / name], cwd=work.top, capture_output=True, check=False
        )
        assert (done.returncode, done.stdout) == (0, data)


def test_what_else_stands_in_a_pointer_is_shown(work: Work) -> None:
    work.save({"model": "1"}, "model")
    work.commit("one")
    pointer = work.top / "model.dvc"
    pointer.write_text("# made by hand\n" + pointer.read_text() + "  desc: the best one\n")
    assert work.lines("diff", "HEAD") == [
        "+",
        "+# made by hand",
        "+outs:",
        "+ path: model",
        "+ desc: the best one",
    ]


def test_an_import_keeps_the_lines_of_its_source(work: Work) -> None:
    pointer = work.top / "got.dvc"
    pointer.write_text(
        f"deps:\n- path: here/got\n  md5: {md5(b'2')}\n"
        f"outs:\n- md5: {md5(b'1')}\n  hash: md5\n  path: got\n"
    )
    run_git("add", "-N", "got.dvc", cwd=work.top)
    shown = work.lines("diff", "--", "got.dvc")
    assert shown[0] == f"+got md5 {md5(b'1')}"
    assert f"+ md5: {md5(b'2')}" in shown


def test_names_cannot_reach_the_terminal(work: Work) -> None:
    evil = "data/\x1b]0;x\x07\x9b\u202e"
    data = manifest.dump({evil[5:]: md5(b"1"), "plain": md5(b"2")})
    value = md5(data) + ".dir"
    with Project.open(str(work.top)) as project:
        place = Path(project.cache().path(value))
    place.parent.mkdir(parents=True)
    place.write_bytes(data)
    (work.top / "data.dvc").write_text(f'outs:\n- md5: {value}\n  hash: md5\n  path: "d\\e[2J"\n')
    run_git("add", "-N", "data.dvc", cwd=work.top)
    shown = run_git("diff", "--", "data.dvc", cwd=work.top)
    assert "\\x1b]0;x\\x07\\x9b\\u202e" in shown
    assert '"d\\x1b[2J/"' in shown
    assert all(character.isprintable() for line in shown.split("\n") for character in line)


def test_a_raw_control_character_in_a_manifest_is_not_shown(work: Work) -> None:
    data = b'[{"md5": "' + md5(b"1").encode() + b'", "relpath": "a\x1b[2J"}]'
    value = md5(data) + ".dir"
    with Project.open(str(work.top)) as project:
        place = Path(project.cache().path(value))
    place.parent.mkdir(parents=True)
    place.write_bytes(data)
    (work.top / "data.dvc").write_text(f"outs:\n- md5: {value}\n  hash: md5\n  path: data\n")
    shown = textconv.text("data.dvc", (work.top / "data.dvc").read_bytes())
    assert b"\x1b" not in b"".join(shown)
    assert b"not valid" in b"".join(shown)


def test_pointers_and_caches_of_dvc_2_are_read(work: Work) -> None:
    data = manifest.dump({"a": md5(b"1"), "b": md5(b"22")})
    value = md5(data) + ".dir"
    cache = work.top / ".dvc" / "cache"
    for name, content in ((value, data), (md5(b"1"), b"1"), (md5(b"22"), b"22")):
        place = cache / name[:2] / name[2:]
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    (work.top / "data.dvc").write_text(
        f"outs:\n- md5: {value}\n  size: 3\n  nfiles: 2\n  path: data\n"
    )
    run_git("add", "-N", "data.dvc", cwd=work.top)
    assert work.lines("diff", "--", "data.dvc") == [
        f"+data/ 2 files, 3 bytes, md5-dos2unix {value}",
        f"+ {md5(b'1')[:8]} 1 a",
        f"+ {md5(b'22')[:8]} 2 b",
    ]


LOCK = """\
schema: '2.0'
stages:
  train:
    cmd: python train.py
    deps:
    - path: data
      hash: md5
      md5: {dep}.dir
      size: 7
      nfiles: 2
    params:
      params.yaml:
        lr: {lr}
        layers: [1, two]
    outs:
    - path: models
      hash: md5
      md5: {out}
      size: {size}
      nfiles: 1
"""


def test_a_lock_file_reads_as_stages(work: Work) -> None:
    write_tree(work.top, {"models/m": "first"})
    work.save({"models/m": "first"}, "models")
    one = run_git("show", ":models.dvc", cwd=work.top).split()[3]
    work.save({"models/m": "second"}, "models")
    two = run_git("show", ":models.dvc", cwd=work.top).split()[3]
    run_git("rm", "-qf", "models.dvc", cwd=work.top)
    write_tree(work.top, {"dvc.lock": LOCK.format(dep="0" * 32, lr=0.1, out=one, size=5)})
    work.commit("one")
    assert "stage train" in run_git(
        "grep", "--textconv", "train", "HEAD", "--", "dvc.lock", cwd=work.top
    )
    write_tree(work.top, {"dvc.lock": LOCK.format(dep="0" * 32, lr=0.2, out=two, size=6)})
    assert work.lines("diff") == [
        "- param params.yaml: lr = 0.1",
        "+ param params.yaml: lr = 0.2",
        f"- out models/ 1 file, 5 bytes, md5 {one}",
        f"- {md5(b'first')[:8]} 5 m",
        f"+ out models/ 1 file, 6 bytes, md5 {two}",
        f"+ {md5(b'second')[:8]} 6 m",
    ]
    shown = " ".join(run_git("diff", cwd=work.top).split())
    assert f"cmd python train.py dep data/ 2 files, 7 bytes, md5 {'0' * 32}.dir" in shown
    assert 'params.yaml: layers = [1, "two"]' in shown


def test_git_goes_on_without_the_program(work: Work, tmp_path: Path) -> None:
    work.save({"model": "1"}, "model")
    work.commit("one")
    gone = driver(tmp_path / "it's gone" / "git-dvc")
    run_git("config", "diff.dvc.textconv", gone, cwd=work.top)
    assert f"+- md5: {md5(b'1')}" in run_git("show", cwd=work.top).splitlines()


def test_a_wrong_call_says_how_and_an_unreadable_file_fails(work: Work) -> None:
    assert scene.run(work.tool, "textconv", cwd=work.top).returncode == 129
    assert scene.run(work.tool, "textconv", "-h", cwd=work.top).returncode == 0
    done = scene.run(work.tool, "textconv", "nothing.dvc", cwd=work.top)
    assert (done.returncode, done.stderr) == (1, "error: nothing.dvc: No such file or directory\n")


def test_a_bug_of_ours_costs_the_view_and_not_the_difference(
    work: Work, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    def broken(*_: object) -> list[bytes]:
        raise RuntimeError("of ours")

    work.save({"model": "1"}, "model")
    monkeypatch.setattr(textconv, "text", broken)
    monkeypatch.setattr("gc.disable", lambda: None)
    assert textconv.run(["model.dvc"]) == 0
    shown = capfdbinary.readouterr().out
    pointer = (work.top / "model.dvc").read_bytes()
    assert shown == pointer + b"(git-dvc could not read this: of ours)\n"


def test_a_reader_that_has_enough_is_no_error(work: Work) -> None:
    files = {f"data/{number:05}": str(number) for number in range(5000)}
    data = manifest.dump({name[5:]: md5(text.encode()) for name, text in files.items()})
    value = md5(data) + ".dir"
    with Project.open(str(work.top)) as project:
        place = Path(project.cache().path(value))
    place.parent.mkdir(parents=True)
    place.write_bytes(data)
    (work.top / "data.dvc").write_text(f"outs:\n- md5: {value}\n  hash: md5\n  path: data\n")
    command = f"'{work.tool}' textconv data.dvc | head -n 1; echo ${{PIPESTATUS[0]}}"
    done = scene.run("bash", "-c", command, cwd=work.top)
    assert (done.stdout.splitlines()[1], done.stderr) == ("0", "")


# -- directories with many files ----------------------------------------------------------


@pytest.fixture
def large(work: Work, monkeypatch: pytest.MonkeyPatch) -> Work:
    """Eight files are many here."""
    monkeypatch.setattr(textconv, "FEW_FILES", 3)
    monkeypatch.setattr(textconv, "MANY_FILES", 6)
    return work


def shown(work: Work) -> list[str]:
    parts = textconv.text("data.dvc", (work.top / "data.dvc").read_bytes())
    return b"".join(parts).decode().splitlines()[1:]


def files(count: int) -> dict[str, str]:
    return {f"data/{number:02}": str(number) for number in range(count)}


def test_a_large_directory_is_turned_into_text_without_a_step_a_file(
    large: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    large.save(files(20), "data")
    monkeypatch.setattr(manifest, "parse", None)
    monkeypatch.setattr(State, "object_stats", None)
    assert shown(large) == [
        f"  {md5(text.encode())}  {name[5:]}" for name, text in files(20).items()
    ]


def test_a_large_directory_with_unusual_names_looks_the_same(large: Work) -> None:
    named = {**files(20), 'data/\u00e4 "quoted"': "x"}
    large.save(named, "data")
    lines = shown(large)
    assert lines[0] == f"  {md5(b'0')}  00"
    assert lines[-1] == f"  {md5(b'x')}  " + '"\u00e4 \\"quoted\\""'


@pytest.mark.parametrize(
    ("now", "other", "sizes"), [(5, 7, True), (7, 5, False), (7, 19, False), (7, 3, True)]
)
def test_both_sides_have_sizes_or_neither(large: Work, now: int, other: int, sizes: bool) -> None:
    """What counts is the directory in place, unless the other one is tiny or huge."""
    large.save(files(other), "data")
    large.commit("other")
    old = (large.top / "data.dvc").read_bytes()
    large.save(files(now), "data")
    first = b"".join(textconv.text("/tmp/git-blob-x/data.dvc", old)).decode().splitlines()[1]
    assert first == (f"  {md5(b'0')[:8]}              1  00" if sizes else f"  {md5(b'0')}  00")


def test_nothing_is_written(work: Work) -> None:
    work.save(ONE, "data")
    work.commit("one")
    repo = Repository.discover(str(work.top))
    assert repo is not None

    def everything() -> dict[str, int]:
        return {str(path): path.lstat().st_mtime_ns for path in work.top.rglob("*")}

    before = everything()
    run_git("show", cwd=work.top)
    assert everything() == before
