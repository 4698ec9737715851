"""Promises to call back, with the moment that is promised.

Conventions
-----------
Days and hours are those of the centre's time zone, UTC where none is known; ``due_from_at`` and ``due_by_at`` are UTC. Nothing
is quoted: ``first_word`` … are places in ``stage_word``.

Definition
----------
A promise is one of the phrases ``callback.phrases_*`` of the call's language, said by the agent. Its time is the moment
(`postcall.language.moments`) that agent or customer name nearest to it, no further than ``callback.beside_s``; of two at the
same distance the agent's. A call has one promise at most: said again, it is the same one, and the latest that names a time
stands, else the latest::

    agent     "перезвоню вам через час"   "нет, лучше завтра до обеда я вам перезвоню"   "хорошо, перезвоню"
                                           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
                                           the promise: due tomorrow until 13:00, said 3 times

It is said at ``recording_started_at + start_ms``. Without a time it is due by the end of the next working day
(`postcall.callbacks`), which has what became of it.

Edge cases
----------
Where it is not known when the recording started, the call record's answer, else its start, stands for it: some seconds, or the
time in the queue, too early. A call without any time has a promise whose due times are empty. Words of which it is in doubt who
said them promise nothing. Nor does "если связь прервётся, я перезвоню": a condition before it, in its sentence, and no time;
nor a question that gives a choice, "подождёте, или мы вам перезвоним?". A customer who says "перезвоните мне завтра" promises
nothing; an agent's "хорошо, перезвоним" after it does, and the time is the customer's. Where the language of a call is not
known, it is told by its letters: Cyrillic, Latin, Chinese.

References
----------
rostelecom-12, cabletv-23.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo

from postcall.analyzer import analyzer
from postcall.call import Call
from postcall.callback_tables import DueByAt, DueFromAt, HasPromisedTime, PromisedAt
from postcall.callbacks import CallbackPolicy, default_due_by, local_to_utc
from postcall.conduct.tables import FirstWord, LastWord
from postcall.errors import MissingInput
from postcall.fields import AgentId, CallId, CustomerKey, EndMs, NotMeasurable, StartMs
from postcall.language.moments import Moment, moment_at
from postcall.language.phrases import Phrase, PhraseBook
from postcall.language.tokens import Token, tokens
from postcall.spans import Span, Spans, union
from postcall.tables import Field, table
from postcall.telephony import Role
from postcall.transcript import Word


@table("event_callback_promise", grain="call in which a call back is promised", primary_key=("call_id",))
class EventCallbackPromise:
    """Promises of agents to call back, and when the call is due."""

    call_id: CallId
    agent_id: AgentId
    customer_key: CustomerKey
    start_ms: StartMs
    end_ms: EndMs
    first_word: FirstWord
    last_word: LastWord
    time_first_word: Annotated[int | None, Field("Place in stage_word of the first word that names the time.", minimum=0)]
    time_last_word: Annotated[int | None, Field("Place in stage_word of the last word that names the time.", minimum=0)]
    times_said: Annotated[int, Field("How often the call back is promised in the call.", minimum=1)]
    has_promised_time: HasPromisedTime
    promised_at: PromisedAt
    due_from_at: DueFromAt
    due_by_at: DueByAt
    not_measurable: NotMeasurable


_LETTERS = {"ru": re.compile("[а-яё]", re.IGNORECASE), "en": re.compile("[a-z]", re.IGNORECASE), "zh": re.compile("[一-鿿]")}
_CONDITIONS = {"ru": ("если",), "en": ("if",), "zh": ("如果", "要是", "万一")}
_CHOICES = {"ru": ("или", "либо"), "en": ("or", "shall", "should"), "zh": ("还是", "或者")}
_NEAR_WORDS = 10
"""A condition stands no further before a promise, a choice no further from it."""


@dataclass(frozen=True, slots=True)
class _Said:
    """A stretch of a party's words."""

    span: Span
    first: Word
    last: Word
    is_conditional: bool = False


@dataclass(frozen=True, slots=True)
class _Named:
    """A moment that somebody names."""

    moment: Moment
    said: _Said


_LONGEST_MOMENT_MS = 15_000
"""Nobody takes longer to name a moment."""


@analyzer(version=2)
def callback_promise(call: Call, policy: CallbackPolicy) -> Iterator[EventCallbackPromise]:
    """The promise of the call; none where nobody promises."""
    agent, customer = call.words(Role.AGENT), call.words(Role.CUSTOMER)
    language = call.language or _written_in(agent)
    patterns = policy.phrases(language)
    if patterns is None:
        raise MissingInput("language", f"promises are known in Russian, English and Chinese, not in '{language}'")
    promises = _promises(agent, call.tokens(Role.AGENT, language), patterns, language)
    if not promises:
        return
    near = _around(promises, policy)
    named = [*_moments(agent, near, language), *_moments(customer, near, language)]
    with_time = [(one, _nearest(one, named, policy)) for one in promises]
    with_time = [(one, time) for one, time in with_time if time is not None or not one.is_conditional]
    if not with_time:
        return
    promise, time = next((pair for pair in reversed(with_time) if pair[1] is not None), with_time[-1])
    place = {id(word): number for number, word in enumerate(call.need_transcript().words)}
    said_at = _said_at(call, promise.span.start_ms)
    due = (None, None) if said_at is None else _due(said_at, time, ZoneInfo(call.telephony.time_zone or "UTC"), policy)
    yield EventCallbackPromise(
        call_id=call.call_id,
        agent_id=call.telephony.agent_id or "",
        customer_key=call.telephony.customer_key,
        start_ms=promise.span.start_ms,
        end_ms=promise.span.end_ms,
        first_word=place[id(promise.first)],
        last_word=place[id(promise.last)],
        time_first_word=place[id(time.said.first)] if time else None,
        time_last_word=place[id(time.said.last)] if time else None,
        times_said=len(with_time),
        has_promised_time=time is not None,
        promised_at=said_at,
        due_from_at=due[0],
        due_by_at=due[1],
        not_measurable=None
        if said_at is not None
        else "promised_at, due_from_at, due_by_at: it is not known when the call took place",
    )


def _written_in(words: Sequence[Word]) -> str:
    """Language whose letters most of the words are written in."""
    text = "".join(word.text for word in words)
    letters = {language: len(pattern.findall(text)) for language, pattern in _LETTERS.items()}
    return max(letters, key=lambda language: letters[language])


def _promises(words: Sequence[Word], said: Sequence[Token], patterns: tuple[str, ...], language: str) -> list[_Said]:
    """Where a call back is promised, in order; what overlaps is one promise."""
    found: list[tuple[int, int]] = []
    matches = [match for of_pattern in _book(patterns, language).find(said).values() for match in of_pattern]
    for match in sorted(matches, key=lambda one: (one.first, one.last)):
        is_in_doubt = any(token.is_in_doubt for token in said[match.first : match.last + 1])
        if is_in_doubt or _is_choice(said, match.first, match.last, language):
            continue
        if found and match.first <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], match.last))
        else:
            found.append((match.first, match.last))
    return [
        replace(_stretch(words, said, first, last), is_conditional=_is_conditional(said, first, language))
        for first, last in found
    ]


def _is_conditional(said: Sequence[Token], first: int, language: str) -> bool:
    """Whether a condition stands before a promise, in its sentence."""
    return _holds(_sentence_before(said, first), _CONDITIONS[language], language)


def _is_choice(said: Sequence[Token], first: int, last: int, language: str) -> bool:
    """Whether a promise is one of the ways that the customer is asked to choose from: "подождёте, или вам перезвонить?"."""
    if not said[last].is_question:
        return False
    end = next((at for at in range(last, len(said)) if said[at].ends_sentence), len(said) - 1)
    around = [*_sentence_before(said, first), *(token.form for token in said[first : min(end, last + _NEAR_WORDS) + 1])]
    return _holds(around, _CHOICES[language], language)


def _sentence_before(said: Sequence[Token], first: int) -> list[str]:
    """Forms of the tokens that stand before one, in its sentence."""
    begins = first
    while begins > max(0, first - _NEAR_WORDS) and not said[begins - 1].ends_sentence:
        begins -= 1
    return [token.form for token in said[begins:first]]


def _holds(forms: Sequence[str], words: Sequence[str], language: str) -> bool:
    if language == "zh":  # a token is a character
        text = "".join(forms)
        return any(word in text for word in words)
    return any(word in forms for word in words)


def _around(promises: Sequence[_Said], policy: CallbackPolicy) -> Spans:
    """Where a moment that is near enough to a promise may begin."""
    reach_ms = round(policy.beside_s * 1000)
    return union(
        Span(max(0, one.span.start_ms - reach_ms - _LONGEST_MOMENT_MS), one.span.end_ms + reach_ms + 1) for one in promises
    )


def _moments(words: Sequence[Word], near: Spans, language: str) -> list[_Named]:
    """Every moment that a party names there, in order."""
    starts = [word.span.start_ms for word in words]
    words = [w for span in near for w in words[bisect_left(starts, span.start_ms) : bisect_left(starts, span.end_ms)]]
    said = tokens(words, language)
    found: list[_Named] = []
    at = 0
    while at < len(said):
        moment = moment_at(said, at, language)
        if moment is not None:
            found.append(_Named(moment, _stretch(words, said, at, moment.end - 1)))
        at = max(at + 1, moment.end if moment is not None else 0)
    return found


def _stretch(words: Sequence[Word], said: Sequence[Token], first: int, last: int) -> _Said:
    start_ms = said[first].start_ms
    return _Said(Span(start_ms, max(said[last].end_ms, start_ms + 1)), words[said[first].word], words[said[last].word])


def _nearest(promise: _Said, named: Sequence[_Named], policy: CallbackPolicy) -> _Named | None:
    """The moment named nearest to a promise; the agent's come first and win where two are as near."""

    def distance_ms(one: _Named) -> int:
        return max(0, one.said.span.start_ms - promise.span.end_ms, promise.span.start_ms - one.said.span.end_ms)

    beside = [one for one in named if distance_ms(one) <= policy.beside_s * 1000]
    return min(beside, key=distance_ms, default=None)


def _said_at(call: Call, start_ms: int) -> datetime | None:
    record = call.telephony
    began = call.recording_started_at or record.answered_at or record.offered_at or record.started_at
    return None if began is None else began.astimezone(UTC) + timedelta(milliseconds=start_ms)


def _due(said_at: datetime, time: _Named | None, zone: ZoneInfo, policy: CallbackPolicy) -> tuple[datetime, datetime]:
    if time is None:
        return said_at, default_due_by(said_at, zone, policy)
    moment = time.moment
    if moment.within_ms is not None and not moment.is_by_days:
        return said_at, said_at + timedelta(milliseconds=round(moment.within_ms))  # an hour is one, also at a clock change
    begins, ends = moment.window(said_at.astimezone(zone).replace(tzinfo=None))
    due_from = max(local_to_utc(begins, zone), said_at)
    return due_from, max(local_to_utc(ends, zone), due_from)


@lru_cache(maxsize=16)
def _book(patterns: tuple[str, ...], language: str) -> PhraseBook:
    return PhraseBook({pattern: (Phrase(pattern, language),) for pattern in patterns}, language)
