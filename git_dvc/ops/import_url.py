"""``git dvc import-url``: bring data from an address and track where it came from."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from git_dvc.errors import CannotImportError, quoted
from git_dvc.formats import config as configs
from git_dvc.formats.imports import Dep
from git_dvc.formats.options import COMMAND_OPTIONS
from git_dvc.formats.pointer import Out
from git_dvc.ops import imports, outside, to_remote
from git_dvc.ops import record as recording
from git_dvc.ops.checkout import check_not_busy
from git_dvc.ops.imports import Content, Imported
from git_dvc.progress import NoProgress, Progress
from git_dvc.project import Project

_SIGNS = re.compile(r"signature$|^sig$|token$|password$|secret|api_?key$", re.IGNORECASE)
"""Names in the query of an address that is a key to what is there."""


def import_url(
    project: Project,
    address: str,
    out: str | None = None,
    *,
    options: Mapping[str, str] | None = None,
    execute: bool = True,
    download: bool = True,
    to: str | None = None,
    jobs: int | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> Imported:
    """Bring a file or directory and track it as an import.

    Args:
        project: The project.
        address: A path, a URL, or ``remote://NAME/PATH``.
        out: Where it is to go, or the directory it is to go into; here if None.
        options: For the server; they go into the pointer file.
        execute: Ask the source; else only the pointer is written.
        download: Bring the data; else only what it is, is recorded.
        to: Send it to this remote ('' is the default one) and keep none of it here.
        jobs: How many files at a time.
        force: Replace what is there; it is kept for undo.
        progress: Told of the work.

    Raises:
        OccupiedError: Something is there already.
        MissingOriginError: Nothing is at the address.
        OriginError: It cannot be read; nothing was written.
    """
    watch = progress or NoProgress()
    check_public(address, options)
    name = outside.landing_place(address, out)
    dep = Dep(_recorded(project, address, name), {}, None, dict(options or {}) or None)
    item = imports.check_place(project, name, dep, force=force)
    if execute:
        origin = outside.origin(address, options, project=project)
        try:
            if to is not None:
                content = to_remote.bring(project, item, origin, dep, to, watch, jobs)
            else:
                content = imports.bring(
                    project, item, origin, dep, watch, download=download, jobs=jobs
                )
        finally:
            origin.close()
    else:
        content = Content(Out(item.out.path), dep)
    with project.lock(watch), project.operation("import-url"):
        project.forget_tracked()
        item = imports.check_place(project, name, dep, force=force)
        check_not_busy(project, [item.relpath])
        changed = imports.record(project, item, content, executed=execute)
        staged = recording.stage(project, changed)
        placed = None
        if content.out.hash is not None and to is None:
            placed = imports.place(project, item, content.out, watch, force=force)
    return Imported(item.relpath, item.source, content, changed, staged, placed)


def check_public(address: str, options: Mapping[str, str] | None) -> None:
    """Refuse to write a secret into a pointer file, which Git would publish.

    Raises:
        CannotImportError: There is one.
    """
    refused = configs.SECRET_OPTIONS | COMMAND_OPTIONS
    secrets = sorted(refused & {name.lower() for name in options or {}})
    what = f"--fs-config {secrets[0]}" if secrets else ""
    if configs.url_scheme(address):
        from urllib.parse import parse_qsl, urlsplit

        rest = address.partition("://")[2]
        user = rest.partition("/")[0].rpartition("@")[0]
        query = urlsplit(address).query
        names = [name for name, _ in parse_qsl(query, keep_blank_values=True)]
        if ":" in user or any(_SIGNS.search(name) for name in names):
            what = quoted(outside.shown(address))
    if what:
        raise CannotImportError(
            f"{what}: a secret would be written into the pointer file, which Git publishes",
            hint="make the server a remote and keep the secret in this clone:\n"
            "  git dvc remote add NAME URL\n"
            "  git dvc remote modify --local NAME OPTION VALUE\n"
            "  git dvc import-url remote://NAME/PATH",
        )


def _recorded(project: Project, address: str, name: str) -> str:
    """Return an address as the pointer file is to have it.

    A path that was given relatively, or is in the project, starts at the pointer's place.
    """
    if configs.url_scheme(address):
        return address
    place = os.path.abspath(os.path.expanduser(address))
    target = project.path(project.relpath(name))
    source = os.path.realpath(place)
    if source == os.path.realpath(target):
        raise CannotImportError(f"{quoted(name)} cannot be imported from itself")
    if (project.root + os.sep).startswith(source.rstrip(os.sep) + os.sep):
        raise CannotImportError(f"the project itself lies in {quoted(address)}")
    inside = place.startswith(project.root.rstrip(os.sep) + os.sep)
    if os.path.isabs(os.path.expanduser(address)) and not inside:
        return place
    folder = os.path.realpath(os.path.dirname(target))
    # Links on the way are resolved, so that '..' means the same in both; the last part is not.
    seen = os.path.join(os.path.realpath(os.path.dirname(place)), os.path.basename(place))
    return os.path.relpath(seen, folder).replace(os.sep, "/")
