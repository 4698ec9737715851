"""Every script, with every combination of its choices, comes out as it says; the truth agrees with itself and the sound."""

from __future__ import annotations

import itertools
import json
import pathlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from benchmarks.corpus import planning, truth
from benchmarks.corpus.__main__ import write_records
from benchmarks.corpus.conditions import LAYOUTS, Bleed, Conditions, Path
from benchmarks.corpus.planning import Plan, draw_call, draw_calls
from benchmarks.corpus.rendering import lay_out, render
from benchmarks.corpus.scene import Scene, SceneError, arrange
from benchmarks.corpus.script import Script, load, paths
from benchmarks.corpus.staging import Line
from postcall.spans import Span, Spans, gaps, intersect, subtract, total_ms, union, whole
from postcall.telephony import Role
from storage.record_schema import RecordFormat
from storage.telephony import read_call_records

FakeLines = Callable[[Plan], dict[int, Line]]
CLEAN = Path(level_dbfs=-24.0, noise="line", snr_db=40.0, overdrive_db=0.0, codecs=("mulaw",))
PARTIES = ("agent", "customer")


def plans_of(script: Script) -> list[Plan]:
    """One call for each combination of choices, each recorded from another point."""
    plans = []
    for number, chosen in enumerate(script.combinations(), start=1):
        only = replace(script, choices={choice: (value,) for choice, value in chosen.items()})
        plans.append(draw_call(only, number, 7))
    return plans


each_script = pytest.mark.parametrize("path", paths(), ids=lambda path: f"{path.parent.name}/{path.stem}")


def spans(pairs: list[list[int]]) -> Spans:
    return tuple(Span(start, end) for start, end in pairs)


def truth_of(scene: Scene, plan: Plan) -> dict[str, Any]:
    return json.loads(truth.as_json(truth.truth(scene, plan, "call.wav", [["customer"], ["agent"]], {"agent": 0.0})))


@each_script
def test_events_come_out_as_the_script_says(path: pathlib.Path, fake_lines: FakeLines) -> None:
    for plan in plans_of(load(path)):
        scene = arrange(plan, fake_lines(plan))
        _check_record(plan, scene)
        fields = truth_of(scene, plan)
        talk = {party: spans(fields["speech"][party]) for party in PARTIES}
        speech = union(*talk.values())
        assert sum(fields["talk_ms"].values()) - fields["overtalk_ms"] + fields["non_talk_ms"] == fields["duration_ms"]
        for quiet in ("holds", "silences"):
            assert not intersect(speech, tuple(Span(one["start_ms"], one["end_ms"]) for one in fields[quiet]))
        assert not intersect(speech, spans(fields["rings"]) + spans(fields["busy"]))
        kinds = [one.item.kind for one in plan.played]
        assert len(fields["holds"]) == kinds.count("hold") + kinds.count("transfer")
        quiet_items = [one.item for one in plan.played if one.item.kind in ("pause", "mute") and one.item.ms[0] >= 3000]
        for event, item in zip(fields["silences"], quiet_items, strict=True):
            assert event["kind"] == item.kind
            assert item.ms[0] <= event["end_ms"] - event["start_ms"] <= item.ms[1]
        for name, kind in (("backchannels", "backchannel"), ("early_starts", "early_start")):
            assert len(fields[name]) == sum(one.item.overlap == kind for one in plan.played)
        _check_overlaps(fields, talk)
        assert fields["hung_up_by"] == plan.played[-1].item.texts[0]
        assert fields["answered_ms"] <= min(span.start_ms for span in speech)
        assert all(word["start_ms"] < word["end_ms"] <= fields["hung_up_ms"] for word in fields["words"])


def _check_overlaps(fields: dict[str, Any], talk: dict[str, Spans]) -> None:
    for event in fields["interruptions"]:
        other = "agent" if event["by"] == "customer" else "customer"
        under = next(span for span in talk[other] if span.start_ms <= event["start_ms"] < span.end_ms)
        assert under.end_ms - event["start_ms"] >= 500  # not at its last syllable
        assert event["end_ms"] - event["start_ms"] >= 500
        assert event["winner"] == (event["by"] if under.end_ms < event["end_ms"] else other)
    for event in fields["backchannels"]:
        other = "agent" if event["by"] == "customer" else "customer"
        own = Span(event["start_ms"], event["end_ms"])
        assert event["overtalk_ms"] == own.duration_ms <= 1500
        assert any(span.start_ms < own.start_ms and own.end_ms <= span.end_ms for span in talk[other])
    for event in fields["early_starts"]:
        assert 100 < event["overtalk_ms"] < 500
    for event in fields["simultaneous_starts"]:
        other = "agent" if event["by"] == "customer" else "customer"
        assert min(abs(span.start_ms - event["start_ms"]) for span in talk[other]) <= 120


def _check_record(plan: Plan, scene: Scene) -> None:
    row = truth.record(scene, plan, "call.wav", [["customer"], ["agent"]])
    started, answered, ended = (datetime.fromisoformat(row[name]) for name in ("started_at", "answered_at", "ended_at"))
    assert started == plan.started_at <= answered < ended
    assert (ended - answered) // timedelta(milliseconds=1) == scene.hung_up_ms - scene.answered_ms
    if row["recording_started_at"]:
        zero = datetime.fromisoformat(row["recording_started_at"])
        assert round((answered - zero).total_seconds() * 1000) == scene.answered_ms
    if row["holds"]:
        held = [
            datetime.fromisoformat(hold["end"]) - datetime.fromisoformat(hold["start"]) for hold in json.loads(row["holds"])
        ]
        assert [round(one.total_seconds() * 1000) for one in held] == [one.span.duration_ms for one in scene.parked]


def test_call_records_are_read_without_a_problem(scripts: list[Script], fake_lines: FakeLines, tmp_path: pathlib.Path) -> None:
    plans = draw_calls(scripts, 60, 1)
    rows = [truth.record(arrange(plan, fake_lines(plan)), plan, "call.wav", [["customer"], ["agent"]]) for plan in plans]
    write_records(tmp_path / "calls.csv", rows)
    read = read_call_records(str(tmp_path / "calls.csv"), RecordFormat(time_zone="Europe/Moscow"))
    assert not read.problems
    assert {record.call_id for record in read.records} == {plan.call_id for plan in plans}
    assert {len(record.holds) if record.holds is not None else None for record in read.records} >= {None, 0, 1}
    assert {record.disconnected_by for record in read.records} >= {Role.AGENT, Role.CUSTOMER, Role.UNKNOWN}


@pytest.fixture(scope="module")
def quiet_call(fake_lines: FakeLines) -> tuple[Plan, Scene]:
    """A call with ringing, mute, pauses, backchannels and a busy tone, in clean conditions."""
    script = next(load(path) for path in paths() if path.stem == "search_silence")
    only = replace(script, choices={"search": ("mute",), "closing": ("full",)}, record_from=("start",))
    plan = draw_call(only, 1, 1)
    kept = Conditions(CLEAN, CLEAN, None, "separate", "pcm", "ru", "song", "start", False)
    hangup = replace(plan.played[-1], item=replace(plan.played[-1].item, more={"busy": True}))
    plan = replace(plan, conditions=kept, played=(*plan.played[:-1], hangup))
    return plan, arrange(plan, fake_lines(plan))


def level(sound: np.ndarray[Any, Any], span: Span) -> float:
    part = sound[span.start_ms * 8 : span.end_ms * 8].astype(float) / 32768
    return float(10 * np.log10(np.mean(part**2) + 1e-12))


def test_sound_lies_where_the_truth_has_it(quiet_call: tuple[Plan, Scene]) -> None:
    plan, scene = quiet_call
    channels, clipped = render(scene, plan)
    assert clipped == {"agent": 0.0, "customer": 0.0}
    heard = {
        "agent": union(scene.talk("agent"), scene.talk("ivr"), scene.rings),
        "customer": union(scene.talk("customer"), scene.busy, (Span(at, at + 120) for at, _ in scene.keys)),
    }
    assert scene.rings
    assert scene.busy
    assert scene.keys
    for party, sound in channels.items():
        for span in heard[party]:
            assert level(sound, span) > -30
        for span in gaps(heard[party], whole(scene.duration_ms)):
            assert level(sound, span) < -58
    assert scene.mutes
    assert all(not channels["agent"][mute.start_ms * 8 : mute.end_ms * 8].any() for mute in scene.mutes)
    assert all(channels["customer"][mute.start_ms * 8 : mute.end_ms * 8].any() for mute in scene.mutes)


def test_bleed_is_the_other_party_later_and_softer(quiet_call: tuple[Plan, Scene]) -> None:
    plan, scene = quiet_call
    bleeding = replace(plan, conditions=replace(plan.conditions, bleed=Bleed("customer", 40, 20.0)))
    plain, mixed = render(scene, plan)[0], render(scene, bleeding)[0]
    assert np.array_equal(plain["customer"], mixed["customer"])
    alone = subtract(scene.talk("customer"), scene.talk("agent"))
    longest = max(alone, key=lambda span: span.duration_ms)
    echo = Span(longest.start_ms + 60, longest.end_ms)
    assert level(mixed["agent"], echo) == pytest.approx(
        level(plain["customer"], Span(longest.start_ms + 20, longest.end_ms - 40)) - 20, abs=1.5
    )
    assert level(plain["agent"], echo) < -55


def test_overdrive_clips(quiet_call: tuple[Plan, Scene]) -> None:
    plan, scene = quiet_call
    loud = replace(plan, conditions=replace(plan.conditions, customer=replace(CLEAN, overdrive_db=19.0)))
    channels, clipped = render(scene, loud)
    assert clipped["customer"] > 0.005
    assert clipped["agent"] == 0.0
    assert np.abs(channels["customer"]).max() == 32124


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(quiet_call: tuple[Plan, Scene], layout: str) -> None:
    plan, _ = quiet_call
    channels = {"agent": np.array([100, 200], np.int16), "customer": np.array([300, -200], np.int16)}
    pcm, parties = lay_out(channels, replace(plan.conditions, layout=layout), "inbound")
    expected = {
        "separate": ([[300, -200], [100, 200]], [["customer"], ["agent"]]),
        "swapped": ([[100, 200], [300, -200]], [["agent"], ["customer"]]),
        "mono": ([[200, 0]], [["agent", "customer"]]),
        "dual_mono": ([[200, 0]] * 2, [["agent", "customer"]] * 2),
    }
    assert (pcm.tolist(), parties) == expected[layout]


def test_rttm_and_ctm_tell_the_same_as_the_truth(quiet_call: tuple[Plan, Scene]) -> None:
    plan, scene = quiet_call
    fields = truth_of(scene, plan)
    lines = [line.split() for line in truth.rttm(scene, "c").splitlines()]
    assert total_ms(scene.talk("agent")) == sum(round(1000 * float(line[4])) for line in lines if line[7] == "agent")
    assert {line[7] for line in lines} == {"agent", "customer", "ivr"}
    words = [line.split() for line in truth.ctm(scene, "c", [["customer"], ["agent"]]).splitlines()]
    assert [(word[4], round(1000 * float(word[2]))) for word in words] == [(w["text"], w["start_ms"]) for w in fields["words"]]
    assert {word[1] for word in words} == {"1", "2"}


def test_the_page_on_the_truth_names_every_field(quiet_call: tuple[Plan, Scene]) -> None:
    page = (pathlib.Path(planning.__file__).parent / "TRUTH.md").read_text("utf-8")
    fields = truth_of(quiet_call[1], quiet_call[0])
    assert [name for name in fields if f"`{name}`" not in page] == []


def test_a_script_that_does_not_come_out_is_told(quiet_call: tuple[Plan, Scene], fake_lines: FakeLines) -> None:
    plan, _ = quiet_call
    lines = fake_lines(plan)
    backchannel = next(index for index, one in enumerate(plan.played) if one.item.overlap == "backchannel")
    longest = max(lines.values(), key=lambda line: line.duration_ms)
    with pytest.raises(SceneError, match=r"ru/search_silence: say \d+ \(agent\): the backchannel ends after the other"):
        arrange(plan, lines | {backchannel: longest})


def test_every_kind_of_event_occurs_in_the_scripts(scripts: list[Script]) -> None:
    items = list(itertools.chain.from_iterable(script.items for script in scripts))
    assert {item.kind for item in items} >= {"agent2", "ivr", "keys", "ring", "hold", "mute", "pause", "transfer", "hangup"}
    assert {item.overlap for item in items} >= {"backchannel", "interruption_lost", "interruption_won", "early_start"}
    assert "simultaneous_start" in {item.overlap for item in items}
    assert {item.texts[0] for item in items if item.kind == "hold"} == {"music", "tone", "silence"}
