"""One recording as the night hears it: from its artifacts, or the first time from its bytes, decoded at most once."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from flows.failures import where_raised
from postcall.acoustics import Acoustics
from postcall.audio.decode import DecodePolicy
from postcall.audio.speech_timeline import SpeechPolicy
from postcall.audio.topology import TopologyPolicy
from postcall.errors import ChangedRecording, PostCallError, RecordingError, StuckRecording
from postcall.policy import PolicySet
from postcall.recording import Recording
from postcall.speech.engines import SpokenChannel
from postcall.speech.listening import SOURCE, VERSION, Listened, listen
from postcall.timeline import SpeakerTimeline
from storage.artifacts import Artifacts, digest
from storage.recordings import Fingerprint, Recordings

T = TypeVar("T")

LIMIT_S = 900.0
"""Longest that one recording may take; twelve hours of two channels take five minutes."""


@dataclass(frozen=True, slots=True)
class SoundPolicies:
    """What a recording's manifest and speech timeline depend on."""

    decoding: DecodePolicy
    topology: TopologyPolicy
    speech: SpeechPolicy

    @classmethod
    def of(cls, policies: PolicySet) -> SoundPolicies:
        """The three sections of a policy."""
        return cls(
            policies.section("decode", DecodePolicy),
            policies.section("topology", TopologyPolicy),
            policies.section("speech", SpeechPolicy),
        )

    @property
    def key(self) -> str:
        """Digest for the artifacts."""
        return digest(SOURCE, VERSION, *(part.model_dump() for part in (self.decoding, self.topology, self.speech)))


class Ear:
    """One recording, heard when first needed.

    Parameters
    ----------
    recordings, artifacts
        Where the recording and its artifacts lie.
    policies
        What its manifest and timeline depend on.
    path, sha256
        The recording.
    fingerprint
        What told of it when it was digested; None where nobody knows.
    limit_s
        Time that reading and listening may take.
    """

    def __init__(
        self,
        recordings: Recordings,
        artifacts: Artifacts,
        policies: SoundPolicies,
        path: str,
        sha256: str,
        *,
        fingerprint: Fingerprint | None = None,
        limit_s: float = LIMIT_S,
    ) -> None:
        self._recordings = recordings
        self._artifacts = artifacts
        self._policies = policies
        self._path = path
        self._fingerprint = fingerprint
        self._limit_s = limit_s
        self.sha256 = sha256
        self._heard: Listened | None = None
        self._known: tuple[Recording, SpeakerTimeline, Acoustics] | None = None

    def sound(self) -> tuple[Recording, SpeakerTimeline, Acoustics]:
        """Manifest, speech timeline and other sounds.

        Raises
        ------
        RecordingError
            The recording cannot be used.
        EngineError
            The voice activity model cannot be loaded.
        """
        if self._known is None:
            key = self._policies.key
            self._known = self._artifacts.sound(self.sha256, key)
            if self._known is None:
                heard = self._listen()
                self._artifacts.put_sound(key, heard.recording, heard.timeline, heard.acoustics)
                self._known = heard.recording, heard.timeline, heard.acoustics
        return self._known

    def channels(self) -> tuple[SpokenChannel, ...]:
        """What a recogniser gets; raises as `sound` does."""
        return self._listen().channels

    def _listen(self) -> Listened:
        if self._heard is None:
            self._heard = in_time(self._limit_s, self._listen_now)
        return self._heard

    def _listen_now(self) -> Listened:
        policies = self._policies
        try:
            with self._recordings.open(self._path) as file:
                heard = listen(
                    file,
                    source=self._path,
                    sha256=self.sha256,
                    decoding=policies.decoding,
                    topology=policies.topology,
                    speech=policies.speech,
                )
        except PostCallError:
            self._check_unchanged()
            raise
        except Exception as error:
            self._check_unchanged()
            # A codec's or a disk's unforeseen failure costs this recording, not the night. Its message may hold the path.
            raise RecordingError(f"the recording could not be processed: {where_raised(error)}") from error
        self._check_unchanged()
        return heard

    def _check_unchanged(self) -> None:
        """Make sure that what was heard is what was digested: artifacts lie under the digest, for every call that has it.

        Raises
        ------
        ChangedRecording
            It was written since.
        RecordingError
            It is gone.
        """
        if self._fingerprint is not None and self._recordings.fingerprint(self._path) != self._fingerprint:
            raise ChangedRecording(
                "the recording was written while the night read it",
                hint="copy recordings under another name and rename them when they are whole; the next run hears it",
            )


def in_time(limit_s: float, work: Callable[[], T], *, stuck: PostCallError | None = None) -> T:
    """What ``work`` gives or raises, unless it takes too long.

    It runs in a thread of its own, which is left behind when time is up: a read from a share that hangs, or a decoder that goes
    round in circles, cannot be told to stop. The thread dies with the process.

    Raises
    ------
    StuckRecording
        It took longer than ``limit_s``; or ``stuck``, where that is given.
    """
    ended: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            ended.put((work(), None))
        except BaseException as error:  # noqa: BLE001  # raised again where it is waited for
            ended.put((None, error))

    threading.Thread(target=run, daemon=True, name="ear").start()
    try:
        result, error = ended.get(timeout=limit_s)
    except queue.Empty:
        raise stuck or StuckRecording(
            f"reading and listening did not end in {limit_s:g} s",
            hint="look whether the disk or share of the recordings hangs; `listen_limit_s` of the settings allows more time",
        ) from None
    if error is not None:
        raise error
    return result  # type: ignore[return-value]
