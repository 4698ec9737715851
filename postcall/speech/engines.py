"""Recognisers and diarizers: what they promise, and how one is found by name.

Definition
----------
An engine is registered as an entry point, ours like anybody's: group ``postcall.transcribers`` or ``postcall.diarizers``, the
entry point's name is the engine's name in the settings, and what it loads is called with the engine's options::

    [project.entry-points."postcall.transcribers"]
    my-engine = "my_package.engine:MyTranscriber"        # MyTranscriber(options: Mapping[str, object])

An engine checks its options and finds its weights when it is made, and raises `SettingsError` then: before the night starts.
It loads weights when it is first used. Failing on a call it raises `EngineError`, or `EngineOutOfMemory`.

A diarizer that is a `VoiceTeller` as well can serve ``[voiceprints] use`` of the settings; others leave that undone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import Any, Protocol, TypeAlias, TypeVar, cast, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from postcall.errors import SettingsError
from postcall.nearest import did_you_mean
from postcall.spans import Spans
from postcall.timeline import SpeakerTimeline
from postcall.transcript import Transcript

TRANSCRIBERS = "postcall.transcribers"
"""Entry-point group of the recognisers."""

DIARIZERS = "postcall.diarizers"
"""Entry-point group of the diarizers."""

SAMPLES_PER_MS = 16
"""All engines hear 16 kHz."""

Echo: TypeAlias = Mapping[str, str | int | float | bool | None]
"""Options as they are echoed into results."""

OptionsT = TypeVar("OptionsT", bound="EngineOptions")


@dataclass(frozen=True, slots=True)
class SpokenChannel:
    """One channel of a call as a recogniser gets it.

    Attributes
    ----------
    label
        Speaker label of the channel: `channel_label` of its number, or `MIXED`.
    samples_16k
        Sound at 16 kHz, shape (n,), float32 in [-1, 1].
    speech
        Where somebody speaks on it.
    """

    label: str
    samples_16k: NDArray[np.float32] = field(repr=False)
    speech: Spans


class Transcriber(Protocol):
    """Sound and speech -> words."""

    @property
    def name(self) -> str:
        """For people, e.g. ``faster-whisper large-v3``."""

    @property
    def revision(self) -> str:
        """Digest or revision of the weights: part of the key under which a transcript is kept."""

    @property
    def options(self) -> Echo:
        """Options that shape the text, the other part of the key; never a path."""

    def transcribe(self, channels: Sequence[SpokenChannel], language: str | None) -> Transcript:
        """Recognise a call.

        Parameters
        ----------
        channels
            All channels of the call.
        language
            ISO 639-1 code from the call record, or None when it does not say.

        Returns
        -------
        Transcript
            Words of all channels in recording time, each with its channel's label as speaker, in order of start.

        Raises
        ------
        EngineError, EngineOutOfMemory
            The recogniser failed on this call.
        """


class Diarizer(Protocol):
    """Sound of a channel with everybody on it -> who spoke when."""

    @property
    def name(self) -> str:
        """For people, e.g. ``pyannote community-1``."""

    @property
    def revision(self) -> str:
        """Digest or revision of the weights."""

    @property
    def options(self) -> Echo:
        """Options that shape the result; never a path."""

    def diarize(self, samples_16k: NDArray[np.float32], people: int = 2) -> tuple[SpeakerTimeline, SpeakerTimeline]:
        """Tell the speakers apart.

        Parameters
        ----------
        samples_16k
            Sound at 16 kHz, shape (n,), float32 in [-1, 1].
        people
            How many may speak, as far as the call record tells: two, and one more with every transfer. Fewer may be found.

        Returns
        -------
        tuple of SpeakerTimeline
            First with overlaps (for overtalk and interruptions), then exclusive (for giving words a speaker).

        Raises
        ------
        EngineError, EngineOutOfMemory
            The diarizer failed on this call.
        """


@runtime_checkable
class VoiceTeller(Protocol):
    """A diarizer whose voice model can be asked for one speaker's voice by itself."""

    @property
    def voice_revision(self) -> str:
        """Digest or revision of the voice model's weights: voices of another one cannot be compared."""

    def voice(self, samples_16k: NDArray[np.float32]) -> NDArray[np.float32]:
        """How a speaker's voice sounds.

        Parameters
        ----------
        samples_16k
            Sound of one speaker alone at 16 kHz, shape (n,), float32 in [-1, 1].

        Returns
        -------
        array
            Shape (d,), of length 1: the more alike two voices, the larger the product of theirs.

        Raises
        ------
        EngineError, EngineOutOfMemory
            The model failed, or has nothing to say of so little sound.
        """


class EngineOptions(BaseModel):
    """Base of an engine's options: frozen, closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


def read_options(engine: str, kind: type[OptionsT], options: Mapping[str, object]) -> OptionsT:
    """Check the options of an engine.

    Raises
    ------
    SettingsError
        An unknown option (with the nearest known name) or a value of the wrong kind or out of its bounds.
    """
    try:
        return kind.model_validate(dict(options))
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            message = f"unknown option '{key}' of engine '{engine}'"
            raise SettingsError(message, hint=did_you_mean(key, kind.model_fields)) from error
        raise SettingsError(f"option '{key}' of engine '{engine}': {problem['msg'].lower()}") from error


@runtime_checkable
class Watched(Protocol):
    """An engine that tells how far it is with a call."""

    def watch(self, told: Callable[[float], None] | None) -> None:
        """Call ``told`` with the share done, 0 to 1, while a call is in hand; None ends it."""


def load_transcriber(engine: str, options: Mapping[str, object]) -> Transcriber:
    """Make a recogniser.

    Parameters
    ----------
    engine
        Name of an entry point of the group ``postcall.transcribers``, e.g. ``faster-whisper``.
    options
        The engine's own options.

    Raises
    ------
    SettingsError
        No such engine, it cannot be imported, its options are wrong, or its weights are missing.
    """
    return cast("Transcriber", _factory(TRANSCRIBERS, engine)(options))


def load_diarizer(engine: str, options: Mapping[str, object]) -> Diarizer:
    """Make a diarizer from the entry-point group ``postcall.diarizers``; otherwise as `load_transcriber`."""
    return cast("Diarizer", _factory(DIARIZERS, engine)(options))


def _factory(group: str, engine: str) -> Callable[[Mapping[str, object]], Any]:
    kind = group.removeprefix("postcall.").removesuffix("s")
    offered = entry_points(group=group)
    found = {point.value: point for point in offered if point.name == engine}
    if not found:
        raise SettingsError(f"no {kind} '{engine}' is installed", hint=did_you_mean(engine, sorted(offered.names)))
    if len(found) > 1:
        raise SettingsError(f"several installed packages offer a {kind} '{engine}'", hint="uninstall all but one")
    try:
        return cast("Callable[[Mapping[str, object]], Any]", next(iter(found.values())).load())
    except (ImportError, AttributeError) as error:
        what = f"{kind} '{engine}' cannot be imported: {type(error).__name__}"
        raise SettingsError(what, hint="install the package it needs, or choose another engine") from error
