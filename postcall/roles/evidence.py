"""Which of the speakers of a call is the customer, by what they say and how they talk. Pure.

Conventions
-----------
All evidence is in logarithmic odds: positive where a speaker is rather an agent than the customer. Only differences between
speakers of one call count, so it makes no difference how the channels or the diarizer order them.

Definition
----------
marks
    Of each speaker, numbers of about 1: cues of its opening and of the whole call (`postcall.roles.cues`); the agent's name of
    the call record in its opening; whether it speaks first, by direction of the call; its share of the talk; the sounds of the
    line on its channel: music, ringing and menus lie on the centre's side, keys that are pressed on the customer's.
handover
    Of a call that was transferred, among three voices or more: how far the others take over from each other, instead of
    talking in turns. Those who do are agents, and who talks with all of them is the customer. It counts up to
    ``HANDOVER_WEIGHT``; a call that was not transferred tells nothing so, for there a customer may pass the telephone on.
likeness
    Where the settings ask for voiceprints: how far each speaker sounds like the call's agent did on earlier days
    (`postcall.voiceprints`). It counts where one of them is that agent (`LEAST_LIKENESS`), by how much more than the others,
    ``VOICE_WEIGHT`` for a whole likeness, and no more than ``VOICE_MOST`` for either side.
weight
    Of a mark, the same for all languages. Set by hand, near a logistic regression over 150 synthetic calls with true and with
    half wrong words; cues that the synthetic calls hardly have weigh what they would be expected to.
leaning
    Weights times marks, summed. What is not said but only talk pattern counts no more than ``PATTERN_MOST`` for either side.
probability
    Of each speaker to be the customer: softmax of the negated leanings, all speakers of the call together, with
    ``ERROR_SHARE`` left for what no evidence can tell.

Edge cases
----------
A speaker who says nothing has no marks of words, and the other's words decide. Without words the talk pattern alone is left: it
never makes sure. One speaker alone is compared with a silent one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, groupby
from operator import itemgetter
from types import MappingProxyType

from postcall.acoustics import Acoustics, SoundKind
from postcall.roles import cues
from postcall.spans import Spans, at_least, total_ms
from postcall.telephony import Direction
from postcall.transcript import Word

VERSION = 6
"""Rises when the same call may get other roles or another confidence."""

WORD_WEIGHTS: Mapping[str, float] = MappingProxyType(
    {
        "offer": 1.5,
        "organisation": 0.9,
        "own_name": 0.7,
        "calling": 0.7,
        "hello": -0.4,
        "number": 1.0,
        "matter": -0.6,
        "agent_name": 1.2,
        "service": 1.6,
        "yours": 1.2,
    }
)
PATTERN_WEIGHTS: Mapping[str, float] = MappingProxyType(
    {"first_inbound": 1.0, "first_outbound": -0.8, "share": 0.8, "line": 0.8}
)

PATTERN_MOST = 1.5
"""Talk pattern alone is believed to no more than four in five."""

HANDOVER_WEIGHT = 3.0
"""Of others who never talk again once the next of them does."""

VOICE_WEIGHT = 4.0
"""Of one whole likeness: the distance of an agent from another, by the prints of the centre."""

VOICE_MOST = 3.0
"""Voices alone are believed to no more than 19 in 20, and not against a clear talk pattern: a record may name the wrong agent,
and two people may sound alike."""

LEAST_LIKENESS = 0.5
"""Where nobody is nearer to the agent than half-way, the agent of the record is not heard, or not known."""

ERROR_SHARE = 0.002
"""No evidence is surer than this: scripts are read by the wrong party, calls are rehearsals, words are invented."""

FIRST_SPEECH_MS = 250
"""Shorter sounds do not make anybody the first to speak."""

_OPENING_LASTS_MS = 60_000
_MOST = {"organisation": 1, "own_name": 1, "calling": 1, "hello": 1, "number": 1, "matter": 2}


@dataclass(frozen=True, slots=True)
class Heard:
    """What is known of a call before anybody has a role.

    Attributes
    ----------
    speech
        Of each speaker label, menus and ghosts left out.
    words
        With their speaker labels; None without a transcript.
    opens_ms
        Before this no agent can speak.
    direction, agent_name, language
        Of the call record, and of the transcript.
    acoustics
        Only where each speaker has a channel.
    fewest_voices
        So many people speak at least: of a transferred call three.
    is_one_channel
        Whether a diarizer told the speakers apart, not channels.
    unheard_share
        Share of the transcript's words that lie where no speech is heard.
    likeness
        Speaker label -> how far it sounds like the call's agent; empty where voices were not compared.
    """

    speech: Mapping[str, Spans]
    words: Sequence[Word] | None = field(default=None, repr=False)
    opens_ms: int = 0
    direction: Direction | None = None
    agent_name: str | None = field(default=None, repr=False)
    language: str | None = None
    acoustics: Acoustics | None = None
    fewest_voices: int = 2
    is_one_channel: bool = False
    unheard_share: float = 0.0
    likeness: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evidence:
    """How far each speaker of a call is the customer.

    Attributes
    ----------
    customer
        Speaker label -> probability, in the order of the labels; sums to 1.
    has_openings
        Whether somebody's opening holds a cue: more than talk pattern.
    leanings
        Speaker label -> how far it is an agent rather than the customer, in logarithmic odds.
    has_voices
        Whether voices count.
    """

    customer: Mapping[str, float]
    has_openings: bool
    leanings: Mapping[str, float]
    has_voices: bool = False

    def odds_of_customer(self, label: str) -> float:
        """Logarithmic odds that ``label`` is the customer."""
        probability = self.customer[label]
        return math.log(probability / (1 - probability))


def weigh(heard: Heard) -> Evidence:
    """The evidence of a call.

    Parameters
    ----------
    heard
        At least two labels; one without speech counts as silent.
    """
    said, patterns = word_marks(heard), pattern_marks(heard)
    middle = sum(PATTERN_WEIGHTS[name] * mark for marks in patterns.values() for name, mark in marks.items()) / len(patterns)
    voices, handovers = voice_marks(heard), handover_marks(heard)
    leanings = {}
    for label in heard.speech:
        pattern = sum(PATTERN_WEIGHTS[name] * mark for name, mark in patterns[label].items()) - middle
        words = sum(WORD_WEIGHTS[name] * mark for name, mark in said[label].items())
        leanings[label] = words + min(max(pattern, -PATTERN_MOST / 2), PATTERN_MOST / 2) + voices.get(label, 0.0)
        leanings[label] -= HANDOVER_WEIGHT * handovers.get(label, 0.0)
    has_openings = any(said[label][name] for label in said for name in OPENING_MARKS)
    return Evidence(_probabilities(leanings), has_openings, leanings, bool(voices))


OPENING_MARKS = ("offer", "organisation", "number", "own_name", "calling", "agent_name", "matter")


def word_marks(heard: Heard) -> dict[str, dict[str, float]]:
    """Marks of words of each speaker; all 0 without words."""
    words = [word for word in heard.words or () if word.span.end_ms > heard.opens_ms]
    begins_ms = min((word.span.start_ms for word in words), default=0)
    marks = {}
    for label in heard.speech:
        after = [word for word in words if word.speaker == label and not word.is_in_doubt]
        early = [word.text for word in after if word.span.start_ms <= begins_ms + _OPENING_LASTS_MS]
        opening = cues.text_of(cues.opening_of(early))
        whole = cues.text_of([word.text for word in after])

        def found(name: cues.Cue, text: str = opening) -> int:
            return cues.count(name, text, heard.language)

        yours, mine = found("yours", whole), found("mine", whole)
        marks[label] = {
            "offer": float(found("offer")),
            **{name: float(min(found(name), most)) for name, most in _MOST.items()},  # type: ignore[arg-type]
            "agent_name": float(cues.names(opening, heard.agent_name)),
            "service": math.log1p(found("service", whole)),
            "yours": (yours - mine) / (yours + mine + 3),
        }
    return marks


def pattern_marks(heard: Heard) -> dict[str, dict[str, float]]:
    """Marks of the talk pattern of each speaker."""
    talk = {label: total_ms(spans) for label, spans in heard.speech.items()}
    everything = max(sum(talk.values()), 1)
    first = _first(heard)
    marks = {}
    for label in heard.speech:
        is_first = float(label == first)
        marks[label] = {
            "first_inbound": is_first * (heard.direction is not Direction.OUTBOUND),
            "first_outbound": is_first * (heard.direction is Direction.OUTBOUND),
            "share": talk[label] / everything,
            "line": _line(heard.acoustics, label, heard),
        }
    return marks


def voice_marks(heard: Heard) -> dict[str, float]:
    """What voices say of each speaker, in logarithmic odds; empty where they say nothing."""
    likeness = {label: heard.likeness[label] for label in heard.speech if label in heard.likeness}
    if len(likeness) < len(heard.speech) or max(likeness.values(), default=0.0) < LEAST_LIKENESS:
        return {}
    middle = math.fsum(likeness.values()) / len(likeness)
    most = VOICE_MOST / 2
    return {label: min(max(VOICE_WEIGHT * (value - middle), -most), most) for label, value in likeness.items()}


def handover_marks(heard: Heard) -> dict[str, float]:
    """How far the others of each speaker take over from each other; empty where a call was not transferred."""
    if heard.fewest_voices < 3 or len(heard.speech) < 3:
        return {}
    marks = {}
    for label in heard.speech:
        others = [spans for other, spans in heard.speech.items() if other != label]
        pairs = list(combinations(others, 2))
        marks[label] = 1 - math.fsum(_turn_taking(first, second) for first, second in pairs) / len(pairs)
    return marks


def _turn_taking(first: Spans, second: Spans) -> float:
    """0 where one falls silent before the other begins, 1 where both talk all along; of the one who talks less.

    ::

        first   ####  ###    #
        second            ##   ### ####
                         ^ best place to part them; ``#`` of ``first`` is beyond it: 0.125
    """
    whole_first, whole_second = total_ms(first), total_ms(second)
    least = min(whole_first, whole_second)
    if least == 0:
        return 1.0
    misplaced = least
    before_first = before_second = 0
    spans = sorted(
        [(span.start_ms, span.duration_ms, 0) for span in first] + [(span.start_ms, 0, span.duration_ms) for span in second]
    )
    for _, together in groupby(spans, key=itemgetter(0)):
        one_way = whole_first - before_first + before_second
        other_way = before_first + whole_second - before_second
        misplaced = min(misplaced, one_way, other_way)
        for _, of_first, of_second in together:
            before_first += of_first
            before_second += of_second
    return misplaced / least


def _first(heard: Heard) -> str | None:
    """Who speaks first once an agent can be there."""
    starts = {
        label: max(span.start_ms, heard.opens_ms)
        for label, spans in heard.speech.items()
        for span in at_least(spans, FIRST_SPEECH_MS)[::-1]
        if span.end_ms > heard.opens_ms
    }
    return min(starts, key=lambda label: starts[label], default=None)


def _line(acoustics: Acoustics | None, label: str, heard: Heard) -> float:
    """1 where the centre's sounds are heard, -1 where the customer's are, 0 for neither or both."""
    if acoustics is None or label not in acoustics.channels:
        return 0.0
    channel = acoustics.channels[label]
    spoken = [spans[0].start_ms for spans in heard.speech.values() if spans]
    last_ms = max((spans[-1].end_ms for spans in heard.speech.values() if spans), default=0)
    inside = [s for s in channel.sounds if min(spoken, default=0) < s.span.start_ms < last_ms]
    centre = any(s.kind in (SoundKind.MUSIC, SoundKind.RING, SoundKind.DROPPED) for s in inside)
    customer = any(s.kind is SoundKind.KEY for s in channel.sounds)
    return float(centre) - float(customer)


def _probabilities(leanings: Mapping[str, float]) -> dict[str, float]:
    most = max(-leaning for leaning in leanings.values())
    powers = {label: math.exp(-leaning - most) for label, leaning in leanings.items()}
    whole = math.fsum(powers.values())
    even = 1 / len(powers)
    return {label: (1 - ERROR_SHARE) * power / whole + ERROR_SHARE * even for label, power in powers.items()}


def sure_of(labels: Iterable[str], evidence: Evidence) -> float:
    """Probability that the customer is among ``labels``."""
    return math.fsum(evidence.customer[label] for label in labels)
