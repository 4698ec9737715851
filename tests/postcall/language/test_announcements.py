"""What only recordings say, and what only people do."""

from __future__ import annotations

import pytest

from postcall.language.announcements import plays_recording, speaks_of_oneself, speaks_of_waiting


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Ваш звонок очень важен для нас.", "ru", True),
        ("Все наши операторы заняты.", "ru", True),
        ("Я важен для вас?", "ru", False),
        ("Your call is important to us.", None, True),
        ("It is important to call.", "en", False),
        ("坐席繁忙，请稍候。", "zh", True),
        ("我来查一下。", "zh", False),
    ],
)
def test_plays_recording(text: str, language: str | None, expected: bool) -> None:
    assert plays_recording(text.split(), language) is expected


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Нашёл ваш договор.", "ru", True),
        ("Это моё имя.", "ru", True),
        ("Договор найден.", "ru", False),
        ("I'm checking.", "en", True),
        ("Agents are busy.", "en", False),
        ("我在查。", "zh", True),
        ("我们的座席正忙。", "zh", False),
    ],
)
def test_speaks_of_oneself(text: str, language: str | None, expected: bool) -> None:
    assert speaks_of_oneself(text.split(), language) is expected


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Ещё минуту.", "ru", True),
        ("Ожидайте, пожалуйста.", "ru", True),
        ("Договор найден.", "ru", False),
        ("Thank you for your patience.", None, True),
        ("The contract was found.", "en", False),
        ("请 稍 等。", "zh", True),
        ("查到了。", "zh", False),
    ],
)
def test_speaks_of_waiting(text: str, language: str | None, expected: bool) -> None:
    assert speaks_of_waiting(text.split(), language) is expected
