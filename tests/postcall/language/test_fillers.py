from __future__ import annotations

import pytest

from postcall.language.fillers import fillers


@pytest.mark.parametrize(
    ("text", "language", "found"),
    [
        ("ну это как бы другой тариф", "ru", ["ну", "как бы"]),
        ("типа роутер сломался", "ru", ["типа"]),
        ("короче говоря я перезвоню", "ru", ["короче говоря"]),
        ("в общем я перезвоню", "ru", ["в общем"]),
        ("э-э сейчас посмотрю", "ru", ["э-э"]),
        ("ммм сейчас", "ru", ["ммм"]),
        ("вот вот так", "ru", ["вот", "вот"]),
        ("какого типа у вас подключение", "ru", []),
        ("типа подключения нет", "ru", []),
        ("в общем случае да", "ru", []),
        ("как бы мне заплатить", "ru", []),
        ("это самое главное", "ru", []),
        ("короче чем обычно", "ru", []),
        ("вот ваш договор", "ru", []),
        ("это значит что тариф другой", "ru", []),
        ("um you know it broke", "en", ["um", "you know"]),
        ("it is, like, broken", "en", ["like"]),
        ("it is sort of slow", "en", ["sort of"]),
        ("do you know what kind of plan", "en", []),
        ("i would like to pay so that it works", "en", []),
        ("呃这个这个您的账单", "zh", ["呃", "这个", "这个"]),
        ("那个呃我查一下", "zh", ["那个", "呃"]),
        ("这个月的账单", "zh", []),
        ("嗯", "zh", []),
        ("您看 / 嗯 / 好", "zh", []),
        ("alors euh", "fr", []),
    ],
)
def test_fillers(heard, text: str, language: str, found: list[str]) -> None:
    said = heard(text, language)
    joint = "" if language == "zh" else " "
    assert [joint.join(token.form for token in said[one.first : one.last + 1]) for one in fillers(said, language)] == found


def test_a_pause_makes_a_word_a_filler(heard) -> None:
    assert fillers(heard("и значит тариф другой", "ru"), "ru") == []
    assert [one.first for one in fillers(heard("и, значит, тариф другой", "ru"), "ru")] == [1]
    assert fillers(heard("тариф / значит / другой", "ru"), "ru") == []


def test_hesitations_are_told_apart(heard) -> None:
    assert [one.is_hesitation for one in fillers(heard("ээ ну да", "ru"), "ru")] == [True, False]
