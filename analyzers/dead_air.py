"""Dead air: silences so long that the customer must wonder whether anybody is there.

Conventions
-----------
Milliseconds of the recording, from the speech timeline of all voices.

Definition
----------
A silence (nobody speaks, inside the conversation, outside hold) of at least ``dead_air.min_s``. Its owner is who owed
the next word, and what precedes it is told, by the rules of `postcall.silence_owner`::

    seconds   0         10        20        30
    agent     ####                      ####
    customer      #####
    hold               ------

The agent's dead air from 15 to 26 s: the hold before it is none.

exempt
    What is preceded by one of ``dead_air.exempt`` and lasts no longer than ``dead_air.exempt_max_s`` is no dead air. It keeps
    its row, marked, and is counted apart.

Edge cases
----------
When nobody speaks there is no conversation: the measures are empty, not 0. Where holds are not known (``is_hold_known``
false) time on hold counts as dead air. An announced search is dead air all the same, and the agent's: the manual asks
for a hold then, or for talk. While the customer writes down what the agent dictates, the dialogue goes on: exempt by default. A
silent search after the customer dictated is not. In a mono recording dead air has no owner, and nothing is exempt; nor is it
without words.

References
----------
mts-01: no silence longer than 10 s in which the customer hears nothing and no dialogue goes on; mts-02: a longer search
belongs on hold; mts-08: a short one is filled with talk.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, TypeVar

from postcall.analyzer import analyzer
from postcall.call import Call
from postcall.fields import (
    CallId,
    IsHoldKnown,
    NotMeasurable,
    PrecededBy,
)
from postcall.not_measurable import Reasons
from postcall.policy import Policy, Setting
from postcall.silence_owner import OwnedSilence, OwnedSilenceRow, owned_silences
from postcall.tables import Field, table
from postcall.telephony import Role

T = TypeVar("T")


class DeadAirPolicy(Policy):
    """When silence is dead air."""

    min_s: float = Setting(
        10.0,
        gt=0,
        le=120,
        description="Shortest silence that is dead air. Smaller: more of it.",
        source="mts-01",
    )
    exempt: tuple[PrecededBy, ...] = Setting(
        ("agent_dictation",),
        description="What may precede a silence that is then no dead air: agent_dictation (the customer writes), "
        "customer_dictation (the agent writes), instruction, question, announced_wait, promised_wait, hold_return, other. The "
        "manuals let no silence go for being announced. More entries: less dead air.",
        source="mts-01, mts-02, mts-08",
    )
    exempt_max_s: float = Setting(
        30.0, gt=0, le=600, description="A longer silence is dead air whatever precedes it. Larger: less dead air."
    )


@table("call_dead_air", grain="call with a recording", primary_key=("call_id",))
class CallDeadAir:
    """How much dead air a call has, and whose."""

    call_id: CallId
    dead_airs: Annotated[int | None, Field("Silences of at least `dead_air.min_s`, exempt ones left out.", minimum=0)]
    dead_air_ms: Annotated[int | None, Field("Summed length of the dead air.", unit="ms", minimum=0)]
    longest_dead_air_ms: Annotated[int | None, Field("Longest dead air; 0 for none.", unit="ms", minimum=0)]
    agent_dead_airs: Annotated[int | None, Field("Dead air in which the agent owed the next word.", minimum=0)]
    agent_dead_air_ms: Annotated[
        int | None, Field("Summed length of the dead air in which the agent owed the next word.", unit="ms", minimum=0)
    ]
    customer_dead_airs: Annotated[int | None, Field("Dead air in which the customer owed the next word.", minimum=0)]
    customer_dead_air_ms: Annotated[
        int | None, Field("Summed length of the dead air in which the customer owed the next word.", unit="ms", minimum=0)
    ]
    exempt_dead_airs: Annotated[
        int | None, Field("Silences of that length that are no dead air by `dead_air.exempt`.", minimum=0)
    ]
    exempt_dead_air_ms: Annotated[int | None, Field("Summed length of the exempt ones.", unit="ms", minimum=0)]
    is_hold_known: IsHoldKnown
    not_measurable: NotMeasurable


@table("event_dead_air", grain="silence of at least `dead_air.min_s`", primary_key=("call_id", "start_ms"))
class EventDeadAir(OwnedSilenceRow):
    """Silences that nobody fills, inside the conversation and outside hold; exempt ones are marked."""

    is_exempt: Annotated[bool, Field("Whether it is no dead air by `dead_air.exempt`.")]


@analyzer(version=2)
def dead_air(call: Call, policy: DeadAirPolicy) -> Iterator[CallDeadAir | EventDeadAir]:
    """One row of the call's dead air, then its stretches."""
    why = Reasons()
    silences = owned_silences(call, round(policy.min_s * 1000))
    found = [one for one in silences if not _is_exempt(one, policy)]
    exempt_ms = [one.span.duration_ms for one in silences if _is_exempt(one, policy)]
    is_spoken = call.conversation() is not None
    lengths = [one.span.duration_ms for one in found]

    def measured(column: str, value: T) -> T | None:
        return why.known(column, value if is_spoken else None, "nobody speaks")

    def lengths_of(role: Role) -> list[int]:
        call.talk(role)  # raises the reason where the parties are not told apart
        return [one.span.duration_ms for one in found if one.owner is role]

    def count(column: str, role: Role) -> int | None:
        return why.attempt(column, lambda: measured(column, len(lengths_of(role))))

    def total(column: str, role: Role) -> int | None:
        return why.attempt(column, lambda: measured(column, sum(lengths_of(role))))

    yield CallDeadAir(
        call_id=call.call_id,
        dead_airs=measured("dead_airs", len(found)),
        dead_air_ms=measured("dead_air_ms", sum(lengths)),
        longest_dead_air_ms=measured("longest_dead_air_ms", max(lengths, default=0)),
        agent_dead_airs=count("agent_dead_airs", Role.AGENT),
        agent_dead_air_ms=total("agent_dead_air_ms", Role.AGENT),
        customer_dead_airs=count("customer_dead_airs", Role.CUSTOMER),
        customer_dead_air_ms=total("customer_dead_air_ms", Role.CUSTOMER),
        exempt_dead_airs=measured("exempt_dead_airs", len(exempt_ms)),
        exempt_dead_air_ms=measured("exempt_dead_air_ms", sum(exempt_ms)),
        is_hold_known=call.is_hold_known,
        not_measurable=why.text(),
    )
    for one in silences:
        yield EventDeadAir.of(call.call_id, one, is_exempt=_is_exempt(one, policy))


def _is_exempt(silence: OwnedSilence, policy: DeadAirPolicy) -> bool:
    return silence.preceded_by in policy.exempt and silence.span.duration_ms <= policy.exempt_max_s * 1000
