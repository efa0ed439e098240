"""The lines that have Git show and merge pointer files with our drivers: text in, text out.

::

    *.dvc diff=dvc merge=dvc
    dvc.lock diff=dvc merge=dvc

They stand in ``.gitattributes`` at the top of the work tree and so reach everybody. Without the
drivers, which ``git dvc install`` sets in each clone, Git shows and merges plain text. What
holds for a path, by whatever line, is a question for ``git check-attr``: see ``missing``.
"""

from __future__ import annotations

from collections.abc import Sequence

NAME = ".gitattributes"
DRIVER = "dvc"
PATTERNS = {"*.dvc": "x.dvc", "dvc.lock": "dvc.lock"}
"""Each pattern, and a path that it matches."""

ATTRIBUTES = ("diff", "merge")


def question() -> list[str]:
    """Return what to ask Git: the answer is for ``missing``."""
    return ["check-attr", "-z", *ATTRIBUTES, "--", *PATTERNS.values()]


def missing(answer: bytes) -> tuple[list[str], list[str]]:
    """Return the lines that are missing, and what the user has set otherwise.

    Args:
        answer: What Git answered to ``question``.

    Returns:
        Lines to add, and such as ``*.dvc merge=ours`` that are to be left alone.
    """
    words = answer.decode("utf-8", "replace").split("\0")
    found = {tuple(words[at : at + 2]): words[at + 2] for at in range(0, len(words) - 2, 3)}
    lines, others = [], []
    for pattern, path in PATTERNS.items():
        lacking = []
        for attribute in ATTRIBUTES:
            value = found.get((path, attribute), "unspecified")
            if value == "unspecified":
                lacking.append(f"{attribute}={DRIVER}")
            elif value != DRIVER:
                others.append(f"{pattern} {_shown(attribute, value)}")
        if lacking:
            lines.append(" ".join([pattern, *lacking]))
    return lines, others


def _shown(attribute: str, value: str) -> str:
    if value == "set":
        return attribute
    return f"-{attribute}" if value == "unset" else f"{attribute}={value}"


def add(data: bytes, lines: Sequence[str]) -> bytes:
    """Return the content of a file with lines at its end, in its own line ends."""
    end = b"\r\n" if data.endswith(b"\r\n") else b"\n"
    if data and not data.endswith(b"\n"):
        data += end
    return data + b"".join(line.encode() + end for line in lines)


def remove(data: bytes, lines: Sequence[str]) -> bytes:
    """Return the content without these lines."""
    gone = {line.encode() for line in lines}
    return b"".join(
        line for line in data.splitlines(keepends=True) if line.rstrip(b"\r\n") not in gone
    )
