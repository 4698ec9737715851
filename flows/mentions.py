"""Files that name a call or a customer: pages, exports, whatever somebody wrote into the store.

Conventions
-----------
A text is named where it stands between other characters than letters, digits, ``_`` and ``-``, as it is or as HTML and JSON
write it. Parquet files are searched by their values, XLSX files by what they unpack to.
"""

from __future__ import annotations

import html
import json
import re
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from postcall.errors import StorageError


class Mentions:
    """Finds files that name one of some texts.

    Parameters
    ----------
    texts
        Ids of calls, keys of customers.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = frozenset(texts)
        forms = {
            form
            for text in self._texts
            for form in (text, html.escape(text), json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1])
        }
        named = "|".join(re.escape(form) for form in sorted(forms, key=lambda form: (-len(form), form)))
        self._pattern = re.compile(rf"(?<![\w-])(?:{named})(?![\w-])".encode()) if forms else None

    def are_in(self, file: Path) -> bool:
        """Whether a file names one of them.

        Raises
        ------
        StorageError
            It cannot be read.
        """
        if self._pattern is None:
            return False
        try:
            if file.suffix == ".parquet":
                return self._are_in_parquet(file)
            if file.suffix == ".xlsx" and zipfile.is_zipfile(file):
                with zipfile.ZipFile(file) as book:
                    return any(self._pattern.search(book.read(name)) for name in book.namelist())
            return self._pattern.search(file.read_bytes()) is not None
        except (OSError, pa.ArrowException, zipfile.BadZipFile) as error:
            raise StorageError(
                f"a file cannot be searched: {type(error).__name__}", hint="remove damaged files by hand"
            ) from error

    def _are_in_parquet(self, file: Path) -> bool:
        assert self._pattern is not None
        schema = pq.read_schema(file)
        columns = [field.name for field in schema if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)]
        for batch in pq.ParquetFile(file).iter_batches(columns=columns):
            for column in batch.columns:
                for value in column.unique().to_pylist():
                    if value is not None and (value in self._texts or self._pattern.search(value.encode())):
                        return True
        return False

    def below(self, folder: Path, *, leaving_out: Iterable[Path] = ()) -> Iterator[Path]:
        """Files of a folder, at any depth, that name one of them; in order of path."""
        out = [path.resolve() for path in leaving_out]
        if not folder.is_dir():
            return
        for file in sorted(folder.rglob("*")):
            if file.is_file() and not any(file.resolve().is_relative_to(path) for path in out) and self.are_in(file):
                yield file
