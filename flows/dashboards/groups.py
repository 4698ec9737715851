"""Measures of groups of rows, with pandas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from flows.dashboards.measures import MEASURES, columns_of, measure_of


def measure_groups(frame: pd.DataFrame, by: Sequence[str], names: Sequence[str], minimum_n: int) -> list[dict[str, Any]]:
    """A row for each group and measure: the keys, ``measure``, ``value``, ``low``, ``high``, ``calls``, ``is_few``.

    Parameters
    ----------
    frame
        Rows with the keys and the columns of the measures.
    by
        Keys; none for all rows as one group.
    names
        Of `MEASURES`.
    minimum_n
        Fewer calls are few.
    """
    columns = columns_of(names)
    if frame.empty:
        return []
    numbers = frame[columns].astype("Float64")
    key: Any = [frame[name] for name in by] or [pd.Series(0, index=frame.index)]
    sums = numbers.groupby(key, dropna=False).sum(min_count=1)
    rows: list[dict[str, Any]] = []
    known = sums.astype(object).where(sums.notna(), None)
    for label, record in zip(known.index, known.to_dict("records"), strict=True):
        values: dict[str, Any] = {str(column): value for column, value in record.items()}
        labels = label if isinstance(label, tuple) else (label,)
        keys = dict(zip(by, labels, strict=False))
        rows += [{**keys, "measure": name, **measure_of(MEASURES[name], values, minimum_n)} for name in names]
    return rows
