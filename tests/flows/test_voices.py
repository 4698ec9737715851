"""Agents' voices on a night: off by default, learned from sure calls, compared with earlier days alone, erased for good."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.io import wavfile

from flows import ear, equipment
from flows.demonstration import BUNDLED
from flows.equipment import policy_sections
from flows.erasure import erase
from flows.failures import Failure
from flows.listen import Listener
from flows.night import NightReport, plainly, run_night
from flows.plan import PlannedCall
from flows.rescore import Task, rescore
from flows.retention import past_data, retain
from flows.settings import (
    DiarizerSettings,
    Recorder,
    RetentionSettings,
    Settings,
    TranscriberSettings,
    VoiceprintSettings,
)
from flows.voice_erasure import erase_voice
from flows.voices import AgentVoices
from postcall.analyzer import discover
from postcall.audio.decode import DecodePolicy, decode
from postcall.call import Call
from postcall.errors import EngineError
from postcall.policy import load_policy
from postcall.spans import Span
from postcall.speech.engines import Diarizer, Echo, VoiceTeller
from postcall.speech.listening import Listened, listen
from postcall.telephony import Direction, Role, Telephony
from postcall.timeline import SpeakerTimeline
from postcall.voiceprints import Print, VoiceprintPolicy
from storage.artifacts import Artifacts
from storage.record_schema import RecordFormat
from storage.recordings import Recordings
from storage.tables import Tables
from storage.voiceprints import FOLDER, Voiceprints, agent_key
from tests.flows.conftest import Command, Unwatched

DAY = date(2026, 3, 3)
EARLIER, LATER = DAY - timedelta(days=1), DAY + timedelta(days=1)
SURE, DOUBTFUL = "sure-call", "doubtful-call"
WAVES = (f"{SURE}.wav", f"{DOUBTFUL}.wav")
AGENT = "agent-marked-7731"
MS = 16

ANNA, BORIS, CARLA = (np.eye(4, dtype=np.float32)[n] for n in range(3))
CUSTOMER = np.array([0.125, -0.25, 0.5, 0.8196], np.float32)
LEARNED = np.array([0.9682458, 0.125, 0.25, -0.0625], np.float32)


class WithoutVoices:
    """A diarizer that tells two speakers apart, and no voices."""

    name, revision = "scripted", "1"
    options: ClassVar[Echo] = {}
    first = 0
    """Who speaks first."""

    def diarize(self, samples_16k: NDArray[np.float32], people: int = 2) -> tuple[SpeakerTimeline, SpeakerTimeline]:
        """Speakers in turn, ten seconds each."""
        length_ms = samples_16k.size // MS
        told = {
            f"speaker_{n}": tuple(
                Span(at, min(at + 10_000, length_ms)) for at in range(10_000 * abs(n - self.first), length_ms, 20_000)
            )
            for n in (0, 1)
        }
        return SpeakerTimeline(told, False, self.name), SpeakerTimeline(told, True, self.name)


@dataclass
class Voiced(WithoutVoices):
    """One that says the voices it was told, in order, or fails; keeps how much it was given."""

    voices: list[NDArray[np.float32]] = field(default_factory=list)
    voice_revision: str = "model1"
    heard_ms: list[int] = field(default_factory=list)
    first: int = 0

    def voice(self, samples_16k: NDArray[np.float32]) -> NDArray[np.float32]:
        self.heard_ms.append(samples_16k.size // MS)
        if not self.voices:
            raise EngineError("no voice was to be asked for")
        return self.voices.pop(0)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two recordings of a centre and their call records: one call sure by map and words, one on one channel without words."""
    folder = tmp_path_factory.mktemp("voices")
    recordings = folder / "recordings"
    recordings.mkdir()
    rows = []
    for call_id, name in ((SURE, "01-good-service"), (DOUBTFUL, "07-promise")):
        [source] = (BUNDLED / "recordings").glob(f"{name}.*")
        sound = decode(io.BytesIO(source.read_bytes()), DecodePolicy())
        samples = sound.samples[:, : 32 * sound.sample_rate_hz]
        channels = samples if call_id == SURE else samples.mean(axis=0, keepdims=True)
        wavfile.write(recordings / f"{call_id}.wav", sound.sample_rate_hz, (channels.T * 32767).astype(np.int16))
        rows.append(_row(call_id, "customer|agent" if call_id == SURE else ""))
    shutil.copy(BUNDLED / "transcripts" / "01-good-service.ctm", recordings / f"{SURE}.ctm")
    with (folder / "calls.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder


def _row(call_id: str, channel_map: str) -> dict[str, str]:
    at = f"{DAY.isoformat()}T10:0"
    return {
        "call_id": call_id,
        "recording": f"{call_id}.wav",
        "started_at": f"{at}0:00Z",
        "answered_at": f"{at}0:00Z",
        "ended_at": f"{at}1:00Z",
        "direction": "inbound",
        "agent_id": AGENT,
        "customer_key": f"key-of-{call_id}",
        "transfers": "0",
        "channel_map": channel_map,
        "language": "ru",
    }


RECORD = Telephony("", direction=Direction.INBOUND, agent_id=AGENT, transfers=0, language="ru")
POLICIES = load_policy(None, policy_sections(discover()))


@dataclass(frozen=True)
class Heard:
    """What the night's ear says of the two calls."""

    calls: dict[str, Call]
    failures: tuple[Failure, ...]

    @property
    def source(self) -> str | None:
        """What told the roles of the doubtful call."""
        return self.calls[DOUBTFUL].role_source


@dataclass
class Centre:
    """A centre whose nights hear with a scripted diarizer."""

    settings: Settings
    use: Callable[[Diarizer], None]

    @property
    def store(self) -> Path:
        return self.settings.store

    @property
    def prints(self) -> Voiceprints:
        return Voiceprints(self.store)

    def night(self, diarizer: Diarizer) -> NightReport:
        self.use(diarizer)
        return run_night(DAY, self.settings, step=plainly, progress=Unwatched())

    def hear(self, diarizer: Diarizer) -> Heard:
        """The day's two calls as a night hears them, and the prints that it writes; without tables."""
        folder = Path(self.settings.recordings)
        sure = replace(RECORD, call_id=SURE, channel_map=(Role.CUSTOMER, Role.AGENT))
        digests = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in (*WAVES, f"{SURE}.ctm")}
        planned = [
            PlannedCall(sure, WAVES[0], digests[WAVES[0]], f"{SURE}.ctm", digests[f"{SURE}.ctm"]),
            PlannedCall(replace(RECORD, call_id=DOUBTFUL), WAVES[1], digests[WAVES[1]]),
        ]
        revision = diarizer.voice_revision if isinstance(diarizer, VoiceTeller) else None
        policy = POLICIES.section("voiceprints", VoiceprintPolicy)
        voices = AgentVoices.of(self.store, DAY, policy, self.settings.voiceprints, revision, planned)
        listener = Listener(
            Recordings(str(folder)),
            Artifacts(self.store),
            POLICIES,
            recorder=Recorder(),
            transcriber=None,
            why_no_transcriber="no recogniser",
            diarizer=diarizer,
            why_no_diarizer="",
            use_transcripts=True,
            voices=voices,
        )
        # The doubtful call first: what the day teaches is not compared, whatever the order.
        heard = [listener.hear(one) for one in reversed(planned)]
        if voices is not None:
            voices.write(self.store)
        return Heard({one.call.call_id: one.call for one in heard}, tuple(f for one in heard for f in one.failures))

    def taught(self, day: date, anna: NDArray[np.float32] = ANNA, agent: str = AGENT) -> None:
        """Prints of three agents, as if an earlier night had left them."""
        voices = {agent: anna, "boris": BORIS, "carla": CARLA}
        made = {
            agent_key(who): [Print(f"{day}{who}{n}", "model1-0", 9_000, voice) for n in range(2)]
            for who, voice in voices.items()
        }
        self.prints.replace_day(day, made)

    def with_settings(self, **values: Any) -> Centre:
        return Centre(self.settings.model_copy(update=values), self.use)

    def row(self, call_id: str, table: str = "call_parties") -> dict[str, Any]:
        [row] = [row for row in Tables(self.store).read(table).to_pylist() if row["call_id"] == call_id]
        return row

    def files(self, pattern: str) -> list[Path]:
        return sorted(self.store.rglob(pattern))

    def holding(self, voice: Sequence[float] | NDArray[np.float32]) -> list[Path]:
        """Files in whose bytes a voice stands, as numbers or as text."""
        numbers = np.asarray(voice, np.float32)
        files = [file for file in self.files("*") if file.is_file()]
        told = (numbers.tobytes(), str(numbers[-1]).encode())
        return [file for file in files if any(one in file.read_bytes() for one in told)]


_HEARD: dict[str, Listened] = {}


def _listened_once(file: BinaryIO, *, sha256: str, **rest: Any) -> Listened:
    """What the night hears of a recording, heard once for all tests."""
    if sha256 not in _HEARD:
        _HEARD[sha256] = listen(file, sha256=sha256, **rest)
    return _HEARD[sha256]


@pytest.fixture
def centre(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Centre:
    def use(diarizer: Diarizer) -> None:
        monkeypatch.setattr(equipment, "load_diarizer", lambda *_: diarizer)

    monkeypatch.setattr(ear, "listen", _listened_once)
    settings = Settings(
        store=tmp_path / "store",
        recordings=str(whole / "recordings"),
        calls=str(whole / "calls.csv"),
        workers=1,
        manuals=(),
        records=RecordFormat(time_zone="UTC"),
        transcriber=TranscriberSettings(engine="none"),
        diarizer=DiarizerSettings(engine="scripted"),
        voiceprints=VoiceprintSettings(use=True),
    )
    return Centre(settings, use)


def test_by_default_no_voice_is_computed_or_kept(centre: Centre) -> None:
    assert Settings().voiceprints.use is False
    off = centre.with_settings(voiceprints=VoiceprintSettings())
    off.taught(EARLIER)
    kept = {file: file.read_bytes() for file in off.files("*.parquet")}
    engine = Voiced()
    report = off.night(engine)
    assert (report.failures, engine.heard_ms) == ((), [])
    assert off.row(DOUBTFUL)["role_source"] == "talk_pattern", "prints that are there are not read"
    assert off.files("likeness-*") == []
    assert {file: file.read_bytes() for file in off.files("voiceprints/**/*.parquet")} == kept
    assert not any("print" in name for name in Tables(off.store).names())
    shutil.rmtree(off.store)
    assert off.hear(engine).source == "talk_pattern"
    assert (engine.heard_ms, (off.store / FOLDER).exists()) == ([], False)


def test_a_sure_call_leaves_a_print_of_its_agent_alone(centre: Centre) -> None:
    engine = Voiced(voices=[LEARNED])
    heard = centre.hear(engine)
    assert heard.failures == ()
    [file] = centre.prints.files()
    assert file.parent.name == DAY.isoformat()
    [[print_]] = centre.prints.of_day(DAY).values()
    assert set(centre.prints.of_day(DAY)) == {agent_key(AGENT)}
    assert np.array_equal(print_.voice, LEARNED)
    assert [print_.speech_ms] == engine.heard_ms
    assert 8_000 <= print_.speech_ms <= 30_000
    assert centre.holding(LEARNED) == [file], "and stands nowhere else"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("agent", [0, 1])
def test_the_voice_of_earlier_days_tells_who_is_the_agent(centre: Centre, agent: int) -> None:
    centre.taught(EARLIER)
    voices = [ANNA, CUSTOMER] if agent == 0 else [CUSTOMER, ANNA]
    heard = centre.hear(Voiced(voices=[*voices, LEARNED], first=agent))
    assert heard.failures == ()
    call = heard.calls[DOUBTFUL]
    assert (call.role_source, call.has_parties) == ("voice", True)
    assert call.roles[f"speaker_{agent}"] is Role.AGENT
    assert call.role_confidence is not None
    assert 0.9 < call.role_confidence < 0.995
    [file] = centre.files("likeness-*")
    likeness = json.loads(file.read_text())["likeness"]
    assert max(likeness, key=likeness.__getitem__) == f"speaker_{agent}"
    assert centre.holding(CUSTOMER) == [], "a customer's voice is never kept"
    assert heard.calls[SURE].role_source == "call_record"


@pytest.mark.parametrize("day", [DAY, LATER, DAY - timedelta(days=91)])
def test_prints_of_the_day_itself_of_later_and_of_long_past_days_are_not_compared(centre: Centre, day: date) -> None:
    centre.taught(day)
    engine = Voiced(voices=[LEARNED])
    assert (centre.hear(engine).source, len(engine.heard_ms)) == ("talk_pattern", 1)


def test_a_call_that_the_records_agent_did_not_take_stays_in_doubt(centre: Centre) -> None:
    centre.taught(EARLIER)
    heard = centre.hear(Voiced(voices=[CUSTOMER, BORIS, LEARNED]))
    assert heard.failures == ()
    assert heard.source == "talk_pattern"


def test_run_or_scored_again_a_day_gives_the_same_rows_without_a_model(centre: Centre) -> None:
    centre.taught(EARLIER)
    first = centre.night(Voiced(voices=[ANNA, CUSTOMER, LEARNED]))
    rows, prints = centre.row(DOUBTFUL), {file: file.read_bytes() for file in centre.prints.files()}
    assert rows["role_source"] == "voice"
    centre.taught(LATER, anna=BORIS)
    engine = Voiced()
    second = centre.night(engine)
    assert (second.run_id, engine.heard_ms) == (first.run_id, [])
    assert centre.row(DOUBTFUL) == rows
    assert {file: file.read_bytes() for file in prints} == prints
    rescore(Task(centre.settings), DAY, DAY)
    again = centre.row(DOUBTFUL)
    assert {name: again[name] for name in again if name != "run_id"} == {name: rows[name] for name in rows if name != "run_id"}
    off = centre.settings.model_copy(update={"voiceprints": VoiceprintSettings()})
    rescore(Task(off), DAY, DAY)
    assert centre.row(DOUBTFUL)["role_source"] == "talk_pattern", "switched off, it is not read"


def test_other_prints_of_earlier_days_are_another_input(centre: Centre) -> None:
    centre.taught(EARLIER)
    assert centre.hear(Voiced(voices=[ANNA, CUSTOMER, LEARNED])).source == "voice"
    centre.taught(EARLIER, anna=CARLA)
    engine = Voiced(voices=[ANNA, CUSTOMER])
    assert (centre.hear(engine).source, len(engine.heard_ms)) == ("talk_pattern", 2), "what was compared is asked again"


def test_agents_who_have_not_consented_are_left_out(centre: Centre) -> None:
    only = centre.with_settings(voiceprints=VoiceprintSettings(use=True, agents=("boris", "carla")))
    only.taught(EARLIER)
    engine = Voiced()
    heard = only.hear(engine)
    assert (heard.failures, engine.heard_ms) == ((), [])
    assert only.prints.of_day(DAY) == {}
    assert heard.source == "talk_pattern"


def test_prints_of_another_model_are_not_compared(centre: Centre) -> None:
    centre.taught(EARLIER)
    engine = Voiced(voices=[LEARNED], voice_revision="model2")
    assert (centre.hear(engine).source, len(engine.heard_ms)) == ("talk_pattern", 1)


def test_a_diarizer_without_voices_is_a_reason_and_no_end_of_the_night(centre: Centre) -> None:
    centre.taught(EARLIER)
    centre.prints.replace_day(DAY, {agent_key(AGENT): [Print("0", "model1-0", 9_000, LEARNED)]})
    heard = centre.hear(WithoutVoices())
    assert (set(heard.calls), heard.failures) == ({SURE, DOUBTFUL}, ())
    reason = heard.calls[DOUBTFUL].missing["parties"]
    assert reason.endswith("the agent's voice could not be compared: the diarizer tells no voices")
    assert centre.holding(LEARNED), "what an earlier run of the day left stays"


def test_a_voice_model_that_fails_costs_the_comparison_alone(centre: Centre) -> None:
    centre.taught(EARLIER)
    heard = centre.hear(Voiced())
    assert {(failure.call_id, failure.stage) for failure in heard.failures} == {(SURE, "speakers"), (DOUBTFUL, "speakers")}
    assert (heard.source, heard.calls[SURE].role_source) == ("talk_pattern", "call_record")
    assert centre.prints.of_day(DAY) == {}


def test_an_erased_agent_leaves_nothing_and_is_not_learned_again(centre: Centre) -> None:
    centre.taught(EARLIER, anna=LEARNED)
    centre.hear(Voiced(voices=[LEARNED, CUSTOMER, LEARNED]))
    assert len(centre.holding(LEARNED)) == 2
    assert len(centre.files("likeness-*")) == 1
    proof, said = erase_voice(centre.store, AGENT)
    assert centre.holding(LEARNED) == []
    assert centre.files("likeness-*") == []
    assert {agent for day in centre.prints.days() for agent in centre.prints.of_day(day)} == {
        agent_key("boris"),
        agent_key("carla"),
    }
    assert said["removed"] == {"voiceprints": 3, "comparisons": 1}
    assert len(said["files"]) == 3
    assert AGENT not in proof.read_text()
    engine = Voiced()
    heard = centre.hear(engine)
    assert (heard.failures, engine.heard_ms) == ((), [])
    assert centre.prints.files(agent=agent_key(AGENT)) == []


def test_the_command_shows_first_and_ends_alike_twice(centre: Centre, postcall: Command) -> None:
    centre.taught(EARLIER)
    common = ("erase", "--store", centre.store)
    shown = postcall(*common, "--agent", AGENT)
    assert (shown.code, "2 voiceprints" in shown.out, "Nothing was changed" in shown.out) == (0, True, True)
    assert len(centre.prints.files()) == 3
    done = postcall(*common, "--agent", AGENT, "--yes")
    assert (done.code, "Erased" in done.out, AGENT in done.out) == (0, True, False)
    assert len(centre.prints.files()) == 2
    again = postcall(*common, "--agent", AGENT, "--yes")
    assert (again.code, "was erased" in again.out) == (0, True)
    for arguments in ((), ("--agent", AGENT, "--customer", "k")):
        refused = postcall(*common, *arguments)
        assert (refused.code, "one of --customer and --agent" in refused.err) == (2, True)


def test_a_print_of_an_erased_customers_call_goes_with_it(centre: Centre) -> None:
    centre.taught(EARLIER)
    centre.night(Voiced(voices=[ANNA, CUSTOMER, LEARNED]))
    others = {file: file.read_bytes() for file in centre.prints.files(before=DAY)}
    _, said = erase(centre.settings, f"key-of-{SURE}")
    assert centre.holding(LEARNED) == []
    assert said["removed"]["voiceprints"] == 1
    assert "voiceprints" in said["files_by_kind"]
    assert {file: file.read_bytes() for file in centre.prints.files()} == others


def test_prints_are_kept_for_as_many_days_as_said(centre: Centre) -> None:
    for day in (EARLIER, DAY):
        centre.taught(day)
    forever = centre.settings
    assert past_data(forever, DAY + timedelta(days=5_000)) == []
    kept = forever.model_copy(update={"retention": RetentionSettings(voiceprints_days=30)})
    assert past_data(kept, EARLIER + timedelta(days=30)) == []
    [past] = retain(kept, EARLIER + timedelta(days=31))
    assert (past.name, past.counts) == ("voiceprints", {"prints": 6, "files": 3})
    assert centre.prints.days() == [DAY]
