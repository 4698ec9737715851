from dataclasses import replace

import pytest

from postcall.call import Call
from postcall.errors import MissingInput
from postcall.recording import Recording, Topology
from postcall.silence_owner import OwnedSilence, owned_silences
from postcall.spans import Span
from postcall.telephony import Role, Telephony
from postcall.testing.drawing import make_call
from postcall.timeline import SpeakerTimeline

AGENT_RESUMES = "seconds   0         10        20\nagent     ####          ####\ncustomer                     ####"
CUSTOMER_REPLIES = "seconds   0         10        20\nagent     ####              ####\ncustomer                ##"


def owned(call: Call) -> list[tuple[int, int, str | None, str | None]]:
    return [(one.span.start_ms, one.span.end_ms, one.owner, one.basis) for one in owned_silences(call, 3_000)]


def test_without_words_who_ends_the_silence_owed_it() -> None:
    assert owned(make_call(AGENT_RESUMES)) == [(4_000, 14_000, "agent", "agent_resumed")]
    assert owned(make_call(CUSTOMER_REPLIES)) == [(4_000, 14_000, "customer", "customer_replied")]


def test_an_unanswered_customer_is_the_agents() -> None:
    call = make_call("seconds   0         10        20\nagent     ##                ##\ncustomer    ##    ###")
    assert owned(call) == [
        (4_000, 8_000, "agent", "unanswered_customer"),
        (11_000, 18_000, "agent", "unanswered_customer"),
    ]


@pytest.mark.parametrize(
    ("said", "owner", "basis"),
    [
        ("And what is your name?", "customer", "unanswered_question"),
        ("Thank you, one moment please.", "agent", "announced_search"),
        ("Let me check. What is your name?", "customer", "unanswered_question"),
        ("What is your name? Hold on.", "agent", "announced_search"),
        ("One moment. It is in the system.", "agent", "announced_search"),
        ("It is in the system.", "agent", "agent_resumed"),
    ],
)
def test_words_tell_a_question_from_a_search(said: str, owner: str, basis: str) -> None:
    assert owned(make_call(AGENT_RESUMES, said={Role.AGENT: [(0, 4, said)]})) == [(4_000, 14_000, owner, basis)]


def test_only_the_last_utterance_counts() -> None:
    call = make_call(
        "seconds   0         10        20\nagent     ### ###         ####\n",
        said={Role.AGENT: [(0, 3, "what is your name?"), (4, 7, "i see it here.")]},
    )
    assert owned(call) == [(7_000, 16_000, "agent", "agent_resumed")]


def test_beside_a_hold_the_agent_owes() -> None:
    call = make_call("seconds   0         10        20\nagent     ####\ncustomer                     ####\nhold           ---")
    assert owned(call) == [(8_000, 19_000, "agent", "beside_hold")]


def test_a_tie_goes_to_the_customer() -> None:
    call = make_call("seconds   0         10        20\nagent     ####        ##\ncustomer  ####        ##")
    (one,) = owned_silences(call, 3_000)
    assert (one.role_before, one.role_after, one.basis) == (Role.CUSTOMER, Role.CUSTOMER, "unanswered_customer")


def test_a_third_voice_leaves_silence_without_owner() -> None:
    plain = make_call("seconds   0         10        20\nagent     ####                ##")
    assert plain.timeline is not None
    spans = {**plain.timeline.by_label, "guest": (Span(10_000, 12_000),)}
    call = replace(plain, timeline=SpeakerTimeline(spans, False, "test"), roles={**plain.roles, "guest": Role.UNKNOWN})
    first, second = owned_silences(call, 3_000)
    assert (first.owner, first.role_before, first.role_after) == (None, Role.AGENT, Role.UNKNOWN)
    assert (second.owner, second.role_before) == (None, Role.UNKNOWN)
    assert second.not_measurable == "owner, owner_basis: a third voice bounds the silence"


def test_mono_has_silences_without_owner() -> None:
    (one,) = owned_silences(make_call("seconds   0         10\nanyone    ##    ##"), 3_000)
    reason = "owner, owner_basis, role_before, role_after: one channel, and nobody told the parties apart"
    assert one == OwnedSilence(Span(2_000, 6_000), not_measurable=reason)


def test_without_a_timeline_it_raises() -> None:
    recording = Recording("a.wav", "0" * 64, "pcm_s16le", "wav", 8000, 2, 1000, Topology.SEPARATE, {})
    with pytest.raises(MissingInput, match="nobody listened"):
        owned_silences(Call(Telephony("c"), recording=recording), 3_000)
