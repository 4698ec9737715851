import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.dead_air import CallDeadAir, DeadAirPolicy, EventDeadAir, dead_air
from postcall.call import Call
from postcall.telephony import Role
from postcall.testing.drawing import make_call

DRAWING = """
seconds   0         10        20        30        40        50        60        70
agent     ####                          ##          ###
customer      #####                                              ####         #
hold               ------
"""


def test_dead_air_lies_outside_hold_and_has_an_owner() -> None:
    call_row, *events = dead_air(make_call(DRAWING), DeadAirPolicy())
    assert call_row == CallDeadAir(
        call_id="drawn",
        dead_airs=3,
        dead_air_ms=15_000 + 10_000 + 10_000,
        longest_dead_air_ms=15_000,
        agent_dead_airs=2,
        agent_dead_air_ms=25_000,
        customer_dead_airs=1,
        customer_dead_air_ms=10_000,
        exempt_dead_airs=0,
        exempt_dead_air_ms=0,
        is_hold_known=True,
        not_measurable=None,
    )
    assert events == [
        _event(15_000, 30_000, "agent", "unanswered_customer", "customer", "agent", "hold_return"),
        _event(32_000, 42_000, "agent", "agent_resumed", "agent", "agent"),
        _event(45_000, 55_000, "customer", "customer_replied", "agent", "customer"),
    ]


def test_a_millisecond_short_of_the_policy_is_no_dead_air() -> None:
    call = make_call("seconds   0         10        20\nagent     ##          ##")
    assert len(list(dead_air(call, DeadAirPolicy(min_s=10.0)))) == 2
    assert len(list(dead_air(call, DeadAirPolicy(min_s=10.001)))) == 1


def test_an_unknown_hold_counts_as_dead_air() -> None:
    call_row, first, *_ = dead_air(make_call(DRAWING, is_hold_known=False), DeadAirPolicy())
    assert isinstance(call_row, CallDeadAir)
    assert isinstance(first, EventDeadAir)
    assert not call_row.is_hold_known
    assert (first.start_ms, first.end_ms) == (9_000, 30_000)


def test_in_a_mono_recording_nobody_owns_it() -> None:
    call_row, event = dead_air(make_call("seconds   0         10        20\nanyone    ##          ##"), DeadAirPolicy())
    assert isinstance(call_row, CallDeadAir)
    assert isinstance(event, EventDeadAir)
    assert (call_row.dead_airs, call_row.dead_air_ms) == (1, 10_000)
    assert call_row.agent_dead_airs is call_row.customer_dead_air_ms is None
    assert event.owner is None
    assert call_row.not_measurable == (
        "agent_dead_airs, agent_dead_air_ms, customer_dead_airs, customer_dead_air_ms: "
        "one channel, and nobody told the parties apart"
    )


def test_where_nobody_speaks_it_is_not_zero_but_unknown() -> None:
    (row,) = dead_air(make_call("seconds   0         60"), DeadAirPolicy())
    assert isinstance(row, CallDeadAir)
    assert row.dead_airs is row.dead_air_ms is row.agent_dead_airs is None
    assert row.not_measurable is not None


@given(*[st.text(alphabet="#     ", max_size=120)] * 3)
def test_with_two_voices_every_dead_air_has_an_owner(agent: str, customer: str, hold: str) -> None:
    call = make_call(f"seconds   0         10\nagent     {agent}\ncustomer  {customer}\nhold      {hold}")
    row, *events = dead_air(call, DeadAirPolicy(min_s=3))
    assert isinstance(row, CallDeadAir)
    if row.dead_airs is not None:
        assert row.dead_airs == (row.agent_dead_airs or 0) + (row.customer_dead_airs or 0) == len(events)
        assert row.dead_air_ms == (row.agent_dead_air_ms or 0) + (row.customer_dead_air_ms or 0)


def _event(
    start_ms: int, end_ms: int, owner: str, basis: str, before: str, after: str, preceded_by: str | None = None
) -> EventDeadAir:
    return EventDeadAir(
        call_id="drawn",
        start_ms=start_ms,
        end_ms=end_ms,
        duration_ms=end_ms - start_ms,
        owner=owner,
        owner_basis=basis,
        role_before=before,
        role_after=after,
        preceded_by=preceded_by,
        not_measurable=None if preceded_by else "preceded_by: no transcript",
        is_exempt=False,
    )


# ── what is exempt ───────────────────────────────────────────────────────────

DICTATED = {
    "ru": "Запишите номер заявки: восемь шесть шесть девять.",
    "en": "Your number is three six zero one.",
    "zh": "您 的 号 码 是 零 零 幺 九 四。",
}
SEARCHED = {"ru": "Одну минуту, я посмотрю.", "en": "Let me check.", "zh": "我 查 一 下。"}


def silent_after(by: Role, text: str, language: str, silent_s: int = 12) -> Call:
    row = "####" + " " * silent_s + "####"
    other = "customer" if by is Role.AGENT else "agent"
    return make_call(f"seconds   0         10\n{by.value:10}{row}\n{other}", said={by: [(0, 4, text)]}, language=language)


def counts(call: Call, policy: DeadAirPolicy) -> tuple[int | None, int | None, int | None, list[bool]]:
    row, *events = dead_air(call, policy)
    assert isinstance(row, CallDeadAir)
    return (
        row.dead_airs,
        row.exempt_dead_airs,
        row.exempt_dead_air_ms,
        [event.is_exempt for event in events if isinstance(event, EventDeadAir)],
    )


@pytest.mark.parametrize("language", ["ru", "en", "zh"])
def test_while_the_customer_writes_it_is_no_dead_air(language: str) -> None:
    call = silent_after(Role.AGENT, DICTATED[language], language)
    assert counts(call, DeadAirPolicy()) == (0, 1, 12_000, [True])
    assert counts(call, DeadAirPolicy(exempt=())) == (1, 0, 0, [False])
    assert counts(call, DeadAirPolicy(exempt_max_s=11)) == (1, 0, 0, [False])


@pytest.mark.parametrize("language", ["ru", "en", "zh"])
def test_a_search_after_the_customer_dictated_is_dead_air_unless_the_policy_lets_it_go(language: str) -> None:
    call = silent_after(Role.CUSTOMER, DICTATED[language], language)
    assert counts(call, DeadAirPolicy()) == (1, 0, 0, [False])
    assert counts(call, DeadAirPolicy(exempt=("customer_dictation",))) == (0, 1, 12_000, [True])


@pytest.mark.parametrize("language", ["ru", "en", "zh"])
def test_an_announced_search_is_dead_air_all_the_same(language: str) -> None:
    call = silent_after(Role.AGENT, SEARCHED[language], language)
    assert counts(call, DeadAirPolicy()) == (1, 0, 0, [False])
    assert counts(call, DeadAirPolicy(exempt=("announced_wait",))) == (0, 1, 12_000, [True])


def test_without_words_nothing_is_exempt() -> None:
    call = make_call("seconds   0         10        20\nagent     ####            ####")
    assert counts(call, DeadAirPolicy(exempt=("agent_dictation", "other"))) == (1, 0, 0, [False])
