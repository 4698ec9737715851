"""Transfer: announced, with a question, with a choice between waiting and a call back; the next agent restates.

Definition
----------
A transfer is where another agent takes over (`postcall.agent_stretches`). In the ``_BEFORE_MS`` before it the agent says so
(`announced`), asks whether that suits (`consent_asked`), and offers to wait or to be called back (`choice_offered`). In its
first ``_AFTER_MS`` the next agent says what happened so far (`restated`).

References
----------
cabletv-03, cabletv-13, cabletv-22, tomtel-12.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from postcall.conduct.results import Finding, Verdict, failed, not_applicable, passed
from postcall.conduct.scene import Scene
from postcall.telephony import Role

GROUPS = ("transfer_notice", "consent_question", "choice_of_wait", "restates")
NEEDS = {
    "announced": ("transfer_notice",),
    "consent_asked": ("consent_question",),
    "choice_offered": ("choice_of_wait",),
    "restated": ("restates",),
}
_BEFORE_MS, _AFTER_MS = 30_000, 40_000

Options = Mapping[str, float | str | bool]


def _step(group: str, what: str, *, is_after: bool = False) -> Callable[[Scene, Options], Verdict]:
    def step(scene: Scene, options: Options) -> Verdict:
        if not scene.transfers:
            return not_applicable("there is no transfer")
        scene.need_words()
        said = scene.said(Role.AGENT, group)
        evidence: list[Finding] = []
        missed: list[Finding] = []
        for transfer in scene.transfers:
            start_ms, end_ms = (
                (transfer.end_ms - 500, transfer.end_ms + _AFTER_MS)
                if is_after
                else (transfer.start_ms - _BEFORE_MS, transfer.start_ms + 1)
            )
            found = [one for one in said if start_ms <= one.span.start_ms < end_ms]
            evidence += found
            missed += [] if found else [Finding(transfer)]
        return failed(what, missed, is_by_words=True) if missed else passed(evidence, is_by_words=True)

    return step


STEPS = {
    "announced": _step("transfer_notice", "the transfer is not announced"),
    "consent_asked": _step("consent_question", "the customer is not asked before the transfer"),
    "choice_offered": _step("choice_of_wait", "no choice between waiting and a call back"),
    "restated": _step("restates", "the next agent does not say what happened", is_after=True),
}
