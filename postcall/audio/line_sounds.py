"""Everything that is heard on a channel beside speech, and what is left of speech then. Pure.

Definition
----------
Tones and music first, since a recognition network takes some of both for speech: what they cover is taken out of the channel's
speech. A single beep that does not come again is left in it, for a vowel can be as pure. Then where the leg is switched off,
then the quality of what is speech, and how it is spoken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from postcall.acoustics import ChannelSound, Sound, SoundKind
from postcall.audio.levels import to_db
from postcall.audio.music import find_music
from postcall.audio.quality import measure_quality
from postcall.audio.quiet import find_quiet
from postcall.audio.spectrum import spectrum_of
from postcall.audio.tones import Tone, ToneKind, find_tones
from postcall.audio.voice import voice_of
from postcall.spans import Span, Spans, intersect, subtract, total_ms, union

_LONE_BEEP_MS = 300
_SLIVER_MS = 200
"""What a sound leaves of speech beside itself, if this short, is its own edge."""
_IN_MUSIC_SHARE = 0.5


def line_sounds(
    samples_8k: NDArray[np.float32], speech: Spans, others: Spans = (), *, leaks: bool = False
) -> tuple[ChannelSound, Spans]:
    """Sounds of a channel and its speech without them.

    Parameters
    ----------
    samples_8k
        (n,) samples at 8 kHz.
    speech
        What was taken for speech.
    others
        What was on the other channels.
    leaks
        Whether the other channels are heard on this one.
    """
    spectrum = spectrum_of(samples_8k)
    music = find_music(samples_8k)
    tones = [tone for tone in find_tones(spectrum) if not _is_note(tone, music)]
    tones = _without_vowels(tones)
    line = union(music, (tone.span for tone in tones))
    left = subtract(speech, line)
    slivers = (span for span in left if span.duration_ms < _SLIVER_MS and _touches(span, line))
    speech = subtract(left, union(slivers)) if line else speech
    quiet = find_quiet(to_db(spectrum.level), speech, line, others=others, leaks=leaks)
    sounds = [Sound(t.span, SoundKind(t.kind.value), t.number, tuple(round(hz, 1) for hz in t.hertz)) for t in tones]
    for kind, spans in ((SoundKind.MUSIC, music), (SoundKind.MUTE, quiet.mutes), (SoundKind.DROPPED, quiet.dropped)):
        sounds += [Sound(span, kind, number) for number, span in enumerate(spans)]
    quality = measure_quality(samples_8k, spectrum, speech, quiet)
    return ChannelSound(tuple(sorted(sounds)), quality, voice_of(spectrum, speech, quality.noise_dbfs)), speech


def _is_note(tone: Tone, music: Spans) -> bool:
    """Whether it is a note of music: most of it lies in a stretch of it."""
    return total_ms(intersect((tone.span,), music)) > _IN_MUSIC_SHARE * tone.span.duration_ms


def _without_vowels(tones: Sequence[Tone]) -> list[Tone]:
    """Tones without single beeps of a vowel's length."""
    again = Counter(round(tone.hertz[0] / 20) for tone in tones if tone.kind is ToneKind.BEEP)
    return [
        tone
        for tone in tones
        if tone.kind is not ToneKind.BEEP
        or tone.span.duration_ms >= _LONE_BEEP_MS
        or sum(again[round(tone.hertz[0] / 20) + side] for side in (-1, 0, 1)) >= 3
    ]


def _touches(span: Span, line: Spans) -> bool:
    return any(span.start_ms == other.end_ms or span.end_ms == other.start_ms for other in line)
