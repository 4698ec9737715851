"""How near a word that was heard is to a word that is looked for: recognisers write what they hear, and what they expect. Pure.

Definition
----------
``likeness`` is 1 for the same word and falls with edits per letter: an edit that leaves the sound as it is (unstressed о and а,
е and и, a voiced consonant at the end or before another, double letters, silent letters) costs ``_SAME_SOUND``, others 1. Of
words shorter than ``SHORTEST`` letters only the same one is alike.

A word of the dictionary is alike only where it sounds the same ("магу" and "могу"): a recogniser that writes another word is
likelier to have heard that one. On everyday sentences in Russian this takes away nine of ten false alarms
(``benchmarks/phrases.py``).

In Chinese, characters of one syllable and tone are ``SAME_TONE`` alike, of one syllable ``SAME_SYLLABLE``, and of syllables
that dialects and lines confuse (zh z, ch c, sh s, n l, ing in, eng en, ang an) ``NEAR_SYLLABLE``.

References
----------
Levenshtein (1966); Russian vowel reduction and final devoicing; pypinyin for syllables.
"""

from __future__ import annotations

import re
from functools import lru_cache

from rapidfuzz.distance import Levenshtein

from postcall.language.morphology import is_known

SHORTEST = 4
LEAST_ALIKE = 0.74
SAME_TONE, SAME_SYLLABLE, NEAR_SYLLABLE = 0.92, 0.85, 0.75
_SAME_SOUND = 0.4

_RU_SPELLINGS = (
    (re.compile("ть?ся$"), "ца"),
    (re.compile("[ео]го$"), "ава"),
    (re.compile("[ьъ]"), ""),
    (re.compile("вств"), "ств"),
    (re.compile("стн"), "сн"),
    (re.compile("здн"), "зн"),
    (re.compile("лнц"), "нц"),
    (re.compile("[сз]ч"), "щ"),
    (re.compile("[тд]с"), "ц"),
)
_RU_VOICED = re.compile("[бвгджз](?=[бгджзпфктшсхцчщ]|$)")
_RU_VOICELESS = str.maketrans("бвгджз", "пфктшс")
_RU_VOWELS = str.maketrans("оэыея", "аииии")
_EN_SPELLINGS = (
    ("ph", "f"),
    ("ck", "k"),
    ("ee", "i"),
    ("ea", "i"),
    ("oo", "u"),
    ("ou", "u"),
    ("gh", ""),
    ("wh", "w"),
    ("kn", "n"),
)
_DOUBLED = re.compile(r"([^\Waeiouаеиоуыэюя\d_])\1+")
_EN_SOUNDS = str.maketrans("czqy", "kski", "h")
_EN_VOICED_ENDS = str.maketrans("dgbv", "tkpf")
_ZH_NEAR = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("l", "n"), ("ing", "in"), ("eng", "en"), ("ang", "an"))


@lru_cache(maxsize=100_000)
def sound_of(form: str, language: str) -> str:
    """A rough spelling of how a word sounds.

    Examples
    --------
    >>> sound_of("перезвоню", "ru") == sound_of("перизваню", "ru")
    True
    """
    if language == "ru":
        spelled = form
        for written_ru, sounds in _RU_SPELLINGS:
            spelled = written_ru.sub(sounds, spelled)
        spelled = _RU_VOICED.sub(lambda voiced: voiced[0].translate(_RU_VOICELESS), spelled).translate(_RU_VOWELS)
    elif language == "en":
        spelled = form
        for written, sounds in _EN_SPELLINGS:
            spelled = spelled.replace(written, sounds)
        spelled = spelled.translate(_EN_SOUNDS).rstrip("e")
        spelled = spelled[:-1] + spelled[-1:].translate(_EN_VOICED_ENDS)
    else:
        return form
    return _DOUBLED.sub(r"\1", spelled)


def most_edits(length: int) -> int:
    """How many letters of a word of a length may be wrong."""
    return 0 if length < SHORTEST else 1 if length <= 6 else 2 if length <= 10 else 3


@lru_cache(maxsize=500_000)
def likeness(heard: str, sought: str, language: str) -> float:
    """How alike two normalised words are, in [0, 1]; 0 for not at all.

    Examples
    --------
    >>> likeness("дабрый", "добрый", "ru") > 0.9, likeness("плохо", "тихо", "ru")
    (True, 0.0)
    """
    if heard == sought:
        return 1.0
    length = min(len(heard), len(sought))
    bound = most_edits(length)
    if bound == 0 or abs(len(heard) - len(sought)) > bound:
        return 0.0
    spelled = Levenshtein.distance(heard, sought, score_cutoff=2 * bound)
    sounded = Levenshtein.distance(sound_of(heard, language), sound_of(sought, language), score_cutoff=bound)
    if sounded > bound or spelled > 2 * bound or (sounded and is_known(heard, language)):
        return 0.0
    cost = sounded + _SAME_SOUND * max(0, spelled - sounded)
    score = 1 - cost / max(len(heard), len(sought))
    return score if score >= LEAST_ALIKE else 0.0


@lru_cache(maxsize=100_000)
def characters_alike(heard: str, sought: str) -> float:
    """How alike two Chinese characters sound, in [0, 1]; 0 for not at all."""
    if heard == sought:
        return 1.0
    if reading(heard) == reading(sought):
        return SAME_TONE
    if _syllables(heard) & _syllables(sought):
        return SAME_SYLLABLE
    return NEAR_SYLLABLE if blurred_syllables(heard) & blurred_syllables(sought) else 0.0


@lru_cache(maxsize=20_000)
def _syllables(character: str) -> frozenset[str]:
    """All syllables that a character may be read as, without tones."""
    from pypinyin import Style, pinyin  # noqa: PLC0415  # a second to import, for calls in Chinese alone

    return frozenset(pinyin(character, style=Style.NORMAL, heteronym=True)[0])


@lru_cache(maxsize=20_000)
def blurred_syllables(character: str) -> frozenset[str]:
    """All syllables that a character may be read as, those that dialects and lines confuse as one."""
    return frozenset(map(_blurred, _syllables(character)))


@lru_cache(maxsize=20_000)
def reading(character: str) -> str:
    """The syllable that a character is mostly read as, with its tone."""
    from pypinyin import Style, lazy_pinyin  # noqa: PLC0415

    return "".join(lazy_pinyin(character, style=Style.TONE3))


def _blurred(syllable: str) -> str:
    for clear, blurred in _ZH_NEAR:
        if syllable.startswith(clear) and clear in {"zh", "ch", "sh", "l"}:
            syllable = blurred + syllable.removeprefix(clear)
        elif syllable.endswith(clear):
            syllable = syllable.removesuffix(clear) + blurred
    return syllable
