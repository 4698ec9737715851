from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.phrases import BOOKS, EVERYDAY, book_of, everyday, false_alarms, patterns_of
from postcall.errors import PolicyError
from postcall.language.phrase_ways import PROBABLY_SAID, SAID
from postcall.language.phrases import Phrase, PhraseBook
from postcall.language.tokens import tokens
from postcall.spans import Span
from postcall.transcript import Word

PUT_TOGETHER = [
    # pattern, language, what is said, where it is found
    ("чем могу помочь", "ru", "добрый день чем могу помочь", [(2, 4)]),
    ("чем могу помочь", "ru", "чем можем помочь", [(0, 2)]),
    ("=подождите", "ru", "подождите", [(0, 0)]),
    ("=подождите", "ru", "подожди", []),
    ("чем [я] (могу|можем) .. помочь", "ru", "чем же я могу вам помочь", [(0, 5)]),
    ("чем [я] (могу|можем) .. помочь", "ru", "чем могу помочь", [(0, 2)]),
    ("(могу быть полезен|могу помочь)", "ru", "я могу быть полезен", [(1, 3)]),
    ("понял(а) вас", "ru", "я поняла вас", [(1, 2)]),
    ("понял(а) вас", "ru", "я понимаю вас", []),
    ("спасибо .. звонок", "ru", "спасибо вам за ваш звонок", [(0, 4)]),
    ("спасибо .. звонок", "ru", "спасибо вам большое за ваш звонок", []),
    ("спасибо ..5 звонок", "ru", "спасибо вам большое за ваш звонок", [(0, 5)]),
    ("спасибо .. звонок", "ru", "спасибо. Это звонок", []),
    ("!не знаю", "ru", "знаю", [(0, 0)]),
    ("!не знаю", "ru", "я не знаю", []),
    ("!не знаю", "ru", "не. знаю", [(1, 1)]),
    ("^ алло", "ru", "алло вы тут алло", [(0, 0)]),
    ("^ алло", "ru", "да / алло", [(1, 1)]),
    ("до свидания $", "ru", "до свидания / до свидания и вот", [(0, 1)]),
    ("(могу|можно) .. ?", "ru", "Можно? Можно.", [(0, 0)]),
    ("меня зовут <name>", "ru", "меня зовут Анна", [(0, 2)]),
    ("(займёт|ждать) .. <duration>", "ru", "это займёт не больше двух минут", [(1, 5)]),
    ("<money>", "ru", "стоит двести рублей в месяц", [(1, 2)]),
    ("<date>", "ru", "перезвоню в понедельник", [(1, 2)]),
    ("how may i help", "en", "hello how may I help you", [(1, 4)]),
    ("(put|place) you on hold", "en", "may I place you on hold", [(2, 5)]),
    ("请稍等", "zh", "好的，请您稍等", []),
    ("请 [您] 稍等", "zh", "好的，请您稍等", [(2, 5)]),
    ("工号 [是] <number>", "zh", "我的工号是3027", [(2, 5)]),
    ("大概 .. <duration>", "zh", "大概需要两三分钟", [(0, 7)]),
]


@pytest.mark.parametrize(("pattern", "language", "text", "places"), PUT_TOGETHER)
def test_patterns(heard, pattern: str, language: str, text: str, places: list[tuple[int, int]]) -> None:
    found = Phrase(pattern, language).find(heard(text, language))
    assert [(one.first, one.last) for one in found] == places
    assert all(one.score == 1.0 for one in found)


@pytest.mark.parametrize(
    ("pattern", "language", "text", "least"),
    [
        ("спасибо за звонок", "ru", "спасиба за званок", SAID),
        ("чем могу помочь", "ru", "чем магу помоч", SAID),
        ("здравствуйте", "ru", "здраствуйте", SAID),
        ("до свидания", "ru", "всего доброго досвидания", SAID),
        ("перезвоню", "ru", "я вам пере звоню", SAID),
        ("перезвоню вам", "ru", "пиризваню вам", PROBABLY_SAID),
        ("перезвонить", "ru", "я пере звоню", SAID),
        ("звонок (завершён|закончен)", "ru", "звонокзавершён", SAID),
        ("welcome to the company", "en", "welcom to the company", SAID),
        ("让您久等了", "zh", "让您就等了", SAID),
        ("请您稍等", "zh", "请您烧等", SAID),
    ],
)
def test_errors_of_a_recogniser(heard, pattern: str, language: str, text: str, least: float) -> None:
    found = Phrase(pattern, language).find(heard(text, language))
    assert [least <= one.score < 1.0 for one in found] == [True]


@pytest.mark.parametrize(
    ("pattern", "language", "text"),
    [
        ("перевести звонок", "ru", "перенести звонок"),
        ("простите", "ru", "прошу вас"),
        ("=спасибо", "ru", "спасиба"),
        ("не он", "ru", "на он"),
        ("подключить услугу", "ru", "отключить услугу"),
        ("hold the line", "en", "told the line"),
        ("您好", "zh", "您号"),
        ("请稍等", "zh", "情少登"),
    ],
)
def test_what_is_too_far(heard, pattern: str, language: str, text: str) -> None:
    assert Phrase(pattern, language).find(heard(text, language)) == []


def test_values(heard) -> None:
    found = Phrase("(займёт|ждать) .. <duration>", "ru").find(heard("это займёт две-три минуты", "ru"))
    assert dict(found[0].values) == {"duration": 180_000.0}


def test_a_phrase_does_not_reach_over_a_long_pause() -> None:
    said = tokens([Word(Span(0, 300), "спасибо"), Word(Span(7_000, 7_300), "за звонок")], "ru")
    assert Phrase("спасибо .. звонок", "ru").find(said) == []


@pytest.mark.parametrize(
    ("pattern", "place"),
    [
        ("[я]", "nothing in it"),
        ("", "nothing in it"),
        ("!не", "nothing in it"),
        ("(а|", "missing, after '( а |'"),
        ("а)", "closes nothing"),
        ("[а", "missing"),
        ("<durations> да", "did you mean 'duration'"),
        ("(а||б)", "alternative is empty"),
        ("!", "before nothing"),
        ("..", "nothing in it"),
    ],
)
def test_errors_name_the_place(pattern: str, place: str) -> None:
    with pytest.raises(PolicyError, match=r"^phrase") as raised:
        Phrase(pattern, "ru")
    assert place in str(raised.value)


_PIECES = st.sampled_from(
    "чем могу [я] (а|б) | ( ) [ ] .. ..5 <duration> <x> !не ! ^ $ ? = =да понял(а) 您好 请稍等 < > )( , -".split()
)


@given(st.lists(_PIECES, max_size=8).map(" ".join) | st.text(max_size=12), st.sampled_from(["ru", "en", "zh", "fr"]))
def test_any_pattern_is_read_or_refused(pattern: str, language: str) -> None:
    try:
        phrase = Phrase(pattern, language)
    except PolicyError:
        return
    for match in phrase.find(tokens([Word(Span(0, 300), "чем"), Word(Span(300, 600), "могу")], language)):
        assert match.score >= PROBABLY_SAID


_RU_WORDS = "спасибо звонок помочь перезвоню договор подождите пожалуйста тариф минуту вопрос".split()


@given(st.lists(st.sampled_from(_RU_WORDS), min_size=1, max_size=5))
def test_what_is_said_as_it_is_written_is_found(words: list[str]) -> None:
    said = tokens([Word(Span(at * 300, at * 300 + 250), word) for at, word in enumerate(words)], "ru")
    found = Phrase(" ".join(words), "ru").find(said)
    assert [(one.first, one.last, one.score) for one in found] == [(0, len(words) - 1, 1.0)]


@given(st.lists(st.sampled_from(_RU_WORDS), min_size=2, max_size=4, unique=True), st.data())
def test_every_error_costs(words: list[str], data: st.DataObject) -> None:
    def score(heard: list[str]) -> float:
        said = tokens([Word(Span(at * 300, at * 300 + 250), word) for at, word in enumerate(heard)], "ru")
        return max((one.score for one in Phrase(" ".join(words), "ru").find(said)), default=0.0)

    at = data.draw(st.integers(0, len(words) - 1))
    letter = data.draw(st.integers(1, len(words[at]) - 1))
    once = [*words[:at], words[at][:letter] + "ъ" + words[at][letter:], *words[at + 1 :]]
    other = (at + 1) % len(words)
    twice = [word[:2] + "ъ" + word[2:] if place == other else word for place, word in enumerate(once)]
    assert 1.0 > score(once) >= score(twice)


def test_a_book_finds_what_its_phrases_find(heard) -> None:
    said = heard("здраствуйте чем могу помочь спасиба за звонок", "ru")
    patterns = ["чем могу помочь", "спасибо .. звонок", "до свидания", "здравствуйте"]
    book = PhraseBook({pattern: (Phrase(pattern, "ru"),) for pattern in patterns}, "ru")
    assert book.find(said) == {pattern: Phrase(pattern, "ru").find(said) for pattern in patterns}


@pytest.mark.parametrize(("book", "language"), BOOKS.items())
def test_everyday_sentences_are_no_phrases_of_a_manual(book: str, language: str) -> None:
    sentences, alarms, as_said = false_alarms(book_of(patterns_of(book), language), language)
    assert sentences >= 100
    assert (alarms, as_said) == (0, 0)


def test_everyday_sentences_are_different() -> None:
    for path in EVERYDAY.glob("*.txt"):
        sentences = everyday(path.stem)
        assert len(set(sentences)) == len(sentences)
