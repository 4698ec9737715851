"""Hold: purpose, promised time, consent asked, consent given, hold, return in time, thanks.

Definition
----------
Before a hold (its last ``_BEFORE_MS``, and after the hold before it) the agent says why (`purpose`), how long
(`promised_time`),
asks whether the customer can wait (`consent_asked`), and the customer agrees (`consent_given`). The hold lasts no longer than
``max_s``, for a grade named in ``senior_grades`` than ``senior_max_s`` (`in_time`), and no longer than promised
(`promise_kept`, a fifth and ``_ROUND_MS`` more are allowed). Within ``_AFTER_MS`` of its end the agent thanks (`thanks`).

`returns`: a search that goes on is interrupted: the agent comes back, says that it takes longer, and holds again or goes on
without the customer waiting; a customer who cannot wait is offered another way and not held.

`quiet`: while the customer waits the agent speaks no more than ``max_talk_s`` on the own leg (3 s unless the rule says
otherwise): what is said then is said to somebody else, and the customer may hear it.

Every hold must keep a step. A call without hold is not applicable.

Edge cases
----------
Holds come from the call record, else from what is heard. Two holds with no more than ``_CHAIN_MS`` between are one search, as
are two after the first of which the agent says that it takes longer: only the first is asked about purpose and consent.

References
----------
mts-02 to mts-07, golden-01, golden-02, rostelecom-18, cabletv-03, cabletv-04, cabletv-13.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence

from postcall.conduct.results import Finding, Verdict, failed, not_applicable, passed
from postcall.conduct.scene import Scene
from postcall.language.phrase_ways import PhraseMatch
from postcall.spans import Span, intersect, total_ms
from postcall.telephony import Role

GROUPS = (
    "hold_purpose",
    "promised_wait",
    "consent_question",
    "consent",
    "cannot_wait",
    "thanks_for_waiting",
    "more_time",
    "other_way",
)
NEEDS = {
    "purpose": ("hold_purpose",),
    "promised_time": ("promised_wait",),
    "consent_asked": ("consent_question",),
    "consent_given": ("consent_question", "consent", "cannot_wait"),
    "in_time": (),
    "quiet": (),
    "promise_kept": ("promised_wait",),
    "returns": ("consent_question", "cannot_wait", "other_way", "more_time"),
    "thanks": ("thanks_for_waiting",),
}
OPTIONS = ("max_s", "senior_max_s", "senior_grades", "max_talk_s")

_BEFORE_MS, _AFTER_MS, _CHAIN_MS = 30_000, 15_000, 40_000
_LATE_MS = 2_500
"""The customer's "да" may come when the music has begun."""
_ROUND_MS = 5_000
_PROMISE_SHARE = 1.2
_MAX_S, _MAX_TALK_S = 120.0, 3.0

Options = Mapping[str, float | str | bool]


def _near(found: Sequence[Finding], start_ms: int, end_ms: int) -> list[Finding]:
    return [one for one in found if start_ms <= one.span.start_ms < end_ms]


def _searches(scene: Scene) -> list[list[Span]]:
    """Holds, those of one search together."""
    searches: list[list[Span]] = []
    longer = scene.said(Role.AGENT, "more_time")
    for hold in scene.holds:
        last_ms = searches[-1][-1].end_ms if searches else 0
        if searches and (hold.start_ms - last_ms <= _CHAIN_MS or _near(longer, last_ms - 500, last_ms + _AFTER_MS)):
            searches[-1].append(hold)
        else:
            searches.append([hold])
    return searches


def _every_hold(scene: Scene, kept: Callable[[Span, int], list[Finding]], what: str, *, first_of_search: bool) -> Verdict:
    """Passes when ``kept`` finds something for every hold; it gets the hold and the end of the one before."""
    if not scene.holds:
        return not_applicable("there is no hold")
    scene.need_words()
    evidence: list[Finding] = []
    missed: list[Finding] = []
    before_ms = 0
    for search in _searches(scene):
        for hold in search[:1] if first_of_search else search:
            found = kept(hold, before_ms)
            evidence += found
            missed += [] if found else [Finding(hold)]
            before_ms = hold.end_ms
        before_ms = search[-1].end_ms
    if missed:
        return failed(f"{len(missed)} of the holds: {what}", missed, is_by_words=True)
    return passed(evidence, is_by_words=True)


def _before_hold(group: str, what: str) -> Callable[[Scene, Options], Verdict]:
    def step(scene: Scene, options: Options) -> Verdict:
        def kept(hold: Span, before_ms: int) -> list[Finding]:
            said = scene.said(Role.AGENT, group)
            return _near(said, max(before_ms, hold.start_ms - _BEFORE_MS), hold.start_ms + 1)

        return _every_hold(scene, kept, what, first_of_search=True)

    return step


def _consent_given(scene: Scene, options: Options) -> Verdict:
    def kept(hold: Span, before_ms: int) -> list[Finding]:
        from_ms = max(before_ms, hold.start_ms - _BEFORE_MS)
        asked = _near(scene.said(Role.AGENT, "consent_question"), from_ms, hold.start_ms + 1)
        if not asked:
            return []
        until_ms = hold.start_ms + _LATE_MS
        refused = _near(scene.said(Role.CUSTOMER, "cannot_wait"), asked[-1].span.start_ms, until_ms)
        return [] if refused else _near(scene.said(Role.CUSTOMER, "consent"), asked[-1].span.start_ms, until_ms)

    return _every_hold(scene, kept, "the customer does not agree", first_of_search=True)


def _thanks(scene: Scene, options: Options) -> Verdict:
    def kept(hold: Span, before_ms: int) -> list[Finding]:
        return _near(scene.said(Role.AGENT, "thanks_for_waiting"), hold.end_ms - 500, hold.end_ms + _AFTER_MS)

    return _every_hold(scene, kept, "no thanks for waiting", first_of_search=False)


def _limit_ms(scene: Scene, options: Options) -> int:
    grade = (scene.call.telephony.agent_grade or "").lower()
    seniors = [one.strip().lower() for one in str(options.get("senior_grades", "")).split(",") if one.strip()]
    is_senior = "senior_max_s" in options and bool(grade) and grade in seniors
    return round(float(options["senior_max_s"] if is_senior else options.get("max_s", _MAX_S)) * 1000)


def _in_time(scene: Scene, options: Options) -> Verdict:
    if not scene.holds:
        return not_applicable("there is no hold")
    limit_ms = _limit_ms(scene, options)
    long = [Finding(hold) for hold in scene.holds if hold.duration_ms > limit_ms]
    if long:
        return failed(f"{len(long)} of the holds longer than {limit_ms / 1000:g} s", long)
    return passed([Finding(hold) for hold in scene.holds])


def _quiet(scene: Scene, options: Options) -> Verdict:
    if not scene.holds:
        return not_applicable("there is no hold")
    talk = intersect(scene.call.talk(Role.AGENT), scene.holds)
    most_ms = round(float(options.get("max_talk_s", _MAX_TALK_S)) * 1000)
    if total_ms(talk) > most_ms:
        return failed(f"the agent speaks {total_ms(talk) / 1000:.0f} s on hold", [Finding(span, Role.AGENT) for span in talk])
    return passed()


def _promise_kept(scene: Scene, options: Options) -> Verdict:
    if not scene.holds:
        return not_applicable("there is no hold")
    scene.need_words()
    kept: list[Finding] = []
    broken: list[Finding] = []
    for search in _searches(scene):
        promised = _promised_ms(scene, search[0])
        if promised is None:
            continue
        is_kept = search[0].duration_ms <= promised * _PROMISE_SHARE + _ROUND_MS
        (kept if is_kept else broken).append(Finding(search[0]))
    if broken:
        return failed(f"{len(broken)} of the holds longer than promised", broken, is_by_words=True)
    return passed(kept, is_by_words=True) if kept else not_applicable("no time is promised")


def _promised_ms(scene: Scene, hold: Span) -> float | None:
    """The longest wait that the agent names before a hold, in ms."""
    if not scene.manual.has_group("promised_wait"):
        return None
    tokens = scene.tokens(Role.AGENT)

    def is_before(match: PhraseMatch) -> bool:
        return hold.start_ms - _BEFORE_MS <= tokens[match.first].start_ms < hold.start_ms

    named = [
        match.values["duration"]
        for match in scene.matches(Role.AGENT, ("@promised_wait",))
        if is_before(match) and "duration" in match.values
    ]
    return max(named, default=None)


def _returns(scene: Scene, options: Options) -> Verdict:
    limit_ms = _limit_ms(scene, options)
    scene.need_words()
    refusals = scene.said(Role.CUSTOMER, "cannot_wait")
    asked = scene.said(Role.AGENT, "consent_question")
    refused = [one for one in refusals if _near(asked, one.span.start_ms - _BEFORE_MS, one.span.start_ms)]
    for one in refused:
        offered = _near(scene.said(Role.AGENT, "other_way"), one.span.start_ms, one.span.end_ms + _BEFORE_MS)
        parked = [hold for hold in scene.holds if 0 <= hold.start_ms - one.span.start_ms <= _BEFORE_MS]
        if parked or not offered:
            why = (
                "a customer who cannot wait is put on hold" if parked else "a customer who cannot wait is offered nothing else"
            )
            return failed(why, [one], is_by_words=True)
    long = [hold for hold in scene.holds if hold.duration_ms > limit_ms]
    if long:
        return failed(f"no return within {limit_ms / 1000:g} s", [Finding(hold) for hold in long])
    evidence = list(refused)
    for search in _searches(scene):
        for hold, after in itertools.pairwise(search):
            warned = _near(scene.said(Role.AGENT, "more_time"), hold.end_ms - 500, after.start_ms)
            offered = _near(scene.said(Role.AGENT, "other_way"), hold.end_ms - 500, after.start_ms)
            if not warned and not offered:
                return failed("a search goes on without a warning", [Finding(after)], is_by_words=True)
            evidence += warned or offered
        last = search[-1]
        evidence += _near(scene.said(Role.AGENT, "more_time"), last.end_ms - 500, last.end_ms + _AFTER_MS)
    return passed(evidence, is_by_words=True) if evidence else not_applicable("no search goes on, and nobody refuses to wait")


STEPS = {
    "purpose": _before_hold("hold_purpose", "the purpose is not said"),
    "promised_time": _before_hold("promised_wait", "no time is promised"),
    "consent_asked": _before_hold("consent_question", "the customer is not asked"),
    "consent_given": _consent_given,
    "in_time": _in_time,
    "quiet": _quiet,
    "promise_kept": _promise_kept,
    "returns": _returns,
    "thanks": _thanks,
}
