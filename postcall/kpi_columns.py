"""Columns of the KPIs of a group of calls, the same in every KPI table. `postcall.kpi` computes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from postcall.fields import (
    AfterCallWorkMs,
    AgentDeadAirMs,
    AgentInterruptions,
    AgentInterruptionsPerMin,
    AgentTalkMs,
    AgentTalkShare,
    CallDurationMs,
    CallsHandled,
    CallsHoldKnown,
    CallsOffered,
    CallsWithoutHold,
    ConversationMs,
    CustomerInterruptions,
    CustomerInterruptionsPerMin,
    CustomerTalkMs,
    DeadAirMs,
    DeadAirs,
    HandlingMs,
    HoldMs,
    Holds,
    NoHoldHighShare,
    NoHoldLowShare,
    NoHoldShare,
    NoHoldVerdict,
    NonTalkMs,
    OvertalkMs,
    RecordingDurationMs,
    Rings,
    SilenceMs,
    SilenceShare,
    SpeechMs,
    SpeedOfAnswerMs,
    WaitMs,
)
from postcall.tables import Field


def _share(description: str) -> Field:
    return Field(description, unit="share", minimum=0, maximum=1, additive=False)


def _low(column: str) -> Field:
    return _share(f"Lower end of the Wilson 95 % interval of {column}.")


def _high(column: str) -> Field:
    return _share(f"Upper end of the Wilson 95 % interval of {column}.")


@dataclass(frozen=True, kw_only=True)
class GroupKpis:
    """Columns that every ``kpi_`` table of calls has."""

    calls_offered: CallsOffered
    calls_handled: CallsHandled
    calls_abandoned: Annotated[int, Field("Calls, not outbound, that nobody answered.", minimum=0)]
    calls_answer_unknown: Annotated[int, Field("Calls whose record cannot tell whether they were answered.", minimum=0)]

    calls_duration_known: Annotated[int, Field("Handled calls of which the call's length is known.", minimum=0)]
    call_duration_ms: CallDurationMs | None
    average_call_duration_ms: Annotated[
        int | None, Field("call_duration_ms / calls_duration_known.", unit="ms", minimum=0, additive=False)
    ]

    calls_after_call_work_known: Annotated[int, Field("Handled calls whose record tells of after-call work.", minimum=0)]
    after_call_work_ms: AfterCallWorkMs | None
    average_after_call_work_ms: Annotated[
        int | None, Field("after_call_work_ms / calls_after_call_work_known.", unit="ms", minimum=0, additive=False)
    ]
    calls_handling_known: Annotated[
        int, Field("Handled calls of which both the call's length and the after-call work are known.", minimum=0)
    ]
    handling_ms: HandlingMs | None
    average_handling_ms: Annotated[
        int | None,
        Field(
            "Average handling time (AHT): handling_ms / calls_handling_known; empty where after-call work is known of no call.",
            unit="ms",
            minimum=0,
            additive=False,
        ),
    ]
    calls_off_hold_known: Annotated[
        int, Field("Handled calls of which both the call's length and its hold are known.", minimum=0)
    ]
    off_hold_ms: Annotated[
        int | None,
        Field(
            "From answered to ended, hold left out: the talk part of handling time; summed over calls.", unit="ms", minimum=0
        ),
    ]
    average_off_hold_ms: Annotated[
        int | None, Field("off_hold_ms / calls_off_hold_known.", unit="ms", minimum=0, additive=False)
    ]

    calls_hold_known: CallsHoldKnown
    calls_without_hold: CallsWithoutHold
    no_hold_share: NoHoldShare
    no_hold_low_share: NoHoldLowShare
    no_hold_high_share: NoHoldHighShare
    no_hold_verdict: NoHoldVerdict
    holds: Holds | None
    hold_ms: HoldMs | None
    average_hold_ms: Annotated[
        int | None, Field("hold_ms / calls_hold_known, calls without hold included.", unit="ms", minimum=0, additive=False)
    ]
    calls_hold_heard: Annotated[int, Field("Handled calls whose recording was listened to for holds and mutes.", minimum=0)]
    audible_holds: Annotated[int | None, Field("Holds that are heard in the recording.", minimum=0)]
    audible_hold_ms: Annotated[int | None, Field("Summed length of the holds that are heard.", unit="ms", minimum=0)]
    mutes: Annotated[int | None, Field("Times the agent's leg carried nothing in the middle of the call.", minimum=0)]
    mute_ms: Annotated[int | None, Field("Summed length of the mutes.", unit="ms", minimum=0)]

    calls_ended_by_agent: Annotated[int, Field("Handled calls in which the agent hung up.", minimum=0)]
    calls_ended_by_customer: Annotated[int, Field("Handled calls in which the customer hung up.", minimum=0)]
    calls_end_unknown: Annotated[
        int, Field("Handled calls of which it is not known that agent or customer hung up.", minimum=0)
    ]
    ended_by_agent_share: Annotated[
        float | None, _share("calls_ended_by_agent / (calls_ended_by_agent + calls_ended_by_customer).")
    ]
    ended_by_agent_low_share: Annotated[float | None, _low("ended_by_agent_share")]
    ended_by_agent_high_share: Annotated[float | None, _high("ended_by_agent_share")]

    calls_speed_known: Annotated[int, Field("Calls of which speed_of_answer_ms is known.", minimum=0)]
    speed_of_answer_ms: SpeedOfAnswerMs | None
    average_speed_of_answer_ms: Annotated[
        int | None, Field("speed_of_answer_ms / calls_speed_known.", unit="ms", minimum=0, additive=False)
    ]
    median_speed_of_answer_ms: Annotated[
        int | None, Field("Median of speed_of_answer_ms over calls.", unit="ms", minimum=0, additive=False)
    ]
    calls_speed_heard: Annotated[
        int, Field("Of calls_speed_known, those of which the ringing in the recording tells, not the call record.", minimum=0)
    ]
    calls_answered_in_seconds: Annotated[
        int, Field("Calls of which speed_of_answer_ms is at most `speed_of_answer.max_s`.", minimum=0)
    ]
    answered_in_seconds_share: Annotated[float | None, _share("calls_answered_in_seconds / calls_speed_known.")]
    answered_in_seconds_low_share: Annotated[float | None, _low("answered_in_seconds_share")]
    answered_in_seconds_high_share: Annotated[float | None, _high("answered_in_seconds_share")]
    calls_wait_known: Annotated[int, Field("Calls of which wait_ms is known: answered, and not outbound.", minimum=0)]
    wait_ms: WaitMs | None
    average_wait_ms: Annotated[int | None, Field("wait_ms / calls_wait_known.", unit="ms", minimum=0, additive=False)]
    calls_in_time: Annotated[int, Field("Calls answered within the service level's threshold.", minimum=0)]
    calls_abandoned_early: Annotated[int, Field("Calls abandoned within the service level's threshold.", minimum=0)]
    calls_abandoned_late: Annotated[int, Field("Calls abandoned after the service level's threshold.", minimum=0)]
    service_level_share: Annotated[float | None, _share("calls_in_time / (calls_wait_known + calls_abandoned_late).")]
    service_level_low_share: Annotated[float | None, _low("service_level_share")]
    service_level_high_share: Annotated[float | None, _high("service_level_share")]
    service_level_verdict: Annotated[
        str,
        Field(
            "service_level_share against the target: 'met' or 'not met' when the whole interval lies on one side of it, 'open' "
            "when the interval holds the target, 'too few calls' below the policy's minimum.",
            enum=("met", "not met", "open", "too few calls"),
            additive=False,
        ),
    ]
    calls_rings_known: Annotated[
        int, Field("Answered calls, not outbound, in whose recording the rings before the answer are heard.", minimum=0)
    ]
    rings: Rings | None
    average_rings: Annotated[float | None, Field("rings / calls_rings_known.", minimum=1, additive=False)]
    calls_answered_in_rings: Annotated[int, Field("Calls answered within `ringing.max_rings` rings.", minimum=0)]
    answered_in_rings_share: Annotated[float | None, _share("calls_answered_in_rings / calls_rings_known.")]
    answered_in_rings_low_share: Annotated[float | None, _low("answered_in_rings_share")]
    answered_in_rings_high_share: Annotated[float | None, _high("answered_in_rings_share")]

    calls_measured: Annotated[int, Field("Calls with a recording in which speech was measured.", minimum=0)]
    recording_duration_ms: RecordingDurationMs | None
    speech_ms: SpeechMs | None
    non_talk_ms: NonTalkMs | None
    conversation_ms: ConversationMs | None
    calls_hold_placed: Annotated[
        int, Field("Measured calls whose holds are placed in the recording; in the others hold counts as silence.", minimum=0)
    ]
    silence_ms: SilenceMs | None
    silence_share: SilenceShare | None
    silences_10s: Annotated[int | None, Field("Silences of at least 10 s.", minimum=0)]
    dead_airs: DeadAirs | None
    dead_air_ms: DeadAirMs | None
    agent_dead_air_ms: AgentDeadAirMs | None
    calls_last_word_known: Annotated[int, Field("Measured calls in which somebody speaks.", minimum=0)]
    after_last_word_ms: Annotated[int | None, Field("From the last word to the end of the recording.", unit="ms", minimum=0)]
    average_after_last_word_ms: Annotated[
        int | None, Field("after_last_word_ms / calls_last_word_known.", unit="ms", minimum=0, additive=False)
    ]

    calls_parties_known: Annotated[int, Field("Measured calls in which agent and customer are told apart.", minimum=0)]
    agent_talk_ms: AgentTalkMs | None
    customer_talk_ms: CustomerTalkMs | None
    overtalk_ms: OvertalkMs | None
    agent_talk_share: AgentTalkShare | None
    talk_listen_ratio: Annotated[
        float | None,
        Field("agent_talk_ms / customer_talk_ms: above 1 the agent talks more than listens.", minimum=0, additive=False),
    ]
    agent_turns: Annotated[int | None, Field("Turns of the agent, listener's remarks left out.", minimum=0)]
    customer_turns: Annotated[int | None, Field("Turns of the customer, listener's remarks left out.", minimum=0)]
    turns_conversation_ms: Annotated[
        int | None, Field("conversation_ms of the calls whose turns are known.", unit="ms", minimum=0)
    ]
    average_turns_per_min: Annotated[
        float | None,
        Field("(agent_turns + customer_turns) per minute of turns_conversation_ms.", unit="per_min", minimum=0, additive=False),
    ]
    agent_longest_turn_ms: Annotated[
        int | None, Field("Speech in the agent's longest turn; 0 without a turn.", unit="ms", minimum=0, additive=False)
    ]
    median_agent_longest_turn_ms: Annotated[
        int | None, Field("Median of agent_longest_turn_ms over calls.", unit="ms", minimum=0, additive=False)
    ]
    agent_interruptions: AgentInterruptions | None
    customer_interruptions: CustomerInterruptions | None
    agent_interruptions_per_min: AgentInterruptionsPerMin | None
    customer_interruptions_per_min: CustomerInterruptionsPerMin | None
    median_greeting_ms: Annotated[int | None, Field("Median of greeting_ms over calls.", unit="ms", minimum=0, additive=False)]
    median_agent_latency_ms: Annotated[
        int | None, Field("Median of agent_latency_median_ms over calls.", unit="ms", minimum=0, additive=False)
    ]
    median_agent_rate_wpm: Annotated[
        float | None, Field("Median of agent_rate_wpm over calls.", unit="wpm", minimum=0, additive=False)
    ]
    median_agent_rate_cpm: Annotated[
        float | None, Field("Median of agent_rate_cpm over calls.", unit="cpm", minimum=0, additive=False)
    ]
    agent_words: Annotated[int | None, Field("Words of the agent's rated turns, Chinese left out.", minimum=0)]
    agent_words_ms: Annotated[int | None, Field("Speech of the agent's turns that agent_words are of.", unit="ms", minimum=0)]
    agent_rate_wpm: Annotated[
        float | None, Field("Words of the agent per minute of own speech.", unit="wpm", minimum=0, additive=False)
    ]
    agent_characters: Annotated[int | None, Field("Chinese characters of the agent's rated turns.", minimum=0)]
    agent_characters_ms: Annotated[
        int | None, Field("Speech of the agent's turns that agent_characters are of.", unit="ms", minimum=0)
    ]
    agent_rate_cpm: Annotated[
        float | None, Field("Chinese characters of the agent per minute of own speech.", unit="cpm", minimum=0, additive=False)
    ]
