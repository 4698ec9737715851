"""Annotations in a text that are no words: ``[noise]``, ``<unk>``, ``{uh / um}``, lone punctuation. Pure.

Definition
----------
mark
    Anything in square, angle or curly brackets, also over several tokens; a token without letter, digit or spoken sign (``%``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_BETWEEN = "\x1f"
"""Stands between tokens while they are searched together; no text holds it."""

_BRACKETS = re.compile(r"\[[^\[\]]{0,80}\]|<[^<>]{0,80}>|\{[^{}]{0,80}\}")

SPOKEN_SIGNS = frozenset("%№&@+$€₽¥£")


def without_marks(tokens: Sequence[str]) -> tuple[list[str], int]:
    """Tokens with their marks taken out.

    Parameters
    ----------
    tokens
        Of one stretch of text; blanks round them do not matter.

    Returns
    -------
    list of str
        As many as ``tokens``; empty where a token was all mark.
    int
        Marks taken out.
    """
    if not tokens:
        return [], 0
    text = _BETWEEN.join(token.strip().replace(_BETWEEN, "") for token in tokens)
    text, brackets = _BRACKETS.subn(lambda found: _BETWEEN * found.group().count(_BETWEEN), text)
    words = [token if _is_spoken(token) else "" for token in text.split(_BETWEEN)]
    lone = sum(1 for token, word in zip(text.split(_BETWEEN), words, strict=True) if token and not word)
    return words, brackets + lone


def _is_spoken(token: str) -> bool:
    return any(character.isalnum() or character in SPOKEN_SIGNS for character in token)
