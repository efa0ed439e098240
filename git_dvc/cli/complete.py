"""What may stand at the end of a command line: ``git-dvc complete -- WORD... CURRENT``.

The completions of bash, zsh and fish (``share/completion/``) run this at every TAB, so it
loads no Typer, takes no lock, changes nothing, and keeps every error to itself. The words are
those after ``git dvc``; the last one, which may be empty, is to be completed. Each answer is
a line of three parts with tabs between them::

    word    checkout    Make the data match the pointer files
    part    --untracked-files=    Show files that nothing tracks ...
    file    images/     tracked

``word`` is complete, ``part`` goes on without a space, ``file`` is a path, which the shell has to
quote; a directory ends with ``/``. A name with a control character is left out: no line could
hold it, and a terminal should not be shown it.

Commands and options come from ``share/words.txt``, which ``cli/manual.py`` writes.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from git_dvc.git.repo import Repository

    Answers = Iterator[tuple[str, str, str]]

_WORDS = os.path.join(os.path.dirname(os.path.dirname(__file__)), "share", "words.txt")
_BEFORE = (
    ("-C", "Run as if started in this directory"),
    ("-q", "Print errors only"),
    ("-v", "Say more"),
    ("-h", "Print a summary"),
    ("--version", "Print the version"),
)
_KINDS = {
    ("add", "target"): "new data",
    ("diff", "path"): "target",
    ("log", "path"): "target",
    ("resolve", "path"): "target",
    ("move", "from"): "target",
    ("mv", "from"): "target",
    ("config", "name"): "setting",
    ("config", "value"): "value",
    ("hook", "name"): "nothing",
    ("repro", "target"): "stage",
    ("freeze", "target"): "stage",
    ("unfreeze", "target"): "stage",
    ("stage list", "target"): "stage",
    ("dag", "target"): "stage or data",
    ("status", "target"): "stage or data",
    ("commit", "target"): "stage or data",
    ("checkout", "target"): "stage or data",
    ("remove", "target"): "stage or data",
    ("rm", "target"): "stage or data",
    ("push", "target"): "stage or data",
    ("pull", "target"): "stage or data",
    ("fetch", "target"): "stage or data",
    ("plots show", "target"): "plot",
    ("plots list", "target"): "plot",
    ("plots modify", "target"): "plot",
    ("plots diff", "path"): "plot",
    ("plots show", "name"): "template",
    ("plots diff", "name"): "template",
    ("plots modify", "name"): "template",
    ("plots templates", "template"): "template",
}
_OF_NAME = {
    "target": "target",
    "rev": "rev",
    "commit": "rev",
    "path": "file",
    "file": "file",
    "dir": "file",
    "to": "file",
}


class Command:
    """One command of the list: its options and arguments."""

    def __init__(self, name: str, summary: str) -> None:
        self.name = name
        self.summary = summary
        self.arguments: list[str] = []
        self.options: list[tuple[list[str], str, str]] = []

    def option(self, word: str) -> tuple[list[str], str, str] | None:
        """Return an option by one of its names."""
        return next((option for option in self.options if word in option[0]), None)

    def takes_value(self, word: str) -> str:
        """Return what an option must be followed by, '' for a flag."""
        found = self.option(word)
        return found[1] if found else ""

    def kind(self, name: str) -> str:
        """Return what kind of word a value or argument is, by its name in the help."""
        plain = name.strip("<>[].")
        return _KINDS.get((self.name, plain)) or _OF_NAME.get(plain, "nothing")


def run(arguments: Sequence[str]) -> int:
    """Print the answers for a command line; always 0."""
    words = list(arguments[1:] if arguments[:1] == ["--"] else arguments) or [""]
    try:
        sys.stdout.buffer.write(os.fsencode("".join(f"{line}\n" for line in lines(words))))
        sys.stdout.buffer.flush()
    except (OSError, ValueError):
        pass  # the shell has gone on
    return 0


def lines(words: list[str]) -> list[str]:
    """Return the answers as lines; what was found so far if anything goes wrong."""
    found: dict[str, None] = {}
    try:
        for kind, word, about in _answers(words):
            if not any(ord(one) < 32 or 127 <= ord(one) < 160 for one in word):
                found[f"{kind}\t{word}\t{about}"] = None
    except (Exception, KeyboardInterrupt):
        return list(found)  # a TAB is no place for a message
    return list(found)


def _answers(words: list[str]) -> Answers:
    before, current = words[:-1], words[-1]
    while before and before[0].startswith("-"):
        if before[0] in ("-C", "--cd"):
            if len(before) < 2:
                yield from _files(current, folders=True)
                return
            os.chdir(before[1])
            before = before[1:]
        before = before[1:]
    commands, settings = _read_words()
    if before and before[0] == "help":
        yield from _commands(commands, before[1:], current)
        return
    command = None
    if before:
        command = commands.get(before[0]) or commands.get(" ".join(before[:2]))
    if command is None:
        if current.startswith("-") and not before:
            yield from (("word", *row) for row in _BEFORE if row[0].startswith(current))
        else:
            yield from _commands(commands, before, current)
        return
    yield from _of_command(command, before[command.name.count(" ") + 1 :], current, settings)


def _commands(commands: dict[str, Command], before: list[str], current: str) -> Answers:
    head = "".join(f"{word} " for word in before)
    groups = {
        "cache": "Where the cache is, and its layout",
        "data": "Look at tracked data",
        "stage": "Write and list stages of pipelines",
    }
    for name, command in commands.items():
        if name.startswith(head):
            first, _, rest = name[len(head) :].partition(" ")
            if first.startswith(current):
                yield "word", first, groups.get(first, first) if rest else command.summary
    if not before and "help".startswith(current):
        yield "word", "help", "Open the manual page of a command"


def _of_command(
    command: Command, before: list[str], current: str, settings: list[list[str]]
) -> Answers:
    given: list[str] = []
    option = many = last = ""
    for number, word in enumerate(before):
        if word == "--":
            given += before[number + 1 :]
            option = many = ""
            break
        if option:
            option = ""
        elif word.startswith("-") and word != "-":
            value = command.takes_value(word)
            many = value if value.endswith("...") else ""
            option = "" if value.startswith("[") or many else value
            last = value
        elif not many:
            given.append(word)
    else:
        if before and before[-1].startswith("-") and (option or many or last.startswith("[")):
            yield from _values(command, last, current)
            if option or many:
                return
        elif many and not current.startswith("-"):
            yield from _values(command, many, current)
            return
        name, equals, value = current.partition("=")
        if current.startswith("--") and equals:
            wanted = command.takes_value(name)
            for kind, word, about in _values(command, wanted, value) if wanted else ():
                yield kind, f"{name}={word}", about
            return
        if current.startswith("-"):
            yield from _options(command, before, current)
            return
    if not command.arguments:
        return
    at = min(len(given), len(command.arguments) - 1)
    argument = command.arguments[at]
    if len(given) >= len(command.arguments) and not argument.endswith("..."):
        return
    if "|" in argument:
        yield from _values(command, f"[{argument}]", current)
        return
    kind = command.kind(argument)
    if kind == "value":
        yield from _setting_values(given[0], current)
    elif kind == "setting":
        yield from _settings(current)
    else:
        yield from _of_kind(kind, current, given)


def _options(command: Command, before: list[str], current: str) -> Answers:
    used = {word.partition("=")[0] for word in before}
    for names, value, about in command.options:
        if used & {*names} and not value.endswith("..."):
            continue
        begun = [name for name in names if name.startswith(current)]
        long = [name for name in begun if name.startswith("--")]
        for name in long or begun:
            yield "word", name, about
    if "--help".startswith(current):
        yield "word", "--help", "Print the usage"


def _values(command: Command, value: str, current: str) -> Answers:
    if value.startswith("["):
        listed = value.strip("[]").split("|")
        yield from (("word", word, "") for word in listed if word.startswith(current))
    else:
        yield from _of_kind(command.kind(value), current, [])


def _of_kind(kind: str, current: str, given: Sequence[str]) -> Answers:
    if kind == "target":
        yield from _targets(current, given, new=False)
    elif kind == "stage":
        yield from _stages(current, given)
        for answer in _targets(current, given, new=False):
            if answer[1].endswith((".dvc", "/")):
                yield answer
    elif kind == "stage or data":
        yield from _stages(current, given)
        yield from _targets(current, given, new=False)
    elif kind == "new data":
        yield from _targets(current, given, new=True)
    elif kind == "rev":
        yield from _revs(current)
    elif kind == "plot":
        yield from _plots(current, given)
        yield from _files(current)
    elif kind == "template":
        yield from _templates(current)
    elif kind == "file":
        yield from _files(current)


# -- settings --------------------------------------------------------------------------------


def _read_words() -> tuple[dict[str, Command], list[list[str]]]:
    commands: dict[str, Command] = {}
    settings = []
    with open(_WORDS, encoding="utf-8") as file:
        for line in file.read().splitlines():
            kind, *parts = line.split("\t")
            if kind == "command":
                command = commands[parts[0]] = Command(parts[0], parts[1])
            elif kind == "argument":
                command.arguments.append(parts[0])
            elif kind == "option":
                command.options.append((parts[0].split(" "), parts[1], parts[2]))
            elif kind == "setting":
                settings.append(parts)
    return commands, settings


def _settings(current: str) -> Answers:
    from git_dvc.formats.options import NAMED, OPTIONS

    for section, options in OPTIONS.items():
        if section not in NAMED:
            for option in options:
                if f"{section}.{option}".startswith(current):
                    yield "word", f"{section}.{option}", ""


def _setting_values(name: str, current: str) -> Answers:
    from git_dvc.formats.options import BOOL, LINK_TYPES, LINKS, OPTIONS

    section, _, option = name.partition(".")
    kind = OPTIONS.get(section, {}).get(option)
    listed: Iterable[str] = ()
    if kind == BOOL:
        listed = ("true", "false")
    elif kind == LINKS:
        listed = LINK_TYPES
    elif isinstance(kind, tuple):
        listed = kind
    head, comma, last = current.rpartition(",")
    for word in listed:
        if word.startswith(last if kind == LINKS else current):
            yield "word", f"{head}{comma}{word}" if kind == LINKS else word, ""


# -- what is in the repository ---------------------------------------------------------------


def _repository() -> Repository | None:
    from git_dvc.git.repo import Repository

    return Repository.discover(os.getcwd())


def _revs(current: str) -> Answers:
    repo = _repository()
    if repo is None:
        return
    out = repo.run(["for-each-ref", "--format=%(refname)"])
    for line in ["HEAD", *os.fsdecode(out).splitlines()]:
        for head, about in (
            ("refs/heads/", "branch"),
            ("refs/tags/", "tag"),
            ("refs/remotes/", ""),
        ):
            if line.startswith(head) and line[len(head) :].startswith(current):
                yield "word", line[len(head) :], about
        if line == "HEAD" and line.startswith(current):
            yield "word", "HEAD", "what is checked out"


def _plots(current: str, given: Sequence[str]) -> Answers:
    from git_dvc.ops import plots

    for row in plots.listed([plots.WORKSPACE]).rows:
        if row.name.startswith(current) and row.name not in given:
            yield "file", row.name, "plot"


def _templates(current: str) -> Answers:
    from git_dvc.ops import plots
    from git_dvc.project import find_root

    for name in plots.known_templates(find_root(os.getcwd(), None)):
        if name.startswith(current):
            yield "word", name, ""


def _files(current: str, *, folders: bool = False) -> Answers:
    """Answer with what is in the directory that was begun, a step at a time."""
    head, name = _split(current)
    try:
        found = sorted(os.scandir(os.path.expanduser(head) or "."), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in found:
        if not entry.name.startswith(name) or entry.name in (".git", ".dvc"):
            continue
        if entry.name.startswith(".") and not name.startswith("."):
            continue
        if entry.is_dir():
            yield "file", f"{head}{entry.name}/", ""
        elif not folders:
            yield "file", f"{head}{entry.name}", ""


def _stages(current: str, given: Sequence[str]) -> Answers:
    """Answer with the stages of the ``dvc.yaml`` here, and the groups that templates make."""
    if not os.path.exists("dvc.yaml"):
        return
    from git_dvc.ops import stage_list
    from git_dvc.project import Project

    try:
        with Project.open() as project:
            found = stage_list.listed(project).stages
    except Exception:  # what is wrong is no answer; there may be others
        return
    groups = dict.fromkeys(stage.group for stage in found if stage.group)
    names = {stage.name: stage_list.description(stage) for stage in found}
    for name, about in {**dict.fromkeys(groups, "stages of a template"), **names}.items():
        if name.startswith(current) and name not in given:
            yield "word", name, about


def _targets(current: str, given: Sequence[str], *, new: bool) -> Answers:
    """Answer with tracked data and pointer files; for ``add`` with data that may be new."""
    repo = _repository()
    head, name = _split(current)
    if repo is None or head.startswith("~"):
        yield from _files(current)
        return
    folder = os.path.realpath(os.path.join(os.getcwd(), head))
    if folder != repo.top and not folder.startswith(repo.top.rstrip(os.sep) + os.sep):
        if new:  # 'add -o' copies from anywhere
            yield from _files(current)
        return
    below = os.path.relpath(folder, repo.top)
    prefix = "" if below == "." else below.replace(os.sep, "/") + "/"
    pointers = [path for path in repo.pointer_paths() if path.endswith(".dvc")]
    data = {path[: -len(".dvc")] for path in pointers}
    parents = {prefix[:at] for at, character in enumerate(prefix) if character == "/"}
    steps: dict[str, str] = {}
    if parents & data:  # inside a tracked directory: what lies there
        yield from (answer for answer in _files(current) if answer[1] not in given)
        return
    for path in [*data, *(() if new else pointers)]:
        if path.startswith(prefix + name):
            step, slash, _ = path[len(prefix) :].partition("/")
            about = "pointer file" if not slash and path in pointers else "tracked"
            steps.setdefault(step + slash, "" if slash else about)
    if new:
        untracked = _untracked(repo, prefix)
        if any(path.endswith("/") and prefix.startswith(path) for path in untracked):
            yield from _files(current)
            return
        for path in untracked:
            step, slash, _ = path[len(prefix) :].partition("/")
            if path.startswith(prefix + name):
                steps.setdefault(step + slash, "untracked")
    for step, about in sorted(steps.items()):
        if step.startswith(".") and not name.startswith("."):
            continue
        if not step.endswith("/") and os.path.isdir(os.path.join(folder, step)):
            step += "/"
        if head + step not in given:
            yield "file", head + step, about


def _untracked(repo: Repository, prefix: str) -> list[str]:
    """Return what neither Git nor a pointer tracks below a directory, from the top."""
    args = ["--literal-pathspecs", "ls-files", "-z", "--others", "--exclude-standard"]
    out = repo.run([*args, "--directory", "--", prefix or "."], check=False)
    names = os.fsdecode(out).split("\0")
    return [name for name in names if name and not name.endswith(".dvc")]


def _split(current: str) -> tuple[str, str]:
    """Return the directory that was typed, with its ``/``, and the beginning of a name."""
    head, slash, name = current.rpartition("/")
    return head + slash, name
