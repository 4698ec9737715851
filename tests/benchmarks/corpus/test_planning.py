from __future__ import annotations

import dataclasses
from datetime import timedelta

from benchmarks.corpus import conditions
from benchmarks.corpus.planning import HELD_OUT_SHARE, Plan, catalogue, draw_calls
from benchmarks.corpus.script import Script, fits


def words(plan: Plan) -> tuple[str, ...]:
    return tuple(one.spoken for one in plan.played if one.voice)


def test_the_same_seed_draws_the_same_calls(scripts: list[Script]) -> None:
    assert draw_calls(scripts, 40, 1) == draw_calls(scripts, 40, 1)
    assert draw_calls(scripts, 40, 1)[:20] == draw_calls(scripts, 20, 1)[:20]
    assert [words(plan) for plan in draw_calls(scripts, 40, 2)] != [words(plan) for plan in draw_calls(scripts, 40, 1)]


def test_three_hundred_calls_are_all_different_and_every_condition_occurs(scripts: list[Script]) -> None:
    plans = draw_calls(scripts, 300, 1)
    assert len(plans) in (300, 301)  # a promise in the last call brings the call that keeps it
    assert len({plan.call_id for plan in plans}) == len(plans)
    assert len({(words(plan), tuple(plan.voices.values())) for plan in plans}) == len(plans)
    drawn = [plan.conditions for plan in plans]
    assert {one.layout for one in drawn} == set(conditions.LAYOUTS)
    assert {one.path(party).noise for one in drawn for party in conditions.PARTIES} == set(conditions.NOISES)
    assert {name for one in drawn for path in (one.agent, one.customer) for name in path.codecs} >= {
        *("alaw", "mulaw", "gsm", "opus", "opus_low", "amr", "amr_low", "g726")
    }
    assert {one.record_from for one in drawn} == {"start", "ring", "answer"}
    assert {one.country for one in drawn} >= {"ru", "ru_short", "de", "uk", "us", "cn", "fr", "jp"}
    assert any(one.bleed for one in drawn)
    assert any(one.agent.overdrive_db or one.customer.overdrive_db for one in drawn)
    assert any(one.has_record_tone for one in drawn)


def test_held_out_voices_and_agents_are_in_no_other_call(scripts: list[Script]) -> None:
    plans = draw_calls(scripts, 300, 1)
    names = {held_out: set() for held_out in (True, False)}  # type: dict[bool, set[object]]
    for plan in plans:
        agents = {(plan.script.language, person.number) for who, person in plan.cast.items() if who.startswith("agent")}
        voices = {(voice.engine, voice.name) for voice in plan.voices.values()}
        names[plan.is_held_out] |= agents | voices
    assert not names[True] & names[False]
    assert abs(sum(plan.is_held_out for plan in plans) / len(plans) - HELD_OUT_SHARE) < 0.08


def test_held_out_voices_are_other_voices() -> None:
    own = {
        held_out: {(e.voice.engine, e.voice.name) for e in catalogue() if e.is_held_out == held_out}
        for held_out in (True, False)
    }
    assert not own[True] & own[False]


def test_nobody_shares_a_voice_and_gender_is_kept(scripts: list[Script]) -> None:
    gender = {(entry.voice.engine, entry.voice.name, entry.voice.scale): entry.gender for entry in catalogue()}
    for plan in draw_calls(scripts, 60, 3):
        said = {who: dataclasses.replace(voice, rate_wpm=0, pitch_range=0) for who, voice in plan.voices.items()}
        assert len(set(said.values())) == len(said)
        for who, person in plan.cast.items():
            voice = plan.voices[who]
            assert gender[voice.engine, voice.name, voice.scale] == person.gender


def test_a_follow_up_is_a_later_call_of_the_same_people(scripts: list[Script]) -> None:
    plans = draw_calls(scripts, 100, 1)
    followers = [plan for plan in plans if plan.follows]
    assert followers
    for plan in followers:
        first = next(other for other in plans if other.call_id == plan.follows)
        follow_up = first.script.follow_up
        assert follow_up is not None
        assert fits(follow_up.when, first.chosen)
        assert plan.customer_key == first.customer_key
        assert plan.cast == first.cast
        assert timedelta(minutes=follow_up.after_min[0]) <= plan.started_at - first.started_at
