"""Small closed word lists by language.

References
----------
Lists compiled from the turn-taking literature and open call-quality projects; a tenant's own phrases belong in the policy.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

LISTENER_WORDS: dict[str, frozenset[str]] = {
    "ru": frozenset("угу ага мгм м мм ммм да так ясно понятно хорошо ну конечно точно вот понял поняла слышу окей ок".split()),
    "en": frozenset("mm-hm mhm mm mmm uh-huh uhhuh huh yeah yep yes right okay ok sure i see got it oh ah alright".split()),
    "zh": frozenset("嗯 嗯嗯 哦 噢 啊 对 对对 对的 是 是的 好 好的 行 明白 知道了 这样啊 的 了".split()),
}
"""Words with which a listener shows that he follows, by ISO 639-1 code."""

_EDGES = re.compile(r"^[^\w]+|[^\w]+$")


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
    said = [bare(word) for word in words]
    said = [word for word in said if word]
    return bool(said) and all(any(word in known for known in lists) for word in said)
