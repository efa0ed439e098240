"""How git-dvc reads, writes and edits YAML; the only door to PyYAML.

DVC reads and writes YAML 1.2 with ruamel.yaml. PyYAML knows only 1.1, so just its parser is
used here (events, from libyaml where it is there), and what plain text means is decided
by ``yamlscalars.py``.

Three things are offered, each in a module of its own:

* ``parse`` gives plain values. The text may come from anybody, so size, depth, aliases and
  the number of values after expanding aliases are limited (pyyaml #235), tags other than
  the core ones are refused, and so are repeated keys.
* ``dump`` writes values as DVC does: block style, dashes under their key, long text folded
  near column 80. ``tests/formats/samples/yamltext/`` has what DVC wrote.
* ``Document`` changes single values of a text and leaves every other byte as it is.
"""

from git_dvc.formats.yamlscalars import resolve
from git_dvc.formats.yamltext.editing import Document
from git_dvc.formats.yamltext.reading import parse
from git_dvc.formats.yamltext.writing import dump, inline, scalar

__all__ = ["Document", "dump", "inline", "parse", "resolve", "scalar"]
