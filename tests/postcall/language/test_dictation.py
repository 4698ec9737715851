import pytest

from postcall.language.dictation import dictates


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Номер восемь шесть шесть девять один.", "ru", True),
        ("Договор двенадцать дробь триста пять шестьдесят.", "ru", True),
        ("Мой телефон 8 916 123-45-67.", "ru", True),
        ("Это двести тридцать четыре тысячи пятьсот рублей.", "ru", False),
        ("Осталось сто двадцать пять минут.", "ru", False),
        ("Улица Ленина, дом двенадцать.", "ru", True),
        ("У меня дома не работает.", "ru", False),
        ("ivan точка ру", "ru", True),
        ("По буквам: А, Б, В.", "ru", True),
        ("It is three six oh one.", "en", True),
        ("double seven two one", "en", True),
        ("between one and five", "en", False),
        ("it costs 1500 dollars", "en", False),
        ("M A R T I N", "en", True),
        ("B as in Bravo", "en", True),
        ("twelve Park Street", "en", True),
        ("it's smith@example.org", "en", True),
        ("the street is noisy", "en", False),
        ("我 的 号 码 是 零 零 幺 九 四", "zh", True),
        ("一 共 三 二 八 零 元", "zh", False),
        ("两 天 之 内", "zh", False),
        ("中 山 路 二 十 八 号", "zh", True),
        ("three six oh one", None, True),
        ("", "ru", False),
    ],
)
def test_dictates(text: str, language: str | None, expected: bool) -> None:
    assert dictates(text.split(), language) is expected
