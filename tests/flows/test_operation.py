"""The commands of whoever runs the nights: doctor, status, alerts, quarantine, records."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from datetime import date, timedelta
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

import flows.settings
from flows.alerts import load_rules
from flows.demonstration import BUNDLED, DAY, transcribed_settings
from flows.doctor import Verdict, examine
from flows.night import NightReport
from flows.settings import Settings
from flows.status import status_of
from postcall.errors import SettingsError
from storage.quarantine import FILE_NAME, Quarantine
from storage.tables import Tables
from tests.flows.conftest import Command

MARKER = "+79160001122"


@pytest.fixture
def store(demo_night: tuple[Path, NightReport], tmp_path: Path) -> Path:
    """A copy of the demo night's store: these commands write into it."""
    copy = tmp_path / "store"
    shutil.copytree(demo_night[0], copy)
    copy.chmod(0o700)
    return copy


def _verdicts(settings: Settings) -> dict[str, Verdict]:
    return {check.name: check.verdict for check in examine(settings)}


# ── doctor ───────────────────────────────────────────────────────────────────


def test_doctor_finds_a_demo_ready(store: Path) -> None:
    settings = transcribed_settings(store)
    found = {check.name: check for check in examine(settings)}
    assert not [check for check in found.values() if check.verdict is Verdict.FAIL]
    assert {"program", "telemetry", "time zone", "store", "disk", "recordings", "call records", "recogniser"} <= set(found)
    assert found["store"].verdict is Verdict.OK
    assert all(check.to_do for check in found.values() if check.verdict is not Verdict.OK)


def test_doctor_says_what_is_wrong(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = transcribed_settings(store)
    store.chmod(0o755)
    assert _verdicts(settings)["store"] is Verdict.WARN
    wrong = settings.model_copy(update={"recordings": str(store / "nowhere"), "calls": str(store / "none.csv")})
    assert _verdicts(wrong)["recordings"] is Verdict.FAIL
    assert _verdicts(wrong)["call records"] is Verdict.WARN
    assert _verdicts(settings.model_copy(update={"calls": None}))["call records"] is Verdict.FAIL
    (store / "policy.toml").write_text("[dead_air]\nmin_seconds = 3\n")
    assert _verdicts(settings.model_copy(update={"policy": store / "policy.toml"}))["measures and policy"] is Verdict.FAIL
    monkeypatch.setenv("PYANNOTE_METRICS_ENABLED", "1")
    assert _verdicts(settings)["telemetry"] is Verdict.FAIL


def test_doctor_of_a_model_that_is_not_there(store: Path, postcall: Command) -> None:
    Path("postcall.toml").write_text(
        f'store = "{store}"\nrecordings = "{BUNDLED / "recordings"}"\ncalls = "{BUNDLED / "calls.csv"}"\n'
        '[records]\ntime_zone = "Europe/Moscow"\n[transcriber.options]\nmodel = "/models/none"\n[diarizer]\nengine = "none"\n'
    )
    ended = postcall("doctor")
    assert ended.code == 1
    assert "1 failed" in ended.out
    Path("postcall.toml").write_text(
        Path("postcall.toml").read_text().replace('[transcriber.options]\nmodel = "/models/none"', "")
    )
    ended = postcall("doctor")
    assert ended.code == 0, ended.out
    assert "Ready for a night" in ended.out


def test_doctor_of_wrong_settings(postcall: Command) -> None:
    Path("postcall.toml").write_text("stor = 'x'\n")
    ended = postcall("doctor")
    assert ended.code == 1
    assert "did you mean 'store'?" in ended.out


def test_doctor_makes_no_store(tmp_path: Path) -> None:
    settings = transcribed_settings(tmp_path / "made").model_copy(update={"store": tmp_path / "new" / "store"})
    assert _verdicts(settings)["store"] is Verdict.OK
    assert not (tmp_path / "new").exists()


# ── status ───────────────────────────────────────────────────────────────────


def test_status(store: Path) -> None:
    found = status_of(store, until=DAY + timedelta(days=3), days=14)
    [night] = found.nights
    assert (night.day, found.newest, found.lag_days) == (DAY, DAY, 3)
    [run] = Tables(store).read("run_night", DAY).to_pylist()
    assert (night.calls, night.recordings, night.put_aside, night.defects) == (
        run["calls"],
        run["recordings"],
        run["quarantined"],
        0,
    )
    [kpi] = Tables(store).read("kpi_daily", DAY).to_pylist()
    assert night.took_s == (run["finished_at"] - run["started_at"]).total_seconds()
    assert night.times_real_time == pytest.approx(kpi["recording_duration_ms"] / 1000 / night.took_s)
    assert night.coverage_share is not None
    assert 0.3 < night.coverage_share < 1
    assert sum(found.open_by_code.values()) == run["quarantined"]


def test_status_on_a_screen(store: Path, postcall: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = postcall("status", "--store", store)
    assert ended.code == 1  # the demo's day is long ago
    assert "Behind." in ended.out
    assert "missing_recording" in ended.out
    assert max(map(len, ended.out.splitlines())) <= 100
    monkeypatch.setattr(flows.settings, "yesterday", lambda zone: DAY)
    assert postcall("status", "--store", store).code == 3
    assert postcall("quarantine", "drop", "--code", "missing_recording", "--store", store).code == 0
    ended = postcall("status", "--store", store)
    assert "missing_recording" not in ended.out
    assert "1 more were dropped" in ended.out


def test_status_of_an_empty_store(tmp_path: Path, postcall: Command) -> None:
    ended = postcall("status", "--store", tmp_path)
    assert ended.code == 1
    assert "No night ever ran" in ended.out


# ── quarantine ───────────────────────────────────────────────────────────────


def test_quarantine_is_listed_without_names_of_recordings(store: Path, postcall: Command) -> None:
    ended = postcall("quarantine", "list", "--store", store)
    assert ended.code == 0
    for one in Quarantine(store).everything():
        assert one.failure_id[:8] in ended.out
        assert one.code in ended.out
    assert ".opus" not in ended.out
    assert ".mp3" not in ended.out


def test_what_is_dropped_is_no_longer_open(store: Path, postcall: Command) -> None:
    everything = Quarantine(store).everything()
    one = everything[0]
    assert postcall("quarantine", "drop", one.failure_id[:8], "--store", store).code == 0
    assert [other.failure_id for other in Quarantine(store).everything() if other.is_dropped] == [one.failure_id]
    assert one.failure_id[:8] not in postcall("quarantine", "list", "--store", store).out
    assert "(dropped)" in postcall("quarantine", "list", "--dropped", "--store", store).out
    # A line that a killed run began decides nothing, and what follows it is read.
    with (store / FILE_NAME).open("a") as file:
        file.write('{"night": "2026-')
    assert sum(other.is_dropped for other in Quarantine(store).everything()) == 1
    assert postcall("quarantine", "drop", "--store", store).code == 2
    assert postcall("quarantine", "drop", "zzzz", "--store", store).code == 2


def test_retry_runs_the_night_again(store: Path, postcall: Command) -> None:
    settings = transcribed_settings(store)
    recordings = Path(settings.recordings)
    shutil.copy(recordings / "12-call-back.mp3", recordings / "16-missing.mp3")
    with (recordings / "16-missing.mp3").open("ab") as file:
        file.write(b"\0" * 64)  # other bytes: the same file under two calls would be put aside itself
    Path("postcall.toml").write_text(
        f'store = "{store}"\nrecordings = "{recordings}"\ncalls = "{settings.calls}"\n'
        '[records]\ntime_zone = "Europe/Moscow"\n[transcriber]\nengine = "none"\n[diarizer]\nengine = "none"\n'
    )
    before = {one.code for one in Quarantine(store).everything()}
    ended = postcall("quarantine", "retry", "--code", "missing_recording")
    assert "missing_recording" in before
    assert "1 were put aside" in ended.out
    assert "missing_recording" not in {one.code for one in Quarantine(store).everything()}


# ── alerts ───────────────────────────────────────────────────────────────────

BANDS = """
[[band]]
name = "calls without hold"
table = "kpi_daily"
column = "no_hold_share"
minimum = 0.95

[[band]]
name = "put aside"
table = "run_night"
column = "quarantined"
per = "calls"
maximum = 0.9
"""


@pytest.fixture
def webhook() -> Iterator[tuple[str, list[dict[str, object]]]]:
    """A server on this machine, and what it got."""
    got: list[dict[str, object]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/alert", got
    server.shutdown()
    server.server_close()


def test_alerts_are_sent_once(store: Path, postcall: Command, webhook: tuple[str, list[dict[str, object]]]) -> None:
    address, got = webhook
    Path("alerts.toml").write_text(f'[send]\nfolder = "out"\nto = "quality@centre.example"\nwebhook = "{address}"\n{BANDS}')
    arguments = ("alerts", "--store", store, "--date", DAY)
    assert postcall(*arguments, "--dry-run").code == 3
    assert not got
    ended = postcall(*arguments)
    assert ended.code == 3
    assert "calls without hold is 0.75, below 0.95" in ended.out
    assert [alert["name"] for alert in got] == ["calls without hold"]
    [file] = Path("out").iterdir()
    mail = message_from_bytes(file.read_bytes())
    assert (mail["To"], file.suffix) == ("quality@centre.example", ".eml")
    assert "0 sent, 1 sent before" in postcall(*arguments).out
    assert len(got) == 1
    personal = {row["customer_key"] for row in Tables(store).read("call_contact").to_pylist() if row["customer_key"]}
    assert not [one for one in personal if one in file.read_text() or one in json.dumps(got)]


def test_a_night_that_did_not_run_is_an_alert(store: Path, postcall: Command) -> None:
    Path("alerts.toml").write_text('[send]\nfolder = "out"\n')
    ended = postcall("alerts", "--store", store, "--date", date(2026, 3, 3))
    assert ended.code == 3
    assert "did not run to its end" in ended.out


def test_what_cannot_be_sent_is_tried_again(
    store: Path, postcall: Command, webhook: tuple[str, list[dict[str, object]]]
) -> None:
    Path("alerts.toml").write_text(f'[send]\nwebhook = "http://127.0.0.1:1/"\n{BANDS}')
    assert postcall("alerts", "--store", store, "--date", DAY).code == 1
    Path("alerts.toml").write_text(f'[send]\nwebhook = "{webhook[0]}"\n{BANDS}')
    assert "1 sent" in postcall("alerts", "--store", store, "--date", DAY).out


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('[send]\nwebhook = "https://example.com/hook"', "address of this machine"),
        ('[send]\nwebhook = "file:///etc/passwd"', "address of this machine"),
        ('[send]\nto = "a\\nBcc: b"', "one line"),
        ('[[band]]\nname = "x"\ntable = "kpi_daily"\ncolumn = "no_hold_share"', "needs a minimum"),
        ('[[band]]\nname = "x"\ntable = "call_contact"\ncolumn = "transfers"\nminimum = 1', "can have no band"),
        ('[[band]]\nname = "x"\ntable = "kpi_daily"\ncolumn = "no_hold_shar"\nminimum = 1', "is no number"),
        ("[[bands]]\n", "bands"),
    ],
)
def test_alert_files_that_cannot_be(tmp_path: Path, written: str, said: str) -> None:
    (tmp_path / "alerts.toml").write_text(written)
    with pytest.raises(SettingsError, match=said):
        load_rules(tmp_path / "alerts.toml")


# ── records ──────────────────────────────────────────────────────────────────


def test_records_check_shows_what_is_understood_and_no_cell(postcall: Command) -> None:
    Path("postcall.toml").write_text('[records]\ntime_zone = "Europe/Moscow"\n')
    rows = [
        "call_id,started_at,answered_at,agent_name,customer_key,Comment",
        f"1,2026-03-02T10:00:00+03:00,2026-03-02T10:00:20+03:00,{MARKER},{MARKER},{MARKER}",
        f"2,2026-03-02T10:00:00,,{MARKER},{MARKER},{MARKER}",
        f"{MARKER},2026-03-02T10:00:00+03:00,,,,a",
        f"{MARKER},2026-03-02T10:00:01+03:00,,,,b",
    ]
    Path("calls.csv").write_text("\n".join(rows))
    ended = postcall("records", "check", "calls.csv")
    assert ended.code == 3
    assert "4: 1 call, 3 problems" in ended.out
    assert "2026-03-02 (Europe/Moscow)" in ended.out
    assert "Not used  Comment" in ended.out
    assert "no_time_zone" in ended.out
    assert "naive_times_in" in ended.out
    assert MARKER not in ended.out + ended.err


def test_records_check_of_a_telephone_system(postcall: Command) -> None:
    Path("contacts.json").write_text(
        json.dumps({"ContactId": "c-1", "Channel": "VOICE", "InitiationTimestamp": "2026-03-02T07:00:00Z"})
        + json.dumps({"ContactId": "c-2", "Channel": "CHAT"})
    )
    ended = postcall("records", "check", "contacts.json", "--source", "amazon-connect")
    assert ended.code == 0, ended.err
    assert "1 contacts of other channels than voice" in ended.out
    assert postcall("records", "check", "contacts.json", "--source", "amazon").code == 2


def test_a_file_without_a_header_shows_no_call(postcall: Command) -> None:
    Path("calls.csv").write_text(f"1,{MARKER},2026-03-02T10:00:00Z\n2,{MARKER},2026-03-02T10:00:00Z\n")
    ended = postcall("records", "check", "calls.csv")
    assert ended.code == 2
    assert MARKER not in ended.out + ended.err


def test_recorder_layouts() -> None:
    by_name = flows.settings.Recorder(layout="amazon-connect")
    assert set(by_name.layouts.values()) == {("customer", "agent")}
    own = flows.settings.Recorder(layout="freeswitch-stereo", channels_inbound=("agent", "customer"))
    assert list(own.layouts.values()) == [("agent", "customer"), ("agent", "customer")]
    with pytest.raises(ValueError, match="did you mean 'twilio-dual'"):
        flows.settings.Recorder(layout="twilio")
