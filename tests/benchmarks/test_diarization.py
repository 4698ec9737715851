import pytest

from benchmarks.diarization import PARTIES, errors, plans
from postcall.spans import Span

TRUTH = {"agent": (Span(0, 6000),), "customer": (Span(5000, 10_000),)}


def test_the_error_rate_counts_overlaps_and_has_no_collar() -> None:
    right = errors(TRUTH, {"b": TRUTH["agent"], "a": TRUTH["customer"]}, 12_000)
    assert right == {"total": 11, "missed detection": 0, "false alarm": 0, "confusion": 0}
    # A second of the customer's is given to the agent, the overlap is missed, and a second of noise is taken for speech.
    wrong = errors(TRUTH, {"a": (Span(0, 7000),), "b": (Span(7000, 11_000),)}, 12_000)
    assert wrong["missed detection"] == pytest.approx(1)
    assert wrong["false alarm"] == pytest.approx(1)
    assert wrong["confusion"] == pytest.approx(1)
    assert errors(TRUTH, {}, 12_000)["missed detection"] == pytest.approx(11)


def test_calls_have_two_voices_on_one_channel_and_a_seed_draws_the_same() -> None:
    chosen = plans(3, 7)
    assert [plan.is_held_out for plan in chosen].count(True) == 3
    for plan in chosen:
        assert set(plan.voices) == PARTIES
        assert plan.conditions.layout in ("mono", "dual_mono")
    assert [plan.call_id for plan in chosen] == [plan.call_id for plan in plans(3, 7)]
    assert [plan.call_id for plan in chosen] != [plan.call_id for plan in plans(3, 8)]
