"""Personal data in words: each kind, its look-alikes, dictated in groups and across turns."""

from __future__ import annotations

import re

import pytest

from benchmarks.personal_data import Kind, measure
from postcall.language.personal.digit_kinds import is_card, is_insurance, is_personal_phone
from postcall.language.personal.finder import find_personal_data
from postcall.language.personal.kinds import PersonalDataPolicy
from postcall.language.personal.redaction import marks_of, redacted
from postcall.spans import Span
from postcall.transcript import Word

ALL = PersonalDataPolicy(kinds=tuple(Kind))


def _said(drawn: str, language: str) -> list[Word]:
    """Words of turns: ``A: … | B: …``; of Chinese a character each, Latin letters and digits whole."""
    words: list[Word] = []
    now_ms = 0
    for turn in drawn.split("|"):
        speaker, text = turn.strip().split(":", 1)
        pieces = re.findall(r"[A-Za-z0-9@._-]+|\S", text) if language == "zh" else text.split()
        for piece in pieces:
            words.append(Word(Span(now_ms, now_ms + 250), piece, speaker=speaker))
            now_ms += 300
        now_ms += 500
    return words


def _shown(drawn: str, language: str, policy: PersonalDataPolicy = ALL) -> str:
    words = _said(drawn, language)
    text = " ".join(word.text for word in redacted(words, find_personal_data(words, language, policy)))
    return re.sub(r"(?<=[一-鿿]) (?=[一-鿿])", "", text)


@pytest.mark.parametrize(
    ("language", "drawn", "shown"),
    [
        ("ru", "B: мой номер 8 (926) 241-33-10 спасибо", "мой номер [phone] спасибо"),
        ("ru", "B: мой номер +7 926 241 33 10.", "мой номер [phone]"),
        ("ru", "B: девятьсот двадцать шесть двести сорок один тридцать три десять", "[phone]"),
        ("ru", "A: телефон | B: восемь девятьсот два нуля шесть двести сорок один три тройки десять", "телефон [phone]"),
        ("ru", "A: номер карты | B: 4276 3800 1234 5675", "номер карты [card]"),
        ("ru", "B: карта 4276 тридцать восемь ноль ноль двенадцать тридцать четыре", "карта [card]"),
        (
            "ru",
            "A: серия и номер паспорта | B: сорок пять ноль восемь сто двадцать три четыреста",
            "серия и номер паспорта [passport]",
        ),
        ("ru", "B: паспорт серия 4508 номер 123456 выдан", "паспорт серия [passport] выдан"),
        ("ru", "A: назовите снилс | B: 112-233-445 95", "назовите снилс [insurance]"),
        ("ru", "A: ваш ИНН | B: 500100732259", "ваш ИНН [tax number]"),
        ("ru", "B: почта иван точка петров собака яндекс точка ру да", "почта [email] да"),
        ("ru", "B: пишите на ivan.petrov@mail.ru", "пишите на [email]"),
        ("ru", "B: живу улица Ленина дом пять квартира двенадцать", "живу [address]"),
        ("ru", "B: улица Ленина дом пять дробь восемь да", "[address] да"),
        ("ru", "B: родился пятого марта тысяча девятьсот девяностого да", "родился [birth date] да"),
        ("ru", "B: родилась первого января двухтысячного года", "родилась [birth date]"),
        ("en", "B: I live at 221B Baker Street", "I live at [address]"),
        ("zh", "B: 电话+8613912345678谢谢", "电话 + [phone] 谢谢"),
        ("ru", "A: дата рождения | B: двенадцатое мая восемьдесят пятого года", "дата рождения [birth date]"),
        ("ru", "A: когда вы родились | B: 12.05.1985", "когда вы родились [birth date]"),
        ("ru", "A: меня зовут Анна | B: Сергей Петрович", "меня зовут [name] [name]"),
        ("en", "A: your phone number | B: four one five double five two oh one three six", "your phone number [phone]"),
        ("en", "B: it's (415) 552-0136", "it's [phone]"),
        (
            "en",
            "B: my card number is four one one one one one one one one one one one one one one one",
            "my card number is [card]",
        ),
        ("en", "B: my social is 123 45 6789", "my social is [ssn]"),
        ("en", "B: john dot smith at gmail dot com", "[email]"),
        ("en", "B: I live at 221 Baker Street apartment 4", "I live at [address]"),
        ("en", "A: date of birth | B: May twelfth nineteen eighty five", "date of birth [birth date]"),
        ("en", "B: my name is Emily Brown.", "my name is [name]"),
        ("zh", "B: 我的电话是一三八零零一三八零零零谢谢", "我的电话是 [phone] 谢谢"),
        ("zh", "A: 请问身份证号 | B: 11010519491231002X", "请问身份证号 [resident id]"),
        ("zh", "B: 身份证一一零一零五一九四九一二三一零零二叉", "身份证 [resident id]"),
        ("zh", "B: 我住在北京市海淀区中关村大街二十七号三单元五零二室", "我住在 [address]"),
        ("zh", "B: 邮箱是li艾特一六三点com", "邮箱是 [email]"),
        ("zh", "A: 您的生日 | B: 一九八五年五月十二日", "您的生日 [birth date]"),
        ("zh", "B: 我叫王小明", "我叫 [name]"),
        ("ru", "A: последние четыре цифры карты | B: двадцать три сорок один", "последние четыре цифры карты [card]"),
        ("en", "A: the last four of your social | B: six seven eight nine", "the last four of your social [ssn]"),
        ("zh", "A: 身份证后六位 | B: 一二三四五六", "身份证后六位 [resident id]"),
        ("ru", "A: дата рождения | B: пятнадцатое ноль третье семьдесят шестого", "дата рождения [birth date]"),
        ("ru", "B: ольга подчёркивание смирнова девяносто собака мэйл точка ру", "[email]"),
        ("en", "B: I moved to fourteen fifty two Elm Street, Portland Oregon 97201", "I moved to [address]"),
        ("en", "B: my number is six four nine three zero eight eight zero nine five", "my number is [phone]"),
    ],
)
def test_what_is_personal(language: str, drawn: str, shown: str) -> None:
    assert _shown(drawn, language) == shown


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("ru", "B: тариф триста минут пятьдесят гигабайт пятьсот рублей в месяц"),
        ("ru", "B: мастер придёт с десяти до двенадцати часов пятого марта"),
        ("ru", "A: номер заказа | B: восемь девять два шесть два четыре один три три один ноль"),
        ("ru", "A: номер договора | B: 89262413310"),
        ("ru", "A: наша горячая линия восемь восемьсот двести пятьдесят ноль восемь девяносто"),
        ("ru", "A: наш офис на улице Ленина дом пять приходите"),
        ("ru", "B: на улице сейчас шумно"),
        ("ru", "B: на улице минус двадцать"),
        ("ru", "B: показания сто двадцать три сорок пять горячей восемьдесят семь шестьдесят один"),
        ("ru", "A: номер договора | B: мой номер девять четыре девять пять три ноль"),
        ("en", "B: my sim card is gone | A: I need the order number | B: it is nine zero zero one eight nine nine one"),
        ("ru", "B: договор от пятого мая две тысячи двадцать третьего года"),
        ("ru", "B: я звонил пять раз за двенадцать дней ждал двадцать пять минут тридцать секунд"),
        ("ru", "A: код из смс | B: двенадцать тридцать четыре пятьдесят шесть"),
        ("en", "B: it costs 1500 dollars and 300 minutes for 49 dollars"),
        ("en", "A: what is your order number | B: four one five five five two zero one three six"),
        ("en", "A: call us at 1 800 555 0199"),
        ("en", "A: our store is at 12 Maple Avenue"),
        ("en", "B: it's a long way to go"),
        ("zh", "A: 订单号 | B: 一三八零零一三八零零零"),
        ("zh", "B: 套餐每月一百二十八元包三百分钟"),
        ("zh", "A: 我们营业厅在建设路88号"),
        ("zh", "A: 合同是二零二三年三月五日签的"),
    ],
)
def test_what_only_looks_like_it(language: str, said: str) -> None:
    words = _said(said, language)
    assert find_personal_data(words, language, PersonalDataPolicy()) == ()


def test_across_turns_each_side_has_its_mark() -> None:
    groups = ("восемь девятьсот двадцать шесть", "двести сорок один", "тридцать три десять")
    drawn = f"A: номер телефона | B: {groups[0]} | A: так | B: {groups[1]} | A: да | B: {groups[2]}"
    assert _shown(drawn, "ru") == "номер телефона [phone] так [phone] да [phone]"
    words = _said(drawn, "ru")
    [found] = find_personal_data(words, "ru")
    assert (found.first_word, found.last_word, found.speaker) == (2, 13, "B")
    assert found.span == Span(words[2].span.start_ms, words[13].span.end_ms)
    assert [mark.places for mark in marks_of(words, [found])] == [(2, 3, 4, 5), (7, 8, 9), (11, 12, 13)]


def test_a_question_between_ends_the_number() -> None:
    drawn = "A: номер заказа | B: 123456 | A: и ваш телефон | B: 8 926 241 33 10"
    assert _shown(drawn, "ru") == "номер заказа 123456 и ваш телефон [phone]"


def test_what_is_read_back_is_found_again() -> None:
    drawn = "A: номер карты | B: 4276 3800 1234 5675 | A: повторяю четыре два семь шесть 3800 1234 5675"
    assert _shown(drawn, "ru") == "номер карты [card] повторяю [card]"


def test_a_digit_that_was_lost_breaks_no_finding() -> None:
    assert _shown("A: номер карты | B: 4276 3800 1234 567", "ru") == "номер карты [card]"
    assert _shown("A: 身份证 | B: 11010519491231002", "zh") == "身份证 [resident id]"


def test_kinds_are_the_policys() -> None:
    drawn = "B: меня зовут Анна мой номер 8 926 241 33 10"
    assert "Анна" in _shown(drawn, "ru", PersonalDataPolicy())
    assert _shown(drawn, "ru", PersonalDataPolicy(kinds=(Kind.CARD,))) == drawn.removeprefix("B: ")


@pytest.mark.parametrize("language", [None, "de", "ru", "en", "zh"])
def test_no_words_and_other_languages(language: str | None) -> None:
    assert find_personal_data([], language) == ()
    words = [Word(Span(0, 100), "x@example.com"), Word(Span(200, 300), "danke")]
    assert [found.kind for found in find_personal_data(words, language)] == [Kind.EMAIL]


def test_times_are_kept() -> None:
    words = _said("B: пишите 8 926 241-33-10 да", "ru")
    kept = redacted(words, find_personal_data(words, "ru"))
    assert [word.span for word in kept] == [words[0].span, Span(300, 1150), words[4].span]


def test_numbers_of_known_validity() -> None:
    assert is_card("4111111111111111")
    assert not is_card("4111111111111112")
    assert is_insurance("11223344595")
    assert is_personal_phone("89262413310", "ru", has_plus=False)
    assert not is_personal_phone("88002500890", "ru", has_plus=False)


def test_recall_and_precision_do_not_fall() -> None:
    """A small draw of the benchmark; the published one is in benchmarks/README.md."""
    tallies = measure(seed=77, calls=40).values()
    items, found = sum(tally.items for tally in tallies), sum(tally.found for tally in tallies)
    assert sum(tally.hidden for tally in tallies) / items >= 0.97
    assert sum(tally.right for tally in tallies) / found >= 0.97
