"""The elements of a store's answer: flat XML, read by pattern; nothing in it is expanded."""

from __future__ import annotations

import re


def first(text: str, name: str) -> str:
    """Return what stands in the first element of a name, as it was sent; '' if there is none."""
    match = re.search(rf"<{name}>([^<]*)</{name}>", text)
    return match[1].strip() if match else ""


def every(text: str, name: str) -> list[str]:
    """Return what stands in each element of a name, elements in it included."""
    return re.findall(rf"<{name}>(.*?)</{name}>", text, re.DOTALL)
