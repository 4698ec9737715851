"""How events are matched and summed up."""

from __future__ import annotations

import tomllib
from typing import get_args

import pytest

from benchmarks.accuracy import PRECEDED, _found, _of_announcements, of_rare, preceding_kinds, rare_plans
from benchmarks.accuracy_lines import Found, Result, beside, lines, table
from benchmarks.corpus.announcements import SUFFIX
from benchmarks.corpus.script import paths
from benchmarks.true_calls import words_of
from postcall.fields import PrecededBy
from postcall.spans import Span
from postcall.testing.drawing import make_call
from postcall.timeline import MIXED


def result(call_id: str, *, conditions: frozenset[str] = frozenset(), **events: Found) -> Result:
    return Result(call_id, conditions, events, {"hold": (10_000, 9_000)}, {"told": (1, 2)}, 60_000, 1.0)


def test_each_event_has_one_partner_the_best() -> None:
    true = [Span(0, 1000), Span(2000, 3000), Span(9000, 9500)]
    found = [Span(0, 400), Span(100, 1100), Span(2000, 2900), Span(2950, 3100)]
    assert _found(true, found) == Found(true=3, found=4, both=2, edges_ms=(0, 100, 100, 100))


def test_what_shares_too_little_is_no_partner() -> None:
    assert _found([Span(0, 1000)], [Span(900, 4000)]).both == 0
    assert _found([], [Span(0, 1)]) == Found(0, 1, 0, ())


def test_long_names_of_conditions_take_several_lines() -> None:
    shown = list(
        beside(
            {"ring count exact": {"ru": "98.7%", "noise (under 20 dB)": "98.2%"}, "mute": {"ru": "1.000"}},
            ["ru", "noise (under 20 dB)"],
        )
    )
    assert shown == [
        "                                   noise",
        "                               (under 20",
        "                          ru         dB)",
        "ring count exact       98.7%       98.2%",
        "mute                   1.000",
    ]


def test_lines_are_of_a_conditions_calls() -> None:
    results = [
        result("a", conditions=frozenset({"ru"}), ring=Found(2, 2, 2, (10, 30))),
        result("b", conditions=frozenset({"en"}), ring=Found(2, 1, 1, (20, 20))),
    ]
    ring, hold, told = lines(results, "all")
    assert (ring.calls, ring.events, ring.precision, ring.recall, ring.f1) == (2, 4, 1.0, 0.75, pytest.approx(6 / 7))
    assert (ring.edge_median_ms, hold.mean_absolute_error_ms, hold.bias_ms, told.right_share) == (20, 1000, -1000, 0.5)
    [ring, *_] = lines(results, "ru")
    assert (ring.calls, ring.f1) == (1, 1.0)
    heads, *rows = table([ring, hold])
    assert len({len(row) for row in [heads, *rows]}) == 1


def test_the_peers_figures_are_of_the_calls_it_measured() -> None:
    with_peer = result("a", ring=Found(2, 2, 2, ()))
    with_peer.peer_events["ring"] = Found(2, 4, 1, ())
    with_peer.peer_amounts["hold"] = (10_000, 4_000)
    ring, hold, _ = lines([with_peer, result("b", ring=Found(2, 1, 1, ()))], "all")
    assert ring.peer_f1 == pytest.approx(2 / 6)
    assert (hold.peer_mean_absolute_error_ms, hold.mean_absolute_error_ms) == (6_000, 1_000)


def test_what_people_say_a_silence_is_preceded_by() -> None:
    dictated = {"owner": "customer", "after_text": "the number, it is three six"}
    assert preceding_kinds("en/technician_visit", dictated) == ("agent_dictation",)
    assert preceding_kinds("en/technician_visit", {"owner": "agent", "after_text": "Let me look."}) == ("announced_wait",)
    in_characters = {"owner": "customer", "after_text": "让 您 久 等 了。"}
    assert preceding_kinds("zh/hold_search", in_characters) == ("hold_return",)
    assert preceding_kinds("zh/hold_search", {"owner": "customer", "after_text": "我 登 记 了。"}) == ("other",)
    assert preceding_kinds("ru/no_such_script", dictated) == ()


def test_every_label_is_of_a_script_and_of_a_kind() -> None:
    scripts = {f"{path.parent.name}/{path.stem}" for path in paths()}
    for one in tomllib.loads(PRECEDED.read_text(encoding="utf-8"))["silence"]:
        assert one["script"] in scripts
        assert set(one["is"]) <= set(get_args(PrecededBy))


def test_words_on_one_channel_are_nobodys() -> None:
    word = {"by": "ivr", "start_ms": 10, "end_ms": 10, "text": "a"}
    truth = {"channels": [["customer"], ["agent"]], "language": "en", "words": [word]}
    assert [w.speaker for w in words_of(truth).words] == ["channel_1"]
    for channels in ([["agent", "customer"]], [["agent", "customer"], ["agent", "customer"]]):
        assert [w.speaker for w in words_of(truth | {"channels": channels}).words] == [MIXED]


ON_HOLD = """
seconds      0         10        20        30        40
agent        ####   ##      ####      ####      ####
customer         ##                                 ##
music                  #####    ######    #####
agent_level  3333   33      8888      3342      3333
agent_pitch  3333   33      9898      3342      3333
"""


def test_what_becomes_of_announcements() -> None:
    """The first stretch between music is one, the second is the agent, who looks in."""
    truth = {
        "announcements": [{"start_ms": 15_000, "end_ms": 19_000, "over_music": False}],
        "holds": [{"start_ms": 10_000, "end_ms": 25_000}, {"start_ms": 29_000, "end_ms": 34_000}],
        "speech": {"agent": [[0, 4_000], [25_000, 29_000]]},
    }
    call = make_call(ON_HOLD, is_hold_known=False)
    assert _of_announcements(call, truth, "") == {
        "no announcement invented": (1, 1),
        "announcement told": (1, 1),
        "announcement in a hold": (4_000, 4_000),
        "announcement as agent's talk": (0, 4_000),
        "agent looks in, talk kept": (4_000, 4_000),
    }
    assert _of_announcements(call, truth | {"announcements": []}, "") == {"no announcement invented": (0, 1)}


def test_calls_drawn_for_announcements_say_nothing_else() -> None:
    every = {"hold": Found(1, 1, 1, ()), "hold with words": Found(1, 1, 1, ()), "ring": Found(1, 1, 1, ())}
    shares = {"announcement told": (1, 2), "no announcement invented": (1, 1), "who hung up, told": (1, 1)}
    one = Result(f"a{SUFFIX}", frozenset(), every, {"hold": (1, 2)}, shares, 60_000, 1.0)
    said = of_rare(one)
    assert set(said.events) == {"hold, announcements in it", "hold with words, announcements in it"}
    assert (said.shares, said.amounts) == ({"announcement told": (1, 2)}, {})


def test_announcements_are_drawn_on_top() -> None:
    """The calls that were drawn for other rare events are the same as without."""
    drawn = rare_plans(10, 2, 3)
    assert sum(plan.call_id.endswith(SUFFIX) for plan in drawn) == 2
    assert all(plan.call_id.endswith(SUFFIX) for plan in drawn[-2:])
