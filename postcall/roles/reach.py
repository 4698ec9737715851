"""When a call reaches an agent, before anybody has a role. Pure.

Definition
----------
By the call record's answer, with a tolerance, for records round; else by the first ring, where that cannot be a transfer's: the
record says that there was none, or only one channel had spoken before. Until then an inbound call hears menus, announcements
and the queue.

Edge cases
----------
An outbound call waits for no agent: 0. So does a call of which nothing tells when it was answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from postcall.acoustics import Acoustics, SoundKind
from postcall.spans import Spans
from postcall.telephony import Direction, Telephony, milliseconds_between

RECORD_TOLERANCE_MS = 1_000
"""By so much the answer of a call record may be late: most round to whole seconds."""


def reaches_agent_ms(
    telephony: Telephony, recording_started_at: datetime | None, acoustics: Acoustics, speech: Mapping[str, Spans]
) -> int:
    """Before this no agent speaks; 0 where that cannot be told.

    Parameters
    ----------
    telephony
        The call record.
    recording_started_at
        UTC of the recording's first sample, or None.
    acoustics, speech
        Sounds and speech by channel.
    """
    if telephony.direction is Direction.OUTBOUND:
        return 0
    if telephony.answered_at is not None and recording_started_at is not None:
        return max(0, milliseconds_between(recording_started_at, telephony.answered_at) - RECORD_TOLERANCE_MS)
    rings = [sound.span.start_ms for _, sound in acoustics.sounds(SoundKind.RING)]
    if not rings:
        return 0
    spoke_before = sum(bool(spans) and spans[0].start_ms < min(rings) for spans in speech.values())
    is_before_agent = spoke_before == 0 or telephony.transfers == 0 or (len(speech) > 1 and spoke_before == 1)
    return min(rings) if is_before_agent else 0
