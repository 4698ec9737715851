"""Reasons are written and read again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postcall.not_measurable import Reasons, does_not_apply, reasons_by_column

COLUMNS = ("talk_ms", "agent_talk_ms", "agent_talk", "holds")


@given(
    st.dictionaries(
        st.sampled_from(COLUMNS), st.sampled_from(["no recording", "first; then: second", "nobody: at all", "a, b"])
    )
)
def test_what_is_written_is_read(why: dict[str, str]) -> None:
    reasons = Reasons()
    for column, reason in why.items():
        reasons.note(column, reason)
    assert reasons_by_column(reasons.text() or "", COLUMNS) == why


def test_columns_noted_together_each_have_the_reason() -> None:
    assert reasons_by_column("holds, talk_ms: nobody listened", COLUMNS) == dict.fromkeys(
        ("holds", "talk_ms"), "nobody listened"
    )


def test_the_first_reason_of_a_column_stands() -> None:
    assert reasons_by_column("holds: one; holds: two", COLUMNS) == {"holds": "one"}


def test_nothing_to_read() -> None:
    assert reasons_by_column("", COLUMNS) == {}
    assert reasons_by_column("holds: one", ()) == {}
    assert reasons_by_column("a text of another kind", COLUMNS) == {}


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("the call was not answered", True),
        ("the call was not answered, so there is no recording", True),
        ("the call was answered", True),
        ("an outbound call waits for no agent", True),
        ("the call record has no time of answer", False),
        ("nobody speaks", False),
    ],
)
def test_what_does_not_apply(reason: str, expected: bool) -> None:
    assert does_not_apply(reason) is expected
