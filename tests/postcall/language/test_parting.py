from __future__ import annotations

import pytest

from postcall.language.parting import announces_hanging_up, lets_end, parts


@pytest.mark.parametrize(
    ("text", "language", "parting", "ending"),
    [
        ("Всего вам доброго!", "ru", True, True),
        ("Ладно, спасибо.", "ru", False, True),
        ("Спасибо, а когда он приедет?", "ru", False, False),
        ("Bye now.", "en", True, True),
        ("No, that is all.", "en", False, True),
        ("Thanks, but when?", "en", False, False),
        ("祝 您 生 活 愉 快", "zh", True, True),
        ("谢 谢 你", "zh", False, True),
        ("我 要 投 诉 你", "zh", False, False),
    ],
)
def test_how_a_call_comes_to_its_end(text: str, language: str, parting: bool, ending: bool) -> None:
    assert (parts(text.split(), language), lets_end(text.split(), language)) == (parting, ending)


@pytest.mark.parametrize(
    ("text", "language"), [("Всё, я кладу трубку.", "ru"), ("I am ending this call.", "en"), ("我 挂 了。", "zh")]
)
def test_who_hangs_up_may_say_so(text: str, language: str) -> None:
    assert announces_hanging_up(text.split(), language)
    assert not announces_hanging_up(text.split()[:2], language)
