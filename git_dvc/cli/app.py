"""The command line: which commands there are, how they are found, read and explained.

``COMMANDS`` is the whole list. A command's module is imported when it is the one that was
asked for, and help for all of them is made from the list alone. Each module has one plain
Typer function a command and an ``EXAMPLES`` text.

The look is Git's: ``usage:`` in lower case, a mistyped command is answered with the most
similar ones, and a wrong command line ends with 129.
"""

from __future__ import annotations

import importlib
import inspect
import os
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, NamedTuple

import typer
import typer.core
import typer.main

from git_dvc import __version__
from git_dvc.cli import failures, prefix
from git_dvc.cli.console import console
from git_dvc.errors import GitDvcError, UsageError, quoted
from git_dvc.remote import secrets
from git_dvc.store import oplog

PROGRAM = "git dvc"
# Typer has had its own copy of click since 0.26 and exports this one of its errors.
_ErrorWithMessage: Any = typer.BadParameter.__mro__[2]
_HELP_OPTIONS = {"help_option_names": ["-h", "--help"]}
_INDENT = "    "
_PATHS = ("target", "path", "from")
"""What help calls an argument that is a path in the work tree."""


class Entry(NamedTuple):
    """One command: its words, where it is (``module:function`` in ``cli``), what it does."""

    name: str
    where: str
    summary: str
    aliases: tuple[str, ...] = ()


COMMANDS: dict[str, tuple[Entry, ...]] = {
    "start a project": (
        Entry("init", "init:init", "Make this Git repository a git-dvc project"),
        Entry("clone", "clone:clone", "Clone a repository with its data and hooks"),
        Entry("tour", "tour:tour", "Play the whole story in a scratch repository"),
    ),
    "version data": (
        Entry("add", "add:add", "Put files or directories under version control"),
        Entry("commit", "commit:commit", "Record the changes of data that is tracked already"),
        Entry("checkout", "checkout:checkout", "Make the data match the pointer files"),
        Entry("sync", "sync:sync", "Bring the data where Git took the pointer files"),
        Entry("resolve", "resolve:resolve", "End the conflicts that a merge left in data"),
        Entry("move", "move:move", "Rename tracked data", ("mv",)),
        Entry("remove", "remove:remove", "Stop tracking data", ("rm",)),
        Entry("undo", "undo:undo", "Take back the last operation on the data"),
        Entry("op log", "op:log", "List the operations, and what can be taken back"),
    ),
    "share data": (
        Entry("push", "push:push", "Send data to a remote"),
        Entry("pull", "push:pull", "Bring data from a remote and put it in place"),
        Entry("fetch", "push:fetch", "Bring data from a remote into the cache"),
        Entry("remote add", "remote:add", "Add a remote"),
        Entry("remote list", "remote:listing", "List the remotes"),
        Entry("remote default", "remote:default", "Show or choose the default remote"),
        Entry("remote modify", "remote:modify", "Change an option of a remote"),
        Entry("remote rename", "remote:rename", "Rename a remote"),
        Entry("remote remove", "remote:remove", "Forget a remote", ("remote rm",)),
    ),
    "use data of others": (
        Entry("import", "import_data:import_data", "Track data of another repository"),
        Entry("update", "update:update", "Bring the newest version of imported data"),
        Entry("import-url", "import_url:import_url", "Track data from a URL or path"),
        Entry("get-url", "get_url:get_url", "Copy data from a URL or path, without tracking it"),
        Entry("list-url", "list_url:list_url", "List what is at a URL or path", ("ls-url",)),
        Entry("get", "get:get", "Copy data from a repository without cloning it"),
        Entry("list", "listing:listing", "List what a repository has, with its data", ("ls",)),
        Entry("artifacts get", "artifacts:get", "Copy a model or data set by name and version"),
    ),
    "run pipelines": (
        Entry("stage add", "stage_add:add", "Write a stage: a command, what it reads and makes"),
        Entry("run", "run:run", "Write a stage and run it, as in old tutorials"),
        Entry("stage list", "stage_list:listing", "List stages"),
        Entry("dag", "dag:dag", "Draw the stages and which of them needs which"),
        Entry("freeze", "freeze:freeze", "Keep stages as they are, whatever changes before them"),
        Entry("unfreeze", "freeze:unfreeze", "Let stages run again when something has changed"),
        Entry("repro", "repro:repro", "Run the stages that are stale, and record the results"),
    ),
    "look at what changed": (
        Entry("status", "status:status", "Show what is not recorded, missing or uncommitted"),
        Entry("diff", "diff:diff", "Show which data differs between two revisions"),
        Entry("log", "log:log", "Show which commits changed data, and how"),
        Entry("data status", "data:status", "Show data in HEAD, pointer files and workspace"),
        Entry("check-ignore", "check_ignore:check_ignore", "Tell which paths .dvcignore hides"),
        Entry("root", "root:root", "Show the way to the top of the project"),
    ),
    "compare versions": (
        Entry("metrics show", "metrics:show", "Show metrics of any versions"),
        Entry("metrics diff", "metrics:diff", "Show which metrics differ between versions"),
        Entry("params show", "params:show", "Show parameters of any versions"),
        Entry("params diff", "params:diff", "Show which parameters differ between versions"),
        Entry("plots show", "plots:show", "Draw plots in a page that needs no network"),
        Entry("plots diff", "plots:diff", "Draw plots of several versions over each other"),
        Entry("plots list", "plots:listing", "List the plots, their files and axes"),
        Entry("plots modify", "plots:modify", "Change in dvc.yaml how a plot looks"),
        Entry("plots templates", "plots:templates", "List the templates of plots, or print one"),
    ),
    "clean and repair": (
        Entry("fsck", "fsck:fsck", "Check the cache and say who needs what is broken"),
        Entry("gc", "gc:gc", "Delete data that nothing needs from cache and remote"),
        Entry("unprotect", "unprotect:unprotect", "Make linked data safe to edit in place"),
        Entry("cache migrate", "cache:migrate", "Bring a DVC 2 cache to the DVC 3 layout"),
    ),
    "set up": (
        Entry("install", "install:install", "Put the Git hooks in place"),
        Entry("uninstall", "install:uninstall", "Take the Git hooks out again"),
        Entry("config", "config:config", "Get and set options"),
        Entry("cache dir", "cache:directory", "Show or set where the cache is"),
        Entry("doctor", "doctor:doctor", "Find out what keeps data from following Git"),
        Entry("completion", "completion:completion", "Print the completion script of a shell"),
        Entry("version", "version:version", "Show versions, links, hooks and cache"),
    ),
}
# 'git dvc complete', which the shells' completions run, never gets here: see __main__.py.
HIDDEN = (Entry("hook", "hook:hook", "Do the work of a Git hook"),)

_GROUP_SUMMARIES = {
    "cache": "Where the cache is, and its layout",
    "data": "Look at tracked data",
    "remote": "Where data is shared",
    "stage": "Commands with what they read and what they make",
    "plots": "Charts and images, of one version or of several",
    "op": "What git-dvc did in this work tree",
    "metrics": "Numbers that say how good a version is",
    "params": "Values that a version was made with",
    "artifacts": "Models and data sets that have names and versions",
}


def entries() -> list[Entry]:
    """Return all commands, the hidden ones too."""
    return [entry for group in COMMANDS.values() for entry in group] + list(HIDDEN)


# -- one command -------------------------------------------------------------------------


def _set_quiet(context: typer.Context, parameter: object, value: bool) -> None:
    console.quiet = console.quiet or bool(value)


def _add_verbosity(context: typer.Context, parameter: object, value: int | None) -> None:
    console.verbosity += value or 0


def _global_options() -> list[typer.core.TyperOption]:
    """Return ``-q`` and ``-v``, which stand before or after the command."""
    return [
        typer.core.TyperOption(
            param_decls=["-q", "--quiet"],
            is_flag=True,
            default=False,
            expose_value=False,
            callback=_set_quiet,
            help="Print errors only; the exit code tells.",
        ),
        typer.core.TyperOption(
            param_decls=["-v", "--verbose"],
            count=True,
            default=0,
            expose_value=False,
            callback=_add_verbosity,
            help="Say more; twice for even more.",
        ),
    ]


class Command(typer.core.TyperCommand):
    """A command with ``-q``, ``-v``, and help in Git's look that ends with examples."""

    rewrite: Any = None
    """Turns the words of the command line into others: for a form that Typer cannot read."""

    many_values: Sequence[str] = ()
    """Options that take all words up to the next option, as DVC's ``--targets a b``."""

    optional_values: Mapping[str, tuple[str, Sequence[str]]] = {}
    """Options that may stand without a value, the value they then have, and all values."""

    tables: Mapping[str, Sequence[tuple[str, str]]] = {}
    """More to tell in the help, in two columns, by title."""

    def __init__(self, name: str | None, **settings: Any) -> None:
        super().__init__(name, **settings)
        self.params.extend(_global_options())

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the command line, with the two habits of DVC's that Typer does not know."""
        if self.rewrite is not None:
            args = type(self).rewrite(args)
        rest: list[str] = super().parse_args(ctx, list(self._spelled_out(args)))
        self._look_where_the_user_stands(ctx.params)
        return rest

    def _look_where_the_user_stands(self, values: dict[str, Any]) -> None:
        folder = prefix.prefix()
        for parameter in self.params if folder else ():
            name = parameter.name or ""
            value = values.get(name)
            if not value or (parameter.metavar or "").strip("<>.") not in _PATHS:
                continue
            if isinstance(value, str):
                values[name] = prefix.seen_from_here(value, folder)
            elif isinstance(value, (list, tuple)):
                values[name] = [prefix.seen_from_here(one, folder) for one in value]

    def _spelled_out(self, arguments: Sequence[str]) -> Iterator[str]:
        option = ""
        for number, word in enumerate(arguments):
            if word == "--":
                yield from arguments[number:]
                return
            following = arguments[number + 1 : number + 2]
            if word in self.optional_values:
                value, known = self.optional_values[word]
                yield word
                # Several of them are joined by commas.
                if not following or not set(following[0].split(",")).issubset(known):
                    yield value
            elif word.startswith("-"):
                option = word if word in self.many_values else ""
                if not option:
                    yield word
            elif option:
                yield option
                yield word
            else:
                yield word

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write usage, what the command does, its options and examples."""
        formatter.write(usage(self, ctx) + "\n\n")
        formatter.write(_wrapped(self.help or "", formatter.width))
        _write_options(self, ctx, formatter)
        for title, listed in self.tables.items():
            formatter.write(f"\n{title}:\n")
            formatter.write(table(listed, formatter.width))
        if self.epilog:
            formatter.write("\nexamples:\n")
            for line in inspect.cleandoc(self.epilog).splitlines():
                formatter.write(f"{_INDENT}{line}".rstrip() + "\n")

    def get_usage(self, ctx: Any) -> str:
        """Return the usage line."""
        return usage(self, ctx)


def usage(command: Any, context: Any) -> str:
    """Return ``usage: git dvc add [<options>] <target>...``."""
    words = [f"usage: {context.command_path} [<options>]"]
    for parameter in command.params:
        if parameter.param_type_name == "argument" and not getattr(parameter, "hidden", False):
            name = f"<{parameter.metavar or parameter.name}>"
            name += "..." if parameter.nargs != 1 else ""
            words.append(name if parameter.required else f"[{name}]")
    if isinstance(command, typer.core.TyperGroup):
        words.append("<command> [<args>]")
    return " ".join(words)


def _write_options(command: Any, context: Any, formatter: Any) -> None:
    rows = {"arguments": [], "options": []}  # type: dict[str, list[tuple[str, str]]]
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is None:
            continue
        if parameter.param_type_name == "argument":
            if parameter.help:
                rows["arguments"].append(
                    (f"<{parameter.metavar or parameter.name}>", parameter.help)
                )
        else:
            rows["options"].append((record[0], record[1].replace("  [x>=0]", "")))
    for title, listed in rows.items():
        if listed:
            formatter.write(f"\n{title}:\n")
            formatter.write(table(listed, formatter.width))


def _wrapped(text: str, width: int) -> str:
    """Return paragraphs that fit the terminal."""
    import textwrap

    paragraphs = inspect.cleandoc(text).split("\n\n")
    return "\n\n".join(textwrap.fill(" ".join(part.split()), width) for part in paragraphs) + "\n"


def table(rows: Sequence[tuple[str, str]], width: int = 80) -> str:
    """Return two columns, the second wrapped; a long first cell gets a line of its own."""
    import textwrap

    first = min(max(len(left) for left, _ in rows), 26)
    pad = " " * (len(_INDENT) + first + 2)
    lines = []
    for left, right in rows:
        wrapped = textwrap.wrap(right, max(width - len(pad), 20)) or [""]
        if len(left) > first:
            lines.append(f"{_INDENT}{left}")
        else:
            lines.append(f"{_INDENT}{left.ljust(first)}  {wrapped.pop(0)}".rstrip())
        lines.extend(pad + line for line in wrapped)
    return "\n".join(lines) + "\n"


# -- finding commands --------------------------------------------------------------------


def load(entry: Entry, name: str) -> Any:
    """Import one command and return it as Typer reads it.

    Args:
        entry: Its row in the list.
        name: The word it was called by, which may be an alias.
    """
    module_name, _, function_name = entry.where.partition(":")
    module = importlib.import_module(f"git_dvc.cli.{module_name}")
    examples = module.EXAMPLES
    one = typer.Typer(rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False)
    kind = type(
        "Command",
        (Command,),
        {
            "rewrite": getattr(module, "rewrite", None),
            "many_values": getattr(module, "MANY_VALUES", ()),
            "optional_values": getattr(module, "OPTIONAL_VALUES", {}),
            "tables": getattr(module, "TABLES", {}),
        },
    )
    one.command(
        name,
        cls=kind,
        context_settings={**_HELP_OPTIONS, **getattr(module, "CONTEXT_SETTINGS", {})},
        epilog=examples[function_name] if isinstance(examples, dict) else examples,
    )(getattr(module, function_name))
    return typer.main.get_command(one)


class LazyGroup(typer.core.TyperGroup):
    """A group of commands whose modules are imported only when they are called.

    Attributes:
        prefix: The words of the group, with a space after them: ``"cache "`` or ``""``.
    """

    prefix = ""

    def _named(self) -> dict[str, Entry]:
        return {
            name[len(self.prefix) :]: entry
            for entry in entries()
            for name in (entry.name, *entry.aliases)
            if name.startswith(self.prefix)
        }

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the first words of all commands, in the order of the list."""
        return list(dict.fromkeys(name.split(" ")[0] for name in self._named()))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command or group by one word, or None."""
        named = self._named()
        if cmd_name in named:
            return load(named[cmd_name], cmd_name)
        if cmd_name in _GROUP_SUMMARIES and not self.prefix:
            return Group(
                name=cmd_name,
                help=_GROUP_SUMMARIES[cmd_name],
                context_settings=_HELP_OPTIONS,
                rich_markup_mode=None,
                invoke_without_command=True,
            )
        return None

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Return the command to run, or say which ones are like it."""
        command = self.get_command(ctx, args[0])
        if command is None:
            raise UnknownCommandError(args[0], self.prefix, self.list_commands(ctx))
        return args[0], command, args[1:]

    def get_usage(self, ctx: Any) -> str:
        """Return the usage line."""
        return usage(self, ctx)


class Group(LazyGroup):
    """The second words of a command: ``dir`` and ``migrate`` of ``cache``."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.prefix = f"{self.name} "

    def invoke(self, ctx: Any) -> Any:
        """Run the command, or help if none was given."""
        if not ctx.args and not ctx._protected_args:
            console.write(self.get_help(ctx))
            return 1
        return super().invoke(ctx)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write usage and the commands of this group."""
        formatter.write(usage(self, ctx) + "\n\n")
        formatter.write(f"{self.help}\n\ncommands:\n")
        rows = [(name, entry.summary) for name, entry in self._named().items()]
        formatter.write(table(rows, formatter.width))
        formatter.write(f"\nSee '{ctx.command_path} <command> -h' for one of them.\n")


class Commands(LazyGroup):
    """All commands, with the help of ``git dvc -h``."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write usage and the commands by what they are for, as ``git`` does."""
        formatter.write(
            "usage: git dvc [-h] [-V | --version] [-C <path>] [-q] [-v] <command> [<args>]\n\n"
            "Data and model versioning that feels like a part of Git.\n"
        )
        longest = max(len(entry.name) for entry in entries())
        for title, listed in COMMANDS.items():
            formatter.write(f"\n{title}\n")
            for entry in listed:
                formatter.write(f"   {entry.name.ljust(longest)}   {entry.summary}\n")
        formatter.write(
            "\nexamples:\n"
            "    git dvc init && git dvc add images && git commit -m 'Add images'\n"
            "    git checkout v1.0    # the data follows\n"
            "\nSee 'git dvc <command> -h' for one of them, and 'git dvc tour' for all at work.\n"
        )


class UnknownCommandError(GitDvcError):
    """There is no such command."""

    def __init__(self, word: str, prefix: str, known: Sequence[str]) -> None:
        from difflib import get_close_matches

        self.similar = [prefix + name for name in get_close_matches(word, known, cutoff=0.6)]
        where = f"git dvc {prefix}".strip()
        self.text = (
            f"git-dvc: {quoted(prefix + word)!r} is not a git-dvc command. See '{where} -h'."
        )
        super().__init__(self.text)

    def __str__(self) -> str:
        if not self.similar:
            return self.text
        many = len(self.similar) > 1
        head = "The most similar commands are" if many else "The most similar command is"
        return "\n".join([self.text, "", head, *(f"\t{name}" for name in self.similar)])


app = typer.Typer(
    cls=Commands,
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
    invoke_without_command=True,
    context_settings=_HELP_OPTIONS,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        console.write(f"git-dvc {__version__}")
        raise typer.Exit


@app.callback()
def _before_the_command(
    context: typer.Context,
    directories: Annotated[
        list[str] | None, typer.Option("-C", "--cd", help="Run as if started in this directory.")
    ] = None,
    version: Annotated[
        bool, typer.Option("-V", "--version", callback=_print_version, is_eager=True)
    ] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet")] = False,
    verbose: Annotated[int, typer.Option("-v", "--verbose", count=True)] = 0,
    wait_for_lock: Annotated[bool, typer.Option("--wait-for-lock", hidden=True)] = False,
) -> None:
    """Apply what stands before the command; ``--wait-for-lock`` is what we always do."""
    console.quiet = console.quiet or quiet
    console.verbosity += verbose
    for directory in directories or []:
        if directory:
            try:
                os.chdir(directory)
            except OSError as error:
                raise UsageError(
                    f"cannot change to {quoted(directory)}: {error.strerror}"
                ) from error


# -- running -----------------------------------------------------------------------------


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code.

    Args:
        arguments: What stands after ``git dvc``.
    """
    oplog.set_command(shlex.join(["git", "dvc", *arguments]))
    secrets.let_ask(console.ask_secret)
    return failures.exit_code_of(lambda: _run(list(arguments)))


def _run(arguments: list[str]) -> int:
    # 'git dvc help add' is what a user of Git tries.
    if arguments[:1] == ["help"]:
        from git_dvc.cli import help as manual

        if manual.opened(_page_name(arguments[1:])):
            return 0
        arguments = [*arguments[1:], "-h"]
    group = typer.main.get_command(app)
    try:
        with group.make_context(PROGRAM, arguments) as context:
            if not arguments:
                console.write(group.get_help(context))
                return 1
            result = group.invoke(context)
        return result if isinstance(result, int) else 0
    except typer.Exit as done:
        return done.exit_code
    except typer.Abort as abort:
        raise KeyboardInterrupt from abort
    except _ErrorWithMessage as error:
        _print_usage_error(error)
        return UsageError.exit_code


def _page_name(words: Sequence[str]) -> str | None:
    """Return the name of a command's manual page, ``git-dvc`` for no words, or None."""
    name = " ".join(words)
    found = [entry.name for entry in entries() if name in (entry.name, *entry.aliases)]
    if words and not found:
        return None
    return "-".join(["git-dvc", *(found[0].split(" ") if found else ())])


def _print_usage_error(error: Any) -> None:
    """Print a wrong command line as Git does: the error, the usage, the way to the help."""
    message = error.format_message().rstrip(".")
    lines = [f"error: {message[:1].lower()}{message[1:]}"]
    context = getattr(error, "ctx", None)
    path = PROGRAM
    if context is not None:
        path = context.command_path
        lines.append(context.command.get_usage(context))
    lines.append(f"hint: see '{path} -h'")
    console.error("\n".join(lines))


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
