"""``status``, ``dag``, ``get`` and a few more without Typer, in their plain forms.

People, prompts, editors and scripts run these all the time, and loading Typer takes longer
than the whole of their work. A command line that is more than a few known options, and for
``get`` its two arguments, returns None here and is read by Typer, which has the help and the
full checks; both ways end in the same function of the command.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from git_dvc.ops.resolve import Open
    from git_dvc.ops.status import Status
    from git_dvc.ops.updates import Update
    from git_dvc.project import Project

_QUIET = {"-q": "quiet", "--quiet": "quiet"}
_FLAGS: dict[str, dict[str, str]] = {
    "status": {
        **_QUIET,
        "--json": "as_json",
        "--exit-code": "exit_code",
        "--why": "why",
        "--updates": "updates",
        "--no-updates": "no_updates",
    },
    "version": {},
    "root": {},
    "get": {**_QUIET, "-f": "force", "--force": "force"},
    "stage list": {
        "--all": "everything",
        "-R": "recursive",
        "--recursive": "recursive",
        "--name-only": "name_only",
        "--names-only": "name_only",
        "--fail": "fail",
    },
    "dag": {
        "--dot": "dot",
        "--mermaid": "mermaid",
        "--md": "md",
        "--full": "full",
        "-o": "outs",
        "--outs": "outs",
        "--collapse-foreach-matrix": "collapse",
    },
}
_COMPARED = {"--json": "as_json", "--md": "as_markdown", "--csv": "as_csv", "--no-path": "no_path"}
_SCOPES = {
    "-a": "branches",
    "--all-branches": "branches",
    "-T": "tags",
    "--all-tags": "tags",
    "-A": "commits",
    "--all-commits": "commits",
}
for _what in ("metrics", "params"):
    _FLAGS[f"{_what} show"] = {**_COMPARED, **_SCOPES}
    _FLAGS[f"{_what} diff"] = {**_COMPARED, "--all": "unchanged"}
_VALUES = {"get": {"-o": "out", "--out": "out", "--rev": "rev"}}
_ANY = -1
_WORDS = {
    "get": 2,
    "metrics show": _ANY,
    "metrics diff": _ANY,
    "params show": _ANY,
    "params diff": _ANY,
}
"""How many arguments a command has; none if it is not here."""

_UPDATES = {frozenset({"updates"}): True, frozenset({"no_updates"}): False}


def run(arguments: Sequence[str]) -> int | None:
    """Run a plain command line, or return None if it is for Typer.

    Args:
        arguments: The command and its flags, without the program.

    Returns:
        The exit code, or None: nothing was done.
    """
    command = arguments[0]
    if command not in _FLAGS:
        command = " ".join(arguments[:2])
    read = _read(command, arguments[command.count(" ") + 1 :]) if command in _FLAGS else None
    if read is None:
        return None
    chosen, values, words = read
    from git_dvc.cli import failures
    from git_dvc.cli.console import console

    console.quiet = "quiet" in chosen
    if command == "status":
        return failures.exit_code_of(
            lambda: status(
                [],
                as_json="as_json" in chosen,
                exit_code="exit_code" in chosen,
                why="why" in chosen,
                updates=_UPDATES.get(frozenset(chosen & {"updates", "no_updates"})),
            )
        )
    if command == "get":
        from git_dvc.remote import secrets

        secrets.let_ask(console.ask_secret)
        return failures.exit_code_of(
            lambda: get(
                words[0],
                words[1],
                out=values.get("out"),
                rev=values.get("rev"),
                force="force" in chosen,
            )
        )
    if command == "stage list":
        return failures.exit_code_of(lambda: stage_list([], **dict.fromkeys(chosen, True)))
    if command == "dag":
        forms = [form for form in ("dot", "md", "mermaid") if form in chosen]
        flags = chosen.difference(forms)
        if {"outs", "collapse"} <= flags:
            return None
        return failures.exit_code_of(
            lambda: dag("", form=forms[0] if forms else "", **dict.fromkeys(flags, True))
        )
    if command.endswith((" show", " diff")):
        from git_dvc.cli import prefix

        if words and prefix.prefix():
            return None  # they may be paths, seen from there
        return failures.exit_code_of(lambda: compared(command, chosen, words))
    if command == "version":
        return failures.exit_code_of(version)
    return failures.exit_code_of(root)


def _read(
    command: str, arguments: Sequence[str]
) -> tuple[set[str], dict[str, str], list[str]] | None:
    """Return flags, values and plain words of a command line, or None if it is for Typer."""
    flags, options = _FLAGS[command], _VALUES.get(command, {})
    chosen: set[str] = set()
    values: dict[str, str] = {}
    words = []
    rest = iter(arguments)
    for argument in rest:
        if argument in flags:
            chosen.add(flags[argument])
        elif argument in options:
            values[options[argument]] = value = next(rest, "-")
            if value.startswith("-"):
                return None
        elif argument.startswith("-"):
            return None
        else:
            words.append(argument)
    return (chosen, values, words) if _WORDS.get(command, 0) in (len(words), _ANY) else None


def status(
    targets: Sequence[str],
    *,
    as_json: bool = False,
    exit_code: bool = False,
    with_deps: bool = False,
    recursive: bool = False,
    updates: bool | None = None,
    why: bool = False,
) -> int:
    """Report what is not recorded, missing or not committed; see ``cli/status.py``.

    Returns:
        1 if data differs from the pointers or the cache lacks it, and ``-q`` or
        ``exit_code`` asks for that; else 0.
    """
    from git_dvc.cli import opened, render
    from git_dvc.cli.console import console
    from git_dvc.ops import status as op

    with opened.project() as project:
        report = op.status(
            project,
            targets,
            recursive=recursive,
            with_deps=with_deps,
            why=why,
            progress=console.progress(),
        )
        if console.quiet:
            exit_code = True
        else:
            newer = [] if updates is False else _updates(project, report, servers=bool(updates))
            if as_json:
                console.write(render.json_line(render.status_json(report, project.shown, newer)))
            else:
                torn = _conflicts(project, report)
                console.write(
                    render.status(report, project.shown, console.paint, newer, torn, why=why)
                )
    return 1 if exit_code and not report.is_clean else 0


def _updates(project: Project, report: Status, *, servers: bool) -> list[Update]:
    """Return the imports that have a newer version; servers are asked only if told so."""
    items = [state.item for state in report.outs if state.item.from_repo]
    if not items:
        return []
    from git_dvc.cli.console import console
    from git_dvc.ops import updates

    found, errors = updates.available(project, items, console.progress(), servers=servers)
    for message in dict.fromkeys(problem.message for problem in errors):
        console.warning(f"cannot tell whether there are updates: {message}")
    return found


def _conflicts(project: Project, report: Status) -> list[Open]:
    """Return what a merge left open; nothing is loaded if that is nothing."""
    if not report.unmerged:
        return []
    from git_dvc.ops import resolve

    return [one for one in resolve.find_open(project) if one.source in report.unmerged]


def get(
    url: str,
    path: str,
    *,
    out: str | None = None,
    rev: str | None = None,
    show_url: bool = False,
    jobs: int | None = None,
    force: bool = False,
    config: str | None = None,
    remote: str | None = None,
    remote_config: dict[str, str] | None = None,
) -> int:
    """Copy data or other files from a repository; see ``cli/get.py``.

    Returns:
        1 if links had to be left out, else 0.
    """
    from git_dvc.cli import render
    from git_dvc.cli.console import console
    from git_dvc.ops import get as op
    from git_dvc.ops.source import Source

    progress = console.progress()
    with Source.open(
        url, rev, config=config, remote=remote, remote_config=remote_config, progress=progress
    ) as source:
        if show_url:
            console.write(op.show_url(source, path))
            return 0
        done = op.get(source, path, out, force=force, jobs=jobs, progress=progress)
    console.say(render.got(done.out, done.files, done.size_bytes))
    if done.left_out:
        console.warning(render.left_out(done.left_out))
    return 1 if done.left_out else 0


def stage_list(
    targets: Sequence[str],
    *,
    everything: bool = False,
    recursive: bool = False,
    name_only: bool = False,
    fail: bool = False,
) -> int:
    """List stages; see ``cli/stage_list.py``."""
    from git_dvc.cli import opened, render_stages
    from git_dvc.cli.console import console
    from git_dvc.ops import stage_list as op
    from git_dvc.ops import stages as finding

    with opened.project() as project:
        found = op.listed(project, targets, everything=everything, recursive=recursive, fail=fail)
        opened.tell_problems(found.problems)
        rows = [
            (finding.shown(project, stage), "" if name_only else op.description(stage))
            for stage in found.stages
        ]
        if rows:
            console.page()
            console.write(render_stages.stages(rows))
        elif not found.problems:
            console.hint("there is no stage here: write one with 'git dvc stage add'")
    return 0


def dag(
    target: str,
    *,
    full: bool = False,
    outs: bool = False,
    collapse: bool = False,
    form: str = "",
) -> int:
    """Draw the stages; see ``cli/dag.py``.

    Args:
        target: A stage, pointer file or output; '' for all.
        full: All that hangs together with it.
        outs: What stages make, instead of the stages.
        collapse: One node for all the stages of a template.
        form: ``dot``, ``mermaid``, ``md`` or '' for a drawing.
    """
    from git_dvc.cli import opened, render_stages
    from git_dvc.cli.console import console
    from git_dvc.ops import dag as op

    with opened.project() as project:
        found = op.dag(project, target, full=full, outs=outs, collapse=collapse)
        opened.tell_problems(found.problems)
        if not found.nodes and not found.problems:
            console.hint("there is no stage here: write one with 'git dvc stage add'")
        if form == "dot":
            console.write(render_stages.dot(found))
        elif form:
            console.write(render_stages.mermaid(found, markdown=form == "md"))
        elif found.nodes:
            width = console.width() or 80
            console.page()
            console.write(render_stages.drawing(found, width))
    return 0


def compared(command: str, chosen: set[str], words: Sequence[str]) -> int:
    """Show or compare metrics or parameters; see ``cli/metrics.py`` and ``cli/params.py``."""
    from git_dvc.cli import comparing

    form = comparing.Form(**dict.fromkeys(chosen.intersection(_COMPARED.values()), True)).check()
    if command.endswith(" diff"):
        diff = comparing.diff_metrics if command == "metrics diff" else comparing.diff_params
        return diff(words, form, unchanged="unchanged" in chosen)
    show = comparing.show_metrics if command == "metrics show" else comparing.show_params
    return show(words, ((), "branches" in chosen, "tags" in chosen, "commits" in chosen), form)


def version() -> int:
    """Report what git-dvc found here; see ``cli/version.py``."""
    from git_dvc.cli import render
    from git_dvc.cli.console import console
    from git_dvc.hooks import survey
    from git_dvc.ops import version as op

    console.write(render.version(op.report(survey.state)))
    return 0


def root() -> int:
    """Print the way to the project's root: ``.``, ``..``, ``../..``."""
    import os

    from git_dvc.cli.console import console
    from git_dvc.project import Project

    with Project.open() as project:
        console.write(os.path.relpath(project.root))
    return 0
