"""Holds that only words tell of. Pure.

Definition
----------
A stretch of at least ``announced_holds.min_s`` in which nobody speaks is a hold by its words when both are there:

request
    In the last ``_BEFORE_MS`` before it the agent asks the customer to wait without him, or hands him on
    (`postcall.language.waiting.asks_to_hold`).
confirmation
    As ``announced_holds.confirmed_by`` wants it: the customer agrees before it begins, or the agent thanks him for waiting
    within ``_AFTER_MS`` of its end, or either.

::

    agent     "оставайтесь на линии, хорошо?"                        "спасибо за ожидание"
    customer                                "да"
                                                ^^^^^^^^^^^^^^^^^^^^
                                                announced

"Let me check" or "одну минуту" announces a search: the agent is still there and the line open, so the silence after it is dead
air however long it lasts, and whether or not he is thankful afterwards. That is what the manuals tell apart: mts-02 wants a
hold, with a set phrase and consent, where a search takes longer than dead air may.

Where it is asked
-----------------
Only where sound cannot tell (`is_told_by_sound`): on one channel, and where the agent's channel is as good as still in pauses.
On a channel whose room is heard, an open line sounds, and a parked one does not (`postcall.audible_hold`): there words add
nothing, and an agent who asks for a hold but leaves the line open must not pass for one who held. What is heard as hold or mute
is never announced too. And where the call record tells of holds, it is believed.

Edge cases
----------
Where the parties are not told apart, request and thanks may be anybody's: an agent's phrases are said by agents. Consent is
then what follows a question mark, so that it needs a recogniser that writes them. A customer who speaks into the hold parts it
in two, and each part needs its own words. A hold that is neither asked for nor thanked for stays silence: nothing tells them
apart.

References
----------
mts-02, mts-03 (purpose, time, consent), mts-07 (thanks), cabletv-03, cabletv-04, golden-01, golden-02.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from postcall.acoustics import Quality
from postcall.language.waiting import asks_to_hold, consents, thanks_for_waiting
from postcall.policy import Policy, Setting
from postcall.spans import Spans, at_least, gaps, hull
from postcall.transcript import Word

ANNOUNCED_SOURCE = "announced"
"""What tells of these holds, beside `postcall.audible_hold.HOLD_SOURCES`."""

_BEFORE_MS, _AFTER_MS = 15_000, 8_000
_LEAST_NOISE_DBFS = -65.0
"""A room that is quieter than this is not told from an idle line (ITU-T G.712 allows -65 dBm0p of noise on an idle channel)."""


class AnnouncedHoldPolicy(Policy):
    """When words alone make silence a hold: only where neither the call record nor the sound can tell."""

    confirmed_by: Literal["thanks", "consent", "either", "never"] = Setting(
        "either",
        description="What must confirm the agent's request to wait: his thanks on return, the customer's consent, either of "
        "them, or 'never' for no holds by words. 'thanks' finds fewest and is surest; what is not found counts as silence.",
        source="mts-03, mts-07",
    )
    min_s: float = Setting(
        5.0, gt=0, le=120, description="Shortest hold by words. Smaller takes pauses after a request for holds."
    )


@dataclass(frozen=True, slots=True)
class SaidWords:
    """Words that may ask, agree and thank.

    Attributes
    ----------
    agent
        The agent's, or everybody's where the parties are not told apart.
    customer
        The customer's; None where the parties are not told apart.
    """

    agent: Sequence[Word]
    customer: Sequence[Word] | None


def is_told_by_sound(quality: Quality, *, is_mixed: bool) -> bool:
    """Whether a hold without music or tones would be heard on the agent's channel.

    Parameters
    ----------
    quality
        Of the agent's channel.
    is_mixed
        Whether the customer is heard on it too.
    """
    if is_mixed or quality.is_gated or quality.noise_dbfs is None:
        return False
    return quality.noise_dbfs >= _LEAST_NOISE_DBFS


def announced_holds(said: SaidWords, speech: Spans, heard: Spans, language: str | None, policy: AnnouncedHoldPolicy) -> Spans:
    """Holds by their words.

    Parameters
    ----------
    said
        The words.
    speech
        Of anybody.
    heard
        Holds and mutes that are heard: none of these is announced too.
    language
        ISO 639-1 code, or None.
    policy
        What confirms a request.
    """
    if policy.confirmed_by == "never":
        return ()
    return tuple(
        gap
        for gap in at_least(gaps(speech, hull(speech)), round(policy.min_s * 1000))
        if not any(gap.overlaps(span) for span in heard)
        and _is_asked(said, gap.start_ms, language)
        and _is_confirmed(said, gap.start_ms, gap.end_ms, language, policy.confirmed_by)
    )


def _is_asked(said: SaidWords, at_ms: int, language: str | None) -> bool:
    return asks_to_hold(_texts(said.agent, at_ms - _BEFORE_MS, at_ms), language)


def _is_confirmed(said: SaidWords, start_ms: int, end_ms: int, language: str | None, by: str) -> bool:
    is_thanked = thanks_for_waiting(_texts(said.agent, end_ms, end_ms + _AFTER_MS), language)
    if by == "thanks":
        return is_thanked
    is_agreed = consents(_answer(said, start_ms), language)
    return is_agreed if by == "consent" else is_agreed or is_thanked


def _answer(said: SaidWords, at_ms: int) -> Sequence[str]:
    """What the customer says between the agent's last word and an instant."""
    if said.customer is not None:
        since_ms = max((word.span.end_ms for word in said.agent if word.span.start_ms < at_ms), default=at_ms)
        # Who agrees often does so over the agent's last word.
        return _texts(said.customer, since_ms - 1_000, at_ms)
    texts = _texts(said.agent, at_ms - _BEFORE_MS, at_ms)
    asked = [index for index, text in enumerate(texts) if text.endswith(("?", "？"))]
    return texts[asked[-1] + 1 :] if asked else ()


def _texts(words: Sequence[Word], start_ms: int, end_ms: int) -> list[str]:
    return [word.text for word in words if start_ms <= word.span.start_ms < end_ms]
