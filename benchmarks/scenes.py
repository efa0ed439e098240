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

from benchmarks import workloads
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
            workloads.make_many(top, self.size)
        return top

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


SCENES: dict[str, type[Scene]] = {
    "many": Many,
    "images": Images,
    "big": Big,
    "empty": Empty,
    "code": Code,
}


def copy_tree(source: str, target: str) -> None:
    subprocess.run(["cp", "-r", source, target], check=True)
