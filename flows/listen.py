"""The night's ear: what is known of each call's sound and words, from its artifacts or, the first time, from its recording."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePosixPath

from flows.ear import Ear, SoundPolicies
from flows.failures import Failure, Stage, where_raised
from flows.plan import PlannedCall
from flows.settings import Recorder
from postcall.audio.decode import DecodePolicy
from postcall.audio.speech_timeline import SpeechPolicy
from postcall.audio.topology import TopologyPolicy
from postcall.call import Call
from postcall.errors import EngineError, MissingInput, PostCallError, RecordingError, TranscriptError
from postcall.policy import Policy, PolicySet
from postcall.roles import RoleAssignment, assign_roles
from postcall.spans import union
from postcall.speakers import over_speech, with_speakers
from postcall.speech.brought import read_transcript
from postcall.speech.engines import Diarizer, SpokenChannel, Transcriber
from postcall.speech.word_fit import WordPolicy, fit_transcript
from postcall.telephony import Telephony
from postcall.timeline import SpeakerTimeline
from postcall.transcript import Transcript
from postcall.turns import TurnPolicy
from storage.artifacts import Artifacts, digest
from storage.recordings import Recordings

LISTENING_POLICIES: dict[str, type[Policy]] = {
    "decode": DecodePolicy,
    "topology": TopologyPolicy,
    "speech": SpeechPolicy,
    "words": WordPolicy,
    "turns": TurnPolicy,
}
"""Policy sections of the stages before the analyzers."""

RECOGNISER_TRIES = 2


@dataclass(frozen=True, slots=True)
class HeardCall:
    """A call with all that is known of its sound and words, and what failed on the way."""

    call: Call
    failures: tuple[Failure, ...] = ()


class Listener:
    """Hears calls, each recording decoded at most once.

    Parameters
    ----------
    recordings
        Where the recordings lie.
    artifacts
        Where results are kept.
    policies
        Sections of `LISTENING_POLICIES`.
    recorder
        Who is on which channel, and when recordings start, where the call record does not say.
    transcriber
        Who writes the words; None for transcripts that lie beside the recordings alone.
    why_no_transcriber
        Reason that stands in the tables for calls without words when there is no transcriber.
    diarizer, why_no_diarizer
        Who tells speakers apart where everybody is on one channel; the reason that stands in the tables when nobody does.
    use_transcripts
        False leaves words out altogether.
    """

    def __init__(
        self,
        recordings: Recordings,
        artifacts: Artifacts,
        policies: PolicySet,
        *,
        recorder: Recorder,
        transcriber: Transcriber | None,
        why_no_transcriber: str,
        diarizer: Diarizer | None,
        why_no_diarizer: str,
        use_transcripts: bool,
    ) -> None:
        self._recordings = recordings
        self._artifacts = artifacts
        self._sound = SoundPolicies.of(policies)
        self._words = policies.section("words", WordPolicy)
        self._turns = policies.section("turns", TurnPolicy)
        self._recorder = recorder
        self._transcriber = transcriber
        self._why_no_transcriber = why_no_transcriber
        self._diarizer = diarizer
        self._why_no_diarizer = why_no_diarizer
        self._use_transcripts = use_transcripts
        # An engine uses every core, or the whole accelerator, by itself: calls take turns.
        self._turn_at_the_engines = threading.Lock()

    @property
    def identity(self) -> str:
        """Digest of all that shapes what is heard, recordings apart."""
        engine = self._transcriber
        words = _identity(engine) if engine else [self._use_transcripts]
        speakers = _identity(self._diarizer) if self._diarizer else []
        return digest(self._sound.key, words, speakers, self._recorder.model_dump(mode="json"))

    def hear_all(self, planned: Sequence[PlannedCall], *, workers: int) -> Iterator[HeardCall]:
        """Every call, in the order given; ``workers`` recordings are listened to side by side.

        Raises
        ------
        StorageError
            The store cannot be written.
        """
        with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="listen") as pool:
            yield from pool.map(self.hear, planned)

    def hear(self, planned: PlannedCall) -> HeardCall:
        """One call. Whatever is wrong with it is this call's failure; only the store's failures are raised.

        Raises
        ------
        StorageError
            The store cannot be written.
        """
        record = planned.telephony
        if planned.recording is None or planned.sha256 is None:
            return HeardCall(self._without_recording(record, planned.missing or "no recording"))
        ear = Ear(self._recordings, self._artifacts, self._sound, planned.recording, planned.sha256)
        try:
            recording, timeline, acoustics = ear.sound()
        except (RecordingError, EngineError) as error:
            why = f"the recording was put aside ({error.code})"
            return HeardCall(self._without_recording(record, why), (_failure("recording", error, planned),))
        given = assign_roles(record, recording, self._recorder.layouts)
        missing = {"parties": given.reason} if given.reason else {}
        failures: tuple[Failure, ...] = ()
        speakers: tuple[SpeakerTimeline, SpeakerTimeline] | None = None
        try:
            speakers = None if recording.topology.is_separated else self._told_apart(ear)
        except MissingInput as reason:
            missing["parties"] = f"{given.reason}, {reason.message}"
        except (EngineError, RecordingError) as error:
            missing["parties"] = f"the speakers could not be told apart ({error.code})"
            failures = (_failure("speakers", error, planned),)
        transcript: Transcript | None = None
        try:
            transcript = self._written(planned, ear, given)
        except MissingInput as reason:
            missing["transcript"] = reason.message
        except (TranscriptError, EngineError, RecordingError) as error:
            missing["transcript"] = f"the words could not be had ({error.code})"
            failures += (_failure("transcript", error, planned),)
        if transcript is not None:
            transcript = fit_transcript(transcript, timeline.by_label, self._words)
        if speakers is not None:
            overlapping, exclusive = speakers
            timeline = over_speech(union(*timeline.by_label.values()), overlapping)
            missing["parties"] = f"{given.reason}, and nothing tells which of its speakers is the agent"
            if transcript is not None:
                transcript = replace(transcript, words=with_speakers(transcript.words, exclusive))
        recording_started_at = self._recording_started_at(record)
        if recording_started_at is None:
            missing["recording_start"] = "the call record does not tell when the recording started"
        call = Call(
            telephony=record,
            recording=recording,
            timeline=timeline,
            acoustics=acoustics,
            transcript=transcript,
            roles=given.roles,
            role_source=given.source,
            recording_started_at=recording_started_at,
            turn_policy=self._turns,
            missing=missing,
        )
        return HeardCall(call, failures)

    def _without_recording(self, record: Telephony, why: str) -> Call:
        return Call(telephony=record, turn_policy=self._turns, missing={"recording": why})

    def _recording_started_at(self, record: Telephony) -> datetime | None:
        """When the recording's first sample was; None when the record does not tell."""
        return record.recording_started_at or {
            "started": record.started_at,
            "offered": record.offered_at,
            "answered": record.answered_at,
        }.get(self._recorder.starts_at)

    # ── speakers ─────────────────────────────────────────────────────────────

    def _told_apart(self, ear: Ear) -> tuple[SpeakerTimeline, SpeakerTimeline]:
        """What the diarizer says of a recording with everybody on one channel: with overlaps, and exclusive."""
        engine = self._diarizer
        if engine is None:
            raise MissingInput("parties", self._why_no_diarizer)
        key = digest(self._sound.key, *_identity(engine))
        kept = self._artifacts.diarization(ear.sha256, key)
        if kept is not None:
            return kept
        [channel] = ear.channels()
        with self._turn_at_the_engines:
            try:
                overlapping, exclusive = engine.diarize(channel.samples_16k)
            except PostCallError:
                raise
            except Exception as error:
                raise EngineError(f"the diarizer broke: {where_raised(error)}") from error
        self._artifacts.put_diarization(ear.sha256, key, overlapping, exclusive)
        return overlapping, exclusive

    # ── words ────────────────────────────────────────────────────────────────

    def _written(self, planned: PlannedCall, ear: Ear, given: RoleAssignment) -> Transcript:
        """The words, as the engine or the file beside the recording has them, not yet fitted to speech."""
        if not self._use_transcripts:
            raise MissingInput("transcript", "words were left out of this run (--no-transcript)")
        if planned.transcript_file is not None:
            return self._brought(planned, ear, given)
        if self._transcriber is None:
            raise MissingInput("transcript", self._why_no_transcriber)
        language = planned.telephony.language
        engine = self._transcriber
        key = digest(self._sound.key, engine.name, engine.revision, dict(engine.options), language)
        kept = self._artifacts.transcript(ear.sha256, key)
        if kept is not None:
            return kept
        channels = ear.channels()
        with self._turn_at_the_engines:
            transcript = _recognised(engine, channels, language)
        self._artifacts.put_transcript(ear.sha256, key, transcript)
        return transcript

    def _brought(self, planned: PlannedCall, ear: Ear, given: RoleAssignment) -> Transcript:
        assert planned.transcript_file is not None
        language = planned.telephony.language
        key = digest("brought", planned.transcript_sha256, self._sound.key, dict(given.roles), language)
        kept = self._artifacts.transcript(ear.sha256, key)
        if kept is not None:
            return kept
        suffix = PurePosixPath(planned.transcript_file).suffix
        try:
            with self._recordings.open(planned.transcript_file) as file:
                text = file.read().decode("utf-8-sig")
            transcript = read_transcript(suffix, text, ear.sound()[1].by_label, given.roles, language)
        except UnicodeDecodeError:
            # No cause is chained: it holds the text.
            raise TranscriptError("the transcript beside the recording is not UTF-8", hint="write it in UTF-8") from None
        except PostCallError:
            raise
        except Exception as error:  # noqa: BLE001  # what no reader foresaw costs this call's words, not the night
            raise TranscriptError(f"the transcript beside the recording cannot be read: {where_raised(error)}") from None
        self._artifacts.put_transcript(ear.sha256, key, transcript)
        return transcript


def _identity(engine: Transcriber | Diarizer) -> list[object]:
    return [engine.name, engine.revision, dict(engine.options)]


def _recognised(engine: Transcriber, channels: Sequence[SpokenChannel], language: str | None) -> Transcript:
    """The engine's transcript; what fails for a passing reason gets a second try."""
    for attempt in range(RECOGNISER_TRIES):
        try:
            return engine.transcribe(channels, language)
        except EngineError:
            if attempt + 1 == RECOGNISER_TRIES:
                raise
        except Exception as error:
            raise EngineError(f"the recogniser broke: {where_raised(error)}") from error
    raise AssertionError("unreachable")


def _failure(stage: Stage, error: PostCallError, planned: PlannedCall) -> Failure:
    return Failure(stage, error, call_id=planned.telephony.call_id, recording=planned.recording)
