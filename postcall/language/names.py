"""Whether a word may be somebody's name. Pure.

Definition
----------
Russian: the dictionary reads it as a first name, surname or patronymic. English: a common first name, or a word with a capital
inside a sentence. Chinese: a common surname with one or two characters after it, or a surname with a title.

Edge cases
----------
"Вера", "Роман" and "Любовь" are names and words: only the place in a phrase ("меня зовут …") tells. So a name is asked for by
phrases, and never searched for in running text by this alone. Recognisers garble names: a Russian word that no dictionary has
may be one.

References
----------
OpenCorpora's grammemes Name, Surn, Patr (pymorphy3). The hundred commonest Chinese surnames.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from postcall.language.morphology import grammemes_of, is_known
from postcall.language.tokens import Token

_EN_FIRST = frozenset(
    (
        "james mary robert patricia john jennifer michael linda david elizabeth william barbara richard susan joseph jessica "
        "thomas sarah charles karen christopher lisa daniel nancy matthew betty anthony margaret mark sandra donald ashley "
        "steven kimberly paul emily andrew donna joshua michelle kenneth carol kevin amanda brian melissa george deborah "
        "edward stephanie ronald rebecca timothy laura jason helen jeffrey sharon ryan cynthia jacob kathleen gary amy "
        "nicholas angela eric anna jonathan emma stephen nicole larry samantha justin katherine scott christine brandon "
        "rachel frank carolyn raymond janet gregory maria samuel heather benjamin diane patrick julie jack olivia alice grace"
    ).split()
)
_EN_NO_NAME = frozenset(
    "i i'm i'll i've i'd ok okay mr mrs ms monday tuesday wednesday thursday friday saturday sunday".split()
)
_ZH_SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
)
_ZH_DIMINUTIVES = frozenset("小老阿")
_ZH_TITLES = ("先生", "女士", "小姐", "经理", "师傅", "老师", "主管")


def name_at(tokens: Sequence[Token], start: int, language: str) -> int | None:
    """Where a name that begins at a token ends; None when none begins there."""
    if start >= len(tokens):
        return None
    if language == "zh":
        return _chinese(tokens, start)
    token = tokens[start]
    if language == "ru":
        is_name = _is_russian_name(token.form)
    else:
        is_inside = start > 0 and not tokens[start - 1].ends_sentence
        is_name = token.form in _EN_FIRST or (
            is_inside and token.text[:1].isupper() and token.form.isalpha() and token.form not in _EN_NO_NAME
        )
    return start + 1 if is_name else None


def may_begin_name(form: str, language: str) -> bool:
    """Whether a name may begin with a word: quick, for most words of Russian and Chinese are none."""
    if language == "ru":
        return _is_russian_name(form)
    return language != "zh" or form in _ZH_SURNAMES or form in _ZH_DIMINUTIVES


@lru_cache(maxsize=50_000)
def _is_russian_name(form: str) -> bool:
    return any(features & {"Name", "Surn", "Patr"} for features in grammemes_of(form)) or (
        len(form) > 3 and form.isalpha() and not is_known(form, "ru")
    )


def _chinese(tokens: Sequence[Token], start: int) -> int | None:
    at = start + 1 if tokens[start].form in _ZH_DIMINUTIVES and start + 1 < len(tokens) else start
    if tokens[at].form not in _ZH_SURNAMES:
        return None
    after = "".join(token.form for token in tokens[at + 1 : at + 3])
    if after in _ZH_TITLES:
        return at + 3
    end = at + 1
    while end < len(tokens) and end - at < 3 and not tokens[end - 1].ends_sentence and len(tokens[end].form) == 1:
        end += 1
    return end if end > at + 1 or at > start else None
