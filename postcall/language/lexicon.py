"""Small closed word and phrase lists by language.

References
----------
Lists compiled from the turn-taking literature and open call-quality projects; a tenant's own phrases belong in the policy.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

LISTENER_WORDS: dict[str, frozenset[str]] = {
    "ru": frozenset(
        (
            "угу ага мгм м мм ммм да так ясно понятно понимаю хорошо ладно ну конечно точно верно именно вот понял поняла "
            "слышу окей ок"
        ).split()
    ),
    "en": frozenset(
        (
            "mm-hm mhm mm mmm uh-huh uhhuh huh yeah yep yes right okay ok sure i see got it oh ah alright understand "
            "understood exactly"
        ).split()
    ),
    "zh": frozenset(
        "嗯 哦 噢 啊 对 对的 是 是的 好 好的 行 可以 明白 我明白 理解 我理解 了解 知道 我知道 知道了 没错 这样啊 的 了".split()
    ),
}
"""Words with which a listener shows that he follows, by ISO 639-1 code."""

WAIT_ANNOUNCEMENTS: dict[str, tuple[str, ...]] = {
    "ru": (
        "одну минуту",
        "минуту пожалуйста",
        "минутку",
        "минуточку",
        "секунду",
        "секундочку",
        "один момент",
        "подождите",
        "подождать",
        "ожидайте",
        "оставайтесь",
        "побудьте на линии",
        "не кладите трубку",
        "не больше минуты",
        "не более минуты",
        "сейчас посмотрю",
        "сейчас проверю",
        "сейчас уточню",
        "я уточню",
        "я проверю",
        "я посмотрю",
    ),
    "en": (
        "one moment",
        "a moment",
        "one second",
        "a second",
        "one minute",
        "a minute",
        "bear with me",
        "let me check",
        "let me look",
        "let me see",
        "let me find",
        "let me verify",
        "let me pull",
        "i'll check",
        "i will check",
        "hold on",
        "hold the line",
        "please hold",
        "please wait",
        "brief hold",
    ),
    "zh": ("稍等", "稍候", "等一下", "等一会", "查一下", "看一下", "查询一下", "核实一下", "为您查询", "不要挂机"),
}
"""Phrases with which an agent announces a search or asks for patience, bare (see `bare`), by ISO 639-1 code."""

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

LAST_WORDS = 12
"""How far back from its end an utterance without punctuation is searched for a question, in words."""

_SENTENCE_END = re.compile(r"([.!?…。！？])[\"'»”」]*$")
_EDGES = re.compile(r"^[^\w]+|[^\w]+$")


def bare(word: str) -> str:
    """A word in lower case without punctuation at its edges; ``ё`` as ``е``, as recognisers write both."""
    return _EDGES.sub("", word).lower().replace("ё", "е")


def is_listener_remark(words: Sequence[str], language: str | None) -> bool:
    """Whether every word of a remark is a listener's word.

    Parameters
    ----------
    words
        The remark; empty gives False.
    language
        ISO 639-1 code. Unknown: the lists of all languages count.
    """
    lists = [LISTENER_WORDS[language]] if language in LISTENER_WORDS else list(LISTENER_WORDS.values())
    said = [word for word in map(bare, words) if word]
    if language == "zh":
        # Recognisers cut Chinese into characters or words as they like: what counts is the text.
        return bool(said) and _is_composed("".join(said), LISTENER_WORDS["zh"])
    return bool(said) and all(_is_one_of(word, lists) for word in said)


def _is_composed(text: str, known: frozenset[str]) -> bool:
    """Whether a text can be cut into known words."""
    reached = {0}
    for end in range(1, len(text) + 1):
        if any(start in reached and text[start:end] in known for start in range(max(0, end - 4), end)):
            reached.add(end)
    return len(text) in reached


def _is_one_of(word: str, lists: Sequence[frozenset[str]]) -> bool:
    """Whether a word, or each part of a doubled one ("да-да"), is in one of the lists."""
    return any(word in known or all(part in known for part in word.split("-")) for known in lists)


def announces_wait(words: Sequence[str], language: str | None) -> bool:
    """Whether an utterance announces a search or asks for patience ("bear with me", "одну минуту", "请稍等").

    Parameters
    ----------
    words
        The utterance, as recognised.
    language
        ISO 639-1 code. Unknown: the phrases of all languages count.
    """
    return _holds_phrase(words, WAIT_ANNOUNCEMENTS, language)


def asks_for_answer(words: Sequence[str], language: str | None) -> bool:
    """Whether an utterance ends by asking the other for an answer.

    A closing mark decides; without one, an interrogative form or request among the last words does.

    Parameters
    ----------
    words
        The utterance, as recognised.
    language
        ISO 639-1 code. Unknown: the forms of all languages count.
    """
    mark = _SENTENCE_END.search(words[-1]) if words else None
    if mark is not None:
        return mark.group(1) in "?？"
    return _holds_phrase(last_sentence(words)[-LAST_WORDS:], REQUESTS_FOR_ANSWER, language)


def last_sentence(words: Sequence[str]) -> Sequence[str]:
    """Words after the last closing mark but the one at the very end; all of them where none is written."""
    for index in range(len(words) - 1, 0, -1):
        if _SENTENCE_END.search(words[index - 1]):
            return words[index:]
    return words


def _holds_phrase(words: Sequence[str], phrases: dict[str, tuple[str, ...]], language: str | None) -> bool:
    said = [word for word in map(bare, words) if word]
    spaced, joined = f" {' '.join(said)} ", "".join(said)
    return any(
        phrase in joined if code == "zh" else f" {phrase} " in spaced
        for code in ([language] if language in phrases else phrases)
        for phrase in phrases[code]
    )
