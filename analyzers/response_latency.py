"""How fast each party answers the other.

Conventions
-----------
Milliseconds, from the speech timeline. Quantiles by linear interpolation, rounded to 1 ms.

Definition
----------
A response is an utterance of one party where the other spoke last; backchannels are passed over. Its latency is its
start minus the end of the other's speech::

    customer  ######          ####
    agent            ####
                    1    22222          1 latency of the agent, 2 of the customer

A response that starts before the other has ended has no latency: it is *overlapped*, and counted so.

Edge cases
----------
A latency over ``max_s`` is a lapse, not a response time: *late*, counted, and left out of the quantiles. A gap that
touches a hold is left out altogether; where holds are not known, only ``max_s`` keeps them away. A party that goes on
after the other's remark inside its speech does not respond. The first to speak responds to nobody. At a recorder beside
the agent the customer's latencies hold the way through the network and back: do not compare the two parties.

References
----------
Heldner & Edlund (2010), J. Phonetics 38:555, for gaps and overlaps; Levinson & Torreira (2015), Front. Psychol. 6:731:
most are around 200 ms.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from postcall.analyzer import analyzer
from postcall.call import Call
from postcall.fields import CallId, IsHoldKnown, NotMeasurable, SpeakerRole, StartMs
from postcall.not_measurable import Reasons
from postcall.policy import Policy, Setting
from postcall.spans import Spans
from postcall.statistics import quantile
from postcall.tables import Field, table
from postcall.telephony import Role


class ResponseLatencyPolicy(Policy):
    """Which gaps are responses."""

    max_s: float = Setting(
        10.0,
        gt=0,
        le=60,
        description="Longer gaps are lapses: counted as late, not timed. Larger: a few long gaps raise the 90th percentile.",
        source="research: floor-transfer offsets over 10 s are left out",
    )


@table("call_response_latency", grain="call whose parties are told apart", primary_key=("call_id",))
class CallResponseLatency:
    """How fast each party answers the other."""

    call_id: CallId
    agent_responses: Annotated[
        int, Field("Responses of the agent with a latency of at most `response_latency.max_s`.", minimum=0)
    ]
    agent_latency_median_ms: Annotated[
        int | None, Field("Median latency of the agent's responses.", unit="ms", minimum=0, additive=False)
    ]
    agent_latency_p90_ms: Annotated[
        int | None, Field("90th percentile of the latency of the agent's responses.", unit="ms", minimum=0, additive=False)
    ]
    agent_overlapped_responses: Annotated[
        int, Field("Times the agent took the floor before the customer had ended.", minimum=0)
    ]
    agent_late_responses: Annotated[int, Field("Responses of the agent after more than `response_latency.max_s`.", minimum=0)]
    customer_responses: Annotated[
        int, Field("Responses of the customer with a latency of at most `response_latency.max_s`.", minimum=0)
    ]
    customer_latency_median_ms: Annotated[
        int | None, Field("Median latency of the customer's responses.", unit="ms", minimum=0, additive=False)
    ]
    customer_latency_p90_ms: Annotated[
        int | None, Field("90th percentile of the latency of the customer's responses.", unit="ms", minimum=0, additive=False)
    ]
    customer_overlapped_responses: Annotated[
        int, Field("Times the customer took the floor before the agent had ended.", minimum=0)
    ]
    customer_late_responses: Annotated[
        int, Field("Responses of the customer after more than `response_latency.max_s`.", minimum=0)
    ]
    is_hold_known: IsHoldKnown
    not_measurable: NotMeasurable


@table(
    "event_response", grain="response with a latency of at most `response_latency.max_s`", primary_key=("call_id", "start_ms")
)
class EventResponse:
    """Responses of one party to the other."""

    call_id: CallId
    start_ms: StartMs
    role: SpeakerRole
    latency_ms: Annotated[int, Field("From the end of the other's speech to the start of the response.", unit="ms", minimum=0)]


@dataclass(slots=True)
class _Responses:
    """What one party's responses come to."""

    latencies_ms: list[int] = field(default_factory=list)
    overlapped: int = 0
    late: int = 0


@analyzer(version=1)
def response_latency(call: Call, policy: ResponseLatencyPolicy) -> Iterator[CallResponseLatency | EventResponse]:
    """One row of both parties' latencies, then the responses."""
    why = Reasons()
    holds = call.holds() if call.is_hold_known else ()
    hold_ends = [hold.end_ms for hold in holds]
    found = {Role.AGENT: _Responses(), Role.CUSTOMER: _Responses()}
    events: list[EventResponse] = []
    for role, start_ms, latency_ms in _floor_changes(call):
        own = found[role]
        if latency_ms < 0:
            own.overlapped += 1
        elif _touches(holds, hold_ends, start_ms - latency_ms, start_ms):
            continue
        elif latency_ms > policy.max_s * 1000:
            own.late += 1
        else:
            own.latencies_ms.append(latency_ms)
            events.append(EventResponse(call_id=call.call_id, start_ms=start_ms, role=role.value, latency_ms=latency_ms))

    def latency_ms_at(column: str, role: Role, q: float) -> int | None:
        return why.known(column, quantile(found[role].latencies_ms, q), f"no timed response of the {role}")

    agent, customer = found[Role.AGENT], found[Role.CUSTOMER]
    yield CallResponseLatency(
        call_id=call.call_id,
        agent_responses=len(agent.latencies_ms),
        agent_latency_median_ms=latency_ms_at("agent_latency_median_ms", Role.AGENT, 0.5),
        agent_latency_p90_ms=latency_ms_at("agent_latency_p90_ms", Role.AGENT, 0.9),
        agent_overlapped_responses=agent.overlapped,
        agent_late_responses=agent.late,
        customer_responses=len(customer.latencies_ms),
        customer_latency_median_ms=latency_ms_at("customer_latency_median_ms", Role.CUSTOMER, 0.5),
        customer_latency_p90_ms=latency_ms_at("customer_latency_p90_ms", Role.CUSTOMER, 0.9),
        customer_overlapped_responses=customer.overlapped,
        customer_late_responses=customer.late,
        is_hold_known=call.is_hold_known,
        not_measurable=why.text(),
    )
    yield from events


def _floor_changes(call: Call) -> Iterator[tuple[Role, int, int]]:
    """Party, start and latency (negative: overlapped) of each response, in order of start."""
    ends: dict[Role, int] = {}
    previous: Role | None = None
    for utterance in call.utterances:
        if utterance.is_backchannel:
            continue
        role, start_ms = utterance.role, utterance.span.start_ms
        other_end = ends.get(role.other)
        # A party whose own speech outlasted the other's goes on; an overlapped stretch counts once, at its first utterance.
        if other_end is not None and other_end >= ends.get(role, 0) and (start_ms >= other_end or previous is role.other):
            yield role, start_ms, start_ms - other_end
        ends[role] = utterance.span.end_ms
        previous = role


def _touches(holds: Spans, hold_ends: Sequence[int], start_ms: int, end_ms: int) -> bool:
    """Whether a hold shares an instant with the gap, its edges included."""
    index = bisect_left(hold_ends, start_ms)
    return index < len(holds) and holds[index].start_ms <= end_ms
