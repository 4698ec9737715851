"""Ending a call: farewells, closing words and hanging up by language, and whether they are said.

References
----------
Lists compiled from the turn-taking literature and open call-quality projects; a tenant's own phrases belong in the policy.
"""

from __future__ import annotations

from collections.abc import Sequence

from postcall.language.asking import asks_for_answer
from postcall.language.lexicon import holds_phrase

FAREWELLS: dict[str, tuple[str, ...]] = {
    "ru": (
        "до свидания",
        "до свиданья",
        "всего доброго",
        "всего вам доброго",
        "всего хорошего",
        "всего вам хорошего",
        "всего наилучшего",
        "всего самого доброго",
        "всего вам самого доброго",
        "хорошего дня",
        "хорошего вам дня",
        "доброго дня вам",
        "удачного дня",
        "удачного вам дня",
        "приятного дня",
        "хорошего вечера",
        "хорошей дороги",
        "будьте здоровы",
        "до встречи",
        "пока",
        "спокойной ночи",
    ),
    "en": (
        "goodbye",
        "good bye",
        "bye",
        "bye-bye",
        "have a nice day",
        "have a good day",
        "have a great day",
        "have a lovely day",
        "have a nice evening",
        "have a good evening",
        "have a good one",
        "enjoy your evening",
        "enjoy your day",
        "take care",
        "all the best",
        "good night",
        "see you",
    ),
    "zh": ("再见", "拜拜", "祝您生活愉快", "祝您愉快", "生活愉快", "回见"),
}
"""Phrases of parting, bare, by ISO 639-1 code."""

CLOSING_WORDS: dict[str, tuple[str, ...]] = {
    "ru": (
        "спасибо",
        "благодарю",
        "буду ждать",
        "жду",
        "договорились",
        "это все",
        "больше ничего",
        "вопросов нет",
        "ладно",
        "понятно",
        "ясно",
    ),
    "en": (
        "thank you",
        "thanks",
        "that is all",
        "that's all",
        "that was all",
        "alright",
        "all right",
        "okay",
        "got it",
        "great",
        "perfect",
    ),
    "zh": ("谢谢", "好的", "好吧", "没有了", "没了", "就这样", "知道了", "明白了", "行"),
}
"""Phrases with which somebody lets a call come to its end without parting, bare, by ISO 639-1 code."""

HANGING_UP: dict[str, tuple[str, ...]] = {
    "ru": (
        "кладу трубку",
        "вешаю трубку",
        "положу трубку",
        "завершаю разговор",
        "завершаю звонок",
        "заканчиваю разговор",
        "прекращаю разговор",
        "разговор окончен",
    ),
    "en": (
        "i'm hanging up",
        "i am hanging up",
        "i'm ending this call",
        "i am ending this call",
        "i'm ending the call",
        "i am ending the call",
        "i'm terminating the call",
        "this conversation is over",
        "this call is over",
    ),
    "zh": ("我挂了", "我先挂了", "我挂电话", "结束通话", "挂断电话了"),
}
"""Phrases of who says that he ends the call now, bare, by ISO 639-1 code."""


def parts(words: Sequence[str], language: str | None) -> bool:
    """Whether somebody says goodbye ("до свидания", "have a nice day", "再见").

    Parameters
    ----------
    words
        The utterance, as recognised.
    language
        ISO 639-1 code. Unknown: the phrases of all languages count.
    """
    return holds_phrase(words, FAREWELLS, language)


def lets_end(words: Sequence[str], language: str | None) -> bool:
    """Whether somebody lets the call end: parts, thanks, or has nothing more to ask, and does not ask anything.

    Parameters
    ----------
    words
        The utterance, as recognised.
    language
        ISO 639-1 code. Unknown: the phrases of all languages count.
    """
    if parts(words, language):
        return True
    return holds_phrase(words, CLOSING_WORDS, language) and not asks_for_answer(words, language)


def announces_hanging_up(words: Sequence[str], language: str | None) -> bool:
    """Whether somebody says that he ends the call now ("я кладу трубку", "I'm ending this call", "我挂了").

    Parameters
    ----------
    words
        The utterance, as recognised.
    language
        ISO 639-1 code. Unknown: the phrases of all languages count.
    """
    return holds_phrase(words, HANGING_UP, language)
