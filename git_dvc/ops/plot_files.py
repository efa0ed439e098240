"""Files of plots: the page, pictures, images beside a page or for a program that reads JSON."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import git_dvc
from git_dvc import fsutil, relpaths
from git_dvc.compare.plots import figures, page
from git_dvc.compare.plots.figures import Figure, Picture
from git_dvc.errors import FormatError, PlotError, quoted
from git_dvc.ops.plots import Plots
from git_dvc.project import Config

DEFAULT_FOLDER = "dvc_plots"
PAGE = "index.html"
PICTURES = (".png", ".svg", ".pdf")
MOST_IMAGE_BYTES = 48 * 1024**2
"""So many bytes of images go into a page; what is more is put beside it."""

_SHARE = os.path.join(os.path.dirname(os.path.abspath(git_dvc.__file__)), "share")
_LIBRARIES = ("vega.min.js", "vega-lite.min.js", "vega-embed.min.js")
_NAME_BREAKS = re.compile(r"[/\\\0-\x1f]")


class Place(NamedTuple):
    """Where to write.

    Attributes:
        folder: The directory.
        name: Of the file.
        is_default: Whether nobody chose the directory, so that it should be ignored by Git.
        within: What no link may lead out of; '' if the user chose the directory.
    """

    folder: str
    name: str = PAGE
    is_default: bool = False
    within: str = ""

    @property
    def path(self) -> str:
        """The file."""
        return os.path.join(self.folder, self.name)


def place(out: str | None, config: Config | None = None, root: str = "") -> Place:
    """Return where to write.

    Args:
        out: What the user chose: a directory, or a file by its suffix; None for nothing.
        config: Has ``plots.out_dir``.
        root: The project, which what it says itself must not lead out of.

    Raises:
        UnsafePathError: The project's config leads out of it.
    """
    within = ""
    if out is None and config is not None:
        found = config.find(("plots",), "out_dir")
        if found is not None:
            out, layer = found
            if layer.level == "project":
                here = os.path.relpath(os.getcwd(), root).replace(os.sep, "/")
                relpaths.resolve("" if here == "." else here, out, field="plots.out_dir")
                within = root
    if out is None:
        here = os.getcwd()
        return Place(os.path.join(here, DEFAULT_FOLDER), is_default=True, within=root or here)
    full = os.path.abspath(out)
    suffix = os.path.splitext(full)[1].lower()
    if suffix in (*PICTURES, ".html", ".htm") and not os.path.isdir(full):
        return Place(os.path.dirname(full), os.path.basename(full), within=within)
    return Place(full, within=within)


def html_template(
    given: str | None, config: Config | None, root: str
) -> tuple[str | None, str | None]:
    """Return the user's own page, and one that the repository wants but does not get.

    A page of its own could run any script of the repository's when it is opened, so only the
    user names one: on the command line, or in a config that is not in Git.
    """
    if given:
        return given, None
    found = config.find(("plots",), "html_template") if config is not None else None
    if found is None:
        return None, None
    value, layer = found
    if layer.level == "project":
        return None, value
    # As for DVC, it starts at the .dvc directory, whichever file names it.
    return os.path.join(root, ".dvc", value), None


def specs(plots: Plots) -> dict[str, dict[str, Any]]:
    """Return how the figures are drawn, by name."""
    return {
        figure.name: page.drawable(figure, plots.templates[figure.template], plots.revs)
        for figure in plots.drawn()
        if not figure.is_image
    }


def write_page(
    plots: Plots, where: Place, *, heading: str, template: str | None = None
) -> list[str]:
    """Write the page, and return all files that were written, the page first.

    Args:
        plots: What is shown.
        where: Where to.
        heading: What the page is of.
        template: A page of the user's own.

    Raises:
        FormatError: The template cannot be used.
        PlotError: The file cannot be written.
    """
    beside = _Beside(where, plots.figures)
    parts = page.Parts(
        html=_shared("plots", "page.html"),
        style=_shared("plots", "page.css"),
        script=_shared("plots", "page.js"),
        libraries=tuple(_shared("vega", name) for name in _LIBRARIES),
        licences=_shared("vega", "LICENSES.txt"),
    )
    if template is not None:
        try:
            own = fsutil.read_bytes(template, follow=True).decode("utf-8")
            text = page.custom(own, plots.figures, specs(plots), parts, beside.where)
        except (OSError, UnicodeDecodeError) as problem:
            raise FormatError(f"cannot be read: {problem}", template) from None
        except FormatError as problem:
            raise problem if problem.where else problem.at(template) from None
    else:
        text = page.page(
            plots.figures,
            specs(plots),
            parts,
            heading=heading,
            revs=plots.revs,
            troubles=plots.troubles,
            problems=plots.problems,
            where=beside.where,
        )
    beside.write()
    write(where, text.encode("utf-8", "surrogateescape"))
    return [where.path, *beside.written]


def write(where: Place, data: bytes) -> None:
    """Write a file, with its directory; one that nobody chose is ignored by Git.

    Raises:
        PlotError: It cannot be written, or a link that came with the repository leads elsewhere.
    """
    if where.within:
        inside = os.path.relpath(os.path.realpath(where.folder), os.path.realpath(where.within))
        if not {"..", ".git", ".dvc"}.isdisjoint(inside.split(os.sep)):
            raise PlotError(
                f"{quoted(where.folder)} leads out of the project; nothing was written there",
                hint="say where with --out",
            )
    try:
        new = not os.path.isdir(where.folder)
        os.makedirs(where.folder, exist_ok=True)
        if new and where.is_default:
            ignore = os.path.join(where.folder, ".gitignore")
            fsutil.atomic_write(ignore, b"*\n", where.folder, durable=False)
        fsutil.atomic_write(where.path, data, where.folder, durable=False)
    except OSError as problem:
        raise PlotError(
            f"cannot write {quoted(where.path)}: {(problem.strerror or str(problem)).lower()}"
        ) from None


class _Beside:
    """Images that are too much for the page, and go to files beside it."""

    def __init__(self, where: Place, shown: Sequence[Figure]) -> None:
        self._folder = os.path.join(where.folder, "static")
        self._place = where
        self._pending: dict[str, Picture] = {}
        self._names: dict[tuple[str, str], str] = {}
        self.written: list[str] = []
        total = 0
        taken: set[str] = set()
        for figure in shown:
            for picture in figure.pictures:
                total += len(picture.data)
                if total > MOST_IMAGE_BYTES:
                    name = image_name(picture, taken)
                    self._names[picture.rev, picture.path] = name
                    self._pending[name] = picture

    def where(self, picture: Picture) -> str:
        """Return the address of an image in the page; '' if it is to be in it."""
        from urllib.parse import quote

        name = self._names.get((picture.rev, picture.path))
        return "" if name is None else f"static/{quote(name)}"

    def write(self) -> None:
        """Write the images."""
        for name, picture in self._pending.items():
            there = Place(self._folder, name, within=self._place.folder)
            write(there, picture.data)
            self.written.append(there.path)


def image_name(picture: Picture, taken: set[str]) -> str:
    """Return DVC's name for an image of a version, which no other one has."""
    name = _NAME_BREAKS.sub("_", f"{picture.rev}_{picture.path}")
    stem, suffix = os.path.splitext(name)
    count = 1
    while name in taken:
        count += 1
        name = f"{stem}_{count}{suffix}"
    taken.add(name)
    return name


def to_json(plots: Plots, where: Place, *, split: bool = False) -> dict[str, Any]:
    """Return what DVC's extension for VS Code reads; images are written to a directory.

    Args:
        plots: What was found.
        where: Where images go.
        split: Whether the values of anchors are told apart from the specification.
    """
    data: dict[str, list[dict[str, Any]]] = {}
    errors: list[dict[str, Any]] = []
    taken: set[str] = set()
    for figure in plots.figures:
        shown: list[dict[str, Any]] = []
        if figure.is_image:
            for picture in figure.pictures:
                there = where._replace(name=image_name(picture, taken))
                write(there, picture.data)
                shown.append({"type": "image", "revisions": [picture.rev], "url": there.path})
        elif figure.points and figure.name not in plots.problems:
            template = plots.templates[figure.template]
            apart: dict[str, Any] = {}
            if split:
                content, kept = figures.split_spec(figure, template)
                apart = {"anchor_definitions": kept}
            else:
                content = figures.spec(figure, template)
            shown.append({"type": "vega", "revisions": figure.revs, "content": content, **apart})
        data[figure.name] = shown
        for trouble in figure.troubles:
            source = {"source": trouble.file} if trouble.file else {}
            errors.append(
                {"name": figure.name, "rev": trouble.rev, **source, **_error(trouble.problem)}
            )
        if figure.name in plots.problems:
            errors.append({"name": figure.name, **_error(plots.problems[figure.name])})
    errors += [{"rev": one.rev, **_error(one.problem)} for one in plots.troubles]
    found = {"errors": errors, "data": data}
    return {key: page.finite(value) for key, value in found.items() if value}


def _error(problem: Exception) -> dict[str, str]:
    return {"type": type(problem).__name__, "msg": page.said(problem)}


def _shared(folder: str, name: str) -> str:
    with open(os.path.join(_SHARE, folder, name), encoding="utf-8") as file:
        return file.read()
