"""Passwords of remotes: from the config, or typed by the user when a server is first talked to.

With ``ask_password = true`` (``ask_passphrase``) DVC asks at the terminal, and so do we; but only
the command line talks to the user, so it says here how to ask (``let_ask``). Each question is
asked once, however many threads want to know; what is typed is kept nowhere but in memory.
"""

from __future__ import annotations

from _thread import allocate_lock
from collections.abc import Callable, Mapping

from git_dvc.errors import quoted
from git_dvc.remote.wire import RefusedError

Asker = Callable[[str], "str | None"]
"""Shows a question, returns what was typed without showing it; None if nobody can be asked."""

_asker: Asker | None = None
_typed: dict[tuple[str, str], str] = {}
_lock = allocate_lock()


def let_ask(asker: Asker | None) -> None:
    """Say how the user can be asked; None if nobody is there. What was typed is forgotten."""
    global _asker
    _asker = asker
    _typed.clear()


def ask(question: str) -> str | None:
    """Return what the user types, unseen and not remembered; None if nobody is there."""
    with _lock:
        return _asker(question) if _asker else None


def password(options: Mapping[str, str], what: str, option: str = "password") -> str | None:
    """Return a remote's password, or None if it has none.

    To be called when it is needed, not when the client is made.

    Args:
        options: The remote's options.
        what: What it is for, as in ``host 'example.org', user 'ada'``.
        option: Its option: ``password`` or ``passphrase``. ``ask_<option>`` lets us ask.

    Raises:
        RefusedError: It is to be typed, and nobody is there to do so.
    """
    known = options.get(option)
    if known is not None:
        return known
    if options.get(f"ask_{option}", "").lower() != "true":
        return None
    with _lock:
        if (option, what) not in _typed:
            typed = _asker(f"Enter the {option} for {quoted(what)}: ") if _asker else None
            if typed is None:
                raise RefusedError(
                    f"ask_{option} is set, but there is no terminal to ask for the {option} at",
                    f"set it instead: 'git dvc remote modify --local NAME {option} ...'",
                )
            _typed[option, what] = typed
        return _typed[option, what]
