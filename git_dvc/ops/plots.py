"""Plots of one version or of several: found, read, and made into files to look at."""

from __future__ import annotations

import errno
import os
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from git_dvc import fsutil, relpaths
from git_dvc.compare import values
from git_dvc.compare.plots import figures, rows, templates
from git_dvc.compare.plots.figures import Definition, Figure, Props, Trouble, Version
from git_dvc.errors import (
    FormatError,
    GitDvcError,
    NotASourceError,
    NotFetchedError,
    PlotError,
    UnknownPlotError,
    UnsafePathError,
    quoted,
)
from git_dvc.ops.catalogue import Entry
from git_dvc.ops.reading import Reading
from git_dvc.pipeline import loading
from git_dvc.progress import NoProgress, Progress
from git_dvc.tracked import STAGES_FILE

WORKSPACE = "workspace"
_FOLDER = ".dvc/plots"


class Plots(NamedTuple):
    """What was found.

    Attributes:
        revs: The versions that were asked for.
        figures: The plots.
        troubles: What is wrong with whole versions or their ``dvc.yaml``.
        problems: Why a template cannot be used, by name of the figure.
        templates: The templates that the figures name.
    """

    revs: list[str]
    figures: list[Figure]
    troubles: list[Trouble]
    problems: dict[str, GitDvcError]
    templates: dict[str, templates.Spec]

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing."""
        return not self.troubles and not self.problems and all(
            not figure.troubles for figure in self.figures
        )  # fmt: skip

    def drawn(self) -> Iterator[Figure]:
        """Yield the figures that there is something to see of."""
        for figure in self.figures:
            if figure.pictures or (figure.points and figure.name not in self.problems):
                yield figure


def compared(revs: Sequence[str], *, start: str | None = None) -> list[str]:
    """Return the versions that ``plots diff`` shows, the workspace first as DVC has it.

    One alone is compared with the workspace; none at all means HEAD and the workspace, if
    these differ.
    """
    chosen = [one for one in dict.fromkeys(revs) if one != WORKSPACE]
    if not revs and _is_dirty(start or os.getcwd()):
        chosen = ["HEAD"]
    with_workspace = WORKSPACE in revs or len(chosen) < 2
    return [WORKSPACE, *chosen] if with_workspace else chosen


def _is_dirty(start: str) -> bool:
    """Return whether the work tree differs from HEAD; not if there is no commit yet."""
    from git_dvc.git.repo import git

    if git(["rev-parse", "--verify", "--quiet", "HEAD"], cwd=start).code != 0:
        return False
    found = git(["status", "--porcelain", "--untracked-files=no"], cwd=start)
    return bool(found.out.strip())


def show(
    revs: Sequence[str] = (WORKSPACE,),
    targets: Sequence[str] = (),
    props: Props | None = None,
    *,
    repo: str | None = None,
    fetch: bool = False,
    progress: Progress | None = None,
) -> Plots:
    """Return the plots of some versions.

    Args:
        revs: Which; ``workspace`` is the work tree.
        targets: Names of plots, files or directories, as seen from the current directory; all
            that a ``dvc.yaml`` names for none.
        props: What counts more than the definitions: ``x``, ``y``, ``template``, ``title``,
            ``x_label``, ``y_label``, ``header``.
        repo: A directory or URL; the project around the current directory by default.
        fetch: Bring data that is not in the cache from its remote.
        progress: Told of what takes time.

    Raises:
        UnknownPlotError: A target is neither a plot nor a file in any of the versions.
        UnknownRevisionError: There is no such revision.
        NotASourceError: There is no repository here, and more is asked for than its files.
    """
    watch = progress or NoProgress()
    watch.start("Reading plots", len(revs), 0)
    parsed: dict[tuple[str, bool, bytes], Any] = {}
    reader = _Reader(dict(props or {}), targets, fetch, parsed)
    versions: list[Version] = []
    troubles: list[Trouble] = []
    chosen: dict[str, templates.Spec] = {}
    problems: dict[str, GitDvcError] = {}
    try:
        for rev in revs:
            try:
                opened = _reading(rev, progress, repo)
            except NotASourceError:
                if repo is not None or rev != WORKSPACE or not targets:
                    raise
                versions.append(reader.read_plain())
                for name in _named_templates(versions[-1]):
                    _choose_template(None, name, chosen, problems, props or {})
                continue
            with opened as reading:
                version, wrong = reader.read(reading, rev)
                versions.append(version)
                troubles += [Trouble(rev, "", problem) for problem in wrong]
                for name in _named_templates(version):
                    if name not in chosen:
                        _choose_template(reading, name, chosen, problems, props or {})
            watch.advance(1, 0)
    finally:
        watch.finish()
    reader.check_targets(versions)
    found = figures.figures(versions)
    wrong_ones = {
        figure.name: problems[figure.template]
        for figure in found
        if not figure.is_image and figure.template not in chosen
    }
    return Plots(list(revs), found, troubles, wrong_ones, chosen)


class ListedPlot(NamedTuple):
    """One plot of one version.

    Attributes:
        rev: The version.
        name: What it is called.
        template: How it is drawn; '' for an image.
        x: Its fields for x, as text.
        y: Its fields for y, as text.
        files: What it reads.
        where: The ``dvc.yaml`` that names it in its list; '' for a stage's output.
        props: As they are declared.
    """

    rev: str
    name: str
    template: str
    x: str
    y: str
    files: list[str]
    where: str
    props: Props


class Listed(NamedTuple):
    """The plots that there are, and what is wrong with versions."""

    revs: list[str]
    rows: list[ListedPlot]
    troubles: list[Trouble]


def listed(
    revs: Sequence[str], targets: Sequence[str] = (), *, progress: Progress | None = None
) -> Listed:
    """Return which plots versions have, without reading what they show.

    Args:
        revs: The versions.
        targets: Only these; as for ``show``.
        progress: Told of what takes time.

    Raises:
        UnknownPlotError: A target is no plot of any version.
    """
    found = Listed(list(revs), [], [])
    met: set[str] = set()
    known: dict[str, None] = {}
    for rev in revs:
        with _reading(rev, progress) as reading:
            definitions, wrong = _declared(reading, {})
        found.troubles.extend(Trouble(rev, "", problem) for problem in wrong)
        known.update((one.id, None) for one in definitions)
        chosen = definitions
        if targets:
            by_target = {target: _matching(target, definitions) for target in targets}
            met.update(target for target, some in by_target.items() if some)
            chosen = list({one[::2]: one for some in by_target.values() for one in some}.values())
        found.rows.extend(_listed(rev, one) for one in chosen)
    lost = [target for target in targets if target not in met]
    if lost:
        raise UnknownPlotError(lost[0], list(known))
    return found


def _listed(rev: str, one: Definition) -> ListedPlot:
    is_image = rows.is_image(one.shows) and not isinstance(one.props.get("y"), dict)
    template = "" if is_image else str(one.props.get("template") or templates.DEFAULT)
    x, y = (_fields(one.props.get(axis)) for axis in ("x", "y"))
    return ListedPlot(rev, one.id, template, x, y, one.files, one.config, one.props)


def _fields(axis: Any) -> str:
    if isinstance(axis, dict):
        return ", ".join(dict.fromkeys(filter(None, map(_fields, axis.values()))))
    return ", ".join(axis) if isinstance(axis, list) else axis or ""


def _reading(rev: str, progress: Progress | None, repo: str | None = None) -> Reading:
    return Reading(repo, None if rev == WORKSPACE else rev, own=repo is None, progress=progress)


class _Reader:
    """Reads the plots of one version after another; what they have in common, once."""

    def __init__(
        self,
        props: Props,
        targets: Sequence[str],
        fetch: bool,
        parsed: dict[tuple[str, bool, bytes], Any],
    ) -> None:
        self._header = props.pop("header", None)
        self._props = props
        self._targets = [target.rstrip("/") or target for target in targets]
        self._fetch = fetch
        self._parsed = parsed
        self._met: set[str] = set()
        self._known: dict[str, None] = {}

    def read(self, reading: Reading, rev: str) -> tuple[Version, list[Exception]]:
        """Return a version, and what is wrong with its ``dvc.yaml`` files."""
        headers: dict[str, bool] = {}
        definitions, problems = _declared(reading, headers)
        self._known.update((one.id, None) for one in definitions)
        wanted = list(self._wanted(definitions, reading))
        if self._props:
            wanted = [one._replace(props={**one.props, **self._props}) for one in wanted]
        contents: dict[str, Any] = {}
        errors: dict[str, Exception] = {}
        here = _here(reading)
        files = list(dict.fromkeys(file for one in wanted for file in one.files))
        reading.source.look(_inside(here, file) for file in files)
        self._get_ready(reading, [_inside(here, file) for file in files])
        for file in files:
            header = headers.get(file, True) if self._header is None else self._header
            try:
                contents[file] = self._content(reading, _inside(here, file), header)
            except (GitDvcError, OSError) as problem:
                errors[file] = problem
        return Version(rev, wanted, contents, errors), problems

    def read_plain(self) -> Version:
        """Return the files that were named, where there is no repository around them."""
        contents: dict[str, Any] = {}
        errors: dict[str, Exception] = {}
        wanted = []
        for target in self._targets:
            if os.path.isdir(target):
                folder = os.path.normpath(target)
                names = (os.path.join(folder, name) for name in sorted(os.listdir(folder)))
                files = [name for name in names if rows.is_for_plots(name)]
            else:
                files = [target] if os.path.lexists(target) else []
            if files:
                self._met.add(target)
            for file in files:
                wanted.append(Definition(file, self._props))
                try:
                    data = fsutil.read_bytes(file, values.MOST_BYTES, follow=True)
                    contents[file] = self._parse(file, data, header=self._header is not False)
                except (GitDvcError, OSError) as problem:
                    errors[file] = problem
        return Version(WORKSPACE, wanted, contents, errors)

    def check_targets(self, versions: Sequence[Version]) -> None:
        """Raise ``UnknownPlotError`` for a target that no version has."""
        lost = [target for target in self._targets if target not in self._met]
        if lost:
            raise UnknownPlotError(lost[0], list(self._known))

    def _wanted(self, definitions: Sequence[Definition], reading: Reading) -> Iterator[Definition]:
        if not self._targets:
            yield from definitions
            return
        here = _here(reading)
        for target in self._targets:
            found = _matching(target, definitions)
            if not found and _is_safe(here, target) and reading.exists(_inside(here, target)):
                path = _inside(here, target)
                found = [Definition(_shown(here, file), {}) for file in _unpacked(reading, path)]
            if found:
                self._met.add(target)
            yield from found

    def _get_ready(self, reading: Reading, paths: Sequence[str]) -> None:
        if not self._fetch:
            return
        entries = []
        for path in paths:
            try:
                entries.append(reading.entry(path))
            except (GitDvcError, OSError):
                continue  # it is told of when it is read
        try:
            reading.get_ready(entries)
        except GitDvcError:
            pass  # likewise

    def _content(self, reading: Reading, path: str, header: bool) -> Any:
        try:
            entry = reading.entry(path)
        except FileNotFoundError:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path) from None
        if entry.is_dir:
            raise PlotError(f"{quoted(path)} is a directory")
        return self._parse(path, self._bytes(reading, entry), header=header)

    def _parse(self, path: str, data: bytes, *, header: bool) -> Any:
        if rows.is_image(path):
            return data
        import hashlib

        key = (rows.suffix(path), header, hashlib.md5(data).digest())
        if key not in self._parsed:
            self._parsed[key] = rows.parse(path, data, header=header)
        return self._parsed[key]

    def _bytes(self, reading: Reading, entry: Entry) -> bytes:
        if entry.hash is not None and not self._fetch and reading.place(entry) is None:
            raise NotFetchedError(entry.path)
        size = reading.size(entry)
        if size is not None and size > values.MOST_BYTES:
            raise FormatError(f"larger than {values.MOST_BYTES // 1024**2} MiB", entry.path)
        return reading.read(entry)


# --- what is declared


def _declared(
    reading: Reading, headers: dict[str, bool]
) -> tuple[list[Definition], list[Exception]]:
    """Return all plots of a version: of the lists at the top, then those of stages."""
    source = reading.source
    top = source.parts[""]
    others = [prefix for prefix in source.parts if prefix]
    here = _here(reading)
    paths = [
        path
        for path in source.named(STAGES_FILE)
        if not any(relpaths.inside(path, other) for other in others)
        and not top.ignores(path, is_dir=False)
    ]
    stages = loading.load(paths, top.read)
    problems: list[Exception] = list(stages.problems)
    found: list[Definition] = []
    for path in paths:
        content = stages.contents.get(path)
        if content is None:
            continue  # a problem already
        try:
            found += _of_list(reading, path, content.section("plots") or [])
        except FormatError as problem:
            problems.append(problem if problem.where else problem.at(path))
    made: dict[str, Definition] = {}
    outs = [out for stage in stages.stages.values() for out in stage.outs]
    reading.source.look(out.relpath for out in outs if out.relpath and out.flags.kind == "plots")
    for out in outs:
        if out.flags.kind == "plots" and out.relpath is not None:
            for file in _unpacked(reading, out.relpath):
                shown = _shown(here, file)
                made.update((one.id, one) for one in _looks(shown, out.flags.plots, headers))
    return [*found, *made.values()], problems


def _looks(file: str, listed: Sequence[Props], headers: dict[str, bool]) -> Iterator[Definition]:
    """Yield the plots of a stage's output: one for each way to draw it that is named."""
    for number, found in enumerate(listed or ({},), start=1):
        props = dict(found)
        header = props.pop("header", None)
        if header is not None:
            headers[file] = header
        if number == 1:
            yield Definition(file, props)
        elif props:
            yield Definition(f"{file} ({number})", props, file=file)


def _of_list(reading: Reading, config: str, listed: Sequence[Any]) -> Iterator[Definition]:
    """Yield the plots of a list ``plots`` at the top of a ``dvc.yaml``."""
    here = _here(reading)
    folder = config.rpartition("/")[0]
    by_name: dict[str, Props] = {}
    for item in listed:
        pairs = item.items() if isinstance(item, dict) else [(item, None)]
        by_name.update((name, dict(props or {})) for name, props in pairs)
    is_file = {name: not isinstance(props.get("y"), dict) for name, props in by_name.items()}
    places = {
        relpaths.resolve(folder, name, field=f"plots.{name}") for name in by_name if is_file[name]
    }
    reading.source.look(places)
    shown = _shown(here, config)
    made: dict[str, Props] = {}
    for name, props in by_name.items():
        for axis in ("x", "y"):
            if isinstance(props.get(axis), dict):
                at = f"plots.{name}.{axis}"
                props[axis] = {
                    _shown(here, relpaths.resolve(folder, file, field=at)): field
                    for file, field in props[axis].items()
                }
        if not is_file[name]:
            made[name] = props
            continue
        place = relpaths.resolve(folder, name, field=f"plots.{name}")
        for file in _unpacked(reading, place):
            # Of directories inside each other the inner one says what a file looks like.
            around = file
            while around not in places and around:
                around = around.rpartition("/")[0]
            if around == place:
                made[_shown(here, file)] = props
    return (Definition(name, props, shown) for name, props in made.items())


def _unpacked(reading: Reading, path: str) -> list[str]:
    """Return the files that can be drawn in a directory; of anything else the path itself."""
    try:
        entry = reading.entry(path)
        if not entry.is_dir:
            return [path]
        inside = [one.path for one in reading.source.files(path)]
    except (GitDvcError, OSError):
        return [path]  # it is told of when it is read
    return sorted(one for one in inside if rows.is_for_plots(one))


def _matching(target: str, definitions: Sequence[Definition]) -> list[Definition]:
    """Return the plots that a target names: itself, its directory, a pattern or a beginning."""

    def names(one: Definition) -> tuple[str, ...]:
        return (one.id, f"{one.config}::{one.id}") if one.config else (one.id,)

    plain = posixpath.normpath(target)
    exact = [one for one in definitions if target in names(one) or plain in (one.id, one.file)]
    below = exact or [one for one in definitions if one.id.startswith(f"{plain}/")]
    if below:
        return below
    try:
        begins = re.compile(target).match
    except re.error:
        begins = None
    return [
        one
        for one in definitions
        for name in names(one)[:1]
        if any(fnmatchcase(each, target) or (begins and begins(each)) for each in names(one))
    ]


# --- paths


def _here(reading: Reading) -> str:
    """Return where the user stands in the project, whichever version of it is read."""
    if not (reading.is_own and reading.source.root):
        return ""
    found = os.path.relpath(os.getcwd(), reading.source.root).replace(os.sep, "/")
    return "" if found == "." or found.startswith("..") else found


def _inside(here: str, shown: str) -> str:
    """Return a path as the user sees it, relative to the project."""
    return posixpath.normpath(posixpath.join(here or ".", shown))


def _shown(here: str, path: str) -> str:
    return posixpath.relpath(path, here) if here else path


def _is_safe(here: str, target: str) -> bool:
    try:
        relpaths.check(_inside(here, target))
    except UnsafePathError:
        return False
    return True


# --- templates


def _named_templates(version: Version) -> list[str]:
    found = [str(one.props.get("template") or templates.DEFAULT) for one in version.definitions]
    return list(dict.fromkeys(found))


def _choose_template(
    reading: Reading | None,
    name: str,
    chosen: dict[str, templates.Spec],
    problems: dict[str, GitDvcError],
    props: Mapping[str, Any],
) -> None:
    try:
        found = _template(reading, name, asked_for=props.get("template") == name)
    except GitDvcError as problem:
        problems[name] = problem
        return
    chosen[name] = found
    problems.pop(name, None)


def _template(reading: Reading | None, name: str, *, asked_for: bool) -> templates.Spec:
    """Return a template: of the project, the user's, or a built-in one.

    Args:
        reading: The version that is read; None outside of any repository.
        name: ``linear``; or a file in ``.dvc/plots``, with or without ``.json``, or anywhere.
        asked_for: Whether the user named it, who may name any file.
    """
    root = reading.source.root if reading is not None else ""
    if _is_safe("", name) and root:
        for path in (f"{_FOLDER}/{name}", f"{_FOLDER}/{name}.json"):
            full = os.path.join(root, *path.split("/"))
            if os.path.isfile(full) and not os.path.islink(full):
                return templates.parse(_read(full), path)
    if asked_for and os.path.isfile(name):
        return templates.parse(_read(name), name)
    if name in templates.BUILT_IN:
        return templates.BUILT_IN[name]
    if reading is not None and _is_safe("", name) and reading.exists(name):
        found = reading.entry(name)
        if not found.is_dir:
            return templates.parse(reading.read(found), name)
    raise PlotError(
        f"there is no template '{name}'",
        hint="'git dvc plots templates' lists them; one of your own goes to .dvc/plots/NAME.json",
    )


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(templates.MOST_BYTES + 1)


def known_templates(root: str | None) -> dict[str, str | None]:
    """Return the names of all templates, those of a project with their files."""
    found: dict[str, str | None] = dict.fromkeys(templates.BUILT_IN)
    folder = os.path.join(root, *_FOLDER.split("/")) if root else ""
    names = sorted(os.listdir(folder)) if folder and os.path.isdir(folder) else []
    for name in names:
        if name.endswith(".json"):
            found[name[: -len(".json")]] = os.path.join(folder, name)
    return found


def template(name: str, root: str | None) -> templates.Spec:
    """Return a template by its name.

    Raises:
        PlotError: There is none.
        FormatError: The project's cannot be used.
    """
    known = known_templates(root)
    if name not in known:
        raise PlotError(
            f"there is no template '{name}'", hint=f"there are: {', '.join(sorted(known))}"
        )
    path = known[name]
    return templates.parse(_read(path), path) if path else templates.BUILT_IN[name]
