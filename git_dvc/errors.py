"""Every error that is meant for a user: what happened, where, what was left alone, what next.

An error is built from facts and worded here, in Git's manner: lower case, no full stop.
``str(error)`` is the whole message as it goes to stderr, with quoted paths. Anything that
is not a ``GitDvcError`` is a bug and keeps its traceback.

Exit codes are Git's: 1 for "differences" or "incomplete", 128 for "cannot work here",
129 for a wrong command line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

MOST_PATHS = 20
"""Paths named in one message; the rest are counted."""

FETCH_HINT = "if a remote has it, fetch it with 'git dvc pull'"
NEVER_SENT_HINT = "data with 'push: false' is only where it was made: copy it from there"


def quoted(text: str) -> str:
    """Return ``text`` safe for a terminal: control characters as escapes, in Git's style.

    A name read from a repository may hold escape sequences (CVE-2024-50349).
    """
    if text.isprintable() and '"' not in text:
        return text
    out = "".join(
        character
        if character.isprintable() and character not in '"\\'
        else character.encode("unicode_escape").decode("ascii")
        if character not in '"\\'
        else "\\" + character
        for character in text
    )
    return f'"{out}"'


def argument(text: str) -> str:
    """Return ``text`` as one word of a command line that a user may copy, safe to show."""
    if text and all(character.isalnum() or character in "_@%+=:,./-~^" for character in text):
        return text
    if text.isprintable() and not any(character in "\"$`\\!'" for character in text):
        return f'"{text}"'
    if text.isprintable() and "'" not in text:
        return f"'{text}'"
    out = "".join(
        "\\" + character
        if character in "\\'"
        else character
        if character.isprintable()
        else "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))
        for character in text
    )
    return f"$'{out}'"


def path_lines(paths: Iterable[str], most: int = MOST_PATHS) -> list[str]:
    """Return one indented line a path, sorted, with a count of those left out."""
    return _shortened([quoted(path) for path in sorted(paths)], most)


def _shortened(lines: Sequence[str], most: int = MOST_PATHS) -> list[str]:
    """Return the first lines, indented, with a count of those left out."""
    shown = [f"  {line}" for line in lines[:most]]
    if len(lines) > most:
        shown.append(f"  ... and {len(lines) - most} more")
    return shown


class GitDvcError(Exception):
    """The base of all errors for users.

    Args:
        message: What happened, lower case, no full stop.
        details: More lines, already quoted and indented (see ``path_lines``).
        hint: What to do next; one line or several.
    """

    exit_code = 1

    def __init__(self, message: str, *, details: Sequence[str] = (), hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.details = list(details)
        self.hint = hint

    def __str__(self) -> str:
        lines = [f"error: {self.message}", *self.details]
        lines.extend(f"hint: {line}" for line in self.hint.splitlines())
        return "\n".join(lines)


class UsageError(GitDvcError):
    """The command line cannot be understood."""

    exit_code = 129


class NotAProjectError(GitDvcError):
    """There is no ``.dvc`` directory here or above."""

    exit_code = 128

    def __init__(self, start: str) -> None:
        super().__init__(
            f"not a git-dvc project (no .dvc directory in {quoted(start)} or above it)",
            hint="start one with 'git dvc init' at the top of a Git repository",
        )


class LinkedProjectError(GitDvcError):
    """The project's own directory is a symbolic link, which is never followed."""

    exit_code = 128

    def __init__(self, root: str) -> None:
        super().__init__(
            f"the .dvc directory of {quoted(root)} is a symbolic link; nothing was read or written",
            hint="put the directory itself there; where the cache is, 'git dvc cache dir' sets",
        )


class UnsafeRepositoryError(GitDvcError):
    """Git itself refuses this repository (safe.directory).

    Args:
        words: What Git said, which names the way out.
    """

    exit_code = 128

    def __init__(self, words: str) -> None:
        lines = plain_lines(words)
        first = lines[0].removeprefix("fatal: ") if lines else "Git refuses this repository"
        super().__init__(first, details=lines[1:])


class FormatError(GitDvcError):
    """Bytes read from a repository, a cache or a remote do not have their format.

    Args:
        what: ``field: what is wrong``, without the file's name.
        where: The file, once known.
    """

    def __init__(self, what: str, where: str = "") -> None:
        self.what = what
        self.where = where
        super().__init__(f"{quoted(where)}: {what}" if where else what)

    def at(self, where: str) -> FormatError:
        """Return the same error with the name of the file."""
        return type(self)(self.what, where)


class UnsafePathError(FormatError):
    """A path from the repository would leave its place (S1 to S6 of the threat model)."""


class ConfigError(FormatError):
    """A config file or value is not valid."""

    exit_code = 128


def reason_lines(problems: Iterable[tuple[str, str]]) -> list[str]:
    """Return one indented line for each path and reason, sorted, with a count of those left out.

    The reasons are shown as they are: what comes from a repository is ``quoted`` before.
    """
    return _shortened([f"{quoted(path)}: {reason}" for path, reason in sorted(problems)])


def plain_lines(words: str | bytes) -> list[str]:
    """Return another program's message by lines, safe for a terminal."""
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    safe = (
        "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line.expandtabs())
        for line in text.splitlines()
    )
    return [line for line in safe if line.strip()]


class GitMissingError(GitDvcError):
    """There is no ``git`` to run."""

    exit_code = 128

    def __init__(self) -> None:
        super().__init__("git not found on PATH", hint="install Git, or add its directory to PATH")


class GitError(GitDvcError):
    """Git was asked for something and failed.

    Args:
        args: The arguments Git got.
        code: Its exit code; negative when a signal ended it.
        stderr: What it said.
    """

    exit_code = 128

    def __init__(self, args: Sequence[str], code: int, stderr: bytes) -> None:
        self.code = code
        lines = plain_lines(stderr)
        self.index_is_locked = code == 128 and any(
            "index.lock" in line and "File exists" in line for line in lines
        )
        self.words = "\n".join(lines)
        command = next((word for word in args if not word.startswith("-")), "")
        reason = f"exit code {code}" if code >= 0 else f"ended by signal {-code}"
        first = lines[0] if lines else reason
        for prefix in ("fatal: ", "error: "):
            first = first.removeprefix(prefix)
        hint = ""
        if self.index_is_locked:
            hint = (
                "another git process seems to be busy in this repository: "
                "let it finish and try again\n"
                "if it crashed, remove the index.lock file that it left"
            )
        super().__init__(
            f"git {command}: {first}", details=[f"  {line}" for line in lines[1:]], hint=hint
        )


class LockTimeoutError(GitDvcError):
    """The lock of the project stayed with another process for too long."""

    def __init__(self, path: str, holder: str, timeout_s: float) -> None:
        super().__init__(
            f"{holder} keeps this project locked; gave up after {timeout_s:g} s",
            details=[f"  {quoted(path)}"],
            hint="let it finish and try again",
        )


class HookError(GitDvcError):
    """The Git hooks cannot be installed or removed as asked."""


class HooksPathError(HookError):
    """The directory for hooks is not ours to write to; says which lines to add by hand."""


class MissingObjectError(GitDvcError):
    """The cache lacks an object."""

    def __init__(self, value: str) -> None:
        self.value = value
        super().__init__(
            f"not in the cache: object {value}",
            hint=FETCH_HINT,
        )


class CorruptObjectError(GitDvcError):
    """An object's content is not what its name says; it was set aside."""

    def __init__(self, value: str, moved_to: str) -> None:
        self.value = value
        super().__init__(
            f"damaged object in the cache: {value}",
            details=[f"  set aside as {quoted(moved_to)}"],
            hint="see which files need it with 'git dvc fsck'",
        )


class RemoteError(GitDvcError):
    """A remote cannot be used.

    Args:
        name: As in the config.
        where: Its address, without passwords.
        why: The reason.
    """

    def __init__(self, name: str, where: str, why: str, *, hint: str = "") -> None:
        super().__init__(
            f"remote '{quoted(name)}' cannot be used: {why}",
            details=[f"  {quoted(where)}"],
            hint=hint,
        )


class RemoteGoneError(RemoteError):
    """A folder that had data before is not there, or empty: perhaps a drive is not mounted."""

    def __init__(self, name: str, where: str) -> None:
        super().__init__(
            name,
            where,
            "its folder had data before and now has none",
            hint="is its drive mounted? If it was emptied on purpose, say so with\n"
            f"'mkdir -p {quoted(where + '/files/md5')}'",
        )


class UnknownRemoteError(GitDvcError):
    """A remote is named that is not in the config.

    Args:
        name: As it is named.
        known: The remotes that there are.
        who: What names it: ``core.remote``, or paths.
    """

    exit_code = 128

    def __init__(self, name: str, known: Sequence[str] = (), who: Sequence[str] = ()) -> None:
        hint = f"add it with 'git dvc remote add {argument(name)} URL'"
        if known:
            hint = f"there are: {', '.join(map(quoted, sorted(known)))}\n{hint}"
        super().__init__(
            f"no such remote: {quoted(name)}" + (", named by:" if who else ""),
            details=path_lines(who),
            hint=hint,
        )


class MissingClientError(RemoteError):
    """The library that talks to a kind of remote is not installed.

    Args:
        name: Of the remote, or its address.
        scheme: ``s3``, ``ssh``, ...
        library: The module that could not be imported; '' if none is known for this scheme.
        extra: What installs it with git-dvc; '' if it is to be installed by itself.
    """

    def __init__(self, name: str, scheme: str, library: str, extra: str = "") -> None:
        if extra:
            hint = f"install it: pip install 'git-dvc[{quoted(extra)}]'"
        elif library:
            hint = f"install it: pip install {quoted(library)}"
        else:
            hint = f"is {quoted(scheme)}:// spelled as it should be?"
        why = f"{quoted(scheme)}:// needs the Python package '{quoted(library)}'"
        super().__init__(
            name, f"{scheme}://", why if library else f"nothing here knows {scheme}://", hint=hint
        )


def _places(places: Sequence[tuple[str, str]]) -> list[str]:
    """Return a line for each path, with the commit that names it, and a count of the rest."""
    lines = [
        f"  {quoted(path)}" + (f" (in {commit[:7]})" if commit else "")
        for path, commit in sorted(set(places))
    ]
    more = len(lines) - MOST_PATHS
    return lines[:MOST_PATHS] + ([f"  ... and {more} more"] if more > 0 else [])


class NoRemoteError(GitDvcError):
    """Data is not in the cache, and there is no remote to ask for it.

    Args:
        places: Path of the data, and the commit that names it or ''.
        hint: What to do, if more is known than the usual.
    """

    def __init__(self, places: Sequence[tuple[str, str]], hint: str = "") -> None:
        usual = "name one with '-r NAME', or choose one with 'git dvc remote default NAME'"
        super().__init__(
            "this data is not in the cache, and no remote is the default one:",
            details=_places(places),
            hint=hint or usual,
        )


class UnfetchableError(GitDvcError):
    """Commits name data that is nowhere, so nobody could fetch it.

    Args:
        places: Path of the data, and the commit that names it or ''.
        remote: Name of the remote that should have it.
    """

    def __init__(self, places: Sequence[tuple[str, str]], remote: str) -> None:
        super().__init__(
            f"this data is neither in the cache nor on the remote '{quoted(remote)}':",
            details=_places(places),
            hint="put the files back and run 'git dvc add', or bring them from where they are:\n"
            "'git dvc fetch -r NAME' for another remote, 'git push' from a clone that has them",
        )


class ChangingFileError(GitDvcError):
    """A file is being written while we read it."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"file is changing while it is read: {quoted(path)}",
            hint="let the program that writes it finish, then run the command again",
        )


class NotRegularFileError(GitDvcError):
    """Something that is neither a file nor a directory stands where data should be."""

    def __init__(self, path: str) -> None:
        super().__init__(f"not a regular file: {quoted(path)}")


class CannotTrackError(GitDvcError):
    """A directory holds things that cannot be versioned.

    Args:
        problems: Path and reason of each.
    """

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        shown = reason_lines(problems)
        super().__init__(
            "these cannot be tracked, so nothing was added:",
            details=shown,
            hint="remove them, or list them in .dvcignore",
        )


class LinkTypeError(GitDvcError):
    """None of the link types in ``cache.type`` works between the cache and the work tree."""

    def __init__(self, types: Sequence[str], cache: str) -> None:
        super().__init__(
            f"no link type of 'cache.type = {','.join(types)}' works between the cache in "
            f"{quoted(cache)} and the work tree",
            hint="allow copies with 'git dvc config cache.type reflink,copy'",
        )


class OutsideProjectError(GitDvcError):
    """A path that the user gave is not in the project."""

    def __init__(self, path: str, root: str) -> None:
        super().__init__(f"{quoted(path)} is outside of the project in {quoted(root)}")


class UnknownTargetError(GitDvcError):
    """A target names nothing that is tracked.

    Args:
        target: As the user typed it.
        known: What could have been meant.
        has_outputs: Whether it is a directory with tracked data in it.
    """

    def __init__(self, target: str, known: Sequence[str] = (), has_outputs: bool = False) -> None:
        hint = "track it with 'git dvc add'"
        if has_outputs:
            hint = f"it holds tracked data: add -R to mean everything in {quoted(target)}"
        elif known:
            from difflib import get_close_matches

            close = get_close_matches(target.rstrip("/"), known, 3, 0.7)
            if close:
                hint = "did you mean " + " or ".join(f"'{quoted(name)}'" for name in close) + "?"
        super().__init__(f"not tracked: {quoted(target)}", hint=hint)


class NeverTrackedError(UnknownTargetError):
    """No commit that was asked for tracks this path, nor does the work tree."""

    def __init__(self, target: str, known: Sequence[str] = ()) -> None:
        super().__init__(target, known)
        self.message = f"no commit here tracks {quoted(target)}"
        if not self.hint.startswith("did you mean"):
            self.hint = "see what is tracked with 'git dvc status', look at all branches with --all"


class BusyOutputError(GitDvcError):
    """A running stage uses these outputs.

    Args:
        holders: Path, process number and command of each.
    """

    def __init__(self, holders: Sequence[tuple[str, int, str]]) -> None:
        super().__init__(
            "these are in use by a running stage:",
            details=[
                f"  {quoted(path)} (process {pid}: {quoted(cmd)})" for path, pid, cmd in holders
            ],
            hint="let it finish and try again; nothing was changed",
        )


class MissingTargetError(GitDvcError):
    """A file or directory that is to be recorded is not there."""

    def __init__(self, path: str, close: Sequence[str] = ()) -> None:
        hint = ""
        if close:
            hint = "did you mean " + " or ".join(f"'{quoted(name)}'" for name in close) + "?"
        super().__init__(f"no such file or directory: {quoted(path)}", hint=hint)


class MissingOriginError(GitDvcError):
    """There is nothing at an address outside of the project.

    Args:
        where: The address, without passwords.
        why: What the server said.
    """

    def __init__(self, where: str, why: str = "") -> None:
        super().__init__(
            f"nothing is there: {quoted(where)}", details=[f"  {quoted(why)}"] if why else []
        )


class OriginError(GitDvcError):
    """Data outside of the project cannot be read.

    Args:
        where: Its address, without passwords.
        why: The reason.
    """

    def __init__(self, where: str, why: str, *, hint: str = "") -> None:
        super().__init__(f"cannot read {quoted(where)}: {quoted(why)}", hint=hint)


class OccupiedError(GitDvcError):
    """There is something already where data is to go."""

    def __init__(self, path: str, hint: str = "") -> None:
        super().__init__(
            f"there is something at {quoted(path)} already",
            hint=hint or "overwrite it with --force; nothing was changed",
        )


class CannotImportError(GitDvcError):
    """What is asked for cannot be imported, or an import cannot be updated."""


class CannotAddError(GitDvcError):
    """A target of ``add`` is something that must not be tracked by a pointer file."""


class InitError(GitDvcError):
    """A project cannot be started here."""


class CloneError(GitDvcError):
    """``git clone`` failed, and has said why itself.

    Args:
        code: Its exit code; negative when a signal ended it.
    """

    def __init__(self, code: int) -> None:
        super().__init__("nothing was cloned")
        self.exit_code = code if code >= 0 else 128 - code


class NotInGitError(GitDvcError):
    """What was asked for needs a Git repository."""

    exit_code = 128

    def __init__(self, start: str) -> None:
        super().__init__(f"not in the work tree of a Git repository: {quoted(start)}")


class IncompleteCheckoutError(GitDvcError):
    """Some data could not be put in place; the rest was.

    Args:
        kept: Files with unsaved changes, left as they are.
        missing: Files and directories whose content the cache lacks.
        blocked: Reason, by path, of what failed otherwise.
        problems: Pointer files that cannot be used.
        fetched: Whether remotes were asked already.
    """

    def __init__(
        self,
        kept: Sequence[str],
        missing: Sequence[str],
        blocked: dict[str, str],
        problems: Sequence[FormatError],
        *,
        fetched: bool = False,
    ) -> None:
        parts: list[tuple[str, list[str], str]] = []
        if kept:
            parts.append(
                (
                    "these files have changes that are not in the cache and were left as they are:",
                    path_lines(kept),
                    "keep the changes with 'git dvc add' or 'git dvc commit', "
                    "or discard them with 'git dvc checkout --force'",
                )
            )
        if missing:
            parts.append(
                (
                    "this data is not in the cache, so what is there was left as it is:",
                    path_lines(missing),
                    NEVER_SENT_HINT if fetched else FETCH_HINT,
                )
            )
        if blocked:
            lines = reason_lines((path, quoted(why)) for path, why in blocked.items())
            parts.append(
                (
                    "these could not be checked out:",
                    lines,
                    "see to that, then run 'git dvc checkout' again",
                )
            )
        if problems:
            lines = [f"  {quoted(problem.message)}" for problem in problems[:MOST_PATHS]]
            parts.append(
                (
                    "these pointer files cannot be used, so their data was left as it is:",
                    lines,
                    "mend them, then run 'git dvc checkout'",
                )
            )
        details: list[str] = []
        for number, (title, lines, hint) in enumerate(parts):
            if number:
                details.append(f"error: {title}")
            details += lines
            if number < len(parts) - 1:
                details.append(f"hint: {hint}")
        super().__init__(parts[0][0], details=details, hint=parts[-1][2])


class KeptOutsideError(GitDvcError):
    """Something left the sparse checkout, but what Git would delete with it is still needed.

    Args:
        paths: From the top of the work tree.
        is_cache: They are ``.dvc`` directories; else outputs with unsaved data.
    """

    def __init__(self, paths: Sequence[str], *, is_cache: bool = False) -> None:
        folders = " ".join(quoted(path) for path in paths)
        if is_cache:
            super().__init__(
                "outside of the sparse checkout, but kept, as it holds the cache of the data:",
                details=path_lines(paths),
                hint=f"include it with: git sparse-checkout add {folders}",
            )
            return
        super().__init__(
            "outside of the sparse checkout, but kept, as it holds data that is not saved:",
            details=path_lines(paths),
            hint="save it with 'git dvc add' and commit, then run 'git sparse-checkout reapply'",
        )


class NotRecordedError(GitDvcError):
    """Some outputs could not be recorded; the others were.

    Args:
        problems: Path and reason of each.
    """

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        shown = reason_lines((path, quoted(why)) for path, why in problems)
        super().__init__(
            "these could not be recorded (everything else was):",
            details=shown,
            hint="mend them, or stop tracking them with 'git dvc remove'",
        )


class UnsavedDataError(GitDvcError):
    """Files would be lost: their content is not in the cache."""

    def __init__(self, paths: Sequence[str], hint: str) -> None:
        super().__init__(
            "these files hold data that is not in the cache:",
            details=[*path_lines(paths), "nothing was changed"],
            hint=hint,
        )


class CannotKeepError(GitDvcError):
    """What ``--force`` is to discard cannot be kept for ``undo``, so it was not discarded."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"unsaved data cannot be kept for 'git dvc undo', so it was left as it is: "
            f"{why.lower()}",
            hint="mend that, or discard the data for good with 'git -c dvc.undoDays=0 dvc ...'",
        )


class NothingToUndoError(GitDvcError):
    """There is no operation to take back."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what, hint=hint)


class UnknownOperationError(GitDvcError):
    """No operation has this id, or several.

    Args:
        name: As the user typed it.
        several: The ids that begin like that.
    """

    def __init__(self, name: str, several: Sequence[str] = ()) -> None:
        what = f"several operations begin with {quoted(name)}: {', '.join(several)}"
        super().__init__(
            what if several else f"no such operation: {quoted(name)}",
            hint="see which there are with 'git dvc op log'",
        )


class CannotUndoError(GitDvcError):
    """An operation cannot be taken back as things are; nothing was changed.

    Args:
        name: The operation.
        problems: Path and reason of each obstacle.
        can_force: Whether ``--force`` overrides them.
    """

    def __init__(
        self, name: str, problems: Sequence[tuple[str, str]], *, can_force: bool = True
    ) -> None:
        shown = reason_lines(problems)
        hint = "take back later operations first ('git dvc op log'), or insist with --force"
        super().__init__(
            f"{name} cannot be taken back, so nothing was changed:",
            details=shown,
            hint=hint if can_force else "see what else there is with 'git dvc op log'",
        )


class IncompleteUndoError(GitDvcError):
    """Some of an operation could not be taken back; the rest was.

    Args:
        name: The operation.
        kept: Files with unsaved changes, left as they are.
        missing: Files whose former content the cache lacks.
        blocked: Reason, by path, of what failed otherwise.
    """

    def __init__(
        self, name: str, kept: Sequence[str], missing: Sequence[str], blocked: dict[str, str]
    ) -> None:
        reasons = {
            **dict.fromkeys(kept, "it has changes that are not in the cache"),
            **dict.fromkeys(missing, "the cache lacks its former content"),
            **blocked,
        }
        lines = reason_lines((path, quoted(why)) for path, why in reasons.items())
        super().__init__(
            f"{name} was taken back, but for these files, which were left as they are:",
            details=lines,
            hint="to finish, mend that and run 'git dvc undo' again; --force discards changes "
            "(and keeps them for a later undo)",
        )


class CannotRemoveError(GitDvcError):
    """A target of ``remove`` cannot be taken out."""


class CannotMoveError(GitDvcError):
    """Data cannot be moved as asked; nothing was changed."""


class UnsetOptionError(GitDvcError):
    """An option that is to be shown or unset is not set."""

    def __init__(self, name: str, where: str = "") -> None:
        place = f" in {quoted(where)}" if where else ""
        super().__init__(
            f"{quoted(name)} is not set{place}", hint="see what is set with 'git dvc config -l'"
        )


class UnknownRevisionError(GitDvcError):
    """A revision names no commit.

    Args:
        rev: As the user typed it.
        known: Branches and tags that could have been meant.
        where: The repository, if it is another one.
    """

    exit_code = 128

    def __init__(self, rev: str, known: Sequence[str] = (), where: str = "") -> None:
        from difflib import get_close_matches

        close = get_close_matches(rev, known, 3, 0.6)
        hint = "see which there are with 'git log --oneline --decorate --all'"
        if where:
            hint = f"see which there are with 'git ls-remote {argument(where)}'"
        if close:
            hint = "did you mean " + " or ".join(f"'{quoted(name)}'" for name in close) + "?"
        super().__init__(f"unknown revision: {quoted(rev)}", hint=hint)


class InNeitherError(GitDvcError):
    """What is to be compared is in neither of two versions.

    Args:
        path: As the user typed it.
        versions: What they are called.
        known: Paths that could have been meant.
    """

    def __init__(self, path: str, versions: Sequence[str], known: Sequence[str] = ()) -> None:
        from difflib import get_close_matches

        close = get_close_matches(path.rstrip("/"), known, 3, 0.6)
        hint = ""
        if close:
            hint = "did you mean " + " or ".join(f"'{quoted(name)}'" for name in close) + "?"
        where = " nor in ".join(quoted(version) for version in versions)
        super().__init__(f"{quoted(path)} is neither in {where}", hint=hint)


class UncomparedError(GitDvcError):
    """A version of a file is not in the cache, so what is in it cannot be told.

    Args:
        rev: The version.
        failed: What went wrong when it was to be fetched.
        asked: Whether it was to be fetched.
    """

    def __init__(self, rev: str, failed: Sequence[GitDvcError], *, asked: bool) -> None:
        where = f"the version of {quoted(rev)} is not in the cache"
        why = [error.message for error in failed if not isinstance(error, UnfetchedError)]
        if why:
            where += f", and cannot be fetched: {why[0]}"
        elif asked:
            where += ", and no remote has it"
        super().__init__(where, hint="" if asked else "bring it with --fetch")


class UnfetchedError(GitDvcError):
    """What a version names is on no remote.

    Args:
        rev: The version.
        paths: What was looked for.
        has_remote: Whether there is a remote for it.
    """

    def __init__(self, rev: str, paths: Sequence[str], *, has_remote: bool) -> None:
        hint = "add one with 'git dvc remote add -d NAME URL'"
        if has_remote:
            hint = "it was never pushed, or is gone: run 'git dvc push -A' in a clone that has it"
        what = "no remote has" if has_remote else "there is no remote to fetch from"
        super().__init__(
            f"{what} what {quoted(rev)} names:",
            details=path_lines(paths),
            hint=hint,
        )


class UnknownStageError(GitDvcError):
    """No ``dvc.yaml`` has such a stage.

    Args:
        address: As the user typed it.
        known: The addresses of those there are.
        is_folder: Whether it is a directory with stages in it.
        maker: The stage that makes it, if it is a path.
        lock_file: Whether it is a lock file.
    """

    def __init__(
        self,
        address: str,
        known: Sequence[str] = (),
        *,
        is_folder: bool = False,
        maker: str = "",
        lock_file: bool = False,
    ) -> None:
        from difflib import get_close_matches

        plain = [name.removeprefix("dvc.yaml:") for name in known]
        elsewhere = [name for name in plain if name.endswith(f":{address}")]
        close = elsewhere[:3] or get_close_matches(address, plain, 3, 0.6)
        hint = "stages stand in 'dvc.yaml'; one of another directory is 'sub/dvc.yaml:name'"
        if lock_file:
            meant = address.replace("dvc.lock", "dvc.yaml", 1)
            hint = f"stages are named with 'dvc.yaml': '{quoted(meant)}'"
        elif maker:
            hint = f"'{quoted(maker)}' makes that"
        elif is_folder:
            hint = f"it has stages in it: add -R to mean everything in {quoted(address)}"
        elif close:
            hint = "did you mean " + " or ".join(f"'{quoted(name)}'" for name in close) + "?"
        super().__init__(f"there is no stage {quoted(address)}", hint=hint)


class CannotAddStageError(GitDvcError):
    """A stage cannot be written as asked; nothing was changed.

    Args:
        why: What is wrong.
        hint: What to do.
    """

    def __init__(self, why: str, hint: str = "") -> None:
        super().__init__(why, hint=hint)


class StageExistsError(CannotAddStageError):
    """There is a stage of that name already.

    Args:
        name: Of the stage; '' if it is the only one of its file.
        source: Its file, as the user sees it.
    """

    def __init__(self, name: str, source: str) -> None:
        if not name:
            super().__init__(
                f"there is another stage in {quoted(source)} already",
                "replace it with --force, or give the stage a name: 'git dvc run -n NAME ...'",
            )
            return
        super().__init__(
            f"there is a stage '{quoted(name)}' in {quoted(source)} already",
            "write it anew with --force, or choose another name",
        )


class CannotFreezeError(GitDvcError):
    """A stage cannot be frozen or unfrozen as asked; nothing was changed."""


class OverlappingOutsError(GitDvcError):
    """Two stages make the same path, or one a path inside of what another one makes.

    Args:
        path: The path.
        outer: The path around it, or the same.
        stage: Who makes the path; '' if it is a file that defines stages.
        other: Who makes the path around it.
    """

    def __init__(self, path: str, outer: str, stage: str, other: str) -> None:
        if not stage:
            message = f"{quoted(path)} defines stages, but lies inside of {quoted(outer)}, "
            message += f"which {quoted(other)} makes"
            hint = "move it out of there, or make only a part of that directory an output"
        elif path == outer:
            who = f"{quoted(stage)} and by {quoted(other)}"
            message = f"{quoted(path)} is made twice: by {who if stage != other else quoted(stage)}"
            hint = "let one of them make it, and the other one depend on it"
        else:
            message = f"{quoted(path)}, which {quoted(stage)} makes, lies inside of "
            message += f"{quoted(outer)}, which {quoted(other)} makes"
            hint = "let each of them make a directory of its own"
        super().__init__(message, hint=hint)


class CyclicPipelineError(GitDvcError):
    """Stages need each other in a circle, so that none could run first.

    Args:
        steps: A stage, the path that it reads, and the stage that makes it; all around.
    """

    def __init__(self, steps: Sequence[tuple[str, str, str]]) -> None:
        if len(steps) == 1:
            stage, path, _ = steps[0]
            message = f"stage '{quoted(stage)}' depends on {quoted(path)}, which it makes itself"
            super().__init__(message, hint="take it out of its deps or out of its outs")
            return
        lines = [
            f"  {quoted(stage)} needs {quoted(path)}, which {quoted(need)} makes"
            for stage, path, need in steps
        ]
        if len(lines) > MOST_PATHS:
            lines[MOST_PATHS - 1 : -1] = [f"  ... and {len(lines) - MOST_PATHS} more"]
        super().__init__(
            "these stages need each other in a circle, so none of them can run first:",
            details=lines,
            hint="take one of these dependencies out of its 'dvc.yaml'",
        )


class NoStagesError(GitDvcError):
    """There is no ``dvc.yaml`` in the current directory, and no target was given.

    Args:
        known: The stages of the project.
    """

    def __init__(self, known: Sequence[str]) -> None:
        if known:
            hint = f"the project has {len(known)} elsewhere: run them all with 'git dvc repro -P'"
            if len(known) == 1:
                hint = f"the project has one: 'git dvc repro {quoted(known[0])}'"
        else:
            hint = "write one with 'git dvc stage add -n NAME -d DEPENDENCY -o OUTPUT COMMAND'"
        super().__init__("there is no 'dvc.yaml' here, so there are no stages to run", hint=hint)


class MissingDataError(GitDvcError):
    """Outputs that nothing here makes are neither in place nor in the cache.

    Args:
        stage: Address of the pointer file, or of a frozen stage.
        paths: The outputs.
    """

    def __init__(self, stage: str, paths: Sequence[str]) -> None:
        super().__init__(
            f"data of '{quoted(stage)}' is neither in place nor in the cache:",
            details=path_lines(paths),
            hint="bring it with 'git dvc pull', or run with --pull;\n"
            "--allow-missing takes what is missing for unchanged",
        )


class AbortedRunError(GitDvcError):
    """A stage was to run only if the user says so: the answer was no, or there was nobody to ask.

    Args:
        stage: The stage.
    """

    def __init__(self, stage: str) -> None:
        super().__init__(
            f"stage '{quoted(stage)}' was not run, as nobody said yes",
            hint="what had ended before is recorded: 'git dvc repro' goes on from there",
        )


class ReproFailedError(GitDvcError):
    """Some stages failed; what does not need them is up to date.

    Args:
        failed: The stages that failed; their errors were told before.
        skipped: Stages that did not run, as they need one of those.
    """

    def __init__(self, failed: Sequence[str], skipped: Sequence[str]) -> None:
        details = path_lines(failed)
        if skipped:
            details += ["not run, as they need one of these:", *path_lines(skipped)]
        super().__init__(
            f"{len(failed)} stages failed:" if len(failed) > 1 else "1 stage failed:",
            details=details,
            hint="once they are mended, 'git dvc repro' goes on from there",
        )


class PlotError(GitDvcError):
    """A plot cannot be drawn from the data that it has."""


class UnknownPlotError(GitDvcError):
    """What was asked for is neither a plot nor a file.

    Args:
        target: As the user gave it.
        known: The plots that there are.
    """

    def __init__(self, target: str, known: Sequence[str]) -> None:
        from difflib import get_close_matches

        close = get_close_matches(target, known, 3, 0.5) or list(known)[:MOST_PATHS]
        super().__init__(
            f"there is neither a plot nor a file '{quoted(target)}'",
            hint=f"plots there are: {', '.join(quoted(name) for name in close)}"
            if close
            else "no dvc.yaml here names a plot",
        )


class MissingExtraError(GitDvcError):
    """A package that only some need is not installed.

    Args:
        what: What it is for.
        package: Its name.
        extra: Ours that brings it.
    """

    def __init__(self, what: str, package: str, extra: str) -> None:
        super().__init__(
            f"{what} needs the package {package}, which is not installed",
            hint=f"install it with: pip install 'git-dvc[{extra}]'",
        )


class NotInConflictError(GitDvcError):
    """A target of ``resolve`` is not in conflict.

    Args:
        target: As the user typed it.
        known: The files that are.
    """

    def __init__(self, target: str, known: Sequence[str]) -> None:
        hint = "see what is in conflict with 'git dvc resolve --list'" if known else ""
        super().__init__(f"not in conflict: {quoted(target)}", hint=hint)


class UnbroughtDataError(GitDvcError):
    """Data of a merge is not in place, so what is there must not be recorded.

    Args:
        output: The data.
        paths: Files that are not what the merge made of them.
    """

    def __init__(self, output: str, paths: Sequence[str]) -> None:
        super().__init__(
            f"{quoted(output)} is in conflict, and these files are not yet as the merge left them:",
            details=[*path_lines(paths), "nothing was recorded"],
            hint="bring the merged data with 'git dvc sync', then add again",
        )


class NotASourceError(GitDvcError):
    """What data is to be read from is no Git repository and no project.

    Args:
        where: As the user gave it, without passwords.
    """

    exit_code = 128

    def __init__(self, where: str) -> None:
        super().__init__(
            f"not a Git repository or project: {quoted(where)}",
            hint="name a directory of one, or a Git URL; for other URLs there is 'git dvc get-url'",
        )


class UnknownPathError(GitDvcError):
    """A repository that is read from has nothing at a path.

    Args:
        path: From its top.
        where: The repository, without passwords.
        rev: The revision that was looked at, or ''.
        known: Paths that could have been meant.
    """

    def __init__(self, path: str, where: str, rev: str = "", known: Sequence[str] = ()) -> None:
        at = f" at {quoted(rev)}" if rev else ""
        hint = f"see what there is with 'git dvc list {argument(where)}'"
        if known:
            hint = "did you mean " + " or ".join(f"'{quoted(name)}'" for name in known) + "?"
        super().__init__(f"there is no {quoted(path)} in {quoted(where)}{at}", hint=hint)


class NowhereError(GitDvcError):
    """A repository names data that neither its cache nor its remote has.

    Args:
        paths: Of the data.
        where: The repository, without passwords.
        has_remote: Whether it has a remote for this data.
    """

    def __init__(self, paths: Sequence[str], where: str, has_remote: bool = True) -> None:
        if has_remote:
            hint = "it was never pushed, or is gone: run 'git dvc push' in a clone that has it"
        else:
            hint = "it has no default remote, either; name one with --remote or --remote-config"
        super().__init__(
            f"{quoted(where)} tracks this data, but does not have it:",
            details=path_lines(paths),
            hint=hint,
        )


class NotFetchedError(GitDvcError):
    """Data that is tracked would have to come from a remote, which nobody asked for.

    Args:
        path: Of the data.
        tried: It was asked for, and no remote has it.
    """

    def __init__(self, path: str, *, tried: bool = False) -> None:
        self.path = path
        self.what = "its data is not in the cache"
        hint = "bring it with --fetch"
        if tried:
            self.what = "its data is neither in the cache nor on a remote"
            hint = "run 'git dvc push' in a clone that has it"
        super().__init__(f"{quoted(path)}: {self.what}", hint=hint)


class DestinationError(GitDvcError):
    """A copy cannot go where it should."""


class CannotCollectError(GitDvcError):
    """A garbage collection does not know all that must stay, so it deletes nothing.

    Args:
        reasons: What cannot be read, a line each.
        in_commits: Whether it stands in commits, which can be left out.
    """

    def __init__(self, reasons: Sequence[str], *, in_commits: bool = False) -> None:
        hint = "put that right and try again"
        if in_commits:
            hint = "with '--skip-failed' what they name is not kept"
        super().__init__(
            "nothing was deleted, as it cannot be known what is needed:",
            details=path_lines(dict.fromkeys(reasons)),
            hint=hint,
        )

    @classmethod
    def no_lists(
        cls, places: Sequence[tuple[str, str]], trouble: GitDvcError | None
    ) -> CannotCollectError:
        """Return the error for directories whose lists of files are not to be had.

        Args:
            places: Path of each directory, and the commit that names it or ''.
            trouble: Why a remote could not be asked.
        """
        error = cls([])
        error.message += " the lists of files of these directories are not here"
        error.details = _places(places)
        if trouble is not None:
            error.details += [f"  ({trouble.message})"]
        error.hint = (
            "bring them with 'git dvc fetch -A', or '-r NAME' for another remote;\n"
            "with '--skip-failed' what is in the cache of these directories is not kept"
        )
        return error

    @classmethod
    def shallow(cls) -> CannotCollectError:
        """Return the error for a clone without all commits, asked to clean a remote of others."""
        error = cls([])
        error.message = (
            "nothing was deleted: this clone is shallow, so it does not know what the commits that "
            "it lacks need on the remote"
        )
        error.hint = "bring them with 'git fetch --unshallow'"
        return error

    @classmethod
    def foreign_cache(cls, root: str) -> CannotCollectError:
        """Return the error for a cache that a commit chose."""
        error = cls([])
        error.message = (
            f"nothing was deleted: the project's config says that its cache is {quoted(root)}, "
            "outside of the project"
        )
        error.hint = f"if you trust that, run:\n  git config --add dvc.safeCacheDir {quoted(root)}"
        return error


class NotDeletedError(GitDvcError):
    """Some objects could not be deleted.

    Args:
        failed: Why, by path.
    """

    def __init__(self, failed: Mapping[str, str]) -> None:
        super().__init__(
            "these could not be deleted:",
            details=path_lines(f"{path}: {why}" for path, why in failed.items()),
            hint="the same command goes on where this one ended",
        )


class UnsafeUrlError(GitDvcError):
    """An address is not one that is handed to Git.

    Args:
        url: As it was given.
        why: What is wrong with it.
    """

    exit_code = 128

    def __init__(self, url: str, why: str) -> None:
        head, mark, rest = url.partition("://")
        host, slash, path = rest.partition("/")
        shown = f"{head}{mark}{host.rpartition('@')[2]}{slash}{path}"
        super().__init__(
            f"cannot use {quoted(shown)} as a repository: {why}",
            hint="name a directory of this machine, https://..., ssh://... or user@host:path",
        )


class MirrorError(GitDvcError):
    """A repository somewhere else cannot be read.

    Args:
        where: Its URL, without a password.
        words: What Git said, without passwords.
    """

    exit_code = 128

    def __init__(self, where: str, words: str) -> None:
        lines = [line for line in plain_lines(words) if line]
        first = lines[0] if lines else "git failed"
        for prefix in ("fatal: ", "error: ", "remote: "):
            first = first.removeprefix(prefix)
        low = words.lower()
        hint = ""
        if any(text in low for text in ("authentication", "could not read username", "denied")):
            hint = f"try 'git ls-remote {quoted(where)}': where that works, this does, too"
        super().__init__(
            f"cannot read {quoted(where)}: {first}",
            details=[f"  {line}" for line in lines[1:]],
            hint=hint,
        )


class UnknownArtifactError(GitDvcError):
    """A repository has no such artifact, version or stage.

    Args:
        name: Of the artifact.
        why: What is missing.
        known: Versions or stages that there are.
    """

    def __init__(self, name: str, why: str, known: Sequence[str]) -> None:
        hint = f"there are: {', '.join(quoted(one) for one in known[-10:])}" if known else ""
        super().__init__(f"artifact '{quoted(name)}': {quoted(why)}", hint=hint)


class StageFailedError(GitDvcError):
    """A command of a stage failed.

    Args:
        address: The stage.
        cmd: The command line that failed; '' if that is not known.
        code: Its exit code; negative when a signal ended it.
        why: What else is known, such as what an engine said.
        log: The file with all that the stage wrote.
        said: The end of it, for somebody who has not seen it.
    """

    def __init__(
        self, address: str, cmd: str, code: int, why: str, log: str, said: str = ""
    ) -> None:
        self.address = address
        ended = f"exited with {code}" if code >= 0 else f"was ended by signal {-code}"
        if code in (-9, 137):
            ended += ", perhaps because memory ran out"
        details = [f"  {line}" for line in plain_lines(cmd)] if cmd else []
        details += [f"  {line}" for line in plain_lines(why)]
        if lines := plain_lines(said):
            details += ["it ended with:", *(f"  {line}" for line in lines)]
        super().__init__(
            f"stage '{quoted(address)}' failed: its command {ended}",
            details=details,
            hint=f"all that it wrote is in {quoted(log)}\n"
            "what ran before it is kept: once it is mended, 'git dvc repro' goes on from there",
        )


class ExecutorError(GitDvcError):
    """Stages cannot run where they were to.

    Args:
        name: The executor.
        why: The reason.
    """

    def __init__(self, name: str, why: str, *, hint: str = "") -> None:
        super().__init__(f"cannot run stages on {quoted(name)}: {quoted(why)}", hint=hint)


class CannotRunStageError(GitDvcError):
    """The commands of a stage cannot even be started.

    Args:
        address: The stage.
        why: The reason.
    """

    def __init__(self, address: str, why: str, *, hint: str = "") -> None:
        super().__init__(f"cannot run stage '{quoted(address)}': {quoted(why)}", hint=hint)


class InterruptedRunError(GitDvcError):
    """Somebody asked a run of stages to stop.

    Args:
        stopped: The stages that were running.
        number: The signal that asked for it.
    """

    def __init__(self, stopped: Sequence[str], number: int = 2) -> None:
        self.exit_code = 128 + number
        super().__init__(
            "interrupted; these stages were stopped:" if stopped else "interrupted",
            details=path_lines(stopped),
            hint="stages that had finished are kept: 'git dvc repro' goes on from there",
        )


class UnreadableDependencyError(GitDvcError):
    """What a stage depends on cannot be read.

    Args:
        problems: Path and reason of each.
    """

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        shown = reason_lines(problems)
        super().__init__(
            "a stage reads or makes these, and they cannot be read:",
            details=shown,
            hint="remove them, or list them in .dvcignore",
        )


class BrokenPointerError(GitDvcError):
    """A stage reads the data of a pointer file that cannot be used."""

    def __init__(self, stage: str, problem: FormatError) -> None:
        super().__init__(
            f"stage '{quoted(stage)}' cannot run: {problem.message}\nnothing was run",
            hint="mend that file first; 'git dvc resolve' ends a conflict",
        )


class MissingDependencyError(GitDvcError):
    """Something that a stage depends on is not there, so the stage cannot run.

    Args:
        stage: Its address.
        paths: What is not there.
    """

    def __init__(self, stage: str, paths: Sequence[str]) -> None:
        super().__init__(
            f"stage '{quoted(stage)}' cannot run, as dependencies are missing:",
            details=path_lines(paths),
            hint="if they are tracked, bring them with 'git dvc checkout' or 'git dvc pull'",
        )


class MissingParametersError(GitDvcError):
    """Parameters that a stage depends on are not in their file.

    Args:
        stage: Its address.
        keys: The missing keys, by file; None for a file that is not there.
    """

    def __init__(self, stage: str, keys: Mapping[str, Sequence[str] | None]) -> None:
        lines = [
            f"  {quoted(path)}: " + ("no such file" if names is None else ", ".join(names))
            for path, names in sorted(keys.items())
        ]
        super().__init__(
            f"stage '{quoted(stage)}' depends on parameters that are missing:",
            details=lines,
            hint="nothing was run; add them, or remove them from the stage's 'params'",
        )


class MissingOutputError(GitDvcError):
    """A stage's command has not made what the stage promises.

    Args:
        stage: Its address.
        paths: What is not there.
    """

    def __init__(self, stage: str, paths: Sequence[str]) -> None:
        super().__init__(
            f"stage '{quoted(stage)}' did not make its outputs:",
            details=path_lines(paths),
            hint="its record in the lock file was left as it was",
        )


class OutputInGitError(GitDvcError):
    """Outputs that are to be cached are versioned by Git.

    Args:
        stage: Address of the stage that makes them.
        paths: The outputs.
    """

    def __init__(self, stage: str, paths: Sequence[str]) -> None:
        names = " ".join(quoted(path) for path in sorted(paths)[:MOST_PATHS])
        super().__init__(
            f"outputs of stage '{quoted(stage)}' are versioned by Git already:",
            details=path_lines(paths),
            hint=f"nothing was changed; take them out of Git with 'git rm -r --cached {names}',\n"
            "or give them 'cache: false' in dvc.yaml",
        )


class PartialDataError(GitDvcError):
    """Of a directory that is to be recorded as it is, only a part may be there.

    Args:
        stage: Address of the stage, or the pointer file, that a run would record; '' for none.
        paths: The directories.
    """

    def __init__(self, stage: str, paths: Sequence[str]) -> None:
        names = " ".join(quoted(path) for path in sorted(paths)[:MOST_PATHS])
        whose = f"data of '{quoted(stage)}'" if stage else "this data"
        pull = "bring all of it with 'git dvc pull'"
        if stage:
            ways = f"{pull}, or run with --pull;\nto go on with what is there, record that first: "
            ways += f"'git dvc commit --force {names}'"
        else:
            ways = f"{pull} first,\nor record what is there in its place with --force"
        super().__init__(
            f"{whose} is not as recorded, and the cache lacks what is recorded:",
            details=path_lines(paths),
            hint=f"nothing was changed; {ways}",
        )


class StoppedCheckoutError(GitDvcError):
    """Data is there only in part, as the command that was bringing it was stopped.

    Args:
        found: Kind of that operation, by path.
        done: What was not done now: ``recorded``, ``run``.
        can_force: Whether the command can be told to go on with what is there.
    """

    def __init__(self, found: Mapping[str, str], done: str, *, can_force: bool) -> None:
        lines = [f"{quoted(path)} (git dvc {quoted(by)})" for path, by in sorted(found.items())]
        names = " ".join(argument(path.rstrip("/")) for path in sorted(found))
        few = len(found) <= MOST_PATHS
        force = "\nor take what is there for a new version with --force" if can_force else ""
        super().__init__(
            "this data is there only in part: the command that was bringing it was stopped:",
            details=_shortened(lines),
            hint=f"nothing was {done}; finish it with "
            f"'git dvc checkout{' ' + names if few else ''}'{force}",
        )


class LeftOutError(GitDvcError):
    """All stages were to be run, and some files or stages cannot be used.

    Args:
        problems: What is wrong with each of them.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(
            "these cannot be used and were left out (everything else was looked at):",
            details=[f"  {problem}" for problem in problems],
            hint="mend them, then run 'git dvc repro -P' again",
        )


class OwnFileOutputError(GitDvcError):
    """A stage is to make a file that says what is tracked, so that would go before it runs.

    Args:
        stage: Its address.
        paths: The outputs.
    """

    def __init__(self, stage: str, paths: Sequence[str]) -> None:
        super().__init__(
            f"stage '{quoted(stage)}' was not run: files that git-dvc itself needs cannot be "
            "outputs:",
            details=path_lines(paths),
            hint="nothing was changed; take them out of its outs, metrics and plots",
        )


class IgnoredRecordError(GitDvcError):
    """Git ignores the file that a stage is to be recorded in.

    Args:
        stage: Its address.
        path: The lock file or stage file.
    """

    def __init__(self, stage: str, path: str) -> None:
        super().__init__(
            f"stage '{quoted(stage)}' was not run, as Git ignores its record {quoted(path)}",
            hint=f"see which line does that with 'git check-ignore -v {quoted(path)}',\n"
            "and remove it: a commit needs that file",
        )


class OutsideOutputError(GitDvcError):
    """A stage's output outside of the project is to be cached.

    Args:
        stage: Its address.
        paths: The outputs, as written.
    """

    def __init__(self, stage: str, paths: Sequence[str]) -> None:
        super().__init__(
            f"outputs of stage '{quoted(stage)}' are outside of the project:",
            details=path_lines(paths),
            hint="they cannot be cached: give them 'cache: false' in dvc.yaml",
        )
