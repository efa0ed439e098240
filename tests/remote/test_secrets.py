"""Passwords: the option first, else what the user types, once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from git_dvc.remote import secrets
from git_dvc.remote.wire import RefusedError


@pytest.fixture
def asked() -> Iterator[list[str]]:
    questions: list[str] = []

    def asker(question: str) -> str:
        questions.append(question)
        return f"typed {len(questions)}"

    secrets.let_ask(asker)
    yield questions
    secrets.let_ask(None)


def test_the_option_comes_first_and_nothing_is_asked_unless_the_config_says_so(
    asked: list[str],
) -> None:
    assert secrets.password({"password": "x", "ask_password": "true"}, "host 'a'") == "x"
    assert secrets.password({"password": ""}, "host 'a'") == ""
    assert secrets.password({}, "host 'a'") is None
    assert secrets.password({"ask_password": "false"}, "host 'a'") is None
    assert asked == []


def test_many_threads_ask_once(asked: list[str]) -> None:
    options = {"ask_password": "True", "ask_passphrase": "true"}
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: secrets.password(options, "host 'a'"), range(40)))
    assert found == {"typed 1"}
    assert secrets.password(options, "key 'k'", "passphrase") == "typed 2"
    assert secrets.password(options, "host 'a'") == "typed 1"
    assert asked == [
        "Enter the password for host 'a': ",
        "Enter the passphrase for key 'k': ",
    ]


def test_without_a_terminal_the_message_says_what_to_do() -> None:
    with pytest.raises(RefusedError, match="no terminal to ask for the password"):
        secrets.password({"ask_password": "true"}, "host 'a'")
