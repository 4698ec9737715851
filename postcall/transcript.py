"""The words of a call, and how they were made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from postcall.quick_init import quick_init
from postcall.spans import Span


@quick_init
@dataclass(frozen=True, slots=True)
class Word:
    """One word. Its text never appears in a repr, so never in a log or traceback.

    Attributes
    ----------
    span
        Where it was said, inside the speech of its speaker.
    text
        As the engine wrote it, without surrounding blanks.
    probability
        The engine's own, float in [0, 1]; None when it gives none.
    speaker
        Speaker label; None when it is not known who said it.
    is_in_doubt
        Whether its speaker is: it lies at a change of speakers, or under the speech of two (`postcall.speakers`). Never where
        each party has a channel.
    """

    span: Span
    text: str = field(repr=False)
    probability: float | None = None
    speaker: str | None = None
    is_in_doubt: bool = False


@dataclass(frozen=True, slots=True)
class Transcript:
    """The words of a call and how they were made.

    Attributes
    ----------
    words
        In order of start.
    language
        ISO 639-1 code, or None when unknown.
    engine
        Who recognised it, e.g. ``faster-whisper large-v3`` or ``ctm beside the recording``.
    options
        The options in force, echoed: a text without its options cannot be made again.
    words_clipped, words_dropped
        Words that reached out of speech and were clipped to it; words with no speech under them, dropped.
    marks_ignored
        Annotations such as ``[noise]`` that are no words.
    speech_without_words_ms
        Speech under which the engine heard nothing, in ms.
    """

    words: tuple[Word, ...] = field(repr=False)
    language: str | None
    engine: str
    options: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)
    words_clipped: int = 0
    words_dropped: int = 0
    marks_ignored: int = 0
    speech_without_words_ms: int = 0

    @property
    def unheard_share(self) -> float:
        """Share of its words that had no speech under them; 0 without any."""
        return self.words_dropped / max(len(self.words) + self.words_dropped, 1)
