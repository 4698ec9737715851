"""Diminutives: "звоночек", "секундочка", "договорчик", "быстренько". Russian. Pure.

Definition
----------
A noun is one when its dictionary form ends in a diminutive suffix and what is left is, with the ending that the suffix took
away, a noun of the dictionary of the same kind (animate or not): "договорчик" of "договор", "справочка" of "справка". Whether
the dictionary has the diminutive itself plays no part. Adjectives and adverbs in -еньк- and -оньк- are.

Edge cases
----------
- Words that have a suffix and a meaning of their own are none: карточка, ручка, точка, лампочка, галочка, звёздочка, счётчик,
  датчик, звонок, листок. They stand in ``NO_DIMINUTIVES``.
- The suffix -к(а) makes more of other words than of diminutives: those that it makes are listed ("минутка").
- "Девочка" and "бабушка" name people: of animate nouns none is told.

References
----------
golden-10. Švedova (ed.), Russian Grammar (1980), §§ 390–430, on suffixes of subjective appraisal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from postcall.language.morphology import is_known, readings_of
from postcall.language.tokens import Token

_SUFFIXES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("оночек", ("онок",)),
    ("очек", ("ок", "")),
    ("ечек", ("ек", "ень", "")),
    ("ушек", ("",)),
    ("очка", ("а", "ка", "я")),
    ("ечка", ("а", "ка", "я", "йка", "ька", "ь")),
    ("ичка", ("ица",)),
    ("ечко", ("о", "е", "ко", "я")),
    ("очко", ("о", "ко")),
    ("ышко", ("о", "це")),
    ("ушко", ("о", "ое", "е")),
    ("ушка", ("а", "ь")),
    ("юшка", ("я", "ь")),
    ("ьице", ("ье", "ие")),
    ("цо", ("о",)),
    ("чик", ("", "ец")),
    ("ик", ("",)),
    ("ок", ("",)),
    ("ек", ("ь", "й", "")),
)
"""Suffix with ending -> endings of what it may be made of; the longest first."""
_SHORTEST_STEM = 3
_LISTED = frozenset(
    (
        "минутка секундка неделька денежка бумажка денек часок разок чаек приветик приветики приветики спасибочки "
        "спасибки сейчасик щасик немножечко чуточку ладненько пасибки рублик баланчик письмецо циферка цифирка курьерчик "
        "мастерок коротенько"
    ).split()
)
NO_DIMINUTIVES = frozenset(
    (
        # of paper, money and screens
        "карточка точка строчка галочка звездочка стрелочка крестик значок листок кавычка скобочка табличка страничка корочка "
        "цепочка ленточка метка сетка рамочка папочка иконка картинка кнопка ссылка вкладка закладка плашка кусочек отрывок "
        "ярлычок "
        # of technology
        "лампочка счетчик датчик передатчик загрузчик ролик пластик шарик столик кубик коврик чайник ящик колесико ручка "
        "трубка "
        "розетка вилка флешка батарейка электричка колодочка решеточка винтик болтик ползунок глазок молоток станок движок "
        "кружок "
        # sounds, plants, body, food
        "звонок щелчок звоночник цветок росток носок белок желток порошок песок платок мешок виток каток исток поток восток "
        "сток "
        "почка бочка дочка кочка ночка печка речка свечка сорочка сосочка бабочка девочка белочка косточка мочка заначка пачка "
        "тачка спичка птичка кличка привычка отмычка перемычка затычка яичко очко сердечко блинчик кончик колокольчик мячик "
        "домик "
        "дождик ножик ключик бычок пучок клочок скачок толчок рычажок подушка игрушка ловушка катушка вертушка хлопушка опушка "
        "верхушка макушка кормушка раскладушка погремушка ракушка избушка бабушка дедушка девушка тетушка старушка лягушка "
        "кукушка полушка пушка мушка сушка ушко ушко молочко брюшко яблочко стеклышко перышко гнездышко крылечко кольцо лицо "
        "крыльцо мясцо винцо лавочка палочка полочка марочка ниточка дымка аптечка тумбочка форточка булочка шапочка косичка "
        "частичка частушка чайка крылышко орешек горошек грибок пирожок рожок колобок волчок пупок зрачок висок зубок пятачок "
        # made by -ок and -ик long ago
        "кубок кусок график городок обломок огонек кошелек уголок отрезок полок упадок крючок хлопок пушок клинок мостик конек "
        "свисток зонтик садик гудок парик лифчик титаник набросок клубок столбик островок дворик комок шнурок животик пузырек "
        "котелок снежок артек поводок лоток пинок обрывок бутик голик лучик челнок капок соник флажок автоответчик голосок"
    ).split()
)
"""Words with a diminutive suffix that have a meaning of their own."""
_NO_DIMINUTIVE_ADJECTIVES = frozenset("маленький хорошенький малюсенький".split())
_NO_DIMINUTIVE_ADVERBS = frozenset("хорошенько потихоньку тихонько легонько помаленьку частенько маленько давненько".split())


def diminutives(tokens: Sequence[Token], language: str) -> list[int]:
    """Indices of tokens that are diminutives; empty in other languages than Russian."""
    return [at for at, token in enumerate(tokens) if is_diminutive(token.form)] if language == "ru" else []


@lru_cache(maxsize=50_000)
def is_diminutive(form: str) -> bool:
    """Whether a normalised Russian word is a diminutive.

    Examples
    --------
    >>> [is_diminutive(form) for form in ("звоночек", "секундочку", "договорчика", "карточку", "бабочка", "счетчик")]
    [True, True, True, False, False, False]
    """
    readings = readings_of(form)
    lemmas = {lemma for lemma, _ in readings}
    if form in _LISTED or lemmas & _LISTED:
        return True
    if lemmas & NO_DIMINUTIVES:
        return False
    lemma, features = readings[0]
    if features & {"ADJF", "ADJS"}:
        return lemma.endswith(("енький", "онький")) and lemma not in _NO_DIMINUTIVE_ADJECTIVES
    if features & {"ADVB", "COMP"} or not is_known(form, "ru"):
        is_adverb = form.endswith(("енько", "онько", "охонько", "ошенько"))
        if is_adverb and form not in _NO_DIMINUTIVE_ADVERBS:
            return True
    return any(_is_made_of_noun(lemma, features) for lemma, features in _nouns(form))


def _nouns(form: str) -> Iterator[tuple[str, frozenset[str]]]:
    """Readings that may be a diminutive noun: the likeliest, or, of a word that no dictionary has, all that end in a suffix."""
    readings = readings_of(form)
    if is_known(form, "ru"):
        readings = readings[:1]
    for lemma, features in readings:
        # An unknown word in -чик is guessed to be a name or a person.
        if "NOUN" in features and ("anim" not in features or not is_known(form, "ru")):
            yield lemma, features


def _is_made_of_noun(lemma: str, features: frozenset[str]) -> bool:
    for suffix, endings in _SUFFIXES:
        if lemma.endswith(suffix) and len(lemma) - len(suffix) >= _SHORTEST_STEM:
            stem = lemma.removesuffix(suffix)
            if any(_is_thing(base) for stem in _stems(stem) for base in (stem + ending for ending in endings)):
                return True
    return False


def _stems(stem: str) -> Iterator[str]:
    """A stem as it is, and as it was before its last consonant softened: кружочек of круг, копеечка of копейка."""
    yield stem
    softened = {"ж": "г", "ч": "к", "ш": "х"}.get(stem[-1])
    if softened is not None:
        yield stem[:-1] + softened
    if stem.endswith("е"):
        yield stem[:-1] + "й"


def _is_thing(base: str) -> bool:
    """Whether a word is the dictionary form of an inanimate noun."""
    return is_known(base, "ru") and any(
        lemma == base and {"NOUN", "inan"} <= features and not features & {"Name", "Surn", "Abbr", "Geox"}
        for lemma, features in readings_of(base)
    )
