"""Transcripts that lie beside the recording: CTM, STM, and the JSON of faster-whisper and whisperX.

Conventions
-----------
Words become like those of our own recogniser: speaker labels of the call, times inside speech. A segment without times of words
is shared out among them, by length, over the speech in it.

Definition
----------
CTM
    ``file channel start duration word [confidence]``, seconds. Channel 1 or A is the recording's first.
STM
    ``file channel speaker start end [<labels>] text``. The speaker's name decides; its channel only when the file uses several.
JSON
    ``{"language": …, "segments": [{"start", "end", "text", "speaker", "channel", "words": [{"word", "start", "end",
    "probability" | "score", "speaker", "channel"}]}]}``, or the list of segments alone. ``channel`` counts from 0.

speaker
    A speaker's name is a label of the call, or the name of a role (agent, operator, caller, customer, client, …) that exactly
    one label has. Without either, a word (or a segment without times of words) of a recording with several channels belongs to
    the channel with most speech under it; to nobody known when two have equally much. With one channel nobody is known.

Edge cases
----------
Annotations (``[noise]``, ``<unk>``, ``{uh}``) are counted, not kept. Words without times (whisperX gives none to numerals) lie
between their neighbours. A text that cannot be read raises `TranscriptError` with the number of the line or segment, no text.

References
----------
CTM and STM: NIST SCTK, ``doc/infmts.htm``. Numerals without times: whisperX issues 314, 789.
"""

from __future__ import annotations

import json
import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, groupby, pairwise
from typing import Any

from postcall.errors import TranscriptError
from postcall.spans import Span, Spans, clip
from postcall.speech.marks import without_marks
from postcall.telephony import Role
from postcall.transcript import Transcript, Word

ROLE_NAMES: Mapping[str, Role] = {
    **dict.fromkeys("agent operator advisor employee агент оператор сотрудник 客服 坐席".split(), Role.AGENT),
    **dict.fromkeys("customer caller client user клиент абонент 客户 用户".split(), Role.CUSTOMER),
    **dict.fromkeys("ivr bot robot робот автоответчик".split(), Role.IVR),
}
"""What other programs call the parties, in lower case."""

CHANNEL_NAMES: Mapping[str, int] = {"1": 0, "2": 1, "A": 0, "B": 1}
"""Channels of CTM and STM; a recording has two at most."""

SUFFIXES = (".ctm", ".stm", ".json")
"""Transcripts that are looked for beside a recording, the most exact first."""

MAX_BYTES = 64 << 20
"""A transcript of a call has less; 4 hours as JSON with a time for each word take about 10 MiB."""

LONGEST_S = 1e6
"""A time beyond 11 days is none."""

_STM_LABELS = re.compile(r"<[^<>]*,[^<>]*>$")
_STM_IGNORED = "ignore_time_segment_in_scoring"

_CJK = "\u3400-\u9fff\uf900-\ufaff"
_TOKENS = re.compile(rf"[{_CJK}][^\w\s\[\]<>{{}}]*|[^\s{_CJK}]+")
"""Words of a text: between blanks, and Chinese by character, as a recogniser gives it."""


@dataclass(frozen=True, slots=True)
class _Said:
    """Consecutive words of one speaker as they were read, marks included.

    Attributes
    ----------
    span
        From their start to their end.
    times
        Of each token; None when only ``span`` is known.
    speaker, channel
        As far as told: a name, an index from 0.
    """

    span: Span
    tokens: Sequence[str] = field(repr=False)
    times: Sequence[Span] | None = None
    probabilities: Sequence[float | None] = ()
    speaker: str | None = field(default=None, repr=False)
    channel: int | None = None


def read_transcript(
    kind: str,
    text: str,
    speech_by_label: Mapping[str, Spans],
    roles: Mapping[str, Role],
    language: str | None,
) -> Transcript:
    """Read a transcript that came along.

    Parameters
    ----------
    kind
        ``ctm``, ``stm`` or ``json``; a file's suffix does.
    text
        Contents of the file.
    speech_by_label
        Speech of each speaker label: a word whose channel is not told goes where speech is.
    roles
        Role of each speaker label, as far as known.
    language
        ISO 639-1 code when the call record names one; a language that the file names wins.

    Returns
    -------
    Transcript
        Words as the file has them; `postcall.speech.word_fit` fits them to speech.

    Raises
    ------
    TranscriptError
        An unknown kind, or a text that is not of it.
    """
    kind = kind.lower().removeprefix(".")
    if kind not in _READERS:
        raise TranscriptError(f"no transcript is read from '{kind}' files", hint=f"known: {', '.join(_READERS)}")
    said, told = _READERS[kind](text.removeprefix("\ufeff"))
    words, marks = _Speakers(speech_by_label, roles).words_of(said)
    words.sort(key=lambda word: word.span.start_ms)
    return Transcript(
        tuple(words),
        told or language,
        f"{kind} beside the recording",
        {"language_source": "transcript" if told else "call" if language else None},
        marks_ignored=marks,
    )


# ── whose words, and when ────────────────────────────────────────────────────


class _Speakers:
    """Gives words their speaker label and, where they have none, their times."""

    def __init__(self, speech_by_label: Mapping[str, Spans], roles: Mapping[str, Role]) -> None:
        self._labels = list(speech_by_label)
        self._speech = speech_by_label
        self._heard = {label: _Coverage(speech) for label, speech in speech_by_label.items()}
        self._by_name = {label.lower(): label for label in self._labels}
        for name, role in ROLE_NAMES.items():
            having = [label for label in self._labels if roles.get(label) is role]
            if len(having) == 1:
                self._by_name[name] = having[0]

    def words_of(self, said: Sequence[_Said]) -> tuple[list[Word], int]:
        """All words, and how many marks were among them."""
        words: list[Word] = []
        marks = 0
        for stretch in said:
            texts, ignored = without_marks(stretch.tokens)
            marks += ignored
            told = self._told(stretch)
            if stretch.times is None:
                label = told or self._heard_at(stretch.span)
                spoken = [text for text in texts if text]
                times = _shared_out(spoken, clip(self._speech[label], stretch.span) if label else (stretch.span,), stretch.span)
                words += [Word(span, text, None, label) for span, text in zip(times, spoken, strict=True)]
            else:
                words += [
                    Word(span, text, probability, told or self._heard_at(span))
                    for span, text, probability in zip(stretch.times, texts, stretch.probabilities, strict=True)
                    if text
                ]
        return words, marks

    def _told(self, said: _Said) -> str | None:
        if len(self._labels) < 2:
            return None
        by_name = self._by_name.get((said.speaker or "").lower())
        return by_name or (self._labels[said.channel] if said.channel is not None else None)

    def _heard_at(self, span: Span) -> str | None:
        """The label with most speech there; None with one channel, or when two have equally much."""
        if len(self._labels) < 2:
            return None
        ranked = sorted(((heard.ms_in(span), label) for label, heard in self._heard.items()), reverse=True)
        return ranked[0][1] if ranked[0][0] > ranked[1][0] else None


class _Coverage:
    """How much of a span is speech, in logarithmic time."""

    def __init__(self, speech: Spans) -> None:
        self._speech = speech
        self._starts = [span.start_ms for span in speech]
        self._before = [0, *accumulate(span.duration_ms for span in speech)]

    def ms_in(self, span: Span) -> int:
        return self._ms_until(span.end_ms) - self._ms_until(span.start_ms)

    def _ms_until(self, at_ms: int) -> int:
        index = bisect_right(self._starts, at_ms) - 1
        if index < 0:
            return 0
        return self._before[index] + min(at_ms - self._starts[index], self._speech[index].duration_ms)


def _shared_out(texts: Sequence[str], speech: Spans, otherwise: Span) -> list[Span]:
    """Times of words one after the other over ``speech`` (over ``otherwise`` when there is none), by length of text."""
    pieces = speech or (otherwise,)
    offsets = [0, *accumulate(span.duration_ms for span in pieces)]
    letters = [0, *accumulate(len(text) for text in texts)]
    at = [offsets[-1] * count // max(letters[-1], 1) for count in letters]
    spans = []
    for begin, end in pairwise(at):
        begin = min(begin, offsets[-1] - 1)  # noqa: PLW2901  # more words than ms
        first = bisect_right(offsets, begin) - 1
        last = max(bisect_left(offsets, end) - 1, first)
        start_ms = pieces[first].start_ms + begin - offsets[first]
        spans.append(Span(start_ms, max(pieces[last].start_ms + end - offsets[last], start_ms + 1)))
    return spans


# ── the formats ──────────────────────────────────────────────────────────────


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(text.splitlines(), start=1):
        cells = line.split()
        if cells and not cells[0].startswith(";;"):
            yield number, cells


def _read_ctm(text: str) -> tuple[list[_Said], None]:
    said = []
    for number, cells in _lines(text):
        where = f"CTM line {number}"
        if len(cells) not in (5, 6):
            raise TranscriptError(f"{where}: {len(cells)} fields", hint="file channel start duration word [confidence]")
        start_s = _number(cells[2], where)
        span = _span(start_s, start_s + _number(cells[3], where), where)
        probability = _probability(cells[5], where) if len(cells) == 6 and cells[5].upper() != "NA" else None
        said.append(_Said(span, [cells[4]], [span], [probability], channel=_channel(cells[1], where)))
    return said, None


def _read_stm(text: str) -> tuple[list[_Said], None]:
    rows = []
    for number, cells in _lines(text):
        where = f"STM line {number}"
        if len(cells) < 5:
            raise TranscriptError(f"{where}: {len(cells)} fields", hint="file channel speaker start end [<labels>] text")
        span = _span(_number(cells[3], where), _number(cells[4], where), where)
        words = cells[6:] if len(cells) > 5 and _STM_LABELS.match(cells[5]) else cells[5:]
        if words and words[0].lower() != _STM_IGNORED:
            rows.append((span, _TOKENS.findall(" ".join(words)), cells[2], _channel(cells[1], where)))
    several = len({channel for *_, channel in rows}) > 1
    return [
        _Said(span, tokens, speaker=speaker, channel=channel if several else None) for span, tokens, speaker, channel in rows
    ], None


def _read_json(text: str) -> tuple[list[_Said], str | None]:
    # No cause is chained: a decoder's error holds the text.
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise TranscriptError(f"JSON line {error.lineno}: not JSON") from None
    except (ValueError, RecursionError) as error:
        raise TranscriptError(f"JSON cannot be read: {type(error).__name__}") from None
    told = content.get("language") if isinstance(content, dict) else None
    segments = content.get("segments") if isinstance(content, dict) else content
    if not isinstance(segments, list):
        raise TranscriptError(
            "JSON without a list of segments", hint='{"segments": [...]}, as faster-whisper and whisperX write'
        )
    said = [part for number, segment in enumerate(segments, start=1) for part in _segment(segment, f"JSON segment {number}")]
    return said, told.split("-")[0].lower() if isinstance(told, str) and told else None


_READERS = {"ctm": _read_ctm, "stm": _read_stm, "json": _read_json}


def _segment(segment: Any, where: str) -> Iterator[_Said]:
    if not isinstance(segment, dict):
        raise TranscriptError(f"{where}: not an object")
    words = segment.get("words") or []
    if not isinstance(words, list) or not all(isinstance(word, dict) for word in words):
        raise TranscriptError(f"{where}: 'words' is not a list of objects")
    texts = [_text(word.get("word"), where) for word in words]
    times = [_times(word, where) for word in words]
    if not any(times):
        tokens = texts or _TOKENS.findall(_text(segment.get("text"), where))
        span = _times(segment, where)
        if tokens and span is None:
            raise TranscriptError(f"{where}: neither the segment nor a word of it has start and end")
        if span is not None:
            speaker, channel = _whose(segment, {}, where)
            yield _Said(span, tokens, speaker=speaker, channel=channel)
        return
    filled = _filled(times, texts, _times(segment, where))
    rows = [
        (_whose(segment, word, where), text, span, _probability(word.get("probability", word.get("score")), where))
        for word, text, span in zip(words, texts, filled, strict=True)
    ]
    for (speaker, channel), group in groupby(rows, key=lambda row: row[0]):
        _, said, spans, probabilities = zip(*group, strict=True)
        hull = Span(spans[0].start_ms, max(span.end_ms for span in spans))
        yield _Said(hull, said, spans, probabilities, speaker, channel)


def _filled(times: Sequence[Span | None], texts: Sequence[str], segment: Span | None) -> list[Span]:
    """Times of all words of a segment: those without lie between their neighbours, or up to the segment's edge."""
    known = [span for span in times if span is not None]
    from_ms = segment.start_ms if segment else known[0].start_ms
    until_ms = segment.end_ms if segment else known[-1].end_ms
    filled: list[Span] = []
    index = 0
    for is_missing, group in groupby(times, key=lambda span: span is None):
        run = list(group)
        if is_missing:
            after = times[index + len(run)] if index + len(run) < len(times) else None
            begin_ms = filled[-1].end_ms if filled else from_ms
            between = Span(begin_ms, max(after.start_ms if after else until_ms, begin_ms + 1))
            filled += _shared_out([text or " " for text in texts[index : index + len(run)]], (between,), between)
        else:
            filled += [span for span in run if span is not None]
        index += len(run)
    return filled


def _whose(segment: Mapping[str, Any], word: Mapping[str, Any], where: str) -> tuple[str | None, int | None]:
    speaker = word.get("speaker", segment.get("speaker"))
    channel = word.get("channel", segment.get("channel"))
    if channel is not None and (type(channel) is not int or channel not in (0, 1)):
        raise TranscriptError(f"{where}: 'channel' is neither 0 nor 1")
    return speaker if isinstance(speaker, str) else None, channel


def _times(entry: Mapping[str, Any], where: str) -> Span | None:
    start, end = entry.get("start"), entry.get("end")
    return None if start is None or end is None else _span(_number(start, where), _number(end, where), where)


def _span(start_s: float, end_s: float, where: str) -> Span:
    """At least 1 ms: recognisers give short words no length at all."""
    if end_s < start_s:
        raise TranscriptError(f"{where}: ends before it starts")
    start_ms = max(round(start_s * 1000), 0)
    return Span(start_ms, max(round(end_s * 1000), start_ms + 1))


def _number(value: Any, where: str) -> float:
    try:
        number = float("nan" if isinstance(value, bool) else value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not abs(number) <= LONGEST_S:
        raise TranscriptError(f"{where}: a time or confidence is no number in range")
    return number


def _probability(value: Any, where: str) -> float | None:
    """Confidence in [0, 1]; None without one, or on another scale."""
    number = math.nan if value is None else _number(value, where)
    return number if 0 <= number <= 1 else None


def _channel(name: str, where: str) -> int:
    if name.upper() not in CHANNEL_NAMES:
        raise TranscriptError(f"{where}: the channel is none of {', '.join(CHANNEL_NAMES)}")
    return CHANNEL_NAMES[name.upper()]


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise TranscriptError(f"{where}: a text is missing")
    return value.strip()
