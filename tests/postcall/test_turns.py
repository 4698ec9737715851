from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postcall.spans import Span, total_ms, union
from postcall.telephony import Role
from postcall.testing.drawing import make_call
from postcall.transcript import Word
from postcall.turns import TurnPolicy, utterances_of

TENTHS = "seconds   0         1"
ROW = st.lists(st.sampled_from(["#", "#" * 9, " ", " " * 7]), max_size=20).map("".join)


def test_a_pause_longer_than_the_policy_ends_an_utterance() -> None:
    talk = (Span(0, 1_000), Span(1_500, 2_000), Span(2_501, 3_000))
    one, two = utterances_of(Role.AGENT, talk, None, TurnPolicy(pause_s=0.5))
    assert (one.span, one.talk, one.words) == (Span(0, 2_000), talk[:2], None)
    assert (two.span, two.talk) == (Span(2_501, 3_000), talk[2:])


def test_a_word_goes_to_the_utterance_that_holds_its_middle() -> None:
    talk = (Span(0, 1_000), Span(2_000, 3_000))
    words = [Word(Span(100, 300), "one"), Word(Span(900, 1_000), "two"), Word(Span(1_900, 2_300), "three")]
    one, two = utterances_of(Role.AGENT, talk, words, TurnPolicy())
    assert [word.text for word in one.words or ()] == ["one", "two"]
    assert [word.text for word in two.words or ()] == ["three"]


def test_a_transcript_without_words_is_not_no_transcript() -> None:
    (one,) = utterances_of(Role.AGENT, (Span(0, 1_000),), [], TurnPolicy())
    assert one.words == ()


@pytest.mark.parametrize(
    ("agent", "is_backchannel"),
    [
        pytest.param("          #####", True, id="inside"),
        pytest.param("          ############", True, id="as long as the policy admits"),
        pytest.param("          #############", False, id="too long"),
        pytest.param("                              #####", False, id="the customer has ended"),
        pytest.param("#####", False, id="the customer had not begun"),
    ],
)
def test_backchannels_without_words(agent: str, is_backchannel: bool) -> None:
    call = make_call(f"{TENTHS}\ncustomer     ###########################\nagent     {agent}")
    (remark,) = [u for u in call.utterances if u.role is Role.AGENT]
    assert remark.is_backchannel is is_backchannel


@pytest.mark.parametrize(
    ("text", "language", "is_backchannel"), [("угу да", "ru", True), ("нет", "ru", False), ("嗯", "zh", True)]
)
def test_words_decide_what_a_backchannel_is(text: str, language: str, is_backchannel: bool) -> None:
    call = make_call(
        f"{TENTHS}\ncustomer  ##############################\nagent               #####",
        said={Role.AGENT: [(1, 1.5, text)]},
        language=language,
    )
    assert [u.is_backchannel for u in call.utterances] == [False, is_backchannel]


def test_a_remark_after_which_the_other_is_silent_is_an_answer() -> None:
    call = make_call(f"{TENTHS}\ncustomer  ##########\nagent            #######", said={Role.AGENT: [(0.7, 1.4, "yes")]})
    assert [u.is_backchannel for u in call.utterances] == [False, False]


def test_turns_pass_over_backchannels_and_pauses() -> None:
    call = make_call("""
seconds   0         10        20
agent     ######  ###        ####
customer      #        #####
""")
    assert [(turn.role, turn.span, turn.talk_ms) for turn in call.turns] == [
        (Role.AGENT, Span(0, 11_000), 9_000),
        (Role.CUSTOMER, Span(13_000, 18_000), 5_000),
        (Role.AGENT, Span(19_000, 23_000), 4_000),
    ]


def test_words_of_a_turn() -> None:
    drawing = "seconds   0         10\nagent     ##  ##"
    (spoken,) = make_call(drawing, said={Role.AGENT: [(0, 2, "good morning"), (4, 6, "sir")]}).turns
    assert [word.text for word in spoken.words or ()] == ["good", "morning", "sir"]
    (unheard,) = make_call(drawing).turns
    assert unheard.words is None


@given(ROW, ROW)
def test_turns_alternate_and_hold_all_talk_but_backchannels(agent: str, customer: str) -> None:
    call = make_call(f"{TENTHS}\nagent     {agent}\ncustomer  {customer}")
    roles = [turn.role for turn in call.turns]
    assert all(one is not two for one, two in pairwise(roles))
    backchannel_ms = sum(total_ms(u.talk) for u in call.utterances if u.is_backchannel)
    talk_ms = total_ms(call.talk(Role.AGENT)) + total_ms(call.talk(Role.CUSTOMER))
    assert sum(turn.talk_ms for turn in call.turns) + backchannel_ms == talk_ms
    for role in (Role.AGENT, Role.CUSTOMER):
        assert union(piece for u in call.utterances if u.role is role for piece in u.talk) == call.talk(role)
    assert list(call.utterances) == sorted(call.utterances, key=lambda u: (u.span, u.role))
