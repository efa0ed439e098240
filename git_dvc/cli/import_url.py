"""``git dvc import-url``; the work is in ``ops/import_url.py``."""

from __future__ import annotations

from typing import Annotated

import typer

from git_dvc.cli import options
from git_dvc.cli.console import console
from git_dvc.errors import CannotImportError, UsageError

EXAMPLES = """
git dvc import-url https://example.com/table.csv   # then: git commit -m 'Table'
git dvc import-url s3://bucket/images data/        # a directory, into data/images
git dvc import-url /mnt/archive/set raw            # copied into the cache, checked
git dvc import-url --to-remote s3://bucket/big     # keep none of it here
git dvc import-url --no-download s3://bucket/big   # the pointer now, data later
"""
MANY_VALUES = ("--fs-config",)


def import_url(
    url: Annotated[str, typer.Argument(metavar="url", help="A path, a URL, remote://NAME/PATH.")],
    out: Annotated[
        str | None,
        typer.Argument(metavar="path", help="Where it is to go; here if there is none."),
    ] = None,
    to_remote: options.ToRemote = False,
    remote: options.Remote = None,
    no_exec: options.NoExec = False,
    no_download: options.NoDownload = False,
    jobs: options.Jobs = None,
    force: options.ForceImport = False,
    version_aware: Annotated[
        bool,
        typer.Option("--version-aware", help="Not supported: versions in a cloud's own store."),
    ] = False,
    fs_config: options.FsConfig = None,
) -> int:
    """Bring data from anywhere and track where it came from.

    The data goes to the cache and is put in place; the pointer file names its address and what
    the server says of its version, so that 'git dvc update' brings a newer one.
    """
    from git_dvc.cli import opened
    from git_dvc.ops import import_url as op

    if no_exec and no_download:
        raise UsageError("--no-exec and --no-download cannot be used together")
    if to_remote and (no_exec or no_download):
        raise UsageError("--to-remote cannot be used together with --no-exec or --no-download")
    if remote and not to_remote:
        raise UsageError("--remote says where --to-remote sends the data")
    if version_aware:
        raise CannotImportError(
            "--version-aware: versions in a cloud's own store are not supported",
            hint="without it the data is imported as it is now, and kept by hash like all other",
        )
    with opened.project() as project:
        done = op.import_url(
            project,
            url,
            out,
            options=options.pairs(fs_config, "--fs-config"),
            execute=not no_exec,
            download=not no_download,
            to=(remote or "") if to_remote else None,
            jobs=jobs,
            force=force,
            progress=console.progress(),
        )
        return opened.tell_import(project, done, url)
