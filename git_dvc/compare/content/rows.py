"""Tables: which columns and rows were added, removed and changed, in bounded memory.

Rows are told apart by a *key*: a column whose values are unique in both versions. It is the one
that the user names, else one that is called like a key (``id``, ``path``, ``epoch``), else, if all
of the table is looked at, the first column. Where there is none, rows are matched by their order.

A table is read row by row. Of one that would take too much memory both versions are read side by
side, and rows that are equal leave at once, so that only those that differ are held. If these are
still too many, they are sorted into files by their key, so that rows with equal keys come together;
each file is then compared by itself. Without a key it is counted then which rows there are, and
in what number.
"""

from __future__ import annotations

import heapq
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import zip_longest
from typing import Any, Generic, NamedTuple, TypeVar

from git_dvc.compare.content import align
from git_dvc.errors import FormatError

Cells = tuple[str, ...]
Numbered = tuple[int, Cells]
"""A row, and its number: 1 is the first one after the head."""

MOST_TEXT = 16 * 1024**2
"""Characters of rows of one version that are held in memory."""
_MOST_ALIGNED = 100_000
_PART_BYTES = 8 * 1024**2
_PARTS = (16, 4096)
_MOST_WAITING = 8 * 1024**2
_ROW_COST = 64
_IDS = frozenset(("id", "_id", "uuid", "guid", "key"))
_KEYS = frozenset(
    (
        *("index", "idx", "path", "file", "filename", "file_name", "filepath", "name", "image"),
        *("sample", "step", "epoch", "iteration", "iter", "date", "datetime", "timestamp", "time"),
    )
)


class Sheet(NamedTuple):
    """One version of a table.

    Attributes:
        columns: Their names, each only once.
        rows: Gives the rows that are to be compared, each time from the first.
        size_bytes: How large they are, about.
    """

    columns: tuple[str, ...]
    rows: Callable[[], Iterator[Numbered]]
    size_bytes: int = 0


class Changed(NamedTuple):
    """A row in both versions: its numbers, and the cells of the common columns."""

    old_number: int
    new_number: int
    old: Cells
    new: Cells


class Rows(NamedTuple):
    """How the rows differ.

    Attributes:
        key: The column that they were matched by; None: by their order.
        added: How many are only in the new version.
        removed: How many are only in the old one.
        changed: How many differ in a common column.
        by_column: How many cells differ, by column.
        added_rows: The first of them, with all columns of the new version.
        removed_rows: The first of them, with all columns of the old one.
        changed_rows: The first of them.
        reordered: Whether rows that are in both have another order; None if that is not known.
        matched: Whether rows without a key could be matched at all; else a row that changed
            counts as one removed and one added.
    """

    key: tuple[str, ...] | None
    added: int
    removed: int
    changed: int
    by_column: Counter[str]
    added_rows: list[Numbered]
    removed_rows: list[Numbered]
    changed_rows: list[Changed]
    reordered: bool | None
    matched: bool = True


class _NotUniqueError(Exception):
    """Two rows have the same key."""


class _TooLargeError(Exception):
    """The rows do not fit into memory."""


def unique_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return names of columns, those that were there before with a number."""
    seen: Counter[str] = Counter()
    taken = set(names)
    found = []
    for name in names:
        shown = name
        while seen[name] and shown in taken:
            shown = f"{name}.{seen[name]}"
            seen[name] += 1
        if not seen[name]:
            seen[name] = 1
        taken.add(shown)
        found.append(shown)
    return tuple(found)


def compare(
    old: Sheet,
    new: Sheet,
    keys: Sequence[str] = (),
    most: int = 20,
    *,
    whole: bool = True,
    most_text: int | None = None,
) -> Rows:
    """Return how the rows of two tables differ, in the columns that both have.

    Args:
        old: One version.
        new: The other.
        keys: Columns to match rows by; chosen if there are none.
        most: So many rows of each kind are returned.
        whole: The sheets have all rows; else only those that are not surely the same.
        most_text: Instead of ``MOST_TEXT``.

    Raises:
        FormatError: The rows cannot be read, or cannot be told apart by ``keys``.
    """
    common = [name for name in new.columns if name in old.columns]
    if keys and not all(name in common for name in keys):
        missing = next(name for name in keys if name not in common)
        raise FormatError(f"there is no column '{missing}' in both versions to match rows by")
    job = _Job(old, new, common, most)
    candidates = [tuple(keys)] if keys else _candidates(common, whole)
    limit = MOST_TEXT if most_text is None else most_text
    try:
        old_rows, new_rows = (_loaded(sheet.rows(), limit) for sheet in (old, new))
    except _TooLargeError:
        return _large(job, candidates, limit, is_given=bool(keys))
    for key in candidates:
        tally = Tally(common, most)
        try:
            reordered = job.by_key(old_rows, new_rows, key, tally, useful=not keys)
            return tally.rows(key, reordered=reordered)
        except _NotUniqueError:
            if keys:
                raise _not_unique(key) from None
    return job.by_order(old_rows, new_rows)


def _not_unique(key: tuple[str, ...]) -> FormatError:
    return FormatError(f"'{', '.join(key)}' does not tell the rows apart: two have the same")


def _candidates(common: Sequence[str], whole: bool) -> list[tuple[str, ...]]:
    """Return what may be a key, the likely ones first."""
    likely: list[str] = []
    less: list[str] = []
    for name in common:
        plain = name.strip().casefold()
        if plain in _IDS or plain.endswith(("_id", "-id")):
            likely.append(name)
        elif plain in _KEYS or plain in ("", "unnamed: 0"):  # as pandas writes its index
            less.append(name)
    guess = common[:1] if whole else ()
    return [(name,) for name in dict.fromkeys([*likely, *less, *guess])]


def _loaded(rows: Iterator[Numbered], most_text: int) -> list[Numbered]:
    found = []
    size = 0
    for row in rows:
        size += sum(map(len, row[1])) + _ROW_COST
        if size > most_text:
            raise _TooLargeError
        found.append(row)
    return found


class _Job:
    """Two tables that are being compared.

    Attributes:
        old: One version.
        new: The other.
        common: The columns that both have.
        most: How many rows of each kind are kept.
    """

    def __init__(self, old: Sheet, new: Sheet, common: Sequence[str], most: int) -> None:
        self.old = old
        self.new = new
        self.common = common
        self.most = most
        self._old_places = [old.columns.index(name) for name in common]
        self._new_places = [new.columns.index(name) for name in common]
        self._whole = old.columns == new.columns

    def of_old(self, cells: Cells) -> Cells:
        """Return the common columns of an old row."""
        return cells if self._whole else tuple([cells[place] for place in self._old_places])

    def of_new(self, cells: Cells) -> Cells:
        """Return the common columns of a new row."""
        return cells if self._whole else tuple([cells[place] for place in self._new_places])

    def places(self, key: Sequence[str]) -> list[int]:
        """Return where the columns of a key are among the common ones."""
        return [self.common.index(name) for name in key]

    def by_key(
        self,
        old_rows: Iterable[Numbered],
        new_rows: Iterable[Numbered],
        key: tuple[str, ...],
        tally: Tally,
        *,
        useful: bool,
    ) -> bool:
        """Note how rows differ that a key tells apart; return whether they were reordered.

        Args:
            old_rows: Those of the old version.
            new_rows: Those of the new one.
            key: Columns.
            tally: Gets what differs.
            useful: The key counts only if some rows have it in common.

        Raises:
            _NotUniqueError: Two rows have the same key, or none is common.
        """
        places = self.places(key)
        before = _by_key(old_rows, self.of_old, places)
        after = _by_key(new_rows, self.of_new, places)
        common = [value for value in after if value in before]
        if useful and not common and before and after:
            raise _NotUniqueError
        for value, (number, cells, _) in before.items():
            if value not in after:
                tally.removed.keep(number, cells)
        for value, (number, cells, mine) in after.items():
            was = before.get(value)
            if was is None:
                tally.added.keep(number, cells)
            elif was[2] != mine:
                tally.change(Changed(was[0], number, was[2], mine))
        return common != [value for value in before if value in after]

    def by_order(self, old_rows: Sequence[Numbered], new_rows: Sequence[Numbered]) -> Rows:
        """Return how rows differ that are matched by their order."""
        tally = Tally(self.common, self.most)
        if max(len(old_rows), len(new_rows)) > _MOST_ALIGNED:
            self.count(lambda: old_rows, new_rows, tally)
            return tally.rows(None, reordered=None, matched=False)
        before = [self.of_old(cells) for _, cells in old_rows]
        after = [self.of_new(cells) for _, cells in new_rows]
        for span in align.differences(before, after):
            pairs = min(span.old_end - span.old_start, span.new_end - span.new_start)
            for step in range(pairs):
                was, now = span.old_start + step, span.new_start + step
                if len(self.common) == 1 or any(map(str.__eq__, before[was], after[now])):
                    tally.change(
                        Changed(old_rows[was][0], new_rows[now][0], before[was], after[now])
                    )
                else:  # they have nothing in common
                    tally.removed.keep(*old_rows[was])
                    tally.added.keep(*new_rows[now])
            for row in old_rows[span.old_start + pairs : span.old_end]:
                tally.removed.keep(*row)
            for row in new_rows[span.new_start + pairs : span.new_end]:
                tally.added.keep(*row)
        return tally.rows(None, reordered=False)

    def count(
        self,
        old_rows: Callable[[], Iterable[Numbered]],
        new_rows: Iterable[Numbered],
        tally: Tally,
    ) -> None:
        """Note which rows there are more or fewer of, whatever their order."""
        have = Counter(self.of_old(cells) for _, cells in old_rows())
        for number, cells in new_rows:
            mine = self.of_new(cells)
            if have[mine] > 0:
                have[mine] -= 1
            else:
                tally.added.keep(number, cells)
        left = +have
        for number, cells in old_rows() if left else ():
            mine = self.of_old(cells)
            if left[mine] > 0:
                left[mine] -= 1
                tally.removed.keep(number, cells)


def _by_key(
    rows: Iterable[Numbered], common: Callable[[Cells], Cells], places: Sequence[int]
) -> dict[Cells, tuple[int, Cells, Cells]]:
    """Return rows by their key: number, all cells, those of the common columns."""
    found: dict[Cells, tuple[int, Cells, Cells]] = {}
    for number, cells in rows:
        mine = common(cells)
        value = tuple([mine[place] for place in places])
        if value in found:
            raise _NotUniqueError
        found[value] = (number, cells, mine)
    return found


Item = TypeVar("Item")


class _First(Generic[Item]):
    """Counts things that have a number, and keeps those with the lowest ones."""

    def __init__(self, most: int) -> None:
        self.count = 0
        self._most = most
        self._heap: list[tuple[int, Any]] = []  # the highest number is on top

    def keep(self, number: int, item: Item) -> None:
        """Note one; no two have the same number."""
        self.count += 1
        if len(self._heap) < self._most:
            heapq.heappush(self._heap, (-number, item))
        elif self._heap and -number > self._heap[0][0]:
            heapq.heapreplace(self._heap, (-number, item))

    def kept(self) -> list[tuple[int, Item]]:
        """Return those that are kept, by number."""
        return [(-number, item) for number, item in sorted(self._heap, reverse=True)]


class Tally:
    """Counts what differs, and keeps the first rows of each kind.

    Args:
        columns: The common ones.
        most: How many rows of each kind are kept.
    """

    def __init__(self, columns: Sequence[str], most: int) -> None:
        self._columns = columns
        self._by_column: Counter[str] = Counter()
        self.added: _First[Cells] = _First(most)
        self.removed: _First[Cells] = _First(most)
        self._changed: _First[Changed] = _First(most)

    def change(self, row: Changed) -> None:
        """Note a row of both."""
        for name, before, after in zip(self._columns, row.old, row.new, strict=True):
            if before != after:
                self._by_column[name] += 1
        self._changed.keep(row.new_number, row)

    def rows(
        self, key: tuple[str, ...] | None, *, reordered: bool | None, matched: bool = True
    ) -> Rows:
        """Return all that was noted."""
        return Rows(
            key,
            self.added.count,
            self.removed.count,
            self._changed.count,
            self._by_column,
            self.added.kept(),
            self.removed.kept(),
            [row for _, row in self._changed.kept()],
            reordered,
            matched,
        )


# -- more rows than fit into memory ---------------------------------------------------------


def _large(
    job: _Job, candidates: Sequence[tuple[str, ...]], most_text: int, *, is_given: bool
) -> Rows:
    """Return how rows differ of which only those that differ may fit into memory."""
    try:
        old_rows, new_rows = _unmatched(job, most_text)
    except _TooLargeError:
        return _apart(job, candidates, is_given=is_given)
    for key in candidates:
        tally = Tally(job.common, job.most)
        try:
            job.by_key(old_rows, new_rows, key, tally, useful=not is_given)
            return tally.rows(key, reordered=None)
        except _NotUniqueError:
            if is_given:
                raise _not_unique(key) from None
    tally = Tally(job.common, job.most)
    job.count(lambda: old_rows, new_rows, tally)
    return tally.rows(None, reordered=None, matched=False)


def _unmatched(job: _Job, most_text: int) -> tuple[list[Numbered], list[Numbered]]:
    """Return the rows that the other version does not have, whatever their order.

    Raises:
        _TooLargeError: These are too many, or the order is too different.
    """
    of_old, of_new = job.of_old, job.of_new
    old_left: dict[Cells, list[Numbered]] = {}
    new_left: dict[Cells, list[Numbered]] = {}
    size = 0
    for before, after in zip_longest(job.old.rows(), job.new.rows()):
        old_cells = None if before is None else of_old(before[1])
        new_cells = None if after is None else of_new(after[1])
        if old_cells == new_cells:
            continue
        for row, cells, mine, theirs in (
            (before, old_cells, old_left, new_left),
            (after, new_cells, new_left, old_left),
        ):
            if row is None or cells is None:
                continue
            waiting = theirs.get(cells)
            cost = sum(map(len, row[1])) + _ROW_COST
            if waiting:
                waiting.pop()
                if not waiting:
                    del theirs[cells]
                size -= cost
            else:
                mine.setdefault(cells, []).append(row)
                size += cost
                if size > most_text:
                    raise _TooLargeError
    old_rows, new_rows = (
        sorted(row for rows in left.values() for row in rows) for left in (old_left, new_left)
    )
    return old_rows, new_rows


def _apart(job: _Job, candidates: Sequence[tuple[str, ...]], *, is_given: bool) -> Rows:
    """Return how rows differ, sorted into files first."""
    for key in [*candidates, None]:
        with tempfile.TemporaryDirectory(prefix="git-dvc-") as folder:
            try:
                return _joined(job, key, folder)
            except _NotUniqueError:
                if is_given and key is not None:
                    raise _not_unique(key) from None
    raise AssertionError("without a key nothing has to be unique")


def _joined(job: _Job, key: tuple[str, ...] | None, folder: str) -> Rows:
    places = job.places(key) if key is not None else None
    least, most = _PARTS
    size = max(job.old.size_bytes, job.new.size_bytes)
    parts = min(most, max(least, size // _PART_BYTES))
    before, after = (os.path.join(folder, side) for side in ("old", "new"))
    _sort_out(job.old.rows(), job.of_old, places, before, parts)
    _sort_out(job.new.rows(), job.of_new, places, after, parts)
    tally = Tally(job.common, job.most)
    for part in range(parts):
        name = str(part)
        old_rows = partial(_read_part, os.path.join(before, name))
        new_rows = _read_part(os.path.join(after, name))
        if key is None:
            job.count(old_rows, new_rows, tally)
        else:
            job.by_key(old_rows(), new_rows, key, tally, useful=False)
    return tally.rows(key, reordered=None, matched=key is not None)


def _sort_out(
    rows: Iterator[Numbered],
    common: Callable[[Cells], Cells],
    places: Sequence[int] | None,
    folder: str,
    parts: int,
) -> None:
    """Write rows into files, those with the same key into the same one."""
    import json

    os.mkdir(folder)
    waiting: list[list[str]] = [[] for _ in range(parts)]
    size = 0
    for number, cells in rows:
        mine = common(cells)
        key = mine if places is None else tuple([mine[place] for place in places])
        line = json.dumps([number, *cells])
        waiting[hash(key) % parts].append(line)
        size += len(line) + _ROW_COST
        if size > _MOST_WAITING:
            _write_parts(waiting, folder)
            size = 0
    _write_parts(waiting, folder)


def _write_parts(waiting: Sequence[list[str]], folder: str) -> None:
    for part, lines in enumerate(waiting):
        if lines:
            with open(os.path.join(folder, str(part)), "a", encoding="utf-8") as file:
                file.write("\n".join(lines) + "\n")
            lines.clear()


def _read_part(path: str) -> Iterator[Numbered]:
    import json

    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            for line in file:
                number, *cells = json.loads(line)
                yield number, tuple(cells)
