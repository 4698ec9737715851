"""How fast each party speaks: words, or Chinese characters, per minute of speech; syllables per second, pauses in and out.

Conventions
-----------
Chinese is counted in characters, every other language in words; the column of the other unit is empty. Syllables are told from
the spelling (`postcall.language.syllables`). Time comes from the speech timeline, with one exception: short pauses inside
speech come from the recogniser's word times.

Definition
----------
Rated are the turns of at least ``min_words`` words: shorter ones are mostly greetings and "yes", whose edges weigh more than
their words. A word is a token with a letter or digit, so that "25" is one word as it is written; in Chinese each Han character
counts, and each run of other letters or digits ("4G") counts as one. Rates of a call are ratios of the sums over a party's
rated turns:

rate               words / minutes of speech
speech rate        syllables / seconds of the turn, pauses in
articulation rate  syllables / seconds of phonation, pauses out

The time of a turn is its speech and the silences in it of at most ``max_pause_s``: a longer one is a lapse, no pause. Hold is
no part of it, nor what the other party says in the pauses. Phonation is the turn's speech without stretches of at least
``min_pause_s`` that are under no word. A word whose syllables cannot be counted ("25", "4G", "СМС") is left out of both, and
its time with it; several in a row with the pauses between them::

    seconds   0         1         2
    speech    ############      ####      the turn: 1.8 s without the number, its pause of 0.6 s in
    words     =====  =====      -25-      phonation: 1.0 s

Edge cases
----------
No transcript, or parties not told apart: skipped. No long enough turn: empty with the reason. In a language other than
Russian, English and Chinese syllables are not counted: empty with the reason. Speech that the recogniser did not catch lowers
the rate and the speech rate; from phonation it is left out, as its syllables are not known.

A pause is found as finely as its source shows it. The speech timeline has those over ``speech.bridge_gap_ms`` (0.4 s); those
from 0.2 to 0.4 s are heard in the sound (`postcall.audio.voice`), and where nobody listened known from word times alone, over
which recognisers tend to stretch the word before: there the articulation rate comes out lower. Listeners tell a change of tempo
from about 10 %.

References
----------
rostelecom-03 (speak clearly, do not hurry). Quené (2007), J. Phonetics 35:353, for the just noticeable difference of
tempo; de Jong & Wempe (2009), Behav. Res. Methods 41:385, for speech rate and articulation rate. Words stretched over pauses:
whisperX issue 896.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Annotated

from postcall.analyzer import analyzer
from postcall.call import Call
from postcall.fields import CallId, EndMs, NotMeasurable, SpeakerRole, StartMs
from postcall.language.syllables import COUNTED_LANGUAGES, syllables
from postcall.not_measurable import Reasons
from postcall.party_voice import short_pauses
from postcall.policy import Policy, Setting
from postcall.spans import Span, Spans, at_least, bridge, subtract, total_ms, union
from postcall.tables import Field, table
from postcall.telephony import Role
from postcall.transcript import Word
from postcall.turns import Turn

_UNITS_ZH = re.compile(r"[㐀-鿿豈-﫿]|[^\W_㐀-鿿豈-﫿]+")
_LETTER = re.compile(r"[^\W_]")


class SpeakingRatePolicy(Policy):
    """Which turns are rated, and what a pause in them is."""

    min_words: int = Setting(
        5,
        ge=1,
        le=100,
        description="Fewest words (Chinese: characters) of a turn that is rated. Larger: steadier, of fewer turns.",
    )
    min_pause_s: float = Setting(
        0.2,
        gt=0,
        le=2,
        description="Shortest pause that is left out of phonation. Larger: lower articulation rates.",
        source="research: the articulation rate leaves out pauses of at least 0.2 s",
    )
    max_pause_s: float = Setting(
        3.0,
        gt=0,
        le=60,
        description="A longer silence inside a turn is a lapse and not part of its time. Larger: lower speech rates.",
        source="research: silences of at least 3 s are reported as such",
    )


@table("call_speaking_rate", grain="call with a transcript whose parties are told apart", primary_key=("call_id",))
class CallSpeakingRate:
    """How fast each party speaks."""

    call_id: CallId
    agent_rate_wpm: Annotated[
        float | None, Field("Words of the agent per minute of own speech.", unit="wpm", minimum=0, additive=False)
    ]
    agent_rate_cpm: Annotated[
        float | None,
        Field("Chinese characters of the agent per minute of own speech.", unit="cpm", minimum=0, additive=False),
    ]
    agent_rated_words: Annotated[int, Field("Words (Chinese: characters) of the agent's rated turns.", minimum=0)]
    agent_rated_ms: Annotated[int, Field("Speech of the agent's rated turns.", unit="ms", minimum=0)]
    agent_speech_rate_per_s: Annotated[
        float | None,
        Field("Syllables of the agent per second of own turns, pauses in.", unit="per_s", minimum=0, additive=False),
    ]
    agent_articulation_rate_per_s: Annotated[
        float | None,
        Field("Syllables of the agent per second of phonation, pauses out.", unit="per_s", minimum=0, additive=False),
    ]
    agent_syllables: Annotated[
        int | None, Field("Syllables of the agent's rated turns, as far as they can be counted.", minimum=0)
    ]
    agent_uncounted_words: Annotated[
        int | None,
        Field("Words of the agent's rated turns whose syllables cannot be counted, such as numbers in digits.", minimum=0),
    ]
    agent_rated_turn_ms: Annotated[
        int | None,
        Field("Time of the agent's rated turns, pauses in; words that cannot be counted out.", unit="ms", minimum=0),
    ]
    agent_phonation_ms: Annotated[
        int | None,
        Field("Phonation in the agent's rated turns; words that cannot be counted out.", unit="ms", minimum=0),
    ]
    customer_rate_wpm: Annotated[
        float | None, Field("Words of the customer per minute of own speech.", unit="wpm", minimum=0, additive=False)
    ]
    customer_rate_cpm: Annotated[
        float | None,
        Field("Chinese characters of the customer per minute of own speech.", unit="cpm", minimum=0, additive=False),
    ]
    customer_rated_words: Annotated[int, Field("Words (Chinese: characters) of the customer's rated turns.", minimum=0)]
    customer_rated_ms: Annotated[int, Field("Speech of the customer's rated turns.", unit="ms", minimum=0)]
    customer_speech_rate_per_s: Annotated[
        float | None,
        Field("Syllables of the customer per second of own turns, pauses in.", unit="per_s", minimum=0, additive=False),
    ]
    customer_articulation_rate_per_s: Annotated[
        float | None,
        Field("Syllables of the customer per second of phonation, pauses out.", unit="per_s", minimum=0, additive=False),
    ]
    customer_syllables: Annotated[
        int | None, Field("Syllables of the customer's rated turns, as far as they can be counted.", minimum=0)
    ]
    customer_uncounted_words: Annotated[
        int | None,
        Field("Words of the customer's rated turns whose syllables cannot be counted, such as numbers in digits.", minimum=0),
    ]
    customer_rated_turn_ms: Annotated[
        int | None,
        Field("Time of the customer's rated turns, pauses in; words that cannot be counted out.", unit="ms", minimum=0),
    ]
    customer_phonation_ms: Annotated[
        int | None,
        Field("Phonation in the customer's rated turns; words that cannot be counted out.", unit="ms", minimum=0),
    ]
    agent_to_customer_ratio: Annotated[
        float | None,
        Field("Rate of the agent / rate of the customer: above 1 the agent speaks faster.", minimum=0, additive=False),
    ]
    agent_to_customer_articulation_ratio: Annotated[
        float | None,
        Field("agent_articulation_rate_per_s / customer_articulation_rate_per_s.", minimum=0, additive=False),
    ]
    not_measurable: NotMeasurable


@table(
    "event_turn_rate",
    grain="turn of at least `speaking_rate.min_words` words",
    primary_key=("call_id", "start_ms", "role"),
)
class EventTurnRate:
    """How fast a party speaks in each of its longer turns."""

    call_id: CallId
    start_ms: StartMs
    end_ms: EndMs
    role: SpeakerRole
    turn_words: Annotated[int, Field("Words (Chinese: characters) of the turn.", minimum=0)]
    turn_syllables: Annotated[
        int | None, Field("Syllables of the turn's words, as far as they can be counted; empty when of none.", minimum=0)
    ]
    rate_wpm: Annotated[
        float | None,
        Field("Words per minute of the turn's speech; empty in Chinese.", unit="wpm", minimum=0, additive=False),
    ]
    rate_cpm: Annotated[
        float | None,
        Field("Characters per minute of the turn's speech; empty but in Chinese.", unit="cpm", minimum=0, additive=False),
    ]
    speech_rate_per_s: Annotated[
        float | None,
        Field(
            "Syllables per second of the turn, pauses in; empty when none can be counted.",
            unit="per_s",
            minimum=0,
            additive=False,
        ),
    ]
    articulation_rate_per_s: Annotated[
        float | None,
        Field(
            "Syllables per second of the turn's phonation, pauses out; empty when none can be counted.",
            unit="per_s",
            minimum=0,
            additive=False,
        ),
    ]


@dataclass(frozen=True, slots=True)
class _Amounts:
    """What one or more turns come to. The last three are of the words whose syllables can be counted."""

    words: int = 0
    talk_ms: int = 0
    words_uncounted: int = 0
    words_counted: int = 0
    syllables: int = 0
    turn_ms: int = 0
    phonation_ms: int = 0

    def __add__(self, other: _Amounts) -> _Amounts:
        return _Amounts(
            self.words + other.words,
            self.talk_ms + other.talk_ms,
            self.words_uncounted + other.words_uncounted,
            self.words_counted + other.words_counted,
            self.syllables + other.syllables,
            self.turn_ms + other.turn_ms,
            self.phonation_ms + other.phonation_ms,
        )

    @property
    def per_min(self) -> float | None:
        return self.words * 60_000 / self.talk_ms if self.talk_ms else None

    @property
    def speech_per_s(self) -> float | None:
        return self.syllables * 1000 / self.turn_ms if self.words_counted and self.turn_ms else None

    @property
    def articulation_per_s(self) -> float | None:
        return self.syllables * 1000 / self.phonation_ms if self.words_counted and self.phonation_ms else None


@analyzer(version=3)
def speaking_rate(call: Call, policy: SpeakingRatePolicy) -> Iterator[CallSpeakingRate | EventTurnRate]:
    """One row of both parties' rates, then those of their turns."""
    for role in (Role.AGENT, Role.CUSTOMER):
        call.words(role)  # raises what is missing, for a call without a single turn as well
    why = Reasons()
    is_chinese = call.language == "zh"
    rated = list(_rated(call, policy))
    sums = {
        role: sum((amounts for turn, amounts in rated if turn.role is role), _Amounts()) for role in (Role.AGENT, Role.CUSTOMER)
    }
    has_syllables = call.language in COUNTED_LANGUAGES
    uncountable = f"syllables of language '{call.language}' are not counted" if call.language else "the language is not known"

    def rate(column: str, role: Role, *, in_characters: bool) -> float | None:
        if in_characters is not is_chinese:
            why.note(column, "zh is counted in characters" if is_chinese else "only zh is counted in characters")
            return None
        return why.known(column, sums[role].per_min, f"no turn of the {role} is long enough")

    def amount(column: str, value: int) -> int | None:
        return why.known(column, value if has_syllables else None, uncountable)

    def syllable_rate(column: str, role: Role, value: float | None) -> float | None:
        if not has_syllables:
            return why.known(column, None, uncountable)
        if not sums[role].words:
            return why.known(column, None, f"no turn of the {role} is long enough")
        return why.known(column, value, f"no word of the {role} can be counted in syllables")

    def ratio(column: str, agent_rate: float | None, customer_rate: float | None) -> float | None:
        value = agent_rate / customer_rate if agent_rate is not None and customer_rate else None
        return why.known(column, value, "not both parties have a rate")

    agent, customer = sums[Role.AGENT], sums[Role.CUSTOMER]
    yield CallSpeakingRate(
        call_id=call.call_id,
        agent_rate_wpm=rate("agent_rate_wpm", Role.AGENT, in_characters=False),
        agent_rate_cpm=rate("agent_rate_cpm", Role.AGENT, in_characters=True),
        agent_rated_words=agent.words,
        agent_rated_ms=agent.talk_ms,
        agent_speech_rate_per_s=syllable_rate("agent_speech_rate_per_s", Role.AGENT, agent.speech_per_s),
        agent_articulation_rate_per_s=syllable_rate("agent_articulation_rate_per_s", Role.AGENT, agent.articulation_per_s),
        agent_syllables=amount("agent_syllables", agent.syllables),
        agent_uncounted_words=amount("agent_uncounted_words", agent.words_uncounted),
        agent_rated_turn_ms=amount("agent_rated_turn_ms", agent.turn_ms),
        agent_phonation_ms=amount("agent_phonation_ms", agent.phonation_ms),
        customer_rate_wpm=rate("customer_rate_wpm", Role.CUSTOMER, in_characters=False),
        customer_rate_cpm=rate("customer_rate_cpm", Role.CUSTOMER, in_characters=True),
        customer_rated_words=customer.words,
        customer_rated_ms=customer.talk_ms,
        customer_speech_rate_per_s=syllable_rate("customer_speech_rate_per_s", Role.CUSTOMER, customer.speech_per_s),
        customer_articulation_rate_per_s=syllable_rate(
            "customer_articulation_rate_per_s", Role.CUSTOMER, customer.articulation_per_s
        ),
        customer_syllables=amount("customer_syllables", customer.syllables),
        customer_uncounted_words=amount("customer_uncounted_words", customer.words_uncounted),
        customer_rated_turn_ms=amount("customer_rated_turn_ms", customer.turn_ms),
        customer_phonation_ms=amount("customer_phonation_ms", customer.phonation_ms),
        agent_to_customer_ratio=ratio("agent_to_customer_ratio", agent.per_min, customer.per_min),
        agent_to_customer_articulation_ratio=ratio(
            "agent_to_customer_articulation_ratio", agent.articulation_per_s, customer.articulation_per_s
        ),
        not_measurable=why.text(),
    )
    for turn, amounts in rated:
        yield EventTurnRate(
            call_id=call.call_id,
            start_ms=turn.span.start_ms,
            end_ms=turn.span.end_ms,
            role=turn.role.value,
            turn_words=amounts.words,
            turn_syllables=amounts.syllables if amounts.words_counted else None,
            rate_wpm=None if is_chinese else amounts.per_min,
            rate_cpm=amounts.per_min if is_chinese else None,
            speech_rate_per_s=amounts.speech_per_s,
            articulation_rate_per_s=amounts.articulation_per_s,
        )


def _rated(call: Call, policy: SpeakingRatePolicy) -> Iterator[tuple[Turn, _Amounts]]:
    """The turns that are long enough, in order, and what each comes to."""
    language, shortest_ms = call.language, round(policy.min_pause_s * 1000)
    short = {role: at_least(short_pauses(call, role), shortest_ms) for role in (Role.AGENT, Role.CUSTOMER)}
    pauses = tuple(span for span in call.silence() if span.duration_ms <= policy.max_pause_s * 1000)
    pause_starts = [span.start_ms for span in pauses]
    short_starts = {role: [span.start_ms for span in spans] for role, spans in short.items()}
    for turn in call.turns:
        of_words = [(word, *_counts(word.text, language)) for word in turn.words or ()]
        words = sum([units for _, units, _ in of_words])
        if words < policy.min_words:
            continue
        said = [word for word, units, _ in of_words if units]
        counts = [count for _, units, count in of_words if units]
        counted = [count for count in counts if count is not None]
        amounts = _Amounts(words=words, talk_ms=turn.talk_ms, words_uncounted=len(counts) - len(counted))
        if counted:
            talk = bridge((piece for utterance in turn.utterances for piece in utterance.talk), shortest_ms - 1)
            wordless = at_least(subtract(talk, union(word.span for word in said)), shortest_ms)
            left_out = union(_uncounted(said, counts)) if len(counted) < len(counts) else ()
            amounts += _Amounts(
                words_counted=len(counted),
                syllables=sum(counted),
                turn_ms=total_ms(subtract(union(talk, _within(pauses, pause_starts, turn.span)), left_out)),
                phonation_ms=total_ms(
                    subtract(talk, union(wordless, _within(short[turn.role], short_starts[turn.role], turn.span), left_out))
                ),
            )
        yield turn, amounts


@lru_cache(maxsize=100_000)
def _counts(text: str, language: str | None) -> tuple[int, int | None]:
    """Words that a word counts for, Chinese characters one each and 0 without a letter; its syllables, None if uncountable."""
    if not _LETTER.search(text):
        return 0, 0
    return len(_UNITS_ZH.findall(text)) if language == "zh" else 1, syllables(text, language)


def _within(silences: Spans, starts: Sequence[int], turn: Span) -> Spans:
    """Silences that start in a turn; they end in it too, as a turn ends with speech."""
    return silences[bisect_left(starts, turn.start_ms) : bisect_left(starts, turn.end_ms)]


def _uncounted(said: Sequence[Word], counts: Sequence[int | None]) -> Iterator[Span]:
    """From the first to the last of each row of words that cannot be counted."""
    for is_uncounted, row in groupby(zip(said, counts, strict=True), key=lambda pair: pair[1] is None):
        if is_uncounted:
            spans = [word.span for word, _ in row]
            yield Span(spans[0].start_ms, max(span.end_ms for span in spans))
