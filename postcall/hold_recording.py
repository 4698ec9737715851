"""Announcements that are played to a customer on hold, told apart from what the agent says. Pure.

Definition
----------
A stretch of speech on the agent's channel (pauses up to ``_PAUSE_MS`` in it) is a recording when both hold:

words
    They have a phrase of recordings (`postcall.language.lexicon.plays_recording`): "ваш звонок очень важен для нас", "all our
    agents are busy". No agent says that of himself.
place
    Music, tones that repeat, or the noise of a switch are heard within ``_BESIDE_MS`` of it, or another recording is.

::

    agent     "оставайтесь на линии"    "ваш звонок очень важен для нас"        "спасибо за ожидание"
    music                            ♪♪♪                                ♪♪♪♪♪♪♪
                                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
                                        recording

It is then neither the agent's talk nor an end of the hold.

Edge cases
----------
Without words, or where the recogniser missed the phrase, it passes for the agent's talk, and parts a hold in two. Over music
that goes on below it, the hold is one in any case. Where the parties are not told apart nothing is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from postcall.acoustics import SoundKind
from postcall.language.lexicon import plays_recording
from postcall.spans import Span, Spans, bridge
from postcall.transcript import Word

HOLD_KINDS = (SoundKind.MUSIC, SoundKind.BEEP, SoundKind.RING, SoundKind.DROPPED)
"""What is heard on a leg that is parked."""
_PAUSE_MS, _BESIDE_MS = 1_000, 4_000


def hold_recordings(
    speech: Iterable[Span], words: Sequence[Word], sounds: Iterable[Span], language: str | None
) -> tuple[Span, ...]:
    """Stretches of recordings on a channel, in order.

    Parameters
    ----------
    speech
        Of the channel.
    words
        Of the channel, in order of start.
    sounds
        Where music, repeated tones or the noise of a switch are heard on it.
    language
        ISO 639-1 code. Unknown: the phrases of all languages count.
    """
    told = [
        stretch
        for stretch in bridge(speech, _PAUSE_MS)
        if plays_recording([word.text for word in words if stretch.start_ms <= word.span.start_ms < stretch.end_ms], language)
    ]
    beside: Spans = bridge([*sounds, *told], 0)
    return tuple(stretch for stretch in told if any(_is_near(stretch, other) for other in beside if other != stretch))


def _is_near(one: Span, other: Span) -> bool:
    return other.start_ms - one.end_ms <= _BESIDE_MS and one.start_ms - other.end_ms <= _BESIDE_MS
