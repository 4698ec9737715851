import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.overtalk import CallOvertalk, EventOvertalk, OvertalkPolicy, overtalk
from postcall.call import Call
from postcall.errors import MissingInput
from postcall.telephony import Role
from postcall.testing.drawing import make_call

TENTHS = "seconds   0         1"
ROW = st.lists(st.sampled_from(["#" * 3, "#" * 15, " " * 2, " " * 8]), max_size=20).map("".join)


def events_of(call: Call, policy: OvertalkPolicy | None = None) -> list[EventOvertalk]:
    return [row for row in overtalk(call, policy or OvertalkPolicy()) if isinstance(row, EventOvertalk)]


def row_of(call: Call, policy: OvertalkPolicy | None = None) -> CallOvertalk:
    (row,) = (row for row in overtalk(call, policy or OvertalkPolicy()) if isinstance(row, CallOvertalk))
    return row


def drawn(customer: tuple[float, float], agent: tuple[float, float], **options: object) -> Call:
    rows = [
        f"{name:<10}{' ' * round(start * 10)}{'#' * round((end - start) * 10)}"
        for name, (start, end) in {"agent": agent, "customer": customer}.items()
    ]
    return make_call("\n".join([TENTHS, *rows]), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("customer", "agent", "kind", "by", "won"),
    [
        pytest.param((0, 4), (3, 5), "interruption", "agent", True, id="the customer stops and the agent goes on"),
        pytest.param((0, 6), (2, 4), "interruption", "agent", False, id="the customer goes on"),
        pytest.param((0, 6), (2, 7), "interruption", "agent", False, id="the customer stops too late"),
        pytest.param((3, 5), (0, 4), "interruption", "customer", True, id="by the customer"),
        pytest.param((0, 3), (2.5, 5), "early_start", "agent", None, id="within the grace"),
        pytest.param((0.3, 3.5), (0, 3), "simultaneous_start", None, None, id="both start"),
        pytest.param((0, 5), (2, 2.5), "backchannel", "agent", None, id="a short remark inside"),
        pytest.param((0, 3), (0.9, 3), "other", "agent", None, id="the first had barely begun"),
    ],
)
def test_kinds(customer: tuple[float, float], agent: tuple[float, float], kind: str, by: str | None, won: bool | None) -> None:
    (event,) = events_of(drawn(customer, agent))
    assert (event.kind, event.by_role, event.is_floor_won) == (kind, by, won)


def test_rows_of_an_interruption() -> None:
    call = drawn((0, 4), (3, 5))
    assert list(overtalk(call, OvertalkPolicy())) == [
        CallOvertalk(
            call_id="drawn",
            overtalk_ms=1_000,
            overtalk_share=0.2,
            agent_interruptions=1,
            agent_interruptions_won=1,
            agent_interruption_ms=1_000,
            agent_interruptions_per_min=15.0,
            agent_interrupting_share=1.0,
            agent_early_starts=0,
            agent_backchannels=0,
            agent_backchannels_per_min=0.0,
            customer_interruptions=0,
            customer_interruptions_won=0,
            customer_interruption_ms=0,
            customer_interruptions_per_min=0.0,
            customer_interrupting_share=0.0,
            customer_early_starts=0,
            simultaneous_starts=0,
            customer_backchannels=0,
            has_words=False,
            not_measurable=None,
        ),
        EventOvertalk(
            call_id="drawn",
            start_ms=3_000,
            end_ms=4_000,
            duration_ms=1_000,
            overtalk_ms=1_000,
            kind="interruption",
            by_role="agent",
            prior_speech_ms=3_000,
            is_floor_won=True,
        ),
    ]


def test_early_and_simultaneous_starts_are_counted_apart() -> None:
    row = row_of(
        make_call(
            """
seconds   0         1         2         3
customer  ##########                  ########## ########
agent             ##########          ##########
"""
        )
    )
    assert (row.agent_early_starts, row.customer_early_starts, row.simultaneous_starts) == (1, 0, 1)
    assert row.agent_interruptions == row.customer_interruptions == 0


def test_a_pause_inside_an_utterance_does_not_make_two_events() -> None:
    call = make_call(f"""
{TENTHS}
customer  ####################   ###########################
agent                    #########################
""")
    (event,) = events_of(call)
    assert (event.start_ms, event.end_ms, event.duration_ms, event.overtalk_ms) == (1_500, 4_000, 2_500, 2_200)


@pytest.mark.parametrize(
    ("pause", "kind"),
    [
        pytest.param("      ###", "simultaneous_start", id="the customer had paused, and goes on at once"),
        pytest.param("       ##", "interruption", id="the pause had only begun"),
        pytest.param("   ###", "interruption", id="the pause was over"),
        pytest.param("      ######", "other", id="the customer goes on a little later"),
    ],
)
def test_who_starts_in_a_pause_does_not_interrupt(pause: str, kind: str) -> None:
    call = make_call(
        f"""
seconds          0         1         2         3
customer         ##############################
customer_pauses  {" " * 10}{pause}
agent            {" " * 18}############
"""
    )
    (event,) = events_of(call)
    assert event.kind == kind
    assert event.by_role == (None if kind == "simultaneous_start" else "agent")


def test_below_perception_there_is_no_event_but_the_time_counts() -> None:
    call = drawn((0, 3), (2.9, 5))
    assert events_of(call) == []
    assert row_of(call).overtalk_ms == 100


def test_words_tell_a_backchannel_from_an_objection() -> None:
    times = {"customer": (0.0, 6.0), "agent": (2.0, 2.8)}
    said = {Role.CUSTOMER: [(0, 6, "well i called because of the bill")]}
    agrees = drawn(**times, said={**said, Role.AGENT: [(2, 2.8, "mm-hm yeah")]})
    objects = drawn(**times, said={**said, Role.AGENT: [(2, 2.8, "no wait")]})
    assert [event.kind for event in events_of(agrees)] == ["backchannel"]
    assert (row_of(agrees).agent_backchannels, row_of(agrees).agent_backchannels_per_min) == (1, 10.0)
    assert [(event.kind, event.is_floor_won) for event in events_of(objects)] == [("interruption", False)]
    assert row_of(objects).agent_backchannels == 0


def test_a_word_thrown_in_is_no_interruption() -> None:
    call = drawn((0, 6), (2, 2.4), said={Role.AGENT: [(2, 2.4, "no")]})
    assert [event.kind for event in events_of(call)] == ["other"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        pytest.param("wait i know that", "interruption", id="somebody cuts in"),
        pytest.param("yeah right", "other", id="a listener, drawn out by an echo"),
        pytest.param("", "other", id="an echo alone"),
    ],
)
def test_an_interruption_has_words_where_words_are_known(text: str, kind: str) -> None:
    said = {Role.CUSTOMER: [(0, 6, "well i called because of the bill")], Role.AGENT: [(2, 4, text)] if text else []}
    call = drawn((0, 6), (2, 4), said=said)
    assert [event.kind for event in events_of(call)] == [kind]
    assert row_of(call).agent_interruptions == (kind == "interruption")


def test_without_speech_of_the_listened_to_there_is_no_rate() -> None:
    row = row_of(make_call("seconds   0         10\nagent     ###"))
    assert row.agent_interruptions == 0
    assert row.agent_interruptions_per_min is None
    assert row.customer_interruptions_per_min == 0
    assert row.not_measurable == (
        "agent_interruptions_per_min, agent_backchannels_per_min: the customer does not speak; "
        "customer_interrupting_share: the customer takes no turn"
    )
    assert row.agent_interrupting_share == 0


def test_without_parties_it_is_skipped() -> None:
    with pytest.raises(MissingInput, match="told the parties apart"):
        list(overtalk(make_call("seconds   0         10\nanyone    ###"), OvertalkPolicy()))


@given(ROW, ROW)
def test_events_hold_all_overtalk_and_a_longer_grace_accuses_nobody_more(agent: str, customer: str) -> None:
    call = make_call(f"{TENTHS}\nagent     {agent}\ncustomer  {customer}")
    strict, lenient = OvertalkPolicy(min_overlap_s=0), OvertalkPolicy(min_overlap_s=0, grace_s=1.0)
    row = row_of(call, strict)
    assert sum(event.overtalk_ms for event in events_of(call, strict)) == row.overtalk_ms
    assert row_of(call, lenient).agent_interruptions <= row.agent_interruptions
