from dataclasses import FrozenInstanceError
from datetime import UTC, date, datetime
from typing import Annotated, Any

import pyarrow as pa
import pytest

from postcall.errors import TableError
from postcall.tables import STAMP, Field, Stamp, describe_columns, spec_of, table

MADE_BY = Stamp(date(2026, 3, 2), "run", 3, "abc")

Id = Annotated[str, Field("Id.")]


@table("event_probe", grain="probe", primary_key=("call_id", "start_ms"))
class Probe:
    """A probe of every column type.

    A second paragraph that is no description.
    """

    call_id: Id
    start_ms: Annotated[int | None, Field("Start.", unit="ms", minimum=0)] = 0
    level_db: Annotated[float, Field("Level.", unit="db", maximum=0)] | None = None
    kind: Annotated[str | None, Field("Kind.", enum=("a", "b"))] = None
    is_long: Annotated[bool, Field("Long.")] = False
    seen_at: Annotated[datetime | None, Field("When.")] = None


@table("call_other", grain="call", primary_key=())
class Other:
    """Another table."""

    call_id: Annotated[str, Field("Another meaning.")]


def test_the_row_class_is_the_table() -> None:
    spec = spec_of(Probe)
    assert spec is spec_of(Probe(call_id="c"))
    assert (spec.name, spec.prefix, spec.description) == ("event_probe", "event_", "A probe of every column type.")
    assert [(column.name, column.kind, column.nullable) for column in spec.columns] == [
        ("call_id", str, False),
        ("start_ms", int, True),
        ("level_db", float, True),
        ("kind", str, True),
        ("is_long", bool, False),
        ("seen_at", datetime, True),
    ]


def test_a_row_is_frozen_and_keyword_only() -> None:
    row = Probe(call_id="c")
    with pytest.raises(FrozenInstanceError):
        row.is_long = True  # type: ignore[misc]
    with pytest.raises(TypeError):
        Probe("c")  # type: ignore[call-arg]


def test_the_schema_carries_words_types_and_the_stamp() -> None:
    schema = spec_of(Probe).schema()
    assert schema.metadata == {b"description": b"A probe of every column type."}
    assert schema.field("level_db").metadata == {b"description": b"Level."}
    assert schema.field("seen_at").type == pa.timestamp("us", tz="UTC")
    assert not schema.field("call_id").nullable
    assert schema.names[-len(STAMP) :] == ["call_date", "run_id", "made_by_version", "policy_digest"]


def test_rows_become_a_sorted_stamped_table() -> None:
    rows = [Probe(call_id="b"), Probe(call_id="a", start_ms=7), Probe(call_id="a", start_ms=None), Probe(call_id="a")]
    stored = spec_of(Probe).to_arrow(rows, MADE_BY)
    assert stored.select(["call_id", "start_ms"]).to_pylist() == [
        {"call_id": "a", "start_ms": None},
        {"call_id": "a", "start_ms": 0},
        {"call_id": "a", "start_ms": 7},
        {"call_id": "b", "start_ms": 0},
    ]
    assert stored.schema == spec_of(Probe).schema()
    assert stored.slice(0, 1).select([column.name for column in STAMP]).to_pylist() == [
        {"call_date": date(2026, 3, 2), "run_id": "run", "made_by_version": 3, "policy_digest": "abc"}
    ]


def test_no_rows_are_a_table_of_none() -> None:
    stored = spec_of(Probe).to_arrow([], MADE_BY)
    assert (stored.num_rows, stored.schema) == (0, spec_of(Probe).schema())


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"start_ms": 1.0}, "start_ms: 1 values are not int"),
        ({"start_ms": True}, "start_ms: 1 values are not int"),
        ({"level_db": -1}, "level_db: 1 values are not float"),
        ({"start_ms": -1}, "start_ms: 1 values below 0"),
        ({"level_db": 0.5}, "level_db: 1 values above 0"),
        ({"level_db": float("nan")}, "level_db: 1 values are not finite"),
        ({"kind": "c"}, "kind: 1 values are none of a, b"),
        ({"is_long": None}, "is_long: 1 values are missing"),
        ({"seen_at": datetime(2026, 3, 2)}, "seen_at: times need a time zone"),
    ],
)
def test_what_breaks_the_declaration_is_refused_without_its_value(values: dict[str, Any], problem: str) -> None:
    good = Probe(call_id="marker", seen_at=datetime(2026, 3, 2, tzinfo=UTC), kind="a", level_db=0.0)
    with pytest.raises(TableError, match=problem) as caught:
        spec_of(Probe).to_arrow([good, Probe(call_id="marker", **{"start_ms": 5, **values})], MADE_BY)
    assert "marker" not in str(caught.value)


def test_two_rows_of_one_key_are_refused() -> None:
    with pytest.raises(TableError, match=r"1 rows repeat the primary key \(call_id, start_ms\)"):
        spec_of(Probe).to_arrow([Probe(call_id="a"), Probe(call_id="a", is_long=True)], MADE_BY)
    with pytest.raises(TableError, match="repeat"):
        spec_of(Other).to_arrow([Other(call_id="a"), Other(call_id="b")], MADE_BY)


def test_a_row_of_another_table_is_refused() -> None:
    with pytest.raises(TableError, match="rows must be Probe"):
        spec_of(Probe).to_arrow([Other(call_id="a")], MADE_BY)


@pytest.mark.parametrize(
    ("name", "key", "columns", "doc", "problem"),
    [
        ("probe", (), {"call_id": Id}, "Doc.", "needs a prefix"),
        ("call_x", ("nothing",), {"call_id": Id}, "Doc.", "primary key"),
        ("call_x", (), {"call_id": Id}, "", "needs a docstring"),
        ("call_x", (), {"run_id": Id}, "Doc.", "added to every table"),
        ("call_x", (), {"call_id": str}, "Doc.", "annotate it with a Field"),
        ("call_x", (), {"call_id": Annotated[list, Field("L.")]}, "Doc.", "is no column type"),
        ("call_x", (), {"call_id": Annotated[int | str, Field("L.")]}, "Doc.", "a column has one type"),
        ("call_x", (), {"talk_ms": Annotated[int, Field("T.")]}, "Doc.", "the name ends like 'ms'"),
        ("call_x", (), {"talk": Annotated[int, Field("T.", unit="ms")]}, "Doc.", "unit 'ms'"),
        ("call_x", (), {"a_per_min": Annotated[float, Field("T.", unit="min")]}, "Doc.", "ends like 'per_min'"),
        ("call_x", (), {"a_per_s": Annotated[float, Field("T.", unit="s")]}, "Doc.", "ends like 'per_s'"),
    ],
)
def test_a_wrong_declaration_is_found_at_import(
    name: str, key: tuple[str, ...], columns: dict[str, Any], doc: str, problem: str
) -> None:
    row = type("Row", (), {"__annotations__": columns, "__doc__": doc, "__module__": __name__})
    with pytest.raises(TypeError, match=problem):
        table(name, grain="call", primary_key=key)(row)


def test_two_meanings_of_one_name_show() -> None:
    meanings = describe_columns([spec_of(Probe), spec_of(Other)])
    assert len(meanings["call_id"]) == 2
    assert meanings["start_ms"] == {("Start.", "ms", int)}


@table("event_private", grain="secret", primary_key=("call_id",))
class Private:
    """A row with personal data."""

    call_id: Id
    agent_name: Annotated[str | None, Field("Name.", pii=True)]


def test_personal_data_does_not_show_in_a_repr() -> None:
    shown = repr(Private(call_id="c-1", agent_name="Anna"))
    assert "c-1" in shown
    assert "Anna" not in shown
