"""Columns that several tables share, described once. Same name, same meaning: a test holds the tables to it."""

from __future__ import annotations

from typing import Annotated

from postcall.tables import Field

CallId = Annotated[str, Field("Id of the call, from the call record.")]
SpeakerRole = Annotated[str, Field("Who: agent or customer.", enum=("agent", "customer"))]
StartMs = Annotated[int, Field("Start, from the start of the recording.", unit="ms")]
EndMs = Annotated[int, Field("End, from the start of the recording.", unit="ms")]
DurationMs = Annotated[int, Field("How long it lasted.", unit="ms", minimum=0)]
SpeakerLabel = Annotated[str, Field("What the channel or the diarizer calls the speaker, e.g. channel_0.")]
Language = Annotated[str | None, Field("Language spoken, ISO 639-1; empty when unknown.")]
QueueName = Annotated[str, Field("Queue or line the call came through; '' when the record names none.")]
AgentId = Annotated[str, Field("Agent who served the call; '' when the record names none.")]
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
