"""Announcements on hold: what is drawn, where it lies, and that calls without them are the same as ever."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.corpus import truth
from benchmarks.corpus.announcements import ANNOUNCEMENT, SUFFIX, WORDINGS, announced, can_be_announced, wordings
from benchmarks.corpus.planning import Plan, draw_calls
from benchmarks.corpus.rendering import render
from benchmarks.corpus.scene import arrange
from benchmarks.corpus.script import Script
from benchmarks.corpus.staging import Line
from benchmarks.corpus.telephone import PER_MS
from postcall.language.announcements import plays_recording
from postcall.spans import Span, clip, intersect

FakeLines = Callable[[Plan], dict[int, Line]]


@pytest.fixture(scope="module")
def plans(scripts: list[Script]) -> list[Plan]:
    drawn = [plan for plan in draw_calls(scripts, 300, 3) if can_be_announced(plan)]
    assert len(drawn) > 30
    return drawn


def test_the_draw_depends_on_the_call_alone(plans: list[Plan]) -> None:
    for plan in plans:
        one = announced(plan, "report")
        assert one == announced(plan, "report")
        assert one.call_id == plan.call_id + SUFFIX
        assert (one.seed, one.conditions, one.cast) == (plan.seed, plan.conditions, plan.cast)
        assert one.voices[ANNOUNCEMENT] not in plan.voices.values()


def test_a_call_without_such_a_hold_stays_as_it_is(scripts: list[Script]) -> None:
    plan = next(plan for plan in draw_calls(scripts, 300, 3) if not can_be_announced(plan))
    assert announced(plan) is plan


def test_announcements_lie_in_holds_and_are_nobodys_talk(plans: list[Plan], fake_lines: FakeLines) -> None:
    kinds = set()
    for plan in plans:
        one = announced(plan)
        scene = arrange(one, fake_lines(one))
        fields = truth.truth(scene, one, "call.wav", [["customer"], ["agent"]], {})
        holds = [Span(hold["start_ms"], hold["end_ms"]) for hold in fields["holds"]]
        assert fields["announcements"]
        for said in fields["announcements"]:
            span = Span(said["start_ms"], said["end_ms"])
            assert sum(clip((span,), hold) == (span,) for hold in holds) == 1
            assert not intersect((span,), scene.speech())
            kinds.add(said["over_music"])
        assert {word["by"] for word in fields["words"]} >= {ANNOUNCEMENT}
        assert f" {ANNOUNCEMENT} " in truth.rttm(scene, one.call_id)
        had = sum(held.item.kind in ("hold", "transfer") for held in plan.played)
        assert had <= len(holds) <= 2 * had
        assert fields["last_speaker"] != ANNOUNCEMENT
    assert kinds == {True, False}


def test_the_music_stops_or_goes_on_below(plans: list[Plan], fake_lines: FakeLines) -> None:
    seen = set()
    for plan in plans[:20]:
        one = announced(plan)
        clear = replace(one.conditions, agent=replace(one.conditions.agent, codecs=("alaw",)), has_record_tone=False)
        one = replace(one, conditions=clear)
        lines = fake_lines(one)
        quiet = {index: Line(np.zeros_like(line.sound), line.spans, line.words) for index, line in lines.items()}
        scene = arrange(one, quiet)
        if scene.parked[0].sound != "music":
            continue
        channels, _ = render(scene, one)
        for held in scene.parked:
            for spans, is_loud in ((held.breaks, False), (held.beds, True)):
                for span in spans:
                    sound = channels["agent"][(span.start_ms + 40) * PER_MS : (span.end_ms - 40) * PER_MS] / 32768
                    assert (20 * np.log10(np.sqrt(np.mean(sound**2))) > -55) == is_loud
                    seen.add(is_loud)
    assert seen


@pytest.mark.parametrize("language", ["ru", "en", "zh"])
def test_lists_share_no_wording_and_are_not_all_known(language: str) -> None:
    of = wordings()[language]
    for kind in of:
        assert not set(of[kind]["tuning"]) & set(of[kind]["report"])
    for name in WORDINGS:
        texts = [list(text) if language == "zh" else text.split() for text in of[ANNOUNCEMENT][name]]
        known = sum(plays_recording(words, language) for words in texts)
        assert known < len(texts)
    assert not any(plays_recording(text.split(), language) for name in WORDINGS for text in of["check_in"][name])
