"""The night's ear: what is known of each call's sound and words, from its artifacts or, the first time, from its recording."""

from __future__ import annotations

import hashlib
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import PurePosixPath
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from flows.ear import LIMIT_S, Ear, SoundPolicies
from flows.engine_calls import diarized, recognised, voiced
from flows.engines import Asked, EngineCare
from flows.failures import Failure, Stage, where_raised
from flows.plan import PlannedCall
from flows.scene import Scene
from flows.settings import Recorder
from flows.voices import AgentVoices
from postcall.announced_hold import AnnouncedHoldPolicy
from postcall.audio.decode import DecodePolicy
from postcall.audio.speech_timeline import SpeechPolicy
from postcall.audio.topology import TopologyPolicy
from postcall.call import Call
from postcall.errors import EngineError, MissingInput, PostCallError, RecordingError, TranscriptError
from postcall.policy import Policy, PolicySet
from postcall.roles import (
    VERSION,
    Heard,
    RoleAssignment,
    RolePolicy,
    assign_roles,
)
from postcall.spans import Span, Spans, intersect, total_ms, union
from postcall.speakers import (
    Diarized,
    SpeakerPolicy,
    cut_out,
    put_back,
    without_ghosts,
)
from postcall.speech.brought import MAX_BYTES, read_transcript
from postcall.speech.engines import SAMPLES_PER_MS, Diarizer, Transcriber
from postcall.speech.listening import side_by_side
from postcall.speech.word_fit import WordPolicy, fit_transcript
from postcall.telephony import Role, Telephony
from postcall.transcript import Transcript
from postcall.turns import TurnPolicy
from postcall.voiceprints import Print, VoiceprintPolicy, is_enough
from storage.artifacts import Artifacts, digest
from storage.recordings import Recordings
from storage.voiceprints import agent_key

LISTENING_POLICIES: dict[str, type[Policy]] = {
    "decode": DecodePolicy,
    "topology": TopologyPolicy,
    "speech": SpeechPolicy,
    "words": WordPolicy,
    "speakers": SpeakerPolicy,
    "roles": RolePolicy,
    "turns": TurnPolicy,
    "announced_holds": AnnouncedHoldPolicy,
    "voiceprints": VoiceprintPolicy,
}
"""Policy sections of the stages before the analyzers."""

Refused = Mapping[Stage, PostCallError]
"""What failed when a call was heard, by stage; empty where nothing did."""

_NOTHING: Refused = MappingProxyType({})

NO_VOICES = "the agent's voice could not be compared: the diarizer tells no voices"

AHEAD = 2
"""Calls heard, or being heard, ahead of the analyzers, for each worker."""


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
    limit_s
        Time that reading and listening to one recording may take.
    care
        How the two engines are treated; as `EngineCare` says when not given.
    voices
        Agents' voices; None where nobody asked for any.
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
        limit_s: float = LIMIT_S,
        care: EngineCare | None = None,
        voices: AgentVoices | None = None,
    ) -> None:
        self._voices = voices
        self._recordings = recordings
        self._artifacts = artifacts
        self._sound = SoundPolicies.of(policies)
        self._words = policies.section("words", WordPolicy)
        self._speakers = policies.section("speakers", SpeakerPolicy)
        self._roles = policies.section("roles", RolePolicy)
        self._turns = policies.section("turns", TurnPolicy)
        self._announced_holds = policies.section("announced_holds", AnnouncedHoldPolicy)
        self._recorder = recorder
        self._why_no_transcriber = why_no_transcriber
        self._why_no_diarizer = why_no_diarizer
        self._use_transcripts = use_transcripts
        self._limit_s = limit_s
        care = care or EngineCare()
        self._transcriber = Asked("the recogniser", transcriber, care.load_transcriber, care) if transcriber else None
        self._diarizer = Asked("the diarizer", diarizer, care.load_diarizer, care) if diarizer else None
        # An engine uses every core, or the whole accelerator, by itself: calls take turns.
        self._turn_at_the_engines = threading.Lock()

    @property
    def identity(self) -> str:
        """Digest of all that shapes what is heard, recordings apart."""
        engine = self._transcriber
        words = _identity(engine) if engine else [self._use_transcripts]
        speakers = _identity(self._diarizer) if self._diarizer else []
        voices = [self._voices.identity] if self._voices is not None else []
        return digest(self._sound.key, words, speakers, VERSION, self._recorder.model_dump(mode="json"), *voices)

    @property
    def ears(self) -> str:
        """Digest of what shapes the artifacts of sound, speakers and words."""
        engines = [_identity(engine) if engine else None for engine in (self._transcriber, self._diarizer)]
        return digest(self._sound.key, engines, self._use_transcripts)

    def has_heard(self, sha256: str) -> bool:
        """Whether the sound of a recording is among the artifacts."""
        return self._artifacts.sound(sha256, self._sound.key) is not None

    def hear_all(
        self, planned: Sequence[PlannedCall], *, workers: int, refused: Mapping[str, Refused] | None = None
    ) -> Iterator[HeardCall]:
        """Every call, in the order given; ``workers`` recordings are listened to side by side.

        Parameters
        ----------
        planned
            The calls.
        workers
            How many threads listen.
        refused
            Call id -> what failed where it was heard before; it is not tried again.

        Raises
        ------
        StorageError
            The store cannot be written.
        """
        with side_by_side(), ThreadPoolExecutor(max_workers=workers, thread_name_prefix="listen") as pool:
            # No more calls ahead than the workers need: where listening is the quicker part, a night would gather up in memory.
            ahead: deque[Future[HeardCall]] = deque()
            try:
                for call in planned:
                    ahead.append(pool.submit(self.hear, call, (refused or {}).get(call.telephony.call_id, {})))
                    if len(ahead) > AHEAD * workers:
                        yield ahead.popleft().result()
                while ahead:
                    yield ahead.popleft().result()
            finally:
                for waiting in ahead:
                    waiting.cancel()

    def hear(self, planned: PlannedCall, refused: Refused = _NOTHING) -> HeardCall:
        """One call. Whatever is wrong with it is this call's failure; only the store's failures are raised.

        Parameters
        ----------
        planned
            The call.
        refused
            What failed where it was heard before.

        Raises
        ------
        StorageError
            The store cannot be written.
        """
        record = planned.telephony
        if planned.recording is None or planned.sha256 is None:
            return HeardCall(self._without_recording(record, planned.missing or "no recording"))
        ear = Ear(
            self._recordings,
            self._artifacts,
            self._sound,
            planned.recording,
            planned.sha256,
            fingerprint=planned.fingerprint,
            limit_s=self._limit_s,
        )
        try:
            _raise_if("recording", refused)
            recording, timeline, acoustics = ear.sound()
        except (RecordingError, EngineError) as error:
            why = f"the recording was put aside ({error.code})"
            return HeardCall(self._without_recording(record, why), (_failure("recording", error, planned),))
        recording_started_at = self._recording_started_at(record)
        missing: dict[str, str] = {}
        if recording_started_at is None:
            missing["recording_start"] = "the call record does not tell when the recording started"
        scene = Scene.of(record, recording, timeline, acoustics, self._recorder, recording_started_at)
        failures: tuple[Failure, ...] = ()
        try:
            _raise_if("speakers", refused)
            if scene.is_one_channel:
                scene = scene.told_apart(self._told_apart(ear, scene), self._speakers)
        except MissingInput as reason:
            missing["parties"] = f"{scene.why_one_channel}, {reason.message}"
        except (EngineError, RecordingError) as error:
            missing["parties"] = f"the speakers could not be told apart ({error.code})"
            failures = (_failure("speakers", error, planned),)
        transcript: Transcript | None = None
        try:
            _raise_if("transcript", refused)
            transcript = self._written(planned, ear, scene)
        except MissingInput as reason:
            missing["transcript"] = reason.message
        except (TranscriptError, EngineError, RecordingError) as error:
            missing["transcript"] = f"the words could not be had ({error.code})"
            failures += (_failure("transcript", error, planned),)
        if transcript is not None:
            transcript = scene.spoken(fit_transcript(transcript, scene.channel_speech, self._words), self._speakers)
        given = by_itself = RoleAssignment()
        if "parties" not in missing:
            heard = scene.heard(transcript)
            given = by_itself = assign_roles(scene.layout, heard, self._roles)
            try:
                given = self._with_voices(ear, scene, heard, by_itself)
            except (EngineError, RecordingError) as error:
                failures += (_failure("speakers", error, planned),)
            if given.reason is not None:
                because = [scene.layout.reason, given.reason] if scene.layout.reason != given.reason else [given.reason]
                missing["parties"] = ", and ".join(part for part in because if part)
        call = Call(
            telephony=record,
            recording=recording,
            timeline=scene.timeline,
            acoustics=scene.acoustics,
            transcript=transcript,
            roles=scene.with_menu_role(given.roles),
            role_source=given.source,
            role_confidence=given.confidence,
            is_map_contradicted=given.is_map_contradicted,
            ghost_speakers=scene.diarized.ghosts if scene.diarized is not None else None,
            empty_channel=scene.empty.kind if scene.empty is not None else None,
            recording_started_at=recording_started_at,
            turn_policy=self._turns,
            hold_policy=self._announced_holds,
            missing=missing,
        )
        return HeardCall(call, failures + self._taught(planned, ear, scene, call, by_itself))

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

    def _told_apart(self, ear: Ear, scene: Scene) -> Diarized:
        """What the diarizer says of the human part of the channel that everybody is on."""
        engine = self._diarizer
        if engine is None:
            raise MissingInput("parties", self._why_no_diarizer)
        part = scene.human_part
        people = 2 + (scene.record.transfers or 0)
        asked = [] if people == 2 else [people]
        cut = [[span.start_ms, span.end_ms] for span in part]
        key = digest(self._sound.key, *_identity(engine), scene.one_channel, cut, *asked)
        kept = self._artifacts.diarization(ear.sha256, key)
        if kept is None:
            [samples] = [channel.samples_16k for channel in ear.channels() if channel.label == scene.one_channel]
            with self._turn_at_the_engines:
                heard = cut_out(samples, part, SAMPLES_PER_MS)
                told = engine.ask(partial(diarized, samples_16k=heard, people=people), heard.size / SAMPLES_PER_MS / 1000)
            kept = put_back(told[0], part), put_back(told[1], part)
            self._artifacts.put_diarization(ear.sha256, key, *kept)
        return without_ghosts(*kept, self._speakers)

    # ── the agent's voice ────────────────────────────────────────────────────

    def _with_voices(self, ear: Ear, scene: Scene, heard: Heard, given: RoleAssignment) -> RoleAssignment:
        """The roles with what voices say, where words leave a doubt and somebody asked for voices."""
        if self._voices is None or not given.is_in_doubt:
            return given
        if self._voices.revision is None:
            return replace(given, reason=f"{given.reason}, and {NO_VOICES}") if given.reason else given
        likeness = self._likeness(self._voices, ear, scene, list(heard.speech))
        return assign_roles(scene.layout, replace(heard, likeness=likeness), self._roles) if likeness else given

    def _likeness(self, voices: AgentVoices, ear: Ear, scene: Scene, labels: Sequence[str]) -> Mapping[str, float]:
        """How far each speaker sounds like the agent of the call record; empty where that cannot be told."""
        agent_id = scene.record.agent_id
        if agent_id is None or not voices.can_tell(agent_id):
            return {}
        clean = {label: scene.clean_speech(label, voices.policy) for label in labels}
        if not all(is_enough(spans, voices.policy.compare_s) for spans in clean.values()):
            return {}
        where = {label: [[span.start_ms, span.end_ms] for span in spans] for label, spans in clean.items()}
        key = digest(self._sound.key, voices.identity, agent_id, where)
        kept = self._artifacts.likeness(ear.sha256, key)
        if kept is None:
            # The voices themselves are let go of: one of them is a customer's.
            kept = {
                label: voices.likeness(agent_id, self._voice(ear, scene.channel_of(label), spans))
                for label, spans in clean.items()
            }
            self._artifacts.put_likeness(ear.sha256, key, agent_key(agent_id), kept)
        return kept

    def _taught(self, planned: PlannedCall, ear: Ear, scene: Scene, call: Call, given: RoleAssignment) -> tuple[Failure, ...]:
        """What failed while a print was made, if one was."""
        try:
            self._learn_voice(ear, scene, call, given)
        except (EngineError, RecordingError) as error:
            return (_failure("speakers", error, planned),)
        return ()

    def _learn_voice(self, ear: Ear, scene: Scene, call: Call, given: RoleAssignment) -> None:
        """Keep a print of the agent's voice, where the call may teach it; ``given`` is what is known without voices."""
        voices, agent_id = self._voices, scene.record.agent_id
        if voices is None or voices.revision is None or agent_id is None or not voices.may_teach(agent_id, ear.sha256):
            return
        agents = [label for label, role in given.roles.items() if role is Role.AGENT]
        is_sure = given.confidence is not None and given.confidence >= voices.policy.learn_confidence
        if not is_sure or given.is_map_contradicted or len(agents) != 1 or scene.record.transfers:
            return
        [label] = agents
        spans = scene.clean_speech(label, voices.policy, only=call.talk(Role.AGENT))
        if not is_enough(spans, voices.policy.learn_s):
            return
        key = voices.key(self._sound.key, label, [[span.start_ms, span.end_ms] for span in spans])
        learned = voices.found(agent_id, ear.sha256, key)
        if learned is None:
            voice = self._voice(ear, scene.channel_of(label), spans)
            learned = Print(ear.sha256, key, total_ms(spans), voice)
        voices.learn(agent_id, learned)

    def _voice(self, ear: Ear, channel: str, spans: Spans) -> NDArray[np.float32]:
        """The voice that is heard on a channel in some spans."""
        engine = self._diarizer
        assert engine is not None
        [samples] = [one.samples_16k for one in ear.channels() if one.label == channel]
        sound = cut_out(samples, spans, SAMPLES_PER_MS)
        with self._turn_at_the_engines:
            return engine.ask(partial(voiced, samples_16k=sound), sound.size / SAMPLES_PER_MS / 1000)

    # ── words ────────────────────────────────────────────────────────────────

    def _written(self, planned: PlannedCall, ear: Ear, scene: Scene) -> Transcript:
        """The words, as the engine or the file beside the recording has them, not yet fitted to speech."""
        if not self._use_transcripts:
            raise MissingInput("transcript", "words were left out of this run (--no-transcript)")
        if planned.transcript_file is not None:
            return self._brought(planned, ear, scene)
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
            length_s = sum(channel.samples_16k.size for channel in channels) / SAMPLES_PER_MS / 1000
            transcript = engine.ask(partial(recognised, channels=channels, language=language), length_s)
        self._artifacts.put_transcript(ear.sha256, key, transcript)
        return transcript

    def _brought(self, planned: PlannedCall, ear: Ear, scene: Scene) -> Transcript:
        assert planned.transcript_file is not None
        language = planned.telephony.language
        roles, speech = scene.layout.roles, scene.channel_speech
        key = digest("brought by fit", planned.transcript_sha256, self._sound.key, dict(roles), list(speech), language)
        kept = self._artifacts.transcript(ear.sha256, key)
        if kept is not None:
            return kept
        suffix = PurePosixPath(planned.transcript_file).suffix
        try:
            with self._recordings.open(planned.transcript_file) as file:
                content = file.read(MAX_BYTES + 1)
            if len(content) > MAX_BYTES:
                raise TranscriptError(
                    f"the transcript beside the recording is larger than {MAX_BYTES >> 20} MiB",
                    hint="that is no transcript of a call: export it again",
                )
            if hashlib.sha256(content).hexdigest() != planned.transcript_sha256:
                raise TranscriptError(
                    "the transcript beside the recording was written while the night read it",
                    hint="copy it under another name and rename it when it is whole; the next run reads it",
                )
            text = content.decode("utf-8-sig")
            readings = [read_transcript(suffix, text, speech, named, language) for named in _namings(list(speech), roles)]
        except UnicodeDecodeError:
            # No cause is chained: it holds the text.
            raise TranscriptError("the transcript beside the recording is not UTF-8", hint="write it in UTF-8") from None
        except PostCallError:
            raise
        except Exception as error:  # noqa: BLE001  # what no reader foresaw costs this call's words, not the night
            raise TranscriptError(f"the transcript beside the recording cannot be read: {where_raised(error)}") from None
        # The first of equals: the one by the map.
        transcript = max(readings, key=lambda reading: _ms_in_speech(reading, speech))
        self._artifacts.put_transcript(ear.sha256, key, transcript)
        return transcript


def _namings(labels: Sequence[str], roles: Mapping[str, Role]) -> list[Mapping[str, Role]]:
    """Ways in which a transcript's "agent" and "customer" may lie on two channels: a map may be missing, or wrong."""
    if len(labels) != 2:
        return [roles]
    one = dict(zip(labels, (Role.AGENT, Role.CUSTOMER), strict=True))
    other = dict(zip(labels, (Role.CUSTOMER, Role.AGENT), strict=True))
    return [roles, *(naming for naming in (one, other) if naming != roles)]


def _ms_in_speech(transcript: Transcript, speech: Mapping[str, Spans]) -> int:
    """How much of the words lies in speech of their speaker."""
    by_label: dict[str, list[Span]] = {label: [] for label in speech}
    for word in transcript.words:
        if word.speaker in by_label:
            by_label[word.speaker].append(word.span)
    return sum(total_ms(intersect(union(spans), speech[label])) for label, spans in by_label.items())


def _identity(engine: Asked[Transcriber] | Asked[Diarizer]) -> list[object]:
    return [engine.name, engine.revision, dict(engine.options)]


def _raise_if(stage: Stage, refused: Refused) -> None:
    if (error := refused.get(stage)) is not None:
        raise error


def _failure(stage: Stage, error: PostCallError, planned: PlannedCall) -> Failure:
    return Failure(stage, error, call_id=planned.telephony.call_id, recording=planned.recording)
