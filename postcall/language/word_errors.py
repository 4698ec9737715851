"""How far a transcript is from what was said: word error rate, in Chinese character error rate. Pure.

Definition
----------
Both texts are normalised: lower case, ``ё`` as ``е``, punctuation out, hyphens inside words kept; Chinese text is taken
character by character. The errors are the fewest words that must be put in, taken out or exchanged to make one out of the other
(Levenshtein); the rate is errors over words said, and can be above 1.

Edge cases
----------
Nothing said: the rate is None, however much was heard; the errors still count what was put in.

References
----------
NIST ``sclite``, scoring of speech recognition; edit distance by ``rapidfuzz``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_CHARACTER = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+")


@dataclass(frozen=True, slots=True)
class WordErrors:
    """Errors of one or more texts; add them up, never average rates.

    Attributes
    ----------
    errors
        Words, or Chinese characters, put in, taken out or exchanged.
    said
        Words of the reference.
    """

    errors: int = 0
    said: int = 0

    @property
    def rate(self) -> float | None:
        """Errors over words said; None when nothing was said."""
        return self.errors / self.said if self.said else None

    def __add__(self, other: WordErrors) -> WordErrors:
        return WordErrors(self.errors + other.errors, self.said + other.said)


def units(texts: Iterable[str], language: str | None) -> list[str]:
    """Normalised words of a text, characters when it is Chinese (``zh``)."""
    text = " ".join(texts).lower().replace("ё", "е").replace("’", "'")
    return (_CHARACTER if language == "zh" else _WORD).findall(text)


def word_errors(said: Iterable[str], heard: Iterable[str], language: str | None) -> WordErrors:
    """Compare words as they were said with words as they were heard; either may be whole texts too."""
    reference = units(said, language)
    return WordErrors(int(Levenshtein.distance(reference, units(heard, language))), len(reference))
