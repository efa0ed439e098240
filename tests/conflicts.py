"""A repository in which two people change the same data, for tests of merging."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from git_dvc.formats import pointer
from tests import scene
from tests.scene import check_objects, leftovers, read_tree, write_tree

ATTRIBUTES = "*.dvc merge=dvc\ndvc.lock merge=dvc\n"


class Work:
    """A project with the driver configured and no hooks, driven by real programs."""

    def __init__(self, top: Path, program: Path, root: str = "") -> None:
        self.top = top
        self.root = top / root
        self.program = program
        self.said = ""
        self.git("config", "merge.dvc.name", "data")
        self.git("config", "merge.dvc.driver", f"'{program}' merge-driver %O %A %B %L %P")
        (top / ".gitattributes").write_text(ATTRIBUTES)
        self.root.mkdir(exist_ok=True)
        self.dvc("init", "-q", "--no-hooks", *(["--subdir"] if root else []))

    def git(self, *args: str | Path, code: int = 0, **env: str) -> str:
        done = scene.run("git", *args, cwd=self.top, env=env)
        self.said = done.stdout + done.stderr
        assert done.returncode == code, f"git {args}: {done.returncode}\n{self.said}"
        assert "Traceback" not in self.said
        return done.stdout

    def dvc(self, *args: str, code: int = 0) -> str:
        done = scene.run(self.program, *args, cwd=self.root)
        self.said = done.stdout + done.stderr
        assert done.returncode == code, f"git dvc {args}: {done.returncode}\n{self.said}"
        return done.stdout

    def save(self, message: str, files: Mapping[str, str | None]) -> None:
        """Change files (None deletes one), record and commit them."""
        write_tree(self.root, {path: text for path, text in files.items() if text is not None})
        for path, text in files.items():
            if text is None:
                (self.root / path).unlink()
        self.dvc("add", "-q", *dict.fromkeys(path.partition("/")[0] for path in files))
        self.git("add", "-A")
        self.git("commit", "-qm", message)

    def switch(self, *args: str) -> None:
        self.git("checkout", "-q", *args)
        self.dvc("checkout", "-q")

    def data(self, path: str = "images") -> dict[str, str]:
        self.dvc("checkout", "-q")
        return {name: text.decode() for name, text in read_tree(self.root / path).items()}

    def out(self, path: str = "images.dvc") -> pointer.Out:
        return pointer.parse((self.root / path).read_bytes()).outs[0]

    def unmerged(self) -> list[str]:
        return sorted({line.split("\t")[1] for line in self.git("ls-files", "-u").splitlines()})

    def is_right(self) -> bool:
        """Return whether data, pointers and cache agree, and the pointer counts its files."""
        files = read_tree(self.root / "images")
        out = self.out()
        assert out.nfiles == len(files)
        assert out.size in (sum(map(len, files.values())), None)
        check_objects(self.root / ".dvc/cache")
        assert leftovers(self.root) == []
        assert not list(self.top.glob(".merge_file*"))
        found = scene.look(self.root)  # whatever is still in conflict
        return all(state.kind == "clean" and state.in_cache for state in found.outs)


BASE = {f"images/{name}": f"{name}\n" for name in ("a", "b", "c", "d/e", "d/f")}


def apart(work: Work, ours: Mapping[str, str | None], theirs: Mapping[str, str | None]) -> None:
    """Change main and side, and stand on main."""
    work.switch("side")
    work.save("theirs", theirs)
    work.switch("main")
    work.save("ours", ours)
