from dataclasses import replace

import pytest

from analyzers.speaking_rate import CallSpeakingRate, EventTurnRate, SpeakingRatePolicy, speaking_rate
from postcall.call import Call
from postcall.errors import MissingInput
from postcall.telephony import Role
from postcall.testing.drawing import make_call

DRAWING = """
seconds   0         10        20        30
agent     ###  ###        ##      ######
customer             #####    ####
"""


def call_rates(call: Call, policy: SpeakingRatePolicy | None = None) -> CallSpeakingRate:
    (row,) = (row for row in speaking_rate(call, policy or SpeakingRatePolicy()) if isinstance(row, CallSpeakingRate))
    return row


def turn_rates(call: Call, policy: SpeakingRatePolicy | None = None) -> list[EventTurnRate]:
    return [row for row in speaking_rate(call, policy or SpeakingRatePolicy()) if isinstance(row, EventTurnRate)]


def test_rates_over_long_enough_turns_and_of_each_of_them() -> None:
    call = make_call(
        DRAWING,
        said={
            Role.AGENT: [
                (0, 3, "good morning this is anna"),  # 7 syllables
                (5, 8, "how can i help you"),  # 5
                (16, 18, "one moment"),
                (24, 30, "you owe 25 euros and nothing else at all sir"),  # 11 beside the number of 0.6 s
            ],
            Role.CUSTOMER: [(11, 16, "hello i have lost my card"), (20, 24, "all right")],
        },
    )
    assert list(speaking_rate(call, SpeakingRatePolicy())) == [
        CallSpeakingRate(
            call_id="drawn",
            agent_rate_wpm=20 / 12 * 60,  # 10 words in 6 s, 10 in 6 s; the turn of 2 words is not rated
            agent_rate_cpm=None,
            agent_rated_words=20,
            agent_rated_ms=12_000,
            agent_speech_rate_per_s=23_000 / 13_400,
            agent_articulation_rate_per_s=23_000 / 11_400,
            agent_syllables=23,
            agent_uncounted_words=1,
            agent_rated_turn_ms=13_400,  # 3 + a pause of 2 + 3, and 6 s without 0.6
            agent_phonation_ms=11_400,
            customer_rate_wpm=6 / 5 * 60,
            customer_rate_cpm=None,
            customer_rated_words=6,
            customer_rated_ms=5_000,
            customer_speech_rate_per_s=7 / 5,
            customer_articulation_rate_per_s=7 / 5,
            customer_syllables=7,
            customer_uncounted_words=0,
            customer_rated_turn_ms=5_000,
            customer_phonation_ms=5_000,
            agent_to_customer_ratio=100.0 / 72.0,
            agent_to_customer_articulation_ratio=(23_000 / 11_400) / (7 / 5),
            not_measurable="agent_rate_cpm, customer_rate_cpm: only zh is counted in characters",
        ),
        EventTurnRate(
            call_id="drawn",
            start_ms=0,
            end_ms=8_000,
            role="agent",
            turn_words=10,
            turn_syllables=12,
            rate_wpm=100.0,
            rate_cpm=None,
            speech_rate_per_s=12 / 8,
            articulation_rate_per_s=12 / 6,
        ),
        EventTurnRate(
            call_id="drawn",
            start_ms=11_000,
            end_ms=16_000,
            role="customer",
            turn_words=6,
            turn_syllables=7,
            rate_wpm=72.0,
            rate_cpm=None,
            speech_rate_per_s=7 / 5,
            articulation_rate_per_s=7 / 5,
        ),
        EventTurnRate(
            call_id="drawn",
            start_ms=24_000,
            end_ms=30_000,
            role="agent",
            turn_words=10,
            turn_syllables=11,
            rate_wpm=100.0,
            rate_cpm=None,
            speech_rate_per_s=11_000 / 5_400,
            articulation_rate_per_s=11_000 / 5_400,
        ),
    ]


def test_pauses_inside_speech_are_known_from_word_times() -> None:
    """The picture of the docstring, in Russian: speech without a gap holds a pause of 0.2 s and one of 0.1 s."""
    call = make_call(
        "seconds   0         1         2\nagent     ############      ####",
        said={Role.AGENT: [(0, 0.5, "ваша карта"), (0.7, 0.9, "уже"), (1.0, 1.2, "готова"), (1.8, 2.2, "25")]},
        language="ru",
    )
    row = call_rates(call)
    assert (row.agent_rated_words, row.agent_syllables, row.agent_uncounted_words) == (5, 9, 1)
    assert (row.agent_rated_ms, row.agent_rated_turn_ms, row.agent_phonation_ms) == (1_600, 1_800, 1_000)
    assert (row.agent_speech_rate_per_s, row.agent_articulation_rate_per_s) == (9 / 1.8, 9.0)
    assert call_rates(call, SpeakingRatePolicy(min_pause_s=0.1)).agent_phonation_ms == 900
    assert call_rates(call, SpeakingRatePolicy(min_pause_s=0.3)).agent_phonation_ms == 1_200
    assert call_rates(call, SpeakingRatePolicy(min_pause_s=0.7)).agent_phonation_ms == 1_800, "pauses of the timeline too"


def test_speech_that_was_not_caught_is_no_phonation() -> None:
    call = make_call(
        "seconds   0         10\nagent     ##########",
        said={Role.AGENT: [(0, 2, "you can keep your card"), (7, 8, "all right")]},
    )
    row = call_rates(call)
    assert (row.agent_rated_turn_ms, row.agent_phonation_ms) == (10_000, 3_000)
    assert row.agent_articulation_rate_per_s == 7 / 3


@pytest.mark.parametrize(
    ("drawing", "turn_ms"),
    [
        ("seconds   0         10        20\nagent     ####   ##", 9_000),
        ("seconds   0         10        20\nagent     ####    ##", 6_000),  # a pause over 3 s is a lapse
        ("seconds   0         10        20\nagent     ####          ##\nhold          --------  ", 8_000),
        ("seconds   0         10        20\nagent     ##### #\ncustomer      #", 6_000 + 1_000),
        ("seconds   0         10        20\nagent     ##### #\ncustomer     ###", 6_000),
    ],
)
def test_the_time_of_a_turn_leaves_out_lapses_hold_and_the_other_party(drawing: str, turn_ms: int) -> None:
    """The customer's is a listener's remark: without words a short one inside the agent's speech."""
    call = make_call(drawing, said={Role.AGENT: [(0, 4, "please bear with me now")], Role.CUSTOMER: []})
    policy = call.turn_policy.model_copy(update={"backchannel_max_s": 5.0, "backchannel_inside_share": 0.3})
    assert call_rates(replace(call, turn_policy=policy)).agent_rated_turn_ms == turn_ms


def test_a_dictated_number_is_left_out_with_the_pauses_in_it() -> None:
    call = make_call(
        "seconds   0         10        20\nagent     #####  ##  ##",
        said={Role.AGENT: [(0, 5, "the number you call is"), (7, 9, "8 800"), (11, 13, "555 3535")]},
    )
    row = call_rates(call)
    assert (row.agent_rated_words, row.agent_uncounted_words, row.agent_syllables) == (9, 4, 6)
    assert (row.agent_rated_turn_ms, row.agent_phonation_ms) == (7_000, 5_000)  # the pause before the number stays in


def test_a_turn_of_numbers_alone_has_no_syllables() -> None:
    call = make_call("seconds   0         10\nagent     #####", said={Role.AGENT: [(0, 5, "4 8 15 16 23")]})
    row = call_rates(call)
    assert (row.agent_rate_wpm, row.agent_syllables, row.agent_phonation_ms, row.agent_uncounted_words) == (60.0, 0, 0, 5)
    assert row.agent_speech_rate_per_s is row.agent_articulation_rate_per_s is None
    assert row.not_measurable is not None
    assert (
        "agent_speech_rate_per_s, agent_articulation_rate_per_s: no word of the agent can be counted in syllables"
        in row.not_measurable
    )
    (turn,) = turn_rates(call)
    assert (turn.turn_words, turn.rate_wpm) == (5, 60.0)
    assert turn.turn_syllables is turn.speech_rate_per_s is turn.articulation_rate_per_s is None


def test_chinese_is_counted_in_characters() -> None:
    call = make_call(
        "seconds   0         10\nagent     ####\ncustomer      ##",
        said={Role.AGENT: [(0, 4, "您好 ， 请问 有 什么 4G 问题 。")], Role.CUSTOMER: [(4, 6, "没有")]},
        language="zh",
    )
    row = call_rates(call)
    assert (row.agent_rated_words, row.agent_rate_cpm, row.agent_rate_wpm) == (10, 150.0, None)
    # Eight tokens of 0.5 s; under "，" and "。" nothing is said, and "4G" is left out.
    assert (row.agent_syllables, row.agent_rated_turn_ms, row.agent_phonation_ms) == (9, 3_500, 2_500)
    assert row.customer_rate_cpm is None
    assert row.not_measurable == (
        "agent_rate_wpm, customer_rate_wpm: zh is counted in characters; "
        "customer_rate_cpm, customer_speech_rate_per_s, customer_articulation_rate_per_s: "
        "no turn of the customer is long enough; "
        "agent_to_customer_ratio, agent_to_customer_articulation_ratio: not both parties have a rate"
    )
    (turn,) = turn_rates(call)
    assert (turn.turn_words, turn.turn_syllables, turn.rate_cpm, turn.rate_wpm) == (10, 9, 150.0, None)


@pytest.mark.parametrize(
    ("language", "reason"), [("de", "syllables of language 'de' are not counted"), (None, "the language is not known")]
)
def test_syllables_of_other_languages_are_not_counted(language: str | None, reason: str) -> None:
    said = {Role.AGENT: [(0, 3, "guten tag was kann ich")]}
    row = call_rates(make_call("seconds   0         10\nagent     ###", said=said, language=language))
    assert (row.agent_rate_wpm, row.agent_syllables, row.agent_phonation_ms) == (100.0, None, None)
    assert row.not_measurable is not None
    assert "agent_rated_turn_ms, agent_phonation_ms, customer_speech_rate_per_s" in row.not_measurable
    assert reason in row.not_measurable


def test_a_call_in_which_nobody_speaks_has_no_rate() -> None:
    call = make_call("seconds   0         10", said={})
    row = call_rates(call)
    assert (row.agent_rate_wpm, row.agent_rated_words, row.agent_rated_ms) == (None, 0, 0)
    assert (row.agent_articulation_rate_per_s, row.agent_syllables, row.agent_phonation_ms) == (None, 0, 0)
    assert turn_rates(call) == []


@pytest.mark.parametrize(
    ("drawing", "said", "reason"),
    [(DRAWING, None, "no transcript"), ("seconds   0         10\nanyone    ###", {}, "told the parties apart")],
)
def test_without_words_or_parties_it_is_skipped(drawing: str, said: dict[Role, list[object]] | None, reason: str) -> None:
    with pytest.raises(MissingInput, match=reason):
        list(speaking_rate(make_call(drawing, said=said), SpeakingRatePolicy()))  # type: ignore[arg-type]
