"""The page of a call says what the tables say, in the reader's language, and why what is missing is missing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from flows.demonstration import DAY
from flows.pages.call_facts import CallFacts, NoSuchCall, read_call, read_calls
from flows.pages.call_page import HeardSound, call_page, find_sound
from flows.pages.figures import figures_of
from flows.pages.labels import Labels
from flows.pages.moments import moments_of
from flows.pages.reasons import Reasons, unmeasured
from flows.pages.scorecards import scorecards
from flows.pages.settings import PageSettings
from flows.pages.spoken import Quotes, said_lines
from flows.pages.templates import script_json
from flows.settings import Settings
from storage.tables import Tables

Facts = Callable[[str], CallFacts]
EN = Labels("en")


def _html(facts: CallFacts, **given: Any) -> str:
    return call_page(facts, HeardSound(None, "no recording"), PageSettings(**given), EN).html


def _without(facts: CallFacts, *prefixes: str) -> CallFacts:
    return replace(facts, rows={name: rows for name, rows in facts.rows.items() if not name.startswith(prefixes)})


def _data(html: str) -> dict[str, Any]:
    found = re.search(r'id="call-data">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


# ── facts ────────────────────────────────────────────────────────────────────


def test_a_call_is_found_by_its_id_and_a_misspelt_one_has_a_hint(night_settings: Settings) -> None:
    tables = Tables(night_settings.store)
    assert read_call(tables, "04-interruptions").day == DAY
    with pytest.raises(NoSuchCall) as caught:
        read_call(tables, "04-interuptions")
    assert "04-interruptions" in caught.value.hint
    with pytest.raises(NoSuchCall):
        read_call(tables, "04-interruptions", date(2026, 3, 3))


def test_several_calls_are_read_together_as_each_alone(night_settings: Settings, facts_of: Facts) -> None:
    ids = ["04-interruptions", "05-long-silence"]
    together = read_calls(Tables(night_settings.store), [*ids, "no such call"], DAY)
    assert sorted(together) == ids
    for call_id in ids:
        assert together[call_id].rows == facts_of(call_id).rows


# ── transcript ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize("call_id", ["04-interruptions", "10-dual-mono", "11-bleed", "13-mono"])
def test_every_word_stands_in_the_transcript_once_and_in_order(facts_of: Facts, call_id: str) -> None:
    facts = facts_of(call_id)
    lines = said_lines(facts)
    assert sorted(word.position for line in lines for word in line.words) == [
        row["position"] for row in facts.all("stage_word")
    ]
    for line in lines:
        assert [word.start_ms for word in line.words] == sorted(word.start_ms for word in line.words)
    html = _html(facts)
    assert len(re.findall(r'class="w[ "]', html)) == len(facts.all("stage_word"))


def test_turns_are_those_that_the_measures_count(facts_of: Facts) -> None:
    facts = facts_of("04-interruptions")
    lines = [line for line in said_lines(facts) if not line.is_backchannel]
    for role in ("agent", "customer"):
        assert sum(line.role == role for line in lines) == facts.one("call_shape")[f"{role}_turns"]


def test_chinese_words_stand_together_and_others_apart(facts_of: Facts) -> None:
    chinese = facts_of("11-bleed")
    assert " " not in "".join(word.space + word.text for line in said_lines(chinese) for word in line.words[1:])
    russian = facts_of("04-interruptions")
    assert all(word.space == " " for line in said_lines(russian) for word in line.words)


def test_a_quote_is_of_one_party_alone(facts_of: Facts) -> None:
    facts = facts_of("04-interruptions")
    last = len(facts.all("stage_word")) - 1
    said = Quotes(facts).of(0, last, "agent").split()
    assert len(said) == sum(row["speaker_role"] == "agent" for row in facts.all("stage_word"))
    assert Quotes(facts).of(None, None, "agent") == ""


def test_words_after_a_hold_stand_after_it(facts_of: Facts) -> None:
    html = _html(facts_of("03-hold-sudden"))
    hold = html.index('class="between hold')
    before, after = html[html.index('id="transcript"') : hold], html[hold:]
    starts = [int(ms) for ms in re.findall(r'data-w="\d+" data-play="(\d+)"', before)]
    begins_ms = min(row["start_ms"] for row in facts_of("03-hold-sudden").all("event_hold"))
    assert max(starts) < begins_ms
    assert all(int(ms) >= begins_ms for ms in re.findall(r'data-w="\d+" data-play="(\d+)"', after))


# ── figures, moments, scorecards ─────────────────────────────────────────────


def test_figures_are_those_of_the_tables(facts_of: Facts) -> None:
    figures = {figure.name: figure for figure in figures_of(facts_of("05-long-silence"), EN)}
    row = facts_of("05-long-silence").one("call_dead_air")
    assert figures["dead_air"].value == f"{row['dead_air_ms'] / 1000:.1f} s"
    assert figures["dead_air"].is_bad
    assert f"{row['dead_airs']} ×" in figures["dead_air"].detail
    assert not figures["interruptions"].is_bad


def test_what_cannot_be_measured_says_why_and_is_never_nought(parties_untold: Facts) -> None:
    figures = figures_of(parties_untold("10-dual-mono"), EN)
    missing = {figure.name: figure for figure in figures if not figure.is_known}
    assert {"talk", "interruptions", "overtalk", "latency", "rate"} <= set(missing)
    assert all(figure.value == "–" and "same sound" in figure.detail for figure in missing.values())
    html = _html(parties_untold("10-dual-mono"))
    assert "Not measurable: Talk, Interruptions, Both speak" in html


def test_every_event_stands_in_the_timeline_at_its_time(judged: Facts) -> None:
    facts = judged("03-hold-sudden")
    lanes = {lane["id"]: lane["items"] for lane in _data(_html(facts))["lanes"]}
    holds = [(item["start_ms"], item["end_ms"]) for item in lanes["line"] if item["kind"].startswith("hold")]
    assert sorted(holds) == sorted((row["start_ms"], row["start_ms"] + row["duration_ms"]) for row in facts.all("event_hold"))
    overtalk = [item["start_ms"] for item in lanes["overtalk"] if "shouting" not in item["kind"]]
    assert overtalk == [row["start_ms"] for row in facts.all("event_overtalk")]
    assert sorted(item["start_ms"] for item in lanes["rules"]) == sorted(
        row["start_ms"] for row in facts.all("event_rule_evidence")
    )


def test_a_hold_told_twice_is_listed_once(facts_of: Facts) -> None:
    facts = facts_of("03-hold-sudden")
    holds = [moment for moment in moments_of(facts, said_lines(facts), EN) if moment.kind.startswith("hold")]
    assert [moment.is_listed for moment in holds].count(True) == 1
    assert len(holds) == 2


def test_dead_air_is_no_silence_beside_it(facts_of: Facts) -> None:
    facts = facts_of("05-long-silence")
    silences = [moment for moment in moments_of(facts, said_lines(facts), EN) if moment.lane == "silence"]
    assert len({moment.start_ms for moment in silences}) == len(silences)
    dead = {row["start_ms"] for row in facts.all("event_dead_air")}
    assert {moment.start_ms for moment in silences if moment.kind.startswith("dead_air")} == dead


def test_a_scorecard_has_every_rule_with_its_clause_and_what_to_tell_the_agent(judged: Facts) -> None:
    facts = judged("04-interruptions")
    [card] = scorecards(facts, Labels("ru"))
    assert [rule.rule_id for rule in card.rules["fail"]] == ["mts-18", "mts-09", "mts-16"]
    assert [len(card.rules[outcome]) for outcome in ("pass", "not_measurable", "not_applicable")] == [1, 1, 1]
    assert all(rule.coach and rule.clause and rule.title != rule.rule_id and rule.reason for rule in card.rules["fail"])
    assert (card.score_share, card.raw_score_share, card.judged) == (0.0, 0.25, 4)
    [proof] = card.rules["fail"][0].evidence
    same_party = [row["text"] for row in facts.all("stage_word")[5:7] if row["speaker_role"] == proof.role]
    assert proof.quote == " ".join(same_party)
    html = _html(facts)
    assert "0 %: a critical rule is broken (otherwise 25 %)" in html
    assert "interruptions by the agent: 1, more than 0" in html


def test_a_rule_that_its_manual_has_no_more_is_shown_by_its_id(judged: Facts) -> None:
    facts = judged("04-interruptions")
    rows = {**facts.rows, "rule_result": [{**facts.all("rule_result")[0], "rule_id": "mts-99", "manual": "gone"}]}
    [card] = scorecards(replace(facts, rows=rows), EN)
    assert card.title == "gone"
    assert [rule.title for rules in card.rules.values() for rule in rules] == ["mts-99"]


def test_a_rule_is_listed_once_and_with_the_event_that_breaks_it(judged: Facts) -> None:
    facts = judged("04-interruptions")
    html = _html(facts)
    listed = html[html.index('id="moments"') : html.index("</ol>")]
    assert listed.count("mts-09") == 1
    event = listed[listed.index('class="moment interruption') :]
    assert "mts-09" in event[: event.index("</button>")]


# ── the page ─────────────────────────────────────────────────────────────────


def test_a_store_without_conduct_tables_or_words_still_has_a_page(facts_of: Facts) -> None:
    html = _html(
        _without(facts_of("04-interruptions"), "rule_", "event_rule", "call_scorecard", "stage_word", "call_transcript")
    )
    assert EN.get("page.no_scorecard") in html
    assert "There is no transcript" in html


@pytest.mark.parametrize("number", range(1, 19))
def test_every_call_of_the_night_has_a_page_in_every_language(night_settings: Settings, facts_of: Facts, number: int) -> None:
    [call_id] = [
        row["call_id"]
        for row in Tables(night_settings.store).read("call_contact", DAY).to_pylist()
        if row["call_id"].startswith(f"{number:02}-")
    ]
    facts = facts_of(call_id)
    heard = find_sound(facts, night_settings)
    assert (heard.sound is not None) == bool(facts.one("stage_recording"))
    assert heard.sound is not None or heard.why_none
    for language in ("en", "ru", "zh"):
        html = call_page(facts, heard, PageSettings(language=language), Labels(language)).html
        assert f'<html lang="{language}">' in html
        assert "http://" not in html and "https://" not in html


def test_names_and_numbers_are_shown_only_when_asked_for(facts_of: Facts) -> None:
    facts = facts_of("04-interruptions")
    contact = facts.one("call_contact")
    for personal in (False, True):
        html = _html(facts, personal=personal)
        head = html[: html.index('id="player"')]
        assert (contact["agent_name"] in head) is personal
        assert (contact["customer_key"] in html) is personal
        assert contact["agent_id"] in head


def test_times_are_in_the_zone_of_the_centre(facts_of: Facts) -> None:
    facts = facts_of("04-interruptions")
    assert facts.one("call_contact")["started_at"].astimezone(facts.time_zone).strftime("%H:%M:%S") in _html(facts)
    assert "(Europe/Moscow)" in _html(facts)


def test_a_recording_that_is_gone_costs_the_sound_and_not_the_page(
    night_settings: Settings, facts_of: Facts, tmp_path: Path
) -> None:
    settings = night_settings.model_copy(update={"recordings": str(tmp_path)})
    heard = find_sound(facts_of("04-interruptions"), settings)
    html = call_page(facts_of("04-interruptions"), heard, PageSettings(), EN).html
    assert heard.sound is None
    assert "There is no sound to play: there is no recording at the path" in html
    assert "<audio" not in html


def test_json_for_a_script_ends_no_element() -> None:
    text = script_json({"text": "</script><!-- & \u2028"})
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == {"text": "</script><!-- & \u2028"}


def test_a_page_has_no_style_or_handler_in_its_elements(facts_of: Facts) -> None:
    html = _html(facts_of("04-interruptions"))
    body = html[html.index("<body>") : html.index('<script type="application/json"')]
    assert not re.search(r"\s(on\w+|style)=", body)


# ── reasons ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("it is not said", "не прозвучало"),
        ("call_overtalk.agent_interruptions is 2, more than 0", "перебивания оператором: 2, больше 0"),
        ("call_hold.longest_hold_ms is 75000, more than 60000", "самое долгое удержание: 1:15, больше 1:00"),
        ("part 1, 3 of 3 is not said", "не прозвучала часть 1, 3 из 3"),
        ("something that nobody translated", "something that nobody translated"),
        ("it is not sure enough (roles.minimum_confidence)", "it is not sure enough"),
        (None, ""),
    ],
)
def test_reasons_are_said_in_the_readers_language(reason: str | None, said: str) -> None:
    assert Reasons(Labels("ru")).say(reason) == said


def test_reasons_of_a_row_are_taken_apart() -> None:
    text = "rings, first_ring_ms: no ringing is heard; hung_up_by: nobody tells"
    assert unmeasured(text) == {
        "no ringing is heard": ["rings", "first_ring_ms"],
        "nobody tells": ["hung_up_by"],
    }
    assert unmeasured(None) == {}
