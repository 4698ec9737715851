from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from analyzers.callback_promise import EventCallbackPromise, callback_promise
from postcall.callbacks import CallbackPolicy
from postcall.errors import MissingInput
from postcall.telephony import Role
from postcall.testing.drawing import ANSWERED_AT, make_call

DRAWING = """
seconds   0         10        20        30        40
agent     ##########          ##########
customer            ##########          ##########
"""


def promises(
    agent: str, customer: str = "", *, late: str = "", language: str | None = "ru", zone: str | None = "Europe/Moscow", **record
):
    said = {Role.AGENT: [(0, 10, agent)], Role.CUSTOMER: []}
    if customer:
        said[Role.CUSTOMER] = [(10, 20, customer)]
    if late:
        said[Role.AGENT].append((20, 30, late))
    call = make_call(DRAWING, said=said, language=language)
    call = replace(call, telephony=replace(call.telephony, time_zone=zone, customer_key="+7 916 1234567", **record))
    return list(callback_promise(call, CallbackPolicy()))


def test_a_promise_with_its_words_and_its_time() -> None:
    # Answered at 9:00 UTC, 12:00 in Moscow; six words in 10 s.
    assert promises("хорошо я вам перезвоню через полчаса") == [
        EventCallbackPromise(
            call_id="drawn",
            agent_id="a-1",
            customer_key="+7 916 1234567",
            start_ms=5000,
            end_ms=6667,
            first_word=3,
            last_word=3,
            time_first_word=4,
            time_last_word=5,
            times_said=1,
            has_promised_time=True,
            promised_at=ANSWERED_AT + timedelta(seconds=5),
            due_from_at=ANSWERED_AT + timedelta(seconds=5),
            due_by_at=ANSWERED_AT + timedelta(seconds=5, minutes=30),
            not_measurable=None,
        )
    ]


@pytest.mark.parametrize(
    ("agent", "language", "due_from", "due_by"),
    [
        ("завтра до обеда я вам перезвоню", "ru", "03-02 21:00", "03-03 10:00"),
        ("мы перезвоним вам до конца рабочего дня", "ru", None, "03-02 15:00"),
        ("с вами свяжется наш мастер в понедельник утром", "ru", "03-09 03:00", "03-09 09:00"),
        ("перезвоню вам после шести", "ru", "03-02 15:00", "03-02 21:00"),
        ("明天 上午 我 给 您 回 电话", "zh", "03-03 03:00", "03-03 09:00"),
        ("i will get back to you tomorrow morning", "en", "03-03 03:00", "03-03 09:00"),
    ],
)
def test_days_and_hours_are_the_centres(agent: str, language: str, due_from: str | None, due_by: str) -> None:
    (row,) = promises(agent, language=language)
    assert row.has_promised_time
    assert row.due_from_at is not None
    assert row.due_by_at is not None
    assert f"{row.due_by_at:%m-%d %H:%M}" == due_by
    assert row.due_from_at == row.promised_at if due_from is None else f"{row.due_from_at:%m-%d %H:%M}" == due_from


def test_without_a_zone_they_are_utc() -> None:
    (row,) = promises("завтра до обеда я вам перезвоню", zone=None)
    assert row.due_by_at == datetime(2026, 3, 3, 13, tzinfo=UTC)


def test_without_a_time_it_is_due_by_the_end_of_the_next_working_day() -> None:
    (row,) = promises("мы вам обязательно перезвоним")  # on a Monday
    assert not row.has_promised_time
    assert (row.time_first_word, row.time_last_word) == (None, None)
    assert row.due_from_at == row.promised_at
    assert row.due_by_at == datetime(2026, 3, 3, 15, tzinfo=UTC)  # Tuesday, 18:00 in Moscow


def test_said_again_it_is_one_promise_and_the_latest_time_stands() -> None:
    (row,) = promises("перезвоню вам через час", "лучше завтра утром", late="хорошо перезвоню вам завтра утром до свидания")
    assert row.times_said == 2
    assert row.start_ms > 20_000
    assert row.due_by_at == datetime(2026, 3, 3, 9, tzinfo=UTC)
    (row,) = promises("перезвоню вам через час", late="договорились до свидания всего вам доброго и хорошего дня перезвоню")
    assert (row.times_said, row.start_ms) == (2, 0)  # the last one names no time, the first does


def test_the_customers_time_counts_beside_the_agents_promise() -> None:
    (row,) = promises("алло слушаю вас", "перезвоните мне завтра утром пожалуйста", late="хорошо перезвоним")
    assert row.due_by_at == datetime(2026, 3, 3, 9, tzinfo=UTC)
    assert row.time_first_word == 5  # "завтра", of the customer


@pytest.mark.parametrize(
    ("agent", "language"),
    [
        ("перезвоните нам завтра пожалуйста", "ru"),
        ("вы можете перезвонить через час", "ru"),
        ("я вам не перезвоню", "ru"),
        ("если связь прервётся я вам перезвоню", "ru"),
        ("свяжитесь с нами завтра", "ru"),
        ("вы подождёте или мы вам перезвоним?", "ru"),
        ("would you like to wait on the line, or shall they call you back?", "en"),
        ("您 等 一下 还是 我 给 您 回 电话？", "zh"),
        ("мастер будет после трёх он позвонит вам за полчаса", "ru"),
        ("please call us back tomorrow", "en"),
        ("if we are cut off i will call you back", "en"),
        ("请 您 给 我们 回 电话", "zh"),
    ],
)
def test_no_promise(agent: str, language: str) -> None:
    assert promises(agent, language=language) == []


def test_the_customer_promises_nothing() -> None:
    assert promises("слушаю вас", "я вам перезвоню завтра") == []


def test_a_language_without_phrases_is_not_measurable() -> None:
    with pytest.raises(MissingInput, match="Russian, English and Chinese"):
        promises("ich rufe sie zurück", language="de")


@pytest.mark.parametrize(
    "agent", ["я вам перезвоню через час", "i will call you back in an hour", "我 一小时 后 给 您 回 电话"]
)
def test_an_unknown_language_is_told_by_its_letters(agent: str) -> None:
    (row,) = promises(agent, language=None)
    assert row.has_promised_time


def test_a_call_without_times_has_a_promise_that_is_due_nobody_knows_when() -> None:
    call = make_call(DRAWING, said={Role.AGENT: [(0, 10, "я вам перезвоню через час")], Role.CUSTOMER: []}, language="ru")
    record = replace(call.telephony, started_at=None, offered_at=None, answered_at=None, ended_at=None)
    (row,) = callback_promise(replace(call, telephony=record, recording_started_at=None), CallbackPolicy())
    assert row.promised_at is row.due_by_at is None
    assert row.not_measurable == "promised_at, due_from_at, due_by_at: it is not known when the call took place"


def test_patterns_that_cannot_be_read_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        CallbackPolicy(phrases_ru=("(перезвоню",))
