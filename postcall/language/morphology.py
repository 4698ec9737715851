"""Dictionary forms of words.

Definition
----------
A word's lemmas are all dictionary forms that its spelling may be of, ё as е: "стали" is of "стать" and of "сталь". A phrase
matches a word when the two share a lemma, so no sense has to be chosen.

Edge cases
----------
A word that no dictionary has gets the lemma that its ending suggests (Russian) or itself. Chinese has no forms.

References
----------
pymorphy3 with OpenCorpora's dictionary (Russian), simplemma (English).
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any


@lru_cache(maxsize=200_000)
def lemmas_of(form: str, language: str) -> frozenset[str]:
    """Dictionary forms of a normalised word; itself where none are known.

    Examples
    --------
    >>> sorted(lemmas_of("могу", "ru")), sorted(lemmas_of("calls", "en"))
    (['мочь'], ['call'])
    """
    if language == "ru":
        return frozenset(lemma for lemma, _ in readings_of(form)) or frozenset((form,))
    if language == "en":
        return frozenset((_english(form),))
    return frozenset((form,))


@lru_cache(maxsize=200_000)
def grammemes_of(form: str) -> tuple[frozenset[str], ...]:
    """Grammatical features of a Russian word, the likeliest reading first, as OpenCorpora names them."""
    return tuple(features for _, features in readings_of(form))


@lru_cache(maxsize=200_000)
def readings_of(form: str) -> tuple[tuple[str, frozenset[str]], ...]:
    """Dictionary form and grammatical features of every reading of a Russian word, the likeliest first."""
    return tuple((parse.normal_form.replace("ё", "е"), _features(str(parse.tag))) for parse in _russian().parse(form))


@lru_cache(maxsize=20_000)
def _features(tag: str) -> frozenset[str]:
    return frozenset(tag.replace(" ", ",").split(","))


@lru_cache(maxsize=200_000)
def is_known(form: str, language: str) -> bool:
    """Whether a dictionary has the word."""
    if language == "ru":
        return bool(_russian().word_is_known(form))
    if language == "en":
        return bool(_simplemma().is_known(form, lang="en"))
    return True


@cache
def _russian() -> Any:
    # It takes a second to import and 15 MB: only calls in Russian pay for it.
    import pymorphy3  # noqa: PLC0415

    return pymorphy3.MorphAnalyzer(lang="ru")


@cache
def _simplemma() -> Any:
    import simplemma  # noqa: PLC0415

    return simplemma


def _english(form: str) -> str:
    return str(_simplemma().lemmatize(form, lang="en")).lower()
