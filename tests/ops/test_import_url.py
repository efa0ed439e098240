"""import-url, get-url, list-url: data from paths and servers."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from git_dvc.errors import (
    CannotAddError,
    CannotImportError,
    GitDvcError,
    MissingOriginError,
    OccupiedError,
    OriginError,
)
from git_dvc.formats import pointer
from git_dvc.ops.get_url import get_url
from git_dvc.ops.import_url import import_url
from git_dvc.ops.list_url import list_url
from git_dvc.ops.undo import undo
from git_dvc.ops.update import update
from git_dvc.project import Project
from git_dvc.remote import kinds, origin
from git_dvc.remote.wire import UnsteadyError
from tests.conftest import run_git
from tests.ops.conftest import Dvc
from tests.remote.test_origin import EtagWire
from tests.remote.webserver import Site
from tests.scene import check_objects, is_clean, leftovers, look, md5, read_tree, write_tree

LARGE = bytes(range(256)) * 8192


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    top = tmp_path / "outside"
    write_tree(top, {"d/a": "1", "d/sub/b": "2", "f.txt": "hello\n", "large": LARGE})
    return top


@pytest.fixture
def wire(outside: Path, monkeypatch: pytest.MonkeyPatch) -> EtagWire:
    """Serve the same data at s3://bucket."""
    made = EtagWire(outside)

    def connect(url: str, options: object, name: str = "") -> EtagWire:
        made.top = outside / url.removeprefix("s3://bucket").strip("/")
        return made

    monkeypatch.setattr(kinds, "connect", connect)
    monkeypatch.setattr(origin, "FIRST_PAUSE_S", 0)
    return made


@pytest.fixture(params=["path", "server"])
def base(request: pytest.FixtureRequest, outside: Path, wire: EtagWire) -> str:
    return "../outside" if request.param == "path" else "s3://bucket"


# -- import-url --------------------------------------------------------------------------


def test_a_file_and_a_directory(project: Project, base: str) -> None:
    done = import_url(project, f"{base}/f.txt")
    assert (done.relpath, done.source, done.staged) == ("f.txt", "f.txt.dvc", True)
    import_url(project, f"{base}/d")
    import_url(project, f"{base}/large", "sub/")
    assert read_tree("d") == {"a": b"1", "sub/b": b"2"}
    assert Path("f.txt").read_bytes() == b"hello\n"
    assert Path("sub/large").read_bytes() == LARGE
    key = "md5" if base.startswith("..") else "etag"
    text = Path("f.txt.dvc").read_text()
    assert text.splitlines()[1:] == [
        "frozen: true",
        "deps:",
        f"- {key}: b1946ac92492d2347c6235b4d2611184",
        "  size: 6",
        "  hash: md5",
        f"  path: {base}/f.txt",
        "outs:",
        "- md5: b1946ac92492d2347c6235b4d2611184",
        "  size: 6",
        "  hash: md5",
        "  path: f.txt",
    ]
    assert set(run_git("diff", "--cached", "--name-only", cwd=".").split()) >= {
        ".gitignore", "d.dvc", "f.txt.dvc", "sub/.gitignore", "sub/large.dvc",
    }  # fmt: skip
    assert is_clean(".") and not leftovers(".")
    check_objects(project.cache_root)


def test_pointers_are_those_of_dvc(project: Project, outside: Path, dvc: Dvc) -> None:
    (outside / "d" / "é ü").write_text("x")
    for number, args in enumerate((("f.txt",), ("d",), ("d", "--no-download"), ("d", "--no-exec"))):
        name, flags = args[0], args[1:]
        dvc("import-url", "-q", f"../outside/{name}", f"dvc{number}", *flags)
        import_url(
            project,
            f"../outside/{name}",
            f"ours{number}",
            download="--no-download" not in flags,
            execute="--no-exec" not in flags,
        )
        theirs = Path(f"dvc{number}.dvc").read_text().splitlines()[1 if number < 3 else 0 :]
        ours = Path(f"ours{number}.dvc").read_text().splitlines()[1 if number < 3 else 0 :]
        assert ours == [line.replace("path: dvc", "path: ours") for line in theirs]
    assert "changed checksum" not in dvc("status", "ours0.dvc", "ours1.dvc", "ours2.dvc")


def test_relative_paths_start_at_the_pointer(project: Project, outside: Path) -> None:
    os.makedirs("a/b")
    import_url(project, "../outside/f.txt", "a/b/f")
    assert "  path: ../../../outside/f.txt\n" in Path("a/b/f.dvc").read_text()
    import_url(project, str(outside / "f.txt"), "a/g")
    assert pointer.parse(Path("a/g.dvc").read_bytes()).deps[0]["path"] == f"{outside}/f.txt"
    import_url(project, str(Path("a/g").absolute()), "h")
    assert "  path: a/g\n" in Path("h.dvc").read_text()


def test_the_executable_bit_of_a_local_file_comes_along(project: Project, outside: Path) -> None:
    (outside / "f.txt").chmod(0o755)
    import_url(project, "../outside/f.txt")
    assert os.access("f.txt", os.X_OK)
    assert is_clean(".")


def test_data_of_others_never_becomes_the_cache(project: Project, outside: Path) -> None:
    project.config.layers[-1].values[("cache",)] = {"type": "hardlink"}
    import_url(project, "../outside/f.txt")
    assert (outside / "f.txt").stat().st_nlink == 1
    assert os.access(outside / "f.txt", os.W_OK)


@pytest.mark.parametrize("flag", ["download", "execute"])
def test_without_data_nothing_is_brought(project: Project, base: str, flag: str) -> None:
    done = import_url(project, f"{base}/d", **{flag: False})  # type: ignore[arg-type]
    assert done.placed is None and not os.path.exists("d")
    assert check_objects(project.cache_root) == {}
    assert "/d\n" in Path(".gitignore").read_text()
    if flag == "execute":
        assert not Path("d.dvc").read_text().startswith("md5:")


def test_something_there_is_replaced_with_force_only_and_comes_back(
    project: Project, base: str
) -> None:
    write_tree(".", {"d/mine": "precious", "d/a": "mine, too"})
    with pytest.raises(OccupiedError, match="something at d already"):
        import_url(project, f"{base}/d")
    assert not os.path.exists("d.dvc")
    import_url(project, f"{base}/d", force=True)
    assert read_tree("d") == {"a": b"1", "sub/b": b"2"}
    assert is_clean(".")
    undo(project)
    assert read_tree("d") == {"mine": b"precious", "a": b"mine, too"}
    assert not os.path.exists("d.dvc")


def test_undo_takes_an_import_back(project: Project, base: str) -> None:
    import_url(project, f"{base}/d")
    undo(project)
    assert not os.path.exists("d") and not os.path.exists("d.dvc")
    assert run_git("status", "--short", "d.dvc", cwd=".") == ""


def test_places_that_cannot_be(project: Project, outside: Path) -> None:
    import_url(project, "../outside/d")
    Path("code.py").write_text("x")
    run_git("add", "code.py", cwd=".")
    with pytest.raises(CannotImportError, match=r"d/x belongs to d\.dvc"):
        import_url(project, "../outside/f.txt", "d/x")
    with pytest.raises(CannotAddError, match="Git tracks it already"):
        import_url(project, "../outside/f.txt", "code.py", force=True)
    with pytest.raises(CannotImportError, match="from itself"):
        import_url(project, "d", force=True)
    with pytest.raises(CannotImportError, match="project itself lies in"):
        import_url(project, "..", "x")
    with pytest.raises(MissingOriginError, match="nosuch"):
        import_url(project, "../outside/nosuch")
    with pytest.raises(GitDvcError, match="outside of"):
        import_url(project, "../outside/f.txt", "../f.txt")
    assert sorted(os.listdir("."))[-2:] == ["d", "d.dvc"]


def test_secrets_stay_out_of_pointer_files(project: Project, wire: EtagWire) -> None:
    for address, options in (
        ("s3://bucket/f.txt", {"secret_access_key": "hunter2"}),
        ("https://ann:hunter2@example.com/f.txt", {}),
    ):
        with pytest.raises(CannotImportError, match="secret") as caught:
            import_url(project, address, "f", options=options)
        assert "hunter2" not in str(caught.value)
    import_url(project, "s3://bucket/f.txt", options={"endpointurl": "http://x"})
    assert "  fs_config:\n    endpointurl: http://x\n" in Path("f.txt.dvc").read_text()
    with pytest.raises(GitDvcError, match="endpoint: no such option"):
        import_url(project, "s3://bucket/f.txt", "g", options={"endpoint": "http://x"})


def test_a_pointer_file_runs_nothing_and_moves_no_password(
    project: Project, wire: EtagWire, outside: Path
) -> None:
    import_url(project, "s3://bucket/f.txt", options={"endpointurl": "http://x"})
    text = Path("f.txt.dvc").read_text()
    project.config.layers[-1].values[("remote", "store")] = {"url": str(outside)}
    for bad in (
        text.replace("endpointurl: http://x", "bearer_token_command: touch ran"),
        text.replace("s3://bucket", "remote://store"),
    ):
        Path("f.txt.dvc").write_text(bad)
        project.forget_tracked()
        with pytest.raises(CannotImportError, match="not taken from a pointer file"):
            update(project, ["f.txt"])
    with pytest.raises(CannotImportError, match="bearer_token_command"):
        import_url(project, "s3://bucket/f.txt", "g", options={"bearer_token_command": "x"})
    assert not Path("ran").exists()


def test_web_addresses_with_queries_and_without_etags(project: Project) -> None:
    with Site() as site:
        site.files["/data/a b.csv"] = b"1,2"
        import_url(project, f"{site.url}/a%20b.csv?raw=1", "a.csv")
        assert {request.path for request in site.requests} == {"/data/a%20b.csv?raw=1"}
        dep = pointer.parse(Path("a.csv.dvc").read_bytes()).deps[0]
        assert dep["path"] == f"{site.url}/a%20b.csv?raw=1"
        site.clear()
        assert update(project, ["a.csv"])[0].content is None
        if "checksum" in dep:
            assert site.methods() == ["HEAD"]
        site.files["/data/a b.csv"] = b"1,2,3"
        assert update(project, ["a.csv"])[0].content is not None
        assert Path("a.csv").read_text() == "1,2,3"
        with pytest.raises(MissingOriginError) as caught:
            import_url(project, f"{site.url}/nosuch?sigh=1", "b")
        assert "sigh" not in str(caught.value)
        with pytest.raises(CannotImportError, match="secret"):
            import_url(project, f"{site.url}/a.csv?X-Amz-Signature=12", "b")


def test_names_of_a_server_cannot_leave_the_directory(
    project: Project, wire: EtagWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = EtagWire.listing

    def listing(self: EtagWire, prefix: str) -> object:
        return (one._replace(key=one.key + "/../../x") for one in found(self, prefix))

    monkeypatch.setattr(EtagWire, "listing", listing)
    for bring in (lambda: import_url(project, "s3://bucket/d"), lambda: get_url("s3://bucket/d")):
        with pytest.raises(CannotImportError, match="cannot be brought"):
            bring()
    assert not os.path.exists("d")


def test_a_server_that_breaks_off_leaves_nothing_wrong_and_the_next_run_completes(
    project: Project, wire: EtagWire
) -> None:
    def fault(name: str, key: str, at: int) -> None:
        if name == "reading" and at > 1024 * 1024:
            raise UnsteadyError("the line broke")

    wire.fault = fault
    with pytest.raises(OriginError, match="the line broke"):
        import_url(project, "s3://bucket/large")
    assert not os.path.exists("large.dvc") and not leftovers(".")
    wire.fault = lambda name, key, at: None
    import_url(project, "s3://bucket/large")
    assert Path("large").read_bytes() == LARGE


def test_an_import_that_was_killed_is_finished_by_the_same_command(
    project: Project, outside: Path
) -> None:
    write_tree(outside, {f"many/{n}": str(n) for n in range(4)})
    finished = False
    for stop in range(1, 60):
        child = os.fork()
        if child == 0:
            die_at(stop)
            try:
                import_url(Project.open(), "../outside/many")
            except BaseException:
                os._exit(3)
            os._exit(0)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert code in (0, -9), code
        check_objects(project.cache_root)
        finished = code == 0
        if not finished and stop % 3:
            continue  # two more deaths before somebody tries again
        with Project.open() as again:
            try:
                import_url(again, "../outside/many")
            except OccupiedError:
                assert finished or os.path.exists("many.dvc")
                assert is_clean(".")
        assert len(read_tree("many")) == 4
        if finished:
            break
        shutil.rmtree("many")
        for name in ("many.dvc", ".gitignore"):
            os.unlink(name)
    assert finished


def die_at(call: int) -> None:
    """Kill this process at the n-th rename or link."""
    import signal

    count = 0

    def dying(real: object) -> object:
        def run(*args: object, **named: object) -> object:
            nonlocal count
            count += 1
            if count == call:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **named)  # type: ignore[operator]

        return run

    for name in ("replace", "rename", "link", "mkdir", "unlink"):
        setattr(os, name, dying(getattr(os, name)))


# -- get-url, list-url -------------------------------------------------------------------


def test_get_url_copies_a_file_or_directory(
    tmp_path: Path, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    (here / "in").mkdir(parents=True)
    monkeypatch.chdir(here)
    assert get_url(f"{base}/f.txt").path == "f.txt"
    done = get_url(f"{base}/d", "in")
    assert (done.path, done.files, done.size_bytes) == ("in/d", 2, 2)
    assert read_tree(".") == {"f.txt": b"hello\n", "in/d/a": b"1", "in/d/sub/b": b"2"}
    with pytest.raises(OccupiedError):
        get_url(f"{base}/f.txt")
    write_tree("in/d", {"a": "changed", "mine": "stays"})
    get_url(f"{base}/d", "in", force=True)
    assert read_tree("in/d") == {"a": b"1", "sub/b": b"2", "mine": b"stays"}
    with pytest.raises(GitDvcError, match="is a directory"):
        write_tree("odd", {"f.txt/x": "1"})
        get_url(f"{base}/f.txt", "odd", force=True)


def test_what_a_killed_get_left_goes_with_the_next(
    outside: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    child = os.fork()
    if child == 0:
        monkeypatch.setattr(os, "rename", lambda *a: os.kill(os.getpid(), 9))
        get_url("outside/d", "copy")
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -9
    assert len(list(tmp_path.glob(".copy.*"))) == 1
    get_url("outside/d", "copy")
    assert not list(tmp_path.glob(".copy.*"))


def test_list_url(project: Project, base: str, outside: Path) -> None:
    assert [tuple(entry) for entry in list_url(base + "/")] == [
        ("d", True, None), ("f.txt", False, 6), ("large", False, len(LARGE)),
    ]  # fmt: skip
    assert [entry.path for entry in list_url(f"{base}/d", recursive=True)] == ["a", "sub/b"]
    assert [entry.path for entry in list_url(f"{base}/d", recursive=True, depth=1)] == ["a", "sub"]
    assert [entry.path for entry in list_url(f"{base}/f.txt")] == [f"{base}/f.txt"]


def test_a_path_below_a_remote(project: Project, outside: Path) -> None:
    project.config.layers[-1].values[("remote", "store")] = {"url": str(outside)}
    import_url(project, "remote://store/d/a", "a")
    assert "  path: remote://store/d/a\n" in Path("a.dvc").read_text()
    assert Path("a").read_text() == "1"
    assert len(list_url("remote://store/d", project=project)) == 2
    with pytest.raises(GitDvcError, match="no such remote"):
        get_url("remote://nosuch/x", project=project)


def test_status_tells_of_imports_without_data(project: Project, outside: Path) -> None:
    import_url(project, "../outside/d", download=False)
    assert [state.item.relpath for state in look(".").outs] == ["d"]
    assert md5(b"1") not in check_objects(project.cache_root)
