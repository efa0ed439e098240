"""Arguments and flags that several commands share, worded once.

Each is a type for a command's parameter: ``force: options.Force = False``.
"""

from __future__ import annotations

from typing import Annotated

import typer

from git_dvc.errors import UsageError

Targets = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="target",
        help="Pointer files, stages or data paths, also inside tracked directories.",
        show_default=False,
    ),
]
Force = Annotated[bool, typer.Option("-f", "--force", help="Discard what is not saved.")]
Recursive = Annotated[
    bool, typer.Option("-R", "--recursive", help="Take all that is tracked below a directory.")
]
WithDeps = Annotated[
    bool, typer.Option("-d", "--with-deps", help="Take also what the stages depend on.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, on one line.")]
Remote = Annotated[
    str | None,
    typer.Option("-r", "--remote", metavar="name", help="This remote instead of the default."),
]
Jobs = Annotated[
    int | None,
    typer.Option("-j", "--jobs", metavar="n", min=1, help="Use at most this many processes."),
]
AllBranches = Annotated[
    bool, typer.Option("-a", "--all-branches", help="Also the data of all branches.")
]
AllTags = Annotated[bool, typer.Option("-T", "--all-tags", help="Also the data of all tags.")]
AllCommits = Annotated[
    bool, typer.Option("-A", "--all-commits", help="Also the data of every commit.")
]
FsConfig = Annotated[
    list[str] | None,
    typer.Option(
        "--fs-config",
        metavar="option=value",
        help="Options for the server, as those of a remote.",
        show_default=False,
    ),
]
ToRemote = Annotated[
    bool,
    typer.Option("--to-remote", help="Send the data to a remote and keep none of it here."),
]
NoExec = Annotated[
    bool, typer.Option("--no-exec", help="Write the pointer file only; ask nobody anything.")
]
NoDownload = Annotated[
    bool, typer.Option("--no-download", help="Record the version; the data comes later.")
]
ForceImport = Annotated[
    bool,
    typer.Option("-f", "--force", help="Replace what is there; undo brings it back."),
]
GlobalLevel = Annotated[bool, typer.Option("--global", help="Your own config file.")]
SystemLevel = Annotated[bool, typer.Option("--system", help="This machine's config file.")]
ProjectLevel = Annotated[
    bool, typer.Option("--project", help="The project's .dvc/config (the default for writing).")
]
LocalLevel = Annotated[
    bool, typer.Option("--local", help="This clone's .dvc/config.local, which Git ignores.")
]

SourceUrl = Annotated[
    str, typer.Argument(metavar="repository", help="A directory of this machine, or a Git URL.")
]
Rev = Annotated[
    str | None,
    typer.Option("--rev", metavar="rev", help="This revision, instead of what is there now."),
]
Out = Annotated[
    str | None,
    typer.Option("-o", "--out", metavar="path", help="Where to put it, or under which name."),
]
SourceConfig = Annotated[
    str | None,
    typer.Option("--config", metavar="file", help="A config file that counts more than theirs."),
]
SourceRemote = Annotated[
    str | None,
    typer.Option("--remote", metavar="name", help="Which of their remotes to take as default."),
]
RemoteConfig = Annotated[
    list[str] | None,
    typer.Option(
        "--remote-config", metavar="name=value", help="Options for that remote, such as url=..."
    ),
]


def level(*, of_user: bool, of_system: bool, of_project: bool, of_clone: bool) -> str | None:
    """Return the config file that was chosen: global, system, project, local, or None.

    Raises:
        UsageError: More than one was chosen.
    """
    flags = {"global": of_user, "system": of_system, "project": of_project, "local": of_clone}
    chosen = [name for name, given in flags.items() if given]
    if len(chosen) > 1:
        named = " and ".join(f"--{name}" for name in chosen)
        raise UsageError(f"{named} cannot be used together")
    return chosen[0] if chosen else None


def pairs(values: list[str] | None, option: str) -> dict[str, str]:
    """Return what was given as ``name=value``, once or several times.

    Args:
        values: The words after the option.
        option: How it is spelled.

    Raises:
        UsageError: One is not of this form.
    """
    found = {}
    for word in values or []:
        name, mark, value = word.partition("=")
        if not mark or not name:
            raise UsageError(f"{option}: expected name=value, found '{word}'")
        found[name] = value
    return found
