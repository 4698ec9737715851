from dataclasses import replace

import pytest

from postcall.call import Call
from postcall.errors import MissingInput
from postcall.recording import Recording, Topology
from postcall.silence_owner import OwnedSilence, owned_silences
from postcall.spans import Span
from postcall.telephony import Role, Telephony
from postcall.testing.drawing import make_call
from postcall.timeline import SpeakerTimeline

AGENT_RESUMES = "seconds   0         10        20\nagent     ####          ####\ncustomer                     ####"
CUSTOMER_REPLIES = "seconds   0         10        20\nagent     ####              ####\ncustomer                ##"


def owned(call: Call) -> list[tuple[int, int, str | None, str | None]]:
    return [(one.span.start_ms, one.span.end_ms, one.owner, one.basis) for one in owned_silences(call, 3_000)]


def test_without_words_who_ends_the_silence_owed_it() -> None:
    assert owned(make_call(AGENT_RESUMES)) == [(4_000, 14_000, "agent", "agent_resumed")]
    assert owned(make_call(CUSTOMER_REPLIES)) == [(4_000, 14_000, "customer", "customer_replied")]


def test_an_unanswered_customer_is_the_agents() -> None:
    call = make_call("seconds   0         10        20\nagent     ##                ##\ncustomer    ##    ###")
    assert owned(call) == [
        (4_000, 8_000, "agent", "unanswered_customer"),
        (11_000, 18_000, "agent", "unanswered_customer"),
    ]


@pytest.mark.parametrize(
    ("said", "owner", "basis"),
    [
        ("And what is your name?", "customer", "unanswered_question"),
        ("Thank you, one moment please.", "agent", "announced_search"),
        ("Let me check. What is your name?", "customer", "unanswered_question"),
        ("What is your name? Hold on.", "agent", "announced_search"),
        ("One moment. It is in the system.", "agent", "announced_search"),
        ("It is in the system.", "agent", "agent_resumed"),
    ],
)
def test_words_tell_a_question_from_a_search(said: str, owner: str, basis: str) -> None:
    assert owned(make_call(AGENT_RESUMES, said={Role.AGENT: [(0, 4, said)]})) == [(4_000, 14_000, owner, basis)]


def test_only_the_last_utterance_counts() -> None:
    call = make_call(
        "seconds   0         10        20\nagent     ### ###         ####\n",
        said={Role.AGENT: [(0, 3, "what is your name?"), (4, 7, "i see it here.")]},
    )
    assert owned(call) == [(7_000, 16_000, "agent", "agent_resumed")]


def test_beside_a_hold_the_agent_owes() -> None:
    call = make_call("seconds   0         10        20\nagent     ####\ncustomer                     ####\nhold           ---")
    assert owned(call) == [(8_000, 19_000, "agent", "beside_hold")]


def test_a_tie_goes_to_the_customer() -> None:
    call = make_call("seconds   0         10        20\nagent     ####        ##\ncustomer  ####        ##")
    (one,) = owned_silences(call, 3_000)
    assert (one.role_before, one.role_after, one.basis) == (Role.CUSTOMER, Role.CUSTOMER, "unanswered_customer")


def test_a_third_voice_leaves_silence_without_owner() -> None:
    plain = make_call("seconds   0         10        20\nagent     ####                ##")
    assert plain.timeline is not None
    spans = {**plain.timeline.by_label, "guest": (Span(10_000, 12_000),)}
    call = replace(plain, timeline=SpeakerTimeline(spans, False, "test"), roles={**plain.roles, "guest": Role.UNKNOWN})
    first, second = owned_silences(call, 3_000)
    assert (first.owner, first.role_before, first.role_after) == (None, Role.AGENT, Role.UNKNOWN)
    assert (second.owner, second.role_before) == (None, Role.UNKNOWN)
    assert second.not_measurable == "preceded_by, owner, owner_basis: a third voice bounds the silence"


def test_mono_has_silences_without_owner() -> None:
    (one,) = owned_silences(make_call("seconds   0         10\nanyone    ##    ##"), 3_000)
    reason = "owner, owner_basis, role_before, role_after, preceded_by: one channel, and nobody told the parties apart"
    assert one == OwnedSilence(Span(2_000, 6_000), not_measurable=reason)


def test_without_a_timeline_it_raises() -> None:
    recording = Recording("a.wav", "0" * 64, "pcm_s16le", "wav", 8000, 2, 1000, Topology.SEPARATE, {})
    with pytest.raises(MissingInput, match="nobody listened"):
        owned_silences(Call(Telephony("c"), recording=recording), 3_000)


# ── what precedes it ─────────────────────────────────────────────────────────

CUSTOMER_LAST = "seconds   0         10        20\nagent     ###               ####\ncustomer     ###"


def preceded(call: Call) -> list[tuple[str | None, str | None, str | None]]:
    return [(one.preceded_by, one.owner, one.basis) for one in owned_silences(call, 3_000)]


@pytest.mark.parametrize(
    ("language", "said", "kind", "owner", "basis"),
    [
        ("ru", "Одну минуту, я посмотрю.", "announced_wait", "agent", "announced_search"),
        ("en", "Bear with me, please.", "announced_wait", "agent", "announced_search"),
        ("zh", "好 的， 我 查 一 下。", "announced_wait", "agent", "announced_search"),
        ("ru", "Я уточню, это займёт не больше минуты.", "promised_wait", "agent", "announced_search"),
        ("en", "Let me check, it takes about two minutes.", "promised_wait", "agent", "announced_search"),
        ("zh", "我 帮 您 查 询 一 下， 大 概 需 要 一 分 钟。", "promised_wait", "agent", "announced_search"),
        ("ru", "Назовите, пожалуйста, ваш адрес.", "question", "customer", "unanswered_question"),
        ("en", "Have you got a minute?", "question", "customer", "unanswered_question"),
        ("zh", "您 看 方 便 吗？", "question", "customer", "unanswered_question"),
        ("ru", "Перезагрузите роутер и скажите, какая лампочка горит.", "instruction", "customer", "unanswered_instruction"),
        ("en", "Please unplug it and plug it in again.", "instruction", "customer", "unanswered_instruction"),
        ("zh", "请 您 把 电 源 线 拔 下 来。", "instruction", "customer", "unanswered_instruction"),
        ("ru", "Номер заявки восемь шесть шесть девять.", "agent_dictation", "customer", "writes_down"),
        ("en", "Write down three six zero one.", "agent_dictation", "customer", "writes_down"),
        ("zh", "工 单 号 是 三 幺 八 零 五。", "agent_dictation", "customer", "writes_down"),
        ("ru", "Спасибо за ожидание. Всё в порядке.", "hold_return", "agent", "agent_resumed"),
        ("en", "Thanks for holding. It is all right.", "hold_return", "agent", "agent_resumed"),
        ("zh", "让 您 久 等 了。 已 经 登 记 了。", "hold_return", "agent", "agent_resumed"),
        ("ru", "Тариф уже изменён.", "other", "agent", "agent_resumed"),
        ("en", "The plan is changed.", "other", "agent", "agent_resumed"),
        ("zh", "已 经 登 记 了。", "other", "agent", "agent_resumed"),
    ],
)
def test_what_the_agent_said(language: str, said: str, kind: str, owner: str, basis: str) -> None:
    call = make_call(AGENT_RESUMES, said={Role.AGENT: [(0, 4, said)]}, language=language)
    assert preceded(call) == [(kind, owner, basis)]


@pytest.mark.parametrize(
    ("language", "said", "kind", "owner", "basis"),
    [
        ("ru", "Номер восемь шесть шесть девять один.", "customer_dictation", "agent", "unanswered_customer"),
        ("en", "It is 36011.", "customer_dictation", "agent", "unanswered_customer"),
        ("zh", "我 的 号 码 是 零 零 幺 九。", "customer_dictation", "agent", "unanswered_customer"),
        ("ru", "А когда его починят?", "question", "agent", "unanswered_customer"),
        ("en", "When will it work again?", "question", "agent", "unanswered_customer"),
        ("zh", "什 么 时 候 能 修 好？", "question", "agent", "unanswered_customer"),
        # A bare yes: what the agent said before it tells.
        ("ru", "Да, хорошо.", "announced_wait", "agent", "unanswered_customer"),
        ("en", "Okay.", "announced_wait", "agent", "unanswered_customer"),
        ("zh", "好 的。", "announced_wait", "agent", "unanswered_customer"),
    ],
)
def test_what_the_customer_said(language: str, said: str, kind: str, owner: str, basis: str) -> None:
    wait = {"ru": "Секунду, сейчас проверю.", "en": "One moment please.", "zh": "请 稍 等。"}[language]
    call = make_call(CUSTOMER_LAST, said={Role.AGENT: [(0, 3, wait)], Role.CUSTOMER: [(3, 6, said)]}, language=language)
    assert preceded(call) == [(kind, owner, basis)]


@pytest.mark.parametrize(
    ("language", "asked"), [("ru", "Вам удобно?"), ("en", "Is that all right with you?"), ("zh", "可 以 吗？")]
)
def test_an_answered_question_waits_for_nothing(language: str, asked: str) -> None:
    yes = {"ru": "Да.", "en": "Yes.", "zh": "好 的。"}[language]
    call = make_call(CUSTOMER_LAST, said={Role.AGENT: [(0, 3, asked)], Role.CUSTOMER: [(3, 6, yes)]}, language=language)
    assert preceded(call) == [("other", "agent", "unanswered_customer")]


GOES_ON = "seconds   0         10        20\nagent     ##                     ##\ncustomer    ####      ####"


@pytest.mark.parametrize(
    ("language", "first", "then"),
    [
        ("ru", "Восемь шесть шесть девять", "один один два три."),
        ("en", "Three six zero one", "one two two five."),
        ("zh", "零 零 幺 九", "四 幺 七 七。"),
    ],
)
def test_who_goes_on_dictating_owed_it(language: str, first: str, then: str) -> None:
    call = make_call(GOES_ON, said={Role.CUSTOMER: [(2, 6, first), (12, 16, then)]}, language=language)
    assert preceded(call)[0] == ("customer_dictation", "customer", "goes_on_dictating")
    stops = make_call(GOES_ON, said={Role.CUSTOMER: [(2, 6, first), (12, 16, "…")]}, language=language)
    assert preceded(stops)[0] == ("customer_dictation", "agent", "unanswered_customer")


@pytest.mark.parametrize(
    ("language", "said"),
    [("ru", "Подождите, сейчас найду."), ("en", "Hold on, I'll find a pen."), ("zh", "你 等 一 下， 我 过 去 看 看。")],
)
def test_a_customer_who_asks_for_patience_owes_it(language: str, said: str) -> None:
    call = make_call(GOES_ON, said={Role.CUSTOMER: [(2, 6, said), (12, 16, said)]}, language=language)
    assert preceded(call)[0] == ("announced_wait", "customer", "announced_search")


def test_after_a_hold_nobody_has_spoken() -> None:
    call = make_call(
        "seconds   0         10        20\nagent     ####             ##\nhold          ----",
        said={Role.AGENT: [(0, 4, "Is that right?")]},
    )
    assert preceded(call) == [("hold_return", "agent", "beside_hold")]


def test_why_it_is_not_known() -> None:
    (one,) = owned_silences(make_call(AGENT_RESUMES), 3_000)
    assert (one.preceded_by, one.owner, one.not_measurable) == (None, Role.AGENT, "preceded_by: no transcript")
    (one,) = owned_silences(make_call(AGENT_RESUMES, said={Role.AGENT: [(14, 18, "Here I am.")]}), 3_000)
    assert (one.preceded_by, one.not_measurable) == (None, "preceded_by: no word was recognised before it")


def test_speech_without_words_is_the_others_leak() -> None:
    drawing = "seconds   0         10        20\nagent     ####          ####\ncustomer  ####              ##"
    said = {Role.AGENT: [(0, 4, "What is your name?")]}
    (one,) = owned_silences(make_call(drawing, said=said), 3_000)
    assert (one.role_before, one.preceded_by, one.basis) == (Role.AGENT, "question", "unanswered_question")
    late = drawing.replace("customer  ####  ", "customer  ##### ")
    (one,) = owned_silences(make_call(late, said=said), 3_000)
    assert (one.role_before, one.basis) == (Role.CUSTOMER, "unanswered_customer")
