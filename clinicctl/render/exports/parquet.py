"""Write exported rows as Parquet, some at a time."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, BinaryIO

from clinicctl import errors
from clinicctl.results.exports import CellType, Column

try:
    import pyarrow  # type: ignore[import-untyped]  # it has no types
    from pyarrow import parquet
except ImportError:
    raise errors.NoLibrary(format="Parquet", library="pyarrow", extra="parquet") from None

_AT_ONCE = 20_000


def write_parquet(columns: Sequence[Column], rows: Iterable[tuple[Any, ...]], file: BinaryIO) -> None:
    """Write a table with typed columns. Instants are in UTC."""
    types = {
        CellType.TEXT: pyarrow.string(),
        CellType.NUMBER: pyarrow.int64(),
        CellType.BOOLEAN: pyarrow.bool_(),
        CellType.DATE: pyarrow.date32(),
        CellType.TIME: pyarrow.time32("ms"),
        CellType.INSTANT: pyarrow.timestamp("us", tz="UTC"),
        CellType.TEXTS: pyarrow.list_(pyarrow.string()),
    }
    schema = pyarrow.schema([(each.name, types[each.type]) for each in columns])
    left = iter(rows)
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        while some := list(islice(left, _AT_ONCE)):
            found = [
                pyarrow.array(values, type=each.type)
                for values, each in zip(zip(*some, strict=True), schema, strict=True)
            ]
            writer.write_batch(pyarrow.record_batch(found, schema=schema))
