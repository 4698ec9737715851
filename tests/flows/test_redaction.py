"""What a manager sees of a call has no personal data in it: words, quotes, the page's data, and the sound on request."""

from __future__ import annotations

import shutil
from datetime import date
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from flows.exports import Format, export_table
from flows.night import plainly, run_night
from flows.pages.call_facts import read_call
from flows.pages.call_page import call_page, find_sound
from flows.pages.labels import Labels
from flows.pages.settings import PageSettings
from flows.redacted import findings_of, personal_data_policy, redacted_recording, without_personal_data
from flows.settings import DiarizerSettings, Settings, TranscriberSettings
from flows.stored import declared_tables
from postcall.audio.decode import DecodePolicy, decode
from postcall.errors import ChangedRecording
from postcall.language.personal.kinds import Kind, PersonalDataPolicy
from storage.tables import Tables
from storage.telephony import RecordFormat
from storage.views import Viewer, Views
from tests.flows.conftest import Command, Unwatched

DAY = date(2026, 3, 2)
NUMBER = "восемь девятьсот двадцать шесть двести сорок один тридцать три десять"
WRITTEN = "926-241-33-10"
BUNDLED = Path(str(resources.files("flows").joinpath("demo")))


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """One call in which a telephone number is dictated, once in words and once in figures."""
    folder = tmp_path_factory.mktemp("dictated")
    recordings = folder / "recordings"
    recordings.mkdir()
    shutil.copy(BUNDLED / "recordings" / "01-good-service.flac", recordings / "one.flac")
    words = [line.split() for line in (BUNDLED / "transcripts" / "01-good-service.ctm").read_text("utf-8").splitlines()]
    customer, agent = ([word for word in words if word[1] == channel] for channel in ("1", "2"))
    for word, said in zip(customer[1:], NUMBER.split(), strict=False):
        word[4] = said
    agent[2][4] = f"8-{WRITTEN}"
    (recordings / "one.ctm").write_text("".join(" ".join(word) + "\n" for word in words), encoding="utf-8")
    (folder / "calls.csv").write_text(
        "call_id,recording,started_at,answered_at,ended_at,direction,agent_id,customer_key,channel_map,language\n"
        "one,one.flac,2026-03-02T10:00:00Z,2026-03-02T10:00:10Z,2026-03-02T10:03:00Z,inbound,a1,k1,customer|agent,ru\n"
    )
    settings = Settings(
        store=folder / "store",
        recordings=str(recordings),
        calls=str(folder / "calls.csv"),
        workers=1,
        records=RecordFormat(time_zone="UTC"),
        transcriber=TranscriberSettings(engine="none"),
        diarizer=DiarizerSettings(engine="none"),
        pages=PageSettings(nightly=False),
    )
    run_night(DAY, settings, step=plainly, progress=Unwatched())
    return settings


def _html(settings: Settings, policy: PersonalDataPolicy | None = None, **pages: bool) -> str:
    facts = read_call(Tables(settings.store), "one")
    shown = settings.pages.model_copy(update=pages)
    return call_page(facts, find_sound(facts, settings), shown, Labels("ru"), personal_data=policy).html


def test_the_page_shows_marks(centre: Settings) -> None:
    html = _html(centre)
    assert html.count("[phone]") >= 2
    assert WRITTEN not in html
    assert "девятьсот" not in html
    assert "шестьсот" not in html


def test_who_may_see_it_sees_it(centre: Settings) -> None:
    for html in (_html(centre, personal=True), _html(centre, PersonalDataPolicy(redact_pages=False))):
        assert WRITTEN in html
        assert "девятьсот" in html


def test_evidence_inside_a_number_is_quoted_as_its_mark(centre: Settings) -> None:
    facts = read_call(Tables(centre.store), "one")
    words, findings = findings_of(facts, PersonalDataPolicy())
    long = max(findings, key=lambda finding: finding.last_word - finding.first_word)
    assert long.last_word - long.first_word >= 6
    rows = facts.all("stage_word")
    inside = rows[long.first_word + 2]["position"]
    evidence = {"rule_id": "r", "evidence_role": None, "first_word": inside, "last_word": inside, "start_ms": 0, "end_ms": 1}
    hidden = without_personal_data(
        type(facts)(facts.call_id, facts.day, facts.time_zone, facts.policy, {**facts.rows, "event_rule_evidence": [evidence]}),
        PersonalDataPolicy(),
    )
    [moved] = hidden.all("event_rule_evidence")
    by_place = {row["position"]: row["text"] for row in hidden.all("stage_word")}
    assert by_place[moved["first_word"]] == "[phone]"
    assert len(words) == len(rows)


def test_the_policy_file_decides(centre: Settings, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('extends = "default"\n[personal_data]\nkinds = ["card"]\n')
    assert personal_data_policy(centre.model_copy(update={"policy": policy})).kinds == (Kind.CARD,)
    assert WRITTEN in _html(centre, personal_data_policy(centre.model_copy(update={"policy": policy})))


def test_a_managers_export_has_no_words(centre: Settings, tmp_path: Path) -> None:
    views = Views(Tables(centre.store), declared_tables(), Viewer.MANAGER)
    for name in views.names():
        done = export_table(views, name, tmp_path / f"{name}.csv", Format.CSV)
        text = done.path.read_text(encoding="utf-8-sig")
        assert WRITTEN not in text, name
        assert "девятьсот" not in text, name


def test_the_sound_of_a_page_is_covered_on_request(centre: Settings, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('extends = "default"\n[personal_data]\nredact_sound = true\n')
    facts = read_call(Tables(centre.store), "one")
    plain = find_sound(facts, centre).sound
    hidden = find_sound(facts, centre.model_copy(update={"policy": policy})).sound
    assert plain is not None
    assert hidden is not None
    assert hidden.duration_ms == plain.duration_ms
    assert hidden.audio != plain.audio


def test_the_command_writes_a_copy_with_a_tone(centre: Settings, tmp_path: Path, postcall: Command) -> None:
    (tmp_path / "postcall.toml").write_text(f"recordings = '{centre.recordings}'\ncalls = '{centre.calls}'\n")
    done = postcall("redact", "one", "--out", "one.wav", "--store", centre.store)
    assert done.code == 0, done.err
    assert "2 phone" in done.out
    with (tmp_path / "one.wav").open("rb") as file:
        copy = decode(file, DecodePolicy())
    with (Path(centre.recordings) / "one.flac").open("rb") as file:
        original = decode(file, DecodePolicy())
    assert copy.samples.shape == original.samples.shape
    differs = np.abs(copy.samples - original.samples).max(axis=0) > 2e-4
    facts = read_call(Tables(centre.store), "one")
    words, findings = findings_of(facts, PersonalDataPolicy())
    rate_hz = original.sample_rate_hz
    inside = np.zeros(differs.size, dtype=bool)
    for finding in findings:
        for place in range(finding.first_word, finding.last_word + 1):
            if words[place].speaker == finding.speaker:
                span = words[place].span
                said = slice(span.start_ms * rate_hz // 1000, span.end_ms * rate_hz // 1000)
                assert differs[said].mean() > 0.9
                around = slice(max(0, (span.start_ms - 200) * rate_hz // 1000), (span.end_ms + 1200) * rate_hz // 1000)
                inside[around] = True
    assert not differs[~inside].any(), "the rest is as it was"


def test_another_recording_at_the_same_path_is_neither_shown_nor_copied(centre: Settings, tmp_path: Path) -> None:
    """Its personal data would lie elsewhere than the words of the night tell."""
    folder = Path(shutil.copytree(centre.recordings, tmp_path / "in"))
    shutil.copy(BUNDLED / "recordings" / "06-swearing.flac", folder / "one.flac")
    settings = centre.model_copy(update={"recordings": str(folder)})
    facts = read_call(Tables(centre.store), "one")
    heard = find_sound(facts, settings)
    assert heard.sound is None
    assert "another one than the night heard" in heard.why_none
    html = call_page(facts, heard, settings.pages, Labels("ru")).html
    assert "<audio" not in html
    assert "теперь другая запись" in html
    with pytest.raises(ChangedRecording):
        redacted_recording(facts, settings, PersonalDataPolicy(), tmp_path / "out.wav")
    assert not (tmp_path / "out.wav").exists()


def test_a_call_without_words_is_not_copied(centre: Settings, tmp_path: Path, postcall: Command) -> None:
    missing = postcall("redact", "nobody", "--out", "x.wav", "--store", centre.store)
    assert missing.code == 2
    assert not (tmp_path / "x.wav").exists()
