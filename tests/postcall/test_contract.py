from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import pytest

from postcall.contract import row_tables
from postcall.tables import Field, spec_of, table


@table("event_first_probe", grain="probe", primary_key=("probe_id",))
class First:
    """A probe."""

    probe_id: Annotated[str, Field("Id.")]


@table("event_second_probe", grain="probe", primary_key=("probe_id",))
class Second:
    """Another probe."""

    probe_id: Annotated[str, Field("Id.")]


def test_row_tables_of_an_annotation() -> None:
    assert row_tables("f", Iterator[First]) == (spec_of(First),)
    assert row_tables("f", Iterator[First | Second]) == (spec_of(First), spec_of(Second))
    for wrong in (list[First], First, None):
        with pytest.raises(TypeError, match="must be annotated to return"):
            row_tables("f", wrong)
    with pytest.raises(TypeError, match="not declared with @table"):
        row_tables("f", Iterator[int])
