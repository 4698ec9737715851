from __future__ import annotations

from types import ModuleType

import pytest

from postcall.language import announcements, asking, lexicon, parting, waiting
from postcall.language.lexicon import bare, is_listener_remark, last_sentence


def test_last_sentence() -> None:
    assert last_sentence("One moment. Is that all?".split()) == ["Is", "that", "all?"]
    assert last_sentence("no marks at all".split()) == ["no", "marks", "at", "all"]
    assert last_sentence([]) == []


def test_listener_remarks() -> None:
    assert is_listener_remark(["Угу,", "да."], "ru")
    assert is_listener_remark(["Mm-hm."], None)
    assert not is_listener_remark(["no"], "en")
    assert not is_listener_remark(["…"], "en")


def test_bare_folds_case_edges_and_yo() -> None:
    assert bare("«Ещё!»") == "еще"


@pytest.mark.parametrize("module", [announcements, asking, lexicon, parting, waiting], ids=lambda module: module.__name__)
def test_phrases_are_written_as_they_are_compared(module: ModuleType) -> None:
    """A capital or a "ё" in a list would never be found."""
    lists = [one for one in vars(module).values() if isinstance(one, dict) and set(one) <= {"ru", "en", "zh"}]
    phrases = {phrase for one in lists for found in one.values() if isinstance(found, tuple | frozenset) for phrase in found}
    assert phrases
    for phrase in phrases:
        assert " ".join(bare(word) for word in phrase.split(" ")) == phrase
