"""Names: the customer's name, once known, is used.

Definition
----------
The customer's name is known when the customer gives it (group ``own_name``), or says one within ``_ANSWER_MS`` of the agent's
asking (``asks_name``). `used`: the agent then says it at least ``at_least`` times (2 unless the rule says otherwise).

References
----------
golden-07, mts-21, tomtel-06.
"""

from __future__ import annotations

from collections.abc import Mapping

from postcall.conduct.results import Verdict, failed, not_applicable, passed
from postcall.conduct.scene import Scene
from postcall.language.names import name_at
from postcall.language.phrases import PhraseMatch
from postcall.telephony import Role

GROUPS = ("own_name", "asks_name")
OPTIONS = ("at_least",)
_ANSWER_MS = 6_000
_AT_LEAST = 2.0

Options = Mapping[str, float | str | bool]


def _known_names(scene: Scene) -> list[tuple[frozenset[str], int]]:
    """Lemmas of names that are the customer's, and from when on they are known."""
    tokens, language = scene.tokens(Role.CUSTOMER), scene.manual.heading.language
    asked = scene.said(Role.AGENT, "asks_name")
    given = scene.matches(Role.CUSTOMER, ("@own_name",)) if scene.manual.has_group("own_name") else []
    known = []
    for at, token in enumerate(tokens):
        is_given = any(match.first <= at <= match.last for match in given)
        is_answer = any(0 <= token.start_ms - one.span.end_ms <= _ANSWER_MS for one in asked)
        if (is_given or is_answer) and name_at(tokens, at, language) is not None:
            known.append((token.lemmas | {token.form}, token.start_ms))
    return known


def _used(scene: Scene, options: Options) -> Verdict:
    scene.need_words()
    known = _known_names(scene)
    if not known:
        return not_applicable("the customer's name is not said")
    tokens = scene.tokens(Role.AGENT)
    uses = [
        scene.finding(Role.AGENT, PhraseMatch(at, at, 1.0))
        for at, token in enumerate(tokens)
        if any((token.lemmas | {token.form}) & lemmas and token.start_ms > from_ms for lemmas, from_ms in known)
    ]
    at_least = float(options.get("at_least", _AT_LEAST))
    if len(uses) < at_least:
        return failed(f"the name is used {len(uses)} times, fewer than {at_least:g}", uses, is_by_words=True)
    return passed(uses, is_by_words=True)


STEPS = {"used": _used}
