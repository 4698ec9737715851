"""Nobody sees more than is theirs: managers nothing personal, agents nothing of others."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import pytest

from postcall.errors import SettingsError
from postcall.fields import AgentId, CallId
from postcall.tables import Field, Stamp, spec_of, table
from storage.tables import Tables
from storage.views import Viewer, Views

DAYS = (date(2026, 3, 2), date(2026, 3, 3))
MARKER = "Anna Marker"


@table("call_contact", grain="call", primary_key=("call_id",))
class Contact:
    """Calls."""

    call_id: CallId
    agent_id: AgentId
    agent_name: Annotated[str, Field("Name.", pii=True)]


@table("event_pause", grain="pause", primary_key=("call_id",))
class Pause:
    """Pauses, without the agent's id."""

    call_id: CallId
    words: Annotated[str, Field("What was said.", pii=True)]


@table("stage_thing", grain="thing", primary_key=("call_id",))
class Thing:
    """What an engine made."""

    call_id: CallId


@table("kpi_daily", grain="day", primary_key=())
class Daily:
    """The centre."""

    calls: Annotated[int, Field("Calls.")]


@table("kpi_agent_daily", grain="agent", primary_key=("agent_id",))
class OfAgent:
    """Agents."""

    agent_id: AgentId
    calls: Annotated[int, Field("Calls.")]


@table("kpi_queue_daily", grain="queue", primary_key=())
class OfQueue:
    """Queues, of nobody in particular."""

    calls: Annotated[int, Field("Calls.")]


ROWS = (Contact, Pause, Thing, Daily, OfAgent, OfQueue)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("views")
    tables = Tables(folder)
    for day in DAYS:
        made = {
            Contact: [Contact(call_id=f"{day.day}-{agent}", agent_id=agent, agent_name=MARKER) for agent in "ab"],
            Pause: [Pause(call_id=f"{day.day}-{agent}", words=MARKER) for agent in "ab"],
            Thing: [Thing(call_id=f"{day.day}-a")],
            Daily: [Daily(calls=2)],
            OfAgent: [OfAgent(agent_id=agent, calls=1) for agent in "ab"],
            OfQueue: [OfQueue(calls=2)],
        }
        for row, rows in made.items():
            spec = spec_of(row)
            tables.replace_day(spec, day, spec.to_arrow(rows, Stamp(day, "run", 1, "0" * 12)), "run")
    return folder


def views(store: Path, viewer: Viewer, agent_id: str | None = None) -> Views:
    return Views(Tables(store), {spec_of(row).name: spec_of(row) for row in ROWS}, viewer, agent_id)


def test_who_sees_which_table(store: Path) -> None:
    all_tables = {spec_of(row).name for row in ROWS}
    assert set(views(store, Viewer.ANALYST).names()) == all_tables
    assert set(views(store, Viewer.MANAGER).names()) == all_tables - {"stage_thing"}
    assert set(views(store, Viewer.AGENT, "a").names()) == all_tables - {"stage_thing", "kpi_queue_daily"}


@pytest.mark.parametrize(("viewer", "agent_id"), [(Viewer.MANAGER, None), (Viewer.AGENT, "a")])
def test_nothing_personal_reaches_managers_and_agents(store: Path, viewer: Viewer, agent_id: str | None) -> None:
    seen = views(store, viewer, agent_id)
    for name in seen.names():
        assert MARKER not in str(seen.read(name).to_pylist()), name
    assert MARKER in str(views(store, Viewer.ANALYST).read("call_contact").to_pylist())


def test_an_agent_sees_own_calls_alone_even_where_a_table_has_no_agent(store: Path) -> None:
    seen = views(store, Viewer.AGENT, "a")
    for name in ("call_contact", "event_pause"):
        assert {row["call_id"] for row in seen.read(name).to_pylist()} == {"2-a", "3-a"}, name
    assert {row["agent_id"] for row in seen.read("kpi_agent_daily").to_pylist()} == {"a"}
    assert seen.read("kpi_daily").num_rows == len(DAYS)
    assert views(store, Viewer.AGENT, "nobody").read("event_pause").num_rows == 0


def test_days_and_columns_are_chosen(store: Path) -> None:
    found = views(store, Viewer.MANAGER).read("call_contact", columns=["call_id", "no_such"], first=DAYS[1], last=DAYS[1])
    assert found.column_names == ["call_id"]
    assert sorted(found["call_id"].to_pylist()) == ["3-a", "3-b"]


def test_what_is_not_shown_is_refused_and_not_left_out(store: Path) -> None:
    manager = views(store, Viewer.MANAGER)
    with pytest.raises(SettingsError, match="does not see agent_name"):
        manager.read("call_contact", columns=["call_id", "agent_name"])
    with pytest.raises(SettingsError, match="a manager does not see table 'stage_thing'"):
        manager.read("stage_thing")
    with pytest.raises(SettingsError, match="no table"):
        manager.read("call_contct")


def test_a_column_that_nobody_declared_is_withheld(store: Path) -> None:
    known = {name: spec for name, spec in views(store, Viewer.MANAGER).specs.items() if name != "event_pause"}
    assert "event_pause" not in Views(Tables(store), known, Viewer.MANAGER).names()
    assert "event_pause" in Views(Tables(store), known, Viewer.ANALYST).names()


@pytest.mark.parametrize(("viewer", "agent_id"), [(Viewer.AGENT, None), (Viewer.AGENT, ""), (Viewer.MANAGER, "a")])
def test_only_agents_have_an_id_and_they_need_one(store: Path, viewer: Viewer, agent_id: str | None) -> None:
    with pytest.raises(SettingsError, match="needs an agent's id"):
        views(store, viewer, agent_id)
