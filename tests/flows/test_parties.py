"""Who is who, as the night hears it: on two channels, on one, with a wrong map, with an empty channel, without a diarizer."""

from __future__ import annotations

import hashlib
import io
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.io import wavfile

from flows.demonstration import BUNDLED
from flows.equipment import policy_sections
from flows.failures import Stage
from flows.listen import HeardCall, Listener
from flows.plan import PlannedCall
from flows.scene import Scene
from flows.settings import Recorder
from postcall.acoustics import Acoustics
from postcall.analyzer import discover
from postcall.audio.decode import DecodePolicy, decode
from postcall.errors import EngineError, MissingInput
from postcall.policy import load_policy
from postcall.roles import Layout
from postcall.spans import Span, total_ms, union
from postcall.speech.engines import Diarizer, Echo
from postcall.speech.pyannote_engine import PyannoteDiarizer
from postcall.tables import Stamp, spec_of
from postcall.telephony import Direction, Role, Telephony
from postcall.timeline import MIXED, SpeakerTimeline
from postcall.transcript import Transcript, Word
from storage.artifacts import Artifacts
from storage.recordings import Recordings
from storage.runs import STAGES, RunFailure

CUSTOMER_FIRST = (Role.CUSTOMER, Role.AGENT)
AGENT_FIRST = (Role.AGENT, Role.CUSTOMER)
STAMP = Stamp(date(2026, 3, 2), "run", 1, "policy")
RECORD = Telephony("a", direction=Direction.INBOUND, language="ru")


class Scripted:
    """A diarizer that says what it was told, or fails; keeps what it was given."""

    name, revision = "scripted", "1"

    def __init__(self, told: dict[str, tuple[Span, ...]] | Exception) -> None:
        self.told = told
        self.options: Echo = {}
        self.heard_ms: list[int] = []
        self.people: list[int] = []

    def diarize(self, samples_16k: NDArray[np.float32], people: int = 2) -> tuple[SpeakerTimeline, SpeakerTimeline]:
        self.people.append(people)
        self.heard_ms.append(samples_16k.size // 16)
        if isinstance(self.told, Exception):
            raise self.told
        return SpeakerTimeline(self.told, False, self.name), SpeakerTimeline(self.told, True, self.name)


Hear = Callable[..., HeardCall]


@pytest.fixture
def hear(tmp_path: Path) -> Hear:
    """Hear a file of the folder ``tmp_path / "in"`` as the night does."""
    (tmp_path / "in").mkdir()

    def heard(
        recording: str,
        record: Telephony = RECORD,
        *,
        transcript: str | None = None,
        transcript_sha256: str | None = None,
        diarizer: Diarizer | None = None,
        policy: str = "",
    ) -> HeardCall:
        file = None
        if policy:
            file = tmp_path / "policy.toml"
            file.write_text(policy, encoding="utf-8")
        listener = Listener(
            Recordings(str(tmp_path / "in")),
            Artifacts(tmp_path / "store"),
            load_policy(file, policy_sections(discover())),
            recorder=Recorder(),
            transcriber=None,
            why_no_transcriber="no recogniser",
            diarizer=diarizer,
            why_no_diarizer="no diarizer model is set",
            use_transcripts=True,
        )
        digest = f"{abs(hash(recording)):064x}"[:64]
        beside = hashlib.sha256((tmp_path / "in" / transcript).read_bytes()).hexdigest() if transcript else None
        return listener.hear(PlannedCall(record, recording, digest, transcript, transcript_sha256 or beside))

    return heard


def bring(tmp_path: Path, name: str) -> tuple[str, str]:
    """A demo call and its transcript in the folder."""
    [recording] = (BUNDLED / "recordings").glob(f"{name}.*")
    shutil.copy(recording, tmp_path / "in")
    shutil.copy(BUNDLED / "transcripts" / f"{name}.ctm", tmp_path / "in")
    return recording.name, f"{name}.ctm"


def write(path: Path, *channels: NDArray[np.float32], rate_hz: int = 8000) -> None:
    wavfile.write(path, rate_hz, (np.stack(channels, axis=1) * 32767).astype(np.int16))


def samples(tmp_path: Path, recording: str) -> NDArray[np.float32]:
    return decode(io.BytesIO((tmp_path / "in" / recording).read_bytes()), DecodePolicy()).samples


# ── two channels ─────────────────────────────────────────────────────────────


def test_a_transcript_that_was_written_since_is_not_taken(tmp_path: Path, hear: Hear) -> None:
    recording, transcript = bring(tmp_path, "01-good-service")
    heard = hear(recording, transcript=transcript, transcript_sha256="0" * 64)
    assert not heard.call.has_words
    [failure] = heard.failures
    assert failure.error.code == "transcript"
    assert "was written while the night read it" in failure.error.message
    assert hear(recording, transcript=transcript).call.has_words


def test_a_wrong_map_is_found_and_never_followed_silently(tmp_path: Path, hear: Hear) -> None:
    recording, transcript = bring(tmp_path, "01-good-service")
    right = hear(recording, replace(RECORD, channel_map=CUSTOMER_FIRST), transcript=transcript).call
    assert (right.role_source, right.is_map_contradicted) == ("call_record", False)
    wrong = hear(recording, replace(RECORD, channel_map=AGENT_FIRST), transcript=transcript).call
    assert (wrong.role_source, wrong.is_map_contradicted) == ("opening_phrase", True)
    assert wrong.roles == right.roles
    strict = "[roles]\noverride_confidence = 1\n"
    untold = hear(recording, replace(RECORD, channel_map=AGENT_FIRST), transcript=transcript, policy=strict).call
    assert (untold.roles, untold.is_map_contradicted) == ({}, True)
    with pytest.raises(MissingInput, match="contradicts who is on which channel by the call record"):
        untold.talk(Role.AGENT)


def test_without_a_map_the_opening_tells_and_without_words_nobody_does(tmp_path: Path, hear: Hear) -> None:
    recording, transcript = bring(tmp_path, "01-good-service")
    told = hear(recording, transcript=transcript).call
    assert (told.role_source, told.roles["channel_1"]) == ("opening_phrase", Role.AGENT)
    assert not any(word.is_in_doubt for word in told.need_transcript().words)
    silent = hear(recording).call
    assert (silent.role_source, silent.has_parties) == ("talk_pattern", False)
    assert silent.role_confidence is not None
    assert silent.role_confidence < 0.9
    assert total_ms(silent.speech()) == total_ms(told.speech())


def test_names_in_a_transcript_do_not_hide_a_wrong_map(tmp_path: Path, hear: Hear) -> None:
    recording, transcript = bring(tmp_path, "01-good-service")
    lines = []
    for line in (tmp_path / "in" / transcript).read_text(encoding="utf-8").splitlines():
        name, channel, start, length, text, _ = line.split()
        party = "caller" if channel == "1" else "agent"
        lines.append(f"{name} 1 {party} {start} {float(start) + float(length):.3f} {text}\n")
    (tmp_path / "in" / "named.stm").write_text("".join(lines), encoding="utf-8")
    for channel_map in (CUSTOMER_FIRST, AGENT_FIRST, None):
        call = hear(recording, replace(RECORD, channel_map=channel_map), transcript="named.stm").call
        assert call.roles == {"channel_0": Role.CUSTOMER, "channel_1": Role.AGENT}, channel_map
        assert call.is_map_contradicted == {CUSTOMER_FIRST: False, AGENT_FIRST: True, None: None}[channel_map]


# ── one channel ──────────────────────────────────────────────────────────────


def test_one_channel_goes_the_same_way_marked(tmp_path: Path, hear: Hear) -> None:
    recording, transcript = bring(tmp_path, "13-mono")
    diarizer = PyannoteDiarizer({"model": "demo", "device": "cpu"})
    call = hear(recording, replace(RECORD, language="zh"), transcript=transcript, diarizer=diarizer).call
    assert (call.role_source, call.has_parties, call.ghost_speakers) == ("opening_phrase", True, 0)
    assert call.role_confidence is not None
    assert call.role_confidence >= 0.9
    assert call.words(Role.AGENT)[0].text == "您"
    doubted = [word for word in call.need_transcript().words if word.is_in_doubt]
    assert 0 < len(doubted) < len(call.need_transcript().words) / 4
    assert call.turns[0].role is Role.AGENT


def test_a_diarizer_is_told_how_many_people_a_transferred_call_has(tmp_path: Path, hear: Hear) -> None:
    recording, _ = bring(tmp_path, "13-mono")
    spoken = (Span(0, 9_000), Span(9_500, 18_000), Span(19_000, 25_000))
    diarizer = Scripted({f"speaker_{number}": (span,) for number, span in enumerate(spoken)})
    for transfers in (None, 0, 1):
        hear(recording, replace(RECORD, transfers=transfers), diarizer=diarizer)
    assert diarizer.people == [2, 3], "the same question is not asked twice"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (EngineError("it failed"), "engine"),
        (RuntimeError("a plug-in broke"), "engine"),
        (MemoryError(), "engine_out_of_memory"),
    ],
)
def test_a_diarizer_that_fails_costs_the_parties_of_that_call(tmp_path: Path, hear: Hear, error: Exception, code: str) -> None:
    recording, transcript = bring(tmp_path, "13-mono")
    heard = hear(recording, transcript=transcript, diarizer=Scripted(error))
    assert [(failure.stage, failure.error.code) for failure in heard.failures] == [("speakers", code)]
    # A row of it, too: a stage that the table did not know once cost the night.
    assert spec_of(RunFailure).to_arrow([failure.row() for failure in heard.failures], STAMP).num_rows == 1
    assert not heard.call.has_parties
    assert heard.call.missing["parties"] == f"the speakers could not be told apart ({code})"
    assert total_ms(heard.call.speech()) > 10_000
    assert heard.call.has_words


def test_every_stage_has_its_place_in_the_table() -> None:
    assert get_args(Stage) == STAGES


def test_without_a_diarizer_there_is_a_reason(tmp_path: Path, hear: Hear) -> None:
    recording, transcript = bring(tmp_path, "13-mono")
    heard = hear(recording, transcript=transcript)
    assert heard.failures == ()
    assert heard.call.missing["parties"] == "the recording has one channel, no diarizer model is set"


def test_what_speaks_before_the_answer_is_a_menu_and_not_heard_by_the_diarizer(tmp_path: Path, hear: Hear) -> None:
    recording, transcript = bring(tmp_path, "13-mono")
    duration_ms = samples(tmp_path, recording).shape[1] // 8
    start = datetime(2026, 3, 2, 9, tzinfo=UTC)
    record = replace(RECORD, recording_started_at=start, answered_at=start + timedelta(seconds=7))
    diarizer = Scripted({"speaker_0": (Span(0, 7_000),), "speaker_1": (Span(7_000, 40_000),)})
    call = hear(recording, record, transcript=transcript, diarizer=diarizer).call
    assert diarizer.heard_ms == [pytest.approx(duration_ms - 6_000, abs=2)]
    assert call.roles["menu"] is Role.IVR
    assert call.need_timeline().by_label["menu"][-1].end_ms <= 6_000
    assert all(span.start_ms >= 6_000 for span in call.speech())
    assert {word.speaker for word in call.need_transcript().words if word.span.end_ms < 6_000} == {"menu"}


# ── an empty channel ─────────────────────────────────────────────────────────


def test_everybody_on_one_side_of_two_channels_is_told_apart_there(tmp_path: Path, hear: Hear) -> None:
    recording, transcript = bring(tmp_path, "13-mono")
    [everybody] = samples(tmp_path, recording)
    write(tmp_path / "in" / "half.wav", np.zeros_like(everybody), everybody)
    record = replace(RECORD, channel_map=CUSTOMER_FIRST, language="zh")
    untold = hear("half.wav", record, transcript=transcript).call
    assert not untold.has_parties
    assert untold.empty_channel == "digital_silence"
    assert "one channel of the recording is empty" in untold.missing["parties"]
    diarizer = PyannoteDiarizer({"model": "demo", "device": "cpu"})
    told = hear("half.wav", record, transcript=transcript, diarizer=diarizer).call
    assert (told.has_parties, told.empty_channel, told.is_map_contradicted) == (True, "digital_silence", None)
    assert told.words(Role.AGENT)[0].text == "您"


def test_one_voice_beside_an_empty_channel_is_a_customer_who_says_nothing(tmp_path: Path, hear: Hear) -> None:
    recording, _ = bring(tmp_path, "01-good-service")
    _, agent = samples(tmp_path, recording)
    write(tmp_path / "in" / "alone.wav", np.zeros_like(agent), agent)
    diarizer = Scripted({"speaker_0": (Span(0, 90_000),)})
    call = hear("alone.wav", replace(RECORD, channel_map=CUSTOMER_FIRST), diarizer=diarizer).call
    assert (call.role_source, call.empty_channel) == ("call_record", None)
    assert total_ms(call.talk(Role.AGENT)) > 5_000
    assert call.talk(Role.CUSTOMER) == ()


def test_a_live_line_needs_no_diarizer(tmp_path: Path, hear: Hear) -> None:
    recording, _ = bring(tmp_path, "01-good-service")
    _, agent = samples(tmp_path, recording)
    rng = np.random.default_rng(1)
    at = np.arange(agent.size) / 8000
    line = (rng.normal(0, 5e-4, agent.size) + rng.normal(0, 8e-3, agent.size) * (at % 5 < 0.6)).astype(np.float32)
    write(tmp_path / "in" / "live.wav", line, agent)
    call = hear("live.wav", replace(RECORD, channel_map=CUSTOMER_FIRST)).call
    assert (call.role_source, call.empty_channel) == ("call_record", None)
    assert total_ms(union(call.talk(Role.AGENT))) > 5_000


def test_roles_hear_of_words_that_lie_where_nobody_speaks() -> None:
    timeline = SpeakerTimeline({"speaker_0": (Span(0, 1000),), "speaker_1": (Span(2000, 3000),)}, False, "drawn")
    scene = Scene(Telephony("1"), 5000, Layout({}, None, None), timeline, Acoustics({}), {}, MIXED, None, 0)
    words = tuple(Word(Span(at, at + 100), "да", 1.0, "speaker_0") for at in (0, 200, 400))
    assert scene.heard(Transcript(words, "ru", "drawn", words_dropped=2)).unheard_share == 0.4
    assert scene.heard(Transcript((), "ru", "drawn")).unheard_share == 0.0
    assert scene.heard(None).unheard_share == 0.0
