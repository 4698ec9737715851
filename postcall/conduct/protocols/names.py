"""Names: the customer's name, once known, is used.

Definition
----------
The customer's name is known when the customer gives it (group ``own_name``), or says one within ``_ANSWER_MS`` of the agent's
asking (``asks_name``). `used`: the agent then says it at least ``at_least`` times (2 unless the rule says otherwise).

Who calls out knows whom: of an outbound call in which the customer's name is not said otherwise, the names are used by which
the agent addresses the customer. Such a name ends a sentence or stands before a comma, directly after a greeting
(``greeting``), at the start of a sentence that says вы or 您, or after a comma; it is none that the agent gives as the own
(``own_name``, ``agent_name``).

Edge cases
----------
Without punctuation nothing tells an address: outbound calls whose words have none are not applicable, as are calls in which
nobody says the customer's name.

References
----------
golden-07, mts-21, tomtel-06.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from postcall.conduct.results import Finding, Verdict, failed, not_applicable, passed
from postcall.conduct.scene import Scene
from postcall.language.address import polite
from postcall.language.names import name_at
from postcall.language.phrase_ways import PhraseMatch
from postcall.language.tokens import Token
from postcall.telephony import Direction, Role

GROUPS = ("own_name", "asks_name", "greeting", "agent_name")
NEEDS = {"used": ("own_name", "asks_name")}
OPTIONS = ("at_least",)
_ANSWER_MS = 6_000
_AT_LEAST = 2.0
_PAUSE = re.compile(r"[,，、]$")
"""A comma after a word."""

Options = Mapping[str, float | str | bool]


def _known_names(scene: Scene) -> list[tuple[frozenset[str], int]]:
    """Lemmas of names that are the customer's, and from when on they are known."""
    tokens = scene.tokens(Role.CUSTOMER)
    asked = scene.said(Role.AGENT, "asks_name")
    given = scene.matches(Role.CUSTOMER, ("@own_name",)) if scene.manual.has_group("own_name") else []
    known = []
    for at in scene.of_words(_names, Role.CUSTOMER):
        token = tokens[at]
        is_given = any(match.first <= at <= match.last for match in given)
        if is_given or any(0 <= token.start_ms - one.span.end_ms <= _ANSWER_MS for one in asked):
            known.append((token.lemmas | {token.form}, token.start_ms))
    return known


def _names(tokens: Sequence[Token], language: str) -> list[int]:
    """Where a name begins."""
    return [at for at in range(len(tokens)) if name_at(tokens, at, language) is not None]


def _addressed(scene: Scene) -> list[Finding]:
    """Names by which the agent addresses the customer; see the module."""
    tokens, language = scene.tokens(Role.AGENT), scene.manual.heading.language
    own: set[str] = set()
    for group in ("own_name", "agent_name"):
        if scene.manual.has_group(group):
            for match in scene.matches(Role.AGENT, (f"@{group}",)):
                said = tokens[match.first : match.last + 1]
                ended = next((at for at, token in enumerate(said) if token.ends_sentence), len(said))
                own |= {token.form for at, token in enumerate(said[: ended + 1]) if name_at(said, at, language) is not None}
    greeted = scene.matches(Role.AGENT, ("@greeting",)) if scene.manual.has_group("greeting") else []
    after_greeting = {match.last + 1 for match in greeted}
    said_politely = polite(tokens, language)
    found, first = [], 0
    for at, token in enumerate(tokens):
        if at and tokens[at - 1].ends_sentence:
            first = at
        end = name_at(tokens, at, language)
        if end is None or token.form in own:
            continue
        while end < len(tokens) and not tokens[end - 1].ends_sentence and _PAUSE.search(tokens[end - 1].text) is None:
            further = name_at(tokens, end, language)
            if further is None:
                break
            end = further
        is_apart = tokens[end - 1].ends_sentence or _PAUSE.search(tokens[end - 1].text) is not None
        last = next((place for place in range(end - 1, len(tokens)) if tokens[place].ends_sentence), len(tokens) - 1)
        is_called = at == first and end <= last and any(first <= place <= last for place in said_politely)
        is_aside = at > first and _PAUSE.search(tokens[at - 1].text) is not None
        if is_apart and (at in after_greeting or is_called or is_aside):
            found.append(scene.finding(Role.AGENT, PhraseMatch(at, end - 1, 1.0)))
    return found


def _used(scene: Scene, options: Options) -> Verdict:
    scene.need_words()
    known = _known_names(scene)
    if not known:
        addressed = _addressed(scene) if scene.call.telephony.direction is Direction.OUTBOUND else []
        return passed(addressed, is_by_words=True) if addressed else not_applicable("the customer's name is not said")
    tokens = scene.tokens(Role.AGENT)
    forms = frozenset().union(*(lemmas for lemmas, _ in known))
    uses = [
        scene.finding(Role.AGENT, PhraseMatch(at, at, 1.0))
        for at, token in enumerate(tokens)
        if (token.form in forms or not forms.isdisjoint(token.lemmas))
        and any((token.lemmas | {token.form}) & lemmas and token.start_ms > from_ms for lemmas, from_ms in known)
    ]
    at_least = float(options.get("at_least", _AT_LEAST))
    if len(uses) < at_least:
        return failed(f"the name is used {len(uses)} times, fewer than {at_least:g}", uses, is_by_words=True)
    return passed(uses, is_by_words=True)


STEPS = {"used": _used}
