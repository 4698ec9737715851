"""A stored call without its personal data: for pages, and as a sound file.

Conventions
-----------
What is found is `postcall.language.personal.finder` on the words of the tables, by the policy that is in force now, not by
that of the night: whoever tightens it need not run nights again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from flows.equipment import policy_sections
from flows.pages.call_facts import CallFacts, Row
from flows.pages.sound import encoded
from flows.settings import Settings
from postcall.analyzer import discover
from postcall.audio.covering import covered
from postcall.audio.decode import DecodePolicy, decode
from postcall.errors import SettingsError, StorageError
from postcall.language.personal.finder import find_personal_data
from postcall.language.personal.kinds import Finding, Kind, PersonalDataPolicy
from postcall.language.personal.redaction import marks_of
from postcall.policy import load_policy
from postcall.spans import Span, union
from postcall.transcript import Word
from storage.recordings import Recordings, expand


def personal_data_policy(settings: Settings) -> PersonalDataPolicy:
    """Section ``[personal_data]`` of the policy in force.

    Raises
    ------
    PolicyError
        The policy is wrong.
    """
    return load_policy(settings.policy, policy_sections(discover())).section("personal_data", PersonalDataPolicy)


def findings_of(facts: CallFacts, policy: PersonalDataPolicy) -> tuple[list[Word], tuple[Finding, ...]]:
    """Words of a call, and the personal data in them."""
    words = [
        Word(Span(row["start_ms"], row["end_ms"]), str(row["text"]), speaker=_speaker(row)) for row in facts.all("stage_word")
    ]
    return words, find_personal_data(words, facts.language, policy)


def _speaker(row: Row) -> str | None:
    known = row["speaker_role"] or row["speaker"]
    return None if known is None else str(known)


def without_personal_data(facts: CallFacts, policy: PersonalDataPolicy) -> CallFacts:
    """Facts whose words have marks in place of personal data; as they are where the policy says so."""
    rows = facts.all("stage_word")
    if not policy.redact_pages or not rows:
        return facts
    words, findings = findings_of(facts, policy)
    by_first = {mark.places[0]: mark for mark in marks_of(words, findings)}
    hidden = {place: first for first, mark in by_first.items() for place in mark.places}
    moved = {rows[place]["position"]: rows[first]["position"] for place, first in hidden.items()}
    kept: list[Mapping[str, Any]] = []
    for place, row in enumerate(rows):
        if place in by_first:
            mark = by_first[place]
            kept.append({**row, "text": mark.kind.mark, "end_ms": mark.span.end_ms, "is_in_doubt": False})
        elif place not in hidden:
            kept.append(row)
    # Evidence that begins or ends inside a mark begins or ends with it.
    evidence = [
        {
            **row,
            "first_word": moved.get(row["first_word"], row["first_word"]),
            "last_word": moved.get(row["last_word"], row["last_word"]),
        }
        for row in facts.all("event_rule_evidence")
    ]
    return replace(facts, rows={**facts.rows, "stage_word": kept, "event_rule_evidence": evidence})


def covered_spans(findings: Sequence[Finding], words: Sequence[Word], policy: PersonalDataPolicy) -> tuple[Span, ...]:
    """Where the tone goes: over the words that were found, padded."""
    spans = [mark.span for mark in marks_of(words, findings)]
    return union(tuple(Span(max(0, span.start_ms - policy.pad_ms), span.end_ms + policy.pad_ms) for span in spans))


@dataclass(frozen=True, slots=True)
class RedactedRecording:
    """What a redacted copy hides: findings by kind, and how long the tone is."""

    counts: Mapping[Kind, int]
    covered_ms: int


def redacted_recording(facts: CallFacts, settings: Settings, policy: PersonalDataPolicy, out: Path) -> RedactedRecording:
    """Write a copy of a recording with a tone over the personal data.

    Parameters
    ----------
    facts
        The call.
    settings
        Where the recordings are.
    policy
        What is looked for, and the tone.
    out
        WAV file to write.

    Raises
    ------
    SettingsError
        The call has no recording or no words: without words nothing can be found, and nothing is written.
    RecordingError
        The recording cannot be had or decoded, or is another one than the night heard.
    """
    recording = facts.one("stage_recording")
    if not recording:
        raise SettingsError("the call has no recording to redact", hint="`postcall call` says why")
    if not facts.all("stage_word"):
        raise SettingsError("the call has no words, so nothing can be found in it", hint="`postcall call` says why")
    words, findings = findings_of(facts, policy)
    spans = covered_spans(findings, words, policy)
    folder = Recordings(expand(settings.recordings, facts.day))
    folder.check_same(recording["recording_path"], recording["sha256"])
    with folder.open(recording["recording_path"]) as file:
        sound = decode(file, DecodePolicy(**facts.policy.get("decode", {})))
    samples = covered(sound.samples, sound.sample_rate_hz, spans, level_dbfs=policy.tone_dbfs)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(encoded(samples, sound.sample_rate_hz, "wav"))
    except OSError as error:
        raise StorageError(f"the copy cannot be written: {error.strerror}", hint="name another file") from error
    counts = Counter(finding.kind for finding in findings)
    return RedactedRecording(dict(counts), sum(span.duration_ms for span in spans))
