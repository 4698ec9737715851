"""How the other is addressed: as ты or вы, as 你 or 您. Pure.

Definition
----------
familiar, Russian
    Forms of ты and твой; verbs of the second person singular ("понимаешь"); imperatives of the singular ("подожди", "извини").
familiar, Chinese
    你, but not in 你好 and not as 你们, which has no polite form.
polite
    Forms of вы and ваш; 您.

Edge cases
----------
- "Видишь ли", "понимаешь" and "слушай" address a person and count; sayings that address nobody do not: "что поделаешь", "ничего
  не скажешь", "дай бог".
- A spelling that may be another word counts when its likeliest reading is the verb: "лишь", "почти", "ключи", "мой" are none.
- A verb of the past tense does not tell. English does not either.

References
----------
rostelecom-13. Grammemes 2per, impr and excl of OpenCorpora.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from postcall.language.morphology import is_known, readings_of
from postcall.language.tokens import Token

TOLD_IN = frozenset(("ru", "zh"))
"""Languages in which forms of address are told apart."""

_THOU = frozenset(
    "ты тебя тебе тобой тобою твой твоя твое твои твоего твоей твоему твою твоим твоих твоими твоем твоею".split()
)
_YOU = frozenset("вы вас вам вами ваш ваша ваше ваши вашего вашей вашему вашу вашим ваших вашими вашем вашею".split())
_SAYINGS = tuple(
    tuple(words.split())
    for words in (
        "что поделаешь",
        "ничего не поделаешь",
        "ничего не скажешь",
        "ничего не попишешь",
        "не поймешь",
        "куда денешься",
        "никуда не денешься",
        "хочешь не хочешь",
        "как ни крути",
        "что ни говори",
        "не говори гоп",
        "дай бог",
        "не дай бог",
        "упаси бог",
        "сохрани бог",
        "поди знай",
        "не подумай",
        "хоть убей",
        "всего не упомнишь",
        "глазам не поверишь",
        "словами не опишешь",
    )
)
"""They speak of everybody, and to nobody."""
_NO_VERBS = frozenset("пошли нашли пришли перешли зашли свежей голубей мочи суши см ср".split())
"""Spellings of imperatives that the dictionary takes for likelier than they are."""
_VERBS = frozenset("поверь здравствуй слышь".split())
"""Those that it takes for less likely."""


def familiar(tokens: Sequence[Token], language: str) -> list[int]:
    """Indices of tokens that address somebody as ты or 你; empty where the language does not tell (`TOLD_IN`).

    Examples
    --------
    >>> from postcall.language.tokens import tokens
    >>> from postcall.spans import Span
    >>> from postcall.transcript import Word
    >>> said = [Word(Span(i * 300, i * 300 + 250), text) for i, text in enumerate("ну подожди я тебе говорю".split())]
    >>> familiar(tokens(said, "ru"), "ru")
    [1, 3]
    """
    if language == "zh":
        return [at for at, token in enumerate(tokens) if token.form == "你" and _form(tokens, at + 1) not in {"们", "好"}]
    if language != "ru":
        return []
    forms = [token.form for token in tokens]
    return [at for at, form in enumerate(forms) if is_thou(form) and not _is_in_saying(forms, at)]


def polite(tokens: Sequence[Token], language: str) -> list[int]:
    """Indices of tokens that address somebody as вы or 您."""
    if language == "zh":
        return [at for at, token in enumerate(tokens) if token.form == "您"]
    return [at for at, token in enumerate(tokens) if token.form in _YOU] if language == "ru" else []


@lru_cache(maxsize=50_000)
def is_thou(form: str) -> bool:
    """Whether a normalised Russian word addresses somebody as ты.

    Examples
    --------
    >>> [is_thou(form) for form in ("извини", "знаешь", "знаете", "лишь", "ключи")]
    [True, True, False, False, False]
    """
    if form in _THOU or form in _VERBS:
        return True
    if form in _NO_VERBS or not is_known(form, "ru"):
        return False
    features = readings_of(form)[0][1]
    return "VERB" in features and "sing" in features and ("2per" in features or {"impr", "excl"} <= features)


def _is_in_saying(forms: Sequence[str], at: int) -> bool:
    for saying in _SAYINGS:
        for offset, word in enumerate(saying):
            start = at - offset
            if word == forms[at] and start >= 0 and tuple(forms[start : start + len(saying)]) == saying:
                return True
    return False


def _form(tokens: Sequence[Token], at: int) -> str:
    return tokens[at].form if at < len(tokens) and not tokens[at - 1].ends_sentence else ""
