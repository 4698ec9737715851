"""What is known about one audio file. No samples here: only `postcall.audio.decode` returns sound."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Topology(StrEnum):
    """How the parties lie on the channels of a recording."""

    SEPARATE = "separate"
    """Two channels, one party on each."""
    BLEED = "bleed"
    """Two channels, one party on each, and each faintly audible on the other."""
    DUAL_MONO = "dual_mono"
    """Two channels that carry the same sound."""
    MONO = "mono"
    """One channel with everybody on it."""

    @property
    def is_separated(self) -> bool:
        """Whether a channel tells who speaks."""
        return self in (Topology.SEPARATE, Topology.BLEED)


@dataclass(frozen=True, slots=True)
class Recording:
    """Manifest of one audio file.

    Attributes
    ----------
    source
        Path relative to the recordings folder. May hold a telephone number, so it stays out of logs.
    sha256
        Digest of the file's bytes: the recording's identity.
    codec, container
        As the decoder names them, e.g. ``pcm_alaw`` in ``wav``.
    sample_rate_hz, channels, duration_ms
        Of the decoded sound.
    topology
        How the parties lie on the channels.
    topology_evidence
        Measured figures behind it, by name (`postcall.audio.topology` defines them).
    """

    source: str = field(repr=False)
    sha256: str
    codec: str
    container: str
    sample_rate_hz: int
    channels: int
    duration_ms: int
    topology: Topology
    topology_evidence: dict[str, float]
