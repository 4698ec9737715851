"""Announcements that are played to a customer on hold, told apart from what the agent says. Pure.

Definition
----------
A *stretch* is speech on the agent's channel, pauses up to ``_PAUSE_MS`` in it. It *parts* a hold when music or a tone ends at
most ``_GAP_MS`` (tones: ``_CYCLE_MS``, their own pause) before it and goes on as soon after it, and the customer says nothing
in between. It is a recording by any of these:

words
    It has a phrase of recordings (`postcall.language.announcements`): "ваш звонок очень важен для нас", "all our agents are
    busy", and nobody says "I" in it, as an agent does who explains the queue; and music, tones that repeat, the noise of a
    switch or another recording are heard within ``_BESIDE_MS`` of it.
no person
    It parts a hold with ``_LEAST_WORDS`` words or more, in which nobody says "I" or speaks of waiting: an agent who looks in
    without being answered does either.
voice
    It parts a hold in another voice than the agent's: its pitch and level lie far from those of what the channel said before
    (`_Voice.apart`). Where its words are known and nobody says "I" in them, ``_NO_PERSON`` of that is far enough.
repetition
    It parts a hold, and so does another that goes the same way, to half a semitone and a fiftieth of a second: nobody says a
    sentence twice like that.
same voice
    It begins or ends a hold in the voice of one that is told by voice or repetition, and in that of nobody who speaks before
    the hold or after it.

::

    agent     "оставайтесь на линии"    "ваш звонок очень важен для нас"        "спасибо за ожидание"
    music                            ♪♪♪                                ♪♪♪♪♪♪♪
                                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
                                        recording

It is then neither the agent's talk nor an end of the hold.

Edge cases
----------
An agent who looks in between two stretches of music ("спасибо за ожидание, ещё минуту") does so in his own voice: that is his
talk, and there are two holds. Where the channel said little before the hold (``_LEAST_OWN_MS`` voiced), what it says after it
shows how the agent sounds; without either, only words and repetition tell. A recording in a voice like the agent's, played
once, whose words are not known, passes for his talk and parts a hold in two. Over music that goes on below it, the hold is
mostly one in any case. Where the parties are not told apart nothing is asked.

References
----------
Asterisk ``app_queue.c``: music stops for an announcement, and goes on after it. ``_APART_ST`` and ``_APART_DB`` are no figures
of a book: of 47 stretches of speech in four real calls, one in twelve lies as far from its speaker's others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from postcall.acoustics import ChannelSound, Sound, SoundKind, VoiceTrack
from postcall.language.announcements import plays_recording, speaks_of_oneself, speaks_of_waiting
from postcall.spans import Span, Spans, bridge, intersect, longest_ms, union
from postcall.transcript import Word

HOLD_KINDS = (SoundKind.MUSIC, SoundKind.BEEP, SoundKind.RING, SoundKind.DROPPED)
"""What is heard on a leg that is parked."""
_PAUSE_MS, _BESIDE_MS = 1_000, 4_000
_GAP_MS, _CYCLE_MS = 1_500, 6_000
_GAPS_MS = {SoundKind.MUSIC: _GAP_MS, SoundKind.BEEP: _CYCLE_MS, SoundKind.RING: _CYCLE_MS}
_REPLY_MS = 250
"""Talk of the customer this long says that somebody speaks to him."""
_LEAST_VOICED_MS, _LEAST_OWN_MS = 500, 2_000
_LEAST_WORDS = 5
"""Of a sentence that can be told from a check-in; twice as many characters of Chinese."""
_APART_ST, _APART_DB = 3.0, 6.0
_NO_PERSON = 0.6
"""So far apart is enough where the words are known, and nobody speaks of himself."""
_SAME = 0.5
"""Of ``_APART_ST`` and ``_APART_DB``: two stretches of one voice."""
_SAME_HZ_SHARE = 0.05
_ALIKE_ST, _ALIKE_SHARE, _SHIFT_FRAMES = 0.5, 0.8, 15


@dataclass(frozen=True, slots=True)
class _Voice:
    """Median pitch in semitones, median level in dBFS."""

    pitch_st: float
    level_dbfs: float

    def apart(self, other: _Voice) -> float:
        """How far two voices are apart; 1 and more: two people."""
        pitch, level = (self.pitch_st - other.pitch_st) / _APART_ST, (self.level_dbfs - other.level_dbfs) / _APART_DB
        return float(np.hypot(pitch, level))


def hold_recordings(
    speech: Iterable[Span], words: Sequence[Word], channel: ChannelSound, customer: Spans, language: str | None
) -> tuple[Span, ...]:
    """Stretches of recordings on a channel, in order.

    Parameters
    ----------
    speech
        Of the channel.
    words
        Of the channel, in order of start; empty where there is no transcript.
    channel
        What is heard on it beside speech, and how its voices speak.
    customer
        Talk of the customer.
    language
        ISO 639-1 code. Unknown: the phrases of all languages count.
    """
    sounds = [sound for sound in channel.sounds if sound.kind in HOLD_KINDS]
    if not sounds:
        return ()
    stretches = bridge(speech, _PAUSE_MS)
    said = {
        stretch: [word.text for word in words if stretch.start_ms <= word.span.start_ms < stretch.end_ms]
        for stretch in stretches
    }
    impersonal = {stretch for stretch in stretches if said[stretch] and not speaks_of_oneself(said[stretch], language)}
    told = tuple(stretch for stretch in stretches if stretch in impersonal and plays_recording(said[stretch], language))
    nobodys = {stretch for stretch in impersonal if _is_nobodys(said[stretch], language)}
    by_voice = _by_voice(stretches, channel.voice, sounds, customer, impersonal, nobodys)
    return tuple(sorted({*_beside_sounds(told, sounds), *by_voice}))


def _is_nobodys(words: Sequence[str], language: str | None) -> bool:
    """Whether it is none of what an agent says who looks in; asked of words in which nobody speaks of himself."""
    return len(words) >= _least_words(language) and not speaks_of_waiting(words, language)


def _least_words(language: str | None) -> int:
    return 2 * _LEAST_WORDS if language == "zh" else _LEAST_WORDS


def _beside_sounds(told: Spans, sounds: Sequence[Sound]) -> Iterator[Span]:
    beside = bridge([*(sound.span for sound in sounds), *told], 0)
    return (stretch for stretch in told if any(_is_near(stretch, other) for other in beside if other != stretch))


def _is_near(one: Span, other: Span) -> bool:
    return other.start_ms - one.end_ms <= _BESIDE_MS and one.start_ms - other.end_ms <= _BESIDE_MS


# ── by voice ─────────────────────────────────────────────────────────────────


def _by_voice(
    stretches: Spans,
    track: VoiceTrack,
    sounds: Sequence[Sound],
    customer: Spans,
    impersonal: Set[Span],
    nobodys: Set[Span],
) -> set[Span]:
    """Stretches that are recordings by their voice.

    Parameters
    ----------
    impersonal
        Those with words in which nobody speaks of himself.
    nobodys
        Those of them that no agent says who looks in.
    """
    held = _goes_on(sounds)
    beside = {stretch: _beside(stretch, held) for stretch in stretches}
    parting = [
        stretch
        for stretch, (before_ms, after_ms) in beside.items()
        if before_ms is not None and after_ms is not None and not _replies(customer, before_ms, after_ms)
    ]
    if not parting:
        return set()
    level, pitch = track.level_dbfs(), 12 * np.log2(track.pitch_hz())
    told = {one for one in parting for other in parting if one != other and _is_repeated(pitch, one, other)}
    told |= nobodys & set(parting)
    spoken = [stretch for stretch in stretches if stretch not in parting]
    edges = [s for s in spoken if beside[s] != (None, None) and not _replies(customer, *_hull(s, beside[s]))]
    for stretch in parting:
        before, after = _apart(stretch, spoken, level, pitch)
        # Who put the customer on hold is who would look in; a transfer's next agent has not spoken yet.
        if (before or after) >= (_NO_PERSON if stretch in impersonal else 1):
            told.add(stretch)
    known = [voice for stretch in told if (voice := _voice([stretch], level, pitch, _LEAST_VOICED_MS)) is not None]
    for stretch in edges:
        voice = _voice([stretch], level, pitch, _LEAST_VOICED_MS)
        if voice is None or not any(voice.apart(one) <= _SAME for one in known):
            continue
        # The next agent after a transfer may sound like the recording: he goes on to speak.
        if min(_apart(stretch, [other for other in spoken if other != stretch], level, pitch)) >= 1:
            told.add(stretch)
    return told


def _goes_on(sounds: Sequence[Sound]) -> list[Sound]:
    """Music, and tones that repeat: the beep that tells of recording comes alone."""
    return [
        sound
        for sound in sounds
        if sound.kind is SoundKind.MUSIC
        or (sound.kind in _GAPS_MS and any(_is_next(sound, other) or _is_next(other, sound) for other in sounds))
    ]


def _is_next(one: Sound, other: Sound) -> bool:
    return _is_same(one, other) and 0 < other.span.start_ms - one.span.end_ms <= _GAPS_MS[one.kind]


def _is_same(one: Sound, other: Sound) -> bool:
    """Whether both are music, or tones of the same frequencies."""
    return one.kind is other.kind and np.allclose(sorted(one.hertz)[:1], sorted(other.hertz)[:1], rtol=_SAME_HZ_SHARE)


def _beside(stretch: Span, sounds: Sequence[Sound]) -> tuple[int | None, int | None]:
    """Where music or a tone ends shortly before a stretch, and where the same goes on shortly after; None where it does not."""
    before = [s for s in sounds if s.span.start_ms < stretch.start_ms <= s.span.end_ms + _GAPS_MS[s.kind]]
    after = [s for s in sounds if s.span.start_ms - _GAPS_MS[s.kind] <= stretch.end_ms < s.span.end_ms]
    if before and after and not any(_is_same(one, other) for one in before for other in after):
        return None, None
    return max((s.span.end_ms for s in before), default=None), min((s.span.start_ms for s in after), default=None)


def _hull(stretch: Span, beside: tuple[int | None, int | None]) -> tuple[int, int]:
    before_ms, after_ms = beside
    return (stretch.start_ms if before_ms is None else before_ms, stretch.end_ms if after_ms is None else after_ms)


def _replies(customer: Spans, start_ms: int, end_ms: int) -> bool:
    return start_ms < end_ms and longest_ms(intersect(customer, (Span(start_ms, end_ms),))) >= _REPLY_MS


def _apart(
    stretch: Span, spoken: Sequence[Span], level: NDArray[np.float64], pitch: NDArray[np.float64]
) -> tuple[float, float]:
    """How far it is from the voice that spoke before it and from that which speaks after it; 0 for one that nobody knows."""
    voice = _voice([stretch], level, pitch, _LEAST_VOICED_MS)
    sides = ([s for s in spoken if s.end_ms <= stretch.start_ms], [s for s in spoken if s.start_ms >= stretch.end_ms])
    before, after = (_voice(side, level, pitch, _LEAST_OWN_MS) for side in sides)
    return (
        voice.apart(before) if voice is not None and before is not None else 0.0,
        voice.apart(after) if voice is not None and after is not None else 0.0,
    )


def _voice(spans: Sequence[Span], level: NDArray[np.float64], pitch: NDArray[np.float64], least_ms: int) -> _Voice | None:
    """The voice in some spans; None where too little of it is voiced."""
    frames = np.concatenate([np.arange(*_frames(span).indices(level.size)) for span in union(spans)] or [np.zeros(0, np.int64)])
    voiced = frames[np.isfinite(pitch[frames])]
    if voiced.size * VoiceTrack.FRAME_MS < least_ms:
        return None
    return _Voice(float(np.median(pitch[voiced])), float(np.nanmedian(level[voiced])))


def _is_repeated(pitch: NDArray[np.float64], one: Span, other: Span) -> bool:
    """Whether two stretches go the same way, after the shift that fits best."""
    first, length = pitch[_frames(one)], _frames(other).stop - _frames(other).start
    for shift in range(-_SHIFT_FRAMES, _SHIFT_FRAMES + 1):
        start = _frames(other).start + shift
        if start < 0:
            continue
        second = pitch[start : start + length]
        both = min(first.size, second.size)
        apart = np.abs(first[:both] - second[:both])
        known = np.isfinite(apart)
        if known.sum() * VoiceTrack.FRAME_MS < 2 * _LEAST_VOICED_MS:
            continue
        either = np.isfinite(first[:both]) | np.isfinite(second[:both])
        if (apart[known] <= _ALIKE_ST).sum() >= _ALIKE_SHARE * either.sum():
            return True
    return False


def _frames(span: Span) -> slice:
    return slice(-(-span.start_ms // VoiceTrack.FRAME_MS), span.end_ms // VoiceTrack.FRAME_MS)
