"""One file is one KPI table."""

import pandas as pd

from analyzers.call_end import CallEnd
from analyzers.call_shape import CallShape
from analyzers.contact import CallContact
from analyzers.dead_air import CallDeadAir
from analyzers.hold import CallHold
from analyzers.overtalk import CallOvertalk
from analyzers.response_latency import CallResponseLatency
from analyzers.ringing import CallRinging
from analyzers.silence import CallSilence
from analyzers.speaking_rate import CallSpeakingRate
from analyzers.speed_of_answer import CallSpeedOfAnswer
from analyzers.talk_time import CallTalkTime
from postcall.kpi import join_calls
from postcall.rollup import Day

CALL_TABLES = (
    CallContact,
    CallHold,
    CallSpeedOfAnswer,
    CallRinging,
    CallTalkTime,
    CallSilence,
    CallDeadAir,
    CallOvertalk,
    CallShape,
    CallEnd,
    CallResponseLatency,
    CallSpeakingRate,
)
"""Tables that `postcall.kpi` makes the KPIs of a group of calls from, every call's first."""


def calls_of(day: Day) -> pd.DataFrame:
    """All calls of a day with the columns of `CALL_TABLES`."""
    return day.once(CALL_TABLES, lambda: join_calls(*map(day.frame, CALL_TABLES)))
