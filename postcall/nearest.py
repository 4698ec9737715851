"""Hints for misspelt names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known name that ``word`` was probably meant to be, or None."""
    return next(iter(difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.5)), None)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``did you mean 'x'?`` with the nearest known name, or all known names when none is near."""
    names = sorted(known)
    close = nearest(word, names)
    return f"did you mean '{close}'?" if close else f"known: {', '.join(names) or 'none'}"
