"""The finest groups of calls: they add up to every other table of the day."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from postcall.testing.drawing import make_call

CALL = make_call("seconds   0         10        20\nagent     ####\ncustomer      ####  ####")


def test_groups_add_up_to_agents_queues_and_the_day(rows_of_day: Any) -> None:
    names = [("a", "t", "q"), ("a", "t", "r"), ("b", "t", "q"), ("b", "u", "q"), (None, None, None)]
    calls = [
        replace(CALL, telephony=replace(CALL.telephony, call_id=f"c-{number}", agent_id=agent, team=team, queue=queue))
        for number, (agent, team, queue) in enumerate([*names, names[0]])
    ]
    rows = rows_of_day("agent_queue_daily", calls)
    keys = [(row.agent_id, row.team, row.queue, row.calls_handled) for row in rows]
    assert keys == [("", "", "", 1), ("a", "t", "q", 2), ("a", "t", "r", 1), ("b", "t", "q", 1), ("b", "u", "q", 1)]
    for rollup, key in (("agent_daily", "agent_id"), ("queue_daily", "queue"), ("team_daily", "team")):
        added: Counter[str] = Counter()
        for row in rows:
            added[getattr(row, key)] += row.speech_ms
        assert added == {getattr(row, key): row.speech_ms for row in rows_of_day(rollup, calls)}
