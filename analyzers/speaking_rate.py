"""How fast each party speaks: words, or Chinese characters, per minute of speech.

Conventions
-----------
Time is speech time (pauses out, from the speech timeline), never the recogniser's word times. Chinese is counted in
characters, every other language in words; the column of the other unit is empty.

Definition
----------
rate = words / minutes of speech, summed over the turns of at least ``min_words`` words: shorter ones are mostly
greetings and "yes", whose edges weigh more than their words. A word is a token with a letter or digit; in Chinese each
Han character counts, and each run of other letters or digits ("4G") counts as one.

Edge cases
----------
No transcript, or parties not told apart: skipped. No long enough turn: empty with the reason. Numbers that the
recogniser writes in digits count as one word each, and speech that it did not catch lowers the rate. Listeners tell a
change of tempo from about 10 %.

References
----------
rostelecom-03 (speak clearly, do not hurry). Quené (2007), J. Phonetics 35:353, for the just noticeable difference of
tempo.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

from postcall.analyzer import analyzer
from postcall.call import Call
from postcall.fields import CallId, NotMeasurable
from postcall.not_measurable import Reasons
from postcall.policy import Policy, Setting
from postcall.tables import Field, table
from postcall.telephony import Role
from postcall.transcript import Word


class SpeakingRatePolicy(Policy):
    """Which turns are rated."""

    min_words: int = Setting(
        5,
        ge=1,
        le=100,
        description="Fewest words (Chinese: characters) of a turn that is rated. Larger: steadier, of fewer turns.",
    )


@table("call_speaking_rate", grain="call with a transcript whose parties are told apart", primary_key=("call_id",))
class CallSpeakingRate:
    """How fast each party speaks."""

    call_id: CallId
    agent_rate_wpm: Annotated[
        float | None, Field("Words of the agent per minute of own speech.", unit="wpm", minimum=0, additive=False)
    ]
    agent_rate_cpm: Annotated[
        float | None, Field("Chinese characters of the agent per minute of own speech.", unit="cpm", minimum=0, additive=False)
    ]
    agent_rated_words: Annotated[int, Field("Words (Chinese: characters) of the agent's rated turns.", minimum=0)]
    agent_rated_ms: Annotated[int, Field("Speech of the agent's rated turns.", unit="ms", minimum=0)]
    customer_rate_wpm: Annotated[
        float | None, Field("Words of the customer per minute of own speech.", unit="wpm", minimum=0, additive=False)
    ]
    customer_rate_cpm: Annotated[
        float | None,
        Field("Chinese characters of the customer per minute of own speech.", unit="cpm", minimum=0, additive=False),
    ]
    customer_rated_words: Annotated[int, Field("Words (Chinese: characters) of the customer's rated turns.", minimum=0)]
    customer_rated_ms: Annotated[int, Field("Speech of the customer's rated turns.", unit="ms", minimum=0)]
    agent_to_customer_ratio: Annotated[
        float | None,
        Field("Rate of the agent / rate of the customer: above 1 the agent speaks faster.", minimum=0, additive=False),
    ]
    not_measurable: NotMeasurable


_UNITS_ZH = re.compile(r"[㐀-鿿豈-﫿]|[^\W_㐀-鿿豈-﫿]+")
_LETTER = re.compile(r"[^\W_]")


@analyzer(version=1)
def speaking_rate(call: Call, policy: SpeakingRatePolicy) -> Iterator[CallSpeakingRate]:
    """One row of both parties' rates."""
    why = Reasons()
    is_chinese = call.language == "zh"
    rated = {role: _rated(call, role, policy.min_words, is_chinese) for role in (Role.AGENT, Role.CUSTOMER)}
    rates = {role: words * 60_000 / talk_ms if talk_ms else None for role, (words, talk_ms) in rated.items()}

    def rate(column: str, role: Role, *, in_characters: bool) -> float | None:
        if in_characters is not is_chinese:
            why.note(column, "zh is counted in characters" if is_chinese else "only zh is counted in characters")
            return None
        return why.known(column, rates[role], f"no turn of the {role} is long enough")

    agent, customer = rates[Role.AGENT], rates[Role.CUSTOMER]
    ratio = agent / customer if agent is not None and customer else None
    yield CallSpeakingRate(
        call_id=call.call_id,
        agent_rate_wpm=rate("agent_rate_wpm", Role.AGENT, in_characters=False),
        agent_rate_cpm=rate("agent_rate_cpm", Role.AGENT, in_characters=True),
        agent_rated_words=rated[Role.AGENT][0],
        agent_rated_ms=rated[Role.AGENT][1],
        customer_rate_wpm=rate("customer_rate_wpm", Role.CUSTOMER, in_characters=False),
        customer_rate_cpm=rate("customer_rate_cpm", Role.CUSTOMER, in_characters=True),
        customer_rated_words=rated[Role.CUSTOMER][0],
        customer_rated_ms=rated[Role.CUSTOMER][1],
        agent_to_customer_ratio=why.known("agent_to_customer_ratio", ratio, "not both parties have a rate"),
        not_measurable=why.text(),
    )


def _rated(call: Call, role: Role, min_words: int, is_chinese: bool) -> tuple[int, int]:
    """Words and ms of speech of the party's turns that are long enough."""
    call.words(role)  # raises what is missing, for a call without a single turn as well
    counted = [(_count(turn.words or (), is_chinese), turn.talk_ms) for turn in call.turns if turn.role is role]
    long_enough = [(words, talk_ms) for words, talk_ms in counted if words >= min_words]
    return sum(words for words, _ in long_enough), sum(talk_ms for _, talk_ms in long_enough)


def _count(words: tuple[Word, ...], is_chinese: bool) -> int:
    if is_chinese:
        return sum(len(_UNITS_ZH.findall(word.text)) for word in words)
    return sum(_LETTER.search(word.text) is not None for word in words)
