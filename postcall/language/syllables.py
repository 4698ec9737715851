from __future__ import annotations

import re
import unicodedata

COUNTED_LANGUAGES = ("ru", "en", "zh")

_RUN = re.compile(r"[\u3007\u3400-\u9fff\uf900-\ufaff]+|[а-яё]+|[a-z]+(?:'[a-z]+)*|[^\W_]")
_RUSSIAN_VOWEL = re.compile(r"[аеёиоуыэюя]")
_VOWELS = re.compile(r"[aeiouy]+")
_EXCEPTIONS = {
    word: count
    for count, words in {
        1: "ma'am mm hmm hm shh ms aren't weren't",
        2: "business maybe mr mrs dr tv pc mhm cafe people argue cashier soldier evening ok id uk hundred colonel",
        3: "recipe argument behavior usa atm",
    }.items()
    for word in words.split()
}

_RESPELLED = tuple(
    (re.compile(pattern, re.VERBOSE), by)
    for pattern, by in (
        (r"qu", "q"),
        (r"^every", "evry"),
        (r"^(any|evry) (?=.)", r"\1-"),
        (r"ically$", "icly"),
        (r"ism (?=s?$)", "isem"),
        (r"thm (?=s?$)", "them"),
        (
            r"""^(base|car|els|for|gam|her|hom|hous|lif|lik|lin|liv|lov|mor|mov|nam|not|phon|pric|saf|sid|som|spac|stor|ther|tim|trad
            |wher|whit|wir)e (?=[^aeiouy]+[aeiouy])""".replace("base","bas"),
            r"\1",
        ),
        (r"(?<=[^aeiou])e (?=(?:(?<!le)ments?|ful(?:ly)?|less(?:ly)?|ness|ly|ty)$)", ""),
    )
)
_HIATUS = re.compile(
    r"""
      (?<=[aeiouy])(?=ing)
    | (?<=[aeiou])y(?=[aeiou])
    | (?<=^i)(?=[ao]|et|en[ct]) | (?<=^[^aeiouy]i)(?=[aou]|et|en[ct]) | (?<=^[^aeiouy][^aeiouy]i)(?=[aou]|et|en[ct])
    | (?<=[^aeiouycglnqstx]i)(?<!shi)(?=[aou](?!ge))
    | (?<=i)(?=et(?:y|ies)$)
    | (?<=[^aeiouyclnst]i)(?=en[ct])
    | (?<=[ct]i)(?=at)
    | (?:(?<=[aeiouy][^aeiouy]i)|(?<=[aeiouy][^aeiouy][^aeiouy]i))(?=e(?:rs?|st)$)
    | (?<=cre)(?=at(?!ure)) | (?<=the)(?=at) | (?<=re)(?=act|ali[stz]) | (?<=[aeiouy][^aeiouy]e)(?=[ao]s?$|ans?$)
    | (?<=[^gqaeo]u)(?=[ao]|e(?:n[ct]|l))
    | (?<=[^bgjq]u)(?=i(?:n|c|d|t[iy]))
    | (?<=po)(?=e[mt]) | (?<=^co)(?=oper|ordi|in[ce]|exi) | (?<=a)(?=o) | (?<=se)(?=um) | (?<=^who)(?=ever)
    | (?<=^re)(?=o|u|i(?!n?s?$|gn))
    """,
    re.VERBOSE,
)
_SILENT = re.compile(
    r"""(?<=[^aeiou]) (?:
        (?<![^aeiouylr]l) (?<![bct]r) e
      | (?<![^aeiouylr]l) (?<![bct]r) (?<![sxzcg]) (?<![cs]h) es
      | (?<![^aeiouylrw]l) (?<![cdt]r) (?<![td]) ed
    ) $ | (?<=g)ue$""",
    re.VERBOSE,
)


def syllables(word: str, language: str | None) -> int | None:
    if language not in COUNTED_LANGUAGES:
        return None
    total = 0
    for run in _RUN.findall(plain(word)):
        n = _of_run(run)
        if n is None:
            return None
        total += n
    return total


def plain(word):
    text = word.lower().replace("’", "'").replace("ё", "е").replace("й", "\0")
    text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return text.replace("\0", "й")


def _of_run(run):
    if run[0] >= "\u3007":
        return len(run)
    if "а" <= run[0] <= "я":
        n = len(_RUSSIAN_VOWEL.findall(run))
        return n if n or len(run) == 1 else None
    if "a" <= run[0] <= "z":
        return _english(run)
    return None


def _english(word):
    if (listed := _EXCEPTIONS.get(word, _EXCEPTIONS.get(word.removesuffix("s")))) is not None:
        return listed
    stem, apostrophe, ending = word.rpartition("'")
    if apostrophe:
        stem = stem[:-1] if (nt := stem.endswith("n") and ending == "t") else stem
        before = _english(stem)
        if before is None:
            return None
        closed = not re.search(r"(?:[aiouy]|[aeiouy]e|^[^aeiouy]+e|[aeiou][rw]e?)$", stem)
        if nt or ending in ("ll", "ve"):
            return before + closed
        if ending == "s":
            return before + bool(re.search(r"(?:[sxz]|[cs]h|[cgsz]e)$", stem))
        if ending == "d":
            return before + stem.endswith(("t", "d"))
        if ending in ("re", "m"):
            return before
        after = _english(ending)
        return None if after is None else before + after
    for pattern, by in _RESPELLED:
        word = pattern.sub(by, word)
    word = _HIATUS.sub("-", word)
    cut = _SILENT.sub("", word)
    return len(_VOWELS.findall(cut)) or len(_VOWELS.findall(word)) or None
