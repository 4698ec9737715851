"""From the bytes of a recording to its manifest, speech timeline, other sounds and what a recogniser gets: decoded once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO

from threadpoolctl import threadpool_limits

from postcall.acoustics import Acoustics
from postcall.audio.decode import DecodePolicy, decode_slowly, resample
from postcall.audio.line_sounds import line_sounds
from postcall.audio.spectrum import SAMPLE_RATE_HZ as LINE_RATE_HZ
from postcall.audio.speech_timeline import SAMPLE_RATE_HZ, SpeechPolicy
from postcall.audio.topology import TopologyPolicy, classify
from postcall.recording import Recording, Topology
from postcall.spans import clip, union, whole
from postcall.speech.engines import SpokenChannel
from postcall.speech.silero import find_speech
from postcall.timeline import SpeakerTimeline

VERSION = 8
"""Rises when the same recording and policy may give another manifest or timeline."""

SOURCE = "silero vad v6"


@dataclass(frozen=True, slots=True)
class Listened:
    """What is known of a recording's sound.

    Attributes
    ----------
    recording
        Its manifest.
    timeline
        Who spoke when, by channel; one label for everybody when the channels are not separated.
    acoustics
        What else is heard on each channel, and how good it sounds.
    channels
        What a recogniser gets; holds the samples.
    """

    recording: Recording
    timeline: SpeakerTimeline
    acoustics: Acoustics
    channels: tuple[SpokenChannel, ...] = field(repr=False)


@contextmanager
def side_by_side() -> Iterator[None]:
    """Hold the matrix library to one thread while recordings are listened to, one to a core.

    Its matrices here are small: with more threads it is no faster, and the threads that wait take the cores from the other
    recordings. The setting is the process's; engines that bring their own threads keep them.
    """
    with threadpool_limits(1, user_api="blas"):
        yield


def listen(
    file: BinaryIO, *, source: str, sha256: str, decoding: DecodePolicy, topology: TopologyPolicy, speech: SpeechPolicy
) -> Listened:
    """Decode a recording, tell how the parties lie on its channels, and find their speech and what else is heard.

    Parameters
    ----------
    file
        The recording's bytes, seekable.
    source, sha256
        For the manifest.
    decoding, topology, speech
        Policies of the three stages.

    Raises
    ------
    RecordingError
        The recording cannot be used.
    EngineError
        The voice activity model cannot be loaded.
    """
    sound = decode_slowly(file, decoding, SAMPLE_RATE_HZ)
    kind, evidence = classify(sound.coarse, sound.coarse_hz, topology)
    recording = Recording(
        source=source,
        sha256=sha256,
        codec=sound.codec,
        container=sound.container,
        sample_rate_hz=sound.sample_rate_hz,
        channels=sound.samples.shape[0],
        duration_ms=sound.duration_ms,
        topology=kind,
        topology_evidence=evidence,
    )
    samples, rate_hz = sound.samples, sound.rate_hz
    if not kind.is_separated:
        # Averaged, never summed: two channels of the same sound would come out 6 dB louder, and clip.
        samples = samples.mean(axis=0, keepdims=True) if sound.mixed is None else sound.mixed
    del sound  # hours of sound are here once, and at the least rate that does
    if rate_hz != LINE_RATE_HZ:
        samples, rate_hz = resample(samples, rate_hz, SAMPLE_RATE_HZ), SAMPLE_RATE_HZ
    found = find_speech(samples, rate_hz, kind, speech)
    spans, sounds = {}, {}
    for number, (label, heard) in enumerate(found.items()):
        # Resampling rounds up: at odd rates the last span may end 1 ms after the recording.
        others = union(*(spoken for other, spoken in found.items() if other != label))
        spoken = clip(heard, whole(recording.duration_ms))
        # From 16 kHz and not from the file's own 48: that takes half the time.
        at_8k = resample(samples[number], rate_hz, LINE_RATE_HZ)
        sounds[label], spans[label] = line_sounds(at_8k, spoken, others, leaks=kind is Topology.BLEED)
        del at_8k
    channels = tuple(
        SpokenChannel(label, resample(samples[i], rate_hz, SAMPLE_RATE_HZ), spans[label]) for i, label in enumerate(spans)
    )
    return Listened(recording, SpeakerTimeline(spans, exclusive=False, source=SOURCE), Acoustics(sounds), channels)
