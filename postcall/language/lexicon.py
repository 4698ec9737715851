"""Words bare of punctuation, phrases found among them, and the remarks of who listens.

References
----------
Lists compiled from the turn-taking literature and open call-quality projects; a tenant's own phrases belong in the policy.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
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

SENTENCE_END = re.compile(r"([.!?…。！？])[\"'»”」]*$")

_EDGES = re.compile(r"^[^\w]+|[^\w]+$")


@lru_cache(maxsize=100_000)
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


def last_sentence(words: Sequence[str]) -> Sequence[str]:
    """Words after the last closing mark but the one at the very end; all of them where none is written."""
    for index in range(len(words) - 1, 0, -1):
        if SENTENCE_END.search(words[index - 1]):
            return words[index:]
    return words


def sentences(words: Sequence[str]) -> list[Sequence[str]]:
    """Words cut after closing marks."""
    ends = [index + 1 for index, word in enumerate(words[:-1]) if SENTENCE_END.search(word)]
    return [words[start:end] for start, end in pairwise([0, *ends, len(words)])] if words else []


def holds_phrase(
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
