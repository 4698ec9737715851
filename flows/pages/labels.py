"""Words of the pages in the languages that managers read.

Conventions
-----------
`labels.toml` holds them by section and name, each in every language of `LANGUAGES`; a missing one fails a test, not a page.
A text may have places, as in ``"{calls} calls"``, which `Labels.get` fills.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

from postcall.errors import SettingsError
from postcall.nearest import did_you_mean

LANGUAGES = ("en", "ru", "zh")
"""Languages of the pages; the first is taken when none is set."""

LABELS_FILE = "labels.toml"


class Labels:
    """Words of one language.

    Parameters
    ----------
    language
        One of `LANGUAGES`.

    Raises
    ------
    SettingsError
        No such language.
    """

    def __init__(self, language: str) -> None:
        if language not in LANGUAGES:
            raise SettingsError(f"pages are not written in '{language}'", hint=did_you_mean(language, LANGUAGES))
        self.language = language

    def get(self, name: str, **places: object) -> str:
        """The label ``section.name``, with its places filled.

        Raises
        ------
        KeyError
            No such label: a defect of the program.
        """
        section, key = name.split(".", 1)
        text = all_labels()[section][key][self.language]
        return text.format(**places) if places else text

    def of(self, section: str, word: str) -> str:
        """What a word of the tables (``agent``, ``inbound``, …) is called; the word itself when it has no label."""
        known = all_labels()[section].get(word)
        return known[self.language] if known is not None else word

    def section(self, name: str) -> dict[str, str]:
        """All labels of a section, for the script of a page."""
        return {key: texts[self.language] for key, texts in all_labels()[name].items()}


@cache
def all_labels() -> dict[str, dict[str, dict[str, str]]]:
    """Section, name, language, text; of the file that comes along."""
    text = files("flows.pages").joinpath(LABELS_FILE).read_text(encoding="utf-8")
    return tomllib.loads(text)
