"""What unquoted text means in YAML: nothing, a truth value, a number, or the text itself.

The rules are those of ruamel.yaml, which DVC uses, for YAML 1.2: ``yes`` is text, ``1e-3`` a
number, ``0o17`` is 15; but a date stays text here.
"""

from __future__ import annotations

import re
from typing import Any

from git_dvc.errors import FormatError

MOST_BYTES = 16 * 1024 * 1024
MOST_DIGITS = 1_000

_INT = re.compile(r"[-+]?0b[0-1_]+|[-+]?0o?[0-7_]+|[-+]?[0-9_]+|[-+]?0x[0-9a-fA-F_]+")
_FLOAT = re.compile(
    r"[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+"
    r"|[-+]?\.[0-9_]+(?:[eE][-+][0-9]+)?"
)
_DATE = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?"
    r"(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?"
)
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_NUMBER_START = frozenset("+-.0123456789")


def resolve(text: str) -> Any:
    """Return what unquoted text means: None, a bool, an int, a float or the text itself."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMBER_START:
        return text
    if _INT.fullmatch(text):
        return _int(text)
    if _FLOAT.fullmatch(text):
        digits = text.replace("_", "")
        return float(digits) if digits.strip("+-") not in ("", ".") else text
    return text


def _int(text: str) -> Any:
    digits = text.replace("_", "")
    sign = -1 if digits[0] == "-" else 1
    digits = digits.lstrip("+-")
    if len(digits) > MOST_DIGITS:
        raise FormatError(f"a number with more than {MOST_DIGITS} digits")
    base = {"0b": 2, "0o": 8, "0x": 16}.get(digits[:2], 10)
    digits = digits if base == 10 else digits[2:]
    return sign * int(digits, base) if digits else text


def needs_quotes(text: str) -> bool:
    """Return whether plain ``text`` would not be read back as text, by DVC or by us."""
    if not isinstance(resolve(text), str) or text in ("=", "<<"):
        return True
    if text[0] not in _NUMBER_START:
        return False
    return bool(_DATE.fullmatch(text) or _INT.fullmatch(text) or _FLOAT.fullmatch(text))
