"""Parquet: columns with their types, and rows.

PyArrow reads it (``pip install 'git-dvc[parquet]'``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from git_dvc.compare.content import rows
from git_dvc.compare.content.report import Content, Fact, Options, Report
from git_dvc.compare.content.tables import one_table, table_report
from git_dvc.errors import FormatError

MARK = b"PAR1"
_ROWS_AT_A_TIME = 4096
_MOST_UNPACKED = 64 * 1024**3


class Parquet:
    """The handler for Parquet."""

    kind = "parquet"

    def claims(self, name: str, head: bytes) -> bool:
        """Return whether a file begins as one."""
        return head.startswith(MARK)

    def compare(self, old: Content | None, new: Content | None, options: Options) -> Report:
        """Return which columns and rows differ.

        Raises:
            FormatError: It cannot be read.
        """
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError:
            raise FormatError(
                "Parquet is read where PyArrow is: pip install 'git-dvc[parquet]'"
            ) from None
        try:
            before, after = (None if one is None else _Table(one) for one in (old, new))
            if before is None or after is None:
                there = before or after
                assert there is not None  # noqa: S101 - one of them is
                return one_table(there.columns, there.count, is_new=before is None, kind=self.kind)
            found = rows.compare(before.sheet(), after.sheet(), options.keys, options.most)
        except (pyarrow.ArrowException, OSError, ValueError) as problem:
            raise FormatError(f"not valid Parquet: {problem}") from None
        types = [
            Fact(f"type of {name}", before.types[name], after.types[name])
            for name in after.columns
            if name in before.types
        ]
        return table_report(
            before.columns,
            after.columns,
            (before.count, after.count),
            found,
            options.most,
            kind=self.kind,
            facts=types,
        )


class _Table:
    def __init__(self, content: Content) -> None:
        self._content = content
        with content.open() as file:
            opened = _parquet(file)
            schema = opened.schema_arrow
            self.count: int = opened.metadata.num_rows
            self.columns = rows.unique_names(schema.names)
            self.types = dict(zip(self.columns, map(str, schema.types), strict=True))
            self._size = sum(
                opened.metadata.row_group(number).total_byte_size
                for number in range(opened.metadata.num_row_groups)
            )
        if self._size > _MOST_UNPACKED:
            raise FormatError(f"more than {_MOST_UNPACKED // 1024**3} GiB once unpacked")

    def sheet(self) -> rows.Sheet:
        """Return it as any other table."""
        return rows.Sheet(self.columns, self._rows, self._size)

    def _rows(self) -> Iterator[rows.Numbered]:
        number = 0
        with self._content.open() as file:
            for batch in _parquet(file).iter_batches(_ROWS_AT_A_TIME, use_threads=False):
                columns = [_texts(column) for column in batch.columns]
                for cells in zip(*columns, strict=True):
                    number += 1
                    yield number, cells


def _parquet(file: Any) -> Any:
    import pyarrow.parquet

    return pyarrow.parquet.ParquetFile(file)


def _texts(column: Any) -> list[str]:
    return ["" if value is None else str(value) for value in column.to_pylist()]
