"""What a night works with: analyzers, policy, engines. All that can be wrong with them is found before any work."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Self

from flows.engines import EngineCare
from flows.listen import LISTENING_POLICIES
from flows.metrics import check_metrics_file
from flows.settings import DiarizerSettings, Settings, TranscriberSettings
from postcall.analyzer import Registry, discover
from postcall.conduct.evaluate import Judge, check_measures
from postcall.errors import SettingsError
from postcall.language.personal.kinds import PersonalDataPolicy
from postcall.policy import Policy, PolicySet, load_policy
from postcall.speech.engines import Diarizer, Transcriber, Watched, load_diarizer, load_transcriber
from standards import load_manual, manual_ids
from storage.places import Places, settle

LIBRARIES = ("postcall", "faster-whisper", "ctranslate2", "onnxruntime", "pyannote.audio", "torch", "av", "numpy", "scipy")
"""Libraries that shape the numbers; their versions stand in run_night and in the run id."""


@dataclass(frozen=True, slots=True)
class Equipment:
    """What a night works with.

    Attributes
    ----------
    registry, policies
        Analyzers and rollups; the policy in force.
    judges
        Conduct manuals in force.
    transcriber
        Who writes the words; None for transcripts that lie beside the recordings alone.
    why_no_transcriber
        Reason for calls without words when there is no transcriber.
    diarizer, why_no_diarizer
        Who tells speakers apart where everybody is on one channel; why nobody does.
    """

    registry: Registry
    policies: PolicySet
    judges: tuple[Judge, ...]
    transcriber: Transcriber | None
    why_no_transcriber: str
    diarizer: Diarizer | None
    why_no_diarizer: str

    @property
    def transcriber_name(self) -> str:
        """Recogniser in force, or why there is none."""
        return self.transcriber.name if self.transcriber else self.why_no_transcriber

    def without_engines(self) -> Self:
        """The same, once somebody else has the engines and may let go of them; `transcriber_name` stays."""
        return replace(self, transcriber=None, why_no_transcriber=self.transcriber_name, diarizer=None)


def equip(settings: Settings, *, use_transcripts: bool) -> Equipment:
    """Make the store, find analyzers, read the policy, load the recogniser and the diarizer.

    Raises
    ------
    SettingsError, PolicyError
        Something is wrong.
    """
    check_metrics_file(settings.metrics_file)
    try:
        settings.store.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"the store '{settings.store}' cannot be made: {error.strerror}") from error
    settle(settings.store, Places(settings.tables, settings.artifacts))
    registry = discover()
    policies = load_policy(settings.policy, policy_sections(registry))
    transcriber, why_no_transcriber = transcriber_of(settings.transcriber, use_transcripts=use_transcripts)
    diarizer, why_no_diarizer = diarizer_of(settings.diarizer)
    judges = manuals_in_force(settings.manuals, registry)
    return Equipment(registry, policies, judges, transcriber, why_no_transcriber, diarizer, why_no_diarizer)


def care_of(settings: Settings, *, told: Callable[[float], None] | None = None) -> EngineCare:
    """How the night treats its engines.

    Parameters
    ----------
    settings
        Where and on what it runs.
    told
        Who watches the diarizer, also one that is loaded anew.
    """
    asked = settings.transcriber, settings.diarizer

    def diarizer() -> Diarizer:
        return watched(load_diarizer(asked[1].engine, asked[1].options), told)

    return EngineCare(
        times=settings.engine_limit_times,
        least_s=settings.listen_limit_s,
        calls=settings.engine_calls,
        load_transcriber=lambda: load_transcriber(asked[0].engine, asked[0].options),
        load_diarizer=diarizer,
    )


def watched(diarizer: Diarizer, told: Callable[[float], None] | None) -> Diarizer:
    """The diarizer, which tells how far it is where it can."""
    if told is not None and isinstance(diarizer, Watched):
        diarizer.watch(told)
    return diarizer


def manuals_in_force(names: Sequence[str] | None, registry: Registry) -> tuple[Judge, ...]:
    """The manuals by which calls are judged, each for the calls of its language.

    Parameters
    ----------
    names
        Ids of manuals that come along, or files of one's own; None for all that come along.
    registry
        Whose tables their rules measure.

    Raises
    ------
    PolicyError
        A manual is wrong.
    """
    manuals = [load_manual(name) for name in (manual_ids() if names is None else names)]
    columns = {name: [column.name for column in spec.columns] for name, spec in registry.tables.items()}
    for manual in manuals:
        check_measures(manual, columns)
    return Judge.all_of(manuals)


def transcriber_of(asked: TranscriberSettings, *, use_transcripts: bool) -> tuple[Transcriber | None, str]:
    """The recogniser that the settings ask for; or None, and the reason for the tables."""
    if not use_transcripts or asked.engine == "none":
        return None, "no recogniser is set (transcriber.engine = none)"
    if asked.engine == "faster-whisper" and "model" not in asked.options:
        return None, "no recogniser model is set (transcriber.options.model)"
    return load_transcriber(asked.engine, asked.options), ""


def diarizer_of(asked: DiarizerSettings) -> tuple[Diarizer | None, str]:
    """The diarizer that the settings ask for; or None, and the reason for the tables."""
    if asked.engine == "none":
        return None, "no diarizer is set (diarizer.engine = none)"
    if asked.engine == "pyannote" and "model" not in asked.options:
        return None, "no diarizer model is set (diarizer.options.model)"
    return load_diarizer(asked.engine, asked.options), ""


def policy_sections(registry: Registry) -> dict[str, type[Policy]]:
    """Every policy section there is, by name."""
    return {**LISTENING_POLICIES, "personal_data": PersonalDataPolicy, **registry.policies}


def library_versions() -> dict[str, str]:
    """Versions that shape the numbers."""
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in LIBRARIES}}
