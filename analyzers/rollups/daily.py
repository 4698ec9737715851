"""KPIs of each day.

Definition
----------
One row per day, over all its calls, with or without a recording; `postcall.kpi` defines the columns.

Edge cases
----------
A day without calls has no row.
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzers.contact import CallContact
from analyzers.dead_air import CallDeadAir
from analyzers.hold import CallHold
from analyzers.overtalk import CallOvertalk
from analyzers.response_latency import CallResponseLatency
from analyzers.silence import CallSilence
from analyzers.speaking_rate import CallSpeakingRate
from analyzers.speed_of_answer import CallSpeedOfAnswer
from analyzers.talk_time import CallTalkTime
from postcall.kpi import GroupKpis, KpiPolicy, group_kpis, join_calls
from postcall.rollup import Day, rollup
from postcall.tables import table

READS = (
    CallContact,
    CallHold,
    CallSpeedOfAnswer,
    CallTalkTime,
    CallSilence,
    CallDeadAir,
    CallOvertalk,
    CallResponseLatency,
    CallSpeakingRate,
)


@table("kpi_daily", grain="day", primary_key=())
class KpiDaily(GroupKpis):
    """KPIs of the whole centre on each day."""


@rollup(version=1, reads=READS)
def daily(day: Day, policy: KpiPolicy) -> Iterator[KpiDaily]:
    """The row of the day; none for a day without calls."""
    calls = join_calls(*(day.frame(row) for row in READS))
    for kpis in group_kpis(calls, None, policy):
        yield KpiDaily(**kpis)
