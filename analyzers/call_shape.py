"""The shape of a call: who has the floor how often and how long, who opens and closes it, and whether it is short or long.

Conventions
-----------
Turns are those of `postcall.turns`: one party's utterances until the other takes the floor, listener's remarks ("угу",
"mm-hm", "嗯") left out. The length of a turn is the speech in it, so that neither a search nor a hold makes it a monologue.

Definition
----------
turns per minute       turns of both parties / minutes of the conversation
longest turn           the longest stretch in which a party has the floor: its monologue
mean turn              speech in a party's turns / its turns
first and last role    who starts the first speech, who ends the last
talk-listen ratio      talk of the agent / talk of the customer; above 1 the agent talks more than listens
before the customer    from the start of the conversation to the customer's first turn / the conversation

::

    seconds   0         10        20
    agent     ####  ########     ###      turns of 4, 8 and 3 s
    customer      ##  #     ####          turns of 2 and 4 s; the remark at 8 s is none

``duration_verdict`` holds the call against the policy: *short* below ``too_short_s``, *long* above ``too_long_s``, else
*normal*. The duration is from answered to ended; where the call record does not tell, the conversation, from the first to the
last speech. ``duration_basis`` says which.

Edge cases
----------
No recording, or parties not told apart: skipped. A party that takes no turn has a longest turn of 0 ms, and no mean. When
nobody speaks there are no ratios and nobody is first. Both parties starting, or ending, in the same millisecond: nobody is
first, or last. A third voice has no turns; its speech is in the conversation, as hold is, so that a long hold lowers the turns
per minute. A search or hold does not end a turn when the same party goes on after it. An interruption that fails does not cut
the other's turn in two unless that party pauses for more than ``turns.pause_s``.

References
----------
cabletv-01: try to finish within 3 minutes. Levitan & Hirschberg (2011), Interspeech, for the turn.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from postcall.analyzer import analyzer
from postcall.call import Call
from postcall.fields import CallDurationMs, CallId, ConversationMs, NotMeasurable
from postcall.kpi import call_duration_ms
from postcall.not_measurable import Reasons
from postcall.policy import Policy, Setting
from postcall.spans import total_ms
from postcall.tables import Field, table
from postcall.telephony import Role

VERDICTS = ("short", "normal", "long")
PARTIES = (Role.AGENT, Role.CUSTOMER)


class CallShapePolicy(Policy):
    """When a call is short or long."""

    too_short_s: float = Setting(
        10.0,
        ge=0,
        le=3600,
        description="A shorter call is short. Larger: more of them.",
        source="research: calls with less than 10 s of speech are left out of measures",
    )
    too_long_s: float = Setting(
        180.0,
        gt=0,
        le=86_400,
        description="A longer call is long, unless it is short already. Larger: fewer of them.",
        source="cabletv-01",
    )


@table("call_shape", grain="call whose parties are told apart", primary_key=("call_id",))
class CallShape:
    """Who has the floor how often and how long, and whether the call is short or long."""

    call_id: CallId
    agent_turns: Annotated[int, Field("Turns of the agent, listener's remarks left out.", minimum=0)]
    customer_turns: Annotated[int, Field("Turns of the customer, listener's remarks left out.", minimum=0)]
    turns_per_min: Annotated[
        float | None,
        Field("(agent_turns + customer_turns) per minute of conversation_ms.", unit="per_min", minimum=0, additive=False),
    ]
    agent_longest_turn_ms: Annotated[
        int, Field("Speech in the agent's longest turn; 0 without a turn.", unit="ms", minimum=0, additive=False)
    ]
    customer_longest_turn_ms: Annotated[
        int, Field("Speech in the customer's longest turn; 0 without a turn.", unit="ms", minimum=0, additive=False)
    ]
    agent_mean_turn_ms: Annotated[
        int | None, Field("Speech in the agent's turns / agent_turns.", unit="ms", minimum=0, additive=False)
    ]
    customer_mean_turn_ms: Annotated[
        int | None, Field("Speech in the customer's turns / customer_turns.", unit="ms", minimum=0, additive=False)
    ]
    first_role: Annotated[
        str | None, Field("Who speaks first; empty when nobody, or both at once.", enum=("agent", "customer"))
    ]
    last_role: Annotated[str | None, Field("Who speaks last; empty when nobody, or both at once.", enum=("agent", "customer"))]
    talk_listen_ratio: Annotated[
        float | None,
        Field("agent_talk_ms / customer_talk_ms: above 1 the agent talks more than listens.", minimum=0, additive=False),
    ]
    before_customer_share: Annotated[
        float | None,
        Field("Share of conversation_ms before the customer's first turn.", unit="share", minimum=0, maximum=1, additive=False),
    ]
    conversation_ms: ConversationMs
    call_duration_ms: CallDurationMs | None
    duration_basis: Annotated[
        str | None,
        Field(
            "What duration_verdict goes by: call_duration_ms of the call record, or conversation_ms.",
            enum=("call_record", "conversation"),
        ),
    ]
    duration_verdict: Annotated[
        str | None,
        Field("Duration below `call_shape.too_short_s`, above `call_shape.too_long_s`, or between.", enum=VERDICTS),
    ]
    not_measurable: NotMeasurable


@analyzer(version=1)
def call_shape(call: Call, policy: CallShapePolicy) -> Iterator[CallShape]:
    """The row of the call."""
    why = Reasons()
    talk = {role: call.talk(role) for role in PARTIES}
    turns = {role: [turn for turn in call.turns if turn.role is role] for role in PARTIES}
    lengths = {role: [turn.talk_ms for turn in turns[role]] for role in PARTIES}
    conversation = call.conversation()
    start_ms, conversation_ms = (conversation.start_ms, conversation.duration_ms) if conversation else (0, 0)
    agent_ms, customer_ms = (total_ms(talk[role]) for role in PARTIES)

    def mean_ms(column: str, role: Role) -> int | None:
        of = lengths[role]
        return why.known(column, round(sum(of) / len(of)) if of else None, f"the {role} takes no turn")

    def role_at(column: str, edges: dict[Role, int], together: str) -> str | None:
        """The party of the smallest edge."""
        found = [role for role, edge in edges.items() if edge == min(edges.values())]
        if len(found) == 1:
            return found[0].value
        why.note(column, together if found else "neither party speaks")
        return None

    before_ms = turns[Role.CUSTOMER][0].span.start_ms - start_ms if turns[Role.CUSTOMER] else None
    recorded_ms = why.attempt("call_duration_ms", lambda: call_duration_ms(call.telephony))
    heard_ms = conversation_ms or None
    basis = "call_record" if recorded_ms is not None else "conversation" if heard_ms is not None else None
    yield CallShape(
        call_id=call.call_id,
        agent_turns=len(turns[Role.AGENT]),
        customer_turns=len(turns[Role.CUSTOMER]),
        turns_per_min=why.known(
            "turns_per_min",
            len(call.turns) * 60_000 / conversation_ms if conversation_ms else None,
            "nobody speaks",
        ),
        agent_longest_turn_ms=max(lengths[Role.AGENT], default=0),
        customer_longest_turn_ms=max(lengths[Role.CUSTOMER], default=0),
        agent_mean_turn_ms=mean_ms("agent_mean_turn_ms", Role.AGENT),
        customer_mean_turn_ms=mean_ms("customer_mean_turn_ms", Role.CUSTOMER),
        first_role=role_at("first_role", {r: s[0].start_ms for r, s in talk.items() if s}, "both parties start at once"),
        last_role=role_at("last_role", {r: -s[-1].end_ms for r, s in talk.items() if s}, "both parties end at once"),
        talk_listen_ratio=why.known(
            "talk_listen_ratio", agent_ms / customer_ms if customer_ms else None, "the customer does not speak"
        ),
        before_customer_share=why.known(
            "before_customer_share",
            before_ms / conversation_ms if before_ms is not None else None,
            "the customer takes no turn",
        ),
        conversation_ms=conversation_ms,
        call_duration_ms=recorded_ms,
        duration_basis=why.known("duration_basis", basis, "nobody speaks"),
        duration_verdict=why.known(
            "duration_verdict", _verdict(recorded_ms if recorded_ms is not None else heard_ms, policy), "nobody speaks"
        ),
        not_measurable=why.text(),
    )


def _verdict(duration_ms: int | None, policy: CallShapePolicy) -> str | None:
    if duration_ms is None:
        return None
    if duration_ms < policy.too_short_s * 1000:
        return "short"
    return "long" if duration_ms > policy.too_long_s * 1000 else "normal"
