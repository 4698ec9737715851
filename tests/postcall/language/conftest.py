from __future__ import annotations

from collections.abc import Callable

import pytest

from postcall.language.tokens import Token, tokens
from postcall.spans import Span
from postcall.transcript import Word

Heard = Callable[..., tuple[Token, ...]]


@pytest.fixture(scope="session")
def heard() -> Heard:
    """Tokens of a text, one word every 300 ms; ``/`` is a pause of two seconds."""

    def make(text: str, language: str) -> tuple[Token, ...]:
        words, at_ms = [], 0
        for piece in text.split():
            if piece == "/":
                at_ms += 2_000
                continue
            words.append(Word(Span(at_ms, at_ms + 250), piece))
            at_ms += 300
        return tokens(words, language)

    return make
