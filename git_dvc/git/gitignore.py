r"""The lines that keep tracked data out of Git: text in, text out.

Data ``x[1].txt`` is ignored by one line in the ``.gitignore`` beside it, as DVC writes it::

    /x\[1\].txt

The slash ties it to this directory, and Git's wildcards are escaped. DVC leaves backslashes
and spaces at the end as they are, so that Git does not ignore such names; they are escaped
here. DVC also forgets to remove lines that it had to escape; all spellings are removed here.

Whether Git ignores a path already, for whatever reason, is a question for
``Repository.is_ignored``.
"""

from __future__ import annotations

import re

from git_dvc.errors import UnsafePathError, quoted

_DVC_ESCAPES = re.compile(r"([\[\]!*#?])")
_ESCAPES = re.compile(r"([\[\]!*#?\\])")
_SPACES_AT_END = re.compile(r" +\Z")


def escape(name: str) -> str:
    """Return the pattern, without its slash, that matches exactly one name.

    Raises:
        UnsafePathError: The name has a line break or NUL in it, which no pattern can match
            and which would make lines of its own.
    """
    if not name or any(character in name for character in "\n\r\0/"):
        raise UnsafePathError(f"a .gitignore file cannot hold this name: {quoted(name)}")
    pattern = _ESCAPES.sub(r"\\\1", name)
    return _SPACES_AT_END.sub(lambda spaces: r"\ " * len(spaces.group()), pattern)


def add(text: str, name: str) -> str:
    """Return the text of a ``.gitignore`` that ignores ``name`` in its own directory.

    The text is returned as it is when the line is there already and nothing after it can
    undo it.

    Args:
        text: What the file holds now; undecodable bytes as ``surrogateescape``.
        name: The last component of the path of the data.
    """
    line = "/" + escape(name)
    lines = text.split("\n")
    for number, other in enumerate(lines):
        if _strip(other) == line:
            if not any(later.startswith("!") for later in lines[number + 1 :]):
                return text
            break
    end = "\r\n" if text.endswith("\r\n") else "\n"
    if text and not text.endswith("\n"):
        text += end
    return text + line + end


def remove(text: str, name: str) -> str | None:
    """Return the text without the lines for ``name``, in any spelling; None if nothing is left.

    A file of which nothing is left is to be deleted.
    """
    spellings = {"/" + escape(name), "/" + _DVC_ESCAPES.sub(r"\\\1", name), "/" + name}
    if name != name.strip():
        # Here stripping a line would make it the line of another name.
        kept = [line for line in _lines(text) if line.rstrip("\r\n") not in spellings]
    else:
        kept = [line for line in _lines(text) if _strip(line) not in spellings]
    return "".join(kept) or None


def _strip(line: str) -> str:
    """Return a line without the spaces around it that DVC does not look at either."""
    stripped = line.strip(" \t\r\n")
    return (
        stripped + " " if stripped.endswith("\\") and line.rstrip("\r\n") != stripped else stripped
    )


def _lines(text: str) -> list[str]:
    """Return the lines with their ends; unlike ``splitlines``, only at ``\\n``."""
    lines = text.split("\n")
    last = lines.pop()
    return [line + "\n" for line in lines] + ([last] if last else [])
