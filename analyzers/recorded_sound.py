"""The recording of a call: its format, length, and how the parties lie on its channels.

Definition
----------
One row per call with a usable recording: the manifest of the file and the evidence behind its channel topology, as
`postcall.audio.topology` measured it.

Edge cases
----------
No recording, no row. A figure of the evidence that is not finite is written as null, because JSON has no other word for it.
The path of the file may hold a telephone number, so it is personal data.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Annotated

from postcall.analyzer import analyzer
from postcall.call import Call
from postcall.fields import CallId, DurationMs
from postcall.recording import Topology
from postcall.tables import Field, table


@table("stage_recording", grain="call with a recording", primary_key=("call_id",))
class StageRecording:
    """Format, length and channel topology of a call's recording."""

    call_id: CallId
    sha256: Annotated[str, Field("SHA-256 digest of the file's bytes.")]
    recording_path: Annotated[str, Field("Path of the recording inside the recordings folder.", pii=True)]
    codec: Annotated[str, Field("Codec as the decoder names it, e.g. pcm_alaw.")]
    container: Annotated[str, Field("Container as the decoder names it, e.g. wav.")]
    sample_rate_hz: Annotated[int, Field("Samples per second of the decoded sound.", unit="hz", minimum=1)]
    channels: Annotated[int, Field("Channels of the decoded sound.", minimum=1)]
    duration_ms: DurationMs
    topology: Annotated[str, Field("How the parties lie on the channels.", enum=tuple(Topology))]
    topology_evidence: Annotated[str, Field("Measured figures behind the topology, as a JSON object.")]


@analyzer(version=1)
def recorded_sound(call: Call) -> Iterator[StageRecording]:
    """The row of the call's recording."""
    recording = call.need_recording()
    evidence = {name: value if math.isfinite(value) else None for name, value in recording.topology_evidence.items()}
    yield StageRecording(
        call_id=call.call_id,
        sha256=recording.sha256,
        recording_path=recording.source,
        codec=recording.codec,
        container=recording.container,
        sample_rate_hz=recording.sample_rate_hz,
        channels=recording.channels,
        duration_ms=recording.duration_ms,
        topology=recording.topology.value,
        topology_evidence=json.dumps(evidence, sort_keys=True),
    )
