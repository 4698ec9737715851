"""Who spoke when, by speaker label; RTTM in and out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from postcall.spans import Span, Spans, union


@dataclass(frozen=True, slots=True)
class SpeakerTimeline:
    """Who spoke when, by speaker label.

    Attributes
    ----------
    by_label
        Speech of each label; a label without speech keeps its empty entry.
    exclusive
        True when at most one label speaks at a time by construction (an engine's exclusive output); False when
        labels may overlap.
    source
        What made it, e.g. ``channels`` or ``pyannote community-1``.
    """

    by_label: Mapping[str, Spans]
    exclusive: bool
    source: str

    def to_rttm(self, file_id: str) -> str:
        """The timeline in NIST RTTM: seconds with three decimals, channel 1."""
        rows = sorted((span, label) for label, spans in self.by_label.items() for span in spans)
        return "".join(
            f"SPEAKER {file_id} 1 {s.start_ms / 1000:.3f} {s.duration_ms / 1000:.3f} <NA> <NA> {label} <NA> <NA>\n"
            for s, label in rows
        )

    @classmethod
    def from_rttm(cls, text: str, *, source: str = "rttm", exclusive: bool = False) -> SpeakerTimeline:
        """Read NIST RTTM.

        Raises
        ------
        ValueError
            A ``SPEAKER`` line without start and duration; the message names the line's number.
        """
        found: dict[str, list[Span]] = {}
        for number, line in enumerate(text.splitlines(), start=1):
            cells = line.split()
            if not cells or cells[0] != "SPEAKER":
                continue
            try:
                start_ms = round(float(cells[3]) * 1000)
                end_ms = start_ms + round(float(cells[4]) * 1000)
                label = cells[7]
            except (IndexError, ValueError) as error:
                raise ValueError(f"RTTM line {number}: needs start, duration and speaker") from error
            if end_ms > start_ms:
                found.setdefault(label, []).append(Span(start_ms, end_ms))
        return cls({label: union(spans) for label, spans in found.items()}, exclusive, source)


MIXED = "mixed"
"""Speaker label of a timeline in which nobody has told the parties apart."""


def channel_label(channel: int) -> str:
    """Speaker label of a channel counted from 0."""
    return f"channel_{channel}"
