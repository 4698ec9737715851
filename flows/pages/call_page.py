"""The page of one call: one HTML file that needs nothing but its sound, which lies beside it or inside it.

Conventions
-----------
The page shows what the tables say (`flows.pages.call_facts`); the recording is decoded for its outline and its sound alone. A
recording that cannot be had any more costs the sound, not the page.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from flows.pages.call_facts import CallFacts
from flows.pages.figures import Figure, figures_of, why_missing
from flows.pages.formats import Formats
from flows.pages.labels import Labels
from flows.pages.moments import Moment, moments_of
from flows.pages.publish import call_page_name
from flows.pages.reasons import Reasons, unmeasured
from flows.pages.scorecards import scorecards
from flows.pages.settings import PageSettings
from flows.pages.sound import MEDIA_TYPES, SUFFIXES, Cover, PageSound, page_sound
from flows.pages.spoken import Line, said_lines
from flows.pages.templates import render
from flows.redacted import covered_spans, findings_of, personal_data_policy, without_personal_data
from flows.settings import Settings
from postcall.audio.decode import DecodePolicy
from postcall.errors import PostCallError
from postcall.language.personal.kinds import PersonalDataPolicy
from storage.recordings import Recordings, expand

PARTIES = ("agent", "customer")
LANES = ("overtalk", "silence", "line", "rules")
SAME_MOMENT_MS = 300
"""Moments that begin so near to each other are one in the list."""


@dataclass(frozen=True, slots=True)
class CallPage:
    """A page, and the sound that has to lie beside it.

    Attributes
    ----------
    name
        Of its file, without suffix.
    html
        The page.
    audio_name, audio
        Name and bytes of the sound; None where it is inside the page, or there is none.
    """

    name: str
    html: str = field(repr=False)
    audio_name: str | None = None
    audio: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class HeardSound:
    """The sound of a call, or why there is none."""

    sound: PageSound | None
    why_none: str = ""


def find_sound(facts: CallFacts, settings: Settings) -> HeardSound:
    """The sound of a call for its page, with a tone over personal data where the policy says so."""
    recording = facts.one("stage_recording")
    if not recording:
        return HeardSound(None, _why_no_recording(facts))
    try:
        folder = Recordings(expand(settings.recordings, facts.day))
        folder.check_same(recording["recording_path"], recording["sha256"])
        with folder.open(recording["recording_path"]) as file:
            sound = page_sound(
                file,
                settings.pages.audio_format,
                is_same_on_both=recording["topology"] == "dual_mono",
                decoding=DecodePolicy(**facts.policy.get("decode", {})),
                cover=_covered(facts, settings),
            )
    except PostCallError as error:
        return HeardSound(None, error.message)
    return HeardSound(sound)


def _covered(facts: CallFacts, settings: Settings) -> Cover | None:
    policy = personal_data_policy(settings)
    if not policy.redact_sound or settings.pages.personal:
        return None
    words, findings = findings_of(facts, policy)
    return Cover(covered_spans(findings, words, policy), policy.tone_dbfs)


def call_page(
    facts: CallFacts,
    heard: HeardSound,
    pages: PageSettings,
    labels: Labels,
    *,
    manuals: Sequence[str] = (),
    audio_address: str | None = None,
    personal_data: PersonalDataPolicy | None = None,
) -> CallPage:
    """The page of a call.

    Parameters
    ----------
    facts, heard
        The call and its sound.
    pages
        Whether the sound is embedded, and whether names and personal data are shown.
    labels
        Language of the page.
    manuals
        Manuals of one's own, by file.
    audio_address
        Where the page finds its sound; the file beside it when not given.
    personal_data
        What is hidden in words and quotes unless ``pages.personal`` is set; None for the default policy.
    """
    if not pages.personal:
        facts = without_personal_data(facts, personal_data or PersonalDataPolicy())
    sound, name = heard.sound, call_page_name(facts.call_id)
    beside = None if sound is None or pages.embed_audio or audio_address else f"{name}{SUFFIXES[sound.audio_format]}"
    lines = said_lines(facts)
    moments = moments_of(facts, lines, labels, manuals)
    figures = figures_of(facts, labels)
    embedded = base64.b64encode(sound.audio).decode() if sound is not None and pages.embed_audio else ""
    html = render(
        "call.html.j2",
        labels,
        call_id=facts.call_id,
        heading=_heading(facts, labels, personal=pages.personal),
        figures=figures,
        shared_reasons=_shared_reasons(figures),
        cards=scorecards(facts, labels, manuals),
        listed=_at_once(moments),
        passages=_passages(lines, moments),
        is_wordless=not facts.all("stage_word"),
        why_no_sound=Reasons(labels).say(heard.why_none),
        why_no_words=_why_no_words(facts, labels),
        unknown=_unknown(facts, labels),
        run_id=facts.one("call_contact").get("run_id", ""),
        data=_data(facts, sound, lines, moments, labels),
        embedded=embedded,
        audio_address=audio_address or beside,
        media_type=MEDIA_TYPES[sound.audio_format] if sound else "",
        is_drawn=sound is not None or bool(moments),
    )
    return CallPage(name, html, beside, sound.audio if sound is not None and beside else None)


def write_call_page(page: CallPage, path: Path) -> None:
    """Write a page to a file, its sound beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page.html, encoding="utf-8")
    if page.audio is not None and page.audio_name is not None:
        path.with_name(page.audio_name).write_bytes(page.audio)


# ── what stands at the top ───────────────────────────────────────────────────


def _heading(facts: CallFacts, labels: Labels, *, personal: bool) -> dict[str, Any]:
    contact, recording, transcript = (facts.one(name) for name in ("call_contact", "stage_recording", "call_transcript"))
    formats = Formats(labels)
    started = contact.get("started_at") or contact.get("offered_at") or contact.get("answered_at")
    agent = " ".join(part for part in (contact.get("agent_id"), contact.get("agent_name") if personal else None) if part)
    shown = {
        "agent": " · ".join(part for part in (agent, contact.get("agent_grade")) if part),
        "team": contact.get("team"),
        "queue": contact.get("queue"),
        "direction": labels.of("direction", contact["direction"]) if contact.get("direction") else None,
        "customer": contact.get("customer_key") if personal else None,
        "call_length": formats.length(contact.get("call_duration_ms")) if contact.get("call_duration_ms") else None,
        "after_call_work": None if contact.get("after_call_work_ms") is None else formats.length(contact["after_call_work_ms"]),
        "recording_length": formats.length(recording["duration_ms"]) if recording else None,
        "language": labels.of("languages", facts.language) if facts.language else None,
        "hung_up": _hung_up(facts, labels),
        "transfers": str(contact["transfers"]) if contact.get("transfers") else None,
        "parties": _parties(facts, labels),
        "channels": labels.of("topology", recording["topology"]) if recording else None,
        "words_from": transcript.get("engine"),
    }
    quality = facts.one("call_sound_quality")
    notes = []
    if facts.one("call_parties").get("is_map_contradicted"):
        notes.append(labels.get("facts.map_contradicted"))
    if quality.get("is_timing_reliable") is False:
        notes.append(labels.get("facts.not_reliable"))
    return {
        "when": f"{formats.moment(started, facts.time_zone)} ({facts.time_zone.key})" if started else formats.day(facts.day),
        "facts": [(labels.get(f"facts.{name}"), value) for name, value in shown.items() if value],
        "notes": notes,
    }


def _hung_up(facts: CallFacts, labels: Labels) -> str | None:
    by = facts.one("call_end").get("hung_up_by") or facts.one("call_contact").get("disconnected_by")
    return labels.of("hung_up", by) if by else None


def _parties(facts: CallFacts, labels: Labels) -> str | None:
    parties = facts.one("call_parties")
    source, confidence = parties.get("role_source"), parties.get("role_confidence")
    if not facts.one("call_contact").get("has_parties"):
        return labels.get("common.not_known") if facts.one("stage_recording") else None
    said = labels.of("role_source", source) if source else ""
    # Rounding a probability up to certainty would promise too much.
    sure = f"{min(confidence, 0.99) * 100:.0f} %" if confidence is not None else ""
    return ", ".join(part for part in (said, sure) if part)


def _shared_reasons(figures: Sequence[Figure]) -> dict[str, list[str]]:
    """Reason -> labels of the figures that are missing for it, where one reason stands for several: said once is enough."""
    found: dict[str, list[str]] = {}
    for figure in figures:
        if not figure.is_known:
            found.setdefault(figure.detail, []).append(figure.label)
    return {reason: labels for reason, labels in found.items() if len(labels) > 1}


# ── what to hear ─────────────────────────────────────────────────────────────


def _at_once(moments: tuple[Moment, ...]) -> list[tuple[Moment, list[Moment]]]:
    """Moments of the list, those that begin together as one: what happens first, then the rules that it breaks."""
    groups: list[list[Moment]] = []
    for moment in moments:
        if moment.is_listed:
            if groups and moment.start_ms - groups[-1][0].start_ms <= SAME_MOMENT_MS:
                groups[-1].append(moment)
            else:
                groups.append([moment])
    ordered = (sorted(group, key=lambda moment: (moment.lane == "rules", moment.start_ms)) for group in groups)
    return [(first, rest) for first, *rest in ordered]


# ── what is between the words ────────────────────────────────────────────────


def _passages(lines: tuple[Line, ...], moments: tuple[Moment, ...]) -> list[dict[str, Any]]:
    """Lines of the transcript, with silences, holds and mutes between them, in order of time."""
    between = [m for m in moments if m.lane in ("silence", "line") and (m.is_listed or m.lane == "silence")]
    parts = [part for line in lines for part in _parted(line, [moment.start_ms for moment in between])]
    passages: list[dict[str, Any]] = [{"line": line, "tags": _tags(line, moments), "start": line.start_ms} for line in parts]
    passages += [{"moment": moment, "start": moment.start_ms} for moment in between]
    return sorted(passages, key=lambda passage: passage["start"])


def _parted(line: Line, at_ms: Sequence[int]) -> list[Line]:
    """A turn in the parts before and after what happens inside it, so that words stand on their side of it."""
    parts: list[Line] = []
    rest = line
    for ms in at_ms:
        before = tuple(word for word in rest.words if word.start_ms < ms)
        after = rest.words[len(before) :]
        if rest.start_ms < ms and before and after:
            parts.append(replace(rest, end_ms=before[-1].end_ms, words=before))
            rest = replace(rest, start_ms=after[0].start_ms, words=after)
    return [*parts, rest]


def _tags(line: Line, moments: tuple[Moment, ...]) -> list[Moment]:
    """Interruptions by the speaker of a line that begin in it, and rules that are broken there."""
    return [
        moment
        for moment in moments
        if line.start_ms <= moment.start_ms < line.end_ms
        and (moment.kind == f"interruption {line.role}" or (moment.kind == "shouting" and moment.start_ms == line.start_ms))
    ]


# ── what is missing ──────────────────────────────────────────────────────────


def _why_no_recording(facts: CallFacts) -> str:
    for row in (facts.one("call_parties"), facts.one("call_hold"), facts.one("call_end")):
        for reason in unmeasured(row.get("not_measurable")):
            return reason
    return next((str(skip["reason"]) for skip in facts.all("run_skip") if skip["part"] == "recording"), "")


def _why_no_words(facts: CallFacts, labels: Labels) -> str:
    return why_missing(facts, "call_spoken_words", "words", labels) or labels.get("common.not_known")


def _unknown(facts: CallFacts, labels: Labels) -> list[tuple[str, list[str]]]:
    """Reason -> what cannot be measured for it: columns, or analyzers that were skipped as a whole."""
    found: dict[str, list[str]] = {}
    say = Reasons(labels).say
    for table, rows in facts.rows.items():
        if table.startswith("call_") and rows:
            for reason, columns in unmeasured(rows[0].get("not_measurable")).items():
                found.setdefault(say(reason), []).extend(f"{table}.{column}" for column in columns)
    for skip in facts.all("run_skip"):
        found.setdefault(say(skip["reason"]), []).append(str(skip["analyzer"]))
    return sorted(found.items(), key=lambda pair: -len(pair[1]))


# ── what the script draws ────────────────────────────────────────────────────


def _data(
    facts: CallFacts, sound: PageSound | None, lines: tuple[Line, ...], moments: tuple[Moment, ...], labels: Labels
) -> dict[str, Any]:
    ends = [moment.end_ms for moment in moments]
    recording_ms = facts.one("stage_recording").get("duration_ms") or 0
    duration_ms = sound.duration_ms if sound else max([recording_ms, *ends])
    speech = [(row["start_ms"], row["end_ms"], row["speaker"], row["speaker_role"]) for row in facts.all("stage_speech")]
    has_parties = any(role in PARTIES for *_, role in speech)
    speaking = [one for one in speech if has_parties is False or one[3] is not None]
    waves = _waves(sound, speaking, labels)
    return {
        "duration_ms": duration_ms,
        "bin_ms": sound.bin_ms if sound else 0,
        "waves": waves,
        "speech": sorted([start, end] for start, end, *_ in speaking),
        "lanes": _lanes(facts, lines, moments, labels, {str(wave["role"]) for wave in waves}),
        "labels": labels.section("player"),
        "decimal": "," if labels.language == "ru" else ".",
    }


def _waves(
    sound: PageSound | None, speech: Sequence[tuple[int, int, str, str | None]], labels: Labels
) -> list[Mapping[str, Any]]:
    """Outlines of the channels, each with who speaks on it."""
    outlines = sound.outlines if sound else ()
    waves: list[Mapping[str, Any]] = []
    for number, outline in enumerate(outlines):
        own = [one for one in speech if one[2] == f"channel_{number}"]
        on_it = own or ([] if any(one[2].startswith("channel_") for one in speech) else list(speech))
        role = next((one[3] for one in own if one[3] in PARTIES), "") or ""
        alone = labels.get("lanes.sound") if len(outlines) == 1 else labels.get("lanes.channel", number=number + 1)
        waves.append(
            {
                "label": labels.of("roles", role) if role else alone,
                "role": role,
                "outline": base64.b64encode(outline).decode(),
                "speech": [[start, end, role or "unknown"] for start, end, _, role in sorted(on_it)],
            }
        )
    return sorted(waves, key=lambda wave: (*PARTIES, "").index(wave["role"]))


def _lanes(
    facts: CallFacts, lines: tuple[Line, ...], moments: tuple[Moment, ...], labels: Labels, own_waves: set[str]
) -> list[dict[str, Any]]:
    """What the timeline shows below the sound; a party's turns are its own row where it has a channel."""
    roles = [role for role in PARTIES if any(line.role == role for line in lines)]
    others = [] if all(line.role in PARTIES for line in lines) else ["others"]
    turns = labels.get("lanes.turns")
    titles = {role: turns if role in own_waves else labels.of("roles", role) for role in roles} | {"others": turns}
    empty = {
        "overtalk": why_missing(facts, "call_overtalk", "overtalk_ms", labels),
        "silence": why_missing(facts, "call_silence", "silence_ms", labels),
        "line": why_missing(facts, "call_hold", "holds", labels),
        "rules": "",
    }
    lanes = []
    for lane in (*roles, *others, *LANES):
        items = [
            {name: value for name, value in asdict(moment).items() if name not in ("lane", "is_listed")}
            for moment in moments
            if moment.lane == lane
        ]
        note = "" if items else empty.get(lane, "") or labels.get("lanes.nothing")
        label = titles.get(lane) or labels.get(f"lanes.{lane}")
        lanes.append({"id": lane, "label": label, "items": items, "note": note, "is_own": lane in own_waves})
    return lanes
