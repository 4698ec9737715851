"""Columns that several tables share, described once. Same name, same meaning: a test holds the tables to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, TypeAlias, get_args

from postcall.tables import Field

PrecededBy: TypeAlias = Literal[
    "announced_wait",
    "promised_wait",
    "question",
    "instruction",
    "agent_dictation",
    "customer_dictation",
    "hold_return",
    "other",
]
"""What may precede a silence; `postcall.silence_owner` defines each."""

CallId = Annotated[str, Field("Id of the call, from the call record.")]
SpeakerRole = Annotated[str, Field("Who: agent or customer.", enum=("agent", "customer"))]
StartMs = Annotated[int, Field("Start, from the start of the recording.", unit="ms")]
EndMs = Annotated[int, Field("End, from the start of the recording.", unit="ms")]
DurationMs = Annotated[int, Field("How long it lasted.", unit="ms", minimum=0)]
SpeakerLabel = Annotated[str, Field("What the channel or the diarizer calls the speaker, e.g. channel_0.")]
RoleSourceName = Annotated[
    str | None,
    Field(
        "What told who is agent and who customer, or came nearest to it: the call record, the settings, what is said, how "
        "they talk, or the agent's voice of earlier days. Empty when nobody could be told.",
        enum=("call_record", "settings", "opening_phrase", "talk_pattern", "voice"),
    ),
]
RoleConfidence = Annotated[
    float | None,
    Field(
        "Probability that agent and customer are who they are taken for; below `roles.minimum_confidence` no party is "
        "measured. Empty when nobody could be told.",
        minimum=0,
        maximum=1,
        additive=False,
    ),
]
Language = Annotated[str | None, Field("Language spoken, ISO 639-1; empty when unknown.")]
QueueName = Annotated[str, Field("Queue or line the call came through; '' when the record names none.")]
TeamName = Annotated[str, Field("Team of the agent on the day of the call; '' when the record names none.")]
AgentId = Annotated[str, Field("Agent who served the call; '' when the record names none.")]
CustomerKey = Annotated[str | None, Field("What the record knows the customer by, e.g. a number.", pii=True)]
NotMeasurable = Annotated[
    str | None,
    Field("Why columns of this row are empty: 'column, column: reason; …'. Empty when everything was measured."),
]

CallsOffered = Annotated[int, Field("Calls that reached the group, answered or not.", minimum=0)]
CallsHandled = Annotated[int, Field("Calls an agent answered.", minimum=0)]
CallsHoldKnown = Annotated[int, Field("Handled calls of which it is known whether they were on hold.", minimum=0)]
CallsWithoutHold = Annotated[int, Field("Handled calls known to have had no hold.", minimum=0)]
NoHoldShare = Annotated[
    float | None,
    Field(
        "calls_without_hold / calls_hold_known: the share of calls served without hold.",
        unit="share",
        minimum=0,
        maximum=1,
        additive=False,
    ),
]
NoHoldLowShare = Annotated[
    float | None,
    Field("Lower end of the Wilson 95 % interval of no_hold_share.", unit="share", minimum=0, maximum=1, additive=False),
]
NoHoldHighShare = Annotated[
    float | None,
    Field("Upper end of the Wilson 95 % interval of no_hold_share.", unit="share", minimum=0, maximum=1, additive=False),
]
NoHoldVerdict = Annotated[
    str,
    Field(
        "no_hold_share against the target: 'met' or 'not met' when the whole interval lies on one side of it, 'open' when the "
        "interval holds the target, 'too few calls' below the policy's minimum.",
        enum=("met", "not met", "open", "too few calls"),
        additive=False,
    ),
]

DaysWithCalls = Annotated[int, Field("Days of the week on which the centre had calls.", minimum=1, additive=False)]
StartedAt = Annotated[datetime, Field("When it started, UTC; a call starts when it reaches the centre.")]
LabelRole = Annotated[
    str,
    Field(
        "Role of the speaker label; empty where the parties are not told apart.", enum=("agent", "customer", "ivr", "unknown")
    ),
]

# Columns of calls that rollups carry as sums over calls.
Holds = Annotated[
    int, Field("Holds, those that overlap or touch counted as one; by the call record, else as heard.", minimum=0)
]
HoldMs = Annotated[
    int, Field("Time on hold, by the call record, else as heard; in a rollup, summed over calls.", unit="ms", minimum=0)
]
CallDurationMs = Annotated[
    int, Field("From answered to ended by the call record; in a rollup, summed over calls.", unit="ms", minimum=0)
]
AfterCallWorkMs = Annotated[
    int,
    Field(
        "Work of the agent on the call after its end, by the call record; in a rollup, summed over handled calls.",
        unit="ms",
        minimum=0,
    ),
]
HandlingMs = Annotated[
    int,
    Field(
        "Handling time: call_duration_ms, hold included, and after_call_work_ms; in a rollup, summed over calls.",
        unit="ms",
        minimum=0,
    ),
]
RecordingDurationMs = Annotated[
    int, Field("Length of the recording of the call; in a rollup, summed over calls.", unit="ms", minimum=0)
]
SpeedOfAnswerMs = Annotated[
    int, Field("From offered to the agent to answered; in a rollup, summed over calls.", unit="ms", minimum=0)
]
WaitMs = Annotated[
    int,
    Field(
        "From the call's start at the centre to its answer, IVR and queue included; in a rollup, summed over calls.",
        unit="ms",
        minimum=0,
    ),
]
Rings = Annotated[int, Field("Rings heard before the answer; in a rollup, summed over answered calls.", minimum=1)]
SpeechMs = Annotated[int, Field("Time anybody but the IVR speaks; in a rollup, summed over calls.", unit="ms", minimum=0)]
AgentTalkMs = Annotated[int, Field("Time the agent speaks; in a rollup, summed over calls.", unit="ms", minimum=0)]
CustomerTalkMs = Annotated[int, Field("Time the customer speaks; in a rollup, summed over calls.", unit="ms", minimum=0)]
OvertalkMs = Annotated[int, Field("Time agent and customer both speak; in a rollup, summed over calls.", unit="ms", minimum=0)]
NonTalkMs = Annotated[
    int, Field("Time nobody speaks, hold and ringing included; in a rollup, summed over calls.", unit="ms", minimum=0)
]
SilenceMs = Annotated[
    int,
    Field(
        "Time nobody speaks between the first and the last speech, hold left out; in a rollup, summed over calls.",
        unit="ms",
        minimum=0,
    ),
]
AgentInterruptions = Annotated[
    int, Field("Times the agent interrupted the customer, floor won or not; in a rollup, summed over calls.", minimum=0)
]
CustomerInterruptions = Annotated[
    int, Field("Times the customer interrupted the agent, floor won or not; in a rollup, summed over calls.", minimum=0)
]

# Columns of a conversation.
IsHoldKnown = Annotated[
    bool,
    Field(
        "Whether the call's record or its sound tells where it was on hold. Where neither does, time on hold counts as silence."
    ),
]
ConversationMs = Annotated[
    int, Field("From the first to the last speech, hold included; in a rollup, summed over calls.", unit="ms", minimum=0)
]
SilenceOwnerRole = Annotated[
    str | None,
    Field("Who owed the next word when nobody spoke; empty where the parties are not told apart.", enum=("agent", "customer")),
]
SilenceOwnerBasis = Annotated[
    str | None,
    Field(
        "Why the silence is the owner's: the agent left the customer unanswered, stood beside a hold, or resumed; the customer "
        "left a question or an instruction unanswered, writes down what is dictated, goes on dictating, or replied at last; "
        "either announced a search.",
        enum=(
            "unanswered_customer",
            "beside_hold",
            "announced_search",
            "agent_resumed",
            "unanswered_question",
            "unanswered_instruction",
            "writes_down",
            "goes_on_dictating",
            "customer_replied",
        ),
    ),
]
SilencePrecededBy = Annotated[
    str | None,
    Field(
        "What was said before it: a search or wait that is announced, or one whose length is promised; a question; an "
        "instruction; digits, letters or an address that the agent or the customer dictates; the return from a hold; or other "
        "words. Empty without words, or where the parties are not told apart.",
        enum=get_args(PrecededBy),
    ),
]
RoleBefore = Annotated[
    str | None,
    Field(
        "Who spoke last before it; 'unknown' is a third voice. Empty where the parties are not told apart.",
        enum=("agent", "customer", "unknown"),
    ),
]
RoleAfter = Annotated[
    str | None,
    Field(
        "Who speaks first after it; 'unknown' is a third voice. Empty where the parties are not told apart.",
        enum=("agent", "customer", "unknown"),
    ),
]

# Measures of a call that rollups take over a group of calls.
AgentTalkShare = Annotated[
    float,
    Field("agent_talk_ms / (agent_talk_ms + customer_talk_ms).", unit="share", minimum=0, maximum=1, additive=False),
]
SilenceShare = Annotated[float, Field("silence_ms / conversation_ms.", unit="share", minimum=0, maximum=1, additive=False)]
AgentInterruptionsPerMin = Annotated[
    float, Field("agent_interruptions per minute of customer_talk_ms.", unit="per_min", minimum=0, additive=False)
]
CustomerInterruptionsPerMin = Annotated[
    float, Field("customer_interruptions per minute of agent_talk_ms.", unit="per_min", minimum=0, additive=False)
]
DeadAirs = Annotated[int, Field("Silences of at least `dead_air.min_s`, exempt ones left out.", minimum=0)]
DeadAirMs = Annotated[int, Field("Summed length of the dead air.", unit="ms", minimum=0)]
AgentDeadAirMs = Annotated[
    int, Field("Summed length of the dead air in which the agent owed the next word.", unit="ms", minimum=0)
]


@dataclass(frozen=True, kw_only=True)
class OfWeek:
    """The week of a row, by how much of it there is."""

    days: DaysWithCalls


@dataclass(frozen=True, kw_only=True)
class OfAgent:
    """The agent of a row."""

    agent_id: AgentId


@dataclass(frozen=True, kw_only=True)
class OfTeam:
    """The team of a row."""

    team: TeamName


@dataclass(frozen=True, kw_only=True)
class OfQueue:
    """The queue of a row."""

    queue: QueueName
