"""One declaration per table: the row class is the table.

Definition
----------
``@table`` makes a frozen dataclass out of a class whose annotations carry a `Field`. From it come the Arrow schema, the
checks at the write boundary, the data dictionary and the retention rules. The prefix of the name is the grain:

==========  =====================================
prefix      one row is
==========  =====================================
``stage_``  an engine's output
``call_``   a call
``event_``  something that happened in a call
``rule_``   a call and a rule
``kpi_``    a rollup
``run_``    a run, or something that happened in it
==========  =====================================

Conventions
-----------
A column with a unit ends in it (``_ms``, ``_s``, ``_wpm``, …). Nothing is coerced silently: a float in an integer column is
an error. Every stored row carries the columns of `STAMP` besides its own.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import date, datetime
from operator import attrgetter, eq
from types import NoneType
from typing import Annotated, Any, TypeVar, Union, dataclass_transform, get_args, get_origin, get_type_hints

import pyarrow as pa
import pyarrow.compute as pc

from postcall.errors import TableError
from postcall.quick_init import quick_init

T = TypeVar("T")

PREFIXES = ("stage_", "call_", "event_", "rule_", "kpi_", "run_")
UNIT_SUFFIXES = ("ms", "s", "hz", "dbfs", "db", "wpm", "cpm", "pct", "share", "per_min", "per_s", "st")
ARROW_TYPES: dict[type, pa.DataType] = {
    int: pa.int64(),
    float: pa.float64(),
    str: pa.string(),
    bool: pa.bool_(),
    date: pa.date32(),
    datetime: pa.timestamp("us", tz="UTC"),
}


@dataclass(frozen=True, slots=True)
class Field:
    """What a column means and which values it admits.

    Attributes
    ----------
    description
        One sentence for the reader of a dashboard.
    unit
        As the suffix of the column's name, e.g. ``ms``; None for ids, names, counts and flags.
    minimum, maximum
        Bounds, both admitted.
    enum
        The only admitted values of a text column.
    pii
        Whether it holds personal data: erasure and retention act on it.
    additive
        Whether the column of a ``kpi_`` table may be summed over days and groups. Medians, shares and their bounds may not.
    """

    description: str
    unit: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    enum: tuple[str, ...] | None = None
    pii: bool = False
    additive: bool = True


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    name: str
    kind: type
    nullable: bool
    field: Field

    @property
    def arrow(self) -> pa.Field:
        """Arrow field with the description as metadata."""
        return pa.field(self.name, ARROW_TYPES[self.kind], self.nullable, {"description": self.field.description})


@dataclass(frozen=True, slots=True)
class Stamp:
    """What made a row; stored in every one.

    Attributes
    ----------
    call_date
        The night's business day.
    run_id
        Digest of everything that determines the rows; the same inputs give the same id.
    made_by_version
        Version of the analyzer or rollup.
    policy_digest
        Digest of the whole policy in force.
    """

    call_date: date
    run_id: str
    made_by_version: int
    policy_digest: str


STAMP: tuple[Column, ...] = (
    Column("call_date", date, False, Field("Business day in the centre's time zone; the partition.")),
    Column("run_id", str, False, Field("What made the row: digest of the day's inputs, policy and versions; see run_night.")),
    Column("made_by_version", int, False, Field("Version of the analyzer or rollup that made the row.", minimum=1)),
    Column("policy_digest", str, False, Field("Digest of the policy in force.")),
)


@dataclass(frozen=True, slots=True)
class TableSpec:
    """A declared table.

    Attributes
    ----------
    name, grain, primary_key, description
        As declared.
    row
        The row class.
    columns
        Of the row class, in order of declaration, without the stamp.
    """

    name: str
    grain: str
    primary_key: tuple[str, ...]
    description: str
    row: type
    columns: tuple[Column, ...]

    @property
    def prefix(self) -> str:
        """The grain's prefix, e.g. ``call_``."""
        return self.name[: self.name.index("_") + 1]

    @property
    def stored_columns(self) -> tuple[Column, ...]:
        """All columns of the stored table, stamp included."""
        return (*self.columns, *STAMP)

    def schema(self) -> pa.Schema:
        """Arrow schema of the stored table."""
        return pa.schema([column.arrow for column in self.stored_columns], {"description": self.description})

    def to_arrow(self, rows: Sequence[Any], stamp: Stamp) -> pa.Table:
        """Rows -> a checked Arrow table, sorted by primary key.

        Raises
        ------
        TableError
            A row of another class, a value of another type, out of bounds or not of the enum, a NULL where none may be, or
            two rows with one key. The message names table, column and number of rows, never a value.
        """
        if any(type(row) is not self.row for row in rows):
            raise TableError(f"{self.name}: rows must be {self.row.__name__}")
        values = self._by_column(rows)
        for column in self.columns:
            self._check_kind(column, values[column.name])
        keys = self._sort_keys(values)
        order = sorted(range(len(rows)), key=keys.__getitem__)
        if order != list(range(len(rows))):
            keys = [keys[at] for at in order]
            values = {name: [of[at] for at in order] for name, of in values.items()}
        if doubled := sum(map(eq, keys, keys[1:])):
            raise TableError(f"{self.name}: {doubled} rows repeat the primary key ({', '.join(self.primary_key)})")
        arrays = [self._checked(column, values[column.name]) for column in self.columns]
        stamped = [pa.repeat(pa.scalar(getattr(stamp, c.name), ARROW_TYPES[c.kind]), len(rows)) for c in STAMP]
        return pa.Table.from_arrays([*arrays, *stamped], schema=self.schema())

    def _by_column(self, rows: Sequence[Any]) -> dict[str, Sequence[Any]]:
        names = [column.name for column in self.columns]
        if len(names) == 1 or not rows:
            return {name: [getattr(row, name) for row in rows] for name in names}
        return dict(zip(names, zip(*map(attrgetter(*names), rows), strict=True), strict=True))

    def _sort_keys(self, values: Mapping[str, Sequence[Any]]) -> Sequence[Any]:
        """As `sort_key`, of columns of values; shorter where nothing can be missing, for there are many rows."""
        if not self.primary_key:
            return [()] * len(next(iter(values.values()), ()))
        parts: list[Sequence[Any]]
        if any(column.nullable for column in self.columns if column.name in self.primary_key):
            parts = [[(v is not None, v if v is not None else 0) for v in values[name]] for name in self.primary_key]
        else:
            parts = [values[name] for name in self.primary_key]
        return list(zip(*parts, strict=True)) if len(parts) > 1 else parts[0]

    def sort_key(self, row: Any) -> tuple[tuple[bool, Any], ...]:
        """Where a row stands among the others: by the primary key, what is missing first."""
        values = (getattr(row, name) for name in self.primary_key)
        return tuple((value is not None, value if value is not None else 0) for value in values)

    def _check_kind(self, column: Column, values: Sequence[Any]) -> None:
        kinds = set(map(type, values))
        if kinds - {column.kind, NoneType}:
            wrong = sum(value is not None and type(value) is not column.kind for value in values)
            raise TableError(f"{self.name}.{column.name}: {wrong} values are not {column.kind.__name__}")
        if not column.nullable and NoneType in kinds:
            raise TableError(f"{self.name}.{column.name}: {values.count(None)} values are missing, and none may be")
        if column.kind is datetime and any(value is not None and value.tzinfo is None for value in values):
            raise TableError(f"{self.name}.{column.name}: times need a time zone")

    def _checked(self, column: Column, values: Sequence[Any]) -> pa.Array:
        array = pa.array(values, ARROW_TYPES[column.kind])
        field = column.field
        if column.kind is float and (bad := pc.sum(pc.invert(pc.is_finite(array))).as_py()):
            raise TableError(f"{self.name}.{column.name}: {bad} values are not finite")
        if field.minimum is not None and (low := pc.sum(pc.less(array, field.minimum)).as_py()):
            raise TableError(f"{self.name}.{column.name}: {low} values below {field.minimum}")
        if field.maximum is not None and (high := pc.sum(pc.greater(array, field.maximum)).as_py()):
            raise TableError(f"{self.name}.{column.name}: {high} values above {field.maximum}")
        if field.enum is not None:
            known = pc.is_in(pc.drop_null(array), pa.array(field.enum, pa.string()))
            if other := pc.sum(pc.invert(known)).as_py():
                raise TableError(f"{self.name}.{column.name}: {other} values are none of {', '.join(field.enum)}")
        return array


@dataclass_transform(frozen_default=True, kw_only_default=True)
def table(name: str, *, grain: str, primary_key: tuple[str, ...]) -> Callable[[type[T]], type[T]]:
    """Declare a table; the decorated class becomes its frozen, keyword-only row.

    Parameters
    ----------
    name
        With one of `PREFIXES`.
    grain
        What one row is.
    primary_key
        Columns that tell the rows of one day apart.

    Raises
    ------
    TypeError
        The declaration is incomplete: a defect of the code, found at import.
    """

    def declare(cls: type[T]) -> type[T]:
        description = _first_paragraph(cls)  # before dataclass() writes a signature where there is no docstring
        hints = {key: hint for key, hint in get_type_hints(cls, include_extras=True).items() if not key.startswith("_")}
        for key, hint in hints.items():
            if _column(cls, key, hint).field.pii:
                setattr(cls, key, dataclass_field(repr=False))  # rows appear in messages of failed assertions and tracebacks
        row = quick_init(dataclass(frozen=True, slots=True, kw_only=True)(cls))
        columns = tuple(_column(row, key, hint) for key, hint in hints.items())
        spec = TableSpec(name, grain, primary_key, description, row, columns)
        _check_declaration(spec)
        row.__table__ = spec  # type: ignore[attr-defined]
        return row

    return declare


def spec_of(row: type | Any) -> TableSpec:
    """The table that a row class, or a row, belongs to.

    Raises
    ------
    TypeError
        Not declared with `table`.
    """
    spec = getattr(row, "__table__", None)
    if not isinstance(spec, TableSpec):
        raise TypeError(f"{row!r} is not declared with @table")
    return spec


def describe_columns(specs: Iterable[TableSpec]) -> dict[str, set[tuple[str, str | None, type]]]:
    """Column name -> the meanings (description, unit, type) it has across tables; one each when all is well."""
    meanings: dict[str, set[tuple[str, str | None, type]]] = {}
    for spec in specs:
        for column in spec.columns:
            meanings.setdefault(column.name, set()).add((column.field.description, column.field.unit, column.kind))
    return meanings


def _first_paragraph(cls: type) -> str:
    return " ".join((cls.__doc__ or "").strip().split("\n\n", 1)[0].split())


def _column(row: type, name: str, hint: Any) -> Column:
    """Read ``Annotated[T, Field]``, ``Annotated[T | None, Field]`` and ``Annotated[T, Field] | None``."""
    found: Field | None = None
    nullable = False
    while True:
        origin = get_origin(hint)
        if origin is Annotated:
            inner, *notes = get_args(hint)
            found = found or next((note for note in notes if isinstance(note, Field)), None)
            hint = inner
        elif origin in (Union, types.UnionType):
            nullable = nullable or type(None) in get_args(hint)
            others = [arg for arg in get_args(hint) if arg is not type(None)]
            if len(others) != 1:
                raise TypeError(f"{row.__name__}.{name}: a column has one type, or one type and None")
            hint = others[0]
        else:
            break
    if found is None:
        raise TypeError(f"{row.__name__}.{name}: annotate it with a Field, so that it is documented")
    if hint not in ARROW_TYPES:
        raise TypeError(f"{row.__name__}.{name}: {hint!r} is no column type; use {', '.join(t.__name__ for t in ARROW_TYPES)}")
    return Column(name, hint, nullable, found)


def _check_declaration(spec: TableSpec) -> None:
    if not spec.name.startswith(PREFIXES):
        raise TypeError(f"table '{spec.name}' needs a prefix that says its grain: {', '.join(PREFIXES)}")
    if not spec.description:
        raise TypeError(f"{spec.row.__name__} needs a docstring: it is the table's description")
    names = [column.name for column in spec.columns]
    if unknown := [key for key in spec.primary_key if key not in names]:
        raise TypeError(f"table '{spec.name}': primary key {unknown} is not among its columns")
    if taken := [column.name for column in STAMP if column.name in names]:
        raise TypeError(f"table '{spec.name}': {taken} is added to every table")
    for column in spec.columns:
        suffix = next((s for s in sorted(UNIT_SUFFIXES, key=len, reverse=True) if column.name.endswith(f"_{s}")), None)
        if suffix != column.field.unit:
            raise TypeError(f"{spec.name}.{column.name}: unit {column.field.unit!r}, but the name ends like {suffix!r}")
