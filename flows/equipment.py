"""What a night works with: analyzers, policy, recogniser. All that can be wrong with them is found before any work."""

from __future__ import annotations

import importlib.metadata
import platform
from dataclasses import dataclass

from flows.listen import LISTENING_POLICIES
from flows.settings import Settings
from postcall.analyzer import Registry, discover
from postcall.errors import SettingsError
from postcall.policy import Policy, PolicySet, load_policy
from postcall.speech.engines import Transcriber, load_transcriber

LIBRARIES = ("postcall", "faster-whisper", "ctranslate2", "onnxruntime", "av", "numpy", "scipy")
"""Libraries that shape the numbers; their versions stand in run_night and in the run id."""


@dataclass(frozen=True, slots=True)
class Equipment:
    """What a night works with.

    Attributes
    ----------
    registry, policies
        Analyzers and rollups; the policy in force.
    transcriber
        Who writes the words; None for transcripts that lie beside the recordings alone.
    why_no_transcriber
        Reason for calls without words when there is no transcriber.
    """

    registry: Registry
    policies: PolicySet
    transcriber: Transcriber | None
    why_no_transcriber: str


def equip(settings: Settings, *, use_transcripts: bool) -> Equipment:
    """Make the store, find analyzers, read the policy, load the recogniser.

    Raises
    ------
    SettingsError, PolicyError
        Something is wrong.
    """
    try:
        settings.store.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"the store '{settings.store}' cannot be made: {error.strerror}") from error
    registry = discover()
    policies = load_policy(settings.policy, policy_sections(registry))
    asked = settings.transcriber
    if not use_transcripts or asked.engine == "none":
        return Equipment(registry, policies, None, "no recogniser is set (transcriber.engine = none)")
    if asked.engine == "faster-whisper" and "model" not in asked.options:
        return Equipment(registry, policies, None, "no recogniser model is set (transcriber.options.model)")
    return Equipment(registry, policies, load_transcriber(asked.engine, asked.options), "")


def policy_sections(registry: Registry) -> dict[str, type[Policy]]:
    """Every policy section there is, by name."""
    return {**LISTENING_POLICIES, **registry.policies}


def library_versions() -> dict[str, str]:
    """Versions that shape the numbers."""
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in LIBRARIES}}
