"""Engine outputs, kept by content address: decode once, recognise once, analyse often.

Definition
----------
An artifact is addressed by the audio's SHA-256 and a key over everything else that determines it (engine, model revision,
options, policy sections). All artifacts of a recording lie in one folder, ``artifacts/ab/abcd…/``, so erasing a recording is
removing a folder. Files are written beside their place and renamed, so a killed run never leaves half of one; one that cannot
be read is made again.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import socket
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import asdict
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, TypeVar

import orjson

from postcall.acoustics import Acoustics, ChannelSound, Quality, Sound, SoundKind, VoiceTrack
from postcall.errors import StorageError
from postcall.recording import Recording, Topology
from postcall.spans import Span
from postcall.timeline import SpeakerTimeline
from postcall.transcript import Transcript, Word
from storage.places import is_s3, local_things, places_of, s3
from storage.recordings import patiently

T = TypeVar("T")

LIKENESS = "likeness-"
"""How the names of files begin that say how far speakers sounded like an agent."""

FORMAT = 3
"""Rises when the layout of the files changes; part of every key."""


def digest(*parts: object) -> str:
    """First 16 hex digits of a SHA-256 over the parts as JSON."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class Artifacts:
    """The artifacts of a store.

    Parameters
    ----------
    store
        Folder of the store.
    address
        Folder or ``s3://`` address where they lie; None for where the store says (`storage.places`).
    """

    def __init__(self, store: Path, address: str | None = None) -> None:
        place = address or places_of(store).artifacts or str(store / "artifacts")
        self._root = _Objects(place) if is_s3(place) else _Folder(Path(place))

    def sound(self, sha256: str, key: str) -> tuple[Recording, SpeakerTimeline, Acoustics] | None:
        """Manifest, speech timeline and other sounds of a recording, or None when they were never made.

        Parameters
        ----------
        sha256
            Of the audio.
        key
            `digest` of what else determines them.
        """
        return self._get(sha256, f"sound-{key}", _sound)

    def put_sound(self, key: str, recording: Recording, timeline: SpeakerTimeline, acoustics: Acoustics) -> None:
        """Keep manifest, speech timeline and other sounds of a recording."""
        content = {
            "recording": asdict(recording),
            "timeline": _timeline_content(timeline),
            "acoustics": {label: _channel_content(channel) for label, channel in acoustics.channels.items()},
        }
        self._put(recording.sha256, f"sound-{key}", content)

    def diarization(self, sha256: str, key: str) -> tuple[SpeakerTimeline, SpeakerTimeline] | None:
        """What a diarizer said, with overlaps and exclusive, or None when it was never asked; parameters as of `sound`."""
        return self._get(sha256, f"diarization-{key}", _diarization)

    def put_diarization(self, sha256: str, key: str, overlapping: SpeakerTimeline, exclusive: SpeakerTimeline) -> None:
        """Keep what a diarizer said."""
        content = {"overlapping": _timeline_content(overlapping), "exclusive": _timeline_content(exclusive)}
        self._put(sha256, f"diarization-{key}", content)

    def likeness(self, sha256: str, key: str) -> dict[str, float] | None:
        """Speaker label -> how far it sounded like the call's agent, or None when nobody compared; parameters as of `sound`."""
        return self._get(sha256, f"{LIKENESS}{key}", _likeness)

    def put_likeness(self, sha256: str, key: str, agent: str, likeness: Mapping[str, float]) -> None:
        """Keep how far speakers sounded like an agent (its key); never a voice itself."""
        self._put(sha256, f"{LIKENESS}{key}", {"agent": agent, "likeness": dict(likeness)})

    def transcript(self, sha256: str, key: str) -> Transcript | None:
        """Transcript of a recording, or None when it was never made; parameters as of `sound`."""
        return self._get(sha256, f"transcript-{key}", _transcript)

    def put_transcript(self, sha256: str, key: str, transcript: Transcript) -> None:
        """Keep the transcript of a recording."""
        words = [[w.span.start_ms, w.span.end_ms, w.text, w.probability, w.speaker] for w in transcript.words]
        rest = {name: getattr(transcript, name) for name in _TRANSCRIPT_SCALARS}
        self._put(sha256, f"transcript-{key}", {**rest, "options": dict(transcript.options), "words": words})

    def _newest(self, sha256: str, kind: str) -> list[str]:
        """Keys of the artifacts of a kind, the newest first."""
        found = [one for one in self._root.listed(f"{sha256[:2]}/{sha256}") if one[1].startswith(f"{kind}-")]
        found.sort(key=lambda one: (-one[0], one[1]))
        return [name.removeprefix(f"{kind}-").removesuffix(".json") for _, name in found if name.endswith(".json")]

    def _get(self, sha256: str, name: str, read: Callable[[dict[str, Any]], T]) -> T | None:
        try:
            content = _parsed(self._root.read(f"{sha256[:2]}/{sha256}/{name}.json"))
            return read(content) if content["format"] == FORMAT else None
        except (OSError, ValueError, TypeError, LookupError, AttributeError):
            return None  # not there, damaged on disk, or of another program: made again

    def _put(self, sha256: str, name: str, content: Mapping[str, Any]) -> None:
        text = json.dumps({"format": FORMAT, **content}, ensure_ascii=False, separators=(",", ":"))
        try:
            self._root.write(f"{sha256[:2]}/{sha256}/{name}.json", text.encode())
        except OSError as error:
            raise StorageError(f"cannot write to the store: {type(error).__name__}: {error.strerror}") from error


def _parsed(text: bytes) -> Any:
    try:
        return orjson.loads(text)  # in half the time
    except orjson.JSONDecodeError:
        return json.loads(text)  # knows NaN


class _Folder:
    """Artifacts in a folder: the store's, or one that several machines share."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self, name: str) -> bytes:
        return (self._root / name).read_bytes()

    def write(self, name: str, content: bytes) -> None:
        path = self._root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # By machine and process, so that two at once cannot write into each other's file.
        beside = path.with_name(f".{path.stem}.{_HOST}.{os.getpid()}.part")
        beside.write_bytes(content)
        beside.replace(path)

    def listed(self, folder: str) -> list[tuple[float, str]]:
        try:
            with os.scandir(self._root / folder) as found:
                return [(one.stat().st_mtime, one.name) for one in found if one.is_file()]
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            return []


class _Objects:
    """Artifacts at an ``s3://`` address, where an object is there whole or not at all."""

    def __init__(self, address: str) -> None:
        self._files, self._address = s3(), address.rstrip("/")

    def read(self, name: str) -> bytes:
        return bytes(patiently(lambda: self._files.cat_file(f"{self._address}/{name}")))

    def write(self, name: str, content: bytes) -> None:
        patiently(lambda: self._files.pipe_file(f"{self._address}/{name}", content))

    def listed(self, folder: str) -> list[tuple[float, str]]:
        try:
            found = patiently(lambda: self._files.ls(f"{self._address}/{folder}", detail=True))
        except FileNotFoundError:
            return []
        return [(one["LastModified"].timestamp(), one["name"].rsplit("/", 1)[-1]) for one in found if one["type"] == "file"]


_HOST = re.sub(r"[^\w-]", "", socket.gethostname())[:32]


def likeness_files(store: Path, agent: str) -> list[Path]:
    """Files that say how far speakers sounded like an agent (its key), in order.

    Raises
    ------
    SettingsError
        Artifacts lie elsewhere than in the store's folder.
    """
    local_things(store, "erasing a voice", with_tables=False)
    told = f'"agent":"{agent}"'
    files = sorted((store / "artifacts").glob(f"*/*/{LIKENESS}*.json"))
    return [file for file in files if told in file.read_text(encoding="utf-8", errors="replace")]


_TRANSCRIPT_SCALARS = (
    "language",
    "engine",
    "words_clipped",
    "words_dropped",
    "marks_ignored",
    "speech_without_words_ms",
)


def _sound(content: Mapping[str, Any]) -> tuple[Recording, SpeakerTimeline, Acoustics]:
    manifest = dict(content["recording"])
    recording = Recording(**{**manifest, "topology": Topology(manifest["topology"])})
    channels = {label: _channel(kept) for label, kept in content["acoustics"].items()}
    return recording, _timeline(content["timeline"]), Acoustics(channels)


def _channel(kept: Mapping[str, Any]) -> ChannelSound:
    sounds = tuple(Sound(Span(*span), SoundKind(kind), number, tuple(hz)) for span, kind, number, hz in kept["sounds"])
    levels, pitches, steps, held, pauses = kept["voice"]
    voice = VoiceTrack(
        levels=zlib.decompress(b64decode(levels)),
        pitches=zlib.decompress(b64decode(pitches)),
        nuclei_ms=tuple(accumulate(steps)),
        held=tuple(Span(*pair) for pair in held),
        pauses=tuple(Span(*pair) for pair in pauses),
    )
    return ChannelSound(sounds, Quality(**kept["quality"]), voice)


def _channel_content(channel: ChannelSound) -> dict[str, Any]:
    sounds = [[[s.span.start_ms, s.span.end_ms], s.kind.value, s.number, list(s.hertz)] for s in channel.sounds]
    voice = channel.voice
    tracks = [b64encode(zlib.compress(track)).decode() for track in (voice.levels, voice.pitches)]
    steps = [b - a for a, b in pairwise((0, *voice.nuclei_ms))]
    held, pauses = ([[span.start_ms, span.end_ms] for span in spans] for spans in (voice.held, voice.pauses))
    return {"sounds": sounds, "quality": asdict(channel.quality), "voice": [*tracks, steps, held, pauses]}


def _diarization(content: Mapping[str, Any]) -> tuple[SpeakerTimeline, SpeakerTimeline]:
    return _timeline(content["overlapping"]), _timeline(content["exclusive"])


def _likeness(content: Mapping[str, Any]) -> dict[str, float]:
    return {str(label): float(likeness) for label, likeness in content["likeness"].items()}


def _timeline(kept: Mapping[str, Any]) -> SpeakerTimeline:
    by_label = {label: tuple(Span(*pair) for pair in pairs) for label, pairs in kept["by_label"].items()}
    return SpeakerTimeline(by_label, kept["exclusive"], kept["source"])


def _timeline_content(timeline: SpeakerTimeline) -> dict[str, Any]:
    spans = {label: [[s.start_ms, s.end_ms] for s in found] for label, found in timeline.by_label.items()}
    return {"by_label": spans, "exclusive": timeline.exclusive, "source": timeline.source}


def _transcript(content: Mapping[str, Any]) -> Transcript:
    words = tuple(Word(Span(start, end), text, p, speaker) for start, end, text, p, speaker in content["words"])
    scalars = {name: content[name] for name in _TRANSCRIPT_SCALARS}
    return Transcript(words=words, options=content["options"], **scalars)
