"""The night's ear: what is known of each call's sound and words, from its artifacts or, the first time, from its recording."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import PurePosixPath

from flows.failures import Failure, Stage, where_raised
from flows.plan import PlannedCall
from flows.settings import Recorder
from postcall.audio.decode import DecodePolicy
from postcall.audio.speech_timeline import SpeechPolicy
from postcall.audio.topology import TopologyPolicy
from postcall.call import Call
from postcall.errors import EngineError, MissingInput, PostCallError, RecordingError, TranscriptError
from postcall.policy import Policy, PolicySet
from postcall.recording import Recording
from postcall.roles import RoleAssignment, assign_roles
from postcall.speech.brought import read_transcript
from postcall.speech.engines import SpokenChannel, Transcriber
from postcall.speech.listening import SOURCE, VERSION, Listened, listen
from postcall.speech.word_fit import WordPolicy, fit_transcript
from postcall.telephony import Telephony, milliseconds_between
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
        use_transcripts: bool,
    ) -> None:
        self._recordings = recordings
        self._artifacts = artifacts
        self._decoding = policies.section("decode", DecodePolicy)
        self._topology = policies.section("topology", TopologyPolicy)
        self._speech = policies.section("speech", SpeechPolicy)
        self._words = policies.section("words", WordPolicy)
        self._turns = policies.section("turns", TurnPolicy)
        self._recorder = recorder
        self._transcriber = transcriber
        self._why_no_transcriber = why_no_transcriber
        self._use_transcripts = use_transcripts
        # A recogniser uses every core, or the whole accelerator, by itself: calls take turns at it.
        self._turn_at_the_recogniser = threading.Lock()
        stages = [self._decoding, self._topology, self._speech]
        self._sound_key = digest(SOURCE, VERSION, [stage.model_dump() for stage in stages])

    @property
    def identity(self) -> str:
        """Digest of all that shapes what is heard, recordings apart."""
        engine = self._transcriber
        words = [engine.name, engine.revision, dict(engine.options)] if engine else [self._use_transcripts]
        return digest(self._sound_key, words, self._recorder.model_dump(mode="json"))

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
        ear = _Ear(self, planned.recording, planned.sha256)
        try:
            recording, timeline = ear.sound()
        except (RecordingError, EngineError) as error:
            why = f"the recording was put aside ({error.code})"
            return HeardCall(self._without_recording(record, why), (_failure("recording", error, planned),))
        given = assign_roles(record, recording, self._recorder.layouts)
        missing = {"parties": given.reason} if given.reason else {}
        failures: tuple[Failure, ...] = ()
        transcript: Transcript | None = None
        try:
            transcript = self._written(planned, ear, given)
        except MissingInput as reason:
            missing["transcript"] = reason.message
        except (TranscriptError, EngineError, RecordingError) as error:
            missing["transcript"] = f"the words could not be had ({error.code})"
            failures = (_failure("transcript", error, planned),)
        if transcript is not None:
            transcript = fit_transcript(transcript, timeline.by_label, self._words)
        offset_ms = self._offset_ms(record)
        if offset_ms is None:
            missing["recording_start"] = "the call record does not tell when the recording started"
        call = Call(
            telephony=record,
            recording=recording,
            timeline=timeline,
            transcript=transcript,
            roles=given.roles,
            role_source=given.source,
            recording_offset_ms=offset_ms,
            turn_policy=self._turns,
            missing=missing,
        )
        return HeardCall(call, failures)

    def _without_recording(self, record: Telephony, why: str) -> Call:
        return Call(telephony=record, turn_policy=self._turns, missing={"recording": why})

    def _offset_ms(self, record: Telephony) -> int | None:
        """When the recording starts, after ``answered_at``; None when the record does not tell."""
        starts_at = record.recording_started_at or {
            "started": record.started_at,
            "offered": record.offered_at,
            "answered": record.answered_at,
        }.get(self._recorder.starts_at)
        if starts_at is None or record.answered_at is None:
            return None
        return milliseconds_between(record.answered_at, starts_at)

    # ── words ────────────────────────────────────────────────────────────────

    def _written(self, planned: PlannedCall, ear: _Ear, given: RoleAssignment) -> Transcript:
        """The words, as the engine or the file beside the recording has them, not yet fitted to speech."""
        if not self._use_transcripts:
            raise MissingInput("transcript", "words were left out of this run (--no-transcript)")
        if planned.transcript_file is not None:
            return self._brought(planned, ear, given)
        if self._transcriber is None:
            raise MissingInput("transcript", self._why_no_transcriber)
        language = planned.telephony.language
        engine = self._transcriber
        key = digest(self._sound_key, engine.name, engine.revision, dict(engine.options), language)
        kept = self._artifacts.transcript(ear.sha256, key)
        if kept is not None:
            return kept
        channels = ear.channels()
        with self._turn_at_the_recogniser:
            transcript = _recognised(engine, channels, language)
        self._artifacts.put_transcript(ear.sha256, key, transcript)
        return transcript

    def _brought(self, planned: PlannedCall, ear: _Ear, given: RoleAssignment) -> Transcript:
        assert planned.transcript_file is not None
        language = planned.telephony.language
        key = digest("brought", planned.transcript_sha256, self._sound_key, dict(given.roles), language)
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


class _Ear:
    """One recording: what the artifacts know of it, and its sound, decoded when first needed."""

    def __init__(self, listener: Listener, path: str, sha256: str) -> None:
        self._listener = listener
        self._path = path
        self.sha256 = sha256
        self._heard: Listened | None = None
        self._known: tuple[Recording, SpeakerTimeline] | None = None

    def sound(self) -> tuple[Recording, SpeakerTimeline]:
        """Manifest and speech timeline."""
        if self._known is None:
            artifacts, key = self._listener._artifacts, self._listener._sound_key
            self._known = artifacts.sound(self.sha256, key)
            if self._known is None:
                heard = self._listen()
                artifacts.put_sound(key, heard.recording, heard.timeline)
                self._known = heard.recording, heard.timeline
        return self._known

    def channels(self) -> tuple[SpokenChannel, ...]:
        """What a recogniser gets."""
        return self._listen().channels

    def _listen(self) -> Listened:
        if self._heard is None:
            listener = self._listener
            try:
                with listener._recordings.open(self._path) as file:
                    self._heard = listen(
                        file,
                        source=self._path,
                        sha256=self.sha256,
                        decoding=listener._decoding,
                        topology=listener._topology,
                        speech=listener._speech,
                    )
            except PostCallError:
                raise
            except Exception as error:
                # A codec's or a disk's unforeseen failure costs this recording, not the night. Its message may hold the path.
                raise RecordingError(f"the recording could not be processed: {where_raised(error)}") from error
        return self._heard


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
