"""Small closed word and phrase lists by language.

References
----------
Lists compiled from the turn-taking literature and open call-quality projects; a tenant's own phrases belong in the policy.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

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
        *("я", "мне", "меня", "мной", "мой", "моя", "моё", "мою", "моего", "моему", "моим"),
        *("проверяю", "уточняю", "смотрю", "ищу", "вижу", "нашёл", "нашла", "проверил", "проверила", "уточнил", "уточнила"),
    ),
    "en": ("i", "i'm", "i've", "i'll", "i'd", "me", "my"),
    "zh": ("我",),
}
"""Words in which one speaks of oneself, by ISO 639-1 code."""
OF_WAITING: dict[str, tuple[str, ...]] = {
    "ru": ("жд", "ожид", "подожд", "дожд", "минут", "секунд", "ещё", "еще", "момент"),
    "en": ("wait", "hold", "minute", "moment", "second", "still", "bear", "patien"),
    "zh": ("等", "稍", "还"),
}
"""How words begin that an agent says who looks in on a customer on hold, by ISO 639-1 code; of Chinese, the characters."""
_NOT_OF_ONESELF: dict[str, tuple[str, ...]] = {"zh": ("我们",)}

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
    return _holds_phrase(words, WAIT_ANNOUNCEMENTS, language, but=NOT_WAITS)


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
    mark = _SENTENCE_END.search(words[-1]) if words else None
    if mark is not None:
        return mark.group(1) in "?？" or _holds_phrase(last_sentence(words), REQUESTS_TO_SAY, language)
    return _holds_phrase(last_sentence(words)[-LAST_WORDS:], REQUESTS_FOR_ANSWER, language)


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
    if _holds_phrase(words, HOLD_REQUESTS, language) or _holds_phrase(plain, HOLD_REQUESTS, language):
        return True
    return announces_wait(words, language) and any(_asks_consent(sentence, language) for sentence in _sentences(words))


def thanks_for_waiting(words: Sequence[str], language: str | None) -> bool:
    """Whether somebody is thanked for having waited ("спасибо за ожидание", "thanks for holding", "让您久等了").

    Parameters
    ----------
    words
        The utterance, as recognised.
    language
        ISO 639-1 code. Unknown: the phrases of all languages count.
    """
    return _holds_phrase(words, THANKS_FOR_WAITING, language)


def plays_recording(words: Sequence[str], language: str | None) -> bool:
    """Whether what is said is played from a tape to who waits ("ваш звонок очень важен для нас", "all our agents are busy").

    Parameters
    ----------
    words
        A stretch of speech, as recognised.
    language
        ISO 639-1 code. Unknown: the phrases of all languages count.
    """
    return _holds_phrase(words, HOLD_RECORDINGS, language)


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
    for code in [language] if language in OF_WAITING else OF_WAITING:
        found = any(part in "".join(said) for part in OF_WAITING[code]) if code == "zh" else False
        if found or any(word.startswith(OF_WAITING[code]) for word in said if code != "zh"):
            return True
    return False


def speaks_of_oneself(words: Sequence[str], language: str | None) -> bool:
    """Whether somebody says "I", as people do and recordings of a company hardly ever ("я проверяю", "my colleague", "我在查").

    Parameters
    ----------
    words
        A stretch of speech, as recognised.
    language
        ISO 639-1 code. Unknown: the words of all languages count.
    """
    return _holds_phrase(words, OF_ONESELF, language, but=_NOT_OF_ONESELF)


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
    if _holds_phrase(words, WILL_WAIT, language):
        return True
    codes = [language] if language in CONSENTS else list(CONSENTS)
    return any(
        "".join(said).startswith(tuple(CONSENTS["zh"])) if code == "zh" else bool(CONSENTS[code].intersection(said[:2]))
        for code in codes
    )


def parts(words: Sequence[str], language: str | None) -> bool:
    """Whether somebody says goodbye ("до свидания", "have a nice day", "再见").

    Parameters
    ----------
    words
        The utterance, as recognised.
    language
        ISO 639-1 code. Unknown: the phrases of all languages count.
    """
    return _holds_phrase(words, FAREWELLS, language)


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
    return _holds_phrase(words, CLOSING_WORDS, language) and not asks_for_answer(words, language)


def announces_hanging_up(words: Sequence[str], language: str | None) -> bool:
    """Whether somebody says that he ends the call now ("я кладу трубку", "I'm ending this call", "我挂了").

    Parameters
    ----------
    words
        The utterance, as recognised.
    language
        ISO 639-1 code. Unknown: the phrases of all languages count.
    """
    return _holds_phrase(words, HANGING_UP, language)


def instructs(words: Sequence[str], language: str | None) -> bool:
    """Whether somebody is asked to do something: "перезагрузите роутер", "please unplug it", "请把电源拔下来".

    Parameters
    ----------
    words
        The sentence, as recognised.
    language
        ISO 639-1 code. Unknown: the phrases of all languages count.
    """
    return _holds_phrase(words, INSTRUCTIONS, language)


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


def last_sentence(words: Sequence[str]) -> Sequence[str]:
    """Words after the last closing mark but the one at the very end; all of them where none is written."""
    for index in range(len(words) - 1, 0, -1):
        if _SENTENCE_END.search(words[index - 1]):
            return words[index:]
    return words


def _asks_consent(sentence: Sequence[str], language: str | None) -> bool:
    """Whether a sentence asks whether the other agrees, by its mark, if it has one, and its form."""
    mark = _SENTENCE_END.search(sentence[-1])
    if mark is not None and mark.group(1) not in "?？":
        return False
    said = [word for word in map(bare, sentence) if word]
    codes = [language] if language in _CONSENT_QUESTION else list(_CONSENT_QUESTION)
    return any(_CONSENT_QUESTION[code].search(("" if code == "zh" else " ").join(said)) for code in codes)


def _sentences(words: Sequence[str]) -> list[Sequence[str]]:
    """Words cut after closing marks."""
    ends = [index + 1 for index, word in enumerate(words[:-1]) if _SENTENCE_END.search(word)]
    return [words[start:end] for start, end in pairwise([0, *ends, len(words)])] if words else []


def _holds_phrase(
    words: Sequence[str],
    phrases: dict[str, tuple[str, ...]],
    language: str | None,
    *,
    but: dict[str, tuple[str, ...]] | None = None,
) -> bool:
    """Whether one of the phrases stands in what is said, those of ``but`` taken out of it first."""
    said = [word for word in map(bare, words) if word]
    texts = {code: "".join(said) if code == "zh" else f" {' '.join(said)} " for code in phrases}
    for code, phrase in ((code, phrase) for code, listed in (but or {}).items() for phrase in listed):
        texts[code] = texts[code].replace(phrase, "|")
    return any(
        (phrase if code == "zh" else f" {phrase} ") in texts[code]
        for code in ([language] if language in phrases else phrases)
        for phrase in phrases[code]
    )
