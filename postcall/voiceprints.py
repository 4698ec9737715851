"""Whether a speaker sounds like the agent of the call record did on earlier days. Pure.

Conventions
-----------
A voice is a vector of length 1 by a voice model (`postcall.speech.engines.VoiceTeller`), made of sound of one speaker alone. A
print is a voice that is kept under an agent's id. Off unless the settings ask for it: prints are biometric data
(docs/privacy.md).

Definition
----------
clean speech
    Of a speaker: where nobody else speaks, no music or tone sounds and an agent can be there; the longest stretches first, in
    order of time, ``voiceprints.most_s`` of them together. Stretches shorter than `SHORTEST_MS` are left out.
who may teach
    A call without transfers whose agent is told by its record's map or by what is said with `voiceprints.learn_confidence`,
    never by a voice: prints that confirmed themselves would drift away. Of each agent's calls of a day the
    ``voiceprints.calls_per_day`` first ones by the digest of their sound are asked, so that order does not matter.
whom it is compared with
    The agent's prints of *earlier* days, ``voiceprints.max_age_days`` back; so a day that is run again gives the same rows
    whatever ran later.
similarity
    Median of the products of a voice with an agent's prints: one print of somebody else does not move it.
likeness
    Similarity on the centre's own scale: 0 is what prints of two agents have in mean, 1 what prints of one agent have. So
    voice models with other scales need no other weights.

Edge cases
----------
Fewer than `LEAST_PRINTS` prints of the agent, or of fewer than `LEAST_AGENTS` agents, or a model whose scale is shorter than
`SHORTEST_SCALE`: nothing is compared. A speaker without enough clean speech has no likeness, and then nobody has.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from postcall.acoustics import ChannelSound
from postcall.policy import Policy, Setting
from postcall.spans import Span, Spans, at_least, intersect, subtract, total_ms, union
from postcall.speakers import TONES

VERSION = 1
"""Rises when the same sound may give another voice, or the same voices another likeness."""

SHORTEST_MS = 500
LEAST_AGENTS = 3
LEAST_PRINTS = 2
SHORTEST_SCALE = 0.05

Voice = NDArray[np.float32]


class VoiceprintPolicy(Policy):
    """Which calls teach an agent's voice, and how much of it is compared; of no use unless the settings ask for prints."""

    learn_confidence: float = Setting(
        0.99,
        ge=0.9,
        lt=1,
        description="A call teaches its agent's voice when the roles are so surely right without any voice. Larger learns from "
        "fewer calls, and more purely.",
    )
    learn_s: float = Setting(
        8.0, ge=2, le=60, description="Clean speech of the agent that a print needs. Larger makes fewer and better ones."
    )
    compare_s: float = Setting(
        2.0, ge=1, le=60, description="Clean speech that each speaker needs to be compared. Larger compares fewer calls."
    )
    most_s: float = Setting(
        30.0, ge=5, le=300, description="Clean speech that is listened to at most. Larger takes longer and gains little."
    )
    calls_per_day: int = Setting(
        5, ge=1, le=100, description="Calls of an agent and day that may each leave a print. Larger keeps more biometric data."
    )
    max_age_days: int = Setting(
        90, ge=1, le=3650, description="Older prints are not compared: lines and headsets change. Larger remembers longer."
    )


@dataclass(frozen=True, slots=True)
class Print:
    """A voice that is kept of an agent.

    Attributes
    ----------
    sha256
        Of the recording that it was made of.
    key
        Digest of what else shaped it: the model, and where the agent speaks.
    speech_ms
        Clean speech that it was made of.
    voice
        Of length 1.
    """

    sha256: str
    key: str
    speech_ms: int
    voice: Voice = field(repr=False)


@dataclass(frozen=True)
class Known:
    """Prints of earlier days, by what they are kept under.

    Attributes
    ----------
    prints
        Agent -> prints, in a fixed order.
    """

    prints: Mapping[str, Sequence[Print]] = field(repr=False)

    @cached_property
    def scale(self) -> tuple[float, float] | None:
        """Mean product of prints of two agents, and of prints of one; None where there are too few of them."""
        sums: dict[str, NDArray[np.float64]] = {
            agent: np.array([one.voice for one in prints], np.float64).sum(axis=0) for agent, prints in self.prints.items()
        }
        counts = {agent: len(prints) for agent, prints in self.prints.items()}
        own_pairs = sum(count * (count - 1) for count in counts.values())
        every = sum(counts.values())
        other_pairs = every * every - sum(count * count for count in counts.values())
        if len(sums) < LEAST_AGENTS or own_pairs == 0:
            return None
        squares = {agent: float(total @ total) for agent, total in sums.items()}
        own = (math.fsum(squares.values()) - every) / own_pairs
        whole: NDArray[np.float64] = np.array(list(sums.values())).sum(axis=0)
        other = (float(whole @ whole) - math.fsum(squares.values())) / other_pairs
        return (other, own) if own - other >= SHORTEST_SCALE else None

    def can_tell(self, agent: str) -> bool:
        """Whether enough is known to compare a voice with an agent's."""
        return self.scale is not None and len(self.prints.get(agent, ())) >= LEAST_PRINTS

    def likeness(self, agent: str, voice: Voice) -> float:
        """How far a voice is the agent's; only where `can_tell`."""
        assert self.scale is not None
        other, own = self.scale
        prints = np.array([one.voice for one in self.prints[agent]], np.float64)
        products = prints @ voice.astype(np.float64)
        return (float(np.median(products)) - other) / (own - other)


def clean_speech(
    label: str,
    by_label: Mapping[str, Spans],
    channel: ChannelSound | None,
    opens_ms: int,
    most_ms: int,
    only: Spans | None = None,
) -> Spans:
    """Where a speaker, and nobody else, is heard.

    Parameters
    ----------
    label
        The speaker.
    by_label
        Speech of everybody.
    channel
        Sounds of the channel that the speaker is on.
    opens_ms
        Before this no agent speaks.
    most_ms
        So much together.
    only
        Nothing outside these; None for no bounds.
    """
    others = union(*(spans for other, spans in by_label.items() if other != label))
    before = (Span(0, opens_ms),) if opens_ms > 0 else ()
    sounds = channel.spans(*TONES) if channel is not None else ()
    alone = subtract(by_label[label], union(others, before, sounds))
    alone = at_least(alone if only is None else intersect(alone, only), SHORTEST_MS)
    chosen: list[Span] = []
    left_ms = most_ms
    for span in sorted(alone, key=lambda span: (-span.duration_ms, span.start_ms)):
        if left_ms < SHORTEST_MS:
            break
        chosen.append(Span(span.start_ms, min(span.end_ms, span.start_ms + left_ms)))
        left_ms -= chosen[-1].duration_ms
    return tuple(sorted(chosen))


def is_enough(speech: Spans, least_s: float) -> bool:
    """Whether clean speech is long enough."""
    return total_ms(speech) >= least_s * 1000
