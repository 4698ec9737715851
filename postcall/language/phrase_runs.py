"""Where runs of Chinese characters are heard, a few of them confused. Pure, but for a memory of characters.

Definition
----------
Of a run a third may be confused with a character that sounds alike (`sounds_alike`); of two characters one, with another of its
syllable and tone. Likeness of a run is the mean of its characters'.

Every run is looked for at all places at once: a set of places is an integer, one bit a place, and a run is as many shifts and
ands as it has characters. Only where these leave a place is the likeness reckoned.

References
----------
Baeza-Yates & Gonnet (1992), "A new approach to text searching": the shift-and algorithm, with errors as Wu & Manber (1992).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache

from postcall.language.phrase_pattern import Run
from postcall.language.sounds_alike import SAME_TONE, blurred_syllables, characters_alike, reading
from postcall.language.tokens import Token

KEPT = 20_000
"""Characters whose comparison is kept."""


class PhraseRuns:
    """The runs of all phrases of a book.

    Parameters
    ----------
    runs
        Each once.
    """

    def __init__(self, runs: Iterable[Run]) -> None:
        self.runs = sorted(runs, key=lambda run: (run.characters, run.is_exact))
        self._most_confused = [_most_confused(run) for run in self.runs]
        self._like = lru_cache(maxsize=KEPT)(self._like_character)

    @cached_property
    def _by_sound(self) -> dict[str, list[str]]:
        """Characters of runs by their sounds; made for the first call in Chinese, for it takes a second."""
        by_sound: dict[str, list[str]] = {}
        for character in sorted({one for run in self.runs for one in run.characters}):
            for sound in _sounds(character):
                by_sound.setdefault(sound, []).append(character)
        return by_sound

    def _like_character(self, heard: str) -> frozenset[str]:
        """Characters of runs that a character may be."""
        near = {one for sound in _sounds(heard) for one in self._by_sound.get(sound, ())}
        return frozenset(one for one in near if characters_alike(heard, one))

    def heard(self, tokens: Sequence[Token], places: Mapping[str, int]) -> Iterator[tuple[Run, int, float]]:
        """Run, place and likeness of every run that is heard.

        Parameters
        ----------
        tokens
            Of one party.
        places
            Form -> set of the places of tokens of that form.
        """
        alike: dict[str, int] = {}
        for form, at in places.items():
            for character in self._like(form):
                alike[character] = alike.get(character, 0) | at
        for run, most in zip(self.runs, self._most_confused, strict=True):
            if run.characters[0] not in (alike if most else places):
                continue
            for place in members(_candidates(run.characters, most, places, alike)):
                score = run_score(run, tokens, place)
                if score:
                    yield run, place, score


def members(places: int) -> Iterator[int]:
    """The places of a set, in order."""
    while places:
        lowest = places & -places
        yield lowest.bit_length() - 1
        places ^= lowest


def _sounds(character: str) -> frozenset[str]:
    """What two characters that are alike share one of."""
    return blurred_syllables(character) | {reading(character), character}


def _most_confused(run: Run) -> int:
    count = len(run.characters)
    return 0 if run.is_exact or count < 2 else max(1, count // 3)


def _candidates(characters: tuple[str, ...], most: int, places: Mapping[str, int], alike: Mapping[str, int]) -> int:
    """Places from which at most ``most`` characters are other ones that sound alike; those of the run's first character."""
    if most == 0:
        found = places.get(characters[0], 0)
        for offset, character in enumerate(characters[1:], start=1):
            if not found:
                return 0
            found &= places.get(character, 0) >> offset
        return found
    # Of each number of confusions, from none to most: places at which so many, or fewer, are enough so far.
    enough = [places.get(characters[0], 0)] + [alike.get(characters[0], 0)] * most
    for offset, character in enumerate(characters[1:], start=1):
        if not enough[most]:
            return 0
        same, near = places.get(character, 0) >> offset, alike.get(character, 0) >> offset
        for number in range(most, 0, -1):
            enough[number] = (enough[number] & same) | (enough[number - 1] & near)
        enough[0] &= same
    return enough[most]


def run_score(run: Run, tokens: Sequence[Token], at: int) -> float:
    """How alike the characters from a place on are to those of a run; 0 when too few are."""
    count = len(run.characters)
    if at + count > len(tokens):
        return 0.0
    most_confused = _most_confused(run)
    least_alike = SAME_TONE if count == 2 else 0.0
    total, confused = 0.0, 0
    for offset, character in enumerate(run.characters):
        heard = tokens[at + offset].form
        if heard == character:
            total += 1.0
            continue
        confused += 1
        alike = characters_alike(heard, character) if confused <= most_confused else 0.0
        if not alike or alike < least_alike:
            return 0.0
        total += alike
    return total / count
