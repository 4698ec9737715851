"""One row a team, and one for the calls whose record names none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from postcall.call import Call
from postcall.testing.drawing import make_call

CALL = make_call("seconds   0         10        20\nagent     ####\ncustomer      ####  ####")


def of(team: str | None, call_id: str) -> Call:
    return replace(CALL, telephony=replace(CALL.telephony, team=team, call_id=call_id))


def test_calls_go_to_their_agents_team(rows_of_day: Any) -> None:
    rows = rows_of_day("team_daily", [of("north", "1"), of(None, "2"), of("север", "3"), of("north", "4")])
    assert [(r.team, r.calls_offered, r.speech_ms) for r in rows] == [
        ("", 1, 12_000),
        ("north", 2, 24_000),
        ("север", 1, 12_000),
    ]
