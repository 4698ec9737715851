"""A night on real recordings of the HarperValleyBank corpus, with the call records that fit them."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from flows.night import plainly, run_night
from flows.settings import Settings
from storage.tables import Tables
from storage.telephony import RecordFormat

ROOT = Path(__file__).parents[2]
FOLDER = ROOT.parent / "shared" / "realdata" / "harper_valley"
DAY = date(2019, 8, 5)

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason=f"no recordings in {FOLDER}: put the HarperValleyBank calls and references there"
)


def test_a_night_on_real_calls(tmp_path: Path) -> None:
    settings = Settings(
        store=tmp_path / "store",
        recordings=str(FOLDER),
        calls=str(ROOT / "tests" / "data" / "harper_valley" / "calls.csv"),
        records=RecordFormat(time_zone="America/Los_Angeles"),
    )
    report = run_night(DAY, settings, step=plainly)
    assert (report.calls, report.recordings, report.transcripts, report.failures) == (4, 4, 4, ())
    tables = Tables(tmp_path / "store")
    talk = {row["call_id"]: row for row in tables.read("call_talk_time").to_pylist()}
    words = {row["call_id"]: row for row in tables.read("call_transcript").to_pylist()}
    errors: dict[str, list[float]] = {"agent": [], "caller": []}
    for path in FOLDER.glob("*.ref.json"):
        reference = json.loads(path.read_text(encoding="utf-8"))
        row = talk[reference["sid"]]
        errors["agent"].append(abs(row["agent_talk_ms"] / 1000 - reference["talk_s"]["agent"]))
        errors["caller"].append(abs(row["customer_talk_ms"] / 1000 - reference["talk_s"]["caller"]))
        said = sum(reference["words_human"].values())
        assert abs(words[reference["sid"]]["words"] - said) <= 0.15 * said
    assert sum(errors["agent"]) / 4 <= 1.0
    assert sum(errors["caller"]) / 4 <= 0.8
    assert tables.read("stage_recording")["topology"].to_pylist() == ["separate"] * 4
    # The last call began ten seconds before midnight and belongs to the day on which it began.
    assert "03a17cc36d474151" in talk
