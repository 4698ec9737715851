"""The estimated rate of speech on drawn nuclei."""

from __future__ import annotations

import pytest

from analyzers.acoustic_rate import AcousticRatePolicy, CallAcousticRate, acoustic_rate
from postcall.call import Call
from postcall.testing.drawing import make_call

_DRAWN = """
seconds          0    1    2    3    4
agent            ##########
agent_level      0000000000
agent_nuclei     # # # # #     #
customer                   ##########
customer_level             0000000000
customer_nuclei            #    #
"""


def row(call: Call, min_talk_s: float = 1) -> CallAcousticRate:
    (only,) = acoustic_rate(call, AcousticRatePolicy(min_talk_s=min_talk_s))
    return only


def test_nuclei_in_a_partys_own_talk_make_its_rate() -> None:
    found = row(make_call(_DRAWN, language="en"))
    assert (found.agent_nuclei, found.agent_heard_ms) == (5, 2_000)
    assert (found.customer_nuclei, found.customer_heard_ms) == (2, 2_000)
    # English: 1.09 syllables to a nucleus.
    assert found.agent_estimated_rate_per_s == pytest.approx(2.5 * 1.09)
    assert found.customer_estimated_rate_per_s == pytest.approx(1.09)
    assert found.agent_to_customer_estimated_ratio == pytest.approx(2.5)
    assert found.not_measurable is None


@pytest.mark.parametrize("language", ["zh", None])
def test_without_a_factor_of_the_language_there_is_a_ratio_and_no_rate(language: str | None) -> None:
    found = row(make_call(_DRAWN, language=language))
    assert found.agent_estimated_rate_per_s is None
    assert found.agent_to_customer_estimated_ratio == pytest.approx(2.5)
    assert found.not_measurable == (
        "agent_estimated_rate_per_s, customer_estimated_rate_per_s: nuclei are not calibrated for the language"
    )


def test_little_talk_has_no_rate() -> None:
    found = row(make_call(_DRAWN, language="ru"), min_talk_s=3)
    assert found.agent_estimated_rate_per_s is None
    assert found.agent_to_customer_estimated_ratio is None
    assert "the agent says too little" in (found.not_measurable or "")
    assert "one of the parties says too little" in (found.not_measurable or "")
