"""Speech: formal address, diminutives, fillers.

Definition
----------
`formal`
    The agent never says ты or a verb of the second person singular. Russian only: 你 beside 您 is usual in Chinese.
`no_diminutives`
    No word of the group ``diminutives``: "звоночек", "секундочка".
`few_fillers`
    Words of the group ``fillers`` per 100 words of the agent are at most ``at_most`` (3 unless the rule says otherwise), and
    filled pauses (`call_filled_pauses`) at most ``per_min`` a minute, where they were listened for.

Edge cases
----------
"Видишь ли", "понимаешь" and "слушай" address a person as ты: they count. "Хочешь не хочешь" counts too. A word whose second
person singular is only one of several readings does not count unless it is the likeliest.

References
----------
rostelecom-13, golden-09, golden-10, cabletv-10.
"""

from __future__ import annotations

from collections.abc import Mapping

from postcall.conduct.results import Verdict, failed, not_measurable, passed
from postcall.conduct.scene import Scene
from postcall.errors import MissingInput
from postcall.language.morphology import grammemes_of, is_known
from postcall.language.phrases import PhraseMatch
from postcall.telephony import Role

GROUPS = ("diminutives", "fillers")
NEEDS = {"formal": (), "no_diminutives": ("diminutives",), "few_fillers": ("fillers",)}
OPTIONS = ("at_most", "per_min")
_THOU = frozenset("ты тебя тебе тобой тобою твой твоя твое твои твоего твоей твоих твоим твоему твоими".split())
_AT_MOST, _PER_MIN = 3.0, 6.0
_FEWEST_WORDS = 30
"""Of fewer words a rate per 100 says nothing."""

Options = Mapping[str, float | str | bool]


def _is_thou(form: str) -> bool:
    if form in _THOU:
        return True
    readings = grammemes_of(form)
    return bool(readings) and is_known(form, "ru") and {"VERB", "2per", "sing"} <= readings[0]


def _formal(scene: Scene, options: Options) -> Verdict:
    scene.need_words()
    if scene.manual.heading.language != "ru":
        return not_measurable("forms of address are known in Russian only")
    found = [
        scene.finding(Role.AGENT, PhraseMatch(at, at, 1.0))
        for at, token in enumerate(scene.tokens(Role.AGENT))
        if _is_thou(token.form)
    ]
    return failed("ты is said", found, is_by_words=True) if found else passed(is_by_words=True)


def _no_diminutives(scene: Scene, options: Options) -> Verdict:
    scene.need_words()
    found = scene.said(Role.AGENT, "diminutives")
    return failed(f"{len(found)} diminutives", found, is_by_words=True) if found else passed(is_by_words=True)


def _few_fillers(scene: Scene, options: Options) -> Verdict:
    scene.need_words()
    words = len(scene.call.words(Role.AGENT))
    found = scene.said(Role.AGENT, "fillers")
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
