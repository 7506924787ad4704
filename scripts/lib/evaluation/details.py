"""Reading columns of an evaluation's parquet file.

`pq.read_table` and an array's `to_numpy` import pandas, which takes longer than to read the file.
"""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def read_columns(path: Path, columns: Sequence[str]) -> pa.Table:
    """Return these columns; raises OSError or ValueError if the file has no such."""
    with pq.ParquetFile(path) as file:
        if missing := [name for name in columns if name not in file.schema_arrow.names]:
            raise ValueError(f"it has no column {', '.join(missing)}")
        return file.read(columns=list(columns), use_threads=False)
