import pytest

from analyzers.speaking_rate import CallSpeakingRate, SpeakingRatePolicy, speaking_rate
from postcall.errors import MissingInput
from postcall.telephony import Role
from postcall.testing.drawing import make_call

DRAWING = """
seconds   0         10        20        30
agent     ###  ###        ##      ######
customer             #####    ####
"""


def test_words_per_minute_of_speech_over_long_enough_turns() -> None:
    call = make_call(
        DRAWING,
        said={
            Role.AGENT: [
                (0, 3, "good morning this is anna"),
                (5, 8, "how can i help you ?"),
                (16, 18, "one moment"),
                (24, 30, "you owe 25 euros and nothing else at all sir"),
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
            customer_rate_wpm=6 / 5 * 60,
            customer_rate_cpm=None,
            customer_rated_words=6,
            customer_rated_ms=5_000,
            agent_to_customer_ratio=100.0 / 72.0,
            not_measurable="agent_rate_cpm, customer_rate_cpm: only zh is counted in characters",
        )
    ]


def test_chinese_is_counted_in_characters() -> None:
    call = make_call(
        "seconds   0         10\nagent     ####\ncustomer      ##",
        said={Role.AGENT: [(0, 4, "您好 ， 请问 有 什么 4G 问题 。")], Role.CUSTOMER: [(4, 6, "没有")]},
        language="zh",
    )
    (row,) = speaking_rate(call, SpeakingRatePolicy())
    assert (row.agent_rated_words, row.agent_rate_cpm, row.agent_rate_wpm) == (10, 150.0, None)
    assert row.customer_rate_cpm is None
    assert row.not_measurable == (
        "agent_rate_wpm, customer_rate_wpm: zh is counted in characters; "
        "customer_rate_cpm: no turn of the customer is long enough; "
        "agent_to_customer_ratio: not both parties have a rate"
    )


def test_a_call_in_which_nobody_speaks_has_no_rate() -> None:
    (row,) = speaking_rate(make_call("seconds   0         10", said={}), SpeakingRatePolicy())
    assert (row.agent_rate_wpm, row.agent_rated_words, row.agent_rated_ms) == (None, 0, 0)


@pytest.mark.parametrize(
    ("drawing", "said", "reason"),
    [(DRAWING, None, "no transcript"), ("seconds   0         10\nanyone    ###", {}, "told the parties apart")],
)
def test_without_words_or_parties_it_is_skipped(drawing: str, said: dict[Role, list[object]] | None, reason: str) -> None:
    with pytest.raises(MissingInput, match=reason):
        list(speaking_rate(make_call(drawing, said=said), SpeakingRatePolicy()))  # type: ignore[arg-type]
