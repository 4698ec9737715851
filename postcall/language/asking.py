"""Asking somebody for an answer, or to do something: phrases by language, and whether they are said.

References
----------
Lists compiled from the turn-taking literature and open call-quality projects; a tenant's own phrases belong in the policy.
"""

from __future__ import annotations

from collections.abc import Sequence

from postcall.language.lexicon import SENTENCE_END, holds_phrase, last_sentence

REQUESTS_FOR_ANSWER: dict[str, tuple[str, ...]] = {
    "ru": (
        "какой",
        "какая",
        "какое",
        "какие",
        "какую",
        "какого",
        "сколько",
        "почему",
        "зачем",
        "чем могу",
        "чем я могу",
        "что именно",
        "подскажите",
        "назовите",
        "продиктуйте",
        "уточните пожалуйста",
        "могли бы",
        "вы можете",
        "хотите",
        "желаете",
        "согласны",
        "верно",
        "правильно",
        "ли",
    ),
    "en": (
        "can you",
        "can i",
        "could you",
        "could i",
        "would you",
        "will you",
        "do you",
        "did you",
        "have you",
        "are you",
        "is that",
        "is there",
        "is this",
        "may i",
        "what is",
        "what's",
        "what was",
        "what kind",
        "which",
        "how many",
        "how much",
        "please tell me",
        "please spell",
    ),
    "zh": ("吗", "什么", "多少", "哪", "怎么", "是不是", "有没有", "请问", "请提供", "请告诉", "请说"),
}
"""Interrogative forms and requests to say something, bare, by ISO 639-1 code: for engines that write no question marks."""

INSTRUCTIONS: dict[str, tuple[str, ...]] = {
    "ru": (
        "перезагрузите",
        "перезапустите",
        "включите",
        "выключите",
        "отключите",
        "подключите",
        "отсоедините",
        "проверьте",
        "попробуйте",
        "нажмите",
        "зайдите",
        "войдите",
        "откройте",
        "закройте",
        "введите",
        "наберите",
        "посмотрите",
        "найдите",
        "вытащите",
        "выньте",
        "вставьте",
        "переверните",
        "достаньте",
        "возьмите",
        "запишите",
        "записывайте",
    ),
    "en": (
        "please restart",
        "please switch",
        "please turn",
        "please unplug",
        "please plug",
        "please press",
        "please open",
        "please click",
        "please enter",
        "please check",
        "please try",
        "please look",
        "unplug the",
        "restart the",
        "restart your",
        "switch it off",
        "turn it off",
        "go to the",
        "try to",
        "write down",
        "have it ready",
    ),
    "zh": (
        "请您把",
        "请把",
        "麻烦您",
        "您先把",
        "重启",
        "关掉电源",
        "打开电源",
        "拔下来",
        "插上去",
        "请您记",
        "记一下",
        "试一下",
    ),
}
"""Phrases by which somebody is asked to do something, bare, by ISO 639-1 code."""

REQUESTS_TO_SAY: dict[str, tuple[str, ...]] = {
    "ru": (
        "назовите",
        "продиктуйте",
        "повторите",
        "скажите",
        "подскажите",
        "сообщите",
        "уточните",
    ),
    "en": (
        "please read",
        "please tell",
        "please give me",
        "please spell",
        "please repeat",
        "please say",
        "please confirm",
        "read me",
        "tell me your",
        "tell me the",
        "tell me what",
        "give me your",
        "give me the",
    ),
    "zh": ("请您提供", "请提供", "请您说", "请说", "请您报", "请告诉", "报一下", "说一下", "请重复", "重复一下"),
}
"""Phrases by which somebody is asked to say something, whatever mark closes the sentence; bare, by ISO 639-1 code."""

LAST_WORDS = 12
"""How far back from its end an utterance without punctuation is searched for a question, in words."""


def asks_for_answer(words: Sequence[str], language: str | None) -> bool:
    """Whether an utterance ends by asking the other for an answer.

    A question mark decides, or a request to say something in the last sentence; where no mark closes it, also an interrogative
    form among the last words.

    Parameters
    ----------
    words
        The utterance, as recognised.
    language
        ISO 639-1 code. Unknown: the forms of all languages count.
    """
    mark = SENTENCE_END.search(words[-1]) if words else None
    if mark is not None:
        return mark.group(1) in "?？" or holds_phrase(last_sentence(words), REQUESTS_TO_SAY, language)
    return holds_phrase(last_sentence(words)[-LAST_WORDS:], REQUESTS_FOR_ANSWER, language)


def instructs(words: Sequence[str], language: str | None) -> bool:
    """Whether somebody is asked to do something: "перезагрузите роутер", "please unplug it", "请把电源拔下来".

    Parameters
    ----------
    words
        The sentence, as recognised.
    language
        ISO 639-1 code. Unknown: the phrases of all languages count.
    """
    return holds_phrase(words, INSTRUCTIONS, language)
