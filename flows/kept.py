"""Calls of stored nights, heard again from what is kept of them: no recording is opened, no model is loaded.

Definition
----------
What a night knew of a call is its call record, read again as the night reads it, and its artifacts. Which sound it had stands
in ``stage_recording``. Where engines were changed, a recording may have several transcripts: the one that the stored
``call_transcript`` names is taken, else the newest.

Edge cases
----------
- A call that had no recording, no words or no parties has none again, for the reason that stands in ``run_skip``.
- A call whose sound is no longer kept, or kept in an older format, cannot be heard again: None.
- Sound that was heard under other settings of the policy's listening sections is taken as it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, BinaryIO

from analyzers.contact import CallContact
from analyzers.recorded_sound import StageRecording
from analyzers.spoken_words import CallTranscript
from flows.ear import Ear
from flows.listen import NO_VOICES, HeardCall, Listener
from flows.plan import PlannedCall
from flows.scene import Scene
from flows.settings import Settings
from postcall.acoustics import Acoustics
from postcall.errors import MissingInput, RecordingError, SettingsError, StorageError
from postcall.policy import PolicySet
from postcall.recording import Recording
from postcall.roles import Heard, RoleAssignment, assign_roles
from postcall.speakers import Diarized, without_ghosts
from postcall.tables import spec_of
from postcall.telephony import Telephony
from postcall.timeline import SpeakerTimeline
from postcall.transcript import Transcript
from storage.artifacts import Artifacts
from storage.recording_names import NamePattern
from storage.recordings import Recordings, expand
from storage.runs import RunSkip
from storage.tables import Tables
from storage.telephony import business_day, read_call_records, records_from_names

CALLS, SOUNDS, TRANSCRIPTS, SKIPS = (spec_of(row).name for row in (CallContact, StageRecording, CallTranscript, RunSkip))
NO_WORDS = "no transcript"


class NoRecords(StorageError):
    """The call records of a stored day are not there any more."""


@dataclass(frozen=True, slots=True)
class KeptCall:
    """A call of a stored night.

    Attributes
    ----------
    planned
        As a night plans it.
    missing
        Part -> why the night did not have it.
    engine, options
        Who wrote the words that the night used, with which options as JSON; None where it had none.
    language
        Of the words that the night used; None where it had none.
    """

    planned: PlannedCall
    missing: Mapping[str, str] = field(default_factory=dict)
    engine: str | None = None
    options: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class KeptDay:
    """The calls of a stored day, in order of id."""

    day: date
    calls: tuple[KeptCall, ...]


class Records:
    """Call records, read once while their file stays the same.

    Parameters
    ----------
    settings
        Where and how they are written.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._read: tuple[str, dict[str, Telephony]] = ("", {})

    def of(self, day: date, paths: list[str]) -> dict[str, Telephony]:
        """Call id -> record, of a day.

        Parameters
        ----------
        paths
            Of the day's recordings, for records that are made of names.

        Raises
        ------
        NoRecords
            Their file is gone.
        TelephonyError
            Nothing of it can be read.
        """
        settings = self._settings
        pattern = NamePattern(settings.recorder.name_pattern) if settings.recorder.name_pattern else None
        if settings.calls is None:
            if pattern is None:
                raise NoRecords("neither a call-record file nor a pattern of recording names is set", hint="--calls FILE")
            return {one.call_id: one for one in records_from_names(paths, pattern, settings.records).records}
        file = expand(settings.calls, day)
        if self._read[0] != file:
            try:
                read = read_call_records(file, settings.records, pattern)
            except SettingsError as error:
                raise NoRecords(f"the call records of {day.isoformat()} cannot be read", hint=error.hint) from error
            self._read = file, {one.call_id: one for one in read.records}
        zone = settings.records.time_zone
        return {call_id: one for call_id, one in self._read[1].items() if business_day(one, zone) == day}


def kept_day(tables: Tables, records: Records, day: date) -> KeptDay:
    """What is kept of a day.

    Raises
    ------
    NoRecords, TelephonyError
        The day's call records are gone, or some of them.
    StorageError
        The store cannot be read.
    """
    names = set(tables.names())
    ids = sorted(tables.scan(CALLS, columns=["call_id"], first=day, last=day)["call_id"].to_pylist())
    sounds = _rows(tables, names, SOUNDS, ["call_id", "sha256", "recording_path"], day)
    engines = _rows(tables, names, TRANSCRIPTS, ["call_id", "engine", "options", "language"], day)
    missing: dict[str, dict[str, str]] = {}
    if SKIPS in names:
        for row in tables.scan(SKIPS, columns=["call_id", "part", "reason"], first=day, last=day).to_pylist():
            missing.setdefault(row["call_id"], {})[row["part"]] = row["reason"]
    found = records.of(day, [row["recording_path"] for row in sounds.values()])
    if without := [call_id for call_id in ids if call_id not in found]:
        raise NoRecords(
            f"{day.isoformat()}: {len(without)} of its {len(ids)} calls are in no call record any more",
            hint="is `calls` of the settings the file that the night read?",
        )
    calls = []
    for call_id in ids:
        sound, engine, why = sounds.get(call_id), engines.get(call_id, {}), missing.get(call_id, {})
        planned = PlannedCall(found[call_id], missing=why.get("recording", "no recording"))
        if sound is not None:
            planned = replace(planned, recording=sound["recording_path"], sha256=sound["sha256"], missing=None)
        calls.append(KeptCall(planned, why, engine.get("engine"), engine.get("options"), engine.get("language")))
    return KeptDay(day, tuple(calls))


def _rows(tables: Tables, names: set[str], name: str, columns: list[str], day: date) -> dict[str, dict[str, Any]]:
    if name not in names:
        return {}
    return {row["call_id"]: row for row in tables.scan(name, columns=columns, first=day, last=day).to_pylist()}


class KeptArtifacts(Artifacts):
    """Artifacts by what they are of, whatever else shaped them: the newest of each kind.

    Parameters
    ----------
    store
        Folder of the store.
    """

    def sound(self, sha256: str, key: str) -> tuple[Recording, SpeakerTimeline, Acoustics] | None:
        """Manifest, speech timeline and other sounds of a recording; that of ``key`` where there is one."""
        read = super().sound  # named here: inside an expression that iterates there is no `super()`
        kept = (read(sha256, one) for one in (key, *self._newest(sha256, "sound")))
        return next((found for found in kept if found is not None), None)

    def any_diarization(self, sha256: str) -> tuple[SpeakerTimeline, SpeakerTimeline] | None:
        """What a diarizer said last."""
        kept = (self.diarization(sha256, one) for one in self._newest(sha256, "diarization"))
        return next((found for found in kept if found), None)

    def any_likeness(self, sha256: str) -> dict[str, float] | None:
        """How far speakers sounded like the call's agent when that was last asked."""
        kept = (self.likeness(sha256, one) for one in self._newest(sha256, "likeness"))
        return next((found for found in kept if found), None)

    def any_transcript(self, sha256: str, engine: str | None, options: str | None) -> Transcript | None:
        """The transcript that an engine wrote with such options, else the newest."""
        kept = (self.transcript(sha256, one) for one in self._newest(sha256, "transcript"))
        first: Transcript | None = None
        for found in kept:
            if found is None:
                continue
            if engine is None or (found.engine == engine and _same_options(found, options)):
                return found
            first = first or found
        return first


def _same_options(found: Transcript, options: str | None) -> bool:
    try:
        return options is not None and json.loads(options) == dict(found.options)
    except ValueError:
        return False


class KeptListener(Listener):
    """Hears calls again.

    Parameters
    ----------
    artifacts
        Of the store.
    policies
        In force now.
    settings
        How the recorder writes its files.
    """

    def __init__(self, artifacts: KeptArtifacts, policies: PolicySet, settings: Settings) -> None:
        super().__init__(
            _Unopened(),
            artifacts,
            policies,
            recorder=settings.recorder,
            transcriber=None,
            why_no_transcriber=NO_WORDS,
            diarizer=None,
            why_no_diarizer="",
            use_transcripts=True,
        )
        self._kept = artifacts
        self._uses_voices = settings.voiceprints.use
        self._now = KeptCall(PlannedCall(Telephony("")))

    def hear_again(self, kept: KeptCall) -> HeardCall | None:
        """One call, as `Listener.hear`; None when its sound is not kept. One at a time."""
        self._now = kept
        heard = self.hear(kept.planned)
        return None if kept.planned.sha256 is not None and heard.call.recording is None else heard

    def _told_apart(self, ear: Ear, scene: Scene) -> Diarized:
        found = self._kept.any_diarization(ear.sha256)
        if found is None:
            raise MissingInput("parties", self._why("parties", scene.why_one_channel))
        return without_ghosts(*found, self._speakers)

    def _with_voices(self, ear: Ear, scene: Scene, heard: Heard, given: RoleAssignment) -> RoleAssignment:
        if not self._uses_voices or not given.is_in_doubt:
            return given
        likeness = self._kept.any_likeness(ear.sha256)
        if likeness:
            return assign_roles(scene.layout, replace(heard, likeness=likeness), self._roles)
        if given.reason and NO_VOICES in self._now.missing.get("parties", ""):
            return replace(given, reason=f"{given.reason}, and {NO_VOICES}")
        return given

    def _written(self, planned: PlannedCall, ear: Ear, scene: Scene) -> Transcript:
        if self._now.engine is None and "transcript" in self._now.missing:
            raise MissingInput("transcript", self._now.missing["transcript"])
        found = self._kept.any_transcript(ear.sha256, self._now.engine, self._now.options)
        if found is None:
            raise MissingInput("transcript", self._now.missing.get("transcript", NO_WORDS))
        return found

    def _why(self, part: str, said_before: str) -> str:
        """The reason that a night gave, without what is put before it again."""
        reason = self._now.missing.get(part, "no diarizer was asked")
        return reason.removeprefix(f"{said_before}, ")


class _Unopened(Recordings):
    """A folder of recordings of which none is opened."""

    def __init__(self) -> None:
        """Nothing is looked for."""

    def open(self, path: str) -> BinaryIO:
        """Refuse, as if the recording were gone."""
        raise RecordingError("its sound is not kept")
