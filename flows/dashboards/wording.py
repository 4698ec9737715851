"""Words of the dashboards in the languages that managers read.

Conventions
-----------
`wording.toml` holds them by section and name, each in every language of the pages; a missing one fails a test, not a page. What
dashboards and call pages both say, such as the names of months, stands in the pages' own file.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

from flows.pages.labels import Labels

WORDING_FILE = "wording.toml"


class Words:
    """Words of one language.

    Parameters
    ----------
    language
        One of `flows.pages.labels.LANGUAGES`.

    Raises
    ------
    SettingsError
        No such language.
    """

    def __init__(self, language: str) -> None:
        self.labels = Labels(language)
        self.language = language

    def get(self, name: str, **places: object) -> str:
        """The text ``section.name``, with its places filled.

        Raises
        ------
        KeyError
            No such text: a defect of the program.
        """
        section, key = name.split(".", 1)
        text = all_words()[section][key][self.language]
        return text.format(**places) if places else text

    def of(self, section: str, word: str | None) -> str:
        """What a word of the tables is called; the word itself when it has no text, a dash for none."""
        if word is None:
            return "–"
        known = all_words()[section].get(word)
        return known[self.language] if known is not None else word

    def section(self, name: str) -> dict[str, str]:
        """All texts of a section, for the script of a page."""
        return {key: texts[self.language] for key, texts in all_words()[name].items()}


@cache
def all_words() -> dict[str, dict[str, dict[str, str]]]:
    """Section, name, language, text; of the file that comes along."""
    return tomllib.loads(files("flows.dashboards").joinpath(WORDING_FILE).read_text(encoding="utf-8"))
