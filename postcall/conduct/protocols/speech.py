"""Speech: formal address, diminutives, fillers.

Definition
----------
`formal`
    The agent never addresses the customer as ты (`postcall.language.address`). Russian only: 你 beside 您 is usual in Chinese.
`no_diminutives`
    No diminutive (`postcall.language.diminutives`), and no word of the group ``diminutives`` where the manual has one.
`few_fillers`
    Fillers (`postcall.language.fillers`), and words of the group ``fillers`` where the manual has one, per 100 words of the
    agent are at most ``at_most`` (3 unless the rule says otherwise), and filled pauses (`call_filled_pauses`) at most
    ``per_min`` a minute, where they were listened for.

Edge cases
----------
"Видишь ли", "понимаешь" and "слушай" address a person as ты: they count. Sayings that address nobody, such as "хочешь не
хочешь", do not.

References
----------
rostelecom-13, golden-09, golden-10, cabletv-10.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from postcall.conduct.results import Finding, Verdict, failed, not_measurable, passed
from postcall.conduct.scene import Scene
from postcall.errors import MissingInput
from postcall.language.address import familiar
from postcall.language.diminutives import diminutives
from postcall.language.fillers import fillers
from postcall.language.phrase_ways import PhraseMatch
from postcall.telephony import Role

GROUPS = ("diminutives", "fillers")
NEEDS: Mapping[str, tuple[str, ...]] = {"formal": (), "no_diminutives": (), "few_fillers": ()}
OPTIONS = ("at_most", "per_min")
_AT_MOST, _PER_MIN = 3.0, 6.0
_FEWEST_WORDS = 30
"""Of fewer words a rate per 100 says nothing."""

Options = Mapping[str, float | str | bool]


def _found(scene: Scene, places: Iterable[tuple[int, int]]) -> list[Finding]:
    """Places of the agent's tokens, first and last, as evidence; what is in doubt to be the agent's is left out."""
    tokens = scene.tokens(Role.AGENT)
    return [
        scene.finding(Role.AGENT, PhraseMatch(first, last, 1.0))
        for first, last in places
        if not any(token.is_in_doubt for token in tokens[first : last + 1])
    ]


def _with_group(scene: Scene, found: list[Finding], group: str) -> list[Finding]:
    """Evidence, and what the manual's own group adds to it."""
    added = [one for one in scene.said(Role.AGENT, group) if not any(one.span.overlaps(other.span) for other in found)]
    return sorted([*found, *added], key=lambda one: one.span)


def _formal(scene: Scene, options: Options) -> Verdict:
    scene.need_words()
    if scene.manual.heading.language != "ru":
        return not_measurable("forms of address are known in Russian only")
    found = _found(scene, ((at, at) for at in familiar(scene.tokens(Role.AGENT), "ru")))
    return failed("ты is said", found, is_by_words=True) if found else passed(is_by_words=True)


def _no_diminutives(scene: Scene, options: Options) -> Verdict:
    scene.need_words()
    language = scene.manual.heading.language
    found = _found(scene, ((at, at) for at in diminutives(scene.tokens(Role.AGENT), language)))
    found = _with_group(scene, found, "diminutives")
    return failed(f"{len(found)} diminutives", found, is_by_words=True) if found else passed(is_by_words=True)


def _few_fillers(scene: Scene, options: Options) -> Verdict:
    scene.need_words()
    language = scene.manual.heading.language
    found = _found(scene, ((one.first, one.last) for one in fillers(scene.tokens(Role.AGENT), language)))
    found = _with_group(scene, found, "fillers")
    words = len(scene.call.words(Role.AGENT))
    most = float(options.get("at_most", _AT_MOST))
    if words >= _FEWEST_WORDS and 100 * len(found) / words > most:
        return failed(f"{100 * len(found) / words:.1f} fillers per 100 words, more than {most:g}", found, is_by_words=True)
    if words < _FEWEST_WORDS and len(found) > 1:
        return failed(f"{len(found)} fillers in {words} words", found, is_by_words=True)
    try:
        held = float(scene.measure("call_filled_pauses.agent_filled_pauses_per_min"))
    except MissingInput:
        return passed(is_by_words=True)
    per_min = float(options.get("per_min", _PER_MIN))
    if held > per_min:
        return failed(f"{held:.1f} filled pauses a minute, more than {per_min:g}", scene.events("event_filled_pause", {}))
    return passed(is_by_words=True)


STEPS = {"formal": _formal, "no_diminutives": _no_diminutives, "few_fillers": _few_fillers}
