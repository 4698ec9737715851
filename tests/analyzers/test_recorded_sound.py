"""The manifest of the recording, and the evidence behind its topology."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from analyzers.recorded_sound import StageRecording, recorded_sound
from postcall.call import Call
from postcall.errors import MissingInput
from postcall.recording import Topology
from postcall.tables import spec_of
from postcall.testing.conformance import STAMP
from postcall.testing.drawing import make_call

CALL = make_call("seconds   0         10\nagent     ####")


@pytest.mark.parametrize("topology", Topology)
def test_the_manifest_and_its_evidence(topology: Topology) -> None:
    assert CALL.recording is not None
    recording = replace(CALL.recording, topology=topology, topology_evidence={"level_db": -3.5, "lag_ms": math.nan})
    (row,) = recorded_sound(replace(CALL, recording=recording))
    assert (row.codec, row.container, row.sample_rate_hz, row.channels, row.duration_ms) == (
        "pcm_s16le",
        "wav",
        8000,
        2,
        10_000,
    )
    assert (row.topology, json.loads(row.topology_evidence)) == (topology.value, {"level_db": -3.5, "lag_ms": None})
    assert spec_of(StageRecording).to_arrow([row], STAMP).num_rows == 1


def test_no_recording_gives_the_calls_own_reason() -> None:
    with pytest.raises(MissingInput, match="the file breaks off"):
        list(recorded_sound(Call(CALL.telephony, missing={"recording": "the file breaks off"})))


def test_the_path_is_personal_data() -> None:
    assert {c.name for c in spec_of(StageRecording).columns if c.field.pii} == {"recording_path"}
