"""Words in messages that a user may copy into a shell."""

from __future__ import annotations

import shutil
import subprocess

from hypothesis import example, given
from hypothesis import strategies as st

from git_dvc.errors import argument


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8))
@example("plain-name_1.csv")
@example("my data")
@example("it's $HOME")
@example('say "hi" `ls` \\ !')
@example("two\nlines\x1b[31m")
@example("")
def test_a_word_to_copy_is_that_word_in_a_shell(text: str) -> None:
    word = argument(text)
    assert word.isprintable()
    if shutil.which("bash"):
        done = subprocess.run(
            ["bash", "-c", f"printf %s {word}"],
            capture_output=True,
            check=True,
            env={"LC_ALL": "C"},
        )
        assert done.stdout.decode() == text


def test_words_that_need_no_quotes_have_none() -> None:
    assert argument("data/v1.0/a-b_c.csv") == "data/v1.0/a-b_c.csv"
    assert argument("my data") == '"my data"'
