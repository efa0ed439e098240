"""The manual pages and the list for completion, made from the text that ``-h`` shows.

``git dvc --help`` and ``git help dvc`` run ``man git-dvc``; ``git dvc help add`` and ``git help
git-dvc-add`` open the page of one command. The pages are files of the package, in
``git_dvc/share/``, which ``setup.cfg`` installs to ``share/``. When a command or its help
changed, write them anew::

    python -m git_dvc.cli.manual

A test fails until this was done. The text is in the commands themselves, in ``cli/settings.py``
and, for what no ``-h`` tells, here.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import typer

from git_dvc import __version__
from git_dvc.cli import app
from git_dvc.cli.help import SHARE
from git_dvc.cli.settings import SETTINGS

REGENERATE = "python -m git_dvc.cli.manual"
WORDS = "words.txt"

_DESCRIPTION = (
    "git-dvc versions data and models of any size beside the code. The data goes to a cache, Git "
    "gets a pointer file of a few lines for each file or directory. Hooks make the data follow "
    "whatever Git does to the pointer files, so that going to another version is 'git checkout' "
    "and nothing else. The formats are those of DVC 3: both programs can work on one project.",
    "Targets are data paths, pointer files, stages of a dvc.yaml, or paths inside tracked "
    "directories. As for Git's own commands, they are seen from the current directory; in an "
    "alias that starts with '!', which Git runs at the top, what is not found there is looked for "
    "where you stand.",
)
_BEFORE_THE_COMMAND = (
    (
        "-h, --help",
        "Print a summary; after a command, its usage. 'git dvc --help' opens this page.",
    ),
    ("-V, --version", "Print the version."),
    ("-C <path>", "Run as if started in this directory."),
    ("-q, --quiet", "Print errors only; the exit code tells. Also after the command."),
    ("-v, --verbose", "Say more; twice for even more. Also after the command."),
)
_HOOKS = (
    (
        "post-checkout, post-merge, post-rewrite, post-commit, post-applypatch, post-index-change",
        "Bring the data where Git took the pointer files. A guard ends within a millisecond or two "
        "when no pointer moved. A file that is changed and not saved stays as it is and is named.",
    ),
    (
        "pre-commit",
        "Refuse commits of pointer files whose data exists nowhere, and of data that belongs into "
        "the cache; warn of changed data.",
    ),
    ("pre-push", "See that no version is pushed whose data nobody can fetch."),
)
_FILES = (
    ("*.dvc", "Pointer files: the hash, size and path of a file or directory. Committed to Git."),
    ("dvc.yaml, dvc.lock", "The stages of a pipeline and what they last made. Committed to Git."),
    (".dvc/config, .dvc/config.local", "Options, shared through Git and of this clone alone."),
    (".dvc/cache", "The cache: each content once, under its hash; see 'git dvc cache dir'."),
    (".dvcignore", "Paths that are no data, in the language of .gitignore."),
    (".git/dvc", "What is known of files, so that an unchanged one is never read again."),
)
_ENVIRONMENT = (
    ("GIT_DVC_SKIP", "Set to 1, the hooks do nothing: GIT_DVC_SKIP=1 git checkout v1.0"),
    ("NO_COLOR", "Set to anything, there are no colours."),
    ("GIT_PAGER, PAGER", "The pager for long results, as for Git's own commands."),
    ("GIT_PREFIX", "Set by Git in aliases: where a target is looked for that is not found here."),
    ("GIT_DIR, GIT_WORK_TREE, ...", "Git's own variables mean what they mean to Git."),
    ("DVC_GLOBAL_CONFIG_DIR, DVC_SYSTEM_CONFIG_DIR", "Other places for DVC's config files."),
)
_EXIT_STATUS = (
    ("0", "All that was asked for is done."),
    ("1", "There are differences, or something was left undone and named."),
    ("128", "The command cannot work here."),
    ("129", "The command line is wrong."),
    ("130, 141", "Interrupted by Ctrl-C; whoever read the output had enough."),
)
_EXAMPLES = """
git dvc init && git dvc add images && git commit -m 'Add images'
git checkout v1.0       # the data follows
git dvc diff v1.0 v2.0  # which files differ
git dvc tour            # all of it at work, in a scratch repository
"""


class Option(NamedTuple):
    """An option as help shows it: its spellings, its value or '', what it does."""

    names: tuple[str, ...]
    value: str
    text: str

    @property
    def shown(self) -> str:
        """``-o, --out <path>``."""
        return ", ".join(self.names) + (f" {self.value}" if self.value else "")


class Page(NamedTuple):
    """All that is told of one command."""

    entry: app.Entry
    usage: str
    text: tuple[str, ...]
    arguments: tuple[tuple[str, str], ...]
    options: tuple[Option, ...]
    examples: str

    @property
    def name(self) -> str:
        """``git-dvc-cache-dir``."""
        return "-".join(["git", "dvc", *self.entry.name.split(" ")])


def pages() -> list[Page]:
    """Return all commands that are no secret, in the order of ``-h``."""
    return [page(entry) for listed in app.COMMANDS.values() for entry in listed]


def page(entry: app.Entry) -> Page:
    """Return what is told of one command."""
    command = app.load(entry, entry.name.rpartition(" ")[2])
    context = typer.Context(command, info_name=f"{app.PROGRAM} {entry.name}")
    arguments, options = [], []
    for parameter in command.params:
        if getattr(parameter, "hidden", False):
            continue
        if parameter.param_type_name == "argument":
            arguments.append((parameter.metavar or parameter.name, parameter.help or ""))
        else:
            options.append(_option(parameter))
    paragraphs = (command.help or "").strip().split("\n\n")
    return Page(
        entry,
        app.usage(command, context).removeprefix("usage: "),
        tuple(" ".join(paragraph.split()) for paragraph in paragraphs),
        tuple((name, text) for name, text in arguments),
        tuple(options),
        (command.epilog or "").strip("\n"),
    )


def _option(parameter: Any) -> Option:
    if parameter.is_flag or parameter.count:
        value = ""
    else:
        kinds = getattr(parameter.type, "choices", None)
        listed = [getattr(kind, "value", kind) for kind in kinds or ()]
        value = parameter.metavar or (f"[{'|'.join(listed)}]" if listed else f"<{parameter.name}>")
    return Option((*parameter.opts, *parameter.secondary_opts), value, parameter.help or "")


# -- roff ----------------------------------------------------------------------------------


def _text(text: str) -> str:
    """Return text that means itself to roff, one line."""
    out = []
    for character in " ".join(text.split()):
        if character == "\\":
            out.append("\\e")
        elif character in "-'`^~":
            out.append(
                {"-": "\\-", "'": "\\(aq", "`": "\\(ga", "^": "\\(ha", "~": "\\(ti"}[character]
            )
        elif ord(character) > 126:
            out.append(f"\\[u{ord(character):04X}]")
        else:
            out.append(character)
    line = "".join(out)
    return f"\\&{line}" if line.startswith(".") else line


def _bold(text: str) -> str:
    return f"\\fB{_text(text)}\\fR"


def _terms(rows: Sequence[tuple[str, str]]) -> Iterator[str]:
    for name, text in rows:
        yield ".TP"
        yield _bold(name)
        yield _text(text)


def _code(text: str) -> Iterator[str]:
    yield ".RS 4"
    yield ".nf"
    for line in text.strip("\n").splitlines():
        words = [_text(word) if word else "" for word in line.split(" ")]
        yield "\\&" + " ".join(words) if line else ""
    yield ".fi"
    yield ".RE"


def _head(name: str) -> Iterator[str]:
    yield f'.\\" Written by {REGENERATE.replace("-", chr(92) + "-")}; do not edit.'
    yield f'.TH {name.upper()} 1 "" "git\\-dvc {__version__}" "git\\-dvc Manual"'
    yield ".nh"
    yield ".ad l"


def _usage_of(found: Page) -> str:
    """Return the usage line with its first words in bold."""
    head = f"git dvc {found.entry.name}"
    rest = _text(found.usage.removeprefix(head).strip())
    return f"{_bold(head)} {rest}".strip()


def _see_also(names: Sequence[str]) -> Iterator[str]:
    yield ".SH SEE ALSO"
    for number, name in enumerate(names, start=1):
        comma = "," if number < len(names) else ""
        yield f".BR {_text(name)} (1){comma}"


def command_page(found: Page) -> str:
    """Return the manual page of one command."""
    lines = [*_head(found.name)]
    lines += [".SH NAME", f"{_text(found.name)} \\- {_text(found.entry.summary)}"]
    lines += [".SH SYNOPSIS", _usage_of(found)]
    for alias in found.entry.aliases:
        lines += [".br", _usage_of(found).replace(_text(found.entry.name), _text(alias), 1)]
    lines.append(".SH DESCRIPTION")
    for paragraph in found.text:
        lines += [".PP", _text(paragraph)] if paragraph is not found.text[0] else [_text(paragraph)]
    lines.append(".SH OPTIONS")
    lines += _terms([(f"<{name}>", text) for name, text in found.arguments])
    lines += _terms([(option.shown, option.text) for option in found.options])
    lines += _terms([("-h", "Print the usage of this command.")])
    if found.examples:
        lines.append(".SH EXAMPLES")
        lines += _code(found.examples)
    lines += _see_also(["git-dvc"])
    return "\n".join(lines) + "\n"


def main_page(all_pages: Sequence[Page]) -> str:
    """Return ``git-dvc(1)``."""
    by_name = {found.entry.name: found for found in all_pages}
    lines = [*_head("git-dvc")]
    lines += [".SH NAME", "git\\-dvc \\- version data and models as a part of Git"]
    lines += [
        ".SH SYNOPSIS",
        _bold("git dvc") + " " + _text("[-h] [-V | --version] [-C <path>] [-q] [-v]") + " "
        "\\fI<command>\\fR " + _text("[<args>]"),
    ]
    lines.append(".SH DESCRIPTION")
    for number, paragraph in enumerate(_DESCRIPTION):
        lines += [".PP"] * bool(number) + [_text(paragraph)]
    lines += [".SH OPTIONS", *_terms(_BEFORE_THE_COMMAND)]
    lines += [".SH COMMANDS", "Each has a manual page of its own with examples:"]
    lines += [f"{_bold('git dvc help add')}.", "After any of them,"]
    lines += [f"{_bold('-h')} prints its usage, {_bold('-q')} leaves out all but errors, and"]
    lines += [f"{_bold('-v')} says more."]
    for title, listed in app.COMMANDS.items():
        lines.append(f'.SS "{_text(title[:1].upper() + title[1:])}"')
        for entry in listed:
            found = by_name[entry.name]
            lines += [".TP", _usage_of(found), _text(found.entry.summary + ".")]
            more = [option for option in found.options if not {"-q", "-v"} & {*option.names}]
            if more:
                lines.append(".RS")
                lines += _terms([(option.shown, option.text) for option in more])
                lines.append(".RE")
    lines.append(".SH CONFIGURATION")
    lines.append(_text("Options that DVC knows are in .dvc/config and set with 'git dvc config'."))
    lines.append(_text("These are in Git's config and set with 'git config':"))
    for name, values, default, meaning in SETTINGS:
        lines += [".TP", f"{_bold(name)} {_text('=')} {_text(values)}", _text(meaning) + "."]
        if default:
            lines.append(_text(f"Default: {default}."))
    lines += [
        ".SH HOOKS",
        _text("'git dvc init' and 'git dvc install' put them in place; a hook that was there"),
        _text("before is kept and runs first. They never connect to a network but to push data,"),
        _text("and never run a command that stands in the repository."),
        *_terms(_HOOKS),
    ]
    lines += [".SH FILES", *_terms(_FILES)]
    lines += [".SH ENVIRONMENT", *_terms(_ENVIRONMENT)]
    lines += [".SH EXIT STATUS", *_terms(_EXIT_STATUS)]
    lines += [".SH EXAMPLES", *_code(_EXAMPLES)]
    lines += _see_also(["git", "githooks", "git-config", *(found.name for found in all_pages)])
    return "\n".join(lines).replace(".BR githooks (1)", ".BR githooks (5)") + "\n"


# -- the list for completion -----------------------------------------------------------------


def words(all_pages: Sequence[Page]) -> str:
    """Return the commands, their options and arguments, a line each, for ``cli/complete.py``.

    ::

        command<TAB>cache dir<TAB>Show or set where the cache is
        argument<TAB>path
        option<TAB>-u --unset<TAB><TAB>Go back to .dvc/cache.
    """
    lines = []
    for found in all_pages:
        many = app.load(found.entry, found.entry.name).many_values
        for name in (found.entry.name, *found.entry.aliases):
            lines.append(f"command\t{name}\t{found.entry.summary}")
            for argument, _ in found.arguments:
                dots = f"<{argument}>..." in found.usage
                lines.append(f"argument\t{argument}{'...' if dots else ''}")
            for option in found.options:
                value = option.value
                if {*many} & {*option.names} and not value.endswith("..."):
                    value += "..."
                lines.append(f"option\t{' '.join(option.names)}\t{value}\t{option.text}")
    for setting in SETTINGS:
        lines.append(f"setting\t{setting.name}\t{setting.values}\t{setting.meaning}")
    return "\n".join(lines) + "\n"


# -- writing ---------------------------------------------------------------------------------


def files() -> dict[str, str]:
    """Return every generated file: path below ``share/`` and content."""
    all_pages = pages()
    made = {"man/man1/git-dvc.1": main_page(all_pages), WORDS: words(all_pages)}
    for found in all_pages:
        made[f"man/man1/{found.name}.1"] = command_page(found)
    return made


def write(share: str = SHARE) -> list[str]:
    """Write what is not up to date, delete pages of commands that are gone, and name both."""
    made = files()
    changed = []
    folder = os.path.join(share, "man", "man1")
    os.makedirs(folder, exist_ok=True)
    for name in os.listdir(folder):
        if f"man/man1/{name}" not in made:
            os.unlink(os.path.join(folder, name))
            changed.append(f"man/man1/{name}")
    for name, text in made.items():
        path = os.path.join(share, name)
        try:
            with open(path, encoding="utf-8") as file:
                same = file.read() == text
        except FileNotFoundError:
            same = False
        if not same:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            changed.append(name)
    return changed


if __name__ == "__main__":
    sys.stdout.write("".join(f"{name}\n" for name in write()))
