"""What the steps run on: for each workload, one prepared repository per tool.

A scene is built once and used by all its rows, in two states, one after the other:

- ``fresh``: the data lies in the work tree and no tool has seen it;
- ``tagged``: two versions of the data are committed as ``v1`` and ``v2``, and ``v2`` is there.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess

from benchmarks import s3, tools, workloads
from benchmarks.measure import Command
from benchmarks.tools import Place, Tool
from benchmarks.workloads import Size


class Scene:
    """The repositories of all tools for one workload and one link type, below ``base``."""

    data = "data"

    def __init__(self, base: str, size: Size, link: str | None) -> None:
        self.size = size
        self.link = link
        self.base = base
        self.scratch = os.path.join(base, "scratch")  # for what the limits write
        self.places: list[Place] = []
        os.makedirs(self.scratch)

    @property
    def source(self) -> str:
        """The data for the limits, made when it is first needed."""
        return os.path.join(self.base, "source")

    def open(self, tool: Tool) -> None:
        """Make the repository of ``tool``, in state ``fresh``."""
        place = Place(tool, os.path.join(self.base, tool.name))
        self.places.append(place)
        place.set_up(self.link, track=self.data + "/**")
        self.fill(place)
        place.save(self.data)

    def fill(self, place: Place) -> None:
        """Put the first version of the data into the work tree."""

    def change(self, place: Place, version: object) -> None:
        """Turn the data in the work tree into another version."""

    def tag(self, place: Place) -> None:
        """Go from state ``fresh`` to ``tagged``."""
        place.do(place.add(self.data))
        place.commit("v1")
        self.change(place, 2)
        place.do(place.add(self.data))
        place.commit("v2")

    def fingerprint(self, place: Place, *, status: bool) -> dict[str, str]:
        """Return what has to be equal for all tools that can be asked; with their ``status``?"""
        found = {"work tree": workloads.digest_tree(place.path(self.data))}
        if place.tool.tracks_pointers:
            found["pointer"] = place.pointer_hash(self.data)
            found["cache"] = workloads.digest_names(place.cache)
            if status:
                answer = json.loads(place.do(place.own("status", "--json")))
                found["status"] = json.dumps(answer, sort_keys=True)
        return found

    def requests(self) -> int | None:
        """Return how many requests the scene's server has had; None if it has no server."""
        return None

    def close(self) -> None:
        """Stop what the scene has running."""

    @staticmethod
    def disk_bytes(size: Size) -> int:
        """Return the most disk space the scene takes with all tools, roughly."""
        return 0


class Many(Scene):
    """Many small files in 100 directories; the second version differs in some of them."""

    @property
    def source(self) -> str:
        top = os.path.join(self.base, "source")
        if not os.path.exists(top):
            workloads.make_many(top, self._files)
        return top

    @property
    def _files(self) -> int:
        return self.size.many_files

    def fill(self, place: Place) -> None:
        copy_tree(self.source, place.path(self.data))

    def change(self, place: Place, version: object) -> None:
        workloads.change_many(place.path(self.data), self.size, version)

    @staticmethod
    def disk_bytes(size: Size) -> int:
        return size.many_files * 5000 * 12


class Images(Scene):
    """Image-sized files; the second version has more of them."""

    def fill(self, place: Place) -> None:
        workloads.make_images(place.path(self.data), 0, self.size.images[0])

    def change(self, place: Place, version: object) -> None:
        workloads.make_images(place.path(self.data), *self.size.images)

    @staticmethod
    def disk_bytes(size: Size) -> int:
        return size.images[1] * 30_000 * 12


class Big(Scene):
    """One big file in two versions.

    To halve the disk space, the caches of all tools have the same inodes for the two versions:
    each tool adds them itself, and then its object gives way to a link to the first tool's.
    """

    data = "big.bin"

    @property
    def source(self) -> str:
        if self.places:  # one copy less on the disk
            return self.places[0].path(self.data)
        path = os.path.join(self.base, "source")
        if not os.path.exists(path):
            workloads.make_big(path, self.size, 1)
        return path

    def fill(self, place: Place) -> None:
        workloads.make_big(place.path(self.data), self.size, 1)

    def change(self, place: Place, version: object) -> None:
        workloads.make_big(place.path(self.data), self.size, 2)

    def tag(self, place: Place) -> None:
        place.do(place.add(self.data))
        place.commit("v1")
        self._share(place)
        self.change(place, 2)
        place.do(place.add(self.data))
        place.commit("v2")
        self._share(place)

    def _share(self, place: Place) -> None:
        first = self.places[0]
        if place is first or self.link != "copy":
            return
        value = place.pointer_hash(self.data)
        name = f"{value[:2]}/{value[2:]}"
        os.link(f"{first.cache}/{name}", f"{place.cache}/{name}.part")
        os.replace(f"{place.cache}/{name}.part", f"{place.cache}/{name}")

    @staticmethod
    def disk_bytes(size: Size) -> int:
        return size.big_bytes * 6


class Empty(Scene):
    """A project that tracks nothing."""

    data = "none"

    def tag(self, place: Place) -> None:
        pass

    def fingerprint(self, place: Place, *, status: bool) -> dict[str, str]:
        return {}


class Code(Scene):
    """Source code in Git and, beside it, many pointer files; the versions differ in code only.

    The pointer files and the cache are written here, in DVC's format: adding a thousand single
    files is no step of these benchmarks.
    """

    def fill(self, place: Place) -> None:
        workloads.make_code(place.repo, self.size)
        ignored = []
        os.makedirs(place.path(self.data))
        for number in range(self.size.code_pointers):
            name = f"{number:04d}.bin"
            path = place.path(f"{self.data}/{name}")
            content = workloads.random_bytes(1000, "code", number)
            if place.tool.name == "git-lfs":
                workloads.write(path, content)
                continue
            value = hashlib.md5(content, usedforsecurity=False).hexdigest()
            pointer = f"outs:\n- md5: {value}\n  size: 1000\n  hash: md5\n  path: {name}\n"
            workloads.write(path + ".dvc", pointer.encode())
            ignored.append(f"/{name}\n")
            if place.tool.tracks_pointers:
                folder = f"{place.cache}/{value[:2]}"
                os.makedirs(folder, exist_ok=True)
                workloads.write(f"{folder}/{value[2:]}", content)
                os.chmod(f"{folder}/{value[2:]}", 0o444)
        if ignored:
            workloads.write(place.path(f"{self.data}/.gitignore"), "".join(ignored).encode())

    def tag(self, place: Place) -> None:
        place.commit("v1")
        if place.tool.tracks_pointers:
            place.do(place.own("checkout"))
        workloads.change_code(place.repo, self.size)
        place.commit("v2")

    def fingerprint(self, place: Place, *, status: bool) -> dict[str, str]:
        found = {"code": workloads.digest_tree(place.path("src"))}
        if place.tool.tracks_pointers:
            found["work tree"] = workloads.digest_tree(place.path(self.data))
        return found

    @staticmethod
    def disk_bytes(size: Size) -> int:
        return (size.code_files + 3 * size.code_pointers) * 8192 * 4


class Remote(Scene):
    """One version of the data, committed, with a default remote that is a folder.

    ``clone`` makes a fresh clone, as a colleague would; it is what a pull is measured in.
    """

    def open(self, tool: Tool) -> None:
        super().open(tool)
        place = self.places[-1]
        place.do(place.own("remote", "add", "-q", "-d", "store", self.address(place)))

    def address(self, place: Place) -> str:
        """Return the url of the remote."""
        return self.folder(place)

    def folder(self, place: Place) -> str:
        return os.path.join(place.base, "store")

    def cloned(self, place: Place) -> str:
        return os.path.join(place.base, "clone")

    def tag(self, place: Place) -> None:
        place.do(place.add(self.data))
        place.commit("v1")

    def empty(self, place: Place) -> None:
        """Empty the remote and forget what is known of it."""
        tools.remove(self.folder(place))
        os.makedirs(self.folder(place))
        self.forget(place)

    def forget(self, place: Place) -> None:
        """Delete what the tool remembers of remotes, so that it starts as on a new machine."""
        tools.remove(place.path(".git/dvc/remotes"))
        tools.remove(os.path.join(place.home, "dvc-site"))
        tools.remove(os.path.join(place.home, ".cache"))

    def is_empty(self, place: Place) -> bool:
        return not os.path.exists(self.folder(place)) or not os.listdir(self.folder(place))

    def filled(self, place: Place) -> None:
        """Have everything on the remote."""
        if self.is_empty(place):
            self.empty(place)
            place.do(self.push(place))

    def clone(self, place: Place) -> None:
        """Make a fresh clone, without data and without a cache."""
        tools.remove(self.cloned(place))
        place.do(place.git("clone", "-q", "--no-local", place.repo, self.cloned(place)))
        self.forget(place)

    def push(self, place: Place) -> Command:
        return place.own("push", "-q")

    def pull(self, place: Place) -> Command:
        return place.own("pull", "-q")._replace(cwd=self.cloned(place))

    def digest_remote(self, place: Place) -> str:
        return workloads.digest_names(self.folder(place))

    def fingerprint(self, place: Place, *, status: bool) -> dict[str, str]:
        found = {"remote": self.digest_remote(place)}
        if os.path.exists(self.cloned(place)):
            found["data pulled"] = workloads.digest_tree(f"{self.cloned(place)}/{self.data}")
            cache = f"{self.cloned(place)}/.dvc/cache/files/md5"
            found["objects pulled"] = workloads.digest_names(cache)
        return found


class Shared(Remote, Many):
    """Many small files, on a remote that is a folder."""

    @property
    def _files(self) -> int:
        return self.size.shared_files

    @staticmethod
    def disk_bytes(size: Size) -> int:
        return size.shared_files * 5000 * 12


class SharedBig(Remote, Big):
    """One big file, on a remote that is a folder."""

    @staticmethod
    def disk_bytes(size: Size) -> int:
        return size.big_bytes * 7


class SharedImages(Remote, Images):
    """Images on an S3 server on loopback, which counts requests."""

    def __init__(self, base: str, size: Size, link: str | None) -> None:
        super().__init__(base, size, link)
        self.server = s3.Server()
        self.server.reset([self.bucket(None)])

    def bucket(self, place: Place | None) -> str:
        """Return the bucket of a tool; None is for the limits."""
        return f"{place.tool.name if place else 'limit'}-bucket"

    @property
    def source(self) -> str:
        """The same images, for the limits."""
        top = os.path.join(self.base, "source")
        if not os.path.exists(top):
            workloads.make_images(top, 0, self.size.images[0])
        return top

    def open(self, tool: Tool) -> None:
        super().open(tool)
        place = self.places[-1]
        place.env.update(self.server.environment())
        place.do(place.own("remote", "modify", "-q", "store", "endpointurl", self.server.address))
        self.empty(place)

    def address(self, place: Place) -> str:
        return f"s3://{self.bucket(place)}/store"

    def empty(self, place: Place) -> None:
        # The server forgets one and all at once; a pull that comes later pushes first.
        self.server.reset(self.bucket(one) for one in (None, *self.places))
        self.forget(place)

    def is_empty(self, place: Place) -> bool:
        return not self.server.objects(self.bucket(place))

    def digest_remote(self, place: Place) -> str:
        return self.server.digest(self.bucket(place))

    def requests(self) -> int:
        return self.server.requests()

    def close(self) -> None:
        self.server.close()


class History(Scene):
    """Many commits, each with a directory of many files of which some are new.

    The commits and the cache are written here, in DVC's format, and the objects hold a few bytes
    only: to add hundreds of versions with each tool is no step of these benchmarks. Beside them
    the cache has objects that no commit names.
    """

    def fill(self, place: Place) -> None:
        commits, files, new = self.size.history
        first = self.places[0]
        names = {f"{number % 100:03d}/{number:06d}.bin": 0 for number in range(files)}
        stream: list[bytes] = []
        for commit in range(commits):
            for number in range(new if commit else 0):
                name = (commit * new + number) * 7 % files
                names[f"{name % 100:03d}/{name:06d}.bin"] = commit
            entries = [
                {"md5": self._object(place, first, f"{path} {version}"), "relpath": path}
                for path, version in sorted(names.items())
            ]
            listing = self._object(place, first, json.dumps(entries), ".dir")
            pointer = (
                f"outs:\n- md5: {listing}\n  size: {files * 12}\n  nfiles: {files}\n"
                f"  hash: md5\n  path: {self.data}\n"
            ).encode()
            head = f"commit refs/heads/main\ncommitter B <b@example.com> {commit} +0000\ndata 1\n-"
            source = "\nfrom refs/heads/main^0" if not commit else ""
            change = f"\nM 100644 inline {self.data}.dvc\ndata {len(pointer)}\n"
            stream.append((head + source + change).encode() + pointer)
        for number in range(new):
            self._object(place, first, f"garbage {number}")
        subprocess.run(
            ["git", "fast-import", "--quiet"],
            input=b"\n".join(stream) + b"\n",
            cwd=place.repo,
            env=place.env,
            check=True,
        )
        place.do(place.git("-c", f"core.hooksPath={os.devnull}", "reset", "-q", "--hard"))

    def _object(self, place: Place, first: Place, text: str, suffix: str = "") -> str:
        """Have an object in the cache, as old as can be; equal ones of two tools are one file."""
        value = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest() + suffix
        path = f"{place.cache}/{value[:2]}/{value[2:]}"
        if not os.path.exists(path):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            if place is not first:
                os.link(f"{first.cache}/{value[:2]}/{value[2:]}", path)
            else:
                workloads.write(path, text.encode())
                os.utime(path, (10**9, 10**9))
                os.chmod(path, 0o444)
        return value

    def tag(self, place: Place) -> None:
        pass

    def fingerprint(self, place: Place, *, status: bool) -> dict[str, str]:
        return {"cache": workloads.digest_names(place.cache)}

    @staticmethod
    def disk_bytes(size: Size) -> int:
        commits, files, new = size.history
        return (files + commits * new) * 4096 + commits * files * 80


class Stages(Scene):
    """A pipeline of many stages that do not need each other, all of them up to date.

    ``dvc.lock``, the outputs and the cache are written here, in DVC's format: to run a thousand
    stages with each tool is no step of these benchmarks.
    """

    data = "out"
    chained = False

    @property
    def count(self) -> int:
        return self.size.stages[1]

    def fill(self, place: Place) -> None:
        workloads.write(place.path("in.txt"), b"in\n")
        os.makedirs(place.path(self.data))
        defined, recorded = ["stages:"], ["schema: '2.0'", "stages:"]
        ignored = []
        for number in range(self.count):
            used = f"out/{number - 1:04d}" if self.chained and number else "in.txt"
            content = f"{number - 1}\n" if used.startswith("out") else "in\n"
            made = f"{number}\n"
            command = f"echo {number} > out/{number:04d}"
            defined += [
                *(f"  s{number:04d}:", f"    cmd: {command}"),
                *("    deps:", f"    - {used}", "    outs:", f"    - out/{number:04d}"),
            ]
            recorded += [f"  s{number:04d}:", f"    cmd: {command}"]
            for kind, path, text in (("deps", used, content), ("outs", f"out/{number:04d}", made)):
                value = _md5(text)
                # A hash of digits alone would be read as a number.
                shown = f"'{value}'" if value.replace("e", "").isdigit() else value
                recorded += [f"    {kind}:", f"    - path: {path}", "      hash: md5"]
                recorded += [f"      md5: {shown}", f"      size: {len(text)}"]
            workloads.write(place.path(f"out/{number:04d}"), made.encode())
            folder = f"{place.cache}/{_md5(made)[:2]}"
            os.makedirs(folder, exist_ok=True)
            workloads.write(f"{folder}/{_md5(made)[2:]}", made.encode())
            os.chmod(f"{folder}/{_md5(made)[2:]}", 0o444)
            ignored.append(f"/{number:04d}")
        workloads.write(place.path("dvc.yaml"), "\n".join([*defined, ""]).encode())
        workloads.write(place.path("dvc.lock"), "\n".join([*recorded, ""]).encode())
        workloads.write(place.path("out/.gitignore"), "\n".join([*ignored, ""]).encode())

    def tag(self, place: Place) -> None:
        place.commit("v1")

    def fingerprint(self, place: Place, *, status: bool) -> dict[str, str]:
        with open(place.path("dvc.lock"), encoding="utf-8") as file:
            found = {"lock file": file.read()}
        if status:
            found["status"] = place.do(place.own("status", "--json")).strip()
        return found


class Chain(Stages):
    """The same, each stage needing what the one before it made."""

    chained = True

    @property
    def count(self) -> int:
        return self.size.stages[0]


class Trivial(Scene):
    """A pipeline of stages that do nothing: what is left is what a tool does around them."""

    command = "true"

    @property
    def count(self) -> int:
        return self.size.stages[0]

    def fill(self, place: Place) -> None:
        workloads.write(place.path("in.txt"), b"in\n")
        stages = (
            f"  s{number:04d}:\n    cmd: {json.dumps(self.command)}\n    deps:\n    - in.txt\n"
            for number in range(self.count)
        )
        workloads.write(place.path("dvc.yaml"), "".join(["stages:\n", *stages]).encode())

    def tag(self, place: Place) -> None:
        place.commit("v1")

    def fingerprint(self, place: Place, *, status: bool) -> dict[str, str]:
        with open(place.path("dvc.lock"), encoding="utf-8") as file:
            return {"lock file": file.read()}


class Working(Trivial):
    """A pipeline of stages that each keep a processor busy for a while."""

    command = "python3 -c 'sum(n * n for n in range(5000000))'"

    @property
    def count(self) -> int:
        return self.size.stages[2]


class Tagged(Scene):
    """Many commits, each with a tag, other metrics and parameters; the last five have plots."""

    def fill(self, place: Place) -> None:
        stream: list[bytes] = []
        plots = [f"plots/{number:02d}.csv" for number in range(20)]
        declared = "".join(
            ["metrics:\n- metrics.json\nparams:\n- params.yaml\nplots:\n"]
            + [f"- {path}:\n    x: step\n    y: loss\n" for path in plots]
        )
        for commit in range(self.size.tags):
            files = {
                "dvc.yaml": declared,
                "metrics.json": json.dumps({"accuracy": 0.5 + commit / 10_000, "step": commit}),
                "params.yaml": f"train:\n  lr: {commit / 1000}\n  seed: {commit % 7}\n",
            }
            for number, path in enumerate(plots if commit >= self.size.tags - 5 else []):
                rows = (f"{step},{1 / (step + commit + number + 1)}\n" for step in range(100))
                files[path] = "".join(["step,loss\n", *rows])
            head = f"commit refs/heads/main\ncommitter B <b@example.com> {commit} +0000\ndata 1\n-"
            stream.append((head + ("" if commit else "\nfrom refs/heads/main^0")).encode())
            for path, text in files.items():
                stream.append(f"M 100644 inline {path}\ndata {len(text)}\n{text}".encode())
            stream.append(f"reset refs/tags/t{commit:04d}\nfrom refs/heads/main\n".encode())
        subprocess.run(
            ["git", "fast-import", "--quiet"],
            input=b"\n".join(stream) + b"\n",
            cwd=place.repo,
            env=place.env,
            check=True,
        )
        place.do(place.git("-c", f"core.hooksPath={os.devnull}", "reset", "-q", "--hard"))

    def tag(self, place: Place) -> None:
        pass

    def fingerprint(self, place: Place, *, status: bool) -> dict[str, str]:
        first, last = self.ends
        found = {}
        for what in ("metrics", "params") if status else ():
            answer = json.loads(place.do(place.own(what, "diff", first, last, "--json")))
            found[what] = json.dumps(answer, sort_keys=True)
        return found

    @property
    def ends(self) -> tuple[str, str]:
        """The first tag and the last."""
        return "t0000", f"t{self.size.tags - 1:04d}"


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


SCENES: dict[str, type[Scene]] = {
    "many": Many,
    "images": Images,
    "big": Big,
    "empty": Empty,
    "code": Code,
    "shared": Shared,
    "shared-images": SharedImages,
    "shared-big": SharedBig,
    "history": History,
    "stages": Stages,
    "chain": Chain,
    "trivial": Trivial,
    "working": Working,
    "tags": Tagged,
}


def copy_tree(source: str, target: str) -> None:
    subprocess.run(["cp", "-r", source, target], check=True)
