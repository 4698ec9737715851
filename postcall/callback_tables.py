"""Tables of promised call-backs: one row a promise, and counts by agent, team and queue. `postcall.callbacks` defines them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from postcall.fields import AgentId, CallId, NotMeasurable, OfWeek, QueueName, TeamName
from postcall.tables import Field, table

STATES = ("kept", "late", "not_kept", "open", "not_measurable")

CallbackState = Annotated[
    str,
    Field("What became of the promise by the end of the known calls; `postcall.callbacks` defines each.", enum=STATES),
]

PromisedAt = Annotated[
    datetime | None, Field("When the call back was promised, UTC; empty when the call's times are not known.")
]

DueFromAt = Annotated[datetime | None, Field("From when the promised call is due, UTC.")]

DueByAt = Annotated[datetime | None, Field("Until when the promised call is due, UTC.")]

HasPromisedTime = Annotated[
    bool, Field("Whether a time was named; otherwise the call is due by the policy: `callback.default_working_days`.")
]


@table("kpi_callback", grain="promised call back", primary_key=("call_id",))
class KpiCallback:
    """What became of each promise to call back, on the day of the promise; later nights bring it up to date."""

    call_id: CallId
    agent_id: AgentId
    team: TeamName
    queue: QueueName
    promised_at: PromisedAt
    due_from_at: DueFromAt
    due_by_at: DueByAt
    has_promised_time: HasPromisedTime
    callback_state: CallbackState
    late_ms: Annotated[
        int | None,
        Field(
            "From when the promised call was due to when it was made, 0 when it was in time; empty without a call.",
            unit="ms",
            minimum=0,
        ),
    ]
    callback_call_id: Annotated[str | None, Field("The call that counts as the call back.")]
    called_back_at: Annotated[datetime | None, Field("When that call began, UTC.")]
    is_callback_answered: Annotated[
        bool | None, Field("Whether the customer answered it; empty without a call, or when its record cannot tell.")
    ]
    is_early: Annotated[bool | None, Field("Whether it came before the time that was promised; empty without a call.")]
    callback_attempts: Annotated[
        int | None,
        Field(
            "Outbound calls to the customer from the promise until one is answered, or until it is too late; empty when the "
            "customer is not known.",
            minimum=0,
        ),
    ]
    has_customer_called_again: Annotated[
        bool | None,
        Field("Whether the customer called before being called back; empty when the customer is not known."),
    ]
    not_measurable: NotMeasurable


@dataclass(frozen=True, kw_only=True)
class PromiseCounts:
    """Columns of counts of promises."""

    agent_id: AgentId
    team: TeamName
    queue: QueueName
    promises: Annotated[int, Field("Calls in which a call back was promised.", minimum=1)]
    promises_with_time: Annotated[int, Field("Of them promises that name a time.", minimum=0)]
    promises_kept: Annotated[int, Field("Promises that were kept.", minimum=0)]
    promises_late: Annotated[int, Field("Promises that were kept too late.", minimum=0)]
    promises_not_kept: Annotated[int, Field("Promises that are due and were not kept.", minimum=0)]
    promises_open: Annotated[int, Field("Promises that are not due yet.", minimum=0)]
    promises_unjudged: Annotated[int, Field("Promises of which it cannot be told.", minimum=0)]
    kept_share: Annotated[
        float | None,
        Field(
            "promises_kept / (promises_kept + promises_late + promises_not_kept).",
            unit="share",
            minimum=0,
            maximum=1,
            additive=False,
        ),
    ]
    kept_low_share: Annotated[
        float | None,
        Field("Lower end of the Wilson 95 % interval of kept_share.", unit="share", minimum=0, maximum=1, additive=False),
    ]
    kept_high_share: Annotated[
        float | None,
        Field("Upper end of the Wilson 95 % interval of kept_share.", unit="share", minimum=0, maximum=1, additive=False),
    ]
    kept_verdict: Annotated[
        str,
        Field(
            "kept_share against `callback.kept_target_share`: 'met' or 'not met' when the whole interval lies on one side of "
            "it, 'open' when the interval holds the target, 'too few calls' below `kpi.minimum_calls` judged promises.",
            enum=("met", "not met", "open", "too few calls"),
            additive=False,
        ),
    ]
    median_late_ms: Annotated[
        int | None, Field("Median of late_ms over late call-backs.", unit="ms", minimum=0, additive=False)
    ]


@table("kpi_callback_daily", grain="agent, team, queue and day of the promise", primary_key=("agent_id", "team", "queue"))
class KpiCallbackDaily(PromiseCounts):
    """How the call-backs that were promised on a day are kept; later nights bring it up to date."""


@table("kpi_callback_weekly", grain="agent, team, queue and week of the promise", primary_key=("agent_id", "team", "queue"))
class KpiCallbackWeekly(PromiseCounts, OfWeek):
    """How the call-backs that were promised in a week are kept; later nights bring it up to date."""


CALLBACK_ROWS = (KpiCallback, KpiCallbackDaily, KpiCallbackWeekly)
"""Tables that `follow_up`, `by_day` and `by_week` make."""
