"""What the tests of the pages share: the demo night's calls, and a real browser."""

from __future__ import annotations

import functools
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from flows.demonstration import DAY, transcribed_settings
from flows.night import NightReport
from flows.pages.call_facts import CallFacts, read_call
from flows.pages.call_page import call_page, find_sound, write_call_page
from flows.pages.labels import Labels
from flows.pages.settings import PageSettings
from flows.settings import Settings
from storage.tables import Tables

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def night_settings(demo_night: tuple[Path, NightReport]) -> Settings:
    """Settings of the demo night; its store is read-only."""
    return transcribed_settings(demo_night[0])


@pytest.fixture(scope="session")
def facts_of(night_settings: Settings) -> Callable[[str], CallFacts]:
    """Facts of a call of the demo night by its id."""
    tables = Tables(night_settings.store)
    return functools.cache(lambda call_id: read_call(tables, call_id, DAY))


@pytest.fixture(scope="session")
def parties_untold(facts_of: Callable[[str], CallFacts]) -> Callable[[str], CallFacts]:
    """A call of the demo night whose parties are not told apart."""
    return lambda call_id: untold(facts_of(call_id))


@pytest.fixture(scope="session")
def judged(facts_of: Callable[[str], CallFacts]) -> Callable[[str], CallFacts]:
    """A call of the demo night with rules that the test knows, whatever the manuals in force say of it."""
    return lambda call_id: with_rules(facts_of(call_id))


def with_rules(facts: CallFacts) -> CallFacts:
    """One rule broken by an event, one by words, one by what is not said; one kept, one that does not apply, one unknown."""
    words = facts.all("stage_word")
    event = next(iter(facts.all("event_overtalk")), words[0])
    by = {
        "mts-09": (event["start_ms"], None, None),
        "mts-18": (words[5]["start_ms"], 5, 6),
        "mts-04": (words[0]["start_ms"], 0, 1),
    }
    outcomes = (
        ("mts-09", "fail", "call_overtalk.agent_interruptions is 1, more than 0", False),
        ("mts-18", "fail", "part 1 of 3 is not said", True),
        ("mts-16", "fail", "it is not said", False),
        ("mts-04", "pass", None, False),
        ("mts-02", "not_applicable", "there is no hold", False),
        ("mts-05", "not_measurable", "no ringing is heard", False),
    )
    results = []
    for rule_id, outcome, reason, is_critical in outcomes:
        start_ms, first, last = by.get(rule_id, (None, None, None))
        results.append(
            {
                "manual": "mts",
                "rule_id": rule_id,
                "clause_id": rule_id,
                "outcome": outcome,
                "reason": reason,
                "confidence": "probably_said" if first is not None else None,
                "is_critical": is_critical,
                "weight": 2.0,
                "start_ms": start_ms,
                "first_word": first,
                "last_word": last,
            }
        )
    evidence = [
        {
            "rule_id": rule_id,
            "start_ms": start_ms,
            "end_ms": start_ms + 400,
            "evidence_role": words[first]["speaker_role"] if first is not None else "agent",
            "first_word": first,
            "last_word": last,
        }
        for rule_id, (start_ms, first, last) in by.items()
    ]
    card = {"manual": "mts", "score_share": 0.0, "raw_score_share": 0.25, "rules_passed": 1, "rules_failed": 3}
    rows = {**facts.rows, "rule_result": results, "event_rule_evidence": evidence, "call_scorecard": [card]}
    return replace(facts, rows=rows)


def untold(facts: CallFacts) -> CallFacts:
    """The call as the tables have it when agent and customer cannot be told apart."""
    why = (
        "both channels of the recording carry the same sound, and it is not sure enough who is the agent "
        "(roles.minimum_confidence)"
    )
    gone = ("call_overtalk", "call_response_latency", "call_speaking_rate", "event_overtalk", "event_turn_voice", "call_shape")
    rows = {name: [dict(row) for row in found] for name, found in facts.rows.items() if name not in gone}
    rows["call_contact"][0]["has_parties"] = False
    columns = ("agent_talk_ms", "customer_talk_ms", "overtalk_ms", "agent_talk_share", "customer_talk_share")
    rows["call_talk_time"][0].update(dict.fromkeys(columns), not_measurable=f"{', '.join(columns)}: {why}")
    for row in (*rows["stage_speech"], *rows["stage_word"]):
        row["speaker_role"] = None
    skipped = ("overtalk", "response_latency", "speaking_rate")
    rows["run_skip"] = [{"analyzer": analyzer, "part": "parties", "reason": why} for analyzer in skipped]
    return replace(facts, rows=rows)


@pytest.fixture
def write_page(tmp_path: Path, night_settings: Settings) -> Callable[..., Path]:
    """Write the page of a call: ``write_page(facts, language="ru", embed_audio=True)``."""

    def write(facts: CallFacts, *, language: str = "en", **given: object) -> Path:
        pages = PageSettings.model_validate({"language": language, **given})
        settings = night_settings.model_copy(update={"pages": pages})
        page = call_page(facts, find_sound(facts, settings), pages, Labels(language))
        path = tmp_path / language / f"{page.name}.html"
        write_call_page(page, path)
        return path

    return write


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium of the machine."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        pytest.skip(f"no Chromium on this machine ({', '.join(CHROMIUM)}): install Debian's package chromium")
    with sync_playwright() as playwright:
        # Tests run as root in containers, where Chromium's sandbox cannot start.
        arguments = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        opened = playwright.chromium.launch(executable_path=found, args=arguments)
        yield opened
        opened.close()


@dataclass
class Watched:
    """A browser page, and what it complained of and asked for."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def until(self, expression: str, *, timeout_s: float = 10.0) -> None:
        """Wait until something is so; the page's own policy forbids Playwright's way of waiting for it."""
        ends = time.monotonic() + timeout_s
        while not self.page.evaluate(expression):
            assert time.monotonic() < ends, f"it never came about that {expression}"
            self.page.wait_for_timeout(20)

    def click_time(self, selector: str) -> float:
        """Click, wait until the sound plays, and tell from where it played, in s."""
        self.page.evaluate("document.getElementById('audio').pause()")
        self.page.evaluate(
            "window.playedFrom = null; document.getElementById('audio').addEventListener("
            "'play', (event) => { window.playedFrom = event.target.currentTime; }, { once: true })"
        )
        self.page.click(selector)
        self.until("window.playedFrom !== null")
        before = self.page.evaluate("document.getElementById('audio').currentTime")
        self.until(f"document.getElementById('audio').currentTime > {before}")
        return float(self.page.evaluate("window.playedFrom"))


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Watched]]:
    """Open an address in a fresh page of a size, watching its console and requests."""
    pages: list[Page] = []

    def open_(address: str, *, width: int = 1280, height: int = 900, **context: object) -> Watched:
        page = browser.new_context(viewport={"width": width, "height": height}, **context).new_page()  # type: ignore[arg-type]
        pages.append(page)
        watched = Watched(page)
        page.on("console", lambda said: watched.complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: watched.complaints.append(str(error)))
        page.on("request", lambda request: watched.asked.append(request.url))
        page.goto(address)
        page.wait_for_load_state()
        return watched

    yield open_
    for page in pages:
        page.context.close()
