"""Talk about waiting: searches announced, patience asked for and thanked for, consent given, times stated.

References
----------
Lists compiled from the turn-taking literature and open call-quality projects; a tenant's own phrases belong in the policy.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from postcall.language.lexicon import SENTENCE_END, bare, holds_phrase, sentences

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
    "zh": (
        "稍等",
        "稍候",
        "等一下",
        "等一会",
        "等我",
        "查一下",
        "看一下",
        "看一眼",
        "我看看",
        "去看看",
        "查询一下",
        "核实一下",
        "为您查询",
        "不要挂机",
        "别挂",
    ),
}
"""Phrases with which an agent announces a search or asks for patience, bare (see `bare`), by ISO 639-1 code."""

NOT_WAITS: dict[str, tuple[str, ...]] = {
    "ru": ("есть секундочку", "есть минутку", "уделите минутку", "уделить минутку", "уделите минуточку"),
    "en": (
        "got a minute",
        "got a moment",
        "got a second",
        "have a minute",
        "have a moment",
        "have a second",
        "spare a minute",
        "spare a moment",
        "take a minute of",
    ),
    "zh": ("有空看一下",),
}
"""Phrases that hold an announcement of waiting and are none, bare, by ISO 639-1 code."""

HOLD_REQUESTS: dict[str, tuple[str, ...]] = {
    "ru": (
        "оставайтесь на линии",
        "останьтесь на линии",
        "побудьте на линии",
        "подождать на линии",
        "подождите на линии",
        "ожидайте на линии",
        "ждите на линии",
        "повисите на линии",
        "на удержание",
        "на удержании",
        "можете подождать",
        "могли бы подождать",
        "могли бы вы подождать",
        "сможете подождать",
        "готовы подождать",
        "придется подождать",
        "не кладите трубку",
        "не вешайте трубку",
        "переключаю",
        "переключу",
        "соединяю",
        "соединю",
        "переведу вас",
        "перевожу вас",
        "переведу звонок",
        "перевожу звонок",
    ),
    "en": (
        "on hold",
        "brief hold",
        "please hold",
        "hold the line",
        "hold for a",
        "hold for one",
        "can you hold",
        "could you hold",
        "would you hold",
        "mind holding",
        "stay on the line",
        "remain on the line",
        "can you wait",
        "could you wait",
        "would you wait",
        "mind waiting",
        "put you through",
        "putting you through",
        "transfer you",
        "transferring you",
        "transfer your call",
        "connect you",
        "connecting you",
    ),
    "zh": ("在线等", "线上稍等", "线上等", "不要挂", "别挂", "保持通话", "为您转接", "帮您转接", "给您转接", "转接到"),
}
"""Phrases with which an agent asks the customer to wait without him, or hands him on: bare, without courtesies."""

THANKS_FOR_WAITING: dict[str, tuple[str, ...]] = {
    "ru": (
        "за ожидание",
        "за длительное ожидание",
        "за долгое ожидание",
        "за ваше ожидание",
        "за терпение",
        "за ваше терпение",
        "что подождали",
        "что дождались",
        "что ожидали",
        "что ждали",
        "что остались на линии",
        "что остаетесь на линии",
        "что заставил ждать",
        "что заставила ждать",
        "что задержал",
        "что задержала",
    ),
    "en": (
        "for waiting",
        "for holding",
        "for your patience",
        "for being patient",
        "for bearing with",
        "for staying on the line",
        "your patience",
        "you waiting",
        "you on hold",
        "for the wait",
        "about the wait",
        "about that wait",
        "for the delay",
    ),
    "zh": ("久等", "您的等待", "你的等待", "耐心等待", "耐心等候", "您的等候", "您的耐心"),
}
"""Phrases with which an agent comes back to a customer who waited, bare, by ISO 639-1 code."""

CONSENTS: dict[str, frozenset[str]] = {
    "ru": frozenset(
        "да ага угу хорошо ладно конечно давайте ок окей подожду жду согласен согласна пожалуйста можно могу".split()
    ),
    "en": frozenset("yes yeah yep sure okay ok alright fine certainly absolutely please mhm".split()),
    "zh": frozenset("可以 好 好的 行 没问题 嗯 是 是的 您查吧 没事".split()),
}
"""Words that begin an answer of who agrees to wait; in Chinese the beginnings of its text."""

WILL_WAIT: dict[str, tuple[str, ...]] = {
    "ru": ("подожду", "подождем", "жду", "переключайте", "соединяйте"),
    "en": (
        "will wait",
        "i'll wait",
        "can wait",
        "will hold",
        "i'll hold",
        "can hold",
        "no problem",
        "go ahead",
        "that's fine",
        "it's fine",
        "put me through",
    ),
    "zh": ("我等", "等吧", "没关系", "你查吧", "您查吧", "转吧"),
}
"""Phrases of who agrees to wait, bare, by ISO 639-1 code."""

_COURTESIES = frozenset("пожалуйста please прошу".split())
"""Words that may stand between those of a phrase."""

_CONSENT_QUESTION: dict[str, re.Pattern[str]] = {
    "ru": re.compile(r"(хорошо|согласны|удобно|не против|ладно|можете|могли бы|устроит)$"),
    "en": re.compile(r"\b(okay|ok|all right|alright)( with you| for you)?$|\b(can|could|would|do) you\b"),
    "zh": re.compile(r"(可以|好|行|方便)吗|好不好|可不可以"),
}
"""How a sentence reads that asks whether the other agrees."""

_TIMES: dict[str, re.Pattern[str]] = {
    "ru": re.compile(
        r"\bне (более|больше|дольше) (\w+ )?(минут|секунд|час)|\bполминуты|\bминут (пять|десять|две|три)\b|"
        r"\b(займет|потребуется|понадобится|нужн[аоы]|около|примерно|порядка|буквально|в течение|через|до|пару|несколько|"
        r"две|три|четыре|пять|десять|двух|трех|пяти|десяти|\d+)( \w+){0,2} (минут|секунд|час)"
    ),
    "en": re.compile(
        r"\b(about|around|up to|within|another|couple of|few|two|three|four|five|ten|thirty|sixty|\d+)( more)? (a |an |one )?"
        r"(minute|second|hour)|\btakes? (about |around |me |only |just )*(a|one|half a) (minute|hour)|"
        r"\b(minute|second) or two\b|\bno (more|longer) than"
    ),
    "zh": re.compile(r"[一二两三四五六七八九十几半\d]+个?(分钟|秒|小时)"),
}
"""Forms of a length of time."""


def announces_wait(words: Sequence[str], language: str | None) -> bool:
    """Whether an utterance announces a search or asks for patience ("bear with me", "одну минуту", "请稍等").

    Parameters
    ----------
    words
        The utterance, as recognised.
    language
        ISO 639-1 code. Unknown: the phrases of all languages count.
    """
    return holds_phrase(words, WAIT_ANNOUNCEMENTS, language, but=NOT_WAITS)


def asks_to_hold(words: Sequence[str], language: str | None) -> bool:
    """Whether an agent asks the customer to wait without him, or hands him on: "оставайтесь, пожалуйста, на линии".

    More than `announces_wait`: "let me check" or "one moment" announces a search, with the agent still there. A request for
    patience that asks for consent counts ("请您稍等，可以吗？"). Courtesies between the words of a phrase do not matter.

    Parameters
    ----------
    words
        The utterance, as recognised.
    language
        ISO 639-1 code. Unknown: the phrases of all languages count.
    """
    plain = [word for word in words if bare(word) not in _COURTESIES]
    if holds_phrase(words, HOLD_REQUESTS, language) or holds_phrase(plain, HOLD_REQUESTS, language):
        return True
    return announces_wait(words, language) and any(_asks_consent(sentence, language) for sentence in sentences(words))


def thanks_for_waiting(words: Sequence[str], language: str | None) -> bool:
    """Whether somebody is thanked for having waited ("спасибо за ожидание", "thanks for holding", "让您久等了").

    Parameters
    ----------
    words
        The utterance, as recognised.
    language
        ISO 639-1 code. Unknown: the phrases of all languages count.
    """
    return holds_phrase(words, THANKS_FOR_WAITING, language)


def consents(words: Sequence[str], language: str | None) -> bool:
    """Whether an answer begins by agreeing ("да, конечно", "sure", "可以"), or says that one will wait.

    Parameters
    ----------
    words
        The answer, as recognised; empty gives False.
    language
        ISO 639-1 code. Unknown: the words of all languages count.
    """
    said = [word for word in map(bare, words) if word]
    if not said:
        return False
    if holds_phrase(words, WILL_WAIT, language):
        return True
    codes = [language] if language in CONSENTS else list(CONSENTS)
    return any(
        "".join(said).startswith(tuple(CONSENTS["zh"])) if code == "zh" else bool(CONSENTS[code].intersection(said[:2]))
        for code in codes
    )


def states_time(words: Sequence[str], language: str | None) -> bool:
    """Whether an utterance says how long something takes: "не более двух минут", "a couple of minutes", "大概需要一分钟".

    "One moment" and "одну минуту" alone ask for patience and promise nothing.

    Parameters
    ----------
    words
        The utterance, as recognised.
    language
        ISO 639-1 code. Unknown: the forms of all languages count.
    """
    said = [word for word in map(bare, words) if word]
    spaced, joined = " ".join(said), "".join(said)
    codes = [language] if language in _TIMES else list(_TIMES)
    return any(_TIMES[code].search(joined if code == "zh" else spaced) for code in codes)


def _asks_consent(sentence: Sequence[str], language: str | None) -> bool:
    """Whether a sentence asks whether the other agrees, by its mark, if it has one, and its form."""
    mark = SENTENCE_END.search(sentence[-1])
    if mark is not None and mark.group(1) not in "?？":
        return False
    said = [word for word in map(bare, sentence) if word]
    codes = [language] if language in _CONSENT_QUESTION else list(_CONSENT_QUESTION)
    return any(_CONSENT_QUESTION[code].search(("" if code == "zh" else " ").join(said)) for code in codes)
