"""git-dvc: data and model versioning that feels like a part of Git.

This module imports nothing: the hooks run on every ``git checkout``, and what they
do not use must not cost them anything.
"""

__version__ = "0.1.0"
