"""What recordings say to who is on hold, and what only people say: phrases by language, and whether they are said.

References
----------
Lists compiled from the turn-taking literature and open call-quality projects; a tenant's own phrases belong in the policy.
"""

from __future__ import annotations

from collections.abc import Sequence

from postcall.language.lexicon import bare, holds_phrase

HOLD_RECORDINGS: dict[str, tuple[str, ...]] = {
    "ru": (
        "ваш звонок важен",
        "ваш звонок очень важен",
        "ваш звонок для нас важен",
        "ваш звонок для нас очень важен",
        "все операторы заняты",
        "все операторы сейчас заняты",
        "все специалисты заняты",
        "все специалисты сейчас заняты",
        "первый освободившийся",
        "первого освободившегося",
        "освободившийся оператор",
        "оператор ответит вам",
        "специалист ответит вам",
        "вам ответит первый",
        "ваш номер в очереди",
        "вы находитесь в очереди",
        "время ожидания составит",
        "примерное время ожидания",
        "ожидайте ответа",
        "как только освободится",
        "как только освободятся",
        "ваш вызов скоро",
        "ваш вызов будет",
        "ваш вызов принят",
        "ваш вызов поставлен",
        "ваш звонок поставлен",
        "ваш звонок принят",
        "ваш звонок будет",
        "ваше обращение важно",
        "ваше обращение очень важно",
        "ваша позиция в очереди",
        "вы в очереди",
        "перед вами в очереди",
        "очереди перед вами",
        "все линии заняты",
        "все линии сейчас заняты",
        "все наши операторы",
        "все наши специалисты",
        "все сотрудники заняты",
        "все сотрудники сейчас заняты",
        "все консультанты заняты",
        "все менеджеры заняты",
        "операторы заняты",
        "специалисты заняты",
        "первый свободный",
        "первый освободившейся",
        "свободный оператор",
        "свободный специалист",
        "ответит первый",
        "среднее время ожидания",
        "ориентировочное время ожидания",
        "время ожидания ответа",
        "время ожидания может",
        "вам обязательно ответят",
        "вам скоро ответят",
        "дождитесь ответа",
        "дождитесь соединения",
        "большое количество звонков",
        "большого количества звонков",
        "не кладите трубку",
        "знаете ли вы что",
        "воспользуйтесь нашим сайтом",
        "посетите наш сайт",
    ),
    "en": (
        "your call is important",
        "your call is very important",
        "your call will be answered",
        "agents are busy",
        "agents are currently busy",
        "operators are busy",
        "operators are currently busy",
        "representatives are busy",
        "representatives are currently busy",
        "next available agent",
        "next available representative",
        "next available operator",
        "next available advisor",
        "in the queue",
        "estimated waiting time",
        "estimated wait time",
        "stay on the line your call",
        "next available member",
        "in the order in which",
        "in the order they were received",
        "in the order it was received",
        "in line",
        "your place in",
        "you are caller number",
        "you are number",
        "callers ahead of you",
        "calls ahead of you",
        "we value your call",
        "we appreciate your call",
        "higher than normal call",
        "higher than usual call",
        "high call volume",
        "high call volumes",
        "high volume of calls",
        "experiencing high",
        "associates are busy",
        "advisors are busy",
        "specialists are busy",
        "currently assisting other",
        "helping other customers",
        "serving other customers",
        "assisting other customers",
        "with other customers",
        "next available associate",
        "next available specialist",
        "next available team member",
        "expected wait time",
        "expected waiting time",
        "average wait time",
        "visit our website",
        "visit us online",
    ),
    "zh": (
        "您的来电对我们很重要",
        "您的来电对我们非常重要",
        "座席忙",
        "坐席忙",
        "座席正忙",
        "坐席正忙",
        "座席全忙",
        "坐席全忙",
        "人工座席正在",
        "人工坐席正在",
        "请不要挂机",
        "您前面还有",
        "预计等待时间",
        "按顺序接听",
        "您排在第",
        "您的来电已",
        "您的电话已",
        "您的电话对我们",
        "座席繁忙",
        "坐席繁忙",
        "客服繁忙",
        "人工客服繁忙",
        "客服人员正忙",
        "客服代表正忙",
        "话务员正忙",
        "话务繁忙",
        "线路繁忙",
        "来电较多",
        "来电量较大",
        "依次接听",
        "依次为您",
        "排队等候",
        "正在排队",
        "当前排队",
        "前面还有",
        "请勿挂机",
        "为您转接空闲",
        "空闲的客服",
        "空闲座席",
        "空闲坐席",
        "登录我们的网站",
        "关注我们的微信",
        "微信公众号",
    ),
}
"""Phrases of recordings that are played to who waits, and that no agent says of himself, by ISO 639-1 code."""

OF_ONESELF: dict[str, tuple[str, ...]] = {
    "ru": (
        *("я", "мне", "меня", "мной", "мой", "моя", "мое", "мою", "моего", "моему", "моим"),
        *("проверяю", "уточняю", "смотрю", "ищу", "вижу", "нашел", "нашла", "проверил", "проверила", "уточнил", "уточнила"),
    ),
    "en": ("i", "i'm", "i've", "i'll", "i'd", "me", "my"),
    "zh": ("我",),
}
"""Words in which one speaks of oneself, by ISO 639-1 code."""

OF_WAITING: dict[str, tuple[str, ...]] = {
    "ru": ("жд", "ожид", "подожд", "дожд", "минут", "секунд", "еще", "момент"),
    "en": ("wait", "hold", "minute", "moment", "second", "still", "bear", "patien"),
    "zh": ("等", "稍", "还"),
}
"""How words begin that an agent says who looks in on a customer on hold, by ISO 639-1 code; of Chinese, the characters."""

_NOT_OF_ONESELF: dict[str, tuple[str, ...]] = {"zh": ("我们",)}


def plays_recording(words: Sequence[str], language: str | None) -> bool:
    """Whether what is said is played from a tape to who waits ("ваш звонок очень важен для нас", "all our agents are busy").

    Parameters
    ----------
    words
        A stretch of speech, as recognised.
    language
        ISO 639-1 code. Unknown: the phrases of all languages count.
    """
    return holds_phrase(words, HOLD_RECORDINGS, language)


def speaks_of_waiting(words: Sequence[str], language: str | None) -> bool:
    """Whether what is said has to do with waiting ("ещё минуту", "thanks for holding", "请稍等").

    Parameters
    ----------
    words
        A stretch of speech, as recognised.
    language
        ISO 639-1 code. Unknown: the words of all languages count.
    """
    said = [word for word in map(bare, words) if word]
    codes = [language] if language in OF_WAITING else list(OF_WAITING)
    return any(
        any(part in "".join(said) for part in OF_WAITING[code])
        if code == "zh"
        else any(word.startswith(OF_WAITING[code]) for word in said)
        for code in codes
    )


def speaks_of_oneself(words: Sequence[str], language: str | None) -> bool:
    """Whether somebody says "I", as people do and recordings of a company hardly ever ("я проверяю", "my colleague", "我在查").

    Parameters
    ----------
    words
        A stretch of speech, as recognised.
    language
        ISO 639-1 code. Unknown: the words of all languages count.
    """
    return holds_phrase(words, OF_ONESELF, language, but=_NOT_OF_ONESELF)
