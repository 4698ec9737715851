"""Call back: promised, with a time, and kept.

Definition
----------
`promised_with_time`: the agent who promises a call back says when. `kept`: whether it came is told by later calls, so of one
call it is not measurable; the ledger of call-backs (`kpi_callback`) joins promises with later outbound calls to the same
customer.

References
----------
rostelecom-12, cabletv-23.
"""

from __future__ import annotations

from collections.abc import Mapping

from postcall.conduct.results import Verdict, failed, not_applicable, not_measurable, passed
from postcall.conduct.scene import Scene
from postcall.telephony import Role

GROUPS = ("callback_promise", "callback_time")
NEEDS = {"kept": ("callback_promise",)}
OPTIONS = ("within_h", "within_min")
_BESIDE_MS = 12_000

Options = Mapping[str, float | str | bool]


def _kept(scene: Scene, options: Options) -> Verdict:
    scene.need_words()
    if not scene.said(Role.AGENT, "callback_promise"):
        return not_applicable("no call back is promised")
    return not_measurable("whether a promise is kept is told by later calls: kpi_callback")


def _promised_with_time(scene: Scene, options: Options) -> Verdict:
    scene.need_words()
    promises = scene.said(Role.AGENT, "callback_promise")
    if not promises:
        return not_applicable("no call back is promised")
    times = [*scene.said(Role.AGENT, "callback_time"), *scene.said(Role.CUSTOMER, "callback_time")]
    beside = [one for one in times if any(abs(one.span.start_ms - p.span.start_ms) <= _BESIDE_MS for p in promises)]
    return passed((*promises, *beside), is_by_words=True) if beside else failed("no time is named", promises, is_by_words=True)


STEPS = {"kept": _kept, "promised_with_time": _promised_with_time}
