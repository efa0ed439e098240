"""``git dvc fsck``; the work is in ``ops/fsck.py``."""

from __future__ import annotations

EXAMPLES = """
git dvc fsck    # read every object, set bad ones aside, say who needs them
"""


def fsck() -> int:
    """Check every object of the cache against its hash.

    A bad one is moved aside, so that it can be fetched or added again, and the paths and
    revisions that need it are named. The exit code is 1 if there were bad ones.
    """
    raise NotImplementedError
