"""Call pages in a real browser: nothing is fetched or complained of, clicks play from the right second, the layout holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flows.pages.call_facts import CallFacts

Facts = Callable[[str], CallFacts]
Write = Callable[..., Path]
Open = Callable[..., Any]

TOLERANCE_S = 0.05

HOSTILE = (
    "<script>window.hacked=1</script>",
    "</script><script>window.hacked=1</script>",
    "<img src=x onerror='window.hacked=1'>",
    '"><svg onload=window.hacked=1>',
    "' onmouseover='window.hacked=1",
    "{{ 7 * 7 }}<!--",
    "javascript:window.hacked=1",
    "\u2028\u2029\u202e</style>",
)


@pytest.mark.parametrize("language", ["en", "ru", "zh"])
@pytest.mark.parametrize("embed_audio", [True, False])
def test_a_page_needs_no_network_and_has_nothing_to_complain_of(
    facts_of: Facts, write_page: Write, open_page: Open, language: str, embed_audio: bool
) -> None:
    path = write_page(facts_of("04-interruptions"), language=language, embed_audio=embed_audio)
    seen = open_page(path.as_uri())
    seen.until("document.getElementById('audio').readyState >= 1")
    assert seen.complaints == []
    beside = path.with_suffix(".flac")
    outside = {address for address in seen.asked if not address.startswith(("blob:", "data:"))}
    assert outside == ({path.as_uri()} if embed_audio else {path.as_uri(), beside.as_uri()})
    assert beside.exists() is not embed_audio


@pytest.mark.parametrize("call_id", ["04-interruptions", "05-long-silence", "07-promise", "13-mono"])
@pytest.mark.parametrize("audio_format", ["flac", "opus", "wav"])
def test_the_sound_is_as_long_as_the_recording_whatever_its_codec(
    facts_of: Facts, write_page: Write, open_page: Open, call_id: str, audio_format: str
) -> None:
    facts = facts_of(call_id)
    seen = open_page(write_page(facts, audio_format=audio_format).as_uri())
    seen.until("document.getElementById('audio').readyState >= 1")
    length = seen.page.evaluate("document.getElementById('audio').duration")
    assert length == pytest.approx(facts.one("stage_recording")["duration_ms"] / 1000, abs=TOLERANCE_S)


def test_a_word_plays_from_where_it_is_said(facts_of: Facts, write_page: Write, open_page: Open) -> None:
    facts = facts_of("04-interruptions")
    seen = open_page(write_page(facts).as_uri())
    for position in (3, 20, 41):
        [word] = [row for row in facts.all("stage_word") if row["position"] == position]
        assert seen.click_time(f".w[data-w='{position}']") == pytest.approx(word["start_ms"] / 1000, abs=TOLERANCE_S)


def test_an_interruption_plays_from_a_second_before_it_in_list_and_timeline(
    facts_of: Facts, write_page: Write, open_page: Open
) -> None:
    facts = facts_of("04-interruptions")
    first = next(row for row in facts.all("event_overtalk") if row["kind"] == "interruption")
    seen = open_page(write_page(facts, embed_audio=True).as_uri())
    expected = pytest.approx(first["start_ms"] / 1000 - 1, abs=TOLERANCE_S)
    assert seen.click_time(".moment.interruption >> nth=0") == expected
    assert seen.click_time(".item.interruption >> nth=0") == expected


def test_a_broken_rule_plays_its_evidence_and_shows_its_words(judged: Facts, write_page: Write, open_page: Open) -> None:
    facts = judged("04-interruptions")
    seen = open_page(write_page(facts).as_uri())
    started = seen.click_time("[data-rule='mts-18'] .proof")
    expected_s = max(0, facts.all("stage_word")[5]["start_ms"] - 1000) / 1000
    assert started == pytest.approx(expected_s, abs=TOLERANCE_S)
    shown = seen.page.locator(".w.shown")
    assert [shown.nth(i).get_attribute("data-w") for i in range(shown.count())] == ["5", "6"]
    assert seen.click_time(".lane-rules .item.failed >> nth=0") == pytest.approx(expected_s, abs=TOLERANCE_S)


def test_the_word_under_the_playhead_is_lit(facts_of: Facts, write_page: Write, open_page: Open) -> None:
    facts = facts_of("04-interruptions")
    word = facts.all("stage_word")[10]
    middle = (word["start_ms"] + word["end_ms"]) / 2000
    seen = open_page(f"{write_page(facts).as_uri()}#t={middle}")
    assert seen.page.locator(".w.now").first.get_attribute("data-w") == "10"
    assert seen.page.locator(".line.now").count() >= 1


def test_the_keyboard_plays_seeks_and_goes_from_moment_to_moment(facts_of: Facts, write_page: Write, open_page: Open) -> None:
    seen = open_page(write_page(facts_of("05-long-silence")).as_uri())
    seen.until("document.getElementById('audio').readyState >= 1")
    now = "document.getElementById('audio').currentTime"
    seen.page.keyboard.press("ArrowRight")
    assert seen.page.evaluate(now) == pytest.approx(5, abs=TOLERANCE_S)
    seen.page.keyboard.press("ArrowLeft")
    assert seen.page.evaluate(now) == pytest.approx(0, abs=TOLERANCE_S)
    seen.page.keyboard.press("j")
    first = float(seen.page.locator(".moment").first.get_attribute("data-play")) / 1000
    seen.until(f"!document.getElementById('audio').paused && {now} >= {first}")
    seen.page.keyboard.press(" ")
    assert seen.page.evaluate("document.getElementById('audio').paused")


def test_silence_is_skipped_when_asked(facts_of: Facts, write_page: Write, open_page: Open) -> None:
    facts = facts_of("05-long-silence")
    dead = facts.all("event_dead_air")[0]
    seen = open_page(f"{write_page(facts).as_uri()}#t={dead['start_ms'] / 1000 + 1}")
    seen.page.check("#skip")
    seen.page.click("#play")
    seen.until(f"document.getElementById('audio').currentTime > {dead['end_ms'] / 1000 - 0.5}", timeout_s=4)


def test_zooming_keeps_the_place_and_the_click_on_it(facts_of: Facts, write_page: Write, open_page: Open) -> None:
    facts = facts_of("04-interruptions")
    seen = open_page(f"{write_page(facts).as_uri()}#t=20")
    for _ in range(3):
        seen.page.click("#zoom-in")
    box = seen.page.locator("#scroll").bounding_box()
    seen.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 8)
    middle = seen.page.evaluate(
        "(() => { const s = document.getElementById('scroll');"
        " return (s.scrollLeft + s.clientWidth / 2) / s.scrollWidth * document.getElementById('audio').duration; })()"
    )
    assert seen.page.evaluate("document.getElementById('audio').currentTime") == pytest.approx(middle, abs=0.1)
    assert 10 < middle < 30


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("width", [820, 1280, 1920])
@pytest.mark.parametrize(("kind", "call_id"), [("judged", "03-hold-sudden"), ("parties_untold", "10-dual-mono")])
def test_the_layout_holds(
    request: pytest.FixtureRequest, write_page: Write, open_page: Open, language: str, width: int, kind: str, call_id: str
) -> None:
    facts = request.getfixturevalue(kind)(call_id)
    seen = open_page(write_page(facts, language=language).as_uri(), width=width)
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
    # Nothing that people read is cut off or pushed out of its card.
    outside = seen.page.evaluate(
        """() => [...document.querySelectorAll('.card *:not(.timeline *, .tip, option)')].filter((one) => {
             const box = one.getBoundingClientRect(), card = one.closest('.card').getBoundingClientRect();
             const style = getComputedStyle(one);
             return box.width > 0 && style.position !== 'fixed'
               && (box.left < card.left - 1 || box.right > card.right + 1);
           }).map((one) => one.className || one.tagName)"""
    )
    assert outside == []
    rows = seen.page.evaluate(
        """() => { const gutter = [...document.getElementById('gutter').children];
             const track = [...document.getElementById('track').children].filter((one) => one.id !== 'playhead');
             const top = (one) => one.getBoundingClientRect().top;
             return gutter.map((one, i) => Math.abs(top(one) - top(track[i]))); }"""
    )
    assert rows and max(rows) <= 1


@pytest.mark.parametrize("width", [820, 1280])
def test_a_call_without_a_recording_shows_no_player(facts_of: Facts, write_page: Write, open_page: Open, width: int) -> None:
    seen = open_page(write_page(facts_of("17-abandoned")).as_uri(), width=width)
    assert seen.page.locator("#no-sound").is_visible()
    assert not seen.page.locator(".controls, .timeline").first.is_visible()
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
    assert seen.complaints == []


def test_nothing_that_somebody_said_or_is_called_runs(judged: Facts, write_page: Write, open_page: Open) -> None:
    facts = judged("02-hold-asked")
    rows = {name: [dict(row) for row in found] for name, found in facts.rows.items()}
    for number, row in enumerate(rows["stage_word"]):
        row["text"] = HOSTILE[number % len(HOSTILE)]
    for name, value in (("agent_id", HOSTILE[2]), ("queue", HOSTILE[1]), ("team", HOSTILE[3]), ("agent_name", HOSTILE[4])):
        rows["call_contact"][0][name] = value
    rows["call_transcript"][0]["engine"] = HOSTILE[0]
    for row in rows["rule_result"]:
        row["reason"] = HOSTILE[1]
    rows["run_skip"] = [{"analyzer": HOSTILE[2], "part": "words", "reason": HOSTILE[0]}]
    hostile = replace(facts, call_id=HOSTILE[3], rows=rows)
    path = write_page(hostile, personal=True, embed_audio=True)
    seen = open_page(path.as_uri())
    for word in seen.page.locator(".w").all()[:12]:
        word.hover()
    seen.page.locator(".item.hold").first.hover()
    assert seen.page.evaluate("window.hacked") is None
    assert seen.complaints == []
    # The policy stands in the page's head and lets only the page's own script run; what is said is there, as text.
    assert seen.page.locator("script").count() == 3
    assert HOSTILE[0] in seen.page.inner_text("#transcript")
    assert HOSTILE[3] in seen.page.inner_text("h1")
    assert seen.page.locator(".page img, .page svg, .page [onload], .page [onmouseover], .page [onerror]").count() == 0


def test_a_script_that_got_into_a_page_would_not_run(facts_of: Facts, write_page: Write, open_page: Open) -> None:
    path = write_page(facts_of("02-hold-asked"))
    injected = "<script>window.hacked=1</script><b onclick='window.hacked=1' id='trap'>x</b></body>"
    path.write_text(path.read_text(encoding="utf-8").replace("</body>", injected), encoding="utf-8")
    seen = open_page(path.as_uri())
    seen.page.evaluate("document.getElementById('trap').click()")
    assert seen.page.evaluate("window.hacked") is None
    assert any("Content Security Policy" in complaint for complaint in seen.complaints)


def test_a_sound_that_is_not_there_is_said(facts_of: Facts, write_page: Write, open_page: Open) -> None:
    path = write_page(facts_of("04-interruptions"))
    path.with_suffix(".flac").unlink()
    seen = open_page(path.as_uri())
    seen.page.wait_for_selector("#cannot-play", state="visible")
